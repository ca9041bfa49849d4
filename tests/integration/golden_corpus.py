"""golden_corpus: a small library of many kinds, written to disk, and what there is to know of each of its places.

A place is a file, a part of a file, or a directory.  What text a document has is written down here beside the bytes
that hold it, not asked of any converter.
"""

import calendar
import email.message
import email.policy
import io
import os
import time
import zipfile
from dataclasses import dataclass, field

DAY = 86400


@dataclass(frozen=True)
class Document:
    """What a converter made of some bytes.  Two places with the same bytes share it: `key` tells."""
    key: object
    type: str
    text: str
    title: str = ""
    author: str = ""
    lang: str = ""
    meta: dict = field(default_factory=dict, hash=False, compare=False)


@dataclass(frozen=True)
class Place:
    path: str            # absolute; of a part, that of its file
    name: str
    mtime: int
    root: str
    part: tuple = ()     # the way to it inside of the file
    size: int = 0
    document: Document = None
    kind: str = "file"   # "file", "part", "directory"
    type: str = ""       # what the container says of a part
    hit: object = None   # places with the same are one hit

    @property
    def ext(self):
        stem, dot, ext = self.name.rpartition(".")
        good = dot and stem and len(ext) <= 16 and ext.isascii() and ext.isalnum()
        return ext.lower() if good else ""

    @property
    def key(self):
        """How it is told in a result."""
        return self.path if self.kind != "part" else self.path + "//" + "/".join(self.part)


def utc(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d"))


# --- texts -----------------------------------------------------------------------------------------------------------

FOX = "The quick brown fox jumps over the lazy dog.\n"

# Path below the root: (text, day).  What has no day is given one by its number.
TEXTS = {
    "animals/fox.txt": (FOX, "2026-01-15"),
    "animals/dog.txt": ("A lazy dog sleeps. The dog is brown. Quick naps, no fox.\n", "2026-02-15"),
    "animals/cat.md": ("# Cats\n\nThe cat is neither quick nor brown, but élégant and naïve.\n", "2025-06-01"),
    "animals/Ärger mit Hund.txt": ("Der Hund bellt, die Katze ärgert sich über ihn. Straße, groß, GROẞ.\n", "2024-02-29"),
    "animals/wolf.log": ("wolf seen\nwolf heard\nwolf gone\n", "2024-12-31"),
    "animals/fox dog.txt": ("only the name speaks\n", "2025-01-01"),
    "recipes/pasta.txt": ("Boil water, add salt. Add pasta; wait nine minutes.\n", "2023-05-01"),
    "recipes/Crème brûlée.md": ("Cream, sugar and eggs. Caramelise the sugar.\n", "2023-05-02"),
    "recipes/soup.txt": ("Water, salt, onions. A soup of the day: onion soup.\n", "2023-06-30"),
    "recipes/bread [sour].txt": ("Flour, water, salt and time.\n", "2023-12-31"),
    "code/main.c": ("int main(void)\n{\n\treturn foo.bar(1, 2) + c_plus;\n}\n", "2024-03-01"),
    "code/util.cpp": ("C++ is not C, and c# is neither. g++ builds it; C++11 too.\n", "2024-03-02"),
    "code/plain.txt": ("the letter c alone, and a c compiler\n", "2024-03-03"),
    "code/sharp.txt": ("C# and F# run here; b#9 is music\n", "2024-03-04"),
    "code/lib.py": ("import os\n\ndef foo_bar():\n    return os.path.join('/usr/share', 'dict')\n", "2024-03-31"),
    "code/README": ("Read me first. Version 1.2.3 of user@example.org, see http://example.org/a?b=c\n", "2024-04-01"),
    "code/notes.rst": ("Version 1.2 and version 1.2.3.4; example@user.org; share/usr\n", "2024-04-02"),
    "code/Makefile": ("all:\n\tcc -o main main.c\n", "2024-04-03"),
    "code/std.txt": ("std::string and boost::string, not std string\n", "2024-04-04"),
    "cjk/日本語.txt": ("日本語の文章です。東京都に住んでいます。\n", "2025-03-01"),
    "cjk/京都.txt": ("京都は古い都です。\n", "2025-03-02"),
    "cjk/中文.txt": ("中文全文搜索引擎测试。我们在北京大学学习。\n", "2025-03-03"),
    "cjk/カタカナ.txt": ("コンピューターとデータベース\n", "2025-03-04"),
    "cjk/한국어.txt": ("한국어 문서 검색 시험입니다\n", "2025-03-05"),
    "cjk/thai.txt": ("ภาษาไทยไม่มีช่องว่าง\n", "2025-03-06"),
    "cjk/mixed.txt": ("Tokyoは東京です、3月 foo日本bar\n", "2025-03-07"),
    "cjk/wide.txt": ("ＦＵＬＬ　ｗｉｄｔｈ　Ｃ＋＋\n", "2025-03-08"),
    "cjk/apart.txt": ("東 京 都 日本 語\n", "2025-03-09"),
    "Budget 2024/report final.txt": ("Quarterly numbers: 42 and 1984. Final budget approved.\n", "2024-07-01"),
    "Budget 2024/report_draft.txt": ("Quarterly numbers, draft. Budget not approved.\n", "2024-06-30"),
    "Budget 2024/Q1.csv": ("month,amount\njan,100\nfeb,200\n", "2024-03-31"),
    "Budget 2024/Q2.csv": ("month,amount\napr,300\nmay,42\n", "2024-06-30"),
    "empty/zero.txt": ("", "2022-01-01"),
    "empty/nothing.txt": ("", "2022-01-02"),
    "copies/one/same.txt": ("The same words in several places.\n", "2021-01-01"),
    "copies/two/same.txt": ("The same words in several places.\n", "2022-06-15"),
    "copies/two/other name.txt": ("The same words in several places.\n", "2023-01-01"),
    "copies/fox again.txt": (FOX, "2020-02-02"),
    "x/y/z/deep.txt": ("deep down the tree\n", "2019-01-01"),
    "x/y/deep.txt": ("not as deep as the other\n", "2019-01-02"),
    "x/deep/leaf.txt": ("a leaf in a deep directory\n", "2019-01-03"),
    "deep/tree/deep.md": ("deep tree\n", "2019-01-04"),
    "odd/50% off.txt": ("Half the price: 50% off!\n", "2025-08-01"),
    "odd/a*b?.txt": ("A star and a question mark.\n", "2025-08-02"),
    "odd/quo\"te.txt": ("She said \"so be it\" and left.\n", "2025-08-03"),
    "odd/back\\slash.txt": ("C:\\temp\\file and \\\\server\\share\n", "2025-08-04"),
    "odd/(brackets).txt": ("call f(x) or (call g(y))\n", "2025-08-05"),
    "odd/comma, dash - colon:.txt": ("commas, dashes - and: colons\n", "2025-08-06"),
    "odd/UPPER.TXT": ("LOUD words ARE the SAME words\n", "2025-08-07"),
    "odd/no_ext": ("a file without an extension\n", "2025-08-08"),
    "odd/.hidden.txt": None,  # passed over
    "odd/tar.gz.txt": ("several dots\n", "2025-08-09"),
    "odd/operators.txt": ("AND OR NOT NEAR are words too\n", "2025-08-10"),
    "odd/nfd u\u0308ber.txt": ("u\u0308ber e\u0301le\u0301gant decomposed\n", "2025-08-11"),
    "odd/greek.txt": ("Ο ΟΔΟΣ και η οδός\n", "2025-08-12"),
    "odd/русский.txt": ("Война и мир\n", "2025-08-13"),
    "odd/long.txt": ("start " + "filler " * 30 + "middle " + "filler " * 30 + "end\n", "2025-08-14"),
    "odd/repeat.txt": ("one two one two three one three two\n", "2025-08-15"),
    "times/edge1.txt": ("edge first\n", "2023-12-31"),
    "times/edge2.txt": ("edge second\n", "2024-01-01"),
    "times/edge3.txt": ("edge third\n", "2024-01-31"),
    "times/edge4.txt": ("edge fourth\n", "2024-02-01"),
}
# Below the root: (bytes of the file, word in it)
SIZES = {"sizes/1023.txt": 1023, "sizes/1024.txt": 1024, "sizes/1025.txt": 1025, "sizes/10k.txt": 10240,
         "sizes/100k.txt": 102400, "sizes/1M.txt": 1 << 20, "sizes/1M and one.txt": (1 << 20) + 1}
NOISE = bytes(range(256))
BINARY = {"media/blob.dat": NOISE * 8, "media/fox tail.dat": NOISE * 2, "media/same.dat": NOISE * 2}
# Days before today, with half a day to either side.
RECENT = {"recent/today.txt": 0, "recent/yesterday.txt": 1, "recent/three days.txt": 3, "recent/ten days.txt": 10,
          "recent/fifty days.txt": 50, "recent/four hundred days.txt": 400}
PAGES = {
    "pages/page.html": ("Brown Title", "Jane Doe", "en", "Pages have bodies, and a fox.", "2026-03-02"),
    "pages/seite.html": ("Über die Straße", "Jürgen Groß", "de-AT", "Der Hund liest Seiten.", "2026-03-03"),
    "pages/autre.htm": ("", "Élodie", "fr", "Une page sans titre.", "2026-03-04"),
    "pages/brown.html": ("Empty Words", "", "", "No brown here but in the name.", "2026-03-05"),
}
MAILS = {
    "post:in/anna.eml": dict(From="Anna Müller <anna@example.org>", To="Bob <bob@example.com>", Cc="Carol <carol@example.net>",
                             Subject="Budget meeting", body="Shall we meet about the budget?", day="2026-04-01"),
    "post:in/bob.eml": dict(From="Bob <bob@example.com>", To="Anna Müller <anna@example.org>",
                            Subject="Re: Budget meeting", body="Yes, on Friday. The plan is attached.", day="2026-04-02",
                            attach={"plan.txt": "The plan: a quick fox budget.\n", "fox.txt": FOX}),
    "post:in/carol.eml": dict(From="Carol <carol@example.net>", To="Anna Müller <anna@example.org>, Bob <bob@example.com>",
                              Subject="Größe der Straße", body="Wie breit?", day="2026-04-03"),
    "post:out/news.eml": dict(From="news@example.org", To="all@example.org", Subject="Quick news",
                              body="A brown letter.", day="2026-04-04"),
}
# The zip files: member: text, bytes, or a zip again.
ZIPS = {
    "letters.zip": ("2026-05-01", {
        "2021/anna.txt": "Dear Anna, the quick letter.\n", "2021/bob.txt": "Dear Bob, no letter.\n",
        "2022/fox.txt": FOX, "2022/pixel.dat": NOISE, "page.html": PAGES["pages/page.html"],
        "notes.md": "letters and notes\n"}),
    "nested/outer.zip": ("2026-05-02", {
        "inner.zip": {"deep/anna.txt": "inner words of Anna\n", "top.txt": "the top of inner\n"},
        "beside.txt": "beside the inner archive\n"}),
    "copies/letters copy.zip": ("2026-05-03", None),  # the bytes of letters.zip
}


def page_bytes(page):
    title, author, lang, text, _ = page
    return (f"<html{f' lang={lang}' if lang else ''}><head><meta charset=utf-8>"
            f"{f'<title>{title}</title>' if title else ''}"
            f"{f'<meta name=author content={chr(34)}{author}{chr(34)}>' if author else ''}"
            f"</head><body><p>{text}</p></body></html>").encode()


def page_document(page):
    title, author, lang, text, _ = page
    return Document(("html", page_bytes(page)), "text/html", text, title, author, lang)


TEXT_TYPES = {"txt": "text/plain", "md": "text/markdown", "csv": "text/csv", "rst": "text/x-rst", "c": "text/x-csrc",
              "cpp": "text/x-c++src", "py": "text/x-python"}


def text_document(name, data):
    text = data.decode()
    ext = name.rpartition(".")[2].lower()
    title = text.partition("\n")[0][2:] if text.startswith("# ") else ""
    return Document(("text", data), TEXT_TYPES.get(ext, "text/plain"), text, title)


# --- building --------------------------------------------------------------------------------------------------------

class Library:
    """The places of all that was written."""

    def __init__(self, roots, today):
        self.roots = roots    # name: directory
        self.today = today    # the UTC day's first second
        self.places = []
        self.numbers = 0

    def _put(self, root, below, data, mtime):
        path = os.path.join(self.roots[root], below)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        os.utime(path, (mtime, mtime))
        return path

    def _add(self, root, below, data, mtime, document, parts=()):
        path = self._put(root, below, data, mtime)
        name = os.path.basename(below)
        self.places.append(Place(path, name, mtime, root, size=len(data), document=document,
                                 hit=document.key if document else path))
        for part, size, inner in parts:
            self.places.append(Place(path, part[-1].rpartition("/")[2], mtime, root, part=part, size=size, document=inner,
                                     kind="part", type="" if inner else "application/octet-stream",
                                     hit=inner.key if inner else (data, part)))

    def write(self):
        for below, entry in TEXTS.items():
            if entry is None:
                self._put("docs", below, b"hidden fox\n", utc("2025-01-01"))
                continue
            data = entry[0].encode()
            self._add("docs", below, data, utc(entry[1]), text_document(os.path.basename(below), data))
        for below, size in SIZES.items():
            data = (f"size{size} " + "." * size).encode()[:size]
            self._add("docs", below, data, utc("2018-01-01"), text_document(os.path.basename(below), data))
        for below, data in BINARY.items():
            self._add("docs", below, data, utc("2017-01-01"), None)
        for below, days in RECENT.items():
            data = f"recent work of {days} days\n".encode()
            self._add("docs", below, data, self.today - days * DAY + DAY // 2, text_document(below, data))
        for below, page in PAGES.items():
            self._add("docs", below, page_bytes(page), utc(page[4]), page_document(page))
        for where, mail in MAILS.items():
            root, below = where.split(":")
            self._add(root, below, *self._mail(mail))
        for below, (day, members) in ZIPS.items():
            if members is None:
                day, members = ZIPS["letters.zip"][0], ZIPS["letters.zip"][1]
                self._add("docs", below, *self._zip(members, ZIPS[below][0]))
            else:
                self._add("docs", below, *self._zip(members, day))
        self._directories()
        return self

    def _mail(self, mail):
        message = email.message.EmailMessage(policy=email.policy.SMTP.clone(cte_type="8bit"))
        for header in ("From", "To", "Cc", "Subject"):
            if header in mail:
                message[header] = mail[header]
        message["Message-ID"] = f"<{mail['Subject'].encode().hex()}@example.org>"
        message.set_content(mail["body"] + "\n", charset="utf-8", cte="8bit")
        parts = []
        for name, text in mail.get("attach", {}).items():
            data = text.encode()
            message.add_attachment(data, maintype="text", subtype="plain", filename=name, cte="base64")
            parts.append(((name,), len(data), text_document(name, data)))
        data = message.as_bytes()
        text = "".join(f"{h}: {mail[h]}\n" for h in ("From", "To", "Cc", "Subject") if h in mail) + mail["body"]
        document = Document(("mail", data), "message/rfc822", text, title=mail["Subject"],
                            author=mail["From"].partition(" <")[0],
                            meta={h.lower(): mail[h] for h in ("From", "To", "Cc", "Subject") if h in mail})
        return data, utc(mail["day"]), document, parts

    def _zip(self, members, day):
        out, parts = io.BytesIO(), []
        with zipfile.ZipFile(out, "w") as z:
            for name, what in members.items():
                document, inner = None, []
                if isinstance(what, dict):
                    data, _, document, inner = self._zip(what, day)
                elif isinstance(what, tuple):
                    data, document = page_bytes(what), page_document(what)
                elif isinstance(what, str):
                    data = what.encode()
                    document = text_document(name, data)
                else:
                    data = what
                z.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data)
                parts.append(((name,), len(data), document))
                parts += [((name, *way), size, d) for way, size, d in inner]
        data = out.getvalue()
        return data, utc(day), Document(("zip", data), "application/zip", ""), parts

    def _directories(self):
        for root, top in self.roots.items():
            for where, names, _ in sorted(os.walk(top), reverse=True):
                for name in names:
                    self.numbers += 1
                    path = os.path.join(where, name)
                    mtime = utc("2016-01-01") + 40 * DAY * self.numbers
                    os.utime(path, (mtime, mtime))
                    self.places.append(Place(path, name, mtime, root, kind="directory", hit=path))
