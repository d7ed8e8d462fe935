/* SPDX-License-Identifier: MIT */
/* What would only be kept, as nothing here uses it: these calls answer as on a Linux that is built without it. */
#include "errnos.h"

#include <fcntl.h>
#include <mqueue.h>
#include <sys/prctl.h>
#include <sys/time.h>

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#define PR_GET_IO_FLUSHER 58
#endif

#define FD_QUEUE 40

#define ABSENT(title, nr, error, ...) CALL_AS(title, nr, RIGHT(__VA_ARGS__), .answer = error)
#define OPTION(option, ...)	      ABSENT("prctl(" #option ")", prctl, "EINVAL", option, __VA_ARGS__)
#define NAME(path)                                                                               \
	CALL_AS(path, openat, RIGHT((word)AT_FDCWD, (word)(path), O_RDONLY), .answer = "ENOENT", \
		.how = OPENS)

static const struct timezone zone = { 60, 0 };

static void make_queue(void)
{
	mqd_t queue = mq_open("/errnos", O_RDWR | O_CREAT, 0600, NULL);

	if (queue < 0 || dup2(queue, FD_QUEUE) < 0 || close(queue) != 0 || mq_unlink("/errnos")) {
		say("cannot make a message queue: %s\n", strerrorname_np(errno));
		exit(97);
	}
}

static const struct row rows[] = {
	ABSENT("ioprio_set", ioprio_set, "ENOSYS", 1, 0, 2 << 13),
	ABSENT("ioprio_get", ioprio_get, "ENOSYS", 1, 0),
	OPTION(PR_SET_TIMERSLACK, 1000),
	OPTION(PR_GET_TIMERSLACK, 0),
	OPTION(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY),
	OPTION(PR_MCE_KILL_GET, 0),
	OPTION(PR_SET_IO_FLUSHER, 1),
	OPTION(PR_GET_IO_FLUSHER, 0),
	ABSENT("settimeofday of a zone", settimeofday, "EINVAL", 0, (word)&zone),
	ABSENT("ftruncate of a message queue", ftruncate, "EINVAL", FD_QUEUE, 3),
	NAME("/proc/self/timerslack_ns"),
	NAME("/proc/sys/vm/swappiness"),
};

const struct group absent_group = { .name = "absent",
				    .rows = rows,
				    .count = sizeof(rows) / sizeof(rows[0]),
				    .judges = true,
				    .set_up = make_queue };
