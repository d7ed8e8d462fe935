/* SPDX-License-Identifier: MIT */
/* Calls that only Faultline has: their errnos are those of docs/ABI.md, behind the name of each bad value. */
#include "errnos.h"

#include <stddef.h>
#include <sys/wait.h>

#include "abi/faultline.h"
#include "abi/ipc.h"
#include "lib/ipc.h"

#define ROOM 2 /* descriptors that the server may give */

/*
 * FD_ENDPOINT is a receive end, and FD_SEND a send end of it. A client has called there, and `received`
 * is the number of its call. The send end FD_SERVER leads to a server that answers each call.
 */
static pid_t client, server;
static long received;

/* ---- the other side ---- */

static void be_client(void)
{
	static char sent[2 * PAGE], got[2 * PAGE];

	close(FD_ENDPOINT);
	for (;;) {
		struct ipc_message words = { 0 };
		struct ipc_transfer with = { .send = sent,
					     .send_length = sizeof(sent),
					     .receive = got,
					     .receive_length = sizeof(got),
					     .nfds = 1,
					     .nroom = ROOM,
					     .fd = { FD_RW } };
		long given = ipc_call_with(FD_SEND, &words, &with, IPC_NEVER);

		if (given < 0)
			_exit(0);
		for (long i = 0; i < given; i++)
			close(with.room[i]);
	}
}

static void be_server(int end)
{
	struct ipc_message words = { 0 };
	long call = 0;

	close(FD_ENDPOINT);
	close(FD_SERVER);
	while (call >= 0)
		call = ipc_reply_receive(end, call, &words, IPC_NEVER);
	_exit(0);
}

static void put(int fd, int at)
{
	if (fd < 0 || dup2(fd, at) != at)
		_exit(95);
	close(fd);
}

/* Pulses are received, too, and forgotten. */
static void receives(word *arg)
{
	struct ipc_message words = { 0 };

	(void)arg;
	while (received == 0)
		received = ipc_receive(FD_ENDPOINT, &words, IPC_NEVER);
}

static void set_up(void)
{
	int end = ipc_create(0), broken, kept;

	put(ipc_badge(end, 1, 0), FD_SERVER);
	server = fork();
	if (server == 0)
		be_server(end);
	close(end);
	broken = ipc_create(0);
	put(ipc_badge(broken, 1, 0), FD_UNSERVED);
	close(broken);
	kept = ipc_create(0);
	put(ipc_badge(kept, 1, IPC_KEEPS), FD_KEEPER);
	close(kept);
	put(ipc_create(0), FD_ENDPOINT);
	put(ipc_badge(FD_ENDPOINT, 1, 0), FD_SEND);
	client = fork();
	if (client == 0)
		be_client();
	receives(NULL);
}

static void tear_down(void)
{
	kill(server, SIGKILL);
	kill(client, SIGKILL);
	waitpid(server, NULL, 0);
	waitpid(client, NULL, 0);
}

static void names_call(word *arg)
{
	receives(arg);
	arg[1] = (word)received;
}

/* The next call has come when the client has let go of what the last one had. */
static void answers(const word *arg, long result)
{
	(void)arg, (void)result;
	received = 0;
	receives(NULL);
}

/* The client has no room for more when some were given: it shall call again. */
static void has_given(const word *arg, long result)
{
	const struct ipc_message words = { 0 };

	ipc_reply(FD_ENDPOINT, received, &words);
	answers(arg, result);
}

static void forgets_pulse(const word *arg, long result)
{
	struct ipc_message words = { 0 };

	(void)arg, (void)result;
	ipc_receive(FD_ENDPOINT, &words, IPC_NOW);
}

static void removes_name(const word *arg, long result)
{
	(void)arg, (void)result;
	unlink("served");
}

/* ---- ipc_call with all that goes with it ---- */

enum { SEND, SEND_LENGTH, RECEIVE, RECEIVE_LENGTH, FLAGS, NFDS, NROOM, FIRST_FD, ZERO, TO };

/* Each member of the struct is an argument. */
static long call_with(const word *arg)
{
	struct ipc_message words = { 0 };
	struct ipc_transfer with = { .send = (const void *)arg[SEND],
				     .send_length = arg[SEND_LENGTH],
				     .receive = (void *)arg[RECEIVE],
				     .receive_length = arg[RECEIVE_LENGTH],
				     .flags = (uint32_t)arg[FLAGS],
				     .nfds = (uint32_t)arg[NFDS],
				     .nroom = (uint32_t)arg[NROOM],
				     .zero = (uint32_t)arg[ZERO],
				     .fd = { (int32_t)arg[FIRST_FD] } };

	return ipc_call_with((int)arg[TO], &words, &with, IPC_NEVER);
}

/* Of one the numbers of the descriptors would lie in the hole, of another one in memory that is read-only. */
#define HALF_ROOM (HOLE - offsetof(struct ipc_transfer, room))
static struct ipc_transfer has_room = { .nroom = ROOM };

static void places_rooms(word *arg)
{
	(void)arg;
	has_room = (struct ipc_transfer){ .nroom = ROOM };
	mprotect((void *)READONLY, PAGE, RW);
	*(struct ipc_transfer *)READONLY = has_room;
	mprotect((void *)READONLY, PAGE, PROT_READ);
	memcpy((void *)HALF_ROOM, &has_room, HOLE - HALF_ROOM);
}

/* ---- bad values ---- */

#define NO_END                                                            \
	{ "closed: EBADF", FD_CLOSED }, { "negative: EBADF", MINUS(1) },  \
		{ "above: EBADF", FD_ABOVE }, { "path: EBADF", FD_PATH }, \
		{ "file: EINVAL", FD_RW },                                \
	{                                                                 \
		"pipe: EINVAL", FD_IN                                     \
	}

static const struct bad ends[] = { NO_END, { "send end: EINVAL", FD_SEND }, NO_MORE };
static const struct bad senders[] = {
	NO_END, { "receive end: EINVAL", FD_ENDPOINT }, { "unserved: EPIPE", FD_UNSERVED }, NO_MORE
};
static const struct bad keepers[] = {
	NO_END, { "receive end: EINVAL", FD_ENDPOINT }, { "send end: EINVAL", FD_SEND }, NO_MORE
};
static const struct bad new_names[] = { { "null: EFAULT", 0 },
					{ "unmapped: EFAULT", HOLE },
					{ "noaccess: EFAULT", NOACCESS },
					{ "kernel: EFAULT", KERNEL },
					{ "there: EEXIST", (word) "file" },
					{ "empty: ENOENT", (word) "" },
					{ "long: ENAMETOOLONG", (word)long_name },
					NO_MORE };
static const struct bad suppliers[] = { NO_END, { "receive end: EINVAL", FD_ENDPOINT }, NO_MORE };
static const struct bad sizes[] = { { "0: EINVAL", 0 }, { "huge: EINVAL", MINUS(1) }, NO_MORE };
static const struct bad callees[] = { NO_END,
				      { "receive end: EINVAL", FD_ENDPOINT },
				      { "unserved: EPIPE", FD_UNSERVED },
				      { "itself: EDEADLK", FD_SEND },
				      NO_MORE };
static const struct bad create_flags[] = { { "unknown: EINVAL", 1 },
					   { "all: EINVAL", MINUS(1) },
					   NO_MORE };
static const struct bad badges[] = { { "the kernel's: EINVAL", MINUS(1) }, NO_MORE };
static const struct bad badge_flags[] = { { "unknown: EINVAL", 4 },
					  { "all: EINVAL", MINUS(1) },
					  NO_MORE };
static const struct bad calls[] = {
	{ "0: ESRCH", 0 }, { "unknown: ESRCH", NO_PID }, { "negative: ESRCH", MINUS(1) }, NO_MORE
};
static const struct bad known_calls[] = { { "unknown: ESRCH", NO_PID },
					  { "negative: ESRCH", MINUS(1) },
					  NO_MORE };
static const struct bad to[] = { { "null: EFAULT", 0 },
				 { "unmapped: EFAULT", HOLE },
				 { "page: EFAULT", LAST },
				 { "readonly: EFAULT", READONLY },
				 { "noaccess: EFAULT", NOACCESS },
				 { "kernel: EFAULT", KERNEL },
				 NO_MORE };
static const struct bad from[] = { { "null: EFAULT", 0 },	 { "unmapped: EFAULT", HOLE },
				   { "page: EFAULT", LAST },	 { "noaccess: EFAULT", NOACCESS },
				   { "kernel: EFAULT", KERNEL }, NO_MORE };
static const struct bad copied[] = { { "huge: 8192", MINUS(1) }, NO_MORE };
static const struct bad offsets[] = { { "end: 0", 2 * PAGE }, { "huge: 0", MINUS(1) }, NO_MORE };
static const struct bad indices[] = {
	{ "1: ENOENT", 1 }, { "8: ENOENT", IPC_FDS }, { "huge: ENOENT", MINUS(1) }, NO_MORE
};
static const struct bad given[] = { { "closed: EBADF", FD_CLOSED },
				    { "negative: EBADF", MINUS(1) },
				    { "above: EBADF", FD_ABOVE },
				    { "its end: EDEADLK", FD_ENDPOINT },
				    NO_MORE };
static const struct bad structs[] = { { "unmapped: EFAULT", HOLE },
				      { "noaccess: EFAULT", NOACCESS },
				      { "kernel: EFAULT", KERNEL },
				      { "half: EFAULT", HALF },
				      { "readonly: EFAULT", READONLY },
				      { "half of room: EFAULT", HALF_ROOM },
				      NO_MORE };
static const struct bad crowded_callees[] = { { "closed: EBADF", FD_CLOSED },
					      { "file: EMFILE", FD_RW },
					      { "receive end: EMFILE", FD_ENDPOINT },
					      NO_MORE };
static const struct bad crowded_structs[] = { { "unmapped: EFAULT", HOLE },
					      { "readonly: EMFILE", READONLY },
					      { "half of room: EMFILE", HALF_ROOM },
					      NO_MORE };
static const struct bad sent[] = { { "null: EFAULT", 0 },	 { "unmapped: EFAULT", HOLE },
				   { "page: EFAULT", LAST },	 { "noaccess: EFAULT", NOACCESS },
				   { "kernel: EFAULT", KERNEL }, NO_MORE };
static const struct bad got[] = { { "null: EFAULT", 0 },
				  { "unmapped: EFAULT", HOLE },
				  { "page: EFAULT", LAST },
				  { "readonly: EFAULT", READONLY },
				  { "noaccess: EFAULT", NOACCESS },
				  { "kernel: EFAULT", KERNEL },
				  NO_MORE };
static const struct bad lengths[] = { { "wraps: EFAULT", MINUS(1) },
				      { "65 pages: EMSGSIZE", 65 * PAGE },
				      NO_MORE };
static const struct bad transfer_flags[] = { { "unknown: EINVAL", 1 },
					     { "all: EINVAL", 0xffffffff },
					     NO_MORE };
static const struct bad counts[] = { { "9: EINVAL", IPC_FDS + 1 },
				     { "all: EINVAL", 0xffffffff },
				     NO_MORE };
static const struct bad first_fd[] = { { "closed: EBADF", FD_CLOSED },
				       { "negative: EBADF", MINUS(1) },
				       { "above: EBADF", FD_ABOVE },
				       NO_MORE };
static const struct bad not_zero[] = { { "1: EINVAL", 1 }, NO_MORE };
static const struct bad questions[] = { { "unknown: EINVAL", 999 },
					{ "negative: EINVAL", MINUS(1) },
					NO_MORE };
static const struct bad asked[] = { { "nobody: ESRCH", NO_PID },
				    { "negative: ESRCH", MINUS(1) },
				    NO_MORE };
static const struct bad answer[] = { { "null: EFAULT", 0 },
				     { "unmapped: EFAULT", HOLE },
				     { "half: EFAULT", HALF },
				     { "readonly: EFAULT", READONLY },
				     { "noaccess: EFAULT", NOACCESS },
				     { "kernel: EFAULT", KERNEL },
				     NO_MORE };
static const struct bad answer_size[] = { { "0: EINVAL", 0 }, { "8: EINVAL", 8 }, NO_MORE };

#define AT_ONCE IPC_NOW

static const struct row rows[] = {
	CALL(ipc_create, RIGHT(0), BAD(create_flags), .answer = "ok", .how = OPENS | HIDES),
	CALL(ipc_badge, RIGHT(FD_ENDPOINT, 7, 0), BAD(ends, badges, badge_flags), .answer = "ok",
	     .how = OPENS | HIDES),
	CALL(ipc_call, RIGHT(FD_SERVER, 1, 2, 3, 4, IPC_NEVER, (word)&has_room),
	     BAD(callees, NULL, NULL, NULL, NULL, NULL, structs), .before = places_rooms,
	     .answer = "0"),
	CALL_AS("ipc_call(struct ipc_transfer)", ipc_call,
		RIGHT(DATA, MANY, DATA + 2 * PAGE, MANY, 0, 1, ROOM, FD_RW, 0, FD_SERVER),
		BAD(sent, lengths, got, lengths, transfer_flags, counts, counts, first_fd, not_zero,
		    callees),
		.call = call_with, .answer = "0"),
	/* It has room for two descriptors, and the table for one. */
	CALL_AS("ipc_call(one descriptor left)", ipc_call,
		RIGHT(FD_SERVER, 1, 2, 3, 4, IPC_NEVER, (word)&has_room),
		BAD(crowded_callees, NULL, NULL, NULL, NULL, NULL, crowded_structs),
		.before = places_rooms, .answer = "EMFILE", .how = CROWDED),
	CALL(ipc_receive, RIGHT(FD_ENDPOINT, 0, 0, 0, 0, 0, AT_ONCE), BAD(ends), .before = receives,
	     .answer = "ETIMEDOUT"),
	CALL(ipc_reply, RIGHT(FD_ENDPOINT), BAD(ends, calls), .before = names_call,
	     .after = answers, .answer = "0"),
	CALL(ipc_reply_receive, RIGHT(FD_ENDPOINT, 0, 0, 0, 0, 0, AT_ONCE), BAD(ends, known_calls),
	     .before = receives, .answer = "ETIMEDOUT"),
	CALL(ipc_read, RIGHT(FD_ENDPOINT, 0, DATA, MANY, 0), BAD(ends, calls, to, copied, offsets),
	     .before = names_call, .answer = "5000"),
	CALL(ipc_write, RIGHT(FD_ENDPOINT, 0, DATA, MANY, 0),
	     BAD(ends, calls, from, copied, offsets), .before = names_call, .answer = "5000"),
	CALL(ipc_take, RIGHT(FD_ENDPOINT, 0, 0, 0), BAD(ends, calls, indices, create_flags),
	     .before = names_call, .answer = "ok", .how = OPENS | HIDES),
	CALL(ipc_give, RIGHT(FD_ENDPOINT, 0, FD_RW), BAD(ends, calls, given), .before = names_call,
	     .after = has_given, .answer = "0"),
	CALL(ipc_notify, RIGHT(FD_SEND, 1), BAD(senders), .after = forgets_pulse, .answer = "0"),
	CALL(ipc_object, RIGHT(FD_SEND, MANY, 0), BAD(suppliers, sizes, create_flags),
	     .answer = "ok", .how = OPENS | HIDES),
	CALL(ipc_post, RIGHT(FD_ENDPOINT, 1, 1 << 16), BAD(ends), .answer = "ENOENT"),
	CALL(ipc_reopen, RIGHT(FD_KEEPER, 0), BAD(keepers, create_flags), .answer = "ok",
	     .how = OPENS | HIDES),
	CALL(ipc_files, RIGHT(FD_ENDPOINT, 0, DATA, 2), BAD(ends), .answer = "0"),
	CALL(ipc_name, RIGHT((word)AT_FDCWD, (word) "served", 0600, FD_SEND),
	     BAD(NULL, new_names, NULL, suppliers), .after = removes_name, .answer = "0"),
	CALL(faultline, RIGHT(FAULTLINE_PROCESS, 0, DATA, PAGE),
	     BAD(questions, asked, answer, answer_size), .answer = "1"),
};

const struct group ipc_group = { .name = "ipc",
				 .rows = rows,
				 .count = sizeof(rows) / sizeof(rows[0]),
				 .judges = true,
				 .set_up = set_up,
				 .tear_down = tear_down };
