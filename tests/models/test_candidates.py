"""Laws that every candidate keeps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from churnml.models.candidates import CANDIDATES, Candidate
from churnml.models.candidates.base import FitSettings
from churnml.models.candidates.blend import Blend
from churnml.models.candidates.lightgbm import LightGbm
from churnml.models.candidates.logistic import fit_weights
from churnml.models.candidates.spline import SplineLogistic
from churnml.models.rows import TrainingFrame, salted
from churnml.statistics.logodds import sigmoid
from churnml.statistics.metrics import auroc_within, shape_loss
from churnml.statistics.shifts import fit_intercept

MakeFrame = Callable[..., TrainingFrame]
SETTINGS = FitSettings(seed=7, threads=1)
RULE = "recency_rule"

every_candidate = pytest.mark.parametrize("name", CANDIDATES)


@pytest.fixture(scope="module")
def frame(make_frame: MakeFrame) -> TrainingFrame:
    return make_frame(hidden=1.0)


@pytest.fixture(scope="module")
def fitted(frame: TrainingFrame) -> dict[str, Candidate]:
    return {name: candidate().fit(frame, SETTINGS) for name, candidate in CANDIDATES.items()}


def written(candidate: Candidate, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    candidate.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def fit(name: str, frame: TrainingFrame, settings: FitSettings = SETTINGS) -> Candidate:
    return CANDIDATES[name]().fit(frame, settings)


@pytest.mark.slow
@every_candidate
def test_contributions_add_up_to_the_logodds(name: str, fitted: dict[str, Candidate], frame: TrainingFrame) -> None:
    base, values = fitted[name].contributions(frame.X)
    assert values.shape == frame.X.shape
    np.testing.assert_allclose(base + values.sum(axis=1), fitted[name].logodds(frame.X), atol=1e-5)


@every_candidate
def test_contributions_follow_the_columns(name: str, fitted: dict[str, Candidate], frame: TrainingFrame) -> None:
    X = frame.X.iloc[:50]
    base, values = fitted[name].contributions(X)
    other = X.assign(unused=1.0)[["unused", *X.columns[::-1]]]
    base_of_other, values_of_other = fitted[name].contributions(other)
    assert base_of_other == pytest.approx(base, abs=1e-12)
    assert not values_of_other[:, 0].any()
    np.testing.assert_allclose(values_of_other[:, :0:-1], values, atol=1e-12)
    np.testing.assert_array_equal(fitted[name].logodds(other), fitted[name].logodds(X))


@pytest.mark.slow
@every_candidate
def test_a_row_is_predicted_the_same_beside_any_others(name: str, frame: TrainingFrame) -> None:
    # Many columns: NumPy adds up eight and more in another order where they lie side by side.
    noise = np.random.default_rng(3).normal(size=(len(frame), 20))
    wide = dataclasses.replace(frame, X=frame.X.assign(**{f"noise_{at}": column for at, column in enumerate(noise.T)}))
    fitted = fit(name, wide)
    together = fitted.logodds(wide.X.iloc[:50])
    alone = [fitted.logodds(wide.X.iloc[[at]])[0] for at in range(50)]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.slow
@every_candidate
@pytest.mark.parametrize("rows", [[], [0], [3, 3, 3]], ids=["none", "one", "repeated"])
def test_any_number_of_rows_is_explained(
    name: str, rows: list[int], fitted: dict[str, Candidate], frame: TrainingFrame
) -> None:
    X = frame.X.iloc[rows]
    base, values = fitted[name].contributions(X)
    assert values.shape == X.shape
    assert base == pytest.approx(fitted[name].contributions(frame.X.iloc[:5])[0], abs=1e-9)
    if rows:
        np.testing.assert_allclose(base + values.sum(axis=1), fitted[name].logodds(X), atol=1e-5)


@every_candidate
def test_the_base_is_the_mean_prediction(name: str, fitted: dict[str, Candidate], frame: TrainingFrame) -> None:
    # Values of one feature average to about nothing: a reason speaks of what is unusual about a customer.
    base, values = fitted[name].contributions(frame.X)
    assert base == pytest.approx(fitted[name].logodds(frame.X).mean(), abs=0.02)
    np.testing.assert_allclose(values.mean(axis=0), 0.0, atol=0.02)


@every_candidate
def test_no_candidate_is_surer_than_its_rows_allow(name: str, make_frame: MakeFrame, frame: TrainingFrame) -> None:
    few = make_frame(customers=40, snapshots=2)
    candidate = fit(name, few)
    assert candidate.bound == np.log(2 * 80 + 1)
    far = frame.X.iloc[:50] * 1e6
    far.iloc[::2] = 0.0
    far["btyd_no_order_probability"] = np.where(np.arange(50) % 2, 0.0, 1.0)
    assert np.abs(candidate.logodds(far)).max() <= candidate.bound + 1e-9
    base, values = candidate.contributions(far)
    np.testing.assert_allclose(base + values.sum(axis=1), candidate.logodds(far), atol=1e-5)


def test_where_the_bound_holds_a_row_its_contributions_shrink_by_one_factor(frame: TrainingFrame) -> None:
    candidate = fit("rfm_logistic", frame)
    free = candidate.free_logodds(frame.X)
    base, values = candidate.free_contributions(frame.X)
    candidate.bounded(1.0)
    held = candidate.logodds(frame.X)
    inside = np.abs(free) <= 1.0
    assert inside.any()
    assert (~inside).any()
    np.testing.assert_array_equal(held[inside], free[inside])
    np.testing.assert_array_equal(held[~inside], np.sign(free[~inside]))
    base_held, values_held = candidate.contributions(frame.X)
    assert base_held == base
    np.testing.assert_array_equal(values_held[inside], values[inside])
    np.testing.assert_allclose(values_held[~inside] * free[~inside, None], values[~inside] * held[~inside, None])


def test_of_a_blend_every_member_is_bounded(frame: TrainingFrame) -> None:
    blend = fit("blend", frame)
    assert isinstance(blend, Blend)
    assert {member.bound for member in blend.fitted.values()} == {blend.bound} == {np.log(2 * len(frame) + 1)}
    assert {member.bound for member in blend.bounded(0.5).fitted.values()} == {0.5}
    assert np.abs(blend.logodds(frame.X)).max() <= 0.5


@every_candidate
def test_a_saved_candidate_predicts_the_same(
    name: str, fitted: dict[str, Candidate], frame: TrainingFrame, tmp_path: Path
) -> None:
    before = written(fitted[name], tmp_path / "a")
    again = CANDIDATES[name].load(before)
    np.testing.assert_array_equal(again.logodds(frame.X), fitted[name].logodds(frame.X))
    assert again.trees == fitted[name].trees
    assert written(again, tmp_path / "b") == before
    base, values = again.contributions(frame.X.iloc[:20])
    np.testing.assert_allclose(base + values.sum(axis=1), again.logodds(frame.X.iloc[:20]), atol=1e-5)


@every_candidate
def test_files_are_json_or_text(name: str, fitted: dict[str, Candidate], tmp_path: Path) -> None:
    for file, content in written(fitted[name], tmp_path / "a").items():
        assert Path(file).suffix in {".json", ".txt"}
        text = content.decode("utf-8")
        assert "\0" not in text
        assert "\r" not in text


@pytest.fixture
def threads_for_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("churnml.models.candidates.lightgbm._ROWS_WORTH_THREADS", 0)


@pytest.mark.slow
@every_candidate
@pytest.mark.usefixtures("threads_for_few_rows")
@pytest.mark.parametrize("threads", [1, 2])
def test_same_rows_and_seed_give_the_same_bytes(
    name: str, threads: int, fitted: dict[str, Candidate], frame: TrainingFrame, tmp_path: Path
) -> None:
    settings = dataclasses.replace(SETTINGS, threads=threads)
    again = fit(name, frame.take(np.ones(len(frame), dtype=bool)), settings)
    assert written(again, tmp_path / "a") == written(fitted[name], tmp_path / "b")


@pytest.mark.slow
@every_candidate
@pytest.mark.usefixtures("threads_for_few_rows")
def test_the_number_of_trees_does_not_depend_on_the_threads(name: str, frame: TrainingFrame) -> None:
    few = frame.take(frame.customers < 80)
    found = {fit(name, few, FitSettings(seed=7, threads=threads)).trees for threads in (1, 2)}
    assert len(found) == 1


@every_candidate
def test_the_order_of_the_rows_hardly_matters(
    name: str, fitted: dict[str, Candidate], frame: TrainingFrame, make_frame: MakeFrame
) -> None:
    order = np.random.default_rng(3).permutation(len(frame))
    shuffled = TrainingFrame(
        frame.X.iloc[order].reset_index(drop=True),
        *(getattr(frame, column)[order] for column in ("churned", "customers", "hashes", "snapshots")),
    )
    fresh = make_frame(hidden=1.0, seed=9)
    one, other = fitted[name].logodds(fresh.X), fit(name, shuffled).logodds(fresh.X)
    if fitted[name].trees is None:
        np.testing.assert_allclose(one, other, atol=1e-6)
    else:
        # Documented: every tree is grown on rows that are drawn by their position.
        losses = [shape_loss(fresh.churned, logodds, fresh.snapshots) for logodds in (one, other)]
        assert losses[0] == pytest.approx(losses[1], abs=0.01)
        assert np.corrcoef(one, other)[0, 1] > 0.97


@pytest.mark.slow
@every_candidate
def test_a_season_is_not_taken_for_a_trait(name: str, make_frame: MakeFrame) -> None:
    fresh = make_frame(seed=5, levels=[0.0] * 8)
    even = make_frame(seed=1, levels=[0.0] * 8)
    flipped = make_frame(seed=1, levels=[0.0] * 5 + [3.0] + [0.0] * 2)
    losses = [
        shape_loss(fresh.churned, fit(name, frame).logodds(fresh.X), fresh.snapshots) for frame in (even, flipped)
    ]
    assert losses[1] < losses[0] + 0.01


@every_candidate
def test_what_tells_the_season_alone_has_no_weight(name: str, make_frame: MakeFrame) -> None:
    # Spending is high exactly on the snapshots on which many leave; within a snapshot it is the same for all.
    frame = make_frame(levels=[-1.5, 1.5] * 5, signal=0.0)
    season = np.where((frame.snapshots.astype(int) - frame.snapshots[0].astype(int)) // 30 % 2, 500.0, 100.0)
    told = dataclasses.replace(frame, X=frame.X.assign(amount_sum_365d=season))
    model = fit(name, told)
    low, high = (model.logodds(told.X.assign(amount_sum_365d=amount)) for amount in (100.0, 500.0))
    assert np.abs(high - low).max() < 0.15


@every_candidate
def test_recency_is_learnt(name: str, fitted: dict[str, Candidate], make_frame: MakeFrame) -> None:
    fresh = make_frame(seed=8, hidden=1.0)
    assert auroc_within(fresh.churned, fitted[name].logodds(fresh.X), fresh.snapshots) > 0.75


@pytest.mark.slow
@every_candidate
@pytest.mark.parametrize("empty", ["days_since_last_order", "delivery_delay_mean_days_180d"])
def test_a_feature_without_any_value_is_handled(name: str, empty: str, frame: TrainingFrame) -> None:
    bare = dataclasses.replace(frame, X=frame.X.assign(**{empty: np.nan}))
    model = fit(name, bare)
    base, values = model.contributions(bare.X)
    assert np.isfinite(model.logodds(bare.X)).all()
    np.testing.assert_allclose(base + values.sum(axis=1), model.logodds(bare.X), atol=1e-5)
    # At scoring it may have values again, and others may lack theirs.
    assert np.isfinite(model.logodds(frame.X)).all()


@every_candidate
def test_nulls_that_training_never_saw_are_handled(
    name: str, fitted: dict[str, Candidate], frame: TrainingFrame
) -> None:
    X = frame.X.iloc[:80].copy()
    X.iloc[:20, 0] = np.nan
    X.iloc[20:40, 2] = np.nan
    X.iloc[40:60] = np.nan
    base, values = fitted[name].contributions(X)
    np.testing.assert_allclose(base + values.sum(axis=1), fitted[name].logodds(X), atol=1e-5)


@pytest.mark.slow
@every_candidate
def test_a_constant_feature_says_nothing(name: str, frame: TrainingFrame) -> None:
    constant = dataclasses.replace(frame, X=frame.X.assign(days_since_last_order=30.0))
    model = fit(name, constant)
    _, values = model.contributions(constant.X.assign(days_since_last_order=300.0))
    assert not values[:, 0].any()


@every_candidate
@pytest.mark.parametrize("trees", [None, 5])
def test_sixty_rows_are_enough(name: str, trees: int | None, make_frame: MakeFrame, tmp_path: Path) -> None:
    small = make_frame(customers=30, snapshots=2)
    model = fit(name, small, FitSettings(seed=0, threads=1, trees=trees))
    base, values = model.contributions(small.X)
    np.testing.assert_allclose(base + values.sum(axis=1), model.logodds(small.X), atol=1e-5)
    files = written(model, tmp_path / "a")
    np.testing.assert_array_equal(CANDIDATES[name].load(files).logodds(small.X), model.logodds(small.X))


@every_candidate
def test_a_snapshot_on_which_all_churned_is_handled(name: str, make_frame: MakeFrame) -> None:
    frame = make_frame(snapshots=4)
    frame.churned[frame.snapshots == frame.days[0]] = 1.0
    assert np.isfinite(fit(name, frame).logodds(frame.X)).all()


@every_candidate
def test_names(name: str) -> None:
    assert CANDIDATES[name].name == name
    assert CANDIDATES[name].suits(
        ["days_since_last_order", "orders_365d", "amount_sum_365d", "btyd_no_order_probability"]
    )


def test_rules_need_their_columns() -> None:
    assert not CANDIDATES[RULE].suits(["orders_365d"])
    assert not CANDIDATES["rfm_logistic"].suits(["days_since_last_order", "orders_365d"])


def test_the_recency_rule_is_a_logistic_regression_on_the_logarithm(make_frame: MakeFrame) -> None:
    # At the optimum of the log loss plus w^2 / 2, with w the weight on the scaled column, the loss's slope is w: the
    # sum of (churned - p) times that column. The mean of logodds times the scaled column is w.
    frame = make_frame(customers=3_000, snapshots=1)
    model = fit(RULE, frame)
    x = np.log1p(frame.X.days_since_last_order.to_numpy())
    scaled = (x - x.mean()) / x.std()
    weight = model.logodds(frame.X) @ scaled / len(x)
    logodds = model.logodds(frame.X)
    p = sigmoid(logodds + fit_intercept(frame.churned, logodds))
    assert (frame.churned - p) @ scaled == pytest.approx(weight, abs=1e-3)


def test_trees_are_found_on_customers_kept_apart(make_frame: MakeFrame) -> None:
    # Without a signal few trees are best; with one, many more.
    none = fit("lightgbm", make_frame(signal=0.0)).trees
    some = fit("lightgbm", make_frame(hidden=1.5)).trees
    assert none is not None
    assert some is not None
    assert none < some


def test_each_quarter_of_the_customers_stops_one_forest_and_their_mean_is_said(frame: TrainingFrame) -> None:
    model = fit("lightgbm", frame)
    assert isinstance(model, LightGbm)
    assert len({booster.model_to_string() for booster in model.boosters}) == 4
    said = [booster.predict(frame.X.to_numpy(), raw_score=True) for booster in model.boosters]
    np.testing.assert_array_equal(model.logodds(frame.X), np.mean(said, axis=0))
    assert model.trees == sum(booster.num_trees() for booster in model.boosters)
    # A quarter stops the forest that is grown on the others: outcomes that change places in it change others' trees.
    third, stirred = np.floor(salted(frame.hashes, "early stopping") * 4) == 2, frame.churned.copy()
    for day in frame.days:
        stirred[third & (frame.snapshots == day)] = frame.churned[third & (frame.snapshots == day)][::-1]
    again = fit("lightgbm", dataclasses.replace(frame, churned=stirred))
    assert isinstance(again, LightGbm)
    first = [[forest.dump_model(num_iteration=1)["tree_info"] for forest in two.boosters] for two in (model, again)]
    assert [one == other for one, other in zip(*first, strict=True)] == [False, False, True, False]


def test_the_first_trees_are_those_of_a_model_that_was_grown_no_further(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=300)
    many, few = (LightGbm().fit(frame, dataclasses.replace(SETTINGS, trees=trees)) for trees in (20, 5))
    assert many.of_first(5).logodds(frame.X).tolist() == few.logodds(frame.X).tolist()
    assert many.of_first(5).trees == 5
    assert many.of_first(5).bound == few.bound


@pytest.mark.parametrize(("enough", "forests"), [(0, 4), (1, 1)])
def test_with_enough_rows_one_forest_is_grown(
    frame: TrainingFrame, enough: int, forests: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("churnml.models.candidates.lightgbm._ENOUGH_ROWS", len(frame) - enough)
    model = fit("lightgbm", frame)
    assert isinstance(model, LightGbm)
    assert len(model.boosters) == forests


@pytest.mark.parametrize(("apart", "forests"), [(1, 3), (4, 1)])
def test_a_quarter_whose_customers_all_end_alike_stops_nothing(frame: TrainingFrame, apart: int, forests: int) -> None:
    alike = np.floor(salted(frame.hashes, "early stopping") * 4) < apart
    model = fit("lightgbm", dataclasses.replace(frame, churned=np.where(alike, 1.0, frame.churned)))
    assert isinstance(model, LightGbm)
    assert len(model.boosters) == forests
    assert np.isfinite(model.logodds(frame.X)).all()


def test_a_model_of_before_has_one_forest_and_all_forests_read_the_same(frame: TrainingFrame, tmp_path: Path) -> None:
    files = written(fit("lightgbm", frame), tmp_path / "a")
    assert set(files) == {"trees.txt", "trees_2.txt", "trees_3.txt", "trees_4.txt"}
    one = LightGbm.load({"trees.txt": files["trees.txt"]})
    assert (len(one.boosters), one.files) == (1, {"trees.txt"})
    fewer = written(fit("lightgbm", dataclasses.replace(frame, X=frame.X.iloc[:, :3])), tmp_path / "b")
    with pytest.raises(ValueError, match="do not read the same columns"):
        LightGbm.load({"trees.txt": files["trees.txt"], "trees_2.txt": fewer["trees.txt"]})
    with pytest.raises(ValueError, match=r"trees_3\.txt does not hold trees of LightGBM"):
        LightGbm.load({**files, "trees_3.txt": files["trees_3.txt"][:-200]})


def test_an_unfitted_model_of_trees_says_so(frame: TrainingFrame) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        CANDIDATES["lightgbm"]().logodds(pd.DataFrame({"x": [1.0]}))


@pytest.mark.parametrize("faded", [None, 60])
def test_weights_are_those_of_scikit_learn(frame: TrainingFrame, faded: int | None) -> None:
    frame = frame.faded(faded)
    X = frame.X[["days_since_last_order", "orders_365d", "amount_sum_365d"]].to_numpy()
    columns = X - X.mean(axis=0)
    levels = 100.0 * (frame.snapshots[:, None] == frame.days[None, :])
    # Both know the normal prior of variance 0.5 per standardised column as C.
    reference = LogisticRegression(C=0.5, fit_intercept=False, solver="newton-cholesky", tol=1e-10, max_iter=200)
    reference.fit(np.hstack([columns / columns.std(axis=0), levels]), frame.churned, frame.weights)
    expected = reference.coef_[0, :3] / columns.std(axis=0)
    np.testing.assert_allclose(fit_weights(columns, frame, 0.5), expected, rtol=1e-4)


def a_rule_among_noise(customers: int, noise: float) -> TrainingFrame:
    """Make customers of two snapshots who leave by one feature of 61, all the surer the less noise there is."""
    rng = np.random.default_rng(11)
    X = pd.DataFrame(rng.normal(size=(2 * customers, 61)), columns=[f"x{at}" for at in range(61)])
    codes = np.tile(np.arange(customers), 2)
    days = np.repeat(np.array(["2025-01-01", "2025-02-01"], dtype="datetime64[D]"), customers)
    churned = (X.x0 + noise * rng.logistic(size=len(X)) > 0).to_numpy(dtype=float)
    return TrainingFrame(X, churned, codes, rng.uniform(size=customers)[codes], days)


def test_the_one_feature_that_tells_is_found_among_many() -> None:
    # Told of customers whom it did not learn from. Chance is 0.693, the rule alone 0.24; a prior of a third of the
    # variance says 0.47, one of three times 0.30.
    frame = a_rule_among_noise(3_000, 0.2)
    learnt, told = frame.take(frame.hashes >= 0.5), frame.take(frame.hashes < 0.5)
    logodds = SplineLogistic().fit(learnt, SETTINGS).logodds(told.X)
    assert shape_loss(told.churned, logodds, told.snapshots) == pytest.approx(0.368, abs=0.02)
