"""The job that `upload` makes of its options."""

from __future__ import annotations

from cli.main import build_parser
from cli.upload import _job_from
from config import Config


def test_the_folder_in_which_one_is_has_its_path(tmp_path, monkeypatch):
    """A report that names "." helps nobody, and means that no files are kept."""
    monkeypatch.chdir(tmp_path)
    options = build_parser(Config()).parse_args(["upload", ".", "videos/"])
    assert tmp_path == _job_from(options, Config()).folder
