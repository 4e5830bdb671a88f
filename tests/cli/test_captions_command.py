"""`captions` on the command line: what breaks the rules, and captions that are shaped anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from json_events import events, fields

from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import Config
from pipeline.speech.cues import Cue
from pipeline.speech.subtitle_files import read_subtitles
from pipeline.speech.subtitles import to_srt, to_vtt
from pipeline.speech.transcript import Segment, Transcript, Word
from pipeline.speech.transcript_file import transcript_from_json, transcript_to_json

GOOD = (
    Cue(start_s=1.0, end_s=3.0, text="Good morning to all of you."),
    Cue(start_s=3.08, end_s=6.0, text="Today we look at captions\nand how they are made."),
)
FAST = (Cue(start_s=1.0, end_s=1.5, text="Good morning to all of you."), GOOD[1])


def write(path: Path, cues: tuple[Cue, ...]) -> Path:
    """Write a subtitle file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_vtt(cues) if path.suffix == ".vtt" else to_srt(cues), encoding="utf-8")
    return path


def spoken(text: str, *, language: str = "en") -> Transcript:
    """What was heard, three words a second, in one segment."""
    words = tuple(
        Word(start_s=index / 3, end_s=index / 3 + 0.3, text=f" {word}") for index, word in enumerate(text.split())
    )
    segment = Segment(start_s=0.0, end_s=words[-1].end_s, text=text, words=words)
    return Transcript(language=language, language_probability=1.0, duration_s=60.0, segments=(segment,))


@pytest.fixture
def captions(capsys):
    """A function that runs `captions` and returns its exit status, what it printed, and its errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = run_command(["captions", *map(str, arguments)], Config())
        return status, *capsys.readouterr()

    return run


def test_captions_that_keep_the_rules(captions, tmp_path):
    """Exit 0, and what was looked at."""
    path = write(tmp_path / "talk.srt", GOOD)
    assert (EXIT_DONE, "No rule of netflix is broken in 2 captions of 1 file.\n", "") == captions("check", path)


def test_a_caption_without_text_is_told(captions, tmp_path):
    """And the numbers of those after it are those of the file."""
    path = tmp_path / "talk.srt"
    path.write_text(f"1\n00:00:00,000 --> 00:00:00,900\n\n\n{to_srt(FAST)}", encoding="utf-8")
    status, out, _ = captions("check", path)
    assert (EXIT_FAILED, True) == (status, f"{path} 0:00:00.000 (caption 1): empty: there is no text in it\n" in out)
    assert f"{path} 0:00:01.000 (caption 2): too short" in out


def test_each_broken_rule_is_a_line_with_its_time_and_reason(captions, tmp_path):
    """Exit 1, and at last their count by rule."""
    path = write(tmp_path / "talk größe 1.srt", FAST)
    status, out, _ = captions("check", path)
    assert EXIT_FAILED == status
    assert [
        f"{path} 0:00:01.000 (caption 1): too short: shown for 0.50 s, where 0.83 s is the least",
        f"{path} 0:00:01.000 (caption 1): speed: 54.0 characters a second, where 20 are allowed",
        "2 broken rules in 2 captions of 1 file (speed 1, too short 1); 1 (50.0%) are outside the limits of netflix.",
    ] == out.splitlines()


def test_json_has_an_object_a_line(captions, tmp_path):
    """The same as the sentences say, and the limits' count."""
    path = write(tmp_path / "talk.srt", FAST)
    _, out, _ = captions("check", path, "--json")
    *_, speed, last = [fields(line) for line in events(out)]
    reason = "54.0 characters a second, where 20 are allowed"
    span = {"start_s": 1.0, "end_s": 1.5}
    assert {"event": "finding", "file": str(path), "cue": 1, **span, "rule": "speed", "text": reason} == speed
    count = {"files": 1, "cues": 2, "outside": 1, "by_rule": {"speed": 1, "too short": 1}}
    assert {"event": "captions_checked", "profile": "netflix", **count} == last


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        pytest.param("talk.srt", [], 0, id="English by default"),
        pytest.param("talk.de.srt", [], 1, id="the language of the name"),
        pytest.param("talk.srt", ["--language", "de"], 1, id="the language that is given"),
        pytest.param("talk.de.srt", ["--language", "en"], 0, id="the given one first"),
        pytest.param("talk.old.srt", [], 0, id="no language in the name"),
        pytest.param("talk.srt", ["--profile", "netflix:children"], 1, id="for children"),
    ],
)
def test_the_rules_are_those_of_language_and_profile(captions, tmp_path, name, options, expected):
    """Nineteen characters a second are right for adults in English alone."""
    path = write(tmp_path / name, (Cue(start_s=1.0, end_s=2.0, text="Good morning to us."),))
    assert expected == captions("check", path, *options)[0]


def test_the_language_is_that_of_the_transcript_beside(captions, tmp_path):
    """In a folder of this program, transcript.json knows it."""
    (tmp_path / "transcript.json").write_text(
        transcript_to_json(spoken("Guten Tag", language="de"), []), encoding="utf-8"
    )
    path = write(tmp_path / "transcript.srt", (Cue(start_s=1.0, end_s=2.0, text="Guten Morgen, Leute"),))
    assert EXIT_FAILED == captions("check", path)[0]


@pytest.mark.parametrize("language", ["klingon", "xx", ""])
def test_a_language_is_one_that_is_known(captions, tmp_path, capsys, language):
    """Another one would be checked by the numbers of no language."""
    with pytest.raises(SystemExit) as ended:
        captions("check", write(tmp_path / "a.srt", GOOD), "--language", language)
    assert (EXIT_WRONG_USAGE, True) == (ended.value.code, "is not a known language" in capsys.readouterr().err)


def test_the_gap_is_that_of_the_frame_rate(captions, tmp_path):
    """40 ms are two frames of 50 a second, and one of 25."""
    path = write(tmp_path / "talk.srt", (Cue(start_s=1.0, end_s=3.04, text="Good morning."), GOOD[1]))
    statuses = [captions("check", path, *rate)[0] for rate in ((), ("--frame-rate", "50"), ("--frame-rate", "25"))]
    assert [EXIT_DONE, EXIT_DONE, EXIT_FAILED] == statuses


def test_a_folder_is_looked_through(captions, tmp_path):
    """Every subtitle file in it and below: not thumbnails, not the segments of a stream, not what is hidden, and the
    same captions in two forms once.
    """
    write(tmp_path / "week 1" / "a.srt", FAST)
    write(tmp_path / "week 1" / "a.vtt", FAST)
    write(tmp_path / "week 1" / "thumbnails.vtt", FAST)
    write(tmp_path / "week 1" / "subtitles" / "en" / "seg_001.vtt", FAST)
    (tmp_path / "week 1" / "subtitles" / "en" / "index.m3u8").write_text("#EXTM3U\n", encoding="utf-8")
    write(tmp_path / ".old" / "b.srt", FAST)
    write(tmp_path / "c.VTT", GOOD)
    _, out, _ = captions("check", tmp_path, "--json")
    last = fields(events(out)[-1])
    assert (2, 4, 1) == (last["files"], last["cues"], last["outside"])


def test_a_broken_file_in_a_folder_does_not_stop_the_others(captions, tmp_path):
    """It is named, and the exit status is 1."""
    (tmp_path / "a.srt").write_text("nothing\n", encoding="utf-8")
    write(tmp_path / "b.srt", GOOD)
    status, out, _ = captions("check", tmp_path)
    expected = [
        f"Not checked: The captions {tmp_path / 'a.srt'} can't be read: there are no captions in it.",
        "No rule of netflix is broken in 2 captions of 1 file.",
    ]
    assert (EXIT_FAILED, expected) == (status, out.splitlines())
    assert "unchecked" in [line["event"] for line in events(captions("check", tmp_path, "--json")[1])]


REFUSED = [
    (["check", "gone.srt"], "The captions gone.srt can't be read (No such file or directory): check the file."),
    (["check", "empty"], "There are no captions in empty: name a folder with SRT or WebVTT files, or a single file."),
    (["check", "torn.srt"], "The captions torn.srt can't be read: there are no captions in it."),
    (
        ["check", "torn.json"],
        "torn.json is not a transcript of this program: choose a transcript.json, SRT or WebVTT file.",
    ),
    (["check", "x.json"], "The transcript x.json can't be read (No such file or directory): check the file."),
    (["shape", "a.srt", "-o", "b.ass"], "b.ass has no form that is known: end its name with .srt, .vtt, .json."),
    (["shape", "a.srt", "-o", "a.srt"], "a.srt is there already: choose another name, or replace it with --overwrite."),
    (
        ["shape", "a.srt", "-o", "b.json"],
        "a.srt has no times of words, which b.json would hold: shape a transcript.json, or name an SRT or WebVTT file.",
    ),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=[" ".join(arguments) for arguments, _ in REFUSED])
def test_what_can_not_be_done_is_one_sentence(captions, tmp_path, monkeypatch, arguments, said):
    """Exit 2, and nothing on standard output."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.srt", GOOD)
    (tmp_path / "empty").mkdir()
    for name in ("torn.srt", "torn.json"):
        (tmp_path / name).write_text("{", encoding="utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())
    assert (EXIT_WRONG_USAGE, "", f"hls-converter: {said}\n") == captions(*arguments)
    assert before == sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize("rate", ["abc", "0", "nan"])
def test_a_frame_rate_is_a_number(captions, tmp_path, capsys, rate):
    """Anything else is wrong usage."""
    with pytest.raises(SystemExit) as ended:
        captions("check", write(tmp_path / "a.srt", GOOD), "--frame-rate", rate)
    assert (EXIT_WRONG_USAGE, True) == (ended.value.code, "is not a frame rate" in capsys.readouterr().err)


TEXT = "Today we look at captions, and at how they are made of the words that somebody has said. It is easy."


def test_words_are_shaped_anew(captions, tmp_path):
    """Of a transcript, with the times of its words, to each file that is named; the words stay in its own form."""
    source = tmp_path / "transcript.json"
    source.write_text(transcript_to_json(spoken(TEXT), [Cue(start_s=0.0, end_s=9.0, text=TEXT)]), encoding="utf-8")
    outputs = [tmp_path / name for name in ("a.srt", "a.vtt", "a.json")]
    status, out, _ = captions("shape", source, *(part for path in outputs for part in ("-o", path)))
    cues = read_subtitles(outputs[0]).cues
    heard, kept = transcript_from_json(outputs[2].read_text(encoding="utf-8"))
    assert (EXIT_DONE, list(cues)) == (status, kept)
    assert cues == read_subtitles(outputs[1]).cues
    assert TEXT.split() == " ".join(cue.text for cue in cues).split()
    starts = {round(word.start_s, 3) for word in heard.segments[0].words}
    assert set() == {round(cue.start_s, 3) for cue in cues} - starts
    names = ", ".join(str(path) for path in outputs)
    said = f"{len(cues)} captions written to {names}. All keep the limits of netflix. Before, 1 of 1 were outside.\n"
    assert said == out


def test_captions_are_shaped_anew(captions, tmp_path):
    """Without words, from the captions' own times, to standard output in their own form."""
    path = write(tmp_path / "talk.vtt", (Cue(start_s=0.0, end_s=9.0, text=TEXT),))
    status, out, _ = captions("shape", path)
    (tmp_path / "new.vtt").write_text(out, encoding="utf-8")
    assert (EXIT_DONE, "No rule of netflix is broken in 3 captions of 1 file.\n") == (
        status,
        captions("check", tmp_path / "new.vtt")[1],
    )


def test_what_is_left_out_is_said(captions, tmp_path):
    """Italics and positions; of captions that have none, nothing."""
    path = tmp_path / "talk.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:03,000\n{\\an8}<i>Plain</i> words.\n", encoding="utf-8")
    status, out, err = captions("shape", path)
    said = f"hls-converter: {path}: italics, positions and the like of 1 caption are left out, as captions shape makes "
    assert (EXIT_DONE, True, f"{said}plain text.\n") == (status, "Plain words." in out and "<i>" not in out, err)
    assert "" == captions("shape", write(tmp_path / "plain.srt", GOOD))[2]


def test_two_speakers_have_a_line_each(captions, tmp_path):
    """What stands behind two dashes never runs together."""
    spoken_to = (
        Cue(start_s=0.0, end_s=1.2, text="- Who is it\n- Me"),
        Cue(start_s=1.28, end_s=2.0, text="- You?\n- Yes."),
        Cue(start_s=2.08, end_s=2.6, text="- Oh.\n- Yes."),
    )
    path = write(tmp_path / "talk.srt", spoken_to)
    shown = [caption["text"] for caption in events(captions("shape", path, "--json")[1])[0]["captions"]]
    lines = [line for text in shown for line in text.split("\n")]
    assert ["- Who is it", "- Me", "- You?", "- Yes.", "- Oh.", "- Yes."] == lines
    assert 2 == max(len(text.split("\n")) for text in shown)


def test_shaping_as_json(captions, tmp_path):
    """One line, which holds the captions where no file does."""
    path = write(tmp_path / "talk.srt", FAST)
    (line,) = [fields(line) for line in events(captions("shape", path, "--json")[1])]
    assert ("captions_shaped", 1, 0) == (line["event"], line["outside_before"], line["outside"])
    assert ["Good morning to all of you.", GOOD[1].text] == [caption["text"] for caption in line["captions"]]
    (line,) = [fields(line) for line in events(captions("shape", path, "--json", "-o", tmp_path / "b.srt")[1])]
    assert ([str(tmp_path / "b.srt")], []) == (line["outputs"], line["captions"])


def test_a_file_is_replaced_when_asked(captions, tmp_path):
    """Also the one that is read."""
    path = write(tmp_path / "talk.srt", FAST)
    assert EXIT_DONE == captions("shape", path, "-o", path, "--overwrite")[0]
    assert EXIT_DONE == captions("check", path)[0]
    assert [] == [entry.name for entry in tmp_path.iterdir() if entry != path]


def test_no_line_of_json_is_more_than_its_event(captions, tmp_path):
    """Standard output holds JSON alone."""
    path = write(tmp_path / "talk.srt", FAST)
    assert 3 == len([json.loads(line) for line in captions("check", path, "--json")[1].splitlines()])
