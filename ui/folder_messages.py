"""The messages about finished jobs and their folders: what was read, and how far something is that is done with one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ui.tones import Tone

if TYPE_CHECKING:
    from pipeline.folder_results import FolderResults  # with what reads captions
    from pipeline.job_history import HistoryEntry  # with the queue's file


@dataclass(frozen=True, kw_only=True)
class ResultsRead:
    """What was read of a finished folder; `results` is None where `problem` says why nothing was."""

    folder: Path
    results: FolderResults | None
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class HistoryRead:
    """The jobs that have ended, the latest first; `whole` is false while the older ones are still to come."""

    entries: tuple[HistoryEntry, ...]
    whole: bool = True
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class FolderTold:
    """What is to be said of something that is done with a folder; `running` says that it goes on."""

    folder: Path
    text: str
    tone: Tone = Tone.PLAIN
    running: bool = False


FolderMessage = ResultsRead | HistoryRead | FolderTold
