"""The work list as a spreadsheet: one sheet with everybody, one that explains it, and one for each play."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from textwrap import wrap
from typing import Any

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range
from xlsxwriter.worksheet import Worksheet

from churnml.campaigns.team import WRITTEN
from churnml.errors import InputError
from churnml.reporting.about import URGENT_DAYS, Facts, Section, explain_list
from churnml.reporting.columns import Column, Kind, column, is_carried
from churnml.reporting.excel import cell_values, count_lines, legal, number_formats, sheet_names
from churnml.reporting.page.numbers import Numbers
from churnml.scoring.plays import Play
from churnml.words import Language, words
from churnml.words.names import name_of
from churnml.words.numbers import number_writer

# Columns that one sees at once, in this order, with their widths in characters; all others are folded away.
_WIDTHS = {
    "list_rank": 8,
    "customer_id": 15,
    "churn_probability": 12,
    "risk_band": 12,
    "value_at_risk": 14,
    "contact_by": 17,
    "play": 25,
    "reason_1": 38,
    "reason_2": 34,
    "reason_3": 34,
    "change": 18,
    "owner": 16,
    "contacted_on": 15,
    "outcome": 19,
    "note": 32,
    "cost": 12,
    "segment": 19,
    "lifecycle_stage": 15,
    "last_order_at": 14,
    "usually_buys": 18,
    "goes_with": 18,
    "lists": 24,
    "return_value": 14,
    "expected_value": 14,
    "opened_on": 14,
    "days_open": 11,
    "topic": 18,
    "severity": 12,
    "order_id": 15,
    "complaints_open": 13,
    "milestone": 24,
    "milestone_on": 14,
    "milestone_number": 11,
    "milestone_tier": 14,
}
_DETAIL_WIDTH = 18
_CARRIED_WIDTH = 22
_ABOUT_WIDTHS = (38, 92, 24, 13, 13, 17, 13)
_FROZEN_COLUMNS = 2
_LINE_HEIGHT, _HEAD_HEIGHT, _MOST_HEIGHT = 15, 32, 120
_LINE_LENGTH, _MOST_LINES = 150, 4
_A4 = 9
# What Excel can hold.
_MOST_CUSTOMERS = 1_000_000  # and some rows above them
_TIP_TITLE, _TIP = 32, 255

_BLUE, _AMBER, _PALE, _TAB_OF_PLAY, _TAB_OF_ABOUT = "#1F3A5F", "#8A5A00", "#FFF9E5", "#7FA3CC", "#7F7F7F"
_HEAD: Mapping[str, Any] = {"bold": True, "font_color": "#FFFFFF", "text_wrap": True, "valign": "vcenter"}
_CELL: Mapping[str, Any] = {"text_wrap": True, "valign": "top", "bottom": 1, "bottom_color": "#D9D9D9"}
_LEFT: Mapping[str, Any] = {"align": "left", "indent": 1}
_ALIGNED: Mapping[Kind, Mapping[str, Any]] = {
    "text": _LEFT,
    "flag": _LEFT,
    "share": {"align": "right"},
    "money": {"align": "right"},
    "count": {"align": "center"},
    "day": {"align": "center"},
}
_BANDS: Mapping[str, Mapping[str, Any]] = {
    "very high": {"bg_color": "#F4B6A6", "font_color": "#7A1B0C", "bold": True},
    "high": {"bg_color": "#FBDDC9", "font_color": "#7A1B0C"},
    "medium": {"bg_color": "#FFF2CC", "font_color": "#5F4B00"},
    "low": {"bg_color": "#E2EFDA", "font_color": "#274E13"},
}


def write_workbook(
    worklist: pd.DataFrame,
    path: str | Path,
    *,
    language: Language,
    currency: str | None,
    snapshot_date: date,
    plays: Mapping[str, Play],
    facts: Facts,
    written: pd.DataFrame | None = None,
    outcomes: Sequence[str] = (),
    further: Sequence[FurtherList] = (),
) -> None:
    """Write ``worklist.xlsx``.

    The same list gives the same bytes. Text is text, whatever it looks like; probabilities, money and days are
    numbers and dates, which Excel shows as its own region has it.

    Parameters
    ----------
    worklist : pandas DataFrame
        Work list, as from ``Ranking.worklist``.
    path : str or Path
        File to write.
    language : str
        Language of titles, names and explanations.
    currency : str or None
        ISO code of the shop's currency; None writes money without one.
    snapshot_date : date
        Day of the list.
    plays : mapping of str to Play
        Plays by name, in the language of the list. Those that a customer on the list has get a sheet.
    facts : Facts
        Facts that the list rests on, for the explaining sheet.
    written : pandas DataFrame, optional
        What people wrote of customers into earlier lists, by ``customer_id``, as from `churnml.campaigns.team.newest`;
        it stands in the columns that they fill in. None leaves these empty.
    outcomes : sequence of str, optional
        Codes among which people choose the outcome of a contact.
    further : sequence of FurtherList, optional
        The lists besides the work list, each of which gets a sheet.

    Raises
    ------
    InputError
        Where the list is too long for a sheet.
    """
    if len(worklist) > _MOST_CUSTOMERS:
        raise InputError(
            f"The work list has {len(worklist):,} customers, but a sheet holds {_MOST_CUSTOMERS:,}. Set a smaller "
            "scoring.capacity."
        )
    used = [name for name in dict.fromkeys([*plays, *worklist["play"].dropna()]) if (worklist["play"] == name).any()]
    titles = {name: plays[name].title if name in plays else name for name in used}
    t = words(language)["sheet"]
    tabs = [t["list_tab"], t["about_tab"], *(name_of("list", one.name, language) for one in further), *titles.values()]
    listed, about, *others = sheet_names(tabs)
    shown = _in_order(worklist, written)
    with Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        created = datetime.combine(snapshot_date, datetime.min.time())
        book.set_properties({"title": t["list_tab"], "author": "churnml", "created": created})
        choice = [name_of("outcome", code, language) for code in outcomes]
        writer = _Writer(book, language, currency, snapshot_date, titles, choice)
        writer.add_list(listed, shown)
        sections = explain_list(
            worklist, list(map(str, shown)), facts, plays, language=language, snapshot_date=snapshot_date
        )
        writer.add_explanation(about, sections)
        for one, sheet in zip(further, others, strict=False):
            rows = _in_order(one.rows.assign(list=one.name), one.written)
            play = plays.get(str(one.play))
            head = [sheet] if play is None else _head(play, len(rows), language, currency, sheet)
            writer.add_list(sheet, rows, head)
        for name, sheet in zip(used, others[len(further) :], strict=True):
            rows = shown[shown["play"] == name].drop(columns="play")
            head = _head(plays[name], len(rows), language, currency) if name in plays else [name]
            writer.add_list(sheet, rows, head)


@dataclass(frozen=True, kw_only=True)
class FurtherList:
    """A list besides the work list, as a sheet shows it.

    Attributes
    ----------
    name : str
        Name of the list.
    rows : pandas DataFrame
        Its customers, as from ``Ranking.of_list``.
    play : str or None
        Play of all of them; None where it goes by the rules.
    written : pandas DataFrame
        What people wrote of customers into earlier ones, by ``customer_id``.
    """

    name: str
    rows: pd.DataFrame
    play: str | None
    written: pd.DataFrame


class _Writer:
    """Draws the sheets of one workbook."""

    def __init__(
        self,
        book: Workbook,
        language: Language,
        currency: str | None,
        day: date,
        play_titles: Mapping[str, str],
        outcomes: Sequence[str],
    ) -> None:
        self._book = book
        self._language = language
        self._day = day
        self._play_titles = play_titles
        self._outcomes = outcomes
        self._number_formats = number_formats(language, currency)
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}

    def add_list(self, name: str, rows: pd.DataFrame, head: Sequence[str] = ()) -> None:
        """Add a sheet with customers, below lines that say what it is."""
        sheet = self._add(name, _TAB_OF_PLAY if head else _BLUE)
        columns = [column(str(each), self._language) for each in rows]
        self._set_widths(sheet, columns)
        for at, line in enumerate(head):
            look = {"bold": True, "font_size": 14, "font_color": _BLUE} if at == 0 else {}
            sheet.write_string(at, 0, legal(line), self._format(**look))
        top, bottom = len(head), len(head) + len(rows)
        sheet.set_row(top, _HEAD_HEIGHT)
        for at, each in enumerate(columns):
            color = _AMBER if each.name in WRITTEN else _BLUE
            sheet.write_string(top, at, each.title, self._format(bg_color=color, **_HEAD, **_ALIGNED[each.kind]))
        self._write_rows(sheet, top + 1, rows, columns)
        self._decorate(sheet, top, bottom, columns)
        sheet.autofilter(top, 0, bottom, len(columns) - 1)
        sheet.freeze_panes(top + 1, _FROZEN_COLUMNS)
        sheet.repeat_rows(top)
        sheet.print_area(0, 0, bottom, max(at for at, each in enumerate(columns) if each.name in WRITTEN))

    def add_explanation(self, name: str, sections: Sequence[Section]) -> None:
        """Add the sheet that explains the list."""
        sheet = self._add(name, _TAB_OF_ABOUT)
        sheet.hide_gridlines(2)
        for at, width in enumerate(_ABOUT_WIDTHS):
            sheet.set_column(at, at, width)
        row = 0
        for section in sections:
            sheet.write_string(row, 0, section.title, self._format(bold=True, font_size=13, font_color=_BLUE))
            row += 1
            for at, title in enumerate(section.heads):
                sheet.write_string(row, at, title, self._format(bg_color=_BLUE, **_HEAD, **_LEFT))
            if section.heads:
                sheet.set_row(row, _HEAD_HEIGHT)
                row += 1
            for cells in section.rows:
                start = int(len(cells) == 1)  # a text alone stands in the wide column
                shown = [cell_values(pd.Series([value]), kind)[0] for value, kind in cells]
                self._set_height(sheet, row, shown, _ABOUT_WIDTHS[start:])
                for at, (value, (_, kind)) in enumerate(zip(shown, cells, strict=True), start):
                    number = "@" if isinstance(value, str) else self._number_formats[kind]
                    self._write(sheet, row, at, value, self._format(num_format=number, **_CELL, **_LEFT))
                row += 1
            row += 1

    def _add(self, name: str, color: str) -> Worksheet:
        sheet = self._book.add_worksheet(name)
        sheet.set_tab_color(color)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        day = Numbers(self._language, None).day(self._day.isoformat())
        sheet.set_footer(f"&L{name.replace('&', '&&')}&C&P / &N&R{day}")
        return sheet

    def _set_widths(self, sheet: Worksheet, columns: Sequence[Column]) -> None:
        for at, each in enumerate(columns):
            if width := _width(each.name):
                sheet.set_column(at, at, width)
            else:
                sheet.set_column(at, at, _DETAIL_WIDTH, None, {"level": 1, "hidden": True})
        sheet.set_column(len(columns), len(columns), None, None, {"collapsed": True})

    def _write_rows(self, sheet: Worksheet, start: int, rows: pd.DataFrame, columns: Sequence[Column]) -> None:
        formats = [self._format_of(each) for each in columns]
        values = [self._said(rows[each.name], each) for each in columns]
        widths = [_width(each.name) for each in columns]
        for row, cells in enumerate(zip(*values, strict=True), start):
            self._set_height(sheet, row, cells, widths)
            for at, value in enumerate(cells):
                self._write(sheet, row, at, value, formats[at])

    def _set_height(
        self, sheet: Worksheet, row: int, cells: Sequence[str | float | None], widths: Sequence[int]
    ) -> None:
        """Make room for texts that need more than a line; not every program does so by itself."""
        texts = [(text, width) for text, width in zip(cells, widths, strict=False) if isinstance(text, str) and width]
        needed = max((count_lines(text, width) for text, width in texts), default=1)
        if needed > 1:
            sheet.set_row(row, min(needed * _LINE_HEIGHT, _MOST_HEIGHT))

    def _write(self, sheet: Worksheet, row: int, at: int, value: str | float | None, cell: Format) -> None:
        if value is None:
            sheet.write_blank(row, at, None, cell)
        elif isinstance(value, str):
            sheet.write_string(row, at, value, cell)
        else:
            sheet.write_number(row, at, value, cell)

    def _said(self, values: pd.Series, described: Column) -> list[str | float | None]:
        if described.name == "play":
            values = values.map(self._play_titles)
        elif described.codes is not None:
            names = {code: name_of(described.codes, code, self._language) for code in values.dropna().unique()}
            values = values.astype(object).map(names)
        return cell_values(values, described.kind)

    def _decorate(self, sheet: Worksheet, top: int, bottom: int, columns: Sequence[Column]) -> None:
        """Explain the heads, and color and restrict the cells below them."""
        for at, each in enumerate(columns):
            if each.meaning:
                tip = {"validate": "any", "input_title": each.title[:_TIP_TITLE], "input_message": each.meaning[:_TIP]}
                sheet.data_validation(top, at, top, at, tip)
            if bottom > top:
                for rule in self._rules(each.name):
                    sheet.conditional_format(top + 1, at, bottom, at, rule)
                if each.name == "outcome" and self._outcomes:
                    choice = {"validate": "list", "source": self._outcomes, "error_type": "warning"}
                    sheet.data_validation(top + 1, at, bottom, at, choice)
        if bottom > top:
            sheet.ignore_errors({"number_stored_as_text": xl_range(top + 1, 0, bottom, len(columns) - 1)})

    def _rules(self, name: str) -> list[dict[str, Any]]:
        bar = {"type": "data_bar", "data_bar_2010": True, "bar_solid": True, "min_type": "num", "min_value": 0}
        if name == "churn_probability":
            return [{**bar, "bar_color": "#F2B8A0", "max_type": "num", "max_value": 1}]
        if name == "value_at_risk":
            return [{**bar, "bar_color": "#9DC3E6"}]
        if name == "risk_band":
            return [
                {
                    "type": "cell",
                    "criteria": "==",
                    "value": f'"{name_of(name, band, self._language)}"',
                    "format": self._format(**look),
                }
                for band, look in _BANDS.items()
            ]
        if name == "contact_by":
            soon = datetime.combine(self._day + timedelta(days=URGENT_DAYS), datetime.min.time())
            look = self._format(bold=True, font_color="#B3261E")
            return [{"type": "date", "criteria": "<=", "value": soon, "format": look}]
        return []

    def _format_of(self, described: Column) -> Format:
        kind = "chance" if described.name == "churn_probability" else described.kind
        look = {"num_format": self._number_formats[kind], **_CELL, **_ALIGNED[described.kind]}
        return self._format(**look, bg_color=_PALE) if described.name in WRITTEN else self._format(**look)

    def _format(self, **look: Any) -> Format:
        key = tuple(sorted(look.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(look)
        return self._made[key]


def _in_order(worklist: pd.DataFrame, written: pd.DataFrame | None) -> pd.DataFrame:
    """Put first who it is and what people look at, add what they fill in, and put details last."""
    known = [name for name in _WIDTHS if name in worklist or name in WRITTEN]
    names = [str(name) for name in worklist]
    carried = [name for name in names if is_carried(name)]
    first = [*known[:_FROZEN_COLUMNS], *carried, *known[_FROZEN_COLUMNS:]]
    details = [name for name in names if not _width(name)]
    cells_of = (pd.DataFrame(columns=list(WRITTEN)) if written is None else written).reindex(worklist["customer_id"])
    cells = {name: pd.Series(cells_of[name].to_numpy(), index=worklist.index, dtype=object) for name in WRITTEN}
    return worklist.assign(**cells)[[*first, *details]]


def _width(name: str) -> int:
    """Return the width of a column that one sees at once, in characters; 0 where it is folded away."""
    return _CARRIED_WIDTH if is_carried(name) else _WIDTHS.get(name, 0)


def _head(play: Play, customers: int, language: Language, currency: str | None, title: str | None = None) -> list[str]:
    """Say what a play is in lines that fit on the screen, below its title or another."""
    t, write = words(language)["page"], Numbers(language, currency)
    cool_down = (
        f"{words(language)['sheet']['cool_down_of_play']}: {number_writer('days', language)(play.cool_down_days)}"
    )
    costs = f"{t['cost']}: {write.money(play.cost)} · {t['offer']}: {write.money(play.offer)}"
    facts = f"{t['owner']}: {play.owner} · {costs} · {cool_down} · {t['customers']}: {write.whole(customers)}"
    return [title or play.title, *wrap(play.wording, _LINE_LENGTH, max_lines=_MOST_LINES, placeholder=" …"), facts]
