"""Words of the configured languages are found by their stem, below what has the word itself; what is exact stays exact."""

import os
import shutil

import pytest

import trawl
from test_visibility import OWNER, As, Who
from trawl import wait_for, write

TEXTS = {
    "exact.txt": "the connection of things", "form.txt": "the connected of things", "forms.txt": "it connects them here",
    "both.txt": "connections and connection", "other.txt": "the connoisseur", "de.txt": "Die Häuser der Kinder",
    "fr.txt": "les journaux du soir", "hope.txt": "hoping for flies", "house.txt": "ein Haus", "run.txt": "running shoes",
}


def fill(daemon, texts=None):
    for name, text in (texts or TEXTS).items():
        write(os.path.join(daemon.root, name), text)
    daemon.sync()


def names(daemon, query, **params):
    return {os.path.basename(p).decode() for p in daemon.found(query, **params)}


def ranked(daemon, query):
    return [hit["name"] for hit in daemon.search(query, limit=100)["hits"]]


@pytest.fixture
def english(make_daemon):
    daemon = make_daemon()
    daemon.config["index"]["languages"] = "en"
    daemon.start()
    fill(daemon)
    return daemon


CONNECT = {"exact.txt", "form.txt", "forms.txt", "both.txt"}


@pytest.mark.parametrize("query, expected", [
    ("connection", CONNECT), ("connecting", CONNECT), ("CONNECT", CONNECT), ("Connectión", CONNECT),
    ('"connection"', {"exact.txt", "both.txt"}), ('"connecting"', set()),
    ("connection things", {"exact.txt", "form.txt"}), ("(connecting OR runs)", CONNECT | {"run.txt"}),
    ("connecting -connection", {"form.txt", "forms.txt"}), ("things -connecting", {"exact.txt", "form.txt"}),
    ("connecti*", {"exact.txt", "both.txt"}), ("title:connecting", set()), ("NEAR(connecting things, 5)", set()),
    ('"connecting of things"', set()), ("runs", {"run.txt"}), ("ran", set()),
    ("hope", {"hope.txt"}), ("hoped", {"hope.txt"}), ("fly", {"hope.txt"}), ("flying", {"hope.txt"}),
    ("Haus", {"house.txt"}), ("connection ext:txt size:<1M", CONNECT), ("connection OR size:>1G", CONNECT),
])
def test_what_is_found(english, query, expected):
    assert names(english, query) == expected


def test_without_languages_words_are_themselves(running):
    fill(running)
    assert names(running, "connection") == {"exact.txt", "both.txt"}
    assert names(running, "connecting") == set()


def test_the_word_itself_comes_first(make_daemon):
    """Of texts that differ in nothing else, and of names, the one with the word that was asked for is above."""
    daemon = make_daemon()
    daemon.config["index"]["languages"] = "en"
    daemon.start()
    fill(daemon, {"a.txt": "some connected words", "b.txt": "some connection words", "c.txt": "some connecting words",
                  "d.txt": "nothing to see here at all", "x-signals.txt": "empty", "y-signal.txt": "empty too"})
    for query, first in (("connected", "a.txt"), ("connection", "b.txt"), ("connecting", "c.txt")):
        hits = daemon.search(query)["hits"]
        assert len(hits) == 3 and hits[0]["name"] == first
        assert hits[0]["score"] > hits[1]["score"] > 0
        # In a tree that is no single expression, too.
        hits = daemon.search(f"{query} OR size:>1G")["hits"]
        assert len(hits) == 3 and hits[0]["name"] == first and hits[0]["score"] > hits[1]["score"]
    assert ranked(daemon, "signals") == ["x-signals.txt", "y-signal.txt"]
    assert ranked(daemon, "signal") == ["y-signal.txt", "x-signals.txt"]


def test_forms_are_marked(english):
    hit = english.search("connecting things")["hits"][0]
    text = hit["snippet"]["text"].encode()
    assert {text[at:at + n].decode() for at, n in hit["snippet"]["marks"]} in (
        {"connection", "things"}, {"connected", "things"})


def test_forms_are_explained(english):
    words = english.search('connecting "things"', explain=True)["explanation"]["words"]
    assert set(words[0]["forms"]) == {"connection", "connected", "connects", "connections"}
    assert words[0]["text"] == "connecting" and "forms" not in words[1]


def test_reload_changes_the_languages(english):
    english.config["index"]["languages"] = "german fr"
    english.write_config()
    assert english.call("reload")["reloaded"]
    assert names(english, "connecting") == set()
    assert names(english, "Haus") == names(english, "Häuser") == {"house.txt", "de.txt"}
    assert names(english, "journal") == {"fr.txt"}
    english.config["index"]["languages"] = "en klingon"
    english.write_config()
    answer = english.call("reload")
    assert not answer["reloaded"] and "klingon" in answer["errors"][0] and ":" in answer["errors"][0]
    assert names(english, "Haus") == {"house.txt", "de.txt"}
    del english.config["index"]["languages"]
    english.write_config()
    assert english.call("reload")["reloaded"]
    assert names(english, "Haus") == {"house.txt"}


def test_new_words_have_forms_at_once(english):
    write(os.path.join(english.root, "new.txt"), "disconnecting connectable")
    english.sync()
    assert "new.txt" in names(english, "connection", max_age_ms=0)
    os.unlink(os.path.join(english.root, "new.txt"))
    english.sync()
    words = english.search("connection", explain=True, max_age_ms=0)["explanation"]["words"]
    assert "connectable" not in words[0]["forms"]


def test_the_index_is_as_large_with_stems_as_without(make_daemon):
    sizes = []
    for languages in ("", "en de fr es"):
        daemon = make_daemon()
        if languages:
            daemon.config["index"]["languages"] = languages
        daemon.start()
        fill(daemon)
        daemon.stop()
        sizes.append(os.path.getsize(daemon.state / "index.db"))
        shutil.rmtree(daemon.root)
    assert sizes[0] == sizes[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs other users")
def test_forms_of_what_is_hidden_are_not_told(make_daemon):
    daemon = make_daemon()
    daemon.config["daemon"]["mode"] = "system"
    daemon.config["index"]["languages"] = "en"
    for directory in (daemon.home, daemon.root):
        os.chmod(directory, 0o755)
    for name, text, mode in (("a.txt", "connected", 0o644), ("b.txt", "connections", 0o600)):
        path = os.path.join(daemon.root, name)
        write(path, text)
        os.chown(path, OWNER.uid, OWNER.gid)
        os.chmod(path, mode)
    daemon.start()
    daemon.sync()
    with As(daemon, Who("other", 30009, 30009, ())) as client:
        result = client.call("search", query="connection", explain=True)
        assert result["total"] == 1 and result["explanation"]["words"][0]["forms"] == ["connected"]
    with As(daemon, OWNER) as client:
        result = client.call("search", query="connection", explain=True)
        assert result["total"] == 2 and sorted(result["explanation"]["words"][0]["forms"]) == ["connected", "connections"]
