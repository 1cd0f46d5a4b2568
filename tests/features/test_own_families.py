"""Families and features of one's own: they get the laws, the dictionary, traces and reasons like any other."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import churnml
from churnml.config import Config, load_config
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.errors import ConfigError, InputError
from churnml.features.audit import audit
from churnml.features.available import available
from churnml.features.builder import build_features
from churnml.features.data_dictionary import as_markdown, dictionary
from churnml.features.family import Aggregate, Derived, Family, Source, Supplied, count
from churnml.features.family_catalogue import catalogue
from churnml.features.plugins import load_plugins, with_plugins
from churnml.features.sentences import Sentences
from churnml.features.sources import ORDERS
from churnml.features.trace import trace, trace_value
from churnml.scoring.scorer import Scorer
from churnml.tracking.trainer import Trainer
from churnml.words import LANGUAGES
from tests.random_shop import Maker
from tests.said import write

DAY = date(2025, 3, 1)

PLUGIN = '''
"""Families of a shop."""

from churnml.features.family import Aggregate, Derived, Family, count
from churnml.features.sources import ORDERS
from churnml.words import LANGUAGES

APP = Aggregate(
    name="app_orders_90d",
    unit="orders",
    describe="Orders by the app in the 90 days before the snapshot",
    source=ORDERS,
    reduce=count(),
    only=lambda order: order.channel == "app",
    needs=("channel",),
    window_days=90,
    fill=0,
    sentence={
        "en": "{value} by the app in the last 90 days",
        "tr": "Son 90 günde uygulamadan {value} verdi",
    },
    speaks_if=lambda value: value > 0,
    tells="low",
)
SHARE = Derived(
    name="app_orders_share_90d",
    unit="share",
    describe="Share of the orders of the last 90 days that came by the app",
    inputs=("app_orders_90d", "orders_90d"),
    compute=lambda app, all_: app / all_,
    window_days=90,
    sentence="{app_orders_90d} by the app of {orders_90d} in the last 90 days",
    tells="low",
)
FAMILY = Family("app", concept="channel", actionable=True, features=(APP, SHARE))
'''


@pytest.fixture
def plugin(tmp_path: Path) -> str:
    path = tmp_path / "my_families.py"
    path.write_text(PLUGIN, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def random_shop() -> Shop:
    return read(Maker(6, DAY, 15).tables())


@pytest.mark.slow
def test_a_family_of_ones_own_is_built_like_any_other(plugin: str, random_shop: Shop) -> None:
    before = build_features(random_shop, DAY)
    with_it = with_plugins(random_shop, [plugin])
    assert with_plugins(with_it, [plugin]) is with_it, "what is there already is not put in anew"
    found = build_features(with_it, DAY)
    assert list(build_features(random_shop, DAY)) == list(before), "the given shop stays as it is"
    assert set(found) - set(before) == {"app_orders_90d", "app_orders_share_90d"}
    orders = random_shop.tables["orders"].to_pandas()
    now = pd.Timestamp(DAY)
    inside = orders[(orders.ordered_at >= now - pd.Timedelta(days=90)) & (orders.ordered_at < now)]
    inside = inside[~(inside.cancelled_at < now) & (inside.channel == "app")]
    expected = inside.groupby("customer_id").size().reindex(found.index, fill_value=0)
    assert (found["app_orders_90d"] == expected).all()
    assert (found["app_orders_share_90d"].dropna() <= 1).all()


@pytest.mark.slow
def test_it_is_traced_described_and_spoken_of(plugin: str, random_shop: Shop) -> None:
    shop = with_plugins(random_shop, [plugin])
    found = build_features(shop, DAY)
    customer = found.index[found["app_orders_90d"] > 0][0]
    assert len(trace(shop, customer, "app_orders_90d", DAY)) == found.loc[customer, "app_orders_90d"]
    listed = dictionary(catalogue(shop)).set_index("name").loc["app_orders_90d"]
    assert listed[["family", "unit", "window", "fill", "table"]].to_list() == [
        "app",
        "orders",
        "90 days",
        "0",
        "orders",
    ]
    assert catalogue(shop).concepts["app_orders_90d"] == "channel"
    row, families = {"app_orders_90d": 2.0}, load_plugins([plugin])
    assert write("app_orders_90d", row, "en", None, *families) == "2 orders by the app in the last 90 days"
    assert write("app_orders_90d", row, "tr", None, *families) == "Son 90 günde uygulamadan 2 sipariş verdi"
    assert audit(shop, DAY, families=["app", "frequency"]).holds


@pytest.mark.slow
def test_a_shop_without_its_column_does_without(plugin: str) -> None:
    shop = read({"orders": Maker(6, DAY, 5).tables()["orders"].drop(columns="channel")})
    shop = with_plugins(shop, [plugin])
    assert not [name for name in (declared.name for declared in available(shop)) if name.startswith("app")]


def test_an_edited_family_takes_the_place_of_the_old_one(plugin: str, random_shop: Shop) -> None:
    shop = with_plugins(random_shop, [plugin])
    Path(plugin).write_text(PLUGIN.replace("by the app in the last", "in the app over the last"), encoding="utf-8")
    again = with_plugins(shop, [plugin])
    [was], [now] = shop.families, again.families
    said = write("app_orders_90d", {"app_orders_90d": 2.0}, "en", None, now)
    assert said == "2 orders in the app over the last 90 days"
    assert catalogue(again).families["app"] is now
    assert now.code != was.code, "features that were kept on disk are made anew"


def test_all_that_breaks_a_law_is_said_at_once(random_shop: Shop) -> None:
    wrong = Aggregate(
        name="orders_90d",
        unit="orders",
        describe="",
        source=ORDERS,
        reduce=count(),
        needs=("colour",),
        sentence="{x}",
    )
    share = Derived(name="half", unit="share", describe="Half", inputs=("nothing",), compute=abs, sentence_zero="b")
    shop = random_shop.with_family(Family("twins", "pace", False, (wrong, share)))
    with pytest.raises(ConfigError) as raised:
        build_features(shop, DAY)
    assert raised.value.failures == [
        "twins.orders_90d: describe is empty. Say in words what the number is.",
        "twins.orders_90d: '{x}' names x, which is not an input. Use {value} or an input.",
        "twins.orders_90d: needs colour, which orders does not have. Correct it.",
        "orders_90d: declared by frequency and by twins. Rename one.",
        "twins.half: has no sentence. Give it as sentence; one language is enough.",
        "twins.half: sentence_zero is given without sentence. Give both, or none.",
        "twins.half: counts share, so its name must carry share. Rename it.",
        "twins.half: reads nothing, which no feature before it declares. Correct the inputs.",
    ]


def test_a_family_of_churnml_is_not_replaced() -> None:
    with pytest.raises(ConfigError, match=re.escape("recency: is the name of a family of churnml's own.")):
        catalogue().with_families([Family("recency", "pace", False, catalogue().families["recency"].features)])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("FAMILY = 3", "has no FAMILY and no FAMILIES. Declare one."),
        ("import nothing_of_this_name", "cannot be imported (ModuleNotFoundError"),
        ("1 / 0", "cannot be imported (ZeroDivisionError"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_named(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong_families.py"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_plugins([str(path)])


def test_all_plugins_that_are_missing_are_named() -> None:
    with pytest.raises(ConfigError) as raised:
        load_plugins(["gone.py", "no_such_package.features"])
    assert raised.value.failures[0] == "features.plugins: gone.py: there is no such file. Correct the path."
    assert raised.value.failures[1].startswith("features.plugins: no_such_package.features cannot be imported")


@pytest.mark.slow
def test_a_model_learns_from_it_and_gives_it_as_a_reason(plugin: str, simulated: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        f"features: {{families: [recency, app], plugins: [{plugin}]}}\ntraining: {{folds: 2, bootstrap_draws: 20}}\n"
        "snapshots: {at_most: 6}",
        encoding="utf-8",
    )
    config = load_config(path)
    shop = read(simulated)
    model = Trainer(config=config, track=False).fit(shop, "2025-03-01")
    assert "app_orders_90d" in model.names
    ranking = Scorer(model, config).rank(shop, "2025-03-01")
    assert "channel" in ranking.explain(ranking.frame.customer_id[0]).concepts


# --- supplied features ---------------------------------------------------------------------------------------------


def crm(days: list[date], customers: list[str], **changes: object) -> pd.DataFrame:
    rows = pd.DataFrame(
        [(customer, day) for day in days for customer in customers], columns=["customer_id", "snapshot_date"]
    )
    rows["exported_at"] = pd.to_datetime(rows["snapshot_date"]) - pd.Timedelta(hours=3)
    rows["satisfaction"] = np.arange(len(rows)) / 2
    return rows.assign(**changes)


@pytest.mark.slow
def test_supplied_features_are_joined_by_customer_and_snapshot(random_shop: Shop) -> None:
    other = date(2025, 2, 1)
    shop = random_shop.supply(crm([other, DAY], ["c03", "c01"]), family="crm", known_at="exported_at")
    found = build_features(shop, DAY)
    assert found["satisfaction"].dropna().to_dict() == {"c01": 1.5, "c03": 1.0}
    assert build_features(shop, other)["satisfaction"].dropna().to_dict() == {"c01": 0.5, "c03": 0.0}
    assert "satisfaction" not in build_features(random_shop, DAY), "the given shop stays as it is"
    known = catalogue(shop)
    assert Sentences(known).write("satisfaction", {"satisfaction": 1.5}) == "Satisfaction: 1.5"
    assert Sentences(known, "tr").write("satisfaction", {"satisfaction": 1.5}) == "Satisfaction: 1,5"
    assert dictionary(known).set_index("name").loc["satisfaction", "table"] == "supplied"
    assert trace_value(shop, "c01", "satisfaction", DAY).rows["satisfaction"].to_list() == [1.5]
    assert audit(shop, DAY, families=["crm"]).holds


@pytest.mark.slow
def test_another_shop_takes_no_supplied_features_away(random_shop: Shop) -> None:
    one = random_shop.supply(crm([DAY], ["c01"]), family="crm", known_at="exported_at")
    scores = crm([DAY], ["c02"]).rename(columns={"satisfaction": "score"})
    other = random_shop.supply(scores, family="crm", known_at="exported_at")
    assert list(build_features(one, DAY, families=["crm"])) == ["satisfaction"]
    assert list(build_features(other, DAY, families=["crm"])) == ["score"]


def test_supplied_features_may_be_declared(random_shop: Shop) -> None:
    declared = Supplied(name="satisfaction", unit="stars", describe="Stars of the last survey", sentence="Gave {value}")
    shop = random_shop.supply(
        crm([DAY], ["c01"]), family="crm", known_at="exported_at", features=[declared], actionable=True
    )
    [found] = catalogue(shop).families["crm"].features
    assert found == replace(declared, family="crm", concept="crm")
    assert catalogue(shop).families["crm"].actionable


def test_ids_of_supplied_features_meet_those_of_the_shop(caplog: pytest.LogCaptureFixture) -> None:
    orders = Maker(6, DAY, 5).tables()["orders"]
    shop = read({"orders": orders.assign(customer_id=orders.customer_id.str[1:].astype(float))})
    ids = shop.tables["orders"].customer_id.execute().unique()
    scores = crm([DAY], [float(ids[0]), float(ids[1])])
    built = build_features(shop.supply(scores, family="crm", known_at="exported_at"), DAY)
    assert built["satisfaction"].notna().sum() == len(set(ids[:2]) & set(built.index)) > 0
    stranger = scores.assign(customer_id=[ids[0], "stranger"])
    shop.supply(stranger, family="crm", known_at="exported_at")
    assert "crm.customer_id: 1 of 2 rows (customer_id stranger) are of no customer of the shop." in caplog.text
    with pytest.raises(InputError, match=re.escape("crm.customer_id: none of 2 ids is a customer of the shop")):
        shop.supply(scores.assign(customer_id=["x", "y"]), family="crm", known_at="exported_at")
    with pytest.raises(InputError, match=re.escape("crm.customer_id: 1 of 2 rows name nobody. Fill or drop them.")):
        shop.supply(scores.assign(customer_id=[ids[0], "NULL"]), family="crm", known_at="exported_at")
    for table in (pa.Table.from_pandas(scores), pl.from_pandas(scores)):
        again = build_features(shop.supply(table, family="crm", known_at="exported_at"), DAY)
        pd.testing.assert_frame_equal(again, built)
    with pytest.raises(InputError, match=re.escape("crm: a list was received. Supply a pandas DataFrame.")):
        shop.supply([scores], family="crm", known_at="exported_at")


def test_what_was_not_known_before_its_snapshot_is_refused(random_shop: Shop) -> None:
    late = crm([DAY], ["c01", "c02"])
    late.loc[1, "exported_at"] = pd.Timestamp(DAY)
    with pytest.raises(
        InputError, match=re.escape("crm.exported_at: 1 of 2 rows (customer_id c02) were not known before")
    ):
        random_shop.supply(late, family="crm", known_at="exported_at")


def test_all_that_is_wrong_in_supplied_features_is_said_at_once(random_shop: Shop) -> None:
    wrong = crm([DAY], ["c01", "c01"], satisfaction=["much", "3"], exported_at="soon")
    with pytest.raises(InputError) as raised:
        random_shop.supply(wrong, family="crm", known_at="exported_at")
    assert raised.value.failures == [
        "crm.exported_at: 2 of 2 rows (customer_id c01, c01) are not a time. Write them as 2025-04-10 13:00:00, "
        "without a time zone.",
        "crm.satisfaction: 1 of 2 rows (customer_id c01) are not finite numbers. Correct them.",
        "crm: 2 of 2 rows (customer_id c01, c01) share customer_id and snapshot_date. Keep one row of each.",
    ]
    with pytest.raises(InputError, match=re.escape("crm: the columns snapshot_date, known are missing (received: ")):
        random_shop.supply(wrong.drop(columns="snapshot_date"), family="crm", known_at="known")


@pytest.mark.slow
def test_a_snapshot_without_supplied_rows_is_refused(random_shop: Shop) -> None:
    shop = random_shop.supply(crm([DAY], ["c01"]), family="crm", known_at="exported_at")
    with pytest.raises(InputError, match=re.escape("supplied without a row for the snapshot 2025-02-01.")):
        build_features(shop, date(2025, 2, 1))


@pytest.mark.slow
def test_the_config_names_supplied_features(tmp_path: Path) -> None:
    from churnml.shop_jobs import open_shop

    crm([DAY], ["c01"]).to_csv(tmp_path / "crm.csv", index=False)
    Maker(6, DAY, 3).tables()["orders"].to_csv(tmp_path / "orders.csv", index=False)
    settings = {"crm": {"file": str(tmp_path / "crm.csv"), "known_at": "exported_at", "concept": "service"}}
    shop = open_shop(tmp_path, Config(features={"supplied": settings}))
    assert build_features(shop, DAY, families=["crm"]).loc["c01", "satisfaction"] == 0.0
    assert catalogue(shop).concepts["satisfaction"] == "service"


# --- the dictionary ------------------------------------------------------------------------------------------------


def test_the_dictionary_holds_every_feature_once() -> None:
    table = dictionary()
    assert list(table["name"]) == list(catalogue().features)
    assert not table[["unit", "describe", "concept", "table"]].eq("").any(axis=None)
    # Of lines that are known a reader could make nothing; the others are told by other features, or are a yes or no.
    silent = table["name"].str.startswith("orders_with_items_") | table["name"].isin(["pace_days", "was_referred"])
    assert all(table[language].eq("").equals(silent) for language in LANGUAGES)


def test_the_page_in_the_repository_is_made_of_the_declarations() -> None:
    page = Path(__file__).parents[2] / "churnml" / "features" / "FEATURES.md"
    assert page.read_text(encoding="utf-8") == as_markdown() + "\n", (
        "run: churnml features --list --markdown > churnml/features/FEATURES.md"
    )


@pytest.mark.parametrize("name", ["app_orders", "orders", "order_days", "lines"])
def test_a_source_that_bears_the_name_of_another_reads_its_own_rows(name: str) -> None:
    orders = pd.DataFrame(
        {
            "order_id": [1, 2, 3],
            "customer_id": "a",
            "ordered_at": ["2025-01-05", "2025-02-01", "2025-02-05"],
            "amount": 1,
            "channel": ["app", "web", "web"],
        }
    )
    by_app = Source(
        name,
        table="orders",
        event_time="ordered_at",
        rows=lambda history: history.uncancelled_orders.filter(history.uncancelled_orders.channel == "app"),
    )
    counted = Aggregate(
        name="app_orders_90d",
        unit="orders",
        describe="Orders by the app in the 90 days before the snapshot",
        source=by_app,
        reduce=count(),
        needs=("channel",),
        window_days=90,
        fill=0,
        sentence="{value} by the app in the last 90 days",
    )
    shop = read({"orders": orders})
    shop = shop.with_family(Family("app", "channel", False, (counted,)))
    row = build_features(shop, DAY).loc["a"]
    # Of the three orders in the 90 days before 1 March, one came by the app.
    assert (row.app_orders_90d, row.orders_90d) == (1, 3)
    assert len(trace(shop, "a", "app_orders_90d", DAY)) == 1


def test_two_shops_have_families_of_one_name_side_by_side(random_shop: Shop) -> None:
    def family(channel: str) -> Family:
        counted = Aggregate(
            name="own_orders_90d",
            unit="orders",
            describe=f"Orders by {channel} in the 90 days before the snapshot",
            source=ORDERS,
            reduce=count(),
            only=lambda order: order.channel == channel,
            needs=("channel",),
            window_days=90,
            fill=0,
            sentence="{value}",
        )
        return Family("own", "channel", False, (counted,))

    app, web = (random_shop.with_family(family(channel)) for channel in ("app", "web"))
    by_app, by_web = (build_features(shop, DAY, families=["own"]).own_orders_90d.sum() for shop in (app, web))
    orders = random_shop.tables["orders"].to_pandas()
    orders = orders[(orders.ordered_at >= "2024-12-01") & (orders.ordered_at < "2025-03-01")]
    orders = orders[~(orders.cancelled_at < "2025-03-01")]
    assert by_app == (orders.channel == "app").sum() != by_web == (orders.channel == "web").sum()
    # The one that was asked first still has its own.
    assert build_features(app, DAY, families=["own"]).own_orders_90d.sum() == by_app


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("register", "shop = shop.with_family(family)"),
        ("supply_features", "shop = shop.supply(frame, family=..., known_at=...)"),
    ],
)
def test_what_was_public_once_says_what_stands_in_its_place(name: str, said: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(said)):
        getattr(churnml, name)
