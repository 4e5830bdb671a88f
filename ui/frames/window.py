"""The window with the strip of frames. The form has the part that is chosen: what is set here stands there."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from functools import partial

import ttkbootstrap as ttk

from config import Config
from pipeline.media_info import MediaInfo
from ui.form_variables import FormVariables
from ui.frames.messages import FrameMessage, FrameRead, PreviewTold
from ui.frames.reader import FrameReader
from ui.frames.times import FRAMES, place_of, strip_times, typed_time, within
from ui.language import _, shown
from ui.rescaling import on_rescale
from ui.screen_reader import tell_name
from ui.theme import CARD, HINT, TEXT_TONES, keep_visible, on_new_theme
from ui.tones import Tone
from ui.widgets.card import Card
from ui.widgets.fields import switch
from ui.widgets.wrapping_label import WrappingLabel
from ui.widgets.wrapping_row import WrappingRow
from ui.window_size import give_size, on_screen

TITLE = "Part, poster and preview"
SIZE = (860, 620)
MIN_SIZE = (740, 560)
LARGE = (480, 270)
SMALL = (48, 38)
"""The boxes of the frames, in pixels of a screen of 96 dots an inch."""
GAP = "7.5p"
READ_DELAY_MS = 150
"""How long a time must stand before its frame is read."""
STEPS = {"<Left>": -1.0, "<Right>": 1.0, "<Shift-Left>": -0.1, "<Shift-Right>": 0.1}
"""How many seconds a key moves."""


class FramesWindow:
    """Shows a video's frames; the chosen time becomes the part's beginning or end, or a preview begins there."""

    def __init__(
        self,
        master: ttk.App,
        media: MediaInfo,
        length_s: float,
        *,
        variables: FormVariables,
        reader: FrameReader,
        config: Config,
        preview: Callable[[float, float], None],
        closed: Callable[[], None],
    ) -> None:
        """`preview` is called with the chosen time and the video's length, `closed` when the window is gone."""
        self.media = media
        self._length_s = length_s
        self._variables = variables
        self._reader = reader
        self._config = config
        self._preview = preview
        self._closed = closed
        self._waiting: str | None = None
        self._pictures: dict[int | None, tkinter.PhotoImage] = {}
        self.time_s = 0.0
        self.window = ttk.Toplevel(_(TITLE), iconphoto=None, master=master)
        give_size(self.window, SIZE, MIN_SIZE)
        self.window.columnconfigure(0, weight=1)
        self.window.rowconfigure(0, weight=1)
        self._add_picture()
        self._add_strip()
        self._add_buttons()
        self._bind()
        keep_visible(self.window, master.style)
        self._read_strip()
        on_rescale(self.scale, self._read_again)
        self.choose(0.0)
        self.scale.focus_set()

    def _read_strip(self) -> None:
        self.told.configure(text=_("Reading frames…"))
        self._reader.strip(self.media, self._length_s, self._box(SMALL), self._config)

    def _read_again(self) -> None:
        """Read the frames for another density."""
        self._read_strip()
        self.choose(self.time_s)

    def receive(self, message: FrameMessage) -> None:
        """Show a frame, or what is told of a preview."""
        if isinstance(message, PreviewTold):
            self.told.configure(text=message.text, bootstyle=TEXT_TONES[message.tone])
            self.preview.configure(text=_("Stop preview") if message.running else _("Preview from here"))
            self.row.lay_out()
        elif message.video == self.media.path:
            self._show(message)

    def choose(self, time_s: float) -> None:
        """Go to a time."""
        self.time_s = within(time_s, self._length_s)
        if abs(self.position.get() - self.time_s) > 0.005:
            self.position.set(self.time_s)
        for place, button in enumerate(self.frames):
            chosen = place == place_of(self.time_s, self._length_s)
            button.configure(bootstyle="@card primary" if chosen else CARD)
        self._tell_time()
        if self._waiting is not None:
            self.window.after_cancel(self._waiting)
        self._waiting = self.window.after(READ_DELAY_MS, self._read)

    def enable(self, *, enabled: bool) -> None:
        """Let the part be changed, and previews be made, or not: while a job is on its way they are as they were."""
        switch([self.begin, self.end, self.poster, self.reset, self.preview], enabled)

    def close(self) -> None:
        """Take the window away; a preview that is being made is not played any more."""
        if self._waiting is not None:
            self.window.after_cancel(self._waiting)
        self._reader.stop()
        self.window.destroy()
        self._closed()

    def _add_picture(self) -> None:
        self.card = Card(self.window, "VIDEO")
        self.card.grid(row=0, column=0, sticky="nsew", padx=GAP, pady=(GAP, 0))
        body = self.card.body
        body.rowconfigure(0, weight=1, minsize=self._box(LARGE)[1])
        self.picture = ttk.Label(body, bootstyle=CARD, anchor="center")
        self.picture.grid(row=0, column=0, sticky="nsew")
        self.time = ttk.Label(body, bootstyle=CARD, anchor="center")
        self.time.grid(row=1, column=0, sticky="ew", pady=(GAP, 0))

    def _add_strip(self) -> None:
        body = self.card.body
        strip = ttk.Frame(body, bootstyle=CARD)
        strip.grid(row=2, column=0, sticky="ew", pady=(GAP, 0))
        self.frames = [
            ttk.Button(strip, text=typed_time(time_s), bootstyle=CARD, padding=0, command=partial(self.choose, time_s))
            for time_s in strip_times(self._length_s)
        ]
        for place, button in enumerate(self.frames):
            time = button.cget("text")
            tell_name(button, shown(f"Frame at {time}"))
            strip.columnconfigure(place, weight=1, uniform="frame")
            button.grid(row=0, column=place, sticky="nsew", padx=1)
        strip.rowconfigure(0, minsize=self._box(SMALL)[1] + on_screen(self.window, 6))
        self.position = tkinter.DoubleVar(self.window, 0.0)
        self.scale = ttk.Scale(
            body,
            from_=0.0,
            to=self._length_s,
            variable=self.position,
            command=lambda value: self.choose(float(value)),
            bootstyle=CARD,
        )
        tell_name(self.scale, _("Time in the video"))
        self.scale.grid(row=3, column=0, sticky="ew", pady=(GAP, 0))
        self._colour_scale()
        on_new_theme(self.scale, self._colour_scale)

    def _colour_scale(self) -> None:
        """Let the slider stand on the card: its style has a handle for that, and the background of the window."""
        style = ttk.Style()
        card = style.lookup(str(self.card.body.cget("style")), "background")
        style.configure(str(self.scale.cget("style")), background=card)

    def _add_buttons(self) -> None:
        self.told = WrappingLabel(self.card.body, bootstyle=HINT)
        self.told.grid(row=4, column=0, sticky="ew", pady=(GAP, 0))
        self.row = WrappingRow(self.window)
        self.row.grid(row=1, column=0, sticky="ew", padx=GAP, pady=GAP)
        self.begin, self.end, self.poster, self.reset = (
            ttk.Button(self.row, text=shown(text), command=command)
            for text, command in (
                ("Begin here (I)", self._begin_here),
                ("End here (O)", self._end_here),
                ("Poster here (P)", self._poster_here),
                ("Reset", self._reset),
            )
        )
        for button in (self.begin, self.end, self.poster, self.reset):
            self.row.add_left(button)
        self.preview = ttk.Button(self.row, text=_("Preview from here"), command=self._press_preview)
        self.close_button = ttk.Button(self.row, text=_("Close"), command=self.close)
        self.row.add_right(self.preview)
        self.row.add_right(self.close_button)

    def _bind(self) -> None:
        window = self.window
        window.protocol("WM_DELETE_WINDOW", self.close)
        window.bind("<Escape>", lambda _: self.close())
        for key, step_s in STEPS.items():
            window.bind(key, partial(self._step, step_s))
            self.scale.bind(key, partial(self._step, step_s))  # before the slider's own steps
        for key in "iI":
            window.bind(f"<Key-{key}>", lambda _: self.begin.invoke())
        for key in "oO":
            window.bind(f"<Key-{key}>", lambda _: self.end.invoke())
        for key in "pP":
            window.bind(f"<Key-{key}>", lambda _: self.poster.invoke())

    def _step(self, step_s: float, _: object) -> str:
        self.choose(self.time_s + step_s)
        return "break"

    def _begin_here(self) -> None:
        self._variables.part_from.set(typed_time(self.time_s))
        self._tell_time()

    def _end_here(self) -> None:
        self._variables.part_to.set(typed_time(self.time_s))
        self._tell_time()

    def _poster_here(self) -> None:
        self._variables.poster.set(typed_time(self.time_s))
        self._tell_time()

    def _reset(self) -> None:
        for variable in (self._variables.part_from, self._variables.part_to, self._variables.poster):
            variable.set("")
        self._tell_time()

    def _press_preview(self) -> None:
        if str(self.preview.cget("text")) == _("Stop preview"):
            self._reader.stop_preview()
        else:
            self._preview(self.time_s, self._length_s)

    def _tell_time(self) -> None:
        begin, end = self._variables.part_from.get().strip(), self._variables.part_to.get().strip()
        part = f"converted from {begin or '0:00'} to {end or 'the end'}" if begin or end else "all of it is converted"
        poster = self._variables.poster.get().strip()
        told = [f"{typed_time(self.time_s)} of {typed_time(self._length_s)}", part]
        self.time.configure(text=shown(" · ".join([*told, *([f"poster at {poster}"] if poster else [])])))

    def _read(self) -> None:
        self._waiting = None
        self._reader.large(self.media, self.time_s, self._box(LARGE), self._config)

    def _show(self, frame: FrameRead) -> None:
        picture = tkinter.PhotoImage(master=self.window, data=frame.png, format="png")
        self._pictures[frame.place] = picture  # Tk does not keep it
        if frame.place is None:
            self.picture.configure(image=picture)
            return
        self.frames[frame.place].configure(image=picture, text="")
        if frame.place == FRAMES - 1:
            self.told.configure(text="", bootstyle=TEXT_TONES[Tone.PLAIN])

    def _box(self, size: tuple[int, int]) -> tuple[int, int]:
        width, height = (on_screen(self.window, length) // 2 * 2 for length in size)
        return width, height
