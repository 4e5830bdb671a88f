"""Does an encode task: a chunk of the video becomes segments, which are checked before they are used."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.engines.engine import CommandStarted, EncodeInputs, EncodeProgress, Listen
from pipeline.engines.source_run import run_on_source
from pipeline.engines.tasks import EncodeResult, EncodeTask
from pipeline.errors import EncodeError, IncompleteError
from pipeline.job import SegmentType
from pipeline.media.encode.audio_coding import AUDIO_FILE
from pipeline.media.ffmpeg.process import ffmpeg_version
from pipeline.media.hls import measure
from pipeline.media.hls.fragments import separate_init
from pipeline.media.hls.iframes import first_time
from pipeline.media.stream_layout import INIT, PLAYLIST, segment_pattern


class NotSeekableError(IncompleteError):
    """A chunk did not begin or end where it should: the source must be encoded in one piece."""


def run_encode(
    task: EncodeTask, folder: Path, inputs: EncodeInputs, listen: Listen, cancel: CancelToken, *, ffmpeg: Path
) -> EncodeResult:
    """Encode a chunk into one folder per rendition.

    Raises NotSeekableError, EncodeError, SourceError, OutputError, Cancelled.
    """
    own = ffmpeg_version(ffmpeg)
    if own != task.ffmpeg:
        both = f"{own} in place of {task.ffmpeg}"
        raise EncodeError(f"The ffmpeg here is another than the job's ({both}): give every worker the same one.")
    source = inputs.source(task.source)
    for name in task.renditions:
        (folder / name).mkdir()
    stretch = folder / AUDIO_FILE
    if task.audio is not None:
        inputs.audio(task.audio, stretch, cancel)
    segments = _Segments(task, folder)
    run = run_on_source(
        ffmpeg,
        task.arguments,
        source,
        folder,
        cancel=cancel,
        on_command=lambda command: listen(CommandStarted(command=command)),
        on_progress=lambda out_time_s: listen(EncodeProgress(out_time_s=out_time_s, segments=segments.counted())),
    )
    stretch.unlink(missing_ok=True)
    if task.segment_type is SegmentType.FMP4:
        for name in task.renditions:
            separate_init(folder / name / INIT, folder / name / (segment_pattern(SegmentType.FMP4) % 1))
    if task.frames is not None and task.frames != run.frames:
        raise NotSeekableError(f"{task.frames} frames were expected and {run.frames} made")
    # a full disk leaves empty segments while ffmpeg ends with status 0
    made = {name: [folder / name / s.uri for s in measure.check_segments(folder, name)] for name in task.renditions}
    starts = {name: tuple(first_time(path, task.segment_type) for path in paths) for name, paths in made.items()}
    last = None
    if task.ends:
        name, paths = next(iter(made.items()))
        last = measure.last_frame_after(folder / name / PLAYLIST, paths[-1].name)
    return EncodeResult(frames=run.frames, errors=run.error_lines, starts=starts, last=last)


class _Segments:
    """How many segments of each rendition are finished: ffmpeg renames them then, and reports none."""

    def __init__(self, task: EncodeTask, folder: Path) -> None:
        self._pattern = segment_pattern(task.segment_type)
        self._folders = {name: str(folder / name) for name in task.renditions}
        self._counts = dict.fromkeys(task.renditions, 0)

    def counted(self) -> dict[str, int]:
        # asked ten times a second for each chunk: with Path this took a tenth of the program's own time
        for name, folder in self._folders.items():
            while os.path.exists(f"{folder}/{self._pattern % (self._counts[name] + 1)}"):  # noqa: PTH110
                self._counts[name] += 1
        return dict(self._counts)
