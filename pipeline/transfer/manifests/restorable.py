"""Which of a manifest's names may become files of a folder: the manifest comes from a server, and may name anything.

Reads no file's content.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

from pipeline.errors import OutputError, SettingsError
from pipeline.published import may_be_published
from pipeline.transfer.http.validation import MAX_NAME_BYTES
from pipeline.transfer.manifests.local_copy import PART_NAME, path_for

_LONGEST_NAME_BYTES = MAX_NAME_BYTES - len(PART_NAME.format(name=""))


def refused_names(folder: Path, names: Iterable[str], *, tells_case_apart: bool) -> dict[str, str]:
    """Return the names that must not be written below a folder, each with a sentence that says why.

    `tells_case_apart` says whether the folder's disk has two files where names differ in case alone. Of those that
    exclude each other the first, in the order of their signs, is let through.
    """
    refused: dict[str, str] = {}
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for name in sorted(names):
        place = name if tells_case_apart else unicodedata.normalize("NFC", name).casefold()
        above = [place[:at] for at, sign in enumerate(place) if sign == "/"]
        other = files.get(place) or folders.get(place) or next((files[one] for one in above if one in files), None)
        reason = _wrong_with(folder, name)
        if not reason and other is not None:
            reason = f"On this disk it would take the place of {other}, which the manifest names too: it is left out."
        if reason:
            refused[name] = reason
            continue
        files[place] = name
        folders.update((one, name) for one in above)
    return refused


def tells_case_apart(folder: Path) -> bool:
    """Say whether a folder's disk has two files where names differ in case alone. Raises OutputError."""
    try:
        with NamedTemporaryFile(prefix=".case-test-a-", dir=folder) as probe:
            path = Path(probe.name)
            return not path.with_name(path.name.swapcase()).exists()
    except OSError as error:
        raise OutputError(f"{folder} can't be written ({error.strerror}): choose another folder.") from error


def _wrong_with(folder: Path, name: str) -> str:
    """Return why a name must not be written, whatever else is, empty where it may."""
    try:
        path_for(folder, name)
    except SettingsError as error:
        return str(error)
    if not may_be_published(name):
        return (
            f"The manifest names {name!r}, which this program never publishes (hidden files, files of the system, "
            "and its own): it is left out."
        )
    if any(len(os.fsencode(part)) > _LONGEST_NAME_BYTES for part in name.split("/")):
        return f"Its name is too long for a disk ({_LONGEST_NAME_BYTES} bytes for a file or a folder): it is left out."
    return ""
