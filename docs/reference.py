"""The pages of the reference, made of what they describe: docstrings, commands, settings, tables, columns, features."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

from typer.main import get_command

ROOT = Path(__file__).parents[1]
MODULES = {
    "churnml": "The package",
    "churnml.features": "Features of your own",
    "churnml.metrics": "Figures to judge with",
    "churnml.plots": "Pictures",
    "churnml.datasets": "Shops to learn and to test with",
}
RETURNED = {
    "Model": "churnml.models.model.Model",
    "Ranking": "churnml.scoring.ranking.Ranking",
    "Explanation": "churnml.scoring.story.Explanation",
    "Overview": "churnml.analytics.overview.Overview",
    "Horizon advice": "churnml.analytics.horizon.HorizonAdvice",
    "Audit report": "churnml.features.audit.Audit",
    "Readout": "churnml.campaigns.readout.Readout",
    "Health": "churnml.monitoring.health.Health",
    "Decay": "churnml.monitoring.decay.Decay",
    "Check report": "churnml.data.checks.report.CheckReport",
}
"""What public functions give back: nobody imports it, and everybody uses it."""
_COLUMN_TYPES = {
    "id": "id (text)",
    "text": "text",
    "flag": "true or false",
    "number": "number",
    "money": "money",
    "time": "time; unknown before it has come",
    "plan": "time; known from the start",
}


def write_reference(folder: Path) -> None:
    """Write all pages of the reference into a folder."""
    (folder / "api").mkdir(parents=True, exist_ok=True)
    pages = {
        "commands.md": _commands(),
        "config.md": _config(),
        "tables.md": _tables(),
        "columns.md": _columns(),
        "features.md": _features(),
        "plays.md": _plays(),
        "api/returned.md": _returned(),
    }
    pages |= {f"api/{module.replace('churnml.', '')}.md": _api(module) for module in MODULES}
    for name, text in pages.items():
        (folder / name).write_text(text.rstrip() + "\n", encoding="utf-8")


def _api(module: str) -> str:
    imported = importlib.import_module(module)
    lines = [f"# {module}", "", f"{MODULES[module]}.", "", (imported.__doc__ or "").strip(), ""]
    for name in imported.__all__:
        lines += [f"::: {module}.{name}", ""]
    return "\n".join(lines)


def _returned() -> str:
    lines = ["# Objects that are returned", "", "You do not make these yourself: functions and methods give them.", ""]
    for path in RETURNED.values():
        lines += [f"::: {path}", ""]
    return "\n".join(lines)


def _commands() -> str:
    command = get_command(importlib.import_module("churnml.cli").app)
    lines = ["# Commands", "", _sentences(command.help), "", _sentences(command.epilog), ""]
    lines += ["Options of all commands stand before the command: `churnml --quiet run DATA --out list`.", ""]
    lines += _options(command.params)
    for name, sub in command.commands.items():  # type: ignore[attr-defined]
        if hasattr(sub, "commands"):
            for inner, leaf in sub.commands.items():
                lines += _command(f"{name} {inner}", leaf)
        else:
            lines += _command(name, sub)
    return "\n".join(lines)


def _command(name: str, command: Any) -> list[str]:
    usage = " ".join([f"churnml {name}", *_arguments(command), "[OPTIONS]"])
    return [f"## {name}", "", _sentences(command.help), "", "``` text", usage, "```", "", *_options(command.params)]


def _arguments(command: Any) -> list[str]:
    return [one.metavar or one.name.upper() for one in command.params if one.param_type_name == "argument"]


def _options(params: list[Any]) -> list[str]:
    rows = []
    for one in params:
        about = getattr(one, "help", None) or ""
        if one.param_type_name == "argument":
            rows.append((f"`{one.metavar or one.name.upper()}`", about, ""))
        elif one.name != "help":
            default = "" if one.is_flag or one.default is None or callable(one.default) else f"`{one.default}`"
            names = ", ".join(f"`{text}`" for text in [*one.opts, *one.secondary_opts])
            rows.append((names, about + (" Required." if one.required else ""), default))
    return _table(("option", "meaning", "default"), rows)


def _config() -> str:
    schema = importlib.import_module("churnml.config").config_schema()
    text = (ROOT / "configs" / "default.yaml").read_text(encoding="utf-8")
    comments = _comments(text)
    lines = [
        "# Settings",
        "",
        "Every key of a settings file, with its default. A file of your own needs only the lines that differ, and an",
        "unknown key is refused. [Check a file](commands.md#config-check) before you use it. The options of the",
        "[commands](commands.md) override the file.",
        "",
    ]
    single = [key for key, value in schema["properties"].items() if "$ref" not in value]
    for key, value in schema["properties"].items():
        if key not in single:
            section = schema["$defs"][value["$ref"].rpartition("/")[2]]
            about = comments.get(key) or value.get("description") or section["description"]
            lines += [f"## {key}", "", about, "", *_keys(key, section, schema, comments)]
    lines += ["## Single keys", ""]
    lines += _table(
        ("key", "default", "allowed", "meaning"), [_key(k, schema["properties"][k], comments) for k in single]
    )
    source = schema["$defs"]["TableSource"]["properties"]
    rows = [(f"`{key}`", json.dumps(one.get("default")), one["description"]) for key, one in source.items()]
    lines += ["## Keys of a table", "", "What may stand under `tables.orders`, and under every other table.", ""]
    lines += _table(("key", "default", "meaning"), rows)
    lines += [
        "## The file with all defaults",
        "",
        "This is `configs/default.yaml`.",
        "",
        "``` yaml",
        text.rstrip(),
        "```",
    ]
    return "\n".join(lines)


def _keys(prefix: str, section: dict[str, Any], schema: dict[str, Any], comments: dict[str, str]) -> list[str]:
    rows, inner = [], []
    for key, value in section["properties"].items():
        name = f"{prefix}.{key}"
        if "$ref" in value:
            inner += [f"### {name}", "", comments.get(name) or value.get("description", ""), ""]
            inner += _keys(name, schema["$defs"][value["$ref"].rpartition("/")[2]], schema, comments)
        else:
            rows.append(_key(name, value, comments))
    return [*_table(("key", "default", "allowed", "meaning"), rows), *inner]


def _key(name: str, value: dict[str, Any], comments: dict[str, str]) -> tuple[str, str, str, str]:
    default = json.dumps(value.get("default"), ensure_ascii=False)
    meaning = comments.get(name) or value.get("description", "")
    return f"`{name.rpartition('.')[2]}`", f"`{default}`", _allowed(value), meaning


def _allowed(value: dict[str, Any]) -> str:
    kinds = [one for one in value.get("anyOf", [value]) if one.get("type") != "null"]
    said = []
    for kind in kinds:
        if "enum" in kind:
            said.append(", ".join(f"`{one}`" for one in kind["enum"]))
            continue
        text = {"array": "list", "object": "keys and values"}.get(
            kind.get("type", ""), kind.get("type", "keys and values")
        )
        bounds = [
            f"{words} {kind[key]:g}"
            for key, words in (
                ("minimum", "at least"),
                ("exclusiveMinimum", "above"),
                ("maximum", "at most"),
                ("exclusiveMaximum", "below"),
            )
            if key in kind
        ]
        said.append(" ".join([text, *([", ".join(bounds)] if bounds else [])]))
    return " or ".join(said) + (" or null" if len(kinds) < len(value.get("anyOf", [value])) else "")


def _comments(text: str) -> dict[str, str]:
    """Give the comment above each key of the file of defaults, by dotted name; those with an example are left out."""
    found, above, path = {}, [], []
    for line in text.splitlines():
        comment = re.match(r"\s*# ?(.*)", line)
        key = re.match(r"( *)(\w+):", line)
        if comment:
            above.append(comment[1])
        elif key:
            depth = len(key[1]) // 2
            path = [*path[:depth], key[2]]
            beside = re.search(r"\s# (.*)$", line)
            above += [beside[1]] if beside and not above else []
            if above and not any(one.startswith("  ") for one in above):
                found[".".join(path)] = " ".join(above)
            above = []
        else:
            above = []
    return found


def _tables() -> str:
    tables = importlib.import_module("churnml.data.contract").TABLES
    lines = [
        "# Tables",
        "",
        "Which tables a shop may bring, and their columns. Only `orders` is required. Every table may also carry",
        "`recorded_at`, the time at which the row reached the warehouse. [Two clocks](../explanations/two-clocks.md)",
        "says what a time that *becomes known* means. Other names are mapped under [`tables`](config.md#tables).",
        "",
    ]
    for name, table in tables.items():
        begins = f"`{table.event_time}`" if table.event_time else "its order's `ordered_at`"
        lines += [
            f"## {name}",
            "",
            f"Key: {', '.join(f'`{one}`' for one in table.key)}. A row exists from {begins} on.",
        ]
        lines += ["Columns beyond these are kept as attributes of the customer." if table.attributes else "", ""]
        rows = [
            (
                f"`{one.name}`",
                "yes" if one.required else "",
                _COLUMN_TYPES[one.type] if one.name != table.event_time else "time",
                "; ".join(_notes(one, table)),
            )
            for one in table.columns
        ]
        lines += _table(("column", "required", "type", "notes"), rows)
    return "\n".join(lines)


def _notes(column: Any, table: Any) -> list[str]:
    notes = [f"becomes known with `{column.known_with}`"] if column.known_with else []
    notes += [f"one of {', '.join(f'`{one}`' for one in column.values)}"] if column.values else []
    others = [one.column for one in column.not_before]
    starts = [f"`{other}`" if other in table.column else f"`{other}` of its order" for other in others]
    notes += [f"not before {' or '.join(starts)}"] if starts else []
    notes += [f"at most `{column.at_most}`"] if column.at_most else []
    return notes


def _columns() -> str:
    columns = importlib.import_module("churnml.reporting.columns").columns("en")
    lines = [
        "# Columns of the lists",
        "",
        "What the columns of `ranking.parquet`, `ranking.csv`, `worklist.csv` and `worklist.xlsx` hold. Files for",
        "machines use the names, what people open uses the titles.",
        "",
    ]
    rows = [(f"`{name}`", one.title, one.meaning) for name, one in columns.items()]
    return "\n".join([*lines, *_table(("name", "title", "meaning"), rows)])


def _features() -> str:
    return importlib.import_module("churnml.features.data_dictionary").as_markdown()


def _plays() -> str:
    lines = ["# Prepared files", "", "Files in `configs/` to copy and change.", ""]
    about = {
        "plays.yaml": "Plays and rules: what to do for whom. See [your own plays](../how-to/own-play.md).",
        "marketplace.yaml": "Settings for shops where people order every week or two.",
        "subscription.yaml": "Settings for shops that deliver by subscription.",
    }
    for name, sentence in about.items():
        text = (ROOT / "configs" / name).read_text(encoding="utf-8")
        lines += [f"## {name}", "", sentence, "", "``` yaml", text.rstrip(), "```", ""]
    return "\n".join(lines)


def _sentences(text: str | None) -> str:
    return " ".join((text or "").split())


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(' '.join(cell.replace('|', chr(92) + '|').split()) for cell in row)} |" for row in rows]
    return [*lines, ""]
