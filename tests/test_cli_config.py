"""The commands about settings files, run as a user runs them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from churnml import cli
from churnml.config import config_schema
from churnml.scoring.plays import plays_schema

CONFIGS = Path(__file__).parents[1] / "configs"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run a command in this process, in an empty folder; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["churnml", "config", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        output = capsys.readouterr()
        return int(stopped.value.code or 0), output.out, output.err

    return call


def written(folder: Path, text: str, name: str = "my.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_schema_is_printed_or_written(run: Any, tmp_path: Path) -> None:
    code, out, _ = run("schema")
    assert (code, json.loads(out)) == (0, config_schema())
    assert run("schema", "--plays", "--out", "plays.json")[:2] == (0, "Written to plays.json.\n")
    assert json.loads((tmp_path / "plays.json").read_text()) == plays_schema()
    code, out, err = run("schema", "--out", tmp_path)
    assert (code, out) == (1, "")
    assert err.endswith("cannot be written (Is a directory). Name another file.\n")


@pytest.mark.parametrize("name", ["default.yaml", "marketplace.yaml", "subscription.yaml"])
def test_the_prepared_files_are_in_order(name: str, run: Any) -> None:
    code, out, err = run("check", CONFIGS / name)
    assert (code, err) == (0, "")
    assert out.startswith(f"{CONFIGS / name}: all settings are in order; ")
    assert ("none differ from the defaults" in out) == (name == "default.yaml")


def test_the_prepared_plays_are_in_order(run: Any) -> None:
    assert run("check", CONFIGS / "plays.yaml") == (
        0,
        f"{CONFIGS / 'plays.yaml'}: all plays and rules are in order.\n",
        "",
    )


def test_what_differs_is_listed_for_people_and_machines(run: Any, tmp_path: Path) -> None:
    path = written(tmp_path, "definition: {horizon_days: 60, lead_days: 0}\nfeatures: {families: [recency]}\nseed: 8\n")
    code, out, _ = run("check", path)
    assert code == 0
    assert out.splitlines() == [
        f"{path}: all settings are in order; 3 differ from the defaults.",
        "  definition.horizon_days: 60 (default: 90)",
        '  features.families: ["recency"] (default: null)',
        "  seed: 8 (default: 7)",
    ]
    code, out, _ = run("check", path, "--json")
    told = json.loads(out)
    assert (code, told["holds"], told["failures"]) == (0, "settings", [])
    assert told["differs"]["definition.horizon_days"] == {"value": 60, "default": 90}


def test_a_password_is_not_shown(run: Any, tmp_path: Path) -> None:
    path = written(tmp_path, "tracking: {uri: 'https://ann:secret@server'}")
    for option in ([], ["--json"]):
        code, out, _ = run("check", path, *option)
        assert code == 0
        assert "https://ann@server" in out
        assert "secret" not in out


def test_all_failures_come_at_once_those_of_the_plays_too(run: Any, tmp_path: Path) -> None:
    plays = yaml.safe_load((CONFIGS / "plays.yaml").read_text(encoding="utf-8"))
    plays["plays"]["call"]["cost"] = "much"
    file = written(tmp_path, yaml.safe_dump(plays), "mine.yaml")
    path = written(tmp_path, "training: {fold: 3}\nseed: -1\nplays: {file: mine.yaml}\n")
    code, out, err = run("check", path)
    assert (code, out) == (1, "")
    assert [line.split(": ")[0] for line in err.splitlines()] == ["training.fold", "seed", "mine.yaml"]
    assert "mine.yaml: plays.call.cost: " in err
    code, out, _ = run("check", path, "--json")
    assert code == 1
    assert len(json.loads(out)["failures"]) == 3
    code, _, err = run("check", file)
    assert (code, len(err.splitlines())) == (1, 1)


def test_a_file_of_plays_that_is_missing_is_a_failure(run: Any, tmp_path: Path) -> None:
    code, _, err = run("check", written(tmp_path, "plays: {file: none.yaml}"))
    assert code == 1
    assert err.startswith("none.yaml: cannot be read")


def test_rules_may_look_at_features_of_a_plugin_that_is_there(run: Any, tmp_path: Path) -> None:
    path = written(tmp_path, "features: {plugins: [none.py]}\nplays: {file: none.yaml}")
    code, _, err = run("check", path)
    assert code == 1
    assert [line.split(": ")[0] for line in err.splitlines()] == ["features.plugins", "none.yaml"]


@pytest.mark.parametrize("text", ["plays: {}\nrules: []", "plays: {call: {cost: 1}}", "rules: 3"])
def test_a_file_of_plays_is_told_from_settings(text: str, run: Any, tmp_path: Path) -> None:
    code, out, _ = run("check", written(tmp_path, text), "--json")
    assert code == 1
    assert json.loads(out)["holds"] == "plays"


def test_a_file_that_is_no_configuration(run: Any, tmp_path: Path) -> None:
    code, _, err = run("check", tmp_path / "none.yaml")
    assert (code, len(err.splitlines())) == (1, 1)
    assert run("check", written(tmp_path, "seed: [1"))[0] == 1


@pytest.mark.parametrize("command", ["schema", "check"])
def test_help_tells_every_option(command: str, run: Any) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"Usage: churnml config {command}" in out
