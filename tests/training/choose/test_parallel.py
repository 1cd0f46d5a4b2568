"""Side by side: as one after the other, on the same threads in all."""

from __future__ import annotations

import threading
import time

import joblib
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from churnml.models.candidates.base import FitSettings
from churnml.statistics.one_thread import one_thread
from churnml.training.choose.parallel import side_by_side


def test_what_is_found_stands_in_the_order_of_the_items() -> None:
    def last_first(item: float, settings: FitSettings) -> float:
        time.sleep(item)
        return item

    assert side_by_side(last_first, [0.2, 0.0, 0.1], FitSettings(7, 3)) == [0.2, 0.0, 0.1]


@pytest.mark.parametrize(
    ("threads", "items", "each", "beside"),
    [(1, 3, 1, 1), (2, 3, 1, 2), (2, 1, 2, 1), (4, 2, 2, 2), (3, 2, 1, 2), (2, 0, 2, 0)],
)
def test_the_threads_are_shared(threads: int, items: int, each: int, beside: int) -> None:
    together = threading.Barrier(beside, timeout=60) if items == beside else None
    asked: list[int] = []
    workers: set[int] = set()

    def work(item: int, settings: FitSettings) -> None:
        if together is not None:
            together.wait()
        asked.append(settings.threads)
        workers.add(threading.get_ident())
        assert settings.seed == 7

    side_by_side(work, list(range(items)), FitSettings(7, threads))
    assert asked == [each] * items
    assert len(workers) <= beside


def test_openmp_and_blas_keep_to_their_part() -> None:
    def count(item: int, settings: FitSettings) -> set[tuple[str, int]]:
        return {(pool["user_api"], pool["num_threads"]) for pool in threadpool_info()}

    before = threadpool_info()
    for found in side_by_side(count, [1, 2], FitSettings(7, 4)):
        assert found == {("openmp", 2), ("blas", 1)}
    assert threadpool_info() == before


def test_in_a_sequential_backend_all_threads_work_for_one_item() -> None:
    with joblib.parallel_config(backend="sequential"):
        assert side_by_side(lambda item, settings: settings.threads, [1, 2], FitSettings(7, 2)) == [2, 2]


def test_what_fails_waits_for_those_beside_and_leaves_no_limit_behind() -> None:
    begun, failed, ended = threading.Event(), threading.Event(), threading.Event()

    def one_fails_while_the_other_works(item: int, settings: FitSettings) -> None:
        if item == 1:
            assert begun.wait(60)  # who has not begun is left undone
            failed.set()
            raise ValueError(f"item {item}")
        begun.set()
        with one_thread():
            assert failed.wait(60)
            time.sleep(0.3)
        ended.set()

    with threadpool_limits(2):
        before = threadpool_info()
        with pytest.raises(ValueError, match="item 1"):
            side_by_side(one_fails_while_the_other_works, [1, 2], FitSettings(7, 2))
        assert ended.is_set()
        assert threadpool_info() == before


def test_what_fails_leaves_the_rest_undone() -> None:
    done = []

    def fail(item: int, settings: FitSettings) -> None:
        done.append(item)
        time.sleep(0.1)
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 0"):
        side_by_side(fail, list(range(20)), FitSettings(7, 2))
    assert len(done) < 20
