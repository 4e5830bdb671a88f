"""The connection to the queue's PostgreSQL: opened when first needed and again when it broke. Knows nothing of jobs."""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from pipeline.cancel import CancelToken
from pipeline.engines.procrastinate.connection_errors import is_refusal, reason_and_advice
from pipeline.errors import PipelineError, Problem, Setting, SettingsError, UnreachableError

EXAMPLE = "postgresql://user@host/database"

ESCAPED = "in its user and password, write an @ as %40 and a / as %2F."
"""As they are, they end the user or the password, and the rest is read as host, port and database."""

ADDRESS = re.compile(r"postgres(?:ql)?://(?:[^@/]*@)?(?P<rest>.*)", re.DOTALL)
"""An address as libpq reads it. With an @ or / in the password there is an @ in the rest, and parts of the password are
read as host, port, database or parameters, which must not be shown.
"""

CONNECT_S = 10
"""How long a server may take to accept a connection, in seconds."""

ANSWER_S = 15.0
"""How long a server may take to answer, in seconds: where a network drops packets, nothing else ends a wait."""

PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
"""Between two tries to reach the queue, in seconds."""

NAME = "hls-converter"

T = TypeVar("T")


class QueueError(PipelineError):
    """The queue can't do what it was asked for."""


class QueueUnreachableError(QueueError, UnreachableError):
    """The queue's server can't be reached now."""


class QueueRefusesError(QueueUnreachableError):
    """The queue's server refuses the login, or the address is wrong: somebody has to change that."""


class NotPermittedError(QueueError):
    """The queue does not permit this to the machine's database user: another machine's may have the right."""


class UnstorableError(QueueError):
    """The queue's database can't store a value, and never will."""


class Database:
    """One connection, which threads use in turn.

    `place` names the server in messages, without a password. `earlier_key` is a hash of server, port and database name
    as they are written, with which earlier versions named the folder of a queue.

    Raises SettingsError for an address that can't be understood.
    """

    def __init__(self, url: str, *, answer_s: float = ANSWER_S) -> None:
        self.place = place_of(url)
        self.earlier_key = _earlier_key_of(url)
        self._url = url
        self._answer_s = answer_s
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[TupleRow] | None = None

    @contextlib.contextmanager
    def transaction(self, *, more_s: float = 0.0) -> Iterator[psycopg.Cursor[TupleRow]]:
        """Run the block as one transaction; it may take `more_s` seconds longer than usual.

        Raises QueueUnreachableError, NotPermittedError, UnstorableError, SettingsError, QueueError; for a conflict
        with other rows, psycopg's IntegrityError.
        """
        with self._lock:
            try:
                connection = self._connected()
                limit_s = self._answer_s + more_s
                with _in_time(connection, limit_s), connection.transaction(), connection.cursor() as cursor:
                    yield cursor
            except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError) as error:
                # an internal error is, for one, a server that takes no changes while another takes its place
                self._drop()
                raise self._unreachable(error) from error
            except psycopg.errors.InsufficientPrivilege as error:
                text = f"The queue at {self.place} does not permit this to your database user: as its owner, run"
                raise NotPermittedError(f"{text} `hls-converter cluster init --grant USER`.") from error
            except psycopg.DataError as error:
                text = f"The queue at {self.place} can't store what it was sent ({_first_line(error)})."
                raise UnstorableError(text) from error
            except psycopg.errors.UndefinedTable as error:
                raise not_set_up(self.place) from error
            except (psycopg.ProgrammingError, psycopg.NotSupportedError) as error:
                text = f"The queue at {self.place} can't do what it was asked for ({_first_line(error)}): as its owner,"
                raise QueueError(f"{text} run `hls-converter cluster init` of the newest version.") from error

    def wait_for_notification(self, channel: str, wait_s: float) -> bool:
        """Wait for a notification on a channel (NOTIFY), at most `wait_s` seconds; return whether one came.

        The first time, and after the connection broke, it returns True at once: earlier news is in the tables.
        Raises QueueUnreachableError.
        """
        with self._lock:
            try:
                if self._connection is None or self._connection.closed:
                    connection = self._connected()
                    with _in_time(connection, self._answer_s):
                        connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
                    return True
                notifications = list(self._connection.notifies(timeout=wait_s, stop_after=1))
            except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError) as error:
                self._drop()
                raise self._unreachable(error) from error
            return bool(notifications)

    def close(self) -> None:
        """End the connection, if there is one."""
        with self._lock:
            self._drop()

    def _connected(self) -> psycopg.Connection[TupleRow]:
        if self._connection is None or self._connection.closed:
            # TCP keepalives: the system finds out that the server's machine is gone
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_S,
                application_name=NAME,
                keepalives_idle=10,
                keepalives_interval=5,
                keepalives_count=3,
            )
            # without it, a network failure in a transaction leaves its locks until the server's TCP gives up, in hours
            with _in_time(self._connection, self._answer_s):
                self._connection.execute(
                    "SELECT set_config('idle_in_transaction_session_timeout', %s, false)",
                    (f"{round(self._answer_s * 1000)}ms",),
                )
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _unreachable(self, error: psycopg.Error) -> QueueUnreachableError:
        kind = QueueRefusesError if is_refusal(error) else QueueUnreachableError
        return kind(f"The queue at {self.place} can't be reached {reason_and_advice(error)}.")


def until_reached(ask: Callable[[], T], cancel: CancelToken) -> T:
    """Return what `ask` returns once the queue can be reached. Raises Cancelled, and what else `ask` raises."""
    pause_s = PAUSE_S
    while True:
        try:
            return ask()
        except QueueUnreachableError:
            cancel.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def place_of(url: str) -> str:
    """Return host, port where one is given, and database of an address, without a password. Raises SettingsError."""
    try:
        parts: dict[str, Any] = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # what psycopg says of it holds the address itself, and so the password
        raise _wrong_address(f"write it as {EXAMPLE}.") from None
    found = ADDRESS.fullmatch(url)
    if found and "@" in found["rest"]:
        raise _wrong_address(ESCAPED)
    host, port, name = parts.get("host") or "localhost", parts.get("port"), parts.get("dbname") or ""
    if "@" in host or "@" in name:
        raise _wrong_address(ESCAPED)
    if port and not re.fullmatch("[0-9,]*", port):
        raise _wrong_address(f"write its port as a number; {ESCAPED}")
    if port and "," not in host:
        host = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"{host}/{name or parts.get('user') or ''}"


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).partition("\n")[0].rstrip(".")


def _wrong_address(advice: str) -> SettingsError:
    text = f"The queue's address can't be understood: {advice}"
    return SettingsError(Problem(text=text, setting=Setting.ENGINE))


def _earlier_key_of(url: str) -> str:
    parts = conninfo_to_dict(url)
    place = [str(parts.get(name) or "") for name in ("host", "port", "dbname")]
    return hashlib.sha256("\n".join(place).encode()).hexdigest()[:16]


def not_set_up(place: str) -> SettingsError:
    """Return the error for a database without the queue's tables."""
    text = f"The database {place} holds no queue yet: as its owner, run `hls-converter cluster init --engine URL` once."
    return SettingsError(Problem(text=text, setting=Setting.ENGINE))


@contextlib.contextmanager
def _in_time(connection: psycopg.Connection[TupleRow], limit_s: float) -> Iterator[None]:
    """Break the connection if the block takes longer, which ends a wait for an answer that never comes."""
    timer = threading.Timer(limit_s, _break, (connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _break(connection: psycopg.Connection[TupleRow]) -> None:
    with contextlib.suppress(OSError, psycopg.Error):  # it has ended by itself meanwhile
        line = socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        try:
            line.shutdown(socket.SHUT_RDWR)
        finally:
            line.close()
