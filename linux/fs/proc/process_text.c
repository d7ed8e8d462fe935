/* SPDX-License-Identifier: MIT */
/* The lines of /proc/PID/status, and the fields of stat and statm. */
#include "linux/fs/proc/process_text.h"

#include "base/clock.h"
#include "base/hart.h"
#include "lib/string.h"
#include "linux/process/usage.h"
#include "proc/priority.h"

#define USER_HZ		100
#define SIGNALS_IN_STAT 0x7fffffffu

static const char *state_word(char state)
{
	switch (state) {
	case 'S':
		return "sleeping";
	case 'D':
		return "disk sleep"; /* Linux's word for any wait that is to end soon */
	case 'T':
		return "stopped";
	case 't':
		return "tracing stop";
	case 'Z':
		return "zombie";
	default:
		return "running";
	}
}

static void put_kb(struct seq *seq, const char *name, uint64_t bytes)
{
	seq_put_text(seq, name);
	seq_put_text(seq, ":\t");
	seq_put_dec(seq, bytes / 1024, 8);
	seq_put_text(seq, " kB\n");
}

static uint64_t code_bytes(const struct image_layout *layout)
{
	return ALIGN_UP(layout->code_end, PAGE_SIZE) - ALIGN_DOWN(layout->code_start, PAGE_SIZE);
}

/* There are no pinned or huge pages, and no bits of an address that the hardware ignores. */
static void put_memory(struct seq *seq, const struct process_facts *facts)
{
	uint64_t code = MIN(code_bytes(&facts->layout), facts->exec);

	put_kb(seq, "VmPeak", facts->peak_mapped);
	put_kb(seq, "VmSize", facts->mapped);
	put_kb(seq, "VmLck", facts->locked);
	put_kb(seq, "VmPin", 0);
	put_kb(seq, "VmHWM", facts->peak_resident);
	put_kb(seq, "VmRSS", facts->resident);
	put_kb(seq, "RssAnon", facts->resident - facts->resident_file - facts->resident_shmem);
	put_kb(seq, "RssFile", facts->resident_file);
	put_kb(seq, "RssShmem", facts->resident_shmem);
	put_kb(seq, "VmData", facts->data);
	put_kb(seq, "VmStk", facts->stack);
	put_kb(seq, "VmExe", code);
	put_kb(seq, "VmLib", facts->exec - code);
	put_kb(seq, "VmPTE", facts->tables);
	put_kb(seq, "VmSwap", facts->swapped);
	put_kb(seq, "HugetlbPages", 0);
	seq_put(seq, "CoreDumping:\t0\nTHP_enabled:\t%u\nuntag_mask:\t0x%016lx\n",
		!facts->thp_disabled, ~0ul);
}

static void put_set(struct seq *seq, const char *name, uint64_t set)
{
	seq_put_text(seq, name);
	seq_put_text(seq, ":\t");
	seq_put_hex(seq, set, 16);
	seq_put_text(seq, "\n");
}

static void put_signals(struct seq *seq, const struct process_facts *facts)
{
	const struct {
		const char *name;
		uint64_t set;
	} sets[] = {
		{ "SigPnd", facts->pending_thread }, { "ShdPnd", facts->pending },
		{ "SigBlk", facts->blocked },	     { "SigIgn", facts->ignored },
		{ "SigCgt", facts->caught },
	};

	seq_put(seq, "SigQ:\t%lu/%lu\n", facts->queued, facts->queue_max);
	for (unsigned i = 0; i < ARRAY_SIZE(sets); i++)
		put_set(seq, sets[i].name, sets[i].set);
}

static void put_ids(struct seq *seq, const struct cred *cred)
{
	seq_put(seq, "Uid:\t%u\t%u\t%u\t%u\n", cred->uid, cred->euid, cred->suid, cred->fsuid);
	seq_put(seq, "Gid:\t%u\t%u\t%u\t%u\n", cred->gid, cred->egid, cred->sgid, cred->fsgid);
}

static void put_groups(struct seq *seq, const struct group_info *groups)
{
	seq_put(seq, "Groups:\t");
	for (unsigned i = 0; groups && i < groups->ngroups; i++)
		seq_put(seq, i ? " %u" : "%u", groups->gid[i]);
	seq_put(seq, " \n");
}

/* There are no filters. */
static void put_capabilities(struct seq *seq, const struct process_facts *facts,
			     const struct cred *cred)
{
	const struct {
		const char *name;
		uint64_t set;
	} sets[] = {
		{ "CapInh", cred->cap_inheritable }, { "CapPrm", cred->cap_permitted },
		{ "CapEff", cred->cap_effective },   { "CapBnd", cred->cap_bset },
		{ "CapAmb", cred->cap_ambient },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(sets); i++)
		put_set(seq, sets[i].name, sets[i].set);
	seq_put(seq, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n", facts->no_new_privs);
}

/* As many digits as all harts need; then the same as a list of ranges. There is one node of memory. */
static void put_affinity(struct seq *seq, uint64_t mask)
{
	const char *comma = "";
	unsigned first, n;

	seq_put(seq, "Cpus_allowed:\t");
	for (n = (hart_count + 3) / 4; n-- > 0;)
		seq_put(seq, "%x", (unsigned)(mask >> n * 4 & 15));
	seq_put(seq, "\nCpus_allowed_list:\t");
	for (n = 0; n < hart_count; n++) {
		if (!(mask >> n & 1))
			continue;
		for (first = n; n + 1 < hart_count && mask >> (n + 1) & 1;)
			n++;
		seq_put(seq, first == n ? "%s%u" : "%s%u-%u", comma, first, n);
		comma = ",";
	}
	seq_put(seq, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

void proc_put_status(struct seq *seq, const struct process_facts *facts, const struct cred *cred)
{
	seq_put(seq, "Name:\t");
	seq_put_escaped(seq, facts->name, "\n\\");
	seq_put(seq, "\n");
	if (facts->umask >= 0)
		seq_put(seq, "Umask:\t%04o\n", (unsigned)facts->umask);
	seq_put(seq, "State:\t%c (%s)\n", facts->state, state_word(facts->state));
	seq_put(seq, "Tgid:\t%d\nNgid:\t0\n", facts->pid);
	seq_put(seq, "Pid:\t%d\n", facts->tid);
	seq_put(seq, "PPid:\t%d\n", facts->parent);
	seq_put(seq, "TracerPid:\t%d\n", facts->tracer);
	put_ids(seq, cred);
	seq_put(seq, "FDSize:\t%u\n", facts->fd_size);
	put_groups(seq, cred->group_info);
	seq_put(seq, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\nKthread:\t0\n", facts->pid,
		facts->tid, facts->group, facts->session);
	if (facts->has_memory)
		put_memory(seq, facts);
	seq_put(seq, "Threads:\t%u\n", facts->nthreads);
	put_signals(seq, facts);
	put_capabilities(seq, facts, cred);
	seq_put(seq,
		"Speculation_Store_Bypass:\tunknown\nSpeculationIndirectBranch:\tunsupported\n");
	put_affinity(seq, facts->harts);
	seq_put(seq, "voluntary_ctxt_switches:\t%lu\n", (unsigned long)facts->thread_usage.nvcsw);
	seq_put(seq, "nonvoluntary_ctxt_switches:\t%lu\n",
		(unsigned long)facts->thread_usage.nivcsw);
}

unsigned long proc_user_ticks(uint64_t ticks)
{
	return clock_ticks_to_ns(ticks) / (NSEC_PER_SEC / USER_HZ);
}

/* Fields 9 to 25; those that mean nothing here are 0, as on Linux where they mean nothing. */
static void put_times(struct seq *seq, const struct process_facts *facts)
{
	const struct usage *own = &facts->usage, *children = &facts->children_usage;

	seq_put(seq, "0 %lu %lu %lu %lu ", own->minor_faults, children->minor_faults,
		own->major_faults, children->major_faults);
	seq_put(seq, "%lu %lu %lu %lu ", proc_user_ticks(own->user_ticks),
		proc_user_ticks(own->kernel_ticks), proc_user_ticks(children->user_ticks),
		proc_user_ticks(children->kernel_ticks));
	/* priority, nice, threads, itrealvalue, starttime, vsize, rss, rsslim */
	seq_put(seq, "%d %d %u 0 ", priority_rank(&facts->wish), facts->wish.nice, facts->nthreads);
	seq_put(seq, "%lu %lu %lu %lu ", clock_ns_at(facts->start_tick) / (NSEC_PER_SEC / USER_HZ),
		(unsigned long)facts->mapped, (unsigned long)(facts->resident >> PAGE_SHIFT), ~0ul);
}

void proc_put_stat(struct seq *seq, const struct process_facts *facts)
{
	const struct image_layout *layout = &facts->layout;

	seq_put(seq, "%d (", facts->tid);
	seq_put_escaped(seq, facts->name, "\n\\");
	seq_put(seq, ") %c %d %d %d %d %d ", facts->state, facts->parent, facts->group,
		facts->session, (int)facts->terminal, facts->terminal_group);
	put_times(seq, facts);
	/* kstkesp and kstkeip are 0, as Linux has them of a process that runs */
	seq_put(seq, "%lu %lu %lu 0 0 ", layout->code_start, layout->code_end, layout->stack_start);
	seq_put(seq, "%lu %lu %lu %lu ", facts->pending_thread & SIGNALS_IN_STAT,
		facts->blocked & SIGNALS_IN_STAT, facts->ignored & SIGNALS_IN_STAT,
		facts->caught & SIGNALS_IN_STAT);
	/* wchan, nswap, cnswap; then processor, rt_priority, policy, three kinds of delays */
	seq_put(seq, "%d 0 0 %d %u %u %u 0 0 0 ",
		!facts->hides_wait && facts->state != 'R' && facts->state != 'T',
		facts->exit_signal, facts->hart, facts->wish.rt_priority, facts->wish.policy);
	seq_put(seq, "%lu %lu %lu %lu %lu %lu %lu %d\n", layout->data_start, layout->data_end,
		facts->heap_start, layout->arg_start, layout->arg_end, layout->env_start,
		layout->env_end, facts->status);
}

/* size, resident, shared, text, lib, data, dirty; in pages */
void proc_put_statm(struct seq *seq, const struct process_facts *facts)
{
	const uint64_t bytes[] = {
		facts->mapped,
		facts->resident,
		facts->resident_file + facts->resident_shmem,
		code_bytes(&facts->layout),
		0,
		facts->data + facts->stack,
		0,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(bytes); i++) {
		seq_put_dec(seq, bytes[i] >> PAGE_SHIFT, 0);
		seq_put_text(seq, i + 1 < ARRAY_SIZE(bytes) ? " " : "\n");
	}
}

static void put_limit(struct seq *seq, uint64_t limit)
{
	if (limit == RLIM_INFINITY)
		seq_put(seq, "%-20s ", "unlimited");
	else
		seq_put(seq, "%-20lu ", (unsigned long)limit);
}

void proc_put_limits(struct seq *seq, const struct abi_rlimit64 *limits)
{
	static const struct {
		const char *name, *unit;
	} resources[RLIM_NLIMITS] = {
		[RLIMIT_CPU] = { "Max cpu time", "seconds" },
		[RLIMIT_FSIZE] = { "Max file size", "bytes" },
		[RLIMIT_DATA] = { "Max data size", "bytes" },
		[RLIMIT_STACK] = { "Max stack size", "bytes" },
		[RLIMIT_CORE] = { "Max core file size", "bytes" },
		[RLIMIT_RSS] = { "Max resident set", "bytes" },
		[RLIMIT_NPROC] = { "Max processes", "processes" },
		[RLIMIT_NOFILE] = { "Max open files", "files" },
		[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
		[RLIMIT_AS] = { "Max address space", "bytes" },
		[RLIMIT_LOCKS] = { "Max file locks", "locks" },
		[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
		[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
		[RLIMIT_NICE] = { "Max nice priority", "" },
		[RLIMIT_RTPRIO] = { "Max realtime priority", "" },
		[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
	};

	seq_put(seq, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		seq_put(seq, "%-25s ", resources[i].name);
		put_limit(seq, limits[i].cur);
		put_limit(seq, limits[i].max);
		seq_put(seq, *resources[i].unit ? "%-10s\n" : "\n", resources[i].unit);
	}
}
