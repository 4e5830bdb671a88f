"""Changes of shot are found in the segments of a rendition."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from source_clips import AAC, H264, run

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, FfmpegError
from pipeline.media.encode import shot_changes as module
from pipeline.media.encode.shot_changes import shot_changes, shot_changes_of_source
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media.source.probe import probe

COLOURS = ("red", "white", "black", "yellow")


@pytest.fixture(scope="module")
def rendition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four shots of 1.48 s, in segments of 2 s that begin at 10 s as those of a stream do."""
    folder = tmp_path_factory.mktemp("shots") / "90p größe"
    folder.mkdir()
    shots = [part for c in COLOURS for part in ("-f", "lavfi", "-i", f"color={c}:size=160x90:rate=25:duration=1.48")]
    joined = ("-filter_complex", "concat=n=4:v=1:a=0")
    run(folder, "index.m3u8", *shots, *joined, *H264, "-g", "50", "-output_ts_offset", "10", "-hls_time", "2")
    return folder


def found(folder: Path, cancel: CancelToken | None = None) -> list[float]:
    """The changes in a folder."""
    return shot_changes(folder, find_ffmpeg(""), cancel or CancelToken())


def test_changes_count_from_the_first_frame(rendition):
    """Whenever the stream's clock begins, and whatever segment a change lies in."""
    assert [1.48, 2.96, 4.44] == found(rendition)


def test_nothing_is_left_in_the_folder(rendition):
    """The stream's folder is published."""
    before = sorted(path.name for path in rendition.iterdir())
    found(rendition)
    assert before == sorted(path.name for path in rendition.iterdir())


def test_changes_in_a_source_count_from_its_first_moment(tmp_path):
    """Which may be that of its audio, before the first frame of video; a file without video has none."""
    shots = [part for c in COLOURS for part in ("-f", "lavfi", "-i", f"color={c}:size=640x360:rate=25:duration=1.48")]
    tone = ("-f", "lavfi", "-i", "sine=duration=7")
    graph = ("-filter_complex", "concat=n=4:v=1:a=0,setpts=PTS+1/TB[v]", "-map", "[v]", "-map", "4:a")
    late = run(tmp_path, "late.mkv", *shots, *tone, *graph, *H264, *AAC)
    alone = run(tmp_path, "alone.m4a", *tone, *AAC)
    made = [shot_changes_of_source(probe(path), find_ffmpeg(""), CancelToken()) for path in (late, alone)]
    assert [[2.48, 3.96, 5.44], []] == made


@pytest.fixture
def stretches(monkeypatch):
    """Stretches of two seconds; the list of what is looked through: from when, until when."""
    looked: list[tuple[int, int | None]] = []
    real = module._looked_through

    def noted(video, from_s, until_s, ffmpeg, cancel):
        looked.append((from_s, until_s))
        return real(video, from_s, until_s, ffmpeg, cancel)

    monkeypatch.setattr(module, "stretch_s", lambda pixels: 2)
    monkeypatch.setattr(module, "_looked_through", noted)
    return looked


def test_a_long_stream_is_looked_through_in_stretches(rendition, stretches):
    """The changes are those of one run, each found once."""
    assert [1.48, 2.96, 4.44] == found(rendition)
    assert [(0, 2), (0, 4), (2, None)] == stretches


def test_a_source_is_looked_through_in_stretches(tmp_path, stretches):
    """Also where one frame stands longer than a stretch, and where a change is the first frame of one."""
    colours = {"red": 2, "white": 5, "black": 1, "yellow": 4}
    shots = [
        p for c, s in colours.items() for p in ("-f", "lavfi", "-i", f"color={c}:size=640x360:rate=25:duration={s}")
    ]
    graph = ("-filter_complex", "concat=n=4:v=1:a=0,mpdecimate=max=0[v]", "-map", "[v]", "-fps_mode", "vfr")
    clip = run(tmp_path, "stills.mkv", *shots, *graph, *H264, "-g", "1000")
    changes = shot_changes_of_source(probe(clip), find_ffmpeg(""), CancelToken())
    assert [2.0, 7.0, 8.0] == changes
    assert (True, True) == (len(stretches) > 5, (0, 8) in stretches)


def test_what_an_earlier_run_has_found_is_not_looked_for_again(rendition, tmp_path, stretches, monkeypatch):
    """Nor if it was killed: it goes on with the stretch that it was at. Other segments are looked through anew."""
    log, ffmpeg = tmp_path / "shots.jsonl", find_ffmpeg("")
    whole = module._looked_through

    def fails(video, from_s, until_s, ffmpeg, cancel):
        if until_s is None:
            raise Cancelled
        return whole(video, from_s, until_s, ffmpeg, cancel)

    monkeypatch.setattr(module, "_looked_through", fails)
    with pytest.raises(Cancelled):
        shot_changes(rendition, ffmpeg, CancelToken(), log=log)
    monkeypatch.setattr(module, "_looked_through", whole)
    stretches.clear()
    assert [1.48, 2.96, 4.44] == shot_changes(rendition, ffmpeg, CancelToken(), log=log)
    assert [(2, None)] == stretches
    other = shutil.copytree(rendition, tmp_path / "other")
    stretches.clear()
    shot_changes(other, ffmpeg, CancelToken(), log=log)
    assert 3 == len(stretches)


@pytest.mark.parametrize(
    ("pixels", "expected_s"), [(640 * 360, 1800), (1920 * 1080, 300), (3840 * 2160, 75), (7680 * 4320, 60), (0, 1800)]
)
def test_a_stretch_is_about_a_minutes_work(pixels, expected_s):
    """Larger frames take longer to decode."""
    assert expected_s == module.stretch_s(pixels)


def test_one_shot_has_no_change(tmp_path):
    """Nor has a folder without a rendition."""
    run(tmp_path, "index.m3u8", "-f", "lavfi", "-i", "color=red:size=160x90:rate=25:duration=1", *H264)
    assert ([], []) == (found(tmp_path), found(tmp_path / "gone"))


def test_encrypted_segments_are_not_asked_for(rendition, tmp_path):
    """Their key may lie on a server."""
    text = '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="https://keys.invalid/1"\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST\n'
    (tmp_path / "index.m3u8").write_text(text, encoding="utf-8")
    assert [] == found(tmp_path)


def test_segments_that_are_none(tmp_path):
    """Whoever asks is told."""
    (tmp_path / "index.m3u8").write_text("#EXTM3U\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST\n", encoding="utf-8")
    (tmp_path / "a.ts").write_text("nothing", encoding="utf-8")
    with pytest.raises(FfmpegError):
        found(tmp_path)


def test_it_can_be_cancelled(rendition):
    """As everything can."""
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        found(rendition, cancel)
