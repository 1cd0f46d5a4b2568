"""Answers that were asked for of late, of which the one that was longest not asked for goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Recent(Generic[Answer]):
    """A number of answers by what was asked; threads may ask at the same time.

    Parameters
    ----------
    most : int
        Number of answers that are kept.

    Examples
    --------
    >>> recent = Recent(most=2)
    >>> [recent.of(word, lambda word=word: len(word)) for word in ("a", "list", "a", "shop", "a")]
    [1, 4, 1, 4, 1]
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._lock = Lock()

    def of(self, asked: Hashable, make: Callable[[], Answer]) -> Answer:
        """Return the answer, which is made where it is not known any more."""
        with self._lock:
            if asked in self._answers:
                self._answers.move_to_end(asked)
                return self._answers[asked]
        answer = make()
        with self._lock:
            self._answers[asked] = answer
            if len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return answer
