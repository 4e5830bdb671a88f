"""A model's weights that were cut short are known by their headers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.speech.model_weights import is_incomplete


@pytest.fixture
def weights(tmp_path: Path, small_model: Path) -> Path:
    """A copy of the small model's weights."""
    return Path(shutil.copyfile(small_model / "model.bin", tmp_path / "model.bin"))


def test_the_whole_file(weights):
    """Is whole."""
    assert not is_incomplete(weights)


@pytest.mark.parametrize("kept", [0.999999, 0.5, 0.001, 0.000001, 0.0])
def test_a_file_that_was_cut(weights, kept):
    """Is found out wherever it was cut, in the weights, in a header or before them."""
    size_bytes = weights.stat().st_size
    with weights.open("r+b") as file:
        file.truncate(int(kept * size_bytes))
    assert is_incomplete(weights)


def test_another_form(tmp_path):
    """Of a form that is not known, nothing can be told."""
    path = tmp_path / "model.bin"
    path.write_bytes((7).to_bytes(4, "little"))
    assert not is_incomplete(path)
