"""The window's side of the list of videos: what becomes of what the editor asks. Holds threads; knows no Tk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.errors import Problem
from pipeline.events import JobFinished, LogLevel
from pipeline.model import PhaseName
from pipeline.priority import work_in_background
from ui.banner_answers import answered
from ui.job_form import FormValues, job_config
from ui.list_file import ListFile
from ui.list_messages import (
    CANCELLABLE,
    PAUSABLE,
    STARTABLE,
    STILL,
    AnswerPutOff,
    DamagedVideo,
    FormRefused,
    ListRuns,
    NotAdded,
    RowState,
    VideoAsks,
    VideosListed,
    VideosSelected,
    VideoStopping,
    VideoSuspended,
    VideoTold,
    WhenDone,
    WhenDoneChosen,
)
from ui.list_run import ListRun
from ui.login_control import LoginControl
from ui.messages import BannerAnswer, LogEntry, Message
from ui.queue_messages import QueueChosen
from ui.services import Services
from ui.token_question import TokenQuestion
from ui.video_looks import VideoLooks
from ui.view_state import ViewState, WindowStage
from ui.worker import ask

SUSPENDED_PHASES = (PhaseName.HLS, PhaseName.MP4, PhaseName.TRANSCRIPT, PhaseName.TRANSLATION)
"""What programs of their own do, which can stand still; of others all that is done is kept."""


class ListControl:
    """Does what is asked of the list. Every method is called in the Tk thread and returns at once.

    `state` returns what is shown, `receive` takes a message into it at once, and `look_for_folder` finds out whether a
    finished folder is there. `finish_editing` gives the selected video what stands in the form, and returns whether it
    could.
    """

    def __init__(
        self,
        services: Services,
        login: LoginControl,
        *,
        post: Callable[[Message], None],
        receive: Callable[[Message], None],
        state: Callable[[], ViewState],
        question: TokenQuestion,
        look_for_folder: Callable[[Path | None], None],
    ) -> None:
        self._services = services
        self._login = login
        self._post = post
        self._receive = receive
        self._state = state
        self._look_for_folder = look_for_folder
        self.run = ListRun(services, post, question)
        self.list = ListFile(services, login.config, post, changed=self.run.look, ended=self.run.join)
        self.looks = VideoLooks(services, post)
        self._waiting_values: FormValues | None = None
        self._starting: set[str] = set()
        self.finish_editing: Callable[[], bool] = lambda: True

    @property
    def busy(self) -> bool:
        """Whether videos are converted, or the file does not have yet all that was asked."""
        return self.list.busy or self.run.busy

    def took(self, message: Message) -> None:
        """Follow a message that was taken into the state."""
        state = self._state()
        self.looks.search(state.stage is WindowStage.READY and not state.videos.runs)
        if isinstance(message, VideosListed):
            self._starting -= {row.id for row in message.videos if row.state not in STARTABLE}
            self.looks.follow(state.videos, self._login.config)
        if isinstance(message, VideosSelected):
            self._look_for_folder(_finished_folder(state))
        if isinstance(message, VideoTold) and isinstance(message.event, JobFinished):
            shown = state.videos.chosen
            if shown is not None and shown.id == message.id:
                self._look_for_folder(message.event.report.folder)
        if self._waiting_values is not None and state.stage is WindowStage.READY:
            values, self._waiting_values = self._waiting_values, None
            self._begin((), values)

    def open(self) -> None:
        """Show what is in the list."""
        self.list.open()

    def close(self) -> None:
        """Stop what runs, and keep what is made and the list."""
        self._waiting_values = None
        self.run.close()
        self.looks.close()
        self.list.close()

    def select(self, ids: Sequence[str]) -> None:
        """Show a video of the list: its settings or its bars, or the bars of one in a queue of several computers."""
        own = tuple(id_ for id_ in ids if id_ in self._state().videos.rows)
        others = [id_ for id_ in ids if id_ not in own]
        self._receive(VideosSelected(ids=own))
        self._receive(QueueChosen(id=others[0] if others and not own else ""))

    def add(self, named: Sequence[str], values: FormValues, *, own: bool = False) -> None:
        """Add videos; while others are converted they begin in their turn."""
        self.list.add(named, values, self._login.config, held=not self._state().videos.runs, own=own)

    def start(self, ids: Sequence[str], values: FormValues) -> None:
        """Begin with these videos; after the one of the form, if that is converted."""
        videos = self._state().videos
        still = videos.still(tuple(ids))
        self._suspend(still, wanted=False)
        ids = [id_ for id_ in videos.can_start(tuple(ids)) if id_ not in still]
        for row in (videos.rows[id_] for id_ in ids if videos.rows[id_].damaged):
            self._receive(VideoAsks(id=row.id, question=DamagedVideo(name=row.job.source.name, damage=row.damage)))
        ids = [id_ for id_ in ids if not videos.rows[id_].damaged]
        if ids:
            self._begin(ids, values)

    def start_without_captions(self, ids: Sequence[str], values: FormValues) -> None:
        """Begin with videos that failed at what was to be heard; their other settings stay."""
        for id_ in ids:
            self.list.answer(id_, lambda job: replace(job, transcription=None))
        self.start(ids, values)

    def start_all(self, values: FormValues) -> None:
        """Begin with every video that was not begun, was paused, or was left when the list stopped."""
        self.start(self._state().videos.unstarted, values)

    def pause(self, ids: Sequence[str]) -> None:
        """Let videos stand still where they are, or stop them where nothing is lost by that, as in an upload or before
        they were begun; they go on when they are started again.
        """
        rows = self._state().videos.rows
        encoded = [id_ for id_ in self._of(ids, RowState.RUNNING) if rows[id_].phase in SUSPENDED_PHASES]
        still = self._suspend(encoded, wanted=True)
        self._stop([id_ for id_ in self._begun(ids, *PAUSABLE) if id_ not in still], self.list.hold)

    def cancel(self, ids: Sequence[str]) -> None:
        """Cancel videos."""
        self._stop(self._begun(ids, *CANCELLABLE), self.list.cancel)

    def cancel_shown(self) -> None:
        """Cancel the video whose bars are shown."""
        row = self._state().videos.shown
        if row is not None and self._state().list_cancel_enabled:
            self.cancel([row.id])

    def leave(self, answer: BannerAnswer) -> None:
        """Let no further video begin where the window closes after the one that is converted."""
        if answer is BannerAnswer.CLOSE_AFTER_JOB:
            self._waiting_values = None
            if self._state().videos.runs:
                self.finish_this()

    def remove(self, ids: Sequence[str]) -> None:
        """Take videos out of the list that are not converted."""
        self.list.remove(self._of(ids, *STILL))

    def duplicate(self, ids: Sequence[str]) -> None:
        """Add videos once more."""
        self.list.duplicate(self._of(ids, *RowState))

    def move(self, ids: Sequence[str], before: str) -> None:
        """Move videos before another one, to the end where that is empty."""
        self.list.move(ids, before if before in self._state().videos.rows else "")

    def step(self, ids: Sequence[str], by: int) -> None:
        """Move videos up (-1) or down (1) by one place."""
        order = list(self._state().videos.rows)
        places = sorted(order.index(id_) for id_ in self._of(ids, *RowState))
        if not places:
            return
        moved = [order[place] for place in places]
        if by < 0 and places[0] > 0:
            self.list.move(moved, order[places[0] - 1])
        elif by > 0 and places[-1] < len(order) - 1:
            self.list.move(moved, order[places[-1] + 2] if places[-1] + 2 < len(order) else "")

    def refuse(self, problems: tuple[Problem, ...], title: str) -> None:
        """Show what is wrong with the form beneath its fields, and what was not done because of it, if anything."""
        if problems != self._state().problems:
            self._receive(FormRefused(problems=problems))
        if problems and title:
            self._receive(NotAdded(text=" ".join(one.text for one in problems), title=title))

    def backend_url(self, values: FormValues) -> str:
        """Return the address of the server that the form uploads to."""
        return job_config(values, self._login.config).backend.url

    def answer(self, answer: BannerAnswer, values: FormValues) -> bool:
        """Begin the selected video as its question was answered, or leave it; return whether it has asked one."""
        row = self._state().videos.chosen
        if answer is BannerAnswer.STAY_AWAKE:
            self.choose_when_done(WhenDone.NOTHING)
        if row is None or row.question is None or row.state is not RowState.ASKING:
            return False
        if answered(row.job, answer) is None:
            self._receive(AnswerPutOff(id=row.id))
        elif self.finish_editing():
            self.list.answer(row.id, lambda job: answered(job, answer))
            self._begin((row.id,), values)
        return True

    def finish_this(self, *, first: bool = True) -> None:
        """Let no further video begin; `first` lets the first still begin of what was started a moment ago."""
        start = self._state().videos.start
        self.run.finish_this(start, first=first)
        self._receive(ListRuns(start=start, then_stops=True))

    def stop(self) -> None:
        """Let no further video begin, and pause those that wait or are converted."""
        self.finish_this(first=False)
        # one that was started a moment ago may still be shown as held
        rows = tuple(self._state().videos.rows)
        self._stop(self._of(rows, *PAUSABLE, RowState.HELD, RowState.PAUSED), self.list.hold)

    def choose_when_done(self, what: WhenDone) -> None:
        """Set what happens when all have ended."""
        self._receive(WhenDoneChosen(what=what))

    def let_sleep(self) -> None:
        """Let the computer sleep: the editor did not want it to stay awake."""
        self._receive(WhenDoneChosen(what=WhenDone.NOTHING))

        def slept() -> Message:
            self._services.rows.let_sleep()
            return LogEntry(text="The computer was put to sleep")

        ask("sleep", slept, lambda text: LogEntry(text=text, level=LogLevel.ERROR), self._post)

    def _of(self, ids: Sequence[str], *states: RowState) -> tuple[str, ...]:
        return self._state().videos.of(tuple(ids), *states)

    def _begun(self, ids: Sequence[str], *states: RowState) -> tuple[str, ...]:
        """Return those of these videos in such a state, or started so lately that they are still shown as before."""
        return tuple(dict.fromkeys((*self._of(ids, *states), *(id_ for id_ in ids if id_ in self._starting))))

    def _begin(self, ids: Sequence[str], values: FormValues) -> None:
        """Let videos begin, and run them as soon as the form's own is no longer converted."""
        self._starting |= set(ids)
        if self._state().stage is not WindowStage.READY:
            self._waiting_values = values
            self.list.begin(ids, lambda _: None)
            return
        work_in_background(values.advanced.background)
        config = self._login.config
        start = self._state().videos.start + 1
        self._receive(ListRuns(start=start))
        self.list.begin(ids, lambda store: self.run.begin(store, values, config, start))

    def _suspend(self, ids: Sequence[str], *, wanted: bool) -> tuple[str, ...]:
        """Let videos stand still or go on; return those that are on their way."""
        done = tuple(id_ for id_ in ids if self.run.suspend(id_, wanted))
        for id_ in done:
            self._receive(VideoSuspended(id=id_, suspended=wanted))
        return done

    def _stop(self, ids: Sequence[str], how: Callable[[Sequence[str]], None]) -> None:
        for id_ in self._of(ids, RowState.RUNNING):
            self._receive(VideoStopping(id=id_))
        how(ids)


def _finished_folder(state: ViewState) -> Path | None:
    """Return the folder of what is selected, if that is done, or of the form's job."""
    row = state.videos.chosen
    if row is None:
        return None if state.plan is None else state.plan.job.folder
    if row.report is not None:
        return row.report.folder
    return row.job.folder if row.state is RowState.DONE else None
