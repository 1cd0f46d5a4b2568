"""How soon a planted fault is raised, and how often anything is in a year without one.

    python benchmarks/faults.py [--customers 20000] [--seeds 5] [--kind fashion]

Each seed simulates a shop twice: as it is, and with the returns of its most sold product doubled from a day on. On
every Monday from then on it asks what `churnml kpis` would raise: of the faulty product, the weeks until it is raised;
of the shop without a fault, how many products, categories and cities are raised in a year of weekly looks, each counted
once as long as it goes on being raised.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
from pathlib import Path

import churnml
from churnml.analytics.faults import compute_faults
from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.datasets import Fault, simulate

DAY = dt.date(2025, 1, 6)
LONGEST_WEEKS = 25
YEAR_WEEKS = 52


def main() -> None:
    """Measure, and print a line per seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--kind", default="fashion")
    given = parser.parse_args()
    for seed in range(given.seeds):
        with tempfile.TemporaryDirectory() as folder:
            simulate(f"{folder}/as_it_is", given.customers, seed, kind=given.kind)
            shop = churnml.read(Path(folder) / "as_it_is")
            product, a_week = most_sold(shop)
            fault = Fault(product=int(product[1:]), day=DAY)
            simulate(f"{folder}/faulty", given.customers, seed, kind=given.kind, fault=fault)
            weeks, events = until_raised(churnml.read(Path(folder) / "faulty"), product)
            raised = raised_in_a_year(shop)
        print(
            f"seed {seed}: {product}, {a_week:.1f} orders a week, raised after {weeks} weeks ({events}); "
            f"without a fault {len(raised)} raised in a year {raised}",
            flush=True,
        )


def most_sold(shop: Shop) -> tuple[str, float]:
    """Return the product of most orders in the quarter before the fault, and its orders per week."""
    items = History(shop, DAY).table("order_items")
    newest = items.filter(items.ordered_at >= dt.datetime(2024, 10, 7))
    counts = newest.group_by("product_id").aggregate(orders=newest.order_id.nunique()).to_pandas()
    first = counts.sort_values(["orders", "product_id"], ascending=[False, True]).iloc[0]
    return str(first["product_id"]), float(first["orders"]) / 13


def until_raised(shop: Shop, product: str) -> tuple[int | None, str]:
    """Return the weeks after which a product is raised for its returns, and what is then said."""
    for week in range(1, LONGEST_WEEKS + 1):
        faults = compute_faults(History(shop, DAY + dt.timedelta(weeks=week)))
        own = faults[(faults["fault"] == "returns") & (faults["value"] == product)]
        if len(own):
            row = own.iloc[0]
            return week, f"{row.events} returns where {row.expected:.1f} were expected, among {row.looked_at}"
    return None, "never"


def raised_in_a_year(shop: Shop) -> list[str]:
    """Return what is raised in a year of weekly looks, each value once per spell."""
    before: set[str] = set()
    found = []
    for week in range(YEAR_WEEKS):
        faults = compute_faults(History(shop, dt.date(2024, 7, 1) + dt.timedelta(weeks=week)))
        now = {f"{row.fault} of {row.value}" for row in faults.itertuples()}
        found += sorted(now - before)
        before = now
    return found


if __name__ == "__main__":
    main()
