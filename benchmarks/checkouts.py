"""Whether two checkouts of churnml compute the same: lists, models and key figures, to the last bit.

    git worktree add ../before HEAD~1
    python benchmarks/checkouts.py ../before . --customers 5000
    python benchmarks/checkouts.py ../before . --shop SHOP --shop OTHER

Both run the same commands on the same shops, by the Python that runs this. Sentences, names of rules, changes since an
earlier list and versions are words, and may differ; every other column of the list, the trees, each number and code of
the artefact and all key figures may not. What only the later one tells is new, and no difference. Ends with 1 where
something differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

WORDS = ["reason_1", "reason_2", "reason_3", "play_rule", "change", "model_version"]
# The card of 0.1 is written in words, and lists hashes of files that hold them; a format says how, not what.
_WRITTEN = {"card", "files", "format"}
_IN_WORDS = {"describe", "formulas"}
_SHOWN = 20


def run(checkout: Path, folder: Path, *command: str) -> str:
    """Run a command of a checkout in a folder of its own and give what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "CHURNML_CACHE": str(folder / "cache")}
    environment.pop("MLFLOW_TRACKING_URI", None)
    done = subprocess.run(
        [sys.executable, "-m", "churnml.cli", *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{checkout}: churnml {' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def results(checkout: Path, shop: Path, config: Path | None) -> dict[str, Any]:
    """Train and rank a shop with a checkout, and give all that it computed by name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        more = [] if config is None else ["--config", str(config)]
        run(checkout, folder, "run", str(shop), "--out", "list", *more)
        (model,) = folder.glob("models/artifacts/models/*/artifacts/data/model")
        artefact = json.loads((model / "model.json").read_text(encoding="utf-8"))
        files = {path.name: path.read_text(encoding="utf-8") for path in model.iterdir() if path.name != "model.json"}
        kpis = json.loads(run(checkout, folder, "kpis", str(shop), "--json", *more))
        return {
            "list": pd.read_parquet(folder / "list" / "ranking.parquet").drop(columns=WORDS),
            "artefact": {key: value for key, value in artefact.items() if key not in _WRITTEN},
            "numbers of the card": {
                way: value for way, value in leaves(artefact["card"]) if not isinstance(value, str)
            },
            "files": files,
            "key figures": kpis,
        }


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Give what stands at the ends of nested maps and lists, each with the way to it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        yield name, value
        return
    for key, below in inner:
        if key not in _IN_WORDS:
            yield from leaves(below, f"{name}.{key}")


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Name what differs from an earlier result, were it a bit of a number; what is told besides is passed over."""
    found = []
    left, right = one.pop("list"), other.pop("list")
    if list(left) != list(right) or len(left) != len(right):
        found.append(f"list: {len(left)} rows of {list(left)}, {len(right)} rows of {list(right)}")
    else:
        changed = {name: int((~same(left[name], right[name])).sum()) for name in left}
        found += [f"list.{name}: {rows} of {len(left)} rows" for name, rows in changed.items() if rows]
    mine, theirs = dict(leaves(one)), dict(leaves(other))
    for name in mine:
        if name not in theirs or repr(mine[name]) != repr(theirs[name]):
            found.append(f"{name[1:]}: {str(mine.get(name))[:60]} -> {str(theirs.get(name))[:60]}")
    return found


def same(one: pd.Series, other: pd.Series) -> pd.Series:
    """Tell where two columns hold the same; null is the same as null."""
    return (one == other) | (one.isna() & other.isna())


def main() -> None:
    """Run both checkouts on every shop and print what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--shop", type=Path, action="append", default=[], help="a shop; may be given several times")
    parser.add_argument("--customers", type=int, default=0, help="simulate a shop of so many customers too")
    parser.add_argument("--config", type=Path, help="settings for both")
    asked = parser.parse_args()
    before, after = asked.before.resolve(), asked.after.resolve()
    config = None if asked.config is None else asked.config.resolve()
    alike = True
    with tempfile.TemporaryDirectory() as name:
        shops = [shop.resolve() for shop in asked.shop]
        if asked.customers:
            folder = Path(name)
            run(before, folder, "simulate", "--out", "demo", "--customers", str(asked.customers), "--seed", "7")
            shops.insert(0, folder / "demo")
        if not shops:
            parser.error("Name a shop, or a number of customers to simulate.")
        for shop in shops:
            found = differences(results(before, shop, config), results(after, shop, config))
            alike &= not found
            print(f"{shop.name}: {f'{len(found)} differences' if found else 'the same'}", flush=True)
            for line in found[:_SHOWN]:
                print(f"  {line}")
    sys.exit(not alike)


if __name__ == "__main__":
    main()
