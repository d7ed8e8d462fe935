/* SPDX-License-Identifier: MIT */
/* The system call that reads the kernel's log, as dmesg does. */
#include "abi/syslog.h"
#include "base/log.h"
#include "mm/user_copy.h"
#include "trap/syscall.h"

/* "<6>" and a line. */
#define LINE_MAX (40 + LOG_TEXT_MAX)

/* What all of the log takes at most: a line has three bytes more than its record, which has 24 or more. */
#define ALL_BYTES (LOG_RING_BYTES + LOG_RING_BYTES / 8)

/* As Linux numbers them. */
static const uint8_t severity[] = {
	[LOG_ALWAYS] = 5, [LOG_ERROR] = 3, [LOG_WARN] = 4, [LOG_INFO] = 6, [LOG_DEBUG] = 7,
};

/* The record at *cursor as a line, unless it is one that came after `end`. => its length, or 0 */
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
	line[1] = (char)('0' + severity[level]);
	line[2] = '>';
	return n + 3;
}

static size_t bytes_until(uint64_t end)
{
	uint64_t cursor = log_oldest();
	char line[LINE_MAX];
	size_t sum = 0, n;

	while ((n = next_line(&cursor, end, line)) > 0)
		sum += n;
	return sum;
}

/* The newest whole lines that there is room for. Nothing is held meanwhile: lines may come and go. */
static long read_all(vaddr_t buf, size_t room)
{
	uint64_t end = log_newest(), cursor = log_oldest();
	size_t left = bytes_until(end), done = 0, n;
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
	return (long)done;
}

long sys_syslog(struct trap_frame *frame)
{
	vaddr_t buf = arg_user(frame, 1);
	int len = arg_int(frame, 2);

	switch (arg_int(frame, 0)) {
	case SYSLOG_ACTION_CLOSE:
	case SYSLOG_ACTION_OPEN:
		return 0;
	case SYSLOG_ACTION_READ_ALL:
		if (!buf || len < 0)
			return -EINVAL;
		if (!user_range_ok(buf, (size_t)len))
			return -EFAULT;
		return read_all(buf, (size_t)len);
	case SYSLOG_ACTION_SIZE_BUFFER:
		return ALL_BYTES;
	default:
		return -EINVAL;
	}
}
