"""Contract tables of typed lines: lines that are left out, customers, repeated lines added up, by the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis import _
from ibis.util import gen_name

from churnml.data.contract import TABLES
from churnml.data.importers.imported import examples
from churnml.data.importers.platforms.declared import Derivation, Export, Platform, Value
from churnml.data.importers.platforms.typed import FILE, LINE, PERSON, REFERENCE
from churnml.errors import InputError

CustomerIds = Literal["email", "platform"]
CUSTOMER = "customer"
"""Column of the customer's id, which derivations may name."""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """The lines of an export.

    Attributes
    ----------
    rows : ibis table
        Fields of each line, with its customer.
    left_out : dict of str to int
        Number of lines left out, by reason.
    notes : list of str
        Sentences about lines that were kept.
    has : frozenset of str
        Fields that its files have.
    """

    rows: ir.Table
    left_out: dict[str, int]
    notes: list[str]
    has: frozenset[str]


def without_repeats(rows: ir.Table, export: Export) -> tuple[ir.Table, int]:
    """Take lines that several files hold once, and give their number.

    Of each line as many copies are kept as the file with most copies has.

    Raises
    ------
    InputError
        Where files say different things of the same key.
    """
    content = list(export.fields)
    copies = rows.mutate(_copy=ibis.row_number().over(group_by=[*content, FILE], order_by=LINE))
    once = copies.group_by([*content, PERSON, REFERENCE, "_copy"]).agg(**{LINE: _[LINE].min(), FILE: _[FILE].min()})
    twice = once.filter(_[export.key].notnull()).group_by(export.key).having(_[FILE].nunique() > 1).agg()
    several = twice.order_by(export.key).limit(6).to_pyarrow()[export.key].to_pylist()
    if several:
        raise InputError(
            f"{export.where}: several files say different things of the same {export.fields[export.key].names[0]} "
            f"({examples(several)}). Export the time that they share once."
        )
    before, after = rows.count().execute(), once.count().execute()
    return once.drop("_copy"), int(before - after)


def kept_lines(rows: ir.Table, export: Export, has: frozenset[str], repeated: int) -> Lines:
    """Fill what stands in first lines alone, and leave out and count the lines that are none of a purchase."""
    if export.filled:
        first = rows.group_by(export.key).agg(**{name: _first(_[name], _[LINE]) for name in export.filled})
        rows = rows.drop(*export.filled).left_join(first, export.key).drop(f"{export.key}_right")
    reasons = {**export.left_out, f"lines without {export.fields[export.key].names[0]}": _[export.key].isnull()}
    cases = [(condition.fill_null(False), name) for name, condition in reasons.items()]
    rows = _stored(rows.mutate(_reason=ibis.cases(*cases)))
    counts = rows.group_by("_reason").agg(n=_.count()).to_pyarrow().to_pylist()
    by_reason = {row["_reason"]: row["n"] for row in counts}
    left_out = {name: by_reason.get(name, 0) for name in reasons}
    if repeated:
        left_out["lines that several files repeat"] = repeated
    rows = rows.filter(_._reason.isnull()).drop("_reason")
    notes = list(_notes(rows, export))
    return Lines(rows=rows, left_out={name: n for name, n in left_out.items() if n}, notes=notes, has=has)


def _notes(rows: ir.Table, export: Export) -> Iterator[str]:
    for sentence, (condition, amount) in export.noted.items():
        seen = rows.filter(condition).agg(n=_.count(), total=amount.sum()).to_pyarrow().to_pylist()[0]
        if seen["n"]:
            yield f"{sentence}: {seen['n']:,} ({seen['total']:,.2f})."


def with_customers(lines: Mapping[str, Lines], ids: CustomerIds) -> dict[str, Lines]:
    """Give every line the id of its customer.

    Parameters
    ----------
    lines : mapping of str to Lines
        Lines by export.
    ids : {'email', 'platform'}
        Whether a customer is the pseudonym of the e-mail address, or the platform's own number; the other one where
        there is none. Where one export says which number has which address, it holds for all.
    """
    known = [part.rows.filter(_[PERSON].notnull() & _[REFERENCE].notnull()) for part in lines.values()]
    pairs = ibis.union(*(rows.select(PERSON, REFERENCE, LINE) for rows in known)) if len(known) > 1 else known[0]
    by, value = (REFERENCE, PERSON) if ids == "email" else (PERSON, REFERENCE)
    named = _stored(pairs.group_by(by).agg(_known=_[value].min()))
    out = {}
    for name, part in lines.items():
        joined = part.rows.left_join(named, by).drop(f"{by}_right")
        own = ibis.coalesce(joined[value], joined["_known"], joined[by])
        rows = _stored(joined.mutate(**{CUSTOMER: own}).drop("_known"))
        out[name] = Lines(rows=rows, left_out=part.left_out, notes=part.notes, has=part.has)
    return out


def derive(
    platform: Platform, lines: Mapping[str, Lines], carry: Sequence[str]
) -> tuple[dict[str, pa.Table], dict[str, int]]:
    """Make the contract tables, and count rows that lack what their table needs.

    Raises
    ------
    InputError
        Where lines of an order do not agree, or orders lack their time or amount.
    """
    tables: dict[str, ir.Table] = {}
    left_out: dict[str, int] = {}
    failures: list[str] = []
    for table in platform.tables:
        parts = []
        for derivation in platform.derivations:
            part = lines.get(derivation.export)
            if derivation.table != table or part is None or not part.has.issuperset(derivation.needs):
                continue
            if table == "orders":
                failures += _disagreeing(derivation, part.rows, platform.exports[derivation.export])
            parts.append(_reduced(derivation, part.rows, carry))
        if parts:
            tables[table] = _merged(parts, TABLES[table].key)
    if failures:
        raise InputError(failures)
    done = {}
    for name, rows in tables.items():
        if name != "orders" and "orders" in tables:
            rows = _of_orders(name, rows, tables["orders"])
        done[name] = _complete(name, rows, left_out, failures)
    if failures:
        raise InputError(failures)
    return done, left_out


def _reduced(derivation: Derivation, rows: ir.Table, carry: Sequence[str]) -> ir.Table:
    """Reduce the lines of each key to a row of the table."""
    key = TABLES[derivation.table].key
    columns = dict(derivation.columns)
    columns |= {name: value for name, value in derivation.carried.items() if name in carry}
    place = ibis.row_number().over(order_by=[_[derivation.newest].desc(), _[LINE]]) if derivation.newest else _[LINE]
    lines = rows.select(_place=place, **{name: _value(value) for name, value in columns.items()})
    lines = lines.filter([lines[name].notnull() for name in key if name in columns])
    reduced = {}
    for name in columns:
        if name not in key:
            how = derivation.reduced.get(name, "first")
            reduced[name] = _first(_[name], _._place) if how == "first" else getattr(_[name], how)()
    return lines.group_by(list(key)).agg(**reduced)


def _value(value: Value) -> Value:
    return _[value] if isinstance(value, str) else value


def _first(values: Value, place: Value) -> Value:
    return values.argmin(place, where=values.notnull())


def _merged(parts: Sequence[ir.Table], key: tuple[str, ...]) -> ir.Table:
    """Put rows of several exports together; of the same row the first export's values count, where it has any."""
    if len(parts) == 1:
        return _stored(parts[0])
    names = list(dict.fromkeys(name for part in parts for name in part.columns))
    types = {name: next(part.schema()[name] for part in parts if name in part.columns) for name in names}
    aligned = [
        part.select(
            _part=ibis.literal(number),
            **{name: part[name] if name in part.columns else ibis.null(types[name]) for name in names},
        )
        for number, part in enumerate(parts)
    ]
    merged = {name: _first(_[name], _._part) for name in names if name not in key}
    return _stored(ibis.union(*aligned).group_by(list(key)).agg(**merged))


def _of_orders(name: str, rows: ir.Table, orders: ir.Table) -> ir.Table:
    """Keep lines and deliveries of orders that are there, and give other rows of an order its customer."""
    if TABLES[name].event_time is None:
        return rows.semi_join(orders, "order_id")
    if "order_id" in rows.columns and "customer_id" in rows.columns:
        joined = rows.left_join(orders.select("order_id", _buyer="customer_id"), "order_id")
        return joined.mutate(customer_id=joined.customer_id.coalesce(joined["_buyer"])).select(*rows.columns)
    return rows


def _disagreeing(derivation: Derivation, rows: ir.Table, export: Export) -> Iterator[str]:
    """Say which orders have lines of several customers or times."""
    for column in ("customer_id", "ordered_at"):
        lines = rows.select(key=_value(derivation.columns["order_id"]), value=_value(derivation.columns[column]))
        several = lines.group_by("key").having(_.value.nunique() > 1).agg().order_by("key").to_pyarrow()["key"]
        if len(several):
            yield (
                f"{export.where}: {len(several):,} orders have lines with several values of {column} "
                f"({examples(several.slice(0, 6).to_pylist())}). Export them again."
            )


def _complete(name: str, rows: ir.Table, left_out: dict[str, int], failures: list[str]) -> pa.Table:
    """Return the rows that have all that their table requires; orders may lack their customer and nothing else."""
    required = [column for column in TABLES[name].required if (name, column) != ("orders", "customer_id")]
    for column in required:
        lacking = int(rows[column].isnull().sum().execute() or 0)
        if not lacking:
            continue
        if name == "orders":
            example = rows.filter(rows[column].isnull()).order_by("order_id").limit(6).to_pyarrow()["order_id"]
            failures.append(
                f"orders: {lacking:,} have no {column} ({examples(example.to_pylist())}). Export them again, with it."
            )
        left_out[f"rows of {name} without {column}"] = lacking
        rows = rows.filter(rows[column].notnull())
    numbers = [
        column.name for column in TABLES[name].columns if column.type == "number" and column.name in rows.columns
    ]
    return rows.mutate(**{column: rows[column].cast("float64") for column in numbers}).to_pyarrow()


def marked_utc(rows: ir.Table, utc: set[str]) -> ir.Table:
    """Mark the times that are those of UTC."""
    return rows.mutate(**{name: rows[name].cast("timestamp('UTC')") for name in utc}) if utc else rows


def _stored(rows: ir.Table) -> ir.Table:
    """Compute rows once, into the scratch file."""
    return rows.get_backend().create_table(gen_name("imported"), rows)
