"""Times whose day and clock stand in two columns: which clock belongs to which day, and how both are written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from churnml.config import EPOCH_FORMATS
from churnml.data.contract import Table
from churnml.data.formats import plain_number
from churnml.data.guessing.evidence import ColumnEvidence, TableEvidence
from churnml.data.guessing.names import column_score, meanings_of
from churnml.data.guessing.proposal import ProposedColumn, Reason
from churnml.data.guessing.written_forms import types_of

_SURE_NAME, _MARGIN, _HOURS = 0.72, 0.08, 24
_ISO_DAY = "%Y-%m-%d"


def with_clocks(contract: Table, table: TableEvidence, columns: Sequence[ProposedColumn]) -> list[ProposedColumn]:
    """Give each day without a clock the clock that stands in a column of its own, where its name says which.

    Parameters
    ----------
    contract : Table
        Table of the contract.
    table : TableEvidence
        Table of the source.
    columns : sequence of ProposedColumn
        Columns with the formats of their times.
    """
    taken = {name for column in columns for name in column.used}
    times = types_of(contract, "time", "plan")
    return [_with_clock(contract, table, one, taken) if one.name in times else one for one in columns]


def _with_clock(
    contract: Table, table: TableEvidence, column: ProposedColumn, taken: Collection[str]
) -> ProposedColumn:
    if column.setting is not None or not _is_day(column):
        return column
    scored = [
        (column_score(other.name, contract.name, column.name), other, form)
        for other in table.columns
        if other.name not in taken and other.filled == column.source.filled and (form := _clock(other)) is not None
    ]
    scored.sort(key=lambda option: -option[0])
    if not scored or scored[0][0] < _SURE_NAME or (len(scored) > 1 and scored[0][0] - scored[1][0] < _MARGIN):
        return column
    _, clock, form = scored[0]
    names = [column.source.name, clock.name]
    return replace(
        column,
        source=replace(column.source, name=", ".join(names)),
        reasons=[*column.reasons, Reason(key="clock", values={"date": names[0], "clock": names[1]})],
        date_format=f"{column.date_format or _ISO_DAY} {form}",
        setting={"from": names, "date_format": f"{column.date_format or _ISO_DAY} {form}"},
    )


def _is_day(column: ProposedColumn) -> bool:
    """Check whether a column of times holds days alone, written with dashes where no format says how."""
    if column.date_format in EPOCH_FORMATS:
        return False
    if column.date_format is not None:
        return not {"%H", "%I"} & {column.date_format[place : place + 2] for place in range(len(column.date_format))}
    days = [value.replace("T", " ").partition(" ") for value in column.source.sample]
    return all("-" in day and not clock.strip("0:.") for day, _, clock in days)


def _clock(column: ColumnEvidence) -> str | None:
    """Return how a column writes the clock: as such, or as an hour that its name says to be one; None where neither."""
    if column.shape.kind == "clock":
        return column.shape.dates[0]
    if column.shape.kind not in ("number", "flag") or not any("hour" in of for of in meanings_of(column.name)):
        return None
    hours = [plain_number(value, ".", None) for value in column.sample]
    return "%H" if all(hour is not None and hour.isdigit() and int(hour) < _HOURS for hour in hours) else None
