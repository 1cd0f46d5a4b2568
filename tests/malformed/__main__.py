"""Judge thousands of malformed shops: ``python -m tests.malformed --shops 5000``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from multiprocessing import get_context

from tests.malformed.judge import tell


def main() -> int:
    """Judge shops by seed on all processors, name those that failed, and exit with 1 where there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.malformed", description=__doc__)
    parser.add_argument("--shops", type=int, default=5_000, help="how many shops")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, help="how many at a time, as many as there are processors if not said")
    asked = parser.parse_args()
    outcomes: Counter[str] = Counter()
    seeds = range(asked.first, asked.first + asked.shops)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["CHURNML_CACHE"] = cache
        # A ProcessPoolExecutor that renews its processes waits for ever where all of them end together.
        with get_context("spawn").Pool(asked.processes, maxtasksperchild=100) as pool:
            for outcome, told in pool.imap_unordered(tell, seeds):
                outcomes[outcome] += 1
                if told:
                    print(told, flush=True)
            pool.close()
            pool.join()
    print(", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items())))
    return 1 if outcomes["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
