import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.cli.replay.column import map_columns
from services.cli.replay.row import Rows, read_rows, slug_of
from services.cli.replay.table import UnreadableFileError, read_table

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def rows_of(tmp_path):
    """The rows of a file with this content."""

    def read(content: str | bytes, **asked: str) -> Rows:
        path = tmp_path / "mentions"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        table = read_table(path)
        return read_rows(table, map_columns(table.columns, asked), PARIS)

    return read


def test_ndjson_rows_come_in_order_of_time_whatever_the_order_of_the_file(rows_of) -> None:
    later = {"text": "après", "published_at": "2026-03-14T22:00:00Z"}
    earlier = {"text": "avant", "published_at": "2026-03-14T21:00:00Z"}
    rows = rows_of(f"{json.dumps(later)}\n\n{json.dumps(earlier)}\n")
    assert [cue.item.text for cue in rows.cues] == ["avant", "après"]
    assert rows.first == datetime(2026, 3, 14, 21, tzinfo=UTC)
    assert not rows.bad


def test_every_field_is_read(rows_of) -> None:
    row = {
        "id": 42,
        "content": "Du métal dans un biscuit",
        "titre": "Alerte",
        "created_at": "2026-03-14 23:40",
        "lien": "https://agora.example/42",
        "author": {"name": "Sarah", "handle": "@sarah", "followers": "1,8k", "verified": "oui"},
        "lang": "fr",
        "likes": "1 204",
        "platform": "Agora.example",
        "revision": 2,
    }
    (cue,) = rows_of(json.dumps(row)).cues
    event = cue.item.found("lacombe", ())
    assert event.external_id == "42"
    assert event.title == "Alerte"
    assert event.published_at == datetime(2026, 3, 14, 22, 40, tzinfo=UTC)
    assert (event.author.handle, event.author.followers, event.author.verified) == ("sarah", 1800, True)
    assert (event.engagement, event.language, event.revision) == (1204, "fr", 2)
    assert event.source == "agora-example"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(rows_of, delimiter) -> None:
    lines = [["date", "texte", "abonnés"], ["14/03/2026 23:40", "«Honteux» dit-elle", "12"]]
    rows = rows_of("\n".join(delimiter.join(line) for line in lines))
    (cue,) = rows.cues
    assert cue.item.text == "«Honteux» dit-elle"
    assert cue.item.submitted.author.followers == 12


def test_a_quoted_text_may_hold_delimiters_and_lines(rows_of) -> None:
    rows = rows_of(
        'date;texte\n2026-03-14;"une ligne; puis\nune autre, avec des virgules"\n2026-03-15;court\n'
    )
    assert [cue.item.text for cue in rows.cues] == ["une ligne; puis\nune autre, avec des virgules", "court"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_found_out(rows_of, encoding) -> None:
    rows = rows_of("date,texte\n2026-03-14,Éclat de métal à l'intérieur\n".encode(encoding))
    assert rows.cues[0].item.text == "Éclat de métal à l'intérieur"


def test_what_is_not_utf_8_is_told_with_its_line(tmp_path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes("date,texte\n2026-03-14,rien\n2026-03-14,métal\n".encode("latin-1"))
    assert "line 3" in read_table(path).note


def test_bad_rows_are_counted_with_their_line_and_leave_the_others_alone(rows_of) -> None:
    good = json.dumps({"text": "bien", "published_at": "2026-03-14"})
    rows = rows_of(
        "\n".join(
            [
                good,
                "{not json",
                "[1, 2]",
                '{"text": "", "published_at": "2026-03-14"}',
                '{"text": "sans date"}',
                '{"text": "x", "published_at": "hier"}',
                '{"text": "<p></p>", "published_at": "2026-03-14"}',
                '{"text": "x", "published_at": "2026-03-14", "url": "pas une adresse"}',
                '{"text": "x", "published_at": "2026-03-14", "followers": "beaucoup"}',
                good.replace("bien", "aussi"),
            ]
        )
    )
    assert [cue.item.text for cue in rows.cues] == ["bien", "aussi"]
    assert [bad.line for bad in rows.bad] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert all(bad.problem for bad in rows.bad)


def test_a_csv_row_with_too_many_cells_is_told_by_the_line_it_starts_on(rows_of) -> None:
    rows = rows_of('date,texte\n2026-03-14,"deux\nlignes"\n2026-03-14,a,b,c\n2026-03-15,fin\n')
    assert [cue.item.text for cue in rows.cues] == ["deux\nlignes", "fin"]
    assert [(bad.line, "4 cells" in bad.problem) for bad in rows.bad] == [(4, True)]


def test_a_short_csv_row_only_lacks_what_it_lacks(rows_of) -> None:
    rows = rows_of("date,texte,abonnés\n2026-03-14,rien\n")
    assert rows.cues[0].item.submitted.author is None


def test_repeats_are_counted_and_edits_arrive_when_they_were_made(rows_of) -> None:
    first = {"id": "a", "text": "un", "published_at": "2026-03-14T20:00:00Z"}
    edit = {**first, "text": "un, corrigé", "edited_at": "2026-03-14T21:00:00Z"}
    rows = rows_of("\n".join(json.dumps(row) for row in (first, first, edit)))
    assert rows.repeated == 1
    assert rows.cues[-1].at == datetime(2026, 3, 14, 21, tzinfo=UTC)
    assert rows.cues[-1].item.revision > rows.cues[0].item.revision
    assert len({cue.item.external_id for cue in rows.cues}) == 1


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("0", 0),
        ("12", 12),
        ("12.0", 12),
        ("1 204", 1204),
        ("1\u202f204", 1204),
        ("12,300", 12300),
        ("1.2k", 1200),
        ("3,4M", 3_400_000),
        ("1.204.000", 1_204_000),
        (7, 7),
        (7.0, 7),
    ],
)
def test_counts_as_exports_write_them(rows_of, written, count) -> None:
    row = {"text": "x", "published_at": "2026-03-14", "followers": written}
    assert rows_of(json.dumps(row)).cues[0].item.submitted.author.followers == count


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b'[{"text": "x"}]', "one object a line"),
        (b"a,a\n1,2\n", "same name"),
    ],
)
def test_a_file_that_is_no_table_is_refused_as_a_whole(tmp_path, content, said) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=said):
        read_table(path)


def test_a_file_that_is_not_there_is_refused(tmp_path) -> None:
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read_table(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Maison Lacombe", "maison-lacombe"),
        ("L'Oréal & Fils", "l-oreal-fils"),
        ("!!!", ""),
        ("x" * 90, "x" * 64),
    ],
)
def test_the_id_of_a_brand_is_made_of_its_name(name, slug) -> None:
    assert slug_of(name) == slug
