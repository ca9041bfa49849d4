"""At rest: nobody is woken, and what work takes is given back."""

import os
import re
import time
from pathlib import Path

import pytest

import trawl
from trawl import patience, wait_for, write

REST_S = 12  # the longest that anything goes on after the last thing done
STILL_S = 10


def switches(pid):
    """How often each thread went to sleep: one more, and it was woken meanwhile."""
    return {task.name: int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), re.M).group(1))
            for task in Path(f"/proc/{pid}/task").iterdir()}


def connections(daemon):
    """Of the daemon to its database, by their logs: SQLite keeps the file itself open for the next one."""
    fds = Path(f"/proc/{daemon.pid}/fd")
    return sum(os.readlink(fd).endswith("/index.db-wal") for fd in fds.iterdir())


@pytest.mark.skipif(not trawl.FULL, reason="takes half a minute of waiting")
@pytest.mark.skipif(trawl.SANITIZED, reason="a sanitizer has threads of its own")
def test_an_idle_daemon_sleeps_and_keeps_one_connection(daemon):
    # A converter that is not there must not be looked for again and again.
    daemon.converter("gone", [daemon.home / "nowhere" / "gone", "-"])
    for i in range(200):
        write(daemon.root / f"{i}.txt", f"some words number{i}")
    write(daemon.root / "a.gone", "x")
    daemon.start()
    daemon.sync()
    for i in range(200):
        assert daemon.found(f"number{i}")
    write(daemon.root / "last.txt", "lastword")  # a scan of its own, after the crawl
    daemon.sync()
    assert daemon.found("lastword")
    daemon.hang_up()
    assert connections(daemon) > 2
    time.sleep(REST_S)
    before = switches(daemon.pid)
    assert connections(daemon) == 1, "the writer's"
    time.sleep(STILL_S)
    assert switches(daemon.pid) == before
    # And all of it comes back.
    assert daemon.found("lastword")
    write(daemon.root / "again.txt", "againword")
    wait_for(lambda: daemon.found("againword", max_age_ms=0), patience(5))
