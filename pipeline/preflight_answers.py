"""What can come of looking at a job before it starts: a plan, what is wrong, or a question. Pure.

A window turns a question into a banner, a command line into a prompt or an exit status.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pipeline.errors import (
    DamageError,
    OutputError,
    PipelineError,
    Problem,
    Setting,
    SettingsError,
    SourceError,
    ToolError,
    UploadIncompleteError,
)
from pipeline.model import Plan, UploadPlan
from pipeline.transfer.http.retry import may_pass
from pipeline.transfer.upload.backend_answers import NO_ANSWERS, BackendAnswers

PlanT = TypeVar("PlanT", Plan, UploadPlan)


@dataclass(frozen=True, kw_only=True)
class Ready(Generic[PlanT]):
    """Nothing is in the way of this plan. `backend` is what the backend has said meanwhile, for the job."""

    plan: PlanT
    backend: BackendAnswers = field(default=NO_ANSWERS, compare=False)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The job can't start as it is asked for; every reason at once. `wrong_settings` as in `JobReport`.

    `may_pass` says that a server can't be reached, or is in trouble: later the job may start. `damaged` is as in
    `JobReport`.
    """

    problems: tuple[Problem, ...]
    wrong_settings: bool = True
    may_pass: bool = False
    damaged: bool = False


@dataclass(frozen=True, kw_only=True)
class ReplaceFolder(Generic[PlanT]):
    """The output folder holds what is not replaced unasked: replace it?

    `reason` is a sentence that says what that is, `refusal` what to say where nobody can answer.
    """

    plan: PlanT
    reason: str
    refusal: Problem


@dataclass(frozen=True, kw_only=True)
class ResumeUpload(Generic[PlanT]):
    """An earlier upload of the same files is not complete: go on with it, or send everything again?"""

    plan: PlanT
    files_done: int
    files_total: int

    @property
    def question(self) -> str:
        """The question in a sentence."""
        return str(UploadIncompleteError(files_done=self.files_done, files_total=self.files_total))

    @property
    def refusal(self) -> Problem:
        """What to say where nobody can answer."""
        text = f"Previous upload incomplete ({self.files_done}/{self.files_total} files uploaded)"
        return Problem(text=f"{text}: add --resume to go on with it, or --fresh to begin anew.")


@dataclass(frozen=True, kw_only=True)
class DestinationTaken(Generic[PlanT]):
    """Another video stands at the destination: replace it?

    The fields are those of DestinationTakenError, `refusal` is what to say where nobody can answer.
    """

    plan: PlanT
    prefix: str
    title: str
    same_name: bool
    last_synced: str
    begun: bool
    refusal: Problem


PreflightAnswer = Ready[PlanT] | Refused | ReplaceFolder[PlanT] | ResumeUpload[PlanT] | DestinationTaken[PlanT]


def refused_by(error: PipelineError | OSError) -> Refused:
    """Return the refusal that an error means; the system's own is about the files of an earlier run."""
    if isinstance(error, SettingsError):
        return Refused(problems=error.problems)
    if isinstance(error, OSError):
        what = error.filename or "The output folder"
        text = f"{what} can't be read ({error.strerror or error}): check its permissions, or choose another folder."
        return Refused(problems=(Problem(text=text, setting=Setting.OUTPUT),), wrong_settings=False)
    setting = (
        Setting.SOURCE if isinstance(error, SourceError) else Setting.OUTPUT if isinstance(error, OutputError) else None
    )
    problem = Problem(text=str(error), setting=setting, of_machine=isinstance(error, ToolError))
    damaged = isinstance(error, DamageError)
    return Refused(problems=(problem,), wrong_settings=False, may_pass=may_pass(error), damaged=damaged)
