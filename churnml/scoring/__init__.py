"""Scoring: the ranking, its reasons and the work list."""
