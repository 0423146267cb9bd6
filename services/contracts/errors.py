"""Every error of ours is either worth retrying or it is not; all others are bugs."""

from __future__ import annotations

from dataclasses import dataclass


class RetryableError(Exception):
    """Something outside is away or busy (database, broker, provider 5xx). Trying again later may work."""


class PermanentError(Exception):
    """Trying the same thing again gives the same failure, for ever."""


class UndecodableError(PermanentError):
    """A message's bytes are not an event this version can read."""


class NotFoundError(PermanentError):
    """There is no such thing, or not any more."""

    def __init__(self, kind: str, identifier: object) -> None:
        super().__init__(f"There is no {kind} '{identifier}'.")
        self.kind = kind
        self.identifier = str(identifier)


class ConflictError(PermanentError):
    """The request contradicts the present state (a taken id, an already resolved alert)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what somebody sent.

    Attributes:
        field: Where, as a JSON path without the leading `$` (`steps[1].delay_minutes`), or "" for the whole.
        problem: What is wrong with the value, in a sentence.
        fix: What to write instead, in a sentence.
    """

    field: str
    problem: str
    fix: str


class InvalidError(PermanentError):
    """What somebody wrote cannot be accepted; says where, what is wrong, and how to mend it."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{f.field}: {f.problem} {f.fix}" for f in faults))
        self.faults = faults
