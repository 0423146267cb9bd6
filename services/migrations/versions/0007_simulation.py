"""Where simulations stand: business time and position in the feed, so that a killed run goes on."""

from __future__ import annotations

from alembic import op

revision = "0007_simulation"
down_revision = "0006_delivery"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE kit.simulations (
        name text PRIMARY KEY,
        now timestamptz NOT NULL,
        position bigint NOT NULL CHECK (position >= 0),
        saved_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE kit.simulations")
