"""Pictures of the shop, whose coordinates are worked out by hand."""

from __future__ import annotations

from churnml.reporting.page.shop_pictures import curves, flow, over_time


def test_a_share_is_drawn_over_time_with_its_intervals() -> None:
    rows = [
        {"period_end": "2025-01-01", "value": 0.2, "low": 0.1, "high": 0.3},
        {"period_end": "2025-04-01", "value": None, "low": None, "high": None},
        {"period_end": "2025-07-01", "value": 0.4, "low": None, "high": None},
    ]
    drawn = over_time(rows, "{:.0%}".format, str)
    assert drawn is not None
    # The highest is 40 %, so the frame of 14 to 224 is 0.4 high; two periods share the 572 from 52 on.
    assert drawn["series"][0]["points"] == "195.0,119.0 481.0,14.0"
    assert drawn["intervals"] == [{"x": 195.0, "low": 171.5, "high": 66.5, "y": 119.0}]
    assert [tick["label"] for tick in drawn["ticks"]] == ["0%", "10%", "20%", "30%", "40%"]
    assert [mark["label"] for mark in drawn["marks"]] == ["2025-01-01", "2025-07-01"]
    assert over_time(rows[:2], "{:.0%}".format, str) is None


def test_each_cohort_is_a_curve_and_the_newest_the_darkest() -> None:
    table = [
        {"cohort": "2025-01-01", "month": month, "share": share} for month, share in ((0, 1.0), (1, 0.5), (2, 0.25))
    ] + [{"cohort": "2025-02-01", "month": month, "share": share} for month, share in ((1, 0.1), (2, 0.2))]
    table.append({"cohort": "2025-03-01", "month": 1, "share": 0.3})  # a point is no curve
    drawn = curves(table, "share", "{:.0%}".format)
    assert drawn is not None
    assert [(line["title"], line["css"]) for line in drawn["series"]] == [("2025-01", "age-4"), ("2025-02", "age-9")]
    # Half is the top of the frame: 0.25 lies in the middle of 14 and 224, 0.1 a fifth above the bottom.
    assert drawn["series"][0]["points"] == "195.0,14.0 481.0,119.0"
    assert drawn["series"][1]["points"] == "195.0,182.0 481.0,140.0"
    assert curves(table[-1:], "share", "{:.0%}".format) is None


def test_the_flow_loses_nobody() -> None:
    moves = [
        {"before": "loyal", "after": "loyal", "customers": 60},
        {"before": "loyal", "after": "lapsed", "customers": 20},
        {"before": "new", "after": "loyal", "customers": 20},
    ]
    drawn = flow(moves, str.upper, "{:.0f}".format)
    assert drawn is not None
    # Three stages leave 250 of 260 for 100 customers: 2.5 each.
    assert [(node["label"], node["y"], node["height"], node["css"]) for node in drawn["nodes"]] == [
        ("LOYAL 80", 0.0, 200.0, "good"),
        ("NEW 20", 205.0, 50.0, "other"),
        ("LOYAL 80", 0.0, 200.0, "good"),
        ("LAPSED 20", 205.0, 50.0, "bad"),
    ]
    assert [ribbon["title"] for ribbon in drawn["ribbons"]] == [
        "LOYAL → LOYAL: 60",
        "LOYAL → LAPSED: 20",
        "NEW → LOYAL: 20",
    ]
    # Who was new arrives below the 60 who stayed loyal: at 150.
    assert drawn["ribbons"][2]["d"].startswith("M162.0,205.0 C320.0,205.0 320.0,150.0 478.0,150.0 L478.0,200.0")
    assert flow([], str, str) is None
