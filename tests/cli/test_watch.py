"""`watch`, with a clock and a folder that the test holds."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from functools import reduce
from operator import getitem
from pathlib import Path

import pytest
from json_events import events

from cli import watch
from cli.main import build_parser
from cli.watch import FolderWatch
from config import Config
from pipeline.engines.procrastinate.database import QueueUnreachableError
from pipeline.errors import SettingsError, SourceError, TransferError
from pipeline.job import Existing
from pipeline.job_codec import job_to_json
from pipeline.job_digest import NEWER
from pipeline.model import JobReport, Outcome


class _Story:
    """What happens while a folder is watched: steps by the second at which they come, then Ctrl-C."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now_s = 0.0
        self.steps: list[tuple[float, Callable[[], object]]] = []
        self.begun: list[tuple[float, list[str]]] = []
        self.outcome: Callable[[str], dict] = lambda slug: {"outcome": Outcome.DONE}
        self.jobs = []
        self.interrupted = False
        self.elsewhere = False

    def at(self, seconds: float, step: Callable[[], object]) -> None:
        self.steps.append((seconds, step))

    def clock(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> None:
        """Let the time pass, and what happens in it."""
        self.now_s += seconds
        due = [step for step in self.steps if step[0] <= self.now_s]
        self.steps = [step for step in self.steps if step not in due]
        for _, step in due:
            step()
        if not self.steps:
            raise KeyboardInterrupt

    def run_jobs(self, jobs, cancel):
        """End each as is told; Ctrl-C comes with the last one where that is told, too."""
        if self.interrupted:
            cancel.cancel()
        self.begun.append((self.now_s, [job.slug for job in jobs]))
        self.jobs += jobs
        reports = []
        for job in jobs:
            fields = self.outcome(job.slug)
            if fields["outcome"] is Outcome.DONE:
                job.folder.mkdir(parents=True, exist_ok=True)
            reports.append(JobReport(slug=job.slug, source=job.source, folder=job.folder, **fields))
        return reports

    def tell(self, *arguments: str, until: float = 60) -> list[tuple[float, list[str]]]:
        """Watch until then; return what was begun and when."""
        self.at(self.now_s + until, lambda: None)
        options = build_parser(Config(), "watch").parse_args(
            ["watch", str(self.folder), "-o", str(self.folder.parent / "out"), *arguments]
        )
        with pytest.raises(KeyboardInterrupt):
            FolderWatch(
                options=options,
                run_jobs=self.run_jobs,
                clock=self.clock,
                pause=self.pause,
                keeps_nothing=self.elsewhere,
            ).forever()
        begun, self.begun = self.begun, []
        return begun


@pytest.fixture
def story(tmp_path):
    """A folder with nothing in it."""
    (tmp_path / "in").mkdir()
    return _Story(tmp_path / "in")


def _put(path: Path, content: bytes = b"video") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_what_is_there_and_what_comes_is_converted(story):
    """When it has settled, deeper in the folder too, each once; an upload that was cut short goes on unasked."""
    _put(story.folder / "a.mp4")
    story.at(20, lambda: _put(story.folder / "week1" / "b.mov"))
    story.at(20, lambda: _put(story.folder / "notes.txt"))
    assert [(10, ["a"]), (30, ["week1/b"])] == story.tell()
    assert {Existing.RESUME} == {job.existing for job in story.jobs}


def test_a_file_that_is_still_copied_waits(story):
    """As long as it grows, and the seconds after."""
    for second in range(2, 40, 4):
        story.at(second, lambda second=second: _put(story.folder / "a.mp4", bytes(second)))
    assert [(48, ["a"])] == story.tell(until=80)


UNFINISHED = "a.mp4.part a.mp4.crdownload .a.mp4 a.mp4~ ~$a.mp4 a.part.mp4 ._a.mp4 .tmp/a.mp4 a.MP4.tmp"


@pytest.mark.parametrize("name", UNFINISHED.split())
def test_unfinished_files_never_count(story, name):
    """However long they stay; renamed to their own names they do."""
    _put(story.folder / name)
    story.at(40, lambda: (story.folder / name).rename(story.folder / "done.mp4"))
    assert [(50, ["done"])] == story.tell(until=80)


def test_a_file_waits_for_what_a_browser_writes_beside_it(story):
    """Firefox puts an empty one there at once, others one of full length."""
    _put(story.folder / "a.mp4")
    _put(story.folder / "a.mp4.part")
    story.at(40, (story.folder / "a.mp4.part").unlink)
    assert [(40, ["a"])] == story.tell()


def test_a_file_that_another_process_writes_waits(story, monkeypatch):
    """However long it stays the same."""
    _put(story.folder / "a.mp4")
    monkeypatch.setattr(watch, "written_elsewhere", lambda paths: set(paths) if story.now_s < 30 else set())
    assert [(30, ["a"])] == story.tell()


def test_a_folder_that_vanishes_is_waited_for(story, capsys):
    """It is said once, and what is on it when it is back is not converted again."""
    _put(story.folder / "a.mp4")
    away = story.folder.with_name("away")
    story.at(20, lambda: story.folder.rename(away))
    story.at(40, lambda: away.rename(story.folder))
    story.at(42, lambda: _put(story.folder / "b.mp4"))
    assert [(10, ["a"]), (52, ["b"])] == story.tell(until=80)
    lines = capsys.readouterr().out.splitlines()
    assert (1, 1) == (
        sum("is not there: perhaps a drive is not connected" in line for line in lines),
        sum("is there again" in line for line in lines),
    )


def test_files_that_go_or_get_another_name(story):
    """One that is gone is nothing; one that was renamed is looked at under its new name."""
    _put(story.folder / "a.mp4")
    _put(story.folder / "b.mp4")
    story.at(4, (story.folder / "a.mp4").unlink)
    story.at(20, lambda: (story.folder / "b.mp4").rename(story.folder / "c.mp4"))
    assert [(10, ["b"]), (30, ["c"])] == story.tell()


def test_a_video_that_was_replaced_is_taken_again(story):
    """What the job says of it is its own."""
    _put(story.folder / "a.mp4")
    story.at(20, lambda: _put(story.folder / "a.mp4", b"another video"))
    assert [(10, ["a"]), (30, ["a"])] == story.tell()


@pytest.mark.parametrize("passing", ["backend_unreachable", "folder_in_use"])
def test_a_failed_video_is_tried_again_when_it_changes(story, passing):
    """Not before; with a backend that is away, or a folder that another machine has, after growing pauses."""
    _put(story.folder / "a.mp4")
    _put(story.folder / "b.mp4")
    story.outcome = lambda slug: {"outcome": Outcome.FAILED, passing: slug == "b", "error": "No."}
    story.at(30, lambda: _put(story.folder / "a.mp4", b"better"))
    assert [(10, ["a", "b"]), (40, ["a"]), (70, ["b"]), (190, ["b"])] == story.tell(until=300)


@pytest.mark.parametrize("error", [SourceError, TransferError, QueueUnreachableError])
def test_what_could_not_be_begun_is_tried_again(story, capsys, error):
    """Backend or queue is away when the videos are to be put into a queue, or a file can't be read."""

    def fail(slug):
        if story.now_s < 100:
            raise error("It is away.")
        return {"outcome": Outcome.DONE}

    _put(story.folder / "a.mp4")
    story.outcome = fail
    assert [(10, ["a"]), (70, ["a"]), (190, ["a"])] == story.tell(until=300)
    said = capsys.readouterr()
    assert 2 == said.err.count("hls-converter: It is away.")
    assert "a: tried again in 1 min, or when the file changes." in said.out


def test_ctrl_c_before_anything_could_be_begun(story):
    """Ends it, though it failed."""
    _put(story.folder / "a.mp4")
    story.interrupted = True

    def fail(slug):
        raise TransferError("It is away.")

    story.outcome = fail
    assert [(10, ["a"])] == story.tell(until=300)


def test_a_file_that_was_away_is_tried_again(story):
    """Though it is the same when it is back: a drive was disconnected for a moment."""
    video = story.folder / "a.mp4"
    _put(video)
    was = video.stat()

    def lose(slug):
        video.unlink()
        return {"outcome": Outcome.FAILED}

    def back():
        _put(video)
        os.utime(video, ns=(was.st_atime_ns, was.st_mtime_ns))
        story.outcome = lambda slug: {"outcome": Outcome.DONE}

    story.outcome = lose
    story.at(20, back)
    assert [(10, ["a"]), (70, ["a"])] == story.tell(until=300)


def test_an_output_folder_that_cant_be_written_is_waited_for(story, capsys):
    """No video fails for it, after which none would be tried again before the next start."""
    _put(story.folder / "a.mp4")
    output = story.folder.parent / "out"
    output.touch()
    story.at(30, output.unlink)
    assert [(40, ["a"])] == story.tell()
    said = capsys.readouterr().out
    problem = f"The output folder {output} can't be written (Not a directory): choose another one."
    assert 1 == said.count(f"{problem} Waiting until it can be used.")
    assert 1 == said.count(f"{output} is there again.")


def test_a_start_later_does_nothing_twice(story, capsys):
    """At once: neither settled nor looked into. What failed, has changed or is gone from the output is begun again."""
    for name in "abcd":
        _put(story.folder / f"{name}.mp4")
    story.outcome = lambda slug: {"outcome": Outcome.FAILED if slug == "b" else Outcome.DONE}
    assert [(10, ["a", "b", "c", "d"])] == story.tell()
    _put(story.folder / "c.mp4", b"another")
    shutil.rmtree(story.folder.parent / "out" / "d")
    start_s = story.now_s
    assert [(start_s + 10, ["b", "c", "d"])] == story.tell()
    assert [["b"]] == [slugs for _, slugs in story.tell()]
    capsys.readouterr()
    story.outcome = lambda slug: {"outcome": Outcome.DONE}
    story.tell()
    assert [] == story.tell(until=1)
    assert "Nothing to do: 4 videos known. Waiting for more." in capsys.readouterr().out


def test_what_other_machines_did_is_not_done_again(story):
    """They leave nothing in the output folder, whose absence says nothing then."""
    _put(story.folder / "a.mp4")
    story.elsewhere = True
    assert [["a"]] == [slugs for _, slugs in story.tell()]
    shutil.rmtree(story.folder.parent / "out" / "a")
    assert [] == story.tell()


def test_what_an_earlier_version_did_is_not_done_again(story):
    """Its digest of the settings is another one; this version's is noted in its place."""
    _put(story.folder / "a.mp4")
    story.tell()
    memory = story.folder.parent / "out" / ".watched.json"
    noted = memory.read_text()
    settings = job_to_json(story.jobs[0]) | {"schema": 3}
    for *groups, name in NEWER:
        del reduce(getitem, groups, settings)[name]
    text = json.dumps({"sound" if name == "audio" else name: value for name, value in settings.items()})
    earlier = hashlib.sha256(text.encode()).hexdigest()
    memory.write_text(noted.replace(json.loads(noted)["videos"][str(story.folder / "a.mp4")]["job"], earlier))
    assert [] == story.tell()
    assert noted == memory.read_text()


def test_other_settings_count_as_new(story):
    """The jobs find out what there is to do."""
    _put(story.folder / "a.mp4")
    story.tell()
    assert [["a"]] == [slugs for _, slugs in story.tell("--preset", "slow")]


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 9, "videos": {}}'])
def test_a_broken_note_is_no_hindrance(story, text):
    """Everything is looked at again."""
    _put(story.folder / "a.mp4")
    _put(story.folder.parent / "out" / ".watched.json", text.encode())
    assert [["a"]] == [slugs for _, slugs in story.tell()]
    stored = json.loads((story.folder.parent / "out" / ".watched.json").read_text())
    assert [str(story.folder / "a.mp4")] == list(stored["videos"])


def test_patterns_choose_what_counts(story):
    """As in convert; the output folder inside of the watched one does not."""
    _put(story.folder / "a.mp4")
    _put(story.folder / "drafts" / "b.mp4")
    assert [["a"]] == [slugs for _, slugs in story.tell("--exclude", "drafts/")]


def test_a_cancelled_job_ends_it(story):
    """With what was done noted."""
    _put(story.folder / "a.mp4")
    _put(story.folder / "b.mp4")
    story.outcome = lambda slug: {"outcome": Outcome.CANCELLED if slug == "b" else Outcome.DONE}
    story.tell()
    assert 10 == story.now_s
    story.steps = []
    assert [["b"]] == [slugs for _, slugs in story.tell()]


def test_ctrl_c_when_the_last_job_has_just_ended(story):
    """It is not lost, and nothing is done twice."""
    _put(story.folder / "a.mp4")
    story.interrupted = True
    assert [(10, ["a"])] == story.tell()
    assert (10, True) == (story.now_s, bool(story.steps))
    story.interrupted, story.steps = False, []
    assert [] == story.tell()


def test_a_subfolder_that_can_not_be_read_is_said_once(story, capsys, monkeypatch):
    """The others go on."""
    _put(story.folder / "a.mp4")
    (story.folder / "closed").mkdir()
    read = os.scandir

    def refuse(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert [["a"]] == [slugs for _, slugs in story.tell()]
    assert 1 == capsys.readouterr().out.count("closed can't be read (Permission denied): the videos in it wait.")


def test_json_lines_say_what_it_waits_for(story, capsys):
    """A line each."""
    story.tell("--json", until=4)
    first, second = events(capsys.readouterr().out)
    assert ("watch", f"Watching {story.folder}. Ctrl-C ends this.") == (first["event"], first["text"])
    assert "Nothing to do: 0 videos known. Waiting for more." == second["text"]


def test_what_can_not_be_watched_is_said(tmp_path):
    """All of it at once, before anything begins."""
    arguments = ["watch", str(tmp_path / "none"), "-o", str(tmp_path / "out"), "--fresh", "--title", "x", "--detach"]
    with pytest.raises(SettingsError) as caught:
        watch.run(build_parser(Config(), "watch").parse_args(arguments), Config())
    assert (
        "--title is for one video: convert each with its own title.",
        "--fresh would make everything anew at each start: leave it out, or use convert.",
        "--detach would lose sight of the videos: leave it out with watch.",
        f"{tmp_path / 'none'} is not a folder: name the one that videos come into.",
    ) == caught.value.sentences
    assert not (tmp_path / "out").exists()
