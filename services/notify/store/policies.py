"""Escalation policies, as ops wrote them. One that could reach nobody is refused as a whole."""

from __future__ import annotations

from services.contracts.errors import Fault, InvalidError
from services.contracts.values import Severity
from services.kit.database import Transaction
from services.kit.resources import Collection
from services.notify.domain.policy import NamedPolicy, Policy, TargetKind
from services.notify.store.references import known_ids, missing


async def all_policies(tx: Transaction) -> tuple[NamedPolicy, ...]:
    """Every policy that can be read, the oldest first."""
    found = sorted(await POLICIES.readable(tx), key=lambda one: (one.created_at, one.id))
    return tuple(NamedPolicy(id=one.id, version=one.version, doc=one.doc) for one in found)


async def _check(tx: Transaction, identifier: str, policy: Policy) -> None:
    del identifier
    faults = []
    if policy.page_from is Severity.INFO:
        faults.append(Fault("page_from", "Nobody is woken for info.", "Write warning or critical."))
    for kind in TargetKind:
        named = [
            (f"steps[{i}].targets[{j}].id", target.id)
            for i, step in enumerate(policy.steps)
            for j, target in enumerate(step.targets)
            if target.kind is kind
        ]
        if named:
            faults += missing(kind.value, named, await known_ids(tx, kind.value))
    if faults:
        raise InvalidError(*faults)


POLICIES: Collection[Policy] = Collection(schema="notify", kind="policy", model=Policy, check=_check)
"""Escalation policies."""
