"""From the options of `convert` to jobs."""

from __future__ import annotations

import pytest

from cli.convert import jobs_from, run
from cli.job_reports import exit_status
from cli.main import build_parser
from config import Config
from pipeline.errors import SettingsError
from pipeline.job import CaptionRules, DatasetRequest, Existing, TranscriptionRequest, Trim
from pipeline.model import JobReport, Outcome


def _jobs(*arguments: str):
    return jobs_from(build_parser(Config()).parse_args(["convert", "-o", "out", *arguments]))


@pytest.mark.parametrize(
    ("inputs", "prefixes"),
    [
        pytest.param(["a.mp4"], ["videos/c1/"], id="one lies at the destination"),
        pytest.param(
            ["a.mp4", "x/a.mov", "b.mp4"],
            ["videos/c1/a/", "videos/c1/x/a/", "videos/c1/b/"],
            id="several get a folder each",
        ),
        pytest.param(["x/y/a.mp4", "--root", "x"], ["videos/c1/y/a/"], id="below a named root one gets a folder too"),
    ],
)
def test_several_videos_never_share_a_destination(inputs, prefixes):
    """One video's master must not replace another's."""
    assert prefixes == [job.upload.prefix for job in _jobs(*inputs, "--upload", "videos/c1/")]


def test_chapters_are_for_one_video():
    """Two videos can't have the chapters of one file."""
    options = build_parser(Config()).parse_args(
        ["convert", "-o", "out", "a.mp4", "b.mp4", "--chapters", "c.txt", "--json"]
    )
    with pytest.raises(SettingsError, match="--chapters is for one video: convert each with its own file of chapters"):
        run(options, Config())
    assert ["c.txt"] == [str(job.chapters) for job in _jobs("a.mp4", "--chapters", "c.txt")]


def test_a_dataset_gets_the_transcripts():
    """Of every video alike; without a transcript, or an address that is none, nothing is begun."""
    wanted = DatasetRequest(uri="s3://course/talks.json", replace_edited=True)
    options = ["--transcribe", "--dataset", wanted.uri, "--replace-edited"]
    assert [wanted] * 2 == [job.dataset for job in _jobs("a.mp4", "b.mp4", *options)]
    assert [None] == [job.dataset for job in _jobs("a.mp4", "--transcribe")]
    for given, sentence in (
        (["--dataset", "talks.json"], "--dataset needs --transcribe, --captions or --align: it gets the transcript."),
        (["--replace-edited"], "--replace-edited needs --dataset URI."),
        (["--model", "base", "--translate"], "--model and --translate need --transcribe."),
        (["--transcribe", "--dataset", "s3://course"], "'s3://course' names a bucket, but no object in it"),
    ):
        parsed = build_parser(Config()).parse_args(["convert", "-o", "out", "a.mp4", "--json", *given])
        with pytest.raises(SettingsError, match=sentence):
            run(parsed, Config())


def test_captions_of_ones_own():
    """Each file in its language; nonsense, and several videos, are refused before anything starts."""
    (job,) = _jobs(
        "a.mp4", "--captions", "c.srt:de", "--captions", "d.en.vtt", "--captions", "e.srt", "--language", "fr"
    )
    assert [("c.srt", "de"), ("d.en.vtt", "en"), ("e.srt", "fr")] == [(str(f.path), f.language) for f in job.captions]
    command = ["convert", "-o", "out", "a.mp4", "b.mp4", "--captions", "c.srt:german", "--language", "fr", "--json"]
    with pytest.raises(SettingsError) as refused:
        run(build_parser(Config()).parse_args(command), Config())
    assert [
        "--captions is for one video: convert each with its own captions.",
        "german is not a language: use a code such as de, as in c.srt:de.",
    ] == list(refused.value.sentences)


def test_a_part_is_asked_for():
    """Of every video alike; nonsense is said in a sentence before anything starts."""
    assert [Trim(start_s=90, end_s=720)] * 2 == [
        job.trim for job in _jobs("a.mp4", "b.mp4", "--trim", "0:01:30-0:12:00")
    ]
    assert [Trim(end_s=720)] == [job.trim for job in _jobs("a.mp4", "--trim=-720")]
    assert [Trim(end_s=5)] * 2 == [job.trim for form in ("-0:05", "-5") for job in _jobs("a.mp4", "--trim", form)]
    options = build_parser(Config()).parse_args(["convert", "-o", "out", "a.mp4", "--trim", "12:00-1:30", "--json"])
    with pytest.raises(SettingsError, match="--trim: The part of the video from 12:00 to 1:30 is empty"):
        run(options, Config())


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        pytest.param(["--transcribe"], TranscriptionRequest(model="base", language=None), id="defaults"),
        pytest.param(
            ["--transcribe", "--model", "m", "--language", "es"],
            TranscriptionRequest(model="m", language="es"),
            id="given",
        ),
        pytest.param(
            ["--transcribe", "--language", "auto"], TranscriptionRequest(model="base", language=None), id="auto"
        ),
        pytest.param(
            ["--transcribe", "--captions-profile", "bbc:children"],
            TranscriptionRequest(profile=CaptionRules.BBC_CHILDREN),
            id="profile",
        ),
        pytest.param([], None, id="off"),
    ],
)
def test_transcription_is_as_asked_for(options, wanted):
    """Off unless asked for; the model is base and the language is detected unless given."""
    assert [wanted] == [job.transcription for job in _jobs("a.mp4", *options)]


@pytest.mark.parametrize(
    ("options", "existing"),
    [
        pytest.param([], Existing.ASK, id="ask"),
        pytest.param(["--resume"], Existing.RESUME, id="resume"),
        pytest.param(["--fresh"], Existing.FRESH, id="fresh"),
    ],
)
def test_what_an_earlier_run_left_is_treated_as_told(options, existing):
    """Nothing said means that somebody must decide."""
    assert [existing] == [job.existing for job in _jobs("a.mp4", *options)]


def _report(job, outcome: Outcome, *, wrong_settings: bool = False) -> JobReport:
    return JobReport(
        slug=job.slug, source=job.source, folder=job.output_dir, outcome=outcome, wrong_settings=wrong_settings
    )


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        pytest.param([(Outcome.DONE, False), (Outcome.DONE, False)], 0, id="all done"),
        pytest.param([(Outcome.DONE, False), (Outcome.FAILED, False)], 1, id="one failed"),
        pytest.param([(Outcome.DONE, False), (Outcome.FAILED, True)], 1, id="one of several asked for wrongly"),
        pytest.param([(Outcome.FAILED, True)], 2, id="wrong settings"),
        pytest.param([(Outcome.FAILED, False), (Outcome.CANCELLED, False)], 130, id="cancelled"),
    ],
)
def test_the_exit_status_sums_the_jobs_up(job, outcomes, status):
    """0 all done, 1 any failed, 2 wrong usage, 130 cancelled."""
    assert status == exit_status([_report(job, outcome, wrong_settings=wrong) for outcome, wrong in outcomes])
