"""Pseudonyms: keyed hashes that stand for customer ids, with key and mapping kept apart from what is passed on.

The folder of secrets holds ``key`` and ``mapping.csv`` and lies outside of the output. Who has the output
alone cannot tell who a customer is, nor find out by hashing all ids; who has the folder too can look them up.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
from pathlib import Path

import numpy as np
import pandas as pd

from churnml.data.files import whole_file
from churnml.errors import InputError
from churnml.reporting.csv_files import read_csv, write_csv

KEY, MAPPING = "key", "mapping.csv"
"""Names of the files in the folder."""
_KEY_BYTES = 32
_DIGITS = 16
_READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def pseudonymize(ids: pd.Series, key: bytes) -> pd.Series:
    """Replace ids by ``p`` and the first 16 hexadecimal digits of their HMAC-SHA256.

    The same key gives the same pseudonyms, so that lists of different days can be compared. The letter keeps programs
    from taking digits, or digits with an e, for a number.

    Parameters
    ----------
    ids : pandas Series
        Customer ids; null stays null.
    key : bytes
        Secret key, as from `load_key`.

    Raises
    ------
    InputError
        Where two ids get the same pseudonym.

    Examples
    --------
    >>> pseudonymize(pd.Series(["17850", "13047", "17850"]), bytes(32)).tolist()
    ['p2f744b7b572e995c', 'pfc00b7320ff55edb', 'p2f744b7b572e995c']
    """
    places, different = pd.factorize(ids)
    made = ["p" + hmac.digest(key, str(each).encode(), "sha256").hex()[:_DIGITS] for each in different]
    _refuse_collisions(pd.Series(made, dtype="str"), pd.Series(different, dtype="str"))
    found = np.array([*made, None], dtype=object)[places]  # the place of a null is -1
    return pd.Series(found, index=ids.index, name=ids.name, dtype="str")


def load_key(folder: str | Path, out: str | Path) -> bytes:
    """Read the key of a folder; make folder and key, which only their owner can read, where there is none.

    Parameters
    ----------
    folder : str or Path
        Folder that keeps key and mapping.
    out : str or Path
        Folder of the output that gets the pseudonyms; the key may not lie in it.

    Raises
    ------
    InputError
        Where the folder lies in the output, or the key cannot be read or written, is no key, or can be read by others.
    """
    folder, out = Path(folder), Path(out)
    inner, outer = folder.resolve(), out.resolve()
    if inner == outer or outer in inner.parents:
        raise InputError(
            f"{folder}: lies in the output folder {out}, so key and mapping would be passed on with the pseudonyms. "
            "Name a folder outside of it."
        )
    path = folder / KEY
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make_key(path)
        if os.name == "posix" and path.stat().st_mode & _READABLE_BY_OTHERS:
            raise InputError(f"{path}: others can read the key (mode {path.stat().st_mode & 0o777:o}). chmod 600 it.")
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(f"{path}: cannot be read or written ({reason}). Name a folder of your own.") from error
    if not re.fullmatch(f"[0-9a-f]{{{2 * _KEY_BYTES}}}", text):
        raise InputError(
            f"{path}: holds no key of {2 * _KEY_BYTES} hexadecimal digits. Bring back the file that was there, or "
            "remove it to begin anew; customers then get other pseudonyms."
        )
    return bytes.fromhex(text)


def write_mapping(folder: str | Path, pseudonyms: pd.Series, ids: pd.Series) -> Path:
    """Add customers to ``mapping.csv``: ``pseudonym, customer_id``, whole or not at all; earlier rows stay.

    Parameters
    ----------
    folder : str or Path
        Folder that keeps key and mapping.
    pseudonyms, ids : pandas Series
        Pseudonyms, and the customer ids that they stand for, in the same order.

    Returns
    -------
    Path
        The file, which only its owner can read.

    Raises
    ------
    InputError
        Where a pseudonym stands for another id already, or the file cannot be read or written.
    """
    folder = Path(folder)
    path = folder / MAPPING
    earlier = read_mapping(folder)
    added = pd.Series(ids.to_numpy(), index=pd.Index(pseudonyms, name="pseudonym"), name="customer_id", dtype="str")
    both = pd.concat([earlier, added[~added.index.isin(earlier.index)].sort_index()]).reset_index()
    everything = pd.concat([both, added.reset_index()])
    _refuse_collisions(everything["pseudonym"], everything["customer_id"])
    both = both.drop_duplicates(ignore_index=True)
    with whole_file(path, mode=0o600) as scratch:
        write_csv(both, scratch, language=None)
    return path


def read_mapping(folder: str | Path) -> pd.Series:
    """Read ``mapping.csv``: customer ids by pseudonym, empty where there is none.

    Raises
    ------
    InputError
        Where it cannot be read.
    """
    path = Path(folder) / MAPPING
    if not path.exists():
        return pd.Series(index=pd.Index([], name="pseudonym", dtype="str"), name="customer_id", dtype="str")
    try:
        return read_csv(path, language=None).set_index("pseudonym")["customer_id"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Bring back the file that was there.") from error


def _make_key(path: Path) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another run was faster
        return
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_KEY_BYTES) + "\n")


def _refuse_collisions(pseudonyms: pd.Series, ids: pd.Series) -> None:
    pairs = pd.DataFrame({"pseudonym": pseudonyms.to_numpy(), "customer_id": ids.to_numpy()}).drop_duplicates()
    twice = pairs[pairs["pseudonym"].duplicated(keep=False)]
    if len(twice):
        first = twice[twice["pseudonym"] == twice["pseudonym"].iloc[0]]["customer_id"].tolist()
        raise InputError(
            f"The customers {', '.join(first[:2])} would get the same pseudonym. Begin with other `secrets`: another "
            "folder, whose key gives others."
        )
