"""Reporting: the files that people read, made from a ranking without computing anything new."""
