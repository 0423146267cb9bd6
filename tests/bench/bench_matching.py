"""How many mentions a CPU second ingest reads: `python tests/bench/bench_matching.py [--json]`. No database, one core."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from services.contracts.codec import encode
from services.contracts.values import Reference
from services.ingest.domain.matcher import CompiledWatch, Matcher
from services.ingest.domain.submission import Draft, SubmittedMention

TEXTS = 20_000
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def main() -> None:
    """Print mentions a CPU second by stage, for few and for many watches."""
    draw = random.Random(7)
    common = [
        "le",
        "la",
        "chez",
        "une",
        "encore",
        "dans",
        "pour",
        "fuite",
        "odeur",
        "service",
        "client",
        "été",
    ]
    rare = [f"marque{n}" for n in range(20_000)]
    raw = [
        {"external_id": str(n), "text": " ".join(draw.choices(common, k=24) + draw.choices(rare, k=6))}
        for n in range(TEXTS)
    ]
    figures: dict[str, float] = {}
    drafts: list[Draft] = []

    def read() -> None:
        for item in raw:
            draft = Draft.of(SubmittedMention.model_validate(item), received_at=NOW)
            assert draft is not None
            drafts.append(draft)

    figures["read and made plain"] = _rate(read)
    for watches in (1, 100, 10_000):
        matcher = Matcher(_watch(number, rare[number]) for number in range(watches))
        figures[f"matched against {watches} watches"] = _rate(
            lambda m=matcher: [m.match(d.document) for d in drafts]
        )  # type: ignore[misc]
    figures["encoded"] = _rate(lambda: [encode(draft.found("b", ()), NOW) for draft in drafts])
    if "--json" in sys.argv:
        print(json.dumps({stage: round(rate) for stage, rate in figures.items()}))  # noqa: T201
        return
    for stage, rate in figures.items():
        print(f"{stage:32} {rate:>10,.0f} mentions per CPU second")  # noqa: T201


def _watch(number: int, word: str) -> CompiledWatch:
    return CompiledWatch.of(f"b{number % 50}", Reference(id=f"w{number}"), f"{word} (fuite OR odeur) -rugby")


def _rate(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return TEXTS / (time.process_time() - started)


if __name__ == "__main__":
    main()
