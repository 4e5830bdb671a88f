"""`verify` on the command line: a line a difference, a count, and the exit status."""

from __future__ import annotations

import shutil

import pytest
from inventory_server import NAMES, PREFIX, running_inventory, upload, write_job
from json_events import events, fields

from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import BackendApi, Config

SEGMENT = "480p/seg_001.ts"


@pytest.fixture
def server():
    """A server that offers everything."""
    with running_inventory() as running:
        yield running


@pytest.fixture
def folder(tmp_path, server):
    """A folder that was uploaded."""
    upload(server, write_job(tmp_path / "lesson"), tmp_path / "data")
    return tmp_path / "lesson"


@pytest.fixture
def run(server, tmp_path, capsys):
    """A function that runs `verify` and returns exit status, standard output and standard error."""

    def start(*arguments, backend=server.api):
        status = run_command(["verify", *map(str, arguments)], Config(backend=backend, data_dir=tmp_path / "data"))
        return status, *capsys.readouterr()

    return start


@pytest.mark.parametrize("deep", [[], ["--deep"]], ids=["quick", "deep"])
def test_what_agrees_is_one_line(run, folder, deep):
    """How much was compared, exit 0."""
    compared = f"of {len(NAMES)} files {len(NAMES)} on this computer and {len(NAMES)} on the server were compared."
    assert (EXIT_DONE, f"No difference found: {compared}\n", "") == run(folder, *deep)


def test_a_computer_that_uploaded_nothing_knows_the_destination_from_the_server(run, server, folder, tmp_path):
    """As restore does; what neither knows is said."""
    shutil.rmtree(tmp_path / "data")
    status, out, _ = run(PREFIX, "--deep")
    assert (EXIT_DONE, True) == (status, f"0 on this computer and {len(NAMES)} on the server" in out)
    del server.objects[PREFIX + SEGMENT]
    assert (EXIT_FAILED, f"{SEGMENT} (server): The file is missing.") == (
        run(PREFIX)[0],
        run(PREFIX)[1].splitlines()[0],
    )
    status, _, err = run("videos/unknown/")
    assert (EXIT_WRONG_USAGE, True) == (status, "the server has none" in err)


def test_a_difference_is_a_line_with_file_and_side(run, server, folder):
    """Exit 1, and the count."""
    (folder / SEGMENT).unlink()
    del server.objects[PREFIX + "master.m3u8"]
    status, out, _ = run(folder)
    first, second, last = out.splitlines()
    assert (EXIT_FAILED, f"{SEGMENT} (this computer): The file is missing.") == (status, first)
    assert ("master.m3u8 (server): The file is missing.", "2 differences found") == (second, last.split(":")[0])


def test_what_was_not_checked_is_said(run, server, folder):
    """A server that offers nothing is not a difference."""
    server.offers = None
    status, out, _ = run(folder)
    assert (EXIT_DONE, [True, True, False]) == (status, [line.startswith("Not checked: ") for line in out.splitlines()])
    assert out.splitlines()[-1].startswith(
        "No difference found, and 6 files not proven to be on the server: of 6 files"
    )


def test_json_has_an_object_a_line(run, server, folder):
    """Findings with their side, what was not checked, the counts."""
    server.put(PREFIX + SEGMENT, b"short")
    server.put(PREFIX + "old.ts", b"x")
    finding, unchecked, last = map(fields, events(run(folder, "--json")[1]))
    text = f"The file has 5 bytes, in the manifest {(folder / SEGMENT).stat().st_size}."
    assert {"event": "finding", "file": SEGMENT, "side": "server", "text": text} == finding
    assert "unchecked" == unchecked["event"]
    assert {
        "event": "verification_finished",
        "findings": 1,
        "files": 6,
        "local_files": 6,
        "server_files": 6,
        "unproven": 0,
    } == last


def test_without_a_backend_the_files_here_are_compared(run, folder):
    """And it is said."""
    status, out, _ = run(folder / "manifest.json", backend=BackendApi())
    assert (EXIT_DONE, True, True) == (
        status,
        "No backend is configured" in out,
        "6 on this computer and 0 on the server" in out,
    )


@pytest.mark.parametrize("backend", ["backend", "public addresses"])
@pytest.mark.parametrize("kept", ["folder's", "library's", "server's"])
def test_a_manifest_alone_is_enough_on_a_fresh_computer(server, folder, tmp_path, capsys, kept, backend):
    """Whichever copy of it was kept, under any name: the files are verified and restored, also without a backend."""
    kept_copies = {
        "folder's": lambda: (folder / "manifest.json").read_bytes(),
        "library's": lambda: next((tmp_path / "data").rglob("*_s3_manifest.json")).read_bytes(),
        "server's": lambda: server.objects[f"{PREFIX}manifest.json"].body,
    }
    alone, out = tmp_path / "Downloads" / "manifest (1).json", tmp_path / "back"
    alone.parent.mkdir()
    alone.write_bytes(kept_copies[kept]())
    folder.rename(tmp_path / "gone")
    shutil.rmtree(tmp_path / "data")
    config = Config(backend=server.api if backend == "backend" else BackendApi(), data_dir=tmp_path / "fresh")

    def run(*arguments):
        return run_command(list(map(str, arguments)), config), capsys.readouterr().out

    status, text = run("verify", alone, "--deep")
    compared = f"No difference found: of {len(NAMES)} files 0 on this computer and {len(NAMES)} on the server"
    assert (EXIT_DONE, True, True) == (status, "The files are not on this computer." in text, compared in text)
    status, text = run("manifest", "restore", alone, "-o", out)
    assert (EXIT_DONE, True) == (status, f"{len(NAMES)} files restored to {out}" in text)
    compared = f"of {len(NAMES)} files {len(NAMES)} on this computer and {len(NAMES)} on the server were compared."
    status, text = run("verify", out, "--deep")
    assert (EXIT_DONE, f"No difference found: {compared}") == (status, text.splitlines()[-1])


def test_what_is_no_manifest_is_wrong_usage(run, tmp_path):
    """Exit 2 and one sentence, whether folder, file or nothing."""
    (tmp_path / "video.mp4").write_bytes(b"x")
    ended = [run(tmp_path / name) for name in ("", "nowhere", "video.mp4")]
    assert ([EXIT_WRONG_USAGE] * 3, [1] * 3) == (
        [status for status, _, _ in ended],
        [len(err.splitlines()) for _, _, err in ended],
    )


def test_a_wrong_token_is_one_sentence(run, server, folder):
    """It is not a difference."""
    status, out, err = run(folder, backend=BackendApi(url=server.url, token="wrong"))
    assert (EXIT_FAILED, "", 1) == (status, out, len(err.splitlines()))
