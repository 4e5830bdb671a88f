"""Which videos are meant, and where each belongs."""

from __future__ import annotations

import os
from itertools import permutations
from pathlib import Path

import pytest

from config import Config, Sources
from pipeline.errors import Problem, Setting, SettingsError, SourceError
from pipeline.inputs import inputs_from
from pipeline.path_patterns import PathSelection
from pipeline.source_address import parse_address


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Path:
    """A course's folder with two weeks, and beside the videos what is none."""
    files = (
        "week1/lecture.mp4",
        "week1/notes.txt",
        "week1/.hidden.mp4",
        "week2/lecture.MOV",
        "week2/extra/q & a.mkv",
        "intro.mp4",
    )
    hidden = (
        ".lecture.partial/seg_001.ts",
        "out/intro/offline_480p.mp4",
        "week2/made/master.m3u8",
        "week2/made/720p/seg_001.ts",
    )
    for name in (*files, *hidden, "week1/job/job.json", "week1/job/offline_480p.mp4"):
        (tmp_path / "course" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "course" / name).write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return Path("course")


def _slugs(*named: Path, root: Path | None = None, output: Path = Path("course/out")) -> dict[str, str]:
    return {one.source.name: one.slug for one in inputs_from(named, root=root, output=output)}


def test_one_file_is_meant_for_the_destination_itself(tree):
    """Its name is its folder's, whatever lies above it."""
    (one,) = inputs_from([tree / "week1" / "lecture.mp4"], root=None, output=Path("out"))
    assert (tree / "week1" / "lecture.mp4", "lecture", True) == (one.source, one.slug, one.alone)


def test_a_folder_means_all_videos_in_it(tree):
    """With their folders; no hidden files, no streams, nothing of the output, and never the destination itself."""
    found = inputs_from([tree], root=None, output=tree / "out")
    assert ["intro", "week1/lecture", "week2/extra/q-a", "week2/lecture"] == [one.slug for one in found]
    assert [False] * 4 == [one.alone for one in found]


def test_numbers_in_names_count_as_numbers(tmp_path):
    """As file managers sort them: lesson 2 comes before lesson 10."""
    for name in ("Lesson 10.mp4", "lesson 2.mp4", "lesson 1.mp4", "week 11/a.mp4", "week 9/a.mp4", "007.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = inputs_from([tmp_path], root=None, output=Path("out"))
    assert ["007", "lesson-1", "lesson-2", "lesson-10", "week-9/a", "week-11/a"] == [one.slug for one in found]


def test_a_folder_with_one_video_gets_a_slug_below_the_destination(tree):
    """So that tomorrow's second one takes nobody's address."""
    (one,) = inputs_from([tree / "week1"], root=None, output=Path("out"))
    assert ("lecture", False) == (one.slug, one.alone)


def test_slugs_do_not_depend_on_the_order(tree):
    """Files and folders in any order, each once."""
    named = (tree / "week2", tree / "intro.mp4", tree / "week1" / "lecture.mp4", tree / "week2" / "lecture.MOV")
    expected = {
        "lecture.MOV": "week2/lecture",
        "q & a.mkv": "week2/extra/q-a",
        "intro.mp4": "intro",
        "lecture.mp4": "week1/lecture",
    }
    assert [expected] * 24 == [_slugs(*order) for order in permutations(named)]


def test_a_named_root_keeps_slugs_whatever_else_is_named(tree):
    """One file, another day two: the same slug."""
    one = tree / "week1" / "lecture.mp4"
    assert "week1/lecture" == _slugs(one, root=tree)["lecture.mp4"]
    assert "week1/lecture" == _slugs(one, tree / "week1", root=tree)["lecture.mp4"]
    assert not inputs_from([one], root=tree, output=Path("out"))[0].alone


def test_a_file_outside_of_the_root_is_said(tree):
    """Each in a sentence."""
    with pytest.raises(SettingsError) as caught:
        inputs_from([tree / "intro.mp4", tree / "week2" / "lecture.MOV"], root=tree / "week1", output=Path("out"))
    text = "course/intro.mp4 is not below course/week1: name another --root."
    assert (2, Problem(text=text, setting=Setting.SOURCE)) == (len(caught.value.problems), caught.value.problems[0])


def test_a_link_counts_where_it_is(tree):
    """Not where it leads; the root may be reached by another one."""
    (tree / "week1" / "linked.mp4").symlink_to(Path("../intro.mp4"))
    Path("other").symlink_to(tree, target_is_directory=True)
    assert {"linked.mp4": "week1/linked"} == _slugs(Path("other/week1/linked.mp4"), root=tree)


def test_a_folder_without_videos_is_said(tree):
    """One sentence that names it."""
    (tree / "empty").mkdir()
    with pytest.raises(SourceError, match="There is no video in course/empty: name another folder, or the files"):
        inputs_from([tree / "empty"], root=None, output=Path("out"))


def test_the_output_may_be_the_folder_itself(tree):
    """What was made there before is not a video."""
    assert {"intro.mp4", "lecture.mp4", "lecture.MOV", "q & a.mkv"} == set(_slugs(tree, output=tree)) - {
        "offline_480p.mp4"
    }


def _chosen(*named: Path, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[str]:
    selection = PathSelection(include=include, exclude=exclude)
    found = inputs_from(named, root=None, output=Path("course/out"), selection=selection)
    return [one.slug for one in found]


def test_patterns_choose_among_the_videos_of_a_folder(tree):
    """By the path below the folder that was named; a video that is named itself is meant whatever they say."""
    assert ["intro", "week1/lecture"] == _chosen(tree, include=("*.mp4",))
    assert ["intro", "week2/lecture"] == _chosen(tree, exclude=("extra/", "week1/*"))
    assert ["extra/q-a", "lecture"] == _chosen(tree / "week2", exclude=("week2",))
    assert ["week2/extra/q-a", "intro"] == _chosen(tree / "week2", tree / "intro.mp4", include=("*.mkv",))


def test_patterns_change_no_place(tree):
    """What is left out counts where two names clash, so that the one of them keeps its folder."""
    (tree / "week1" / "lecture.mov").write_bytes(b"")
    assert {"week1/lecture-mp4", "week1/lecture-mov"} < set(_chosen(tree))
    assert ["week1/lecture-mov"] == _chosen(tree, include=("week1/*.mov",))


def test_a_folder_that_is_left_out_is_not_read(tree, monkeypatch):
    """However many files are in it, and also where it can't be."""
    read = []
    walk = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: read.append(Path(path).name) or walk(path))
    assert ["week1/lecture"] == _chosen(tree, include=("week1/",), exclude=("week2",))
    assert ("week1" in read, "week2" in read) == (True, False)


def test_patterns_that_leave_nothing_are_said(tree):
    """With the folder."""
    with pytest.raises(SourceError, match="No video in course is left by --include and --exclude: change their pat"):
        _chosen(tree, include=("*.avi",))


def test_an_address_stands_where_a_path_may_stand(tree):
    """Alone it is meant for the destination itself; beside others the order is that in which they were named."""
    address = parse_address("https://a.example/w/lecture.mp4?key=1")
    (one,) = inputs_from([address], root=None, output=Path("out"))
    assert (Path("lecture.mp4"), "lecture", True, address) == (one.source, one.slug, one.alone, one.address)
    named = [
        address,
        tree / "week1" / "lecture.mp4",
        parse_address("s3://course/q & a.mkv"),
        tree / "intro.mp4",
        address,
    ]
    found = inputs_from(named, root=None, output=Path("out"))
    assert ["lecture", "week1/lecture", "q-a", "intro"] == [one.slug for one in found]
    assert [True, False, True, False] == [one.address is not None for one in found]


def test_addresses_of_one_name_get_folders_of_their_own():
    """Two servers may have a video of the same name."""
    named = [parse_address(f"https://{place}/lecture.mp4") for place in ("a.example", "b.example")]
    found = inputs_from(named, root=None, output=Path("out"))
    assert ["a-example/lecture", "b-example/lecture"] == [one.slug for one in found]
    named = [parse_address(f"https://a.example/lecture.mp4?id={number}") for number in (1, 2)]
    first, second = (one.slug for one in inputs_from(named, root=None, output=Path("out")))
    assert (True, True) == (first != second, first.startswith("a-example/lecture-"))


def test_a_folder_of_a_root_means_all_videos_in_it(tree):
    """Each by the address that every machine understands."""
    config = Config(sources=Sources(roots={"lectures": tree}))
    found = inputs_from([parse_address("root:lectures/week2/")], root=None, output=Path("out"), config=config)
    assert ["root:lectures/week2/extra/q & a.mkv", "root:lectures/week2/lecture.MOV"] == [
        str(one.address) for one in found
    ]
    assert ["extra/q-a", "lecture"] == [one.slug for one in found]
