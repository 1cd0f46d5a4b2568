"""Public datasets and exports of platforms as shops: each importer turns files into the contract's tables.

A new dataset is one file with a ``read`` function and its line in ``IMPORTERS``; a platform is one in ``platforms``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from churnml.data.contract import TABLES
from churnml.data.files import whole_folder
from churnml.data.importers import cdnow, dataco, olist, online_retail_ii
from churnml.data.importers.imported import Imported, Importer, contract_table
from churnml.data.importers.platforms import PLATFORMS
from churnml.data.importers.platforms.derive import CustomerIds
from churnml.data.importers.platforms.files import wanted
from churnml.data.importers.platforms.importing import read_exports
from churnml.errors import InputError

__all__ = ["IMPORTERS", "ImportReport", "Imported", "Importer", "import_dataset", "importers"]

IMPORTERS: dict[str, Importer] = {
    "cdnow": cdnow.read,
    "dataco": dataco.read,
    "olist": olist.read,
    "online-retail-ii": online_retail_ii.read,
}
_PUBLISHED = {
    "cdnow": "CDNOW_master.txt",
    "dataco": "DataCoSupplyChainDataset.csv",
    "olist": "the folder of published CSV files",
    "online-retail-ii": "online_retail_II.xlsx",
}


def importers() -> dict[str, str]:
    """Return the files that each importer wants, by its name: public datasets first, then platforms."""
    return _PUBLISHED | {name: wanted(platform) for name, platform in PLATFORMS.items()}


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


def import_dataset(
    name: str, source: str | Path, out: str | Path, *, carry: Sequence[str] = (), customer_ids: CustomerIds = "email"
) -> ImportReport:
    """Write a public dataset, or a platform's exports, as a shop: one ``<table>.parquet`` per table.

    The same content gives the same bytes. Tables of an earlier import of this kind that this one does not have are
    removed from ``out``; its other files stay, so that orders of a shop system and tickets of a help desk meet there.

    Parameters
    ----------
    name : str
        Name of the dataset or platform, a key of ``importers()``.
    source : str or Path
        File, or the folder that holds the files; of WooCommerce, Magento and PrestaShop also the address of the
        shop's database, ``mysql://user@host/database``.
    out : str or Path
        Folder to fill; made where it is missing.
    carry : sequence of str, optional
        Personal columns of a platform that come along into customers, such as ``email`` and ``phone``.
    customer_ids : {'email', 'platform'}, optional
        What names a platform's customers: a pseudonym of the e-mail address, which is the same on all platforms, or
        the platform's own number; the other one where there is none.

    Raises
    ------
    InputError
        Where the name is not known, the source is missing or of another shape, or ``out`` cannot be written.
    """
    if name in PLATFORMS:
        place = source if isinstance(source, str) and "://" in source else Path(source)
        imported = read_exports(PLATFORMS[name], place, carry, customer_ids)
        owned: Sequence[str] = PLATFORMS[name].tables
    elif name not in IMPORTERS:
        raise InputError(f"{name}: is nothing that can be imported. Choose one of: {', '.join(importers())}.")
    elif carry:
        raise InputError(f"`carry`: {name} holds no personal columns. Leave it out.")
    else:
        imported, owned = IMPORTERS[name](Path(source)), list(TABLES)
    tables = {table: contract_table(table, rows) for table, rows in imported.tables.items()}
    with whole_folder(out, owned=[f"{table}.parquet" for table in owned]) as folder:
        for table, rows in tables.items():
            pq.write_table(rows, folder / f"{table}.parquet", compression="zstd")
    return ImportReport(
        rows={table: rows.num_rows for table, rows in tables.items()},
        left_out=imported.left_out,
        notes=imported.notes,
    )
