"""The banner of the window: the state of the job in words, and questions. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pipeline.errors import Problem
from pipeline.model import JobReport, Outcome, Plan
from pipeline.preflight_answers import DestinationTaken, ResumeUpload
from ui.messages import Answer


class Tone(Enum):
    """What a text means, beside what it says."""

    PLAIN = "plain"
    BUSY = "busy"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A button of a question. `default` gets the keyboard: never one that takes something away."""

    label: str
    answer: Answer
    default: bool = False


@dataclass(frozen=True, kw_only=True)
class Banner:
    """The state of the job in words: a title, sentences beneath it, and buttons for a question."""

    title: str
    lines: tuple[str, ...] = ()
    tone: Tone = Tone.PLAIN
    choices: tuple[Choice, ...] = ()


READY = Banner(title="Choose a video and press Start.")
CHECKING = Banner(title="Checking the settings and the source…", tone=Tone.BUSY)
STOPPING = Banner(title="Cancelling…", lines=("Waiting for running work to end cleanly.",), tone=Tone.WARNING)
WITHDRAWN = Banner(title="Not started.", lines=("Nothing was changed. Press Start to try again.",))
PAUSED = Banner(title="The upload is paused.", lines=("What has been uploaded is kept. Press Resume upload to go on.",))
MAX_LISTED = 3
"""More problems than this run on in one paragraph: a line each would push the log out of a small window."""

RESUME_CHOICES = (
    Choice(label="Resume", answer=Answer.RESUME, default=True),
    Choice(label="Upload everything again", answer=Answer.UPLOAD_AGAIN),
    Choice(label="Not now", answer=Answer.WITHDRAW),
)
REPLACE_CHOICES = (
    Choice(label="Replace", answer=Answer.REPLACE),
    Choice(label="Keep folder", answer=Answer.WITHDRAW, default=True),
)
DESTINATION_CHOICES = (
    Choice(label="Replace", answer=Answer.REPLACE_STREAM),
    Choice(label="Keep other video", answer=Answer.WITHDRAW, default=True),
)


def converting(plan: Plan) -> Banner:
    """Return the banner while a job runs."""
    title = f"Converting {plan.job.source.name}…"
    return Banner(title=title, lines=("You can go on working. Cancel stops cleanly at any time.",), tone=Tone.BUSY)


def resume_question(asked: ResumeUpload[Plan]) -> Banner:
    """Return the question what to do with an upload that was not finished."""
    return Banner(title=asked.question, tone=Tone.WARNING, choices=RESUME_CHOICES)


def replace_question(reason: str) -> Banner:
    """Return the question whether to replace the output folder, for this reason."""
    lines = (
        reason,
        (
            "Replace puts the new files in its place once they are complete. Keep folder changes nothing: "
            "choose another output folder then."
        ),
    )
    return Banner(title="Replace the output folder?", lines=lines, tone=Tone.WARNING, choices=REPLACE_CHOICES)


def destination_question(asked: DestinationTaken[Plan]) -> Banner:
    """Return the question whether to take the place of another video."""
    day = f" on {asked.last_synced[:10]}" if asked.last_synced else ""
    what = "A file of the same name with other content" if asked.same_name else "Another video"
    begun = "its upload began" if day else "its upload has begun"
    done = f"is on its way there: {begun}" if asked.begun else "was uploaded there"
    known = f"{what} {done}{day}." if asked.title else "It has no manifest, so nothing shows which video it is."
    lines = (
        known,
        "Replace shows this video at that address once its upload is complete. Keep other video changes nothing.",
    )
    holds = "is to hold" if asked.begun else "holds"
    stream = f"“{asked.title}”" if asked.title else "a stream of an unknown video"
    title = f"{asked.prefix} {holds} {stream}. Replace it?"
    return Banner(title=title, lines=lines, tone=Tone.WARNING, choices=DESTINATION_CHOICES)


def refusal(problems: tuple[Problem, ...]) -> Banner:
    """Return why a job did not start."""
    count = len(problems)
    title = (
        "Not started: this must be put right first."
        if count == 1
        else f"Not started: {count} things must be put right first."
    )
    lines = tuple(p.text if count == 1 else f"•  {p.text}" for p in problems)
    if count > MAX_LISTED:
        lines = ("   ".join(lines),)
    return Banner(title=title, lines=lines, tone=Tone.BAD)


def result(report: JobReport) -> Banner:
    """Return how a job ended."""
    name = report.source.name
    if report.outcome is Outcome.FAILED:
        return Banner(title=f"Failed: {name}", lines=(report.error, *report.warnings), tone=Tone.BAD)
    if report.outcome is Outcome.CANCELLED:
        told = (report.error,) if report.error else ("Nothing was published. What is finished is kept.",)
        return Banner(title=f"Cancelled: {name}", lines=(*told, "Press Start to continue."), tone=Tone.WARNING)
    lines = [
        f"The local files were deleted; the log is in {report.folder}."
        if report.media_deleted
        else f"The files are in {report.folder}."
    ]
    if report.master_url:
        lines.append(f"The stream is at {report.master_url}")
    title = f"Done: {name}" if not report.warnings else f"Done, with a warning: {name}"
    tone = Tone.WARNING if report.warnings else Tone.GOOD
    return Banner(title=title, lines=(*lines, *report.warnings), tone=tone)
