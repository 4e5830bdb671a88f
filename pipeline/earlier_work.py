"""Judges what earlier runs of a job have left: what fits the source and the settings that are wanted now.

Changes nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.corrected_captions import CorrectedCaptions, read_correction
from pipeline.errors import FolderConflict, FolderTakenError, NewerVersionError, Problem, Setting, SettingsError
from pipeline.facts import Facts, PackageFacts
from pipeline.files import digest_of, size_of
from pipeline.fingerprint import Fingerprint
from pipeline.job_file import JobFile, read_job_file
from pipeline.media.stream_layout import MEDIA_SUFFIXES, PLAYLIST_SUFFIX, TRANSCRIPT_NAMES, TRANSLATION_NAMES
from pipeline.output_settings import CAPTIONS, HLS, PACKAGE, TRANSCRIPT, TRANSLATION, OutputSettings
from pipeline.published import JOB_FILE
from pipeline.source_address import known_address

SPOKEN = {TRANSCRIPT: TRANSCRIPT_NAMES, TRANSLATION: TRANSLATION_NAMES}
"""The steps that make captions, with the files in which an editor may correct them."""


class EarlierWork:
    """What is in the folder in its place and in the one beside it, where work goes on.

    `left` is what the second one tells, None where it tells of no work on this source. `changes` are the steps that the
    folder in its place lacks or has with other settings than are wanted, with the names of these; `edited` are the
    files there that are no media and are others than when they were published: an editor has put them in their places.
    `corrections` are what an editor has corrected in the captions there since then, by the step that made them.
    """

    def __init__(self, final: Path, partial: Path, origin: str, content: Fingerprint, wanted: OutputSettings) -> None:
        self.changes: dict[str, tuple[str, ...]] = {}
        self.edited: tuple[str, ...] = ()
        self.corrections: dict[str, CorrectedCaptions] = {}
        self._final = final
        self._origin = origin
        self._content = content
        self._wanted = wanted
        self._newer: Path | None = None
        self.left = self._found(partial)

    @property
    def begun_fresh(self) -> bool:
        """Whether a fresh start on this source was cut short."""
        return self.left is not None and self.left.fresh

    @property
    def refused(self) -> bool:
        """Whether the stream that was made last did not pass its check."""
        return self.left is not None and self.left.done.refused is not None

    def standing(self) -> JobFile | None:
        """Return what is done in the folder in its place,
        None where there is none or a fresh start that was cut short takes its place.

        Raises FolderTakenError when it holds the stream of another source, or something that is not wanted any more, or
        when a newer version of the program has worked on either folder.
        """
        found = self._found(self._final)
        if self._newer is not None:
            remedy = "update the program, choose another output folder, or start fresh (--fresh) to replace it."
            reason = f"{self._newer} was made by a newer version of this program"
            raise FolderTakenError(FolderConflict.NEWER_VERSION, reason, remedy=remedy)
        if not self._final.exists():
            return None
        replaced = self.left is not None and self.left.fresh and self._is_same(self.left)
        package = None if found is None else found.done.package
        if found is None or package is None:
            if replaced:
                return None
            raise self._taken_by_another()
        changes, lost = self._wanted.changes(found.made), self._wanted.lost(_holding(found))
        if replaced and (changes or lost):
            return None
        if lost:
            verb, what = ("is", "it") if len(lost) == 1 else ("are", "them")
            reason = f"{self._final} was made with {_listed(lost)}, which {verb} not asked for now"
            remedy = (
                f"ask for {what} again, choose another output folder, or start fresh (--fresh) to replace the folder."
            )
            raise FolderTakenError(FolderConflict.MORE_THAN_WANTED, reason, remedy=remedy)
        edited = tuple(_edited(self._final, package))
        again = [name for step, names in SPOKEN.items() if changes.get(step) for name in names.all]
        corrected = [name for name in edited if name in again]
        if corrected:
            reason = f"{self._final / corrected[0]} was corrected by hand, and another transcript is asked for now"
            remedy = "keep the file elsewhere and remove it, or start fresh (--fresh) to replace all."
            raise FolderTakenError(FolderConflict.CORRECTED_BY_HAND, reason, remedy=remedy)
        self.corrections = corrections_in(self._final, found.done, package)
        self.changes, self.edited = changes, edited
        return found

    def usable(self) -> JobFile | None:
        """Return what is left as it is wanted, None where the encode or anything else there is not."""
        left = self.left
        if left is None:
            return None
        # as it began with that, segments may be encrypted already
        begun = {name: value for name, value in left.settings.get(PACKAGE, {}).items() if name != CAPTIONS}
        made = {**left.made, PACKAGE: begun}
        changes = self._wanted.changes(made)
        if self._wanted.lost(made) or (left.done.hls is not None and HLS in changes):
            return None
        return dataclasses.replace(left, done=left.done.without((PACKAGE, *changes)))

    def check_ours(self) -> None:
        """See that what is in the folder's place may be replaced at all. Raises SettingsError."""
        place = self._final
        if place.exists() and not (place.is_dir() and ((place / JOB_FILE).is_file() or not any(place.iterdir()))):
            text = f"{place} was not made by this program: remove it yourself or choose another output folder."
            raise SettingsError(Problem(text=text, setting=Setting.OUTPUT))

    def _taken_by_another(self) -> FolderTakenError:
        """Return the error that says what else the folder in its place holds."""
        other = read_job_file(self._final)
        if other is None or other.source == self._content:
            return FolderTakenError(FolderConflict.SOMETHING_ELSE, f"{self._final} already holds something else")
        if _same_origin(other.source_path, self._origin):
            reason = f"{self._name} has other content than when {self._final} was made"
            return FolderTakenError(FolderConflict.CHANGED_SOURCE, reason)
        reason = f"{self._final} was made from another source ({other.source_path})"
        return FolderTakenError(FolderConflict.OTHER_SOURCE, reason)

    @property
    def _name(self) -> str:
        address = known_address(self._origin)
        return Path(self._origin).name if address is None else address.file_name

    def _found(self, folder: Path) -> JobFile | None:
        """Return what a folder tells of work on this source; one of a newer version is kept in mind."""
        try:
            found = read_job_file(folder)
        except NewerVersionError:
            self._newer = folder
            return None
        return found if found is not None and found.source == self._content else None

    def _is_same(self, left: JobFile) -> bool:
        return not self._wanted.changes(left.settings) and self._wanted.steps.keys() == left.settings.keys()


def _same_origin(one: str, other: str) -> bool:
    if known_address(one) or known_address(other):
        return one == other
    return Path(one).absolute() == Path(other).absolute()


def _holding(found: JobFile) -> dict[str, Mapping[str, object]]:
    """Return the settings of the finished steps that hold something: what is in English needs no translation."""
    translation = found.done.translation
    empty = translation is not None and translation.language is None
    return {step: settings for step, settings in found.made.items() if not (empty and step == TRANSLATION)}


def corrections_in(folder: Path, done: Facts, package: PackageFacts) -> dict[str, CorrectedCaptions]:
    """Return what was corrected in a folder since it was published, by the step that made it.

    Raises FolderTakenError where a correction can't be read, or where two differ.
    """
    found = {}
    for step, facts in ((TRANSCRIPT, done.transcript), (TRANSLATION, done.translation)):
        names = [name for name in SPOKEN[step].all if name in package.files and size_of(folder / name)]
        changed = [name for name in names if _is_replaced(folder, name, package)]
        correction = read_correction(folder, changed, SPOKEN[step], None if facts is None else facts.language)
        if correction is not None:
            found[step] = correction
    return found


def _edited(folder: Path, package: PackageFacts) -> Iterator[str]:
    for name in package.files:
        if Path(name).suffix in (*MEDIA_SUFFIXES, PLAYLIST_SUFFIX) or not size_of(folder / name):
            continue
        if name in package.edited or _is_replaced(folder, name, package):
            yield name


def _is_replaced(folder: Path, name: str, package: PackageFacts) -> bool:
    """Whether a file is another one than was published: by its content, where that was noted."""
    if size_of(folder / name) != package.files[name]:
        return True
    return name in package.digests and digest_of(folder / name) != package.digests[name]


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
