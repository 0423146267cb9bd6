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
}


def say(key: str, language: Language, **values: object) -> str:
    """The sentence for `key` in `language`, filled with `values`."""
    return _WORDS[key][language].format(**values)
