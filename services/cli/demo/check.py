"""What must have come out of the demo, looked up where people would: in the mailboxes and on the bus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from services.cli.demo.mailbox import Mailbox
from services.cli.demo.story import ALICE, BRUNO, HANDOVER, PEOPLE, TEAM, TEAM_MAILBOX, ZONE, Person, moment
from services.cli.simulated.chronicle import Case, Sent

_CHANNELS = {"email", "sms"}
_SATURDAY_NIGHT = (moment(2, 22), moment(3, 6))
_BRUNOS_TURN = timedelta(minutes=10)
_FRIDAY = 4
_OPENS, _CLOSES = time(9), time(18)
_MENTIONS = 400


def failures(
    cases: Sequence[Case], *, mailbox: Mailbox, sandbox: Sequence[Mapping[str, Any]], mentions: int
) -> list[str]:
    """What is not as it should be, in sentences; empty if all is well.

    Args:
        cases: Every alert.
        mailbox: The mail that arrived.
        sandbox: The messages that the sandbox recorded.
        mentions: How many mentions were assessed.
    """
    found = list(_saturday(cases))
    found += _people(mailbox, sandbox)
    found += [
        f"{sent.responder} was paged by {sent.channel} at {_local(sent.at)}, while the team was on duty."
        for case in cases
        for sent in case.sent
        if _on_duty(sent.at)
    ]
    if not any(case.off_hours is False for case in cases):
        found.append(
            "No alert was raised while the team was on duty, so nothing proves that it is left to the team."
        )
    handover = [mail for mail in mailbox.of(TEAM_MAILBOX) if mail.at == HANDOVER]
    if not handover:
        found.append(f"The team got no handover on {_local(HANDOVER)}.")
    if mentions < _MENTIONS:
        found.append(f"Only {mentions} mentions were assessed.")
    return found


def _saturday(cases: Sequence[Case]) -> Iterator[str]:
    first, last = _SATURDAY_NIGHT
    crisis = [case for case in cases if case.raised_at and first <= case.raised_at <= last and case.off_hours]
    if not crisis:
        yield "The crisis of Saturday night raised no alert."
    for case in cases:
        expected = (ALICE, BRUNO) if case in crisis else ()
        for sent in case.sent:
            if sent.responder not in {person.id for person in expected}:
                yield f"{sent.responder} was paged at {_local(sent.at)} about “{case.headline}”, and should not."
    for case in crisis:
        assert case.raised_at is not None
        yield from _paged(case, ALICE, case.raised_at)
        yield from _paged(case, BRUNO, case.raised_at + _BRUNOS_TURN)
        if case.answered_by != BRUNO.name:
            yield f"“{case.headline}” was not taken by Bruno, but by {case.answered_by or 'nobody'}."
        if case.state != "resolved":
            yield f"“{case.headline}” has no verdict."


def _paged(case: Case, person: Person, at: datetime) -> Iterator[str]:
    sends = [sent for sent in case.sent if sent.responder == person.id]
    if {sent.channel for sent in sends} != _CHANNELS:
        yield f"{person.name} was not paged by e-mail and SMS about “{case.headline}”, but by: {_channels(sends)}."
    # A tick after the instant it is due is on time.
    for sent in sends:
        if not timedelta(0) <= sent.at - at <= timedelta(minutes=1):
            yield f"{person.name} was paged at {_local(sent.at)} about “{case.headline}”; due was {_local(at)}."


def _people(mailbox: Mailbox, sandbox: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for person in PEOPLE:
        mails = mailbox.of(person.mailbox)
        texts = [message for message in sandbox if message["recipient"] == person.phone]
        expected = person in {ALICE, BRUNO}
        if bool(mails) is not expected or bool(texts) is not expected:
            yield f"{person.name} got {len(mails)} e-mails and {len(texts)} SMS."
        if any("/p/" not in mail.text for mail in mails) or any("/p/" not in sms["body"] for sms in texts):
            yield f"{person.name} got a page without a link to answer by."
    if not any(message["kind"] == "chat" for message in sandbox):
        yield f"{TEAM} got nothing by chat."


def _on_duty(at: datetime) -> bool:
    """Told here by hand, not by the code under trial: Monday to Friday, 9:00 to 18:00 in Paris."""
    local = at.astimezone(ZONE)
    return local.weekday() <= _FRIDAY and _OPENS <= local.time() < _CLOSES


def _channels(sends: Sequence[Sent]) -> str:
    return ", ".join(sorted({sent.channel for sent in sends})) or "nothing"


def _local(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%a %H:%M}"
