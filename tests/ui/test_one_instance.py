"""One window for each user: who is the first, and how the others hand their files over."""

from __future__ import annotations

import os
import queue
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ui import one_instance
from ui.one_instance import FirstWindow, first_window

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 60.0
FIRST = """
import sys, threading
from pathlib import Path
from ui.one_instance import first_window
first = first_window(Path(sys.argv[1]), [])
first.listen(lambda files: print(*files, flush=True))
print("listens", flush=True)
threading.Event().wait()
"""


@pytest.fixture
def first(tmp_path):
    """The first window of a user, which has a queue of what was handed to it."""
    window = first_window(tmp_path, [])
    window.taken = queue.SimpleQueue()
    window.listen(window.taken.put)
    yield window
    window.close()


def test_a_second_start_hands_its_files_over(first, tmp_path, monkeypatch):
    """Also none, and names that are no UTF-8; the paths are absolute, and the second start has nothing more to do."""
    monkeypatch.chdir(tmp_path)
    odd = Path(b"/videos/caf\xe9.mp4".decode(errors="surrogateescape"))
    assert None is first_window(tmp_path, [Path("lesson 1.mp4"), odd], patience_s=DEADLINE_S)
    assert None is first_window(tmp_path, [], patience_s=DEADLINE_S)
    assert (tmp_path / "lesson 1.mp4", odd) == first.taken.get(timeout=DEADLINE_S)
    assert () == first.taken.get(timeout=DEADLINE_S)


def test_several_starts_at_once(first, tmp_path):
    """All of them are heard."""
    files = [Path(f"/videos/{number}.mp4") for number in range(8)]
    patient = {"patience_s": DEADLINE_S}
    starts = [threading.Thread(target=first_window, args=(tmp_path, [file]), kwargs=patient) for file in files]
    for start in starts:
        start.start()
    taken = {first.taken.get(timeout=DEADLINE_S) for _ in files}
    for start in starts:
        start.join()
    assert {(file,) for file in files} == taken


def test_when_the_first_is_closed_the_next_is_the_first(first, tmp_path):
    """Nothing is left of it."""
    first.close()
    assert [] == list(tmp_path.iterdir())
    second = first_window(tmp_path, [])
    assert isinstance(second, FirstWindow)
    second.close()


def test_a_killed_window_is_in_nobodys_way(tmp_path):
    """What it leaves behind names an address at which nobody listens; the next start is the first again."""
    with subprocess.Popen([sys.executable, "-c", FIRST, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True) as one:
        assert "listens\n" == one.stdout.readline()
        assert None is first_window(tmp_path, [Path("/a.mp4")], patience_s=DEADLINE_S)
        assert "/a.mp4\n" == one.stdout.readline()
        one.send_signal(signal.SIGKILL)
    assert {".lock", ".json", ".sock"} >= {path.suffix for path in tmp_path.iterdir()}
    second = first_window(tmp_path, [])
    second.listen(lambda files: None)
    assert None is first_window(tmp_path, [], patience_s=DEADLINE_S)
    second.close()


def test_a_killed_window_leaves_no_temporary_folder():
    """The next start takes the place of its socket, and in the end nothing is left."""
    with TemporaryDirectory(prefix="hls") as name:  # short enough for a socket
        data, temporary = Path(name, "data"), Path(name, "temporary")
        data.mkdir()
        temporary.mkdir()
        environment = {**os.environ, "TMPDIR": str(temporary)}
        command = [sys.executable, "-c", FIRST, str(data)]
        for _ in range(2):
            with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as one:
                assert "listens\n" == one.stdout.readline()
                assert None is first_window(data, [], patience_s=DEADLINE_S)
                one.send_signal(signal.SIGKILL)
            assert [] == list(temporary.iterdir())
        last = first_window(data, [])
        last.listen(lambda files: None)
        last.close()
        assert [] == list(data.iterdir())


@pytest.mark.parametrize("text", ["", "{}", '{"schema": 1, "address": "/nowhere", "key": "00"}'])
def test_a_window_that_does_not_answer(first, tmp_path, text):
    """A second one opens: better than none. The first is not harmed."""
    (address,) = tmp_path.glob("window-*.json")
    kept = address.read_text()
    address.write_text(text)
    second = first_window(tmp_path, [], patience_s=0.2)
    assert isinstance(second, FirstWindow)
    second.listen(lambda files: None)
    second.close()
    address.write_text(kept)
    assert None is first_window(tmp_path, [], patience_s=DEADLINE_S)


def test_only_the_user_can_read_where_it_listens(first, tmp_path):
    """Another user of the computer has another folder, and neither the key nor the right to read this one's."""
    (address,) = tmp_path.glob("window-*.json")
    assert 0o600 == stat.S_IMODE(address.stat().st_mode)
    socket = Path(one_instance.json.loads(address.read_text())["address"])
    assert 0 == 0o077 & (stat.S_IMODE(socket.parent.stat().st_mode) & stat.S_IMODE(socket.stat().st_mode))
    other = first_window(tmp_path / "another user", [])
    assert isinstance(other, FirstWindow)
    other.close()


def test_a_folder_that_can_not_be_written(tmp_path):
    """The window opens all the same, and so does the next."""
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "data", None):
        window = first_window(folder, [])
        window.listen(lambda files: None)
        window.close()
        assert isinstance(window, FirstWindow)


def test_closing_does_not_wait_for_a_thread_that_has_ended(tmp_path, monkeypatch):
    """Nobody answers then, and the window closes all the same."""
    heard = []

    class LastWords(one_instance.Listener):
        """Is followed by the end of the thread, however early or late that looks whether the window is closed."""

        def accept(self):
            connection = super().accept()
            heard.append(connection)
            return connection

    monkeypatch.setattr(one_instance, "Listener", LastWords)
    window = first_window(tmp_path, [])
    monkeypatch.setattr(window._closed, "is_set", lambda: bool(heard))
    window.listen(lambda files: None)
    one_instance._knock(str(window._listener.address), window._key)
    window._thread.join(DEADLINE_S)
    closing = threading.Thread(target=window.close)
    closing.start()
    closing.join(DEADLINE_S)
    assert (1, False) == (len(heard), closing.is_alive())
