"""Reads subtitle files that were made elsewhere: SubRip and WebVTT, in the encodings in which people have them.

The blocks of a file are read by the libraries for its form, from times that are written alike before. What is meant
clearly is read, however it is written. What the libraries would pass over in silence is an error here, with its line.
Of the formatting is kept what `cue_formatting` knows; the styles, regions and comments that a WebVTT file has are left
out.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import srt  # type: ignore[import-untyped]

from pipeline.errors import SubtitleFileError
from pipeline.files import read_file
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.cue_formatting import formatted_subrip, formatted_vtt, subrip_settings, unescaped, vtt_settings
from pipeline.speech.cues import Cue
from pipeline.speech.subtitle_times import UNSEEN, SubtitleForm, TimeLine, milliseconds, short, time_lines, with_times

LARGEST_BYTES = 32 << 20
"""A day of subtitles has about 2 MB: anything larger is not a subtitle file."""

LEAST_ZEROS = 0.05
"""What share of a file's bytes are zeros at least, on one side, in UTF-16: times and line ends alone have more."""
MOST_UNWRITTEN = 0.01
"""What share of a text are control characters at most; video, pictures and archives have more."""

LINES_NAMED = 5
"""How many lines a note names."""

WESTERN = ("cp1252", "mac_roman")
ENCODINGS = {
    **dict.fromkeys(("ru", "uk", "be", "bg", "mk", "sr", "kk"), ("cp1251", "koi8_r", "mac_cyrillic")),
    **dict.fromkeys(("pl", "cs", "sk", "hu", "sl", "hr", "bs", "ro", "sq"), ("cp1250", "mac_latin2")),
    **dict.fromkeys(("ar", "fa", "ur"), ("cp1256", "mac_arabic")),
    **dict.fromkeys(("he", "yi"), ("cp1255",)),
    **dict.fromkeys(("et", "lv", "lt"), ("cp1257",)),
    **dict.fromkeys(("zh", "yue"), ("gb18030", "big5")),
    "el": ("cp1253", "mac_greek"),
    "tr": ("cp1254", "mac_turkish"),
    "vi": ("cp1258",),
    "th": ("cp874",),
    "ja": ("cp932", "euc_jp"),
    "ko": ("cp949",),
}
"""The encodings before Unicode of each language, the usual first; languages that are not here have the Western ones."""

ANY_ENCODING = (*WESTERN, *dict.fromkeys(name for names in ENCODINGS.values() for name in names))

OTHER_FORMS = {"[Script Info]": "ASS", "<?xml": "XML (TTML)", "<tt": "TTML", "{\\rtf": "RTF", "<SAMI": "SAMI"}
"""How other forms begin, and what they are called."""

_VTT_BLOCK = re.compile(r"(?:WEBVTT|NOTE|STYLE|REGION|X-TIMESTAMP-MAP)(?![A-Za-z])")
_HEADER = re.compile(r"^WEBVTT(?: [^\n]*)?\n(?:X-TIMESTAMP-MAP[^\n]*\n)?(?=\n)", re.MULTILINE)
_UNWRITTEN = re.compile("[\x00-\x08\x0e-\x19\ufffd]")
_OTHER_LINE_ENDS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_MARKS = re.compile("^\ufeff+", re.MULTILINE)
_NUMBER = re.compile(rf"{UNSEEN}[#№]?\s*(\d+)\s*[.:)]?{UNSEEN}")
_BLANK = re.compile(UNSEEN)
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_HTML = re.compile(r"</?(?:p|div|em|strong|small|big|center|tt|a|sub|sup|strike|del|ins)\b[^<>\n]*>", re.IGNORECASE)
_VTT_TAG = re.compile(r"<[^<>\n]*>")
_MARKUP = re.compile(
    r"</?(?:[biuscv]|font|ruby|rt|lang|span)\b[^<>\n]*>|\{\\[^{}\n]*\}|\{[biu]\}|\{/[biu]\}", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Subtitles:
    """What a text holds: its cues in the order of their begins, and its form.

    `without_length` are the lines of the captions that end when or before they begin, counted from 1; `usual` says that
    all times are written as the form asks for, and `encoding` is the one that a file was read as.
    """

    cues: tuple[Cue, ...]
    form: SubtitleForm
    without_length: tuple[int, ...] = ()
    usual: bool = True
    encoding: str = "utf-8"

    def note(self, name: str) -> str:
        """Return a sentence that tells what was mended in the file of a name; empty where nothing was."""
        if not self.without_length:
            return ""
        count, lines = len(self.without_length), ", ".join(map(str, self.without_length[:LINES_NAMED]))
        more = ", …" if count > LINES_NAMED else ""
        if count == 1:
            return f"{name}: 1 caption ends when or before it begins (line {lines}): it is shown until it can be read."
        text = f"{name}: {count} captions end when or before they begin (lines {lines}{more})"
        return f"{text}: they are shown until they can be read."


def read_subtitles(path: Path, *, language: str | None = None, as_written: bool = False) -> Subtitles:
    """Return what a SubRip or WebVTT file holds. `language` tells encodings apart where the file is not in Unicode;
    `as_written` is what `parse_subtitles` does with it.

    Raises SubtitleFileError, with the line where one is wrong; also for a file without any caption.
    """
    try:
        size_bytes = path.stat().st_size
        data = read_file(path) if size_bytes <= LARGEST_BYTES else b""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise SubtitleFileError(f"The captions {path} can't be read ({reason}): check the file.") from error
    if size_bytes > LARGEST_BYTES:
        raise SubtitleFileError(f"{path} is too large for a subtitle file: choose an SRT or WebVTT file.")
    try:
        text, encoding = decode_subtitles(data, language)
        return replace(parse_subtitles(text, as_written=as_written), encoding=encoding)
    except ValueError as error:
        raise SubtitleFileError(f"The captions {path} can't be read: {error}.") from error


def decode_subtitles(data: bytes, language: str | None = None) -> tuple[str, str]:
    """Return the text of a file and the encoding that it is in. Raises ValueError, for the middle of a sentence.

    Unicode is known by its mark or by its form; of the older encodings the likeliest is taken.
    """
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return _decoded(data, encoding), encoding
    zeros = [data[first::2].count(0) for first in (0, 1)]
    if max(zeros) > LEAST_ZEROS * len(data):  # digits and line ends have one each in UTF-16
        encoding = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
        if _is_text(data.decode(encoding, "replace")):
            return _decoded(data, encoding), encoding
    data = data.rstrip(b"\0").replace(b"\0", b" ")  # a disk that failed leaves zeros at the end of a file
    if not _is_text(data.decode("latin-1")):
        raise ValueError("it is not a text file")
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        encoding = _likeliest(data, language)
    return _decoded(data, encoding), encoding


def parse_subtitles(text: str, *, as_written: bool = False) -> Subtitles:
    """Return what a file's text holds. Raises ValueError, for the middle of a sentence.

    Captions without text are left out, and those that end when or before they begin get a length, unless they are
    wanted as they are written.
    """
    text = _OTHER_LINE_ENDS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _MARKS.sub("", text)  # files that were joined have one each
    other = next((name for head, name in OTHER_FORMS.items() if text.lstrip().startswith(head)), None)
    if other is not None:
        raise ValueError(f"it is in the form {other}; save it as SRT or WebVTT")
    form = SubtitleForm.VTT if re.match(r"\s*WEBVTT(?=\s|$)", text, re.IGNORECASE) else SubtitleForm.SRT
    if form is SubtitleForm.VTT:  # files that were joined have a header each, some without a blank line before it
        text = _HEADER.sub(r"\n\g<0>", f"WEBVTT{text.lstrip()[6:]}").lstrip("\n")
    lines = text.split("\n")
    times = list(time_lines(lines, form))
    if not times:
        raise ValueError("there are no captions in it")
    made = _vtt_cues(lines, times) if form is SubtitleForm.VTT else _srt_cues(lines, times)
    cues = [cue for cue in made if cue.text or as_written]
    if not any(cue.text for cue in cues):
        raise ValueError("its captions have no text")
    if len(_HEADER.findall(text)) > 1:  # of a cue that shows in two segments of a stream, each of their files has one
        cues = list(dict.fromkeys(cues))
    cues.sort(key=lambda cue: (cue.start_s, cue.end_s))
    return Subtitles(
        cues=tuple(cues) if as_written else with_lengths(cues),
        form=form,
        without_length=tuple(
            line.number for line, cue in zip(times, made, strict=True) if cue.text and not line.has_length
        ),
        usual=all(line.usual for line in times),
    )


def with_lengths(cues: Sequence[Cue]) -> tuple[Cue, ...]:
    """Return cues, in the order of their begins, that all end after they begin.

    One that doesn't is shown as long as it takes to be read, or until another one begins.
    """
    profile, starts = caption_profile(), [cue.start_s for cue in cues]
    made = []
    for cue in cues:
        if cue.end_s <= cue.start_s:
            after = bisect_right(starts, cue.start_s)
            end_s = cue.start_s + min(max(profile.shortest_s, profile.reading_s(cue.text)), profile.longest_s)
            cue = replace(cue, end_s=round(min([end_s, *starts[after : after + 1]]), 3))
        made.append(cue)
    return tuple(made)


def _is_text(text: str) -> bool:
    """Whether a text has no more signs that nobody writes than a slip would leave in it."""
    return len(_UNWRITTEN.findall(text)) <= MOST_UNWRITTEN * len(text)


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError("its encoding is not known; save it as UTF-8") from error


def _likeliest(data: bytes, language: str | None) -> str:
    """Return the encoding in which a text has the fewest odd letters; of several such the first in our order."""
    from charset_normalizer import from_bytes

    code = (language or "").lower().partition("-")[0]
    names = ENCODINGS.get(code, WESTERN) if code else ANY_ENCODING
    found = from_bytes(data, cp_isolation=list(names), threshold=0.5, preemptive_behaviour=False, enable_fallback=False)
    if not found:
        raise ValueError("its encoding is not known; save it as UTF-8")
    least = min(match.chaos for match in found)
    likely = {name for match in found if match.chaos == least for name in match.could_be_from_charset}
    return next((name for name in names if name in likely), found[0].encoding)


def _srt_cues(lines: Sequence[str], times: Sequence[TimeLine]) -> list[Cue]:
    """Return each caption of a SubRip file."""
    text = "\n".join(_with_numbers(lines, times))
    try:
        parsed = list(srt.parse(text))
    except srt.SRTParseError as error:
        number = text.count("\n", 0, error.expected_start) + 1
        raise ValueError(f"line {number} belongs to no caption ({short(error.unmatched_content)})") from error
    starts = [round(block.start / timedelta(milliseconds=1)) for block in parsed]
    _check_all_read(times, starts)
    contents = [_HTML.sub("", _LINE_BREAK.sub("\n", block.content)) for block in parsed]
    return [
        Cue(
            start_s=line.start_ms / 1000,
            end_s=line.end_ms / 1000,
            text=_plain(unescaped(_MARKUP.sub("", content))),
            formatted=formatted_subrip(content),
            settings=subrip_settings(content),
        )
        for line, content in zip(times, contents, strict=True)
    ]


def _with_numbers(lines: Sequence[str], times: Sequence[TimeLine]) -> list[str]:
    """Return the lines with times and numbers as the library knows them, and a blank line after each text.

    In a file whose first caption has no number, a number before times is what the caption before says.
    """
    written = with_times(lines, times, ",")
    numbered = any(line.strip() for line in lines[: times[0].number - 1])
    for line in times:
        if line.number == 1:
            continue
        place = line.number - 1
        number = _NUMBER.fullmatch(lines[place - 1]) if numbered else None
        if number is not None:
            written[place - 1] = number.group(1)
        elif lines[place - 1].strip():
            written[place] = f"\n{written[place]}"
    return written


def _vtt_cues(lines: Sequence[str], times: Sequence[TimeLine]) -> list[Cue]:
    """Return each caption of a WebVTT file."""
    _check_text(lines)
    import webvtt  # when first used: the window opens without

    captions = webvtt.WebVTT.from_string("\n".join(with_times(lines, times, "."))).captions
    _check_all_read(times, [milliseconds(re.split("[:.]", caption.start)) for caption in captions])
    contents = [_LINE_BREAK.sub("\n", caption.raw_text) for caption in captions]
    return [
        Cue(
            start_s=line.start_ms / 1000,
            end_s=line.end_ms / 1000,
            text=_plain(html.unescape(_VTT_TAG.sub("", content))),
            formatted=formatted_vtt(content),
            settings=vtt_settings(line.rest),
        )
        for line, content in zip(times, contents, strict=True)
    ]


def _check_text(lines: Sequence[str]) -> None:
    """See that no text after a caption's blank line would be dropped. Raises ValueError with its line."""
    in_caption = new_block = False
    for number, line in enumerate(lines, start=1):
        if not line:  # one with a space alone is a line of the caption
            new_block = True
        elif "-->" in line:
            in_caption, new_block = True, False
        elif new_block and _VTT_BLOCK.match(line):
            in_caption = new_block = False
        elif new_block and in_caption and not _has_times_below(lines, number):
            raise ValueError(f"line {number} belongs to no caption ({short(line)})")
        else:
            new_block = False


def _has_times_below(lines: Sequence[str], number: int) -> bool:
    """Whether the line after that of a number has times, so that this one names a caption."""
    return number >= len(lines) or "-->" in lines[number]


def _check_all_read(times: Sequence[TimeLine], starts_ms: Sequence[int]) -> None:
    """See that the library has read each caption that has times."""
    for index, line in enumerate(times):
        if index >= len(starts_ms) or starts_ms[index] != line.start_ms:
            raise ValueError(f"the caption at line {line.number} can't be read")


def _plain(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if not _BLANK.fullmatch(line))
