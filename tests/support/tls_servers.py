"""A server behind TLS, and an authority that signs its certificate and that no computer knows."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from store_server import StoreServer

HERE = x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))


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
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            encryption_algorithm=serialization.NoEncryption(),
        )
        file = self.path.with_name("server.pem")
        file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def make_authority(path: Path) -> Authority:
    """Make an authority whose certificate is written to a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _draft("an authority of the tests", key.public_key(), None)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_signs_certificates(), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(certificate=certificate, key=key, path=path)


def _draft(name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name | None) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now, day = dt.datetime.now(dt.timezone.utc), dt.timedelta(days=1)
    draft = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject).public_key(key)
    return draft.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)


def _signs_certificates() -> x509.KeyUsage:
    others = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "crl_sign",
    )
    return x509.KeyUsage(key_cert_sign=True, encipher_only=False, decipher_only=False, **dict.fromkeys(others, False))
