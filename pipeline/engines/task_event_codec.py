"""The events of a task as JSON and back: what a worker tells the engine that has handed it the task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.codec import from_json, to_json
from pipeline.engines.engine import (
    AudioChosen,
    CommandStarted,
    EncodeProgress,
    ModelDownloading,
    TaskEvent,
    TranscriptionProgress,
)
from pipeline.errors import CodecError

SCHEMA = 1

KINDS: Mapping[str, type[TaskEvent]] = {
    "command_started": CommandStarted,
    "encode_progress": EncodeProgress,
    "model_downloading": ModelDownloading,
    "audio_chosen": AudioChosen,
    "transcription_progress": TranscriptionProgress,
}


def task_event_to_json(event: TaskEvent) -> dict[str, Any]:
    """Return a task's event as JSON values."""
    kind = next(name for name, held in KINDS.items() if held is type(event))
    return {"schema": SCHEMA, "task_event": kind, **to_json(event)}


def task_event_from_json(data: object, where: str = "The task's event") -> TaskEvent:
    """Return the event that `data`, what JSON held, stands for; `where` names it. Raises CodecError."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise CodecError(f"{where} must be an object with schema {SCHEMA}: use the version that wrote it.")
    kind = data.get("task_event")
    if not isinstance(kind, str) or kind not in KINDS:
        raise CodecError(f"{where} must be of a known kind: {', '.join(KINDS)}.")
    fields = {name: value for name, value in data.items() if name not in ("schema", "task_event")}
    return from_json(KINDS[kind], fields, where, skip_unknown=True)
