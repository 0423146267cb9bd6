"""Notify: alerts and their timeline, escalation runs, duty turns, what ops edit, and the outbox.

Revision ID: 0005_notify
Revises: 0004_rules
"""

from __future__ import annotations

from alembic import op

from services.migrations.blocks import outbox_v1, resources_v1

revision = "0005_notify"
down_revision = "0004_rules"
branch_labels = None
depends_on = None

_UP = """
-- Names of brands, as ingest says them; kept after removal, because alerts outlive their brand.
CREATE TABLE notify.brands (
    id text PRIMARY KEY,
    name text NOT NULL,
    revision integer NOT NULL,
    removed boolean NOT NULL DEFAULT false
);

-- One row a situation. Whoever changes an alert, its run or its timeline locks this row first.
CREATE TABLE notify.alerts (
    id uuid PRIMARY KEY,
    brand text NOT NULL,
    origin text NOT NULL CHECK (origin IN ('rule', 'human', 'veilleur')),
    rule jsonb,
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    dedup_key text NOT NULL,
    headline text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'snoozed', 'resolved')),
    off_hours boolean NOT NULL,
    began_at timestamptz NOT NULL,
    raised_at timestamptz NOT NULL,
    grown_at timestamptz,
    growth integer NOT NULL DEFAULT 0,
    subsided_at timestamptz,
    situation jsonb NOT NULL,
    mentions jsonb NOT NULL,
    playbook jsonb NOT NULL,
    policy text,
    reasons jsonb NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at timestamptz,
    resolved_by text,
    verdict text CHECK (verdict IN ('real', 'false_alarm')),
    note text,
    entries integer NOT NULL DEFAULT 0,
    CHECK (state <> 'resolved' OR (resolved_at IS NOT NULL AND verdict IS NOT NULL))
);
CREATE INDEX alerts_newest ON notify.alerts (raised_at DESC, id DESC);
CREATE INDEX alerts_by_brand ON notify.alerts (brand, raised_at DESC, id DESC);
CREATE INDEX alerts_unresolved ON notify.alerts (state, severity) WHERE state <> 'resolved';

CREATE TABLE notify.timeline (
    alert_id uuid NOT NULL REFERENCES notify.alerts (id) ON DELETE CASCADE,
    sequence integer NOT NULL,
    at timestamptz NOT NULL,
    code text NOT NULL,
    text text NOT NULL,
    points double precision NOT NULL DEFAULT 0,
    actor text NOT NULL,
    state text NOT NULL,
    severity text NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (alert_id, sequence)
);
CREATE INDEX timeline_by_time ON notify.timeline (at);

-- The escalation of an alert. `policy` is a snapshot: an edit does not change what is already running.
CREATE TABLE notify.runs (
    alert_id uuid PRIMARY KEY REFERENCES notify.alerts (id) ON DELETE CASCADE,
    phase text NOT NULL CHECK (phase IN ('held', 'escalating', 'exhausted', 'stopped')),
    policy jsonb,
    round integer NOT NULL,
    step integer NOT NULL,
    last_round integer NOT NULL,
    next_due_at timestamptz,
    CHECK (phase <> 'stopped' OR next_due_at IS NULL)
);
CREATE INDEX runs_due ON notify.runs (next_due_at) WHERE next_due_at IS NOT NULL;

-- When each brand's team comes on duty next, and since when it has been away: the handover's clock.
CREATE TABLE notify.duty_turns (
    brand text PRIMARY KEY,
    since timestamptz NOT NULL,
    next_start timestamptz
);
CREATE INDEX duty_turns_due ON notify.duty_turns (next_start) WHERE next_start IS NOT NULL;
"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA notify")
    op.execute(outbox_v1("notify"))
    op.execute(resources_v1("notify"))
    op.execute(_UP)


def downgrade() -> None:
    op.execute("DROP SCHEMA notify CASCADE")
