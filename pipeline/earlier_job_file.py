"""Converts what earlier versions stored in job.json to its present form. Pure; knows nothing of files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pipeline.facts import STEPS, present_names
from pipeline.job import Codec
from pipeline.media.encode.encoders import usual_segment_type
from pipeline.output_settings import ENCODER, HLS, KEY, MP4, PACKAGE, QUALITIES, SOURCE_PART, TRANSCRIPT, given


def known_facts(done: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, object]]:
    """Return the facts of an earlier version under their present names, without those that no step needs any more."""
    fields = {step: {entry.name for entry in dataclasses.fields(kind)} for step, kind in STEPS.items()}
    return {
        step: {name: value for name, value in present_names(facts).items() if name in fields[step]}
        for step, facts in done.items()
        if step in fields
    }


def settings_from_flat(stored: Mapping[str, Any]) -> dict[str, dict[str, object]]:
    """Return the settings by step; which qualities and encoder they meant stands in the facts of the encode."""
    settings = stored["settings"]
    encoding, audio, encryption = dict(settings["encoding"]), settings["sound"], settings["encryption"]
    codec, segment_type, family = Codec(encoding["codec"]), encoding.pop("segment_type"), encoding.pop(ENCODER)
    source = {name: settings[name] for name in SOURCE_PART if name in settings}
    stream = source | given(
        encoding | {"black_bars": settings["black_bars"]} | {n: v for n, v in audio.items() if n != "map"}
    )
    if "map" in audio:
        stream["audio_map"] = audio["map"]
    if segment_type != usual_segment_type(codec).value:
        stream["segment_type"] = segment_type
    facts = stored["done"].get(HLS, {})
    stream[ENCODER] = facts.get(ENCODER, family)
    steps = {HLS: stream | {QUALITIES: list(facts.get("renditions", settings[QUALITIES] or ()))}, PACKAGE: {}}
    if settings["mp4"]:
        steps[MP4] = stream
    if settings["transcription"] is not None:
        steps[TRANSCRIPT] = source | given(settings["transcription"])
    if encryption is not None:
        asked = {"key_uri": encryption["key_uri"], "publish_key": encryption["publish"]}
        steps[PACKAGE] = given({KEY: stored["key"], **asked})
    return steps
