"""E-mail: real SMTP on loopback, in clear, with STARTTLS and with TLS from the start; and when it fails."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from messaging import mail
from messaging.errors import SettingError
from messaging.mail import MailServer, parse
from messaging.settings import load
from tests.fakes.mailbox import Box, free_port

FROM, TO = "jekulu@essai.example", ("a@essai.example", "b@essai.example")
LETTER = mail.letter(FROM, TO, "Jɛkulu : 1 alarme", "La passerelle orange est en pause.\n")

ADDRESSES = [
    ("plain", "smtp://mail.example:25", MailServer("mail.example", 25)),
    ("usual port", "smtp://mail.example", MailServer("mail.example", 25)),
    ("a user", "smtp://ana:s%40cret@mail.example", MailServer("mail.example", 587, "ana", "s@cret", "demanded")),
    ("an own port", "smtp://ana:x@mail.example:2525/", MailServer("mail.example", 2525, "ana", "x", "demanded")),
    ("TLS", "smtps://ana:x@mail.example", MailServer("mail.example", 465, "ana", "x", "from the start")),
    ("none", " ", None),
]


@pytest.mark.parametrize(("address", "server"), [row[1:] for row in ADDRESSES], ids=[row[0] for row in ADDRESSES])
def test_an_address_is_read(address: str, server: MailServer | None) -> None:
    assert parse(address) == server


@pytest.mark.parametrize(
    "address",
    ["mail.example:25", "http://mail.example", "smtp://", "smtp://ana@mail.example", "smtp://mail.example/box",
     "smtp://ana:gehe/im@mail.example", "smtp://ana:gehe#im@mail.example", "smtp://mail.example:post"],
)  # fmt: skip
def test_a_wrong_address_stops_the_start_and_its_password_is_not_repeated(address: str) -> None:
    given = {"JEKULU_SMTP": address, "JEKULU_ALARM_FROM": FROM, "JEKULU_ALARM_TO": TO[0]}
    with pytest.raises(SettingError, match="JEKULU_SMTP: write smtp://") as told:
        load(given)
    assert "gehe" not in str(told.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"JEKULU_SMTP": ""}, "belong together", id="no server"),
        pytest.param({"JEKULU_ALARM_FROM": ""}, "belong together", id="no sender"),
        pytest.param({"JEKULU_ALARM_TO": ""}, "belong together", id="nobody to write to"),
        pytest.param({"JEKULU_ALARM_TO": "a@b.example, c"}, "« c » is no e-mail address", id="no address"),
        pytest.param({"JEKULU_ALARM_FROM": "jekulu"}, "« jekulu » is no e-mail address", id="no sender's address"),
    ],
)
def test_the_three_settings_belong_together(changes: dict[str, str], said: str) -> None:
    given = {"JEKULU_SMTP": "smtp://localhost", "JEKULU_ALARM_FROM": FROM, "JEKULU_ALARM_TO": TO[0]}
    assert load(given).smtp == MailServer("localhost", 25)
    with pytest.raises(SettingError, match=said):
        load(given | changes)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home-made certificate for the loopback, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def context(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def login(_server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
    is_right = isinstance(data, LoginPassword) and data.password == b"s@cret"
    return AuthResult(success=is_right, handled=is_right)


@pytest.fixture
def served() -> Iterator[Any]:
    """Start mail servers on loopback; gives the box and the port of each."""
    started = []

    def start(**options: Any) -> tuple[Box, int]:
        box = Box()
        running = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
        running.start()
        started.append(running)
        return box, running.port

    yield start
    for running in started:
        running.stop()


def test_one_e_mail_reaches_everybody_with_its_letters(served) -> None:
    box, port = served()
    mail.send(MailServer("127.0.0.1", port), LETTER)
    ((to, letter),) = box.letters
    assert to == list(TO) and letter["Subject"] == "Jɛkulu : 1 alarme" and letter["From"] == FROM
    assert letter.get_content().strip() == "La passerelle orange est en pause."
    assert letter["Auto-Submitted"] == "auto-generated" and letter["Message-ID"] and letter["Date"]


def test_tls_that_is_offered_is_used_with_any_certificate(served, certificate: Path) -> None:
    box, port = served(tls_context=context(certificate))
    mail.send(MailServer("127.0.0.1", port), LETTER)
    assert box.was_secure == [True]


def test_a_password_goes_through_tls_of_a_known_server(served, certificate: Path, monkeypatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    box, port = served(tls_context=context(certificate), authenticator=login, auth_required=True)
    mail.send(MailServer("127.0.0.1", port, "ana", "s@cret", "demanded"), LETTER)
    assert box.was_secure == [True]


def test_tls_from_the_start(served, certificate: Path, monkeypatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    box, port = served(ssl_context=context(certificate))
    mail.send(MailServer("127.0.0.1", port, tls="from the start"), LETTER)
    assert len(box.letters) == 1


def test_no_password_for_a_stranger(served, certificate: Path) -> None:
    asked = []

    def note(*given: Any) -> AuthResult:
        asked.append(given)
        return AuthResult(success=True)

    box, port = served(tls_context=context(certificate), authenticator=note)
    with pytest.raises(ssl.SSLError):
        mail.send(MailServer("127.0.0.1", port, "ana", "s@cret", "demanded"), LETTER)
    clear, port = served(authenticator=note, auth_require_tls=False)
    with pytest.raises(OSError, match="STARTTLS"):
        mail.send(MailServer("127.0.0.1", port, "ana", "s@cret", "demanded"), LETTER)
    assert not asked and not box.letters and not clear.letters


def test_a_wrong_password_is_an_error(served, certificate: Path, monkeypatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    box, port = served(tls_context=context(certificate), authenticator=login, auth_required=True)
    with pytest.raises(OSError, match="535"):
        mail.send(MailServer("127.0.0.1", port, "ana", "wrong", "demanded"), LETTER)
    assert not box.letters


def test_a_server_that_says_nothing_is_left_in_time(monkeypatch) -> None:
    monkeypatch.setattr(mail, "PATIENCE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        begun = time.monotonic()
        with pytest.raises(OSError):
            mail.send(MailServer("127.0.0.1", deaf.getsockname()[1]), LETTER)
        assert time.monotonic() - begun < 5


def test_no_server_at_all_is_an_error() -> None:
    with pytest.raises(OSError):
        mail.send(MailServer("127.0.0.1", free_port()), LETTER)


class Rude(Box):
    """Takes the letter, and says something odd to our good-bye, or nothing at all."""

    async def handle_QUIT(self, _server: Any, _session: Any, _envelope: Any) -> str:
        return "451 not now"


def test_a_letter_that_was_taken_has_left_however_the_server_says_good_bye() -> None:
    box = Rude()
    running = Controller(box, hostname="127.0.0.1", port=free_port())
    running.start()
    try:
        mail.send(MailServer("127.0.0.1", running.port), LETTER)
    finally:
        running.stop()
    assert len(box.letters) == 1
