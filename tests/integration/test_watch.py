"""Watching: every way in which a tree changes, what is left out of it, and what moves without being read again."""

import ctypes
import mmap
import os
import random
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import time
from pathlib import Path

import pytest

import trawl
from trawl import Config, path_of, patience, run, wait_for, write

RENAME_EXCHANGE = 2


def exchange(first, second):
    """Swaps two names in one step, as renameat2 does."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(-100, os.fsencode(first), -100, os.fsencode(second), RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


def fill(directory, count, word):
    for i in range(count):
        write(Path(directory) / f"f{i}.txt", f"{word} {word}{i}zz")


def below(daemon, *parts):
    """The files of the tree below a directory, as sorted bytes."""
    return sorted(trawl.walk(daemon.root.joinpath(*parts)))


class Unread:
    """Asserts that no document was converted meanwhile."""

    def __init__(self, daemon):
        self.daemon = daemon

    def __enter__(self):
        self.before = self.daemon.counters()["conversions"]

    def __exit__(self, kind, *_):
        if kind is None:
            assert self.daemon.counters()["conversions"] == self.before, "something was converted again"


# --- renames ---------------------------------------------------------------------------------------------------------

def test_a_renamed_directory_is_not_read_again(each_home, make_daemon):
    daemon = make_daemon().start()
    fill(daemon.root / "old" / "deep" / "er", 30, "walrus")
    fill(daemon.root / "old", 30, "walrus")
    daemon.sync()
    scans = daemon.counters()["jobs"]
    with Unread(daemon):
        os.rename(daemon.root / "old", daemon.root / "new")
        daemon.sync()
        assert sorted(daemon.found("walrus")) == below(daemon, "new") and len(below(daemon, "new")) == 60
        assert daemon.found("path:old/deep") == set()
    # Nothing went to a worker, but for those whose last change was within a clock tick of their reading.
    assert daemon.counters()["jobs"] - scans <= 20
    # It lives on under its new name.
    write(daemon.root / "new" / "deep" / "er" / "late.txt", "walrus late")
    daemon.sync()
    assert daemon.found("late") == {daemon.absolute("new/deep/er/late.txt")}


def test_a_renamed_directory_keeps_its_identity_over_a_restart(daemon):
    fill(daemon.root / "old", 30, "walrus")
    daemon.start()
    daemon.sync()
    daemon.stop()
    os.rename(daemon.root / "old", daemon.root / "new")
    daemon.start()
    daemon.sync()
    assert daemon.counters()["conversions"] == 0
    assert sorted(daemon.found("walrus")) == below(daemon, "new")


def test_swapped_directories(each_home, make_daemon):
    daemon = make_daemon().start()
    fill(daemon.root / "a" / "sub", 20, "apple")
    fill(daemon.root / "b", 20, "banana")
    daemon.sync()
    with Unread(daemon):
        for i in range(25):
            exchange(daemon.root / "a", daemon.root / "b")
            if i % 3 == 0:
                daemon.sync()
        daemon.sync()
        assert sorted(daemon.found("apple")) == below(daemon, "b")
        assert sorted(daemon.found("banana")) == below(daemon, "a")
    assert daemon.listing() == sorted(trawl.walk(daemon.root))


def test_files_and_directories_trade_names(each_home, make_daemon):
    """A file that is being read when a directory takes its name: nothing of it stays behind under that name."""
    daemon = make_daemon().start()
    random_ = random.Random(20260105)
    for i in range(400 if trawl.FULL else 150):
        top = daemon.root / f"t{i}"
        top.mkdir()
        known = random_.random() < 0.5
        if known:
            write(top / "d" / "in.txt", "inside")
        daemon.sync()
        write(top / "f.txt", f"number {i}")
        time.sleep(random_.choice([0, random_.random() * 0.004]))
        if not known:
            write(top / "d" / "in.txt", "inside")
        exchange(top / "d", top / "f.txt")
        daemon.sync()
        assert [p for p in daemon.listing() if p.startswith(os.fsencode(top))] == sorted(trawl.walk(top)), i
        shutil.rmtree(top)


def test_a_directory_moved_into_its_neighbour_and_deeper(running):
    fill(running.root / "a", 10, "apple")
    fill(running.root / "b", 10, "banana")
    running.sync()
    with Unread(running):
        os.rename(running.root / "a", running.root / "b" / "a")
        os.rename(running.root / "b", running.root / "c")
        os.mkdir(running.root / "b")
        os.rename(running.root / "c", running.root / "b" / "c")
        running.sync()
        assert sorted(running.found("apple")) == below(running, "b", "c", "a")
    assert running.listing() == sorted(trawl.walk(running.root))


def test_a_renamed_file_is_not_read_again(running):
    fill(running.root, 10, "walrus")
    (running.root / "d").mkdir()
    running.sync()
    with Unread(running):
        os.rename(running.root / "f1.txt", running.root / "moved.txt")
        os.rename(running.root / "f2.txt", running.root / "d" / "f2.txt")
        exchange(running.root / "f3.txt", running.root / "f4.txt")
        os.rename(running.root / "f5.txt", running.root / "f6.txt")  # over another
        running.sync()
    assert running.found("walrus1zz") == {running.absolute("moved.txt")}
    assert running.found("walrus2zz") == {running.absolute("d/f2.txt")}
    assert running.found("walrus3zz") == {running.absolute("f4.txt")}
    assert running.found("walrus5zz") == {running.absolute("f6.txt")}
    assert running.found("walrus6zz") == set()


def test_a_thousand_renames(running):
    """Back and forth, with nested directories on both ends."""
    for i in range(5):
        fill(running.root / f"p{i}" / "q", 3, f"deer{i}")
    running.sync()
    with Unread(running):
        for i in range(1000):
            here, there = running.root / f"p{i % 5}", running.root / f"p{(i * 3 + 1) % 5}" / "q" / f"t{i % 5}"
            if here.name != there.parts[-3]:
                os.rename(here, there)
                os.rename(there, here)
        running.sync(60)
    assert running.listing() == sorted(trawl.walk(running.root))


# --- in and out ------------------------------------------------------------------------------------------------------

def test_moved_out_and_back(each_home, make_daemon):
    daemon = make_daemon().start()
    fill(daemon.root / "d" / "e", 20, "stork")
    daemon.sync()
    watches = daemon.call("stats")["gauges"]["watches"]
    with Unread(daemon):
        os.rename(daemon.root / "d", daemon.home / "away")
        daemon.sync()
        assert daemon.found("stork") == set() and daemon.listing() == []
        assert daemon.call("stats")["gauges"]["watches"] == watches - 2
        os.rename(daemon.home / "away", daemon.root / "back")
        daemon.sync()
        assert sorted(daemon.found("stork")) == below(daemon, "back")
    assert daemon.call("stats")["gauges"]["watches"] == watches


def test_what_has_moved_out_is_not_followed(running):
    fill(running.root / "d", 3, "stork")
    running.sync()
    os.rename(running.root / "d", running.home / "away")
    running.sync()
    write(running.home / "away" / "f0.txt", "secretword")
    write(running.home / "away" / "new.txt", "secretword")
    running.sync()
    assert running.found("secretword") == set()
    assert running.explain(running.home / "away" / "new.txt")["verdict"] == "outside"


def test_moved_between_roots(make_daemon):
    daemon = make_daemon()
    second = daemon.home / "second"
    second.mkdir()
    daemon.config["root second"]["path"] = second
    fill(daemon.root / "d", 10, "stork")
    daemon.start()
    daemon.sync()
    with Unread(daemon):
        os.rename(daemon.root / "d", second / "d")
        daemon.sync()
        assert sorted(daemon.found("stork")) == sorted(trawl.walk(second))
    assert daemon.found("stork root:second") == daemon.found("stork")
    assert daemon.found("stork root:docs") == set()


# --- links -----------------------------------------------------------------------------------------------------------

def test_hard_links_change_together(running):
    path = write(running.root / "a.txt", "before")
    (running.root / "d").mkdir()
    os.link(path, running.root / "d" / "b.txt")
    running.sync()
    assert running.found("before") == {path, running.absolute("d/b.txt")}
    write(path, "afterwards")
    running.sync()
    assert running.found("afterwards") == {path, running.absolute("d/b.txt")}
    assert running.found("before") == set()
    os.unlink(path)
    running.sync()
    assert running.found("afterwards") == {running.absolute("d/b.txt")}


def test_links_made_and_written_at_once(running):
    """The write comes through one name while the others are on their way into the index."""
    random_ = random.Random(20260106)

    def rest():
        time.sleep(random_.choice([0, random_.random() * 0.003]))

    for i in range(800 if trawl.FULL else 200):
        top = running.root / f"t{i}"
        top.mkdir()
        running.sync()
        first = write(top / "a.txt", f"older{i} " * 5)
        rest()
        os.link(first, top / "b.txt")
        rest()
        os.link(first, top / "c.txt")
        rest()
        before = os.stat(first)
        with open(top / "b.txt", "r+b") as f:
            f.write(b"x" * before.st_size)
        os.utime(first, ns=(before.st_atime_ns, before.st_mtime_ns))
        rest()
        running.sync()
        stale = [path for path, text in running.texts(trawl.walk(top)) if text != "x" * before.st_size]
        assert stale == [], i
        shutil.rmtree(top)


@pytest.mark.parametrize("how", ["unlink", "move_out", "replace", "directory"])
def test_a_link_that_goes_after_a_write(running, how):
    """The event names the link that is gone; what was written stands under the other."""
    kept, gone = running.absolute("kept.txt"), running.absolute("d/gone.txt")
    (running.root / "d").mkdir()
    for i in range(20):
        write(kept, f"older{i}zz")
        os.link(kept, gone)
        running.sync()
        write(gone, f"newer{i}zz")
        if how == "unlink":
            os.unlink(gone)
        elif how == "move_out":
            os.rename(gone, running.home / "away")
        elif how == "replace":
            write(gone, "something else", "rename")
        elif how == "directory":
            os.unlink(gone)
            os.mkdir(gone)
        running.sync()
        assert kept in running.found(f"newer{i}zz") and running.found(f"older{i}zz") == set(), i
        run(["rm", "-rf", gone])
        running.sync()


def test_files_that_are_only_linked_into_place(each_home, make_daemon):
    """link() and O_TMPFILE with linkat() tell of no write and no move."""
    daemon = make_daemon().start()
    outside = write(daemon.home / "outside.txt", "linkedword")
    os.link(outside, daemon.root / "in.txt")
    daemon.sync()
    assert daemon.found("linkedword") == {daemon.absolute("in.txt")}
    try:
        fd = os.open(daemon.root, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError:  # overlayfs of older kernels
        return
    os.write(fd, b"namelessword")
    directory = os.open(daemon.root, os.O_RDONLY)
    os.link(f"/proc/self/fd/{fd}", "named.txt", dst_dir_fd=directory, follow_symlinks=True)
    os.close(directory)
    daemon.sync()
    assert daemon.found("namelessword") == {daemon.absolute("named.txt")}
    os.close(fd)


def test_symbolic_links_are_never_followed(running):
    outside = running.home / "outside"
    write(outside / "secret.txt", "forbiddenword")
    write(running.root / "real.txt", "realword")
    os.symlink(outside / "secret.txt", running.root / "link.txt")
    os.symlink(outside, running.root / "linkdir")
    os.symlink(".", running.root / "loop")
    os.symlink("/nonexistent", running.root / "dangling.txt")
    os.symlink("real.txt", running.root / "inside.txt")
    running.sync()
    assert running.found("forbiddenword") == set()
    assert running.found("realword") == {running.absolute("real.txt")}
    running.stop()
    running.start()
    running.sync()
    assert running.found("forbiddenword") == set()


def test_file_and_link_swapped_all_the_time(running):
    """The name is a file when looked at, and a link out of the root when opened."""
    secret = write(running.home / "secret.txt", "forbiddenword " * 20)
    name, link = running.absolute("f.txt"), running.absolute("l.txt")
    write(name, "harmless " * 20)
    os.symlink(secret, link)
    deep, aside = running.absolute("d"), running.absolute("aside")
    write(deep + b"/secret.txt", "harmless")
    os.symlink(running.home, aside)
    for i in range(600):
        exchange(name, link)
        exchange(deep, aside)
        if i % 20 == 0:
            os.utime(name)
            assert running.found("forbiddenword", max_age_ms=0) == set()
    running.sync()
    assert running.found("forbiddenword") == set()


# --- what is left out ------------------------------------------------------------------------------------------------

def test_hidden_and_version_control(daemon):
    for name in (".hidden.txt", ".config/a.txt", ".git/HEAD.txt", "src/.git/x.txt", ".hg/x.txt", ".svn/x.txt", "src/ok.txt"):
        write(daemon.root / name, "visibleword")
    daemon.start()
    daemon.sync()
    assert daemon.found("visibleword") == {daemon.absolute("src/ok.txt")}
    assert daemon.explain(".hidden.txt")["verdict"] == "ignored"
    # With hidden = yes, version control's internals stay out.
    daemon.config["root docs"]["hidden"] = "yes"
    daemon.reload()
    wait_for(lambda: len(daemon.found("visibleword", max_age_ms=0)) == 3, 10)
    daemon.sync()
    assert daemon.found("visibleword") == {daemon.absolute(p) for p in ("src/ok.txt", ".hidden.txt", ".config/a.txt")}


def test_ignore_globs_of_the_configuration(daemon):
    daemon.config["root docs"]["ignore"] = "*.o build/ /top.txt"
    for name in ("a.o", "a.txt", "build/x.txt", "deep/build/x.txt", "top.txt", "deep/top.txt"):
        write(daemon.root / name, "someword")
    daemon.start()
    daemon.sync()
    assert daemon.listing() == sorted(daemon.absolute(p) for p in ("a.txt", "deep/top.txt"))
    verdict = daemon.explain("build/x.txt")
    assert verdict["verdict"] == "ignored" and "build/" in verdict["sentence"], verdict


def test_trawlignore(running):
    names = ("a.log", "a.txt", "keep.log", "tmp/x.txt", "d/a.log", "d/keep.log", "d/only.txt", "d/sub/only.txt", "e/only.txt",
             "deep/er/foo/bar.txt", "weird[1].txt", "space name.txt")
    for name in names:
        write(running.root / name, "someword")
    running.sync()
    assert len(running.listing()) == len(names)
    write(running.root / ".trawlignore", "# a comment\n\n*.log\n!keep.log\ntmp/\n**/foo/\nweird\\[1\\].txt\nspace\\ name.txt\n")
    write(running.root / "d" / ".trawlignore", "/only.txt\n!a.log\n")
    running.sync()
    expected = {"a.txt", "keep.log", "d/a.log", "d/keep.log", "d/sub/only.txt", "e/only.txt"}
    assert running.listing() == sorted(running.absolute(p) for p in expected)
    assert running.found("someword") == {running.absolute(p) for p in expected}
    verdict = running.explain("a.log")
    assert verdict["verdict"] == "ignored"
    assert ".trawlignore" in verdict["sentence"] and "3" in verdict["sentence"] and "*.log" in verdict["sentence"], verdict
    # Rules that go bring their files back.
    os.unlink(running.root / ".trawlignore")
    running.sync()
    assert len(running.listing()) == len(names) - 1  # d/only.txt
    os.unlink(running.root / "d" / ".trawlignore")
    running.sync()
    assert len(running.listing()) == len(names)


def test_rules_that_go_before_their_deletion_is_committed(running):
    """Compared with rows that are about to be deleted, the files seem to be as they were."""
    fill(running.root / "d", 20, "someword")
    running.sync()
    db = sqlite3.connect(running.state / "index.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")  # the writer waits
    scans = running.counters()["scans"]
    write(running.root / "d" / ".trawlignore", "*.txt\n")
    wait_for(lambda: running.counters()["scans"] > scans, 5, pause=0.02)
    scans = running.counters()["scans"]
    os.unlink(running.root / "d" / ".trawlignore")
    wait_for(lambda: running.counters()["scans"] > scans, 5, pause=0.02)
    db.execute("ROLLBACK")
    db.close()
    running.sync()
    assert running.listing() == below(running, "d")


def test_a_directory_that_becomes_ignored_by_its_new_name(daemon):
    daemon.config["root docs"]["ignore"] = "build/"
    fill(daemon.root / "src", 5, "someword")
    daemon.start()
    daemon.sync()
    os.rename(daemon.root / "src", daemon.root / "build")
    daemon.sync()
    assert daemon.listing() == [] and daemon.found("someword") == set()
    os.rename(daemon.root / "build", daemon.root / "src")
    daemon.sync()
    assert daemon.listing() == below(daemon, "src")


def test_its_own_state_is_never_indexed(make_daemon):
    """Even where it lies below a root, or is linked into one under an innocent name."""
    daemon = make_daemon()
    daemon.state = daemon.root / "state"
    daemon.state.mkdir()
    write(daemon.root / "a.txt", "innocentword")
    daemon.start()
    daemon.sync()
    for name in os.listdir(daemon.state):
        if name.startswith(("index.db", "lock")) and stat.S_ISREG(os.stat(daemon.state / name).st_mode):
            os.link(daemon.state / name, daemon.root / f"linked-{name}.txt")
    daemon.sync()
    for i in range(20):
        write(daemon.root / f"{i}.txt", f"innocentword {i}")
        daemon.sync()
    assert all(b"/state/" not in p for p in daemon.listing())
    assert daemon.found("innocentword") == {daemon.absolute("a.txt")} | {daemon.absolute(f"{i}.txt") for i in range(20)}
    # Had a descriptor on the database been closed, its locks would be gone, and a second daemon could come in.
    assert daemon.call("check")["ok"] is True
    for name in os.listdir(daemon.root):
        if name.startswith("linked-"):
            assert daemon.explain(name)["verdict"] not in ("indexed", "binary", "failed"), name


def test_what_is_no_file(running):
    write(running.root / "a.txt", "innocentword")
    os.mkfifo(running.root / "fifo.txt")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.fspath(running.root / "sock.txt"))
    if os.geteuid() == 0:
        try:
            os.mknod(running.root / "zero.txt", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        except PermissionError:  # a container without CAP_MKNOD
            pass
    running.sync()
    assert running.found("innocentword") == {running.absolute("a.txt")}
    assert running.explain("fifo.txt")["verdict"] == "not a regular file"
    assert running.failures() == {}
    os.unlink(running.root / "fifo.txt")
    write(running.root / "fifo.txt", "regularnow")
    running.sync()
    assert running.found("regularnow") == {running.absolute("fifo.txt")}
    listener.close()


def start_unprivileged(daemon):
    """Starts it under a user whom modes concern: root reads everything."""
    if os.geteuid() != 0:
        return daemon.start()
    for directory, names, files in os.walk(daemon.home):
        for name in [".", *names, *files]:
            os.chown(os.path.join(directory, name), 65534, 65534, follow_symlinks=False)
    daemon.write_config()
    os.chown(daemon.config_path, 65534, 65534)
    return daemon.start(user=65534, group=65534, extra_groups=[])


def test_unreadable_files_and_directories(daemon):
    write(daemon.root / "a.txt", "innocentword")
    write(daemon.root / "closed.txt", "closedword")
    write(daemon.root / "closed" / "b.txt", "closedword")
    os.chmod(daemon.root / "closed.txt", 0)
    os.chmod(daemon.root / "closed", 0)
    start_unprivileged(daemon)
    daemon.sync()
    assert daemon.found("innocentword") == {daemon.absolute("a.txt")}
    assert daemon.explain("closed.txt")["verdict"] == "unreadable"
    assert daemon.absolute("closed.txt") in daemon.failures()
    # Opened up, they come in by the event alone.
    os.chmod(daemon.root / "closed.txt", 0o644)
    os.chmod(daemon.root / "closed", 0o755)
    daemon.sync()
    assert daemon.found("closedword") == {daemon.absolute("closed.txt"), daemon.absolute("closed/b.txt")}
    assert daemon.failures() == {}


# --- names and depths ------------------------------------------------------------------------------------------------

HOSTILE = [b"two words.txt", b"new\nline.txt", b"-rf.txt", b"$(touch pwned).txt", b"`id`.txt", b"\xff\xfe\x80.txt",
           b"a;b&c|d.txt", b"'quote\".txt", b"\x1b[31mred.txt", b"%n%s.txt", b"x" * 251 + b".txt", b"\xed\xa0\x80.txt",
           b"\xe2\x80\xaertl.txt", b"*.txt", b"?", b"[a].txt", b"a:b.txt", b"back\\slash.txt", b" lead.txt", b"trail.txt "]


def test_hostile_names_come_back_exactly(each_home, make_daemon):
    daemon = make_daemon().start()
    for i, name in enumerate(HOSTILE):
        write(daemon.root / "plain" / os.fsdecode(name), f"hostile{i}zz")
        write(os.path.join(os.fsencode(daemon.root), name[:253] + b".d", b"in.txt"), f"inside{i}zz")
    daemon.sync()
    for i, name in enumerate(HOSTILE):
        path = daemon.absolute(b"plain/" + name)
        [hit] = daemon.search(f"hostile{i}zz")["hits"]
        assert path_of(hit) == path == path_of(hit["paths"][0])
        assert daemon.found(f"inside{i}zz") == {daemon.absolute(name[:253] + b".d/in.txt")}
        assert daemon.explain(path)["verdict"] == "indexed"
        assert daemon.document(path)["text"].strip() == f"hostile{i}zz"
    assert daemon.listing() == sorted(trawl.walk(daemon.root))
    assert not (daemon.root / "pwned").exists() and not (daemon.home / "pwned").exists()


def test_deeper_than_a_path_may_be_long(running):
    """Directories nested beyond PATH_MAX: whatever becomes of the deepest, the rest is indexed and sync comes back."""
    write(running.root / "a.txt", "innocentword")
    here = os.open(running.root, os.O_RDONLY)
    try:
        for i in range(24):
            name = b"%02d" % i + b"n" * 200
            os.mkdir(name, dir_fd=here)
            below_here = os.open(name, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below_here
            fd = os.open(b"f.txt", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=here)
            os.write(fd, b"level%dzz" % i)
            os.close(fd)
    finally:
        os.close(here)
    running.sync()
    assert running.found("innocentword") == {running.absolute("a.txt")}
    for i in range(15):
        assert len(running.found(f"level{i}zz")) == 1, i

    run(["sh", "-c", "rm -rf -- [0-9]*"], cwd=running.root)
    running.sync()
    assert running.listing() == [running.absolute("a.txt")]


# --- events ----------------------------------------------------------------------------------------------------------

def test_overflow_of_the_event_queue(running):
    """More events than the kernel keeps, while the daemon stands still."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 200000:
        pytest.skip(f"fs.inotify.max_queued_events is {limit}: overflowing it would take too long")
    fill(running.root / "d", 10, "early")
    running.sync()
    os.kill(running.pid, signal.SIGSTOP)
    try:
        for i in range(limit // 2):  # two names, so that no two events in a row are alike
            os.utime(running.root / "d" / f"f{i % 2}.txt")
            os.chmod(running.root / "d" / f"f{2 + i % 2}.txt", 0o644)
        for i in range(300):
            write(running.root / f"n{i % 7}" / f"f{i}.txt", f"afterflood{i}zz")
        os.rename(running.root / "d", running.root / "e")
        os.unlink(running.root / "e" / "f9.txt")
        write(running.root / "e" / "f8.txt", "afterflood too")
    finally:
        os.kill(running.pid, signal.SIGCONT)
    running.sync(60)
    assert running.counters()["overflows"] >= 1
    assert running.listing() == sorted(trawl.walk(running.root))
    for i in (0, 150, 299):
        assert running.found(f"afterflood{i}zz") == {running.absolute(f"n{i % 7}/f{i}.txt")}
    assert running.found("afterflood too") == {running.absolute("e/f8.txt")}


@pytest.mark.parametrize("how", ["rename", "truncate", "sed", "append", "mmap", "exchange", "backup"])
def test_every_way_that_editors_save(each_home, make_daemon, how):
    daemon = make_daemon().start()
    path = daemon.root / "note.txt"
    write(path, "original " + "x" * 100)
    daemon.sync()
    for i in range(10):
        word = f"{how}{i}zz"
        text = f"{word:<20}" + "y" * 88 + "\n"
        if how == "rename":
            write(path, text, "rename")
        elif how == "truncate":
            write(path, text)
        elif how == "append":
            write(path, "\n" + text, "append")
        elif how == "sed":
            subprocess.run(["sed", "-i", f"1s/^[^ ]*/{word}/", path], check=True)
        elif how == "mmap":
            with open(path, "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
                m[:20] = f"{word:<20}".encode()
        elif how == "exchange":
            write(daemon.root / "spare.tmp", text)
            exchange(path, daemon.root / "spare.tmp")
        elif how == "backup":  # as vim does: the old file becomes note.txt~
            os.rename(path, daemon.root / "note.txt~")
            write(path, text)
            os.unlink(daemon.root / "note.txt~")
        daemon.sync()
        assert daemon.absolute("note.txt") in daemon.found(word), i


def test_same_size_same_tick_same_mtime(each_home, make_daemon):
    daemon = make_daemon().start()
    path = write(daemon.root / "note.txt", "start000zz")
    daemon.sync()
    kept = os.stat(path)
    for i in range(300):
        with open(path, "r+b") as f:
            f.write(b"count%03dzz" % i)
        os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))
        daemon.sync()
        assert daemon.found(f"count{i:03}zz") == {path}, i


def test_same_size_while_the_daemon_was_away(each_home, make_daemon):
    daemon = make_daemon().start()
    path = write(daemon.root / "note.txt", "start000zz")
    daemon.sync()
    kept = os.stat(path)
    for i in range(5):
        daemon.stop()
        with open(path, "r+b") as f:
            f.write(b"count%03dzz" % i)
        os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))
        daemon.start()
        daemon.sync()
        assert daemon.found(f"count{i:03}zz") == {path}, i


def test_deep_trees_made_at_once(running):
    """mkdir races: the watch comes after the directory, the scan after the watch."""
    for i in range(200):
        deep = running.root / f"t{i}" / "b" / "c" / "d" / "e"
        os.makedirs(deep)
        write(deep / "f.txt", f"common deep{i}zz")
    running.sync()
    assert len(running.found("common")) == 200
    assert running.call("stats")["gauges"]["watches"] == 1 + 200 * 5


def test_deleted_trees(running):
    for i in range(5):
        fill(running.root / "a" / f"b{i}" / "c", 20, "doomed")
    fill(running.root / "stay", 5, "staying")
    running.sync()
    shutil.rmtree(running.root / "a")
    running.sync()
    assert running.found("doomed") == set()
    assert running.listing() == below(running, "stay")
    assert running.call("stats")["gauges"]["watches"] == 2


def test_a_log_that_never_rests(daemon):
    """It is stored as it was read, again and again, and holds nobody up."""
    daemon.start()
    write(daemon.root / "other.txt", "otherword")
    writer = trawl.popen(["/usr/bin/python3", "-c",
                          "import sys, time\nf = open(sys.argv[1], 'a')\n"
                          "while True:\n    f.write('logline\\n'); f.flush(); time.sleep(0.0005)",
                          os.fspath(daemon.root / "busy.log")])
    try:
        wait_for(lambda: daemon.found("logline", max_age_ms=0), 20)
        write(daemon.root / "late.txt", "lateword")
        wait_for(lambda: daemon.found("lateword", max_age_ms=0), 5)
    finally:
        writer.kill()
        writer.wait()
        trawl.forget(writer)
    write(daemon.root / "busy.log", "quietword")
    daemon.sync()
    assert daemon.found("quietword") == {daemon.absolute("busy.log")} and daemon.found("logline") == set()


def test_a_file_that_is_written_for_long_settles(make_daemon):
    """IN_MODIFY without a close: found after the settle time, not at each write."""
    daemon = make_daemon(Config(settle="300ms")).start()
    with open(daemon.root / "open.txt", "w") as f:
        f.write("unclosedword")
        f.flush()
        wait_for(lambda: daemon.found("unclosedword", max_age_ms=0), 10)
        jobs = daemon.counters()["jobs"]
        for _ in range(20):
            f.write("x")
            f.flush()
        assert daemon.counters()["jobs"] - jobs <= 5


# --- roots -----------------------------------------------------------------------------------------------------------

def test_a_root_that_goes_is_offline_and_comes_back(daemon):
    fill(daemon.root, 5, "resident")
    daemon.start()
    daemon.sync()
    os.rename(daemon.root, daemon.home / "unplugged")
    wait_for(lambda: daemon.status()["roots"][0]["state"] == "offline", 10)
    hits = daemon.search("resident", max_age_ms=0)["hits"]
    assert len(hits) == 5 and all(hit["offline"] is True for hit in hits)
    assert daemon.status()["state"] == "degraded"
    with Unread(daemon):
        os.rename(daemon.home / "unplugged", daemon.root)
        wait_for(lambda: daemon.status()["roots"][0]["state"] != "offline", 40, pause=0.1)
        daemon.sync()
        assert not any(hit["offline"] for hit in daemon.search("resident")["hits"])


def test_a_root_that_is_missing_at_the_start(daemon):
    fill(daemon.root, 5, "resident")
    daemon.start()
    daemon.sync()
    daemon.stop()
    os.rename(daemon.root, daemon.home / "unplugged")
    daemon.start()
    daemon.sync()
    hits = daemon.search("resident")["hits"]
    assert len(hits) == 5 and all(hit["offline"] is True for hit in hits)
    os.rename(daemon.home / "unplugged", daemon.root)


def test_a_root_removed_from_the_configuration(make_daemon):
    daemon = make_daemon()
    second = daemon.home / "second"
    daemon.config["root second"]["path"] = second
    fill(daemon.root, 5, "first")
    fill(second, 5, "second")
    daemon.start()
    daemon.sync()
    assert len(daemon.listing()) == 10
    del daemon.config["root second"]["path"]
    daemon.config.sections = [s for s in daemon.config.sections if s[0] != "root second"]
    daemon.reload()
    wait_for(lambda: len(daemon.listing()) == 5, 10)
    assert daemon.found("second", max_age_ms=0) == set()
    daemon.config["root second"]["path"] = second
    daemon.reload()
    wait_for(lambda: len(daemon.found("second", max_age_ms=0)) == 5, 10)


def test_out_of_watches_is_polled(make_daemon):
    """In a user namespace with fifty watches: that part is polled, the rest stays live, and status says so."""
    limited = ["unshare", "--user", "--map-root-user", "sh", "-c",
               'echo 50 >/proc/sys/user/max_inotify_watches && exec "$@"', "sh"]
    if run([*limited, "true"]).returncode != 0:
        pytest.skip("this machine lets nobody make a user namespace with limits of its own")
    daemon = make_daemon()
    for i in range(150):
        write(daemon.root / f"d{i:03}" / "f.txt", f"many many{i}zz")
    daemon.start(wrapper=limited)
    daemon.sync(60)
    assert len(daemon.found("many")) == 150
    coverage = daemon.status()["roots"][0]["coverage"]
    assert coverage["polled"] > 50 and coverage["live"] > 10 and coverage["stale"] == 0, coverage
    assert coverage["polled_age_s"] < patience(60), coverage
    assert daemon.status()["state"] == "degraded"
    for i in (0, 75, 149):
        write(daemon.root / f"d{i:03}" / "f.txt", f"polled{i}zz")
    assert daemon.sync()["beyond"], "sync names what it cannot vouch for"
    if not trawl.FULL:  # the interval is half a minute
        daemon.call("reindex")
        daemon.sync()
    for i in (0, 75, 149):
        wait_for(lambda: daemon.found(f"polled{i}zz", max_age_ms=0) == {daemon.absolute(f"d{i:03}/f.txt")}, 40)


def test_polling_where_the_configuration_asks(make_daemon):
    daemon = make_daemon()
    daemon.config["root docs"]["poll"] = "200ms"
    fill(daemon.root / "d", 5, "early")
    daemon.start()
    daemon.sync()
    write(daemon.root / "d" / "new.txt", "polledword")
    wait_for(lambda: daemon.found("polledword", max_age_ms=0), 10)
    os.unlink(daemon.root / "d" / "new.txt")
    wait_for(lambda: not daemon.found("polledword", max_age_ms=0), 10)


def test_the_slow_rescan_is_a_safety_net(make_daemon):
    """What no event tells: a write through a hard link that lies outside."""
    daemon = make_daemon(Config(rescan="1s"))
    path = write(daemon.root / "in.txt", "beforeword")
    outside = daemon.home / "out.txt"
    os.link(path, outside)
    daemon.start()
    daemon.sync()
    write(outside, "behindword")
    wait_for(lambda: daemon.found("behindword", max_age_ms=0) == {path}, 30)
