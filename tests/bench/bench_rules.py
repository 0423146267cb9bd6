"""How many mentions a second the batch handler takes: `python -m pytest tests/bench/bench_rules.py -s`.

Not part of the suite (its name matches no pattern unless asked for): figures depend on the machine.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from services.contracts.events import MentionFound
from services.contracts.ids import mention_id
from services.contracts.values import Author
from services.rules.domain.default import default_rules
from services.rules.handlers.assess_mentions import AssessMentions
from services.rules.sentiment.assessor import LexiconAssessor
from services.rules.sentiment.phrases import text_of
from services.rules.sentiment.risk import dangers_of, risk_of
from services.rules.sentiment.tone import tone_of
from services.rules.store.coverage import TeamClocks
from services.rules.store.rulebook import RuleBook, rule_collection

START = datetime(2026, 3, 7, 8, tzinfo=UTC)
WORDS = (
    "Bonjour, mon colis n'est jamais arrivé, votre service client est une honte et je ne recommande pas cette marque.",
    "Très contente de ma nouvelle crème Lumea, livraison rapide et vendeuse souriante, merci à toute l'équipe !",
    "Quelqu'un a testé le nouveau sérum Lumea ? J'hésite avec celui d'une autre marque, vos avis m'intéressent.",
)


def found(number: int, at: datetime) -> MentionFound:
    return MentionFound(
        brand="lumea",
        mention_id=mention_id("api", str(number), "lumea"),
        source="api",
        source_kind="push",
        external_id=str(number),
        text=WORDS[number % 3],
        author=Author(handle=f"a{number % 400}", followers=number % 5000),
        published_at=at,
        received_at=at,
    )


async def test_throughput(kit, clock):
    """A crisis (20 mentions a second) and a catch-up of calm days, in batches of 500, with the default rules."""
    book = RuleBook(rule_collection())
    async with kit.database.transaction() as tx:
        for rule_id, rule in default_rules("fr").items():
            await book.collection.create(tx, id=rule_id, doc=rule, by="bench", at=START)
    assess = AssessMentions(
        LexiconAssessor("fr"), book, TeamClocks("Europe/Paris"), clock, "fr", timedelta(days=90)
    )
    clock.move_to(START + timedelta(days=40))
    assess.assessor.assess([found(0, START)])  # loads the language model
    for name, step in (("crisis", timedelta(seconds=0.05)), ("calm days", timedelta(minutes=25))):
        base = 0 if name == "crisis" else 1_000_000
        spent = []
        for batch in range(8):
            events = [found(base + i, START + step * i) for i in range(batch * 500, batch * 500 + 500)]
            began = time.perf_counter()
            async with kit.database.transaction() as tx:
                await assess(tx, events)
            spent.append(time.perf_counter() - began)
        print(f"{name}: {4000 / sum(spent):.0f} mentions/s, worst batch {max(spent) * 1000:.0f} ms")  # noqa: T201
    events = [found(i, START) for i in range(2000)]
    began = time.perf_counter()
    assess.assessor.assess(events)
    print(f"assess: {(time.perf_counter() - began) / 2000 * 1e6:.0f} µs a mention")  # noqa: T201
    began = time.perf_counter()
    for event in events:
        text = text_of(event.text)
        risk_of(event, text, dangers_of(text), tone_of(text, "fr"), "fr")
    print(f"  of which without language: {(time.perf_counter() - began) / 2000 * 1e6:.0f} µs")  # noqa: T201
