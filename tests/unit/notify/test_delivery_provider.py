from __future__ import annotations

import pytest

from services.contracts.errors import InvalidError
from services.notify.channels.protocol import ProviderAwayError, RefusedError
from services.notify.channels.provider import check_url, failure


@pytest.mark.parametrize(
    ("said", "smtp", "kind", "code"),
    [
        ("Socket Exception: (535, b'5.7.8 bad credentials')", True, RefusedError, "535"),
        ("SMTP recipient x was refused: 550 b'no such user'", True, RefusedError, "550"),
        ("Socket Exception: (451, b'try later')", True, ProviderAwayError, "451"),
        ("Socket Exception: [Errno 111] Connection refused", True, ProviderAwayError, "unreachable"),
        ("Failed to send notification: Service Unavailable, error=503.", False, ProviderAwayError, "503"),
        ("Failed to send notification: error=429.", False, ProviderAwayError, "429"),
        ("Failed to send notification: Unauthorized, error=401.", False, RefusedError, "401"),
        ("", False, ProviderAwayError, "unreachable"),
    ],
)
def test_what_a_provider_says_decides_whether_to_try_again(
    said: str, smtp: bool, kind: type[Exception], code: str
) -> None:
    error = failure([said], secrets=(), smtp=smtp)

    assert isinstance(error, kind)
    assert error.code == code


def test_reasons_hold_no_secret() -> None:
    said = [
        "Sending to alice@example.org (+33612345678) via https://hooks.example.org/T0/B0 with s3cr3tkey failed"
    ]
    error = failure(said, secrets=("slack://T0AAA/s3cr3tkey/x",), smtp=False)

    for secret in ("alice", "33612345678", "hooks.example", "s3cr3tkey"):
        assert secret not in str(error)
    assert "failed" in str(error)


def test_an_unknown_service_is_refused_with_a_fix_and_without_the_url() -> None:
    with pytest.raises(InvalidError) as unknown:
        check_url("pigeon://coop/secret", "contacts[0].address")
    with pytest.raises(InvalidError) as malformed:
        check_url("tgram://secretbutwrong", "contacts[1].address")

    assert unknown.value.faults[0].field == "contacts[0].address"
    assert "no service 'pigeon'" in str(unknown.value)
    assert "does not accept" in str(malformed.value)
    assert "secret" not in str(unknown.value) + str(malformed.value)


def test_known_services_are_accepted() -> None:
    check_url("json://localhost/hook", "")
    check_url("sandbox://room", "")
