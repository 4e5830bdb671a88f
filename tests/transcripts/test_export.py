"""Videos of a dataset in the forms of other programs, each read again by what reads that form."""

import json

import pytest
import webvtt
from finished_jobs import heard

from pipeline.speech.cue_shaping import shape_cues
from pipeline.speech.subtitles import to_vtt
from transcripts.errors import InvalidRowError
from transcripts.export import ExportForm, exported
from transcripts.video_rows import segment_rows
from transcripts.videos import Video

SPOKEN = heard("The dot product & more.", "Is it a number?", "Yes, it is.")


def a_video(*speakers, title="Lecture 1", media_id="m1"):
    """A video whose segments are spoken by these, in turn."""
    rows = segment_rows(SPOKEN, media_id)
    names = {"sp1": "Dr. Green", "sp2": "A <b> & C"}
    for number, (row, speaker) in enumerate(zip(rows, speakers or (None,) * 3, strict=True)):
        row |= {"id": f"{media_id}-s{number}", "speaker": speaker}
    media = {"id": media_id, "title": title, "language": "en", "duration": SPOKEN.duration_s}
    return Video(media=media, segments=rows, speakers=names)


def test_webvtt_is_what_a_job_makes():
    """Without speakers, captions are those that the transcription itself makes of the same words."""
    assert to_vtt(shape_cues(SPOKEN)) == exported([a_video()], ExportForm.VTT)


def test_webvtt_names_the_speakers(tmp_path):
    """No caption is of two; names are escaped as WebVTT wants it, and read again by another library."""
    text = exported([a_video("sp1", "sp2", "sp2")], ExportForm.VTT)
    assert "<v Dr. Green>The dot product &amp; more." in text
    assert "<v A &lt;b&gt; &amp; C>Is it a number?" in text
    path = tmp_path / "talk.vtt"
    path.write_text(text, encoding="utf-8")
    captions = list(webvtt.read(path))
    assert ["Dr. Green", "A &lt;b&gt; &amp; C"] == [one.voice for one in captions][:2]
    starts_and_ends = [time for one in captions for time in (one.start_in_seconds, one.end_in_seconds)]
    assert sorted(starts_and_ends) == starts_and_ends


def test_lhotse_supervisions():
    """A line for each segment of every video, with Lhotse's fields; what it has no field for is in `custom`."""
    lines = exported([a_video("sp1", None, None), a_video(media_id="m2")], ExportForm.LHOTSE).splitlines()
    assert 6 == len(lines)
    assert {
        "id": "m1-s0",
        "recording_id": "m1",
        "start": 1.0,
        "duration": 1.633,
        "channel": 0,
        "text": "The dot product & more.",
        "language": "en",
        "speaker": "Dr. Green",
        "alignment": {
            "word": [
                ["The", 1.0, 0.3, 0.9],
                ["dot", 1.333, 0.3, 0.9],
                ["product", 1.667, 0.3, 0.9],
                ["&", 2.0, 0.3, 0.9],
                ["more.", 2.333, 0.3, 0.9],
            ]
        },
        "custom": {"avg_logprob": -0.25, "edited": False, "generator": "tiny.en"},
    } == json.loads(lines[0])
    assert "speaker" not in json.loads(lines[1])


def test_whisperx():
    """Segments with their words, all words again, and the language."""
    found = json.loads(exported([a_video("sp1", None, None)], ExportForm.WHISPERX))
    assert ["segments", "word_segments", "language"] == list(found)
    first = found["segments"][0]
    assert (1.0, 2.633, "The dot product & more.", "Dr. Green") == tuple(
        first[name] for name in ("start", "end", "text", "speaker")
    )
    assert {"word": "The", "start": 1.0, "end": 1.3, "score": 0.9, "speaker": "Dr. Green"} == first["words"][0]
    assert [word["word"] for segment in found["segments"] for word in segment["words"]] == [
        word["word"] for word in found["word_segments"]
    ]
    assert "en" == found["language"]


def test_text():
    """A line for each segment, a speaker named where another one spoke before; several videos have their titles."""
    talk = "Dr. Green: The dot product & more.\nIs it a number?\nA <b> & C: Yes, it is.\n"
    spoken = a_video("sp1", "sp1", "sp2")
    assert talk == exported([spoken], ExportForm.TXT)
    plain = "The dot product & more.\nIs it a number?\nYes, it is.\n"
    both = exported([spoken, a_video(title="Lecture 2")], ExportForm.TXT)
    assert f"# Lecture 1\n{talk}\n# Lecture 2\n{plain}" == both


@pytest.mark.parametrize("form", ExportForm)
def test_a_video_without_segments(form):
    """It is a valid file of its form."""
    text = exported([Video(media={"id": "m1"}, segments=[])], form)
    expected = {"vtt": "WEBVTT\n", "txt": "", "lhotse": ""}
    if form is ExportForm.WHISPERX:
        assert {"segments": [], "word_segments": [], "language": None} == json.loads(text)
    else:
        assert expected[form.value] == text


@pytest.mark.parametrize("form", [ExportForm.VTT, ExportForm.LHOTSE, ExportForm.WHISPERX])
def test_a_segment_without_times(form):
    """It is named, as nothing can be made of it."""
    video = Video(media={"id": "m1"}, segments=[{"id": "s9", "text": "words"}])
    with pytest.raises(InvalidRowError, match="'s9' has no start"):
        exported([video], form)
