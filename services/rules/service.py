"""The rules service, wired."""

from __future__ import annotations

from services.contracts import topics
from services.kit.context import Kit
from services.kit.outbox import Relay
from services.kit.resources import resource_router
from services.kit.runtime import Service
from services.rules.api.mentions import mention_routes
from services.rules.api.rules import rule_routes
from services.rules.handlers.assess_mentions import AssessMentions
from services.rules.handlers.try_rule import TryRule
from services.rules.sentiment.assessor import LexiconAssessor
from services.rules.settings import RulesSettings
from services.rules.store.coverage import TeamClocks
from services.rules.store.rulebook import RuleBook, rule_collection
from services.rules.ticks import subside_ticker
from services.rules.worker import Seeder, mentions_consumer


def build(kit: Kit, settings: RulesSettings | None = None) -> Service:
    """The service on `kit`; `settings` come from the environment unless given."""
    settings = settings or RulesSettings()
    tongue = kit.settings.language
    assessor = LexiconAssessor(tongue)
    collection = rule_collection()
    rulebook, clocks = RuleBook(collection), TeamClocks(settings.zone)
    assess = AssessMentions(assessor, rulebook, clocks, kit.clock, tongue, settings.stale_after)
    seeder = [Seeder(kit, collection, tongue)] if settings.default_rules else []
    return Service(
        name="rules",
        routers=(
            rule_routes(kit, collection, rulebook, TryRule(assessor, clocks, tongue)),
            resource_router(kit, collection, path="/rules", noun="rules", tag="Rules"),
            mention_routes(kit, clocks),
        ),
        # The seeder first: the default rules are there before the first mention is read.
        workers=(
            *seeder,
            mentions_consumer(kit, assess, batch=settings.batch),
            Relay(kit.database, kit.bus, "rules"),
        ),
        tickers=(subside_ticker(kit),),
        topics=(topics.ASSESSMENTS, topics.ALERTS),
    )
