"""Files that are not what they were when they were found, and drives that falter."""

from __future__ import annotations

import errno
import io
import os
import shutil
from pathlib import Path

import pytest
from upload_parts import FOLDER, PREFIX

from pipeline.errors import TransferError
from pipeline.transfer.http import disk_file
from pipeline.transfer.http.body import FileBody, file_md5
from pipeline.transfer.upload import publish_order
from pipeline.transfer.upload.uploader import Uploader

SEGMENT = "720p/seg_001.ts"


def replace_by(kind: str, folder: Path, elsewhere: Path) -> None:
    """Put something else in the place of a segment."""
    segment = folder / SEGMENT
    secret = elsewhere / "seg_001.ts"
    elsewhere.mkdir()
    secret.write_bytes(b"secret" * 20_000)
    if kind == "link to a folder":
        shutil.rmtree(folder / "720p")
        (folder / "720p").symlink_to(elsewhere, target_is_directory=True)
        return
    segment.unlink()
    if kind == "pipe":
        os.mkfifo(segment)
    else:
        segment.symlink_to(secret if kind == "link" else "/dev/zero")


@pytest.mark.parametrize("kind", ["link", "link to a folder", "link to a device", "pipe"])
def test_what_is_swapped_in_after_it_was_found_is_refused(backend, server, folder, tmp_path, cancel, kind):
    """Nothing from outside of the folder is sent, nothing is waited for, and the stream is not published."""
    server.on_stored = lambda key: (
        replace_by(kind, folder, tmp_path / "elsewhere") if not (tmp_path / "elsewhere").exists() else None
    )
    result = Uploader(backend, session_id=None, delays=(), parallel=1).upload(
        folder, PREFIX, resume=True, cancel=cancel
    )
    assert SEGMENT in result.failed
    assert [] == [key for key, content in server.stored.items() if b"secret" in content]
    assert PREFIX + "master.m3u8" not in server.stored


def test_link_inside_the_folder_is_sent(uploader, server, folder, cancel):
    """As it was found: a segment that is a second name of another."""
    (folder / SEGMENT).unlink()
    (folder / SEGMENT).symlink_to("seg_002.ts")
    assert uploader.upload(folder, PREFIX, resume=True, cancel=cancel).complete
    assert FOLDER["720p/seg_002.ts"] == server.stored[PREFIX + SEGMENT]


def test_single_file_that_is_a_pipe_is_refused(uploader, tmp_path, cancel):
    """Somebody may name a link, but a pipe has no size and perhaps no end."""
    os.mkfifo(tmp_path / "a.ts")
    with pytest.raises(TransferError, match=r"a\.ts is not an ordinary file"):
        uploader.upload_file(tmp_path / "a.ts", "a.ts", cancel=cancel)


@pytest.mark.parametrize("name", ["720p/index.m3u8", "master.m3u8"])
def test_playlist_that_changed_after_it_was_looked_through_is_noticed(uploader, server, folder, cancel, name):
    """It may name by now what was not sent: the stream is not published, and the next upload looks anew."""

    def change(key: str) -> None:
        if key.endswith("480p/index.m3u8" if name == "master.m3u8" else "480p/seg_001.ts"):
            (folder / name).write_bytes(b"#EXTM3U\nnew.ts\n")

    server.on_stored = change
    result = uploader.upload(folder, PREFIX, resume=True, cancel=cancel)
    assert f"{folder / name} changed" in result.failed[name]
    assert PREFIX + "master.m3u8" not in server.stored


class Faltering(io.FileIO):
    """A file on a drive that is away for some reads.

    `errors` are those that are still to come, for all files together.
    """

    errors: list[int]

    def _falter(self) -> None:
        if self.errors and self.tell():
            raise OSError(self.errors.pop(), "gone")

    def read(self, size: int = -1) -> bytes:
        self._falter()
        return super().read(size)

    def readinto(self, buffer) -> int:
        self._falter()
        return super().readinto(buffer)


@pytest.fixture
def faltering(monkeypatch):
    """Return a function that sets which errors the next reads meet, after the first."""

    def falter(*errors: int) -> None:
        monkeypatch.setattr(Faltering, "errors", list(errors), raising=False)
        monkeypatch.setattr(disk_file.io, "FileIO", Faltering)

    return falter


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE])
def test_drive_that_falters_once_is_read_again(faltering, folder, cancel, code):
    """Whether the file is hashed or sent, no byte is missing and none comes twice."""
    path = folder / "offline_480p.mp4"
    expected = file_md5(path, cancel)
    faltering(code)
    with FileBody(path, cancel=cancel, on_bytes=lambda size: None) as body:
        assert FOLDER["offline_480p.mp4"] == b"".join(iter(body.read, b""))
        assert expected == body.md5
    path.write_bytes(FOLDER["offline_480p.mp4"] * 3)
    faltering(code)
    hashed = file_md5(path, cancel)
    faltering()
    assert file_md5(path, cancel) == hashed


@pytest.mark.parametrize("codes", [(errno.EIO, errno.EIO), (errno.EACCES,)], ids=["twice", "another error"])
def test_drive_that_fails_is_a_sentence(faltering, folder, cancel, codes):
    """What does not pass is told."""
    faltering(*codes)
    with FileBody(folder / "offline_480p.mp4", cancel=cancel, on_bytes=lambda size: None) as body:
        body.read()
        with pytest.raises(TransferError, match="can't be read"):
            body.read()


def test_looking_at_a_folder_is_tried_again(folder, monkeypatch):
    """A network drive may falter at the first look; a second time is told."""
    errors = [errno.ESTALE]
    names = publish_order.published_names

    def falter(place: Path) -> list[str]:
        if errors:
            raise OSError(errors.pop(), "gone")
        return names(place)

    monkeypatch.setattr(publish_order, "published_names", falter)
    assert len(FOLDER) == len(publish_order.collect(folder, PREFIX))
    errors[:] = [errno.EIO, errno.EIO]
    with pytest.raises(TransferError, match="can't be read"):
        publish_order.collect(folder, PREFIX)
