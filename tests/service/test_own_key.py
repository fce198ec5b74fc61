"""The key that the service makes for itself: one, whole, and nobody else's to read."""

import errno
from pathlib import Path

import pytest

from comms.settings import Settings


def made(folder: Path) -> Settings:
    return Settings(_env_file=None, comms_var=folder)


def test_processes_that_start_together_have_one_key(tmp_path, two_at_once):
    keys = two_at_once(lambda: made(tmp_path).secret)
    assert keys[0] == keys[1] == made(tmp_path).secret and len(keys[0]) == 64
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_leaves_no_empty_key(tmp_path, monkeypatch):
    def full(self, *_):
        self.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="No space left"):
            assert made(tmp_path).secret
    assert not (tmp_path / "secret_key").exists() and not list(tmp_path.glob("*.part"))
    assert len(made(tmp_path).secret) == 64


def test_an_empty_key_is_made_anew(tmp_path):
    (tmp_path / "secret_key").touch()
    assert len(made(tmp_path).secret) == 64
