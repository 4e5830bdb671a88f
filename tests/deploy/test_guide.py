"""docs/deploy.md, line by line."""

import re
import subprocess
from pathlib import Path

import empty_server
import pytest
from cryptography import x509
from tls_servers import make_authority

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
NAME = "videos.school.test"


def commands():
    """Return what the guide has a newcomer type, in its order."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))


@pytest.mark.skipif(bool(empty_server.missing()), reason=empty_server.missing())
def test_a_newcomer_follows_it(tmp_path):
    """On a server with nothing but Debian, every command works, and the last check finds nothing wrong."""
    authority = make_authority(tmp_path / "authority.pem")
    authority.context_for(x509.DNSName(NAME))
    project = tmp_path / "project.git"
    for command in (
        ["clone", "--quiet", "--bare", str(ROOT), str(project)],
        # a checkout of a commit, as CI has it, is on no branch, from which nobody could pull
        ["--git-dir", str(project), "update-ref", "refs/heads/tested", "HEAD"],
        ["--git-dir", str(project), "symbolic-ref", "HEAD", "refs/heads/tested"],
    ):
        subprocess.run(["git", *command], check=True)
    before = f"""
        echo "127.0.0.1 {NAME}" >> /etc/hosts
        cp {tmp_path}/server.pem /etc/ssl/{NAME}.pem
        cp {tmp_path}/server.pem /etc/ssl/private/{NAME}.key
        cat /etc/ssl/certs/ca-certificates.crt {tmp_path}/authority.pem > /etc/authorities.pem
        export CURL_CA_BUNDLE=/etc/authorities.pem REQUESTS_CA_BUNDLE=/etc/authorities.pem
        git config --global --add safe.directory '*'
        set -x
    """
    own = {"PROJECT=/root/hls-converter": f"PROJECT={project}", "NAME=videos.example.edu": f"NAME={NAME}"}
    typed = commands()
    for old, new in own.items():
        assert old in typed
        typed = typed.replace(old, new)
    (server := tmp_path / "server").mkdir()

    told = empty_server.run(f"{before}\n{typed}", server, timeout=3000)

    assert 0 == told.returncode, told.stdout[-4000:] + told.stderr[-4000:]
    assert "FAULT" not in told.stdout
