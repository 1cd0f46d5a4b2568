"""The page of a ranking: summarised, then rendered."""

from churnml.reporting.page.page import render_page
from churnml.reporting.page.summary import summarise

__all__ = ["render_page", "summarise"]
