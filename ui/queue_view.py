"""The videos in the queue as the window shows them: how far each is, and on which machine. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from pipeline.events import Event, JobFinished, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import JobReport, Outcome, PhaseName
from pipeline.phase_table import PHASES
from ui import bar_changes as rows
from ui.bars import Bar, Bars, RowStatus
from ui.queue_memory import QueuedVideo
from ui.queue_messages import (
    QueueCancelled,
    QueueChosen,
    QueueMessage,
    QueueStanding,
    QueueTold,
    VideoQueued,
    VideoStanding,
)

WAITS = "Waits in the queue"
CANCELLING = "Cancelling…"


@dataclass(frozen=True, kw_only=True)
class VideoInQueue:
    """A video that this window waits for. `machine` has it, or `why_not` says why nobody does; `hears_not` says why
    nobody transcribes it where another machine is to.
    """

    video: QueuedVideo
    bars: Bars
    machine: str = ""
    why_not: str = ""
    hears_not: str = ""
    phase: PhaseName | None = None
    fraction: float = 0.0
    stopping: bool = False
    report: JobReport | None = None

    @property
    def open(self) -> bool:
        """Whether it waits or runs."""
        return self.report is None

    @property
    def status(self) -> str:
        """Where it is and how far, in a line."""
        if self.report is not None:
            return _ended(self.report, self.machine)
        if self.stopping:
            return CANCELLING
        if not self.machine:
            return f"Waits: {self.why_not}" if self.why_not else WAITS
        if self.hears_not:
            return f"On {self.machine}: its transcription waits: {self.hears_not}"
        if self.phase is None:
            return f"On {self.machine}"
        return f"On {self.machine}, {int(self.fraction * 100)}%: {PHASES[self.phase].activity}"


@dataclass(frozen=True, kw_only=True)
class QueueView:
    """All of them, and the id of the one whose bars are shown, empty for none."""

    videos: tuple[VideoInQueue, ...] = field(default=())
    chosen_id: str = ""

    @property
    def chosen(self) -> VideoInQueue | None:
        """The one whose bars are shown."""
        return next((one for one in self.videos if one.video.id == self.chosen_id), None)


def advance_queue(view: QueueView, message: QueueMessage) -> QueueView:
    """Return what is shown after a message."""
    match message:
        case VideoQueued():
            videos = view.videos
            if message.video.id not in [one.video.id for one in videos]:
                videos = (*videos, VideoInQueue(video=message.video, bars=waiting_bars(message.video)))
            return QueueView(videos=videos, chosen_id=message.video.id)
        case QueueChosen():
            return replace(view, chosen_id=message.id)
        case QueueStanding():
            return _changed(view, [one.id for one in message.videos], lambda one: _stands(one, message.videos))
        case QueueTold():
            return _changed(view, [message.id], lambda one: _told(one, message.machine, message.event))
        case QueueCancelled():
            return _changed(view, [message.id], lambda one: replace(one, stopping=one.open))


def for_another_video(view: QueueView) -> QueueView:
    """Return what is shown when another video is chosen in the form: one that has ended makes room for its rows."""
    return view if view.chosen is None or view.chosen.open else replace(view, chosen_id="")


def waiting_bars(video: QueuedVideo) -> Bars:
    """Return the rows of a video that nobody has begun."""
    bars = rows.for_rows(video.renditions, video.phases)
    upload = replace(bars.upload, text="")
    return replace(bars, overall=Bar(label=bars.overall.label, status=RowStatus.WAITING, text=WAITS), upload=upload)


def _changed(view: QueueView, ids: Collection[str], change: Callable[[VideoInQueue], VideoInQueue]) -> QueueView:
    return replace(view, videos=tuple(change(one) if one.video.id in ids else one for one in view.videos))


def _stands(one: VideoInQueue, found: Sequence[VideoStanding]) -> VideoInQueue:
    stands = next(standing for standing in found if standing.id == one.video.id)
    if stands.machine:
        return replace(one, machine=stands.machine, why_not="", hears_not=stands.hears_not)
    one = replace(_begun_anew(one), why_not=stands.why_not)
    return replace(one, bars=replace(one.bars, overall=replace(one.bars.overall, text=one.status)))


def _begun_anew(one: VideoInQueue) -> VideoInQueue:
    return replace(one, bars=waiting_bars(one.video), phase=None, fraction=0.0, machine="")


def _told(one: VideoInQueue, machine: str, event: Event) -> VideoInQueue:
    if isinstance(event, LogLine):  # it may be of another machine than the one that tells it
        return one
    if machine != one.machine and not isinstance(event, JobFinished):
        one = _begun_anew(one)
    one = replace(one, machine=machine, why_not="", hears_not="")
    match event:
        case JobFinished():
            return replace(one, report=event.report, bars=rows.closed(one.bars, event.report), stopping=False)
        case PhaseStarted():
            bars = rows.started(one.bars, event, one.video)
            return replace(one, bars=bars, phase=event.phase, fraction=0.0)
        case PhaseProgress() if event.phase is not one.phase and not event.fraction:  # looked at before its start
            return replace(one, bars=rows.checked(one.bars, event))
        case PhaseProgress():
            bars = rows.progressed(one.bars, event, one.video)
            return replace(one, bars=bars, phase=event.phase, fraction=event.fraction)
        case PhaseFinished():
            return replace(one, bars=rows.finished(one.bars, event), fraction=1.0)
    return one


def _ended(report: JobReport, machine: str) -> str:
    if report.outcome is Outcome.FAILED:
        return f"Failed: {report.error}"
    if report.outcome is Outcome.CANCELLED:
        return "Cancelled"
    return f"Done on {machine}" if machine else "Done"
