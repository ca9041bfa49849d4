"""The description for programs: it is what the daemon does; and the prose names everything that it has."""

import copy
import json
import os
import re
import shutil
import time

import jsonschema
import pytest

import trawl
from trawl import RpcError, path_param, wait_for, write

PROSE = (trawl.REPO / "schema" / "protocol.md").read_text()
FACETS = ["type", "ext", "year", "root", "author", "folder"]


def strict(schema):
    """A copy in which an object has no members but those that are named."""
    if isinstance(schema, dict):
        copied = {k: strict(v) for k, v in schema.items()}
        if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
            copied["additionalProperties"] = False
        return copied
    return [strict(item) for item in schema] if isinstance(schema, list) else schema


class Description:
    def __init__(self, document):
        self.document = document
        self.methods = {m["name"]: m for m in document["methods"]}
        self.components = {"components": strict(document["components"])}

    def validator(self, schema):
        return jsonschema.Draft7Validator({**strict(schema), **self.components})

    def check(self, schema, value, where):
        errors = list(self.validator(schema).iter_errors(value))
        assert not errors, f"{where}: {errors[0].message[:300]} at {list(errors[0].absolute_path)}"

    def check_result(self, method, value):
        self.check(self.methods[method]["result"]["schema"], value, method)

    def check_error(self, method, error):
        known = [self.resolve(e["$ref"]) for e in self.methods[method]["errors"]]
        word = (error.data or {}).get("code")
        assert any(k["code"] == error.code and k.get("data", {}).get("code") == word for k in known), (method, str(error))
        for k in known:
            if word and k.get("data", {}).get("code") == word:
                assert error.data["retryable"] is k["data"]["retryable"]

    def resolve(self, ref):
        value = self.document
        for step in ref.removeprefix("#/").split("/"):
            value = value[step]
        return value


@pytest.fixture(scope="module")
def description():
    made = trawl.run([trawl.BUILD / "trawld", "--describe"])
    assert made.returncode == 0, made.stderr
    return Description(json.loads(made.stdout))


@pytest.fixture
def filled(daemon):
    daemon.converter("bad", "#!/bin/sh\necho complaint >&2\nexit 65\n")
    daemon.converter("gone", ["no-such-program-of-ours"], package="nobody-has-it")
    daemon.converter("slow", "#!/bin/sh\nexec sleep 600\n", time="10m")
    daemon.config["root docs"]["ignore"] = "*.tmp"
    for i in range(20):
        write(daemon.root / f"dir{i % 3}" / f"{i}.txt", f"common number{i} deep sea")
    write(os.fsencode(daemon.root) + b"/na\xffme\xfe.txt", "common bytes")
    write(daemon.root / "a.bad", "x")
    write(daemon.root / "b.gone", "x")
    write(daemon.root / "c.tmp", "x")
    write(daemon.root / "binary.bin", bytes(range(256)) * 4)
    shutil.copytree(trawl.REPO / "tests" / "data" / "archive", daemon.root / "archive")
    shutil.copytree(trawl.REPO / "tests" / "data" / "mail", daemon.root / "mail")
    daemon.start()
    daemon.sync(60)
    return daemon


def refs(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from refs(inner)


def test_it_is_a_document_of_openrpc(description):
    document = description.document
    assert re.fullmatch(r"1\.\d+\.\d+", document["openrpc"]) and {"title", "version"} <= set(document["info"])
    for ref in refs(document):
        assert description.resolve(ref) is not None
    for method in document["methods"]:
        assert method["summary"] and not method["summary"].endswith(".")
        assert method["paramStructure"] == "by-name"
        names = [p["name"] for p in method["params"]]
        assert len(set(names)) == len(names)
        for parameter in method["params"]:
            assert parameter["summary"] and isinstance(parameter["required"], bool)
            jsonschema.Draft7Validator.check_schema(parameter["schema"])
        jsonschema.Draft7Validator.check_schema(method["result"]["schema"])
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft7Validator.check_schema(schema)


def test_the_daemon_tells_it_too(filled, description):
    assert filled.call("rpc.discover") == description.document
    assert list(description.methods) == filled.call("version")["methods"]
    for name, parameters in filled.call("version")["params"].items():
        assert list(parameters) == [p["name"] for p in description.methods[name]["params"]]


def test_the_tool_prints_it(filled, description):
    tool = lambda *args: trawl.run([trawl.BUILD / "trawl", "--socket", filled.socket_path, "rpc", *args], env=filled.environment())
    told = tool("--describe")
    assert told.returncode == 0 and json.loads(told.stdout) == description.document
    for args in ((), ("--describe", "version")):
        assert tool(*args).returncode == 2 and tool(*args).stdout == b""


def test_the_kept_file_is_the_same(description):
    assert json.loads((trawl.REPO / "schema" / "openrpc.json").read_text()) == description.document, "make openrpc"


def questions(daemon):
    """Many of each method, so that every member is seen that can be had here."""
    file = lambda name: path_param(daemon.absolute(name))
    for more in ({}, {"facets": FACETS}, {"explain": True}, {"group": True}, {"snippet": {"count": 3, "tokens": 8}}, {"snippet": False},
                 {"sync_ms": 5000}, {"sort": "time", "order": "asc"}, {"recency": 30}, {"limit": 2}, {"limit": 0}, {"offset": 3}):
        for query in ("common", "number*", "-common", "name:dir1", "bytes OR com*", "ext:txt", "coommon", "catch OR letter OR kraken", "nothingatall"):
            yield "search", {"query": query, "explain": query.startswith("c"), **more}
    for prefix in ("com", "n", "deep se", ""):
        yield "suggest", {"prefix": prefix, "names": 5}
    yield from ((m, {}) for m in ("status", "stats", "sync", "failures", "roots", "version", "rpc.discover"))
    yield "stats", {"format": "prometheus"}
    for name in ("dir1/1.txt", "a.bad", "b.gone", "c.tmp", "binary.bin", "absent", "/etc/passwd", "", b"na\xffme\xfe.txt", "archive/hold.zip"):
        yield "explain", file(name)
    yield "explain", {**file("archive/hold.zip"), "part": ["cargo.txt"]}
    yield "explain", {**file("archive/locked.zip"), "part": ["cargo.txt"]}
    for name in ("dir1/1.txt", b"na\xffme\xfe.txt", "archive/hold.zip", "mail/message.eml"):
        yield "document", file(name)
    yield "document", {**file("archive/hold.zip"), "part": ["cargo.txt"]}
    for name in sorted(os.listdir(daemon.root / "archive")) + ["../mail/message.eml"]:
        yield "parts", file(f"archive/{name}")
    yield "changes", {"limit": 5}
    yield "changes", {"since": None, "limit": 100000}
    yield "cancel", {"id": 77}
    yield "reindex", file("dir1/1.txt")
    yield from ((m, {}) for m in ("check", "pause", "status", "resume", "reload"))


def names_in(schema, document):
    """Every property that a schema names."""
    found = set()

    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("properties"), dict):
                found.update(value["properties"])
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
    walk(schema)
    return found


def members_of(value, found):
    if isinstance(value, dict):
        found.update(value)
        for inner in value.values():
            members_of(inner, found)
    elif isinstance(value, list):
        for inner in value:
            members_of(inner, found)


def test_every_answer_is_as_described(filled, description):
    seen = set()
    asked = set()
    for method, params in questions(filled):
        asked.add(method)
        try:
            result = filled.call(method, params)
        except RpcError as e:
            description.check_error(method, e)
            continue
        description.check_result(method, result)
        members_of(result, seen)
        if method == "search" and "cursor" in result:
            description.check_result("search", filled.call("search", {**params, "cursor": result["cursor"]})
                                     if "offset" not in params else result)
    # What is in work shows other members.
    for i in range(4):
        write(filled.root / f"{i}.slow", "x")
    wait_for(lambda: any(w["state"] == "converting" for w in filled.status()["workers"]), 10)
    for i in range(4):
        description.check_result("explain", filled.explain(f"{i}.slow"))
        members_of(filled.explain(f"{i}.slow"), seen)
    description.check_result("status", filled.status())
    members_of(filled.status(), seen)
    filled.call("resume")
    before = filled.status()["clock"]
    os.rename(filled.root / "dir1", filled.root / "moved")
    os.unlink(filled.root / "dir2" / "2.txt")
    wait_for(lambda: {"moved", "deleted"} <= {c["kind"] for c in filled.changes(before)[0]}, 10)
    result = filled.call("changes", since=before)
    description.check_result("changes", result)
    members_of(result, seen)
    result = filled.call("shutdown")
    description.check_result("shutdown", result)
    members_of(result, seen)
    filled.wait_exit()
    asked |= {"shutdown", "subscribe", "unsubscribe"}
    assert asked == set(description.methods)
    # And all that is described exists, but for what cannot be had on purpose.
    rare = {"eta_s", "missing", "polled_age_s", "from_b64", "source_b64", "package", "snippets", "instead", "forms", "name_b64", "value_b64",
            "did_you_mean", "part", "author", "quarantined", "rule", "source", "line"}
    described = set().union(*(names_in(m["result"]["schema"], description.document) for m in description.methods.values()),
                            *(names_in(s, description.document) for n, s in description.document["components"]["schemas"].items() if n != "match"))
    assert described - seen - rare - {"subscription", "unsubscribed", "text"} == set()


def test_notifications_are_as_described(filled, description):
    schema = description.document["x-notifications"]["match"]["params"]
    with filled.connect() as client:
        for params in ({"query": "common", "snippet": {"count": 2}}, {"path": os.fspath(filled.root) + "/**"}, {"query": "brandnew", "since": None}):
            description.check_result("subscribe", client.call("subscribe", params))
        write(filled.root / "new.txt", "common brandnew")
        os.rename(filled.root / "dir1", filled.root / "moved")
        os.unlink(filled.root / "dir2" / "2.txt")
        filled.sync()
        end = time.monotonic() + trawl.patience(10)
        kinds = set()
        while kinds != {"created", "moved", "deleted"} and time.monotonic() < end:
            client.call("version")
            kinds = {m["kind"] for n in client.notifications for m in n["params"]["matches"]} - {"changed"}
        assert kinds == {"created", "moved", "deleted"}
        for notification in client.notifications:
            assert notification["method"] == "match" and "id" not in notification
            description.check(schema, notification["params"], "match")
        description.check_result("unsubscribe", client.call("unsubscribe", subscription=1))
        description.check_result("unsubscribe", client.call("unsubscribe", subscription=99))


def wrong_values(schema):
    """Values just outside of what a schema allows."""
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "integer" in kinds:
        yield from (schema["minimum"] - 1, schema["maximum"] + 1, schema["minimum"] + 0.5, "1", None)
    if "string" in kinds:
        if "maxLength" in schema and schema["maxLength"] < 1 << 18:
            yield "x" * (schema["maxLength"] + 1)
        if schema.get("minLength"):
            yield ""
        yield from ([], {}, True)
    if "array" in kinds:
        yield from (["x"] * (schema["maxItems"] + 1), [1], "x", None)
    if kinds == ["boolean"]:
        yield from (0, "true", None)
    if "object" in kinds:
        yield from (1, "x", [])


def test_parameters_are_bounded_as_described(filled, description):
    for name, method in description.methods.items():
        required = {p["name"]: "x" for p in method["params"] if p["required"]}
        for parameter in method["params"]:
            validator = description.validator(parameter["schema"])
            for value in wrong_values(parameter["schema"]):
                assert not validator.is_valid(value), (name, parameter["name"], value)
                with pytest.raises(RpcError) as e:
                    filled.call(name, {**required, parameter["name"]: value})
                assert e.value.code == -32602 and e.value.message.startswith(parameter["name"]), (name, parameter["name"], str(e.value)[:200])
            for one in parameter["schema"].get("enum", []):
                filled.call(name, {**required, parameter["name"]: one})
        for missing in required:
            with pytest.raises(RpcError) as e:
                filled.call(name, {k: v for k, v in required.items() if k != missing})
            assert e.value.code == -32602
        with pytest.raises(RpcError) as e:
            filled.call(name, {**required, "nonsense": 1})
        assert e.value.code == -32602


def test_the_prose_names_everything(description):
    """Methods have their headings or rows, parameters stand in backticks, members somewhere in code or in an example."""
    code = " ".join(re.findall(r"`[^`]+`", PROSE) + re.findall(r"^    .*$", PROSE, re.M))
    words = set(re.findall(r"[a-z_0-9]+", code))
    missing = []
    for name, method in description.methods.items():
        assert f"### {name}\n" in PROSE or f"`{name}`" in PROSE or re.search(rf"### .*\b{name}\b", PROSE), name
        for parameter in method["params"]:
            assert parameter["name"] in words, (name, parameter["name"])
        missing += [(name, m) for m in names_in(method["result"]["schema"], description.document) if m not in words]
    for name, schema in description.document["components"]["schemas"].items():
        missing += [(name, m) for m in names_in(schema, description.document) if m not in words]
    assert not missing
    for name, error in description.document["components"]["errors"].items():
        assert f"`{error['data']['code']}`" in PROSE if "data" in error else f"| {error['code']} |" in PROSE, name
    for name, notification in description.document["x-notifications"].items():
        assert f"`{name}`" in PROSE
        for member in names_in(notification["params"], description.document):
            assert member in words, (name, member)
