"""Ingest: brands, watches and sources, how each source is being polled, and which of its entries are known."""

from alembic import op

from services.migrations.blocks import outbox_v1, resources_v1

revision = "0003_ingest"
down_revision = "0002_http"
branch_labels = None
depends_on = None

POLLS = """
CREATE TABLE ingest.polls (
    source text PRIMARY KEY,
    url text NOT NULL,
    due_at timestamptz,                    -- business time; null while the source is disabled
    lease uuid,                            -- who polls it now
    lease_until timestamptz,               -- machine time
    etag text,
    last_modified text,
    state text NOT NULL DEFAULT 'healthy' CHECK (state IN ('healthy', 'failing')),
    failures integer NOT NULL DEFAULT 0,
    polled_at timestamptz,
    succeeded_at timestamptz,
    status integer,
    error text,
    entries integer,
    rejected integer
);
CREATE INDEX polls_due ON ingest.polls (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE ingest.entries (
    source text NOT NULL REFERENCES ingest.polls ON DELETE CASCADE,
    external_id text NOT NULL,
    revision integer NOT NULL,
    fingerprint bytea NOT NULL,
    published boolean NOT NULL,            -- false: its revision is decided, the bus has not acknowledged it yet
    seen_on date NOT NULL,
    PRIMARY KEY (source, external_id)
);
"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA ingest")
    for script in (outbox_v1("ingest"), resources_v1("ingest"), POLLS):
        op.execute(script)


def downgrade() -> None:
    op.execute("DROP SCHEMA ingest CASCADE")
