"""What nobody foresaw is one sentence for people and a traceback in the log."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from cli import main
from cli.main import Command, run_command
from config import BackendApi, Config
from diagnostics import crash_log

ROOT = Path(__file__).resolve().parents[2]
SENTENCE = "hls-converter: Something unexpected went wrong (ValueError: {}). Please try again.\n"
FAILING = """
import ctypes, sys, threading
from pathlib import Path
from diagnostics import crash_log
crash_log.begin(Path(sys.argv[1]) if sys.argv[1] else None)
crash_log.hide("a-very-secret-token")

def fail(text):
    raise ValueError(text)

class Dropped:
    def __del__(self):
        fail("at its end")

in_thread = threading.Thread(target=fail, args=("in a thread: Bearer a-very-secret-token",))
in_thread.start()
in_thread.join()
Dropped()
if sys.argv[2:] == ["break"]:
    ctypes.string_at(0)
fail("https://store.example.com/a.ts?X-Amz-Signature=b1946ac9")
"""


def started(*arguments):
    """Run a program that makes three mistakes, or breaks down before the last."""
    return subprocess.run(
        [sys.executable, "-c", FAILING, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_each_mistake_is_a_sentence_and_an_entry(tmp_path):
    """Whatever thread it comes from; the terminal shows no traceback, and the log no token and no URL's query."""
    done = started(tmp_path / "log")
    log = (tmp_path / "log" / crash_log.LOG_FILE).read_text(encoding="utf-8")
    details = f"hls-converter: The details are in {tmp_path / 'log' / crash_log.LOG_FILE}.\n"
    in_thread, at_the_end = (line for line in done.stderr.splitlines(keepends=True) if "unexpected" in line)
    assert SENTENCE.format("in a thread: Bearer ***") == in_thread
    assert SENTENCE.format("https://store.example.com/a.ts?…") == at_the_end
    assert in_thread + details + at_the_end + details == done.stderr
    assert (1, 3) == (done.returncode, log.count("Traceback (most recent call last)"))
    assert "ValueError: in a thread: Bearer ***" in log
    assert "ValueError: at its end" in log
    assert [] == [secret for secret in ("very-secret", "b1946ac9") if secret in log]


def test_a_breakdown_of_the_process_is_kept(tmp_path):
    """Python's own report of it is in a file beside the log."""
    done = started(tmp_path, "break")
    assert done.returncode not in (0, 1)
    assert "Fatal" in (tmp_path / crash_log.CRASH_FILE).read_text()
    assert "Fatal" not in done.stderr


@pytest.mark.parametrize("there", ["nothing", "a file"])
def test_a_log_that_can_not_be_written_stops_nothing(tmp_path, there):
    """The sentence is said all the same, and nothing else."""
    (tmp_path / "file").write_text("mine")
    done = started("" if there == "nothing" else tmp_path / "file" / "log")
    assert 2 == done.stderr.count("Something unexpected")
    assert "Traceback" not in done.stderr
    assert "mine" == (tmp_path / "file").read_text()


def test_a_full_log_begins_anew(tmp_path, monkeypatch):
    """Some of the earlier ones are kept; another process's are gone on with."""
    monkeypatch.setattr(crash_log, "MAX_BYTES", 2000)
    handler = crash_log.file_handler(tmp_path / "log" / crash_log.LOG_FILE)
    for number in range(100):
        handler.handle(logging.LogRecord("test", logging.ERROR, "", 1, f"{number:03} {'x' * 100}", None, None))
    files = sorted(path.name for path in (tmp_path / "log").iterdir())
    assert [crash_log.LOG_FILE, *(f"{crash_log.LOG_FILE}.{number}" for number in (1, 2, 3))] == files
    assert "099" in (tmp_path / "log" / crash_log.LOG_FILE).read_text()


def test_a_command_that_breaks_down(monkeypatch, capsys, caplog):
    """It ends as failed with a sentence, and the log has the traceback."""

    def broken(_options, _config):
        raise ZeroDivisionError("division by zero")

    command = Command(module="tests.diagnostics.stand_in", help="breaks down")
    monkeypatch.setattr(main, "COMMANDS", {"broken": command})
    monkeypatch.setitem(sys.modules, command.module, type("StandIn", (), {"run": staticmethod(broken)}))
    assert 1 == run_command(["broken"], Config(backend=BackendApi(token="t" * 20)))
    sentence = "Something unexpected went wrong (ZeroDivisionError: division by zero). Please try again."
    assert f"hls-converter: {sentence}\n" == capsys.readouterr().err
    assert "Traceback" in caplog.text
