"""The state of everything that the window shows. Pure: knows no Tk and no thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import Problem
from pipeline.job import Job
from pipeline.model import PhaseName, Plan
from ui.banners import CLOSE_QUESTION, READY, Banner, closes_afterwards, closes_soon, with_update
from ui.bar_changes import ended_before
from ui.bars import Bar, Bars
from ui.connection_view import NOT_TESTED, ConnectionView
from ui.list_banners import banner_of
from ui.list_messages import RowState
from ui.messages import RowsChosen, SourceOptions
from ui.queue_view import QueueView
from ui.source_view import NO_SOURCE, SourceView
from ui.time_left import JobTimeLeft
from ui.video_rows import NO_VIDEOS, VideoRows

if TYPE_CHECKING:
    from pipeline.unfinished import UnfinishedJob  # with the queue's file
    from pipeline.update_notice import UpdateNotice  # with the HTTP client


class WindowStage(Enum):
    """Where the window is in the life of a job."""

    READY = "ready"
    CHECKING = "checking"
    ASKING = "asking"
    RUNNING = "running"
    STOPPING = "stopping"


class Leaving(Enum):
    """What becomes of the window: it was to be closed while a job is on its way."""

    STAYS = "stays"
    ASKED = "asked"
    IN_BACKGROUND = "in the background"
    AFTER_JOB = "after the job"
    DONE = "done in the background"
    NOW = "now"


@dataclass(frozen=True, kw_only=True)
class TokenView:
    """The question for a new token; `problem` is what is wrong with what was typed."""

    problem: str = ""


NO_BARS = Bars()
NO_QUEUE = QueueView()
AS_USUAL = SourceOptions()


@dataclass(frozen=True, kw_only=True)
class ViewState:
    """Everything that the window shows."""

    stage: WindowStage = WindowStage.READY
    banner: Banner = READY
    bars: Bars = NO_BARS
    chosen: RowsChosen | None = None
    plan: Plan | None = None
    phase: PhaseName | None = None
    phase_fraction: float = 0.0
    time_left: JobTimeLeft | None = None
    problems: tuple[Problem, ...] = ()
    source: SourceView = NO_SOURCE
    source_options: SourceOptions = AS_USUAL
    connection: ConnectionView = NOT_TESTED
    models: tuple[str, ...] = ()
    measured: Mapping[str, tuple[float, ...]] | None = None
    folder: Path | None = None
    has_stream: bool = False
    paused: bool = False
    token: TokenView | None = None
    keychain: str = ""
    queue: QueueView = NO_QUEUE
    videos: VideoRows = NO_VIDEOS
    unfinished: tuple[UnfinishedJob, ...] = ()
    leaving: Leaving = Leaving.STAYS
    update: UpdateNotice | None = None

    @property
    def shown_bars(self) -> Bars:
        """The bars of the video in the list that is chosen or converted, of the form's job where there is one."""
        if self.stage is not WindowStage.READY:
            return self.bars
        if self.queue.chosen is not None:
            return self.queue.chosen.bars
        row = self.videos.shown
        if row is None or row.begun_here:
            return self.bars if row is None else row.bars
        return ended_before(self.bars) if row.state is RowState.DONE else self.bars

    @property
    def under_way(self) -> tuple[Job, Bar] | None:
        """The job that is converted, the form's or one of the list, and how far all of it is; None for none."""
        if self.stage in (WindowStage.RUNNING, WindowStage.STOPPING):
            return None if self.plan is None else (self.plan.job, self.bars.overall)
        row = next((row for row in self.videos.rows.values() if row.state is RowState.RUNNING), None)
        if self.stage is not WindowStage.READY or row is None or row.plan is None:
            return None
        return row.job, row.bars.overall

    @property
    def shown_banner(self) -> Banner:
        """The banner, or the question whether the window is to be closed."""
        if self.leaving is Leaving.ASKED:
            return CLOSE_QUESTION
        banner = (banner_of(self.videos, empty=self.banner is READY) if self.form_free else None) or self.banner
        if self.update is not None and banner is READY:
            banner = with_update(banner, self.update)
        if self.leaving is Leaving.AFTER_JOB and self.stage is not WindowStage.STOPPING:
            return closes_afterwards(banner)
        return closes_soon(banner) if self.leaving is Leaving.DONE else banner

    @property
    def shown_token(self) -> TokenView | None:
        """The question for a token, unless another one is open."""
        return None if self.leaving is Leaving.ASKED else self.token

    @property
    def job_on_its_way(self) -> bool:
        """Whether there is a job that goes on if nobody stops it, of the form or of the list."""
        return self.stage in (WindowStage.CHECKING, WindowStage.RUNNING) or self.videos.runs

    @property
    def queue_cancel_enabled(self) -> bool:
        """Whether the video in the queue that is chosen can be cancelled."""
        chosen = self.queue.chosen
        return self.stage is WindowStage.READY and chosen is not None and chosen.open and not chosen.stopping

    @property
    def list_cancel_enabled(self) -> bool:
        """Whether the video of the list whose bars are shown can be cancelled."""
        row = self.videos.shown
        can = row is not None and not row.state.ended and not row.stopping
        return self.stage is WindowStage.READY and self.queue.chosen is None and can

    @property
    def form_free(self) -> bool:
        """Whether the form's own video is neither on its way nor asked about."""
        return self.stage is WindowStage.READY

    @property
    def form_enabled(self) -> bool:
        """Whether settings can be changed: not those of a video on its way or asked about, or of one that is done."""
        row = self.videos.chosen
        return self.form_free and (row is None or row.editable)

    @property
    def start_enabled(self) -> bool:
        """Whether a job can be started."""
        return self.stage is WindowStage.READY

    @property
    def start_pressable(self) -> bool:
        """Whether Start does something: with a video of the list selected, it is that one's; with an empty form, the
        whole list's.
        """
        row, nothing_left = self.videos.chosen, bool(self.videos.rows) and not self.videos.unstarted
        if row is None:
            return self.start_enabled and not (nothing_left and not self.source.path_text)
        return self.start_enabled and bool(self.videos.can_start((row.id,)))

    @property
    def any_cancel_enabled(self) -> bool:
        """Whether Cancel does something: for the form's job, or for the video of the list that is shown."""
        return self.cancel_enabled or self.list_cancel_enabled or self.queue_cancel_enabled

    @property
    def cancel_enabled(self) -> bool:
        """Whether there is something to cancel that was not cancelled yet."""
        return self.stage in (WindowStage.CHECKING, WindowStage.ASKING, WindowStage.RUNNING)

    @property
    def cancel_upload_shown(self) -> bool:
        """Whether the upload is on its way."""
        return self.stage in (WindowStage.RUNNING, WindowStage.STOPPING) and self.phase is PhaseName.UPLOAD

    @property
    def pause_enabled(self) -> bool:
        """Whether there is an upload that can be paused."""
        if self.stage is WindowStage.READY:
            return self.videos.uploads and not self.videos.paused
        return self.stage is WindowStage.RUNNING and self.phase is PhaseName.UPLOAD and not self.paused

    @property
    def resume_enabled(self) -> bool:
        """Whether an upload is paused because Pause was pressed."""
        return (
            self.videos.paused if self.stage is WindowStage.READY else self.stage is WindowStage.RUNNING and self.paused
        )

    @property
    def pause_reason(self) -> str:
        """Why the upload waits, in a few words; empty when it does not."""
        if self.token is not None:
            return "waiting for a new token"
        return "paused" if self.paused else ""

    @property
    def finished_name(self) -> str:
        """What the video in the finished folder is called, empty where that is not known."""
        if self.videos.chosen is not None:
            return self.videos.chosen.job.name
        return "" if self.plan is None else self.plan.job.name

    @property
    def folder_openable(self) -> bool:
        """Whether there is a folder to open."""
        return self.folder is not None

    @property
    def stream_playable(self) -> bool:
        """Whether that folder has a stream to watch."""
        return self.folder is not None and self.has_stream
