/* SPDX-License-Identifier: MIT */
/* inotify: which calls on files give which events, to those that watch the file, and its directory. */
#include "inotify.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/xattr.h>

static int in; /* watches all events of "d", "d/f" and "d/sub" */

/* The watches of a file and its directory tell an open and the last close, and if it was to write; O_PATH is no open. */
static void opens_and_closes(void)
{
	struct stat st;
	int fd;

	DID("open to read", fd = open("d/f", O_RDONLY));
	DID("close", close(fd));
	DID("open to write", fd = open("d/f", O_WRONLY));
	DID("close", close(fd));
	DID("open to read and write", fd = open("d/f", O_RDWR));
	DID("close", close(fd));
	DID("open with mode 3", fd = open("d/f", O_ACCMODE));
	DID("close", close(fd));
	DID("open and truncate", fd = open("d/f", O_RDWR | O_TRUNC));
	DID("close", close(fd));
	DID("O_PATH", fd = open("d/f", O_PATH));
	DID("close", close(fd));
	DID("O_CREAT of one that is there", fd = open("d/f", O_CREAT | O_RDONLY, 0600));
	DID("dup", dup2(fd, 50));
	DID("close one", close(50));
	DID("close the other", close(fd));
	DID("O_CREAT", fd = open("d/new", O_CREAT | O_WRONLY, 0600));
	DID("close", close(fd));
	DID("O_CREAT and O_TRUNC", fd = open("d/new2", O_CREAT | O_TRUNC | O_RDONLY, 0600));
	DID("close", close(fd));
	DID("open of what is not there", open("d/none", O_RDONLY));
	DID("open a directory", fd = open("d", O_RDONLY));
	DID("close", close(fd));
	DID("open a directory in it", fd = open("d/sub", O_RDONLY));
	DID("close", close(fd));
	DID("access", access("d/f", R_OK));
	DID("stat", stat("d/f", &st));
	DID("chdir", chdir("d"));
	DID("chdir", chdir(".."));
}

/* A read or write of no bytes is no event, but readv, preadv and getdents always are; a change of the size is MODIFY. */
static void reads_and_writes(void)
{
	struct iovec parts[2], none = { NULL, 0 };
	char a[8], b[8], *volatile nowhere = (char *)8;
	int fd = open("d/f", O_RDWR | O_TRUNC), dir;
	off_t at = 0;

	parts[0] = (struct iovec){ a, 4 };
	parts[1] = (struct iovec){ b, 4 };
	memset(a, 'a', 8);
	memset(b, 'b', 8);
	drop_events(in);
	DID("write", write(fd, "0123456789", 10));
	DID("write nothing", write(fd, "", 0));
	DID("pwrite", pwrite(fd, "x", 1, 3));
	DID("writev", writev(fd, parts, 2));
	DID("writev of nothing", writev(fd, &none, 1));
	DID("pwritev", pwritev(fd, parts, 2, 0));
	DID("read at the end", read(fd, a, 8));
	lseek(fd, 0, SEEK_SET);
	DID("read", read(fd, a, 8));
	DID("pread", pread(fd, a, 8, 0));
	DID("pread at the end", pread(fd, a, 8, 100));
	DID("readv", readv(fd, parts, 2));
	lseek(fd, 0, SEEK_END);
	DID("readv at the end", readv(fd, parts, 2));
	DID("readv of nothing", readv(fd, &none, 1));
	DID("preadv", preadv(fd, parts, 2, 0));
	DID("preadv2 at the end", preadv2(fd, parts, 2, 100, 0));
	DID("a bad buffer", pread(fd, nowhere, 4, 0));
	DID("ftruncate", ftruncate(fd, 5));
	DID("ftruncate to the same", ftruncate(fd, 5));
	DID("truncate", truncate("d/f", 6));
	DID("fallocate", fallocate(fd, 0, 0, 100));
	DID("a hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	DID("fsync", fsync(fd));
	dir = open("d/sub", O_RDONLY | O_DIRECTORY);
	drop_events(in);
	DID("getdents", syscall(SYS_getdents64, dir, (char[1024]){ 0 }, 1024));
	DID("getdents at the end", syscall(SYS_getdents64, dir, (char[1024]){ 0 }, 1024));
	DID("getdents with a small buffer", syscall(SYS_getdents64, dir, (char[8]){ 0 }, 8));
	close(dir);
	drop_events(in);
	write_file("d/g", "0123456789");
	dir = open("d/g", O_RDWR);
	drop_events(in);
	DID("sendfile", sendfile(fd, dir, &at, 4));
	DID("sendfile at the end", sendfile(fd, dir, &at, 0));
	at = 100;
	DID("sendfile at the end", sendfile(fd, dir, &at, 4));
	DID("copy_file_range", copy_file_range(dir, NULL, fd, NULL, 4, 0));
	DID("copy_file_range at the end", copy_file_range(dir, &at, fd, NULL, 4, 0));
	close(dir);
	close(fd);
	unlink("d/g");
	drop_events(in);
}

/* splice is ACCESS where bytes come from and MODIFY where they go; what goes through a FIFO only its own watch tells. */
static void splices(void)
{
	int fd = open("d/f", O_RDWR | O_TRUNC), ends[2];
	off_t at = 0;

	if (pipe(ends) != 0 || write(ends[1], "abcdef", 6) != 6)
		say("no pipe\n");
	drop_events(in);
	DID("splice to the file", splice(ends[0], NULL, fd, &at, 4, 0));
	at = 0;
	DID("splice from the file", splice(fd, &at, ends[1], NULL, 4, 0));
	close(ends[0]);
	close(ends[1]);
	close(fd);
	mkfifo("d/pipe", 0600);
	drop_events(in);
	DID("open a named pipe", fd = open("d/pipe", O_RDWR));
	DID("write to it", write(fd, "x", 1));
	DID("read from it", read(fd, (char[8]){ 0 }, 8));
	watch_as(in, "d/pipe", IN_ALL_EVENTS, "pipe");
	DID("write to it", write(fd, "x", 1));
	if (pipe(ends) != 0)
		say("no pipe\n");
	DID("tee from it", tee(fd, ends[1], 8, 0));
	DID("tee to it", tee(ends[0], fd, 8, 0));
	close(ends[0]);
	close(ends[1]);
	DID("read from it", read(fd, (char[8]){ 0 }, 8));
	DID("close it", close(fd));
	DID("remove it", unlink("d/pipe"));
}

/* Memory that is mapped from a file is read, written and synced without an event. */
static void maps(void)
{
	int fd = open("d/f", O_RDWR | O_TRUNC);
	char *p;

	if (ftruncate(fd, 4096) != 0)
		say("not truncated\n");
	drop_events(in);
	p = mmap(NULL, 4096, RW, MAP_SHARED, fd, 0);
	p[0] = 1;
	events(in, "mmap and store");
	DID("msync", msync(p, 4096, MS_SYNC));
	munmap(p, 4096);
	close(fd);
	events(in, "munmap and close");
}

/* Each change of mode, owner, times or an attribute is ATTRIB, even to the same; one time alone is ACCESS or MODIFY. */
static void attributes(void)
{
	struct timespec both[2] = { { 5, 0 }, { 6, 0 } };
	struct timespec only_a[2] = { { 5, 0 }, { 0, UTIME_OMIT } };
	struct timespec only_m[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };
	struct timespec none[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
	int fd = open("d/f", O_RDWR);

	drop_events(in);
	DID("chmod", chmod("d/f", 0640));
	DID("chmod to the same", chmod("d/f", 0640));
	DID("fchmod", fchmod(fd, 0600));
	DID("chmod of a directory", chmod("d", 0700));
	DID("chmod of a directory in it", chmod("d/sub", 0700));
	DID("chown", chown("d/f", 1, 1));
	DID("chown of nothing", chown("d/f", (uid_t)-1, (gid_t)-1));
	DID("fchown", fchown(fd, 0, (gid_t)-1));
	DID("both times", utimensat(AT_FDCWD, "d/f", both, 0));
	DID("both times of the descriptor", futimens(fd, both));
	DID("the access time", utimensat(AT_FDCWD, "d/f", only_a, 0));
	DID("the modification time", utimensat(AT_FDCWD, "d/f", only_m, 0));
	DID("no time", utimensat(AT_FDCWD, "d/f", none, 0));
	DID("setxattr", setxattr("d/f", "user.a", "1", 1, 0));
	DID("fsetxattr", fsetxattr(fd, "user.b", "1", 1, 0));
	DID("setxattr that fails", setxattr("d/f", "user.a", "1", 1, XATTR_CREATE));
	DID("getxattr", getxattr("d/f", "user.a", NULL, 0));
	DID("removexattr", removexattr("d/f", "user.a"));
	DID("removexattr that fails", removexattr("d/f", "user.a"));
	close(fd);
	drop_events(in);
}

static int writes_as_another(void *arg)
{
	int fd = *(int *)arg;

	if (setresgid(7, 7, 7) != 0 || setresuid(7, 7, 7) != 0)
		return 1;
	return write(fd, "x", 1) != 1;
}

/* If a write or chown takes the set-ID bits, that is ATTRIB, before the MODIFY of the write. */
static void privileges(void)
{
	int fd = open("d/f", O_RDWR);

	chmod("d/f", 04755);
	drop_events(in);
	in_child("a write of another user", writes_as_another, &fd);
	events(in, "takes the set-id bit");
	chmod("d/f", 04755);
	drop_events(in);
	DID("chown of nothing takes it, too", chown("d/f", (uid_t)-1, (gid_t)-1));
	close(fd);
	drop_events(in);
}

/* The directory's watch tells names; a new link is ATTRIB of the file, and a move a pair of one cookie, with MOVE_SELF. */
static void names(void)
{
	int fd;

	DID("mkdir", mkdir("d/new_dir", 0700));
	DID("mkdir of one that is there", mkdir("d/new_dir", 0700));
	DID("mkdir in a directory in it", mkdir("d/sub/below", 0700));
	DID("rmdir", rmdir("d/new_dir"));
	DID("rmdir", rmdir("d/sub/below"));
	DID("mknod", mknod("d/node", S_IFREG | 0600, 0));
	DID("mkfifo", mkfifo("d/fifo", 0600));
	DID("symlink", symlink("f", "d/sym"));
	DID("open the symlink", fd = open("d/sym", O_RDONLY));
	DID("close", close(fd));
	DID("readlink", readlink("d/sym", (char[8]){ 0 }, 8));
	DID("lchown", lchown("d/sym", 0, 0));
	DID("link", link("d/f", "d/other"));
	DID("open by the other name", fd = open("d/other", O_WRONLY));
	DID("write", write(fd, "x", 1));
	DID("rename the other name", rename("d/other", "d/other2"));
	DID("write", write(fd, "x", 1));
	DID("unlink the other name", unlink("d/other2"));
	close(fd);
	drop_events(in);
	DID("unlink", unlink("d/node"));
	DID("unlink", unlink("d/fifo"));
	DID("unlink", unlink("d/sym"));
	DID("unlink of a directory", unlink("d/sub"));
	DID("unlink of what is not there", unlink("d/none"));
	DID("link to what is there", link("d/f", "d/new"));
}

/* What is removed while it is open still has events: DELETE_SELF and IGNORED come with the last close. */
static void removals(void)
{
	int fd = open("d/f", O_RDWR), dir = open("d/sub", O_RDONLY);

	drop_events(in);
	DID("unlink an open file", unlink("d/f"));
	DID("write to it", write(fd, "x", 1));
	DID("chmod it", fchmod(fd, 0600));
	DID("close it", close(fd));
	DID("rmdir an open directory", rmdir("d/sub"));
	DID("close it", close(dir));
	unlink("d/new");
	unlink("d/new2");
	drop_events(in);
	fd = open("d", O_RDONLY);
	drop_events(in);
	DID("rmdir what is watched", rmdir("d"));
	DID("close it", close(fd));
	DID("rm_watch of what has gone", inotify_rm_watch(in, 1));
}

/* An unlink is ATTRIB of the file, be it the last one: DELETE_SELF and IGNORED come when it is closed. */
static void alone(void)
{
	int fd, other = inotify_init1(IN_NONBLOCK);

	write_file("lone", "abc");
	in = other;
	watch_as(in, "lone", IN_ALL_EVENTS, "lone");
	DID("open", fd = open("lone", O_RDWR));
	DID("link", link("lone", "lone2"));
	DID("unlink", unlink("lone"));
	DID("rename", rename("lone2", "lone3"));
	DID("unlink", unlink("lone3"));
	DID("close", close(fd));
	close(other);
}

/* A program is opened, read and closed; what its process then maps is no event. */
static void programs(const char *self)
{
	char path[64];
	int fd, to, status;
	pid_t pid;
	char page[4096];
	ssize_t n;

	mkdir("p", 0700);
	fd = open(self, O_RDONLY);
	to = open("p/prog", O_CREAT | O_WRONLY, 0700);
	while ((n = read(fd, page, sizeof(page))) > 0)
		if (write(to, page, (size_t)n) != n)
			say("not copied\n");
	close(fd);
	close(to);
	in = inotify_init1(IN_NONBLOCK);
	watch_as(in, "p", IN_ALL_EVENTS, "p");
	snprintf(path, sizeof(path), "p/prog");
	pid = fork();
	if (pid == 0) {
		execl(path, path, "nothing", (char *)NULL);
		_exit(99);
	}
	waitpid(pid, &status, 0);
	ended("the program", status);
	events(in, "exec");
	close(in);
	unlink("p/prog");
	rmdir("p");
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return 3;
	mkdir("d", 0700);
	mkdir("d/sub", 0700);
	write_file("d/f", "abc");
	in = inotify_init1(IN_NONBLOCK);
	watch_as(in, "d", IN_ALL_EVENTS, "d");
	watch_as(in, "d/f", IN_ALL_EVENTS, "f");
	watch_as(in, "d/sub", IN_ALL_EVENTS, "sub");
	opens_and_closes();
	reads_and_writes();
	splices();
	maps();
	attributes();
	privileges();
	names();
	removals();
	close(in);
	alone();
	programs(argv[0]);
	return 0;
}
