"""From the options of `convert` to jobs."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import replace

import pytest

from cli import watch
from cli.convert import run
from cli.convert_jobs import asked_from
from cli.convert_options import jobs as number_of_jobs
from cli.encode_options import bit_rates
from cli.job_reports import exit_status
from cli.main import build_parser
from config import Cluster, Config
from pipeline.errors import SettingsError
from pipeline.job import CaptionRules, DatasetRequest, Existing, TranscriptionRequest, Trim
from pipeline.model import JobReport, Outcome


def _jobs(*arguments: str):
    return asked_from(build_parser(Config()).parse_args(["convert", "-o", "out", *arguments]), Config()).jobs


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


def test_a_limit_of_the_rate_is_for_what_goes_through_the_network():
    """An upload, or a video that is fetched."""
    given = ["convert", "-o", "out", "--limit-rate", "5M"]
    for inputs, problems in (
        (["a.mp4"], ["--limit-rate needs --upload PREFIX."]),
        (["a.mp4", "s3://course/b.mp4"], []),
    ):
        options = build_parser(Config()).parse_args([*given, *inputs])
        assert problems == [*asked_from(options, Config()).problems]


@pytest.mark.parametrize(
    "given",
    ["--jobs 2", "--limit-rate 5M", "--parallel 2", "--patience 3", "--background", "--transcribe --dataset d.json"],
)
def test_what_a_queue_cant_do_is_refused(given):
    """Before anything is put in, with the way to convert here in spite of an ENGINE_URL in the settings."""
    config = replace(Config(), cluster=Cluster(url="postgresql://nobody@invalid/hls"))
    option = given.split()[-1 if given == "--background" else -2]
    reason = f"{option} does not apply to videos that go into a queue: leave it out, or convert on this machine with"
    words = ["convert", "-o", "out", "a.mp4", "--json", *given.split()]
    with pytest.raises(SettingsError, match=f'^{reason} --engine ""'):
        run(build_parser(config).parse_args(words), config)
    here = build_parser(config).parse_args([*words, "--engine", ""])
    assert not [problem for problem in asked_from(here, config).problems if "queue" in str(problem)]


def test_nothing_but_a_queue_goes_on_by_itself():
    """Without one, --detach would wait as if it had not been said."""
    options = build_parser(Config()).parse_args(["convert", "-o", "out", "a.mp4", "--detach", "--json"])
    with pytest.raises(SettingsError, match=r"^--detach needs a queue: add --engine URL, or set ENGINE_URL\.$"):
        run(options, Config())


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


def test_a_title_is_for_one_video():
    """Of one line; spaces around it are no part of it."""
    assert ["Vectors", ""] == [_jobs("a.mp4", *given)[0].title for given in (["--title", " Vectors "], [])]
    options = ["convert", "-o", "out", "a.mp4", "b.mp4", "--title", "Vec\ntors", "--json"]
    with pytest.raises(SettingsError) as refused:
        run(build_parser(Config()).parse_args(options), Config())
    assert (
        "--title is for one video: convert each with its own title.",
        "--title takes one line of text.",
    ) == refused.value.sentences


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


def test_the_time_of_the_poster():
    """As it is typed; what is no time is refused with the option's name."""
    assert [90.5, None] == [job.poster_s for more in (["--poster", "1:30.5"], []) for job in _jobs("a.mp4", *more)]
    options = build_parser(Config()).parse_args(["convert", "-o", "out", "a.mp4", "--poster", "soon"])
    assert ["--poster: 'soon' is not a time: write 0:01:30, 1:30.5 or 90 (seconds)."] == [
        *asked_from(options, Config()).problems
    ]


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


def test_how_many_at_once():
    """A number or auto; nonsense is said before anything starts."""
    parser = build_parser(Config())
    given = [[], ["--jobs", "auto"], ["--jobs", "3"]]
    assert [0, 0, 3] == [parser.parse_args(["convert", "-o", "out", "a.mp4", *more]).jobs for more in given]
    for wrong in ("0", "-1", "many", "65", "1.5", "²"):
        with pytest.raises(ArgumentTypeError, match="takes a number from 1 to 64 or auto"):
            number_of_jobs(wrong)


def test_rates_by_quality():
    """k and M are powers of 1000, as ffmpeg has them."""
    rates = bit_rates("1080p=4500k, 720p=2.5M,480p=900000")
    assert [("1080p", 4_500_000), ("720p", 2_500_000), ("480p", 900_000)] == [(r.name, r.bit_rate) for r in rates]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param("--bitrate 720p=2M,360p=500k --qualities 720p,360p", "", id="chosen"),
        pytest.param("--bitrate 1080p=4M", "", id="usual"),
        pytest.param("--bitrate 480p=1M --qualities 1080p", "", id="the MP4's"),
        pytest.param("--bitrate 2160p=9M", "of 2160p, which --qualities does not ask for", id="not usual"),
        pytest.param("--bitrate 720p=2M --qualities 1080p", "of 720p, which --qualities", id="not chosen"),
        pytest.param("--bitrate 480p=1M --qualities 1080p --no-mp4", "of 480p, which --qualities", id="no MP4"),
        pytest.param("--bitrate 480p=9M --audio-only", "--audio-only makes none", id="audio alone"),
    ],
)
def test_a_rate_of_what_is_not_made(tmp_path, given, said):
    """It is named, in place of leaving it out unseen."""
    (tmp_path / "a.mp4").touch()
    options = build_parser(Config()).parse_args(["convert", str(tmp_path / "a.mp4"), "-o", "out", *given.split()])
    assert [True] * bool(said) == [said in str(problem) for problem in asked_from(options, Config()).problems]


def test_a_rate_that_one_video_of_a_list_has(tmp_path):
    """Is meant for that one; a rate that none has is named once."""
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).touch()
    (tmp_path / "rows.csv").write_text("source,qualities\na.mp4,\nb.mp4,720p\n", encoding="utf-8")
    command = ["convert", "--list", str(tmp_path / "rows.csv"), "-o", "out", "--qualities", "1080p", "--bitrate"]
    parser, found = build_parser(Config()), []
    for rates in ("720p=2M", "360p=500k"):
        found.append(len(asked_from(parser.parse_args([*command, rates]), Config()).problems))
    assert [0, 1] == found


def test_a_rate_of_what_is_not_made_of_videos_that_come(tmp_path):
    """`watch` says so before it waits for any, with all else that is wrong."""
    command = ["watch", str(tmp_path / "gone"), "-o", "out", "--bitrate", "2160p=9M"]
    with pytest.raises(SettingsError, match="of 2160p, which --qualities does not ask for"):
        watch.run(build_parser(Config()).parse_args(command), Config())


@pytest.mark.parametrize("text", ["", "4500k", "1080p=", "1080p=-1k", "1080p=4500kb", "1080p=1e6", "720p=1M,720p=2M"])
def test_what_are_no_rates(text):
    """A slip of the keyboard does not become a rate."""
    with pytest.raises(ArgumentTypeError, match=r"such as 1080p=4500k,720p=2\.5M|names a quality twice"):
        bit_rates(text)
