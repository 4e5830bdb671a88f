"""The banner of the window: the state of the job in words, and questions. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from config import VERSION
from pipeline.errors import HOW_TO_ACCEPT
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, Plan
from pipeline.phase_table import PHASES
from pipeline.preflight_answers import DestinationTaken, Refused, ResumeUpload
from pipeline.transfer.upload.upload_texts import RESUME
from ui.messages import BannerAnswer
from ui.tones import Tone as Tone

if TYPE_CHECKING:
    from pipeline.update_notice import UpdateNotice  # with the HTTP client


@dataclass(frozen=True, kw_only=True)
class BannerChoice:
    """A button of a question. `default` gets the keyboard: never one that takes something away."""

    label: str
    answer: BannerAnswer
    default: bool = False


@dataclass(frozen=True, kw_only=True)
class Banner:
    """The state of the job in words: a title, sentences beneath it, and buttons for a question."""

    title: str
    lines: tuple[str, ...] = ()
    tone: Tone = Tone.PLAIN
    choices: tuple[BannerChoice, ...] = ()


MOST_PASTED = 8000
"""Characters: more than a path, a token or a list of files has. Tk takes seconds to show a million in a field, and
again at every key."""

READY = Banner(title="Choose a video and press Start.")
CHECKING = Banner(title="Checking the settings and the source…", tone=Tone.BUSY)
STOPPING = Banner(title="Cancelling…", lines=("Waiting for running work to end cleanly.",), tone=Tone.WARNING)
WITHDRAWN = Banner(title="Not started.", lines=("Nothing was changed. Press Start to try again.",))
PAUSED = Banner(title="The upload is paused.", lines=("What has been uploaded is kept. Press Resume upload to go on.",))
PUTTING_IN = Banner(title="Putting the video into the queue…", tone=Tone.BUSY)
WHILE_IT_RUNS = ("You can go on working. Cancel stops cleanly at any time.",)
MAX_LISTED = 2
"""More problems than this run on in one paragraph: a line each would push the log out of a small window."""

RESUME_CHOICES = (
    BannerChoice(label="Resume", answer=BannerAnswer.RESUME, default=True),
    BannerChoice(label="Upload everything again", answer=BannerAnswer.UPLOAD_AGAIN),
    BannerChoice(label="Not now", answer=BannerAnswer.WITHDRAW),
)
REPLACE_CHOICES = (
    BannerChoice(label="Replace", answer=BannerAnswer.REPLACE),
    BannerChoice(label="Keep folder", answer=BannerAnswer.WITHDRAW, default=True),
)
DESTINATION_CHOICES = (
    BannerChoice(label="Replace", answer=BannerAnswer.REPLACE_STREAM),
    BannerChoice(label="Keep other video", answer=BannerAnswer.WITHDRAW, default=True),
)

ACCEPT_DAMAGE = BannerChoice(label="Convert what can be read", answer=BannerAnswer.ACCEPT_DAMAGE)
WITHOUT_CAPTIONS = (
    BannerChoice(label="Convert without captions", answer=BannerAnswer.NO_CAPTIONS),
    BannerChoice(label="Download…", answer=BannerAnswer.GET_MODEL),
)

CLOSE_CHOICES = (
    BannerChoice(label="Go on in the background", answer=BannerAnswer.GO_ON_IN_BACKGROUND),
    BannerChoice(label="Finish this one, then close", answer=BannerAnswer.CLOSE_AFTER_JOB),
    BannerChoice(label="Stop and close", answer=BannerAnswer.STOP_AND_CLOSE),
    BannerChoice(label="Keep the window open", answer=BannerAnswer.STAY, default=True),
)
CLOSE_QUESTION = Banner(
    title="A video is not finished yet. Close the window?",
    lines=(
        "In the background, the video goes on without the window; it comes back when the video is done or something "
        "has to be asked. If you stop, the next start goes on from what is finished.",
    ),
    tone=Tone.WARNING,
    choices=CLOSE_CHOICES,
)
CLOSES_AFTERWARDS = "The window closes when this video is done."
CLOSES_SOON = "The program ends in half a minute."
UPDATE_CHOICES = (
    BannerChoice(label="What is new", answer=BannerAnswer.SHOW_NOTES),
    BannerChoice(label="Not now", answer=BannerAnswer.HIDE_UPDATE),
)
STAY_CHOICES = (BannerChoice(label="Keep the window open", answer=BannerAnswer.STAY),)


def with_update(banner: Banner, notice: UpdateNotice) -> Banner:
    """Return a banner that also tells of a newer version; nothing of it gets the keyboard."""
    line = f"Version {notice.version} of HLS Converter is available; this is {VERSION}."
    return replace(banner, lines=(*banner.lines, line), choices=UPDATE_CHOICES)


def under_way(plan: Plan, phase: PhaseName | None) -> Banner:
    """Return the banner while a job runs; `phase` is None before the first one."""
    name = plan.job.source.name
    title = f"Converting {name}…"
    if phase is PhaseName.FETCH or (phase is not None and not PHASES[phase].fills_folder):
        title = f"{PHASES[phase].activity}: {name}"
    return Banner(title=title, lines=WHILE_IT_RUNS, tone=Tone.BUSY)


def queued(title: str) -> Banner:
    """Return the banner when a video is in the queue."""
    line = "Choose the next one, or close the window: the videos in the queue are converted all the same."
    return Banner(title=f"In the queue: {title}", lines=(line,), tone=Tone.GOOD)


def resume_question(asked: ResumeUpload[Plan]) -> Banner:
    """Return the question what to do with an upload that was not finished."""
    return Banner(title=asked.question, tone=Tone.WARNING, choices=RESUME_CHOICES)


def replace_question(reason: str) -> Banner:
    """Return the question whether to replace the output folder, for this reason."""
    lines = (
        f"{reason} Replace puts the new files in its place once they are complete. Keep folder changes nothing: "
        "choose another output folder then.",
    )
    return Banner(title="Replace the output folder?", lines=lines, tone=Tone.WARNING, choices=REPLACE_CHOICES)


def destination_question(asked: DestinationTaken[Plan]) -> Banner:
    """Return the question whether to take the place of another video."""
    known = _what_is_there(asked) if asked.title else "It has no manifest, so nothing shows which video it is."
    lines = (
        known,
        "Replace shows this video at that address once its upload is complete. Keep other video changes nothing.",
    )
    stream = f"“{asked.title}”" if asked.title else "a stream of an unknown video"
    title = f"{asked.prefix} {'is to hold' if asked.begun else 'holds'} {stream}. Replace it?"
    return Banner(title=title, lines=lines, tone=Tone.WARNING, choices=DESTINATION_CHOICES)


def _what_is_there(asked: DestinationTaken[Plan]) -> str:
    what = "A file of the same name with other content" if asked.same_name else "Another video"
    day = asked.last_synced[:10]
    if asked.begun:
        return f"{what} is on its way there: its upload {f'began on {day}' if day else 'has begun'}."
    return f"{what} was uploaded there on {day}." if day else f"{what} was uploaded there."


def damaged(title: str, what: str) -> Banner:
    """Return that a video is not converted unasked; `what` says how it is damaged, without a full stop."""
    lines = (f"{what}. Convert what can be read, or copy or export the file again.",)
    return Banner(title=title, lines=lines, tone=Tone.WARNING, choices=(ACCEPT_DAMAGE,))


def refusal(refused: Refused) -> Banner:
    """Return why a job did not start."""
    problems = refused.problems
    count = len(problems)
    title = (
        "Not started: this must be put right first."
        if count == 1
        else f"Not started: {count} things must be put right first."
    )
    lines = tuple(in_window(p.text if count == 1 else f"•  {p.text}") for p in problems)
    if count > MAX_LISTED:
        lines = ("   ".join(lines),)
    return Banner(title=title, lines=lines, tone=Tone.BAD, choices=_way_on(damaged=refused.damaged))


def closes_afterwards(banner: Banner) -> Banner:
    """Return the banner of a job at whose end the window closes."""
    return replace(banner, lines=(*banner.lines, CLOSES_AFTERWARDS))


def closes_soon(banner: Banner) -> Banner:
    """Return the banner of a job that has ended in the background: the program ends too, unless the editor is there."""
    return replace(banner, lines=(*banner.lines, CLOSES_SOON), choices=STAY_CHOICES)


def too_long(characters: int) -> Banner:
    """Return why a text of so many characters was not pasted."""
    line = f"It has {characters:,} characters, and a field takes {MOST_PASTED:,}. Nothing was changed."
    return Banner(title="Not pasted: the text is too long.", lines=(line,), tone=Tone.WARNING)


def unexpected(text: str) -> Banner:
    """Return the sentence about a mistake in the window itself."""
    further = "If it comes back, Help > Save diagnostics… saves what helps to find the cause."
    return Banner(title="Something unexpected went wrong.", lines=(text, further), tone=Tone.BAD)


def diagnostics(text: str, *, ok: bool) -> Banner:
    """Return what became of the diagnostics that were to be saved."""
    title = "The diagnostics were saved." if ok else "The diagnostics were not saved."
    return Banner(title=title, lines=(text,), tone=Tone.GOOD if ok else Tone.BAD)


def result(report: JobReport, *, kept: float | None = None) -> Banner:
    """Return how a job ended; `kept` is the part that a later run does not do again, None where that is not known."""
    name = report.source.name
    if report.outcome is Outcome.FAILED:
        return failed(name, report.error, *report.warnings, damaged=report.damaged, unheard=report.unheard)
    if report.outcome is Outcome.CANCELLED:
        told = (in_window(report.error) or _what_is_kept(report), _how_it_goes_on(report, kept))
        return Banner(title=f"Cancelled: {name}", lines=told, tone=Tone.WARNING)
    lines = [_where(report)]
    if report.master_url:
        lines.append(f"The stream is at {report.master_url}")
    title = f"Done: {name}" if not report.warnings else f"Done, with a warning: {name}"
    tone = Tone.WARNING if report.warnings else Tone.GOOD
    return Banner(title=title, lines=(*lines, *report.warnings), tone=tone)


def _where(report: JobReport) -> str:
    """Return where the files are."""
    if report.folder == Path():
        return "Its files are on the server."
    if report.media_deleted:
        return f"The local files were deleted; the log is in {report.folder}."
    return f"The files are in {report.folder}."


def failed(name: str, *lines: str, damaged: bool, unheard: bool) -> Banner:
    """Return that a video failed, and why; `damaged` and `unheard` are as in `JobReport`."""
    told = tuple(map(in_window, lines))
    return Banner(title=f"Failed: {name}", lines=told, tone=Tone.BAD, choices=_way_on(damaged=damaged, unheard=unheard))


def in_window(text: str) -> str:
    """Return a sentence without what a button does, or the window says in other words."""
    return text.replace(HOW_TO_ACCEPT, "").replace(RESUME, "")


def _way_on(*, damaged: bool, unheard: bool = False) -> tuple[BannerChoice, ...]:
    return (ACCEPT_DAMAGE,) if damaged else WITHOUT_CAPTIONS if unheard else ()


def _what_is_kept(report: JobReport) -> str:
    """Return what is left of a job that was cancelled."""
    finished = _finished(report)
    if PhaseName.UPLOAD in finished:
        return "The files are uploaded."
    return "Nothing was published. What is finished is kept." if finished else "Nothing was published."


def _how_it_goes_on(report: JobReport, kept: float | None) -> str:
    """Return what Start does after a cancel."""
    percent = 0 if kept is None else int(kept * 100)
    if percent:
        return f"Press Start to continue: {percent}% is kept."
    nothing = kept is not None and not _finished(report)
    return "Press Start to begin again." if nothing else "Press Start to continue."


def _finished(report: JobReport) -> set[PhaseName]:
    return {one.phase for one in report.phases if one.outcome in (PhaseOutcome.DONE, PhaseOutcome.REUSED)}
