"""What the team writes into lists: never lost, never counted twice."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from churnml.campaigns.team import (
    COLUMNS,
    add_written,
    contacts_of,
    merge_contacts,
    newest,
    nothing_written,
    read_written,
    write_written,
)
from churnml.errors import InputError

FIRST, SECOND = date(2025, 3, 3), date(2025, 3, 10)


def wrote(customer: str, day: date = FIRST, at: str = "2025-03-05", **cells: object) -> pd.DataFrame:
    row = dict.fromkeys(COLUMNS) | {"campaign": "c", "list": "save", "list_date": day, "customer_id": customer}
    return pd.DataFrame([row | {"read_from": "worklist.xlsx: Work list", "read_at": pd.Timestamp(at)} | cells])


def test_what_was_read_before_is_not_read_again() -> None:
    known = add_written(nothing_written(), wrote("a", owner="Eve", outcome="reached"))
    assert len(known) == 1
    assert add_written(known, wrote("a", owner="Eve", outcome="reached", at="2025-03-06")).equals(known)
    more = add_written(known, wrote("a", owner="Eve", outcome="declined", at="2025-03-06"))
    assert more.outcome.tolist() == ["reached", "declined"]
    # What was taken back is written too: the cells are empty now.
    assert len(add_written(more, wrote("a", at="2025-03-07"))) == 3


def test_what_the_next_list_shows_of_the_last_is_not_taken_for_new() -> None:
    known = add_written(nothing_written(), wrote("a", owner="Eve", outcome="reached", contacted_on=date(2025, 3, 4)))
    carried = wrote("a", SECOND, "2025-03-12", owner="Eve", outcome="reached", contacted_on=date(2025, 3, 4))
    assert add_written(known, carried).equals(known)
    noted = add_written(known, carried.assign(note="moved away"))
    assert noted.note.tolist()[1:] == ["moved away"]
    assert noted.outcome.isna().tolist() == [False, True]
    # Another day is another contact, with its outcome.
    again = add_written(known, carried.assign(contacted_on=date(2025, 3, 11)))
    assert again.outcome.tolist() == ["reached", "reached"]
    assert len(contacts_of(again, {}, {}, [])) == 2
    assert len(contacts_of(noted, {}, {}, [])) == 1


def test_the_newest_of_each_cell_is_shown() -> None:
    known = add_written(nothing_written(), wrote("a", owner="Eve", note="call after five"))
    known = add_written(known, wrote("a", SECOND, "2025-03-12", owner="Adam", note="call after five"))
    assert newest(known, "c").loc["a", ["owner", "note"]].tolist() == ["Adam", "call after five"]
    assert newest(known, "another").empty


def test_it_comes_back_from_its_file(tmp_path: Path) -> None:
    known = add_written(nothing_written(), wrote("a", owner="Ayşe", cost=2.5, contacted_on=FIRST))
    write_written(known, tmp_path / "outcomes.parquet")
    pd.testing.assert_frame_equal(read_written(tmp_path), known)
    pd.testing.assert_frame_equal(read_written(tmp_path / "none"), nothing_written())
    (tmp_path / "outcomes.parquet").write_text("no")
    with pytest.raises(InputError, match="cannot be read"):
        read_written(tmp_path)


def test_a_contact_needs_somebody_who_was_reached() -> None:
    written = pd.concat(
        [
            wrote("a", outcome="reached", contacted_on=date(2025, 3, 6), cost=1.25),
            wrote("b", outcome="not reached"),
            wrote("c", owner="Eve"),
            wrote("d", outcome="declined"),
        ]
    )
    found = contacts_of(written, {("c", FIRST, "a"): "call", ("c", FIRST, "d"): "mail"}, {"mail": 0.2}, ["not reached"])
    assert found.customer_id.tolist() == ["a", "d"]
    assert found.sent_at.astype(str).tolist() == ["2025-03-06 12:00:00", "2025-03-03 12:00:00"]
    assert found.offer.tolist() == ["call", "mail"]
    assert found.cost.tolist() == [1.25, 0.2]
    # blake2b of "1:c:2025-03-03:a", 8 bytes: the id can be made again from what the row is about.
    again = contacts_of(written, {}, {}, ["not reached"])
    assert again.contact_id.tolist() == found.contact_id.tolist()
    assert found.contact_id.is_unique


def test_recording_twice_adds_nothing_and_tells_the_newest() -> None:
    first = contacts_of(wrote("a", outcome="reached"), {}, {}, [])
    later = contacts_of(wrote("a", outcome="offer taken"), {}, {}, [])
    assert merge_contacts(first, first).equals(first)
    assert merge_contacts(first, later).outcome.tolist() == ["offer taken"]
