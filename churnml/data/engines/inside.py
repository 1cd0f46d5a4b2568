"""Files of a folder that others named: a name may lead out of it, to what is nobody's table."""

from __future__ import annotations

import os
from pathlib import Path


def is_inside(folder: Path, file: Path) -> bool:
    """Say whether a path lies in a folder once its steps upwards are taken; nothing is looked for on the disk.

    Examples
    --------
    >>> is_inside(Path("shop"), Path("shop/a/../orders.csv")), is_inside(Path("shop"), Path("shop/../orders.csv"))
    (True, False)
    """
    return Path(os.path.abspath(file)).is_relative_to(os.path.abspath(folder))
