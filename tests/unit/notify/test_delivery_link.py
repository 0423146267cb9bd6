from __future__ import annotations

import base64
from datetime import UTC, datetime
from uuid import uuid4

from services.kit.secrets import Secrets
from services.notify.handlers.sign_link import read_link, sign_link

SECRETS = Secrets("a key for tests only, known to everybody")
PAGE = uuid4()
END = datetime(2026, 3, 9, 21, 40, tzinfo=UTC)


def test_a_link_reads_back_and_fits_an_sms() -> None:
    token = sign_link(SECRETS, PAGE, END)
    link = read_link(SECRETS, token)

    assert link is not None
    assert (link.page_id, link.expires_at) == (PAGE, END)
    assert len(token) == 40


def test_no_bit_of_a_link_can_be_changed() -> None:
    raw = base64.urlsafe_b64decode(sign_link(SECRETS, PAGE, END))
    for place in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[place // 8] ^= 1 << (place % 8)
        assert read_link(SECRETS, base64.urlsafe_b64encode(bytes(changed)).decode()) is None


def test_what_is_no_link_is_none() -> None:
    token = sign_link(SECRETS, PAGE, END)
    for wrong in (
        "",
        "x",
        token[:-1],
        token[:-4],
        token + "AAAA",
        token[:20] + "é" + token[21:],
        "🦊" * 10,
        "A" * 40,
    ):
        assert read_link(SECRETS, wrong) is None


def test_another_installation_cannot_sign() -> None:
    assert (
        read_link(Secrets("another key, which is long enough as well"), sign_link(SECRETS, PAGE, END)) is None
    )
