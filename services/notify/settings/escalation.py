"""How escalation runs: how often it looks, in which language it gives its reasons."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.notify.domain.responder import Language
from services.notify.settings.delivery import DeliverySettings


class TickSettings(BaseSettings):
    """The look at what is due, from `VEILLEUR_NOTIFY_*`.

    Attributes:
        tick_seconds: Machine seconds between two looks; the most a page is late because of it.
        tick_batch: Runs carried out in one transaction.
    """

    model_config = SettingsConfigDict(env_prefix="VEILLEUR_NOTIFY_", extra="ignore")

    tick_seconds: float = Field(default=1, gt=0, le=60)
    tick_batch: int = Field(default=50, ge=1, le=1000)


@dataclass(frozen=True, slots=True)
class House:
    """What every decision of this installation has in common.

    Attributes:
        language: Of the reasons on timelines.
        delivery: Where pages leave by; of it, decisions use the fallback. None means the process's own settings.
    """

    language: Language = "fr"
    delivery: DeliverySettings | None = None
