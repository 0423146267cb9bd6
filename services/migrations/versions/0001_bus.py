"""The log that plays the bus in PostgreSQL, the consumers' positions, and the letters nobody could handle."""

from __future__ import annotations

from alembic import op

revision = "0001_bus"
down_revision = None
branch_labels = None
depends_on = None

_UP = (
    "CREATE SCHEMA kit",
    """
    CREATE TABLE kit.log_topics (
        topic text PRIMARY KEY,
        retention interval NOT NULL,
        compacted boolean NOT NULL
    )
    """,
    # One row a partition: its lock is what makes offset order and commit order the same. It is updated by every
    # publish and by nothing else, so room is left in its page for updates that touch no index.
    """
    CREATE TABLE kit.log_partitions (
        topic text NOT NULL REFERENCES kit.log_topics,
        number integer NOT NULL,
        next_offset bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (topic, number)
    ) WITH (fillfactor = 20)
    """,
    """
    CREATE TABLE kit.log_records (
        topic text NOT NULL,
        partition integer NOT NULL,
        "offset" bigint NOT NULL,
        key text NOT NULL,
        compaction_key text NOT NULL,
        value bytea NOT NULL,
        headers jsonb NOT NULL,
        published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (topic, partition, "offset")
    )
    """,
    # `pid` and `backend_start` name the database session that stands for the member's process: when it is gone, so
    # is the member, without waiting for its heartbeat to run out.
    """
    CREATE TABLE kit.log_members (
        group_name text NOT NULL,
        member uuid NOT NULL,
        topics text[] NOT NULL,
        pid integer,
        backend_start timestamptz,
        seen_at timestamptz NOT NULL,
        PRIMARY KEY (group_name, member)
    )
    """,
    """
    CREATE TABLE kit.log_claims (
        group_name text NOT NULL,
        topic text NOT NULL,
        partition integer NOT NULL,
        member uuid NOT NULL,
        PRIMARY KEY (group_name, topic, partition),
        FOREIGN KEY (group_name, member) REFERENCES kit.log_members ON DELETE CASCADE
    )
    """,
    # `log` says in which log the offset counts, so that moving to another bus starts at its beginning rather than
    # at a number that means nothing there.
    """
    CREATE TABLE kit.consumer_offsets (
        log text NOT NULL,
        group_name text NOT NULL,
        topic text NOT NULL,
        partition integer NOT NULL,
        next_offset bigint NOT NULL,
        moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (log, group_name, topic, partition)
    ) WITH (fillfactor = 20)
    """,
    """
    CREATE TABLE kit.dead_letters (
        id uuid PRIMARY KEY,
        group_name text NOT NULL,
        topic text NOT NULL,
        partition integer NOT NULL,
        "offset" bigint NOT NULL,
        key text NOT NULL,
        value bytea NOT NULL,
        headers jsonb NOT NULL,
        published_at timestamptz NOT NULL,
        error text NOT NULL,
        attempts integer NOT NULL DEFAULT 1,
        state text NOT NULL DEFAULT 'dead' CHECK (state IN ('dead', 'retrying', 'handled')),
        failed_at timestamptz NOT NULL,
        handled_at timestamptz
    )
    """,
    "CREATE INDEX dead_letters_retrying ON kit.dead_letters (group_name) WHERE state = 'retrying'",
    "CREATE INDEX dead_letters_by_failure ON kit.dead_letters (failed_at, id)",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP SCHEMA kit CASCADE")
