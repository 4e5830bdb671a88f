"""Measures with VMAF how close an encoded video is to what it was made from.

Owns libvmaf's filter and log; knows no rendition.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import EncodeError, Problem, Setting, SettingsError
from pipeline.media.ffmpeg.process import run_ffmpeg

_LOG = "vmaf.json"

# Pairs by number, not by time: containers round times, and the filter would pair a frame with its neighbour.
_NUMBERED = "settb=1/25,setpts=N"


def vmaf_available(ffmpeg: Path) -> bool:
    """Tell whether this ffmpeg can measure what it encodes: it has libvmaf and (from 7.1 on) decodes its own output."""
    video = ["-f", "lavfi", "-i", "color=size=64x64:rate=25:duration=0.08"]
    encoded = ["-filter_complex", "[0:v]split[a][b]", "-map", "[a]", "-c:v", "mpeg4", "-f", "null", "-"]
    with tempfile.TemporaryDirectory() as folder:
        compared = [
            "-dec",
            "0:0",
            "-filter_complex",
            comparison("dec:0", "b", _LOG, "out"),
            "-map",
            "[out]",
            "-f",
            "null",
            "-",
        ]
        try:
            run_ffmpeg(ffmpeg, [*video, *encoded, *compared], cwd=Path(folder), cancel=CancelToken())
        except EncodeError:
            return False
    return True


def require_vmaf(ffmpeg: Path) -> None:
    """Raise SettingsError where this ffmpeg can't measure what it encodes."""
    if not vmaf_available(ffmpeg):
        text = (
            f"{ffmpeg} can't measure VMAF: leave the VMAF target out, "
            "or let FFMPEG_PATH name an ffmpeg 7.1 or newer with libvmaf."
        )
        raise SettingsError(Problem(text=text, setting=Setting.TARGET_VMAF, of_machine=True))


def comparison(distorted: str, reference: str, log: str, output: str, *, every: int = 1) -> str:
    """Return a filter graph that compares two videos of one size, frame by frame.

    Args:
        distorted: the label of the encoded video.
        reference: the label of what it was made from.
        log: the name of the file for the scores, in the folder in which ffmpeg runs.
        output: the label of the graph's output, which nobody needs but ffmpeg.
        every: how many frames there are to one that is measured.
    """
    return (
        f"[{distorted}]{_NUMBERED}[{output}-d];[{reference}]{_NUMBERED}[{output}-r];[{output}-d][{output}-r]"
        f"libvmaf=log_fmt=json:log_path={log}:n_subsample={every}:shortest=1:repeatlast=0[{output}]"
    )


def read_scores(log: Path) -> tuple[float, ...]:
    """Return the score of each measured frame, 0 to 100; none where libvmaf saw no frame."""
    if not log.is_file():
        return ()
    return tuple(frame["metrics"]["vmaf"] for frame in json.loads(log.read_text(encoding="utf-8"))["frames"])


def measure_vmaf(
    ffmpeg: Path,
    distorted: Path,
    reference: Path,
    size: tuple[int, int],
    *,
    scratch: Path,
    cancel: CancelToken,
    every: int = 1,
) -> float:
    """Return the arithmetic mean of the frames' VMAF (model vmaf_v0.6.1).

    Args:
        ffmpeg: the program.
        distorted: a file or a media playlist of the size `size`.
        reference: what it was made from; it is scaled to `size` as the encode does it, and has the same frames.
        size: width and height in pixels.
        scratch: a folder for the log.
        cancel: ends it.
        every: how many frames there are to one that is measured.

    Raises:
        EncodeError: one of them can't be read, or there was nothing to compare.
        Cancelled: the job was cancelled.
    """
    width, height = size
    scaled = (
        f"[1:v:0]scale={width}:{height}:flags=bicubic:out_range=tv,format=yuv420p[scaled];[0:v:0]format=yuv420p[made]"
    )
    graph = f"{scaled};{comparison('made', 'scaled', _LOG, 'out', every=every)}"
    inputs = ["-i", f"file:{distorted.absolute()}", "-i", f"file:{reference.absolute()}"]
    (scratch / _LOG).unlink(missing_ok=True)
    run_ffmpeg(
        ffmpeg, [*inputs, "-filter_complex", graph, "-map", "[out]", "-f", "null", "-"], cwd=scratch, cancel=cancel
    )
    scores = read_scores(scratch / _LOG)
    if not scores:
        raise EncodeError(
            f"{distorted.name} and {reference.name} have no frames to compare: check that both can be played."
        )
    return statistics.fmean(scores)
