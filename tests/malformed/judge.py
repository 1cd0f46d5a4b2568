"""What may not happen with a malformed shop: a traceback, or a difference from an independent count without a note."""

from __future__ import annotations

import re
import tempfile
import traceback
from itertools import combinations
from pathlib import Path

import polars as pl

import churnml
from churnml.data.contract import TABLES
from churnml.data.shop import Shop as ReadShop
from churnml.errors import ChurnmlError
from tests.malformed.shops import Shop, make_shop, write_shop

_NOBODY = ("", "nan", "none", "null", "#n/a", "<na>", "n/a", "\\n", "nat", "(null)")
_DEEP_EVERY = 20
_COUNT = re.compile(r"(?<![\w.])(\d[\d,]*)(?![\w.]*\d)")


def judge(seed: int, folder: Path, *, deep: bool = False) -> str:
    """Write the shop of a seed into an empty folder, read it, and say what became of it.

    Parameters
    ----------
    seed
        Which shop.
    folder
        An empty folder.
    deep
        Also build features and key figures where the shop was accepted.

    Returns
    -------
    str
        ``refused``, ``accepted``, or ``not compared`` where Polars reads none of its files.

    Raises
    ------
    AssertionError
        Where the shop was neither refused with a sentence nor read as it stands.
    Exception
        What churnml raised that is no error of its own.
    """
    made = make_shop(seed)
    path = write_shop(made, folder)
    try:
        report = churnml.check(path)
        shop = churnml.read(path)
    except ChurnmlError as error:
        return "refused" if error.failures else "refused without a word"
    assert not report.failures, f"read took what check refuses: {report.failures}"
    compared = [_compare(name, made, path, shop, report.notes) for name in shop.tables]
    if deep:
        _use(shop)
    return "accepted" if any(compared) else "not compared"


def tell(seed: int) -> tuple[str, str]:
    """Judge one shop and give its outcome, and what is wrong where it failed."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return judge(seed, Path(folder), deep=seed % _DEEP_EVERY == 0), ""
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            told = " ".join(str(error).split())[:600]
            faults = ", ".join(make_shop(seed).faults)
            return "failed", f"{seed} ({faults}): {type(error).__name__} at {Path(where.filename).name}: {told}"


def _use(shop: ReadShop) -> None:
    try:
        churnml.build_features(shop, shop.last_day)
        churnml.analyse(shop, shop.last_day)
    except ChurnmlError:
        pass  # a sentence, such as that the history is too short


def _compare(name: str, made: Shop, path: Path, shop: ReadShop, notes: list[str]) -> bool:
    """Hold the accepted rows of a table against those that Polars counts; False where Polars cannot read it."""
    there = _by_polars(name, made, path)
    if there is None:
        return False
    assert shop.report.rows[name] == len(there), f"{name}: {shop.report.rows[name]} rows read, Polars {len(there)}"
    contract = [column for column in [*TABLES[name].column, "recorded_at"] if column in there.columns]
    kept = there.select(contract if not TABLES[name].attributes else there.columns).unique()
    if "customer_id" in TABLES[name].column:
        kept = kept.filter(~pl.col("customer_id").fill_null("").str.strip_chars().str.to_lowercase().is_in(_NOBODY))
    accepted = shop.tables[name].to_polars()
    assert len(accepted) <= len(kept), f"{name}: {len(accepted)} rows accepted, at most {len(kept)} by Polars"
    left_out = len(there) - len(accepted)
    counts = [
        int(found[1].replace(",", "")) for note in notes if note.startswith(name) and (found := _COUNT.search(note))
    ]
    sums = {sum(some) for size in range(len(counts) + 1) for some in combinations(counts, size)}
    assert left_out in sums, f"{name}: {left_out} rows left out, but the notes say {counts}: {notes}"
    if "amount" in TABLES[name].column and len(accepted) == len(kept):
        ours = float(accepted["amount"].sum() or 0)
        theirs = float(kept["amount"].str.strip_chars().cast(pl.Float64).sum())
        assert abs(ours - theirs) <= 1e-9 * abs(theirs) + 1e-4 * len(kept), f"{name}.amount: {ours}, Polars {theirs}"
    return True


def _by_polars(name: str, made: Shop, path: Path) -> pl.DataFrame | None:
    """Read a table's files as text, independently; None where Polars refuses them."""
    layout = made.layout
    if not layout.form.startswith("csv"):
        table = made.tables[name]
        rows = [dict(zip(table.header, row, strict=False)) for row in table.rows]
        return pl.DataFrame(rows, schema=dict.fromkeys(table.header, pl.String))
    patterns = (f"{stem}.csv{packed}" for stem in (name, f"{name}-[0-9]*") for packed in ("", ".gz"))
    files = [file for pattern in patterns for file in sorted(path.glob(pattern))]
    skipped = layout.before.count("\n")
    try:
        frames = [
            pl.read_csv(
                file,
                separator=layout.delimiter,
                infer_schema=False,
                skip_lines=skipped,
                eol_char="\r" if layout.line_end == "\r" else "\n",
            )
            for file in files
        ]
        return pl.concat(frames, how="diagonal")
    except (pl.exceptions.PolarsError, OSError):
        return None
