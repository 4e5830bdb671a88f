"""backend.conformance.url_origins: what is told from a URL's host and scheme."""

import pytest

from backend.conformance.url_origins import origin_fault


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("https://videos.example.edu/media", "https://videos.example.edu/media/objects/a?signature=x"),
        ("https://videos.example.edu", "https://bucket.s3.amazonaws.com/a"),
        ("https://videos.internal", "https://10.0.0.5/a"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/objects/a"),
        ("http://localhost:8000", "http://minio:9000/a"),
        ("http://127.0.0.1:8000", "https://bucket.s3.amazonaws.com/a"),
    ],
)
def test_where_clients_are(asked, given):
    """The host that was asked, a store of its own, and what lies inside where the backend itself does."""
    assert "" == origin_fault(asked, given)


@pytest.mark.parametrize(
    ("asked", "given", "expected"),
    [
        (
            "https://videos.example.edu",
            "http://videos.example.edu/objects/a",
            "although the backend was asked by https",
        ),
        ("https://videos.example.edu", "http://127.0.0.1:8000/objects/a", "although the backend was asked by https"),
        ("https://videos.example.edu", "https://127.0.0.1:8000/objects/a", "nobody outside"),
        ("https://videos.example.edu", "https://backend:8000/objects/a", "nobody outside"),
        ("https://videos.example.edu", "https://10.0.0.5/objects/a", "nobody outside"),
        ("http://127.0.0.1:8000", "http://videos.example.edu/objects/a", "can be read and changed"),
    ],
)
def test_where_they_are_not(asked, given, expected):
    """What a backend says that does not know of the proxy in front of it."""
    assert expected in origin_fault(asked, given)
