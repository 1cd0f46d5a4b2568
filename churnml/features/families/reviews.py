"""Reviews: how content customers say that they are, on whatever scale brought to five stars."""

from __future__ import annotations

import ibis.expr.types as ir

from churnml.data.history import History
from churnml.features.family import (
    Aggregate,
    Derived,
    Family,
    Source,
    at_last,
    count,
    days_since_last,
    mean,
    smallest,
)

STARS = 5
"""All ratings are brought to this scale."""
LOW_STARS = 2
"""A rating of so many stars or fewer is low."""
_EXACT = "decimal(18,4)"
_TEN_THOUSANDTHS = 10_000


def _reviews(history: History) -> ir.Table:
    table = history.table("reviews")
    stars = (table.rating * STARS / table["scale"].fill_null(float(STARS))).cast(_EXACT)
    seconds = table.submitted_at.epoch_seconds().cast("int64")
    return table.mutate(
        stars=stars, review_rank=seconds * 10 * _TEN_THOUSANDTHS - (stars * _TEN_THOUSANDTHS).cast("int64")
    )


REVIEWS = Source("reviews", table="reviews", event_time="submitted_at", rows=_reviews)
"""Reviews with their rating as stars of five: ``5 x rating / scale``.

``review_rank`` puts them in the order of their submission, and those of one second in that of falling stars.
"""

FAMILY = Family(
    name="reviews",
    concept="reviews",
    actionable=True,
    features=(
        *(
            Aggregate(
                name=f"reviews_{days}d",
                unit="reviews",
                describe=f"Reviews in the {days} days before the snapshot",
                source=REVIEWS,
                reduce=count(),
                window_days=days,
                fill=0,
                tells="low",
            )
            for days in (90, 365)
        ),
        *(
            Aggregate(
                name=f"reviews_low_{days}d",
                unit="reviews",
                describe=f"Reviews with at most two stars of five in the {days} days before the snapshot",
                source=REVIEWS,
                reduce=count(),
                only=lambda review: review.stars <= LOW_STARS,
                window_days=days,
                fill=0,
                speaks_if=lambda value: value > 0,
            )
            for days in (90, 365)
        ),
        Aggregate(
            name="days_since_last_review",
            unit="days",
            describe="Days from the last review to the snapshot; null without one",
            source=REVIEWS,
            reduce=days_since_last("submitted_at"),
        ),
        Aggregate(
            name="review_stars_mean_365d",
            unit="stars",
            describe="Mean stars (of five) of the reviews in the 365 days before the snapshot; null without one",
            source=REVIEWS,
            reduce=mean("stars"),
            window_days=365,
            tells="low",
        ),
        Aggregate(
            name="review_stars_min_365d",
            unit="stars",
            describe="Fewest stars (of five) of a review in the 365 days before the snapshot; null without one",
            source=REVIEWS,
            reduce=smallest("stars"),
            window_days=365,
            speaks_if=lambda value: value <= 3,
            tells="low",
        ),
        Aggregate(
            name="review_stars_last",
            headline=1,
            unit="stars",
            describe="Stars (of five) of the last review; of several at the same second the fewest; null without one",
            source=REVIEWS,
            reduce=at_last("stars", "review_rank"),
            speaks_if=lambda value: value <= 3,
            tells="low",
        ),
        Derived(
            name="review_stars_last_against_mean",
            unit="stars",
            describe="Stars of the last review minus the mean of those of the last 365 days",
            inputs=("review_stars_last", "review_stars_mean_365d"),
            compute=lambda last, usual: last - usual,
            speaks_if=lambda value: value < 0,
            tells="low",
        ),
    ),
)
