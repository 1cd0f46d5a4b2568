"""Laws of the types of simulated customers: whom a contact keeps, whom it wakes, and what the shop sees of them."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.data.contract import TABLES
from churnml.data.simulator import Treatment, read_treatment, simulate
from churnml.errors import ConfigError, InputError
from tests.data.test_simulator import Shop, file_bytes, read_shop

SHARES = {"persuadable": 0.3, "sure_thing": 0.4, "lost_cause": 0.2, "sleeping_dog": 0.1}
HARM = 9.0
TREATMENT = Treatment(strength=0.6, harm=HARM, **SHARES)
simulate_few = partial(simulate, customers=1_200, jobs=1, kind="subscription", treatment=TREATMENT)


def decisions(shop: Shop) -> pd.DataFrame:
    """Give what was known at each decision in the data, in the order of the potential outcomes."""
    truth = shop["truth/orders"]
    return truth[truth["decided_at"].notna()].merge(shop["orders"][["order_id", "ordered_at"]])


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A shop left alone, and one in which everybody gets a mail before one decision: the second, or the last."""
    alone, mailed = (tmp_path_factory.mktemp("types") / name for name in ("alone", "mailed"))
    simulate_few(alone)
    made = decisions(read_shop(alone))
    one = pd.concat([made.groupby("customer_id").nth(1).iloc[::2], made.groupby("customer_id").nth(-1).iloc[1::2]])
    sent_at = one[["ordered_at"]].assign(before=one["decided_at"] - pd.Timedelta(days=5)).max(axis=1)
    contacts = pd.DataFrame({"customer_id": one["customer_id"], "campaign": "mail", "sent_at": sent_at})
    contacts = contacts.drop_duplicates("customer_id")
    simulate_few(mailed, contacts=contacts)
    return alone, mailed


@pytest.fixture(scope="module")
def shops(folders: tuple[Path, Path]) -> tuple[Shop, Shop]:
    return read_shop(folders[0]), read_shop(folders[1])


@pytest.mark.slow
def test_only_the_persuadable_are_kept_and_only_sleeping_dogs_are_woken(shops: tuple[Shop, Shop]) -> None:
    both = [shop["truth/potential"].set_index(["customer_id", "number"]) for shop in shops]
    same = both[0].index.intersection(both[1].index)
    columns = ["due_at", "type", "y0", "y1", "p0", "p1"]
    acted = both[1].loc[both[1]["contacted"]].index.intersection(same)
    pd.testing.assert_frame_equal(both[0].loc[acted, columns], both[1].loc[acted, columns])
    table = both[0].loc[acted]
    differs = table["y0"] != table["y1"]
    assert set(table.loc[differs & table["y0"], "type"]) == {"persuadable"}
    assert set(table.loc[differs & table["y1"], "type"]) == {"sleeping_dog"}
    # Who would leave orders again where the contact keeps them, and who would stay does not where it wakes them.
    orders = [shop["orders"].groupby("customer_id").size() for shop in shops]
    number = table.index.get_level_values("number")
    customer = table.index.get_level_values("customer_id")
    left = number == both[1].groupby("customer_id").size().reindex(customer)
    happened = table["y1"].to_numpy()
    assert (left[happened]).all()
    kept = (table["y0"] & ~table["y1"]).to_numpy()
    more = (orders[1].reindex(customer) > orders[0].reindex(customer)).to_numpy()
    assert more[kept].mean() > 0.9  # the next order of the others lies beyond the end of the data
    unmoved = customer[~differs]
    assert (orders[1].loc[unmoved] == orders[0].loc[unmoved]).all()


@pytest.mark.slow
def test_probabilities_are_those_of_the_hazards(shops: tuple[Shop, Shop]) -> None:
    table = shops[0]["truth/potential"]
    # s = .6 leaves exp(-.4 h) = (1 - p0)^.4 to the persuadable, and a harm of 9 exp(-10 h) to sleeping dogs.
    power = table["type"].astype(str).map({"persuadable": 0.4, "sleeping_dog": 1 + HARM}).fillna(1.0)
    np.testing.assert_allclose(1 - table["p1"], (1 - table["p0"]) ** power, atol=1e-12)
    for kind, part in table.groupby("type"):
        for y, p in (("y0", "p0"), ("y1", "p1")):
            error = np.sqrt((part[p] * (1 - part[p])).sum())
            assert abs(part[y].sum() - part[p].sum()) < 4 * error, (kind, y)


@pytest.mark.slow
def test_types_go_by_what_the_shop_sees(shops: tuple[Shop, Shop]) -> None:
    table = shops[0]["truth/potential"]
    seen = decisions(shops[0])
    visits = shops[0]["visits"]
    troubled = seen["exposed_late_delivery"] | seen["exposed_open_complaint"]
    share = {kind: (table["type"] == kind) for kind in SHARES}
    assert share["persuadable"][troubled].mean() > 1.5 * share["persuadable"][~troubled].mean()
    slow = seen["exposed_own_pace"]
    assert share["lost_cause"][slow].mean() > 1.5 * share["lost_cause"][~slow].mean()
    assert share["sure_thing"][slow].mean() < share["sure_thing"][~slow].mean()
    before = seen.groupby("customer_id")["ordered_at"].shift()
    last = (
        pd.merge_asof(
            seen.reset_index().sort_values("ordered_at"),
            visits[["customer_id", "visited_at"]].sort_values("visited_at"),
            left_on="ordered_at",
            right_on="visited_at",
            by="customer_id",
        )
        .set_index("index")["visited_at"]
        .sort_index()
    )
    unseen = last.isna() | (last <= before)
    assert share["sleeping_dog"][unseen].mean() > 2 * share["sleeping_dog"][~unseen].mean()


@pytest.mark.slow
def test_a_woken_customer_does_nothing_any_more(shops: tuple[Shop, Shop]) -> None:
    potential = shops[1]["truth/potential"]
    woken = potential[potential["contacted"] & ~potential["y0"] & potential["y1"]]
    assert len(woken) > 10
    left_at = woken.set_index("customer_id")["due_at"]
    truth = shops[1]["truth/customers"].set_index("customer_id").loc[left_at.index]
    assert truth["left"].all()
    assert (truth["left_at"] == left_at).all()
    for name, time in (("orders", "ordered_at"), ("visits", "visited_at"), ("rewards", "changed_at")):
        rows = shops[1][name]
        rows = rows[rows["customer_id"].isin(left_at.index)]
        assert (rows[time] < rows["customer_id"].map(left_at)).all(), name
    for name, table in TABLES.items():
        rows = shops[1][name]
        assert not rows.duplicated(list(table.key)).any(), name
        assert "order_id" not in rows or rows["order_id"].dropna().isin(shops[1]["orders"]["order_id"]).all(), name
    assert (shops[1]["rewards"].groupby("customer_id")["points"].cumsum() >= 0).all()


@pytest.mark.slow
def test_without_contacts_types_change_no_byte(folders: tuple[Path, Path], tmp_path: Path) -> None:
    simulate_few(tmp_path / "plain", treatment=None)
    plain, typed = file_bytes(tmp_path / "plain"), file_bytes(folders[0])
    assert typed.pop("truth/potential.parquet")
    assert typed.pop("truth/simulation.json") != plain.pop("truth/simulation.json")
    assert typed == plain


def test_half_of_the_harm_comes_from_a_second_contact() -> None:
    day = 86_400
    _, left = TREATMENT.hazard_shares(np.array([1, 5]) * day, 0, 20 * day, kind=3)
    assert left == pytest.approx([10.0, 10.0 * 5.5])
    assert TREATMENT.hazard_shares(np.array([1]) * day, 0, 20 * day, kind=2)[1].tolist() == [1.0]


def test_a_file_of_types_is_read_and_what_it_cannot_mean_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "types.yaml"
    path.write_text("persuadable: .4\nsure_thing: .6\nstrength: .5\npermute: true\n", encoding="utf-8")
    treatment = Treatment(**read_treatment(path))
    assert (treatment.shares, treatment.permute) == ((0.4, 0.6, 0.0, 0.0), True)
    path.write_text("persuadables: .4\nharm: much\nstrength: true\npermute: 1\n", encoding="utf-8")
    with pytest.raises(InputError, match="persuadables is no setting of a treatment") as refused:
        read_treatment(path)
    assert len(refused.value.failures) == 4
    path.write_text("- 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="must hold keys and values"):
        read_treatment(path)
    with pytest.raises(InputError, match=re.escape("are 0.5, 0.0, 0.0, 0.0, together 0.5. Give shares that add up")):
        Treatment(persuadable=0.5)
