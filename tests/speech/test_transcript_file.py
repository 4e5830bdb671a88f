"""transcript.json keeps all that was heard, as its schema describes; what earlier versions wrote is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pipeline.errors import CodecError
from pipeline.speech.cues import Cue
from pipeline.speech.transcript import Segment, Transcript, TranscriptOrigin, WhisperSettings, Word
from pipeline.speech.transcript_file import transcript_from_json, transcript_to_json

TESTS = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((TESTS.parent / "docs" / "transcript.schema.json").read_text(encoding="utf-8"))
SILENT = Transcript(language=None, language_probability=0.0, duration_s=5.0)
HEARD = Transcript(
    language="fr",
    language_probability=0.9876,
    duration_s=12.5,
    segments=(
        Segment(
            start_s=0.5,
            end_s=1.25,
            text="hé 世界",
            words=(
                Word(start_s=0.5, end_s=1.0, text=" hé", probability=0.75),
                Word(start_s=1.0, end_s=1.25, text=" 世界", probability=0.0313),
            ),
            language="fr",
            mean_log_probability=-0.3125,
            no_speech_probability=0.0156,
            compression_ratio=0.8125,
        ),
        Segment(start_s=2.0, end_s=3.0, text="typed by hand", edited=True),
    ),
    origin=TranscriptOrigin(
        program_version="0.1.0",
        model="base",
        settings=WhisperSettings(
            language=None, beam_size=5, condition_on_previous_text=False, device="cpu", compute_type="int8"
        ),
    ),
)
CUES = [
    Cue(start_s=0.5, end_s=1.25, text="hé\n世界", formatted="<i>hé</i>\n世界", settings="line:0"),
    Cue(start_s=2.0, end_s=3.0, text="a < b & c --> d 😀"),
]

times = st.integers(min_value=0, max_value=10**8).map(lambda milliseconds: milliseconds / 1000)
probabilities = st.none() | st.integers(min_value=0, max_value=10_000).map(lambda number: number / 10_000)
words = st.builds(Word, start_s=times, end_s=times, text=st.text(), probability=probabilities)
segments = st.builds(
    Segment,
    start_s=times,
    end_s=times,
    text=st.text().map(str.strip),
    words=st.lists(words, max_size=4).map(tuple),
    language=st.none() | st.sampled_from(["en", "ar", "yue"]),
    mean_log_probability=probabilities.map(lambda number: None if number is None else -number),
    no_speech_probability=probabilities,
    compression_ratio=probabilities,
    edited=st.booleans(),
)


@pytest.mark.parametrize(("transcript", "cues"), [(HEARD, CUES), (SILENT, [])], ids=["speech", "silence"])
def test_a_file_is_read_as_it_was_written(transcript, cues):
    """And it is what the schema in docs describes."""
    text = transcript_to_json(transcript, cues)
    assert (transcript, cues) == transcript_from_json(text)
    assert [] == [error.message for error in Draft202012Validator(SCHEMA).iter_errors(json.loads(text))]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(segments, max_size=4).map(tuple))
def test_whatever_was_heard_is_read_as_it_was_written(heard):
    """Any text, any times in milliseconds, with and without the numbers of Whisper."""
    transcript = Transcript(language="en", language_probability=1.0, duration_s=1.0, segments=heard)
    text = transcript_to_json(transcript, [])
    assert (transcript, []) == transcript_from_json(text)
    assert [] == [error.message for error in Draft202012Validator(SCHEMA).iter_errors(json.loads(text))]


def test_the_names_are_whispers():
    """Programs that read Whisper's own JSON find the same names here."""
    content = json.loads(transcript_to_json(HEARD, CUES))
    first = content["segments"][0]
    assert (2, "hé 世界 typed by hand", -0.3125, 0.0156, 0.8125) == (
        content["schema"],
        content["text"],
        first["avg_logprob"],
        first["no_speech_prob"],
        first["compression_ratio"],
    )
    assert {"start": 0.5, "end": 1.0, "word": " hé", "probability": 0.75} == first["words"][0]


def test_what_is_not_whole_milliseconds_is_rounded():
    """Times have three digits, other numbers four."""
    word = Word(start_s=0.12345, end_s=1 / 3, text=" a", probability=2 / 3)
    segment = Segment(start_s=0.12345, end_s=1 / 3, text=" a ", words=(word,), mean_log_probability=-1 / 3)
    content = json.loads(
        transcript_to_json(
            Transcript(language="en", language_probability=1, duration_s=1.00049, segments=(segment,)), []
        )
    )
    first = content["segments"][0]
    assert (1.0, 0.123, 0.333, 0.6667, -0.3333, "a") == (
        content["duration"],
        first["start"],
        first["words"][0]["end"],
        first["words"][0]["probability"],
        first["avg_logprob"],
        first["text"],
    )


def test_a_file_of_the_first_schema_is_read():
    """One that was kept, of the shipped sample: its words and times are there, what it does not hold is None."""
    text = (TESTS / "kept" / "transcript_1.json").read_text(encoding="utf-8")
    stored = json.loads(text)
    transcript, cues = transcript_from_json(text)
    assert ("en", 14.016, 4, 12) == (
        transcript.language,
        transcript.duration_s,
        len(cues),
        sum(len(segment.words) for segment in transcript.segments),
    )
    assert (None, None) == (transcript.origin, transcript.segments[0].words[0].probability)
    written = json.loads(transcript_to_json(transcript, cues))
    assert stored == _named_in(stored, written)


def test_a_file_of_the_second_schema_is_read():
    """One that was kept: what is read from it says the same."""
    text = (TESTS / "kept" / "transcript_2.json").read_text(encoding="utf-8")
    stored = json.loads(text)
    written = json.loads(transcript_to_json(*transcript_from_json(text)))
    assert stored == _named_in(stored, written) | {"schema": 2}


def _named_in(stored, written):
    """Return of what was written the fields that were stored."""
    if isinstance(stored, dict):
        return {name: _named_in(held, written[name]) for name, held in stored.items()}
    if isinstance(stored, list):
        return [_named_in(*pair) for pair in zip(stored, written, strict=True)]
    return written


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "transcript.json is not JSON."),
        ("[" * 100_000, "transcript.json is not JSON."),
        ("[]", "transcript.json must be an object, not a list."),
        ("null", "transcript.json must be an object, not null."),
        ("{}", "transcript.json: language is missing."),
        ('{"schema": 3}', "transcript.json has schema 3, and this version of HLS Converter reads up to 2."),
        (transcript_to_json(SILENT, []).replace("2", "0", 1), "transcript.json: schema must be 1 or 2, not 0."),
        (
            transcript_to_json(SILENT, []).replace("2", '"2"', 1),
            "transcript.json: schema must be a whole number, not a text.",
        ),
        ('{"colour": 1}', "transcript.json: colour is not a known field."),
    ],
    ids=["empty", "deep", "list", "null", "object", "newer", "zero", "text", "unknown"],
)
def test_another_file_is_a_sentence(text, sentence):
    """It names what is wrong."""
    with pytest.raises(CodecError) as refused:
        transcript_from_json(text)
    assert sentence == str(refused.value)


def test_a_wrong_number_is_named():
    """With its place among the segments."""
    content = json.loads(transcript_to_json(HEARD, CUES))
    content["segments"][0]["words"][1]["start"] = "soon"
    with pytest.raises(CodecError, match=r"segments\[0\]\.words\[1\]\.start must be a number, not a text\.$"):
        transcript_from_json(json.dumps(content))
