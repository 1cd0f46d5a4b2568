"""XGBoost on churnml's own labelled rows: depth 3, 400 trees at 0.05, levels of snapshots as the base margin.

Runs in an environment with xgboost-cpu, numpy, pandas and pyarrow: python xgboost.py TRAIN TEST OUT (Parquet files).
"""

import sys

import numpy as np
import pandas as pd

sys.path = [folder for folder in sys.path if not folder.endswith("peers")]  # this file has the library's name
import xgboost

train, test = (pd.read_parquet(path) for path in sys.argv[1:3])
features = [name for name in test.columns if name in train.columns]
rows = xgboost.DMatrix(train[features], train["churned"], base_margin=train["offset"])
settings = {
    "objective": "binary:logistic",
    "max_depth": 3,
    "eta": 0.05,
    "subsample": 0.7,
    "colsample_bytree": 0.5,
    "min_child_weight": 20,
    "lambda": 10,
    "seed": 7,
    "nthread": 2,
}
model = xgboost.train(settings, rows, num_boost_round=400)
tested = xgboost.DMatrix(test[features], base_margin=np.zeros(len(test)))
pd.DataFrame({"logodds": model.predict(tested, output_margin=True)}).to_parquet(sys.argv[3])
