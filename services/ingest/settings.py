"""What ingest can be told, from `VEILLEUR_INGEST_*` environment variables."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class IngestSettings(BaseSettings):
    """How sources are read.

    Attributes:
        allow_hosts: Host names (comma-separated) that may be read although they are on a private network.
        tick_seconds: How often due sources are looked for.
        poll_timeout_seconds: How long one poll may take in all, redirects included.
        poll_max_bytes: Largest document that is read, after decompression.
        poll_at_once: Sources polled side by side by one process.
        failing_after: Failures in a row after which a source is said to be failing.
        user_agent: How we introduce ourselves to publishers; some want a contact address in it.
    """

    model_config = SettingsConfigDict(env_prefix="VEILLEUR_INGEST_", extra="ignore", frozen=True)

    allow_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    tick_seconds: float = Field(default=5, gt=0)
    poll_timeout_seconds: float = Field(default=30, gt=0)
    poll_max_bytes: int = Field(default=5_000_000, ge=1_000)
    poll_at_once: int = Field(default=8, ge=1)
    failing_after: int = Field(default=3, ge=1)
    user_agent: str = Field(default="Veilleur/0.1 (feed reader)", min_length=1, pattern=r"^[\x20-\x7e]+$")

    @field_validator("allow_hosts", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(filter(None, (part.strip().lower() for part in value.split(","))))
        return value
