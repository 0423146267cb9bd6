"""`veilleur replay`, as people run it: a file in, a report out, whatever is in the file."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

PARIS = ZoneInfo("Europe/Paris")
SATURDAY = datetime(2026, 3, 14, 23, 10, tzinfo=PARIS)
WEDNESDAY = datetime(2026, 3, 11, 14, tzinfo=PARIS)
DANGER = (
    "⚠️ Un éclat de métal dans un biscuit Lutins de Maison Lacombe, une enfant de 4 ans blessée à la bouche. "
    "Ne donnez plus ces biscuits dangereux à vos enfants."
)


def command(file: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "services.cli", "replay", str(file), "--brand", "Maison Lacombe", *options]


def run(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(file, *options), capture_output=True, text=True, timeout=180, check=False)


def row(at: datetime, text: str, number: int, followers: int = 200) -> dict[str, object]:
    author = {"handle": f"voisin{number}", "followers": followers}
    return {"id": f"m{number}", "text": text, "published_at": at.isoformat(), "author": author}


def crisis(at: datetime) -> list[dict[str, object]]:
    """Praise for two hours, then one dangerous post with an audience."""
    calm = [
        row(at - timedelta(minutes=120 - 10 * n), f"Très bons biscuits Lacombe, merci ! ({n})", n)
        for n in range(12)
    ]
    return [*calm, row(at, DANGER, 99, followers=212_000)]


def ndjson(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows))
    return path


def test_a_crisis_on_saturday_night_would_have_paged_the_person_on_call(tmp_path: Path) -> None:
    done = run(ndjson(tmp_path / "crisis.ndjson", crisis(SATURDAY)), "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["rows"], result["mentions"], result["bad_rows"]) == (13, 13, [])
    assert result["alerts"]
    for alert in result["alerts"]:
        assert {"rule", "severity", "raised_at", "off_hours", "mentions", "pages"} <= alert.keys()
        assert datetime.fromisoformat(alert["raised_at"]) == SATURDAY
        assert alert["off_hours"] is True
        assert alert["mentions"] >= 1
        assert {page["channel"] for page in alert["pages"]} == {"email", "sms"}
        for page in alert["pages"]:
            assert page.keys() == {"responder", "channel", "at"}
            assert page["responder"] == "on-call"
            assert datetime.fromisoformat(page["at"]) == SATURDAY
    assert any(alert["severity"] == "critical" for alert in result["alerts"])
    # A program that reads the last line finds nothing else on standard output; people find the rest beside it.
    assert len(done.stdout.splitlines()) == 1
    assert "13 of 13 mentions" in done.stderr
    assert "on-call paged by email and sms" in done.stderr


def test_the_same_crisis_on_wednesday_afternoon_pages_nobody(tmp_path: Path) -> None:
    done = run(ndjson(tmp_path / "crisis.ndjson", crisis(WEDNESDAY)), "--json")
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["alerts"]
    assert all(alert["off_hours"] is False and alert["pages"] == [] for alert in result["alerts"])


def test_the_zone_is_that_of_the_team_and_of_dates_without_one(tmp_path: Path) -> None:
    """20:00 on a Wednesday in Paris is 14:00 in New York (they differ by five hours in mid-March)."""
    rows = [{**each, "published_at": str(each["published_at"])[:19]} for each in crisis(WEDNESDAY)]
    done = run(ndjson(tmp_path / "crisis.ndjson", rows), "--zone", "America/New_York", "--json")
    result = json.loads(done.stdout.splitlines()[-1])
    raised = datetime.fromisoformat(result["alerts"][0]["raised_at"])
    assert raised == WEDNESDAY.replace(tzinfo=ZoneInfo("America/New_York"))
    assert result["alerts"][0]["off_hours"] is False


def test_a_csv_export_with_bad_rows_is_played_and_the_bad_rows_told(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    with path.open("w", encoding="cp1252", errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Date", "Contenu", "Auteur", "Abonnés", "Campagne"])
        for number, each in enumerate(crisis(SATURDAY)):
            at = datetime.fromisoformat(str(each["published_at"]))
            writer.writerow(
                [f"{at:%d/%m/%Y %H:%M:%S}", str(each["text"]).replace("⚠️ ", ""), f"v{number}", 212_000, "x"]
            )
        writer.writerow(["pas une date", "texte", "v", "1", "x"])
        writer.writerow(["14/03/2026", "", "v", "1", "x"])
    done = run(path, "--map", "followers=abonnes")
    assert done.returncode == 0, done.stderr
    assert "Windows-1252" in done.stderr
    assert "text from 'Contenu'" in done.stderr
    assert "not read: Campagne" in done.stderr
    assert "line 15: 'pas une date' is not a date that can be read" in done.stderr
    assert "line 16: no text (column 'Contenu')" in done.stderr
    assert "on-call paged by email and sms" in done.stdout
    assert "13 mentions" in done.stdout


def test_a_query_plays_only_what_matches(tmp_path: Path) -> None:
    rows = [
        *crisis(SATURDAY),
        row(SATURDAY - timedelta(hours=1), "Lacombe marque un essai, quel match !", 200),
    ]
    done = run(ndjson(tmp_path / "all.ndjson", rows), "--query", "lacombe -essai", "--json")
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["rows"], result["mentions"]) == (14, 13)


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ('{"published_at": "2026-03-14"}', (), "No column looks like text"),
        ('{"text": "x", "published_at": "hier"}', (), "no row that can be played"),
        ("", (), "is empty"),
        ('{"text": "x", "published_at": "2026-03-14"}', ("--zone", "Mars/Olympus"), "no IANA zone"),
        ('{"text": "x", "published_at": "2026-03-14"}', ("--query", "lacombe AND"), "query"),
        (
            '{"text": "x", "published_at": "2026-03-14"}',
            ("--map", "url=adresse"),
            "There is no column 'adresse'",
        ),
    ],
)
def test_what_cannot_be_played_is_refused_in_a_sentence(
    tmp_path: Path, content: str, options: tuple[str, ...], said: str
) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    done = run(path, *options)
    assert done.returncode in {1, 2}
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that the server's account can reach: pytest's own are closed to it when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="veilleur-tests-"))
    yield folder
    shutil.rmtree(folder)


def test_a_replay_that_was_killed_goes_on_and_ends_as_if_nothing_had_happened(
    tmp_path: Path, data_dir: Path
) -> None:
    rows = [*crisis(WEDNESDAY), *crisis(SATURDAY)]
    for number, each in enumerate(rows):
        each["id"] = f"row-{number}"
    file = ndjson(tmp_path / "long.ndjson", rows)
    whole = json.loads(run(file, "--json").stdout.splitlines()[-1])

    first = subprocess.Popen(
        command(file, "--json", "--data-dir", str(data_dir)),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert first.stderr is not None
    half = next((line for line in first.stderr if line.startswith(" 50%")), None)
    assert half is not None, "it ended before it could be killed"
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    first.stderr.close()

    resumed = run(file, "--json", "--data-dir", str(data_dir))
    assert resumed.returncode == 0, resumed.stderr
    assert " 10%" not in resumed.stderr, "it began anew instead of going on"
    assert json.loads(resumed.stdout.splitlines()[-1])["alerts"] == whole["alerts"]
