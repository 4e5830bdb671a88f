"""The row of a job in the queue: the job by `pipeline.job_codec`, what it needs, and no path that one machine knows.

Every path of the job is written as `root:NAME/…`, and read by each machine with its own folders for these names. What a
job writes stays in the worker's own folder, unless the output folder lies below a root too.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from pipeline.engines.task_codec import task_from_json
from pipeline.engines.tasks import TranscriptionTask
from pipeline.errors import CodecError, Problem, Setting, SettingsError, SourceError
from pipeline.ffmpeg_need import needed_ffmpeg
from pipeline.job import EncoderFamily, Job
from pipeline.job_codec import job_from_json, job_to_json
from pipeline.source_address import AddressKind, address_below_root, parse_address, path_below_root

SCHEMA = 1

OWN_OUTPUT = "worker:"
"""Stands for the output folder where each machine takes its own."""

ROOT = "root:"

TO_STORE = "to_store"
"""In the row of a transcription: what is heard may lie in the backend's store. Rows of earlier versions lack it."""

MUST_ARRIVE = "The finished videos must get back to you"
"""What is said where `files_arrive` is not so, before what to do."""

TAG = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
SPEECH_TAG = "whisper"
GPU_TAG = "gpu"

Paths = Callable[[str], str]
Roots = Mapping[str, Path]


class TaskKind(str, Enum):
    """What is done with a row, and the first part of its queue's name."""

    CONVERT = "convert"
    SPEECH = "speech"


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    """A job in the queue, or a transcription of `parent`, which is one.

    `needs` are the tags that a worker must have, `ffmpeg` is the oldest that can do it (empty: any), `content` what is
    to be done, without local paths. Rows of a higher `priority` are taken first.
    """

    id: uuid.UUID
    kind: TaskKind
    title: str
    lock: str | None = None
    needs: tuple[str, ...] = ()
    ffmpeg: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)
    parent: uuid.UUID | None = None
    priority: int = 0

    @property
    def queue(self) -> str:
        """The queue's name: what is to be done, and what that needs."""
        return queue_name(self.kind, self.needs)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        kind = "job" if self.kind is TaskKind.CONVERT else self.kind.value
        needed = {"ffmpeg": self.ffmpeg} if self.ffmpeg else {}
        return {"schema": SCHEMA, "id": str(self.id), "title": self.title, **needed, kind: dict(self.content)}


def queue_name(kind: TaskKind, needs: Sequence[str]) -> str:
    """Return the name of the queue for tasks of a kind that need these tags."""
    return "+".join((kind.value, *sorted(needs)))


def tags_of_queue(name: str) -> tuple[str, ...]:
    """Return what a worker must have to take from a queue of this name."""
    return tuple(name.split("+")[1:])


def queue_names(tags: Sequence[str]) -> tuple[str, ...]:
    """Return every queue that a worker with these tags can take from: it may have more than a job needs."""
    subsets: list[tuple[str, ...]] = [()]
    for tag in sorted(set(tags)):
        subsets += [(*subset, tag) for subset in subsets]
    return tuple(queue_name(kind, subset) for kind in TaskKind for subset in subsets)


def queue_row(job: Job, roots: Roots) -> QueueRow:
    """Return the row of a job.

    Raises SettingsError for a file that other machines have no address for, SourceError for a video whose name they
    can't be told of.
    """
    if problem := _why_not_text(str(job.source)):
        raise SourceError(problem)
    content = job_to_json(job)
    if job.address is None:
        address = _addressed(str(job.source), roots)
        content |= {"source": job.source.name, "address": {"text": address, "signed": False}}
    elif job.address.signed:
        text = f"{job.address} is signed for this machine: others can't read it. Name it by s3:// or a plain address."
        raise SettingsError(Problem(text=text, setting=Setting.SOURCE))
    below = address_below_root(job.output_dir, roots)
    content["output_dir"] = OWN_OUTPUT if below is None else below.text
    if not files_arrive(job.output_dir, roots, upload=job.upload is not None):
        text = (
            f"{MUST_ARRIVE}: ask for the upload (--upload PREFIX),"
            " or let the output folder lie below one of SOURCE_ROOTS."
        )
        raise SettingsError(Problem(text=text, setting=Setting.OUTPUT))
    _replace_paths(content, lambda path: _addressed(path, roots))
    return QueueRow(
        id=uuid.uuid4(),
        kind=TaskKind.CONVERT,
        title=job.slug,
        lock=None if job.upload is None else f"upload to {job.upload.prefix}",
        needs=needs_of(job),
        ffmpeg=needed_ffmpeg(job),
        content=content,
    )


def files_arrive(output_dir: Path, roots: Roots, *, upload: bool) -> bool:
    """Whether whoever adds a job gets what another machine makes: from the server, or in a folder that both have."""
    return upload or address_below_root(output_dir, roots) is not None


def job_of(data: object, *, roots: Roots, own_output: Path) -> Job:
    """Return the job of a row on this machine.

    Raises CodecError for a row that this version can't read, SettingsError for a root that this machine does not have.
    """
    if not isinstance(data, dict) or type(data.get("schema")) is not int or not isinstance(data.get("job"), dict):
        raise CodecError("The job in the queue is not one of this program's: it has no schema or no job in it.")
    if data["schema"] > SCHEMA:
        text = f"The job in the queue has schema {data['schema']}, and this version reads up to {SCHEMA}"
        raise CodecError(f"{text}: update the program on this machine.")
    content = dict(data["job"])
    output = content.get("output_dir")
    content["output_dir"] = str(own_output) if output == OWN_OUTPUT else _local(str(output), roots)
    _replace_paths(content, lambda path: _local(path, roots))
    job = job_from_json(content, "The job in the queue")
    if not isinstance(job, Job):
        raise CodecError("The job in the queue is not a conversion: this version can't do it.")
    if job.address is None:
        raise CodecError("The job in the queue has no address for its source: it was not put in by this program.")
    if job.address.kind is AddressKind.ROOT:
        path_below_root(job.address, roots)
    return job


def needed_here(job: Job, roots: Roots, *, transcribes: bool) -> list[Path]:
    """Return the files and folders that must be on this machine for a job: what it reads, and the root of its output.

    `transcribes` says whether this machine does that, and so needs the model.
    """
    read = [job.chapters, job.script, *(one.path for one in job.captions)]
    if job.address is not None and job.address.kind is AddressKind.ROOT:
        read.append(path_below_root(job.address, roots))
    if job.encryption is not None:
        read.append(job.encryption.key_file)
    if transcribes and job.transcription is not None and _is_place(job.transcription.model):
        read.append(Path(job.transcription.model))
    output = address_below_root(job.output_dir, roots)
    if output is not None:
        read.append(roots[output.text.removeprefix(ROOT).partition("/")[0]])
    return [path for path in read if path is not None]


@dataclass(frozen=True, kw_only=True)
class SpeechWork:
    """A transcription on this machine: the task, where its source lies, and the model's name or folder.

    `to_store` says that whoever waits for it can read it in the backend's store.
    """

    task: TranscriptionTask
    source: Path
    model: str
    to_store: bool = False

    @property
    def needed_here(self) -> list[Path]:
        """The files and folders that must be on this machine for it."""
        return [self.source, *([Path(self.model)] if _is_place(self.model) else [])]


def speech_of(data: Mapping[str, Any], roots: Roots) -> SpeechWork:
    """Return the transcription of a row. Raises CodecError, SettingsError as `job_of` does."""
    content = data.get("speech")
    if data.get("schema") != SCHEMA or not isinstance(content, dict):
        raise CodecError("The transcription in the queue can't be read: update the program on this machine.")
    task = task_from_json(content.get("task"), "The transcription in the queue")
    if not isinstance(task, TranscriptionTask):
        raise CodecError("The transcription in the queue is of another kind: it was not put in by this program.")
    model = str(content.get("model"))
    return SpeechWork(
        task=task,
        source=Path(_local(str(content.get("source")), roots)),
        model=_local(model, roots) if _is_place(model) else model,
        to_store=content.get(TO_STORE) is True,
    )


def needs_of(job: Job) -> tuple[str, ...]:
    """Return the tags that a machine must have for a job."""
    needs = set()
    if job.encoding.encoder not in (EncoderFamily.AUTO, EncoderFamily.CPU):
        needs.add(GPU_TAG)
    if job.transcription is not None and job.address is not None and job.address.kind is not AddressKind.ROOT:
        needs.add(SPEECH_TAG)  # what was fetched for the encode is not fetched again by another machine
    return tuple(sorted(needs))


def tags_problem(tags: Sequence[str]) -> str:
    """Return what is wrong with a worker's tags, empty if nothing is."""
    wrong = [tag for tag in tags if not TAG.fullmatch(tag)]
    return f"--tags takes names such as gpu,whisper, not {', '.join(map(repr, wrong))}." if wrong else ""


def _replace_paths(content: dict[str, Any], replace: Paths) -> None:
    """Replace every path of a job but its output folder, and its source, which has an address."""
    for name in ("chapters", "script"):
        if content.get(name):
            content[name] = replace(content[name])
    content["captions"] = [{**one, "path": replace(one["path"])} for one in content.get("captions") or ()]
    if content.get("encryption"):
        encryption = content["encryption"]
        content["encryption"] = {**encryption, "key_file": replace(encryption["key_file"])}
    transcription = content.get("transcription")
    if transcription and _is_place(transcription["model"]):
        content["transcription"] = {**transcription, "model": replace(transcription["model"])}


def _is_place(model: str) -> bool:
    """Whether a model is a folder and no name that every machine knows."""
    return model.startswith(ROOT) or "/" in model or "\\" in model


def _addressed(path: str, roots: Roots) -> str:
    if problem := _why_not_text(path):
        raise SettingsError(Problem(text=problem, setting=Setting.SOURCE))
    address = address_below_root(Path(path), roots)
    if address is None:
        text = f"{path} is not below any of SOURCE_ROOTS, so other machines can't find it: put it into one of these"
        raise SettingsError(Problem(text=f"{text} folders.", setting=Setting.SOURCE))
    return address.text


def _why_not_text(path: str) -> str:
    """Say why a path can't be written as UTF-8, empty where it can: on Linux a name may hold any bytes."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        shown = path.encode("utf-8", "backslashreplace").decode()
        return f"The name of {shown} is not UTF-8, so other machines can't be told of it: give it another name."
    return ""


def _local(address: str, roots: Roots) -> str:
    try:
        parsed = parse_address(address)
    except SettingsError as error:
        text = f"The job in the queue names {address!r}, which is no address such as root:lectures/one.mp4."
        raise CodecError(text) from error
    if parsed.kind is not AddressKind.ROOT:
        raise CodecError(f"The job in the queue names {address!r}, which does not begin with {ROOT}.")
    return str(path_below_root(parsed, roots))
