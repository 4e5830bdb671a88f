"""The phases of a job, a row each, in the order in which they run: what they are called, and which
jobs have them.

Knows no phase's class: those are in `pipeline/phases/`, and `wiring` gives them their tools.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from pipeline.job import UploadRequest
from pipeline.model import PhaseName


class PhaseKind(Enum):
    """What a phase has to do with the job's folder, which is packaged after the last phase that fills it."""

    FILLS_FOLDER = "fills the folder"
    USES_FOLDER = "uses the finished folder"


@dataclass(frozen=True, kw_only=True)
class Requested:
    """What is asked of a job, as far as its phases follow from it."""

    fetch: bool = False
    stream: bool = False
    mp4: bool = False
    transcript: bool = False
    translation: bool = False
    upload: UploadRequest | None = None


@dataclass(frozen=True, kw_only=True)
class PhaseRow:
    """What is known of a phase before it is made.

    `title` names its row and `activity` says what goes on in it, in an editor's words.
    """

    name: PhaseName
    title: str
    activity: str
    kind: PhaseKind
    wanted: Callable[[Requested], bool]

    @property
    def fills_folder(self) -> bool:
        """Whether the phase makes what is published."""
        return self.kind is PhaseKind.FILLS_FOLDER


PHASES = {
    row.name: row
    for row in (
        PhaseRow(
            name=PhaseName.FETCH,
            title="Source",
            activity="Fetching the source",
            kind=PhaseKind.FILLS_FOLDER,  # nothing is packaged before it
            wanted=lambda requested: requested.fetch,
        ),
        PhaseRow(
            name=PhaseName.HLS,
            title="HLS",
            activity="Encoding the stream",
            kind=PhaseKind.FILLS_FOLDER,
            wanted=lambda requested: requested.stream,
        ),
        PhaseRow(
            name=PhaseName.MP4,
            title="480p MP4",
            activity="Making the 480p MP4",
            kind=PhaseKind.FILLS_FOLDER,
            wanted=lambda requested: requested.mp4,
        ),
        PhaseRow(
            name=PhaseName.TRANSCRIPT,
            title="Transcript",
            activity="Transcribing",
            kind=PhaseKind.FILLS_FOLDER,
            wanted=lambda requested: requested.transcript,
        ),
        PhaseRow(
            name=PhaseName.TRANSLATION,
            title="Translation",
            activity="Translating",
            kind=PhaseKind.FILLS_FOLDER,
            wanted=lambda requested: requested.translation,
        ),
        PhaseRow(
            name=PhaseName.UPLOAD,
            title="Upload",
            activity="Uploading",
            kind=PhaseKind.USES_FOLDER,
            wanted=lambda requested: requested.upload is not None,
        ),
        PhaseRow(
            name=PhaseName.RECORD,
            title="File record",
            activity="Saving the file record",
            kind=PhaseKind.USES_FOLDER,
            wanted=lambda requested: requested.upload is not None,
        ),
        PhaseRow(
            name=PhaseName.CLEANUP,
            title="Clean-up",
            activity="Removing local files",
            kind=PhaseKind.USES_FOLDER,
            wanted=lambda requested: requested.upload is not None and requested.upload.delete_local,
        ),
    )
}
"""Every phase by its name, in the order in which they run."""


def phases_of(requested: Requested) -> tuple[PhaseName, ...]:
    """Return the phases of a job in their order."""
    return tuple(row.name for row in PHASES.values() if row.wanted(requested))
