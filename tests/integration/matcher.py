"""matcher: the query language by brute force.

A tokenizer, a parser and a judge of single places, written from the documentation (trawl(1), QUERIES) and from the
Unicode database; nothing here is shared with the daemon or asked of it.  Slow and plain on purpose.
"""

import calendar
import re
import time
import unicodedata
from dataclasses import dataclass

DAY = 86400


# --- characters ------------------------------------------------------------------------------------------------------

def unwide(c):
    """Full-width ASCII is ASCII."""
    return chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c


def is_mark(c):
    """A combining mark that is as if it were not there."""
    return "\u0300" <= c <= "\u0331"


ODD = {"İ": "i", "ς": "σ", "ſ": "s", "µ": "μ"}


def fold(s):
    """Case and the marks of Latin letters do not count."""
    out = []
    for c in map(unwide, s):
        if is_mark(c):
            continue
        lower = ODD.get(c) or c.lower()
        if lower == "ǡ":  # two marks, which unicode61 leaves on
            out.append(lower)
            continue
        base = unicodedata.normalize("NFD", lower)
        out.append(base[0] if base[0].isascii() and base[0].isalpha() else lower)
    return "".join(out)


def is_word(c):
    return unicodedata.category(unwide(c))[0] in "LN" or unicodedata.category(c) == "Co"


RUNS = [(0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x2E80, 0x2FDF), (0x3005, 0x3007),
        (0x3021, 0x302F), (0x3031, 0x303C), (0x3040, 0x30FF), (0x3130, 0x318F), (0x31F0, 0x31FF), (0x3400, 0x4DBF),
        (0x4E00, 0x9FFF), (0xA960, 0xA97F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), (0xAC00, 0xD7FF), (0xF900, 0xFAFF),
        (0xFF65, 0xFFDC), (0x1AFF0, 0x1AFFF), (0x1B000, 0x1B16F), (0x20000, 0x3FFFD)]


def is_run(c):
    """A character of a script that puts no spaces between words."""
    return c >= "\u0e00" and any(a <= ord(c) <= b for a, b in RUNS) and unicodedata.category(c)[0] in "LMN"


@dataclass
class Token:
    word: str            # folded; of a run, one character
    sign: str = ""       # "++" or "#" behind a word
    run: bool = False
    last: bool = False   # of its run


BETWEEN = re.compile(r"[ .\n]*")  # a quick way over what is never part of a word
SIGNED = re.compile(r"[a-z][a-z0-9]{0,9}")


def tokens(text):
    """The positions of a text."""
    text = unicodedata.normalize("NFC", text) if any(map(is_run, text)) else text
    out, i = [], 0
    while i < len(text):
        if is_run(text[i]):
            while i < len(text) and is_run(text[i]):
                out.append(Token(text[i], run=True))
                i += 1
            out[-1].last = True
        elif is_word(text[i]):
            j = i
            while j < len(text) and (is_word(text[j]) or is_mark(text[j])) and not is_run(text[j]):
                j += 1
            token = Token(fold(text[i:j]))
            plain = "".join(map(unwide, text[i:j])).lower()
            tail = re.match(r"\+\+|#", "".join(map(unwide, text[j:j + 2])))
            follower = unwide(text[j + tail.end()]) if tail and j + tail.end() < len(text) else " "
            ended = follower not in "+#" and (is_run(follower) or not is_word(follower))
            if tail and SIGNED.fullmatch(plain) and ended:
                token.sign = tail.group()
            out.append(token)
            i = j
        else:
            i = BETWEEN.match(text, i + 1).end()
    return out


# --- phrases ---------------------------------------------------------------------------------------------------------

class Phrase:
    """Words in a row; the last one may go on where `star` is true."""

    def __init__(self, text, star=False):
        self.text, self.star = text, star
        self.units = tokens(text)

    @property
    def length(self):
        """How many positions it takes as FTS5 counts them: a run's last character stands for itself only if it must."""
        n = len(self.units)
        return n - 1 if n > 1 and self.units[-1].run and self.units[-2].run and not self.units[-2].last else n

    def _fits(self, k, token):
        unit, final = self.units[k], k == len(self.units) - 1
        if unit.run != token.run:
            return False
        if unit.run:
            same = unit.word == token.word
            if final:
                return same
            return same and unit.last == token.last
        if final and self.star:
            return any(form.startswith(unit.word + unit.sign) for form in (token.word, token.word + token.sign))
        return unit.word == token.word and (not unit.sign or unit.sign == token.sign)

    def starts(self, text_tokens):
        """Where it stands."""
        return [i for i in range(len(text_tokens) - len(self.units) + 1)
                if all(self._fits(k, text_tokens[i + k]) for k in range(len(self.units)))]


# --- the tree --------------------------------------------------------------------------------------------------------

@dataclass
class Text:
    phrases: list
    title: bool = False
    distance: int = None  # of NEAR

    def in_tokens(self, text_tokens):
        places = [p.starts(text_tokens) for p in self.phrases]
        if self.distance is None:
            return bool(places[0])
        return any(all(any(last - phrase.length - self.distance <= at <= last for at in starts)
                       for phrase, starts in zip(self.phrases, places))
                   for starts in places for last in starts)

    def holds(self, place, now):
        document = place.document
        columns = [] if document is None else [document.title] if self.title else [document.title, document.text]
        return any(self.in_tokens(cut(c)) for c in columns) or (not self.title and self.in_tokens(cut(place.name)))


@dataclass
class Filter:
    field: str
    value: object

    def holds(self, place, now):
        return FIELDS[self.field].holds(self.value, place, now)


@dataclass
class Not:
    child: object

    def holds(self, place, now):
        return not self.child.holds(place, now)


@dataclass
class And:
    children: list

    def holds(self, place, now):
        return all(c.holds(place, now) for c in self.children)


@dataclass
class Or:
    children: list

    def holds(self, place, now):
        return any(c.holds(place, now) for c in self.children)


_cuts = {}


def cut(text):
    """Tokens of texts that are asked about again and again."""
    if text not in _cuts:
        _cuts[text] = tokens(text)
    return _cuts[text]


# --- values of fields ------------------------------------------------------------------------------------------------

class Bad(Exception):
    def __init__(self, at, why=""):
        super().__init__(why, at)
        self.at = at


SPECIAL = '"\\*?(),:- '


def pieces(raw):
    """(sign, whether it was escaped) of a value as it was typed."""
    out, i = [], 0
    while i < len(raw):
        if raw[i] == "\\" and i + 1 < len(raw) and raw[i + 1] in SPECIAL:
            out.append((raw[i + 1], True))
            i += 1
        else:
            out.append((raw[i], False))
        i += 1
    return out


def plain(raw):
    return "".join(c for c, _ in pieces(raw))


class Pattern:
    """A folded substring, or a glob of the whole."""

    def __init__(self, raw, globs=True):
        parts = pieces(raw)
        self.glob = globs and any(c in "*?" and not escaped for c, escaped in parts)
        self.text = fold(plain(raw))
        # A wildcard is a character that no text has.
        self.pattern = fold("".join({"*": "\ue000", "?": "\ue001"}.get(c, c) if not escaped else c for c, escaped in parts))
        if not self.text:
            raise Bad(0)

    def matches(self, s):
        s = fold(s)
        if not self.glob:
            return self.text in s
        return re.fullmatch(self._regex(self.pattern, ".*", "."), s, re.S) is not None

    @staticmethod
    def _regex(pattern, star, one):
        return "".join(star if c == "\ue000" else one if c == "\ue001" else re.escape(c) for c in pattern)

    def matches_path(self, path):
        path = fold(path)
        if not self.glob:
            return self.text in path
        pattern = self.pattern if self.pattern.startswith("/") else "\ue000\ue000/" + self.pattern
        if pattern.endswith("/"):
            pattern += "\ue000\ue000"
        steps = [s for s in pattern.split("/") if s]
        return self._steps(steps, [s for s in path.split("/") if s])

    def _steps(self, pattern, path):
        if not pattern:
            return not path
        if pattern[0] == "\ue000\ue000":
            if len(pattern) == 1:
                return bool(path)
            return any(self._steps(pattern[1:], path[i:]) for i in range(len(path) + 1))
        return bool(path) and re.fullmatch(self._regex(pattern[0], "[^/]*", "[^/]"), path[0], re.S) is not None \
            and self._steps(pattern[1:], path[1:])


UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def size_of(text, at):
    m = re.fullmatch(r"(\d+)([kmgt]?)(i?b)?", text, re.I)
    if not m or (m.group(3) or "").lower() == "ib" and not m.group(2):
        raise Bad(at)
    n = int(m.group(1)) * 1024 ** UNITS[m.group(2).lower()]
    if n >= 1 << 63:
        raise Bad(at)
    return n


def size_range(raw):
    """(smallest, largest or None)"""
    if ".." in raw:
        low, high = raw.split("..", 1)
        least = size_of(low, 0) if low else 0
        most = size_of(high, len(low) + 2) if high else None
        if not low and not high or most is not None and least > most:
            raise Bad(0)
        return least, most
    m = re.match(r"[<>=]{0,2}", raw)
    op = m.group()
    if op not in ("", "<", "<=", ">", ">=", "="):
        raise Bad(0)
    n = size_of(raw[len(op):], len(op))
    return {"": (n, n), "=": (n, n), ">": (n + 1, None), ">=": (n, None), "<": (0, n - 1), "<=": (0, n)}[op]


AGO = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY, "mo": 30 * DAY, "y": 365 * DAY}


def moment_of(text, at):
    """(kind, first, last): a date's two ends in seconds; or days, or seconds, before now."""
    for fmt, unit in (("%Y", "year"), ("%Y-%m", "month"), ("%Y-%m-%d", DAY), ("%Y-%m-%dT%H:%M", 60), ("%Y-%m-%dT%H:%M:%S", 1)):
        bare = text[:-1] if "T" in text and text.endswith("Z") else text
        try:
            t = time.strptime(bare, fmt)
        except ValueError:
            continue
        if time.strftime(fmt, t).zfill(len(bare)) != bare:
            continue
        start = calendar.timegm(t)
        if unit == "year":
            end = calendar.timegm((t.tm_year + 1, 1, 1, 0, 0, 0))
        elif unit == "month":
            end = calendar.timegm((t.tm_year + t.tm_mon // 12, t.tm_mon % 12 + 1, 1, 0, 0, 0))
        else:
            end = start + unit
        return "date", start, end
    if text in ("today", "yesterday"):
        days = ("today", "yesterday").index(text)
        return "day", days, days - 1
    m = re.fullmatch(r"(\d+)(ms|s|mo|m|h|d|w|y)|(0)", text)
    if not m or not m.group(3) and (len(m.group(1)) > 6 if m.group(2) in ("mo", "y") else
                                    int(m.group(1)) * AGO[m.group(2)] * 1000 >= 1 << 63):
        raise Bad(at)
    n = 0 if m.group(3) else int(int(m.group(1)) * AGO[m.group(2)])
    return "ago", n, n


def resolve(kind, value, now):
    if kind == "day":
        return now - now % DAY - value * DAY
    if kind == "ago":
        return now - now % (DAY if value >= DAY else 60) - value
    return value


def time_range(raw, name):
    """((kind, value) or None, the same): from, until"""
    if name == "modified" and ".." in raw:
        low, high = raw.split("..", 1)
        if not low and not high:
            raise Bad(0)
        first = moment_of(low, 0) if low else None
        last = moment_of(high, len(low) + 2) if high else None
        start, end = first and (first[0], first[1]), last and (last[0], last[2])
        if start and end and start[0] == end[0] and resolve(*start, 10 ** 12) >= resolve(*end, 10 ** 12):
            raise Bad(0)
        return start, end
    op = re.match(r"[<>]=?|=|", raw).group() if name == "modified" else ""
    kind, first, last = moment_of(raw[len(op):], len(op))
    if op and kind == "ago":
        raise Bad(len(op))
    start, end = (kind, first), (kind, last)
    if name == "after":
        return start, None
    if name == "before":
        return None, start
    if kind == "ago":
        return start, None
    return {"": (start, end), "=": (start, end), ">": (end, None), ">=": (start, None), "<": (None, start),
            "<=": (None, end)}[op]


def items(raw, field_name):
    out, at = [], 0
    for item in raw.split(","):
        lead = len(item) - len(item.lstrip(" "))
        text = item.strip(" ")
        start = at + lead
        if field_name == "ext" and text.startswith("."):
            text, start = text[1:], start + 1
        if field_name == "type" and text.endswith("/*"):
            text = text[:-1]
        if "*" in text or not fold(text):
            raise Bad(start)
        out.append(fold(text).replace("_", "-") if field_name == "lang" else fold(text))
        at += len(item) + 1
    return out


def type_matches(wanted, is_type):
    is_type = is_type.lower()
    if wanted.endswith("/"):
        return is_type.startswith(wanted)
    return wanted == is_type if "/" in wanted else wanted in is_type.split("/")


class Field:
    def __init__(self, read, holds):
        self.read, self.holds = read, holds


def of_document(get):
    """A field that only what has a document has, and not every one."""
    return lambda pattern, place, now: place.document is not None and bool(get(place.document)) \
        and pattern.matches(get(place.document))


def in_time(value, place, now):
    start, end = value
    return (start is None or place.mtime >= resolve(*start, now)) and (end is None or place.mtime < resolve(*end, now))


def has_type(wanted, place, now):
    if place.kind == "directory":
        is_type = "inode/directory"
    else:
        is_type = place.document.type if place.document else place.type
    return any(type_matches(w, is_type) for w in wanted)


def header(name):
    return Field(Pattern, of_document(lambda d: d.meta.get(name)))


FIELDS = {
    "title": Field(None, None),
    "name": Field(Pattern, lambda p, place, now: p.matches(place.name)),
    "path": Field(Pattern, lambda p, place, now: p.matches_path(place.path)),
    "part": Field(Pattern, lambda p, place, now: place.kind == "part" and p.matches_path("/".join(place.part))),
    "ext": Field(lambda raw: items(raw, "ext"), lambda v, place, now: place.kind != "directory" and place.ext in v),
    "type": Field(lambda raw: items(raw, "type"), has_type),
    "lang": Field(lambda raw: items(raw, "lang"), lambda v, place, now: place.document is not None and any(
        (fold(place.document.lang).replace("_", "-") + "-").startswith(w + "-") for w in v)),
    "author": Field(Pattern, of_document(lambda d: d.author)),
    "from": header("from"), "to": header("to"), "cc": header("cc"), "subject": header("subject"),
    "root": Field(lambda raw: Pattern(raw, False), lambda p, place, now: fold(place.root) == p.text),
    "size": Field(size_range, lambda v, place, now: place.kind != "directory" and v[0] <= place.size
                  and (v[1] is None or place.size <= v[1])),
    "after": Field(lambda raw: time_range(raw, "after"), in_time),
    "before": Field(lambda raw: time_range(raw, "before"), in_time),
    "modified": Field(lambda raw: time_range(raw, "modified"), in_time),
}


# --- the parser ------------------------------------------------------------------------------------------------------

BLANK = " \t\n\v\f\r"


@dataclass
class Sign:
    kind: str
    at: int
    text: str = ""
    field: str = None
    value_at: int = 0
    star: bool = False
    quoted: bool = False


class Parser:
    """Positions are those of characters; errors tell bytes."""

    DEPTH, TERMS = 32, 256

    def __init__(self, text):
        self.text, self.at, self.near = text, 0, False
        self.terms = self.depth = 0
        self.now = self._next()

    # words and signs

    def _escape(self, at):
        return self.text[at] == "\\" and at + 1 < len(self.text) and self.text[at + 1] in SPECIAL

    def _bare(self, at):
        """Where a bare word ends, and whether a star is its last sign."""
        depth, star = 0, False
        while at < len(self.text):
            c = self.text[at]
            if c in BLANK or c == '"' or c == "," and self.near or c == ")" and depth == 0:
                break
            depth += (c == "(") - (c == ")")
            star = c == "*"
            at += 1 + self._escape(at)
        return at, star

    def _quoted(self, at):
        """The text between quotes of which the first is at `at`."""
        end = at + 1
        while end < len(self.text) and self.text[end] != '"':
            end += 1 + self._escape(end)
        if end >= len(self.text):
            raise Bad(at)
        star = self.text[end + 1:end + 2] == "*"
        self.at = end + 1 + star
        return self.text[at + 1:end], star

    def _next(self):
        while self.at < len(self.text) and self.text[self.at] in BLANK:
            self.at += 1
        at, rest = self.at, self.text[self.at:]
        if not rest:
            return Sign("end", at)
        single = {"(": "open", ")": "close"}.get(rest[0]) or ("comma" if rest[0] == "," and self.near else None)
        if rest[0] == "-" and rest[1:2] not in ("", "-", *BLANK):
            single = "not"
        if single:
            self.at += 1
            return Sign(single, at)
        if rest.startswith("NEAR("):
            self.at += 5
            return Sign("near", at)
        end, star = self._bare(at)
        if self.text[at:end] in ("AND", "OR", "NOT"):
            self.at = end
            return Sign(self.text[at:end].lower(), at)
        if rest[0] == '"':
            try:
                text, star = self._quoted(at)
            except Bad:
                self.at = len(self.text)
                return Sign("unclosed", at)
            return Sign("phrase", at, text, star=star, quoted=True)
        m = re.match(r"([A-Za-z]+):", rest)
        if m and m.group(1).lower() in FIELDS:
            return self._field(at, m.group(1).lower(), at + m.end())
        self.at = end
        return Sign("word", at, self.text[at:end - star], star=star)

    def _field(self, at, name, value_at):
        if self.text[value_at:value_at + 1] == '"':
            try:
                text, star = self._quoted(value_at)
            except Bad:
                self.at = len(self.text)
                return Sign("unclosed", value_at)
            return Sign("field", at, text, name, value_at + 1, star, True)
        end, star = self._bare(value_at)
        self.at = end
        star = star and name == "title"
        return Sign("field", at, self.text[value_at:end - star], name, value_at, star)

    def advance(self):
        sign, self.now = self.now, self._next()
        return sign

    # the grammar

    def parse(self):
        if self.now.kind == "end":
            raise Bad(0)
        tree = self.any_of()
        if self.now.kind != "end":
            raise Bad(self.now.at)
        return tree

    def any_of(self):
        children = [self.all_of()]
        while self.now.kind == "or":
            self.advance()
            children.append(self.all_of())
        return children[0] if len(children) == 1 else Or(children)

    def all_of(self):
        children = [self.negation()]
        while self.now.kind not in ("end", "close", "or", "comma"):
            if self.now.kind == "and":
                self.advance()
            children.append(self.negation())
        return children[0] if len(children) == 1 else And(children)

    def negation(self):
        if self.now.kind not in ("not", "open"):
            return self.leaf()
        if self.depth == self.DEPTH:
            raise Bad(self.now.at)
        self.depth += 1
        if self.advance().kind == "not":
            tree = Not(self.negation())
        else:
            tree = self.any_of()
            if self.now.kind != "close":
                raise Bad(self.now.at)
            self.advance()
        self.depth -= 1
        return tree

    def count(self, n, at):
        self.terms += n
        if self.terms > self.TERMS:
            raise Bad(at)

    def phrase(self):
        phrase = Phrase(plain(self.now.text), self.now.star)
        if not phrase.units:
            raise Bad(self.now.at)
        self.count(phrase.length, self.now.at)
        self.advance()
        return phrase

    def leaf(self):
        if self.now.kind in ("word", "phrase"):
            return Text([self.phrase()])
        if self.now.kind == "near":
            return self.near_group()
        if self.now.kind == "field":
            return self.filter()
        raise Bad(self.now.at)

    def filter(self):
        sign = self.now
        if sign.field == "title" and sign.text:
            return Text([self.phrase()], title=True)
        self.count(1, sign.at)
        if not sign.text:
            raise Bad(sign.value_at)
        try:
            value = FIELDS[sign.field].read(sign.text)
        except Bad as bad:
            raise Bad(sign.value_at + bad.at) from None
        self.advance()
        return Filter(sign.field, value)

    def near_group(self):
        begin = self.now.at
        self.near = True
        self.advance()
        text = Text([], distance=10)
        while self.now.kind in ("word", "phrase"):
            text.phrases.append(self.phrase())
        if self.now.kind == "comma":
            self.advance()
            if self.now.kind != "word" or self.now.star or not re.fullmatch(r"[0-9]{1,4}", self.now.text) \
                    or int(self.now.text) > 1000:
                raise Bad(self.now.at)
            text.distance = int(self.now.text)
            self.advance()
        self.near = False
        if self.now.kind != "close":
            raise Bad(self.now.at)
        if len(text.phrases) < 2:
            raise Bad(begin)
        self.advance()
        return text


def parse(text):
    """The tree, or Bad with the byte at fault."""
    try:
        return Parser(text).parse()
    except Bad as bad:
        raise Bad(len(text[:bad.at].encode())) from None


# --- the judge -------------------------------------------------------------------------------------------------------

def names_directory(tree, place, now, positive=True):
    """Whether a word, or a name:, that is not negated is true of it: else a directory is no hit."""
    if isinstance(tree, Not):
        return names_directory(tree.child, place, now, not positive)
    if isinstance(tree, (And, Or)):
        return any(names_directory(c, place, now, positive) for c in tree.children)
    by_name = isinstance(tree, Text) and not tree.title or isinstance(tree, Filter) and tree.field == "name"
    return positive and by_name and tree.holds(place, now)


def is_hit(tree, place, now):
    return tree.holds(place, now) and (place.kind != "directory" or names_directory(tree, place, now))


def places(tree, library, now):
    """Every place that is found."""
    return [p for p in library.places if is_hit(tree, p, now)]
