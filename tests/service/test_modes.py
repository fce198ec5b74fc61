"""Nothing starts that would write to real customers with half of its settings."""

import pytest

from comms.app import create_app
from comms.office import Office
from comms.settings import Mode, Settings


def office(tmp_path, **given):
    return Office.open(Settings(_env_file=None, comms_var=tmp_path, **given))


def test_live_without_its_settings_does_not_start_and_says_what_is_missing(tmp_path):
    at = office(tmp_path, comms_mode=Mode.LIVE)
    with pytest.raises(SystemExit, match=r"TWILIO_ACCOUNT_SID is missing.*SECRET_KEY is missing.*comms doctor"):
        create_app(at)


def test_the_workers_do_not_start_either(monkeypatch, tmp_path, capsys):
    import worker

    monkeypatch.setenv("COMMS_MODE", "live")
    monkeypatch.setenv("COMMS_VAR", str(tmp_path))
    monkeypatch.setenv("COMMS_ENV_FILE", "")
    assert worker.main([]) == 2
    assert "SENDGRID_API_KEY is missing" in capsys.readouterr().err


def test_rehearsal_needs_somebody_to_rehearse_with():
    settings = Settings(_env_file=None, comms_mode=Mode.REHEARSAL)
    assert any("COMMS_ALLOW_LIST" in sentence for sentence in settings.missing())
    assert Settings(_env_file=None).missing() == []
