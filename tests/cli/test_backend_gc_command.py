"""`backend gc`: what an administrator is told, and that nothing goes unless it is said."""

import os
import time

import pytest

from backend.settings import BackendSettings
from cli.main import EXIT_DONE, EXIT_WRONG_USAGE, run_command
from config import Config

DAY_S = 86_400


@pytest.fixture
def root(tmp_path):
    """A backend's folder with files that have no manifest, ten days old."""
    folder = tmp_path / "root"
    BackendSettings.from_config(Config(), root=folder)
    for key in ("x/a.ts", "x/b.ts"):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(b"x" * 2048)
        os.utime(folder / key, (time.time() - 10.5 * DAY_S,) * 2)
    return folder


def _run(root, *options):
    return run_command(["backend", "gc", "--root", str(root), *options], Config())


def test_nothing_is_deleted_unless_it_is_said(root, capsys):
    """The list has size, age and key; --delete deletes what it has."""
    statuses = [_run(root), _run(root, "--unmanaged"), _run(root, "--unmanaged", "--older-than", "2w", "--delete")]
    there = sorted(file.name for file in root.rglob("*.ts"))
    statuses.append(_run(root, "--unmanaged", "--delete"))
    said = capsys.readouterr().out.splitlines()

    assert ([EXIT_DONE] * 4, ["a.ts", "b.ts"]) == (statuses, there)
    assert "No manifest of a finished upload: 2 files (4.0 KB) at 1 place. --unmanaged lists them, too." == said[0]
    assert ["There is nothing to delete.", "  Size  Age   Key", "2.0 KB  10 d  x/a.ts"] == said[1:4]
    assert "2 files, 4.0 KB, can be deleted." == said[5]
    assert "x/: 2 files that no manifest names may be of an upload that is under way: kept." == said[6]
    assert ("2 files deleted, 4.0 KB.", []) == (said[-1], list(root.rglob("*.ts")))


@pytest.mark.parametrize("text", ["0", "30m", "soon"])
def test_what_an_upload_may_still_need_cant_be_asked_for(root, capsys, text):
    """Less than an hour is refused, as is what is no time."""
    assert EXIT_WRONG_USAGE == _run(root, "--unmanaged", "--delete", "--older-than", text)
    assert capsys.readouterr().err.startswith("hls-converter: --older-than must be ")
    assert 2 == len(list(root.rglob("*.ts")))


def test_no_backend_is_made_by_looking(tmp_path, capsys):
    """A folder that is not there, or whose disk is not mounted, is a sentence, and is not made a backend's."""
    (tmp_path / "empty").mkdir()
    for name in ("nothing", "empty"):
        assert EXIT_WRONG_USAGE == _run(tmp_path / name)
        assert f"{name} is no storage of this backend" in capsys.readouterr().err
    assert ([], False) == (list((tmp_path / "empty").iterdir()), (tmp_path / "nothing").exists())
