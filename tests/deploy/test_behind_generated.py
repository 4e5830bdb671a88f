"""Made-up requests to the backend behind nginx; with SCHEMATHESIS_EXAMPLES on both storages."""

import os

import generated_requests
import pytest
import s3_server
from deployment import TOKEN

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "5"))
"""For each operation. A thorough look takes 200 and some minutes: CONTRIBUTING.md."""

STORAGES = ("LOCAL", "S3") if "SCHEMATHESIS_EXAMPLES" in os.environ or s3_server.missing_programs() else ("S3",)
"""The usual look at LOCAL, without nginx, is tests/backend/test_reference_page.py."""


@pytest.mark.parametrize("storage", STORAGES)
def test_schemathesis_finds_nothing(storage, request, deployed, tmp_path):
    """Everything gets what the document says, through TLS and below the prefix."""
    bucket = request.getfixturevalue("s3_bucket") if storage == "S3" else None
    with deployed(bucket) as place:
        tried = generated_requests.try_out(
            place.url, TOKEN, tmp_path, examples=EXAMPLES, authority=place.proxy.authority
        )

    assert 0 == tried.returncode, tried.stdout
