"""The note of what a transcription has made is read as it was written."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.fingerprint import Fingerprint
from pipeline.transcript_note import MadeFile, TranscriptNote, is_corrected, is_lost, read_transcript_note, write_note

KEPT = """{
  "schema": 1,
  "source": {"size_bytes": 7, "sha256_head_tail": "ab", "mtime_ns": null},
  "files": {"talk.srt": {"digest": "cd", "settings": {"language": "en", "names": ["Ann"]}}}
}
"""
NOTE = TranscriptNote(
    source=Fingerprint(size_bytes=7, sha256_head_tail="ab"),
    files={"talk.srt": MadeFile(digest="cd", settings={"language": "en", "names": ["Ann"]})},
)


def test_what_was_kept_is_read(tmp_path: Path):
    """The first schema is read, and what is written is the same."""
    path = tmp_path / ".talk.transcript.json"
    path.write_text(KEPT, encoding="utf-8")
    assert NOTE == read_transcript_note(path)
    write_note(path, NOTE)
    assert json.loads(KEPT) == json.loads(path.read_text(encoding="utf-8"))


def test_what_counts_as_corrected(tmp_path: Path):
    """Another content does; an empty or missing file is lost, unless it was made empty."""
    path = tmp_path / "talk.srt"
    of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    made, empty = (MadeFile(digest=digest, settings={}) for digest in ("cd", of_nothing))
    found = []
    for content in (None, "", "text"):
        if content is not None:
            path.write_text(content, encoding="utf-8")
        found.append([(is_corrected(path, one), is_lost(path, one)) for one in (made, empty)])
    assert [
        [(False, True), (False, True)],
        [(False, True), (False, False)],
        [(True, False), (True, False)],
    ] == found
