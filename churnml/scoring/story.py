"""Stories: what happened to a customer, in sentences, and what speaks for and against staying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import pandas as pd
from babel.dates import format_date
from babel.numbers import format_decimal

from churnml.data.lateness import SECONDS
from churnml.data.timeline import COLUMN_OF_DETAIL
from churnml.features.description import Unit
from churnml.models.attribution import explanation
from churnml.plots import plot_reasons
from churnml.scoring.reasons import Reason
from churnml.words import Language, capitalised, words
from churnml.words.numbers import number_writer
from churnml.words.value_names import ValueNames

if TYPE_CHECKING:
    import shap
    from matplotlib.axes import Axes

_UNITS: Mapping[str, Unit] = {"order": "money", "order_cancelled": "money", "return": "money", "review": "number"}
"""Units of events' numbers; those of other kinds are days."""


@dataclass(frozen=True)
class Story:
    """One customer's story.

    Attributes
    ----------
    customer_id : str
        Id of the customer.
    row : pandas Series
        Row of the customer in the ranking.
    leaving, staying : tuple of Reason
        Reasons in sentences that point to leaving, and to staying.
    concepts : pandas Series
        Weight of every concept in log-odds, heaviest towards leaving first.
    events : pandas DataFrame
        Events of the customer: ``day``, ``kind`` and ``text``, oldest first.
    worth : pandas Series
        Net spend in money over the days over which the value is counted, ``if_stayed`` and ``if_left``.
    effect : str or None
        What effect is expected of a contact and what moves it; None where the list does not rank the customer by it.
    """

    customer_id: str
    row: pd.Series
    leaving: tuple[Reason, ...]
    staying: tuple[Reason, ...]
    concepts: pd.Series
    events: pd.DataFrame
    worth: pd.Series
    effect: str | None


@dataclass(frozen=True)
class Explanation(Story):
    """Why one customer stands where they stand, down to every feature.

    Attributes
    ----------
    features : pandas DataFrame
        Contribution of every feature: ``feature``, ``describe``, ``concept``, ``value`` and ``contribution`` (SHAP
        value, log-odds), heaviest towards leaving first.
    base : float
        Log-odds before any feature is looked at; base plus all contributions is their log-odds.
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
        """Their SHAP values in the form that shap's own plots take, such as ``shap.plots.waterfall``."""
        named = self.features.set_index("feature")
        values = named[["contribution"]].T.set_axis([self.customer_id])
        return explanation(self.base, values, named[["value"]].T.set_axis([self.customer_id]))[0]


def say_events(
    events: pd.DataFrame, language: Language, currency: str | None, names: ValueNames | None = None
) -> pd.DataFrame:
    """Write events as sentences.

    Parameters
    ----------
    events : pandas DataFrame
        Events of customers, as from `churnml.data.timeline.timeline`.
    language : str
        Language of the sentences.
    currency : str or None
        ISO code of the shop's currency; None writes money as a plain number.
    names : ValueNames, optional
        Names of the shop's own values; None says them as they are.

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
        _say(kind, number, None if pd.isna(detail) else _named(kind, str(detail), names), language, currency)
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


def _named(kind: str, detail: str, names: ValueNames | None) -> str:
    column = COLUMN_OF_DETAIL.get(kind)
    return detail if column is None or names is None else names.of(column, detail)


def _say(kind: str, number: float, detail: str | None, language: Language, currency: str | None) -> str:
    if kind == "delivery" and number:
        kind = "delivery_late" if number > 0 else "delivery_early"
    if kind == "complaint_resolved" and not number:
        kind = "complaint_resolved_at_once"
    if kind == "review" and detail is not None:
        detail = str(format_decimal(float(detail), locale=language))
    unit = _UNITS.get(kind, "days")
    if kind.startswith("delivery"):
        unit = next((measure for measure in SECONDS if measure == detail), unit)
    said = words(language)["events"][kind]
    text = said if isinstance(said, str) else said["other" if detail is None else "detail"]
    written = "" if pd.isna(number) else number_writer(unit, language, currency)(abs(number))
    # Not str.format on the whole: what the shop wrote may hold braces.
    return capitalised(text.replace("{n}", written), language).replace("{d}", detail or "")
