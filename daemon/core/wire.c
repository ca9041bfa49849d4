/* wire: byte strings as JSON; see wire.h. */
#include "core/wire.h"

#include "core/path.h"

bool wire_put_path(cJSON *object, const char *key, const char *path, size_t n)
{
	AUTO_BUF text = BUF_INIT, exact_key = BUF_INIT, exact = BUF_INIT;

	utf8_add_lossy(&text, path, n);
	buf_add(&text, "", 0);
	if (text.failed || !cJSON_AddStringToObject(object, key, text.data))
		return false;
	if (utf8_valid(path, n))
		return true;
	buf_addf(&exact_key, "%s_b64", key);
	base64_add(&exact, path, n);
	if (exact_key.failed || exact.failed)
		return false;
	return cJSON_AddStringToObject(object, exact_key.data, exact.data) != NULL;
}
