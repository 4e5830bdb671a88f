"""The library's names, signatures and table of content types against the interface that was agreed
(s3_uploader_interface.txt).
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
from pathlib import Path

import pytest

import s3_uploader
from config import Config
from s3_uploader import CONTENT_TYPES, S3UploadManager, UploadState

AGREED = ast.parse(Path(__file__).with_name("s3_uploader_interface.txt").read_text(encoding="utf-8")).body
CLASSES = {node.name: node.body for node in AGREED if isinstance(node, ast.ClassDef)}
METHODS = [(name, node) for name, body in CLASSES.items() for node in body if isinstance(node, ast.FunctionDef)]
FIELDS = {name: [node.target.id for node in body if isinstance(node, ast.AnnAssign)] for name, body in CLASSES.items()}


def agreed(method: ast.FunctionDef) -> list[tuple[str, object]]:
    """Return a method's parameters in their order, each with its default."""
    arguments = method.args.args[1:]
    defaults = [ast.literal_eval(node) for node in method.args.defaults]
    needed = [inspect.Parameter.empty] * (len(arguments) - len(defaults))
    return list(zip([argument.arg for argument in arguments], [*needed, *defaults], strict=True))


@pytest.mark.parametrize(("owner", "method"), METHODS, ids=[f"{owner}-{method.name}" for owner, method in METHODS])
def test_signature(owner, method):
    """Each method takes what was agreed, in that order, by name or by place, and with the same defaults."""
    ours = {"Config": Config, "S3UploadManager": S3UploadManager}[owner]
    parameters = [*inspect.signature(getattr(ours, method.name)).parameters.values()]
    if owner != "Config":
        del parameters[0]  # self
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert [(name, default, either) for name, default in agreed(method)] == [
        (p.name, p.default, p.kind) for p in parameters
    ]


def test_content_types():
    """Each ending has the type that was agreed."""
    (table,) = (ast.literal_eval(node.value) for node in AGREED if isinstance(node, ast.Assign))
    assert table == {ending: CONTENT_TYPES.get(ending) for ending in table}


def test_upload_state():
    """The state has the agreed fields in the agreed order, and can be made by position and by name."""
    names = [field.name for field in dataclasses.fields(UploadState)]
    assert FIELDS["UploadState"] == names
    values = (3, ["a.ts"], ["b.ts"], None, "videos/a/")
    assert UploadState(*values) == UploadState(**dict(zip(names, values, strict=True)))


def test_attributes_of_a_manager(monkeypatch):
    """What a manager keeps of its settings is there, under the agreed names."""
    settings = {
        "BACKEND_URL": "https://videos.example.com/",
        "AUTH_TOKEN": "a-token-of-twenty-chars",
        "DEFAULT_LANGUAGE": "fr",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    (init,) = (method for owner, method in METHODS if method.name == "__init__")
    names = [node.targets[0].attr for node in init.body if isinstance(node, ast.Assign)]
    manager = S3UploadManager(session_id="a" * 24)
    expected = ("https://videos.example.com", "a-token-of-twenty-chars", "a" * 24, "fr", None)
    assert dict(zip(names, expected, strict=True)) == {name: getattr(manager, name) for name in names}
    assert "a-token" not in repr(manager)


@pytest.mark.parametrize("name", FIELDS["Config"])
def test_settings_by_their_names(monkeypatch, name):
    """The class itself has each setting by its name in .env, as the environment says it now."""
    monkeypatch.setenv(name, "one, two")
    expected = ["one", "two"] if name == "SUPPORTED_LANGUAGES" else "one, two"
    assert expected == getattr(s3_uploader.Config, name)


@pytest.mark.parametrize(
    ("url", "token", "configured"),
    [("https://x/", "t", True), ("", "t", False), ("https://x", " ", False)],
    ids=["both", "no url", "no token"],
)
def test_questions_to_the_class(monkeypatch, url, token, configured):
    """Whether backend and token are known, and where an endpoint is."""
    monkeypatch.setenv("BACKEND_URL", url)
    monkeypatch.setenv("AUTH_TOKEN", token)
    assert configured == Config.is_configured()
    assert f"{url.rstrip('/')}/sign" == Config.get_full_url("/sign")
