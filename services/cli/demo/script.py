"""The written crisis, as a feed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, time
from importlib.resources import files
from typing import Any

from services.cli.demo.story import moment
from services.kit.simulation import Cue

Mention = Mapping[str, Any]
"""As `POST /mentions` takes it."""

_PLACES = {
    "post": "https://agora.example/@{handle}/{id}",
    "video": "https://videos.example/@{handle}/{id}",
    "forum": "https://forum-gourmand.example/posts/{id}",
    "review": "https://avis.example/{id}",
    "news": "https://{handle}.example/{id}",
}


def read_script() -> list[Cue[Mention]]:
    """Every mention at the instant at which it arrives.

    A line of the file says on which `day` (0 is Thursday) and at which `time`, in Paris, something arrives. The same
    `id` again is an edit where it has a `revision`, else the same thing said twice by a source that repeats itself;
    both were published when the first one was.
    """
    published: dict[str, datetime] = {}
    feed = []
    for line in (files("services.cli.demo") / "crisis.ndjson").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        clock = time.fromisoformat(row["time"])
        at = moment(row["day"], clock.hour, clock.minute, clock.second)
        feed.append(Cue(at, _mention(row, published.setdefault(row["id"], at))))
    return feed


def _mention(row: Mapping[str, Any], published: datetime) -> Mention:
    author = {"handle": row["handle"], "name": row.get("name"), "followers": row.get("followers")}
    return {
        "source": row["kind"],
        "external_id": row["id"],
        "revision": row.get("revision", 0),
        "url": _PLACES[row["kind"]].format(handle=row["handle"], id=row["id"]),
        "published_at": published.isoformat(),
        "author": author,
        "engagement": row.get("engagement"),
        "text": row["text"],
    }
