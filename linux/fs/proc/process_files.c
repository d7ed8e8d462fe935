/* SPDX-License-Identifier: MIT */
/* /proc/PID/status, stat, statm, comm, io and the like: one record each, made of what is true at that moment. */
#include "abi/errno.h"
#include "arch/backtrace.h"
#include "base/clock.h"
#include "lib/string.h"
#include "linux/fs/proc/node.h"
#include "linux/fs/proc/process_text.h"
#include "linux/process/nice.h"
#include "linux/process/usage.h"

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
	facts->hides_wait = true;
}

static int stat_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct proc_node *node = source;
	struct process_facts facts;
	int err = facts_once(source, cursor, &facts);

	(void)walk;
	if (err == 0) /* as on Linux, whether a thread waits is told of it alone */
		facts.hides_wait = !node->alone && facts.nthreads > 1;
	/* Where the memory of others is, and whether they wait, is theirs to know. */
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

static int io_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct proc_node *node = source;
	struct io_counts io;
	struct usage usage;
	int err = inspect_io(&node->id, node->alone, &io, &usage);

	(void)walk;
	if (err == 0)
		err = seq_once(cursor);
	if (err == 0)
		seq_put(seq,
			"rchar: %lu\nwchar: %lu\nsyscr: %lu\nsyscw: %lu\nread_bytes: %lu\n"
			"write_bytes: %lu\ncancelled_write_bytes: %lu\n",
			io.read_bytes, io.write_bytes, io.read_calls, io.write_calls,
			usage.fetched_bytes, usage.dirtied_bytes, io.cancelled_bytes);
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

/* The time that it ran, that it waited for a hart (not known here), and how often it ran. */
static int schedstat_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	struct process_facts facts;
	int err = facts_once(source, cursor, &facts);
	const struct usage *usage = &facts.thread_usage;

	(void)walk;
	if (err == 0)
		seq_put(seq, "%lu 0 %lu\n",
			(unsigned long)clock_ticks_to_ns(usage->user_ticks + usage->kernel_ticks),
			(unsigned long)(usage->nvcsw + usage->nivcsw));
	return err;
}

static int syscall_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct proc_node *node = source;
	struct call_facts call;
	int err = inspect_call(&node->id, &call);

	(void)walk;
	if (err == 0)
		err = seq_once(cursor);
	if (err)
		return err;
	if (call.state == CALL_RUNS)
		seq_put(seq, "running\n");
	else if (call.state == CALL_ENDED)
		seq_put(seq, "-1 0x0 0x0\n");
	else if (call.number < 0)
		seq_put(seq, "%d 0x%lx 0x%lx\n", (int)call.number, call.sp, call.pc);
	else
		seq_put(seq, "%d 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx\n",
			(int)call.number, call.args[0], call.args[1], call.args[2], call.args[3],
			call.args[4], call.args[5], call.sp, call.pc);
	return 0;
}

static int stack_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct proc_node *node = source;
	struct call_facts call;
	size_t offset;
	int err = inspect_call(&node->id, &call);

	(void)walk;
	if (err == 0)
		err = seq_once(cursor);
	for (unsigned i = 0; err == 0 && call.state == CALL_WAITS && i < call.nframes; i++) {
		const char *name = arch_symbol(call.frames[i] - 1, &offset);

		if (name)
			seq_put(seq, "[<0>] %s+0x%lx/0x%lx\n", name, offset + 1,
				arch_symbol_size(call.frames[i] - 1));
	}
	return err;
}

/* Is it a function through which every thread goes that waits for something? */
static bool is_of_scheduler(const char *name)
{
	static const char *const prefixes[] = { "arch_", "sched_", "thread_", "wait_until",
						"mutex_" };

	for (unsigned i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* The function that the thread waits in. 0: the thread does not wait, or the reader may not know. */
static int wchan_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct proc_node *node = source;
	const char *name = NULL;
	struct call_facts call;
	size_t offset;
	int err = inspect_call(&node->id, &call);
	bool known = err == 0 && call.state == CALL_WAITS && node->id.tid != current_thread()->tid;

	(void)walk;
	if (err == 0 || err == -EPERM)
		err = seq_once(cursor);
	if (err)
		return err;
	for (unsigned i = 0; known && i < call.nframes; i++) {
		name = arch_symbol(call.frames[i] - 1, &offset);
		if (name && !is_of_scheduler(name))
			break;
		name = NULL;
	}
	seq_put(seq, "%s", name ?: "0");
	return 0;
}

static int personality_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct proc_node *node = source;
	struct process_facts facts;
	int err = facts_once(source, cursor, &facts);

	(void)walk;
	if (err == 0 && !inspect_may_access(&node->id)) /* any more */
		err = -EPERM;
	if (err == 0)
		seq_put(seq, "%08x\n", facts.personality);
	return err;
}

/* Files that say the same of each process, since this kernel has nothing of the kind. The cursor is 0 at first. */
#define CONSTANT_FILE(name, text)                                                             \
	static int name##_record(void *source, void *walk, uint64_t *cursor, struct seq *seq) \
	{                                                                                     \
		const struct proc_node *node = source;                                        \
		int err = inspect_exists(&node->id) ? seq_once(cursor) : -ESRCH;              \
                                                                                              \
		(void)walk;                                                                   \
		if (err == 0)                                                                 \
			seq_put(seq, "%s", text);                                             \
		return err;                                                                   \
	}                                                                                     \
	const struct seq_ops proc_##name##_seq = { .record = name##_record }

CONSTANT_FILE(no_id, "4294967295");
CONSTANT_FILE(id_map, "         0          0 4294967295\n");
CONSTANT_FILE(setgroups, "allow\n");
CONSTANT_FILE(cgroup, "");

const struct seq_ops proc_schedstat_seq = { .record = schedstat_record };
const struct seq_ops proc_syscall_seq = { .record = syscall_record };
const struct seq_ops proc_wchan_seq = { .record = wchan_record };
const struct seq_ops proc_stack_seq = { .record = stack_record };
const struct seq_ops proc_personality_seq = { .record = personality_record };
const struct seq_ops proc_io_seq = { .record = io_record };
const struct seq_ops proc_status_seq = { .record = status_record };
const struct seq_ops proc_limits_seq = { .record = limits_record };
const struct seq_ops proc_stat_seq = { .record = stat_record };
const struct seq_ops proc_statm_seq = { .record = statm_record };
const struct seq_ops proc_comm_seq = { .record = comm_record };
