"""Keys and lines: identical rows are counted, and a key that stands for different content is named."""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir

from churnml.data.checks.counts import count_of, counts_of
from churnml.data.checks.report import EXAMPLES, Findings, short
from churnml.data.contract import CUSTOMERS, Table
from churnml.data.door import normalise, through_the_door
from churnml.data.impossible import leave_out
from churnml.data.lines import added_up, key_of

_EXACT = "decimal(18,4)"


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Rows that become fewer because they are identical, or the keys that stand for different content."""

    fewer: int = 0
    note: str = ""
    clashes: tuple[str, ...] = ()


def check_keys(raw: ir.Table, contract: Table, values: Findings, *, add: bool) -> Lines:
    """Count identical rows, or lines that are added up, and name keys that stand for different content.

    Rows without a customer, and a few with values that cannot be, are left out of the shop; those without a key are
    reported by themselves.
    """
    required = [name for name in contract.key if name in contract.required]
    if any(name not in raw.columns for name in required) or (add and values.failures):
        return Lines()  # what cannot be read cannot be added up; it is named by itself
    key = key_of(contract, raw)
    needed = sorted({*required, *({"customer_id"} & set(contract.column) & set(raw.columns))})
    looked_at = dict.fromkeys([*key, *needed])
    if values.impossible:
        keys = leave_out(normalise(raw, contract, values.plain), contract, values.impossible)
    else:
        keys = raw.select(**{name: through_the_door(raw, contract.column[name], values.plain) for name in looked_at})
    keys = keys.drop_null(needed).group_by(*key).aggregate(rows=lambda t: t.count())
    found = counts_of(keys.aggregate(rows=keys.rows.sum(), keys=keys.count()))
    rows, distinct_keys = found["rows"], found["keys"]
    if rows == distinct_keys:
        return Lines()
    received = leave_out(normalise(raw, contract, values.plain), contract, values.impossible).drop_null(needed)
    distinct = added_up(received, contract) if add else received.distinct()
    distinct_rows = count_of(distinct.count())
    fewer = rows - distinct_rows
    if distinct_rows == distinct_keys:
        if add:
            return Lines(fewer=fewer, note=f"{contract.name}: {rows:,} lines were added up to {distinct_rows:,}.")
        counted = contract.adds and not values.failures
        taken = _taken_away(received, distinct, contract, key) if counted else "."
        return Lines(fewer=fewer, note=f"{contract.name}: {fewer:,} identical rows were dropped{taken}")
    clashes = distinct.group_by(*key).aggregate(rows_of_key=lambda t: t.count())
    clashes = clashes.filter(clashes.rows_of_key > 1)
    count = count_of(clashes.count())
    examples = clashes.order_by(*key).limit(EXAMPLES).to_pandas()[list(key)]
    named = [" / ".join(map(short, row)) for row in examples.itertuples(index=False)]
    listed = ", ".join(named) + (", ..." if count > EXAMPLES else "")
    clash = (
        f"{contract.name}: {count:,} of {distinct_keys:,} keys ({', '.join(key)}) stand for rows with "
        f"different content ({listed}). Keep one row per key; add up lines that share one"
    )
    setting = f" (tables.{contract.name}.same_lines: add does)" if contract.adds and not add else ""
    setting = ", or set tables.customers.several: one" if contract is CUSTOMERS else setting
    return Lines(clashes=(f"{clash}{setting}.",))


def _taken_away(received: ir.Table, distinct: ir.Table, contract: Table, key: tuple[str, ...]) -> str:
    """Say what goes with identical lines, and how to keep it."""
    (all_, money), (left, left_money) = (_sums(table, contract) for table in (received, distinct))
    what = "items" if contract.adds == "quantity" else contract.adds
    worth = "" if money is None or left_money is None else f", worth {money - left_money:,.2f}"
    own = f", or give each a {contract.line} of its own" if contract.line in key else f", or bring {contract.line}"
    line = own if contract.line else ""
    return f": {all_ - left:,g} {what}{worth}. If they are real, set tables.{contract.name}.same_lines: add{line}."


def _sums(table: ir.Table, contract: Table) -> tuple[float, float | None]:
    added = table[str(contract.adds)].cast(_EXACT)
    sums = {"added": added.sum().fill_null(0)}
    if "unit_price" in contract.column:
        sums["money"] = (added * table.unit_price).sum().fill_null(0)
    found = table.aggregate(**sums).to_pandas().iloc[0]
    return float(found["added"]), float(found["money"]) if "money" in sums else None
