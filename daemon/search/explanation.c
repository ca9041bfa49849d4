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

static void add_forms(const struct phrase_forms *forms, struct witness *witness, struct buf *out)
{
	const char *comma = "";

	buf_addf(out, ",\"%s\":[", forms->instead ? "instead" : "forms");
	for (size_t i = 0; i < forms->count; i++) {
		const char *text = forms->texts[i];

		if (!witness_has(witness, text, strlen(text)))
			continue;
		buf_adds(out, comma);
		json_add_string(out, text, strlen(text));
		comma = ",";
	}
	buf_addc(out, ']');
}

/* What ranks and is marked: no word below a negation does.  Phrases stand beside their forms. */
static void add_words(const struct query *q, const struct plan *plan, struct witness *witness,
	struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < plan->marks.count; i++) {
		size_t number = plan->marks.phrases[i].phrase;

		if (i && plan->marks.phrases[i - 1].phrase == number)
			continue;

		for (size_t k = 0; k < q->leaf_count; k++) {
			const struct query_node *leaf = q->leaves[k];

			if (number < leaf->phrase || number >= leaf->phrase + leaf->phrase_count)
				continue;
			const struct query_phrase *p = &leaf->phrases[number - leaf->phrase];
			buf_addf(out, "%s{\"text\":", comma);
			json_add_string(out, p->text, strlen(p->text));
			if (forms_of(plan->forms, number))
				add_forms(forms_of(plan->forms, number), witness, out);
			buf_addc(out, '}');
			comma = ",";
		}
	}
}

/* Why the answer is not of all that matches. */
static void add_bounds(const struct plan *plan, bool bounded, struct buf *out)
{
	const char *const reasons[] = {
		bounded ? "very much matches: only the newest of it is ranked" : NULL,
		plan->forms && plan->forms->bounded
			? "a prefix stands for very many words: the most frequent of them are looked for"
			: NULL,
	};
	const char *comma = "";

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (!reasons[i])
			continue;
		buf_addf(out, "%s\"%s\"", comma, reasons[i]);
		comma = ",";
	}
}

void explanation_add(const struct search_request *r, const struct plan *plan, bool bounded,
	struct witness *witness, struct buf *out)
{
	buf_adds(out, ",\"explanation\":{\"text\":");
	add_text(r->query, out);
	buf_addf(out, ",\"shape\":\"%s\",\"sort\":\"%s\",\"order\":\"%s\",\"recency\":%lld,\"words\":[",
		shapes[plan->shape], sorts[r->sort], r->descending ? "desc" : "asc",
		(long long)r->recency);
	add_words(r->query, plan, witness, out);
	buf_adds(out, "],\"bounds\":[");
	add_bounds(plan, bounded, out);
	buf_adds(out, "]}");
}
