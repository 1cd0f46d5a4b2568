"""Pseudonyms are the same with the same key, tell nobody without it, and can be looked up with the folder."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from pathlib import Path

import pandas as pd
import pytest

from churnml.errors import InputError
from churnml.reporting import pseudonyms
from churnml.reporting.pseudonyms import load_key, pseudonymize, read_mapping, write_mapping

KEY = bytes(range(32))


def test_pseudonyms_are_shortened_keyed_hashes() -> None:
    ids = pd.Series(["C1", "ç,2", "C1", None], index=[4, 7, 1, 0], name="customer_id", dtype="str")
    found = pseudonymize(ids, KEY)
    expected = ["p" + hmac.new(KEY, name.encode(), hashlib.sha256).hexdigest()[:16] for name in ("C1", "ç,2", "C1")]
    assert found.tolist()[:3] == expected
    assert found.isna().tolist() == [False, False, False, True]
    assert found.index.tolist() == [4, 7, 1, 0]
    assert found.name == "customer_id"
    assert not set(found) & set(pseudonymize(ids, bytes(32)).dropna())  # another key gives others


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "secret"
    key = load_key(folder, tmp_path / "out")
    assert len(key) == 32
    assert load_key(folder, tmp_path / "out") == key
    assert load_key(tmp_path / "other", tmp_path / "out") != key
    assert (folder / "key").read_text().strip() == key.hex()
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_another_run_may_be_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = load_key(tmp_path, tmp_path / "out")
    monkeypatch.setattr(Path, "exists", lambda _: False)  # as if the file came after the look
    assert load_key(tmp_path, tmp_path / "out") == key


@pytest.mark.parametrize("inside", [".", "secret", "a/../secret", "link"])
def test_the_folder_lies_outside_of_the_output(inside: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "real").mkdir(parents=True)
    (out / "link").symlink_to(out / "real")
    with pytest.raises(InputError, match=re.escape("Name a folder outside of it.")):
        load_key(out / inside, out)
    assert not list(out.rglob("key"))
    (tmp_path / "to_out").symlink_to(out)
    with pytest.raises(InputError, match="lies in the output folder"):
        load_key(out / "secret", tmp_path / "to_out")
    load_key(tmp_path / "output", out)  # beside it, though its name begins alike


@pytest.mark.parametrize("text", ["", "abc", "z" * 64, "ab" * 33])
def test_a_broken_key_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(text)
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(InputError, match="holds no key of 64 hexadecimal digits"):
        load_key(tmp_path, tmp_path / "out")
    assert (tmp_path / "key").read_text() == text


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load_key(tmp_path, tmp_path / "out")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(InputError, match=re.escape("others can read the key (mode 644)")):
        load_key(tmp_path, tmp_path / "out")


def test_no_folder_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be read or written"):
        load_key(tmp_path / "file" / "secret", tmp_path / "out")


def test_the_mapping_grows_and_keeps_its_rows(tmp_path: Path) -> None:
    assert read_mapping(tmp_path).empty
    first = pd.Series(["=1", "007", "C,3"], dtype="str")
    write_mapping(tmp_path, pseudonymize(first, KEY), first)
    rows = (tmp_path / "mapping.csv").read_text().splitlines()
    assert rows[0] == "pseudonym,customer_id"
    assert (tmp_path / "mapping.csv").stat().st_mode & 0o777 == 0o600
    second = pd.Series(["007", "C4", "C4"], dtype="str")
    write_mapping(tmp_path, pseudonymize(second, KEY), second)
    now = (tmp_path / "mapping.csv").read_text().splitlines()
    assert now[: len(rows)] == rows
    assert len(now) == len(rows) + 1
    assert read_mapping(tmp_path).reindex(pseudonymize(second, KEY)).tolist() == second.tolist()
    assert read_mapping(tmp_path).reindex(pseudonymize(first, KEY)).tolist() == first.tolist()
    before = (tmp_path / "mapping.csv").read_bytes()
    write_mapping(tmp_path, pseudonymize(first, KEY), first)
    assert (tmp_path / "mapping.csv").read_bytes() == before


def test_a_failure_keeps_the_old_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = pd.Series(["C1"], dtype="str")
    write_mapping(tmp_path, pseudonymize(ids, KEY), ids)
    before = (tmp_path / "mapping.csv").read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", fail)
    more = pd.Series(["C2"], dtype="str")
    with pytest.raises(KeyboardInterrupt):
        write_mapping(tmp_path, pseudonymize(more, KEY), more)
    assert (tmp_path / "mapping.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["mapping.csv"]


def test_collisions_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pseudonyms, "_DIGITS", 1)
    ids = pd.Series([f"C{n}" for n in range(17)], dtype="str")  # 17 ids, 16 digits
    with pytest.raises(InputError, match="would get the same pseudonym"):
        pseudonymize(ids, KEY)
    same = pd.Series(["a"], dtype="str")
    write_mapping(tmp_path, same, pd.Series(["C1"], dtype="str"))
    with pytest.raises(InputError, match="The customers C1, C2 would get the same pseudonym"):
        write_mapping(tmp_path, same, pd.Series(["C2"], dtype="str"))
    assert read_mapping(tmp_path).tolist() == ["C1"]


def test_a_broken_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mapping.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="cannot be read"):
        read_mapping(tmp_path)
