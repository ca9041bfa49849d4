"""No caller takes from the others what there is for all: connections, subscriptions."""

import json
import os
import socket

from test_visibility import CALLERS, As, child, become, pytestmark  # noqa: F401 (pytestmark: as there)
from test_visibility_scores import OTHER, world  # noqa: F401 (a fixture)
from trawl import Client


def open_all(path, most):
    """As many connections as are let in: those that answer."""
    let_in = []
    for _ in range(most):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(str(path))
        try:
            s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"version"}\n')
            if b'"result"' not in s.recv(1 << 16):
                break
        except ConnectionError:
            break
        let_in.append(s)
    return let_in


def test_one_user_leaves_connections_to_others(world):  # noqa: F811
    world.sync()
    with Client(world.daemon.socket_path) as root:
        most = root.call("version")["limits"]["connections"]
    with child(OTHER) as (pid, end):
        if pid == 0:
            try:
                become(OTHER)
                kept = open_all(world.daemon.socket_path, most + 1)
                end.send(str(len(kept)).encode())
                end.recv(1)
                os._exit(0)
            finally:
                os._exit(1)
        had = int(end.recv(64))
        assert most // 2 - 8 <= had <= most // 2
        for who in (CALLERS[0], CALLERS[-1]):
            with As(world.daemon, who) as client:
                assert client.call("version")["limits"]["connections"] == most
        end.send(b"x")
    with As(world.daemon, OTHER) as client:
        assert client.call("version")


def subscribe_all(client, most):
    """How many subscriptions one connection is given."""
    batch = [{"jsonrpc": "2.0", "id": n, "method": "subscribe", "params": {"path": f"/nowhere/{n}"}} for n in range(256)]
    given = 0
    while given < most:
        client.raw(json.dumps(batch).encode() + b"\n")
        replies = client.reply()
        given += sum("result" in r for r in replies)
        if not all("result" in r for r in replies):
            break
    return given


def test_one_user_leaves_subscriptions_to_others(world):  # noqa: F811
    world.sync()
    hogs = [As(world.daemon, OTHER) for _ in range(6)]
    given = sum(subscribe_all(hog, 1024) for hog in hogs)
    assert given == 5000
    with As(world.daemon, CALLERS[0]) as client:
        assert client.call("subscribe", query="word")["subscription"]
    hogs.pop().close()
    for hog in hogs:
        assert hog.call("version")
        hog.close()


def test_one_user_leaves_explanations_to_others(world):  # noqa: F811
    path = world.file("open/a.txt", content="word")
    world.sync()
    hogs = [As(world.daemon, OTHER) for _ in range(12)]
    lines = b"".join(json.dumps({"jsonrpc": "2.0", "id": f"e{n}", "method": "explain", "params": {"path": path}}).encode() + b"\n"
                     for n in range(250))
    with As(world.daemon, CALLERS[0]) as client:
        client.call("version")
        for hog in hogs:
            hog.raw(lines)
        assert client.call("explain", path=path)["verdict"] == "indexed"
        waiting = 0
        for hog in hogs:  # whatever it was told before this
            hog.raw(b'{"jsonrpc":"2.0","id":"v","method":"version"}\n')
            told = 0
            while (reply := hog.reply())["id"] != "v":
                assert reply["result"]["verdict"] == "indexed"
                told += 1
            waiting += 250 - told
        assert waiting > 0, "who asked last was told last"
    for hog in hogs:
        hog.close()
    with As(world.daemon, OTHER) as client:
        assert client.call("explain", path=path)["verdict"] == "indexed"
