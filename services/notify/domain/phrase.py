"""The sentences of notify's decisions, in French and in English, and the named reasons made of them."""

from __future__ import annotations

from services.contracts.values import Reason
from services.notify.domain.count import counted
from services.notify.domain.responder import Language

_PHRASES: dict[str, dict[Language, str]] = {
    # What happened to the alert
    "raised_by_rule": {"fr": "alerte levée par la règle « {rule} »", "en": "raised by the rule '{rule}'"},
    "raised_by_human": {"fr": "alerte donnée par {actor}", "en": "raised by {actor}"},
    "alert_unreadable": {
        "fr": "une alerte n'a pas pu être lue ({error})",
        "en": "an alert could not be read ({error})",
    },
    "unreadable_headline": {
        "fr": "Une alerte n'a pas pu être lue : vérifiez ce qui se passe",
        "en": "An alert could not be read: see what is going on",
    },
    "grew": {"fr": "la situation s'étend : {mentions:mention|mentions}", "en": "the situation grows: {mentions:mention|mentions}"},
    "worsened": {
        "fr": "la situation s'aggrave : « {after} » et non plus « {before} »",
        "en": "the situation gets worse: {after}, no longer {before}",
    },
    "reopened": {
        "fr": "rouverte : « {after} », et l'alerte prise en charge était « {before} »",
        "en": "reopened: {after}, and what had been answered was {before}",
    },
    "grew_after_resolution": {
        "fr": "la situation s'étend encore après la résolution, sans s'aggraver",
        "en": "the situation still grows after its resolution, without getting worse",
    },
    "subsided": {"fr": "la situation s'est calmée d'elle-même", "en": "the situation calmed down by itself"},
    "acknowledged": {"fr": "prise en charge par {actor}", "en": "taken by {actor}"},
    "resolved_real": {"fr": "résolue par {actor} : vraie alerte", "en": "resolved by {actor}: a real alert"},
    "resolved_false_alarm": {"fr": "résolue par {actor} : fausse alerte", "en": "resolved by {actor}: a false alarm"},
    "escalated_by_hand": {"fr": "{actor} passe à l'étape suivante", "en": "{actor} asks for the next step"},
    # Coverage
    "on_duty": {"fr": "{why}", "en": "{why}"},
    "off_hours": {"fr": "hors présence : {why}", "en": "off hours: {why}"},
    "no_coverage": {
        "fr": "hors présence : aucune présence n'est définie pour cette marque",
        "en": "off hours: no coverage is defined for this brand",
    },
    "coverage_unreadable": {
        "fr": "hors présence : la présence définie n'est plus lisible ({why})",
        "en": "off hours: the coverage defined cannot be read any more ({why})",
    },
    # Severity and urgency
    "urgency_high": {"fr": "gravité critique : urgence haute", "en": "critical severity: high urgency"},
    "urgency_normal": {"fr": "avertissement : urgence normale", "en": "warning severity: normal urgency"},
    "urgency_low": {"fr": "pour information : urgence basse", "en": "information: low urgency"},
    # Policy
    "policy_of_rule": {"fr": "procédure « {policy} », demandée par la règle", "en": "policy '{policy}', asked for by the rule"},
    "policy_of_brand": {"fr": "procédure « {policy} » de la marque", "en": "policy '{policy}' of the brand"},
    "policy_by_default": {"fr": "procédure « {policy} » par défaut", "en": "policy '{policy}' by default"},
    "policy_unknown": {
        "fr": "la procédure « {policy} » demandée par la règle n'existe plus",
        "en": "the policy '{policy}' that the rule asks for does not exist any more",
    },
    "no_policy": {
        "fr": "aucune procédure ne s'applique à cette marque",
        "en": "no policy applies to this brand",
    },
    # Escalation
    "held_for_team": {
        "fr": "l'équipe est là ; sans réponse d'ici la fin de sa présence, l'astreinte sera prévenue",
        "en": "the team is there; if nobody answers before it leaves, on-call is paged",
    },
    "held_for_handover": {
        "fr": "personne n'est réveillé pour une gravité « {severity} » : à lire à la relève",
        "en": "nobody is woken for severity '{severity}': it waits for the handover",
    },
    "escalation_started": {"fr": "l'astreinte est prévenue", "en": "on-call is paged"},
    "duty_without_end": {
        "fr": "l'équipe est toujours présente : elle est prévenue sans attendre",
        "en": "the team never leaves: it is paged without waiting",
    },
    "straight_to_fallback": {"fr": "directement au contact de secours", "en": "straight to the fallback"},
    "step_started": {"fr": "tour {round}, étape {step}", "en": "round {round}, step {step}"},
    "schedule_unknown": {"fr": "le planning « {schedule} » n'existe pas", "en": "there is no schedule '{schedule}'"},
    "slot_empty": {
        "fr": "personne n'est d'astreinte sur « {schedule} » à cette heure",
        "en": "nobody is on call on '{schedule}' at this time",
    },
    "nobody_reached": {
        "fr": "aucune personne de cette étape n'a pu être prévenue",
        "en": "nobody of this step could be paged",
    },
    "exhausted": {
        "fr": "personne n'a répondu après {rounds:tour|tours}",
        "en": "nobody answered after {rounds:round|rounds}",
    },
    "reminder": {"fr": "toujours sans réponse : nouveau rappel", "en": "still no answer: everybody is reminded"},
    "step_failed": {
        "fr": "une étape n'a pas pu être exécutée ({error})",
        "en": "a step could not be carried out ({error})",
    },
}  # fmt: skip

_SEVERITIES: dict[str, dict[Language, str]] = {
    "info": {"fr": "information", "en": "info"},
    "warning": {"fr": "avertissement", "en": "warning"},
    "critical": {"fr": "critique", "en": "critical"},
}


def sentence(code: str, language: Language, **parts: object) -> str:
    """The sentence of a reason code, its parts filled in."""
    return _PHRASES[code][language].format(**counted(parts, language))


def named(code: str, language: Language, **parts: object) -> Reason:
    """The named reason of that code, with its sentence."""
    return Reason(code=code, text=sentence(code, language, **parts))


def severity_name(severity: str, language: Language) -> str:
    """A severity, for people."""
    return _SEVERITIES[severity][language]
