"""Does a job from the queue of several machines: the same preflight and run as elsewhere, but without questions."""

from __future__ import annotations

import itertools
import shutil
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.cluster_results import ResultSender, fetch_result
from pipeline.cluster_speech import Transcriber, cancelled, failed
from pipeline.disk_room import is_full
from pipeline.engines.engine import Engine
from pipeline.engines.procrastinate.database import Database
from pipeline.engines.procrastinate.rows import SpeechWork, TaskKind, job_of, needed_here, speech_of
from pipeline.engines.procrastinate.running_job import RowResult, Tell
from pipeline.engines.procrastinate.speech import QueuedSpeechEngine
from pipeline.errors import Cancelled, CodecError, Setting, SettingsError, ToolError
from pipeline.events import Sink
from pipeline.ffmpeg_need import OLDEST, check_ffmpeg
from pipeline.files import is_there
from pipeline.fresh_note import noting_fresh, read_fresh_note
from pipeline.job import Existing, Job, once_made, resumed
from pipeline.media.ffmpeg.process import ffmpeg_version, find_ffmpeg
from pipeline.model import Outcome
from pipeline.preflight import check_job
from pipeline.preflight_answers import Ready, Refused
from pipeline.scheduler import Scheduler, Turn
from pipeline.speech.child import WhisperProcess
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.upload.journal import JOURNAL_FILE

OF_THE_MACHINE = (Setting.ENCODER, Setting.BACKEND_URL, Setting.TOKEN, Setting.OUTPUT)
"""Settings that a job can be refused for on this machine, and not on another one."""


@dataclass(frozen=True, kw_only=True)
class ClusterJobs:
    """Does jobs of the queue on this machine, each in its own folder below `work`, which is deleted with the job.

    `connect` opens a connection to the queue: where this machine does not transcribe (`transcribes`), others do.
    """

    config: Config
    work: Path
    whisper: WhisperProcess
    scheduler: Scheduler
    connect: Callable[[], Database]
    transcribes: bool = True
    _orders: Iterator[int] = field(default_factory=itertools.count)

    def run(
        self, row: Mapping[str, Any], id_: uuid.UUID, tell: Tell, cancel: CancelToken, control: TransferControl
    ) -> RowResult:
        """Do the job of a row; never raises. What is finished stays in the job's folder until the job is done."""
        control.away_s = self.config.backend.patience_s  # then it is tried again later, by whoever has time
        own = self.work / str(id_)
        title = str(row.get("title", ""))
        roots = self.config.sources.roots
        try:
            if TaskKind.SPEECH.value in row:
                work = speech_of(row, roots)
                _check_all_is_here(work.needed_here)
                result = self._transcriber(work, id_, own, control).transcribe(work, title, own, tell, cancel)
            else:
                ffmpeg = ffmpeg_version(find_ffmpeg(self.config.ffmpeg_path))
                check_ffmpeg(ffmpeg, row.get("ffmpeg", OLDEST))
                job = job_of(row, roots=roots, own_output=own)
                _check_all_is_here(needed_here(job, roots, transcribes=self.transcribes))
                result = self._run(job, id_, tell, cancel, control, wrap_engine=self._speech_engine(row, job, id_))
        except (CodecError, SettingsError, ToolError) as error:
            return RowResult(report=failed(title, Path(title), own, str(error)), declined=True)
        if result.report.outcome is Outcome.DONE or result.report.wrong_settings:
            shutil.rmtree(own, ignore_errors=True)
            result = replace(result, keeps_nothing=result.report.folder.is_relative_to(own))
        return result

    def tidy(self, unfinished: Callable[[Collection[uuid.UUID]], Collection[uuid.UUID]]) -> None:
        """Remove the folders of jobs that another machine has ended. Raises QueueError.

        `work` must belong to this queue alone: jobs of another queue would count as ended.
        """
        left = {id_: folder for folder in self._folders() if (id_ := _id_of(folder)) is not None}
        for id_ in left.keys() - set(unfinished(left.keys())) if left else ():
            shutil.rmtree(left[id_], ignore_errors=True)

    def _folders(self) -> list[Path]:
        return list(self.work.iterdir()) if self.work.is_dir() else []

    def _turn(self) -> Turn:
        return Turn(scheduler=self.scheduler, order=next(self._orders))

    def _transcriber(self, work: SpeechWork, id_: uuid.UUID, own: Path, control: TransferControl) -> Transcriber:
        backend, sender = self.config.backend, None
        if work.to_store and backend.configured:
            sender = ResultSender(backend=backend, connect=self.connect, job=id_, folder=own, control=control)
        return Transcriber(whisper=self.whisper, turn=self._turn(), sender=sender)

    def _speech_engine(self, row: Mapping[str, Any], job: Job, id_: uuid.UUID) -> Callable[[Engine], Engine] | None:
        """Return what makes an engine that lets other machines transcribe, None where this machine does."""
        if self.transcribes or job.transcription is None or job.address is None:
            return None
        source, model = job.address.text, str(row["job"]["transcription"]["model"])
        backend = self.config.backend
        fetch = partial(fetch_result, backend) if backend.configured else None
        return lambda engine: QueuedSpeechEngine(
            engine, self.connect, source=source, model=model, parent=id_, title=job.slug, fetch=fetch
        )

    def _run(
        self,
        job: Job,
        id_: uuid.UUID,
        sink: Sink,
        cancel: CancelToken,
        control: TransferControl,
        *,
        wrap_engine: Callable[[Engine], Engine] | None,
    ) -> RowResult:
        if job.existing is Existing.FRESH and not job.folder.is_relative_to(self.work):
            sink = noting_fresh(sink, job.folder, str(id_))
        job = _going_on(job, self.work, id_)
        try:
            answer = check_job(job, self.config, cancel)
        except Cancelled:
            return RowResult(report=cancelled(job.slug, job.source, job.folder))
        if not isinstance(answer, Ready):
            refused = answer if isinstance(answer, Refused) else Refused(problems=(answer.refusal,))
            error = "\n".join(problem.text for problem in refused.problems)
            report = failed(job.slug, job.source, job.folder, error, wrong_settings=refused.wrong_settings)
            return RowResult(
                report=replace(report, backend_unreachable=refused.may_pass),
                declined=any(one.of_machine or one.setting in OF_THE_MACHINE for one in refused.problems),
            )
        report = wiring.run_job(
            answer.plan,
            self.config,
            sink,
            cancel,
            control=control,
            answers=answer.backend,
            whisper=self.whisper,
            is_last=False,
            turn=self._turn(),
            wrap_engine=wrap_engine,
            waits_for_room=False,  # another machine may have room
            alone=False,
        )
        no_room = report.outcome is Outcome.FAILED and job.output_dir.exists() and is_full(job.output_dir)
        return RowResult(report=report, declined=no_room)


def _going_on(job: Job, work: Path, id_: uuid.UUID) -> Job:
    """Return a job that goes on with what an earlier attempt at it has left.

    That is all that lies in a folder below `work`, and where several machines see the folder what is noted there.
    """
    job = resumed(job)
    if job.folder.is_relative_to(work):
        is_made, has_sent = job.folder.is_dir(), (job.folder / JOURNAL_FILE).exists()
    else:
        note = read_fresh_note(job.folder)
        is_made = job.existing is Existing.FRESH and note is not None and note.job == str(id_)
        has_sent = is_made and note is not None and note.has_sent
    return replace(job, existing=once_made(job.existing, has_sent=has_sent)) if is_made else job


def _check_all_is_here(places: Collection[Path]) -> None:
    """Raise SettingsError for what is not on this machine: its drive may be missing, and others may have it."""
    missing = [place for place in places if not is_there(place)]
    if missing:
        text = "was not found on this machine: check that the folder is there and its drive is connected."
        raise SettingsError([f"{place} {text}" for place in missing])


def _id_of(folder: Path) -> uuid.UUID | None:
    try:
        return uuid.UUID(folder.name)
    except ValueError:
        return None
