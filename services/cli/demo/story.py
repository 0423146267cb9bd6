"""The demo's brand, its people and its days. Everything in it is invented, and written down the way ops would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

BRAND = "maison-lacombe"
BRAND_NAME = "Maison Lacombe"
ZONE = ZoneInfo("Europe/Paris")
THURSDAY = date(2026, 3, 12)
"""An ordinary week: no public holiday, no clock change."""

_NOT_THE_BRAND = (
    'thibault mercato titulaire essai essais "coup d\'envoi" joueur "homme du match" secrétariat rafales dénivelé '
    '"boucle de lacombe" "route de lacombe" "cabinet lacombe"'
)
_PRODUCTS = (
    "biscuit biscuits biscuiterie chocolat chocolats lutin lutins sablé sablés truffe truffes goûter goûters"
)


@dataclass(frozen=True, slots=True)
class Document:
    """One thing ops write: where, under which id, and what."""

    path: str
    id: str
    doc: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be woken."""

    id: str
    name: str
    phone: str

    @property
    def mailbox(self) -> str:
        """Where e-mail reaches them."""
        return f"{self.id}@maison-lacombe.example"


# +33 6 39 98 is the range that the French regulator (Arcep) keeps free for fiction.
ALICE = Person("alice", "Alice", "+33639980001")
BRUNO = Person("bruno", "Bruno", "+33639980002")
CHLOE = Person("chloe", "Chloé", "+33639980003")
DAVID = Person("david", "David", "+33639980004")
PEOPLE = (ALICE, BRUNO, CHLOE, DAVID)
TEAM_MAILBOX = "equipe@maison-lacombe.example"
TEAM = "Équipe Lacombe"


def moment(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """An instant of the demo: `day` counts from its Thursday, the rest is on the wall clock in Paris."""
    return datetime.combine(THURSDAY + timedelta(days=day), time(hour, minute, second), ZONE)


START = moment(0, 7)
RESOLVED = moment(3, 12, 30)
"""Sunday: the recall is out, Bruno gives the verdict."""
HANDOVER = moment(4, 9)
END = moment(4, 9, 5)


def documents() -> list[Document]:
    """The set-up, in the order in which ops write it."""
    return [
        Document("/brands", BRAND, {"name": BRAND_NAME}),
        *_watches(),
        Document("/coverage", BRAND, _coverage()),
        *(Document("/responders", person.id, _responder(person)) for person in PEOPLE),
        Document("/schedules", "astreinte", _schedule("Astreinte", (ALICE, BRUNO, CHLOE, DAVID))),
        Document("/schedules", "renfort", _schedule("Renfort", (BRUNO, CHLOE, DAVID, ALICE))),
        Document("/policies", "crise", _policy()),
        *_rules(),
        Document("/teams", "equipe", _team()),
    ]


def _watches() -> list[Document]:
    queries = {
        "la-marque": (
            "La marque",
            '"maison lacombe" OR maisonlacombe OR boycottlacombe OR "sablés de jeanne"',
        ),
        "les-produits": ("Les produits", f"lacombe ({' OR '.join(_PRODUCTS.split())})"),
        "le-nom-seul": (
            "Le nom seul, ni le rugbyman ni le village",
            " ".join(["lacombe", *(f"-{word}" for word in _terms(_NOT_THE_BRAND))]),
        ),
    }
    return [
        Document("/watches", identifier, {"brand": BRAND, "name": name, "query": query})
        for identifier, (name, query) in queries.items()
    ]


def _rules() -> list[Document]:
    """Two, for a brand with fifty mentions a day: a danger to people, and a wave of anger.

    A crisis of a week-end is one situation, so a danger is over only after a day without another dangerous mention.
    """
    danger = {
        "name": "Danger pour un consommateur",
        "brand": BRAND,
        "severity": "critical",
        "when": "risk >= 80",
        "quiet_minutes": 1440,
        "playbook": {
            "text": "1. Appeler la qualité (astreinte usine). 2. Joindre la personne touchée avant de publier. "
            "3. Message d'attente : la victime d'abord, le lot, ce que nous faisons. 4. Aucune publicité ce soir.",
            "links": ["https://intranet.maison-lacombe.example/crise/rappel-produit"],
        },
    }
    wave = {
        "name": "Vague de colère",
        "brand": BRAND,
        "severity": "warning",
        "when": "mentions >= 10 && authors >= 8 && ratio >= 3.0 && negative_share >= 0.4",
        "window_minutes": 30,
        "quiet_minutes": 180,
        "playbook": {
            "text": "Trouver la première mention et ce qui est vrai. Suspendre les publications prévues."
        },
    }
    return [Document("/rules", "danger", danger), Document("/rules", "vague", wave)]


def _terms(words: str) -> list[str]:
    """Words and quoted phrases."""
    parts = words.split('"')
    return [
        term for index, part in enumerate(parts) for term in ([f'"{part}"'] if index % 2 else part.split())
    ]


def _coverage() -> dict[str, Any]:
    office = {"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "18:00"}
    return {
        "brand": BRAND,
        "team": TEAM,
        "zone": ZONE.key,
        "windows": [office],
        "holiday_country": "FR",
    }


def _responder(person: Person) -> dict[str, Any]:
    contacts = [{"kind": "email", "address": person.mailbox}, {"kind": "sms", "address": person.phone}]
    return {"name": person.name, "language": "fr", "zone": ZONE.key, "contacts": contacts}


def _schedule(name: str, people: tuple[Person, ...]) -> dict[str, Any]:
    monday = THURSDAY - timedelta(days=THURSDAY.weekday())
    rotation = {
        "responders": [person.id for person in people],
        "starts_on": monday.isoformat(),
        "handoff": "09:00",
        "shift_days": 7,
    }
    return {"name": name, "zone": ZONE.key, "rotation": rotation, "overrides": []}


def _policy() -> dict[str, Any]:
    everybody = [{"kind": "responder", "id": person.id} for person in PEOPLE]
    return {
        "name": "Crise",
        "brands": [BRAND],
        "page_from": "warning",
        "steps": [
            {"after_minutes": 0, "targets": [{"kind": "schedule", "id": "astreinte"}]},
            {"after_minutes": 10, "targets": [{"kind": "schedule", "id": "renfort"}]},
            {"after_minutes": 10, "targets": everybody},
        ],
        "repeats": 1,
    }


def _team() -> dict[str, Any]:
    contacts = [{"kind": "email", "address": TEAM_MAILBOX}, {"kind": "chat", "address": "#veille"}]
    return {"brand": BRAND, "name": TEAM, "language": "fr", "zone": ZONE.key, "contacts": contacts}
