"""People, alerts and a mail server for the tests of delivery."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from services.contracts.values import Author, EvidenceMention, Playbook, Sentiment, Severity, Situation
from services.kit.context import Kit
from services.notify.channels.protocol import Receipt
from services.notify.channels.registry import Channels
from services.notify.domain.alert import Alert
from services.notify.domain.responder import Contact, Responder
from services.notify.handlers.keep_contacts import responders
from services.notify.handlers.page_responder import page_responder
from services.notify.settings.delivery import DeliverySettings
from services.notify.store.alerts import add_alert
from services.notify.worker.sender import Sender


@pytest.fixture
def settings() -> DeliverySettings:
    """Everything goes to the sandbox."""
    return DeliverySettings(
        email_url="sandbox://", sms_url="sandbox://", chat_url="sandbox://", fallback_url="sandbox://fallback"
    )


def _mention(words: str, at: datetime) -> EvidenceMention:
    return EvidenceMention(
        mention_id=uuid4(),
        text=words,
        author=Author(handle="julie", followers=1200),
        url="https://forum.example.org/1",
        source="forum",
        published_at=at,
        sentiment=Sentiment.NEGATIVE,
        risk=90,
    )


class Scene:
    """Writes what delivery reads, as the rest of notify would, and reads its rows."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit

    async def alert(self, **changes: Any) -> UUID:
        """An open alert about a boycott."""
        now = self.kit.clock.now()
        fields: dict[str, Any] = {
            "id": uuid4(),
            "brand": "lacombe",
            "brand_name": "lacombe",
            "origin": "rule",
            "severity": Severity.CRITICAL,
            "dedup_key": "lacombe",
            "headline": "Un appel au boycott enfle",
            "state": "open",
            "off_hours": True,
            "began_at": now - timedelta(minutes=30),
            "raised_at": now,
            "situation": Situation(
                mentions=61, authors=40, negative_share=0.8, reach=9000, max_risk=90, window_minutes=30
            ),
            "mentions": tuple(_mention(words, now) for words in ("Boycottez-les !", "Honte à eux", "Bof")),
            "playbook": Playbook(text="Prévenir la direction."),
        }
        alert = Alert.model_validate(fields | changes)
        async with self.kit.database.transaction() as tx:
            await add_alert(tx, alert)
        return alert.id

    async def person(self, name: str, *contacts: tuple[str, str], **changes: Any) -> None:
        """A responder, with contacts as (kind, address); the id is the name in lower case."""
        written = tuple(Contact(kind=kind, address=address) for kind, address in contacts)
        doc = Responder(name=name, contacts=written, **changes)
        async with self.kit.database.transaction() as tx:
            await responders(self.kit).create(
                tx, id=name.lower(), doc=doc, by="test", at=self.kit.clock.now()
            )

    async def page(self, alert_id: UUID, responder: str = "alice", *, step: int = 0) -> UUID:
        """Decide to page somebody; the id of the page."""
        async with self.kit.database.transaction() as tx:
            outcome = await page_responder(
                tx, alert_id=alert_id, responder_id=responder, round=0, step=step, at=self.kit.clock.now()
            )
        assert outcome.page_id is not None, outcome.reason
        return outcome.page_id

    async def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """Rows of a query, as dictionaries."""
        async with self.kit.database.transaction() as tx:
            return [dict(row) for row in (await tx.execute(text(query), values)).mappings()]

    async def ledger(self, *columns: str) -> list[tuple[Any, ...]]:
        """Every delivery, by contact and attempt: the given columns."""
        found = await self.rows(
            f"SELECT {', '.join(columns)} FROM notify.deliveries ORDER BY queued_at, position, attempt, id"
        )
        return [tuple(row.values()) for row in found]

    async def timeline(self, alert_id: UUID) -> list[str]:
        """The codes of an alert's timeline, in order."""
        found = await self.rows(
            "SELECT code FROM notify.timeline WHERE alert_id = :id ORDER BY sequence", id=alert_id
        )
        return [row["code"] for row in found]


@pytest.fixture
def scene(kit: Kit) -> Scene:
    """People, alerts and pages, and the rows they leave."""
    return Scene(kit)


class Scripted(Channels):
    """Channels that do as they are told for an address, and remember what they were asked."""

    def __init__(self, kit: Kit, settings: DeliverySettings) -> None:
        super().__init__(kit, settings)
        self.sent: Counter[str] = Counter()
        self.script = {}

    async def send(self, kind, address, message):
        self.sent[address] += 1
        todo = self.script.get(address)
        if isinstance(todo, Exception):
            raise todo
        if todo is not None:
            await todo()
        return Receipt()


@pytest.fixture
def channels(kit, settings):
    return Scripted(kit, settings)


@pytest.fixture
def sender(kit, settings, channels):
    return Sender(kit, settings, channels=channels)


class Mailbox:
    """What a mail server received, and how it answers."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.port = 0
        self.refusals: dict[str, str] = {}

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.recipients += envelope.rcpt_tos
        return "250 Taken"

    def part(self, kind: str, index: int = -1) -> str:
        """The text of one part of a message."""
        body = self.messages[index].get_body((kind,))
        assert body is not None, f"there is no {kind} part"
        return str(body.get_content())


@pytest.fixture
async def serve_mail() -> AsyncIterator[Callable[..., Awaitable[Mailbox]]]:
    """Start a real SMTP server, which asks for `account` if given; other options are those of aiosmtpd."""
    servers: list[asyncio.Server] = []

    async def serve(*, account: tuple[str, str] | None = None, **options: Any) -> Mailbox:
        if account:
            options |= {"auth_required": True, "authenticator": knows(*account)}
        mailbox = Mailbox()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(mailbox, loop=loop, **options), "127.0.0.1", 0)
        mailbox.port = server.sockets[0].getsockname()[1]
        servers.append(server)
        return mailbox

    yield serve
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate of its own making for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def knows(user: str, password: str) -> Callable[..., AuthResult]:
    """An authenticator that knows one account."""

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (
            user.encode(),
            password.encode(),
        )
        return AuthResult(success=good, handled=False)

    return check


@pytest.fixture
def nowhere() -> int:
    """A port of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
