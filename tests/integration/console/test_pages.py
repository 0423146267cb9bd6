"""What a browser shows of a night: by meaning, whatever people wrote, however much of it there is."""

from __future__ import annotations

import html
import re
import shlex
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.contracts.values import Playbook, Severity
from services.kit.auth import issue_token
from services.kit.database import DatabaseAwayError
from services.notify.handlers.raise_alert import raise_by_hand
from services.notify.settings.delivery import DeliverySettings
from services.notify.settings.escalation import House as NotifyHouse

SATURDAY_NIGHT = datetime(2026, 3, 7, 22, 6, tzinfo=UTC)  # 23:06 in Paris
MOST_BYTES = 20_000
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{ 7*7 }}\u202e'

SANDBOX = DeliverySettings(sms_url="sandbox://")
House = Any
MakeHouse = Callable[..., Awaitable[Any]]


def words(page: str) -> str:
    """What a reader sees of a page, on one line."""
    body = re.sub(r"<(style|title).*?</\1>", " ", page, flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").replace("\u202f", " ")
    return re.sub(r" ([,.;:)])", r"\1", " ".join(text.split())).replace("( ", "(")


async def alarm(house: House, headline: str = "Boycott story", **fields: Any) -> str:
    made = await house.make("alerts", brand="lacombe", headline=headline, **fields)
    await house.runtime.settle()
    return str(made["id"])


async def test_an_empty_house_says_what_to_do_and_its_lines_work(house: House) -> None:
    page = await house.see()
    lines = [html.unescape(line) for line in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)]
    assert lines[0] == "TOKEN=vlr_..."
    assert len(lines[1:]) == 4
    for line in lines[1:]:
        curl, url, *rest = shlex.split(line.replace("\\\n", ""))  # a shell joins such lines, shlex does not
        assert curl == "curl"
        given = [value for flag, value in zip(rest[::2], rest[1::2], strict=True) if flag == "-H"]
        headers = dict(header.split(": ", 1) for header in given)
        assert headers.pop("Authorization") == "Bearer $TOKEN"
        made = await house.api.post(url, headers=headers, content=rest[rest.index("-d") + 1].encode())
        assert made.status_code == 201, made.text
    await house.runtime.settle()
    after = words(await house.see())
    assert "curl" not in after
    assert "On call: Alice" in after
    assert "Nothing needs you." in after


async def test_steps_that_are_done_are_not_asked_for_again(house: House) -> None:
    await house.make("brands", id="orso", name="Orso")
    page = html.unescape(await house.see())
    assert '"name": "Maison Lacombe"' not in page
    assert '"brand": "orso"' in page


async def test_a_quiet_day_is_one_calm_sentence(house: House) -> None:
    await house.furnish()
    texts = ["Lacombe, c'est bon", "Lacombe, quelle honte, boycott !"]
    for number, said in enumerate(texts):
        await house.make("mentions", source="test", external_id=str(number), text=said)
    await house.runtime.settle()
    page = await house.see()
    said = words(page)
    assert "Nothing needs you." in said
    assert "Team on duty from 09:00 to 18:00." in said
    assert "On call: Alice until Monday 09:00, then Bruno." in said.replace("Monday 9 March at", "Monday")
    assert "2 mentions in 24 h, 50% negative" in said
    assert "<svg" in page
    assert 'class="day"' in page


async def test_a_night_shows_who_is_woken_and_who_comes_next(house: House) -> None:
    await house.furnish()
    house.clock.move_to(SATURDAY_NIGHT)
    await alarm(house)
    house.clock.advance(minutes=3)
    page = await house.see()
    said = words(page)
    assert 'class="day"' not in page
    assert "1 alert needs somebody" in said
    assert "Nothing needs you" not in said
    assert "● critical, Maison Lacombe, raised at 23:06" in said
    assert "Alice, 23:06 (SMS sent), no answer." in said
    assert "Next: Bruno, in 5 min (23:14)." in said
    assert "Team off duty since Friday 18:00 (Saturday), back Monday 09:00." in said


async def test_the_same_night_in_french(make_house: MakeHouse) -> None:
    house = await make_house(language="fr")
    await house.furnish()
    house.clock.move_to(SATURDAY_NIGHT)
    await alarm(house, "Appel au boycott")
    said = words(await house.see())
    assert "1 alerte attend quelqu'un" in said
    assert "Équipe absente depuis vendredi 18 h (samedi), de retour lundi 9 h." in said
    assert "Alice, 23 h 06 (SMS envoyé), sans réponse." in said
    assert "Ensuite Bruno, dans 8 min (23 h 14)." in said


async def test_what_was_taken_or_closed_waits_for_nobody(house: House) -> None:
    await house.furnish()
    house.clock.move_to(SATURDAY_NIGHT)
    taken, closed = await alarm(house, "First"), await alarm(house, "Second")
    await house.make(f"alerts/{taken}/acknowledge")
    await house.make(f"alerts/{closed}/resolve", verdict="false_alarm")
    said = words(await house.see())
    assert "Nothing needs you." in said
    assert "Taken by ops at 23:06." in said
    assert "Closed by ops at 23:06: a false alarm." in said
    house.clock.advance(hours=25)
    later = words(await house.see())
    assert "Taken by ops Saturday 23:06." in later
    assert "a false alarm" not in later


async def test_an_alert_on_duty_waits_for_the_team_to_leave(house: House) -> None:
    await house.furnish()
    await alarm(house)
    said = words(await house.see())
    assert "Nobody was paged." in said
    assert "The team is there; if nobody answers, on-call is paged at 18:00." in said


@pytest.mark.parametrize(
    ("fallback", "sentence"),
    [
        (None, "but nobody would be woken for Maison Lacombe"),
        ("sandbox://", "but only the fallback would be told"),
    ],
)
async def test_a_gap_is_not_called_calm(make_house: MakeHouse, fallback: str | None, sentence: str) -> None:
    house = await make_house(delivery=DeliverySettings(sms_url="sandbox://", fallback_url=fallback))
    await house.furnish()
    for who in ("alice", "bruno"):
        found = (await house.api.get(f"responders/{who}")).json()
        doc = {"name": found["name"], "contacts": found["contacts"], "active": False}
        answer = await house.api.put(f"responders/{who}", json=doc, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
    said = words(await house.see())
    assert sentence in said
    assert "Nothing needs you" not in said
    assert "unreachable: inactive or without a contact" in said


async def test_a_worker_that_fails_is_not_called_calm(house: House) -> None:
    await house.furnish()
    assert "Nothing needs you." in words(await house.see())
    house.runtime.states["notify-alerts"].failures = 3
    said = words(await house.see())
    assert "do not trust its silence" in said
    assert "Not well: notify-alerts." in said


async def test_an_alert_tells_why_who_and_what_happened(house: House) -> None:
    await house.furnish()
    house.clock.move_to(SATURDAY_NIGHT)
    text = "Boycott Lacombe, un morceau de métal dans le yaourt, mon fils est à l'hôpital"
    await house.make("mentions", source="test", external_id="1", text=text, url="https://example.org/1")
    await house.runtime.settle()
    [alert] = (await house.api.get("alerts")).json()["items"]
    house.clock.advance(minutes=9)
    await house.runtime.settle()
    page = await house.see(f"/a/{alert['id']}")
    said = words(page)
    assert alert["headline"] in said
    assert alert["reasons"]
    for reason in (*alert["reasons"], *alert["mentions"][0]["reasons"]):
        assert " ".join(reason["text"].replace("\u00a0", " ").replace("\u202f", " ").split()) in said
    assert text in said
    assert 'href="https://example.org/1"' in page
    assert "Nobody has taken it yet." in said
    assert said.index("Alice, 23:06 (SMS sent), no answer") < said.index("Bruno, 23:15 (SMS")
    timeline = (await house.api.get(f"alerts/{alert['id']}")).json()["timeline"]
    assert page.count("<li><time>") == len(timeline)
    assert f'href="/a/{alert["id"]}"' in await house.see()


async def test_what_people_wrote_stays_text(house: House) -> None:
    await house.furnish()
    await house.make("brands", id="evil", name=HOSTILE.rstrip("\u202e"))
    house.clock.move_to(SATURDAY_NIGHT)
    playbook = {"text": HOSTILE, "links": ["javascript:alert(1)"]}
    alert = await house.make("alerts", brand="evil", headline=HOSTILE, text=HOSTILE, playbook=playbook)
    await house.runtime.settle()
    await house.make(f"alerts/{alert['id']}/resolve", verdict="real", note=HOSTILE)
    for path in ("/", f"/a/{alert['id']}"):
        page = await house.see(path)
        assert "alert(1)" in page
        assert "<script" not in page
        assert "<img" not in page
        assert 'href="javascript:' not in page
        assert "{{ 7*7 }}" in page
        assert "\u202e" not in page.partition("</header>")[2].split("<h2>What to do")[0]


async def test_styles_carry_the_nonce_of_their_own_answer(house: House) -> None:
    answers = [await house.browser.get("/") for _ in range(2)]
    nonces = [re.findall(r'<style nonce="([^"]+)">', answer.text) for answer in answers]
    assert nonces[0] != nonces[1]
    for answer, [nonce] in zip(answers, nonces, strict=True):
        assert f"style-src 'nonce-{nonce}'" in answer.headers["content-security-policy"]
        assert not re.search(r'\sstyle="', answer.text)
        assert answer.headers["cache-control"] == "no-store"


async def test_a_browser_is_asked_for_a_token(house: House) -> None:
    transport = house.browser._transport
    async with httpx.AsyncClient(transport=transport, base_url="http://veilleur.test") as stranger:
        for path in ("/", "/a/nothing"):
            answer = await stranger.get(path)
            assert answer.status_code == 401
            assert 'Basic realm="veilleur", charset="UTF-8"' in answer.headers.get_list("www-authenticate")
            assert "User name: token; password: the token" in words(answer.text)
        wrong = await stranger.get("/", auth=("token", "vlr_wrong"))
        assert wrong.status_code == 401


async def test_a_token_for_something_else_is_told_what_it_lacks(house: House) -> None:
    async with house.kit.database.transaction() as tx:
        token = await issue_token(tx, name="feed", permissions=["mentions:write"], at=house.clock.now())
    answer = await house.browser.get("/", auth=("token", token))
    assert answer.status_code == 403
    assert "It needs the permission alerts:read" in words(answer.text)


@pytest.mark.parametrize("identifier", ["nothing", "00000000-0000-0000-0000-000000000000"])
async def test_an_alert_that_is_not_there_is_a_page_too(house: House, identifier: str) -> None:
    answer = await house.browser.get(f"/a/{identifier}")
    assert answer.status_code == 404
    assert "There is no alert at this address" in words(answer.text)


async def test_a_database_that_is_away_is_said_as_such(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise DatabaseAwayError("refused by db.internal")

    monkeypatch.setattr(house.kit.database, "transaction", away)
    answer = await house.browser.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "The database does not answer" in words(answer.text)
    assert "db.internal" not in answer.text


async def test_five_hundred_alerts_cost_no_more_questions_than_one(house: House) -> None:
    await house.furnish()
    house.clock.move_to(SATURDAY_NIGHT)
    await alarm(house)
    with house.counted() as few:
        await house.see()
    for number in range(30):
        await house.make("brands", id=f"brand-{number}", name=f"Une marque au nom assez long, {number}")
    headline = "« Presque rien d'habitude un samedi à 23 h », et là 312 mentions en 30 min, 100 % négatives"
    async with house.kit.database.transaction() as tx:
        for number in range(499):
            await raise_by_hand(
                tx,
                brand=f"brand-{number % 30}",
                headline=f"{headline} {number}",
                severity=Severity.WARNING if number % 3 else Severity.CRITICAL,
                words="",
                playbook=Playbook(),
                actor="ops",
                at=house.clock.now(),
                house=NotifyHouse(language="en", delivery=SANDBOX),
            )
    with house.counted() as many:
        page = await house.see()
    asked = [
        [s for s in statements if re.search(r"\b(ingest|rules|notify)\.", s)] for statements in (few, many)
    ]
    assert asked[0] == asked[1]
    assert len(asked[0]) > 10
    assert len(page.encode()) < MOST_BYTES
    said = words(page)
    assert "500 alerts need somebody" in said
    assert "492 more, by the API" in said
    assert "25 more brands" in said
    # The worst come first: warnings are among those that are not shown.
    assert "◆ warning" not in said


async def test_a_long_night_fits_the_page_of_one_alert(house: House) -> None:
    await house.furnish()
    house.clock.move_to(SATURDAY_NIGHT)
    alert = await alarm(house)
    for _ in range(16):
        house.clock.advance(minutes=30)
        await house.runtime.settle()
    page = await house.see(f"/a/{alert}")
    whole = (await house.api.get(f"alerts/{alert}")).json()
    said = words(page)
    assert len(page.encode()) < MOST_BYTES
    assert f"{len(whole['timeline']) - 30} earlier entries" in said
    assert f"and {len(whole['pages']) - 10} times before" in said
    assert whole["timeline"][-1]["reason"]["text"] in said
    tonight = words(await house.see())
    assert f"and {len(whole['pages']) - 2} times before" in tonight


async def test_looking_changes_nothing(house: House) -> None:
    await house.furnish()
    house.clock.move_to(SATURDAY_NIGHT)
    alert = await alarm(house)
    with house.counted() as statements:
        for path in ("/", f"/a/{alert}"):
            await house.see(path)
            assert (await house.browser.head(path)).content == b""
    written = [s for s in statements if re.match(r"\s*(INSERT|UPDATE|DELETE)", s)]
    assert [s for s in written if "tokens" not in s] == []
    for path in ("/", f"/a/{alert}"):
        assert (await house.browser.post(path)).status_code == 405
