"""`convert --dry-run`: what is printed, and the exit status."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from json_events import events, fields

from cli import dry_run as command
from cli.convert import run
from cli.main import build_parser
from config import Config
from pipeline.errors import Problem, SettingsError
from pipeline.forecast import Action, Forecast, Step
from pipeline.job import UploadRequest
from pipeline.model import PhaseName


@pytest.fixture
def printed(job, monkeypatch, capsys):
    """Return a function that returns status, output and errors of a dry run of the job and of one that can't begin."""
    upload = UploadRequest(prefix="videos/a/")
    good = Forecast(
        job=replace(job, slug="week1/a", title="Vectors", upload=upload),
        duration_s=3723.0,
        qualities=("720p", "480p"),
        steps=(
            Step(phase=PhaseName.HLS, action=Action.REDO, because=("preset", "qualities")),
            Step(phase=PhaseName.MP4, action=Action.KEEP),
            Step(phase=PhaseName.UPLOAD, action=Action.MAKE),
        ),
        new_bytes=5 << 20,
        notes=("a note",),
        moved_from=Path("out/a"),
    )
    bad = Forecast(job=replace(job, slug="b"), problems=(Problem(text="b is damaged: export it again."),))
    by_slug = {one.job.slug: one for one in (good, bad)}
    monkeypatch.setattr(command, "forecast", lambda job, config, cancel, moved_from: by_slug[job.slug])
    monkeypatch.setattr(command, "_free_bytes", lambda folder: 1 << 30)

    def build(*slugs: str, as_json: bool = False):
        status = command.dry_run([by_slug[slug].job for slug in slugs], Config(), {}, as_json=as_json)
        return (status, *capsys.readouterr())

    return build


def test_every_video_is_described(printed, job):
    """With what would become of each phase, and why; what is wrong goes to standard error, too."""
    status, out, err = printed("week1/a", "b")
    assert (2, "hls-converter: b: b is damaged: export it again.\n") == (status, err)
    assert (
        "week1/a\n"
        f"  source       {job.source} (1:02:03)\n"
        f"  folder       {job.output_dir}/week1/a\n"
        "  title        Vectors\n"
        "  moved        from out/a, where an earlier run has made it\n"
        "  destination  videos/a/\n"
        "  qualities    720p, 480p\n"
        "  HLS          would be made anew (preset, qualities)\n"
        "  480p MP4     is there\n"
        "  Upload       would be made\n"
        "  disk         about 5.0 MB more\n"
        "b\n"
        f"  source   {job.source}\n"
        f"  folder   {job.output_dir}/b\n"
        "  problem  b is damaged: export it again.\n"
        "1 of 2 videos could begin. About 5.0 MB more on the disk, 1.0 GB free.\n"
    ) == out


def test_all_well_is_status_0(printed):
    """Nothing on standard error."""
    status, _, err = printed("week1/a")
    assert (0, "") == (status, err)


def test_too_little_room_is_said(printed, monkeypatch):
    """A conversion would begin, and wait for room when the disk is full."""
    monkeypatch.setattr(command, "_free_bytes", lambda folder: 1 << 20)
    _, out, _ = printed("week1/a")
    assert "About 5.0 MB more on the disk, 1.0 MB free: that is too little, and jobs would wait for room." in out


def test_json_says_the_same(printed, job):
    """A line a video, and one at the end."""
    status, out, _ = printed("week1/a", "b", as_json=True)
    first, second, last = events(out)
    assert (2, "week1/a", "b", None) == (status, first["job"], second["job"], last["job"])
    assert [
        {"phase": "hls", "action": "redo", "because": ["preset", "qualities"]},
        {"phase": "mp4", "action": "keep", "because": []},
        {"phase": "upload", "action": "make", "because": []},
    ] == first["steps"]
    assert ("out/a", "videos/a/", ["a note"], []) == tuple(
        first[name] for name in ("moved_from", "destination", "notes", "problems")
    )
    assert ["b is damaged: export it again."] == second["problems"]
    assert {
        "event": "plan_finished",
        "videos": 2,
        "ready": 1,
        "new_bytes": 5 << 20,
        "free_bytes": 1 << 30,
    } == fields(last)


def test_the_command_changes_nothing(tmp_path, monkeypatch, capsys):
    """Whatever is wrong with the videos; a report would be a change."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    Path("in/a.mp4").write_bytes(b"no video")
    before = sorted(tmp_path.rglob("*"))
    arguments = ["convert", "in", "-o", "out/deep", "--dry-run", "--json"]
    assert 2 == run(build_parser(Config()).parse_args(arguments), Config())
    assert ["job_planned", "plan_finished"] == [line["event"] for line in events(capsys.readouterr().out)]
    with pytest.raises(SettingsError, match="--report writes the results of videos: leave it out with --dry-run"):
        run(build_parser(Config()).parse_args([*arguments, "--report", "r.json"]), Config())
    assert before == sorted(tmp_path.rglob("*"))
