"""`models` lists, fetches and deletes, with a hub on loopback and a cache of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from json_events import events, fields
from model_hub import COMMIT, ModelHub, model_hub
from program import command

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def hub(small_model: Path) -> Iterator[ModelHub]:
    """A hub that has the small model under every name."""
    with model_hub(small_model) as running:
        yield running


@pytest.fixture
def run(hub: ModelHub, tmp_path: Path) -> Run:
    """Return a function that runs `models` with that hub and an empty cache."""
    plain = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environment = {**plain, "HF_HOME": str(tmp_path / "hf"), "HF_ENDPOINT": hub.address, "COLUMNS": "100"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command("models", *arguments), env=environment, capture_output=True, text=True)

    return run


def test_a_models_way(hub, run, tmp_path):
    """A model is fetched, listed, and deleted with everything that belongs to it."""
    cache = tmp_path / "hf" / "hub" / "models--Systran--faster-whisper-base"
    got = run("get", "base")
    assert (0, "") == (got.returncode, got.stderr)
    assert "Downloading the Whisper model 'base': needed once, then it stays on this computer." in got.stdout
    assert "Downloading the Whisper model 'base': 6 of 7 MB\n" in got.stdout
    assert f"The Whisper model 'base' is whole, each file with the hub's checksum: {cache}" in got.stdout
    listed = run("list")
    assert ["base", "whole"] == listed.stdout.splitlines()[1].split()[:2]
    (cache / "snapshots" / COMMIT / "config.json").write_text("{}", encoding="utf-8")
    assert "damaged (config.json)" in run("list").stdout
    weights = cache / "snapshots" / COMMIT / "model.bin"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    assert "incomplete (model.bin)" not in run("list").stdout
    (cache / "snapshots" / COMMIT / "config.json").write_bytes(hub.files["config.json"])
    assert "incomplete (model.bin)" in run("list").stdout
    weights.write_bytes(whole)
    assert "whole" in run("list").stdout
    (cache / "snapshots" / COMMIT / "config.json").unlink()
    assert "partly downloaded" in run("list").stdout
    (line,) = events(run("list", "--json").stdout)
    size = hub.size_bytes + len(COMMIT)
    assert fields(line) == {
        "event": "model",
        "name": "base",
        "state": "partial",
        "size_bytes": size,
        "folder": str(cache),
    }
    deleted = run("delete", "base")
    assert "The Whisper model 'base' was deleted (6.7 MB); a job that needs it fetches it.\n" == deleted.stdout
    assert [] == list((tmp_path / "hf").rglob("models--*"))


@pytest.mark.parametrize("arguments", [("get", "huge"), ("delete", "huge"), ("get", "a/b"), ("delete", "base")])
def test_a_name_that_is_none(run, arguments):
    """It is refused with a sentence."""
    done = run(*arguments)
    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith(
        {
            ("get", "huge"): "hls-converter: There is no Whisper model 'huge': choose one of tiny.en, ",
            ("delete", "huge"): "hls-converter: There is no Whisper model 'huge': choose one of tiny.en, ",
            ("get", "a/b"): "hls-converter: a/b is a folder, not the name of a Whisper model",
            ("delete", "base"): "hls-converter: The Whisper model 'base' isn't on this computer: there is nothing to",
        }[arguments]
    )


def test_an_empty_cache(run):
    """It says that there is no model, and which there are."""
    assert run("list").stdout.startswith("No Whisper model is on this computer yet; the first transcription fetches")
