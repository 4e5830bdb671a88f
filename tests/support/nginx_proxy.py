"""nginx in front of a backend, with the project's own configuration and a certificate of an authority of the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ports import ports_for_servers
from tls_servers import HERE, make_authority

SITE = Path(__file__).resolve().parents[2] / "packaging" / "backend" / "nginx.conf"
STARTED_S = 240
STOP_S = 240

MAIN = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_processes {workers};
events {{ worker_connections {connections}; }}
http {{
    # as Debian's own nginx.conf has them
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True, kw_only=True)
class NginxProxy:
    """A running nginx: `url` is the backend's address behind it, `authority` the file that its certificate needs."""

    url: str
    plain_url: str
    authority: Path
    folder: Path

    def logged(self, text: str) -> str:
        """Wait for a line with this text, which nginx writes after its answer, and return the whole log."""
        deadline_s = time.monotonic() + STARTED_S
        while text not in (log := (self.folder / "access.log").read_text(encoding="utf-8")):
            assert time.monotonic() < deadline_s, log
            time.sleep(0.05)
        return log

    def error_log(self) -> str:
        """Return what it has complained of."""
        return (self.folder / "error.log").read_text(encoding="utf-8")


def nginx() -> str | None:
    """Return the program, None where it is not installed. Debian has it in a folder that few have on their PATH."""
    return shutil.which("nginx", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))


def site(changes: Mapping[str, str]) -> str:
    """Return the project's configuration with these texts changed, each of which must be in it."""
    text = SITE.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def running(
    *,
    backend_port: int,
    changes: Mapping[str, str] | None = None,
    tls: bool = True,
    workers: int = 1,
    connections: int = 1024,
) -> Iterator[NginxProxy]:
    """Run nginx, as nobody in particular, in front of a backend that need not answer yet.

    Args:
        backend_port: where the backend listens on this machine.
        changes: texts of the configuration that are to be others, beside those that docs/deploy.md has changed.
        tls: whether `url` begins with https.
        workers: how many processes serve.
        connections: how many each of them may have open, those to the backend included.
    """
    plain, secure = ports_for_servers(2)
    # nginx gives its rights away, and pytest's own folders are its user's alone
    with tempfile.TemporaryDirectory(prefix="nginx-") as name:
        folder = Path(name)
        authority = make_authority(folder / "authority.pem")
        authority.context_for(HERE)
        places = {
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{secure} ssl http2;",
            "https://$host$request_uri": f"https://$host:{secure}$request_uri",
            "videos.example.edu;": "127.0.0.1;",
            "/etc/ssl/videos.example.edu.pem": f"{folder}/server.pem",
            "/etc/ssl/private/videos.example.edu.key": f"{folder}/server.pem",
            "/var/log/nginx/hls-converter.log": f"{folder}/access.log",
            "/var/cache/nginx/hls": f"{folder}/cache",
            "127.0.0.1:8000": f"127.0.0.1:{backend_port}",
        }
        if not tls:
            places["listen 443 ssl http2;"] = f"listen 127.0.0.1:{secure};"
        (folder / "site.conf").write_text(site({**places, **(changes or {})}), encoding="utf-8")
        main = MAIN.format(folder=folder, workers=workers, connections=connections)
        (folder / "nginx.conf").write_text(main, encoding="utf-8")
        with _process(folder, secure):
            yield NginxProxy(
                url=f"{'https' if tls else 'http'}://127.0.0.1:{secure}/video",
                plain_url=f"http://127.0.0.1:{plain}/video",
                authority=authority.path,
                folder=folder,
            )


@contextmanager
def _process(folder: Path, port: int) -> Iterator[None]:
    rights = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (folder, *folder.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        rights = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    command = [str(nginx()), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False, **rights)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **rights)
    try:
        _wait_for(process, port)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=STOP_S)


def _wait_for(process: subprocess.Popen[str], port: int) -> None:
    """Return when it listens: nginx opens its sockets before it takes work, and says nothing of it."""
    for _ in range(STARTED_S * 20):
        assert process.poll() is None, process.communicate()[1]
        try:
            socket.create_connection(("127.0.0.1", port), timeout=STARTED_S).close()
            return
        except ConnectionRefusedError:
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
    raise AssertionError("nginx does not listen")
