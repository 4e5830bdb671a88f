"""Each planted fault in a copy of a good stream is found by its own rule."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import stream_folders as streams

from pipeline.media.validate import Severity, validate

MASTER = "master.m3u8"
INDEX = "180p/index.m3u8"
SMALL = "90p/index.m3u8"
IFRAMES = "180p/iframes.m3u8"
CAPTIONS = "subtitles/en/index.m3u8"
CUES = "subtitles/en/seg_001.vtt"
AUDIO = "audio/en/index.m3u8"
Damage = Callable[[Path], None]


@pytest.fixture(scope="session")
def good_ts(tmp_path_factory) -> Path:
    """A stream in transport streams that breaks no rule."""
    return streams.make_ts(tmp_path_factory.mktemp("good") / "ts")


@pytest.fixture(scope="session")
def good_fmp4(tmp_path_factory) -> Path:
    """A stream in fragmented MP4 that breaks no rule."""
    return streams.make_fmp4(tmp_path_factory.mktemp("good") / "fmp4")


def swap(file: str, old: str, new: str, *, count: int = 1) -> Damage:
    """Return a damage that replaces text which must be there."""

    def damage(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, count), encoding="utf-8", newline="\n")

    return damage


def change(file: str, pattern: str, new: str | Callable[[re.Match[str]], str]) -> Damage:
    """Return a damage that replaces the first match of a pattern, which must be there."""

    def damage(folder: Path) -> None:
        text, count = re.subn(pattern, new, (folder / file).read_text(encoding="utf-8"), count=1)
        assert 1 == count
        (folder / file).write_text(text, encoding="utf-8", newline="\n")

    return damage


def scaled(attribute: str, factor: float) -> Damage:
    """Return a damage that multiplies the first such number of the master playlist."""
    return change(MASTER, rf"{attribute}=(\d+)", lambda m: f"{attribute}={int(int(m[1]) * factor)}")


def drop(file: str, line: str) -> Damage:
    """Return a damage that removes a line which begins so."""
    return change(file, rf"(?m)^{re.escape(line)}.*\n", "")


def both(*damages: Damage) -> Damage:
    """Return a damage that does several."""

    def damage(folder: Path) -> None:
        for each in damages:
            each(folder)

    return damage


def cut(file: str, keep: Callable[[int], int]) -> Damage:
    """Return a damage that cuts a file off."""

    def damage(folder: Path) -> None:
        data = (folder / file).read_bytes()
        (folder / file).write_bytes(data[: keep(len(data))])

    return damage


def remove(file: str) -> Damage:
    """Return a damage that removes a file."""
    return lambda folder: (folder / file).unlink()


def late_start(folder: Path) -> None:
    """Cut the keyframe out of a segment, leaving its tables."""
    file = folder / "180p/seg_002.ts"
    data = file.read_bytes()
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    pid = int.from_bytes(packets[3][1:3], "big") & 0x1FFF
    begins = [n for n, p in enumerate(packets) if int.from_bytes(p[1:3], "big") & 0x1FFF == pid and p[1] & 0x40]
    file.write_bytes(b"".join(packets[:3] + packets[begins[1] :]))


def without_tables(folder: Path) -> None:
    """Take the tables off a segment's head."""
    file = folder / "180p/seg_002.ts"
    file.write_bytes(file.read_bytes()[3 * 188 :])


def packets_kept(file: str, keep: Callable[[int], bool]) -> Damage:
    """Return a damage that keeps the packets of some streams (PIDs) only."""

    def damage(folder: Path) -> None:
        data = (folder / file).read_bytes()
        packets = (data[at : at + 188] for at in range(0, len(data), 188))
        (folder / file).write_bytes(b"".join(p for p in packets if keep(int.from_bytes(p[1:3], "big") & 0x1FFF)))

    return damage


def hollow_init(folder: Path) -> None:
    """Overwrite what is in the boxes of an initialization section."""
    file = folder / "180p/init.mp4"
    data = file.read_bytes()
    at = data.index(b"moov") + 4
    file.write_bytes(data[:at] + bytes(len(data) - at))


def longer_range(number: int) -> Damage:
    """Return a damage that lengthens an I-frame's byte range by so many bytes."""
    return change(IFRAMES, r"#EXT-X-BYTERANGE:(\d+)@", lambda m: f"#EXT-X-BYTERANGE:{int(m[1]) + number}@")


def shifted_range(folder: Path) -> None:
    """Let a byte range begin at the frame after its keyframe."""
    change(IFRAMES, r"#EXT-X-BYTERANGE:(\d+)@(\d+)", lambda m: f"#EXT-X-BYTERANGE:{m[1]}@{int(m[2]) + int(m[1])}")(
        folder
    )


def later_fragments(folder: Path) -> None:
    """Move a fragmented segment a second later in its own clock."""
    file = folder / "180p/seg_002.m4s"
    data = bytearray(file.read_bytes())
    at = data.index(b"tfdt") + 4
    size = 8 if data[at] else 4
    time = int.from_bytes(data[at + 4 : at + 4 + size], "big") + 90_000
    data[at + 4 : at + 4 + size] = time.to_bytes(size, "big")
    file.write_bytes(data)


def hole(folder: Path) -> None:
    """Take ten packets out of the middle of a segment."""
    file = folder / "180p/seg_001.ts"
    data = file.read_bytes()
    file.write_bytes(data[: 188 * 60] + data[188 * 70 :])


def garbage(file: str) -> Damage:
    """Return a damage that overwrites a file with what no program made."""
    return lambda folder: (folder / file).write_bytes(bytes((i * 7 + 13) % 251 for i in range(4096)))


def longer_job(folder: Path) -> None:
    """Let the source have been longer."""
    streams.write_job(folder, duration_s=8.5)


def extra_default(folder: Path) -> None:
    """Add a second default to the captions."""
    line = next(x for x in (folder / MASTER).read_text().splitlines() if "TYPE=SUBTITLES" in x)
    swap(MASTER, line, line + "\n" + line.replace('NAME="English"', 'NAME="Other"'))(folder)


TS_DAMAGES: list[tuple[str, Damage, str, str]] = [
    # the text of playlists
    ("first line", drop(INDEX, "#EXTM3U"), "RFC 8216 4.3.1.1", INDEX),
    ("first line of the master", swap(MASTER, "#EXTM3U\n", "\n#EXTM3U\n"), "RFC 8216 4.3.1.1", MASTER),
    ("byte order mark", swap(MASTER, "#EXTM3U", "\ufeff#EXTM3U"), "RFC 8216 4.3.1.1", MASTER),
    ("two versions", swap(INDEX, "#EXT-X-VERSION:6", "#EXT-X-VERSION:6\n#EXT-X-VERSION:6"), "RFC 8216 4.3.1.2", INDEX),
    ("two target durations", swap(INDEX, "#EXT-X-END", "#EXT-X-TARGETDURATION:6\n#EXT-X-END"), "RFC 8216 4.3.3", INDEX),
    ("version too low", swap(IFRAMES, "VERSION:6", "VERSION:3"), "RFC 8216 7", IFRAMES),
    ("no target duration", drop(INDEX, "#EXT-X-TARGETDURATION"), "RFC 8216 4.3.3.1", INDEX),
    ("target duration too short", swap(INDEX, "DURATION:6", "DURATION:4"), "RFC 8216 4.3.3.1", INDEX),
    ("segment much longer than the target", swap(INDEX, "DURATION:6", "DURATION:5"), "Apple 7.7", INDEX),
    ("target duration too long", swap(INDEX, "DURATION:6", "DURATION:10"), "Apple 7.5", INDEX),
    ("target duration much too long", swap(INDEX, "DURATION:6", "DURATION:13"), "Apple 7.5", INDEX),
    ("not VOD", drop(INDEX, "#EXT-X-PLAYLIST-TYPE"), "Apple 8.6", INDEX),
    ("event", swap(INDEX, "TYPE:VOD", "TYPE:EVENT"), "Apple 8.6", INDEX),
    ("no end", drop(INDEX, "#EXT-X-ENDLIST"), "RFC 8216 4.3.3.4", INDEX),
    ("no duration", drop(INDEX, "#EXTINF"), "RFC 8216 4.3.2.1", INDEX),
    ("duration is not a number", swap(INDEX, "#EXTINF:6.0", "#EXTINF:six"), "RFC 8216 4.3.2.1", INDEX),
    ("sequence after the segments",
     both(drop(INDEX, "#EXT-X-MEDIA-S"), swap(INDEX, "#EXT-X-END", "#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-END")),
     "RFC 8216 4.3.3.2", INDEX),
    ("master tag in a media playlist", swap(INDEX, "#EXT-X-END", "#EXT-X-SESSION-DATA:DATA-ID=\"a\"\n#EXT-X-END"),
     "RFC 8216 4.3.4", INDEX),
    ("media tag in a master playlist", swap(MASTER, "#EXT-X-IND", "#EXT-X-TARGETDURATION:6\n#EXT-X-IND"),
     "RFC 8216 4.3.3", MASTER),
    ("address without its tag", swap(MASTER, "#EXT-X-STREAM", "90p/index.m3u8\n#EXT-X-STREAM"),
     "RFC 8216 4.3.4.2", MASTER),
    ("attribute twice", swap(MASTER, "FRAME-RATE", "BANDWIDTH=1,FRAME-RATE"), "RFC 8216 4.2", MASTER),
    # files
    ("segment missing", remove("180p/seg_002.ts"), "RFC 8216 6.2.1", "180p/seg_002.ts"),
    ("segment empty", cut("180p/seg_002.ts", lambda n: 0), "RFC 8216 6.2.1", "180p/seg_002.ts"),
    ("playlist missing", remove(SMALL), "RFC 8216 6.2.1", SMALL),
    ("address out of the folder", swap(INDEX, "seg_001.ts", "../../seg_001.ts"), "RFC 8216 6.2.1", INDEX),
    ("absolute path", swap(INDEX, "seg_001.ts", "/etc/hostname"), "RFC 8216 6.2.1", INDEX),
    ("segment cut in a packet", cut("180p/seg_001.ts", lambda n: n - 100), "RFC 8216 3.2", "180p/seg_001.ts"),
    ("segment cut between packets", cut("180p/seg_001.ts", lambda n: n // 376 * 188), "Apple 7.2", "180p/seg_001.ts"),
    ("packets lost", hole, "Apple 7.2", "180p/seg_001.ts"),
    ("segment overwritten", garbage("180p/seg_001.ts"), "RFC 8216 4.3.2.4", "180p/seg_001.ts"),
    ("no tables", without_tables, "RFC 8216 3.2", "180p/seg_002.ts"),
    ("no keyframe at the start", late_start, "Apple 7.4", "180p/seg_002.ts"),
    ("no video", packets_kept("180p/seg_002.ts", lambda pid: pid != 0x100), "Apple 7.1", "180p/seg_002.ts"),
    ("no audio", packets_kept("180p/seg_002.ts", lambda pid: pid != 0x101), "Apple 7.1", "180p/seg_002.ts"),
    ("neither", packets_kept("180p/seg_002.ts", lambda pid: pid not in (0x100, 0x101)),
     "RFC 8216 3", "180p/seg_002.ts"),
    ("no segment", change(INDEX, r"(?s)#EXTINF.*(?=#EXT-X-END)", ""), "RFC 8216 3", INDEX),
    # times
    ("EXTINF not what a segment lasts", both(swap(INDEX, "6.000000", "5.900000"), swap(INDEX, "2.000000", "2.100000")),
     "Apple 8.1", INDEX),
    ("sum of EXTINF", swap(INDEX, "2.000000", "2.100000"), "Apple 8.1", INDEX),
    ("source longer", longer_job, "Apple 8.1", INDEX),
    ("boundaries differ", both(swap(SMALL, "6.000000", "5.980000"), swap(SMALL, "2.000000", "2.020000")),
     "Apple 8.22", SMALL),
    ("number of segments differs", change(SMALL, r"#EXTINF:2.*\n.*\n", ""), "Apple 8.22", SMALL),
    ("segments swapped",
     both(swap(INDEX, "seg_001.ts", "x"), swap(INDEX, "seg_002.ts", "seg_001.ts"), swap(INDEX, "\nx", "\nseg_002.ts")),
     "Apple 7.1", "180p/seg_001.ts"),
    ("target durations differ", swap(SMALL, "DURATION:6", "DURATION:7"), "Apple 8.2", SMALL),
    # what the master declares
    ("no stream", change(MASTER, r"(?s)#EXT-X-STREAM-INF.*?(?=#EXT-X-I-FRAME)", ""), "RFC 8216 4.3.4.2", MASTER),
    ("no BANDWIDTH", change(MASTER, r"INF:BANDWIDTH=\d+,", "INF:"), "RFC 8216 4.3.4.2", MASTER),
    ("BANDWIDTH 20 % more", scaled("INF:BANDWIDTH", 1.2), "Apple 1.27", MASTER),
    ("BANDWIDTH 20 % less", scaled("INF:BANDWIDTH", 0.8), "Apple 1.27", MASTER),
    ("no AVERAGE-BANDWIDTH", change(MASTER, r",AVERAGE-BANDWIDTH=\d+", ""), "Apple 9.14", MASTER),
    ("AVERAGE-BANDWIDTH less", scaled("AVERAGE-BANDWIDTH", 0.8), "Apple 1.26", MASTER),
    ("no CODECS", change(MASTER, r'CODECS="[^"]*",RES', "RES"), "Apple 9.1", MASTER),
    ("level untrue", change(MASTER, r"avc1\.6400\w\w", "avc1.640028"), "RFC 8216 4.3.4.2", MASTER),
    ("profile untrue", change(MASTER, r"avc1\.6400(\w\w)", r"avc1.4d40\1"), "RFC 8216 4.3.4.2", MASTER),
    ("audio not named", swap(MASTER, ",mp4a.40.2", ""), "RFC 8216 4.3.4.2", MASTER),
    ("audio untrue", swap(MASTER, "mp4a.40.2", "mp4a.40.5"), "RFC 8216 4.3.4.2", MASTER),
    ("codec too many", swap(MASTER, "mp4a.40.2", "mp4a.40.2,ec-3"), "RFC 8216 4.3.4.2", MASTER),
    ("no RESOLUTION", swap(MASTER, "RESOLUTION=320x180,", ""), "Apple 9.2", MASTER),
    ("RESOLUTION untrue", swap(MASTER, "RESOLUTION=320x180", "RESOLUTION=640x360"), "RFC 8216 4.3.4.2", MASTER),
    ("no FRAME-RATE", swap(MASTER, ",FRAME-RATE=25.000", ""), "Apple 9.15", MASTER),
    ("FRAME-RATE untrue", swap(MASTER, "FRAME-RATE=25.000", "FRAME-RATE=30.000"), "RFC 8216 4.3.4.2", MASTER),
    ("FRAME-RATE nearly true", swap(MASTER, "FRAME-RATE=25.000", "FRAME-RATE=24.975"), "RFC 8216 4.3.4.2", MASTER),
    ("VIDEO-RANGE untrue", swap(MASTER, "VIDEO-RANGE=SDR", "VIDEO-RANGE=PQ"), "Apple 9.16", MASTER),
    ("not independent in the master", drop(MASTER, "#EXT-X-INDEP"), "Apple 9.11", MASTER),
    ("independent nowhere", both(drop(MASTER, "#EXT-X-INDEP"), drop(INDEX, "#EXT-X-INDEP")), "Apple 9.12", INDEX),
    ("group does not exist", swap(MASTER, ',SUBTITLES="subs"', ',SUBTITLES="other"'), "RFC 8216 4.3.4.2", MASTER),
    ("no LANGUAGE", swap(MASTER, 'LANGUAGE="en",', ""), "Apple 8.10", MASTER),
    ("no NAME", swap(MASTER, 'NAME="English",', ""), "RFC 8216 4.3.4.1", MASTER),
    ("neither DEFAULT nor AUTOSELECT", swap(MASTER, "DEFAULT=YES,AUTOSELECT=YES,", ""), "RFC 8216 4.3.4.1", MASTER),
    ("default that is not chosen", swap(MASTER, "AUTOSELECT=YES", "AUTOSELECT=NO"), "RFC 8216 4.3.4.1", MASTER),
    ("two defaults", extra_default, "RFC 8216 4.3.4.1.1", MASTER),
    # captions
    ("no X-TIMESTAMP-MAP", drop(CUES, "X-TIMESTAMP-MAP"), "Apple 5.3", CUES),
    ("captions 8.6 s early", swap(CUES, "MPEGTS:900000", "MPEGTS:126000"), "Apple 5.3", CUES),
    ("captions 0.1 s late", swap(CUES, "LOCAL:00:00:00.000", "LOCAL:00:00:00.100"), "Apple 5.3", CUES),
    ("no WEBVTT", drop(CUES, "WEBVTT"), "RFC 8216 3.5", CUES),
    ("cue of another segment", swap(CUES, "00:00:00.500 --> 00:00:01.500", "00:00:06.500 --> 00:00:07.500"),
     "RFC 8216 3.5", CUES),
    ("cue ends before it begins", swap(CUES, "00:00:01.500", "00:00:00.100"), "RFC 8216 3.5", CUES),
    ("captions too short", change(CAPTIONS, r"#EXTINF:2.*\n.*\n", ""), "Apple 5.5", CAPTIONS),
    ("captions cut otherwise", both(swap(CAPTIONS, "6.000000", "5.000000"), swap(CAPTIONS, "2.000000", "3.000000")),
     "Apple 8.22", CAPTIONS),
    # I-frames
    ("no I-frame playlist", drop(MASTER, "#EXT-X-I-FRAME"), "Apple 6.1", MASTER),
    ("I-frame playlist missing", remove(IFRAMES), "RFC 8216 6.2.1", IFRAMES),
    ("I-frame stream without CODECS", change(MASTER, r'(FRAME-STREAM.*?)CODECS="[^"]*",', r"\1"), "Apple 9.3", MASTER),
    ("I-frame stream without RESOLUTION", change(MASTER, r"(FRAME-STREAM.*?)RESOLUTION=\w+,", r"\1"),
     "Apple 9.4", MASTER),
    ("I-frame BANDWIDTH", change(MASTER, r"FRAME-STREAM-INF:BANDWIDTH=\d+", "FRAME-STREAM-INF:BANDWIDTH=900000"),
     "Apple 1.27", MASTER),
    ("I-frame BANDWIDTH too low", change(MASTER, r"FRAME-STREAM-INF:BANDWIDTH=\d+", "FRAME-STREAM-INF:BANDWIDTH=9"),
     "Apple 1.27", MASTER),
    ("I-frames of another codec", change(MASTER, r'(FRAME-STREAM.*?CODECS=")avc1\.\w+', r"\1avc1.4d0033"),
     "RFC 8216 4.3.4.3", MASTER),
    ("I-frames only not said", drop(IFRAMES, "#EXT-X-I-FRAMES-ONLY"), "Apple 6.8", IFRAMES),
    ("range with the next frame", longer_range(188 * 12), "RFC 8216 4.3.3.6", IFRAMES),
    ("range too short", longer_range(-188 * 2), "RFC 8216 4.3.3.6", IFRAMES),
    ("range of another frame", shifted_range, "RFC 8216 4.3.3.6", IFRAMES),
    ("I-frames without tables", drop(IFRAMES, "#EXT-X-MAP"), "RFC 8216 4.3.3.6", IFRAMES),
    ("ranges of nothing known", change(IFRAMES, r"#EXT-X-BYTERANGE:\d+@\d+", "#EXT-X-BYTERANGE:400@5"),
     "RFC 8216 4.3.3.6", IFRAMES),
    ("I-frame durations", swap(IFRAMES, "#EXTINF:2.000000", "#EXTINF:1.000000"), "RFC 8216 4.3.3.6", IFRAMES),
    ("range beyond the file", change(IFRAMES, r"BYTERANGE:\d+@(\d+)", r"BYTERANGE:99999999@\1"),
     "RFC 8216 6.2.1", "180p/seg_001.ts"),
]  # fmt: skip

FMP4_DAMAGES: list[tuple[str, Damage, str, str]] = [
    ("no initialization section named", drop(INDEX, "#EXT-X-MAP"), "Apple 8.20", "180p/seg_001.m4s"),
    ("initialization section missing", remove("180p/init.mp4"), "RFC 8216 6.2.1", "180p/init.mp4"),
    ("initialization section cut", cut("180p/init.mp4", lambda n: n // 2), "RFC 8216 3.3", "180p/init.mp4"),
    ("initialization section hollow", hollow_init, "RFC 8216 3", "180p/seg_001.m4s"),
    ("no fragment", lambda folder: shutil.copy(folder / "180p/init.mp4", folder / "180p/seg_002.m4s"),
     "RFC 8216 3.3", "180p/seg_002.m4s"),
    ("packets among fragments",
     lambda folder: (folder / "180p/seg_002.m4s").write_bytes((b"\x47\x1f\xff\x10" + bytes(184)) * 4),
     "RFC 8216 3", INDEX),
    ("segment cut", cut("180p/seg_001.m4s", lambda n: n - 10), "RFC 8216 3.3", "180p/seg_001.m4s"),
    ("gap between segments", later_fragments, "Apple 7.3", "180p/seg_002.m4s"),
    ("clocks differ", later_fragments, "RFC 8216 6.2.4", "90p/seg_002.m4s"),
    ("version too low", swap(INDEX, "VERSION:7", "VERSION:5"), "RFC 8216 7", INDEX),
    ("audio without LANGUAGE", swap(MASTER, 'NAME="English",LANGUAGE="en"', 'NAME="English"'), "Apple 8.10", MASTER),
    ("audio without CHANNELS", swap(MASTER, 'CHANNELS="2",', ""), "RFC 8216 4.3.4.1", MASTER),
    ("CHANNELS untrue", swap(MASTER, 'CHANNELS="2"', 'CHANNELS="6"'), "RFC 8216 4.3.4.1", MASTER),
    ("audio group does not exist", swap(MASTER, ',AUDIO="stereo"', ',AUDIO="surround"'), "RFC 8216 4.3.4.2", MASTER),
    ("audio not counted in BANDWIDTH", scaled("STREAM-INF:BANDWIDTH", 0.75), "Apple 1.27", MASTER),
    ("audio too short", change(AUDIO, r"#EXTINF:2.*\n.*\n", ""), "Apple 8.3", AUDIO),
    ("audio cut otherwise", change(AUDIO, r"#EXTINF:[56]\.\d+", "#EXTINF:5.900000"), "Apple 8.22", AUDIO),
    ("audio with another target", swap(AUDIO, "DURATION:6", "DURATION:7"), "Apple 8.2", AUDIO),
    ("range with the next frame", longer_range(500), "RFC 8216 4.3.3.6", IFRAMES),
    ("range too short", longer_range(-500), "RFC 8216 4.3.3.6", IFRAMES),
    ("range of another frame", shifted_range, "RFC 8216 4.3.3.6", IFRAMES),
    ("I-frames without EXT-X-MAP", drop(IFRAMES, "#EXT-X-MAP"), "Apple 8.20", IFRAMES),
]  # fmt: skip

PLAYS = {
    # of one that lasts otherwise than it says by a tenth of a second; of a source that lasts half a second longer
    "EXTINF not what a segment lasts", "sum of EXTINF", "source longer",
    # what is only read before playing, to choose by, or again while a stream grows
    "target duration too long", "not VOD", "event", "target durations differ", "audio with another target",
    "BANDWIDTH 20 % more", "no AVERAGE-BANDWIDTH", "AVERAGE-BANDWIDTH less", "no CODECS",
    "no RESOLUTION", "RESOLUTION untrue", "no FRAME-RATE", "FRAME-RATE untrue", "FRAME-RATE nearly true",
    "not independent in the master", "independent nowhere",
    "no LANGUAGE", "neither DEFAULT nor AUTOSELECT", "default that is not chosen", "two defaults",
    "audio without LANGUAGE", "audio without CHANNELS", "CHANNELS untrue",
    # an audio track that has all it should and other boundaries
    "audio cut otherwise",
    # captions where they are, or none
    "cue of another segment", "cue ends before it begins", "captions too short", "captions cut otherwise",
    # pictures while seeking
    "no I-frame playlist", "I-frame stream without CODECS", "I-frame stream without RESOLUTION", "I-frame BANDWIDTH",
    "I-frame durations", "range with the next frame", "range too short", "range of another frame",
    "I-frames without tables", "ranges of nothing known", "I-frames without EXT-X-MAP",
    "I-frame BANDWIDTH too low", "I-frames of another codec",
}  # fmt: skip
"""The damages in spite of which hls.js and Apple's players play everything."""


@pytest.mark.parametrize("kind", ["good_ts", "good_fmp4"])
def test_a_good_stream_breaks_no_rule(kind, request):
    """Nothing is found where there is nothing, and all of it was looked at."""
    folder = request.getfixturevalue(kind)
    validation = validate(folder)
    playlists = len(list(folder.rglob("*.m3u8")))
    segments = len(list(folder.rglob("seg_*")))
    assert ((), (), playlists, segments) == (
        validation.findings,
        validation.unchecked,
        validation.playlists,
        validation.segments,
    )


def _found(good: Path, place: Path, damage: Damage) -> set[tuple[str, str, Severity]]:
    folder = place / "stream"
    shutil.copytree(good, folder)
    damage(folder)
    return {(finding.rule, finding.file, finding.severity) for finding in validate(folder).findings}


def _severity(name: str) -> Severity:
    return Severity.NOT_IDEAL if name in PLAYS else Severity.BREAKS_PLAYBACK


@pytest.mark.parametrize(("name", "damage", "rule", "file"), [pytest.param(*d, id=d[0]) for d in TS_DAMAGES])
def test_a_fault_in_transport_streams_is_found(name, damage, rule, file, good_ts, tmp_path):
    """The planted fault is found by its rule, at its file, and said to break playback only where it does."""
    assert (rule, file, _severity(name)) in _found(good_ts, tmp_path, damage)


@pytest.mark.parametrize(("name", "damage", "rule", "file"), [pytest.param(*d, id=d[0]) for d in FMP4_DAMAGES])
def test_a_fault_in_fragmented_mp4_is_found(name, damage, rule, file, good_fmp4, tmp_path):
    """The planted fault is found by its rule, at its file, and said to break playback only where it does."""
    assert (rule, file, _severity(name)) in _found(good_fmp4, tmp_path, damage)


def test_every_fault_that_plays_is_planted():
    """A name that stands for none would prove nothing."""
    assert set() == PLAYS - {name for name, *_ in (*TS_DAMAGES, *FMP4_DAMAGES)}


@pytest.mark.parametrize(("missing_s", "breaks"), [(0.5, False), (1.5, True)])
def test_a_stream_shorter_than_its_source_is_refused_where_a_viewer_misses_something(
    missing_s, breaks, good_ts, tmp_path
):
    """Half a second at the end is how inexactly sources end; more is film that is gone."""
    shutil.copytree(good_ts, tmp_path / "stream")
    streams.write_job(tmp_path / "stream", duration_s=streams.SECONDS + missing_s)
    assert breaks == bool(validate(tmp_path / "stream").breaking)


@pytest.mark.parametrize(
    ("factor", "said"),
    [(2.0, "50 % less"), (0.8, "25 % more"), (0.25, "4.0 times as much")],
    ids=["less", "more", "several times"],
)
def test_a_wrong_rate_is_told_in_words(factor, said, good_ts, tmp_path):
    """How much was measured beside what is declared, not a figure with a sign."""
    folder = tmp_path / "stream"
    shutil.copytree(good_ts, folder)
    scaled("AVERAGE-BANDWIDTH", factor)(folder)
    (text,) = (finding.text for finding in validate(folder).findings if finding.rule == "Apple 1.26")
    assert text.endswith(f" was measured: {said}.")


def test_of_a_video_that_is_cut_off_only_that_is_said(good_ts, tmp_path):
    """A range too short to tell what its frame is says nothing of its size or its pixels."""
    folder = tmp_path / "stream"
    shutil.copytree(good_ts, folder)
    text = (folder / IFRAMES).read_text(encoding="utf-8")
    (folder / IFRAMES).write_text(re.sub(r"BYTERANGE:\d+", "BYTERANGE:99", text), encoding="utf-8", newline="\n")
    assert {"RFC 8216 4.3.3.6", "Apple 1.26", "Apple 1.27"} == {finding.rule for finding in validate(folder).findings}


def test_each_finding_is_a_sentence(good_ts, tmp_path):
    """What an editor reads ends like a sentence and holds no words of a program."""
    folder = tmp_path / "stream"
    shutil.copytree(good_ts, folder)
    planted = (
        "no target duration",
        "not VOD",
        "segment missing",
        "EXTINF not what a segment lasts",
        "source longer",
        "no BANDWIDTH",
    )
    planted += ("level untrue", "no LANGUAGE", "captions 8.6 s early", "range with the next frame", "two defaults")
    for name, damage, _, _ in TS_DAMAGES:
        if name in planted:
            damage(folder)
    texts = [finding.text for finding in validate(folder).findings]
    assert len(planted) <= len(texts)
    assert [] == [
        text for text in texts if not re.fullmatch(r"\S.*[^.]\.", text) or "None" in text or "Traceback" in text
    ]


def test_without_a_job_file_the_duration_is_said_to_be_unchecked(good_ts, tmp_path):
    """A stream of another program has none: that is not a fault, and no silence."""
    shutil.copytree(good_ts, tmp_path / "stream")
    (tmp_path / "stream/job.json").unlink()
    validation = validate(tmp_path / "stream")
    assert ((), 1) == (validation.findings, sum("how long the source lasts" in text for text in validation.unchecked))


def test_a_broken_job_file_is_no_job_file(good_ts, tmp_path):
    """Half a file tells nothing."""
    shutil.copytree(good_ts, tmp_path / "stream")
    (tmp_path / "stream/job.json").write_text(json.dumps({"done": []})[:8], encoding="utf-8")
    assert 1 == len(validate(tmp_path / "stream").unchecked)
