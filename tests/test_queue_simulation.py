"""The simulated queue of lectures follows the rules of the program; each figure is worked out by hand."""

from __future__ import annotations

import pytest

from benchmarks.queue_simulation import FleetMachine, FleetResult, LectureCost, simulate

COST = LectureCost(encode_s=100, speech_s=50, rest_s=10)
ALONE = FleetMachine()
ENCODES = FleetMachine(transcribes=False)
AT_NIGHT = FleetMachine(at_night=True)


def spent(*seconds: float) -> FleetResult:
    """Return what it took by the clock, of the machines and of their cores; sums of times are not exact."""
    wall_s, machine_s, cpu_s = (pytest.approx(one) for one in seconds)
    return FleetResult(wall_s=wall_s, machine_s=machine_s, cpu_s=cpu_s)


def test_a_machine_does_one_lecture_after_the_other():
    """What the queue takes beyond the work is paid for each lecture, and by no core."""
    cost = LectureCost(encode_s=100, speech_s=50, rest_s=10, overhead_s=5)
    assert spent(330, 330, 320) == simulate(cost, 2, [ALONE])


def test_a_lecture_stays_whole():
    """Two machines take as long for three lectures as for four: the third is one machine's."""
    assert spent(320, 480, 480) == simulate(COST, 3, [ALONE, ALONE])


def test_transcriptions_for_others_come_before_lectures():
    """The second machine transcribes for the first (160 to 210) before it begins the third lecture (to 370)."""
    assert spent(370, 220 + 370, 480) == simulate(COST, 3, [ENCODES, ALONE])


def test_a_machine_that_waits_for_a_transcription_encodes_its_next_lecture():
    """It has two: encoded to 100 and 200, transcribed elsewhere to 210 and 260, the second packaged to 270."""
    assert spent(270, 270 + 260, 480) == simulate(COST, 3, [FleetMachine(transcribes=False, jobs=2), ALONE])


def test_without_captions_nobody_transcribes():
    """A machine without Whisper does all that is left."""
    assert spent(110, 110, 110) == simulate(LectureCost(encode_s=100, speech_s=0, rest_s=10), 1, [ENCODES])


def test_one_lecture_is_transcribed_while_the_next_is_encoded():
    """Two cores: the first is encoded to 50, transcribed to 100, packaged to 110; the second's encode has half of them
    from 50 to 110 and both to 130, its transcription both to 155, its packaging one to 165.
    """
    assert spent(165, 165, 320) == simulate(COST, 2, [FleetMachine(cores=2, jobs=2)])


def test_encodes_of_a_machine_follow_each_other():
    """One core: the second begins at 100, has half the core beside the first's transcription and packaging (to 220),
    and goes on alone.
    """
    assert spent(320, 320, 320) == simulate(COST, 2, [FleetMachine(jobs=2)])


def test_what_is_finished_at_the_end_of_the_night_is_used_in_the_next():
    """Of 50,000 seconds 43,200 are done in the first night, the rest from 86,400 on."""
    assert spent(93_200, 50_000, 50_000) == simulate(
        LectureCost(encode_s=40_000, speech_s=0, rest_s=10_000), 1, [AT_NIGHT]
    )


def test_what_is_done_as_the_night_ends_is_not_handed_back():
    """Otherwise the other machine, which is free then, would do it again."""
    assert spent(160, 160 + 160, 320) == simulate(COST, 2, [AT_NIGHT, ALONE], night_s=160)


def test_a_lecture_that_was_handed_back_is_taken_from_the_queue_again():
    """Each time takes 40 seconds: the second lecture has had 30 of them at the end of the night, and has all again."""
    cost = LectureCost(encode_s=30, speech_s=0, rest_s=0, overhead_s=40)
    assert spent(86_470, 70 + 30 + 70, 60) == simulate(cost, 2, [AT_NIGHT], night_s=100)


def test_another_machine_begins_from_the_start():
    """The lecture that is handed back after 43,200 seconds is taken up at 50,000, when the other machine is free."""
    cost = LectureCost(encode_s=50_000, speech_s=0, rest_s=0)
    assert spent(100_000, 143_200, 143_200) == simulate(cost, 2, [AT_NIGHT, ALONE])


def test_a_transcription_goes_on_when_its_lecture_is_handed_back():
    """It ends at 150 (the night at 120); then its machine does the whole lecture, and transcribes again."""
    night = FleetMachine(transcribes=False, at_night=True)
    assert spent(310, 120 + 210, 310) == simulate(COST, 1, [night, ALONE], night_s=120)


def test_a_transcription_that_nobody_wants_any_more_ends():
    """Handed back at 120, the lecture is done at 167.5 by the four cores of another machine, which transcribe it too:
    so far the second machine has spent 8.75 seconds on the transcription that was asked for.
    """
    machines = [FleetMachine(transcribes=False, at_night=True), FleetMachine(jobs=2), FleetMachine(cores=4)]
    assert spent(168.75, 120 + 168.75 + 47.5, 428.75) == simulate(COST, 2, machines, night_s=120)


@pytest.mark.parametrize(
    ("machines", "night_s"), [([], 1.0), ([ENCODES], 1.0), ([ALONE], 0.0)], ids=["no machine", "no Whisper", "no night"]
)
def test_what_would_never_end_is_refused(machines, night_s):
    """Nobody waits for a simulation without an end."""
    with pytest.raises(ValueError, match="never"):
        simulate(COST, 1, machines, night_s=night_s)
