"""backend.serving.proxies, and the addresses that the backend gives behind a proxy."""

import asyncio
import http.client
import json
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from backend.access.signing import HmacUrlSigner
from backend.app import create_app
from backend.server import serve_in_thread
from backend.serving.proxies import OWN_PATHS, ForwardedRequests, TrustedProxies, path_in_front
from storage import create

PRESIGN = "/api/admin/content/aws/uploadUrl"
PUBLIC = "https://videos.example.edu/media"


def ask(backend, method, path, headers, body=None):
    """Send a request as a proxy passes it on; return status, headers and body."""
    connection = http.client.HTTPConnection(urlsplit(backend.url).netloc, timeout=60)
    try:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def presigned(backend, headers, path=PRESIGN):
    """Ask for a signed URL as a proxy passes it on; return the answer."""
    wanted = json.dumps({"key": "a b/c.ts", "contentType": "video/mp2t"})
    own = {"Authorization": f"Bearer {backend.settings.token}", "Content-Type": "application/json"}
    status, _, body = ask(backend, "POST", path, {**own, **headers}, wanted)
    assert 200 == status, body
    return json.loads(body)


@pytest.mark.parametrize("front", ["/media", ""], ids=["address-unchanged", "path-taken-off"])
@pytest.mark.parametrize("proto", ["https", None], ids=["tls-told", "tls-not-told"])
def test_a_signed_url_leads_through_the_proxy(settings, front, proto):
    """Who asks at the public address is given a URL below it, and the proxy that passes it on gets the file stored."""
    with serve_in_thread(replace(settings, public_base_url=PUBLIC)) as backend:
        told = {"Host": "videos.example.edu"} | ({"X-Forwarded-Proto": proto} if proto else {})
        url = presigned(backend, told, front + PRESIGN)["signedUrl"]
        assert url.startswith(f"{PUBLIC}/objects/a%20b/c.ts?")

        path = url.removeprefix(PUBLIC)
        status, _, body = ask(backend, "PUT", front + path, {**told, "Content-Type": "video/mp2t"}, b"abc")
        assert (200, b"") == (status, body)
        for page, expected in (("/objects/a%20b/c.ts", 200), ("/", 200), ("/health", 200), ("/player/style.css", 200)):
            assert expected == ask(backend, "GET", front + page, told)[0]


def test_a_signed_url_is_https_without_a_public_address(settings):
    """What a trusted proxy says of TLS and of the host is where the URL leads."""
    with serve_in_thread(settings) as backend:
        told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "videos.example.edu:8443"}
        answer = presigned(backend, told)

    assert answer["signedUrl"].startswith("https://videos.example.edu:8443/objects/")
    assert "https://videos.example.edu:8443/objects/a%20b/c.ts" == answer["downloadUrl"]


def test_an_uploader_beside_the_backend_stays_inside(settings):
    """Who asks at another address than the players' sends files there: the public one may be that of a CDN."""
    with serve_in_thread(replace(settings, public_base_url=PUBLIC)) as backend:
        answer = presigned(backend, {"Host": "backend.internal:8000"})

    assert answer["signedUrl"].startswith("http://backend.internal:8000/objects/")
    assert f"{PUBLIC}/objects/a%20b/c.ts" == answer["downloadUrl"]


def test_nobody_else_is_believed(settings):
    """Where the asking address is no trusted proxy's, what it says of itself changes nothing."""
    with serve_in_thread(replace(settings, trusted_proxies=("192.0.2.1",))) as backend:
        answer = presigned(backend, {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"})

    assert answer["signedUrl"].startswith(f"{backend.url}/objects/")


def test_uvicorns_own_variable_changes_nothing(settings, monkeypatch):
    """The one setting counts."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    with serve_in_thread(replace(settings, trusted_proxies=())) as backend:
        answer = presigned(backend, {"X-Forwarded-Proto": "https"})

    assert answer["signedUrl"].startswith("http://")


@pytest.mark.parametrize(
    "host",
    ["evil.example/x", "user@evil.example", "a b", "", "[::1", "a:123456", "x" * 300],
)
def test_a_host_that_is_none_is_left_out(settings, host):
    """A forwarded host that can't be one does not get into an address."""
    with serve_in_thread(settings) as backend:
        answer = presigned(backend, {"X-Forwarded-Host": host})

    assert answer["signedUrl"].startswith(f"{backend.url}/objects/")


async def seen(trusted, client, headers, path="/a", front=""):
    """Return what the app behind sees of a request: client, scheme, host, root path."""
    found = {}

    async def app(scope, receive, send):
        found.update(scope)

    scope = {
        "type": "http",
        "client": client,
        "scheme": "http",
        "path": path,
        "headers": [(b"host", b"inside"), *((name.encode(), value.encode()) for name, value in headers)],
    }
    await ForwardedRequests(app, TrustedProxies(trusted), front)(scope, None, None)
    host = next(value for name, value in found["headers"] if name == b"host")
    return found["client"], found["scheme"], host.decode(), found.get("root_path", "")


@pytest.mark.parametrize(
    ("forwarded_for", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("203.0.113.9:4711, 10.1.2.3:80", "203.0.113.9"),
        ("[2001:db8::9]:4711", "2001:db8::9"),
        ("2001:db8::9", "2001:db8::9"),
        ("10.1.2.3", "10.1.2.3"),
        ("", "127.0.0.1"),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy(forwarded_for, expected):
    """What a client wrote itself into X-Forwarded-For does not count, only what trusted proxies added."""
    client, *_ = asyncio.run(seen(("127.0.0.1", "10.0.0.0/8"), ("127.0.0.1", 5), [("x-forwarded-for", forwarded_for)]))

    assert expected == client[0]


def test_of_several_values_the_nearest_proxys_counts():
    """A proxy that adds its value to what a client has sent is still the one that is believed."""
    told = [("x-forwarded-proto", "http, https"), ("x-forwarded-host", "evil.example"), ("x-forwarded-host", "good")]

    assert (("127.0.0.1", 5), "https", "good", "") == asyncio.run(seen(("127.0.0.1",), ("127.0.0.1", 5), told))


@pytest.mark.parametrize(
    ("path", "expected"), [("/media/a", "/media"), ("/media", ""), ("/medial/a", ""), ("/a/media/b", "")]
)
def test_the_path_in_front_is_taken_off_as_a_whole(path, expected):
    """Only the public path itself, with a slash behind it, is in front of the backend's own."""
    assert expected == asyncio.run(seen((), ("203.0.113.9", 5), [], path, "/media"))[3]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("10.255.0.1", True),
        ("fd00::7", True),
        ("fd00::7%eth0", True),
        ("127.0.0.2", False),
        ("11.0.0.1", False),
        ("::1", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_addresses_and_networks_are_trusted(address, expected):
    """A proxy is known by its address or by its network, also where IPv4 comes in by IPv6."""
    assert expected == (address in TrustedProxies(("127.0.0.1", "10.0.0.0/8", "fd00::/8")))


@pytest.mark.parametrize(
    ("public", "expected"),
    [
        ("", ""),
        ("https://a.example", ""),
        ("https://a.example/media", "/media"),
        ("https://a.example/media/x/", "/media/x"),
        ("https://a.example/objects", ""),
        ("https://a.example/sign", ""),
    ],
)
def test_a_path_like_the_backends_own_is_left_to_the_proxy(public, expected):
    """Below `/objects`, say, nobody could tell whose path an address begins with."""
    assert expected == path_in_front(public, ("/sign/me", "/api/x", "/api/y"))


def test_the_backends_own_paths_are_known(settings):
    """Every path that the backend answers begins with one of the known ones."""
    app = create_app(settings, create(settings.storage), HmacUrlSigner("x"))

    def paths(routes):
        for route in routes:
            inner = getattr(route, "original_router", None)
            yield from [route.path] if inner is None else paths(inner.routes)

    first = {path.split("/")[1] for path in paths(app.routes)}
    assert {"s", "watch", "api"} <= first
    assert set() == first - OWN_PATHS - {""}
