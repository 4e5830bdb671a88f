"""The catalogues of the windows' texts, and what finds the texts in the sources."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def packaging():
    """Return a function that imports a module of the packaging folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "packaging"))
        yield importlib.import_module


@pytest.fixture(scope="module")
def texts(packaging):
    """Return a function that finds the texts of a source, as a module of the window or of another path."""
    return lambda source, path="ui/a.py": [found.text for found in packaging("texts").texts_in(source, path)]


@pytest.fixture(scope="module")
def template(packaging):
    """All texts of the program."""
    return packaging("translations").template(ROOT)


def test_up_to_date(packaging, template):
    """The catalogues are what the sources and the translations say."""
    stale = [
        path.relative_to(ROOT).as_posix()
        for path, content in packaging("translations").files(ROOT, template)
        if not path.is_file() or path.read_bytes() != content
    ]
    assert [] == stale, "run python packaging/translations.py"


def test_complete(packaging, template):
    """Every text is translated into German, none is uncertain, and each has the fields of its original."""
    module = packaging("translations")
    assert [] == list(module.faults(module.catalogue(ROOT, "de", template)))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param('_("x.y")', ["x.y"], id="marked"),
        pytest.param('raise Wrong(f"{path} is not a file: check it.")', ["{path} is not a file: check it."], id="f"),
        pytest.param('a = f"{error.strerror}: {self._path} is gone"', ["{strerror}: {path} is gone"], id="attribute"),
        pytest.param('a = f"{a.name} and {b.name} differ"', ["{name} and {name2} differ"], id="one name twice"),
        pytest.param('a = f"{x:.1f} of {y:>3} hours"', ["{x:.1f} of {y} hours"], id="format"),
        pytest.param("a = f\"in {n} {'file' if n == 1 else 'files'}\"", ["in {n} file", "in {n} files"], id="choice"),
        pytest.param(
            "a = f\"{why or 'no reason'}: it ended\"",
            ["{why}: it ended", "no reason: it ended"],
            id="or",
        ),
        pytest.param('a = "one sentence" + f" and {more}"', ["one sentence and {more}"], id="sum"),
        pytest.param('a = f"a {{b}} brace of {c}"', ["a {{b}} brace of {c}"], id="braces"),
        pytest.param('LABELS = {Codec.A: "Automatic"}', ["Automatic"], id="label"),
        pytest.param('"""A docstring."""\n# a comment here', [], id="docstring"),
        pytest.param('log.debug(f"{x} was not found here")', [], id="log"),
        pytest.param('connection.execute("SELECT a FROM jobs")', [], id="sql"),
        pytest.param('a = re.compile("one (or|and) two")', [], id="pattern"),
        pytest.param('ttk.Label(bootstyle="@card secondary")', [], id="style"),
        pytest.param('if a == "one or two": pass', [], id="comparison"),
        pytest.param('class A(Enum):\n    B = "upload again"', [], id="enum"),
        pytest.param('bind("<<Paste>>", f)', [], id="event"),
    ],
)
def test_texts(texts, source, found):
    """What a window may show is found, and what is for the program alone is not."""
    assert found == texts(source)


def test_single_words_below_the_window(texts):
    """Below the window a single word is a text only where it is a title."""
    assert ["Upload"] == texts('Row(title="Upload", kind="Sum")\na = "Upload2"\nb = "Other"', "pipeline/a.py")


@pytest.mark.parametrize(
    ("string", "told"),
    [
        pytest.param("{path} ist keine Datei", [], id="right"),
        pytest.param("", ["not translated: '{path} is no file'"], id="empty"),
        pytest.param("keine Datei", ["other fields than ['path']: 'keine Datei'"], id="a field is missing"),
        pytest.param("{pfad} fehlt", ["other fields than ['path']: '{pfad} fehlt'"], id="another field"),
        pytest.param("{path fehlt", ["braces that are not closed: '{path fehlt'"], id="an open brace"),
    ],
)
def test_faults(packaging, string, told):
    """What is wrong with a translation is named."""
    catalog = Catalog(locale="de")
    catalog.add("{path} is no file", string)
    assert told == list(packaging("translations").faults(catalog))
