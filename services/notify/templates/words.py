"""The sentences of delivery's decisions and messages, in each language."""

from __future__ import annotations

from services.notify.domain.responder import Language

_WORDS: dict[str, dict[Language, str]] = {
    "paged": {"fr": "on prévient {name}", "en": "{name} is paged"},
    "responder_unknown": {
        "fr": "« {name} » n'existe pas parmi les personnes d'astreinte",
        "en": "there is no responder '{name}'",
    },
    "responder_inactive": {"fr": "{name} est désactivé", "en": "{name} is inactive"},
    "no_contact": {"fr": "{name} n'a aucun moyen de contact", "en": "{name} has no contact"},
    "fallback": {"fr": "Secours", "en": "Fallback"},
    "no_fallback": {
        "fr": "aucun contact de secours n'est configuré ({why})",
        "en": "no fallback is configured ({why})",
    },
    "fallback_paged": {"fr": "on prévient le contact de secours : {why}", "en": "fallback told: {why}"},
    "severity_info": {"fr": "information", "en": "information"},
    "severity_warning": {"fr": "avertissement", "en": "warning"},
    "severity_critical": {"fr": "critique", "en": "critical"},
    "subject": {"fr": "{brand}, {severity} : {headline}", "en": "{brand}, {severity}: {headline}"},
    "take": {"fr": "Je prends :", "en": "Take it:"},
    "handover_subject": {
        "fr": "{brand} : relève, {alerts} alerte(s), {unfinished} à reprendre",
        "en": "{brand}: handover, {alerts} alert(s), {unfinished} to take care of",
    },
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
    return _WORDS[key][language].format(**values)
