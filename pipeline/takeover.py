"""Takes over what an earlier version made under other names: one that gave every video of a run a folder by its file's name alone.

It numbered those of one name in the order in which they came (`lecture`, `lecture-2`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pipeline.errors import OutputError, SourceError
from pipeline.folder_lock import locked
from pipeline.job_file import JobFile, read_job_file
from pipeline.model import Existing, Job
from pipeline.slug import is_earlier_place, slug_for
from pipeline.workspace import fingerprint, lock_of, partial_of


def take_over(jobs: Sequence[Job]) -> dict[str, str]:
    """Move folders with the work on these jobs' sources to the jobs' own places; return a line for each job that got one, by its slug.

    What was made of the same file goes first, then what was made of the same content by a name that is gone. Raises OutputError when a
    folder can't be moved.
    """
    notes: dict[str, str] = {}
    waiting = [job for job in jobs if job.existing is not Existing.FRESH and any(_earlier(job))]
    content = {job.slug: found for job in waiting if (found := _content(job.source)) is not None}
    for by_path in (True, False):
        moved = True
        while moved:  # one that moves on makes room for another
            moved = False
            for job in waiting:
                if job.slug in notes or job.slug not in content or _is_begun(job):
                    continue
                for old in _earlier(job):
                    if _was_made_of(old, job, content[job.slug], by_path=by_path) and _move(old, job.output_dir / job.slug):
                        notes[job.slug] = _note(old, job)
                        moved = True
                        break
    return notes


def with_earlier_address(job: Job, destination: str | None) -> Job:
    """Return the job with the destination to which an earlier version uploaded it, where nothing is left to upload to its own.

    `destination` is the one above all jobs' own. What was uploaded and deleted here stays where it is.
    """
    found = read_job_file(job.output_dir / job.slug)
    if job.upload is None or destination in (None, job.upload.prefix) or found is None or "cleanup" not in found.done:
        return job
    uploaded = str(found.done.get("upload", {}).get("prefix", ""))
    name = uploaded.removeprefix(destination)
    if not uploaded.startswith(destination) or not _is_earlier(name.rstrip("/"), job):
        return job
    return replace(job, upload=replace(job.upload, prefix=uploaded))


def _note(old: Path, job: Job) -> str:
    new = job.output_dir / job.slug
    text = f"{old} was made of {job.source} under another place: it is {new} now."
    found = read_job_file(new)
    uploaded = str(found.done.get("upload", {}).get("prefix", "")) if found is not None and "cleanup" not in found.done else ""
    if uploaded and job.upload is not None and uploaded != job.upload.prefix:
        text += f" It is uploaded to {job.upload.prefix}; what is at {uploaded} stays until `manifest prune --orphans` removes it."
    return text


def _is_earlier(name: str, job: Job) -> bool:
    """Whether an earlier version may have given a job this place; it appended nothing where two endings have one name."""
    usual = PurePosixPath(job.slug).with_name(slug_for(job.source)).as_posix()
    return name != job.slug and (name == usual or is_earlier_place(name, usual))


def _earlier(job: Job) -> Iterator[Path]:
    """Yield the places that an earlier version may have given a job, as far as there is something."""
    names = {path.name.removeprefix(".").removesuffix(".partial") for path in _children(job.output_dir)}
    for name in sorted(names, key=lambda name: (len(name), name)):
        if _is_earlier(name, job):
            yield job.output_dir / name


def _children(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [path for path in folder.iterdir() if path.is_dir()]
    return []


def _is_begun(job: Job) -> bool:
    final = job.output_dir / job.slug
    return final.exists() or partial_of(final).exists()


def _content(source: Path) -> dict[str, object] | None:
    with contextlib.suppress(SourceError):
        return fingerprint(source)
    return None


def _was_made_of(old: Path, job: Job, content: dict[str, object], *, by_path: bool) -> bool:
    found: JobFile | None = read_job_file(old) or read_job_file(partial_of(old))
    if found is None or not found.is_of(content):
        return False
    made_of = Path(found.source_path).absolute()
    return made_of == job.source.absolute() if by_path else not made_of.exists()


def _move(old: Path, new: Path) -> bool:
    """Move a folder and the one where work goes on for it; False where another run works on it."""
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
            raise OutputError(f"{old} can't be moved to {new} ({error.strerror}): close programs that use it and start again.") from error
    return True
