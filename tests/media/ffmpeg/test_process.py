"""Starting, watching and ending ffmpeg."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from child_processes import left_behind

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, EncodeError, FfmpegError, ToolError
from pipeline.media.ffmpeg import process

ENDLESS = ("-re", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25", "-f", "null", "-")


ROOT = Path(process.__file__).parents[3]
HANGS_S = 60


def _children() -> list[psutil.Process]:
    return [child for child in left_behind() if "ffmpeg" in child.name()]


def _statuses() -> list[str]:
    return [child.status() for child in _children()]


def test_progress_is_the_output_time(ffmpeg, tmp_path):
    """The last figure is the length of what was made."""
    run = process.run_ffmpeg(
        ffmpeg,
        ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=2", "-f", "null", "-"],
        cwd=tmp_path,
        cancel=CancelToken(),
    )
    assert (2.0, 0) == (pytest.approx(run.out_time_s, abs=0.05), run.error_lines)


def test_what_ffmpeg_says_of_a_failure_is_kept(ffmpeg, tmp_path):
    """The first error is the cause."""
    with pytest.raises(FfmpegError) as failed:
        process.run_ffmpeg(ffmpeg, ["-i", "missing.mp4", "-f", "null", "-"], cwd=tmp_path, cancel=CancelToken())
    assert "No such file" in failed.value.words


def test_cancel_ends_ffmpeg_and_its_threads(ffmpeg, tmp_path):
    """After a cancel nothing is left running."""
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        process.run_ffmpeg(ffmpeg, ENDLESS, cwd=tmp_path, cancel=cancel, on_progress=lambda _: cancel.cancel())
    assert ([], []) == (_children(), [t.name for t in threading.enumerate() if t.name.startswith("ffmpeg")])


def test_ffmpeg_stands_still_and_goes_on(ffmpeg, tmp_path):
    """It is the same process before and after, which goes on where it was."""
    cancel, before, still = CancelToken(), [], []

    def follow(out_time_s: float) -> None:
        if not out_time_s:
            return
        if not before:
            cancel.suspension.set(True)
        before.append(out_time_s)
        if not still and psutil.STATUS_STOPPED in _statuses():
            still.append((out_time_s, _children()))
            cancel.suspension.set(False)
        elif still and out_time_s > still[0][0]:
            still.append((out_time_s, _children()))
            cancel.cancel()

    with pytest.raises(Cancelled):
        process.run_ffmpeg(ffmpeg, ENDLESS, cwd=tmp_path, cancel=cancel, on_progress=follow, limit_s=HANGS_S)
    assert still[0][1] == still[1][1] != []


def test_a_program_that_stands_still_is_ended(ffmpeg, tmp_path):
    """Cancel leaves nothing running, and nothing standing either."""
    cancel = CancelToken()
    cancel.suspension.set(True)

    def cancel_when_still(_: float) -> None:
        if psutil.STATUS_STOPPED in _statuses():
            cancel.cancel()

    with pytest.raises(Cancelled):
        process.run_ffmpeg(ffmpeg, ENDLESS, cwd=tmp_path, cancel=cancel, on_progress=cancel_when_still, limit_s=HANGS_S)
    assert ([], []) == (_children(), left_behind())


def test_a_program_that_will_not_listen_is_killed(tmp_path, monkeypatch):
    """Quit and terminate are ignored by the stand-in; kill is not."""
    monkeypatch.setattr(process, "QUIT_S", 0.1)
    deaf, trapped = tmp_path / "deaf", tmp_path / "trapped"
    deaf.write_text(
        f"#!/bin/sh\ntrap '' TERM INT\ntouch trapped\nexec {sys.executable} -c 'import signal; signal.pause()'\n"
    )
    deaf.chmod(deaf.stat().st_mode | stat.S_IXUSR)
    cancel = CancelToken()

    def cancel_when_deaf(_):
        if trapped.exists():
            cancel.cancel()

    with pytest.raises(Cancelled):
        process.run_ffmpeg(deaf, [], cwd=tmp_path, cancel=cancel, on_progress=cancel_when_deaf)
    assert [] == left_behind()


def test_a_program_that_ends_while_it_is_told_to_is_cancelled(tmp_path):
    """It hears nothing any more, as one that ends by itself at that moment."""
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nexec 0<&-\ntouch closed\nexec sleep 600\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    cancel = CancelToken()

    def cancel_when_closed(_):
        if (tmp_path / "closed").exists():
            cancel.cancel()

    with pytest.raises(Cancelled):
        process.run_ffmpeg(program, [], cwd=tmp_path, cancel=cancel, on_progress=cancel_when_closed)


def test_a_cancelled_job_starts_nothing(tmp_path):
    """Not even a program that would have ended before the first look at it."""
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        process.run_ffmpeg(Path("touch"), ["started"], cwd=tmp_path, cancel=cancel)
    assert [] == list(tmp_path.iterdir())


def test_a_cancel_is_heard_however_soon_ffmpeg_ends(ffmpeg, tmp_path, monkeypatch):
    """Also if it comes between two looks at a program that then ends by itself."""
    cancel = CancelToken()
    started = process._start

    def ends_at_once(*arguments):
        running = started(*arguments)
        running.wait()
        cancel.cancel()
        return running

    monkeypatch.setattr(process, "_start", ends_at_once)
    with pytest.raises(Cancelled):
        process.run_ffmpeg(ffmpeg, ["-version"], cwd=tmp_path, cancel=cancel)


@pytest.fixture
def ended(monkeypatch):
    """Whatever is started has ended before it is looked at for the first time."""
    started = process._start

    def ends(*arguments):
        running = started(*arguments)
        running.wait()
        return running

    monkeypatch.setattr(process, "_start", ends)


SHORT = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=2", "-f", "null", "-")


def test_progress_reaches_the_end_however_soon_ffmpeg_ends(ffmpeg, tmp_path, ended):
    """Whoever listens sees all that was made."""
    told = []
    process.run_ffmpeg(ffmpeg, SHORT, cwd=tmp_path, cancel=CancelToken(), on_progress=told.append)
    assert [pytest.approx(2.0, abs=0.05)] == told


def test_a_cancel_at_the_last_progress_is_heard(ffmpeg, tmp_path, ended):
    """As at any other."""
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        process.run_ffmpeg(ffmpeg, SHORT, cwd=tmp_path, cancel=cancel, on_progress=lambda _: cancel.cancel())


def test_an_ffmpeg_that_is_no_program_is_a_sentence(tmp_path):
    """A wrong FFMPEG_PATH is named."""
    with pytest.raises(ToolError, match="FFMPEG_PATH names"):
        process.find_ffmpeg(str(tmp_path / "nowhere"))


def test_the_configured_ffmpeg_wins(ffmpeg):
    """FFMPEG_PATH comes before the wheel's."""
    assert ffmpeg == process.find_ffmpeg(str(ffmpeg))


def test_the_printed_command_can_be_pasted():
    """Spaces and quotes are quoted for a shell."""
    assert "ffmpeg -i 'a b.mp4'" == process.printable(["ffmpeg", "-i", "a b.mp4"])


def test_the_version_is_ffmpegs_own_line(ffmpeg):
    """It begins with the program's name."""
    assert "ffmpeg version" == process.ffmpeg_version(ffmpeg)[:14]


def test_the_version_is_asked_once_while_the_program_stays_the_same(tmp_path):
    """Each chunk of an encode wants to know it; another program at the same path is asked."""
    program, starts = tmp_path / "ffmpeg", tmp_path / "starts"
    said = []
    for version in ("1", "1", "22"):
        script = f"#!/bin/sh\necho >> '{starts}'\necho ffmpeg version {version}\n"
        if not program.exists() or program.read_text() != script:
            program.write_text(script)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        said.append(process.ffmpeg_version(program))
    assert (["ffmpeg version 1", "ffmpeg version 1", "ffmpeg version 22"], 2) == (said, starts.read_text().count("\n"))
    program.unlink()
    with pytest.raises(ToolError, match="does not run"):
        process.ffmpeg_version(program)


def test_a_program_that_never_answers_is_ended(ffmpeg, tmp_path):
    """After the limit it is over for it, and nothing is left running."""
    with pytest.raises(EncodeError, match=r"no answer within 0\.3 seconds"):
        process.run_ffmpeg(ffmpeg, ENDLESS, cwd=tmp_path, cancel=CancelToken(), limit_s=0.3)
    assert [] == _children()


def _gone(one: psutil.Process) -> bool:
    """Whether a program has ended, also where nobody takes note of it."""
    try:
        return not one.is_running() or one.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("stands_still", [False, True], ids=["running", "standing still"])
def test_ffmpeg_ends_with_a_program_that_is_killed(ffmpeg, tmp_path, stands_still):
    """kill -9 leaves nothing running, though nobody is left to end it; ffmpeg was started from a thread,
    as chunks are. One that stands still ends, too.
    """
    code = (
        "import sys, threading; from pathlib import Path; from pipeline.cancel import CancelToken;"
        "from pipeline.media.ffmpeg.process import run_ffmpeg;"
        "cancel = CancelToken();"
        "run = lambda: run_ffmpeg(Path(sys.argv[1]), sys.argv[2:], cwd=Path('.'), cancel=cancel,"
        f" on_progress=lambda s: s and (print('running', flush=True), cancel.suspension.set({stands_still})));"
        "threading.Thread(target=run).start()"
    )
    command = [sys.executable, "-c", code, str(ffmpeg), *ENDLESS]
    with subprocess.Popen(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE) as program:
        assert b"running\n" == program.stdout.readline()
        left = psutil.Process(program.pid).children(recursive=True)
        names = [one.name() for one in left]
        waiting = threading.Event()
        for _ in range(HANGS_S * 100):
            if stands_still is (psutil.STATUS_STOPPED in [one.status() for one in left]):
                break
            waiting.wait(0.01)
        still = psutil.STATUS_STOPPED in [one.status() for one in left]
        program.kill()
    for _ in range(HANGS_S * 100):
        if all(_gone(one) for one in left):
            break
        waiting.wait(0.01)
    assert (True, stands_still, []) == (
        any("ffmpeg" in name for name in names),
        still,
        [one for one in left if not _gone(one)],
    )
