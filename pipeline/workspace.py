"""What is done of a job in its folders, from which source, and what of it can be used again.

Knows nothing of how a phase does its work.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Collection, Mapping
from enum import Enum, auto
from pathlib import Path

from pipeline.checkpoints import Checkpoints
from pipeline.corrected_captions import CorrectedCaptions
from pipeline.earlier_work import EarlierWork
from pipeline.errors import FolderConflict, FolderTakenError, OutputError
from pipeline.facts import Facts, PackageFacts, RefusedFacts, StepFacts
from pipeline.files import digest_of, size_of
from pipeline.fingerprint import Fingerprint, fingerprint
from pipeline.job import Existing, Job
from pipeline.job_file import JobFile, write_job_file
from pipeline.job_folders import JobFolders, check_place, check_writable, lock_of
from pipeline.media.stream_layout import MEDIA_SUFFIXES, PLAYLIST_SUFFIX
from pipeline.model import Plan
from pipeline.output_settings import PACKAGE, OutputSettings, output_settings
from pipeline.published import published_names
from pipeline.speech.recognition_log import has_progress

STREAM_SUFFIXES = (*MEDIA_SUFFIXES, PLAYLIST_SUFFIX)
"""The endings of the files that no editor replaces."""


class _State(Enum):
    """The state of the folder of work in progress, and what has to be done before the work begins."""

    LEFT = auto()
    """As an earlier run left it: the work continues with that."""
    TO_EMPTY = auto()
    """What an earlier run left there is useless and has to be removed first."""
    EMPTYING = auto()
    """It is going; what is left of it can't be used again."""
    TO_COPY = auto()
    """The folder in its place has to be copied first."""
    COPIED = auto()
    """Nothing is in it but a copy of the folder in its place, or a part of that."""
    OPEN = auto()
    """This run works in it."""


class Workspace:
    """The folders of one job.

    `done` are the facts that each finished step left. `changes` are the steps that a folder in its place lacks or
    has with other settings than are wanted, with the names of these; `standing` are the facts of the steps that it has
    as they are wanted, `edited` the files in it, other than media, that an editor has replaced, and `corrections`
    what an editor has corrected in its captions since they were made, by the step that made them. `only_seen` says that
    nothing at all is written, not even to try whether it can be.
    """

    def __init__(self, job: Job, *, only_seen: bool = False) -> None:
        self._folders = JobFolders(job.output_dir, job.slug)
        self.final = self._folders.final
        self.partial = self._folders.partial
        self.done = Facts()
        self.changes: dict[str, tuple[str, ...]] = {}
        self.standing = Facts()
        self.edited: tuple[str, ...] = ()
        self.corrections: dict[str, CorrectedCaptions] = {}
        self.checkpoints = Checkpoints(self._folders.checkpoints)
        self._check_output = check_place if only_seen else check_writable
        self._source = job.source
        self._title = job.title
        self._origin = str(job.source.absolute()) if job.address is None else job.origin
        self._content: Fingerprint | None = None
        self._wanted = OutputSettings()
        self._made: dict[str, Mapping[str, object]] = {}
        self._earlier: EarlierWork | None = None
        self._existing = job.existing
        self._state = _State.LEFT

    @property
    def published(self) -> bool:
        """Whether the folder is complete and in its final place."""
        return self.done.package is not None

    @property
    def media_deleted(self) -> bool:
        """Whether the clean-up has deleted the media, so that the folder is rightly without them."""
        return self.done.cleanup is not None

    @property
    def source(self) -> Fingerprint:
        """The fingerprint of the job's source, after `check`."""
        assert self._content is not None
        return self._content

    @property
    def source_of_checkpoints(self) -> Fingerprint:
        """The same as the run that began this work wrote it: an earlier version stored a time as well."""
        left = None if self._earlier is None else self._earlier.left
        return self.source if left is None else left.source

    @property
    def lock_file(self) -> Path:
        """The file that is locked while a run works on the job."""
        return lock_of(self.final)

    @property
    def folder(self) -> Path:
        """Where the job's files are now."""
        return self.final if self.published else self.partial

    @property
    def _takes_a_folders_place(self) -> bool:
        """Whether this work was begun fresh, by this run or by the one that it goes on from."""
        return self._existing is Existing.FRESH or (self._earlier is not None and self._earlier.begun_fresh)

    def check(self, wanted: OutputSettings, existing: Existing) -> None:
        """Find out what an earlier run left, without changing anything.

        Raises FolderTakenError when the folder holds the stream of another source, or something that is not wanted any
        more, and `existing` is not FRESH; SettingsError when the folder or the source can't be used at all, OutputError
        when nothing can be written there, SourceError when the source is gone.
        """
        self._folders.check_location(self._source)
        self._content = fingerprint(self._source)
        self._check_output(self.final.parent)
        self._wanted, self._existing = wanted, existing
        earlier = self._earlier = EarlierWork(self.final, self.partial, self._origin, self._content, wanted)
        self._adopt(None)
        self.changes, self.standing, self.edited, self.corrections = {}, Facts(), (), {}
        earlier.check_ours()
        if existing is Existing.FRESH and (earlier.refused or not earlier.begun_fresh):
            self._state = _State.TO_EMPTY
            return
        standing = None if existing is Existing.FRESH else earlier.standing()
        self.changes, self.edited, self.corrections = earlier.changes, earlier.edited, earlier.corrections
        self._adopt(standing or earlier.usable())

    def check_for(self, plan: Plan) -> None:
        """Find out the same for what a plan makes."""
        self.check(output_settings(plan), plan.job.existing)

    def open(self) -> None:
        """Make the folder for the work. Raises OutputError."""
        if self.published:
            self._folders.remove_old()
            return
        try:
            if self._state in (_State.TO_EMPTY, _State.EMPTYING) and self.partial.exists():
                self._state = _State.EMPTYING
                shutil.rmtree(self.partial)
            self._state = _State.COPIED if self._state in (_State.TO_COPY, _State.COPIED) else _State.OPEN
            self.partial.mkdir(parents=True, exist_ok=True)
            if self._state is _State.COPIED:
                self._folders.copy_final()
        except OSError as error:
            reason = f"The output folder {self.partial} can't be made ({error.strerror}): choose another one."
            raise OutputError(reason) from error
        if not self.checkpoints.moving:
            self.sweep()
        self._write()

    def sweep(self) -> None:
        """Where nothing is done yet, remove what an earlier run of other settings left. Raises OutputError.

        Checkpoints stay, and so does the transcription so far: these know themselves what they were made from.
        """
        if self.done != Facts():
            return
        try:
            self._folders.empty_partial()
        except OSError as error:
            raise OutputError(
                f"{self.partial} can't be emptied ({error.strerror}): close programs that use it and start again."
            ) from error

    def mark(self, facts: StepFacts) -> None:
        """Note that a step is finished, with what later steps need to know of it."""
        self.done = self.done.having(facts)
        if facts.step in self._wanted.steps:
            self._made[facts.step] = self._wanted.steps[facts.step]
        if self._state is _State.COPIED:
            self._state = _State.OPEN
        self._write()

    def forget(self, *steps: str) -> None:
        """Note that steps have to be done again."""
        self.done = self.done.without(steps)
        self._write()

    def use_nothing(self) -> None:
        """Let no step count as finished, so that all is made again. Nothing is changed on the disk until then."""
        self.done = Facts()

    def require_media(self) -> None:
        """Raise FolderTakenError when the media were deleted, for a job that needs them."""
        if self.media_deleted:
            reason = f"The local files in {self.folder} were deleted after an earlier upload"
            raise FolderTakenError(
                FolderConflict.MEDIA_DELETED, reason, remedy="start fresh (--fresh) to make them again."
            )

    def begin_anew(self) -> None:
        """Make all but what is `standing` again; the folder in its place stays there until the new one is whole."""
        self.standing = self.done.without(self.changes)
        self._adopt(self._usable())

    def reopen(self, *, again: Collection[str] = (), extended: Collection[str] = ()) -> None:
        """Go on from the folder that is in its place when the work begins: it is to be packaged again.

        The folder stays where it is until the new one is whole. The steps `again` are done anew, and more is added to
        what the steps `extended` have made. What an earlier run had come to with this is used.
        """
        kept = self.done.without((PACKAGE, *again))
        left = self._usable()
        if left is not None and left.done.refused is None:
            found = left.done.by_step
            if all(found.get(step) == facts for step, facts in kept.by_step.items() if step not in extended):
                self._adopt(left)
                return
        self.done = kept
        self._state = _State.TO_COPY

    def refuse(self) -> None:
        """Note that what was made is no good, so that a fresh start makes all of it again."""
        self.mark(RefusedFacts())

    def lost_files(self) -> list[str]:
        """Return which published files are missing or incomplete, by their paths inside.

        A segment or playlist has another size than when it was published; of the rest only what is gone or empty is
        lost, since an editor may have put a file of their own in its place.
        """
        files = {} if self.done.package is None else self.done.package.files
        sizes = {name: size_of(self.folder / name) for name in files}
        ours = STREAM_SUFFIXES
        return [name for name, size in sizes.items() if size != files[name] and (not size or Path(name).suffix in ours)]

    def publish(self, facts: PackageFacts) -> None:
        """Move the whole folder into its place, and note which files it holds. Raises OutputError.

        Only a complete folder replaces an older one.
        """
        files = {name: (self.partial / name).stat().st_size for name in published_names(self.partial)}
        self.checkpoints.clear()
        beside = [name for name in files if "/" not in name and Path(name).suffix not in STREAM_SUFFIXES]
        digests = {name: digest for name in beside if (digest := digest_of(self.partial / name)) is not None}
        whole = dataclasses.replace(facts, files=files, digests=digests, edited=self.edited)
        self.done = self.done.without([RefusedFacts.step]).having(whole)
        self._made[PACKAGE] = self._wanted.steps.get(PACKAGE, {})
        try:
            self._write_to(self.partial)
            self._folders.put_in_place()
        except (OSError, OutputError) as error:
            self.done = self.done.without([PACKAGE])
            if isinstance(error, OutputError):
                raise
            reason = (
                f"{self.final} can't be put in place ({error.strerror}): close programs that use it and start again."
            )
            raise OutputError(reason) from error

    def remove_empty_folders(self) -> None:
        """Remove the folders above the job's own, as far as they are empty; the output folder itself stays."""
        self._folders.remove_empty_above()

    def abandon(self) -> None:
        """Forget work in progress of this run when nothing of it can be used again; leaves a published folder alone."""
        opened = self._state in (_State.EMPTYING, _State.COPIED, _State.OPEN)
        useless = self._state is _State.COPIED or self.done == Facts()
        begun = bool(self.checkpoints.pieces) or any(map(has_progress, self._folders.recognition_logs))
        if opened and not self.published and useless and not begun:
            shutil.rmtree(self.partial, ignore_errors=True)

    def _usable(self) -> JobFile | None:
        return None if self._earlier is None else self._earlier.usable()

    def _adopt(self, found: JobFile | None) -> None:
        """Let this be what is done."""
        self.done = Facts() if found is None else found.done
        self._made = {} if found is None else found.made
        self._state = _State.LEFT

    def _write(self) -> None:
        self._write_to(self.folder)

    def _write_to(self, folder: Path) -> None:
        made = {step: settings for step, settings in self._made.items() if step in self.done.by_step}
        content = JobFile(
            source_path=self._origin,
            source=self.source if self.published else self.source_of_checkpoints,
            settings={**self._wanted.steps, **made},
            done=self.done,
            fresh=self._takes_a_folders_place and not self.published,
            title=self._title,
        )
        write_job_file(folder, content)
