"""What goes with what customers buy: products that the same customers buy, judged on their next orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from churnml.analytics.bought import ITEM, USUAL, Items, bought, next_bought, usually_bought
from churnml.data.draw import place_below
from churnml.data.history import History
from churnml.statistics.shares import matched_difference

NAMED = 5
"""Number of products that are named to judge them: a hit is an order with one of these."""
CUSTOMERS = 10_000
"""Number of customers, about, from whom it is learned: drawn by their ids."""

_MOST_ITEMS = 2_000
_NEIGHBOURS = 20
_FEWEST = 3
_WHOLE = 1_000_000
Codes = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """How often the next order holds one of five products that are named.

    Attributes
    ----------
    customers : int
        Number of customers with an order within the horizon before the day, and earlier ones.
    hits, popular_hits : int
        Number of these whose first order of the horizon holds one of the five, and one of the five most popular.
    low, high : float
        Ends of the 95 % interval of the difference of the two shares; nan without customers.
    """

    customers: int
    hits: int
    popular_hits: int
    low: float
    high: float

    @property
    def is_better(self) -> bool:
        """Whether more orders are hit than by the most popular, beyond noise."""
        return self.low > 0

    def to_json(self) -> dict[str, Any]:
        """Return the numbers for the manifest."""
        counts = {"customers": self.customers, "hits": self.hits, "popular_hits": self.popular_hits}
        return {**counts, "low": self.low, "high": self.high, "is_better": self.is_better}


@dataclass(frozen=True, kw_only=True, eq=False)
class Association:
    """What goes with what, of the products that most customers buy.

    Attributes
    ----------
    items : Index
        Products, those of most customers first, ties by name.
    weights : sparse array, shape (items, items)
        How strongly the second goes with the first, as whole millionths of the cosine; far below 0 for itself.
    usual, goes_with : Judgement or None
        Judgement of what customers usually buy, and of what goes with it; None as long as it is not judged.
    """

    items: pd.Index
    weights: sparse.csr_array
    usual: Judgement | None = None
    goes_with: Judgement | None = None

    @property
    def is_better(self) -> bool:
        """Whether what goes with the bought is a better guess of the next order than what is popular."""
        return self.goes_with is not None and self.goes_with.is_better

    def name(self, bought: pd.DataFrame) -> pd.Series:
        """Name for each customer a product that goes with what they buy, or is popular where that is no worse.

        Parameters
        ----------
        bought : pandas DataFrame
            What customers buy, in any number of columns; null where there are fewer.

        Returns
        -------
        pandas Series
            A product that is not among these, with the index of ``bought``; null where nothing is bought, or nothing
            goes with it.
        """
        codes = self.codes(bought)
        named = self.associated(codes, 1) if self.is_better else self.popular(codes, 1)
        buys = bought.notna().any(axis=1).to_numpy()
        place = np.where(buys, named[:, 0], -1) if named.shape[1] else np.full(len(bought), -1)
        names = np.append(self.items.to_numpy(dtype=object), [None])
        return pd.Series(names[place], index=bought.index, dtype="str")

    def codes(self, bought: pd.DataFrame) -> Codes:
        """Return the places of products among ``items``; -1 for others."""
        columns = [self.items.get_indexer(pd.Index(bought[name])) for name in bought]
        return np.column_stack(columns).astype(np.int64) if columns else np.empty((len(bought), 0), dtype=np.int64)

    def associated(self, codes: Codes, count: int) -> Codes:
        """Return so many products that go best with some, the best first, and not these; -1 where there are fewer."""
        size, products = len(codes), len(self.items)
        found = np.full((size, count), -1, dtype=np.int64)
        scores = (_marked(codes, products) @ self.weights).tocsr()
        customer = np.repeat(np.arange(size), np.diff(scores.indptr))
        # The greatest of these is the greatest score, and among equals the more popular product.
        keys = scores.data * products + (products - 1 - scores.indices)
        keys[scores.data <= 0] = -1
        starts = scores.indptr[:-1][np.diff(scores.indptr) > 0]
        if not len(starts):
            return found
        of = customer[starts]
        for place in range(count):
            best = np.maximum.reduceat(keys, starts)
            found[of, place] = np.where(best >= 0, products - 1 - best % products, -1)
            keys[keys == np.repeat(best, np.diff(np.append(starts, len(keys))))] = -1
        return found

    def popular(self, codes: Codes, count: int) -> Codes:
        """Return so many of the most popular products that are not among some; -1 where there are fewer."""
        most = min(codes.shape[1] + count, len(self.items))
        candidates = np.arange(most)
        free = ~(codes[:, :, None] == candidates).any(axis=1)
        nth = np.cumsum(free, axis=1)
        found = np.full((len(codes), count), -1, dtype=np.int64)
        for place in range(count if most else 0):
            is_it = free & (nth == place + 1)
            found[:, place] = np.where(is_it.any(axis=1), is_it.argmax(axis=1), -1)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the numbers for the manifest."""
        judged = {"usually_buys": self.usual, "goes_with": self.goes_with}
        return {
            "items": len(self.items),
            **{name: None if each is None else each.to_json() for name, each in judged.items()},
        }


def learn_association(history: History, items: Items, days: int, horizon_days: int, customers: int) -> Association:
    """Learn what goes with what from some customers, and judge it as of one horizon before.

    Products go together as far as the same customers buy them: the cosine ``c(i, j) / sqrt(n(i) n(j))`` of the number
    of customers who bought both and either (Sarwar et al. 2001, "Item-based collaborative filtering recommendation
    algorithms"), of which the twenty best of each product are kept, as in Deshpande and Karypis (2004, "Item-based
    top-N recommendation algorithms"). A pair counts from three customers on.

    What is judged was learned as known one horizon before the day, on the first order since then: do more of these hold
    one of five products that are named than one of the five most popular? What customers usually buy is filled up with
    the popular to five, and so is what goes with it, which is held against the popular that they do not buy yet.

    Parameters
    ----------
    history : History
        The shop as known on the day.
    items : {'products', 'categories'}
        What is named.
    days : int
        Number of days before a day whose orders are looked at.
    horizon_days : int
        Number of days whose first orders are the next ones.
    customers : int
        Number of customers of the shop, about ten thousand of whom are drawn by their ids.
    """
    below = _below(customers)
    earlier = history.later(-horizon_days)
    learned = fit_association(bought(earlier, items, days, below).select("customer_id", ITEM).to_pandas())
    known = usually_bought(earlier, items, days, below).to_pandas().set_index("customer_id")[list(USUAL)].sort_index()
    came = next_bought(history, items, horizon_days, below)
    usual, goes_with = judge(learned, known, came)
    now = fit_association(bought(history, items, days, below).select("customer_id", ITEM).to_pandas())
    return Association(items=now.items, weights=now.weights, usual=usual, goes_with=goes_with)


def fit_association(rows: pd.DataFrame) -> Association:
    """Learn what goes with what.

    Parameters
    ----------
    rows : pandas DataFrame
        ``customer_id, item``, each pair once, in any order.

    Examples
    --------
    >>> rows = [(who, what) for who in "abc" for what in ("tea", "cup")] + [("a", "pot")]
    >>> fitted = fit_association(pd.DataFrame(rows, columns=["customer_id", "item"]))
    >>> list(fitted.items), fitted.weights.toarray()[0, 1]
    (['cup', 'tea', 'pot'], np.int64(1000000))
    """
    counts = rows[ITEM].value_counts().rename_axis(ITEM).reset_index(name="customers")
    counts = counts.sort_values(["customers", ITEM], ascending=[False, True]).head(_MOST_ITEMS)
    items, number = pd.Index(counts[ITEM].to_numpy(dtype=object)), counts["customers"].to_numpy(dtype=np.float64)
    place = items.get_indexer(pd.Index(rows[ITEM]))
    who = pd.factorize(rows["customer_id"], sort=True)[0]
    known = place >= 0
    cells = (np.ones(int(known.sum()), dtype=np.int64), (who[known], place[known]))
    both = sparse.csr_array(cells, shape=(int(who.max(initial=-1)) + 1, len(items)))
    together = (both.T @ both).toarray()
    np.fill_diagonal(together, 0)
    cosine = together / np.sqrt(np.outer(number, number)) if len(items) else together.astype(np.float64)
    weights = np.where(together >= _FEWEST, np.rint(_WHOLE * cosine), 0).astype(np.int64)
    if len(items) > _NEIGHBOURS:
        order = np.argsort(-weights, axis=1, kind="stable")
        np.put_along_axis(weights, order[:, _NEIGHBOURS:], 0, axis=1)
    np.fill_diagonal(weights, -_WHOLE * (len(USUAL) + 1))
    return Association(items=items, weights=sparse.csr_array(weights))


def judge(learned: Association, known: pd.DataFrame, came: pd.DataFrame) -> tuple[Judgement, Judgement]:
    """Judge what customers usually buy, and what goes with it, on their next orders.

    Parameters
    ----------
    learned : Association
        What goes with what, as known before these orders.
    known : pandas DataFrame
        What customers bought before, ``item_1`` to ``item_10``, by ``customer_id``.
    came : pandas DataFrame
        What is in their next orders, as ``customer_id, item``.

    Returns
    -------
    usual, goes_with : Judgement
        Judgement of what customers usually buy, and of what goes with it.
    """
    known = known[known.index.isin(came["customer_id"])]
    customer = known.index.get_indexer(pd.Index(came["customer_id"]))
    item = learned.items.get_indexer(pd.Index(came[ITEM]))
    is_known = (customer >= 0) & (item >= 0)
    cells = (np.ones(int(is_known.sum()), dtype=np.int64), (customer[is_known], item[is_known]))
    orders = sparse.csr_array(cells, shape=(len(known), len(learned.items)))
    codes = learned.codes(known)
    nothing = np.empty((len(known), 0), dtype=np.int64)
    popular, others = learned.popular(nothing, NAMED), learned.popular(codes, NAMED)
    usual = _filled(codes[:, :NAMED], learned.popular(codes[:, :NAMED], NAMED))
    associated = learned.associated(codes, NAMED)
    with_them = _filled(associated, learned.popular(np.column_stack([codes, associated]), NAMED))
    return _judged(orders, usual, popular), _judged(orders, with_them, others)


def _judged(orders: sparse.csr_array, named: Codes, popular: Codes) -> Judgement:
    hit, popular_hit = ((orders * _marked(codes, orders.shape[1])).sum(axis=1) > 0 for codes in (named, popular))
    only, popular_only = int((hit & ~popular_hit).sum()), int((popular_hit & ~hit).sum())
    low, high = matched_difference(only, popular_only, len(hit))
    return Judgement(
        customers=len(hit), hits=int(hit.sum()), popular_hits=int(popular_hit.sum()), low=float(low), high=float(high)
    )


def _filled(codes: Codes, fillers: Codes) -> Codes:
    """Put fillers in place of what is missing, in their order, and keep as many."""
    both = np.column_stack([codes, fillers])
    order = np.argsort(both < 0, axis=1, kind="stable")[:, :NAMED]
    return np.take_along_axis(both, order, axis=1)


def _marked(codes: Codes, products: int) -> sparse.csr_array:
    """Mark products in a row per customer."""
    customer = np.repeat(np.arange(len(codes)), codes.shape[1])
    place = codes.ravel()
    cells = (np.ones(int((place >= 0).sum()), dtype=np.int64), (customer[place >= 0], place[place >= 0]))
    return sparse.csr_array(cells, shape=(len(codes), products))


def _below(customers: int) -> str | None:
    return None if customers <= CUSTOMERS else place_below(CUSTOMERS / customers)
