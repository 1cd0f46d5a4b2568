"""Looking at a source: its tables and columns, how many values they hold, and a sample of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from churnml.data.checks.counts import count_of, counts_of
from churnml.data.contract import Column
from churnml.data.door import as_type, without_gaps
from churnml.data.engines import Engine, open_engine
from churnml.data.engines.as_text import sheets_of
from churnml.data.engines.layout import FileForm, files_below, is_read, is_spreadsheet, stem_of
from churnml.data.formats import BELOW_0
from churnml.data.guessing.events import purchases_of
from churnml.data.guessing.evidence import ColumnEvidence, ReceivedType, Source, TableEvidence
from churnml.data.guessing.text_form import LONGEST_FOOTER, encoding_of, footer_of, form_of
from churnml.data.ids import exact_id
from churnml.data.where import are_meant
from churnml.errors import InputError

SAMPLE = 2_000
"""Number of different values of a column that are looked at."""


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """What may be a table: its name in the source, and how its file is written."""

    name: str
    form: FileForm
    title: str


class Look:
    """A source that was looked at, and can be asked again.

    Parameters
    ----------
    source : object
        Folder, file, database or tables in memory, as in ``churnml.read``.
    timezone : str, optional
        Time zone of the shop's wall clock.

    Raises
    ------
    InputError
        Where the source cannot be opened, or holds nothing that may be a table.
    """

    def __init__(self, source: Any, timezone: str = "UTC") -> None:
        self._engine = open_engine(source, timezone)
        found, unread = _candidates(source, timezone)
        keys = {f"table_{place}": candidate for place, candidate in enumerate(found)}
        names = {key: candidate.name for key, candidate in keys.items()}
        forms = {key: candidate.form for key, candidate in keys.items()}
        raw = self._engine.find(source, names, forms)
        self._raw: dict[str, ir.Table] = {}
        tables: list[TableEvidence] = []
        with self._engine.refusing():
            for key, candidate in keys.items():
                if key in raw.tables:
                    rows = raw.tables[key]
                    table = _evidence(self._engine, rows, candidate)
                    # Where another table may hold the orders, a log of events is one of visits.
                    if len(keys) == 1 and (where := purchases_of(table)):
                        rows = rows.filter(are_meant(rows, where))
                        table = replace(_evidence(self._engine, rows, candidate), where=where)
                    self._raw[candidate.title] = rows
                    tables.append(table)
                else:
                    unread[candidate.title] = raw.failures.get(key, "").removeprefix(f"{key}: ")
        if not tables:
            listed = " ".join(f"{name}: {why}" for name, why in unread.items())
            raise InputError(f"{source}: holds no table that can be read. {listed}".rstrip())
        self.source = Source(tables=tables, unread=unread)

    def same_totals(self, table: TableEvidence, order_id: str, amount: str) -> tuple[int, int]:
        """Count the orders with several rows, and of them those with one amount beside empty cells and zeros."""
        raw = self._raw[table.title]
        text = raw[amount].cast("string").strip()
        rows = raw.select(id=as_type(raw, Column(order_id, "id")), amount=text.nullif("").nullif("0"))
        orders = rows.group_by("id").aggregate(rows=rows.count(), amounts=rows.amount.nunique())
        several = orders.rows > 1
        counts = counts_of(orders.aggregate(several=several.sum(), same=(several & (orders.amounts <= 1)).sum()))
        return counts["several"], counts["same"]

    def is_key(self, title: str, columns: Sequence[str]) -> bool:
        """Check whether columns together are filled, and different in every row of a table."""
        ids = self._ids(title, columns)
        filled = ibis.and_(*(ids[name].notnull() for name in ids.columns)).sum()
        counts = counts_of(ids.aggregate(rows=ids.count(), filled=filled))
        return counts["rows"] == counts["filled"] == count_of(ids.distinct().count())

    def tells(self, title: str, column: str, others: Sequence[str]) -> bool:
        """Check whether a column is filled, and the rows that share a value of it share those of other columns too.

        An order may say what it shares in its first row alone.
        """
        alone, together = self._ids(title, [column]), self._ids(title, [column, *others]).drop_null()
        if counts_of(alone.aggregate(empty=alone["id 0"].isnull().sum()))["empty"]:
            return False
        counts = [count_of(rows.distinct().count()) for rows in (alone, together.select("id 0"), together)]
        return counts[0] == counts[1] == counts[2]

    def repeated(self, title: str, columns: Sequence[str]) -> int:
        """Count the values of columns together that stand in several rows of a table."""
        ids = self._ids(title, columns).drop_null()
        rows = ids.group_by(*ids.columns).aggregate(rows=ids.count())
        return count_of((rows.rows > 1).sum())

    def _ids(self, title: str, columns: Sequence[str]) -> ir.Table:
        raw = self._raw[title]
        return raw.select(**{f"id {place}": as_type(raw, Column(name, "id")) for place, name in enumerate(columns)})


def _candidates(source: Any, timezone: str) -> tuple[list[_Candidate], dict[str, str]]:
    """List what may be tables, and what cannot be looked at."""
    path = Path(source) if isinstance(source, str | Path) and "://" not in str(source) else None
    if path is None or not (path.is_dir() or is_read(path)):
        names = (
            sorted(source) if isinstance(source, Mapping) else open_engine(source, timezone).find(source, {}, {}).names
        )
        return [_Candidate(name=name, form=FileForm(), title=name) for name in names], {}
    found: list[_Candidate] = []
    unread: dict[str, str] = {}
    for name, files in _tables_of(path).items():
        try:
            found += _of_files(name, files)
        except InputError as error:
            unread[name] = str(error)
    return found, unread


def _tables_of(path: Path) -> dict[str, list[Path]]:
    """Group the files of a folder by the tables that they may be parts of."""
    tables: dict[str, list[Path]] = {}
    for entry in sorted(path.iterdir()) if path.is_dir() else [path]:
        if entry.name.startswith((".", "~$")):
            continue
        if entry.is_dir():
            if below := [file for file in files_below(entry) if is_read(file)]:
                tables[entry.name] = below
        elif is_read(entry):
            tables.setdefault(stem_of(entry.name), []).append(entry)
    # A file alone goes by its full name, so that none that only begins like it is in question.
    alone = {name for name, files in tables.items() if len(files) == 1 and files[0].name != name}
    return {
        (files[0].name if name in alone and files[0].parent != path / name else name): files
        for name, files in tables.items()
    }


def _of_files(name: str, files: Sequence[Path]) -> list[_Candidate]:
    if not is_spreadsheet(files[0]):
        form = FileForm() if files[0].suffix == ".parquet" else form_of(files[0], encoding_of(files))
        return [_Candidate(name=name, form=form, title=_title(name, None))]
    sheets = sheets_of(files[0], LONGEST_FOOTER)
    footers = {sheet: footer_of(rows, len(header)) for sheet, (header, *rows) in sheets.items()}
    if len(sheets) <= 1:
        return [_Candidate(name=name, form=FileForm(footer=sum(footers.values())), title=_title(name, None))]
    return [
        _Candidate(name=name, form=FileForm(sheet=sheet, footer=footer), title=_title(name, sheet))
        for sheet, footer in footers.items()
    ]


def _title(name: str, sheet: str | None) -> str:
    return f"{name} [{sheet}]" if sheet else name


def _evidence(engine: Engine, raw: ir.Table, candidate: _Candidate) -> TableEvidence:
    texts = {name: _as_text(raw[name]) for name in raw.columns}
    looked = raw.select(**{f"value {place}": text for place, text in enumerate(texts.values())})
    counts = {"rows": looked.count()}
    counts |= {f"filled {name}": looked[name].count() for name in looked.columns}
    counts |= {f"distinct {name}": looked[name].nunique() for name in looked.columns}
    counts |= {f"negative {name}": looked[name].re_search(BELOW_0).sum() for name in looked.columns}
    found = counts_of(looked.aggregate(**counts))
    columns = []
    for place, name in enumerate(raw.columns):
        value = f"value {place}"
        columns.append(
            ColumnEvidence(
                name=name,
                type=_type(raw[name]),
                filled=found[f"filled {value}"],
                distinct=found[f"distinct {value}"],
                sample=_sample(engine, looked.select(text=looked[value])),
                negative=found[f"negative {value}"],
            )
        )
    return TableEvidence(
        name=candidate.name,
        sheet=candidate.form.sheet,
        encoding=candidate.form.encoding,
        delimiter=candidate.form.delimiter,
        header=candidate.form.header,
        skip=candidate.form.skip,
        footer=candidate.form.footer,
        rows=found["rows"],
        columns=columns,
    )


def _sample(engine: Engine, values: ir.Table) -> dict[str, int]:
    different = values.drop_null("text").distinct()
    hashed = different.mutate(hashed=engine.hash_rows({"text": different.text}))
    frame = hashed.order_by(["hashed", "text"]).limit(SAMPLE).to_pandas()
    return dict(zip(frame["text"], (int(hashed) for hashed in frame["hashed"]), strict=True))


def _as_text(value: ir.Value) -> ir.StringValue:
    """Write a value as an id would be, so that ids of different types meet."""
    value = without_gaps(value)
    kind = value.type()
    if kind.is_string():
        return value.strip()
    return exact_id(value) if kind.is_numeric() else value.cast("string")


def _type(value: ir.Value) -> ReceivedType:
    kind = value.type()
    if kind.is_timestamp():
        return "zoned" if kind.timezone else "time"
    if kind.is_date():
        return "time"
    if kind.is_boolean():
        return "flag"
    if kind.is_integer():
        return "whole"
    return "number" if kind.is_numeric() else "text"
