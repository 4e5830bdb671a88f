"""Transcribes on this machine what another one has encoded: an engine's task, with the source as it lies here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.cluster_results import ResultSender
from pipeline.engines.procrastinate.database import NotPermittedError
from pipeline.engines.procrastinate.rows import SpeechWork
from pipeline.engines.procrastinate.running_job import RowResult, Tell
from pipeline.engines.task_codec import result_to_json
from pipeline.engines.tasks import ModelReference, SourceReference
from pipeline.engines.transcription import run_transcription
from pipeline.errors import AuthenticationError, Cancelled, PipelineError, SourceError
from pipeline.fingerprint import fingerprint
from pipeline.media.source.probe import probe
from pipeline.media.source.source_checks import ProbedFile
from pipeline.model import JobReport, Outcome
from pipeline.scheduler import Stage, Turn
from pipeline.speech.child import WhisperProcess
from pipeline.transfer.http.retry import may_pass

LOG_FILE = "heard.log"


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    """The source and model of a transcription, as they lie on this machine."""

    work: SpeechWork

    def source(self, reference: SourceReference) -> ProbedFile:
        """Return the source. Raises SourceError where it is another file here."""
        if fingerprint(self.work.source) != reference.content:
            text = f"{self.work.source} is not the video that was encoded: copy it to this machine again."
            raise SourceError(text)
        return probe(self.work.source)

    def model(self, _reference: ModelReference) -> str:
        """Return the model's name, or its folder here."""
        return self.work.model


@dataclass(frozen=True, kw_only=True)
class Transcriber:
    """Transcribes with `whisper`, when its `turn` comes.

    `sender` sends the transcript to the backend's store, None where it goes into the queue.
    """

    whisper: WhisperProcess
    turn: Turn
    sender: ResultSender | None

    def transcribe(self, work: SpeechWork, title: str, folder: Path, tell: Tell, cancel: CancelToken) -> RowResult:
        """Transcribe; never raises. The folder keeps what is finished, so that another attempt goes on from there."""
        inputs = _Inputs(work=work)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if self.sender is not None:
                self.sender.check(cancel)
            with self.turn.use(Stage.SPEECH, cancel):
                transcript = run_transcription(work.task, inputs, tell, cancel, folder / LOG_FILE, whisper=self.whisper)
            result: Mapping[str, Any] = result_to_json(transcript)
            if self.sender is not None:
                result = self.sender.put(result, "transcript", cancel)
        except Cancelled:
            return RowResult(report=cancelled(title, work.source, folder))
        except (PipelineError, OSError) as error:
            report = replace(failed(title, work.source, folder, str(error)), backend_unreachable=may_pass(error))
            return RowResult(report=report, declined=isinstance(error, (AuthenticationError, NotPermittedError)))
        report = JobReport(slug=title, source=work.source, folder=folder, outcome=Outcome.DONE)
        return RowResult(report=report, result=result)


def failed(title: str, source: Path, folder: Path, error: str, *, wrong_settings: bool = False) -> JobReport:
    """Return the report of a job that failed before it ran."""
    return JobReport(
        slug=title, source=source, folder=folder, outcome=Outcome.FAILED, error=error, wrong_settings=wrong_settings
    )


def cancelled(title: str, source: Path, folder: Path) -> JobReport:
    """Return the report of a job that was cancelled before it ran."""
    return JobReport(slug=title, source=source, folder=folder, outcome=Outcome.CANCELLED)
