"""What ``churnml init`` recognises of a shop under other names: 60 renamings in English, German and Turkish.

    python benchmarks/init.py --shops 60 --verbose

The names and formats are those of ``tests/data/guessing/renamed.py``. A column is right where it is proposed without a
question; what is asked is answered by the truth, so that the columns behind a question are counted too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.data.guessing.renamed import scored, shop_of

COUNTS = ("columns", "right", "asked", "suggested", "left_out", "wrong", "questions")


def main() -> None:
    """Print the counts, and with --verbose what was asked or missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=60, help="Number of renamings.")
    parser.add_argument("--verbose", action="store_true", help="Name every column that is not right.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop = shop_of(Path(folder))
        scores = [scored(shop, seed) for seed in range(options.shops)]
    if options.verbose:
        print(*(line for score in scores for line in score.seen), sep="\n")
    total = {name: sum(getattr(score, name) for score in scores) for name in COUNTS}
    print(*(f"{name:<10}{count:>8,}  {count / total['columns']:6.1%}" for name, count in total.items()), sep="\n")


if __name__ == "__main__":
    main()
