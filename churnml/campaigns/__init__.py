"""Campaigns: who is left alone on purpose, so that one sees what a campaign brings."""
