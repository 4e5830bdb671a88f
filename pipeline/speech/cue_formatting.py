"""How a cue looks beside what it says: italics and the like, and where it stands. Pure.

Kept in the form of WebVTT (W3C, 4.2.2 and 4.4), which the stream's track has; read from SubRip, which has the tags of
HTML and the places of SubStation Alpha, and written for it as far as it has a word for it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

TAGS = frozenset({"b", "i", "u", "c", "v", "lang", "ruby", "rt"})
"""What WebVTT knows. The times of single words are left out: they would not follow a cue that is moved."""
ALL = "all"
"""Stands for every tag that has begun, which SubStation Alpha's reset ends."""
SUBRIP_TAGS = frozenset({"b", "i", "u"})

_ENTITY = re.compile(r"&(?:amp|lt|gt|nbsp|quot|apos|#39|#34);")
"""What programs that make SubRip of WebVTT leave in it; SubRip itself knows no escapes."""
_VTT_TAG = re.compile(r"<([^<>]*)>")
_VTT_NAME = re.compile(r"(/?)([a-z]*)((?:\.[^\s.]+)*)(?=\s|$)")
_SUBRIP_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[biu]\b|(?:[scv]|font|ruby|rt|lang|span)\b)[^<>\n]*>"
    r"|\{(?P<end>/?)(?P<letter>[biu])\}|\{(?P<codes>\\[^{}\n]*)\}",
    re.IGNORECASE,
)
_CODE = re.compile(r"\\([biu])([01])(?![0-9])|\\r")
_PLACE = re.compile(r"\\an([1-9])(?![0-9])")

_PERCENT = r"\d+(?:\.\d+)?%"
_SETTING = re.compile(
    rf"line:(?:-?\d+|{_PERCENT})(?:,(?:start|center|end))?"
    rf"|position:{_PERCENT}(?:,(?:line-left|center|line-right))?"
    rf"|size:{_PERCENT}|align:(?:start|center|end|left|right)|vertical:(?:rl|lr)"
)
_LINES = {"top": "line:0", "middle": "line:50%", "bottom": ""}
_ALIGNS = {"left": "align:left", "center": "", "right": "align:right"}


@dataclass(frozen=True, kw_only=True)
class _Tag:
    """A tag that begins or ends; `rest` are its classes and what follows its name."""

    name: str
    ends: bool = False
    rest: str = ""


def formatted_vtt(content: str) -> str:
    """Return the text of a WebVTT cue with the tags that are known, all of them closed; empty where it has none."""
    return _built(_vtt_parts(content))


def formatted_subrip(content: str) -> str:
    """Return the text of a SubRip caption as WebVTT with the tags that this has; empty where it has none."""
    return _built(_subrip_parts(content))


def unescaped(text: str) -> str:
    """Return a text of SubRip without the escapes of WebVTT."""
    return _ENTITY.sub(lambda found: html.unescape(found.group()), text)


def vtt_settings(written: str) -> str:
    """Return those of a cue's settings that say where it stands, as far as they are right; regions are left out."""
    parts = (part.replace("align:middle", "align:center") for part in written.split())
    return " ".join(part for part in parts if _SETTING.fullmatch(part))


def subrip_settings(content: str) -> str:
    r"""Return the place that a SubRip caption names, such as `{\an8}`, as WebVTT's settings: numbers as on a keypad."""
    codes = (tag["codes"] for tag in _SUBRIP_TAG.finditer(content) if tag["codes"])
    place = next((found for written in codes if (found := _PLACE.search(written))), None)
    if place is None:
        return ""
    row, column = divmod(int(place.group(1)) - 1, 3)
    parts = (list(_LINES.values())[2 - row], list(_ALIGNS.values())[column])
    return " ".join(part for part in parts if part)


def to_subrip(formatted: str, settings: str) -> tuple[str, str]:
    r"""Return the text with SubRip's tags of a text with WebVTT's, and the place that goes before it (`{\an8}`)."""
    text = "".join(_subrip_part(part) for part in _vtt_parts(formatted))
    return text, _subrip_place(settings)


def _subrip_part(part: str | _Tag) -> str:
    if isinstance(part, str):
        return part
    return f"<{'/' if part.ends else ''}{part.name}>" if part.name in SUBRIP_TAGS else ""


def _subrip_place(settings: str) -> str:
    named = dict(part.partition(":")[::2] for part in settings.split())
    if "vertical" in named:
        return ""
    line = named.get("line", "").partition(",")[0]
    row = 0
    if line.endswith("%"):
        row = 2 if float(line[:-1]) < 34 else 1 if float(line[:-1]) < 67 else 0
    elif line and not line.startswith("-"):
        row = 2
    column = {"left": 0, "start": 0, "right": 2, "end": 2}.get(named.get("align", ""), 1)
    number = 3 * row + column + 1
    return "" if number == 2 else f"{{\\an{number}}}"


def _vtt_parts(content: str) -> Iterator[str | _Tag]:
    """Yield the text, without escapes, and the known tags of a WebVTT cue."""
    at = 0
    for found in _VTT_TAG.finditer(content):
        yield html.unescape(content[at : found.start()])
        at = found.end()
        named = _VTT_NAME.match(found.group(1))
        if named is not None and named.group(2) in TAGS:
            end, name, classes = named.groups()
            words = " ".join(found.group(1)[named.end() :].split()) if name in ("v", "lang") else ""
            yield _Tag(name=name, ends=bool(end), rest=classes + (f" {words}" if words else ""))
    yield html.unescape(content[at:])


def _subrip_parts(content: str) -> Iterator[str | _Tag]:
    at = 0
    for found in _SUBRIP_TAG.finditer(content):
        yield unescaped(content[at : found.start()])
        at = found.end()
        name = (found["name"] or found["letter"] or "").lower()
        if name in SUBRIP_TAGS:
            yield _Tag(name=name, ends=bool(found["close"] or found["end"]))
        for code, begins in _CODE.findall(found["codes"] or ""):
            yield _Tag(name=code or ALL, ends=begins != "1")
    yield unescaped(content[at:])


def _built(parts: Iterator[str | _Tag]) -> str:
    """Return the parts as WebVTT: each tag closed in its turn, one that nothing has begun left out."""
    made: list[str] = []
    begun: list[str] = []
    any_tag = False
    for part in parts:
        if isinstance(part, str):
            made.append(part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
        elif not part.ends:
            any_tag = True
            begun.append(part.name)
            made.append(f"<{part.name}{part.rest}>")
        elif part.name == ALL:
            made += (f"</{name}>" for name in reversed(begun))
            begun.clear()
        elif part.name in begun:
            while (name := begun.pop()) != part.name:
                made.append(f"</{name}>")
            made.append(f"</{part.name}>")
    made += (f"</{name}>" for name in reversed(begun))
    return _lines("".join(made)) if any_tag else ""


def _lines(text: str) -> str:
    """Return a text without blank lines; the tags of one that has nothing else go to the next line, or to the last."""
    made: list[str] = []
    waiting = ""
    for line in text.split("\n"):
        line = waiting + " ".join(line.split())
        waiting = ""
        if _VTT_TAG.sub("", line).strip():
            made.append(line)
        else:
            waiting = line.strip()
    if made and waiting:
        made[-1] += waiting
    return "\n".join(made)
