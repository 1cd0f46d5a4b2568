"""The gate: whether the chosen recipe has skill on customers and days that nothing was chosen on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import norm

from churnml.statistics.bootstrap import paired_difference
from churnml.statistics.logodds import Floats, row_log_loss, shift_per_group
from churnml.statistics.metrics import auroc
from churnml.training.frame import TrainingFrame

SKILL_LEVEL = 0.99
Decision = Literal["model", "rule", "no skill"]


@dataclass(frozen=True)
class Verdict:
    """What the gate found.

    Attributes
    ----------
    decision
        ``model``: the chosen candidate ships; ``rule``: it is no better than the recency rule, which ships;
        ``no skill``: nothing ships.
    against_chance, against_chance_error
        Shape loss of the candidate that is judged minus that of the gate's own churn rate, and its standard error
        clustered by customer; negative is better than chance.
    against_rule, against_rule_error
        The same against the recency rule.
    sentence
        What it means.
    """

    decision: Decision
    against_chance: float
    against_chance_error: float
    against_rule: float
    against_rule_error: float
    sentence: str


def judge(test: TrainingFrame, chosen: Floats, rule: Floats, chosen_is_rule: bool, title: str) -> Verdict:
    """Judge the chosen candidate on the gate rows.

    Parameters
    ----------
    test
        Rows of the gate.
    chosen, rule
        Log-odds of the chosen candidate and of the recency rule, both fitted on the gate's training rows,
        shape (rows,).
    chosen_is_rule
        Whether the recency rule itself was chosen.
    title
        The chosen candidate's name in words.

    Returns
    -------
    Verdict
    """

    def losses(logodds: Floats) -> Floats:
        return row_log_loss(test.churned, shift_per_group(test.churned, logodds, test.snapshots))

    def has_skill(logodds: Floats) -> tuple[bool, float, float]:
        difference, error = paired_difference(losses(logodds), losses(np.zeros(len(test))), test.customers)
        above_chance = auroc(test.churned, logodds) > 0.5
        return bool(difference + norm.ppf(SKILL_LEVEL) * error < 0 and above_chance), difference, error

    skilled, against_chance, chance_error = has_skill(chosen)
    against_rule, rule_error = (0.0, 0.0)
    if not chosen_is_rule:
        against_rule, rule_error = paired_difference(losses(chosen), losses(rule), test.customers)
    better_than_rule = skilled and not chosen_is_rule and against_rule < -rule_error
    if better_than_rule:
        sentence = f"The {title} is better than chance and than the recency rule; the list uses it."
        decision: Decision = "model"
    elif chosen_is_rule and skilled:
        sentence = "The recency rule is as good as any other candidate here; the list uses it."
        decision = "rule"
    else:
        rule_skilled, against_chance_of_rule, error_of_rule = has_skill(rule)
        if rule_skilled:
            against_chance, chance_error = against_chance_of_rule, error_of_rule
            sentence = f"A simple rule is as good here as the {title}; the list uses it."
            decision = "rule"
        else:
            sentence = (
                "Nothing tells leaving customers from staying ones better than chance, so no model is promoted. Bring "
                "more history or more tables (deliveries, complaints, visits), or choose another --horizon."
            )
            decision = "no skill"
    return Verdict(decision, against_chance, chance_error, against_rule, rule_error, sentence)
