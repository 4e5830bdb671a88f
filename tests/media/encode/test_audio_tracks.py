"""Which audio tracks are made of which tracks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipeline.errors import Setting, SettingsError
from pipeline.job import MappedAudio
from pipeline.media.encode.audio_tracks import audio_renditions
from pipeline.media_info import AudioStream


def _tracks(*channels: int, codec: str = "pcm_s24le", layouts: Sequence[str] = (), **more: object) -> list[AudioStream]:
    return [
        AudioStream(
            **{
                "codec": codec,
                "channels": count,
                "sample_rate_hz": 48_000,
                "language": None,
                "bit_rate": None,
                "start_s": 0.0,
            }
            | {"duration_s": 60.0, "index": number, "layout": layouts[number - 1] if layouts else ""}
            | more
        )
        for number, count in enumerate(channels, start=1)
    ]


def _made(
    streams: Sequence[AudioStream], container: str = "mxf", audio_map: Sequence[Sequence[MappedAudio]] = ()
) -> list[tuple[int, object]]:
    """Return the channels of each audio track, and what it is made of: track and channel, or the whole track."""
    renditions = audio_renditions(streams, surround=False, container=container, audio_map=audio_map)
    return [(r.channels, [(p.index, p.channel) for p in r.parts] or r.source_index) for r in renditions]


def test_mono_stays_mono():
    """With a rate of its own."""
    (rendition,) = audio_renditions(_tracks(1, codec="aac"), surround=False, container="mov,mp4,m4a,3gp,3g2,mj2")
    assert (1, 96_000) == (rendition.channels, rendition.bit_rate)


def test_mono_beside_stereo_is_made_stereo():
    """All audio tracks of a group have as many channels."""
    assert [(2, 1), (2, 2)] == _made(_tracks(2, 1, codec="aac"))


@pytest.mark.parametrize("container", ["mxf", "mxf_opatom", "mov,mp4,m4a,3gp,3g2,mj2"])
def test_eight_mono_tracks_of_an_editing_program_are_four_pairs(container):
    """First and second, third and fourth, and so on: MXF, and MOV with PCM."""
    expected = (
        [(2, [(n, 0), (n + 1, 0)]) for n in (1, 3, 5, 7)]
        if container != "mxf_opatom"
        else [(1, n) for n in range(1, 9)]
    )
    assert expected == _made(_tracks(*[1] * 8), container)


def test_tracks_marked_left_and_right_are_a_pair():
    """Whatever the container and the codec."""
    assert [(2, [(1, 0), (2, 0)])] == _made(
        _tracks(1, 1, codec="aac", layouts=["1 channels (FL)", "1 channels (FR)"]), "matroska,webm"
    )


@pytest.mark.parametrize(
    ("streams", "container"),
    [
        (_tracks(1, 1, 1), "mxf"),
        (_tracks(1, 2), "mxf"),
        (_tracks(1, 1, codec="aac"), "mov,mp4,m4a,3gp,3g2,mj2"),
        (_tracks(1, 1, layouts=["1 channels (FR)", "1 channels (FL)"]), "mxf"),
    ],
    ids=["odd", "one is stereo", "not from an editing program", "marked otherwise"],
)
def test_other_tracks_are_no_pairs(streams, container):
    """Each is an audio track of its own."""
    assert [s.index for s in streams] == [made for _, made in _made(streams, container)]


MAPS = {
    "pairs": (((1, None), (2, None)), ((3, None), (4, None))),
    "one whole": (((3, None),),),
    "channels": (((1, 3), (1, 4)),),
    "one channel": (((1, 2),),),
    "one channel beside a whole": (((1, 2),), ((2, None),)),
}
MAPPED = {
    "pairs": [(2, [(1, 0), (2, 0)]), (2, [(3, 0), (4, 0)])],
    "one whole": [(2, 3)],
    "channels": [(2, [(1, 2), (1, 3)])],
    "one channel": [(1, [(1, 1)])],
    "one channel beside a whole": [(2, [(1, 1), (1, 1)]), (2, 2)],
}


@pytest.mark.parametrize("name", MAPS)
def test_a_map_chooses_the_audio_tracks(name):
    """Tracks and channels count from one; one channel beside stereo is heard on both sides."""
    wanted = [[MappedAudio(track=track, channel=channel) for track, channel in item] for item in MAPS[name]]
    assert MAPPED[name] == _made(_tracks(8, 2, 2, 2), audio_map=wanted)


@pytest.mark.parametrize(
    ("track", "channel", "sentence"),
    [
        (3, None, r"names audio track 3, but there are 2 to choose from: .* or of --audio-track"),
        (1, 9, r"names channel 9 of audio track 1, which has 2"),
    ],
)
def test_a_map_of_what_is_not_there_is_refused(track, channel, sentence):
    """Before anything starts, with what there is."""
    with pytest.raises(SettingsError, match=sentence) as refused:
        _made(_tracks(2, 2), audio_map=[[MappedAudio(track=track, channel=channel)]])
    assert [Setting.AUDIO_MAP] == [problem.setting for problem in refused.value.problems]
