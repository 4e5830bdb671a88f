"""The Tk variables behind the form, and their values as data."""

from __future__ import annotations

import tkinter
from collections.abc import Callable

from pipeline.speech.caption_profiles import TITLES
from ui.advanced import AIM_LABELS, CODEC_LABELS, ENCODER_LABELS, LOUDNESS_LABELS, AdvancedValues, labelled
from ui.destination import TypedDestination
from ui.job_form import QUALITY_NAMES, SPEED_LABELS, FormValues, typed_path
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
        self.loudness = tkinter.StringVar(master, LOUDNESS_LABELS[values.loudness])
        self.surround = tkinter.BooleanVar(master, values.surround)
        self.audio_tracks = tkinter.StringVar(master, values.audio_tracks)
        self.encrypt = tkinter.BooleanVar(master, values.encrypt)
        self.key_file = tkinter.StringVar(master, values.key_file)
        self.key_uri = tkinter.StringVar(master, values.key_uri)
        self.publish_key = tkinter.BooleanVar(master, values.publish_key)
        self.accept_damaged = tkinter.BooleanVar(master, values.accept_damaged)

    @property
    def all(self) -> tuple[tkinter.Variable, ...]:
        """Every variable."""
        return tuple(vars(self).values())

    def read(self) -> AdvancedValues:
        """Return what stands in the section now, texts stripped."""
        return AdvancedValues(
            encoder=labelled(ENCODER_LABELS, self.encoder.get()),
            codec=labelled(CODEC_LABELS, self.codec.get()),
            keep_hdr=self.keep_hdr.get(),
            copy_top=self.copy_top.get(),
            aim=labelled(AIM_LABELS, self.aim.get()),
            target=self.target.get().strip(),
            loudness=labelled(LOUDNESS_LABELS, self.loudness.get()),
            surround=self.surround.get(),
            audio_tracks=self.audio_tracks.get().strip(),
            encrypt=self.encrypt.get(),
            key_file=typed_path(self.key_file.get()),
            key_uri=self.key_uri.get().strip(),
            publish_key=self.publish_key.get(),
            accept_damaged=self.accept_damaged.get(),
        )


class SpeechVariables:
    """One variable for every value of the transcription that is no list."""

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
        self.source = tkinter.StringVar(master, values.source)
        self.part_from = tkinter.StringVar(master, values.part_from)
        self.part_to = tkinter.StringVar(master, values.part_to)
        self.output_dir = tkinter.StringVar(master, values.output_dir)
        self.qualities = {name: tkinter.BooleanVar(master, name in values.qualities) for name in QUALITY_NAMES}
        self.speed = tkinter.StringVar(master, SPEED_LABELS[values.preset])
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
        self.language = tkinter.StringVar(master, values.language)
        self.destination = tkinter.StringVar(master, values.destination)
        self.suggested_from = values.suggested_from
        self.session_id = tkinter.StringVar(master, values.session_id)
        self.make_mp4 = tkinter.BooleanVar(master, values.make_mp4)
        self.delete_local = tkinter.BooleanVar(master, values.delete_local)
        self.remember_login = tkinter.BooleanVar(master, values.remember_login)
        self.limit = tkinter.StringVar(master, values.limit)
        self.parallel = tkinter.StringVar(master, str(values.parallel))
        self.advanced = AdvancedVariables(master, values.advanced)
        self.advanced_open = tkinter.BooleanVar(master, values.advanced_open)

    def read(self) -> FormValues:
        """Return what stands in the form now, texts stripped."""
        return FormValues(
            source=typed_path(self.source.get()),
            part_from=self.part_from.get().strip(),
            part_to=self.part_to.get().strip(),
            output_dir=typed_path(self.output_dir.get()),
            qualities=tuple(name for name, ticked in self.qualities.items() if ticked.get()),
            preset=labelled(SPEED_LABELS, self.speed.get()),
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
