"""A job in the form in which the queue keeps it: another process, in another folder, must be able to do it.

Reads nothing but whether a model's name is that of a folder. Knows paths and the job's codec; nothing of states, owners
or files of the queue's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import CodecError
from pipeline.job import Existing, Job, UploadJob
from pipeline.job_codec import job_from_text, job_to_text
from pipeline.job_digest import digest_of


@dataclass(frozen=True, kw_only=True)
class StoredJob:
    """A job as it is kept. `folder` is where it works, spelled so that it can be compared; `text` is the job as JSON.

    `identity` is the same for two jobs that ask for the same: same folder, same settings, same backend if any. What is
    to become of earlier work is no setting: it is asked anew each time.
    """

    slug: str
    folder: str
    identity: str
    text: str

    @property
    def kind(self) -> str:
        """What kind of job it is: one conversion may replace another, but no upload."""
        return job_kind(self.identity)


def job_kind(identity: str) -> str:
    """Return what kind of job an identity is of."""
    return identity.partition(" ")[0]


def with_absolute_paths(job: Job | UploadJob, here: Path) -> Job | UploadJob:
    """Return the job with every path spelled out from `here`, which is where it was typed."""
    if isinstance(job, UploadJob):
        return replace(job, folder=here / job.folder)
    speech, encryption, dataset = job.transcription, job.encryption, job.dataset
    return replace(
        job,
        source=here / job.source if job.address is None else job.source,
        output_dir=here / job.output_dir,
        chapters=None if job.chapters is None else here / job.chapters,
        script=None if job.script is None else here / job.script,
        captions=tuple(replace(one, path=here / one.path) for one in job.captions),
        encryption=encryption and replace(encryption, key_file=here / encryption.key_file),
        transcription=speech and replace(speech, model=_model(speech.model, here)),
        dataset=dataset and replace(dataset, uri=_address(dataset.uri, here)),
    )


def stored(job: Job | UploadJob, here: Path, backend_url: str) -> StoredJob:
    """Return a job as it is kept.

    Args:
        job: what is asked for.
        here: the folder in which its paths were typed.
        backend_url: where uploads go; it makes no difference to a job without one.
    """
    job = with_absolute_paths(job, here)
    folder = os.path.normcase(os.path.normpath(job.folder))
    return StoredJob(
        slug=as_unicode(job.slug),
        folder=as_unicode(folder),
        identity=identity_of(job, backend_url),
        text=job_to_text(job),
    )


def identity_of(job: Job | UploadJob, backend_url: str) -> str:
    """Return the identity of a job whose paths are absolute."""
    return f"{type(job).__name__} {digest_of(replace(job, existing=Existing.ASK), backend_url)}"


def kept_fresh(before: str, after: str) -> str:
    """Return the job to be kept where it is asked for again, as JSON texts.

    That is what is asked now, but for one that is to be made anew, has been made, and waits to be sent: it is not made
    anew a second time.
    """
    try:
        earlier, later = job_from_text(before), job_from_text(after)
    except CodecError:  # a newer version has stored it
        return after
    made = earlier.existing is Existing.UPLOAD_AGAIN and later.existing is Existing.FRESH
    return job_to_text(replace(later, existing=Existing.UPLOAD_AGAIN)) if made else after


def as_unicode(text: str) -> str:
    """Return a text that SQLite can keep: what is not Unicode, as in file names on Linux, is spelled as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def without_login(url: str) -> str:
    """Return an address as it may be kept, without the name and password that may be in it, and without its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return as_unicode(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl())


def _model(name: str, here: Path) -> str:
    """Return a model's folder spelled out; the name of one that is fetched stays as it is."""
    from pipeline.speech.model_folder import is_folder_name  # an upload alone has no use for all that is beside it

    return str(here / Path(name).expanduser()) if is_folder_name(name) else name


def _address(uri: str, here: Path) -> str:
    return uri if "://" in uri else str(here / Path(uri).expanduser())
