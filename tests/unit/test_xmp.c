/* test_xmp: what lib/xmp makes of packets, whole, cut and foreign. */
#include "xmp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static const char packet[] =
	"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>"
	"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='r' xmlns:dc='d' xmlns:xmp='x'>"
	"<rdf:Description rdf:about='' xmp:CreateDate='2021-03-04T00:06:07Z' "
	"dc:format='application/pdf'>"
	"<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>Catch &amp; quota</rdf:li>"
	"<rdf:li xml:lang='de'>Fang</rdf:li></rdf:Alt></dc:title>\n"
	"<dc:creator>\n <rdf:Seq>\n  <rdf:li>Anna Fischer</rdf:li>\n  <rdf:li>Bert Lotse</rdf:li>\n"
	" </rdf:Seq></dc:creator><dc:language><rdf:Bag><rdf:li>de</rdf:li></rdf:Bag></dc:language>"
	"</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>";

/* The records of an answer that has the packet's metadata only, NUL behind. */
static char *said_of(const void *bytes, size_t n)
{
	int fd = memfd_create("answer", MFD_CLOEXEC);
	struct answer *out = answer_create(fd, true);
	char *said = calloc(1, 64 * 1024);

	assert_non_null(said);
	answer_begin(out, 0);
	xmp_take(bytes, n, out);
	answer_end(out, ANSWER_DONE);
	assert_true(pread(fd, said, 64 * 1024 - 1, 0) > 0);
	for (size_t i = 0; i < 16; i++)
		said[i] = said[i] ? said[i] : ' '; /* the first header */
	answer_destroy(out);
	close(fd);
	return said;
}

static void test_packet(void **state)
{
	char *said = said_of(packet, strlen(packet));

	(void)state;
	assert_non_null(strstr(said, "\"title\":\"Catch & quota\""));
	assert_non_null(strstr(said, "\"author\":\"Anna Fischer, Bert Lotse\""));
	assert_non_null(strstr(said, "\"lang\":\"de\""));
	assert_non_null(strstr(said, "\"created\":1614816367"));
	free(said);
}

static void test_fillers(void **state)
{
	static const char filler[] = "<r xmlns:dc='d'><dc:title>Untitled</dc:title></r>";
	char *said = said_of(filler, strlen(filler));

	(void)state;
	assert_null(strstr(said, "title"));
	free(said);
}

/* Every beginning of it, and what is no packet at all. */
static void test_damage(void **state)
{
	(void)state;
	for (size_t n = 0; n < strlen(packet); n++)
		free(said_of(packet, n));
	free(said_of("\0\1\2\3", 4));
	free(said_of("<dc:title><dc:title><dc:title>", 30));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet),
		cmocka_unit_test(test_fillers),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
