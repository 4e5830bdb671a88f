"""The validator on streams of all kinds: good, wrongly encoded and encrypted ones, and what is not a stream."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import stream_folders as streams

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, OutputError, SettingsError
from pipeline.media.validate import Severity, Validation, validate
from pipeline.media.validate.variant_rules import peak_bit_rate

KEY = bytes(range(16))
KEPT_FILES = Path(__file__).parents[2] / "kept"
"""job.json as earlier versions of the program wrote it."""


@pytest.fixture(scope="module")
def _good(tmp_path_factory) -> Path:
    return streams.make_ts(tmp_path_factory.mktemp("good") / "stream")


@pytest.fixture
def stream(_good, tmp_path) -> Path:
    """A copy of a good stream in transport streams, for one test to change."""
    shutil.copytree(_good, tmp_path / "stream")
    return tmp_path / "stream"


def _rules(validation: Validation) -> set[str]:
    return {finding.rule for finding in validation.findings}


@pytest.mark.parametrize("codec", ["libx265", "libsvtav1"])
def test_hevc_and_av1_in_fragmented_mp4_break_no_rule(codec, tmp_path):
    """Their profiles and levels are read from their own headers."""
    validation = validate(streams.make_fmp4(tmp_path / "stream", codec=codec, sizes={"180p": (320, 180)}))
    assert ((), ()) == (validation.findings, validation.unchecked)


BREAKS, PLAYS = Severity.BREAKS_PLAYBACK, Severity.NOT_IDEAL
ENCODINGS = [
    ("pixels that are not square", ["-vf", "scale=320:180,setsar=4/3"], {}, "Apple 1.33", PLAYS),
    ("interlaced", ["-vf", "scale=320:180,setsar=1,setfield=tff", "-flags", "+ilme+ildct"], {}, "Apple 1.14", PLAYS),
    ("4:2:2", ["-vf", "scale=320:180,setsar=1", "-pix_fmt", "yuv422p", "-profile:v", "high422"], {},
     "Apple 1.3b", BREAKS),
    ("ten bits", ["-vf", "scale=320:180,setsar=1", "-pix_fmt", "yuv420p10le", "-profile:v", "high10"], {},
     "Apple 9.16", PLAYS),
    ("ten bits in H.264", ["-vf", "scale=320:180,setsar=1", "-pix_fmt", "yuv420p10le", "-profile:v", "high10"], {},
     "Apple 1.3b", BREAKS),
    ("level too high", ["-level", "4.2"], {}, "Apple 1.11", PLAYS),
    ("level that Apple does not play", ["-level", "6.1"], {}, "Apple 1.3b", BREAKS),
    ("level too low for the size", ["-level", "1"], {}, "Apple 1.11", BREAKS),
    ("level too low for the rate", ["-level", "1.2"], {"rate": 50}, "Apple 1.11", PLAYS),
    ("100 frames a second", [], {"rate": 100}, "Apple 1.19", PLAYS),
    ("two audio tracks", ["-map", "0:v", "-map", "1:a", "-map", "1:a"], {}, "Apple 2.17", PLAYS),
    ("six channels beside the video", ["-ac", "6"], {}, "Apple 9.6", PLAYS),
    ("a codec of old", ["-c:v", "mpeg2video", "-b:v", "1M"], {}, "Apple 1.1", BREAKS),
    ("a video that is HDR but does not say so",
     ["-vf", "setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc"], {},
     "Apple 9.16", BREAKS),
]  # fmt: skip


@pytest.mark.parametrize(("options", "inputs", "rule", "severity"), [pytest.param(*e[1:], id=e[0]) for e in ENCODINGS])
def test_a_video_or_audio_that_is_not_as_players_want_it_is_found(options, inputs, rule, severity, tmp_path):
    """The segments themselves are judged, whatever the playlists say; what they can play all the same is not ideal."""
    folder = streams.make_plain(tmp_path / "stream", options, inputs=streams.source(**{"seconds": 2, **inputs}))
    assert (rule, severity) in {(finding.rule, finding.severity) for finding in validate(folder).findings}


def test_hevc_in_transport_streams_is_found(tmp_path):
    """Apple's players take HEVC in fragmented MP4 only."""
    assert "Apple 1.5" in _rules(validate(streams.make_plain(tmp_path / "stream", [], codec="libx265")))


def test_hevc_with_the_wrong_sample_entry_is_found(tmp_path):
    """ffmpeg writes hev1 unless told otherwise."""
    folder = streams.make_plain(tmp_path / "stream", ["-tag:v", "hev1"], codec="libx265", fmp4=True)
    assert "Apple 1.10" in _rules(validate(folder))


def test_variants_of_two_shapes_are_found(tmp_path):
    """Switching between them would change the video's shape."""
    folder = streams.make_fmp4(tmp_path / "stream", sizes={"180p": (320, 180), "120p": (160, 120)})
    assert {"Apple 1.33"} == _rules(validate(folder))


def test_colours_that_are_not_told_are_not_ideal(tmp_path):
    """Players guess them."""
    folder = streams.make_plain(tmp_path / "stream", ["-bsf:v", "h264_metadata=transfer_characteristics=2"])
    text = "The video of 180p/index.m3u8 does not declare its colours (transfer): players guess, each in its own way."
    assert [(text, Severity.NOT_IDEAL)] == [
        (f.text, f.severity) for f in validate(folder).findings if f.rule == "ITU-T H.273"
    ]


@pytest.mark.parametrize(
    "option", ["colour_primaries=9", "transfer_characteristics=2", "matrix_coefficients=6", "video_full_range_flag=1"]
)
def test_variants_of_two_colours_are_found(stream, option):
    """The video would change its colours with every change of the line's speed."""
    for segment in sorted((stream / "90p").glob("seg_*.ts")):
        written = [
            "-copyts",
            "-i",
            segment.name,
            "-map",
            "0",
            "-c",
            "copy",
            "-bsf:v",
            f"h264_metadata={option}",
            "-muxdelay",
            "0",
            "other.ts",
        ]
        streams.encode(stream / "90p", written)
        (stream / "90p" / "other.ts").replace(segment)
    found = {(f.rule, f.severity) for f in validate(stream).findings}
    assert ("ITU-T H.273", Severity.BREAKS_PLAYBACK) in found


def test_shapes_differ_by_rounding(tmp_path):
    """853.3 pixels became 854 is no other shape; here 106.7 became 106."""
    folder = streams.make_fmp4(tmp_path / "stream", sizes={"180p": (320, 180), "60p": (106, 60)})
    assert () == validate(folder).findings


def test_a_varying_frame_rate_is_no_fault(tmp_path):
    """Frames of a pause are longer; each boundary is where EXTINF says."""
    vary = ["-vf", "select='not(between(t,2.5,3.9))',setpts=PTS", "-fps_mode", "vfr"]
    folder = streams.make_plain(tmp_path / "stream", vary, inputs=streams.source(seconds=8))
    assert set() == _rules(validate(folder)) & {
        "Apple 8.1",
        "Apple 7.1",
        "Apple 7.2",
        "RFC 8216 4.3.4.2",
        "Apple 1.19",
        "Apple 1.11",
    }


def test_a_stream_of_audio_alone_breaks_no_rule(tmp_path):
    """No video needs no RESOLUTION, no FRAME-RATE and no I-frames."""
    folder = tmp_path / "stream"
    folder.mkdir()
    streams.make_audio_rendition(folder)
    streams.write_job(folder)
    peak, average = streams.rates(folder / "audio/en/index.m3u8")
    line = f'#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS="mp4a.40.2"'
    streams.write(folder / "master.m3u8", ["#EXTM3U", "#EXT-X-INDEPENDENT-SEGMENTS", line, "audio/en/index.m3u8"])
    validation = validate(folder)
    assert ((), ()) == (validation.findings, validation.unchecked)


def test_ffmpegs_own_master_playlist_is_judged(tmp_path):
    """What it leaves out is found; what it does right is not."""
    folder = tmp_path / "stream"
    folder.mkdir()
    options = [*streams.video_options(), "-c:a", "aac", "-var_stream_map", "v:0,a:0", "-master_pl_name", "master.m3u8"]
    streams.encode(folder, [*streams.source(), "-map", "0:v", "-map", "1:a", *options, *streams.hls("v%v", fmp4=False)])
    found = _rules(validate(folder))
    assert {"Apple 9.11", "Apple 9.15", "Apple 6.1"} <= found
    assert not {"Apple 7.4", "Apple 8.1", "Apple 8.6", "RFC 8216 4.3.1.1", "RFC 8216 6.2.1"} & found


@pytest.fixture(scope="module")
def single_files(tmp_path_factory) -> Path:
    """A stream whose segments are byte ranges of one file, as packagers such as Shaka write them."""
    folder = tmp_path_factory.mktemp("ranges") / "stream"
    (folder / "180p").mkdir(parents=True)
    options = [*streams.video_options(), "-c:a", "aac", "-ac", "2"]
    muxer = [*streams.hls("180p", fmp4=False)[:-3], "-hls_flags", "single_file", "180p/index.m3u8"]
    streams.encode(folder, [*streams.source(), *options, *muxer])
    index = folder / "180p/index.m3u8"
    index.write_text(index.read_text(encoding="utf-8").replace("#EXTINF", "#EXT-X-ODD:1\n#EXTINF"), encoding="utf-8")
    lines = ['#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.64000c,mp4a.40.2",RESOLUTION=320x180', "180p/index.m3u8"]
    streams.write(folder / "master.m3u8", ["#EXTM3U", "#EXT-X-SOMETHING-NEW:A=1", *lines])
    return folder


def test_segments_that_are_byte_ranges_are_read(single_files):
    """Parts of one file are segments like others, and unknown tags are passed over (RFC 8216, 6.3.1)."""
    found = _rules(validate(single_files))
    assert (
        not {
            "RFC 8216 4.3.2.2",
            "RFC 8216 3",
            "RFC 8216 3.2",
            "Apple 7.1",
            "Apple 7.4",
            "Apple 8.1",
            "RFC 8216 4.3.2.4",
        }
        & found
    )
    assert "Apple 1.27" in found


@pytest.fixture(scope="module", params=["ts", "fmp4"])
def encrypted(request, tmp_path_factory) -> Path:
    """A stream encrypted with a key that lies on a server."""
    make = streams.make_ts if request.param == "ts" else streams.make_fmp4
    folder = make(tmp_path_factory.mktemp("encrypted") / "stream")
    streams.encrypt(folder, KEY, "https://keys.example/lesson.key")
    streams.forget_iframes(folder)
    return folder


def test_encrypted_segments_are_judged_with_their_key(encrypted):
    """With the key everything is checked."""
    validation = validate(encrypted, key=KEY)
    assert ((), ()) == (validation.findings, validation.unchecked)


def test_without_the_key_it_is_said_what_was_not_looked_at(encrypted):
    """No finding, and no false peace: a sentence for each playlist that is encrypted,
    and one for the captions' clock.
    """
    validation = validate(encrypted)
    playlists = [path for path in encrypted.rglob("index.m3u8") if "EXT-X-KEY" in path.read_text(encoding="utf-8")]
    unread = [text for text in validation.unchecked if "no key was given" in text]
    assert ((), len(playlists), len(playlists) + 1) == (validation.findings, len(unread), len(validation.unchecked))


def test_a_wrong_key_is_found(encrypted):
    """Nothing that can be played comes out."""
    assert {"RFC 8216 4.3.2.4"} == _rules(validate(encrypted, key=bytes(16)))


def test_a_key_beside_the_segments_is_found(encrypted, tmp_path):
    """With or without the key at hand: it is tried."""
    shutil.copytree(encrypted, tmp_path / "stream")
    (tmp_path / "stream/lesson.bin").write_bytes(KEY)
    files = [{f.file for f in validate(tmp_path / "stream", key=key).findings} for key in (KEY, None)]
    assert [{"lesson.bin"}, {"lesson.bin"}] == files


def test_another_file_of_the_same_length_is_no_key(encrypted, tmp_path):
    """Sixteen bytes alone are no secret."""
    shutil.copytree(encrypted, tmp_path / "stream")
    (tmp_path / "stream/note.txt").write_bytes(b"sixteen letters.")
    assert () == validate(tmp_path / "stream").findings


def test_a_key_that_the_playlist_names_is_used_and_may_lie_there(stream):
    """Whoever publishes the key on purpose says so in the playlist."""
    streams.encrypt(stream, KEY, "../key.bin")
    streams.forget_iframes(stream)
    (stream / "key.bin").write_bytes(KEY)
    validation = validate(stream)
    assert ((), ()) == (validation.findings, validation.unchecked)


def test_iframe_playlists_of_encrypted_segments_are_found(stream):
    """A part of a segment that is encrypted as a whole can't be read."""
    streams.encrypt(stream, KEY, "https://keys.example/lesson.key")
    assert ("RFC 8216 4.3.2.4", "180p/iframes.m3u8") in {(f.rule, f.file) for f in validate(stream, key=KEY).findings}


def test_encryption_that_no_playlist_tells_of_is_found(encrypted, tmp_path):
    """Players would take the bytes for a damaged segment."""
    shutil.copytree(encrypted, tmp_path / "stream")
    index = tmp_path / "stream/180p/index.m3u8"
    index.write_text("".join(line for line in index.read_text().splitlines(True) if "EXT-X-KEY" not in line))
    assert "RFC 8216 4.3.2.4" in _rules(validate(tmp_path / "stream", key=KEY))


def test_a_key_of_another_length_is_refused(encrypted):
    """AES-128 has 16 bytes."""
    with pytest.raises(SettingsError, match="The key has 5 bytes"):
        validate(encrypted, key=b"short")


# what is not a stream, or a strange one


def test_a_missing_folder_is_refused(tmp_path):
    """One sentence."""
    with pytest.raises(OutputError, match="was not found"):
        validate(tmp_path / "nowhere")


def test_a_file_is_refused(tmp_path):
    """A video is not a stream yet."""
    (tmp_path / "video.mp4").write_bytes(b"x")
    with pytest.raises(OutputError, match="is not a folder"):
        validate(tmp_path / "video.mp4")


def test_an_empty_folder_is_refused(tmp_path):
    """Nothing to judge."""
    with pytest.raises(OutputError, match=r"contains no master\.m3u8"):
        validate(tmp_path)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        pytest.param(b"\xff\xfe\x00\x81" * 500, "RFC 8216 4.1", id="junk"),
        pytest.param(b"", "RFC 8216 4.3.1.1", id="empty"),
        pytest.param(
            b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST\n",
            "RFC 8216 4.3.4",
            id="a media playlist",
        ),
        pytest.param(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n", "RFC 8216 4.3.4.2", id="cut off"),
        pytest.param(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmaster.m3u8\n", "RFC 8216 4.1", id="itself"),
        pytest.param(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://[bad\n", "RFC 8216 4.1", id="no address"),
        pytest.param(
            b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na%00b.m3u8\n", "RFC 8216 6.2.1", id="a zero in an address"
        ),
    ],
)
def test_a_strange_master_is_a_finding(content, rule, tmp_path):
    """The file is there, so it is judged."""
    (tmp_path / "master.m3u8").write_bytes(content)
    assert rule in _rules(validate(tmp_path))


def test_lines_may_end_as_on_windows(stream):
    """RFC 8216, 4.1: a line ends with LF or CRLF."""
    for playlist in stream.rglob("*.m3u8"):
        playlist.write_bytes(playlist.read_bytes().replace(b"\n", b"\r\n"))
    assert () == validate(stream).findings


def test_addresses_on_a_server_are_not_looked_at(stream):
    """Neither found wrong nor asked for."""
    master = stream / "master.m3u8"
    master.write_text(
        master.read_text().replace("subtitles/en/", "https://cdn.example/subtitles/en/"), encoding="utf-8"
    )
    validation = validate(stream)
    assert ((), 1) == (validation.findings, sum("is on a server" in text for text in validation.unchecked))


def test_the_folder_may_be_named_in_any_way(stream, tmp_path, monkeypatch):
    """Relative, by a detour, or through a link."""
    (tmp_path / "link").symlink_to(stream)
    monkeypatch.chdir(stream)
    names = (".", "90p/..", f"../{stream.name}", str(tmp_path / "link"))
    assert [()] * 4 == [validate(Path(name)).findings for name in names]


def test_a_link_that_leads_out_of_the_folder_is_a_missing_file(stream, tmp_path):
    """It would not be published with the stream."""
    shutil.move(stream / "180p/seg_001.ts", tmp_path / "elsewhere.ts")
    (stream / "180p/seg_001.ts").symlink_to(tmp_path / "elsewhere.ts")
    assert ("RFC 8216 6.2.1", "180p/seg_001.ts") in {(f.rule, f.file) for f in validate(stream).findings}


def test_a_name_with_special_characters_is_found_under_its_address(stream):
    """In an address they are written with percent signs."""
    (stream / "180p/seg_001.ts").rename(stream / "180p/seg #1 é.ts")
    for playlist in (stream / "180p").glob("*.m3u8"):
        playlist.write_text(playlist.read_text().replace("seg_001.ts", "seg%20%231%20%C3%A9.ts"), encoding="utf-8")
    assert () == validate(stream).findings


def test_what_is_no_file_is_missing(stream):
    """Neither a stream nor a pipe can be sent, and reading a pipe would never end."""
    (stream / "180p/seg_001.ts").unlink()
    os.mkfifo(stream / "180p/seg_001.ts")
    (stream / "90p/seg_001.ts").unlink()
    (stream / "90p/seg_001.ts").mkdir()
    found = {(f.rule, f.file) for f in validate(stream).findings}
    assert {("RFC 8216 6.2.1", "180p/seg_001.ts"), ("RFC 8216 6.2.1", "90p/seg_001.ts")} <= found


UNREAD = [
    pytest.param(
        '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://k"',
        "180p/index.m3u8",
        "encrypted with SAMPLE-AES",
        id="another encryption",
    ),
    pytest.param('#EXT-X-MAP:URI="seg_001.vtt"', "subtitles/en/index.m3u8", "not WebVTT", id="other subtitles"),
]


@pytest.mark.parametrize(("line", "file", "said"), UNREAD)
def test_what_is_not_known_is_said_to_be_unchecked(line, file, said, stream):
    """It may be right."""
    text = (stream / file).read_text(encoding="utf-8")
    (stream / file).write_text(text.replace("#EXTINF", f"{line}\n#EXTINF", 1), encoding="utf-8")
    assert any(said in text for text in validate(stream).unchecked)


def test_packed_audio_is_said_to_be_unchecked(tmp_path):
    """RFC 8216, 3.4, allows it; its files and playlists are judged all the same."""
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=5"]
    streams.encode(tmp_path, [*tone, "-c:a", "aac", "tone.aac"])
    streams.write_media(tmp_path / "index.m3u8", [5.0], "tone.aac", version=6)
    streams.write(
        tmp_path / "master.m3u8", ["#EXTM3U", '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="mp4a.40.2"', "index.m3u8"]
    )
    validation = validate(tmp_path)
    assert any("packed audio" in text for text in validation.unchecked)
    assert {"Apple 1.27", "Apple 9.11", "Apple 9.14"} == _rules(validation)


def test_a_file_that_can_not_be_read_is_found(stream, monkeypatch):
    """A segment, an I-frame and a playlist of somebody else."""
    locked = {stream / "180p/seg_001.ts", stream / "90p/index.m3u8"}
    opened = Path.open

    def refuse(path, *arguments, **options):
        if path in locked:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    def read_bytes(path):
        with refuse(path, "rb") as file:
            return file.read()

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    found = {f.file: f.text for f in validate(stream).findings if "Permission denied" in f.text}
    assert {"180p/seg_001.ts", "180p/iframes.m3u8", "90p/index.m3u8"} == set(found)


def test_a_text_of_no_sane_length_is_not_read(stream, monkeypatch):
    """A video called master.m3u8 would fill the memory."""
    monkeypatch.setattr("pipeline.media.validate.folder.PLAYLIST_BYTES", 100)
    assert {("RFC 8216 4.1", "master.m3u8")} == {(f.rule, f.file) for f in validate(stream).findings}


def _kept_job(version: int, settings: dict[str, Any]) -> str:
    """Return what an earlier version of the program wrote, of a video of the stream's length with other settings."""
    stored = json.loads((KEPT_FILES / f"job_format_{version}.json").read_text(encoding="utf-8"))
    stored["done"]["hls"]["duration_s"] = streams.SECONDS
    return json.dumps(stored | {"key": "0a1b", "settings": stored["settings"] | settings})


@pytest.mark.parametrize(
    ("version", "settings"),
    [
        pytest.param(3, {"package": {"publish_key": True}}, id="form 3"),
        pytest.param(2, {"encryption": {"key_file": "k", "key_uri": "key.bin", "publish": True}}, id="form 2"),
    ],
)
def test_a_key_that_the_editor_publishes_is_no_fault(encrypted, tmp_path, version, settings):
    """The job says that it was asked for."""
    shutil.copytree(encrypted, tmp_path / "stream")
    (tmp_path / "stream/key.bin").write_bytes(KEY)
    (tmp_path / "stream/job.json").write_text(_kept_job(version, settings), encoding="utf-8")
    validation = validate(tmp_path / "stream")
    assert ((), []) == (validation.findings, [text for text in validation.unchecked if "job.json" in text])


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_stream_of_an_earlier_version_is_compared_with_its_source(stream, version):
    """Whichever version made it: the kept file is of a video of 14 seconds."""
    shutil.copyfile(KEPT_FILES / f"job_format_{version}.json", stream / "job.json")
    assert {"180p/index.m3u8", "90p/index.m3u8"} == {
        finding.file for finding in validate(stream).findings if "but the video lasts 14.000 s" in finding.text
    }


def test_the_notes_of_a_newer_version_are_said_to_be_unread(stream):
    """All else of the stream is checked."""
    (stream / "job.json").write_text('{"schema": 99}', encoding="utf-8")
    validation = validate(stream)
    assert () == validation.findings
    assert 1 == sum("was made by a newer version of this program" in text for text in validation.unchecked)


def test_surround_group_that_lacks_a_language_is_found(tmp_path):
    """A player that changes to the other group would lose its language."""
    folder = streams.make_fmp4(tmp_path / "stream", sizes={"180p": (320, 180)})
    master = folder / "master.m3u8"
    line = next(x for x in master.read_text().splitlines() if "TYPE=AUDIO" in x)
    other = line.replace('"stereo"', '"surround"').replace('NAME="English"', 'NAME="Deutsch"')
    master.write_text(master.read_text().replace(line, f"{line}\n{other}"), encoding="utf-8")
    assert {"RFC 8216 4.3.4.1.1"} == _rules(validate(folder))


def test_many_broken_segments_are_one_finding(stream):
    """The first is named, the others are counted."""
    for segment in (stream / "180p").glob("seg_*"):
        segment.write_bytes(b"")
    (found,) = [f for f in validate(stream).findings if f.rule == "RFC 8216 6.2.1" and f.file.startswith("180p/seg")]
    assert ("180p/seg_001.ts", "The file is empty (and so in 1 more segment).") == (found.file, found.text)


def test_progress_goes_from_nothing_to_all(stream):
    """Never backwards, and ended."""
    told: list[float] = []
    validate(stream, on_progress=told.append)
    assert (sorted(told), 1.0) == (told, told[-1])


def test_a_cancelled_validation_stops(stream):
    """At the next file."""
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        validate(stream, cancel=cancel, on_progress=lambda _: cancel.cancel())


@pytest.mark.parametrize(
    ("sizes", "durations_s", "target_s", "peak"),
    [
        pytest.param([600, 1200, 600], [6, 6, 6], 6, 1600, id="the richest segment"),
        pytest.param([600, 600, 90], [6, 6, 0.1], 6, 905.0, id="a scrap at the end counts with its neighbour only"),
        pytest.param([50], [0.4], 6, 1000, id="shorter than any run"),
        pytest.param([300, 900], [3, 3], 6, 2400, id="halves count alone and together"),
        pytest.param([1, 2], [0, 0], 6, 0, id="no time"),
    ],
)
def test_the_peak_is_the_richest_run_of_about_a_target_duration(sizes, durations_s, target_s, peak):
    """RFC 8216, 4.1: runs of 0.5 to 1.5 target durations."""
    assert pytest.approx(peak, abs=0.1) == peak_bit_rate(sizes, durations_s, target_s)
