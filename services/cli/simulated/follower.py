"""Reading along on the bus, as any outside program may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.contracts.codec import Envelope, decode
from services.contracts.topics import Topic
from services.kit.bus import Bus, Partition, Subscription

_AT_ONCE = 1000


class Follower:
    """Everything that was ever said on some topics, from the beginning on, in the order it is read.

    Args:
        bus: Where.
        topics: Which.
        group: Of its own: nobody else reads under this name.
    """

    def __init__(self, bus: Bus, topics: Sequence[Topic], *, group: str) -> None:
        self._bus = bus
        self._topics = topics
        self._group = group
        self._subscription: Subscription | None = None

    async def news(self) -> list[Envelope]:
        """What was said since the last call: by time, and at one instant in the order of the topics."""
        if self._subscription is None:
            self._subscription = await self._bus.subscribe(
                self._topics, group=self._group, assigned=_from_the_beginning
            )
        found: list[Envelope] = []
        while records := await self._subscription.poll(limit=_AT_ONCE, wait=0):
            found += [decode(record.value) for read in records.values() for record in read]
        # Stable: what one topic says of one instant stays in its order.
        return sorted(found, key=lambda said: (said.occurred_at, self._topics.index(said.event.topic)))

    async def close(self) -> None:
        """Stop reading."""
        if self._subscription is not None:
            await self._subscription.close()


async def _from_the_beginning(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
    return dict.fromkeys(partitions, 0)
