"""Finds the texts of the program in its sources: those that are marked, and the sentences that a window may show.

Windows mark their texts, as in `_("Close")`. What lies below them makes its sentences in English, and a window looks
the finished ones up (`ui.sentences`): so every text that can be one is found here. An f-string becomes a template with
named fields, and where it holds one of several texts there is a template for each.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

PARTS = ("ui", "pipeline", "transcripts", "storage", "diagnostics", "config.py", "installation.py")
"""Where texts are looked for, below the root; those that are seen most come first in the catalogue."""

WITHOUT_TEXTS = (
    # said where there is no window, or to a machine
    *("ui/missing_tk.py", "ui/results/embed.py", "ui/transcripts/playing.py", "ui/theme.py"),
    *("ui/sentences.py", "ui/sentence_templates.py"),
    *("ui/taskbar/launcher_entry.py", "ui/taskbar/windows_taskbar.py", "ui/open_with/desktop_entry.py"),
    *("ui/widgets/list_keys.py", "ui/lengths.py", "ui/rescaling.py", "ui/screen_reader.py"),
    *("ui/preferences.py", "ui/remembered_form.py", "ui/row_editing.py", "ui/one_instance.py"),
    # a list of findings quotes the standards' own words
    "pipeline/media/validate/",
    # how a file is written that a program made; lists and options that the command line alone takes
    *("pipeline/codec.py", "pipeline/job_codec.py", "pipeline/event_codec.py", "pipeline/report_codec.py"),
    *("pipeline/engines/task_codec.py", "pipeline/engines/task_event_codec.py", "pipeline/input_list.py"),
    *("pipeline/path_patterns.py", "pipeline/caption_files.py", "pipeline/relocation.py", "pipeline/claims.py"),
    *("pipeline/transfer/manifests/prune.py", "pipeline/transfer/manifests/orphans.py"),
    *("pipeline/transfer/manifests/restore.py", "pipeline/transfer/manifests/manifest_library.py"),
    "pipeline/transfer/manifests/restorable.py",
    "transcripts/combine.py",
    # a worker's log, the upload's log file
    *("pipeline/worker_policy.py", "pipeline/cluster_sweep.py", "pipeline/engines/procrastinate/worker.py"),
    *("pipeline/engines/procrastinate/retries.py", "pipeline/engines/procrastinate/rows.py"),
    *("pipeline/engines/procrastinate/job_events.py", "pipeline/engines/procrastinate/schema.py"),
    *("pipeline/transfer/http/plain_exchange.py", "pipeline/transfer/http/answer_body.py"),
    "pipeline/transfer/http/connections.py",
    *("pipeline/transfer/http/connecting.py", "pipeline/transfer/http/redaction.py"),
    *(
        "diagnostics/bundle.py",
        "pipeline/estimate.py",
        "pipeline/open_rows.py",
        "pipeline/store_file.py",
        "pipeline/work_log.py",
    ),
    # words of a language that is spoken
    "pipeline/speech/phrase_words.py",
    # the reference backend's
    *("storage/settings.py", "storage/put_headers.py", "storage/parts.py", "storage/local.py", "storage/files.py"),
    *("storage/folder_page.py", "pipeline/transfer/http/cache_control.py"),
    *("storage/local_file.py", "storage/local_parts.py", "storage/root_marker.py", "storage/s3_parts.py"),
    *(
        "storage/s3_reading.py",
        "storage/usage.py",
        "storage/usage_file.py",
        "storage/usage_ledger.py",
        "storage/promises.py",
    ),
    *("storage/local_digests.py", "storage/local_folder.py", "storage/path_builder.py", "storage/paths.py"),
)
"""Files and folders whose texts no window shows."""

WORDS_OF = (
    *("ui/bars.py", "ui/advanced.py", "ui/summary.py", "ui/banners.py", "ui/list_banners.py"),
    *("ui/section_summaries.py", "ui/preset_form.py", "ui/transcripts/questions.py"),
    *("transcripts/changes.py", "transcripts/schema.py", "pipeline/media/source/damage.py"),
)
"""Where single words in small letters are texts, too."""

ENUMS_OF = (
    "ui/machine_check/lines.py",
    "ui/machine_check/checks.py",
    "pipeline/media/source/damage.py",
    "transcripts/changes.py",
)
"""Where the values of enums are shown."""

MEANINGS_OF = ("pipeline/media/encode/encoder_check.py", "pipeline/media/ffmpeg/ffmpeg_messages.py")
"""Where the first of two texts is what another program says, and the second what that means."""

LANGUAGES_OF = "pipeline/speech/languages.py"
"""The table of the languages' names, which is one text."""

MARKS = ("_", "gettext")
"""The functions that texts are handed to."""

MOST_FORMS = 16
"""More templates than this are not made of one f-string."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SILENT_CALLS = _words(
    "debug info exception compile match fullmatch sub search split bind bind_all unbind event_generate call eval get "
    "createcommand getattr setattr hasattr startswith endswith removeprefix removesuffix partition rpartition "
    "index find strip rstrip lstrip encode decode execute executemany executescript pop TypeVar NewType add_argument "
    "cget configure_style state instate option_add nametofont Literal cast import_module winfo_class map lookup "
    "Font getLogger strftime strptime fromisoformat namedtuple ParamSpec monotonic after_idle protocol tag_add "
    "tag_bind geometry wm_protocol colour themed element_create layout theme_use run Popen setdefault joinpath"
)
"""What is handed to these is for the program alone."""

SILENT_KEYWORDS = _words(
    "bootstyle style sticky anchor font encoding errors mode prefix suffix name key cursor relief justify wrap side "
    "fill state orient event format pattern dest metavar env thread_name_prefix kind"
)

CODE = re.compile(
    r"^(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|PRAGMA|WITH|BEGIN|COMMIT|LISTEN|NOTIFY)\b|^@card|^[#<]|^--?[a-z]"
    r"|^HTTP/|\(\?|\[\^|\\[dsw.]|</|<!|= ?\?|charset=|^[\w.]+ = |^Content-|\bffmpeg\.[a-z]|^[a-z_]+\(|^%|%[sdr]|:: ?"
    r"|=\{|\{\{\"|, \"local_path|&& |[\x01-\x08]| -> |^(GET|PUT|Bearer|Basic) |^WEBVTT"
)
"""What a text for people never looks like: SQL, regular expressions, HTML, headers, options."""

WORD = re.compile(r"[^\W\d_]{2,}")
LABEL = re.compile(r"&?[A-Z]&?[a-z]+(-[a-z]+)*…?")
SMALL = re.compile(r"[a-z]{3,}…?")


@dataclass(frozen=True)
class Found:
    """A text, and where it stands."""

    text: str
    path: str
    line: int


def texts_of(root: Path) -> Iterator[Found]:
    """Yield the texts of the program, file by file."""
    for part in PARTS:
        paths = sorted((root / part).rglob("*.py")) if (root / part).is_dir() else [root / part]
        for path in paths:
            name = path.relative_to(root).as_posix()
            if not name.startswith(WITHOUT_TEXTS):
                yield from texts_in(path.read_text(encoding="utf-8"), name)


def texts_in(source: str, path: str) -> Iterator[Found]:
    """Yield the texts of one file, each once, in their order."""
    tree = ast.parse(source)
    parents: dict[ast.AST, ast.AST] = {}
    nodes: list[ast.AST] = [tree]
    for node in nodes:
        for child in ast.iter_child_nodes(node):
            parents[child] = node
            nodes.append(child)
    seen: set[str] = set()
    found = sorted(_all(nodes, parents, path), key=lambda one: one.line)
    for one in found:
        if one.text not in seen:
            seen.add(one.text)
            yield one


def _all(nodes: list[ast.AST], parents: dict[ast.AST, ast.AST], path: str) -> Iterator[Found]:
    for node in nodes:
        if isinstance(node, ast.Call) and _called(node) in MARKS:
            marked = (arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str))
            yield from (Found(text, path, node.lineno) for text in marked)
        elif isinstance(node, ast.expr) and _is_text(node) and not _is_silent(node, parents, path):
            labels = path.startswith("ui/") or _is_label(node, parents)
            for template in islice(_templates(node), MOST_FORMS):
                if path == LANGUAGES_OF and template.count(",") > 1:
                    names = [entry.partition(" ")[2] for entry in template.split(",")]
                    yield from (Found(name, path, node.lineno) for name in names)
                elif _called(parents[node]).endswith("Card") or _speaks(
                    template, labels=labels, words=path in WORDS_OF
                ):
                    yield Found(template, path, node.lineno)


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and (_is_text(node.left) or _is_text(node.right))
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_silent(node: ast.AST, parents: dict[ast.AST, ast.AST], path: str) -> bool:
    """Whether a text is for the program alone, by what it stands in."""
    child, parent = node, parents[node]
    if isinstance(parent, ast.Expr | ast.JoinedStr | ast.FormattedValue | ast.Subscript | ast.Assert):
        return True
    while not isinstance(parent, ast.stmt):
        if isinstance(parent, ast.Compare | ast.JoinedStr):
            return True
        if isinstance(parent, ast.BinOp) and _is_text(parent):
            return True
        if isinstance(parent, ast.keyword) and parent.arg in SILENT_KEYWORDS:
            return not (parent.arg == "name" and _called(parents[parent]) == "Preset")
        if isinstance(parent, ast.Tuple) and len(parent.elts) == 2 and child is parent.elts[0] and path in MEANINGS_OF:
            return True
        if isinstance(parent, ast.Dict) and child in parent.keys and not isinstance(parents[parent], ast.Assign):
            return True
        if isinstance(parent, ast.Call):
            name = _called(parent)
            if name in ("Path", "replace") and child in parent.args:
                return True
            if name in SILENT_CALLS or name in MARKS:
                return child is not parent.func
        if isinstance(parent, ast.Subscript) and child is parent.slice:
            return True
        child, parent = parent, parents[parent]
    if isinstance(parent, ast.AnnAssign) and child is parent.annotation:
        return True
    if isinstance(parent, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in parent.targets):
        return True
    if isinstance(parent, ast.Expr) and isinstance(parent.value, ast.Constant):
        return True
    return path not in ENUMS_OF and _in_enum(parent, parents)


def _in_enum(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a statement gives a member of an Enum its value, which is written into files."""
    parent = parents.get(node)
    return isinstance(parent, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in parent.bases)


def _is_label(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a single word here is a label: in a table of a module, or named so."""
    parent = parents[node]
    while not isinstance(parent, ast.stmt):
        if isinstance(parent, ast.keyword):
            return parent.arg in ("title", "label", "activity", "short", "text", "word", "done", "name")
        parent = parents[parent]
    return False


def _templates(node: ast.AST) -> Iterator[str]:
    """Yield the forms that a text can have; more than the first few hundred are never asked for."""
    for parts in product(*_parts(node)):
        names: dict[str, int] = {}
        yield "".join(part if isinstance(part, str) else _field(part, names) for part in parts)


_Field = tuple[str, str]
"""The name of a field and its format."""

_Part = str | _Field


def _parts(node: ast.AST) -> list[list[_Part]]:
    """Return, for each part of a text, what can stand there."""
    if isinstance(node, ast.Constant):
        return [[str(node.value)]]
    if isinstance(node, ast.BinOp):
        return [*_parts_of_operand(node.left), *_parts_of_operand(node.right)]
    assert isinstance(node, ast.JoinedStr)
    parts: list[list[_Part]] = []
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append([str(value.value).replace("{", "{{").replace("}", "}}")])
        else:
            assert isinstance(value, ast.FormattedValue)
            parts.append(_choices(value.value, _format_of(value)))
    return parts


def _parts_of_operand(node: ast.AST) -> list[list[_Part]]:
    return _parts(node) if _is_text(node) else [_choices(node, "")]


def _choices(node: ast.AST, spec: str) -> list[_Part]:
    """Return what can stand in a field: texts, or whatever the expression gives."""
    if isinstance(node, ast.IfExp):
        return [*_choices(node.body, spec), *_choices(node.orelse, spec)]
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return [choice for value in node.values for choice in _choices(value, spec)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value.replace("{", "{{").replace("}", "}}")]
    if isinstance(node, ast.JoinedStr):
        forms: list[_Part] = []
        for parts in islice(product(*_parts(node)), MOST_FORMS):
            names: dict[str, int] = {}
            forms.append("".join(part if isinstance(part, str) else _field(part, names) for part in parts))
        return forms
    return [(_name(node) or "value", spec)]


def _field(part: _Field, names: dict[str, int]) -> str:
    """Return a field, numbered where another has its name."""
    name, spec = part
    names[name] = names.get(name, 0) + 1
    numbered = name if names[name] == 1 else f"{name}{names[name]}"
    return f"{{{numbered}:{spec}}}" if spec else f"{{{numbered}}}"


def _format_of(value: ast.FormattedValue) -> str:
    """Return a field's format if it is that of a number."""
    if not isinstance(value.format_spec, ast.JoinedStr):
        return ""
    spec = "".join(str(part.value) for part in value.format_spec.values if isinstance(part, ast.Constant))
    return spec if spec.endswith(("f", "g", "d", "%", ",")) else ""


def _name(node: ast.AST) -> str:
    """Return what a field is called for a translator: the last name of its expression."""
    if isinstance(node, ast.Name):
        return node.id.strip("_").lower()
    if isinstance(node, ast.Attribute):
        return _name(node.value) if node.attr in ("value", "parent") else node.attr.strip("_")
    if isinstance(node, ast.Call):
        name = _called(node)
        if name in ("join", "str", "shown", "elided", "len", "sorted", "repr", "int", "round") and node.args:
            return _name(node.args[0]) or name
        return name.strip("_")
    if isinstance(node, ast.Subscript):
        return _name(node.value)
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return _name(node.generators[0].iter)
    if isinstance(node, ast.BinOp):
        return _name(node.left)
    return ""


def _called(call: ast.AST) -> str:
    """Return the last name of what is called, empty where nothing is."""
    if not isinstance(call, ast.Call):
        return ""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _speaks(template: str, *, labels: bool, words: bool) -> bool:
    """Whether a text is made for people; a single word only where labels stand, and a small one where `words` do."""
    literal = re.sub(r"\{[^{}]*\}", "\0", template).strip()
    if "\0" in template or literal.strip("\0 ") == "and" or CODE.search(literal) or not WORD.search(literal):
        return False
    if " " not in literal and "\n" not in literal:
        return (labels and LABEL.fullmatch(literal) is not None) or (words and SMALL.fullmatch(literal) is not None)
    spoken = [word for word in literal.split() if re.fullmatch(r"[(“‘'\"•]*[^\W\d_]{2,}[-’'\w]*[).,:;!?…”’'\"]*", word)]
    alone = labels and literal[0].isupper()
    return len(spoken) >= 2 or (len(spoken) == 1 and (alone or re.search(r"[\0\d]", literal) is not None))
