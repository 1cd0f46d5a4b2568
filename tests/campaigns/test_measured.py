"""What was measured takes the place of what was assumed; what loses money is stopped, and comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.campaigns.measured import Measured, measure, read_measured, stopped_on, write_measured
from churnml.campaigns.readout import Readout, read_out
from churnml.config import Config
from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError, InputError
from churnml.words import LANGUAGES, Language
from churnml.words.measured import say_measured, say_source
from tests.campaigns.made_campaign import DEFINITION, FIRST, make_campaign, make_ledger


@pytest.fixture(scope="module")
def readout() -> Readout:
    return read_out(*make_campaign(1_000, 4, effect=-0.2))


def test_a_readout_measures_what_was_planted_of_all_and_of_each_play(readout: Readout, tmp_path: Path) -> None:
    measured = measure(readout, Config())
    assert measured is not None
    assert measured.save_share is not None
    told = readout.measured["retention"]["save_share"]
    assert (measured.save_share.value, measured.save_share.held_out) == (told["value"], told["held_out"])
    # A fifth of all, of the six tenths who would have left.
    assert measured.save_share.low < 0.2 / 0.6 < measured.save_share.high
    assert set(measured.plays) == {"call", "mail"}
    assert measured.taken_anyway_share is None  # the shop tells no redeemed_at
    for play in measured.plays.values():
        assert play.save_share is not None
        assert play.save_share.low < 0.2 / 0.6 < play.save_share.high
        assert play.stopped_on is None
    # Two plays that do the same are narrower together than each by itself would be (4 cohorts of 500).
    width = measured.plays["call"].save_share.high - measured.plays["call"].save_share.low  # type: ignore[union-attr]
    assert width < 1.2 * (measured.save_share.high - measured.save_share.low)
    write_measured(measured, tmp_path / "measured.yaml")
    assert read_measured(tmp_path / "measured.yaml", DEFINITION) == measured


def test_by_another_definition_or_as_another_file_it_is_refused(readout: Readout, tmp_path: Path) -> None:
    measured, file = measure(readout, Config()), tmp_path / "measured.yaml"
    assert measured is not None
    write_measured(measured, file)
    with pytest.raises(InputError, match="another definition of leaving \\(horizon_days 30, now 60\\)"):
        read_measured(file, ChurnDefinition(horizon_days=60))
    file.write_text("campaign: retention\nuntil: soon\nplay: {}\n")
    with pytest.raises(InputError, match="until"):
        read_measured(file, DEFINITION)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_measured(tmp_path / "nowhere.yaml", DEFINITION)


def test_nothing_is_measured_where_outcomes_are_of_another_window(readout: Readout) -> None:
    assert measure(replace(readout, window=60), Config()) is None
    assert measure(replace(readout, campaigns=()), Config()) is None


def earned(gains: list[float], a_week: int = 400, spread: float = 10.0) -> pd.DataFrame:
    """Let a play earn so much per listed customer, week by week."""
    ledger = make_ledger(a_week, len(gains), share=0.5)
    rng = np.random.default_rng(3)
    gain = np.repeat(gains, a_week)
    profit = rng.normal(20.0, spread, len(ledger)) + np.where(ledger.arm == "listed", gain, 0.0)
    cohort = np.repeat(np.arange(len(gains)), a_week)
    return ledger.assign(profit=profit, churned=0.0, treated=1.0, cohort=cohort)


def test_a_play_that_loses_is_stopped_and_comes_back_once_the_loss_is_gone() -> None:
    # Its standard error after a week of 200 and 200: 10 sqrt(2 / 200) = 1, so that 5 less shows at once.
    loses = earned([-5.0] * 4)
    assert stopped_on(loses) == FIRST + timedelta(days=30)
    # Weeks 5 to 10 enter on or after the day on which that was known, and earn 5 more.
    assert stopped_on(earned([-5.0] * 5 + [5.0] * 5)) is None
    # Who entered before that day does not speak for it.
    assert stopped_on(earned([-5.0] + [5.0] * 4)) == FIRST + timedelta(days=30)


def test_what_is_not_known_to_lose_goes_on() -> None:
    assert stopped_on(earned([0.0] * 10)) is None
    assert stopped_on(earned([5.0] * 4)) is None
    assert stopped_on(earned([-5.0] * 4, a_week=4)) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_said_in_every_language(readout: Readout, language: Language) -> None:
    measured = measure(readout, Config())
    assert measured is not None
    day = measured.until
    assert "{" not in " ".join(say_measured(measured, {}, day, language))
    assert str(measured.save_share.held_out) in say_source(measured, language)  # type: ignore[union-attr]
    loses = measured.plays["call"].model_copy(update={"stopped_on": date(2025, 6, 1)})
    stopped = measured.model_copy(update={"plays": measured.plays | {"call": loses}})
    assert stopped.stopped == ["call"]
    said = say_measured(stopped, {"call": "Anruf 7"}, day + timedelta(days=366), language)
    assert len(said) == 3
    assert "Anruf 7" in said[1]
    assert "2025" in said[2]


def test_where_nothing_could_be_measured_it_is_assumed() -> None:
    nothing = Measured(campaign="retention", until=date(2025, 6, 1), definition={})
    assert say_source(nothing, "en") == say_source(None, "en") == "assumed"
    assert say_measured(nothing, {}, date(2025, 6, 2), "en") == []
