/* explanation: a query in words, and the way it is answered; see explanation.h. */
#include "search/explanation.h"

#include "search/json.h"

#include <string.h>

static const char *const shapes[] = {
	[PLAN_FILTERS] = "filters", [PLAN_NATIVE] = "text", [PLAN_SETS] = "sets"};

static const char *const sorts[] = {
#define X(id, name) [SORT_##id] = name,
	SORT_TABLE(X)
#undef X
};

static void add_text(const struct query *q, struct buf *out)
{
	AUTO_BUF text = BUF_INIT;

	query_print(q, &text);
	if (text.failed)
		out->failed = true;
	else
		json_add_string(out, text.data ? text.data : "", text.len);
}

/* What ranks and is marked: no word below a negation does. */
static void add_words(const struct query *q, const struct plan *plan, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < plan->marks.count; i++) {
		size_t number = plan->marks.phrases[i].phrase;

		for (size_t k = 0; k < q->leaf_count; k++) {
			const struct query_node *leaf = q->leaves[k];

			if (number < leaf->phrase || number >= leaf->phrase + leaf->phrase_count)
				continue;
			const struct query_phrase *p = &leaf->phrases[number - leaf->phrase];
			buf_addf(out, "%s{\"text\":", comma);
			json_add_string(out, p->text, strlen(p->text));
			buf_addc(out, '}');
			comma = ",";
		}
	}
}

void explanation_add(const struct search_request *r, const struct plan *plan, struct buf *out)
{
	buf_adds(out, ",\"explanation\":{\"text\":");
	add_text(r->query, out);
	buf_addf(out, ",\"shape\":\"%s\",\"sort\":\"%s\",\"order\":\"%s\",\"recency\":%lld,\"words\":[",
		shapes[plan->shape], sorts[r->sort], r->descending ? "desc" : "asc",
		(long long)r->recency);
	add_words(r->query, plan, out);
	buf_adds(out, "]}");
}
