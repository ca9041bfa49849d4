/*
 * test_path: paths against realpath-like rules, UTF-8 against an independent decoder, folding
 * against the C library.
 */
#include "core/path.h"

#include "core/mem.h"
#include "dice.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wctype.h>

#include <cmocka.h>

static void expect_join(const char *dir, const char *name, const char *want)
{
	AUTO_BUF b = BUF_INIT;

	path_join(&b, dir, name);
	assert_string_equal(b.data, want);
}

static void test_join(void **state)
{
	(void)state;
	expect_join("/a", "b", "/a/b");
	expect_join("/a/", "b", "/a/b");
	expect_join("/a//", "/b", "/a/b");
	expect_join("/", "b", "/b");
	expect_join("", "b", "/b");
	expect_join("a", "-rf\n$(id)", "a/-rf\n$(id)");
}

static void expect_normal(const char *cwd, const char *path, const char *want)
{
	AUTO_BUF b = BUF_INIT;

	buf_adds(&b, "keep:");
	path_normalize(&b, cwd, path);
	assert_memory_equal(b.data, "keep:", 5);
	assert_string_equal(b.data + 5, want);
	assert_int_equal(b.len, 5 + strlen(want));
}

static void test_normalize(void **state)
{
	(void)state;
	expect_normal("/c", "/a/b", "/a/b");
	expect_normal("/c", "a", "/c/a");
	expect_normal("/c/d", "../a", "/c/a");
	expect_normal("/c", "../../../a", "/a");
	expect_normal("/", "", "/");
	expect_normal("/", "..", "/");
	expect_normal("/c", ".", "/c");
	expect_normal("/", "//a//./b/../c//", "/a/c");
	expect_normal("/", "/a/..", "/");
	expect_normal("/", "/a/b/..", "/a");
	expect_normal("/", "/a/...", "/a/...");
	expect_normal("/", "/a/..b", "/a/..b");
	expect_normal("/c", "~/x", "/c/~/x");
}

static void test_normalize_properties(void **state)
{
	static const char *const words[] = {"a", "b", "..", ".", "", "c.d", "..."};
	struct dice d = {3};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		AUTO_BUF in = BUF_INIT;
		AUTO_BUF once = BUF_INIT;
		AUTO_BUF twice = BUF_INIT;

		buf_adds(&in, dice_below(&d, 2) ? "/" : "");
		for (uint64_t n = dice_below(&d, 9); n > 0; n--)
			buf_addf(&in, "%s/", words[dice_below(&d, 7)]);
		path_normalize(&once, "/x/y", in.data);
		path_normalize(&twice, "/", once.data);
		assert_string_equal(once.data, twice.data);
		assert_int_equal(once.data[0], '/');
		assert_null(strstr(once.data, "//"));
		assert_null(strstr(once.data, "/../"));
		assert_true(once.len == 1 || once.data[once.len - 1] != '/');
	}
}

static void test_below(void **state)
{
	(void)state;
	assert_true(path_is_below("/a", "/a"));
	assert_true(path_is_below("/a/b", "/a"));
	assert_true(path_is_below("/a/b", "/a/"));
	assert_true(path_is_below("/a", "/"));
	assert_true(path_is_below("/", "/"));
	assert_false(path_is_below("/ab", "/a"));
	assert_false(path_is_below("/a", "/a/b"));
	assert_false(path_is_below("/b/a", "/a"));
}

static void test_base(void **state)
{
	(void)state;
	assert_string_equal(path_base("/a/b"), "b");
	assert_string_equal(path_base("b"), "b");
	assert_string_equal(path_base("/a/b/"), "b/");
	assert_string_equal(path_base("/"), "/");
	assert_string_equal(path_base(""), "");
}

static void test_extension(void **state)
{
	static const char *const samples[][2] = {
		{"a.txt", "txt"},
		{"a.TXT", "txt"},
		{"a.tar.gz", "gz"},
		{".bashrc", ""},
		{"a", ""},
		{"a.", ""},
		{".a.b", "b"},
		{"a.c++", ""},
		{"a.b c", ""},
		{"", ""},
		{"..", ""},
		{"a.0123456789abcdef", "0123456789abcdef"},
		{"a.0123456789abcdefg", ""},
		{"a.\xC3\xBC", ""},
		{"a.mp3", "mp3"},
	};
	char out[17];

	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		memset(out, '#', sizeof out);
		path_extension(samples[i][0], out);
		assert_string_equal(out, samples[i][1]);
	}
}

/* --- UTF-8 --- */

/* A decoder by arithmetic instead of by table: the character of s, or -1. */
static long decode(const unsigned char *s, size_t n, size_t *len)
{
	static const long least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char c = s[0];
	long value;

	*len = c < 0x80             ? 1
	       : (c & 0xE0) == 0xC0 ? 2
	       : (c & 0xF0) == 0xE0 ? 3
	       : (c & 0xF8) == 0xF0 ? 4
				    : 0;
	if (!*len || *len > n)
		return -1;
	value = *len == 1 ? c : c & ((1 << (7 - *len)) - 1);
	for (size_t i = 1; i < *len; i++) {
		if (s[i] >> 6 != 2)
			return -1;
		value = value * 64 + s[i] % 64;
	}
	if (value < least[*len] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
		return -1;
	return value;
}

static bool valid_by_arithmetic(const unsigned char *s, size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		if (decode(s + i, n - i, &len) < 0)
			return false;
	}
	return true;
}

static void test_all_short_sequences(void **state)
{
	unsigned char s[3];

	(void)state;
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			for (unsigned c = 0; c < 256; c += 5) {
				s[0] = (unsigned char)a;
				s[1] = (unsigned char)b;
				s[2] = (unsigned char)c;
				for (size_t n = 1; n <= 3; n++)
					assert_int_equal(utf8_valid((char *)s, n),
						valid_by_arithmetic(s, n));
			}
		}
	}
}

/* Bytes that are often nearly well-formed. */
static size_t draw(struct dice *d, unsigned char *out, size_t room)
{
	static const unsigned char likely[] = {'a', 'z', 0x7F, 0x80, 0xBF, 0xC2, 0xDF, 0xE0, 0xA0,
		0xED, 0x9F, 0xEF, 0xF0, 0x90, 0xF4, 0x8F, 0xC3, 0xA4, 0x00, 0xF8};
	size_t n = dice_below(d, room);

	for (size_t i = 0; i < n; i++)
		out[i] = dice_below(d, 4) ? likely[dice_below(d, sizeof likely)]
					  : (unsigned char)dice_roll(d);
	return n;
}

static void test_random_sequences(void **state)
{
	struct dice d = {17};
	unsigned char s[40];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		size_t n = draw(&d, s, sizeof s), len;
		AUTO_BUF lossy = BUF_INIT;
		AUTO_BUF want = BUF_INIT;
		AUTO_BUF folded = BUF_INIT;
		bool valid = valid_by_arithmetic(s, n);

		for (size_t k = 0; k < n; k += len) {
			if (decode(s + k, n - k, &len) >= 0) {
				buf_add(&want, s + k, len);
			} else {
				buf_adds(&want, "\xEF\xBF\xBD");
				len = 1;
			}
		}
		assert_int_equal(utf8_valid((char *)s, n), valid);
		utf8_add_lossy(&lossy, (char *)s, n);
		assert_int_equal(lossy.len, want.len);
		assert_memory_equal(
			lossy.data ? lossy.data : "", want.data ? want.data : "", want.len);
		utf8_add_folded(&folded, (char *)s, n);
		assert_true(utf8_valid(folded.data ? folded.data : "", folded.len));
	}
}

static void test_folding_is_the_c_librarys(void **state)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	int differences = 0, marks = 0, plain = 0;

	(void)state;
	assert_non_null(utf8);
	for (uint32_t c = 1; c < 0x110000; c++) {
		unsigned char s[4];
		size_t n, len;
		AUTO_BUF b = BUF_INIT;

		if (c >= 0xD800 && c < 0xE000)
			continue;
		n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		for (size_t i = n; i-- > 1;)
			s[i] = (unsigned char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3F));
		s[0] = (unsigned char)(n == 1 ? c : (0xF00U >> n & 0xF0) | c >> 6 * (n - 1));
		utf8_add_folded(&b, (char *)s, n);
		wint_t lower = towlower_l((wint_t)c, utf8);

		/* A mark alone is dropped, and what has a plain form takes it: fewer than 800 of them. */
		if (b.len == 0) {
			marks++;
			continue;
		}
		long folded = decode((unsigned char *)b.data, b.len, &len);
		assert_int_equal(len, b.len);
		if (c >= 0x80 && folded < 0x80 && lower >= 0x80)
			plain++;
		else
			differences += (wint_t)folded != lower;
	}
	freelocale(utf8);
	/* The two may be of different Unicode versions, a few letters apart; nine letters have a form for another's end. */
	assert_true(differences <= 4 + 9);
	assert_int_equal(marks, 25);
	assert_true(plain > 500 && plain < 800);
}

static void test_folding(void **state)
{
	static const char *const samples[][2] = {
		{"HeLLo.TXT", "hello.txt"},
		{"\xC3\x84\xC3\x96", "ao"},
		{"u\xCC\x88", "u"},
		{"\xEF\xBC\xA1\xEF\xBC\x8F\xEF\xBD\x9E", "a/~"},
		{"\xCF\x82", "\xCF\x83"},
		{"\xC5\x81", "\xC5\x82"},
		{"\xCE\xA3", "\xCF\x83"},
		{"\xC4\xB0", "i"},
		{"\xD0\x96", "\xD0\xB6"},
		{"\xF0\x90\x90\x80", "\xF0\x90\x90\xA8"},
		{"\xE1\xBA\x9E", "\xC3\x9F"},
		{"A\xFFZ", "a\xEF\xBF\xBDz"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_BUF b = BUF_INIT;

		utf8_add_folded(&b, samples[i][0], strlen(samples[i][0]));
		assert_string_equal(b.data, samples[i][1]);
	}
}

/* --- base64 --- */

static void test_base64_vectors(void **state)
{
	/* RFC 4648, section 10 */
	static const char *const samples[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}, {"\xFF\xFE\xFB", "//77"}};

	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_BUF b = BUF_INIT;
		AUTO_BUF back = BUF_INIT;

		base64_add(&b, samples[i][0], strlen(samples[i][0]));
		assert_string_equal(b.data ? b.data : "", samples[i][1]);
		assert_int_equal(base64_decode(samples[i][1], &back), ST_OK);
		assert_string_equal(back.data ? back.data : "", samples[i][0]);
	}
}

static void test_base64_round_trip(void **state)
{
	struct dice d = {5};
	unsigned char s[100];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		AUTO_BUF b = BUF_INIT;
		AUTO_BUF back = BUF_INIT;
		size_t n = 1 + dice_below(&d, sizeof s);

		for (size_t k = 0; k < n; k++)
			s[k] = (unsigned char)dice_roll(&d);
		base64_add(&b, s, n);
		assert_int_equal(b.len, (n + 2) / 3 * 4);
		assert_int_equal(base64_decode(b.data, &back), ST_OK);
		assert_int_equal(back.len, n);
		assert_memory_equal(back.data, s, n);
	}
}

static void test_base64_refuses(void **state)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "=",
		"====", "Zh==", "Zm9=", "Zg==Zg==", "Zm 9", "Zm9v\n", "Z-==", "Zg=v", "\xFFg=="};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO_BUF b = BUF_INIT;

		buf_adds(&b, "keep");
		assert_int_equal(base64_decode(bad[i], &b), ST_INVALID);
		assert_string_equal(b.data, "keep");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_normalize),
		cmocka_unit_test(test_normalize_properties),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_extension),
		cmocka_unit_test(test_all_short_sequences),
		cmocka_unit_test(test_random_sequences),
		cmocka_unit_test(test_folding_is_the_c_librarys),
		cmocka_unit_test(test_folding),
		cmocka_unit_test(test_base64_vectors),
		cmocka_unit_test(test_base64_round_trip),
		cmocka_unit_test(test_base64_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
