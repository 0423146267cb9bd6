import pytest
from pydantic import ValidationError

from services.ingest.settings import IngestSettings


def test_hosts_are_separated_by_commas(monkeypatch):
    monkeypatch.setenv("VEILLEUR_INGEST_ALLOW_HOSTS", " Intranet.example, 10.0.0.7,,")
    assert IngestSettings().allow_hosts == {"intranet.example", "10.0.0.7"}


def test_nothing_private_is_allowed_by_default():
    assert IngestSettings().allow_hosts == frozenset()


def test_a_user_agent_cannot_smuggle_a_header():
    with pytest.raises(ValidationError):
        IngestSettings(user_agent="x\r\nCookie: a=b")
