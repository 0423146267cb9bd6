from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.notify.domain.responder import Contact, Responder, Sealed


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("06.12.34.56.78", "+33612345678"),
        ("0612345678", "+33612345678"),
        ("0033 6 12 34 56 78", "+33612345678"),
        ("+33612345678", "+33612345678"),
        ("+1 (415) 555-0100", "+14155550100"),
        (" +41 79 123 45 67 ", "+41791234567"),
    ],
)
def test_phone_numbers_are_kept_as_e164(written: str, kept: str) -> None:
    assert Contact(kind="sms", address=written).address == kept


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("sms", "12345"),
        ("sms", "+0612345678"),
        ("sms", "+3361234567890123"),
        ("sms", "appelez-moi"),
        ("email", "alice"),
        ("email", "alice@"),
        ("email", "alice@example"),
        ("email", "alice@example.org, eve@example.org"),
        ("email", "alice@example.org\nBcc: eve@example.org"),
        ("email", "Alice <alice@example.org>"),
        ("apprise", "slack.com/hooks"),
    ],
)
def test_an_address_that_cannot_work_is_refused_with_the_way_to_write_it(kind: str, address: str) -> None:
    with pytest.raises(ValidationError, match="Write it like"):
        Contact(kind=kind, address=address)


@pytest.mark.parametrize(
    ("kind", "address", "masked", "provider"),
    [
        ("email", "alice@example.org", "a***@example.org", "email"),
        ("sms", "+33612345678", "+336***78", "sms"),
        ("apprise", "slack://token/secret", "slack://***", "apprise:slack"),
        (
            "apprise",
            str(Sealed(scheme="tgram", fingerprint="ab12cd", token="gAAA")),
            "tgram://hidden-ab12cd",
            "apprise:tgram",
        ),
        ("chat", "#astreinte", "#astreinte", "chat"),
    ],
)
def test_masked_addresses_and_lanes(kind: str, address: str, masked: str, provider: str) -> None:
    contact = Contact(kind=kind, address=address)

    assert contact.masked == masked
    assert contact.provider == provider


def test_a_sealed_address_reads_back_and_nothing_else_does() -> None:
    sealed = Sealed(scheme="slack", fingerprint="ab12cd", token="gAAA/b==")

    assert Sealed.read(str(sealed)) == sealed
    assert Sealed.read("slack://a/b/c") is None
    assert Sealed.read("sealed://slack") is None


def test_a_zone_must_exist() -> None:
    with pytest.raises(ValidationError, match="IANA"):
        Responder(name="Alice", zone="Europe/Lutece")
