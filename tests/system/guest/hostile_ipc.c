/* SPDX-License-Identifier: MIT */
/* Endpoints, servers of files and drivers of devices, by hostile programs (R140, R142, R144, R145, R147). */
#include "hostile.h"

#include <poll.h>
#include <sys/mount.h>

#include "abi/ipc.h"
#include "abi/uio_device.h"
#include "lib/ipc.h"
#include "servers/file_server.h"

#define CLIENTS	    3
#define RCVIDS	    4
#define NSEC	    1000000000ull
#define WORDS	    7 /* registers of a call */
#define ANSWERS	    400
#define MOUNTED	    "m"
#define FILE_MAX    40000
#define SERVED_FILE "served"

/* The last calls that were received, whose numbers may be used again. */
static uint64_t rcvids[RCVIDS];
static unsigned nreceived;

/* ---- calls ---- */

/* Registers as they are; `ret` gets what is in them afterwards. */
static long ecall7(long nr, uint64_t ret[WORDS])
{
	register uint64_t a0 asm("a0") = ret[0];
	register uint64_t a1 asm("a1") = ret[1];
	register uint64_t a2 asm("a2") = ret[2];
	register uint64_t a3 asm("a3") = ret[3];
	register uint64_t a4 asm("a4") = ret[4];
	register uint64_t a5 asm("a5") = ret[5];
	register uint64_t a6 asm("a6") = ret[6];
	register long a7 asm("a7") = nr;

	asm volatile("ecall"
		     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6)
		     : "r"(a7)
		     : "memory");
	ret[0] = a0;
	ret[1] = a1;
	return (long)a0;
}

/* A short time from now, or none, or for ever. */
static uint64_t some_deadline(void)
{
	struct timespec now;

	if (ONE_IN(3))
		return IPC_NOW;
	if (ONE_IN(20))
		return ONE_IN(2) ? IPC_NEVER : chance();
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC + (uint64_t)now.tv_nsec + below(400000);
}

static uint64_t some_rcvid(void)
{
	return ONE_IN(6) || !nreceived ? some_number()
				       : rcvids[below(nreceived < RCVIDS ? nreceived : RCVIDS)];
}

/* Buffers and descriptors that are half good. */
static uint64_t some_transfer(void)
{
	static struct ipc_transfer with;

	if (ONE_IN(3))
		return 0;
	with = (struct ipc_transfer){ .nfds = (uint32_t)below(ONE_IN(8) ? 12 : 3),
				      .nroom = (uint32_t)below(ONE_IN(8) ? 12 : 3) };
	if (below(4)) {
		with.send = (const void *)some_address();
		with.send_length = some_length();
	}
	if (below(4)) {
		with.receive = (void *)some_address();
		with.receive_length = some_length();
	}
	for (unsigned i = 0; i < IPC_FDS; i++)
		with.fd[i] = (int32_t)(ONE_IN(4) ? argument('f') : shared_fd);
	if (ONE_IN(4))
		with.flags = IPC_CLOEXEC;
	if (ONE_IN(12))
		fill_at_random((char *)&with + below(sizeof(with) - 8), 1 + below(8));
	return ONE_IN(12) ? some_address() : (uint64_t)&with;
}

static uint64_t last_cookie, last_generation;

/* Of a file that a program serves: most often a newer one. */
static uint64_t some_state(void)
{
	if (ONE_IN(10))
		return some_number();
	last_generation += below(3);
	return SERVED_STATE(last_generation, ONE_IN(4) ? chance() & 0xffff : below(32));
}

static long make_call(long nr, uint64_t fd)
{
	uint64_t arg[WORDS] = { fd,
				some_number(),
				some_number(),
				some_address(),
				some_length(),
				some_number(),
				some_deadline() };
	long result;

	switch (nr) {
	case SYS_ipc_create:
		arg[0] = ONE_IN(6) ? some_number() : 0;
		break;
	case SYS_ipc_badge:
		arg[2] = ONE_IN(6) ? some_number() : below(4);
		break;
	case SYS_ipc_post:
		arg[1] = ONE_IN(4) ? some_number() : last_cookie;
		arg[2] = some_state();
		break;
	case SYS_ipc_join:
		arg[1] = ONE_IN(3) ? some_number() : last_cookie;
		arg[2] = ONE_IN(2) ? 0 : last_cookie - below(3);
		arg[3] = ONE_IN(4) ? some_number() : last_cookie - below(3);
		break;
	case SYS_ipc_drop:
		arg[1] = ONE_IN(4) ? some_number() : last_cookie + below(6) - 2;
		break;
	case SYS_ipc_reopen:
		arg[1] = ONE_IN(6) ? some_number() : 0;
		break;
	case SYS_ipc_files:
		arg[1] = ONE_IN(2) ? some_number() : 0;
		arg[2] = some_address();
		arg[3] = some_length();
		break;
	case SYS_ipc_name:
		arg[3] = fd;
		arg[0] = ONE_IN(8) ? argument('f') : (uint64_t)AT_FDCWD;
		arg[1] = ONE_IN(8) ? argument('P') : (uint64_t)SERVED_FILE;
		arg[2] = ONE_IN(4) ? some_number() : 0666;
		break;
	case SYS_ipc_call:
		arg[5] = some_deadline();
		arg[6] = some_transfer();
		break;
	case SYS_ipc_reply_receive:
		arg[1] = ONE_IN(3) ? 0 : some_rcvid();
		break;
	case SYS_ipc_read:
	case SYS_ipc_write:
		arg[2] = some_address();
		arg[3] = some_length();
		arg[4] = ONE_IN(2) ? 0 : some_length();
		arg[1] = some_rcvid();
		break;
	case SYS_ipc_take:
	case SYS_ipc_give:
		arg[1] = some_rcvid();
		arg[2] = ONE_IN(2) ? below(4) : argument('f');
		arg[3] = ONE_IN(4) ? some_number() : 0;
		break;
	case SYS_ipc_reply:
		arg[1] = some_rcvid();
		arg[2] = ONE_IN(2) ? some_number() : below(PAGE + 2); /* bytes of a page */
		break;
	case SYS_ipc_object:
		arg[1] = ONE_IN(6) ? some_number() : below(16 * PAGE);
		arg[2] = ONE_IN(6) ? some_number() : 0;
		break;
	default:
		break;
	}
	result = ecall7(nr, arg);
	count_call(nr, result);
	if ((nr == SYS_ipc_receive || nr == SYS_ipc_reply_receive) && result > 0)
		rcvids[nreceived++ % RCVIDS] = (uint64_t)result;
	return result;
}

void random_ipc(void)
{
	make_call(SYS_ipc_create + (long)below(SYS_IPC_LIMIT - SYS_ipc_create), argument('f'));
}

/* ---- an endpoint ---- */

/* Memory that the endpoint's server is to supply: a load gets what that answers, or dies by SIGBUS. The mapping may stay. */
static void use_object(uint64_t send)
{
	long fd = make_call(SYS_ipc_object, send);
	char *at = mmap(NULL, 16 * PAGE, PROT_READ, MAP_SHARED, (int)fd, 0);

	if (ONE_IN(2))
		call3(SYS_close, (uint64_t)fd, 0, 0);
	if (at == MAP_FAILED)
		return;
	(void)*(volatile char *)(at + below(16 * PAGE));
	if (ONE_IN(2))
		munmap(at, 16 * PAGE);
}

static void be_client(uint64_t send)
{
	for (unsigned i = 0; i < 20; i++) {
		if (ONE_IN(6))
			make_call(SYS_ipc_notify, send);
		else if (ONE_IN(12))
			use_object(send);
		else if (ONE_IN(10))
			random_call();
		else
			make_call(SYS_ipc_call, send);
	}
}

static void be_receiver(uint64_t receive)
{
	static const short during[] = { SYS_ipc_read, SYS_ipc_write, SYS_ipc_take, SYS_ipc_give };
	long nr;

	for (unsigned i = 0; i < 30; i++) {
		nr = ONE_IN(2) ? SYS_ipc_receive : SYS_ipc_reply_receive;
		if (make_call(nr, receive) > 0)
			for (uint64_t n = below(6); n; n--)
				make_call(ONE_OF(during), receive);
		if (ONE_IN(2))
			make_call(SYS_ipc_reply, receive);
		if (ONE_IN(15))
			random_call();
	}
}

/* Some call, one or two receive, and somebody may close an end, fork, or die meanwhile. */
void act_endpoint(void)
{
	long receive = make_call(SYS_ipc_create, 0);
	long send = make_call(SYS_ipc_badge, (uint64_t)receive);

	for (unsigned i = 0; i < CLIENTS; i++)
		if (call3(SYS_clone, SIGCHLD, 0, 0) == 0) {
			be_client((uint64_t)send);
			return;
		}
	if (ONE_IN(2))
		call3(SYS_close, (uint64_t)send, 0, 0);
	if (ONE_IN(3))
		call3(SYS_clone, SIGCHLD, 0, 0);
	be_receiver((uint64_t)receive);
}

/* ---- a server of files ---- */

/* A tree whose directories all have the same names: those of hostile_chance.c. Odd numbers are files. */
static int tree_walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	*ret = name.len == 1 ? (dir * 8 + (unsigned char)name.data[0]) % 64 : 0;
	return name.len > 2 ? -ENOENT : 0;
}

static int tree_getattr(void *tree, uint64_t file, struct file_attr *ret)
{
	ret->mode = file % 2 == 0     ? S_IFDIR | 0777
		    : file % 32 == 31 ? S_IFLNK | 0777
				      : S_IFREG | 0777;
	ret->nlink = 1;
	ret->size = file % 2 ? FILE_MAX : 0;
	return 0;
}

static ssize_t tree_read(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			 const void **data)
{
	if (offset >= FILE_MAX)
		return 0;
	n = n < FILE_MAX - offset ? n : FILE_MAX - offset;
	memset(buf, (int)file, n);
	return (ssize_t)n;
}

static int tree_readdir(void *tree, uint64_t dir, uint64_t at, struct file_entry *ret)
{
	static const char letters[] = "abcdef";

	*ret = (struct file_entry){ .file = at + 1,
				    .name = { letters + at % 6, 1 },
				    .next = at + 1 };
	return at < 6;
}

static int tree_readlink(void *tree, uint64_t file, struct p9_string *ret)
{
	*ret = p9_string("a");
	return 0;
}

static const struct file_ops tree_ops = {
	.walk = tree_walk,
	.getattr = tree_getattr,
	.read = tree_read,
	.readdir = tree_readdir,
	.readlink = tree_readlink,
};

/* Spoils a reply, and sends as much of it, and says that it is as much, as it likes. */
static uint64_t answer_wrongly(int fd, long rcvid, struct file_reply *reply)
{
	static unsigned char wrong[8192];
	size_t n = reply->nhead + reply->ndata;

	if (n > sizeof(wrong))
		n = sizeof(wrong);
	memcpy(wrong, reply->head, reply->nhead);
	memcpy(wrong + reply->nhead, reply->data, n - reply->nhead);
	for (unsigned i = 0; i < 1 + below(3); i++)
		wrong[below(ONE_IN(3) ? n + 1 : reply->nhead + 1) % sizeof(wrong)] =
			(unsigned char)chance();
	if (ONE_IN(3))
		n = below(sizeof(wrong));
	(void)ecall7(SYS_ipc_write,
		     (uint64_t[WORDS]){ (uint64_t)fd, (uint64_t)rcvid, (uint64_t)wrong, n,
					ONE_IN(6) ? below(64) : 0 });
	return ONE_IN(3) ? chance() : n;
}

/* The truth for the most part: else nobody would get beyond the first request. */
static _Noreturn void be_server(int fd)
{
	static struct file_server server;
	struct ipc_message m = { 0 };
	struct file_reply reply;
	long rcvid = 0;

	file_server_init(&server, &tree_ops, NULL);
	for (unsigned i = 0; i < ANSWERS; i++) {
		rcvid = ipc_reply_receive(fd, rcvid, &m, IPC_NEVER);
		if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED)
			break;
		if (rcvid <= 0 || m.word[0] > sizeof(server.request) || ONE_IN(60)) {
			rcvid = rcvid < 0 ? 0 : rcvid; /* that one is never answered */
			continue;
		}
		ipc_read(fd, rcvid, server.request, m.word[0], 0);
		file_server_answer(&server, m.word[0], &reply);
		if (i > 6 && ONE_IN(8)) {
			m.word[0] = answer_wrongly(fd, rcvid, &reply);
			continue;
		}
		ipc_write(fd, rcvid, reply.head, reply.nhead, 0);
		ipc_write(fd, rcvid, reply.data, reply.ndata, reply.nhead);
		m.word[0] = reply.nhead + reply.ndata;
	}
	_exit(0);
}

/* Mounts what the other side of `send` serves, with options that are mostly right. */
static long mount_server(long send)
{
	char options[80];
	static const char *const more[] = { "",	      ",timeout=1", ",msize=8192",
					    ",uid=7", ",timeout=0", ",msize=1" };

	snprintf(options, sizeof(options), "fd=%ld%s", ONE_IN(8) ? (long)some_number() : send,
		 ONE_OF(more));
	return call(SYS_mount,
		    (uint64_t[6]){ (uint64_t) "x", (uint64_t)MOUNTED, (uint64_t) "9p",
				   ONE_IN(2) ? 0 : MS_RDONLY | MS_NOSUID, (uint64_t)options });
}

/* Files of the server: read, mapped over the memory that all calls use, and executed. */
static void use_files(void)
{
	int fd = open("a", O_RDONLY);

	if (fd >= 0)
		mmap(REGION, 8 * PAGE, PROT_READ,
		     (ONE_IN(2) ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, fd, 0);
	for (unsigned i = 0; i < 25; i++) {
		if (fd >= 0 && ONE_IN(4))
			call3(SYS_pread64, (uint64_t)fd, (uint64_t)READ_ONLY - 4 * PAGE,
			      below(12 * PAGE));
		else if (ONE_IN(12))
			call3(SYS_execve, (uint64_t) "c", argument('P'), argument('P'));
		else
			random_call();
	}
}

void act_server(void)
{
	long receive = make_call(SYS_ipc_create, 0), send, pid, err;

	mkdir(MOUNTED, 0755);
	send = ipc_badge((int)receive, 3, IPC_TELL_CLOSE);
	pid = call3(SYS_clone, SIGCHLD, 0, 0);
	if (pid == 0) {
		close((int)send);
		be_server((int)receive);
	}
	close((int)receive);
	err = mount_server(send);
	close((int)send);
	if (err == 0 && chdir(MOUNTED) == 0) {
		use_files();
		if (chdir("/hostile") != 0 || chdir(ONE_IN(2) ? "0" : ".") != 0)
			return;
	}
	if (ONE_IN(2))
		call3(SYS_kill, (uint64_t)pid, SIGKILL, 0);
	call3(SYS_umount2, (uint64_t)MOUNTED, ONE_IN(2) ? MNT_DETACH : 0, 0);
}

/* ---- open files that a program serves ---- */

static void answer_file(int receive, long rcvid, struct ipc_message *m)
{
	bool opens = SERVED_OP(m->word[0]) == SERVED_OPEN;
	uint64_t size = m->word[1];

	last_cookie = m->badge;
	if (ONE_IN(2))
		(void)ipc_write(receive, rcvid, REGION, below(2 * PAGE),
				ONE_IN(8) ? below(PAGE) : 0);
	if (ONE_IN(4))
		make_call(SYS_ipc_post, (uint64_t)receive);
	for (uint64_t n = below(3); n; n--)
		make_call(ONE_IN(3) ? SYS_ipc_drop : SYS_ipc_join, (uint64_t)receive);
	m->word[0] = ONE_IN(8)	 ? some_number()
		     : opens	 ? 0
		     : ONE_IN(3) ? (uint64_t)-EAGAIN
				 : below(size < PAGE ? size + 2 : PAGE);
	m->word[1] = some_state();
	if (ONE_IN(2))
		make_call(ONE_IN(2) ? SYS_ipc_post : SYS_ipc_files, (uint64_t)receive);
}

/* Serves for a while, and lets go of its calls then, as if it had been killed. */
static void be_file_server(int receive)
{
	struct ipc_message m = { 0 };

	for (unsigned i = 0; i < 40; i++) {
		long rcvid = ipc_receive(receive, &m, some_deadline());

		if (rcvid <= 0)
			continue;
		answer_file(receive, rcvid, &m);
		if (ONE_IN(20))
			return;
		if (below(12))
			ipc_reply(receive, rcvid, &m);
	}
}

static void use_served_file(void)
{
	int fd = open(SERVED_FILE, O_RDWR | (ONE_IN(2) ? O_NONBLOCK : 0));
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT };

	for (unsigned i = 0; i < 20; i++) {
		uint64_t n = ONE_IN(2) ? below(18) : some_length();

		switch (below(6)) {
		case 0:
			poll(&poll_fd, 1, 0);
			break;
		case 1:
			call3(SYS_ioctl, (uint64_t)fd,
			      ONE_IN(2) ? chance() : 0xc0100000 | below(256), some_address());
			break;
		case 2:
			random_call();
			break;
		case 3:
			call3(SYS_write, (uint64_t)fd, some_address(), n);
			break;
		default:
			call3(SYS_read, (uint64_t)fd, some_address(), n);
			break;
		}
	}
}

/* A name, a few servers one after the other, and users of the file. */
void act_served(void)
{
	long receive = make_call(SYS_ipc_create, 0);
	int keeper = ipc_badge((int)receive, 1, ONE_IN(4) ? 0 : IPC_KEEPS);

	make_call(SYS_ipc_name, (uint64_t)keeper);
	for (unsigned i = 0; i < CLIENTS; i++)
		if (call3(SYS_clone, SIGCHLD, 0, 0) == 0) {
			close((int)receive);
			close(keeper);
			use_served_file();
			return;
		}
	for (unsigned i = 0; i < 3 && receive >= 0; i++) {
		be_file_server((int)receive);
		close((int)receive);
		receive = make_call(SYS_ipc_reopen, (uint64_t)keeper);
	}
	if (ONE_IN(2))
		unlink(SERVED_FILE);
}

void ipc_make_ready(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 0, 0);
	char options[32];

	close(receive);
	snprintf(options, sizeof(options), "fd=%d", send);
	if (mount("x", "/hostile", "9p", 0, options) == 0 || errno != EIO)
		exit(3);
	close(send);
}

/* ---- a device ---- */

static uint64_t begin_session(uint64_t argument)
{
	long fd = call3(SYS_ioctl, UIO_FIRST_FD, UIO_SESSION, argument);

	if (fd >= 0)
		call3(SYS_fcntl, (uint64_t)fd, F_SETFL, O_NONBLOCK);
	return (uint64_t)fd;
}

/*
 * Its registers are not for chance: a device that is told so writes to any memory. The memory that it
 * may be told of is.
 */
void act_driver(void)
{
	uint64_t fd = begin_session(0);
	char *at = MAP_FAILED;

	for (unsigned i = 0; i < 20 && (long)fd >= 0; i++) {
		struct uio_dma dma = { .size = ONE_IN(4) ? some_number() : below(16 * PAGE) };
		struct uio_notify notify = { .fd = (int32_t)argument('f'), .bits = chance() };
		long err;

		switch (below(6)) {
		case 5: /* the one before it ends, and may have been another process's */
			call3(SYS_close, fd, 0, 0);
			fd = begin_session(ONE_IN(4) ? some_number() : 0);
			break;
		case 0:
			call3(SYS_ioctl, fd, UIO_INFO,
			      ONE_IN(2) ? some_address() : (uint64_t)STACK);
			break;
		case 1:
			err = call3(SYS_ioctl, fd, UIO_DMA_ALLOC,
				    ONE_IN(6) ? some_address() : (uint64_t)&dma);
			if (err == 0)
				at = mmap(NULL, PAGE, RW, MAP_SHARED, (int)fd, (off_t)dma.offset);
			if (err == 0 && at != MAP_FAILED)
				*at = 1;
			break;
		case 2:
			call3(SYS_ioctl, fd, UIO_NOTIFY,
			      ONE_IN(4) ? some_address() : (uint64_t)&notify);
			break;
		case 3:
			call3(SYS_read, fd, some_address(), ONE_IN(2) ? 4 : some_length());
			break;
		default:
			call3(SYS_write, fd, some_address(), ONE_IN(2) ? 4 : some_length());
		}
	}
	if (ONE_IN(2))
		call3(SYS_clone, SIGCHLD, 0, 0); /* the last descriptor may be the child's */
}
