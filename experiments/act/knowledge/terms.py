"""How entries are found by words, in Chinese and in English alike, with no extension of any database.

Text is folded (NFKC, so that full-width letters are letters; then without case) and cut into runs of letters and
digits, and runs of Chinese. Everything else only separates: a `%`, a `_` or an emoji in a query means nothing. An
English term finds the words that begin with it. A Chinese term finds itself; a long one may miss one joint in four
between its characters, since people write two words as one (保单批改企业微信).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LONGEST_QUERY = 200
"""Characters of a query."""
_MOST_TERMS = 20
_MISSING_OF = 4  # of so many joints of a Chinese term, one may be missing

_HAN = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(f"[{_HAN}]+|[^\\W_{_HAN}]+")


@dataclass(frozen=True, slots=True)
class Term:
    """One run of a query; `joints` are what an entry is asked for, of which `needed` have to be there.

    They are parts of indexed text, an English one with the space that stands before every word there.
    """

    text: str
    joints: tuple[str, ...]
    needed: int

    @property
    def is_word(self) -> bool:
        """Say whether it is a word of letters, which finds what begins with it."""
        return self.joints[0].startswith(" ")

    @property
    def whole(self) -> str:
        """Give what an entry that has all of it in one piece has."""
        return f" {self.text}" if self.is_word else self.text


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; `found` when a query asked for it."""

    text: str
    found: bool


def folded(text: str) -> str:
    """Fold a text: compatible characters as one, and no case."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def indexed(texts: Iterable[str]) -> str:
    """Give what is kept of texts for search: their runs, each with a space before it."""
    return "".join(f" {run}" for text in texts for run in _RUN.findall(folded(text)))


def terms_of(query: str) -> tuple[Term, ...]:
    """Cut a query into its terms, each once; none where it has neither letters, digits nor Chinese."""
    runs = dict.fromkeys(_RUN.findall(folded(query)))
    return tuple(map(_term, list(runs)[:_MOST_TERMS]))


def _term(run: str) -> Term:
    if not _is_han(run):
        return Term(run, (f" {run}",), 1)
    pairs = tuple(dict.fromkeys(run[i : i + 2] for i in range(len(run) - 1)))
    missing = len(pairs) // _MISSING_OF
    return Term(run, pairs, len(pairs) - missing) if missing else Term(run, (run,), 1)


def _is_han(run: str) -> bool:
    return re.match(f"[{_HAN}]", run) is not None


def matches(term: Term, index: str) -> bool:
    """Say whether indexed text has what a term needs: the rule that the database applies to entries."""
    return sum(joint in index for joint in term.joints) >= term.needed


def pieces(text: str, terms: Sequence[Term]) -> tuple[Piece, ...]:
    """Split a text into what a query asked for and what stands between; together they are the text, composed (NFC)."""
    text = unicodedata.normalize("NFC", text)
    spans = _merged(sorted(_spans(text, terms)))
    parts, at = [], 0
    for start, end in spans:
        parts += [Piece(text[at:start], found=False), Piece(text[start:end], found=True)]
        at = end
    return tuple(part for part in (*parts, Piece(text[at:], found=False)) if part.text)


def _spans(text: str, terms: Sequence[Term]) -> Iterator[tuple[int, int]]:
    """Find the terms in a text, as places in the text as it is written."""
    letters = [folded(letter) for letter in text]
    places = [place for place, letter in enumerate(letters) for _ in letter]
    plain = "".join(letters)
    for term in terms:
        if term.is_word:
            found = re.finditer(f"(?<![^\\W_{_HAN}]){re.escape(term.text)}", plain)
        else:
            sought = (term.text,) if term.text in plain else term.joints
            found = re.finditer("|".join(f"(?={re.escape(joint)})" for joint in sought), plain)
        length = len(term.text) if term.is_word or term.text in plain else 2
        yield from ((places[each.start()], places[each.start() + length - 1] + 1) for each in found)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
