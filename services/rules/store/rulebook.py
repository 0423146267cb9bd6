"""Rules as ops keep them, compiled once per version; and how they fare."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from services.contracts.errors import InvalidError
from services.contracts.values import Reference
from services.kit.database import Transaction
from services.kit.resources import Collection, Versioned
from services.rules.domain.arrival import Fault, ReadyRule
from services.rules.domain.condition import compile_rule
from services.rules.domain.rule import Rule

_ERROR_LIMIT = 1000  # characters kept of an error
_log = logging.getLogger(__name__)


async def _check(_tx: Transaction, _id: str, rule: Rule) -> None:
    compile_rule(rule)


def rule_collection() -> Collection[Rule]:
    """The rules; a write is refused unless every expression compiles."""
    return Collection(schema="rules", kind="rule", model=Rule, check=_check)


def ready(found: Versioned[Rule]) -> ReadyRule:
    """`found`, compiled.

    Raises:
        InvalidError: It does not compile (any more).
    """
    reference = Reference(id=found.id, version=found.version, name=found.doc.name)
    return ReadyRule(reference, found.doc, compile_rule(found.doc))


class RuleBook:
    """The rules in force, read again only when one changed.

    Args:
        collection: Where they are kept.
    """

    def __init__(self, collection: Collection[Rule]) -> None:
        self.collection = collection
        self._stamp: int | None = None
        self._compiled: dict[tuple[str, int], ReadyRule] = {}
        self._broken: dict[str, str] = {}

    async def rules(self, tx: Transaction, *, stamp: int | None = None) -> list[ReadyRule]:
        """Every enabled rule that compiles, by id; `stamp` is that of the collection where it is known already."""
        if stamp is None:
            stamp = await self.collection.stamp(tx)
        if stamp != self._stamp:
            found = [each for each in await self.collection.readable(tx) if each.doc.enabled]
            self._broken = {}
            self._compiled = {(each.id, each.version): rule for each in found if (rule := self._ready(each))}
            # After the reading: if that fails, the next batch reads again.
            self._stamp = stamp
        return list(self._compiled.values())

    @property
    def broken(self) -> Mapping[str, str]:
        """Rules that were accepted once and do not compile with this version of the product: id to error."""
        return self._broken

    def _ready(self, found: Versioned[Rule]) -> ReadyRule | None:
        known = self._compiled.get((found.id, found.version))
        if known is not None:
            return known
        try:
            return ready(found)
        except InvalidError as error:
            _log.error("The rule %s does not compile and is not looked at: %s", found.id, error)
            self._broken[found.id] = str(error)
            return None


async def note_faults(tx: Transaction, faults: Mapping[str, Fault], *, at: datetime) -> None:
    """Count the rules that could not be worked out, and keep the last error of each."""
    if not faults:
        return
    await tx.execute(
        text("""
            INSERT INTO rules.rule_health AS stored (rule, errors, last_error, last_error_at, last_mention)
            SELECT rule, errors, last_error, :at, last_mention
            FROM unnest(CAST(:rules AS text[]), CAST(:errors AS bigint[]), CAST(:texts AS text[]),
                        CAST(:mentions AS uuid[])) AS new(rule, errors, last_error, last_mention)
            ON CONFLICT (rule) DO UPDATE SET
                (errors, last_error, last_error_at, last_mention) = (stored.errors + excluded.errors,
                 excluded.last_error, excluded.last_error_at, excluded.last_mention)
        """),
        {
            "rules": list(faults),
            "errors": [fault.count for fault in faults.values()],
            "texts": [fault.error.replace("\x00", "")[:_ERROR_LIMIT] for fault in faults.values()],
            "mentions": [fault.mention_id for fault in faults.values()],
            "at": at,
        },
    )


async def health_of(tx: Transaction, rule: str) -> Row[Any] | None:
    """`errors`, `last_error`, `last_error_at`, `last_mention` of a rule; None while it never failed."""
    rows = await tx.execute(
        text(
            "SELECT errors, last_error, last_error_at, last_mention FROM rules.rule_health WHERE rule = :rule"
        ),
        {"rule": rule},
    )
    return rows.one_or_none()


async def sow(tx: Transaction, rule: str, *, at: datetime) -> bool:
    """Whether the default rule of that id was never created before; remembers that it is now."""
    rows = await tx.execute(
        text(
            "INSERT INTO rules.seeds (rule, created_at) VALUES (:rule, :at) ON CONFLICT DO NOTHING RETURNING rule"
        ),
        {"rule": rule, "at": at},
    )
    return rows.one_or_none() is not None
