"""The certificate of Stigg's host: one that has expired is believed no more."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from integrations_app.stigg import ApiKey, Client, KeyRejected, StiggError, UnexpectedResponse
from tests import hostile

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stigg")])
REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}"


def certificate(directory: Path, address: str, days: int) -> Path:
    """A file with a certificate for this address, good for so many days, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    made = (
        x509.CertificateBuilder(NAME, NAME, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), False)
        .sign(key, hashes.SHA256())
    )
    form, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(form, pkcs8, serialization.NoEncryption())
    path = directory / "stigg.pem"
    path.write_bytes(made.public_bytes(form) + secret)
    return path


def speaking_tls(path: Path) -> hostile.Behaviour:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)

    def speak(connection: socket.socket, _head: bytes) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65_536)
            secured.sendall(REFUSED)

    return speak


@pytest.mark.parametrize(
    ("address", "days", "comes_of_it"),
    [
        ("127.0.0.1", 1, KeyRejected),  # it is believed
        ("127.0.0.1", -1, UnexpectedResponse),
        ("127.0.0.2", 1, UnexpectedResponse),
    ],
    ids=["good", "expired", "another host's"],
)
def test_only_a_certificate_that_holds_is_believed(
    tmp_path: Path, address: str, days: int, comes_of_it: type[StiggError]
) -> None:
    path = certificate(tmp_path, address, days)
    with hostile.server(speaking_tls(path), at_once=True) as stigg:
        url = stigg.url.replace("http:", "https:")
        client = Client(url, ApiKey("a-key"), ca_bundle=str(path))
        with pytest.raises(comes_of_it):
            client.get_customer("acme-corp")
