"""The page without a browser: its texts, its bytes, and that data never becomes markup."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import json
import re
from datetime import date
from typing import Any

import pytest

from churnml.reporting.page import charts, page, render_page
from churnml.words import Language
from churnml.words.campaigns import say_holdout
from tests.reporting.page.made_up import PLAN, SNAPSHOT, bare, make_summary


def data_of(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="text/plain" id="data">([A-Za-z0-9+/=]+)</script>', html)
    assert found is not None
    packed = base64.b64decode(found[1])
    assert packed[4:8] == bytes(4)  # the place of the clock
    data: dict[str, Any] = json.loads(gzip.decompress(packed))
    return data


def test_the_page_claims_no_cause() -> None:
    html = re.sub(r"<script.*?</script>", "", render_page(make_summary(40)), flags=re.DOTALL)
    assert "linked to" in html
    for claim in ("because", "due to", "caused by", "the reason for"):
        assert claim not in html.lower()


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "“All” holds 18 ranked customers, and 2 who are not"), ("de", "18 eingestufte"), ("tr", "sıralanan 18 ")],
)
def test_who_is_not_ranked_is_told_apart_from_all_customers(language: str, said: str) -> None:
    summary = make_summary(20, language)
    assert said not in render_page(summary)
    for one in summary["customers"][-2:]:
        one["risk_rank"] = None
    summary["totals"]["customers"] = 18
    html = render_page(summary)
    assert said in html
    assert 'class="note cut"' not in html, "all who are ranked are shown"
    summary["totals"]["customers"] = 19
    cut = re.search(r'class="note cut">([^<]+)<', render_page(summary))
    assert cut is not None
    assert re.findall(r"\d+", cut[1])[:2] == (["19", "18"] if language == "tr" else ["18", "19"])


def test_the_same_summary_gives_the_same_page() -> None:
    assert render_page(make_summary(40)) == render_page(make_summary(40))


def test_the_policy_allows_the_page_its_own_scripts_and_style_and_nothing_else() -> None:
    html = render_page(make_summary(3))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    allowed = dict(part.strip().split(" ", 1) for part in policy[1].replace("&#39;", "'").split(";"))
    scripts = re.findall(r'<script type="module">(.*?)</script>', html, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)

    def hashes(texts: list[str]) -> str:
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        return " ".join(f"'sha256-{digest}'" for digest in digests)

    assert allowed == {
        "default-src": "'none'",
        "script-src": hashes(scripts),
        "style-src": hashes(styles),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert len(scripts) == 2
    assert len(styles) == 1


def test_the_page_refers_to_nothing_outside() -> None:
    html = re.sub(r'<script type="module">.*?</script>', "", render_page(make_summary(60)), flags=re.DOTALL)
    assert re.findall(r'(?:src|href|action)="(?!#)[^"]*"', html) == []
    assert not re.search(r"url\(|@import|https?:", html)


def test_the_library_stays_within_its_script() -> None:
    library = page._library()
    assert "globalThis.DataTable=" in library
    assert "export{" not in library
    assert "<!--" not in library
    assert "</script" not in library.lower()


def test_another_form_of_the_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bundle:
        def joinpath(self, *_: str) -> Bundle:
            return self

        def read_text(self, encoding: str) -> str:
            return f"const DataTable = 1; /* {encoding} */"

    page._library.cache_clear()
    monkeypatch.setattr(page, "files", lambda _: Bundle())
    with pytest.raises(RuntimeError, match="another form than expected"):
        page._library()
    page._library.cache_clear()


def test_hostile_texts_are_escaped_wherever_they_stand() -> None:
    hostile = '</script><script>alert(1)</script><!--"><img src=x onerror=alert(1)>'
    summary = make_summary(5, listed=5)
    for one in summary["customers"]:
        one |= {"customer_id": hostile, "segment": hostile, "play": hostile}
        one["leaving"] = [{"concept": hostile, "sentence": hostile, "weight": 1.0}]
    summary |= {
        "excluded": {hostile: 1},
        "drivers": [{"concept": hostile, "weight": 1.0}],
        "model_version": hostile,
        "changes": {
            "counts": {hostile: 1},
            "rows": [{"customer_id": hostile, "change": hostile, "before": None, "now": 0.5, "sentence": hostile}],
        },
    }
    html = render_page(summary)
    assert "alert(1)" in html
    assert "<script>alert" not in html
    assert "<img" not in re.sub(r'<script type="module">.*?</script>', "", html, flags=re.DOTALL)
    assert data_of(html)["customers"]["customer_id"] == [hostile] * 5


@pytest.mark.parametrize(
    ("effect", "en", "tr"), [(0.187, "19", "19"), (0.0044, "0.4", "0,4"), (0.0004, "0.04", "0,04")]
)
def test_an_effect_below_a_point_is_not_called_none(effect: float, en: str, tr: str) -> None:
    plan = dataclasses.replace(PLAN, smallest_effect=effect)
    texts: dict[Language, str] = {"en": f"from {en} points", "tr": f"{tr} puan ve üzerindeki"}
    for language, said in texts.items():
        summary = make_summary(3, language=language)
        summary["holdout"] = say_holdout(plan, plan.campaign, None, language)
        assert said in render_page(summary)


def test_all_customers_go_into_the_data_and_the_first_fifty_into_the_page() -> None:
    summary = make_summary(70, listed=60)
    html = render_page(summary)
    data = data_of(html)
    assert data["customers"]["customer_id"] == [one["customer_id"] for one in summary["customers"]]
    for one, packed in zip(summary["customers"], data["customers"]["events"], strict=True):
        days = [(SNAPSHOT - date.fromisoformat(day)).days for day, _, _ in one["events"]]
        assert packed == [[ago, kind, text] for ago, (_, kind, text) in zip(days, one["events"], strict=True)]
    assert html.count('<td class="customer_id"') == 50


@pytest.mark.slow
def test_a_page_that_would_be_too_large_keeps_fewer_events(monkeypatch: pytest.MonkeyPatch) -> None:
    summary = make_summary(200, events=60)
    whole = len(render_page(summary).encode())
    monkeypatch.setattr(page, "MOST_BYTES", whole - 10_000)
    html = render_page(summary)
    assert len(html.encode()) <= whole - 10_000
    data = data_of(html)
    assert data["events_at_most"] < 40
    for one, kept in zip(summary["customers"], data["customers"]["events"], strict=True):
        assert len(kept) == min(data["events_at_most"], len(one["events"]))
        assert [text for _, _, text in kept] == [text for _, _, text in one["events"]][-len(kept) :]


def test_what_is_missing_is_left_out() -> None:
    html = render_page(bare(make_summary(1)))
    for absent in ("<figure>", 'class="verdict"', "EUR", "€", "None", "nan"):
        assert absent not in re.sub(r"<(script|style).*?</\1>", "", html, flags=re.DOTALL), absent
    assert "Nobody is held out" in html


@pytest.mark.parametrize(
    ("because", "en", "tr"),
    [
        ("beats both", "LightGBM beats chance and the recency rule;", "hem rastlantıdan hem de son sipariş kuralından"),
        ("rule as good", "the recency rule, is as good here as LightGBM;", "son sipariş kuralı, LightGBM kadar iyi"),
    ],
)
def test_the_verdict_is_said_in_every_language(because: str, en: str, tr: str) -> None:
    for language, said in {"en": en, "tr": tr}.items():
        summary = make_summary(3, language)
        summary["model"]["verdict"] |= {"because": because, "chosen": "lightgbm"}
        assert said in render_page(summary)


def test_a_card_of_before_says_its_own_sentences() -> None:
    summary = make_summary(3, "tr")
    summary["model"]["verdict"] |= {"because": None, "chosen": None, "said": "It is better than chance."}
    summary["model"]["level"] |= {"day": None, "newest_day": None, "said": "About half leave."}
    html = render_page(summary)
    assert "It is better than chance." in html
    assert "About half leave." in html


def test_whether_more_customers_would_help_is_said() -> None:
    summary = make_summary(3, "en")
    assert "more customers" not in render_page(summary)
    sizes = {"rows": 9_000, "customers": 3_000, "half_rows": 4_400, "half_customers": 1_500}
    losses = {"shape_loss": 0.5, "gained": 0.1, "behind": 0.012, "behind_error": 0.002}
    summary["model"]["learning"] = sizes | losses
    assert "Learnt from 1,500 of 3,000 customers, the shape loss is +0.0120" in render_page(summary)


def test_a_level_that_was_not_tested_forward_says_so_in_turkish() -> None:
    summary = make_summary(3, "tr")
    summary["model"]["level"] |= {"tested_forward": False, "last_year": None}
    html = render_page(summary)
    assert (
        "1 Tem 2025 için müşterilerin %60 kadarının ayrılacağını varsayıyoruz (%95 aralığı: %59 – %62). O gün" in html
    )
    assert "1 Nis 2025 gününün müşterilerinden %60 kadarı ayrıldı; ileriye dönük sınanmadı." in html


def test_the_level_names_the_days_that_it_rests_on_in_both_languages() -> None:
    assert "customers of Apr 1, 2025, the newest day whose outcome was known then" in render_page(make_summary(3, "en"))
    assert "kadarı ayrıldı, 3 Tem 2024 gününün müşterilerinden %60 kadarı." in render_page(make_summary(3, "tr"))


def test_charts_place_shares_between_the_ends_of_their_frame() -> None:
    # The frame runs from 50 to 340 across and from 252 up to 12: half is 195 and 132.
    row = {"mean_predicted": 0.5, "churned_share": 0.5, "low": 0.25, "high": 1.0}
    placed = charts.reliability([row], str)
    assert placed is not None
    assert placed["points"] == [{"x": 195.0, "y": 132.0, "low": 192.0, "high": 12.0}]
    assert placed["line"] == "50.0,252.0 340.0,12.0"
    assert [tick["label"] for tick in placed["ticks"]] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    half = {"contacted_share": 0.5, "captured_share": 1.0, "best_share": 1.0}
    gains = charts.gains([half, {**half, "captured_share": None}], str)
    assert gains is not None
    assert gains["model"] == "195.0,12.0"


def test_a_chart_of_small_shares_does_not_waste_its_frame() -> None:
    row = {"mean_predicted": 0.05, "churned_share": 0.04, "low": 0.03, "high": 0.08}
    placed = charts.reliability([row], str)
    assert placed is not None
    assert placed["points"][0]["x"] == 195.0  # the axis ends at 0.1
    assert charts.reliability([], str) is None
    assert charts.gains([], str) is None
