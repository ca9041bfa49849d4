"""Bad requests: the standard's error or a clean close, and no other client notices anything."""

import json
import os
import random
import socket
import threading
import time

import pytest

import trawl
from trawl import Client, Closed, RpcError, patience, wait_for, write

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
TRAWL_ERROR = -32000


@pytest.fixture
def served(running):
    """A daemon with a few files, and another client that must notice nothing."""
    for i in range(50):
        write(running.root / f"{i}.txt", f"bystander number{i} " + "filler " * 200)
    running.sync()
    before = running.resources()
    running.hang_up()
    with running.connect() as bystander:
        yield running
        assert bystander.call("search", query="bystander", limit=1, max_age_ms=0)["total"] == 50
        assert bystander.call("version")["version"]
    running.hang_up()
    running.check_resources(before)


def error_of(client):
    reply = client.reply()
    assert reply["jsonrpc"] == "2.0" and "result" not in reply, reply
    assert isinstance(reply["error"]["code"], int) and reply["error"]["message"], reply
    return reply["error"]["code"], reply["id"]


def ask(daemon, line):
    """Sends one line on a connection of its own; returns the error's code and id, and checks that it still serves."""
    with daemon.connect() as client:
        client.raw(line + b"\n")
        answer = error_of(client)
        assert client.call("version")["version"]
        return answer


@pytest.mark.parametrize("line", [
    b"not json", b"{", b"}", b'{"jsonrpc":"2.0","id":1,"method":"version"', b'{"jsonrpc":"2.0","id":1,"method":"version"}}',
    b'{"jsonrpc":"2.0","id":1,"method":"version"} {"jsonrpc":"2.0","id":2,"method":"version"}', b"GET / HTTP/1.1",
    b"'single'", b'{"jsonrpc":"2.0","id":1,"method":"version",}', b"\xef\xbb\xbf{}" + b"x", b'"unterminated', b"\x7f", b"nul",
    b'{"jsonrpc":"2.0","id":1,"method":"ver\x01sion"}'.replace(b"\x01", b"\x00"),
    b'{"jsonrpc":"2.0","id":1,"method":"search","params":{"query":"\xff\xfe"}}',
    b'{"jsonrpc":"2.0","id":1,"method":"search","params":{"query":"\xed\xa0\x80"}}',
    b'{"jsonrpc":"2.0","id":1,"method":"search","params":{"query":"\xc0\xaf"}}',
])
def test_not_json(served, line):
    assert ask(served, line) == (PARSE_ERROR, None)


@pytest.mark.parametrize("line", [
    b"1", b'"text"', b"null", b"true", b"{}", b"[]", b'{"jsonrpc":"2.0","id":1}', b'{"id":1,"method":"version"}',
    b'{"jsonrpc":"1.0","id":1,"method":"version"}', b'{"jsonrpc":2.0,"id":1,"method":"version"}',
    b'{"jsonrpc":"2.0","id":1,"method":7}', b'{"jsonrpc":"2.0","id":1,"method":null}',
    b'{"jsonrpc":"2.0","id":{},"method":"version"}', b'{"jsonrpc":"2.0","id":[1],"method":"version"}',
    b'{"jsonrpc":"2.0","id":true,"method":"version"}', b'{"jsonrpc":"2.0","id":1,"method":"version","params":3}',
    b'{"jsonrpc":"2.0","id":1,"method":"version","params":"x"}',
])
def test_not_a_request(served, line):
    code, _ = ask(served, line)
    assert code == INVALID_REQUEST or (code == INVALID_PARAMS and b"params" in line)


def test_unknown_method(served):
    for method in ("nonsense", "", "Search", "search ", "rpc.nonsense", "x" * 10000, "ünï", "__proto__"):
        code, request_id = ask(served, json.dumps({"jsonrpc": "2.0", "id": "abc", "method": method}).encode())
        assert (code, request_id) == (METHOD_NOT_FOUND, "abc"), method


@pytest.mark.parametrize("method, params", [
    ("search", {}), ("search", {"query": 7}), ("search", {"query": None}), ("search", {"query": ["a"]}),
    ("search", {"query": "a", "limit": "ten"}), ("search", {"query": "a", "limit": -1}),
    ("search", {"query": "a", "limit": 100001}), ("search", {"query": "a", "limit": 1.5}),
    ("search", {"query": "a", "limit": 1e300}), ("search", {"query": "a", "offset": -1}),
    ("search", {"query": "a", "sort": "colour"}), ("search", {"query": "a", "sort": 1}),
    ("search", {"query": "a", "order": "sideways"}), ("search", {"query": "a", "snippet": 3}),
    ("search", {"query": "a", "snippet": {"tokens": -5}}), ("search", {"query": "a", "timeout_ms": -1}),
    ("search", {"query": "a", "max_age_ms": "x"}), ("search", {"query": "a", "unknown_field": 1}),
    ("search", {"query": "a", "cursor": 12}), ("search", {"query": "a", "group": "yes"}),
    ("search", ["positional"]), ("explain", {}), ("explain", {"path": 1}), ("explain", {"path": None}),
    ("explain", {"path": "a\0b"}), ("explain", {"path": "/x", "path_b64": "***"}),
    ("document", {}), ("document", {"path": {}}), ("document", {"path": "/x", "offset": -1}),
    ("changes", {"since": 5}), ("changes", {"since": "nonsense"}), ("changes", {"since": "a:b"}),
    ("changes", {"since": None, "limit": 0}), ("changes", {"since": None, "limit": "many"}),
    ("failures", {"limit": -1}), ("failures", {"offset": "x"}), ("sync", {"timeout_ms": "soon"}),
    ("sync", {"timeout_ms": -1}), ("cancel", {}), ("stats", {"format": "xml"}), ("stats", {"format": 1}),
    ("reindex", {"path": 1}), ("version", {"unexpected": 1}),
])
def test_wrong_parameters(served, method, params):
    with served.connect() as client:
        client.raw(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
        assert error_of(client) == (INVALID_PARAMS, 1)
        assert client.call("version")["version"]


def test_ids_come_back_as_they_were(served):
    with served.connect() as client:
        for request_id in (0, -1, 1, "text", "", 2**53, "ü\n\"", None):
            client.raw(json.dumps({"jsonrpc": "2.0", "id": request_id, "method": "version"}).encode() + b"\n")
            reply = client.reply()
            assert reply["id"] == request_id and "result" in reply


def test_a_notification_gets_no_reply(served):
    with served.connect() as client:
        client.raw(b'{"jsonrpc":"2.0","method":"version"}\n')
        client.raw(b'{"jsonrpc":"2.0","method":"nonsense"}\n')
        client.raw(b'{"jsonrpc":"2.0","id":"after","method":"version"}\n')
        assert client.reply()["id"] == "after"


def test_empty_lines_and_carriage_returns(served):
    with served.connect() as client:
        client.raw(b'\n\r\n\n{"jsonrpc":"2.0","id":1,"method":"version"}\r\n\n')
        assert client.reply()["id"] == 1


def test_a_line_of_two_mebibytes(served):
    with served.connect() as client:
        client.raw(b'{"jsonrpc":"2.0","id":1,"method":"search","params":{"query":"' + b"a" * (2 << 20) + b'"}}\n')
        code, request_id = error_of(client)
        assert request_id is None and code in (PARSE_ERROR, INVALID_REQUEST, TRAWL_ERROR)
        try:  # it may be closed, or serve on with the next line
            assert client.call("version")["version"]
        except (Closed, BrokenPipeError, ConnectionResetError):
            pass


def test_a_line_without_end(served):
    """Nobody's memory: 64 MiB without a newline."""
    before = trawl.process_status(served.pid, "VmRSS")
    with served.connect() as client:
        try:
            for _ in range(64):
                client.raw(b"x" * (1 << 20))
        except (BrokenPipeError, ConnectionResetError):
            pass
        if not trawl.SANITIZED:
            assert trawl.process_status(served.pid, "VmRSS") - before < 16 * 1024


def test_just_below_the_line_limit(served):
    query = "a" * ((1 << 20) - 200)
    with served.connect() as client:
        client.raw(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "search", "params": {"query": query}}).encode() + b"\n")
        assert client.reply()["id"] == 1


@pytest.mark.parametrize("depth, fine", [(30, True), (33, False), (1000, False), (100000, False)])
def test_nesting(served, depth, fine):
    nested = b"[" * depth + b"]" * depth
    # The request itself is level 1, so `nested` reaches depth + 1.
    code, request_id = ask(served, b'{"jsonrpc":"2.0","id":1,"method":"nonsense","params":' + nested + b"}")
    if fine:
        assert (code, request_id) == (METHOD_NOT_FOUND, 1)
    else:
        assert code in (PARSE_ERROR, INVALID_REQUEST)


@pytest.mark.parametrize("query, fine", [
    ('foo"bar', None), ("a:b", None), ("-x", None), ("c++", True), ("'", None), ('"', None), ('""', None), ("*", None),
    ("(", None), (")", None), ("()", None), ("((((a))))", True), ("a OR", None), ("OR", None), ("AND", None), ("NOT", None),
    ("a AND b", True), ("NEAR(", None), ("NEAR(a b, 99999999999999999999)", None), ("NEAR(a b, -1)", None),
    ("name:", None), ("size:>", None), ("size:>abc", None), ("size:>99999999999999999999G", None), ("after:yesterday", None),
    ("after:2026-13-45", None), ("before:0000-00-00", None), ("modified:7x", None), ("title:(a OR b)", None),
    ("a" * 100000, True), ("(" * 5000 + "a" + ")" * 5000, None), ("-" * 5000 + "a", None), ("a OR " * 3000 + "a", None),
    ("a* " * 500, None), ("\u0000", None), ("\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"), None),
    ("'; DROP TABLE file; --", None), ("%", None), ("{title} : x", None), ("^a", None), ("a + b", None), ("a\tb\nc", True),
    ("\u202e\u2066", None), ("text:x", None), ("rowid:1", None), ("fts:x", None), ("日本語", True), ("😀", None),
    ("name:%_%", None), ("path:*[a-", None), ("path:" + "*" * 200, None), ("name:'\"", None), ("", None), ("   ", None),
])
def test_a_hostile_query_is_a_result_or_a_position(served, query, fine):
    with served.connect() as client:
        begin = time.monotonic()
        try:
            result = client.call("search", query=query, timeout_ms=2000)
        except RpcError as e:
            assert fine is not True, e
            assert "fts5" not in str(e).lower() and "sql" not in str(e).lower(), e
            if e.code == TRAWL_ERROR:
                assert e.word == "bad_query" and 0 <= e.data["position"] <= len(query.encode()), e
                assert e.data["retryable"] is False
            else:
                assert e.code in (INVALID_PARAMS, PARSE_ERROR), e
        else:
            assert result["total"] >= len(result["hits"]) >= 0
        assert time.monotonic() - begin < patience(4)


def test_random_queries(served):
    random_ = random.Random(20260103)
    pieces = ['"', "(", ")", "-", "*", " ", " ", "OR", "NEAR(", ",", "name:", "size:>", "1M", "after:", "2026-01-01", "a",
              "bystander", ":", "^", "+", "'", "\\", "{", "}", "é", "\u0301", "5", "path:", "type:", "~", "AND", "title:"]
    with served.connect() as client:
        for _ in range(1500):
            query = "".join(random_.choices(pieces, k=random_.randrange(1, 12)))
            try:
                client.call("search", query=query)
            except RpcError as e:
                assert e.word == "bad_query" and 0 <= e.data["position"] <= len(query.encode()), (query, e)


def test_random_bytes(served):
    random_ = random.Random(20260104)
    valid = b'{"jsonrpc":"2.0","id":1,"method":"search","params":{"query":"bystander","limit":3}}'
    for _ in range(40):
        with served.connect() as client:
            for _ in range(25):
                line = bytearray(valid if random_.random() < 0.7 else random_.randbytes(random_.randrange(1, 200)))
                for _ in range(random_.randrange(1, 6)):
                    line[random_.randrange(len(line))] = random_.randrange(256)
                client.raw(bytes(line) + b"\n")
            client.raw(b'{"jsonrpc":"2.0","id":"last","method":"version"}\n')
            for _ in range(60):
                if client.reply().get("id") == "last":
                    break
            else:
                raise AssertionError("no answer to the good request after the bad ones")


def test_half_a_request_then_close(served):
    for half in (b"", b"{", b'{"jsonrpc":"2.0","id":1,"method":"sea', b'{"jsonrpc":"2.0","id":1,"method":"version"}'):
        for _ in range(20):
            with served.connect() as client:
                client.raw(half)


def test_close_before_the_answer(served):
    for i in range(200):
        with served.connect() as client:
            client.send("search", query=f"bystander number{i % 50}", limit=50, snippet={"tokens": 30}, max_age_ms=0)


def test_half_closed_connections_still_get_their_answers(served):
    with served.connect() as client:
        client.send("search", query="bystander")
        client.send("version")
        client.socket.shutdown(socket.SHUT_WR)
        ids = {client.reply()["id"], client.reply()["id"]}
        assert ids == {1, 2}
        with pytest.raises(Closed):
            client.line()


def test_one_byte_at_a_time(served):
    with served.connect() as client:
        for byte in b'{"jsonrpc":"2.0","id":1,"method":"version"}\n':
            client.raw(bytes([byte]))
            time.sleep(0.001)
        assert client.reply()["id"] == 1


def test_a_thousand_requests_in_one_write(served):
    with served.connect() as client:
        def requests():
            client.raw(b"".join(b'{"jsonrpc":"2.0","id":%d,"method":"version"}\n' % i for i in range(1000)))
        writer = threading.Thread(target=requests)
        writer.start()
        assert {client.reply()["id"] for _ in range(1000)} == set(range(1000))
        writer.join()


def test_a_client_that_never_reads(served):
    """It is paused, then dropped; the daemon's memory does not grow with what it asked for."""
    before = trawl.process_status(served.pid, "VmRSS")
    client = served.connect(timeout=2)
    request = b'{"jsonrpc":"2.0","id":1,"method":"search","params":{"query":"bystander","limit":50,"snippet":{"tokens":60}}}\n'
    sent, closed = 0, False
    try:
        end = time.monotonic() + patience(5)
        while time.monotonic() < end:
            client.raw(request * 100)
            sent += 100
    except (TimeoutError, socket.timeout):
        pass  # paused: our writes do not get through
    except (BrokenPipeError, ConnectionResetError):
        closed = True
    with served.connect() as other:
        begin = time.monotonic()
        assert other.call("search", query="bystander", limit=1, max_age_ms=0)["total"] == 50
        assert time.monotonic() - begin < patience(1)
    if not trawl.SANITIZED:
        assert trawl.process_status(served.pid, "VmRSS") - before < 64 * 1024, f"{sent} requests, closed: {closed}"
    client.close()


def test_many_connections(served):
    clients = [served.connect() for _ in range(200)]
    try:
        for client in clients:
            client.send("search", query="bystander", limit=1)
        for client in clients:
            assert client.receive(1)["total"] == 50
    finally:
        for client in clients:
            client.close()


def test_the_socket_is_for_its_owner(served):
    """In user mode nobody else may even connect."""
    mode = os.stat(served.socket_path).st_mode & 0o777
    assert mode & 0o077 == 0, oct(mode)
    if os.geteuid() == 0:
        os.chmod(served.home, 0o755)
        os.chmod(served.socket_path, 0o666)  # past the file's mode: the daemon looks at who asks
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            answer = b"failed"
            try:
                os.setgid(65534)
                os.setuid(65534)
                try:
                    with Client(served.socket_path) as client:
                        client.call("version")
                        answer = b"served"
                except (Closed, RpcError, OSError):
                    answer = b"refused"
            finally:
                os.write(writer, answer)
                os._exit(0)
        os.close(writer)
        os.waitpid(pid, 0)
        answer = os.read(reader, 100)
        os.close(reader)
        assert answer == b"refused"


def test_errors_are_counted(served):
    before = served.counters()["request_errors"]
    ask(served, b"not json")
    wait_for(lambda: served.counters()["request_errors"] > before, 2)
