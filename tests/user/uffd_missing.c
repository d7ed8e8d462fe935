/* SPDX-License-Identifier: MIT */
/* R230: faults in memory that is registered as missing: what the message says, who waits, what lets it go on. */
#include "uffd.h"

static char page[PAGE] __attribute__((aligned(4096)));
static pthread_barrier_t both;

/* A thread that touches memory, and what came of it. */
struct toucher {
	volatile char *at;
	int writes; /* what it writes; 0: it reads */
	int found;  /* what it reads then */
	pid_t tid;
};

static void *touch(void *arg)
{
	struct toucher *toucher = arg;

	toucher->tid = (pid_t)syscall(SYS_gettid);
	if (toucher->writes)
		*toucher->at = (char)toucher->writes;
	toucher->found = *toucher->at;
	return NULL;
}

static void copies(void)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd);
	struct toucher reader = { .at = p + PAGE + 5 },
		       writer = { .at = p + 3 * PAGE + 9, .writes = 'w' };
	pthread_t thread = start(touch, &reader);
	struct uffd_msg msg = next_message(fd, p);

	say("zero: %d\n", msg.arg.pagefault.feat.ptid == 0 && msg.reserved1 == 0 &&
				  msg.reserved2 == 0 && msg.reserved3 == 0);
	memset(page, 'c', sizeof(page));
	UFFD(uffd_copy(fd, p + PAGE, page, PAGE, 0));
	join(thread);
	say("found %c\n", reader.found);
	thread = start(touch, &writer);
	next_message(fd, p);
	UFFD(uffd_copy(fd, p + 3 * PAGE, page, PAGE, 0));
	join(thread);
	say("found %c beside %c\n", writer.found, p[3 * PAGE + 8]);
	close(fd);
}

static void zeros(void)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd);
	struct toucher writer = { .at = p, .writes = 'w' }, reader = { .at = p + PAGE };
	pthread_t thread = start(touch, &writer);

	next_message(fd, p);
	UFFD(uffd_zero(fd, p, 2 * PAGE, 0));
	join(thread);
	say("found %c, then %d\n", writer.found, p[1]);
	touch(&reader);
	say("found %d\n", reader.found);
	close(fd);
}

/* What is there does not wake, if it shall not. What was woken for nothing faults once more. */
static void wakes(void)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd);
	struct toucher reader = { .at = p + PAGE };
	pthread_t thread = start(touch, &reader);

	next_message(fd, p);
	UFFD(uffd_wake(fd, p, PAGE)); /* not there */
	UFFD(uffd_wake(fd, p + PAGE, PAGE));
	next_message(fd, p);
	UFFD(uffd_copy(fd, p + PAGE, page, PAGE, UFFDIO_COPY_MODE_DONTWAKE));
	UFFD(uffd_copy(fd, p + PAGE, page, PAGE, 0)); /* there is one: nobody is woken */
	UFFD(uffd_wake(fd, p + PAGE, PAGE));
	join(thread);
	say("found %c\n", reader.found);
	close(fd);
}

/* Two threads at one page send two messages, and one copy lets both go on. */
static void two_at_one_page(void)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd);
	struct toucher first = { .at = p }, second = { .at = p + 1 };
	pthread_t threads[2] = { start(touch, &first), start(touch, &second) };
	struct uffd_msg both_of_them[3];

	while (pending_of(fd, false) != 2)
		nap(1);
	say("at once: %d\n",
	    (int)(read(fd, both_of_them, sizeof(both_of_them)) / (ssize_t)sizeof(struct uffd_msg)));
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	join(threads[0]);
	join(threads[1]);
	say("found %c %c\n", first.found, second.found);
	close(fd);
}

/* What a thread's calls have come to. */
static long by_kernel[2];

static void *copy_by_kernel(void *arg)
{
	char *p = arg, got[8] = { 0 };
	int ends[2], file = memfd_create("in", 0);

	if (pipe(ends) != 0 || write(file, "in", 2) != 2)
		_exit(98);
	by_kernel[0] = pread(file, p + PAGE, 2, 0);
	by_kernel[1] = write(ends[1], p, 4);
	return read(ends[0], got, 4) == 4 && memcmp(got, page, 4) == 0 ? arg : NULL;
}

static void kernel_waits(void)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd);
	pthread_t thread = start(copy_by_kernel, p);

	next_message(fd, p);
	UFFD(uffd_copy(fd, p + PAGE, page, PAGE, 0));
	next_message(fd, p);
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	say("right: %d\n", join(thread) == p);
	say("%ld %ld, in memory %.3s\n", by_kernel[0], by_kernel[1], p + PAGE);
	close(fd);
}

static void user_mode_only(void)
{
	int fd = uffd_open(UFFD_USER_MODE_ONLY, 0), ends[2];
	char *p = missing_room(fd);
	struct toucher reader = { .at = p };
	pthread_t thread;

	if (pipe(ends) != 0)
		_exit(98);
	TRY(write(ends[1], p, 4));
	thread = start(touch, &reader);
	next_message(fd, p);
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	join(thread);
	TRY(write(ends[1], p, 4));
	close(fd);
}

/* The descriptor goes, or the registration, or the memory. */
static void ends_of_a_wait(void)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd);
	struct toucher reader = { .at = p + PAGE, .found = 9 };
	pthread_t thread = start(touch, &reader);

	next_message(fd, p);
	close(fd);
	join(thread);
	say("closed: %d\n", reader.found);
	fd = uffd_open(0, 0);
	p = missing_room(fd);
	reader = (struct toucher){ .at = p + PAGE, .found = 9 };
	thread = start(touch, &reader);
	next_message(fd, p);
	UFFD(uffd_unregister(fd, p + PAGE, PAGE));
	join(thread);
	say("not registered: %d\n", reader.found);
	thread = start(touch, &(struct toucher){ .at = p });
	next_message(fd, p);
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	join(thread);
	close(fd);
}

static int unmap_under_it(void *arg)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd);

	(void)arg;
	start(touch, &(struct toucher){ .at = p });
	next_message(fd, p);
	munmap(p, PAGE);
	uffd_wake(fd, p, PAGE);
	pause();
	return 0;
}

/* A thread reads; its fault is told, and a copy answers it. */
static void read_and_copy(int fd, char *base, char *at)
{
	struct toucher reader = { .at = at };
	pthread_t thread = start(touch, &reader);

	next_message(fd, base);
	UFFD(uffd_copy(fd, at, page, PAGE, 0));
	join(thread);
	say("found %c\n", reader.found);
}

static void who_and_where(void)
{
	int fd = uffd_open(0, UFFD_FEATURE_THREAD_ID | UFFD_FEATURE_EXACT_ADDRESS);
	char *p = missing_room(fd);
	struct toucher reader = { .at = p + 2 * PAGE + 77 };
	pthread_t thread = start(touch, &reader);
	struct uffd_msg msg = next_message(fd, p);

	say("its number: %d\n", (pid_t)msg.arg.pagefault.feat.ptid == reader.tid);
	UFFD(uffd_copy(fd, p + 2 * PAGE, page, PAGE, 0));
	join(thread);
	close(fd);
}

static void caught(int sig, siginfo_t *info, void *context)
{
	(void)context;
	say("SIG%s code %d at +%#lx\n", sigabbrev_np(sig), info->si_code,
	    (long)((char *)info->si_addr - (room_at - 2 * ROOM * PAGE)));
	if (sig == SIGBUS)
		_exit(7);
}

static int by_signal(void *arg)
{
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_SIGBUS), ends[2];
	char *p = missing_room(fd);

	(void)arg;
	sigaction(SIGBUS, &action, NULL);
	if (pipe(ends) != 0)
		_exit(98);
	TRY(write(ends[1], p, 4));
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	TRY(write(ends[1], p, 4));
	return p[PAGE + 3];
}

/* A signal is taken meanwhile, and the access begins anew. */
static void *touch_with_signal(void *arg)
{
	pthread_barrier_wait(&both);
	return touch(arg);
}

static void on_signal(int sig)
{
	(void)sig;
	say("a signal\n");
}

static void signal_meanwhile(void)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd);
	struct toucher reader = { .at = p };
	pthread_t thread;

	signal(SIGUSR1, on_signal);
	pthread_barrier_init(&both, NULL, 2);
	thread = start(touch_with_signal, &reader);
	pthread_barrier_wait(&both);
	next_message(fd, p);
	pthread_kill(thread, SIGUSR1);
	next_message(fd, p);
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	join(thread);
	say("found %c\n", reader.found);
	close(fd);
}

static int killed_meanwhile(void *arg)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd);

	(void)arg;
	start(touch, &(struct toucher){ .at = p });
	next_message(fd, p);
	return 3; /* with the thread that waits */
}

/* Pages that go are missing again; memory that moves is not registered any more. */
static void verbs(void)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd), *q;

	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	TRY(madvise(p, PAGE, MADV_DONTNEED));
	read_and_copy(fd, p, p);
	TRY(mprotect(p + PAGE, PAGE, PROT_READ));
	read_and_copy(fd, p, p + PAGE);
	UFFD(uffd_copy(fd, p + 2 * PAGE, page, PAGE, 0));
	q = mremap(p + 2 * PAGE, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   p + ROOM * PAGE);
	say("moved: %d, bytes %c %d\n", q == p + ROOM * PAGE, q[0], q[PAGE]);
	TRY(mmap(p + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == p + 2 * PAGE ? 0 : -1);
	say("new memory there: %d\n", p[2 * PAGE]);
	read_and_copy(fd, p, p + 8 * PAGE);
	close(fd);
}

static void counts(void)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd), line[128];
	pthread_t thread = start(touch, &(struct toucher){ .at = p });
	FILE *info;

	while (pending_of(fd, false) != 1)
		nap(1);
	pending_of(fd, true);
	next_message(fd, p);
	pending_of(fd, true);
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	join(thread);
	pending_of(fd, true);
	info = fopen("/proc/self/smaps", "r");
	for (int in = 0; info && fgets(line, sizeof(line), info);) {
		if (strncmp(line, "VmFlags:", 8) == 0 && in)
			say("flag of smaps: %d\n", strstr(line, " um") != NULL);
		else if (strchr(line, '-'))
			in = strtoul(line, NULL, 16) == (uintptr_t)p;
	}
	fclose(info);
	close(fd);
}

int main(void)
{
	copies();
	zeros();
	wakes();
	two_at_one_page();
	kernel_waits();
	user_mode_only();
	ends_of_a_wait();
	in_child("without its memory", unmap_under_it, NULL);
	who_and_where();
	in_child("by signal", by_signal, NULL);
	signal_meanwhile();
	in_child("killed", killed_meanwhile, NULL);
	verbs();
	counts();
	return 0;
}
