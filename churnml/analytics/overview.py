"""The overview of a shop: every figure that a retention team is asked for, by one definition and one clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta

import pandas as pd

from churnml.analytics.cohorts import compute_cohorts
from churnml.analytics.concentration import compute_concentration
from churnml.analytics.experience import compute_experience, compute_first_experience
from churnml.analytics.faults import compute_faults, fault_customers
from churnml.analytics.free_text import compute_text_topics
from churnml.analytics.groups import column_of, compute_retention_by_group
from churnml.analytics.habits import compute_habits
from churnml.analytics.kpis import compute_kpis, compute_kpis_by_segment
from churnml.analytics.leaving import compute_complaint_topics, compute_reasons_of_leaving
from churnml.analytics.lifecycle import compute_lifecycle, compute_transitions
from churnml.analytics.loyalty import compute_next_tiers, compute_points, compute_tier_moves
from churnml.analytics.periods import look_back
from churnml.analytics.promotions import compute_promotion_codes
from churnml.analytics.referrals import compute_referrals
from churnml.analytics.second_orders import compute_second_orders
from churnml.analytics.segments import compute_migration, compute_segments
from churnml.analytics.service import (
    REASON,
    compute_after_service,
    compute_support,
    compute_support_by_topic,
)
from churnml.data.history import History
from churnml.data.population import resolve_day
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.definition import ChurnDefinition
from churnml.words.value_names import ValueNames

_HABITS = {"channel": "orders.channel", "category": "order_items.category"}


@dataclass(frozen=True)
class Overview:
    """What happened in a shop before a day.

    Attributes
    ----------
    snapshot_date : date
        Day of the overview: nothing on or after it is known.
    definition : ChurnDefinition
        Definition of leaving.
    currency : str or None
        ISO code of the money; None where the shop does not say.
    kpis, kpis_by_segment : pandas DataFrame
        Key figures of every period, of all customers and by segment; see `churnml.analytics.kpis`.
    lifecycle, transitions : pandas DataFrame
        Customers by stage of life, and their moves between stages; see `churnml.analytics.lifecycle`.
    segments, migration : pandas DataFrame
        Customers by RFM segment, and their moves between segments; see `churnml.analytics.segments`.
    cohorts, concentration : pandas DataFrame
        Customers by month of the first order, and share of the money of the best; see the modules of these names.
    reasons, topics : pandas DataFrame
        Reasons of leaving and topics of complaints of the customers at the start of the last complete horizon; see
        `churnml.analytics.leaving`.
    groups : pandas DataFrame
        Churn rates of the same customers by group; see `churnml.analytics.groups`.
    second_orders : pandas DataFrame
        How many new customers order a second time, by month; see `churnml.analytics.second_orders`.
    experience, first_experience : pandas DataFrame
        Deliveries, complaints, returns and ratings of every period, and of first orders; see
        `churnml.analytics.experience`.
    support, support_topics : pandas DataFrame
        How long complaints waited for an answer and a resolution, by period and by topic; see
        `churnml.analytics.service`.
    text_topics, text_months : pandas DataFrame
        What customers write about in complaints and reviews, and by month; see `churnml.analytics.free_text`.
    after_service : pandas DataFrame
        Who ordered again after quick and slow answers, refunds and returns; see `churnml.analytics.service`.
    promotions : pandas DataFrame
        Customers by the promotion code of their first order; see `churnml.analytics.promotions`.
    referrals : pandas DataFrame
        How many of the referred, and of those who refer, stayed; see `churnml.analytics.referrals`.
    faults, fault_customers : pandas DataFrame
        What has more faults in the newest weeks than noise explains, and the customers whom that concerns; see
        `churnml.analytics.faults`.
    points, tier_moves, next_tiers : pandas DataFrame
        Points earned and spent by period, moves between tiers, and how far it is to the next; see
        `churnml.analytics.loyalty`.
    habits, habit_shares : pandas DataFrame
        How often, what and when segments, stages and tiers buy, and how content they are; see
        `churnml.analytics.habits`.
    """

    snapshot_date: date
    definition: ChurnDefinition
    currency: str | None
    kpis: pd.DataFrame
    kpis_by_segment: pd.DataFrame
    lifecycle: pd.DataFrame
    transitions: pd.DataFrame
    segments: pd.DataFrame
    migration: pd.DataFrame
    cohorts: pd.DataFrame
    concentration: pd.DataFrame
    reasons: pd.DataFrame
    topics: pd.DataFrame
    groups: pd.DataFrame
    second_orders: pd.DataFrame
    experience: pd.DataFrame
    first_experience: pd.DataFrame
    support: pd.DataFrame
    support_topics: pd.DataFrame
    text_topics: pd.DataFrame
    text_months: pd.DataFrame
    after_service: pd.DataFrame
    promotions: pd.DataFrame
    referrals: pd.DataFrame
    faults: pd.DataFrame
    fault_customers: pd.DataFrame
    points: pd.DataFrame
    tier_moves: pd.DataFrame
    next_tiers: pd.DataFrame
    habits: pd.DataFrame
    habit_shares: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return all tables of the overview by name."""
        return {
            field.name: table for field in fields(self) if isinstance(table := getattr(self, field.name), pd.DataFrame)
        }

    def named(self, names: ValueNames) -> Overview:
        """Return the overview with the names of the shop's own values: topics, reasons, and the values of groups."""
        groups = zip(self.groups["group"], self.groups["value"], strict=True)
        values = [names.of(column_of(group), value) for group, value in groups]
        topics, waited = (
            [names.of("complaints.topic", topic) for topic in column]
            for column in (self.topics["topic"], self.support_topics["value"])
        )
        after = zip(self.after_service["event"], self.after_service["value"], strict=True)
        reasons = [names.of("returns.reason", value) if event == REASON else value for event, value in after]
        faults = zip(self.faults["group"], self.faults["value"], strict=True)
        items = {"product": "order_items.product_id", "category": "order_items.category"}
        faulty = [names.of(items.get(group, f"customers.{group}"), value) for group, value in faults]
        of_habits = zip(self.habit_shares["habit"], self.habit_shares["of"], strict=True)
        return replace(
            self,
            topics=self.topics.assign(topic=pd.Series(topics, self.topics.index, dtype="str")),
            faults=self.faults.assign(value=pd.Series(faulty, self.faults.index, dtype="str")),
            tier_moves=self.tier_moves.assign(
                **{
                    side: pd.Series([names.of("rewards.tier", tier) for tier in self.tier_moves[side]], dtype="str")
                    for side in ("before", "after")
                }
            ),
            next_tiers=self.next_tiers.assign(
                tier=pd.Series([names.of("rewards.tier", tier) for tier in self.next_tiers["tier"]], dtype="str")
            ),
            habits=_with_tiers(self.habits, names),
            habit_shares=_with_tiers(self.habit_shares, names).assign(
                of=pd.Series(
                    [names.of(_HABITS[habit], of) if habit in _HABITS else of for habit, of in of_habits], dtype="str"
                )
            ),
            groups=self.groups.assign(value=pd.Series(values, self.groups.index, dtype="str")),
            support_topics=self.support_topics.assign(value=pd.Series(waited, self.support_topics.index, dtype="str")),
            after_service=self.after_service.assign(value=pd.Series(reasons, self.after_service.index, dtype="str")),
        )

    @property
    def figures(self) -> dict[str, float]:
        """The key figures of the last complete horizon, by name; nan where there is nothing to compute one from."""
        newest = self.kpis[self.kpis["period_end"] == self.kpis["period_end"].max()]
        return {str(name): float(value) for name, value in zip(newest["kpi"], newest["value"], strict=True)}


def analyse(
    shop: Shop,
    snapshot_date: Day | None = None,
    definition: ChurnDefinition | None = None,
    periods: int = 5,
    *,
    shared_by: int = 1,
    tier_steps: Mapping[str, float] | None = None,
) -> Overview:
    """Compute all figures of a shop as known on a day.

    Parameters
    ----------
    shop : Shop
        Shop that is analysed.
    snapshot_date : date or str, optional
        Day that is taken for now: nothing on or after it is known. None takes the start of the last day with an order.
    definition : ChurnDefinition, optional
        Definition of leaving, whose horizon is the length of a period. None takes the defaults.
    periods : int, optional
        Number of periods to look back, as far as the data reaches.
    shared_by : int, optional
        Number of customers below which topics and values of groups go under ``other``: free text may name somebody.
    tier_steps : mapping of str to float, optional
        Points earned in 365 days from which on a customer has each tier; None tells nothing of the next tier.

    Raises
    ------
    InputError
        Where it is not a day, lies outside of the data, or before the end of its first horizon.
    """
    definition = definition or ChurnDefinition()
    day = resolve_day(shop, snapshot_date, definition.horizon_days, "snapshot_date")
    history = History(shop, day)
    back = look_back(shop, day, definition, periods)
    of_periods = {
        "kpis": compute_kpis(back),
        "kpis_by_segment": compute_kpis_by_segment(back),
        "lifecycle": compute_lifecycle(back.standings),
        "transitions": compute_transitions(back.standings),
        "segments": compute_segments(back.standings),
        "migration": compute_migration(back.standings),
    }
    habits, habit_shares = compute_habits(back)
    start, churned, count = day - timedelta(days=definition.reach_days), back.churned, back.count
    del back  # it holds numbers of every customer who ever ordered
    faults = compute_faults(history)
    text_topics, text_months = compute_text_topics(history, definition, shared_by=shared_by)
    return Overview(
        snapshot_date=day,
        definition=definition,
        currency=shop.currency,
        **of_periods,
        cohorts=compute_cohorts(history),
        concentration=compute_concentration(history),
        reasons=compute_reasons_of_leaving(shop, start, definition, day, churned),
        topics=compute_complaint_topics(shop, start, definition, day, churned, shared_by=shared_by),
        groups=compute_retention_by_group(shop, start, definition, day, churned, shared_by=shared_by),
        experience=compute_experience(history, definition.horizon_days, count),
        second_orders=compute_second_orders(history, definition),
        first_experience=compute_first_experience(history, definition),
        support=compute_support(history, definition.horizon_days, count),
        support_topics=compute_support_by_topic(history, definition.horizon_days * count, shared_by=shared_by),
        text_topics=text_topics,
        text_months=text_months,
        after_service=compute_after_service(history, definition, shared_by=shared_by),
        promotions=compute_promotion_codes(history, definition, churned, shared_by=shared_by),
        referrals=compute_referrals(History(shop, start), churned),
        faults=faults,
        fault_customers=fault_customers(history, faults),
        points=compute_points(history, definition.horizon_days, count),
        tier_moves=compute_tier_moves(history, definition.horizon_days, count),
        next_tiers=compute_next_tiers(history, tier_steps or {}),
        habits=habits,
        habit_shares=habit_shares,
    )


def _with_tiers(table: pd.DataFrame, names: ValueNames) -> pd.DataFrame:
    """Return habits with the names of the shop's tiers."""
    groups = zip(table["group"], table["value"], strict=True)
    values = [names.of("rewards.tier", value) if group == "tier" else value for group, value in groups]
    return table.assign(value=pd.Series(values, table.index, dtype="str"))
