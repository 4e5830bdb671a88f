"""A job as JSON and back: its one spelling outside of this process, for a queue, presets and workers.

An upload of a finished folder says so in `kind`; a job without that is a conversion.

No secret of the program's is in it: of a key its file and the address that playlists name, of an upload where it goes;
the login is looked up where the job runs. A change
to `Job` or to what is in it raises SCHEMA, one to `UploadJob` UPLOAD_SCHEMA, and one to `UploadRequest` both; a field
that an older schema lacks has its default.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError
from pipeline.job import Job, UploadJob
from pipeline.media.source.trimming import SHORTEST_S

JobT = TypeVar("JobT", Job, UploadJob)

SCHEMA = 2
UPLOAD_SCHEMA = 1
UPLOAD_KIND = "upload"

LONGEST_NAME_BYTES = 200
"""File systems take 255 for a name; those of the folders beside a job's own are longer than it by some."""


def job_to_json(job: Job | UploadJob) -> dict[str, Any]:
    """Return a job as what JSON can hold, its defaults too: a later version may have others."""
    if isinstance(job, UploadJob):
        return {"schema": UPLOAD_SCHEMA, "kind": UPLOAD_KIND, **to_json(job)}
    return {"schema": SCHEMA, **to_json(job)}


def job_from_json(data: object, where: str = "The job") -> Job | UploadJob:
    """Return the job that `data`, what JSON held, stands for.

    `where` names the data in a message. Raises CodecError with a sentence that names what is unknown, missing or wrong.
    What depends on the source or the configuration is the plan's to judge.
    """
    if not isinstance(data, dict):
        raise CodecError(f"{where} must be an object, with its schema and its settings.")
    kind = data.get("kind")
    if kind is None:
        where, job = _read(Job, SCHEMA, data, where)
        _check(job, where)
        return job
    if kind != UPLOAD_KIND:
        text = f'{where} is of a kind that is not known: say "{UPLOAD_KIND}", or leave `kind` out for a conversion.'
        raise CodecError(text)
    return _read(UploadJob, UPLOAD_SCHEMA, data, where)[1]


def _read(kind: type[JobT], newest: int, data: dict[str, Any], where: str) -> tuple[str, JobT]:
    """Return what names the data in a message from here on, and the job."""
    schema = data.get("schema")
    if type(schema) is not int or schema < 1:
        raise CodecError(f'{where} does not say which schema it has: add "schema": {newest}.')
    if schema > newest:
        raise CodecError(
            f"{where} has schema {schema}, and this version reads up to {newest}: use the version that wrote it."
        )
    where = f"{where} (schema {schema})"
    return where, from_json(
        kind, {name: value for name, value in data.items() if name not in ("schema", "kind")}, where
    )


def job_to_text(job: Job | UploadJob) -> str:
    """Return a job as JSON in one line."""
    return json.dumps(job_to_json(job))


def job_from_text(text: str, where: str = "The job") -> Job | UploadJob:
    """Return the job that a JSON text stands for. Raises CodecError as `job_from_json` does."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"{where} is not JSON text.") from error
    return job_from_json(data, where)


def _check(job: Job, where: str) -> None:
    """Refuse what nobody can choose in the window or on the command line, and no later step looks for."""
    if not _is_place(job.slug):
        raise CodecError(f"{where}: slug must be a path below the output folder, such as week1/lesson.")
    for number, parts in enumerate(job.sound.audio_map):
        if len(parts) not in (1, 2):
            raise CodecError(f"{where}: sound.audio_map[{number}] must have 1 or 2 items, not {len(parts)}.")
    if job.dataset is not None and not job.makes_transcript:
        raise CodecError(f"{where}: dataset needs a transcript: add transcription or captions.")
    trim = job.trim
    if trim is not None and trim.start_s < 0:
        raise CodecError(f"{where}: trim.start_s must be 0 or more.")
    if trim is not None and trim.end_s is not None and trim.end_s - trim.start_s < SHORTEST_S:
        raise CodecError(f"{where}: trim.end_s must come after trim.start_s.")


def _is_place(slug: str) -> bool:
    """Whether a slug, joined to a folder, lies below it on every system and is no job's folder of work in progress."""
    return all(
        0 < len(part.encode()) <= LONGEST_NAME_BYTES
        and part.isprintable()
        and not part.startswith(".")
        and not part.endswith((".", " "))  # Windows leaves both out
        and not set(part) & set("\\:")
        for part in slug.split("/")
    )
