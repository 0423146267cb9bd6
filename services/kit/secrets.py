"""Signatures and encryption, all derived from one master key, one derived key a purpose."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.contracts.errors import Fault, InvalidError, PermanentError
from services.kit.settings import MASTER_KEY_LENGTH, KitSettings

KEY_FILE = "secret.key"


class UnreadableSecretError(PermanentError):
    """An encrypted value was made with another master key, or was changed."""


class Secrets:
    """Signs and encrypts. A signature or a token of one purpose says nothing for another.

    Args:
        master: The master key, at least 32 characters.
    """

    def __init__(self, master: str) -> None:
        if len(master) < MASTER_KEY_LENGTH:
            raise ValueError(f"the master key must have at least {MASTER_KEY_LENGTH} characters")
        self._master = master.encode()

    def __repr__(self) -> str:
        return "Secrets(**********)"

    def sign(self, purpose: str, payload: bytes) -> bytes:
        """32 bytes that only a holder of the master key can make for `payload` (HMAC-SHA-256)."""
        return hmac.digest(self._key(f"sign:{purpose}"), payload, hashlib.sha256)

    def verify(self, purpose: str, payload: bytes, signature: bytes) -> bool:
        """Whether `signature` is that of `payload`; takes the same time for any wrong one."""
        return hmac.compare_digest(self.sign(purpose, payload), signature)

    def encrypt(self, purpose: str, text: str) -> str:
        """`text` as a token (Fernet: AES-128-CBC and HMAC-SHA-256) that `decrypt` reads."""
        return self._fernet(purpose).encrypt(text.encode()).decode("ascii")

    def decrypt(self, purpose: str, token: str) -> str:
        """The text inside `token`.

        Raises:
            UnreadableSecretError: Made for another purpose or with another master key, or damaged.
        """
        try:
            return self._fernet(purpose).decrypt(token.encode()).decode()
        except (InvalidToken, UnicodeDecodeError) as error:
            raise UnreadableSecretError(
                f"A value encrypted for '{purpose}' cannot be read: was VEILLEUR_SECRET_KEY changed?"
            ) from error

    def _fernet(self, purpose: str) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._key(f"encrypt:{purpose}")))

    def _key(self, purpose: str) -> bytes:
        # The purpose is HKDF's `info`: independent keys, so that a leak of one use is not a leak of the others.
        return HKDF(algorithm=SHA256(), length=32, salt=b"veilleur", info=purpose.encode()).derive(
            self._master
        )


def load_secrets(settings: KitSettings) -> Secrets:
    """The installation's secrets: from the settings, or in embedded mode from a key file made at first start.

    Raises:
        InvalidError: There is no key, and this is not embedded mode: processes that share a database must share
            the key, so none may invent its own.
    """
    if settings.secret_key is not None:
        return Secrets(settings.secret_key.get_secret_value())
    if not settings.embedded:
        raise InvalidError(
            Fault(
                "VEILLEUR_SECRET_KEY",
                "There is no secret key, and links and stored addresses need one.",
                "Set it to at least 32 random characters, the same for every process: openssl rand -hex 32.",
            )
        )
    return Secrets(_kept_key(settings.data_dir / KEY_FILE))


def _kept_key(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        # Created with its final mode and never overwritten: another process may start at the same moment.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(48)
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key
