"""Tasks and their results as JSON and back: what an engine hands to a worker, and what the worker hands back.

No secret is in them. A change to a task or a result raises SCHEMA; a field that an older schema lacks has its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pipeline.codec import from_json, to_json
from pipeline.engines.tasks import EncodeResult, EncodeTask, TranscriptionTask
from pipeline.errors import CodecError
from pipeline.speech.transcript import Transcript

SCHEMA = 3

Task = EncodeTask | TranscriptionTask
Result = EncodeResult | Transcript

T = TypeVar("T")

TASKS: Mapping[str, type[Task]] = {"encode": EncodeTask, "transcription": TranscriptionTask}
RESULTS: Mapping[str, type[Result]] = {"encode": EncodeResult, "transcription": Transcript}
"""Each kind of task, and the type of its result."""


def task_to_json(task: Task) -> dict[str, Any]:
    """Return a task as JSON values."""
    return _written(TASKS, task)


def task_from_json(data: object, where: str = "The task") -> Task:
    """Return the task that `data`, what JSON held, stands for.

    `where` names the data in a message. Raises CodecError with a sentence that names what is unknown, missing or wrong.
    """
    return _read(TASKS, data, where)


def result_to_json(result: Result) -> dict[str, Any]:
    """Return a task's result as JSON values."""
    return _written(RESULTS, result)


def result_from_json(data: object, where: str = "The result") -> Result:
    """Return a task's result. Raises CodecError as `task_from_json` does."""
    return _read(RESULTS, data, where)


def _written(kinds: Mapping[str, type[T]], value: T) -> dict[str, Any]:
    kind = next(name for name, held in kinds.items() if held is type(value))
    return {"schema": SCHEMA, "kind": kind, **to_json(value)}


def _read(kinds: Mapping[str, type[T]], data: object, where: str) -> T:
    if not isinstance(data, dict):
        raise CodecError(f"{where} must be an object, with its schema and its kind.")
    schema, kind = data.get("schema"), data.get("kind")
    if type(schema) is not int or schema < 1:
        raise CodecError(f"{where} does not say which schema it has.")
    if schema > SCHEMA:
        raise CodecError(
            f"{where} has schema {schema}, and this version reads up to {SCHEMA}: use the version that wrote it."
        )
    if not isinstance(kind, str) or kind not in kinds:
        raise CodecError(f"{where} must be of a known kind: {', '.join(kinds)}.")
    fields = {name: value for name, value in data.items() if name not in ("schema", "kind")}
    return from_json(kinds[kind], fields, f"{where} (schema {schema})")
