"""Cues can be read: short lines, readable times, breaks where the sentence breaks."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from pipeline.job import CaptionRules
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.cue_shaping import shape_cues
from pipeline.speech.cues import Cue
from pipeline.speech.transcript import Segment, Transcript, Word

CHINESE = "大家好，欢迎来到今天的课程。我们将学习如何使用这个软件来转换视频，并且上传到服务器上。"
JAPANESE = "今日は、Python 3.11を使って動画を変換する「方法」を学びます。それから、字幕が正しく表示されるか確認します。"
THAI = "วันนี้เราจะเรียนการแปลงวิดีโอและอัปโหลดไปยังเซิร์ฟเวอร์ แล้วเราจะดูคำบรรยาย "
HINDI = "नमस्ते दोस्तों आज हम वीडियो बनाना सीखेंगे और फिर उसे सर्वर पर भेजेंगे "
ARABIC = "اليوم سوف نتعلم كيف نحول الفيديو إلى عدة جودات، ثم نرفعه إلى الخادم 3.11 باستخدام HLS. بعد ذلك نتأكد."


def spoken(text: str, *, start_s: float = 0.0, word_s: float = 0.3, space_s: float = 0.1) -> Segment:
    """A segment whose words all last as long."""
    words, clock = [], start_s
    for word in text.split():
        words.append(Word(start_s=clock, end_s=clock + word_s, text=f" {word}"))
        clock += word_s + space_s
    return Segment(start_s=start_s, end_s=words[-1].end_s, text=text, words=tuple(words))


def transcript(*segments: Segment, duration_s: float = 3600.0, language: str = "en") -> Transcript:
    """A transcript of these segments."""
    return Transcript(language=language, language_probability=1.0, duration_s=duration_s, segments=segments)


def texts(*segments: Segment) -> list[str]:
    """The cues' texts alone."""
    return [cue.text for cue in shape_cues(transcript(*segments))]


def test_no_speech_gives_no_cue():
    """Without segments there is nothing to show."""
    assert [] == shape_cues(transcript())


def test_phrases_with_pauses_between_stay_apart():
    """A pause ends a cue, also where both phrases would fit on one line."""
    assert ["welcome lesson one", "chapter seven"] == texts(
        spoken("welcome lesson one"), spoken("chapter seven", start_s=5.0)
    )


def test_words_without_times_share_the_segments_time():
    """Where Whisper gave no word times, a long segment is still parted in proportion to its text."""
    text = "This first sentence is forty letters long. And this second one has about the same length."
    cues = shape_cues(transcript(Segment(start_s=0.0, end_s=9.0, text=text)))
    assert ["This first sentence is forty letters long.", "And this second one\nhas about the same length."] == [
        c.text for c in cues
    ]
    assert 4.0 == pytest.approx(cues[1].start_s, abs=0.5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("One short sentence here. Another short sentence there.", 2, id="a sentence each"),
        pytest.param("Yes. I know that one.", 1, id="a very short one joins the next"),
    ],
)
def test_sentences_are_kept_whole(text: str, expected: int):
    """Sentences get a cue of their own unless it would be too short to read."""
    assert expected == len(texts(spoken(text)))


def test_a_line_breaks_at_the_clause():
    """Two lines part at the comma rather than in the exact middle."""
    assert ["when the light turns green again,\nyou press the big red button"] == texts(
        spoken("when the light turns green again, you press the big red button", word_s=0.2)
    )


def test_a_cue_ends_before_a_preposition():
    """Without punctuation or a conjunction a cue ends before a preposition."""
    words = "heavy yellow machines were slowly carrying enormous wooden boxes through {} narrow old streets yesterday"
    cues = texts(spoken(words.format("seven")))
    assert (2, "through") == (len(cues), cues[1].split()[0])


def test_a_cue_ends_before_a_conjunction():
    """Without punctuation a cue ends before a conjunction."""
    cues = texts(
        spoken(
            "the player measures how fast the pieces of the film arrive and then it "
            "picks the quality that fits the line best"
        )
    )
    assert {"and", "that"} >= {cue.split()[0] for cue in cues[1:]}


@pytest.mark.parametrize(
    ("text", "language", "limit"),
    [
        pytest.param("word " * 60, "en", 42, id="latin"),
        pytest.param(CHINESE * 3, "zh", 16, id="chinese"),
        pytest.param(JAPANESE * 3, "ja", 13, id="japanese"),
        pytest.param(THAI * 3, "th", 35, id="thai"),
        pytest.param("ສະບາຍດີທຸກທ່ານຍິນດີຕ້ອນຮັບສູ່ບົດຮຽນ" * 3, "lo", 42, id="lao"),
        pytest.param(HINDI * 3, "hi", 42, id="hindi"),
        pytest.param("x" * 200, "en", 42, id="one endless word"),
        pytest.param("e" + "\u0301" * 200, "en", 42, id="one endless accent"),
    ],
)
def test_lines_fit(text: str, language: str, limit: int):
    """No cue has more than two lines and no line more than its limit, and nothing of the text is lost."""
    cues = shape_cues(transcript(Segment(start_s=0.0, end_s=40.0, text=text), language=language))
    lines = [line for cue in cues for line in cue.text.split("\n")]
    assert limit >= max(caption_profile(language=language).characters(line) for line in lines)
    assert 2 >= max(cue.text.count("\n") + 1 for cue in cues)
    assert "".join(text.split()) == "".join("".join(lines).split())


def test_chinese_punctuation_never_begins_a_line():
    """A comma or full stop stays with the character before it."""
    cues = shape_cues(transcript(Segment(start_s=0.0, end_s=40.0, text=CHINESE * 3), language="zh"))
    assert [] == [line for cue in cues for line in cue.text.split("\n") if line[0] in "，。"]


def test_a_short_word_stays_for_the_shortest_time():
    """A word of a fifth of a second is shown for five sixths of one."""
    assert [Cue(start_s=2.0, end_s=2.833, text="yes")] == shape_cues(transcript(spoken("yes", start_s=2.0, word_s=0.2)))


def test_nothing_stays_after_the_end():
    """A cue is not stretched past the end of the audio."""
    assert [Cue(start_s=2.0, end_s=2.5, text="yes")] == shape_cues(
        transcript(spoken("yes", start_s=2.0, word_s=0.2), duration_s=2.5)
    )


@pytest.mark.parametrize(
    ("rules", "language", "read_s"),
    [
        pytest.param(CaptionRules.NETFLIX, "en", 45 / 20, id="netflix"),
        pytest.param(CaptionRules.NETFLIX_CHILDREN, "en", 45 / 17, id="netflix for children"),
        pytest.param(CaptionRules.NETFLIX, "de", 45 / 17, id="netflix in German"),
        pytest.param(CaptionRules.NETFLIX_DEAF, "ar", 45 / 23, id="netflix for the deaf in Arabic"),
        pytest.param(CaptionRules.BBC, "en", 7 / 3, id="bbc"),
        pytest.param(CaptionRules.BBC_CHILDREN, "en", 7 * 60 / 160, id="bbc for children"),
    ],
)
def test_fast_speech_stays_longer_where_there_is_room(rules: CaptionRules, language: str, read_s: float):
    """A cue that is spoken too fast to be read stays on into the silence after it until the profile allows it."""
    fast = transcript(
        spoken("one straightforward example of the whole thing", word_s=0.1, space_s=0.0),
        spoken("Later.", start_s=10.0),
        language=language,
    )
    cue = shape_cues(fast, caption_profile(rules, language))[0]
    assert read_s == pytest.approx(cue.end_s - cue.start_s, abs=0.001)


@pytest.mark.parametrize(
    ("rules", "closed_s", "least_s"),
    [
        pytest.param(CaptionRules.NETFLIX, 0.08, 0.5, id="netflix"),
        pytest.param(CaptionRules.BBC, 0.0, 1.0, id="bbc"),
    ],
)
def test_a_gap_is_closed_or_can_be_seen(rules: CaptionRules, closed_s: float, least_s: float):
    """However long somebody is silent, the gap is the least one or at least as long as the profile asks for."""
    silences_s = [number / 100 for number in range(3, 260, 7)]
    gaps = []
    for silence_s in silences_s:
        first = spoken("We begin with the first of them.")
        second = spoken("Then we go on.", start_s=first.end_s + silence_s)
        cues = shape_cues(transcript(first, second), caption_profile(rules, "en"))
        gaps.append(round(cues[1].start_s - cues[0].end_s, 3))
    closed = [gap for gap in gaps if gap == closed_s]
    assert [gap for gap in gaps if gap >= least_s] == gaps[len(closed) :]
    assert closed == gaps[: len(closed)] != []


def test_a_cue_stays_half_a_second_after_the_speech():
    """Where there is room, also if it has been read before."""
    cue = shape_cues(transcript(spoken("one two three four", start_s=1.0, word_s=0.5)))[0]
    assert 1.0 + 4 * 0.5 + 3 * 0.1 + 0.5 == pytest.approx(cue.end_s)


@pytest.mark.parametrize(
    ("frame_rate", "gap_s"), [(25.0, 0.08), (50.0, 0.04), (30000 / 1001, 0.067)], ids=["25", "50", "29.97"]
)
def test_two_frames_part_the_cues(frame_rate: float, gap_s: float):
    """Cues that follow at once leave two frames between them."""
    cues = shape_cues(transcript(spoken("word " * 40, space_s=0.0)), frame_rate=frame_rate)
    assert {gap_s} == {round(after.start_s - before.end_s, 3) for before, after in pairwise(cues)}


def test_a_word_that_whisper_stretched_is_not_shown_for_ever():
    """A cue lasts seven seconds at most."""
    assert 9.0 == shape_cues(transcript(spoken("well", start_s=2.0, word_s=25.0)))[0].end_s


@pytest.mark.parametrize("seed", range(20))
def test_times_never_overlap_or_go_backwards(seed: int):
    """Whatever times Whisper gives, cues come in order, last, and leave a gap; none of the words is lost."""
    rng = random.Random(seed)
    segments, expected = [], []
    for _ in range(30):
        words = []
        for _ in range(rng.randint(1, 12)):
            start = rng.uniform(0, 60) if rng.random() < 0.2 else len(expected) * rng.uniform(0, 0.4)
            words.append(
                Word(
                    start_s=start,
                    end_s=start + rng.choice([0.0, 0.2, -0.3, 12.0]),
                    text=f" w{len(expected)}{rng.choice(['', '.', ','])}",
                )
            )
            expected.append(words[-1].text.strip())
        segments.append(
            Segment(
                start_s=words[0].start_s, end_s=words[-1].end_s, text="".join(w.text for w in words), words=tuple(words)
            )
        )
    cues = shape_cues(transcript(*segments))
    assert expected == " ".join(cue.text for cue in cues).split()
    assert all(0 <= cue.start_s < cue.end_s <= cue.start_s + 7.0005 for cue in cues)
    assert all(after.start_s - before.end_s >= 0.0795 for before, after in pairwise(cues))


UGLY_BREAKS = [
    ("Mr.", "Brown"),
    ("Dr.", "Green"),
    ("No.", "5"),
    ("J.", "K."),
    ("K.", "Rowling"),
    ("Peter", "Brown"),
    ("3", "p.m."),
    ("p.m.", "today"),
    ("U.S.", "army"),
    ("contrast, the", "dog"),
    ("for", "a"),
    ("a", "fee"),
    ("3 to", "eject"),
    ("will", "eject"),
    ("5", "million"),
]
FILLING = ["people", "see", "plain", "words", "everywhere", "lying", "still", "today", "perhaps", "longer", "once"]


@pytest.mark.parametrize(("before", "after"), UGLY_BREAKS, ids=[f"{before} | {after}" for before, after in UGLY_BREAKS])
def test_ugly_breaks_are_avoided(before: str, after: str):
    """Neither a line nor a cue ends inside a name, a number, after an abbreviation, an article or a preposition,
    wherever in a text these stand.
    """
    found = []
    for ahead in range(2, 24):
        words = [*(FILLING * 3)[:ahead], before, after, *(FILLING * 2)[:16]]
        lines = [line for shown in texts(spoken(" ".join(words))) for line in shown.split("\n")]
        found += [pair for pair in pairwise(lines) if pair[0].endswith(before) and pair[1].startswith(after)]
    assert [] == found


def test_a_cue_may_last_until_the_next_one_or_leaves_a_gap():
    """What lasts seven seconds is parted where the gap after it would be neither closed nor half a second."""
    slow = spoken("Now we count slowly, and with long breaths.", word_s=0.6, space_s=0.3)
    cues = shape_cues(transcript(slow, spoken("Then we stop.", start_s=slow.end_s + 0.3)))
    gaps = [round(after.start_s - before.end_s, 3) for before, after in pairwise(cues)]
    assert (True, []) == (slow.end_s > 6.7, [gap for gap in gaps if 0.08 < gap < 0.5])


def test_a_segments_end_is_no_sentences_end_in_text_with_full_stops():
    """Whisper cuts segments in the middle of a sentence; the cue goes on over that."""
    assert ["The quality is chosen by the player.", "It is fast."] == texts(
        spoken("The quality is chosen", word_s=0.2), spoken("by the player. It is fast.", start_s=1.2, word_s=0.2)
    )


def test_a_segments_end_is_a_sentences_end_in_text_without_full_stops():
    """Nothing else tells there where one ends."""
    assert ["the quality is chosen", "by the player it is fast"] == texts(
        spoken("the quality is chosen", word_s=0.2), spoken("by the player it is fast", start_s=1.2, word_s=0.2)
    )


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize(
    ("language", "before", "text", "kept"),
    [
        pytest.param(
            "ja",
            "あの",
            JAPANESE,
            ["使って", "動画を", "変換する", "「方法」を", "学びます。", "字幕が", "正しく", "確認します。", "3.11を"],
            id="japanese",
        ),
        pytest.param("zh", "现在", CHINESE, ["大家好，", "课程。", "学习", "软件", "视频，", "服务器"], id="chinese"),
        pytest.param("th", "แล้ว", THAI, ["วันนี้", "เรียน", "วิดีโอ", "เซิร์ฟเวอร์", "คำบรรยาย"], id="thai"),
    ],
)
def test_phrases_without_spaces_are_kept_whole(shift: int, language: str, before: str, text: str, kept: list[str]):
    """A line never ends inside a word or a number, whatever words Whisper cut a script without spaces into."""
    words = [Word(start_s=i * 0.2, end_s=i * 0.2 + 0.2, text=c) for i, c in enumerate(before * shift + text * 2)]
    segment = Segment(start_s=0.0, end_s=words[-1].end_s, text="".join(w.text for w in words), words=tuple(words))
    cues = shape_cues(transcript(segment, language=language))
    ends = "|".join(line for cue in cues for line in cue.text.split("\n"))
    assert dict.fromkeys(kept, 2) == {word: ends.count(word) for word in kept}


def test_the_time_of_a_phrase_is_that_of_its_characters():
    """A cue begins when the first character of its first phrase is heard."""
    words = [Word(start_s=5 + i, end_s=5.9 + i, text=c) for i, c in enumerate("学びます。確認します。")]
    segment = Segment(start_s=5.0, end_s=15.9, text="学びます。確認します。", words=tuple(words))
    cues = shape_cues(transcript(segment, language="ja"))
    assert [(5.0, "学びます。"), (10.0, "確認します。")] == [(cue.start_s, cue.text) for cue in cues]


def test_text_from_right_to_left_keeps_its_order():
    """Arabic with a number and Latin letters comes out in the order that it was heard in, without marks added."""
    cues = shape_cues(transcript(Segment(start_s=0.0, end_s=14.0, text=ARABIC), language="ar"))
    assert ARABIC.split() == " ".join(cue.text for cue in cues).split()
    assert [] == [cue.text for cue in cues if set(cue.text) & set("\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2069")]


def test_two_languages_in_one_transcript_have_their_own_phrases():
    """A segment's own language tells where it is parted."""
    german = replace(spoken("Sie wohnt in einem Haus mit der alten Dame und den Katzen im Garten"), language="de")
    lines = [line for shown in texts(german) for line in shown.split("\n")]
    assert [] == [line for line in lines if line.split()[-1] in ("einem", "der", "alten", "den", "mit", "im")]
