"""Templates of what is written for people: HTML in which every text of the shop is escaped."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


@cache
def template(name: str) -> Template:
    """Return a template by its path within this package."""
    return Environment(
        loader=PackageLoader("churnml.reporting", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    ).get_template(name)


def css_of_tables() -> str:
    """Return the style of pages that are made of sentences and tables."""
    homes = ("churnml.reporting.page", "page.css"), ("churnml.reporting", "tables.css")
    return "".join(files(package).joinpath(name).read_text(encoding="utf-8") for package, name in homes)
