"""What can be configured about rules: `VEILLEUR_RULES_*`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.coverage.zone import zone_names


def _known(zone: str) -> str:
    if zone not in zone_names():
        raise ValueError(f"{zone!r} is not an IANA time zone: write one like Europe/Paris.")
    return zone


class RulesSettings(BaseSettings):
    """Settings of the rules service.

    Attributes:
        batch: Mentions handled in one transaction at most.
        zone: IANA zone for `hour` and `weekday` of a brand that has no coverage.
        stale_after_hours: A mention older than this when it is seen counts, but raises nothing by itself; so that the
            first reading of an old feed wakes nobody.
        default_rules: Whether to create the default rules at the first start.
    """

    model_config = SettingsConfigDict(env_prefix="VEILLEUR_RULES_", extra="ignore")

    batch: int = Field(default=500, ge=1, le=5000)
    zone: Annotated[str, AfterValidator(_known)] = "Europe/Paris"
    stale_after_hours: int = Field(default=72, ge=1, le=8760)
    default_rules: bool = True

    @property
    def stale_after(self) -> timedelta:
        """`stale_after_hours`, as a length of time."""
        return timedelta(hours=self.stale_after_hours)
