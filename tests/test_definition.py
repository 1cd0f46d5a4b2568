"""What counts as leaving."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from churnml.definition import ChurnDefinition, failures_of
from churnml.errors import ConfigError


def test_the_window_is_half_open_and_begins_after_the_lead() -> None:
    definition = ChurnDefinition(horizon_days=30, lead_days=7)
    # 1 February + 7 days = 8 February; 2024 is a leap year: 8 February + 30 days = 9 March.
    assert definition.window(date(2024, 2, 1)) == (date(2024, 2, 8), date(2024, 3, 9))
    assert definition.reach_days == 37


def test_all_failures_come_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        ChurnDefinition(horizon_days=0, lead_days="soon", kind="sulking", spend_share=0, active=30)
    assert caught.value.failures == [
        "definition.horizon_days: Input should be greater than or equal to 1 (received 0). Correct the value.",
        "definition.lead_days: Input should be a valid integer (received 'soon'). Correct the value.",
        "definition.kind: Input should be 'no_order', 'spend_drop' or 'subscription_end' (received 'sulking'). "
        "Correct the value.",
        "definition.spend_share: Input should be greater than 0 (received 0). Correct the value.",
        "definition.active: the key is not known. Remove it, or correct its spelling.",
    ]


@pytest.mark.parametrize("value", [True, "90", 90.5, None])
def test_days_are_whole_numbers(value: object) -> None:
    with pytest.raises(ConfigError, match=re.escape("definition.horizon_days: Input should be a valid integer")):
        ChurnDefinition(horizon_days=value)


def test_numbers_of_numpy_are_numbers() -> None:
    assert ChurnDefinition(horizon_days=np.int64(30)) == ChurnDefinition(horizon_days=30)


def test_a_spend_share_has_three_decimals_at_most() -> None:
    assert ChurnDefinition(spend_share=0.333).spend_share == 0.333
    with pytest.raises(ConfigError, match=re.escape("multiple of 0.001")):
        ChurnDefinition(spend_share=0.3333)


def test_the_defaults() -> None:
    definition = ChurnDefinition()
    assert (definition.horizon_days, definition.lead_days, definition.active_days) == (90, 0, 365)
    assert (definition.kind, definition.spend_share) == ("no_order", 0.5)


@pytest.mark.parametrize(
    ("name", "least", "most", "step"),
    [
        ("horizon_days", 1, 3650, 1),
        ("lead_days", 0, 365, 1),
        ("active_days", 1, 3650, 1),
        ("spend_share", 0.001, 1.0, 0.001),
    ],
)
def test_the_least_and_the_most_are_allowed_and_nothing_beyond(
    name: str, least: float, most: float, step: float
) -> None:
    for allowed in (least, most):
        assert getattr(ChurnDefinition(**{name: allowed}), name) == allowed
    for beyond in (least - step, most + step):
        with pytest.raises(ConfigError, match=f"definition.{name}: Input should be"):
            ChurnDefinition(**{name: beyond})


def test_a_definition_does_not_change() -> None:
    definition = ChurnDefinition()
    with pytest.raises(ValidationError, match="frozen"):
        definition.horizon_days = 30  # type: ignore[misc]


def test_a_key_of_a_mapping_that_is_not_known_is_named_without_a_mark() -> None:
    class Days(BaseModel):
        days: dict[Literal["monday", "friday"], int]

    with pytest.raises(ValidationError) as caught:
        Days(days={"sunday": 1})
    assert failures_of(caught.value, "shop") == [
        "shop.days.sunday: the key is not known. Remove it, or correct its spelling."
    ]


@pytest.mark.parametrize("received", [7, 0.5, date(2025, 1, 5)])
def test_text_that_was_read_as_something_else_is_to_be_quoted(received: object) -> None:
    class Named(BaseModel):
        name: str

    with pytest.raises(ValidationError) as found:
        Named(name=received)
    [failure] = failures_of(found.value, "tables")
    assert failure.startswith("tables.name: ")
    assert failure.endswith('Write it in quotes, such as "007".')
    with pytest.raises(ValidationError) as found:
        Named(name=[])
    assert failures_of(found.value)[0].endswith("Correct the value.")


@pytest.mark.parametrize(("horizon", "first"), [(90, 35), (21, 7), (22, 14), (28, 14), (7, 7), (5, 5), (365, 126)])
def test_the_first_weeks_are_a_third_of_the_horizon_in_whole_weeks(horizon: int, first: int) -> None:
    # 90 / 3 = 30 days are 4.3 weeks: 5 weeks.
    definition = ChurnDefinition(horizon_days=horizon, lead_days=3, active_days=200)
    assert definition.first_weeks == ChurnDefinition(horizon_days=first, lead_days=3, active_days=200)
    assert definition.first_weeks.reach_days == first + 3
