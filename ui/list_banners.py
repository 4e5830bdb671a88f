"""What the banner says of the list of videos: of the one that is selected, or of all of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pipeline.model import PhaseName
from pipeline.preflight_answers import ReplaceFolder, ResumeUpload
from ui import banners
from ui.banners import Banner, BannerChoice, Tone
from ui.list_messages import DamagedVideo, RowQuestion, RowState
from ui.messages import BannerAnswer
from ui.video_rows import VideoRow, VideoRows

CANCEL_STOPS_ONE = "Cancel stops this video; the list goes on. More… > Stop the list stops all of it."
WHILE_LIST_RUNS = "Cancel stops the video that is converted; the list goes on. More… > Stop the list stops all of it."
OWN_SETTINGS = "Its settings are in the form: what you change there is for this video alone."
ONE_OF_SEVERAL = "The form shows the first of them and changes it alone. What is in More… counts for all of them."
SLEEPS_SOON = "The computer goes to sleep in half a minute."
AWAKE_CHOICES = (BannerChoice(label="Keep it awake", answer=BannerAnswer.STAY_AWAKE),)


def banner_of(videos: VideoRows, *, empty: bool = False) -> Banner | None:
    """Return what is said of the list, None where nothing is: then the form has the banner, unless it is `empty`."""
    if videos.note:
        return Banner(title=videos.note_title, lines=(videos.note,), tone=Tone.WARNING)
    if videos.falls_asleep:
        return Banner(title=summary(videos), lines=(SLEEPS_SOON,), tone=Tone.WARNING, choices=AWAKE_CHOICES)
    if videos.chosen is not None:
        return _of_row(videos, videos.chosen)
    if still := videos.still(tuple(videos.rows)):
        lines = (f"{videos.rows[still[0]].title} stands still. Start all goes on from there.",)
        return Banner(title=f"The list is paused: {summary(videos)}", lines=lines, tone=Tone.WARNING)
    if videos.runs:
        lines = ("No further video begins.",) if videos.then_stops else (WHILE_LIST_RUNS,)
        return Banner(title=f"Converting the list: {summary(videos)}", lines=lines, tone=Tone.BUSY)
    waiting = len(videos.unstarted)
    if not empty or not waiting:
        asks = any(row.state is RowState.ASKING for row in videos.rows.values())
        return ended(videos) if empty and (videos.has_ended or asks) else None
    what = "1 video waits" if waiting == 1 else f"{waiting} videos wait"
    title = f"{what} in the list. Press Start to convert {'it' if waiting == 1 else 'them'}."
    left = _named("The program ended at", [row for row in videos.rows.values() if row.listed.left_behind])
    return Banner(title=title, lines=tuple(left), tone=Tone.WARNING if left else Tone.PLAIN)


def ended(videos: VideoRows) -> Banner:
    """Return how the list stands when nothing of it is converted any more."""
    failed = [row for row in videos.rows.values() if row.state is RowState.FAILED]
    asking = [row for row in videos.rows.values() if row.state is RowState.ASKING]
    left = [row for row in videos.rows.values() if row.state is RowState.WAITING and row.passed_over]
    lines = [*_named("Failed", failed), *_named("Needs an answer", asking), *_named("Not started", left)]
    if lines:
        lines.append("Select a video to see why.")
    tone = Tone.BAD if failed else Tone.WARNING if asking or left else Tone.GOOD
    choices = banners.WITHOUT_CAPTIONS if unheard(videos) else ()
    return Banner(title=summary(videos), lines=tuple(lines), tone=tone, choices=choices)


def unheard(videos: VideoRows) -> tuple[str, ...]:
    """Return the videos that failed and could be converted without captions."""
    failed = (row for row in videos.rows.values() if row.state is RowState.FAILED)
    return tuple(row.id for row in failed if (row.listed if row.report is None else row.report).unheard)


def summary(videos: VideoRows) -> str:
    """Return how many are done, and what became of the others, in a sentence."""
    states = [row.state for row in videos.rows.values()]
    counts = {
        "failed": states.count(RowState.FAILED),
        "cancelled": states.count(RowState.CANCELLED),
        "waiting for an answer": states.count(RowState.ASKING),
    }
    rest = "".join(f", {number} {what}" for what, number in counts.items() if number)
    return f"{states.count(RowState.DONE)} of {len(states)} videos done{rest}."


def question_banner(question: RowQuestion) -> Banner:
    """Return a question about a video."""
    if isinstance(question, DamagedVideo):
        return banners.damaged(f"{question.name} is damaged.", question.damage)
    if isinstance(question, ResumeUpload):
        return banners.resume_question(question)
    if isinstance(question, ReplaceFolder):
        return banners.replace_question(question.reason)
    return banners.destination_question(question)


def _of_row(videos: VideoRows, row: VideoRow) -> Banner:
    name = row.job.source.name
    if row.question is not None and row.state is RowState.ASKING:
        return question_banner(row.question)
    if len(videos.selected) > 1:
        return Banner(title=f"{len(videos.selected)} videos are selected.", lines=(ONE_OF_SEVERAL,))
    if row.report is not None and row.state.ended:
        return banners.result(row.report, kept=row.bars.overall.kept if row.begun_here else None)
    if row.state is RowState.RUNNING and videos.paused and row.phase is PhaseName.UPLOAD:
        return banners.PAUSED
    if row.stands_still:
        then = f"If the program ends before that, {row.kept}% is kept." if row.kept else "The list waits for it."
        return Banner(title=f"{row.status}: {name}", lines=(f"Start goes on from there. {then}",), tone=Tone.WARNING)
    if row.state is RowState.RUNNING and row.plan is not None:
        told = banners.under_way(row.plan, row.phase)
        return replace(told, lines=(CANCEL_STOPS_ONE,)) if videos.runs else told
    if row.state is RowState.FAILED:
        return banners.failed(name, row.listed.reason, damaged=row.listed.damaged, unheard=row.listed.unheard)
    if row.unreadable:
        return Banner(title=f"{name} can't be converted.", lines=(row.unreadable,), tone=Tone.BAD)
    if row.state is RowState.PARKED:
        return Banner(title=f"Waits: {name}", lines=(row.listed.reason,), tone=Tone.WARNING)
    if row.state is RowState.CANCELLED:  # whether there is anything of it, nobody knows without a look at the disk
        return Banner(title=f"{row.status}: {name}", lines=("Press Start to continue.",))
    if row.state is RowState.DONE:
        return Banner(title=f"{row.status}: {name}", lines=(f"Its folder is {row.job.folder}.",))
    if row.passed_over:
        return Banner(title=f"Not started: {name}", lines=(row.passed_over,), tone=Tone.WARNING)
    return Banner(title=f"{videos.status(row)}: {name}", lines=(OWN_SETTINGS,) if row.editable else ())


def _named(what: str, rows: Iterable[VideoRow]) -> list[str]:
    names = [row.job.source.name for row in rows]
    return [f"{what}: {', '.join(names)}."] if names else []
