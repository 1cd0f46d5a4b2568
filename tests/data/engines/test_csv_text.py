"""CSV as text: rows are counted without the engine, and what it did not read is said."""

from __future__ import annotations

import csv
import gzip
import io
import random
from pathlib import Path

import pytest

from churnml.data.engines import csv_text
from churnml.data.engines.csv_text import read_header, survey
from churnml.data.reading import check, read

pytestmark = pytest.mark.slow

HEADER = "order_id,customer_id,ordered_at,amount\n"
ROWS = "1,a,2025-01-05,9.5\n2,b,2025-02-01,12\n"


def counted(folder: Path, text: str) -> csv_text.Survey:
    file = folder / "orders.csv"
    file.write_bytes(text.encode())
    return survey(file, read_header(file))


@pytest.mark.parametrize("chunk", [3, 7, 1 << 24])
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (HEADER, 0),
        (HEADER.strip(), 0),
        (HEADER + ROWS, 2),
        (HEADER + ROWS.strip(), 2),
        (HEADER + ROWS.replace("\n", "\n\n"), 2),
        ((HEADER + ROWS).replace("\n", "\r"), 2),
        ("\n \n" + HEADER + ROWS, 2),
        ('\ufeff"order_id",b\r\n1,2\r\n', 1),
        ("sep=;\na;b\n1;2\n3;4", 2),
        ('a,b\n1,"x\n\ny"\n2,"say ""\n"""\n', 2),
        ('a,b\n1,5" pipe\n2,6"\n', 2),  # a quote within a value is a letter
        ('a,b\n1, "x\ny"\n2,z\n', 2),  # spaces before an opening quote do not count
        ('a,b\n1,""\n"",2\n', 2),
        ("a\n1\n\n2\n", 3),  # in one column an empty line is an empty value
    ],
)
def test_rows_are_counted(tmp_path: Path, text: str, rows: int, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "_CHUNK", chunk)
    assert counted(tmp_path, text).rows == rows


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_count_is_that_of_a_reader(tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(end)
    for _ in range(200):
        monkeypatch.setattr(csv_text, "_CHUNK", draw.choice([2, 5, 11, 64]))
        rows = [
            ["".join(draw.choices('ab", \n', k=draw.randrange(6))) for _ in range(3)] for _ in range(draw.randrange(7))
        ]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator=end, quoting=draw.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
        writer.writerows([["x", "y", "z"], *rows])
        assert counted(tmp_path, text.getvalue()).rows == len(rows), text.getvalue()


def test_the_longest_row_and_the_one_with_most_lines_are_named(tmp_path: Path) -> None:
    found = counted(tmp_path, 'a,b\r\n1,"x\r\n\r\ny"\r\n12345678901,z\r\n')
    assert (found.most_lines, found.most_lines_line) == (2, 2)
    assert (found.longest, found.longest_line) == (len("12345678901,z"), 5)
    assert +found.ends == {"\\r\\n": 3}


def test_a_last_row_that_the_engine_loses_is_missed(tmp_path: Path) -> None:
    long = f"3,{'y' * 40_000_000},2025-01-01,1\n"
    (tmp_path / "orders.csv").write_text(HEADER + ROWS + long)
    report = check(tmp_path)
    assert report.failures == [
        "orders: The row of orders.csv that begins in line 4 is 40,000,015 bytes long, but a row may have 2,000,000. "
        "Look for a quote that is not closed, and export it again."
    ]


@pytest.mark.parametrize("size", [2_100_000, 40_000_000])
def test_a_row_that_is_too_long_is_named(tmp_path: Path, size: int) -> None:
    (tmp_path / "orders.csv").write_text(HEADER + f"3,{'y' * size},2025-01-01,1\n" + ROWS)
    [failure] = check(tmp_path).failures
    assert failure.startswith(
        f"orders: orders.csv cannot be read. The row of orders.csv that begins in line 2 is {size + 15:,} bytes long, "
    )


def test_stray_quotes_that_swallow_lines_are_noted(tmp_path: Path) -> None:
    lines = [f"{number},{number},2025-01-01,1,x" for number in range(200)]
    lines[10] += "\n" * 50  # a text of its own has so many lines at most
    lines[10] = lines[10].replace(",x", ',"x') + '"'
    (tmp_path / "orders.csv").write_text(HEADER.strip() + ",channel\n" + "\n".join(lines))
    assert check(tmp_path).notes == []
    lines[20] = lines[20].replace(",x", ',"x')
    lines[80] = lines[80].replace(",x", ',x"')
    (tmp_path / "orders.csv").write_text(HEADER.strip() + ",channel\n" + "\n".join(lines))
    report = check(tmp_path)
    assert report.rows == {"orders": 200 - 60}
    assert report.notes == [
        "orders: orders.csv, line 72: one row holds 60 line ends. If that is no long text, two quotes that stand alone "
        "have made one value of many lines."
    ]
    assert read(tmp_path).report.notes == read(tmp_path).report.notes == report.notes, "remembered too"


@pytest.mark.parametrize("swallowed", [1, 5, 49])
def test_few_lines_that_stray_quotes_swallow_are_noted_too(tmp_path: Path, swallowed: int) -> None:
    lines = [f"{number},{number},2025-01-01,1,x" for number in range(200)]
    # Of the lines within two texts one has as many commas as a row: half of them are no more than chance.
    lines[3] = lines[3].replace(",x", ',"one\ntwo, three, four, five\nsix"')
    lines[9] = lines[9].replace(",x", ',"one\nby, chance, five, values, here\ntwo"')
    (tmp_path / "orders.csv").write_text(HEADER.strip() + ",channel\n" + "\n".join(lines))
    assert check(tmp_path).notes == []
    lines[3] = lines[9] = "9,9,2025-01-01,1,x"
    lines[20] = lines[20].replace(",x", ',"x')
    lines[21 + swallowed] = lines[21 + swallowed].replace(",x", ',x"')
    (tmp_path / "orders.csv").write_text(HEADER.strip() + ",channel\n" + "\n".join(lines))
    assert [note for note in check(tmp_path).notes if "within values" in note] == [
        f"orders: orders.csv, line 23: {swallowed} lines within values look like rows of the table. Two quotes that "
        "stand alone make one value of all lines between them: look at the lines before, and export it again."
    ]


@pytest.mark.parametrize("first", ["sep=;", "\ufeffsep=;", '"sep=;"', "SEP=;", "sep=;;;;"])
def test_the_delimiter_that_excel_writes_is_read(tmp_path: Path, first: str) -> None:
    text = (HEADER + '1,"a,b,c",2025-01-05,9.5\n').replace(",", ";").replace("a;b;c", "a,b,c,d,e,f,g")
    (tmp_path / "orders.csv").write_bytes(f"{first}\n{text}".replace("\n", "\r\n").encode())
    assert read(tmp_path).tables["orders"].to_pandas().customer_id.tolist() == ["a,b,c,d,e,f,g"]


@pytest.mark.parametrize("other", ["\r\n", "\r"])
def test_mixed_line_ends_are_said(tmp_path: Path, other: str) -> None:
    (tmp_path / "orders.csv").write_bytes((HEADER + ROWS).encode() + f"3,a,2025-01-01,1{other}".encode())
    [failure] = check(tmp_path).failures
    assert "Lines of orders.csv end in different ways: " in failure
    assert f"1 with {other!r}".replace("'", "") in failure
    assert "3 with \\n" in failure


@pytest.mark.parametrize("above", ["\r\n", "\n\r\n", "sep=,\r\n", "\r"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_lines_above_the_header_may_end_otherwise(tmp_path: Path, above: str, suffix: str) -> None:
    text = (above + HEADER + ROWS).encode()
    (tmp_path / f"orders.csv{suffix}").write_bytes(gzip.compress(text) if suffix else text)
    assert read(tmp_path).report.rows == {"orders": 2}


def test_rows_without_any_value_are_passed_over_and_counted(tmp_path: Path) -> None:
    """Spreadsheets save them below their rows; a row with one value is a row."""
    (tmp_path / "orders.csv").write_text(HEADER + ",,,\n" + ROWS + ',,,\n, ,"",\n', encoding="utf-8")
    report = check(tmp_path)
    assert (report.rows, report.failures) == ({"orders": 2}, [])
    assert report.notes == ["orders: 3 rows of orders.csv without any value were passed over."]
    assert read(tmp_path).report.notes == read(tmp_path).report.notes == report.notes
    (tmp_path / "orders.csv").write_text(HEADER + ROWS + ",b,,\n", encoding="utf-8")
    assert "orders.order_id: 1 of 3 rows are empty" in " ".join(check(tmp_path).failures)


def test_mixed_line_ends_behind_blank_lines_are_said(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(("\r\n\n" + HEADER + ROWS).encode() + b"3,a,2025-01-01,1\r\n")
    [failure] = check(tmp_path).failures
    assert "Lines of orders.csv end in different ways: 1 with \\r\\n and 3 with \\n" in failure


@pytest.mark.parametrize("missing", [4, 2_000])
def test_a_compressed_file_that_is_cut_off_is_said(tmp_path: Path, missing: int) -> None:
    draw = random.Random(1)
    rows = "".join(f"{number},{draw.random()},2025-01-01,1\n" for number in range(20_000))
    (tmp_path / "orders.csv.gz").write_bytes(gzip.compress((HEADER + rows).encode(), mtime=0)[:-missing])
    [failure] = check(tmp_path).failures
    assert "orders.csv.gz cannot be read to its end (Compressed file ended before" in failure
