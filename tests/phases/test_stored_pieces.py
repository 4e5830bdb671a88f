"""What an encode notes of its finished pieces, which a newer version of the program goes on from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.checkpoints import Checkpoints
from pipeline.codec import from_json, to_json
from pipeline.engines.audio_pass import AudioPieceFacts
from pipeline.facts import HlsFacts, MeasuredLoudness
from pipeline.phases.decisions import Decisions, HolesFilled, InOnePiece, NotKept, OnProcessor
from pipeline.phases.hls_copy import CopyFacts
from pipeline.phases.join import Joined, read_joined
from pipeline.phases.own_audio import OwnSegmentsFacts
from pipeline.phases.video_encode import ChunkFacts

KEPT = [
    pytest.param(
        ChunkFacts,
        {
            "frames": 50,
            "errors": 0,
            "starts": {"90p": [900000, 1440000]},
            "last": 3600,
            "counters": {"90p": {"0": 3, "256": 7}},
        },
        id="a chunk",
    ),
    pytest.param(
        ChunkFacts,
        {"frames": 50, "errors": 1, "starts": {"90p": [900000]}, "last": None, "counters": {}},
        id="a chunk in the middle",
    ),
    pytest.param(CopyFacts, {"starts": {"90p": [900000]}, "last": 3600}, id="a copy"),
    pytest.param(CopyFacts, {"reason": "not all of its frames can be copied"}, id="a copy that is no good"),
    pytest.param(OwnSegmentsFacts, {"starts": {"audio/en": [0, 540000]}}, id="audio in segments"),
    pytest.param(
        AudioPieceFacts,
        {"errors": 0, "powers": [[0.25, 0.5], []], "entries": {"1": [5760000, 2880000]}},
        id="a minute of audio",
    ),
    pytest.param(NotKept, {"reason": "the file can't be entered in the middle"}, id="a top that is not kept"),
    pytest.param(InOnePiece, {}, id="one piece"),
    pytest.param(HolesFilled, {"missing": 3, "errors": 2}, id="holes that are filled"),
    pytest.param(OnProcessor, {"encoder": "h264_nvenc"}, id="an encoder that failed"),
]
"""The facts as versions before the types wrote them."""


@pytest.mark.parametrize(("kind", "stored"), KEPT)
def test_the_facts_of_a_piece_stay_as_they_were(kind: type, stored: dict[str, Any]):
    """They are read, and written alike: an encode that was cut short goes on with either version."""
    assert stored == json.loads(json.dumps(to_json(from_json(kind, stored, "the piece"), without_defaults=True)))


def test_what_was_being_joined_is_read():
    """Its durations stand beside the facts; what later steps add has its default, and what had another name is read."""
    stored = {
        "duration_s": 4.0,
        "frame_s": 0.04,
        "frame_rate": 25,
        "renditions": ["90p"],
        "audio": [],
        "loudness": [{"integrated_lufs": -21.8, "range_lu": 0.0}],
        "encoder": "libx264",
        "closed_captions": False,
        "chunks": 1,
        "decode_errors": 0,
        "sound_ends": {"1": 4.0},
        "missing_frames": 0,
        "durations_s": {"90p": [4.0]},
    }
    encoded = HlsFacts(
        duration_s=4.0,
        renditions=("90p",),
        frame_s=0.04,
        frame_rate=25.0,
        loudness=(MeasuredLoudness(integrated_lufs=-21.8, range_lu=0.0),),
        encoder="libx264",
        chunks=1,
        audio_ends={"1": 4.0},
    )
    joined = Joined(encoded=encoded, durations_s={"90p": (4.0,)})
    assert (joined, joined) == (read_joined(stored), read_joined(json.loads(json.dumps(joined.stored))))


@pytest.mark.parametrize("wrong", [{"durations_s": None}, {"chunks": "one"}, {"colour": "blue"}], ids=str)
def test_what_was_being_joined_and_is_not_understood_is_nothing(wrong):
    """It is encoded again, not refused."""
    stored = {"duration_s": 4.0, "renditions": ["90p"], "durations_s": {"90p": [4.0]}}
    assert None is not read_joined(stored)
    assert None is read_joined(stored | wrong)


def test_a_decision_stands_for_the_same_encode(tmp_path):
    """As long as what it was decided of is the same, and it is understood."""
    decisions = Decisions(Checkpoints(tmp_path), "key")
    before = decisions.any
    decisions.keep(HolesFilled(missing=3, errors=2))
    again = Decisions(Checkpoints(tmp_path), "key")
    assert (False, True, HolesFilled(missing=3, errors=2), None) == (
        before,
        again.any,
        again.find(HolesFilled),
        again.find(OnProcessor),
    )
    assert None is Decisions(Checkpoints(tmp_path), "another").find(HolesFilled)
    mark = tmp_path / HolesFilled.name / "done.json"
    mark.write_text(json.dumps(json.loads(mark.read_text()) | {"facts": {"missing": "three"}}))
    assert None is again.find(HolesFilled)
