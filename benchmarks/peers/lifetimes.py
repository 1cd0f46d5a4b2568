"""BG/NBD of lifetimes, fitted on the newest labelled snapshot: python lifetimes.py TRAIN TEST OUT HORIZON."""

import sys

import numpy as np
import pandas as pd

sys.path = [folder for folder in sys.path if not folder.endswith("peers")]  # this file has the library's name
from lifetimes import BetaGeoFitter

train, test = (pd.read_parquet(path) for path in sys.argv[1:3])
horizon = float(sys.argv[4])


def rfm(rows):
    """Give frequency, recency and age as lifetimes has them."""
    age = rows.days_since_first_order
    return rows.order_days_total - 1, age - rows.days_since_last_order, age


model = BetaGeoFitter(penalizer_coef=0.001).fit(*rfm(train[train["day"] == train["day"].max()]))
x, t_x, age = rfm(test)
alive = np.where(x > 0, model.conditional_probability_alive(x, t_x, age), 1.0)
r, alpha = model.params_["r"], model.params_["alpha"]
stay = np.clip(alive * (1 - ((alpha + age) / (alpha + age + horizon)) ** (r + x)), 1e-6, 1 - 1e-6)
pd.DataFrame({"logodds": np.log1p(-stay) - np.log(stay)}).to_parquet(sys.argv[3])
