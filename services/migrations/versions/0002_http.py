"""Tokens, audit rows, remembered answers."""

from alembic import op

revision = "0002_http"
down_revision = "0001_bus"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE kit.tokens (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        role text CHECK (role IN ('viewer', 'responder', 'editor', 'admin')),
        permissions text[] NOT NULL DEFAULT '{}',
        hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz,
        CHECK ((role IS NULL) <> (permissions = '{}'))
    )
    """,
    "CREATE INDEX tokens_newest ON kit.tokens (created_at, id)",
    """
    CREATE TABLE kit.audit (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        actor text NOT NULL,
        action text NOT NULL,
        kind text NOT NULL,
        identifier text NOT NULL,
        before jsonb,
        after jsonb,
        request_id text
    )
    """,
    "CREATE INDEX audit_by_thing ON kit.audit (kind, identifier, number)",
    "CREATE INDEX audit_by_actor ON kit.audit (actor, number)",
    """
    CREATE FUNCTION kit.refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'audit rows are never changed or removed' USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """,
    """
    CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kit.audit
    FOR EACH STATEMENT EXECUTE FUNCTION kit.refuse_audit_change()
    """,
    """
    CREATE TABLE kit.idempotency (
        owner text NOT NULL,
        route text NOT NULL,
        key text NOT NULL,
        request_hash bytea NOT NULL,
        status integer NOT NULL,
        headers jsonb NOT NULL,
        body bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (owner, route, key)
    )
    """,
    "CREATE INDEX idempotency_oldest ON kit.idempotency (created_at)",
)

DOWN = (
    "DROP TABLE kit.idempotency",
    "DROP TABLE kit.audit",
    "DROP FUNCTION kit.refuse_audit_change()",
    "DROP TABLE kit.tokens",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
