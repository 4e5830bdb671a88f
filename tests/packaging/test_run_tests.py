"""What ./run-tests installs: an S3 server where that is possible, and without it only some tests are missing."""

import pytest


@pytest.fixture
def run_tests(load, monkeypatch):
    """Return what loads the module, on what it takes for a Debian, with what it installs noted or refused."""

    def loaded(*, root, missing=("radosgw",), error=None):
        module = load("run_tests")
        installed = []

        def install(packages, *, purpose):
            installed.append((packages, purpose))
            if error is not None:
                raise module.SetUpError(error)

        monkeypatch.setattr(module, "has_apt", lambda: True)
        monkeypatch.setattr(module, "is_root", lambda: root)
        monkeypatch.setattr(module, "install", install)
        monkeypatch.setattr(
            module, "S3_SERVER_PACKAGES", {name: lambda name=name: name not in missing for name in module.S3_SERVER_PACKAGES}
        )
        module.install_s3_server()
        return installed

    return loaded


def test_the_missing_packages_are_installed(run_tests):
    """As root on Debian what is missing is installed, and only that."""
    assert [(["radosgw", "ceph-osd"], "The tests on a real S3 server need")] == run_tests(root=True, missing=("radosgw", "ceph-osd"))


@pytest.mark.parametrize(("root", "missing"), [(False, ("radosgw",)), (True, ())], ids=["not root", "nothing is missing"])
def test_nothing_is_installed(run_tests, capsys, root, missing):
    """Who may not install packages, or has them, is not bothered."""
    assert [] == run_tests(root=root, missing=missing)
    assert "" == capsys.readouterr().err


def test_a_failed_installation_is_no_end(run_tests, capsys):
    """Where the packages can't be had, that is said, and the other tests run."""
    run_tests(root=True, error="They could not be installed.")
    assert "They could not be installed. These tests are left out.\n" == capsys.readouterr().err
