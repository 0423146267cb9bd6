"""Looking ahead spares stops, and changes nothing that is told."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from services.cli.demo.script import read_script
from services.cli.replay import playing
from services.cli.replay.playing import Play, play_file
from services.cli.replay.row import Rows
from services.cli.replay.scout import STRIDE, Lookout, end_of_stride, is_worth_it, stride_of
from services.ingest.domain.submission import Draft, SubmittedMention
from services.kit.simulation import Cue, end_of_minute

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 3, 14, 12, 7, 3, tzinfo=PARIS)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="veilleur-tests-"))
    yield folder
    shutil.rmtree(folder)


def weekend() -> Rows:
    """The demo's crisis from Friday noon to Sunday noon, as somebody's file."""
    wanted = [
        cue
        for cue in read_script()
        if cue.at.weekday() in {4, 5} or (cue.at.weekday() == 6 and cue.at.hour < 12)
    ]
    cues = []
    for cue in wanted:
        submitted = SubmittedMention.model_validate(cue.item)
        draft = Draft.of(submitted, received_at=cue.at, source_kind="file")
        assert draft is not None
        cues.append(Cue(cue.at, draft))
    return Rows(cues, [], 0)


async def test_a_replay_that_looked_ahead_tells_the_same_as_one_by_the_minute(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = Play(weekend(), 400, "lacombe", "Lacombe", PARIS, None, "fr", "replay_exact")
    quiet = Console(quiet=True)
    monkeypatch.setattr(playing, "is_worth_it", lambda _: False)
    exact = await play_file(quiet, play, data_dir)
    monkeypatch.setattr(playing, "is_worth_it", lambda _: True)
    ahead = await play_file(quiet, replace(play, name="replay_ahead"), data_dir)
    assert exact is not None
    assert ahead is not None
    assert exact.as_json()["alerts"]
    for one, other in zip(exact.as_json()["alerts"], ahead.as_json()["alerts"], strict=True):
        pages = [
            sorted(alert.pop("pages"), key=lambda page: (page["at"], page["channel"]))
            for alert in (one, other)
        ]
        assert one == other
        assert pages[0] == pages[1]


def test_a_stride_ends_where_the_next_begins() -> None:
    end = end_of_stride(NOON)
    assert end == NOON.replace(minute=29, second=59, microsecond=999_999)
    assert stride_of(end) == stride_of(NOON)
    assert stride_of(end + timedelta(microseconds=1)) == stride_of(NOON) + 1
    assert stride_of(NOON + STRIDE) == stride_of(NOON) + 1


def test_where_nothing_happened_the_second_pass_goes_by_strides() -> None:
    assert Lookout().together(NOON) == end_of_stride(NOON)
    assert end_of_minute(NOON) < end_of_stride(NOON)


def test_looking_ahead_is_for_long_files_only() -> None:
    assert not is_worth_it(NOON + timedelta(seconds=n) for n in range(5000))
    assert is_worth_it(NOON + timedelta(minutes=n) for n in range(5000))
