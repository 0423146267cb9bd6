"""Signatures and encryption from one master key."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.contracts.errors import InvalidError
from services.kit.secrets import Secrets, UnreadableSecretError, load_secrets
from services.kit.settings import KitSettings

KEY = "0123456789abcdef0123456789abcdef"


def test_a_signature_is_of_one_payload_and_one_purpose() -> None:
    secrets = Secrets(KEY)
    signature = secrets.sign("page-link", b"alert 1")
    assert secrets.verify("page-link", b"alert 1", signature)
    assert not secrets.verify("page-link", b"alert 2", signature)
    assert not secrets.verify("unsubscribe", b"alert 1", signature)
    assert not secrets.verify("page-link", b"alert 1", signature[:-1])
    assert not Secrets(KEY[::-1]).verify("page-link", b"alert 1", signature)


def test_signatures_are_the_same_in_every_process() -> None:
    assert Secrets(KEY).sign("p", b"x") == Secrets(KEY).sign("p", b"x")


def test_what_is_encrypted_comes_back_for_its_purpose_only() -> None:
    secrets = Secrets(KEY)
    token = secrets.encrypt("contact", "slack://é")
    assert "slack" not in token
    assert secrets.decrypt("contact", token) == "slack://é"
    with pytest.raises(UnreadableSecretError):
        secrets.decrypt("other", token)
    with pytest.raises(UnreadableSecretError):
        Secrets(KEY[::-1]).decrypt("contact", token)
    with pytest.raises(UnreadableSecretError):
        secrets.decrypt("contact", token[:-4] + "AAAA")


def test_the_master_key_is_never_printed() -> None:
    assert KEY not in repr(Secrets(KEY))


def test_embedded_mode_keeps_a_key_that_only_its_user_reads(tmp_path: Path) -> None:
    settings = KitSettings(data_dir=tmp_path / "new")
    first = load_secrets(settings)
    file = tmp_path / "new" / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_secrets(settings).sign("p", b"x") == first.sign("p", b"x")
    assert load_secrets(KitSettings(data_dir=tmp_path / "other")).sign("p", b"x") != first.sign("p", b"x")


def test_processes_that_share_a_database_must_be_given_the_key(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="VEILLEUR_SECRET_KEY"):
        load_secrets(KitSettings(database_url="postgresql://db/veilleur", data_dir=tmp_path))
    assert not (tmp_path / "secret.key").exists()
