/* SPDX-License-Identifier: MIT */
/* POSIX message queues: names, sizes, priorities, attributes, who may, what is charged, and the files that they are. */
#include "inotify.h"
#include "mq.h"

#include <sys/mount.h>
#include <sys/statfs.h>

#define SOMEONE	  1000
#define OPEN(...) result("mq_open", queue_open(__VA_ARGS__))

/* A file of the one that is mounted. */
#define DIRECTORY "/dev/mqueue"

static void attributes(const char *what, int fd)
{
	struct mq_attr attr = { .mq_maxmsg = -1 };

	if (mq_getattr(fd, &attr) != 0)
		say("%s: %s\n", what, strerrorname_np(errno));
	else
		say("%s: flags %#lo, %ld messages of %ld of %ld bytes\n", what, attr.mq_flags,
		    attr.mq_curmsgs, attr.mq_maxmsg, attr.mq_msgsize);
}

/* The kernel's names of queues have no slash (EACCES): the C library takes away the one that programs write. */
static void names(void)
{
	char name[4200];
	int fd, again;

	OPEN("mq.a", O_RDWR, 0600, 0, 0);
	fd = queue_open("mq.a", O_RDWR | O_CREAT, 0640, 0, 0);
	say("made: %d\n", fd >= 0);
	attributes("by default", fd);
	OPEN("mq.a", O_RDWR | O_CREAT | O_EXCL, 0600, 0, 0);
	again = queue_open("mq.a", O_RDWR | O_CREAT, 0600, -5, 1);
	attributes("it is there, so no attributes are looked at", again);
	TRY(put(again, "by one", 0));
	get("by the other", fd);
	TRY(close(again));
	TRY(syscall(SYS_mq_open, "mq.a", O_ACCMODE, 0, NULL));
	TRY(syscall(SYS_mq_open, "", O_RDWR | O_CREAT, 0600, NULL));
	TRY(syscall(SYS_mq_open, "/mq.a", O_RDWR | O_CREAT, 0600, NULL));
	TRY(syscall(SYS_mq_open, "mq/a", O_RDWR | O_CREAT, 0600, NULL));
	TRY(syscall(SYS_mq_open, ".", O_RDWR | O_CREAT, 0600, NULL));
	TRY(syscall(SYS_mq_open, "..", O_RDONLY, 0600, NULL));
	TRY(syscall(SYS_mq_open, (void *)8, O_RDONLY, 0600, NULL));
	TRY(syscall(SYS_mq_open, "mq.a", O_RDONLY, 0600, (void *)8));
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	fd = queue_open(name, O_RDWR | O_CREAT, 0600, 0, 0);
	say("a long name: %d\n", fd >= 0);
	TRY(close(fd));
	TRY(syscall(SYS_mq_unlink, name));
	name[255] = 'n';
	name[256] = '\0';
	TRY(syscall(SYS_mq_open, name, O_RDWR | O_CREAT, 0600, NULL));
	TRY(syscall(SYS_mq_unlink, name));
	name[256] = '/';
	name[300] = '\0';
	TRY(syscall(SYS_mq_open, name, O_RDWR | O_CREAT, 0600, NULL));
	name[300] = 'n';
	name[4150] = '\0';
	TRY(syscall(SYS_mq_open, name, O_RDWR | O_CREAT, 0600, NULL));
	TRY(syscall(SYS_mq_unlink, "mq.none"));
	TRY(syscall(SYS_mq_unlink, "mq/a"));
	TRY(syscall(SYS_mq_unlink, "."));
	TRY(syscall(SYS_mq_unlink, ""));
	TRY(syscall(SYS_mq_unlink, (void *)8));
	/* As the C library has them. */
	TRY(mq_open("mq.b", O_RDWR | O_CREAT, 0600, NULL));
	fd = mq_open("/mq.b", O_RDWR | O_CREAT, 0600, NULL);
	say("by the C library: %d\n", fd >= 0);
	TRY(mq_close(fd));
	TRY(mq_unlink("/mq.b"));
	TRY(mq_unlink("/mq.b"));
	TRY(mq_unlink("/mq.a"));
}

/* A name that is removed is free at once, but its queue lasts until it is closed; one with a name lasts without that. */
static void without_a_name(void)
{
	int fd = queue_open("mq.a", O_RDWR | O_CREAT, 0600, 3, 10), other;

	TRY(put(fd, "stays", 1));
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	OPEN("mq.a", O_RDWR, 0600, 0, 0);
	other = queue_open("mq.a", O_RDWR | O_CREAT | O_EXCL, 0600, 2, 10);
	TRY(put(other, "another", 1));
	get("of the first", fd);
	get("of the second", other);
	TRY(close(fd));
	TRY(close(other));
	other = queue_open("mq.a", O_RDONLY, 0600, 0, 0);
	attributes("stays without a descriptor", other);
	TRY(close(other));
	TRY(syscall(SYS_mq_unlink, "mq.a"));
}

/* The highest priority comes first, and then the oldest; the buffer must have room for the longest message: EMSGSIZE. */
static void messages(void)
{
	char text[100] = "";
	int fd = queue_new(6, 20), in, out;
	unsigned prio = 7;

	TRY(put(fd, "second of 5", 5));
	TRY(put(fd, "of 1", 1));
	TRY(put(fd, "third of 5", 5));
	TRY(put(fd, "first", 32767));
	TRY(put(fd, "", 0));
	status("five", fd);
	TRY(mq_send(fd, "", 0, 32768));
	TRY(mq_send(fd, "", 0, UINT32_MAX));
	TRY(mq_send(fd, text, 21, 0));
	TRY(mq_send(fd, text, -1ul, 0));
	TRY(mq_send(fd, (void *)8, 20, 0));
	TRY(mq_send(fd, (void *)8, 21, 0));
	TRY(mq_receive(fd, text, 19, NULL));
	attributes("five", fd);
	get("1", fd);
	get("2", fd);
	get("3", fd);
	TRY(mq_receive(fd, text, 20, NULL));
	TRY(mq_receive(fd, text, 20, &prio));
	say("priority %u\n", prio);
	TRY(put(fd, "lost", 3));
	TRY(mq_receive(fd, (void *)8, 20, &prio));
	say("priority %u\n", prio);
	TRY(put(fd, "lost", 3));
	TRY(mq_receive(fd, text, 20, (void *)8));
	attributes("empty", fd);
	TRY(put(fd, "01234567890123456789", 3));
	get("the longest", fd);

	in = queue_open("mq.a", O_RDONLY | O_CREAT, 0600, 1, 1);
	out = queue_open("mq.a", O_WRONLY, 0600, 0, 0);
	TRY(put(in, "x", 0));
	TRY(put(out, "x", 0));
	get("by who only sends", out);
	get("by who receives", in);
	TRY(close(in));
	TRY(close(out));
	in = queue_open("mq.a", O_PATH, 0, 0, 0);
	TRY(put(in, "x", 0));
	TRY(mq_getattr(in, &(struct mq_attr){ 0 }));
	TRY(mq_notify(in, NULL));
	TRY(close(in));
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	/* What is no queue. */
	TRY(put(STDOUT_FILENO, "x", 0));
	TRY(put(-1, "x", 0));
	TRY(mq_receive(STDIN_FILENO, text, 20, NULL));
	TRY(mq_getattr(STDOUT_FILENO, &(struct mq_attr){ 0 }));
	TRY(mq_notify(STDOUT_FILENO, NULL));
	TRY(close(fd));
}

/* Only O_NONBLOCK can be set, and it belongs to the open file, as with F_SETFL. */
static void set_attributes(void)
{
	struct mq_attr attr = { .mq_flags = O_NONBLOCK, .mq_maxmsg = 99 }, old;
	int fd = queue_new(1, 10), same = dup(fd);

	say("F_GETFD %d F_GETFL %#o\n", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
	TRY(mq_setattr(fd, &attr, &old));
	say("before: %#lo %ld\n", old.mq_flags, old.mq_maxmsg);
	attributes("now", same);
	say("F_GETFL %#o\n", fcntl(same, F_GETFL));
	get("empty", fd);
	TRY(put(fd, "x", 0));
	TRY(put(fd, "x", 0));
	TRY(fcntl(same, F_SETFL, 0));
	attributes("again", fd);
	TRY(fcntl(same, F_SETFL, O_NONBLOCK | O_APPEND));
	attributes("again", fd);
	attr.mq_flags = O_APPEND;
	TRY(mq_setattr(fd, &attr, &old));
	attr.mq_flags = O_NONBLOCK | 1ul << 40;
	TRY(mq_setattr(fd, &attr, &old));
	attr.mq_flags = 0;
	TRY(mq_setattr(fd, &attr, NULL));
	say("F_GETFL %#o\n", fcntl(same, F_GETFL));
	TRY(syscall(SYS_mq_getsetattr, fd, (void *)8, &old));
	TRY(syscall(SYS_mq_getsetattr, fd, NULL, (void *)8));
	TRY(syscall(SYS_mq_getsetattr, fd, NULL, NULL));
	attr.mq_flags = O_NONBLOCK;
	TRY(syscall(SYS_mq_getsetattr, fd, &attr, (void *)8));
	say("F_GETFL %#o\n", fcntl(same, F_GETFL));
	TRY(close(fd));
	TRY(close(same));
	fd = queue_open("mq.a", O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_APPEND, 0600, 1, 1);
	say("F_GETFD %d F_GETFL %#o\n", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
	TRY(close(fd));
	TRY(syscall(SYS_mq_unlink, "mq.a"));
}

/* ---- who may ---- */

static int drop_root(void)
{
	return setresgid(SOMEONE, SOMEONE, SOMEONE) ?: setresuid(SOMEONE, SOMEONE, SOMEONE);
}

/* A queue has a mode and an owner like a file, and its directory is sticky. */
static int as_another(void *arg)
{
	struct stat st;
	int fd;

	(void)arg;
	TRY(drop_root());
	OPEN("mq.root", O_RDWR, 0, 0, 0);
	OPEN("mq.root", O_RDONLY, 0, 0, 0);
	OPEN("mq.root", O_RDWR | O_CREAT, 0666, 0, 0);
	OPEN("mq.root", O_RDWR | O_CREAT | O_EXCL, 0666, 0, 0);
	fd = queue_open("mq.root", O_WRONLY, 0, 0, 0);
	TRY(put(fd, "from another", 0));
	TRY(syscall(SYS_mq_unlink, "mq.root"));
	TRY(close(fd));
	fd = queue_open("mq.own", O_RDWR | O_CREAT, 02777, 0, 0);
	TRY(fstat(fd, &st));
	say("mode %#o, owner %u, group %u\n", st.st_mode, st.st_uid, st.st_gid);
	TRY(fchmod(fd, 0));
	OPEN("mq.own", O_RDONLY, 0, 0, 0);
	TRY(close(fd));
	OPEN("mq.big", O_RDWR | O_CREAT, 0600, 10, 8192);
	TRY(syscall(SYS_mq_unlink, "mq.big"));
	OPEN("mq.big", O_RDWR | O_CREAT, 0600, 11, 1);
	OPEN("mq.big", O_RDWR | O_CREAT, 0600, 1, 8193);
	OPEN("mq.big", O_RDWR | O_CREAT, 0600, 1, 0);
	OPEN("mq.big", O_RDWR | O_CREAT, 0600, -1, 1);
	OPEN("mq.big", O_RDWR | O_CREAT, 0600, 1, -1);
	return 0;
}

static void permissions(void)
{
	mode_t before = umask(027);
	struct stat st;
	int fd = queue_open("mq.root", O_RDWR | O_CREAT, 0666, 2, 100);

	TRY(fstat(fd, &st));
	say("mode %#o, owner %u, group %u\n", st.st_mode, st.st_uid, st.st_gid);
	TRY(fchmod(fd, 0602));
	in_child("another user", as_another, NULL);
	get("from the child", fd);
	TRY(syscall(SYS_mq_unlink, "mq.own"));
	TRY(fchown(fd, SOMEONE, SOMEONE));
	TRY(fchmod(fd, 0));
	OPEN("mq.root", O_WRONLY, 0, 0, 0);
	TRY(close(fd));
	TRY(syscall(SYS_mq_unlink, "mq.root"));
	umask(before);
}

/* ---- limits ---- */

/* What a queue counts for: each message with 96 bytes more. */
static int up_to_the_limit(void *arg)
{
	struct rlimit limit = { 10 * (100 + 96) + 5 * (50 + 96), RLIM_INFINITY };
	int fd, other, most = 0;

	(void)arg;
	TRY(setrlimit(RLIMIT_MSGQUEUE, &limit));
	TRY(drop_root());
	OPEN("mq.a", O_RDWR | O_CREAT, 0600, 10, 8192);
	fd = queue_open("mq.a", O_RDWR | O_CREAT, 0600, 10, 100);
	OPEN("mq.b", O_RDWR | O_CREAT, 0600, 5, 51);
	other = queue_open("mq.b", O_RDWR | O_CREAT, 0600, 5, 50);
	OPEN("mq.c", O_RDWR | O_CREAT, 0600, 1, 1);
	TRY(syscall(SYS_mq_unlink, "mq.b"));
	OPEN("mq.c", O_RDWR | O_CREAT, 0600, 1, 1);
	TRY(close(other));
	for (char name[10] = "mq.0"; queue_open(name, O_RDWR | O_CREAT, 0600, 1, 1) >= 0; name[3]++)
		most++;
	say("as many smaller ones: %d\n", most);
	for (char name[10] = "mq.0"; syscall(SYS_mq_unlink, name) == 0; name[3]++)
		most--;
	say("left: %d\n", most);
	TRY(close(fd));
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	return 0;
}

/* The user's queues count wherever they were made. */
static int another_process(void *arg)
{
	struct rlimit limit = { 10 * (100 + 96), RLIM_INFINITY };

	(void)arg;
	TRY(setrlimit(RLIMIT_MSGQUEUE, &limit));
	TRY(drop_root());
	OPEN("mq.b", O_RDWR | O_CREAT, 0600, 1, 1);
	return 0;
}

static int makes_one(void *arg)
{
	(void)arg;
	if (drop_root() != 0)
		return 99;
	return queue_open("mq.a", O_RDWR | O_CREAT, 0600, 10, 100) < 0;
}

static void set_number(const char *name, const char *value)
{
	char path[60], now[30];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/fs/mqueue/%s", name);
	fd = open(path, O_RDWR);
	if (value && pwrite(fd, value, strlen(value), 0) < 0)
		say("%s, %s: %s\n", name, value, strerrorname_np(errno));
	n = pread(fd, now, sizeof(now), 0);
	say("%s: %.*s", name, n > 0 ? (int)n : 0, now);
	close(fd);
}

/* queues_max is for those without CAP_SYS_RESOURCE: ENOSPC. */
static int two_queues(void *arg)
{
	(void)arg;
	TRY(drop_root());
	say("one: %d\n", queue_open("mq.a", O_RDWR | O_CREAT, 0600, 1, 1) >= 0);
	OPEN("mq.b", O_RDWR | O_CREAT, 0600, 1, 1);
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	OPEN("mq.b", O_RDWR | O_CREAT, 0600, 1, 1);
	OPEN("mq.b", O_RDWR | O_CREAT, 0600, 2, 1);
	return 0;
}

static int smaller(void *arg)
{
	(void)arg;
	TRY(drop_root());
	attributes("by default, at most", queue_open("mq.a", O_RDWR | O_CREAT, 0600, 0, 0));
	OPEN("mq.b", O_RDWR | O_CREAT, 0600, 6, 1);
	OPEN("mq.b", O_RDWR | O_CREAT, 0600, 1, 201);
	return 0;
}

static void limits(void)
{
	static const char *const values[] = { "0",     "1",	   "127",      "128", "65536",
					      "65537", "16777216", "16777217", "x" };
	static const char *const numbers[] = { "msg_default", "msg_max", "msgsize_default",
					       "msgsize_max", "queues_max" };
	static const char *const before[] = { "10", "10", "8192", "8192", "256" };
	int fd;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		set_number(numbers[i], NULL);
		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++)
			set_number(numbers[i], values[j]);
		set_number(numbers[i], before[i]);
	}
	in_child("RLIMIT_MSGQUEUE", up_to_the_limit, NULL);
	in_child("one of a user", makes_one, NULL);
	in_child("another process of the user", another_process, NULL);
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	in_child("it is gone", another_process, NULL);
	TRY(syscall(SYS_mq_unlink, "mq.b"));

	set_number("queues_max", "1");
	in_child("two queues", two_queues, NULL);
	say("root may: %d\n", (fd = queue_open("mq.a", O_RDWR | O_CREAT, 0600, 1, 1)) >= 0);
	TRY(close(fd));
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	TRY(syscall(SYS_mq_unlink, "mq.b"));
	set_number("queues_max", "256");

	set_number("msg_max", "5");
	set_number("msgsize_max", "200");
	in_child("smaller queues", smaller, NULL);
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	set_number("msg_default", "3");
	set_number("msgsize_default", "150");
	in_child("smaller still", smaller, NULL);
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	/* CAP_SYS_RESOURCE allows more than the limits do. */
	attributes("root's", queue_open("mq.a", O_RDWR | O_CREAT, 0600, 100, 1000));
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	for (size_t i = 0; i < 4; i++)
		set_number(numbers[i], before[i]);
	OPEN("mq.a", O_RDWR | O_CREAT, 0600, 65537, 1);
	OPEN("mq.a", O_RDWR | O_CREAT, 0600, 1, 16777217);
	OPEN("mq.a", O_RDWR | O_CREAT, 0600, 65536, 16777216);
	OPEN("mq.a", O_RDWR | O_CREAT, 0600, 0x7fffffffffffffff, 0x7fffffffffffffff);
	/* No descriptor is left for it. */
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, 1024 });
	OPEN("mq.a", O_RDWR | O_CREAT, 0600, 1, 1);
	OPEN("mq/a", O_RDWR | O_CREAT, 0600, 1, 1);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1024, 1024 });
	TRY(syscall(SYS_mq_unlink, "mq.a"));
}

/* ---- files ---- */

/* ---- times ---- */

static int asks(int fd)
{
	return mq_notify(fd, &(struct sigevent){ .sigev_notify = SIGEV_NONE });
}

static int asks_no_more(int fd)
{
	return mq_notify(fd, NULL);
}

static int sends(int fd)
{
	return mq_send(fd, "x", 1, 0);
}

static int receives(int fd)
{
	char text[20];

	return (int)mq_receive(fd, text, sizeof(text), NULL);
}

static int reads(int fd)
{
	char text[100];

	return pread(fd, text, sizeof(text), 0) > 0 ? 0 : -1;
}

static int gets_attributes(int fd)
{
	return mq_getattr(fd, &(struct mq_attr){ 0 });
}

static int sets_attributes(int fd)
{
	return mq_setattr(fd, &(struct mq_attr){ .mq_flags = O_NONBLOCK }, NULL);
}

/* Which times of the queue does each call set? */
static void times(void)
{
	static const struct {
		const char *name;
		int (*call)(int fd);
	} calls[] = {
		{ "setattr", sets_attributes },
		{ "getattr", gets_attributes },
		{ "receive, of none", receives },
		{ "notify", asks },
		{ "notify, again", asks },
		{ "notify, no more", asks_no_more },
		{ "notify, nobody any more", asks_no_more },
		{ "send", sends },
		{ "send, without room", sends },
		{ "read", reads },
		{ "receive", receives },
	};
	int fd = queue_new(1, 20);
	static const struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat st;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (futimens(fd, old) != 0)
			result("futimens", -1);
		result(calls[i].name, calls[i].call(fd));
		fstat(fd, &st);
		say("%s%s\n", st.st_atim.tv_sec != 1000 ? " read" : "",
		    st.st_mtim.tv_sec != 1000 ? " modified" : "");
	}
	TRY(close(fd));
}

static void tell_stat(const char *what, const struct stat *st)
{
	say("%s: mode %#o, %ld links, %ld bytes in %ld blocks\n", what, st->st_mode,
	    (long)st->st_nlink, (long)st->st_size, (long)st->st_blocks);
}

/* A queue can be read as a file, which tells how full it is; below its mount there are queues only, with one name each. */
static void descriptors(void)
{
	int fd = queue_open("mq.file", O_RDWR | O_CREAT, 0644, 4, 50), other;
	struct statfs fs;
	char text[100];
	struct stat st;

	TRY(put(fd, "four", 1));
	TRY(put(fd, "seven ..", 1));
	status("two", fd);
	TRY(pread(fd, text, 100, 55));
	TRY(pread(fd, text, 100, 60));
	TRY(read(fd, text, 10));
	TRY(read(fd, text, 100));
	TRY(read(fd, text, 100));
	TRY(syscall(SYS_pread64, fd, 8, 10, 0));
	TRY(write(fd, "x", 1));
	TRY(lseek(fd, 0, SEEK_END));
	TRY(lseek(fd, 3, SEEK_SET));
	TRY(lseek(fd, -4, SEEK_CUR));
	TRY(read(fd, text, 4));
	say("%.4s\n", text);
	TRY(fstat(fd, &st));
	tell_stat("fstat", &st);
	status("two", fd);
	TRY(fstatfs(fd, &fs));
	say("type %lx, %ld bytes a block, %ld blocks, %ld files, names of %ld\n", (long)fs.f_type,
	    (long)fs.f_bsize, (long)fs.f_blocks, (long)fs.f_files, (long)fs.f_namelen);
	mapped("mmap", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	TRY(fsync(fd));
	TRY(unlink(DIRECTORY "/mq.none"));
	TRY(stat(DIRECTORY, &st));
	say("%s: mode %#o, %ld links\n", DIRECTORY, st.st_mode, (long)st.st_nlink);
	TRY(stat(DIRECTORY "/mq.file", &st));
	tell_stat("stat", &st);
	say("listed: %d\n", listed(DIRECTORY, "mq.file") == DT_REG);
	other = open(DIRECTORY "/mq.file", O_RDWR);
	get("by a file", other);
	TRY(put(other, "by a file", 3));
	get("by the first", fd);
	TRY(close(other));
	other = open(DIRECTORY "/mq.more", O_RDWR | O_CREAT, 0600);
	attributes("made by a file", other);
	TRY(close(other));
	other = queue_open("mq.more", O_RDONLY, 0, 0, 0);
	attributes("found by mq_open", other);
	TRY(close(other));
	TRY(mknod(DIRECTORY "/mq.node", S_IFREG | 0600, 0));
	TRY(mknod(DIRECTORY "/mq.fifo", S_IFIFO | 0600, 0));
	TRY(mkdir(DIRECTORY "/mq.dir", 0700));
	TRY(symlink("x", DIRECTORY "/mq.link"));
	TRY(link(DIRECTORY "/mq.node", DIRECTORY "/mq.link"));
	TRY(rename(DIRECTORY "/mq.node", DIRECTORY "/mq.link"));
	TRY(rmdir(DIRECTORY "/mq.node"));
	TRY(open(DIRECTORY, O_TMPFILE | O_RDWR, 0600));
	TRY(stat(DIRECTORY "/mq.node", &st));
	tell_stat("mq.node", &st);
	TRY(unlink(DIRECTORY "/mq.node"));
	TRY(unlink(DIRECTORY "/mq.file"));
	TRY(syscall(SYS_mq_unlink, "mq.file"));
	TRY(syscall(SYS_mq_unlink, "mq.more"));
	TRY(fstat(fd, &st));
	tell_stat("without a name", &st);
	TRY(put(fd, "still", 9));
	get("still", fd);
	TRY(mount("mqueue", "/tmp", "mqueue", 0, "size=1"));
	TRY(close(fd));
}

/* What those are told who watch the directory, and a queue. */
static void watched(void)
{
	int in = inotify_init1(IN_NONBLOCK), fd, other;
	struct mq_attr attr;

	watch(in, DIRECTORY, IN_ALL_EVENTS);
	DID("mq_open makes one", fd = queue_open("mq.seen", O_RDWR | O_CREAT, 0600, 2, 100));
	watch(in, DIRECTORY "/mq.seen", IN_ALL_EVENTS);
	DID("mq_open finds it", other = queue_open("mq.seen", O_RDONLY | O_CREAT, 0600, 0, 0));
	DID("close", close(other));
	DID("O_EXCL", queue_open("mq.seen", O_RDONLY | O_CREAT | O_EXCL, 0600, 0, 0));
	DID("mq_send", put(fd, "x", 0));
	DID("mq_receive", mq_receive(fd, (char[100]){ 0 }, 100, NULL));
	DID("mq_getattr", mq_getattr(fd, &attr));
	DID("read", read(fd, (char[100]){ 0 }, 100));
	DID("mq_unlink of what is not there", syscall(SYS_mq_unlink, "mq.none"));
	DID("mq_unlink", syscall(SYS_mq_unlink, "mq.seen"));
	DID("close", close(fd));
	fd = queue_open("mq.seen", O_RDWR | O_CREAT, 0600, 2, 100);
	close(fd);
	drop_events(in);
	DID("mq_unlink of a closed one", syscall(SYS_mq_unlink, "mq.seen"));
	TRY(close(in));
}

int main(void)
{
	/* Where it is mounted already, this fails. */
	mkdir(DIRECTORY, 0755);
	mount("mqueue", DIRECTORY, "mqueue", 0, NULL);
	names();
	without_a_name();
	messages();
	set_attributes();
	permissions();
	limits();
	times();
	descriptors();
	watched();
	return 0;
}
