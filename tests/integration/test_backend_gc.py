"""`backend gc` after real uploads: a stream that was replaced is whole, and what it replaced is gone."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import requests

from backend.server import serve_in_thread
from backend.settings import BackendSettings
from cli.main import EXIT_DONE, run_command
from config import BackendApi, Config

TEN_DAYS_S = 10 * 86_400


@pytest.fixture
def server(tmp_path):
    """A backend of this test's own."""
    settings = BackendSettings.from_config(Config(), root=tmp_path / "root", token="a-token-for-one-test-alone-12345")
    with serve_in_thread(settings) as running:
        yield running


def _write(folder: Path, text: str) -> Path:
    for name in ("480p/seg_001.ts", "480p/seg_002.ts", "transcript.srt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text + name)
    (folder / "480p/index.m3u8").write_text("#EXTM3U\nseg_001.ts\nseg_002.ts\n")
    (folder / "master.m3u8").write_text("#EXTM3U\n480p/index.m3u8\n")
    return folder


def _age(root: Path) -> None:
    for file in root.rglob("*"):
        os.utime(file, (time.time() - TEN_DAYS_S,) * 2)


def test_a_replaced_stream_is_whole_when_its_earlier_version_is_gone(server, tmp_path, capsys):
    """A day after the upload everything stays; after ten days what players no longer ask for goes, and only that."""
    root, config = tmp_path / "root", Config(backend=BackendApi(url=server.url, token=server.settings.token))
    statuses = []
    for text in ("first ", "second "):
        statuses.append(
            run_command(
                ["upload", str(_write(tmp_path / text.strip(), text)), "courses/lesson/", "--replace"],
                Config(backend=config.backend, data_dir=tmp_path / "data"),
            )
        )
    gc = ["backend", "gc", "--root", str(root), "--delete", "--unmanaged"]
    statuses.append(run_command(gc, config))
    before = sorted(file.relative_to(root).as_posix() for file in root.rglob("*.ts"))
    _age(root)
    statuses += [run_command(gc, config), run_command(["verify", "courses/lesson/", "--deep"], config)]
    after = sorted(file.relative_to(root).as_posix() for file in root.rglob("*.ts"))
    master = requests.get(f"{server.url}/objects/courses/lesson/master.m3u8", timeout=60).text.splitlines()[-1]
    played = requests.get(f"{server.url}/objects/courses/lesson/{master}", timeout=60)
    folder = f"courses/lesson/{master.removesuffix('index.m3u8')}"
    segment = requests.get(f"{server.url}/objects/{folder}seg_002.ts", timeout=60)
    capsys.readouterr()

    assert [EXIT_DONE] * 5 == statuses
    assert ["courses/lesson/480p/seg_001.ts", "courses/lesson/480p/seg_002.ts"] == before[:2]
    assert [f"{folder}seg_001.ts", f"{folder}seg_002.ts"] == before[2:] == after
    assert (200, "second 480p/seg_002.ts") == (played.status_code, segment.text)
