"""A real S3 server for tests: Ceph's object gateway with its daemons on loopback,
everything in memory and in one folder.

Installs nothing: `missing_programs` says what is not there. The programs come from Debian's packages radosgw, ceph-mon
and ceph-osd. Ceph's manager is left out: objects come and go without it, and it takes more time to start than all
others.
"""

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from ports import ports_for_servers

PROGRAMS = ("radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "monmaptool", "ceph-authtool")
TRIES = 10
"""The monitor's port is free when it is chosen and may be taken when it is bound. And on a busy machine Ceph's programs
now and then send a command before they know which cluster they have reached, which the monitor refuses (EPERM).
"""

ANSWER_S = 180
"""How long each step may take: long, because a machine that is busy with other tests starts the daemons slowly."""

PROBE_S = 30
LOOK_S = 0.1
STOP_S = 5
STORE_BYTES = 4 << 30

GUEST = "guest"
"""A user without any right but those that a bucket's policy gives: its key and its secret follow."""

GUEST_ACCESS_KEY_ID, GUEST_SECRET_ACCESS_KEY = "TESTGUESTKEY", "a-guest's-secret-of-the-tests"

CONFIGURATION = """\
[global]
fsid = {fsid}
mon_host = 127.0.0.1:{mon_port}
mon_initial_members = a
public_network = 127.0.0.0/8
cluster_network = 127.0.0.0/8
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
# one copy on one store: nothing here has to survive
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 5000
run_dir = {folder}
admin_socket = {folder}/$name.asok
log_file = {folder}/$name.log
ms_bind_msgr2 = false
[mon]
mon_data = {folder}/mon
# a disk that is nearly full is no reason not to start: nothing is written to it
mon_data_avail_crit = 1
[mon.a]
host = localhost
mon_addr = 127.0.0.1:{mon_port}
[osd]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = {store_bytes}
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:{s3_port}
rgw_data = {folder}/rgw
rgw_thread_pool_size = 64
# Ceph's own stand-in for a key server, with one key: 32 zero bytes
rgw_crypt_require_ssl = false
rgw_crypt_s3_kms_backend = testing
rgw_crypt_s3_kms_encryption_keys = "testkey-1=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""


class ServerFailedError(Exception):
    """The server did not start. The text says what failed, and what that said last."""


class DaemonEndedError(ServerFailedError):
    """One of the server's programs has ended."""


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """A program of the server that runs until the server ends; what it says is in `log`."""

    name: str
    process: subprocess.Popen
    log: Path


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """Where the server answers, and who may use it. Addresses have the bucket in the path."""

    endpoint_url: str
    region: str = "us-east-1"
    access_key_id: str = "TESTACCESSKEY"
    secret_access_key: str = "a-secret-of-the-tests"
    daemons: list[Daemon] = field(default_factory=list, repr=False)

    @property
    def trouble(self) -> str:
        """Which of its programs has ended, empty while all run: requests to the others may then wait for ever."""
        ended = [daemon for daemon in self.daemons if daemon.process.poll() is not None]
        return "".join(
            f"{one.name} has ended with status {one.process.returncode}{_last_line(one.log)}" for one in ended[:1]
        )


def missing_programs() -> list[str]:
    """Return the programs that the server needs and that are not on PATH."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextmanager
def running(folder: Path) -> Iterator[S3Server]:
    """Run a server while the block runs; every daemon ends with it.

    Args:
        folder: an empty folder. Its path must be short: the daemons make sockets in it.

    Raises:
        ServerFailedError: when it does not start.
    """
    for number in range(TRIES):
        with ExitStack() as daemons:
            try:
                server = _start(folder / str(number), daemons)
            except ServerFailedError:
                if number == TRIES - 1:
                    raise
                continue
            yield server
            return


def _start(folder: Path, daemons: ExitStack) -> S3Server:
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir(parents=True)
    mon_port, s3_port = ports_for_servers(2)
    fsid = str(uuid.uuid4())
    configuration = folder / "ceph.conf"
    values = {"folder": folder, "fsid": fsid, "mon_port": mon_port, "s3_port": s3_port, "store_bytes": STORE_BYTES}
    configuration.write_text(CONFIGURATION.format(**values), encoding="utf-8")
    common = ["-c", str(configuration)]
    from grp import getgrgid  # not on Windows, where tests import this module too
    from pwd import getpwuid

    # without these, what root starts wants to become Ceph's own user
    as_me = ["--setuser", getpwuid(os.getuid()).pw_name, "--setgroup", getgrgid(os.getgid()).gr_name]
    server = S3Server(endpoint_url=f"http://127.0.0.1:{s3_port}")

    def run(*command: str) -> str:
        errors = folder / "commands.log"
        with errors.open("ab") as log, (folder / "said").open("w+b") as said:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=log)
            try:
                _wait_until(lambda: process.poll() is not None, server, command[0])
            finally:
                _stop(process)
            if process.returncode:
                raise ServerFailedError(f"{command[0]} failed with status {process.returncode}{_last_line(errors)}")
            said.seek(0)
            return said.read().decode()

    def daemon(*command: str) -> None:
        name = command[0]
        with (folder / f"{name}.out").open("ab") as log:
            process = subprocess.Popen([*command, "-f"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        daemons.callback(_stop, process)
        server.daemons.append(Daemon(name=name, process=process, log=folder / f"{name}.out"))

    monmap, keyring = str(folder / "monmap"), str(folder / "keyring")
    run("monmaptool", "--create", "--clobber", "--addv", "a", f"[v1:127.0.0.1:{mon_port}]", "--fsid", fsid, monmap)
    run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
    run("ceph-mon", *common, *as_me, "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
    daemon("ceph-mon", *common, *as_me, "-i", "a")
    run("ceph-osd", *common, *as_me, "-i", "0", "--mkfs")
    # the store in memory picks an ID of its own, which the monitor must be told
    run("ceph", *common, "osd", "new", (folder / "osd" / "fsid").read_text(encoding="ascii").strip())
    daemon("ceph-osd", *common, *as_me, "-i", "0")
    _wait_until(lambda: "1 up" in run("ceph", *common, "osd", "stat"), server, "ceph-osd")
    keys = [f"--access-key={server.access_key_id}", f"--secret-key={server.secret_access_key}"]
    run("radosgw-admin", *common, "user", "create", "--uid=tests", "--display-name=tests", *keys)
    keys = [f"--access-key={GUEST_ACCESS_KEY_ID}", f"--secret-key={GUEST_SECRET_ACCESS_KEY}"]
    run("radosgw-admin", *common, "user", "create", f"--uid={GUEST}", f"--display-name={GUEST}", *keys)
    daemon("radosgw", *common, *as_me, "-n", "client.rgw")
    _wait_until(lambda: _answers(server.endpoint_url), server, "radosgw")
    return server


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=PROBE_S) as response:
            return response.status == 200
    except (URLError, OSError):
        return False


def _wait_until(condition: Callable[[], bool], server: S3Server, what: str) -> None:
    """Wait for what a program does. Raises ServerFailedError, at once where a daemon has ended."""
    deadline = time.monotonic() + ANSWER_S
    while not condition():
        if server.trouble:
            raise DaemonEndedError(server.trouble)
        if time.monotonic() > deadline:
            raise ServerFailedError(f"{what} was not ready after {ANSWER_S} s")
        time.sleep(LOOK_S)


def _last_line(log: Path) -> str:
    """Return what a program said last, in brackets."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else []
    said = [line.strip() for line in lines if line.strip()]
    return f" ({said[-1][:300]})" if said else ""


def _stop(process: subprocess.Popen) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
