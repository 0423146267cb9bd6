"""The first page: what needs somebody, who is there, what is being said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.console.views.duty import DutyBook, Next, OnCall, Presence
from services.ingest.store.resources import BRANDS, WATCHES
from services.kit.database import Transaction
from services.notify.domain.alert import Alert, AlertState
from services.notify.domain.responder import Language
from services.notify.store.alerts import Listing, open_by_brand, resolved_alerts, urgent_alerts
from services.notify.store.page_tales import PageTale, latest_pages
from services.notify.store.runs import runs_of
from services.rules.views import Volume, volumes

OPEN_SHOWN = 8
TAKEN_SHOWN = 4
RESOLVED_SHOWN = 4
BRANDS_SHOWN = 6
"""How many of each fit a page that a phone reads in one go; of the others their number is told."""

PAGES_SHOWN = 2
DAY = timedelta(hours=24)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Line:
    """An alert in a list. `pages`: its last ones, newest first; `next`: only while it is open."""

    alert: Alert
    zone: str
    pages: Sequence[PageTale] = ()
    next: Next | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Some alerts, and how many more there are."""

    lines: tuple[Line, ...]
    total: int

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.total - len(self.lines)


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said in the last 24 hours, hour by hour, and how much in the 24 before."""

    hours: tuple[int, ...]
    mentions: int
    negative_share: float
    before: int

    @classmethod
    def of(cls, volume: Volume) -> Talk:
        """From 48 slots of an hour."""
        hours = tuple(volume.mentions[24:])
        mentions, negative = sum(hours), sum(volume.negative[24:])
        return cls(hours, mentions, negative / mentions if mentions else 0.0, sum(volume.mentions[:24]))


@dataclass(frozen=True, slots=True)
class BrandCard:
    """A brand tonight. `open`: how many of its alerts nobody has taken."""

    id: str
    name: str
    zone: str
    open: int
    presence: Presence
    on_call: OnCall
    talk: Talk


@dataclass(frozen=True, slots=True)
class Setup:
    """What there is to begin with: the first brand's id, and whether there is any of the rest."""

    brand: str | None
    watch: bool
    responder: bool
    policy: bool
    fallback: bool

    @property
    def complete(self) -> bool:
        """Whether an alert could be raised and somebody told of it."""
        return bool(self.brand) and self.watch and (self.fallback or (self.responder and self.policy))


@dataclass(frozen=True, slots=True)
class Tonight:
    """The first page's content.

    Attributes:
        zone: In which the page tells its own time.
        unshown: How many brands are not among `brands`.
        gaps: Brands for which no page would reach anybody although a policy says whom, or for which neither a policy
            nor a fallback is there; by name.
    """

    now: datetime
    zone: str
    setup: Setup
    open: Section
    taken: Section
    resolved: Section
    brands: tuple[BrandCard, ...]
    unshown: int
    gaps: tuple[str, ...]

    @property
    def night(self) -> bool:
        """Whether a team is away: in doubt it is."""
        return not self.brands or any(not card.presence.on_duty for card in self.brands)


async def see_tonight(
    tx: Transaction, *, now: datetime, language: Language, zone: str, fallback: bool
) -> Tonight:
    """Gather the page: as many round trips for five hundred alerts as for one.

    Args:
        tx: Where everything is read.
        now: Business time.
        language: Of what calendars say.
        zone: IANA zone of brands without a coverage.
        fallback: Whether somebody is told when nobody else can be.
    """
    book = await DutyBook.read(tx, language=language, zone=zone)
    names = {one.id: one.doc.name for one in await BRANDS.all(tx)}
    watched = bool(await WATCHES.page(tx, limit=1))
    waiting = await open_by_brand(tx)
    calls = {brand: book.on_call(brand, now) for brand in names}
    gaps = {brand for brand, call in calls.items() if not call.reached and (call.policy or not fallback)}
    ranked = sorted(names, key=lambda brand: (-waiting.get(brand, 0), brand not in gaps, names[brand]))
    said = await volumes(tx, ranked[:BRANDS_SHOWN], until=now, slot=_HOUR, slots=48)
    cards = tuple(
        BrandCard(
            brand, names[brand], book.zone_of(brand), waiting.get(brand, 0), book.presence(brand, now), calls[brand],
            Talk.of(said[brand]),
        )
        for brand in ranked[:BRANDS_SHOWN]
    )  # fmt: skip
    return Tonight(
        now=now,
        zone=cards[0].zone if cards else zone,
        setup=Setup(next(iter(names), None), watched, bool(book.people), bool(book.policies), fallback),
        open=await _open(tx, book),
        taken=_section(book, await urgent_alerts(tx, AlertState.ACKNOWLEDGED, limit=TAKEN_SHOWN)),
        resolved=_section(book, await resolved_alerts(tx, since=now - DAY, limit=RESOLVED_SHOWN)),
        brands=cards,
        unshown=len(names) - len(cards),
        gaps=tuple(names[brand] for brand in ranked if brand in gaps),
    )


async def _open(tx: Transaction, book: DutyBook) -> Section:
    listing = await urgent_alerts(tx, AlertState.OPEN, limit=OPEN_SHOWN)
    ids = [alert.id for alert in listing.alerts]
    pages, runs = await latest_pages(tx, ids, each=PAGES_SHOWN), await runs_of(tx, ids)
    nexts = {alert_id: book.next_of(runs.get(alert_id)) for alert_id in ids}
    return _section(book, listing, pages, nexts)


def _section(
    book: DutyBook,
    listing: Listing,
    pages: Mapping[UUID, Sequence[PageTale]] | None = None,
    nexts: Mapping[UUID, Next] | None = None,
) -> Section:
    lines = tuple(
        Line(alert, book.zone_of(alert.brand), (pages or {}).get(alert.id, ()), (nexts or {}).get(alert.id))
        for alert in listing.alerts
    )
    return Section(lines, listing.total)
