"""A real PostgreSQL for tests, on loopback, in a folder of its own: it can be killed and started again.

Installs nothing: `missing` says whether it is there. It comes from Debian's package postgresql.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ports import ports_for_servers

USER = "postgres"
START_S = 180
LOOK_S = 0.05

SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
max_connections = 60
shared_buffers = 16MB
"""


def programs() -> Path | None:
    """Return the folder of initdb and postgres, None where there is none: Debian keeps them off PATH."""
    found = shutil.which("initdb")
    folders = [*([Path(found).resolve().parent] if found else []), *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    return next((folder for folder in reversed(folders) if (folder / "postgres").exists()), None)


def missing() -> bool:
    """Whether there is no PostgreSQL that tests can start."""
    return programs() is None


def _unprivileged() -> dict[str, object]:
    """Return what makes subprocess run a program as somebody else where this is root, as whom PostgreSQL refuses."""
    return {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}


@dataclass(kw_only=True)
class PostgresServer:
    """A server, and where it answers. `url` is its superuser's address of the database `database`; `processes` has the
    last one that was started, for copies with other databases too.
    """

    folder: Path
    port: int
    database: str = "postgres"
    processes: list[subprocess.Popen] = field(default_factory=list, repr=False)

    @property
    def url(self) -> str:
        """The address for psycopg."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{self.database}"

    def start(self) -> None:
        """Start it, and return when it answers."""
        folder = programs()
        assert folder is not None
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [folder / "postgres", "-D", self.folder / "data", "-p", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **_unprivileged(),
            )
        self.processes[:] = [process]
        deadline_s = time.monotonic() + START_S
        while not self._answers():
            ended = process.poll() is not None
            said = (self.folder / "log").read_text(errors="replace")[-2000:]
            assert not ended and time.monotonic() < deadline_s, said
            time.sleep(LOOK_S)

    def stop(self, *, at_once: bool = True) -> None:
        """Stop it: all connections break."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
                process.wait(START_S)

    def execute(self, query: str, *values: object, database: str | None = None) -> list[tuple]:
        """Do a query as the superuser; return its rows. Raises psycopg.Error."""
        import psycopg  # takes a while to load, which other tests need not wait for

        url = f"postgresql://{USER}@127.0.0.1:{self.port}/{database or self.database}"
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def _answers(self) -> bool:
        from psycopg import OperationalError

        try:
            self.execute("SELECT 1", database="postgres")
        except OperationalError:
            return False
        return True


@contextmanager
def running(folder: Path) -> Iterator[PostgresServer]:
    """Run a server with its data below an empty folder while the block runs."""
    found = programs()
    assert found is not None
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
        folder.chmod(0o755)
    subprocess.run(
        [found / "initdb", "-D", folder / "data", "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        **_unprivileged(),
    )
    with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write(SETTINGS)
    (port,) = ports_for_servers(1)
    server = PostgresServer(folder=folder, port=port)
    server.start()
    try:
        yield server
    finally:
        server.stop()
