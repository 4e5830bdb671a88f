"""What was made under other places: with other folders named beside it,
or by an earlier version under a file's name alone.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from step_facts import uploaded

from pipeline.facts import CleanupFacts, Facts, PackageFacts, StepFacts
from pipeline.fingerprint import fingerprint
from pipeline.folder_lock import locked
from pipeline.job import Existing, Job, UploadRequest
from pipeline.job_file import SCHEMA, JobFile, read_job_file, write_job_file
from pipeline.job_folders import lock_of
from pipeline.relocation import earlier_folders, relocate, with_earlier_address


@pytest.fixture
def job(tmp_path):
    """A function that returns the job of a video at its present place; its content is its path's."""

    def build(place: str, *, content: str = "", existing: Existing = Existing.ASK, prefix: str = "") -> Job:
        source = tmp_path / "in" / f"{place}.mp4"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(content or place)
        return Job(
            source=source,
            output_dir=tmp_path / "out",
            slug=place,
            existing=existing,
            upload=UploadRequest(prefix=prefix),
        )

    return build


@pytest.fixture
def made(tmp_path):
    """A function that makes an earlier version's folder of a job's source."""

    def make(name: str, job: Job, *, source: Path | None = None, **done: StepFacts) -> Path:
        folder = tmp_path / "out" / name
        folder.mkdir(parents=True)
        path = str(source or job.source)
        write_job_file(
            folder,
            JobFile(
                source_path=path,
                source=fingerprint(job.source),
                settings={},
                done=Facts(package=PackageFacts(), **done),
            ),
        )
        return folder

    return make


def _here(tmp_path: Path) -> dict[str, str]:
    """Return the sources of all folders with work, by place."""
    found = {
        path.parent.relative_to(tmp_path / "out"): read_job_file(path.parent)
        for path in (tmp_path / "out").rglob("job.json")
    }
    return {
        folder.as_posix(): Path(job.source_path).relative_to(tmp_path / "in").as_posix()
        for folder, job in found.items()
    }


def test_each_gets_what_was_made_of_it(tmp_path, job, made):
    """Whatever number it had, also where one moves to another's old place."""
    one, two, three = job("week1/lecture"), job("week2/lecture", prefix="videos/week2/lecture/"), job("lecture")
    for name, of in (("lecture", one), ("lecture-2", three)):
        made(name, of)
    made("lecture-3", two, upload=uploaded(prefix="videos/lecture-3/"))
    notes = relocate([two, three, one])
    assert {place: f"{place}.mp4" for place in ("week1/lecture", "week2/lecture", "lecture")} == _here(tmp_path)
    assert {one.slug, two.slug, three.slug} == set(notes)
    old, new = tmp_path / "out" / "lecture", tmp_path / "out" / "week1" / "lecture"
    assert f"{old} was made from {one.source} under another name: it is {new} now." == notes[one.slug]
    address = (
        "It is uploaded to videos/week2/lecture/; "
        "what is at videos/lecture-3/ stays until `manifest prune --orphans` removes it."
    )
    assert notes[two.slug].endswith(f" now. {address}")
    assert {} == relocate([two, three, one])


def test_what_would_be_moved_can_be_asked_before(tmp_path, job, made):
    """Nothing is moved by asking."""
    one, other = job("week1/lecture"), job("week2/lecture")
    made("lecture", one)
    made("lecture-2", other)
    found = earlier_folders([one, other])
    assert {"week1/lecture": tmp_path / "out/lecture", "week2/lecture": tmp_path / "out/lecture-2"} == found
    assert all(folder.is_dir() for folder in found.values())
    assert found.keys() == relocate([one, other]).keys()


def test_two_endings_of_one_name(tmp_path, job, made):
    """What has its ending in its place now had a number."""
    mkv, mp4 = job("test-mkv"), job("test-mp4")
    mkv, mp4 = (replace(one, source=one.source.rename(tmp_path / "in" / f"test.{one.slug[-3:]}")) for one in (mkv, mp4))
    made("test", mkv)
    made("test-2", mp4)
    relocate([mp4, mkv])
    assert {"test-mkv": "test.mkv", "test-mp4": "test.mp4"} == _here(tmp_path)


def test_work_that_was_not_finished_is_taken_over_too(tmp_path, job, made):
    """The folder beside it, where work goes on."""
    one = job("week1/lecture")
    made(".lecture.partial", one)
    relocate([one])
    assert {"week1/.lecture.partial": "week1/lecture.mp4"} == _here(tmp_path)


def test_a_source_that_was_moved_is_known_by_its_content(tmp_path, job, made):
    """Where its old name is gone; a copy whose source is still there keeps its folder."""
    one = job("week1/lecture", content="the same")
    kept = made("lecture", one, source=job("lecture", content="the same").source)
    assert ({}, True) == (relocate([one]), kept.exists())
    (tmp_path / "in" / "lecture.mp4").unlink()
    assert [one.slug] == list(relocate([one]))


DELETED = {"cleanup": CleanupFacts(finished=True)}


def at(job: Job, place: str) -> Job:
    """Return the job of the same source with another place: other folders were named beside it."""
    return replace(job, slug=place)


@pytest.mark.parametrize(
    ("old", "new"),
    [("a/x", "x"), ("x", "deep/down/x"), ("a/b/c/x", "b/x"), ("week-1/x", "week-2/x-mp4")],
    ids=["up", "down", "both", "beside"],
)
def test_a_place_that_changed_with_the_other_videos(tmp_path, job, made, old, new):
    """The work is found anywhere below the output folder, and no empty folder is left where it was."""
    one, other = job("a/x"), job("b/y")
    made(old, one)
    made("b/y", other)
    notes = relocate([at(one, new), other])
    assert {new: "a/x.mp4", "b/y": "b/y.mp4"} == _here(tmp_path)
    assert {
        new: (
            f"{tmp_path / 'out' / old} was made from {one.source} under another name: "
            f"it is {tmp_path / 'out' / new} now."
        )
    } == notes
    left = {path.relative_to(tmp_path / "out").parts[0] for path in (tmp_path / "out").iterdir()}
    assert {new.partition("/")[0], "b"} == left


def test_what_a_newer_version_made_stays(tmp_path, job, made):
    """Whether it is looked for or lies at the job's own place."""
    one = job("a/x", prefix="videos/a/x/")
    for place in ("old/x", "a/x"):
        folder = made(place, one)
        stored = json.loads((folder / "job.json").read_text())
        (folder / "job.json").write_text(json.dumps(stored | {"schema": SCHEMA + 1}))
        assert ({}, True) == (relocate([one]), folder.exists())
    assert one == with_earlier_address(one, "videos/")


def test_unfinished_work_at_any_depth_goes_on(tmp_path, job, made):
    """The folder where work goes on is hidden, and found all the same."""
    one = job("a/x")
    made("a/.x.partial", one)
    assert ["x"] == list(relocate([at(one, "x")]))
    assert {".x.partial": "a/x.mp4"} == _here(tmp_path)


def test_a_renamed_source_is_found_at_any_depth(tmp_path, job, made):
    """By its content, where nothing is at its old path any more; what was made of the path itself goes first."""
    old, new = job("a/old", content="the same"), job("b/new", content="the same")
    job("a/beside")
    made("a/old", old)
    assert {} == relocate([new])
    made("elsewhere/new", new)
    old.source.unlink()
    relocate([new])
    assert {"a/old": "a/old.mp4", "b/new": "b/new.mp4"} == _here(tmp_path)
    made_of_it = tmp_path / "out" / "b" / "new"
    (made_of_it / "job.json").unlink()
    made_of_it.rmdir()
    relocate([new])
    assert {"b/new": "a/old.mp4"} == _here(tmp_path)


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
def test_a_source_on_a_drive_that_is_not_connected_keeps_its_work(tmp_path, job, made, left):
    """Nothing is in its folder: it may be back tomorrow, and a copy elsewhere is another video until then."""
    old, new = job("drive/old", content="the same"), job("b/new", content="the same")
    made("drive/old", old)
    old.source.unlink()
    if left == "nothing":
        old.source.parent.rmdir()
    assert ({}, {"drive/old": "drive/old.mp4"}) == (relocate([new]), _here(tmp_path))


def test_what_another_job_has_at_its_own_place_stays(tmp_path, job, made):
    """Two videos of one content, whose first name is gone: the one whose place it is keeps the folder."""
    gone = job("before", content="the same")
    keeper, other = job("a/x", content="the same"), job("b/x", content="the same")
    made("a/x", keeper, source=gone.source)
    gone.source.unlink()
    assert ({}, {"a/x": "before.mp4"}) == (relocate([other, keeper]), _here(tmp_path))


@pytest.mark.parametrize(
    "hidden", ["stream/720p/x", ".trash/x", "x"], ids=["in a stream", "hidden", "its own place is below"]
)
def test_what_is_not_looked_into(tmp_path, job, made, hidden):
    """Streams, hidden folders; and a folder is not moved into itself."""
    one = job("a/x")
    (tmp_path / "out" / "stream").mkdir(parents=True)
    (tmp_path / "out" / "stream" / "master.m3u8").touch()
    made(hidden, one)
    assert ({}, {hidden}) == (relocate([at(one, "x/x")]), set(_here(tmp_path)))


def test_a_folder_of_other_videos_is_not_moved_with_unfinished_work(tmp_path, job, made):
    """One of the name that the unfinished work was to get, with other streams in it."""
    one, other = job("lesson"), job("lesson/y")
    made(".lesson.partial", one)
    made("lesson/y", other)
    assert ({}, {".lesson.partial", "lesson/y"}) == (relocate([at(one, "week1/lesson")]), set(_here(tmp_path)))


def test_nothing_is_read_where_every_place_is_there(tmp_path, job, made, monkeypatch):
    """An output folder with many finished streams is not walked for jobs that need nothing of it."""
    one = job("a/x")
    made("a/x", one)
    monkeypatch.setattr("os.scandir", lambda path: pytest.fail(f"{path} is walked"))
    assert {} == relocate([one])


def test_other_content_stays(tmp_path, job, made):
    """Of another file of that name, or of this one before it was changed."""
    one = job("week1/lecture")
    made("lecture", one)
    one.source.write_text("changed")
    made("lecture-2", job("week2/lecture"))
    (tmp_path / "out" / "lecture-final").mkdir()
    assert ({}, {"lecture", "lecture-2"}) == (relocate([one]), set(_here(tmp_path)))


def test_what_is_there_or_begun_anew_is_left_alone(tmp_path, job, made):
    """A folder at the new place counts, and so does --fresh; another run's folder is not moved."""
    one = job("week1/lecture")
    old = made("lecture", one)
    assert {} == relocate([job("week1/lecture", existing=Existing.FRESH)])
    with locked(lock_of(old), old):
        assert {} == relocate([one])
    made("week1/lecture", one)
    assert {} == relocate([one])


@pytest.mark.parametrize(
    ("sent_to", "done", "expected"),
    [
        pytest.param("videos/lecture-2/", DELETED, "videos/lecture-2/", id="deleted here, so it stays there"),
        pytest.param("videos/2025/week1/lecture/", DELETED, "videos/2025/week1/lecture/", id="below other folders"),
        pytest.param("videos/lecture-2/", {}, "videos/week1/lecture/", id="it can be uploaded to its own"),
        pytest.param("videos/other/", DELETED, "videos/week1/lecture/", id="no name of that version"),
        pytest.param("elsewhere/lecture/", DELETED, "videos/week1/lecture/", id="another destination"),
    ],
)
def test_what_can_not_be_uploaded_again_keeps_its_address(job, made, sent_to, done, expected):
    """Its media were deleted after the upload, and are not encoded again for a name."""
    one = job("week1/lecture", prefix="videos/week1/lecture/")
    made("week1/lecture", one, upload=uploaded(prefix=sent_to), **done)
    assert expected == with_earlier_address(one, "videos/").upload.prefix
