"""What goes wrong with machines, network and database while they work: the course is finished, and nothing twice.

CLUSTER_SLEEP_S=300 and CLUSTER_OUTAGE_S=120 let a machine sleep, and the network be gone, for that many seconds, with
the lease that workers have by default. Without them both last until the short lease of these tests has run out.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time

import pytest
from cluster_programs import SHORT_LEASE_S, events, wait_until
from held_ffmpeg import held_ffmpeg
from silent_proxy import running_silent_proxy

SLEEP_S = float(os.environ.get("CLUSTER_SLEEP_S", "0"))
OUTAGE_S = float(os.environ.get("CLUSTER_OUTAGE_S", "0"))

FAST = ("--preset", "veryfast", "--no-mp4")
ATTEMPTS = "SELECT machine, outcome FROM hls_attempts ORDER BY started_at"
PHASE = "SELECT count(*) FROM hls_job_events WHERE event->>'event' = 'phase_started' AND event->>'phase' = %s"


@pytest.fixture
def put(machines, lectures):
    """Return a function that puts a video in from the editor's machine, and shows its events as JSON."""

    def begin(clip, prefix, *options):
        roots = lectures("editor", clip)
        source = machines.folder / "disk of editor" / "lesson.mp4"
        return machines.convert(
            *(source, "-o", machines.folder / "out", "--upload", prefix, *FAST, *options, "--json"), roots=roots
        )

    return begin


@pytest.fixture
def in_phase(queue_server):
    """Return a function that waits until a worker has told that a phase began."""
    return lambda phase: wait_until(lambda: queue_server.execute(PHASE, phase) != [(0,)], f"no {phase}")


def test_killed_while_it_hears(machines, lectures, put, in_phase, sample, queue_server):
    """Whisper's process dies with the worker, and another machine hears the whole of it."""
    process = put(sample, "faults/speech/", "--transcribe", "--model", machines.folder / "disk of editor" / "model")
    # at this rate it is never done before it is killed
    slow = ("--limit-rate", "2K")
    first = machines.worker("alpha", *slow, roots=lectures("alpha", sample), lease_s=SHORT_LEASE_S)
    in_phase("transcript")
    children = first.programs("")
    first.kill()
    wait_until(lambda: not any(one.is_running() and one.status() != "zombie" for one in children), "a child lives on")
    machines.worker("beta", roots=lectures("beta", sample))
    told, status, errors = events(process)
    assert (0, "done") == (status, told[-1]["outcome"]), errors
    assert [("alpha", "lost"), ("beta", "done")] == queue_server.execute(ATTEMPTS)


def test_killed_while_it_uploads(machines, lectures, put, in_phase, short_clip, queue_server, backend):
    """Another machine makes the same again and uploads the whole of it."""
    process = put(short_clip, "faults/upload/")
    first = machines.worker("alpha", "--limit-rate", "2K", roots=lectures("alpha", short_clip), lease_s=SHORT_LEASE_S)
    in_phase("upload")
    first.kill()
    assert not (backend.settings.root / "faults" / "upload" / "master.m3u8").exists()
    machines.worker("beta", roots=lectures("beta", short_clip))
    told, status, errors = events(process)
    assert (0, "done") == (status, told[-1]["outcome"]), errors
    assert [("alpha", "lost"), ("beta", "done")] == queue_server.execute(ATTEMPTS)
    assert (backend.settings.root / "faults" / "upload" / "master.m3u8").exists()


def test_database_restarted(machines, lectures, put, short_clip, queue_server, tmp_path):
    """The worker's encode goes on meanwhile, nobody else takes the job, and whoever waits goes on waiting."""
    held = held_ffmpeg(tmp_path / "held")
    worker = machines.worker("alpha", roots=lectures("alpha", short_clip), lease_s=60.0, ffmpeg=held.path)
    process = put(short_clip, "faults/restart/")
    wait_until(held.holds, "no encode")
    queue_server.stop()
    wait_until(lambda: "can't be reached" in worker.log.read_text(), "it has not noticed")
    held.release()
    queue_server.start()
    told, status, errors = events(process)
    assert (0, "done") == (status, told[-1]["outcome"]), errors
    assert [("alpha", "done")] == queue_server.execute(ATTEMPTS)
    assert "The queue can be reached again." in worker.log.read_text()


@pytest.fixture
def put_and_gone(put, short_clip, queue_server):
    """A `convert` whose queue has gone, with one video in it that nobody has begun."""
    process = put(short_clip, "faults/cancel/")
    wait_until(lambda: queue_server.execute("SELECT count(*) FROM hls_jobs") == [(1,)], "no job")
    ((job,),) = queue_server.execute("SELECT id::text FROM hls_jobs")
    wait_until(lambda: "waits: no machine is connected" in process.stdout.readline(), "it does not wait")
    queue_server.stop()
    yield process, job
    if all(server.poll() is not None for server in queue_server.processes):
        queue_server.start()


def test_a_cancel_that_does_not_get_to_the_queue(put_and_gone):
    """A second Ctrl-C ends it, and it says what goes on, and how to cancel that."""
    process, job = put_and_gone
    wait_until(lambda: "can't be reached" in process.stderr.readline(), "it has not noticed")
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.0)
    process.send_signal(signal.SIGINT)
    _, status, errors = events(process)
    said = "1 video was NOT cancelled, and will be converted: the queue can't be reached."
    how = f"When it can, cancel with `hls-converter cluster cancel {job}`."
    assert (1, f"hls-converter: {said} {how}") == (status, errors.splitlines()[-1])


def test_a_cancel_waits_for_the_queue(put_and_gone, queue_server):
    """A Ctrl-C while the queue is away cancels when it is back."""
    process, _ = put_and_gone
    wait_until(lambda: "can't be reached" in process.stderr.readline(), "it has not noticed")
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.0)
    queue_server.start()
    _, status, errors = events(process)
    assert 130 == status, errors
    assert [("cancelled",)] == queue_server.execute("SELECT status::text FROM procrastinate_jobs")


@pytest.fixture
def sleeper(machines):
    """Return a function that starts a worker that is to sleep for longer than its lease."""
    return lambda name, *options, **kept: machines.worker(
        name, *options, lease_s=None if SLEEP_S else SHORT_LEASE_S, **kept
    )


def test_network_gone(machines, lectures, put, two_segments, crawling, queue_server):
    """The job is another's after the lease; when the network is back, the first drops its own and reports nothing."""
    with running_silent_proxy(queue_server.port) as proxy:
        through = queue_server.url.replace(str(queue_server.port), str(proxy.port))
        lease_s = None if OUTAGE_S else SHORT_LEASE_S
        roots = lectures("alpha", two_segments)
        first = machines.worker("alpha", roots=roots, url=through, lease_s=lease_s, ffmpeg=crawling)
        process = put(two_segments, "faults/network/")
        wait_until(first.encodes, "no encode")
        proxy.open.clear()
        until_s = time.monotonic() + OUTAGE_S
        machines.worker("beta", roots=lectures("beta", two_segments))
        wait_until(lambda: ("alpha", "lost") in queue_server.execute(ATTEMPTS), "the lease holds", OUTAGE_S)
        wait_until(lambda: time.monotonic() >= until_s, "no time passes", OUTAGE_S)
        proxy.open.set()
        wait_until(lambda: "lost: another machine has it." in first.log.read_text(), "it has not noticed")
    told, status, errors = events(process, OUTAGE_S)
    assert (0, "done") == (status, told[-1]["outcome"]), errors
    assert [("alpha", "lost"), ("beta", "done")] == queue_server.execute(ATTEMPTS)
    assert 1 == sum(line["event"] == "job_finished" for line in told)


def test_asleep_for_longer_than_the_lease(
    machines, sleeper, lectures, put, two_segments, crawling, queue_server, backend
):
    """A desktop that sleeps loses its job; on waking it notices, and publishes nothing."""
    first = sleeper("alpha", roots=lectures("alpha", two_segments), ffmpeg=crawling)
    process = put(two_segments, "faults/sleep/")
    wait_until(first.encodes, "no encode")
    first.fall_asleep()
    machines.worker("beta", roots=lectures("beta", two_segments))
    told, status, errors = events(process, SLEEP_S)
    assert (0, "done") == (status, told[-1]["outcome"]), errors
    made = {path: path.stat().st_mtime_ns for path in (backend.settings.root / "faults" / "sleep").rglob("*.*")}
    first.wake(SLEEP_S)
    wait_until(lambda: "lost: another machine has it." in first.log.read_text(), "it has not noticed")
    assert made == {path: path.stat().st_mtime_ns for path in made}
    assert [("alpha", "lost"), ("beta", "done")] == queue_server.execute(ATTEMPTS)


def test_asleep_with_a_shared_output(machines, sleeper, lectures, two_segments, crawling, queue_server):
    """While one that sleeps keeps its lock on a folder that both see, the job waits, and is not given up."""
    shared = machines.folder / "shared"
    shared.mkdir()
    roots = {name: f"{lectures(name, two_segments)};shared={shared}" for name in ("editor", "alpha", "beta")}
    first = sleeper("alpha", roots=roots["alpha"], ffmpeg=crawling)
    source = machines.folder / "disk of editor" / "lesson.mp4"
    output = shared / "out"
    process = machines.convert(source, "-o", output, *FAST, "--json", roots=roots["editor"])
    wait_until(lambda: first.programs("ffmpeg") and any(output.rglob("seg_*")), "no encode")
    first.fall_asleep()
    machines.worker("beta", roots=roots["beta"])
    wait_until(lambda: ("beta", "in use") in queue_server.execute(ATTEMPTS), "the folder is free", SLEEP_S)
    first.wake(SLEEP_S)
    wait_until(lambda: "lost: another machine has it." in first.log.read_text(), "it has not noticed")
    first.stop()  # it would take the job again, and never end it
    queue_server.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
    told, status, errors = events(process, SLEEP_S)
    assert (0, "done") == (status, told[-1]["outcome"]), errors
    assert {"lost", "in use", "done"} == {outcome for _, outcome in queue_server.execute(ATTEMPTS)}


def test_poisoned_source(machines, lectures, put, tmp_path, short_clip, queue_server):
    """A source that fails on three machines is given up with their names; they do the next one."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(short_clip.read_bytes()[:3000])
    process = put(broken, "faults/poison/")
    names = ("alpha", "beta", "gamma")
    for name in names:
        machines.worker(name, roots=lectures(name, broken))
    told, status, errors = events(process)
    assert (1, "failed") == (status, told[-1]["outcome"])
    failed = [machine for machine, outcome in queue_server.execute(ATTEMPTS) if outcome == "failed"]
    assert sorted(names) == sorted(failed), errors
    assert all(f"{name}: " in errors for name in names)

    for name in ("editor", *names):
        shutil.copy2(short_clip, machines.folder / f"disk of {name}" / "next.mp4")
    source, output = machines.folder / "disk of editor" / "next.mp4", machines.folder / "out"
    arguments = (source, "-o", output, "--upload", "faults/next/", *FAST, "--json")
    told, status, errors = events(machines.convert(*arguments, roots=lectures("editor", broken)))
    assert (0, "done") == (status, told[-1]["outcome"]), errors


def test_asleep_in_its_upload(machines, sleeper, lectures, put, in_phase, short_clip, queue_server, backend):
    """Also one that wakes up while it sends leaves what the other has published as it is."""
    first = sleeper("alpha", "--limit-rate", "2K", roots=lectures("alpha", short_clip))
    process = put(short_clip, "faults/nap/")
    in_phase("upload")
    first.fall_asleep()
    machines.worker("beta", roots=lectures("beta", short_clip))
    told, status, errors = events(process, SLEEP_S)
    assert (0, "done") == (status, told[-1]["outcome"]), errors
    master = backend.settings.root / "faults" / "nap" / "master.m3u8"
    published_ns = master.stat().st_mtime_ns
    first.wake(SLEEP_S)
    wait_until(lambda: "lost: another machine has it." in first.log.read_text(), "it has not noticed")
    assert published_ns == master.stat().st_mtime_ns
    assert [("alpha", "lost"), ("beta", "done")] == queue_server.execute(ATTEMPTS)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")
def test_a_full_disk(machines, lectures, put, short_clip, queue_server):
    """The machine says so and does not wait for room: another one has it."""
    disk = machines.folder / "alpha" / "data"
    disk.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], check=True)
    try:
        first = machines.worker("alpha", roots=lectures("alpha", short_clip))
        process = put(short_clip, "faults/full/")
        wait_until(lambda: ("alpha", "declined") in queue_server.execute(ATTEMPTS), "it has not declined")
        machines.worker("beta", roots=lectures("beta", short_clip))
        told, status, errors = events(process)
        first.stop()
    finally:
        subprocess.run(["umount", disk], check=True)
    assert (0, "done") == (status, told[-1]["outcome"]), errors
    assert [("alpha", "declined"), ("beta", "done")] == queue_server.execute(ATTEMPTS)
    assert any(re.match("alpha can't do lesson: .* has 0 MB free", line.get("text", "")) for line in told)
