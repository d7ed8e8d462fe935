/* SPDX-License-Identifier: MIT */
/* Calls on open files. */
#include "errnos.h"

#include <poll.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <termios.h>

#define FD_DUP 61

/* ---- fcntl ---- */

static struct flock write_lock = { .l_type = F_WRLCK, .l_len = 100 },
		    no_lock_type = { .l_type = 99, .l_len = 100 },
		    no_lock_whence = { .l_type = F_WRLCK, .l_whence = 99 },
		    before_start = { .l_type = F_WRLCK, .l_start = -1 },
		    unlock = { .l_type = F_UNLCK };

static void unlocks(const word *arg, long result)
{
	(void)arg, (void)result;
	fcntl(FD_RW, F_SETLK, &unlock);
}

static void is_not_async(const word *arg, long result)
{
	(void)result;
	fcntl((int)arg[0], F_SETFL, O_NONBLOCK);
}

static const struct bad fd_async[] = {
	{ "closed", FD_CLOSED }, { "path", FD_PATH }, { "file", FD_RW }, { "dir", FD_DIR }, NO_MORE
};
static const struct bad commands[] = { { "unknown", 4711 }, { "negative", MINUS(1) }, NO_MORE };
static const struct {
	int type;
	unsigned pid;
} no_owner = { F_OWNER_PID, 0 }, owner_kind = { 3, 0 }, owner_pid = { F_OWNER_PID, NO_PID };
static const struct bad owners[] = {
	{ "nobody", NO_PID }, { "no group", MINUS(NO_PID) }, { "minimum", 1ul << 31 }, NO_MORE
};
static const struct bad owners_ex[] = { { "null", 0 },
					{ "unmapped", HOLE },
					{ "half", HALF },
					{ "noaccess", NOACCESS },
					{ "kernel", KERNEL },
					{ "kind", (word)&owner_kind },
					{ "nobody", (word)&owner_pid },
					NO_MORE };
static const struct bad io_signals[] = { { "65", 65 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad lowest[] = { { "negative", MINUS(1) }, { "above", FD_ABOVE }, NO_MORE };
static const struct bad locks[] = { { "null", 0 },
				    { "unmapped", HOLE },
				    { "half", HALF },
				    { "noaccess", NOACCESS },
				    { "kernel", KERNEL },
				    { "type", (word)&no_lock_type },
				    { "whence", (word)&no_lock_whence },
				    { "start", (word)&before_start },
				    NO_MORE };
static const struct bad seals[] = { { "unknown", 0x1000 }, { "all", 0xffffffff }, NO_MORE };
static const struct bad fd_seals[] = { { "closed", FD_CLOSED },
				       { "path", FD_PATH },
				       { "sealed", FD_SEALED },
				       { "pipe", FD_IN },
				       NO_MORE };
static const struct bad fd_lock[] = { { "closed", FD_CLOSED },
				      { "negative", MINUS(1) },
				      { "path", FD_PATH },
				      { "rdonly", FD_RDONLY },
				      NO_MORE };

static void copies_lock(word *arg)
{
	(void)arg;
	*(struct flock *)DATA = write_lock;
}

/* ---- sockets ---- */

#define NO_FAMILY 12

static const struct bad families[] = { { "negative", MINUS(1) }, { "above", 46 }, NO_MORE };
static const struct bad socket_types[] = { { "15", 15 },
					   { "flags", SOCK_STREAM | 0x1000 },
					   NO_MORE };
static const struct bad socket_flags[] = { { "unknown", 1 }, NO_MORE };

/* ---- other calls ---- */

static void unflocks(const word *arg, long result)
{
	(void)arg, (void)result;
	flock(FD_RW, LOCK_UN);
}

static void closes_both(const word *arg, long result)
{
	const int *fds = (const int *)arg[0];

	(void)result;
	if ((word)fds == DATA) {
		close(fds[0]);
		close(fds[1]);
	}
}

static void opens_dup(word *arg)
{
	(void)arg;
	dup2(FD_RW, FD_DUP);
}

static const struct bad fd_none[] = {
	{ "closed", FD_CLOSED }, { "negative", MINUS(1) }, { "above", FD_ABOVE }, NO_MORE
};
static const struct bad new_fd[] = {
	{ "same", FD_DUP }, { "negative", MINUS(1) }, { "above", FD_ABOVE }, NO_MORE
};
static const struct bad dup_flags[] = { { "1", 1 }, { "append", O_APPEND }, NO_MORE };
static const struct bad operations[] = { { "none", 0 }, { "unknown", 99 }, NO_MORE };
static const struct bad requests[] = { { "unknown", 4711 }, { "terminal's", TCGETS }, NO_MORE };
static const struct bad pipe_flags[] = {
	{ "1", 1 }, { "append", O_APPEND }, { "all", MINUS(1) }, NO_MORE
};
static const struct bad memfd_names[] = { { "null", 0 },
					  { "unmapped", HOLE },
					  { "noaccess", NOACCESS },
					  { "kernel", KERNEL },
					  { "endless", ENDLESS + PAGE - 8 },
					  { "long", (word)long_name },
					  NO_MORE };
static const struct bad memfd_flags[] = { { "unknown", 0x4000 }, { "all", 0xffffffff }, NO_MORE };
static const struct bad entries_size[] = { { "10", 10 }, { "0", 0 }, NO_MORE };
static const struct bad whence[] = { { "9", 9 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad offsets[] = { { "negative", MINUS(1) },
				      { "last", INT64_MAX - 10 },
				      NO_MORE };
static const struct bad lengths[] = { { "0", 0 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad modes[] = {
	{ "unknown", 0x800 }, { "punch", 2 }, { "all", 0xffffffff }, NO_MORE
};
static const struct bad fd_truncate[] = { { "closed", FD_CLOSED },
					  { "negative", MINUS(1) },
					  { "path", FD_PATH },
					  { "rdonly", FD_RDONLY },
					  { "dir", FD_DIR },
					  { "pipe", FD_OUT },
					  NO_MORE };
static const uint64_t cached_range[2];
static const struct bad cached_flags[] = { { "unknown", 1 }, { "all", MINUS(1) }, NO_MORE };
static const struct bad fd_sync[] = { { "closed", FD_CLOSED },
				      { "negative", MINUS(1) },
				      { "path", FD_PATH },
				      { "pipe", FD_IN },
				      NO_MORE };

/* ---- vectors ---- */

static const struct iovec vector[2] = { { (void *)DATA, MANY }, { (void *)(DATA + PAGE), 100 } },
			  null_base[2] = { { NULL, MANY }, { (void *)DATA, 100 } },
			  page_base[2] = { { (void *)LAST, MANY }, { (void *)DATA, 100 } },
			  no_base[2] = { { (void *)HOLE, MANY }, { (void *)DATA, 100 } },
			  no_second[2] = { { (void *)DATA, 100 }, { (void *)HOLE, 100 } },
			  kernels_second[2] = { { (void *)DATA, 100 }, { (void *)KERNEL, 100 } },
			  too_long[2] = { { (void *)DATA, 100 }, { (void *)DATA, -1ul } };

static const struct bad vectors[] = { { "null", 0 },
				      { "unmapped", HOLE },
				      { "half", HOLE - 16 },
				      { "noaccess", NOACCESS },
				      { "kernel", KERNEL },
				      { "null base", (word)null_base },
				      { "no base", (word)no_base },
				      { "page", (word)page_base },
				      { "no second", (word)no_second },
				      { "kernel's second", (word)kernels_second },
				      { "too long", (word)too_long },
				      NO_MORE };
static const struct bad counts[] = { { "1025", 1025 }, { "negative", MINUS(1) }, NO_MORE };

/* ---- waits ---- */

static const struct timespec at_once;
static const word no_signals;
static const struct {
	const void *set;
	size_t size;
} mask = { &no_signals, 8 }, no_mask = { (void *)HOLE, 8 }, wrong_mask = { &no_signals, 4 };

static void sets_poll(word *arg)
{
	(void)arg;
	*(struct pollfd *)DATA = (struct pollfd){ .fd = FD_OUT, .events = POLLOUT };
}

static void sets_select(word *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 3; i++)
		memset((char *)DATA + 1024 * i, 0, sizeof(fd_set));
	FD_SET(FD_OUT, (fd_set *)(DATA + 1024));
	memset((void *)(DATA + 3072), 0, sizeof(fd_set));
	FD_SET(FD_CLOSED, (fd_set *)(DATA + 3072));
}

static void sets_offset(word *arg)
{
	(void)arg;
	*(int64_t *)DATA = 0;
	*(int64_t *)(DATA + 8) = -1;
}

static const struct bad polls[] = { { "null", 0 },	  { "unmapped", HOLE },
				    { "half", HALF },	  { "noaccess", NOACCESS },
				    { "kernel", KERNEL }, NO_MORE };
static const struct bad poll_count[] = { { "above", FD_ABOVE }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad select_count[] = { { "negative", MINUS(1) }, NO_MORE };
static const struct bad sets[] = { { "unmapped", HOLE },
				   { "half", HALF },
				   { "readonly", READONLY },
				   { "noaccess", NOACCESS },
				   { "kernel", KERNEL },
				   { "of closed", DATA + 3072 },
				   NO_MORE };
static const struct bad masks[] = { { "unmapped", HOLE },
				    { "kernel", KERNEL },
				    { "no set", (word)&no_mask },
				    { "size", (word)&wrong_mask },
				    NO_MORE };
static const struct bad sent_offset[] = { { "unmapped", HOLE },
					  { "half", HALF },
					  { "readonly", READONLY },
					  { "noaccess", NOACCESS },
					  { "kernel", KERNEL },
					  { "negative", DATA + 8 },
					  NO_MORE };
static const struct bad fd_send[] = { { "closed", FD_CLOSED }, { "negative", MINUS(1) },
				      { "path", FD_PATH },     { "rdonly", FD_RDONLY },
				      { "broken", FD_BROKEN }, NO_MORE };
static const struct bad fd_sent[] = { { "closed", FD_CLOSED }, { "negative", MINUS(1) },
				      { "path", FD_PATH },     { "wronly", FD_WRONLY },
				      { "dir", FD_DIR },       NO_MORE };

#define SAME "equal numbers are EINVAL before either is looked at"
static const struct pair_exception equal_fds[] = { { "1 negative", "2 negative", EINVAL, SAME },
						   { "1 above", "2 above", EINVAL, SAME },
						   NO_MORE };

/* More than the kernel has room for on its stack: these are allocated. */
#define PARTS	   20
#define MANY_PARTS DATA
#define BAD_PART   (DATA + PAGE)
#define LONG_PART  (DATA + 2 * PAGE)
#define HALF_PARTS (HOLE - PARTS / 2 * sizeof(struct iovec))
#define POLLED	   200
#define HALF_POLLS (HOLE - POLLED / 2 * sizeof(struct pollfd))

static void cuts_vectors(word *arg)
{
	(void)arg;
	for (int i = 0; i < PARTS; i++) {
		struct iovec part = { (void *)(DATA + 3 * PAGE), 10 };

		((struct iovec *)MANY_PARTS)[i] = part;
		((struct iovec *)BAD_PART)[i] = part;
		((struct iovec *)LONG_PART)[i] = part;
		if (i < PARTS / 2)
			((struct iovec *)HALF_PARTS)[i] = part;
	}
	((struct iovec *)BAD_PART)[PARTS - 1].iov_base = (void *)KERNEL;
	((struct iovec *)LONG_PART)[PARTS - 1].iov_len = -1ul;
}

static void sets_many_polls(word *arg)
{
	const struct pollfd polled = { .fd = FD_OUT, .events = POLLOUT };

	(void)arg;
	for (int i = 0; i < POLLED; i++)
		((struct pollfd *)DATA)[i] = polled;
}

static const struct bad fd_few[] = { { "closed", FD_CLOSED }, { "path", FD_PATH }, NO_MORE };
static const struct bad many_vectors[] = { { "unmapped", HOLE },
					   { "half", HALF_PARTS },
					   { "last in kernel", BAD_PART },
					   { "last too long", LONG_PART },
					   NO_MORE };
static const struct bad many_polls[] = {
	{ "unmapped", HOLE }, { "half", HALF_POLLS }, { "readonly", READONLY }, NO_MORE
};

static void empties_pipe(word *arg)
{
	static char bytes[MANY];

	(void)arg;
	while (read(FD_IN, bytes, sizeof(bytes)) > 0)
		continue;
}

static void fills_pipe(word *arg)
{
	static const char bytes[MANY];

	empties_pipe(arg);
	(void)!write(FD_OUT, bytes, sizeof(bytes));
}

static void fills_pipe_and_offset(word *arg)
{
	fills_pipe(arg);
	sets_offset(arg);
}

#define FD_TEE	    62
#define FD_TEE_READ 63

static void fills_one_of_two(word *arg)
{
	int ends[2];

	fills_pipe(arg);
	if (pipe(ends) != 0 || dup2(ends[1], FD_TEE) < 0 || dup2(ends[0], FD_TEE_READ) < 0)
		abort();
	close(ends[0]);
	close(ends[1]);
}

static void closes_second_pipe(const word *arg, long result)
{
	(void)arg, (void)result;
	close(FD_TEE);
	close(FD_TEE_READ);
}

static const struct bad fd_spliced[] = { { "closed", FD_CLOSED },
					 { "negative", MINUS(1) },
					 { "path", FD_PATH },
					 { "writes", FD_OUT },
					 NO_MORE };
static const struct bad fd_splice[] = { { "closed", FD_CLOSED },
					{ "negative", MINUS(1) },
					{ "path", FD_PATH },
					{ "rdonly", FD_RDONLY },
					NO_MORE };
static const struct bad fd_tee[] = { { "closed", FD_CLOSED }, { "negative", MINUS(1) },
				     { "path", FD_PATH },     { "same", FD_OUT },
				     { "file", FD_RW },	      NO_MORE };
static const struct bad fd_vmsplice[] = { { "closed", FD_CLOSED },
					  { "negative", MINUS(1) },
					  { "path", FD_PATH },
					  { "file", FD_RW },
					  NO_MORE };
static const struct bad spliced_offset[] = { { "pipe", DATA }, NO_MORE };
static const struct bad splice_offset[] = {
	{ "unmapped", HOLE }, { "noaccess", NOACCESS }, { "negative", DATA + 8 }, NO_MORE
};
static const struct bad splice_flags[] = { { "16", 16 }, { "all", MINUS(1) }, NO_MORE };
static const struct bad spliced_vectors[] = { { "null", 0 }, { "unmapped", HOLE }, NO_MORE };

static const struct bad pipe_vectors[] = { { "null", 0 },
					   { "unmapped", HOLE },
					   { "null base", (word)null_base },
					   { "no base", (word)no_base },
					   { "page", (word)page_base },
					   { "no second", (word)no_second },
					   { "too long", (word)too_long },
					   NO_MORE };

static void sets_offsets(word *arg)
{
	sets_offset(arg);
	*(int64_t *)(DATA + 16) = 2l * MANY;
}

static const struct bad far_offsets[] = { { "minimum", 1ul << 63 },
					  { "last", INT64_MAX - 10 },
					  NO_MORE };
static const struct bad rwf[] = {
	{ "atomic", 0x40 }, { "unknown", 0x1000 }, { "both", 0x30 }, NO_MORE
};
static const struct pair_exception no_flags[] = {
	{ "1 dir", "6 both", EOPNOTSUPP, "directories know no such flags at all" }, NO_MORE
};
#define FEW "of a descriptor with O_PATH only a few commands are looked at"
static const struct pair_exception path_commands[] = { { "1 path", "2 unknown", EBADF, FEW },
						       { "1 path", "2 negative", EBADF, FEW },
						       NO_MORE };
static const struct bad fd_copied[] = { { "closed", FD_CLOSED },
					{ "negative", MINUS(1) },
					{ "path", FD_PATH },
					{ "wronly", FD_WRONLY },
					{ "dir", FD_DIR },
					{ "pipe", FD_IN },
					NO_MORE };
static const struct bad fd_copy[] = { { "closed", FD_CLOSED },
				      { "negative", MINUS(1) },
				      { "path", FD_PATH },
				      { "rdonly", FD_RDONLY },
				      { "dir", FD_DIR },
				      { "pipe", FD_OUT },
				      NO_MORE };
static const struct bad copied_offset[] = { { "unmapped", HOLE },
					    { "half", HALF },
					    { "readonly", READONLY + 64 },
					    { "noaccess", NOACCESS },
					    { "kernel", KERNEL },
					    { "negative", DATA + 8 },
					    NO_MORE };
static const struct bad copy_flags[] = { { "1", 1 }, { "all", MINUS(1) }, NO_MORE };
static const struct bad sync_flags[] = { { "8", 8 }, { "all", MINUS(1) }, NO_MORE };
static const struct bad advice[] = { { "6", 6 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad closed_from[] = { { "above", FD_CLOSED + 1 }, NO_MORE };
static const struct bad closed_to[] = { { "below", 3 }, NO_MORE };
static const struct bad close_flags[] = { { "1", 1 }, { "all", MINUS(1) }, NO_MORE };

static const struct row rows[] = {
	CALL(close, RIGHT(FD_CLOSED), BAD(fd_none), .how = BLOCKS),
	CALL(dup, RIGHT(FD_RW), BAD(fd_any), .how = OPENS),
	CALL(dup3, RIGHT(FD_DUP, FD_DUP + 1), BAD(fd_any, new_fd, dup_flags), .before = opens_dup,
	     .how = OPENS, .exceptions = equal_fds),
	CALL(fcntl, RIGHT(FD_RW, F_GETFL), BAD(fd_any, commands), .how = HIDES,
	     .exceptions = path_commands),
	CALL_AS("fcntl(F_DUPFD)", fcntl, RIGHT(FD_RW, F_DUPFD), BAD(fd_any, NULL, lowest),
		.how = OPENS),
	CALL_AS("fcntl(F_SETLK)", fcntl, RIGHT(FD_RW, F_SETLK, (word)&write_lock),
		BAD(fd_lock, commands, locks), .after = unlocks),
	CALL_AS("fcntl(F_GETLK)", fcntl, RIGHT(FD_RW, F_GETLK, DATA), BAD(fd_lock, NULL, locks),
		.before = copies_lock),
	CALL_AS("fcntl(F_OFD_SETLK)", fcntl, RIGHT(FD_RW, F_OFD_SETLK, (word)&write_lock),
		BAD(fd_lock, NULL, locks), .after = unflocks),
	CALL_AS("fcntl(F_SETOWN)", fcntl, RIGHT(FD_IN, F_SETOWN), BAD(fd_any, NULL, owners)),
	CALL_AS("fcntl(F_GETOWN)", fcntl, RIGHT(FD_IN, F_GETOWN), BAD(fd_any)),
	CALL_AS("fcntl(F_SETOWN_EX)", fcntl, RIGHT(FD_IN, F_SETOWN_EX, (word)&no_owner),
		BAD(fd_any, NULL, owners_ex)),
	CALL_AS("fcntl(F_GETOWN_EX)", fcntl, RIGHT(FD_IN, F_GETOWN_EX, DATA),
		BAD(fd_any, NULL, out)),
	CALL_AS("fcntl(F_SETSIG)", fcntl, RIGHT(FD_IN, F_SETSIG), BAD(fd_any, NULL, io_signals)),
	CALL_AS("fcntl(F_GETSIG)", fcntl, RIGHT(FD_IN, F_GETSIG), BAD(fd_any)),
	CALL_AS("fcntl(F_SETFL, O_ASYNC)", fcntl, RIGHT(FD_IN, F_SETFL, O_ASYNC | O_NONBLOCK),
		BAD(fd_async), .after = is_not_async),
	CALL_AS("fcntl(F_ADD_SEALS)", fcntl, RIGHT(FD_MEMFD, F_ADD_SEALS),
		BAD(fd_seals, NULL, seals)),
	CALL(flock, RIGHT(FD_RW, LOCK_EX | LOCK_NB), BAD(fd_any, operations), .after = unflocks),
	CALL_AS("ioctl(FIONREAD)", ioctl, RIGHT(FD_IN, FIONREAD, DATA), BAD(fd_any, requests, out)),
	CALL_AS("ioctl(FIOQSIZE)", ioctl, RIGHT(FD_RW, FIOQSIZE, DATA), BAD(fd_any, requests, out)),
	CALL_AS("ioctl(FIGETBSZ)", ioctl, RIGHT(FD_IN, FIGETBSZ, DATA), BAD(fd_any, requests, out)),
	CALL_AS("ioctl(FIONBIO)", ioctl, RIGHT(FD_RW, FIONBIO, (word) "\1\0\0"),
		BAD(fd_any, requests, in)),
	CALL(pipe2, RIGHT(DATA), BAD(out, pipe_flags), .after = closes_both),
	CALL_AS("pipe2(one descriptor left)", pipe2, RIGHT(DATA), BAD(out, pipe_flags),
		.how = CROWDED),
	CALL(memfd_create, RIGHT((word) "name"), BAD(memfd_names, memfd_flags), .how = OPENS),
	CALL(getdents64, RIGHT(FD_DIR, DATA, 1000), BAD(fd_dir, out, entries_size), .how = HIDES),
	CALL(lseek, RIGHT(FD_RW, 10, SEEK_SET), BAD(fd_place, negative, whence)),
	CALL(read, RIGHT(FD_RW, DATA, MANY), BAD(fd_read, out_bytes, huge)),
	CALL(write, RIGHT(FD_RW, DATA, MANY), BAD(fd_write, in_bytes, huge)),
	CALL(readv, RIGHT(FD_RW, (word)vector, 2), BAD(fd_read, vectors, counts)),
	CALL(writev, RIGHT(FD_RW, (word)vector, 2), BAD(fd_write, vectors, counts)),
	CALL_AS("readv(many)", readv, RIGHT(FD_RW, MANY_PARTS, PARTS), BAD(fd_few, many_vectors),
		.before = cuts_vectors),
	CALL_AS("writev(many)", writev, RIGHT(FD_RW, MANY_PARTS, PARTS), BAD(fd_few, many_vectors),
		.before = cuts_vectors),
	CALL_AS("read(a pipe)", read, RIGHT(FD_IN, DATA, MANY), BAD(NULL, out_bytes, huge),
		.before = fills_pipe),
	CALL_AS("write(a pipe)", write, RIGHT(FD_OUT, DATA, MANY), BAD(NULL, in_bytes, huge),
		.before = empties_pipe),
	CALL_AS("readv(a pipe)", readv, RIGHT(FD_IN, (word)vector, 2),
		BAD(NULL, pipe_vectors, counts), .before = fills_pipe),
	CALL_AS("writev(a pipe)", writev, RIGHT(FD_OUT, (word)vector, 2),
		BAD(NULL, pipe_vectors, counts), .before = empties_pipe),
	CALL(pread64, RIGHT(FD_RW, DATA, MANY), BAD(fd_read, out_bytes, huge, offsets)),
	CALL(pwrite64, RIGHT(FD_RW, DATA, MANY), BAD(fd_write, in_bytes, huge, offsets)),
	CALL(preadv, RIGHT(FD_RW, (word)vector, 2), BAD(fd_read, vectors, counts, offsets)),
	CALL(pwritev, RIGHT(FD_RW, (word)vector, 2), BAD(fd_write, vectors, counts, offsets)),
	CALL(preadv2, RIGHT(FD_RW, (word)vector, 2),
	     BAD(fd_read, vectors, counts, far_offsets, NULL, rwf), .exceptions = no_flags),
	CALL(pwritev2, RIGHT(FD_RW, (word)vector, 2),
	     BAD(fd_write, vectors, counts, far_offsets, NULL, rwf)),
	CALL(copy_file_range, RIGHT(FD_RDONLY, DATA, FD_WRONLY, DATA + 16, 100),
	     BAD(fd_copied, copied_offset, fd_copy, copied_offset, huge, copy_flags),
	     .before = sets_offsets),
	CALL(sendfile, RIGHT(FD_WRONLY, FD_RDONLY, DATA, 100),
	     BAD(fd_send, fd_sent, sent_offset, huge), .before = sets_offset),
	CALL(splice, RIGHT(FD_IN, 0, FD_WRONLY, DATA, 100, SPLICE_F_NONBLOCK),
	     BAD(fd_spliced, spliced_offset, fd_splice, splice_offset, NULL, splice_flags),
	     .before = fills_pipe_and_offset),
	CALL(tee, RIGHT(FD_IN, FD_TEE, 100, SPLICE_F_NONBLOCK),
	     BAD(fd_spliced, fd_tee, NULL, splice_flags), .before = fills_one_of_two,
	     .after = closes_second_pipe),
	CALL(vmsplice, RIGHT(FD_OUT, (word)vector, 2, SPLICE_F_NONBLOCK),
	     BAD(fd_vmsplice, spliced_vectors, counts, splice_flags), .before = empties_pipe),
	CALL(fstat, RIGHT(FD_RW, DATA), BAD(fd_any, out)),
	CALL(fstatfs, RIGHT(FD_RW, DATA), BAD(fd_any, out)),
	CALL(ftruncate, RIGHT(FD_RW, 8192), BAD(fd_truncate, negative)),
	CALL(fallocate, RIGHT(FD_RW, 0, 0, 100), BAD(fd_truncate, modes, offsets, lengths)),
	/* Errors of sockets are in socket_errors.c: here no descriptor is one, and no family is 12. */
	CALL(bind, RIGHT(FD_RW, 0, 0), BAD(fd_any)),
	CALL(listen, RIGHT(FD_RW, 0, 0), BAD(fd_any)),
	CALL(accept, RIGHT(FD_RW, 0, 0), BAD(fd_any)),
	CALL(connect, RIGHT(FD_RW, 0, 0), BAD(fd_any)),
	CALL(getsockname, RIGHT(FD_RW, 0, 0), BAD(fd_any)),
	CALL(getpeername, RIGHT(FD_RW, 0, 0), BAD(fd_any)),
	CALL(setsockopt, RIGHT(FD_RW, 0, 0), BAD(fd_any)),
	CALL(getsockopt, RIGHT(FD_RW, 0, 0), BAD(fd_any)),
	CALL(shutdown, RIGHT(FD_RW, 0, 0), BAD(fd_any)),
	CALL(sendmsg, RIGHT(FD_RW, 0, 0), BAD(fd_any)),
	CALL(recvmsg, RIGHT(FD_RW, 0, 0), BAD(fd_any)),
	CALL(sendto, RIGHT(FD_RW, DATA, MANY), BAD(fd_any)),
	CALL(recvfrom, RIGHT(FD_RW, DATA, MANY), BAD(fd_any)),
	CALL(sendmmsg, RIGHT(FD_RW, DATA, 1), BAD(fd_any)),
	CALL(recvmmsg, RIGHT(FD_RW, DATA, 1), BAD(fd_any)),
	CALL(accept4, RIGHT(FD_RW, 0, 0, SOCK_CLOEXEC), BAD(fd_any, NULL, NULL, socket_flags)),
	CALL(socket, RIGHT(NO_FAMILY, SOCK_STREAM), BAD(families, socket_types)),
	CALL(socketpair, RIGHT(NO_FAMILY, SOCK_STREAM, 0, DATA),
	     BAD(families, socket_types, NULL, out)),
	CALL(fsync, RIGHT(FD_RW), BAD(fd_sync)),
	CALL(fdatasync, RIGHT(FD_RW), BAD(fd_sync)),
	CALL(syncfs, RIGHT(FD_RW), BAD(fd_any)),
	CALL(sync_file_range, RIGHT(FD_RW, 0, 100, 2), BAD(fd_sync, offsets, lengths, sync_flags)),
	CALL(fadvise64, RIGHT(FD_RW, 0, 100, 3), BAD(fd_sync, NULL, lengths, advice)),
	CALL(readahead, RIGHT(FD_RW, 0, 100), BAD(fd_read)),
	CALL(cachestat, RIGHT(FD_RW, (word)&cached_range, DATA),
	     BAD(fd_any, in, out, cached_flags)),
	CALL(close_range, RIGHT(FD_CLOSED, FD_CLOSED), BAD(closed_from, closed_to, close_flags)),
	CALL(fchmod, RIGHT(FD_RW, 0644), BAD(fd_any)),
	CALL(fchown, RIGHT(FD_RW, 0, 0), BAD(fd_any)),
	CALL(ppoll, RIGHT(DATA, 1, (word)&at_once, (word)&no_signals, 8),
	     BAD(polls, poll_count, timespec_or_null, in_or_null, set_size), .before = sets_poll),
	CALL_AS("ppoll(many)", ppoll, RIGHT(DATA, POLLED, (word)&at_once, (word)&no_signals, 8),
		BAD(many_polls, NULL, timespec_or_null, in_or_null, set_size),
		.before = sets_many_polls),
	CALL(pselect6, RIGHT(64, DATA, DATA + 1024, DATA + 2048, (word)&at_once, (word)&mask),
	     BAD(select_count, sets, sets, sets, timespec_or_null, masks), .before = sets_select),
};

const struct group files_group = { .name = "files",
				   .rows = rows,
				   .count = sizeof(rows) / sizeof(rows[0]) };
