"""backend.signing: a signature opens one thing until it expires."""

from urllib.parse import parse_qs

import pytest

from backend.signing import UrlSigner, Verdict

GOOD = {"method": "PUT", "key": "videos/a.ts", "content_type": "video/mp2t"}


def judged(signer, now, *, signed=None, query=None, **changed):
    """Sign GOOD and `signed` until second 1000 and judge it with changes, those of `query` in the query."""
    made = parse_qs(UrlSigner("secret").query(**{**GOOD, **(signed or {})}, expires=1000))
    fields = {**{name: values[0] for name, values in made.items()}, **(query or {})}
    return signer.judge(**{**GOOD, "size": "5", **changed}, query=fields, now=now)


@pytest.mark.parametrize(("now", "verdict"), [(0, Verdict.GOOD), (999.9, Verdict.GOOD), (1000, Verdict.EXPIRED), (5000, Verdict.EXPIRED)])
def test_holds_until_it_expires(now, verdict):
    """What was signed passes up to the moment of expiry."""
    assert verdict is judged(UrlSigner("secret"), now)


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "DELETE"},
        {"key": "videos/b.ts"},
        {"content_type": "video/mp4"},
        {"content_type": ""},
        {"query": {"expires": "2000"}},
        {"query": {"expires": "1000 "}},
        {"query": {"expires": "soon"}},
        {"query": {"signature": ""}},
        {"query": {"signature": "0" * 64}},
        {"query": {"signature": "ü\ud800"}},
        {"query": {"size": "5"}},
        {"query": {"uploadId": "a", "partNumber": "1"}},
    ],
    ids=str,
)
def test_is_bound_to_every_part(changed):
    """Any other method, key, Content-Type, expiry, signature or field is wrong, expired or not."""
    assert Verdict.WRONG is judged(UrlSigner("secret"), 0, **changed)
    assert Verdict.WRONG is judged(UrlSigner("secret"), 5000, **changed)


@pytest.mark.parametrize(("size", "verdict"), [("5", Verdict.GOOD), ("4", Verdict.WRONG), ("05", Verdict.WRONG), (None, Verdict.WRONG)])
def test_a_declared_size_is_the_only_one(size, verdict):
    """Where a size was signed, a body of another one, or of none said, is wrong."""
    assert verdict is judged(UrlSigner("secret"), 0, signed={"size_bytes": 5}, size=size)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"content_type": "any/thing"}, Verdict.GOOD),
        ({"query": {"partNumber": "3"}}, Verdict.WRONG),
        ({"query": {"uploadId": "c"}}, Verdict.WRONG),
    ],
    ids=str,
)
def test_a_part_is_bound_to_its_upload_and_number(changed, verdict):
    """A part has no Content-Type of its own."""
    part = {"content_type": "", "upload_id": "b", "part_number": 2}
    assert verdict is judged(UrlSigner("secret"), 0, signed=part, **changed)


def test_is_bound_to_the_secret():
    """Another backend's signature opens nothing."""
    assert Verdict.WRONG is judged(UrlSigner("another secret"), 0)
