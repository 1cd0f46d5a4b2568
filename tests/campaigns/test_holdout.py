from __future__ import annotations

from datetime import date
from hashlib import blake2b

import numpy as np
import pandas as pd
import pytest

from churnml.campaigns.holdout import PLANNED_EFFECT, HoldoutPlan, draw, planned_information, share_for, smallest_effect
from churnml.config import HoldoutSettings

IDS = pd.Series([f"C{number:05d}" for number in range(10_000)])
FIRST = pd.Series(1, index=IDS.index)


def test_the_arm_depends_on_id_campaign_number_and_key() -> None:
    first = draw(IDS, FIRST, 0.1, "spring", "key")
    np.testing.assert_array_equal(first, draw(IDS, FIRST, 0.1, "spring", "key"))
    # Binomial: 1,000 with a standard deviation of 30.
    assert abs(first.sum() - 1_000) <= 90
    for number, campaign, key in ((1, "summer", "key"), (1, "spring", "other"), (2, "spring", "key")):
        other = draw(IDS, FIRST * number, 0.1, campaign, key)
        # Independent draws of a tenth each meet in a hundredth of all.
        assert (first & other).mean() == pytest.approx(0.01, abs=0.005)


def test_nobody_else_moves_an_arm() -> None:
    few = IDS.sample(500, random_state=1)
    alone = draw(few, FIRST.loc[few.index], 0.2, "c", "k")
    assert alone.tolist() == draw(IDS, FIRST, 0.2, "c", "k")[few.index].tolist()


def test_who_is_held_out_with_a_small_chance_is_with_a_larger_one() -> None:
    small, large = (draw(IDS, FIRST, share, "c", "k") for share in (0.1, 0.3))
    assert (large[small]).all()
    assert not draw(IDS, FIRST, 0.0, "c", "k").any()


def test_an_arm_is_drawn_by_a_keyed_hash_that_anyone_can_redo() -> None:
    ids = IDS[:200]

    def by_hand(campaign: bytes, key: bytes) -> list[bool]:
        """Compare the first eight bytes, as a share of all that they can be, with a quarter."""
        places = [blake2b(campaign + b":1:" + one.encode(), digest_size=8, key=key).digest() for one in ids]
        return [int.from_bytes(place, "big") / 2**64 < 0.25 for place in places]

    assert draw(ids, FIRST[:200], 0.25, "spring", "key").tolist() == by_hand(b"6:spring", b"key")
    # A key longer than the 64 bytes that BLAKE2 takes is hashed first.
    for key, secret in (("k" * 64, b"k" * 64), ("k" * 65, blake2b(b"k" * 65).digest())):
        assert draw(ids, FIRST[:200], 0.25, "c", key).tolist() == by_hand(b"1:c", secret)
    # The length of the campaign's name stands before it: what follows cannot be read as a part of it.
    assert draw(ids, FIRST[:200], 0.5, "c:1", "k").tolist() != draw("1:" + ids, FIRST[:200], 0.5, "c", "k").tolist()


def test_a_tenth_of_five_hundred_shows_fifteen_to_twenty_points() -> None:
    # 2.802 * sqrt(0.6 * 0.4 * (1/450 + 1/50)) = 2.802 * 0.4899 * 0.1491 = 0.2046
    assert smallest_effect(0.6, 450, 50) == pytest.approx(0.2046, abs=5e-4)
    # 2.802 * sqrt(0.85 * 0.15) * 0.1491 = 0.1492
    assert smallest_effect(0.85, 450, 50) == pytest.approx(0.1492, abs=5e-4)
    assert smallest_effect(0.6, 450, 0) is None


@pytest.mark.parametrize(
    ("rate", "listed", "held_out", "shown"),
    [
        # 2.8016 * sqrt(0.5 * 0.5 * (1/50 + 1/10)) = 0.48525, below the churn rate: 24 of 50 kept would show.
        (0.5, 50, 10, 0.48525),
        # 2.802 * sqrt(0.5 * 0.5 * (1/50 + 1/9)) = 0.5073: not even contacts that keep all 50 would show.
        (0.5, 50, 9, None),
        # 2.802 * sqrt(0.05 * 0.95 * (1/450 + 1/50)) = 0.0910, above a churn rate of 5 %.
        (0.05, 450, 50, None),
        # 2.802 * sqrt(0.6 * 0.4 * (1/45 + 1/1)) = 1.388: "effects from 138 points on".
        (0.6, 45, 1, None),
        (0.0, 450, 50, None),
    ],
)
def test_no_effect_is_larger_than_the_churn_rate(rate: float, listed: int, held_out: int, shown: float | None) -> None:
    effect = smallest_effect(rate, listed, held_out)
    assert effect == (None if shown is None else pytest.approx(shown, abs=5e-5))


def test_the_share_shows_the_effect_that_it_was_chosen_for() -> None:
    for effect in (0.05, 0.1, 0.2):
        share = share_for(HoldoutSettings(effect=effect), 0.6, 5_000)
        held_out = 5_000 * share / (1 - share)
        assert smallest_effect(0.6, 5_000, held_out) == pytest.approx(effect)  # type: ignore[arg-type]
    assert share_for(HoldoutSettings(effect=0.01), 0.6, 50) == 0.5
    assert share_for(HoldoutSettings(share=0.2), 0.6, 50) == 0.2


def test_the_share_by_hand() -> None:
    # z is 1.95996 + .84162 = 2.80158; .1 x .9 x (2.80158 / .5)^2 = 2.82560 customers, of a hundred or of ten.
    assert share_for(HoldoutSettings(effect=0.5), 0.1, 100) == pytest.approx(0.0282560, abs=1e-7)
    assert share_for(HoldoutSettings(effect=0.5), 0.1, 10) == pytest.approx(0.282560, abs=1e-6)
    # .01 x .99 x (2.80158 / .9)^2 = .0959307, for one customer and where nobody is listed.
    assert share_for(HoldoutSettings(effect=0.9), 0.01, 1) == pytest.approx(0.0959307, abs=1e-7)
    assert share_for(HoldoutSettings(effect=0.9), 0.01, 0) == pytest.approx(0.0959307, abs=1e-7)


def test_a_campaign_is_planned_for_ten_points() -> None:
    # .6 x .4 x (2.80158 / .1)^2 = 188.372; for 20 points a quarter of it.
    assert PLANNED_EFFECT == 0.1
    assert planned_information(0.6) == pytest.approx(188.372, abs=1e-2)
    assert planned_information(0.6, 0.2) == pytest.approx(47.093, abs=1e-2)
    # So many show just that: n1 n0 / (n1 + n0) of 1,884 listed and 209 held out is 188.1.
    assert smallest_effect(0.6, 1_884, 209) == pytest.approx(0.1, abs=1e-3)


def test_nobody_is_explored_unless_one_says_so() -> None:
    plan = HoldoutPlan(campaign="a", share=0.1, listed=9, held_out=1, smallest_effect=None, until=date(2025, 3, 1))
    assert plan.explored == 0
