"""The Tk variables behind the form, and their values as data."""

from __future__ import annotations

import tkinter
from collections.abc import Callable

from pipeline.speech.caption_profiles import TITLES
from ui.advanced import (
    AIM_LABELS,
    CODEC_LABELS,
    ENCODER_LABELS,
    AdvancedValues,
    labelled,
    loudness_label,
    loudness_of,
)
from ui.backend_choice import BackendVariables
from ui.destination import TypedDestination
from ui.engine import CONVERT_ON_LABELS, EngineValues
from ui.job_form import QUALITY_NAMES, FormValues, speed_label, speed_of, typed_path
from ui.speech import SpeechValues


class AdvancedVariables:
    """One variable for every value under Advanced; lists hold the label that is chosen."""

    def __init__(self, master: tkinter.Misc, values: AdvancedValues) -> None:
        self.encoder = tkinter.StringVar(master, ENCODER_LABELS[values.encoder])
        self.codec = tkinter.StringVar(master, CODEC_LABELS[values.codec])
        self.keep_hdr = tkinter.BooleanVar(master, values.keep_hdr)
        self.copy_top = tkinter.BooleanVar(master, values.copy_top)
        self.aim = tkinter.StringVar(master, AIM_LABELS[values.aim])
        self.target = tkinter.StringVar(master, values.target)
        self.fit_ladder = tkinter.BooleanVar(master, values.fit_ladder)
        self.loudness = tkinter.StringVar(master, loudness_label(values.loudness))
        self.surround = tkinter.BooleanVar(master, values.surround)
        self.audio_tracks = tkinter.StringVar(master, values.audio_tracks)
        self.encrypt = tkinter.BooleanVar(master, values.encrypt)
        self.key_file = tkinter.StringVar(master, values.key_file)
        self.key_uri = tkinter.StringVar(master, values.key_uri)
        self.publish_key = tkinter.BooleanVar(master, values.publish_key)
        self.accept_damaged = tkinter.BooleanVar(master, values.accept_damaged)
        self.background = tkinter.BooleanVar(master, values.background)

    @property
    def all(self) -> tuple[tkinter.Variable, ...]:
        """Every variable."""
        return _variables_of(self)

    def read(self) -> AdvancedValues:
        """Return what stands in the section now, texts stripped."""
        return AdvancedValues(
            encoder=labelled(ENCODER_LABELS, self.encoder.get()),
            codec=labelled(CODEC_LABELS, self.codec.get()),
            keep_hdr=self.keep_hdr.get(),
            copy_top=self.copy_top.get(),
            aim=labelled(AIM_LABELS, self.aim.get()),
            target=self.target.get().strip(),
            fit_ladder=self.fit_ladder.get(),
            loudness=loudness_of(self.loudness.get()),
            surround=self.surround.get(),
            audio_tracks=self.audio_tracks.get().strip(),
            encrypt=self.encrypt.get(),
            key_file=typed_path(self.key_file.get()),
            key_uri=self.key_uri.get().strip(),
            publish_key=self.publish_key.get(),
            accept_damaged=self.accept_damaged.get(),
            background=self.background.get(),
        )


class EngineVariables:
    """One variable for every value that says who converts."""

    def __init__(self, master: tkinter.Misc, values: EngineValues) -> None:
        self.convert_on = tkinter.StringVar(master, CONVERT_ON_LABELS[values.convert_on])
        self.typed = tkinter.StringVar(master, values.typed)
        self.works_along = tkinter.BooleanVar(master, values.works_along)
        self.choices = (self.convert_on, self.works_along)
        self._named = values.named

    def read(self) -> EngineValues:
        """Return what stands there now, texts stripped."""
        return EngineValues(
            convert_on=labelled(CONVERT_ON_LABELS, self.convert_on.get()),
            typed=self.typed.get().strip(),
            named=self._named,
            works_along=self.works_along.get(),
        )


class SpeechVariables:
    """One variable for every value of the transcription that is not a list."""

    def __init__(self, master: tkinter.Misc, values: SpeechValues) -> None:
        self.several_languages = tkinter.BooleanVar(master, values.several_languages)
        self.translate = tkinter.BooleanVar(master, values.translate)
        self.fast = tkinter.BooleanVar(master, values.fast)
        self.names_file = tkinter.StringVar(master, values.names_file)
        self.track = tkinter.StringVar(master, values.track)

    def read(self) -> SpeechValues:
        """Return what stands there now, texts stripped."""
        return SpeechValues(
            several_languages=self.several_languages.get(),
            translate=self.translate.get(),
            fast=self.fast.get(),
            names_file=typed_path(self.names_file.get()),
            track=self.track.get().strip(),
        )


class FormVariables:
    """One variable for every value of the form."""

    def __init__(self, master: tkinter.Misc, values: FormValues) -> None:
        self._master = master
        self.source = tkinter.StringVar(master, values.source)
        self.title = tkinter.StringVar(master, values.title)
        self.part_from = tkinter.StringVar(master, values.part_from)
        self.part_to = tkinter.StringVar(master, values.part_to)
        self.poster = tkinter.StringVar(master, values.poster)
        self.output_dir = tkinter.StringVar(master, values.output_dir)
        self.preset_name = tkinter.StringVar(master, values.preset_name)
        self.base = values.base
        self.qualities = {name: tkinter.BooleanVar(master, name in values.qualities) for name in QUALITY_NAMES}
        self.audio_only = tkinter.BooleanVar(master, values.audio_only)
        self.speed = tkinter.StringVar(master, speed_label(values.preset))
        self.transcribe = tkinter.BooleanVar(master, values.transcribe)
        self.model = tkinter.StringVar(master, values.model)
        self.spoken_language = tkinter.StringVar(master, values.spoken_language)
        self.caption_rules = tkinter.StringVar(master, TITLES[values.caption_rules])
        self.speech = SpeechVariables(master, values.speech)
        self.captions = tkinter.StringVar(master, values.captions)
        self.dataset = tkinter.StringVar(master, values.dataset)
        self.upload = tkinter.BooleanVar(master, values.upload)
        self.backend_url = tkinter.StringVar(master, values.backend_url)
        self.token = tkinter.StringVar(master, values.token)
        self.backend = BackendVariables(
            master, chosen=values.backend, typed_url=values.typed_url, url=self.backend_url, token=self.token
        )
        self.language = tkinter.StringVar(master, values.language)
        self.destination = tkinter.StringVar(master, values.destination)
        self.suggested_from = values.suggested_from
        self.session_id = tkinter.StringVar(master, values.session_id)
        self.make_mp4 = tkinter.BooleanVar(master, values.make_mp4)
        self.delete_local = tkinter.BooleanVar(master, values.delete_local)
        self.remember_login = tkinter.BooleanVar(master, values.remember_login)
        self.limit = tkinter.StringVar(master, values.limit)
        self.parallel = tkinter.StringVar(master, str(values.parallel))
        self.window = values.window
        self.program = values.program
        self.advanced = AdvancedVariables(master, values.advanced)
        self.engine = EngineVariables(master, values.engine)
        self.captions_open = tkinter.BooleanVar(master, values.captions_open)
        self.upload_open = tkinter.BooleanVar(master, values.upload_open)
        self.advanced_open = tkinter.BooleanVar(master, values.advanced_open)

    @property
    def all(self) -> tuple[tkinter.Variable, ...]:
        """Every variable."""
        return _variables_of(self)

    @property
    def of_presets(self) -> tuple[tkinter.Variable, ...]:
        """Those behind what a preset has, and which was chosen."""
        own = (self.preset_name, *self.qualities.values(), self.audio_only, self.speed, self.make_mp4)
        speech = (self.transcribe, self.model, self.spoken_language, self.caption_rules, *_variables_of(self.speech))
        return (*own, *speech, *self.advanced.all)

    def fill(self, values: FormValues) -> None:
        """Put values into the form."""
        self.base = values.base
        for variable, wanted in zip(self.all, FormVariables(self._master, values).all, strict=True):
            if variable.get() != wanted.get():
                variable.set(wanted.get())
        self.suggested_from = values.suggested_from

    def read(self) -> FormValues:
        """Return what stands in the form now, texts stripped."""
        return FormValues(
            source=typed_path(self.source.get()),
            title=_one_line(self.title.get()),
            part_from=self.part_from.get().strip(),
            part_to=self.part_to.get().strip(),
            poster=self.poster.get().strip(),
            output_dir=typed_path(self.output_dir.get()),
            preset_name=self.preset_name.get(),
            base=self.base,
            qualities=tuple(name for name, ticked in self.qualities.items() if ticked.get()),
            audio_only=self.audio_only.get(),
            preset=speed_of(self.speed.get()),
            transcribe=self.transcribe.get(),
            model=typed_path(self.model.get()),
            spoken_language=self.spoken_language.get().strip(),
            caption_rules=labelled(TITLES, self.caption_rules.get()),
            speech=self.speech.read(),
            captions=self.captions.get().strip(),
            dataset=typed_path(self.dataset.get()),
            upload=self.upload.get(),
            backend_url=self.backend_url.get().strip(),
            token=self.token.get().strip(),
            backend=self.backend.chosen.get(),
            typed_url=self.backend.typed_url,
            language=self.language.get(),
            destination=self.destination.get().strip(),
            suggested_from=self.suggested_from,
            session_id=self.session_id.get().strip(),
            make_mp4=self.make_mp4.get(),
            delete_local=self.delete_local.get(),
            remember_login=self.remember_login.get(),
            limit=self.limit.get().strip(),
            parallel=int(self.parallel.get()),
            advanced=self.advanced.read(),
            engine=self.engine.read(),
            window=self.window,
            program=self.program,
            captions_open=self.captions_open.get(),
            upload_open=self.upload_open.get(),
            advanced_open=self.advanced_open.get(),
        )

    def suggest_destination(self, slug: str) -> None:
        """Put a video's own folder into the field of the destination, below the base that stands there."""
        here = TypedDestination(typed=self.destination.get().strip(), suggested_from=self.suggested_from)
        if here.is_base and here.typed:
            own = here.of(slug)
            self.suggested_from = own.removesuffix(f"{slug}/")
            self.destination.set(own)

    def forget_suggestion(self) -> None:
        """Put the base back into the field of the destination: another video is chosen."""
        here = TypedDestination(typed=self.destination.get().strip(), suggested_from=self.suggested_from)
        if self.suggested_from is not None:
            self.suggested_from = None
            self.destination.set(here.base)

    def on_change(self, listener: Callable[[], None], *variables: tkinter.Variable) -> None:
        """Call `listener` whenever one of these variables is written."""
        for variable in variables:
            variable.trace_add("write", lambda *_: listener())


def _one_line(text: str) -> str:
    """Return a text without the line breaks and other marks that a paste may bring along."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def _variables_of(group: object) -> tuple[tkinter.Variable, ...]:
    """Return every variable of a group, and of the groups that it holds, in their order."""
    found: list[tkinter.Variable] = []
    for value in vars(group).values():
        if isinstance(value, tkinter.Variable):
            found.append(value)
        elif isinstance(value, dict):
            found += value.values()
        elif isinstance(value, AdvancedVariables | BackendVariables | EngineVariables | SpeechVariables):
            found += _variables_of(value)
    return tuple(found)
