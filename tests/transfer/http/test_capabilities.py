"""What a backend offers."""

from __future__ import annotations

import json

import pytest

from pipeline.transfer.http.capabilities import NOTHING, BackendCapabilities, Multipart, parse_capabilities

GB = 1 << 30
FULL = {
    "version": 1,
    "bucket": "videos",
    "presignMany": 100,
    "declaredSize": True,
    "contentMd5": True,
    "maxPutBytes": 5 * GB,
    "multipart": {"partBytes": 16 << 20, "minPartBytes": 5 << 20, "maxParts": 10000},
    "list": True,
    "read": True,
    "delete": True,
    "manifest": True,
}


def test_everything_that_is_offered_is_understood():
    """The whole answer of the contract."""
    expected = BackendCapabilities(
        bucket="videos",
        presign_many=100,
        declared_size=True,
        content_md5=True,
        max_put_bytes=5 * GB,
        multipart=Multipart(part_bytes=16 << 20, min_part_bytes=5 << 20, max_parts=10000),
        list=True,
        read=True,
        delete=True,
        manifest=True,
    )
    assert expected == parse_capabilities(json.dumps(FULL).encode())


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b"{}", b'{"list": "yes", "maxPutBytes": -1, "multipart": 5, "bucket": ""}']
)
def test_nonsense_offers_nothing(body):
    """A server that answers every question with its start page is one without this endpoint."""
    assert NOTHING == parse_capabilities(body)


@pytest.mark.parametrize(
    ("said", "size", "expected"),
    [
        ({}, 5 * GB, True),
        ({}, 5 * GB + 1, False),
        ({"maxPutBytes": 1000}, 1001, False),
        ({"multipart": {"partBytes": 1 << 20}}, 5 * GB + 1, True),
        ({"maxPutBytes": 1000, "multipart": {"partBytes": 500, "minPartBytes": 1, "maxParts": 3}}, 3000, True),
        ({"maxPutBytes": 1000, "multipart": {"partBytes": 500, "minPartBytes": 1, "maxParts": 3}}, 3001, False),
    ],
    ids=["one piece", "too large", "small store", "parts", "three parts", "too many parts"],
)
def test_largest_file(said, size, expected):
    """A file goes in one piece up to the limit, above it in as many parts as there may be."""
    assert expected is parse_capabilities(json.dumps(said).encode()).takes(size)


@pytest.mark.parametrize(
    ("size", "expected"), [(1, 100), (100_000, 100), (1_000_000, 1000)], ids=["small", "just fits", "larger parts"]
)
def test_parts_grow_with_the_file(size, expected):
    """A file never has more parts than the store takes."""
    assert expected == Multipart(part_bytes=100, min_part_bytes=50, max_parts=1000).part_size(size)


def test_figures_that_nobody_can_count_with_are_not_offered():
    """A rate or a share of them would be no number."""
    said = {"maxPutBytes": 10**400, "multipart": {"partBytes": 10**400}}
    assert NOTHING == parse_capabilities(json.dumps(said).encode())


def test_parts_are_never_more_than_a_store_takes():
    """A backend that wants a billion parts of a byte gets 10,000: a list of them has to fit into memory."""
    said = {"multipart": {"partBytes": 1, "minPartBytes": 1, "maxParts": 1_000_000_000}}
    offered = parse_capabilities(json.dumps(said).encode()).multipart
    assert offered is not None
    assert (1 << 30) // 10_000 + 1 == offered.part_size(1 << 30)
