"""Delivery: pages, their sends in a ledger, handovers, and what the sandbox channel recorded.

Revision ID: 0006_delivery
Revises: 0005_notify
"""

from __future__ import annotations

from alembic import op

revision = "0006_delivery"
down_revision = "0005_notify"
branch_labels = None
depends_on = None

_UP = """
CREATE TABLE notify.pages (
    id uuid PRIMARY KEY,
    alert_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('responder', 'fallback')),
    responder_id text,
    responder_name text NOT NULL,
    language text NOT NULL,
    zone text NOT NULL,
    round integer NOT NULL,
    step integer NOT NULL,
    reason jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    answer text CHECK (answer IN ('taken', 'declined')),
    answered_at timestamptz
);
CREATE INDEX pages_by_alert ON notify.pages (alert_id, created_at);
CREATE INDEX pages_by_time ON notify.pages (created_at DESC, id DESC);
CREATE INDEX pages_by_responder ON notify.pages (responder_id, created_at DESC, id DESC);

CREATE TABLE notify.handovers (
    id uuid PRIMARY KEY,
    brand text NOT NULL,
    since timestamptz NOT NULL,
    at timestamptz NOT NULL,
    team text NOT NULL,
    language text NOT NULL,
    zone text NOT NULL,
    content jsonb NOT NULL
);
CREATE INDEX handovers_by_time ON notify.handovers (at DESC, id DESC);
CREATE INDEX handovers_by_brand ON notify.handovers (brand, at DESC, id DESC);

-- One row a contact and attempt. `provider` is the lane it is sent in: a slow one holds only its own.
-- `not_before` and the *_at times are business time; `lease_until` and `machine_*` are the machine's.
CREATE TABLE notify.deliveries (
    id uuid PRIMARY KEY,
    page_id uuid REFERENCES notify.pages (id) ON DELETE CASCADE,
    handover_id uuid REFERENCES notify.handovers (id) ON DELETE CASCADE,
    alert_id uuid,
    position integer NOT NULL,
    attempt integer NOT NULL CHECK (attempt >= 1),
    kind text NOT NULL,
    provider text NOT NULL,
    address text NOT NULL,
    masked text NOT NULL,
    state text NOT NULL
        CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'uncertain', 'cancelled')),
    code text,
    detail text,
    not_before timestamptz NOT NULL,
    queued_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    claim uuid,
    lease_until timestamptz,
    machine_started_at timestamptz,
    machine_finished_at timestamptz,
    CHECK (num_nonnulls(page_id, handover_id) = 1),
    CHECK ((page_id IS NULL) = (alert_id IS NULL)),
    UNIQUE NULLS NOT DISTINCT (page_id, handover_id, position, attempt)
);
CREATE INDEX deliveries_queued ON notify.deliveries (provider, not_before, queued_at) WHERE state = 'queued';
CREATE INDEX deliveries_sending ON notify.deliveries (lease_until) WHERE state = 'sending';
CREATE INDEX deliveries_by_alert ON notify.deliveries (alert_id) WHERE state = 'queued';
CREATE INDEX deliveries_by_handover ON notify.deliveries (handover_id) WHERE handover_id IS NOT NULL;

CREATE TABLE notify.sandbox_messages (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id uuid,
    page_id uuid,
    alert_id uuid,
    kind text NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX sandbox_by_alert ON notify.sandbox_messages (alert_id, number);
"""

_DOWN = """
DROP TABLE notify.sandbox_messages;
DROP TABLE notify.deliveries;
DROP TABLE notify.handovers;
DROP TABLE notify.pages;
"""


def upgrade() -> None:
    op.execute(_UP)


def downgrade() -> None:
    op.execute(_DOWN)
