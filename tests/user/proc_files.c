/* SPDX-License-Identifier: MIT */
/* P: /proc: what each file says of this process and of others, how it is read, and each error. */
#include "t.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>

static char *volatile bad = (char *)8;

static char text[1 << 16], again[1 << 16];

/* Reads a whole file in large pieces; the text is terminated. */
static long slurp(const char *path, char *buf)
{
	int fd = open(path, O_RDONLY);
	long n = 0, got;

	if (fd < 0)
		return -1;
	while ((got = read(fd, buf + n, sizeof(text) - 1 - (size_t)n)) > 0)
		n += got;
	buf[n] = '\0';
	close(fd);
	return got < 0 ? -1 : n;
}

/* The value of a line "Name:\tvalue" of the text. */
static const char *value_of(const char *name)
{
	static char value[200];
	char start[40];
	char *at;

	snprintf(start, sizeof(start), "\n%s:", name);
	at = strncmp(text, start + 1, strlen(start) - 1) == 0 ? text - 1 : strstr(text, start);
	if (!at)
		return "none";
	at += strlen(start);
	at += strspn(at, " \t");
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\n"), at);
	return value;
}

/* What kill sends is pending in ShdPnd, which is the process's, and not in the thread's SigPnd. */
static void status(void)
{
	static const char *const names[] = {
		"Name",
		"Umask",
		"State",
		"Tgid",
		"Pid",
		"PPid",
		"TracerPid",
		"Uid",
		"Gid",
		"FDSize",
		"Groups",
		"VmSize",
		"VmLck",
		"VmHWM",
		"VmRSS",
		"VmData",
		"VmStk",
		"VmExe",
		"VmPTE",
		"VmSwap",
		"Threads",
		"SigQ",
		"SigPnd",
		"ShdPnd",
		"SigBlk",
		"SigIgn",
		"SigCgt",
		"Cpus_allowed",
		"voluntary_ctxt_switches",
		"nonvoluntary_ctxt_switches",
	};
	const char *at = text;
	sigset_t set;
	bool ordered = true;

	say("status\n");
	umask(027);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR2, SIG_IGN);
	kill(getpid(), SIGUSR1);
	slurp("/proc/self/status", text);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *found = strstr(at, names[i]);

		ordered &= found != NULL;
		at = found ?: at;
	}
	say("lines are there, and in order: %d\n", ordered);
	for (size_t i = 0; i < 3; i++)
		say("%s %s\n", names[i], value_of(names[i]));
	say("pids: %d\n", atoi(value_of("Pid")) == getpid() && atoi(value_of("Tgid")) == getpid() &&
				  atoi(value_of("PPid")) == getppid());
	say("ids: %s; %s; tracer %s\n", value_of("Uid"), value_of("Gid"), value_of("TracerPid"));
	say("threads: %s\n", value_of("Threads"));
	say("sizes: %d\n", atoi(value_of("VmSize")) >= atoi(value_of("VmRSS")) &&
				   atoi(value_of("VmHWM")) >= atoi(value_of("VmRSS")) &&
				   atoi(value_of("VmRSS")) > 0 && atoi(value_of("VmPTE")) > 0);
	say("swap: %s; locked: %s\n", value_of("VmSwap"), value_of("VmLck"));
	say("thread %s,", value_of("SigPnd"));
	say(" process %s,", value_of("ShdPnd"));
	say(" blocked %s,", value_of("SigBlk"));
	say(" ignored %s\n", value_of("SigIgn"));
	mlock(again, 5 * PAGE);
	slurp("/proc/self/status", text);
	say("locked a few pages: %d\n", atoi(value_of("VmLck")) >= 20);
	munlockall();
	/* On a busy computer the time may be over before the sleep begins. */
	while (atoi(value_of("voluntary_ctxt_switches")) == 0) {
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
		slurp("/proc/self/status", text);
	}
	say("has waited: %d\n", atoi(value_of("voluntary_ctxt_switches")) > 0);
}

/* Field n of stat, counted from 1, for those after the name. */
static unsigned long field(int n)
{
	char *at = strrchr(text, ')') + 1;

	for (int i = 3; i < n; i++)
		at = strchr(at + 1, ' ');
	return strtoul(at, NULL, 10);
}

/* stat is one line of 52 fields, of which the second is the name in parentheses. */
static void stat_fields(char **argv, char **envp)
{
	int spaces = 0;
	char name[40];
	unsigned long text_start;

	say("stat\n");
	slurp("/proc/self/stat", text);
	for (char *c = text; *c; c++)
		spaces += *c == ' ';
	sscanf(text, "%*d %39s", name);
	say("fields: %d, %s, ends in a newline: %d\n", spaces + 1, name,
	    text[strlen(text) - 1] == '\n');
	say("pid: %d, state: %c, parent: %d, group: %d, session: %d\n", atoi(text) == getpid(),
	    strrchr(text, ')')[2], field(4) == (unsigned long)getppid(),
	    field(5) == (unsigned long)getpgrp(), field(6) == (unsigned long)getsid(0));
	say("threads: %lu, exit signal: %lu, nice: %lu\n", field(20), field(38), field(19));
	say("code: %d\n",
	    field(26) <= (unsigned long)stat_fields && field(27) > (unsigned long)stat_fields);
	say("stack: %d\n",
	    field(28) > (unsigned long)&spaces && field(28) < (unsigned long)argv[0]);
	say("data: %d\n", field(45) < field(46) && field(46) <= (unsigned long)sbrk(0));
	say("heap: %d\n", field(47) <= (unsigned long)sbrk(0) && field(47) >= field(46));
	say("arguments: %d\n", field(48) == (unsigned long)argv[0]);
	say("environment: %d\n", field(49) <= field(50) && field(50) <= field(51) &&
					 (!envp[0] || field(50) == (unsigned long)envp[0]));
	say("signals: pending %lu, blocked %lu, ignored %lu, caught %lu\n", field(31), field(32),
	    field(33), field(34));
	text_start = field(23) / PAGE;
	slurp("/proc/self/statm", text);
	spaces = 0;
	for (char *c = text; *c; c++)
		spaces += *c == ' ';
	say("statm: fields %d, same size: %d\n", spaces + 1, strtoul(text, NULL, 10) == text_start);
}

struct map {
	unsigned long start, end, offset, ino;
	unsigned major, minor;
	char perms[8], path[200];
};

/* Finds the line of /proc/self/maps that has the address. */
static bool map_at(const void *address, struct map *map)
{
	slurp("/proc/self/maps", text);
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		char one[300];

		snprintf(one, sizeof(one), "%.*s", (int)strcspn(line, "\n"), line);
		*map = (struct map){ 0 };
		if (sscanf(one, "%lx-%lx %7s %lx %x:%x %lu %199[^\n]", &map->start, &map->end,
			   map->perms, &map->offset, &map->major, &map->minor, &map->ino,
			   map->path) < 7)
			say("a line of another shape: %.*s\n", (int)strcspn(line, "\n"), line);
		if ((unsigned long)address >= map->start && (unsigned long)address < map->end)
			return true;
	}
	return false;
}

static void say_map(const char *what, const void *address)
{
	struct map map;

	if (!map_at(address, &map))
		say("%s: none\n", what);
	else
		say("%s: %s offset %lx, %s\n", what, map.perms, map.offset,
		    map.path[0] == '[' || strncmp(map.path, "/memfd", 6) == 0 ? map.path
		    : map.path[0]					      ? "a path"
									      : "no path");
}

/* A line of maps begins its path in column 73, or ends in a space if there is none. */
static void maps(void)
{
	unsigned long before = 0;
	bool ordered = true, columns = true;
	struct stat st;
	struct map map;
	char *p, *q;
	int fd;

	say("maps\n");
	slurp("/proc/self/maps", text);
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		unsigned long start = strtoul(line, NULL, 16);
		size_t len = strcspn(line, "\n");
		char *path = memchr(line, '/', len) ?: memchr(line, '[', len);

		ordered &= start >= before;
		before = strtoul(strchr(line, '-') + 1, NULL, 16);
		columns &= path ? path == line + 73 : line[len - 1] == ' ';
	}
	say("in order: %d, in columns: %d\n", ordered, columns);
	sbrk(10000);
	map_at((char *)sbrk(0) - 1, &map);
	say("%s ends at the break: %d\n", map.path,
	    map.end == (((unsigned long)sbrk(0) + 4095) & ~4095ul));
	say_map("stack", &fd);
	say_map("code", maps);
	p = anon(4 * PAGE);
	mprotect(p, PAGE, PROT_NONE);
	mprotect(p + PAGE, PAGE, PROT_READ);
	mprotect(p + 2 * PAGE, PAGE, PROT_READ | PROT_EXEC);
	for (int i = 0; i < 4; i++)
		say_map("page", p + (unsigned long)i * PAGE);
	fd = (int)syscall(SYS_memfd_create, "some name", 0);
	ftruncate(fd, 4 * PAGE);
	q = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	say_map("memfd", q);
	map_at(q, &map);
	fstat(fd, &st);
	say("its inode: %d\n", map.ino == st.st_ino && map.minor == minor(st.st_dev));
	munmap(q, 2 * PAGE);
	say_map("unmapped", q);
	close(fd);
	q = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	say_map("shared memory", q);
	munmap(q, PAGE);
	make_file("mapped", 2 * PAGE);
	fd = open("mapped", O_RDWR);
	q = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, PAGE);
	map_at(q, &map);
	fstat(fd, &st);
	say("a file: %s %lx, its inode: %d, its device: %d\n", map.perms, map.offset,
	    map.ino == st.st_ino, map.major == major(st.st_dev) && map.minor == minor(st.st_dev));
	say("its path: %s\n", strrchr(map.path, '/'));
	unlink("mapped");
	map_at(q, &map);
	say("removed: %d\n",
	    strlen(map.path) > 8 && strcmp(map.path + strlen(map.path) - 9, "(deleted)") == 0);
	close(fd);
	munmap(q, PAGE);
	munmap(p, 4 * PAGE);
}

/* A read at any position gives the bytes that one of the whole file has there. */
static void in_pieces(const char *path)
{
	long whole = slurp(path, text), n = 0, got, wrong = 0;
	int fd = open(path, O_RDONLY);
	char some[40];

	while ((got = read(fd, again + n, 1)) == 1)
		n++;
	say("%s: byte by byte the same: %d\n", path,
	    n == whole && memcmp(text, again, (size_t)n) == 0);
	for (long at = whole + 5; at >= 0; at -= 7) {
		long want = at >= whole ? 0 : whole - at < 33 ? whole - at : 33;

		got = 0;
		for (n = 0; got < want && n < 40; n++) {
			long more = pread(fd, some + got, (size_t)(33 - got), at + got);

			if (more <= 0)
				break;
			got += more;
		}
		wrong += got != want || memcmp(some, text + at, (size_t)want) != 0;
	}
	say("at any position: %ld wrong\n", wrong);
	wrong = 0;
	for (long at = 0; at < whole; at += 11)
		wrong += lseek(fd, at, SEEK_SET) != at || read(fd, some, 1) != 1 ||
			 *some != text[at] || lseek(fd, 0, SEEK_CUR) != at + 1;
	say("after a seek: %ld wrong\n", wrong);
	close(fd);
}

static void reads(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	char some[20];

	say("reads\n");
	in_pieces("/proc/self/maps");
	in_pieces("/proc/self/cmdline");
	in_pieces("/proc/self/comm");
	in_pieces("/proc/self/mounts");
	in_pieces("/proc/cpuinfo");
	TRY(read(fd, bad, 10));
	TRY(read(fd, some, 10));
	TRY(pread(fd, bad, 10, 0));
	TRY(pread(fd, bad, 10, 100000));
	TRY(read(fd, some, 0));
	TRY(lseek(fd, 0, SEEK_CUR));
	TRY(lseek(fd, 100000, SEEK_SET));
	TRY(read(fd, some, 10));
	TRY(lseek(fd, -1, SEEK_CUR));
	TRY(lseek(fd, -1, SEEK_SET));
	TRY(lseek(fd, 0, SEEK_END));
	TRY(lseek(fd, 1l << 62, SEEK_SET));
	TRY(read(fd, some, 10));
	close(fd);
	fd = open("/proc/self/cmdline", O_RDONLY);
	TRY(lseek(fd, 0, SEEK_END));
	TRY(lseek(fd, 1l << 31, SEEK_SET));
	TRY(lseek(fd, 1000, SEEK_SET));
	TRY(read(fd, some, 10));
	TRY(pread(fd, bad, 10, 0));
	close(fd);
}

static const char *const root_names[] = { "meminfo", "cpuinfo",	 "uptime", "self",
					  "mounts",  "slabinfo", "stat" };
static const char *const names[] = {
	"maps", "status", "stat", "statm", "cmdline", "comm", "mounts"
};
#define NNAMES (sizeof(names) / sizeof(names[0]))

/* Files of /proc have bytes, but a size of 0. */
static void attributes(void)
{
	struct statfs fs;
	struct stat st, same;

	say("attributes\n");
	for (size_t i = 0; i < NNAMES; i++) {
		char path[60];

		snprintf(path, sizeof(path), "/proc/self/%s", names[i]);
		TRY(lstat(path, &st));
		stat(path, &same);
		say("%s: mode %o, links %lu, size %ld, same inode: %d\n", path, st.st_mode,
		    (long)st.st_nlink, (long)st.st_size, st.st_ino == same.st_ino);
	}
	for (size_t i = 0; i < sizeof(root_names) / sizeof(root_names[0]); i++) {
		char path[60];

		snprintf(path, sizeof(path), "/proc/%s", root_names[i]);
		TRY(lstat(path, &st));
		say("%s: mode %o, size %ld\n", path, st.st_mode, (long)st.st_size);
	}
	lstat("/proc", &st);
	say("/proc: mode %o, inode %lu\n", st.st_mode, (long)st.st_ino);
	lstat("/proc/self/fd", &st);
	say("fd: mode %o, size %ld\n", st.st_mode, (long)st.st_size);
	lstat("/proc/self/exe", &st);
	say("exe: mode %o\n", st.st_mode);
	TRY(statfs("/proc/self", &fs));
	say("magic: %lx\n", (long)fs.f_type);
}

/* What belongs to the machine keeps what is set. */
static void set_attributes(void)
{
	struct stat st;

	say("attributes that are set\n");
	TRY(chmod("/proc/meminfo", 0400));
	TRY(chown("/proc/meminfo", 7, 8));
	stat("/proc/meminfo", &st);
	say("mode %o, owner %u, group %u\n", st.st_mode, st.st_uid, st.st_gid);
	TRY(chmod("/proc/meminfo", 0444));
	TRY(chown("/proc/meminfo", 0, 0));
	stat("/proc/meminfo", &st);
	say("mode %o, owner %u, group %u\n", st.st_mode, st.st_uid, st.st_gid);
	stat("/proc/uptime", &st);
	say("another: mode %o, owner %u\n", st.st_mode, st.st_uid);
}

/* Nothing of /proc can be made, removed or renamed, not even by root. */
static void refusals(void)
{
	int fd = open("/proc/self/status", O_RDWR);

	say("changes\n");
	TRY(write(fd, "x", 1));
	TRY(pwrite(fd, "x", 1, 0));
	TRY(ftruncate(fd, 0));
	TRY(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
	close(fd);
	fd = open("/proc/meminfo", O_RDWR);
	TRY(write(fd, "x", 1));
	TRY(pwrite(fd, "x", 1, 0));
	close(fd);
	fd = open("/proc/self/cmdline", O_RDWR);
	TRY(write(fd, "x", 1));
	close(fd);
	TRY(close(open("/proc/self/maps", O_WRONLY | O_TRUNC)));
	TRY(truncate("/proc/uptime", 0));
	TRY(open("/proc/self/maps", O_RDONLY | O_DIRECTORY));
	TRY(open("/proc/self/maps/x", O_RDONLY));
	TRY(open("/proc/self", O_RDONLY | O_NOFOLLOW));
	TRY(open("/proc/nothing", O_RDONLY));
	TRY(open("/proc/0", O_RDONLY));
	TRY(open("/proc/01", O_RDONLY));
	TRY(open("/proc/-1", O_RDONLY));
	TRY(open("/proc/4294967297", O_RDONLY));
	TRY(open("/proc/99999999", O_RDONLY));
	TRY(open("/proc/self/nothing", O_RDONLY));
	TRY(open("/proc/self/fd/200", O_RDONLY));
	TRY(open("/proc/self/fd/00", O_RDONLY));
	TRY(open("/proc/self/fd/-1", O_RDONLY));
	TRY(open("/proc/self/fd/x", O_RDONLY));
	TRY(open("/proc/new", O_RDWR | O_CREAT, 0644));
	TRY(open("/proc/self/new", O_RDWR | O_CREAT, 0644));
	TRY(open("/proc/self/fd/new", O_RDWR | O_CREAT, 0644));
	TRY(open("/proc/self/comm", O_RDWR | O_CREAT | O_EXCL, 0644));
	TRY(mkdir("/proc/new", 0755));
	TRY(mkdir("/proc/self", 0755));
	TRY(mkdir("/proc/self/fd/9", 0755));
	TRY(symlink("to", "/proc/new"));
	TRY(mknod("/proc/self/new", S_IFREG | 0644, 0));
	TRY(link("/proc/uptime", "/proc/new"));
	TRY(link("/proc/uptime", "new"));
	TRY(unlink("/proc/uptime"));
	TRY(unlink("/proc/self"));
	TRY(unlink("/proc/self/fd"));
	TRY(unlink("/proc/self/fd/0"));
	TRY(unlink("/proc/self/nothing"));
	TRY(rmdir("/proc/self/fd"));
	TRY(rmdir("/proc/uptime"));
	TRY(rmdir("/proc/1"));
	TRY(rmdir("/proc/nothing"));
	TRY(rename("/proc/uptime", "/proc/new"));
	TRY(rename("/proc/uptime", "/proc/meminfo"));
	TRY(rename("/proc/nothing", "/proc/meminfo"));
	TRY(rename("/proc/uptime", "uptime"));
	TRY(chmod("/proc/self/maps", 0600));
	TRY(chown("/proc/self/maps", 0, 0));
	TRY(execl("/proc/self/maps", "maps", NULL));
}

/* A name is cut to 15 bytes; that of another process cannot be set: EINVAL. */
static void comm(void)
{
	int fd = open("/proc/self/comm", O_RDWR);

	say("comm\n");
	slurp("/proc/self/comm", text);
	say("%s", text);
	TRY(write(fd, "other", 5));
	slurp("/proc/self/comm", text);
	say("%s", text);
	TRY(write(fd, "a name that is too long", 23));
	slurp("/proc/self/stat", text);
	say("%.*s\n", (int)(strrchr(text, ')') - strchr(text, '(')) + 1, strchr(text, '('));
	TRY(write(fd, bad, 3));
	close(fd);
	fd = open("/proc/1/comm", O_RDWR);
	TRY(write(fd, "x", 1));
	TRY(pwrite(fd, "x", 1, 0));
	close(fd);
}

static void say_link(const char *what, const char *path)
{
	char to[300];
	ssize_t n = readlink(path, to, sizeof(to) - 1);

	if (n < 0) {
		result(what, -1);
		return;
	}
	to[n] = '\0';
	say("%s: %s\n", what, to);
}

/* The last n bytes of a link. */
static void say_link_end(const char *what, const char *path, size_t n)
{
	char to[300];
	ssize_t len = readlink(path, to, sizeof(to) - 1);

	if (len < 0) {
		result(what, -1);
		return;
	}
	to[len] = '\0';
	say("%s: %s\n", what, (size_t)len > n ? to + (size_t)len - n : to);
}

static const char *fd_path(int fd)
{
	static char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

/* A link of /proc/PID/fd is the open file itself: it opens one that was renamed or removed, and its text tells that. */
static void links(void)
{
	char path[60], expect[60];
	struct stat st, same;
	int fd, pipes[2], other;
	ssize_t n;

	say("links\n");
	n = readlink("/proc/self", path, sizeof(path));
	say("self: %d\n", n > 0 && atoi(path) == getpid());
	say_link("mounts", "/proc/mounts");
	say_link_end("exe", "/proc/self/exe", strlen("/proc_files"));
	stat("/proc/self/exe", &st);
	say("a program: %d\n", S_ISREG(st.st_mode) && (st.st_mode & 0111));
	TRY(open("/proc/self/exe", O_RDWR));
	TRY(open("/proc/self/exe", O_RDONLY | O_NOFOLLOW));
	TRY(close(open("/proc/self/exe", O_RDONLY)));
	mkdir("here", 0755);
	chdir("here");
	say_link_end("cwd", "/proc/self/cwd", strlen("/here"));
	TRY(stat("/proc/self/cwd/../here", &st));
	TRY(chdir("/proc/self/cwd/.."));
	TRY(rmdir("here"));

	pipe(pipes);
	fstat(pipes[0], &st);
	n = readlink(fd_path(pipes[0]), path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	snprintf(expect, sizeof(expect), "pipe:[%lu]", (long)st.st_ino);
	say("a pipe: %d\n", strcmp(path, expect) == 0);
	lstat(fd_path(pipes[1]), &st);
	say("mode %o, size %ld\n", st.st_mode, (long)st.st_size);
	close(pipes[0]);
	close(pipes[1]);

	fd = (int)syscall(SYS_memfd_create, "a memfd", 0);
	write(fd, "inside", 6);
	say_link("memfd", fd_path(fd));
	other = open(fd_path(fd), O_RDONLY);
	TRY(pread(other, path, sizeof(path), 0));
	close(other);
	close(fd);

	make_file("named", 3);
	fd = open("named", O_RDONLY);
	say_link_end("named", fd_path(fd), strlen("/named"));
	TRY(rename("named", "with another name"));
	say_link_end("renamed", fd_path(fd), strlen("/with another name"));
	close(fd);
	unlink("with another name");

	fd = open("removed", O_RDWR | O_CREAT, 0600);
	write(fd, "some text", 9);
	TRY(unlink("removed"));
	say_link_end("removed", fd_path(fd), strlen("(deleted)"));
	other = open(fd_path(fd), O_RDWR);
	TRY(read(other, path, sizeof(path)));
	TRY(write(other, " and more", 9));
	TRY(pread(fd, path, sizeof(path), 0));
	fstat(fd, &st);
	stat(fd_path(other), &same);
	say("the same file: %d\n", st.st_ino == same.st_ino && st.st_dev == same.st_dev);
	close(other);
	other = open(fd_path(fd), O_RDONLY);
	TRY(write(other, "x", 1));
	close(other);
	TRY(open(fd_path(fd), O_RDWR | O_NOFOLLOW));
	TRY(open(fd_path(fd), O_RDWR | O_CREAT | O_EXCL, 0600));
	TRY(close(open(fd_path(fd), O_RDWR | O_CREAT, 0600)));
	snprintf(path, sizeof(path), "%s/", fd_path(fd));
	TRY(open(path, O_RDWR));
	snprintf(path, sizeof(path), "%s/x", fd_path(fd));
	TRY(open(path, O_RDWR));
	TRY(close(open(fd_path(fd), O_RDWR | O_TRUNC)));
	fstat(fd, &st);
	say("size %ld\n", (long)st.st_size);
	lstat(fd_path(fd), &st);
	say("mode %o\n", st.st_mode);
	TRY(truncate(fd_path(fd), 100));
	fstat(fd, &st);
	say("size %ld\n", (long)st.st_size);
	close(fd);
	TRY(open(fd_path(fd), O_RDONLY));

	fd = open(".", O_RDONLY | O_DIRECTORY);
	snprintf(path, sizeof(path), "%s/made", fd_path(fd));
	TRY(close(open(path, O_RDWR | O_CREAT, 0600)));
	TRY(unlink("made"));
	close(fd);
}

/* /proc lists the processes, and /proc/PID/fd the descriptors that are open. */
static void lists(void)
{
	int fd = dup2(0, 77), dir;
	char name[20];
	long n;

	say("lists\n");
	snprintf(name, sizeof(name), "%d", getpid());
	for (size_t i = 0; i < 5; i++)
		say("%s: %d\n", root_names[i], listed("/proc", root_names[i]));
	say("process: %d, process 1: %d, none: %d\n", listed("/proc", name), listed("/proc", "1"),
	    listed("/proc", "99999"));
	for (size_t i = 0; i < NNAMES; i++)
		say("%s: %d\n", names[i], listed("/proc/self", names[i]));
	say("exe: %d, cwd: %d, fd: %d\n", listed("/proc/self", "exe"), listed("/proc/self", "cwd"),
	    listed("/proc/self", "fd"));
	say("0: %d, 77: %d, 78: %d\n", listed("/proc/self/fd", "0"), listed("/proc/self/fd", "77"),
	    listed("/proc/self/fd", "78"));
	close(fd);
	say("77: %d\n", listed("/proc/self/fd", "77"));
	dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	n = syscall(SYS_getdents64, dir, text, sizeof(text));
	say("all at once: %d\n", n > 0 && syscall(SYS_getdents64, dir, text, sizeof(text)) == 0);
	TRY(lseek(dir, 0, SEEK_SET));
	TRY(syscall(SYS_getdents64, dir, text, 10));
	TRY(read(dir, text, 10));
	TRY(openat(dir, "nothing", O_RDONLY));
	close(dir);
}

/* Of a zombie maps and cmdline are empty and exe and cwd lead nowhere, but status and stat tell its state. */
static void say_all(const char *dir)
{
	char path[80];

	for (size_t i = 0; i < NNAMES; i++) {
		long n;

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		n = slurp(path, text);
		if (n < 0)
			result(names[i], -1);
		else
			say("%s: %s\n", names[i], n == 0 ? "empty" : "text");
		if (strcmp(names[i], "stat") == 0)
			say("state %c, size %lu, resident %ld\n", strrchr(text, ')')[2], field(23),
			    (long)field(24));
		if (strcmp(names[i], "statm") == 0)
			say("%s", text);
		if (strcmp(names[i], "status") == 0)
			say("%s, no memory: %d\n", value_of("State"),
			    strstr(text, "VmSize") == NULL);
	}
	snprintf(path, sizeof(path), "%s/exe", dir);
	say_link_end("exe", path, strlen("/proc_files"));
	TRY(close(open(path, O_RDONLY)));
	snprintf(path, sizeof(path), "%s/cwd", dir);
	say_link_end("cwd", path, strlen("/there"));
	TRY(close(open(path, O_RDONLY)));
	snprintf(path, sizeof(path), "%s/fd/0", dir);
	TRY(close(open(path, O_PATH | O_NOFOLLOW)));
	snprintf(path, sizeof(path), "%s/fd", dir);
	say("lists its descriptors: %d\n", listed(path, "0"));
}

/* A process that sleeps, then is a zombie, then is gone: what is open and what is opened then. */
static void others(void)
{
	int fds[NNAMES], dir, fd_dir;
	struct stat st;
	char path[40], pid_name[20];
	siginfo_t info;
	pid_t pid;

	mkdir("there", 0755);
	pid = fork();
	if (pid == 0) {
		chdir("there");
		for (;;)
			pause();
	}
	until_it_waits(pid, 0);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	snprintf(pid_name, sizeof(pid_name), "%d", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	fd_dir = openat(dir, "fd", O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < NNAMES; i++)
		fds[i] = openat(dir, names[i], O_RDONLY);

	say("another process\n");
	slurp("/proc/self/cmdline", again);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	say("the same arguments: %d\n", slurp(path, text) > 0 && strcmp(text, again) == 0);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	slurp(path, text);
	say("child: %d\n", atoi(value_of("PPid")) == getpid());
	say("%s\n", value_of("State"));
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	say_link_end("exe", path, strlen("/proc_files"));
	snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
	say_link_end("cwd", path, strlen("/there"));
	say("listed: %d\n", listed("/proc", pid_name));
	kill(pid, SIGSTOP);
	waitid(P_PID, (id_t)pid, &info, WSTOPPED);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	slurp(path, text);
	say("stopped: %c\n", strrchr(text, ')')[2]);

	say("a zombie\n");
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	say_all(path);
	say("listed: %d\n", listed("/proc", pid_name));
	for (size_t i = 0; i < NNAMES; i++)
		say("open %s: %d\n", names[i], pread(fds[i], text, 100, 0) > 0);

	say("gone\n");
	waitpid(pid, NULL, 0);
	for (size_t i = 0; i + 1 < NNAMES; i++) {
		struct iovec one = { text, 100 };

		say("%s\n", names[i]);
		TRY(pread(fds[i], text, 100, 0));
		TRY(read(fds[i], text, 100));
		TRY(readv(fds[i], &one, 1));
		TRY(fstat(fds[i], &st));
	}
	say("mounts are still there: %d\n", pread(fds[NNAMES - 1], text, 100, 0) > 0);
	TRY(openat(dir, "maps", O_RDONLY));
	TRY(openat(dir, "nothing", O_RDONLY));
	TRY(syscall(SYS_getdents64, dir, text, sizeof(text)));
	TRY(syscall(SYS_getdents64, fd_dir, text, sizeof(text)));
	TRY(openat(fd_dir, "0", O_RDONLY));
	TRY(access(path, F_OK));
	say("listed: %d\n", listed("/proc", pid_name));
	for (size_t i = 0; i < NNAMES; i++)
		close(fds[i]);
	close(dir);
	close(fd_dir);
	rmdir("there");
}

/* Of caches that both have, as programs read them. */
static void caches(void)
{
	unsigned used, room, size, slab, pages, active, all, nlines = 0, nwrong = 0, kmalloc = 0;
	char *line, *rest;

	slurp("/proc/slabinfo", text);
	line = strtok_r(text, "\n", &rest);
	say("%s\n", line);
	line = strtok_r(NULL, "\n", &rest);
	say("%s\n", line);
	while ((line = strtok_r(NULL, "\n", &rest))) {
		char name[64] = "";

		if (sscanf(line, "%63s %u %u %u %u %u : tunables %*u %*u %*u : slabdata %u %u %*u",
			   name, &used, &room, &size, &slab, &pages, &active, &all) != 8 ||
		    used > room || active > all || size > slab * pages * PAGE || room != all * slab)
			nwrong++;
		kmalloc += strcmp(name, "kmalloc-64") == 0 && used > 0 && size == 64;
		nlines++;
	}
	say("many: %d, wrong: %u, kmalloc-64: %u\n", nlines >= 10, nwrong, kmalloc);
}

/* The number behind a word at the beginning of a line of a text. */
static unsigned long number_of(const char *all, const char *word)
{
	size_t len = strlen(word);

	for (const char *line = all; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, word, len) == 0 && line[len] == ' ')
			return strtoul(line + len, NULL, 10);
	}
	return 0;
}

/* Reads the ten times of a line: user, nice, system, idle and others. Returns how many there are. */
static int read_times(const char *line, unsigned long time[10])
{
	return sscanf(line, "%*s %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu", &time[0], &time[1],
		      &time[2], &time[3], &time[4], &time[5], &time[6], &time[7], &time[8],
		      &time[9]);
}

static void *does_nothing(void *unused)
{
	return unused;
}

/* What has happened since boot: it grows by what is done here. */
static void machine_stat(void)
{
	unsigned long all[10], one[10], later[10], switches, created, spent = 0;
	struct timespec now, before, after;
	long booted;
	pthread_t thread;
	int cpus = 0;
	char *line;

	slurp("/proc/stat", text);
	booted = (long)number_of(text, "btime");
	say("%d %d, ", read_times(text, all), strncmp(text, "cpu  ", 5));
	line = strchr(text, '\n') + 1;
	say("%d %d\n", read_times(line, one), strncmp(line, "cpu0 ", 5));
	for (line = text; (line = strstr(line, "\ncpu")); line++)
		cpus++;
	say("as many as are online: %d\n", cpus == sysconf(_SC_NPROCESSORS_ONLN));
	switches = number_of(text, "ctxt");
	created = number_of(text, "processes");
	say("interrupts: %d, running: %d, blocked: %d\n", number_of(text, "intr") > 0,
	    number_of(text, "procs_running") > 0 && number_of(text, "procs_running") < 10000,
	    strstr(text, "\nprocs_blocked ") != NULL);
	for (int i = 0; i < 3; i++) {
		if (fork() == 0)
			_exit(0);
		wait(NULL);
		pthread_create(&thread, NULL, does_nothing, NULL);
		pthread_join(thread, NULL);
	}
	do { /* until user and system together have grown by a tenth of a second */
		slurp("/proc/stat", text);
		read_times(text, later);
		spent = later[0] + later[1] + later[2] - all[0] - all[1] - all[2];
	} while (spent < 10);
	say("switches: %d, created: %d\n", number_of(text, "ctxt") >= switches + 6,
	    number_of(text, "processes") >= created + 6);
	say("idle does not shrink: %d\n", later[3] >= all[3]);
	clock_gettime(CLOCK_REALTIME, &before);
	clock_gettime(CLOCK_MONOTONIC, &now);
	clock_gettime(CLOCK_REALTIME, &after);
	booted += now.tv_sec;
	say("booted then: %d\n", booted >= before.tv_sec - 1 && booted <= after.tv_sec + 1);
}

static void machine(void)
{
	double up, idle;
	char *line;

	say("the machine\n");
	slurp("/proc/uptime", text);
	say("uptime: %d\n", sscanf(text, "%lf %lf\n", &up, &idle) == 2 && up > 0 && idle >= 0);
	slurp("/proc/meminfo", text);
	say("memory: %d\n", atol(value_of("MemTotal")) > atol(value_of("MemFree")) &&
				    atol(value_of("MemFree")) > 0);
	say("%d %d\n", strcmp(value_of("MemAvailable"), "none") != 0,
	    strcmp(value_of("Cached"), "none") != 0);
	say("swap: %s of %s\n", value_of("SwapFree"), value_of("SwapTotal"));
	slurp("/proc/cpuinfo", text);
	say("processor\t: 0: %d, ", strncmp(text, "processor\t: 0\nhart\t\t: ", 22) == 0);
	say("isa: %d, ", strstr(text, "\nisa\t\t: rv64ima") != NULL);
	say("mmu: %d\n", strstr(text, "\nmmu\t\t: sv39\n") != NULL);
	slurp("/proc/mounts", text);
	line = strstr(text, "proc /proc proc rw");
	say("mounted: %d\n", line && (line == text || line[-1] == '\n'));
	caches();
	machine_stat();
}

/* /proc/mounts writes a space as \040, and a file that is open makes umount fail with EBUSY. */
static void mounts(void)
{
	struct stat here, there;
	int fd;

	say("a second mount\n");
	mkdir("p q", 0755);
	TRY(mount("a source", "p q", "proc", MS_RDONLY | MS_NOSUID, ""));
	TRY(stat("/proc", &here));
	TRY(stat("p q", &there));
	say("another device: %d\n", here.st_dev != there.st_dev);
	slurp("/proc/mounts", text);
	say("escaped: %d\n",
	    strstr(text, "a\\040source ") && strstr(text, "p\\040q proc ro,nosuid"));
	TRY(open("p q/self/comm", O_RDWR));
	fd = open("p q/self/status", O_RDONLY);
	TRY(umount2("p q", 0));
	TRY(read(fd, text, 5));
	close(fd);
	TRY(umount2("p q", 0));
	TRY(mount("proc", "p q", "proc", 0, "nonsense"));
	rmdir("p q");
}

/* Arguments that were overwritten to their very end are a title. */
static int title(void *argument)
{
	char **argv = argument, *end = argv[1] + strlen(argv[1]);

	*end = '!';
	for (char *c = argv[0]; c < end; c++)
		*c = 't';
	slurp("/proc/self/cmdline", text);
	say("title: %d\n", strncmp(text, argv[0], (size_t)(end - argv[0]) + 1) == 0);
	return 0;
}

int main(int argc, char **argv, char **envp)
{
	if (argc != 3 || access("/proc/self", F_OK) != 0)
		return 2;
	status();
	stat_fields(argv, envp);
	maps();
	reads();
	attributes();
	set_attributes();
	refusals();
	links();
	lists();
	others();
	machine();
	mounts();
	in_child("a title", title, (char *[]){ argv[0], argv[2] });
	comm();
	return 0;
}
