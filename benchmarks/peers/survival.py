"""Survival gradient boosting on the time to the next order: scikit-survival's, at most 4,000 rows of whole customers.

Runs in an environment with scikit-survival, pandas and pyarrow: python survival.py TRAIN TEST OUT (Parquet files). The
column ``days_to_order`` is the time to the next order, or to the day on which the data ends where ``ordered`` is false.
"""

import sys

import numpy as np
import pandas as pd
from sksurv.ensemble import GradientBoostingSurvivalAnalysis
from sksurv.util import Surv

MOST_ROWS = 4_000

train, test = (pd.read_parquet(path) for path in sys.argv[1:3])
features = [name for name in test.columns if name in train.columns]
if len(train) > MOST_ROWS:
    train = train[train["place"] < np.quantile(train["place"], MOST_ROWS / len(train))]
middle = train[features].median().fillna(0.0)
outcome = Surv.from_arrays(train["ordered"].astype(bool), train["days_to_order"].clip(lower=0.5))
model = GradientBoostingSurvivalAnalysis(
    n_estimators=150, learning_rate=0.1, max_depth=3, subsample=0.7, max_features=0.4, random_state=7
)
model.fit(train[features].fillna(middle), outcome)
# A higher risk is an earlier order.
pd.DataFrame({"logodds": -model.predict(test[features].fillna(middle))}).to_parquet(sys.argv[3])
