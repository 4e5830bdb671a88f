"""What else the window asks of the transcription, and which audio tracks it keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ui_fakes import NOT_CONFIGURED, FakeServices

from pipeline.errors import Problem, Setting
from pipeline.job import CaptionFile, TrackChoice, TranscriptionRequest
from pipeline.preflight_answers import Refused
from ui.advanced import AdvancedValues
from ui.chosen_video import chosen_video
from ui.job_form import FormValues, form_problems, to_job
from ui.remembered_form import form_from_preferences, to_preferences
from ui.speech import SpeechValues
from ui.view_state import WindowStage

GOOD = FormValues(source="/videos/lesson01.mp4", output_dir="/out", qualities=("720p",))
VIDEO = chosen_video(GOOD.source)
ALL = SpeechValues(several_languages=True, translate=True, fast=True, names_file="/names.txt", track="2")


def test_the_job_says_what_the_form_says():
    """Every choice arrives in the job."""
    values = replace(GOOD, spoken_language="es", speech=replace(ALL, several_languages=False))
    assert (
        TranscriptionRequest(language="es", fast=True, names=("Ada Lovelace",), track=2, translate=True)
        == to_job(values, VIDEO, names=("Ada Lovelace",)).transcription
    )


def test_several_languages_rule_out_one_and_speed():
    """They stay in the form, but the job has neither."""
    values = replace(GOOD, spoken_language="es", speech=ALL)
    assert TranscriptionRequest(multilingual=True, translate=True, track=2) == to_job(values, VIDEO).transcription


def test_what_is_remembered():
    """All but the track, which is one of this video; also what another choice rules out."""
    kept = to_preferences(replace(GOOD, spoken_language="es", speech=ALL))
    expected = TranscriptionRequest(language="es", fast=True, multilingual=True, translate=True)
    assert (expected, "/names.txt") == (kept.transcription, kept.names_file)
    assert replace(ALL, track="") == form_from_preferences(kept, NOT_CONFIGURED).speech


@pytest.mark.parametrize("typed", ["second", "-1", "1.5", "²"])
def test_a_track_that_is_no_number(typed):
    """It is said beside the field, where something is transcribed."""
    wrong = replace(GOOD, speech=SpeechValues(track=typed))
    text = f"An audio track is chosen by its number, such as 2, not {typed!r}."
    assert (Problem(text=text, setting=Setting.CAPTION_TRACK),) == form_problems(wrong)
    assert () == form_problems(replace(wrong, transcribe=False))


@pytest.mark.parametrize(("typed", "wanted"), [("", ()), ("2", (2,)), ("1, 3", (1, 3))], ids=["all", "one", "several"])
def test_audio_tracks(typed, wanted):
    """Their numbers arrive in the job."""
    values = replace(GOOD, advanced=AdvancedValues(audio_tracks=typed))
    assert (TrackChoice(audio=wanted), ()) == (to_job(values, VIDEO).tracks, form_problems(values))


@pytest.mark.parametrize("typed", ["all", "1;3", "1,", "-1"])
def test_audio_tracks_that_are_no_numbers(typed):
    """They are said beside the field."""
    problems = form_problems(replace(GOOD, advanced=AdvancedValues(audio_tracks=typed)))
    text = f"Audio tracks are chosen by their numbers, such as 2 or 1,3, not {typed!r}."
    assert (Problem(text=text, setting=Setting.TRACKS),) == problems


def test_captions_of_several_files():
    """Each in the language of its name; quotes that copying puts around one are left out."""
    values = replace(GOOD, captions="/a/talk.de.srt; '/a/b c.es.vtt';/a/talk.vtt", spoken_language="en")
    assert (
        CaptionFile(path=Path("/a/talk.de.srt"), language="de"),
        CaptionFile(path=Path("/a/b c.es.vtt"), language="es"),
        CaptionFile(path=Path("/a/talk.vtt"), language="en"),
    ) == to_job(values, VIDEO).captions


def test_names_of_a_file(open_driver, tmp_path):
    """The job has them; a list that can't be read is said beside its field, which the editor can then change."""
    driver = open_driver()
    driver.fill(folder=str(tmp_path))
    window, speech = driver.window, driver.window.variables.speech
    speech.names_file.set(str(tmp_path / "names.txt"))
    driver.press(window.actions.start)
    driver.until_stage(WindowStage.READY)
    note = window.transcription_panel.notes[Setting.NAMES]
    assert f"The list of names {tmp_path / 'names.txt'} can't be read" in note.text
    assert driver.in_view(note.label)
    (tmp_path / "names.txt").write_text("Ada Lovelace\nTuring\n", encoding="utf-8")
    speech.names_file.set(f'"{tmp_path / "names.txt"}"')
    assert "" == note.text
    driver.press(window.actions.start)
    driver.until(lambda: driver.services.plans)
    assert ("Ada Lovelace", "Turing") == driver.services.plans[0].job.transcription.names
    driver.until_stage(WindowStage.READY)


def test_a_names_file_is_chosen(open_driver, monkeypatch):
    """Browse takes one."""
    driver = open_driver()
    monkeypatch.setattr("tkinter.filedialog.askopenfilename", lambda **_: "/courses/names.txt")
    driver.window.transcription_panel.browse_names.invoke()
    assert "/courses/names.txt" == driver.window.variables.read().speech.names_file


@pytest.mark.parametrize(
    ("setting", "panel"),
    [
        (Setting.CAPTION_TRACK, "transcription_panel"),
        (Setting.MODEL, "transcription_panel"),
        (Setting.CAPTIONS, "transcription_panel"),
        (Setting.TRACKS, "advanced_panel"),
    ],
)
def test_a_refusal_stands_beside_its_field(open_driver, setting, panel):
    """Whatever the pipeline refuses of these settings is brought into view there."""

    class Refuses(FakeServices):
        def check_job(self, job, config, cancel):
            return Refused(problems=(Problem(text="It can't be done so.", setting=setting),))

    driver = open_driver(Refuses())
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.banner.startswith("Not started"))
    driver.settle()
    note = getattr(driver.window, panel).notes[setting]
    assert ("It can't be done so.", True) == (note.text, driver.in_view(note.label))


def test_what_can_be_changed(open_driver):
    """Several languages rule out one and speed; without transcription nothing of it can be changed but files."""
    driver = open_driver()
    window = driver.window
    panel, variables = window.transcription_panel, window.variables
    fields = (panel.language, panel.fast, panel.several, panel.translate, panel.track, panel.names, panel.captions)

    def enabled():
        driver.settle()
        return [not field.instate(["disabled"]) for field in fields]

    assert [True] * 7 == enabled()
    variables.speech.several_languages.set(True)
    assert [False, False, True, True, True, True, True] == enabled()
    variables.transcribe.set(False)
    assert [False] * 6 + [True] == enabled()


def test_another_video_has_other_tracks(open_driver):
    """Numbers of tracks are of one video; names and languages are those of the next one, too."""
    driver = open_driver()
    variables = driver.window.variables
    variables.speech.track.set("2")
    variables.advanced.audio_tracks.set("1,2")
    variables.speech.names_file.set("/names.txt")
    variables.speech.translate.set(True)
    driver.fill("/videos/lesson02.mp4")
    values = variables.read()
    assert (SpeechValues(translate=True, names_file="/names.txt"), "") == (values.speech, values.advanced.audio_tracks)


def test_it_is_remembered(open_driver):
    """The next window begins with it."""
    window = open_driver().window
    window.variables.speech.several_languages.set(True)
    window.variables.speech.fast.set(True)
    window.variables.speech.names_file.set("/names.txt")
    window.close()
    expected = SpeechValues(several_languages=True, fast=True, names_file="/names.txt")
    assert expected == open_driver().window.variables.read().speech
