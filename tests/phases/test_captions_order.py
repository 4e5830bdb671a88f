"""Which subtitles of a stream are shown at first."""

from __future__ import annotations

import pytest

from pipeline.media_info import SubtitleKind, SubtitleStream
from pipeline.phases.captions import ordered
from pipeline.speech.cues import Cue

CUES = [Cue(start_s=0.0, end_s=1.0, text="Hello")]


def _track(*, default: bool = False, forced: bool = False) -> SubtitleStream:
    return SubtitleStream(
        index=2, codec="subrip", form=SubtitleKind.TEXT, language="de", default=default, forced=forced
    )


@pytest.mark.parametrize(
    ("own", "heard", "shown"),
    [
        pytest.param([_track()], [], [False], id="not marked"),
        pytest.param([_track(), _track(default=True)], [], [False, True], id="marked"),
        pytest.param([_track(default=True, forced=True), _track()], [], [False, False], id="forced is shown anyhow"),
        pytest.param([_track()], CUES, [False, True], id="Whisper's, which were asked for"),
        pytest.param([_track(default=True)], CUES, [True, False], id="marked beside Whisper's"),
        pytest.param([_track(default=True), _track(default=True)], [], [True, False], id="two marked"),
    ],
)
def test_nothing_is_shown_that_nobody_asked_for(own, heard, shown):
    """A viewer who wants subtitles chooses them; the file or the editor may have done so before."""
    assert shown == [track.default for track in ordered([(stream, CUES) for stream in own], ("en", heard))]


def test_what_is_given_is_shown_first():
    """Files that the editor gave come before the source's own and before what Whisper heard."""
    made = ordered([(_track(default=True), CUES)], ("en", CUES), [("de", CUES), ("pt-BR", CUES)])
    assert [
        ("German", True),
        ("Portuguese (BR)", False),
        ("German", False),
        ("English", False),
    ] == [(track.name, track.default) for track in made]
