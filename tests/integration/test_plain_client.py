"""Whoever has read the protocol's prose and nothing else gets everything."""

import os

import pytest

import trawl
from plain_client import Trawl, Trouble, exact
from trawl import write


@pytest.fixture
def client(daemon):
    for i in range(30):
        write(daemon.root / f"d{i % 4}" / f"{i}.txt", f"common number{i}")
    write(os.fsencode(daemon.root) + b"/b\xffd.txt", "common bytes")
    daemon.start()
    daemon.sync()
    client = Trawl(os.fspath(daemon.socket_path))
    client.root = daemon.root
    yield client
    client.socket.close()


def test_pages_and_paths(client):
    hits = list(client.pages(query="common", limit=4, sort="path"))
    assert [exact(h) for h in hits] == sorted(trawl.walk(client.root))
    assert {h["snippet"]["text"].encode()[at:at + n] for h in hits for at, n in h["snippet"]["marks"]} == {b"common"}


def test_many_at_once(client):
    ids = [client.ask("search", query=f"number{i}", limit=1) for i in range(30)]
    assert [client.reply(i)["hits"][0]["name"] for i in reversed(ids)] == [f"{i}.txt" for i in range(29, -1, -1)]
    found, wrong, version = client.batch(("search", {"query": "number7"}), ("search", {"query": '"open'}), ("version", {}))
    assert found["total"] == 1 and wrong.code == "bad_query" and not wrong.retryable
    assert set(version["params"]) == set(version["methods"])


def test_trouble(client):
    for method, params, code in (("nonsense", {}, -32601), ("search", {}, -32602), ("search", {"query": "x", "limit": -1}, -32602),
                                 ("document", {"path": "/etc/passwd"}, "not_found"), ("search", {"query": "NEAR("}, "bad_query")):
        with pytest.raises(Trouble) as e:
            client.call(method, **params)
        assert e.value.code == code


def test_following(client):
    """The tree from nothing; then what comes, by subscription and by clock; and a file's text."""
    files, clock = client.tree()
    assert set(files) == set(trawl.walk(client.root))
    subscription = client.call("subscribe", query="brandnew")["subscription"]
    path = write(client.root / "new.txt", "common brandnew")
    client.call("sync", timeout_ms=int(trawl.patience(20) * 1000))
    while not client.matches:
        client.read()
    [match] = client.matches[0]["matches"]
    assert client.matches[0]["subscription"] == subscription and exact(match) == path
    told = client.call("changes", since=clock)
    assert [(exact(c), c["kind"]) for c in told["changes"]] == [(path, "created")] and not told["fresh_instance"]
    assert client.call("document", path=path.decode())["text"] == "common brandnew"
    assert client.call("explain", path=path.decode())["verdict"] == "indexed"


def test_cancel(client):
    request = client.ask("sync", timeout_ms=600000)
    client.call("cancel", id=request)
    try:
        client.reply(request)
    except Trouble as e:
        assert e.code == "canceled"
