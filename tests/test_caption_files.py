"""Which file of captions is in which language, and what is said of one that won't do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.caption_files import caption_file, cues_of, read_captions, read_names
from pipeline.errors import Setting, SettingsError
from pipeline.job import CaptionFile, Trim
from pipeline.model import CaptionText
from pipeline.speech.cues import Cue
from pipeline.speech.subtitles import to_vtt


@pytest.mark.parametrize(
    ("typed", "spoken", "path", "language"),
    [
        ("talk.srt:de", None, "talk.srt", "de"),
        ("talk.srt:pt-br", None, "talk.srt", "pt-BR"),
        ("talk.srt:ger", None, "talk.srt", "de"),
        ("talk.en.srt:de", "fr", "talk.en.srt", "de"),
        ("talk.de.srt", "fr", "talk.de.srt", "de"),
        ("talk.deu.vtt", None, "talk.deu.vtt", "de"),
        ("talk.zh-Hant.vtt", None, "talk.zh-Hant.vtt", "zh-Hant"),
        ("talk.v2.srt", "fr", "talk.v2.srt", "fr"),
        ("talk.new.srt", None, "talk.new.srt", "es"),
        ("talk.srt", None, "talk.srt", "es"),
        ("de.srt", None, "de.srt", "es"),
        (".de", None, ".de", "es"),
        (r"C:\talks\a.srt", None, r"C:\talks\a.srt", "es"),
        (r"C:\talks\a.srt:de", None, r"C:\talks\a.srt", "de"),
        ("C:/a.de.srt", None, "C:/a.de.srt", "de"),
        ("C:a.srt", None, "C:a.srt", "es"),
        ("a: part one.srt", None, "a: part one.srt", "es"),
    ],
)
def test_language(typed, spoken, path, language):
    """That which is named, else that in the file's name, else the one spoken, else the default."""
    assert CaptionFile(path=Path(path), language=language) == caption_file(typed, spoken=spoken, default="es")


@pytest.mark.parametrize("tail", ["german", "xx", ""])
def test_no_language(tail):
    """What is not a language is refused, with an example."""
    with pytest.raises(SettingsError, match=r"is not a language: use a code such as de, as in talk.srt:de\."):
        caption_file(f"talk.srt:{tail}", spoken=None, default="en")


def test_a_file_whose_name_has_a_colon(tmp_path, monkeypatch):
    """A file that is there is meant as it is."""
    monkeypatch.chdir(tmp_path)
    Path("talk:de").write_text("", encoding="utf-8")
    assert CaptionFile(path=Path("talk:de"), language="en") == caption_file("talk:de", spoken=None, default="en")


def test_every_wrong_file_is_named(tmp_path):
    """All problems come at once, each with its file."""
    names = ("missing.srt", "empty.srt", "broken.srt")
    (tmp_path / "empty.srt").touch()
    (tmp_path / "broken.srt").write_text("1\n00:00:0x --> 00:00:02,000\na\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        read_captions([CaptionFile(path=tmp_path / name, language="en") for name in names])
    assert [True] * 3 == [
        str(tmp_path / name) in problem.text and problem.setting is Setting.CAPTIONS
        for name, problem in zip(names, refused.value.problems, strict=True)
    ]


def test_a_file_given_twice(tmp_path):
    """It is said, since it would be two equal tracks; in another language it is another track."""
    file = CaptionFile(path=tmp_path / "a.srt", language="en")
    file.path.write_text("1\n00:00:01,000 --> 00:00:02,000\na\n", encoding="utf-8")
    assert ["en", "de"] == [one.language for one in read_captions([file, replace(file, language="de")])]
    with pytest.raises(SettingsError) as refused:
        read_captions([file, file])
    assert f"The captions {file.path} are given twice in one language: give each file once." == str(refused.value)


def _cue(start_s: float, end_s: float) -> Cue:
    return Cue(start_s=start_s, end_s=end_s, text="<b> & c")


@pytest.mark.parametrize(
    ("trim", "expected"),
    [
        (None, [(1.0, 2.0), (4.0, 6.0), (8.0, 9.0)]),
        (Trim(start_s=5.0), [(0.0, 1.0), (3.0, 4.0)]),
        (Trim(start_s=2.0, end_s=8.0), [(2.0, 4.0)]),
    ],
    ids=["whole", "rest", "part"],
)
def test_times_of_a_part(trim, expected):
    """Of a part of a video only the captions of that part are taken, on its clock."""
    text = to_vtt([_cue(1, 2), _cue(4, 6), _cue(8, 9)])
    assert [_cue(*times) for times in expected] == cues_of(CaptionText(language="en", text=text), trim)


def test_a_list_of_names(tmp_path):
    """One name a line, in any of the usual encodings."""
    (tmp_path / "names.txt").write_bytes("Zoë Müller\nAda Lovelace\n".encode("utf-16"))
    assert ("Zoë Müller", "Ada Lovelace") == read_names(tmp_path / "names.txt")


@pytest.mark.parametrize("content", [None, b"", b" \n--\n"], ids=["missing", "empty", "without a name"])
def test_a_list_without_names(tmp_path, content):
    """It is refused with a sentence."""
    path = tmp_path / "my 'names' ä.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        SettingsError, match=r"^The list of names .*my 'names' ä\.txt (can't be read|has no name in it)"
    ):
        read_names(path)
