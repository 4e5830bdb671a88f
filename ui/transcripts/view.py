"""The editor's window: joins panels, state and threads. The only place where messages become widgets' contents."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from pathlib import Path

import ttkbootstrap as ttk

from transcripts.merge import Side
from transcripts.rows import Id
from ui.language import _
from ui.pump import INTERVAL_MS, EventPump
from ui.screen_reader import tell_name
from ui.theme import keep_visible
from ui.transcripts.audio_output import OpenOutput, open_device
from ui.transcripts.banner import SourceBanner
from ui.transcripts.collision_list import CollisionList
from ui.transcripts.controller import EditorController, Opener
from ui.transcripts.find_and_replace import FindAndReplace
from ui.transcripts.messages import EditorMessage, Failed
from ui.transcripts.opening_panel import OpeningPanel
from ui.transcripts.playhead import Playhead
from ui.transcripts.publishing import Publish
from ui.transcripts.question_panel import QuestionPanel
from ui.transcripts.questions import EditorAnswer, asked
from ui.transcripts.segment_bar import BarActions, SegmentBar
from ui.transcripts.segment_panel import SegmentPanel
from ui.transcripts.state import EditorStage, EditorState, Question
from ui.transcripts.status_line import StatusLine
from ui.transcripts.tools import ToolActions, ToolBar
from ui.transcripts.video_list import VideoList

TITLE = "Transcripts"
SIZE = (1100, 720)
MIN_SIZE = (900, 560)
GAP = "9p"


class EditorView:
    """The contents of a window of its own, `window`, in which one dataset is edited."""

    def __init__(
        self,
        window: tkinter.Tk | tkinter.Toplevel,
        *,
        opener: Opener,
        publisher: Publish | None = None,
        open_output: OpenOutput = open_device,
        model: str = "",
        add: Path | None = None,
        closed: Callable[[], None],
        kept: Callable[[], None] = lambda: None,
    ) -> None:
        """Fill a window.

        `model` is what words are aligned with, see Aligning. `add` is the folder of a job whose video is put into the
        dataset. `closed` is called when the window may go, `kept` when the editor decides not to close it.
        """
        self.window = window
        self._add = add
        self._closed = closed
        self._kept = kept
        self._shown: EditorState | None = None
        self._timer = ""
        self.pump: EventPump[EditorMessage] = EventPump(self._receive)
        self.controller = EditorController(
            opener=opener, post=self.pump.put, publisher=publisher, open_output=open_output, model=model
        )
        self._build()
        self._connect()
        keep_visible(window, ttk.Style())
        self.render()
        self.opening.entry.focus_set()
        self._timer = window.after(INTERVAL_MS, self._tick)

    def _build(self) -> None:
        window = self.window
        window.columnconfigure(1, weight=1)
        window.rowconfigure(4, weight=1)
        self.opening = OpeningPanel(window, self.open, adds=self._add is not None)
        self.opening.card.grid(row=0, column=0, columnspan=2, sticky="ew", padx=GAP, pady=(GAP, 0))
        self.banner = SourceBanner(window)
        self.banner.frame.grid(row=0, column=0, columnspan=2, sticky="ew", padx=GAP, pady=(GAP, 0))
        self.question = QuestionPanel(window, self.answer)
        self.question.frame.grid(row=1, column=0, columnspan=2, sticky="ew", padx=GAP, pady=(GAP, 0))
        self.question.frame.grid_remove()
        self.collisions = CollisionList(window, self._decide)
        self.collisions.frame.grid(row=2, column=0, columnspan=2, sticky="ew", padx=GAP, pady=(GAP, 0))
        self.collisions.frame.grid_remove()
        self._finding = FindAndReplace(self)
        self.find = self._finding.panel
        self.find.frame.grid(row=3, column=0, columnspan=2, sticky="ew", padx=GAP, pady=(GAP, 0))
        self.find.frame.grid_remove()
        self.videos = VideoList(window, self._choose_video)
        self.videos.frame.grid(row=4, column=0, sticky="ns", padx=(GAP, 0), pady=(GAP, 0))
        self.segments = SegmentPanel(window, self.controller, self.refresh)
        self.segments.frame.grid(row=4, column=1, sticky="nsew", padx=GAP, pady=(GAP, 0))
        actions = ToolActions(
            undo=lambda: self._do(self.controller.editing.undo),
            redo=lambda: self._do(self.controller.editing.redo),
            split=lambda: self._do(self.segments.split),
            merge=lambda: self._do(self.segments.merge),
            find=lambda: self._finding.show(shown=True),
            play=lambda: self._do(self.segments.play),
            loop=lambda looping: self._do(lambda: self.controller.audio.set_looping(looping=looping)),
        )
        self.tools = ToolBar(self.segments.frame, actions)
        self.tools.frame.lower()  # Tab comes to it before the table, which it stands above
        self.tools.frame.grid(row=0, column=0, sticky="ew", pady=(0, "4.5p"))
        bar_actions = BarActions(
            speaker=self.segments.set_speaker,
            times=self.segments.set_times,
            shift=lambda by_s, rest: self.segments.shift(by_s, rest=rest),
            align=lambda: self._do(self.segments.align),
            rules=lambda rules: self._do(lambda: self.controller.set_rules(rules)),
        )
        self.bar = SegmentBar(window, bar_actions)
        self.playhead = Playhead(window, self.bar.waveform, lambda: self.controller.audio.time_s)
        self.bar.frame.grid(row=5, column=0, columnspan=2, sticky="ew", padx=GAP, pady=(GAP, 0))
        self.status = StatusLine(window)
        self.status.frame.grid(row=6, column=0, columnspan=2, sticky="ew", padx=GAP, pady=GAP)

    def _connect(self) -> None:
        self.banner.save.configure(command=self.save)
        self.banner.publish.configure(command=self.publish)
        for moved in ("<KeyRelease>", "<ButtonRelease-1>"):
            self.segments.field.widget.bind(moved, lambda _: self._show_wave(), add="+")
        self.window.bind("<Control-space>", lambda _: self._do(self.segments.play))
        self.window.bind("<Control-l>", lambda _: self.tools.loop.invoke())
        self.window.bind("<Control-s>", lambda _: self.save())
        self.window.bind("<Control-f>", lambda _: self._finding.show(shown=True))
        self.window.protocol("WM_DELETE_WINDOW", self.close)

    # what an editor does

    def open(self, address: str) -> None:
        """Open a dataset."""
        self.controller.open(address, self._add)
        self.render()

    def save(self) -> None:
        """Keep what was typed and save."""
        if self.segments.commit():
            self.pump.drain()  # that something is unsaved is known only then
            self.controller.saving.ask_to_save()
        self.render()

    def publish(self) -> None:
        """Keep what was typed and publish the video that is shown."""
        if self.segments.commit():
            self.controller.saving.publish()
        self.render()

    def close(self) -> None:
        """Keep what was typed and close the window; asks where something would be missing on S3."""
        if self.segments.commit():
            self.pump.drain()
            self.controller.saving.close()
        self.render()

    def answer(self, answer: EditorAnswer) -> None:
        """Go on as the editor decided."""
        controller = self.controller
        actions: dict[EditorAnswer, Callable[[], None]] = {
            EditorAnswer.ACCEPT: controller.accept_recovered,
            EditorAnswer.DISCARD: controller.discard_recovered,
            EditorAnswer.SAVE: controller.saving.save,
            EditorAnswer.SAVE_DECIDED: controller.saving.save,
            EditorAnswer.CREATE_AGAIN: lambda: controller.saving.save(create_again=True),
            EditorAnswer.SAVE_AND_CLOSE: controller.saving.save_and_close,
            EditorAnswer.CLOSE: controller.saving.close_now,
            EditorAnswer.LEAVE: controller.saving.leave,
            EditorAnswer.WITHDRAW: controller.saving.withdraw,
        }
        actions[answer]()
        if answer is EditorAnswer.WITHDRAW:
            self._kept()
        self.segments.focus()
        self.render()

    def _do(self, action: Callable[[], None]) -> None:
        """Do what a button of the tool bar means, to the text as it is typed."""
        if self.segments.commit():
            action()
        self.segments.focus()
        self.refresh()

    def _decide(self, key: tuple[str, Id, str | None], side: Side) -> None:
        self.controller.saving.decide(key, side)
        self.render()

    def _choose_video(self, media_id: Id) -> None:
        if media_id == self.controller.state.media_id:
            return
        if self.segments.commit():
            self.controller.choose_video(media_id)
            self.segments.start()
        self.render()

    # what happens

    def failed(self, text: str) -> None:
        """Tell the editor of a mistake in the window itself."""
        self.pump.put(Failed(reason=text))

    def _tick(self) -> None:
        # Set up the next turn first: a mistake in this one must not stop the pump.
        self._timer = self.window.after(INTERVAL_MS, self._tick)
        self.pump.drain()
        self.render()

    def _receive(self, messages: list[EditorMessage]) -> None:
        for message in messages:
            self.controller.receive(message)

    def refresh(self) -> None:
        """Take in what was just done and show it, without waiting for the pump's next turn."""
        self.pump.drain()
        self.render()

    def render(self) -> None:
        """Show the state as it is now."""
        state, before = self.controller.state, self._shown
        if state.stage is EditorStage.CLOSED:
            self._take_away()
            return
        if self.segments.show() or state is not before:
            self.segments.play_on()
            state = self.controller.state
            self._show_tools(state)
            self.playhead.show()
        if state is before:
            return
        self._shown = state
        opened = state.stage not in (EditorStage.EMPTY, EditorStage.OPENING)
        self._switch_view(opened=opened)
        self.opening.show(state)
        self.banner.show(state)
        self.question.show(asked(state))
        self.collisions.show(state)
        _show(self.collisions.frame, state.question is Question.COLLISIONS)
        self.find.show(state)
        _show(self.find.frame, state.finding)
        self.videos.show(state)
        self.status.show(state)
        name = state.source_uri.rsplit("/", 1)[-1]
        self.window.title(f"{'• ' if state.unsaved else ''}{name} – {_(TITLE)}" if name else _(TITLE))
        if opened and (before is None or before.stage is EditorStage.OPENING) and state.question is Question.NONE:
            self.segments.focus()

    def _show_tools(self, state: EditorState) -> None:
        segments, controller = self.segments, self.controller
        selected = segments.selected is not None
        self.tools.show(
            state, can_undo=controller.editing.can_undo, can_redo=controller.editing.can_redo, selected=selected
        )
        self.bar.show(
            state, segments.segment, speaker=segments.speaker, note=segments.note, warning=bool(segments.reason)
        )
        self._show_wave()
        tell_name(segments.field.widget, self.bar.note.full_text or _("Text of the segment"))

    def _show_wave(self) -> None:
        self.bar.waveform.show(self.segments.wave if self.controller.state.is_open else None)

    def _switch_view(self, *, opened: bool) -> None:
        _show(self.opening.card, not opened)
        for frame in (self.banner.frame, self.videos.frame, self.segments.frame):
            _show(frame, opened)
        # the list of what both have changed takes its room in a small window
        _show(self.bar.frame, opened and self.controller.state.question is not Question.COLLISIONS)

    def _take_away(self) -> None:
        if self._timer:
            self.window.after_cancel(self._timer)
            self._timer = ""
            self.segments.table.stop()
            self.playhead.stop()
            self._closed()


def _show(widget: tkinter.Widget, shown: bool) -> None:
    if shown:
        widget.grid()
    else:
        widget.grid_remove()
