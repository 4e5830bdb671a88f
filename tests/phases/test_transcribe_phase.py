"""The transcription phase writes four files, knows what it has done, and finds out early what it can't do."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import pytest
from child_processes import left_behind
from model_hub import model_hub

from pipeline.alongside import Alongside
from pipeline.cancel import CancelToken
from pipeline.engines.local import LocalEngine
from pipeline.errors import Cancelled, SpeechError
from pipeline.facts import Facts, TranscriptFacts
from pipeline.job import CaptionRules, Existing, Job, SegmentType, TranscriptionRequest
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media.source.probe import probe
from pipeline.media.stream_layout import TRANSCRIPT_FILES
from pipeline.media_info import DynamicRange
from pipeline.model import PhaseName, PhaseOutcome, Plan
from pipeline.output_settings import output_settings
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress
from pipeline.phases.speech_run import SpeechTools
from pipeline.phases.transcribe import TranscribePhase, load_cues
from pipeline.speech.caption_profiles import CaptionProfile, caption_profile
from pipeline.speech.child import WhisperProcess
from pipeline.speech.transcript_file import transcript_from_json
from pipeline.workspace import Workspace

MARK_FIRST = ("-disposition:a:0", "default", "-disposition:a:1", "0")
MARK_SECOND = ("-disposition:a:0", "0", "-disposition:a:1", "default")

MakeContext = Callable[..., PhaseContext]


@pytest.fixture
def context(tmp_path: Path, small_model: Path) -> MakeContext:
    """Return a function that makes a context for a source, its workspace open."""

    def make(
        source: Path,
        *,
        model: str = str(small_model),
        language: str | None = None,
        profile: CaptionRules = CaptionRules.NETFLIX,
        cancel: CancelToken | None = None,
    ) -> PhaseContext:
        job = Job(
            source=source,
            output_dir=tmp_path / "out",
            slug="clip",
            transcription=TranscriptionRequest(model=model, language=language, profile=profile),
        )
        plan = Plan(
            job=job,
            media=probe(source),
            renditions=(),
            audio=(),
            muxed_audio=True,
            encoder="libx264",
            segment_type=SegmentType.TS,
            frame_rate_limit=None,
            deinterlace=False,
            dynamic_range=DynamicRange.SDR,
            segment_s=6,
            mp4=None,
            phases=(PhaseName.TRANSCRIPT,),
        )
        workspace = Workspace(job)
        workspace.check(output_settings(plan), Existing.ASK)
        workspace.open()
        return PhaseContext(
            plan=plan,
            workspace=workspace,
            cancel=cancel or CancelToken(),
            report=lambda progress: None,
            log=lambda text, level: None,
            alongside=Alongside().start,
        )

    return make


@pytest.fixture
def remake(tmp_path: Path, sample: Path) -> Callable[..., Path]:
    """Return a function that makes another file of the sample with ffmpeg's help."""

    def make(name: str, *arguments: str) -> Path:
        target = tmp_path / name
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments, str(target)], check=True)
        return target

    return make


@pytest.fixture
def phase(whisper: WhisperProcess) -> TranscribePhase:
    """The phase of a job that no other follows."""
    ffmpeg = find_ffmpeg("")
    engine = LocalEngine(ffmpeg, whisper)
    return TranscribePhase(SpeechTools(engine=engine, ffmpeg=ffmpeg, whisper=whisper, keeps_model=False))


def test_the_sample(context, sample, small_model, phase):
    """The sample's words stand in all four files, and job.json knows language and number of captions."""
    here = context(sample)
    fractions: list[float] = []
    here = dataclasses.replace(here, report=lambda progress: fractions.append(progress.fraction))
    phase.check(here)
    assert PhaseResult(text="4 captions, English") == phase.run(here)
    folder = here.workspace.folder
    spoken = sample.with_suffix(".txt").read_text(encoding="utf-8")
    assert spoken == (folder / "transcript.txt").read_text(encoding="utf-8")
    for name, count in (("transcript.srt", 4), ("subtitles.vtt", 4), ("transcript.json", 0)):
        text = (folder / name).read_text(encoding="utf-8")
        assert (True, count) == (all(line in text for line in spoken.splitlines()), text.count("-->"))
    content = json.loads((folder / "transcript.json").read_text(encoding="utf-8"))
    assert (2, small_model.name, 12) == (
        content["schema"],
        content["origin"]["model"],
        sum(word["probability"] > 0 for segment in content["segments"] for word in segment["words"]),
    )
    assert str(small_model.parent) not in (folder / "transcript.json").read_text(encoding="utf-8")
    assert TranscriptFacts(language="en", cues=4) == here.workspace.done.transcript
    assert (0.0, 1.0, sorted(fractions)) == (fractions[0], fractions[-1], fractions)


def test_a_model_is_fetched_before_the_encode(context, sample, small_model, tmp_path, monkeypatch, phase):
    """The bar shows how much of it has come, and the log says once that it is downloaded."""
    with model_hub(small_model) as hub:
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        texts: list[str] = []
        logged: list[str] = []
        here = dataclasses.replace(
            context(sample, model="base"),
            report=lambda progress: texts.append(progress.text),
            log=lambda text, level: logged.append(text),
        )
        phase.check(here)
    assert ("Downloading the Whisper model 'base'...", "Downloading the Whisper model 'base': 6 of 7 MB") == (
        texts[0],
        texts[-1],
    )
    assert ["Downloading the Whisper model 'base': needed once, then it stays on this computer."] == logged


def test_the_track_that_plays_by_default(context, remake, sample, phase):
    """Captions come from the track that is marked to play, wherever it stands; the log says the language."""
    shorter = ("-t", "6", "-i", str(sample))
    clip = remake("two.mkv", *shorter, "-i", str(sample), *("-map", "0:v", "-map", "0:a", "-map", "1:a"), "-c", "copy")
    marked = remake("marked.mkv", "-i", str(clip), *("-map", "0", "-c", "copy"), *MARK_SECOND)
    logged: list[str] = []
    here = dataclasses.replace(context(marked), log=lambda text, level: logged.append(text))
    assert "4 captions, English" == phase.run(here).text
    assert ["The language is English, 100 %."] == logged


def test_the_track_that_was_asked_for(context, remake, sample, phase):
    """Captions come from it, whatever plays by default."""
    shorter = ("-t", "6", "-i", str(sample))
    clip = remake("two.mkv", "-i", str(sample), *shorter, *("-map", "0:v", "-map", "0:a", "-map", "1:a"), "-c", "copy")
    here = context(clip, language="en")
    request = here.plan.job.transcription

    def asked(track: int) -> PhaseContext:
        job = dataclasses.replace(here.plan.job, transcription=dataclasses.replace(request, track=track))
        return dataclasses.replace(here, plan=dataclasses.replace(here.plan, job=job))

    assert "2 captions, English" == phase.run(asked(2)).text


def test_the_track_with_speech(context, remake, sample, phase):
    """Where the track that plays by default has no speech, the log says which one is heard in its place."""
    tone = ("-f", "lavfi", "-i", "sine=frequency=300:duration=14")
    maps = ("-map", "1:v", "-map", "0:a", "-map", "1:a", "-c:v", "copy")
    logged: list[str] = []
    clip = remake("tone.mkv", *tone, "-i", str(sample), *maps, *MARK_FIRST)
    here = dataclasses.replace(context(clip, language="en"), log=lambda text, level: logged.append(text))
    assert "4 captions, English" == phase.run(here).text
    assert ["Captions come from audio track 2: the one that plays by default has no speech in three samples."] == logged


def test_names_of_a_list(context, sample, phase):
    """A name is put right in every file; the log shows the change, and transcript.json what was heard."""
    logged: list[str] = []
    here = dataclasses.replace(context(sample, language="en"), log=lambda text, level: logged.append(text))
    request = dataclasses.replace(here.plan.job.transcription, names=("Chapter Seven", "Video Cameo"))
    plan = dataclasses.replace(here.plan, job=dataclasses.replace(here.plan.job, transcription=request))
    phase.run(dataclasses.replace(here, plan=plan))
    folder = here.workspace.folder
    assert "welcome lesson one\nChapter Seven\nvideo camera five\nthank you the end\n" == (
        folder / "transcript.txt"
    ).read_text(encoding="utf-8")
    assert ["By the list of names, 'chapter seven' was corrected to 'Chapter Seven'."] == logged
    text = (folder / "transcript.json").read_text(encoding="utf-8")
    (correction,) = json.loads(text)["segments"][1]["corrections"]
    assert ("chapter seven", "Chapter Seven") == (correction["heard"], correction["written"])
    assert transcript_from_json(text)[0].segments[1].corrections[0].written in (folder / "subtitles.vtt").read_text(
        "utf-8"
    )


def test_cues_for_the_stream(context, sample, phase):
    """What the phase wrote is read back as language and cues."""
    here = context(sample)
    phase.run(here)
    language, cues = load_cues(here.workspace.folder)
    assert ("en", sample.with_suffix(".txt").read_text(encoding="utf-8").splitlines()) == (
        language,
        [cue.text for cue in cues],
    )


def test_cues_are_by_the_profile(context, sample, monkeypatch, phase):
    """The rules that were asked for shape the cues, and what can't meet them is counted in the log."""
    too_fast = dataclasses.replace(
        caption_profile(CaptionRules.BBC, "en"), words_per_minute=1.0, gap_frames=1, least_gap_s=30.0
    )
    asked: list[object] = []

    def profile(rules: CaptionRules, language: str | None) -> CaptionProfile:
        asked.append((rules, language))
        return too_fast

    monkeypatch.setattr("pipeline.phases.speech_run.caption_profile", profile)
    said: list[str] = []
    here = dataclasses.replace(
        context(sample, profile=CaptionRules.BBC_CHILDREN), log=lambda text, level: said.append(text)
    )
    phase.run(here)
    _, cues = load_cues(here.workspace.folder)
    assert [(CaptionRules.BBC_CHILDREN, "en")] == asked
    assert [0.04] * 3 == [round(after.start_s - before.end_s, 3) for before, after in pairwise(cues)]
    assert ["The language is English, 100 %.", "4 of 4 captions are outside the limits of bbc (speed 4)."] == said


def test_done_already(context, sample, small_model, offline_model, phase):
    """A finished transcript is used again, without the model, also where a file was lost but transcript.json."""
    shutil.copytree(small_model, offline_model)
    phase.run(context(sample, model=offline_model))
    shutil.rmtree(offline_model)
    again = context(sample, model=offline_model)
    phase.check(again)
    assert PhaseResult(outcome=PhaseOutcome.REUSED, text="4 captions, English, already made") == phase.run(again)
    (again.workspace.folder / "transcript.srt").unlink()
    phase.check(again)
    (again.workspace.folder / "transcript.json").unlink()
    with pytest.raises(SpeechError):
        phase.check(again)


@pytest.fixture
def offline_model(tmp_path: Path) -> str:
    """A model folder that is not there."""
    return str(tmp_path / "no-model")


def test_no_audio(context, remake, sample, offline_model, phase):
    """A video without audio needs no model and gets no files, and the phase says so."""
    here = context(remake("mute.mp4", "-i", str(sample), "-an", "-c", "copy"), model=offline_model)
    phase.check(here)
    assert PhaseResult(outcome=PhaseOutcome.SKIPPED, text="No audio in this video: no transcript.") == phase.run(here)
    assert ([], ("", [])) == (
        [n for n in TRANSCRIPT_FILES if (here.workspace.folder / n).exists()],
        load_cues(here.workspace.folder),
    )


def test_no_speech(context, remake, sample, phase):
    """A video with audio but no speech gets valid empty files and no cue."""
    source = remake(
        "tone.mp4",
        "-i",
        str(sample),
        "-f",
        "lavfi",
        "-i",
        "sine=f=440",
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c:v",
        "copy",
        "-t",
        "5",
    )
    here = context(source, language="en")
    assert PhaseResult(text="No speech found.") == phase.run(here)
    contents = {name: (here.workspace.folder / name).read_text(encoding="utf-8") for name in TRANSCRIPT_FILES}
    assert ("", "", "WEBVTT\n", []) == (
        contents["transcript.srt"],
        contents["transcript.txt"],
        contents["subtitles.vtt"],
        json.loads(contents["transcript.json"])["segments"],
    )
    assert (("", []), TranscriptFacts(language=None, cues=0)) == (
        load_cues(here.workspace.folder),
        here.workspace.done.transcript,
    )


def test_audio_that_starts_late(context, remake, sample, phase):
    """Where the audio starts three seconds after the video, so do the captions."""
    source = remake(
        "late.mkv", "-i", str(sample), "-itsoffset", "3", "-i", str(sample), "-map", "0:v", "-map", "1:a", "-c", "copy"
    )
    here = context(source)
    phase.run(here)
    starts = [cue.start_s for cue in load_cues(here.workspace.folder)[1]]
    assert [3.8, 7.15, 10.5, 14.2] == pytest.approx(starts, abs=0.2)


def test_a_missing_model_is_found_out_first(context, sample, offline_model, phase):
    """The check refuses a model that is not there, before anything is written."""
    here = context(sample, model=offline_model)
    with pytest.raises(SpeechError, match=r"^The model folder .*no-model isn't there"):
        phase.check(here)


def test_an_unknown_language_is_found_out_first(context, sample, phase):
    """The check refuses a language that Whisper does not know."""
    with pytest.raises(SpeechError, match=r"^Whisper doesn't know the language code 'xx'"):
        phase.check(context(sample, language="xx"))


def test_cancel(context, sample, phase):
    """Cancelled while it transcribes, the phase leaves no file, no mark and no child process."""
    cancel = CancelToken()
    here = context(sample, cancel=cancel)

    def stop(progress: Progress) -> None:
        if progress.fraction > 0:
            cancel.cancel()

    with pytest.raises(Cancelled):
        phase.run(dataclasses.replace(here, report=stop))
    assert ([], Facts(), []) == (
        [name for name in TRANSCRIPT_FILES if (here.workspace.folder / name).exists()],
        here.workspace.done,
        left_behind(),
    )


def test_a_cancelled_transcription_goes_on(context, sample, phase):
    """The next run begins where the cancelled one has stopped, and leaves nothing but the transcript."""
    cancel, fractions = CancelToken(), []
    here = context(sample, cancel=cancel)

    def stop(progress: Progress) -> None:
        if progress.fraction > 0.5:
            cancel.cancel()

    with pytest.raises(Cancelled):
        phase.run(dataclasses.replace(here, report=stop))
    again = dataclasses.replace(
        here, cancel=CancelToken(), report=lambda progress: fractions.append(progress.fraction or 0.0)
    )
    result = phase.run(again)
    assert (PhaseOutcome.DONE, True) == (result.outcome, next(f for f in fractions if f > 0) > 0.5)
    assert "welcome lesson one" in (here.workspace.folder / "transcript.txt").read_text(encoding="utf-8")
    assert not list(here.workspace.folder.glob(".heard*"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "transcript.json is not JSON"),
        (b"{}", "transcript.json: language is missing"),
        (b"\xff\xfe{", "its text is not UTF-8"),
    ],
    ids=["empty", "object", "encoding"],
)
def test_a_broken_transcript(tmp_path, content, reason):
    """A transcript that can't be read is an error with a sentence, not a stream without captions."""
    path = tmp_path / "transcript.json"
    path.write_bytes(content)
    with pytest.raises(SpeechError) as refused:
        load_cues(tmp_path)
    assert f"The transcript {path} can't be read ({reason}): start the job fresh to make it again." == str(
        refused.value
    )


def test_a_transcript_that_is_a_folder(tmp_path):
    """What can't be opened is a sentence too."""
    (tmp_path / "transcript.json").mkdir()
    with pytest.raises(SpeechError, match=r"transcript\.json can't be read \(.+\): check its permissions\.$"):
        load_cues(tmp_path)


def test_the_sample_has_what_a_demo_needs(sample):
    """The shipped clip is small, moving 720p with audio."""
    media = probe(sample)
    assert (1280, 720, 25, 1) == (media.video.width, media.video.height, media.video.frame_rate, len(media.audio))
    assert sample.stat().st_size < 1_000_000
