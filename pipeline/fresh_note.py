"""For which job of a queue a folder was made anew, kept in the folder: several machines may see it.

A job that is to begin anew does so once: its later attempts, on whichever machine, go on from there. Knows nothing of
queues and machines.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError
from pipeline.events import Event, PhaseProgress, PhaseStarted, Sink
from pipeline.files import write_whole
from pipeline.model import PhaseName

SCHEMA = 1
NOTE = ".fresh.json"


@dataclass(frozen=True, kw_only=True)
class FreshNote:
    """`job` is the id of the job for which the folder was made; `has_sent` says that its upload has sent something."""

    job: str
    has_sent: bool = False


def read_fresh_note(folder: Path) -> FreshNote | None:
    """Return what was noted, None where nothing was that can be understood."""
    try:
        stored = json.loads((folder / NOTE).read_bytes())
        if stored.pop("schema") != SCHEMA:
            return None
        return from_json(FreshNote, stored, NOTE)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, CodecError):
        return None


def noting_fresh(sink: Sink, folder: Path, job: str) -> Sink:
    """Return a sink that also notes when the upload of a job begins, and when it has sent something.

    What an earlier attempt has sent stays noted. It raises OutputError where that can't be written.
    """
    noted: list[FreshNote] = []
    sent = FreshNote(job=job, has_sent=True)

    def note(has_sent: bool) -> None:
        latest = FreshNote(job=job, has_sent=has_sent)
        if latest not in noted:
            noted.append(latest)
            if read_fresh_note(folder) != sent:
                write_whole(folder / NOTE, json.dumps({"schema": SCHEMA, **to_json(latest)}) + "\n")

    def take(event: Event) -> None:
        if isinstance(event, PhaseStarted) and event.phase is PhaseName.UPLOAD:
            note(has_sent=False)
        elif isinstance(event, PhaseProgress) and event.phase is PhaseName.UPLOAD and event.transfer.bytes_done:
            note(has_sent=True)
        sink(event)

    return take
