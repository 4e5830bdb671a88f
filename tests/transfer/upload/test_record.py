"""The file record's fields."""

from __future__ import annotations

import pytest

from pipeline.transfer.upload.record import parent_folder, record_fields, s3_keys


def test_record_has_exactly_the_agreed_fields():
    """A backend gets what it was promised and nothing else."""
    fields = record_fields(
        name="Lesson 01",
        language="de",
        prefix="videos/course/lesson01/",
        session_id="",
        keys={"master.m3u8": "videos/course/lesson01/master.m3u8", "720p/seg_001.ts": "x"},
        duration_s=12.5,
        qualities=("720p", "480p"),
    )
    expected = {
        "name": "Lesson 01",
        "type": "video",
        "language": "de",
        "parentFolder": "videos/course",
        "sessionId": None,
        "s3Keys": {"hls": "videos/course/lesson01/master.m3u8", "mp4": None, "transcript": None},
        "metadata": {"duration": 12.5, "qualities": ["720p", "480p"]},
    }
    assert expected == fields


def test_what_a_caller_knows_is_part_of_the_record():
    """A folder of the backend's own takes the place of the prefix; what else there is goes among the metadata."""
    fields = record_fields(
        name="Lesson 01",
        language="de",
        prefix="videos/course/lesson01/",
        session_id=None,
        keys={},
        duration_s=12.5,
        qualities=(),
        folder_id="65f0",
        more={"teacher": "Ada"},
    )
    assert ("65f0", {"duration": 12.5, "qualities": [], "teacher": "Ada"}) == (
        fields["parentFolder"],
        fields["metadata"],
    )


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("videos/course/lesson01/", "videos/course"), ("a/b/", "a"), ("videos/", None), ("", None)],
    ids=str,
)
def test_parent_folder_is_where_the_videos_folder_lies(prefix, expected):
    """The last part of the destination is the video's own folder."""
    assert expected == parent_folder(prefix)


@pytest.mark.parametrize(
    "keys",
    [
        {"master.m3u8": "h", "offline_480p.mp4": "m", "transcript.srt": "t", "transcript.txt": "no"},
        {"hls": "h", "mp4": "m", "srt": "t"},
        {"hls": "h", "mp4": "m", "transcript": "t"},
    ],
    ids=["paths", "seed", "fields"],
)
def test_keys_are_found_by_path_or_by_what_they_are(keys):
    """Whoever uploads may hand over what the upload returned."""
    assert {"hls": "h", "mp4": "m", "transcript": "t"} == s3_keys(keys)
