"""changes: what became of the tree since a clock, for whoever mirrors it."""

import os
import shutil
import signal

import pytest

import trawl
from trawl import RpcError, path_of, wait_for, write


def since(daemon, clock, limit=1000):
    """[(kind, path below the root, is a directory)] after a sync, and the clock then."""
    daemon.sync()
    changes, now, fresh = daemon.changes(clock, limit)
    assert not fresh
    prefix = len(os.fsencode(daemon.root)) + 1
    return [(c["kind"], os.fsdecode(path_of(c)[prefix:]), c["dir"]) for c in changes], now


@pytest.fixture
def followed(running):
    running.sync()
    return running, running.changes()[1]


def test_created_changed_deleted(followed):
    daemon, clock = followed
    write(daemon.root / "a.txt", "one")
    seen, clock = since(daemon, clock)
    assert seen == [("created", "a.txt", False)]
    seen, clock = since(daemon, clock)
    assert seen == []
    write(daemon.root / "a.txt", "two")
    seen, clock = since(daemon, clock)
    assert seen == [("changed", "a.txt", False)]
    os.chmod(daemon.root / "a.txt", 0o600)
    seen, clock = since(daemon, clock)
    assert seen == [("changed", "a.txt", False)]
    os.unlink(daemon.root / "a.txt")
    seen, clock = since(daemon, clock)
    assert seen == [("deleted", "a.txt", False)]


def test_created_and_changed_in_between_is_created(followed):
    daemon, clock = followed
    for text in ("one", "two", "three"):
        write(daemon.root / "a.txt", text)
        daemon.sync()
    assert since(daemon, clock)[0] == [("created", "a.txt", False)]


def test_created_and_deleted_in_between(followed):
    daemon, clock = followed
    write(daemon.root / "a.txt", "one")
    daemon.sync()
    os.unlink(daemon.root / "a.txt")
    seen, _ = since(daemon, clock)
    assert seen in ([], [("deleted", "a.txt", False)])


def test_a_moved_file(followed):
    daemon, clock = followed
    write(daemon.root / "a.txt", "one")
    (daemon.root / "d").mkdir()
    _, clock = since(daemon, clock)
    os.rename(daemon.root / "a.txt", daemon.root / "d" / "b.txt")
    daemon.sync()
    [change] = [c for c in daemon.changes(clock)[0] if not c["dir"]]
    assert change["kind"] == "moved"
    assert path_of(change) == daemon.absolute("d/b.txt") and path_of(change, "from") == daemon.absolute("a.txt")


def test_a_moved_directory_is_one_record(followed):
    daemon, clock = followed
    for i in range(30):
        write(daemon.root / "old" / "sub" / f"{i}.txt", f"word{i}")
    _, clock = since(daemon, clock)
    os.rename(daemon.root / "old", daemon.root / "new")
    daemon.sync()
    [change] = daemon.changes(clock)[0]
    assert change["kind"] == "moved" and change["dir"] is True
    assert path_of(change) == daemon.absolute("new") and path_of(change, "from") == daemon.absolute("old")


def test_directories(followed):
    daemon, clock = followed
    os.makedirs(daemon.root / "d" / "e")
    seen, clock = since(daemon, clock)
    assert sorted(seen) == [("created", "d", True), ("created", "d/e", True)]
    write(daemon.root / "d" / "e" / "a.txt", "x")
    _, clock = since(daemon, clock)
    shutil.rmtree(daemon.root / "d")
    seen, clock = since(daemon, clock)
    assert {s for s in seen if s[0] == "deleted"} == {("deleted", "d", True), ("deleted", "d/e", True),
                                                      ("deleted", "d/e/a.txt", False)}
    assert all(kind == "deleted" for kind, _, _ in seen)


def test_every_record_has_its_own_clock(followed):
    daemon, clock = followed
    for i in range(20):
        write(daemon.root / f"{i}.txt", f"x{i}")
    daemon.sync()
    changes = daemon.changes(clock)[0]
    clocks = [c["clock"] for c in changes]
    assert len(set(clocks)) == len(clocks) == 20
    numbers = [int(c.rsplit(":", 1)[1]) for c in clocks]
    assert numbers == sorted(numbers)
    assert len({c.rsplit(":", 1)[0] for c in clocks}) == 1


@pytest.mark.parametrize("limit", [1, 3, 7, 1000])
def test_pages(followed, limit):
    daemon, clock = followed
    for i in range(25):
        write(daemon.root / f"{i}.txt", f"x{i}")
    daemon.sync()
    first = daemon.call("changes", since=clock, limit=limit)
    assert len(first["changes"]) == min(limit, 25) and first["more"] is (limit < 25)
    seen, _ = since(daemon, clock, limit)
    assert sorted(name for _, name, _ in seen) == sorted(f"{i}.txt" for i in range(25)) and len(seen) == 25


def test_all_of_it(followed):
    daemon, _ = followed
    for i in range(25):
        write(daemon.root / "d" / f"{i}.txt", f"x{i}")
    write(daemon.root / "gone.txt", "x")
    daemon.sync()
    os.unlink(daemon.root / "gone.txt")
    daemon.sync()
    for limit in (2, 1000):
        changes = daemon.changes(None, limit)[0]
        files = sorted(path_of(c) for c in changes if not c["dir"] and c["kind"] != "deleted")
        assert files == sorted(trawl.walk(daemon.root))
        assert {c["kind"] for c in changes} <= {"created", "deleted"}
    assert daemon.call("changes", since=None, limit=1000)["changes"] == daemon.changes(None)[0]


def test_clocks_survive_restarts(followed):
    daemon, clock = followed
    write(daemon.root / "a.txt", "x")
    _, clock = since(daemon, clock)
    daemon.stop()
    write(daemon.root / "b.txt", "x")
    os.unlink(daemon.root / "a.txt")
    daemon.start()
    seen, clock = since(daemon, clock)
    assert sorted(seen) == [("created", "b.txt", False), ("deleted", "a.txt", False)]
    daemon.kill()
    daemon.start()
    seen, _ = since(daemon, clock)
    assert seen == []


def test_another_store_is_a_fresh_instance(followed):
    daemon, clock = followed
    write(daemon.root / "a.txt", "x")
    _, clock = since(daemon, clock)
    daemon.stop()
    shutil.rmtree(daemon.state)
    daemon.state.mkdir()
    daemon.start()
    daemon.sync()
    changes, now, fresh = daemon.changes(clock)
    assert fresh is True
    assert [path_of(c) for c in changes if not c["dir"]] == [daemon.absolute("a.txt")], "everything is listed"
    assert now.split(":")[0] != clock.split(":")[0]


def test_a_clock_of_the_future(followed):
    """Nobody was ever given that: an error or everything, but never silence."""
    daemon, clock = followed
    write(daemon.root / "a.txt", "x")
    daemon.sync()
    instance = clock.rsplit(":", 1)[0]
    try:
        result = daemon.call("changes", since=f"{instance}:999999999")
    except RpcError as e:
        assert e.code == -32602
    else:
        assert result["fresh_instance"] is True and result["changes"]


def test_names_that_are_no_text(followed):
    daemon, clock = followed
    name = b"\xff\xfe.txt"
    write(daemon.absolute(name), "x")
    daemon.sync()
    [change] = daemon.changes(clock)[0]
    assert path_of(change) == daemon.absolute(name) and "\ufffd" in change["path"]
    os.rename(daemon.absolute(name), daemon.absolute(b"\xfd.txt"))
    clock = change["clock"]
    daemon.sync()
    [change] = daemon.changes(clock)[0]
    assert path_of(change, "from") == daemon.absolute(name) and path_of(change) == daemon.absolute(b"\xfd.txt")


def test_many_changes_under_load(followed):
    """A follower that asks all the time sees every file, whatever the paging does."""
    daemon, clock = followed
    seen = set()
    for i in range(300):
        write(daemon.root / f"d{i % 9}" / f"{i}.txt", f"word{i}")
        if i % 10 == 0:
            changes, clock, fresh = daemon.changes(clock, 5)
            seen |= {path_of(c) for c in changes if not c["dir"]}
            assert not fresh
    daemon.sync()
    seen |= {path_of(c) for c in daemon.changes(clock, 5)[0] if not c["dir"]}
    assert seen == set(trawl.walk(daemon.root))


def test_the_clock_moves_with_each_change_only(followed):
    daemon, _ = followed
    before = daemon.status()["clock"]
    daemon.sync()
    daemon.search("anything")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: daemon.call("version"), 5)
    daemon.sync()
    assert daemon.status()["clock"] == before
