"""Property: whatever happens to the tree, after a sync the index is the tree: the same paths, the same content.

The oracle is the disk itself.  A second witness follows `changes` from clock to clock and must come to the same paths.
"""

import itertools
import os
import shutil

import hypothesis.strategies as st
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, rule
from hypothesis.stateful import run_state_machine_as_test

import trawl

LONG = b"L" * 251 + b".txt"  # 255 bytes
NAMES = st.sampled_from([
    b"a.txt", b"b.txt", b"c.txt", b"README", b"two words.txt", b"new\nline.txt", b"-rf.txt", b"--help", b"$(id).txt",
    b"`id`", b"\xff\xfe.txt", b"caf\xe9", b"na\xc3\xafve.txt", b"quote'\".txt", b"*?[.txt", b"%s%n.txt", b"tab\t.txt",
    b"\\.txt", b"trail ", LONG, b"\x01\x7f.txt", b"~tilde.txt", b"a.TXT", b"#hash#.txt",
])
DIRECTORIES = st.sampled_from([
    b"d", b"e", b"f", b"two words", b"new\nline", b"-d", b"$(id)", b"\xff\xfe", b"D" * 255, b"a.txt.d", b"*",
])
WORDS = st.lists(st.sampled_from("ash birch cedar elm fir holly larch maple oak pine yew".split()), max_size=6)
TEXT = WORDS.map(lambda words: "".join(w + "\n" for w in words).encode())


def is_inside(path, directory):
    return path == directory or path.startswith(directory + b"/")


def _path_max_is_near(path):
    return len(path) > 2000


class Tree(RuleBasedStateMachine):
    """One example: a directory of its own inside the daemon's root, and one outside."""

    daemon = None  # set by the test
    number = itertools.count()

    def __init__(self):
        super().__init__()
        number = next(self.number)
        self.top = os.fsencode(self.daemon.root / f"example{number}")
        self.outside = os.fsencode(self.daemon.home / f"outside{number}")
        self.moved_out = 0
        os.mkdir(self.top)
        os.mkdir(self.outside)
        self.clock = self.daemon.changes()[1]
        self.mirror = self._listed()  # {path: is a directory}, from here on by `changes` alone

    # what is there, read anew from disk each time: the machine keeps no model that could be wrong

    def directories(self):
        return [self.top] + sorted(os.path.join(d, n) for d, names, _ in os.walk(self.top) for n in names)

    def files(self):
        return sorted(os.path.join(d, n) for d, _, files in os.walk(self.top) for n in files)

    def pick(self, data, paths):
        return data.draw(st.sampled_from(paths)) if paths else None

    def place(self, data, names):
        """A path in some directory, whether there is something already or not."""
        path = os.path.join(self.pick(data, self.directories()), data.draw(names))
        return None if _path_max_is_near(path) else path

    # rules: every way in which files come, change and go

    @rule(data=st.data(), text=TEXT)
    def create_or_overwrite(self, data, text):
        path = self.place(data, NAMES)
        if path and not os.path.isdir(path):
            with open(path, "wb") as f:
                f.write(text)

    @rule(data=st.data(), text=TEXT)
    def replace_by_rename(self, data, text):
        path = self.place(data, NAMES)
        if path and not os.path.isdir(path):
            trawl.write(path, text, "rename")

    @rule(data=st.data(), text=TEXT)
    def append(self, data, text):
        path = self.pick(data, self.files())
        if path:
            with open(path, "ab") as f:
                f.write(text)

    @rule(data=st.data(), length=st.integers(0, 12))
    def truncate(self, data, length):
        path = self.pick(data, self.files())
        if path:
            os.truncate(path, min(length, os.path.getsize(path)))

    @rule(data=st.data(), text=TEXT)
    def same_size_same_mtime(self, data, text):
        path = self.pick(data, self.files())
        if path and os.path.getsize(path):
            before = os.stat(path)
            with open(path, "r+b") as f:
                f.write((text * before.st_size + b"x" * before.st_size)[:before.st_size])
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(data=st.data(), mode=st.sampled_from([0o600, 0o644, 0o755, 0o400]))
    def chmod(self, data, mode):
        path = self.pick(data, self.files())
        if path:
            os.chmod(path, mode)

    @rule(data=st.data())
    def make_directory(self, data):
        path = self.place(data, DIRECTORIES)
        if path and not os.path.lexists(path):
            os.mkdir(path)

    @rule(data=st.data())
    def rename_file(self, data):
        source, target = self.pick(data, self.files()), self.place(data, NAMES)
        if source and target and not os.path.isdir(target):
            os.rename(source, target)

    @rule(data=st.data())
    def rename_directory(self, data):
        source, target = self.pick(data, self.directories()[1:]), self.place(data, DIRECTORIES)
        if source and target and not is_inside(target, source):
            if not os.path.lexists(target) or (os.path.isdir(target) and not os.listdir(target)):
                os.rename(source, target)

    @rule(data=st.data())
    def swap_two(self, data):
        everything = self.directories()[1:] + self.files()
        first, second = self.pick(data, everything), self.pick(data, everything)
        if first and not is_inside(first, second) and not is_inside(second, first):
            aside = os.path.join(self.outside, b"aside")
            os.rename(first, aside)
            os.rename(second, first)
            os.rename(aside, second)

    @rule(data=st.data(), text=TEXT)
    def move_out_then_change(self, data, text):
        """What has left the root may still deliver events."""
        path = self.pick(data, self.directories()[1:] + self.files())
        if path:
            self.moved_out += 1
            away = os.path.join(self.outside, b"%d" % self.moved_out)
            os.rename(path, away)
            if os.path.isdir(away):
                trawl.write(os.path.join(away, b"late.txt"), text)
            elif os.lstat(away).st_nlink == 1:  # a write through an outside link to an inner file gives no event
                trawl.write(away, text)

    @rule(data=st.data())
    def move_in(self, data):
        source = self.pick(data, sorted(os.path.join(self.outside, n) for n in os.listdir(self.outside)))
        if source:
            target = self.place(data, DIRECTORIES if os.path.isdir(source) else NAMES)
            if target and not os.path.lexists(target):
                os.rename(source, target)

    @rule(data=st.data())
    def copy_tree_in(self, data):
        target = self.place(data, DIRECTORIES)
        if target and not os.path.lexists(target):
            os.makedirs(os.path.join(target, b"deep", b"er"))
            for name in (b"one.txt", b"deep/two.txt", b"deep/er/three.txt"):
                trawl.write(os.path.join(target, name), b"birch\n" + name + b"\n")

    @rule(data=st.data())
    def hard_link(self, data):
        source, target = self.pick(data, self.files()), self.place(data, NAMES)
        if source and target and not os.path.lexists(target):
            os.link(source, target)

    @rule(data=st.data())
    def delete_file(self, data):
        path = self.pick(data, self.files())
        if path:
            os.unlink(path)

    @rule(data=st.data())
    def delete_subtree(self, data):
        path = self.pick(data, self.directories()[1:])
        if path:
            shutil.rmtree(path)

    @rule(data=st.data())
    def file_becomes_directory_and_back(self, data):
        path = self.place(data, NAMES)
        if path and not os.path.isdir(path):
            trawl.unlink_quietly(path)
            os.mkdir(path)
            trawl.write(os.path.join(path, b"inner.txt"), b"maple\n")
            if data.draw(st.booleans()):
                shutil.rmtree(path)
                trawl.write(path, b"cedar\n")

    # what must hold

    @rule()
    def sync_and_compare(self):
        self.compare()

    def compare(self):
        self.daemon.sync()
        tree = trawl.walk(self.top)
        listed = [p for p in self.daemon.listing() if is_inside(p, self.top)]
        assert listed == sorted(tree)
        self.follow()
        followed = sorted(p for p, directory in self.mirror.items() if not directory and is_inside(p, self.top))
        assert followed == sorted(tree)
        self.compare_content(tree)

    def compare_content(self, tree):
        for path, text in self.daemon.texts(tree):
            assert text.split() == tree[path].decode().split(), path
        # And through the full-text index: a word finds exactly the files that have it.
        for word in ("larch", "yew"):
            found = {p for p in self.daemon.found(word) if is_inside(p, self.top)}
            assert found == {p for p, content in tree.items() if word.encode() in content.split()}

    # the second witness

    def _listed(self):
        return {trawl.path_of(c): c["dir"] for c in self.daemon.changes()[0] if c["kind"] != "deleted"}

    def follow(self):
        """What any client may do: first take away what went, then add what is there.  Whoever sees a directory move
        lists again, since only the daemon knows what is below it; and whoever sees an unknown path go: it may be a known
        one that was moved there first."""
        changes, self.clock, fresh = self.daemon.changes(self.clock, limit=7)
        assert not fresh
        if any((c["kind"] == "moved" and (c["dir"] or trawl.path_of(c, "from") not in self.mirror))
               or (c["kind"] == "deleted" and trawl.path_of(c) not in self.mirror) for c in changes):
            self.mirror = self._listed()
            return
        for change in changes:
            if change["kind"] == "deleted":
                gone = trawl.path_of(change)
                self.mirror = {p: d for p, d in self.mirror.items() if not is_inside(p, gone)}
            elif change["kind"] == "moved":
                self.mirror.pop(trawl.path_of(change, "from"), None)
        for change in changes:
            if change["kind"] != "deleted":
                self.mirror[trawl.path_of(change)] = change["dir"]

    def teardown(self):
        self.compare()
        shutil.rmtree(self.top)
        shutil.rmtree(self.outside)
        self.daemon.sync()
        assert [p for p in self.daemon.listing() if is_inside(p, self.top)] == []


def test_the_index_is_the_tree(request, each_home, make_daemon):
    daemon = make_daemon().start()
    daemon.sync()  # the pool has its threads now
    before = daemon.resources()
    # The name is part of what the examples are derived from.
    machine = type("TreeOn" + request.node.callspec.id.title(), (Tree,), {"daemon": daemon})
    # Shrinking repeats a failure hundreds of times, each with its time-outs: only where somebody waits for it.
    phases = set(Phase) - (set() if "TRAWL_SHRINK" in os.environ else {Phase.shrink, Phase.explain})
    run_state_machine_as_test(machine, settings=settings(
        max_examples=400 if trawl.FULL else 30, stateful_step_count=40, deadline=None, phases=phases))
    # Converters and connections to the store stay for a while.
    daemon.check_resources((before[0] + 24, before[1], before[2] + 4))
    report = daemon.call("check")
    assert report["ok"] is True, report
