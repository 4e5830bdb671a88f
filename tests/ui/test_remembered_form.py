"""Which values of the form are remembered, and what the form shows at the next start."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_fakes import NOT_CONFIGURED

from config import BackendApi, Config, Languages
from pipeline.job import CaptionRules, Codec, EncoderFamily, EncodingRequest
from ui.advanced import AdvancedValues, Aim
from ui.job_form import FormValues
from ui.preferences import Preferences, ProgramSettings, WindowPreferences
from ui.remembered_form import form_from_preferences, to_preferences, usual_form

GOOD = FormValues(
    source="/videos/lesson01.mp4", output_dir="/out", qualities=("1080p", "720p", "480p"), destination="videos/"
)


def test_preferences_come_back():
    """What is remembered fills the form of the next start."""
    values = replace(
        GOOD,
        suggested_from=None,
        upload=True,
        language="fr",
        session_id="b" * 24,
        make_mp4=False,
        remember_login=True,
        limit="2.5",
        parallel=8,
        model="small",
        preset="veryfast",
        spoken_language="Spanish (es)",
        caption_rules=CaptionRules.NETFLIX_CHILDREN,
        advanced=AdvancedValues(
            encoder=EncoderFamily.CPU,
            codec=Codec.AV1,
            keep_hdr=True,
            copy_top=True,
            aim=Aim.MEASURED,
            target="92.5",
            loudness=-23.0,
            surround=True,
            key_file="/k",
            key_uri="https://example.com/k",
            publish_key=True,
        ),
        captions_open=True,
        upload_open=True,
        advanced_open=True,
        window=WindowPreferences(width=1000, height=700, x=20, y=30),
    )
    again = form_from_preferences(to_preferences(values), NOT_CONFIGURED)
    assert replace(values, source="") == again


@pytest.mark.parametrize(
    ("kept", "shown"),
    [("slow", "slow"), ("ultrafast", "ultrafast"), ("warp", "medium")],
    ids=["offered", "a preset's", "unknown"],
)
def test_a_remembered_preset(kept, shown):
    """One that there is none of gives way to the usual one."""
    assert shown == form_from_preferences(Preferences(encoding=EncodingRequest(preset=kept)), NOT_CONFIGURED).preset


def test_remembered_figures_that_can_not_be_chosen_give_way():
    """A file that somebody edited makes no limit that stops everything,
    and no number of files that is not in the list.
    """
    values = form_from_preferences(Preferences(upload_limit_mb_s=-3.0, parallel_uploads=1000), NOT_CONFIGURED)
    assert ("", 4) == (values.limit, values.parallel)


@pytest.mark.parametrize(
    ("stored", "shown"), [("fr", "fr"), ("xx", "es"), ("", "es")], ids=["known", "no longer offered", "none"]
)
def test_language_of_the_record(stored, shown):
    """A remembered language that is not offered any more gives way to the default."""
    config = Config(languages=Languages(default="es", supported=("en", "es", "fr")))
    assert shown == form_from_preferences(Preferences(language=stored), config).language


def test_accepting_damage_is_for_one_session():
    """Who accepted a damaged video once would publish the next one without being asked.

    Earlier versions remembered it.
    """
    values = replace(GOOD, advanced=AdvancedValues(accept_damaged=True))
    assert not form_from_preferences(to_preferences(values), NOT_CONFIGURED).advanced.accept_damaged


def test_what_takes_something_away_is_for_one_session():
    """Who deletes the converted copy of one course, or encrypts it, would not look for the tick at the next one."""
    values = replace(GOOD, delete_local=True, advanced=AdvancedValues(encrypt=True, key_file="/k"))
    again = form_from_preferences(to_preferences(values), NOT_CONFIGURED)
    assert (False, False, "/k") == (again.delete_local, again.advanced.encrypt, again.advanced.key_file)


def test_what_an_earlier_version_remembered_of_it_is_not_read(tmp_path):
    """Its file goes on working."""
    kept = '{"delete_local_after_upload": true, "encrypt": true, "key_file": "/k", "upload_enabled": true}'
    (tmp_path / "s3_config.json").write_text(kept, encoding="utf-8")
    form = form_from_preferences(Preferences.load(tmp_path / "s3_config.json"), NOT_CONFIGURED)
    assert (False, False, "/k", True) == (form.delete_local, form.advanced.encrypt, form.advanced.key_file, form.upload)


def test_what_an_earlier_version_remembered_of_damage_is_not_read(tmp_path):
    """Its file goes on working."""
    (tmp_path / "s3_config.json").write_text('{"accept_damaged": true, "surround": true}', encoding="utf-8")
    form = form_from_preferences(Preferences.load(tmp_path / "s3_config.json"), NOT_CONFIGURED)
    assert (False, True) == (form.advanced.accept_damaged, form.advanced.surround)


def test_secrets_are_not_remembered():
    """The token is not among the preferences, nor an address that holds a secret; the backend's is where the editor
    wants that.
    """
    chosen = AdvancedValues(encrypt=True, key_file="/k", key_uri="https://keys.example.com/k?token=secret")
    values = replace(GOOD, backend_url="https://api.example.com", token="secret-secret-secret", advanced=chosen)
    remembered = repr(to_preferences(values))
    assert "secret" not in remembered
    assert "api.example.com" not in remembered
    assert "secret" not in repr(to_preferences(replace(values, remember_login=True)))


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://me:secret@api.example.com", ""),
        ("https://api.example.com?token=secret", ""),
    ],
    ids=["plain", "login", "query"],
)
def test_the_remembered_address(typed, shown):
    """It comes back, but not one that may hold a secret, even from a file that somebody edited."""
    remembered = to_preferences(replace(GOOD, backend_url=typed, remember_login=True))
    assert shown == remembered.backend_address
    assert shown == form_from_preferences(replace(remembered, backend_address=typed), NOT_CONFIGURED).backend_url
    assert (
        "https://of.env"
        == form_from_preferences(remembered, Config(backend=BackendApi(url="https://of.env"))).backend_url
    )


def test_a_new_window_begins_as_the_settings_say():
    """Captions, model and language go before what was used last, for Reset, too; what is not set does not."""
    last = to_preferences(replace(GOOD, model="tiny", transcribe=True, spoken_language="French (fr)"))
    chosen = ProgramSettings(transcribe=False, model="small", spoken_language="de")
    form = form_from_preferences(replace(last, program=chosen), NOT_CONFIGURED)
    assert (False, "small", "German (de)") == (form.transcribe, form.model, form.spoken_language)
    again = usual_form(replace(form, transcribe=True, model="tiny", spoken_language="Spanish (es)"), NOT_CONFIGURED)
    assert (False, "small", "German (de)") == (again.transcribe, again.model, again.spoken_language)
    form = form_from_preferences(replace(last, program=ProgramSettings(spoken_language="auto")), NOT_CONFIGURED)
    assert (True, "tiny", "Detect automatically") == (form.transcribe, form.model, form.spoken_language)
