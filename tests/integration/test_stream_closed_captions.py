"""Closed captions of real files: kept in the video and said so, or not kept and said so,
and always offered as text.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from caption_clips import captioned, pop_on
from converting import ULTRAFAST, convert
from source_clips import AAC, H264, pattern, run, tone

from pipeline.job import Codec, SegmentType
from pipeline.media.hls.measure import segment_bytes
from pipeline.media.source.closed_captions import channels_in
from pipeline.model import Outcome

FMP4 = replace(ULTRAFAST, segment_type=SegmentType.FMP4)
HEVC = replace(ULTRAFAST, codec=Codec.HEVC)
NONE = {"NONE"}
DECLARED = {"closed-captions"}


def _clip(folder, *, rate: int = 25, language: str = "eng", sparse: bool = False):
    """Eight seconds; one caption in each of the two segments, 854x480."""
    inputs = (
        *pattern(size="854x480", rate=str(rate), length_s=8),
        *tone(length_s=8),
        *H264,
        "-g",
        str(2 * rate),
        "-crf",
        "40",
    )
    plain = run(folder, "plain.mp4", *inputs, *AAC, "-metadata:s:a:0", f"language={language}")
    said = pop_on("First", rate, 2 * rate) | pop_on("Second", 6 * rate + 1, 7 * rate)
    return captioned(plain, folder / "a.mp4", said, rate=rate, sparse=sparse)


@pytest.mark.parametrize(
    ("encoding", "closed"),
    [
        pytest.param(ULTRAFAST, DECLARED, id="TS"),
        pytest.param(FMP4, DECLARED, id="fMP4"),
        pytest.param(replace(ULTRAFAST, copy_top=True), DECLARED, id="the original kept"),
        pytest.param(HEVC, NONE, id="HEVC, whose encoder drops them"),
    ],
)
def test_captions_are_declared_where_every_frame_has_them(tmp_path, encoding, closed):
    """And offered as a track of text with the language of the audio, whatever the encoder does."""
    made = convert(_clip(tmp_path), tmp_path, encoding=encoding, qualities=("480p", "360p"))
    assert (Outcome.DONE, "", ()) == made.whole
    assert closed == {variant["CLOSED-CAPTIONS"] for variant in made.tags("EXT-X-STREAM-INF")}
    tracks = {media["TYPE"]: media for media in made.tags("EXT-X-MEDIA")}
    assert ("English (closed captions)", "en") == (tracks["SUBTITLES"]["NAME"], tracks["SUBTITLES"]["LANGUAGE"])
    if closed == DECLARED:
        assert ("CC1", "en") == (tracks["CLOSED-CAPTIONS"]["INSTREAM-ID"], tracks["CLOSED-CAPTIONS"]["LANGUAGE"])
    cues = [path.read_text(encoding="utf-8") for path in sorted((made.folder / "subtitles" / "en").glob("seg_*.vtt"))]
    found = [re.findall(r"(\S+) --> (\S+)\n(.*)", text) for text in cues]
    assert [[("00:00:01.000", "00:00:02.000", "First")], [("00:00:06.040", "00:00:07.000", "Second")]] == found
    for name in ("480p", "360p"):
        playlist = made.folder / name / "index.m3u8"
        held = [channels_in(segment_bytes(playlist, path.name)) for path in sorted(playlist.parent.glob("seg_*"))]
        assert [frozenset({"CC1"}) if closed == DECLARED else frozenset()] * 2 == held


def test_captions_do_not_survive_frames_that_are_left_out(tmp_path):
    """Half of the frames would hold half of the letters: the video has none, the text all."""
    made = convert(_clip(tmp_path, rate=100), tmp_path, qualities=("360p",))
    assert ((Outcome.DONE, "", ()), NONE) == (
        made.whole,
        {variant["CLOSED-CAPTIONS"] for variant in made.tags("EXT-X-STREAM-INF")},
    )
    playlist = made.folder / "360p" / "index.m3u8"
    assert frozenset() == channels_in(segment_bytes(playlist, "seg_001.ts"))
    assert "First" in (made.folder / "subtitles" / "en" / "seg_001.vtt").read_text(encoding="utf-8")


def test_captions_in_few_frames_are_in_the_stream(tmp_path):
    """OBS puts none where nothing is said, so that nobody knew of them before the source was read through."""
    made = convert(_clip(tmp_path, sparse=True), tmp_path, qualities=("360p",))
    assert ((Outcome.DONE, "", ()), DECLARED) == (
        made.whole,
        {variant["CLOSED-CAPTIONS"] for variant in made.tags("EXT-X-STREAM-INF")},
    )
    assert "First" in (made.folder / "subtitles" / "en" / "seg_001.vtt").read_text(encoding="utf-8")
