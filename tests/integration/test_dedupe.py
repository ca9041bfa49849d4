"""Content is converted once: copies, touches, moves and branches switched there and back cost no conversion."""

import os
import shutil
import time

import pytest

import trawl
from trawl import path_of, write


@pytest.fixture
def counted(running):
    """A daemon with one document, and how many conversions came after it."""
    write(running.root / "a.txt", "originalword and more")
    running.sync()
    base = running.counters()

    class Counted:
        daemon = running

        def conversions(self):
            return running.counters()["conversions"] - base["conversions"]

        def saved(self):
            return running.counters()["conversions_saved"] - base["conversions_saved"]

    return Counted()


def test_a_copy(counted):
    daemon = counted.daemon
    shutil.copyfile(daemon.root / "a.txt", daemon.root / "copy.txt")
    write(daemon.root / "d" / "other.txt", "originalword and more")
    daemon.sync()
    assert daemon.found("originalword") == {daemon.absolute(p) for p in ("a.txt", "copy.txt", "d/other.txt")}
    result = daemon.search("originalword")
    assert result["total"] == 1 and result["hits"][0]["paths_total"] == 3, "one document with three paths"
    assert counted.conversions() == 0 and counted.saved() == 2


def test_a_touch(counted):
    daemon = counted.daemon
    os.utime(daemon.root / "a.txt", (1, 1))
    daemon.sync()
    assert counted.conversions() == 0
    assert daemon.search("originalword")["hits"][0]["mtime"] == 1


def test_a_chmod(counted):
    os.chmod(counted.daemon.root / "a.txt", 0o600)
    counted.daemon.sync()
    assert counted.conversions() == 0


def test_the_same_content_again(counted):
    daemon = counted.daemon
    for how in ("write", "rename"):
        write(daemon.root / "a.txt", "originalword and more", how)
        daemon.sync()
    assert counted.conversions() == 0
    assert daemon.found("originalword") == {daemon.absolute("a.txt")}


def test_a_move(counted):
    daemon = counted.daemon
    os.makedirs(daemon.root / "d" / "e")
    os.rename(daemon.root / "a.txt", daemon.root / "d" / "e" / "b.txt")
    daemon.sync()
    assert counted.conversions() == 0
    assert daemon.found("originalword") == {daemon.absolute("d/e/b.txt")}


def test_deleted_and_restored(counted):
    daemon = counted.daemon
    os.unlink(daemon.root / "a.txt")
    daemon.sync()
    assert daemon.found("originalword") == set()
    write(daemon.root / "restored.txt", "originalword and more")
    daemon.sync()
    assert daemon.found("originalword") == {daemon.absolute("restored.txt")}
    assert counted.conversions() == 0 and counted.saved() == 1


def test_a_branch_switched_there_and_back(counted):
    daemon = counted.daemon
    branches = {b: {f"src/f{i}.txt": f"branch{b} file{i}" for i in range(20)} for b in "xy"}
    for branch in "xyxyx":
        for name, content in branches[branch].items():
            write(daemon.root / name, content)
        daemon.sync()
        assert len(daemon.found(f"branch{branch}")) == 20
        assert len(daemon.found("branchx OR branchy")) == 20
    assert counted.conversions() == 40


def test_over_a_restart(counted):
    daemon = counted.daemon
    os.unlink(daemon.root / "a.txt")
    daemon.sync()
    daemon.stop()
    write(daemon.root / "b.txt", "originalword and more")
    daemon.start()
    daemon.sync()
    assert daemon.counters()["conversions"] == 0
    assert daemon.found("originalword") == {daemon.absolute("b.txt")}


def test_another_type_is_another_document(counted):
    """The same bytes through another converter are another text."""
    daemon = counted.daemon
    page = "<p>taggedword</p>"
    write(daemon.root / "page.html", page)
    write(daemon.root / "page.txt", page)
    daemon.sync()
    types = {path_of(h): h["type"] for h in daemon.search("taggedword")["hits"]}
    assert set(types) == {daemon.absolute("page.html"), daemon.absolute("page.txt")}
    assert types[daemon.absolute("page.html")] == "text/html"


def test_more_than_a_hundred_copies(counted):
    daemon = counted.daemon
    for i in range(150):
        write(daemon.root / "many" / f"{i}.txt", "multipleword")
    daemon.sync()
    [hit] = daemon.search("multipleword")["hits"]
    assert len(hit["paths"]) == 100 and hit["paths_total"] == 150
    if not trawl.SANITIZED:  # there the first conversion outlasts the patience of those that wait for it
        assert counted.conversions() <= 3, "at most one for each worker that had it at the same moment"
    # A filter on one path finds the document by it.
    [hit] = daemon.search("multipleword name:149")["hits"]
    assert [path_of(p) for p in hit["paths"]] == [daemon.absolute("many/149.txt")] and hit["paths_total"] == 1


def test_nothing_is_read_again_after_a_restart(daemon):
    for i in range(200):
        write(daemon.root / f"d{i % 7}" / f"{i}.txt", f"word{i}")
    daemon.start()
    daemon.sync()
    daemon.stop()
    time.sleep(0.05)  # beyond the tick in which the last file was written
    for _ in range(2):
        daemon.start()
        daemon.sync()
        assert daemon.counters()["conversions"] == 0
        daemon.stop()
    daemon.start()
    daemon.sync()
    assert daemon.counters()["bytes_read"] == 0
    assert trawl.walk(daemon.root).keys() == set(daemon.listing())
