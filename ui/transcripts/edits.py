"""What an editor does to segments, as steps of a document. Knows no window."""

from __future__ import annotations

from transcripts.document import Document
from transcripts.rows import Id
from ui.transcripts.segment import SEGMENTS, segment_of


def set_text(document: Document, segment_id: Id, text: str) -> bool:
    """Give a segment another text; False if it has that already. Raises DocumentError."""
    row = document.get(SEGMENTS, segment_id)
    if row is not None and segment_of(row).text == text:
        return False
    document.update(SEGMENTS, segment_id, text=text, edited=True)
    return True
