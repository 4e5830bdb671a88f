"""Which programme, video and audio tracks of a source are read, and what is said of the rest."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.errors import Problem, Setting, SettingsError, SourceError
from pipeline.job import Job, TrackChoice
from pipeline.media.source.probe import probe
from pipeline.media.source.source_notes import source_notes
from pipeline.media.source.transport_tables import programmes
from pipeline.model import Outcome
from pipeline.plan import make_plan

LARGE, SMALL = (("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration=2") for size in ("320x180", "160x90"))
LOW, HIGH = (("-f", "lavfi", "-i", f"sine=frequency={hertz}:duration=2") for hertz in (200, 2000))
ENCODE = ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")
MAPS = ("-map", "0", "-map", "2", "-map", "1", "-map", "3")
PROGRAMMES = ("-program", "program_num=1:title=Sport:st=0:st=1", "-program", "program_num=7:title=Zwölf:st=2:st=3")


@pytest.fixture(scope="session")
def two_programmes(ffmpeg, tmp_path_factory) -> Path:
    """Sport in 160x90 with a low tone, then Zwölf in 320x180 with a high one."""
    target = tmp_path_factory.mktemp("programmes") / "two.ts"
    words = [str(ffmpeg), "-v", "error", "-y", *SMALL, *LARGE, *LOW, *HIGH, *MAPS, *ENCODE, *PROGRAMMES, str(target)]
    subprocess.run(words, check=True)
    return target


@pytest.fixture(scope="session")
def two_videos(ffmpeg, tmp_path_factory) -> Path:
    """Two angles of one scene, the first marked as default; two audio tracks."""
    target = tmp_path_factory.mktemp("angles") / "angles.mkv"
    subprocess.run(
        [str(ffmpeg), "-v", "error", "-y", *SMALL, *LARGE, *LOW, *HIGH, *MAPS, *ENCODE, str(target)], check=True
    )
    return target


@pytest.mark.parametrize("stride", [188, 192, 204])
def test_the_programmes_are_read_from_the_tables(two_programmes, tmp_path, stride):
    """Numbers, names and PIDs, also with a time ahead of each packet or error correction behind it."""
    data, ahead = two_programmes.read_bytes(), bytes(4 if stride == 192 else 0)
    other = tmp_path / "other.ts"
    other.write_bytes(
        b"".join(ahead + data[i : i + 188] + bytes(stride - 188 - len(ahead)) for i in range(0, len(data), 188))
    )
    found = [(p.number, p.name, len(p.stream_ids)) for p in programmes(other)]
    assert [(1, "Sport", 2), (7, "Zwölf", 2)] == found


def _with_flipped_bit(data: bytes, pid: int, at: int, *, all_of_them: bool) -> bytes:
    """Return a transport stream with a bit of its payload flipped in the first packet of a PID, or in each."""
    made = bytearray(data)
    for start in range(0, len(made), 188):
        if int.from_bytes(made[start + 1 : start + 3], "big") & 0x1FFF == pid:
            made[start + at] ^= 0x40
            if not all_of_them:
                break
    return bytes(made)


def test_a_table_with_an_error_is_not_believed(two_programmes, tmp_path):
    """Reception has single wrong bits: each table has a check sum, and comes again.

    Without one left, programmes have no names.
    """
    data, other = two_programmes.read_bytes(), tmp_path / "other.ts"
    names = set()
    for at in range(5, 60):
        for all_of_them in (False, True):
            other.write_bytes(_with_flipped_bit(data, 0x11, at, all_of_them=all_of_them))
            names.add((all_of_them, *((p.number, p.name) for p in programmes(other))))
    # in stuffing
    assert {(False, (1, "Sport"), (7, "Zwölf")), (True, (1, ""), (7, ""))} == names - {
        (True, (1, "Sport"), (7, "Zwölf"))
    }


@pytest.mark.parametrize(
    "data", [b"", b"\x47", b"\x47" * 188 * 9, bytes(5000)], ids=["empty", "one byte", "all sync", "zeros"]
)
def test_what_is_no_transport_stream_has_no_programmes(tmp_path, data):
    """And does no harm."""
    (tmp_path / "other.ts").write_bytes(data)
    assert () == programmes(tmp_path / "other.ts")


@pytest.mark.parametrize(
    ("choice", "size", "indices", "said"),
    [
        (TrackChoice(), (320, 180), (2, 3), "2 programmes: Zwölf converted; Sport left out (--programme 1)"),
        (TrackChoice(programme=1), (160, 90), (0, 1), "2 programmes: Sport converted; Zwölf left out (--programme 7)"),
    ],
    ids=["the larger", "as asked"],
)
def test_video_and_audio_are_of_one_programme(two_programmes, choice, size, indices, said):
    """Never the video of one with the audio of the other; the rest is named with the way to it."""
    media = probe(two_programmes, choice)
    found = ((media.video.width, media.video.height), (media.video.index, *(a.index for a in media.audio)))
    assert (size, indices, True) == (*found, said in source_notes(media, keep_hdr=False))


@pytest.mark.parametrize(
    ("choice", "indices", "said"),
    [
        (TrackChoice(), (0, 1, 3), "2 videos: 160×90 converted; 320×180 left out (--video-track 2)"),
        (TrackChoice(video=2, audio=(2,)), (2, 3), "2 videos: 320×180 converted; 160×90 left out (--video-track 1)"),
    ],
    ids=["the default one", "as asked"],
)
def test_a_video_that_is_left_out_is_named(two_videos, choice, indices, said):
    """With the way to it."""
    media = probe(two_videos, choice)
    found = (media.video.index, *(a.index for a in media.audio))
    assert (indices, True) == (found, said in source_notes(media, keep_hdr=False))


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        (TrackChoice(programme=2), "has no programme 2: choose from 1 (Sport), 7 (Zwölf)."),
        (TrackChoice(programme=7, video=2), "has no video track 2: it has one only."),
        (TrackChoice(audio=(3,)), "has no audio track 3: it has one only."),
    ],
)
def test_what_is_not_there_can_not_be_chosen(two_programmes, choice, sentence):
    """The sentence says what there is."""
    with pytest.raises(SettingsError) as refused:
        probe(two_programmes, choice)
    assert (Problem(text=f"{two_programmes} {sentence}", setting=Setting.TRACKS),) == refused.value.problems


def test_a_programme_without_anything_in_it_is_not_taken(ffmpeg, tmp_path):
    """A radio channel that is announced and off the air is passed over."""
    path = tmp_path / "radio.ts"
    programmes_of = ["-program", "program_num=1:title=Off:st=0", "-program", "program_num=7:title=On:st=1"]
    subprocess.run(
        [str(ffmpeg), "-v", "error", *LOW, *HIGH, "-map", "0", "-map", "1", *programmes_of, "-c:a", "mp2", str(path)],
        check=True,
    )
    data = path.read_bytes()
    packets = [data[i : i + 188] for i in range(0, len(data), 188)]
    path.write_bytes(b"".join(packet for packet in packets if int.from_bytes(packet[1:3], "big") & 0x1FFF != 0x100))
    media = probe(path)
    assert (7, 1, None) == (media.programme, len(media.audio), media.video)


def test_a_plain_source_has_nothing_left_out(sample):
    """One video, no programmes."""
    media = probe(sample)
    assert ((), None, 1, ()) == (media.programmes, media.programme, len(media.video_sizes), media.undecodable_audio)


def _with_box(source: Path, target: Path, old: bytes, new: bytes) -> Path:
    """Copy a file with a box or a sample's kind named otherwise."""
    data = source.read_bytes()
    assert old in data
    target.write_bytes(data.replace(old, new))
    return target


@pytest.fixture(scope="session")
def mp4(ffmpeg, tmp_path_factory) -> Path:
    """A plain MP4 with video and audio."""
    target = tmp_path_factory.mktemp("plain") / "plain.mp4"
    subprocess.run([str(ffmpeg), "-v", "error", "-y", *LARGE, *LOW, *ENCODE, str(target)], check=True)
    return target


@pytest.mark.parametrize(
    "kind", [(b"avc1\0\0\0\0\0\0\0\1", b"encv\0\0\0\0\0\0\0\1"), (b"avc1\0\0\0\0\0\0\0\1", b"drmi\0\0\0\0\0\0\0\1")]
)
def test_a_protected_file_is_called_protected(mp4, tmp_path, kind):
    """Common Encryption and FairPlay: not damaged, and nothing that we could mend."""
    path = _with_box(mp4, tmp_path / "film.m4v", *kind)
    with pytest.raises(SourceError) as refused:
        probe(path)
    assert f"{path} is protected (DRM) and can't be decoded: choose a copy without protection." == str(refused.value)


def test_a_scrambled_broadcast_is_called_protected(two_programmes, tmp_path):
    """Its packets say so."""
    data = bytearray(two_programmes.read_bytes())
    for start in range(0, len(data), 188):
        pid = int.from_bytes(data[start + 1 : start + 3], "big") & 0x1FFF
        if 0x100 <= pid < 0x1000:
            data[start + 3] |= 0x80
    (tmp_path / "pay.ts").write_bytes(data)
    with pytest.raises(SourceError, match=r"is protected \(DRM\)"):
        probe(tmp_path / "pay.ts")


def _dolby_vision(source: Path, target: Path, profile: int, base: int) -> Path:
    """Put a Dolby Vision record in place of the box with the pixel's shape,
    which is as large as it with a record cut short.
    """
    record = bytes([1, 0, profile << 1, 0x25, base << 4, 0, 0, 0])
    data = source.read_bytes()
    at = data.index(b"pasp")
    target.write_bytes(data[:at] + b"dvcC" + record + data[at + 12 :])
    return target


@pytest.mark.parametrize(("profile", "base", "refused"), [(5, 0, True), (8, 1, False), (8, 4, False), (10, 0, True)])
def test_dolby_vision_without_a_base_is_refused(mp4, tmp_path, profile, base, refused):
    """Its colours are wrong for everybody else; what has HDR10, HLG or SDR below it is read as that."""
    path = _dolby_vision(mp4, tmp_path / "dv.mp4", profile, base)
    if not refused:
        assert profile == probe(path).video.dolby_vision
        return
    with pytest.raises(SourceError, match=rf"is Dolby Vision profile {profile}, whose colours only"):
        probe(path)


@pytest.fixture
def mpeg_h(mp4, tmp_path) -> Path:
    """A file whose audio nothing here can decode."""
    path = _with_box(mp4, tmp_path / "mpegh.mp4", b"mp4a\0\0\0\0\0\0\0\1", b"mhm1\0\0\0\0\0\0\0\1")
    return _with_box(path, path, b"esds", b"mhaC")


def test_audio_that_can_not_be_decoded_is_never_left_out_silently(mpeg_h, tmp_path):
    """It is said before anything starts, and converted without only when the editor accepts that."""
    media = probe(mpeg_h)
    job = Job(source=mpeg_h, output_dir=tmp_path, slug="a")
    said = "1 audio track left out: MPEG-H 3D Audio can't be decoded"
    with pytest.raises(
        SourceError, match=r"^The audio of .*mpegh\.mp4 \(MPEG-H 3D Audio\) can't be decoded: export it"
    ):
        make_plan(job, media)
    accepted = Job(source=mpeg_h, output_dir=tmp_path, slug="a", accept_damaged=True)
    assert (True, ()) == (said in source_notes(media, keep_hdr=False), make_plan(accepted, media).audio)


def test_one_audio_track_of_two_that_can_be_decoded_is_enough(ffmpeg, tmp_path):
    """The other is named."""
    both = tmp_path / "both.mp4"
    maps = [word for number in "012" for word in ("-map", number)]
    subprocess.run([str(ffmpeg), "-v", "error", *LARGE, *LOW, *HIGH, *maps, *ENCODE, str(both)], check=True)
    both.write_bytes(
        both.read_bytes().replace(b"mp4a\0\0\0\0\0\0\0\1", b"mhm1\0\0\0\0\0\0\0\1", 1).replace(b"esds", b"mhaC", 1)
    )
    media = probe(both)
    assert (1, ("MPEG-H 3D Audio",)) == (len(media.audio), media.undecodable_audio)
    assert make_plan(Job(source=both, output_dir=tmp_path, slug="a"), media).audio


def test_an_animated_webp_is_called_one(tmp_path):
    """A video it is not; no ffmpeg of ours decodes it."""
    frames = b"ANIM" + struct.pack("<IIH", 6, 0, 0) + b"ANMF" + struct.pack("<I", 16) + bytes(16)
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes([2, 0, 0, 0, 9, 0, 0, 9, 0, 0]) + frames
    (tmp_path / "cat.webp").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    with pytest.raises(SourceError, match="is an animated WebP, which can't be decoded here: save it as MP4 or GIF"):
        probe(tmp_path / "cat.webp")


def test_a_whole_job_converts_the_programme_that_was_chosen(two_programmes, tmp_path):
    """Video and audio of it, and the log names the other."""
    job = Job(source=two_programmes, output_dir=tmp_path, slug="sport", tracks=TrackChoice(programme=1), make_mp4=False)
    report = wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), lambda _: None, CancelToken())
    assert Outcome.DONE is report.outcome, report.error
    with av.open(str(next(report.folder.glob("*/seg_001.ts")))) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        waves = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio)])
    hertz = np.count_nonzero(np.diff(np.signbit(waves))) / 2 / len(waves) * 48_000
    assert (160, 90, 200) == (video.width, video.height, pytest.approx(hertz, abs=20))
