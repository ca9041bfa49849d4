"""sync means it: after write, sync, search the new content is found and the old is not, without sleeping."""

import os
import time

import pytest

import trawl
from trawl import RpcError, patience, write

WAYS = ("write", "rename", "rewrite", "grow", "unlink", "move", "link")


def store(root, i, old, new):
    """Makes `new` the only content of note number i % 7, in one of the ways that files are saved."""
    path = os.fsencode(root) + b"/note-%d.txt" % (i % 7)
    way = WAYS[(i // 7) % len(WAYS)]
    text = f"round {i} {new}\n"
    if way in ("write", "rename"):
        write(path, text, way)
    elif way == "rewrite":  # in place, of the same length where that can be
        with open(path, "r+b") as f:
            f.write(text.encode())
            f.truncate()
    elif way == "grow":  # truncate, then append twice
        write(path, "")
        write(path, text[:9], "append")
        write(path, text[9:], "append")
    elif way == "unlink":
        os.unlink(path)
        write(path, text)
    elif way == "move":  # over a directory's border
        away = write(os.fsencode(root) + b"/side/%d.txt" % i, text)
        os.rename(away, path)
    elif way == "link":
        away = write(os.fsencode(root) + b"/side/%d.txt" % i, text)
        os.unlink(path)
        os.link(away, path)
        os.unlink(away)


def test_a_thousand_rounds(each_home, make_daemon):
    daemon = make_daemon().start()
    words = {}
    for i in range(7):
        words[i] = f"zero{i}zz"
        write(daemon.root / f"note-{i}.txt", words[i])
    (daemon.root / "side").mkdir()
    daemon.sync()
    for i in range(1000):
        slot, old, new = i % 7, words[i % 7], f"word{i}zz"
        store(daemon.root, i, old, new)
        # Half of the rounds trust the memo's default: a completed sync is a floor below which it serves nothing.
        age = {"max_age_ms": 0} if i % 2 else {}
        if i % 3 == 2:
            result = daemon.search(new, sync_ms=int(patience(20) * 1000), **age)
            assert result["synced"] is True
        else:
            daemon.sync()
            result = daemon.search(new, **age)
        path = os.fsencode(daemon.root) + b"/note-%d.txt" % slot
        where = f"round {i}, {WAYS[(i // 7) % len(WAYS)]}"
        assert [trawl.path_of(h) for h in result["hits"]] == [path], where
        assert result["total"] == 1, where
        assert daemon.found(old, **age) == set(), where
        words[slot] = new


def test_sync_waits_for_everything_below_a_new_tree(running):
    """Directories made a moment ago are not watched yet when their files are written."""
    for i in range(20):
        deep = running.root / f"t{i}" / "a" / "b" / "c" / "d" / "e"
        deep.mkdir(parents=True)
        (deep / "f.txt").write_text(f"needle{i}zz")
        running.sync()
        assert running.found(f"needle{i}zz") == {os.fsencode(deep / "f.txt")}


def test_sync_cuts_settling_short(make_daemon):
    """A file that is still open for writing would settle for ten seconds."""
    daemon = make_daemon(trawl.Config(settle="10s")).start()
    with open(daemon.root / "open.log", "w") as f:
        f.write("halfway")
        f.flush()
        begin = time.monotonic()
        daemon.sync()
        assert time.monotonic() - begin < 8
        assert daemon.found("halfway") == {os.fsencode(f.name)}
        f.write(" further")
        f.flush()
        daemon.sync()
        assert daemon.found("halfway further") == {os.fsencode(f.name)}


def test_sync_includes_the_first_scan(daemon):
    for i in range(300):
        write(daemon.root / f"d{i % 10}" / f"{i}.txt", f"early common{i}zz")
    daemon.start()
    daemon.sync()
    assert daemon.search("early", limit=1)["total"] == 300


def test_sync_answers_a_clock_that_changes_understands(running):
    first = running.sync()["clock"]
    path = write(running.root / "a.txt", "alpha")
    second = running.sync()["clock"]
    assert isinstance(first, str) and ":" in first and second != first
    changes, clock, fresh = running.changes(first)
    assert [trawl.path_of(c) for c in changes if not c["dir"]] == [path]
    assert not fresh and clock == second


def test_sync_times_out_while_a_converter_works(daemon):
    daemon.converter("slow", "#!/bin/sh\nsleep 3\necho late\n", time="60s", processes=4)
    daemon.start()
    write(daemon.root / "a.slow", "x")
    with pytest.raises(RpcError) as e:
        daemon.call("sync", timeout_ms=200)
    assert e.value.code == -32000 and e.value.word == "timeout" and e.value.data["retryable"] is True
    daemon.sync()
    assert daemon.found("late") == {daemon.absolute("a.slow")}


def test_search_with_sync_that_runs_out_answers_unsynced(daemon):
    daemon.converter("slow", "#!/bin/sh\nsleep 2\necho late\n", time="60s", processes=4)
    daemon.start()
    write(daemon.root / "a.slow", "x")
    result = daemon.search("late", sync_ms=100)
    assert result["synced"] is False
    daemon.sync()


def test_sync_counts_a_first_failure_as_done(daemon):
    daemon.converter("bad", "#!/bin/sh\nexit 65\n")
    daemon.start()
    write(daemon.root / "a.bad", "x")
    daemon.sync()
    assert daemon.absolute("a.bad") in daemon.failures()


def test_sync_while_paused_is_an_error_at_once(running):
    running.call("pause")
    write(running.root / "a.txt", "alpha")
    begin = time.monotonic()
    with pytest.raises(RpcError) as e:
        running.call("sync", timeout_ms=60000)
    assert e.value.word == "paused" and time.monotonic() - begin < patience(2)
    running.call("resume")
    running.sync()
    assert running.found("alpha") == {running.absolute("a.txt")}


def test_many_syncs_at_once(running):
    clients = [running.connect() for _ in range(20)]
    try:
        for i, client in enumerate(clients):
            write(running.root / f"{i}.txt", f"several{i}zz")
            client.last = client.send("sync", timeout_ms=int(patience(20) * 1000))
        for i, client in enumerate(clients):
            client.receive(client.last)
            hits = client.call("search", query=f"several{i}zz")["hits"]
            assert [trawl.path_of(h) for h in hits] == [running.absolute(f"{i}.txt")]
    finally:
        for client in clients:
            client.close()
