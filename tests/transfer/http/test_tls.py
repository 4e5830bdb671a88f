"""Encrypted connections, to servers whose certificates come from an authority that the test makes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from store_server import TOKEN
from tls_servers import HERE, Authority, TlsServer
from upload_parts import FOLDER, PREFIX, RecordingToken

from config import BackendApi
from pipeline.errors import TransferError
from pipeline.transfer.http.connections import Connections
from pipeline.transfer.http.exchange import NoResponseError, NoResponseReason
from pipeline.transfer.upload.uploader import Uploader

ME = "/api/admin/auth/me"
ELSEWHERE = x509.DNSName("elsewhere.example")
DELAYS_S = (1, 3, 10)


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a company with an authority of its own."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.path))


@pytest.fixture
def cancel() -> RecordingToken:
    """A token that remembers every pause before a further try."""
    return RecordingToken()


@pytest.fixture(autouse=True)
def _no_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this computer trusts is of no consequence."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def uploader_at(server: TlsServer) -> Uploader:
    """Return an uploader that would try four times."""
    return Uploader(BackendApi(url=server.url, token=TOKEN), session_id=None, delays=DELAYS_S)


def no_response_reason_of(server: TlsServer, cancel: RecordingToken) -> NoResponseReason:
    """Send the token once and return why nobody answers."""
    with Connections(cancel).session() as http, pytest.raises(NoResponseError) as caught:
        http.send("GET", server.url + ME, headers={"Authorization": f"Bearer {TOKEN}"}, body=b"", read_timeout_s=60)
    return caught.value.reason


def check_refused(server: TlsServer, folder: Path, cancel: RecordingToken) -> None:
    """See that an upload ends with a sentence about the backend's certificate, at once, and that nothing was sent."""
    assert NoResponseReason.CERTIFICATE == no_response_reason_of(server, cancel)
    before = server.greeted
    said = f"The certificate of the backend at {server.url} can't be trusted. Verify the URL, or ask its administrator."
    with pytest.raises(TransferError) as caught:
        uploader_at(server).upload(folder, PREFIX, resume=True, cancel=cancel)
    assert (said, [], [], 1) == (str(caught.value), server.arrivals, cancel.pauses, server.greeted - before)


def test_certificate_of_an_unknown_authority_is_refused(serve, folder, cancel):
    """Neither token nor file goes to a server that can't prove who it is, and it is not tried again."""
    check_refused(serve(HERE), folder, cancel)


@pytest.mark.usefixtures("trusted")
def test_certificate_of_another_server_is_refused(serve, folder, cancel):
    """An authority that is trusted does not make one server another."""
    check_refused(serve(ELSEWHERE), folder, cancel)


@pytest.mark.usefixtures("trusted")
def test_authority_of_a_company_is_trusted(serve, folder, cancel):
    """REQUESTS_CA_BUNDLE names it: a folder and a single file arrive byte for byte."""
    server = serve(HERE)
    assert uploader_at(server).upload(folder, PREFIX, resume=True, cancel=cancel).complete
    uploader_at(server).upload_file(folder / "offline_480p.mp4", "single.mp4", cancel=cancel)
    expected = {PREFIX + name: content for name, content in FOLDER.items()} | {"single.mp4": FOLDER["offline_480p.mp4"]}
    assert (expected, []) == (server.stored, cancel.pauses)


@pytest.mark.usefixtures("trusted")
def test_store_with_a_wrong_certificate_gets_nothing(serve, cancel, folder):
    """The backend's certificate does not speak for its store: no file goes there, and it is not tried again."""
    backend, store = serve(HERE), serve(ELSEWHERE)
    backend.reached_at, own = store.url, backend.url  # what is signed leads to the store
    with pytest.raises(TransferError) as caught:
        Uploader(BackendApi(url=own, token=TOKEN), session_id=None, delays=DELAYS_S).upload_file(
            folder / "offline_480p.mp4", "single.mp4", cancel=cancel
        )
    said = f"The certificate of the storage at {store.url} can't be trusted. Ask the administrator of the backend."
    assert (said, [], {}, [], 1) == (str(caught.value), store.arrivals, backend.stored, cancel.pauses, store.greeted)


def test_certificates_of_the_system_are_trusted(serve, authority, folder, cancel, tmp_path, monkeypatch):
    """A company's authority that stands in the system's own list needs no setting;
    here the list is a folder of OpenSSL's.
    """
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    (certificates / "company.pem").write_bytes(authority.path.read_bytes())
    subprocess.run(["openssl", "rehash", certificates], check=True)
    monkeypatch.setenv("SSL_CERT_DIR", str(certificates))
    assert uploader_at(serve(HERE)).upload(folder, PREFIX, resume=True, cancel=cancel).complete


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_setting_that_names_certificates_is_honoured(serve, authority, cancel, monkeypatch, name):
    """On every system, Windows and macOS too, where nothing else knows it."""
    monkeypatch.setenv(name, str(authority.path))
    uploader_at(serve(HERE)).test_connection(cancel)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
@pytest.mark.parametrize("content", [None, b"no certificate"], ids=["missing", "something else"])
def test_setting_without_certificates_is_named(serve, cancel, tmp_path, monkeypatch, name, content):
    """Not the server's fault, and no traceback."""
    path, server = tmp_path / "authorities.pem", serve(HERE)
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(name, str(path))
    with pytest.raises(TransferError) as caught:
        uploader_at(server).test_connection(cancel)
    said = (
        f"{name} names {path}, where no certificates can be read. Correct that setting or remove it, then start again."
    )
    assert (said, 0, []) == (str(caught.value), len(server.arrivals), cancel.pauses)


def test_https_to_a_server_without_it_is_told(server, cancel):
    """Neither a broken connection nor a bad certificate."""
    url = server.url.replace("http://", "https://")
    with pytest.raises(TransferError) as caught:
        Uploader(BackendApi(url=url, token=TOKEN), session_id=None, delays=DELAYS_S).test_connection(cancel)
    said = (
        f"The server at {url} does not answer in https. Verify the port, or try http:// where it runs on this machine."
    )
    assert (said, []) == (str(caught.value), cancel.pauses)
