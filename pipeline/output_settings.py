"""Which settings shape what each step of a job makes, and how they differ from those of an earlier run. Pure.

A setting at its default is left out, so that one which a newer version adds makes no difference to what was made before
it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.codec import to_json
from pipeline.job import EncoderFamily, Encryption, Job, TranscriptionRequest
from pipeline.media.encode import ladder
from pipeline.media.encode.audio_tracks import SURROUND, audio_renditions
from pipeline.media.encode.encoders import usual_segment_type
from pipeline.media.hls.encryption import key_digest
from pipeline.media_info import DynamicRange, MediaInfo
from pipeline.model import CaptionText, PhaseName, Plan
from pipeline.speech.languages import language_name

HLS, MP4, TRANSCRIPT = PhaseName.HLS.value, PhaseName.MP4.value, PhaseName.TRANSCRIPT.value
TRANSLATION = PhaseName.TRANSLATION.value
PACKAGE = "package"
"""The step that makes the folder whole."""

QUALITIES, ENCODER, SEGMENT_TYPE, KEY, KEY_FILE = "qualities", "encoder", "segment_type", "key", "key_file"
CAPTIONS = "captions"
POSTER = "poster_s"
AS_PLANNED = (ENCODER, SEGMENT_TYPE)
"""Settings that are kept as the plan decided them, not as they were asked for."""

TRANSLATE = "translate"
"""The setting that adds a step of its own: the transcript is the same without it."""

CAPTION_RULES = "profile"
"""The setting of a transcript that changes its captions alone, not the transcript itself."""

SOURCE_PART = ("tracks", "trim")
BIT_RATES = "bit_rates"
VIDEO = (
    *("codec", "preset", "rate_control", "target_vmaf", "fit_ladder", "keep_hdr", "copy_top"),
    *("black_bars", BIT_RATES, ENCODER),
)
AUDIO = ("surround", "loudness_lufs", "audio_map")

LABELS = {
    "target_vmaf": "VMAF target",
    "fit_ladder": "fitting qualities",
    "keep_hdr": "HDR",
    "copy_top": "original video",
    "loudness_lufs": "loudness",
    "surround": "5.1 audio",
    "audio_map": "audio map",
    "trim": "part of the video",
    POSTER: "poster",
    CAPTION_RULES: "caption rules",
    "fast": "fast transcription",
}
"""What settings are called where their own names would not do."""

HOLDINGS = {
    "keep_hdr": "its HDR",
    "copy_top": "the original video as its largest quality",
    "black_bars": "black bars",
    "surround": "5.1 audio",
    "audio_map": "an audio map",
    "tracks": "a choice of tracks",
    "trim": "a part of the video alone",
    KEY: "encryption",
    MP4: "an MP4",
    TRANSCRIPT: "a transcript",
    TRANSLATION: "captions translated into English",
}
"""Settings, by name, whose steps add something to a folder; any other one only changes what is there."""


@dataclass(frozen=True, kw_only=True)
class OutputSettings:
    """What the steps that are asked for depend on beside the source.

    `steps` holds the settings of each by name, those at their default left out, in what JSON can hold; `of_no_matter`
    are the names of those that make no difference to this source.
    """

    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    of_no_matter: frozenset[str] = frozenset()

    def changes(self, made: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
        """Return the steps that have to be done, each with the settings that differ, none if it is new.

        `made` has the settings that each finished step was done with.
        """
        found = {}
        for step, wanted in self.steps.items():
            names = self._differing(wanted, made[step]) if step in made else ()
            if names or step not in made:
                found[step] = names
        key = made.get(PACKAGE, {}).get(KEY)
        if key is not None and KEY in found.get(PACKAGE, ()):
            found[HLS] = (*found.get(HLS, ()), KEY)  # only who has the old key can make the segments plain again
        return found

    def lost(self, made: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Return in words what the finished steps have, with nothing in its place in what is asked for now."""
        stream, wanted = made.get(HLS, {}), self.steps.get(HLS, {})
        words = []
        for name in self._differing(wanted, stream):
            if name == QUALITIES:
                words += [quality for quality in stream.get(QUALITIES, ()) if quality not in wanted.get(QUALITIES, ())]
            elif name in HOLDINGS and name in stream and name not in wanted:
                words.append(HOLDINGS[name])
        if KEY in made.get(PACKAGE, {}) and KEY not in self.steps.get(PACKAGE, {}):
            words.append(HOLDINGS[KEY])
        there, asked = _languages(made.get(PACKAGE, {})), _languages(self.steps.get(PACKAGE, {}))
        words += [f"captions in {language_name(code)}" for code in there if code not in asked]
        gone = [step for step in (MP4, TRANSCRIPT, TRANSLATION) if step in made and step not in self.steps]
        words += [HOLDINGS[step] for step in gone if CAPTIONS not in made[step]]
        return words

    def _differing(self, some: Mapping[str, Any], others: Mapping[str, Any]) -> tuple[str, ...]:
        names = sorted((some.keys() | others.keys()) - self.of_no_matter)
        return tuple(name for name in names if some.get(name) != others.get(name))


def output_settings(plan: Plan) -> OutputSettings:
    """Return what the steps of a plan depend on."""
    job, speech, key = plan.job, plan.job.transcription, plan.job.encryption
    asked = _by_name(job)
    stream = given({name: value for name, value in asked.items() if name not in AS_PLANNED})
    source = {name: stream[name] for name in SOURCE_PART if name in stream}
    if plan.segment_type is not usual_segment_type(job.encoding.codec):
        stream[SEGMENT_TYPE] = plan.segment_type.value
    stream[ENCODER] = plan.encoder
    rates = _bit_rates(plan)
    stream = {name: value for name, value in stream.items() if name != BIT_RATES}
    stream |= {BIT_RATES: rates} if rates else {}
    steps = {HLS: stream | {QUALITIES: [r.name for r in plan.renditions]}}
    if plan.mp4 is not None:
        steps[MP4] = stream
    if speech is not None and plan.media.audio:
        asked_of_speech = source | given({name: value for name, value in to_json(speech).items() if name != TRANSLATE})
        steps[TRANSCRIPT] = asked_of_speech
        if speech.translate:
            steps[TRANSLATION] = asked_of_speech
        if plan.script is not None:
            steps[TRANSCRIPT] = asked_of_speech | {"script": hashlib.sha256(plan.script.encode()).hexdigest()}
    elif plan.transcript_captions is not None:
        part = {name: value for name, value in source.items() if name == "trim"}
        steps[TRANSCRIPT] = part | {CAPTIONS: _captions((plan.transcript_captions,))}
    steps[PACKAGE] = {}
    if key is not None:
        asked_of_key = given({name: value for name, value in to_json(key).items() if name != KEY_FILE})
        steps[PACKAGE] = {KEY: key_digest(key), **asked_of_key}
    if job.poster_s is not None and plan.media.video is not None:
        steps[PACKAGE] |= {POSTER: job.poster_s}
    if plan.captions:
        steps[PACKAGE] |= {CAPTIONS: _captions(plan.captions)}
    return OutputSettings(steps=steps, of_no_matter=frozenset(_of_no_matter(job, plan.media)))


def _bit_rates(plan: Plan) -> list[list[Any]]:
    """Return the rates that were asked for, of what is made."""
    made = {rendition.name for rendition in plan.renditions}
    if plan.mp4 is not None:
        made.add(plan.mp4.rendition.name)
    return sorted([rate.name, rate.bit_rate] for rate in plan.job.bit_rates if rate.name in made)


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is at its default."""
    return {name: value for name, value in values.items() if value != DEFAULTS.get(name)}


def label(name: str) -> str:
    """Return what a setting is called."""
    return LABELS.get(name, name.replace("_", " "))


def _captions(captions: Sequence[CaptionText]) -> list[list[str]]:
    """Return what tells captions from others: the language and a digest (SHA-256) of each."""
    return [[one.language, hashlib.sha256(one.text.encode()).hexdigest()] for one in captions]


def _languages(package: Mapping[str, Any]) -> list[str]:
    """Return the languages of the captions in the settings of the packaging, each once."""
    return list(dict.fromkeys(language for language, _ in package.get(CAPTIONS, ())))


def _by_name(job: Job) -> dict[str, Any]:
    """Return the settings that shape a stream, as the codec spells them and by their names in job.json.

    There they are in one level; a part, and each track of an audio map, are lists without names. A setting that is new
    among those of the video or the audio is one of these by itself.
    """
    form = to_json(job)
    trim, audio = form["trim"], form["audio"]
    return {
        "tracks": form["tracks"],
        "trim": None if trim is None else [trim["start_s"], trim["end_s"]],
        **form["encoding"],
        "black_bars": form["black_bars"],
        BIT_RATES: form["bit_rates"],
        **audio,
        "audio_map": [[[part["track"], part["channel"]] for part in parts] for parts in audio["audio_map"]],
    }


DEFAULTS: Mapping[str, Any] = {
    **_by_name(Job(source=Path(), output_dir=Path(), slug="")),
    "model": TranscriptionRequest.model,
    CAPTION_RULES: TranscriptionRequest.profile.value,
    "fast": TranscriptionRequest.fast,
    "multilingual": TranscriptionRequest.multilingual,
    "names": list(TranscriptionRequest.names),
    "publish_key": Encryption.publish_key,
}


def _of_no_matter(job: Job, media: MediaInfo) -> set[str]:
    names: set[str] = set()
    video = media.video
    if job.encoding.encoder is EncoderFamily.AUTO:
        names.add(ENCODER)  # whichever did it
    if video is None:
        names.update(VIDEO)
    else:
        if video.dynamic_range is DynamicRange.SDR:
            names.add("keep_hdr")
        if not ladder.offered(video.width, video.height):
            names.add(QUALITIES)  # it has one of its own size
        barred = ladder.renditions(
            ladder.choose(video.width, video.height, job.qualities), video.width, video.height, black_bars=True
        )
        if all((r.width, r.height) == (r.frame_width, r.frame_height) for r in barred):
            names.add("black_bars")
    if not media.audio:
        names.update(AUDIO)
    elif not job.audio.audio_map:
        renditions = audio_renditions(media.audio, surround=True, container=media.container)
        if all(a.group != SURROUND for a in renditions):
            names.add("surround")
    return names
