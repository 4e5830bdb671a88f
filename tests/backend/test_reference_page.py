"""description and reference_page: the interface as a document, which is true, and as a page."""

import re
from html import unescape
from pathlib import Path

import generated_requests
import pytest

from backend.routes.reference_page import shape

CONTRACT = (
    (Path(__file__).parents[2] / "docs" / "backend-api.md").read_text(encoding="utf-8").partition("## What only")[0]
)
EXAMPLES = 5


@pytest.fixture(scope="module")
def document(shared):
    """The OpenAPI document, asked without a token."""
    return shared.get("/openapi.json").json()


def operations(document):
    """Return method, path and operation of all that the document has."""
    return [
        (method.upper(), path, said) for path, methods in document["paths"].items() for method, said in methods.items()
    ]


def test_every_request_of_the_contract_is_in_the_document(document):
    """What docs/backend-api.md has in a table is there, with the token in front of it."""
    written = {
        (method, path)
        for method, path in re.findall(r"^\| `(GET|POST|DELETE) ([^`?]+?)[?`]", CONTRACT.replace(" `{", "`{"), re.M)
    }
    written |= {("GET", "/api/s3/capabilities")}
    guarded = {(method, path) for method, path, said in operations(document) if said.get("security")}

    assert len(written) == 13
    assert set() == {(method, path.rstrip()) for method, path in written} - guarded


def test_nothing_is_guarded_but_the_api(document):
    """The document says of each request whether it needs the token."""
    assert {path.startswith("/api/") for _, path, said in operations(document) if said.get("security")} == {True}
    assert {path.startswith("/api/") for _, path, said in operations(document) if not said.get("security")} == {False}


def test_every_refusal_is_described_with_its_body(document):
    """A refusal of the API has `error` and `message`, a full storage its figures,
    and none is one that is never given.
    """
    schemas = document["components"]["schemas"]
    for _, path, said in operations(document):
        assert "422" not in said["responses"]
        for status, answer in said["responses"].items():
            if path.startswith("/api/") and int(status) >= 400:
                name = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                assert {"error", "message"} <= set(schemas[name]["properties"])
                assert (status == "507") == ("maxSizeBytes" in schemas[name]["properties"])


def test_the_page_shows_every_request_and_needs_nothing_from_elsewhere(shared, document):
    """Methods, paths and bodies are on it; no script, and no address but this backend's."""
    answer = shared.get("/docs")
    text = unescape(re.sub(r"<[^>]+>", "", answer.text))

    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["Content-Type"])
    assert all(f"{method} {path}" in text for method, path, _ in operations(document))
    assert '"sizeBytes"?: integer or null' in text
    assert ([], "<script" in answer.text) == (re.findall(r"""(?:src|href)=["'](?!/|data:,)""", answer.text), False)


def test_shapes_are_json_with_types():
    """Lists, choices, references and fields that may be left out."""
    schemas = {"Inner": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}
    schema = {
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": {"$ref": "#/components/schemas/Inner"}},
            "text": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "any": {},
            "names": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["list"],
    }
    expected = (
        '{\n  "list": [{\n    "a": integer\n  }, …],\n  "text"?: string or null,\n  "any"?: '
        'anything,\n  "names"?: {"…": string}\n}'
    )

    assert expected == shape(schema, schemas)


def test_schemathesis_finds_nothing(shared, document, tmp_path):
    """Made-up requests, right and wrong, all get what the document says, and never a server's error."""
    tried = generated_requests.try_out(shared.url, shared.backend.settings.token, tmp_path, examples=EXAMPLES)

    assert 0 == tried.returncode, tried.stdout
    assert f"{len(operations(document))} selected" in tried.stdout
