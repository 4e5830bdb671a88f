"""A real reference backend on loopback, and what tests ask of it."""

import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import requests
import s3_server

from backend.server import RunningBackend, serve_in_thread
from backend.settings import BackendSettings
from config import Config

TOKEN = "a-token-that-only-tests-know"
collect_ignore = (
    ["test_backend_s3.py", "test_delivery_s3.py", "test_datasets_s3.py"] if s3_server.missing_programs() else []
)


@dataclass(frozen=True, kw_only=True)
class Client:
    """Talks to a backend as the uploader does."""

    backend: RunningBackend

    @property
    def url(self):
        """Where the backend is."""
        return self.backend.url

    @property
    def headers(self):
        """The header that opens the API."""
        return {"Authorization": f"Bearer {self.backend.settings.token}"}

    def ask(self, method, path, json=None, **query):
        """Ask the API with the token."""
        return requests.request(method, self.url + path, json=json, params=query, headers=self.headers, timeout=60)

    def presign(self, key, content_type="video/mp2t"):
        """Ask for a signed URL; return the answer's JSON."""
        answer = requests.post(
            f"{self.url}/api/admin/content/aws/uploadUrl",
            json={"key": key, "contentType": content_type},
            headers=self.headers,
            timeout=60,
        )
        assert 200 == answer.status_code, answer.text
        return answer.json()

    def put(self, key, body, content_type="video/mp2t", **headers):
        """Ask for a signed URL and send a body there, with the headers that belong to it."""
        signed = self.presign(key, content_type)
        sent = {"Content-Type": content_type, **(signed.get("headers") or {}), **headers}
        return requests.put(signed["signedUrl"], data=body, headers=sent, timeout=60)

    def get(self, path, **options):
        """GET a path of the backend."""
        return requests.get(f"{self.url}{path}", timeout=60, **options)

    def raw(self, method, target, headers=None, body=None):
        """Send a request whose target no client library has tidied; return status and body."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture
def settings(tmp_path):
    """Settings of a backend with an empty folder."""
    return BackendSettings.from_config(Config(), root=tmp_path / "root", token=TOKEN)


@pytest.fixture(scope="session")
def client_of():
    """What makes a client of a running backend."""
    return lambda backend: Client(backend=backend)


@pytest.fixture
def fresh(settings):
    """A client of a backend of this test's own."""
    with serve_in_thread(settings) as backend:
        yield Client(backend=backend)


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A client of a backend that all tests share: use keys of your own."""
    settings = BackendSettings.from_config(Config(), root=tmp_path_factory.mktemp("backend") / "root", token=TOKEN)
    with serve_in_thread(settings) as backend:
        yield Client(backend=backend)
