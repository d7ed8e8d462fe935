/* SPDX-License-Identifier: MIT */
/* Files of the host's, whose disk is full or whose files change meanwhile (R142, R143). */

/*
 * share_host VERB ARGUMENT...: does one of the verbs at the end. It says what is wrong, and at last "share_host: ok" if
 * nothing is.
 */
#define _GNU_SOURCE
#include "processes.h"
#include "share.h"
#include "verbs.h"

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>

/* ---- a full disk ---- */

/* What the byte of a file is to be: never 0, which is what is not there. */
static uint8_t byte_for(uint64_t at)
{
	return (uint8_t)(at * 7 + at / PAGE) | 1;
}

static void fill(uint8_t *bytes, uint64_t at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = byte_for(at + i);
}

static void write_pages(int fd, uint64_t first, uint64_t end)
{
	uint8_t bytes[PAGE];

	for (uint64_t at = first * PAGE; at < end * PAGE; at += PAGE) {
		fill(bytes, at, PAGE);
		expect("write", PAGE, got(pwrite(fd, bytes, PAGE, (off_t)at)));
	}
}

/* Counts bytes that are neither right nor 0. */
static unsigned count_wrong(volatile const uint8_t *bytes, uint64_t at, size_t n)
{
	unsigned nbad = 0;

	for (size_t i = 0; i < n; i++)
		nbad += bytes[i] != 0 && bytes[i] != byte_for(at + i);
	return nbad;
}

static void read_pages(int fd, uint64_t first, uint64_t end)
{
	uint8_t bytes[PAGE], right[PAGE];

	for (uint64_t at = first * PAGE; at < end * PAGE; at += PAGE) {
		fill(right, at, PAGE);
		expect("read", PAGE, got(pread(fd, bytes, PAGE, (off_t)at)));
		expect("what it reads", 0, memcmp(bytes, right, PAGE));
	}
}

#define NKEPT 32u  /* pages that are on the disk */
#define NALL  544u /* and with those for which it has no room */

/*
 * argv: a new file, and "kill" if the server is to be killed meanwhile. Each open file is told of the error once. What
 * was written before stays, and when there is room again, all can be written.
 */
static void do_full(char **argv)
{
	int fd = open(argv[0], O_CREAT | O_RDWR, 0644), second = open(argv[0], O_WRONLY);
	int third = open(argv[0], O_RDONLY);

	write_pages(fd, 0, NKEPT);
	expect("fsync", 0, got(fsync(fd)));
	write_pages(fd, NKEPT, NALL);
	if (argv[1])
		expect("kill", 0, kill_process("hostfs"));
	expect("fsync without room", -ENOSPC, got(fsync(fd)));
	expect("fsync again", 0, got(fsync(fd)));
	expect("close of another open file", -ENOSPC, got(close(second)));
	expect("fsync of a third one", -ENOSPC, got(fsync(third)));
	expect("fsync of it again", 0, got(fsync(third)));
	read_pages(fd, 0, NALL);
	next("look");
	next("make room");
	write_pages(fd, NKEPT, NALL);
	expect("fsync with room", 0, got(fsync(fd)));
	expect("close", 0, got(close(fd)));
	expect("close of the third one", 0, got(close(third)));
	fd = open(argv[0], O_RDONLY);
	read_pages(fd, 0, NALL);
	close(fd);
}

/* argv: a file of a page, on a disk that is full. What is appended is told to be lost, and comes to where the file ends. */
static void do_append(char **argv)
{
	struct stat st;
	int fd = open(argv[0], O_WRONLY | O_APPEND), other;

	expect("write", 4, got(write(fd, "lost", 4)));
	expect("close", -ENOSPC, got(close(fd)));
	expect("stat", 0, got(stat(argv[0], &st)));
	expect("size", PAGE, st.st_size);
	expect("behind the end", -ENODATA, byte_at(argv[0], PAGE));
	fd = open(argv[0], O_WRONLY | O_APPEND);
	expect("O_SYNC", 0, got(other = open(argv[0], O_WRONLY | O_APPEND | O_SYNC)) < 0);
	expect("write by O_SYNC", -ENOSPC, got(write(other, "lost", 4)));
	expect("close of it", 0, got(close(other)));
	expect("write again", 5, got(write(fd, "lost2", 5)));
	expect("fsync", -ENOSPC, got(fsync(fd)));
	next("make room");
	expect("write with room", 5, got(write(fd, "after", 5)));
	expect("fsync", 0, got(fsync(fd)));
	expect("close", 0, got(close(fd)));
	expect("the first byte of it", 'a', byte_at(argv[0], PAGE));
	expect("the end", -ENODATA, byte_at(argv[0], PAGE + 5));
}

/* argv: a new file. Its blocks are asked for when its pages are written back: msync() tells of it. */
static void do_mapped(char **argv)
{
	const size_t n = NALL * PAGE;
	uint8_t *mem = map_to_store(argv[0], n);

	fill(mem, 0, n);
	expect("msync without room", -ENOSPC, got(msync(mem, n, MS_SYNC)));
	expect("msync again", 0, got(msync(mem, n, MS_SYNC)));
	expect("wrong bytes", 0, count_wrong(mem, 0, n));
	next("make room");
	fill(mem, 0, n);
	expect("msync with room", 0, got(msync(mem, n, MS_SYNC)));
	expect("munmap", 0, got(munmap(mem, n)));
}

/* argv: a new file that is larger than memory. Nobody dies of it; what is lost is read as zeros. */
static void do_squeezed(char **argv)
{
	const size_t n = 40u << 20;
	uint8_t *mem = map_to_store(argv[0], n);

	fill(mem, 0, n);
	expect("msync without room", -ENOSPC, got(msync(mem, n, MS_SYNC)));
	expect("wrong bytes", 0, count_wrong(mem, 0, n));
	expect("munmap", 0, got(munmap(mem, n)));
}

/* argv: a new file. Writes more than there is room for, and leaves it to the end of the machine. */
static void do_leave(char **argv)
{
	write_pages(open(argv[0], O_CREAT | O_RDWR, 0644), 0, NALL);
}

/* argv: a directory with a file "file" on a disk with no room for another. */
static void do_names(char **argv)
{
	expect("chdir", 0, got(chdir(argv[0])));
	expect("create", -ENOSPC, got(open("new", O_CREAT | O_WRONLY, 0644)));
	expect("mkdir", -ENOSPC, got(mkdir("new", 0755)));
	expect("symlink", -ENOSPC, got(symlink("x", "new")));
	expect("mknod", -ENOSPC, got(mknod("new", S_IFREG | 0644, 0)));
	expect("link", -ENOSPC, got(link("file", "new")));
	expect("no such name", -ENOENT, got(access("new", F_OK)));
	expect("rename", 0, got(rename("file", "other")));
	expect("unlink", 0, got(unlink("other")));
	put_text("new", O_CREAT | O_EXCL, "x");
}

/* ---- files that shrink, grow and vanish ---- */

#define NSHRUNK 64u

/* argv: two files of 'a', of which the host leaves a page and a half. */
static void do_shrink(char **argv)
{
	volatile const uint8_t *map = map_or_die(argv[0], NSHRUNK * PAGE);
	int fd = open_or_die(argv[0]);
	int other = open(argv[1], O_RDWR);
	uint8_t byte = 0;
	struct stat st;

	expect("before", 'a', touch(map + 40 * PAGE)); /* alone, as no other was read */
	next("shrink");
	expect("a write behind the end", 2, got(pwrite(other, "wx", 2, 30 * PAGE - 1)));
	expect("another one", 1, got(pwrite(other, "y", 1, 50 * PAGE + 5)));
	expect("a read before it", 1, got(pread(other, &byte, 1, 50 * PAGE)));
	expect("what it reads", 0, byte);
	expect("fsync", 0, got(fsync(other)));
	close(other);
	expect("mapped, behind the end", -SIGBUS, touch(map + 50 * PAGE));
	expect("a read behind it", 0, got(pread(fd, &byte, 1, 55 * PAGE)));
	expect("the last page", 'a', touch(map + PAGE));
	expect("the rest of it", 0, touch(map + 2 * PAGE - 1));
	expect("the page behind it", -SIGBUS, touch(map + 2 * PAGE));
	expect("fstat", 0, got(fstat(fd, &st)));
	expect("the size", PAGE + PAGE / 2, (long)st.st_size);
	expect("opened anew", -ENODATA, byte_at(argv[0], PAGE + PAGE / 2));
	expect("then, the page that was read before", -SIGBUS, touch(map + 40 * PAGE));
	close(fd);
}

static void read_all(const char *path)
{
	static char bytes[1 << 16];
	int fd = open_or_die(path);

	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	close(fd);
}

/* argv: a file of 'a' that shrinks after it was read, and a file that is larger than memory. */
static void do_shrink_reclaimed(char **argv)
{
	volatile const uint8_t *map = map_or_die(argv[0], NSHRUNK * PAGE);
	unsigned nthere = 0;

	for (unsigned i = 0; i < NSHRUNK; i++)
		expect("before", 'a', touch(map + i * PAGE));
	next("shrink");
	read_all(argv[1]);
	read_all(argv[1]);
	for (unsigned i = 2; i < NSHRUNK; i++) {
		int byte = touch(map + i * PAGE);

		nthere += byte == 'a';
		if (byte != 'a')
			expect("a page that is gone", -SIGBUS, byte);
	}
	expect("some pages were reclaimed", 1, nthere < NSHRUNK - 2);
	expect("what is left", 'a', touch(map));
}

/* argv: a file of 100 'a', to which the host appends 'b'. */
static void do_grow(char **argv)
{
	int fd = open_or_die(argv[0]), again;
	volatile const uint8_t *map = map_or_die(argv[0], 3 * PAGE);
	bool is_mapped = argv[1];
	char bytes[PAGE];

	expect("before", 100, got(read(fd, bytes, sizeof(bytes))));
	if (is_mapped)
		expect("mapped", 'a', touch(map));
	next("grow");
	again = open_or_die(argv[0]);
	expect("opened anew", 'a', byte_at(argv[0], 99));
	expect("what has come", 'b', byte_at(argv[0], 100));
	expect("on the next page", 'b', byte_at(argv[0], PAGE + 1));
	expect("read on", 'b', got(read(fd, bytes, sizeof(bytes))) > 0 ? bytes[0] : 0);
	expect("mapped, what has come", 'b', touch(map + 100));
	expect("mapped, on the next page", 'b', touch(map + PAGE));
	close(fd);
	close(again);
}

/* argv: a file of 80 pages of 'a', of which the host makes another one, of 'b': it is not changed by who has the old one. */
static void do_replace(char **argv)
{
	int fd = open(argv[0], O_RDWR), err;
	volatile uint8_t *map = mmap(NULL, 80 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int byte;

	expect("before", 'a', touch(map));
	next("replace");
	expect("opened anew", 'b', byte_at(argv[0], 70 * PAGE));
	byte = touch(map + 75 * PAGE);
	expect("what was not read, of the old one", 1, byte == 'a' || byte == -SIGBUS);
	map[0] = 'm';
	expect("pwrite", 1, got(pwrite(fd, "w", 1, 60 * PAGE)));
	err = (int)got(fsync(fd));
	expect("fsync", 1, err == 0 || err == -EIO || err == -ESTALE);
	expect("ftruncate", -ESTALE, got(ftruncate(fd, 5)));
	expect("fchmod", -ESTALE, got(fchmod(fd, 0)));
	expect("futimens", -ESTALE, got(futimens(fd, (struct timespec[2]){ { 1, 2 }, { 3, 4 } })));
	expect("fchown", -ESTALE, got(fchown(fd, 1, 1)));
	expect("what was written", 'm', touch(map));
	close(fd);
	munmap((void *)map, 80 * PAGE);
	expect("opened anew", 'b', byte_at(argv[0], 0));
}

/* argv: nothing. The host gives /mnt/dir another name, below which the kernel knows /mnt/dir/sub/file. */
static void do_move(char **argv)
{
	int fd = open_or_die("/mnt/dir/sub/file");

	expect("before", 'a', byte_at("/mnt/dir/sub/file", 0));
	next("move");
	expect("by the old name", -ENOENT, got(access("/mnt/dir/sub/file", F_OK)));
	expect("a directory below the new name", 0, got(access("/mnt/moved/sub", F_OK)));
	expect("a file in that", 'a', byte_at("/mnt/moved/sub/file", 0));
	put_text("/mnt/moved/sub/new", O_CREAT | O_EXCL | O_WRONLY, "new");
	close(fd);
}

/* argv: a file. The host removes it while it is open, and makes a directory of that name. */
static void do_vanish(char **argv)
{
	int fd = open(argv[0], O_RDWR), err, byte;
	volatile const uint8_t *map = map_or_die(argv[0], 80 * PAGE);
	char c = 0;

	expect("before", 'a', touch(map));
	next("remove");
	byte = touch(map + 75 * PAGE);
	expect("what was not read", 1, byte == 'a' || byte == -SIGBUS);
	err = (int)got(pread(fd, &c, 1, 70 * PAGE));
	expect("the same by read", 1, (err == 1 && c == 'a') || err == -EIO || err == -ESTALE);
	expect("pwrite", 1, got(pwrite(fd, "w", 1, 0)));
	err = (int)got(fsync(fd));
	expect("fsync", 1, err == 0 || err == -EIO || err == -ESTALE || err == -ENOENT);
	expect("by name", -ENOENT, got(open(argv[0], O_RDONLY)));
	next("put a directory there");
	expect("by name", -EISDIR, got(open(argv[0], O_RDWR)));
	err = (int)got(ftruncate(fd, 0));
	expect("ftruncate", 1, err == -ESTALE || err == -ENOENT || err == -EISDIR);
	close(fd);
}

/* Everything that takes a name in a directory that is a link to another place by now. */
static void change_below(int dir)
{
	struct stat st;

	expect("stat", -1, fstatat(dir, "secret", &st, 0));
	expect("open", -1, openat(dir, "secret", O_RDONLY));
	expect("create", -1, openat(dir, "new", O_CREAT | O_WRONLY, 0644));
	expect("mkdir", -1, mkdirat(dir, "new", 0755));
	expect("symlink", -1, symlinkat("x", dir, "new"));
	expect("unlink", -1, unlinkat(dir, "secret", 0));
	expect("rename from there", -1, renameat(dir, "secret", AT_FDCWD, "/mnt/stolen"));
	expect("rename to there", -1, renameat(AT_FDCWD, "/mnt/own", dir, "own"));
	expect("link from there", -1, linkat(dir, "secret", AT_FDCWD, "/mnt/stolen", 0));
	expect("link to there", -1, linkat(AT_FDCWD, "/mnt/own", dir, "own", 0));
}

/* argv: nothing. /mnt/dir with /mnt/dir/sub/file becomes a link to another directory of the host's, "outside". */
static void do_link_out(char **argv)
{
	int dir = open_or_die("/mnt/dir"), sub = open_or_die("/mnt/dir/sub");
	int fd = open("/mnt/dir/sub/file", O_RDWR);
	volatile const uint8_t *map = map_or_die("/mnt/dir/sub/file", 80 * PAGE);
	struct stat st;
	int byte;

	expect("chdir", 0, got(chdir("/mnt/dir")));
	expect("before", 'a', touch(map));
	next("lead out");
	if (argv[0])
		expect("kill", 0, kill_process("hostfs"));
	change_below(dir);
	change_below(AT_FDCWD);
	change_below(sub);
	byte = touch(map + 75 * PAGE);
	expect("an open file below it", 1, byte == 'a' || byte == -SIGBUS);
	expect("ftruncate", -1, ftruncate(fd, 0));
	expect("fchmod", -1, fchmod(fd, 0));
	(void)!pwrite(fd, "w", 1, 0);
	(void)!fsync(fd);
	expect("by the whole path", -1, stat("/mnt/dir/sub/file", &st));
	expect("and so", -1, stat("/mnt/dir/secret", &st));
	close(fd);
}

static void list(const char *path)
{
	DIR *stream = opendir(path);

	while (stream && readdir(stream))
		;
	if (stream)
		closedir(stream);
}

/* argv: nothing. The whole folder goes: errors, and nothing else. */
static void do_all_gone(char **argv)
{
	int fd = open("/mnt/file", O_RDWR);
	volatile const uint8_t *map = map_or_die("/mnt/file", 80 * PAGE);
	pid_t server = find_process("hostfs");
	struct stat st;
	int byte;

	(void)argv;
	expect("chdir", 0, got(chdir("/mnt/dir")));
	expect("before", 'a', touch(map));
	next("remove all");
	list("/mnt");
	list(".");
	expect("stat", -ENOENT, got(stat("/mnt/file", &st)));
	expect("create", -1, open("/mnt/new", O_CREAT | O_WRONLY, 0644));
	expect("create here", -1, open("new", O_CREAT | O_WRONLY, 0644));
	byte = touch(map + 75 * PAGE);
	expect("what was not read", 1, byte == 'a' || byte == -SIGBUS);
	(void)!pwrite(fd, "w", 1, 0);
	(void)!fsync(fd);
	close(fd);
	expect("kill", 0, kill_process("hostfs"));
	while (find_process("hostfs") == server)
		usleep(1000);
	expect("the server is another one, or there is none", -1, open("/mnt/file", O_RDONLY));
}

static const struct verb verbs[] = {
	{ "full", do_full, false },	    { "append", do_append, false },
	{ "mapped", do_mapped, false },	    { "squeezed", do_squeezed, false },
	{ "leave", do_leave, false },	    { "names", do_names, false },
	{ "shrink", do_shrink, false },	    { "shrink-reclaimed", do_shrink_reclaimed, false },
	{ "grow", do_grow, false },	    { "replace", do_replace, false },
	{ "move", do_move, false },	    { "vanish", do_vanish, false },
	{ "link-out", do_link_out, false }, { "all-gone", do_all_gone, false },
};

int main(int argc, char **argv)
{
	signal(SIGBUS, on_bus);
	return do_verb(verbs, sizeof(verbs) / sizeof(verbs[0]), "share_host", argv);
}
