"""The encode in chunks: joined like one piece, gone on with after a stop, made anew when something changed."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import imageio_ffmpeg
import pytest

from pipeline import checkpoints
from pipeline.alongside import Alongside
from pipeline.cancel import CancelToken
from pipeline.disk_room import DiskFullError, is_disk_full
from pipeline.engines import audio_maker, local, source_run
from pipeline.engines import encode as engine_encode
from pipeline.engines.local import LocalEngine
from pipeline.errors import Cancelled, OutputError, SourceError
from pipeline.events import LogLevel
from pipeline.fingerprint import fingerprint
from pipeline.job import AudioRequest, EncodingRequest, Existing, Job, SegmentType
from pipeline.media.encode import arguments as encode_arguments
from pipeline.media.encode import chunks
from pipeline.media.encode.source_input import from_source
from pipeline.media.source.packet_scan import scan
from pipeline.media.source.probe import probe
from pipeline.model import PhaseOutcome
from pipeline.output_settings import output_settings
from pipeline.phases import hls, video_strategies
from pipeline.phases.hls import HlsPhase
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress
from pipeline.plan import make_plan
from pipeline.speech.child import WhisperProcess
from pipeline.workspace import Workspace

FFMPEG = Path(imageio_ffmpeg.get_ffmpeg_exe())
FAST = EncodingRequest(preset="ultrafast")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds at 29.97 frames a second, a keyframe every two, with a tone: three chunks."""
    target = tmp_path_factory.mktemp("clips") / "clip.mp4"
    video = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30000/1001:duration=20"]
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=20:sample_rate=48000"]
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([str(FFMPEG), "-v", "error", *video, *tone, *encode, str(target)], check=True)
    return target


@dataclass
class Encode:
    """One run of the phase, and what it said."""

    context: PhaseContext
    lines: list[tuple[str, LogLevel]] = field(default_factory=list)
    said: list[Progress] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.context.workspace.folder

    def run(self, ffmpeg: Path = FFMPEG) -> PhaseResult:
        phase = HlsPhase(ffmpeg, LocalEngine(ffmpeg, WhisperProcess()))
        phase.check(self.context)
        self.context.workspace.open()
        return phase.run(self.context)

    def commands(self) -> list[str]:
        """The chunks that were encoded in this run."""
        folders = [text.split(" && ")[0] for text, level in self.lines if level is LogLevel.DETAIL]
        return [Path(folder).stem for folder in folders]  # each attempt has a folder of its own


@pytest.fixture
def encode(tmp_path: Path, clip: Path) -> Callable[..., Encode]:
    """Return a function that makes a run of the phase; runs with the same name share a folder."""

    def make(name: str = "job", *, source: Path = clip, cancel: CancelToken | None = None, **asked: object) -> Encode:
        job = Job(
            **{
                "source": source,
                "output_dir": tmp_path / "out",
                "slug": name,
                "encoding": FAST,
                "existing": Existing.ASK,
            }
            | asked
        )
        plan, workspace = make_plan(job, probe(source)), Workspace(job)
        workspace.check(output_settings(plan), job.existing)
        lines: list[tuple[str, LogLevel]] = []
        said: list[Progress] = []
        context = PhaseContext(
            plan=plan,
            workspace=workspace,
            cancel=cancel or CancelToken(),
            report=said.append,
            log=lambda text, level: lines.append((text, level)),
            alongside=Alongside().start,
        )
        return Encode(context=context, lines=lines, said=said)

    return make


@pytest.fixture
def in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut short clips as if they were long, one chunk at a time."""
    monkeypatch.setattr(chunks, "CHUNK_SEGMENTS", 1)
    monkeypatch.setattr(chunks, "LEAST_SEGMENTS", 1)
    monkeypatch.setattr(local, "side_by_side", lambda cores: 1)


def _whole(plan, scan, cores, whole=False):
    return chunks.cut(plan, scan, cores=cores, whole=True)


def _hashes(playlist: Path, *options: str) -> list[str]:
    arguments = ["-v", "error", "-copyts", "-i", str(playlist), *options, "-f", "framemd5", "-"]
    lines = subprocess.run([str(FFMPEG), *arguments], check=True, capture_output=True, text=True).stdout.splitlines()
    return [line for line in lines if not line.startswith("#")]


def _times(playlist: Path) -> list[str]:
    return [line.split(",")[2].strip() for line in _hashes(playlist, "-map", "0:v")]


def _playlist(done: Encode, name: str = "90p") -> Path:
    return done.folder / name / "index.m3u8"


@pytest.mark.parametrize("segment_type", list(SegmentType))
@pytest.mark.parametrize("side_by_side", [1, 2])
def test_joined_chunks_have_the_frames_times_and_audio_of_one_piece(
    encode, in_chunks, monkeypatch, segment_type, side_by_side
):
    """Whether they are encoded one after the other or side by side, in both containers."""
    monkeypatch.setattr(local, "side_by_side", lambda cores: side_by_side)
    encoding = replace(FAST, segment_type=segment_type)
    joined = encode("joined", encoding=encoding)
    joined.run()
    monkeypatch.setattr(video_strategies, "cut", _whole)
    whole = encode("whole", encoding=encoding)
    whole.run()
    facts = joined.context.workspace.done.hls
    assert (3, pytest.approx(20.02, abs=0.05)) == (facts.chunks, facts.duration_s)
    assert _playlist(whole).read_text() == _playlist(joined).read_text()
    assert _times(_playlist(whole)) == _times(_playlist(joined))
    audio = _playlist(joined) if segment_type is SegmentType.TS else joined.folder / "audio" / "und" / "index.m3u8"
    other = whole.folder / audio.relative_to(joined.folder)
    assert _hashes(other, "-map", "0:a", "-c", "copy") == _hashes(audio, "-map", "0:a", "-c", "copy")


def test_chunks_of_a_source_with_too_many_frames_leave_out_the_same_ones_as_one_piece(
    encode, in_chunks, monkeypatch, tmp_path
):
    """Of 119.88 frames a second every other one stays, whatever the cut."""
    fast = tmp_path / "fast.mp4"
    video = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=120000/1001:duration=14"]
    subprocess.run(
        [str(FFMPEG), "-v", "error", *video, "-c:v", "libx264", "-preset", "ultrafast", "-g", "200", str(fast)],
        check=True,
    )
    joined = encode("joined", source=fast)
    joined.run()
    monkeypatch.setattr(video_strategies, "cut", _whole)
    whole = encode("whole", source=fast)
    whole.run()
    times = _times(_playlist(joined))
    assert (2, 840) == (joined.context.workspace.done.hls.chunks, len(times))
    assert _times(_playlist(whole)) == times
    assert _playlist(whole).read_text() == _playlist(joined).read_text()


INTERLACED = ("-vf", "tinterlace=interleave_top,setfield=tff", "-flags", "+ilme+ildct", "-x264-params", "tff=1")
LATE = ("-itsoffset", "2.5")


@pytest.mark.parametrize("kind", ["interlaced", "late"])
def test_chunks_of_a_filtered_source_have_the_frames_of_one_piece(encode, in_chunks, monkeypatch, tmp_path, kind):
    """Where lines are told from those of the frame before, and where a video that begins late is filled up."""
    clip = tmp_path / "clip.mp4"
    size = "-i", "testsrc2=size=160x96:rate=50:duration=20"
    video = ["-f", "lavfi", *size] if kind == "interlaced" else [*LATE, "-f", "lavfi", *size]
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=22"]
    made = [
        *(INTERLACED if kind == "interlaced" else ()),
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        "25",
        "-c:a",
        "aac",
    ]
    subprocess.run([str(FFMPEG), "-v", "error", *video, *tone, *made, str(clip)], check=True)
    joined = encode("joined", source=clip)
    joined.run()
    in_chunks_made = _filtered(joined)
    monkeypatch.setattr(video_strategies, "cut", _whole)
    whole = encode("whole", source=clip)
    whole.run()
    name = next(path.parent.name for path in joined.folder.glob("*/index.m3u8"))
    assert (kind == "interlaced", True) == (
        joined.context.plan.deinterlace,
        joined.context.workspace.done.hls.chunks >= 3,
    )
    assert _times(_playlist(whole, name)) == _times(_playlist(joined, name))
    assert _playlist(whole, name).read_text() == _playlist(joined, name).read_text()
    assert _filtered(whole) == in_chunks_made


def _filtered(run: Encode) -> list[str]:
    """Times and hashes of all pictures of a run's chunks, as they go to the encoder."""
    plan, found = run.context.plan, scan(run.context.plan.media, CancelToken())
    cutting = video_strategies.cut(plan, found, cores=1)
    lines: list[str] = []
    for chunk in cutting.chunks:
        arguments = encode_arguments.chunk_arguments(plan, cutting, chunk, None)
        graph = arguments[: arguments.index("-map") + 2]
        command = [str(FFMPEG), "-v", "error", *from_source(graph, plan.media.path)]
        command += ["-fps_mode", "passthrough", "-f", "framehash", "-hash", "md5", "-"]
        made = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        lines += [f"{line.split(',')[2]} {line.split(',')[-1]}" for line in made if not line.startswith("#")]
    return lines


def _stop_at(chunk: str, run: Encode) -> None:
    """Cancel a run when it begins with a chunk."""
    _stop_at_text(f"/{chunk}.", run)


def _stop_at_text(words: str, run: Encode) -> None:
    """Cancel a run when it says something."""

    def log(text: str, level: LogLevel) -> None:
        if words in text:
            run.context.cancel.cancel()

    with pytest.raises(Cancelled):
        replace(run, context=replace(run.context, log=log)).run()


def test_a_stopped_encode_goes_on_from_its_last_finished_chunk(encode, in_chunks):
    """The result is that of a run without a stop, frame by frame."""
    _stop_at("0002", encode("stopped"))
    second, straight = encode("stopped"), encode("straight")
    second.run()
    straight.run()
    assert (["0002"], ["0000", "0001", "0002"]) == (second.commands(), straight.commands())
    assert _hashes(_playlist(straight)) == _hashes(_playlist(second))
    assert not second.context.workspace.checkpoints.root.exists()


@pytest.mark.parametrize("earlier", [False, True], ids=["touched", "begun by an earlier version"])
def test_a_source_that_was_only_touched_goes_on_from_its_last_finished_chunk(
    encode, in_chunks, monkeypatch, tmp_path, clip, earlier
):
    """The time of its last change is nothing to it; an earlier version has it in the keys of its pieces."""
    source = Path(shutil.copyfile(clip, tmp_path / "touched.mp4"))
    partial = tmp_path / "out" / ".touched.partial"
    settings = {
        "qualities": None,
        "encoding": {"codec": "h264", "encoder": "auto", "preset": "ultrafast", "segment_type": "ts"},
        "sound": {},
        "encryption": None,
        "black_bars": False,
        "mp4": True,
        "transcription": None,
    }

    content = replace(fingerprint(source), mtime_ns=1 if earlier else None)
    with monkeypatch.context() as patched:
        patched.setattr("pipeline.workspace.fingerprint", lambda path: content)
        _stop_at("0002", encode("touched", source=source))
    if earlier:
        stored = {"format": 2, "source_path": str(source), "source": content.fields, "settings": settings, "done": {}}
        (partial / "job.json").write_text(json.dumps(stored))
    os.utime(source, ns=(1, 1))
    second = encode("touched", source=source)
    second.run()
    assert ["0002"] == second.commands()


def _another_source(encode: Callable[..., Encode], tmp_path: Path, clip: Path) -> tuple[Encode, Path]:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(clip.read_bytes())
    _stop_at("0002", encode("changed", source=copy))
    subprocess.run(
        [str(FFMPEG), "-v", "error", "-y", "-i", str(clip), "-c", "copy", "-metadata", "title=new", str(copy)],
        check=True,
    )
    return encode("changed", source=copy), FFMPEG


def _other_settings(encode: Callable[..., Encode], tmp_path: Path, clip: Path) -> tuple[Encode, Path]:
    _stop_at("0002", encode("changed"))
    return encode("changed", encoding=replace(FAST, preset="superfast")), FFMPEG


def _another_ffmpeg(encode: Callable[..., Encode], tmp_path: Path, clip: Path) -> tuple[Encode, Path]:
    _stop_at("0002", encode("changed"))
    newer = tmp_path / "ffmpeg"
    newer.write_text(
        "#!/bin/sh\nfor last; do :; "
        f'done\n[ "$last" = -version ] && echo "ffmpeg version newer" || exec "{FFMPEG}" "$@"\n'
    )
    newer.chmod(0o755)
    return encode("changed"), newer


@pytest.mark.parametrize("change", [_another_source, _other_settings, _another_ffmpeg], ids=lambda f: f.__name__[1:])
def test_chunks_of_something_else_are_encoded_anew(encode, in_chunks, tmp_path, clip, change):
    """What was made from another source, with other settings or by another ffmpeg does not fit."""
    again, ffmpeg = change(encode, tmp_path, clip)
    again.run(ffmpeg)
    assert again.commands() == ["0000", "0001", "0002"]


def test_a_stop_before_the_first_chunk_is_finished_leaves_nothing_behind(encode):
    """A few seconds of work are not worth a folder that waits for the next start."""
    run = encode()
    _stop_at("0000", run)
    assert () == run.context.workspace.checkpoints.pieces


@pytest.fixture
def misleading(in_chunks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every chunk but the first begin ten seconds too late, as if seeking landed there."""
    real = chunks.cut

    def wrong(plan, scan, cores, whole=False):
        cutting = real(plan, scan, cores=cores, whole=whole)
        late = [replace(c, seek_s=c.seek_s + 10) if c.seek_s is not None else c for c in cutting.chunks]
        return replace(cutting, chunks=tuple(late))

    monkeypatch.setattr(video_strategies, "cut", wrong)


def test_a_chunk_that_begins_elsewhere_than_it_should_makes_the_encode_one_piece(encode, misleading):
    """Some files say of themselves that they can be entered, and can't."""
    run = encode()
    run.run()
    assert (1, 600) == (run.context.workspace.done.hls.chunks, len(_times(_playlist(run))))
    assert [True] == ["one piece" in text for text, level in run.lines if level is LogLevel.INFO]


def test_what_was_made_one_piece_stays_one_after_a_stop(encode, misleading):
    """Chunks are not tried again, and the note is there again."""
    stopped, second = encode(), encode()
    _stop_at_text("one piece", stopped)
    second.run()
    assert (["0000"], 600) == (second.commands(), len(_times(_playlist(second))))
    assert [True] == ["one piece" in text for text, level in second.lines if level is LogLevel.INFO]


def test_holes_that_were_found_are_filled_at_once_after_a_stop(encode, monkeypatch):
    """The encode that found them is not done again, and what it found is told."""

    def short(plan, scan, cores, whole=False):
        (only,) = chunks.cut(plan, scan, cores=cores, whole=True).chunks
        return replace(
            chunks.cut(plan, scan, cores=cores, whole=True), chunks=(replace(only, frames=(only.frames or 0) + 3),)
        )

    monkeypatch.setattr(video_strategies, "cut", short)
    stopped, second = encode(accept_damaged=True), encode(accept_damaged=True)
    _stop_at_text("mpdecimate", stopped)  # which fills holes
    second.run()
    assert (["0000"], 3) == (second.commands(), second.context.workspace.done.hls.missing_frames)


def test_chunks_that_need_different_headers_make_the_encode_one_piece(encode, in_chunks, monkeypatch):
    """Players get one initialization section for all segments."""
    real = engine_encode.separate_init

    def differs(init, first_segment):
        real(init, first_segment)
        if init.parent.parent.name.startswith("0001"):
            init.write_bytes(init.read_bytes() + struct.pack(">I4s", 8, b"free"))

    monkeypatch.setattr(engine_encode, "separate_init", differs)
    run = encode(encoding=replace(FAST, segment_type=SegmentType.FMP4))
    run.run()
    assert (["0000", "0001", "0002", "0000"], 600) == (run.commands(), len(_times(_playlist(run))))


def test_a_disk_that_is_full_when_a_chunk_has_ended(encode, in_chunks, monkeypatch):
    """ffmpeg may say that all is well: the chunk counts as not made,
    and what is finished stays for the time when there is room.
    """
    real = shutil.disk_usage

    def usage(path):
        busy = (run.context.workspace.checkpoints.root / "0001" / "done.json").exists()
        return real(path)._replace(free=1 << 20 if busy else 1 << 40)

    monkeypatch.setattr(source_run, "LOOK_S", math.inf)
    run = encode()
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", usage)
        with pytest.raises(DiskFullError, match=r"The disk is full: clip\.mp4 could not be encoded"):
            run.run()
    again = encode()
    again.run()
    assert (["0000", "0001", "0002"], ["0002"]) == (run.commands(), again.commands())


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        pytest.param(audio_maker, "write_stretch", id="the audio of a chunk"),
        pytest.param(checkpoints, "_sync", id="a finished piece"),
        pytest.param(hls, "_playlist", id="a playlist"),
    ],
)
def test_a_full_disk_is_told_from_other_failures(encode, in_chunks, monkeypatch, owner, name):
    """Wherever it strikes; what is done again afterwards is whole."""

    def strikes(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    run = encode()
    with monkeypatch.context() as full:
        full.setattr(owner, name, strikes)
        with pytest.raises(OutputError) as failure:
            run.run()
    assert is_disk_full(failure.value)
    again = encode()
    again.run()
    assert 600 == len(_times(_playlist(again)))


def test_too_little_disk_is_found_out_before_anything_starts(encode, monkeypatch):
    """The sentence says how much is missing."""
    real = hls.shutil.disk_usage
    monkeypatch.setattr(hls.shutil, "disk_usage", lambda path: real(path)._replace(free=2 << 20))
    with pytest.raises(OutputError, match=r"2 MB free, \d+ MB less than this video needs"):
        encode().run()


def test_work_that_is_done_is_used_again(encode):
    """Without starting ffmpeg."""
    encode().run()
    again = encode()
    assert (PhaseOutcome.REUSED, []) == (again.run().outcome, again.commands())


def test_the_loudness_is_measured_and_said(encode):
    """EBU R128; a tone of one channel at 18 dB below full scale, which is heard from both loudspeakers."""
    run = encode()
    result = run.run()
    (loudness,) = run.context.workspace.done.hls.loudness
    assert (f"Encoded, loudness {loudness.integrated_lufs:.1f} LUFS", pytest.approx(-18.8, abs=0.3)) == (
        result.text,
        loudness.integrated_lufs,
    )


def test_the_loudness_can_be_brought_to_a_target(encode):
    """Within half a unit of it, measured in what was made."""
    run = encode(audio=AudioRequest(loudness_lufs=-16.0))
    run.run()
    arguments = [
        "-hide_banner",
        "-i",
        str(_playlist(run)),
        "-map",
        "0:a",
        "-af",
        "ebur128=framelog=quiet:dualmono=true",
        "-f",
        "null",
        "-",
    ]
    said = subprocess.run([str(FFMPEG), *arguments], check=True, capture_output=True, text=True).stderr
    (integrated,) = [float(line.split()[1]) for line in said.splitlines() if line.strip().startswith("I:")]
    assert pytest.approx(-16.0, abs=0.5) == integrated


@pytest.fixture(scope="module")
def damaged(clip: Path) -> Path:
    """The clip with a third of a second of it overwritten, in the middle of its video."""
    target = clip.with_name("damaged.mkv")
    subprocess.run([str(FFMPEG), "-v", "error", "-i", str(clip), "-c", "copy", str(target)], check=True)
    content = bytearray(target.read_bytes())
    middle = len(content) // 2
    noise = hashlib.sha256(b"noise").digest() * (len(content) // 60 // 32)
    content[middle : middle + len(noise)] = noise
    target.write_bytes(content)
    return target


def test_a_file_that_is_damaged_in_the_middle_is_converted_when_that_is_accepted(encode, damaged):
    """The cluster that was hit is two seconds: both durations and the count of errors are named."""
    sentence = r"is damaged: 2\.0 s of 20\.0 s of audio can't be decoded, with \d+ decode errors"
    with pytest.raises(SourceError, match=sentence):
        encode("refused", source=damaged).run()
    run = encode("accepted", source=damaged, accept_damaged=True)
    run.run()
    (warning,) = [text for text, level in run.lines if level is LogLevel.WARNING]
    assert re.search(sentence, warning)


def test_a_file_that_ends_early_is_converted_when_that_is_accepted(encode, clip):
    """Otherwise both durations and the count of errors are named."""
    half = clip.with_name("half.mkv")
    subprocess.run([str(FFMPEG), "-v", "error", "-y", "-i", str(clip), "-c", "copy", str(half)], check=True)
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    with pytest.raises(SourceError, match=r"declares 20\.0 s, but only \d+\.\d s can be read, with \d+ decode errors?"):
        encode("refused", source=half).run()
    run = encode("accepted", source=half, accept_damaged=True)
    run.run()
    assert (True, True) == (
        7 < run.context.workspace.done.hls.duration_s < 13,
        any("ends early" in t for t, _ in run.lines),
    )
