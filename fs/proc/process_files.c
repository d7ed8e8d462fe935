/* SPDX-License-Identifier: MIT */
/* /proc/PID/status, stat, statm and comm: one record each, made of what is true at that moment. */
#include "abi/errno.h"
#include "fs/proc/node.h"
#include "fs/proc/process_text.h"

/* Returns 0, -ENODATA behind the only record, or -ESRCH. */
static int facts_once(void *source, uint64_t *cursor, struct process_facts *facts)
{
	struct proc_node *node = source;
	int err = inspect_facts(&node->id, facts);

	return err ? err : seq_once(cursor);
}

static int status_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	struct proc_node *node = source;
	struct process_facts facts;
	struct cred *cred = NULL;
	int err = facts_once(source, cursor, &facts);

	(void)walk;
	if (err == 0 && !(cred = inspect_cred(&node->id)))
		err = -ESRCH;
	if (err)
		return err;
	proc_put_status(seq, &facts, cred);
	cred_put(cred);
	return 0;
}

static void hide_layout(struct process_facts *facts)
{
	const vaddr_t some = facts->has_memory;

	facts->layout = (struct image_layout){ .code_start = some, .code_end = some };
	facts->heap_start = 0;
	facts->status = 0;
}

static int stat_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct proc_node *node = source;
	struct process_facts facts;
	int err = facts_once(source, cursor, &facts);

	(void)walk;
	/* As on Linux, where the memory of others is, is theirs to know. */
	if (err == 0 && !inspect_may_access(&node->id))
		hide_layout(&facts);
	if (err == 0 && node->alone)
		facts.usage = facts.thread_usage;
	if (err == 0)
		proc_put_stat(seq, &facts);
	return err;
}

static int statm_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	struct process_facts facts;
	int err = facts_once(source, cursor, &facts);

	(void)walk;
	if (err == 0)
		proc_put_statm(seq, &facts);
	return err;
}

static int limits_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct proc_node *node = source;
	struct abi_rlimit64 limits[RLIM_NLIMITS];
	int err = inspect_limits(&node->id.process, limits);

	(void)walk;
	if (err == 0)
		err = seq_once(cursor);
	if (err == 0)
		proc_put_limits(seq, limits);
	return err;
}

static int comm_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	struct process_facts facts;
	int err = facts_once(source, cursor, &facts);

	(void)walk;
	if (err == 0)
		seq_put(seq, "%s\n", facts.name);
	return err;
}

const struct seq_ops proc_status_seq = { .record = status_record };
const struct seq_ops proc_limits_seq = { .record = limits_record };
const struct seq_ops proc_stat_seq = { .record = stat_record };
const struct seq_ops proc_statm_seq = { .record = statm_record };
const struct seq_ops proc_comm_seq = { .record = comm_record };
