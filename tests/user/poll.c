/* SPDX-License-Identifier: MIT */
/* ppoll: what can be done with each kind of descriptor, waiting for it, time that runs out, signals, errors. */
#include "t.h"

#include <poll.h>

#define BAD  ((void *)8)
#define ALL  (POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM | POLLRDBAND | POLLWRBAND)
#define MANY 200

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

static const char *bits(int revents)
{
	static char text[120];

	snprintf(text, sizeof(text), "%s%s%s%s%s%s%s%s", revents & POLLIN ? " in" : "",
		 revents & POLLPRI ? " pri" : "", revents & POLLOUT ? " out" : "",
		 revents & POLLERR ? " err" : "", revents & POLLHUP ? " hup" : "",
		 revents & POLLNVAL ? " nval" : "", revents & POLLRDNORM ? " rdnorm" : "",
		 revents & POLLWRNORM ? " wrnorm" : "");
	return text;
}

static void now(const char *what, int fd, int events)
{
	struct timespec zero = { 0, 0 };
	struct pollfd ask = { fd, (short)events, 0x7777 };
	long n = syscall(SYS_ppoll, &ask, 1, &zero, NULL, 0);

	say("%s: %ld,%s (events %#x)\n", what, n, bits(ask.revents), ask.events);
}

static long long ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* Hangups and errors are told without being asked for; a negative descriptor is skipped, one that is not open is POLLNVAL. */
static void kinds(void)
{
	int file = open("poll.tmp", O_CREAT | O_RDWR, 0644), ro = open("poll.tmp", O_RDONLY);
	int p[2], other[2];
	char page[4096] = "x";

	now("a file", file, ALL);
	now("read only", ro, ALL);
	now("a file, nothing asked", file, 0);
	now("a file, to read", file, POLLIN);
	now("a path", open("poll.tmp", O_PATH), ALL);
	now("a directory", open("/", O_RDONLY), ALL);
	now("null", open("/dev/null", O_RDWR), ALL);
	now("zero", open("/dev/zero", O_RDWR), ALL);
	now("memfd", memfd_create("poll", 0), ALL);
	now("not open", 99, ALL);
	now("not open, nothing asked", 99, 0);
	now("negative", -1, ALL);
	now("very negative", INT32_MIN, ALL);
	now("very high", INT32_MAX, ALL);
	pipe(p);
	now("empty, read end", p[0], ALL);
	now("empty, write end", p[1], ALL);
	write(p[1], "x", 1);
	now("a byte, read end", p[0], ALL);
	now("a byte, write end", p[1], ALL);
	now("a byte, read end, to write", p[0], POLLOUT);
	now("a byte, write end, to read", p[1], POLLIN);
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	while (write(p[1], page, sizeof(page)) > 0)
		continue;
	now("full, read end", p[0], ALL);
	now("full, write end", p[1], ALL);
	read(p[0], page, 1);
	now("a byte less, write end", p[1], ALL);
	for (int i = 0; i < 8; i++)
		read(p[0], page, sizeof(page));
	now("8 pages less, write end", p[1], ALL);
	close(p[1]);
	now("no writer, bytes", p[0], ALL);
	now("no writer, bytes, nothing asked", p[0], 0);
	while (read(p[0], page, sizeof(page)) > 0)
		continue;
	now("no writer, none", p[0], ALL);
	close(p[0]);
	pipe(other);
	close(other[0]);
	now("no reader", other[1], ALL);
	now("no reader, nothing asked", other[1], 0);
	fcntl(other[1], F_SETFL, O_NONBLOCK);
	close(other[1]);
}

/* A child does it after a while; what becomes of the wait is told. */
static void later(const char *what, int fd, int events, void (*act)(int), int arg)
{
	struct pollfd ask = { fd, (short)events, 0 };
	struct timespec most = { 60, 0 };
	pid_t self = getpid(), pid;
	long waits = waits_of(self), n;

	pid = fork();
	if (pid == 0) {
		until_it_waits(self, waits);
		act(arg);
		_exit(0);
	}
	n = syscall(SYS_ppoll, &ask, 1, &most, NULL, 0);
	say("%s: %ld,%s, in time %d\n", what, n, bits(ask.revents), most.tv_sec >= 20);
	waitpid(pid, NULL, 0);
}

static void put_byte(int fd)
{
	write(fd, "y", 1);
}

static void take_page(int fd)
{
	char page[4096];

	read(fd, page, sizeof(page));
}

static void nothing(int fd)
{
	(void)fd;
}

static void waits(void)
{
	char page[4096] = "";
	pid_t self = getpid();
	long waits;
	int p[2];

	pipe(p);
	later("a byte comes", p[0], POLLIN, put_byte, p[1]);
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	while (write(p[1], page, sizeof(page)) > 0)
		continue;
	later("room comes", p[1], POLLOUT, take_page, p[0]);
	close(p[0]);
	close(p[1]);
	pipe(p);
	waits = waits_of(self);
	if (fork() == 0) {
		close(p[0]);
		until_it_waits(self, waits);
		_exit(0);
	}
	close(p[1]);
	later("the writer goes", p[0], 0, nothing, 0);
	close(p[0]);
	pipe(p);
	waits = waits_of(self);
	if (fork() == 0) {
		close(p[1]);
		until_it_waits(self, waits);
		_exit(0);
	}
	close(p[0]);
	later("the reader goes", p[1], 0, nothing, 0);
	close(p[1]);
	while (wait(NULL) > 0)
		continue;
}

/* Many descriptors; one of them, and then another, has something. */
static void crowd(void)
{
	struct timespec most = { 60, 0 }, zero = { 0, 0 };
	struct pollfd asks[MANY];
	pid_t self = getpid();
	int p[20][2], n = 0;
	char c;

	for (int i = 0; i < 20; i++)
		pipe(p[i]);
	for (int i = 0; i < MANY; i++)
		asks[i] = (struct pollfd){ i % 7 ? p[i % 20][0] : -1, POLLIN, 0x77 };
	TRY(syscall(SYS_ppoll, asks, MANY, &zero, NULL, 0));
	for (int i = 0; i < MANY; i++)
		n += asks[i].revents != 0;
	say("told of: %d\n", n);
	for (int round = 0; round < 3; round++) {
		int which = (round * 9 + 3) % 20;
		long waits = waits_of(self);

		if (fork() == 0) {
			until_it_waits(self, waits);
			write(p[which][1], "x", 1);
			_exit(0);
		}
		TRY(syscall(SYS_ppoll, asks, MANY, &most, NULL, 0));
		n = 0;
		for (int i = 0; i < MANY; i++)
			n += asks[i].revents && i % 20 == which;
		say("all are of it: %d\n", n);
		read(p[which][0], &c, 1);
		wait(NULL);
	}
	for (int i = 0; i < 20; i++) {
		close(p[i][0]);
		close(p[i][1]);
	}
}

/* ppoll stores the time that is left, and does not fail where it cannot. */
static void times_out(void)
{
	struct timespec t = { 0, 50000000 }, *constant;
	struct pollfd none = { -1, POLLIN, 0x77 };
	long long begun = ms();

	TRY(syscall(SYS_ppoll, NULL, 0, &t, NULL, 0));
	say("50 ms: %d, left %ld %ld\n", ms() - begun >= 49, (long)t.tv_sec, t.tv_nsec);
	t = (struct timespec){ 0, 50000000 };
	begun = ms();
	TRY(syscall(SYS_ppoll, &none, 1, &t, NULL, 0));
	say("50 ms: %d, revents %#x\n", ms() - begun >= 49, none.revents);
	TRY(poll(&none, 1, 0));
	TRY(poll(&none, 1, 1));
	constant = mmap(NULL, PAGE, RW, ANON, -1, 0);
	*constant = (struct timespec){ 0, 1000000 };
	mprotect(constant, PAGE, PROT_READ);
	TRY(syscall(SYS_ppoll, NULL, 0, constant, NULL, 0));
	say("as it was: %ld\n", constant->tv_nsec);
}

/* A handler ends ppoll with EINTR in spite of SA_RESTART; a file that is ready comes before a signal. */
static void signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct timespec t = { 60, 0 }, zero = { 0, 0 };
	struct pollfd file = { open("poll.tmp", O_RDONLY), POLLIN, 0 };
	struct pollfd none = { -1, POLLIN, 0x77 };
	uint64_t usr1 = 1ull << (SIGUSR1 - 1), empty = 0, mask = 0;
	pid_t self = getpid(), pid;
	long waits;
	int status;

	sigaction(SIGUSR1, &action, NULL);
	waits = waits_of(self);
	if (fork() == 0) {
		until_it_waits(self, waits);
		kill(self, SIGUSR1);
		_exit(0);
	}
	TRY(syscall(SYS_ppoll, &none, 1, &t, NULL, 0));
	say("caught %d, time is left: %d, revents %#x\n", caught, t.tv_sec >= 20, none.revents);
	wait(NULL);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &usr1, NULL, 8);
	caught = 0;
	kill(self, SIGUSR1);
	TRY(syscall(SYS_ppoll, NULL, 0, &zero, NULL, 0));
	TRY(syscall(SYS_ppoll, &file, 1, &t, &empty, 8));
	say("a file first: caught %d\n", caught);
	TRY(syscall(SYS_ppoll, NULL, 0, &t, &empty, 8));
	say("then the signal: caught %d\n", caught);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	say("the mask is back: %d\n", mask == usr1);
	caught = 0;
	kill(self, SIGUSR1);
	TRY(syscall(SYS_ppoll, NULL, 0, &zero, &empty, 8));
	say("without time: caught %d\n", caught);
	t = (struct timespec){ 0, 20000000 };
	TRY(syscall(SYS_ppoll, NULL, 0, &t, &empty, 8));
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	say("the mask is back: %d\n", mask == usr1);
	/* A stop alone does not end it. */
	pid = fork();
	if (pid == 0) {
		long long begun = ms();

		t = (struct timespec){ 0, 300000000 };
		TRY(syscall(SYS_ppoll, NULL, 0, &t, NULL, 0));
		say("300 ms, stop or not: %d\n", ms() - begun >= 299);
		_exit(0);
	}
	until_it_waits(pid, 0);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	kill(pid, SIGCONT);
	waitpid(pid, NULL, 0);
	/* pause() is this call. */
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &empty, NULL, 8);
	waits = waits_of(self);
	if (fork() == 0) {
		until_it_waits(self, waits);
		kill(self, SIGUSR1);
		_exit(0);
	}
	TRY(pause());
	wait(NULL);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(1);
	}
	until_it_waits(pid, 0);
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	ended("paused", status);
}

/* More descriptors than RLIMIT_NOFILE are EINVAL, before their address is looked at. */
static void errors(void)
{
	struct timespec t = { 0, 0 };
	struct pollfd asks[300], *edge;
	uint64_t set = 0;
	struct rlimit limit = { 250, 300 };

	memset(asks, 0xff, sizeof(asks));
	setrlimit(RLIMIT_NOFILE, &limit);
	TRY(syscall(SYS_ppoll, asks, 250, &t, NULL, 0));
	TRY(syscall(SYS_ppoll, asks, 251, &t, NULL, 0));
	TRY(syscall(SYS_ppoll, asks, -1, &t, NULL, 0));
	TRY(syscall(SYS_ppoll, BAD, 251, &t, NULL, 0));
	TRY(syscall(SYS_ppoll, BAD, 1, &t, NULL, 0));
	TRY(syscall(SYS_ppoll, BAD, 0, &t, NULL, 0));
	TRY(syscall(SYS_ppoll, asks, 1, BAD, NULL, 0));
	TRY(syscall(SYS_ppoll, asks, 1, &t, &set, 0));
	TRY(syscall(SYS_ppoll, asks, 1, &t, &set, 16));
	TRY(syscall(SYS_ppoll, asks, 1, &t, NULL, 16));
	TRY(syscall(SYS_ppoll, asks, 1, &t, BAD, 8));
	TRY(syscall(SYS_ppoll, asks, 251, &t, BAD, 8));
	t.tv_nsec = 1000000000;
	TRY(syscall(SYS_ppoll, asks, 1, &t, NULL, 0));
	TRY(syscall(SYS_ppoll, BAD, 251, &t, BAD, 7));
	t = (struct timespec){ -1, 0 };
	TRY(syscall(SYS_ppoll, asks, 1, &t, NULL, 0));
	t.tv_sec = 0;
	edge = (struct pollfd *)(before_hole(1) + PAGE) - 2;
	edge[0] = edge[1] = asks[0];
	TRY(syscall(SYS_ppoll, edge, 2, &t, NULL, 0));
	TRY(syscall(SYS_ppoll, edge, 3, &t, NULL, 0));
	mprotect((void *)((uintptr_t)edge & -PAGE), PAGE, PROT_READ);
	TRY(syscall(SYS_ppoll, edge, 2, &t, NULL, 0));
}

int main(void)
{
	kinds();
	waits();
	crowd();
	times_out();
	signals();
	errors();
	return 0;
}
