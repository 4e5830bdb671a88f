"""Tasks as JSON: what an earlier version wrote is read, what nobody knows is refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.codec import to_json
from pipeline.engines.task_codec import result_from_json, result_to_json, task_from_json, task_to_json
from pipeline.engines.tasks import EncodeResult
from pipeline.errors import CodecError
from pipeline.speech.transcript import Segment, Transcript, TranscriptOrigin, WhisperSettings, Word

KEPT = Path(__file__).resolve().parents[1] / "kept"


def _kept(name: str) -> dict[str, object]:
    return json.loads((KEPT / name).read_text(encoding="utf-8"))


LACKING = {
    "encode_task_1.json": {},
    "transcription_task_1.json": {
        "script": None,
        "channels": 1,
        "others": [],
        "fast": False,
        "multilingual": False,
        "translate": False,
    },
    "transcription_task_2.json": {
        "channels": 1,
        "others": [],
        "fast": False,
        "multilingual": False,
        "translate": False,
    },
    "transcription_task_3.json": {"fast": False, "multilingual": False, "translate": False},
}


@pytest.mark.parametrize(("name", "lacking"), LACKING.items(), ids=LACKING)
def test_a_task_of_each_schema_is_read(name, lacking):
    """Samples that were kept: what is read from them says the same, and what they lack has its default."""
    stored = _kept(name)
    assert stored | lacking == task_to_json(task_from_json(stored)) | {"schema": stored["schema"]}


def test_a_transcript_of_the_first_schema_is_read():
    """One that was kept: what it does not hold is None."""
    stored = _kept("transcription_result_1.json")
    read = result_from_json(stored)
    assert isinstance(read, Transcript)
    assert stored == to_json(read, without_defaults=True) | {"schema": 1, "kind": "transcription"}
    assert (None, None, None) == (
        read.origin,
        read.segments[0].compression_ratio,
        read.segments[0].words[0].probability,
    )


def test_a_transcript_of_the_second_schema_is_read():
    """One that was kept: what is read from it says the same."""
    stored = _kept("transcription_result_2.json")
    read = to_json(result_from_json(stored), without_defaults=True)
    assert stored == read | {"schema": 2, "kind": "transcription"}


@pytest.mark.parametrize(
    "result",
    [
        EncodeResult(frames=150, errors=1, starts={"90p": (900_000, 1_440_000)}, last=None),
        Transcript(
            language="fr",
            language_probability=0.5,
            duration_s=3.5,
            segments=(
                Segment(
                    start_s=0.5,
                    end_s=1.0,
                    text="Où ?",
                    words=(Word(start_s=0.5, end_s=1.0, text=" Où ?", probability=0.9),),
                    language="fr",
                    mean_log_probability=-0.25,
                    no_speech_probability=0.125,
                    compression_ratio=1.5,
                ),
            ),
            origin=TranscriptOrigin(
                program_version="0.1.0",
                model="base",
                settings=WhisperSettings(
                    language=None,
                    beam_size=5,
                    condition_on_previous_text=False,
                    device="cpu",
                    compute_type="int8",
                ),
            ),
        ),
    ],
    ids=["encode", "transcription"],
)
def test_a_result_is_the_same_after_a_journey_as_json(result):
    """Also what is not ASCII."""
    assert result == result_from_json(json.loads(json.dumps(result_to_json(result))))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema": 4}, "The task has schema 4, and this version reads up to 3: use the version that wrote it."),
        ({"schema": None}, "The task does not say which schema it has."),
        ({"kind": "upload"}, "The task must be of a known kind: encode, transcription."),
        ({"kind": ["encode"]}, "The task must be of a known kind: encode, transcription."),
        ({"colour": "red"}, "The task (schema 1): colour is not a known field."),
        ({"track": "first"}, "The task (schema 1): track must be a whole number, not a text."),
    ],
    ids=["newer", "without a schema", "unknown kind", "kind of no text", "unknown field", "wrong field"],
)
def test_what_can_not_be_read_is_a_sentence(change, sentence):
    """It names what is wrong."""
    with pytest.raises(CodecError) as refused:
        task_from_json(_kept("transcription_task_1.json") | change)
    assert sentence == str(refused.value)


def test_a_task_that_is_no_object_is_a_sentence():
    """A list, say."""
    with pytest.raises(CodecError, match=r"^The task must be an object, with its schema and its kind\.$"):
        task_from_json([])
