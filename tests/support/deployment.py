"""The reference backend without rights on a folder that it can't write to, behind nginx with TLS and a prefix."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import installed_backend
import nginx_proxy
import requests
from nginx_proxy import NginxProxy
from ports import ports_for_servers

from backend.state.storage_root import init_root
from storage import S3Settings

TOKEN = "a-token-that-only-tests-know"
PRESIGN = "/api/admin/content/aws/uploadUrl"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A backend behind nginx; `root` is its folder, `process` the program."""

    proxy: NginxProxy
    root: Path
    session: requests.Session
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        """The address from outside, with the prefix."""
        return self.proxy.url

    def ask(self, method: str, path: str, **options: object) -> requests.Response:
        """Ask the API with the token."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return self.session.request(method, self.url + path, headers=headers, timeout=60, **options)

    def get(self, path: str, **options: object) -> requests.Response:
        """GET a path as a player does."""
        return self.session.get(self.url + path, timeout=60, **options)

    def put(self, key: str, body: bytes, content_type: str = "video/mp2t") -> tuple[requests.Response, dict[str, str]]:
        """Sign and send a file; return the answer to the PUT, and what signing said."""
        signed = self.ask("POST", PRESIGN, json={"key": key, "contentType": content_type}).json()
        headers = {"Content-Type": content_type, **(signed.get("headers") or {})}
        return self.session.put(signed["signedUrl"], data=body, headers=headers, timeout=60), signed


@contextmanager
def running(
    program: tuple[Path, Path], folder: Path, bucket: S3Settings | None = None, **settings: str
) -> Iterator[Deployment]:
    """Run both while the block runs.

    Args:
        program: what `installed_backend.lay_out` returned.
        folder: for what the backend keeps.
        bucket: where the objects are; None: in the folder.
        settings: of the backend, by their names in `.env`.
    """
    (port,) = ports_for_servers(1)
    with nginx_proxy.running(backend_port=port) as proxy:
        own = {"AUTH_TOKEN": TOKEN, "PUBLIC_BASE_URL": proxy.url, "HOME": str(folder), **_storage(bucket), **settings}
        init_root(folder / "root")
        options = ("--port", str(port), "--root", str(folder / "root"))
        with installed_backend.running(*program, own, folder / "backend.log", *options) as process:
            _answers(process, folder / "backend.log")
            with requests.Session() as session:
                session.trust_env = False  # the environment's certificates would count more
                session.verify = str(proxy.authority)
                yield Deployment(proxy=proxy, root=folder / "root", session=session, process=process)


def _storage(bucket: S3Settings | None) -> dict[str, str]:
    if bucket is None:
        return {"STORAGE_TYPE": "LOCAL"}
    return {
        "STORAGE_TYPE": "S3",
        "STORAGE_S3_BUCKET": bucket.bucket,
        "STORAGE_S3_PREFIX": "deployed",
        "STORAGE_S3_REGION": bucket.region,
        "STORAGE_S3_ACCESS_KEY_ID": bucket.access_key_id,
        "STORAGE_S3_SECRET_ACCESS_KEY": bucket.secret_access_key,
        "STORAGE_S3_ENDPOINT_URL": bucket.endpoint_url,
    }


def _answers(process: subprocess.Popen[str], log: Path) -> None:
    """Return once the backend says that it answers."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Stop with"):
            return
    raise AssertionError(log.read_text(encoding="utf-8"))
