"""A small client written from schema/protocol.md alone; nothing of the harness is in it."""

import base64
import itertools
import json
import os
import socket


class Trouble(Exception):
    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error.get("data", {}).get("code") or error["code"]
        self.retryable = error.get("data", {}).get("retryable", False)


class Trawl:
    def __init__(self, path=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path or os.environ["XDG_RUNTIME_DIR"] + "/trawl/trawl.sock")
        self.lines = self.socket.makefile("rb")
        self.ids = itertools.count(1)
        self.waiting = {}  # replies by id, which may come in any order
        self.matches = []  # notifications

    def ask(self, method, **params):
        """Sends a request; its reply is fetched by `reply`."""
        request = {"jsonrpc": "2.0", "id": next(self.ids), "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return request["id"]

    def read(self):
        line = self.lines.readline()
        if not line:
            raise EOFError
        value = json.loads(line)
        for one in value if isinstance(value, list) else [value]:
            if "method" in one:
                self.matches.append(one["params"])
            elif one["id"] is None:
                raise Trouble(one["error"])
            else:
                self.waiting[one["id"]] = one

    def reply(self, request):
        while request not in self.waiting:
            self.read()
        reply = self.waiting.pop(request)
        if "error" in reply:
            raise Trouble(reply["error"])
        return reply["result"]

    def call(self, method, **params):
        return self.reply(self.ask(method, **params))

    def batch(self, *requests):
        """Several at once; their results, or the errors, in the order of the requests."""
        ids = [next(self.ids) for _ in requests]
        lines = [{"jsonrpc": "2.0", "id": i, "method": m, "params": p} for i, (m, p) in zip(ids, requests)]
        self.socket.sendall(json.dumps(lines).encode() + b"\n")
        results = []
        for i in ids:
            try:
                results.append(self.reply(i))
            except Trouble as trouble:
                results.append(trouble)
        return results

    def pages(self, **params):
        """Every hit of a search, page by page."""
        while True:
            page = self.call("search", **params)
            yield from page["hits"]
            if "cursor" not in page:
                return
            params = {**params, "cursor": page["cursor"]}

    def tree(self):
        """All files, followed from nothing by `changes`; {exact path: clock}."""
        files, since, more = {}, None, True
        while more:
            told = self.call("changes", since=since, limit=7)
            for change in told["changes"]:
                if not change["dir"] and change["kind"] == "created":
                    files[exact(change)] = change["clock"]
            since, more = told["clock"], told["more"]
        return files, since


def exact(named):
    """The bytes of a path."""
    return base64.b64decode(named["path_b64"]) if "path_b64" in named else named["path"].encode()
