"""A job as JSON and back: its one spelling outside of this process, for a queue, presets and workers.

An upload of a finished folder says so in `kind`; a job without that is a conversion.

No secret is in it: of a key its file and the address that playlists name, of an upload where it goes, of a source's
address what is without its query and login, which are known to the process that was given them alone; the backend's
login is looked up where the job runs. A change
to `Job` or to what is in it raises SCHEMA, one to `UploadJob` UPLOAD_SCHEMA, and one to `UploadRequest` both; a field
that an older schema lacks has its default.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, SettingsError
from pipeline.job import Job, UploadJob
from pipeline.source_address import SourceAddress, parse_address

SCHEMA = 5
AUDIO_SCHEMA = 4
"""From here on what is asked of the audio is `audio`; before, it was `sound`."""

UPLOAD_SCHEMA = 1
UPLOAD_KIND = "upload"

LONGEST_NAME_BYTES = 200
"""File systems take 255 for a name; those of the folders beside a job's own are longer than it by some."""


def job_to_json(job: Job | UploadJob) -> dict[str, Any]:
    """Return a job as what JSON can hold, its defaults too: a later version may have others."""
    if isinstance(job, UploadJob):
        return {"schema": UPLOAD_SCHEMA, "kind": UPLOAD_KIND, **to_json(job)}
    return {"schema": SCHEMA, **_without_secrets(job)}


def settings_of(job: Job | UploadJob) -> dict[str, Any]:
    """Return what a job says, as what JSON can hold: without its schema, its secrets and what has its default."""
    return to_json(job, without_defaults=True) if isinstance(job, UploadJob) else _without_secrets(job, defaults=False)


def _without_secrets(job: Job, *, defaults: bool = True) -> dict[str, Any]:
    if job.address is None:
        return to_json(job, without_defaults=not defaults)
    # where the file lies on this machine says nothing to another
    fields = to_json(replace(job, source=Path(job.address.file_name)), without_defaults=not defaults)
    return {**fields, "address": {"text": job.address.text, "signed": job.address.signed}}


def job_from_json(data: object, where: str = "The job") -> Job | UploadJob:
    """Return the job that `data`, what JSON held, stands for.

    `where` names the data in a message. Raises CodecError with a sentence that names what is unknown, missing or wrong.
    What depends on the source or the configuration is the plan's to judge.
    """
    if not isinstance(data, dict):
        raise CodecError(f"{where} must be an object, with its schema and its settings.")
    kind = data.get("kind")
    if kind is None:
        schema = _schema_of(data, SCHEMA, where)
        where = f"{where} (schema {schema})"
        job = from_json(Job, _present_form(data, schema), where)
        _check(job, where)
        return job
    if kind != UPLOAD_KIND:
        text = f'{where} is of a kind that is not known: say "{UPLOAD_KIND}", or leave `kind` out for a conversion.'
        raise CodecError(text)
    schema = _schema_of(data, UPLOAD_SCHEMA, where)
    return from_json(UploadJob, _fields(data), f"{where} (schema {schema})")


def _schema_of(data: dict[str, Any], newest: int, where: str) -> int:
    schema = data.get("schema")
    if type(schema) is not int or schema < 1:
        raise CodecError(f'{where} does not say which schema it has: add "schema": {newest}.')
    if schema > newest:
        raise CodecError(
            f"{where} has schema {schema}, and this version reads up to {newest}: use the version that wrote it."
        )
    return schema


def _fields(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in ("schema", "kind")}


def _present_form(data: dict[str, Any], schema: int) -> dict[str, Any]:
    fields = _fields(data)
    if schema < AUDIO_SCHEMA and "sound" in fields and "audio" not in fields:
        fields["audio"] = fields.pop("sound")
    return fields


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
    from pipeline.media.source.trimming import SHORTEST_S  # an upload alone has no use for all that is beside it

    if job.address is not None:
        _check_address(job.address, where)
    if not _is_place(job.slug):
        raise CodecError(f"{where}: slug must be a path below the output folder, such as week1/lesson.")
    for number, parts in enumerate(job.audio.audio_map):
        if len(parts) not in (1, 2):
            raise CodecError(f"{where}: audio.audio_map[{number}] must have 1 or 2 items, not {len(parts)}.")
    if job.dataset is not None and not job.makes_transcript:
        raise CodecError(f"{where}: dataset needs a transcript: add transcription or captions.")
    if not job.title.isprintable():
        raise CodecError(f"{where}: title must be one line of text.")
    if job.poster_s is not None and job.poster_s < 0:
        raise CodecError(f"{where}: poster_s must be 0 or more.")
    trim = job.trim
    if trim is not None and trim.start_s < 0:
        raise CodecError(f"{where}: trim.start_s must be 0 or more.")
    if trim is not None and trim.end_s is not None and trim.end_s - trim.start_s < SHORTEST_S:
        raise CodecError(f"{where}: trim.end_s must come after trim.start_s.")


def _check_address(address: SourceAddress, where: str) -> None:
    if address.query or address.login:
        raise CodecError(f"{where}: address must not have a query or a login: they are secrets.")
    try:
        parsed = parse_address(address.text)
    except SettingsError as error:
        raise CodecError(f"{where}: address.text can't be used. {error}") from error
    if parsed.text != address.text or parsed.is_folder:
        raise CodecError(f"{where}: address.text must be the address of one file, without a query or a login.")


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
