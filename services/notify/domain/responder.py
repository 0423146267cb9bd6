"""People who can be woken, teams who are handed over to, and how each is reached."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.contracts.values import Slug

Language = Literal["fr", "en"]

# One `@`, a dotted domain, nothing that could break out of an address header. Stricter checks refuse real mailboxes;
# the proof that an address works is a test page.
_EMAIL = re.compile(r"^[^@\s<>\"',;:()\[\]\\]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,63}$")
_E164 = re.compile(r"^\+[1-9]\d{6,14}$")  # ITU-T E.164: at most 15 digits after the plus sign
_FRENCH = re.compile(r"^0[1-9]\d{8}$")  # a national French number: 0, then nine digits
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://.+", re.IGNORECASE)
HIDDEN = "hidden-"
"""What starts the visible part of an address that is never shown again."""


class ContactKind(StrEnum):
    """By what a contact is reached."""

    EMAIL = "email"
    SMS = "sms"
    CHAT = "chat"
    APPRISE = "apprise"


def _known_zone(zone: str) -> str:
    if zone not in available_timezones():
        raise ValueError(f"'{zone}' is not an IANA time zone. Write for example Europe/Paris.")
    return zone


Zone = Annotated[str, AfterValidator(_known_zone)]


class Contact(BaseModel):
    """One way to reach somebody.

    Attributes:
        kind: The channel.
        address: A mailbox, a phone number (kept as E.164; a French 06... becomes +336...), a chat room or account,
            or any Apprise URL. The last is a secret: it is kept encrypted and shown masked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ContactKind
    address: str = Field(min_length=1, max_length=2000)

    @model_validator(mode="before")
    @classmethod
    def _normalise(cls, raw: object) -> object:
        if isinstance(raw, dict) and isinstance(raw.get("address"), str):
            address = raw["address"].strip()
            return {**raw, "address": _phone(address) if raw.get("kind") == ContactKind.SMS else address}
        return raw

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind is ContactKind.EMAIL and not _EMAIL.match(self.address):
            raise ValueError("This is not an e-mail address. Write it like alice@example.org.")
        if self.kind is ContactKind.SMS and not _E164.match(self.address):
            raise ValueError("This is not a phone number. Write it like +33612345678 or 06 12 34 56 78.")
        if self.kind is ContactKind.APPRISE and not _SCHEME.match(self.address):
            raise ValueError("This is not an Apprise URL. Write it like service://key/target.")
        return self

    @property
    def provider(self) -> str:
        """The lane its sends share: the channel, or the service that an Apprise URL names."""
        if self.kind is not ContactKind.APPRISE:
            return self.kind.value
        sealed = Sealed.read(self.address)
        return f"apprise:{sealed.scheme if sealed else self.address.partition('://')[0].lower()}"

    @property
    def masked(self) -> str:
        """Enough for its owner to recognise it, too little for anybody else to use it."""
        if self.kind is ContactKind.EMAIL:
            mailbox, _, domain = self.address.partition("@")
            return f"{mailbox[0]}***@{domain}"
        if self.kind is ContactKind.SMS:
            return f"{self.address[:4]}***{self.address[-2:]}"
        if self.kind is ContactKind.APPRISE:
            sealed = Sealed.read(self.address)
            return sealed.masked if sealed else f"{self.address.partition('://')[0]}://***"
        return self.address


class Sealed(BaseModel):
    """An address as it lies at rest: which service, a fingerprint to recognise it by, and the secret, encrypted."""

    model_config = ConfigDict(frozen=True)

    scheme: str
    fingerprint: str
    token: str

    @classmethod
    def read(cls, address: str) -> Self | None:
        """The parts of a sealed address; None when `address` is not one."""
        parts = address.split("/", 4)
        if not address.startswith("sealed://") or len(parts) != 5:  # noqa: PLR2004 - sealed: / "" / scheme / print / token
            return None
        return cls(scheme=parts[2], fingerprint=parts[3], token=parts[4])

    def __str__(self) -> str:
        return f"sealed://{self.scheme}/{self.fingerprint}/{self.token}"

    @property
    def masked(self) -> str:
        """As the API shows it; sending this back keeps what is stored."""
        return f"{self.scheme}://{HIDDEN}{self.fingerprint}"


def _phone(raw: str) -> str:
    digits = re.sub(r"[\s.\-()]", "", raw)
    if _FRENCH.match(digits):
        return f"+33{digits[1:]}"
    return f"+{digits[2:]}" if digits.startswith("00") else digits


class Reachable(BaseModel):
    """Somebody who reads messages: a person or a team.

    Attributes:
        name: As colleagues say it.
        language: Of what they get.
        zone: IANA zone in which they are told the time.
        contacts: How they are reached, in their order of preference.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    language: Language = "fr"
    zone: Zone = "Europe/Paris"
    contacts: tuple[Contact, ...] = Field(default=(), max_length=10)


class Responder(Reachable):
    """A person who can be paged.

    Attributes:
        active: An inactive responder is never paged; the fallback is, and says so.
    """

    active: bool = True


class Team(Reachable):
    """Who takes over from the night. Without contacts, handovers are only kept for reading.

    Attributes:
        brand: Whose team.
    """

    brand: Slug
