"""What the command line says about an upload while it runs."""

from __future__ import annotations

import argparse
import io
import os
import pty
import queue
import threading
from collections.abc import Iterator

import pytest

from cli import transfer_options
from cli.main import build_parser
from cli.questions import asking, confirm
from cli.transfer_options import (
    ASK,
    SAME,
    TokenKeeper,
    TokenPrompt,
    control_from,
    parallel,
    patience,
    patient,
    rates,
    read_hidden_line,
    token_prompt,
)
from config import BackendApi, Config
from pipeline.cancel import CancelToken

NEW = "new-token-0123456789abcdef"


def test_options_become_a_control():
    """Both commands with an upload have them, with four files at a time and no limit otherwise."""
    parser = build_parser(Config())
    found = control_from(parser.parse_args(["upload", "DIR", "a/", "--parallel", "16", "--limit-rate", "5M"]))
    assert (16, 5 * 1024 * 1024) == (found.parallel, found.limit_bytes_s)
    found = control_from(parser.parse_args(["convert", "a.mp4", "-o", "out", "--upload", "a/"]))
    assert (4, None) == (found.parallel, found.limit_bytes_s)


def test_patience_of_the_command_line_wins():
    """Minutes, for both commands; without the option the settings count."""
    config = Config(backend=BackendApi(patience_s=7.0))
    for command in (["upload", "DIR", "a/"], ["convert", "a.mp4", "-o", "out", "--upload", "a/"]):
        options = build_parser(config).parse_args([*command, "--patience", "2.5"])
        assert 150.0 == patient(config, options).backend.patience_s
        assert 7.0 == patient(config, build_parser(config).parse_args(command)).backend.patience_s


@pytest.mark.parametrize("text", ["", "-1", "long", "1e9", "1m"])
def test_what_is_no_patience(text):
    """A slip of the keyboard does not become a limit."""
    with pytest.raises(argparse.ArgumentTypeError, match="number of minutes such as 10"):
        patience(text)


@pytest.mark.parametrize("text", ["", "fast", "0", "-5M", "5MB", "5 M", "1e6"])
def test_what_is_no_rate(text):
    """A slip of the keyboard does not become a limit."""
    with pytest.raises(argparse.ArgumentTypeError, match="such as 500K or 5M"):
        rates(text)


def test_a_limit_by_the_hour():
    """Each command with an upload takes it, and so does a worker."""
    parser = build_parser(Config())
    text = "08:00,500K 18:00,off"
    for command in (["upload", "DIR", "a/"], ["convert", "a.mp4", "-o", "out"], ["worker"]):
        assert rates(text) == parser.parse_args([*command, "--limit-rate", text]).limit_rate
    assert rates(text) == control_from(parser.parse_args(["upload", "DIR", "a/", "--limit-rate", text])).timetable


@pytest.mark.parametrize("text", ["0", "65", "-1", "four", "٤"])
def test_what_is_no_number_of_files(text):
    """Neither none nor a flood."""
    with pytest.raises(argparse.ArgumentTypeError, match="from 1 to 64"):
        parallel(text)


def prompt(typed: Iterator[str | None], env: Iterator[str], *, terminal: bool = True) -> tuple[str | None, list[str]]:
    """Return the token that comes of it and what was said."""
    said = []
    asking = TokenPrompt(
        refused="old",
        say=said.append,
        read_line=lambda: next(typed),
        token_in_env=lambda: next(env),
        terminal=terminal,
    )
    return asking(), said


@pytest.mark.parametrize(
    ("typed", "env", "expected"),
    [
        ([], [NEW], (NEW, [])),
        ([f" {NEW} \n"], ["old"], (NEW, [ASK])),
        (["\n"], ["old", NEW], (NEW, [ASK])),
        (["\n", NEW], ["old", "old"], (NEW, [ASK, SAME, ASK])),
        (
            ["with space", NEW],
            [""],
            (NEW, [ASK, "Auth token must not contain spaces, line breaks or special characters.", ASK]),
        ),
        ([None], ["old"], (None, [ASK])),
    ],
    ids=["changed in .env", "typed", "changed meanwhile", "not changed", "unusable", "nobody answers"],
)
def test_new_token_at_a_terminal(typed, env, expected):
    """From .env where it has another one, else as typed; asked again until it can be one."""
    assert expected == prompt(iter(typed), iter(env))


def test_without_a_terminal_only_the_file_is_read():
    """Nobody is asked where nobody sits."""
    assert (None, []) == prompt(iter([]), iter(["old"]), terminal=False)
    assert (NEW, []) == prompt(iter([]), iter([NEW]), terminal=False)


def test_token_of_one_job_counts_for_the_next():
    """Who has typed it once is not asked for every video; no answer changes nothing."""
    login = TokenKeeper(Config(backend=BackendApi(url="https://api", token="old")))
    assert login.keeping(lambda: None)() is None
    assert "old" == login.config.backend.token
    assert NEW == login.keeping(lambda: NEW)()
    assert (NEW, "https://api") == (login.config.backend.token, login.config.backend.url)


@pytest.fixture
def terminal(monkeypatch):
    """A terminal as standard input; yields its other end."""
    outer, inner = pty.openpty()
    with os.fdopen(inner, "r") as stdin:
        monkeypatch.setattr(transfer_options.sys, "stdin", stdin)
        yield outer
    os.close(outer)


def test_typed_token_does_not_show(terminal):
    """What is typed comes in and is not echoed; afterwards the terminal shows again what is typed."""
    import termios

    inner = transfer_options.sys.stdin.fileno()
    box: list[str | None] = []
    reader = threading.Thread(target=lambda: box.append(read_hidden_line(CancelToken())))
    reader.start()
    while termios.tcgetattr(inner)[3] & termios.ECHO:
        assert reader.is_alive()
    os.write(terminal, f"{NEW}\n".encode())
    reader.join(60)
    assert [f"{NEW}\n"] == box
    assert termios.tcgetattr(inner)[3] & termios.ECHO
    os.write(terminal, b"x")
    assert NEW.encode() not in os.read(terminal, 1000)


def test_cancel_ends_the_prompt(terminal):
    """Ctrl-C in the middle of a question leaves at once."""
    cancel = CancelToken()
    cancel.cancel()
    assert read_hidden_line(cancel) is None


def test_the_question_of_another_job_comes_first(terminal, monkeypatch):
    """Of a token and of an upload that was cut short one is asked at a time, and has what is typed."""
    monkeypatch.setattr(transfer_options.sys, "stderr", io.StringIO())
    monkeypatch.setattr(transfer_options, "can_ask", lambda: True)
    monkeypatch.setattr(transfer_options.Config, "load", lambda: Config())
    cancel, said, tokens = CancelToken(), queue.SimpleQueue(), []
    ask = token_prompt(Config(backend=BackendApi(token="old")), "lesson", said.put, cancel)
    asker = threading.Thread(target=lambda: tokens.append(ask()))
    with asking(cancel):
        asker.start()
        os.write(terminal, b"y\n")
        assert confirm("Go on?", otherwise=False)
        assert said.empty()
    assert ASK == said.get(timeout=60).text
    os.write(terminal, f"{NEW}\n".encode())
    asker.join(60)
    assert [NEW] == tokens


def test_cancel_ends_the_wait_for_another_question(monkeypatch):
    """A job that is cancelled asks nothing any more."""
    monkeypatch.setattr(transfer_options, "can_ask", lambda: True)
    monkeypatch.setattr(transfer_options.Config, "load", lambda: Config())
    cancel = CancelToken()
    cancel.cancel()
    with asking(CancelToken()):
        assert token_prompt(Config(backend=BackendApi(token="old")), "lesson", lambda event: None, cancel)() is None


def test_a_token_is_asked_for_once_for_jobs_that_run_at_the_same_time():
    """Who comes while another is asked waits for that answer; who is refused with the new token asks again."""
    keeper = TokenKeeper(Config(backend=BackendApi(url="http://b", token="old")))
    asked, answer = threading.Event(), threading.Event()
    questions: list[str] = []

    def slow() -> str:
        questions.append("first")
        asked.set()
        assert answer.wait(60)
        return "new"

    def quick() -> str:
        questions.append("second")
        return "newer"

    first, second = keeper.keeping(slow), keeper.keeping(quick)
    answers: list[str | None] = []
    threads = [threading.Thread(target=lambda: answers.append(first()))]
    threads[0].start()
    assert asked.wait(60)
    threads.append(threading.Thread(target=lambda: answers.append(second())))
    threads[1].start()
    answer.set()
    for thread in threads:
        thread.join(60)
    assert (["new", "new"], ["first"]) == (answers, questions)
    assert ("newer", "newer") == (second(), keeper.config.backend.token)
