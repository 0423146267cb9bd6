"""The console, wired: pages over what the services know."""

from __future__ import annotations

from services.console.api import page_router
from services.console.templates.render import Pages
from services.kit.context import Kit
from services.kit.runtime import Service
from services.notify.settings.delivery import DeliverySettings
from services.rules.settings import RulesSettings


def build(
    kit: Kit, *, delivery: DeliverySettings | None = None, rules: RulesSettings | None = None
) -> Service:
    """The service on `kit`; `delivery` and `rules` are those of the process unless given."""
    delivery, rules = delivery or DeliverySettings(), rules or RulesSettings()
    pages = Pages(kit.settings.language, public_url=kit.settings.public_url)
    router = page_router(kit, pages, zone=rules.zone, fallback=delivery.fallback_url is not None)
    return Service(name="console", pages=(router,))
