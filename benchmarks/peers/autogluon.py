"""AutoGluon for two minutes: python autogluon.py TRAIN TEST OUT."""

import sys

import numpy as np
import pandas as pd

sys.path = [folder for folder in sys.path if not folder.endswith("peers")]  # this file has the library's name
from autogluon.tabular import TabularPredictor

train, test = (pd.read_parquet(path) for path in sys.argv[1:3])
features = [name for name in test.columns if name in train.columns]
model = TabularPredictor("churned", eval_metric="log_loss", path=f"{sys.argv[3]}.model", verbosity=0)
model.fit(train[[*features, "churned"]].astype({"churned": int}), time_limit=120, presets="medium_quality")
p = np.clip(model.predict_proba(test[features]).iloc[:, -1], 1e-6, 1 - 1e-6)
pd.DataFrame({"logodds": np.log(p) - np.log1p(-p)}).to_parquet(sys.argv[3])
