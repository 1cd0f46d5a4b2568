"""What is asked for again stays; what was longest not asked for goes."""

from __future__ import annotations

from churnml.data.recent import Recent


def test_an_answer_that_is_asked_for_again_outlives_those_that_are_not() -> None:
    made: list[str] = []
    recent: Recent[str] = Recent(most=2)

    def make(word: str) -> str:
        made.append(word)
        return word.upper()

    assert [recent.of(word, lambda word=word: make(word)) for word in "abacab"] == list("ABACAB")
    assert made == ["a", "b", "c", "b"], "c let b go, which was asked for before a"
