"""Stage: which escalation policy applies."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.values import Reason
from services.notify.domain.phrase import named
from services.notify.domain.policy import NamedPolicy, general_policy, own_policy
from services.notify.pipeline.case import Case


@dataclass(frozen=True, slots=True)
class Choice:
    """The policy, None when none applies, and how it was found, look-up by look-up."""

    policy: NamedPolicy | None
    reasons: tuple[Reason, ...]


def choose_policy(case: Case) -> Choice:
    """The one the rule asks for, else the oldest of the brand, else the oldest for all brands, else none.

    Reasons: `policy_unknown` (then the search goes on), `policy_of_rule`, `policy_of_brand`, `policy_by_default`,
    `no_policy`.
    """
    reasons: tuple[Reason, ...] = ()
    if case.asked_policy is not None:
        asked = next((policy for policy in case.policies if policy.id == case.asked_policy), None)
        if asked is not None:
            return Choice(asked, (_found("policy_of_rule", asked, case),))
        reasons = (named("policy_unknown", case.language, policy=case.asked_policy),)
    own = own_policy(case.policies, case.brand)
    if own is not None:
        return Choice(own, (*reasons, _found("policy_of_brand", own, case)))
    general = general_policy(case.policies)
    if general is not None:
        return Choice(general, (*reasons, _found("policy_by_default", general, case)))
    return Choice(None, (*reasons, named("no_policy", case.language)))


def _found(code: str, policy: NamedPolicy, case: Case) -> Reason:
    return named(code, case.language, policy=policy.doc.name)
