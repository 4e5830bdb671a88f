"""storage.uris: what an address names, what a reference in a document names, and why one is refused."""

from pathlib import Path

import pytest

from storage import InvalidUriError, S3Uri, is_s3_uri, parse_uri, resolve

DATASET = S3Uri(bucket="course", key="week 1/transcripts.json")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://course/transcripts.json", S3Uri(bucket="course", key="transcripts.json")),
        ("s3a://course/a/b.json", S3Uri(bucket="course", key="a/b.json")),
        ("S3://course/a", S3Uri(bucket="course", key="a")),
        (" s3://course/a", S3Uri(bucket="course", key="a")),
        ("s3://course/Übung 1/it's 100%?#.json", S3Uri(bucket="course", key="Übung 1/it's 100%?#.json")),
        ("s3://course//a", S3Uri(bucket="course", key="/a")),
        ("s3://course/s3://a", S3Uri(bucket="course", key="s3://a")),
        ("/data/course.json", Path("/data/course.json")),
        ("data/my course.json", Path("data/my course.json")),
        ("s3", Path("s3")),
        ("./s3:/course/a", Path("s3:/course/a")),
        ("C:\\data\\course.json", Path("C:\\data\\course.json")),
        ("~/course.json", Path.home() / "course.json"),
    ],
    ids=lambda value: str(value),
)
def test_an_address(text, expected):
    """A path stays a path; s3:// and s3a:// in any case are an object in S3, whose key is taken as it is written."""
    assert expected == parse_uri(text)
    assert isinstance(expected, S3Uri) == is_s3_uri(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The address is empty"),
        ("  \n", "The address is empty"),
        ("s3://", "names no bucket"),
        ("s3:///key", "names no bucket"),
        ("s3:/course/a", "needs two slashes after the colon: write it like s3://bucket/"),
        ("S3A:course/a", "needs two slashes after the colon"),
        ("S3://course", "names a bucket, but no object in it"),
        ("s3://course", "names a bucket, but no object in it"),
        ("s3://course/", "names a bucket, but no object in it"),
        ("s3a://course/week 1/", "names a folder, but no object in it"),
        ("s3://a b/key", "can't be a bucket's name"),
        ("s3://../key", "can't be a bucket's name"),
        ("s3://course/" + "k" * 1025, "is too long: a key may have 1024 bytes, this one has 1025"),
        ("s3://course/\udcff", "is not valid text"),
        ("https://example.com/course.json", "an address is a path or begins with s3://"),
        ("a\0b", "has a null character"),
        ("~nobody-of-this-name/a", "home folder that is not known here"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_an_address_that_names_nothing(text, sentence):
    """Each way to be wrong has its own sentence."""
    with pytest.raises(InvalidUriError, match=sentence):
        parse_uri(text)


def test_an_address_is_written_as_it_is_read():
    """s3a:// and s3:// are two spellings of one address, which is told in one of them."""
    assert "s3://course/a b.json" == str(parse_uri("S3A://course/a b.json"))


@pytest.mark.parametrize(
    ("reference", "base", "expected"),
    [
        ("lesson 1.mp4", DATASET, S3Uri(bucket="course", key="week 1/lesson 1.mp4")),
        ("images/train/1.jpg", DATASET, S3Uri(bucket="course", key="week 1/images/train/1.jpg")),
        ("../videos/./a.mp4", DATASET, S3Uri(bucket="course", key="videos/a.mp4")),
        ("a.mp4", S3Uri(bucket="course", key="top.json"), S3Uri(bucket="course", key="a.mp4")),
        ("s3://other/a.mp4", DATASET, S3Uri(bucket="other", key="a.mp4")),
        ("s3a://other/a.mp4", Path("/data/course.json"), S3Uri(bucket="other", key="a.mp4")),
        ("/videos/a.mp4", DATASET, Path("/videos/a.mp4")),
        ("C:\\videos\\a.mp4", DATASET, Path("C:\\videos\\a.mp4")),
        ("~/a.mp4", DATASET, Path.home() / "a.mp4"),
        ("a/b.mp4", Path("/data/course.json"), Path("/data/a/b.mp4")),
        ("/videos/a.mp4", Path("/data/course.json"), Path("/videos/a.mp4")),
    ],
    ids=str,
)
def test_a_reference(reference, base, expected):
    """A relative reference starts at the document's own folder, here or in S3; any other stands for itself."""
    assert expected == resolve(reference, base)


@pytest.mark.parametrize("reference", ["../../a.mp4", "..", "", "https://example.com/a.mp4", "s3:/other/a.mp4"])
def test_a_reference_to_nothing(reference):
    """A reference that leads out of the bucket, or names no file, is refused."""
    with pytest.raises(InvalidUriError):
        resolve(reference, DATASET)
