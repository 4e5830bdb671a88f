"""What a progress row shows."""

from __future__ import annotations

import pytest

from ui import bar_changes as rows
from ui.bars import Bar, RowStatus
from ui.messages import RowsChosen


@pytest.mark.parametrize(
    ("bar", "figure"),
    [
        (Bar(label="x", fraction=0.0), "0%"),
        (Bar(label="x", fraction=0.999), "99%"),
        (Bar(label="x", fraction=1.0), "100%"),
        (Bar(label="x", fraction=1.2), "100%"),
        (Bar(label="x", fraction=0.4, status=RowStatus.FAILED), "failed"),
        (Bar(label="x", fraction=0.4, status=RowStatus.CANCELLED), "stopped"),
        (Bar(label="x", status=RowStatus.OFF), "off"),
        (Bar(label="x", status=RowStatus.SKIPPED), "skipped"),
        (Bar(label="x", status=RowStatus.WAITING), "waiting"),
    ],
    ids=["nothing", "nearly", "all", "more than all", "failed", "cancelled", "off", "skipped", "waiting"],
)
def test_figure(bar, figure):
    """100 % stands only at what is finished, and a word where a percentage would say nothing."""
    assert figure == bar.figure


@pytest.mark.parametrize(
    ("qualities", "above"), [(("1080p", "480p"), []), (("2160p", "480p"), ["2160p"])], ids=["usual", "4K"]
)
def test_rows_above_1080p_are_there_only_when_they_are_made(qualities, above):
    """Few videos are made so large: their rows take no room while they are off,
    while those of the usual qualities stay.
    """
    bars = rows.unstarted(RowsChosen(qualities=qualities, mp4=True, transcript=True, upload=False))
    assert [*above, "1080p", "720p", "480p", "360p"] == [bar.label for bar in bars.qualities if bar.shown]


def test_audio_alone_has_no_rows_of_a_video():
    """Only what can be made of it is there, before the start too."""
    bars = rows.unstarted(RowsChosen(qualities=("720p",), mp4=True, transcript=True, upload=False), audio_only=True)
    assert ["Overall", "Transcript", "Upload"] == [bar.label for bar in bars.all if bar.shown]
