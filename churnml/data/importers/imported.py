"""What an importer hands over, and the steps that every importer shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnml.data.contract import TABLES
from churnml.errors import InputError

MONEY = pa.decimal128(18, 4)
_ARROW_TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "flag": pa.bool_(),
    "money": MONEY,
    "time": pa.timestamp("us"),
    "plan": pa.timestamp("us"),
}


@dataclass(frozen=True)
class Imported:
    """A public dataset in the contract's tables.

    Attributes
    ----------
    tables : mapping of str to pandas DataFrame or Arrow table
        Rows in contract columns, by contract table.
    left_out : dict of str to int
        Number of source lines left out, by reason; a line counts once, 0 where none was.
    notes : tuple of str
        Sentences about what was kept or could not be told, for the user to read.
    """

    tables: Mapping[str, pd.DataFrame | pa.Table]
    left_out: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


Importer = Callable[[Path], Imported]


def contract_table(name: str, rows: pd.DataFrame | pa.Table) -> pa.Table:
    """Convert rows to the contract's column order and types, sorted by the table's key.

    Parameters
    ----------
    name : str
        Name of a table of the contract.
    rows : pandas DataFrame or Arrow table
        Rows with the required columns and any of the optional ones. Further columns stay as attributes where the
        contract keeps them, and go otherwise.

    Returns
    -------
    Arrow table
        Table of one chunk, without pandas metadata, so that equal rows give equal files.
    """
    table = TABLES[name]
    arrow = pa.Table.from_pandas(rows, preserve_index=False) if isinstance(rows, pd.DataFrame) else rows
    columns = {}
    for column in table.columns:
        if column.required or column.name in arrow.column_names:
            values = arrow.column(column.name)
            columns[column.name] = values.cast(_arrow_type(column.type, values.type))
    if table.attributes:
        for attribute in arrow.column_names:
            if attribute not in columns:
                values = arrow.column(attribute)
                is_text = pa.types.is_large_string(values.type)
                columns[attribute] = values.cast(pa.string()) if is_text else values
    ordered = pa.table(columns).sort_by([(key, "ascending") for key in table.key if key in columns])
    return ordered.combine_chunks()


def _arrow_type(kind: str, given: pa.DataType) -> pa.DataType:
    """Return the type of a contract column; times that have a zone keep it, and the door converts them."""
    if pa.types.is_timestamp(given) and given.tz is not None:
        return pa.timestamp("us", given.tz)
    return _ARROW_TYPES.get(kind, given)


def money(ten_thousandths: npt.NDArray[np.int64] | Sequence[int]) -> pa.Array:
    """Turn whole ten-thousandths of the currency unit into DECIMAL(18,4), exactly."""
    whole = pa.array(ten_thousandths, pa.int64()).cast(pa.decimal128(19, 0))
    return pc.multiply(whole, pa.scalar(Decimal("0.0001"), pa.decimal128(4, 4))).cast(MONEY)


def examples(values: list[str], limit: int = 5) -> str:
    """Join the first values for a message, with dots where there are more."""
    return ", ".join([*values[:limit], "..."] if len(values) > limit else values)


def existing(source: Path, remedy: str) -> Path:
    """Return the source if it is there and is not an archive.

    Raises
    ------
    InputError
        Where there is no such file or folder, or it is a ``.zip``, ``.gz`` or the like.
    """
    if not source.exists():
        raise InputError(f"{source}: there is no such file or folder. {remedy}")
    if source.is_file() and source.suffix.lower() in {".zip", ".gz", ".7z", ".rar", ".tar"}:
        raise InputError(f"{source}: is an archive. Unpack it and name the file inside. {remedy}")
    return source


def listing(folder: Path) -> str:
    """Name the files of a folder for a message."""
    return examples(sorted(path.name for path in folder.iterdir()), limit=10) or "nothing"
