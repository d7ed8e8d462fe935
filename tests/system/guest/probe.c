/* SPDX-License-Identifier: MIT */
/* The program that the system tests run: one small behaviour for each word that may be its argument, or its name. */
#include "asleep.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* The environment, as main got it. */
static char **environment;

static void write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t done = write(fd, data, len);

		if (done <= 0)
			_exit(99);
		data += done;
		len -= (size_t)done;
	}
}

/* cat: standard input to standard output, to its end. */
static int do_cat(int argc, char **argv)
{
	static char buf[65536];
	ssize_t n;

	(void)argc;
	(void)argv;
	while ((n = read(0, buf, sizeof(buf))) > 0)
		write_all(1, buf, (size_t)n);
	return n < 0 ? 98 : 0;
}

/* through STATUS: like cat, with a word to standard error at the end, and that status. */
static int do_through(int argc, char **argv)
{
	int status = do_cat(argc, argv);

	write_all(2, "done", 4);
	return status ? status : argc > 2 ? atoi(argv[2]) : 0;
}

/* head1: the first line of standard input, however much more there is. */
static int do_head1(int argc, char **argv)
{
	char c = 0;

	(void)argc;
	(void)argv;
	while (c != '\n' && read(0, &c, 1) == 1)
		write_all(1, &c, 1);
	return 0;
}

static int do_exit(int argc, char **argv)
{
	return argc > 2 ? atoi(argv[2]) : 0;
}

/* kill N: ends by that signal. */
static int do_kill(int argc, char **argv)
{
	kill(getpid(), argc > 2 ? atoi(argv[2]) : SIGKILL);
	return 97;
}

/* bytes N: a pattern that holds every byte value. */
static int do_bytes(int argc, char **argv)
{
	size_t len = argc > 2 ? strtoul(argv[2], NULL, 0) : 256;
	char *data = malloc(len);

	if (!data)
		return 96;
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i + i / 256 * 7);
	write_all(1, data, len);
	return 0;
}

/* both: a line to each of standard output and standard error, without newlines at the end. */
static int do_both(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	write_all(1, "out\0\r\n\377", 7);
	write_all(2, "err\0\r\n\376", 7);
	return 0;
}

static int do_args(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("[%s]\n", argv[i]);
	return 0;
}

/* As process 1, which has no descriptors to tell it by. */
static int do_init_env(int argc, char **argv)
{
	const char *const expected[] = { "HOME=/", "TERM=linux", "PATH=/bin:/usr/bin" };

	(void)argc, (void)argv;
	for (int i = 0; i < 3; i++)
		if (!environment[i] || strcmp(environment[i], expected[i]) != 0)
			return 1;
	return environment[3] != NULL;
}

static int do_env(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (char **e = environment; *e; e++)
		puts(*e);
	return 0;
}

/* self: argv[0] opens the program, and the working directory can be written. */
static int do_self(int argc, char **argv)
{
	char magic[4] = "", back[5] = "";
	int fd = open(argv[0], O_RDONLY);

	(void)argc;
	if (fd < 0 || read(fd, magic, 4) != 4 || memcmp(magic, "\177ELF", 4))
		return 95;
	fd = open("written here", O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, "data", 4) != 4 || lseek(fd, 0, SEEK_SET) != 0 ||
	    read(fd, back, 4) != 4)
		return 94;
	printf("self %s\n", back);
	return 0;
}

/* tty: which of the descriptors are terminals, and how large that is. */
static int do_tty(int argc, char **argv)
{
	struct winsize w = { 0 };

	(void)argc;
	(void)argv;
	for (int fd = 0; fd < 3; fd++) {
		if (isatty(fd))
			ioctl(fd, TIOCGWINSZ, &w);
	}
	printf("tty %d%d%d %dx%d\n", isatty(0), isatty(1), isatty(2), w.ws_col, w.ws_row);
	return 0;
}

/* winch: waits until the terminal has another size, and says it. */
static int do_winch(int argc, char **argv)
{
	struct winsize w = { 0 };
	sigset_t winch;
	int sig;

	(void)argc;
	(void)argv;
	sigemptyset(&winch);
	sigaddset(&winch, SIGWINCH);
	sigprocmask(SIG_BLOCK, &winch, NULL);
	printf("ready\n");
	fflush(stdout);
	if (sigwait(&winch, &sig) != 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0)
		return 1;
	printf("winch %dx%d\n", w.ws_col, w.ws_row);
	return 0;
}

/* stat PATH: what a file is. */
static int do_stat(int argc, char **argv)
{
	struct stat st;

	if (argc < 3 || stat(argv[2], &st) != 0) {
		printf("stat: %s\n", strerror(errno));
		return 1;
	}
	printf("%s %o %lld\n", S_ISDIR(st.st_mode) ? "folder" : "file", st.st_mode & 07777,
	       S_ISDIR(st.st_mode) ? 0LL : (long long)st.st_size);
	return 0;
}

/* link PATH: where a link points. */
static int do_link(int argc, char **argv)
{
	char target[256] = "";

	if (argc < 3 || readlink(argv[2], target, sizeof(target) - 1) < 0)
		return 1;
	puts(target);
	return 0;
}

/* show PATH: the contents of a file. */
static int do_show(int argc, char **argv)
{
	int fd = argc > 2 ? open(argv[2], O_RDONLY) : -1;

	if (fd < 0 || dup2(fd, 0) != 0)
		return 93;
	return do_cat(argc, argv);
}

/* sleep S: says that it has begun. */
static int do_sleep(int argc, char **argv)
{
	puts("asleep");
	fflush(stdout);
	sleep(argc > 2 ? (unsigned)atoi(argv[2]) : 1000);
	return 0;
}

/* await PATH: waits until there is such a file. */
static int do_await(int argc, char **argv)
{
	while (argc > 2 && access(argv[2], F_OK) != 0)
		usleep(1000);
	return 0;
}

/* late BEHAVIOUR...: does that, and says on standard error each time it waits. */
static int do_late(int argc, char **argv)
{
	pid_t self = getpid();

	if (argc > 2 && fork() != 0)
		execv(argv[0], argv + 1);
	for (unsigned long told = 0; getppid() == self; usleep(1000)) {
		unsigned long waits = waits_of(self);

		if (waits == told || !is_asleep(self))
			continue;
		told = waits;
		if (write(2, "asleep\n", 7) != 7)
			break;
	}
	return 0;
}

/* Does another process of this name run? */
static bool another_runs(const char *name)
{
	struct faultline_process one = { .pid = 0 };

	while (syscall(SYS_faultline, FAULTLINE_PROCESSES, one.pid, &one, sizeof(one), 0) == 1)
		if (one.pid != getpid() && strcmp(one.name, name) == 0 &&
		    one.state != FAULTLINE_ZOMBIE)
			return true;
	return false;
}

/* ended: waits until all other probes have ended. */
static int do_ended(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	while (another_runs("probe"))
		usleep(1000);
	return 0;
}

/* modes: switches the terminal's echo off, stops, and tells what is left of that when it goes on. */
static int do_modes(int argc, char **argv)
{
	struct termios modes;

	(void)argv;
	tcgetattr(0, &modes);
	modes.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(0, TCSANOW, &modes);
	raise(SIGSTOP);
	tcgetattr(0, &modes);
	puts(modes.c_lflag & ECHO ? "echoes" : "echoes not");
	return argc > 2;
}

/* tostop: who is in the background is to stop where it writes to the terminal. tostop -: no more. */
static int do_tostop(int argc, char **argv)
{
	struct termios modes;

	(void)argv;
	if (tcgetattr(0, &modes) != 0)
		return 95;
	modes.c_lflag = argc > 2 ? modes.c_lflag & ~(tcflag_t)TOSTOP : modes.c_lflag | TOSTOP;
	return tcsetattr(0, TCSANOW, &modes) != 0;
}

/* spin: never ends and never calls the kernel. */
static int do_spin(int argc, char **argv)
{
	(void)argv;
	puts("spinning");
	fflush(stdout);
	while (argc > 0)
		__asm__ volatile("");
	return 0;
}

/* orphan: ends and leaves a child that never does. */
static int do_orphan(int argc, char **argv)
{
	if (fork() == 0)
		do_spin(argc, argv);
	return 7;
}

/* echo: repeats each line that it reads, until the end. */
static int do_echo(int argc, char **argv)
{
	char line[512];

	(void)argc;
	(void)argv;
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("got %s", line);
		fflush(stdout);
	}
	puts("end");
	return 0;
}

/* yes: writes without end. */
static int do_yes(int argc, char **argv)
{
	(void)argv;
	while (argc > 0)
		write_all(1, "yes\n", 4);
	return 0;
}

/* hog: touches memory without end. */
static int do_hog(int argc, char **argv)
{
	const size_t piece = 1 << 20;

	(void)argc;
	(void)argv;
	for (;;) {
		char *p = mmap(NULL, piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		if (p == MAP_FAILED)
			return 92;
		for (size_t i = 0; i < piece; i += 4096)
			p[i] = 1;
	}
}

/* survivor: lets a child be the hog and lives on. */
static int do_survivor(int argc, char **argv)
{
	int status = 0;

	if (fork() == 0)
		_exit(do_hog(argc, argv));
	if (wait(&status) < 0)
		return 91;
	printf("child: %s %d\n", WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return 0;
}

/* bomb: forks until that is refused, then ends with all its children still there. */
static int do_bomb(int argc, char **argv)
{
	int n = 0;

	(void)argc;
	(void)argv;
	for (;;) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0)
			for (;;)
				sleep(1000);
		n++;
	}
	printf("after %d children: %s\n", n, strerror(errno));
	return 0;
}

/* wild: a store to a null pointer. */
static int do_wild(int argc, char **argv)
{
	volatile uintptr_t address = 0x10;

	(void)argc;
	(void)argv;
	*(volatile int *)address = 1;
	return 89;
}

/* ticks: the counter at two moments; what it prints is the same in each run that counts instructions. */
static int do_ticks(int argc, char **argv)
{
	unsigned long begin, end;

	(void)argc;
	(void)argv;
	__asm__ volatile("rdtime %0" : "=r"(begin));
	for (volatile int i = 0; i < 100000; i++)
		;
	__asm__ volatile("rdtime %0" : "=r"(end));
	printf("%lu %lu\n", begin, end - begin);
	return 0;
}

/*
 * polls: cat, by O_NONBLOCK and poll; ends with 0 after a POLLHUP of its input, with 83 after a POLLERR of its output.
 */
static int do_polls(int argc, char **argv)
{
	static char buf[5000];
	size_t have = 0, put = 0;

	(void)argc;
	(void)argv;
	fcntl(0, F_SETFL, O_NONBLOCK);
	fcntl(1, F_SETFL, O_NONBLOCK);
	for (;;) {
		struct pollfd p[2] = { { 0, have ? 0 : POLLIN, 0 }, { 1, have ? POLLOUT : 0, 0 } };
		ssize_t n;

		if (poll(p, 2, -1) <= 0)
			return 82;
		if (p[1].revents & POLLERR)
			return 83;
		if (have && (p[1].revents & POLLOUT)) {
			n = write(1, buf + put, have - put);
			if (n <= 0)
				return 84;
			put += (size_t)n;
			if (put == have)
				have = put = 0;
		} else if (!have && (p[0].revents & (POLLIN | POLLHUP))) {
			n = read(0, buf, sizeof(buf));
			if (n < 0 || (n == 0 && !(p[0].revents & POLLHUP)))
				return 85;
			if (n == 0)
				return 0;
			have = (size_t)n;
		}
	}
}

/* clock: the time of day, in seconds since 1970. */
static int do_clock(int argc, char **argv)
{
	struct timespec now;

	(void)argc;
	(void)argv;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return 85;
	printf("%ld.%09ld\n", (long)now.tv_sec, now.tv_nsec);
	return 0;
}

/*
 * gone, as process 1: goes on as /probe, writes over the file that it was and unlinks it, and ends with children that
 * nobody has waited for.
 */
static int do_gone(int argc, char **argv)
{
	int fd;

	if (argc < 3) {
		execl("/probe", "probe", "gone", argv[0], (char *)NULL);
		return 85;
	}
	for (int i = 0; i < 2; i++)
		if (fork() == 0)
			return i == 0 ? 0 : pause();
	fd = open(argv[2], O_WRONLY);
	if (fd < 0 || write(fd, argv[2], 1) != 1)
		return 86;
	return unlink(argv[2]) ? 87 : 0;
}

/* abandon: ends with a child that has ended and that it has not waited for. */
static int do_abandon(int argc, char **argv)
{
	siginfo_t info;

	(void)argc;
	(void)argv;
	if (fork() == 0)
		_exit(0);
	return waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) ? 89 : 0;
}

/* Returns whether four floating-point registers keep their values while another process runs. */
static int keeps_floats(double start)
{
	register double a __asm__("fs0") = start, b __asm__("fs1") = start * 2;
	register double c __asm__("ft0") = start * 3, d __asm__("ft11") = start * 5;

	/* No call: the registers are the kernel's to keep. It takes the hart away meanwhile. */
	for (unsigned long i = 0; i < 3000000; i++)
		__asm__ volatile("" : "+f"(a), "+f"(b), "+f"(c), "+f"(d));
	return a == start && b == start * 2 && c == start * 3 && d == start * 5;
}

/* machine [HZ]: standard input's length, time that passes, floating-point registers of two processes, a page that fork shares. */
static int do_machine(int argc, char **argv)
{
	static char buf[4096];
	volatile int shared = 1;
	int status = 0, sums[2] = { 0, 0 };
	unsigned long before, after, hz = argc > 2 ? strtoul(argv[2], NULL, 0) : 10000000;
	size_t total = 0;
	ssize_t n;

	while ((n = read(0, buf, sizeof(buf))) > 0)
		total += (size_t)n;
	__asm__ volatile("rdtime %0" : "=r"(before));
	usleep(1000); /* what the clock is to have measured */
	__asm__ volatile("rdtime %0" : "=r"(after));
	sums[0] = after - before >= hz / 1000 && after - before < 600 * hz;
	if (fork() == 0) {
		shared = 2;
		_exit(keeps_floats(1.25) ? shared : 0);
	}
	sums[1] = keeps_floats(-7.5);
	if (wait(&status) < 0 || !WIFEXITED(status))
		return 84;
	printf("input %zu, time %d, floats %d, child %d, parent %d\n", total, sums[0], sums[1],
	       WEXITSTATUS(status), shared);
	return 0;
}

/* The bounds of processes are not the bounds of how many there may be, one after the other. */
#define MANY_CHILDREN 4200

/* As process 1: its children, and the orphans and zombies that they leave, are all reaped although it ignores SIGCHLD. */
static int do_childless(int argc, char **argv)
{
	signal(SIGCHLD, SIG_IGN);
	for (volatile int i = 0; i < MANY_CHILDREN; i++) {
		pid_t pid = i % 64 ? vfork() : fork();

		if (pid < 0)
			return 1;
		if (pid > 0)
			continue;
		if (i % 64 ==
		    0) { /* one is a zombie when its parent ends, and the other one ends later */
			signal(SIGCHLD, SIG_DFL);
			if (vfork() == 0)
				_exit(0);
			if (fork() == 0) {
				while (getppid() != 1)
					sched_yield();
				_exit(0);
			}
		}
		_exit(0);
	}
	if (wait(NULL) != -1 || errno != ECHILD)
		return 2;
	for (int pid = 2; pid < 32768; pid++)
		if (kill(pid, 0) == 0)
			return 3;
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} behaviours[] = {
	{ "cat", do_cat },	     { "head1", do_head1 },
	{ "exit", do_exit },	     { "kill", do_kill },
	{ "bytes", do_bytes },	     { "both", do_both },
	{ "args", do_args },	     { "env", do_env },
	{ "init-env", do_init_env }, { "self", do_self },
	{ "tty", do_tty },	     { "stat", do_stat },
	{ "link", do_link },	     { "show", do_show },
	{ "sleep", do_sleep },	     { "spin", do_spin },
	{ "orphan", do_orphan },     { "echo", do_echo },
	{ "yes", do_yes },	     { "hog", do_hog },
	{ "bomb", do_bomb },	     { "survivor", do_survivor },
	{ "wild", do_wild },	     { "ticks", do_ticks },
	{ "gone", do_gone },	     { "clock", do_clock },
	{ "modes", do_modes },	     { "tostop", do_tostop },
	{ "through", do_through },   { "machine", do_machine },
	{ "polls", do_polls },	     { "childless", do_childless },
	{ "winch", do_winch },	     { "abandon", do_abandon },
	{ "await", do_await },	     { "late", do_late },
	{ "ended", do_ended },
};

int main(int argc, char **argv, char **envp)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = argc > 1 ? argv[1] : slash ? slash + 1 : argv[0];

	environment = envp;
	for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++)
		if (strcmp(name, behaviours[i].name) == 0)
			return behaviours[i].run(argc, argv);
	fprintf(stderr, "probe: no behaviour '%s'\n", name);
	return 88;
}
