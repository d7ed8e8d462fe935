/* SPDX-License-Identifier: MIT */
/* Calls of POSIX message queues. */
#include "errnos.h"

#include <mqueue.h>

enum {
	FD_QUEUE = 40,	 /* four messages of 16 bytes at most, O_NONBLOCK; it is empty */
	FD_TAKES = 41,	 /* the same, O_RDONLY */
	FD_SENDS = 42,	 /* the same, O_WRONLY */
	FD_IS_FULL = 43, /* another one, O_NONBLOCK */
	FD_IS_EMPTY = 44 /* one more */
};

#define NAME  "mq.errnos"
#define FULL  "mq.errnos.full"
#define EMPTY "mq.errnos.empty"
#define NEW   "mq.errnos.new"

#define BAD_NAMES                                                                            \
	{ "null", 0 }, { "unmapped", HOLE }, { "noaccess", NOACCESS }, { "kernel", KERNEL }, \
		{ "endless", ENDLESS + PAGE - 8 }, { "empty", (word) "" },                   \
		{ "long", (word)long_path }, { "long name", (word)long_name },               \
		{ "slash", (word) "/" NAME }, { "in a folder", (word) "mq/errnos" },         \
	{                                                                                    \
		"dot", (word) "."                                                            \
	}
static const struct bad names[] = { BAD_NAMES, { "missing", (word) "mq.missing" }, NO_MORE };
static const struct bad new_names[] = { BAD_NAMES, NO_MORE };
static const struct bad open_flags[] = { { "access mode", O_ACCMODE }, NO_MORE };
static const struct bad there_flags[] = { { "exclusive", O_RDWR | O_CREAT | O_EXCL }, NO_MORE };
static const struct bad new_flags[] = { { "not to be made", O_RDWR }, NO_MORE };

static const struct mq_attr right_attr = { .mq_maxmsg = 2, .mq_msgsize = 16 };
static const struct mq_attr no_messages = { .mq_msgsize = 16 };
static const struct mq_attr too_many = { .mq_maxmsg = 65537, .mq_msgsize = 1 };
static const struct mq_attr no_bytes = { .mq_maxmsg = 2, .mq_msgsize = -1 };
static const struct mq_attr too_long = { .mq_maxmsg = 2, .mq_msgsize = 16777217 };
static const struct mq_attr too_much = { .mq_maxmsg = 65536, .mq_msgsize = 16777216 };
static const struct bad new_attrs[] = { { "unmapped", HOLE },
					{ "half", HALF },
					{ "noaccess", NOACCESS },
					{ "kernel", KERNEL },
					{ "no messages", (word)&no_messages },
					{ "too many", (word)&too_many },
					{ "no bytes", (word)&no_bytes },
					{ "too long", (word)&too_long },
					{ "too much", (word)&too_much },
					NO_MORE };

#define NO_QUEUE                                                                  \
	{ "closed", FD_CLOSED }, { "negative", MINUS(1) }, { "above", FD_ABOVE }, \
		{ "path", FD_PATH }, { "file", FD_RW }, { "pipe", FD_IN },        \
	{                                                                         \
		"dir", FD_DIR                                                     \
	}
static const struct bad queues[] = { NO_QUEUE, NO_MORE };
static const struct bad senders[] = {
	NO_QUEUE, { "rdonly", FD_TAKES }, { "full", FD_IS_FULL }, NO_MORE
};
static const struct bad receivers[] = {
	NO_QUEUE, { "wronly", FD_SENDS }, { "empty", FD_IS_EMPTY }, NO_MORE
};
static const struct bad texts[] = { { "null", 0 },	  { "unmapped", HOLE },
				    { "half", HALF },	  { "noaccess", NOACCESS },
				    { "kernel", KERNEL }, NO_MORE };
static const struct bad texts_out[] = { { "null", 0 },
					{ "unmapped", HOLE },
					{ "half", HALF },
					{ "readonly", READONLY },
					{ "noaccess", NOACCESS },
					{ "kernel", KERNEL },
					NO_MORE };
static const struct bad sizes[] = { { "longer", 17 }, { "huge", MINUS(1) }, NO_MORE };
static const struct bad small_sizes[] = { { "shorter", 15 }, { "none", 0 }, NO_MORE };
static const struct bad priorities[] = { { "high", 32768 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad priorities_out[] = { { "unmapped", HOLE },
					     { "readonly", READONLY },
					     { "noaccess", NOACCESS },
					     { "kernel", KERNEL },
					     NO_MORE };

static const struct sigevent right_event = { .sigev_notify = SIGEV_NONE };
static const struct sigevent no_kind = { .sigev_notify = 3 };
static const struct sigevent no_signal = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65 };
static struct sigevent no_cookie = { .sigev_notify = SIGEV_THREAD, .sigev_signo = FD_RW };
static struct sigevent no_socket = { .sigev_notify = SIGEV_THREAD, .sigev_signo = FD_RW };
static struct sigevent not_open = { .sigev_notify = SIGEV_THREAD, .sigev_signo = FD_CLOSED };
static const struct bad events[] = { { "unmapped", HOLE },
				     { "half", HALF },
				     { "noaccess", NOACCESS },
				     { "kernel", KERNEL },
				     { "no kind", (word)&no_kind },
				     { "no signal", (word)&no_signal },
				     { "no cookie", (word)&no_cookie },
				     { "no socket", (word)&no_socket },
				     { "not open", (word)&not_open },
				     NO_MORE };

static const struct mq_attr nonblock = { .mq_flags = O_NONBLOCK };
static const struct mq_attr no_flag = { .mq_flags = O_APPEND };
static const struct bad attrs[] = { { "unmapped", HOLE },	   { "half", HALF },
				    { "noaccess", NOACCESS },	   { "kernel", KERNEL },
				    { "no flag", (word)&no_flag }, NO_MORE };

static void unlinks_new(const word *arg, long result)
{
	(void)arg, (void)result;
	syscall(SYS_mq_unlink, NEW);
}

static void makes_new(word *arg)
{
	(void)arg;
	close((int)syscall(SYS_mq_open, NEW, O_RDWR | O_CREAT, 0600, &right_attr));
}

static void take_all(void)
{
	static char text[16];

	while (syscall(SYS_mq_timedreceive, FD_QUEUE, text, sizeof(text), NULL, NULL) >= 0)
		;
}

static void takes_all(const word *arg, long result)
{
	(void)arg, (void)result;
	take_all();
}

static void fills(word *arg)
{
	(void)arg;
	take_all();
	syscall(SYS_mq_timedsend, FD_QUEUE, "0123456789", 10, 1, NULL);
}

static void forgets(const word *arg, long result)
{
	(void)arg, (void)result;
	syscall(SYS_mq_notify, FD_QUEUE, NULL);
}

static const struct timespec long_ago = { 1, 0 };

static const struct row rows[] = {
	CALL(mq_open, RIGHT((word)NAME, O_RDWR, 0, (word)&right_attr),
	     BAD(names, open_flags, NULL, texts), .how = OPENS | HIDES),
	CALL_AS("mq_open(there)", mq_open,
		RIGHT((word)NAME, O_RDWR | O_CREAT, 0600, (word)&right_attr),
		BAD(new_names, there_flags), .how = OPENS | HIDES),
	CALL_AS("mq_open(new)", mq_open,
		RIGHT((word)NEW, O_RDWR | O_CREAT | O_EXCL, 0600, (word)&right_attr),
		BAD(new_names, new_flags, NULL, new_attrs), .after = unlinks_new,
		.how = OPENS | HIDES),
	CALL(mq_unlink, RIGHT((word)NEW), BAD(names), .before = makes_new),
	CALL(mq_timedsend, RIGHT(FD_QUEUE, DATA, 16, 5, (word)&long_ago),
	     BAD(senders, texts, sizes, priorities, timespec_or_null), .after = takes_all),
	CALL(mq_timedreceive, RIGHT(FD_QUEUE, DATA, 16, DATA + 100, (word)&long_ago),
	     BAD(receivers, texts_out, small_sizes, priorities_out, timespec_or_null),
	     .before = fills),
	CALL(mq_notify, RIGHT(FD_QUEUE, (word)&right_event), BAD(queues, events), .after = forgets),
	CALL(mq_getsetattr, RIGHT(FD_QUEUE, (word)&nonblock, DATA),
	     BAD(queues, attrs, out_or_null)),
};

static void open_all(void)
{
	static const struct mq_attr four = { .mq_maxmsg = 4, .mq_msgsize = 16 };
	static const struct mq_attr one = { .mq_maxmsg = 1, .mq_msgsize = 16 };
	static char cookie[32];

	no_cookie.sigev_value.sival_ptr = (void *)HOLE;
	no_socket.sigev_value.sival_ptr = cookie;
	not_open.sigev_value.sival_ptr = cookie;
	dup2((int)syscall(SYS_mq_open, NAME, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &four), FD_QUEUE);
	dup2((int)syscall(SYS_mq_open, NAME, O_RDONLY | O_NONBLOCK, 0, NULL), FD_TAKES);
	dup2((int)syscall(SYS_mq_open, NAME, O_WRONLY | O_NONBLOCK, 0, NULL), FD_SENDS);
	dup2((int)syscall(SYS_mq_open, FULL, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &one),
	     FD_IS_FULL);
	syscall(SYS_mq_timedsend, FD_IS_FULL, "x", 1, 0, NULL);
	dup2((int)syscall(SYS_mq_open, EMPTY, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &one),
	     FD_IS_EMPTY);
}

static void close_all(void)
{
	for (int fd = FD_QUEUE; fd <= FD_IS_EMPTY; fd++)
		close(fd);
	syscall(SYS_mq_unlink, NAME);
	syscall(SYS_mq_unlink, FULL);
	syscall(SYS_mq_unlink, EMPTY);
	syscall(SYS_mq_unlink, NEW);
}

const struct group mqueue_group = {
	.name = "mqueue",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.set_up = open_all,
	.tear_down = close_all,
};
