"""What an earlier upload of a folder has left, also where its journal is long."""

from __future__ import annotations

import pytest
from upload_parts import FOLDER, PREFIX, write_folder

from config import BackendApi
from pipeline.transfer.upload import earlier_upload
from pipeline.transfer.upload.earlier_upload import TAIL_BYTES, PreviousUpload, previous_upload
from pipeline.transfer.upload.journal import JOURNAL_FILE, Confirmed, UploadDestination, UploadJournal

BACKEND = BackendApi(url="https://api.example.com", token="token-of-an-editor-0123456789")
HERE = UploadDestination(backend_url=BACKEND.url, prefix=PREFIX)
MANY = TAIL_BYTES // 100
MASTER = "master.m3u8"


@pytest.fixture
def folder(tmp_path):
    """A folder with the files of a finished job."""
    return write_folder(tmp_path / "lesson")


def run_of(folder, names, *, destination=HERE, resume=False, before=0):
    """Write a run of an upload that confirmed these files, after so many that are gone since."""
    with UploadJournal(folder, destination, resume=resume, now="2026-02-02T10:30:00Z") as journal:
        for name in (*(f"gone/seg_{number}.ts" for number in range(before)), *names):
            file = folder / name
            status = file.stat() if file.exists() else folder.stat()
            key = destination.prefix + name
            size_bytes = status.st_size if file.exists() else 1
            journal.confirm(
                name, Confirmed(size_bytes=size_bytes, mtime_ns=status.st_mtime_ns, key=key, url="", md5="0" * 32)
            )


def left(folder):
    """Return what the upload has left undone."""
    return previous_upload(folder, BACKEND, PREFIX, None)


def test_a_long_journal_of_a_published_stream_is_read_at_its_end_only(folder, monkeypatch):
    """Nothing is left to do; of 30,000 files it would take a second to hear it from the whole."""
    run_of(folder, FOLDER, before=MANY)
    monkeypatch.setattr(earlier_upload, "read_journal", None)
    assert (True, None) == ((folder / JOURNAL_FILE).stat().st_size > TAIL_BYTES, left(folder))


def test_a_master_that_was_confirmed_long_before_the_end_is_found(folder):
    """What was found to be there again may have been noted after it."""
    run_of(folder, [MASTER])
    run_of(folder, [], resume=True, before=MANY)
    assert left(folder) is None


@pytest.mark.parametrize("before", [0, MANY], ids=["short", "long"])
def test_an_upload_that_began_anew_after_a_published_one_is_not_finished(folder, before):
    """The master that its last lines name belongs to the run before."""
    run_of(folder, FOLDER, before=before)
    run_of(folder, [name for name in FOLDER if name != MASTER])
    assert PreviousUpload(files_done=len(FOLDER) - 1, files_total=len(FOLDER)) == left(folder)


def test_a_master_at_another_destination_is_not_this_ones(folder):
    """Every line names its destination."""
    run_of(folder, [name for name in FOLDER if name != MASTER], before=MANY)
    run_of(folder, FOLDER, destination=UploadDestination(backend_url=BACKEND.url, prefix="elsewhere/"))
    assert PreviousUpload(files_done=len(FOLDER) - 1, files_total=len(FOLDER)) == left(folder)


@pytest.mark.parametrize("torn", [b'{"to":"', b"\xff\xfe\n"], ids=["half a line", "no line"])
def test_a_torn_end_is_no_end(folder, torn):
    """A half line is left out; a line that is none makes the journal one of no use, from which nothing is gone on."""
    run_of(folder, [name for name in FOLDER if name != MASTER], before=MANY)
    with (folder / JOURNAL_FILE).open("ab") as journal:
        journal.write(torn)
    expected = PreviousUpload(files_done=len(FOLDER) - 1, files_total=len(FOLDER)) if torn[:1] == b"{" else None
    assert expected == left(folder)
