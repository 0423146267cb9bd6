"""The first steps, as lines to paste into a terminal."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

from services.console.views.tonight import Setup
from services.notify.domain.responder import Language

_POLICY: dict[Language, str] = {"fr": "Réveiller Alice", "en": "Wake Alice"}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to create: what (`brand`, `watch`, `responder`, `policy`), the line that does it, whether it is done."""

    what: str
    line: str
    done: bool


def steps(setup: Setup, public_url: str, language: Language) -> tuple[Step, ...]:
    """The lines that lead to the first alert, in their order; they need `$TOKEN` in the shell."""
    contact = {"kind": "email", "address": "alice@example.org"}
    target = {"kind": "responder", "id": "alice"}
    watch = {"brand": setup.brand or "lacombe", "name": "Lacombe", "query": "lacombe -rugby"}
    wanted: tuple[tuple[str, str, dict[str, Any], bool], ...] = (
        ("brand", "brands", {"id": "lacombe", "name": "Maison Lacombe"}, setup.brand is not None),
        ("watch", "watches", watch, setup.watch),
        ("responder", "responders", {"id": "alice", "name": "Alice", "contacts": [contact]}, setup.responder),
        ("policy", "policies", {"name": _POLICY[language], "steps": [{"targets": [target]}]}, setup.policy),
    )
    return tuple(Step(what, _line(public_url, path, doc), done) for what, path, doc, done in wanted)


def _line(public_url: str, path: str, document: dict[str, Any]) -> str:
    body = shlex.quote(json.dumps(document, ensure_ascii=False))
    return (
        f"curl {shlex.quote(f'{public_url}/api/v1/{path}')} \\\n"
        '  -H "Authorization: Bearer $TOKEN" \\\n  -H "Content-Type: application/json" \\\n'
        f"  -d {body}"
    )
