"""The catalogues of the window's texts: `python packaging/translations.py` brings them up to date with the sources.

It writes the template with all texts, `ui/locale/hls_converter.pot`, adds what is new to each language's `.po` and
takes out what is gone, and compiles the `.mo` that the program reads. With `--check` it writes nothing, names what is
not up to date or not translated, and ends with 1.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from texts import texts_of

ROOT = Path(__file__).resolve().parent.parent
DOMAIN = "hls_converter"
LANGUAGES = ("de", "en")
"""English is what the sources have: its catalogue has no texts, and lets LANGUAGE name it."""

WIDTH = 120

LASTING = ("Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")
"""The fields of a header that a catalogue keeps."""

HEADER = """\
# The texts of HLS Converter's windows. See docs/translating.md.
"""


def template(root: Path) -> Catalog:
    """Return all texts of the program, none translated."""
    catalog = _empty()
    for found in texts_of(root):
        catalog.add(
            found.text, locations=[(found.path, 0)], flags=("python-brace-format",) if "{" in found.text else ()
        )
    return catalog


def catalogue(root: Path, language: str, texts: Catalog) -> Catalog:
    """Return a language's catalogue as it is to be: `texts` in their order, translated as far as the file has them."""
    path = po_path(root, language)
    with path.open("rb") as file:
        before = read_po(file, locale=language)
    made = _empty(language)
    for message in texts if language != "en" else ():
        if message.id:
            kept = before.get(message.id)
            made.add(
                message.id,
                kept.string if kept is not None and not kept.fuzzy else None,
                message.locations,
                message.flags,
                user_comments=kept.user_comments if kept is not None else (),
            )
    return made


def po_path(root: Path, language: str) -> Path:
    """Return where a language's texts are translated."""
    return root / "ui" / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def files(root: Path, texts: Catalog) -> Iterator[tuple[Path, bytes]]:
    """Yield each file of the catalogues with what it is to hold."""
    yield root / "ui" / "locale" / f"{DOMAIN}.pot", _written(texts)
    for language in LANGUAGES:
        made = catalogue(root, language, texts)
        path = po_path(root, language)
        yield path, _written(made)
        compiled = io.BytesIO()
        write_mo(compiled, made)
        yield path.with_suffix(".mo"), compiled.getvalue()


def faults(catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each text that is not translated, or whose fields are not those of its translation."""
    for message in catalog:
        if not message.id:
            continue
        strings = [str(one or "") for one in _forms(message.string)]
        if not all(strings):
            yield f"not translated: {message.id!r}"
        elif message.fuzzy:
            yield f"not certain: {message.id!r}"
        else:
            yield from _wrong_fields(message, strings)


def _wrong_fields(message: Message, strings: Sequence[str]) -> Iterator[str]:
    wanted = [fields_of(str(id_)) for id_ in _forms(message.id)]
    for string in strings:
        try:
            found = fields_of(string)
        except ValueError:
            yield f"braces that are not closed: {string!r}"
            continue
        if found not in wanted:
            yield f"other fields than {sorted(wanted[0])}: {string!r}"


def _forms(text: object) -> Sequence[object]:
    """Return a text's forms for one thing and for several, or the one that it has."""
    return text if isinstance(text, list | tuple) else (text,)


def fields_of(text: str) -> set[str]:
    """Return the names of a text's fields. Raises ValueError."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


class LastingCatalog(Catalog):
    """A catalogue without what changes each time: when it was written, and with what."""

    @property  # type: ignore[misc]  # a catalogue that is read sets them, and those are read by Catalog
    def mime_headers(self) -> list[tuple[str, str]]:
        """The header's fields."""
        return [(name, value) for name, value in super().mime_headers if name in LASTING]


def _empty(language: str | None = None) -> Catalog:
    return LastingCatalog(locale=language, header_comment=HEADER, charset="utf-8", fuzzy=False)


def _written(catalog: Catalog) -> bytes:
    """Return a catalogue as a file, without line numbers, which change with every edit."""
    file = io.BytesIO()
    write_po(file, catalog, width=WIDTH, include_lineno=False)
    return file.getvalue()


def main(arguments: Sequence[str]) -> int:
    """Write or check the catalogues and return the exit status."""
    parser = argparse.ArgumentParser(description="Bring the catalogues of texts up to date with the sources.")
    parser.add_argument("--check", action="store_true", help="write nothing, and name what is not up to date")
    options = parser.parse_args(arguments)
    told = []
    texts = template(ROOT)
    for path, content in files(ROOT, texts):
        if path.is_file() and path.read_bytes() == content:
            continue
        if options.check:
            told.append(f"{path.relative_to(ROOT)} is not up to date: run python packaging/translations.py")
        else:
            path.write_bytes(content)
    open_texts = [f"{name}: {text}" for name in LANGUAGES for text in faults(catalogue(ROOT, name, texts))]
    sys.stdout.writelines(f"{line}\n" for line in (*told, *open_texts))
    return 1 if options.check and (told or open_texts) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
