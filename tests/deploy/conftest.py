"""The backend behind nginx, as docs/deploy.md sets both up."""

import deployment as deployments
import installed_backend
import nginx_proxy
import pytest
import s3_server

_LEFT_OUT = {"test_behind_*": nginx_proxy.nginx() is None, "test_bucket_rights.py": bool(s3_server.missing_programs())}
collect_ignore_glob = [name for name, left_out in _LEFT_OUT.items() if left_out]


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The backend's files and packages, as the container has them."""
    return installed_backend.lay_out(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="session")
def deployed(program, tmp_path_factory):
    """What starts a backend behind nginx: on a bucket, or on a folder."""
    return lambda bucket=None, **settings: deployments.running(
        program, tmp_path_factory.mktemp("deployment"), bucket, **settings
    )


@pytest.fixture(scope="session")
def deployment(deployed):
    """A backend behind nginx that all tests share: use keys of your own."""
    with deployed() as place:
        yield place
