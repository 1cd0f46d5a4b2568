"""Which model scores a day, by when it and others were trained."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from churnml.config import TrackingSettings
from churnml.errors import ModelError
from churnml.tracking import in_service

DAY = date(2025, 6, 30)
EVERY = 30


@pytest.mark.parametrize(
    ("champion", "challenger", "before", "scores"),
    [
        # Days before the one that is scored; negative ones lie after it.
        (0, None, [], 0),
        (29, None, [], 29),
        (30, None, [], None),  # a training is due after 30 days
        (300, 10, [], 300),  # the newer one lost against it: that it was tried counts
        (300, 30, [], None),
        (5, -4, [], 5),  # a challenger of the future is not known on that day
        (-10, None, [], None),  # a day in the past needs a model of then
        (-10, 12, [], 12),
        (-10, 12, [8, 29, 31], 8),
        (-10, None, [31], None),
        (None, 3, [], None),
    ],
)
def test_the_model_of_a_day(
    champion: int | None, challenger: int | None, before: list[int], scores: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged = {"@champion": champion, "@challenger": challenger} | {f"/{place}": age for place, age in enumerate(before)}
    models = {
        f"models:/churn{end}": SimpleNamespace(as_of=DAY - timedelta(days=age), definition="ours")
        for end, age in aged.items()
        if age is not None
    }

    def find(address: str, tracking: TrackingSettings) -> SimpleNamespace:
        if address not in models:
            raise ModelError("there is no such model")
        return models[address]

    changes = [SimpleNamespace(version=str(place)) for place in [*range(len(before)), 99]]  # 99 was removed since
    monkeypatch.setattr(in_service, "find_model", find)
    monkeypatch.setattr(in_service, "at_store", lambda tracking: nullcontext())
    monkeypatch.setattr(in_service, "history", lambda mlflow, name: changes)
    usable = in_service.find_usable(TrackingSettings(), DAY, EVERY, lambda model: model.definition == "ours")
    assert (None if usable is None else (DAY - usable.as_of).days) == scores
    # Models that answer another question score nothing.
    assert in_service.find_usable(TrackingSettings(), DAY, EVERY, lambda model: False) is None
