"""Reading through a source without decoding it."""

from __future__ import annotations

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, SourceError
from pipeline.media.source.packet_scan import scan
from pipeline.media.source.probe import probe
from pipeline.media.source.scan import CLOCK_HZ

VIDEO = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=4")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=5:sample_rate=48000")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-bf", "2")


@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts", "mov"])
def test_frames_keyframes_and_ends_are_found(make_clip, kind):
    """In the order in which they are shown, whatever the container's own clock is."""
    media = probe(make_clip(f"clip.{kind}", *VIDEO, *TONE, *X264, "-c:a", "aac"))
    found = scan(media, CancelToken())
    near = CLOCK_HZ // 1000
    assert [pytest.approx(n * CLOCK_HZ // 25 + found.frames[0], abs=near) for n in range(100)] == list(found.frames)
    assert [0, 1, 2, 3] == [round((key - found.frames[0]) / CLOCK_HZ) for key in found.keyframes]
    assert (True, pytest.approx(3600, abs=near), [pytest.approx(5.0, abs=0.07)]) == (
        found.orderly,
        found.usual_gap,
        [end / CLOCK_HZ for end in found.audio_ends.values()],
    )
    assert (pytest.approx(4.0, abs=0.07), found.audio_ends[media.audio[0].index]) == (
        found.video_end / CLOCK_HZ,
        found.end,
    )


def test_frames_that_an_edit_list_hides_are_decoded_and_not_shown(make_clip):
    """Cut without encoding at 1.3 s: decoding begins 0.3 s before the first frame that is shown."""
    whole = make_clip("whole.mp4", *VIDEO, *TONE, *X264, "-c:a", "aac")
    found = scan(probe(make_clip("cut.mp4", "-ss", "1.3", "-i", str(whole), "-c", "copy")), CancelToken())
    assert (67, 0, True) == (len(found.frames), found.frames[0], found.hidden)
    assert [pytest.approx(t, abs=0.025) for t in (-0.3, 0.7, 1.7)] == [key / CLOCK_HZ for key in found.keyframes]


def test_the_busiest_stretch_is_found(make_clip):
    """Two seconds of noise after six of grey: the mean says little of what the noise takes."""
    grey, noise = (
        "color=c=gray:size=320x180:rate=25:duration=6",
        "testsrc2=size=320x180:rate=25:duration=2,noise=alls=40:allf=t",
    )
    inputs = (
        "-f",
        "lavfi",
        "-i",
        grey,
        "-f",
        "lavfi",
        "-i",
        noise,
        "-filter_complex",
        "[0:v][1:v]concat=n=2,format=yuv420p",
    )
    clip = make_clip("clip.mp4", *inputs, "-c:v", "libx264", "-preset", "ultrafast")
    found = scan(probe(clip), CancelToken())
    assert (8, pytest.approx(found.video_end / CLOCK_HZ * found.bit_rate / 8)) == (
        len(found.video_bytes),
        sum(found.video_bytes),
    )
    assert found.peak_bit_rate == pytest.approx(4 * found.bit_rate, rel=0.02)


def test_of_a_source_shorter_than_a_stretch_the_whole_is_the_busiest(make_clip):
    """Half a second."""
    found = scan(
        probe(make_clip("clip.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=0.48", *X264)),
        CancelToken(),
    )
    assert (1, found.bit_rate) == (len(found.video_bytes), found.peak_bit_rate)


def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(make_clip):
    """Half the file, half the frames."""
    clip = make_clip("clip.ts", *VIDEO, *X264)
    content = bytearray(clip.read_bytes())
    whole = scan(probe(clip), CancelToken())
    clip.write_bytes(content[: len(content) // 2])
    half = scan(probe(clip), CancelToken())
    assert (True, True) == (0 < len(half.frames) < len(whole.frames), half.video_end < whole.video_end)


def test_a_recording_with_lost_packets_is_not_orderly(make_clip):
    """A broadcast that was disturbed is better read from its beginning."""
    clip = make_clip("clip.ts", *VIDEO, *X264)
    content = clip.read_bytes()
    middle = len(content) // 2 // 188 * 188
    clip.write_bytes(content[:middle] + content[middle + 3 * 188 :])
    assert False is scan(probe(clip), CancelToken()).orderly


def test_cancel_stops_the_reading(make_clip):
    """A large file on a slow drive takes a while."""
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        scan(probe(make_clip("clip.mp4", *VIDEO, *X264)), cancel)


def test_a_file_that_is_gone_is_a_sentence(make_clip):
    """It was there when it was looked at."""
    clip = make_clip("clip.mp4", *VIDEO, *X264)
    media = probe(clip)
    clip.unlink()
    with pytest.raises(SourceError, match="was moved or deleted while it was read"):
        scan(media, CancelToken())


def test_progress_is_a_fraction_of_the_file(make_clip):
    """From nothing up to the whole."""
    seen: list[float] = []
    scan(
        probe(make_clip("clip.mp4", *VIDEO, *TONE, *X264, "-c:a", "pcm_s16le", "-f", "mov")),
        CancelToken(),
        seen.append,
    )
    assert (sorted(seen), True) == (seen, 0.0 <= seen[0] <= seen[-1] <= 1.0)
