/* SPDX-License-Identifier: MIT */
/* Files of the host's, by --share: read, mapped, executed, changed, and when their server ends (R140, R141, R142, R145). */

/*
 * share VERB ARGUMENT...: does one of the verbs at the end. It says what is wrong, and at last "share: ok" if
 * nothing is.
 */
#define _GNU_SOURCE
#include "asleep.h"
#include "lib/ipc.h"
#include "processes.h"
#include "share.h"
#include "verbs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* FNV-1a: cheap, and every bit of every byte counts. */
static uint64_t sum_more(uint64_t sum, const void *data, size_t n)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3;
	return sum;
}

#define SUM_OF_NOTHING 0xcbf29ce484222325

/* ---- reading ---- */

static uint64_t sum_by_read(const char *path, uint64_t *size_ret)
{
	static char buf[1 << 16];
	uint64_t sum = SUM_OF_NOTHING;
	int fd = open_or_die(path);
	ssize_t n;

	*size_ret = 0;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		sum = sum_more(sum, buf, (size_t)n);
		*size_ret += (uint64_t)n;
	}
	if (n < 0)
		printf("%s: %s\n", path, strerror(errno));
	close(fd);
	return sum;
}

/*
 * Prints each entry with what is in it, in the order of readdir(). Of files, only those are read
 * whose names end in one of the characters of `ends`, or all if it is empty.
 */
static void walk(const char *dir, const char *ends)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;

	if (!stream) {
		printf("%s: %s\n", dir, strerror(errno));
		nwrong++;
		return;
	}
	while (errno = 0, (entry = readdir(stream))) {
		char path[4096], target[4096];
		uint64_t size = 0, sum;
		ssize_t n;
		char last = entry->d_name[strlen(entry->d_name) - 1];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_type == DT_DIR) {
			printf("%s/\n", path);
			walk(path, ends);
		} else if (entry->d_type == DT_LNK) {
			n = readlink(path, target, sizeof(target) - 1);
			target[n < 0 ? 0 : n] = '\0';
			printf("%s -> %s\n", path, target);
		} else if (*ends && !strchr(ends, last)) {
			printf("%s\n", path);
		} else {
			sum = sum_by_read(path, &size);
			printf("%s %lu %016lx\n", path, size, sum);
		}
	}
	expect(dir, 0, errno);
	closedir(stream);
}

static void do_walk(char **argv)
{
	if (chdir(argv[0]) == 0)
		walk(".", argv[1] ? argv[1] : "");
	else
		perror(argv[0]);
}

static void do_map(char **argv)
{
	struct stat st;
	volatile const uint8_t *at;

	stat(argv[0], &st);
	at = map_or_die(argv[0], (size_t)st.st_size);
	printf("%016lx\n", sum_more(SUM_OF_NOTHING, (const void *)at, (size_t)st.st_size));
}

/* As Linux has it: mode, owner, size, time. */
static void do_stat(char **argv)
{
	struct stat st;

	for (; *argv; argv++) {
		if (lstat(*argv, &st) == 0)
			printf("%o %u %u %ld %ld.%09ld\n", st.st_mode, st.st_uid, st.st_gid,
			       (long)st.st_size, (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
		else
			printf("%s\n", strerrorname_np(errno));
	}
}

/* Nothing can be changed, by any call. */
static void do_read_only(char **argv)
{
	const char *dir = argv[0], *file = argv[1];
	char path[4096];

	snprintf(path, sizeof(path), "%s/new", dir);
	expect("open for writing", -EROFS, got(open(file, O_WRONLY)));
	expect("create", -EROFS, got(open(path, O_CREAT | O_WRONLY, 0644)));
	expect("mkdir", -EROFS, got(mkdir(path, 0755)));
	expect("unlink", -EROFS, got(unlink(file)));
	expect("rename", -EROFS, got(rename(file, path)));
	expect("chmod", -EROFS, got(chmod(file, 0777)));
	expect("truncate", -EROFS, got(truncate(file, 0)));
}

/* ---- changes ---- */

static void edit_names(void)
{
	char longer[300];

	memset(longer, 'n', sizeof(longer));
	longer[256] = '\0';
	expect("mkdir", 0, got(mkdir("d", 0755)));
	expect("mkdir again", -EEXIST, got(mkdir("d", 0755)));
	expect("mkdir below", 0, got(mkdir("d/e", 0755)));
	expect("mkdir below a file", -ENOTDIR, got(mkdir("kept/e", 0755)));
	expect("mkdir nowhere", -ENOENT, got(mkdir("x/e", 0755)));
	expect("a long name", -ENAMETOOLONG, got(mkdir(longer, 0755)));
	longer[255] = '\0';
	expect("the longest name", 0, got(mkdir(longer, 0755)));
	expect("rename to itself", 0, got(rename(longer, longer)));
	expect("rmdir", 0, got(rmdir(longer)));
	expect("rmdir of what is not empty", -ENOTEMPTY, got(rmdir("d")));
	expect("rmdir of a file", -ENOTDIR, got(rmdir("kept")));
	expect("unlink of a directory", -EISDIR, got(unlink("d")));
	put_text("file", O_CREAT | O_EXCL, "first line");
	expect("create again", -EEXIST, got(open("file", O_CREAT | O_EXCL | O_WRONLY, 0644)));
	put_text("file", O_TRUNC, "second line");
	put_text("file", O_APPEND, "n");
	expect("link", 0, got(link("file", "same")));
	expect("link again", -EEXIST, got(link("file", "same")));
	expect("link of a directory", -EPERM, got(link("d", "d2")));
	expect("rename over another name of it", 0, got(rename("file", "same")));
	expect("rename", 0, got(rename("file", "d/e/file")));
	expect("rename of nothing", -ENOENT, got(rename("file", "other")));
	expect("a directory into itself", -EINVAL, got(rename("d", "d/e/x")));
	expect("a file over a directory", -EISDIR, got(rename("kept", "d")));
	expect("a directory over a file", -ENOTDIR, got(rename("d", "kept")));
	expect("no replacement", -EEXIST,
	       got(renameat2(AT_FDCWD, "kept", AT_FDCWD, "same", RENAME_NOREPLACE)));
	expect("flags, of which no message can tell", -EINVAL,
	       got(renameat2(AT_FDCWD, "kept", AT_FDCWD, "other", RENAME_NOREPLACE)));
	expect("a slash after a file's name is found before", -ENOTDIR,
	       got(renameat2(AT_FDCWD, "kept/", AT_FDCWD, "other", RENAME_NOREPLACE)));
	expect("to another mount", -EXDEV, got(rename("kept", "/tmp/kept")));
	expect("symlink", 0, got(symlink("d/e/file", "link")));
	expect("symlink again", -EEXIST, got(symlink("x", "link")));
	expect("open of a directory", -EISDIR, got(open("d", O_WRONLY)));
}

/* Names that are removed while somebody reads the directory are not listed afterwards. */
static void edit_while_listing(void)
{
	char some[64]; /* has room for a name or two */
	char name[16];
	int fd, nfirst = 0;

	expect("mkdir", 0, got(mkdir("many", 0755)));
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		put_text(name, O_CREAT, "x");
	}
	fd = open("many", O_RDONLY | O_DIRECTORY);
	while (nfirst < 4 && getdents64(fd, some, sizeof(some)) > 0)
		nfirst++;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		expect("unlink", 0, got(unlink(name)));
	}
	expect("no name is left", 0, got(getdents64(fd, some, sizeof(some))));
	close(fd);
	expect("rmdir", 0, got(rmdir("many")));
}

/* Names move to a directory that is read meanwhile: it lists what has come in their place. */
static void move_while_listing(void)
{
	char some[64], from[16], to[16];
	const struct dirent *entry = (void *)some;
	struct stat st;
	int fd, into, wrong = 0;

	expect("mkdir", 0, got(mkdir("many", 0755)));
	expect("mkdir", 0, got(mkdir("into", 0755)));
	for (int i = 0; i < 20; i++) {
		snprintf(from, sizeof(from), "many/%d", i);
		snprintf(to, sizeof(to), "into/%d", i);
		put_text(from, O_CREAT, "x");
		put_text(to, O_CREAT, "y");
	}
	fd = open("many", O_RDONLY | O_DIRECTORY);
	into = open("into", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 4; i++)
		wrong += getdents64(fd, some, sizeof(some)) <= 0 ||
			 getdents64(into, some, sizeof(some)) <= 0;
	for (int i = 0; i < 20; i++) {
		snprintf(from, sizeof(from), "many/%d", i);
		snprintf(to, sizeof(to), "into/%d", i);
		expect("rename", 0, got(rename(from, to)));
	}
	expect("no name is left", 0, got(getdents64(fd, some, sizeof(some))));
	while (getdents64(into, some, 32) > 0) /* one name at a time */
		wrong += fstatat(into, entry->d_name, &st, 0) != 0 || st.st_ino != entry->d_ino;
	expect("names of other files", 0, wrong);
	close(fd);
	close(into);
	expect("rmdir", 0, got(rmdir("many")));
	for (int i = 0; i < 20; i++) {
		snprintf(to, sizeof(to), "into/%d", i);
		expect("unlink", 0, got(unlink(to)));
	}
	expect("rmdir", 0, got(rmdir("into")));
}

static void edit_attributes(void)
{
	const struct timespec times[2] = { { 5, 6 }, { 1234567890, 123456789 } };
	struct stat st;

	expect("chmod", 0, got(chmod("script", 0751)));
	expect("utimensat", 0, got(utimensat(AT_FDCWD, "script", times, 0)));
	expect("chmod of a directory", 0, got(chmod("d", 01700)));
	expect("stat", 0, got(stat("script", &st)));
	expect("mode", S_IFREG | 0751, (long)st.st_mode);
	expect("time of access", 5, st.st_atim.tv_sec);
	expect("time of modification", 123456789, st.st_mtim.tv_nsec);
	expect("truncate", 0, got(truncate("kept", 10)));
	expect("truncate back", 0, got(truncate("kept", 4)));
	expect("truncate to a size below 0", -EINVAL, got(truncate("kept", -1)));
	expect("truncate of a directory", -EISDIR, got(truncate("d", 0)));
}

/* A file stays until its last user is gone, and its directory with it. */
static void edit_removed(void)
{
	char path[64], text[PATH_MAX], bytes[8] = "";
	volatile const uint8_t *map;
	struct stat st;
	ssize_t n;
	int fd;

	expect("mkdir", 0, got(mkdir("gone", 0755)));
	put_text("gone/file", O_CREAT, "before");
	fd = open("gone/file", O_RDWR);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	expect("unlink", 0, got(unlink("gone/file")));
	expect("open", -ENOENT, got(open("gone/file", O_RDONLY)));
	expect("write", 5, got(pwrite(fd, "after", 5, 0)));
	expect("read", 6, got(pread(fd, bytes, sizeof(bytes), 0)));
	expect("what it reads", 0, strcmp(bytes, "aftere"));
	expect("the mapping", 'a', map[0]);
	expect("fstat", 0, got(fstat(fd, &st)));
	expect("links", 0, (long)st.st_nlink);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	expect("it is called deleted", 1, strcmp(text, "(deleted)") == 0);
	expect("rmdir", -ENOTEMPTY, got(rmdir("gone")));
	close(fd);
	expect("the mapping afterwards", 'f', map[1]);
	munmap((void *)map, PAGE);
	UNTIL("munmap does not wait for the server", rmdir("gone") == 0);
	expect("it is gone", -ENOENT, got(stat("gone", &st)));
	put_text("one", O_CREAT, "one");
	put_text("two", O_CREAT, "two");
	fd = open("two", O_RDONLY);
	expect("rename over a file that is open", 0, got(rename("one", "two")));
	expect("read", 3, got(read(fd, bytes, 3)));
	expect("what it reads", 't', bytes[0]);
	close(fd);
	expect("unlink", 0, got(unlink("two")));
}

/* A write with RWF_APPEND goes to the end, from which the limit of a file's size counts, and not from its offset. */
static void edit_limited(void)
{
	const struct rlimit limit = { 10, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
	const struct iovec iov = { (void *)"more than that", 14 };
	char bytes[16] = "";
	int fd;

	signal(SIGXFSZ, SIG_IGN);
	put_text("limited", O_CREAT, "at first");
	fd = open("limited", O_RDWR);
	expect("setrlimit", 0, got(setrlimit(RLIMIT_FSIZE, &limit)));
	expect("pwritev2 up to the limit", 2, got(pwritev2(fd, &iov, 1, 0, RWF_APPEND)));
	expect("pwritev2 above the limit", -EFBIG, got(pwritev2(fd, &iov, 1, 0, RWF_APPEND)));
	expect("pwritev2 below the limit", 10, got(pwritev2(fd, &iov, 1, 0, 0)));
	expect("setrlimit", 0, got(setrlimit(RLIMIT_FSIZE, &none)));
	expect("pwritev2 without a limit", 14, got(pwritev2(fd, &iov, 1, 0, RWF_APPEND)));
	expect("pread", 16, got(pread(fd, bytes, sizeof(bytes), 0)));
	expect("what it reads", 0, memcmp(bytes, "more than more t", sizeof(bytes)));
	close(fd);
	expect("unlink", 0, got(unlink("limited")));
}

struct io {
	long fetched, dirtied, cancelled; /* bytes */
};

static struct io io_so_far(void)
{
	char text[512] = "";
	int fd = open_or_die("/proc/self/io");
	struct io io = { 0 };

	expect("read", true, read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	expect("numbers", 3,
	       sscanf(text,
		      "rchar: %*u wchar: %*u syscr: %*u syscw: %*u read_bytes: %ld "
		      "write_bytes: %ld cancelled_write_bytes: %ld",
		      &io.fetched, &io.dirtied, &io.cancelled));
	return io;
}

static long cached_kib(void)
{
	char text[1024] = "";
	int fd = open_or_die("/proc/meminfo");
	const char *line;

	expect("read", true, read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	line = strstr(text, "\nCached:");
	return line ? atol(line + 8) : -1;
}

/* What the server is asked for counts once, and what it is to get; and the pages in memory are the machine's cache. */
static void count_bytes(void)
{
	static char bytes[10 * PAGE];
	struct io before = io_so_far(), after;
	long cached = cached_kib();
	int fd = open_or_die("kept");
	struct rusage usage;

	for (int i = 0; i < 2; i++) {
		expect("pread", 4, got(pread(fd, bytes, sizeof(bytes), 0)));
		after = io_so_far();
		expect("bytes that were read", PAGE, after.fetched - before.fetched);
	}
	close(fd);
	expect("KiB of the cache", cached + 4, cached_kib());
	fd = open("new", O_CREAT | O_RDWR, 0600);
	expect("write", sizeof(bytes), got(write(fd, bytes, sizeof(bytes))));
	expect("write", PAGE, got(pwrite(fd, bytes, PAGE, PAGE)));
	expect("KiB with a new file", cached + 44, cached_kib());
	expect("ftruncate", 0, got(ftruncate(fd, 0)));
	close(fd);
	expect("unlink", 0, got(unlink("new")));
	expect("KiB without it", cached + 4, cached_kib());
	after = io_so_far();
	expect("bytes that were written", sizeof(bytes), after.dirtied - before.dirtied);
	expect("bytes that were cut off", sizeof(bytes), after.cancelled - before.cancelled);
	expect("getrusage", 0, got(getrusage(RUSAGE_SELF, &usage)));
	expect("blocks read", after.fetched / 512, usage.ru_inblock);
	expect("blocks written", after.dirtied / 512, usage.ru_oublock);
}

/* All changes of names and attributes, and what Linux says to wrong ones. */
static void do_edit(char **argv)
{
	expect("chdir", 0, got(chdir(argv[0])));
	count_bytes();
	edit_names();
	edit_while_listing();
	move_while_listing();
	edit_attributes();
	edit_removed();
	edit_limited();
}

/* A name that a file which is open is replaced at, so often, is always there, for everybody. */
static void do_replace(char **argv)
{
	const long times = strtol(argv[1], NULL, 10);
	int fd, status, last = -1;
	pid_t child;
	char byte;

	expect("chdir", 0, got(chdir(argv[0])));
	put_text("target", O_CREAT, "x");
	child = fork();
	if (child == 0) {
		for (long i = 0; i < times; i++) {
			put_text("new", O_CREAT, "x");
			expect("rename", 0, got(rename("new", "target")));
		}
		exit(nwrong != 0);
	}
	while (waitpid(child, &status, WNOHANG) == 0) {
		fd = open("target", O_RDONLY);
		expect("open", 0, fd < 0 ? got(fd) : 0);
		expect("read", 1, got(read(fd, &byte, 1)));
		close(last);
		last = fd;
	}
	close(last);
	expect("the other's status", 0, status);
}

/*
 * Who is killed in a rename over a file that is open leaves both files, or the new one. A second name may stay, if the
 * server has made it after it was told to remove it.
 */
static void do_killed_renames(char **argv)
{
	expect("chdir", 0, got(chdir(argv[0])));
	for (unsigned i = 0; i < 60; i++) {
		char bytes[4] = "";
		pid_t child;
		int fd;

		put_text("target", O_CREAT | O_TRUNC, "old");
		put_text("new", O_CREAT | O_TRUNC, "new");
		fd = open("target", O_RDONLY);
		child = fork();
		if (child == 0)
			_exit(rename("new", "target") != 0);
		usleep(i * 50);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		close(fd);
		fd = open("target", O_RDONLY);
		expect("read", 3, got(read(fd, bytes, 3)));
		if (strcmp(bytes, "new") != 0)
			expect("the new file", 0, got(access("new", R_OK)) + strcmp(bytes, "old"));
		close(fd);
	}
}

/* What the host writes is seen by the next open, also after a write of our own. */
static void do_agree(char **argv)
{
	char bytes[4];
	int fd;

	put_text(argv[0], O_CREAT, "mine");
	expect("chmod", 0,
	       got(chmod(argv[0], 0600))); /* what it does to the times is learnt once */
	fd = open(argv[0], O_RDONLY);
	expect("read", 4, got(read(fd, bytes, 4)));
	close(fd);
	puts("rewrite");
	fflush(stdout);
	expect("go on", 1, got(read(0, bytes, 1)));
	close(open(argv[0], O_WRONLY));
	fd = open(argv[0], O_RDONLY);
	expect("read again", 4, got(read(fd, bytes, 4)));
	expect("what it reads", 'h', bytes[0]);
	close(fd);
}

/* Copies a file, by reads and writes of an odd size. */
static void do_copy(char **argv)
{
	static char bytes[100001];
	int from = open(argv[0], O_RDONLY), to = open(argv[1], O_CREAT | O_TRUNC | O_WRONLY, 0644);
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		expect("write", n, got(write(to, bytes, (size_t)n)));
	expect("the end", 0, got(n));
	expect("fsync", 0, got(fsync(to)));
	expect("close", 0, got(close(to)));
}

/* ---- many processes ---- */

static void wait_for(unsigned nchildren, const char *what)
{
	int status;

	while (nchildren--) {
		wait(&status);
		expect(what, 0, status);
	}
}

/* Processes read the same files, and each checks that it gets the right bytes: argv is path, size, sum of each. */
static void do_together(char **argv)
{
	unsigned nchildren = 8;

	for (unsigned i = 0; i < nchildren; i++) {
		if (fork() != 0)
			continue;
		for (char **at = argv; *at; at += 3) {
			uint64_t size = strtoul(at[1], NULL, 10), n, sum;

			if (i % 2) {
				volatile const uint8_t *map = map_or_die(at[0], size);

				sum = sum_more(SUM_OF_NOTHING, (const void *)map, size);
				munmap((void *)map, size);
			} else {
				sum = sum_by_read(at[0], &n);
				expect("size", (long)size, (long)n);
			}
			expect(at[0], (long)strtoul(at[2], NULL, 16), (long)sum);
		}
		fflush(stdout);
		_exit(nwrong != 0);
	}
	wait_for(nchildren, "a child's status");
}

/*
 * A process for each file, all at the same time: half of them read, and half touch a mapping. A file's first byte is
 * the last one of its name.
 */
static void do_at_once(char **argv)
{
	unsigned nchildren = 0;

	for (; argv[nchildren]; nchildren++) {
		const char *path = argv[nchildren];

		if (fork() != 0)
			continue;
		expect(path, path[strlen(path) - 1],
		       nchildren % 2 ? byte_at(path, 0) : touch(map_or_die(path, PAGE)));
		fflush(stdout);
		_exit(nwrong != 0);
	}
	wait_for(nchildren, "a child's status");
}

/* ---- the host changes files ---- */

/* Three pages of 'a', which the host makes three of 'b'. */
static void rewritten(const char *path)
{
	volatile const uint8_t *map = map_or_die(path, PAGE);

	expect("before", 'a', map[0]);
	next("rewrite");
	expect("a mapped page stays as it is", 'a', map[0]);
	expect("a page that nobody has mapped, opened anew", 'b', byte_at(path, 2 * PAGE));
	munmap((void *)map, PAGE);
	expect("the page that was mapped, opened anew", 'b', byte_at(path, 0));
}

/* Three pages, of which the host leaves one and a half. */
static void shortened(const char *path)
{
	volatile const uint8_t *map = map_or_die(path, 3 * PAGE);
	struct stat st;

	expect("before", 'a', map[0]);
	next("shorten");
	expect("stat", 0, got(stat(path, &st)));
	expect("the size", PAGE + PAGE / 2, (long)st.st_size);
	expect("the first page, opened anew", 'a', byte_at(path, 0));
	expect("behind the end", -ENODATA, byte_at(path, PAGE + PAGE / 2));
	expect("mapped, the first page", 'a', touch(map));
	expect("mapped, the last one", 'a', touch(map + PAGE));
	expect("mapped, the rest of it", 0, touch(map + 2 * PAGE - 1));
	expect("mapped, behind it", -SIGBUS, touch(map + 2 * PAGE));
	munmap((void *)map, 3 * PAGE);
}

static void removed(const char *path)
{
	volatile const uint8_t *map = map_or_die(path, 3 * PAGE);
	struct stat st;

	expect("before", 'a', map[0]);
	next("remove");
	expect("what is mapped is there", 'a', touch(map));
	expect("and can be read on, or not", 1,
	       touch(map + 2 * PAGE) == 'a' || touch(map + 2 * PAGE) == -SIGBUS);
	expect("it has no name", -ENOENT, got(stat(path, &st)));
	expect("opened anew", -ENOENT, byte_at(path, 0));
	munmap((void *)map, 3 * PAGE);
}

static void replaced(const char *path)
{
	expect("before", 'a', byte_at(path, 0));
	next("replace");
	expect("another file of that name", 'c', byte_at(path, 0));
}

static void do_changes(char **argv)
{
	(void)argv;
	rewritten("/mnt/rewritten");
	shortened("/mnt/shortened");
	removed("/mnt/removed");
	replaced("/mnt/replaced");
	expect("what was not there", -ENOENT, byte_at("/mnt/new", 0));
	next("create");
	expect("a new file", 'n', byte_at("/mnt/new", 0));
}

/* ---- the server ends ---- */

/* Reads a file again and again, by pages in an order that no read-ahead helps with, until that fails. */
static void read_on(const char *path, unsigned i)
{
	struct stat st;
	uint64_t npages;
	int fd = open(path, O_RDONLY), byte = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		_exit(errno == EIO ? 0 : 2);
	npages = (uint64_t)st.st_size / PAGE;
	for (uint64_t at = i; byte >= 0; at = (at + 7919) % npages) {
		volatile const uint8_t *map;

		if (i % 2) {
			char buf[16];

			byte = (int)got(pread(fd, buf, sizeof(buf), (off_t)(at * PAGE)));
			continue;
		}
		map = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, (off_t)(at * PAGE));
		byte = map == MAP_FAILED ? -errno : touch(map);
		if (map != MAP_FAILED)
			munmap((void *)map, PAGE);
	}
	_exit(byte == (i % 2 ? -EIO : -SIGBUS) ? 0 : 3);
}

#define WATCHED (16u << 20)

/* Memory that the device could have written to is given to us: it must stay what we make of it. */
static uint64_t *take_memory(void)
{
	uint64_t *words =
		mmap(NULL, WATCHED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < WATCHED / 8; i++)
		words[i] = i * 0x9e3779b97f4a7c15;
	return words;
}

/* When the device has answered to another server, it has done all that it was asked for by the one before. */
static void check_memory(uint64_t *words)
{
	unsigned nchanged = 0;

	for (size_t i = 0; i < WATCHED / 8; i++)
		nchanged += words[i] != i * 0x9e3779b97f4a7c15;
	expect("words that somebody has changed", 0, nchanged);
	munmap(words, WATCHED);
}

/* argv: a large file that nobody has read. Kills hostfs again and again while processes read it: they go on. */
static void do_killed(char **argv)
{
	const char *path = argv[0];
	const uint64_t npages = 16384;
	volatile const uint8_t *map = map_or_die(path, npages * PAGE);
	unsigned nchildren = 6, nkills = 5;
	int fd = open_or_die(path), before = map[0];
	pid_t child[6];
	char c;

	for (unsigned i = 0; i < nchildren; i++) {
		child[i] = fork();
		if (child[i] == 0)
			read_on(path, i);
	}
	for (unsigned i = 0; i < nkills; i++) {
		uint64_t *words;

		usleep(50000); /* long enough or not: any time is a good time */
		expect("kill", 0, kill_process("hostfs"));
		words = take_memory();
		expect("what was read is there", before, touch(map));
		expect("and what was not", 0, touch(map + (npages - 1 - i) * PAGE));
		expect("by read too", 1, got(pread(fd, &c, 1, (off_t)((npages - 100 - i) * PAGE))));
		expect("a name", 'x', byte_at("/mnt/other", 0));
		expect("no such name", -ENOENT, got(open("/mnt/none", O_RDONLY)));
		check_memory(words);
	}
	for (unsigned i = 0; i < nchildren; i++) {
		int status = 0;

		expect("a reader's end", 0, got(waitpid(child[i], &status, WNOHANG)));
		kill(child[i], SIGKILL);
		waitpid(child[i], &status, 0);
	}
	close(fd);
}

/* argv: a large file and one to be made. Kills hostfs in the middle of a copy, which goes on. */
static void do_copied(char **argv)
{
	static char bytes[64 * 1024];
	int from = open_or_die(argv[0]), to = open(argv[1], O_CREAT | O_WRONLY | O_EXCL, 0644);
	uint64_t done = 0, next = 8u << 20;
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0) {
		expect("write", n, got(write(to, bytes, (size_t)n)));
		done += (uint64_t)n;
		if (done < next)
			continue;
		expect("kill", 0, kill_process("hostfs"));
		next += 16u << 20;
	}
	expect("read to the end", 0, got(n));
	expect("fsync", 0, got(fsync(to)));
	expect("close", 0, got(close(to)));
}

static void rename_on(unsigned i)
{
	static char bytes[60000];
	char from[32], to[32];

	snprintf(from, sizeof(from), "/mnt/from%u", i);
	snprintf(to, sizeof(to), "/mnt/to%u", i);
	for (;;) {
		int fd = open(from, O_RDWR | O_CREAT, 0644);

		(void)!pwrite(fd, bytes, sizeof(bytes), 0);
		fsync(fd);
		close(fd);
		rename(from, to);
		rename(to, from);
	}
}

/* It has to answer a change of a file. */
static void wait_for_server(void)
{
	int fd = open("/mnt/other", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	expect("a file is opened", true, fd >= 0);
	close(fd);
}

/*
 * argv: how often hostfs is killed with requests under way while others sleep shortly. The timer
 * goes on all the time.
 */
static void do_ticking(char **argv)
{
	pid_t child[4];

	for (unsigned i = 0; i < 4; i++) {
		child[i] = fork();
		if (child[i] == 0 && i < 3)
			rename_on(i);
		while (child[i] == 0)
			usleep(300);
	}
	for (unsigned long i = strtoul(argv[0], NULL, 0); i > 0; i--) {
		wait_for_server();
		expect("kill", 0, kill_process("hostfs"));
		usleep(3000); /* a deadline that is armed just before hostfs ends */
	}
	for (unsigned i = 0; i < 4; i++)
		kill(child[i], SIGKILL);
	wait_for_server(); /* when the machine goes off, nobody starts it any more */
}

/* argv: a file. It is open, and its directory the working directory, while the server is killed; another has its name then. */
static void do_stale(char **argv)
{
	struct stat st;
	int fd = open_or_die(argv[0]);
	char c;

	expect("read", 1, got(pread(fd, &c, 1, 0)));
	expect("its byte", 'a', c);
	next("replace it");
	expect("kill", 0, kill_process("hostfs"));
	expect("the new one", 'b', byte_at(argv[0], 70 * PAGE));
	expect("what was read before", 1, got(pread(fd, &c, 1, 0)));
	expect("its byte", 'a', c);
	expect("what was not", -EIO, got(pread(fd, &c, 1, 70 * PAGE)));
	expect("its attributes", -ESTALE, got(fstat(fd, &st)));
	close(fd);
}

/* argv: a large file. Readers are killed while they wait, again and again: no request may be lost by that. */
static void do_interrupted(char **argv)
{
	for (unsigned turn = 0; turn < 60; turn++) {
		pid_t pid[4];

		for (unsigned i = 0; i < 4; i++) {
			pid[i] = fork();
			if (pid[i] == 0)
				read_on(argv[0], turn * 4 + i);
		}
		usleep(turn % 8 * 500);
		for (unsigned i = 0; i < 4; i++)
			kill(pid[i], SIGKILL);
		for (unsigned i = 0; i < 4; i++) {
			int status = 0;

			waitpid(pid[i], &status, 0);
			expect("a reader's end", SIGKILL, status);
		}
	}
	expect("the file can be read", 0, byte_at(argv[0], 7777 * PAGE));
	expect("and another one", 'x', byte_at("/mnt/other", 0));
}

/* argv: a large file. Ends while others read it. */
static void do_leave(char **argv)
{
	pid_t child[6];

	for (unsigned i = 0; i < 6; i++) {
		child[i] = fork();
		if (child[i] == 0)
			read_on(argv[0], i);
	}
	for (unsigned i = 0; i < 6; i++)
		while (waits_of(child[i]) == 0) /* for the server */
			usleep(1000);
}

/* A program whose text was dropped because memory was short is read again: argv is its path and its output. */
static void do_again(char **argv)
{
	size_t size = 40u << 20;

	for (int turn = 0; turn < 3; turn++) {
		struct rusage usage;
		int status = 0;
		pid_t pid = fork();
		char *memory;

		if (pid == 0) {
			execl(argv[0], argv[0], "exit", "7", NULL);
			_exit(1);
		}
		wait4(pid, &status, 0, &usage);
		expect("its status", 7, WEXITSTATUS(status));
		printf("major faults: %s\n", usage.ru_majflt > 0 ? "some" : "none");
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0);
		memset(memory, turn + 1, size);
		munmap(memory, size);
	}
}

/* ---- without memory ---- */

/* Takes memory until it is killed. That it has a receive end helps it nothing. */
_Noreturn static void eat_memory(void)
{
	size_t size = 1ul << 30;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	expect("an endpoint", 1, ipc_create(0) >= 0);
	memset(memory, 1, size);
	_exit(1);
}

static void expect_spared(pid_t pid)
{
	char path[64], text[8] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	fd = open(path, O_RDONLY);
	expect("read the value", 6, read(fd, text, sizeof(text) - 1));
	expect("the lowest", 0, strcmp(text, "-1000\n"));
	close(fd);
}

/* argv: a large file. All who spare themselves are killed before the server, and that is so for the next server, too. */
static void do_pressed(char **argv)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	expect("spare this one", 5, write(fd, "-1000", 5));
	close(fd);
	for (int turn = 0; turn < 2; turn++) {
		pid_t server = find_process("hostfs"), eater;
		uint64_t size;
		int status = 0;

		expect_spared(server);
		eater = fork();
		if (eater == 0)
			eat_memory();
		expect("wait", eater, waitpid(eater, &status, 0));
		expect("its signal", SIGKILL, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
		expect("the server is there", server, find_process("hostfs"));
		sum_by_read(argv[0], &size);
		expect("the file", 1, size > 0);
		if (turn == 0)
			expect("kill", 0, kill_process("hostfs"));
		expect("a name that the next server has not", -1, access("/mnt/none", F_OK));
	}
}

/* ---- set-id bits ---- */

static void show_mode(const char *path)
{
	struct stat st;

	expect(path, 0, lstat(path, &st));
	printf("%s %o\n", path, st.st_mode & 07777);
}

/* Asks for set-id bits in every way that there is, and says what has come of it. */
static void do_setid(char **argv)
{
	int fd;

	umask(0);
	expect("chdir", 0, chdir(argv[0]));
	fd = open("created", O_RDWR | O_CREAT | O_EXCL, 06755);
	expect("create", 1, fd >= 0);
	expect("mkdir", 0, mkdir("directory", 07755));
	expect("mknod", 0, mknod("node", S_IFREG | 06711, 0));
	expect("create another", 1, open("changed", O_RDWR | O_CREAT, 0600) >= 0);
	expect("chmod", 0, chmod("changed", 06755));
	expect("chmod of a directory", 0, mkdir("group", 0700) || chmod("group", 03770));
	show_mode("created");
	expect("fchmod", 0, fchmod(fd, 04711));
	show_mode("created");
	show_mode("directory");
	show_mode("node");
	show_mode("changed");
	show_mode("group");
}

/* ---- no process is left for the server ---- */

#define CROWD_MOST  4200
#define CROWD_STACK 1024

static pid_t crowd[CROWD_MOST];
static unsigned ncrowd;
static char *crowd_stacks;

static int stay(void *unused)
{
	for (;;)
		pause();
	return 0;
}

static void crowd_begin(void)
{
	crowd_stacks = mmap(NULL, (size_t)(CROWD_MOST + 1) * CROWD_STACK, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Makes processes as long as there may be more; they share this one's memory. */
static void fill_up(void)
{
	while (ncrowd < CROWD_MOST) {
		char *stack = crowd_stacks + (size_t)(ncrowd + 1) * CROWD_STACK;
		pid_t pid = clone(stay, stack, CLONE_VM | SIGCHLD, NULL);

		if (pid < 0)
			return;
		crowd[ncrowd++] = pid;
	}
}

/*
 * The server is killed when there is no room for a process. init finds none for the next server, or none
 * to attach the mount by, however often it tries. When there is room again, everything works.
 */
static void do_crowded(char **argv)
{
	struct pollfd told = { .fd = 0, .events = POLLIN };
	pid_t server = find_process("hostfs");

	crowd_begin();
	fill_up();
	expect("why there are no more", EAGAIN, errno);
	expect("the machine is full", 1, ncrowd > 1000 && ncrowd < CROWD_MOST);
	kill(server, SIGKILL);
	while (kill(server, 0) == 0)
		sched_yield();
	while (poll(&told, 1, 0) == 0) { /* that init has failed */
		fill_up();
		sched_yield();
	}
	for (unsigned i = 0; i < ncrowd; i++)
		kill(crowd[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	expect("a byte of a file", 'x', byte_at(argv[0], 0));
}

/* Says so unless it is killed within this time after the end of the process that has made it. */
static void say_that_it_is_late(void)
{
	const struct timespec time = { .tv_nsec = 600000000 };
	sigset_t told;

	sigemptyset(&told);
	sigaddset(&told, SIGUSR1);
	sigprocmask(SIG_BLOCK, &told, NULL);
	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	sigwaitinfo(&told, NULL);
	nanosleep(&time,
		  NULL); /* longer than a shutdown takes in which nobody waits for the port */
	_exit(write(1, "late\n", 5) != 5);
}

static volatile unsigned *nlines; /* how often keep_stderr_busy() has written */

/* Makes a process that, once it is told, keeps the port busy, so that init has to wait when it says something. */
static pid_t keep_stderr_busy(void)
{
	static char lines[4096];
	sigset_t told;
	pid_t pid;

	nlines = mmap(NULL, sizeof(*nlines), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	sigemptyset(&told);
	sigaddset(&told, SIGUSR2);
	sigprocmask(SIG_BLOCK, &told, NULL);
	pid = fork();
	if (pid != 0)
		return pid;
	memset(lines, '\n', sizeof(lines));
	sigwaitinfo(&told, NULL);
	for (; write(2, lines, sizeof(lines)) > 0; ++*nlines)
		;
	_exit(1);
}

/*
 * There is no process for the server, and init tries it again and again, with pauses that are longer each
 * time, up to 1.28 s. This process ends at the begin of such a pause: the machine ends with it.
 */
static void do_left_crowded(char **argv)
{
	pid_t server = find_process("hostfs"), busy;
	unsigned long waits;
	unsigned nlast;

	(void)argv;
	say_that_it_is_late();
	busy = keep_stderr_busy();
	crowd_begin();
	fill_up();
	nlast = ncrowd;
	kill(busy, SIGUSR2);
	while (*nlines < 20)
		sched_yield();
	kill(server, SIGKILL);
	while (ncrowd == nlast) { /* while init says that the server has ended */
		fill_up();
		sched_yield();
	}
	kill(busy, SIGSTOP);
	waits = waits_of(1);
	while (waits_of(1) < waits + 10)
		usleep(1000);
}

/* What a server has: two streams that lead nowhere, one to write to, its device and its endpoint. */
static void do_descriptors(char **argv)
{
	char path[64], target[256];
	pid_t server = find_process("hostfs");

	(void)argv;
	for (int fd = 0; fd < 256; fd++) {
		ssize_t n;
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", server, fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		lstat(path, &st);
		printf("%d %s%s %s\n", fd, st.st_mode & 0400 ? "r" : "",
		       st.st_mode & 0200 ? "w" : "", target);
	}
}

/* ---- mappings that are stored to ---- */

/*
 * Stores to mappings, and leaves it to the kernel to bring that to the host: at munmap, at the end of a process, at its
 * kill, and at the end of the machine.
 */
static void do_store(char **argv)
{
	static const char *const names[] = { "unmapped", "ended", "killed", "last" };
	const size_t n = 300 * 4096 + 5;
	char path[4096];

	for (unsigned i = 0; i < 4; i++) {
		pid_t child = i == 1 || i == 2 ? fork() : 0;
		uint8_t *mem;

		if (child) {
			waitpid(child, NULL, 0);
			continue;
		}
		snprintf(path, sizeof(path), "%s/%s", argv[0], names[i]);
		mem = map_to_store(path, n);
		for (size_t at = 0; at < n; at++)
			mem[at] = (uint8_t)(at * 7 + at / 4096 + i);
		if (i == 0)
			munmap(mem, n);
		if (i == 1)
			_exit(0);
		if (i == 2)
			kill(getpid(), SIGKILL);
	}
}

/* Several processes store to the same pages, and write to others of the file. */
static void do_together_store(char **argv)
{
	const size_t n = 64 * 4096;
	uint8_t *mem = map_to_store(argv[0], n);
	int status, fd = open(argv[0], O_RDWR);

	for (unsigned i = 0; i < 8; i++) {
		if (fork() == 0) {
			for (unsigned round = 0; round < 20; round++)
				for (size_t at = i; at < n; at += 8) {
					uint8_t byte = (uint8_t)(at * 3 + round);

					if (at / 4096 % 4 != 3)
						mem[at] = byte;
					else if (at % 512 == i)
						expect("pwrite", 1,
						       got(pwrite(fd, &byte, 1, (off_t)at)));
				}
			_exit(nwrong != 0);
		}
		if (i % 3 == 0)
			expect("msync", 0, got(msync(mem, n, MS_SYNC)));
	}
	for (unsigned i = 0; i < 8; i++) {
		wait(&status);
		expect("a child's status", 0, status);
	}
}

static const struct verb verbs[] = {
	{ "walk", do_walk, true },
	{ "map", do_map, true },
	{ "stat", do_stat, true },
	{ "read-only", do_read_only, false },
	{ "edit", do_edit, false },
	{ "copy", do_copy, false },
	{ "store", do_store, false },
	{ "together-store", do_together_store, false },
	{ "replace", do_replace, false },
	{ "copied", do_copied, false },
	{ "stale", do_stale, false },
	{ "killed-renames", do_killed_renames, false },
	{ "agree", do_agree, false },
	{ "together", do_together, false },
	{ "changes", do_changes, false },
	{ "killed", do_killed, false },
	{ "ticking", do_ticking, false },
	{ "leave", do_leave, false },
	{ "interrupted", do_interrupted, false },
	{ "again", do_again, true },
	{ "at-once", do_at_once, false },
	{ "pressed", do_pressed, false },
	{ "setid", do_setid, true },
	{ "crowded", do_crowded, false },
	{ "left-crowded", do_left_crowded, false },
	{ "descriptors", do_descriptors, true },
};

int main(int argc, char **argv)
{
	static char out[1 << 16];

	setvbuf(stdout, out, _IOFBF, sizeof(out));
	signal(SIGBUS, on_bus);
	return do_verb(verbs, sizeof(verbs) / sizeof(verbs[0]), "share", argv);
}
