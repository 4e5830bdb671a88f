"""backend.serving.draining: what is answered while the backend is about to end, and what is passed on."""

import asyncio

import pytest

from backend.serving.draining import DrainingApp


def status(method, path, *, draining=True, root_path=""):
    """Return the status of an answer, 200 where the request was passed on."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": root_path + path, "root_path": root_path, "headers": []}
    asyncio.run(DrainingApp(app, lambda: draining, ("api/own/sign",))(scope, None, send))
    return sent[0]["status"]


@pytest.mark.parametrize("root_path", ["", "/media"])
@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("PUT", "/objects/a.ts", 503),
        ("GET", "/objects/a.ts", 200),
        ("POST", "/api/own/sign", 503),
        ("POST", "/api/s3/presign", 503),
        ("POST", "/api/s3/multipart", 503),
        ("POST", "/api/s3/multipart/part", 503),
        ("GET", "/api/s3/multipart", 200),
        ("DELETE", "/api/s3/multipart", 200),
        ("POST", "/api/s3/multipart/complete", 200),
        ("POST", "/api/admin/files", 200),
        ("GET", "/ready", 503),
        ("HEAD", "/health", 503),
        ("GET", "/live", 200),
        ("GET", "/watch/a/", 200),
    ],
)
def test_new_uploads_come_later(method, path, expected, root_path):
    """What ends an upload, and what viewers ask for, is passed on, below a path as well; at other times everything."""
    assert expected == status(method, path, root_path=root_path)
    assert 200 == status(method, path, root_path=root_path, draining=False)
