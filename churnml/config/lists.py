"""How lists are made, what is done for whom, and how what it brought is read out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from churnml.config.section import Section
from churnml.words import LANGUAGES
from churnml.words.value_names import ALL_CAMPAIGNS


class ProfitSettings(Section):
    """What is assumed about offers, until a holdout has measured it."""

    save_share: float = Field(
        0.3, ge=0, le=1, description="Share of the leaving customers whom a play keeps (assumed)."
    )
    taken_anyway_share: float = Field(
        1.0, ge=0, le=1, description="Share of the staying customers who take the offer all the same (assumed)."
    )
    measured: str | None = Field(
        None, description="File measured.yaml of a readout, which takes the place of what is assumed; empty assumes."
    )


class ScoringSettings(Section):
    """How the list is made."""

    capacity: int = Field(100, ge=1, description="Customers that can be contacted: the length of the work list.")
    budget: float | None = Field(
        None,
        ge=0,
        description="Money for contacts and offers, with which the work list ends; empty is no limit.",
    )
    rank_by: Literal["value_at_risk", "expected_profit", "churn_probability", "uplift"] = Field(
        "value_at_risk",
        description="What decides who is on the work list; uplift, the learned effect of a contact, behind its gate.",
    )
    explore_share: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Share of the work list's places for candidates drawn by lot below its reach, to learn there.",
    )
    order_by: Literal["rank", "urgency"] = Field(
        "rank", description="Order of the work list: by what decided, or by the day until which to contact."
    )
    min_probability: float = Field(0.25, ge=0, le=1, description="Least probability of leaving on the work list.")
    unknown_consent: Literal["leave_out", "include"] = Field(
        "leave_out",
        description="Customers of whom a shop that tells consent does not tell it: left out of the work list, or not.",
    )
    value_days: int = Field(365, ge=1, description="Days ahead over which a customer's value is counted.")
    profit: ProfitSettings = Field(ProfitSettings())
    items: Literal["products", "categories"] = Field(
        "products", description="What `usually_buys` and `goes_with` name."
    )
    language: Literal[LANGUAGES] = Field(  # type: ignore[valid-type]
        "en", description="Language of the lists and their reasons."
    )
    min_reason_weight: float = Field(0.1, ge=0, description="Weight (log-odds) from which on a reason is shown.")


class HoldoutSettings(Section):
    """Customers who are left alone on purpose, so that one sees what the plays bring."""

    share: float = Field(0.1, ge=0, le=0.5, description="Share of the customers in the holdout; 0 holds nobody out.")
    global_share: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Share of the customers whom no campaign contacts, for what they bring in all.",
    )
    effect: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Effect that one wants to see, as a difference of churn rates; the share is then computed from it.",
    )
    key: str = Field("churnml", min_length=1, description="Key of the draw; another key draws others.")
    days: int | None = Field(
        None, ge=1, description="Days for which an arm holds; empty: twice as long as an outcome takes to be known."
    )
    relearn_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Share of the list's places for plays that are stopped, half of them held out, so that one sees "
        "whether they pay again.",
    )


class PlaySettings(Section):
    """What is done for whom."""

    file: str | None = Field(None, description="YAML file with plays and rules; empty takes churnml's own.")
    campaign: str = Field("retention", min_length=1, description="Name of the campaign; each has a holdout of its own.")
    holdout: HoldoutSettings = Field(HoldoutSettings())

    @field_validator("campaign")
    @classmethod
    def _is_one(cls, campaign: str) -> str:
        if campaign == ALL_CAMPAIGNS:
            raise ValueError(f"{ALL_CAMPAIGNS!r} stands for all campaigns together. Choose another name.")
        return campaign


class CampaignSettings(Section):
    """How what the lists brought is read out."""

    outcomes: list[Literal["churned", "net_revenue", "profit"]] = Field(
        ["churned", "net_revenue", "profit"], min_length=1, description="What is compared between the arms."
    )
    margin: float = Field(1.0, gt=0, le=1, description="Share of what customers spend that the shop earns by it.")
    looks: Literal["always", "planned"] = Field(
        "always",
        description="By which interval verdicts go: always, the one that holds however often one looks; planned, from "
        "the planned day on the one that holds for a single look.",
    )
    outcome_codes: list[str] = Field(
        ["reached", "offer taken", "declined", "not reached"],
        min_length=1,
        description="What people may write as the outcome of a contact.",
    )
    no_contact_codes: list[str] = Field(
        ["not reached"], description="Those of them that mean that nobody was reached, so that no contact was made."
    )
