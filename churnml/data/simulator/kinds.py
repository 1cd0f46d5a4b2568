"""Kinds of shops: how their customers order, come, pay and leave."""

from __future__ import annotations

from dataclasses import dataclass, field

from churnml.data.simulator.season import Season
from churnml.errors import InputError

DEFAULT_KIND = "gift"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What makes the customers of one kind of shop.

    Attributes
    ----------
    name : str
        Name of the kind.
    pace_days : float
        Median of the customers' usual gaps between orders, in days.
    pace_spread : float
        Spread of the usual gaps between customers: standard deviation of their logarithm.
    pace_bounds_days : tuple of float
        Shortest and longest usual gap, in days.
    regularity : tuple of float
        Range of the shape of a customer's gamma-distributed gaps: 1 is as irregular as chance, 100 varies by a tenth.
    slows_down : float
        Chance at each order that a customer slows down; a quarter of the slow ones find back to their pace each time.
    slow_times, slow_least : float
        How many times as long gaps are while a customer has slowed down, on average and at least.
    base_hazard : float
        Mean hazard of leaving after an order without any reason.
    one_time_share : float
        Share of the newcomers who hardly ever come back after their first order.
    arrival_bend : float
        Power of the newcomers' times: 1 brings as many at any time, more brings more of them at first.
    run_in_years : float
        Years before the first day of the data in which customers came already. What they did then is not written.
    season : Season
        How busy each day of the year is.
    twice_share : float
        Share of the customers who order at half their usual gap.
    discount_customers : float
        Share of the customers with a customary discount.
    late_share : float
        Mean share of late parcels.
    promise_days : tuple of int
        Fewest and most whole days from the order to the promised day.
    full_basket_share : float
        Mean share of the three further lines that a basket can have.
    cheapest_cents : int
        Price of the cheapest product, in cents.
    price_ratio : float
        Price of the dearest product over that of the cheapest.
    bulk_spread : float
        Spread of the quantities between customers: standard deviation of their logarithm; 0 buys single pieces.
    return_share : float
        Share of the orders sent back in whole or in part though nothing was wrong with them.
    subscriber_share : float
        Share of the customers who take out a subscription.
    subscribed_within_days : int
        Most days from a customer's first order to the subscription.
    yearly_plan_share : float
        Share of the subscriptions that end after a year by themselves.
    cancelling_leavers : float
        Share of the leaving subscribers who cancel.
    cancelling_stayers : float
        Share of the other subscribers who cancel at some time.
    """

    name: str
    pace_days: float
    pace_spread: float
    pace_bounds_days: tuple[float, float]
    regularity: tuple[float, float]
    slows_down: float = 0.027
    slow_times: float = 2.3
    slow_least: float = 1.7
    base_hazard: float
    one_time_share: float
    arrival_bend: float = 1.0
    run_in_years: float = 0.0
    season: Season = field(default_factory=Season)
    twice_share: float = 0.0
    discount_customers: float = 0.45
    late_share: float = 0.7 / 5.1
    promise_days: tuple[int, int] = (3, 5)
    full_basket_share: float = 0.4
    cheapest_cents: int = 390
    price_ratio: float = 40
    bulk_spread: float = 0.0
    return_share: float = 0.05
    subscriber_share: float = 0.04
    subscribed_within_days: int = 60
    yearly_plan_share: float = 0.4
    cancelling_leavers: float = 0.7
    cancelling_stayers: float = 0.2


_ALL = (
    Kind(
        name="gift",
        pace_days=68,
        pace_spread=0.6,
        pace_bounds_days=(14, 300),
        regularity=(2.2, 3.2),
        slows_down=0.045,
        slow_times=2.8,
        slow_least=2.4,
        base_hazard=0.005,
        one_time_share=0.38,
        run_in_years=6,
        season=Season(amplitude=0.6, second=0.4, peak_day=319),
        discount_customers=0.35,
        late_share=0.09,
        bulk_spread=0.5,
    ),
    Kind(
        name="grocery",
        pace_days=11,
        pace_spread=0.35,
        pace_bounds_days=(7, 35),
        regularity=(2, 5),
        base_hazard=0.01,
        one_time_share=0.12,
        run_in_years=1.5,
        season=Season(amplitude=0.08, second=0, peak_day=350),
        promise_days=(1, 2),
        full_basket_share=0.8,
        cheapest_cents=150,
        price_ratio=12,
        bulk_spread=0.3,
        return_share=0.01,
        subscriber_share=0.1,
    ),
    Kind(
        name="fashion",
        pace_days=75,
        pace_spread=0.6,
        pace_bounds_days=(20, 300),
        regularity=(1.3, 2.5),
        base_hazard=0.06,
        one_time_share=0.2,
        run_in_years=4,
        season=Season(amplitude=0.4, second=0.85, peak_day=305),
        cheapest_cents=990,
        price_ratio=20,
        return_share=0.3,
    ),
    Kind(
        name="yearly",
        pace_days=365.25,
        pace_spread=0.0,
        pace_bounds_days=(150, 400),
        regularity=(150, 400),
        base_hazard=0.1,
        one_time_share=0.15,
        run_in_years=6,
        season=Season(amplitude=0.9, second=0.3, peak_day=345),
        twice_share=0.15,
        cheapest_cents=990,
        price_ratio=20,
    ),
    Kind(
        name="subscription",
        pace_days=30.4,
        pace_spread=0.05,
        pace_bounds_days=(26, 35),
        regularity=(60, 200),
        base_hazard=0.03,
        one_time_share=0.06,
        run_in_years=3,
        season=Season(amplitude=0.03, second=0, peak_day=15),
        full_basket_share=0.2,
        price_ratio=10,
        subscriber_share=0.85,
        subscribed_within_days=3,
        yearly_plan_share=0.05,
        cancelling_leavers=0.9,
        cancelling_stayers=0.03,
    ),
    Kind(
        name="marketplace",
        pace_days=110,
        pace_spread=0.7,
        pace_bounds_days=(20, 365),
        regularity=(1, 2),
        base_hazard=0.4,
        one_time_share=0.85,
        run_in_years=2,
        season=Season(amplitude=0.3, second=0.5, peak_day=330),
        discount_customers=0.15,
        promise_days=(5, 14),
        full_basket_share=0.05,
        price_ratio=80,
    ),
    Kind(
        name="textbook",
        pace_days=23,
        pace_spread=0.5,
        pace_bounds_days=(12, 110),
        regularity=(2, 3),
        base_hazard=0.028,
        one_time_share=0.04,
        arrival_bend=1.6,
    ),
)
KINDS = {kind.name: kind for kind in _ALL}


def kind_named(kind: str | Kind) -> Kind:
    """Give the kind of a name; a kind is given back.

    Parameters
    ----------
    kind : str or Kind
        A name in ``KINDS``, or a kind of one's own.

    Returns
    -------
    Kind
        What makes its customers.

    Raises
    ------
    InputError
        Where there is no kind of that name.

    Examples
    --------
    >>> kind_named("yearly").pace_days
    365.25
    """
    if isinstance(kind, Kind):
        return kind
    if kind not in KINDS:
        raise InputError(f"simulate.kind: is {kind!r}. Give one of {', '.join(KINDS)}.")
    return KINDS[kind]
