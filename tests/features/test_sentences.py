"""Sentences: every feature's, in every language, with its own numbers in the right form."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable
from string import Formatter
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from babel.numbers import format_currency

from churnml.features.description import Unit
from churnml.features.family import Derived, Family, Feature, Supplied
from churnml.features.family_catalogue import catalogue
from churnml.features.sentences import Sentences
from churnml.features.texts import OF_ZERO, USUAL, texts_of
from churnml.words import LANGUAGES, Language, words
from churnml.words.numbers import number_writer
from tests.said import speaks, write

FEATURES = [feature for family in catalogue().families.values() for feature in family.features]
NAMES = [feature.name for feature in FEATURES]
NULL = math.nan

every_family = pytest.mark.parametrize("family", catalogue().families.values(), ids=lambda family: family.name)
every_language = pytest.mark.parametrize("language", LANGUAGES)


def is_spoken_of(feature: Feature) -> bool:
    """Tell whether a feature says anything: of lines that are known a reader can make nothing, the pace is told by how
    far the customer is behind it, and a yes or no has no number to check."""
    silent = {"pace_days", "was_referred"}
    return not feature.name.startswith("orders_with_items_") and feature.name not in silent


def row_of(feature: Feature, value: float, inputs: float = 3.0) -> dict[str, float]:
    return {**dict.fromkeys(feature.inputs if isinstance(feature, Derived) else (), inputs), feature.name: value}


# --- every feature -------------------------------------------------------------------------------------------------


@every_family
@every_language
def test_churnmls_own_features_have_words_in_every_language(family: Family, language: Language) -> None:
    for feature in family.features:
        assert not feature.sentence, feature.name
        spoken, texts = texts_of(feature, language)
        assert spoken == language
        assert USUAL in texts, feature.name
        assert list(texts)[-1] == USUAL, feature.name
        assert any(texts.values()) == is_spoken_of(feature), feature.name


@every_family
@every_language
def test_a_sentence_is_whole_or_not_written(family: Family, language: Language) -> None:
    for feature in family.features:
        for value in (0.0, 0.5, 1.0, 2.0, 2.5, 1234.0, -3.0):
            sentence = write(feature.name, row_of(feature, value), language, "TRY")
            assert (sentence is not None) == (feature.speaks_if(value) and is_spoken_of(feature)), (feature.name, value)
            if sentence is None:
                continue
            assert sentence == sentence.strip()
            assert "  " not in sentence
            assert not sentence[0].islower(), sentence
            assert "because" not in sentence.lower()
            assert not {"{", "}", "_"} & set(sentence), sentence
            assert not any(name in sentence for name in NAMES), sentence
            assert "nan" not in sentence.lower().split()


@every_family
@every_language
def test_every_feature_has_something_to_say(family: Family, language: Language) -> None:
    # ... of some number; and the sentence holds the number, unless another's numbers tell it.
    for feature in filter(is_spoken_of, family.features):
        spoken = [write(feature.name, row_of(feature, value), language) for value in (-1.0, 0.5, 3.0)]
        assert any(spoken), feature.name
        if not isinstance(feature, Derived):
            assert spoken[-1] is not None, feature.name
            assert "3" in spoken[-1], feature.name


@every_family
@every_language
def test_null_is_never_spoken_of(family: Family, language: Language) -> None:
    for feature in family.features:
        assert write(feature.name, row_of(feature, NULL), language) is None, feature.name
        assert write(feature.name, row_of(feature, math.inf), language) is None, feature.name
        assert write(feature.name, {**row_of(feature, 3.0), feature.name: None}, language) is None, feature.name
        if isinstance(feature, Derived) and feature.inputs:
            assert write(feature.name, row_of(feature, 0.5, inputs=NULL), language) is None, feature.name
            assert write(feature.name, row_of(feature, 3.0, inputs=NULL), language) is None, feature.name


def test_no_orders_at_all_have_their_own_words_in_turkish() -> None:
    # "hiç sipariş" wants a negated verb, and nobody "spent 0.00".
    for feature in filter(is_spoken_of, FEATURES):
        if feature.speaks_if(0) and "zero" in words("tr")["units"].get(feature.unit, {}):
            said = texts_of(feature, "tr")[1][OF_ZERO]
            assert any(negated in said for negated in ("madı", "medi", " yok")), feature.name


def test_turkish_endings_follow_the_nouns_they_belong_to() -> None:
    # What follows a number in braces at once is an ending, which fits its noun only.
    endings = {"days": ("dür", "de", "dü"), "orders": ("e", "in"), "complaints": ("i",), "deliveries": ("ın",)}
    units = {other.name: other.unit for other in FEATURES}
    for feature in FEATURES:
        for text in texts_of(feature, "tr")[1].values():
            for part in text.split("{")[1:]:
                name, rest = part.split("}")
                ending = rest.split(" ")[0].strip(";,:").partition("/")[0]
                unit = (units | {"value": feature.unit})[name.split(":")[0]]
                assert not ending or ending in endings[unit], text


@every_language
def test_forms_of_words_are_those_that_their_units_have(language: Language) -> None:
    units = {other.name: other.unit for other in FEATURES}
    for feature in FEATURES:
        for text in texts_of(feature, language)[1].values():
            for _, name, form, _ in Formatter().parse(text):
                if name is not None and form not in ("", "number"):
                    assert form in words(language)["units"][(units | {"value": feature.unit})[name]], text


@pytest.mark.slow
@every_family
@every_language
def test_many_sentences_are_those_of_one_at_a_time(family: Family, language: Language) -> None:
    values = [0.0, 0.25, 1.0, 2.0, 61.0, 400.0, -3.0, NULL, math.inf, 2.0]
    for feature in family.features:
        rows = [row_of(feature, value, inputs) for value in values for inputs in (3.0, 0.5, NULL)]
        X = pd.DataFrame(rows)
        one_by_one = [write(feature.name, row, language, "TRY") for row in rows]
        may = np.array(speaks(feature.name, X))
        assert may.tolist() == [sentence is not None for sentence in one_by_one], feature.name
        assert Sentences(catalogue(), language, "TRY").write_all(feature.name, X[may]) == list(
            filter(None, one_by_one)
        ), feature.name
        if not may.all():
            with pytest.raises(ValueError, match=f"{feature.name}: has nothing to say of"):
                Sentences(catalogue(), language, "TRY").write_all(feature.name, X)


@pytest.mark.parametrize(
    "speaks_if",
    [
        lambda value: 2 <= value <= 3,
        lambda value: value in (2, 3),
        lambda value: int(value) in (2, 3),
        lambda value: isinstance(value, float) and value.is_integer() and value > 1,
    ],
)
def test_a_condition_that_arrays_do_not_know_is_asked_number_by_number(speaks_if: Callable[[float], bool]) -> None:
    feature = dataclasses.replace(FEATURES[0], name="own_90d", unit="number", speaks_if=speaks_if, sentence="{value}")
    own = Family("own", "own", actionable=False, features=(feature,))
    X = pd.DataFrame({"own_90d": [1.0, 2.0, 3.0, NULL]})
    assert speaks("own_90d", X, own) == [False, True, True, False]


# --- words and numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "number", "english", "turkish"),
    [
        ("orders", 0, "no orders", "hiç sipariş"),
        ("orders", 1.0, "1 order", "1 sipariş"),
        ("orders", 3.0, "3 orders", "3 sipariş"),
        ("orders", 1234, "1,234 orders", "1.234 sipariş"),
        ("days", 0, "0 days", "0 gün"),
        ("days", 1, "1 day", "1 gün"),
        ("days", 74.0, "74 days", "74 gün"),
        ("days", 2.5, "2.5 days", "2,5 gün"),
        ("days", 2.04, "2 days", "2 gün"),
        ("days", 0.96, "1 day", "1 gün"),
        ("days", 10 / 3, "3.3 days", "3,3 gün"),
        ("days", 0.04, "0.04 days", "0,04 gün"),
        ("days", 0.0123, "0.01 days", "0,01 gün"),
        ("days", -0.04, "-0.04 days", "-0,04 gün"),
        ("days", 1e-7, "0.0000001 days", "0,0000001 gün"),
        ("complaints", 0, "no complaints", "hiç şikâyet"),
        ("complaints", 1, "1 complaint", "1 şikâyet"),
        ("complaints", 2, "2 complaints", "2 şikâyet"),
        ("deliveries", 0, "no deliveries", "hiç teslimat"),
        ("deliveries", 1, "1 delivery", "1 teslimat"),
        ("deliveries", 2, "2 deliveries", "2 teslimat"),
        ("ratio", 1.256, "1.26", "1,26"),
        ("ratio", 2.0, "2", "2"),
        ("ratio", 0.004, "0.004", "0,004"),
        ("share", 0.25, "25%", "%25"),
        ("share", 0.256, "26%", "%26"),
        ("share", 0.0, "0%", "%0"),
        ("share", 1.0, "100%", "%100"),
        ("share", 0.004, "0.4%", "%0,4"),
        ("share", 0.996, "99.6%", "%99,6"),
        ("share", 0.9996, "99.96%", "%99,96"),
        ("money", 0, "0.00", "0,00"),
        ("money", 1234.5, "1,234.50", "1.234,50"),
        ("money", 0.004, "0.004", "0,004"),
    ],
)
def test_numbers_are_written_with_their_unit(unit: Unit, number: float, english: str, turkish: str) -> None:
    assert number_writer(unit, "en")(number) == english
    assert number_writer(unit, "tr")(number) == turkish


@every_language
@pytest.mark.parametrize("unit", get_args(Unit))
def test_every_unit_can_be_written(unit: Unit, language: Language) -> None:
    assert "7" in number_writer(unit, language, "EUR")(7.0)


@every_language
@pytest.mark.parametrize("currency", ["USD", "EUR", "TRY", "GBP", "JPY", "CHF", "KWD", "HUF"])
def test_money_is_written_as_babel_writes_it(currency: str, language: Language) -> None:
    rng = random.Random(5)
    amounts = [round(rng.uniform(1, 10 ** rng.randint(1, 8)), rng.randint(0, 4)) for _ in range(200)]
    for amount in [0, 1, 0.5, 999.995, 1_000_000, *amounts, -12.5]:
        if amount and abs(amount) < 1 and currency in ("JPY", "HUF"):
            continue  # Babel would write 0
        expected = format_currency(amount, currency, locale=language)
        assert number_writer("money", language, currency)(amount) == expected


def test_a_feature_with_one_language_speaks_it_in_all_with_its_own_numbers() -> None:
    quiet, not_a_day = {"en": "{value} quiet"}, {"en": "not a day quiet"}
    features = (
        Supplied(name="only_days", unit="days", describe="Days", sentence=quiet, sentence_zero=not_a_day),
        Supplied(name="yalniz_days", unit="days", describe="Days", sentence={"tr": "i {value} sessiz"}),
        Supplied(name="any_days", unit="days", describe="Days", sentence="{value}", sentence_zero="none"),
    )
    own = Family("one_language", "pace", False, features)
    for language in LANGUAGES:
        assert write("only_days", {"only_days": 1.5}, language, None, own) == "1.5 days quiet"
        assert write("only_days", {"only_days": 0.0}, language, None, own) == "Not a day quiet"
        assert write("yalniz_days", {"yalniz_days": 1.5}, language, None, own) == "İ 1,5 gün sessiz"
    assert [write("any_days", {"any_days": 1.5}, language, None, own) for language in ("en", "tr")] == [
        "1.5 days",
        "1,5 gün",
    ]
    assert write("any_days", {"any_days": 0.0}, "tr", None, own) == "None"


# --- whole sentences -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "english", "turkish"),
    [
        ({"orders_90d": 0}, "No orders in the last 90 days", "Son 90 günde hiç sipariş vermedi"),
        ({"orders_90d": 1}, "1 order in the last 90 days", "Son 90 günde 1 sipariş verdi"),
        ({"amount_sum_30d": 0}, None, None),
        ({"amount_sum_30d": 1250}, "Spent €1,250.00 in the last 30 days", "Son 30 günde €1.250,00 harcadı"),
        ({"days_since_last_order": 74}, "No order for 74 days", "74 gündür sipariş vermedi"),
        ({"days_since_last_order": 1}, "No order for 1 day", "1 gündür sipariş vermedi"),
        ({"complaints_open": 1}, "1 complaint still open", "1 şikâyeti hâlâ açık"),
        ({"complaint_open_max_days": 12}, "A complaint has been open for 12 days", "Bir şikâyeti 12 gündür açık"),
        ({"complaints_open": 0}, None, None),
        (
            {"orders_90d_share_of_365d": 0, "orders_90d": 0, "orders_365d": 4},
            "No orders in the last 90 days, 4 orders in the last 365",
            "Son 90 günde hiç sipariş vermedi, son 365 günde 4 sipariş verdi",
        ),
        (
            {"overdue_ratio": 3.7, "days_since_last_order": 74, "pace_days": 20, "order_days_total": 4},
            "No order for 74 days; usually orders once every 20 days",
            "74 gündür sipariş vermedi; genellikle 20 günde bir sipariş veriyor",
        ),
        ({"overdue_ratio": 1.0, "days_since_last_order": 20, "pace_days": 20, "order_days_total": 4}, None, None),
        (
            {"overdue_ratio": 2.0, "days_since_last_order": 74, "pace_days": 37, "order_days_total": 3},
            "No order for 74 days; of customers with as few orders who came back, half did within 37 days",
            "74 gündür sipariş vermedi; bu kadar az sipariş verip geri dönen müşterilerin yarısı 37 gün içinde döndü",
        ),
        (
            {"orders_under_way_late": 2},
            "2 orders still under way past the promised date",
            "2 sipariş söz verilen gün geçtiği hâlde hâlâ yolda",
        ),
        (
            {"delivery_late_share_365d": 1 / 3, "deliveries_late_365d": 1, "deliveries_365d": 3},
            "1 of 3 deliveries came late in the last 365 days",
            "Son 365 gündeki 3 teslimatın 1 tanesi gecikti",
        ),
        (
            {"complaints_per_order_365d": 0.4, "complaints_365d": 2, "orders_365d": 5},
            "2 complaints and 5 orders in the last 365 days",
            "Son 365 günde 5 siparişe karşılık 2 şikâyet iletti",
        ),
        (
            {"gap_last_to_usual_ratio": 2.8, "gap_last_days": 42, "gap_earlier_median_days": 13.5}
            | {"order_days_total": 5},
            "The last order came after 42 days; before it, usually ordered once every 13.5 days",
            "Son siparişi 42 gün sonra geldi; önceden genellikle 13,5 günde bir sipariş veriyordu",
        ),
        ({"gap_last_to_usual_ratio": 1.4, "gap_last_days": 18, "gap_earlier_median_days": 12}, None, None),
        (
            {"discount_ended_usual_share": 0.9}
            | {
                "orders_discounted_total": 9,
                "orders_until_last_discount": 10,
                "orders_at_full_price_since_discount": 1,
            },
            "9 of 10 orders on discount, then 1 order at the full price",
            "10 siparişin 9 tanesi indirimliydi; ardından tam fiyatla 1 sipariş verdi",
        ),
        (
            {"complaint_open_after_last_order_max_days": 12},
            "After the last order a complaint was open for 12 days",
            "Son siparişinden sonra bir şikâyeti 12 gün açık kaldı",
        ),
        (
            {"contacts_opened_share_180d": 0, "contacts_opened_180d": 0, "contacts_180d": 2},
            "2 messages sent in 180 days, none opened",
            "Son 180 günde 2 mesaj aldı, hiç açmadı",
        ),
        (
            {"contacts_opened_share_180d": 0, "contacts_opened_180d": 0, "contacts_180d": 1},
            "1 message sent in 180 days, none opened",
            "Son 180 günde 1 mesaj aldı, hiç açmadı",
        ),
        ({"contacts_opened_90d": 0}, None, None),
        ({"orders_with_items_365d": 5}, None, None),
        ({"order_days_total": 1}, "Has ordered on a single day", "Bugüne kadar tek bir günde sipariş verdi"),
        ({"order_days_total": 58}, "Ordered on 58 days so far", "Bugüne kadar 58 ayrı günde sipariş verdi"),
        (
            {"order_days_per_30_days": 0.5, "order_days_total": 1, "days_since_first_order": 65},
            "Ordered on a single day, 65 days ago",
            "Tek bir günde, 65 gün önce sipariş verdi",
        ),
        (
            {"btyd_no_order_probability": 0.8, "order_days_total": 2}
            | {"days_since_first_order": 65, "days_since_last_order": 30},
            "Ordered on 2 days in the 65 days since the first order, the last one 30 days ago",
            "İlk siparişinden bu yana geçen 65 günde 2 ayrı günde sipariş verdi, sonuncusu 30 gün önce",
        ),
        (
            {"delivery_delay_last_two_min_days": 3, "delivery_delay_last_days": 3, "delivery_delay_before_last_days": 3}
            | {"delivery_delay_last_two_max_days": 3},
            "The last two deliveries were both 3 days late",
            "Son iki teslimatın ikisi de 3 gün gecikti",
        ),
        (
            {"delivery_delay_last_two_min_days": 3, "delivery_delay_last_days": 5, "delivery_delay_before_last_days": 3}
            | {"delivery_delay_last_two_max_days": 5},
            "The last two deliveries came 3 and 5 days late",
            "Son iki teslimat 3 ve 5 gün gecikti",
        ),
        (
            {"delivery_delay_last_two_min_hours": 5.04, "delivery_delay_last_two_max_hours": 5.02},
            "The last two deliveries were both 5 hours late",
            "Son iki teslimatın ikisi de 5 saat gecikti",
        ),
        (
            {"gap_deviation_days": 12},
            "The time between orders varies by 12 days",
            "Siparişleri arasındaki süre ±12 gün değişiyor",
        ),
        (
            {"order_days_coming_quarter_share": 0, "order_days_coming_quarter": 0, "order_days_total": 2},
            "Never ordered in this season before",
            "Önceki yıllarda bu dönemde hiç sipariş vermemiş",
        ),
        ({"delivery_delay_mean_days_90d": 0.04}, None, None),
        (
            {"delivery_delay_mean_days_90d": 2.5},
            "Deliveries of the last 90 days came 2.5 days late on average",
            "Son 90 gündeki teslimatlar ortalama 2,5 gün gecikti",
        ),
    ],
)
def test_sentences_read_like_this(row: dict[str, float], english: str | None, turkish: str | None) -> None:
    name = next(iter(row))
    assert write(name, row, "en", "EUR") == english
    assert write(name, row, "tr", "EUR") == turkish
