"""Simulating a shop into a folder of Parquet files, chunk by chunk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from churnml.data.contract import TABLES
from churnml.data.files import whole_folder
from churnml.data.simulator.behaviour import MOST_ORDERS, first_orders
from churnml.data.simulator.changes import (
    NOTHING,
    Change,
    change_currency,
    say_newcomers,
    stop_feed,
    turn_concept,
)
from churnml.data.simulator.columns import times
from churnml.data.simulator.doings import customer_tables
from churnml.data.simulator.effects import Effects
from churnml.data.simulator.fault import Fault
from churnml.data.simulator.kept import let_act, potential_table
from churnml.data.simulator.kinds import DEFAULT_KIND, Kind, kind_named
from churnml.data.simulator.known import known_by
from churnml.data.simulator.run_in import draw_customers
from churnml.data.simulator.season import YEAR_DAYS, Season
from churnml.data.simulator.sent import Sent, read_contacts
from churnml.data.simulator.settings import Settings
from churnml.data.simulator.tables import Chunk, order_tables, truth_tables
from churnml.data.simulator.treatment import Treatment
from churnml.days import Day, parse_day
from churnml.errors import InputError
from churnml.statistics.processes import in_processes

CHUNK_CUSTOMERS = 20_000

_LONGEST_YEARS = 20
# Written as they are: values that hardly repeat gain nothing from a dictionary but the time to build it.
_NOT_REPEATED = {"amount", "discount", "base_hazard", "pace_days"}


def simulate(
    out: str | Path,
    customers: int = 5_000,
    seed: int = 7,
    effects: Effects | None = None,
    end: Day = "2025-07-01",
    years: float = 3.0,
    jobs: int = 2,
    progress: Callable[[int, int], None] | None = None,
    *,
    kind: str | Kind = DEFAULT_KIND,
    season: float | None = None,
    chunk_customers: int = CHUNK_CUSTOMERS,
    until: Day | None = None,
    contacts: pd.DataFrame | None = None,
    treatment: Treatment | None = None,
    changes: Sequence[Change] = (),
    fault: Fault | None = None,
) -> dict[str, int]:
    """Simulate an online shop and write its tables, and the truth about its customers beside them.

    The tables are those that a shop knows on the day ``end``, or ``until``: nothing in them happens at or after it, and
    times that would are null. The folder ``truth`` holds ``customers.parquet`` (who left for good, when they would have
    ordered next, and which hazard made them leave) and ``orders.parquet`` (the hazards and exposures of the decision
    after every order); ``simulation.json`` keeps the arguments. In most kinds customers came before the data begin:
    they are there on the first day, with what they do from then on, and the truth counts their orders before it. A
    customer whose next order would be due at or after the end of the data has not left.

    Contacts act on decisions to leave, as the treatment says. Until their first contact customers live as they would
    without any, and so do all whom no contact keeps. Tables and truth show the life that happened; hazards are those
    without contacts. ``potential.parquet`` says of every decision in the data whether the customer leaves if left alone
    (``y0``, with probability ``p0``) and if contacted once in time (``y1``, ``p1``).

    Parameters
    ----------
    out : str or Path
        Folder to write to; files of an earlier simulation in it are replaced.
    customers : int, optional
        Number of customers, each with at least one order.
    seed : int, optional
        The same seed and arguments give the same bytes, whatever ``jobs`` is.
    effects : Effects, optional
        Effects that make customers leave; None takes ``Effects()``.
    end : date or str, optional
        Day up to which lives are drawn, and on which the data ends if ``until`` does not say otherwise.
    years : float, optional
        Number of years before ``end`` in which the data begins.
    jobs : int, optional
        Number of processes to use.
    progress : callable, optional
        Function that is called with the customers done and all customers after every chunk.
    kind : str or Kind, optional
        Kind of shop: a name in ``churnml.datasets.KINDS``, or a kind of one's own.
    season : float, optional
        Share by which the busiest day of the year is busier than the average; 0 switches the season off, None takes the
        kind's own.
    chunk_customers : int, optional
        Number of customers simulated at a time: bounds the memory, and is part of what the seed stands for.
    until : date or str, optional
        Day on which the data ends, up to ``end``. Shops that differ in it alone continue each other; customers without
        an order before it are not there yet.
    contacts : pandas DataFrame, optional
        Contacts of the shop's lists, with the columns customer_id, campaign and sent_at and optionally offer, cost, arm
        and outcome. They are written beside the shop's own; rows of arm control act on nobody.
    treatment : Treatment, optional
        Effect of the contacts; None is none.
    changes : sequence of Change, optional
        Changes of the shop, each from its own day on; ``truth/changed.parquet`` names the customers and orders that
        they concern. A new segment's customers come on top of ``customers``.
    fault : Fault, optional
        Product whose returns double from a day on; None is none. The rest of the shop is the same.

    Returns
    -------
    dict of str to int
        Rows per table. A table without rows is not written and not named.

    Raises
    ------
    InputError
        Where an argument or a contact cannot be used, or ``out`` cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = simulate(folder, customers=10)
    >>> rows["customers"]
    10
    """
    effects = Effects() if effects is None else effects
    kind = _with_season(kind_named(kind), effects, season)
    last, until = _checked_days(customers, seed, end, until, years, jobs, chunk_customers, kind)
    settings = Settings(
        customers=customers,
        seed=seed,
        effects=effects,
        end=last,
        years=years,
        kind=kind,
        chunk_customers=chunk_customers,
        until=until,
        treatment=treatment,
        changes=tuple(changes),
        fault=fault,
    )
    settings.check_changes()
    sent = None if contacts is None else read_contacts(contacts, settings.most, settings.width, settings.until_at)
    firsts = range(0, customers, chunk_customers)
    seeds = np.random.SeedSequence(seed).spawn(len(firsts))
    sizes = [min(chunk_customers, customers - base) for base in firsts]
    tasks = [(settings, base, size, own_seed, sent) for base, size, own_seed in zip(firsts, sizes, seeds, strict=True)]
    rows: dict[str, int] = {}
    done = 0
    with whole_folder(out, owned=[f"{name}.parquet" for name in TABLES]) as scratch, ExitStack() as open_files:
        (scratch / "truth").mkdir()
        settings.write(scratch / "truth")
        writers: dict[str, pq.ParquetWriter] = {}
        for size, tables in zip(sizes, _in_order(tasks, jobs), strict=True):
            for name, table in tables.items():
                if not table.num_rows:
                    continue
                if name not in writers:
                    writers[name] = open_files.enter_context(_writer(scratch / f"{name}.parquet", table.schema))
                writers[name].write_table(table)
                rows[name] = rows.get(name, 0) + table.num_rows
            done += size
            if progress is not None:
                progress(done, customers)
    return {name: rows[name] for name in TABLES if name in rows}


_Task = tuple[Settings, int, int, np.random.SeedSequence, Sent | None]


def _in_order(tasks: list[_Task], jobs: int) -> Iterator[dict[str, pa.Table]]:
    """Simulate the chunks in processes, giving them in order and never holding more than a few."""
    # Processes go on working while nobody takes their results, so only a few chunks are given at a time.
    wave = 3 * jobs
    for first in range(0, len(tasks), wave):
        yield from in_processes(_chunk, tasks[first : first + wave], 1 if len(tasks) == 1 else jobs)


def _chunk(task: _Task) -> dict[str, pa.Table]:
    """Simulate the customers from number ``base`` on; names with a slash belong into a folder."""
    settings, base, customers, seed, sent = task
    kind, effects, start, end = settings.kind, settings.effects, settings.start_at, settings.end_at
    of_life, of_orders, of_customers, of_segment = (np.random.default_rng(own) for own in seed.spawn(4))
    people, lives, before = draw_customers(of_life, customers, kind, effects, start, end)
    chunk = Chunk(
        kind=kind,
        people=people,
        lives=lives,
        joined_at=first_orders(people, kind, end),
        orders_before=before,
        base=base,
        width=settings.width,
        start=start,
        end=end,
        fault=settings.fault,
    )
    parts = [_tables(settings, of_orders, of_customers, chunk, sent)]
    for change in settings.changes:
        newcomers = round(change.strength * int((chunk.joined_at >= change.at).sum()))
        if change.what == "segment" and newcomers:
            once = replace(kind, one_time_share=1.0, run_in_years=0.0, arrival_bend=1.0)
            people, lives, before = draw_customers(of_segment, newcomers, once, effects, change.at, end)
            added = replace(
                chunk,
                people=people,
                lives=lives,
                joined_at=first_orders(people, once, end),
                orders_before=before,
                base=settings.customers + base,
            )
            parts.append(_tables(settings, of_segment, of_segment, added, sent, [say_newcomers(change, added)]))
    tables = parts[0] if len(parts) == 1 else {name: _joined([part[name] for part in parts]) for name in parts[0]}
    return tables if settings.until == settings.end else known_by(tables, settings.until_at)


def _tables(
    settings: Settings,
    of_orders: np.random.Generator,
    of_customers: np.random.Generator,
    chunk: Chunk,
    sent: Sent | None,
    changed: Sequence[pa.Table] = (),
) -> dict[str, pa.Table]:
    """Make all tables of customers whose lives are drawn."""
    seed, effects, changed = settings.seed, settings.effects, list(changed)
    tables = order_tables(of_orders, chunk) | customer_tables(of_customers, chunk, effects)
    sent = None if sent is None else sent.among(chunk.base, chunk.customers)
    of_kind = {change.what: change for change in settings.changes}
    if "concept" in of_kind:
        chunk, tables, rows = turn_concept(of_kind["concept"], seed, chunk, tables)
        changed.append(rows)
    if sent is not None:
        chunk, tables = let_act(sent, settings.treatment or Treatment(), seed, effects, chunk, tables)
    if "currency" in of_kind:
        tables["orders"], rows = change_currency(of_kind["currency"], seed, tables["orders"])
        changed.append(rows)
    if "feed" in of_kind:
        tables, rows = stop_feed(of_kind["feed"], tables)
        changed.append(rows)
    truth = truth_tables(replace(chunk, end=settings.until_at))
    if settings.treatment is not None:
        until_at, visits = settings.until_at, tables["visits"]
        truth["potential"] = potential_table(sent, settings.treatment, seed, chunk, visits, until_at)
    if settings.changes:
        rows = pa.concat_tables([NOTHING, *changed])
        truth["changed"] = rows.filter(pc.less(rows["at"], times(np.array([settings.until_at]))[0]))
    return tables | {f"truth/{name}": table for name, table in truth.items()}


def _joined(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    repeating = [
        field.name
        for field in schema
        if not (pa.types.is_string(field.type) or pa.types.is_timestamp(field.type) or field.name in _NOT_REPEATED)
        and not pa.types.is_boolean(field.type)
    ]
    # Without the Arrow schema, dictionary columns are read as the plain text that they are.
    return pq.ParquetWriter(
        path, schema, compression="zstd", compression_level=1, use_dictionary=repeating, store_schema=False
    )


def _with_season(kind: Kind, effects: Effects, amplitude: float | None) -> Kind:
    """Return the kind with another season; a memoryless shop has none, since the season tells who orders soon."""
    if effects.memoryless:
        return replace(kind, season=Season())
    return kind if amplitude is None else replace(kind, season=replace(kind.season, amplitude=amplitude))


def _checked_days(
    customers: int, seed: int, end: Day, until: Day | None, years: float, jobs: int, chunk_customers: int, kind: Kind
) -> tuple[dt.date, dt.date]:
    """Return the days on which lives and data end, or every argument that cannot be used."""
    failures = [
        f"simulate.{name}: is {value}. Give a whole number from {least} on."
        for name, value, least in (
            ("customers", customers, 1),
            ("seed", seed, 0),
            ("jobs", jobs, 1),
            ("chunk_customers", chunk_customers, 1),
        )
        if value < least
    ]
    # An order's number within its customer has three digits, and the quickest customers must not run out of them.
    longest = min(_LONGEST_YEARS, int(0.9 * MOST_ORDERS * kind.pace_bounds_days[0] / YEAR_DAYS - kind.run_in_years))
    if not 0 < years <= longest:
        failures.append(f"simulate.years: is {years}. Give a number above 0 and up to {longest}.")
    days = []
    for name, value in (("end", end), ("until", end if until is None else until)):
        try:
            days.append(parse_day(value, f"simulate.{name}"))
        except InputError as error:
            failures += error.failures
            break
    if not failures and not days[0] - dt.timedelta(years * YEAR_DAYS) < days[1] <= days[0]:
        failures.append(
            f"simulate.until: is {days[1]}. Lives are drawn for {years:g} years up to {days[0]}. Give a day within, or "
            "simulate a shop whose lives reach further."
        )
    if failures:
        raise InputError(failures)
    return days[0], days[1]
