/* SPDX-License-Identifier: MIT */
/* Objects whose pages a server supplies: each answer, and each way in which one fails to come (R147). */
/*
 * This process is the server. The clients are children: each touches pages, and ends with a status or by SIGBUS.
 */
#define _GNU_SOURCE
#include "expect.h"
#include "lib/ipc.h"
#include "nofile.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096ul
#define NPAGES	64ul
#define BADGE	7
#define READS	4 /* of an object, at a time */
#define CLIENTS 7

static int receive, send, object;
static char bytes[2 * PAGE];

static void open_object(uint64_t size)
{
	receive = ipc_create(0);
	send = ipc_badge(receive, BADGE, 0);
	object = ipc_object(send, size, 0);
	expect("an object", 1, object >= 0);
}

static void close_object(void)
{
	close(object);
	close(send);
	close(receive);
}

static char *map_with(int prot, int flags)
{
	return mmap(NULL, NPAGES * PAGE, prot, flags, object, 0);
}

static char *map(void)
{
	return map_with(PROT_READ, MAP_SHARED);
}

/* A client has no receive end: it cannot answer itself. */
static pid_t start(int (*client)(unsigned long), unsigned long arg)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(receive);
		_exit(client(arg));
	}
	return pid;
}

/* Returns the status of a client, or the negative number of the signal that has killed it. */
static int end(pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Receives the call for a page, which is to be that one. Returns its rcvid. */
static long receive_page(uint64_t index)
{
	struct ipc_message m = { 0 };
	long rcvid = ipc_receive(receive, &m, IPC_NEVER);

	expect("a call", 1, rcvid > 0);
	expect("what it asks for", IPC_READ_PAGE, (long)m.word[0]);
	expect("the index", (long)index, (long)m.word[1]);
	expect("how many", 1, (long)m.word[2]);
	expect("the badge", BADGE, (long)m.badge);
	return rcvid;
}

static long answer(long rcvid, uint64_t count)
{
	struct ipc_message m = { { count }, 0 };

	return ipc_reply(receive, rcvid, &m);
}

static void supply(uint64_t index)
{
	long rcvid = receive_page(index);

	memset(bytes, (int)index + 1, PAGE);
	expect("write", PAGE, ipc_write(receive, rcvid, bytes, PAGE, 0));
	expect("reply", 0, answer(rcvid, PAGE));
}

static void expect_no_call(const char *what)
{
	struct ipc_message m = { 0 };

	expect(what, -ETIMEDOUT, ipc_receive(receive, &m, IPC_NOW));
}

/* Is that page as supply() has it? */
static int look(unsigned long index)
{
	return map()[index * PAGE] == (char)(index + 1) ? 0 : 1;
}

static int touch(unsigned long index)
{
	return *(volatile char *)(map() + index * PAGE);
}

/* ---- what the server may answer ---- */

static const struct answer {
	const char *what;
	long at, n; /* what is written */
	uint64_t count;
	int status;
} answers[] = {
	{ "a whole page", 0, PAGE, PAGE, 0 },
	{ "more than a page", 0, 2 * PAGE, PAGE, 0 },
	{ "a part", 0, 100, 100, 0 },
	{ "one byte", 0, 1, 1, 0 },
	{ "less than was written", 0, PAGE, 10, 0 },
	{ "nothing", 0, 0, 0, -SIGBUS },
	{ "nothing of what was written", 0, PAGE, 0, -SIGBUS },
	{ "more than was written", 0, 100, 101, -SIGBUS },
	{ "more than there is room for", 0, PAGE, PAGE + 1, -SIGBUS },
	{ "what was not written", 0, 0, PAGE, -SIGBUS },
	{ "a gap", 100, 100, 200, -SIGBUS },
	{ "an error", 0, PAGE, -EIO, -SIGBUS },
};

/* Has the page the bytes of the answer, and zeros behind them? */
static int check(unsigned long index)
{
	const char *page = map() + index * PAGE;

	for (size_t i = 0; i < PAGE; i++)
		if (page[i] != (i < answers[index].count ? 0x5a : 0))
			return 1;
	return 0;
}

/* Frames that become free have had bytes of another program. */
static void leave_secrets(void)
{
	char *secrets =
		mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(secrets, 0xa5, 4 << 20);
	munmap(secrets, 4 << 20);
}

static void each_answer(void)
{
	open_object(NPAGES * PAGE);
	leave_secrets();
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct answer *a = &answers[i];
		pid_t pid = start(check, i);
		long rcvid = receive_page(i), room = (long)PAGE - a->at;

		memset(bytes, 0x5a, sizeof(bytes));
		expect("there is nothing to read", 0, ipc_read(receive, rcvid, bytes, PAGE, 0));
		expect(a->what, a->n < room ? a->n : room,
		       ipc_write(receive, rcvid, bytes, (uint64_t)a->n, (uint64_t)a->at));
		expect(a->what, 0, answer(rcvid, a->count));
		expect("a second answer", -ESRCH, answer(rcvid, PAGE));
		expect("a late write", -ESRCH, ipc_write(receive, rcvid, bytes, PAGE, 0));
		expect(a->what, a->status, end(pid));
	}
	close_object();
}

/* What failed is asked for again. What has come is not, but for what was dropped. */
static int twice(unsigned long index)
{
	char *at = map() + index * PAGE;

	(void)*(volatile char *)at;
	madvise(at, PAGE, MADV_PAGEOUT);
	return *(volatile char *)at;
}

static void asked_again(void)
{
	pid_t pid;

	open_object(NPAGES * PAGE);
	pid = start(touch, 3);
	expect("a refusal", 0, answer(receive_page(3), 0));
	expect("refused", -SIGBUS, end(pid));
	pid = start(look, 3);
	supply(3);
	expect("supplied", 0, end(pid));
	expect("in memory", 0, end(start(look, 3)));
	expect_no_call("a page that is in memory");
	pid = start(twice, 5);
	supply(5);
	supply(5);
	expect("supplied twice", 6, end(pid));
	close_object();
}

/* The end of the object is within its second page. */
static int behind_the_end(unsigned long index)
{
	const char *page = map() + index * PAGE;

	for (size_t i = 0; i < PAGE; i++)
		if (page[i] != (i < 100 ? (char)(index + 1) : 0))
			return 1;
	return 0;
}

static void the_end_of_the_object(void)
{
	struct stat st;
	pid_t pid;

	open_object(PAGE + 100);
	expect("fstat", 0, fstat(object, &st));
	expect("the size", PAGE + 100, st.st_size);
	pid = start(behind_the_end, 1);
	supply(1);
	expect("zeros behind the end", 0, end(pid));
	expect("beyond the end", -SIGBUS, end(start(touch, 2)));
	expect_no_call("a page beyond the end");
	close_object();
}

/* ---- who does not answer ---- */

static void the_server_is_gone(void)
{
	pid_t first, second;

	open_object(NPAGES * PAGE);
	first = start(look, 0);
	supply(0);
	expect("supplied", 0, end(first));
	first = start(touch, 1);
	receive_page(1);
	second = start(touch, 2);
	close(receive);
	expect("received", -SIGBUS, end(first));
	expect("queued or later", -SIGBUS, end(second));
	expect("later", -SIGBUS, end(start(touch, 3)));
	expect("in memory", 0, end(start(look, 0)));
	close(object);
	close(send);
}

static void handler(int sig)
{
	_exit(sig);
}

static int touch_with_handler(unsigned long index)
{
	signal(SIGUSR1, handler);
	return touch(index);
}

/* The page comes although the client that has asked for it is gone. */
static void the_client_is_gone(void)
{
	pid_t pid;
	long rcvid;

	open_object(NPAGES * PAGE);
	pid = start(touch_with_handler, 1);
	receive_page(1);
	kill(pid, SIGUSR1);
	expect("a handler", SIGUSR1, end(pid));
	pid = start(touch, 2);
	rcvid = receive_page(2);
	kill(pid, SIGKILL);
	expect("killed", -SIGKILL, end(pid));
	memset(bytes, 3, PAGE);
	expect("write", PAGE, ipc_write(receive, rcvid, bytes, PAGE, 0));
	expect("reply", 0, answer(rcvid, PAGE));
	expect("the page", 0, end(start(look, 2)));
	close_object();
}

/* Tells by the pipe that it runs. */
static int told;

static int tell_and_touch(unsigned long index)
{
	close(object);
	return write(told, "", 1) == 1 ? touch(index) : 9;
}

/* Calls are taken back when the object has no users any more: the server's descriptor was the last but for the client's. */
static void nobody_has_the_object(void)
{
	int pipes[2];
	long rcvid;
	pid_t pid;
	char byte;

	open_object(NPAGES * PAGE);
	pid = start(touch, 1);
	rcvid = receive_page(1);
	close(object);
	expect("it is mapped", 0, ipc_write(receive, rcvid, bytes, 0, 0));
	kill(pid, SIGKILL);
	end(pid);
	expect("a late write", -ESRCH, ipc_write(receive, rcvid, bytes, PAGE, 0));
	expect("a late reply", -ESRCH, answer(rcvid, PAGE));

	object = ipc_object(send, PAGE, 0);
	expect("pipe", 0, pipe(pipes));
	told = pipes[1];
	pid = start(tell_and_touch, 0);
	close(object);
	expect("it runs", 1, read(pipes[0], &byte, 1));
	kill(pid, SIGKILL);
	end(pid);
	expect_no_call("of the dead");
	close(pipes[0]);
	close(pipes[1]);
	close(send);
	close(receive);
}

/* ---- who asks for its own page ---- */

/* The only server touches a page: of its own accord, or one that another process has asked for already. */
static int serve_itself(unsigned long first)
{
	open_object(NPAGES * PAGE);
	if (first) {
		start(touch, 0);
		receive_page(0);
	}
	return touch(0);
}

static int copy_from_itself(unsigned long arg)
{
	int pipes[2];

	(void)arg;
	open_object(NPAGES * PAGE);
	if (pipe(pipes) != 0)
		return 1;
	return write(pipes[1], map(), 1) == -1 && errno == EFAULT ? 0 : 2;
}

static void pages_of_its_own(void)
{
	receive = send = object = -1;
	expect("its own page", -SIGBUS, end(start(serve_itself, 0)));
	expect("one that is under way", -SIGBUS, end(start(serve_itself, 1)));
	expect("by a system call", 0, end(start(copy_from_itself, 0)));
}

/* ---- mappings ---- */

static int store_privately(unsigned long index)
{
	char *mine = map_with(PROT_READ | PROT_WRITE, MAP_PRIVATE) + index * PAGE;
	pid_t child;

	mine[1] = 77;
	child = fork();
	if (child == 0) {
		mine[1] = 78;
		_exit(mine[0] == (char)(index + 1) && look(index) == 0 ? 5 : 6);
	}
	return end(child) == 5 && mine[1] == 77 && map()[index * PAGE + 1] == (char)(index + 1);
}

static void no_stores_to_the_object(void)
{
	char *at, byte = 0;
	pid_t pid;

	open_object(NPAGES * PAGE);
	errno = 0;
	expect("a shared mapping for writing", 1,
	       map_with(PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED && errno == EACCES);
	at = map();
	expect_error("mprotect", EACCES, mprotect(at, PAGE, PROT_READ | PROT_WRITE));
	munmap(at, NPAGES * PAGE);
	expect_error("write", EBADF, write(object, &byte, 1));
	expect_error("read", EINVAL, read(object, &byte, 1));
	expect_error("ftruncate", EINVAL, ftruncate(object, 0));
	pid = start(store_privately, 4);
	supply(4);
	expect("private stores", 1, end(pid));
	expect_no_call("a page that is in memory");
	close_object();
}

/* More clients than an object has reads: those that wait go on when others have their pages. */
static void many_at_once(void)
{
	struct ipc_message m = { 0 };
	long rcvid[READS];
	uint64_t index[READS];
	pid_t pids[CLIENTS];

	open_object(NPAGES * PAGE);
	for (unsigned i = 0; i < CLIENTS; i++)
		pids[i] = start(look, i);
	for (unsigned i = 0; i < READS; i++) {
		rcvid[i] = ipc_receive(receive, &m, IPC_NEVER);
		index[i] = m.word[1];
	}
	expect_no_call("all reads are under way");
	for (unsigned i = READS; i-- > 0;) {
		memset(bytes, (int)index[i] + 1, PAGE);
		ipc_write(receive, rcvid[i], bytes, PAGE, 0);
		answer(rcvid[i], PAGE);
	}
	for (unsigned i = READS; i < CLIENTS; i++) {
		rcvid[0] = ipc_receive(receive, &m, IPC_NEVER);
		memset(bytes, (int)m.word[1] + 1, PAGE);
		ipc_write(receive, rcvid[0], bytes, PAGE, 0);
		answer(rcvid[0], PAGE);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		expect("one of many", 0, end(pids[i]));
	close_object();
}

/* ---- the call itself ---- */

static void bad_arguments(void)
{
	open_object(PAGE);
	expect("a flag", -EINVAL, ipc_object(send, PAGE, 1));
	expect("no descriptor", -EBADF, ipc_object(99, PAGE, 0));
	expect("a receive end", -EINVAL, ipc_object(receive, PAGE, 0));
	expect("another object", -EINVAL, ipc_object(object, PAGE, 0));
	expect("no bytes", -EINVAL, ipc_object(send, 0, 0));
	expect("too many", -EINVAL, ipc_object(send, 1ul << 63, 0));
	close_object();
}

/* Each object has room in the memory for open files, as long as anybody has it. */
static void too_many_objects(void)
{
	static int many[2000];
	unsigned n = 0;

	open_object(PAGE);
	while (n < 2000 && (many[n] = ipc_object(send, PAGE, 0)) >= 0)
		n++;
	expect("one too many", -ENFILE, n < 2000 ? many[n] : 0);
	while (n)
		close(many[--n]);
	n = (unsigned)ipc_object(send, PAGE, 0);
	expect("one again", 1, (int)n >= 0);
	close((int)n);
	close_object();
}

static void no_descriptor_left(void)
{
	int fds[300], n = 0;

	allow_files(256);
	open_object(PAGE);
	while (n < 300 && (fds[n] = dup(receive)) >= 0)
		n++;
	expect("in a full table", -EMFILE, ipc_object(send, PAGE, 0));
	while (n)
		close(fds[--n]);
	close_object();
}

int main(void)
{
	each_answer();
	asked_again();
	the_end_of_the_object();
	the_server_is_gone();
	the_client_is_gone();
	nobody_has_the_object();
	pages_of_its_own();
	no_stores_to_the_object();
	many_at_once();
	bad_arguments();
	too_many_objects();
	no_descriptor_left();
	if (nwrong == 0)
		puts("pager: ok");
	return nwrong != 0;
}
