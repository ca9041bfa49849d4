"""kill -9 at random moments, while indexing and while files change: after the restart the index converges."""

import os
import random
import threading
import time

import trawl
from trawl import patience, wait_for

SEED = 20260102
ROUNDS = int(os.environ.get("TRAWL_KILLS", "100" if trawl.FULL else "10"))
WORDS = "ash birch cedar elm fir holly larch maple oak pine yew".split()


class Editor(threading.Thread):
    """Changes the tree until it is told to stop.  Every file carries a word of its own, so that a double shows."""

    def __init__(self, root, seed):
        super().__init__(daemon=True)
        self.root, self.random, self.enough = os.fsencode(root), random.Random(seed), threading.Event()

    def run(self):
        while not self.enough.is_set():
            try:
                self.step()
            except (FileNotFoundError, FileExistsError, NotADirectoryError, OSError):
                pass  # its own directory moved under it: another step comes
            time.sleep(self.random.random() * 0.002)

    def path(self):
        r = self.random
        return os.path.join(self.root, b"d%d" % r.randrange(6), b"s%d" % r.randrange(4), b"f%d.txt" % r.randrange(12))

    def step(self):
        r, path = self.random, self.path()
        kind = r.random()
        if kind < 0.45:
            trawl.write(path, content_for(r), r.choice(["write", "rename", "append"]))
        elif kind < 0.6:
            os.unlink(path)
        elif kind < 0.75:
            os.rename(path, self.path())
        elif kind < 0.85:
            os.rename(os.path.dirname(path), os.path.dirname(self.path()))
        elif kind < 0.95:
            first, second = os.path.dirname(os.path.dirname(path)), os.path.dirname(os.path.dirname(self.path()))
            os.rename(first, first + b"-aside")
            try:
                os.rename(second, first)
            finally:
                os.rename(first + b"-aside", second if not os.path.exists(second) else first)
        else:
            os.chmod(path, r.choice([0o600, 0o644]))


def content_for(random_):
    return f"own{random_.randrange(10**12)}zz {' '.join(random_.choices(WORDS, k=40))}\n" * random_.randrange(1, 60)


def make_tree(root, random_):
    for i in range(288):
        trawl.write(os.fsencode(root) + b"/d%d/s%d/f%d.txt" % (i % 6, i // 6 % 4, i // 24), content_for(random_))


def check_converged(daemon):
    tree = trawl.walk(daemon.root)
    assert daemon.listing() == sorted(tree), "paths: nothing twice, nothing missing"
    for path, text in daemon.texts(tree):
        assert text.split() == tree[path].decode().split(), path
    for path in sorted(tree)[::10]:
        words = tree[path].split()
        if words:
            same = {p for p, content in tree.items() if words[0] in content.split()}
            assert daemon.found(words[0].decode()) == same, path
    assert daemon.failures() == {}, "no innocent file is quarantined"
    report = daemon.call("check")
    assert report["ok"] is True, report


def test_kill_at_random_moments(each_home, make_daemon):
    daemon = make_daemon(trawl.Config(queue_size=16))
    random_ = random.Random(SEED)
    print(f"seed {SEED}, {ROUNDS} rounds")
    make_tree(daemon.root, random_)
    for i in range(ROUNDS):
        editor = Editor(daemon.root, SEED + i)
        if i % 2:
            editor.start()
        daemon.start(wait=False)
        time.sleep(patience(random_.choice([0.01, 0.05, 0.2, 0.6])) * random_.random())
        if i % 5 == 4:  # while it ends by itself
            daemon.process.terminate()
            time.sleep(random_.random() * 0.02)
        daemon.kill()
        if i % 2:
            editor.enough.set()
            editor.join()
        if i % 10 == 9 or random_.random() < 0.3 or i == ROUNDS - 1:
            daemon.start()
            daemon.sync(60)
            check_converged(daemon)
            make_tree(daemon.root, random_)  # something to be busy with in the next rounds
            if random_.random() < 0.5:
                daemon.stop()
            else:
                daemon.kill()


def test_an_acknowledged_file_survives(daemon):
    """What `sync` has acknowledged is in the store, and no conversion is repeated after the restart."""
    make_tree(daemon.root, random.Random(SEED))
    daemon.start()
    daemon.sync(60)
    clock = daemon.changes()[1]
    daemon.kill()
    daemon.start()
    daemon.sync(60)
    check_converged(daemon)
    assert daemon.counters()["conversions"] == 0
    _, now, fresh = daemon.changes(clock)
    assert not fresh, "the same boot: the clock goes on"


def test_the_file_that_kills_the_daemon_is_quarantined(daemon):
    """In flight whenever the daemon dies: after three deaths it is left alone, and its neighbours are not."""
    daemon.converter("slow", "#!/bin/sh\nexec sleep 600\n", time="10m")
    for i in range(8):
        trawl.write(daemon.root / f"innocent{i}.txt", f"innocent{i}")
    trawl.write(daemon.root / "poison.slow", "x")
    for deaths in range(6):
        daemon.start()
        settled = ("converting", "quarantined")
        if wait_for(lambda: (v := daemon.explain("poison.slow")["verdict"]) in settled and v, 20) == "quarantined":
            break
        daemon.kill()
    # The first time it was one of nine in flight, then three times alone.
    assert deaths in (3, 4)
    daemon.sync()
    assert set(daemon.failures()) == {daemon.absolute("poison.slow")}
    assert daemon.failures()[daemon.absolute("poison.slow")]["attempts"] == 3
    assert daemon.found("innocent*") == {daemon.absolute(f"innocent{i}.txt") for i in range(8)}
    # New content, a new chance.
    daemon.stop()
    daemon.converter("slow", "#!/bin/sh\necho cured\n", time="10m")
    trawl.write(daemon.root / "poison.slow", "y")
    daemon.start()
    daemon.sync()
    assert daemon.found("cured") == {daemon.absolute("poison.slow")}
    assert daemon.failures() == {}
