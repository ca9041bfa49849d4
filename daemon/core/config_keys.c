/*
 * config_keys: every key of the configuration, in the order of the sample file.
 *
 * A row: section, key, kind, where its value goes, default as written in the file, meaning; then
 * bounds or choices.  The check that sample and man page have every key reads the rows as text.
 */
#include "core/config.h"

#define KIB(n) ((int64_t)(n) << 10)
#define MIB(n) ((int64_t)(n) << 20)
#define TIB(n) ((int64_t)(n) << 40)
#define SECONDS(n) ((int64_t)(n) * 1000)
#define DAYS(n) ((int64_t)(n) * 86400 * 1000)

#define ALL(field) offsetof(struct config, field)
#define ROOT(field) offsetof(struct config_root, field)
#define CONV(field) offsetof(struct config_converter, field)

/* clang-format off */
const struct config_key config_keys[] = {
{"daemon", "mode", KEY_CHOICE, ALL(mode), "user",
	.meaning = "whose daemon it is: one person's, or the machine's", .choices = "user system"},
{"daemon", "state_dir", KEY_PATH, ALL(state_dir), "",
	.meaning = "directory of the store"},
{"daemon", "socket", KEY_SOCKET, ALL(socket), "",
	.meaning = "unix socket that answers searches"},
{"daemon", "workers", KEY_AUTO, ALL(workers), "auto",
	.meaning = "threads that convert documents; auto: one per CPU", .min = 1, .max = 256},
{"daemon", "queue_size", KEY_INT, ALL(queue_size), "1024",
	.meaning = "documents that may wait for a worker", .min = 1, .max = 1000000},
{"daemon", "sandbox", KEY_CHOICE, ALL(sandbox), "required",
	.meaning = "how much of the converters' jail must work", .choices = "required best-effort off"},
{"daemon", "rescan", KEY_DURATION, ALL(rescan_ms), "6h",
	.meaning = "how often everything is compared again, whatever events said; 0: never",
	.max = DAYS(365)},
{"daemon", "settle", KEY_DURATION, ALL(settle_ms), "1s",
	.meaning = "how long a file that is being written must rest", .max = SECONDS(10)},
{"daemon", "converters_dir", KEY_PATHS, ALL(converters_dir), "",
	.meaning = "directories of converter definitions"},

{"root", "path", KEY_PATH, ROOT(path), "",
	.meaning = "directory to index, with all below it"},
{"root", "ignore", KEY_WORDS, ROOT(ignore), "",
	.meaning = "patterns of names to leave out, as in gitignore"},
{"root", "hidden", KEY_BOOL, ROOT(hidden), "no",
	.meaning = "whether names that begin with a dot are indexed"},
{"root", "one_filesystem", KEY_BOOL, ROOT(one_filesystem), "no",
	.meaning = "whether to stay on the file system of the root"},
{"root", "poll", KEY_DURATION, ROOT(poll_ms), "0",
	.meaning = "compare at this interval instead of trusting events; 0: only where there are none",
	.max = DAYS(365)},

{"limits", "file_size", KEY_SIZE, ALL(limits.file_size), "256M",
	.meaning = "larger files are found by name only", .min = 1, .max = TIB(8)},
{"limits", "text_size", KEY_SIZE, ALL(limits.text_size), "16M",
	.meaning = "text of one document beyond this is cut", .min = KIB(1), .max = MIB(512)},
{"limits", "convert_time", KEY_DURATION, ALL(limits.convert_time_ms), "60s",
	.meaning = "longest conversion of one document", .min = 1, .max = DAYS(7)},
{"limits", "convert_memory", KEY_SIZE, ALL(limits.convert_memory), "1G",
	.meaning = "address space of one converter", .min = MIB(1), .max = TIB(8)},
{"limits", "parts", KEY_INT, ALL(limits.parts), "100000",
	.meaning = "documents inside of one file, at every depth", .min = 1, .max = 100000000},
{"limits", "part_depth", KEY_INT, ALL(limits.part_depth), "8",
	.meaning = "how deep documents may lie in each other", .min = 1, .max = 32},
{"limits", "part_bytes", KEY_SIZE, ALL(limits.part_bytes), "4G",
	.meaning = "bytes of all documents inside of one file", .min = 1, .max = TIB(8)},
{"limits", "part_ratio", KEY_INT, ALL(limits.part_ratio), "250",
	.meaning = "the same for each byte of the file, counted above the first 64M",
	.min = 1, .max = 1000000},
{"limits", "part_time", KEY_DURATION, ALL(limits.part_time_ms), "1h",
	.meaning = "conversion of all documents inside of one file", .min = 1, .max = DAYS(7)},

{"memo", "storage", KEY_STORAGE, ALL(memo.storage), "memory",
	.meaning = "where answers are kept"},
{"memo", "ttl", KEY_DURATION, ALL(memo.ttl_ms), "1s",
	.meaning = "how old an answer may be given again after the index changed",
	.max = DAYS(365)},
{"memo", "entries", KEY_INT, ALL(memo.entries), "1024",
	.meaning = "answers kept; 0: none", .max = 1000000},
{"memo", "bytes", KEY_SIZE, ALL(memo.bytes), "16M",
	.meaning = "memory for answers", .max = TIB(1)},
{"memo", "warm", KEY_INT, ALL(memo.warm), "0",
	.meaning = "how many of the most asked queries are asked again ahead", .max = 10000},
{"memo", "warm_at", KEY_TIMES, ALL(memo.warm_at), "",
	.meaning = "local times of day at which that is done"},

{"index", "languages", KEY_LANGUAGES, ALL(languages), "",
	.meaning = "languages whose words are also found by their stem"},

{"converter", "extensions", KEY_EXTENSIONS, CONV(extensions), "",
	.meaning = "file name extensions it takes; *: every name not claimed otherwise"},
{"converter", "mime", KEY_TYPES, CONV(mime), "",
	.meaning = "MIME types it takes when another converter passes a document on"},
{"converter", "run", KEY_RUN, CONV(argv), "",
	.meaning = "command that converts one document and ends"},
{"converter", "serve", KEY_SERVE, CONV(argv), "",
	.meaning = "command that converts one document after another"},
{"converter", "time", KEY_DURATION, CONV(time_ms), "",
	.meaning = "longest conversion of one document, instead of the limit for all",
	.min = 1, .max = DAYS(7)},
{"converter", "memory", KEY_SIZE, CONV(memory_bytes), "",
	.meaning = "address space, instead of the limit for all", .min = MIB(1), .max = TIB(8)},
{"converter", "processes", KEY_INT, CONV(processes), "1",
	.meaning = "processes it may have; 1: it may not fork", .min = 1, .max = 4096},
{"converter", "package", KEY_NAME, CONV(package), "",
	.meaning = "the system's package that brings its program"},
{"converter", "lane", KEY_CHOICE, CONV(lane), "normal",
	.meaning = "slow: its documents wait for each other, never others for them",
	.choices = "normal slow"},
};
/* clang-format on */

const size_t config_key_count = sizeof config_keys / sizeof *config_keys;
