"""The protocol: the shape of every method's result, errors, cancelling, replies out of order, administration."""

import os
import threading
import time

import pytest

import trawl
from trawl import RpcError, path_of, patience, wait_for, write

NUMBER = (int, float)


def shape(value, expected, where=""):
    """Checks a result against {key: type or shape or [shape of the items]}; what is not named may be there too."""
    if isinstance(expected, dict):
        assert isinstance(value, dict), f"{where}: {value!r}"
        for key, inner in expected.items():
            assert key in value, f"{where}.{key} is missing: {value!r}"
            shape(value[key], inner, f"{where}.{key}")
    elif isinstance(expected, list):
        assert isinstance(value, list), f"{where}: {value!r}"
        for item in value:
            shape(item, expected[0], where + "[]")
    else:
        kinds = expected if isinstance(expected, tuple) else (expected,)
        assert isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds), f"{where}: {value!r}"


@pytest.fixture
def filled(daemon):
    daemon.converter("bad", "#!/bin/sh\necho complaint >&2\nexit 65\n")
    for i in range(30):
        write(daemon.root / f"{i}.txt", f"common number{i}")
    write(daemon.root / "a.bad", "x")
    daemon.start()
    daemon.sync()
    return daemon


def test_version(filled):
    result = filled.call("version")
    shape(result, {"version": str, "schema": int, "methods": [str], "limits": dict})
    assert set("search cancel status stats explain sync failures document changes roots version reload pause resume "
               "reindex check shutdown".split()) <= set(result["methods"])
    assert result["limits"]["request_bytes"] == 1 << 20 and result["limits"]["request_depth"] == 32


def test_status(filled):
    result = filled.status()
    shape(result, {
        "version": str, "pid": int, "uptime_s": int, "clock": str, "state": str,
        "files": {"indexed": int, "pending": int, "failed": int, "skipped": int, "unavailable": int},
        "queue": dict, "roots": [{"path": str, "coverage": dict, "state": str}],
        "workers": [{"state": str}], "sandbox": {"mode": str, "layers": dict},
        "progress": {"done": int, "total": int, "eta_s": (*NUMBER, type(None))}, "store": {"bytes": int}, "memo": dict,
    })
    assert result["pid"] == filled.pid
    assert result["files"] == {"indexed": 30, "pending": 0, "failed": 1, "skipped": 0, "unavailable": 0}
    assert wait_for(lambda: filled.status()["state"] == "idle", 5)
    assert len(result["workers"]) == 3, "two, and one for the live lane only"
    assert path_of(result["roots"][0]) == os.fsencode(filled.root)


def test_stats(filled):
    result = filled.call("stats")
    shape(result, {"counters": dict, "gauges": dict, "histograms": dict})
    for name in ("conversions", "conversions_saved", "commits", "events", "requests"):
        assert isinstance(result["counters"][name], int), name
    for name in ("scan", "convert", "commit", "query", "freshness"):
        shape(result["histograms"][name], {"count": int, "p50_us": NUMBER, "p99_us": NUMBER}, name)
    assert result["gauges"]["files_indexed"] == 30 and result["gauges"]["files_failed"] == 1
    assert result["converters"]["text"]["count"] >= 30


def test_stats_for_prometheus(filled):
    text = filled.call("stats", format="prometheus")["text"]
    samples = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            samples[name] = float(value)
    assert samples["trawl_files_indexed"] == 30
    assert any(name.startswith("trawl_conversions") for name in samples)
    assert all(name.startswith("trawl_") for name in samples)


def test_explain(filled):
    filled.config["root docs"]["ignore"] = "*.tmp"
    write(filled.root / "a.tmp", "x")
    filled.reload()
    wait_for(lambda: filled.explain("a.tmp")["verdict"] == "ignored", 10)
    for path, verdict in (("1.txt", "indexed"), ("a.bad", "failed"), ("a.tmp", "ignored"), ("/etc/passwd", "outside"),
                          ("absent.txt", "absent")):
        result = filled.explain(path)
        shape(result, {"verdict": str, "sentence": str})
        if verdict == "absent":
            assert result["verdict"] not in ("indexed", "ignored", "outside", "queued"), result
        else:
            assert result["verdict"] == verdict, result
    indexed = str(filled.explain("1.txt"))
    assert "text" in indexed and filled.explain("1.txt")["sentence"].endswith(".")
    failed = str(filled.explain("a.bad"))
    assert "complaint" in failed and "bad" in failed


def test_sync_and_roots_and_failures(filled):
    shape(filled.sync(), {"clock": str})
    shape(filled.call("roots"), {"roots": [{"path": str, "name": str}]})
    [row] = filled.failures().values()
    shape(row, {"path": str, "converter": str, "reason": str, "attempts": int, "next_try": (int, type(None))})
    assert (row["converter"], row["reason"]) == ("bad", "damaged")


def test_failures_by_pages(daemon):
    daemon.converter("bad", "#!/bin/sh\nexit 65\n")
    for i in range(25):
        write(daemon.root / f"{i}.bad", f"{i}")
    daemon.start()
    daemon.sync()
    seen = []
    for offset in range(0, 30, 4):
        result = daemon.call("failures", limit=4, offset=offset)
        seen += [path_of(row) for row in (result["failures"] if isinstance(result, dict) else result)]
    assert sorted(seen) == sorted(trawl.walk(daemon.root))


def test_document(filled):
    text = "".join(f"zeile {i} äöü 😀\n" for i in range(5000))
    write(filled.root / "long.txt", text)
    filled.sync()
    whole = filled.document("long.txt", limit=1 << 22)
    shape(whole, {"text": str, "type": str, "title": str, "author": str, "truncated": bool, "size": int})
    assert whole["text"] == text and whole["type"] == "text/plain"
    # In pieces; a piece never cuts a character.
    pieces, offset = "", 0
    while offset < len(text.encode()):
        piece = filled.document("long.txt", offset=offset, limit=1000)["text"]
        assert piece and len(piece.encode()) <= 1000
        pieces += piece
        offset += len(piece.encode())
    assert pieces == text
    for path, word in (("absent.txt", "not_found"), ("/etc/passwd", "not_found"), ("a.bad", "not_found")):
        with pytest.raises(RpcError) as e:
            filled.document(path)
        assert e.value.word == word, e.value


def test_replies_may_come_out_of_order(daemon):
    """Quick answers overtake a slow one on the same connection."""
    daemon.converter("slow", "#!/bin/sh\nsleep 1\necho slow\n", processes=4)
    daemon.start()
    write(daemon.root / "a.slow", "x")
    with daemon.connect() as client:
        slow = client.send("sync", timeout_ms=int(patience(20) * 1000))
        quick = client.send("version")
        assert client.reply()["id"] == quick
        client.receive(slow)


def test_cancel(daemon):
    daemon.converter("slow", "#!/bin/sh\nexec sleep 600\n", time="10m")
    daemon.start()
    write(daemon.root / "a.slow", "x")
    with daemon.connect() as client:
        request = client.send("sync", timeout_ms=600000)
        assert client.call("cancel", id=request)["canceled"] is True
        with pytest.raises(RpcError) as e:
            client.receive(request)
        assert e.value.word == "canceled"
        assert client.call("cancel", id=request)["canceled"] is False
        assert client.call("cancel", id="never")["canceled"] is False
    # Only one's own.
    with daemon.connect() as client, daemon.connect() as other:
        request = client.send("sync", timeout_ms=600000)
        client.call("version")
        assert other.call("cancel", id=request)["canceled"] is False


def test_batches(filled):
    """An array of requests is answered by an array; an empty one is an invalid request."""
    with filled.connect() as client:
        client.raw(b'[{"jsonrpc":"2.0","id":1,"method":"version"},{"jsonrpc":"2.0","id":2,"method":"nonsense"},7,'
                   b'{"jsonrpc":"2.0","method":"version"}]\n')
        replies = client.reply()
        if isinstance(replies, dict):  # refused as a whole: also the standard's word
            assert replies["error"]["code"] == -32600
            return
        by_id = {r["id"]: r for r in replies}
        assert "result" in by_id[1] and by_id[2]["error"]["code"] == -32601 and by_id[None]["error"]["code"] == -32600
        assert len(replies) == 3


def test_pause_and_resume(filled):
    filled.call("pause")
    wait_for(lambda: filled.status()["state"] == "paused", 5)
    write(filled.root / "late.txt", "lateword")
    time.sleep(0.3)
    assert filled.found("lateword", max_age_ms=0) == set()
    assert filled.found("number7", max_age_ms=0), "searching goes on"
    filled.call("pause")
    filled.call("resume")
    filled.sync()
    assert filled.found("lateword") == {filled.absolute("late.txt")}
    filled.call("resume")
    assert filled.status()["state"] in ("idle", "scanning")


def test_reindex(filled):
    before = filled.counters()["jobs"]
    filled.call("reindex", path=os.fspath(filled.root / "3.txt"))
    filled.sync()
    assert filled.counters()["jobs"] == before + 1
    filled.call("reindex")
    filled.sync()
    assert filled.counters()["jobs"] >= before + 1 + 31
    assert filled.listing() == sorted(trawl.walk(filled.root))
    with pytest.raises(RpcError) as e:
        filled.call("reindex", path="/etc")
    assert e.value.word == "not_found"


def test_check(filled):
    result = filled.call("check")
    shape(result, {"ok": bool})
    assert result["ok"] is True


def reload_now(daemon):
    """A reload may still be under way: then the answer is `busy`, and says that trying again helps."""
    def attempt():
        try:
            return daemon.call("reload")
        except RpcError as e:
            assert e.word == "busy" and e.data["retryable"] is True
    return wait_for(attempt, 10)


def test_reload(filled):
    assert reload_now(filled)["reloaded"] is True
    filled.config["daemon"]["workers"] = "many"
    filled.write_config()
    result = reload_now(filled)
    assert result["reloaded"] is False and any("trawld.conf:" in e for e in result["errors"])
    assert filled.found("number7", max_age_ms=0), "the old configuration stays"
    filled.config["daemon"]["workers"] = 2


def test_shutdown(filled):
    filled.call("shutdown")
    assert filled.wait_exit() == 0
    assert not filled.socket_path.exists()


def test_progress_while_scanning(daemon):
    daemon.converter("slow", "#!/bin/sh\nsleep 0.05\necho slow\n", processes=4)
    for i in range(40):
        write(daemon.root / f"{i}.slow", f"{i}")
    daemon.start()
    wait_for(lambda: daemon.status()["progress"]["done"] >= 3, 20)
    status = daemon.status()
    assert status["state"] == "scanning"
    assert 0 < status["progress"]["done"] <= status["progress"]["total"] <= 41
    assert any(w["state"] != "idle" and w.get("path") for w in status["workers"])
    daemon.sync(60)


def test_explain_while_in_work(daemon):
    daemon.converter("slow", "#!/bin/sh\nexec sleep 600\n", time="10m")
    daemon.config["daemon"]["workers"] = 1
    daemon.start()
    for i in range(5):
        write(daemon.root / f"{i}.slow", f"{i}")
    wait_for(lambda: {"converting", "queued"} == {daemon.explain(f"{i}.slow")["verdict"] for i in range(5)}, 10)
    sentences = " ".join(daemon.explain(f"{i}.slow")["sentence"] for i in range(5))
    assert "ms" in sentences or "converted for" in sentences, sentences


def test_parallel_clients(filled):
    """Ten clients, all methods, while files change: every reply is whole and belongs to its request."""
    stop = threading.Event()
    errors = []

    def ask(seed):
        try:
            with filled.connect() as client:
                i = seed
                while not stop.is_set():
                    i += 1
                    result = client.call("search", query=f"number{i % 30}", max_age_ms=i % 2 * 1000)
                    assert result["total"] == 1 and result["hits"][0]["name"] == f"{i % 30}.txt"
                    assert client.call("status")["pid"] == filled.pid
                    client.call("changes", since=None, limit=7)
                    client.call("document", path=os.fspath(filled.root / f"{i % 30}.txt"))
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for i in range(100):
        write(filled.root / f"more{i}.txt", f"growing {i}")
    filled.sync()
    time.sleep(patience(0.5))
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert filled.search("growing", limit=1)["total"] == 100


def test_nothing_wakes_it_when_idle(filled):
    """No wake-ups but timers: a few in two seconds."""
    filled.hang_up()
    time.sleep(1.0)

    def switches():
        return sum(int(line.split()[1]) for task in os.listdir(f"/proc/{filled.pid}/task")
                   for line in open(f"/proc/{filled.pid}/task/{task}/status") if line.startswith("voluntary"))
    before = switches()
    time.sleep(2.0)
    woken = switches() - before
    if not trawl.SANITIZED:
        assert woken <= 20, f"{woken} wake-ups in 2 s"
