/* SPDX-License-Identifier: MIT */
/* R231: what a userfaultfd tells of memory that is forked, moved, dropped or unmapped: who waits until it is told, in what order, and what ends it. */
#include "uffd.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define EVENTS                                                                            \
	(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_REMOVE | \
	 UFFD_FEATURE_EVENT_UNMAP)

static char page[2 * PAGE] __attribute__((aligned(4096)));
static int fd;	/* of the part of the test that runs */
static char *p; /* what is registered by it */

/* Reads one message, and says it. */
static struct uffd_msg told(int from)
{
	struct pollfd poll_fd = { .fd = from, .events = POLLIN };
	struct uffd_msg msg;

	if (poll(&poll_fd, 1, NEVER_SECONDS * 1000) != 1 || poll_fd.revents != POLLIN) {
		say("poll: %#x\n", poll_fd.revents);
		_exit(97);
	}
	if (read(from, &msg, sizeof(msg)) != sizeof(msg)) {
		say("read: %s\n", strerrorname_np(errno));
		_exit(97);
	}
	switch (msg.event) {
	case UFFD_EVENT_PAGEFAULT:
		say("  fault at +%#lx\n", (long)(msg.arg.pagefault.address - (uintptr_t)p));
		break;
	case UFFD_EVENT_FORK:
		say("  forked, descriptor: %d\n", (int)msg.arg.fork.ufd > 2);
		break;
	case UFFD_EVENT_REMAP:
		say("  moved from +%#lx to +%#lx, %#lx bytes\n",
		    (long)(msg.arg.remap.from - (uintptr_t)p),
		    (long)(msg.arg.remap.to - (uintptr_t)p), (long)msg.arg.remap.len);
		break;
	default:
		say("  %s +%#lx to +%#lx\n",
		    msg.event == UFFD_EVENT_REMOVE  ? "dropped"
		    : msg.event == UFFD_EVENT_UNMAP ? "unmapped"
						    : "?",
		    (long)(msg.arg.remove.start - (uintptr_t)p),
		    (long)(msg.arg.remove.end - (uintptr_t)p));
	}
	return msg;
}

static void nothing_told(int from)
{
	struct pollfd poll_fd = { .fd = from, .events = POLLIN };

	say("  nothing more: %d\n", poll(&poll_fd, 1, 0));
}

static void until_readable(int from)
{
	struct pollfd poll_fd = { .fd = from, .events = POLLIN };

	MUST(poll(&poll_fd, 1, NEVER_SECONDS * 1000) - 1);
}

static void begin(uint64_t features)
{
	fd = uffd_open(O_NONBLOCK, features);
	p = missing_room(fd);
}

static void fill(const char *at, size_t npages, char byte)
{
	memset(page, byte, PAGE);
	for (size_t i = 0; i < npages; i++)
		MUST(uffd_copy(fd, at + i * PAGE, page, PAGE, 0));
}

static int is_there(const char *at)
{
	unsigned char byte = 9;

	return mincore((void *)at, PAGE, &byte) == 0 ? byte & 1 : -1;
}

/* A call that waits in a thread of its own. */
struct waiting {
	long (*call)(void *arg);
	void *arg;
	long result;
	int error;
	bool forked; /* a child has ended, with this status */
	int status;
};

static void *make_call(void *arg)
{
	struct waiting *waiting = arg;

	waiting->result = waiting->call(waiting->arg);
	waiting->error = errno;
	return NULL;
}

static struct waiting call_made;

static pthread_t calls(long (*call)(void *), void *arg)
{
	call_made = (struct waiting){ .call = call, .arg = arg };
	return start(make_call, &call_made);
}

static void returns(pthread_t thread)
{
	join(thread);
	if (call_made.forked)
		ended("  a child", call_made.status);
	if (call_made.result == -1)
		say("  returns: %s\n", strerrorname_np(call_made.error));
	else
		say("  returns\n");
}

/* ---- features ---- */

static int without_rights(void *arg)
{
	(void)arg;
	if (setuid(1000) != 0)
		return 98;
	fd = uffd_new(O_CLOEXEC | UFFD_USER_MODE_ONLY);
	UFFD(uffd_api(fd, UFFD_FEATURE_EVENT_FORK));
	UFFD(uffd_api(fd, EVENTS & ~UFFD_FEATURE_EVENT_FORK));
	return 0;
}

static void features(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = EVENTS };

	fd = uffd_new(O_CLOEXEC);
	TRY(ioctl(fd, UFFDIO_API, &api));
	say("events: %#lx\n", (long)(api.features & EVENTS));
	close(fd);
	in_child("a user", without_rights, NULL);
}

/* ---- drops ---- */

static long drops(void *arg)
{
	return madvise(p + PAGE, 2 * PAGE, (int)(long)arg);
}

static long drops_all(void *arg)
{
	return madvise(p - 2 * PAGE, ROOM * PAGE, (int)(long)arg);
}

/* The pages are there until it was told, and nobody gives others. */
static void a_drop(const char *what, long (*call)(void *), long advice)
{
	pthread_t thread;

	say("%s\n", what);
	begin(EVENTS);
	fill(p, 4, 'd');
	thread = calls(call, (void *)advice);
	until_readable(fd);
	say("  there: %d %d\n", is_there(p + PAGE), p[PAGE]);
	UFFD(uffd_copy(fd, p + 5 * PAGE, page, PAGE, 0));
	say("  done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, p + 5 * PAGE, page, 0, 0));
	UFFD(uffd_zero(fd, p + 5 * PAGE, PAGE, 0));
	say("  done: %ld\n", (long)uffd_done);
	UFFD(uffd_wake(fd, p, PAGE));
	told(fd);
	returns(thread);
	if (advice == MADV_DONTNEED)
		say("  there: %d %d\n", is_there(p), is_there(p + PAGE));
	UFFD(uffd_copy(fd, p + 5 * PAGE, page, PAGE, 0));
	nothing_told(fd);
	close(fd);
}

/* Advice that drops nothing, or that is refused, is not told of. */
static void no_drops(void)
{
	say("no drop\n");
	begin(EVENTS);
	fill(p, 4, 'd');
	TRY(madvise(p, 0, MADV_DONTNEED));
	TRY(madvise(p, PAGE, MADV_COLD));
	TRY(madvise(p, PAGE, MADV_WILLNEED));
	TRY(madvise(p, PAGE, MADV_REMOVE));
	TRY(mlock(p, PAGE));
	TRY(madvise(p, PAGE, MADV_DONTNEED));
	TRY(madvise(p, PAGE, MADV_FREE));
	nothing_told(fd);
	close(fd);
	begin(EVENTS & ~UFFD_FEATURE_EVENT_REMOVE);
	fill(p, 1, 'd');
	TRY(madvise(p, PAGE, MADV_DONTNEED));
	say("  there: %d\n", is_there(p));
	nothing_told(fd);
	close(fd);
}

static long unmaps(void *arg)
{
	(void)arg;
	return munmap(p + PAGE, 2 * PAGE);
}

/* What is dropped has gone meanwhile. */
static void unmapped_meanwhile(void)
{
	pthread_t thread;

	say("unmapped meanwhile\n");
	begin(UFFD_FEATURE_EVENT_REMOVE);
	fill(p, 4, 'd');
	thread = calls(drops, (void *)MADV_DONTNEED);
	until_readable(fd);
	TRY(munmap(p + PAGE, PAGE));
	told(fd);
	returns(thread);
	say("  there: %d\n", is_there(p + 2 * PAGE));
	close(fd);
}

/* ---- unmappings ---- */

static long unmaps_more(void *arg)
{
	(void)arg;
	return munmap(p - PAGE, (ROOM + 2) * PAGE);
}

static long maps_over(void *arg)
{
	(void)arg;
	return mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0;
}

static long shrinks(void *arg)
{
	(void)arg;
	return mremap(p, ROOM * PAGE, PAGE, 0) == MAP_FAILED ? -1 : 0;
}

/* It is done when it is told. */
static void an_unmapping(const char *what, long (*call)(void *))
{
	pthread_t thread;

	say("%s\n", what);
	begin(EVENTS);
	fill(p, 4, 'u');
	thread = calls(call, NULL);
	until_readable(fd);
	say("  there: %d\n", is_there(p + PAGE));
	UFFD(uffd_copy(fd, p + 5 * PAGE, page, PAGE, 0));
	told(fd);
	returns(thread);
	nothing_told(fd);
	close(fd);
}

/* One message for each descriptor, however many mappings there are. */
static void of_two(void)
{
	pthread_t thread;
	int other;

	say("of two descriptors\n");
	begin(EVENTS);
	other = uffd_open(O_NONBLOCK, EVENTS);
	UFFD(uffd_unregister(fd, p + 4 * PAGE, 4 * PAGE));
	UFFD(uffd_register(other, p + 4 * PAGE, PAGE, UFFDIO_REGISTER_MODE_MISSING));
	UFFD(uffd_register(other, p + 6 * PAGE, PAGE, UFFDIO_REGISTER_MODE_MISSING));
	thread = calls(unmaps_more, NULL);
	told(fd);
	told(other);
	returns(thread);
	nothing_told(fd);
	nothing_told(other);
	close(fd);
	close(other);
}

static long unmaps_brk(void *arg)
{
	return sbrk((intptr_t)arg) == (void *)-1 ? -1 : 0;
}

static void of_the_heap(void)
{
	char *heap = sbrk(0);
	pthread_t thread;

	say("of the heap\n");
	heap += -(uintptr_t)heap & (PAGE - 1);
	TRY(brk(heap + 4 * PAGE));
	fd = uffd_open(O_NONBLOCK, EVENTS);
	p = heap;
	UFFD(uffd_register(fd, p, 4 * PAGE, UFFDIO_REGISTER_MODE_MISSING));
	thread = calls(unmaps_brk, (void *)(-2 * (long)PAGE));
	told(fd);
	returns(thread);
	close(fd);
}

static void no_unmappings(void)
{
	say("not told\n");
	begin(EVENTS & ~UFFD_FEATURE_EVENT_UNMAP);
	TRY(munmap(p + PAGE, PAGE));
	TRY(munmap(p + PAGE, PAGE));
	TRY(mprotect(p + 2 * PAGE, PAGE, PROT_READ));
	nothing_told(fd);
	close(fd);
	begin(EVENTS);
	TRY(munmap(p + 1, PAGE));
	TRY(munmap(p - 4 * PAGE, 4 * PAGE));
	nothing_told(fd);
	close(fd);
}

/* ---- moves ---- */

static const struct move {
	const char *name;
	long from, len, new_len, to; /* in pages; to < 0: anywhere */
	int flags;
} moves[] = {
	{ "a move", 1, 3, 3, 20, MREMAP_MAYMOVE | MREMAP_FIXED },
	{ "a move that grows", 1, 3, 5, 20, MREMAP_MAYMOVE | MREMAP_FIXED },
	{ "a move that shrinks", 1, 3, 2, 20, MREMAP_MAYMOVE | MREMAP_FIXED },
	{ "a move over other memory", 1, 3, 2, 12, MREMAP_MAYMOVE | MREMAP_FIXED },
	{ "a move that leaves the mapping", 1, 3, 3, 20,
	  MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP },
};

static long moves_it(void *arg)
{
	const struct move *move = arg;

	return mremap(p + move->from * PAGE, move->len * PAGE, move->new_len * PAGE, move->flags,
		      p + move->to * PAGE) == MAP_FAILED
		       ? -1
		       : 0;
}

static void *touch(void *at)
{
	return (void *)(long)*(volatile char *)at;
}

static void a_move(const struct move *move, uint64_t features, int nmessages)
{
	char *at;
	pthread_t thread;

	say("%s%s\n", move->name, features & UFFD_FEATURE_EVENT_UNMAP ? ", and unmappings" : "");
	begin(features);
	fill(p + PAGE, 1, 'm');
	thread = calls(moves_it, (void *)move);
	until_readable(fd);
	at = p + move->to * PAGE;
	UFFD(uffd_copy(fd, at + PAGE, page, PAGE, 0));
	while (nmessages--)
		told(fd);
	returns(thread);
	nothing_told(fd);
	say("  there: %d, %c\n", is_there(at), *at);
	thread = start(touch, at + PAGE);
	told(fd);
	UFFD(uffd_copy(fd, at + PAGE, page, PAGE, 0));
	say("  found %c\n", (int)(long)join(thread));
	close(fd);
	munmap(at, 8 * PAGE);
}

static void no_moves(void)
{
	say("no move\n");
	begin(EVENTS);
	TRY(mremap(p, ROOM * PAGE, (ROOM + 2) * PAGE, 0) == p ? 0 : -1); /* grows where it is */
	TRY(mremap(p, PAGE, PAGE, 0) == p ? 0 : -1);
	TRY(mremap(p, 1ul << 20, 1ul << 21, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0);
	nothing_told(fd);
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	close(fd);
	begin(EVENTS & ~(UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_UNMAP));
	fill(p, 1, 'm');
	TRY(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 20 * PAGE) ==
			    MAP_FAILED
		    ? -1
		    : 0);
	nothing_told(fd);
	say("  there: %d, %d\n", is_there(p + 20 * PAGE), p[21 * PAGE]); /* not registered */
	close(fd);
	munmap(p + 20 * PAGE, 2 * PAGE);
}

/* ---- forks ---- */

/* The child reads what the parent gives, and its own faults are told by the new descriptor. */
static long forks(void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid == 0) {
		if (p[0] != 'p')
			_exit(1);
		if (arg && p[PAGE] != 'c')
			_exit(2);
		_exit(arg && p[2 * PAGE] != 0 ? 3 : 7);
	}
	waitpid(pid, &status, 0);
	call_made.status = status;
	call_made.forked = true;
	return 0;
}

static void a_fork(void)
{
	struct uffd_msg msg;
	pthread_t thread;
	int child;

	say("a fork\n");
	begin(EVENTS);
	fill(p, 1, 'p');
	thread = calls(forks, (void *)1);
	until_readable(fd);
	UFFD(uffd_copy(fd, p + PAGE, page, PAGE, 0));
	msg = told(fd);
	child = (int)msg.arg.fork.ufd;
	say("  flags %#x, close on exec %d\n", fcntl(child, F_GETFL) & ~O_LARGEFILE,
	    fcntl(child, F_GETFD));
	UFFD(uffd_api(child, 0));
	told(child);
	page[0] = 'c';
	UFFD(uffd_copy(child, p + PAGE, page, PAGE, 0));
	told(child);
	UFFD(uffd_zero(child, p + 2 * PAGE, PAGE, 0));
	returns(thread);
	UFFD(uffd_zero(child, p + 3 * PAGE, PAGE, 0)); /* its memory is gone */
	say("  in the parent: %d\n", is_there(p + PAGE));
	UFFD(uffd_zero(fd, p + 3 * PAGE, PAGE, 0));
	nothing_told(fd);
	close(child);
	close(fd);
}

/* Nobody wants the child's: it finds zeros. */
static void a_fork_not_wanted(void)
{
	pthread_t thread;

	say("a fork, closed at once\n");
	begin(UFFD_FEATURE_EVENT_FORK);
	fill(p, 1, 'p');
	thread = calls(forks, NULL);
	close((int)told(fd).arg.fork.ufd);
	returns(thread);
	close(fd);
	say("a fork that nobody asks for\n");
	begin(0);
	fill(p, 1, 'p');
	thread = calls(forks, NULL);
	returns(thread);
	nothing_told(fd);
	close(fd);
}

static long forks_twice(void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			_exit(p[PAGE]);
		if (waitpid(pid, &status, 0) != pid || p[PAGE] != 'c')
			_exit(99);
		_exit(WEXITSTATUS(status));
	}
	waitpid(pid, &status, 0);
	call_made.status = status;
	call_made.forked = true;
	return (long)arg;
}

static void nested_forks(void)
{
	pthread_t thread;
	int child, grandchild;

	say("a fork of a child\n");
	begin(UFFD_FEATURE_EVENT_FORK);
	thread = calls(forks_twice, NULL);
	child = (int)told(fd).arg.fork.ufd;
	grandchild = (int)told(child).arg.fork.ufd;
	told(grandchild);
	page[0] = 'g';
	UFFD(uffd_copy(grandchild, p + PAGE, page, PAGE, 0));
	told(child);
	page[0] = 'c';
	UFFD(uffd_copy(child, p + PAGE, page, PAGE, 0));
	returns(thread);
	close(grandchild);
	close(child);
	close(fd);
}

static long forks_other_memory(void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (is_there(p) != -1 || p[2 * PAGE] != 'w')
			_exit(1);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	call_made.status = status;
	call_made.forked = true;
	return (long)arg;
}

/* What the child does not get is not told of, and what it gets empty is. */
static void advised_forks(void)
{
	pthread_t thread;
	int child;

	say("a fork of advised memory\n");
	begin(UFFD_FEATURE_EVENT_FORK);
	fill(p, 3, 'f');
	UFFD(uffd_unregister(fd, p + 2 * PAGE, (ROOM - 2) * PAGE));
	TRY(madvise(p, 2 * PAGE, MADV_DONTFORK));
	p[2 * PAGE] = 'w';
	thread = calls(forks_other_memory, NULL);
	returns(thread);
	nothing_told(fd);
	UFFD(uffd_register(fd, p + 2 * PAGE, PAGE, UFFDIO_REGISTER_MODE_MISSING));
	TRY(madvise(p + 2 * PAGE, PAGE, MADV_WIPEONFORK));
	thread = calls(forks_other_memory, NULL);
	child = (int)told(fd).arg.fork.ufd;
	told(child);
	page[0] = 'w';
	UFFD(uffd_copy(child, p + 2 * PAGE, page, PAGE, 0));
	returns(thread);
	close(child);
	close(fd);
}

/* Without a descriptor for the child, the message stays. */
static void no_descriptor(void)
{
	struct rlimit before, none;
	struct uffd_msg msg;
	pthread_t thread;

	say("no descriptor\n");
	begin(UFFD_FEATURE_EVENT_FORK);
	fill(p, 1, 'p');
	thread = calls(forks, NULL);
	until_readable(fd);
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	TRY(read(fd, &msg, sizeof(msg)));
	setrlimit(RLIMIT_NOFILE, &before);
	close((int)told(fd).arg.fork.ufd);
	returns(thread);
	close(fd);
}

/* ---- order ---- */

static long unmaps_first(void *arg)
{
	(void)arg;
	return munmap(p + PAGE, PAGE);
}

/* Faults are told before events, these in their order, and all at once if there is room. */
static void order(void)
{
	struct uffd_msg msgs[4];
	pthread_t faults, first, second;
	ssize_t n;

	say("order\n");
	begin(EVENTS);
	first = calls(unmaps_first, NULL);
	until_readable(fd);
	while (is_there(p + PAGE) != -1)
		nap(1);
	faults = start(touch, p + 5 * PAGE);
	while (pending_of(fd, false) != 1)
		nap(1);
	told(fd);
	told(fd);
	returns(first);
	UFFD(uffd_zero(fd, p + 5 * PAGE, PAGE, 0));
	join(faults);
	first = calls(unmaps, NULL);
	until_readable(fd);
	faults = start(touch, p + 7 * PAGE);
	while (pending_of(fd, false) != 1)
		nap(1);
	second = start(touch, p + 8 * PAGE);
	while (pending_of(fd, false) != 2)
		nap(1);
	n = read(fd, msgs, sizeof(msgs));
	say("  messages: %ld: %#x %#x %#x\n", (long)n / (long)sizeof(msgs[0]), msgs[0].event,
	    msgs[1].event, msgs[2].event);
	returns(first);
	UFFD(uffd_zero(fd, p + 7 * PAGE, 2 * PAGE, 0));
	join(faults);
	join(second);
	TRY(read(fd, msgs, sizeof(msgs)));
	close(fd);
}

/* ---- ends ---- */

/* A close is an answer to all that wait. */
static void closes(const char *what, long (*call)(void *), void *arg)
{
	pthread_t thread;

	say("%s, closed\n", what);
	begin(EVENTS);
	fill(p, 4, 'p');
	thread = calls(call, arg);
	until_readable(fd);
	close(fd);
	returns(thread);
	say("  there: %d, %d\n", is_there(p), p[5 * PAGE]);
}

/* The child has no descriptors of its own: one of this userfaultfd would keep it open. */
static long forks_with_files(void *arg)
{
	int status;
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(p[0] == 'p' ? p[5 * PAGE] : 1);
	waitpid(pid, &status, 0);
	call_made.status = status;
	call_made.forked = true;
	return (long)arg;
}

/* The process that would read ends; this one has no descriptor any more. */
static void handler_dies(void)
{
	int ends[2];
	pthread_t thread;
	char byte;
	pid_t pid;

	say("handler dies\n");
	if (pipe(ends) != 0)
		_exit(98);
	begin(UFFD_FEATURE_EVENT_UNMAP | UFFD_FEATURE_EVENT_REMOVE);
	pid = fork();
	if (pid == 0) {
		until_readable(fd);
		if (write(ends[1], "r", 1) != 1)
			_exit(98);
		pause();
	}
	close(fd);
	thread = calls(unmaps, NULL);
	if (read(ends[0], &byte, 1) != 1)
		_exit(98);
	kill(pid, SIGKILL);
	returns(thread);
	waitpid(pid, NULL, 0);
}

/* Nobody reads: only a kill ends the call. */
static void is_killed(const char *what, long (*call)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		begin(EVENTS);
		fill(p, 4, 'p');
		signal(SIGTERM, SIG_IGN);
		calls(call, arg);
		until_readable(fd);
		raise(SIGTERM);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	ended(what, status);
}

static int executes(void *arg)
{
	begin(EVENTS);
	fill(p, 4, 'p');
	calls(arg ? forks : unmaps, NULL);
	until_readable(fd);
	execl("/proc/self/exe", "uffd_events", "again", NULL);
	return 1;
}

static int exits(void *arg)
{
	begin(EVENTS);
	fill(p, 4, 'p');
	calls(arg ? forks : drops, (void *)MADV_DONTNEED);
	until_readable(fd);
	return 6;
}

static void signals(int number)
{
	(void)number;
}

/* A signal does not end the wait. */
static void is_signalled(void)
{
	struct sigaction action = { .sa_handler = signals };
	pthread_t thread;

	say("a signal\n");
	sigaction(SIGUSR1, &action, NULL);
	begin(EVENTS);
	thread = calls(unmaps, NULL);
	until_readable(fd);
	pthread_kill(thread, SIGUSR1);
	nap(10); /* that the signal has come is likely by then; nothing depends on it */
	told(fd);
	returns(thread);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		say("%s\n", argv[1]);
		return 5;
	}
	features();
	a_drop("MADV_DONTNEED", drops, MADV_DONTNEED);
	a_drop("MADV_FREE", drops, MADV_FREE);
	a_drop("MADV_DONTNEED of more", drops_all, MADV_DONTNEED);
	no_drops();
	unmapped_meanwhile();
	an_unmapping("munmap", unmaps);
	an_unmapping("munmap of more", unmaps_more);
	an_unmapping("mmap over it", maps_over);
	an_unmapping("mremap that shrinks", shrinks);
	of_two();
	of_the_heap();
	no_unmappings();
	a_move(&moves[0], UFFD_FEATURE_EVENT_REMAP, 1);
	a_move(&moves[0], EVENTS, 2);
	a_move(&moves[1], EVENTS, 2);
	a_move(&moves[2], EVENTS, 3);
	a_move(&moves[3], EVENTS, 4);
	a_move(&moves[4], EVENTS, 1);
	no_moves();
	a_fork();
	a_fork_not_wanted();
	nested_forks();
	advised_forks();
	no_descriptor();
	order();
	closes("drop", drops, (void *)MADV_DONTNEED);
	closes("munmap", unmaps, NULL);
	closes("move", moves_it, (void *)&moves[0]);
	closes("fork", forks_with_files, NULL);
	handler_dies();
	is_killed("drop", drops, (void *)MADV_DONTNEED);
	is_killed("munmap", unmaps, NULL);
	is_killed("move", moves_it, (void *)&moves[0]);
	is_killed("fork", forks, NULL);
	in_child("exec in munmap", executes, NULL);
	in_child("exec in fork", executes, "f");
	in_child("exit in a drop", exits, NULL);
	in_child("exit in fork", exits, "f");
	is_signalled();
	return 0;
}
