"""backend.signing: a signature opens one thing until it expires."""

from urllib.parse import parse_qs

import pytest

from backend.signing import UrlSigner, Verdict

GOOD = {"method": "PUT", "key": "videos/a.ts", "content_type": "video/mp2t"}


def judged(signer, now, **changed):
    """Sign GOOD until second 1000 and judge it with changes."""
    query = {name: values[0] for name, values in parse_qs(UrlSigner("secret").query(**GOOD, expires=1000)).items()}
    return signer.judge(**{**GOOD, **query, **changed}, now=now)


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
        {"expires": "2000"},
        {"expires": "1000 "},
        {"expires": "soon"},
        {"signature": ""},
        {"signature": "0" * 64},
        {"signature": "ü\ud800"},
    ],
    ids=str,
)
def test_is_bound_to_every_part(changed):
    """Any other method, key, Content-Type, expiry or signature is wrong, expired or not."""
    assert Verdict.WRONG is judged(UrlSigner("secret"), 0, **changed)
    assert Verdict.WRONG is judged(UrlSigner("secret"), 5000, **changed)


def test_is_bound_to_the_secret():
    """Another backend's signature opens nothing."""
    assert Verdict.WRONG is judged(UrlSigner("another secret"), 0)
