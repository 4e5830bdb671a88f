"""cli.storage with a real S3 server: both ways, again, and what it says."""

import pytest

from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import Config
from server_config import ReferenceBackend, S3Storage

FILES = {"videos/a/master.m3u8": b"#EXTM3U", "videos/a/1080p/seg_001.ts": b"x" * 2000, "other.txt": b"other"}


@pytest.fixture
def store(tmp_path):
    """A local storage's folder with some files in it."""
    for path, content in FILES.items():
        (tmp_path / "store" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "store" / path).write_bytes(content)
    return tmp_path / "store"


@pytest.fixture
def command(s3_settings, store, capsys):
    """Return what runs `storage copy` and gives its status and what it wrote."""
    s3 = S3Storage(
        bucket=s3_settings.bucket,
        prefix=s3_settings.prefix,
        endpoint_url=s3_settings.endpoint_url,
        access_key_id=s3_settings.access_key_id,
        secret_access_key=s3_settings.secret_access_key,
    )

    def run(*arguments, local_path=store, **changed):
        server = ReferenceBackend(local_path=local_path, s3=S3Storage(**{**vars(s3), **changed}))
        status = run_command(["storage", "copy", *arguments], Config(server=server))
        written = capsys.readouterr()
        return status, written.out.splitlines(), written.err.splitlines()

    return run


def test_there_and_back(command, tmp_path):
    """What was copied to S3 comes back from there as it was; doing it again finds all of it there."""
    (tmp_path / "back").mkdir()
    status, said, wrong = command("--from", "LOCAL", "--to", "S3")
    assert (EXIT_DONE, []) == (status, wrong)
    assert "3 files (2.0 KB) copied from LOCAL to S3." == said[-1]
    assert any(line.startswith("Copying 100%  3 of 3 files, ") for line in said)

    assert (
        "3 files (2.0 KB) copied from S3 to LOCAL."
        == command("--from", "S3", "--to", "LOCAL", local_path=tmp_path / "back")[1][-1]
    )
    assert FILES == {path: (tmp_path / "back" / path).read_bytes() for path in FILES}
    assert (
        "0 files (0 bytes) copied from LOCAL to S3, 3 files there before."
        == command("--from", "LOCAL", "--to", "S3")[1][-1]
    )


def test_a_prefix_may_stand_anywhere(command, run, started, s3_settings):
    """Only what begins with the prefix is copied, with the content types that players need."""
    assert EXIT_DONE == command("--from", "local", "videos/", "--to", "s3")[0]
    assert sorted(path for path in FILES if path.startswith("videos/")) == run(started(s3_settings).list_files())


def test_nothing_to_copy(command):
    """An empty place is said to be empty."""
    expected = (EXIT_DONE, ["Nothing is stored in LOCAL under nothing/: there is nothing to copy."], [])
    assert expected == command("--from", "LOCAL", "--to", "S3", "nothing/")


def test_wrong_keys(command):
    """Keys that the server does not know are a matter of configuration."""
    status, said, wrong = command("--from", "LOCAL", "--to", "S3", access_key_id="WRONG")
    assert (EXIT_WRONG_USAGE, [], 1) == (status, said, len(wrong))
    assert "does not accept the access key" in wrong[0]


def test_a_full_storage(command):
    """A storage that may hold no more ends the copy with the figures."""
    status, _, wrong = command("--from", "LOCAL", "--to", "S3", max_size_gb=1000 / 1024**3)
    assert (EXIT_FAILED, 1) == (status, len(wrong))
    assert "The storage may hold 1000 bytes" in wrong[0]
    assert wrong[0].endswith("What was copied so far is not copied again.")


def test_a_file_that_cannot_be_stored(command, tmp_path):
    """A file whose place is taken is named, the others arrive, and the status says that not all did."""
    command("--from", "LOCAL", "--to", "S3")
    (tmp_path / "full" / "other.txt").mkdir(parents=True)
    (tmp_path / "full" / "other.txt" / "below").write_bytes(b"")

    status, said, wrong = command("--from", "S3", "--to", "LOCAL", local_path=tmp_path / "full")

    assert (EXIT_FAILED, "2 files (2.0 KB) copied from S3 to LOCAL.") == (status, said[-1])
    assert ["other.txt can't be stored", "1 file could not be copied"] == [
        line.removeprefix("hls-converter: ").split(":")[0] for line in wrong
    ]
