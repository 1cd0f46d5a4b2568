"""Health: all that is known of a model in service, one verdict, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from churnml.campaigns.kept_lists import LISTS, days_in
from churnml.campaigns.ledger import read_ledger
from churnml.config import Config, FailOn, MonitoringSettings
from churnml.data.fingerprint import fingerprint
from churnml.data.history import History
from churnml.data.population import resolve_day
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.errors import InputError
from churnml.features.available import tables_of
from churnml.features.family import Feature
from churnml.features.plugins import with_plugins
from churnml.models.finding import Finding
from churnml.models.model import Model
from churnml.models.profile import Profile, last_year
from churnml.models.rows import customer_hashes
from churnml.monitoring.answers import Limits, judge_drift, judge_level, judge_relation, judge_skill
from churnml.monitoring.drift import measure_features, replay_drift, steady_features
from churnml.monitoring.kept_profiles import KeptProfile, read_profile
from churnml.monitoring.looks import Look, read_looks
from churnml.monitoring.matured import LEFT_ALONE, PastList, judge_lists, read_past_lists
from churnml.monitoring.odd_rows import judge_rows
from churnml.monitoring.past_days import PastDays
from churnml.monitoring.quality import judge_quality
from churnml.monitoring.replay import Baseline
from churnml.monitoring.residuals import Judged, Scan, scan
from churnml.monitoring.second_opinion import compare_days, recalibrate, tell, usual_auroc
from churnml.plots.health import plot_drift, plot_matured
from churnml.scoring.scorer import Scorer
from churnml.statistics.expected import expected_auroc, expected_interval, expected_lift, expected_log_loss
from churnml.statistics.logodds import Floats, logit, sigmoid
from churnml.statistics.metrics import auroc, lift_at, log_loss
from churnml.training.judge.figures import tenth_of
from churnml.words.findings import say_finding

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Verdict = Literal["healthy", "watch", "alarm", "unknown"]
PARTS = {
    **dict.fromkeys(["skill", "auroc", "relation"], "skill"),
    "level": "level",
    **dict.fromkeys(["stale", "last day", "feed", "amounts", "nulls", "late", "keys", "values", "ahead"], "quality"),
    **dict.fromkeys(["drift", "predictions", "domain"], "drift"),
}
"""The part of the health that a finding belongs to."""
_MONTHLY = 12.0
_YEAR_DAYS = 365.0
_YEAR_DAYS_OF_WEEKS = 364
_RECENT = 3


@dataclass(frozen=True, kw_only=True)
class Health:
    """What is known of a model in service on a day.

    Attributes
    ----------
    day : date
        Day that is taken for now.
    model_version : str
        Version of the model.
    answers : tuple of Finding
        Answers, what happened before what moved.
    matured : pandas DataFrame
        Past lists by what happened; see `churnml.monitoring.matured.judge_lists`.
    expected : pandas DataFrame
        ``figure, expected, low, high`` of the day's own probabilities; what the model believes, and no more. Where the
        day's customers are of other kinds than a year before, more than is usual, ``auroc_reweighted`` is that of
        probabilities that were recalibrated on the newest judged customers, weighted to be like them.
    drift : pandas DataFrame
        Features; see `churnml.monitoring.drift.measure_features`. ``distance`` is that from the same time last year, in
        the feature's unit.
    numbers : dict of str to float
        Numbers of the look by name: ``drift.weighted``, ``drift.predictions`` with their limits, ``drift.domain_auroc``
        and ``relation``.
    open_since : dict of str to date
        Day of the first of the looks in a row at which a finding was not in order, by its name.
    scan : Scan or None
        Residual scan of the newest list that could be judged; None where there is none.
    lists_used : tuple of date
        Days of the lists whose outcome is known.
    data_fingerprint : str
        Hash of the tables as known on the day.
    profile : KeptProfile or None
        How features and predictions were spread on the day; None where the model brings no profile.
    """

    day: date
    model_version: str
    answers: tuple[Finding, ...]
    matured: pd.DataFrame
    expected: pd.DataFrame
    drift: pd.DataFrame
    numbers: Mapping[str, float]
    open_since: Mapping[str, date]
    scan: Scan | None = field(repr=False)
    lists_used: tuple[date, ...]
    data_fingerprint: str
    profile: KeptProfile | None = field(default=None, repr=False)

    @property
    def verdict(self) -> Verdict:
        """``alarm``, ``watch``, ``healthy``, or ``unknown`` where no past list could be judged."""
        grades = {answer.grade for answer in self.answers}
        if "fail" in grades:
            return "alarm"
        if "warn" in grades:
            return "watch"
        return "unknown" if "unknown" in grades else "healthy"

    def ends_with_alarm(self, fail_on: FailOn) -> bool:
        """Say whether a job should end with an alarm: on an alarm, on something to watch too, or never."""
        return self.verdict in {"alarm": ("alarm",), "warn": ("alarm", "watch"), "never": ()}[fail_on]

    @property
    def broken_data(self) -> bool:
        """Whether the data is such that no list should go out."""
        return any(answer.grade == "fail" and PARTS[answer.name] == "quality" for answer in self.answers)

    @property
    def findings(self) -> pd.DataFrame:
        """Answers as a table.

        ``part, name, grade, number, limit, false_alarms_per_year, open_since, sentence`` and ``do``.
        """
        rows = [
            {
                "part": PARTS[answer.name],
                "name": answer.name,
                "grade": answer.grade,
                "number": answer.number,
                "limit": answer.bound,
                "false_alarms_per_year": answer.false_alarms_per_year,
                "open_since": self.open_since.get(answer.name),
                "sentence": say_finding(answer, "en"),
                "do": answer.do,
            }
            for answer in self.answers
        ]
        return pd.DataFrame(rows)

    def plot_matured(self, ax: Axes | None = None) -> Axes:
        """Draw the AUROC of past lists beside what their probabilities expected."""
        alone = self.matured["group"].eq(LEFT_ALONE) & self.matured["segment"].eq("all")
        return plot_matured(self.matured[alone], ax)

    def plot_drift(self, ax: Axes | None = None) -> Axes:
        """Draw what the features that moved most add to the log-odds."""
        return plot_drift(self.drift, ax)


def check_health(
    shop: Shop,
    lists: str | Path | None = None,
    model: Model | str | None = None,
    snapshot_date: Day | None = None,
    config: Config | None = None,
    *,
    real_ids: Mapping[str, str] | None = None,
    clock: datetime | None = None,
) -> Health:
    """Check whether a model in service still works: past lists, the data, and what moved.

    Parameters
    ----------
    shop : Shop
        Shop that the model ranks.
    lists : path, optional
        Folder of the lists, as ``churnml run`` writes them; None takes ``monitoring.lists``, and without that no list
        is judged.
    model : Model or str, optional
        Model or its address; None takes the champion.
    snapshot_date : date or str, optional
        Day that is taken for now; None takes the start of the last day with an order.
    config : Config, optional
        Settings; None takes the defaults.
    real_ids : mapping of str to str, optional
        Customer ids by the pseudonyms that stand for them in the lists.
    clock : datetime, optional
        Time that it is, without a zone: events more than a day ahead of it are told. None does not look for them.

    Returns
    -------
    Health
        Verdict, findings and their tables.

    Raises
    ------
    InputError
        Where the day lies outside of the data, or a kept file cannot be read.
    ModelError
        Where there is no such model, or the shop lacks tables that it needs.
    """
    config = config or Config()
    scorer = Scorer(model, config)
    model, shop = scorer.model, with_plugins(shop, config.features.plugins)
    day = resolve_day(shop, snapshot_date, model.definition.horizon_days, "snapshot_date")
    folder = _folder(lists if lists is not None else config.monitoring.lists)
    features = scorer.features(shop)
    history = History(shop, day)
    days = PastDays(shop, model.definition, features)
    X = days.of(day)
    usual = model.predict_at_level(X)
    probability = sigmoid(usual + model.moved_level(X))

    baseline = None if folder is None else Baseline.read(folder)
    looks = [] if folder is None else read_looks(folder, day)
    past = [] if folder is None else read_past_lists(shop, folder, read_ledger(folder), day, real_ids or {})
    matured = judge_lists(past, config.seed)
    limits = Limits.of(baseline, config.monitoring.false_alarms_per_year, looks_per_year(config.monitoring, folder))
    newest = next((one for one in reversed(past) if one.is_enough), None)
    scanned = None if newest is None else _scan(days, newest, past, config.seed)

    drift, moved, again, of_day = pd.DataFrame(), list[Finding](), None, None
    numbers: dict[str, float] = {}
    if model.profile is not None and len(X):
        since = model.card.first_day + timedelta(days=model.definition.active_days)
        profile = model.profile
        for one in _earlier(profile, folder, day, since):
            kept = read_profile(folder, one, model.version, model.profile)
            if kept is None:
                kept = model.profile.add(one, days.of(one), model.predict_at_level(days.of(one))).newest
            profile = profile.joined(kept)
        profile = profile.add(day, X, usual)
        of_day = KeptProfile(model_version=model.version, profile=profile.newest)
        steady = steady_features(profile, since)
        at = last_year(profile.days[:-1], day)
        opinion = None
        if at is not None:
            before = profile.days[at]
            opinion = compare_days(X, days.sample(before, config.seed), before, steady, config.seed)
        distances = None if opinion is None else opinion.distances
        drift = measure_features(profile, tables_by_feature(features), steady, distances)
        moved, numbers = judge_drift(replay_drift(profile, since, steady), drift, limits, looks)
        if opinion is not None:
            at_most = usual_auroc(limits)
            moved += tell(opinion, at_most)
            numbers = {**numbers, "drift.domain_auroc": opinion.auroc}
            if newest is not None and opinion.auroc > at_most:
                judged = _judged(days.of(newest.day), newest, config.seed)
                again = recalibrate(X, logit(probability), judged, steady, config.seed)
    answers = [
        *judge_skill(matured, limits),
        *([] if scanned is None or newest is None else [judge_relation(scanned, newest, limits)]),
        *judge_level(matured),
        *judge_quality(shop, day),
        *judge_rows(history, clock),
        *moved,
    ]
    if scanned is not None and np.isfinite(scanned.z):
        numbers = {**numbers, "relation": scanned.z}
    return Health(
        day=day,
        model_version=model.version,
        answers=tuple(answers),
        matured=matured,
        expected=_expected(probability, 0.0 if model.card.level is None else model.card.level.spread, again),
        drift=drift,
        numbers=numbers,
        open_since=_open_since(answers, looks, day),
        scan=scanned,
        lists_used=tuple(one.day for one in past),
        data_fingerprint=fingerprint(history),
        profile=of_day,
    )


def looks_per_year(settings: MonitoringSettings, folder: Path | None) -> float:
    """Return the number of looks in a year: as set, or as the days between the lists say; 12 without lists."""
    if settings.looks_per_year is not None:
        return settings.looks_per_year
    days = [] if folder is None else days_in(folder / LISTS)
    if len(days) < 2:
        return _MONTHLY
    return float(_YEAR_DAYS / np.median(np.diff([day.toordinal() for day in days])))


def tables_by_feature(features: Sequence[Feature]) -> dict[str, str]:
    """Return the table that each feature is read from, by its name; features of several tables are left out."""
    return {feature.name: table for feature in features for table in tables_of([feature])}


def _folder(lists: str | Path | None) -> Path | None:
    if lists is None:
        return None
    folder = Path(lists)
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder. Name one that churnml score or run wrote.")
    return folder


def _earlier(profile: Profile, folder: Path | None, day: date, since: date) -> list[date]:
    """Name days newer than the training's: of kept lists the newest three, and that of a year before.

    Between the last labelled day of a training and its first list no day is kept: there the year before is built anew.
    """
    kept = [] if folder is None else [one for one in days_in(folder / LISTS) if profile.days[-1] < one < day]
    at, same_weekday = last_year(kept, day), day - timedelta(days=_YEAR_DAYS_OF_WEEKS)
    earlier = {*kept[-_RECENT:], *([] if at is None else [kept[at]])}
    if at is None and last_year(profile.days, day) is None and profile.days[-1] < same_weekday >= since:
        earlier.add(same_weekday)
    return sorted(earlier)


def _scan(days: PastDays, newest: PastList, past: Sequence[PastList], seed: int) -> Scan:
    """Scan the residuals of a list, less those of the list of a year before where one is kept."""
    at = last_year([one.day for one in past], newest.day)
    judged = [_judged(days.of(one.day), one, seed) for one in ([newest] if at is None else [newest, past[at]])]
    return scan(*judged)


def _judged(X: pd.DataFrame, one: PastList, seed: int) -> Judged:
    rows = one.rows[one.rows["customer_id"].isin(X.index)]
    ids = pd.Index(rows["customer_id"])
    p = np.clip(rows["churn_probability"].to_numpy(dtype=np.float64), 1e-9, 1 - 1e-9)
    return Judged(
        X=X.loc[ids].reset_index(drop=True),
        churned=rows["churned"].to_numpy(dtype=np.float64),
        logodds=logit(p),
        weights=rows["weight"].to_numpy(dtype=np.float64),
        hashes=customer_hashes(ids, seed),
    )


def _expected(p: Floats, spread: float, again: Floats | None) -> pd.DataFrame:
    k, z = tenth_of(p), logit(p)
    figures = [
        ("auroc", p, expected_auroc(p), lambda y: auroc(y, z), 0.0),
        ("lift_at_10pct", p, expected_lift(p, k), lambda y: lift_at(y, z, k), 0.0),
        ("churn_rate", p, float(np.mean(p)) if p.size else np.nan, lambda y: float(y.mean()), spread),
        ("log_loss", p, expected_log_loss(p), lambda y: log_loss(y, z), 0.0),
    ]
    if again is not None:
        figures.insert(1, ("auroc_reweighted", again, expected_auroc(again), lambda y: auroc(y, again), 0.0))
    rows = [
        (name, value, *expected_interval(chances, figure, of_level, draws=100))
        for name, chances, value, figure, of_level in figures
    ]
    return pd.DataFrame(rows, columns=["figure", "expected", "low", "high"])


def _open_since(answers: Sequence[Finding], looks: Sequence[Look], day: date) -> dict[str, date]:
    """Find since which look each finding that is not in order has been so without a break."""
    since = {}
    for answer in answers:
        if answer.grade in ("warn", "fail"):
            since[answer.name] = day
            for look in reversed(looks):
                if answer.name not in look.open:
                    break
                since[answer.name] = look.day
    return dict(sorted(since.items()))
