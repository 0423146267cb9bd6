"""Settings every process shares, from `VEILLEUR_*` environment variables. Secrets are never printed."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.contracts.errors import Fault, InvalidError
from services.kit.database import asyncpg_url

MASTER_KEY_LENGTH = 32
"""Characters a master key must have at least: 128 bits even when it is written in hexadecimal."""

_PUBLIC_URL_FIX = (
    "Set VEILLEUR_PUBLIC_URL to the address under which phones reach this server, "
    "for example https://veilleur.example.org."
)


def default_data_dir() -> Path:
    """Where data lives when nobody says: the system's place for root, the user's own place for others."""
    if os.name == "posix" and os.geteuid() == 0:
        return Path("/var/lib/veilleur")
    return Path(platformdirs.user_data_dir("veilleur", appauthor=False))


class KitSettings(BaseSettings):
    """What the plumbing needs to know.

    Attributes:
        database_url: `postgresql://` URL, or None to run an embedded PostgreSQL in `data_dir`.
        data_dir: Where the embedded database and the generated master key live.
        host: Address the HTTP server binds to.
        port: TCP port the HTTP server binds to.
        public_url: Under which address people reach this server; links in pages start with it. No final slash.
        secret_key: The master key that signatures and encryption derive from; None generates one in embedded mode.
        language: Of what is sent to people who have no language of their own.
        topic_prefix: What every topic of this installation starts with on the bus.
        log_level: Lowest level that is logged.
        log_format: `json` for machines, `text` for people, `auto` for text at a terminal and JSON elsewhere.
        max_body_bytes: Largest request body that is read; larger ones get 413.
    """

    model_config = SettingsConfigDict(env_prefix="VEILLEUR_", extra="ignore", frozen=True)

    database_url: SecretStr | None = None
    data_dir: Path = Field(default_factory=default_data_dir)
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str = ""
    secret_key: SecretStr | None = None
    language: Literal["fr", "en"] = "fr"
    topic_prefix: str = Field(default="veilleur", pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "json", "text"] = "auto"
    max_body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            asyncpg_url(value.get_secret_value())
        return value

    @field_validator("secret_key")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < MASTER_KEY_LENGTH:
            raise ValueError(f"the secret key must have at least {MASTER_KEY_LENGTH} characters")
        return value

    @model_validator(mode="after")
    def _has_public_url(self) -> Self:
        if not self.public_url:
            host = f"[{self.host}]" if ":" in self.host else self.host
            # The model is frozen for everybody else; this is still its construction.
            object.__setattr__(self, "public_url", f"http://{host}:{self.port}")
        object.__setattr__(self, "public_url", self.public_url.rstrip("/"))
        return self

    @property
    def embedded(self) -> bool:
        """Whether this process runs its own PostgreSQL: one machine, nothing else installed."""
        return self.database_url is None

    def check_public_url(self) -> str | None:
        """See that links in pages will open on a phone.

        Returns:
            None if all is well; else a warning to show: links only open on this very machine, which is what
            somebody trying the product in embedded mode wants.

        Raises:
            InvalidError: Not an http(s) address; or a loopback address although the server is reachable from
                elsewhere, or is no trial (it has a database of its own).
        """
        parts = urlsplit(self.public_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise InvalidError(
                Fault(
                    "VEILLEUR_PUBLIC_URL", f"'{self.public_url}' is not an http(s) address.", _PUBLIC_URL_FIX
                )
            )
        if not is_loopback(parts.hostname):
            return None
        if self.embedded and is_loopback(self.host, unspecified=False):
            return (
                f"Links in pages start with {self.public_url}: they open on this machine only, not on a phone. "
                + _PUBLIC_URL_FIX
            )
        raise InvalidError(
            Fault(
                "VEILLEUR_PUBLIC_URL",
                f"'{self.public_url}' is this machine only: a link in a page would not open on a phone.",
                _PUBLIC_URL_FIX,
            )
        )


def is_loopback(host: str, *, unspecified: bool = True) -> bool:
    """Whether `host` names this machine only; `unspecified` says what 0.0.0.0 and :: count as."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or (unspecified and address.is_unspecified)
