/* SPDX-License-Identifier: MIT */
/* P: /proc/PID/clear_refs: smaps shows what is used from then on, and the peak of resident memory begins anew. */
#include "t.h"

#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/uio.h>

static char *volatile bad = (char *)8;
static char text[1 << 16];
static int clear_fd;

static void slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	long n = 0, got;

	while ((got = read(fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
		n += got;
	text[n] = '\0';
	close(fd);
}

/* KiB of the mapping that begins there. */
static long referenced(const void *address)
{
	char start[40];
	const char *part, *line;

	slurp("/proc/self/smaps");
	snprintf(start, sizeof(start), "%08lx-", (unsigned long)address);
	part = strstr(text, start);
	line = part ? strstr(part, "\nReferenced:") : NULL;
	return line ? atol(line + 12) : -1;
}

/* On Linux a TLB may still say that a page was used, up to the next switch to another process. */
static void clear(const char *number)
{
	if (write(clear_fd, number, 1) != 1)
		say("cannot clear\n");
	if (fork() == 0)
		_exit(0);
	wait(NULL);
}

static void touch(volatile char *p, int npages)
{
	for (int i = 0; i < npages; i++)
		p[(unsigned long)i * PAGE]++;
}

/* 1 clears the bits of all mappings, 2 of those without a file, 3 of those with one; shared memory has a file. */
static void use(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);
	char *own = before_hole(300), *shared = before_hole(1), *file = before_hole(16), *zero;
	volatile char byte;

	shared = mmap(shared, 16 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ftruncate(fd, 16 * PAGE);
	file = mmap(file, 16 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
	zero = before_hole(4);
	touch(own, 300);
	touch(shared, 16);
	for (int i = 0; i < 16; i++)
		byte = file[(unsigned long)i * PAGE];
	byte = *zero;
	(void)byte;
	say("used: %ld %ld %ld %ld\n", referenced(own), referenced(shared), referenced(file),
	    referenced(zero));
	clear("1");
	say("cleared: %ld %ld %ld\n", referenced(own), referenced(shared), referenced(file));
	touch(own + 100 * PAGE, 50);
	touch(shared, 2);
	say("used again: %ld %ld %ld\n", referenced(own), referenced(shared), referenced(file));
	touch(file, 3);
	say("copied: %ld\n", referenced(file));
	clear("2");
	say("memory without a file: %ld %ld %ld\n", referenced(own), referenced(shared),
	    referenced(file));
	touch(own, 1);
	clear("3");
	say("with one: %ld %ld %ld\n", referenced(own), referenced(shared), referenced(file));
	clear("4");
	say("dirty bits: %ld\n", referenced(own));
	mlock(own, 10 * PAGE);
	mprotect(own + 10 * PAGE, 290 * PAGE, PROT_READ);
	for (int i = 0; i < 300; i++)
		byte = own[(unsigned long)i * PAGE];
	clear("1");
	say("locked and read-only: %ld %ld\n", referenced(own), referenced(own + 10 * PAGE));
	say("what is in it: %zu\n", not_all(own + 100 * PAGE, 1, 2) + not_all(own + PAGE, 1, 1));
	munmap(own, 300 * PAGE);
	munmap(shared, 16 * PAGE);
	munmap(file, 16 * PAGE);
	close(fd);
}

/* 5 makes the peak of resident memory what is resident now. */
static void peak(void)
{
	long with, after;
	struct rusage usage;
	char *p = anon(8 * MIB);

	touch(p, 8 * MIB / PAGE);
	munmap(p, 8 * MIB);
	with = number_in_status(getpid(), "VmHWM");
	getrusage(RUSAGE_SELF, &usage);
	say("with: %d %d\n", with >= 8192, usage.ru_maxrss >= 8192);
	clear("5");
	after = number_in_status(getpid(), "VmHWM");
	getrusage(RUSAGE_SELF, &usage);
	say("after: %d %d\n", with - after > 7000, usage.ru_maxrss < 7000);
}

/* The number may have a sign and white space around it, 1 to 5 are known (EINVAL), and at most 12 bytes are read. */
static void numbers(void)
{
	static const char *const all[] = { "0",	  "6",	"1\n", " 1 ", "\t2\n\n", "+3",	       "-1",
					   "0x1", "01", "1 1", "",    "x",	 "-2147483648" };
	struct iovec piece = { "1", 1 };
	char c;
	int fd;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		say("%zu: ", i);
		TRY(write(clear_fd, all[i], strlen(all[i])));
	}
	TRY(write(clear_fd, "1            ", 13));
	TRY(write(clear_fd, "00000000000001", 14));
	TRY(write(clear_fd, bad, 1));
	TRY(pwrite(clear_fd, "1", 1, 5));
	TRY(writev(clear_fd, &piece, 1));
	TRY(lseek(clear_fd, 5, SEEK_SET));
	TRY(lseek(clear_fd, 0, SEEK_END));
	fd = open("/proc/self/clear_refs", O_RDWR);
	TRY(read(fd, &c, 1));
	close(fd);
	fd = open("/proc/self/clear_refs", O_WRONLY | O_TRUNC);
	TRY(write(fd, "1", 1));
	close(fd);
}

/* The file belongs to the owner of the process; the descriptor works whoever has it later. */
static int of_another(void *unused)
{
	char path[60];
	struct stat st;

	(void)unused;
	snprintf(path, sizeof(path), "/proc/%d/clear_refs", getppid());
	TRY(stat(path, &st));
	say("mode %o\n", st.st_mode);
	setuid(1000);
	TRY(open(path, O_WRONLY));
	TRY(write(clear_fd, "1", 1));
	prctl(PR_SET_DUMPABLE, 1);
	TRY(write(open("/proc/self/clear_refs", O_WRONLY), "1", 1));
	return 0;
}

/* A write succeeds for a zombie, which has nothing to clear, and is ESRCH when that was waited for. */
static void ends(void)
{
	char path[60];
	pid_t pid = fork();
	int fd;

	if (pid == 0)
		_exit(0);
	waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	fd = open(path, O_WRONLY);
	TRY(write(fd, "1", 1));
	waitpid(pid, NULL, 0);
	TRY(write(fd, "1", 1));
	TRY(write(fd, "9", 1));
	close(fd);
}

int main(void)
{
	clear_fd = open("/proc/self/clear_refs", O_WRONLY);
	use();
	peak();
	numbers();
	in_child("another", of_another, NULL);
	ends();
	return 0;
}
