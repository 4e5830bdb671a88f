"""A job done at once, without a server: for tests that look at what became of a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import EncoderFamily, EncodingRequest, Job
from pipeline.media.validate import RuleFinding, validate
from pipeline.model import JobReport, Outcome

ULTRAFAST = EncodingRequest(preset="ultrafast", encoder=EncoderFamily.CPU)
ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')


@dataclass(frozen=True, kw_only=True)
class Converted:
    """What became of a source, and what the validator says of it."""

    report: JobReport
    findings: tuple[RuleFinding, ...]
    log: tuple[str, ...]

    @property
    def whole(self) -> tuple[Outcome, str, tuple[RuleFinding, ...]]:
        """How the job ended, its error, and what the validator found."""
        return self.report.outcome, self.report.error, self.findings

    @property
    def folder(self) -> Path:
        """Where the stream lies."""
        return self.report.folder

    @property
    def master(self) -> str:
        """The text of the master playlist."""
        return (self.folder / "master.m3u8").read_text(encoding="utf-8")

    def tags(self, name: str) -> list[dict[str, str]]:
        """Return the attributes of each tag of this name in the master playlist."""
        found = re.findall(rf"^#{name}:(.*)$", self.master, re.MULTILINE)
        return [{key: value.strip('"') for key, value in ATTRIBUTE.findall(text)} for text in found]


def convert(source: Path, folder: Path, config: Config | None = None, **request: Any) -> Converted:
    """Convert a file into a folder; keywords are those of `Job`."""
    config = config or Config()
    job = Job(source=source, output_dir=folder, **{"slug": "clip", "encoding": ULTRAFAST, "make_mp4": False} | request)
    events: list[Any] = []
    report = wiring.run_job(wiring.probe_and_plan(job, config), config, events.append, CancelToken())
    done = report.outcome is Outcome.DONE and not report.media_deleted
    log = tuple(text for event in events if (text := getattr(event, "text", "")))
    return Converted(report=report, findings=validate(report.folder).findings if done else (), log=log)
