"""Settings and plays that were written to do harm, or by mistake: one clear message, soon."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from churnml.config import load_config
from churnml.errors import ConfigError
from churnml.scoring.plays import read_plays
from churnml.yaml_file import read_value

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGED = "a: &a {k: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 10)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
CHAIN = "k0: &k0 [x]\n" + "".join(f"k{n}: &k{n} [*k{n - 1}]\n" for n in range(1, 1_000))
BAD = {
    "billion laughs": (LAUGHS, "it holds more than 5,000 values, those of aliases counted"),
    "merged laughs": (MERGED, "it holds more than 5,000 values, those of aliases counted"),
    "a chain of aliases": (CHAIN, "nested more than 20 levels deep"),
    "an alias of itself": ("seed: &a [*a]", "line 1: an alias refers to what it stands in"),
    "a mapping that holds itself": ("a: &a\n  b: {c: *a}", "line 2: an alias refers to what it stands in"),
    "lists in lists": (f"seed: {'[' * 10_000}", "line 1: it is nested more than 20 levels deep"),
    "mappings in mappings": (f"seed: {'{a: ' * 5_000}", "line 1: it is nested more than 20 levels deep"),
    "blocks in blocks": ("".join(f"{' ' * n}a:\n" for n in range(60)), "it is nested more than 20 levels deep"),
    "many values": (f"seed: [{','.join(['1'] * 6_000)}]", "it holds more than 5,000 values"),
    "much text": ("seed: 7 # " + "x" * 100_000, "is larger than 100,000 bytes, which no settings are"),
    "an object": ("seed: !!python/object/apply:os.system ['true']", "could not determine a constructor for the tag"),
    "a name": ("seed: !!python/name:os.system", "could not determine a constructor for the tag"),
    "a call": ("seed: !!python/object/new:os.system ['true']", "could not determine a constructor for the tag"),
    "a module": ("seed: !!python/module:os", "could not determine a constructor for the tag"),
    "a tag by a handle of its own": (
        "%TAG !p! tag:yaml.org,2002:python/\n---\nseed: !p!object/apply:os.system ['true']",
        "could not determine a constructor for the tag",
    ),
    "an object as key": ("? !!python/name:os.system\n: 1", "could not determine a constructor for the tag"),
    "a set of pairs of laughs": (f"{LAUGHS}j: !!pairs [a: *i, b: *i]", "it holds more than 5,000 values"),
    "an alias to nothing": ("seed: *nobody", "found undefined alias"),
    "a tag that nobody knows": ("seed: !secret x", "could not determine a constructor for the tag '!secret'"),
    "a character of nothing": ("seed: \x00", "unacceptable character #x0000"),
    "a bell": ("seed: '\x07'", "unacceptable character #x0007"),
    "an escape sequence": ("\x1b[31mseed: 7", "unacceptable character #x001b"),
    "a day that is none": ("seed: 2025-02-30", "line 1: the value '2025-02-30' cannot be read"),
    "a number without end": (f"seed: {'9' * 5_000}", "line 1: the value '9999"),
    "a tag that does not fit": ("seed: !!int x", "line 1: the value 'x' cannot be read"),
    "a flag that does not fit": ("seed: !!bool x", "line 1: the value 'x' cannot be read"),
    "a time that does not fit": ("seed: !!timestamp x", "line 1: the value 'x' cannot be read"),
    "bytes that are none": ("seed: !!binary x", "line 1: "),
    "a key that is a list": ("? [a]\n: 1", "found unhashable key"),
    "a day as key": ("2025-01-01: 1\nplays: 1\nrules: 1", "2025-01-01: "),
    "a number as key": ("1: 1\nplays: 1\nrules: 1", "1: "),
    "nothing as key": ("null: 1\nplays: 1\nrules: 1", "None: "),
    "two documents": ("seed: 7\n---\nseed: 8", "but found another document"),
    "an escape in a key": ('"\\e[31m": 1\nplays: 1\nrules: 1', r"\x1b[31m: "),
}
READERS: dict[str, Callable[[Path], object]] = {"config": load_config, "plays": lambda path: read_plays(path, "en")}


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("case", BAD)
def test_what_no_settings_hold_is_refused_in_one_message(case: str, reader: str, tmp_path: Path) -> None:
    text, message = BAD[case]
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(message)) as raised:
        READERS[reader](path)
    assert len(str(raised.value)) < 2_000
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", str(raised.value))


@pytest.mark.parametrize(
    "text", ["definition: {self: 1}", "definition: {1: 1}", "self: 1", "training: {2025-01-01: 1}", "seed: {}"]
)
def test_a_key_of_any_kind_is_a_key_that_is_not_known(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"Remove it, or correct its spelling\.|Correct the value\."):
        load_config(path)


@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_is_not_waited_for(reader: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ConfigError, match=r"pipe\.yaml: is not a regular file\. Name a configuration file\."):
        READERS[reader](tmp_path / "pipe.yaml")
    with pytest.raises(ConfigError, match="is not a regular file"):
        READERS[reader](Path("/dev/zero"))


def test_aliases_and_merges_that_people_write_are_read(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(
        "tables:\n  orders: &same {columns: &ids {customer_id: user}}\n  returns: {<<: *same, name: refunds}\n"
        "  visits: {columns: *ids}\n",
        encoding="utf-8",
    )
    tables = load_config(path).tables
    assert tables.returns.name == "refunds"
    assert tables.returns.columns == tables.visits.columns == {"customer_id": "user"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("60", 60),
        ("[a, b]", ["a", "b"]),
        ("true", True),
        ("", None),
        ("a: [", "a: ["),
        ("2 %", "2 %"),
        ("'007'", "007"),
    ],
)
def test_a_value_is_read_as_in_a_file_and_what_is_no_yaml_stays_text(text: str, value: object) -> None:
    assert read_value(text) == value
