/* SPDX-License-Identifier: MIT */
/* P: of a process /proc shows its environment, open files, mappings in detail, mounts and its weight when memory runs out. */
#include "t.h"

#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/uio.h>

static char *volatile bad = (char *)8;

static char text[1 << 16];

/* Reads a whole file; the text is terminated. -1: it cannot be opened or read. */
static long slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	long n = 0, got = -1;

	text[0] = '\0';
	while (fd >= 0 && (got = read(fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
		n += got;
	text[n] = '\0';
	if (fd >= 0)
		close(fd);
	return got < 0 ? -1 : n;
}

static long slurp_of(pid_t pid, const char *name)
{
	char path[60];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return slurp(path);
}

/* ---- what the program started with ---- */

/* environ has the strings that the program started with, each with its zero, and auxv its vector to the end. */
static void start(char **envp)
{
	size_t at = 0, words;
	bool same = true;
	int fd;

	slurp("/proc/self/environ");
	for (char **env = envp; *env; at += strlen(*env++) + 1)
		same &= strcmp(*env, text + at) == 0;
	say("environ: %d\n", same);
	say("whole: %d\n", slurp("/proc/self/environ") == (long)at);
	fd = open("/proc/self/environ", O_RDONLY);
	TRY(lseek(fd, 0, SEEK_END));
	TRY(lseek(fd, 5, SEEK_SET));
	TRY(pread(fd, text, 10, 1l << 40));
	close(fd);
	TRY(open("/proc/self/environ", O_RDWR) >= 0);
	words = (size_t)slurp("/proc/self/auxv") / sizeof(unsigned long);
	same = words % 2 == 0;
	for (size_t i = 0; i + 1 < words; i += 2) {
		const unsigned long *word = (const unsigned long *)text + i;

		if (*word == AT_NULL)
			same &= i + 2 == words;
		else
			same &= getauxval(*word) == word[1];
	}
	say("auxv: %d\n", same);
	fd = open("/proc/self/auxv", O_RDONLY);
	TRY(lseek(fd, 0, SEEK_END));
	TRY(lseek(fd, 8, SEEK_SET));
	TRY(read(fd, text, 8));
	close(fd);
}

/* ---- open files ---- */

static const char *info_of(int fd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (slurp(path) < 0)
		return "none";
	return text;
}

/* The lines but those of numbers that depend on the machine. */
static void say_info(const char *what, int fd)
{
	char *rest = (char *)info_of(fd), *line;

	say("%s:\n", what);
	while ((line = strsep(&rest, "\n")))
		if (*line && strncmp(line, "mnt_id:", 7) != 0 && strncmp(line, "ino:", 4) != 0 &&
		    strncmp(line, "eventfd-id:", 11) != 0)
			say("  %s\n", line);
}

/* fdinfo has the position, the flags in octal, the mount and the inode, and then what is of that kind of file. */
static void open_files(void)
{
	char expect[60];
	struct stat st;
	int ends[2], fd = open("file", O_RDWR | O_CREAT | O_APPEND, 0600);
	sigset_t set;
	struct iovec piece = { text, 10 };

	TRY(write(fd, "hello", 5));
	say_info("a file", fd);
	fstat(fd, &st);
	snprintf(expect, sizeof(expect), "\nino:\t%lu\n", (unsigned long)st.st_ino);
	say("its inode: %d\n", strstr(info_of(fd), expect) != NULL);
	say("its mount: %d\n", strstr(text, "\nmnt_id:\t1\n") != NULL);
	close(fd);
	say_info("a path", open("/", O_PATH | O_CLOEXEC));
	pipe2(ends, O_NONBLOCK);
	say_info("a pipe", ends[1]);
	say_info("a counter", eventfd(5, EFD_SEMAPHORE | EFD_CLOEXEC));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGKILL);
	sigaddset(&set, SIGSTOP);
	say_info("signals", signalfd(-1, &set, SFD_NONBLOCK));
	fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	snprintf(expect, sizeof(expect), "\nPid:\t%d\nNSpid:\t%d\n", getpid(), getpid());
	say("a process: %d\n", strstr(info_of(fd), expect) != NULL);
	snprintf(expect, sizeof(expect), "/proc/self/fdinfo/%d", ends[0]);
	fd = open(expect, O_RDONLY);
	close(ends[0]);
	TRY(read(fd, text, 10));
	TRY(readv(fd, &piece, 1));
	TRY(pread(fd, text, 10, 0));
	TRY(preadv(fd, &piece, 1, 0));
	TRY(preadv2(fd, &piece, 1, 0, 0));
	TRY(sendfile(open("file", O_RDWR), fd, NULL, 10));
	close(fd);
	TRY(open("/proc/self/fdinfo/99", O_RDONLY));
	TRY(open("/proc/self/fdinfo/x", O_RDONLY));
	TRY(mkdir("/proc/self/fdinfo/x", 0700));
	say("%d %d\n", listed("/proc/self/fdinfo", "0"), listed("/proc/self/fdinfo", "99"));
	TRY(lstat("/proc/self/fdinfo/1", &st));
	say("%o\n", st.st_mode);
	TRY(lstat("/proc/self/fdinfo", &st));
	say("%o\n", st.st_mode);
}

/* ---- mappings ---- */

/* The size in KiB of a line of the part of smaps that is at the address. */
static long size_of(const char *part, const char *name)
{
	const char *line = part ? strstr(part, name) : NULL;

	return line ? atol(line + strlen(name)) : -1;
}

static const char *part_at(const char *path, const void *address)
{
	char start[40];

	slurp(path);
	snprintf(start, sizeof(start), "%08lx-", (unsigned long)address);
	return strstr(text, start);
}

/* Pages that a child shares count for each by half in Pss, and are not private any more. */
static void sizes(void)
{
	static const char *const names[] = {
		"\nSize:",	    "\nKernelPageSize:", "\nMMUPageSize:",  "\nRss:",
		"\nPss:",	    "\nShared_Clean:",	 "\nShared_Dirty:", "\nPrivate_Clean:",
		"\nPrivate_Dirty:", "\nReferenced:",	 "\nAnonymous:",    "\nAnonHugePages:",
		"\nSwap:",	    "\nLocked:",	 "\nTHPeligible:"
	};
	char *p = anon(64 * PAGE);
	const char *part;
	int ends[2], status;

	mprotect(p, 32 * PAGE, PROT_READ);
	p += 32 * PAGE;
	memset(p, 1, 10 * PAGE);
	mlock(p, 4 * PAGE);
	munlock(p, 4 * PAGE);
	part = part_at("/proc/self/smaps", p);
	say("a part: %d\n", part != NULL);
	for (size_t i = 0; part && i < sizeof(names) / sizeof(names[0]); i++)
		say("%s %ld\n", names[i] + 1, size_of(part, names[i]));
	say("flags: %d\n", part && strstr(part, "\nVmFlags: rd wr mr mw me "));
	pipe(ends);
	if (fork() == 0) {
		read(ends[0], text, 1);
		_exit(0);
	}
	part = part_at("/proc/self/smaps", p);
	say("with a child: %ld %ld %ld %ld\n", size_of(part, "\nRss:"), size_of(part, "\nPss:"),
	    size_of(part, "\nShared_Dirty:"), size_of(part, "\nPrivate_Dirty:"));
	write(ends[1], "x", 1);
	wait(&status);
	slurp("/proc/self/smaps_rollup");
	say("all: %d %d\n", strstr(text, "[rollup]\nRss: ") != NULL,
	    size_of(text, "\nRss:") >= 40 && size_of(text, "\nPss:") <= size_of(text, "\nRss:"));
	munmap(p - 32 * PAGE, 64 * PAGE);
}

struct query {
	uint64_t size, flags, address, start, end, vma_flags, page_size, offset, inode;
	uint32_t major, minor, name_size, build_id_size;
	uint64_t name, build_id;
};
#define QUERY _IOWR('f', 17, struct query)

/* PROCMAP_QUERY finds the mapping at an address, or the next one; a name that does not fit is ENAMETOOLONG. */
static void queries(void)
{
	char name[300] = "", *p = anon(3 * PAGE);
	struct query query = { .size = sizeof(query),
			       .address = (uint64_t)queries,
			       .name = (uint64_t)name,
			       .name_size = sizeof(name) };
	int fd = open("/proc/self/maps", O_RDONLY);

	mprotect(p + PAGE, PAGE, PROT_NONE);
	TRY(ioctl(fd, QUERY, &query));
	say("%lx %lx, %d, name: %d, its length: %d\n", query.vma_flags, query.page_size,
	    query.start <= (uint64_t)queries && query.end > (uint64_t)queries,
	    strcmp(strrchr(name, '/'), "/proc_details"), query.name_size == strlen(name) + 1);
	query.name_size = 3;
	TRY(ioctl(fd, QUERY, &query));
	query.name_size = 0;
	TRY(ioctl(fd, QUERY, &query));
	query.name = 0;
	TRY(ioctl(fd, QUERY, &query));
	query.address = 0;
	TRY(ioctl(fd, QUERY, &query));
	query.flags = 0x10;
	TRY(ioctl(fd, QUERY, &query));
	say("the first: %lx\n", query.start);
	query.flags = 0x40;
	TRY(ioctl(fd, QUERY, &query));
	query.flags = 2;
	query.address = (uint64_t)queries;
	TRY(ioctl(fd, QUERY, &query));
	query.flags = 0x12;
	TRY(ioctl(fd, QUERY, &query));
	say("one that can be written: %lx\n", query.vma_flags);
	query.flags = 0x20;
	query.address = (uint64_t)p;
	TRY(ioctl(fd, QUERY, &query));
	query.flags = 0x18;
	query.address = 0;
	TRY(ioctl(fd, QUERY, &query));
	query.flags = 0;
	query.address = (uint64_t)(p + PAGE);
	query.name = (uint64_t)name;
	query.name_size = sizeof(name);
	query.build_id = (uint64_t)name;
	query.build_id_size = 20;
	TRY(ioctl(fd, QUERY, &query));
	say("no permissions: %lx, no name: %u %u, %d\n", query.vma_flags, query.name_size,
	    query.build_id_size, query.end - query.start == PAGE);
	query.address = (uint64_t)&fd;
	query.build_id = query.build_id_size = 0;
	query.name_size = sizeof(name);
	TRY(ioctl(fd, QUERY, &query));
	say("%s\n", name);
	query.name = (uint64_t)bad;
	TRY(ioctl(fd, QUERY, &query));
	query.name = query.name_size = 0;
	query.size = 23;
	TRY(ioctl(fd, QUERY, &query));
	query.size = 24;
	TRY(ioctl(fd, QUERY, &query));
	query.size = 5000;
	TRY(ioctl(fd, QUERY, &query));
	TRY(ioctl(fd, QUERY, bad));
	TRY(ioctl(fd, 0x1234, 0));
	close(fd);
	munmap(p, 3 * PAGE);
}

/* pagemap has a word of 64 bits for each page; parts of words are EINVAL. */
static void frames(void)
{
	char *p = anon(8 * PAGE);
	char *q = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t words[1024];
	int fd = open("/proc/self/pagemap", O_RDONLY);
	off_t top = (0x4000000000 >> 12) * 8;
	volatile char byte;

	p[0] = q[0] = p[3 * PAGE] = 1;
	byte = p[PAGE];
	(void)byte;
	mprotect(p + 3 * PAGE, PAGE, PROT_NONE);
	TRY(lseek(fd, 0, SEEK_END));
	TRY(lseek(fd, (off_t)((uint64_t)p / PAGE * 8), SEEK_SET) > 0);
	TRY(read(fd, words, 40));
	for (int i = 0; i < 5; i++)
		say("%lx\n", words[i] >> 55);
	TRY(pread(fd, words, 8, (off_t)((uint64_t)q / PAGE * 8)));
	say("shared: %lx\n", words[0] >> 55);
	say("a frame: %d\n", (words[0] & ((1ul << 55) - 1)) != 0);
	TRY(pread(fd, words, 8, 4));
	TRY(pread(fd, words, 12, 8));
	TRY(pread(fd, words, 16, top - 8));
	TRY(pread(fd, words, 16, top));
	TRY(pread(fd, words, sizeof(words), 0));
	TRY(pread(fd, bad, 8, 0));
	TRY(open("/proc/self/pagemap", O_RDWR) >= 0);
	close(fd);
	munmap(p, 8 * PAGE);
	munmap(q, PAGE);
}

/* Only with CAP_SYS_ADMIN does pagemap tell frames. */
static int without_frames(void *unused)
{
	static uint64_t data = 1;
	uint64_t word;
	int fd;

	(void)unused;
	setuid(1000);
	prctl(PR_SET_DUMPABLE, 1);
	fd = open("/proc/self/pagemap", O_RDONLY);
	TRY(pread(fd, &word, 8, (off_t)((uint64_t)&data / PAGE * 8)));
	say("%lx, a frame: %d\n", word >> 63, (word & ((1ul << 55) - 1)) != 0);
	return 0;
}

/* ---- mounts ---- */

/* mountinfo escapes a space as \040, and tells the mount's parent. */
static void mounts(void)
{
	unsigned id, parent, major, minor, outer;
	char root[20], where[60], options[60], *line;

	mkdir("a b", 0755);
	TRY(mount("a source", "a b", "tmpfs", MS_NOSUID | MS_NODEV, ""));
	slurp("/proc/self/mountinfo");
	line = strstr(text, "/a\\040b rw,nosuid,nodev,relatime ");
	say("found: %d\n", line && strstr(line, " - tmpfs a\\040source rw"));
	while (line && line > text && line[-1] != '\n')
		line--;
	say("fields: %d\n", line ? sscanf(line, "%u %u %u:%u %19s %59s %59s", &id, &parent, &major,
					  &minor, root, where, options)
				 : 0);
	say("root %s, %.12s\n", root, options);
	say("its parent: %d\n",
	    sscanf(text, "%u ", &outer) == 1 && outer == parent && id != parent);
	TRY(umount("a b"));
	slurp("/proc/self/mountinfo");
	say("gone: %d\n", strstr(text, "a\\040source") == NULL);
}

/* ---- the choice when memory runs out ---- */

/* oom_score_adj is from -1000 to 1000, raises oom_score by two thirds of it, and is inherited. */
static void weight(void)
{
	int fd = open("/proc/self/oom_score_adj", O_RDWR), before;

	slurp("/proc/self/oom_score");
	before = atoi(text);
	say("score: %d\n", before >= 660 && before < 800);
	TRY(read(fd, text, 10));
	TRY(write(fd, "500\n", 4));
	slurp("/proc/self/oom_score");
	say("higher: %d\n", atoi(text) - before > 320 && atoi(text) - before < 345);
	TRY(write(fd, " 0x10 ", 6));
	slurp("/proc/self/oom_score_adj");
	say("%s", text);
	TRY(write(fd, "1001", 4));
	TRY(write(fd, "-1001", 5));
	TRY(write(fd, "x", 1));
	TRY(write(fd, "", 0));
	TRY(write(fd, "                     7", 22));
	TRY(write(fd, bad, 1));
	TRY(pwrite(fd, "5", 1, 3));
	TRY(write(fd, "-1000", 5));
	slurp("/proc/self/oom_score");
	say("%s", text);
	if (fork() == 0) {
		slurp("/proc/self/oom_score_adj");
		say("inherited: %s", text);
		_exit(0);
	}
	wait(NULL);
	TRY(write(fd, "0", 1));
	TRY(lseek(fd, 0, SEEK_CUR));
	TRY(lseek(fd, 0, SEEK_END));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(read(fd, text, 1));
	TRY(read(fd, text, 10));
	TRY(read(fd, text, 10));
	close(fd);
}

/* Only CAP_SYS_RESOURCE may set less than was set with that right before: EACCES. */
static int weight_of_another(void *unused)
{
	struct iovec piece = { "-1", 2 };
	int fd;

	(void)unused;
	setuid(1000);
	prctl(PR_SET_DUMPABLE, 1);
	fd = open("/proc/self/oom_score_adj", O_RDWR);
	TRY(write(fd, "10", 2));
	TRY(write(fd, "0", 1));
	TRY(write(fd, "-1", 2));
	TRY(writev(fd, &piece, 1));
	TRY(pwrite(fd, "-1", 2, 0));
	TRY(pwritev(fd, &piece, 1, 0));
	TRY(pwritev2(fd, &piece, 1, 0, 0));
	TRY(sendfile(fd, open("/proc/version", O_RDONLY), NULL, 2));
	TRY(write(fd, "5", 1));
	return 0;
}

/* ---- other processes ---- */

static const char *const names[] = { "environ",	      "auxv",	"smaps",     "smaps_rollup",
				     "pagemap",	      "maps",	"mountinfo", "oom_score",
				     "oom_score_adj", "fdinfo", "fdinfo/0" };

/* What tells of memory and descriptors is for who may trace; the rest is for everybody. */
static int of_roots(void *unused)
{
	char path[60];

	(void)unused;
	setuid(1000);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", getppid(), names[i]);
		say("%s: ", names[i]);
		TRY(open(path, O_RDONLY) >= 0 ? 1 : -1);
	}
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", getppid());
	TRY(open(path, O_RDWR));
	return 0;
}

/* A zombie has no memory (ESRCH, or an empty text) and no mounts (EINVAL). */
static void zombie(void)
{
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0)
		_exit(0);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) - 2; i++) {
		say("%s: ", names[i]);
		if (slurp_of(pid, names[i]) < 0)
			result("slurp", -1);
		else
			say("[%s]\n", text);
	}
	waitpid(pid, NULL, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) - 2; i++)
		say("%ld\n", slurp_of(pid, names[i]));
}

int main(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv;
	start(envp);
	open_files();
	sizes();
	queries();
	frames();
	in_child("without frames", without_frames, NULL);
	mounts();
	weight();
	in_child("weight", weight_of_another, NULL);
	in_child("root's", of_roots, NULL);
	zombie();
	return 0;
}
