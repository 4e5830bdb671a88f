"""backend.access.signing_secret: one secret for every process, and none that voids the URLs of another."""

import multiprocessing
import os
import stat

import pytest

from backend.access import signing_secret
from backend.access.signing import PRIVATE
from backend.access.signing_secret import SECRET_FILE, load_secret
from pipeline.errors import SettingsError

PROCESSES, ROOTS = 4, 12


@pytest.fixture
def file(tmp_path):
    """Where a secret is that was made."""
    load_secret(tmp_path)
    return tmp_path / PRIVATE / SECRET_FILE


def load_all(barrier, roots, told):
    """Load the secret of each folder at the moment when all other processes do."""
    found = []
    for root in roots:
        barrier.wait(timeout=120)
        found.append(load_secret(root))
    told.put(found)


def without_links(*_):
    """Fail as a file system without hard links does."""
    raise OSError(95, "Operation not supported")


def load_all_without_links(barrier, roots, told):
    """Do it where the file system has no hard links."""
    os.link = without_links
    load_all(barrier, roots, told)


@pytest.mark.parametrize("work", [load_all, load_all_without_links], ids=["links", "no links"])
def test_processes_that_start_together_agree(tmp_path, work):
    """Four processes on a fresh folder sign with one secret, and leave nothing beside it."""
    context = multiprocessing.get_context("spawn")
    barrier, told = context.Barrier(PROCESSES), context.Queue()
    roots = [tmp_path / str(number) for number in range(ROOTS)]
    processes = [context.Process(target=work, args=(barrier, roots, told)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    found = [told.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()

    assert [1] * ROOTS == [len(set(secrets)) for secrets in zip(*found, strict=True)]
    assert [[SECRET_FILE]] * ROOTS == [[entry.name for entry in (root / PRIVATE).iterdir()] for root in roots]


def test_it_stays_and_is_its_owners_alone(tmp_path, file):
    """The secret is random, stays the same, and only its owner may read it."""
    assert file.read_text() == load_secret(tmp_path) != load_secret(tmp_path / "other")
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize("content", [b"", b"\n", b"f" * 63, b"\xff" * 64], ids=["empty", "blank", "short", "binary"])
def test_a_spoilt_one_is_named_and_stays(tmp_path, file, content, monkeypatch):
    """It is never signed with and never replaced: that would void every URL without a word."""
    monkeypatch.setattr(signing_secret, "_WRITTEN_AFTER_S", 0)
    file.write_bytes(content)
    with pytest.raises(SettingsError, match="put back a copy"):
        load_secret(tmp_path)

    assert content == file.read_bytes()


def test_one_that_cannot_be_read_is_named(tmp_path, file, monkeypatch):
    """Nobody is given another secret because the file is another user's."""

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(signing_secret.Path, "read_bytes", denied)
    with pytest.raises(SettingsError, match=r"signing-secret.*Permission denied"):
        load_secret(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_others_are_kept_from_it(tmp_path, file, caplog):
    """One that others could read, as after an unpacked backup, is closed to them, with a warning."""
    file.chmod(0o644)
    load_secret(tmp_path)
    load_secret(tmp_path)

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert ["could read"] == [record.args[0] for record in caplog.records]
