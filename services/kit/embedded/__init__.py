"""A PostgreSQL of our own: its binaries come in a wheel, its data lives in the data directory.

We own the whole life cycle. The server has no TCP listener and a private socket folder; it stops with us, also when
we are killed; a leftover of an earlier life is stopped before a new one starts; and two processes cannot share one
data directory.
"""

from services.kit.embedded.account import EmbeddedPostgresError
from services.kit.embedded.client import Client
from services.kit.embedded.server import EmbeddedPostgres

__all__ = ["Client", "EmbeddedPostgres", "EmbeddedPostgresError"]
