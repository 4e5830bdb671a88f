"""A job whose folder is finished, for tests of the phases after packaging."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upload_parts import PREFIX, write_folder

from pipeline.alongside import Alongside
from pipeline.cancel import CancelToken
from pipeline.events import LogLevel
from pipeline.facts import Facts, PackageFacts, StepFacts
from pipeline.job import Existing, Job, SegmentType, UploadRequest
from pipeline.media_info import DynamicRange, MediaInfo
from pipeline.model import PhaseName, Plan, Rendition
from pipeline.output_settings import OutputSettings
from pipeline.phases.phase import PhaseContext, Progress
from pipeline.workspace import Workspace

SETTINGS = OutputSettings(steps={"hls": {}, "mp4": {}, "transcript": {}, "package": {}})


@dataclass
class PublishedJob:
    """The context of one run over the same folder, and what the phases said."""

    context: PhaseContext
    said: list[Progress] = field(default_factory=list)
    lines: list[tuple[str, LogLevel]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.context.workspace.folder

    @property
    def done(self) -> Facts:
        return self.context.workspace.done


def open_job(
    place: Path,
    media: MediaInfo,
    *,
    source: bytes = b"source",
    existing: Existing = Existing.ASK,
    facts: Iterable[StepFacts] = (),
    title: str = "",
    **upload: Any,
) -> PublishedJob:
    """Return a run of a job in `place`: its folder is made by the first run and found by the next ones.

    `source` is its video's content, `facts` are steps that count as finished besides the packaging, `title` is the
    job's; other keywords go into the UploadRequest.
    """
    video = place / "Lesson One.mp4"
    if not video.exists():
        video.parent.mkdir(parents=True, exist_ok=True)
        video.write_bytes(source)
    request = UploadRequest(**{"prefix": PREFIX, **upload})
    job = Job(source=video, output_dir=place / "out", slug="lesson", upload=request, existing=existing, title=title)
    quality = {
        "width": 1280,
        "height": 720,
        "frame_width": 1280,
        "frame_height": 720,
        "bit_rate": 1,
        "max_bit_rate": 1,
        "buffer_size": 1,
    }
    plan = Plan(
        job=job,
        media=media,
        renditions=(Rendition(name="720p", **quality), Rendition(name="480p", **quality)),
        audio=(),
        muxed_audio=True,
        encoder="libx264",
        segment_type=SegmentType.TS,
        frame_rate_limit=None,
        deinterlace=False,
        dynamic_range=DynamicRange.SDR,
        segment_s=6,
        mp4=None,
        phases=(PhaseName.UPLOAD, PhaseName.RECORD, PhaseName.CLEANUP),
    )
    workspace = Workspace(job)
    workspace.check(SETTINGS, existing)
    if not workspace.published:
        workspace.open()
        write_folder(workspace.folder)
        for one in facts:
            workspace.mark(one)
        workspace.publish(PackageFacts())
    said: list[Progress] = []
    lines: list[tuple[str, LogLevel]] = []
    context = PhaseContext(
        plan=plan,
        workspace=workspace,
        cancel=CancelToken(),
        report=said.append,
        log=lambda text, level: lines.append((text, level)),
        alongside=Alongside().start,
    )
    return PublishedJob(context=context, said=said, lines=lines)
