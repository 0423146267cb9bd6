"""A durable, partitioned log in PostgreSQL: the embedded bus. One machine, nothing else to install."""

from services.kit.pglog.log import PgLog

__all__ = ["PgLog"]
