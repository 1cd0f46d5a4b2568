"""A shop that says when its rows were recorded, and the same shop with another future that no day before may see."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnml.data.contract import TABLES
from tests.random_shop import Tables, event_times, late_times

RECORDED = "recorded_at"
_PARTS = ("order_items", "deliveries")


def recorded(tables: Tables, now: pd.Timestamp, seed: int = 1) -> Tables:
    """Say when the rows reached the warehouse: within two days, but one in thirty only at or after a moment."""
    rng = np.random.default_rng(seed)
    made = {}
    for name, table in tables.items():
        event = event_times(tables, name).reset_index(drop=True)
        at = event + pd.to_timedelta(rng.integers(0, 2 * 86_400, len(table)), unit="s")
        tardy = rng.random(len(table)) < 1 / 30
        at = at.mask(tardy & (at < now).to_numpy(), now + pd.to_timedelta(rng.integers(0, 90, len(table)), unit="D"))
        made[name] = table.reset_index(drop=True).assign(**{RECORDED: at})
    return made


def unknown(tables: Tables, name: str, now: pd.Timestamp) -> np.ndarray:
    """Tell which rows of a table are not known at a moment; the lines and delivery of an order begin with it."""
    table = tables[name]
    late = (event_times(tables, name) >= now).to_numpy() | (table[RECORDED] >= now).to_numpy()
    if name in _PARTS:
        late |= table["order_id"].isin(tables["orders"].loc[unknown(tables, "orders", now), "order_id"]).to_numpy()
    return late


def with_no_future(tables: Tables, now: pd.Timestamp) -> Tables:
    """Leave out all that is not known at a moment, as if the tables had been exported then."""
    made = {}
    for name, table in tables.items():
        rows = table[~unknown(tables, name, now)].copy()
        for column in [column for column in late_times(name) if column in rows]:
            rows[column] = rows[column].where(rows[column] < now)
        made[name] = _without_late_values(name, rows, None)
    return made


def with_other_future(tables: Tables, now: pd.Timestamp, seed: int = 2) -> Tables:
    """Change all that is not known at a moment.

    A third of the unknown rows is deleted, the others get other values, other times (those of the past that were
    recorded late may be older than the whole shop) and each other's ``recorded_at``; new rows are added, for new
    customers too; and what became known later of known rows becomes known at another time, or never.
    """
    rng = np.random.default_rng(seed)
    orders, moves = tables["orders"], {}
    late = orders[unknown(tables, "orders", now)]
    gone = set(late["order_id"].sample(frac=1 / 3, random_state=seed))
    for order, ordered_at in zip(late["order_id"], late["ordered_at"], strict=True):
        moves[order] = _move(rng, ordered_at, now)
    made = {}
    for name, table in tables.items():
        if name == "customers":
            continue
        is_late = unknown(tables, name, now)
        rows, known = table[is_late].copy(), table[~is_late].copy()
        if name == "orders" or name in _PARTS:
            rows = rows[~rows["order_id"].isin(gone)]
            by = rows["order_id"].map(moves).fillna(pd.Timedelta(days=5))
        else:
            rows = rows.sample(frac=2 / 3, random_state=seed)
            by = rows[TABLES[name].event_time].map(lambda at: _move(rng, at, now))
        # The tables of ids that it may name are changed too.
        rows = rows.assign(**({"order_id": None} if "order_id" in rows and name not in ("orders", *_PARTS) else {}))
        for column in table.select_dtypes("datetime").columns.drop(RECORDED):
            rows[column] = rows[column] + by
        rows[RECORDED] = rng.permutation(rows[RECORDED].where(rows[RECORDED] >= now, now).to_numpy())
        for column in rows.select_dtypes("number").columns.difference(["rating", "scale", "discount"]):
            rows[column] = rows[column] * 3 + 1
        for column in {
            "topic",
            "reason",
            "plan",
            "tier",
            "channel",
            "category",
            "campaign",
            "discount_code",
            "outcome",
        } & set(rows):
            rows[column] = "another"
        made[name] = pd.concat([_known_later(rng, name, known, now), rows, _new(name, rows)], ignore_index=True)
        made[name] = made[name].drop_duplicates(list(TABLES[name].key))
    customers = tables["customers"]
    stay = customers[~unknown(tables, "customers", now)]
    named = pd.concat([made[name]["customer_id"] for name in ("orders", "complaints")])
    new = pd.DataFrame({"customer_id": sorted(set(named) - set(stay["customer_id"]))}).assign(contactable=False)
    new = new.assign(signed_up_at=now + pd.Timedelta(days=3), recorded_at=now)
    return made | {"customers": pd.concat([stay, new], ignore_index=True)}


def _move(rng: np.random.Generator, at: pd.Timestamp, now: pd.Timestamp) -> pd.Timedelta:
    """Move a time within its side of a moment: later ones by weeks, earlier ones, recorded late, by years."""
    if at < now:
        return -pd.Timedelta(days=int(rng.integers(0, 1_500)))
    return now - at + pd.Timedelta(seconds=int(rng.integers(0, 80 * 86_400)))


def _known_later(rng: np.random.Generator, name: str, known: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Let what was not known of known rows become known at other times, one after the other, or never."""
    days = np.zeros(len(known))
    event = TABLES[name].event_time
    for column in [column for column in late_times(name) if column in known]:
        is_late = ~(known[column] < now)
        days = days + rng.integers(0, 20, len(known))
        later = pd.Series(now + pd.to_timedelta(days, unit="D"), known.index)
        later = later.mask(rng.random(len(known)) < 0.3)
        known[column] = known[column].mask(is_late, later)
    assert event is None or (known[event] < now).all()
    return _without_late_values(name, known, now)


def _without_late_values(name: str, rows: pd.DataFrame, now: pd.Timestamp | None) -> pd.DataFrame:
    """Give another value, or none, to what becomes known with a time that is not known yet."""
    for column in TABLES[name].columns:
        if column.known_with is not None and column.name in rows:
            is_late = ~(rows[column.known_with] < now) if now is not None else rows[column.known_with].isna()
            rows[column.name] = rows[column.name].mask(is_late, None if now is None else "known later")
    return rows


def _new(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Copy rows under new keys, every other one for a customer who is new."""
    key = TABLES[name].key[0]
    copies = rows.copy()
    if "customer_id" in copies:
        every_other = np.arange(len(copies)) % 2 == 0
        copies["customer_id"] = copies["customer_id"].where(every_other, "new-" + copies["customer_id"].astype("str"))
    if key != "customer_id":
        copies[key] = "new-" + copies[key].astype("str")
    else:
        copies = copies[copies["customer_id"].str.startswith("new-")]
    return copies
