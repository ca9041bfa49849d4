"""A queue of four and 20,000 files: bounded memory, a loop that answers, a live file that overtakes the scan."""

import os
import threading
import time


import trawl
from trawl import patience, wait_for

FILES = 20000


def make_tree(root):
    line = "the scan has many files like this one, and each has a few words of its own\n"
    for d in range(200):
        directory = os.fsencode(root) + b"/d%03d" % d
        os.mkdir(directory)
        for f in range(FILES // 200):
            with open(directory + b"/f%03d.txt" % f, "w") as out:
                out.write(f"{line}bulk unique{d}x{f}zz\n{line * (f % 20)}")


class StatusPoller(threading.Thread):
    """Asks for `status` all the time; keeps how long each answer took, and how late this machine's own clock was."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.client, self.enough, self.took, self.states = daemon.connect(), threading.Event(), [], set()

    def run(self):
        while not self.enough.is_set():
            slept = time.monotonic()
            time.sleep(0.01)
            late = time.monotonic() - slept - 0.01
            begin = time.monotonic()
            status = self.client.call("status")
            self.took.append((time.monotonic() - begin, late))
            self.states.add(status["state"])
        self.client.close()

    def finish(self):
        self.enough.set()
        self.join()


def test_twenty_thousand_files_through_a_queue_of_four(make_daemon):
    daemon = make_daemon(trawl.Config(queue_size=4))
    make_tree(daemon.root)
    daemon.start()
    poller = StatusPoller(daemon)
    poller.start()

    # The live lane, in the middle of it.
    wait_for(lambda: daemon.status()["files"]["indexed"] > 200, 30, pause=0.02)
    lags = []
    for i in range(5):
        assert daemon.status()["state"] == "scanning", "the scan was over before the live files came"
        path = trawl.write(daemon.root / f"live{i}.txt", f"lively{i}zz", "rename")
        begin = time.monotonic()
        wait_for(lambda: daemon.found(f"lively{i}zz", max_age_ms=0) == {path}, 5, pause=0.005)
        lags.append(time.monotonic() - begin)

    daemon.sync(300)
    poller.finish()
    peak = trawl.process_status(daemon.pid, "VmHWM") / 1024
    slowest = max(took for took, _ in poller.took)
    print(f"live {max(lags) * 1000:.0f} ms, status {slowest * 1000:.1f} ms (of {len(poller.took)}), peak {peak:.1f} MiB")
    assert daemon.search("bulk", limit=1)["total"] == FILES
    assert len(daemon.listing()) == FILES + 5
    assert daemon.failures() == {}
    assert max(lags) <= patience(1)
    assert slowest <= patience(0.05)
    if not trawl.SANITIZED:
        assert peak <= 100


def test_the_queue_is_bounded(daemon):
    """With its workers stuck, no more than queue_size documents wait, whatever is on disk."""
    daemon.config["daemon"].update(queue_size=4, workers=1)
    daemon.converter("slow", "#!/bin/sh\nexec sleep 600\n", time="10m")
    for i in range(200):
        trawl.write(daemon.root / f"d{i % 20}" / f"{i}.slow", f"{i}")
    before = time.monotonic()
    daemon.start()
    wait_for(lambda: daemon.call("stats")["gauges"]["queue_bulk"] >= 3, 10)  # room is told of by halves
    for _ in range(20):
        gauges = daemon.call("stats")["gauges"]
        assert gauges["queue_bulk"] <= 4 and gauges["queue_live"] <= 4
        time.sleep(0.01)
    # And it still ends in time, with all of that undone.
    assert daemon.stop() < patience(10)
    assert time.monotonic() - before < patience(30)


def test_one_big_directory(daemon):
    """The rest of one directory is what the loop keeps when the queue is full."""
    daemon.config["daemon"].update(queue_size=4)
    for i in range(3000):
        trawl.write(daemon.root / f"{i}.txt", f"single{i}zz common")
    daemon.start()
    daemon.sync(120)
    assert daemon.search("common", limit=1)["total"] == 3000
    assert len(daemon.listing()) == 3000


def test_large_texts_are_bounded_in_bytes(daemon):
    """Results wait for the writer by their bytes, not by their number."""
    block = "".join(f"word{i} " for i in range(50000))
    for i in range(16):
        trawl.write(daemon.root / f"{i}.txt", f"big{i}zz " + block * 8)  # 4 MiB each
    daemon.start()
    daemon.sync(180)
    assert daemon.search("word37777", limit=1)["total"] == 16
    peak = trawl.process_status(daemon.pid, "VmHWM") / 1024
    print(f"peak {peak:.1f} MiB")
    if not trawl.SANITIZED:
        assert peak <= 200
