"""How often a readout claims something where arms are permuted, on a public experiment (Hillstrom's e-mails, 2008).

python benchmarks/permuted_arms.py hillstrom.csv [--times 1000]

Each e-mail is compared with no e-mail on visits, conversions and spend, with the days since the last purchase as the
covariate. A claim is an interval of 95 % that does not hold 0; of so many permutations, 5 % + 2 standard errors may be.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from churnml.statistics.effects import Entered, effect_on_money, effect_on_share

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--times", type=int, default=1_000)
    asked = parser.parse_args()
    mails = pd.read_csv(asked.file)
    most = 0.05 + 2 * np.sqrt(0.05 * 0.95 / asked.times)
    for mail in ("Mens E-Mail", "Womens E-Mail"):
        rows = mails[mails["segment"].isin([mail, "No E-Mail"])]
        listed = (rows["segment"] == mail).to_numpy()
        rng = np.random.default_rng(1)
        for outcome, estimate in (
            ("visit", effect_on_share),
            ("conversion", effect_on_share),
            ("spend", effect_on_money),
        ):
            y, sides = rows[outcome].to_numpy(dtype=float), np.zeros(2)
            for _ in range(asked.times):
                entered, _ = Entered.of(rng.permutation(listed), np.zeros(len(y)), rows["recency"])
                low, high = estimate(entered, y).interval
                sides += [high < 0, low > 0]
            share = sides.sum() / asked.times
            print(f"{mail}, {outcome}: {share:.3f} (at most {most:.3f}), below {sides[0]:.0f}, above {sides[1]:.0f}")
