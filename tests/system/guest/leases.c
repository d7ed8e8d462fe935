/* SPDX-License-Identifier: MIT */
/* Names and attributes under a lease: how often a server is asked for them, and what each change makes of that (R142). */
/*
 * usage: leases PART...      the parts are at the end
 *        leases own FOLDER   changes of this process's own, in a folder of any file system
 *
 * The server's files are these, in memory that it shares with the test. It counts its requests by type.
 */
#define _GNU_SOURCE
#include "servers/file_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc.h"
#include "asleep.h"
#include "expect.h"
#include "until.h"

#define PAGE  4096ul
#define NAMES 10000u /* of the directory "many" */
#define FEWER 2000u  /* which are more than the kernel keeps of them in 24 MiB */

enum { ROOT, A, B, SUB, X, MANY, NONE = 999, MANY_0 };

/* What the server is told to change, by a pulse with such a bit or in the middle of an answer. */
enum { GROW = 1, REMOVE = 2, TURN = 4, RESET = 8, FORGET_ALL = 16, SILENTLY = 32 };

struct shared {
	unsigned seen[256]; /* requests by type */
	unsigned grants;    /* it grants leases */
	uint64_t is[2];	    /* the files "a" and "b" */
	unsigned version;   /* of A: of its size, times and bytes */
	unsigned told; /* the version that everybody knows: it is revoked what was said before */
	unsigned done; /* pulses that it has done what they say */
	unsigned vanished; /* there is no A any more */
	unsigned denies;   /* it says EIO of a rename that it has made */
	/* the next answer of this type is from before this change, and is sent after it is revoked; 0: none */
	unsigned overtaken, by;
};

static volatile struct shared *shared;

/* ---- the server ---- */

static int receive_end;

static int leases_getattr(void *tree, uint64_t file, struct file_attr *ret)
{
	(void)tree;
	if (file == A && shared->vanished)
		return -ENOENT;
	ret->mode = file == ROOT || file == SUB || file == MANY ? S_IFDIR | 0755 : S_IFREG | 0644;
	ret->nlink = 1;
	ret->lease = shared->grants != 0;
	ret->size = file >= MANY_0 ? file : file == A ? PAGE + shared->version : 100;
	ret->mtime = 1000000 + (file == A ? shared->version : 0);
	return 0;
}

static int leases_walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	char text[8] = "";

	(void)tree;
	memcpy(text, name.data, name.len < 7 ? name.len : 7);
	*ret = NONE;
	if (strcmp(text, "..") == 0)
		*ret = ROOT;
	else if (dir == ROOT && (strcmp(text, "a") == 0 || strcmp(text, "b") == 0))
		*ret = shared->is[text[0] - 'a'];
	else if (dir == ROOT && strcmp(text, "sub") == 0)
		*ret = SUB;
	else if (dir == SUB && strcmp(text, "x") == 0)
		*ret = X;
	else if (dir == ROOT && strcmp(text, "many") == 0)
		*ret = MANY;
	else if (dir == MANY && text[0] == 'f' && strtoul(text + 1, NULL, 10) < NAMES)
		*ret = MANY_0 + strtoul(text + 1, NULL, 10);
	return *ret == NONE ? -ENOENT : 0;
}

static ssize_t leases_read(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			   const void **data)
{
	struct file_attr of = { 0 };

	(void)data;
	(void)leases_getattr(tree, file, &of);
	n = offset >= of.size ? 0 : n < of.size - offset ? n : of.size - offset;
	memset(buf, file == A ? (int)shared->version : 0, n);
	return (ssize_t)n;
}

static const struct file_ops leases_ops = {
	.walk = leases_walk,
	.getattr = leases_getattr,
	.read = leases_read,
};

/* Makes a change, and revokes what was said before it. */
static void change(unsigned what)
{
	bool is_told = !(what & SILENTLY);
	uint64_t was_a = shared->is[0];

	shared->version += (what & GROW) != 0;
	if (what & REMOVE)
		shared->is[0] = NONE;
	if (what & TURN) {
		shared->is[0] = shared->is[1];
		shared->is[1] = was_a;
	}
	if (what & RESET) {
		shared->is[0] = A;
		shared->is[1] = B;
	}
	if (is_told && (what & GROW))
		ipc_revoke(receive_end, A);
	if (is_told && (what & (REMOVE | TURN | RESET)))
		ipc_revoke(receive_end, ROOT);
	if (what & FORGET_ALL)
		ipc_revoke(receive_end, IPC_ALL_FILES);
	shared->told = shared->version;
}

/* What the library does not know: changes that a client asks for. Returns the size of the answer, or 0 if it is another request. */
static ssize_t answer_change(struct file_server *server, size_t n)
{
	struct p9_packet packet = p9_packet(server->request, n);
	struct p9_trenameat rename;
	struct p9_tunlinkat unlink;
	struct p9_header header;

	if (p9_peek(&packet, &header) != 0)
		return 0;
	if (header.type == P9_TUNLINKAT && p9_decode_tunlinkat(&packet, &unlink) == 0) {
		change(p9_string_is(unlink.name, "a") ? REMOVE : 0);
		return p9_encode_runlinkat(server->reply, sizeof(server->reply), header.tag);
	}
	if (header.type == P9_TRENAMEAT && p9_decode_trenameat(&packet, &rename) == 0) {
		change(shared->denies ? TURN | SILENTLY : TURN);
		if (shared->denies)
			return p9_encode_rlerror(server->reply, sizeof(server->reply), header.tag,
						 &(struct p9_rlerror){ EIO });
		return p9_encode_rrenameat(server->reply, sizeof(server->reply), header.tag);
	}
	return 0;
}

static uint64_t answer(struct file_server *server, long rcvid, uint64_t n)
{
	struct file_reply reply = { .head = server->reply };
	unsigned type;

	if (n > sizeof(server->request) ||
	    ipc_read(receive_end, rcvid, server->request, n, 0) != (long)n)
		_exit(8);
	type = server->request[4];
	__atomic_fetch_add(&shared->seen[type], 1, __ATOMIC_RELAXED);
	reply.nhead = (size_t)answer_change(server, n);
	if (!reply.nhead)
		file_server_answer(server, n, &reply);
	if (type == shared->overtaken) {
		shared->overtaken = 0;
		change(shared->by);
	}
	ipc_write(receive_end, rcvid, reply.head, reply.nhead, 0);
	ipc_write(receive_end, rcvid, reply.data, reply.ndata, reply.nhead);
	return reply.nhead + reply.ndata;
}

#define CLIENTS 3 /* badges 1 and 2; 0 is who sends pulses */

static _Noreturn void serve(unsigned nclients)
{
	static struct file_server servers[CLIENTS];
	struct ipc_message m = { 0 };
	long rcvid = 0;

	for (unsigned i = 0; i < CLIENTS; i++) {
		file_server_init(&servers[i], &leases_ops, NULL);
		servers[i].endpoint = receive_end;
	}
	for (;;) {
		rcvid = ipc_reply_receive(receive_end, rcvid, &m, IPC_NEVER);
		if (rcvid == -ESRCH || rcvid == -EINTR)
			rcvid = 0;
		else if (rcvid < 0)
			_exit(9);
		else if (rcvid > 0)
			m.word[0] = answer(&servers[m.badge], rcvid, m.word[0]);
		else if (m.word[0] == IPC_PULSE_CLOSED && --nclients == 0)
			_exit(0);
		else if (m.word[0] == IPC_PULSE_NOTIFIED) {
			change((unsigned)m.word[1]);
			shared->done++;
		}
	}
}

/* ---- the client ---- */

static pid_t server;
static int poke = -1; /* by which the server is told to change something */
static const char *const places[] = { NULL, "/mnt", "/mnt2" };

/* Starts a server of so many clients. Sets the send ends of them. */
static void start_server(unsigned nclients, int send[CLIENTS])
{
	int receive = ipc_create(0);

	if (poke >= 0)
		close(poke);
	poke = ipc_badge(receive, 0, 0);
	for (unsigned i = 1; i <= nclients; i++)
		send[i] = ipc_badge(receive, i, IPC_TELL_CLOSE);
	server = fork();
	if (server == 0) {
		for (int fd = 3; fd < 32; fd++)
			if (fd != receive)
				close(fd);
		receive_end = receive;
		serve(nclients);
	}
	close(receive);
}

static int mount_at(const char *place, int send, unsigned long flags)
{
	char options[64];
	int err;

	snprintf(options, sizeof(options), flags ? "fd=%d" : "fd=%d,timeout=20", send);
	err = mount("server", place, "9p", flags, options) == 0 ? 0 : -errno;
	close(send);
	return err;
}

static void forget_counts(void)
{
	memset((void *)shared->seen, 0, sizeof(shared->seen));
}

static void reset(void)
{
	memset((void *)shared, 0, sizeof(*shared));
	shared->grants = 1;
	shared->is[0] = A;
	shared->is[1] = B;
}

static void start(unsigned nclients)
{
	int send[CLIENTS];

	reset();
	start_server(nclients, send);
	for (unsigned i = 1; i <= nclients; i++)
		expect("mount", 0, mount_at(places[i], send[i], 0));
	forget_counts();
}

/* How many objects of kmalloc() the kernel has. */
static long leases_objects(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[256];
	long sum = 0, n;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "kmalloc-%*d %ld", &n) == 1)
			sum += n;
	if (file)
		fclose(file);
	return sum;
}

/* The kernel keeps nothing of a mount that is gone. What a thread of the kernel's still has on its way back comes soon. */
static void nothing_is_left(void)
{
	static long least = LONG_MAX;
	long n;

	UNTIL("the objects of kmalloc()", (n = leases_objects()) <= least);
	least = n;
}

static void stop(unsigned nclients)
{
	int status = -1;

	for (unsigned i = 1; i <= nclients; i++)
		expect("umount", 0, umount(places[i]));
	UNTIL("the server's end", waitpid(server, &status, WNOHANG) != 0);
	expect("the server's status", 0, status);
	nothing_is_left();
}

/* Has the server make a change, and returns when it is done. */
static void tell(unsigned what)
{
	unsigned before = shared->done;

	expect("pulse", 0, ipc_notify(poke, what));
	UNTIL("a change", shared->done != before);
}

/* Walks, questions for attributes, opens and reads since the last call: not clunks, which follow when they like. */
static unsigned asked(void)
{
	unsigned n = shared->seen[P9_TWALK] + shared->seen[P9_TGETATTR] + shared->seen[P9_TLOPEN] +
		     shared->seen[P9_TREAD];

	forget_counts();
	return n;
}

/* Returns the size, or a negative errno. */
static long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_size : -errno;
}

/* Returns the number that the server has for the file. */
static long file_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_ino - 2 : -errno;
}

/* Opens and closes the file. Returns its first byte, or a negative errno. */
static long byte_of(const char *path)
{
	int fd = open(path, O_RDONLY);
	uint8_t byte = 0;
	long n;

	if (fd < 0)
		return -errno;
	n = pread(fd, &byte, 1, 0);
	close(fd);
	return n == 1 ? byte : -EIO;
}

/* ---- the parts ---- */

static void counts(void)
{
	start(1);
	expect("size", PAGE, size_of("/mnt/a"));
	expect("first byte", 0, byte_of("/mnt/a"));
	expect("size in a directory", 100, size_of("/mnt/sub/x"));
	expect("that something was asked", 1, asked() > 0);
	for (unsigned i = 0; i < 100; i++) {
		expect("size again", PAGE, size_of("/mnt/a"));
		expect("first byte again", 0, byte_of("/mnt/a"));
		expect("size in a directory again", 100, size_of("/mnt/sub/x"));
		expect("access", 0, access("/mnt/sub", X_OK));
	}
	expect("requests for what is known", 0, asked());
	for (unsigned i = 0; i < 10; i++)
		expect("no such name", -ENOENT, size_of("/mnt/none"));
	expect("requests for what is not there", 10, asked());
	stop(1);
	start(1);
	shared->grants = 0;
	tell(FORGET_ALL);
	expect("size without a lease", 100, size_of("/mnt/sub/x"));
	(void)asked();
	for (unsigned i = 0; i < 10; i++)
		expect("size without a lease", 100, size_of("/mnt/sub/x"));
	expect("that each was asked for", 1, asked() >= 20);
	stop(1);
}

static void bytes_are_revoked(void)
{
	for (unsigned i = 1; i <= 20; i++) {
		expect("byte", i - 1, byte_of("/mnt/a"));
		(void)asked();
		tell(GROW);
		expect("size after a change", (long)(PAGE + i), size_of("/mnt/a"));
		expect("that it was asked for", 1, asked() > 0);
		expect("the same", (long)(PAGE + i), size_of("/mnt/a"));
		expect("requests for it", 0, asked());
		expect("byte after a change", i, byte_of("/mnt/a"));
	}
}

static void names_are_revoked(void)
{
	expect("a", A, file_of("/mnt/a"));
	expect("b", B, file_of("/mnt/b"));
	tell(TURN);
	expect("a is b", B, file_of("/mnt/a"));
	expect("b is a", A, file_of("/mnt/b"));
	tell(REMOVE);
	expect("a is gone", -ENOENT, file_of("/mnt/a"));
	expect("no byte of it", -ENOENT, byte_of("/mnt/a"));
	tell(RESET);
	expect("a is back", A, file_of("/mnt/a"));
	expect("b is b", B, file_of("/mnt/b"));
}

static void revoked(void)
{
	start(1);
	bytes_are_revoked();
	names_are_revoked();
	expect("x", X, file_of("/mnt/sub/x"));
	(void)asked();
	tell(FORGET_ALL);
	expect("x again", X, file_of("/mnt/sub/x"));
	expect("that all was asked for", 1, asked() >= 3);
	expect("x once more", X, file_of("/mnt/sub/x"));
	expect("requests for it", 0, asked());
	stop(1);
}

/* Two mounts of one server, which revokes what either of them changes. */
static void another_client(void)
{
	start(2);
	expect("a there", A, file_of("/mnt2/a"));
	expect("a here", A, file_of("/mnt/a"));
	expect("rename", 0, rename("/mnt/b", "/mnt/a"));
	expect("a is b there", B, file_of("/mnt2/a"));
	expect("a is b here", B, file_of("/mnt/a"));
	tell(RESET);
	expect("a there", A, file_of("/mnt2/a"));
	expect("unlink", 0, unlink("/mnt/a"));
	expect("a is gone there", -ENOENT, file_of("/mnt2/a"));
	expect("a is gone here", -ENOENT, file_of("/mnt/a"));
	tell(RESET);
	tell(GROW);
	expect("size there", PAGE + 1, size_of("/mnt2/a"));
	expect("size here", PAGE + 1, size_of("/mnt/a"));
	stop(2);
}

/* Another server has the same numbers of files. What it revokes, and its end, are nothing to the first one's mount. */
static void another_server(void)
{
	volatile struct shared *shared_of_first;
	int send[CLIENTS], poke_of_first;
	pid_t first;

	start(1);
	expect("byte", 0, byte_of("/mnt/a"));
	(void)asked();
	first = server;
	poke_of_first = poke;
	poke = -1;
	shared_of_first = shared;
	shared = (volatile struct shared *)((volatile char *)shared + PAGE);
	reset();
	shared->version = 50;
	start_server(1, send);
	expect("mount", 0, mount_at("/mnt2", send[1], 0));
	expect("byte of the other", 50, byte_of("/mnt2/a"));
	expect("size of the other", PAGE + 50, size_of("/mnt2/a"));
	tell(FORGET_ALL);
	tell(GROW);
	expect("byte of the other", 51, byte_of("/mnt2/a"));
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	close(poke);
	expect("umount", 0, umount2("/mnt2", MNT_DETACH | MNT_FORCE));
	shared = shared_of_first;
	poke = poke_of_first;
	server = first;
	expect("byte", 0, byte_of("/mnt/a"));
	expect("size", PAGE, size_of("/mnt/a"));
	expect("requests for them", 0, asked());
	stop(1);
}

/* The answer to a rename does not say whether it is made: the names are asked for, also without a revocation. */
static void unknown_change(void)
{
	start(1);
	expect("a", A, file_of("/mnt/a"));
	expect("b", B, file_of("/mnt/b"));
	shared->denies = 1;
	expect_error("rename", EIO, rename("/mnt/b", "/mnt/a"));
	expect("b is a", A, file_of("/mnt/b"));
	expect("a is b", B, file_of("/mnt/a"));
	stop(1);
}

static void others(void)
{
	unknown_change();
	another_client();
	another_server();
}

/* An answer that is from before a change, and comes after the revocation, is not kept. */
static void overtaken_by(unsigned type, unsigned by, long expected)
{
	expect("file", A, file_of("/mnt/a"));
	tell(FORGET_ALL);
	shared->by = by;
	shared->overtaken = type;
	(void)size_of("/mnt/a"); /* from before or after it */
	expect("that it was overtaken", 0, shared->overtaken);
	expect("size after it", expected, size_of("/mnt/a"));
	expect("byte after it",
	       expected < 0 ? expected
	       : by & GROW  ? (long)shared->version
			    : 0,
	       byte_of("/mnt/a"));
	tell(RESET);
}

static void overtaken(void)
{
	start(1);
	for (unsigned i = 0; i < 3; i++) {
		overtaken_by(P9_TWALK, REMOVE, -ENOENT);
		overtaken_by(P9_TWALK, TURN, 100);
		overtaken_by(P9_TGETATTR, REMOVE, -ENOENT);
		overtaken_by(P9_TGETATTR, GROW, PAGE + i + 1);
	}
	stop(1);
}

/* A server grants a lease for itself only: the next one may grant none. */
static void next_server_grants_nothing(void)
{
	int send[CLIENTS];

	start(1);
	expect("x", X, file_of("/mnt/sub/x"));
	expect("a", A, file_of("/mnt/a"));
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	shared->grants = 0;
	start_server(1, send);
	expect("attach again", 0, mount_at("/mnt", send[1], MS_REMOUNT));
	expect("a of the next server", A, file_of("/mnt/a"));
	(void)asked();
	for (unsigned i = 0; i < 10; i++)
		expect("a, again", A, file_of("/mnt/a"));
	expect("walks without a lease", 10, shared->seen[P9_TWALK]);
	stop(1);
}

/* Nothing is kept of a server that has ended. */
static void killed(void)
{
	int send[CLIENTS], status = -1;
	pid_t child;

	start(1);
	expect("size", PAGE, size_of("/mnt/a"));
	expect("b", B, file_of("/mnt/b"));
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	shared->version = 7;
	shared->is[1] = NONE;
	child = fork();
	if (child == 0) {
		expect("size by the next server", PAGE + 7, size_of("/mnt/a"));
		expect("byte by it", 7, byte_of("/mnt/a"));
		expect("a name that it does not have", -ENOENT, size_of("/mnt/b"));
		_exit(nwrong != 0);
	}
	until_asleep(&child, 1); /* for the next server */
	start_server(1, send);
	expect("attach again", 0, mount_at("/mnt", send[1], MS_REMOUNT));
	waitpid(child, &status, 0);
	expect("the child's status", 0, status);
	(void)asked();
	expect("size again", PAGE + 7, size_of("/mnt/a"));
	expect("requests for it", 0, asked());
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	expect("umount", 0, umount2("/mnt", MNT_FORCE));
	nothing_is_left();
	next_server_grants_nothing();
}

static unsigned look_at_many(unsigned n)
{
	unsigned wrong = 0;
	char path[32];

	for (unsigned i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/mnt/many/f%05u", i);
		wrong += size_of(path) != (long)(MANY_0 + i);
	}
	return wrong;
}

static void many(void)
{
	start(1);
	expect("wrong sizes", 0, look_at_many(NAMES));
	expect("that they were asked for", 1, asked() >= 2 * NAMES);
	expect("wrong sizes", 0, look_at_many(NAMES));
	expect("requests for them", 0, asked());
	tell(FORGET_ALL);
	expect("wrong sizes", 0, look_at_many(FEWER));
	expect("that they were asked for again", 1, asked() >= 2 * FEWER);
	expect("wrong sizes", 0, look_at_many(FEWER));
	expect("requests for them", 0, asked());
	stop(1);
}

/* Takes all memory, and when it is killed for that, again. */
static _Noreturn void take_memory(void)
{
	setpgid(0, 0);
	for (;;) {
		pid_t one = fork();

		while (one == 0)
			memset(malloc(1 << 20), 1, 1 << 20);
		waitpid(one, NULL, 0);
		usleep(300000); /* a turn of those who look */
	}
}

static void little(void)
{
	unsigned wrong;
	pid_t hog;

	start(1);
	wrong = look_at_many(FEWER);
	hog = fork();
	if (hog == 0)
		take_memory();
	UNTIL("the group of those who take memory", getpgid(hog) == hog);
	for (unsigned i = 0; i < 2; i++)
		wrong += look_at_many(FEWER);
	kill(-hog, SIGKILL);
	waitpid(hog, NULL, 0);
	wrong += look_at_many(FEWER);
	expect("wrong sizes", 0, wrong);
	UNTIL("the end of those who took memory", count_processes() == 3);
	stop(1);
}

/* A server that does not keep what it has promised, or not for long. What it says is wrong; all else goes on. */
static void lies(void)
{
	start(1);
	expect("a", A, file_of("/mnt/a"));
	(void)asked();
	shared->vanished = 1;
	expect("open of what is not there", -ENOENT, byte_of("/mnt/a"));
	expect("that it was not tried for ever", 1, asked() < 40);
	shared->vanished = 0;
	expect("byte of what is there", 0, byte_of("/mnt/a"));
	tell(TURN | SILENTLY);
	expect("what was promised", A, file_of("/mnt/a"));
	expect("rename of what is another one", 0, rename("/mnt/a", "/mnt/b"));
	expect("what is there", 1, file_of("/mnt/a") > 0);
	tell(RESET);
	shared->is[1] = A;
	tell(FORGET_ALL);
	for (unsigned i = 0; i < 10; i++) {
		expect("one name of a file", A, file_of("/mnt/a"));
		expect("the other", A, file_of("/mnt/b"));
	}
	shared->grants = 0;
	tell(FORGET_ALL);
	expect("what it takes back", A, file_of("/mnt/a"));
	(void)asked();
	expect("without a lease", A, file_of("/mnt/a"));
	expect("that it was asked for", 1, asked() > 0);
	expect("revocation by a send end", -EINVAL, ipc_revoke(poke, A));
	expect("by nothing", -EBADF, ipc_revoke(99, A));
	stop(1);
}

#define LOOKERS 4
#define STORM	300 /* changes */

/* Looks all the time, and never sees what was revoked before. */
static _Noreturn void look(void)
{
	char name[32];

	for (unsigned i = 0; shared->told < STORM; i++) {
		unsigned told = shared->told;
		long byte;

		snprintf(name, sizeof(name), "/mnt/many/f%05u", i % 50);
		if (size_of("/mnt/a") < (long)(PAGE + told))
			_exit(1);
		told = shared->told;
		byte = byte_of("/mnt/a");
		if (byte < 0 || (uint8_t)(byte - (long)told) > shared->version - told) {
			expect("byte of this version or a later one", (uint8_t)told, byte);
			_exit(2);
		}
		if (size_of(name) != (long)(MANY_0 + i % 50))
			_exit(3);
	}
	_exit(0);
}

static void storm(void)
{
	pid_t lookers[LOOKERS];
	int status;

	start(1);
	for (unsigned i = 0; i < LOOKERS; i++) {
		lookers[i] = fork();
		if (lookers[i] == 0)
			look();
	}
	for (unsigned i = 0; i < STORM; i++)
		tell(i % 8 == 0 ? GROW | FORGET_ALL : GROW);
	for (unsigned i = 0; i < LOOKERS; i++) {
		waitpid(lookers[i], &status, 0);
		expect("a looker's status", 0, status);
	}
	stop(1);
}

/* ---- changes of this process's own ---- */

static const char *folder;

/* Returns a path in the folder, of which there are four at a time. */
static const char *at(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned n;
	char *path = paths[n++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", folder, name);
	return path;
}

static struct stat look_at(const char *name)
{
	struct stat st = { 0 }, again = { 0 };

	expect(name, 0, stat(at(name), &st) == 0 ? 0 : errno);
	expect(name, 0, stat(at(name), &again) == 0 ? 0 : errno);
	expect("size, again", st.st_size, again.st_size);
	expect("links, again", (long)st.st_nlink, (long)again.st_nlink);
	return again;
}

static void own_sizes(void)
{
	int fd = open(at("f"), O_CREAT | O_EXCL | O_RDWR, 0644);
	struct stat st;
	char *mem;

	expect("create", 1, fd >= 0);
	expect("size of a new file", 0, look_at("f").st_size);
	for (unsigned i = 1; i <= 20; i++) {
		expect("write", 5, write(fd, "abcde", 5));
		expect("size while it is open", 5 * i, look_at("f").st_size);
		expect("fstat", 0, fstat(fd, &st));
		expect("its size", 5 * i, st.st_size);
	}
	close(fd);
	expect("size when it is closed", 100, look_at("f").st_size);
	fd = open(at("f"), O_WRONLY | O_APPEND);
	expect("append", 3, write(fd, "xyz", 3));
	close(fd);
	expect("size after that", 103, look_at("f").st_size);
	expect("truncate", 0, truncate(at("f"), 7));
	expect("size after that", 7, look_at("f").st_size);
	fd = open(at("f"), O_RDWR);
	expect("size that is open", 7, look_at("f").st_size);
	expect("ftruncate", 0, ftruncate(fd, 9000));
	expect("size after that", 9000, look_at("f").st_size);
	mem = mmap(NULL, 9000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	mem[8999] = 1;
	expect("size of what is mapped", 9000, look_at("f").st_size);
	munmap(mem, 9000);
	expect("size of what was", 9000, look_at("f").st_size);
	fd = open(at("f"), O_WRONLY | O_TRUNC);
	expect("size of what is emptied", 0, look_at("f").st_size);
	close(fd);
	expect("size of what was", 0, look_at("f").st_size);
}

static void own_attributes(void)
{
	const struct timespec times[] = { { 1000, 0 }, { 2000, 0 } };

	expect("chmod", 0, chmod(at("f"), 0600));
	expect("mode", 0600, look_at("f").st_mode & 07777);
	expect("chmod", 0, chmod(at("f"), 0644));
	expect("mode", 0644, look_at("f").st_mode & 07777);
	expect("utimensat", 0, utimensat(AT_FDCWD, at("f"), times, 0));
	expect("time", 2000, look_at("f").st_mtim.tv_sec);
}

static void own_names(void)
{
	ino_t inode = look_at("f").st_ino;
	char text[8] = "";
	int fd;

	expect("link", 0, link(at("f"), at("g")));
	expect("links", 2, (long)look_at("f").st_nlink);
	expect("links of the other name", 2, (long)look_at("g").st_nlink);
	expect("unlink", 0, unlink(at("f")));
	expect_error("the name", ENOENT, access(at("f"), F_OK));
	expect("links of what is left", 1, (long)look_at("g").st_nlink);
	expect("rename", 0, rename(at("g"), at("h")));
	expect_error("the old name", ENOENT, access(at("g"), F_OK));
	expect("the file", 1, look_at("h").st_ino == inode);
	close(open(at("k"), O_CREAT | O_WRONLY, 0644));
	expect("that it is another one", 1, look_at("k").st_ino != inode);
	expect("rename over it", 0, rename(at("h"), at("k")));
	expect("the file", 1, look_at("k").st_ino == inode);
	expect("a second name", 0, link(at("k"), at("l")));
	fd = open(at("k"), O_RDONLY);
	expect("links", 2, (long)look_at("l").st_nlink);
	expect("unlink of what is open", 0, unlink(at("k")));
	expect_error("its name", ENOENT, access(at("k"), F_OK));
	(void)look_at("l");
	close(fd);
	expect("links of what is left", 1, (long)look_at("l").st_nlink);
	expect("unlink", 0, unlink(at("l")));
	expect("symlink", 0, symlink("one", at("s")));
	expect("its target", 3, readlink(at("s"), text, sizeof(text)));
	expect("unlink", 0, unlink(at("s")));
	expect("another", 0, symlink("other", at("s")));
	expect("its target", 5, readlink(at("s"), text, sizeof(text)));
	expect("unlink", 0, unlink(at("s")));
}

static void own_folders(void)
{
	struct stat before = look_at(".");

	for (unsigned i = 0; i < 3; i++) {
		expect("mkdir", 0, mkdir(at("d"), 0755));
		expect("links of the folder", (long)before.st_nlink + (before.st_nlink > 1),
		       (long)look_at(".").st_nlink);
		close(open(at("d/x"), O_CREAT | O_WRONLY, 0644));
		expect("size", 0, look_at("d/x").st_size);
		expect("rename of a folder", 0, rename(at("d"), at("e")));
		expect_error("the old path", ENOENT, access(at("d/x"), F_OK));
		expect("size by the new path", 0, look_at("e/x").st_size);
		expect("unlink", 0, unlink(at("e/x")));
		expect("rmdir", 0, rmdir(at("e")));
		expect_error("the folder", ENOENT, access(at("e"), F_OK));
		expect("links of the one above", (long)before.st_nlink,
		       (long)look_at(".").st_nlink);
	}
}

/* Many names, each of which comes, is looked at, and goes. */
static void own_many(void)
{
	unsigned wrong = 0;
	char name[16];

	for (unsigned i = 0; i < 3 * 500; i++) {
		snprintf(name, sizeof(name), "n%u", i % 500);
		if (i / 500 == 0)
			close(open(at(name), O_CREAT | O_EXCL | O_WRONLY, 0644));
		else if (i / 500 == 1)
			wrong += truncate(at(name), i) != 0 || look_at(name).st_size != i;
		else
			wrong += unlink(at(name)) != 0 || access(at(name), F_OK) == 0;
	}
	expect("wrong names", 0, wrong);
}

static void own(void)
{
	own_sizes();
	own_attributes();
	own_names();
	own_folders();
	own_many();
}

static const struct part {
	const char *name;
	void (*run)(void);
} parts[] = { { "counts", counts }, { "revoked", revoked },
	      { "others", others }, { "overtaken", overtaken },
	      { "killed", killed }, { "many", many },
	      { "little", little }, { "lies", lies },
	      { "storm", storm },   { "own", own } };

static void run_part(const char *name)
{
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(parts[i].name, name) == 0)
			parts[i].run();
}

int main(int argc, char **argv)
{
	shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	mkdir("/mnt", 0755);
	mkdir("/mnt2", 0755);
	if (argc == 3 && strcmp(argv[1], "own") == 0) {
		folder = argv[2];
		own();
	} else {
		start(2); /* what the kernel keeps once there were mounts */
		stop(2);
		for (int i = 1; i < argc; i++)
			run_part(argv[i]);
	}
	if (nwrong == 0)
		puts("leases: ok");
	return nwrong != 0;
}
