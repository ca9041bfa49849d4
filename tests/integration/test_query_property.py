"""Random queries against the independent matcher: trees as people might write them, and strings as nobody would.

Every tree is written down in one of many ways and must find what its places say; every string must be understood
alike, or refused at the same byte.
"""

import json
import os
import time

import pytest
from hypothesis import Phase, given, settings, strategies as st

import golden_corpus
import matcher
import trawl
from test_golden import check, library  # noqa: F401  (a fixture)
from trawl import RpcError

EXAMPLES = 4000 if trawl.FULL else 400
PHASES = tuple(Phase) if os.environ.get("TRAWL_SHRINK") else (Phase.explicit, Phase.reuse, Phase.generate)

TEXTS = [entry[0] for entry in golden_corpus.TEXTS.values() if entry]
VOCABULARY = sorted({t.word + t.sign for text in TEXTS for t in matcher.tokens(text) if not t.run}
                    | {"txt", "deep", "animals", "budget", "anna", "letter", "zip", "tree", "nowhere", "size1024"})
RUNS = sorted({run for text in TEXTS for run in "".join(c if matcher.is_run(c) else " " for c in text).split()})


# --- leaves: (text of the query, tree) -------------------------------------------------------------------------------

def shout(word):
    """Another case, where that is a word still: no operator may come of it."""
    return word.upper() if len(word.upper()) == len(word) and word.upper() not in ("AND", "OR", "NOT") else word


WORDS = st.sampled_from(VOCABULARY).flatmap(lambda w: st.sampled_from([w, w, shout(w), w.capitalize()]))


@st.composite
def pieces_of_runs(draw):
    run = draw(st.sampled_from(RUNS))
    start = draw(st.integers(0, len(run) - 1))
    return run[start:start + draw(st.integers(1, 4))]


@st.composite
def pieces_of_texts(draw):
    """A few words in a row as they stand somewhere, punctuation and all; sometimes one is left out."""
    text = draw(st.sampled_from([t for t in TEXTS if len(t.split()) > 1])).split()
    start = draw(st.integers(0, len(text) - 1))
    words = text[start:start + draw(st.integers(1, 4))]
    if len(words) > 2 and draw(st.booleans()):
        del words[1]
    return " ".join(words)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def has_token(text):
    return bool(matcher.tokens(text))


PHRASES = pieces_of_texts().filter(has_token) | pieces_of_runs() | WORDS


@st.composite
def words(draw):
    word = draw(WORDS | pieces_of_runs())
    star = draw(st.sampled_from([False, False, True]))
    if star and draw(st.booleans()):
        word = word[:draw(st.integers(1, len(word)))]
    return word + "*" * star, matcher.Text([matcher.Phrase(word, star)])


@st.composite
def phrases(draw):
    text = draw(PHRASES)
    star, title = draw(st.sampled_from([False, False, True])), draw(st.sampled_from([False, False, False, True]))
    return "title:" * title + quoted(text) + "*" * star, matcher.Text([matcher.Phrase(text, star)], title=title)


@st.composite
def nears(draw):
    chosen = draw(st.lists(PHRASES, min_size=2, max_size=3))
    distance = draw(st.none() | st.integers(0, 12))
    text = "NEAR(" + " ".join(map(quoted, chosen)) + (f", {distance}" if distance is not None else "") + ")"
    return text, matcher.Text([matcher.Phrase(c) for c in chosen], distance=10 if distance is None else distance)


NAMES = sorted({os.path.basename(p) for p in [*golden_corpus.TEXTS, *golden_corpus.ZIPS, *golden_corpus.PAGES]})
PATHS = sorted({*golden_corpus.TEXTS, *golden_corpus.ZIPS, *golden_corpus.BINARY})
WAYS = ["2021/anna.txt", "2022/fox.txt", "inner.zip/deep/anna.txt", "page.html", "plan.txt"]


@st.composite
def patterns(draw, values):
    """A piece of a value, perhaps with wildcards in it, as (raw text for within quotes, or bare)."""
    value = draw(st.sampled_from(values))
    start = draw(st.integers(0, len(value) - 1))
    piece = value[start:] if draw(st.booleans()) else value[start:start + draw(st.integers(1, 6))]
    out = []
    for c in piece:
        wild = draw(st.integers(0, 11))
        if wild == 0:
            out.append(draw(st.sampled_from(["*", "?", "**", "*/", "**/", "/**"])))
        elif wild == 1:
            out.append("*")
        else:
            out.append("\\" + c if c in '"*?\\' else c)
    return "".join(out)


@st.composite
def texts_of_fields(draw):
    field, values = draw(st.sampled_from([
        ("name", NAMES), ("name", NAMES), ("path", PATHS), ("path", PATHS), ("part", WAYS), ("author", ["Jane Doe", "Anna Müller", "Jürgen Groß"]),
        ("from", ["Anna Müller <anna@example.org>", "news@example.org"]), ("to", ["Bob <bob@example.com>"]),
        ("cc", ["Carol"]), ("subject", ["Re: Budget meeting", "Größe der Straße"])]))
    raw = draw(patterns(values))
    if draw(st.booleans()):
        raw = raw.swapcase() if len(raw.swapcase()) == len(raw) else raw
    return f'{field}:"{raw}"', matcher.Filter(field, matcher.Pattern(raw))


VALUES = st.sampled_from([
    "ext:txt", "ext:md,csv", "ext:zip", "ext:dat", "ext:eml", "type:text/*", "type:html,markdown", "type:directory", "type:message/rfc822",
    "lang:de", "lang:en,fr", "root:post", "root:docs", "part:*", "size:0", "size:<50", "size:>1K", "size:1K..", "size:40..200", "size:=1M",
    "modified:2024", "modified:7d", "modified:today", "modified:2019..2023-06", "after:2025-03", "before:2024-02", "before:30d", "after:2026-01-15",
    "modified:>=2024-03-02", "modified:<2020", "modified:1y..5d", "modified:2024-03-03T00:00"])


def of_value(text):
    return text, matcher.parse(text)


LEAVES = st.one_of(words(), words(), phrases(), nears(), texts_of_fields(), VALUES.map(of_value))


# --- trees -----------------------------------------------------------------------------------------------------------

@st.composite
def negations(draw, children):
    text, tree = draw(children)
    sign = draw(st.sampled_from(["-", "NOT ", "NOT  ", "NOT -NOT "]))
    return f"{sign}({text})", matcher.Not(tree)


@st.composite
def chains(draw, children):
    parts = draw(st.lists(children, min_size=2, max_size=4))
    join, make = draw(st.sampled_from([(" ", matcher.And), (" AND ", matcher.And), (" OR ", matcher.Or), ("  OR  ", matcher.Or)]))
    return join.join(f"({text})" for text, _ in parts), make([tree for _, tree in parts])


TREES = st.recursive(LEAVES, lambda children: negations(children) | chains(children) | chains(children), max_leaves=7)


@settings(max_examples=EXAMPLES, phases=PHASES)
@given(TREES)
def test_a_tree_finds_what_its_places_say(library, made):  # noqa: F811
    check(library, *made)


# --- strings ---------------------------------------------------------------------------------------------------------

SCRAPS = st.one_of(
    st.sampled_from(['"', "(", ")", "-", " ", "  ", "*", "\\", ":", ",", "+", "#", "/", ".", "..", "?", "=", ">", "<", "\t"]),
    st.sampled_from([" AND ", " OR ", " NOT ", "NEAR(", "AND", "OR", "NOT", ", 5)", ",0)"]),
    st.sampled_from(sorted(matcher.FIELDS)).map(lambda f: f + ":"),
    st.sampled_from(["fox", "quick", "deep", "c++", "日本", "京", "über", "u\u0308", "Ａ", "txt", "1.2.3", "a b", "7d", "2024", "2024-01", "1K", "x"]),
    st.sampled_from(["fox ", "quick ", " deep", "dog", " brown"]),
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0", max_codepoint=0x2FF))


@settings(max_examples=2 * EXAMPLES, phases=PHASES)
@given(st.lists(SCRAPS, max_size=12).map("".join))
def test_a_string_is_understood_alike_or_refused_at_the_same_byte(library, query):  # noqa: F811
    try:
        tree = matcher.parse(query)
    except matcher.Bad as bad:
        with pytest.raises(RpcError) as refused:
            library[0].search(query)
        assert refused.value.word == "bad_query", refused.value
        assert refused.value.data["position"] == bad.at, (query, bad.at, refused.value.message)
        assert refused.value.message
    else:
        check(library, query, tree)


def test_no_string_takes_long(library):  # noqa: F811
    """Bounds hold before anything is built: the longest strings of every kind are answered at once."""
    size = 900_000  # of the request's line
    for scrap in ("(", ")", '"', "-", "NOT ", "a", "a ", "a.", "OR ", '"a" ', "a*", "*", "\\", "\\\"", "name:", "name:a ", "name:*", "path:**/", "ext:a,", "NEAR(",
                  "NEAR(a b) ", "日", "日 ", "c++ ", "u\u0308", "size:", "1", "..", "-(", "(-", "title:a", 'name:"', "AND ", ",", ":"):
        query = scrap * (size // (len(json.dumps(scrap)) - 2))
        begin = time.monotonic()
        try:
            library[0].search(query)
        except RpcError as e:
            assert e.word == "bad_query", (scrap, e)
        assert trawl.SANITIZED or time.monotonic() - begin < trawl.patience(2), scrap
