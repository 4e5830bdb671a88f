"""Storages of both kinds, started and closed around a test, and what they are filled with."""

import asyncio

import pytest
import s3_server

from storage import LocalSettings, create

KINDS = ["local"] if s3_server.missing_programs() else ["local", pytest.param("s3", marks=pytest.mark.s3)]
NEED_S3 = ["test_s3_storage.py", "test_copy_command.py", "test_s3_objects.py", "test_conditional_write.py"]
collect_ignore = NEED_S3 if s3_server.missing_programs() else []


@pytest.fixture
def run():
    """Return what runs a coroutine; all of one test run in one event loop, which storages need."""
    loop = asyncio.new_event_loop()
    yield loop.run_until_complete
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.fixture
def started(run):
    """Return what makes a started storage of settings; all are closed after the test."""
    made = []

    def start(settings, **options):
        made.append(create(settings, **options))
        run(made[-1].start())
        return made[-1]

    yield start
    for storage in made:
        run(storage.close())


@pytest.fixture(params=KINDS)
def settings(request, tmp_path):
    """The settings of an empty storage, of each kind in turn."""
    return LocalSettings(root=tmp_path / "root") if request.param == "local" else request.getfixturevalue("s3_settings")


@pytest.fixture
def storage(settings, started):
    """An empty storage, of each kind in turn."""
    return started(settings)
