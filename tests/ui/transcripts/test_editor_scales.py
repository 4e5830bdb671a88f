"""The transcript editor on screens of every density."""

from __future__ import annotations

import subprocess
from tkinter.font import nametofont

import pytest
from cut_off import faults
from displays import needs_xvfb


@needs_xvfb
@pytest.mark.parametrize(
    ("dense_screen", "size"),
    [
        pytest.param((96, "1280x900"), "900x560", id="1-smallest"),
        pytest.param((144, "1920x1300"), "", id="1.5"),
        pytest.param((192, "3840x2160"), "1800x1120", id="2-smallest"),
        pytest.param((240, "3840x2160"), "3840x2160", id="2.5-largest"),
    ],
    indirect=["dense_screen"],
)
def test_everything_in_the_editor_is_whole(dense_screen, open_editor, path, tmp_path, request, size):
    """Nothing is cut off, outside of what holds it, or overlapping; a picture is left in the test's folder."""
    app = open_editor(path).ready().app
    if size:
        app.geometry(size)
    app.update()
    picture = tmp_path / f"{request.node.callspec.id}.png"
    subprocess.run(["import", "-window", str(app.winfo_id()), str(picture)], check=True, timeout=60)
    assert [] == faults(app)


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(192, "2560x1600")], ids=["scale-2"], indirect=True)
def test_distances_in_the_editor_grow_with_the_density(dense_screen, open_editor, path):
    """What lies around its parts is twice as many pixels at twice the density."""
    view = open_editor(path).ready().view
    videos, segments = view.videos.frame, view.segments.frame
    assert 2 * 12 == segments.winfo_rootx() - videos.winfo_rootx() - videos.winfo_width()


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(96, "1280x900"), (240, "3840x2160")], ids=["1", "2.5"], indirect=True)
def test_headings_of_conflicts_are_whole(dense_screen, open_editor, path):
    """Their columns grow with the text."""
    tree = open_editor(path).ready().view.collisions.tree
    font = nametofont("TkHeadingFont", root=tree)
    cut = [name for name in tree["columns"] if font.measure(tree.heading(name, "text")) > tree.column(name, "width")]
    assert ([], 60) == (cut, round(tree.column("decision", "minwidth") * 96 / tree.winfo_fpixels("1i")))


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(96, "2600x1600")], ids=["large"], indirect=True)
def test_the_editor_follows(dense_screen, open_editor, path):
    """Drawn for another density while it is open, it is whole, and its rows have room for two lines of the text."""
    driver = open_editor(path).ready()
    app, table = driver.app, driver.view.segments.table
    first, low = app.rescaling.scaling, table.row_height
    app.rescaling.use(2 * first)
    driver.settled()
    assert (pytest.approx(2 * low, abs=16), []) == (table.row_height, faults(app))
    app.rescaling.use(first)
    driver.settled()
    assert (low, []) == (table.row_height, faults(app))
