"""The console's sentences, in French and in English. A bar separates singular from plural, chosen by `count`."""

from __future__ import annotations

from services.notify.domain.responder import Language
from services.notify.templates.typography import typeset

_WORDS: dict[str, dict[Language, str]] = {
    "tonight": {"fr": "Ce soir", "en": "Tonight"},
    "today": {"fr": "Aujourd'hui", "en": "Today"},
    # The sentence on top
    "calm": {"fr": "Rien ne vous attend.", "en": "Nothing needs you."},
    "waiting": {
        "fr": "{count} alerte attend quelqu'un|{count} alertes attendent quelqu'un",
        "en": "{count} alert needs somebody|{count} alerts need somebody",
    },
    "unwell": {
        "fr": "Veilleur lui-même ne va pas bien : ne vous fiez pas à son silence",
        "en": "Veilleur itself is not well: do not trust its silence",
    },
    "exposed_fallback": {
        "fr": "Aucune alerte n'attend, mais seul le contact de secours serait prévenu pour {names}",
        "en": "No alert is waiting, but only the fallback would be told for {names}",
    },
    "exposed": {
        "fr": "Aucune alerte n'attend, mais personne ne serait réveillé pour {names}",
        "en": "No alert is waiting, but nobody would be woken for {names}",
    },
    "begin": {"fr": "Encore quelques pas", "en": "A few steps to go"},
    "others": {"fr": "{count} autre|{count} autres", "en": "{count} more|{count} more"},
    # Alerts
    "open_list": {"fr": "À prendre", "en": "Needs somebody"},
    "taken_list": {"fr": "Prises en charge", "en": "Taken"},
    "resolved_list": {"fr": "Closes depuis 24 h", "en": "Closed in the last 24 h"},
    "severity_critical": {"fr": "critique", "en": "critical"},
    "severity_warning": {"fr": "avertissement", "en": "warning"},
    "severity_info": {"fr": "information", "en": "information"},
    "raised": {"fr": "levée {at}", "en": "raised {at}"},
    "taken_by": {"fr": "Prise par {who} {at}.", "en": "Taken by {who} {at}."},
    "resolved_by": {"fr": "Close par {who} {at} : {verdict}.", "en": "Closed by {who} {at}: {verdict}."},
    "untaken": {"fr": "Personne ne l'a encore prise.", "en": "Nobody has taken it yet."},
    "subsided": {
        "fr": "La situation s'est calmée d'elle-même {at}.",
        "en": "The situation calmed down by itself {at}.",
    },
    "verdict_real": {"fr": "vraie alerte", "en": "a real alert"},
    "verdict_false_alarm": {"fr": "fausse alerte", "en": "a false alarm"},
    "see_rest": {"fr": "Encore {count}, par l'API", "en": "{count} more, by the API"},
    # Pages
    "nobody_paged": {"fr": "Personne n'a été prévenu.", "en": "Nobody was paged."},
    "answer_none": {"fr": "sans réponse", "en": "no answer"},
    "answer_taken": {"fr": "« Je prends » {at}", "en": "“I take it” {at}"},
    "answer_declined": {"fr": "a passé son tour {at}", "en": "passed it on {at}"},
    "no_channel": {"fr": "par aucun canal", "en": "by no channel"},
    "earlier": {
        "fr": "et {count} fois avant",
        "en": "and {count} time before|and {count} times before",
    },
    "channel_email": {"fr": "e-mail", "en": "e-mail"},
    "channel_sms": {"fr": "SMS", "en": "SMS"},
    "channel_chat": {"fr": "message", "en": "chat"},
    "channel_apprise": {"fr": "message", "en": "message"},
    "channel_fallback": {"fr": "secours", "en": "fallback"},
    "state_queued": {"fr": "va partir", "en": "about to leave"},
    "state_sending": {"fr": "part", "en": "leaving"},
    "state_sent": {"fr": "envoyé", "en": "sent"},
    "state_failed": {"fr": "en échec", "en": "failed"},
    "state_uncertain": {"fr": "incertain, repart", "en": "uncertain, sent again"},
    "state_cancelled": {"fr": "annulé", "en": "cancelled"},
    # What comes next
    "next_people": {"fr": "Ensuite {names}, {at}.", "en": "Next: {names}, {at}."},
    "next_team": {
        "fr": "L'équipe est là ; sans réponse, l'astreinte est prévenue {at}.",
        "en": "The team is there; if nobody answers, on-call is paged {at}.",
    },
    "next_fallback": {
        "fr": "Sans réponse, le contact de secours est prévenu {at}.",
        "en": "If nobody answers, the fallback is told {at}.",
    },
    "next_reminder": {
        "fr": "Personne n'a répondu ; tout le monde est rappelé {at}.",
        "en": "Nobody answered; everybody is reminded {at}.",
    },
    "next_handover": {
        "fr": "Personne n'est réveillé pour cela : à lire à la prise de poste.",
        "en": "Nobody is woken for this: it waits for the handover.",
    },
    "next_nothing": {
        "fr": "Personne n'a répondu, et plus rien ne part tout seul.",
        "en": "Nobody answered, and nothing more leaves by itself.",
    },
    "at": {"fr": "à {at}", "en": "at {at}"},
    "soon": {"fr": "dans {minutes} min ({at})", "en": "in {minutes} min ({at})"},
    "now": {"fr": "maintenant", "en": "now"},
    # Who is there
    "brands": {"fr": "Marques", "en": "Brands"},
    "off_duty": {"fr": "Équipe absente", "en": "Team off duty"},
    "off_duty_since": {"fr": "Équipe absente depuis {since}", "en": "Team off duty since {since}"},
    "back": {"fr": "de retour {until}", "en": "back {until}"},
    "back_unknown": {"fr": "sans retour prévu", "en": "with no return planned"},
    "no_coverage": {
        "fr": "Aucun horaire de présence : l'équipe compte comme absente.",
        "en": "No duty hours are defined: the team counts as away.",
    },
    "coverage_unreadable": {
        "fr": "Les horaires de présence ne sont plus lisibles : l'équipe compte comme absente.",
        "en": "The duty hours cannot be read any more: the team counts as away.",
    },
    "on_call": {"fr": "D'astreinte :", "en": "On call:"},
    "until": {"fr": "jusqu'à {until}", "en": "until {until}"},
    "then": {"fr": "puis {names}", "en": "then {names}"},
    "unreachable": {
        "fr": "injoignable : compte désactivé ou sans contact",
        "en": "unreachable: inactive or without a contact",
    },
    "slot_empty": {"fr": "personne sur « {schedule} » à cette heure", "en": "nobody on “{schedule}” at this time"},
    "no_policy_fallback": {
        "fr": "Aucune procédure ne dit qui réveiller : seul le contact de secours le serait.",
        "en": "No policy says whom to wake: only the fallback would be told.",
    },
    "no_policy": {
        "fr": "Aucune procédure ne dit qui réveiller, et il n'y a pas de contact de secours : personne ne le serait.",
        "en": "No policy says whom to wake, and there is no fallback: nobody would be.",
    },
    "talk": {
        "fr": "{number} mention en 24 h|{number} mentions en 24 h",
        "en": "{number} mention in 24 h|{number} mentions in 24 h",
    },
    "negative": {"fr": "{share} négatives", "en": "{share} negative"},
    "before": {"fr": "la veille {number}", "en": "the day before {number}"},
    "peak": {"fr": "au plus {number} en une heure", "en": "at most {number} in an hour"},
    "silent": {"fr": "Aucune mention en 24 h", "en": "No mention in 24 h"},
    "more_brands": {"fr": "Encore {count} marque|Encore {count} marques", "en": "{count} more brand|{count} more brands"},
    # First steps
    "steps": {
        "fr": "Dans un terminal, avec votre jeton : c'est le mot de passe que vous venez de donner.",
        "en": "In a terminal, with your token: it is the password you have just given.",
    },
    "step_brand": {"fr": "La marque à protéger", "en": "The brand to protect"},
    "step_watch": {"fr": "Ce qu'on guette dans ce qui se dit d'elle", "en": "What to look for in what is said about it"},
    "step_responder": {"fr": "Qui réveiller", "en": "Whom to wake"},
    "step_policy": {"fr": "Et dans quel ordre", "en": "And in which order"},
    "step_done": {"fr": "fait", "en": "done"},
    # One alert
    "why": {"fr": "Pourquoi", "en": "Why"},
    "mentions": {"fr": "Les pires mentions", "en": "The worst mentions"},
    "figures": {
        "fr": "{mentions} mentions, {authors} auteurs, {share} négatives",
        "en": "{mentions} mentions, {authors} authors, {share} negative",
    },
    "usual": {"fr": "d'habitude {usual}", "en": "usually {usual}"},
    "in_window": {"fr": "en {window}", "en": "in {window}"},
    "risk": {"fr": "risque {risk} sur 100", "en": "risk {risk} of 100"},
    "playbook": {"fr": "À faire", "en": "What to do"},
    "who": {"fr": "Qui a été prévenu", "en": "Who was paged"},
    "timeline": {"fr": "Ce qui s'est passé", "en": "What happened"},
    "earlier_entries": {
        "fr": "{count} entrée plus ancienne|{count} entrées plus anciennes",
        "en": "{count} earlier entry|{count} earlier entries",
    },
    # The foot
    "health_good": {
        "fr": "Base et bus répondent, {count} tâche tourne.|Base et bus répondent, {count} tâches tournent.",
        "en": "Database and bus answer, {count} worker runs.|Database and bus answer, {count} workers run.",
    },
    "health_idle": {"fr": "Base et bus répondent.", "en": "Database and bus answer."},
    "health_bad": {"fr": "Ne va pas : {names}.", "en": "Not well: {names}."},
    "details": {"fr": "Détails", "en": "Details"},
    "api": {"fr": "Document de l'API", "en": "API document"},
    # When there is no page
    "error_401": {"fr": "Qui est là ?", "en": "Who is there?"},
    "error_401_text": {
        "fr": "Veilleur demande un jeton. Nom d'utilisateur : token ; mot de passe : le jeton, qui commence par vlr_. "
        "Le premier s'affiche au tout premier démarrage ; la commande « veilleur token » en fait d'autres.",
        "en": "Veilleur asks for a token. User name: token; password: the token, which begins with vlr_. "
        "The first one is shown at the very first start; the command “veilleur token” makes others.",
    },
    "error_403": {"fr": "Ce jeton n'ouvre pas cette page", "en": "This token does not open this page"},
    "error_403_text": {
        "fr": "Il lui faut la permission alerts:read : demandez un autre jeton à qui administre Veilleur.",
        "en": "It needs the permission alerts:read: ask whoever runs Veilleur for another token.",
    },
    "error_404": {"fr": "Il n'y a pas d'alerte à cette adresse", "en": "There is no alert at this address"},
    "error_404_text": {"fr": "L'adresse est incomplète ou a été modifiée.", "en": "The address is incomplete or was changed."},
    "error_503": {"fr": "La base de données ne répond pas", "en": "The database does not answer"},
    "error_503_text": {
        "fr": "Rien de ce qui a été enregistré n'est perdu. Rechargez dans quelques secondes.",
        "en": "Nothing that was written is lost. Reload in a few seconds.",
    },
}  # fmt: skip


def say(key: str, language: Language, *, count: int | None = None, **parts: object) -> str:
    """The sentence for `key`, its parts filled in; `count` chooses singular or plural and is a part too."""
    one, _, many = _WORDS[key][language].partition("|")
    # In French zero is singular.
    singular = count == 1 or (count == 0 and language == "fr")
    pattern = one if singular or not many else many
    return typeset(pattern, language).format(count=count, **parts)
