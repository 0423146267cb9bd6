"""Notify, wired: alerts and their escalation, coverage, schedules, policies, people, pages and handovers."""

from __future__ import annotations

from services.contracts import topics
from services.kit.context import Kit
from services.kit.outbox import Relay
from services.kit.resources import resource_router
from services.kit.runtime import Service
from services.notify.api.alerts import alert_router
from services.notify.api.duty import duty_router
from services.notify.api.handovers import handover_router
from services.notify.api.links import link_router
from services.notify.api.pages import page_router
from services.notify.api.responders import responder_routers
from services.notify.settings.delivery import DeliverySettings
from services.notify.settings.escalation import House, TickSettings
from services.notify.store.coverages import COVERAGES
from services.notify.store.policies import POLICIES
from services.notify.store.schedules import SCHEDULES
from services.notify.ticks import EscalationTick
from services.notify.worker.alerts import alert_consumer
from services.notify.worker.sender import Sender, retry_ticker


def build(
    kit: Kit, *, delivery: DeliverySettings | None = None, ticks: TickSettings | None = None
) -> Service:
    """The service on `kit`.

    Args:
        kit: The plumbing.
        delivery: Where pages leave by; from the environment unless given.
        ticks: How often escalation looks at what is due; from the environment unless given.
    """
    delivery = delivery or DeliverySettings()
    house = House(language=kit.settings.language, delivery=delivery)
    escalation = EscalationTick(kit.database, house, ticks or TickSettings())
    return Service(
        name="notify",
        routers=(
            alert_router(kit, house),
            duty_router(kit, house),
            resource_router(kit, COVERAGES, path="/coverage", noun="coverage", tag="coverage"),
            resource_router(kit, SCHEDULES, path="/schedules", noun="schedules", tag="schedules"),
            resource_router(kit, POLICIES, path="/policies", noun="policies", tag="policies"),
            *responder_routers(kit, delivery),
            page_router(kit),
            handover_router(kit),
        ),
        pages=(link_router(kit, house),),
        workers=(alert_consumer(kit, house), Sender(kit, delivery), Relay(kit.database, kit.bus, "notify")),
        tickers=(escalation.ticker(), retry_ticker(kit)),
        topics=(topics.COVERAGE, topics.ALERT_EVENTS),
    )
