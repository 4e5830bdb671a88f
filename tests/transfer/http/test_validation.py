"""Inputs of an upload."""

from __future__ import annotations

import os

import pytest

from pipeline.errors import Setting
from pipeline.transfer.http.validation import (
    backend_url_problems,
    destination_problems,
    key_problem,
    session_id_problems,
    target_problems,
    token_problems,
)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com",
        "https://api.example.com:8443/base",
        "http://localhost:8000",
        "http://LOCALHOST",
        "http://127.0.0.1:8000",
        "http://127.8.9.10",
        "http://[::1]:8000",
        "https://api.example.com.",
        "https://my_server-2.example.com",
        "https://xn--bcher-kva.example",
    ],
)
def test_good_backend_urls_have_no_problems(url):
    """https anywhere and http on this machine are fine."""
    assert [] == backend_url_problems(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "required"),
        ("http://api.example.com", "localhost only"),
        ("http://localhost.example.com", "localhost only"),
        ("http://128.0.0.1", "localhost only"),
        ("http://[::2]", "localhost only"),
        ("ftp://api.example.com", "start with https://"),
        ("api.example.com", "start with https://"),
        ("https://", "name a server"),
        ("https://user:secret@api.example.com", "user name"),
        ("http://localhost@example.com", "user name"),
        ("https://api.example.com?x=1", "? or #"),
        ("https://api.example.com/#", "? or #"),
        ("https://api.example.com/../admin", ".."),
        ("https://api.example.com:port", "not a valid address"),
        ("https://[::1", "not a valid address"),
        ("https://api example.com", "spaces"),
        ("https://api.example.com\n", "spaces"),
        ("http://localhost\\.example.com", "spaces"),
        ("https://a..b", "can exist"),
        ("https://.", "can exist"),
        ("https://.example.com", "can exist"),
        ("https://-example.com", "can exist"),
        (f"https://{'a' * 64}.com", "can exist"),
        (f"https://{'a.' * 130}com", "can exist"),
        ("https://a%20b.com", "can exist"),
        ("https://a*b.com", "can exist"),
        ("https://api.example.com:0", "can exist"),
        ("https://:443", "name a server"),
        ("https:///path", "name a server"),
        ("https:api.example.com", "name a server"),
        ("https://[]", "not a valid address"),
        ("https://[1.2.3.4]", "not a valid address"),
    ],
)
def test_bad_backend_urls_are_named(url, said):
    """A sentence says what is wrong with the address, without repeating it."""
    problems = backend_url_problems(url)
    assert any(said in problem.text for problem in problems)
    assert not any("secret" in problem.text for problem in problems)


@pytest.mark.parametrize(
    "prefix", ["videos/", "videos/course-1/lesson_01/", "a.b/c/", "a/" * 462, "a" * 255 + "/"], ids=len
)
def test_good_destinations_have_no_problems(prefix):
    """Letters, digits and - _ . / with a slash at the end are fine."""
    assert [] == destination_problems(prefix)


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        ("", ["is required"]),
        ("/videos/", ["start with /"]),
        ("videos", ["end with /"]),
        ("videos/../other/", ["contain .."]),
        ("videos/./other/", ["single dot"]),
        ("videos//other/", ["two slashes"]),
        ("vidéos/", ["letters"]),
        ("my videos/", ["letters"]),
        ("videos/\n", ["end with /", "letters"]),
        ("videos?x/", ["letters"]),
        ("/a b", ["start with /", "end with /", "letters"]),
        ("a/" * 463, ["at most 924 characters"]),
        ("a" * 256 + "/", ["more than 255 characters"]),
    ],
)
def test_bad_destinations_are_named(prefix, said):
    """Each thing that is wrong with a destination has its own sentence, all at once."""
    problems = destination_problems(prefix)
    assert len(said) == len(problems)
    assert all(part in problem.text for part, problem in zip(said, problems, strict=True))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("a" * 1024, ""),
        ("é" * 512, ""),
        ("a b#?%&+é.ts", ""),
        ("a" * 1025, "1025 bytes, and S3 takes 1024"),
        ("é" * 513, "1026 bytes, and S3 takes 1024"),
        ("a\\b.ts", "backslash"),
        ("a\nb.ts", "control character"),
        ("a\x7f.ts", "control character"),
        (os.fsdecode(b"caf\xe9.ts"), "not text"),
    ],
    ids=ascii,
)
def test_key_that_no_store_takes_is_told(name, part):
    """By its bytes in UTF-8, and by what neither XML nor a player can carry."""
    said = key_problem(name)
    assert (bool(part), True) == (bool(said), part in said)


@pytest.mark.parametrize(
    ("session_id", "count"),
    [
        ("", 0),
        (None, 0),
        ("0123456789abcdefABCDEF01", 0),
        ("0123456789abcdef", 1),
        ("g" * 24, 1),
        ("0" * 24 + "\n", 1),
        ("0" * 25, 1),
    ],
)
def test_session_id_is_empty_or_24_hex_digits(session_id, count):
    """A session ID is left out or an ObjectId."""
    assert count == len(session_id_problems(session_id))


@pytest.mark.parametrize(
    ("token", "count"),
    [
        ("", 1),
        ("s3cr3t-8", 0),
        ("x" * 20, 0),
        ("x" * 20 + " y", 1),
        ("x" * 20 + "\n", 1),
        ("tökenßßßßßßßßßßßßßßßßßßßßßßß", 1),
    ],
)
def test_token_is_there_and_plain(token, count):
    """A token has no spaces or control characters; how long it is, is the backend's own affair."""
    assert count == len(token_problems(token))


def test_all_problems_come_at_once():
    """Everything that is wrong is said in one go, each with its setting."""
    problems = target_problems(url="ftp://x", token="a b", prefix="/x", session_id="1")
    assert [
        ("Backend", Setting.BACKEND_URL),
        ("Auth", Setting.TOKEN),
        ("S3", Setting.DESTINATION),
        ("S3", Setting.DESTINATION),
        ("Session", Setting.SESSION_ID),
    ] == [(problem.text.split()[0], problem.setting) for problem in problems]
