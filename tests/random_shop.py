"""Random shops of all tables around a snapshot, and what changes in them without being known on that day."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from churnml.data.contract import TABLES
from churnml.features.family import WINDOWS

Tables = dict[str, pd.DataFrame]


class Maker:
    """Draws the tables of a shop around a snapshot; ``known_until`` leaves out all that happens later."""

    def __init__(self, seed: int, snapshot: date, customers: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.now = pd.Timestamp(snapshot)
        self.customers = [f"c{number:02d}" for number in range(customers)]

    def times(self, count: int, days_before: int = 800, days_after: int = 120) -> pd.Series:
        """Draw event times, many of them at the borders of windows, at midnight of the snapshot, or equal."""
        seconds = self.rng.integers(-days_before * 86_400, days_after * 86_400, count)
        borders = np.array([0, -1, *(-days * 86_400 - early for days in WINDOWS for early in (0, 1))])
        drawn = np.where(self.rng.random(count) < 0.3, self.rng.choice(borders, count), seconds)
        drawn[: count // 5] = drawn[0]
        # Every table has rows of the past, two of them at the same time, one at the snapshot and one after it.
        drawn[:4] = [-40 * 86_400, -40 * 86_400, 0, 86_400]
        return pd.Series(self.now + pd.to_timedelta(drawn, unit="s"))

    def later(self, times: pd.Series, days: int = 40, null: float = 0.3, least: int = 0) -> pd.Series:
        """Draw times that follow others; some are null, some are exactly at the snapshot, the first ones are past."""
        after = times + pd.to_timedelta(self.rng.integers(least * 86_400, days * 86_400, len(times)), unit="s")
        after = after.mask(self.rng.random(len(times)) < 0.1, self.now).where(lambda after: after >= times, times)
        after[:2] = times[:2] + pd.Timedelta(days=1)
        return after.mask((self.rng.random(len(times)) < null) & (after.index > 1))

    def whole(self, low: int, high: int, count: int) -> np.ndarray:
        return self.rng.integers(low, high, count)

    def pick(self, values: list[str], count: int) -> np.ndarray:
        return self.rng.choice(np.array(values), count)

    def placed(self, orders: pd.DataFrame, times: pd.Series) -> pd.Series:
        """Draw an order for each time, none where it was placed later."""
        drawn = pd.Series(self.pick(list(orders["order_id"]), len(times)))
        return drawn.where(drawn.map(orders.set_index("order_id")["ordered_at"]) <= times, None)

    def tables(self, part: str = "x") -> Tables:
        """Draw all tables of the contract; ``part`` keeps the ids of two draws apart."""
        n = 14 * len(self.customers)
        few = max(n // 3, 6)

        def ids(kind: str, count: int) -> list[str]:
            return [f"{part}-{kind}{number}" for number in range(count)]

        orders = pd.DataFrame({"order_id": ids("o", n), "customer_id": self.pick(self.customers, n)})
        orders["ordered_at"] = self.times(n)
        orders["amount"] = self.whole(0, 20_000, n) / 100
        orders["discount"] = self.whole(0, 500, n) * self.whole(0, 2, n) / 100
        orders["channel"] = self.pick(["web", "app"], n)
        orders["cancelled_at"] = self.later(orders["ordered_at"], null=0.85)
        sent = orders[self.rng.random(n) < 0.8].reset_index(drop=True)
        deliveries = sent[["order_id"]].copy()
        deliveries["promised_at"] = sent["ordered_at"].dt.floor("D") + pd.to_timedelta(self.whole(1, 6, len(sent)), "D")
        deliveries["shipped_at"] = self.later(sent["ordered_at"], days=3)
        deliveries["delivered_at"] = self.later(sent["ordered_at"], days=14, least=1)
        deliveries["shipped_at"] = _not_after(deliveries["shipped_at"], deliveries["delivered_at"])
        items = orders[["order_id"]].assign(product_id=self.pick(["p", "q", "r"], n), quantity=self.whole(1, 4, n))
        items["unit_price"] = self.whole(100, 9_000, n) / 100
        items["category"] = self.pick(["shoes", "books"], n)
        made = {"orders": orders, "deliveries": deliveries, "order_items": items}

        def of_customers(kind: str, time: str) -> pd.DataFrame:
            rows = pd.DataFrame({f"{kind}_id": ids(kind, few), "customer_id": self.pick(self.customers, few)})
            return rows.assign(**{time: self.times(few)})

        complaints = of_customers("complaint", "opened_at")
        complaints["order_id"] = self.placed(orders, complaints["opened_at"])
        complaints["first_response_at"] = self.later(complaints["opened_at"], days=3)
        complaints["resolved_at"] = self.later(complaints["opened_at"])
        complaints["topic"] = self.pick(["delivery", "product"], few)
        complaints["severity"] = self.pick(["low", "high"], few)
        complaints["text"] = self.pick(["", "late"], few)
        returns = of_customers("return", "returned_at").assign(amount=self.whole(0, 9_000, few) / 100)
        returns["order_id"] = self.placed(orders, returns["returned_at"])
        returns["reason"] = self.pick(["size", "fault"], few)
        reviews = of_customers("review", "submitted_at").assign(rating=self.whole(1, 6, few), scale=5.0)
        reviews["order_id"] = self.placed(orders, reviews["submitted_at"])
        reviews["text"] = self.pick(["", "fine"], few)
        visits = of_customers("visit", "visited_at").drop(columns="visit_id")
        visits = visits.assign(pages=self.whole(1, 30, few), added_to_cart=self.whole(0, 3, few))
        rewards = of_customers("reward", "changed_at").drop(columns="reward_id")
        rewards = rewards.assign(points=self.whole(-50, 90, few), kind=self.pick(["earned", "redeemed"], few))
        rewards["tier"] = self.pick(["basic", "silver", "gold"], few)
        contacts = of_customers("contact", "sent_at").assign(campaign=self.pick(["spring", "summer"], few))
        contacts["arm"] = self.pick(["treatment", "control"], few)
        contacts["offer"] = self.pick(["coupon", "none"], few)
        contacts["opened_at"] = self.later(contacts["sent_at"], days=3)
        contacts["clicked_at"] = self.later(contacts["sent_at"], days=3)
        contacts["opened_at"] = _not_after(contacts["opened_at"], contacts["clicked_at"])
        contacts["cost"] = 0.25
        subscriptions = of_customers("subscription", "started_at").assign(plan="box", price=9.9)
        subscriptions["ended_at"] = subscriptions["started_at"] + pd.Timedelta(days=365)
        subscriptions["cancelled_at"] = self.later(subscriptions["started_at"])
        subscriptions["cancel_reason"] = self.pick(["price", "moved"], few)
        customers = pd.DataFrame({"customer_id": [*self.customers, f"{part}-never"], "contactable": True})
        customers["signed_up_at"] = self.now - pd.Timedelta(days=900)
        customers["referred_by"] = self.customers[0]
        orders["discount_code"] = self.pick(["SPRING", ""], n)
        returns["product_id"] = self.pick(["p", "q", "r"], few)
        returns["refunded_at"] = self.later(returns["returned_at"])
        contacts["redeemed_at"] = self.later(contacts["sent_at"])
        contacts["outcome"] = self.pick(["reached", ""], few)
        return made | {
            "complaints": complaints,
            "returns": returns,
            "reviews": reviews,
            "visits": visits.drop_duplicates(["customer_id", "visited_at"]),
            "rewards": rewards.drop_duplicates(["customer_id", "changed_at", "kind"]),
            "contacts": contacts,
            "subscriptions": subscriptions,
            "customers": customers,
        }


def _not_after(times: pd.Series, others: pd.Series) -> pd.Series:
    """Give times, those of the others where they come later; where only the other is known, it is both."""
    return times.where(~(others < times) & (times.notna() | others.isna()), others)


def event_times(tables: Tables, name: str) -> pd.Series:
    """Give the time at which each row of a table begins."""
    event_time = TABLES[name].event_time
    if event_time is not None:
        return tables[name][event_time]
    return tables[name]["order_id"].map(tables["orders"].set_index("order_id")["ordered_at"])


def late_times(name: str) -> list[str]:
    """Name the columns of a table that become known later than its rows."""
    return [
        column.name
        for column in TABLES[name].columns
        if column.type == "time" and column.name != TABLES[name].event_time
    ]


def without_later(tables: Tables, now: pd.Timestamp) -> Tables:
    """Leave out every row and every time at or after a moment, as if the tables had been exported then."""
    known = {}
    for name, table in tables.items():
        rows = table[(event_times(tables, name) < now).to_numpy()].copy()
        for column in late_times(name):
            rows[column] = rows[column].where(rows[column] < now)
        for column in TABLES[name].columns:
            if column.known_with is not None:
                rows[column.name] = rows[column.name].where(rows[column.known_with].notna())
        known[name] = rows
    return known


def with_other_later(tables: Tables, other: Tables, now: pd.Timestamp) -> Tables:
    """Change all that happens at or after a moment: other rows, and other times where nothing was known yet."""
    changed = {}
    for name, rows in without_later(tables, now).items():
        for number, column in enumerate(late_times(name)):
            later = pd.Series(now + pd.to_timedelta(np.arange(len(rows)) % 9 * (number + 1), unit="D"), rows.index)
            rows[column] = rows[column].fillna(later)
        for column in TABLES[name].columns:
            if column.known_with is not None:
                rows[column.name] = rows[column.name].fillna("known later")
        added = other[name][(event_times(other, name) >= now).to_numpy()]
        changed[name] = pd.concat([rows, added], ignore_index=True)
    return changed


def recorded_late(tables: Tables, other: Tables, now: pd.Timestamp) -> Tables:
    """Say when rows reached the warehouse, and add rows of the past that reached it at the snapshot or later."""
    made = {}
    for name, table in tables.items():
        event = event_times(tables, name)
        in_time = table.assign(recorded_at=event.to_numpy())
        added = other[name].assign(recorded_at=now + pd.to_timedelta(np.arange(len(other[name])) % 4, unit="h"))
        # Keys that hold a time may have been drawn twice.
        key = list(TABLES[name].key)
        added = added[~pd.MultiIndex.from_frame(added[key]).isin(pd.MultiIndex.from_frame(table[key]))]
        made[name] = pd.concat([in_time, added], ignore_index=True)
    return made


def shuffled(tables: Tables) -> Tables:
    return {name: table.sample(frac=1, random_state=5, ignore_index=True) for name, table in tables.items()}


def shifted(tables: Tables, days: int) -> Tables:
    times = ("datetime64[ns]", "datetime64[us]", "datetime64[s]")
    return {
        name: table.assign(**{c: table[c] + pd.Timedelta(days=days) for c in table.select_dtypes(times)})
        for name, table in tables.items()
    }
