"""Topics of short texts: words that go together, by factorising how often each text has them."""

from __future__ import annotations

import html
import re
import unicodedata
import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from churnml.statistics.function_words import ENGLISH, GERMAN, TURKISH
from churnml.statistics.one_thread import one_thread

STEM_LETTERS = 5
"""Letters at the beginning of a word that tell it from others."""
SHOWN_WORDS = 5
"""Words that name a topic, at most."""
_MOST_STEMS = 2_000
_DIGITS = 6
_MOST_ROUNDS = 400
_LINKS = ("@", "://", "www.")
_TAG = re.compile(r"<[^<>]{0,500}>")
_WORD = re.compile(r"\b[^\W\d_]{3,30}\b")


@dataclass(frozen=True, kw_only=True, eq=False)
class Topics:
    """Topics of some texts.

    Attributes
    ----------
    words : tuple of tuple of str
        Words of each topic, those of most weight first.
    of : array of int, shape (texts,)
        Topic that weighs most in each text; -1 where none does.
    """

    words: tuple[tuple[str, ...], ...]
    of: NDArray[np.int64]


def find_topics(texts: Sequence[str], authors: Sequence[str], count: int, shared_by: int) -> Topics:
    """Find what texts are about.

    Rows are texts, columns are stems of words, and cells are TF-IDF weights with ``1 + log(tf)``. The matrix is
    factorised into two without negative numbers (Lee and Seung 1999, "Learning the parts of objects by non-negative
    matrix factorization"), beginning from its singular vectors (Boutsidis and Gallopoulos 2008, "SVD based
    initialization"), so that nothing is drawn; on one thread, from texts that were sorted, with rounded weights: the
    same texts give the same topics in whatever order they come.

    Parameters
    ----------
    texts : sequence of str
        Texts, in Turkish, English or German, or any mixture.
    authors : sequence of str
        Id of the author of each text.
    count : int
        Number of topics, as far as there are as many different texts.
    shared_by : int
        Number of authors who must use a word before it counts, and is shown: what fewer use may name somebody.

    Examples
    --------
    >>> texts = ["Parcel late", "late parcel!", "Broken cup", "the cup was broken"]
    >>> found = find_topics(texts, ["ann", "bob", "cem", "dan"], 2, 2)
    >>> found.words, found.of.tolist()
    ((('broken', 'cup'), ('late', 'parcel')), [1, 1, 0, 0])
    """
    words = [_words(text) for text in texts]
    forms = _shared_forms(words, authors, shared_by)
    stems = sorted(forms)
    place = {stem: number for number, stem in enumerate(stems)}
    rows = [" ".join(sorted(stem for stem, _ in each if stem in place)) for each in words]
    count = min(count, len({row for row in rows if row}), len(stems))
    if not count:
        return Topics(words=(), of=np.full(len(texts), -1, dtype=np.int64))
    order = np.array(sorted(range(len(rows)), key=lambda row: rows[row]), dtype=np.int64)
    of_text, of_stem = _factorise([rows[row] for row in order], stems, count)
    of = np.empty(len(texts), dtype=np.int64)
    of[order] = np.where(of_text.max(axis=1) > 0, of_text.argmax(axis=1), -1)
    shown = [sorted((-weight, stems[stem]) for stem, weight in enumerate(weights) if weight > 0) for weights in of_stem]
    named = [tuple(forms[stem] for _, stem in best[:SHOWN_WORDS]) for best in shown]
    alphabetical = sorted(range(count), key=lambda topic: (named[topic], topic))
    new = np.empty(count + 1, dtype=np.int64)
    new[alphabetical], new[-1] = np.arange(count), -1
    return Topics(words=tuple(named[topic] for topic in alphabetical), of=new[of])


def _factorise(rows: list[str], stems: list[str], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much of each topic is in each text, and of each stem in each topic."""
    from sklearn.decomposition import non_negative_factorization
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer

    weights = TfidfVectorizer(analyzer=str.split, vocabulary=stems, sublinear_tf=True).fit_transform(rows)
    with one_thread(), warnings.catch_warnings():
        # A topic does not move any more long before its last digits stand still.
        warnings.simplefilter("ignore", ConvergenceWarning)
        of_text, of_stem, _ = non_negative_factorization(
            weights, n_components=count, init="nndsvd", max_iter=_MOST_ROUNDS, random_state=0
        )
    lengths = np.sqrt((of_stem**2).sum(axis=1))
    of_stem = of_stem / np.where(lengths > 0, lengths, 1.0)[:, None]
    return np.round(of_text * lengths, _DIGITS), np.round(of_stem, _DIGITS)


def _shared_forms(words: Sequence[list[tuple[str, str]]], authors: Sequence[str], shared_by: int) -> dict[str, str]:
    """Return the stems that enough authors use, each with the form of it that most use."""
    users: dict[str, set[str]] = defaultdict(set)
    users_of_form: dict[tuple[str, str], set[str]] = defaultdict(set)
    for author, each in zip(authors, words, strict=True):
        for stem, form in each:
            users[stem].add(author)
            users_of_form[stem, form].add(author)
    most = sorted((-len(of), stem) for stem, of in users.items() if len(of) >= shared_by)[:_MOST_STEMS]
    best: dict[str, tuple[int, str]] = {}
    for (stem, form), of in users_of_form.items():
        rank = (-len(of), form)
        best[stem] = min(best.get(stem, rank), rank)
    return {stem: best[stem][1] if -best[stem][0] >= shared_by else f"{stem}…" for _, stem in most}


def _words(text: str) -> list[tuple[str, str]]:
    """Return the words of a text that may say what it is about, as stem and form.

    The first letters stand for a word, since Turkish and German add to its end; for Turkish, five do as well as an
    analysis of its grammar (Can et al. 2008, "Information retrieval on Turkish texts"). Tags, links, addresses and
    whatever holds a digit are left out.

    Examples
    --------
    >>> _words("<b>KARGOM</b> çok geç geldi, no 12a: bana a@b.com'dan yazın")
    [('kargo', 'kargom'), ('gec', 'geç'), ('geldi', 'geldi'), ('yazin', 'yazın')]
    """
    bare = _TAG.sub(" ", html.unescape(text))
    bare = " ".join(part for part in bare.split() if not any(link in part for link in _LINKS))
    small = unicodedata.normalize("NFC", bare).replace("İ", "i").lower()
    pairs = ((_folded(form), form) for form in _WORD.findall(small))
    return [(word[:STEM_LETTERS], form) for word, form in pairs if word not in _function_words()]


def _folded(word: str) -> str:
    marked = unicodedata.normalize("NFKD", word.replace("ı", "i").replace("ß", "ss"))
    return "".join(sign for sign in marked if not unicodedata.combining(sign))


@cache
def _function_words() -> frozenset[str]:
    return frozenset(_folded(word) for words in (TURKISH, ENGLISH, GERMAN) for word in words.split())
