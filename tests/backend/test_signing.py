"""backend.access.signing: a signature opens one thing until it expires."""

from urllib.parse import parse_qs

import pytest

from backend.access.signing import HmacUrlSigner, SignatureCheck

GOOD = {"method": "PUT", "key": "videos/a.ts", "content_type": "video/mp2t"}


def judged(signer, now, *, signed=None, query=None, **changed):
    """Sign GOOD and `signed` until second 1000 and judge it with changes, those of `query` in the query."""
    made = parse_qs(HmacUrlSigner("secret").query(**{**GOOD, **(signed or {})}, expires=1000))
    fields = {**{name: values[0] for name, values in made.items()}, **(query or {})}
    return signer.judge(**{**GOOD, "size": "5", **changed}, query=fields, now=now)


@pytest.mark.parametrize(
    ("now", "check"),
    [
        (0, SignatureCheck.GOOD),
        (999.9, SignatureCheck.GOOD),
        (1000, SignatureCheck.EXPIRED),
        (5000, SignatureCheck.EXPIRED),
    ],
)
def test_holds_until_it_expires(now, check):
    """What was signed passes up to the moment of expiry."""
    assert check is judged(HmacUrlSigner("secret"), now)


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
    assert SignatureCheck.WRONG is judged(HmacUrlSigner("secret"), 0, **changed)
    assert SignatureCheck.WRONG is judged(HmacUrlSigner("secret"), 5000, **changed)


@pytest.mark.parametrize(
    ("size", "check"),
    [
        ("5", SignatureCheck.GOOD),
        ("4", SignatureCheck.WRONG),
        ("05", SignatureCheck.WRONG),
        (None, SignatureCheck.WRONG),
    ],
)
def test_a_declared_size_is_the_only_one(size, check):
    """Where a size was signed, a body of another one, or of none said, is wrong."""
    assert check is judged(HmacUrlSigner("secret"), 0, signed={"size_bytes": 5}, size=size)


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"content_type": "any/thing"}, SignatureCheck.GOOD),
        ({"query": {"partNumber": "3"}}, SignatureCheck.WRONG),
        ({"query": {"uploadId": "c"}}, SignatureCheck.WRONG),
    ],
    ids=str,
)
def test_a_part_is_bound_to_its_upload_and_number(changed, check):
    """A part has no Content-Type of its own."""
    part = {"content_type": "", "upload_id": "b", "part_number": 2}
    assert check is judged(HmacUrlSigner("secret"), 0, signed=part, **changed)


def test_is_bound_to_the_secret():
    """Another backend's signature opens nothing."""
    assert SignatureCheck.WRONG is judged(HmacUrlSigner("another secret"), 0)
