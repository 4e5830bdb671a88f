"""A file on its way."""

from __future__ import annotations

import os

import pytest

from pipeline.errors import Cancelled, TransferError
from pipeline.transfer.body import BLOCK_BYTES, FileBody


@pytest.fixture
def file(tmp_path):
    """A file of three blocks and a bit."""
    path = tmp_path / "seg_001.ts"
    path.write_bytes(os.urandom(3 * BLOCK_BYTES + 5))
    return path


def test_body_streams_a_file_in_large_blocks(file, cancel):
    """The length is known beforehand, reads are larger than asked for, and every byte is counted."""
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
