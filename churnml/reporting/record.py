"""What the team wrote, as rows of the shop's table of contacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from churnml.campaigns.kept_lists import LISTS, days_in, read_columns
from churnml.campaigns.ledger import read_ledger
from churnml.campaigns.team import campaign_of, contacts_of, merge_contacts, read_written
from churnml.config import Config
from churnml.data.files import read_table, whole_file
from churnml.data.reading import check
from churnml.errors import InputError
from churnml.reporting.sheet_entries import read_sheet, read_sheets
from churnml.scoring.plays import read_plays

_KINDS = (".csv", ".parquet")


@dataclass(frozen=True)
class Recorded:
    """What was recorded: all contacts of the file, and how many of them are new."""

    contacts: pd.DataFrame
    new: int


def record(
    source: str | Path, lists: str | Path, out: str | Path, config: Config, real_ids: Mapping[str, str] | None = None
) -> Recorded:
    """Turn what people wrote into lists into contacts, and add them to a file.

    Parameters
    ----------
    source : str or Path
        Work list that was filled in, as spreadsheet or CSV file, or the folder of the lists.
    lists : str or Path
        Folder of the lists, which says which play each customer had.
    out : str or Path
        CSV or Parquet file; contacts that it holds already stay, and are not added twice.
    config : Config
        Campaign, plays, and outcomes that mean that nobody was reached.
    real_ids : mapping of str to str, optional
        Customer ids by the pseudonyms that stand for them in the lists.

    Returns
    -------
    Recorded
        The contacts of the file.

    Raises
    ------
    InputError
        Where a file cannot be read or written, or the contacts would not pass the check of the shop's tables.
    """
    source, lists, out = Path(source), Path(lists), Path(out)
    if out.suffix not in _KINDS:
        raise InputError(f"{out}: its name has to end in {' or '.join(_KINDS)}. Name another `out`.")
    campaign = config.plays.campaign
    if source.is_dir():
        # What stands in the sheets counts as well as what an earlier run took from them.
        written = read_sheets(source, campaign).written
    else:
        written = read_sheet(source, campaign) if source.name != "outcomes.parquet" else read_written(source.parent)
    book = read_plays(config.plays.file, config.scoring.language)
    costs = {name: play.cost for name, play in book.plays.items()}
    known_as = {} if real_ids is None else dict(real_ids)
    written = written.assign(customer_id=[known_as.get(name, name) for name in written["customer_id"]])
    of_days = {(day, known_as.get(name, name)): play for (day, name), play in _plays_of(lists).items()}
    of_lists = {campaign_of(campaign, name): one.play for name, one in book.further_lists.items()}
    keys = written[["campaign", "list_date", "customer_id"]].itertuples(index=False, name=None)
    told = {key: of_lists.get(key[0]) or of_days.get(key[1:]) for key in keys}
    plays = {key: play for key, play in told.items() if play is not None}
    made = contacts_of(written, plays, costs, config.campaigns.no_contact_codes)
    known = _known(out)
    both = merge_contacts(known, made) if len(known) else merge_contacts(made, made.iloc[:0])
    _check(both)
    if len(both):
        with whole_file(out) as scratch:
            if out.suffix == ".csv":
                both.to_csv(scratch, index=False, lineterminator="\n")
            else:
                both.to_parquet(scratch, index=False)
    return Recorded(both, int((~made["contact_id"].isin(known["contact_id"])).sum()))


def _plays_of(lists: Path) -> dict[tuple[date, str], str]:
    """Find the play of each customer on each day: from the lists that are kept, else from the ledger."""
    ledger = read_ledger(lists)
    found = dict(zip(zip(ledger["entered_on"], ledger["customer_id"], strict=True), ledger["play"], strict=True))
    for day in days_in(lists / LISTS):
        ranking = read_columns(lists, day, ["customer_id", "play"])
        if ranking is not None:
            found |= {(day, name): play for name, play in zip(ranking["customer_id"], ranking["play"], strict=True)}
    return found


def _known(out: Path) -> pd.DataFrame:
    if not out.is_file():
        return pd.DataFrame({"contact_id": pd.Series(dtype="str")})
    known = read_table(out)
    if "contact_id" not in known:
        raise InputError(f"{out}: has no contact_id, so it holds no contacts. Name another `out`.")
    times = {name: pd.to_datetime(known[name]) for name in ("sent_at",) if name in known}
    costs = {name: pd.to_numeric(known[name]) for name in ("cost",) if name in known}
    return known.assign(**times, **costs)


def _check(contacts: pd.DataFrame) -> None:
    """Check contacts like any table, beside an order of each customer, which the check wants."""
    if contacts.empty:
        return
    customers = contacts["customer_id"].unique()
    day = contacts["sent_at"].min() - pd.Timedelta(days=1)
    orders = pd.DataFrame({"order_id": customers, "customer_id": customers, "ordered_at": day, "amount": 1.0})
    report = check({"orders": orders, "contacts": contacts})
    if report.failures:
        raise InputError(report.failures)
