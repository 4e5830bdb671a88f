"""Sources behind TLS: certificates, and redirects that would leave it."""

from __future__ import annotations

import pytest
from source_server import Fault, Video, noise, running_source_server
from tls_servers import HERE, make_authority

from pipeline.cancel import CancelToken
from pipeline.errors import SourceError
from pipeline.sources.fetching import FetchListener, fetch_source, located
from pipeline.transfer.http.control import TransferControl

CONTENT = noise(1_200_000)


@pytest.fixture
def authority(tmp_path):
    """Who signs the server's certificate, and is known to nobody."""
    return make_authority(tmp_path / "authority.pem")


@pytest.fixture
def secure(authority):
    """A server behind TLS."""
    with running_source_server(authority.context_for(HERE)) as running:
        running.videos["/a.mp4"] = Video(CONTENT)
        yield running


def test_a_certificate_that_nobody_knows_is_one_sentence(secure, config, job_of, quick):
    """It says what to check, and the address without its query."""
    with pytest.raises(SourceError) as refused, located(job_of(f"{secure.url}/a.mp4?secret"), config, CancelToken()):
        raise AssertionError
    assert (
        f"The certificate of {secure.url} can't be trusted, so {secure.url}/a.mp4 was not fetched: check the address, "
        "or let REQUESTS_CA_BUNDLE name the certificates of whoever signed it."
    ) == str(refused.value)


def test_a_certificate_that_a_setting_names_is_trusted(secure, authority, config, job_of, monkeypatch):
    """As for uploads."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.path))
    job = job_of(f"{secure.url}/a.mp4")
    assert len(CONTENT) == fetch_source(job, config, CancelToken(), TransferControl(), FetchListener()) + (1 << 20)
    with located(job, config, CancelToken()) as found:
        assert CONTENT == found.job.source.read_bytes()


def test_what_was_encrypted_stays_so(secure, authority, config, job_of, monkeypatch, quick):
    """A redirect from https to http is not followed."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.path))
    with running_source_server() as plain:
        plain.videos["/a.mp4"] = Video(CONTENT)
        secure.faults += [Fault(status=302, headers={"Location": f"{plain.url}/a.mp4?secret"})] * 2
        with (
            pytest.raises(SourceError, match=r"sends the program on from .* to where it does not go") as refused,
            located(job_of(f"{secure.url}/a.mp4"), config, CancelToken()),
        ):
            raise AssertionError
        assert ([], False) == (plain.asked, "secret" in str(refused.value))
