"""`presets`: the settings that have a name: which there are, what one of them says, to and from a file."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace

from cli.main import EXIT_DONE, EXIT_FAILED, complain
from cli.printing import terminal_safe, write_event, write_table
from config import Config
from pipeline.errors import SettingsError
from pipeline.files import is_there
from pipeline.presets.library import Library, read_library, read_preset, write_preset
from pipeline.presets.preset import Preset, preset_to_text
from pipeline.presets.summary import summary


def run(options: argparse.Namespace, config: Config) -> int:
    """Do what was asked for; what is wrong with files of the user's own is said, and counts in the list."""
    library = read_library(config.data_dir)
    ACTIONS[options.action](options, library)
    if options.action != "list":
        return EXIT_DONE
    complain(*library.problems)
    return EXIT_FAILED if library.problems else EXIT_DONE


def preset_of(name: str, library: Library) -> Preset:
    """Return the preset of a name. Raises SettingsError."""
    found = library.find(name)
    if found is None:
        raise SettingsError(f"There is no preset {name}: choose from {', '.join(library.names)}.")
    return found


def _list(options: argparse.Namespace, library: Library) -> None:
    for preset in library.presets if options.json else ():
        file = library.files.get(preset.name)
        shown = {"name": preset.name, "file": None if file is None else str(file)}
        write_event("preset", {**shown, "settings": json.loads(preset_to_text(preset))["settings"]})
    if not options.json:
        rows = [
            (preset.name, summary(preset.settings), str(library.files.get(preset.name, "")))
            for preset in library.presets
        ]
        write_table(("Name", "Settings", "File"), rows)


def _show(options: argparse.Namespace, library: Library) -> None:
    sys.stdout.write(preset_to_text(preset_of(options.name, library)))


def _export(options: argparse.Namespace, library: Library) -> None:
    preset, path = preset_of(options.name, library), options.file
    if is_there(path) and not options.overwrite:
        raise SettingsError(f"{path} is there already: choose another name, or replace it with --overwrite.")
    write_preset(preset, path)
    _say(f"{preset.name} is in {path}: convert with --preset-file {path}.")


def _import(options: argparse.Namespace, library: Library) -> None:
    preset = read_preset(options.file)
    if options.name:
        preset = replace(preset, name=options.name)
    there = library.find(preset.name)
    if there is not None and there.settings == preset.settings:
        _say(f"The preset {there.name} is there already, with the same settings.")
        return
    if there is not None and not (options.replace and library.is_own(there.name)):
        ways = ", or replace it with --replace" if library.is_own(there.name) else ""
        raise SettingsError(f"There is a preset {there.name} already: import it as --name NAME{ways}.")
    library.save(preset)
    _say(f"The preset {preset.name} can be chosen now.")


def _delete(options: argparse.Namespace, library: Library) -> None:
    library.delete(options.name)
    _say(f"The preset {preset_of(options.name, library).name} is deleted.")


def _say(text: str) -> None:
    sys.stdout.write(f"{terminal_safe(text)}\n")


ACTIONS = {"list": _list, "show": _show, "export": _export, "import": _import, "delete": _delete}
