"""SQL that several revisions share. Frozen: a change of shape is a new function, used by a new revision."""

from __future__ import annotations


def outbox_v1(schema: str) -> str:
    """A schema's outbox: rows written with the state they follow from, numbered and published by its relay.

    `number` is given by the relay, in publishing order, without gaps: streams resume by it. It is null until then.
    """
    return f"""
    CREATE TABLE {schema}.outbox (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        number bigint UNIQUE,
        topic text NOT NULL,
        key text NOT NULL,
        compaction_key text NOT NULL,
        value bytea NOT NULL,
        headers jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        published_at timestamptz
    );
    CREATE INDEX outbox_waiting ON {schema}.outbox (position) WHERE number IS NULL;
    CREATE INDEX outbox_published ON {schema}.outbox (published_at) WHERE published_at IS NOT NULL;
    CREATE TABLE {schema}.outbox_head (
        single boolean PRIMARY KEY DEFAULT true CHECK (single),
        number bigint NOT NULL DEFAULT 0
    );
    INSERT INTO {schema}.outbox_head DEFAULT VALUES;
    """


def resources_v1(schema: str) -> str:
    """A schema's versioned resources: what ops edit, each with every version it ever had."""
    return f"""
    CREATE TABLE {schema}.resources (
        kind text NOT NULL,
        id text NOT NULL,
        version integer NOT NULL,
        brand text,
        doc jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        updated_by text NOT NULL,
        PRIMARY KEY (kind, id)
    );
    CREATE INDEX resources_by_brand ON {schema}.resources (kind, brand, id);
    CREATE TABLE {schema}.resource_versions (
        kind text NOT NULL,
        id text NOT NULL,
        version integer NOT NULL,
        brand text,
        doc jsonb,
        at timestamptz NOT NULL,
        by text NOT NULL,
        PRIMARY KEY (kind, id, version)
    );
    CREATE TABLE {schema}.resource_stamps (
        kind text PRIMARY KEY,
        stamp bigint NOT NULL
    );
    """
