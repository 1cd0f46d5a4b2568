"""Keys and lines: identical rows are counted, and a key that stands for different content is named."""

from __future__ import annotations

from collections.abc import Collection

import ibis.expr.types as ir

from churnml.data.checks.report import EXAMPLES, short
from churnml.data.contract import Table
from churnml.data.door import normalise, through_the_door


def check_keys(raw: ir.Table, contract: Table, plain: Collection[str]) -> tuple[int, list[str]]:
    """Count identical rows, and name keys that stand for different content.

    Rows without a customer are left out of the shop, and those without a key are reported by themselves.
    """
    required = [name for name in contract.key if name in contract.required]
    if any(name not in raw.columns for name in required):
        return 0, []
    needed = sorted({*required, *({"customer_id"} & set(contract.column) & set(raw.columns))})
    looked_at = dict.fromkeys([*contract.key, *needed])
    keys = raw.select(**{name: through_the_door(raw, contract.column[name], plain) for name in looked_at})
    keys = keys.drop_null(needed).group_by(*contract.key).aggregate(rows=lambda t: t.count())
    found = keys.aggregate(rows=keys.rows.sum(), keys=keys.count()).to_pandas().iloc[0]
    rows, distinct_keys = int(found["rows"] or 0), int(found["keys"])
    if rows == distinct_keys:
        return 0, []
    distinct = normalise(raw, contract, plain).drop_null(needed).distinct()
    distinct_rows = int(distinct.count().to_pandas())
    if distinct_rows == distinct_keys:
        return rows - distinct_rows, []
    clashes = distinct.group_by(*contract.key).aggregate(rows_of_key=lambda t: t.count())
    clashes = clashes.filter(clashes.rows_of_key > 1)
    count = int(clashes.count().to_pandas())
    examples = clashes.order_by(*contract.key).limit(EXAMPLES).to_pandas()[list(contract.key)]
    named = [" / ".join(map(short, row)) for row in examples.itertuples(index=False)]
    listed = ", ".join(named) + (", ..." if count > EXAMPLES else "")
    return 0, [
        f"{contract.name}: {count:,} of {distinct_keys:,} keys ({', '.join(contract.key)}) stand for rows with "
        f"different content ({listed}). Keep one row per key; add up lines that share one."
    ]
