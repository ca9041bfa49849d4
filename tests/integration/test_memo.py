"""The memo: exact by the clock, stale at most by the time to live, one flight for identical queries."""

import os
import threading
import time

import pytest

from trawl import Config, RpcError, wait_for, write


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
