"""A shop system's own database gives what its tables give as files."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest

from churnml.data.importers import import_dataset
from churnml.errors import InputError
from tests.data.importers.platforms.conftest import Imports, samples
from tests.servers import load_mariadb


def frames(folder: str, separator: str, times: list[str]) -> dict[str, pd.DataFrame]:
    tables = {}
    for file, content in samples(folder).items():
        table = pd.read_csv(BytesIO(content), sep=separator)
        for column in table.columns.intersection(times):
            # Days that are none stay text.
            if not table[column].str.startswith("0000").any():
                table[column] = pd.to_datetime(table[column])
        tables[Path(file).stem] = table
    return tables


@pytest.mark.parametrize(
    ("platform", "folder", "separator", "times"),
    [
        ("woocommerce", "woocommerce/tables", ",", ["date_created_gmt", "date_updated_gmt", "date_registered"]),
        ("magento", "magento/tables", ",", ["created_at", "updated_at"]),
        ("prestashop", "prestashop", ";", ["date_add", "date_upd"]),
    ],
)
def test_tables_of_the_database_give_the_same_bytes_as_files(
    platform: str, folder: str, separator: str, times: list[str], mariadb: str, imports: Imports, tmp_path: Path
) -> None:
    shop = imports(platform, samples(folder))
    other = pd.DataFrame({"id": [1], "post_title": ["Hello"]})
    address = load_mariadb(mariadb, frames(folder, separator, times) | {"wp_posts": other})
    report = import_dataset(platform, address, tmp_path / "database")
    assert report == shop.report
    for path in shop.folder.iterdir():
        assert path.read_bytes() == (tmp_path / "database" / path.name).read_bytes(), path.name


def test_what_is_wrong_is_named_by_the_address(mariadb: str, tmp_path: Path) -> None:
    tables = frames("woocommerce/tables", ",", [])
    tables["wp_wc_orders"]["total_amount"] = "much"
    address = load_mariadb(mariadb, {"wp_wc_orders": tables["wp_wc_orders"]})
    shown = address.replace(":secret@", "@")
    said = f"{shown}/wp_wc_orders.csv: total_amount: 4 values are not an amount (line 2: 'much', "
    with pytest.raises(InputError, match=re.escape(said)):
        import_dataset("woocommerce", address, tmp_path / "shop")
    with pytest.raises(InputError, match=re.escape("Shopify is imported from files. Give Orders > Export (CSV)")):
        import_dataset("shopify", address, tmp_path / "shop")
