"""The sentences of delivery's decisions and messages, in each language."""

from __future__ import annotations

from services.notify.domain.count import counted
from services.notify.domain.responder import Language

_WORDS: dict[str, dict[Language, str]] = {
    "paged": {"fr": "on prévient {name}", "en": "{name} is paged"},
    "responder_unknown": {
        "fr": "« {name} » n'existe pas parmi les personnes d'astreinte",
        "en": "there is no responder '{name}'",
    },
    "responder_inactive": {"fr": "le compte de {name} est désactivé", "en": "{name} is inactive"},
    "no_contact": {"fr": "{name} n'a aucun moyen de contact", "en": "{name} has no contact"},
    "fallback": {"fr": "Secours", "en": "Fallback"},
    "no_fallback": {
        "fr": "aucun contact de secours n'est configuré ({why})",
        "en": "no fallback is configured ({why})",
    },
    "fallback_paged": {"fr": "on prévient le contact de secours : {why}", "en": "fallback told: {why}"},
    "severity_info": {"fr": "Information", "en": "Information"},
    "severity_warning": {"fr": "Avertissement", "en": "Warning"},
    "severity_critical": {"fr": "Critique", "en": "Critical"},
    # Severity and brand come first: a lock screen shows some forty characters.
    "subject": {"fr": "{severity}, {brand} : {headline}", "en": "{severity}, {brand}: {headline}"},
    "sms_since": {"fr": " Depuis {since} ({place}).", "en": " Since {since} ({place})."},
    "sms_link": {"fr": " Répondre : {link}", "en": " Answer: {link}"},
    "handover_subject": {"fr": "Relève, {brand} : {total}", "en": "Handover, {brand}: {total}"},
    "total_none": {"fr": "rien à signaler, aucune alerte", "en": "all quiet, no alert"},
    "total_done": {
        "fr": "{alerts:alerte|alertes}, rien à reprendre",
        "en": "{alerts:alert|alerts}, nothing left open",
    },
    "total_open": {
        "fr": "{alerts:alerte|alertes}, dont {unfinished} à reprendre",
        "en": "{alerts:alert|alerts}, {unfinished} still to take care of",
    },
    "total_all_open": {
        "fr": "{alerts:alerte|alertes} à reprendre",
        "en": "{alerts:alert|alerts} to take care of",
    },
    "outcome_real": {"fr": "Close : vraie alerte.", "en": "Over: a real alert."},
    "outcome_false_alarm": {"fr": "Close : fausse alerte.", "en": "Over: a false alarm."},
    "outcome_taken": {
        "fr": "{who} s'en occupe depuis {when}. Encore ouverte.",
        "en": "{who} has had it since {when}. Still open.",
    },
    "outcome_unanswered": {
        "fr": "Personne n'a répondu. Encore ouverte.",
        "en": "Nobody answered. Still open.",
    },
    "outcome_open": {
        "fr": "Personne n'a été réveillé. Encore ouverte.",
        "en": "Nobody was woken. Still open.",
    },
    "answer_taken": {"fr": "a répondu « je prends »", "en": "answered “I take it”"},
    "answer_declined": {"fr": "a répondu « pas moi »", "en": "answered “not me”"},
    "answer_unsent": {"fr": "aucun message n'a pu partir", "en": "no message could be sent"},
    "risk": {"fr": "risque {risk} sur 100", "en": "risk {risk} of 100"},
    "risk_up_to": {"fr": "risque jusqu'à {risk} sur 100", "en": "risk up to {risk} of 100"},
    "answer_sent": {"fr": "message envoyé", "en": "message sent"},
    "answer_none": {"fr": "sans réponse", "en": "no answer"},
    "test_subject": {"fr": "Veilleur : message d'essai", "en": "Veilleur: test message"},
    "test_text": {
        "fr": "{name}, ce message prouve qu'une alerte vous parviendrait par ici. Rien à faire.",
        "en": "{name}, this message proves that an alert would reach you this way. Nothing to do.",
    },
    "page_sent": {"fr": "{channel} envoyé à {name}", "en": "{channel} sent to {name}"},
    "send_retried": {
        "fr": "{channel} à {name} : échec ({code}), nouvel essai dans {minutes} min",
        "en": "{channel} to {name}: failed ({code}), next attempt in {minutes} min",
    },
    "send_uncertain": {
        "fr": "{channel} à {name} : on ignore s'il est parti ({code}), il repart",
        "en": "{channel} to {name}: nobody knows whether it left ({code}), it is sent again",
    },
    "page_failed": {
        "fr": "{channel} à {name} : échec définitif ({code})",
        "en": "{channel} to {name}: failed for good ({code})",
    },
    "page_undelivered": {
        "fr": "aucun canal n'a joint {name}",
        "en": "no channel reached {name}",
    },
    "declined": {"fr": "{name} passe au suivant", "en": "{name} passes it on"},
    "channel_email": {"fr": "e-mail", "en": "e-mail"},
    "channel_sms": {"fr": "SMS", "en": "SMS"},
    "channel_chat": {"fr": "message", "en": "chat message"},
    "channel_apprise": {"fr": "message", "en": "message"},
    "channel_fallback": {"fr": "message de secours", "en": "fallback message"},
}


def say(key: str, language: Language, **values: object) -> str:
    """The sentence for `key` in `language`, filled with `values`."""
    return _WORDS[key][language].format(**counted(values, language))
