"""Subtitle files of any origin are read as they are meant, or refused with the line that is wrong."""

from __future__ import annotations

import random
from pathlib import Path

import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import SubtitleFileError
from pipeline.speech.cues import Cue
from pipeline.speech.subtitle_files import Subtitles, parse_subtitles, read_subtitles
from pipeline.speech.subtitle_times import SubtitleForm
from pipeline.speech.subtitles import to_srt, to_vtt

TEXTS = {
    "en": "It’s a fine day – isn’t it?",
    "de": "Grüße aus München, schöne Übung",
    "fr": "Ça va être une très belle journée à l’école",
    "es": "¿Cómo está usted mañana?",
    "pl": "Zażółć gęślą jaźń, proszę państwa",
    "ru": "Привет, сегодня мы говорим о сердце.",
    "el": "Καλημέρα σας, σήμερα θα μιλήσουμε",
    "tr": "Günaydın, bugün kalp hakkında konuşacağız",
    "he": "שלום לכולם, היום נדבר על הלב",
    "ar": "مرحبا بكم في هذا الدرس الأول",
    "ja": "今日は心臓について話します。",
    "zh": "今天我们来谈谈心脏。",
    "ko": "오늘은 심장에 대해 이야기하겠습니다.",
    "hi": "आज हम दिल के बारे में बात करेंगे।",
}
OLD = [
    ("en", "cp1252"),
    ("en", "mac_roman"),
    ("de", "cp1252"),
    ("de", "mac_roman"),
    ("fr", "cp1252"),
    ("fr", "mac_roman"),
    ("es", "cp1252"),
    ("pl", "cp1250"),
    ("ru", "cp1251"),
    ("ru", "koi8_r"),
    ("el", "cp1253"),
    ("tr", "cp1254"),
    ("he", "cp1255"),
    ("ar", "cp1256"),
    ("ja", "shift_jis"),
    ("zh", "gb18030"),
    ("ko", "cp949"),
]
SRT = "1\n00:00:01,000 --> 00:00:02,500\n{text}\n\n2\n00:00:03,000 --> 00:00:04,000\nOK\n"
VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\n{text}\n\n00:03.000 --> 00:04.000\nOK\n"


def _read(place: Path, data: bytes, language: str | None = None) -> list[str]:
    file = place / "Vortrag „eins“ 'a b'.srt"
    file.write_bytes(data)
    return [cue.text for cue in read_subtitles(file, language=language).cues]


@pytest.mark.parametrize("form", [SRT, VTT], ids=["srt", "vtt"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("language", TEXTS)
def test_unicode_in_every_form(tmp_path, language, encoding, form):
    """Unicode is known by its mark or its form, whatever the language, with Windows' line ends too."""
    text = form.format(text=TEXTS[language]).replace("\n", "\r\n")
    assert [TEXTS[language], "OK"] == _read(tmp_path, text.encode(encoding))


@pytest.mark.parametrize(("language", "encoding"), OLD, ids=[f"{name}-{encoding}" for name, encoding in OLD])
def test_older_encodings_of_a_language(tmp_path, language, encoding):
    """With the language known, the encodings of Windows and the Mac are told apart by their letters."""
    text = SRT.format(text=TEXTS[language])
    assert [TEXTS[language], "OK"] == _read(tmp_path, text.encode(encoding), language)


@pytest.mark.parametrize(
    ("language", "encoding"),
    [("de", "cp1252"), ("fr", "cp1252"), ("es", "cp1252"), ("de", "mac_roman"), ("ru", "cp1251"), ("ar", "cp1256")],
)
def test_older_encodings_of_any_language(tmp_path, language, encoding):
    """Also where the language is not known."""
    assert [TEXTS[language], "OK"] == _read(tmp_path, SRT.format(text=TEXTS[language]).encode(encoding))


CUES = st.lists(
    st.builds(
        lambda start, length, lines: Cue(start_s=start / 1000, end_s=(start + length) / 1000, text="\n".join(lines)),
        st.integers(0, 350_000_000),
        st.integers(1, 20_000),
        st.lists(
            st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1).filter(
                lambda line: "-->" not in line and "{" not in line and not line.lstrip("-").replace(".", "").isdigit()
            ),
            min_size=1,
            max_size=3,
        ),
    ),
    min_size=1,
    max_size=5,
).map(lambda cues: sorted(cues, key=lambda cue: (cue.start_s, cue.end_s)))


@settings(deadline=None, max_examples=60)
@given(CUES)
def test_what_is_written_is_read_back(cues):
    """No word and no time is lost in WebVTT; another library reads the same from both forms."""
    assert Subtitles(cues=tuple(cues), form=SubtitleForm.VTT) == parse_subtitles(to_vtt(cues))
    for text in (to_vtt(cues), to_srt(cues)):
        theirs = pysubs2.SSAFile.from_string(text, keep_unknown_html_tags=True, keep_ssa_tags=True)
        assert [(round(cue.start_s * 1000), round(cue.end_s * 1000)) for cue in cues] == [
            (event.start, event.end) for event in theirs
        ]


def test_plain_subrip_is_read_back():
    """What is written as SubRip is read back as it was, with lines and signs."""
    cues = (
        Cue(start_s=0.7, end_s=2.44, text="welcome\nlesson one"),
        Cue(start_s=3723.004, end_s=3724.0, text="a < b & c 😀 → 5"),
    )
    assert Subtitles(cues=cues, form=SubtitleForm.SRT) == parse_subtitles(to_srt(cues))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('1\n00:00:01,000 --> 00:00:02,000\n<i>in</i> <font color="red">red</font>, a <b>b\n', ["in red, a b"]),
        ("1\n00:00:01,000 --> 00:00:02,000\n{\\an8}above, a < b, {x}\n", ["above, a < b, {x}"]),
        ("WEBVTT\n\n00:01.000 --> 00:02.000 line:0 align:start\n<v Ann>a &lt; b &amp; c&nbsp;d</v>\n", ["a < b & c d"]),
        ("WEBVTT - title\nKind: captions\n\nNOTE x\n\nSTYLE\n::cue {}\n\nid\n00:01.000 --> 00:02.000\none\n", ["one"]),
        ("WEBVTT\n\n00:00:01,5 --> 00:00:02,000\ncomma\n", ["comma"]),
        ("0:00:01.5 --> 0:00:02.000\nno number\n\n00:04,000 --> 00:05,000\nno hours", ["no number", "no hours"]),
        (
            "1\n00:00:01,000 --> 00:00:02,000\nup\n\nto here\n\n2\n00:00:03,000 --> 00:00:04,000\nx",
            ["up\nto here", "x"],
        ),
        (
            "1\n00:00:05,000 --> 00:00:06,000\nlater\n\n2\n00:00:01,000 --> 00:00:02,000\nearlier\n",
            ["earlier", "later"],
        ),
        ("1\n00:00:01,000 --> 00:00:02,000\n\n2\n00:00:03,000 --> 00:00:04,000\ntext\n", ["text"]),
        ("1\r00:00:01,000 --> 00:00:02,000\rold Mac\u2028line\r", ["old Mac line"]),
        ("1\n00:00:01,000 --> 00:00:02,000\nfrom A --> to B\n", ["from A --> to B"]),
    ],
    ids=["tags", "overrides", "vtt", "blocks", "comma", "bare", "gap", "order", "no-text", "line-ends", "arrow"],
)
def test_as_people_write_them(text, expected):
    """The text is plain, and what programs write a little off is read all the same."""
    assert expected == [cue.text for cue in parse_subtitles(text).cues]


A, B = (1.0, 2.0, "a"), (3.0, 4.0, "b")
TWO = "1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:03,000 --> 00:00:04,000\nb\n"
A_BIT_OFF = {
    "no milliseconds": (TWO.replace(",000", ""), [A, B]),
    "a point": (TWO.replace(",", "."), [A, B]),
    "one digit": (TWO.replace(",000", ",0").replace("01,0", "01,5"), [(1.5, 2.0, "a"), B]),
    "two digits": (TWO.replace(",000", ",00").replace("01,00", "01,25"), [(1.25, 2.0, "a"), B]),
    "microseconds": (TWO.replace(",000", ",000999"), [A, B]),
    "hours and minutes of one digit": (TWO.replace("00:00:0", "0:0:"), [A, B]),
    "no hours, no milliseconds": (TWO.replace(",000", "").replace("00:00:", "00:"), [A, B]),
    "spaces in times": (TWO.replace("00:00:0", "00: 00: 0").replace(",", " , "), [A, B]),
    "a short arrow": (TWO.replace("-->", "->"), [A, B]),
    "a spaced arrow": (TWO.replace("-->", "- >"), [A, B]),
    "a typeset arrow": (TWO.replace("-->", "—>"), [A, B]),
    "an arrow's point": (TWO.replace("-->", ">"), [A, B]),
    "marks of direction": (
        "\n".join(f"\u200f{line}" for line in TWO.split("\n")),
        [(1.0, 2.0, "\u200fa"), (3.0, 4.0, "\u200fb")],
    ),
    "a mark": (f"\ufeff{TWO}", [A, B]),
    "joined files with marks": (f"\ufeff{TWO}\n\ufeff{TWO}", [A, A, B, B]),
    "old Mac": (TWO.replace("\n", "\r"), [A, B]),
    "doubled line ends": (TWO.replace("\n", "\r\r\n"), [A, B]),
    "no numbers": (TWO.replace("1\n00", "00", 1).replace("\n2\n", "\n"), [A, B]),
    "no numbers, no blank lines": (TWO.replace("1\n00", "00", 1).replace("\n\n2\n", "\n"), [A, B]),
    "no numbers, a number said": (
        TWO.replace("1\n00", "00", 1).replace("a\n\n2\n", "1984\n"),
        [(1.0, 2.0, "1984"), B],
    ),
    "no blank lines": (TWO.replace("\n\n", "\n"), [A, B]),
    "numbers with signs": (TWO.replace("1\n00", "#1\n00", 1).replace("\n2\n", "\n2.\n"), [A, B]),
    "no blank line at the end": (TWO.rstrip(), [A, B]),
    "spaces at the ends": (TWO.replace("\n", " \n"), [A, B]),
    "tags of pages": (TWO.replace("a\n", "<p>a<br/>c</p>\n"), [(1.0, 2.0, "a\nc"), B]),
    "escapes": (TWO.replace("a\n", "&gt;&gt; a&nbsp;&amp; c\n"), [(1.0, 2.0, ">> a & c"), B]),
    "overlapping": (TWO.replace("02,000", "03,500"), [(1.0, 3.5, "a"), B]),
    "unordered": ("{1}\n\n{0}".format(*TWO.split("\n\n")), [A, B]),
    "places": (TWO.replace("02,000", "02,000 X1:40 X2:600 Y1:20 Y2:50"), [A, B]),
    "a small header": (f"webvtt\n\n{TWO}", [A, B]),
    "WebVTT without milliseconds": ("WEBVTT\n\n00:01 --> 00:02\na\n\n00:03 --> 00:04\nb\n", [A, B]),
    "WebVTT with a line break": ("WEBVTT\n\n00:01.000 --> 00:02.000\na<br>c\n", [(1.0, 2.0, "a\nc")]),
    "styles, regions and notes": (
        "WEBVTT\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:low\n\nNOTE by hand\n\n"
        "00:01.000 --> 00:02.000 region:low\na\n",
        [A],
    ),
}


@pytest.mark.parametrize(("text", "expected"), A_BIT_OFF.values(), ids=A_BIT_OFF)
def test_a_bit_off(text, expected):
    """What is meant clearly is read whole, with its times, however it is written."""
    assert expected == [(cue.start_s, cue.end_s, cue.text) for cue in parse_subtitles(text).cues]


LENGTHS = [
    ("1,000", "1,000", 1.833, "ends when it begins"),
    ("1,000", "0,500", 1.833, "ends before it begins"),
    ("2,500", "2,500", 3.0, "until the next begins"),
    ("3,000", "3,000", 3.833, "beside another"),
]


@pytest.mark.parametrize(("start", "end", "expected"), [row[:3] for row in LENGTHS], ids=[row[3] for row in LENGTHS])
def test_a_caption_without_length(tmp_path, start, end, expected):
    """Refuses no file: it is shown until it can be read or another begins, which is said and counted."""
    file = tmp_path / "talk.srt"
    file.write_text(f"{TWO}\n3\n00:00:0{start} --> 00:00:0{end}\nwords\n", encoding="utf-8")
    found = read_subtitles(file)
    assert [expected] == [cue.end_s for cue in found.cues if cue.text == "words"]
    assert 3 == len(found.cues)
    assert (
        "talk.srt: 1 caption ends when or before it begins (line 10): it is shown until it can be read."
        == found.note(file.name)
    )


def test_many_captions_without_length():
    """Those that are many are counted, the first of them named."""
    found = parse_subtitles("".join(f"{n}\n00:00:{n:02d},000 --> 00:00:{n:02d},000\na\n\n" for n in range(1, 8)))
    assert (
        "a.srt: 7 captions end when or before they begin (lines 2, 6, 10, 14, 18, …): "
        "they are shown until they can be read."
    ) == found.note("a.srt")
    assert [0.833] * 7 == [round(cue.end_s - cue.start_s, 3) for cue in found.cues]
    assert "" == parse_subtitles(TWO).note("a.srt")


@pytest.mark.parametrize("said", ["10:30 > 11:45", "5 > 3", "1 -> 2", "2.5 => 3"])
def test_what_looks_like_times_and_is_said(said):
    """Is text where it is not written as times are."""
    text = TWO.replace("a\n", f"Monday\n{said}\n")
    assert [f"Monday\n{said}", "b"] == [cue.text for cue in parse_subtitles(text).cues]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there are no captions in it"),
        ("just a text\nof two lines", "there are no captions in it"),
        ("WEBVTT\n", "there are no captions in it"),
        ("1\n00:00:01,000 --> 00:00:02,000\n\n", "its captions have no text"),
        (
            "1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:03,000 --> 00:00:0x\nb\n",
            "line 6 has no times of a caption",
        ),
        (
            "1\n-00:00:01,000 --> 00:00:02,000\na\n",
            "line 2 has no times of a caption (“-00:00:01,000 --> 00:00:02,000”); write it as 00:00:01,000 --> ",
        ),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\na --> b\n", "line 4 has no times of a caption (“a --> b”)"),
        (
            "WEBVTT\n\n00:01.000 --> 00:02.000\na\n\nafter a blank line\n\n00:03.000 --> 00:04.000\nb\n",
            "line 6 belongs to no caption (“after a blank line”)",
        ),
        ("notes\n\n1\n00:00:01,000 --> 00:00:02,000\na\n", "line 1 belongs to no caption (“notes”)"),
        ("[Script Info]\nTitle: x\n", "it is in the form ASS; save it as SRT or WebVTT"),
        ('<?xml version="1.0"?><tt/>', "it is in the form XML (TTML)"),
    ],
    ids=[
        "empty",
        "text",
        "head",
        "silent",
        "times",
        "negative",
        "arrow",
        "after",
        "before",
        "ass",
        "ttml",
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, said):
    """A file that is none, or broken, is refused in a sentence that names it and the line."""
    file = tmp_path / "a b.srt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SubtitleFileError) as refused:
        read_subtitles(file)
    assert str(refused.value).startswith(f"The captions {file} can't be read: {said}")


@pytest.mark.parametrize(
    "data", [random.Random(7).randbytes(5000), b"\xff\xfe\x00", b"\x00\x01\x02" * 50], ids=["noise", "half", "zeros"]
)
def test_no_text_at_all(tmp_path, data):
    """A file that is no text is refused in a sentence."""
    file = tmp_path / "noise.srt"
    file.write_bytes(data)
    with pytest.raises(SubtitleFileError, match="can't be read: "):
        read_subtitles(file)


def test_no_file_and_a_folder(tmp_path):
    """A file that is not there, a folder, and one that is far too large are refused in a sentence."""
    huge = tmp_path / "huge.srt"
    with huge.open("wb") as file:
        file.truncate(33 << 20)
    for path, said in (
        (tmp_path / "none.srt", "No such file"),
        (tmp_path, "directory"),
        (Path("a\0b"), "its name"),
        (huge, "too large"),
    ):
        with pytest.raises(SubtitleFileError, match=said):
            read_subtitles(path)


def test_ten_thousand_captions():
    """A day of captions is read whole."""
    cues = [Cue(start_s=float(n * 3), end_s=n * 3 + 2.5, text=f"caption {n}\nsecond line") for n in range(10_000)]
    for text in (to_srt(cues), to_vtt(cues)):
        assert tuple(cues) == parse_subtitles(text).cues


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)) * 40, b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" * 9, random.Random(1).randbytes(9000)],
    ids=["all bytes", "video", "noise"],
)
def test_what_is_no_text(tmp_path, data):
    """A video or an archive is called what it is, not a text in an unknown encoding."""
    file = tmp_path / "talk.srt"
    file.write_bytes(data)
    with pytest.raises(SubtitleFileError) as refused:
        read_subtitles(file)
    assert f"The captions {file} can't be read: it is not a text file." == str(refused.value)


@pytest.mark.parametrize("zeros", [b"\0", b"\0" * 4096], ids=["one", "a block"])
def test_zeros_in_a_text(tmp_path, zeros):
    """Those that a failed disk leaves at the end, or a program within, are no other encoding."""
    assert ["Grüße", "OK"] == _read(tmp_path, SRT.format(text="Grüße").encode() + zeros)
    assert ["a b", "OK"] == _read(tmp_path, SRT.format(text="a\0b").encode())


PART = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n{cues}"
CROSSING = "00:05.000 --> 00:07.000\nacross\n"


@pytest.mark.parametrize("between", ["", "\n"], ids=["joined at once", "with a blank line"])
def test_segments_of_a_stream_that_were_joined(between):
    """Their headers are no text, and a caption that stands in two of them is one."""
    parts = [PART.format(cues=f"00:01.000 --> 00:02.000\none\n\n{CROSSING}"), PART.format(cues=CROSSING)]
    assert ["one", "across"] == [cue.text for cue in parse_subtitles(between.join(parts)).cues]


def test_a_comment_with_an_arrow():
    """It is no caption, and the file is read."""
    text = "WEBVTT\n\nNOTE from A --> to B\nmore\n\n00:01.000 --> 00:02.000\none\n\nNOTE the end\n\nof the file\n"
    assert ["one"] == [cue.text for cue in parse_subtitles(text).cues]


def test_captions_without_text_are_read_where_they_matter():
    """They count for who looks for what is wrong."""
    text = "1\n00:00:01,000 --> 00:00:02,000\n\n2\n00:00:03,000 --> 00:00:04,000\ntext\n"
    assert ["", "text"] == [cue.text for cue in parse_subtitles(text, as_written=True).cues]
