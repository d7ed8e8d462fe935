/* SPDX-License-Identifier: MIT */
/* What programs can query about the kernel: Faultline's own call, sysinfo and syslog. */
#include "abi/faultline.h"
#include "abi/syslog.h"
#include "abi/utsname.h"
#include "arch/describe.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/log.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/process/cred.h"
#include "linux/process/inspect.h"
#include "linux/sys/calls.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmap.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/page_census.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/relieve.h"
#include "mm/swap/swap_cache.h"
#include "proc/exe.h"
#include "proc/kthread.h"
#include "proc/load.h"
#include "proc/pid.h"
#include "proc/preempt_force.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "record/note.h"
#include "record/trace.h"

#define VMAS_AT_ONCE   8
#define FAULTS_AT_ONCE 8

/* The arguments of a query. */
struct query {
	uint64_t which;
	vaddr_t buf;
	uint64_t size;
	uint64_t from;
};

/* Copies out an answer of one structure. Returns 1, -EINVAL (no room for it) or -EFAULT. */
static long copy_result(const struct query *q, const void *from, size_t size)
{
	if (q->size < size)
		return -EINVAL;
	return user_copy_out(q->buf, from, size) ? -EFAULT : 1;
}

static long query_process(const struct query *q)
{
	struct faultline_process process;
	int err = inspect_process((int)q->which, &process);

	return err ? err : copy_result(q, &process, sizeof(process));
}

static long query_processes(const struct query *q)
{
	uint64_t room = q->size / sizeof(struct faultline_process), n;
	struct faultline_process process;
	int after = (int)q->which;

	if (room == 0)
		return -EINVAL;
	for (n = 0; n < room && inspect_next_process(after, &process); n++) {
		if (user_copy_out(q->buf + n * sizeof(process), &process, sizeof(process)))
			return -EFAULT;
		after = process.pid;
	}
	return (long)n;
}

/* Works in pieces, because the space's lock cannot be held while they are copied out. */
static long query_space_vmas(const struct query *q, struct uspace *uspace, const struct exe *exe)
{
	uint64_t room = q->size / sizeof(struct faultline_vma), done = 0;
	struct faultline_vma vmas[VMAS_AT_ONCE];
	vaddr_t from = q->from;
	int n;

	if (room == 0)
		return -EINVAL;
	do {
		n = inspect_vmas(uspace, exe, from, vmas,
				 (unsigned)MIN(room - done, (uint64_t)VMAS_AT_ONCE));
		if (n < 0)
			return n;
		if (user_copy_out(q->buf + done * sizeof(vmas[0]), vmas,
				  (unsigned)n * sizeof(vmas[0])))
			return -EFAULT;
		done += (unsigned)n;
		from = n ? vmas[n - 1].end : from;
	} while (n && done < room);
	return (long)done;
}

static long query_vmas(const struct query *q)
{
	struct uspace *uspace;
	struct exe *exe;
	long result = inspect_space((int)q->which, &uspace, &exe);

	if (result)
		return result;
	result = query_space_vmas(q, uspace, exe);
	if (exe)
		exe_put(exe);
	uspace_put(uspace);
	return result;
}

static long query_machine(const struct query *q)
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

	return copy_result(q, &machine, sizeof(machine));
}

static long query_reclaim(const struct query *q)
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

	return copy_result(q, &reclaim, sizeof(reclaim));
}

static long query_frames(const struct query *q)
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
	return copy_result(q, &frames, sizeof(frames));
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
static long query_frame(const struct query *q)
{
	const struct page *page = pfn_to_page(paddr_to_pfn(q->which));
	struct faultline_frame frame = { .address = pfn_to_paddr(paddr_to_pfn(q->which)) };

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!page)
		return 0;
	frame.kind = page_kind(page);
	frame.references = page->refs;
	frame.mapped = page->maps;
	if (page_kind(page) == PAGE_ANON || page_kind(page) == PAGE_OBJECT)
		frame.pins = page_pins(page);
	if (page_kind(page) == PAGE_OBJECT)
		frame.index = page->index;
	return copy_result(q, &frame, sizeof(frame));
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
static int copy_faults(struct query *q, uint64_t *dropped, uint64_t *count)
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

static long query_trace(struct query *q)
{
	uint64_t head[3]; /* next, dropped, count */
	int err;

	if (!capable(CAP_SYS_ADMIN)) /* the faults are of all processes */
		return -EPERM;
	if (q->which >= hart_count || q->size < sizeof(struct faultline_trace))
		return -EINVAL;
	err = copy_faults(q, &head[1], &head[2]);
	head[0] = q->from;
	return err ? err : copy_result(q, head, sizeof(head));
}

static long query_walk(const struct query *q)
{
	char text[ARCH_DESCRIBE_MAX];
	struct uspace *uspace;
	struct exe *exe;
	int err = inspect_space((int)q->which, &uspace, &exe);
	size_t length;

	if (err)
		return err;
	space_lock(&uspace->space);
	arch_mmu_describe(&uspace->space.mmu, q->from, VM_PROT_READ, text, sizeof(text));
	space_unlock(&uspace->space);
	if (exe)
		exe_put(exe);
	uspace_put(uspace);
	length = strlen(text);
	err = (int)copy_result(q, text, length + 1);
	return err < 0 ? err : (long)length;
}

#ifdef FAULTLINE_HARDENED

static long fail_nth(const struct query *q)
{
	if (q->which >= ALLOC_FAIL_POLICIES)
		return -EINVAL;
	return alloc_fail_set(q->from, current_thread(), (enum alloc_fail_policy)q->which);
}

static long query_ledger(const struct query *q)
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
	return copy_result(q, &result, sizeof(result));
}

static long query_sites(const struct query *q)
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

static long preempt_later(const struct query *q)
{
	if (q->from > clock_ns_to_ticks(NSEC_PER_SEC))
		return -EINVAL;
	preempt_once_after(q->from);
	return 0;
}

/* Only tests use these. */
static long query_for_tests(const struct query *q, unsigned what)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
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

static long query_for_tests(const struct query *q, unsigned what)
{
	return -EINVAL;
}

#endif

static long mark_journal(const struct query *q)
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

long sys_faultline(struct trap_frame *frame)
{
	struct query q = { .which = arg_u64(frame, 1),
			   .buf = arg_user(frame, 2),
			   .size = arg_u64(frame, 3),
			   .from = arg_u64(frame, 4) };

	switch (arg_uint(frame, 0)) {
	case FAULTLINE_PROCESS:
		return query_process(&q);
	case FAULTLINE_PROCESSES:
		return query_processes(&q);
	case FAULTLINE_VMAS:
		return query_vmas(&q);
	case FAULTLINE_MACHINE:
		return query_machine(&q);
	case FAULTLINE_FRAMES:
		return query_frames(&q);
	case FAULTLINE_FRAME:
		return query_frame(&q);
	case FAULTLINE_RECLAIM:
		return query_reclaim(&q);
	case FAULTLINE_TRACE:
		return query_trace(&q);
	case FAULTLINE_WALK:
		return query_walk(&q);
	case FAULTLINE_MARK:
		return mark_journal(&q);
	default:
		return query_for_tests(&q, arg_uint(frame, 0));
	}
}

/* Must be quick, because C libraries ask for the size of memory before they sort, for example. */
long sys_sysinfo(struct trap_frame *frame)
{
	struct swap_census swap = swap_census();
	uint64_t average[3];
	struct abi_sysinfo info = {
		.uptime = (int64_t)((clock_ns() + NSEC_PER_SEC - 1) / NSEC_PER_SEC),
		.totalram = page_alloc_total_count() << PAGE_SHIFT,
		.freeram = page_alloc_free_count() << PAGE_SHIFT,
		.totalswap = swap.usable << PAGE_SHIFT,
		.freeswap = swap.free << PAGE_SHIFT,
		.procs = (uint16_t)process_total(),
		.mem_unit = 1,
	};

	sched_load(average);
	for (unsigned i = 0; i < ARRAY_SIZE(average); i++)
		info.loads[i] = average[i] << (ABI_LOAD_SHIFT - LOAD_SHIFT);
	return user_copy_out(arg_user(frame, 0), &info, sizeof(info));
}

/* "<6>" and a line. */
#define LINE_MAX (40 + LOG_TEXT_MAX)

/*
 * An upper bound for the whole log as text: a line is three bytes longer than its record, and a
 * record takes at least 24.
 */
#define ALL_BYTES (LOG_RING_BYTES + LOG_RING_BYTES / 8)

/* Code that logs may hold any lock, so it wakes no reader: a reader that waits looks as often as this. */
#define LOOK_NS (NSEC_PER_SEC / 10)

/* What SYSLOG_ACTION_CONSOLE_LEVEL may set. */
#define LEVEL_MIN 1
#define LEVEL_MAX 8

/* READ_ALL shows no record before this position of the log. Atomic. */
static uint64_t cleared;

/*
 * What READ gives next: the position of a record, shifted, and how many bytes of its line were read already. Atomic: two
 * readers do not get the same.
 */
static uint64_t unread;
#define TAKEN_BITS 16
#define TAKEN_MASK ((1ul << TAKEN_BITS) - 1)

/*
 * Formats the record at *cursor as a line and advances *cursor. Returns the length, or 0 at the end
 * or if the record is newer than `end`.
 */
static size_t next_line(uint64_t *cursor, uint64_t end, char *line)
{
	enum log_level level;
	size_t n;

	if (*cursor >= end)
		return 0;
	n = log_read(cursor, line + 3, LINE_MAX - 3, &level);
	if (n == 0)
		return 0;
	line[0] = '<';
	line[1] = (char)('0' + log_severity(level));
	line[2] = '>';
	return n + 3;
}

static size_t bytes_between(uint64_t cursor, uint64_t end)
{
	char line[LINE_MAX];
	size_t sum = 0, n;

	while ((n = next_line(&cursor, end, line)) > 0)
		sum += n;
	return sum;
}

/* Copies out the newest lines that fit. The log is not locked, so lines may come and go. */
static long read_all(vaddr_t buf, size_t room, bool clears)
{
	uint64_t end = log_newest(), cursor = MAX(atomic_load_relaxed(&cleared), log_oldest());
	size_t left = bytes_between(cursor, end), done = 0, n;
	char line[LINE_MAX];

	while ((n = next_line(&cursor, end, line)) > 0) {
		if (left <= room && n <= room - done) {
			if (user_copy_out(buf + done, line, n))
				return -EFAULT;
			done += n;
		} else {
			left -= n < left ? n : left;
		}
	}
	if (clears)
		atomic_store_relaxed(&cleared, end);
	return (long)done;
}

/* A position of `unread`. If its line is not there any more, the oldest one comes next, of which nothing was taken. */
static uint64_t cursor_of(uint64_t position, size_t *taken_ret)
{
	uint64_t cursor = position >> TAKEN_BITS, oldest = log_oldest();

	*taken_ret = cursor < oldest ? 0 : position & TAKEN_MASK;
	return MAX(cursor, oldest);
}

/*
 * Copies out what fits of the lines from *position on, and advances it. As on Linux, the last line may be cut; its rest
 * comes next. Returns the number of bytes, or -EFAULT.
 */
static long copy_lines(uint64_t *position, vaddr_t buf, size_t room)
{
	uint64_t end = log_newest(), cursor, next;
	size_t taken, done = 0, len, n;
	char line[LINE_MAX];

	cursor = next = cursor_of(*position, &taken);
	while (done < room && (len = next_line(&next, end, line)) > 0) {
		n = MIN(len - MIN(taken, len), room - done);
		if (user_copy_out(buf + done, line + MIN(taken, len), n))
			return done ? (long)done : -EFAULT;
		done += n;
		taken += n;
		if (taken >= len) {
			cursor = next;
			taken = 0;
		}
		*position = cursor << TAKEN_BITS | taken;
	}
	return (long)done;
}

static long read_unread(vaddr_t buf, size_t room)
{
	static struct waitq never_woken = WAITQ_INIT(never_woken);

	for (;;) {
		uint64_t from = atomic_load(&unread), to = from;
		long n = copy_lines(&to, buf, room);
		int err;

		if (n < 0 || (n > 0 && atomic_cas(&unread, from, to)))
			return n;
		if (n > 0)
			continue; /* another reader has them */
		err = thread_wait_interruptible_until(&never_woken, waitq_sample(&never_woken),
						      clock_deadline_in(LOOK_NS));
		if (err != -ETIMEDOUT)
			return err;
	}
}

static long unread_bytes(void)
{
	size_t taken, bytes;
	uint64_t cursor = cursor_of(atomic_load(&unread), &taken);

	bytes = bytes_between(cursor, log_newest());
	return (long)(bytes - MIN(taken, bytes));
}

long sys_syslog(struct trap_frame *frame)
{
	int action = arg_int(frame, 0), len = arg_int(frame, 2);
	vaddr_t buf = arg_user(frame, 1);
	bool looks = action == SYSLOG_ACTION_READ_ALL || action == SYSLOG_ACTION_SIZE_BUFFER;

	if ((!looks || atomic_load_relaxed(&log_restricted[0])) && !capable(CAP_SYSLOG))
		return -EPERM;
	switch (action) {
	case SYSLOG_ACTION_CLOSE:
	case SYSLOG_ACTION_OPEN:
		return 0;
	case SYSLOG_ACTION_READ:
	case SYSLOG_ACTION_READ_ALL:
	case SYSLOG_ACTION_READ_CLEAR:
		if (!buf || len < 0)
			return -EINVAL;
		if (len == 0)
			return 0;
		if (!user_range_ok(buf, (size_t)len))
			return -EFAULT;
		return action == SYSLOG_ACTION_READ
			       ? read_unread(buf, (size_t)len)
			       : read_all(buf, (size_t)len, action == SYSLOG_ACTION_READ_CLEAR);
	case SYSLOG_ACTION_CLEAR:
		atomic_store_relaxed(&cleared, log_newest());
		return 0;
	/* What of the log is shown is up to who runs the machine: no program hides it. */
	case SYSLOG_ACTION_CONSOLE_OFF:
	case SYSLOG_ACTION_CONSOLE_ON:
		return 0;
	case SYSLOG_ACTION_CONSOLE_LEVEL:
		return len < LEVEL_MIN || len > LEVEL_MAX ? -EINVAL : 0;
	case SYSLOG_ACTION_SIZE_UNREAD:
		return unread_bytes();
	case SYSLOG_ACTION_SIZE_BUFFER:
		return ALL_BYTES;
	default:
		return -EINVAL;
	}
}
