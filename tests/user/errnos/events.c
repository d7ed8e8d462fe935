/* SPDX-License-Identifier: MIT */
/* Calls of descriptors that are there to be waited for. */
#include "errnos.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <sys/signalfd.h>

enum {
	FD_SET = 40,   /* of epoll: it watches FD_EVENT, which is readable */
	FD_EVENT = 41, /* a counter that is 1 */
	FD_OTHER = 42, /* another one */
	FD_TIMER = 43,
	FD_SIGNAL = 44, /* for SIGUSR1 */
	FD_PIDFD = 45,	/* of this process */
	FD_INOTIFY = 46,
};

#define READY DATA /* an event, as epoll_ctl takes it */

static const struct timespec at_once = { 0, 0 };
static const uint64_t no_signals, usr1 = 1ul << (SIGUSR1 - 1);

static const struct bad eventfd_flags[] = { { "unknown", 2 }, { "all", 0xffffffff }, NO_MORE };
static const struct bad userfault_flags[] = { { "unknown", 2 }, { "all", 0xffffffff }, NO_MORE };
static const struct bad epoll_flags[] = { { "unknown", 1 }, { "all", 0xffffffff }, NO_MORE };
static const struct bad fd_set_of[] = { { "closed", FD_CLOSED }, { "negative", MINUS(1) },
					{ "above", FD_ABOVE },	 { "path", FD_PATH },
					{ "file", FD_RW },	 { "pipe", FD_IN },
					{ "counter", FD_OTHER }, NO_MORE };
static const struct bad fd_watched[] = {
	{ "closed", FD_CLOSED }, { "negative", MINUS(1) }, { "above", FD_ABOVE },
	{ "path", FD_PATH },	 { "file", FD_RW },	   { "dir", FD_DIR },
	{ "memfd", FD_MEMFD },	 { "the set", FD_SET },	   NO_MORE
};
static const struct bad operations[] = {
	{ "none", 0 }, { "unknown", 4 }, { "all", 0xffffffff }, NO_MORE
};
static const struct bad numbers[] = {
	{ "none", 0 }, { "negative", MINUS(1) }, { "many", 0x7fffffff / 16 + 1 }, NO_MORE
};
static const struct bad places[] = { { "null", 0 },
				     { "unmapped", HOLE },
				     { "half", HALF },
				     { "read-only", READONLY },
				     { "no access", NOACCESS },
				     { "kernel", KERNEL },
				     NO_MORE };

static const struct bad fd_timer_of[] = { { "closed", FD_CLOSED },
					  { "negative", MINUS(1) },
					  { "above", FD_ABOVE },
					  { "path", FD_PATH },
					  { "file", FD_RW },
					  { "counter", FD_OTHER },
					  NO_MORE };
static const struct bad fd_signal_of[] = { { "closed", FD_CLOSED },
					   { "negative", MINUS(2) },
					   { "above", FD_ABOVE },
					   { "path", FD_PATH },
					   { "file", FD_RW },
					   { "counter", FD_OTHER },
					   NO_MORE };
static const struct bad clocks[] = { { "cpu", CLOCK_PROCESS_CPUTIME_ID },
				     { "raw", CLOCK_MONOTONIC_RAW },
				     { "coarse", CLOCK_REALTIME_COARSE },
				     { "tai", CLOCK_TAI },
				     { "none", 10 },
				     { "negative", MINUS(1) },
				     NO_MORE };
static const struct bad timer_flags[] = { { "unknown", 4 }, { "all", 0xffffffff }, NO_MORE };
static const struct bad new_flags[] = { { "unknown", 1 }, { "all", 0xffffffff }, NO_MORE };

static const struct bad fd_none[] = {
	{ "closed", FD_CLOSED }, { "negative", MINUS(1) }, { "above", FD_ABOVE }, NO_MORE
};
static const struct bad fd_pidfd_of[] = { { "closed", FD_CLOSED }, { "negative", MINUS(1) },
					  { "above", FD_ABOVE },   { "path", FD_PATH },
					  { "file", FD_RW },	   { "dir", FD_DIR },
					  { "counter", FD_OTHER }, NO_MORE };
static const struct bad fd_inotify_of[] = { { "closed", FD_CLOSED }, { "negative", MINUS(1) },
					    { "above", FD_ABOVE },   { "path", FD_PATH },
					    { "file", FD_RW },	     { "dir", FD_DIR },
					    { "counter", FD_OTHER }, NO_MORE };
static const struct bad watch_masks[] = { { "none", 0 },
					  { "unknown", 0x1000 },
					  { "two", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE },
					  { "only a directory", IN_OPEN | IN_ONLYDIR },
					  { "all", 0xffffffff },
					  NO_MORE };
static const struct bad watch_numbers[] = {
	{ "0", 0 }, { "negative", MINUS(1) }, { "none", 0x7fffffff }, NO_MORE
};
static const struct bad pidfd_ids[] = {
	{ "nobody", NO_PID }, { "0", 0 }, { "negative", MINUS(1) }, NO_MORE
};
static const struct bad scopes[] = {
	{ "two", 3 }, { "unknown", 8 }, { "all", 0xffffffff }, NO_MORE
};
static siginfo_t queued = { .si_code = SI_QUEUE };

static const struct iovec advised[2] = { { (void *)DATA, PAGE }, { (void *)(DATA + PAGE), PAGE } },
			  unaligned[2] = { { (void *)(DATA + 1), PAGE }, { (void *)DATA, PAGE } },
			  hole[2] = { { (void *)HOLE, PAGE }, { (void *)DATA, PAGE } },
			  space[2] = { { (void *)DATA, PAGE }, { (void *)DATA, -1ul } };
static const struct bad advised_lists[] = { { "null", 0 },
					    { "unmapped", HOLE },
					    { "half", HOLE - 16 },
					    { "noaccess", NOACCESS },
					    { "kernel", KERNEL },
					    { "unaligned piece", (word)unaligned },
					    { "hole", (word)hole },
					    { "space", (word)space },
					    NO_MORE };
static const struct bad advised_counts[] = { { "1025", 1025 }, { "all", MINUS(1) }, NO_MORE };
static const struct bad advices[] = {
	{ "unknown", 4711 }, { "its own", MADV_DONTNEED }, { "negative", MINUS(1) }, NO_MORE
};

static void names_itself(word *arg)
{
	arg[0] = (word)getpid();
}

static const struct itimerspec in_days = { .it_value = { 1000000, 0 } };
static const struct itimerspec negative_value = { .it_value = { -1, 0 } },
			       long_second = { .it_value = { 1, 1000000000 } },
			       negative_interval = { { -1, 0 }, { 1, 0 } };
static const struct bad specs[] = { { "null", 0 },
				    { "unmapped", HOLE },
				    { "half", HALF },
				    { "noaccess", NOACCESS },
				    { "kernel", KERNEL },
				    { "negative", (word)&negative_value },
				    { "second", (word)&long_second },
				    { "interval", (word)&negative_interval },
				    NO_MORE };

static void asks(word *arg)
{
	struct epoll_event *event = (void *)READY;

	(void)arg;
	event->events = EPOLLIN;
	event->data.u64 = 7;
}

static void unwatches(const word *arg, long result)
{
	(void)arg, (void)result;
	epoll_ctl(FD_SET, EPOLL_CTL_DEL, FD_OTHER, NULL);
}

static void watches(word *arg)
{
	asks(arg);
	epoll_ctl(FD_SET, EPOLL_CTL_ADD, FD_OTHER, (void *)READY);
}

/* What was queued takes memory. */
static void end_watch(const word *arg, long result)
{
	char events[256];

	(void)arg;
	if (result >= 0)
		inotify_rm_watch(FD_INOTIFY, (int)result);
	while (read(FD_INOTIFY, events, sizeof(events)) > 0)
		;
}

static void makes_watch(word *arg)
{
	int wd = inotify_add_watch(FD_INOTIFY, "file", IN_OPEN);

	if (arg[1] == 1)
		arg[1] = (word)wd;
	else
		end_watch(arg, wd);
}

static void drops_events(const word *arg, long result)
{
	(void)result;
	end_watch(arg, -1);
}

static void set_up(void)
{
	word unused[1];

	dup2(epoll_create1(0), FD_SET);
	dup2(eventfd(1, EFD_NONBLOCK), FD_EVENT);
	dup2(eventfd(1, EFD_NONBLOCK), FD_OTHER);
	dup2(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), FD_TIMER);
	dup2((int)syscall(SYS_signalfd4, -1, &usr1, 8, SFD_NONBLOCK), FD_SIGNAL);
	dup2((int)syscall(SYS_pidfd_open, getpid(), 0), FD_PIDFD);
	dup2(inotify_init1(IN_NONBLOCK), FD_INOTIFY);
	for (int fd = 3; fd < 20; fd++)
		close(fd);
	asks(unused);
	epoll_ctl(FD_SET, EPOLL_CTL_ADD, FD_EVENT, (void *)READY);
}

/* A number that is too large is refused before the range is looked at. */
static const struct row rows[] = {
	CALL(eventfd2, RIGHT(5, EFD_NONBLOCK), BAD(NULL, eventfd_flags), .how = OPENS),
	CALL(userfaultfd, RIGHT(O_NONBLOCK | 1), BAD(userfault_flags), .how = OPENS),
	CALL(timerfd_create, RIGHT(CLOCK_MONOTONIC, TFD_NONBLOCK), BAD(clocks, new_flags),
	     .how = OPENS),
	CALL(timerfd_settime, RIGHT(FD_TIMER, 0, (word)&in_days, DATA),
	     BAD(fd_timer_of, timer_flags, specs, out_or_null)),
	CALL(timerfd_gettime, RIGHT(FD_TIMER, DATA), BAD(fd_timer_of, out)),
	CALL(signalfd4, RIGHT(MINUS(1), (word)&usr1, 8, SFD_NONBLOCK),
	     BAD(NULL, in, set_size, new_flags), .how = OPENS),
	CALL_AS("signalfd4(an open one)", signalfd4, RIGHT(FD_SIGNAL, (word)&usr1, 8, 0),
		BAD(fd_signal_of, in, set_size, new_flags)),
	CALL(inotify_init1, RIGHT(IN_NONBLOCK), BAD(new_flags), .how = OPENS),
	CALL(inotify_add_watch, RIGHT(FD_INOTIFY, (word) "file", IN_OPEN),
	     BAD(fd_inotify_of, path, watch_masks), .after = end_watch),
	CALL(inotify_rm_watch, RIGHT(FD_INOTIFY, 1), BAD(fd_inotify_of, watch_numbers),
	     .before = makes_watch, .after = drops_events),
	CALL(pidfd_open, RIGHT(0, O_NONBLOCK), BAD(pidfd_ids, new_flags), .before = names_itself,
	     .how = OPENS),
	CALL(pidfd_send_signal, RIGHT(FD_PIDFD, 0, (word)&queued, 0),
	     BAD(fd_pidfd_of, signal_any, in_or_null, scopes)),
	CALL(pidfd_getfd, RIGHT(FD_PIDFD, FD_RW, 0), BAD(fd_pidfd_of, fd_none, scopes),
	     .how = OPENS),
	CALL(process_mrelease, RIGHT(FD_PIDFD, 0), BAD(fd_pidfd_of, scopes)),
	CALL(process_madvise, RIGHT(FD_PIDFD, (word)advised, 2, MADV_COLD, 0),
	     BAD(fd_pidfd_of, advised_lists, advised_counts, advices, scopes)),
	CALL(epoll_create1, RIGHT(EPOLL_CLOEXEC), BAD(epoll_flags), .how = OPENS),
	CALL(epoll_ctl, RIGHT(FD_SET, EPOLL_CTL_ADD, FD_OTHER, READY),
	     BAD(fd_set_of, operations, fd_watched, in), .before = asks, .after = unwatches),
	CALL_AS("epoll_ctl(MOD)", epoll_ctl, RIGHT(FD_SET, EPOLL_CTL_MOD, FD_OTHER, READY),
		BAD(fd_set_of, operations, fd_watched, in), .before = watches, .after = unwatches),
	CALL_AS("epoll_ctl(DEL)", epoll_ctl, RIGHT(FD_SET, EPOLL_CTL_DEL, FD_OTHER, 0),
		BAD(fd_set_of, NULL, fd_watched), .before = watches, .after = unwatches),
	CALL(epoll_pwait, RIGHT(FD_SET, DATA, 2, 0, (word)&no_signals, 8),
	     BAD(fd_set_of, places, numbers, NULL, in_or_null, set_size)),
	CALL(epoll_pwait2, RIGHT(FD_SET, DATA, 2, (word)&at_once, (word)&no_signals, 8),
	     BAD(fd_set_of, places, numbers, timespec_or_null, in_or_null, set_size)),
};

const struct group events_group = {
	.name = "events", .rows = rows, .count = sizeof(rows) / sizeof(rows[0]), .set_up = set_up
};
