"""The command line at a terminal: bars that are drawn, and a question that is answered."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from source_clips import truncated_mp4
from store_server import TOKEN, running_server

from config import BackendApi, Config

ROOT = Path(__file__).resolve().parents[2]


LOOKS, LOOK_S = 1200, 0.05


def _at_a_terminal(
    arguments: list[str], answers: dict[bytes, bytes], environment: dict[str, str], *, hidden: bool = False
) -> tuple[int, str]:
    """Run the program on a pseudo-terminal, answering what it asks; return exit status and what was shown.

    `hidden` answers are typed once the terminal shows no more what is typed, as people do who see the program wait.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "hls_converter.py"), *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    shown = b""
    while select.select([ours], [], [], 300)[0]:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux reports the other end's closing as an error
            break
        if not piece:
            break
        shown += piece
        for question in [q for q in answers if q in shown]:
            if hidden:
                _wait_until_hidden(ours)
            os.write(ours, answers.pop(question))
    os.close(ours)
    return process.wait(timeout=300), shown.decode()


def _wait_until_hidden(terminal: int) -> None:
    """Return when what is typed is not shown; after a while anyway, for the test to see it."""
    for _ in range(LOOKS):
        if not termios.tcgetattr(terminal)[3] & termios.ECHO:
            break
        select.select([], [], [], LOOK_S)


def _environment(config) -> dict[str, str]:
    backend = {"BACKEND_URL": config.backend.url, "AUTH_TOKEN": config.backend.token}
    return {**os.environ, **backend, "TERM": "xterm-256color", "COLUMNS": "100"}


def _folder(place: Path, count: int) -> Path:
    folder = place / "stream"
    folder.mkdir()
    for number in range(count):
        (folder / f"seg_{number:03d}.ts").write_bytes(b"x" * 1000)
    (folder / "master.m3u8").write_text("#EXTM3U\n")
    return folder


def test_a_terminal_gets_bars(tmp_path, backend_config):
    """Overall and upload, at a hundred percent in the end."""
    status, shown = _at_a_terminal(
        ["upload", str(_folder(tmp_path, 5)), "tests/terminal/"], {}, _environment(backend_config)
    )
    assert (0, True, True, True) == (status, "Overall" in shown, "100%" in shown, "Upload complete!" in shown)


def test_a_failure_is_told_once(tmp_path):
    """Bars and last lines say that it failed; why is a sentence on standard error."""
    clip = truncated_mp4(tmp_path)
    status, shown = _at_a_terminal(
        ["convert", str(clip), "-o", str(tmp_path / "out")], {}, {**os.environ, "COLUMNS": "200"}
    )
    assert (1, 1) == (status, shown.count("ends early"))


@pytest.mark.parametrize(
    ("answer", "status", "sent"),
    [(b"\n", 0, 1), (b"n\n", 0, 6), (b"\x04", 130, 0)],
    ids=["Enter resumes", "no sends all again", "Ctrl-D answers nothing"],
)
def test_an_unfinished_upload_is_asked_about(tmp_path, answer, status, sent):
    """The question of the window, at a terminal."""
    folder = _folder(tmp_path, 5)
    with running_server() as server:
        environment = _environment(Config(backend=BackendApi(url=server.url, token=TOKEN)))
        assert 0 == _at_a_terminal(["upload", str(folder), "tests/asked/"], {}, environment)[0]
        journal = folder / ".upload_journal.jsonl"
        *lines, master = journal.read_text().splitlines(keepends=True)
        assert "master.m3u8" in master
        journal.write_text("".join(lines[:-1]))  # as a kill before the last segment leaves it
        media = [name for name in server.puts() if not name.endswith("manifest.json")]
        ended, shown = _at_a_terminal(["upload", str(folder), "tests/asked/"], {b"[Y/n]": answer}, environment)
        again = [name for name in server.puts() if not name.endswith("manifest.json")]
    assert (status, True) == (ended, "Previous upload incomplete. Resume? (4/6 files uploaded)" in shown)
    assert sent == len(again) - len(media)


def test_a_published_folder_that_has_changed_is_not_asked_about(tmp_path, backend_config):
    """Nothing is incomplete: what is new is sent."""
    folder = _folder(tmp_path, 5)
    environment = _environment(backend_config)
    assert 0 == _at_a_terminal(["upload", str(folder), "tests/changed/"], {}, environment)[0]
    (folder / "late.ts").write_bytes(b"new")
    status, shown = _at_a_terminal(["upload", str(folder), "tests/changed/"], {}, environment)
    assert (0, False, True) == (status, "incomplete" in shown, "Upload complete!" in shown)


def test_a_token_that_is_refused_in_the_middle_is_asked_for(tmp_path):
    """The upload waits for it, shows nothing of what is typed, goes on where it was and ends well;
    nothing is sent twice.
    """
    folder, new = _folder(tmp_path, 20), "a-new-token-0123456789abcdef"
    with running_server() as server:

        def expire(key: str) -> None:
            if len(server.stored) >= 5:
                server.token = new

        server.on_stored = expire
        environment = _environment(Config(backend=BackendApi(url=server.url, token=TOKEN)))
        arguments = ["upload", str(folder), "tests/refused/", "--parallel", "2"]
        status, shown = _at_a_terminal(
            arguments, {b"Type or paste a new token": f"{new}\n".encode()}, environment, hidden=True
        )
        sent = server.puts()
    assert (0, True, True) == (status, "the upload waits for a new one" in shown, "Upload complete!" in shown)
    assert (1, False, False) == (shown.count("Type or paste a new token"), new in shown, TOKEN in shown)
    names = [*(p.name for p in folder.glob("*.ts")), "master.m3u8", "manifest.json"]
    assert sorted(f"tests/refused/{name}" for name in names) == sorted(sent)
