"""The rules that a new installation starts with: editable, and not created again once somebody deleted them."""

from __future__ import annotations

from typing import Literal

from services.contracts.values import Playbook, Severity
from services.rules.domain.rule import Rule

_WORDS = {
    "fr": {
        "dangerous-mention": (
            "Une mention dangereuse",
            (
                "Lire la mention et ses réponses, en garder une capture. Ne pas répondre seul : prévenir la direction de la "
                "communication, et la qualité ou le juridique selon le sujet. Accuser réception publiquement sous 30 minutes."
            ),
        ),
        "negative-wave": (
            "Vague négative",
            (
                "Trouver la mention d'origine et ce qui est vrai. Suspendre les publications programmées. Préparer un message "
                "d'attente, le faire valider, puis répondre d'abord aux comptes les plus suivis."
            ),
        ),
        "loud-voice": (
            "Voix qui porte",
            "Vérifier les faits, puis répondre à cette personne en public, brièvement, et lui proposer un contact direct.",
        ),
    },
    "en": {
        "dangerous-mention": (
            "A dangerous mention",
            (
                "Read the mention and its replies, keep a screenshot. Do not answer alone: tell the head of communications, "
                "and quality or legal depending on the matter. Acknowledge in public within 30 minutes."
            ),
        ),
        "negative-wave": (
            "Negative wave",
            (
                "Find the first mention and what is true of it. Hold scheduled posts. Draft a holding statement, have it "
                "approved, then answer the accounts with the largest audience first."
            ),
        ),
        "loud-voice": (
            "A voice that carries",
            "Check the facts, then answer this person in public, briefly, and offer a direct contact.",
        ),
    },
}


def default_rules(tongue: Literal["fr", "en"]) -> dict[str, Rule]:
    """Id to rule.

    The figures: a complaint alone stays under risk 60 (see the risk's points), so 80 needs a danger to people or
    to data told in anger, or a lesser one with an audience. A wave needs twelve mentions of eight authors in half
    an hour, three times the usual and mostly negative: at fifty mentions a day, one is expected in half an hour. A
    crisis of a week-end is one situation, so a danger is over only after a day without another. A voice that is
    dangerous already wakes somebody by the first rule, so the third leaves it alone.
    """
    words = _WORDS[tongue]
    conditions: dict[str, dict[str, object]] = {
        "dangerous-mention": {"severity": Severity.CRITICAL, "when": "risk >= 80", "quiet_minutes": 1440},
        "negative-wave": {
            "severity": Severity.WARNING,
            "when": "mentions >= 12 && authors >= 8 && ratio >= 3.0 && negative_share >= 0.5",
            "critical_when": "mentions >= 30 && ratio >= 6.0 && negative_share >= 0.6",
            "window_minutes": 30,
            "quiet_minutes": 180,
        },
        "loud-voice": {
            "severity": Severity.WARNING,
            "when": 'followers >= 20000 && sentiment == "negative" && risk >= 40 && risk < 80',
            "critical_when": "followers >= 100000 && risk >= 60",
            "quiet_minutes": 1440,
        },
    }
    return {
        id_: Rule.model_validate({"name": words[id_][0], "playbook": Playbook(text=words[id_][1]), **fields})
        for id_, fields in conditions.items()
    }
