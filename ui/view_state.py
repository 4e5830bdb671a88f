"""The state of everything that the window shows. Pure: knows no Tk and no thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import Problem
from pipeline.model import PhaseName, Plan
from ui.banners import CLOSE_QUESTION, READY, Banner, closes_afterwards, closes_soon
from ui.bars import Bars
from ui.connection_view import NOT_TESTED, ConnectionView
from ui.messages import RowsChosen, SourceOptions
from ui.queue_view import QueueView
from ui.source_view import NO_SOURCE, SourceView
from ui.time_left import JobTimeLeft

if TYPE_CHECKING:
    from pipeline.unfinished import UnfinishedJob  # with the queue's file


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
    unfinished: tuple[UnfinishedJob, ...] = ()
    leaving: Leaving = Leaving.STAYS

    @property
    def shown_bars(self) -> Bars:
        """The bars of the video in the queue that is chosen, of the job of this computer where there is one."""
        chosen = self.queue.chosen
        return self.bars if chosen is None or self.stage is not WindowStage.READY else chosen.bars

    @property
    def shown_banner(self) -> Banner:
        """The banner, or the question whether the window is to be closed."""
        if self.leaving is Leaving.ASKED:
            return CLOSE_QUESTION
        if self.leaving is Leaving.AFTER_JOB and self.stage is not WindowStage.STOPPING:
            return closes_afterwards(self.banner)
        return closes_soon(self.banner) if self.leaving is Leaving.DONE else self.banner

    @property
    def shown_token(self) -> TokenView | None:
        """The question for a token, unless another one is open."""
        return None if self.leaving is Leaving.ASKED else self.token

    @property
    def job_on_its_way(self) -> bool:
        """Whether there is a job that goes on if nobody stops it."""
        return self.stage in (WindowStage.CHECKING, WindowStage.RUNNING)

    @property
    def queue_cancel_enabled(self) -> bool:
        """Whether the video in the queue that is chosen can be cancelled."""
        chosen = self.queue.chosen
        return self.stage is WindowStage.READY and chosen is not None and chosen.open and not chosen.stopping

    @property
    def form_enabled(self) -> bool:
        """Whether settings can be changed: not while a job is on its way or a question is open."""
        return self.stage is WindowStage.READY

    @property
    def start_enabled(self) -> bool:
        """Whether a job can be started."""
        return self.stage is WindowStage.READY

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
        return self.stage is WindowStage.RUNNING and self.phase is PhaseName.UPLOAD and not self.paused

    @property
    def resume_enabled(self) -> bool:
        """Whether an upload is paused because Pause was pressed."""
        return self.stage is WindowStage.RUNNING and self.paused

    @property
    def pause_reason(self) -> str:
        """Why the upload waits, in a few words; empty when it does not."""
        if self.token is not None:
            return "waiting for a new token"
        return "paused" if self.paused else ""

    @property
    def folder_openable(self) -> bool:
        """Whether there is a folder to open."""
        return self.folder is not None

    @property
    def stream_playable(self) -> bool:
        """Whether that folder has a stream to watch."""
        return self.folder is not None and self.has_stream
