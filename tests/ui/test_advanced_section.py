"""The section Advanced, and what is said of the source, in the real window."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ui_fakes import FakeServices, HaltedStep, media_info, report

from pipeline.errors import Problem, Setting, SettingsError
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseStarted
from pipeline.job import AudioRequest, Codec, EncoderFamily, EncodingRequest, Encryption, RateControl
from pipeline.media.source.damage import Damage
from pipeline.model import PhaseName
from ui import view_state
from ui.advanced import (
    AIM_LABELS,
    CODEC_LABELS,
    ENCODER_LABELS,
    LOUDNESS_LABELS,
    AdvancedValues,
    Aim,
    encoder_choices,
)
from ui.engine import CONVERT_ON_LABELS, ConvertOn
from ui.panels.advanced import ORIGINAL_TIP
from ui.source_view import ACCEPTED, NOT_CONVERTED

READY = view_state.WindowStage.READY
HDR = replace(
    media_info(), video=replace(media_info().video, colour_transfer="arib-std-b67", bit_depth=10), readable_s=11.0
)


def text_of(widget) -> str:
    """Return what a label or button says."""
    return str(widget.cget("text"))


def test_folded_at_first(open_driver):
    """A new window shows the title and what the section is about, nothing of its content, and asks for the defaults."""
    driver = open_driver()
    card = driver.window.advanced_panel.card
    assert ("▸  ADVANCED", "Speed, format, quality, loudness, encryption") == (
        text_of(card.toggle),
        text_of(card.summary),
    )
    assert not card.body.winfo_viewable()
    assert AdvancedValues() == driver.window.variables.read().advanced


def test_what_is_unfolded_comes_into_view(open_driver):
    """The column scrolls to it; what stands beside the column stays, and folded again the column is as it was."""
    driver = open_driver()
    window = driver.window
    card = window.advanced_panel.card

    def places(*further):
        widgets = (window.actions.start, window.log_panel.view, window.banner_panel.title, *further)
        return [(w.winfo_rootx(), w.winfo_rooty(), w.winfo_height()) for w in widgets] + [window.geometry()]

    beside, everything = places(), places(card.toggle, window.output_panel.presets.list)
    driver.press(card.toggle)
    driver.until(lambda: driver.in_view(card.toggle) and driver.in_view(window.advanced_panel.codec))
    assert (beside, "▾  ADVANCED") == (places(), text_of(card.toggle))
    driver.press(card.toggle)
    driver.until(lambda: not card.body.winfo_viewable())
    assert everything == places(card.toggle, window.output_panel.presets.list)


def test_the_keyboard_leaves_what_is_folded_away(open_driver):
    """Nothing is typed into a field that can't be seen."""
    driver = open_driver()
    panel = driver.window.advanced_panel
    driver.press(panel.card.toggle)
    panel.loudness.focus_force()
    driver.until(lambda: driver.window.focus_get() is panel.loudness)
    driver.press(panel.card.toggle)
    assert driver.window.focus_get() is panel.card.toggle


def test_the_section_is_remembered(open_driver):
    """Whether it was open and what was chosen in it is there again the next time."""
    driver = open_driver()
    variables = driver.window.variables
    driver.press(driver.window.advanced_panel.card.toggle)
    variables.advanced.codec.set(CODEC_LABELS[Codec.HEVC])
    driver.window.close()
    again = open_driver().window
    assert again.advanced_panel.card.body.winfo_viewable()
    assert Codec.HEVC is again.variables.read().advanced.codec


def test_preferences_of_an_older_version(open_driver, tmp_path):
    """A file without the names of this section opens the window with its defaults."""
    path = tmp_path / "old.json"
    path.write_text(json.dumps({"last_destination": "old/", "speed": "Balanced"}), encoding="utf-8")
    values = open_driver(preferences_path=path).window.variables.read()
    assert ("old/", AdvancedValues(), False) == (values.destination, values.advanced, values.advanced_open)


def test_changes_are_seen_while_folded(open_driver):
    """What is not as usual stands beside the title."""
    driver = open_driver()
    variables = driver.window.variables.advanced
    variables.codec.set(CODEC_LABELS[Codec.HEVC])
    variables.loudness.set("-16 LUFS (web, podcasts)")
    driver.settle()
    assert "HEVC, -16 LUFS" == text_of(driver.window.advanced_panel.card.summary)


def test_what_depends_on_another_choice(open_driver):
    """HDR can be kept in HEVC and AV1 only, the original in H.264, a target is for measured quality,
    a key for encryption, an address for a queue.
    """
    driver = open_driver()
    panel, variables = driver.window.advanced_panel, driver.window.variables.advanced
    entries = [w for w in driver.tree(panel.card.body) if w.winfo_class() == "TEntry"]
    key_fields = [w for w in entries if w not in (panel.audio_tracks, panel.engine.address)]

    def enabled():
        return [not w.instate(["disabled"]) for w in (panel.copy_top, panel.keep_hdr, *key_fields)]

    assert [True, False, False, False, False] == enabled()
    variables.codec.set(CODEC_LABELS[Codec.AV1])
    assert [False, True, False, False, False] == enabled()
    variables.aim.set(AIM_LABELS[Aim.MEASURED])
    assert [False, True, True, False, False] == enabled()
    variables.encrypt.set(True)
    assert [False, True, True, True, True] == enabled()
    assert panel.engine.address.instate(["disabled"])
    driver.window.variables.engine.convert_on.set(CONVERT_ON_LABELS[ConvertOn.QUEUE])
    assert not panel.engine.address.instate(["disabled"])


def test_the_list_of_encoders(open_driver):
    """Only what can be asked for is in it; a choice that the format rules out gives way to the automatic one."""
    driver = open_driver()
    panel, variables = driver.window.advanced_panel, driver.window.variables.advanced
    assert tuple(ENCODER_LABELS[f] for f in encoder_choices(Codec.H264)) == tuple(panel.encoder.cget("values"))
    foreign = next(f for f in ENCODER_LABELS if f not in encoder_choices(Codec.H264))
    variables.encoder.set(ENCODER_LABELS[foreign])
    assert ENCODER_LABELS[next(iter(ENCODER_LABELS))] == variables.encoder.get()


def test_problems_unfold_the_section(open_driver):
    """A problem in a folded section is brought into view beside its field, which is marked until it is edited."""
    driver = open_driver()
    driver.fill()
    window = driver.window
    window.variables.advanced.encrypt.set(True)
    driver.press(window.actions.start)
    driver.until_stage(READY)
    notes = window.advanced_panel.notes
    driver.until(lambda: driver.in_view(notes[Setting.KEY_FILE].label))
    assert "No key file is chosen: press Browse beside Key file." == notes[Setting.KEY_FILE].text
    window.variables.advanced.key_file.set("/k")
    driver.settle()
    assert ("", True) == (
        notes[Setting.KEY_FILE].text,
        notes[Setting.KEY_URI].text.startswith("No key address is given"),
    )


def test_a_mended_problem_stays_away(open_driver):
    """A sentence that went when its field was edited does not come back when something else is changed."""
    driver = open_driver()
    window = driver.window
    driver.press(window.actions.start)
    driver.until_stage(READY)
    note = window.source_panel.notes[Setting.SOURCE]
    assert "No video is chosen: press Browse beside Video." == note.text
    window.variables.source.set("/videos/lesson01.mp4")
    window.variables.make_mp4.set(False)
    driver.settle()
    assert "" == note.text


def test_an_encoder_that_does_not_work_here(open_driver):
    """The pipeline's sentence stands beside the list, and another choice takes it away."""
    problem = Problem(text="This encoder does not work here: choose Automatic.", setting=Setting.ENCODER)
    driver = open_driver(FakeServices(plan_error=SettingsError(problem)))
    driver.fill()
    window = driver.window
    window.variables.advanced.encoder.set(ENCODER_LABELS[encoder_choices(Codec.H264)[-1]])
    driver.press(window.actions.start)
    driver.until_stage(READY)
    note = window.advanced_panel.notes[Setting.ENCODER]
    assert "This encoder does not work here: choose Automatic." == note.text
    window.variables.advanced.encoder.set(ENCODER_LABELS[encoder_choices(Codec.H264)[0]])
    assert "" == note.text


@pytest.mark.parametrize(
    ("chosen", "asked"),
    [
        ({"encoder": ENCODER_LABELS[EncoderFamily.CPU]}, {"encoding": EncodingRequest(encoder=EncoderFamily.CPU)}),
        (
            {"codec": CODEC_LABELS[Codec.AV1], "keep_hdr": True},
            {"encoding": EncodingRequest(codec=Codec.AV1, keep_hdr=True)},
        ),
        ({"copy_top": True}, {"encoding": EncodingRequest(copy_top=True)}),
        ({"aim": AIM_LABELS[Aim.BIT_RATE]}, {"encoding": EncodingRequest(rate_control=RateControl.ABR)}),
        ({"aim": AIM_LABELS[Aim.MEASURED], "target": "92,5"}, {"encoding": EncodingRequest(target_vmaf=92.5)}),
        ({"loudness": LOUDNESS_LABELS[-23.0]}, {"audio": AudioRequest(loudness_lufs=-23.0)}),
        ({"surround": True}, {"audio": AudioRequest(surround=True)}),
        ({"accept_damaged": True}, {"accept_damaged": True}),
    ],
    ids=["encoder", "format and HDR", "original", "bit rate", "target", "loudness", "5.1", "damage"],
)
def test_what_was_chosen_is_done(open_driver, chosen, asked):
    """The job is run with each choice of the section, and is as usual in all else."""
    driver = open_driver()
    driver.fill()
    for name, value in chosen.items():
        getattr(driver.window.variables.advanced, name).set(value)
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    (job,) = (plan.job for plan in driver.services.plans)
    usual = {"encoding": EncodingRequest(), "audio": AudioRequest(), "accept_damaged": False}
    assert usual | asked == {name: getattr(job, name) for name in usual}


def test_a_job_with_a_key(open_driver, tmp_path):
    """The key's file and its address arrive in the job."""
    key_file = tmp_path / "course.key"
    key_file.write_bytes(b"k" * 16)
    driver = open_driver()
    driver.fill()
    variables = driver.window.variables.advanced
    variables.key_file.set(str(key_file))
    variables.key_uri.set("https://keys.example.com/course")
    variables.encrypt.set(True)
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    expected = Encryption(key_file=key_file, key_uri="https://keys.example.com/course")
    assert [expected] == [plan.job.encryption for plan in driver.services.plans]


def test_the_pointer_on_the_original(open_driver):
    """When it can be kept, and what else happens, is told to who waits over the box."""
    driver = open_driver()
    panel = driver.window.advanced_panel
    driver.press(panel.card.toggle)
    driver.window.settings.bring_into_view(panel.copy_top)
    driver.settle()
    panel.copy_top.event_generate("<Enter>", x=5, y=5)
    shown = lambda: [text_of(w) for w in driver.tree(panel.copy_top) if w.winfo_class() == "TLabel"]  # noqa: E731
    driver.until(shown)
    assert [ORIGINAL_TIP] == shown()


def test_the_section_is_locked_while_a_job_runs(open_driver):
    """It can be unfolded and read, but nothing in it can be changed."""
    stage = HaltedStep()

    def run(plan, sink, cancel) -> None:
        stage.hold(cancel)
        sink(JobFinished(report=report(plan)))

    driver = open_driver(FakeServices(run=run))
    driver.fill()
    variables = driver.window.variables.advanced
    variables.codec.set(CODEC_LABELS[Codec.HEVC])
    variables.aim.set(AIM_LABELS[Aim.MEASURED])
    variables.encrypt.set(False)
    driver.press(driver.window.actions.start)
    stage.wait_until_reached()
    driver.until_stage(view_state.WindowStage.RUNNING)
    panel = driver.window.advanced_panel
    driver.press(panel.card.toggle)
    controls = [
        w for w in driver.tree(panel.card.body) if w.winfo_class() in ("TEntry", "TCombobox", "TCheckbutton", "TButton")
    ]
    assert [True] * len(controls) == [w.instate(["disabled"]) for w in controls]
    stage.release()
    driver.until_stage(READY)
    assert not panel.loudness.instate(["disabled"])


def test_what_is_done_about_the_source(open_driver):
    """Beneath the details stands what was found and what will be done, which follows what is chosen."""
    driver = open_driver(FakeServices(media=HDR, damage=Damage(errors=1)))
    driver.fill()
    driver.until(lambda: driver.window.controller.state.source.searched)
    driver.settle()
    panel, variables = driver.window.source_panel, driver.window.variables.advanced
    lines = (panel.damage, panel.treatment)
    end = "Ends 3 s before the length that it declares. Damaged in places, so there may be visible or audible faults"
    expected = [f"{end}: {NOT_CONVERTED}", "HLG, converted to SDR"]
    assert expected == [text_of(line) for line in lines if line.winfo_viewable()]
    variables.codec.set(CODEC_LABELS[Codec.HEVC])
    variables.keep_hdr.set(True)
    variables.accept_damaged.set(True)
    driver.settle()
    assert [f"{end}: {ACCEPTED}", "HLG, kept"] == [text_of(line) for line in lines if line.winfo_viewable()]


def test_of_an_ordinary_source_nothing_more_is_said(open_driver):
    """Where nothing is unusual, there is the line of details alone."""
    driver = open_driver()
    driver.fill()
    panel = driver.window.source_panel
    assert [True, False, False] == [
        bool(line.winfo_viewable()) for line in (panel.details, panel.damage, panel.treatment)
    ]


def test_audio_alone(open_driver):
    """Without a video no quality can be ticked, none has a bar, and the window says what is made."""
    driver = open_driver(FakeServices(media=replace(media_info(), video=None)))
    driver.fill()
    panel = driver.window.output_panel
    assert [True] * 6 == [box.instate(["disabled"]) for box in panel.qualities.values()]
    assert "Audio only: an audio stream is made." == text_of(panel.hint)
    absent = [row for row in driver.window.progress_panel.rows if row.bar.label in ("720p", "480p MP4")]
    assert [False, False] == [bool(row.progress.winfo_ismapped()) for row in absent]


def test_a_job_that_waits_for_the_editor(open_driver):
    """What it waits for stands in the banner and in the log, and is gone from the banner when the job goes on."""
    waiting, going_on = HaltedStep(), HaltedStep()
    text = "The disk is full: the job waits. Free at least 128 MB; it goes on by itself."

    def run(plan, sink, cancel) -> None:
        sink(PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0))
        sink(LogLine(job="lesson01", text=text, level=LogLevel.WAITING))
        waiting.hold(cancel)
        sink(LogLine(job="lesson01", text="There is room on the disk again: the job goes on."))
        going_on.hold(cancel)
        sink(JobFinished(report=report(plan)))

    driver = open_driver(FakeServices(run=run))
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.sentences == text)
    assert ("Converting lesson01.mp4…", text) == (driver.banner, driver.log[-1])
    waiting.release()
    driver.until(lambda: driver.sentences == "You can go on working. Cancel stops cleanly at any time.")
    going_on.release()
    driver.until_stage(READY)
