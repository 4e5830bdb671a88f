"""No text of the transcript editor is left in English."""

from __future__ import annotations

import pytest
from shown_texts import untranslated

from ui.transcripts.state import Question


def own_words(content: dict) -> set[str]:
    """Return the words of the dataset, of its file's name, and the reasons of the caption rules' numbers."""
    texts = [str(row) for rows in content.values() if isinstance(rows, list) for row in rows]
    return {word for text in texts for word in "".join(c if c.isalpha() else " " for c in text).split()}


@pytest.mark.usefixtures("marked_language")
def test_no_text_of_the_editor_is_left(open_editor, path, content):
    """An editor that has just opened, searches, has changes that are not saved, and asks about them."""
    assert [] == untranslated(open_editor().app)


@pytest.mark.usefixtures("marked_language")
def test_no_text_of_an_open_dataset_is_left(open_editor, path, content):
    """A dataset, a search in it, a change that is not saved, and the question at its end."""
    names = own_words(content) | {"course", "pytest", "tmp", "root", "of", "json", "js"}
    driver = open_editor(path).ready()
    driver.view.tools.find.invoke()
    driver.view.find.find.insert(0, "e")
    driver.view.find.search()
    driver.until(lambda: driver.view.find.found.full_text)
    driver.settled()
    assert [] == untranslated(driver.app, *names)
    driver.type("Another text")
    driver.view.save()
    driver.settled()
    assert [] == untranslated(driver.app, *names, "Another", "text")
    driver.until(lambda: driver.state.question is Question.NONE)
