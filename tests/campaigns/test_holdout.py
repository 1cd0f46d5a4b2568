from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pandas as pd
import pytest

from churnml.campaigns.holdout import assign, share_for, smallest_effect
from churnml.config import HoldoutSettings

IDS = pd.Series([f"C{number:05d}" for number in range(10_000)])
ONE = pd.Series(["all"] * len(IDS))
NONE = pd.Series(dtype="boolean")


def test_the_arm_depends_on_id_campaign_and_key() -> None:
    first = assign(IDS, ONE, 0.1, "spring", "key", NONE)
    np.testing.assert_array_equal(first, assign(IDS, ONE, 0.1, "spring", "key", NONE))
    for campaign, key in (("summer", "key"), ("spring", "other")):
        other = assign(IDS, ONE, 0.1, campaign, key, NONE)
        # Independent draws of a tenth each meet in a hundredth of all.
        assert (first & other).mean() == pytest.approx(0.01, abs=0.005)


def test_the_order_of_the_customers_does_not_matter() -> None:
    strata = pd.Series(np.where(np.arange(len(IDS)) % 3, "a", "b"))
    shuffled = np.random.default_rng(1).permutation(len(IDS))
    arms = pd.Series(assign(IDS, strata, 0.2, "c", "k", NONE), index=IDS)
    again = pd.Series(
        assign(IDS[shuffled].reset_index(drop=True), strata[shuffled].reset_index(drop=True), 0.2, "c", "k", NONE),
        index=IDS[shuffled],
    )
    pd.testing.assert_series_equal(arms, again.loc[arms.index])


def test_every_stratum_has_its_share_and_so_have_all() -> None:
    sizes = [7, 13, 1, 979, 9_000]
    strata = pd.Series(np.repeat([f"s{place}" for place in range(len(sizes))], sizes))
    held = pd.Series(assign(IDS, strata, 0.1, "c", "k", NONE)).groupby(strata).sum()
    for name, size in zip(held.index, sizes, strict=True):
        assert abs(held[name] - 0.1 * size) <= 1
    assert held.sum() == 1_000


def test_a_share_is_rounded_to_the_nearest_customer() -> None:
    def held(*sizes: int) -> list[int]:
        """Give how many of strata of such sizes are held out, at a tenth."""
        strata = pd.Series(np.repeat([f"s{place}" for place in range(len(sizes))], sizes))
        arms = assign(IDS[: len(strata)], strata, 0.1, "c", "k", NONE)
        return pd.Series(arms).groupby(strata).sum().tolist()

    assert held(4) == [0]  # .4
    assert held(5) == [1]  # .5
    assert held(14) == [1]  # 1.4
    assert held(15) == [2]  # 1.5
    # Of all up to each stratum: .3, .6, 1.2, 1.5 and 1.8.
    assert held(3, 3, 6, 3, 3) == [0, 1, 0, 1, 0]


def test_who_is_held_out_is_drawn_by_a_keyed_hash_that_anyone_can_redo() -> None:
    ids = IDS[:40]
    place = {one: blake2b(b"6:spring:" + one.encode(), digest_size=8, key=b"key").digest() for one in ids}
    drawn = sorted(ids, key=place.__getitem__)[:10]
    assert sorted(ids[assign(ids, ONE[:40], 0.25, "spring", "key", NONE)]) == sorted(drawn)
    # The length of the campaign's name stands before it: what follows cannot be read as a part of it.
    other = pd.Series([f"1:{one}" for one in ids])
    assert any(assign(ids, ONE[:40], 0.25, "x:1", "key", NONE) != assign(other, ONE[:40], 0.25, "x", "key", NONE))
    # A key longer than the 64 bytes that BLAKE2 takes is hashed first.
    for key, secret in (("k" * 64, b"k" * 64), ("k" * 65, blake2b(b"k" * 65).digest())):
        place = {one: blake2b(b"1:c:" + one.encode(), digest_size=8, key=secret).digest() for one in ids}
        drawn = sorted(ids, key=place.__getitem__)[:10]
        assert sorted(ids[assign(ids, ONE[:40], 0.25, "c", key, NONE)]) == sorted(drawn)


def test_a_fixed_arm_stays_and_the_share_is_made_up_by_the_others() -> None:
    fixed = pd.Series(True, index=IDS[:600]).astype("boolean")
    held = assign(IDS, ONE, 0.1, "c", "k", fixed)
    assert held[:600].all()
    assert held.sum() == 1_000
    freed = assign(IDS, ONE, 0.1, "c", "k", ~fixed)
    assert not freed[:600].any()
    assert freed.sum() == 1_000


def test_no_share_holds_nobody_out_but_those_who_are_fixed() -> None:
    assert not assign(IDS, ONE, 0.0, "c", "k", NONE).any()
    assert assign(IDS, ONE, 0.0, "c", "k", pd.Series(True, index=IDS[:5]).astype("boolean")).sum() == 5


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
