"""`backend backup` and `backend restore`: what an administrator is told."""

import pytest

from backend.settings import BackendSettings
from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import Config
from server_config import ReferenceBackend, S3Storage


@pytest.fixture
def root(tmp_path):
    """A backend's folder with one object."""
    BackendSettings.from_config(Config(), root=tmp_path / "root")
    (tmp_path / "root" / "a.ts").write_bytes(b"x" * 2048)
    return tmp_path / "root"


def test_a_backup_is_made_and_restored(root, tmp_path, capsys):
    """It says where it is, how much it is, and that it has a secret."""
    place, again = str(tmp_path / "backups"), tmp_path / "again"
    statuses = [
        run_command(["backend", *arguments], Config())
        for arguments in (
            ["backup", place, "--root", str(root)],
            ["--root", str(root), "backup", place],
            ["restore", place, "--root", str(again)],
        )
    ]
    said = capsys.readouterr().out

    assert ([EXIT_DONE] * 3, b"x" * 2048) == (statuses, (again / "a.ts").read_bytes())
    assert "Saved:   3 files, 2.2 KB\n" in said
    assert "Saved:   3 files, 2.2 KB, 2.0 KB of it as in the backup before\n" in said
    assert "It has the secret that signs addresses: keep it where nobody else can read it.\n" in said
    assert f"Restored:  the backend's own files and 1 object (2.0 KB), in {again}\n" in said


def test_with_s3_the_bucket_is_named_that_is_not_in_it(root, tmp_path, capsys):
    """Only what is the backend's own is saved, and the restore says so, too."""
    config = Config(server=ReferenceBackend(storage_type="S3", local_path=root, s3=S3Storage(bucket="videos")))
    run_command(["backend", "backup", str(tmp_path / "backups")], config)
    run_command(["backend", "restore", str(tmp_path / "backups"), "--root", str(tmp_path / "again")], config)
    said = capsys.readouterr().out

    assert "The objects in s3://videos/storage are not in it: turn on the bucket's versioning" in said
    assert "The objects are not part of it: they are in s3://videos/storage.\n" in said
    assert [".backend"] == [entry.name for entry in (tmp_path / "again").iterdir()]


def test_a_damaged_object_is_exit_1(root, tmp_path, capsys):
    """Its name goes to standard error."""
    run_command(["backend", "--root", str(root), "backup", str(tmp_path / "backups")], Config())
    next((tmp_path / "backups").glob("*/objects/a.ts")).write_bytes(b"y" * 2048)
    status = run_command(["backend", "restore", str(tmp_path / "backups"), "--root", str(tmp_path / "again")], Config())

    said = capsys.readouterr().err
    assert (EXIT_FAILED, "hls-converter: a.ts is damaged in the backup, and was left out.\n") == (status, said)


def test_a_full_folder_and_no_backup_are_sentences(root, tmp_path, capsys):
    """Exit 2 for what can be chosen otherwise, 1 for what is not there."""
    place = str(tmp_path / "backups")
    statuses = [run_command(["backend", "restore", place], Config())]
    run_command(["backend", "--root", str(root), "backup", place], Config())
    statuses.append(run_command(["backend", "restore", place, "--root", str(root)], Config()))
    first, second = capsys.readouterr().err.splitlines()

    assert [EXIT_FAILED, EXIT_WRONG_USAGE] == statuses
    assert first.startswith(f"hls-converter: There is no whole backup in {place}")
    assert second.startswith(f"hls-converter: {root} is not empty")


def test_older_backups_go_when_that_is_said(root, tmp_path, capsys):
    """Not before the new one is whole; to keep none is wrong usage."""
    place = tmp_path / "backups"
    for options in ([], [], ["--keep", "2"], ["--keep", "0"]):
        status = run_command(["backend", "--root", str(root), "backup", str(place), *options], Config())

    said = capsys.readouterr()
    assert ("1 older backup removed.", 2) == (said.out.splitlines()[-1], len(list(place.iterdir())))
    assert (EXIT_WRONG_USAGE, True) == (status, said.err.startswith("hls-converter: --keep must be at least 1"))
