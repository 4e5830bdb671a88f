"""job.json in its present form and those before: the source, the finished steps and their settings.

Knows nothing of folders that belong together, nor of what a step does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, NewerVersionError
from pipeline.facts import Facts, PackageFacts
from pipeline.files import write_whole
from pipeline.fingerprint import Fingerprint
from pipeline.job import CaptionRules
from pipeline.published import JOB_FILE

SCHEMA = 9
"""The version of what is stored. Every change raises it, even an added field: an older program then says that the
folder is of a newer version, and does not drop the field when it writes the file.
"""

FIRST_FORM, FLAT_FORM = 1, 2
"""Earlier versions, whose number is in the field `format`. The second had one set of settings for all steps, defaults
included; the third differs from the next one only in the name of that field.
"""

PUBLISH_KEY = "publish_key"
PROFILE = "profile"


@dataclass(frozen=True, kw_only=True)
class JobFile:
    """What is known of the work in a folder.

    `source` tells the source's content from another. `done` are the facts that each finished step left. `settings` are
    those that a finished step was done with, and of another one those that the last run wanted; they are by name,
    without what is at its default. `fresh` says that the work is to take another folder's place. `title` is what people
    know the video by, empty for the name of its file.
    """

    source_path: str
    source: Fingerprint
    settings: Mapping[str, Mapping[str, object]]
    done: Facts
    fresh: bool = False
    title: str = ""

    @property
    def made(self) -> dict[str, Mapping[str, object]]:
        """The settings of the finished steps."""
        return {step: settings for step, settings in self.settings.items() if step in self.done.by_step}

    @property
    def frame_rate(self) -> float | None:
        """The video's frames in a second, None where that is not known."""
        return None if self.done.hls is None else self.done.hls.frame_rate

    def caption_rules(self, step: str) -> CaptionRules:
        """Return the rules that the captions of a step were made by."""
        named = self.settings.get(step, {}).get(PROFILE)
        return next((one for one in CaptionRules if one.value == named), CaptionRules.NETFLIX)

    @property
    def publishes_key(self) -> bool:
        """Whether the editor asked for the key to be published beside the segments."""
        return self.settings.get(PackageFacts.step, {}).get(PUBLISH_KEY) is True


def read_job_file(folder: Path, *, oldest: int = FLAT_FORM) -> JobFile | None:
    """Return what a folder's job.json says, None where there is none, or none that can be understood.

    Args:
        folder: where it lies.
        oldest: the first version that is read. `FIRST_FORM` is for the facts alone: which settings it had is not known.

    Raises:
        NewerVersionError: a newer version of this program wrote it.
    """
    try:
        stored = json.loads((folder / JOB_FILE).read_bytes())
        version = stored.get("schema", stored.get("format"))
        if version > SCHEMA:
            raise NewerVersionError(folder)
        return _present_form(stored, version) if version >= oldest else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, CodecError):
        return None


def write_job_file(folder: Path, content: JobFile) -> None:
    """Put it into the folder in one step. Raises OutputError."""
    stored: dict[str, object] = {
        "schema": SCHEMA,
        "source_path": content.source_path,
        "source": content.source.fields,
        "settings": content.settings,
        "done": done_fields(content.done),
    }
    if content.fresh:
        stored["fresh"] = True
    if content.title:
        stored["title"] = content.title
    write_whole(folder / JOB_FILE, json.dumps(stored, indent=2) + "\n")


def done_fields(done: Facts) -> dict[str, object]:
    """Return the facts of the finished steps as they are stored."""
    return {step: to_json(facts) for step, facts in done.by_step.items()}


def _present_form(stored: Mapping[str, Any], version: int) -> JobFile:
    """Read a job file of any version. Raises CodecError and what the parts of an unknown form raise."""
    content = {name: value for name, value in stored.items() if name not in ("schema", "format", "key")}
    if version < SCHEMA:
        from pipeline import earlier_job_file  # it knows the encode's settings, which few readers need

        content["done"] = earlier_job_file.known_facts(stored["done"])
        if version == FLAT_FORM:
            content["settings"] = earlier_job_file.settings_from_flat(stored)
        elif version == FIRST_FORM:
            content["settings"] = {}
    return from_json(JobFile, content, JOB_FILE)
