"""Logs whose rows are orders and other things: which value is a word for an order."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnml.data.guessing.asking import proposal_for
from churnml.data.guessing.events import purchases_of
from churnml.data.guessing.evidence import TableEvidence
from tests.data.guessing.test_propose import column
from tests.data.guessing.test_published import orders_of, shop_of


@pytest.mark.parametrize(
    ("values", "meant"),
    [
        (["view", "cart", "purchase", "remove_from_cart"], "purchase"),
        (["Sale", "Sale Line", "Payment"], "Sale"),
        (["view", "addtocart", "transaction"], "transaction"),
        (["Ansicht", "Warenkorb", "Kauf"], "Kauf"),
        (["sepet", "satış"], "satış"),
        (["Payment", "Refund"], None),
        (["Sale", "Payment", "Refund"], None),  # what is taken back is an amount below 0
        (["purchase", "sale", "cart"], None),  # two words for an order
        (["purchase"], None),
        (["view", "cart"], None),
        (["Completed", "Pending", "Ordered"], None),  # states of orders
    ],
)
def test_the_value_that_says_order(values: list[str], meant: str | None) -> None:
    table = TableEvidence(name="log.csv", rows=len(values), columns=[column("event", values)])
    assert purchases_of(table) == ({"event": [meant]} if meant else {})


def test_two_columns_that_say_so_are_none() -> None:
    columns = [column("event", ["view", "purchase"]), column("kind", ["cart", "order"])]
    assert purchases_of(TableEvidence(name="log.csv", rows=2, columns=columns)) == {}


LOG = ["1,2025-01-13 10:00:00,view,p,2.00,a", "1,2025-01-13 10:01:00,purchase,p,2.00,a",
       "1,2025-01-13 10:01:00,purchase,p,2.00,a", "2,2025-01-14 10:00:00,cart,q,7.00,b",
       "3,2025-01-15 10:00:00,purchase,q,7.00,a"]  # fmt: skip


def test_a_log_of_events_gives_its_purchases(tmp_path: Path) -> None:
    """Session 1 buys p twice for 2.00, session 3 buys q for 7.00; that rows are pieces, somebody says."""
    header = "session,event_time,event_type,product_id,price,user_id"
    (tmp_path / "log.csv").write_text("\n".join([header, *LOG]) + "\n", encoding="utf-8")
    proposal = proposal_for(tmp_path / "log.csv", lambda question: question.options[0])
    shop = shop_of(tmp_path / "log.csv", proposal)
    assert orders_of(shop) == [("1", "a", "4.0000"), ("3", "a", "7.0000")]
    assert shop.tables["order_items"].quantity.sum().to_pandas() == 3


def test_beside_orders_a_log_is_one_of_visits(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "user_id,visited_at,event_type\na,2025-01-13,view\na,2025-01-14,purchase\n", encoding="utf-8"
    )
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at,amount\n1,a,2025-01-14,2\n", encoding="utf-8")
    assert all(not table.source.where for table in proposal_for(tmp_path).tables)
