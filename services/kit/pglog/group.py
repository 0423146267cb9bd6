"""Who of a group reads what: members with heartbeats, and claims that move only when their owner lets go.

A member that finds the plan changed releases what is no longer its own, between two batches, and takes what is free;
nobody stops reading what stays. Decisions are made under the group's lock, from rows alone, so that all members come
to the same plan. The dead are those whose heartbeat ran out (machine time) or whose database session is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.kit.database import Transaction

SESSION_TIMEOUT = 10.0
"""Machine seconds without a heartbeat after which a member counts as dead: three heartbeats and some."""

HEARTBEAT = 3.0
"""Machine seconds between two heartbeats."""

Place = tuple[str, int]
"""A topic's full name, and a partition's number."""

# The start of another role's session cannot be seen: then its process id has to do.
_BURY = text("""
    DELETE FROM kit.log_members m
    WHERE m.group_name = :group AND m.member <> :member
      AND (m.seen_at < clock_timestamp() - make_interval(secs => :timeout)
           OR (m.pid IS NOT NULL AND NOT EXISTS (
               SELECT FROM pg_stat_activity a
               WHERE a.pid = m.pid AND coalesce(a.backend_start, m.backend_start) = m.backend_start)))
""")

_APPEAR = text("""
    INSERT INTO kit.log_members (group_name, member, topics, pid, backend_start, seen_at)
    VALUES (:group, :member, :topics, :pid, :backend_start, clock_timestamp())
    ON CONFLICT (group_name, member) DO UPDATE
    SET seen_at = excluded.seen_at, pid = excluded.pid, backend_start = excluded.backend_start
    RETURNING xmax = 0 AS joined
""")

_SHOW = text("""
    SELECT m.member, m.topics, c.topic, c.partition
    FROM kit.log_members m LEFT JOIN kit.log_claims c USING (group_name, member)
    WHERE m.group_name = :group
""")

_RELEASE = text("""
    DELETE FROM kit.log_claims c
    USING unnest(CAST(:topics AS text[]), CAST(:numbers AS integer[])) AS w(topic, number)
    WHERE c.group_name = :group AND c.member = :member AND c.topic = w.topic AND c.partition = w.number
""")

_TAKE = text("""
    INSERT INTO kit.log_claims (group_name, topic, partition, member)
    SELECT :group, w.topic, w.number, :member
    FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS integer[])) AS w(topic, number)
""")


@dataclass(frozen=True, slots=True)
class Member:
    """A reader of a group.

    Attributes:
        group: The group's name, prefix included.
        id: Its own.
        topics: Full names of what it reads.
        session: Process id and start of the database session that stands for its process, where there is one.
    """

    group: str
    id: UUID
    topics: Sequence[str]
    session: tuple[int, Any] | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member learned from synchronising.

    Attributes:
        owned: What it may read from now on.
        joined: It was not a member before (new, or given up for dead): nothing it knew about its claims holds.
        changed: Something moved that other members should look at.
    """

    owned: frozenset[Place]
    joined: bool
    changed: bool


def share(places: Sequence[Place], members: Sequence[UUID], held: Mapping[Place, UUID]) -> dict[Place, UUID]:
    """Who should read each of one topic's places: evenly, and moving as little as possible."""
    base, extra = divmod(len(places), len(members))
    holding = list(held.values())
    ranked = sorted(members, key=lambda member: (-holding.count(member), member))
    room = {member: base + (index < extra) for index, member in enumerate(ranked)}
    plan: dict[Place, UUID] = {}
    for place in sorted(places):
        owner = held.get(place)
        if owner is not None and room.get(owner, 0) > 0:
            plan[place] = owner
            room[owner] -= 1
    free = [member for member in ranked for _ in range(room[member])]
    moving = [place for place in sorted(places) if place not in plan]
    return plan | dict(zip(moving, free, strict=True))


async def synchronise(tx: Transaction, member: Member, partitions: Mapping[str, int]) -> Standing:
    """Beat, bury the dead, let go of what the plan gives to others, take what is free.

    Args:
        tx: A transaction of its own, short.
        member: Who.
        partitions: How many partitions each topic has, by full name.
    """
    own = {"group": member.group, "member": member.id}
    await tx.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('group:' || :group, 0))"), {"group": member.group}
    )
    buried = (await tx.execute(_BURY, own | {"timeout": SESSION_TIMEOUT})).rowcount
    pid, start = member.session or (None, None)
    appeared = await tx.execute(
        _APPEAR, own | {"topics": list(member.topics), "pid": pid, "backend_start": start}
    )
    joined = bool(appeared.scalar_one())
    topics, held = await _show(tx, member.group)
    plan: dict[Place, UUID] = {}
    for topic in member.topics:
        places = [(topic, number) for number in range(partitions[topic])]
        readers = [reader for reader, read in topics.items() if topic in read]
        plan |= share(places, readers, {place: held[place] for place in places if place in held})
    mine = {place for place, owner in held.items() if owner == member.id}
    leaving = {place for place in mine if plan.get(place) != member.id}
    coming = {place for place, owner in plan.items() if owner == member.id and place not in held}
    await _move(tx, _RELEASE, own, leaving)
    await _move(tx, _TAKE, own, coming)
    return Standing(frozenset(mine - leaving | coming), joined, bool(buried or joined or leaving))


async def beat(tx: Transaction, members: Sequence[UUID], session: tuple[int, Any] | None) -> None:
    """Say that `members` are alive. One that was buried meanwhile stays so, and will learn it."""
    pid, start = session or (None, None)
    await tx.execute(
        text("""
            UPDATE kit.log_members SET seen_at = clock_timestamp(), pid = :pid, backend_start = :backend_start
            WHERE member = ANY(:members)
        """),
        {"members": list(members), "pid": pid, "backend_start": start},
    )


async def leave(tx: Transaction, member: Member) -> None:
    """Give everything back at once."""
    await tx.execute(
        text("DELETE FROM kit.log_members WHERE group_name = :group AND member = :member"),
        {"group": member.group, "member": member.id},
    )


async def _show(tx: Transaction, group: str) -> tuple[dict[UUID, list[str]], dict[Place, UUID]]:
    topics: dict[UUID, list[str]] = {}
    held: dict[Place, UUID] = {}
    for row in await tx.execute(_SHOW, {"group": group}):
        topics[row.member] = row.topics
        if row.topic is not None:
            held[row.topic, row.partition] = row.member
    return topics, held


async def _move(tx: Transaction, statement: Any, own: dict[str, Any], places: set[Place]) -> None:  # noqa: ANN401 - a text clause
    if places:
        topics, numbers = zip(*sorted(places), strict=True)
        await tx.execute(statement, own | {"topics": list(topics), "numbers": list(numbers)})
