"""The presets that can be chosen: those that are shipped, and those in the user's folder, a JSON file each.

A file that can't be used is named in a sentence, and the others are there all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from slugify import slugify

from pipeline.errors import CodecError, OutputError, SettingsError
from pipeline.files import is_folder, is_there, read_file, write_whole
from pipeline.presets.preset import (
    Preset,
    PresetSettings,
    do_the_same,
    name_problem,
    preset_from_text,
    preset_to_text,
    same_name,
)
from pipeline.presets.shipped import SHIPPED

FOLDER = "presets"
"""Below the folder in which the system keeps the user's data."""

SUFFIX = ".json"
LARGEST_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Library:
    """The presets that there are, and why some files are none.

    `folder` is where the user's own lie, None where nobody has a home; `files` are theirs by their names.
    """

    folder: Path | None
    presets: tuple[Preset, ...] = SHIPPED
    files: Mapping[str, Path] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def find(self, name: str) -> Preset | None:
        """Return the preset of a name, however its letters are written; None if there is none."""
        return next((preset for preset in self.presets if same_name(preset.name) == same_name(name)), None)

    def name_of(self, settings: PresetSettings) -> str:
        """Return the name of the first preset that does the same as these settings, empty if there is none."""
        return next((preset.name for preset in self.presets if do_the_same(preset.settings, settings)), "")

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called."""
        return tuple(preset.name for preset in self.presets)

    def is_own(self, name: str) -> bool:
        """Whether a preset is the user's, who may change it."""
        found = self.find(name)
        return found is not None and found.name in self.files

    def free_name(self, name: str) -> str:
        """Return a name that no preset has, with a number if one has it."""
        number, free = 1, name
        while self.find(free) is not None:
            number += 1
            free = f"{name} {number}"
        return free

    def save(self, preset: Preset) -> None:
        """Keep a preset in place of the user's own of that name. Raises SettingsError, OutputError."""
        problem = name_problem(preset.name)
        if problem is not None:
            raise SettingsError(problem)
        found = self.find(preset.name)
        if found is not None and not self.is_own(found.name):
            raise SettingsError(f"{found.name} comes with the program and can't be replaced: choose another name.")
        path = self._new_file(preset.name) if found is None else self.files[found.name]
        write_preset(preset, path)

    def rename(self, name: str, new: str) -> None:
        """Give another name to one of the user's own. Raises SettingsError, OutputError."""
        preset, path = self._own(name)
        other = self.find(new)
        if other is not None and other.name != preset.name:
            raise SettingsError(f"There is a preset {other.name} already: choose another name.")
        problem = name_problem(new)
        if problem is not None:
            raise SettingsError(problem)
        write_preset(replace(preset, name=new), path)

    def delete(self, name: str) -> None:
        """Delete one of the user's own. Raises SettingsError, OutputError."""
        _, path = self._own(name)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{path} can't be deleted ({error.strerror}): check its permissions.") from error

    def _own(self, name: str) -> tuple[Preset, Path]:
        found = self.find(name)
        if found is None:
            raise SettingsError(f"There is no preset {name}: choose from {', '.join(self.names)}.")
        if found.name not in self.files:
            raise SettingsError(f"{found.name} comes with the program and stays as it is: save one of your own.")
        return found, self.files[found.name]

    def _new_file(self, name: str) -> Path:
        if self.folder is None:
            raise SettingsError("Presets can't be kept: this account has no home folder. Export the preset instead.")
        stem = slugify(name) or "preset"
        number, path = 1, self.folder / f"{stem}{SUFFIX}"
        while is_there(path):
            number += 1
            path = self.folder / f"{stem}-{number}{SUFFIX}"
        return path


def read_library(data_dir: Path | None) -> Library:
    """Return the presets that there are; `data_dir` is the program's folder for the user's data, None if there is none.

    Of several with one name, shipped ones before all, the first is used.
    """
    folder = None if data_dir is None else data_dir / FOLDER
    library = Library(folder=folder)
    if folder is None or not is_folder(folder):
        return library
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and not path.name.startswith("."))
    except OSError as error:
        return replace(library, problems=(f"The presets in {folder} can't be read ({error.strerror}).",))
    own: list[Preset] = []
    files: dict[str, Path] = {}
    problems: list[str] = []
    for path in paths:
        try:
            preset = read_preset(path)
        except SettingsError as error:
            problems += error.sentences
            continue
        there = library.find(preset.name)
        if there is None:
            own.append(preset)
            files[preset.name] = path
            library = replace(library, presets=(*library.presets, preset))
        else:
            problems.append(f"{path}: there is a preset {there.name} already: give it another name in the file.")
    ordered = sorted(own, key=lambda preset: same_name(preset.name))
    return Library(folder=folder, presets=(*SHIPPED, *ordered), files=files, problems=tuple(problems))


def read_preset(path: Path) -> Preset:
    """Return the preset in a file. Raises SettingsError with a sentence that names it."""
    try:
        content = read_file(path, LARGEST_BYTES + 1)
    except OSError as error:
        text = f"The preset {path} can't be read ({error.strerror}): check its name and its permissions."
        raise SettingsError(text) from error
    if len(content) > LARGEST_BYTES:
        raise SettingsError(f"{path} is not a preset: it is larger than {LARGEST_BYTES >> 20} MiB.")
    try:
        return preset_from_text(content.removeprefix(b"\xef\xbb\xbf"), str(path))
    except CodecError as error:
        raise SettingsError(str(error)) from error


def write_preset(preset: Preset, path: Path) -> None:
    """Write a preset's file, whole or not at all, and make its folder. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, preset_to_text(preset))
    except (OSError, OutputError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        reason = getattr(cause, "strerror", None) or cause
        raise OutputError(
            f"The preset {path} can't be written ({reason}): check the folder and the space in it."
        ) from error
