"""What is read from a document off the Tk thread: its videos, the order of a video's segments, doubtful words."""

from __future__ import annotations

from collections.abc import Iterable

from transcripts.document import Document
from transcripts.rows import Id, is_id
from transcripts.schema import ID_FIELD
from transcripts.segment_edits import SEGMENTS, SPEAKERS
from transcripts.videos import title_of
from ui.transcripts.messages import PlaceFound, SegmentsKnown, VideoEntry, VideosKnown
from ui.transcripts.segment import MEDIA, segment_of, start_of
from ui.transcripts.segment_order import SegmentOrder


def videos_of(document: Document) -> VideosKnown:
    """Return the videos and speakers of a document."""
    return VideosKnown(
        videos=tuple(
            VideoEntry(id=row[ID_FIELD], title=title_of(row))
            for row in document.rows(MEDIA)
            if is_id(row.get(ID_FIELD))
        ),
        speakers=tuple(
            (row[ID_FIELD], str(row.get("name") or row[ID_FIELD]))
            for row in document.rows(SPEAKERS)
            if is_id(row.get(ID_FIELD))
        ),
    )


def doubtful_place(document: Document, ids: Iterable[Id]) -> PlaceFound:
    """Return the first of some segments that has a doubtful word, and where. May take long."""
    for segment_id in ids:
        row = document.get(SEGMENTS, segment_id)
        spans = () if row is None else segment_of(row).doubtful
        if spans:
            return PlaceFound(segment_id=segment_id, cursor=spans[0][0])
    return PlaceFound(segment_id=None)


def segments_of(document: Document, media_id: Id) -> SegmentsKnown:
    """Return the order of a video's segments. May take long; of two with one id, the first counts, as for edits."""
    version = document.version
    starts: dict[Id, float] = {}
    for row in document.fields(SEGMENTS, ID_FIELD, "start", media_id=media_id):
        if is_id(row.get(ID_FIELD)):
            starts.setdefault(row[ID_FIELD], start_of(row))
    return SegmentsKnown(media_id=media_id, order=SegmentOrder(starts.items()), version=version)
