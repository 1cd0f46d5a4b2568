"""Rankings by effect of other libraries on Hillstrom's e-mails, for `uplift.py`; runs in their environments.

VENV/bin/python benchmarks/uplift_others.py hillstrom.csv {scikit-uplift,causalml,econml} NAME.npz [--splits 20]
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

MAILS = ("Womens E-Mail", "Mens E-Mail")
CONTROL = "No E-Mail"
Ranking = Callable[[pd.DataFrame, np.ndarray, np.ndarray, pd.DataFrame], np.ndarray]


def read_mails(file: str, mail: str) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Read features, arms and visits of those who got a mail or none."""
    rows = pd.read_csv(file)
    rows = rows[rows["segment"].isin([mail, CONTROL])].reset_index(drop=True)
    X = pd.get_dummies(rows[["recency", "history", "mens", "womens", "newbie", "zip_code", "channel"]], dtype=float)
    return X.astype(float), (rows["segment"] == mail).to_numpy(), rows["visit"].to_numpy(dtype=float)


def halves(n: int, splits: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give random halves, the same to all."""
    for split in range(splits):
        order = np.random.default_rng(split).permutation(n)
        yield order[: n // 2], order[n // 2 :]


def scikit_uplift() -> dict[str, Ranking]:
    """Give scikit-uplift's models, with gradient boosting as it recommends."""
    from sklearn.ensemble import HistGradientBoostingClassifier as Boosting
    from sklift.models import ClassTransformation, SoloModel, TwoModels

    def ranked(make: Callable[[], object]) -> Ranking:
        def rank(X: pd.DataFrame, w: np.ndarray, y: np.ndarray, asked: pd.DataFrame) -> np.ndarray:
            model = make().fit(X.to_numpy(), y.astype(int), w.astype(int))
            return np.asarray(model.predict(asked.to_numpy()))

        return rank

    def base() -> object:
        return Boosting(max_depth=3, max_iter=60, random_state=1)

    return {
        "solo": ranked(lambda: SoloModel(base())),
        "two models": ranked(lambda: TwoModels(base(), base(), method="vanilla")),
        "class transformation": ranked(lambda: ClassTransformation(base())),
    }


def causalml() -> dict[str, Ranking]:
    """Give causalml's meta-learners and forest."""
    from causalml.inference.meta import BaseTRegressor, BaseXRegressor
    from causalml.inference.tree import UpliftRandomForestClassifier
    from sklearn.ensemble import HistGradientBoostingRegressor as Boosting

    def learner(make: Callable[[], object], *, propensity: bool) -> Ranking:
        def rank(X: pd.DataFrame, w: np.ndarray, y: np.ndarray, asked: pd.DataFrame) -> np.ndarray:
            more = {"p": np.full(len(X), w.mean())} if propensity else {}
            model = make()
            model.fit(X=X.to_numpy(), treatment=w.astype(int), y=y, **more)
            more = {"p": np.full(len(asked), w.mean())} if propensity else {}
            return np.ravel(model.predict(asked.to_numpy(), **more))

        return rank

    def forest(X: pd.DataFrame, w: np.ndarray, y: np.ndarray, asked: pd.DataFrame) -> np.ndarray:
        model = UpliftRandomForestClassifier(
            control_name="control", n_estimators=50, max_depth=5, min_samples_leaf=200, random_state=1, n_jobs=1
        )
        model.fit(X.to_numpy(), np.where(w, "mail", "control"), y.astype(int))
        return np.ravel(model.predict(asked.to_numpy()))

    def base() -> object:
        return Boosting(max_depth=3, max_iter=60, random_state=1)

    return {
        "T": learner(lambda: BaseTRegressor(base()), propensity=False),
        "X": learner(lambda: BaseXRegressor(base()), propensity=True),
        "uplift forest": forest,
    }


def econml() -> dict[str, Ranking]:
    """Give econml's causal forest and its doubly robust learner with a linear last stage."""
    from econml.dml import CausalForestDML
    from econml.dr import LinearDRLearner
    from sklearn.ensemble import HistGradientBoostingRegressor as Boosting
    from sklearn.linear_model import LogisticRegression

    def base() -> object:
        return Boosting(max_depth=3, max_iter=60, random_state=1)

    def forest(X: pd.DataFrame, w: np.ndarray, y: np.ndarray, asked: pd.DataFrame) -> np.ndarray:
        model = CausalForestDML(
            model_y=base(),
            model_t=LogisticRegression(max_iter=500),
            discrete_treatment=True,
            n_estimators=200,
            min_samples_leaf=50,
            random_state=1,
            n_jobs=1,
        )
        model.fit(y, w.astype(int), X=X.to_numpy())
        return np.ravel(model.effect(asked.to_numpy()))

    def linear(X: pd.DataFrame, w: np.ndarray, y: np.ndarray, asked: pd.DataFrame) -> np.ndarray:
        keep = [name for name in X if name not in ("zip_code_Urban", "channel_Web")]  # what the others leave is told
        model = LinearDRLearner(
            model_propensity=LogisticRegression(max_iter=500), model_regression=base(), random_state=1
        )
        model.fit(y, w.astype(int), X=X[keep].to_numpy())
        return np.ravel(model.effect(asked[keep].to_numpy()))

    return {"causal forest": forest, "linear DR": linear}


LIBRARIES = {"scikit-uplift": scikit_uplift, "causalml": causalml, "econml": econml}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("library", choices=sorted(LIBRARIES))
    parser.add_argument("out")
    parser.add_argument("--splits", type=int, default=20)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    found: dict[str, list[np.ndarray]] = {}
    for mail in MAILS:
        X, w, y = read_mails(asked.file, mail)
        for learn, test in halves(len(y), asked.splits):
            for name, rank in LIBRARIES[asked.library]().items():
                ranked = rank(X.iloc[learn], w[learn], y[learn], X.iloc[test])
                found.setdefault(f"{mail}|{name}", []).append(ranked.astype(np.float32))
        print(mail, "done", flush=True)
    np.savez(asked.out, **{key: np.array(value) for key, value in found.items()})
