"""cli.storage: what an administrator asks wrongly, and Ctrl-C; copies themselves are tested where storages are."""

import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cli.interrupts import EXIT_CANCELLED
from cli.main import EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import Config
from server_config import ReferenceBackend, S3Storage

ROOT = Path(__file__).resolve().parents[2]
COPY = ["storage", "copy", "--from", "LOCAL", "--to", "S3"]
BUCKET = S3Storage(
    bucket="videos", access_key_id="KEY", secret_access_key="a-secret", endpoint_url="http://127.0.0.1:1"
)


@pytest.fixture
def config(tmp_path):
    """A configuration with a local folder, and a bucket on a server that is not there."""
    (tmp_path / "store").mkdir()
    return Config(server=ReferenceBackend(local_path=tmp_path / "store", s3=BUCKET))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["storage", "copy", "--from", "s3", "--to", "S3"], "--from and --to both name S3"),
        ([*COPY, "../elsewhere/"], "'..'"),
    ],
)
def test_what_is_asked_wrongly_is_said(config, capsys, arguments, sentence):
    """Two equal places and a prefix outside of the storage are wrong usage."""
    assert EXIT_WRONG_USAGE == run_command(arguments, config)
    assert sentence in capsys.readouterr().err


def test_all_wrong_settings_are_said_at_once(config, capsys, tmp_path):
    """Every setting that has to be mended is named."""
    server = replace(config.server, local_path=tmp_path / "gone", s3=replace(BUCKET, bucket=""))
    assert EXIT_WRONG_USAGE == run_command(COPY, replace(config, server=server, problems=("A problem of .env.",)))

    expected = ["A problem of .env.", "STORAGE_S3_BUCKET is empty: set it to the bucket's name."]
    assert [f"hls-converter: {sentence}" for sentence in expected] == capsys.readouterr().err.splitlines()


def test_a_folder_that_is_not_there_is_no_empty_storage(config, capsys, tmp_path):
    """A mistyped STORAGE_LOCAL_PATH is named, and not made."""
    server = replace(config.server, local_path=tmp_path / "gone")
    assert EXIT_WRONG_USAGE == run_command(COPY, replace(config, server=server))

    assert f"{tmp_path / 'gone'} does not exist" in capsys.readouterr().err
    assert not (tmp_path / "gone").exists()


def test_a_server_that_is_not_there_is_a_failure(config, capsys, monkeypatch):
    """What may be there later ends with status 1 and a sentence without a secret."""
    monkeypatch.setattr("storage.s3_bucket.TRIES", 1)
    assert EXIT_FAILED == run_command(COPY, config)

    said = capsys.readouterr().err
    assert "hls-converter: http://127.0.0.1:1 can't be reached" in said
    assert "a-secret" not in said


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 1000\r\n\r\n<ListBucketResult>"


@pytest.mark.parametrize("moment", ["connected", "asked", "half answered", "asked again"])
def test_ctrl_c_ends_in_order(tmp_path, moment):
    """Ctrl-C while a server does not answer ends the program with a sentence and status 130,
    wherever the exchange stands.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        environment = {
            "STORAGE_LOCAL_PATH": str(tmp_path),
            "STORAGE_S3_BUCKET": "videos",
            "STORAGE_S3_ACCESS_KEY_ID": "KEY",
            "STORAGE_S3_SECRET_ACCESS_KEY": "a-secret",
            "STORAGE_S3_ENDPOINT_URL": f"http://127.0.0.1:{server.getsockname()[1]}",
        }
        command = [sys.executable, "-W", "error", str(ROOT / "hls_converter.py"), *COPY]
        with subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as program:
            connection, _ = server.accept()
            if moment == "asked again":
                connection.close()
                connection, _ = server.accept()
            with connection:
                if moment != "connected":
                    connection.recv(1)
                if moment == "half answered":
                    connection.sendall(ANSWER)
                program.send_signal(signal.SIGINT)
                out, said = program.communicate(timeout=300)

    expected = (EXIT_CANCELLED, "", "hls-converter: Cancelled. What was copied so far is not copied again.\n")
    assert expected == (program.returncode, out, said)
