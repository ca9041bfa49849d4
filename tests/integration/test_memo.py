"""The memo: exact by the clock, stale at most by the time to live, one flight for identical queries."""

import os
import threading
import time

import pytest

import trawl
from trawl import Config, RpcError, patience, wait_for, write


def memo_of(daemon):
    return daemon.status()["memo"]


@pytest.fixture
def patient(make_daemon):
    """A daemon whose memo keeps for an hour, so that only the clock, a floor or a request can refuse an entry."""
    daemon = make_daemon()
    daemon.config["memo"]["ttl"] = "1h"
    for i in range(100):
        write(daemon.root / f"{i}.txt", f"common number{i}")
    daemon.start()
    daemon.sync()
    return daemon


def commit_without_sync(daemon, name, text):
    """A change that is committed though nobody asked for a sync: no floor is raised."""
    before = daemon.status()["clock"]
    write(daemon.root / name, text, "rename")
    wait_for(lambda: daemon.status()["clock"] != before, 10)
    wait_for(lambda: daemon.explain(name)["verdict"] == "indexed", 10)


def test_the_second_answer_is_cached(patient):
    first = patient.search("common", limit=5)
    second = patient.search("common", limit=5)
    assert first["cached"] is False and second["cached"] is True
    assert second["age_ms"] >= 0 and first["age_ms"] == 0
    assert second["clock"] == first["clock"]
    assert {k: v for k, v in first.items() if k not in ("cached", "age_ms", "took_ms")} == \
        {k: v for k, v in second.items() if k not in ("cached", "age_ms", "took_ms")}


def test_another_request_is_another_entry(patient):
    base = {"query": "common", "limit": 5}
    patient.call("search", base)
    for other in ({"limit": 6}, {"offset": 1}, {"sort": "time"}, {"sort": "time", "order": "asc"}, {"snippet": {"tokens": 5}},
                  {"query": "common number7"}, {"query": '"common number7"'}):
        assert patient.call("search", {**base, **other})["cached"] is False, other
        assert patient.call("search", {**base, **other})["cached"] is True, other


def test_the_key_is_canonical(patient):
    """Blanks and the order of members make no difference."""
    patient.call("search", {"query": "common number7", "limit": 5})
    assert patient.call("search", {"limit": 5, "query": "  common \t number7 "})["cached"] is True


def test_within_the_ttl_an_old_answer_is_told_as_old(patient):
    old = patient.search("common", limit=1)
    commit_without_sync(patient, "new.txt", "common brandnew")
    stale = patient.search("common", limit=1)
    assert stale["cached"] is True and stale["total"] == 100 and stale["clock"] == old["clock"]
    assert stale["age_ms"] > 0


def test_exact_only(patient):
    """max_age_ms 0: an answer of this clock or a new one."""
    patient.search("common", limit=1)
    assert patient.search("common", limit=1, max_age_ms=0)["cached"] is True, "the same clock: exact"
    commit_without_sync(patient, "new.txt", "common brandnew")
    fresh = patient.search("common", limit=1, max_age_ms=0)
    assert fresh["cached"] is False and fresh["total"] == 101
    assert patient.search("common", limit=1, max_age_ms=0)["cached"] is True


def test_an_age_in_between(patient):
    patient.search("common", limit=1)
    commit_without_sync(patient, "new.txt", "common brandnew")
    time.sleep(0.3)
    assert patient.search("common", limit=1, max_age_ms=3600_000)["total"] == 100
    assert patient.search("common", limit=1, max_age_ms=100)["total"] == 101


def test_a_sync_is_a_floor(patient):
    patient.search("common", limit=1)
    write(patient.root / "new.txt", "common brandnew")
    patient.sync()
    assert patient.search("common", limit=1)["total"] == 101
    with patient.connect() as other:
        assert other.call("search", query="common", limit=1)["total"] == 101


def test_the_ttl_ends(make_daemon):
    daemon = make_daemon()
    daemon.config["memo"]["ttl"] = "300ms"
    write(daemon.root / "a.txt", "common")
    daemon.start()
    daemon.sync()
    assert daemon.search("common")["total"] == 1
    commit_without_sync(daemon, "b.txt", "common too")
    wait_for(lambda: daemon.search("common")["total"] == 2, 3)
    # And the timer sweeps what nobody asks for again.
    commit_without_sync(daemon, "c.txt", "other")
    wait_for(lambda: memo_of(daemon)["entries"] == 0, 10)
    assert memo_of(daemon)["expired"] >= 1


def test_without_a_ttl_everything_is_exact(make_daemon):
    daemon = make_daemon()
    daemon.config["memo"]["ttl"] = "0"
    write(daemon.root / "a.txt", "common")
    daemon.start()
    daemon.sync()
    daemon.search("common")
    assert daemon.search("common")["cached"] is True
    commit_without_sync(daemon, "b.txt", "common too")
    assert daemon.search("common")["total"] == 2


def test_bounded_in_entries(make_daemon):
    daemon = make_daemon()
    daemon.config["memo"].update(ttl="1h", entries=10)
    write(daemon.root / "a.txt", "common")
    daemon.start()
    daemon.sync()
    for i in range(50):
        daemon.search(f"word{i}")
        daemon.search("word0")  # stays: it is always the one used last but one
    memo = memo_of(daemon)
    assert memo["entries"] <= 10 and memo["evictions"] >= 40
    assert daemon.search("word0")["cached"] is True
    assert daemon.search("word1")["cached"] is False


def test_bounded_in_bytes(make_daemon):
    daemon = make_daemon()
    daemon.config["memo"].update(ttl="1h", bytes="64K")
    for i in range(200):
        write(daemon.root / f"{i}.txt", f"common number{i}")
    daemon.start()
    daemon.sync()
    for i in range(1, 100):
        daemon.search("common", limit=i)
        assert memo_of(daemon)["bytes"] <= 65536


def test_sighup_clears_it(patient):
    patient.search("common", limit=1)
    assert memo_of(patient)["entries"] >= 1
    patient.reload()
    wait_for(lambda: memo_of(patient)["entries"] == 0, 10)
    assert patient.search("common", limit=1)["cached"] is False


def test_reload_clears_it(patient):
    patient.search("common", limit=1)
    patient.call("reload")
    wait_for(lambda: memo_of(patient)["entries"] == 0, 10)


def test_counters(patient):
    before = memo_of(patient)
    patient.search("common", limit=3)
    patient.search("common", limit=3)
    commit_without_sync(patient, "new.txt", "x")
    patient.search("common", limit=3)
    after = memo_of(patient)
    assert after["misses"] - before["misses"] == 1
    assert after["hits_exact"] - before["hits_exact"] == 1
    assert after["hits_ttl"] - before["hits_ttl"] == 1
    assert after["ttl_ms"] == 3600_000


def test_identical_queries_in_flight_are_one(patient):
    """Fifty clients ask the same at the same moment: far fewer than fifty run."""
    before = patient.counters()["queries"]
    clients = [patient.connect() for _ in range(50)]
    start = threading.Barrier(50)
    totals = []

    def ask(client):
        start.wait()
        totals.append(client.call("search", query="common OR number*", limit=100, snippet={"tokens": 30})["total"])

    threads = [threading.Thread(target=ask, args=(c,)) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert totals == [100] * 50
    assert patient.counters()["queries"] - before <= 2
    memo = memo_of(patient)
    assert memo["joined"] + memo["hits_exact"] >= 48


def test_partial_answers_are_not_kept(patient):
    try:
        first = patient.search("common", limit=100, timeout_ms=1, snippet={"tokens": 60})
    except RpcError as e:
        assert e.word == "timeout"
        first = {"partial": True}
    again = patient.search("common", limit=100, snippet={"tokens": 60})
    assert again["partial"] is False and again["total"] == 100
    assert again["cached"] is not first["partial"]


def test_a_waiter_that_leaves_takes_no_one_along(patient):
    for _ in range(30):
        with patient.connect() as leaver, patient.connect() as stayer:
            leaver.send("search", query="number*", limit=100, max_age_ms=0, snippet={"tokens": 40})
            request = stayer.send("search", query="number*", limit=100, max_age_ms=0, snippet={"tokens": 40})
            leaver.close()
            assert stayer.receive(request)["total"] == 100
        os.utime(patient.root / "1.txt")


def test_relative_dates_are_part_of_the_key(patient):
    assert patient.search("common modified:1d")["total"] == 100
    assert patient.search("common modified:1d")["cached"] is True
    assert patient.search("common modified:2d")["cached"] is False


def test_an_hour_long_ttl_is_not_the_default(make_daemon):
    daemon = make_daemon(Config()).start()
    assert memo_of(daemon)["ttl_ms"] == 1000


# --- ahead of whoever asks ----------------------------------------------------------------------------------------------

@pytest.fixture
def warm(make_daemon):
    """A daemon that keeps its three hottest searches warm, with a time to live that would hide a late refresh."""
    daemon = make_daemon()
    daemon.config["memo"].update(ttl="250ms", warm=3)
    for i in range(100):
        write(daemon.root / f"{i}.txt", f"common number{i}")
    daemon.start()
    daemon.sync()
    return daemon


def test_the_hottest_are_asked_again_after_a_commit(warm):
    for i in range(6):
        for _ in range(6 - i):
            warm.search(f"number{i}", limit=1)
    before = memo_of(warm)
    commit_without_sync(warm, "new.txt", "number0 number5 brandnew")
    wait_for(lambda: memo_of(warm)["refreshed"] >= before["refreshed"] + 3, 10)
    queries = warm.counters()["queries"]
    for i in range(3):
        answer = warm.search(f"number{i}", limit=1, max_age_ms=0)
        assert answer["cached"] is True, i
        assert answer["total"] == (2 if i == 0 else 1)
    assert warm.counters()["queries"] == queries
    after = memo_of(warm)
    assert after["hits_ahead"] - before["hits_ahead"] == 3
    assert warm.search("number5", limit=1, max_age_ms=0)["cached"] is False, "not among the hottest"
    assert warm.counters()["memo_refreshed"] == memo_of(warm)["refreshed"]


def test_a_burst_of_commits_is_one_round(warm):
    warm.search("common", limit=1)
    before = memo_of(warm)["refreshed"]
    begin = time.monotonic()
    for i in range(40):
        commit_without_sync(warm, f"burst{i}.txt", f"burst {i}")
    rounds = (time.monotonic() - begin) / 0.25 + 2
    wait_for(lambda: warm.search("common", limit=1, max_age_ms=0)["cached"], 10)
    assert 1 <= memo_of(warm)["refreshed"] - before <= rounds


def test_nothing_is_asked_when_nothing_changes(warm):
    warm.search("common", limit=1)
    commit_without_sync(warm, "new.txt", "new")
    wait_for(lambda: warm.search("common", limit=1, max_age_ms=0)["cached"], 10)
    warm.hang_up()
    time.sleep(0.5)

    def state():
        switches = sum(int(line.split()[1]) for task in os.listdir(f"/proc/{warm.pid}/task")
                       for line in open(f"/proc/{warm.pid}/task/{task}/status") if line.startswith("voluntary"))
        return switches, sum(map(int, open(f"/proc/{warm.pid}/stat").read().rsplit(")", 1)[1].split()[11:13]))
    before = state()
    time.sleep(2)
    after = state()
    if not trawl.SANITIZED:
        assert after[0] - before[0] <= 20 and after[1] - before[1] <= 1, (before, after)


def test_a_reload_forgets_what_was_hot(warm):
    for _ in range(5):
        warm.search("common", limit=1)
    warm.call("reload")
    before = memo_of(warm)["refreshed"]
    commit_without_sync(warm, "new.txt", "common")
    time.sleep(0.8)
    assert memo_of(warm)["refreshed"] == before


def test_warm_is_off_by_default(patient):
    patient.search("common", limit=1)
    commit_without_sync(patient, "new.txt", "common")
    time.sleep(0.5)
    assert memo_of(patient)["refreshed"] == 0


@pytest.mark.skipif(not trawl.FULL, reason="up to a minute of waiting")
def test_at_a_time_of_day(make_daemon):
    """At the next full minute, by the local clock of a zone of its own."""
    daemon = make_daemon()
    if time.time() % 60 > 57:
        time.sleep(4)
    zone = "XYZ-03:17"
    daemon.env["TZ"] = zone
    at = time.gmtime(time.time() + 60 + (3 * 60 + 17) * 60)
    daemon.config["memo"].update(warm=2, warm_at=f"{at.tm_hour:02}:{at.tm_min:02}", entries=1)
    write(daemon.root / "a.txt", "common word")
    daemon.start()
    daemon.sync()
    # Only one answer is kept, so of two that are hot one is always missing: what runs at that time is seen.
    daemon.search("common")
    daemon.search("word")
    assert memo_of(daemon)["refreshed"] == 0
    due = (60 - time.time() % 60)
    wait_for(lambda: memo_of(daemon)["refreshed"] >= 1, due + 5, pause=0.1)


# --- what must hold ----------------------------------------------------------------------------------------------------

class Writer(threading.Thread):
    """Writes `counter N` into one file as fast as it can, by rename, and remembers when each N was in place."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.daemon_under_test = daemon
        self.stop = threading.Event()
        self.placed = 0

    def run(self):
        n = 0
        while not self.stop.is_set():
            n += 1
            write(self.daemon_under_test.root / f"w{n % 20}.txt", f"steady writer{n}", "rename")
            self.placed = n

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop.set()
        self.join()


def test_exact_under_a_writer_at_full_speed(make_daemon):
    """max_age_ms 0: never older than any clock that was told before the question was asked."""
    daemon = make_daemon()
    daemon.config["memo"].update(ttl="1h", warm=2)
    daemon.start()
    daemon.sync()
    clock_of = lambda answer: int(answer["clock"].rsplit(":", 1)[1])
    cached = 0
    with Writer(daemon) as writer, daemon.connect() as other:
        end = time.monotonic() + patience(2)
        while time.monotonic() < end:
            told = clock_of(other.call("status"))
            answer = daemon.search("steady", limit=1, max_age_ms=0)
            assert clock_of(answer) >= told
            cached += answer["cached"]
    daemon.sync()
    assert daemon.search("steady", limit=1, max_age_ms=0)["total"] == min(20, writer.placed)


def test_a_stale_answer_never_outlives_the_ttl(make_daemon):
    """Whatever is served was exact no longer than ttl ago: its clock had not been passed yet ttl before the question."""
    ttl = 0.2
    daemon = make_daemon()
    daemon.config["memo"].update(ttl="200ms", warm=1)
    daemon.start()
    daemon.sync()
    clock_of = lambda answer: int(answer["clock"].rsplit(":", 1)[1])
    seen = []  # (when the status had been told, its clock)
    stale = 0
    with Writer(daemon), daemon.connect() as other:
        end = time.monotonic() + patience(2.5)
        while time.monotonic() < end:
            seen.append((time.monotonic(), clock_of(other.call("status"))))
            asked = time.monotonic()
            answer = daemon.search("steady", limit=1)
            assert answer["age_ms"] <= ttl * 1000
            bound = max((clock for when, clock in seen if when < asked - ttl), default=0)
            assert clock_of(answer) >= bound
            stale += answer["cached"] and clock_of(answer) < seen[-1][1]
    assert stale > 0, "nothing stale was served: this has shown nothing"


def test_a_hundred_identical_queries_run_once(patient):
    """All sent before the first can be answered: the readers are kept busy by another client meanwhile."""
    clients = [patient.connect() for _ in range(100)]
    with patient.connect() as busy:
        heavy = [busy.send("search", query=f"number* OR common{i}", limit=100, snippet={"tokens": 60}) for i in range(40)]
        before = patient.counters()["queries"]
        ids = [c.send("search", query="common -number7", limit=3) for c in clients]
        assert {c.receive(i)["total"] for c, i in zip(clients, ids)} == {99}
        for i in heavy:
            busy.receive(i)
        assert patient.counters()["queries"] - before <= 40 + 1
    for client in clients:
        client.close()
    memo = memo_of(patient)
    assert memo["joined"] + memo["hits_exact"] == 99


def test_eviction_holds_both_bounds(make_daemon):
    daemon = make_daemon()
    daemon.config["memo"].update(ttl="1h", entries=20, bytes="100K")
    for i in range(100):
        write(daemon.root / f"{i}.txt", f"common number{i}")
    daemon.start()
    daemon.sync()
    most = [0, 0]
    for i in range(150):
        daemon.search("common", limit=1 + i * 37 % 100)
        memo = memo_of(daemon)
        assert memo["entries"] <= 20 and memo["bytes"] <= 100 << 10
        most = [max(a, b) for a, b in zip(most, (memo["entries"], memo["bytes"]))]
    assert most[1] > 50 << 10 and memo_of(daemon)["evictions"] > 50
