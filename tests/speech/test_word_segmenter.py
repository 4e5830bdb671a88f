"""Text of scripts without spaces is cut where a phrase ends, never inside a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.word_segmenter import is_unspaced, phrases


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("ja", "今日は動画を変換します。", ["今日は", "動画を", "変換します。"]),
        ("zh", "我们将学习如何使用这个软件。", ["我们", "将", "学习", "如何", "使用", "这个", "软件。"]),
        ("zh-TW", "我們將學習如何使用軟體。", ["我們", "將", "學習", "如何", "使用", "軟體。"]),
        ("zh", "我們將學習如何使用軟體。", ["我們", "將", "學習", "如何", "使用", "軟體。"]),
        ("th", "เราจะเรียน", ["เรา", "จะ", "เรียน"]),
    ],
)
def test_a_text_is_cut_between_its_words(language: str, text: str, expected: list[str]):
    """By a segmenter for each script, also where Whisper calls two of them by one name; punctuation stays with the word
    before it.
    """
    assert expected == phrases(text, language)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("word", False),
        ("слово", False),
        ("한국어", False),
        ("مرحبا", False),
        ("語", True),
        ("かな", True),
        ("ไทย", True),
    ],
)
def test_scripts_without_spaces_are_known(text: str, expected: bool):
    """Korean and Arabic have spaces."""
    assert expected is is_unspaced(text)


@given(
    text=st.text(alphabet="今日は、動画Python3.11を「変換」しますー々。我们将学习วันนี้เราະບາຍ", min_size=1, max_size=40),
    language=st.sampled_from(["ja", "zh", "zh-TW", "th", "lo", None]),
)
def test_nothing_is_lost(text: str, language: str | None):
    """The phrases joined are the text, and none is empty."""
    found = phrases(text, language)
    assert (text, True) == ("".join(found), all(found))
