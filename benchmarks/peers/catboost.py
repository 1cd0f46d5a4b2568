"""CatBoost on churnml's own labelled rows: depth 4, 500 trees at 0.04, levels of snapshots as the baseline.

Runs in an environment with catboost, numpy, pandas and pyarrow: python catboost.py TRAIN TEST OUT (Parquet files).
"""

import sys

import pandas as pd

sys.path = [folder for folder in sys.path if not folder.endswith("peers")]  # this file has the library's name
from catboost import CatBoostClassifier, Pool

train, test = (pd.read_parquet(path) for path in sys.argv[1:3])
features = [name for name in test.columns if name in train.columns]
model = CatBoostClassifier(
    depth=4, iterations=500, learning_rate=0.04, random_seed=7, thread_count=2, verbose=False, allow_writing_files=False
)
model.fit(Pool(train[features], train["churned"].astype(int), baseline=train["offset"]))
logodds = model.predict(Pool(test[features]), prediction_type="RawFormulaVal")
pd.DataFrame({"logodds": logodds}).to_parquet(sys.argv[3])
