"""What tells one job from another, in a text that can be kept for years: what it says, and no more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pipeline.codec import to_json
from pipeline.job import Job, UploadJob
from pipeline.job_codec import settings_of

NEWER = (("audio_only",), ("poster_s",), ("encoding", "fit_ladder"), ("bit_rates",))
"""Settings, off, empty or None by default, that were not there when digests were of the defaults, too."""


def digest_of(job: Job | UploadJob, backend_url: str = "") -> str:
    """Return the digest of a job's settings: a later version has the same, for what it adds has its default here.

    `backend_url` is where an upload goes, where that tells one job from another.
    """
    settings = settings_of(job)
    if backend_url and job.upload is not None:
        settings["backend"] = backend_url
    return _digest(json.dumps(settings, sort_keys=True))


def is_digest_of(digest: str, job: Job) -> bool:
    """Whether a digest is that of these settings, also one that an earlier version has made."""
    return digest == digest_of(job) or digest in _earlier(job)


def _earlier(job: Job) -> tuple[str, ...]:
    """Return the digests of schema 4, and of 3, where `audio` was `sound`: of all settings, their defaults too.

    None are those of a job with a setting that is newer than they are.
    """
    settings = to_json(job)
    for *groups, name in NEWER:
        group = settings
        for step in groups:
            group = group[step]
        value = group.pop(name)
        if value is not None and value is not False and value != []:  # a poster at 0.0 is one
            return ()
    before = {"sound" if name == "audio" else name: value for name, value in settings.items()}
    return _with_schema(4, settings), _with_schema(3, before)


def _with_schema(schema: int, settings: Mapping[str, Any]) -> str:
    return _digest(json.dumps({"schema": schema, **settings}))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
