"""The one place where a process is wired, from any set of services. What is opened here is closed here, in reverse.

with listen(host, port) as listener:
    async with open_postgres(settings) as postgres, open_kit(settings, postgres=postgres) as kit:
        async with open_process(kit) as process:
            await serve(process, listener, stop)
"""

from services.compose.serving import PortTakenError, PostgresEndedError, listen, serve, stopped_by_signals
from services.compose.wiring import SERVICES, Postgres, Process, open_kit, open_postgres, open_process

__all__ = [
    "SERVICES",
    "PortTakenError",
    "Postgres",
    "PostgresEndedError",
    "Process",
    "listen",
    "open_kit",
    "open_postgres",
    "open_process",
    "serve",
    "stopped_by_signals",
]
