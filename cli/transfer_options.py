"""What the command line says about an upload while it runs: how wide, how fast, and who has a new token."""

from __future__ import annotations

import argparse
import math
import re
import select
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from cli.questions import asking, can_ask
from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled
from pipeline.events import LogLevel, LogLine, Sink
from pipeline.transfer.http.control import PARALLEL, TransferControl
from pipeline.transfer.http.timetable import RateTimetable, read_timetable
from pipeline.transfer.http.validation import token_problems

MOST_PARALLEL = 64
LOOK_S = 0.2
"""How often the prompt looks whether the job was cancelled, in seconds."""

ASK = "Type or paste a new token and press Enter; Enter alone reads .env again."
SAME = "The token in .env is still the one that was refused."


def add_replace(parser: argparse.ArgumentParser) -> None:
    """Add the option that lets another video's stream be replaced."""
    parser.add_argument("--replace", action="store_true", help="replace another video that is at the destination")


def add_record(parser: argparse.ArgumentParser) -> None:
    """Add the options of what follows an upload."""
    parser.add_argument("--session-id", default="", metavar="ID", help="the session that the file record belongs to")
    parser.add_argument(
        "--delete-local", action="store_true", help="delete the local media when every file is confirmed"
    )


def add_again(parser: argparse.ArgumentParser, *, fresh: str) -> None:
    """Add the options that say what to do with an upload that was cut short."""
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with an upload that was not finished")
    again.add_argument("--fresh", action="store_true", help=fresh)


def add_transfer_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command with an upload has."""
    parser.add_argument(
        "--parallel",
        type=parallel,
        default=PARALLEL,
        metavar="N",
        help="how many files to upload at a time (default: %(default)s)",
    )
    parser.add_argument(
        "--limit-rate",
        type=rates,
        metavar="RATE",
        help=(
            "the most bytes a second to upload, or to fetch of a video, such as 500K or 5M, or by the hour such as "
            "'08:00,500K 18:00,off' (default: no limit)"
        ),
    )
    parser.add_argument(
        "--patience",
        type=patience,
        metavar="MINUTES",
        help=(
            "how long to wait for a server in trouble without anything getting through "
            "(default: UPLOAD_PATIENCE_MINUTES, 10)"
        ),
    )


def patience(text: str) -> float:
    """Read minutes and return seconds. Raises ArgumentTypeError."""
    if re.fullmatch(r"\d{1,6}(\.\d+)?", text, re.ASCII):
        return float(text) * 60
    raise argparse.ArgumentTypeError(f"takes a number of minutes such as 10, not {text!r}")


def patient(config: Config, options: argparse.Namespace) -> Config:
    """Return the settings with what the options say about waiting."""
    if options.patience is None:
        return config
    return replace(config, backend=replace(config.backend, patience_s=options.patience))


def parallel(text: str) -> int:
    """Read a number of files at a time. Raises ArgumentTypeError."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_PARALLEL:
        return int(text)
    raise argparse.ArgumentTypeError(f"takes a number from 1 to {MOST_PARALLEL}, not {text!r}")


def rates(text: str) -> RateTimetable:
    """Read a rate, or those of several hours. Raises ArgumentTypeError."""
    try:
        return read_timetable(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def control_from(options: argparse.Namespace, *, away_s: float = math.inf) -> TransferControl:
    """Return what the options say; `away_s` is how long a server that is gone is waited for, in seconds."""
    return TransferControl(parallel=options.parallel, timetable=options.limit_rate, away_s=away_s)


@dataclass(frozen=True, kw_only=True)
class TokenPrompt:
    """Asks for a new token at a terminal, without showing it; where there is none, .env may have one meanwhile.

    `read_line` returns what was typed, None where nobody can answer any more. `turn` is the block in which nothing else
    is asked.
    """

    refused: str
    say: Callable[[str], None]
    read_line: Callable[[], str | None]
    token_in_env: Callable[[], str]
    terminal: bool
    turn: Callable[[], AbstractContextManager[None]] = nullcontext

    def __call__(self) -> str | None:
        """Return a token, or None when nobody has one. Raises what `turn` raises."""
        token = self._from_env()
        if token is None and self.terminal:
            with self.turn():
                token = self._ask()
        return token

    def _ask(self) -> str | None:
        token = None
        while token is None:
            self.say(ASK)
            typed = self.read_line()
            if typed is None:
                return None
            typed = typed.strip()
            problems = token_problems(typed) if typed else []
            token = self._from_env() if not typed else None if problems else typed
            for problem in [one.text for one in problems] or ([SAME] if token is None else []):
                self.say(problem)
        return token

    def _from_env(self) -> str | None:
        token = self.token_in_env()
        return token if token and token != self.refused else None


def token_prompt(config: Config, job: str, say: Sink, cancel: CancelToken) -> Callable[[], str | None]:
    """Return what asks for a new token each time one is refused; `job` is whose upload waits for it."""
    refused = config.backend.token

    def ask() -> str | None:
        nonlocal refused
        prompt = TokenPrompt(
            refused=refused,
            say=lambda text: say(LogLine(job=job, text=text, level=LogLevel.WARNING)),
            read_line=lambda: read_hidden_line(cancel),
            token_in_env=lambda: Config.load().backend.token,
            terminal=can_ask(),
            turn=lambda: asking(cancel),
        )
        try:
            token = prompt()
        except Cancelled:
            return None
        refused = token or refused
        return token

    return ask


class TokenKeeper:
    """The configuration of several jobs: a token that was asked for in one counts for all. One asks at a time."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._lock = threading.Lock()

    def keeping(self, ask: Callable[[], str | None]) -> Callable[[], str | None]:
        """Return a question whose answer is kept."""
        known = self.config.backend.token

        def ask_and_keep() -> str | None:
            nonlocal known
            with self._lock:
                token: str | None = self.config.backend.token
                if token == known:  # nobody else was asked meanwhile
                    token = ask()
                if token:
                    known = token
                    self.config = replace(self.config, backend=replace(self.config.backend, token=token))
            return token

        return ask_and_keep


if sys.platform == "win32":
    import msvcrt
    import time

    def read_hidden_line(cancel: CancelToken) -> str | None:
        """Read a line from the terminal without showing it; None when the job is cancelled."""
        typed = ""
        while not cancel.cancelled:
            if not msvcrt.kbhit():
                time.sleep(LOOK_S)
                continue
            key = msvcrt.getwch()
            if key in "\r\n":
                return typed
            typed = typed[:-1] if key == "\b" else typed + key
        return None
else:
    import termios

    def read_hidden_line(cancel: CancelToken) -> str | None:
        """Read a line from the terminal without showing it; None at its end, or when the job is cancelled."""
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        hidden = termios.tcgetattr(terminal)
        hidden[3] &= ~termios.ECHO
        try:
            termios.tcsetattr(terminal, termios.TCSADRAIN, hidden)
            while not cancel.cancelled:
                if select.select([terminal], [], [], LOOK_S)[0]:
                    return sys.stdin.readline() or None
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        return None
