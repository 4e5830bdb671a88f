"""Moves what was made under another slug: by an earlier version, or when other folders were named beside a video.

A slug is the path below the folder that all videos of a run have in common, so it changes with them (`a/lecture`, then
`lecture`). An earlier version used the file's name alone, and numbered those of the same name in the order in which
they came (`lecture-2`).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from pipeline.errors import NewerVersionError, OutputError, SourceError
from pipeline.files import holds_something, is_there
from pipeline.fingerprint import Fingerprint, fingerprint
from pipeline.folder_lock import locked
from pipeline.job import Existing, Job
from pipeline.job_file import JobFile, read_job_file
from pipeline.job_folders import lock_of, partial_of
from pipeline.published import JOB_FILE
from pipeline.slug import is_earlier_slug, slug_for

_PARTIAL = re.compile(r"\.(.+)\.partial")
_SIZES = re.compile(rb'"size_bytes":\s*(\d+)')


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What was made of a source: its folder when whole, and the notes there or in the unfinished one."""

    folder: Path
    job_file: JobFile


def relocate(jobs: Sequence[Job]) -> dict[str, str]:
    """Move folders with these jobs' work to the folders of their slugs; return a line for each job moved, by slug.

    They may lie anywhere below the output folder. What was made of the same file goes first, then what was made of the
    same content by a name that is gone; what another of these jobs has in its own folder stays. Raises OutputError when
    a folder can't be moved.
    """
    return {job.slug: _note(old, job) for job, old in _moves(jobs, _move)}


def earlier_folders(jobs: Sequence[Job]) -> dict[str, Path]:
    """Return the folders that `relocate` would move, by the slugs of their jobs; nothing is moved."""
    return {job.slug: old for job, old in _moves(jobs, lambda old, new, top: not new.is_relative_to(old))}


def _moves(jobs: Sequence[Job], move: Callable[[Path, Path, Path], bool]) -> Iterator[tuple[Job, Path]]:
    """Yield jobs with the folders that were moved for them; `move` moves one below the output folder, if it can."""
    # a source that is elsewhere is not there to be compared
    jobs = [job for job in jobs if job.existing is not Existing.FRESH and job.address is None]
    if all(_is_begun(job) for job in jobs):
        return
    placed: set[str] = set()
    found = _work_below(
        sorted({job.output_dir for job in jobs}), {size for job in jobs if (size := _size(job.source)) is not None}
    )
    by_size: dict[int | None, list[_Work]] = defaultdict(list)
    for work in found:
        by_size[work.job_file.source.size_bytes].append(work)
    content = {
        job.slug: its for job in jobs if _size(job.source) in by_size and (its := _content(job.source)) is not None
    }
    taken: set[Path] = set()
    owners = {job.output_dir / job.slug: job for job in jobs}
    works = {
        job.slug: sorted(
            (work for work in by_size[its.size_bytes] if work.job_file.source == its), key=partial(_order, job)
        )
        for job in jobs
        if (its := content.get(job.slug)) is not None
    }
    for by_path in (True, False):
        moved = True
        while moved:  # one that moves on makes room for another
            moved = False
            for job in jobs:
                if job.slug in placed or job.slug not in content or _is_begun(job):
                    continue
                for work in works[job.slug]:
                    owner = owners.get(work.folder)
                    owned = owner is not None and owner is not job and work.job_file.source == content.get(owner.slug)
                    if work.folder in taken or owned or not _was_made_of(work, job, by_path=by_path):
                        continue
                    if move(work.folder, job.output_dir / job.slug, job.output_dir):
                        yield job, work.folder
                        placed.add(job.slug)
                        taken.add(work.folder)
                        moved = True
                        break


def with_earlier_address(job: Job, destination: str | None) -> Job:
    """Return the job with the destination to which it was uploaded under another slug,
    where nothing is left to upload to its own.

    `destination` is the one above all jobs' own. What was uploaded and deleted here stays where it is.
    """
    found = _read(job.output_dir / job.slug)
    if job.upload is None or destination in (None, job.upload.prefix) or found is None or found.done.cleanup is None:
        return job
    uploaded = _prefix(found)
    name = PurePosixPath(uploaded.removeprefix(destination)).name
    if not uploaded.startswith(destination) or not (name == PurePosixPath(job.slug).name or _is_earlier(name, job)):
        return job
    return replace(job, upload=replace(job.upload, prefix=uploaded))


def _note(old: Path, job: Job) -> str:
    new = job.output_dir / job.slug
    text = f"{old} was made from {job.source} under another name: it is {new} now."
    found = _read(new)
    uploaded = _prefix(found) if found is not None and found.done.cleanup is None else ""
    if uploaded and job.upload is not None and uploaded != job.upload.prefix:
        text += (
            f" It is uploaded to {job.upload.prefix}; "
            f"what is at {uploaded} stays until `manifest prune --orphans` removes it."
        )
    return text


def _is_earlier(name: str, job: Job) -> bool:
    """Whether an earlier version may have given a job this slug; two endings of one name shared one."""
    usual = PurePosixPath(job.slug).with_name(slug_for(job.source)).as_posix()
    return name != job.slug and (name == usual or is_earlier_slug(name, usual))


def _order(job: Job, work: _Work) -> tuple[bool, int, str]:
    """Return the sort key: first what an earlier version made under a name that it gave, then nearest the top."""
    slug = (
        work.folder.relative_to(job.output_dir).as_posix()
        if work.folder.is_relative_to(job.output_dir)
        else str(work.folder)
    )
    return not _is_earlier(slug, job), len(slug), slug


def _work_below(tops: Sequence[Path], sizes: set[int]) -> list[_Work]:
    """Return the work on sources of one of these sizes in folders at any depth, once each."""
    holders: dict[str, str] = {}
    for folder, holder in (pair for top in tops for pair in _holders(str(top))):
        if holder == folder or folder not in holders:
            holders[folder] = holder
    noted = (
        (Path(folder), _read_if_of(Path(holder), sizes))
        for folder, holder in holders.items()
        if _is_whole_or_new(folder, holder)
    )
    return [_Work(folder=folder, job_file=job_file) for folder, job_file in noted if job_file is not None]


def _is_whole_or_new(folder: str, holder: str) -> bool:
    """Whether a job's folder is whole or not there yet; one without notes may hold other videos' streams."""
    return holder == folder or not Path(folder).exists()


def _holders(top: str) -> Iterator[tuple[str, str]]:
    """Yield the folders of jobs, and where the notes of each lie: there, or in the folder where work goes on for it.

    Streams, which may have many files, and hidden folders are not searched. Works on strings alone, since there may be
    1,000 streams.
    """
    waiting = [top]
    while waiting:
        here = waiting.pop()
        below, stream = [], False
        with contextlib.suppress(OSError), os.scandir(here) as entries:
            for entry in entries:
                stream = stream or entry.name.endswith(".m3u8")
                if not entry.is_dir():
                    continue
                begun = _PARTIAL.fullmatch(entry.name)
                if os.path.isfile(f"{entry.path}/{JOB_FILE}"):  # noqa: PTH113
                    if begun is not None:
                        yield os.path.join(here, begun.group(1)), entry.path  # noqa: PTH118
                    elif not entry.name.startswith("."):
                        yield entry.path, entry.path
                elif not entry.name.startswith(".") and not entry.is_symlink():
                    below.append(entry.path)
        waiting += [] if stream else below


def _read_if_of(folder: Path, sizes: set[int]) -> JobFile | None:
    """Return what is noted in a folder where a source of one of these sizes may be meant:
    an upload's notes are long to read.
    """
    try:
        meant = any(int(size) in sizes for size in _SIZES.findall((folder / JOB_FILE).read_bytes()))
    except OSError:
        return None
    return _read(folder) if meant else None


def _read(folder: Path) -> JobFile | None:
    """Return what is noted in a folder; what a newer version noted is left alone."""
    with contextlib.suppress(NewerVersionError):
        return read_job_file(folder)
    return None


def _prefix(job_file: JobFile) -> str:
    """Return where it was uploaded to, empty where it was not."""
    return "" if job_file.done.upload is None else job_file.done.upload.prefix


def _is_begun(job: Job) -> bool:
    final = job.output_dir / job.slug
    return is_there(final) or is_there(partial_of(final))


def _size(source: Path) -> int | None:
    with contextlib.suppress(OSError):
        return source.stat().st_size
    return None


def _content(source: Path) -> Fingerprint | None:
    with contextlib.suppress(SourceError):
        return fingerprint(source)
    return None


def _was_made_of(work: _Work, job: Job, *, by_path: bool) -> bool:
    made_of = Path(work.job_file.source_path).absolute()
    return made_of == job.source.absolute() if by_path else holds_something(made_of.parent) and not is_there(made_of)


def _move(old: Path, new: Path, top: Path) -> bool:
    """Move a folder and the one where work goes on for it, and remove what that leaves empty below `top`.

    False where another run works on it, or where it would move into itself.
    """
    if new.is_relative_to(old):
        return False
    with contextlib.ExitStack() as opened:
        try:
            opened.enter_context(locked(lock_of(old), old))
        except OutputError:
            return False
        try:
            new.parent.mkdir(parents=True, exist_ok=True)
            for source, target in ((partial_of(old), partial_of(new)), (old, new)):
                if source.exists():
                    source.replace(target)
        except OSError as error:
            raise OutputError(
                f"{old} can't be moved to {new} ({error.strerror}): close programs that use it and start again."
            ) from error
    with contextlib.suppress(OSError):  # something else is in there
        for above in old.parents:
            if above == top or not above.is_relative_to(top):
                break
            above.rmdir()
    return True
