"""Where each consumer group stands, in the database of what it did, moved in the transaction that did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from services.contracts.errors import RetryableError
from services.kit.bus import Partition
from services.kit.database import Transaction

_START = text("""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS integer[])) AS w(topic, partition)
    ), begun AS (
        INSERT INTO kit.consumer_offsets (log, group_name, topic, partition, next_offset)
        SELECT :log, :group, topic, partition, 0 FROM wanted ORDER BY topic, partition
        ON CONFLICT DO NOTHING
    )
    SELECT w.topic, w.partition, coalesce(o.next_offset, 0) AS next_offset
    FROM wanted w LEFT JOIN kit.consumer_offsets o
      ON (o.log, o.group_name, o.topic, o.partition) = (:log, :group, w.topic, w.partition)
""")

# Rows are locked in one order by whoever moves several, so that an owner and a zombie cannot wait for each other.
_MOVE = text("""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS integer[]),
                             CAST(:old AS bigint[]), CAST(:new AS bigint[])) AS w(topic, partition, old, new)
    ), standing AS (
        SELECT o.topic, o.partition, o.next_offset FROM kit.consumer_offsets o JOIN wanted w USING (topic, partition)
        WHERE o.log = :log AND o.group_name = :group
        ORDER BY o.topic, o.partition FOR UPDATE OF o
    )
    UPDATE kit.consumer_offsets o SET next_offset = w.new, moved_at = clock_timestamp()
    FROM wanted w JOIN standing s USING (topic, partition)
    WHERE o.log = :log AND o.group_name = :group AND o.topic = w.topic AND o.partition = w.partition
      AND s.next_offset = w.old AND o.next_offset = w.old
""")


class FencedError(RetryableError):
    """Somebody else has moved on from here: what was about to be done is done already, or is another's to do."""


@dataclass(frozen=True, slots=True)
class Positions:
    """The rows of one group in one log.

    Attributes:
        log: The bus's identity: offsets of another log mean nothing.
        group: Whose rows.
    """

    log: str
    group: str

    async def start(self, tx: Transaction, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """The offset to read each partition from; 0 for one never read, whose row is created."""
        rows = await tx.execute(_START, self._places(partitions))
        return {Partition(row.topic, row.partition): row.next_offset for row in rows}

    async def move(self, tx: Transaction, moves: Mapping[Partition, tuple[int, int]]) -> None:
        """Move each partition's row from the first offset to the second; locks the rows until `tx` ends.

        Raises:
            FencedError: A row is not where it was expected. Roll back.
        """
        ordered = sorted(moves)
        old = [moves[partition][0] for partition in ordered]
        new = [moves[partition][1] for partition in ordered]
        moved = await tx.execute(_MOVE, self._places(ordered) | {"old": old, "new": new})
        if moved.rowcount != len(ordered):
            raise FencedError(f"{self.group} stands elsewhere by now in one of {ordered}.")

    async def read(self, tx: Transaction) -> dict[Partition, int]:
        """Where the group stands, for each partition it ever read."""
        rows = await tx.execute(
            text("""
                SELECT topic, partition, next_offset FROM kit.consumer_offsets
                WHERE log = :log AND group_name = :group
            """),
            {"log": self.log, "group": self.group},
        )
        return {Partition(row.topic, row.partition): row.next_offset for row in rows}

    def _places(self, partitions: Sequence[Partition]) -> dict[str, object]:
        return {
            "log": self.log,
            "group": self.group,
            "topics": [partition.topic for partition in partitions],
            "numbers": [partition.number for partition in partitions],
        }
