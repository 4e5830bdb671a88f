"""A manifest's files on this computer: where each belongs, and whether it is what was uploaded.

Never leads out of a folder.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

from pipeline.errors import SettingsError
from pipeline.media.stream_layout import MASTER
from pipeline.slug import WINDOWS_DEVICES
from pipeline.transfer.manifests.manifest import FileEntry
from pipeline.transfer.manifests.placement import Placement

BLOCK_BYTES = 1 << 20
PART_NAME = ".{name}.part"
"""How a file is called while it is loaded."""


def path_for(folder: Path, filename: str) -> Path:
    """Return where a file of a manifest belongs in a folder. Raises SettingsError for a name that leads elsewhere."""
    parts = filename.split("/")
    leads_out = any(part in ("", ".", "..") for part in parts) or any(ord(sign) < 32 for sign in filename)
    unusable = sys.platform == "win32" and any(_forbidden_on_windows(part) for part in parts)
    path = folder.joinpath(*parts)
    if leads_out or unusable or not _lies_in(path, folder):
        raise SettingsError(
            f"The manifest names {filename!r}, which is not a path inside a folder: it can't be trusted."
        )
    return path


def _lies_in(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (ValueError, RuntimeError):  # signs that no disk takes; links in circles
        return False


def difference(path: Path, entry: FileEntry, placement: Placement) -> str:
    """Return a sentence that says how a file differs from what was uploaded, empty where it doesn't. Raises OSError.

    `placement` is the manifest's: a master playlist was uploaded with addresses that lead to where the files lie.
    """
    rewritten = placement.version_folder and entry.filename == MASTER
    content = placement.master(path.read_bytes()) if rewritten else None
    size_bytes = path.stat().st_size if content is None else len(content)
    if size_bytes != entry.size_bytes:
        return f"The file has {size_bytes} bytes, in the manifest {entry.size_bytes}."
    if entry.md5_hash is None:
        return ""
    md5 = md5_of(path) if content is None else hashlib.md5(content, usedforsecurity=False).hexdigest()
    return "" if md5 == entry.md5_hash.lower() else "The file has other content than was uploaded (MD5 differs)."


def md5_of(path: Path) -> str:
    """Return the MD5 (hex) of a file's content. Raises OSError."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def as_in_the_folder(placement: Placement, master: bytes) -> bytes:
    """Return a stored master playlist as it was in the job's folder:
    its addresses don't lead to another place there.
    """
    start = re.escape(placement.version_folder.encode())
    local = re.sub(rb'(?m)^(#.*URI=")' + start, rb"\1", re.sub(rb"(?m)^" + start, b"", master))
    return local if placement.master(local) == master else master


def _forbidden_on_windows(part: str) -> bool:
    return (
        part.split(".")[0].lower() in WINDOWS_DEVICES
        or part != part.rstrip(" .")
        or any(sign in '\\:*?"<>|' for sign in part)
    )
