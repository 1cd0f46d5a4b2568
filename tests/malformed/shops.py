"""Malformed shops: a small shop in order, written with a few faults of values, rows, columns and files, by a seed."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import duckdb
import polars as pl

from churnml.data.contract import TABLES

Cell = str | None

# What people and programs write into cells; most of them are wrong in most columns.
NASTY: tuple[Cell, ...] = (
    *(None, "", " ", "\t", "nan", "NaN", "None", "NULL", "null", "#N/A", "<NA>", "\\N", "-", "n/a", "?", "0", "-1"),
    *("1e400", "-1e400", "1e17", "1e-12", "-1e-12", "1E5", "5.12346E+12", "999999999999999", "99999999999999999999"),
    *("12,50", "1.234,56", "1,234.50", "$12", "12 EUR", "١٢", "0x1F", "1_000", "+5", "5.", ".5", "--5", "inf"),
    *("19.99999", "0.00005", "-0.00004", "16777217", "9007199254740993", "00017", "17.0", "17.5", "true", "Yes", "oui"),
    *("2025-02-30", "2025-13-01", "0025-01-01", "0001-01-01", "1900-01-01", "9999-12-31", "2052-03-01", "10.04.2025"),
    *("2025-03-30T02:30:00+03:00", "2025-03-01 24:00:00", "2025-03-01T10:00:00.1234567Z", "20250301", "1740787200"),
    *("2025/3/1", "2025-03-01 10:00:00 PM", "Ann@x.test", "ann@x.test", " ann@x.test ", "A\u0308nn", "\u00c4nn", "C1"),
    *('a"b', "a,b", "a;b", "line\nbreak", "line\r\nbreak", "\x1b[31mred", "\x07", "\u202eabc", "\u200b", "=1+1", "@x"),
    *("<script>alert(1)</script>", "{value}", "%s", "{{7*7}}", "x" * 5_000, "\U0001f600", "\ufeff", "[bold]x[/]"),
    *("Control", "control", "treatment", "0.0", "EUR", "USD"),
)


@dataclass
class Table:
    """The header and the cells of one table, as they will be written."""

    header: list[str]
    rows: list[list[Cell]]


@dataclass
class Layout:
    """How the tables are written."""

    form: str = "csv"
    delimiter: str = ","
    line_end: str = "\n"
    encoding: str = "utf-8"
    before: str = ""
    parts: int = 1
    folder: str = "shop"
    cut: dict[str, float] = field(default_factory=dict)  # share of the bytes of a table's file that is kept
    beside: list[tuple[str, bytes]] = field(default_factory=list)  # further files


@dataclass
class Shop:
    """A malformed shop before it is written, with the names of its faults."""

    tables: dict[str, Table]
    layout: Layout
    faults: list[str] = field(default_factory=list)


Fault = Callable[[Random, Shop], None]


def make_shop(seed: int) -> Shop:
    """Draw a small shop in order, and put one to three faults into it."""
    random = Random(seed)
    shop = Shop(_tables(random), Layout(form=random.choice(["csv", "csv", "csv", "csv.gz", "parquet", "duckdb"])))
    for fault in random.choices(FAULTS, k=random.choice([1, 1, 2, 3])):
        fault(random, shop)
        shop.faults.append(fault.__name__)
    return shop


def write_shop(shop: Shop, folder: Path) -> Path:
    """Write a shop into an empty folder and give the path that is read as DATA."""
    layout = shop.layout
    if layout.form == "duckdb":
        path = folder / "shop.duckdb"
        with duckdb.connect(path) as connection:
            for name, table in shop.tables.items():
                connection.register("frame", _frame(table))
                connection.execute(f'CREATE TABLE "{name}" AS FROM frame')
                connection.unregister("frame")
        return path
    out = folder / layout.folder
    out.mkdir()
    for name, table in shop.tables.items():
        for number in range(layout.parts):
            part = Table(table.header, table.rows[number :: layout.parts])
            file = out / (f"{name}.{layout.form}" if layout.parts == 1 else f"{name}-{number + 1}.{layout.form}")
            content = _bytes(part, layout, file)
            file.write_bytes(content[: int(len(content) * layout.cut.get(name, 1.0))])
    for file_name, content in layout.beside:
        (out / file_name).write_bytes(content)
    return out


def _frame(table: Table) -> pl.DataFrame:
    columns = {f"{name}{'_' * table.header[:place].count(name)}": place for place, name in enumerate(table.header)}
    return pl.DataFrame(
        {name: [row[place] if place < len(row) else None for row in table.rows] for name, place in columns.items()},
        schema=dict.fromkeys(columns, pl.String),
    )


def _bytes(table: Table, layout: Layout, file: Path) -> bytes:
    if layout.form == "parquet":
        _frame(table).write_parquet(file)
        return file.read_bytes()
    lines = [layout.delimiter.join(_quoted(cell, layout) for cell in row) for row in [table.header, *table.rows]]
    text = layout.before + "".join(line + layout.line_end for line in lines)
    content = text.encode(layout.encoding, errors="replace")
    return gzip.compress(content, mtime=0) if layout.form == "csv.gz" else content


def _quoted(cell: Cell, layout: Layout) -> str:
    if cell is None:
        return ""
    if any(mark in cell for mark in (layout.delimiter, '"', "\n", "\r")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _tables(random: Random) -> dict[str, Table]:
    chosen = ["orders", *random.sample([name for name in TABLES if name != "orders"], random.randint(0, 4))]
    ordered = sorted(random.randint(0, 400) for _ in range(30))
    return {name: _table(random, name, ordered) for name in chosen}


def _table(random: Random, name: str, ordered: list[int]) -> Table:
    contract = TABLES[name]
    columns = [column for column in contract.columns if column.required or random.random() < 0.4]
    days = ordered if name == "orders" else sorted(random.randint(ordered[0], 400) for _ in range(12))
    if contract.event_time is None:
        days = ordered[:12]  # the first row belongs to the first order
    rows: list[list[Cell]] = []
    for number, day in enumerate(days):
        placed = sum(on <= day for on in ordered)
        rows.append([_in_order(random, name, column.name, column.type, number, day, placed) for column in columns])
    return Table([column.name for column in columns], rows)


def _in_order(random: Random, table: str, column: str, kind: str, number: int, day: int, placed: int) -> Cell:
    """Give a value that fits the column; times of a row follow one another, and name one of the orders until then."""
    if kind == "id":
        if column == TABLES[table].key[0]:
            return f"c{number % 6}-{number // 6}" if column == "customer_id" and table != "customers" else f"{number}"
        return f"{number % 6}" if column == "customer_id" else f"{random.randrange(placed)}"
    if kind in ("time", "plan"):
        later = {"ordered_at": 0, "promised_at": 3, "shipped_at": 1, "first_response_at": 1, "opened_at": 0}
        lag = later.get(column, 0 if column == TABLES[table].event_time else 2)
        year, rest = divmod(day + lag, 336)
        return f"{2024 + year}-{rest // 28 + 1:02d}-{rest % 28 + 1:02d} {number % 24:02d}:00:00"
    if kind == "money":
        return f"{random.randint(0, 20_000) / 100:.2f}"
    if kind == "number":
        return str(random.randint(1, 5))
    if kind == "flag":
        return random.choice(["true", "false"])
    return random.choice(
        ["treatment", "control"] if column == "arm" else ["EUR"] if column == "currency" else ["a", "b"]
    )


def _some_table(random: Random, shop: Shop) -> tuple[str, Table]:
    name = random.choice(["orders", *shop.tables])
    return name, shop.tables[name]


def nasty_values(random: Random, shop: Shop) -> None:
    """Put one to three odd values into a column."""
    _, table = _some_table(random, shop)
    place = random.randrange(len(table.header))
    for _ in range(random.randint(1, 3)):
        if table.rows:
            row = random.choice(table.rows)
            if place < len(row):
                row[place] = random.choice(NASTY)


def nasty_column(random: Random, shop: Shop) -> None:
    """Put one odd value into all rows of a column."""
    _, table = _some_table(random, shop)
    place, value = random.randrange(len(table.header)), random.choice(NASTY)
    for row in table.rows:
        row[place:] = [value, *row[place + 1 :]]


def repeated_rows(random: Random, shop: Shop) -> None:
    """Write some rows twice."""
    _, table = _some_table(random, shop)
    table.rows += [list(random.choice(table.rows)) for _ in range(random.randint(1, 4)) if table.rows]


def edited_repeats(random: Random, shop: Shop) -> None:
    """Write a row twice, the second time with another value."""
    _, table = _some_table(random, shop)
    if table.rows:
        row = list(random.choice(table.rows))
        row[random.randrange(len(row))] = random.choice(NASTY)
        table.rows.append(row)


def empty_rows(random: Random, shop: Shop) -> None:
    """Add rows without a value."""
    _, table = _some_table(random, shop)
    table.rows.insert(random.randint(0, len(table.rows)), [None] * len(table.header))


def no_rows(random: Random, shop: Shop) -> None:
    """Take all rows away."""
    _some_table(random, shop)[1].rows.clear()


def few_rows(random: Random, shop: Shop) -> None:
    """Keep a single row."""
    table = _some_table(random, shop)[1]
    table.rows = table.rows[:1]


def ragged_rows(random: Random, shop: Shop) -> None:
    """Give a row a value more or fewer than the header has."""
    table = _some_table(random, shop)[1]
    if table.rows and shop.layout.form.startswith("csv"):
        row = random.choice(table.rows)
        if random.random() < 0.5:
            row.append("more")
        else:
            row.pop()


def missing_column(random: Random, shop: Shop) -> None:
    """Leave a column out."""
    table = _some_table(random, shop)[1]
    if len(table.header) > 1:
        place = random.randrange(len(table.header))
        del table.header[place]
        for row in table.rows:
            del row[place : place + 1]


def odd_header(random: Random, shop: Shop) -> None:
    """Write a column's name in another way, or the name of another column."""
    table = _some_table(random, shop)[1]
    place = random.randrange(len(table.header))
    name = table.header[place]
    table.header[place] = random.choice(
        [name.upper(), f" {name}", f"{name} ", "", name.title(), random.choice(table.header), "\ufeff" + name, 'a"b']
    )


def more_columns(random: Random, shop: Shop) -> None:
    """Add a column that the contract does not know."""
    table = _some_table(random, shop)[1]
    table.header.append(random.choice(["status", "email", "", "rows", "customer id", "amount "]))
    for row in table.rows:
        row.append(random.choice(NASTY))


def odd_text_file(random: Random, shop: Shop) -> None:
    """Write text with another delimiter, line end, encoding or first line."""
    layout = shop.layout
    layout.delimiter = random.choice([",", ";", "\t", "|"])
    layout.line_end = random.choice(["\n", "\r\n", "\r"])
    layout.encoding = random.choice(["utf-8", "utf-8-sig", "latin-1", "utf-16"])
    layout.before = random.choice(["", "", "\n", f"sep={layout.delimiter}\n", "Export of 2025\n"])


def cut_file(random: Random, shop: Shop) -> None:
    """Lose the end of a file."""
    shop.layout.cut[_some_table(random, shop)[0]] = random.random()


def parts(random: Random, shop: Shop) -> None:
    """Write tables in two files."""
    shop.layout.parts = 2


def files_beside(random: Random, shop: Shop) -> None:
    """Put a file beside the tables whose name is like that of a table, or that has nothing to do with them."""
    name = random.choice(["orders_old.csv", "orders copy.csv", "orders (1).csv", "ORDERS.CSV", "orders_items.csv"])
    name = random.choice([name, name, "notes.txt", ".DS_Store", "orders.csv.bak"])
    shop.layout.beside.append((name, b"order_id,customer_id,ordered_at,amount\n1,1,2025-01-01,1\n"))


def odd_folder(random: Random, shop: Shop) -> None:
    """Call the folder by a name that means something to a shell."""
    shop.layout.folder = random.choice(["shop[1]", "shop*", "a b", "it's", "{x,y}", "50%", "şop", "shop?", "a=b"])


FAULTS: tuple[Fault, ...] = (
    *(nasty_values, nasty_values, nasty_values, nasty_values, nasty_column, repeated_rows, edited_repeats, empty_rows),
    *(no_rows, few_rows, ragged_rows, missing_column, odd_header, more_columns, odd_text_file, cut_file, parts),
    *(files_beside, odd_folder),
)
