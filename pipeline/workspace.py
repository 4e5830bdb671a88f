"""A job's folders and its job.json: what is done, from which source, with which settings.

Work goes on in `DIR/.<slug>.partial/`; the folder becomes `DIR/<slug>/` in one move when it is whole.
Knows nothing of how a phase does its work.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.checkpoints import Checkpoints
from pipeline.errors import OutputError, SettingsError, SourceError
from pipeline.files import write_whole
from pipeline.media.encryption import key_digest
from pipeline.model import Existing, Job

JOB_FILE = "job.json"
MASTER = "master.m3u8"
"""The playlist that players are given: its presence means that the stream is there."""

FORMAT = 2
MEDIA_SUFFIXES = (".ts", ".m4s", ".mp4")
PLAYLIST_SUFFIX = ".m3u8"
PACKAGE = "package"
"""The step that makes the folder whole."""

REFUSED = "refused"
"""Stands among the steps of a folder that did not pass its check."""

CHECKPOINTS = ".checkpoints"
FINGERPRINT_BYTES = 1 << 20
"""How much of a source's head and of its tail is hashed: enough to tell two takes apart, quick on a network drive."""

LOG_PATTERN = "upload_log_*.txt"
MANIFEST_FILE = "manifest.json"
"""What was uploaded from the folder. The server's copy is another one, without what concerns this computer alone."""


def published_files(folder: Path) -> list[Path]:
    """Return the files of a job's folder that players and viewers need, sorted by their path.

    Not published: job.json, upload logs, manifest.json, whatever begins with a dot, and links that lead out of the folder.
    """
    found = []
    home = folder.resolve()
    inside: dict[Path, bool] = {}  # by folder: to find out costs more than all else, and there may be 30,000 files
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        private = len(relative.parts) == 1 and (relative.name in (JOB_FILE, MANIFEST_FILE) or relative.match(LOG_PATTERN))
        if hidden or private or not path.is_file():
            continue
        if path.parent not in inside:
            inside[path.parent] = path.parent.resolve().is_relative_to(home)
        if path.resolve().is_relative_to(home) if path.is_symlink() else inside[path.parent]:
            found.append(path)
    return sorted(found)


def title_of(folder: Path) -> str:
    """Return what a job's video is called: its source's name without the ending, the folder's where no job tells."""
    try:
        return Path(json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))["source_path"]).stem
    except (OSError, ValueError, KeyError, TypeError):
        return folder.absolute().name


def check_writable(place: Path) -> None:
    """See that a folder can be made and written to. Raises OutputError."""
    probe = place / f".write-test-{os.getpid()}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise OutputError(f"The output folder {place} can't be written ({error.strerror}): choose another one.") from error


def fingerprint(source: Path) -> dict[str, Any]:
    """Return what tells this source from another: size, mtime, hash of head and tail. Raises SourceError."""
    digest = hashlib.sha256()
    try:
        status = source.stat()
        with source.open("rb") as file:
            digest.update(file.read(FINGERPRINT_BYTES))
            file.seek(max(0, status.st_size - FINGERPRINT_BYTES))
            digest.update(file.read(FINGERPRINT_BYTES))
    except OSError as error:
        raise SourceError(f"{source} can't be read ({error.strerror}): check the file and its permissions.") from error
    return {"size_bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256_head_tail": digest.hexdigest()}


class Workspace:
    """The folders of one job. `done` maps a step's name to the facts it left, as stored in job.json."""

    def __init__(self, job: Job) -> None:
        self.final = job.output_dir / job.slug
        self.partial = job.output_dir / f".{job.slug}.partial"
        self.done: dict[str, dict[str, Any]] = {}
        self.checkpoints = Checkpoints(self.partial / CHECKPOINTS)
        self._identity: dict[str, Any] = {}
        self._source = job.source
        self._encryption = job.encryption
        self._fresh = False
        self._begun_fresh = False
        self._reopened = False
        self._opened = False

    @property
    def published(self) -> bool:
        """Whether the folder is whole and in its place."""
        return PACKAGE in self.done

    @property
    def media_deleted(self) -> bool:
        """Whether the clean-up has deleted the media, so that the folder is rightly without them."""
        return "cleanup" in self.done

    @property
    def source(self) -> dict[str, Any]:
        """What tells the job's source from another, after `check`."""
        return dict(self._identity["source"])

    @property
    def lock_file(self) -> Path:
        """The file that is locked while a run works on the job."""
        return self.final.with_name(f".{self.final.name}.lock")

    @property
    def folder(self) -> Path:
        """Where the job's files are now."""
        return self.final if self.published else self.partial

    def check(self, settings: Mapping[str, Any], existing: Existing) -> None:
        """Find out what an earlier run left, without changing anything.

        `settings` are those that shape the output. Raises SettingsError when the folder holds something else and
        `existing` is not FRESH, OutputError when nothing can be written there, SourceError when the source is gone.
        """
        for place in (self.final, self.partial):
            if self._source.resolve().is_relative_to(place.resolve()):
                raise SettingsError(f"{self._source} lies in the folder that this job makes: move it out, or choose another output folder.")
        self._identity = {"source": fingerprint(self._source), "settings": dict(settings)}
        if self._encryption is not None:
            self._identity["key"] = key_digest(self._encryption)
        check_writable(self.final.parent)
        self.done = {}
        self._fresh = existing is Existing.FRESH
        if self._fresh:
            if self.final.exists() and not self._is_ours(self.final):
                raise SettingsError(f"{self.final} was not made by this program: remove it yourself or choose another output folder.")
            self.done = self._unfinished()
            if not self._fresh_was_begun() or REFUSED in self.done:
                self.done = {}
            else:
                self._fresh = False
            self._begun_fresh = True
            return
        self._begun_fresh = self._fresh_was_begun()
        if self.final.exists():
            self.done = self._read(self.final)
            if self.published:
                return
            self.done = {}
            if not (self._begun_fresh and self._is_ours(self.final)):
                raise SettingsError(
                    f"{self.final} already holds something else or was made with other settings:"
                    " choose another output folder, or start fresh (--fresh) to replace it."
                )
        self.done = self._unfinished()

    def open(self) -> None:
        """Make the folder for the work. Raises OutputError."""
        if self.published:
            return
        self._opened = True
        try:
            if (self._fresh or self._reopened) and self.partial.exists():
                shutil.rmtree(self.partial)
            if self._reopened:
                # what is there is played until the new folder takes its place
                shutil.copytree(self.final, self.partial, copy_function=_link_or_copy)
            self.partial.mkdir(parents=True, exist_ok=True)
            self._fresh = self._reopened = False
        except OSError as error:
            reason = f"The output folder {self.partial} can't be made ({error.strerror}): choose another one."
            raise OutputError(reason) from error
        if not self.checkpoints.moving:
            self.sweep()
        self._write()

    def sweep(self) -> None:
        """Where nothing is done yet, remove what an earlier run of other settings left. Raises OutputError.

        Checkpoints stay: they know themselves what they were made from.
        """
        if self.done:
            return
        try:
            for path in self.partial.iterdir():
                if path not in (self.checkpoints.root, self.partial / JOB_FILE):
                    _remove(path)
        except OSError as error:
            raise OutputError(f"{self.partial} can't be emptied ({error.strerror}): close programs that use it and start again.") from error

    def mark(self, step: str, facts: Mapping[str, Any]) -> None:
        """Note that a step is finished, with what later steps need to know of it."""
        self.done[step] = dict(facts)
        self._write()

    def forget(self, *steps: str) -> None:
        """Note that steps have to be done again."""
        for step in steps:
            self.done.pop(step, None)
        self._write()

    def require_media(self) -> None:
        """Raise SettingsError when the media were deleted, for a job that needs them."""
        if self.media_deleted:
            raise SettingsError(
                f"The local files in {self.folder} were deleted after an earlier upload: start fresh (--fresh) to make them again."
            )

    def begin_anew(self) -> None:
        """Make everything again; the folder that is in its place stays there until the new one is whole."""
        self.done = self._unfinished()

    def reopen(self) -> None:
        """Go on from the folder that is in its place when the work begins: it is to be packaged again.

        The folder stays where it is until the new one is whole.
        """
        del self.done[PACKAGE]
        self._reopened = True

    def refuse(self) -> None:
        """Note that what was made is no good, so that a fresh start makes all of it again."""
        self.mark(REFUSED, {})

    def lost_files(self) -> list[str]:
        """Return which published files are gone or not whole, by their paths inside.

        A segment or playlist has another size than when it was published; of the rest only what is gone or empty is lost, since an editor
        may have put a file of their own in its place.
        """
        files: dict[str, int] = self.done.get(PACKAGE, {}).get("files", {})
        sizes = {name: _size(self.folder / name) for name in files}
        ours = (*MEDIA_SUFFIXES, PLAYLIST_SUFFIX)
        return [name for name, size in sizes.items() if size != files[name] and (not size or Path(name).suffix in ours)]

    def publish(self, facts: Mapping[str, Any]) -> None:
        """Move the whole folder into its place, and note which files it holds. Raises OutputError.

        An older folder there gives way only to a whole one.
        """
        files = {path.relative_to(self.partial).as_posix(): path.stat().st_size for path in published_files(self.partial)}
        self.done.pop(REFUSED, None)
        self.checkpoints.clear()
        self.done[PACKAGE] = {**facts, "files": files}
        old = self.final.with_name(f".{self.final.name}.old")
        try:
            self._write_to(self.partial)
            if old.exists():
                shutil.rmtree(old)
            if self.final.exists():
                self.final.replace(old)
            self.partial.replace(self.final)
            shutil.rmtree(old, ignore_errors=True)
        except (OSError, OutputError) as error:
            del self.done[PACKAGE]
            if isinstance(error, OutputError):
                raise
            reason = f"{self.final} can't be put in place ({error.strerror}): close programs that use it and start again."
            raise OutputError(reason) from error

    def abandon(self) -> None:
        """Forget work in progress of this run when nothing of it can be used again; leaves a published folder alone."""
        if self._opened and not self.published and not self.done and not self.checkpoints.pieces:
            shutil.rmtree(self.partial, ignore_errors=True)

    def _fresh_was_begun(self) -> bool:
        """Whether the partial folder is what a fresh start of the same source and settings has left."""
        return bool((self._stored(self.partial) or {}).get("fresh"))

    def _is_ours(self, folder: Path) -> bool:
        return folder.is_dir() and ((folder / JOB_FILE).is_file() or not any(folder.iterdir()))

    def _unfinished(self) -> dict[str, dict[str, Any]]:
        """Return what is done in the partial folder of the same source and settings."""
        return {step: facts for step, facts in self._read(self.partial).items() if step != PACKAGE}

    def _read(self, folder: Path) -> dict[str, dict[str, Any]]:
        return dict((self._stored(folder) or {}).get("done", {}))

    def _stored(self, folder: Path) -> dict[str, Any] | None:
        """Return the job.json of a folder, None where it is of another source or of other settings, or broken."""
        try:
            stored = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
            same = stored["format"] == FORMAT and {key: stored[key] for key in self._identity} == self._identity
            return dict(stored) if same and isinstance(stored["done"], dict) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self) -> None:
        self._write_to(self.folder)

    def _write_to(self, folder: Path) -> None:
        content = {"format": FORMAT, "source_path": str(self._source), **self._identity, "done": self.done}
        if self._begun_fresh and not self.published:
            content["fresh"] = True
        write_whole(folder / JOB_FILE, json.dumps(content, indent=2) + "\n")


def _link_or_copy(source: str, target: str) -> None:
    """Give a segment a second name, which takes no room; it is never changed in place. Other files are copied."""
    if Path(source).suffix in MEDIA_SUFFIXES:
        with contextlib.suppress(OSError):  # some disks have no links
            os.link(source, target)
            return
    shutil.copy2(source, target)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
