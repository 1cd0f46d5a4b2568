"""The commands about campaigns, from lists to what they brought, as a team uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from churnml.campaigns.ledger import write_ledger
from tests.campaigns.made_campaign import make_ledger, make_tables
from tests.conftest import Run


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    ledger = make_ledger(400, 2)
    (tmp_path / "shop").mkdir()
    for name, table in make_tables(ledger, effect=-0.2).items():
        table.to_parquet(tmp_path / "shop" / f"{name}.parquet", index=False)
    (tmp_path / "list").mkdir()
    write_ledger(ledger, tmp_path / "list" / "ledger.parquet")
    ledger[["customer_id", "arm", "entered_on"]].to_csv(tmp_path / "arms.csv", index=False)
    (tmp_path / "short.yaml").write_text("definition: {horizon_days: 30}\n")
    return tmp_path


@pytest.mark.slow
def test_a_readout_is_printed_written_and_given_as_json(run: Run, campaign: Path) -> None:
    code, said, _ = run("readout", "shop", "--list", "list", "--by", "play", "--out", "told")
    assert code == 0
    assert "What the lists brought" in said
    assert "Checked first" in said
    assert "Play: effect on churn" in said
    assert max(map(len, said.splitlines())) < 250
    names = {"readout.html", "readout.json", "effects.parquet", "measured.yaml"}
    assert {path.name for path in (campaign / "told").iterdir()} == names
    code, said, _ = run("readout", "shop", "--list", "list", "--json")
    told = json.loads(said)
    assert (code, told["causal"], told["effects"][0]["outcome"]) == (0, True, "churned")
    assert told["effects"] == json.loads((campaign / "told" / "readout.json").read_text())["effects"]
    code, said, _ = run("readout", "shop", "--list", "list", "--lang", "tr")
    assert "Listeler ne getirdi" in said
    code, said, _ = run("readout", "shop", "--table", "arms.csv", "--config", "short.yaml")
    assert code == 0


def test_nothing_to_read_ends_with_code_3_and_the_day(run: Run, campaign: Path) -> None:
    code, _, err = run("readout", "shop", "--list", "list", "--as-of", "2025-03-20")
    assert code == 3
    assert "The first will be known on 2025-04-02" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--list: name the folder of the lists"),
        (("--list", "list", "--table", "arms.csv"), "--list: name the folder of the lists"),
        (("--list", "nowhere"), "nowhere: is no folder"),
        (("--list", "list", "--by", "city"), "by: is one of play"),
        (("--table", "nowhere.csv"), "nowhere.csv: cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_one_message(
    run: Run, campaign: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = run("readout", "shop", *arguments)
    assert code == 1
    assert message in err


def test_what_a_team_wrote_is_recorded_once(run: Run, campaign: Path) -> None:
    cells = {"customer_id": ["c00000", "c00001"], "snapshot_date": "2025-03-03", "outcome": ["Reached", None]}
    sheet = pd.DataFrame(cells)
    sheet.to_csv(campaign / "w.csv", index=False)
    code, said, _ = run("record", "w.csv", "--list", "list", "--out", "contacts.csv")
    assert code == 0
    assert "1 contacts in contacts.csv: 1 new" in said
    code, said, _ = run("record", "w.csv", "--list", "list", "--out", "contacts.csv", "--json")
    assert json.loads(said) == {"contacts": 1, "new": 0, "file": "contacts.csv"}
    contacts = pd.read_csv(campaign / "contacts.csv")
    assert contacts[["customer_id", "campaign", "offer", "outcome"]].to_numpy().tolist() == [
        ["c00000", "retention", "mail", "reached"]
    ]
    code, _, err = run("record", "w.csv", "--list", "list", "--out", "contacts.txt")
    assert (code, "has to end in .csv or .parquet" in err) == (1, True)
    (campaign / "empty.csv").write_text("customer_id,snapshot_date,outcome\n")
    code, said, _ = run("record", "empty.csv", "--list", "list", "--out", "none.csv")
    assert (code, "Nobody wrote into the lists" in said, (campaign / "none.csv").exists()) == (0, True, False)
