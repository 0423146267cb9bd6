"""Pages by e-mail, through a real SMTP server."""

from __future__ import annotations

import re

import pytest

from services.notify.service import build
from services.notify.settings.delivery import DeliverySettings
from services.notify.worker.sender import Sender

LEDGER = "SELECT state, code, detail, attempt, not_before FROM notify.deliveries ORDER BY position, attempt"


def by_mail(
    port: int, *, user: str = "", options: str = "mode=insecure", **changes: object
) -> DeliverySettings:
    account = f"{user}@" if user else ""
    url = f"mailto://{account}127.0.0.1:{port}?from=veille@example.org&{options}"
    return DeliverySettings(email_url=url, **changes)


async def drain(sender: Sender) -> None:
    while await sender.run_once(wait=0):
        pass


async def test_a_page_arrives_as_text_and_html_and_its_link_works(kit, serve_mail, scene, make_client):
    mailbox = await serve_mail()
    await scene.person("Alice", ("email", "alice@example.org"))
    page_id = await scene.page(await scene.alert(headline="L'été <brûle> & gronde"))

    await drain(Sender(kit, by_mail(mailbox.port)))

    assert mailbox.recipients == ["alice@example.org"]
    message = mailbox.messages[0]
    assert message["Subject"] == "Critique, lacombe : L'été <brûle> & gronde"
    assert message["To"] == "alice@example.org"
    assert "veille@example.org" in message["From"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert "L'été &lt;brûle&gt; &amp; gronde" in mailbox.part("html").replace("&#39;", "'")
    plain = mailbox.part("plain")
    assert "L'été <brûle> & gronde" in plain
    assert "Boycottez-les" in plain
    assert "Bof" not in plain
    assert "Prévenir la direction." in plain

    link = re.search(r'href="(http://veilleur\.test(/p/[\w-]{40}))"', mailbox.part("html"))
    assert link is not None
    assert link[1] in plain
    client = await make_client([build(kit)])
    shown = await client.get(link[2], headers={"Authorization": ""})
    assert shown.status_code == 200
    assert "L&#39;été &lt;brûle&gt; &amp; gronde" in shown.text

    (sent,) = await scene.rows(LEDGER)
    assert (sent["state"], sent["code"]) == ("sent", "accepted")
    timeline = await scene.rows(
        "SELECT code, data ->> 'page_id' AS page FROM notify.timeline ORDER BY sequence"
    )
    assert timeline == [{"code": "page_sent", "page": str(page_id)}]


async def test_starttls_and_a_password(kit, serve_mail, tls, scene):
    mailbox = await serve_mail(tls_context=tls, require_starttls=True, account=("veille", "s3cret-pass"))
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.page(await scene.alert())

    await drain(
        Sender(kit, by_mail(mailbox.port, user="veille:s3cret-pass", options="mode=starttls&verify=no"))
    )

    assert [row["state"] for row in await scene.rows(LEDGER)] == ["sent"]
    assert mailbox.recipients == ["alice@example.org"]


async def test_a_certificate_nobody_vouches_for_is_refused(kit, serve_mail, tls, scene):
    mailbox = await serve_mail(tls_context=tls, require_starttls=True)
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.page(await scene.alert())

    await drain(Sender(kit, by_mail(mailbox.port, options="mode=starttls")))

    first = (await scene.rows(LEDGER))[0]
    assert first["state"] == "failed"
    assert "certificate" in first["detail"].lower()
    assert mailbox.messages == []


async def test_a_wrong_password_fails_for_good_and_is_not_told(kit, serve_mail, tls, scene, caplog):
    mailbox = await serve_mail(tls_context=tls, account=("veille", "s3cret-pass"))
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.page(await scene.alert())

    await drain(
        Sender(kit, by_mail(mailbox.port, user="veille:wrong-pass", options="mode=starttls&verify=no"))
    )

    (failed,) = await scene.rows(LEDGER)
    assert (failed["state"], failed["code"]) == ("failed", "535")
    # pytest also listens to Apprise's own logger, which in a process of ours ends at what we overhear.
    logged = "".join(record.getMessage() for record in caplog.records if record.name != "apprise")
    for secret in ("wrong-pass", "alice@example.org"):
        assert secret not in failed["detail"]
        assert secret not in logged


@pytest.mark.parametrize(
    ("answer", "states"),
    [
        ("550 5.1.1 No such user here", [("failed", "550")]),
        ("451 4.7.1 Greylisted, come back later", [("failed", "451"), ("queued", None)]),
    ],
)
async def test_what_the_server_answers_decides_whether_it_is_tried_again(
    kit, serve_mail, scene, answer, states
):
    mailbox = await serve_mail()
    mailbox.refusals["alice@example.org"] = answer
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.page(await scene.alert())

    await drain(Sender(kit, by_mail(mailbox.port)))

    assert [(row["state"], row["code"]) for row in await scene.rows(LEDGER)] == states


async def test_a_server_that_is_away_is_tried_again_until_it_is_back(kit, clock, serve_mail, scene, nowhere):
    await scene.person("Alice", ("email", "alice@example.org"))
    await scene.page(await scene.alert())
    await drain(Sender(kit, by_mail(nowhere)))
    mailbox = await serve_mail()
    sender = Sender(kit, by_mail(mailbox.port))

    await drain(sender)
    assert mailbox.messages == [], "the next attempt has its time"
    clock.advance(minutes=1)
    await drain(sender)

    assert [(row["state"], row["code"]) for row in await scene.rows(LEDGER)] == [
        ("failed", "unreachable"),
        ("sent", "accepted"),
    ]
    assert len(mailbox.messages) == 1
