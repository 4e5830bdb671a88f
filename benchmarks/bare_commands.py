"""Bare ffmpeg commands that do the encoding work of a plan, and no more: what the program is measured against.

They are written out here, apart from the program's own, so that a change to the program can't change the limit.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.model import Plan, Rendition


def to_nowhere(plan: Plan, renditions: Sequence[Rendition]) -> list[str]:
    """Return the arguments of the cheapest command that was known when chunks came: one ffmpeg,
    each size from the source.
    """
    arguments = ["-i", str(plan.media.path), "-filter_complex", from_source_graph(renditions)]
    arguments += [text for i in range(len(renditions)) for text in ("-map", f"[v{i}]")]
    return [
        *arguments,
        "-map",
        "0:a:0",
        *x264(plan, renditions),
        "-c:a",
        "aac",
        "-b:a",
        "128k",
        "-ac",
        "2",
        "-ar",
        "48000",
        "-f",
        "null",
        "-",
    ]


def x264(plan: Plan, renditions: Sequence[Rendition]) -> list[str]:
    """Return the video's options of the bare commands."""
    keyframes = "expr:isnan(prev_forced_t)+gt(floor(t/2),floor(prev_forced_t/2))"
    options = ["-c:v", "libx264", "-preset", plan.job.encoding.preset, "-profile:v", "high"]
    options += ["-force_key_frames", keyframes, "-sc_threshold", "0", "-fps_mode", "vfr"]
    for i, r in enumerate(renditions):
        if r.crf is None:
            options += [
                f"-b:v:{i}",
                str(r.bit_rate),
                f"-maxrate:v:{i}",
                str(r.max_bit_rate),
                f"-bufsize:v:{i}",
                str(r.buffer_size),
            ]
        else:
            options += [
                f"-crf:v:{i}",
                str(r.crf),
                f"-maxrate:v:{i}",
                str(r.bit_rate),
                f"-bufsize:v:{i}",
                str(r.buffer_size),
            ]
    return options


def from_source_graph(renditions: Sequence[Rendition]) -> str:
    """Return a filter graph that scales each size from the source."""
    outputs = "".join(f"[s{i}]" for i in range(len(renditions)))
    scaled = (
        f"[s{i}]scale={r.width}:{r.height}:flags=bicubic,setsar=1,format=yuv420p[v{i}]"
        for i, r in enumerate(renditions)
    )
    return ";".join((f"[0:v:0]split={len(renditions)}{outputs}", *scaled))


def from_larger_graph(renditions: Sequence[Rendition]) -> str:
    """Return a filter graph that scales each size from the next larger one."""
    parts, before = [], "[0:v:0]"
    for i, r in enumerate(renditions):
        scaled = f"{before}scale={r.width}:{r.height}:flags=bicubic,setsar=1,format=yuv420p"
        last = i + 1 == len(renditions)
        parts.append(f"{scaled}[v{i}]" if last else f"{scaled},split=2[v{i}][l{i}]")
        before = f"[l{i}]"
    return ";".join(parts)


def to_files(plan: Plan, graph: str, name: str) -> list[str]:
    """Return the arguments that encode the pictures of a graph into a file each, in one run."""
    arguments = ["-i", str(plan.media.path), "-filter_complex", graph]
    for i, r in enumerate(plan.renditions):
        arguments += ["-map", f"[v{i}]", *x264(plan, (r,)), f"{name}-{r.name}.mp4"]
    return arguments


def one_each(ffmpeg: Path, plan: Plan) -> list[list[str]]:
    """Return a command for each quality and one for the MP4, each decoding the source anew, written to nowhere."""
    assert plan.mp4 is not None
    return [[str(ffmpeg), "-v", "error", "-y", *to_nowhere(plan, (r,))] for r in (*plan.renditions, plan.mp4.rendition)]
