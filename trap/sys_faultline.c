/* SPDX-License-Identifier: MIT */
/* What programs can query about the machine, its memory and its faults: Faultline's own call. */
#include "trap/faultline_call.h"

#include "abi/errno.h"
#include "arch/describe.h"
#include "base/clock.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/kmap.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/page_census.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/relieve.h"
#include "mm/swap/swap_cache.h"
#include "proc/kthread.h"
#include "proc/preempt_force.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/uspace.h"
#include "record/note.h"
#include "record/trace.h"
#include "trap/args.h"

#define FAULTS_AT_ONCE 8

_Static_assert(FAULTLINE_KINDS == FAULT_KINDS, "the same table");
_Static_assert(FAULTLINE_DENY_MAPERR == FAULT_DENY_MAPERR &&
		       FAULTLINE_DENY_ACCERR == FAULT_DENY_ACCERR &&
		       FAULTLINE_ACCESSED == FAULT_ACCESSED && FAULTLINE_SPURIOUS == FAULT_SPURIOUS,
	       "the same order");
_Static_assert(FAULTLINE_SWAPPED == FAULT_SWAPPED && FAULTLINE_FILL == FAULT_FILL &&
		       FAULTLINE_REUSE == FAULT_REUSE && FAULTLINE_COW == FAULT_COW &&
		       FAULTLINE_REMAP == FAULT_REMAP && FAULTLINE_USER_WP == FAULT_USER_WP,
	       "the same order");

struct faultline_query faultline_query_of(const struct trap_frame *frame)
{
	return (struct faultline_query){ .what = arg_uint(frame, 0),
					 .which = arg_u64(frame, 1),
					 .buf = arg_user(frame, 2),
					 .size = arg_u64(frame, 3),
					 .from = arg_u64(frame, 4) };
}

long faultline_answer(const struct faultline_query *q, const void *from, size_t size)
{
	if (q->size < size)
		return -EINVAL;
	return user_copy_out(q->buf, from, size) ? -EFAULT : 1;
}

void faultline_space(struct space *space, struct faultline_process *process)
{
	const struct space_stats *stats = &space->stats;

	space_lock(space);
	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		process->faults[kind] = stats->kind[kind];
	for (unsigned reason = 0; reason < RETRY_REASONS; reason++)
		process->retries += stats->retry[reason];
	process->vmas = (uint32_t)space->nvmas;
	process->zero_fills = stats->zero_maps;
	process->around = stats->around;
	process->ahead = stats->ahead;
	process->stack_grown = stats->grow;
	process->waited = stats->major;
	process->fences = stats->fences;
	process->resident = space->resident;
	process->peak_resident = stats->peak_resident;
	process->tables = space->tables;
	process->mapped_bytes = space->mapped_bytes;
	process->heap_start = space->brk_start;
	process->heap_end = space->brk;
	process->swapped = space->swapped;
	space_unlock(space);
}

static long query_machine(const struct faultline_query *q)
{
	struct swap_census swap = swap_census();
	struct faultline_machine machine = {
		.frames = page_alloc_total_count(),
		.free_frames = page_alloc_free_count(),
		.ticks_per_second = clock_timebase(),
		.harts = hart_count,
		.faults = trace_count(),
		.exceptions = hart_counter_sum(HART_EXCEPTIONS),
		.system_calls = hart_counter_sum(HART_SYSCALLS),
		.interrupts = hart_counter_sum(HART_INTERRUPTS),
		.switches = hart_counter_sum(HART_SWITCHES),
		.ipis = hart_counter_sum(HART_IPIS),
		.swap = swap.usable,
		.free_swap = swap.free,
	};

	return faultline_answer(q, &machine, sizeof(machine));
}

static long query_reclaim(const struct faultline_query *q)
{
	struct faultline_reclaim reclaim = {
		.turns = counter_read(&reclaim_counts.turns),
		.scanned = counter_read(&reclaim_counts.scanned),
		.aged = counter_read(&reclaim_counts.aged),
		.unmapped = counter_read(&reclaim_counts.unmapped),
		.dropped = counter_read(&reclaim_counts.dropped),
		.refaulted = counter_read(&reclaim_counts.refaulted),
		.written = counter_read(&reclaim_counts.written),
		.read = counter_read(&reclaim_counts.read),
		.reads = counter_read(&reclaim_counts.reads),
		.writes = counter_read(&reclaim_counts.writes),
		.direct = counter_read(&reclaim_counts.direct),
	};

	return faultline_answer(q, &reclaim, sizeof(reclaim));
}

static long query_frames(const struct faultline_query *q)
{
	struct faultline_frames frames = { 0 };
	struct page_census census;

	if (q->size < sizeof(frames))
		return -EINVAL;
	page_census(&census);
	frames.free = census.kind[PAGE_FREE];
	frames.reserved_frames = census.kind[PAGE_RESERVED];
	frames.kernel = census.kind[PAGE_KERNEL];
	frames.tables = census.kind[PAGE_TABLE];
	frames.anonymous = census.kind[PAGE_ANON];
	frames.object = census.kind[PAGE_OBJECT];
	frames.zero = census.kind[PAGE_ZERO];
	frames.slabs = census.slabs;
	return faultline_answer(q, &frames, sizeof(frames));
}

_Static_assert(PAGE_KINDS == FAULTLINE_FRAME_KINDS && PAGE_FREE == FAULTLINE_FRAME_FREE &&
		       PAGE_RESERVED == FAULTLINE_FRAME_RESERVED &&
		       PAGE_KERNEL == FAULTLINE_FRAME_KERNEL &&
		       PAGE_TABLE == FAULTLINE_FRAME_TABLE &&
		       PAGE_ANON == FAULTLINE_FRAME_PRIVATE &&
		       PAGE_OBJECT == FAULTLINE_FRAME_FILE && PAGE_ZERO == FAULTLINE_FRAME_ZERO &&
		       PAGE_DEVICE == FAULTLINE_FRAME_DEVICE,
	       "kinds of frames are as programs know them");

/* The frame may belong to any process and change meanwhile: the result is a snapshot. */
static long query_frame(const struct faultline_query *q)
{
	const struct page *page = pfn_to_page(paddr_to_pfn(q->which));
	struct faultline_frame frame = { .address = pfn_to_paddr(paddr_to_pfn(q->which)) };

	if (!page)
		return 0;
	frame.kind = page_kind(page);
	frame.references = page->refs;
	frame.mapped = page->maps;
	if (page_kind(page) == PAGE_ANON || page_kind(page) == PAGE_OBJECT)
		frame.pins = page_pins(page);
	if (page_kind(page) == PAGE_OBJECT)
		frame.index = page->index;
	return faultline_answer(q, &frame, sizeof(frame));
}

static struct faultline_fault fault_of(const struct trace_fault *fault, unsigned hart)
{
	return (struct faultline_fault){ .time = fault->time,
					 .pc = fault->pc,
					 .address = fault->addr,
					 .cost = fault->cost,
					 .pid = fault->pid,
					 .result = fault->result,
					 .access = fault->access,
					 .kind = fault->kind,
					 .hart = hart };
}

/* Copies out records, sets *count to their number, and advances q->from. */
static int copy_faults(struct faultline_query *q, uint64_t *dropped, uint64_t *count)
{
	vaddr_t to = q->buf + offsetof(struct faultline_trace, faults);
	struct faultline_fault faults[FAULTS_AT_ONCE];
	struct trace_fault fault;
	unsigned n;

	*dropped = *count = 0;
	do {
		size_t room = MIN((size_t)FAULTS_AT_ONCE, FAULTLINE_TRACE_MAX - *count);

		for (n = 0; n < room; n++) {
			if (!trace_read((unsigned)q->which, &q->from, &fault, dropped))
				break;
			faults[n] = fault_of(&fault, (unsigned)q->which);
		}
		if (user_copy_out(to + *count * sizeof(faults[0]), faults, n * sizeof(faults[0])))
			return -EFAULT;
		*count += n;
	} while (n == FAULTS_AT_ONCE && *count < FAULTLINE_TRACE_MAX);
	return 0;
}

static long query_trace(struct faultline_query *q)
{
	uint64_t head[3]; /* next, dropped, count */
	int err;

	if (q->which >= hart_count || q->size < sizeof(struct faultline_trace))
		return -EINVAL;
	err = copy_faults(q, &head[1], &head[2]);
	head[0] = q->from;
	return err ? err : faultline_answer(q, head, sizeof(head));
}

long faultline_walk(const struct faultline_query *q, struct uspace *uspace)
{
	char text[ARCH_DESCRIBE_MAX];
	size_t length;
	long err;

	space_lock(&uspace->space);
	arch_mmu_describe(&uspace->space.mmu, q->from, VM_PROT_READ, text, sizeof(text));
	space_unlock(&uspace->space);
	length = strlen(text);
	err = faultline_answer(q, text, length + 1);
	return err < 0 ? err : (long)length;
}

#ifdef FAULTLINE_HARDENED

static long fail_nth(const struct faultline_query *q)
{
	if (q->which >= ALLOC_FAIL_POLICIES)
		return -EINVAL;
	return alloc_fail_set(q->from, current_thread(), (enum alloc_fail_policy)q->which);
}

static long query_ledger(const struct faultline_query *q)
{
	struct faultline_ledger result = { 0 };
	struct slab_census slabs;
	struct ledger ledger;

	kthread_reap();
	mm_trim();
	sched_let_finish(); /* preempted threads may own frames that are not in any account yet */
	result.errors = (uint64_t)ledger_check(&ledger);
	slab_census(&slabs);
	sched_go_on();
	result.free = ledger.kind[PAGE_FREE];
	result.tables = ledger.kind[PAGE_TABLE];
	result.anonymous = ledger.kind[PAGE_ANON];
	result.object = ledger.kind[PAGE_OBJECT];
	result.slabs = slabs.slabs;
	result.slab_objects = slabs.used;
	result.kernel = ledger.kind[PAGE_KERNEL];
	result.stacks = kstack_frames();
	return faultline_answer(q, &result, sizeof(result));
}

static long query_sites(const struct faultline_query *q)
{
	uint64_t most = q->size / sizeof(struct faultline_site), n = 0;

	for (uint32_t number = 1; number < ALLOC_SITES_MAX && n < most; number++) {
		const struct alloc_site *site = alloc_site_get(number);
		struct faultline_site result = { 0 };

		if (!site)
			continue;
		memcpy(result.file, site->file, MIN(strlen(site->file), sizeof(result.file) - 1));
		result.line = site->line;
		result.blocks = counter_read(&site->blocks);
		if (user_copy_out(q->buf + n++ * sizeof(result), &result, sizeof(result)))
			return -EFAULT;
	}
	return (long)n;
}

static long preempt_later(const struct faultline_query *q)
{
	if (q->from > clock_ns_to_ticks(NSEC_PER_SEC))
		return -EINVAL;
	preempt_once_after(q->from);
	return 0;
}

/* Only tests use these. */
static long query_for_tests(const struct faultline_query *q, unsigned what)
{
	switch (what) {
	case FAULTLINE_FAIL:
		return fail_nth(q);
	case FAULTLINE_LEDGER:
		return query_ledger(q);
	case FAULTLINE_PREEMPT:
		return preempt_later(q);
	case FAULTLINE_SITES:
		return query_sites(q);
	default:
		return -EINVAL;
	}
}

#else

static long query_for_tests(const struct faultline_query *q, unsigned what)
{
	return -EINVAL;
}

#endif

static long mark_journal(const struct faultline_query *q)
{
	char text[JOURNAL_MARK_BYTES];
	long err;

	_Static_assert(JOURNAL_MARK_BYTES == FAULTLINE_MARK_BYTES, "a mark's text fills a record");
	if (q->which > FAULTLINE_MARK_OFF || q->size > sizeof(text))
		return -EINVAL;
	err = user_copy_in(text, q->buf, q->size);
	if (err)
		return err;
	if (!journal_is_on())
		return 0;
	journal_note_mark(current_space(), (unsigned)q->which, text, q->size);
	return 1;
}

long faultline_answer_query(struct faultline_query *q)
{
	switch (q->what) {
	case FAULTLINE_MACHINE:
		return query_machine(q);
	case FAULTLINE_FRAMES:
		return query_frames(q);
	case FAULTLINE_FRAME:
		return query_frame(q);
	case FAULTLINE_RECLAIM:
		return query_reclaim(q);
	case FAULTLINE_TRACE:
		return query_trace(q);
	case FAULTLINE_MARK:
		return mark_journal(q);
	default:
		return query_for_tests(q, q->what);
	}
}
