/* SPDX-License-Identifier: MIT */
/* RLIMIT_NOFILE, RLIMIT_FSIZE and RLIMIT_CPU: what is refused, what is sent, and what children inherit. */
#include "t.h"

#include <poll.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static void set(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit limit = { soft, hard };

	result("setrlimit", setrlimit(resource, &limit));
}

/* ---- RLIMIT_NOFILE ---- */

/* Opens until it fails; returns the last descriptor. */
static int open_all(void)
{
	int fd, last = -1;

	while ((fd = open("/dev/null", O_RDWR)) >= 0)
		last = fd;
	result("open", fd);
	say("the last one is %d\n", last);
	return last;
}

static int child_of_many(void *unused)
{
	char target[64] = "";

	(void)unused;
	result("fcntl", fcntl(599, F_GETFD));
	result("fcntl", fcntl(300, F_GETFD));
	result("readlink", readlink("/proc/self/fd/598", target, sizeof(target) - 1));
	say("%s\n", target);
	close(400);
	result("dup", dup(0));
	return 0;
}

static void read_by_high_ones(void)
{
	int ends[2];
	fd_set set;
	struct pollfd asked = { .fd = 599, .events = POLLIN };

	close(598);
	close(599);
	result("pipe", pipe(ends));
	say("%d %d\n", ends[0], ends[1]);
	close(597);
	result("dup2", dup2(ends[0], 597));
	FD_ZERO(&set);
	FD_SET(597, &set);
	result("write", write(ends[1], "x", 1));
	result("select", select(598, &set, NULL, NULL, NULL));
	say("%d\n", FD_ISSET(597, &set) != 0);
	FD_SET(300, &set);
	FD_SET(1000, &set);
	result("select", select(301, &set, NULL, NULL, NULL));
	say("%d %d\n", FD_ISSET(300, &set) != 0, FD_ISSET(597, &set) != 0);
	asked.fd = 597;
	result("poll", poll(&asked, 1, 0));
	say("%x\n", (unsigned)asked.revents);
}

static void many_in_a_poll(void)
{
	static struct pollfd asked[2001];

	for (int i = 0; i < 2001; i++)
		asked[i] = (struct pollfd){ .fd = i == 1999 ? 1 : -1, .events = POLLOUT };
	result("poll", poll(asked, 2000, 0));
	result("poll", poll(asked, 2001, 0));
}

static void descriptors(void)
{
	set(RLIMIT_NOFILE, 600, 4096);
	open_all();
	result("dup2", dup2(0, 599));
	result("dup2", dup2(0, 600));
	result("dup2", dup2(0, -1));
	result("fcntl", fcntl(0, F_DUPFD, 599));
	result("fcntl", fcntl(0, F_DUPFD, 600));
	result("fcntl", fcntl(300, F_SETFD, FD_CLOEXEC));
	in_child("child", child_of_many, NULL);
	close(5);
	close(258);
	close(512);
	say("%d", dup(0));
	say(" %d", dup(0));
	say(" %d\n", dup(0));
	close(7);
	close(514);
	result("fcntl", fcntl(0, F_DUPFD, 260));
	result("fcntl", fcntl(0, F_DUPFD, 260));
	read_by_high_ones();
	/* What is open stays so. */
	set(RLIMIT_NOFILE, 10, 4096);
	result("write", write(500, "x", 1));
	result("close", close(8));
	result("dup", dup(0));
	result("dup", dup(0));
	result("dup", dup(0));
	set(RLIMIT_NOFILE, 2000, 4096);
	many_in_a_poll();
	set(RLIMIT_NOFILE, 1 << 20, 1 << 20);
	result("dup2", dup2(0, (1 << 20) - 1));
	result("dup2", dup2(0, 1 << 20));
	result("fcntl", fcntl(0, F_DUPFD, (1 << 20) - 1));
	result("fcntl", fcntl((1 << 20) - 1, F_GETFD));
	result("close", close((1 << 20) - 1));
	result("close", close((1 << 20) - 1));
	set(RLIMIT_NOFILE, (1 << 20) + 1, (1 << 20) + 1);
	for (int fd = 3; fd < 600; fd++)
		close(fd);
	result("dup", dup(0));
	set(RLIMIT_NOFILE, 0, 4096);
	result("dup", dup(0));
	result("poll", poll(NULL, 0, 0));
}

static int descriptors_in_child(void *unused)
{
	(void)unused;
	descriptors();
	return 0;
}

/* ---- RLIMIT_FSIZE ---- */

static volatile sig_atomic_t nsignals;
static volatile int last_code, last_pid;

static void count(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	nsignals++;
	last_code = info->si_code;
	last_pid = info->si_pid;
}

static void signalled(void)
{
	if (nsignals)
		say("  %d signal, code %d, %s\n", (int)nsignals, last_code,
		    last_pid == getpid() ? "from here" : "from elsewhere");
	nsignals = 0;
}

#define FELT(call)           \
	do {                 \
		TRY(call);   \
		signalled(); \
	} while (0)

static char bytes[8192];
static char *volatile nowhere = (char *)8;

static void sizes_of(int fd)
{
	struct iovec parts[2] = { { bytes, 3000 }, { bytes, 8000 } };
	int from = open("/proc/self/exe", O_RDONLY);

	FELT(write(fd, bytes, 8192));
	FELT(write(fd, bytes, 8192));
	FELT(write(fd, bytes, 8192));
	FELT(write(fd, bytes, 0));
	FELT(pwrite(fd, bytes, 1, 9999));
	FELT(pwrite(fd, bytes, 2, 9999));
	FELT(pwrite(fd, bytes, 1, 10000));
	FELT(pwrite(fd, bytes, 1, 20000));
	FELT(pwrite(fd, nowhere, 1, 20000));
	FELT(ftruncate(fd, 10000));
	FELT(ftruncate(fd, 10001));
	FELT(ftruncate(fd, 4000));
	FELT(fallocate(fd, 0, 0, 10000));
	FELT(fallocate(fd, 0, 5000, 5001));
	FELT(fallocate(fd, FALLOC_FL_KEEP_SIZE, 5000, 5001));
	FELT(ftruncate(fd, 4000));
	FELT(lseek(fd, 0, SEEK_END));
	FELT(writev(fd, parts, 2));
	FELT(writev(fd, parts, 2));
	FELT(ftruncate(fd, 9000));
	FELT(lseek(fd, 0, SEEK_END));
	FELT(sendfile(fd, from, NULL, 1000));
	FELT(sendfile(fd, from, NULL, 1000));
	FELT(fcntl(fd, F_SETFL, O_APPEND));
	FELT(ftruncate(fd, 9990));
	FELT(lseek(fd, 0, SEEK_SET));
	FELT(write(fd, bytes, 100));
	FELT(write(fd, bytes, 100));
	close(from);
}

static int default_action(void *fd)
{
	signal(SIGXFSZ, SIG_DFL);
	return (int)pwrite(*(int *)fd, bytes, 1, 20000);
}

static int ignored(void *fd)
{
	signal(SIGXFSZ, SIG_IGN);
	result("pwrite", pwrite(*(int *)fd, bytes, 1, 20000));
	return 0;
}

static void sizes(void)
{
	struct sigaction action = { .sa_sigaction = count, .sa_flags = SA_SIGINFO };
	int fd = open("limited", O_RDWR | O_CREAT | O_TRUNC, 0600),
	    memory = memfd_create("limited", 0), ends[2];

	sigaction(SIGXFSZ, &action, NULL);
	set(RLIMIT_FSIZE, 10000, 20000);
	sizes_of(fd);
	say("memfd\n");
	sizes_of(memory);
	FELT(truncate("limited", 10001));
	FELT(truncate("limited", 1));
	/* Only regular files have sizes. */
	set(RLIMIT_FSIZE, 0, 20000);
	FELT(pipe(ends));
	FELT(write(ends[1], bytes, 100));
	FELT(write(fd, bytes, 1));
	FELT(open("new", O_WRONLY | O_CREAT, 0600));
	FELT(ftruncate(fd, 0));
	in_child("by default", default_action, &fd);
	in_child("ignored", ignored, &fd);
	unlink("limited");
	unlink("new");
}

static int sizes_in_child(void *unused)
{
	(void)unused;
	sizes();
	return 0;
}

/* ---- RLIMIT_CPU ---- */

/* At the next tick the signal comes: there is no time to say anything. */
static void burn(rlim_t soft, rlim_t hard)
{
	struct rlimit limit = { soft, hard };

	setrlimit(RLIMIT_CPU, &limit);
	for (;;)
		;
}

static int soft_by_default(void *unused)
{
	(void)unused;
	burn(0, 10);
	return 0;
}

static int hard(void *unused)
{
	(void)unused;
	signal(SIGXCPU, SIG_IGN);
	burn(0, 0);
	return 0;
}

static int caught(void *unused)
{
	struct sigaction action = { .sa_sigaction = count, .sa_flags = SA_SIGINFO };
	struct rlimit limit = { 0, 10 };

	(void)unused;
	sigaction(SIGXCPU, &action, NULL);
	setrlimit(RLIMIT_CPU, &limit);
	while (nsignals == 0)
		;
	say("%d signal, code %d\n", (int)nsignals, last_code);
	getrlimit(RLIMIT_CPU, &limit);
	say("%lu %lu\n", limit.rlim_cur, limit.rlim_max);
	return 0;
}

int main(void)
{
	in_child("descriptors", descriptors_in_child, NULL);
	in_child("sizes", sizes_in_child, NULL);
	in_child("soft", soft_by_default, NULL);
	in_child("hard", hard, NULL);
	in_child("caught", caught, NULL);
	return 0;
}
