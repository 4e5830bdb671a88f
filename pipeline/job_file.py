"""job.json in its present form and the one before: the source, the finished steps and their settings.

Knows nothing of folders that belong together, nor of what a step does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.files import write_whole
from pipeline.job import Codec
from pipeline.media.encode.encoders import usual_segment_type
from pipeline.output_settings import ENCODER, HLS, KEY, MP4, PACKAGE, QUALITIES, SOURCE_PART, TRANSCRIPT, given

JOB_FILE = "job.json"
FORMAT = 3
FLAT_FORMAT = 2
"""Of the version that kept one set of settings for all steps, whose defaults it wrote too."""

CONTENT = ("size_bytes", "sha256_head_tail")
"""What tells a source's content.

That version kept the time of its last change beside it, which is in the keys of its checkpoints.
"""


@dataclass(frozen=True, kw_only=True)
class JobFile:
    """What is known of the work in a folder.

    `source` tells the source's content from another. `done` maps each finished step to the facts it left. `settings`
    are those that a finished step was done with, and of another one those that the last run wanted; they are by name,
    without what is at its default. `fresh` says that the work is to take another folder's place.
    """

    source_path: str
    source: Mapping[str, Any]
    settings: Mapping[str, Mapping[str, Any]]
    done: Mapping[str, dict[str, Any]]
    fresh: bool = False

    @property
    def made(self) -> dict[str, Mapping[str, Any]]:
        """The settings of the finished steps."""
        return {step: settings for step, settings in self.settings.items() if step in self.done}

    def is_of(self, source: Mapping[str, Any]) -> bool:
        """Whether this is work on a source with this content."""
        return all(self.source.get(name) == source.get(name) for name in CONTENT)


def read_job_file(folder: Path) -> JobFile | None:
    """Return what a folder's job.json says, None where there is none, or none that can be understood."""
    try:
        stored = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
        done = {str(step): dict(facts) for step, facts in stored["done"].items()}
        if stored["format"] == FLAT_FORMAT:
            settings = _from_flat(stored, done)
        elif stored["format"] == FORMAT:
            settings = {str(step): dict(by_name) for step, by_name in stored["settings"].items()}
        else:
            return None
        return JobFile(
            source_path=str(stored["source_path"]),
            source=dict(stored["source"]),
            settings=settings,
            done=done,
            fresh=bool(stored.get("fresh")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_job_file(folder: Path, content: JobFile) -> None:
    """Put it into the folder in one step. Raises OutputError."""
    stored: dict[str, Any] = {
        "format": FORMAT,
        "source_path": content.source_path,
        "source": content.source,
        "settings": content.settings,
        "done": content.done,
    }
    if content.fresh:
        stored["fresh"] = True
    write_whole(folder / JOB_FILE, json.dumps(stored, indent=2) + "\n")


def _from_flat(stored: Mapping[str, Any], done: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the settings by step; which qualities and encoder they meant stands in the facts of the encode."""
    settings = stored["settings"]
    encoding, sound, encryption = dict(settings["encoding"]), settings["sound"], settings["encryption"]
    codec, segment_type, family = Codec(encoding["codec"]), encoding.pop("segment_type"), encoding.pop(ENCODER)
    source = {name: settings[name] for name in SOURCE_PART if name in settings}
    stream = source | given(
        encoding | {"black_bars": settings["black_bars"]} | {n: v for n, v in sound.items() if n != "map"}
    )
    if "map" in sound:
        stream["audio_map"] = sound["map"]
    if segment_type != usual_segment_type(codec).value:
        stream["segment_type"] = segment_type
    facts = done.get(HLS, {})
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
