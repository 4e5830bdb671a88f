"""The editor on a real screen, driven as a person would."""

import json
import threading
import weakref
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from datasets import TRANSCRIPTS_KIND, left_by_a_crash, opened
from editor_window import DEADLINE_S
from finished_jobs import finished_job, heard

from transcripts import exact_times
from ui.transcripts.audio_output import RATE_HZ
from ui.transcripts.player import BLOCK
from ui.transcripts.questions import EditorAnswer
from ui.transcripts.state import EditorStage, Question

TEXTS = [row["text"] for row in TRANSCRIPTS_KIND.content["segments"]]


class Left:
    """Something of a closed window."""


def in_file(path):
    """Return the texts that are in a file."""
    return [row["text"] for row in json.loads(path.read_text(encoding="utf-8"))["segments"]]


def test_a_dataset_is_shown(open_editor, path):
    """Its address, that nothing is unsaved, its videos, and the segments of the first with times and speakers."""
    driver = open_editor(path).ready()

    assert str(path) == driver.view.banner.source.full_text
    assert ("Saved", "") == driver.mark
    tree = driver.view.videos.tree
    assert ["lecture", "lecture2"] == [tree.item(one, "text") for one in tree.get_children()]
    assert ({"0:00.0", "0:02.5", "0:04.0", "Dr. Green", "“Größe” \\"}) <= {one.strip() for one in driver.drawn}
    assert TEXTS[0] == driver.view.segments.field.text
    assert driver.app.focus_get() == driver.field


def test_long_titles(open_editor, tmp_path, content):
    """A title for which there is no room ends in an ellipsis."""
    content["media"][0]["title"] = "An introduction to linear algebra for people who have never seen a matrix, part one"
    path = tmp_path / "course.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    tree = open_editor(path).ready().view.videos.tree
    title = str(tree.item("0", "text"))
    assert (True, True) == (title.startswith("An introduction"), title.endswith("…"))
    assert "lecture2" == tree.item("1", "text")


def test_what_is_left_of_other_windows_is_taken_away(open_editor, path):
    """The window's own turns do it, where no thread may."""
    driver, taken, kept = open_editor(path).ready(), [], []
    left = Left()
    left.itself = left
    weakref.finalize(left, lambda: taken.append(threading.get_ident()))
    del left
    driver.until(lambda: kept.append([]) or taken)
    assert [threading.get_ident()] == taken


def test_another_video(open_editor, path):
    """Its segments are shown, and where it has none, that is said."""
    driver = open_editor(path).ready()
    driver.view.videos.tree.selection_set("1")
    driver.until(lambda: driver.state.media_id == "m2" and not driver.state.loading)
    driver.settled()

    assert ([], "This video has no segments.") == (driver.texts, str(driver.view.segments.notice.cget("text")))
    assert "disabled" == str(driver.field.cget("state"))


def test_a_text_is_corrected_by_keyboard(open_editor, path):
    """Enter keeps what was typed and goes to the next segment, Up and Down to the neighbours, Escape takes it back."""
    driver = open_editor(path).ready()
    driver.type("The cross product.")
    driver.press("<Return>")
    assert ("The cross product.", 1) == (driver.texts[0], driver.place)
    assert ("UNSAVED CHANGES", "1 segment updated") == driver.mark
    driver.press("<Down>", "<Down>")
    driver.type("wrong")
    driver.press("<Escape>")
    assert (TEXTS[2], 2) == (driver.view.segments.field.text, driver.place)
    driver.press("<Up>", "<Up>")
    assert (0, "The cross product.") == (driver.place, driver.view.segments.field.text)
    assert driver.segments[0].edited


def test_undo_and_redo(open_editor, path):
    """Control-Z takes back what is being typed first and edits then; Control-Y makes them again."""
    driver = open_editor(path).ready()
    driver.type("one")
    driver.press("<Return>", "<Up>")
    driver.type("two")
    driver.press("<Control-z>")
    assert "one" == driver.view.segments.field.text
    driver.press("<Control-z>")
    assert (TEXTS[0], TEXTS[0]) == (driver.texts[0], driver.view.segments.field.text)
    assert ("Saved", "") == driver.mark
    driver.press("<Control-y>")
    assert ("one", "one") == (driver.texts[0], driver.view.segments.field.text)
    driver.press("<Control-y>")
    assert "There is nothing to redo." == str(driver.view.status.label.cget("text"))


def test_a_file_is_saved(open_editor, path):
    """Save writes it and the mark is gone; what is still in the field is saved too."""
    driver = open_editor(path).ready()
    driver.type("one")
    driver.view.save()
    driver.until(lambda: driver.mark == ("Saved", ""))

    assert ["one", *TEXTS[1:]] == in_file(path)
    assert f"Saved to {path}." == str(driver.view.status.label.cget("text"))


def test_closing_saves_a_file(open_editor, path):
    """A file needs no question: closing the window writes what is unsaved."""
    driver = open_editor(path).ready()
    driver.type("one")
    driver.view.close()
    driver.until(lambda: driver.app.closed)
    assert ["one", *TEXTS[1:]] == in_file(path)


@pytest.mark.parametrize(("answer", "text"), [("Restore", "rescued"), ("Discard", TEXTS[0])])
def test_what_a_crash_left_is_offered(open_editor, path, tmp_path, answer, text):
    """Nothing can be edited before the editor has decided; then it is there, unsaved, or forgotten."""
    with opened(path) as document:
        document.update("segments", "s1", text="rescued")
        crashed = left_by_a_crash(path, tmp_path / "after")
        document.undo()
    driver = open_editor(crashed).ready()
    assert "Restore what was not saved?" == driver.asked
    assert "1 segment updated" in driver.view.question.text.cget("text")
    assert "disabled" == str(driver.field.cget("state"))
    driver.choose(answer)
    driver.until(lambda: driver.state.question is Question.NONE)
    driver.settled()
    assert (text, "normal") == (driver.view.segments.field.text, str(driver.field.cget("state")))
    assert ("" if answer == "Discard" else "1 segment updated") == driver.mark[1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no file"),
        ("", "is empty"),
        ("{", "is not a dataset"),
        ('{"images": [], "annotations": [], "categories": []}', "is a dataset of kind COCO"),
    ],
    ids=["missing", "empty", "broken", "other kind"],
)
def test_what_can_not_be_opened(open_editor, tmp_path, content, said):
    """The reason is said in the window, where another address can be typed; nothing is changed."""
    path = tmp_path / "no\nnews.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    driver = open_editor(path)
    driver.until(lambda: driver.state.stage is EditorStage.EMPTY)
    driver.settled()
    assert driver.view.opening.card.winfo_viewable()
    assert not driver.view.banner.frame.winfo_viewable()
    assert content is None or content == path.read_text(encoding="utf-8")
    assert said in str(driver.view.status.label.cget("text"))
    driver.view.opening.address.set(str(TRANSCRIPTS_KIND.write(tmp_path / "good.json")))
    driver.click(driver.view.opening.open)
    driver.ready()
    assert TEXTS == driver.texts


def test_open_in_another_session(open_editor, path):
    """It can be read, the reason is said, and nothing can be typed."""
    with opened(path):
        driver = open_editor(path).ready()
        assert driver.state.read_only == driver.view.banner.freshness.full_text != ""
        assert "disabled" == str(driver.field.cget("state"))
        driver.press("<Down>")
        assert 1 == driver.place


def test_closed_before_it_is_open(open_editor, path):
    """A window that is closed while a dataset is being opened leaves the dataset to others."""
    driver = open_editor(path)
    driver.view.close()
    driver.until(lambda: driver.app.closed)
    with opened(path) as document:
        assert "" == document.read_only


def test_an_edit_that_is_refused(open_editor, path, monkeypatch):
    """Where the journal can't be written, what was typed stays in the field and the reason is said."""
    from transcripts.errors import DocumentError
    from transcripts.journal import Journal

    driver = open_editor(path).ready()

    def full(self, step):
        raise DocumentError("The disk is full: make room and try again.")

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "append", full)
        driver.type("one")
        driver.press("<Return>")
        assert (0, "one", TEXTS[0]) == (driver.place, driver.view.segments.field.text, driver.texts[0])
        assert "The disk is full: make room and try again." == str(driver.view.status.label.cget("text"))
    driver.press("<Return>")
    assert (1, "one", "") == (driver.place, driver.texts[0], str(driver.view.status.label.cget("text")))


def test_only_rows_in_view_are_drawn(open_editor, tmp_path, content):
    """A table of thousands of rows has a few dozen texts on its canvas, wherever it is scrolled to."""
    content["segments"] = [
        {"id": n, "media_id": "m1", "start": n, "duration": 1, "text": f"Segment {n}."} for n in range(5000)
    ]
    path = tmp_path / "long.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    driver = open_editor(path).ready()
    table = driver.view.segments.table
    table._bar_moved("moveto", "0.5")
    driver.settled()
    assert "Segment 2500." in driver.drawn
    assert len(driver.drawn) < 100
    driver.view.segments.select(4999)
    driver.settled()
    assert "Segment 4998." in driver.drawn
    assert ("Segment 4999.", 1) == (driver.view.segments.field.text, driver.field.winfo_viewable())


def test_long_text_has_room_in_the_field(open_editor, path):
    """The field grows with its text, and shows all of it over the rows beneath."""
    driver = open_editor(path).ready()
    before = driver.field.winfo_height()
    driver.type("a word " * 60)
    driver.settled()
    assert driver.field.winfo_height() > before
    driver.press("<Escape>")
    driver.settled()
    assert before == driver.field.winfo_height()


class TestBesideTheMainWindow:
    """Editors that are opened from the main window."""

    def test_opened_and_closed_with_it(self, open_driver, path, monkeypatch):
        """Transcripts… opens one, which asks for an address; closing the main window saves and closes it first."""
        driver = open_driver()
        driver.press(driver.window.actions.transcripts)
        (view,) = driver.window.editors.views
        view.opening.address.set(str(path))
        view.opening.open.invoke()
        driver.until(lambda: len(view.controller.order))
        view.render()
        view.segments.field.widget.replace("1.0", "end-1c", "one")
        driver.window.close()
        driver.until(lambda: driver.window.closed)
        assert ["one", *TEXTS[1:]] == in_file(path)

    def test_a_finished_job(self, open_driver, tmp_path):
        """Its video is put into the dataset that is opened, which is begun, and shown; the second time it is there."""
        folder = tmp_path / "out" / "lecture one"
        finished_job(folder, heard("The dot product.", "It is a number."), source=tmp_path / "lecture one.mp4")
        path = tmp_path / "course.json"
        for said in ("lecture one was added to the dataset.", "lecture one is in the dataset."):
            driver = open_driver()
            driver.window.controller.state = replace(driver.window.controller.state, folder=folder)
            driver.press(driver.window.actions.transcripts)
            (view,) = driver.window.editors.views
            view.opening.address.set(str(path))
            view.opening.open.invoke()
            driver.until(lambda view=view: len(view.controller.order) == 2)
            driver.until(lambda view=view: view.controller.state.status.text)
            assert said == view.controller.state.status.text
            driver.window.close()
            driver.until(lambda driver=driver: driver.window.closed)
        assert ["The dot product.", "It is a number."] == in_file(path)

    def test_one_that_stays(self, open_driver, path):
        """If the editor decides to keep a window, the main window stays too."""
        driver = open_driver()
        view = driver.window.editors.open(str(path))
        driver.until(lambda: len(view.controller.order))
        view.controller.state = replace(view.controller.state, on_s3=True, unsaved=True)
        driver.window.close()
        assert Question.CLOSE is view.controller.state.question
        view.answer(EditorAnswer.WITHDRAW)
        assert ([view], False) == (driver.window.editors.views, driver.window.closed)
        view.controller.state = replace(view.controller.state, on_s3=False)
        view.close()
        driver.until(lambda: not driver.window.editors.views)
        assert not driver.window.closed


class TestSegments:
    """Parting, joining, moving and naming by keyboard and by button."""

    def test_split_at_the_cursor(self, open_editor, path):
        """Control-Enter parts what is in the field, and the second part is selected."""
        driver = open_editor(path).ready()
        driver.type("The cross product.")
        driver.view.segments.field.put_cursor(len("The cross"))
        driver.press("<Control-Return>")
        assert ["The cross", "product.", *TEXTS[1:]] == driver.texts
        assert (1, "product.") == (driver.place, driver.view.segments.field.text)
        assert ["0:00.0", "0:00.5"] == [one.strip() for one in driver.drawn if one.startswith("0:00")]
        driver.press("<Control-z>")
        assert ["The cross product.", *TEXTS[1:]] == driver.texts

    def test_nothing_to_split(self, open_editor, path):
        """With nothing on one side of the cursor, the reason is said."""
        driver = open_editor(path).ready()
        driver.view.segments.field.put_cursor(0)
        driver.click(driver.view.tools.split)
        assert "Put the cursor where" in str(driver.view.status.label.cget("text"))
        assert TEXTS == driver.texts

    def test_merge_with_next(self, open_editor, path):
        """Control-M joins the segment with the next; the last one has none."""
        driver = open_editor(path).ready()
        driver.press("<Control-m>")
        assert [f"{TEXTS[0]} {TEXTS[1].strip()}", TEXTS[2]] == driver.texts
        assert (0, 3.5, len(TEXTS[0])) == (
            driver.place,
            driver.segments[0].duration_s,
            driver.view.segments.field.cursor,
        )
        driver.press("<Down>", "<Down>", "<Control-m>")
        assert "This is the last segment" in str(driver.view.status.label.cget("text"))

    def test_shift(self, open_editor, path):
        """Alt with an arrow moves a segment by a tenth of a second, the bar by any time, also with all after it."""
        driver = open_editor(path).ready()
        driver.press("<Down>", "<Alt-Right>", "<Alt-Right>", "<Alt-Left>")
        assert [0.0, 2.6, 4.0] == [one.start_s for one in driver.segments]
        bar = driver.view.bar
        bar.seconds.delete(0, "end")
        bar.seconds.insert(0, "-1,5")
        driver.click(bar.shift_rest)
        driver.until(lambda: ("0:01.100", "0:02.100") == (bar.start.get(), bar.end.get()))
        assert [0.0, 1.1, 2.5] == [one.start_s for one in driver.segments]
        bar.seconds.delete(0, "end")
        bar.seconds.insert(0, "soon")
        driver.click(bar.shift_one)
        assert "has to be a number of seconds" in str(driver.view.status.label.cget("text"))

    def test_beginning_and_end(self, open_editor, path):
        """F3 to F6 move them by a tenth of a second; times can be typed too, and a time that is none stays out."""
        driver = open_editor(path).ready()
        bar = driver.view.bar
        driver.press("<F4>", "<F4>", "<F3>", "<F5>", "<F6>", "<F6>")
        assert ("0:00.100", "0:02.600") == (bar.start.get(), bar.end.get())
        assert (0.1, 2.5) == (driver.segments[0].start_s, driver.segments[0].duration_s)
        type_into(driver, bar.end, "1:02,25")
        assert (0.1, 62.25) == (driver.segments[0].start_s, driver.segments[0].end_s)
        type_into(driver, bar.start, "soon")
        assert "has to be written like 1:02.5" in str(driver.view.status.label.cget("text"))
        assert ("0:00.100", "1:02.250") == (bar.start.get(), bar.end.get())
        type_into(driver, bar.start, "2:00")
        assert "has to end after it begins" in str(driver.view.status.label.cget("text"))
        assert (0.1, "0:00.100") == (driver.segments[0].start_s, bar.start.get())
        driver.press("<Control-z>")
        assert "0:02.600" == bar.end.get()

    def test_moved_past_another(self, open_editor, path):
        """A segment that is moved past its neighbour stays selected in its new place."""
        driver = open_editor(path).ready()
        driver.view.segments.shift(3.0, rest=False)
        driver.settled()
        assert (1, [TEXTS[1], TEXTS[0], TEXTS[2]]) == (driver.place, driver.texts)
        assert TEXTS[0] == driver.view.segments.field.text

    def test_speaker(self, open_editor, path):
        """Control with a number chooses a speaker of the list, 0 nobody; a new name can be typed."""
        driver = open_editor(path).ready()
        bar = driver.view.bar
        assert ("Dr. Green", ("Dr. Green",)) == (bar.speaker.get(), tuple(bar.speaker.cget("values")))
        driver.press("<Control-Key-0>")
        assert ("", None) == (bar.speaker.get(), driver.segments[0].speaker)
        driver.press("<Down>", "<Control-Key-1>", "<Control-Key-7>")
        assert ("Dr. Green", "sp1") == (bar.speaker.get(), driver.segments[1].speaker)
        bar.speaker.set("Dr. Brown")
        bar.speaker.focus_force()
        driver.app.update()
        bar.speaker.event_generate("<Return>")
        driver.until(lambda: len(driver.state.speakers) == 2)
        driver.settled()
        assert ("Dr. Brown", {"Dr. Green", "Dr. Brown"}) == (bar.speaker.get(), set(bar.speaker.cget("values")))
        assert "Dr. Brown" in driver.drawn

    def test_a_column_for_speakers(self, open_editor, tmp_path, content):
        """It is there as soon as somebody is named, and not before."""
        content["speakers"], content["segments"][0]["speaker"] = [], None
        path = tmp_path / "course.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        driver = open_editor(path).ready()
        table, bar = driver.view.segments.table, driver.view.bar
        assert table.columns.speaker is None
        before = table.columns.text
        bar.speaker.set("Dr. Brown")
        bar.speaker.focus_force()
        driver.app.update()
        bar.speaker.event_generate("<Return>")
        driver.until(lambda: driver.state.speakers)
        driver.settled()
        assert table.columns.speaker == before < table.columns.text
        assert "Dr. Brown" in driver.drawn


def type_into(driver, entry, text):
    """Replace what stands in an entry and press Enter."""
    entry.focus_force()
    driver.app.update()
    entry.delete(0, "end")
    entry.insert(0, text)
    entry.event_generate("<Return>")
    driver.settled()


class TestAligning:
    """Exact times on request."""

    @pytest.fixture
    def chapter(self, tmp_path, content, sample):
        """A segment of the sample whose words have the wrong times."""
        words = [["chapter", 3.2, 0.1, None], ["seven", 3.3, 0.1, None]]
        content["segments"] = [
            {"id": "s1", "media_id": "m1", "start": 3.2, "duration": 2.6, "text": "chapter seven", "language": "en"}
        ]
        content["segments"][0]["alignment"] = {"word": words}
        return with_video(tmp_path, content, sample)

    @pytest.fixture
    def going(self, monkeypatch):
        """Words are not aligned before this is set."""
        found, exact_words = threading.Event(), exact_times.exact_words

        def held(*arguments):
            assert found.wait(DEADLINE_S)
            return exact_words(*arguments)

        monkeypatch.setattr(exact_times, "exact_words", held)
        yield found
        found.set()

    def test_aligned(self, open_editor, chapter, small_model, going):
        """F9 gives the words the times at which they are said, as one step that can be undone."""
        driver = open_editor(chapter, model=str(small_model)).ready()
        before = driver.segments[0].words
        driver.press("<F9>")
        assert "Cancel aligning" == str(driver.view.bar.align.cget("text"))
        going.set()
        driver.until(lambda: not driver.state.aligning)
        driver.settled()
        assert ("The words have exact times.", "Align words") == (
            driver.state.status.text,
            str(driver.view.bar.align.cget("text")),
        )
        first, second = driver.segments[0].words
        assert 3.5 < first.start_s < second.start_s < 5.8
        assert None not in (first.probability, second.probability)
        assert ("UNSAVED CHANGES", "1 segment updated") == driver.mark
        driver.press("<Control-z>")
        assert before == driver.segments[0].words

    def test_cancelled(self, open_editor, chapter, small_model, going):
        """The button cancels, and nothing is changed."""
        driver = open_editor(chapter, model=str(small_model)).ready()
        before = driver.segments[0].words
        driver.click(driver.view.bar.align)
        driver.click(driver.view.bar.align)
        going.set()
        driver.until(lambda: not driver.state.aligning)
        assert ("The words keep the times that they had.", before) == (
            driver.state.status.text,
            driver.segments[0].words,
        )

    def test_moved_meanwhile(self, open_editor, chapter, small_model, going):
        """Times that were found for where the segment was are not given to it where it is now."""
        driver = open_editor(chapter, model=str(small_model)).ready()
        driver.click(driver.view.bar.align)
        driver.click(driver.view.bar.shift_one)
        moved = driver.segments[0].words
        going.set()
        driver.until(lambda: not driver.state.aligning)
        driver.settled()
        assert ("The segment was changed while its words were aligned: align them again.", moved) == (
            driver.state.status.text,
            driver.segments[0].words,
        )

    def test_no_model(self, open_editor, chapter, tmp_path):
        """The reason is said, and nothing is changed."""
        driver = open_editor(chapter, model=str(tmp_path / "none")).ready()
        driver.click(driver.view.bar.align)
        driver.until(lambda: not driver.state.aligning)
        assert "isn't there" in driver.state.status.text
        assert ("Saved", "") == driver.mark


class TestMarks:
    """Doubtful words and captions that break the rules."""

    def test_doubtful_words(self, open_editor, path):
        """A word with a small probability is underlined in a colour, in the table and in the field; typed it is not."""
        driver = open_editor(path).ready()
        field = driver.field
        marked = [str(one) for one in field.tag_ranges("doubtful")]
        assert ("dot", "1") == (field.get(*marked), str(field.tag_cget("doubtful", "underline")))
        driver.press("<Down>")
        canvas = driver.view.segments.table.canvas
        (item,) = [
            one for one in canvas.find_all() if canvas.type(one) == "text" and canvas.itemcget(one, "text") == "dot"
        ]
        assert "1" == str(driver.app.tk.call("font", "actual", canvas.itemcget(item, "font"), "-underline"))
        driver.press("<Up>")
        driver.type("The cross product.")
        driver.press("<Return>", "<Up>")
        assert () == field.tag_ranges("doubtful")

    def test_the_next_doubtful_word(self, open_editor, tmp_path, content):
        """F8 goes to it; where there is none further down, that is said."""
        content["segments"][2] |= {"text": "so it is", "alignment": {"word": [["it", 4.1, 0.2, 0.1]]}}
        path = tmp_path / "course.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        driver = open_editor(path).ready()
        driver.press("<F8>")
        driver.until(lambda: driver.place == 2)
        assert 3 == driver.view.segments.field.cursor
        driver.press("<F8>")
        driver.until(lambda: driver.state.status.text)
        driver.settled()
        assert "There is no doubtful word further down in this video." == str(driver.view.status.label.cget("text"))

    def test_captions_that_break_a_rule(self, open_editor, tmp_path, content):
        """The reason stands in the row and beneath the table, and goes when the text is shorter."""
        content["segments"][0] |= {"duration": 1.0, "text": "Nobody can read such a long text in a second."}
        content["segments"][1] |= {"start": 1.1}
        path = tmp_path / "course.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        driver = open_editor(path).ready()
        driver.until(lambda: "characters a second" in driver.view.bar.note.full_text)
        driver.until(lambda: any("characters a" in one for one in driver.drawn))
        driver.type("Short.")
        driver.press("<Return>", "<Up>")
        driver.until(lambda: "characters a second" not in driver.view.bar.note.full_text)

    def test_the_rules_of_another_publisher(self, open_editor, tmp_path, content):
        """The marks follow the rules that are chosen."""
        content["segments"][0] |= {"duration": 2.5, "text": "It is as long as grown-ups read at ease.", "alignment": {}}
        content["segments"][1] |= {"start": 2.6}
        path = tmp_path / "course.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        driver = open_editor(path).ready()
        bar = driver.view.bar
        assert ("Netflix", "Segment 1 of 3.") == (bar.rules.get(), bar.note.full_text)
        bar.rules.set("BBC, for children")
        bar.rules.event_generate("<<ComboboxSelected>>")
        driver.until(lambda: "words a minute" in bar.note.full_text)
        assert "Segment 1 of 3: " in bar.note.full_text
        bar.rules.set("Netflix")
        bar.rules.event_generate("<<ComboboxSelected>>")
        driver.until(lambda: "Segment 1 of 3." == bar.note.full_text)


class TestFindAndReplace:
    """Over the whole course, with a preview."""

    def test_previewed_and_replaced(self, open_editor, path):
        """Each segment is shown as it would be; one can be left out, and what is replaced is one step to undo."""
        driver = open_editor(path).ready()
        driver.press("<Control-f>")
        panel = driver.view.find
        assert (True, False) == (panel.frame.winfo_viewable(), panel.tree.winfo_viewable())
        panel.find.insert(0, "the")
        panel.replacement.insert(0, "this")
        panel.whole_words.set(False)
        driver.click(panel.look)
        driver.until(lambda: driver.state.hits is not None)
        driver.settled()
        rows = [panel.tree.item(one, "values") for one in panel.tree.get_children()]
        assert [("✓", "lecture", "0:00.0", TEXTS[0], "this dot product.")] == rows
        assert (True, 1) == (panel.tree.winfo_viewable(), int(str(panel.tree.cget("height"))))
        assert "1 found in 1 segment." == panel.found.full_text
        panel.tree.selection_set("0")
        driver.click(panel.toggle)
        assert panel.replace.instate(["disabled"])
        driver.click(panel.toggle)
        driver.click(panel.replace)
        driver.until(lambda: driver.texts[0] == "this dot product.")
        driver.settled()
        assert "Replaced in 1 segment." == str(driver.view.status.label.cget("text"))
        assert "this dot product." == driver.view.segments.field.text
        driver.click(panel.close)
        assert not panel.frame.winfo_viewable()
        driver.press("<Control-z>")
        assert TEXTS == driver.texts

    def test_nothing_found(self, open_editor, path):
        """That is said, and nothing can be replaced."""
        driver = open_editor(path).ready()
        driver.press("<Control-f>")
        driver.view.find.find.insert(0, "nowhere")
        driver.click(driver.view.find.look)
        driver.until(lambda: driver.state.hits is not None)
        driver.settled()
        assert "Nothing was found." == driver.view.find.found.full_text
        assert driver.view.find.replace.instate(["disabled"])

    def test_going_there(self, open_editor, tmp_path, content):
        """A row leads to its segment, also in another video."""
        content["segments"].append({"id": "s4", "media_id": "m2", "start": 0, "duration": 1, "text": "Elsewhere."})
        path = tmp_path / "course.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        driver = open_editor(path).ready()
        driver.press("<Control-f>")
        driver.view.find.find.insert(0, "elsewhere")
        driver.click(driver.view.find.look)
        driver.until(lambda: driver.state.hits)
        driver.settled()
        driver.view.find.tree.selection_set("0")
        driver.view.find.tree.focus_force()
        driver.app.update()
        driver.view.find.tree.event_generate("<Return>")
        driver.until(lambda: driver.texts == ["Elsewhere."])
        driver.settled()
        assert ("m2", "Elsewhere.") == (driver.state.media_id, driver.view.segments.field.text)


def with_video(tmp_path, content, video):
    """Write a dataset whose first video is a file, and return its path."""
    content["media"][0]["uri"] = str(video)
    path = tmp_path / "course.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


class TestSound:
    """The waveform of the passage, and playing it."""

    def test_waveform(self, open_editor, tmp_path, content, sample):
        """The audio of the segment is drawn, with a line where the word at the cursor begins."""
        content["media"][0]["uri"] = str(sample)
        path = tmp_path / "course.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        driver = open_editor(path).ready()
        canvas = driver.view.bar.waveform.canvas
        driver.until(lambda: "polygon" in {canvas.type(one) for one in canvas.find_all()})
        assert {"rectangle", "polygon", "line"} == {canvas.type(one) for one in canvas.find_all()}
        driver.view.segments.field.put_cursor(5)
        assert 0.2 == driver.view.segments.wave.head_s
        assert (0.0, 3.0) == (driver.view.segments.wave.begin_s, driver.view.segments.wave.end_s)

    def test_no_video(self, open_editor, path):
        """The reason stands in its place, and playing says it too."""
        driver = open_editor(path).ready()
        driver.until(lambda: "There is no file" in driver.view.segments.wave.note)
        driver.click(driver.view.tools.play)
        driver.until(lambda: "can't be played" in driver.state.status.text)

    def test_played_and_stopped(self, open_editor, tmp_path, content, sample, device):
        """Control-Space plays the passage and stops it; the playhead moves over the waveform with what is heard."""
        driver = open_editor(with_video(tmp_path, content, sample), open_output=device.open).ready()
        canvas, tools = driver.view.bar.waveform.canvas, driver.view.tools
        driver.press("<Control-space>")
        driver.until(lambda: len(device.played))
        assert "Stop" == str(tools.play.cget("text"))
        positions = []
        for _ in range(2):
            device.hear(RATE_HZ // 2)
            driver.until(lambda: canvas.find_withtag("playhead"))
            driver.view.playhead.show()
            wave = driver.view.segments.wave
            driver.until(lambda: canvas.coords("playhead")[0] not in positions)
            positions.append(canvas.coords("playhead")[0])
        assert wave.x(0.0, canvas.winfo_width()) <= positions[0] < positions[1] <= wave.x(1.5, canvas.winfo_width())
        driver.press("<Control-space>")
        device.release()
        driver.until(lambda: device.closed)
        driver.until(lambda: not canvas.find_withtag("playhead"))
        assert ("Play", "") == (str(tools.play.cget("text")), driver.state.status.text)
        driver.view.segments.table.canvas.focus_force()
        driver.app.update()
        driver.view.segments.table.canvas.event_generate("<space>")
        driver.until(lambda: device.opened == 2)

    def test_to_its_end(self, open_editor, tmp_path, content, sample, device):
        """A passage that is not looped ends by itself, with all of its audio played."""
        driver = open_editor(with_video(tmp_path, content, sample), open_output=device.open).ready()
        device.release()
        driver.click(driver.view.tools.play)
        driver.until(lambda: driver.state.playing is None)
        driver.settled()
        assert (round(2.5 * RATE_HZ), "Play") == (len(device.played), str(driver.view.tools.play.cget("text")))
        assert abs(device.played).max() > 0.01

    def test_looped(self, open_editor, tmp_path, content, sample, device):
        """With Loop it begins again, and goes on with the passage that is selected or has other limits now."""
        driver = open_editor(with_video(tmp_path, content, sample), open_output=device.open).ready()
        driver.press("<Control-l>")
        assert (True, True) == (driver.state.looping, driver.view.tools.looping.get())
        driver.click(driver.view.tools.play)
        device.hear(6 * RATE_HZ)
        assert 1 == device.opened
        driver.press("<Down>")
        device.hear(BLOCK)
        driver.until(lambda: device.opened == 2)
        driver.press("<Alt-Right>")
        device.hear(BLOCK)
        driver.until(lambda: device.opened == 3)
        assert driver.state.playing is not None

    @pytest.mark.parametrize(
        ("name", "said"),
        [("welcome.txt", "check that the file plays"), ("gone.mp4", "There is no file"), ("", "does not say where")],
        ids=["no video", "missing", "no address"],
    )
    def test_what_can_not_be_played(self, open_editor, tmp_path, content, sample, device, name, said):
        """The reason is said."""
        video = sample.with_name(name) if name else ""
        driver = open_editor(with_video(tmp_path, content, video), open_output=device.open).ready()
        device.release()
        driver.click(driver.view.tools.play)
        driver.until(lambda: said in driver.state.status.text)
        assert driver.state.playing is None

    def test_closed_while_it_plays(self, open_editor, tmp_path, content, sample, device):
        """The device is given back before the window goes."""
        driver = open_editor(with_video(tmp_path, content, sample), open_output=device.open).ready()
        driver.press("<Control-l>")
        driver.click(driver.view.tools.play)
        driver.until(lambda: len(device.played))
        driver.view.close()
        device.release()
        driver.until(lambda: driver.app.closed)
        assert (1, 1) == (device.opened, device.closed)

    def test_played_in_the_browser(self, open_editor, tmp_path, content, sample, monkeypatch):
        """Without an audio device a page plays the passage of the video in a loop, with its text, and that is said."""
        content["media"][0]["uri"] = str(sample)
        path = tmp_path / "course.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        pages = []
        monkeypatch.setattr("webbrowser.open", lambda address: pages.append(address) or True)
        driver = open_editor(path).ready()
        driver.press("<Control-space>")
        driver.until(lambda: pages)
        text = Path(url2pathname(urlsplit(pages[0]).path)).read_text(encoding="utf-8")
        assert sample.as_uri() in text
        assert '{"start": 0.0, "end": 2.5}' in text
        assert TEXTS[0] in text
        driver.until(lambda: driver.state.status.text)
        said = "This computer has no device that plays audio. The browser plays the passage."
        assert said == driver.state.status.text
