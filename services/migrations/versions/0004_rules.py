"""Rules: what every mention means, rules, and the situations that they watch."""

from __future__ import annotations

from alembic import op

from services.migrations.blocks import outbox_v1, resources_v1

revision = "0004_rules"
down_revision = "0003_ingest"
branch_labels = None
depends_on = None

_MENTIONS = """
CREATE TABLE rules.mentions (
    mention_id uuid PRIMARY KEY,
    revision integer NOT NULL,
    brand text NOT NULL,
    event_at timestamptz NOT NULL,         -- of the first revision: an edit moves nothing
    assessed_at timestamptz NOT NULL,
    language text NOT NULL,
    sentiment text NOT NULL,
    confidence real NOT NULL,
    risk smallint NOT NULL,
    author text NOT NULL,                  -- what makes two mentions be of one author
    followers bigint NOT NULL,
    topics text[] NOT NULL,
    reasons jsonb NOT NULL,
    model text NOT NULL,
    fired text[] NOT NULL,                 -- rules that it fired, over its revisions
    doc jsonb NOT NULL                     -- the mention as found
);
CREATE INDEX mentions_by_time ON rules.mentions (brand, event_at DESC, mention_id DESC);
CREATE INDEX mentions_newest ON rules.mentions (event_at DESC, mention_id DESC);

CREATE TABLE rules.brands (                -- its row lock puts a brand's batches and ticks one after another
    brand text PRIMARY KEY,
    watermark timestamptz,                 -- newest event time seen
    since timestamptz,                     -- oldest
    version uuid NOT NULL DEFAULT gen_random_uuid()  -- another one with each write
);
"""

_SITUATIONS = """
CREATE TABLE rules.episodes (
    alert_id uuid PRIMARY KEY,
    rule text NOT NULL,
    brand text NOT NULL,
    dedup_key text NOT NULL,
    closes_at timestamptz NOT NULL,        -- business time, if nothing more is seen
    closed_at timestamptz,
    doc jsonb NOT NULL
);
CREATE UNIQUE INDEX episodes_open ON rules.episodes (rule, brand, dedup_key) WHERE closed_at IS NULL;
CREATE INDEX episodes_open_by_brand ON rules.episodes (brand) WHERE closed_at IS NULL;
CREATE INDEX episodes_due ON rules.episodes (closes_at) WHERE closed_at IS NULL;

CREATE TABLE rules.coverage (
    brand text PRIMARY KEY,
    revision integer NOT NULL,
    spec jsonb                             -- null once it was withdrawn
);

CREATE TABLE rules.rule_health (
    rule text PRIMARY KEY,
    errors bigint NOT NULL,
    last_error text NOT NULL,
    last_error_at timestamptz NOT NULL,
    last_mention uuid
);

CREATE TABLE rules.seeds (                 -- default rules ever created: one that was deleted stays deleted
    rule text PRIMARY KEY,
    created_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA rules")
    op.execute(outbox_v1("rules"))
    op.execute(resources_v1("rules"))
    op.execute(_MENTIONS)
    op.execute(_SITUATIONS)


def downgrade() -> None:
    op.execute("DROP SCHEMA rules CASCADE")
