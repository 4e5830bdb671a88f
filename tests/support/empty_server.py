"""A server like the one that docs/deploy.md sets up: this machine, with folders on top that are thrown away.

What is written to /etc, /opt, /usr/local and /var goes there and nowhere else; ports are those of this machine. There
is no systemd in it: `systemctl` starts what a unit names, as its user and with its environment.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

PORTS = (80, 443, 8000)
"""What the server listens on: as nothing is in a network of its own, on this machine."""

LAYERED = ("/etc", "/opt", "/usr/local", "/var")

LAYERS = """\
set -eu
mount -t tmpfs tmpfs "$LAYERS"
for folder in {folders}; do
    mkdir -p "$LAYERS/$folder/upper" "$LAYERS/$folder/work"
    mount -t overlay overlay -o "lowerdir=$folder,upperdir=$LAYERS/$folder/upper,workdir=$LAYERS/$folder/work" "$folder"
done
mount -t tmpfs tmpfs /run
rm -f /etc/nginx/sites-enabled/default
exec bash -euo pipefail "$SCRIPT"
"""

SYSTEMCTL = """\
#!/usr/bin/python3
# enable --now, reload and restart of a service, and daemon-reload, as far as the guide needs them
import os, pathlib, pwd, re, shlex, signal, subprocess, sys

verb, unit = sys.argv[1], sys.argv[-1].removesuffix(".service")
note = pathlib.Path("/run", f"{unit}.pid")
if verb == "daemon-reload":
    sys.exit()
if unit == "nginx":
    note = pathlib.Path("/run/nginx.pid")
    runs = note.exists() and note.read_text().strip()
    sys.exit(subprocess.call(["/usr/sbin/nginx", *(["-s", "reload"] if runs else [])]))
text = pathlib.Path(f"/etc/systemd/system/{unit}.service").read_text()
of = lambda name: re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)
if verb == "reload":
    os.kill(int(note.read_text()), signal.SIGHUP)
    sys.exit()
if note.exists():
    os.kill(int(note.read_text()), signal.SIGTERM)
user = pwd.getpwnam(of("User")[0])
environment = {"PATH": os.defpath, **dict(line.split("=", 1) for line in of("Environment"))}
with open(f"/var/log/{unit}.log", "ab") as log:
    process = subprocess.Popen(
        ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", f"--reuid={user.pw_uid}",
         f"--regid={user.pw_gid}", "--clear-groups", *shlex.split(of("ExecStart")[0])],
        env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
    )
note.write_text(str(process.pid))
"""

APT_GET = """\
#!/bin/sh
# the packages are here: the tests have installed what they need
shift
for name; do
    case "$name" in -*) ;; *) dpkg-query --show "$name" > /dev/null ;; esac
done
"""


def missing() -> str:
    """Return why there can be no such server here, empty where there can."""
    if os.name == "nt" or os.geteuid() != 0:
        return "only root can put folders on top of others"
    needed = ("unshare", "nginx", "dpkg-query", "curl", "openssl", "runuser", "setpriv", "git")
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    without = [name for name in needed if shutil.which(name, path=path) is None]
    if without:
        return f"without {', '.join(without)}"
    if subprocess.run(["/usr/bin/python3", "-c", "import ensurepip"], capture_output=True, check=False).returncode:
        return "without the system's python3-venv"
    if taken := [str(port) for port in PORTS if _is_taken(port)]:
        return f"something else listens on port {', '.join(taken)}"
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return "" if tried.returncode == 0 else "this machine lets nobody put folders on top of others"


def _is_taken(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=60):
        return True
    return False


def run(script: str, folder: Path, *, timeout: float) -> subprocess.CompletedProcess[str]:
    """Run a script on such a server, with its programs ended afterwards; return what it said.

    Args:
        script: for bash, which ends at the first command that fails.
        folder: an empty folder for what belongs to the server.
        timeout: in seconds.
    """
    programs, layers = folder / "programs", folder / "layers"
    for path in (programs, layers):
        path.mkdir()
    for name, text in (("systemctl", SYSTEMCTL), ("apt-get", APT_GET)):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    (folder / "script").write_text(script, encoding="utf-8")
    environment = {
        "PATH": f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "SCRIPT": str(folder / "script"),
        "LAYERS": str(layers),
        "LC_ALL": "C.UTF-8",
        **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
    }
    # as the first process of its own: with the shell, all that it has started ends
    unshared = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return subprocess.run(
        [*unshared, "bash", "-c", LAYERS.format(folders=" ".join(LAYERED))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
