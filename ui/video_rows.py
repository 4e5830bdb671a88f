"""The videos in the list of this computer as the window shows them, and how messages change them. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pipeline.events import JobFinished, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.job import Job
from pipeline.model import JobReport, Outcome, PhaseName, Plan
from ui import bar_changes as bars_of
from ui.banners import in_window
from ui.bars import Bars
from ui.list_messages import (
    LEFT,
    NOT_ADDED,
    STARTABLE,
    AnswerPutOff,
    ListEnded,
    ListMessage,
    ListRuns,
    RowQuestion,
    RowState,
    StoredVideo,
    VideoAsks,
    VideoBegun,
    VideoLooked,
    VideoPassedOver,
    VideoSearched,
    VideosListed,
    VideosSelected,
    VideoStopping,
    VideoSuspended,
    VideoTold,
    WhenDone,
    WhenDoneChosen,
)
from ui.row_words import BROKEN_OFF, WORDS, in_a_word
from ui.source_text import duration
from ui.time_left import TimeLeft

ENDS = {
    Outcome.DONE: RowState.DONE,
    Outcome.FAILED: RowState.FAILED,
    Outcome.CANCELLED: RowState.CANCELLED,
}

NO_BARS = Bars()


@dataclass(frozen=True, kw_only=True)
class VideoRow:
    """A video in the list. `length_s`, `picture`, `unreadable` and `damage` are what was found out about its file;
    `passed_over` is why it could not be begun. `suspended` says that it stands still where it was, and goes on there.
    """

    listed: StoredVideo
    length_s: float | None = None
    picture: bytes = field(default=b"", repr=False)
    unreadable: str = ""
    damage: str = ""
    plan: Plan | None = None
    bars: Bars = NO_BARS
    phase: PhaseName | None = None
    left: TimeLeft | None = None
    question: RowQuestion | None = None
    passed_over: str = ""
    report: JobReport | None = None
    stopping: bool = False
    suspended: bool = False

    @property
    def id(self) -> str:
        """Its id in the queue."""
        return self.listed.id

    @property
    def job(self) -> Job:
        """What is asked for."""
        return self.listed.job

    @property
    def state(self) -> RowState:
        """How it stands."""
        return self.listed.state

    @property
    def title(self) -> str:
        """What people know the video by."""
        return self.job.title or self.job.source.name

    @property
    def length(self) -> str:
        """How long the video is, empty while that is not known."""
        return "" if self.length_s is None else duration(self.length_s)

    @property
    def begun_here(self) -> bool:
        """Whether its bars say how far it is."""
        return self.plan is not None

    @property
    def stands_still(self) -> bool:
        """Whether it was paused on its way: nothing of it is lost while the program is open."""
        return self.suspended and self.state is RowState.RUNNING and not self.stopping

    @property
    def damaged(self) -> bool:
        """Whether it is not begun without an answer, since it is damaged."""
        return bool(self.damage) and not self.job.accept_damaged and self.state is not RowState.DONE

    @property
    def editable(self) -> bool:
        """Whether its settings may be changed: nothing was made of it yet, or it does not run."""
        return self.state in (RowState.HELD, RowState.WAITING, RowState.ASKING, RowState.FAILED, RowState.CANCELLED)

    @property
    def percent(self) -> int:
        """How far it is, of what was begun here."""
        return int(min(1.0, max(0.0, self.bars.overall.fraction)) * 100)

    @property
    def kept(self) -> int | None:
        """How much of it a later run does not do again, in per cent; None where that is not known."""
        is_known = self.plan is not None and self.state not in (RowState.WAITING, RowState.PAUSED)
        return self.listed.percent if not is_known else int(self.bars.overall.kept * 100)

    @property
    def status(self) -> str:
        """How it stands and how far it is, in a line."""
        if self.stopping:
            return "Stopping…"
        if self.stands_still:
            return f"Paused at {self.percent}%"
        if self.state is RowState.RUNNING and self.phase is not None:
            left = "" if self.left is None or not self.left.text else f" · {self.left.text} left"
            return f"{self.percent}%{left} · {in_a_word(self.phase)}"
        word = BROKEN_OFF if self.listed.left_behind else WORDS[self.state]
        if self.state in (RowState.PAUSED, RowState.WAITING) and self.kept is not None:
            word = f"{word}: {self.kept}% kept" if self.kept else f"{word}: begins again"
        why = self.report.error if self.report is not None and self.report.error else self.listed.reason
        if self.state in (RowState.FAILED, RowState.PARKED) and why:
            return f"{word}: {self._reason(why)}"
        if self.state.ended or self.state is RowState.ASKING:
            return word
        if self.unreadable:
            return f"Can't be read: {self._reason(self.unreadable)}"
        if self.damaged and self.state is RowState.HELD:
            return f"Damaged: {self.damage}"
        return f"{word}: {self.passed_over}" if self.passed_over else word

    def _reason(self, sentence: str) -> str:
        """Return a sentence without the path of the video at its beginning: the row is short, and names the video."""
        for path in (self.job.origin, str(self.job.source), str(self.job.source.absolute())):
            if sentence.startswith(f"{path} "):
                return f"it{sentence.removeprefix(path)}"
        return in_window(sentence)


@dataclass(frozen=True, kw_only=True)
class VideoRows:
    """The list: its rows in their order by id, which are selected, and whether any is converted (`runs`).

    `start` is the number of the last start. `then_stops` says that no further one begins, and `paused` that their
    uploads are; `has_ended` says that some were converted and nothing is any more. `note` is why something was not
    done, such as adding a document, and `note_title` what. `falls_asleep` says that all have ended and the computer is
    to sleep.
    """

    rows: dict[str, VideoRow] = field(default_factory=dict)
    selected: tuple[str, ...] = ()
    runs: bool = False
    start: int = 0
    then_stops: bool = False
    when_done: WhenDone = WhenDone.NOTHING
    paused: bool = False
    has_ended: bool = False
    note: str = ""
    note_title: str = NOT_ADDED
    falls_asleep: bool = False

    @property
    def chosen(self) -> VideoRow | None:
        """The row whose settings or bars are shown, None where none is selected."""
        return self.rows.get(self.selected[0]) if self.selected else None

    @property
    def uploads(self) -> bool:
        """Whether one of them is being uploaded."""
        rows = self.rows.values()
        return any(row.state is RowState.RUNNING and row.phase is PhaseName.UPLOAD for row in rows)

    @property
    def shown(self) -> VideoRow | None:
        """The row whose bars are shown: the selected one, else the first that is converted."""
        if self.chosen is not None:
            return self.chosen
        return next((row for row in self.rows.values() if row.state is RowState.RUNNING), None)

    @property
    def unstarted(self) -> tuple[str, ...]:
        """The videos that can be started and have not ended."""
        return tuple(id_ for id_ in self.can_start(tuple(self.rows)) if not self.rows[id_].state.ended)

    def can_start(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of these rows that can be started; also one that was passed over, with another login."""
        goes_on = self.runs and not self.then_stops
        left = (id_ for id_ in self.of(ids, *LEFT) if not goes_on or self.rows[id_].passed_over)
        fit = {*self.of(ids, *STARTABLE), *left, *self.still(ids)}
        return tuple(id_ for id_ in ids if id_ in fit)

    def still(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of these rows that stand still on their way."""
        return tuple(id_ for id_ in ids if id_ in self.rows and self.rows[id_].stands_still)

    def status(self, row: VideoRow) -> str:
        """Return how one of them stands and how far it is, in a line."""
        if row.state is RowState.WAITING and not self.runs:
            left = RowState.HELD if row.kept is None else RowState.PAUSED
            return replace(_in_state(row, left), plan=None).status
        if self.paused and row.state is RowState.RUNNING and row.phase is PhaseName.UPLOAD:
            return f"{row.percent}% · Upload paused"
        return row.status

    def of(self, ids: tuple[str, ...], *states: RowState) -> tuple[str, ...]:
        """Return those of these rows that stand so."""
        return tuple(id_ for id_ in ids if id_ in self.rows and self.rows[id_].state in states)


NO_VIDEOS = VideoRows()


def advance_rows(videos: VideoRows, message: ListMessage) -> VideoRows:
    """Return the list after a message."""
    match message:
        case VideosListed():
            return _listed(videos, message)
        case VideosSelected():
            ids = tuple(id_ for id_ in message.ids if id_ in videos.rows)
            return replace(videos, selected=ids, note="")
        case VideoLooked():
            found = message
            return _changed(videos, found.id, lambda row: _looked(row, found))
        case VideoSearched():
            damage = message.damage
            return _changed(videos, message.id, lambda row: replace(row, damage=damage))
        case VideoBegun():
            plan = message.plan
            return _changed(videos, message.id, lambda row: _begun(row, plan))
        case VideoAsks():
            asked = message.question
            return _changed(videos, message.id, lambda row: replace(_in_state(row, RowState.ASKING), question=asked))
        case AnswerPutOff():
            return _changed(videos, message.id, lambda row: replace(_in_state(row, RowState.HELD), question=None))
        case VideoPassedOver():
            why = message.why
            return _changed(videos, message.id, lambda row: replace(row, passed_over=why))
        case VideoTold():
            told, why = message, "paused" if videos.paused else ""
            return _changed(videos, message.id, lambda row: _told(row, told, why))
        case VideoStopping():
            return _changed(videos, message.id, lambda row: replace(row, stopping=not row.state.ended))
        case VideoSuspended():
            now = message.suspended
            return _changed(videos, message.id, lambda row: replace(row, suspended=now, left=None))
        case ListRuns():
            videos = videos if message.then_stops else _none_passed_over(videos)
            return replace(videos, runs=True, start=message.start, then_stops=message.then_stops)
        case ListEnded():
            if message.start != videos.start:
                return videos
            return replace(videos, runs=False, then_stops=False, paused=False, has_ended=True)
        case WhenDoneChosen():
            return replace(videos, when_done=message.what, falls_asleep=False)


def _looked(row: VideoRow, found: VideoLooked) -> VideoRow:
    picture = found.picture or row.picture
    return replace(row, length_s=found.length_s, picture=picture, unreadable=found.problem)


def _listed(videos: VideoRows, message: VideosListed) -> VideoRows:
    rows = {}
    for listed in message.videos:
        before = videos.rows.get(listed.id)
        rows[listed.id] = VideoRow(listed=listed) if before is None else _standing(before, listed)
    selected = message.selected or tuple(id_ for id_ in videos.selected if id_ in rows)
    return replace(videos, rows=rows, selected=selected)


def _standing(row: VideoRow, listed: StoredVideo) -> VideoRow:
    """Return a row as the queue's file has it; a question stays as long as the row waits for its answer."""
    if row.question is not None and listed.state in (RowState.HELD, RowState.PAUSED) and listed.job == row.job:
        listed = replace(listed, state=RowState.ASKING)
    ended_since = row.report is not None and listed.state is RowState.RUNNING  # the file was read before that
    if listed == row.listed or ended_since:
        return row
    if listed.job != row.job:  # not where it waits: the file may have been read before the question
        row = replace(row, question=None)
    if listed.state is RowState.RUNNING or row.state is listed.state:
        return replace(row, listed=listed)
    # one that runs here has begun since the file was read, or was paused: then its end is told yet
    if not listed.state.ended and row.state is not RowState.RUNNING:
        row = _not_begun(row)
    return replace(row, listed=listed, stopping=False)


def _not_begun(row: VideoRow) -> VideoRow:
    return replace(row, plan=None, bars=NO_BARS, phase=None, left=None, report=None)


def _none_passed_over(videos: VideoRows) -> VideoRows:
    passed = {row.id: replace(row, passed_over="") for row in videos.rows.values() if row.passed_over}
    return replace(videos, rows={**videos.rows, **passed}, note="", falls_asleep=False)


def _changed(videos: VideoRows, id_: str, change: Callable[[VideoRow], VideoRow]) -> VideoRows:
    row = videos.rows.get(id_)
    return videos if row is None else replace(videos, rows={**videos.rows, id_: change(row)})


def _in_state(row: VideoRow, state: RowState) -> VideoRow:
    return replace(row, listed=replace(row.listed, state=state))


def _begun(row: VideoRow, plan: Plan) -> VideoRow:
    row = replace(_in_state(row, RowState.RUNNING), plan=plan, bars=bars_of.for_plan(plan), phase=None, left=None)
    return replace(row, report=None, question=None, suspended=False)


def _told(row: VideoRow, message: VideoTold, why: str) -> VideoRow:
    event = message.event
    if isinstance(event, JobFinished):
        if event.report.outcome is Outcome.CANCELLED and row.state in (RowState.HELD, RowState.PAUSED):
            return _not_begun(row)  # the file has it as paused already: that is why its run was cancelled
        bars = row.bars if row.plan is None else bars_of.closed(row.bars, event.report)
        row = _in_state(row, ENDS[event.report.outcome])
        return replace(row, bars=bars, phase=None, left=None, report=event.report, stopping=False)
    if row.plan is None or isinstance(event, LogLine):
        return row
    match event:
        case PhaseStarted():
            return replace(row, bars=bars_of.started(row.bars, event, row.plan), phase=event.phase)
        case PhaseProgress() if event.phase is not row.phase:  # it is looked at before anything starts
            return replace(row, bars=bars_of.checked(row.bars, event))
        case PhaseProgress():
            return replace(row, bars=bars_of.progressed(row.bars, event, row.plan, why), phase=event.phase)
        case PhaseFinished():
            return replace(row, bars=bars_of.finished(row.bars, event))
