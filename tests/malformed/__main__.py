"""Judge thousands of malformed shops: ``python -m tests.malformed --shops 5000``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.malformed.judge import tell


def main() -> int:
    """Judge shops by seed on all processors, name those that failed, and exit with 1 where there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.malformed", description=__doc__)
    parser.add_argument("--shops", type=int, default=5_000, help="how many shops")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, help="how many at a time, as many as there are processors if not said")
    asked = parser.parse_args()
    outcomes: Counter[str] = Counter()
    pools = ProcessPoolExecutor(asked.processes, max_tasks_per_child=100)
    with tempfile.TemporaryDirectory() as cache, pools as pool:
        os.environ["CHURNML_CACHE"] = cache
        seeds = range(asked.first, asked.first + asked.shops)
        for done in as_completed([pool.submit(tell, seed) for seed in seeds]):
            outcome, told = done.result()
            outcomes[outcome] += 1
            if told:
                print(told, flush=True)
    print(", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items())))
    return 1 if outcomes["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
