"""Several machines, each a process with folders of its own, on one real PostgreSQL."""

from __future__ import annotations

import json
import signal
import uuid
from datetime import datetime, timedelta

import pytest
from cluster_programs import DEADLINE_S, SHORT_LEASE_S, events, wait_until

from pipeline.engines.procrastinate.database import Database

FAST = ("--preset", "ultrafast", "--no-mp4")


def test_another_machine_makes_the_same_stream(machines, lectures, tmp_path, run, backend):
    """What the cluster uploads equals, byte for byte, what the editor's machine makes by itself."""
    editor = lectures("editor")
    machines.worker("alpha", roots=lectures("alpha"))
    source = tmp_path / "disk of editor" / "lesson.mp4"
    process = machines.convert(
        source, "-o", tmp_path / "out", "--upload", "cluster/one/", *FAST, "--json", roots=editor
    )
    told, status, errors = events(process)
    assert (0, "job_finished", "done") == (status, told[-1]["event"], told[-1]["outcome"]), errors
    assert not (tmp_path / "out").exists()
    run("convert", source, "-o", tmp_path / "local", *FAST)
    stored = backend.settings.root / "cluster" / "one"
    local = tmp_path / "local" / "lesson"
    made = {path.relative_to(local): path.read_bytes() for path in local.rglob("*") if path.suffix in (".ts", ".m3u8")}
    assert made
    assert made == {path: (stored / path).read_bytes() for path in made}


def test_a_video_that_only_the_editor_has_is_sent_once(machines, lectures, tmp_path, backend):
    """It goes to the backend's store, from where a machine without any of its folders fetches it; a second job of the
    same video sends nothing, and when both have ended it is deleted there.
    """
    lectures("editor")
    source = tmp_path / "disk of editor" / "lesson.mp4"
    begin = ("-o", tmp_path / "out", *FAST, "--json", "--upload")
    first = machines.convert(source, *begin, "cluster/sent/", roots="")
    assert "Sending lesson.mp4" in _told_until_it_waits(first)
    second = machines.convert(source, *begin, "cluster/again/", roots="")
    assert "Sending lesson.mp4" not in _told_until_it_waits(second)
    (sent,) = backend.settings.root.glob("sources/*/*/lesson.mp4")
    assert source.read_bytes() == sent.read_bytes()
    machines.worker("alpha", roots="")
    for process, place in ((first, "cluster/sent/"), (second, "cluster/again/")):
        lines, status, errors = events(process)
        assert (0, "done") == (status, lines[-1]["outcome"]), errors
        assert (backend.settings.root / place / "master.m3u8").is_file()
    wait_until(lambda: not sent.exists(), "it is kept")


def _told_until_it_waits(process):
    lines = []
    while not lines or "no machine is connected" not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], process.stderr.read()
    return "".join(lines)


def test_the_worker_keeps_nothing_of_a_job_that_is_done(machines, lectures, tmp_path):
    """Its disk is as free as before."""
    worker = machines.worker("alpha", roots=lectures("alpha"))
    editor = lectures("editor")
    source = tmp_path / "disk of editor" / "lesson.mp4"
    process = machines.convert(source, "-o", tmp_path / "out", "--upload", "cluster/kept/", *FAST, roots=editor)
    _, errors = process.communicate(timeout=DEADLINE_S)
    assert 0 == process.returncode, errors
    (work,) = (worker.folder / "hls-converter" / "worker").iterdir()
    assert [] == list(work.iterdir())


def test_what_is_left_of_ended_jobs_is_removed(machines, lectures, queue_server):
    """A worker without a job clears its folder of jobs that others have ended, and of no other queue's; the folder is
    the same however the queue's address is written, and has what an earlier version left in another.
    """
    work = machines.folder / "alpha" / "data" / "hls-converter" / "worker"
    ((queue,),) = queue_server.execute("SELECT id::text FROM hls_queue")
    url = queue_server.url.replace("127.0.0.1", "localhost")
    own, earlier, another = work / queue, work / Database(url).earlier_key, work / "another queue"
    left = [own / str(uuid.uuid4()), another / str(uuid.uuid4())]
    left[1].mkdir(parents=True)
    (earlier / "notes").mkdir(parents=True)
    machines.worker("alpha", roots=lectures("alpha"), url=url)
    wait_until(lambda: queue_server.execute("SELECT count(*) FROM hls_workers") == [(1,)], "no worker")
    left[0].mkdir()
    wait_until(lambda: not left[0].exists(), "it is kept")
    assert (True, True, False) == (left[1].exists(), (own / "notes").exists(), earlier.exists())


def test_ctrl_c_ends_ffmpeg_on_the_worker(machines, lectures, two_segments, crawling, tmp_path):
    """Cancel reaches the machine that has the job, and its ffmpeg; benchmarks/cluster.py says how soon."""
    worker = machines.worker("alpha", roots=lectures("alpha", two_segments), lease_s=60.0, ffmpeg=crawling)
    editor = lectures("editor", two_segments)
    process = machines.convert(
        *(tmp_path / "disk of editor" / "lesson.mp4", "-o", tmp_path / "out", "--upload", "cluster/c/"),
        *("--preset", "ultrafast"),
        roots=editor,
    )
    wait_until(worker.encodes, "no encode")
    process.send_signal(signal.SIGINT)
    wait_until(lambda: not worker.programs("ffmpeg"), "ffmpeg goes on")
    _, errors = process.communicate(timeout=DEADLINE_S)
    assert 130 == process.returncode, (errors, worker.log.read_text())


def test_a_worker_that_is_killed_in_its_encode(machines, lectures, two_segments, crawling, tmp_path, backend):
    """Its ffmpeg dies with it, the job is done by another machine, and the course goes on."""
    roots = lectures("alpha", two_segments)
    first = machines.worker("alpha", roots=roots, ffmpeg=crawling, lease_s=SHORT_LEASE_S)
    editor = lectures("editor", two_segments)
    process = machines.convert(
        tmp_path / "disk of editor" / "lesson.mp4",
        *("-o", tmp_path / "out", "--upload", "cluster/killed/", *FAST, "--json"),
        roots=editor,
    )
    wait_until(first.encodes, "no encode")
    ffmpeg = first.programs("ffmpeg")
    first.kill()
    machines.worker("beta", roots=lectures("beta", two_segments))
    told, status, errors = events(process)
    assert (0, "done") == (status, told[-1]["outcome"]), errors
    assert not [program for program in ffmpeg if program.is_running() and program.status() != "zombie"]
    assert any("alpha did not finish lesson" in line.get("text", "") for line in told)
    assert (backend.settings.root / "cluster" / "killed" / "master.m3u8").exists()


def test_a_machine_without_whisper_has_another_transcribe(machines, lectures, sample, queue_server, backend):
    """One encodes, the other hears, and the captions are uploaded with the stream. What was heard lies in the store
    meanwhile, and the queue has neither that nor a secret.
    """
    machines.worker("alpha", "--tags", "", roots=lectures("alpha", sample))
    editor = lectures("editor", sample)
    disk = machines.folder / "disk of editor"
    process = machines.convert(
        *(disk / "lesson.mp4", "-o", machines.folder / "out", "--upload", "cluster/heard/", *FAST, "--json"),
        *("--transcribe", "--model", disk / "model"),
        roots=editor,
    )
    waiting = "SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'speech+whisper' AND status = 'todo'"
    wait_until(lambda: queue_server.execute(waiting) == [(1,)], "no transcription in the queue")
    machines.worker("beta", roots=lectures("beta", sample))
    heard = backend.settings.root / "jobs"
    wait_until(lambda: list(heard.glob("*/transcript-*.json")), "it is not in the store")
    wait_until(lambda: queue_server.execute("SELECT count(*) FROM hls_results") == [(1,)], "it is not told")
    ((result,),) = queue_server.execute("SELECT result FROM hls_results")
    assert {"key", "size_bytes", "sha256"} == set(result["stored"])
    kept = str(queue_server.execute("SELECT to_jsonb(s)::text FROM hls_stored_files s"))
    told, status, errors = events(process)
    assert (0, "done") == (status, told[-1]["outcome"]), errors
    for table in ("procrastinate_jobs", "hls_job_events", "hls_attempts"):
        kept += str(queue_server.execute(f"SELECT to_jsonb(t)::text FROM {table} t"))
    assert [] == [secret for secret in ("signature=", backend.settings.token) if secret in kept]
    wait_until(lambda: not list(heard.glob("*/*")), "it is kept")
    ended = queue_server.execute("SELECT machine, outcome FROM hls_attempts ORDER BY started_at")
    assert [("alpha", "done"), ("beta", "done")] == ended
    text = (backend.settings.root / "cluster" / "heard" / "transcript.txt").read_text(encoding="utf-8")
    assert text.strip()


@pytest.mark.parametrize("way", ["hours", "disk"])
def test_a_worker_that_rests_is_told_of(machines, lectures, tmp_path, way):
    """What waits because no machine takes it is said with the machine's own reason, as an event too."""
    now = datetime.now()
    begin, end = (now + timedelta(hours=hours) for hours in (2, 3))
    options, reason = {
        "hours": (("--between", f"{begin:%H:%M}-{end:%H:%M}"), f"it works from {begin:%H:%M} to {end:%H:%M}"),
        "disk": (("--disk", "9000000"), "less than 9000000 GB are free on its disk"),
    }[way]
    worker = machines.worker("alpha", *options, roots=lectures("alpha"))
    editor = lectures("editor")
    wait_until(lambda: f"Takes nothing: {reason}." in worker.log.read_text(), "it does not say why it rests")
    source = tmp_path / "disk of editor" / "lesson.mp4"
    process = machines.convert(source, "-o", tmp_path / "o", "--upload", "cluster/r/", *FAST, "--json", roots=editor)
    told = json.loads(process.stdout.readline())
    expected = f"lesson waits: no machine takes anything now (alpha: {reason})."
    assert ("log_line", "waiting", expected) == tuple(told[name] for name in ("event", "level", "text")), told
    process.send_signal(signal.SIGINT)
    _, status, errors = events(process)
    assert 130 == status, errors
