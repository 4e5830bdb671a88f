"""A part of a real file: exact to the frame, with audio, captions and chapters in their places."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from caption_clips import captioned, pop_on
from converting import ULTRAFAST, convert
from source_clips import AAC, run

from pipeline.job import Codec, SegmentType, TranscriptionRequest, Trim
from pipeline.model import Outcome

LENGTH_S = 16
RATE = 25
FMP4 = replace(ULTRAFAST, segment_type=SegmentType.FMP4)
HEVC = replace(ULTRAFAST, codec=Codec.HEVC)
BARS = 9
"""How many bars, dark or bright, tell the number of a frame."""

# the number of a frame as bars, the lowest bit at the left: worked out for each pixel of a tiny picture, then enlarged
NUMBERED = f"geq=lum='if(bitand(N,pow(2,floor(X*{BARS}/W))),220,30)':cb=128:cr=128"
BEEPS = "aevalsrc='if(lt(mod(t,2),0.1),0.5*sin(2*PI*1000*t),0)':s=48000"


def _clip(folder: Path, name: str, *more: str, rate: str = str(RATE), codec: tuple[str, ...] = ()) -> Path:
    """Frames that tell their number, in groups of five seconds with B-frames; a beep at every second second."""
    tiny = f"color=size={4 * BARS}x20:rate={rate}:duration={LENGTH_S},format=yuv420p"
    video = ("-f", "lavfi", "-i", f"{tiny},{NUMBERED},scale=288:160:flags=neighbor,setsar=1")
    encode = codec or ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "125", "-keyint_min", "125")
    return run(folder, name, *video, "-f", "lavfi", "-i", f"{BEEPS}:d={LENGTH_S}", *encode, *AAC, *more)


def _numbers(playlist: Path) -> list[tuple[float, int]]:
    """The time of each frame in the stream, and the number that it shows."""
    found = []
    with av.open(str(playlist)) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray")[frame.height // 2]
            bars = [luma[int((bar + 0.5) * len(luma) / BARS)] > 128 for bar in range(BARS)]
            found.append(
                (round(float(frame.pts * frame.time_base) - 10, 3), sum(bit << bar for bar, bit in enumerate(bars)))
            )
    return found


def _beeps(playlist: Path) -> list[float]:
    """Where beeps begin, in seconds of the stream."""
    with av.open(str(playlist)) as container:
        frames = list(container.decode(audio=0))
        loud = np.concatenate([np.abs(frame.to_ndarray()).max(axis=0) > 0.1 for frame in frames])
        start_s = float(frames[0].pts * frames[0].time_base) - 10
    at = np.flatnonzero(loud) / 48_000
    return [round(float(t) + start_s, 3) for t, before in zip(at, [-1.0, *at], strict=False) if t - before > 0.5]


def _audio(made) -> Path:
    tracks = [media for media in made.tags("EXT-X-MEDIA") if media["TYPE"] == "AUDIO"]
    return made.folder / (tracks[0]["URI"] if tracks else "160p/index.m3u8")


@pytest.mark.parametrize(
    ("name", "trim", "encoding", "first", "last"),
    [
        pytest.param("a.mp4", Trim(start_s=3, end_s=13), ULTRAFAST, 75, 324, id="MP4 to TS"),
        pytest.param("a.mp4", Trim(start_s=6.52, end_s=13.04), FMP4, 163, 325, id="MP4 to fMP4"),
        pytest.param("a.mkv", Trim(start_s=3.2), ULTRAFAST, 80, 399, id="Matroska, to the end"),
        pytest.param("a.ts", Trim(start_s=7.0, end_s=8.0), ULTRAFAST, None, None, id="transport stream"),
        pytest.param("a.mp4", Trim(end_s=1.0), HEVC, 0, 24, id="the beginning, HEVC"),
    ],
)
def test_a_part_is_exact_to_the_frame(tmp_path, name, trim, encoding, first, last):
    """Its first frame is that of its beginning, its last the one before its end, and none is missing between;
    the audio fits.
    """
    made = convert(_clip(tmp_path, name), tmp_path, trim=trim, encoding=encoding, make_mp4=True)
    assert (Outcome.DONE, "", ()) == made.whole
    length_s = (trim.end_s or LENGTH_S) - trim.start_s
    numbers = _numbers(made.folder / "160p" / "index.m3u8")
    # a transport stream's first moment is that of its audio, which the encoder begins before the video
    expected = list(range(first, last + 1)) if first is not None else list(range(numbers[0][1], numbers[0][1] + RATE))
    assert expected == [number for _, number in numbers]
    assert 0.0 == numbers[0][0]
    for time_s, number in numbers[1:]:
        shown_s = number / RATE + (numbers[1][0] - numbers[1][1] / RATE)
        assert time_s == pytest.approx(shown_s, abs=0.002)
    assert numbers[1][0] - numbers[1][1] / RATE == pytest.approx(-trim.start_s, abs=0.1 if name == "a.ts" else 0.025)
    beeps = [at - trim.start_s for at in range(0, LENGTH_S, 2) if trim.start_s <= at < trim.start_s + length_s - 0.1]
    assert [pytest.approx(at, abs=0.02 if name != "a.ts" else 0.1) for at in beeps] == _beeps(_audio(made))
    with av.open(str(made.folder / "offline_480p.mp4")) as mp4:
        assert mp4.duration / 1e6 == pytest.approx(length_s, abs=0.06)


def test_of_slides_the_one_on_the_screen_is_shown_first(tmp_path):
    """A part that begins in the middle of a slide begins with that slide, not with the next one."""
    slides = _clip(tmp_path, "slides.mp4", rate="1/4")
    made = convert(slides, tmp_path, trim=Trim(start_s=6, end_s=14))
    assert (Outcome.DONE, "", ()) == made.whole
    shown = _numbers(made.folder / "160p" / "index.m3u8")
    assert [(0.0, 1), (2.0, 2), (6.0, 3)] == [shown[0], *(b for a, b in itertools.pairwise(shown) if a[1] != b[1])]


def test_a_part_in_chunks_is_the_same_as_in_one(tmp_path, monkeypatch):
    """Cut into chunks, each is entered in the middle of the source."""
    from pipeline.media.encode import chunks

    clip = _clip(tmp_path, "a.mp4")
    whole = convert(clip, tmp_path / "whole", trim=Trim(start_s=1, end_s=15.0))
    monkeypatch.setattr(chunks, "LEAST_SEGMENTS", 1)
    monkeypatch.setattr(chunks, "_chunk_segments", lambda *_: 1)
    cut = convert(clip, tmp_path / "cut", trim=Trim(start_s=1, end_s=15.0))
    assert [(Outcome.DONE, "", ())] * 2 == [whole.whole, cut.whole]
    facts = json.loads((cut.folder / "job.json").read_text(encoding="utf-8"))["done"]["hls"]
    assert facts["chunks"] > 1
    assert _numbers(whole.folder / "160p" / "index.m3u8") == _numbers(cut.folder / "160p" / "index.m3u8")


def test_captions_chapters_and_subtitles_follow(tmp_path):
    """Closed captions, a text track and chapters, each by the part's own time; what lies outside is left out."""
    plain = _clip(tmp_path, "plain.mp4", codec=("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"))
    spoken = captioned(
        plain, tmp_path / "cc.mp4", pop_on("Before", 25, 40) | pop_on("Here", 150, 175) | pop_on("After", 350, 360)
    )
    (tmp_path / "text.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,000\nBefore\n\n2\n00:00:03,000 --> 00:00:05,000\nAt the edge\n\n"
        "3\n00:00:07,000 --> 00:00:08,000\nHere\n\n4\n00:00:13,000 --> 00:00:14,000\nAfter\n",
        encoding="utf-8",
    )
    maps = ("-map", "0", "-map", "1", "-c", "copy", "-c:s", "srt", "-metadata:s:s:0", "language=eng")
    clip = run(tmp_path, "all.mkv", "-i", str(spoken), "-i", str(tmp_path / "text.srt"), *maps)
    chapters = tmp_path / "chapters.txt"
    chapters.write_text("0:00 One\n0:07 Two\n0:14 Three\n", encoding="utf-8")
    made = convert(clip, tmp_path, trim=Trim(start_s=4, end_s=12), chapters=chapters)
    assert (Outcome.DONE, "", ()) == made.whole
    listed = json.loads((made.folder / "chapters.json").read_text(encoding="utf-8"))
    assert [(0, "One"), (3, "Two")] == [(chapter["start-time"], chapter["titles"][0]["title"]) for chapter in listed]
    cues = {
        place: re.findall(
            r"(\S+) --> (\S+)\n(.*)", (made.folder / "subtitles" / place / "seg_001.vtt").read_text(encoding="utf-8")
        )
        for place in ("en", "und")
    }
    assert [("00:00:00.000", "00:00:01.000", "At the edge"), ("00:00:03.000", "00:00:04.000", "Here")] == cues["en"]
    ((begin, _, text),) = cues["und"]
    assert ("Here", True) == (text, begin in ("00:00:02.000", "00:00:02.021"))


def test_the_transcript_is_that_of_the_part(tmp_path, sample, small_model):
    """Words before and after it are not heard, and those in it have its times."""
    asked = TranscriptionRequest(model=str(small_model), language="en")
    whole = convert(sample, tmp_path / "whole", qualities=("360p",), transcription=asked)
    part = convert(
        sample, tmp_path / "part", qualities=("360p",), transcription=asked, trim=Trim(start_s=7, end_s=10.5)
    )
    assert [(Outcome.DONE, "", ())] * 2 == [whole.whole, part.whole]
    heard = [
        json.loads((made.folder / "transcript.json").read_text(encoding="utf-8"))["cues"] for made in (whole, part)
    ]
    inside = [(cue["text"], cue["start"] - 7) for cue in heard[0] if 7 <= cue["start"] and cue["end"] <= 10.5]
    assert inside
    assert [(text, pytest.approx(start, abs=0.15)) for text, start in inside] == [
        (cue["text"], cue["start"]) for cue in heard[1]
    ]


def test_the_original_can_not_be_kept_of_a_part(tmp_path):
    """A copy begins with a keyframe: it is encoded, and why is said."""
    clip = _clip(tmp_path, "a.mp4")
    made = convert(clip, tmp_path, trim=Trim(start_s=3, end_s=5), encoding=replace(ULTRAFAST, copy_top=True))
    assert (Outcome.DONE, "", ()) == made.whole
    sentence = (
        "The original video can't be kept as it is: only a part of it is wanted, "
        "and a copy can't begin and end at any frame."
    )
    assert any(text.startswith(sentence) for text in made.log)
