"""Uploads through proxies, and whose fault it is when a proxy does not let them through."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from cryptography import x509
from ports import closed_port
from proxies import PASSWORD, HttpProxy, SocksProxy, http_proxy, socks_proxy
from store_server import TOKEN
from tls_servers import Authority, TlsServer
from upload_parts import FOLDER, PREFIX, RecordingToken

from config import BackendApi
from pipeline.errors import Cancelled, TransferError
from pipeline.transfer.http.connections import Connections
from pipeline.transfer.http.exchange import NoResponseError, NoResponseReason
from pipeline.transfer.upload.uploader import Uploader

NAME = "backend.example"
DELAYS_S = (1, 3, 10)
SETTINGS = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def far(
    serve: Callable[[x509.GeneralName], TlsServer], authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> TlsServer:
    """Backend and store under a name that only a proxy knows."""
    for name in (*SETTINGS, "curl_ca_bundle", "ssl_cert_file", "ssl_cert_dir"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.path))
    server = serve(x509.DNSName(NAME))
    server.reached_at = f"https://{NAME}:{server.server_address[1]}"
    return server


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpProxy]:
    """An HTTP proxy that the environment names."""
    with http_proxy() as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy.place}")
        monkeypatch.setenv("http_proxy", f"http://{proxy.place}")
        yield proxy


@pytest.fixture
def socks(monkeypatch: pytest.MonkeyPatch) -> Iterator[SocksProxy]:
    """A SOCKS proxy that the environment names."""
    with socks_proxy() as proxy:
        monkeypatch.setenv("all_proxy", f"socks5h://{proxy.place}")
        yield proxy


@pytest.fixture
def cancel() -> RecordingToken:
    """A token that remembers every pause before a further try."""
    return RecordingToken()


def uploader_at(server: TlsServer) -> Uploader:
    """Return an uploader that would try four times."""
    return Uploader(BackendApi(url=server.url, token=TOKEN), session_id=None, delays=DELAYS_S)


def check_arrives(server: TlsServer, folder, cancel) -> None:
    """See that an upload arrives byte for byte."""
    assert uploader_at(server).upload(folder, PREFIX, resume=True, cancel=cancel).complete
    assert {PREFIX + name: content for name, content in FOLDER.items()} == server.stored


def said_by(server: TlsServer, cancel: RecordingToken) -> str:
    """Test the connection and return the sentence."""
    with pytest.raises(TransferError) as caught:
        uploader_at(server).test_connection(cancel)
    return str(caught.value)


def test_upload_through_an_http_proxy(far, http, folder, cancel):
    """With the password that stands in the setting."""
    http.password = PASSWORD
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("https_proxy", f"http://{PASSWORD}@{http.place}")
        check_arrives(far, folder, cancel)
    assert {(NAME, far.server_address[1])} == set(http.asked)


@pytest.mark.parametrize("scheme", ["socks5h", "socks"])
def test_upload_through_a_socks_proxy(far, socks, folder, cancel, monkeypatch, scheme):
    """The proxy looks the name up; desktops write `socks://` for it (https://github.com/psf/requests/issues/3523)."""
    socks.password = PASSWORD
    monkeypatch.setenv("all_proxy", f"{scheme}://{PASSWORD}@{socks.place}/")
    check_arrives(far, folder, cancel)
    assert {(NAME, far.server_address[1])} == set(socks.asked)


@pytest.mark.parametrize("status", [407, 403, 503])
def test_refusal_of_an_http_proxy_names_the_proxy(far, http, cancel, status):
    """Never the backend, which has not been asked, and never the proxy's page."""
    http.status = status
    said = said_by(far, cancel)
    expected = {
        407: f"The proxy at http://{http.place} asks for a name and a password. Put them into HTTPS_PROXY, as in"
        " http://name:password@proxy:8080, or ask whoever runs the network.",
        403: f"The proxy at http://{http.place} does not let this program reach {far.url}."
        " Ask whoever runs the network to allow that address.",
        503: f"The proxy at http://{http.place} can't reach {far.url}."
        " Verify that the address is correct, or ask whoever runs the network.",
    }
    assert (expected[status], []) == (said, far.arrivals)


def test_plain_http_that_a_proxy_refuses_names_the_proxy(far, http, cancel):
    """There is no tunnel for plain HTTP, so the proxy's answer looks like the server's."""
    found = []
    for status in (407, 403):
        http.status = status
        with Connections(cancel).session() as session, pytest.raises(NoResponseError) as caught:
            session.send("PUT", f"http://{NAME}/key?X-Amz-Signature=secret", headers={}, body=b"x", read_timeout_s=60)
        found.append((caught.value.reason, caught.value.about))
    place = f"http://{http.place}"
    assert [(NoResponseReason.PROXY_LOGIN, place), (NoResponseReason.PROXY_DENIED, place)] == found


def test_answer_of_a_server_behind_a_proxy_is_the_servers(http, server, cancel):
    """A store's 403 in XML is not the proxy's."""
    del http
    with pytest.MonkeyPatch.context() as patched, Connections(cancel).session() as session:
        patched.setenv("http_proxy", server.url)  # the store itself stands in for a proxy that passes everything on
        response = session.send(
            "PUT", f"http://{NAME}/store/key", headers={"Content-Type": "x"}, body=b"x", read_timeout_s=60
        )
    assert (403, True) == (response.status, b"SignatureDoesNotMatch" in response.body)


@pytest.mark.parametrize(
    ("reply", "part"),
    [
        (2, "does not let this program reach"),
        (1, "can't reach"),
        (4, "can't reach"),
        (5, "can't reach"),
    ],
    ids=["rule", "failure", "host", "refused"],
)
def test_refusal_of_a_socks_proxy_names_the_proxy(far, socks, cancel, reply, part):
    """RFC 1928, 6: what the proxy answers is told apart."""
    socks.reply = reply
    assert said_by(far, cancel).startswith(f"The proxy at socks5h://{socks.place} {part} {far.url}.")


def test_socks_proxy_with_a_password(far, socks, cancel):
    """One that asks for a password is not one that is gone."""
    socks.password = PASSWORD
    said = said_by(far, cancel)
    assert said.startswith(
        f"The proxy at socks5h://{socks.place} asks for a name and a password. Put them into HTTPS_PROXY"
    )


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_dead_proxy_is_named(far, cancel, monkeypatch, scheme):
    """Nobody listens at its address; a password in the setting is not shown."""
    with closed_port() as closed:
        monkeypatch.setenv("https_proxy", f"{scheme}://{PASSWORD}@127.0.0.1:{closed}")
        said = said_by(far, cancel)
    assert (
        f"Cannot connect to the proxy at {scheme}://127.0.0.1:{closed},"
        " which HTTPS_PROXY or the system's settings name. Correct them, or ask whoever runs the network."
    ) == said


@pytest.mark.parametrize(
    "address", ["ftp://proxy:21", "http://", "http://proxy:port", "http://[", "http://a..b:80", f"http://{'a' * 64}:80"]
)
def test_proxy_setting_that_is_no_address_is_named(far, cancel, monkeypatch, address):
    """Whatever stands there, it is a sentence and never a traceback."""
    monkeypatch.setenv("https_proxy", address)
    assert "HTTPS_PROXY" in said_by(far, cancel)


def test_cancel_ends_waiting_for_a_socks_proxy(far, socks, in_thread):
    """A proxy that takes its time to connect holds up no cancel."""
    socks.silent = True
    token = RecordingToken()
    result = in_thread(lambda: uploader_at(far).test_connection(token))
    assert socks.greeted.wait(60)
    token.cancel()
    assert isinstance(result(), Cancelled)


def test_proxy_that_refuses_ends_an_upload_at_once(far, http, folder, cancel):
    """No other file would fare better, and trying again does not help."""
    uploader = uploader_at(far)
    uploader.capabilities(cancel)
    http.status = 403
    result = uploader.upload(folder, PREFIX, resume=True, cancel=cancel)
    assert ([], 4) >= (cancel.pauses, len(result.failed))
    assert "The proxy at" in str(result.halted)


def test_proxy_that_is_gone_in_the_middle_is_waited_for_and_named(far, http, folder, cancel, monkeypatch):
    """As a network that is gone; the editor reads where to look."""
    monkeypatch.setattr("pipeline.transfer.http.recovery.OFFLINE_PAUSE_S", 0.0)
    told: list[str] = []
    uploader = uploader_at(far)
    uploader.capabilities(cancel)
    http.status = 503

    def tell(text: str, level: object) -> None:
        told.append(text)
        http.status = 0

    assert uploader.upload(folder, PREFIX, resume=True, on_notice=tell, cancel=cancel).complete
    assert f"{far.url} can't be reached through the proxy at http://{http.place}. " in told[0]


def test_certificate_behind_a_proxy_may_be_the_proxys(far, http, cancel, monkeypatch):
    """A company's proxy that looks into encrypted connections shows a certificate of its own."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    said = said_by(far, cancel)
    assert said.startswith(f"The certificate of the backend at {far.url} can't be trusted.")
    assert said.endswith(
        f" If the proxy at http://{http.place} looks into encrypted connections, "
        "let REQUESTS_CA_BUNDLE name its certificates."
    )
