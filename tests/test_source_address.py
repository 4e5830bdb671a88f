"""Addresses of sources."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from pipeline.errors import SettingsError
from pipeline.source_address import (
    AddressKind,
    address_below_root,
    is_address,
    known_address,
    parse_address,
    path_below_root,
)

SIGNED = "https://me:pass@Videos.Example:8443/week%201/Gr%C3%B6%C3%9Fe.mp4?X-Amz-Date=1&id=7&X-Amz-Signature=abc#t=10"


@pytest.mark.parametrize(
    ("typed", "text", "kind", "name", "place"),
    [
        ("s3://course/week 1/a.mp4", "s3://course/week 1/a.mp4", AddressKind.S3, "a.mp4", "course/week 1/a.mp4"),
        ("S3A://course/ü.mp4", "s3://course/ü.mp4", AddressKind.S3, "ü.mp4", "course/ü.mp4"),
        ("s3://course/week1/", "s3://course/week1/", AddressKind.S3, "video", "course/week1"),
        ("s3://course/", "s3://course/", AddressKind.S3, "video", "course"),
        ("HTTPS://A.example/B%20c.mov", "https://a.example/B%20c.mov", AddressKind.WEB, "B c.mov", "a.example/B c.mov"),
        ("http://a.example/b c.mov", "http://a.example/b%20c.mov", AddressKind.WEB, "b c.mov", "a.example/b c.mov"),
        ("https://a.example/x%2Fy%00.mp4", "https://a.example/x%2Fy%00.mp4", AddressKind.WEB, "x_y_.mp4", None),
        ("https://a.example/download", "https://a.example/download", AddressKind.WEB, "download", "a.example/download"),
        ("root:lectures/w1/a.mp4", "root:lectures/w1/a.mp4", AddressKind.ROOT, "a.mp4", "lectures/w1/a.mp4"),
        ("root:lectures/w1/", "root:lectures/w1/", AddressKind.ROOT, "video", "lectures/w1"),
        ("backend:sources/1/a.mp4", "backend:sources/1/a.mp4", AddressKind.BACKEND, "a.mp4", "sources/1/a.mp4"),
    ],
)
def test_what_an_address_says(typed, text, kind, name, place):
    """What is shown and kept of it, who has the bytes, and what the file is called."""
    address = parse_address(typed)
    assert (text, kind, name) == (address.text, address.kind, address.file_name)
    assert place is None or PurePosixPath(place) == address.place
    assert address == parse_address(address.text)
    assert typed.endswith("/") == address.is_folder


def test_what_is_secret_is_apart_from_what_is_shown():
    """A query and a login are in the request alone, and in no text that anybody makes of the address."""
    address = parse_address(SIGNED)
    assert "https://videos.example:8443/week%201/Gr%C3%B6%C3%9Fe.mp4" == str(address)
    assert "me:pass" == address.login
    assert f"{address}?X-Amz-Date=1&id=7&X-Amz-Signature=abc" == address.url
    assert [] == [word for word in ("pass", "abc", "id=7") if word in f"{address!r} {address}"]
    assert ("Größe", True, True) == (address.title, address.signed, address.is_readable)
    kept = address.without_secrets()
    assert (address, False, str(address)) == (kept, kept.is_readable, kept.url)


def test_an_address_that_is_signed_anew_is_the_same_source():
    """Its key leaves out what signing changes, and nothing else of a query."""
    again = SIGNED.replace("Date=1", "Date=2").replace("=abc", "=def")
    other = SIGNED.replace("id=7", "id=8")
    assert parse_address(SIGNED).key == parse_address(again).key
    assert parse_address(SIGNED).key != parse_address(other).key
    assert parse_address("https://a.example/1.mp4").key != parse_address("https://a.example/2.mp4").key


def test_a_long_name_keeps_its_ending():
    """A file system takes 255 bytes, and folders beside a job's own are longer than its name."""
    name = parse_address(f"https://a.example/{'ü' * 300}.mp4").file_name
    assert (True, ".mp4") == (len(name.encode()) <= 120, Path(name).suffix)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("https:/a.example/b.mp4", "https:/a.example/b.mp4 needs two slashes after the colon, as in https://."),
        ("s3:/b/c.mp4", "s3:/b/c.mp4 needs two slashes after the colon, as in s3://."),
        ("https://a.example/", "https://a.example/ names no file: write it like https://example.com/lesson.mp4."),
        ("https://a.example", "https://a.example names no file: write it like https://example.com/lesson.mp4."),
        (
            "https://u:geheim@/b.mp4?k=geheim",
            "https:///b.mp4 does not name a server: write it like https://example.com/lesson.mp4.",
        ),
        (
            "https://a.example:99999/b.mp4?geheim",
            "https://a.example:99999/b.mp4 is not a valid address: write it like https://example.com/lesson.mp4.",
        ),
        ("https://a.example/\n", None),
        (
            "https://a.example/a\nb.mp4",
            "The address of the video has a line break or another control character in it: type it again.",
        ),
        ("s3://ab/c.mp4", "'ab' in 's3://ab/c.mp4' can't be a bucket's name: "),
        ("s3:///", "s3:/// names no bucket: write it like s3://bucket/course/lesson.mp4."),
        ("root:/a.mp4", "root:/a.mp4 names no root: write it like root:lectures/week1/lesson.mp4."),
        ("root:lectures", "root:lectures names no root: write it like root:lectures/week1/lesson.mp4."),
        (
            "root:lectures/../a.mp4",
            "root:lectures/../a.mp4 must not have a backslash, an empty folder, . or .. in it.",
        ),
        ("root:lectures//a.mp4", "root:lectures//a.mp4 must not have a backslash, an empty folder, . or .. in it."),
        ("backend:", "backend: names no file of the backend: write it like backend:sources/lesson.mp4."),
        ("ftp://a/b", "The address of a video begins with s3://, https://, root: or backend:, or it is a file's path."),
        (f"https://a.example/{'a' * 5000}?geheim", f"The address https://a.example/{'a' * 42}… is too long"),
    ],
)
def test_what_is_no_address_is_refused_in_a_sentence(typed, told):
    """It says what is wrong and shows nothing secret."""
    with pytest.raises(SettingsError) as refused:
        parse_address(typed)
    assert told is None or str(refused.value).startswith(told)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("path", ["a.mp4", "C:/a.mp4", "./s3:/a.mp4", "ftp://a", "", "s3.mp4", "roots:a"])
def test_a_path_is_no_address(path):
    """Also one with a drive, and one of a file that is called like an address."""
    assert (False, None) == (is_address(path), known_address(path))


def test_a_root_is_a_folder_of_each_machine(tmp_path):
    """The innermost root names a file; a machine without that root says so."""
    roots = {"all": tmp_path, "lectures": tmp_path / "lectures"}
    file = tmp_path / "lectures" / "w1" / "a.mp4"
    address = address_below_root(file, roots)
    assert "root:lectures/w1/a.mp4" == str(address)
    assert file == path_below_root(address, roots)
    assert tmp_path / "lectures" == path_below_root(parse_address("root:lectures/"), roots)
    assert None is address_below_root(tmp_path.parent / "b.mp4", roots)
    with pytest.raises(SettingsError, match=r"which this machine has no folder for \(SOURCE_ROOTS names all\)"):
        path_below_root(address, {"all": tmp_path})
    with pytest.raises(SettingsError, match=r"\(SOURCE_ROOTS names none\)"):
        path_below_root(address, {})
