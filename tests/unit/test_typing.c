/* test_typing: what a document is by its content, chiefly what zip archives and OLE files hold. */
#include "typing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static void expect_type(const void *bytes, size_t n, const char *want)
{
	int fd = memfd_create("document", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	struct document doc = {.fd = fd, .name = "", .type = "", .size = n};
	assert_string_equal(typing_of(&doc), want);
	close(fd);
}

static void store(uint8_t *at, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* --- zip -------------------------------------------------------------------------------------- */

#define WORD "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

struct zip {
	size_t len, count;
	uint32_t offsets[8];
	const char *names[8];
	uint8_t bytes[4096];
};

/* A stored member. */
static void add_member(struct zip *zip, const char *name, const char *content)
{
	uint8_t *at = zip->bytes + zip->len;
	size_t name_len = strlen(name), len = strlen(content);

	zip->names[zip->count] = name;
	zip->offsets[zip->count++] = (uint32_t)zip->len;
	memcpy(at, "PK\3\4", 4);
	store(at + 18, (uint32_t)len, 4);
	store(at + 22, (uint32_t)len, 4);
	store(at + 26, (uint32_t)name_len, 2);
	memcpy(at + 30, name, name_len);
	memcpy(at + 30 + name_len, content, len);
	zip->len += 30 + name_len + len;
}

static void end_zip(struct zip *zip)
{
	size_t begin = zip->len;

	for (size_t i = 0; i < zip->count; i++) {
		uint8_t *at = zip->bytes + zip->len;
		size_t name_len = strlen(zip->names[i]);

		memcpy(at, "PK\1\2", 4);
		store(at + 28, (uint32_t)name_len, 2);
		store(at + 42, zip->offsets[i], 4);
		memcpy(at + 46, zip->names[i], name_len);
		zip->len += 46 + name_len;
	}
	uint8_t *at = zip->bytes + zip->len;
	memcpy(at, "PK\5\6", 4);
	store(at + 12, (uint32_t)(zip->len - begin), 4);
	store(at + 16, (uint32_t)begin, 4);
	zip->len += 22;
}

static void test_zip(void **state)
{
	static const struct {
		const char *names[3];
		const char *want;
	} cases[] = {
		{{"a.txt"}, "application/zip"},
		{{"[Content_Types].xml", "_rels/.rels", "word/document.xml"}, WORD},
		{{"[Content_Types].xml", "word/embeddings/a", "xl/x"}, WORD},
		{{"backup/[Content_Types].xml", "word/document.xml"}, "application/zip"},
		{{"a", "META-INF/container.xml"}, "application/epub+zip"},
		{{"META-INF/MANIFEST.MF", "A.class"}, "application/java-archive"},
		{{"mimetype", "content.xml"}, "application/vnd.oasis.opendocument.text"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct zip zip = {0};

		for (size_t k = 0; k < 3 && cases[i].names[k]; k++)
			add_member(&zip, cases[i].names[k],
				"application/vnd.oasis.opendocument.text\n");
		size_t members = zip.len;
		end_zip(&zip);
		expect_type(zip.bytes, zip.len, cases[i].want);
		/* The end is lost. */
		expect_type(zip.bytes, members, cases[i].want);
	}
}

static void test_zip_in_zip(void **state)
{
	struct zip zip = {0};

	(void)state;
	/* A member that is itself an archive, stored, says nothing about the one around it. */
	add_member(&zip, "letter.docx", "PK\3\4 [Content_Types].xml word/document.xml");
	end_zip(&zip);
	expect_type(zip.bytes, zip.len, "application/zip");
}

static void test_zip_that_lies(void **state)
{
	struct zip zip = {0};

	(void)state;
	add_member(&zip, "a", "b");
	end_zip(&zip);
	/* A directory beyond the end, and one that runs out of it. */
	store(zip.bytes + zip.len - 6, 0xfffffff0, 4);
	expect_type(zip.bytes, zip.len, "application/zip");
	store(zip.bytes + zip.len - 6, 1, 4);
	store(zip.bytes + zip.len - 10, 0xffffffff, 4);
	expect_type(zip.bytes, zip.len, "application/zip");
	expect_type(zip.bytes, 4, "application/zip");
}

/* --- OLE -------------------------------------------------------------------------------------- */

enum { SECTOR = 512, ENTRY = 128 };

static const uint32_t NONE = 0xffffffff;

/* A header, a table of sectors, and one sector of directory: four entries. */
struct ole {
	uint8_t bytes[3 * SECTOR];
};

static void init_ole(struct ole *ole)
{
	*ole = (struct ole){{0}};
	memcpy(ole->bytes, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
	ole->bytes[30] = 9;           /* 512 bytes a sector */
	store(ole->bytes + 48, 1, 4); /* where the directory begins */
	store(ole->bytes + 76, 0, 4); /* where the table lies */
	memset(ole->bytes + SECTOR, 0xff, SECTOR);
	store(ole->bytes + SECTOR + 4, 0xfffffffe, 4); /* the directory ends */
}

static void set_entry(
	struct ole *ole, int id, const char *name, uint32_t left, uint32_t right, uint32_t child)
{
	uint8_t *at = ole->bytes + 2 * SECTOR + (ptrdiff_t)id * ENTRY;

	for (size_t i = 0; name[i]; i++)
		at[2 * i] = (uint8_t)name[i];
	store(at + 68, left, 4);
	store(at + 72, right, 4);
	store(at + 76, child, 4);
}

static void test_ole(void **state)
{
	struct ole ole;

	(void)state;
	init_ole(&ole);
	set_entry(&ole, 0, "Root Entry", NONE, NONE, 1);
	set_entry(&ole, 1, "Other", 3, 2, NONE);
	set_entry(&ole, 2, "WordDocument", NONE, NONE, NONE);
	expect_type(&ole, sizeof ole, "application/msword");
	/* What a workbook embeds is no kind of its own. */
	set_entry(&ole, 1, "Storage", NONE, 3, 2);
	set_entry(&ole, 3, "Workbook", NONE, NONE, NONE);
	expect_type(&ole, sizeof ole, "application/vnd.ms-excel");
}

static void test_ole_in_circles(void **state)
{
	struct ole ole;

	(void)state;
	init_ole(&ole);
	set_entry(&ole, 0, "Root Entry", NONE, NONE, 1);
	set_entry(&ole, 1, "A", 1, 1, 1);
	store(ole.bytes + SECTOR + 4, 1, 4); /* the directory follows itself */
	expect_type(&ole, sizeof ole, "application/x-ole-storage");
	expect_type(&ole, SECTOR + 10, "application/x-ole-storage");
	set_entry(&ole, 1, "EncryptedPackage", NONE, NONE, NONE);
	expect_type(&ole, sizeof ole, TYPING_ENCRYPTED);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void test_others(void **state)
{
	static const uint8_t png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0";
	uint8_t any[4096];

	(void)state;
	expect_type("", 0, TYPING_UNKNOWN);
	expect_type("words", 5, "text/plain");
	expect_type("<\0h\0t\0m\0l\0>\0x\0", 14, "text/html");
	expect_type(png, sizeof png - 1, "image/png");
	for (size_t i = 0; i < sizeof any; i++)
		any[i] = (uint8_t)i;
	expect_type(any, sizeof any, TYPING_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zip),
		cmocka_unit_test(test_zip_in_zip),
		cmocka_unit_test(test_zip_that_lies),
		cmocka_unit_test(test_ole),
		cmocka_unit_test(test_ole_in_circles),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
