"""Which files of a folder hold which table: whole files, numbered parts and folders of parts, and what is neither."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from churnml.data.engines.delta import current_files, is_delta
from churnml.data.engines.iceberg import newest_metadata
from churnml.errors import InputError

LISTED = 10
NOTES = frozenset({"_delta_log", "metadata"})
"""Folders within a table in which Delta Lake and Iceberg keep what they know of its files."""
_KINDS = r"\.(parquet|(csv|tsv|txt)(\.gz)?|xlsx|xlsm|xlsb|xls|ods)"
_READ = re.compile(f"{_KINDS}$")
_SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_ROWS = re.compile(
    r"\.(parquet|pq|parq|csv|tsv|txt|xls[xmb]?|ods|jsonl?|ndjson|feather|arrow|orc|avro)(\.\w{2,4})?$", re.I
)
# A number, a day or a month: orders-1.csv, orders_2024.csv, orders.2024-01-31.csv.
_NUMBER = r"([-_.]\d+)+"
_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, kw_only=True)
class FileForm:
    """How the files of a table are written, where that is not as usual.

    Attributes
    ----------
    sheet : str or None
        Name of the sheet of a spreadsheet; None takes the one that there is, or that has the table's name.
    encoding : str or None
        Encoding of text; None is UTF-8.
    delimiter : str or None
        Sign between two values of text, a blank for any white space; None finds it.
    header : bool
        Whether the first line of text names the columns.
    skip : int
        Number of lines of text above the header.
    footer : int
        Number of lines at the end of text, or of rows of a spreadsheet that hold a value, that are no rows.
    decimal : str or None
        Decimal sign that numbers of a spreadsheet are written with; None is a point.
    """

    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool = True
    skip: int = 0
    footer: int = 0
    decimal: str | None = None

    @property
    def set(self) -> list[str]:
        """Names of the settings that only files have."""
        usual, names = FileForm(), ("sheet", "encoding", "delimiter", "header", "skip", "footer")
        return [name for name in names if getattr(self, name) != getattr(usual, name)]


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """A file that holds rows of a table.

    Attributes
    ----------
    path : Path
        Path of the file.
    name : str
        Path within the folder of the shop, with slashes.
    keys : mapping of str to str or None
        Values of columns that stand in the names of the folders above the file, such as ``currency=EUR``; None is null.
    delimiter : str or None
        Sign between two values of text; None finds it.
    """

    path: Path
    name: str
    keys: Mapping[str, str | None]
    delimiter: str | None = None

    @property
    def is_parquet(self) -> bool:
        """Whether it is Parquet; else it is text."""
        return self.path.suffix == ".parquet"

    @property
    def kind(self) -> str:
        """What it is, for people."""
        if self.is_iceberg:
            return "a table of Iceberg"
        return "Parquet" if self.is_parquet else "a spreadsheet" if self.is_spreadsheet else "CSV"

    @property
    def is_iceberg(self) -> bool:
        """Whether it is the metadata of an Iceberg table."""
        return self.path.suffix == ".json"

    @property
    def is_spreadsheet(self) -> bool:
        """Whether it is a spreadsheet that has not been written as text."""
        return is_spreadsheet(self.path)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The files of a folder.

    Attributes
    ----------
    tables : mapping of str to sequence of TableFile
        Files of each contract table that has any, sorted by name.
    failures : mapping of str to str
        Sentence for each table whose files cannot be told from others.
    unread : sequence of str
        Names of files and folders that could hold rows of the shop, but are not read.
    """

    tables: Mapping[str, Sequence[TableFile]]
    failures: Mapping[str, str]
    unread: Sequence[str]

    @property
    def notes(self) -> list[str]:
        """What is passed over, in a sentence."""
        if not self.unread:
            return []
        return [f"Found beside the tables, and not read: {listed(self.unread)}."]


def lay_out(folder: Path, names: Mapping[str, str]) -> Layout:
    """Match the files of a folder to the tables that they hold.

    A table ``orders`` is the file ``orders.parquet``, ``orders.csv``, ``orders.csv.gz`` or ``orders.xlsx``, parts that
    end with a number or a date (``orders-1.csv``, ``orders_2024-01.csv``, ``orders.2024.csv``), and all files of the
    folder ``orders``. A file belongs to the longest name with which it begins: ``order_items.csv`` is no part of a
    table ``order``.

    Parameters
    ----------
    folder : Path
        Folder that holds the files.
    names : mapping of str to str
        Name that the files have for each contract table.
    """
    held: dict[str, list[TableFile]] = {name: [] for name in names.values()}
    refused: dict[str, list[str]] = {name: [] for name in held}
    broken: dict[str, str] = {}
    unread: list[str] = []
    for entry in sorted(folder.iterdir()):
        name = _longest(entry.name, held)
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if name is None or not any(files_below(entry)):
                continue
            if entry.name == name:
                if metadata := newest_metadata(entry):
                    within = metadata.relative_to(folder).as_posix()
                    held[name].append(TableFile(path=metadata, name=within, keys={}))
                    continue
                broken |= {name: reason} if (reason := _hudi(entry)) else {}
                try:
                    below = current_files(entry) if is_delta(entry) else files_below(entry)
                except InputError as error:
                    broken[name] = str(error)
                    continue
                for path in below:
                    _sort_in(path, folder, name, (held[name], refused[name], unread))
            else:
                (refused[name] if entry.name.casefold() == name.casefold() else unread).append(f"{entry.name}/")
        elif entry.is_file():
            if name is None:
                unread += [entry.name] if _ROWS.search(entry.name) else []
            else:
                _sort_in(entry, folder, name, (held[name], refused[name], unread))
    failures = {
        table: broken.get(name) or _refusal(table, name, refused[name]) or _twice(table, held[name])
        for table, name in names.items()
    }
    return Layout(
        tables={table: sorted(held[name], key=lambda file: file.name) for table, name in names.items() if held[name]},
        failures={table: failure for table, failure in failures.items() if failure},
        unread=unread,
    )


def lay_out_file(path: Path, names: Mapping[str, str]) -> Layout:
    """Take a single file for the tables that are called like it, with or without what its name ends with."""
    stem = _READ.sub("", path.name)
    file = TableFile(path=path, name=path.name, keys={})
    tables = {table: [file] for table, name in names.items() if name in (stem, path.name)}
    return Layout(tables=tables, failures={}, unread=[])


def is_read(path: Path) -> bool:
    """Check whether a file is of a kind that is read as a table."""
    return _READ.search(path.name) is not None


def is_spreadsheet(path: Path) -> bool:
    """Check whether a file is a spreadsheet."""
    return path.name.endswith(_SHEETS)


def stem_of(name: str) -> str:
    """Return the table that a file is a part of, by its name alone.

    Examples
    --------
    >>> stem_of("sales-2024.csv.gz"), stem_of("Kunden.xlsx")
    ('sales', 'Kunden')
    """
    return re.sub(f"{_NUMBER}$", "", _READ.sub("", name)) or _READ.sub("", name)


def named(files: Sequence[TableFile]) -> str:
    """List the names of files, at most so many."""
    return listed([file.name for file in files])


def listed(names: Sequence[str]) -> str:
    """List names, at most so many."""
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")


def _longest(entry: str, names: Mapping[str, object]) -> str | None:
    begins = [name for name in names if entry.casefold().startswith(name.casefold())]
    return max(begins, key=len, default=None)


def _sort_in(path: Path, folder: Path, name: str, into: tuple[list[TableFile], list[str], list[str]]) -> None:
    """Put a file among those that are read, are refused or are passed over."""
    held, refused, unread = into
    relative = path.relative_to(folder)
    within = len(relative.parts) > 1
    begins = path.name.casefold().startswith(name.casefold())
    part = re.fullmatch(rf"{re.escape(name)}({_NUMBER})?{_KINDS}", path.name) or path.name == name
    if _READ.search(path.name) and (part or (within and not begins)):
        held.append(TableFile(path=path, name=relative.as_posix(), keys=_keys(relative)))
    elif _READ.search(path.name.lower()) and (begins or within):
        refused.append(relative.as_posix())
    else:
        unread.append(relative.as_posix())


def files_below(folder: Path) -> Iterator[Path]:
    """Return the files below a folder; names with a dot or a line in front are notes of the programs that wrote it."""
    seen = set()
    for root, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        hidden = Path(root).name.startswith((".", "_")) and "=" not in Path(root).name
        if real in seen or (hidden and Path(root) != folder):
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        for name in sorted(files):
            if not name.startswith((".", "_")) and (Path(root) / name).is_file():
                yield Path(root) / name


def _keys(relative: Path) -> dict[str, str | None]:
    steps = [step.split("=", 1) for step in relative.parts[:-1] if "=" in step]
    return {unquote(key): None if value == _NULL else unquote(value) for key, value in steps if key}


def _hudi(folder: Path) -> str | None:
    """Say why the files of a folder are more than its rows: such a table also holds those that were deleted."""
    if not (folder / ".hoodie").exists():
        return None
    return (
        f"{folder.name}: the folder is a table of Apache Hudi, whose files also hold rows that were changed or "
        "deleted. Export the table as Parquet."
    )


def _refusal(table: str, name: str, refused: Sequence[str]) -> str | None:
    if not refused:
        return None
    verbs = "begins with the table's name, but is" if len(refused) == 1 else "begin with the table's name, but are"
    stem = name.split(".")[0]
    return (
        f"{table}: {listed(refused)} {verbs} neither the table nor a part of it ({stem}.csv, {stem}-1.csv, "
        f"{stem}_2024-01.csv, or files in a folder {stem}; small and capital letters as here). Rename what belongs to "
        "it, and move elsewhere what does not."
    )


def _twice(table: str, files: Sequence[TableFile]) -> str | None:
    """Refuse a table in two formats, or a part that lies there as it is and compressed."""
    kinds = {file.kind for file in files}
    if len(kinds) > 1:
        return f"{table}: found as {' and as '.join(sorted(kinds))} ({named(files)}). Keep one of the two."
    stems = [file.name.removesuffix(".gz") for file in files]
    twice = [file for file, stem in zip(files, stems, strict=True) if stems.count(stem) > 1] if len(files) > 1 else []
    return f"{table}: found compressed and as it is ({named(twice)}). Keep one of the two." if twice else None
