"""Measure the simulation of a large shop: seconds, memory of all processes together, rows per table.

Run from the checkout: ``python benchmarks/simulate.py [customers [kind]]``. Memory is read from ``/proc``, so on Linux
only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_WORK = """
import json, sys
from churnml.data.simulator import simulate
print(json.dumps(simulate(sys.argv[1], int(sys.argv[2]), kind=sys.argv[3])))
"""


def main(customers: int, kind: str) -> None:
    """Simulate in a process of its own and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        paths = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))
        began = time.perf_counter()
        work = subprocess.Popen(
            [sys.executable, "-c", _WORK, str(Path(folder) / "shop"), str(customers), kind],
            env=os.environ | {"PYTHONPATH": paths},
            stdout=subprocess.PIPE,
            text=True,
        )
        peak = 0
        while work.poll() is None:
            peak = max(peak, sum(_resident_bytes(process) for process in _family(work.pid)))
            time.sleep(0.2)
        seconds = time.perf_counter() - began
        printed = work.stdout.read() if work.stdout is not None else ""
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
    if work.returncode:
        sys.exit(work.returncode)
    print(
        f"{customers:,} customers of {kind}: {seconds:.1f} s, peak {peak / 2**30:.2f} GiB, files {size / 2**30:.2f} GiB"
    )
    for table, rows in json.loads(printed).items():
        print(f"{table:>15} {rows:>12,}")


def _family(process: int) -> list[int]:
    """Give a process and all that it started, directly or not."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    family = [process]
    for member in family:
        family.extend(children.get(member, []))
    return family


def _resident_bytes(process: int) -> int:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, sys.argv[2] if len(sys.argv) > 2 else "gift")
