"""A whole process for a simulation: its own database, topics, clock and environment, beside no live data."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.cli.simulated.ops import Ops, open_ops
from services.compose import Postgres, Process, open_kit, open_postgres, open_process
from services.kit.clock import ManualClock
from services.kit.settings import KitSettings

_PREFIX = "VEILLEUR_"


@dataclass(frozen=True, slots=True)
class House:
    """A process that nothing moves but its clock.

    Attributes:
        ops: Its REST API, as an admin uses it.
    """

    process: Process
    clock: ManualClock
    postgres: Postgres
    ops: Ops


@asynccontextmanager
async def open_house(settings: KitSettings, *, name: str, clock: ManualClock) -> AsyncIterator[House]:
    """Start it: embedded PostgreSQL, a database called `name`, every service, an admin's client.

    What it writes may be lost when the power goes: a simulation is run again.
    """
    async with (
        open_postgres(settings, durable=False) as postgres,
        open_kit(settings, clock=clock, name=name, durable=False, postgres=postgres) as kit,
        open_process(kit) as process,
        open_ops(process) as ops,
    ):
        yield House(process, clock, postgres, ops)


@contextmanager
def environment_of(given: Mapping[str, str]) -> Iterator[None]:
    """`VEILLEUR_*` are exactly `given`, without the prefix, until the block ends.

    A simulation must not find the real SMS provider of the shell it is started from, nor the real database.
    """
    before = {name: value for name, value in os.environ.items() if name.startswith(_PREFIX)}
    for name in before:
        del os.environ[name]
    os.environ.update({_PREFIX + name: value for name, value in given.items()})
    try:
        yield
    finally:
        for name in given:
            os.environ.pop(_PREFIX + name, None)
        os.environ.update(before)


@contextmanager
def data_dir_or_temporary(given: Path | None) -> Iterator[Path]:
    """The directory that was `given`, kept; or a new one, gone at the end."""
    if given is not None:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="veilleur-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
