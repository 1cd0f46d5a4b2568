from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.association import Association, Judgement, fit_association, judge, learn_association
from churnml.analytics.bought import USUAL
from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.shop import Shop

# Who bought what: tea 5, cup 4, pot 4, hat 3; tea and cup 4 together, tea and pot 3, cup and pot 3.
BASKETS = {
    "a": ["tea", "cup", "pot"],
    "b": ["tea", "cup", "pot"],
    "c": ["tea", "cup", "pot"],
    "d": ["tea", "cup"],
    "e": ["tea", "hat"],
    "f": ["hat", "pot"],
    "g": ["hat"],
}
ROWS = pd.DataFrame([(who, what) for who, held in BASKETS.items() for what in held], columns=["customer_id", "item"])
BETTER = Judgement(customers=100, hits=30, popular_hits=10, low=0.08, high=0.31)


def _bought(*held: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        [[*each, *[None] * (len(USUAL) - len(each))] for each in held], columns=list(USUAL), dtype="str"
    )


def _fitted(judged: Judgement) -> Association:
    fitted = fit_association(ROWS)
    return Association(items=fitted.items, weights=fitted.weights, goes_with=judged)


def test_weights_are_cosines_of_what_customers_bought() -> None:
    fitted = fit_association(ROWS)
    assert list(fitted.items) == ["tea", "cup", "pot", "hat"]
    tea, cup, pot, hat = range(4)
    weights = fitted.weights.toarray()
    assert weights[tea, cup] == round(4 / np.sqrt(5 * 4) * 1e6)  # 894427
    assert weights[tea, pot] == round(3 / np.sqrt(5 * 4) * 1e6)
    assert weights[cup, pot] == round(3 / np.sqrt(4 * 4) * 1e6)
    assert weights[tea, hat] == weights[hat, pot] == 0  # one customer is no pair
    assert (weights == weights.T).all()


def test_what_goes_best_with_all_that_is_bought_is_named() -> None:
    fitted = _fitted(BETTER)
    named = fitted.name(_bought(["tea"], ["cup", "tea"], ["pot"], ["hat"], ["tea", "cup", "pot"], ["new"], []))
    # With tea a cup (.894 against .671); with tea and cup a pot; with a pot a cup (.750 against tea's .671).
    assert named.to_list()[:3] == ["cup", "pot", "cup"]
    assert named.isna().to_list() == [False, False, False, True, True, True, True]


def test_popular_ones_are_named_where_that_is_no_worse() -> None:
    for judged in (Judgement(customers=100, hits=12, popular_hits=10, low=-0.03, high=0.06), None):
        fitted = fit_association(ROWS) if judged is None else _fitted(judged)
        named = fitted.name(_bought(["tea"], ["hat", "cup"], ["new"], ["tea", "cup", "pot", "hat"], []))
        # cup before pot by name, as four bought each; who buys all or nothing gets none.
        assert named.to_list()[:3] == ["cup", "tea", "tea"]
        assert named.isna().to_list() == [False, False, False, True, True]


def test_a_row_is_named_alike_alone_and_among_others() -> None:
    fitted, many = _fitted(BETTER), _bought(*BASKETS.values(), ["tea"], [])
    alone = pd.concat([fitted.name(many.iloc[[place]]) for place in range(len(many))])
    pd.testing.assert_series_equal(alone, fitted.name(many))


def test_the_order_of_rows_does_not_matter() -> None:
    found = fit_association(ROWS.sample(frac=1, random_state=1))
    expected = fit_association(ROWS)
    assert list(found.items) == list(expected.items)
    assert (found.weights.toarray() == expected.weights.toarray()).all()


def test_hits_are_counted_on_next_orders() -> None:
    known = _bought(["tea"], ["hat"], ["cup"]).set_axis(["a", "b", "c"])
    came = pd.DataFrame([("a", "new"), ("b", "hat"), ("b", "new"), ("x", "tea")], columns=["customer_id", "item"])
    usual, goes_with = judge(fit_association(ROWS), known, came)
    # c has not ordered, x was not known. Four products are fewer than five, so all are named, but for what is bought.
    assert (usual.customers, usual.hits, usual.popular_hits) == (2, 1, 1)
    assert (goes_with.customers, goes_with.hits, goes_with.popular_hits) == (2, 0, 0)
    assert not usual.is_better


def _pairs() -> Shop:
    """Customers each buy from one of 30 pairs; the next order holds the other one of the pair."""
    rows = []
    for number in range(150):
        pair = number % 30
        for day, product in (("2024-11-01", f"l{pair}"), ("2025-01-05", f"r{pair}"), ("2025-05-20", f"l{pair}")):
            if number < 90 or day != "2025-01-05":  # the others have one half so far, and a next order with the other
                product = f"r{pair}" if number >= 90 and day == "2025-05-20" else product
                rows.append((f"c{number:03d}", day, product))
    table = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "product_id"]).assign(amount=1.0)
    table["order_id"] = table.index.astype(str)
    items = table[["order_id", "product_id"]].assign(quantity=1, unit_price=1.0)
    return read({"orders": table.drop(columns="product_id"), "order_items": items})


def test_a_planted_association_is_better_than_the_popular() -> None:
    learned = learn_association(History(_pairs(), "2025-06-01"), "products", 365, 30, 150)
    assert learned.goes_with is not None
    assert learned.usual is not None
    assert learned.goes_with.customers == 150
    # Ninety know both halves, so nothing but popular others goes with them; of sixty the other half was foreseen.
    assert learned.goes_with.hits >= 60
    assert learned.is_better
    assert learned.usual.hits >= 90


def test_nothing_is_learned_from_the_future() -> None:
    shop = _pairs()
    orders = shop.tables["orders"]
    history = History(shop, "2025-05-01").of_orders(orders.filter(orders.ordered_at < "2025-05-01"))
    found = learn_association(History(shop, "2025-05-01"), "products", 365, 120, 150)
    expected = learn_association(history, "products", 365, 120, 150)
    assert found.to_json() == expected.to_json()
    assert found.usual is not None
    assert found.usual.customers == 90
    assert (found.weights.toarray() == expected.weights.toarray()).all()


@pytest.mark.parametrize("rows", [[], [("a", "tea")]])
def test_a_shop_of_little_names_nothing_else(rows: list[tuple[str, str]]) -> None:
    fitted = fit_association(pd.DataFrame(rows, columns=["customer_id", "item"], dtype="str"))
    assert fitted.name(_bought(["tea"], [])).isna().all()
