"""To whom a destination belongs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.fingerprint import Fingerprint
from pipeline.transfer.manifests.manifest import Manifest
from pipeline.transfer.manifests.manifest_head import HEAD_BYTES, read_head
from pipeline.transfer.manifests.manifest_text import manifest_json, parse_manifest
from pipeline.transfer.manifests.ownership import DestinationOwner, SourceContent, destination_owner_from

ONE = SourceContent(size_bytes=5, sha256_head_tail="a" * 64, path="/videos/lesson.mp4")
TWO = SourceContent(size_bytes=5, sha256_head_tail="b" * 64, path="/videos/lesson.mp4")
MOVED = replace(ONE, path="/elsewhere/copy.mp4")
MANIFEST = Manifest(
    title="Lesson",
    backend_url="https://a.example",
    bucket=None,
    prefix="v/",
    created_at="t1",
    last_synced="t2",
    files=(),
    source=ONE,
)


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        pytest.param(("Lesson", ONE), ("Lesson", ONE), False, id="the same"),
        pytest.param(("Lesson", MOVED), ("Copy", ONE), False, id="the same content elsewhere, renamed"),
        pytest.param(("Lesson", ONE), ("Lesson", TWO), True, id="the same name, other content"),
        pytest.param(("Lesson", ONE), ("Lesson", None), False, id="content not known: the title is the same"),
        pytest.param(("Lesson", ONE), ("Other", None), True, id="content not known: another title"),
        pytest.param(("Lesson", ONE), ("", None), False, id="nothing known there"),
        pytest.param(("", None), ("Lesson", ONE), False, id="nothing known here"),
    ],
)
def test_another_source(here, there, expected):
    """Content decides, else the title; where that is missing too there is nothing to ask."""
    one, other = (DestinationOwner(title=title, content=content) for title, content in (here, there))
    assert (expected, expected) == (one.is_another(other), other.is_another(one))


def test_a_manifest_keeps_its_source_and_the_server_no_path():
    """All that identifies it goes into both; where it lies on this computer is nobody else's business."""
    here, there = manifest_json(MANIFEST, for_server=False), manifest_json(MANIFEST, for_server=True)
    assert (MANIFEST, ONE.path) == (parse_manifest(here), parse_manifest(here).source.path)
    assert (ONE, None, False) == (
        parse_manifest(there).source,
        parse_manifest(there).source.path,
        b"lesson.mp4" in there,
    )


@pytest.mark.parametrize("source", [None, 5, {"size_bytes": "5", "sha256_head_tail": "a"}, {"size_bytes": 5}])
def test_a_manifest_without_a_usable_source_is_read(source):
    """As an earlier version wrote it, or nobody knows who."""
    fields = json.loads(manifest_json(MANIFEST, for_server=False))
    del fields["source"]
    if source is not None:
        fields["source"] = source
    assert replace(MANIFEST, source=None) == parse_manifest(json.dumps(fields).encode())


def test_the_head_is_read_from_the_first_bytes():
    """Also where the rest is missing, or another program has put its fields in another order."""
    whole = manifest_json(MANIFEST, for_server=False)
    other_order = json.dumps(dict(reversed(json.loads(whole).items())), indent=1).encode()
    heads = [read_head(data) for data in (whole, whole[: whole.index(b'"files": [') + 12], other_order)]
    assert [(MANIFEST.owner, "https://a.example", "v/", "t2")] * 3 == [
        (h.owner, h.backend_url, h.prefix, h.last_synced) for h in heads
    ]
    assert (True, [None] * 4) == (
        len(whole) < HEAD_BYTES,
        [read_head(data) for data in (b"", b"{", b"[]", b'{"title": "x"}')],
    )


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("https://a.example/week%201/Gr%C3%B6%C3%9Fe.mp4", "Größe"),
        ("s3://course/week 1/b.mov", "b"),
        ("root:lectures/c.d.mp4", "c.d"),
        ("backend:sources/1-2/e.mp4", "e"),
    ],
)
def test_an_address_is_where_a_source_lies(address, title):
    """It is noted as it is, and the title is the name that it stands for; the content alone is compared."""
    known = Fingerprint(size_bytes=3, sha256_head_tail="ab")
    owner = destination_owner_from(address, known)
    assert (title, address) == (owner.title, owner.content.path)
    assert not owner.is_another(destination_owner_from("/videos/other.mp4", known))
    assert "Mine" == destination_owner_from(address, known, "Mine").title
