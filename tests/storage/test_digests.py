"""storage.digests: entity tags as S3 makes them."""

import hashlib

import pytest

from storage.digests import MAX_GUESSES, PartedDigest, etag_of_parts, md5_in, part_sizes, parts_in

MIB = 1 << 20
WHOLE = "0123456789abcdef" * 2


def test_an_entity_tag_says_what_it_is():
    """An MD5 is one, a tag of parts says how many, anything else says nothing."""
    assert [WHOLE, None, None] == [md5_in(etag) for etag in (WHOLE, f"{WHOLE}-3", '"odd"')]
    assert [None, 3, None] == [parts_in(etag) for etag in (WHOLE, f"{WHOLE}-3", '"odd"')]


@pytest.mark.parametrize("step", [1, 3, 7, 100])
def test_a_content_in_parts_has_the_parts_tag(step):
    """However the content comes, the tag is that of its parts; a last part that is full has none after it."""
    content = bytes(range(20))
    for part_bytes in (5, 7):
        parts = [content[at : at + part_bytes] for at in range(0, len(content), part_bytes)]
        digest = PartedDigest(part_bytes)
        for at in range(0, len(content), step):
            digest.update(content[at : at + step])
        assert etag_of_parts([hashlib.md5(part).hexdigest() for part in parts]) == digest.etag()


@pytest.mark.parametrize(
    ("size_bytes", "parts", "part_bytes"),
    [
        (100 * MIB, 7, 16 * MIB),
        (17 * MIB + 5, 3, 8 * MIB),
        (5 * MIB + 7, 2, 5 * MIB),
        (3, 1, 8 * MIB),
        (16 * MIB, 2, 8 * MIB),
    ],
)
def test_the_size_that_was_used_is_among_the_guesses(size_bytes, parts, part_bytes):
    """The guesses cut the content into as many parts as there are, and one of them is the real size, or as good."""
    guesses = part_sizes(size_bytes, parts)

    assert {parts} == {-(-size_bytes // guess) for guess in guesses}
    assert part_bytes in guesses or parts == 1


def test_there_are_few_guesses():
    """Two parts of a large object could be cut anywhere: the round places are tried."""
    guesses = part_sizes(4000 * MIB, 2)

    assert (MAX_GUESSES, 2048 * MIB) == (len(guesses), guesses[0])
