/* converters: the configured converters, for people; see converters.h. */
#include "serve/converters.h"

#include "serve/frame.h"
#include "store/missing.h"

#include <string.h>

const char *converter_package(
	const struct config *config, const char *converter, const char *reason)
{
	if (strcmp(reason, "unavailable") != 0)
		return NULL;
	for (size_t i = 0; i < config->converter_count; i++)
		if (strcmp(config->converters[i].name, converter) == 0)
			return config->converters[i].package;
	return NULL;
}

void converters_add(struct buf *out, const struct config *config)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < config->converter_count; i++) {
		const struct config_converter *c = &config->converters[i];
		int64_t files, parts;

		missing_get(c->name, &files, &parts);
		buf_adds(out, i ? ",{\"name\":" : "{\"name\":");
		frame_add_string(out, c->name, strlen(c->name));
		buf_addf(out, ",\"available\":%s,\"package\":", c->missing ? "false" : "true");
		if (c->package)
			frame_add_string(out, c->package, strlen(c->package));
		else
			buf_adds(out, "null");
		buf_addf(out, ",\"unavailable_files\":%lld,\"unavailable_parts\":%lld}",
			(long long)files, (long long)parts);
	}
	buf_addc(out, ']');
}
