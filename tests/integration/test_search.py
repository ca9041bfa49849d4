"""Searching: the query language, filters, sorts, pages, snippets with their marks, deadlines."""

import calendar
import os
import shutil
import tempfile
import time

import pytest

import trawl
from trawl import RpcError, patience, path_of, quote, write

DAY = 86400


def utc(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d"))


FILES = {
    "animals/fox.txt": ("The quick brown fox jumps over the lazy dog.", "2026-01-15"),
    "animals/dog.txt": ("A lazy dog sleeps. The dog is brown. Quick naps.", "2026-02-15"),
    "animals/cat.md": ("# Cats\n\nThe cat is neither quick nor brown, but élégant and naïve.", "2025-06-01"),
    "plants/oak.txt": ("An oak is a tree. Brown leaves fall in autumn; the oak waits.", "2024-03-01"),
    "plants/big.log": ("filler line of a log\n" * 3000 + "needle in the haystack", "2025-12-31"),
    "report final.txt": ("Quarterly numbers: 42 and 1984. foo_bar baz-qux c++ user@example.org", "2026-03-01"),
    "page.html": ("<html><head><title>Brown Title</title><meta name=author content='Jane Doe'></head>"
                  "<body>pages have bodies</body></html>", "2026-03-02"),
    "blob.bin.txt": (b"\x00\x01\x02\xff" * 64, "2026-03-03"),
}


@pytest.fixture(scope="module")
def library():
    """One daemon for all that only ask; it is checked when the module ends."""
    home = tempfile.mkdtemp(prefix="trawl-", dir=os.environ.get("TRAWL_TEST_DIR") or "/dev/shm")
    daemon = trawl.Daemon(home)
    for name, (content, date) in FILES.items():
        path = write(daemon.root / name, content)
        os.utime(path, (utc(date), utc(date)))
    for i in range(60):
        write(daemon.root / "pages" / f"{i:02}.txt", "turning " * (i + 1) + f"leaf{i}")
        os.utime(daemon.root / "pages" / f"{i:02}.txt", (utc("2026-04-01") + i * DAY,) * 2)
    daemon.start()
    daemon.sync()
    yield daemon
    daemon.finish()
    shutil.rmtree(home)


def names(daemon, query, **params):
    """Paths below the root, as text."""
    prefix = os.fsencode(daemon.root) + b"/"
    return {os.fsdecode(p[len(prefix):]) for p in daemon.found(query, **params)}


@pytest.mark.parametrize("query, expected", [
    # words
    ("fox", {"animals/fox.txt"}),
    ("FOX", {"animals/fox.txt"}),
    ("quick brown", {"animals/fox.txt", "animals/dog.txt", "animals/cat.md"}),
    ("elegant", {"animals/cat.md"}),
    ("élégant", {"animals/cat.md"}),
    ("naive", {"animals/cat.md"}),
    ("1984", {"report final.txt"}),
    ("foo", {"report final.txt"}),
    ("foo_bar", {"report final.txt"}),
    ("baz-qux", {"report final.txt"}),
    ("user@example.org", {"report final.txt"}),
    ("c++ numbers", {"report final.txt"}),
    ("fox oak", set()),
    # phrases, prefixes, exclusion, alternatives, groups
    ('"lazy dog"', {"animals/fox.txt", "animals/dog.txt"}),
    ('"dog lazy"', set()),
    ('"brown fox jumps"', {"animals/fox.txt"}),
    ("autu*", {"plants/oak.txt"}),
    ("haysta*", {"plants/big.log"}),
    ("brown -fox", {"animals/dog.txt", "animals/cat.md", "plants/oak.txt", "page.html"}),
    ('brown -"lazy dog"', {"animals/cat.md", "plants/oak.txt", "page.html"}),
    ("fox OR oak", {"animals/fox.txt", "plants/oak.txt"}),
    ("brown (fox OR cat)", {"animals/fox.txt", "animals/cat.md"}),
    ("lazy (fox OR oak) -sleeps", {"animals/fox.txt"}),
    ("((fox))", {"animals/fox.txt"}),
    ("NEAR(quick fox, 3)", {"animals/fox.txt"}),
    ("NEAR(quick lazy, 2)", set()),
    ("NEAR(quick lazy, 5)", {"animals/fox.txt"}),
    ("NEAR(quick lazy, 6)", {"animals/fox.txt", "animals/dog.txt"}),
    # names, paths, extensions
    ("name:fox", {"animals/fox.txt"}),
    ("name:FOX", {"animals/fox.txt"}),
    ("name:ox.t", {"animals/fox.txt"}),
    ("name:og", {"animals/dog.txt", "plants/big.log"}),
    ('name:"report final"', {"report final.txt"}),
    ("name:50%", set()),
    ("name:f_x", set()),
    ("report", {"report final.txt"}),
    ("path:plants brown", {"plants/oak.txt"}),
    ("path:animals ext:md", {"animals/cat.md"}),
    ("ext:md", {"animals/cat.md"}),
    ("ext:MD", {"animals/cat.md"}),
    ("ext:log needle", {"plants/big.log"}),
    ("brown -ext:txt", {"animals/cat.md", "page.html"}),
    ("name:blob", {"blob.bin.txt"}),
    ("blob", {"blob.bin.txt"}),
    # fields of documents
    ("title:brown", {"page.html"}),
    ('title:"brown title"', {"page.html"}),
    ("author:jane", {"page.html"}),
    ("author:doe bodies", {"page.html"}),
    ("type:text/html", {"page.html"}),
    ("root:docs fox", {"animals/fox.txt"}),
    ("root:other fox", set()),
    # size and time
    ("size:>50K", {"plants/big.log"}),
    ("size:>50000 needle", {"plants/big.log"}),
    ("brown size:<50", {"animals/fox.txt", "animals/dog.txt"}),
    ("brown after:2026-01-01", {"animals/fox.txt", "animals/dog.txt", "page.html"}),
    ("brown before:2025-01-01", {"plants/oak.txt"}),
    ("brown after:2025-01-01 before:2026-02-01", {"animals/fox.txt", "animals/cat.md"}),
    ("brown modified:1d", set()),
])
def test_what_a_query_finds(library, query, expected):
    assert names(library, query) == expected


def test_after_includes_its_day_and_before_does_not(library):
    assert names(library, "fox after:2026-01-15") == {"animals/fox.txt"}
    assert names(library, "fox after:2026-01-16") == set()
    assert names(library, "fox before:2026-01-15") == set()
    assert names(library, "fox before:2026-01-16") == {"animals/fox.txt"}


@pytest.mark.parametrize("query, position", [
    ('"unclosed', 0), ("fox (", 5), ("fox )", 4), ("fox OR", 6), ("OR fox", 0), ("size:>abc", None), ("after:2026-13-01", None),
    ("NEAR(a b, x)", None), ("fox size:>", None), ("modified:5parsec", None), ("*", None),
])
def test_errors_name_the_position(library, query, position):
    with pytest.raises(RpcError) as e:
        library.search(query)
    assert e.value.code == -32000 and e.value.word == "bad_query"
    assert 0 <= e.value.data["position"] <= len(query)
    if position is not None:
        assert e.value.data["position"] == position
    assert "fts5" not in e.value.message.lower()


def test_a_hit(library):
    [hit] = library.search("fox", snippet={"tokens": 12})["hits"]
    path = library.absolute("animals/fox.txt")
    assert path_of(hit) == path and [path_of(p) for p in hit["paths"]] == [path] and hit["paths_total"] == 1
    assert hit["name"] == "fox.txt" and hit["size"] == len(FILES["animals/fox.txt"][0])
    assert hit["mtime"] == utc("2026-01-15") and isinstance(hit["mtime"], int)
    assert hit["type"] == "text/plain" and hit["document"] is True and hit["offline"] is False
    assert isinstance(hit["score"], (int, float))


def test_an_answer(library):
    result = library.search("brown")
    for key, kind in {"hits": list, "total": int, "total_exact": bool, "rank_bounded": bool, "partial": bool, "clock": str,
                      "cached": bool, "age_ms": int, "took_ms": (int, float)}.items():
        assert isinstance(result[key], kind), key
    assert result["total"] == 5 and result["total_exact"] is True and result["partial"] is False


@pytest.mark.parametrize("query, words", [
    ("fox", {"fox"}), ("quick fox", {"quick", "fox"}), ("elegant", {"élégant"}), ('"lazy dog"', None), ("autu*", {"autumn"}),
    ("needle", {"needle"}),
])
def test_snippets_mark_the_right_bytes(library, query, words):
    for hit in library.search(query, snippet={"tokens": 16})["hits"]:
        text, marks = hit["snippet"]["text"].encode(), hit["snippet"]["marks"]
        assert marks, hit
        last = 0
        for begin, length in marks:
            assert begin >= last and length > 0 and begin + length <= len(text)
            last = begin + length
            marked = text[begin:begin + length].decode()
            if words:
                assert marked.lower() in words or any(w in marked.lower() for w in words), (marked, hit)
            else:
                assert "lazy" in marked.lower() or "dog" in marked.lower()
        assert len(text.split()) <= 40


def test_snippets_of_hostile_text(library):
    path = write(library.root / "hostile.txt", "\x1b[31m <b>bold</b> \u202e ünïcödé 😀 markerword 日本語 \x07 end")
    library.sync()
    try:
        [hit] = library.search("markerword", snippet={"tokens": 20})["hits"]
        text = hit["snippet"]["text"].encode()
        [[begin, length]] = hit["snippet"]["marks"]
        assert text[begin:begin + length] == b"markerword"
    finally:
        os.unlink(path)
        library.sync()


def test_ranking_prefers_titles_and_density(library):
    order = [path_of(h) for h in library.search("brown")["hits"]]
    assert order[0] == library.absolute("page.html"), "in the title"
    scores = [h["score"] for h in library.search("turning", limit=60)["hits"]]
    assert scores == sorted(scores, reverse=True) or scores == sorted(scores)


@pytest.mark.parametrize("sort, order, key", [
    ("time", "asc", lambda h: h["mtime"]), ("time", "desc", lambda h: -h["mtime"]), ("size", "asc", lambda h: h["size"]),
    ("size", "desc", lambda h: -h["size"]), ("name", "asc", lambda h: h["name"]), ("path", "asc", lambda h: path_of(h)),
])
def test_sorts(library, sort, order, key):
    hits = library.search("turning", limit=60, sort=sort, order=order)["hits"]
    assert len(hits) == 60 and hits == sorted(hits, key=key)


def test_descending_names(library):
    hits = library.search("turning", limit=60, sort="name", order="desc")["hits"]
    assert [h["name"] for h in hits] == [f"{i:02}.txt" for i in reversed(range(60))]


@pytest.mark.parametrize("sort", [None, "time", "size", "name", "path"])
def test_pages_by_offset(library, sort):
    params = {"sort": sort} if sort else {}
    everything = [path_of(h) for h in library.search("turning", limit=100, **params)["hits"]]
    paged = []
    for offset in range(0, 70, 7):
        result = library.search("turning", limit=7, offset=offset, **params)
        assert result["total"] == 60
        paged += [path_of(h) for h in result["hits"]]
    assert paged == everything and len(set(paged)) == 60


@pytest.mark.parametrize("sort", [None, "time", "size", "name", "path"])
def test_pages_by_cursor(library, sort):
    params = {"sort": sort} if sort else {}
    everything = [path_of(h) for h in library.search("turning", limit=100, **params)["hits"]]
    paged, cursor = [], None
    for _ in range(20):
        result = library.search("turning", limit=7, **params, **({"cursor": cursor} if cursor else {}))
        paged += [path_of(h) for h in result["hits"]]
        cursor = result.get("cursor")
        if not cursor:
            break
    assert paged == everything and cursor is None


def test_a_foreign_cursor_is_refused(library):
    for cursor in ("nonsense", "", "AAAA", "=" * 1000, "eyJhIjoxfQ=="):
        with pytest.raises(RpcError) as e:
            library.search("turning", cursor=cursor)
        assert e.value.code == -32602


def test_limits(library):
    assert library.search("turning", limit=0)["hits"] == [] and library.search("turning", limit=0)["total"] == 60
    assert len(library.search("turning")["hits"]) == 10
    assert len(library.search("turning", limit=100000)["hits"]) == 60
    assert library.search("turning", offset=1000)["hits"] == []


def test_filters_hold_for_one_and_the_same_file(make_daemon):
    """One document under two paths: a filter on each must not add up to a hit."""
    daemon = make_daemon()
    write(daemon.root / "old" / "a.txt", "samecontent")
    write(daemon.root / "new" / "b.md", "samecontent")
    os.utime(daemon.root / "old" / "a.txt", (utc("2020-01-01"),) * 2)
    daemon.start()
    daemon.sync()
    assert daemon.found("samecontent path:old ext:txt") == {daemon.absolute("old/a.txt")}
    assert daemon.found("samecontent path:old ext:md") == set()
    assert daemon.found("samecontent ext:txt after:2025-01-01") == set()


def test_newest_path_first(make_daemon):
    daemon = make_daemon()
    for i, date in enumerate(["2024-01-01", "2026-01-01", "2025-01-01"]):
        write(daemon.root / f"{i}.txt", "samecontent")
        os.utime(daemon.root / f"{i}.txt", (utc(date),) * 2)
    daemon.start()
    daemon.sync()
    results = [daemon.search("samecontent")["hits"] for _ in range(1)]
    paths = [[path_of(p) for p in hit["paths"]] for hit in results[0]]
    flat = [p for group in paths for p in group]
    assert sorted(flat) == [daemon.absolute(f"{i}.txt") for i in range(3)]
    if len(paths) == 1:  # one converter, one document
        assert flat == [daemon.absolute(f"{i}.txt") for i in (1, 2, 0)]
        assert path_of(results[0][0]) == daemon.absolute("1.txt")


def test_a_deadline_gives_what_there_is(running):
    """Thousands of documents, a millisecond of time: partial or whole, but in time, and the daemon goes on."""
    for i in range(400):
        write(running.root / f"{i}.txt", f"deadline number{i} " + " ".join(f"w{j}" for j in range(i % 100 * 20)))
    running.sync()
    for timeout in (1, 2, 5):
        begin = time.monotonic()
        try:
            result = running.search("deadline OR w1* OR number*", limit=400, snippet={"tokens": 60}, timeout_ms=timeout,
                                    max_age_ms=0)
        except RpcError as e:
            assert e.word == "timeout" and e.data["retryable"] is True
        else:
            assert isinstance(result["partial"], bool) and (result["partial"] or result["total"] == 400)
        assert time.monotonic() - begin < patience(0.5)
    result = running.search("deadline", limit=400)
    assert result["total"] == 400 and result["partial"] is False


def test_removing_and_replacing_words(running):
    path = write(running.root / "a.txt", "alpha beta")
    running.sync()
    assert running.found("alpha beta") == {path}
    write(path, "beta gamma")
    running.sync()
    assert running.found("alpha") == set() and running.found("beta gamma") == {path}
    assert running.found('"alpha beta"') == set()
    os.unlink(path)
    running.sync()
    for word in ("alpha", "beta", "gamma", "name:a.txt"):
        assert running.found(word) == set()


def test_name_words_follow_a_rename(running):
    write(running.root / "budget.txt", "content")
    running.sync()
    assert running.found("budget") == {running.absolute("budget.txt")}
    os.rename(running.root / "budget.txt", running.root / "forecast.txt")
    running.sync()
    assert running.found("budget") == set() and running.found("name:udge") == set()
    assert running.found("forecast") == running.found("name:reca") == {running.absolute("forecast.txt")}


def test_short_name_patterns(library):
    assert "animals/fox.txt" in names(library, "name:fo")
    assert "animals/fox.txt" in names(library, "name:x")


def test_quoted_words_from_anywhere(library):
    """quote() of any text is a phrase, never an operator."""
    for text in ("fox OR oak", "name:fox", "-fox", "NEAR(a b)", "a*b", "(", 'say "hi"', "\\", "size:>1M"):
        try:
            library.search(quote(text))
        except RpcError as e:
            assert e.word == "bad_query" and text in ("(", "\\", 'say "hi"')


def test_several_snippets(library):
    """Each shows what the ones before do not, none overlaps another, the first is `snippet`; marks are on the words."""
    hit = library.search("needle OR haystack OR filler", snippet={"tokens": 8, "count": 4})["hits"][0]
    assert hit["snippets"][0] == hit["snippet"] and 2 <= len(hit["snippets"]) <= 4
    seen = set()
    for snippet in hit["snippets"]:
        text = snippet["text"].encode()
        marked = {text[at:at + n].decode() for at, n in snippet["marks"]}
        assert marked and marked <= {"needle", "haystack", "filler"}
        seen |= marked
    assert seen == {"needle", "haystack", "filler"}
    one = library.search("needle", snippet={"tokens": 8, "count": 4})["hits"][0]["snippets"]
    assert len(one) == 1
    assert "snippets" not in library.search("needle", snippet={"count": 1})["hits"][0]
    assert library.search("plants", snippet={"count": 3})["hits"][0]["snippets"] == [], "a directory has no text"


@pytest.mark.parametrize("query, shape, sort, words, says", [
    ("brown fox", "text", "relevance", ["brown", "fox"], ["brown", "fox"]),
    ('"lazy dog" -fox', "text", "relevance", ["lazy dog"], ["NOT", "fox"]),
    ("brown ext:txt", "text", "relevance", ["brown"], ["txt"]),
    ("ext:txt size:>1K", "filters", "time", [], ["size", "1 KiB"]),
    ("brown OR ext:md", "sets", "relevance", ["brown"], ["OR", "md"]),
    ("-brown", "sets", "time", [], ["NOT"]),
])
def test_explanation(library, query, shape, sort, words, says):
    result = library.search(query, explain=True, max_age_ms=60000)
    explanation = result["explanation"]
    assert (explanation["shape"], explanation["sort"], explanation["order"]) == (shape, sort, "desc")
    assert [w["text"] for w in explanation["words"]] == words
    assert explanation["recency"] == 0 and explanation["bounds"] == []
    for part in says:
        assert part in explanation["text"], explanation["text"]
    assert "explanation" not in library.search(query, max_age_ms=60000), "another answer of the memo's"
