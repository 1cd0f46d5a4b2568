"""Topics of texts, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from churnml.statistics.topics import find_topics

LATE = ["Kargom çok geç geldi", "KARGO geç, yine geç", "kargonun gelmesi geç oldu"]
BROKEN = ["The cup was broken", "broken cup, again!", "My cup? Broken."]
BILL = ["Die Rechnung ist falsch", "falsche Rechnung", "Rechnung FALSCH berechnet"]
TEXTS = LATE + BROKEN + BILL
AUTHORS = [f"author {place}" for place in range(len(TEXTS))]


def test_words_that_stand_together_are_a_topic_in_three_languages() -> None:
    found = find_topics(TEXTS, AUTHORS, 3, 2)
    # kargo, kargom and kargonun are one word; its forms have an author each, so its beginning stands for it. All say
    # falsch of their own, one says falsche.
    assert found.words == (("broken", "cup"), ("falsch", "rechnung"), ("geç", "kargo…"))
    assert found.of.tolist() == [2, 2, 2, 0, 0, 0, 1, 1, 1]


def test_the_order_of_the_texts_changes_nothing() -> None:
    texts = TEXTS + ["geç geldi, broken", "cup falsch", "kargo cup rechnung", ""] * 3
    authors = [f"author {place}" for place in range(len(texts))]
    first = find_topics(texts, authors, 4, 2)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(texts))
        again = find_topics([texts[place] for place in order], [authors[place] for place in order], 4, 2)
        assert again.words == first.words
        assert again.of.tolist() == first.of[order].tolist()


def test_a_word_counts_from_so_many_authors_on() -> None:
    # The same author wrote three times of Ayşe.
    texts = [*TEXTS, *["Ayşe Yıldız was rude"] * 3]
    found = find_topics(texts, [*AUTHORS, *["one"] * 3], 4, 2)
    assert "ayşe" not in {word for words in found.words for word in words}
    assert found.of[-3:].tolist() == [-1, -1, -1], "no word of theirs is known"
    named = find_topics(texts, [*AUTHORS, "one", "two", "two"], 4, 2).words
    assert ("ayşe", "rude", "yıldız") in named


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<script>alert(1)</script> late &lt;b&gt;parcel&lt;/b&gt;", {"alert", "late", "parcel"}),
        ("write to ann@person.example, see https://shop.example/late www.late.example", {"write", "see"}),
        ("order 12345 A1234B tel 0532x", {"order", "tel"}),
        ("İADE iade IADE", {"iade"}),
        ("für über weil ich und the but çünkü değil şey", set()),
        ("\x00\u202e=1+1 {value} %s \U0010ffff ﷽", {"value"}),
    ],
)
def test_markup_addresses_numbers_and_function_words_are_no_words(text: str, words: set[str]) -> None:
    found = find_topics([text, text], ["ann", "bob"], 1, 2)
    assert {word for topic in found.words for word in topic} == words
    assert found.of.tolist() == ([0, 0] if words else [-1, -1])


def test_few_texts_have_few_topics() -> None:
    assert find_topics([], [], 3, 1).words == ()
    assert find_topics(["late parcel"] * 9, AUTHORS, 8, 2).words == (("late", "parcel"),)
