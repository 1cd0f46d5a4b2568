"""What classes say of their attributes holds; numpydoc holds the same of parameters (`make lint`)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "churnml"
SECTION = re.compile(r"^Attributes\n-+\n(.*?)(?=\n\n[A-Z][A-Za-z ]+\n-+\n|\Z)", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r"^(\*{0,2}\w+(?:, \w+)*)( : \S.*)?\n((?: {4}.*\n?|\n)*)", re.MULTILINE)


def attributes_of(docstring: str) -> list[tuple[str, str, str]]:
    """Names, type and description of each entry below Attributes."""
    section = SECTION.search(docstring)
    return ENTRY.findall(f"{section[1]}\n") if section else []


def fields_of(node: ast.ClassDef) -> list[str]:
    return [
        field.target.id
        for field in node.body
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and not field.target.id.startswith("_")
        and not ast.unparse(field.annotation).startswith("ClassVar")
    ]


CLASSES = {
    f"{path.relative_to(PACKAGE.parent)}:{node.name}": node
    for path in sorted(PACKAGE.rglob("*.py"))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.ClassDef) and attributes_of(ast.get_docstring(node) or "")
}


@pytest.mark.parametrize("name", CLASSES)
def test_every_attribute_has_a_type_and_a_description(name: str) -> None:
    entries = attributes_of(ast.get_docstring(CLASSES[name]) or "")
    assert [names for names, kind, text in entries if not kind or not text.strip()] == []
    assert [text for _, _, text in entries if not re.fullmatch(r"\s+[A-Z0-9`\[].*[.]\s*", text, re.DOTALL)] == []


@pytest.mark.parametrize("name", [name for name, node in CLASSES.items() if fields_of(node)])
def test_attributes_are_the_fields_in_their_order(name: str) -> None:
    described = [
        one for names, _, _ in attributes_of(ast.get_docstring(CLASSES[name]) or "") for one in names.split(", ")
    ]
    assert described == fields_of(CLASSES[name])
