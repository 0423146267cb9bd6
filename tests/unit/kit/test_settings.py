"""What is configured, and that links in pages will open on a phone."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.contracts.errors import InvalidError
from services.kit.settings import KitSettings

DATABASE = "postgresql://veilleur:hunter2@db.example/veilleur"


def test_defaults_are_embedded_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = KitSettings()
    assert settings.embedded
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.language == "fr"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLEUR_PORT", "9000")
    monkeypatch.setenv("VEILLEUR_HOST", "::1")
    assert KitSettings().public_url == "http://[::1]:9000"


def test_secrets_are_never_printed() -> None:
    settings = KitSettings(database_url=DATABASE, secret_key="k" * 40)
    for said in (repr(settings), str(settings), settings.model_dump_json()):
        assert "hunter2" not in said
        assert "kkkk" not in said


def test_a_bad_value_is_refused_without_being_printed() -> None:
    with pytest.raises(ValidationError) as caught:
        KitSettings(secret_key="short-and-secret")
    assert "at least 32" in str(caught.value)
    with pytest.raises(ValidationError, match="postgresql://"):
        KitSettings(database_url="mysql://x")


def test_a_public_address_is_fine() -> None:
    settings = KitSettings(public_url="https://veilleur.example.org/", database_url=DATABASE)
    assert settings.public_url == "https://veilleur.example.org"
    assert settings.check_public_url() is None


@pytest.mark.parametrize(
    "url", ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:80", "http://a.localhost"]
)
def test_trying_it_on_one_machine_only_warns(url: str) -> None:
    warning = KitSettings(public_url=url).check_public_url()
    assert warning is not None
    assert url in warning
    assert "VEILLEUR_PUBLIC_URL" in warning


@pytest.mark.parametrize(
    "given",
    [
        {"host": "0.0.0.0"},
        {"host": "0.0.0.0", "public_url": "http://localhost:8080"},
        {"host": "192.0.2.7", "public_url": "http://127.0.0.1:8080"},
        {"database_url": DATABASE},
        {"public_url": "ftp://veilleur.example.org"},
        {"public_url": "veilleur.example.org"},
        {"public_url": "https://veilleur.example.org/?a=b"},
    ],
)
def test_a_link_that_would_not_open_on_a_phone_is_a_fault(given: dict[str, str]) -> None:
    with pytest.raises(InvalidError) as caught:
        KitSettings(**given).check_public_url()
    assert caught.value.faults[0].field == "VEILLEUR_PUBLIC_URL"
