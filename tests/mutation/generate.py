"""Mutants: a module's source with one number, comparison, operator or name changed at a time."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

import parso.python.tree
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators import (
    binary_operator_replacement,
    boolean_replacer,
    break_continue,
    comparison_operator_replacement,
    exception_replacer,
    unary_operator_replacement,
    zero_iteration_for_loop,
)
from cosmic_ray.operators.number_replacer import NumberReplacer
from cosmic_ray.operators.operator import Operator

Span = tuple[tuple[int, int], tuple[int, int]]

_BINARY = (
    "Add_Sub",
    "Sub_Add",
    "Mul_Div",
    "Div_Mul",
    "FloorDiv_Mul",
    "Mod_Mul",
    "Pow_Mul",
    "BitOr_BitAnd",
    "BitAnd_BitOr",
)
# The border, and the other side; of equality and identity the opposite.
_COMPARED = ("Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt")
_OPPOSITE = ("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is")
_SWAPPED = [("min", "max"), ("any", "all"), ("floor", "ceil"), ("idxmin", "idxmax"), ("argmin", "argmax")]
_SWAPPED += [("+=", "-="), ("|=", "&="), ("*=", "/="), ("cumsum", "cumprod"), ("first", "last"), ("head", "tail")]
_SWAPS = dict(_SWAPPED) | {after: before for before, after in _SWAPPED}
_GUARDS = {"strict", "copy", "validate"}
"""Keywords whose value only matters where the code itself is wrong."""


class Swap(Operator):
    """Replaces a name or an augmented assignment by its opposite."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        if isinstance(node, parso.python.tree.Name | parso.python.tree.Operator) and node.value in _SWAPS:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.value = _SWAPS[node.value]
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class MoveFloat(Operator):
    """Moves a float a bit: cosmic-ray adds and takes away 1, which a share does not survive.

    A tolerance, which is below a millionth, is only made a large one.
    """

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        if _is_float(node):
            yield from [(node.start_pos, node.end_pos)] * (1 if 0 < float(node.value) < 1e-6 else 2)

    def mutate(self, node: Any, index: int) -> Any:
        value = float(node.value)
        above = (1 + value) / 2 if 0 < value < 1 else 1.1 * value if value else 0.1
        below = 0.9 * value if value else -0.1
        node.value = f"{(above, below)[index]:.6g}"
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class MoveInteger(NumberReplacer):
    """Adds and takes away 1, of integers alone."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        return iter(()) if _is_float(node) else super().mutation_positions(node)

    def mutate(self, node: Any, index: int) -> Any:
        node.value = str(ast.literal_eval(node.value) + (1, -1)[index])
        return node


_OPERATORS = [
    *(getattr(binary_operator_replacement, f"ReplaceBinaryOperator_{pair}") for pair in _BINARY),
    *(
        getattr(comparison_operator_replacement, f"ReplaceComparisonOperator_{pair}")
        for pair in (*_COMPARED, *_OPPOSITE)
    ),
    *(getattr(unary_operator_replacement, f"ReplaceUnaryOperator_Delete_{one}") for one in ("USub", "Invert", "Not")),
    boolean_replacer.AddNot,
    boolean_replacer.ReplaceTrueWithFalse,
    boolean_replacer.ReplaceFalseWithTrue,
    boolean_replacer.ReplaceAndWithOr,
    boolean_replacer.ReplaceOrWithAnd,
    break_continue.ReplaceBreakWithContinue,
    break_continue.ReplaceContinueWithBreak,
    exception_replacer.ExceptionReplacer,
    zero_iteration_for_loop.ZeroIterationForLoop,
    MoveInteger,
    MoveFloat,
    Swap,
]


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A module with one change.

    Attributes
    ----------
    file : str
        Path of the module from the top of the repository.
    row : int
        Line of the change, counted from 1.
    line, becomes : str
        The changed line before and after, with single spaces: what tells a mutant, wherever its line moves.
    source : str
        The whole changed module.
    """

    file: str
    row: int
    line: str
    becomes: str
    source: str


def generate(file: str, source: str, rows: Container[int] | None = None) -> list[Mutant]:
    """Make all mutants of a module that compile, or those of some of its lines, each once, in the order of their lines.

    Left out are annotations, decorators, type aliases and keywords that only guard; docstrings and other texts are not
    mutated at all.
    """
    lines = source.splitlines()
    found = {}
    for operator, occurrence, row in _places(source):
        if rows is not None and row not in rows:
            continue
        try:
            mutated = mutate_code(source, operator, occurrence)
        except AttributeError:  # cosmic-ray cannot replace an exception that is named with a dot among others
            continue
        if mutated is None or mutated in found or not _compiles(mutated):
            continue
        before, after = _difference(lines, mutated.splitlines())
        found[mutated] = Mutant(file=file, row=row, line=before, becomes=after, source=mutated)
    return sorted(found.values(), key=lambda mutant: (mutant.row, mutant.becomes))


def mutable_rows(source: str) -> set[int]:
    """Give the lines of which there are mutants, which takes much less time than to make them."""
    return {row for _, _, row in _places(source)}


def _places(source: str) -> Iterator[tuple[Operator, int, int]]:
    """Give each operator with the number of its place in the module, and the line of that place."""
    left_out = list(_left_out(ast.parse(source)))
    nodes = list(ast_nodes(get_ast(source)))
    lines = source.splitlines()
    for operator in (make() for make in _OPERATORS):
        positions = [start for node in nodes for start, _ in operator.mutation_positions(node)]
        for occurrence, start in enumerate(positions):
            keyword_only = lines[start[0] - 1][start[1] :].startswith("*,")
            if not keyword_only and not any(begin <= start < end for begin, end in left_out):
                yield operator, occurrence, start[0]


def functions(source: str) -> list[range]:
    """Give the lines of each function that does not lie in another one, decorators included."""

    def outermost(node: ast.AST) -> Iterator[range]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
                yield range(first, (child.end_lineno or first) + 1)
            else:
                yield from outermost(child)

    return list(outermost(ast.parse(source)))


def _is_float(node: Any) -> bool:
    return isinstance(node, parso.python.tree.Number) and isinstance(ast.literal_eval(node.value), float)


def _left_out(tree: ast.AST) -> Iterator[Span]:
    for node in ast.walk(tree):
        spans: list[ast.AST | None] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            spans = [node.returns, *node.decorator_list]
        elif isinstance(node, ast.ClassDef):
            spans = [*node.decorator_list]
        elif isinstance(node, ast.arg | ast.AnnAssign):
            spans = [node.annotation]
        elif (isinstance(node, ast.keyword) and node.arg in _GUARDS) or (
            isinstance(node, ast.Assign) and _is_alias(node)
        ):
            spans = [node.value]
        for span in spans:
            if span is not None:
                yield (span.lineno, span.col_offset), (span.end_lineno, span.end_col_offset)  # type: ignore[attr-defined]


def _is_alias(node: ast.Assign) -> bool:
    """Tell whether a union of classes gets a name: ``Plan = Forward | Apart``."""
    names = [one for one in ast.walk(node.value) if isinstance(one, ast.Name)]
    classes = all(name.id[:1].isupper() and not name.id.isupper() for name in names)
    return isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.BitOr) and classes


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _difference(before: list[str], after: list[str]) -> tuple[str, str]:
    steps = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    changed = [step for step in steps if step[0] != "equal"]
    first, last = changed[0], changed[-1]
    return " ".join(" ".join(before[first[1] : last[2]]).split()), " ".join(" ".join(after[first[3] : last[4]]).split())
