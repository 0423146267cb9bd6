"""What the rules service costs in CPU: `python -m pytest tests/bench/bench_rules.py -s`; VEILLEUR_BENCH_JSON=file keeps it.

Everything a record costs is counted, from reading the bus to the written outbox: the whole consumer runs, on a real
database. CPU seconds rather than wall seconds, so that a busy machine tells the same. Figures are those of the
process; the last column but one of a run is what its PostgreSQL sessions used besides. Not part of the suite (its
name matches no pattern unless asked for).
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from services.contracts import topics
from services.contracts.codec import encode
from services.contracts.events import MentionFound
from services.contracts.ids import mention_id
from services.contracts.values import Author
from services.kit import handling, outbox
from services.rules.domain.default import default_rules
from services.rules.handlers import assess_mentions
from services.rules.handlers.assess_mentions import AssessMentions
from services.rules.sentiment import assessor
from services.rules.sentiment.assessor import LexiconAssessor
from services.rules.store import batch
from services.rules.store.coverage import TeamClocks
from services.rules.store.rulebook import RuleBook, rule_collection
from services.rules.worker import mentions_consumer

START = datetime(2026, 3, 7, 8, tzinfo=UTC)
STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "decode": ((handling, "decode"),),
    "language": ((assessor, "languages_of"),),
    "tone and risk": ((LexiconAssessor, "assess"),),  # less the language, which is timed inside it
    "evaluation": ((assess_mentions, "_take_all"),),
    "rows": ((batch, "columns_of"),),
    "encode": ((outbox, "encode"),),
}
SQL = "SQL and bus"
PAUSES = {"crisis": timedelta(seconds=0.05), "calm days": timedelta(minutes=25)}
_TICK = os.sysconf("SC_CLK_TCK")


def _texts() -> list[str]:
    crisis = resources.files("services.cli.demo").joinpath("crisis.ndjson").read_text("utf-8")
    return [json.loads(line)["text"] for line in crisis.splitlines()]


def _found(texts: list[str], pause: timedelta, count: int, *, first: int) -> list[MentionFound]:
    """`count` mentions: posts of the written crisis in another order, each with something of its own at its end."""
    draw = random.Random(first)
    found = []
    for number in range(first, first + count):
        at = START + pause * number
        found.append(
            MentionFound(
                brand="lumea",
                mention_id=mention_id("api", str(number), "lumea"),
                source="api",
                source_kind="push",
                external_id=str(number),
                text=f"{draw.choice(texts)} {draw.choice(texts).split()[0]} {number}",
                author=Author(handle=f"a{number % 4000}", followers=draw.randrange(5000)),
                published_at=at,
                received_at=at,
            )
        )
    return found


class Stopwatch:
    """CPU seconds of this process by stage, statements, and the CPU seconds of its database sessions."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.statements = 0

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.spent[stage] += time.process_time() - began

        return run


@pytest.fixture
def watch(kit, monkeypatch) -> Stopwatch:
    stopwatch = Stopwatch()
    for stage, places in STAGES.items():
        for where, name in places:
            monkeypatch.setattr(where, name, stopwatch.timed(stage, getattr(where, name)))

    @event.listens_for(kit.database.engine.sync_engine, "before_cursor_execute")
    def count(*_: object) -> None:
        stopwatch.statements += 1

    return stopwatch


@contextmanager
def _sessions(pids: list[int], told: dict[str, float]) -> Iterator[None]:
    began = sum(map(_cpu_of, pids))
    yield
    told["postgres"] = sum(map(_cpu_of, pids)) - began


def _cpu_of(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


async def _run(
    kit, clock, watch: Stopwatch, *, pause: timedelta, size: int, count: int, first: int
) -> dict[str, float]:
    """CPU microseconds a mention by stage, and statements a batch, of `count` mentions in batches of `size`."""
    texts = _texts()
    assess = AssessMentions(
        LexiconAssessor("fr"),
        RuleBook(rule_collection()),
        TeamClocks("Europe/Paris"),
        clock,
        "fr",
        timedelta(days=90),
    )
    consumer = mentions_consumer(kit, assess, batch=size)
    found = _found(texts, pause, count + size, first=first)
    clock.move_to(max(clock.now(), found[-1].event_time))
    await kit.bus.publish([encode(each, clock.now()) for each in found[:size]])
    while await consumer.run_once(wait=0):  # loads the model, joins the group, prepares statements
        pass
    await kit.bus.publish([encode(each, clock.now()) for each in found[size:]])
    async with kit.database.transaction() as tx:
        pids = list(
            await tx.scalars(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()"))
        )
    watch.spent.clear()
    told: dict[str, float] = {}
    watch.statements, batches = 0, 0
    with _sessions(pids, told):
        began = time.process_time()
        while await consumer.run_once(wait=0):
            batches += 1
        whole = time.process_time() - began
    await consumer.close()
    spent = dict(watch.spent)
    spent["tone and risk"] -= spent["language"]
    spent[SQL] = whole - sum(spent.values())
    return {stage: spent.get(stage, 0.0) / count * 1e6 for stage in (*STAGES, SQL)} | {
        "whole": whole / count * 1e6,
        "postgres": told["postgres"] / count * 1e6,
        "statements": watch.statements / batches,
        "batch": size,
    }


async def test_cost(kit, clock, watch):
    """A crisis (20 mentions a second) and a catch-up of calm days, in large batches and one by one; default rules."""
    async with kit.database.transaction() as tx:
        for rule_id, rule in default_rules("fr").items():
            await rule_collection().create(tx, id=rule_id, doc=rule, by="bench", at=START)
    await kit.bus.ensure([topics.MENTIONS, topics.COVERAGE])
    table, first = {}, 0
    for name, pause in PAUSES.items():
        for size, count in ((500, 5000), (1, 400)):
            table[f"{name}, by {size}"] = await _run(
                kit, clock, watch, pause=pause, size=size, count=count, first=first
            )
            first += size + count
    _show(table)
    assert all(row["whole"] > 0 for row in table.values())


def _show(table: dict[str, dict[str, float]]) -> None:
    if path := os.environ.get("VEILLEUR_BENCH_JSON"):
        Path(path).write_text(json.dumps(table, indent=2))
    rows = (*STAGES, SQL, "whole", "postgres", "statements")
    print("\n" + " " * 16 + "".join(f"{name:>18}" for name in table))  # noqa: T201
    for row in rows:
        unit = " µs" if row != "statements" else " a batch"
        print(f"{row:<16}" + "".join(f"{run[row]:>18.1f}" for run in table.values()) + unit)  # noqa: T201
    print(f"{'a CPU second':<16}" + "".join(f"{1e6 / run['whole']:>18.0f}" for run in table.values()))  # noqa: T201
