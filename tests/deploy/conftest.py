"""The backend behind nginx, as docs/deploy.md sets both up."""

from dataclasses import dataclass
from pathlib import Path

import installed_backend
import nginx_proxy
import pytest
import requests
from nginx_proxy import NginxProxy
from ports import ports_for_servers

TOKEN = "a-token-that-only-tests-know"
collect_ignore_glob = [] if nginx_proxy.nginx() else ["test_behind_*"]


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A backend without rights on a folder that it can't write to, behind nginx with TLS and a prefix."""

    proxy: NginxProxy
    root: Path
    session: requests.Session

    @property
    def url(self):
        """The address from outside, with the prefix."""
        return self.proxy.url

    def ask(self, method, path, **options):
        """Ask the API with the token."""
        headers = {"Authorization": f"Bearer {TOKEN}", **options.pop("headers", {})}
        return self.session.request(method, self.url + path, headers=headers, timeout=60, **options)

    def get(self, path, **options):
        """GET a path as a player does."""
        return self.session.get(self.url + path, timeout=60, **options)

    def put(self, key, body, content_type="video/mp2t"):
        """Sign and send a file; return the answer to the PUT, and where players find it."""
        signed = self.ask(
            "POST", "/api/admin/content/aws/uploadUrl", json={"key": key, "contentType": content_type}
        ).json()
        headers = {"Content-Type": content_type, **(signed.get("headers") or {})}
        return self.session.put(signed["signedUrl"], data=body, headers=headers, timeout=60), signed


def announced(process):
    """Return once the backend says that it answers."""
    for line in process.stdout:
        if line.startswith("Stop with"):
            return
    raise AssertionError(process.stderr.read())


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The backend's files and packages, as the container has them."""
    return installed_backend.lay_out(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="session")
def deployment(program, tmp_path_factory):
    """A backend behind nginx that all tests share: use keys of your own."""
    folder = tmp_path_factory.mktemp("deployment")
    (port,) = ports_for_servers(1)
    with nginx_proxy.running(backend_port=port) as proxy:
        settings = {"AUTH_TOKEN": TOKEN, "PUBLIC_BASE_URL": proxy.url, "HOME": str(folder), "STORAGE_TYPE": "LOCAL"}
        with installed_backend.running(
            *program, settings, "--port", str(port), "--root", str(folder / "root")
        ) as process:
            announced(process)
            with requests.Session() as session:
                session.trust_env = False  # the environment's certificates would count more
                session.verify = str(proxy.authority)
                yield Deployment(proxy=proxy, root=folder / "root", session=session)
