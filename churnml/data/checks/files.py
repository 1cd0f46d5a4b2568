"""Files: whether all of their rows were read, and what in them looks as if it were not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from churnml.data.engines.csv_text import Survey, read_header, survey
from churnml.data.engines.layout import TableFile
from churnml.errors import InputError

# Texts that people write have fewer; two quotes that stand alone make one value of all lines between them.
_MOST_LINES = 50

RowsOfFiles = dict[str, dict[str, int]]


def check_files(
    tables: Mapping[str, Sequence[TableFile]], rows: Mapping[str, int]
) -> tuple[RowsOfFiles, list[str], list[str]]:
    """Count the rows of files without the engine, and compare with what the engine read.

    Parameters
    ----------
    tables : mapping of str to sequence of TableFile
        Files of each table, by its name.
    rows : mapping of str to int
        Number of rows that the engine read, by table.

    Returns
    -------
    dict
        Rows of each file, by table.
    list
        A sentence for each table of which not all rows were read.
    list
        A sentence for each value that may have swallowed other rows.
    """
    held: RowsOfFiles = {}
    failures: list[str] = []
    notes: list[str] = []
    for table, files in tables.items():
        if files[0].is_iceberg:  # whose own library counts
            continue
        surveys: dict[str, Survey] = {}
        held[table] = {}
        try:
            for file in files:
                if file.is_parquet:
                    held[table][file.name] = _parquet_rows(file)
                else:
                    surveys[file.name] = survey(file.path, read_header(file.path, file.delimiter))
                    held[table][file.name] = surveys[file.name].rows
        except InputError as error:
            failures += [f"{table}: {failure} Export it again." for failure in error.failures]
            continue
        total = sum(held[table].values())
        if misquoted := [said for name, found in surveys.items() if (said := found.misquoted(name))]:
            failures += [f"{table}: {said}" for said in misquoted]
        elif too_long := [said for name, found in surveys.items() if (said := found.too_long(name))]:
            failures += [f"{table}: {said}" for said in too_long]
        elif table in rows and total != rows[table]:  # that a table was not read to its end is said
            failures.append(_not_all_read(table, total, rows[table], surveys))
        notes += [
            f"{table}: {name}, line {found.most_lines_line:,}: one row holds {found.most_lines:,} line ends. If "
            "that is no long text, two quotes that stand alone have made one value of many lines."
            for name, found in surveys.items()
            if found.most_lines > _MOST_LINES
        ]
        notes += [
            f"{table}: {name}, line {found.like_rows_line:,}: {found.like_rows:,} lines within values look like rows "
            "of the table. Two quotes that stand alone make one value of all lines between them: look at the lines "
            "before, and export it again."
            for name, found in surveys.items()
            if 2 * found.like_rows > found.inner_lines and found.most_lines <= _MOST_LINES
        ]
    return held, failures, notes


def _parquet_rows(file: TableFile) -> int:
    try:
        with file.path.open("rb") as content:
            return int(pq.read_metadata(content).num_rows)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file.name} cannot be read to its end ({error}).") from error


def _not_all_read(table: str, held: int, read: int, surveys: Mapping[str, Survey]) -> str:
    failure = f"{table}: the files hold {held:,} rows, but {read:,} were read."
    if surveys:
        name, found = max(surveys.items(), key=lambda item: item[1].longest)
        failure += f" The longest row is that of {name}, line {found.longest_line:,}: {found.longest:,} bytes."
    return f"{failure} Look for a value that is too long and for quotes that are not closed, and export it again."
