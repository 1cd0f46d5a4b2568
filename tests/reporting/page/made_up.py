"""Summaries of made-up rankings, as ``summarise`` gives them, seeded and without a shop."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from churnml.campaigns.holdout import HoldoutPlan
from churnml.scoring.plays import read_plays
from churnml.scoring.rules import BANDS
from churnml.words.campaigns import say_holdout
from churnml.words.uplift import say_effect
from tests.drawn import verdict_of

SNAPSHOT = date(2025, 6, 30)
PLAN = HoldoutPlan(
    campaign="retention", share=0.1, listed=100, held_out=12, smallest_effect=0.41, until=date(2025, 9, 28)
)
CONCEPTS = (
    "pace",
    "complaints",
    "delivery",
    "price",
    "order history",
    "spend",
    "visits",
    "returns",
    "reviews",
    "rewards",
    "range",
    "contacts",
    "season",
    "level",
)
SEGMENTS = ("champions", "loyal_customers", "slipping", "cannot_lose", "hibernating", "promising")
STAGES = ("VIP", "at risk", "slowing", "loyal", "active", "lapsed")
_SENTENCES = {
    "en": {
        "pace": "No order for {a} days; usually orders once every {b} days",
        "complaints": "A complaint has been open for {b} days",
        "delivery": "The last delivery came {c} days late",
        "price": "{c} orders at the full price since the last discount",
        "order history": "First ordered {a} days ago",
        "spend": "Spent €{a}.{b} in the last 90 days",
        "visits": "{b} visits in the last 30 days",
        "returns": "Returned €{a}.{b} in the last 180 days",
    },
    "de": {
        "pace": "Seit {a} Tagen keine Bestellung; bestellt sonst alle {b} Tage",
        "complaints": "Eine Beschwerde ist seit {b} Tagen offen",
        "delivery": "Die letzte Lieferung kam {c} Tage zu spät",
        "price": "{c} Bestellungen zum vollen Preis seit dem letzten Rabatt",
        "order history": "Erste Bestellung vor {a} Tagen",
        "spend": "{a},{b} € in den letzten 90 Tagen ausgegeben",
        "visits": "{b} Besuche in den letzten 30 Tagen",
        "returns": "{a},{b} € in den letzten 180 Tagen zurückgesendet",
    },
    "tr": {
        "pace": "{a} gündür sipariş yok; genellikle {b} günde bir sipariş verir",
        "complaints": "Bir şikâyet {b} gündür açık",
        "delivery": "Son teslimat {c} gün gecikti",
        "price": "Son indirimden beri tam fiyata {c} sipariş",
        "order history": "İlk sipariş {a} gün önce",
        "spend": "Son 90 günde €{a},{b} harcadı",
        "visits": "Son 30 günde {b} ziyaret",
        "returns": "Son 180 günde €{a},{b} tutarında iade",
    },
}
_EVENTS = {
    "en": {
        "order": "Order of €{a}.{b}",
        "delivery": "Delivered {c} days late",
        "complaint": "Complaint: late parcel",
        "return": "Return of €{a}.{b}",
        "contact": "Message sent: spring",
    },
    "de": {
        "order": "Bestellung über {a},{b} €",
        "delivery": "{c} Tage zu spät geliefert",
        "complaint": "Beschwerde: spätes Paket",
        "return": "Rücksendung über {a},{b} €",
        "contact": "Nachricht gesendet: Frühling",
    },
    "tr": {
        "order": "€{a},{b} tutarında sipariş",
        "delivery": "{c} gün geç teslim edildi",
        "complaint": "Şikâyet: geç paket",
        "return": "€{a},{b} tutarında iade",
        "contact": "Mesaj: bahar",
    },
}


def make_summary(
    customers: int = 300, language: str = "en", listed: int = 100, events: int = 14, seed: int = 7
) -> dict[str, Any]:
    """Make up a summary with so many customers, each with about so many events."""
    rng = np.random.default_rng(seed)
    chances = np.sort(rng.beta(1.2, 1.6, customers))[::-1]
    plays = read_plays(None, language).plays
    rows = [
        _customer(rng, rank, float(chance), language, list(plays), events) for rank, chance in enumerate(chances, 1)
    ]
    on_list = sorted(
        rng.choice(customers, min(listed, customers), replace=False), key=lambda at: -rows[at]["value_at_risk"]
    )
    for place, at in enumerate(on_list, 1):
        rows[at]["list_rank"] = place
        rows[at]["change"] = str(rng.choice(["new", "worse", "same", "better"]))
    rows.sort(key=lambda row: (row["list_rank"] is None, row["list_rank"], row["risk_rank"]))
    bands = {band: sum(row["risk_band"] == band for row in rows) for _, band in BANDS}
    return {
        "language": language,
        "currency": "EUR",
        "snapshot_date": str(SNAPSHOT),
        "measure_on": "2025-09-28",
        "model_version": "3f9c2a71b0de",
        "definition": {
            "kind": "no_order",
            "horizon_days": 90,
            "lead_days": 0,
            "active_days": 365,
            "spend_share": 0.5,
        },
        "totals": {
            "customers": customers,
            "bands": bands,
            "groups": {
                "gone": {"customers": 820, "at_high_risk": 790, "value_at_risk": 41_200.5},
                "to_save": {"customers": 466, "at_high_risk": 301, "value_at_risk": 61_034.25},
                "on_pace": {"customers": customers, "at_high_risk": 12, "value_at_risk": 9_876.5},
            },
            "listed": len(on_list),
            "listed_value_at_risk": sum(rows[at]["value_at_risk"] for at in range(len(on_list))),
            "listed_expected_profit": sum(rows[at]["expected_profit"] for at in range(len(on_list))),
        },
        "changes": {
            "counts": {"new": 31, "worse": 12, "recovered": 9, "came back": 4},
            "rows": [
                {
                    "customer_id": row["customer_id"],
                    "change": kind,
                    "before": 0.31,
                    "now": row["churn_probability"],
                    "sentence": row["leaving"][0]["sentence"] if row["leaving"] else None,
                }
                for row, kind in zip(rows, ["new", "new", "worse", "recovered", "came back"], strict=False)
            ],
        },
        "customers": rows,
        "carried": {
            "email": [f"{row['customer_id']}@shop.example".lower() for row in rows],
            "first_name": [None] * len(rows),
        },
        "lists": {"save": len(on_list), "win_back": 0, "complaints": 0, "thank_you": 0},
        "complaints": {"customers": 3, "longest_days": 41},
        "notes": 2,
        "plays": {
            name: {part: getattr(play, part) for part in ("title", "wording", "owner", "cost", "offer")}
            for name, play in plays.items()
        },
        "drivers": [{"concept": concept, "weight": 0.9 / at} for at, concept in enumerate(CONCEPTS, 1)],
        "excluded": {
            "not_overdue": 1204,
            "gone": 820,
            "unlikely": 310,
            "no_consent": 212,
            "cool_down": 64,
            "held_out": 12,
            "beyond_capacity": 240,
        },
        "profit_source": "assumed",
        "brought": [],
        "past": None,
        "guesses": [],
        "plan": [],
        "holdout": say_holdout(PLAN, PLAN.campaign, None, language),
        "model": _model(),
    }


def bare(summary: dict[str, Any]) -> dict[str, Any]:
    """Take away all that a ranking need not have."""
    empty = ("play", "play_rule", "segment", "lifecycle_stage", "contact_by", "change", "contactable", "list_rank")
    return {
        **summary,
        "currency": None,
        "changes": None,
        "holdout": say_holdout(None, "", None, summary["language"]),
        "plays": {},
        "drivers": [],
        "excluded": {},
        "customers": [
            {**one, **dict.fromkeys([*empty, "expected_profit"]), "events": [], "leaving": [], "staying": []}
            for one in summary["customers"]
        ],
        "totals": {**summary["totals"], "listed": 0, "listed_value_at_risk": None, "listed_expected_profit": None},
        "model": {
            **dict.fromkeys(summary["model"]),
            "as_of": "2025-06-30",
            "titles": summary["model"]["titles"],
            "candidate": "recency_rule",
        },
    }


def _customer(
    rng: np.random.Generator, rank: int, chance: float, language: str, plays: list[str], events: int
) -> dict[str, Any]:
    weights = {concept: round(float(rng.normal(0, 0.5)), 2) for concept in CONCEPTS}
    said = sorted((concept for concept in _SENTENCES["en"]), key=lambda concept: -weights[concept])
    days = np.sort(rng.integers(1, 700, max(1, rng.poisson(events))))[::-1]
    kinds = rng.choice(list(_EVENTS["en"]), len(days), p=[0.45, 0.4, 0.04, 0.03, 0.08])
    band = next(
        band for least, band in ((0.75, "very high"), (0.5, "high"), (0.25, "medium"), (0, "low")) if chance >= least
    )
    return {
        "list_rank": None,
        "ranks": {},
        "owner": None,
        "about": None,
        "group": "to_save",
        "customer_id": f"C{rng.integers(10**7):07d}",
        "risk_rank": rank,
        "churn_probability": round(chance, 4),
        "risk_band": band,
        "value_at_risk": round(chance * float(rng.gamma(1.5, 150)), 2),
        "expected_profit": round(float(rng.normal(20, 15)), 2),
        "segment": str(rng.choice(SEGMENTS)),
        "lifecycle_stage": str(rng.choice(STAGES)),
        "last_order_at": str(SNAPSHOT - timedelta(days=int(rng.integers(5, 360)))),
        "play": str(rng.choice(plays)),
        "play_rule": "late delivery",
        "usually_buys": "P0007",
        "goes_with": None,
        "mention": None,
        "contactable": bool(rng.random() < 0.9),
        "holdout": bool(rng.random() < 0.1),
        "contact_by": str(SNAPSHOT + timedelta(days=int(rng.integers(0, 60)))),
        "change": None,
        "leaving": [_reason(rng, concept, abs(weights[concept]), language) for concept in said[: rng.integers(1, 4)]],
        "staying": [_reason(rng, concept, -abs(weights[concept]), language) for concept in said[-2:]],
        "if_stayed": round(float(rng.gamma(2, 60)), 2),
        "if_left": round(float(rng.gamma(2, 5)), 2),
        "weights": weights,
        "events": [
            [str(SNAPSHOT - timedelta(days=int(day))), str(kind), _fill(rng, _EVENTS[language][str(kind)])]
            for day, kind in zip(days, kinds, strict=True)
        ],
        "effect": _effect(said[0], language) if rank <= 30 else None,
    }


def _effect(concept: str, language: str) -> str:
    """Say an effect, as of a list that is ranked by it."""
    return say_effect(0.082, [(_SENTENCES[language][concept].format(a=30, b=12, c=3), -0.02)], language)


def _reason(rng: np.random.Generator, concept: str, weight: float, language: str) -> dict[str, Any]:
    return {"concept": concept, "sentence": _fill(rng, _SENTENCES[language][concept]), "weight": weight}


def _fill(rng: np.random.Generator, text: str) -> str:
    return text.format(a=rng.integers(10, 400), b=rng.integers(10, 99), c=rng.integers(2, 9))


def _model() -> dict[str, Any]:
    shares = np.linspace(0.03, 0.97, 10)
    contacted = np.linspace(0, 1, 21)
    candidates = {
        "recency_rule": ("recency rule", 0.3461, 0.928),
        "bg_nbd": ("BG/NBD", 0.3083, 0.932),
        "spline_logistic": ("spline logistic", 0.2638, 0.950),
        "lightgbm": ("LightGBM", 0.2383, 0.957),
        "blend": ("blend", 0.2546, 0.952),
    }
    return {
        "as_of": "2025-06-30",
        "candidate": "lightgbm",
        "titles": {name: title for name, (title, _, _) in candidates.items()},
        "comparison": [
            {
                "candidate": name,
                "shape_loss": loss,
                "auroc": auroc,
                "behind": loss - 0.2383,
                "behind_error": 0.003,
                "chosen": name == "lightgbm",
            }
            for name, (_, loss, auroc) in candidates.items()
        ],
        "figures": {
            "auroc": {"value": 0.957, "low": 0.949, "high": 0.965},
            "lift_at_10pct": {"value": 1.66, "low": 1.6, "high": 1.73},
            "precision_at_10pct": {"value": 0.98, "low": 0.96, "high": 1.0},
            "calibration_error": {"value": 0.0133, "low": 0.0097, "high": 0.0288},
        },
        "gate": "2025-04-01",
        "value": None,
        "level": {
            "kind": "trailing",
            "rate": 0.6,
            "low": 0.59,
            "high": 0.62,
            "spread": 0.03,
            "logodds": 0.4,
            "day": "2025-07-01",
            "last_year": 0.6,
            "last_year_day": "2024-07-03",
            "newest": 0.6,
            "newest_day": "2025-04-01",
            "tested_forward": True,
        },
        "reliability": [
            {
                "bin": at,
                "customers": 130,
                "mean_predicted": share,
                "churned_share": min(1, share * 1.04),
                "low": max(0, share - 0.06),
                "high": min(1, share + 0.08),
            }
            for at, share in enumerate(shares.tolist(), 1)
        ],
        "gains": [
            {
                "customers": int(1300 * share),
                "contacted_share": share,
                "captured_share": min(1.0, 1.6 * share) if share < 0.6 else 1 - 0.04 * (1 - share) / 0.4,
                "best_share": min(1.0, share / 0.6),
                "precision": None,
                "lift": None if not share else min(1.0, 1.6 * share) / share,
            }
            for share in contacted.tolist()
        ],
        "verdict": verdict_of().to_json(),
    }
