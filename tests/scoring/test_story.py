from __future__ import annotations

import pandas as pd
import pytest

from churnml.scoring.story import say_events
from churnml.words import Language, words
from churnml.words.value_names import ValueNames
from tests.hostile import TEXTS

NAN = float("nan")


def said(kind: str, number: float, detail: str | None, language: Language, names: ValueNames | None = None) -> str:
    row = {"customer_id": "7", "at": pd.Timestamp(2025, 3, 1, 9), "kind": kind, "number": number, "detail": detail}
    return str(say_events(pd.DataFrame([row]), language, "EUR", names).text[0])


@pytest.mark.parametrize(
    ("kind", "number", "detail", "english", "turkish"),
    [
        ("order", 1234.5, None, "Order of €1,234.50", "€1.234,50 tutarında sipariş"),
        ("order_cancelled", 5.0, None, "Order of €5.00 cancelled", "€5,00 tutarındaki sipariş iptal edildi"),
        ("delivery", 1.0, None, "Delivered 1 day late", "1 gün geç teslim edildi"),
        ("delivery", -2.0, None, "Delivered 2 days early", "2 gün erken teslim edildi"),
        ("delivery", 0.0, None, "Delivered on the promised day", "Zamanında teslim edildi"),
        ("delivery", 25.4, "minutes", "Delivered 25 minutes late", "25 dakika geç teslim edildi"),
        ("delivery", -1.0, "minutes", "Delivered 1 minute early", "1 dakika erken teslim edildi"),
        ("delivery", 1.5, "hours", "Delivered 1.5 hours late", "1,5 saat geç teslim edildi"),
        ("delivery", 0.0, "hours", "Delivered at the promised time", "Söz verilen saatte teslim edildi"),
        ("complaint", NAN, "size", "Complaint: size", "Şikâyet: size"),
        ("complaint", NAN, None, "Complaint", "Şikâyet"),
        ("complaint_resolved", 3.0, None, "Complaint resolved after 3 days", "Şikâyet 3 gün sonra çözüldü"),
        ("complaint_resolved", 0.0, None, "Complaint resolved on the same day", "Şikâyet aynı gün çözüldü"),
        ("return", 9.9, "broken", "Return of €9.90: broken", "€9,90 tutarında iade: broken"),
        ("review", 4.0, "10.0", "Rated 4 of 10", "Değerlendirme: 4 / 10"),
        ("review", 2.0, None, "Rated 2 of 5", "Değerlendirme: 2 / 5"),
        ("contact", NAN, "spring", "Message sent: spring", "Mesaj: spring"),
        ("subscription", 12.0, "monthly", "Subscription began: monthly", "Abonelik başladı: monthly"),
        ("subscription_cancelled", NAN, None, "Subscription cancelled", "Abonelik iptal edildi"),
    ],
)
def test_every_kind_of_event_is_said(kind: str, number: float, detail: str | None, english: str, turkish: str) -> None:
    assert said(kind, number, detail, "en") == english
    assert said(kind, number, detail, "tr") == turkish


def test_what_the_shop_wrote_stays_as_it_is() -> None:
    assert said("complaint", NAN, "{n} <b>{d}</b>", "en") == "Complaint: {n} <b>{d}</b>"


def test_no_event_gives_no_sentence() -> None:
    empty = pd.DataFrame({"customer_id": [], "at": [], "kind": [], "number": [], "detail": []})
    assert list(say_events(empty, "en", None).columns) == ["customer_id", "day", "kind", "text"]
    assert {"order", "delivery", "complaint", "return", "review", "contact"} <= set(words("en")["events"])


def test_values_of_the_shop_are_said_by_their_names() -> None:
    names = ValueNames(
        {
            "other": "Diğer",
            "complaints.topic": {"Late  delivery": "Geç teslimat"},
            "returns.reason": {"other": "Başka neden"},
            "subscriptions.plan": {"monthly": "Aylık"},
        }
    )
    assert said("complaint", NAN, "late delivery", "tr", names) == "Şikâyet: Geç teslimat"
    assert said("complaint", NAN, "OTHER", "tr", names) == "Şikâyet: Diğer"
    assert said("return", 9.9, "other", "tr", names) == "€9,90 tutarında iade: Başka neden"
    assert said("return", 9.9, "late delivery", "tr", names) == "€9,90 tutarında iade: late delivery"
    assert said("contact", NAN, "other", "tr", names) == "Mesaj: Diğer"
    assert said("subscription", 5.0, "Monthly", "tr", names) == "Abonelik başladı: Aylık"
    assert said("subscription_cancelled", NAN, "monthly", "tr", names) == "Abonelik iptal edildi: Aylık"
    # What is no text of the shop has no name.
    ten, hours = ValueNames({"10.0": "zehn", "hours": "Stunden"}), "Delivered 1.5 hours late"
    assert said("review", 4.0, "10.0", "en", ten) == "Rated 4 of 10"
    assert said("delivery", 1.5, "hours", "en", ten) == hours


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_name_is_said_as_it_is(name: str) -> None:
    assert said("complaint", NAN, "x", "en", ValueNames({"x": TEXTS[name]})) == f"Complaint: {TEXTS[name]}"
