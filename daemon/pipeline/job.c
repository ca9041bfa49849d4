/* job: jobs and tree changes as memory; what they mean is told in pipeline.h. */
#include "core/mem.h"
#include "pipeline/pipeline.h"

void job_destroy(struct job *j)
{
	if (!j)
		return;
	rules_unref(j->rules);
	mem_free(j->root_path);
	mem_free(j->path);
	mem_free(j);
}

void tree_change_destroy(struct tree_change *c)
{
	if (!c)
		return;
	mem_free(c->name);
	mem_free(c->new_name);
	buf_finish(&c->acl);
	mem_free(c);
}
