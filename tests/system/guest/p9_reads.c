/* SPDX-License-Identifier: MIT */
/* Reads of a server's files, its directories, and what it may say about them. */
#define _GNU_SOURCE
#include "p9.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

static void reads_and_maps(void)
{
	static uint8_t bytes[FILE_SIZE + PAGE];
	struct statfs fs;
	struct stat st;
	uint8_t *mem;
	char target[8] = "";
	int fd;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	expect("read", FILE_SIZE, read(fd, bytes, sizeof(bytes)));
	expect("its bytes", 0, wrong_bytes(bytes, 0, FILE_SIZE));
	expect("reads of many pages", 1, control->seen[P9_TREAD] < 12);
	expect("read at the end", 0, read(fd, bytes, 1));
	expect("and to nowhere", 0, syscall(SYS_read, fd, 16ul, 1ul));
	expect("pread", 50, pread(fd, bytes, 50, 5 * PAGE - 20));
	expect("its bytes", 0, wrong_bytes(bytes, 5 * PAGE - 20, 50));
	expect("seek", FILE_SIZE, lseek(fd, 0, SEEK_END));
	mem = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	expect("map", 0, wrong_bytes(mem, 0, FILE_SIZE));
	expect("behind the end", 0, mem[FILE_SIZE]);
	munmap(mem, FILE_SIZE);
	mem = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	mem[7 * PAGE] ^= 0xff;
	expect("a private copy", 1, wrong_bytes(mem, 0, FILE_SIZE));
	munmap(mem, FILE_SIZE);
	close(fd);
	expect("stat", 0, stat("/mnt/a", &st));
	expect("size", FILE_SIZE, st.st_size);
	expect("mode", S_IFREG | 0555, st.st_mode);
	expect("ino", FILE_A + 2, (long)st.st_ino);
	expect("time", 1000, st.st_mtime);
	expect("readlink", 1, readlink("/mnt/link", target, sizeof(target)));
	expect("its target", 'a', target[0]);
	expect("stat by the link", 0, stat("/mnt/link", &st));
	expect("the same file", FILE_A + 2, (long)st.st_ino);
	expect_error("no such name", ENOENT, open("/mnt/b", O_RDONLY));
	expect_error("a device", ENXIO, open("/mnt/dev", O_RDONLY));
	expect_error("a device to swap on", EINVAL, swapon("/mnt/dev", 0));
	expect_error("for writing", EROFS, open("/mnt/a", O_RDWR));
	expect_error("mkdir", EROFS, mkdir("/mnt/new", 0755));
	expect("remount for writing", 0, mount("", "/mnt", "", MS_REMOUNT, ""));
	expect("and back", 0, mount("", "/mnt", "", MS_REMOUNT | MS_RDONLY, ""));
	expect("statfs", 0, statfs("/mnt", &fs));
	expect("its blocks", 77, (long)fs.f_blocks);
	expect("its type", 0x01021997, (long)fs.f_type);
	stop();
	expect("every fid is clunked", control->walks + 1, control->clunks);
}

static void directories(void)
{
	struct dirent *entry;
	unsigned clunks;
	char cwd[64];
	long at = 0;
	DIR *dir;
	int used;

	start("timeout=20");
	expect("names of the root", 5, count_names("/mnt"));
	expect("many names", NAMES, count_names("/mnt/sub"));
	dir = opendir("/mnt/sub");
	for (unsigned i = 0; i < 100; i++)
		entry = readdir(dir);
	at = telldir(dir);
	entry = readdir(dir);
	expect("the name there", 0, strcmp(entry->d_name, "n098"));
	while (readdir(dir))
		;
	seekdir(dir, at);
	entry = readdir(dir);
	expect("the same again", 0, strcmp(entry->d_name, "n098"));
	closedir(dir);
	used = open("/mnt/sub", O_PATH);
	dir = opendir("/mnt/sub");
	entry = readdir(dir);
	clunks = control->clunks;
	closedir(dir);
	wait_for("what was not read to its end is closed", &control->clunks, clunks + 1);
	close(used);
	expect("chdir", 0, chdir("/mnt/sub"));
	expect("getcwd", 0, getcwd(cwd, sizeof(cwd)) ? strcmp(cwd, "/mnt/sub") : -1);
	expect("upwards", 0, access("../a", R_OK));
	expect_error("busy", EBUSY, umount("/mnt"));
	expect("chdir back", 0, chdir("/"));
	tell(SAME_COOKIE, P9_TREADDIR);
	expect("a circle", -EIO, count_names("/mnt"));
	tell(BAD_ENTRY, P9_TREADDIR);
	expect("a wrong name", -EIO, count_names("/mnt/sub"));
	tell(TRUTH, 0);
	expect("the truth again", NAMES, count_names("/mnt/sub"));
	stop();
}

static void names_vanish(unsigned from, unsigned times)
{
	control->no_names_from = from;
	control->no_names = times;
}

/* A server whose reply fails as a whole if one file vanishes meanwhile: no other name may be missing for that. */
static void names_vanish_while_listed(void)
{
	static const unsigned places[] = { 0, 1, 100, NAMES - 1 };
	unsigned whole;

	start("timeout=20");
	expect("all names", NAMES, count_names("/mnt/sub"));
	whole = control->listed;
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		names_vanish(places[i], 5);
		expect("all names, later", NAMES, count_names("/mnt/sub"));
		expect("replies that failed", 0, control->no_names);
		expect("the last request is as large as before", whole, control->listed);
	}
	control->most_names = 512;
	expect("all names, a few at a time", NAMES, count_names("/mnt/sub"));
	control->most_names = 0;
	stop();
}

/* It fails always: that is an error, and not the end. ENOENT would be the end to the C library. */
static void names_vanish_always(void)
{
	static const unsigned places[] = { 0, 100 };
	const unsigned always = 1000000;
	char names[1024];
	unsigned before;
	int fd;

	start("timeout=20");
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		before = control->seen[P9_TREADDIR];
		names_vanish(places[i], always);
		expect("no end", -EIO, count_names("/mnt/sub"));
		expect("few requests", 1, control->seen[P9_TREADDIR] - before < 80);
		names_vanish(0, 0);
		expect("all names, later", NAMES, count_names("/mnt/sub"));
	}
	fd = open("/mnt/sub", O_RDONLY);
	names_vanish(0, always);
	control->sub_is_gone = 1;
	expect_error("a directory that is gone", ENOENT,
		     syscall(SYS_getdents64, fd, names, sizeof(names)));
	names_vanish(0, 0);
	control->sub_is_gone = 0;
	close(fd);
	stop();
}

static long free_pages(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 ? (long)(info.freeram * info.mem_unit / PAGE) : -1;
}

/* The kernel has room for the names before it opens the directory, and none left when that is refused. */
static void listings_refused(void)
{
	const long times = 400, spare = 100;
	long before, listed = 0;

	start("timeout=20");
	tell(REFUSES, P9_TLOPEN);
	expect("a directory that may not be read", -EACCES, count_names("/mnt/sub"));
	before = free_pages();
	for (long i = 0; i < times; i++)
		listed += count_names("/mnt/sub") != -EACCES;
	expect("nor the other times", 0, listed);
	if (free_pages() < before - spare)
		expect("pages free as before", before, free_pages());
	tell(TRUTH, 0);
	expect("many names", NAMES, count_names("/mnt/sub"));
	stop();
}

/*
 * Each lie, told to each kind of request, is EIO, and the truth is believed afterwards. A byte that follows in the words of an
 * answer is none.
 */
static void lies(unsigned in_words)
{
	static const enum lie all[] = { NOTHING,     GARBAGE,	  WRONG_TYPE, WRONG_TAG,
					CLAIMS_MORE, CLAIMS_LESS, ODD_ERROR,  TRAILING };
	const unsigned n = sizeof(all) / sizeof(all[0]) - in_words;
	char byte, target[8];
	struct stat st;

	start("timeout=20");
	control->in_words = in_words;
	for (unsigned i = 0; i < n; i++) {
		long at = (long)(PAGE * (3 * i + 1));
		int fd;

		tell(all[i], P9_TWALK);
		expect_error("walk", EIO, stat("/mnt/a", &st));
		tell(all[i], P9_TGETATTR);
		expect_error("getattr", EIO, stat("/mnt/a", &st));
		tell(all[i], P9_TLOPEN);
		expect_error("open", EIO, open_another());
		tell(all[i], P9_TREADLINK);
		expect_error("readlink", EIO, readlink("/mnt/link", target, sizeof(target)));
		tell(all[i], P9_TREADDIR);
		expect("readdir", -EIO, count_names("/mnt/sub"));
		tell(TRUTH, 0);
		fd = open("/mnt/a", O_RDONLY);
		/* a byte more than a page has no room */
		tell(all[i] == TRAILING ? GARBAGE : all[i], P9_TREAD);
		expect_error("read", EIO, pread(fd, &byte, 1, at));
		tell(TRUTH, 0);
		expect("read the truth", 1, pread(fd, &byte, 1, at));
		expect("its byte", byte_of((uint64_t)at), (uint8_t)byte);
		close(fd);
	}
	tell(NO_TARGET, P9_TREADLINK);
	expect_error("no target", EIO, readlink("/mnt/link", target, sizeof(target)));
	tell(REFUSES, P9_TLOPEN);
	expect_error("refused", EACCES, open_another());
	tell(HUGE, P9_TGETATTR);
	expect_error("huge", EIO, open("/mnt/a", O_RDONLY));
	control->in_words = 0;
	stop();
}

static void lies_about_reads(void)
{
	uint8_t bytes[16];
	struct stat st;
	int fd;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	tell(TOO_MUCH, P9_TREAD);
	expect_error("too much", EIO, pread(fd, bytes, 1, 0));
	tell(GAP, P9_TREAD);
	expect_error("a gap", EIO, pread(fd, bytes, 1, 0));
	control->in_words = 1;
	tell(NO_DATA, P9_TREAD);
	expect_error("no data behind the words", EIO, pread(fd, bytes, 1, 0));
	control->in_words = 0;
	tell(REFUSES, P9_TREAD);
	expect_error("refused", EIO, pread(fd, bytes, 1, 0));
	tell(OTHER_TYPE, 0);
	expect_error("another type", ESTALE, fstat(fd, &st));
	tell(TRUTH, 0);
	expect("read", 16, pread(fd, bytes, 16, 0));
	expect("its bytes", 0, wrong_bytes(bytes, 0, 16));
	close(fd);
	stop();
}

/*
 * A page that could not be read ends the request for those before it. The next request begins there, is as large as if
 * it followed a whole one, and reads that page again.
 */
static void reads_round_a_failed_page(void)
{
	uint8_t bytes[PAGE];
	unsigned before;
	int fd;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	tell(REFUSES, P9_TREAD);
	expect("refused", -1, pread(fd, bytes, 1, 5 * PAGE));
	tell(TRUTH, 0);
	before = control->seen[P9_TREAD];
	for (uint64_t at = 0; at + PAGE <= FILE_SIZE; at += PAGE) {
		expect("read", (long)PAGE, pread(fd, bytes, PAGE, (long)at));
		expect("its bytes", 0, wrong_bytes(bytes, at, PAGE));
	}
	/* of the pages 0, 1, 2 to 3, 4, 5 to 15, 16 to 31, 32 to 40 */
	expect("requests", 7, control->seen[P9_TREAD] - before);
	close(fd);
	stop();
}

/* The server's file changes: an open sees that, and a page that is mapped beyond its end is SIGBUS. */
static void changes(void)
{
	uint8_t bytes[16], *mem;
	struct stat st;
	int fd, again;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	expect("read", 16, pread(fd, bytes, 16, 30 * PAGE));
	mem = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	expect("map", 0, wrong_bytes(mem, 0, PAGE));
	tell(TOUCHED, 0);
	expect("still the old", 16, pread(fd, bytes, 16, 30 * PAGE));
	again = open("/mnt/a", O_RDONLY);
	expect("the new", 16, pread(again, bytes, 16, 30 * PAGE));
	expect("its bytes", 0, wrong_bytes(bytes, 30 * PAGE, 16));
	close(again);
	tell(SHRUNK, 0);
	expect("stat", 0, fstat(fd, &st));
	expect("its size", (long)(FILE_SIZE - 2 * PAGE), st.st_size);
	again = open("/mnt/a", O_RDONLY);
	expect("beyond the end", SIGBUS, touch(mem + 39 * PAGE) & 0x7f);
	expect("before it", 0, wrong_bytes(mem + 37 * PAGE, 37 * PAGE, 10));
	tell(TRUTH, 0);
	close(again);
	again = open("/mnt/a", O_RDONLY);
	expect("as long as before", 0, wrong_bytes(mem + 39 * PAGE, 39 * PAGE, 10));
	munmap(mem, FILE_SIZE);
	close(again);
	close(fd);
	stop();
}

/* A file is removed, and the next one that is made gets its number: what was known is of no use. */
static void replaced(void)
{
	uint8_t bytes[16];
	struct stat st;
	int fd;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	expect("read", 16, pread(fd, bytes, 16, 3 * PAGE));
	close(fd);
	tell(REPLACED, 0);
	expect("stat", 0, stat("/mnt/a", &st));
	expect("its time", 1002, st.st_mtime);
	fd = open("/mnt/a", O_RDONLY);
	expect("read the new one", 16, pread(fd, bytes, 16, 3 * PAGE));
	expect("its bytes", 0, wrong_bytes(bytes, 3 * PAGE, 16));
	expect("and what was not cached", 16, pread(fd, bytes, 16, 20 * PAGE));
	close(fd);
	stop();
	expect("every fid is clunked", control->walks + 1, control->clunks);
}

static void others_have_the_name(unsigned type, unsigned times)
{
	control->of = type;
	control->others = times;
}

/*
 * A server that refers to files by their paths answers for another file if a name has changed hands since it was looked
 * up: then it is looked up again.
 */
static void names_change_hands(void)
{
	uint8_t bytes[16];
	struct stat st;
	int fd;

	start("timeout=20");
	others_have_the_name(P9_TGETATTR, 3);
	expect("stat", 0, stat("/mnt/a", &st));
	expect("its size", FILE_SIZE, st.st_size);
	expect("answers for another", 0, control->others);
	others_have_the_name(P9_TLOPEN, 3);
	fd = open("/mnt/a", O_RDONLY);
	expect("read", 16, pread(fd, bytes, 16, 3 * PAGE));
	expect("its bytes", 0, wrong_bytes(bytes, 3 * PAGE, 16));
	expect("answers for another", 0, control->others);
	others_have_the_name(P9_TGETATTR, 1000);
	expect("stat of the open file", 0, fstat(fd, &st));
	expect("its size", FILE_SIZE, st.st_size);
	expect_error("a name that is never ours", ESTALE, open("/mnt/prog", O_RDONLY));
	others_have_the_name(P9_TLOPEN, 1000);
	expect_error("the same at open", ESTALE, open("/mnt/prog", O_RDONLY));
	expect_error("and at exec", ESTALE, execl("/mnt/prog", "prog", "child", NULL));
	others_have_the_name(0, 0);
	expect("read on", 16, pread(fd, bytes, 16, 20 * PAGE));
	close(fd);
	stop();
	expect("every fid is clunked", control->walks + 1, control->clunks);
}

/* While a server renames a file, it may find it by the new name only: a fid from before is of no use for a moment. */
static void name_is_changing(void)
{
	uint8_t byte;
	int fd;

	start("timeout=20");
	others_have_the_name(P9_TWALK, 1);
	fd = open("/mnt/a", O_RDONLY);
	expect("read", 1, pread(fd, &byte, 1, 0));
	expect("answers for another", 0, control->others);
	others_have_the_name(0, 0);
	close(fd);
	stop();
}

static int ending(pid_t child)
{
	int status = -1;

	waitpid(child, &status, 0);
	return status;
}

/* While a server renames a directory, it may find nothing in it for a moment. Names that are not there are asked for once. */
static void directory_is_renamed(void)
{
	unsigned walks;
	pid_t renames, looks;

	start_to_write("timeout=20");
	expect("chdir", 0, chdir("/mnt/sub"));
	tell(RENAMING, 0);
	renames = fork();
	if (renames == 0)
		_exit(rename("/mnt/sub", "/mnt/moved") != 0);
	wait_for("a rename", &control->holds, 1);
	walks = control->seen[P9_TWALK];
	expect_error("not there, elsewhere", ENOENT, access("/mnt/absent", F_OK));
	expect("walks for it", walks + 1, control->seen[P9_TWALK]);
	looks = fork();
	if (looks == 0)
		_exit(access("n001", F_OK) != 0);
	wait_for("a walk in the directory", &control->not_found, 1);
	ipc_notify(poke, 1);
	expect("the rename", 0, ending(renames));
	expect("a name that was there all the time", 0, ending(looks));
	expect("walks that failed", 1, control->not_found);
	walks = control->seen[P9_TWALK];
	expect_error("not there, afterwards", ENOENT, access("absent", F_OK));
	expect("walks for it", walks + 1, control->seen[P9_TWALK]);
	expect("chdir", 0, chdir("/"));
	stop();
}

/* What is only kept for later goes when the server has no fids left. */
static void few_fids(void)
{
	char path[32];
	struct stat st;

	start("timeout=20");
	tell(FEW_FIDS, 0);
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "/mnt/sub/n%03u", i);
		expect("stat", 0, stat(path, &st));
	}
	expect("fids are kept", 1, control->walks > control->clunks + 50);
	stop();
	expect("every fid is clunked", control->walks + 1, control->clunks);
}

static void executes(void)
{
	int status = -1;
	pid_t child;

	start("timeout=20");
	child = fork();
	if (child == 0) {
		execl("/mnt/prog", "prog", "child", NULL);
		_exit(1);
	}
	waitpid(child, &status, 0);
	expect("a program of the server", 42 << 8, status);
	stop();
}

/* More is read than fits into memory: pages are dropped, and read again. */
static void pressure(void)
{
	size_t n = 40 * 1024 * 1024;
	uint8_t *mem = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *file;
	int fd;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	file = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < n; i += PAGE)
			mem[i] = (uint8_t)round;
		expect("the file's bytes", 0, wrong_bytes(file, 0, FILE_SIZE));
	}
	munmap(file, FILE_SIZE);
	munmap(mem, n);
	close(fd);
	stop();
}

void test_reads(void)
{
	reads_and_maps();
	directories();
	names_vanish_while_listed();
	names_vanish_always();
	listings_refused();
	lies(0);
	lies(1);
	lies_about_reads();
	reads_round_a_failed_page();
	changes();
	replaced();
	names_change_hands();
	name_is_changing();
	directory_is_renamed();
	few_fids();
	executes();
	pressure();
}
