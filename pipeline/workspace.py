"""A job's folders: what is done in them, from which source, and what of it can be used again.

Work goes on in `DIR/.<slug>.partial/`; the folder becomes `DIR/<slug>/` in one move when it is whole.
Knows nothing of how a phase does its work.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.checkpoints import Checkpoints
from pipeline.earlier_work import EDITED, MEDIA_SUFFIXES, PLAYLIST_SUFFIX, REFUSED, EarlierWork
from pipeline.errors import FolderTakenError, OutputError, Problem, Setting, SettingsError, SourceError
from pipeline.files import size_of
from pipeline.job import Existing, Job
from pipeline.job_file import JOB_FILE, JobFile, write_job_file
from pipeline.output_settings import PACKAGE, OutputSettings
from pipeline.published import published_names

CHECKPOINTS = ".checkpoints"
FINGERPRINT_BYTES = 1 << 20
"""How much of a source's head and of its tail is hashed: enough to tell two takes apart, quick on a network drive."""


def partial_of(final: Path) -> Path:
    """Return where work goes on for the folder that is to be `final`."""
    return final.with_name(f".{final.name}.partial")


def lock_of(final: Path) -> Path:
    """Return the file that is locked while a run works on this folder."""
    return final.with_name(f".{final.name}.lock")


def check_writable(place: Path) -> None:
    """See that a folder can be made and written to. Raises OutputError."""
    probe = place / f".write-test-{os.getpid()}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise OutputError(
            f"The output folder {place} can't be written ({error.strerror}): choose another one."
        ) from error


def fingerprint(source: Path) -> dict[str, Any]:
    """Return what tells this source from another: size, hash of head and tail, no times. Raises SourceError."""
    digest = hashlib.sha256()
    try:
        status = source.stat()
        with source.open("rb") as file:
            digest.update(file.read(FINGERPRINT_BYTES))
            file.seek(max(0, status.st_size - FINGERPRINT_BYTES))
            digest.update(file.read(FINGERPRINT_BYTES))
    except OSError as error:
        raise SourceError(f"{source} can't be read ({error.strerror}): check the file and its permissions.") from error
    return {"size_bytes": status.st_size, "sha256_head_tail": digest.hexdigest()}


class Workspace:
    """The folders of one job.

    `done` maps a finished step's name to the facts it left. `changes` are the steps that a folder in its place lacks or
    has with other settings than are wanted, with the names of these; `standing` are the facts of the steps that it has
    as they are wanted, and `edited` the files in it, other than media, that an editor has replaced.
    """

    def __init__(self, job: Job) -> None:
        self.final = job.output_dir / job.slug
        self.partial = partial_of(self.final)
        self.done: dict[str, dict[str, Any]] = {}
        self.changes: dict[str, tuple[str, ...]] = {}
        self.standing: dict[str, dict[str, Any]] = {}
        self.edited: tuple[str, ...] = ()
        self.checkpoints = Checkpoints(self.partial / CHECKPOINTS)
        self._source = job.source
        self._slug_parts = PurePosixPath(job.slug).parts
        self._content: dict[str, Any] = {}
        self._wanted = OutputSettings()
        self._made: dict[str, Mapping[str, Any]] = {}
        self._earlier: EarlierWork | None = None
        self._fresh = False
        self._begun_fresh = False
        self._reopened = False
        self._opened = False
        self._only_copied = False

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
        return dict(self._content)

    @property
    def source_of_checkpoints(self) -> Mapping[str, Any]:
        """The same as whoever began this work has written it: an earlier version named a time as well."""
        left = None if self._earlier is None else self._earlier.left
        return self._content if left is None else left.source

    @property
    def lock_file(self) -> Path:
        """The file that is locked while a run works on the job."""
        return lock_of(self.final)

    @property
    def _old(self) -> Path:
        """Where a folder goes that is being replaced."""
        return self.final.with_name(f".{self.final.name}.old")

    @property
    def folder(self) -> Path:
        """Where the job's files are now."""
        return self.final if self.published else self.partial

    def check(self, wanted: OutputSettings, existing: Existing) -> None:
        """Find out what an earlier run left, without changing anything.

        Raises FolderTakenError when the folder holds the stream of another source, or something that is not wanted any
        more, and `existing` is not FRESH; SettingsError when the folder or the source can't be used at all, OutputError
        when nothing can be written there, SourceError when the source is gone.
        """
        for place in (self.final, self.partial):
            if self._source.resolve().is_relative_to(place.resolve()):
                text = (
                    f"{self._source} lies in the folder that this job makes: "
                    "move it out, or choose another output folder."
                )
                raise SettingsError(Problem(text=text, setting=Setting.OUTPUT))
        for above in self.final.parents[: len(self._slug_parts) - 1]:
            if (above / JOB_FILE).exists():
                text = f"{self.final} would lie inside {above}, the folder of another video"
                raise SettingsError(Problem(text=f"{text}: choose another output folder.", setting=Setting.OUTPUT))
        self._content = fingerprint(self._source)
        check_writable(self.final.parent)
        self._wanted = wanted
        earlier = self._earlier = EarlierWork(self.final, self.partial, self._source, self._content, wanted)
        self._take(None)
        self.changes, self.standing, self.edited = {}, {}, ()
        earlier.check_ours()
        self._begun_fresh = existing is Existing.FRESH or earlier.begun_fresh
        self._fresh = existing is Existing.FRESH and (earlier.refused or not earlier.begun_fresh)
        if self._fresh:
            return
        standing = None if existing is Existing.FRESH else earlier.standing()
        self.changes, self.edited = earlier.changes, earlier.edited
        self._take(standing or earlier.usable())

    def open(self) -> None:
        """Make the folder for the work. Raises OutputError."""
        if self.published:
            shutil.rmtree(self._old, ignore_errors=True)  # of a run that was killed as it replaced it
            return
        self._opened = True
        try:
            if self._fresh and self.partial.exists():
                shutil.rmtree(self.partial)
            self.partial.mkdir(parents=True, exist_ok=True)
            if self._reopened:
                self._empty_partial()
                (self.partial / JOB_FILE).unlink(missing_ok=True)
                # what is there is played until the new folder takes its place; the job file comes last, so that it
                # tells of a whole copy
                no_job_file = shutil.ignore_patterns(JOB_FILE)
                shutil.copytree(
                    self.final, self.partial, copy_function=_link_or_copy, ignore=no_job_file, dirs_exist_ok=True
                )
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
            self._empty_partial()
        except OSError as error:
            raise OutputError(
                f"{self.partial} can't be emptied ({error.strerror}): close programs that use it and start again."
            ) from error

    def mark(self, step: str, facts: Mapping[str, Any]) -> None:
        """Note that a step is finished, with what later steps need to know of it."""
        self.done[step] = dict(facts)
        if step in self._wanted.steps:
            self._made[step] = self._wanted.steps[step]
        self._only_copied = False
        self._write()

    def forget(self, *steps: str) -> None:
        """Note that steps have to be done again."""
        for step in steps:
            self.done.pop(step, None)
        self._write()

    def require_media(self) -> None:
        """Raise FolderTakenError when the media were deleted, for a job that needs them."""
        if self.media_deleted:
            reason = f"The local files in {self.folder} were deleted after an earlier upload"
            raise FolderTakenError(reason, remedy="start fresh (--fresh) to make them again.")

    def begin_anew(self) -> None:
        """Make all but what is `standing` again; the folder in its place stays there until the new one is whole."""
        self.standing = {step: facts for step, facts in self.done.items() if step not in self.changes}
        self._take(self._usable())

    def reopen(self, *, again: Collection[str] = (), extended: Collection[str] = ()) -> None:
        """Go on from the folder that is in its place when the work begins: it is to be packaged again.

        The folder stays where it is until the new one is whole. The steps `again` are done anew, and more is added to
        what the steps `extended` have made. What an earlier run had come to with this is used.
        """
        kept = {step: facts for step, facts in self.done.items() if step != PACKAGE and step not in again}
        left = self._usable()
        same = [step for step in kept if step not in extended]
        if left is not None and REFUSED not in left.done and all(left.done.get(step) == kept[step] for step in same):
            self._take(left)
            return
        self.done = kept
        self._reopened = self._only_copied = True

    def refuse(self) -> None:
        """Note that what was made is no good, so that a fresh start makes all of it again."""
        self.mark(REFUSED, {})

    def lost_files(self) -> list[str]:
        """Return which published files are gone or not whole, by their paths inside.

        A segment or playlist has another size than when it was published; of the rest only what is gone or empty is
        lost, since an editor may have put a file of their own in its place.
        """
        files: dict[str, int] = self.done.get(PACKAGE, {}).get("files", {})
        sizes = {name: size_of(self.folder / name) for name in files}
        ours = (*MEDIA_SUFFIXES, PLAYLIST_SUFFIX)
        return [name for name, size in sizes.items() if size != files[name] and (not size or Path(name).suffix in ours)]

    def publish(self, facts: Mapping[str, Any]) -> None:
        """Move the whole folder into its place, and note which files it holds. Raises OutputError.

        An older folder there gives way only to a whole one.
        """
        files = {name: (self.partial / name).stat().st_size for name in published_names(self.partial)}
        self.done.pop(REFUSED, None)
        self.checkpoints.clear()
        self.done[PACKAGE] = {**facts, "files": files} | ({EDITED: list(self.edited)} if self.edited else {})
        self._made[PACKAGE] = self._wanted.steps.get(PACKAGE, {})
        old = self._old
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
            reason = (
                f"{self.final} can't be put in place ({error.strerror}): close programs that use it and start again."
            )
            raise OutputError(reason) from error

    def remove_empty_folders(self) -> None:
        """Remove the folders above the job's own, as far as nothing lies in them; the output folder itself stays."""
        for above in self.final.parents[: len(self._slug_parts) - 1]:
            with contextlib.suppress(OSError):  # not empty, or not there
                above.rmdir()

    def abandon(self) -> None:
        """Forget work in progress of this run when nothing of it can be used again; leaves a published folder alone."""
        useless = self._only_copied or not self.done
        if self._opened and not self.published and useless and not self.checkpoints.pieces:
            shutil.rmtree(self.partial, ignore_errors=True)

    def _usable(self) -> JobFile | None:
        return None if self._earlier is None else self._earlier.usable()

    def _take(self, found: JobFile | None) -> None:
        """Let this be what is done."""
        self.done = {} if found is None else dict(found.done)
        self._made = {} if found is None else found.made
        self._reopened = self._only_copied = False

    def _empty_partial(self) -> None:
        for path in self.partial.iterdir():
            if path not in (self.checkpoints.root, self.partial / JOB_FILE):
                _remove(path)

    def _write(self) -> None:
        self._write_to(self.folder)

    def _write_to(self, folder: Path) -> None:
        made = {step: settings for step, settings in self._made.items() if step in self.done}
        content = JobFile(
            source_path=str(self._source.absolute()),
            source=self._content if self.published else self.source_of_checkpoints,
            settings={**self._wanted.steps, **made},
            done=self.done,
            fresh=self._begun_fresh and not self.published,
        )
        write_job_file(folder, content)


def _link_or_copy(source: str, target: str) -> None:
    """Give a segment a second name, which takes no room; it is never changed in place. Other files are copied."""
    if Path(source).suffix in MEDIA_SUFFIXES:
        with contextlib.suppress(OSError):  # some disks have no links
            os.link(source, target)
            return
    shutil.copy2(source, target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
