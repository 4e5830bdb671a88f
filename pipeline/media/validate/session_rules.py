"""Rules about session data, and the chapters among it.

Reads the files that it names; knows nothing of video and audio.

Nothing of it breaks playback: players that can't read it do without.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.media.validate.findings import RuleNotes
from pipeline.media.validate.folder import Folder
from pipeline.media.validate.playlist_model import AttributeList, MasterPlaylist

SECTION = "RFC 8216 4.3.4.4"
CHAPTERS_ID = "com.apple.hls.chapters"
CHAPTERS_RULE = "Apple JSON chapters"
"""https://developer.apple.com/documentation/http-live-streaming/providing-javascript-object-notation-json-chapters"""

QUOTED = ("DATA-ID", "VALUE", "URI", "LANGUAGE")


def check_session_data(master: MasterPlaylist, path: Path, folder: Folder, notes: RuleNotes) -> None:
    """Check every EXT-X-SESSION-DATA and the file that it names."""
    file = folder.relative(path)
    for data in master.session_data:
        attributes = data.attributes
        name = attributes.get("DATA-ID")
        shown = f"The session data {name}" if name else f"The session data in line {data.line}"
        if not name:
            notes.not_ideal(SECTION, file, f"{shown} has no DATA-ID.")
        if (attributes.get("VALUE") is None) is (attributes.get("URI") is None):
            notes.not_ideal(SECTION, file, f"{shown} has to have either a VALUE or a URI.")
        for attribute in QUOTED:
            if attribute in attributes.values and attribute not in attributes.quoted:
                notes.not_ideal(SECTION, file, f"{shown}: {attribute} must be in quotes.")
        uri = attributes.get("URI")
        if uri:
            _check_file(uri, path, folder, notes, chapters=name == CHAPTERS_ID)
    for (name, language), count in Counter(_identity(data.attributes) for data in master.session_data).items():
        if count > 1:
            said = f" in {language}" if language else ""
            notes.not_ideal(SECTION, file, f"The session data {name}{said} is there {count} times.")


def _identity(attributes: AttributeList) -> tuple[str | None, str | None]:
    return attributes.get("DATA-ID"), attributes.get("LANGUAGE")


def _check_file(uri: str, master: Path, folder: Folder, notes: RuleNotes, *, chapters: bool) -> None:
    path = folder.find(uri, master)
    text = folder.text(path) if path is not None else None
    if path is None or text is None:
        return
    file = folder.relative(path)
    try:
        content = json.loads(text)
    except ValueError:
        notes.not_ideal(SECTION, file, "The file is not JSON.")
        return
    fault = next(_chapter_faults(content), None) if chapters else None
    if fault is not None:
        notes.not_ideal(CHAPTERS_RULE, file, fault)


def _chapter_faults(content: Any) -> Iterator[str]:  # noqa: ANN401  # whatever the JSON holds
    if not isinstance(content, list):
        yield "The file is not a list of chapters."
        return
    before = -1.0
    for number, chapter in enumerate(content, start=1):
        start_s = chapter.get("start-time") if isinstance(chapter, dict) else None
        if isinstance(start_s, bool) or not isinstance(start_s, int | float) or start_s < 0:
            yield f"Chapter {number} has no start-time in seconds."
            return
        if start_s <= before:
            yield f"Chapter {number} begins at {start_s:g} s, not after the one before it."
        before = start_s
        titles = chapter.get("titles", [])
        if not isinstance(titles, list) or not all(
            isinstance(t, dict) and t.get("title") and t.get("language") for t in titles
        ):
            yield f"Chapter {number} has a title without its language or its text."
