"""Feeds, from a server to the bus, on a clock that stands still."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.contracts import topics
from services.contracts.errors import RetryableError
from services.contracts.events import Event
from services.contracts.topics import Topic
from services.ingest.handlers.load_matcher import Watchlist
from services.ingest.handlers.poll_sources import Poller
from services.ingest.service import build
from services.ingest.sources.http import Reader
from services.ingest.store import polls
from services.kit.bus import BusAwayError
from services.kit.clock import ManualClock
from services.kit.runtime import Runtime


class KilledError(BaseException):
    """The process ends here."""


def rss(**titles):
    items = "".join(
        f"<item><guid>{guid}</guid><title>{title}</title></item>" for guid, title in titles.items()
    )
    return f"<rss version='2.0'><channel>{items}</channel></rss>"


@dataclass
class Desk:
    """Ingest as its users see it: the API, the process, and the feed it reads."""

    client: httpx.AsyncClient
    runtime: Runtime
    clock: ManualClock
    read_topic: Callable[[Topic], Awaitable[list[Event]]]
    web: Any

    async def add_source(self, **fields):
        doc = {
            "id": "depeche",
            "name": "La Dépêche",
            "url": self.web.url("/rss"),
            "every_seconds": 300,
            **fields,
        }
        made = await self.client.post("/api/v1/sources", json=doc)
        assert made.status_code == 201, made.text

    async def health(self, source="depeche"):
        return (await self.client.get(f"/api/v1/sources/{source}/health")).json()

    async def mentions(self):
        found = await self.read_topic(topics.MENTIONS)
        return [(event.external_id, event.revision, event.title or event.text) for event in found]

    async def said_of_health(self):
        found = await self.read_topic(topics.SOURCE_HEALTH)
        return [(event.brand, event.source.id, event.state) for event in found]

    async def later(self, **span):
        self.clock.advance(**span)
        await self.runtime.settle()


@pytest.fixture
async def service(kit, settings):
    return build(kit, settings)


@pytest.fixture
async def runtime(service, make_runtime):
    return await make_runtime([service])


@pytest.fixture
async def desk(service, make_client, runtime, read_topic, web):
    client = await make_client([service])
    for brand in ("lacombe", "durand"):
        await client.post("/api/v1/brands", json={"id": brand, "name": brand})
        await client.post(
            "/api/v1/watches", json={"id": brand, "brand": brand, "name": brand, "query": brand}
        )
    return Desk(client, runtime, runtime._clock, read_topic, web)


@pytest.fixture
def make_poller(kit, settings):
    def make(**changes):
        chosen = settings.model_copy(update=changes)
        reader = Reader(
            allow_hosts=chosen.allow_hosts,
            user_agent=chosen.user_agent,
            timeout_seconds=chosen.poll_timeout_seconds,
            max_bytes=chosen.poll_max_bytes,
        )
        return Poller(kit, chosen, Watchlist(), reader)

    return make


async def test_each_entry_is_said_once_and_an_edit_once_more(desk):
    desk.web.page("/rss", rss(a="Lacombe ferme", b="Il fait beau"), ETag='"1"')
    await desk.add_source()
    await desk.runtime.settle()
    assert await desk.mentions() == [("a", 0, "Lacombe ferme")]

    await desk.later(seconds=299)
    assert len(desk.web.asked) == 1
    desk.web.page("/rss", status=304)
    await desk.later(seconds=1)
    assert desk.web.asked[1].headers["if-none-match"] == '"1"'

    desk.web.page("/rss", rss(a="Lacombe ne ferme pas", b="Il fait beau chez Lacombe", c="Lacombe"))
    await desk.later(seconds=300)
    assert sorted(await desk.mentions()) == [
        ("a", 0, "Lacombe ferme"),
        ("a", 1, "Lacombe ne ferme pas"),
        ("b", 1, "Il fait beau chez Lacombe"),
        ("c", 0, "Lacombe"),
    ]
    await desk.later(seconds=300)
    assert len(await desk.mentions()) == 4
    assert await desk.runtime.next_due() == desk.clock.now() + timedelta(seconds=300)


async def test_a_source_of_one_brand_is_read_for_that_brand(desk):
    desk.web.page("/rss", rss(a="Lacombe contre Durand"))
    await desk.add_source(brand="durand")
    await desk.runtime.settle()
    assert {event.brand for event in await desk.read_topic(topics.MENTIONS)} == {"durand"}


async def test_a_failing_source_is_asked_less_and_less_and_says_so_once(desk):
    desk.web.page("/rss", "oops", status=500)
    await desk.add_source(brand="lacombe")
    await desk.runtime.settle()
    waits = []
    for failures in range(1, 6):
        health = await desk.health()
        assert (health["failures"], health["status"]) == (failures, 500)
        assert health["state"] == ("failing" if failures >= 3 else "healthy")
        due = await desk.runtime.next_due()
        waits.append((due - desk.clock.now()).total_seconds())
        await desk.later(seconds=waits[-1])
    assert all(60 * 2**n <= wait <= 72 * 2**n for n, wait in enumerate(waits))

    desk.web.page("/rss", rss(a="Lacombe"))
    await desk.later(hours=2)
    health = await desk.health()
    assert (health["state"], health["failures"], health["error"], health["entries"]) == (
        "healthy",
        0,
        None,
        1,
    )
    assert await desk.said_of_health() == [
        ("lacombe", "depeche", "failing"),
        ("lacombe", "depeche", "healthy"),
    ]
    assert await desk.mentions() == [("a", 0, "Lacombe")]


async def test_a_server_that_asks_for_time_gets_it(desk):
    desk.web.page("/rss", status=429, Retry_After="7200")
    await desk.add_source()
    await desk.runtime.settle()
    await desk.later(seconds=7199)
    assert len(desk.web.asked) == 1
    await desk.later(seconds=1)
    assert len(desk.web.asked) == 2


async def test_a_private_address_is_failing_at_once_and_never_asked(desk):
    await desk.add_source(url=f"http://localhost:{desk.web.port}/rss")
    await desk.runtime.settle()
    health = await desk.health()
    assert health["state"] == "failing"
    assert "VEILLEUR_INGEST_ALLOW_HOSTS" in health["error"]
    assert desk.web.asked == []
    assert await desk.said_of_health() == [("all", "depeche", "failing")]


@pytest.mark.parametrize("document", ["<html>maintenance</html>", "", "\x00\x01", "<rss"])
async def test_a_page_that_is_no_feed_is_a_failure(desk, document):
    desk.web.page("/rss", document)
    await desk.add_source()
    await desk.runtime.settle()
    assert (await desk.health())["failures"] == 1


async def test_broken_xml_gives_what_can_be_read(desk):
    desk.web.page("/rss", "<rss><channel><item><title>Lacombe & fils</title><guid>a</guid></item><item><tit")
    await desk.add_source()
    await desk.runtime.settle()
    assert await desk.mentions() == [("a", 0, "Lacombe & fils")]
    assert (await desk.health())["rejected"] == 1


async def test_one_bad_source_does_not_hold_up_the_others(desk):
    for n in range(20):
        desk.web.page(f"/{n}", rss(a=f"Lacombe {n}") if n % 2 else "oops", status=200 if n % 2 else 500)
        await desk.add_source(id=f"s{n}", url=desk.web.url(f"/{n}"))
    await desk.runtime.settle()
    assert len(await desk.mentions()) == 10
    assert len(desk.web.asked) == 20


async def test_a_source_that_is_switched_off_is_left_alone_but_may_be_read_by_hand(desk):
    desk.web.page("/rss", rss(a="Lacombe"))
    await desk.add_source(enabled=False)
    await desk.later(days=1)
    assert desk.web.asked == []
    answer = (await desk.client.post("/api/v1/sources/depeche/poll")).json()
    assert answer == {
        "outcome": "read",
        "entries": 1,
        "news": 1,
        "matched": 1,
        "rejected": 0,
        "error": None,
        "next_poll_at": None,
    }


async def test_a_new_address_forgets_the_old_ones_validators(desk):
    desk.web.page("/rss", rss(a="Lacombe"), ETag='"1"')
    await desk.add_source()
    await desk.runtime.settle()
    desk.web.page("/new", rss(a="Lacombe", b="Lacombe encore"))
    source = await desk.client.get("/api/v1/sources/depeche")
    doc = {"name": "D", "url": desk.web.url("/new"), "every_seconds": 300}
    await desk.client.put("/api/v1/sources/depeche", json=doc, headers={"If-Match": source.headers["etag"]})
    await desk.runtime.settle()
    assert "if-none-match" not in desk.web.asked[-1].headers
    assert [mention[0] for mention in await desk.mentions()] == ["a", "b"]


async def test_the_bus_away_loses_nothing_and_says_nothing_twice(desk, kit, monkeypatch, make_poller):
    desk.web.page("/rss", rss(a="Lacombe", b="Lacombe aussi"), ETag='"1"')
    await desk.add_source()
    publish, poller = kit.bus.publish, make_poller()

    async def away(messages):
        await publish(messages[:1])  # some of it got through
        raise BusAwayError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(kit.bus, "publish", away)
        with pytest.raises(RetryableError):
            await poller.poll_due(desk.clock.now())
    desk.web.page("/rss", rss(a="Lacombe", b="Lacombe aussi", c="Lacombe enfin"))
    assert await poller.poll_due(desk.clock.now())
    assert "if-none-match" not in desk.web.asked[-1].headers
    assert sorted(set(await desk.mentions())) == [
        ("a", 0, "Lacombe"),
        ("b", 0, "Lacombe aussi"),
        ("c", 0, "Lacombe enfin"),
    ]


async def test_an_edit_that_was_published_but_not_noted_keeps_its_revision(desk, make_poller, monkeypatch):
    desk.web.page("/rss", rss(a="Lacombe"))
    await desk.add_source()
    await desk.runtime.settle()
    desk.web.page("/rss", rss(a="Lacombe corrige"))
    desk.clock.advance(seconds=300)

    async def killed(*_args):
        raise KilledError

    poller = make_poller()
    with monkeypatch.context() as patch:
        patch.setattr(polls, "finish", killed)
        with pytest.raises(KilledError):
            await poller._poll(await claim_due(poller, desk))
    await forget_lease(poller)
    assert await make_poller().poll_due(desk.clock.now())
    assert await desk.mentions() == [
        ("a", 0, "Lacombe"),
        ("a", 1, "Lacombe corrige"),
        ("a", 1, "Lacombe corrige"),
    ]


async def test_two_processes_share_the_sources_and_neither_reads_one_twice(desk, make_poller):
    for n in range(6):
        desk.web.page(f"/{n}", rss(a=f"Lacombe {n}"))
        await desk.add_source(id=f"s{n}", url=desk.web.url(f"/{n}"))
    one, other = make_poller(), make_poller()
    claim = await claim_due(one, desk)
    await other.poll_due(desk.clock.now())
    assert len(desk.web.asked) == 5
    busy = await desk.client.post(f"/api/v1/sources/{claim.source}/poll")
    assert busy.status_code == 409
    await one._poll(claim)
    assert len({asked.path for asked in desk.web.asked}) == len(desk.web.asked) == 6


async def test_who_lost_the_lease_changes_nothing(desk, make_poller):
    desk.web.page("/rss", rss(a="Lacombe"), ETag='"1"')
    await desk.add_source()
    slow = make_poller()
    stale = await claim_due(slow, desk)
    await forget_lease(slow)
    assert await make_poller().poll_due(desk.clock.now())
    assert (await slow._poll(stale)).outcome == "lost"
    assert await desk.mentions() == [("a", 0, "Lacombe")]


async def test_a_source_deleted_while_it_is_read_is_no_error(desk, make_poller):
    desk.web.page("/rss", rss(a="Lacombe"))
    await desk.add_source()
    poller = make_poller()
    claim = await claim_due(poller, desk)

    async def delete_then_answer(_asked, writer):
        await desk.client.delete("/api/v1/sources/depeche", headers={"If-Match": "*"})
        body = rss(a="Lacombe").encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    desk.web.pages["/rss"] = delete_then_answer
    assert (await poller._poll(claim)).outcome == "lost"
    assert await desk.mentions() == []


async def claim_due(poller, desk):
    (claim,) = await poller._claim(desk.clock.now(), 1)
    return claim


async def forget_lease(poller):
    """Machine time passes: the lease of a process that died runs out."""
    async with poller._kit.database.transaction() as tx:
        await tx.exec_driver_sql(
            "UPDATE ingest.polls SET lease_until = clock_timestamp() - interval '1 second'"
        )
