"""Public datasets as shops: each importer turns published files into the contract's tables.

A new importer is one file with a ``read`` function and its line in ``IMPORTERS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from churnml.data.contract import TABLES
from churnml.data.files import whole_folder
from churnml.data.importers import cdnow, dataco, olist, online_retail_ii
from churnml.data.importers.imported import Imported, Importer, contract_table
from churnml.errors import InputError

__all__ = ["IMPORTERS", "ImportReport", "Imported", "Importer", "import_dataset"]

IMPORTERS: dict[str, Importer] = {
    "cdnow": cdnow.read,
    "dataco": dataco.read,
    "olist": olist.read,
    "online-retail-ii": online_retail_ii.read,
}


@dataclass(frozen=True)
class ImportReport:
    """What an import wrote and what it left out.

    Attributes
    ----------
    rows : dict of str to int
        Number of rows written, by table.
    left_out : dict of str to int
        Number of source lines left out, by reason; 0 where none was.
    notes : tuple of str
        Sentences about what was kept or could not be told.
    """

    rows: dict[str, int]
    left_out: dict[str, int]
    notes: tuple[str, ...] = ()


def import_dataset(name: str, source: str | Path, out: str | Path) -> ImportReport:
    """Write a public dataset as a shop: one ``<table>.parquet`` per table.

    The same content gives the same bytes. Tables of an earlier import that this one does not have are removed from
    ``out``; its other files stay.

    Parameters
    ----------
    name : str
        Name of the dataset, a key of ``IMPORTERS``.
    source : str or Path
        Published file, or the folder that holds it.
    out : str or Path
        Folder to fill; made where it is missing.

    Raises
    ------
    InputError
        Where the dataset is not known, the source is missing or of another shape, or ``out`` cannot be written.
    """
    if name not in IMPORTERS:
        raise InputError(
            f"{name}: is not a dataset that can be imported. Choose one of: {', '.join(sorted(IMPORTERS))}."
        )
    imported = IMPORTERS[name](Path(source))
    tables = {table: contract_table(table, rows) for table, rows in imported.tables.items()}
    with whole_folder(out, owned=[f"{table}.parquet" for table in TABLES]) as folder:
        for table, rows in tables.items():
            pq.write_table(rows, folder / f"{table}.parquet", compression="zstd")
    return ImportReport(
        rows={table: rows.num_rows for table, rows in tables.items()},
        left_out=imported.left_out,
        notes=imported.notes,
    )
