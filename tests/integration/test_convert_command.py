"""`convert` with good and bad input: exit status, one sentence, nothing that looks finished."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import imageio_ffmpeg
import psutil
import pytest
from held_ffmpeg import held_ffmpeg
from json_events import events
from program import command, make_clip, start

FAST = ("--preset", "ultrafast")


def _empty(folder: Path) -> Path:
    (folder / "clip.mp4").write_bytes(b"")
    return folder / "clip.mp4"


def _broken(folder: Path) -> Path:
    clip = make_clip(folder / "clip.mp4", seconds=1)
    clip.write_bytes(clip.read_bytes()[:2000])
    return clip


def _text(folder: Path) -> Path:
    (folder / "clip.mp4").write_text("no video\n" * 100)
    return folder / "clip.mp4"


def _folder(folder: Path) -> Path:
    (folder / "clip.mp4").mkdir()
    return folder / "clip.mp4"


def _missing(folder: Path) -> Path:
    return folder / "clip.mp4"


def _unreadable(folder: Path) -> Path:
    # a link to itself can't be opened by anybody, root included
    (folder / "clip.mp4").symlink_to(folder / "clip.mp4")
    return folder / "clip.mp4"


@pytest.mark.parametrize("make", [_empty, _broken, _text, _folder, _missing, _unreadable], ids=lambda f: f.__name__[1:])
def test_what_is_no_video_gets_one_sentence_and_leaves_nothing(tmp_path, run, make):
    """Exit 1, the file named, no traceback, no folder."""
    clip = make(tmp_path)
    done = run("convert", clip, "-o", tmp_path / "out")
    assert (1, 1, True, False) == (
        done.returncode,
        len(done.stderr.splitlines()),
        str(clip) in done.stderr,
        (tmp_path / "out").exists(),
    )


def test_an_output_folder_that_can_not_be_made_is_one_sentence(tmp_path, run, short_clip):
    """The place is named before anything is encoded."""
    (tmp_path / "file").write_text("")
    done = run("convert", short_clip, "-o", tmp_path / "file" / "out")
    assert (1, 1, True) == (done.returncode, len(done.stderr.splitlines()), "can't be written" in done.stderr)


def test_a_source_that_ends_early_fails_naming_both_durations(tmp_path, run):
    """Half a Matroska file declares the whole: never plain success."""
    clip = make_clip(tmp_path / "whole.mkv", seconds=8)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    done = run("convert", clip, "-o", tmp_path / "out", *FAST)
    assert (1, True) == (done.returncode, "declares 8.0 s, but only" in done.stderr)
    assert [] == list((tmp_path / "out").iterdir())


def test_a_name_full_of_signs_is_converted_like_any_other(tmp_path, run):
    """Neither ffmpeg nor the shell nor a key trips over it."""
    clip = make_clip(tmp_path / "-a \"b\" 'c' %03d #1? é🎬.mp4", seconds=1)
    done = run("convert", "-o", tmp_path / "out", *FAST, "--", clip)
    assert (0, True) == (done.returncode, (tmp_path / "out" / "a-b-c-03d-1-e" / "master.m3u8").exists())


def test_a_silent_video_gets_a_stream_and_no_transcript(tmp_path, run, small_model):
    """The phase is skipped and says so."""
    clip = make_clip(tmp_path / "silent.mp4", seconds=2, audio="")
    done = run("convert", clip, "-o", tmp_path / "out", *FAST, "--transcribe", "--model", small_model)
    folder = tmp_path / "out" / "silent"
    assert (0, True, False) == (
        done.returncode,
        "No audio in this video" in done.stdout,
        (folder / "transcript.srt").exists(),
    )
    assert "mp4a" not in (folder / "master.m3u8").read_text()


def test_a_video_without_speech_gets_empty_files_and_no_track(tmp_path, run, small_model):
    """Valid files without a cue, and a master without captions."""
    clip = make_clip(tmp_path / "quiet.mp4", seconds=2, audio="sine=frequency=440,volume=0")
    done = run("convert", clip, "-o", tmp_path / "out", *FAST, "--transcribe", "--model", small_model)
    folder = tmp_path / "out" / "quiet"
    assert (0, "", "", "WEBVTT\n") == (
        done.returncode,
        (folder / "transcript.srt").read_text(),
        (folder / "transcript.txt").read_text(),
        (folder / "subtitles.vtt").read_text(),
    )
    assert (False, False) == ((folder / "subtitles").exists(), "SUBTITLES" in (folder / "master.m3u8").read_text())


def test_a_model_that_is_not_there_is_found_out_before_encoding(tmp_path, run, short_clip):
    """Nothing was encoded, nothing is left."""
    done = run(
        "convert", short_clip, "-o", tmp_path / "out", "--transcribe", "--model", tmp_path / "no-model", "--json"
    )
    kinds = [e["event"] for e in events(done.stdout)]
    assert (1, ["job_finished"], []) == (
        done.returncode,
        [k for k in kinds if k != "log_line"],
        list((tmp_path / "out").iterdir()),
    )
    assert "no-model" in done.stderr


def test_json_prints_one_event_a_line_and_ends_with_the_job(tmp_path, run, short_clip):
    """For scripts: nothing but JSON on standard output, bars that only grow."""
    done = run("convert", short_clip, "-o", tmp_path / "out", *FAST, "--json")
    seen = events(done.stdout)
    last = seen[-1]
    assert (0, "job_finished", "short-clip", "done") == (done.returncode, last["event"], last["job"], last["outcome"])
    overall = [e["overall"] for e in seen if "overall" in e]
    assert sorted(overall) == overall


def test_the_same_job_again_encodes_nothing_and_what_would_be_lost_is_refused(tmp_path, run, short_clip):
    """Done is done; another preset encodes again, and a forgotten option is named before anything is replaced."""
    assert 0 == run("convert", short_clip, "-o", tmp_path, *FAST).returncode
    again = run("convert", short_clip, "-o", tmp_path, *FAST, "--json")
    assert [("hls", "reused"), ("mp4", "reused")] == [
        (e["phase"], e["outcome"]) for e in events(again.stdout) if e["event"] == "phase_finished"
    ]
    lost = run("convert", short_clip, "-o", tmp_path, *FAST, "--no-mp4")
    sentence = (
        f"hls-converter: {tmp_path / 'short-clip'} was made with an MP4, which is not asked for now: ask for it again,"
    )
    assert (2, True, True) == (lost.returncode, lost.stderr.startswith(sentence), "--fresh" in lost.stderr)
    other = run("convert", short_clip, "-o", tmp_path, "--preset", "superfast")
    assert (0, True) == (
        other.returncode,
        "Other settings than before (preset): the video is made again." in other.stdout,
    )
    fresh = run("convert", short_clip, "-o", tmp_path, "--preset", "superfast", "--no-mp4", "--fresh")
    assert (0, False) == (fresh.returncode, (tmp_path / "short-clip" / "offline_480p.mp4").exists())


def test_two_videos_of_one_name_get_two_folders_and_a_bad_one_does_not_stop_them(tmp_path, run, short_clip):
    """Each job ends with its own report, one after another in the order in which they were named;
    one that is named twice is done once.
    """
    for ending in ("mov", "mp4"):
        (tmp_path / f"clip.{ending}").write_bytes(short_clip.read_bytes())
    named = (tmp_path / "clip.mp4", tmp_path / "missing.mp4", tmp_path / "clip.mov", tmp_path / "clip.mp4")
    done = run("convert", *named, "-o", tmp_path / "out", *FAST, "--no-mp4", "--json", "--jobs", "1")
    ended = [(e["job"], e["outcome"]) for e in events(done.stdout) if e["event"] == "job_finished"]
    assert (1, [("clip-mp4", "done"), ("missing", "failed"), ("clip-mov", "done")]) == (done.returncode, ended)


def test_every_wrong_option_is_named_at_once(tmp_path, run, short_clip):
    """Exit 2, a sentence each."""
    wrong = ("--qualities", "4k", "--upload", "/a", "--session-id", "12")
    done = run("convert", short_clip, "-o", tmp_path / "out", *wrong)
    named = [word for word in ("--qualities", "start with /", "Session ID") if word in done.stderr]
    assert (2, ["--qualities", "start with /", "Session ID"], 3) == (
        done.returncode,
        named,
        len(done.stderr.splitlines()),
    )


def test_black_bars_come_only_when_asked_for(tmp_path, run):
    """A square video keeps its shape, or gets a 16:9 frame."""
    clip = make_clip(tmp_path / "square.mp4", seconds=1, size="480x480", audio="")
    assert 0 == run("convert", clip, "-o", tmp_path / "plain", *FAST).returncode
    assert 0 == run("convert", clip, "-o", tmp_path / "bars", *FAST, "--black-bars").returncode
    masters = [(tmp_path / name / "square" / "master.m3u8").read_text() for name in ("plain", "bars")]
    assert [True, False, False, True] == [
        f"RESOLUTION={size}" in text for text in masters for size in ("480x480", "854x480")
    ]


@pytest.mark.parametrize("ask", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminate"])
def test_stopping_an_encode_leaves_no_process_and_no_folder(tmp_path, environment, two_segments, crawling, ask):
    """Exit 130, one word, everything gone within seconds."""
    arguments = command("convert", two_segments, "-o", tmp_path / "out", *FAST, "--json")
    with start(arguments, {**environment, "FFMPEG_PATH": str(crawling)}) as process:
        for line in process.stdout:
            if '"phase_progress"' in line:
                break
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, ask)
        rest = events(process.stdout.read())
    gone = psutil.wait_procs(children, timeout=300)[1]
    assert (130, "cancelled", [], []) == (
        process.returncode,
        rest[-1]["outcome"],
        gone,
        list((tmp_path / "out").iterdir()),
    )


def _lose_a_segment(folder: Path) -> None:
    (folder / "360p" / "seg_001.ts").unlink()


def test_a_folder_that_has_lost_a_segment_is_made_again(tmp_path, run, short_clip):
    """A finished folder is looked at before it is used again."""
    assert 0 == run("convert", short_clip, "-o", tmp_path, *FAST).returncode
    _lose_a_segment(tmp_path / "short-clip")
    again = run("convert", short_clip, "-o", tmp_path, *FAST)
    assert (0, True, True) == (
        again.returncode,
        "is made again" in again.stdout,
        (tmp_path / "short-clip" / "360p" / "seg_001.ts").exists(),
    )


def test_a_source_in_the_jobs_own_folder_is_refused(tmp_path, run):
    """Replacing the folder must never take the source with it."""
    (tmp_path / "clip").mkdir()
    clip = make_clip(tmp_path / "clip" / "clip.mp4", seconds=1)
    done = run("convert", clip, "-o", tmp_path, *FAST, "--fresh")
    assert (2, True, True) == (done.returncode, "move it out" in done.stderr, clip.exists())


def test_audio_that_breaks_off_is_not_hidden_by_the_held_video(tmp_path, run):
    """The last frame stands until the audio ends, so an audio track cut short is still found."""
    video = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=2")
    audio = ("-f", "lavfi", "-i", "sine=frequency=440:duration=20", "-c:a", "pcm_s16le")
    whole = tmp_path / "whole.mov"
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *video, *audio, "-movflags", "+faststart", str(whole)],
        check=True,
    )
    cut = tmp_path / "cut.mov"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    good, bad = run("convert", whole, "-o", tmp_path / "out", *FAST), run("convert", cut, "-o", tmp_path / "out", *FAST)
    durations = [
        s
        for s in (tmp_path / "out" / "whole" / "360p" / "index.m3u8").read_text().splitlines()
        if s.startswith("#EXTINF")
    ]
    assert (0, 20.0) == (good.returncode, pytest.approx(sum(float(d[8:-1]) for d in durations), abs=0.1))
    assert (1, True) == (bad.returncode, "ends early: it declares 20.0 s" in bad.stderr)


def test_two_runs_on_one_folder_do_not_harm_each_other(tmp_path, environment, run, short_clip):
    """The second, with other settings, says that the first is at work; the first finishes."""
    held = held_ffmpeg(tmp_path / "held")
    options = ("-o", tmp_path / "out", "--no-mp4", "--preset")
    with start(command("convert", short_clip, *options, "fast", "--json"), held.environment(environment)) as first:
        for line in first.stdout:
            if '"phase_progress"' in line:
                break
        second = run("convert", short_clip, *options, "faster")
        held.release()
        first.communicate(timeout=300)
    assert (1, True) == (second.returncode, "Another HLS Converter is working on" in second.stderr)
    assert (0, ["short-clip"]) == (first.returncode, [p.name for p in (tmp_path / "out").iterdir()])


def test_the_destination_is_checked_as_it_was_typed(tmp_path, run, short_clip):
    """Also with several videos, each of which gets a folder of its own beneath it."""
    done = run("convert", short_clip, short_clip, "-o", tmp_path, "--upload", "videos/../c1")
    assert (2, True) == (done.returncode, "contain .." in done.stderr)


def test_slash_at_the_end_of_a_destination_is_added(tmp_path, run, environment, backend):
    """Each video of several goes into its own folder below the destination."""
    clips = [make_clip(tmp_path / f"{name}.mp4", seconds=1, size="320x180") for name in ("one", "two")]
    done = run("convert", *clips, "-o", tmp_path / "out", *FAST, "--no-mp4", "--upload", "tests/slash")
    stored = backend.settings.root / "tests" / "slash"
    assert (0, ["one", "two"]) == (done.returncode, sorted(path.name for path in stored.iterdir()))


def test_options_without_their_feature_are_refused(tmp_path, run, short_clip):
    """No option is read and forgotten."""
    done = run("convert", short_clip, "-o", tmp_path, "--language", "en", "--delete-local")
    assert (2, ["--delete-local needs --upload PREFIX.", "--language needs --transcribe."]) == (
        done.returncode,
        [line.removeprefix("hls-converter: ") for line in done.stderr.splitlines()],
    )


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["lines", "json"])
def test_a_reader_that_goes_away_ends_the_job_quietly(tmp_path, environment, options):
    """`convert | head -1` leaves no traceback and nothing half-done."""
    clip = make_clip(tmp_path / "long.mp4", seconds=20)
    with start(command("convert", clip, "-o", tmp_path / "out", *options), environment) as process:
        process.stdout.readline()
        process.stdout.close()
        words = process.stderr.read()
    assert (1, "", []) == (process.returncode, words, list((tmp_path / "out").iterdir()))


def test_an_old_terminals_encoding_and_a_name_of_raw_bytes_do_no_harm(tmp_path, environment):
    """What can't be shown is shown otherwise."""
    clip = make_clip(tmp_path / "clip.mp4", seconds=1)
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xe9.mp4"))
    clip.rename(odd)
    for options in ((), ("--json",)):
        arguments = command("convert", odd, "-o", tmp_path / "out", *FAST, "--fresh", *options)
        done = subprocess.run(arguments, env={**environment, "PYTHONIOENCODING": "ascii"}, capture_output=True)
        assert (0, b"") == (done.returncode, done.stderr)


def test_the_program_starts_where_python_leaves_its_folder_out(environment, small_model, sample, tmp_path):
    """PYTHONSAFEPATH is set on some machines; Whisper's process starts there too."""
    arguments = command(
        "convert", sample, "-o", tmp_path, *FAST, "--qualities", "360p", "--transcribe", "--model", small_model
    )
    done = subprocess.run(arguments, env={**environment, "PYTHONSAFEPATH": "1"}, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)


def test_a_job_whose_files_were_deleted_says_so(tmp_path, run, short_clip):
    """The same upload again is done; another job on it begins fresh or not at all."""
    uploaded = ("convert", short_clip, "-o", tmp_path, *FAST, "--upload", "tests/gone/", "--delete-local")
    assert [0, 0] == [run(*uploaded).returncode for _ in range(2)]
    other = run("convert", short_clip, "-o", tmp_path, *FAST)
    assert (2, True) == (other.returncode, "--fresh" in other.stderr)


def test_the_same_name_in_two_folders_is_two_streams(tmp_path, run, backend, short_clip):
    """A folder keeps its folders, here and on the server;
    what an earlier version made by name alone is not encoded again.
    """
    for week in ("week1", "week2"):
        (tmp_path / "inbox" / week).mkdir(parents=True)
    first, second = (tmp_path / "inbox" / week / "lecture.mp4" for week in ("week1", "week2"))
    first.write_bytes(short_clip.read_bytes())
    second.write_bytes(short_clip.read_bytes() + b"\0")  # another file of the same video
    out, options = tmp_path / "out", ("-o", tmp_path / "out", *FAST, "--no-mp4", "--json")
    assert 0 == run("convert", second, *options).returncode  # as the earlier version named it
    done = run("convert", tmp_path / "inbox", *options, "--upload", "tests/inbox/")
    said = events(done.stdout)
    assert (0, {"week1/lecture", "week2/lecture"}) == (
        done.returncode,
        {e["job"] for e in said if e["event"] == "job_finished"},
    )
    encoded = {e["job"]: e["outcome"] for e in said if e["event"] == "phase_finished" and e["phase"] == "hls"}
    assert {"week1/lecture": "done", "week2/lecture": "reused"} == encoded
    assert not (out / "lecture").exists()
    store = backend.settings.root / "tests" / "inbox"
    assert [True] * 2 == [(store / week / "lecture" / "master.m3u8").is_file() for week in ("week1", "week2")]


def test_another_video_does_not_take_over_a_course(tmp_path, run, backend, short_clip):
    """Tomorrow's only new file is refused at the address of today's before anything is encoded;
    --replace is for who means it.
    """
    other = tmp_path / "lecture-2.mp4"
    other.write_bytes(short_clip.read_bytes() + b"\0")
    upload, options = ("--upload", "tests/course3/"), ("-o", tmp_path / "out", *FAST, "--no-mp4")
    assert 0 == run("convert", short_clip, *options, *upload).returncode
    store = backend.settings.root / "tests" / "course3"
    before = (store / "manifest.json").read_bytes()
    refused = run("convert", other, *options, *upload)
    sentence = (
        "tests/course3/ holds another video, “short clip”: choose another destination, or replace it (--replace)."
    )
    assert (2, f"hls-converter: {sentence}\n") == (refused.returncode, refused.stderr)
    assert (before, False) == ((store / "manifest.json").read_bytes(), (tmp_path / "out" / "lecture-2").exists())
    assert 0 == run("convert", other, *options, *upload, "--replace").returncode
    assert "lecture-2" == json.loads((store / "manifest.json").read_bytes())["title"]
