"""Words are found in Chinese and in English alike, whatever signs stand between them."""

import pytest
from hypothesis import given, strategies as st

from experiments.act.knowledge.terms import folded, indexed, matches, pieces, terms_of

TEXTS = (
    "批改：换一种利益点",
    "Policy change: another benefit_text, in no hurry",
    "添加我们的官方企业微信（ＷｅＣｏｍ），保单批改不用再排队 100%",
    "先把保单查询办完，再邀请；理赔查询不邀请",
)
INDEX = indexed(TEXTS)


@pytest.mark.parametrize(
    "query",
    [
        "企业微信",
        "保单批改",
        "信",  # one character
        "ｗｅｃｏｍ",  # full-width letters in the query
        "wecom",  # … and in the text
        "WECOM",
        "hurr",  # the beginning of a word
        "benefit_text",  # `_` separates, and stands for nothing
        "100%",
        "policy 企业微信",  # both at once, in any order
        "企业微信policy",  # without a space between
        "保单查询 理赔查询",
        "保单批改企业微信",  # two words written as one: one joint is missing
        "  企业微信 \t🙂  ",
    ],
)
def test_finds(query: str) -> None:
    assert all(matches(term, INDEX) for term in terms_of(query))
    assert terms_of(query)


@pytest.mark.parametrize(
    "query",
    [
        "微企",  # the characters are there, not so
        "单批改企",  # four characters have to stand together
        "urry",  # the middle of a word
        "企业微信 telegram",  # every term has to be there
        "1_0",  # `_` is no letter that stands for any
        "保单续保企业微信",  # too many joints are missing
    ],
)
def test_does_not_find(query: str) -> None:
    assert not all(matches(term, INDEX) for term in terms_of(query))


@pytest.mark.parametrize("query", ["", "   ", "%", "_", "%_%", "🙂", "。，！", "\x00"])
def test_signs_alone_ask_for_nothing(query: str) -> None:
    assert terms_of(query) == ()


def test_what_was_found_is_marked_in_the_text_as_it_is_written() -> None:
    def marked(text: str, query: str) -> list[str]:
        return [piece.text for piece in pieces(text, terms_of(query)) if piece.found]

    assert marked("添加企业微信（ＷｅＣｏｍ）", "wecom 微信") == ["微信", "ＷｅＣｏｍ"]
    assert marked("保单在企业微信里批改", "保单批改企业微信") == ["保单", "企业微信", "批改"]
    assert marked("no hurry, hurrying", "hurr") == ["hurr", "hurr"]
    assert marked("churro", "hurr") == []
    assert marked("10% of 5%", "%") == []


words = st.text(alphabet="保单批改企业微信 aBcＡé_%ß🙂", max_size=30)


@given(words, words)
def test_marking_loses_no_character_and_marks_where_there_is_something_to_find(text: str, query: str) -> None:
    terms = terms_of(query)
    parts = pieces(text, terms)
    assert folded("".join(part.text for part in parts)) == folded(text)
    whole = [term for term in terms if term.needed == 1 and matches(term, indexed([text]))]
    assert bool(whole) <= any(part.found for part in parts)


@given(words)
def test_every_text_finds_itself(text: str) -> None:
    assert all(matches(term, indexed([text])) for term in terms_of(text))
