"""Ingest, wired: brands, watches, sources, and the mentions that matched."""

from __future__ import annotations

from fastapi import APIRouter

from services.contracts import topics
from services.ingest.api.mentions import mention_routes
from services.ingest.api.sources import source_routes
from services.ingest.api.watches import watch_trial_routes
from services.ingest.handlers.load_matcher import Watchlist
from services.ingest.handlers.poll_sources import Poller
from services.ingest.settings import IngestSettings
from services.ingest.sources.http import Reader
from services.ingest.store.resources import BRANDS, SOURCES, WATCHES
from services.ingest.ticks import tickers
from services.ingest.worker import workers
from services.kit.context import Kit
from services.kit.resources import resource_router
from services.kit.runtime import Service


def build(kit: Kit, settings: IngestSettings | None = None) -> Service:
    """The service on `kit`; `settings` come from the environment unless given."""
    settings = settings or IngestSettings()
    watchlist = Watchlist()
    reader = Reader(
        allow_hosts=settings.allow_hosts,
        user_agent=settings.user_agent,
        timeout_seconds=settings.poll_timeout_seconds,
        max_bytes=settings.poll_max_bytes,
    )
    poller = Poller(kit, settings, watchlist, reader)
    return Service(
        name="ingest",
        routers=_routers(kit, watchlist, poller),
        workers=workers(kit),
        tickers=tickers(poller, every_seconds=settings.tick_seconds),
        topics=(topics.BRANDS, topics.MENTIONS, topics.SOURCE_HEALTH),
    )


def _routers(kit: Kit, watchlist: Watchlist, poller: Poller) -> tuple[APIRouter, ...]:
    return (
        resource_router(kit, BRANDS, path="/brands", noun="brands", tag="Brands"),
        watch_trial_routes(),
        resource_router(kit, WATCHES, path="/watches", noun="watches", tag="Watches"),
        resource_router(kit, SOURCES, path="/sources", noun="sources", tag="Sources"),
        source_routes(kit, poller),
        mention_routes(kit, watchlist),
    )
