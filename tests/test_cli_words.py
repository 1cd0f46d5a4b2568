"""What a retention team reads in the terminal: in the language of the settings, and no sentence of it in the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from churnml.analytics.horizon import advise_horizon
from churnml.analytics.overview import analyse
from churnml.cli.show_horizon import print_horizon
from churnml.cli.show_kpis import print_overview
from churnml.cli.show_outcome import print_change, print_outcome, print_training
from churnml.config import Config
from churnml.data.shop import Shop
from churnml.models.model import Model
from churnml.scoring.scorer import Scorer
from churnml.tracking.aliases import Change
from churnml.training.result import Training, summarise
from churnml.words import Language, for_count, uncapitalised, words
from churnml.workflow import Outcome
from tests.conftest import Run

PACKAGE = Path(__file__).parents[1] / "churnml"
SAID = [*sorted((PACKAGE / "cli").glob("show_*.py")), PACKAGE / "training" / "result.py"]
ENGLISH = re.compile(r"\b(the|of|and|are|is|not|with|from|than|who|which|to|for|customers|within|been|it|on|left)\b")
FIRST = Change(version="2", model_version="abc", was=None, by="train", at="2025-03-01")

every_other = pytest.mark.parametrize("language", ["de", "tr"])


def english_in(text: str) -> set[str]:
    """Give the English words that neither German nor Turkish has."""
    return set(ENGLISH.findall(text.lower()))


@pytest.mark.parametrize("path", SAID, ids=lambda path: path.stem)
def test_no_sentence_stands_in_the_code(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and isinstance(node.body[0], ast.Expr)
    }
    docstrings |= {id(node.value) for node in tree.body if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]
    assert texts
    assert not [text for text in texts if re.search(r"[A-Za-z]{2,}[.,:;]? [a-z]{2,}", text)]


@pytest.mark.slow
@every_other
def test_a_list_is_told_in_the_language_of_the_settings(
    shop: Shop, model: Model, capsys: pytest.CaptureFixture[str], language: Language
) -> None:
    config = Config(scoring={"language": language})
    outcome = Outcome(Scorer(model, config).rank(shop, "2025-03-01"), [Path("a.csv"), Path("b.html")], model)
    print_outcome(outcome, as_json=False)
    said = capsys.readouterr().out
    t = words(language)
    assert said.count("2025-03-01") == 1
    assert said.splitlines()[-1] == t["outcome"]["files"].format(files="a.csv, b.html")
    assert t["columns"]["list_rank"]["title"] in said
    assert uncapitalised(t["codes"]["excluded"]["gone"], language) in said
    assert not english_in(said)


@pytest.mark.slow
@every_other
def test_key_figures_are_told_in_the_language_of_the_settings(
    shop: Shop, capsys: pytest.CaptureFixture[str], language: Language
) -> None:
    print_overview(analyse(shop, "2025-03-01", periods=2), language)
    said = capsys.readouterr().out
    t = words(language)
    for part in ("kpis", "lifecycle", "segments", "topics", "experience", "first_experience"):
        assert t["overview"][part] in said.splitlines()
    assert t["second_orders"]["second_orders"] in said.splitlines()
    for name in (t["kpis"]["churn_rate"]["title"], t["codes"]["segment"]["champions"], t["names"]["late delivery"]):
        assert name in said
    topics = re.compile("wrong item|delivery|billing|quality|does not fit")  # the shop's own texts
    assert not english_in(topics.sub("", said))
    assert not re.search(r"\d\.\d{1,2}\b", said), "a decimal comma"


@pytest.mark.slow
@every_other
def test_a_horizon_is_told_in_the_language_of_the_settings(
    shop: Shop, capsys: pytest.CaptureFixture[str], language: Language
) -> None:
    advice = advise_horizon(shop, as_of="2025-03-01")
    print_horizon(advice, language)
    said = capsys.readouterr().out
    assert advice.recommended_days is not None
    days = for_count(words(language)["horizon"]["days"], advice.recommended_days, language)
    assert days.format(n=advice.recommended_days) in said.splitlines()[0]
    assert not english_in(said)
    lengths = {len(line) for line in said.splitlines()[3 : 4 + len(advice.horizons)]}
    assert len(lengths) == 1, "the columns stand under their titles"


@every_other
def test_a_training_is_told_in_the_language_of_the_settings(
    trained: Training, capsys: pytest.CaptureFixture[str], language: Language
) -> None:
    print_training("abc", "abc", "shop", "next", language)
    print_training("abc", "xyz", "shop", "next", language)
    print_change(FIRST, "shop", language, as_json=False)
    said = capsys.readouterr().out.splitlines()
    assert len(set(said)) == 4
    assert len(said) == 5
    lines = summarise(trained, language)
    assert len(lines) == len(summarise(trained))
    assert lines[-1] == trained.say_verdict(language)
    assert "4.000" in lines[0]
    assert not english_in("\n".join([*said, *lines]))


def test_english_names_what_was_champion_before(capsys: pytest.CaptureFixture[str]) -> None:
    print_change(FIRST, "churn", "en", as_json=False)
    print_change(Change(**{**vars(FIRST), "was": "1"}), "churn", "en", as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "Version 2 (model abc) is the champion of churn; there was none before.",
        "Version 2 (model abc) is the champion of churn; before it was version 1.",
    ]


@pytest.mark.slow
def test_key_figures_name_the_values_of_the_shop(run: Run, simulated: Path, tmp_path: Path) -> None:
    settings = tmp_path / "named.yaml"
    names = '{complaints.topic: {delivery: Teslimat}, orders.channel: {web: "a\\tb"}, gold: Altın}'
    settings.write_text(f"scoring: {{language: tr}}\nreporting: {{names: {names}}}\n", encoding="utf-8")
    asked = ("kpis", simulated, "--snapshot", "2025-03-01", "--periods", 2, "--config", settings)
    code, said, _ = run(*asked, "--out", "figures")
    assert code == 0
    assert re.search(r"^  Teslimat +\d+ şikâyet", said, re.MULTILINE)
    assert re.search(r"^  kanal: .*a\\tb %\d", said, re.MULTILINE), "escaped like the shop's own text"
    assert re.search(r"^  seviye: .*Altın %\d", said, re.MULTILINE)
    assert not re.search(r"\b(delivery|web|gold)\b", said)
    assert "delivery" in (tmp_path / "figures" / "topics.csv").read_text()
    assert '"topic": "delivery"' in run(*asked, "--json")[1]
