"""From what stands in the form to a job and its problems."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ui_fakes import CONFIGURED, NOT_CONFIGURED, FakeServices, media_info

from config import BackendApi, Cluster, Config, Sources
from pipeline import wiring
from pipeline.errors import Setting, SettingsError
from pipeline.job import (
    AudioRequest,
    CaptionFile,
    CaptionRules,
    Codec,
    DatasetRequest,
    EncoderFamily,
    EncodingRequest,
    Encryption,
    Job,
    RateControl,
    TranscriptionRequest,
    Trim,
    UploadRequest,
)
from pipeline.plan import make_plan
from ui.advanced import AdvancedValues, Aim
from ui.chosen_video import chosen_video
from ui.engine import ConvertOn, EngineValues
from ui.job_form import (
    FormValues,
    encryption_problems,
    form_problems,
    job_config,
    queue_problems,
    to_job,
    transfer_control,
    typed_path,
    upload_problems,
)
from ui.remembered_form import form_from_preferences, to_preferences

GOOD = FormValues(
    source="/videos/lesson01.mp4", output_dir="/out", qualities=("1080p", "720p", "480p"), destination="videos/"
)

VIDEO = chosen_video(GOOD.source)


class RealRules(FakeServices):
    """The fake pipeline with the real rules for uploads."""

    def upload_problems(self, config, request):
        """Ask the pipeline."""
        return wiring.upload_problems(config, request)


def fields(problems):
    """Return which fields problems belong to."""
    return [problem.setting for problem in problems]


def test_a_good_form_has_no_problems():
    """Nothing is complained about without reason."""
    assert () == form_problems(GOOD)


def test_all_problems_come_at_once():
    """Every empty or wrong field is named in one go."""
    values = FormValues(source="", output_dir="", qualities=(), model="", spoken_language="Klingon")
    expected = [Setting.SOURCE, Setting.OUTPUT, Setting.QUALITIES, Setting.MODEL, Setting.SPOKEN_LANGUAGE]
    assert expected == fields(form_problems(values))


def test_transcription_that_is_off_has_no_problems():
    """Model and language only matter when speech is transcribed."""
    assert () == form_problems(replace(GOOD, transcribe=False, model="", spoken_language="Klingon"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"backend_url": "http://example.com"}, Setting.BACKEND_URL),
        ({"backend_url": ""}, Setting.BACKEND_URL),
        ({"token": "two words"}, Setting.TOKEN),
        ({"token": ""}, Setting.TOKEN),
        ({"destination": "/videos/"}, Setting.DESTINATION),
        ({"session_id": "xyz"}, Setting.SESSION_ID),
    ],
    ids=["plain http", "no address", "short token", "no token", "leading slash", "bad session"],
)
def test_an_upload_problem_stands_beside_its_field(changes, expected):
    """Each rule that is broken is shown at the field that breaks it."""
    in_order = replace(GOOD, upload=True, backend_url="https://api.example.com", token="t" * 32)
    values = replace(in_order, **changes)
    assert [expected] == fields(upload_problems(values, NOT_CONFIGURED, RealRules()))


def test_destination_without_its_last_slash_is_in_order():
    """The slash is added, so nobody has to know that it is needed."""
    values = replace(GOOD, upload=True, backend_url="https://api.example.com", token="t" * 32, destination="videos/own")
    assert () == upload_problems(values, NOT_CONFIGURED, RealRules())
    assert "videos/own/" == to_job(values, VIDEO).upload.prefix


def test_upload_problems_of_several_fields_come_together():
    """Nobody has to press Start once for every mistake."""
    values = replace(GOOD, upload=True, backend_url="ftp://x", token="two words", destination="", session_id="1")
    expected = [Setting.BACKEND_URL, Setting.TOKEN, Setting.DESTINATION, Setting.SESSION_ID]
    assert expected == fields(upload_problems(values, NOT_CONFIGURED, RealRules()))


def test_an_upload_that_is_off_is_not_looked_at():
    """Fields that nobody uses may stay empty."""
    assert () == upload_problems(replace(GOOD, destination=""), NOT_CONFIGURED, RealRules())


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (AdvancedValues(aim=Aim.MEASURED, target="good"), [Setting.TARGET_VMAF]),
        (AdvancedValues(aim=Aim.MEASURED, target=""), [Setting.TARGET_VMAF]),
        (AdvancedValues(aim=Aim.MEASURED, target="99.5"), [Setting.TARGET_VMAF]),
        (AdvancedValues(aim=Aim.MEASURED, target="99"), []),
        (AdvancedValues(target="good"), []),
        (AdvancedValues(encrypt=True), [Setting.KEY_FILE, Setting.KEY_URI]),
        (AdvancedValues(encrypt=True, key_file="/k", key_uri="https://example.com/k"), []),
        (AdvancedValues(key_file="/k"), []),
    ],
    ids=[
        "no number",
        "no target",
        "target too high",
        "highest target",
        "target unused",
        "no key",
        "key",
        "not encrypted",
    ],
)
def test_a_problem_under_advanced_stands_beside_its_field(chosen, expected):
    """Only what is asked for is looked at, and each mistake is named where it was made."""
    assert expected == fields(form_problems(replace(GOOD, advanced=chosen)))


@pytest.mark.parametrize(
    ("limit", "upload", "expected"),
    [
        ("", True, []),
        ("2,5", True, []),
        ("0.1", True, []),
        ("0", True, [Setting.SPEED_LIMIT]),
        ("-1", True, [Setting.SPEED_LIMIT]),
        ("inf", True, [Setting.SPEED_LIMIT]),
        ("nan", True, [Setting.SPEED_LIMIT]),
        ("fast", True, [Setting.SPEED_LIMIT]),
        ("fast", False, []),
    ],
    ids=["none", "comma", "lowest", "nothing", "negative", "infinite", "not a number", "word", "unused"],
)
def test_a_limit_that_is_none_stands_beside_its_field(limit, upload, expected):
    """Only a number that an upload can keep to is a limit, and only an upload has one."""
    assert expected == fields(form_problems(replace(GOOD, upload=upload, limit=limit)))


@pytest.mark.parametrize(
    ("limit", "bytes_s"), [("", None), ("2.5", 2.5 * (1 << 20)), ("fast", None)], ids=["none", "some", "word"]
)
def test_the_control_says_what_the_form_says(limit, bytes_s):
    """Limit and number of files reach the upload."""
    control = transfer_control(replace(GOOD, limit=limit, parallel=8))
    assert (bytes_s, 8) == (control.limit_bytes_s, control.parallel)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [Setting.OUTPUT]),
        ({"upload": True}, []),
        ({"output_dir": "/videos/out"}, []),
        ({"output_dir": ""}, []),
    ],
    ids=["nowhere", "the server", "a folder that all have", "no folder, which is said elsewhere"],
)
def test_where_the_files_of_other_computers_go_is_asked_first(changes, expected):
    """Before anything is looked at; in the words of the window."""
    config = replace(
        CONFIGURED, cluster=Cluster(url="postgresql://db/hls"), sources=Sources(roots={"a": Path("/videos")})
    )
    engine = EngineValues(convert_on=ConvertOn.QUEUE, named=True)
    problems = queue_problems(replace(GOOD, engine=engine, **changes), config)
    assert expected == fields(problems)
    text = "The finished videos must get back to you: tick Enable S3 Upload, or choose an output folder below one of"
    assert all(f"{text} SOURCE_ROOTS." == problem.text for problem in problems)
    here = EngineValues(convert_on=ConvertOn.HERE, named=True)
    assert () == queue_problems(replace(GOOD, engine=here, **changes), config)


def test_a_part_of_the_video():
    """Both fields empty mean the whole; what is not a time, or no part, is said beside them."""
    part = replace(GOOD, part_from="1:30", part_to="12:00")
    assert [None, Trim(start_s=90, end_s=720)] == [to_job(values, VIDEO).trim for values in (GOOD, part)]
    problem = ("'soon' is not a time: write 0:01:30, 1:30.5 or 90 (seconds).", Setting.TRIM)
    assert [problem] == [(p.text, p.setting) for p in form_problems(replace(GOOD, part_to="soon"))]


def test_the_title_of_the_video():
    """What was typed is what people know it by; else that is the file's name."""
    assert ["lesson01", "Lesson one"] == [to_job(replace(GOOD, title=text), VIDEO).name for text in ("", "Lesson one")]


def test_audio_alone_has_no_qualities():
    """Where there is no video, no quality need be ticked."""
    assert () == form_problems(replace(GOOD, qualities=()), has_video=False)


@pytest.mark.parametrize(
    ("size_bytes", "key_uri", "expected"),
    [
        (16, "https://example.com/key", []),
        (16, "../key.bin", []),
        (15, "https://example.com/key", [Setting.KEY_FILE]),
        (None, "https://example.com/key", [Setting.KEY_FILE]),
        (16, "no address", [Setting.KEY_URI]),
        (17, "no address", [Setting.KEY_FILE, Setting.KEY_URI]),
        (16, "", []),
    ],
    ids=["good", "relative address", "too short", "missing", "bad address", "both", "the form tells it"],
)
def test_a_key_problem_stands_beside_its_field(tmp_path, size_bytes, key_uri, expected):
    """The key's file must hold 16 bytes, its address must be one; each is told where it belongs."""
    key_file = tmp_path / "course.key"
    if size_bytes is not None:
        key_file.write_bytes(b"k" * size_bytes)
    values = replace(GOOD, advanced=AdvancedValues(encrypt=True, key_file=str(key_file), key_uri=key_uri))
    assert expected == fields(encryption_problems(values, FakeServices()))


def test_a_key_that_is_not_used_is_not_looked_at():
    """Without the tick for encryption the key's file may be missing."""
    values = replace(GOOD, advanced=AdvancedValues(key_file="/missing", key_uri="no address"))
    assert () == encryption_problems(values, FakeServices())


def test_what_env_says_can_not_be_typed_over():
    """A configured backend is used as it is, whatever stands in hidden fields."""
    assert CONFIGURED == job_config(replace(GOOD, backend_url="https://other.example.com", token="x" * 32), CONFIGURED)


def test_what_was_typed_fills_what_env_leaves_open():
    """Address and token of the form go into the job's configuration; the rest stays."""
    config = Config(backend=BackendApi(presign_endpoint="/sign"))
    backend = job_config(replace(GOOD, backend_url="https://api.example.com", token="t" * 20), config).backend
    assert ("https://api.example.com", "t" * 20, "/sign") == (backend.url, backend.token, backend.presign_endpoint)


def test_an_empty_token_field_means_the_one_from_env():
    """A token in .env is used when only the address had to be typed."""
    config = Config(backend=BackendApi(token="from-env"))
    assert "from-env" == job_config(replace(GOOD, backend_url="https://api.example.com"), config).backend.token


def test_the_job_says_what_the_form_says():
    """Every choice arrives in the job."""
    values = replace(
        GOOD,
        preset="veryfast",
        model="small",
        spoken_language="German (de)",
        caption_rules=CaptionRules.BBC,
        upload=True,
        language="fr",
        session_id="a" * 24,
        make_mp4=False,
        delete_local=True,
    )
    job = to_job(values, VIDEO)
    assert (Path("/videos/lesson01.mp4"), Path("/out"), "lesson01") == (job.source, job.output_dir, job.slug)
    assert ("veryfast", False, ("1080p", "720p", "480p")) == (job.encoding.preset, job.make_mp4, job.qualities)
    assert TranscriptionRequest(model="small", language="de", profile=CaptionRules.BBC) == job.transcription
    assert UploadRequest(prefix="videos/", language="fr", session_id="a" * 24, delete_local=True) == job.upload


@pytest.mark.parametrize(
    ("name", "spoken", "language"),
    [("talk.de.srt", "English (en)", "de"), ("talk.srt", "English (en)", "en"), ("talk.srt", "", "fr")],
    ids=["in its name", "spoken", "of the record"],
)
def test_captions_of_a_file(name, spoken, language):
    """Its language is in its name, or it is the one spoken, or that of the record."""
    job = to_job(replace(GOOD, captions=f"/a/{name}", spoken_language=spoken, language="fr"), VIDEO)
    assert (CaptionFile(path=Path("/a") / name, language=language),) == job.captions


def test_the_job_says_what_advanced_says():
    """Every choice under Advanced arrives in the job."""
    chosen = AdvancedValues(
        encoder=EncoderFamily.CPU,
        codec=Codec.HEVC,
        keep_hdr=True,
        aim=Aim.MEASURED,
        target="92,5",
        loudness=-16.0,
        surround=True,
        encrypt=True,
        key_file="/k",
        key_uri="https://example.com/k",
        publish_key=True,
        accept_damaged=True,
    )
    job = to_job(replace(GOOD, advanced=chosen), VIDEO)
    expected = EncodingRequest(codec=Codec.HEVC, encoder=EncoderFamily.CPU, target_vmaf=92.5, keep_hdr=True)
    assert (expected, AudioRequest(surround=True, loudness_lufs=-16.0)) == (job.encoding, job.audio)
    assert Encryption(key_file=Path("/k"), key_uri="https://example.com/k", publish_key=True) == job.encryption
    assert job.accept_damaged


def test_a_fixed_bit_rate():
    """A fixed rate is asked for as such, and a target that stands in the form is not."""
    encoding = to_job(replace(GOOD, advanced=AdvancedValues(aim=Aim.BIT_RATE, target="90")), VIDEO).encoding
    assert (RateControl.ABR, None) == (encoding.rate_control, encoding.target_vmaf)


def test_hdr_is_not_kept_in_h264():
    """The tick stays, but H.264 has no HDR to keep."""
    assert not to_job(replace(GOOD, advanced=AdvancedValues(keep_hdr=True)), VIDEO).encoding.keep_hdr


@pytest.mark.parametrize(
    ("codec", "kept"), [(Codec.H264, True), (Codec.HEVC, False), (Codec.AV1, False)], ids=["H.264", "HEVC", "AV1"]
)
def test_the_original_is_kept_in_h264_alone(codec, kept):
    """The tick stays, but a stream has one format, and it is the original's."""
    assert kept is to_job(replace(GOOD, advanced=AdvancedValues(copy_top=True, codec=codec)), VIDEO).encoding.copy_top


def test_the_defaults_under_advanced_ask_for_nothing():
    """Who never opens the section gets the pipeline's own defaults."""
    job = to_job(GOOD, VIDEO)
    expected = Job(
        source=job.source,
        output_dir=job.output_dir,
        slug="lesson01",
        qualities=GOOD.qualities,
        transcription=job.transcription,
    )
    assert expected == job


def test_what_is_off_is_not_in_the_job():
    """Without tick there is no transcription and no upload."""
    job = to_job(replace(GOOD, transcribe=False), VIDEO)
    assert (None, None) == (job.transcription, job.upload)


@pytest.mark.parametrize(
    ("size", "ticked", "made"),
    [
        ((1920, 1080), GOOD.qualities, ["1080p", "720p", "480p"]),
        ((1280, 720), GOOD.qualities, ["720p", "480p"]),
        ((1280, 720), ("1080p",), ["720p"]),
        ((320, 240), GOOD.qualities, ["240p"]),
    ],
    ids=["all", "too large ones left out", "too large ones alone: the largest there is", "smaller than any"],
)
def test_qualities_that_the_source_fills(size, ticked, made):
    """Of the ticked qualities those are made that the source has pixels for, never others beside them."""
    media = media_info(width=size[0], height=size[1])
    job = to_job(replace(GOOD, qualities=ticked), VIDEO, media)
    assert made == [rendition.name for rendition in make_plan(job, media).renditions]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" /videos/a b.mp4 ", "/videos/a b.mp4"),
        ('"/videos/a.mp4"', "/videos/a.mp4"),
        ("'/videos/a.mp4'", "/videos/a.mp4"),
        ("file:///videos/a%20b.mp4", "/videos/a b.mp4"),
        ("~/a.mp4", str(Path.home() / "a.mp4")),
        ("it's.mp4", "it's.mp4"),
        ("", ""),
    ],
    ids=["spaces", "quotes", "single quotes", "address", "home", "apostrophe", "nothing"],
)
def test_a_pasted_path_is_taken_as_it_was_meant(typed, meant):
    """What copying puts around a path does not belong to it."""
    assert meant == typed_path(typed)


def test_the_token_does_not_show_in_a_trace():
    """Printing the form's values does not print the token."""
    assert "secret" not in repr(replace(GOOD, token="secret-secret-secret"))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, DatasetRequest(uri="s3://course/talks.json")),
        ({"transcribe": False, "captions": "/a/talk.srt"}, DatasetRequest(uri="s3://course/talks.json")),
        ({"transcribe": False}, None),
        ({"dataset": ""}, None),
    ],
    ids=["transcribed", "captions", "no-transcript", "none"],
)
def test_a_dataset(more, expected):
    """The dataset gets the transcript where there is one, and is remembered in any case."""
    values = replace(GOOD, **{"dataset": "s3://course/talks.json", **more})
    assert expected == to_job(values, VIDEO).dataset
    assert values.dataset == form_from_preferences(to_preferences(values), Config()).dataset


def test_a_video_elsewhere():
    """Its job has the address, what is secret in it apart, and the folder that is named after the file."""
    typed = "https://example.com/week%201/Lesson%2001.mp4?token=secret"
    job = to_job(replace(GOOD, source=typed), chosen_video(typed))
    assert ("https://example.com/week%201/Lesson%2001.mp4", "token=secret") == (job.origin, job.address.query)
    assert ("lesson-01", Path("Lesson 01.mp4")) == (job.slug, job.source)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("s3://course/week1/", "s3://course/week1/ is a folder: name one of its videos."),
        ("https:/example.com/a.mp4?token=secret", "https:/example.com/a.mp4 needs two slashes after the colon, as in"),
        ("root:a.mp4", "root:a.mp4 names no root: write it like root:lectures/week1/lesson.mp4."),
    ],
)
def test_an_address_that_wont_do(typed, sentence):
    """Is refused in a sentence for the field, which shows nothing secret."""
    with pytest.raises(SettingsError) as refused:
        chosen_video(typed)
    (problem,) = refused.value.problems
    assert (Setting.SOURCE, True) == (problem.setting, problem.text.startswith(sentence))
