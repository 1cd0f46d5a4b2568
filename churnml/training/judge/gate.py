"""The gate: whether the chosen recipe has skill on customers and days that nothing was chosen on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import norm

from churnml.models.candidates import RULE, SIMPLE
from churnml.models.card import Because, Decision, VerdictPart
from churnml.models.rows import TrainingFrame
from churnml.plain import plain
from churnml.statistics.bootstrap import paired_difference
from churnml.statistics.logodds import Floats, row_log_loss
from churnml.statistics.metrics import auroc_within
from churnml.statistics.shifts import shift_per_group
from churnml.training.choose.choice import tells
from churnml.training.choose.recipe import Recipe
from churnml.training.choose.selection import AtGate, Choice, predict
from churnml.training.rows.study import Study

SKILL_LEVEL = 0.99
_WORSE_LEVEL = 0.95
_NOTHING = 1e-9  # log-odds that differ by less are rounding


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the gate found.

    Attributes
    ----------
    decision : {'model', 'rule', 'no skill'}
        Decision of the gate. ``model``: the chosen candidate ships; ``rule``: it is no better than the recency rule,
        which ships; ``no skill``: nothing ships. What ships has shown skill itself.
    against_chance, against_chance_error : float
        Shape loss of what ships (of the chosen candidate where nothing does) minus that of the gate's own churn rate,
        and its standard error clustered by customer; negative is better than chance.
    against_rule, against_rule_error : float
        Shape loss of the chosen candidate minus that of the recency rule, and its standard error; 0 where the rule is
        the chosen one.
    because : {'beats both', 'beats chance alone', 'rule as good', 'rule chosen', 'nothing tells'}
        Reason of the decision: the chosen candidate beats chance and the recency rule, or chance alone, which the rule
        does not; the rule is as good as it; the rule is what was chosen; or nothing tells leaving customers from
        staying ones. `churnml.words.findings.say_verdict` says it in words.
    chosen : str
        Name of the chosen candidate.
    against_champion, against_champion_error : float or None
        Shape loss of what ships minus that of the champion's recipe, refitted on the same rows, and its standard error;
        None without a champion.
    replaces : bool
        Whether what ships takes the champion's place: it is not significantly worse.
    skill : float
        Score statistic, in standard errors, of what ships (of the chosen candidate where nothing does): how far leaving
        customers were ranked above staying ones; see ``skill_of``.
    simple_auroc : mapping of str to float or None
        AUROC on the folds, without skill, of what looks at recency alone, and at recency, frequency and spend.
    simple_tells : bool
        Whether one of these is more than chance, though too little.
    """

    decision: Decision
    against_chance: float
    against_chance_error: float
    against_rule: float
    against_rule_error: float
    because: Because
    chosen: str
    against_champion: float | None = None
    against_champion_error: float | None = None
    replaces: bool = True
    skill: float = 0.0
    simple_auroc: Mapping[str, float] | None = None
    simple_tells: bool = False

    @property
    def champion_ahead(self) -> float | None:
        """By how much less the champion's recipe loses, where the champion stays for it."""
        return None if self.replaces else self.against_champion

    def to_card(self) -> VerdictPart:
        """Give the verdict as the card tells it: without the champion, on which what ships does not depend."""
        told = dataclasses.asdict(self)
        return VerdictPart.from_json(plain({name: told[name] for name in VerdictPart.model_fields if name in told}))


def judge(study: Study, choice: Choice, champion: Recipe | None = None) -> tuple[Verdict, Verdict]:
    """Judge what was chosen on the rows of the gate, by itself and against the champion.

    Parameters
    ----------
    study : Study
        Labelled rows and settings of the training.
    choice : Choice
        Candidate and recipe that were chosen.
    champion : Recipe, optional
        Recipe that is to be matched; it is fitted again on the same rows. None where there is none, or where it reads
        features that are not among the rows'.

    Returns
    -------
    own, against : Verdict
        Verdict without the champion, and with it.
    """
    rows, at_gate = study.gate_rows, choice.at_gate
    own = name_signal(pass_gate(rows, at_gate), choice.comparison)
    if champion is None or own.decision == "no skill" or not set(champion.features) <= set(study.frame.X.columns):
        return own, own
    # Both under the same cut: what was chosen on customers kept apart is fitted again for their parts.
    ours, theirs = predict(study, study.plan.gates, [shipped(choice, own)[0], champion])
    return own, against_champion(own, rows, ours, theirs)


def shipped(choice: Choice, verdict: Verdict) -> tuple[Recipe, Floats]:
    """Return the recipe that ships (the chosen one where none does), and what it says of the rows of the gate."""
    if verdict.decision == "rule":
        return choice.rule, choice.at_gate.rule
    return choice.chosen, choice.at_gate.chosen


def pass_gate(test: TrainingFrame, at_gate: AtGate) -> Verdict:
    """Judge the chosen candidate on the gate rows.

    It has skill where its shape loss is below that of the rows' own churn rate, and that it tells anything is beyond
    chance (one-sided 99 %) by its score statistic. What has skill there must have been better than chance on the folds
    too: of a hundred shops without any signal, the gate alone would let one pass.

    Parameters
    ----------
    test : TrainingFrame
        Labelled rows of the gate.
    at_gate : AtGate
        Predictions of these rows; the level of the log-odds does not matter.

    Returns
    -------
    Verdict
        Verdict on the chosen candidate.
    """
    chosen, rule, chosen_is_rule = at_gate.chosen, at_gate.rule, at_gate.candidate == RULE

    def losses(logodds: Floats) -> Floats:
        return row_log_loss(test.churned, shift_per_group(test.churned, logodds, test.snapshots))

    def has_skill(logodds: Floats, who: str) -> tuple[bool, float, float, float]:
        difference, error = paired_difference(losses(logodds), losses(np.zeros(len(test))), test.customers)
        above_chance = auroc_within(test.churned, logodds, test.snapshots) > 0.5
        skill = skill_of(test, logodds)
        here = difference < 0 and skill > norm.ppf(SKILL_LEVEL) and above_chance
        return bool(here and who in at_gate.told_on_folds), difference, error, skill

    skilled, against_chance, chance_error, skill = has_skill(chosen, "rule" if chosen_is_rule else "chosen")
    rule_skilled, chance_of_rule, chance_error_of_rule, skill_of_rule = has_skill(rule, "rule")
    against_rule, rule_error = paired_difference(losses(chosen), losses(rule), test.customers)
    decision: Decision = "no skill"
    because: Because = "nothing tells"
    if skilled and not chosen_is_rule and (against_rule < -rule_error or not rule_skilled):
        decision = "model"
        because = "beats both" if rule_skilled else "beats chance alone"
    elif rule_skilled:
        decision = "rule"
        against_chance, chance_error, skill = chance_of_rule, chance_error_of_rule, skill_of_rule
        because = "rule chosen" if chosen_is_rule else "rule as good"
    return Verdict(
        decision=decision,
        against_chance=against_chance,
        against_chance_error=chance_error,
        against_rule=against_rule,
        against_rule_error=rule_error,
        because=because,
        chosen=at_gate.candidate,
        skill=skill,
    )


def skill_of(test: TrainingFrame, logodds: Floats) -> float:
    """Compute how far log-odds tell leaving from staying customers, in standard errors.

    The score statistic of the hypothesis that nothing is told: the sum of ``(y - p) (l - mean l)`` within each
    snapshot, with its churn rate p, over its standard error clustered by customer (Boos 1992, "On generalized score
    tests"). Where few stay or few leave it sees a weak signal earlier than the loss does, whose own noise grows with
    the spread of the log-odds.

    Parameters
    ----------
    test : TrainingFrame
        Rows with outcomes.
    logodds : array of float, shape (rows,)
        Predictions of these rows in log-odds; the level of a snapshot does not matter.

    Returns
    -------
    float
        Statistic that is standard normal where nothing is told; 0 where nothing varies, infinite where every row tells
        the same.
    """
    rows = pd.DataFrame({"churned": test.churned, "logodds": logodds}, dtype=np.float64)
    centred = rows - rows.groupby(np.asarray(test.snapshots)).transform("mean")
    score = (centred["churned"] * centred["logodds"]).to_numpy()
    if centred.abs().max().min() < _NOTHING:
        return 0.0
    mean, error = paired_difference(score, np.zeros(len(score)), test.customers)
    return mean / error if error > 0 else float(np.copysign(np.inf, mean))


def name_signal(verdict: Verdict, comparison: pd.DataFrame) -> Verdict:
    """Add to a verdict without skill what recency and frequency told on the folds; any other stays as it is.

    Parameters
    ----------
    verdict : Verdict
        Verdict of the gate.
    comparison : pandas DataFrame
        Candidates by shape loss on the folds, as from `churnml.training.choose.choice.compare`.
    """
    simple = comparison[comparison.candidate.isin(SIMPLE)]
    if verdict.decision != "no skill" or simple.empty:
        return verdict
    told = dict(zip(simple.candidate, simple.auroc.astype(float), strict=True))
    return replace(verdict, simple_auroc=told, simple_tells=bool(tells(simple).any()))


def against_champion(verdict: Verdict, test: TrainingFrame, shipped: Floats, champion: Floats) -> Verdict:
    """Compare what ships with the champion's recipe on the gate rows; it replaces that unless significantly worse.

    Parameters
    ----------
    verdict : Verdict
        Verdict of the gate so far.
    test : TrainingFrame
        Labelled rows of the gate.
    shipped, champion : array of float, shape (rows,)
        Log-odds of both recipes, fitted on the gate's training rows; their level does not matter.

    Returns
    -------
    Verdict
        Verdict with ``replaces``, which is False where the loss is higher by more than chance explains (one-sided 95
        %).
    """
    ours, theirs = (
        row_log_loss(test.churned, shift_per_group(test.churned, logodds, test.snapshots))
        for logodds in (shipped, champion)
    )
    difference, error = paired_difference(ours, theirs, test.customers)
    replaces = bool(difference <= norm.ppf(_WORSE_LEVEL) * error)
    return replace(verdict, against_champion=difference, against_champion_error=error, replaces=replaces)
