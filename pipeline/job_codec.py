"""A job as JSON and back: its one spelling outside of this process, for a queue, presets and workers.

No secret of the program's is in it: of a key its file and the address that playlists name, of an upload where it goes;
the login is looked up where the job runs. A change
to `Job` or to what is in it raises SCHEMA; a field that an older schema lacks has its default.
"""

from __future__ import annotations

import json
from typing import Any

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError
from pipeline.job import Job
from pipeline.media.source.trimming import SHORTEST_S

SCHEMA = 1

LONGEST_NAME_BYTES = 200
"""File systems take 255 for a name; those of the folders beside a job's own are longer than it by some."""


def job_to_json(job: Job) -> dict[str, Any]:
    """Return a job as what JSON can hold, its defaults too: a later version may have others."""
    return {"schema": SCHEMA, **to_json(job)}


def job_from_json(data: object, where: str = "The job") -> Job:
    """Return the job that `data`, what JSON held, stands for.

    `where` names the data in a message. Raises CodecError with a sentence that names what is unknown, missing or wrong.
    What depends on the source or the configuration is the plan's to judge.
    """
    if not isinstance(data, dict):
        raise CodecError(f"{where} must be an object, with its schema and its settings.")
    schema = data.get("schema")
    if type(schema) is not int or schema < 1:
        raise CodecError(f'{where} does not say which schema it has: add "schema": {SCHEMA}.')
    if schema > SCHEMA:
        raise CodecError(
            f"{where} has schema {schema}, and this version reads up to {SCHEMA}: use the version that wrote it."
        )
    where = f"{where} (schema {schema})"
    job = from_json(Job, {name: value for name, value in data.items() if name != "schema"}, where)
    _check(job, where)
    return job


def job_to_text(job: Job) -> str:
    """Return a job as JSON in one line."""
    return json.dumps(job_to_json(job))


def job_from_text(text: str, where: str = "The job") -> Job:
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
