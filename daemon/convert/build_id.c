/* build_id: from the ELF header to the note; see build_id.h. */
#include "convert/build_id.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>

enum { NOTE_ALIGN = 4 };

static size_t padded(size_t n)
{
	return (n + NOTE_ALIGN - 1) / NOTE_ALIGN * NOTE_ALIGN;
}

/* Notes follow one another: three words, a name, a content, each padded. */
static const unsigned char *find_in_notes(const unsigned char *at, size_t len, size_t *id_len)
{
	ElfW(Nhdr) note;

	while (len >= sizeof note) {
		memcpy(&note, at, sizeof note);
		if (note.n_namesz > len || note.n_descsz > len)
			return NULL;
		size_t name = padded(note.n_namesz), size = padded(note.n_descsz);
		if (sizeof note + name + size > len)
			return NULL;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_descsz && note.n_namesz == sizeof ELF_NOTE_GNU &&
			!memcmp(at + sizeof note, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU)) {
			*id_len = note.n_descsz;
			return at + sizeof note + name;
		}
		at += sizeof note + name + size;
		len -= sizeof note + name + size;
	}
	return NULL;
}

static bool is_elf(const ElfW(Ehdr) *h)
{
	return !memcmp(h->e_ident, ELFMAG, SELFMAG) &&
	       h->e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
	       h->e_phentsize == sizeof(ElfW(Phdr));
}

/* Sections come last; what is appended behind them, as some languages do, is no matter of the linker's. */
static bool is_whole(const ElfW(Ehdr) *h, size_t size)
{
	return h->e_shoff <= size && (size_t)h->e_shnum * h->e_shentsize == size - h->e_shoff;
}

const unsigned char *build_id_find(const void *head, size_t len, size_t size, size_t *id_len)
{
	const unsigned char *bytes = head, *id = NULL;
	ElfW(Ehdr) h;
	ElfW(Phdr) p;

	if (len < sizeof h)
		return NULL;
	memcpy(&h, bytes, sizeof h);
	if (!is_elf(&h) || !is_whole(&h, size) || h.e_phoff > len)
		return NULL;
	for (size_t i = 0; !id && i < h.e_phnum && h.e_phoff + (i + 1) * sizeof p <= len; i++) {
		memcpy(&p, bytes + h.e_phoff + i * sizeof p, sizeof p);
		if (p.p_type == PT_NOTE && p.p_offset <= len && p.p_filesz <= len - p.p_offset)
			id = find_in_notes(bytes + p.p_offset, p.p_filesz, id_len);
	}
	return id;
}
