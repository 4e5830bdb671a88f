"""What a folder's playlists say of a stream, whoever made it."""

from __future__ import annotations

import pytest

from pipeline.media.validate.stream_summary import StreamSummary, summarize

MEDIA = "#EXTM3U\n#EXTINF:6,\na.ts\n#EXTINF:2.5,\nb.ts\n#EXT-X-ENDLIST\n"


def _variant(uri: str, size: str = "") -> str:
    return f"#EXT-X-STREAM-INF:BANDWIDTH=1{f',RESOLUTION={size}' if size else ''}\n{uri}\n"


@pytest.mark.parametrize(
    ("master", "expected"),
    [
        pytest.param(
            _variant("360p/m.m3u8", "480x360") + _variant("1080p/m.m3u8", "1920x800"),
            (8.5, ("1080p", "360p")),
            id="our layout",
        ),
        pytest.param(_variant("360p/m.m3u8") + _variant("360p/m.m3u8"), (8.5, ("360p",)), id="a quality twice"),
        pytest.param(
            _variant("360p/m.m3u8", "360x640") + _variant("hi.m3u8", "720x1280"), (8.5, ("720p", "360p")), id="portrait"
        ),
        pytest.param(_variant("a%20b.m3u8", "640x360"), (8.5, ("360p",)), id="escaped address"),
        pytest.param(_variant("https://cdn.example.com/x.m3u8", "640x360"), (None, ("360p",)), id="elsewhere"),
        pytest.param(_variant("nul\0.m3u8"), (None, ()), id="impossible address"),
        pytest.param(_variant("360p/m.m3u8")[:-13], (None, ()), id="torn"),
        pytest.param(MEDIA, (8.5, ()), id="media playlist"),
        pytest.param("", (None, ()), id="empty"),
    ],
)
def test_summary(tmp_path, master, expected):
    """Length and qualities, as far as they can be told."""
    for name in ("360p/m.m3u8", "1080p/m.m3u8", "a b.m3u8"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(MEDIA)
    (tmp_path / "master.m3u8").write_text(master)
    assert StreamSummary(duration_s=expected[0], qualities=expected[1]) == summarize(tmp_path / "master.m3u8")


def test_no_stream(tmp_path):
    """Nothing there, nothing to tell."""
    assert StreamSummary(duration_s=None, qualities=()) == summarize(tmp_path / "master.m3u8")
