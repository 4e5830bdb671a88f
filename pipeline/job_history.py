"""The jobs of the queue that have ended, as people look for them: what, when, from where, to where, how.

Reads of each job only what is told of it: with all of their settings, ten thousand jobs would take long.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pipeline.codec import from_json
from pipeline.errors import CodecError
from pipeline.job_store import JobStore
from pipeline.queued_job import JobState, QueuedJob

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """A job that has ended; `ended_at` is in seconds since 1970.

    `origin` is the video, or the folder of an upload without a conversion; `prefix` is empty where nothing was to be
    uploaded. `note` says why it failed or was cancelled, empty where nothing is to be said. `searched` is what it is
    found by.
    """

    id: str
    title: str
    origin: str
    folder: Path
    backend_url: str
    prefix: str
    state: JobState
    ended_at: float
    note: str
    searched: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class _AskedUpload:
    prefix: str = ""


@dataclass(frozen=True, kw_only=True)
class _AskedAddress:
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class _AskedJob:
    """What is told of a job, a conversion or an upload alone; its codec has many more fields."""

    source: str = ""
    folder: str = ""
    title: str = ""
    address: _AskedAddress | None = None
    upload: _AskedUpload | None = None


@dataclass(frozen=True, kw_only=True)
class _ToldReport:
    error: str = ""


def read_history(store: JobStore, *, most: int | None = None) -> tuple[HistoryEntry, ...]:
    """Return the jobs that have ended, the latest first, at most so many. Raises JobStoreError."""
    ended = [job for job in store.all(ended=most) if job.state.ended]
    ended.sort(key=lambda job: job.ended_at or 0.0, reverse=True)
    return tuple(_entry(job) for job in ended[:most])


def search(entries: Sequence[HistoryEntry], text: str) -> list[HistoryEntry]:
    """Return the entries in which every word of a text is found, in their order; all of them for no word."""
    words = text.casefold().split()
    return [entry for entry in entries if all(word in entry.searched for word in words)]


def day_and_time(seconds: float) -> str:
    """Return a time of the history in this computer's zone, such as `2026-01-31 12:00`."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _entry(job: QueuedJob) -> HistoryEntry:
    asked = _read(_AskedJob, job.job_text) or _AskedJob()
    told = _read(_ToldReport, job.report_text)
    origin = asked.address.text if asked.address is not None else asked.source or asked.folder
    title = asked.title or (Path(asked.source).stem if asked.source else "") or job.slug
    prefix = "" if asked.upload is None else asked.upload.prefix
    note = (told.error if told is not None else "") or job.reason
    ended_at = job.ended_at or job.added_at
    found_by = (title, job.slug, origin, str(job.folder), job.backend_url, prefix, job.state.value, note)
    return HistoryEntry(
        id=job.id,
        title=title,
        origin=origin,
        folder=job.folder,
        backend_url=job.backend_url,
        prefix=prefix,
        state=job.state,
        ended_at=ended_at,
        note=note,
        searched="\n".join((*found_by, day_and_time(ended_at))).casefold(),
    )


def _read(kind: type[T], text: str) -> T | None:
    """Return what a stored text tells, None where there is none or it can't be understood: it is shown without."""
    try:
        return from_json(kind, json.loads(text), "The history", skip_unknown=True) if text else None
    except (ValueError, RecursionError, CodecError):
        return None
