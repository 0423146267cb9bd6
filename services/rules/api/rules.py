"""Rules over REST, with their health, and trials of drafts."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of endpoints made inside a function.

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.contracts.events import MentionFound
from services.contracts.ids import mention_id
from services.contracts.values import Author, Instant, Reason, Reference, Sentiment, Severity, Slug
from services.kit.auth import Principal, requires
from services.kit.context import Kit
from services.kit.problems import PROBLEMS
from services.kit.resources import Collection
from services.rules.domain.rule import Rule
from services.rules.handlers.try_rule import Trial, TryRule, shown
from services.rules.store.rulebook import RuleBook, health_of

_SAMPLES = 200
_TEXT = 20_000
_INT8 = 2**63 - 1
Reader = Annotated[Principal, requires("rules:read")]
RuleId = Annotated[Slug, Path(description="The rule's id.")]


class RuleHealth(BaseModel):
    """How a rule fares. A rule that fails on a mention is not true for it; the other rules go on."""

    state: Literal["healthy", "failing", "broken"] = Field(
        description="`broken`: it does not compile with this version, and is not looked at."
    )
    errors: int = Field(description="Mentions on which it could not be worked out, ever.")
    last_error: str | None
    last_error_at: datetime | None
    last_mention: UUID | None


class SampleMention(BaseModel):
    """A mention to try a rule on; what is left out is unknown, and published now."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=_TEXT)
    title: str | None = Field(default=None, max_length=1000)
    language: str | None = Field(default=None, max_length=10)
    author: str | None = Field(default=None, max_length=200)
    followers: int | None = Field(default=None, ge=0, le=_INT8)
    verified: bool = False
    engagement: int | None = Field(default=None, ge=0, le=_INT8)
    source: str = Field(default="sample", max_length=100)
    source_kind: str = Field(default="sample", max_length=100)
    watches: list[Slug] = Field(default_factory=list, max_length=100)
    published_at: Instant | None = None


class RuleTrial(BaseModel):
    """A draft, and what to try it on: mentions, or the newest ones of a brand."""

    model_config = ConfigDict(extra="forbid")

    rule: Rule
    mentions: list[SampleMention] | None = Field(default=None, min_length=1, max_length=_SAMPLES)
    brand: Slug | None = Field(default=None, description="Whose newest mentions to try on.")
    last: int = Field(default=50, ge=1, le=_SAMPLES)

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if (self.mentions is None) == (self.brand is None):
            raise ValueError("Give either mentions or a brand.")
        return self


class TrialLook(BaseModel):
    """One evaluation of the draft."""

    held: bool
    error: str | None
    variables: dict[str, Any]


class TrialResult(BaseModel):
    """What the draft said of one mention."""

    mention_id: UUID
    text: str
    at: Instant
    sentiment: Sentiment
    risk: int
    reasons: list[Reason]
    held: bool = Field(description="Whether the draft held when it came in.")
    looks: list[TrialLook]
    would: Literal["raised", "grew"] | None = Field(description="What would have been told of an alert.")
    severity: Severity | None
    headline: str | None


class TrialReport(BaseModel):
    """What the draft said, in order of time."""

    alerts: int = Field(description="Alerts that would have been raised.")
    results: list[TrialResult]


def rule_routes(kit: Kit, collection: Collection[Rule], rulebook: RuleBook, trial: TryRule) -> APIRouter:
    """Routes beside those of the resource."""
    router = APIRouter(prefix="/rules", tags=["Rules"])

    @router.get("/{rule_id}/health", responses={404: PROBLEMS[404]}, summary="How a rule fares")
    async def read_rule_health(rule_id: RuleId, _: Reader) -> RuleHealth:
        async with kit.database.transaction() as tx:
            await collection.get(tx, rule_id)
            await rulebook.rules(tx)
            found = await health_of(tx, rule_id)
        broken = rulebook.broken.get(rule_id)
        if found is None:
            return RuleHealth(
                state="broken" if broken else "healthy",
                errors=0,
                last_error=broken,
                last_error_at=None,
                last_mention=None,
            )
        return RuleHealth(
            state="broken" if broken else "failing",
            errors=found.errors,
            last_error=broken or found.last_error,
            last_error_at=found.last_error_at,
            last_mention=found.last_mention,
        )

    @router.post("/test", summary="Try a draft of a rule on mentions; nothing is stored or raised")
    async def try_draft(body: RuleTrial, _: Reader) -> TrialReport:
        async with kit.database.transaction() as tx:
            if body.brand is not None:
                trials = await trial.on_brand(tx, body.rule, body.brand, last=body.last)
            else:
                now, brand = kit.clock.now(), body.rule.brand or "sample"
                found = [_found(s, i, brand, now) for i, s in enumerate(body.mentions or ())]
                trials = await trial.on_mentions(tx, body.rule, found)
        results = [_result(each) for each in trials]
        return TrialReport(alerts=sum(each.would == "raised" for each in results), results=results)

    return router


def _found(sample: SampleMention, index: int, brand: str, now: datetime) -> MentionFound:
    published_at = sample.published_at or now
    return MentionFound(
        brand=brand,
        mention_id=mention_id(sample.source, str(index), brand),
        watches=tuple(Reference(id=watch) for watch in sample.watches),
        source=sample.source,
        source_kind=sample.source_kind,
        external_id=str(index),
        title=sample.title,
        text=sample.text,
        language=sample.language,
        author=Author(handle=sample.author, followers=sample.followers, verified=sample.verified),
        engagement=sample.engagement,
        published_at=published_at,
        received_at=published_at,
    )


def _result(trial: Trial) -> TrialResult:
    mention, assessment = trial.arrival.mention, trial.arrival.assessment
    return TrialResult(
        mention_id=mention.mention_id,
        text=mention.text[:500],
        at=trial.arrival.event_at,
        sentiment=assessment.sentiment,
        risk=assessment.risk,
        reasons=list(assessment.reasons),
        held=any(look.held for look in trial.looks),
        looks=[
            TrialLook(held=look.held, error=look.error, variables=_brief(shown(look.values)))
            for look in trial.looks
        ],
        would=trial.signal,
        severity=trial.severity,
        headline=trial.headline,
    )


def _brief(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value[:500] if isinstance(value, str) else value for name, value in values.items()}
