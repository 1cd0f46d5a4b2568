"""A platform's files, written and imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from churnml.data.importers import ImportReport, import_dataset
from churnml.data.importers.platforms.typed import pseudonym
from churnml.data.reading import check

SAMPLES = Path(__file__).parent / "samples"
ANN, BOB, CEM = (pseudonym(f"{name}@example.com") for name in ("ann", "bob", "cem"))


def sample(path: str) -> bytes:
    return (SAMPLES / path).read_bytes()


def samples(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((SAMPLES / folder).iterdir())}


@dataclass
class Shop:
    """An imported shop: the report, and rows by table."""

    report: ImportReport
    folder: Path
    rows: dict[str, list[dict[str, Any]]]

    def column(self, table: str, name: str, by: str) -> dict[Any, Any]:
        return {row[by]: row[name] for row in self.rows[table]}

    def check(self) -> None:
        assert check(self.folder).failures == []


Imports = Callable[..., Shop]


@pytest.fixture
def imports(tmp_path: Path) -> Imports:
    """Write files of a platform into a folder, and import it."""

    def run(platform: str, files: dict[str, bytes], into: str = "shop", **options: Any) -> Shop:
        source = tmp_path / platform
        source.mkdir(exist_ok=True)
        for name, content in files.items():
            (source / name).write_bytes(content)
        out = tmp_path / into
        report = import_dataset(platform, source, out, **options)
        rows = {path.stem: pq.read_table(path).to_pylist() for path in sorted(out.glob("*.parquet"))}
        return Shop(report, out, rows)

    return run
