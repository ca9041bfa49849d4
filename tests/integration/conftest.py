"""Fixtures: a fresh directory and a daemon in it for every test, and the check that both left nothing behind."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
import hypothesis

import trawl

hypothesis.settings.register_profile(
    "trawl", deadline=None, derandomize=not trawl.FULL, database=None, print_blob=True,
    suppress_health_check=list(hypothesis.HealthCheck))
hypothesis.settings.load_profile("trawl")


def _on_memory():
    return Path(os.environ.get("TRAWL_TEST_DIR") or "/dev/shm")


def _on_disk():
    """A directory that is not on tmpfs; the machine's only kind of file system if there is none."""
    for place in ("/var/tmp", "/tmp", trawl.BUILD):
        if not trawl.is_tmpfs(place) and os.access(place, os.W_OK):
            return Path(place)
    return Path("/tmp")


def _make_home(place):
    # Short, since a socket's path has 108 bytes.
    return Path(tempfile.mkdtemp(prefix="trawl-", dir=place))


def pytest_sessionstart(session):
    if not session.config.option.collectonly and not (trawl.BUILD / "trawld").exists():
        pytest.exit(f"{trawl.BUILD}/trawld is not built; TRAWL_BUILD names the build directory", 2)


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    setattr(item, "report_" + call.when, outcome.get_result())


@pytest.fixture
def home(request):
    """A private directory, on the memory file system unless the test is marked `disk`."""
    place = _on_disk() if request.node.get_closest_marker("disk") else _on_memory()
    path = _make_home(place)
    yield path
    report = getattr(request.node, "report_call", None)
    if report is not None and report.failed and os.environ.get("TRAWL_KEEP"):
        print(f"kept: {path}")
        return
    # Some tests take their own rights away, some nest deeper than a path may be long.
    subprocess.run(["chmod", "-R", "u+rwX", path], check=True)
    subprocess.run(["rm", "-rf", path], check=True)


@pytest.fixture(params=["memory", pytest.param("disk", marks=pytest.mark.disk)])
def each_home(request):
    """`home` twice: on the memory file system and on the disk's, whose events and time stamps differ."""
    return request.getfixturevalue("home")


@pytest.fixture
def make_daemon(request, home):
    """Makes daemons, not yet started; each is stopped and checked when the test ends."""
    made = []

    def make(config=None, name=None):
        place = home
        if name is not None:
            place = home / name
            place.mkdir()
        made.append(trawl.Daemon(place, config))
        return made[-1]

    yield make
    errors = []
    for daemon in made:
        try:
            daemon.finish()
        except AssertionError as e:
            errors.append(e)
    report = getattr(request.node, "report_call", None)
    if report is not None and report.failed:
        for daemon in made:
            print(f"--- standard error of {daemon.home}\n{daemon.stderr_text()[-6000:]}")
    if errors:
        raise errors[0]


@pytest.fixture
def daemon(make_daemon):
    """One daemon with the default test configuration, not yet started."""
    return make_daemon()


@pytest.fixture
def running(daemon):
    """The same, started, with an empty tree."""
    return daemon.start()
