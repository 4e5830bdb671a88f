"""A job as JSON and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import CodecError
from pipeline.job import (
    AudioRequest,
    CaptionFile,
    CaptionRules,
    Codec,
    DatasetRequest,
    EncoderFamily,
    EncodingRequest,
    Encryption,
    Existing,
    Job,
    MappedAudio,
    QualityRate,
    RateControl,
    SegmentType,
    TrackChoice,
    TranscriptionRequest,
    Trim,
    UploadJob,
    UploadRequest,
)
from pipeline.job_codec import job_from_json, job_from_text, job_to_json, job_to_text
from pipeline.media.encode import ladder
from pipeline.plan import LOUDNESS_LUFS, PRESETS, TARGET_VMAF
from pipeline.slug import nested_slug
from pipeline.source_address import SourceAddress, parse_address

SCHEMA_1 = """{
  "schema": 1,
  "source": "Größe 1.mp4", "output_dir": "out", "slug": "week1/grosse-1",
  "qualities": ["1080p", "480p"],
  "tracks": {"programme": 3, "video": 2, "audio": [1, 4]},
  "encoding": {"codec": "hevc", "encoder": "cpu", "preset": "slow", "rate_control": "crf", "target_vmaf": 93.5,
               "segment_type": "fmp4", "keep_hdr": true, "copy_top": true},
  "sound": {"surround": true, "loudness_lufs": -16.0,
            "audio_map": [[{"track": 1, "channel": 2}, {"track": 1, "channel": null}]]},
  "encryption": {"key_file": "a.key", "key_uri": "https://keys.invalid/1", "publish_key": true},
  "accept_damaged": true, "black_bars": true, "chapters": "chapters.vtt",
  "trim": {"start_s": 1.5, "end_s": null},
  "make_mp4": false,
  "transcription": {"model": "small", "language": "de"},
  "upload": {"prefix": "videos/week1/", "language": "de", "session_id": "s-1", "delete_local": true, "replace": true},
  "existing": "upload again"
}"""
"""A job as the first version wrote it, with nothing at its default. It must be read for ever: never change it."""

SCHEMA_2 = """{
  "schema": 2,
  "source": "Größe 1.mp4", "output_dir": "out", "slug": "week1/grosse-1",
  "qualities": ["1080p", "480p"],
  "tracks": {"programme": 3, "video": 2, "audio": [1, 4]},
  "encoding": {"codec": "hevc", "encoder": "cpu", "preset": "slow", "rate_control": "crf", "target_vmaf": 93.5,
               "segment_type": "fmp4", "keep_hdr": true, "copy_top": true},
  "sound": {"surround": true, "loudness_lufs": -16.0,
            "audio_map": [[{"track": 1, "channel": 2}, {"track": 1, "channel": null}]]},
  "encryption": {"key_file": "a.key", "key_uri": "https://keys.invalid/1", "publish_key": true},
  "accept_damaged": true, "black_bars": true, "chapters": "chapters.vtt",
  "trim": {"start_s": 1.5, "end_s": null},
  "make_mp4": false,
  "transcription": {"model": "small", "language": "de", "profile": "bbc", "fast": true, "names": ["Ada Lovelace"],
                    "multilingual": true, "track": 2, "translate": true},
  "captions": [{"path": "talk.de.srt", "language": "de"}], "script": "talk.txt",
  "upload": {"prefix": "videos/week1/", "language": "de", "session_id": "s-1", "delete_local": true, "replace": true},
  "dataset": {"uri": "s3://course/talks.json", "replace_edited": true},
  "existing": "upload again", "title": "Lesson 1: size"
}"""
"""The same as the second version wrote it, with what was new there. It must be read for ever: never change it."""

SCHEMA_3 = """{
  "schema": 3,
  "source": "Größe 1.mp4", "output_dir": "out", "slug": "week1/grosse-1",
  "qualities": ["1080p", "480p"],
  "tracks": {"programme": 3, "video": 2, "audio": [1, 4]},
  "encoding": {"codec": "hevc", "encoder": "cpu", "preset": "slow", "rate_control": "crf", "target_vmaf": 93.5,
               "segment_type": "fmp4", "keep_hdr": true, "copy_top": true},
  "sound": {"surround": true, "loudness_lufs": -16.0,
            "audio_map": [[{"track": 1, "channel": 2}, {"track": 1, "channel": null}]]},
  "encryption": {"key_file": "a.key", "key_uri": "https://keys.invalid/1", "publish_key": true},
  "accept_damaged": true, "black_bars": true, "chapters": "chapters.vtt",
  "trim": {"start_s": 1.5, "end_s": null},
  "make_mp4": false,
  "transcription": {"model": "small", "language": "de", "profile": "bbc", "fast": true, "names": ["Ada Lovelace"],
                    "multilingual": true, "track": 2, "translate": true},
  "captions": [{"path": "talk.de.srt", "language": "de"}], "script": "talk.txt",
  "upload": {"prefix": "videos/week1/", "language": "de", "session_id": "s-1", "delete_local": true, "replace": true},
  "dataset": {"uri": "s3://course/talks.json", "replace_edited": true},
  "existing": "upload again",
  "title": "Lesson 1: size",
  "address": {"text": "https://videos.example/Gr%C3%B6%C3%9Fe%201.mp4", "signed": true}
}"""
"""The same as the third version wrote it, with what was new there. It must be read for ever: never change it."""

SCHEMA_4 = """{
  "schema": 4,
  "source": "Größe 1.mp4", "output_dir": "out", "slug": "week1/grosse-1",
  "qualities": ["1080p", "480p"],
  "tracks": {"programme": 3, "video": 2, "audio": [1, 4]},
  "encoding": {"codec": "hevc", "encoder": "cpu", "preset": "slow", "rate_control": "crf", "target_vmaf": 93.5,
               "segment_type": "fmp4", "keep_hdr": true, "copy_top": true},
  "audio": {"surround": true, "loudness_lufs": -16.0,
            "audio_map": [[{"track": 1, "channel": 2}, {"track": 1, "channel": null}]]},
  "encryption": {"key_file": "a.key", "key_uri": "https://keys.invalid/1", "publish_key": true},
  "accept_damaged": true, "black_bars": true, "chapters": "chapters.vtt",
  "trim": {"start_s": 1.5, "end_s": null},
  "make_mp4": false,
  "transcription": {"model": "small", "language": "de", "profile": "bbc", "fast": true, "names": ["Ada Lovelace"],
                    "multilingual": true, "track": 2, "translate": true},
  "captions": [{"path": "talk.de.srt", "language": "de"}], "script": "talk.txt",
  "upload": {"prefix": "videos/week1/", "language": "de", "session_id": "s-1", "delete_local": true, "replace": true},
  "dataset": {"uri": "s3://course/talks.json", "replace_edited": true},
  "existing": "upload again",
  "title": "Lesson 1: size",
  "address": {"text": "https://videos.example/Gr%C3%B6%C3%9Fe%201.mp4", "signed": true}
}"""
"""The same as the fourth version wrote it, where `sound` is `audio`. It must be read for ever: never change it."""

SCHEMA_5 = """{
  "schema": 5,
  "source": "Größe 1.mp4", "output_dir": "out", "slug": "week1/grosse-1",
  "qualities": ["1080p", "480p"], "audio_only": true,
  "bit_rates": [{"name": "1080p", "bit_rate": 4500000}],
  "tracks": {"programme": 3, "video": 2, "audio": [1, 4]},
  "encoding": {"codec": "hevc", "encoder": "cpu", "preset": "slow", "rate_control": "crf", "target_vmaf": 93.5,
               "fit_ladder": true, "segment_type": "fmp4", "keep_hdr": true, "copy_top": true},
  "audio": {"surround": true, "loudness_lufs": -16.0,
            "audio_map": [[{"track": 1, "channel": 2}, {"track": 1, "channel": null}]]},
  "encryption": {"key_file": "a.key", "key_uri": "https://keys.invalid/1", "publish_key": true},
  "accept_damaged": true, "black_bars": true, "chapters": "chapters.vtt",
  "trim": {"start_s": 1.5, "end_s": null}, "poster_s": 12.5,
  "make_mp4": false,
  "transcription": {"model": "small", "language": "de", "profile": "bbc", "fast": true, "names": ["Ada Lovelace"],
                    "multilingual": true, "track": 2, "translate": true},
  "captions": [{"path": "talk.de.srt", "language": "de"}], "script": "talk.txt",
  "upload": {"prefix": "videos/week1/", "language": "de", "session_id": "s-1", "delete_local": true, "replace": true},
  "dataset": {"uri": "s3://course/talks.json", "replace_edited": true},
  "existing": "upload again",
  "title": "Lesson 1: size",
  "address": {"text": "https://videos.example/Gr%C3%B6%C3%9Fe%201.mp4", "signed": true}
}"""
"""The same as the next version writes it, with what is new there. Fields are added until it has been released."""

LEAST_OF_SCHEMA_1 = '{"schema": 1, "source": "a.mp4", "output_dir": "out", "slug": "a"}'

CHOSEN = Job(
    source=Path("Größe 1.mp4"),
    output_dir=Path("out"),
    slug="week1/grosse-1",
    qualities=("1080p", "480p"),
    tracks=TrackChoice(programme=3, video=2, audio=(1, 4)),
    encoding=EncodingRequest(
        codec=Codec.HEVC,
        encoder=EncoderFamily.CPU,
        preset="slow",
        rate_control=RateControl.CRF,
        target_vmaf=93.5,
        segment_type=SegmentType.FMP4,
        keep_hdr=True,
        copy_top=True,
    ),
    audio=AudioRequest(
        surround=True, loudness_lufs=-16.0, audio_map=((MappedAudio(track=1, channel=2), MappedAudio(track=1)),)
    ),
    encryption=Encryption(key_file=Path("a.key"), key_uri="https://keys.invalid/1", publish_key=True),
    accept_damaged=True,
    black_bars=True,
    chapters=Path("chapters.vtt"),
    trim=Trim(start_s=1.5),
    make_mp4=False,
    transcription=TranscriptionRequest(model="small", language="de"),
    upload=UploadRequest(prefix="videos/week1/", language="de", session_id="s-1", delete_local=True, replace=True),
    existing=Existing.UPLOAD_AGAIN,
)

CHOSEN_IN_SCHEMA_2 = replace(
    CHOSEN,
    transcription=TranscriptionRequest(
        model="small",
        language="de",
        profile=CaptionRules.BBC,
        fast=True,
        names=("Ada Lovelace",),
        multilingual=True,
        track=2,
        translate=True,
    ),
    captions=(CaptionFile(path=Path("talk.de.srt"), language="de"),),
    script=Path("talk.txt"),
    dataset=DatasetRequest(uri="s3://course/talks.json", replace_edited=True),
    title="Lesson 1: size",
)

CHOSEN_IN_SCHEMA_3 = replace(
    CHOSEN_IN_SCHEMA_2,
    address=SourceAddress(text="https://videos.example/Gr%C3%B6%C3%9Fe%201.mp4", signed=True),
)

CHOSEN_IN_SCHEMA_5 = replace(
    CHOSEN_IN_SCHEMA_3,
    audio_only=True,
    poster_s=12.5,
    bit_rates=(QualityRate(name="1080p", bit_rate=4_500_000),),
    encoding=replace(CHOSEN_IN_SCHEMA_3.encoding, fit_ladder=True),
)

UPLOAD_SCHEMA_1 = """{
  "schema": 1, "kind": "upload",
  "folder": "out/Größe 1",
  "upload": {"prefix": "videos/week1/", "language": "de", "session_id": "s-1", "delete_local": true, "replace": true},
  "existing": "resume"
}"""
"""An upload of a folder as the first version wrote it, with nothing at its default: never change it."""

LEAST_UPLOAD_OF_SCHEMA_1 = '{"schema": 1, "kind": "upload", "folder": "a", "upload": {"prefix": "videos/"}}'

CHOSEN_UPLOAD = UploadJob(
    folder=Path("out/Größe 1"),
    upload=UploadRequest(prefix="videos/week1/", language="de", session_id="s-1", delete_local=True, replace=True),
    existing=Existing.RESUME,
)

TEXTS = st.text(st.characters())  # with halves of surrogate pairs, which stand for odd bytes in names of files
PATHS = TEXTS.filter(lambda text: "\0" not in text).map(Path)
SECONDS = st.floats(min_value=0, max_value=1e6) | st.fractions(min_value=0, max_value=10**6).map(float)
WHOLE = st.integers(min_value=1, max_value=2**70)
MAPPED = st.builds(MappedAudio, track=WHOLE, channel=st.none() | WHOLE)
UPLOADS = st.builds(
    UploadRequest,
    prefix=TEXTS,
    language=TEXTS,
    session_id=st.none() | TEXTS,
    delete_local=st.booleans(),
    replace=st.booleans(),
)
JOBS = st.builds(
    Job,
    source=PATHS,
    output_dir=PATHS,
    slug=st.lists(TEXTS, min_size=1, max_size=4).map(lambda parts: nested_slug(PurePath("videos", *parts))),
    qualities=st.none() | st.lists(st.sampled_from([*ladder.BY_NAME])).map(tuple),
    audio_only=st.booleans(),
    bit_rates=st.lists(st.builds(QualityRate, name=TEXTS, bit_rate=WHOLE), max_size=3).map(tuple),
    tracks=st.builds(
        TrackChoice, programme=st.none() | WHOLE, video=st.none() | WHOLE, audio=st.lists(WHOLE, max_size=3).map(tuple)
    ),
    encoding=st.builds(
        EncodingRequest,
        codec=st.sampled_from(Codec),
        encoder=st.sampled_from(EncoderFamily),
        preset=st.sampled_from(PRESETS),
        rate_control=st.sampled_from(RateControl),
        target_vmaf=st.none() | st.floats(*TARGET_VMAF),
        fit_ladder=st.booleans(),
        segment_type=st.none() | st.sampled_from(SegmentType),
        keep_hdr=st.booleans(),
        copy_top=st.booleans(),
    ),
    audio=st.builds(
        AudioRequest,
        surround=st.booleans(),
        loudness_lufs=st.none() | st.floats(*LOUDNESS_LUFS),
        audio_map=st.lists(st.lists(MAPPED, min_size=1, max_size=2).map(tuple), max_size=3).map(tuple),
    ),
    encryption=st.none() | st.builds(Encryption, key_file=PATHS, key_uri=TEXTS, publish_key=st.booleans()),
    accept_damaged=st.booleans(),
    black_bars=st.booleans(),
    chapters=st.none() | PATHS,
    trim=st.none()
    | st.tuples(SECONDS, st.none() | SECONDS).map(
        lambda times: Trim(start_s=times[0], end_s=None if times[1] is None else times[0] + times[1] + 0.2)
    ),
    make_mp4=st.booleans(),
    transcription=st.none()
    | st.builds(
        TranscriptionRequest,
        model=TEXTS,
        language=st.none() | TEXTS,
        profile=st.sampled_from(CaptionRules),
        fast=st.booleans(),
        multilingual=st.booleans(),
        translate=st.booleans(),
        track=st.none() | st.integers(1, 9),
        names=st.lists(TEXTS, max_size=2).map(tuple),
    ),
    captions=st.lists(st.builds(CaptionFile, path=PATHS, language=TEXTS), max_size=3).map(tuple),
    script=st.none() | PATHS,
    upload=st.none() | UPLOADS,
    existing=st.sampled_from(Existing),
)
UPLOAD_JOBS = st.builds(UploadJob, folder=PATHS, upload=UPLOADS, existing=st.sampled_from(Existing))


@given(job=JOBS)
@settings(database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is not a fault
def test_every_job_comes_back_from_its_text(job):
    """Whatever its paths and names are made of, and whatever is left out."""
    assert job == job_from_text(job_to_text(job))


@given(job=UPLOAD_JOBS)
@settings(database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_upload_of_a_folder_comes_back_from_its_text(job):
    """As an upload, whatever its folder and its request are made of."""
    assert job == job_from_text(job_to_text(job))


def test_an_upload_of_a_folder_of_schema_1_is_read_and_written():
    """Every field of it, and one that has its default where it is missing."""
    assert CHOSEN_UPLOAD == job_from_text(UPLOAD_SCHEMA_1)
    least = UploadJob(folder=Path("a"), upload=UploadRequest(prefix="videos/"))
    assert least == job_from_text(LEAST_UPLOAD_OF_SCHEMA_1)
    written = job_to_json(CHOSEN_UPLOAD)
    assert json.loads(UPLOAD_SCHEMA_1) == written
    assert ["schema", "kind"] == [name for name, value in written.items() if value == job_to_json(least)[name]]


def test_a_job_of_schema_1_is_read():
    """Every field of it; what it lacks has its default."""
    assert CHOSEN == job_from_text(SCHEMA_1)
    assert Job(source=Path("a.mp4"), output_dir=Path("out"), slug="a") == job_from_text(LEAST_OF_SCHEMA_1)


def test_a_job_of_schema_2_is_read():
    """Every field of it; its source is a file of this machine."""
    assert CHOSEN_IN_SCHEMA_2 == job_from_text(SCHEMA_2)


def test_a_job_of_schema_3_is_read():
    """Every field of it; the audio had another name."""
    assert CHOSEN_IN_SCHEMA_3 == job_from_text(SCHEMA_3)


def test_a_job_of_schema_4_is_read():
    """Every field of it; what is new since then has its default."""
    assert CHOSEN_IN_SCHEMA_3 == job_from_text(SCHEMA_4)


def test_what_is_written_is_of_the_schema_that_it_names():
    """A field that is new, gone or of another name changes the schema: the sample has every field."""
    assert json.loads(SCHEMA_5) == job_to_json(CHOSEN_IN_SCHEMA_5)
    assert CHOSEN_IN_SCHEMA_5 == job_from_text(SCHEMA_5)
    plain = job_to_json(job_from_text(LEAST_OF_SCHEMA_1))
    same = [name for name, value in job_to_json(CHOSEN_IN_SCHEMA_5).items() if value == plain[name]]
    assert ["schema", "output_dir"] == same


def test_a_fetched_source_is_written_without_its_place_here_and_without_what_is_secret(tmp_path):
    """Another machine has it elsewhere, and a signature is for the process alone that was given it."""
    address = parse_address("https://me:pass@videos.example/a.mp4?X-Amz-Signature=secret")
    job = replace(CHOSEN, address=address, source=tmp_path / "ab12" / "a.mp4")
    text = job_to_text(job)
    assert [] == [word for word in ("secret", "pass", "me:", "ab12") if word in text]
    back = job_from_text(text)
    assert (Path("a.mp4"), "https://videos.example/a.mp4", True) == (back.source, back.origin, back.address.signed)
    assert (True, False) == (address.is_readable, back.address.is_readable)


def test_no_secret_is_in_it(tmp_path):
    """Of a key there is the file's name alone, and nothing of a login."""
    (tmp_path / "key").write_bytes(b"0123456789abcdef")
    job = replace(CHOSEN, encryption=Encryption(key_file=tmp_path / "key", key_uri="https://keys.invalid/1"))
    text = job_to_text(job)
    assert [] == [word for word in ("0123456789abcdef", b"0123456789abcdef".hex(), "token", "login") if word in text]
    assert str(tmp_path / "key") == json.loads(text)["encryption"]["key_file"]


def changed(**changes):
    """Return the sample of schema 2 with some fields in place of its own; a name may go further in: `trim__end_s`."""
    data = json.loads(SCHEMA_2)
    for name, value in changes.items():
        *outer, last = name.split("__")
        inner = data
        for part in outer:
            inner = inner[part]
        inner[last] = value
    return data


REFUSED = [
    pytest.param(
        changed(schema=3, address={"text": "https://a.example/b.mp4", "query": "k=1"}),
        "The job (schema 3): address must not have a query or a login: they are secrets.",
        id="secret of an address",
    ),
    pytest.param(
        changed(schema=3, address={"text": "https://a.example/b.mp4?k=1"}),
        "The job (schema 3): address.text must be the address of one file, without a query or a login.",
        id="secret in an address",
    ),
    pytest.param(
        changed(schema=3, address={"text": "s3://ab/c"}),
        "The job (schema 3): address.text can't be used. 'ab' in 's3://ab/c' can't be a bucket's name: "
        "write it like s3://bucket/course/transcripts.json.",
        id="address of no bucket",
    ),
    pytest.param([], "The job must be an object, with its schema and its settings.", id="no object"),
    pytest.param({"source": "a"}, 'The job does not say which schema it has: add "schema": 5.', id="no schema"),
    pytest.param(changed(schema="1"), 'The job does not say which schema it has: add "schema": 5.', id="typed schema"),
    pytest.param(changed(schema=0), 'The job does not say which schema it has: add "schema": 5.', id="schema 0"),
    pytest.param(
        changed(schema=6, new_field=1),
        "The job has schema 6, and this version reads up to 5: use the version that wrote it.",
        id="newer schema",
    ),
    pytest.param(changed(schema=4), "The job (schema 4): sound is not a known field.", id="earlier name"),
    pytest.param(changed(audio={}), "The job (schema 2): sound is not a known field.", id="both names"),
    pytest.param(changed(colour="red"), "The job (schema 2): colour is not a known field.", id="unknown field"),
    pytest.param(
        changed(upload__token="secret"), "The job (schema 2): upload.token is not a known field.", id="a token"
    ),
    pytest.param(
        {"schema": 2, "source": "a", "slug": "a"}, "The job (schema 2): output_dir is missing.", id="missing field"
    ),
    pytest.param(
        changed(encoding__codec="vp9"),
        "The job (schema 2): encoding.codec must be one of h264, hevc, av1, not 'vp9'.",
        id="unknown codec",
    ),
    pytest.param(
        changed(qualities="1080p"), "The job (schema 2): qualities must be a list, not a text.", id="one quality"
    ),
    pytest.param(
        changed(make_mp4="yes"), "The job (schema 2): make_mp4 must be true or false, not a text.", id="yes for true"
    ),
    pytest.param(
        changed(sound__audio_map=[[]]),
        "The job (schema 2): audio.audio_map[0] must have 1 or 2 items, not 0.",
        id="audio of nothing",
    ),
    pytest.param(
        changed(sound__audio_map=[[{"track": 1}], [{"track": 1}] * 3]),
        "The job (schema 2): audio.audio_map[1] must have 1 or 2 items, not 3.",
        id="audio of three",
    ),
    pytest.param(
        changed(trim__start_s=-1), "The job (schema 2): trim.start_s must be 0 or more.", id="begin before the begin"
    ),
    pytest.param(
        changed(trim__end_s=1.55), "The job (schema 2): trim.end_s must come after trim.start_s.", id="empty part"
    ),
    pytest.param(changed(title="a\nb"), "The job (schema 2): title must be one line of text.", id="title of two lines"),
    pytest.param(
        changed(transcription=None, captions=[]),
        "The job (schema 2): dataset needs a transcript: add transcription or captions.",
        id="dataset without transcript",
    ),
    *(
        pytest.param(
            changed(slug=slug),
            "The job (schema 2): slug must be a path below the output folder, such as week1/lesson.",
            id=f"slug {slug!r}",
        )
        for slug in (
            "",
            "/etc",
            "../a",
            "a/../../b",
            "a//b",
            "a/",
            ".",
            "c:/a",
            "a\\b",
            "a\nb",
            "a\0",
            ".a.partial",
            "a ",
            "a.",
            "a" * 201,
        )
    ),
]


UPLOADS_REFUSED = [
    pytest.param(
        {"kind": "upload", "folder": "a"}, 'The job does not say which schema it has: add "schema": 1.', id="no schema"
    ),
    pytest.param(
        {"schema": 2, "kind": "upload", "new_field": 1},
        "The job has schema 2, and this version reads up to 1: use the version that wrote it.",
        id="newer schema",
    ),
    pytest.param(
        {"schema": 1, "kind": "download", "folder": "a"},
        'The job is of a kind that is not known: say "upload", or leave `kind` out for a conversion.',
        id="unknown kind",
    ),
    pytest.param(
        {"schema": 1, "kind": "upload", "folder": "a"}, "The job (schema 1): upload is missing.", id="missing field"
    ),
    pytest.param(
        {"schema": 1, "kind": "upload", "folder": "a", "upload": None},
        "The job (schema 1): upload must be an object, not null.",
        id="no destination",
    ),
    pytest.param(
        {"schema": 1, "kind": "upload", "folder": "a", "upload": {"prefix": "v/", "token": "secret"}},
        "The job (schema 1): upload.token is not a known field.",
        id="a token",
    ),
    pytest.param(
        {"schema": 1, "kind": "upload", "folder": "a", "upload": {"prefix": "v/"}, "slug": "a"},
        "The job (schema 1): slug is not a known field.",
        id="unknown field",
    ),
]


@pytest.mark.parametrize(("data", "sentence"), UPLOADS_REFUSED)
def test_what_is_wrong_with_an_upload_is_said_in_one_sentence(data, sentence):
    """In the words that a conversion's refusals have."""
    with pytest.raises(CodecError) as refused:
        job_from_json(data)
    assert sentence == str(refused.value)


@pytest.mark.parametrize(("data", "sentence"), REFUSED)
def test_what_is_wrong_is_said_in_one_sentence(data, sentence):
    """It names the field and the schema."""
    with pytest.raises(CodecError) as refused:
        job_from_json(data)
    assert sentence == str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "{", '{"schema": 1,}', "[" * 100_000, "1" * 5000], ids=["empty", "torn", "comma", "deep", "digits"]
)
def test_what_is_no_json_is_said_to_be_none(text):
    """Also where Python's own reader gives up in another way."""
    with pytest.raises(CodecError, match=r"^Line 3 of the queue is not JSON text\.$"):
        job_from_text(text, "Line 3 of the queue")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _fields(data, above=()):
    """Return where each value of a job lies, at any depth."""
    for name, value in data.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from _fields(value, (*above, name))


@given(where=st.sampled_from([*_fields(json.loads(SCHEMA_2))]), value=ANYTHING, renamed=st.booleans())
@settings(database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_stands_in_a_field_is_a_job_or_one_sentence(where, value, renamed):
    """Anything else would be a traceback to somebody who wrote a job by hand."""
    data = json.loads(SCHEMA_2)
    inner = data
    for name in where[:-1]:
        inner = inner[name]
    inner[f"{where[-1]}x" if renamed else where[-1]] = value
    try:
        job = job_from_json(data)
    except CodecError as error:
        assert str(error).startswith("The job ") and str(error).endswith(".") and "\n" not in str(error)
    else:
        assert not renamed
        assert job == job_from_json(job_to_json(job))
