"""The database schema, as Alembic revisions that ship in the wheel."""
