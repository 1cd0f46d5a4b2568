"""Checking raw tables against the contract: every failure at once, and a count of what is tolerated."""

from __future__ import annotations

from churnml.data.checks.check import check_tables
from churnml.data.checks.report import CheckReport

__all__ = ["CheckReport", "check_tables"]
