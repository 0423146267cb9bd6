"""A whole Veilleur on a clock that moves only when a story says so: every service, a real database, a real mail server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.cli.demo.mailbox import Mailbox, open_mailbox
from services.cli.demo.story import BRAND, Document, documents
from services.cli.simulated.ops import Ops, open_ops
from services.compose import Process, open_process
from services.kit.clock import ManualClock
from services.kit.context import Kit
from services.kit.database import Database
from services.kit.pglog import PgLog
from services.kit.simulation import Cue, Simulation

Mention = Mapping[str, Any]

VIDEO = (
    "⚠️ Un éclat de métal dans un biscuit Lutins de Maison Lacombe, une enfant de 4 ans blessée à la bouche. "
    "Ne donnez plus ces biscuits dangereux à vos enfants."
)
ANGER = (
    "Du métal dans des biscuits Lacombe pour enfants, c'est honteux et dangereux.",
    "Encore une marque qui se tait. Lacombe, c'est inadmissible, je suis furieuse.",
    "Plus jamais de biscuits Lacombe chez nous, quelle horreur cette vidéo.",
    "Mon fils en mange tous les jours. Scandaleux, Lacombe, et toujours aucune réponse.",
    "Boycott Lacombe. On ne joue pas avec la santé des petits.",
)


def crisis(at: datetime, *, mentions: int = 12) -> list[Cue[Mention]]:
    """A dangerous post with a large audience at `at`, then anger, one mention a minute."""
    first = mention(at, VIDEO, followers=212_000, handle="parents_avertis")
    rest = (at + timedelta(minutes=minute) for minute in range(1, mentions))
    return [
        first,
        *(
            mention(when, ANGER[n % len(ANGER)] + f" ({n})", handle=f"voisin{n}")
            for n, when in enumerate(rest)
        ),
    ]


def mention(at: datetime, text: str, *, followers: int = 300, handle: str = "julie") -> Cue[Mention]:
    """Something said about the brand, as `POST /mentions` takes it."""
    said = {
        "source": "agora",
        "external_id": f"{handle}-{at:%H%M%S}",
        "text": text,
        "published_at": at.isoformat(),
        "author": {"handle": handle, "followers": followers},
    }
    return Cue(at, said)


class Town:
    """The process, its people's mailboxes, and the ways to move time."""

    def __init__(
        self, process: Process, clock: ManualClock, mailbox: Mailbox, ops: Ops, browser: httpx.AsyncClient
    ):
        self.process = process
        self.clock = clock
        self.mailbox = mailbox
        self.ops = ops
        self.browser = browser

    async def set_up(self, only: Iterable[str] | None = None) -> None:
        """What ops write; `only` names the documents' ids to keep, among rules."""
        wanted = set(only) if only is not None else None
        for document in documents():
            if document.path != "/rules" or wanted is None or document.id in wanted:
                await self.define(document)
        await self.process.runtime.settle()

    async def define(self, document: Document) -> None:
        """Write one document."""
        await self.ops.define(document.path, document.id, document.doc)

    async def play(self, until: datetime, feed: Sequence[Cue[Mention]] = ()) -> None:
        """Let business time pass, with what is said meanwhile."""
        simulation: Simulation[Mention] = Simulation(
            name=uuid4().hex,
            database=self.process.kit.database,
            clock=self.clock,
            runtime=self.process.runtime,
            publish=self.ops.push,
        )
        await simulation.run(feed, until=until)

    async def alerts(self) -> list[dict[str, Any]]:
        """Every alert, the newest first."""
        return await self.ops.all("/alerts", brand=BRAND)

    async def alert(self) -> dict[str, Any]:
        """The only alert there is, with its history."""
        alerts = await self.alerts()
        assert len(alerts) == 1, [one["headline"] for one in alerts]
        detail: dict[str, Any] = await self.ops.get(f"/alerts/{alerts[0]['id']}")
        return detail

    async def pages(self) -> list[tuple[str | None, datetime]]:
        """Who was paged when, the earliest first."""
        pages = await self.ops.all("/pages")
        return sorted(
            ((page["responder"], datetime.fromisoformat(page["at"])) for page in pages), key=lambda p: p[1]
        )

    async def texts(self, phone: str) -> list[str]:
        """The SMS that somebody got."""
        messages = await self.ops.all("/sandbox/messages")
        return [message["body"] for message in messages if message["recipient"] == phone]

    async def reasons(self) -> list[str]:
        """The codes of the only alert's timeline."""
        return [entry["reason"]["code"] for entry in (await self.alert())["timeline"]]


@pytest.fixture
async def mailbox(tmp_path, clock: ManualClock) -> AsyncIterator[Mailbox]:
    async with open_mailbox(tmp_path / "mailbox", clock) as opened:
        yield opened


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox) -> None:
    """E-mail leaves by a real server; the rest is recorded; the rules are the story's own."""
    monkeypatch.setenv("VEILLEUR_NOTIFY_EMAIL_URL", mailbox.url)
    for channel in ("SMS", "CHAT"):
        monkeypatch.setenv(f"VEILLEUR_NOTIFY_{channel}_URL", "sandbox://")
    monkeypatch.setenv("VEILLEUR_NOTIFY_FALLBACK_URL", "sandbox://fallback")
    monkeypatch.setenv("VEILLEUR_RULES_DEFAULT_RULES", "false")


@asynccontextmanager
async def open_town(kit: Kit, clock: ManualClock, mailbox: Mailbox) -> AsyncIterator[Town]:
    """Start everything on the database as it stands; stop it in good order at the end."""
    async with AsyncExitStack() as stack:
        process = await stack.enter_async_context(open_process(kit))
        ops = await stack.enter_async_context(open_ops(process))
        transport = httpx.ASGITransport(app=process.app)
        browser = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url=kit.settings.public_url)
        )
        yield Town(process, clock, mailbox, ops, browser)


@asynccontextmanager
async def another_kit(kit: Kit) -> AsyncIterator[Kit]:
    """The same installation, opened by another process: nothing in memory is shared but the clock."""
    database = Database(kit.database.url, durable=False)
    bus = PgLog(database, prefix=kit.settings.topic_prefix)
    try:
        yield Kit(settings=kit.settings, database=database, bus=bus, clock=kit.clock, secrets=kit.secrets)
    finally:
        await bus.close()
        await database.close()


@pytest.fixture
async def town(kit: Kit, clock: ManualClock, mailbox: Mailbox, environment: None) -> AsyncIterator[Town]:
    """A town with its set-up written, and one rule: a dangerous mention is critical."""
    async with open_town(kit, clock, mailbox) as opened:
        await opened.set_up(only=["danger"])
        yield opened
