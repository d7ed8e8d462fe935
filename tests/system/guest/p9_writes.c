/* SPDX-License-Identifier: MIT */
/* Writes to a server's files, and changes of its tree. */
#define _GNU_SOURCE
#include "asleep.h"
#include "p9.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * What is in memory outlives our own writes, and the server's file is not open for longer than ours. The pages are
 * clean when the file is opened again: dirty ones would stay anyway.
 */
static void cached_writes(int writer)
{
	unsigned nreads, nclunks;
	uint8_t byte = 0;
	int fd, another;

	fill_new(new_bytes, 0, NEW_SIZE);
	expect("write", 3 * PAGE, pwrite(writer, new_bytes, 3 * PAGE, 0));
	fd = open("/mnt/new", O_RDONLY);
	expect("read", 1, pread(fd, &byte, 1, PAGE));
	nreads = control->seen[P9_TREAD];
	expect("write again", PAGE, pwrite(writer, new_bytes, PAGE, 0));
	expect("fsync", 0, fsync(writer));
	another = open("/mnt/new", O_RDWR);
	expect("read by another", 1, pread(another, &byte, 1, PAGE + 1));
	expect("from memory", nreads, control->seen[P9_TREAD]);
	close(another);
	another = dup(writer);
	nclunks = control->seen[P9_TCLUNK];
	close(another);
	expect("one of two that write is closed", nclunks, control->seen[P9_TCLUNK]);
	close(fd);
}

/* What is written comes to the server byte by byte, and to mappings. */
static void writes(void)
{
	uint8_t *mem;
	int fd;

	start_to_write("timeout=20");
	fill_new(new_bytes, 0, NEW_SIZE);
	fd = open("/mnt/new", O_CREAT | O_EXCL | O_RDWR, 0644);
	expect("create", 1, fd >= 0);
	expect("write", NEW_SIZE, write(fd, new_bytes, NEW_SIZE));
	sync();
	expect("wrong bytes at the server", 0, (long)control->wrong);
	expect("its size there", NEW_SIZE, (long)control->new_size);
	expect("requests for it", 3, control->seen[P9_TWRITE]);
	mem = mmap(NULL, NEW_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	expect("wrong bytes in a mapping", 0, wrong_new_bytes(mem, 0, NEW_SIZE));
	fill_new(new_bytes, 0, 3);
	expect("write where it is mapped", 3, pwrite(fd, new_bytes, 3, 0));
	expect("append", 0, lseek(fd, 0, SEEK_END) == (off_t)NEW_SIZE ? 0 : -1);
	fill_new(new_bytes, NEW_SIZE, 5000);
	expect("a write that grows it", 5000, write(fd, new_bytes, 5000));
	expect("wrong bytes behind the old end", 0,
	       wrong_new_bytes(mem + NEW_SIZE - 11, NEW_SIZE - 11, 11));
	sync();
	expect("wrong bytes at the server", 0, (long)control->wrong);
	munmap(mem, NEW_SIZE);
	expect_error("fallocate", EOPNOTSUPP, fallocate(fd, 0, 0, NEW_SIZE + 6000));
	expect("as POSIX has it", 0, posix_fallocate(fd, 0, NEW_SIZE + 6000));
	expect("its size here", NEW_SIZE + 6000, lseek(fd, 0, SEEK_END));
	expect("ftruncate", 0, ftruncate(fd, 100));
	expect("its size there", 100, (long)control->new_size);
	expect("at the end", 0, pread(fd, new_bytes, 10, 100));
	expect("fsync", 0, fsync(fd));
	expect("fdatasync", 0, fdatasync(fd));
	expect("requests for these", 2, control->seen[P9_TFSYNC]);
	cached_writes(fd);
	expect("unlink of a file that is open", 0, unlink("/mnt/new"));
	expect("is a rename", 1, control->seen[P9_TRENAMEAT]);
	expect("and no removal yet", 0, control->seen[P9_TUNLINKAT]);
	expect("close", 0, close(fd));
	expect("which removes it", 1, control->seen[P9_TUNLINKAT]);
	expect("mkdir of what is not there afterwards", -ENOENT,
	       mkdir("/mnt/other", 0755) == 0 ? 0 : -errno);
	expect("symlink", 0, symlink("target", "/mnt/other"));
	expect("link", 0, link("/mnt/a", "/mnt/other"));
	expect("rename", 0, rename("/mnt/a", "/mnt/other"));
	expect("chmod", 0, chmod("/mnt/sub", 0700));
	expect("chown", 0, chown("/mnt/sub", 1, 2));
	stop();
}

/* What was written stays in memory after the last writer's close: the times that the server gave it since are our doing. */
static void written_files_stay_cached(void)
{
	int fd = new_file();
	uint8_t byte = 0;

	fill_new(new_bytes, 0, 2 * PAGE);
	expect("write", 2 * PAGE, pwrite(fd, new_bytes, 2 * PAGE, 0));
	close(fd);
	expect("requests for it", 1, control->seen[P9_TWRITE]);
	fd = open("/mnt/new", O_RDONLY);
	expect("read", 1, pread(fd, &byte, 1, PAGE));
	expect("its byte", new_byte(PAGE), byte);
	expect("from memory", 0, control->seen[P9_TREAD]);
	end_of_new_file(fd);
}

/* Each lie about a change is EIO, a refusal is what the server says, and what is not known is not believed. */
static void lies_about_changes(void)
{
	static const enum lie all[] = { NOTHING,     GARBAGE,  WRONG_TYPE, WRONG_TAG, CLAIMS_MORE,
					CLAIMS_LESS, TRAILING, ODD_ERROR,  REFUSES };
	static const unsigned types[] = { P9_TWRITE,	P9_TSETATTR, P9_TUNLINKAT,
					  P9_TMKDIR,	P9_TSYMLINK, P9_TLINK,
					  P9_TRENAMEAT, P9_TFSYNC,   P9_TLCREATE };
	uint8_t byte;
	int fd;

	start_to_write("timeout=20");
	fill_new(new_bytes, 0, sizeof(new_bytes));
	fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
	expect("write", (long)sizeof(new_bytes), write(fd, new_bytes, sizeof(new_bytes)));
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (unsigned k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
			control->created = types[k] != P9_TLCREATE;
			/* a byte more than Rwrite has no room */
			tell(all[i] == TRAILING && types[k] == P9_TWRITE ? GARBAGE : all[i],
			     types[k]);
			expect("a change", all[i] == REFUSES ? -EACCES : -EIO,
			       change_of(types[k], fd));
			tell(TRUTH, 0);
			control->created = 1;
		}
	tell(TOO_MUCH, P9_TWRITE);
	expect("more than was written", -EIO, change_of(P9_TWRITE, fd));
	tell(TAKES_NONE, P9_TWRITE);
	expect("nothing is taken", -EIO, change_of(P9_TWRITE, fd));
	tell(IS_FULL, P9_TWRITE);
	expect("a full disk", -ENOSPC, change_of(P9_TWRITE, fd));
	tell(TAKES_HALF, P9_TWRITE);
	expect("half of it is taken, each time", -EIO, change_of(P9_TWRITE, fd));
	tell(TRUTH, 0);
	expect("all of it", 0, change_of(P9_TWRITE, fd));
	expect("reads go on", 1, pread(fd, &byte, 1, 10));
	expect("with the right byte", new_byte(10), byte);
	expect("the server's bytes", 0, (long)control->wrong);
	close(fd);
	stop();
}

/* close() returns when the server has answered. */
static void close_waits(void)
{
	int fd = new_file(), status;
	pid_t child;

	tell(OVERTAKEN, P9_TWRITE);
	child = fork();
	if (child == 0) {
		fill_new(new_bytes, 0, 10);
		expect("write", 10, write(fd, new_bytes, 10));
		_exit(close(fd) != 0 || nwrong);
	}
	wait_for("the request", &control->holds, 1);
	until_asleep(&child, 1);
	expect("close waits", 0, waitpid(child, &status, WNOHANG));
	tell(TRUTH, 0);
	ipc_notify(poke, 1);
	waitpid(child, &status, 0);
	expect("close", 0, status);
	end_of_new_file(fd);
}

/* What a server takes a part of is sent again, until it has all. */
static void parts_of_writes(void)
{
	int fd = new_file();

	fill_new(new_bytes, 0, NEW_SIZE);
	tell(TAKES_A_PAGE, P9_TWRITE);
	expect("write", 40 * PAGE, pwrite(fd, new_bytes, 40 * PAGE, 0));
	expect("fsync", 0, fsync(fd));
	expect("the server's bytes", 0, wrong_stored_bytes(0, 40 * PAGE));
	tell(TRUTH, 0);
	end_of_new_file(fd);
}

/* With O_DSYNC and O_SYNC, write() returns when the server has the bytes, and with the error if it has not. */
static void synchronous_writes(void)
{
	int fd = new_file(), other = open("/mnt/new", O_WRONLY | O_DSYNC);

	fill_new(new_bytes, 0, NEW_SIZE);
	expect("write", 100, write(other, new_bytes, 100));
	expect("its bytes", 0, wrong_stored_bytes(0, 100));
	expect("Tfsync", 1, control->seen[P9_TFSYNC]);
	tell(IS_FULL, P9_TWRITE);
	expect_error("write to a full disk", ENOSPC, write(other, new_bytes + 100, 100));
	tell(TRUTH, 0);
	close(other);
	end_of_new_file(fd);
}

/* While the server does not know of changes, size and times are those of here. */
static void attributes_meanwhile(void)
{
	const struct timespec old[2] = { { 500, 0 }, { 600, 7 } };
	struct stat st;
	int fd = new_file(), other;

	fill_new(new_bytes, 0, NEW_SIZE);
	expect("write", 5000, pwrite(fd, new_bytes, 5000, 0));
	expect("stat", 0, stat("/mnt/new", &st));
	expect("the size", 5000, st.st_size);
	expect("the time is new", 1, st.st_mtime > 2000);
	expect("nothing was sent", 0, control->seen[P9_TWRITE]);
	other = open("/mnt/new", O_RDONLY);
	expect("the end for another", 5000, lseek(other, 0, SEEK_END));
	expect("read by another", 5000, pread(other, new_bytes, 6000, 0));
	expect("its bytes", 0, wrong_new_bytes(new_bytes, 0, 5000));
	expect("no read of the server", 0, control->seen[P9_TREAD]);
	close(other);
	expect("futimens", 0, futimens(fd, old));
	expect("writes first", 1, control->seen[P9_TWRITE]);
	close(fd);
	expect("and not afterwards", 1, control->seen[P9_TWRITE]);
	fd = open("/mnt/new", O_WRONLY);
	fill_new(new_bytes, 0, NEW_SIZE);
	expect("write a part of a page", 10, pwrite(fd, new_bytes + 100, 10, 100));
	expect("fsync", 0, fsync(fd));
	expect("the server's bytes", 0, wrong_stored_bytes(0, 5000));
	end_of_new_file(fd);
}

/* A file that may be written and not read: the bytes go to the server at once. */
static void writes_without_reading(void)
{
	unsigned nwrites;
	int fd;

	start_to_write("timeout=20");
	fd = open("/mnt/new", O_CREAT | O_WRONLY, 0200);
	fill_new(new_bytes, 0, NEW_SIZE);
	expect("write", PAGE, pwrite(fd, new_bytes, PAGE, 0));
	close(fd);
	control->changes++;
	fd = open("/mnt/new", O_WRONLY);
	tell(REFUSES, P9_TLOPEN);
	memset((uint8_t *)control->stored + 100, 0, 10);
	expect("a part of a page", 10, pwrite(fd, new_bytes + 100, 10, 100));
	expect("is written at once", 2, control->seen[P9_TWRITE]);
	expect("its bytes", 0, wrong_stored_bytes(0, PAGE));
	expect("behind the end", PAGE, pwrite(fd, new_bytes + PAGE, PAGE, PAGE));
	expect("is not", 2, control->seen[P9_TWRITE]);
	control->unreadable = 1;
	tell(TAKES_HALF, P9_TWRITE);
	expect("half of a part", 5, pwrite(fd, new_bytes + 100, 10, 100));
	expect("half of the first page's", 50, pwrite(fd, new_bytes + PAGE - 100, 200, PAGE - 100));
	tell(TAKES_NONE, P9_TWRITE);
	expect_error("none", EIO, pwrite(fd, new_bytes + 100, 10, 100));
	tell(IS_FULL, P9_TWRITE);
	expect_error("a full disk", ENOSPC, pwrite(fd, new_bytes + 100, 10, 100));
	tell(REFUSES, 0);
	expect_error("refused", EACCES, pwrite(fd, new_bytes + 100, 10, 200));
	tell(TRUTH, 0);
	expect("fsync", 0, fsync(fd));
	close(fd);
	control->changes++;
	fd = open("/mnt/new", O_WRONLY);
	memset((uint8_t *)control->stored + PAGE - 100, 0, 200);
	nwrites = control->seen[P9_TWRITE];
	expect("parts of two pages", 200, pwrite(fd, new_bytes + PAGE - 100, 200, PAGE - 100));
	expect("are written at once", nwrites + 2, control->seen[P9_TWRITE]);
	expect("their bytes", 0, wrong_stored_bytes(PAGE - 100, 200));
	end_of_new_file(fd);
}

/* What is appended comes behind what another client has appended. */
static void appends(void)
{
	uint8_t bytes[10] = { 0 };
	int fd;

	start_to_write("timeout=20");
	fd = open("/mnt/new", O_CREAT | O_RDWR | O_APPEND, 0644);
	fill_new(new_bytes, 0, 400);
	expect("write", 100, write(fd, new_bytes, 100));
	expect("fsync", 0, fsync(fd));
	expect("read", 10, pread(fd, bytes, sizeof(bytes), 90));
	control->new_size += 100; /* of zeros */
	expect("append", 100, write(fd, new_bytes + 200, 100));
	expect("fsync of that", 0, fsync(fd));
	expect("the size", 300, (long)control->new_size);
	expect("where the bytes are", 0, wrong_stored_bytes(200, 100));
	expect("read the other's", 10, pread(fd, bytes, sizeof(bytes), 150));
	expect("the other's byte", 0, bytes[0]);
	expect("read what was appended", 10, pread(fd, bytes, sizeof(bytes), 250));
	expect("wrong bytes", 0, wrong_new_bytes(bytes, 250, sizeof(bytes)));
	control->of = P9_TGETATTR; /* the name is another file's now */
	control->others = 1;
	expect("append to what has no name", 100, write(fd, new_bytes + 300, 100));
	expect("fsync of that", 0, fsync(fd));
	expect("the size", 400, (long)control->new_size);
	close(fd);
	stop();
}

/* A tree that is none: the root is below itself, and a directory moves below itself. */
static void trees_with_loops(void)
{
	struct stat st;

	start_to_write("timeout=20");
	control->loops = 1;
	expect("the root below itself", 0, stat("/mnt/sub/self", &st));
	expect("once more", 0, stat("/mnt/sub/self/sub/self", &st));
	expect("a directory below itself", 0, rename("/mnt/sub", "/mnt/sub/n001"));
	expect("and what was there", 0, stat("/mnt/sub/self/sub/n002", &st));
	stop();
}

/* A write that is not answered may have been made. */
static void write_without_an_answer(void)
{
	uint8_t bytes[100];
	int fd, writer, status;

	start_to_write("timeout=2");
	memset(bytes, 0xee, sizeof(bytes));
	fill_new(new_bytes, 0, PAGE);
	writer = open("/mnt/new", O_CREAT | O_WRONLY, 0644);
	expect("write", PAGE, write(writer, new_bytes, PAGE));
	fd = open("/mnt/new", O_RDONLY);
	expect("read", 100, pread(fd, new_bytes, 100, 0));
	expect("fsync", 0, fsync(writer));
	tell(MUTE, P9_TWRITE);
	expect("write", 100, pwrite(writer, bytes, sizeof(bytes), 0));
	expect_error("fsync without an answer", EIO, fsync(writer));
	tell(TRUTH, 0);
	status = (int)control->seen[P9_TCLUNK];
	close(writer);
	/* close does not wait for the server */
	UNTIL("the last that writes", control->seen[P9_TCLUNK] != (unsigned)status);
	expect("the last that writes", status + 1, (long)control->seen[P9_TCLUNK]);
	close(fd);
	fd = open("/mnt/new", O_RDONLY);
	expect("read", 100, pread(fd, new_bytes, 100, 0));
	expect("what the server has", 0, memcmp(new_bytes, bytes, sizeof(bytes)));
	close(fd);
	control->lie = TRUTH;
	expect("umount", 0, umount(mounted_at));
	waitpid(server, &status, 0);
}

/* What a read brings that was begun before a write is not kept. */
static void read_that_is_overtaken(void)
{
	uint8_t bytes[PAGE], byte = 0;
	pid_t reader;
	int fd;

	start_to_write("timeout=20");
	memset(bytes, 0x11, sizeof(bytes));
	fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
	expect("write", PAGE, pwrite(fd, bytes, PAGE, PAGE));
	expect("fsync", 0, fsync(fd));
	close(open("/mnt/new", O_RDONLY));
	control->changes++; /* by another client: what is cached goes */
	close(open("/mnt/new", O_RDONLY));
	memset(bytes, 0xee, sizeof(bytes));
	tell(OVERTAKEN, P9_TREAD);
	reader = fork();
	if (reader == 0)
		_exit(pread(fd, &byte, 1, PAGE) != 1);
	while (!control->holds)
		nap(1);
	tell(TRUTH, 0);
	expect("write over it", PAGE, pwrite(fd, bytes, PAGE, PAGE));
	ipc_notify(poke, 1);
	waitpid(reader, NULL, 0);
	expect("read", 1, pread(fd, &byte, 1, PAGE));
	expect("what was written", 0xee, byte);
	close(fd);
	stop();
}

/* The server ends, or is silent, in the middle of a change: nobody waits for ever. */
static void no_answer_to_a_change(enum lie lie)
{
	static const unsigned types[] = { P9_TWRITE,	P9_TSETATTR, P9_TUNLINKAT,
					  P9_TRENAMEAT, P9_TFSYNC,   P9_TMKDIR };
	int status, fd;

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		start_to_write("timeout=1");
		fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
		expect("write", 100, pwrite(fd, new_bytes, 100, 0));
		tell(lie, types[i]);
		expect("a change without an answer", -EIO, change_of(types[i], fd));
		close(fd);
		control->lie = TRUTH;
		expect("umount", 0, umount(mounted_at));
		waitpid(server, &status, 0);
	}
}

/* As on Linux, a mount with files that are open for writing is not made read-only. */
static void read_only_later(void)
{
	int fd;

	start_to_write("timeout=20");
	fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
	expect_error("a writer", EBUSY, mount("", "/mnt", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	close(fd);
	expect("no writer", 0, mount("", "/mnt", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	expect_error("open", EROFS, open("/mnt/new", O_RDWR));
	stop();
}

/* Which name the open file is asked for by. */
static void asked_by(int fd, unsigned letter, long links)
{
	const unsigned other = 'a' + '.' - letter;
	struct stat st;

	control->asked_by[letter] = control->asked_by[other] = 0;
	expect("fstat", 0, fstat(fd, &st));
	expect("its links", links, st.st_nlink);
	expect("is it asked for by its name?", 1, control->asked_by[letter] > 0);
	expect("is it asked for by another one?", 0, control->asked_by[other]);
}

/*
 * The server does not let a file replace one that is open, which has got a hidden name for that. It has its own name
 * again afterwards, and no other one. `gone`: unless somebody else has removed that one meanwhile.
 */
static void replaces_nothing(bool links, bool gone)
{
	struct stat st;
	int fd;

	start_to_write("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	close(open("/mnt/new", O_CREAT | O_WRONLY, 0644));
	control->no_links = !links;
	control->stays = 1;
	control->vanishes = gone;
	expect_error("rename over an open file", EACCES, rename("/mnt/new", "/mnt/a"));
	expect("does it have a hidden name?", gone, control->hidden);
	asked_by(fd, gone ? '.' : 'a', gone ? 0 : 1);
	expect("stat of its name", gone ? -1 : 0, stat("/mnt/a", &st));
	close(fd);
	expect("does it have one when it is closed?", 0, control->hidden);
	expect("and its own?", gone, control->gone);
	stop();
}

/* The file, or directory, has this mode and gets another owner. `sent`: the mode that goes along, or 0 if none does. */
static void owner_changes(const char *path, unsigned mode, unsigned sent)
{
	const unsigned owner = P9_SETATTR_UID | P9_SETATTR_GID;
	struct stat st;

	control->bits = mode;
	expect("stat", 0, stat(path, &st));
	expect("the mode", mode, st.st_mode & 07777);
	expect("chown", 0, chown(path, 1, 2));
	expect("what is sent", sent ? owner | P9_SETATTR_MODE : owner, control->set_valid);
	expect("the mode that is sent", sent, control->set_mode);
}

/* The server changes owners only. That the set-ID bits go is up to us; where no group executes, S_ISGID is none. */
static void another_owner_takes_set_id_bits(void)
{
	start_to_write("timeout=20");
	owner_changes("/mnt/a", 0755, 0);
	owner_changes("/mnt/a", 04644, 0644);
	owner_changes("/mnt/a", 02755, 0755);
	owner_changes("/mnt/a", 02745, 0);
	owner_changes("/mnt/a", 06745, 02745);
	owner_changes("/mnt/a", 07775, 01775);
	owner_changes("/mnt/sub", 06755, 0);
	stop();
}

/* How often the log says that so much is lost because the server is full. */
static unsigned times_told(const char *pages)
{
	static char log[1 << 18];
	const int read_all = 3;
	char line[80];
	unsigned times = 0;
	int n = klogctl(read_all, log, sizeof(log) - 1);

	expect("the log", 1, n > 0);
	log[n > 0 ? n : 0] = '\0';
	snprintf(line, sizeof(line), "what was written to %s of files is lost: error %d\n", pages,
		 ENOSPC);
	for (const char *at = log; (at = strstr(at, line)); at++)
		times++;
	return times;
}

/* Not every program asks what became of what it wrote: the log says how many pages are lost, since it said so last. */
static void lost_pages_are_told(void)
{
	static const char *const words[] = { "0 pages", "1 page", "2 pages" };
	int fd = new_file();

	for (unsigned pages = 1; pages <= 2; pages++) {
		unsigned before = times_told(words[pages]);

		tell(IS_FULL, P9_TWRITE);
		expect("write", (long)(pages * PAGE), pwrite(fd, new_bytes, pages * PAGE, 0));
		expect_error("fsync", ENOSPC, fsync(fd));
		/* Each look reads the whole log, and seconds may pass until it says so. */
		UNTIL("what the log says", (nap(500), times_told(words[pages]) != before));
		expect(words[pages], before + 1, times_told(words[pages]));
	}
	end_of_new_file(fd);
	expect("what is not lost", 0, times_told(words[0]));
}

/* A name that the server does not remove still leads to the file that others have. */
static void removal_is_refused(void)
{
	char link[32];
	int path, first, second;

	start_to_write("timeout=20");
	path = open("/mnt/a", O_PATH);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", path);
	tell(REFUSES, P9_TUNLINKAT);
	expect_error("unlink", EACCES, unlink("/mnt/a"));
	tell(TRUTH, 0);
	first = open(link, O_RDONLY);
	second = open("/mnt/a", O_RDONLY);
	expect("lock", 0, flock(first, LOCK_EX));
	expect_error("it is one file", EWOULDBLOCK, flock(second, LOCK_EX | LOCK_NB));
	close(path);
	close(first);
	close(second);
	stop();
}

/* A file whose open has failed is not used: its name is removed, where one that is used gets a hidden name. */
static void failed_open_is_no_use(void)
{
	start_to_write("timeout=20");
	tell(REFUSES, P9_TLOPEN);
	expect_error("open", EACCES, open("/mnt/a", O_RDONLY));
	tell(TRUTH, 0);
	expect("unlink", 0, unlink("/mnt/a"));
	expect("removals", 1, control->seen[P9_TUNLINKAT]);
	expect("renames", 0, control->seen[P9_TRENAMEAT]);
	stop();
}

void test_writes(void)
{
	writes();
	written_files_stay_cached();
	lies_about_changes();
	close_waits();
	parts_of_writes();
	synchronous_writes();
	attributes_meanwhile();
	writes_without_reading();
	appends();
	trees_with_loops();
	write_without_an_answer();
	read_that_is_overtaken();
	no_answer_to_a_change(DIE);
	no_answer_to_a_change(SILENT);
	read_only_later();
	another_owner_takes_set_id_bits();
	replaces_nothing(true, false);
	replaces_nothing(false, false);
	replaces_nothing(true, true);
	lost_pages_are_told();
	removal_is_refused();
	failed_open_is_no_use();
}
