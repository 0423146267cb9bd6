"""Addresses that are secrets: sealed before they are stored, opened only to send, shown as a fingerprint."""

from __future__ import annotations

from collections.abc import Iterable

from services.contracts.errors import Fault, InvalidError
from services.kit.secrets import Secrets
from services.notify.channels.provider import check_url
from services.notify.domain.responder import HIDDEN, Contact, ContactKind, Sealed

_PURPOSE = "contact-address"


def seal(
    secrets: Secrets, contacts: Iterable[Contact], stored: Iterable[Contact] = ()
) -> tuple[Contact, ...]:
    """`contacts` as they may lie at rest. A masked address stands for the stored one of the same fingerprint.

    Raises:
        InvalidError: An Apprise URL that is not accepted, or a masked one that stands for nothing.
    """
    kept = {sealed.masked: contact for contact in stored if (sealed := Sealed.read(contact.address))}
    return tuple(
        _sealed(secrets, contact, kept, f"contacts[{index}].address")
        if contact.kind is ContactKind.APPRISE
        else contact
        for index, contact in enumerate(contacts)
    )


def _sealed(secrets: Secrets, contact: Contact, kept: dict[str, Contact], where: str) -> Contact:
    url = contact.address
    if url in kept:
        return kept[url]
    scheme, _, rest = url.partition("://")
    if rest.startswith(HIDDEN) or scheme.lower() == "sealed":
        raise InvalidError(
            Fault(
                where,
                "This masked address stands for none that is stored here.",
                "Write the whole URL again.",
            )
        )
    check_url(url, where)
    # Keyed, so that a fingerprint cannot be tried against guessed URLs; 24 bits tell one person's contacts apart.
    fingerprint = secrets.sign(_PURPOSE, url.encode()).hex()[:6]
    token = secrets.encrypt(_PURPOSE, url)
    return contact.model_copy(
        update={"address": str(Sealed(scheme=scheme.lower(), fingerprint=fingerprint, token=token))}
    )


def shown(contacts: Iterable[Contact]) -> tuple[Contact, ...]:
    """`contacts` as the API shows them: sealed addresses masked."""
    return tuple(
        contact.model_copy(update={"address": sealed.masked})
        if (sealed := Sealed.read(contact.address))
        else contact
        for contact in contacts
    )


def opened(secrets: Secrets, address: str) -> str:
    """The address in clear: to send, never to show or to log.

    Raises:
        UnreadableSecretError: It was sealed with another master key.
    """
    sealed = Sealed.read(address)
    return secrets.decrypt(_PURPOSE, sealed.token) if sealed else address
