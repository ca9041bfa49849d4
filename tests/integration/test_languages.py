"""Scripts without spaces, words with signs, full width: found in texts, titles and names, and marked where they stand."""

import os
import random
import shutil
import tempfile
import unicodedata

import pytest

import trawl
from trawl import write


def nfd(text):
    return unicodedata.normalize("NFD", text)


FILES = {
    "zh/beijing.txt": "中华人民共和国的首都是北京。北京大学在海淀区,成立于1898年。",
    "zh/taipei.txt": "臺北市是中華民國的首都。",
    "ja/tokyo.txt": "東京都は日本の首都です。プログラミング言語のデータベースを学ぶ。日本語の文書。",
    "ja/kyoto.txt": "京都の東に住む。日本では、京都タワーが有名です。",
    "ko/seoul.txt": "대한민국의 수도는 서울특별시이다. 한국어를 배웁니다.",
    "ko/decomposed.txt": nfd("부산광역시는 항구 도시입니다."),
    "th/bangkok.txt": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
    "km/phnompenh.txt": "ភ្នំពេញគឺជារាជធានីនៃប្រទេសកម្ពុជា",
    "my/yangon.txt": "ရန်ကုန်မြို့သည် မြန်မာနိုင်ငံ",
    "lo/vientiane.txt": "ວຽງຈັນເປັນນະຄອນຫຼວງຂອງປະເທດລາວ",
    "mixed.txt": "Windowsの設定とLinux環境。2024年3月1日にC++とＰｙｔｈｏｎを学ぶ。",
    "single.txt": "一 二 三 猫",
    "code/cpp.txt": "We write C++ and use g++ with it.",
    "code/csharp.txt": "C# and F# are others; notepad++ too.",
    "code/c.txt": "plain C, i++j and c++11, and a C compiler. c### c+++",
    "wide.txt": "ＡＢＣ１２３ ｆｕｌｌｗｉｄｔｈ！ ﾃｷｽﾄ",
    "title.html": "<html><head><title>日本国憲法の全文</title></head><body>本文はここ</body></html>",
    "names/会議の議事録2026.bin": b"\0\1\2",
    "names/" + nfd("ガイドブック") + ".bin": b"\0\1\3",
    "names/" + nfd("한글문서") + ".bin": b"\0\1\4",
    "names/" + nfd("résumé naïf") + ".bin": b"\0\1\5",
    "names/c++ notes.bin": b"\0\1\6",
    "names/รายงานประจำปี.bin": b"\0\1\7",
    "names/ＷＩＤＥ.bin": b"\0\1\x08",
}


@pytest.fixture(scope="module")
def library():
    """One daemon for all that only ask; it is checked when the module ends."""
    home = tempfile.mkdtemp(prefix="trawl-", dir=os.environ.get("TRAWL_TEST_DIR") or "/dev/shm")
    daemon = trawl.Daemon(home)
    for name, content in FILES.items():
        write(daemon.root / name, content)
    daemon.start()
    daemon.sync()
    yield daemon
    daemon.finish()
    shutil.rmtree(home)


def names(daemon, query, **params):
    """Paths below the root, composed; files only."""
    prefix = os.fsencode(daemon.root) + b"/"
    found = {unicodedata.normalize("NFC", os.fsdecode(p[len(prefix):])) for p in daemon.found(query, **params)}
    return {p for p in found if p in {unicodedata.normalize("NFC", f) for f in FILES}}


@pytest.mark.parametrize("query, expected", [
    # a word inside a run, two characters and more
    ("北京", {"zh/beijing.txt"}),
    ("首都", {"zh/beijing.txt", "zh/taipei.txt", "ja/tokyo.txt"}),
    ("北京大学", {"zh/beijing.txt"}),
    ("大学在海", {"zh/beijing.txt"}),
    ("京北", set()),
    ("日本", {"ja/tokyo.txt", "ja/kyoto.txt", "title.html"}),
    ("日本語", {"ja/tokyo.txt"}),
    ("東京", {"ja/tokyo.txt"}),
    ("京都", {"ja/tokyo.txt", "ja/kyoto.txt"}),
    ("京東", set()),
    ("データ", {"ja/tokyo.txt"}),
    ("タベース", {"ja/tokyo.txt"}),
    ("データースベ", set()),
    ("サーバー", set()),
    ("한국", {"ko/seoul.txt"}),
    ("서울", {"ko/seoul.txt"}),
    ("특별시", {"ko/seoul.txt"}),
    ("수도", {"ko/seoul.txt"}),
    ("เมือง", {"th/bangkok.txt"}),
    ("ประเทศไทย", {"th/bangkok.txt"}),
    ("ประเทศลาว", set()),
    ("ราชธานี", set()),
    ("រាជធានី", {"km/phnompenh.txt"}),
    ("မြန်မာ", {"my/yangon.txt"}),
    ("ປະເທດ", {"lo/vientiane.txt"}),
    # one character, at the beginning, in the middle, at the end of a run, and a run of its own
    ("中", {"zh/beijing.txt", "zh/taipei.txt"}),
    ("語", {"ja/tokyo.txt"}),
    ("す", {"ja/tokyo.txt", "ja/kyoto.txt"}),
    ("猫", {"single.txt"}),
    ("三", {"single.txt"}),
    ("犬", set()),
    ("ท", {"th/bangkok.txt", "names/รายงานประจำปี.bin"} - {"names/รายงานประจำปี.bin"}),
    # several words, exclusion, alternatives, prefixes
    ("首都 北京", {"zh/beijing.txt"}),
    ("首都 -北京", {"zh/taipei.txt", "ja/tokyo.txt"}),
    ("首都 -北", {"ja/tokyo.txt"}),
    ("서울 OR 東京", {"ko/seoul.txt", "ja/tokyo.txt"}),
    ("北京*", {"zh/beijing.txt"}),
    ("北*", {"zh/beijing.txt", "zh/taipei.txt"}),
    # phrases: across spaces and punctuation, from within a run, into a run
    ('"서울특별시이다 한국어를"', {"ko/seoul.txt"}),
    ('"울특별시이다 한국"', {"ko/seoul.txt"}),
    ('"특별시이다 한"', {"ko/seoul.txt"}),
    ('"서울특별시 한국어"', set()),
    ('"的首都是北京 北京大学"', {"zh/beijing.txt"}),
    ('"一 二 三"', {"single.txt"}),
    ('"一 三"', set()),
    ('"北京 大学"', set()),
    ("NEAR(一 猫, 2)", {"single.txt"}),
    ("NEAR(一 猫, 1)", set()),
    ("NEAR(首都 海淀, 20)", {"zh/beijing.txt"}),
    # scripts side by side
    ("windows", {"mixed.txt"}),
    ("linux環境", {"mixed.txt"}),
    ("windowsの設定", {"mixed.txt"}),
    ("windowsの", {"mixed.txt"}),
    ("windows設定", set()),
    ("設定とlinux", {"mixed.txt"}),
    ("定とlinux環", {"mixed.txt"}),
    ("設定linux", set()),
    ("2024年3月", {"mixed.txt"}),
    ("3月1日", {"mixed.txt"}),
    ("1898年", {"zh/beijing.txt"}),
    # decomposed text and query
    ("광역시", {"ko/decomposed.txt"}),
    (nfd("광역시"), {"ko/decomposed.txt"}),
    (nfd("プログラミング"), {"ja/tokyo.txt"}),
    # signs
    ("c++", {"code/cpp.txt", "mixed.txt", "names/c++ notes.bin"}),
    ("C++", {"code/cpp.txt", "mixed.txt", "names/c++ notes.bin"}),
    ("g++", {"code/cpp.txt"}),
    ("c#", {"code/csharp.txt"}),
    ("f#", {"code/csharp.txt"}),
    ("notepad++", {"code/csharp.txt"}),
    ("c", {"code/cpp.txt", "code/csharp.txt", "code/c.txt", "mixed.txt", "names/c++ notes.bin"}),
    ("i++", set()),
    ("write -c++", set()),
    ('"write c++ and"', {"code/cpp.txt"}),
    ('"write c and"', {"code/cpp.txt"}),
    ('"write c# and"', set()),
    ("c++とpython", {"mixed.txt"}),
    # full width, both ways
    ("abc123", {"wide.txt"}),
    ("ａｂｃ１２３", {"wide.txt"}),
    ("ＡＢＣ*", {"wide.txt"}),
    ("fullwidth", {"wide.txt"}),
    ("python", {"mixed.txt"}),
    ("ｃ＋＋", {"code/cpp.txt", "mixed.txt", "names/c++ notes.bin"}),
    ("ﾃｷｽﾄ", {"wide.txt"}),
    ("wide", {"names/ＷＩＤＥ.bin", "wide.txt"}),
    # titles
    ("title:憲法", {"title.html"}),
    ("title:法", {"title.html"}),
    ("title:文", {"title.html"}),
    ("title:本文", set()),
    ('title:"国憲法の"', {"title.html"}),
    # names, by word and by part
    ("議事録", {"names/会議の議事録2026.bin"}),
    ("会", {"names/会議の議事録2026.bin"}),
    ("議事録2026", {"names/会議の議事録2026.bin"}),
    ("ガイド", {"names/ガイドブック.bin"}),
    ("ガ", {"names/ガイドブック.bin"}),
    ("한글", {"names/한글문서.bin"}),
    ("문서", {"names/한글문서.bin"}),
    ("résumé", {"names/résumé naïf.bin"}),
    ("resume", {"names/résumé naïf.bin"}),
    ("ประจำปี", {"names/รายงานประจำปี.bin"}),
    ("name:議事録", {"names/会議の議事録2026.bin"}),
    ("name:議事", {"names/会議の議事録2026.bin"}),
    ("name:録", {"names/会議の議事録2026.bin"}),
    ("name:録2026", {"names/会議の議事録2026.bin"}),
    ("name:c++", {"names/c++ notes.bin"}),
    ("name:wide", {"names/ＷＩＤＥ.bin", "wide.txt"}),
    ("name:ｗｉｄｅ", {"names/ＷＩＤＥ.bin", "wide.txt"}),
    ("name:résumé", {"names/résumé naïf.bin"}),
    ("name:" + nfd("résumé"), {"names/résumé naïf.bin"}),
    ("name:ガイド", {"names/ガイドブック.bin"}),
    ("name:한글", {"names/한글문서.bin"}),
    ("name:글", {"names/한글문서.bin"}),
    ("name:" + nfd("글문"), {"names/한글문서.bin"}),
    ("name:ประจำ", {"names/รายงานประจำปี.bin"}),
])
def test_what_a_query_finds(library, query, expected):
    assert names(library, query) == expected


@pytest.mark.parametrize("query, path, marked", [
    ("北京大学", "zh/beijing.txt", ["北京大学"]),
    ("北京", "zh/beijing.txt", ["北京", "北京"]),
    ("京", "ja/kyoto.txt", ["京", "京"]),
    ("日本語 言語", "ja/tokyo.txt", ["言語", "日本語"]),
    ("特별", "ko/seoul.txt", None),
    ("한국어를", "ko/seoul.txt", ["한국어를"]),
    ('"특별시이다 한"', "ko/seoul.txt", ["특별시이다. 한"]),
    ("เมืองหลวง", "th/bangkok.txt", ["เมืองหลวง"]),
    ("linux環境", "mixed.txt", ["Linux環境"]),
    ("2024年3月", "mixed.txt", ["2024年3月"]),
    ("c++", "code/cpp.txt", ["C++"]),
    ("c", "code/cpp.txt", ["C"]),
    ("python", "mixed.txt", ["Ｐｙｔｈｏｎ"]),
    ("猫", "single.txt", ["猫"]),
    ("광역시", "ko/decomposed.txt", [nfd("광역시")]),
])
def test_marks_are_what_was_asked_for(library, query, path, marked):
    hits = {h["path"]: h for h in library.search(query, snippet={"tokens": 40})["hits"]}
    if marked is None:
        assert not hits
        return
    snippet = hits[os.fsdecode(library.absolute(path))]["snippet"]
    text = snippet["text"].encode()
    assert [text[at:at + n].decode() for at, n in snippet["marks"]] == marked


def test_a_passage_of_a_text_without_spaces_is_as_long_as_others(library):
    """Sixteen words are about a hundred characters; of Chinese they are as many as people read at a glance."""
    text = "".join(random.Random(1).choices("天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏", k=2000))
    path = write(library.root / "zh" / "long.txt", text[:1000] + "金生丽水" + text[1000:])
    library.sync()
    try:
        [hit] = library.search("金生丽水", snippet={"tokens": 16})["hits"]
        [[at, length]] = hit["snippet"]["marks"]
        assert hit["snippet"]["text"].encode()[at:at + length].decode() == "金生丽水"
        assert 30 <= len(hit["snippet"]["text"]) <= 60
        assert hit["snippet"]["text"].strip("…") in text[:1000] + "金生丽水" + text[1000:]
    finally:
        os.unlink(path)
        library.sync()


def test_every_part_of_a_run_is_found(library):
    """Any characters that stand side by side, and no others: of four texts, and of all lengths."""
    rng = random.Random(7)
    texts = {p: FILES[p] for p in ("zh/beijing.txt", "ja/tokyo.txt", "ko/seoul.txt", "th/bangkok.txt")}
    for path, text in texts.items():
        runs = [r for r in text.replace("。", " ").replace(",", " ").replace(".", " ").split() if not r.isascii()]
        for _ in range(40):
            run = rng.choice(runs)
            run = "".join(c for c in run if not c.isascii()) if any(c.isascii() for c in run) else run
            start = rng.randrange(len(run))
            part = run[start:start + rng.randint(1, 6)]
            if part not in text:
                continue
            assert path in names(library, f'"{part}"'), part
            swapped = part[::-1]
            expected = {p for p, t in texts.items() if swapped in t}
            assert names(library, f'"{swapped}"') & set(texts) == expected, swapped


def test_the_index_stays_sound(library):
    """All of these leave and come back: FTS5 cuts the old text once more to take it away."""
    for name in FILES:
        path = library.root / name
        data = path.read_bytes()
        write(path, data + " 終わり c++ ｗ".encode())
    library.sync()
    assert "zh/beijing.txt" in names(library, "終わり")
    assert library.call("check")["ok"] is True
    for name, content in FILES.items():
        write(library.root / name, content)
    library.sync()
    assert names(library, "終わり") == set()
    assert library.call("check")["ok"] is True
