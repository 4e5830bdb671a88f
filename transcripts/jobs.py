"""Jobs whose transcripts go into a dataset: a dataset is looked at before the work, and gets the transcript after it.

Several jobs may do so at the same time, here or at other computers: nothing of any of them is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, FolderInUseError, PipelineError, SettingsError
from pipeline.events import JobFinished, LogLevel, LogLine, Sink
from pipeline.job import DatasetRequest, Job
from pipeline.media.stream_layout import TRANSCRIPT_JSON
from pipeline.model import JobReport, Outcome
from storage import InvalidUriError, StorageError
from transcripts.dataset import Dataset, open_dataset
from transcripts.errors import DocumentError, UndecidedError
from transcripts.job_folder import read_job_folder
from transcripts.schema import TRANSCRIPTS
from transcripts.videos import PutOutcome, PutResult, check_transcripts, put_video

WAIT_S = 60.0
"""How long to wait for another job of this computer that writes the dataset; an editor may have it open for hours."""
LOOK_S = 0.2

RunJob = Callable[[Sink], JobReport]
"""Runs a job; its events go into the sink, the last one is the only JobFinished."""


class DatasetBusyError(PipelineError):
    """Somebody else on this computer has the dataset open all the time."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What became of a transcript in a dataset: a sentence, and how loud it is."""

    text: str
    level: LogLevel = LogLevel.INFO


def check_dataset(request: DatasetRequest, config: Config) -> None:
    """See that a dataset can get transcripts, before any work is done for it. Raises SettingsError, PipelineError."""
    with _plainly(), open_dataset(request.uri, create=TRANSCRIPTS, config=config) as dataset:
        document = dataset.document
        check_transcripts(document)
        if document.recovery is not None:
            raise SettingsError(_undecided(request))
        if document.read_only and not document.is_used_elsewhere:
            raise SettingsError(document.read_only)
        try:
            dataset.check_storable()
        except StorageError as error:
            raise PipelineError(f"The transcript could not be saved to {request.uri}: {error}") from error


def run_and_keep(run: RunJob, job: Job, config: Config, sink: Sink, cancel: CancelToken) -> JobReport:
    """Run a job, and put the transcript into the dataset that was asked for once it is done, as a part of the job.

    Args:
        run: runs the job with its events and the way to cancel it.
        job: what is run.
        config: how S3 is reached.
        sink: gets the events of all; the JobFinished when the dataset has the transcript.
        cancel: stops it.
    """
    request = job.dataset
    if request is None:
        return run(sink)
    report = run(lambda event: None if isinstance(event, JobFinished) else sink(event))
    if report.outcome is Outcome.DONE:
        try:
            kept = keep(request, job.folder, config, cancel)
            sink(LogLine(job=job.slug, text=kept.text, level=kept.level))
        except Cancelled:
            report = replace(report, outcome=Outcome.CANCELLED)
        except PipelineError as error:
            report = replace(report, outcome=Outcome.FAILED, error=str(error))
    sink(JobFinished(report=report))
    return report


def keep(
    request: DatasetRequest,
    folder: Path,
    config: Config,
    cancel: CancelToken,
    *,
    monotonic: Callable[[], float] = time.monotonic,
) -> Kept:
    """Put the transcript of a finished job's folder into a dataset, and save it where it is from.

    Waits for others who are writing it. Raises PipelineError with a sentence that says how it can be done later,
    Cancelled.
    """
    if not (folder / TRANSCRIPT_JSON).is_file():
        return Kept(text=f"Nothing was put into {request.uri}: the video has no transcript.")
    video = read_job_folder(folder)
    later = f"Put it in later with `transcripts add {request.uri} {folder}`."
    with _plainly(later), _open_when_free(request, config, cancel, monotonic) as dataset:
        if dataset.document.recovery is not None:
            raise UndecidedError(_undecided(request))
        result = put_video(dataset.document, video, dataset.source_uri, replace_edited=request.replace_edited)
        return _kept(request, result, _save(dataset))


@contextmanager
def _open_when_free(
    request: DatasetRequest, config: Config, cancel: CancelToken, monotonic: Callable[[], float]
) -> Iterator[Dataset]:
    """Open a dataset as soon as no other job of this computer writes it, as it is then. Raises DatasetBusyError."""
    end_s = monotonic() + WAIT_S
    while True:
        try:
            dataset = open_dataset(request.uri, create=TRANSCRIPTS, config=config)
        except DocumentError as error:
            if not isinstance(error.__cause__, FolderInUseError):
                raise
            reason = str(error)  # the other one has not yet fetched what there is to read
        else:
            if not dataset.document.read_only:
                with dataset:
                    yield dataset
                return
            reason = dataset.document.read_only
            dataset.close()
        if monotonic() >= end_s:
            raise DatasetBusyError(f"The transcript was not put into the dataset. {reason}")
        cancel.wait(LOOK_S)


def _save(dataset: Dataset) -> str:
    """Save to S3 where it is from there; return what somebody else has saved meanwhile, which was merged."""
    if not dataset.is_on_s3:
        dataset.document.flush()
        return ""
    from transcripts.save import SaveOutcome

    result = dataset.save()
    if result.outcome is SaveOutcome.UNDECIDED:
        raise UndecidedError(
            f"{result.text} Your version is kept on this computer: decide in the window that Transcripts… opens, "
            f"or with `transcripts save {dataset.source_uri}`."
        )
    return result.merged


def _kept(request: DatasetRequest, result: PutResult, merged: str) -> Kept:
    count = "1 segment" if result.segments == 1 else f"{result.segments} segments"
    if result.outcome is PutOutcome.KEPT:
        text = (
            f"The transcript in {request.uri} was not replaced, because somebody has edited it: "
            "`transcripts add` can replace it."
        )
        return Kept(text=text, level=LogLevel.WARNING)
    said = f"The transcript was {result.outcome.value} in {request.uri} ({count})."
    if result.outcome is PutOutcome.ADDED:
        said = f"The transcript was added to {request.uri} ({count})."
    if result.outcome is PutOutcome.UNCHANGED:
        said = f"{request.uri} has this transcript already ({count})."
    return Kept(text=f"{said} {merged}".rstrip())


def _undecided(request: DatasetRequest) -> str:
    return (
        f"A session that ended unexpectedly left unsaved changes of {request.uri}: restore or discard them "
        "in the window that Transcripts… opens, or with `transcripts add`."
    )


@contextmanager
def _plainly(later: str = "") -> Iterator[None]:
    """Raise what a store says as what a job ends with."""
    try:
        yield
    except InvalidUriError as error:
        raise SettingsError(str(error)) from error
    except StorageError as error:
        raise PipelineError(f"{error} {later}".rstrip()) from error
