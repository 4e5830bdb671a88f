"""What the window remembers between starts, and how it is kept."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from installation import ROOT
from pipeline.codec import to_json
from pipeline.job import (
    AudioRequest,
    CaptionRules,
    Codec,
    EncoderFamily,
    EncodingRequest,
    Job,
    QualityRate,
    RateControl,
    TranscriptionRequest,
)
from pipeline.job_codec import job_to_json
from ui.preferences import (
    EnginePreferences,
    LimitDays,
    LimitPeriod,
    NamedBackend,
    Preferences,
    ProgramSettings,
    ThemeChoice,
    WindowPreferences,
)

KEPT = ROOT / "tests" / "kept"
PREFERENCES_EXAMPLE = ROOT / "s3_config.json.example"

CHANGED = Preferences(
    last_destination="courses/año-1/",
    last_session_id="0123456789abcdef01234567",
    create_offline_mp4=False,
    upload_enabled=True,
    language="fr",
    output_dir="/home/editor/vidéos",
    preset="Course",
    qualities=("720p",),
    audio_only=True,
    encoding=EncodingRequest(
        codec=Codec.HEVC,
        encoder=EncoderFamily.CPU,
        preset="slow",
        target_vmaf=92.5,
        fit_ladder=True,
        keep_hdr=True,
        copy_top=True,
    ),
    target_vmaf=92.5,
    audio=AudioRequest(surround=True, loudness_lufs=-16.0),
    transcribe=False,
    transcription=TranscriptionRequest(
        model="small", language="es", profile=CaptionRules.BBC, fast=True, multilingual=True, translate=True
    ),
    names_file="/home/editor/names.txt",
    dataset="s3://course/transcripts.json",
    key_file="/home/editor/keys/course.key",
    key_uri="https://keys.example.com/course",
    publish_key=True,
    background=False,
    captions_open=True,
    upload_open=True,
    advanced_open=True,
    remember_login=True,
    backend_address="https://api.example.com",
    upload_limit_mb_s=2.5,
    parallel_uploads=8,
    engine=EnginePreferences(in_queue=True, address="postgresql://me@db.example.com/hls", works_along=True),
    window=WindowPreferences(width=1000, height=700, x=20, y=30, maximised=True),
    backend="4c00fa30",
    program=ProgramSettings(
        theme=ThemeChoice.SYSTEM,
        text_percent=150,
        output_dir="/home/editor/converted",
        backends=(NamedBackend(id="4c00fa30", name="Staging", address="https://staging.example.com"),),
        upload_limits=(LimitPeriod(days=LimitDays.WEEKDAYS, start="08:00", end="18:00", limit_mb_s=0.5),),
        ffmpeg_path="/opt/ffmpeg/bin/ffmpeg",
        bit_rates=(QualityRate(name="1080p", bit_rate=4_500_000),),
        transcribe=False,
        model="small",
        spoken_language="de",
    ),
)

BEFORE_PRESETS = replace(CHANGED, preset="", audio_only=False, encoding=replace(CHANGED.encoding, fit_ladder=False))

FORMAT_2 = """{
  "format": 2,
  "last_destination": "courses/año-1/",
  "last_session_id": "0123456789abcdef01234567",
  "create_offline_mp4": false,
  "delete_local_after_upload": true,
  "upload_enabled": true,
  "transcribe": false,
  "whisper_model": "small",
  "spoken_language": "Spanish (es)",
  "speed": "Slow (smaller files)",
  "language": "fr",
  "output_dir": "/home/editor/vidéos",
  "qualities": ["720p"],
  "advanced_open": true,
  "encoder": "cpu",
  "codec": "hevc",
  "keep_hdr": true,
  "keep_original": true,
  "rate_control": "measured",
  "target_vmaf": 92.5,
  "loudness": "-16",
  "surround": true,
  "encrypt": true,
  "key_file": "/home/editor/keys/course.key",
  "key_uri": "https://keys.example.com/course",
  "publish_key": true,
  "background": false,
  "remember_login": true,
  "upload_limit_mb_s": 2.5,
  "parallel_uploads": 8
}"""
"""What the version before kept, with nothing at its default. It must be read for ever: never change it."""


def stored(preferences):
    """Return what a file of these preferences holds."""
    return {"format": 4, **to_json(preferences)}


class TestPreferences:
    """What the window remembers."""

    @pytest.fixture
    def path(self, tmp_path):
        """A path for preferences that are not there yet."""
        return tmp_path / "s3_config.json"

    def test_round_trip(self, path):
        """What is saved is what is loaded, field by field, and each field differs from its default here."""
        CHANGED.save(path)
        assert Preferences.load(path) == CHANGED
        usual = stored(Preferences())
        assert ["format"] == [name for name, value in stored(CHANGED).items() if value == usual[name]]

    @pytest.mark.parametrize(
        "content",
        [None, b"", b"{", b"[1]", b'"x"', b"null", b"\xff\xfe\x00", b'{"last_destination": "a/"'],
        ids=["missing", "empty", "broken", "list", "string", "null", "not-utf-8", "half"],
    )
    def test_broken_file(self, path, content):
        """A file that is missing or broken means the defaults, never an error."""
        if content is not None:
            path.write_bytes(content)
        assert Preferences() == Preferences.load(path)

    @pytest.mark.parametrize(
        ("kept", "expected"),
        [
            pytest.param("videos/course3/lesson01/", "videos/course3/", id="the last video's own"),
            pytest.param("videos/course3/lesson01", "videos/course3/", id="without its slash"),
            pytest.param("videos/", "videos/", id="one folder alone"),
            pytest.param("", "", id="nothing"),
        ],
    )
    def test_earlier_destination(self, path, kept, expected):
        """An earlier version kept the last video's own destination: the next one lies beside it, not inside."""
        path.write_text(json.dumps({"last_destination": kept}), encoding="utf-8")
        assert expected == Preferences.load(path).last_destination
        replace(CHANGED, last_destination=kept).save(path)
        assert kept == Preferences.load(path).last_destination

    def test_folder_in_its_place(self, path):
        """A folder of that name means the defaults."""
        path.mkdir()
        assert Preferences() == Preferences.load(path)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("last_destination", 5),
            ("last_destination", None),
            ("create_offline_mp4", 0),
            ("create_offline_mp4", "no"),
            ("qualities", "720p"),
            ("qualities", [720]),
            ("audio", [True]),
            ("target_vmaf", "94"),
            ("target_vmaf", True),
            ("target_vmaf", float("nan")),
        ],
        ids=[
            "number",
            "null",
            "number-for-yes",
            "text-for-yes",
            "text-for-list",
            "numbers-in-list",
            "list-for-group",
            "text-for-number",
            "yes-for-number",
            "no-number",
        ],
    )
    def test_wrong_type(self, path, name, value):
        """A value of the wrong type falls back to its default alone."""
        path.write_text(json.dumps({**stored(CHANGED), name: value}), encoding="utf-8")
        assert replace(CHANGED, **{name: getattr(Preferences(), name)}) == Preferences.load(path)

    @pytest.mark.parametrize(
        ("group", "name", "value"),
        [
            ("encoding", "codec", "vp9"),
            ("encoding", "preset", 3),
            ("encoding", "target_vmaf", "94"),
            ("audio", "loudness_lufs", "loud"),
            ("transcription", "model", None),
            ("transcription", "profile", "mine"),
        ],
        ids=["codec", "preset", "target", "loudness", "model", "profile"],
    )
    def test_wrong_value_of_a_group(self, path, group, name, value):
        """Nor does one that is wrong cost the others beside it."""
        content = stored(CHANGED)
        content[group] = content[group] | {name: value, "later": 1}
        path.write_text(json.dumps(content), encoding="utf-8")
        usual = getattr(getattr(Preferences(), group), name)
        expected = replace(CHANGED, **{group: replace(getattr(CHANGED, group), **{name: usual})})
        assert expected == Preferences.load(path)

    def test_the_version_before(self, path):
        """What it remembered is remembered: whatever has another form now is read in the old one."""
        path.write_text(FORMAT_2, encoding="utf-8")
        before = TranscriptionRequest(model="small", language="es")  # it knew no caption rules, and no names
        expected = replace(
            BEFORE_PRESETS,
            transcription=before,
            names_file="",
            dataset="",
            engine=EnginePreferences(),
            backend_address="",
        )
        # only one of its sections folded, and its window opened at the same size and place each time
        unset = {"backend": "", "window": WindowPreferences(), "program": ProgramSettings()}
        expected = replace(expected, captions_open=False, upload_open=False, **unset)
        assert expected == Preferences.load(path)

    def test_audio_under_its_earlier_name(self, path):
        """The format before the present one differs in that name alone."""
        before = {"sound" if name == "audio" else name: value for name, value in stored(CHANGED).items()}
        path.write_text(json.dumps(before | {"format": 3}), encoding="utf-8")
        assert CHANGED == Preferences.load(path)

    @pytest.mark.parametrize(
        ("flat", "expected"),
        [
            ({"rate_control": "bit rate"}, {"encoding": EncodingRequest(rate_control=RateControl.ABR)}),
            ({"rate_control": "measured"}, {"encoding": EncodingRequest(target_vmaf=94.0)}),
            (
                {"rate_control": "measured", "target_vmaf": "92"},
                {"encoding": EncodingRequest(target_vmaf=94.0)},
            ),
            ({"rate_control": "quality", "target_vmaf": 92.0}, {"target_vmaf": 92.0}),
            ({"speed": "Fast (larger files)"}, {"encoding": EncodingRequest(preset="veryfast")}),
            ({"loudness": "unchanged"}, {}),
            ({"spoken_language": "Detect automatically"}, {}),
            ({"encoder": "junk", "codec": 5, "speed": [], "loudness": 1, "spoken_language": "Klingon"}, {}),
        ],
        ids=["bit rate", "measured", "no target", "other target", "fast", "loudness", "any language", "junk"],
    )
    def test_words_of_the_version_before(self, path, flat, expected):
        """Each of its words has its meaning still, and what never meant anything is nothing."""
        path.write_text(json.dumps({"format": 2, **flat}), encoding="utf-8")
        assert Preferences(**expected) == Preferences.load(path)

    def test_a_job_s_settings_are_spelled_as_in_a_job(self):
        """There is one name and one form for each of them, wherever it is kept."""
        job = Job(
            source=Path("a.mp4"),
            output_dir=Path("out"),
            slug="a",
            encoding=CHANGED.encoding,
            audio=CHANGED.audio,
            transcription=CHANGED.transcription,
            qualities=CHANGED.qualities,
        )
        names = ("encoding", "audio", "transcription", "qualities")
        assert [job_to_json(job)[name] for name in names] == [stored(CHANGED)[name] for name in names]

    def test_whole_number(self, path):
        """A number may be written without its decimals."""
        path.write_text('{"target_vmaf": 90}', encoding="utf-8")
        assert Preferences(target_vmaf=90.0) == Preferences.load(path)

    def test_unknown_keys(self, path):
        """Keys that mean nothing are passed over, and saving leaves them out."""
        path.write_text('{"language": "fr", "auth_token": "hush"}', encoding="utf-8")
        loaded = Preferences.load(path)
        loaded.save(path)
        assert Preferences(language="fr") == loaded
        assert "hush" not in path.read_text(encoding="utf-8")

    def test_missing_keys(self, path):
        """Fields that an older version did not write have their defaults."""
        path.write_text('\ufeff{"language": "fr"}', encoding="utf-8")
        assert Preferences(language="fr") == Preferences.load(path)

    def test_before_there_were_settings(self):
        """A file that an earlier version wrote is read as it was meant, and what it lacks has its default."""
        expected = replace(BEFORE_PRESETS, backend="", program=ProgramSettings())
        assert expected == Preferences.load(KEPT / "preferences_4.json")

    def test_failed_save_keeps_the_old(self, path, monkeypatch):
        """A save that fails half-way leaves the earlier preferences whole and nothing beside them."""
        CHANGED.save(path)
        before = path.read_bytes()
        half_written = Path.write_text

        def disk_full(self, data, **kwargs):
            half_written(self, data[:10], **kwargs)
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_text", disk_full)
        with pytest.raises(OSError, match="No space left"):
            Preferences().save(path)
        assert (before, [path]) == (path.read_bytes(), list(path.parent.iterdir()))

    def test_a_folder_that_is_not_there_yet(self, tmp_path):
        """The first time that anything is saved, its folder is made, for this user alone."""
        path = tmp_path / "config" / "hls-converter" / "s3_config.json"
        CHANGED.save(path)
        assert (CHANGED, 0o700) == (Preferences.load(path), path.parent.stat().st_mode & 0o777)

    def test_read_only_place(self, tmp_path):
        """Saving where no file can be made raises OSError for the caller to report."""
        (tmp_path / "file").write_text("", encoding="utf-8")
        with pytest.raises(OSError, match=r"file"):
            Preferences().save(tmp_path / "file" / "s3_config.json")

    def test_example(self):
        """s3_config.json.example has every field with its default."""
        assert stored(Preferences()) == json.loads(PREFERENCES_EXAMPLE.read_text(encoding="utf-8"))
        assert Preferences() == Preferences.load(PREFERENCES_EXAMPLE)

    def test_no_place_for_secrets(self):
        """The preferences have no field for a token or a key: only for where a key lies and is asked for."""
        found = {
            name for name in stored(Preferences()) if any(word in name for word in ("token", "url", "key", "secret"))
        }
        assert {"key_file", "key_uri", "publish_key"} == found
