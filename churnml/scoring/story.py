"""Stories: what happened to a customer, in sentences, and what speaks for and against her staying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import pandas as pd
from babel.dates import format_date
from babel.numbers import format_decimal

from churnml.data.lateness import SECONDS
from churnml.features.description import Unit
from churnml.features.sentences import Language, capitalised, number_writer
from churnml.models.attribution import explanation
from churnml.plots import plot_reasons
from churnml.scoring.reasons import Reason

if TYPE_CHECKING:
    import shap
    from matplotlib.axes import Axes

# Per kind of event: what is said with a detail, and without one; {n} is the number in the unit.
_SAID: Mapping[str, tuple[Unit, dict[Language, tuple[str, str]]]] = {
    "order": ("money", {"en": ("Order of {n}", "Order of {n}"), "tr": ("{n} tutarında sipariş",) * 2}),
    "order_cancelled": (
        "money",
        {"en": ("Order of {n} cancelled",) * 2, "tr": ("{n} tutarındaki sipariş iptal edildi",) * 2},
    ),
    "delivery_late": ("days", {"en": ("Delivered {n} late",) * 2, "tr": ("{n} geç teslim edildi",) * 2}),
    "delivery_early": ("days", {"en": ("Delivered {n} early",) * 2, "tr": ("{n} erken teslim edildi",) * 2}),
    "delivery": (
        "days",
        {
            "en": ("Delivered at the promised time", "Delivered on the promised day"),
            "tr": ("Söz verilen saatte teslim edildi", "Söz verilen günde teslim edildi"),
        },
    ),
    "complaint": ("days", {"en": ("Complaint: {d}", "Complaint"), "tr": ("Şikâyet: {d}", "Şikâyet")}),
    "complaint_resolved": (
        "days",
        {"en": ("Complaint resolved after {n}",) * 2, "tr": ("Şikâyet {n} sonra çözüldü",) * 2},
    ),
    "complaint_resolved_at_once": (
        "days",
        {"en": ("Complaint resolved on the same day",) * 2, "tr": ("Şikâyet aynı gün çözüldü",) * 2},
    ),
    "return": (
        "money",
        {"en": ("Return of {n}: {d}", "Return of {n}"), "tr": ("{n} tutarında iade: {d}", "{n} tutarında iade")},
    ),
    "review": (
        "number",
        {"en": ("Rated {n} of {d}", "Rated {n} of 5"), "tr": ("Değerlendirme: {n} / {d}", "Değerlendirme: {n} / 5")},
    ),
    "contact": ("days", {"en": ("Message sent: {d}", "Message sent"), "tr": ("Mesaj: {d}", "Mesaj gönderildi")}),
    "subscription": (
        "money",
        {"en": ("Subscription began: {d}", "Subscription began"), "tr": ("Abonelik başladı: {d}", "Abonelik başladı")},
    ),
    "subscription_cancelled": (
        "days",
        {
            "en": ("Subscription cancelled: {d}", "Subscription cancelled"),
            "tr": ("Abonelik iptal edildi: {d}", "Abonelik iptal edildi"),
        },
    ),
}


@dataclass(frozen=True)
class Story:
    """One customer's story.

    Attributes
    ----------
    customer_id
        The customer.
    row
        Her row of the ranking.
    leaving, staying
        Reasons in sentences that go with leaving, and what speaks for her.
    concepts
        Weight of every concept in log-odds, heaviest towards leaving first.
    events
        What happened to her: ``day``, ``kind`` and ``text``, oldest first.
    """

    customer_id: str
    row: pd.Series
    leaving: tuple[Reason, ...]
    staying: tuple[Reason, ...]
    concepts: pd.Series
    events: pd.DataFrame


@dataclass(frozen=True)
class Explanation(Story):
    """Why one customer stands where she stands, down to every feature.

    Attributes
    ----------
    features
        Every feature: ``feature``, ``describe``, ``concept``, ``value`` and ``contribution`` (SHAP value, log-odds),
        heaviest towards leaving first.
    base
        Log-odds before any feature is looked at; base plus all contributions is her log-odds.
    """

    features: pd.DataFrame
    base: float

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the weight of every concept as bars for and against leaving."""
        said = {reason.concept: f"{reason.concept}: {reason.sentence}" for reason in (*self.leaving, *self.staying)}
        labels = [said.get(str(concept), str(concept)) for concept in self.concepts.index]
        table = pd.DataFrame({"label": labels, "contribution": self.concepts.to_numpy()})
        title = f"Customer {self.customer_id}: {self.row.churn_probability:.0%} likely to leave"
        return plot_reasons(table, ax, title=title)

    def _repr_png_(self) -> bytes:
        """Show itself as a picture in a notebook."""
        figure = self.plot().get_figure(root=True)
        assert figure is not None
        written = BytesIO()
        figure.savefig(written, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
        return written.getvalue()

    @property
    def shap(self) -> shap.Explanation:
        """Her SHAP values in the form that shap's own plots take, such as ``shap.plots.waterfall``."""
        named = self.features.set_index("feature")
        values = named[["contribution"]].T.set_axis([self.customer_id])
        return explanation(self.base, values, named[["value"]].T.set_axis([self.customer_id]))[0]


def say_events(events: pd.DataFrame, language: Language, currency: str | None) -> pd.DataFrame:
    """Say events in sentences.

    Parameters
    ----------
    events
        As from ``churnml.data.timeline.timeline``.
    language, currency
        How sentences are written.

    Returns
    -------
    pandas DataFrame
        ``customer_id``, ``day``, ``kind`` and ``text``, in the same order.

    Examples
    --------
    >>> row = {"customer_id": "7", "at": pd.Timestamp(2025, 3, 1, 9), "kind": "delivery", "number": 3.0, "detail": None}
    >>> list(say_events(pd.DataFrame([row]), "en", None).text)
    ['Delivered 3 days late']
    """
    texts = [
        _say(kind, number, None if pd.isna(detail) else str(detail), language, currency)
        for kind, number, detail in zip(events["kind"], events["number"], events["detail"], strict=True)
    ]
    return pd.DataFrame(
        {
            "customer_id": events["customer_id"].to_numpy(),
            "day": pd.to_datetime(events["at"]).dt.date.to_numpy(),
            "kind": events["kind"].to_numpy(),
            "text": pd.Series(texts, dtype="str"),
        }
    )


def say_day(day: object, language: Language) -> str:
    """Write a day as people do.

    Examples
    --------
    >>> from datetime import date
    >>> say_day(date(2025, 3, 1), "en"), say_day(date(2025, 3, 1), "tr")
    ('Mar 1, 2025', '1 Mar 2025')
    """
    return str(format_date(pd.Timestamp(str(day)).date(), format="medium", locale=language))


def _say(kind: str, number: float, detail: str | None, language: Language, currency: str | None) -> str:
    if kind == "delivery" and number:
        kind = "delivery_late" if number > 0 else "delivery_early"
    if kind == "complaint_resolved" and not number:
        kind = "complaint_resolved_at_once"
    if kind == "review" and detail is not None:
        detail = str(format_decimal(float(detail), locale=language))
    unit, said = _SAID[kind]
    if kind.startswith("delivery"):
        unit = next((measure for measure in SECONDS if measure == detail), unit)
    with_detail, without = said[language]
    written = "" if pd.isna(number) else number_writer(unit, language, currency)(abs(number))
    text = without if detail is None else with_detail
    # Not str.format on the whole: what the shop wrote may hold braces.
    return capitalised(text.replace("{n}", written), language).replace("{d}", detail or "")
