"""Encrypted connections, to servers whose certificates come from an authority that the test makes."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from store_server import TOKEN, StoreServer
from threaded_servers import serving
from upload_parts import FOLDER, PREFIX, RecordingToken

from config import BackendApi
from pipeline.errors import TransferError
from pipeline.transfer.connections import Connections
from pipeline.transfer.exchange import NoAnswerError, Silence
from pipeline.transfer.uploader import Uploader

ME = "/api/admin/auth/me"
HERE = x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))
ELSEWHERE = x509.DNSName("elsewhere.example")
DELAYS_S = (1, 3, 10)


class TlsServer(StoreServer):
    """Backend and store behind TLS. `greeted` counts the connections, those that end before the first request too."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self.greeted = 0
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.reached_at = f"https://127.0.0.1:{self.server_address[1]}"

    def get_request(self):
        self.greeted += 1
        return super().get_request()


@dataclass(frozen=True, kw_only=True)
class Authority:
    """Who signs certificates. `path` is the file by which it is trusted."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    path: Path

    def context_for(self, name: x509.GeneralName) -> ssl.SSLContext:
        """Return what a server needs that is to be known by a name."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _draft("a server", key.public_key(), self.certificate.subject)
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption_algorithm=serialization.NoEncryption()
        )
        file = self.path.with_name("server.pem")
        file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority that no computer knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _draft("an authority of the tests", key.public_key(), None)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_signs_certificates(), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "authority.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(certificate=certificate, key=key, path=path)


@pytest.fixture
def serve(authority: Authority) -> Iterator[Callable[[x509.GeneralName], TlsServer]]:
    """Return a function that starts a server whose certificate is for a name."""
    with ExitStack() as opened:
        yield lambda name: opened.enter_context(serving(TlsServer(authority.context_for(name))))


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
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def uploader_at(server: TlsServer) -> Uploader:
    """Return an uploader that would try four times."""
    return Uploader(BackendApi(url=server.url, token=TOKEN), session_id=None, delays=DELAYS_S)


def silence_of(server: TlsServer, cancel: RecordingToken) -> Silence:
    """Send the token once and return why nobody answers."""
    with Connections(cancel).session() as http, pytest.raises(NoAnswerError) as caught:
        http.send("GET", server.url + ME, headers={"Authorization": f"Bearer {TOKEN}"}, body=b"", read_timeout_s=15)
    return caught.value.silence


def check_refused(server: TlsServer, folder: Path, cancel: RecordingToken) -> None:
    """See that an upload ends with a sentence about the backend's certificate, at once, and that nothing was sent."""
    assert Silence.CERTIFICATE == silence_of(server, cancel)
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


def _draft(name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name | None) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now, day = dt.datetime.now(dt.timezone.utc), dt.timedelta(days=1)
    draft = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject).public_key(key)
    return draft.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)


def _signs_certificates() -> x509.KeyUsage:
    others = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign")
    return x509.KeyUsage(key_cert_sign=True, encipher_only=False, decipher_only=False, **dict.fromkeys(others, False))
