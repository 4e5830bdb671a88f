"""How the stream is encoded, how loud it is, whether it is encrypted: folded away,
because the defaults suit most videos.
"""

from __future__ import annotations

import tkinter
from collections.abc import Iterable
from pathlib import Path
from tkinter import filedialog
from tkinter import ttk as plain

import ttkbootstrap as ttk

from config import Config
from pipeline.errors import Setting
from pipeline.job import Codec, EncoderFamily
from ui.advanced import AIM_LABELS, CODEC_LABELS, ENCODER_LABELS, LOUDNESS_LABELS, Aim, changes, encoder_choices
from ui.banners import Tone
from ui.engine import engine_changes
from ui.form_variables import FormVariables
from ui.job_form import SPEED_LABELS
from ui.language import _, shown
from ui.panels.engine import EnginePart
from ui.theme import CARD, HINT, TEXT_TONES
from ui.view_state import ViewState
from ui.widgets.choice_box import ChoiceBox
from ui.widgets.fields import FieldNote, Fields, clear_when_edited, show_end, switch
from ui.widgets.folding_card import FoldingCard
from ui.widgets.tip import Tip
from ui.widgets.wrapping_label import WrappingLabel

CONTENT = "Speed, format, quality, loudness, encryption"
ORIGINAL_HINT = "If players can play it as it is: nothing is lost, and there is less to encode."
ORIGINAL_TIP = (
    "The video becomes the largest quality as it is."
    " It must be H.264, of that quality's size and within its bit rate,"
    " with keyframes at most 6 seconds apart. The quality that takes longest is then not encoded."
    " Where it can't be kept, the log says why, and every quality is encoded."
)
AIM_HINT = "Measured tries samples of the video first, to find what each quality needs for the target."
TARGET_HINT = "VMAF, 60 to 99: how much it must look like the source."
TRACKS_HINT = "Those to keep, such as 2 or 1,3, in their order. Empty: all."
KEY_FILE_HINT = "A file of 16 bytes."
KEY_URI_HINT = "Where players ask for the key: put it there yourself, behind a login."
PUBLISHED_HINT = "Whoever can load the stream can then load the key too."


class AdvancedPanel:
    """Video, audio, encryption, and what to do with damaged videos."""

    def __init__(self, master: tkinter.Misc, variables: FormVariables, config: Config) -> None:
        self.card = FoldingCard(master, "ADVANCED", variables.advanced_open)
        self._variables = variables.advanced
        self._engine = variables.engine
        self._on_change = variables.on_change
        self._always: list[plain.Widget] = []
        self._of_key: list[plain.Widget] = []
        self.notes: dict[Setting, FieldNote] = {}
        fields = Fields(self.card.body)
        self.engine = EnginePart(self.card.body, fields, variables, config)
        self.notes |= self.engine.notes
        self.speed = self._list(variables.speed, SPEED_LABELS.values())
        fields.add_plain("Speed", self.speed)
        self._always.append(self.speed)
        self._add_video(fields)
        self._add_audio(fields)
        self._add_encryption(fields)
        text = "Convert damaged videos as far as they can be read"
        accept_damaged = self._tick(text, self._variables.accept_damaged)
        fields.wide(accept_damaged, above="6p")
        background = self._tick("Let other programs go first", self._variables.background)
        fields.wide(background, above="6p")
        self._always += [accept_damaged, background]
        self._changed()
        self._on_change(self._changed, *self._variables.all, *self._engine.choices)
        self._on_change(lambda: self._variables.audio_tracks.set(""), variables.source)  # they are of one video alone

    def show(self, state: ViewState) -> None:
        """Show what can be changed."""
        values, enabled = self._variables.read(), state.form_enabled
        self.engine.show(state)
        switch(self._always, enabled)
        switch([self.keep_hdr], enabled and values.codec is not Codec.H264)
        switch([self.copy_top], enabled and values.codec is Codec.H264)
        switch([self.target, self.fit_ladder], enabled and values.aim is Aim.MEASURED)
        switch(self._of_key, enabled and values.encrypt)

    def _changed(self) -> None:
        values = self._variables.read()
        families = encoder_choices(values.codec)
        labels = [ENCODER_LABELS[family] for family in families]
        if list(self.encoder.cget("values")) != labels:
            self.encoder.offer(labels)
        if values.encoder not in families:
            self._variables.encoder.set(ENCODER_LABELS[EncoderFamily.AUTO])
            return
        changed = ", ".join((*engine_changes(self._engine.read()), *changes(values)))
        self.card.summarise(changed or CONTENT, notable=bool(changed))
        exposed = values.encrypt and values.publish_key
        self.published_hint.configure(bootstyle=TEXT_TONES[Tone.WARNING] if exposed else HINT)

    def _add_video(self, fields: Fields) -> None:
        variables = self._variables
        self.encoder = self._list(variables.encoder, ENCODER_LABELS.values())
        encoder_note = fields.add("Encoder", self.encoder)
        self.codec = self._list(variables.codec, CODEC_LABELS.values())
        fields.add_plain("Video format", self.codec)
        self.keep_hdr = self._tick("Keep HDR (HEVC and AV1 only)", variables.keep_hdr)
        fields.beneath(self.keep_hdr)
        self.copy_top = self._tick("Keep the original video (H.264 only)", variables.copy_top)
        fields.beneath(self.copy_top)
        Tip(self.copy_top, shown(ORIGINAL_TIP))
        fields.beneath(WrappingLabel(self.card.body, bootstyle=HINT, text=ORIGINAL_HINT))
        self.aim = self._list(variables.aim, AIM_LABELS.values())
        fields.add("Quality", self.aim, hint=AIM_HINT)
        self.target = ttk.Entry(self.card.body, textvariable=variables.target, width=6)
        target_note = fields.add("Target", self.target, hint=TARGET_HINT)
        self.target.grid_configure(sticky="w")
        self.fit_ladder = self._tick("Leave out qualities that save little", variables.fit_ladder)
        fields.beneath(self.fit_ladder)
        self._on_change(clear_when_edited(encoder_note), variables.encoder, variables.codec)
        self._on_change(clear_when_edited(target_note), variables.target, variables.aim)
        self.notes |= {Setting.ENCODER: encoder_note, Setting.TARGET_VMAF: target_note}
        self._always += [self.encoder, self.codec, self.aim]

    def _add_audio(self, fields: Fields) -> None:
        self.loudness = self._list(self._variables.loudness, LOUDNESS_LABELS.values())
        fields.add_plain("Loudness", self.loudness)
        surround = self._tick("Also keep 5.1 audio", self._variables.surround)
        fields.beneath(surround)
        self.audio_tracks = ttk.Entry(self.card.body, textvariable=self._variables.audio_tracks, width=10)
        tracks_note = fields.add("Audio tracks", self.audio_tracks, hint=TRACKS_HINT)
        self.audio_tracks.grid_configure(sticky="w")
        self._on_change(clear_when_edited(tracks_note), self._variables.audio_tracks)
        self.notes[Setting.TRACKS] = tracks_note
        self._always += [self.loudness, surround, self.audio_tracks]

    def _add_encryption(self, fields: Fields) -> None:
        variables, body = self._variables, self.card.body
        self.encrypt = self._tick("Encrypt (AES-128)", variables.encrypt)
        fields.wide(self.encrypt, above="6p")
        key_file = ttk.Entry(body, textvariable=variables.key_file)
        browse = ttk.Button(body, text=_("Browse…"), bootstyle=CARD, command=self._browse)
        show_end(key_file, variables.key_file)
        key_uri = ttk.Entry(body, textvariable=variables.key_uri)
        file_note = fields.add("Key file", key_file, beside=browse, hint=KEY_FILE_HINT)
        uri_note = fields.add("Key address", key_uri, hint=KEY_URI_HINT)
        publish = self._tick("Upload the key beside the video", variables.publish_key)
        fields.beneath(publish)
        self.published_hint = WrappingLabel(body, bootstyle=HINT, text=PUBLISHED_HINT)
        fields.beneath(self.published_hint)
        self._on_change(clear_when_edited(file_note), variables.key_file, variables.encrypt)
        self._on_change(clear_when_edited(uri_note), variables.key_uri, variables.encrypt)
        self.notes |= {Setting.KEY_FILE: file_note, Setting.KEY_URI: uri_note}
        self._always.append(self.encrypt)
        self._of_key += [key_file, browse, key_uri, publish]

    def _list(self, variable: tkinter.StringVar, labels: Iterable[str]) -> ChoiceBox:
        return ChoiceBox(self.card.body, variable, labels, state="readonly")

    def _tick(self, text: str, variable: tkinter.BooleanVar) -> ttk.Checkbutton:
        return ttk.Checkbutton(self.card.body, text=shown(text), variable=variable, bootstyle=CARD)

    def _browse(self) -> None:
        chosen = filedialog.askopenfilename(parent=self.card, title=_("Choose the key's file of 16 bytes"))
        if chosen:
            self._variables.key_file.set(str(Path(chosen)))
