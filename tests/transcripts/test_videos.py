"""Videos of a dataset: what a finished job becomes there, and what of it a second time replaces."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from datasets import COCO_KIND, HeldClock
from finished_jobs import finished_job, heard

from pipeline.fingerprint import Fingerprint
from storage import S3Uri
from transcripts.document import open_document
from transcripts.errors import DocumentError
from transcripts.job_folder import JobFolderError, job_folders, read_job_folder
from transcripts.schema import TRANSCRIPTS
from transcripts.videos import NotTranscriptsError, PutOutcome, VideoTranscript, put_video, videos_in

PLACE = {"prefix": "videos/1/", "backend_url": "http://b"}
FIRST = heard("The doc product.", "It is a number.")


@pytest.fixture
def course(tmp_path):
    """A dataset of transcripts without any."""
    with open_document(tmp_path / "course.json", TRANSCRIPTS, clock=HeldClock(), autosave_interval_s=30) as document:
        yield document


def video(transcript=FIRST, content="1", **more):
    """A video of some content."""
    return VideoTranscript(
        title="Lecture 1",
        transcript=transcript,
        fingerprint=Fingerprint(size_bytes=5, sha256_head_tail=content),
        **more,
    )


def texts(course):
    """What is said in all videos, in order of time."""
    return [row["text"] for found in videos_in(course) for row in found.segments]


def test_a_finished_job_becomes_a_video_and_its_segments(course, tmp_path):
    """With Lhotse's field names, words, and by what they were made; media are named relative to the dataset."""
    source = tmp_path / "week 1" / "Größe 'x'.mp4"
    folder = finished_job(tmp_path / "out" / "groesse", FIRST, source=source, prefix="videos/1/")
    result = put_video(course, read_job_folder(folder), course.path)

    assert (PutOutcome.ADDED, 2, 0) == (result.outcome, result.segments, result.edited)
    (media,) = course.rows("media")
    assert {
        "id": result.media_id,
        "uri": "week 1/Größe 'x'.mp4",
        "title": "Größe 'x'",
        "duration": round(FIRST.duration_s, 3),
        "language": "en",
        "language_probability": 0.98,
        "fingerprint": {"size_bytes": 1, "sha256_head_tail": "1"},
        "folder": str(folder),
        "prefix": "videos/1/",
        "backend_url": "http://b",
    } == {name: value for name, value in media.items() if name != "origin"}
    first = course.rows("segments")[0]
    del first["id"]
    assert {
        "media_id": result.media_id,
        "start": 1.0,
        "duration": 0.967,
        "channel": 0,
        "text": "The doc product.",
        "language": "en",
        "speaker": None,
        "alignment": {"word": [["The", 1.0, 0.3, 0.9], ["doc", 1.333, 0.3, 0.9], ["product.", 1.667, 0.3, 0.9]]},
        "avg_logprob": -0.25,
        "edited": False,
        "generator": "tiny.en",
    } == first


def test_on_s3_nothing_leads_to_this_computer(course, tmp_path):
    """A dataset that others read has the video's name alone, and no folder of this computer."""
    folder = finished_job(tmp_path / "home" / "anna" / "lecture", FIRST)
    put_video(course, read_job_folder(folder), S3Uri(bucket="course", key="week 1/course.json"))
    (media,) = course.rows("media")
    assert ("lecture.mp4", False) == (media["uri"], "folder" in media)


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(video(heard("Something else.")), id="the same content"),
        pytest.param(video(heard("Something else."), content="2", **PLACE), id="the same destination"),
    ],
)
def test_a_video_that_is_there_is_replaced(course, again):
    """It is the same by its content, or by where it was uploaded to; one step undoes it."""
    first = put_video(course, video(**PLACE), course.path)
    second = put_video(course, again, course.path)
    assert (PutOutcome.REPLACED, first.media_id) == (second.outcome, second.media_id)
    assert ["Something else."] == texts(course)
    course.undo()
    assert ["The doc product.", "It is a number."] == texts(course)


def test_another_video_stands_beside_it(course):
    """Another content at another destination is another video, also with the same title, and at another backend."""
    put_video(course, video(**PLACE), course.path)
    other = {**PLACE, "backend_url": "http://other"}
    put_video(course, video(heard("Another."), content="2", **other), course.path)
    assert ["The doc product.", "It is a number.", "Another."] == texts(course)


def test_what_is_as_it_was_keeps_its_ids_and_speakers(course):
    """Only what differs is replaced; the same transcript again changes nothing at all."""
    put_video(course, video(), course.path)
    speaker = course.add("speakers", {"name": "Dr. Green"})
    ids = [row["id"] for row in course.rows("segments")]
    course.update("segments", ids[1], speaker=speaker)
    version = course.version

    assert PutOutcome.UNCHANGED is put_video(course, video(), course.path).outcome
    assert version == course.version
    shorter = replace(FIRST, segments=FIRST.segments[1:])
    assert PutOutcome.REPLACED is put_video(course, video(shorter), course.path).outcome
    assert [(ids[1], speaker)] == [(row["id"], row["speaker"]) for row in course.rows("segments")]


def test_edited_segments_are_not_replaced_unasked(course):
    """Where one would go, the whole video stays as it is, until it is said that it may go."""
    put_video(course, video(), course.path)
    corrected = course.rows("segments")[0]["id"]
    course.update("segments", corrected, text="The dot product.", edited=True)

    kept = put_video(course, video(), course.path)
    assert (PutOutcome.KEPT, 1) == (kept.outcome, kept.edited)
    assert ["The dot product.", "It is a number."] == texts(course)
    assert PutOutcome.REPLACED is put_video(course, video(), course.path, replace_edited=True).outcome
    assert ["The doc product.", "It is a number."] == texts(course)


def test_edited_segments_stay_where_the_job_has_them_too(course):
    """A transcript that was corrected in the job's folder is the same in the dataset the second time."""
    corrected = video(heard("The dot product.", "It is a number.", edited=[0]))
    assert 1 == put_video(course, corrected, course.path).edited
    assert PutOutcome.UNCHANGED is put_video(course, corrected, course.path).outcome


def test_videos_are_found_by_id_and_title(course):
    """A name that no video has is said."""
    put_video(course, video(), course.path)
    (media,) = course.rows("media")
    assert ["Lecture 1"] == [found.title for found in videos_in(course, media["id"])]
    assert ["Lecture 1"] == [found.title for found in videos_in(course, "Lecture 1", media["id"])]
    with pytest.raises(DocumentError, match=r"course\.json has no video with the id or title 'Lecture 2'\."):
        videos_in(course, "Lecture 2")


def test_a_dataset_of_images_takes_no_videos(tmp_path):
    """It is said what it is."""
    path = COCO_KIND.write(tmp_path / "cards.json")
    with (
        open_document(path, clock=HeldClock(), autosave_interval_s=30) as document,
        pytest.raises(NotTranscriptsError, match=r"cards\.json is a dataset of kind COCO, not transcripts\."),
    ):
        put_video(document, video(), path)


def test_folders_below_a_folder_are_found(tmp_path):
    """Those with a transcript, in order of their paths, not the hidden ones of a job at work."""
    for name in ("b/two", "a/one", ".a.partial"):
        finished_job(tmp_path / name, FIRST)
    assert [tmp_path / "a/one", tmp_path / "b/two"] == job_folders(tmp_path)
    assert [tmp_path / "a/one"] == job_folders(tmp_path / "a/one")


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda folder: None, "There is no folder"),
        (lambda folder: folder.mkdir(), r"has no transcript\.json: convert the video with a transcript first"),
        (lambda folder: folder.touch(), "There is no folder"),
    ],
    ids=["missing", "empty", "a file"],
)
def test_folders_without_a_transcript(tmp_path, prepare, sentence):
    """It is said what is missing."""
    prepare(tmp_path / "lecture")
    with pytest.raises(JobFolderError, match=sentence):
        job_folders(tmp_path / "lecture")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"{", "is not JSON"), (b"\xff", "is not UTF-8"), (b"{}", "can't be read"), (b'{"schema": 99}', "schema 99")],
    ids=["broken", "not text", "empty", "of a newer version"],
)
def test_transcripts_that_can_not_be_read(tmp_path, content, sentence):
    """The file is named, and why."""
    (tmp_path / "transcript.json").write_bytes(content)
    with pytest.raises(JobFolderError, match=rf"transcript\.json can't be read.*{sentence}|{sentence}"):
        read_job_folder(tmp_path)


@pytest.mark.parametrize("name", ["transcript_1.json", "transcript_2.json"])
def test_transcripts_of_earlier_versions(course, tmp_path, name):
    """A folder that has nothing but a transcript, of any version, is a video with the folder's name."""
    kept = Path(__file__).resolve().parents[1] / "kept" / name
    folder = tmp_path / "an old lecture"
    folder.mkdir()
    (folder / "transcript.json").write_bytes(kept.read_bytes())
    result = put_video(course, read_job_folder(folder), course.path)
    assert ("an old lecture", PutOutcome.ADDED) == (videos_in(course)[0].title, result.outcome)
    assert 0 < result.segments


@pytest.mark.parametrize(
    ("address", "uri"),
    [("s3://course/week 1/Größe.mp4", "s3://course/week 1/Größe.mp4"), ("https://a.example/Gr%C3%B6%C3%9Fe.mp4", None)],
)
def test_a_video_elsewhere_has_its_address(course, tmp_path, address, uri):
    """One in a bucket can be opened by it; one at a web server may have been signed for a while."""
    folder = finished_job(tmp_path / "out" / "groesse", FIRST, source=tmp_path / "a.mp4", prefix="videos/1/")
    noted = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps({**noted, "source_path": address}))
    put_video(course, read_job_folder(folder), course.path)
    (media,) = course.rows("media")
    assert ("Größe", uri) == (media["title"], media.get("uri"))
