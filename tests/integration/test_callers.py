"""Many callers: each is answered in time whatever the others do; what is canceled stops, what is late ends."""

import json
import statistics
import threading
import time

import pytest

from trawl import RpcError, patience, wait_for, write

# A search that no answer is kept of, and which reads, ranks and quotes everything.
HEAVY = {"limit": 2000, "snippet": {"tokens": 60}, "max_age_ms": 0}


@pytest.fixture(scope="module")
def heavy_tree(tmp_path_factory):
    """Documents enough that one search over them takes a while."""
    root = tmp_path_factory.mktemp("heavy")
    text = " ".join(f"common{i % 50} filler{i}" for i in range(400))
    for i in range(1500):
        write(root / f"d{i % 20}" / f"{i}.txt", f"number{i} common {text} {i}")
    return root


@pytest.fixture
def loaded(make_daemon, heavy_tree):
    daemon = make_daemon()
    daemon.config["memo"]["entries"] = 0
    daemon.config["root docs"]["path"] = heavy_tree
    daemon.start()
    daemon.sync(60)
    return daemon


def heavy(n):
    """The nth of them: no two are the same question."""
    words = " OR ".join(f"common{(n + k) % 50}" for k in range(30))
    return {"query": f"({words}) -absent{n}", "timeout_ms": 60000, **HEAVY}


def timed(client, *args, **kwargs):
    begin = time.monotonic()
    result = client.call(*args, **kwargs)
    return time.monotonic() - begin, result


def seconds_of(daemon, params):
    with daemon.connect() as client:
        return timed(client, "search", params)[0]


def test_two_hundred_clients(loaded):
    clients = [loaded.connect() for _ in range(200)]
    ids = [[c.send("search", query=f"number{n * 7 % 1500}", limit=1, timeout_ms=60000) for _ in range(3)] for n, c in enumerate(clients)]
    for n, client in enumerate(clients):
        for i in ids[n]:
            result = client.receive(i)
            assert result["total"] == 1 and result["hits"][0]["name"] == f"{n * 7 % 1500}.txt"
    assert loaded.call("stats")["gauges"]["clients"] >= 200
    for client in clients:
        client.close()
    wait_for(lambda: loaded.call("stats")["gauges"]["clients"] == 1, 10)


def test_searching_does_not_wait_for_the_writer(make_daemon):
    """While documents pour in, the writer's transactions are in nobody's way."""
    daemon = make_daemon()
    daemon.config["memo"]["entries"] = 0
    for i in range(50):
        write(daemon.root / f"{i}.txt", f"steady number{i}")
    daemon.start()
    daemon.sync()
    stop = threading.Event()

    def pour():
        n = 0
        while not stop.is_set():
            n += 1
            write(daemon.root / f"new{n % 500}.txt", f"pouring {n} " + f"word{n} " * 200)
    writer = threading.Thread(target=pour)
    writer.start()
    try:
        took = []
        before = daemon.status()["clock"]
        end = time.monotonic() + patience(2)
        with daemon.connect() as client:
            while time.monotonic() < end:
                seconds, result = timed(client, "search", query=f"number{len(took) % 50}", max_age_ms=0)
                assert result["total"] == 1
                took.append(seconds)
        assert daemon.status()["clock"] != before, "nothing was written meanwhile"
    finally:
        stop.set()
        writer.join()
    assert statistics.median(took) < patience(0.1) and max(took) < patience(1.0), (statistics.median(took), max(took))


def test_one_with_many_does_not_keep_others_waiting(loaded):
    """256 heavy searches in flight on one connection: another client is next, not the 257th."""
    alone = seconds_of(loaded, heavy(999))
    with loaded.connect() as greedy, loaded.connect() as modest:
        ids = [greedy.send("search", heavy(n)) for n in range(256)]
        waits = [timed(modest, "search", query=f"number{n}", limit=1, max_age_ms=0)[0] for n in range(20)]
        # The last reader is kept for others: not even one of the heavy ones has to end first.
        assert statistics.median(waits) < max(alone, 0.02) * 3 + patience(0.1), (waits, alone)
        for i in ids[:3]:
            assert greedy.receive(i)["total"] > 0


def test_a_question_of_two_is_not_behind_all_of_one(loaded):
    """The last of many that one client asks is asked by another too: it waits for its own turn only."""
    alone = seconds_of(loaded, heavy(999))
    with loaded.connect() as greedy, loaded.connect() as modest:
        shared = {"query": "number77", "limit": 1, "max_age_ms": 0}
        ids = [greedy.send("search", heavy(n)) for n in range(200)]
        last = greedy.send("search", {**shared, "timeout_ms": 600000})
        greedy.call("version")
        seconds, result = timed(modest, "search", shared)
        assert result["total"] == 1 and seconds < max(alone, 0.02) * 3 + patience(0.1)
        assert greedy.receive(last)["total"] == 1
        for i in ids:
            greedy.send("cancel", id=i)


def test_cancel_by_id_stops_the_reader(loaded):
    with loaded.connect() as client:
        ids = [client.send("search", heavy(n)) for n in range(200)]
        for i in ids:
            assert client.call("cancel", id=i)["canceled"] in (True, False)
        words = []
        for i in ids:
            try:
                client.receive(i)
                words.append("answered")
            except RpcError as e:
                words.append(e.word)
        assert set(words) <= {"answered", "canceled"} and words.count("canceled") > 100
        run = loaded.counters()["queries"]
        seconds, _ = timed(client, "search", query="number7", limit=1, max_age_ms=0)
        assert seconds < patience(0.5)
        assert loaded.counters()["queries"] - run <= 3, "what was canceled is not run afterwards"


@pytest.mark.parametrize("full", [False, True])
def test_disconnecting_stops_the_reader(loaded, full):
    """A client that goes away takes its searches along, also one that is not read any more for having asked too much."""
    client = loaded.connect()
    count = 300 if full else 100
    for n in range(count):
        client.send("search", heavy(n))
    wait_for(lambda: loaded.counters()["queries"] >= 1, 20)
    client.close()
    wait_for(lambda: loaded.call("stats")["gauges"]["clients"] == 1, 5)
    run = loaded.counters()["queries"]
    assert run < count // 2, "all had been answered before it left"
    assert seconds_of(loaded, {"query": "number7", "limit": 1, "max_age_ms": 0}) < patience(0.5)
    time.sleep(0.2)
    assert loaded.counters()["queries"] - run <= 4


def test_leaving_is_seen_though_nothing_is_read(daemon):
    """So many in flight that the connection is not read, and none of them is answered: its end is seen all the same."""
    daemon.converter("slow", "#!/bin/sh\nexec sleep 600\n", time="10m")
    daemon.start()
    write(daemon.root / "a.slow", "x")
    wait_for(lambda: any(w["state"] == "converting" for w in daemon.status()["workers"]), 10)
    client = daemon.connect()
    for _ in range(300):
        client.send("sync", timeout_ms=600000)
    wait_for(lambda: daemon.counters()["requests"] >= 256, 10)
    client.close()
    wait_for(lambda: daemon.call("stats")["gauges"]["clients"] == 1, 5)


def test_deadlines_hold_while_waiting_for_a_turn(loaded):
    """A request that never gets its turn is answered at its deadline all the same, not when those before it are done."""
    with loaded.connect() as client:
        for n in range(150):
            client.send("search", {**heavy(n), "limit": 300})
        begin = time.monotonic()
        late = [client.send("search", {**heavy(1000 + n), "timeout_ms": 200}) for n in range(20)]
        for i in late:
            with pytest.raises(RpcError) as e:
                client.receive(i)
            assert e.value.word == "timeout" and e.value.data["retryable"] is True
        assert time.monotonic() - begin < patience(1.0)


def test_a_hostile_search_stops_at_its_deadline(loaded):
    """Whatever is asked: within its time there is an answer, partial perhaps, or the error."""
    questions = ["c*", "-absent", "name:e", "name:.t", " OR ".join(f"common{i} filler{i}*" for i in range(40)),
                 "NEAR(common common1, 900)", "f* c* n*", '"common1 filler1" OR "common2 filler2" OR c*', "path:d*/*", "size:>0 -zzz",
                 "(" * 20 + "common*" + ")" * 20]
    for question in questions:
        begin = time.monotonic()
        try:
            result = loaded.search(question, limit=100000, snippet={"tokens": 64}, timeout_ms=100, max_age_ms=0)
            assert isinstance(result["partial"], bool)
        except RpcError as e:
            assert e.word == "timeout", (question, e)
        assert time.monotonic() - begin < patience(0.6), question


def batch(client, *requests):
    client.raw(json.dumps(requests).encode() + b"\n")


def test_batches(loaded):
    """What is answered at once, by a reader and later; errors inside, notifications inside."""
    with loaded.connect() as client:
        batch(client, {"jsonrpc": "2.0", "id": "s", "method": "search", "params": {"query": "number7", "limit": 1}},
              {"jsonrpc": "2.0", "id": 1, "method": "version"}, {"jsonrpc": "2.0", "id": 2, "method": "sync", "params": {"timeout_ms": 20000}},
              {"jsonrpc": "2.0", "method": "search", "params": {"query": "number8"}}, {"jsonrpc": "2.0", "method": "nonsense"},
              {"jsonrpc": "2.0", "id": 3, "method": "nonsense"}, {"jsonrpc": "2.0", "id": 4, "method": "search", "params": {}},
              {"jsonrpc": "2.0", "id": 5, "method": "search", "params": {"query": "("}}, 7, [], {"id": 6})
        replies = client.reply()
        by_id = {reply["id"]: reply for reply in replies if reply["id"] is not None}
        assert by_id["s"]["result"]["total"] == 1 and "version" in by_id[1]["result"] and "clock" in by_id[2]["result"]
        assert by_id[3]["error"]["code"] == -32601 and by_id[4]["error"]["code"] == -32602
        assert by_id[5]["error"]["data"]["code"] == "bad_query"
        assert sorted(r["error"]["code"] for r in replies if r["id"] is None or r["id"] == 6) == [-32600] * 3
        assert len(replies) == 6 + 3
        # Nothing but notifications is no reply at all; the next line is answered.
        batch(client, {"jsonrpc": "2.0", "method": "version"})
        assert client.call("version")["protocol"] == 1


def test_batches_that_are_none(loaded):
    with loaded.connect() as client:
        for count, code in ((0, -32600), (257, -32600)):
            batch(client, *[{"jsonrpc": "2.0", "id": n, "method": "version"} for n in range(count)])
            reply = client.reply()
            assert reply["id"] is None and reply["error"]["code"] == code
        batch(client, *[{"jsonrpc": "2.0", "id": n, "method": "version"} for n in range(256)])
        assert len(client.reply()) == 256


def test_a_batch_is_answered_when_its_last_one_is_canceled(loaded):
    with loaded.connect() as client:
        batch(client, {"jsonrpc": "2.0", "id": "slow", "method": "search", "params": heavy(1)}, {"jsonrpc": "2.0", "id": "v", "method": "version"},
              {"jsonrpc": "2.0", "id": "c", "method": "cancel", "params": {"id": "slow"}})
        replies = {r["id"]: r for r in client.reply()}
        assert replies["slow"]["error"]["data"]["code"] == "canceled" and replies["c"]["result"] == {"canceled": True}


def test_more_in_flight_than_is_read(loaded):
    """Beyond 256 it waits, and nothing is lost."""
    with loaded.connect() as client:
        sent = threading.Thread(target=lambda: [client.send("search", query=f"number{n}", limit=1, timeout_ms=60000) for n in range(1000)])
        sent.start()
        seen = {}
        while len(seen) < 1000:
            reply = client.reply()
            seen[reply["id"]] = reply["result"]["total"]
        sent.join()
        assert set(seen) == set(range(1, 1001)) and set(seen.values()) == {1}
