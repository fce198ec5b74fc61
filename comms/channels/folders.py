"""Folders that appear whole or not at all: how files are given to whoever fetches them from a disk.

The files are written into a hidden folder beside the final one and flushed; renaming it is the hand-over. A crash
before it leaves nothing that anybody sees. Each folder holds a manifest with the SHA-256 of its other files, by which
one that is there already is recognised.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
STALE_SECONDS = 3600
"""A hidden folder older than this was left by a process that died."""


class FolderTakenError(ValueError):
    """A folder of this name is there, and holds something else."""


def listed(files: Mapping[str, bytes]) -> dict[str, Any]:
    """What a manifest says of its files: size and SHA-256 of each."""
    return {file: {"sha256": sha256(content).hexdigest(), "bytes": len(content)} for file, content in files.items()}


def write_hidden(home: Path, name: str, files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Path:
    """The files and their manifest in a hidden folder of ``home``, safely on disk. Leftovers of processes that died are
    taken away."""
    home.mkdir(parents=True, exist_ok=True)
    for stale in home.glob(".*.part"):
        if time.time() - stale.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(stale, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=".part", dir=home))
    try:
        for file, content in {**files, MANIFEST: _spelled(manifest)}.items():
            with (scratch / file).open("xb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
        scratch.chmod(0o750)
        flush(scratch)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return scratch


def publish(scratch: Path, folder: Path, manifest: Mapping[str, Any]) -> bool:
    """Give a hidden folder its name. False when exactly this one is there already; then the hidden one goes.

    Raises ``FolderTakenError`` when something else has the name, ``OSError`` when the disk refuses.
    """
    try:
        scratch.rename(folder)
    except OSError as error:
        if not folder.exists():
            raise
        if not holds(folder, manifest):
            raise FolderTakenError(f"{folder} is there and holds something else") from error
        shutil.rmtree(scratch, ignore_errors=True)
        return False
    flush(folder.parent)
    return True


def holds(folder: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether exactly what the manifest lists stands in ``folder``, whole."""
    try:
        told: Any = json.loads((folder / MANIFEST).read_bytes())
        return bool(told == manifest) and all(
            sha256((folder / file).read_bytes()).hexdigest() == one["sha256"] for file, one in manifest["files"].items()
        )
    except (OSError, ValueError):
        return False


def flush(folder: Path) -> None:
    """Have the disk keep what the folder lists."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _spelled(manifest: Mapping[str, Any]) -> bytes:
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()


def discard(scratch: Path) -> None:
    """Take a hidden folder away that is not handed over."""
    shutil.rmtree(scratch, ignore_errors=True)
