"""Cuts text of scripts without spaces where a phrase ends: Japanese, Chinese and Thai, by budoux. Pure.

Of other such scripts (Lao, Khmer, Burmese) no word is known: they are cut between any two syllables.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from budoux import Parser

KANA = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff]")
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
THAI = re.compile(r"[\u0e00-\u0e7f]")
OTHERS = re.compile(r"[\u0e80-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff]")
"""Lao, Tibetan, Burmese, Khmer."""
NEVER_FIRST = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮーヽヾ々〻ๆฯ〜")
"""Small kana, marks of length and of repetition: they belong to the character before."""
TRADITIONAL = frozenset({"zh-hant", "zh-tw", "zh-hk", "zh-mo", "yue"})
TRADITIONAL_ONLY = frozenset(
    "們個這來說會學對過還開關時間問題為與國語電話頭點樣種經發當體長車見東馬門買賣現實讓該從進動機無業產應寫讀請謝誰麼嗎轉換軟"
)
"""Frequent characters that simplified Chinese writes in another way: Whisper calls both of them `zh`."""


def is_unspaced(text: str) -> bool:
    """Whether a text has letters of a script that puts no spaces between words."""
    return any(script.search(text) for script in (KANA, HAN, THAI, OTHERS))


def phrases(text: str, language: str | None) -> list[str]:
    """Return the phrases of a text without spaces; joined they are the text.

    Chinese is traditional if its `language` or one of its characters says so.
    """
    if KANA.search(text) or (language == "ja" and HAN.search(text)):
        cut = _parser("ja").parse(text)
    elif HAN.search(text):
        traditional = (language or "").replace("_", "-").lower() in TRADITIONAL or not TRADITIONAL_ONLY.isdisjoint(text)
        cut = _parser("zh-hant" if traditional else "zh-hans").parse(text)
    elif THAI.search(text):
        cut = _parser("th").parse(text)
    else:
        cut = list(text)
    joined: list[str] = []
    for part in cut:
        if joined and _belongs(joined[-1], part):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


@cache
def _parser(name: str) -> Parser:
    import budoux  # reads its models

    loaders = {
        "ja": budoux.load_default_japanese_parser,
        "zh-hans": budoux.load_default_simplified_chinese_parser,
        "zh-hant": budoux.load_default_traditional_chinese_parser,
        "th": budoux.load_default_thai_parser,
    }
    return loaders[name]()


def _belongs(before: str, after: str) -> bool:
    """Whether the second part can't begin a line, the first can't end one, or a word of letters goes on."""
    last, first = before[-1], after[0]
    kind = unicodedata.category(first)
    if kind[0] == "M" or kind in ("Pe", "Pf", "Po", "Cf") or first in NEVER_FIRST:
        return True
    if unicodedata.category(last) in ("Ps", "Pi", "Cf"):
        return True
    return not is_unspaced(last + first) and last.isalnum() and first.isalnum()
