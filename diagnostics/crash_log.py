"""The log of what nobody foresaw: each with its traceback, in the folder where the system keeps logs.

Owns the process's outermost hooks for exceptions. Knows neither window nor command line: `tell_with` is how they hear
of a mistake in another thread.
"""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

LOG_FILE = "hls-converter.log"
CRASH_FILE = "crash.txt"
"""What Python writes when the process itself breaks down, in a library for example."""

MAX_BYTES = 1 << 20
EARLIER_LOGS = 3
"""How many full logs are kept beside the current one."""

FORMAT = "%(asctime)s  %(process)d  %(levelname)s  %(name)s: %(message)s"

_logger = logging.getLogger(__name__)


@dataclass
class _Process:
    """What is known in this process; `crash_file` must stay open until it ends, for faulthandler writes to it."""

    log: Path | None = None
    crash_file: BinaryIO | None = None
    hidden: set[str] = field(default_factory=set)
    tell: Callable[[str], None] | None = None


_process = _Process()


def begin(folder: Path | None) -> None:
    """Keep a log in a folder from now on, and catch what no other code catches; None keeps nothing but catches it.

    A log that can't be written stops nothing, and nobody is told of it.
    """
    _process.log = None if folder is None else folder / LOG_FILE
    logging.getLogger().addHandler(logging.NullHandler() if _process.log is None else file_handler(_process.log))
    if folder is not None:
        _catch_breakdowns(folder / CRASH_FILE)
    sys.excepthook = _told_at_the_end
    threading.excepthook = _told_in_a_thread
    sys.unraisablehook = _logged_only


def hide(*secrets: str) -> None:
    """Take these texts out of whatever is logged from now on."""
    _process.hidden.update(filter(None, secrets))


def tell_with(tell: Callable[[str], None]) -> None:
    """Hand each sentence about a mistake in another thread to `tell`, in that thread; until then it is written to
    standard error.
    """
    _process.tell = tell


def sentence_of(error: BaseException) -> str:
    """Log an error with its traceback and return the sentence about it."""
    _logger.error("unexpected error", exc_info=error)
    told = _without_secrets(f"{type(error).__name__}: {error}")
    return f"Something unexpected went wrong ({told}). Please try again."


def terminal_sentences(error: BaseException) -> tuple[str, ...]:
    """Log an error with its traceback and return what is said of it on a terminal."""
    sentence = sentence_of(error)
    return (sentence,) if _process.log is None else (sentence, f"The details are in {_process.log}.")


class _SharedLog(logging.handlers.RotatingFileHandler):
    """A log of several processes: open only while a line is written, so that each of them can begin the next file."""

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        self.close_stream()

    def close_stream(self) -> None:
        stream = self.stream
        self.stream = None  # as the standard library does with delay=True
        if stream is not None:
            with suppress(OSError):
                stream.close()

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # logging's name
        """Leave a line out that can't be written: the standard library would write a traceback to standard error."""


class _WithoutSecrets(logging.Formatter):
    """Lines as they may be sent to somebody."""

    def format(self, record: logging.LogRecord) -> str:
        return _without_secrets(super().format(record))


def _without_secrets(text: str) -> str:
    from pipeline.transfer.http.redaction import redact  # only when there is something to log

    return redact(text, sorted(_process.hidden, key=len, reverse=True))


def file_handler(path: Path) -> logging.Handler:
    """Return what writes warnings and errors to a log, without secrets, and begins a new one when that is full."""
    handler = _SharedLog(
        path, maxBytes=MAX_BYTES, backupCount=EARLIER_LOGS, encoding="utf-8", delay=True, errors="backslashreplace"
    )
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_WithoutSecrets(FORMAT))
    return handler


def _catch_breakdowns(path: Path) -> None:
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            path.unlink()
        _process.crash_file = path.open("ab")
        faulthandler.enable(_process.crash_file)


def _write_to_terminal(sentences: Sequence[str]) -> None:
    if sys.stderr is not None:  # a program without a console has none
        with suppress(OSError, ValueError):
            sys.stderr.writelines(f"hls-converter: {sentence}\n" for sentence in sentences)


def _told_at_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        _write_to_terminal(terminal_sentences(error.with_traceback(trace)))


def _told_in_a_thread(args: threading.ExceptHookArgs) -> None:
    error = args.exc_value
    if error is None or isinstance(error, SystemExit):
        return
    if _process.tell is None:
        _write_to_terminal(terminal_sentences(error))
    else:
        _process.tell(sentence_of(error))


def _logged_only(unraisable: sys.UnraisableHookArgs) -> None:
    """Log what a destructor or a callback of C code has raised: nobody waits for its result."""
    if unraisable.exc_value is not None:
        _logger.error("unexpected error in %r", unraisable.object, exc_info=unraisable.exc_value)
