"""Guessing the settings of a shop: evidence of its tables in, a proposal with its reasons and questions out."""
