"""The presets that there are."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from pipeline.errors import OutputError, SettingsError
from pipeline.presets.library import LARGEST_BYTES, read_library, read_preset, write_preset
from pipeline.presets.preset import Preset, PresetSettings
from pipeline.presets.shipped import SHIPPED

MINE = Preset(name="Mine", settings=PresetSettings(qualities=("720p",)))
SHIPPED_NAMES = tuple(preset.name for preset in SHIPPED)


def test_nobody_s_own(tmp_path):
    """Without a folder, and without a home, there are those that are shipped."""
    for data_dir in (None, tmp_path):
        library = read_library(data_dir)
        assert (SHIPPED, {}, ()) == (library.presets, library.files, library.problems)


def test_saving_renaming_deleting(tmp_path):
    """What is saved is there at the next start, under its new name too, until it is deleted."""
    read_library(tmp_path).save(MINE)
    changed = replace(MINE, settings=PresetSettings(qualities=("480p",)))
    read_library(tmp_path).save(changed)
    read_library(tmp_path).save(replace(MINE, name="mine!"))
    assert (changed, "mine.json", "mine-2.json") == (
        read_library(tmp_path).find(" MINE"),
        read_library(tmp_path).files["Mine"].name,
        read_library(tmp_path).files["mine!"].name,
    )
    read_library(tmp_path).rename("mine", "My Own")
    read_library(tmp_path).rename("My Own", "My own")
    assert (*SHIPPED_NAMES, "mine!", "My own") == read_library(tmp_path).names
    read_library(tmp_path).delete("my own")
    read_library(tmp_path).delete("mine!")
    assert SHIPPED_NAMES == read_library(tmp_path).names


def test_what_can_t_be(tmp_path):
    """Is a sentence, and changes nothing."""
    library = read_library(tmp_path)
    library.save(MINE)
    library = read_library(tmp_path)
    for change, named in (
        (lambda: library.save(replace(MINE, name="web")), "Web comes with the program"),
        (lambda: library.save(replace(MINE, name="slow")), "speed"),
        (lambda: library.rename("Web", "Net"), "Web comes with the program"),
        (lambda: library.rename("Mine", "course"), "There is a preset Course"),
        (lambda: library.rename("Mine", ""), "needs a name"),
        (lambda: library.delete("Nix"), "no preset Nix"),
        (lambda: library.delete("Web"), "Web comes with the program"),
        (lambda: read_library(None).save(MINE), "no home folder"),
    ):
        with pytest.raises(SettingsError, match=named):
            change()
    assert library == read_library(tmp_path)


def test_a_file_that_is_none_costs_no_other(tmp_path):
    """It is named, and so are a second one of the same name and one named as a shipped one."""
    library = read_library(tmp_path)
    library.save(MINE)
    folder = tmp_path / "presets"
    write_preset(replace(MINE, name="MINE"), folder / "z.json")
    write_preset(replace(MINE, name="Course"), folder / "y.json")
    (folder / "broken.json").write_bytes(b"\xff{")
    (folder / "large.json").write_bytes(b" " * (LARGEST_BYTES + 1))
    (folder / "empty.json").touch()
    (folder / "folder.json").mkdir()
    (folder / "note.txt").write_text("not looked at")
    (folder / ".mine.json.tmp").touch()
    found = read_library(tmp_path)
    named = [
        name
        for name in ("broken", "empty", "folder", "large", "y", "z")
        if any(f"{name}.json" in p for p in found.problems)
    ]
    assert ((*SHIPPED_NAMES, "Mine"), ["broken", "empty", "folder", "large", "y", "z"], 6) == (
        found.names,
        named,
        len(found.problems),
    )


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions that hold for this user")
def test_a_folder_that_can_t_be_written(tmp_path):
    """Is named, and nothing is left behind."""
    (tmp_path / "presets").mkdir(mode=0o500)
    with pytest.raises(OutputError, match=r"mine\.json can't be written"):
        read_library(tmp_path).save(MINE)


def test_a_file_in_the_place_of_the_folder(tmp_path):
    """Is named, when a preset is saved."""
    (tmp_path / "presets").touch()
    with pytest.raises(OutputError, match=r"presets.mine\.json can't be written"):
        read_library(tmp_path).save(MINE)


def test_a_free_name_has_a_number():
    """If there is another of the name."""
    assert ["Mine", "Web 2"] == [read_library(None).free_name(name) for name in ("Mine", "Web")]


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    """Windows' editors put one there."""
    write_preset(MINE, tmp_path / "a.json")
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "a.json").read_bytes())
    assert MINE == read_preset(tmp_path / "a.json")
