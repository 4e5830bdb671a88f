"""A job of the list in the form, and what an editor has changed of it there. Pure."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from pipeline.job import Job
from pipeline.presets.preset import settings_of
from ui.advanced import AdvancedValues
from ui.job_form import SEPARATOR, FormValues, destination
from ui.preset_form import with_settings


def form_of(job: Job, values: FormValues) -> FormValues:
    """Return the form with the settings of a job; the login, the computer's own settings and what is open stay.

    Of a job that is not uploaded the destination is the base of the form's, and nothing of it is deleted.
    """
    upload, speech = job.upload, job.transcription
    own_folder = f"{job.slug}/"
    settings = settings_of(job)
    if job.qualities is None:
        settings = replace(settings, qualities=values.qualities)
    filled = with_settings(values, settings)
    filled = replace(
        filled,
        preset_name="",
        source=job.origin,
        title=job.title,
        part_from=_time(None if job.trim is None else job.trim.start_s or None),
        part_to=_time(None if job.trim is None else job.trim.end_s),
        poster=_time(job.poster_s),
        output_dir=str(job.output_dir),
        captions=f"{SEPARATOR} ".join(str(file.path) for file in job.captions),
        dataset="" if job.dataset is None else job.dataset.uri,
        upload=upload is not None,
        advanced=_advanced(job, filled.advanced),
    )
    track = "" if speech is None or speech.track is None else str(speech.track)
    names_file = filled.speech.names_file if speech is None else ""
    filled = replace(filled, speech=replace(filled.speech, names_file=names_file, track=track))
    if upload is None:
        base = destination(values).base
        return replace(filled, destination=base, suggested_from=None, delete_local=False)
    above = upload.prefix.removesuffix(own_folder)
    return replace(
        filled,
        language=upload.language,
        destination=upload.prefix,
        suggested_from=above if above != upload.prefix else "",
        session_id=upload.session_id or "",
        delete_local=upload.delete_local,
    )


def with_source(values: FormValues, source: str) -> FormValues:
    """Return the form with another video, empty for none: title, part, poster and folder were those of the last."""
    if source == values.source:
        return values
    empty = replace(values, title="", part_from="", part_to="", poster="")
    return replace(empty, source=source, destination=destination(values).base, suggested_from=None)


def edited(job: Job, before: Job, after: Job) -> Job:
    """Return a job with what was changed in the form, which made `before` of its values and makes `after` now.

    What the form has no field for stays, and so does the video with its place.
    """
    kept = {name: getattr(job, name) for name in ("source", "slug", "address", "existing")}
    merged: Job = _merged(job, before, after)
    return replace(merged, **kept)


def _merged(of: Any, before: Any, after: Any) -> Any:  # noqa: ANN401  # any value of a field
    """Return `of` with the fields in which `before` and `after` differ, and with those of their parts."""
    if before == after:
        return of
    if not is_dataclass(of) or isinstance(of, type) or not type(of) is type(before) is type(after):
        return after
    return replace(
        of,
        **{
            one.name: _merged(getattr(of, one.name), getattr(before, one.name), getattr(after, one.name))
            for one in fields(of)
        },
    )


def _advanced(job: Job, values: AdvancedValues) -> AdvancedValues:
    encryption = job.encryption
    filled = replace(
        values,
        audio_tracks=",".join(map(str, job.tracks.audio)),
        encrypt=encryption is not None,
        accept_damaged=job.accept_damaged,
    )
    if encryption is None:
        return filled
    return replace(
        filled,
        key_file=str(encryption.key_file),
        key_uri=encryption.key_uri,
        publish_key=encryption.publish_key,
    )


def _time(seconds: float | None) -> str:
    """Return a time as it is typed, empty for none."""
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:06.3f}".rstrip("0").rstrip(".")
    return f"{hours}:{minutes:02}:{text}" if hours else f"{minutes}:{text}"
