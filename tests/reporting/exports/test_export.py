"""Exports hold what a tool's documentation asks for, and nobody whom one may not contact."""

from __future__ import annotations

import re
import shutil
from datetime import date
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest

from churnml.campaigns.ledger import write_ledger
from churnml.errors import InputError
from churnml.reporting.csv_files import write_csv
from churnml.reporting.exports import TOOLS
from churnml.reporting.exports.export import Exported, export_list
from churnml.reporting.exports.meta import normalise
from churnml.reporting.exports.phone import with_country_code
from tests.campaigns.made_campaign import make_ledger
from tests.conftest import Run
from tests.reporting.exports.documented import CHECKS, Rows

DAY = date(2025, 3, 3)
# On the list are a to h; i is held out by the ranking, j did not agree, c00000 to c00004 are held out by the ledger.
CARRIED = {
    "a": ("Ayse@Shop.example", "0532 123 45 67", "Ayşe", "İzmir", "1"),
    "b": ("b@shop.example", "+49 (0)30 123456", "=HYPERLINK(0)", "St. Gallen", None),
    "c": (None, "0532 123 45 68", "Can", None, None),
    "d": ("no address", "12", "Ş" * 200, "Bursa", None),
    "e": ("ISMAIL@shop.example", None, "Ela", None, None),
    "f": ("ayse@shop.example", None, "Fatma", None, None),
    "g": ("özgür@shop.example", None, "Özgür", None, None),
    "h": ("h@shop.example", "05329990000", "Hale", None, None),
    "i": ("ismail@shop.example", None, "İsmail", None, None),
    "j": ("j@shop.example", "+905329990000", "Jale", None, None),
    "c00000": ("held@shop.example", None, None, None, None),
}
ON_LIST = list("abcdefgh")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of a list by hand, as a shop whose people read German gets it."""
    out = tmp_path_factory.mktemp("list")
    carried = pd.DataFrame.from_dict(CARRIED, orient="index", columns=["email", "phone", "first_name", "city", "vip"])
    carried.rename_axis("customer_id").astype("str").reset_index().to_parquet(out / "carried.parquet", index=False)
    listed = pd.DataFrame(
        {
            "customer_id": ON_LIST,
            "churn_probability": [0.75] * 8,
            "play": ["call"] * 8,
            "reason_1": ["=1+1; seit 90 Tagen", *["Seit 90 Tagen keine Bestellung"] * 7],
            "contactable": pd.array([True] * 7 + [None], dtype="boolean"),
            "snapshot_date": [DAY] * 8,
        }
    )
    listed = listed.join(carried, on="customer_id")
    write_csv(listed, out / "worklist.csv", language="de")
    (out / "lists").mkdir()
    write_csv(listed.iloc[1:3].assign(contactable=[True, False]), out / "lists" / "win_back.csv", language="de")
    ranking = pd.DataFrame(
        {
            "customer_id": [*ON_LIST, "i", "j"],
            "holdout": [False] * 8 + [True, False],
            "contactable": pd.array([True] * 7 + [None, True, False], dtype="boolean"),
        }
    )
    ranking.to_parquet(out / "ranking.parquet", index=False)
    ledger = make_ledger(5, 1).assign(arm="held out")
    ledger.loc[1:, "arm_until"] = DAY  # their arms hold until today; that of c00000 for longer
    write_ledger(ledger, out / "ledger.parquet")
    return out


def export(folder: Path, tool: str, out: Path, **more: object) -> tuple[Exported, Rows, Rows]:
    """Export a list, and read both files back by the rules of the tool."""
    exported = export_list(folder, TOOLS[tool], out / f"{tool}.csv", **{"calling_code": 90, **more})
    assert exported.files == (out / f"{tool}.csv", out / f"{tool}-suppression.csv")
    listed, against = (CHECKS[tool](path) for path in exported.files)
    assert len(listed) == exported.written
    assert len(against) == sum(exported.suppressed.values())
    return exported, listed, against


@pytest.mark.parametrize("tool", TOOLS)
def test_nobody_who_is_held_out_or_did_not_agree_is_in_an_export(folder: Path, tmp_path: Path, tool: str) -> None:
    _, listed, against = export(folder, tool, tmp_path)
    cells = "\n".join(",".join(row.values()) for row in listed).lower()
    for customer in ("i", "j", "c00000"):
        for text in filter(None, CARRIED[customer][:2]):
            forms = {text.lower(), sha256(text.lower().lstrip("+").encode()).hexdigest()}
            assert not any(form in cells for form in forms), (customer, text)
    suppressed = "\n".join(",".join(row.values()) for row in against).lower()
    for address in ("ismail@shop.example", "j@shop.example", "held@shop.example"):
        digest = sha256(address.encode()).hexdigest()
        customer = {"ismail@shop.example": "i", "j@shop.example": "j"}.get(address, "c00000")
        assert address in suppressed or digest in suppressed or f"{customer}," in suppressed


def test_klaviyo_gets_profiles_with_consent_and_why_they_are_on_the_list(folder: Path, tmp_path: Path) -> None:
    exported, listed, against = export(folder, "klaviyo", tmp_path)
    # c has no address and d none that can be sent to; e has that of i in capitals, h the phone of j; f has that of a.
    assert exported.left_out == {"no_address": 2, "shared": 2, "twice": 1}
    assert exported.suppressed == {"held_out": 2, "no_consent": 1}
    assert (exported.not_carried, exported.consent_unknown) == (("last_name", "country"), 0)
    assert exported.without_code == 0, "the number of d is not in the file"
    assert listed[0] == {
        "Email": "Ayse@Shop.example",
        "Phone Number": "+905321234567",
        "First Name": "Ayşe",
        "City": "İzmir",
        "Email Marketing Consent": "Subscribed",
        "churnml_risk": "0.750000",
        "churnml_play": "call",
        "churnml_reason": "'=1+1; seit 90 Tagen",
        "churnml_list_date": "2025-03-03 00:00:00",
        "vip": "1",
    }
    assert (listed[1]["Phone Number"], listed[1]["First Name"]) == ("+4930123456", "'=HYPERLINK(0)")
    assert [row["Email"] for row in listed] == ["Ayse@Shop.example", "b@shop.example", "özgür@shop.example"]
    assert [tuple(row.values()) for row in against] == [
        ("held@shop.example", "held_out"),
        ("ismail@shop.example", "held_out"),
        ("j@shop.example", "no_consent"),
    ]


def test_mailchimp_gets_no_letters_beyond_ascii_before_the_at_and_short_texts(folder: Path, tmp_path: Path) -> None:
    long = tmp_path / "long"
    shutil.copytree(folder, long)
    carried = pd.read_parquet(long / "carried.parquet")
    carried.loc[carried["customer_id"] == "d", "email"] = "d@shop.example"
    carried.to_parquet(long / "carried.parquet", index=False)
    _, listed, _ = export(long, "mailchimp", tmp_path)
    assert [row["Email Address"] for row in listed] == ["Ayse@Shop.example", "b@shop.example", "d@shop.example"]
    assert listed[2]["First Name"] == "Ş" * 127, "254 bytes: a letter of two is not cut in half"


def test_braze_knows_customers_by_their_ids(folder: Path, tmp_path: Path) -> None:
    exported, listed, against = export(folder, "braze", tmp_path)
    assert [row["external_id"] for row in listed] == ["a", "b", "c", "d", "f", "g"]
    assert listed[0]["email_subscribe"] == "subscribed"
    assert listed[3]["email"] == listed[3]["phone"] == ""
    assert exported.without_code == 1, "12 is no phone number"
    assert {row["external_id"] for row in against} == {"i", "j", *(f"c0000{at}" for at in range(5))}


def test_meta_gets_hashes_of_normalised_texts_alone(folder: Path, tmp_path: Path) -> None:
    _, listed, against = export(folder, "meta", tmp_path)
    assert list(listed[0]) == ["email", "phone", "fn", "ct"]
    texts = ("ayse@shop.example", "905321234567", "ayşe", "izmir")
    assert tuple(listed[0].values()) == tuple(sha256(text.encode()).hexdigest() for text in texts)
    assert listed[1]["ct"] == sha256(b"stgallen").hexdigest()
    assert listed[2]["email"] == "", "c is known by their phone alone"
    assert list(against[0]) == ["email", "phone"]


@pytest.mark.parametrize(
    ("field", "text", "normal"),
    [
        ("email", " Ayse@Example.com ", "ayse@example.com"),
        ("phone", "+905321234567", "905321234567"),
        ("last_name", "O'Neil-Smith Jr.", "oneilsmith jr"),
        ("city", "New York", "newyork"),
        ("country", "DE", "de"),
        ("country", "Germany", ""),
    ],
)
def test_texts_are_normalised_before_they_are_hashed(field: str, text: str, normal: str) -> None:
    assert normalise(field, text) == normal


@pytest.mark.parametrize(
    ("text", "code", "number"),
    [
        ("+90 532 123 45 67", None, "+905321234567"),
        ("0090 532 123 45 67", None, "+905321234567"),
        ("0532-123-45-67", 90, "+905321234567"),
        ("5321234567", 90, "+905321234567"),
        ("905321234567", 90, "+905321234567"),
        ("0532 123 45 67", None, None),
        ("(415) 555-2671", 1, "+14155552671"),
        ("14155552671", 1, "+14155552671"),
        ("8 916 123-45-67", 7, "+79161234567"),
        ("06 30 123 4567", 36, "+36301234567"),
        ("06 1234 5678", 39, "+390612345678"),  # an Italian number keeps its 0
        ("+49 (0)30 123456", 49, "+4930123456"),
        ("+1234567890123456", None, None),  # 16 digits
        ("+123456", None, None),  # too few
        ("call me", 90, None),
        ("", 90, None),
    ],
)
def test_phone_numbers_carry_their_country_code(text: str, code: int | None, number: str | None) -> None:
    assert with_country_code(text, code) == number


def test_a_list_by_name_leaves_out_who_did_not_agree_by_its_own_rows(folder: Path, tmp_path: Path) -> None:
    _, listed, against = export(folder, "braze", tmp_path, name="win_back")
    assert [row["external_id"] for row in listed] == ["b"]
    assert {"external_id": "c", "churnml_suppressed": "no_consent"} in against


def test_what_cannot_be_exported_is_told_with_the_remedy(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape("Name the folder of a list, and one of: save, win_back.")):
        export_list(folder, TOOLS["braze"], tmp_path / "x.csv", name="nobody")
    bare = tmp_path / "bare"
    shutil.copytree(folder, bare)
    (bare / "carried.parquet").unlink()
    with pytest.raises(InputError, match=re.escape("carry no email, by which HubSpot knows customers. Set reporting.")):
        export_list(bare, TOOLS["hubspot"], tmp_path / "x.csv")
    assert export_list(bare, TOOLS["braze"], tmp_path / "x.csv").written == 8, "it needs no address"
    (bare / "ranking.parquet").unlink()
    with pytest.raises(InputError, match=r"ranking.parquet: cannot be read"):
        export_list(bare, TOOLS["braze"], tmp_path / "x.csv")
    (bare / "worklist.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="has no customer_id, contactable"):
        export_list(bare, TOOLS["braze"], tmp_path / "x.csv")


def test_the_command_says_what_was_written_and_what_is_missing(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("reporting: {calling_code: 90}\n")
    code, said, _ = run("export", folder, "--for", "klaviyo", "--out", "k.csv", "--config", "settings.yaml")
    assert code == 0
    assert said.splitlines() == [
        "3 customers for Klaviyo: k.csv",
        "Nobody may contact these with it: 2 held out, 1 without consent: k-suppression.csv",
        "On the list, but not in the file: 2 without an address that Klaviyo takes, 2 with the address of somebody "
        "whom nobody may contact, 1 with the same address as somebody before.",
        "The list does not carry last_name (Last name), country (Country). To have them too, name them in "
        "reporting.carry and make the list again.",
    ]
    code, said, _ = run("export", folder, "--for", "meta", "--out", "m.csv", "--lang", "de")
    assert "Meta rät von Listen mit weniger als 100 ab." in said
    assert "2 Telefonnummern fehlen" in said, "without a country code for them"
    assert "Von 1 Kunden darin sagt der Shop nicht" in said
    code, _, err = run("export", folder, "--for", "fax", "--out", "m.csv")
    assert (code, err) == (1, "--for: 'fax' is none of klaviyo, mailchimp, braze, hubspot, meta. Name one of these.\n")
