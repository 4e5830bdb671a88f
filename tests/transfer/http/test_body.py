"""A file on its way."""

from __future__ import annotations

import hashlib
import os

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, TransferError
from pipeline.transfer.http.body import BLOCK_BYTES, FileBody, file_md5
from pipeline.transfer.http.control import TransferControl


@pytest.fixture
def file(tmp_path):
    """A file of three blocks and a bit."""
    path = tmp_path / "seg_001.ts"
    path.write_bytes(os.urandom(3 * BLOCK_BYTES + 5))
    return path


def test_body_streams_a_file_in_large_blocks(file, cancel, monkeypatch):
    """The length is known beforehand, reads are larger than asked for, and every byte is counted."""
    monkeypatch.setattr("pipeline.transfer.http.body.QUICK_S", 0.0)
    told: list[int] = []
    with FileBody(file, cancel=cancel, on_bytes=told.append) as body:
        assert file.stat().st_size == len(body)
        blocks = []
        while block := body.read(8192):
            blocks.append(block)
        assert body.sent_whole
        body.check_unchanged()
    assert file.read_bytes() == b"".join(blocks)
    assert [BLOCK_BYTES] * 3 + [5] == told
    assert not hasattr(body, "__iter__")


def test_blocks_grow_while_they_go_out_quickly(file, cancel, monkeypatch):
    """Each costs its thread a turn; after one that took long they are small again,
    since a block must get through before it counts as stalled.
    """
    file.write_bytes(os.urandom(8 * BLOCK_BYTES))
    monkeypatch.setattr("pipeline.transfer.http.body.LARGEST_BLOCK_BYTES", 2 * BLOCK_BYTES)
    told: list[int] = []
    with FileBody(file, cancel=cancel, on_bytes=told.append) as body:
        for quick_s in (float("inf"), float("inf"), float("inf"), 0.0, float("inf")):
            monkeypatch.setattr("pipeline.transfer.http.body.QUICK_S", quick_s)
            body.read(8192)
    assert [count * BLOCK_BYTES for count in (1, 2, 2, 1, 2)] == told


def test_body_raises_on_cancel(file, cancel):
    """A cancelled body does not end short, which a server could take for a whole file."""
    with FileBody(file, cancel=cancel, on_bytes=lambda size: None) as body:
        body.read(1)
        cancel.cancel()
        with pytest.raises(Cancelled):
            body.read(1)


def test_file_that_shrinks_is_noticed_while_it_is_sent(file, cancel):
    """Less than was promised is an error at once, not a request that hangs."""
    with FileBody(file, cancel=cancel, on_bytes=lambda size: None) as body:
        body.read(1)
        os.truncate(file, 10)
        with pytest.raises(TransferError, match=r"seg_001\.ts changed while it was being sent"):
            body.read(1)


@pytest.mark.parametrize("change", ["grow", "touch", "remove"])
def test_file_that_changes_is_noticed_afterwards(file, cancel, change):
    """Size and time are compared with what they were."""
    with FileBody(file, cancel=cancel, on_bytes=lambda size: None) as body:
        while body.read(BLOCK_BYTES):
            continue
        if change == "grow":
            with file.open("ab") as more:
                more.write(b"x")
        elif change == "touch":
            os.utime(file, ns=(1, 1))
        else:
            file.unlink()
        with pytest.raises(TransferError, match="changed"):
            body.check_unchanged()


def test_body_never_sends_more_than_it_promised(file, cancel):
    """A file that grows meanwhile is sent at its first length."""
    with FileBody(file, cancel=cancel, on_bytes=lambda size: None) as body:
        with file.open("ab") as more:
            more.write(b"x" * BLOCK_BYTES)
        sent = 0
        while block := body.read(10 * BLOCK_BYTES):
            sent += len(block)
    assert len(body) == sent


def test_missing_file_is_a_sentence(tmp_path, cancel):
    """What can't be opened is named."""
    with pytest.raises(TransferError, match=r"gone\.ts can't be read"):
        FileBody(tmp_path / "gone.ts", cancel=cancel, on_bytes=lambda size: None)


@pytest.mark.parametrize("beforehand", [True, False])
def test_content_is_hashed_once(tmp_path, beforehand):
    """The MD5 is that of what is sent, whether it is needed before or known after."""
    path = tmp_path / "a.ts"
    path.write_bytes(b"ab" * 100_000)
    expected = hashlib.md5(b"ab" * 100_000).hexdigest()
    with FileBody(path, cancel=CancelToken(), on_bytes=lambda size: None) as body:
        if beforehand:
            assert expected == body.hash_before_sending()
        assert b"ab" * 100_000 == b"".join(iter(body.read, b""))
        assert (expected, True) == (body.md5, body.sent_whole)


@pytest.mark.parametrize(("parallel", "kept"), [(4, True), (16, False)])
def test_small_file_is_read_once(file, cancel, monkeypatch, parallel, kept):
    """What was hashed is kept until it is sent, as far as all that are sent at a time have room;
    a change is still noticed.
    """
    content = file.read_bytes()
    monkeypatch.setattr("pipeline.transfer.http.body.HELD_BYTES", 4 * len(content))
    with FileBody(file, cancel=cancel, on_bytes=lambda size: None, control=TransferControl(parallel=parallel)) as body:
        assert hashlib.md5(content).hexdigest() == body.hash_before_sending()
        file.write_bytes(bytes(len(content)))
        os.utime(file, ns=(0, 0))
        sent = b"".join(iter(body.read, b""))
        assert (content if kept else bytes(len(content))) == sent
        with pytest.raises(TransferError):
            body.check_unchanged()


def test_part_of_a_file_is_sent_alone(tmp_path):
    """Offset and size are kept, and the hash is the part's."""
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(range(100)))
    with FileBody(path, cancel=CancelToken(), on_bytes=lambda size: None, part=(10, 20)) as body:
        body.hash_before_sending()
        assert (20, bytes(range(10, 30))) == (len(body), b"".join(iter(body.read, b"")))
        assert (hashlib.md5(bytes(range(10, 30))).hexdigest(), 100) == (body.md5, body.file_bytes)
    assert hashlib.md5(bytes(range(10, 30))).hexdigest() == file_md5(path, CancelToken(), part=(10, 20))


def test_rewritten_file_is_still_watched(tmp_path):
    """What is sent is not what is on disk, but a change on disk is noticed."""
    path = tmp_path / "master.m3u8"
    path.write_bytes(b"abc")
    with FileBody(path, cancel=CancelToken(), on_bytes=lambda size: None, rewrite=lambda content: content * 2) as body:
        assert (6, 3, b"abcabc") == (len(body), body.file_bytes, body.read())
        path.write_bytes(b"abcd")
        with pytest.raises(TransferError, match="changed while it was being sent"):
            body.check_unchanged()
