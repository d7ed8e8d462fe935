/* SPDX-License-Identifier: MIT */
/* What programs can query about the kernel: Faultline's own call, sysinfo and syslog. */
#include "abi/faultline.h"
#include "abi/syslog.h"
#include "abi/utsname.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/log.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/proc/severity.h"
#include "linux/process/cred.h"
#include "linux/process/inspect.h"
#include "linux/sys/calls.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmap.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/swap_cache.h"
#include "proc/exe.h"
#include "proc/kthread.h"
#include "proc/load.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "record/note.h"
#include "record/trace.h"
#include "trap/faultline_call.h"

#define VMAS_AT_ONCE 8

static long query_process(const struct faultline_query *q)
{
	struct faultline_process process;
	int err = inspect_process((int)q->which, &process);

	return err ? err : faultline_answer(q, &process, sizeof(process));
}

static long query_processes(const struct faultline_query *q)
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
static long query_space_vmas(const struct faultline_query *q, struct uspace *uspace,
			     const struct exe *exe)
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

static long query_vmas(const struct faultline_query *q)
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

static long query_walk(const struct faultline_query *q)
{
	struct uspace *uspace;
	struct exe *exe;
	long result = inspect_space((int)q->which, &uspace, &exe);

	if (result)
		return result;
	result = faultline_walk(q, uspace);
	if (exe)
		exe_put(exe);
	uspace_put(uspace);
	return result;
}

/* Faults and frames may be those of any process. What is for tests is only in the hardened kernel. */
static bool is_for_administrators(unsigned what)
{
#ifdef FAULTLINE_HARDENED
	if (what > FAULTLINE_MARK)
		return true;
#endif
	return what == FAULTLINE_FRAME || what == FAULTLINE_TRACE;
}

long sys_faultline(struct trap_frame *frame)
{
	struct faultline_query q = faultline_query_of(frame);

	if (is_for_administrators(q.what) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (q.what) {
	case FAULTLINE_PROCESS:
		return query_process(&q);
	case FAULTLINE_PROCESSES:
		return query_processes(&q);
	case FAULTLINE_VMAS:
		return query_vmas(&q);
	case FAULTLINE_WALK:
		return query_walk(&q);
	default:
		return faultline_answer_query(&q);
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
