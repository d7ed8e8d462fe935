/* SPDX-License-Identifier: MIT */
/* P: /proc/PID/ns shows the namespaces that all share, setns joins them anew, and files without a name can be looked at. */
#include "t.h"

#include <grp.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/statfs.h>

static const char *const names[] = {
	"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children",
	"user",	  "uts"
};
#define NAMES (sizeof(names) / sizeof(*names))

static int open_ns(const char *name)
{
	char path[60];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return open(path, O_RDONLY);
}

/* ---- names ---- */

/* The text but for the number: that of mnt depends on what the machine has mounted. */
static void say_link(const char *path)
{
	char text[80], kind[40];
	unsigned long number;
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n < 0) {
		say("%s: %s\n", path + strlen("/proc/self"), strerrorname_np(errno));
		return;
	}
	text[n] = '\0';
	if (sscanf(text, "%39[a-z]:[%lu]", kind, &number) == 2)
		say("%s: %s, above 0xeffffff0: %d\n", path + strlen("/proc/self"), kind,
		    number > 0xeffffff0);
	else
		say("%s: %s\n", path + strlen("/proc/self"), text);
}

/* The text of such a link is its kind and its inode, the same for all processes in the namespace; it cannot be written to. */
static void links(void)
{
	char path[80], text[80], expect[80];
	struct statfs fs;
	struct stat st, again;
	int fd;
	ssize_t n;

	TRY(lstat("/proc/self/ns", &st));
	say("%o %d\n", st.st_mode, (int)st.st_nlink);
	TRY(lstat("/proc/self", &st));
	TRY(stat("/proc/self", &st));
	say("%o %d\n", st.st_mode, (int)st.st_nlink);
	snprintf(path, sizeof(path), "/proc/self/task/%d", getpid());
	TRY(stat(path, &st));
	say("%o %d\n", st.st_mode, (int)st.st_nlink);
	for (size_t i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		say_link(path);
		TRY(lstat(path, &st));
		say("%o %d, listed: %d\n", st.st_mode, (int)st.st_size,
		    listed("/proc/self/ns", names[i]));
	}
	say("x: %d\n", listed("/proc/self/ns", "x"));
	TRY(open("/proc/self/ns/x", O_RDONLY));
	TRY(mkdir("/proc/self/ns/x", 0700));
	TRY(unlink("/proc/self/ns/mnt"));
	TRY(access("/proc/self/ns/mnt", R_OK));
	TRY(access("/proc/self/ns/mnt", X_OK));
	snprintf(path, sizeof(path), "/proc/self/task/%d/ns/uts", getpid());
	TRY(stat(path, &st));
	TRY(stat("/proc/self/ns/uts", &again));
	say("the same: %d\n", st.st_ino == again.st_ino && st.st_dev == again.st_dev);
	TRY(stat("/proc/1/ns/uts", &st));
	say("the same: %d\n", st.st_ino == again.st_ino && st.st_dev == again.st_dev);
	say("%o %d %d %d %d\n", st.st_mode, (int)st.st_nlink, (int)st.st_size, st.st_uid,
	    st.st_gid);
	TRY(statfs("/proc/self/ns/uts", &fs));
	say("%lx\n", (unsigned long)fs.f_type);
	fd = open_ns("uts");
	TRY(fstat(fd, &again));
	say("the same: %d\n", st.st_ino == again.st_ino && st.st_dev == again.st_dev);
	TRY(fstatfs(fd, &fs));
	say("%lx\n", (unsigned long)fs.f_type);
	snprintf(expect, sizeof(expect), "uts:[%lu]", (unsigned long)st.st_ino);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	say("its name: %d\n", strcmp(expect, text) == 0);
	TRY(read(fd, text, 1));
	TRY(write(fd, text, 1));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(ftruncate(fd, 0));
	mapped("mmap", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	TRY(open("/proc/self/ns/uts", O_RDONLY | O_DIRECTORY));
	TRY(open("/proc/self/ns/uts", O_RDWR));
	TRY(open("/proc/self/ns/uts", O_WRONLY | O_TRUNC));
	TRY(open("/proc/self/ns/uts", O_RDONLY | O_NOFOLLOW));
	TRY(chdir("/proc/self/ns/uts"));
	TRY(truncate("/proc/self/ns/uts", 0));
	close(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", open_ns("net"));
	TRY(open(path, O_RDONLY) >= 0);
}

/* ---- requests ---- */

/* Only namespaces of pids and users have parents, and that of the first is not told: EPERM. */
static void requests(void)
{
	char text[80], kind[8];
	uid_t uid = 77;
	ssize_t n;
	int fd;

	for (size_t i = 0; i < NAMES; i++) {
		fd = open_ns(names[i]);
		say("%s:\n", names[i]);
		say("type: %#x\n", ioctl(fd, NS_GET_NSTYPE));
		TRY(ioctl(fd, NS_GET_PARENT));
		TRY(ioctl(fd, NS_GET_OWNER_UID, &uid));
		say("user %d\n", uid);
		uid = 77;
		close(fd);
	}
	TRY(ioctl(open_ns("user"), NS_GET_OWNER_UID, 8));
	fd = ioctl(open_ns("mnt"), NS_GET_USERNS);
	snprintf(text, sizeof(text), "/proc/self/fd/%d", fd);
	n = readlink(text, kind, 5);
	say("%.*s, closed on exec: %d\n", (int)n, kind, fcntl(fd, F_GETFD));
	TRY(ioctl(fd, NS_GET_USERNS));
	TRY(ioctl(fd, _IO('b', 99)));
	TRY(ioctl(open_ns("mnt"), TIOCGWINSZ, text));
}

/* ---- setns ---- */

static int in_another_thread(void *arg)
{
	(void)arg;
	pause();
	return 0;
}

/* setns takes its descriptor's own kind or 0, from a pidfd one kind at least; the own user namespace is EINVAL. */
static void joins(void)
{
	static const int flags[] = { CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNS, CLONE_NEWNET,
				     CLONE_NEWPID,    CLONE_NEWPID, 0x80,	 0x80,
				     CLONE_NEWUSER,   CLONE_NEWUTS };
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int here = open(".", O_RDONLY | O_DIRECTORY);
	char cwd[200];

	for (size_t i = 0; i < NAMES; i++) {
		say("%s:\n", names[i]);
		TRY(setns(open_ns(names[i]), 0));
		TRY(setns(open_ns(names[i]), flags[i]));
		TRY(setns(open_ns(names[i]), flags[i] ^ (CLONE_NEWUTS | CLONE_NEWIPC)));
		TRY(setns(pidfd, flags[i]));
	}
	say("%s\n", getcwd(cwd, sizeof(cwd)));
	TRY(setns(pidfd, 0));
	TRY(setns(pidfd, CLONE_FS));
	TRY(setns(pidfd, CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWPID));
	TRY(setns(pidfd, CLONE_NEWUTS | CLONE_NEWUSER));
	TRY(setns(-1, 0));
	TRY(setns(open("/proc/self/ns/mnt", O_PATH), 0));
	TRY(setns(open("/", O_RDONLY), 0));
	TRY(setns(eventfd(0, 0), CLONE_NEWUTS));
	TRY(fchdir(here));
}

/* setns of mnt leads back to the root of all. */
static int out_of_a_root(void *arg)
{
	int fd = open_ns("mnt");
	char cwd[200];
	struct stat st;

	(void)arg;
	TRY(mkdir("root", 0755));
	TRY(chroot("root"));
	TRY(stat("/proc", &st));
	TRY(setns(fd, CLONE_NEWNS));
	TRY(stat("/proc", &st));
	say("%s\n", getcwd(cwd, sizeof(cwd)));
	return 0;
}

/* setns of mnt needs a directory that is not shared (EINVAL), of time a single thread (EUSERS). */
static int shares_its_files(void *arg)
{
	static char stack[65536] __attribute__((aligned(16)));
	int fd = open_ns("mnt"), time = open_ns("time"),
	    pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	pid_t pid = clone(in_another_thread, stack + sizeof(stack), CLONE_FS | SIGCHLD, arg);

	TRY(setns(fd, 0));
	TRY(setns(pidfd, CLONE_NEWNS));
	TRY(setns(pidfd, CLONE_NEWNS | CLONE_NEWUTS));
	TRY(setns(time, 0));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	TRY(setns(fd, 0));
	clone(in_another_thread, stack + sizeof(stack),
	      CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES, arg);
	TRY(setns(fd, 0));
	TRY(setns(time, 0));
	TRY(setns(open_ns("uts"), 0));
	return 0;
}

/* setns needs CAP_SYS_ADMIN, and the links of another's process the right to trace it. */
static int as_a_user(void *arg)
{
	int mine = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int roots = (int)syscall(SYS_pidfd_open, 1, 0), fds[NAMES];
	char path[40];
	struct stat st;

	(void)arg;
	for (size_t i = 0; i < NAMES; i++)
		fds[i] = open_ns(names[i]);
	setgroups(0, NULL);
	TRY(setresgid(1000, 1000, 1000));
	TRY(setresuid(1000, 1000, 1000));
	for (size_t i = 0; i < NAMES; i++)
		TRY(setns(fds[i], 0));
	TRY(setns(mine, CLONE_NEWUTS));
	TRY(setns(roots, CLONE_NEWUTS));
	TRY(readlink("/proc/1/ns/mnt", path, sizeof(path)));
	TRY(stat("/proc/1/ns/mnt", &st));
	TRY(open("/proc/1/ns/mnt", O_RDONLY));
	TRY(open("/proc/1/ns", O_RDONLY));
	TRY(open("/proc/self/ns/mnt", O_RDONLY) >= 0);
	TRY(open("/proc/self/ns", O_RDONLY));
	TRY(ioctl(fds[0], NS_GET_USERNS) >= 0);
	return 0;
}

/* What has namespaces gives root new ones: a user is told from root even where there are none. */
static int refused(void *arg)
{
	static const unsigned long flags[] = { CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
					       CLONE_NEWIPC, CLONE_NEWPID,    CLONE_NEWNET };

	(void)arg;
	setgroups(0, NULL);
	TRY(setresgid(1000, 1000, 1000));
	TRY(setresuid(1000, 1000, 1000));
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		TRY(syscall(SYS_unshare, flags[i]));
		TRY(syscall(SYS_unshare, flags[i] | 1));
		TRY(syscall(SYS_clone, flags[i] | SIGCHLD, 0, 0, 0, 0));
		TRY(syscall(SYS_clone, flags[i] | CLONE_SIGHAND, 0, 0, 0, 0));
		TRY(syscall(SYS_clone3, (uint64_t[8]){ flags[i] }, 64ul));
	}
	TRY(syscall(SYS_unshare, 0x80ul));
	TRY(syscall(SYS_unshare, CLONE_FS | CLONE_NEWNS));
	TRY(syscall(SYS_clone, CLONE_FS | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0));
	TRY(syscall(SYS_clone, CLONE_FS | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
	return 0;
}

/* A zombie has left all its namespaces but those of pids and users. */
static void ended_one(void)
{
	int pid = fork(), pidfd, status;
	struct stat st;
	char path[60];

	if (pid == 0)
		_exit(0);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT);
	for (size_t i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, names[i]);
		say("%s:\n", names[i]);
		TRY(readlink(path, path + 50, 4));
		TRY(stat(path, &st));
	}
	TRY(setns(pidfd, CLONE_NEWUTS));
	snprintf(path, sizeof(path), "/proc/%d/ns", pid);
	status = open(path, O_RDONLY);
	waitpid(pid, NULL, 0);
	TRY(setns(pidfd, CLONE_NEWUTS));
	TRY(fstatat(status, "mnt", &st, AT_SYMLINK_NOFOLLOW));
	TRY(getdents64(status, path, sizeof(path)));
}

/* ---- files without a name ---- */

/* A file without a name cannot be opened anew by its link (ENXIO) or be given a name (EXDEV). */
static void say_file(const char *what, int fd)
{
	char path[40], text[80];
	struct stat st, again;
	struct statfs fs;
	ssize_t n;
	int other;

	say("%s:\n", what);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	TRY(stat(path, &st));
	fstat(fd, &again);
	say("the same: %d\n",
	    st.st_ino == again.st_ino && st.st_dev == again.st_dev && st.st_mode == again.st_mode);
	TRY(access(path, R_OK));
	TRY(open(path, O_RDONLY));
	TRY(statfs(path, &fs));
	say("%lx\n", (unsigned long)fs.f_type);
	TRY(fstatfs(fd, &fs));
	say("%lx\n", (unsigned long)fs.f_type);
	other = open(path, O_PATH);
	TRY(fstat(other, &again));
	say("the same: %d\n",
	    st.st_ino == again.st_ino && st.st_dev == again.st_dev && st.st_mode == again.st_mode);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", other);
	n = readlink(path, text, sizeof(text));
	say("%.*s\n", (int)n, text);
	TRY(truncate(path, 0));
	TRY(chdir(path));
	TRY(link(path, "new"));
	TRY(linkat(AT_FDCWD, path, AT_FDCWD, "new", AT_SYMLINK_FOLLOW));
	close(other);
}

/* ---- mapped files ---- */

static long mapped_from(const char *name, char *where, size_t size)
{
	DIR *dir = opendir("/proc/self/map_files");
	char path[300], text[200];
	struct dirent *entry;
	long found = 0;

	while (dir && (entry = readdir(dir))) {
		ssize_t n;

		if (*entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/self/map_files/%s", entry->d_name);
		n = readlink(path, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = '\0';
		if (n < 0 || strcmp(strrchr(text, '/') + 1, name) != 0)
			continue;
		found++;
		snprintf(where, size, "%s", path);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Only with privileges may one follow a link of map_files, one's own too: EPERM. */
static int mapped_as_a_user(void *arg)
{
	int dir = open("/proc/1/map_files", O_RDONLY);
	struct stat st;
	char text[100];

	TRY(setresgid(1000, 1000, 1000));
	TRY(setresuid(1000, 1000, 1000));
	TRY(prctl(PR_SET_DUMPABLE, 1));
	TRY(lstat(arg, &st));
	TRY(readlink(arg, text, sizeof(text)) > 0);
	TRY(stat(arg, &st));
	TRY(open(arg, O_RDONLY));
	TRY(open("/proc/1/map_files", O_RDONLY));
	TRY(lstat("/proc/1/map_files/1000-2000", &st));
	TRY(fstatat(dir, "1000-2000", &st, 0));
	TRY(syscall(SYS_getdents64, dir, text, sizeof(text)));
	TRY(syscall(SYS_getdents64, dir, text, sizeof(text)));
	return 0;
}

/* A link of map_files is named by the bounds of a mapping, as maps writes them. */
static void map_files(void)
{
	char where[80] = "", path[80], text[10] = "";
	int fd = open("mapped", O_RDWR | O_CREAT, 0644);
	struct stat st, again;
	char *p;

	TRY(ftruncate(fd, 3 * PAGE));
	TRY(pwrite(fd, "begin", 5, 0));
	p = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
	say("%ld\n", mapped_from("mapped", where, sizeof(where)));
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)p,
		 (unsigned long)p + 3 * PAGE);
	say("its name: %d\n", strcmp(path, where) == 0);
	TRY(lstat(path, &st));
	say("%o %d\n", st.st_mode, (int)st.st_size);
	TRY(lstat("/proc/self/map_files", &st));
	say("%o %d\n", st.st_mode, (int)st.st_nlink);
	fstat(fd, &again);
	TRY(stat(path, &st));
	say("the same: %d\n", st.st_ino == again.st_ino && st.st_dev == again.st_dev);
	close(fd);
	fd = open(path, O_RDONLY);
	TRY(read(fd, text, 5));
	say("%s\n", text);
	close(fd);
	in_child("mapped, as a user", mapped_as_a_user, path);
	snprintf(text, sizeof(text), "%d", getpid());
	snprintf(where, sizeof(where), "/proc/self/task/%s/map_files", text);
	TRY(open(where, O_RDONLY));
	TRY(munmap(p + PAGE, PAGE));
	TRY(lstat(path, &st));
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)p,
		 (unsigned long)p + PAGE);
	TRY(lstat(path, &st));
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)p + 1,
		 (unsigned long)p + PAGE);
	TRY(lstat(path, &st));
	snprintf(path, sizeof(path), "/proc/self/map_files/0%lx-%lx", (unsigned long)p,
		 (unsigned long)p + PAGE);
	TRY(lstat(path, &st));
	snprintf(path, sizeof(path), "/proc/self/map_files/%lX-%lx", (unsigned long)p,
		 (unsigned long)p + PAGE);
	TRY(lstat(path, &st));
	TRY(lstat("/proc/self/map_files/", &st));
	TRY(lstat("/proc/self/map_files/-", &st));
	TRY(lstat("/proc/self/map_files/1000", &st));
	TRY(lstat("/proc/self/map_files/1000-", &st));
	TRY(lstat("/proc/self/map_files/1000-2000-3000", &st));
	TRY(lstat("/proc/self/map_files/11111111111111111-22222222222222222", &st));
	TRY(mkdir("/proc/self/map_files/1000-2000", 0700));
	fd = open("mapped2", O_RDONLY | O_CREAT, 0644);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	say("%ld\n", mapped_from("mapped2", path, sizeof(path)));
	TRY(lstat(path, &st));
	say("%o\n", st.st_mode);
}

/* ---- networks, security attributes ---- */

/* The first `lines` lines; what Linux has for its own sockets and devices comes after them. */
static void say_head(const char *path, int lines)
{
	static char text[8192];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	char *line = text;

	say("%s: %s\n", path, n < 0 ? strerrorname_np(errno) : n == 0 ? "empty" : "text");
	text[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < lines && line && *line; i++)
		say("[%s]\n", strsep(&line, "\n"));
	close(fd);
}

static int net_as_a_user(void *arg)
{
	struct stat st;

	TRY(setresgid(1000, 1000, 1000));
	TRY(setresuid(1000, 1000, 1000));
	TRY(stat("/proc/self/net/dev", arg ?: &st));
	say("%o %d %d\n", st.st_mode, st.st_uid, st.st_gid);
	TRY(access("/proc/1/net/dev", R_OK));
	TRY(open("/proc/net/dev", O_WRONLY));
	return 0;
}

static void net(void)
{
	static const char *const one_line[] = { "arp",	    "raw",	 "tcp",	     "udp",
						"icmp",	    "igmp",	 "raw6",     "tcp6",
						"udp6",	    "unix",	 "icmp6",    "route",
						"ptype",    "packet",	 "netlink",  "udplite",
						"udplite6", "dev_mcast", "protocols" };
	char path[60];
	struct stat st, again;
	ssize_t n = readlink("/proc/net", path, sizeof(path));

	say("%.*s\n", (int)n, path);
	for (size_t i = 0; i < sizeof(one_line) / sizeof(*one_line); i++) {
		snprintf(path, sizeof(path), "/proc/net/%s", one_line[i]);
		say_head(path, 1);
	}
	say_head("/proc/self/net/dev", 2);
	say_head("/proc/net/snmp", 20);
	say_head("/proc/net/sockstat", 20);
	say_head("/proc/net/sockstat6", 20);
	say_head("/proc/net/wireless", 2);
	TRY(lstat("/proc/self/net", &st));
	say("%o, listed: %d %d\n", st.st_mode, listed("/proc/self/net", "tcp"),
	    listed("/proc/net", "x"));
	TRY(stat("/proc/net/tcp", &st));
	TRY(stat("/proc/1/net/tcp", &again));
	say("the same: %d\n", st.st_ino == again.st_ino && st.st_dev == again.st_dev);
	snprintf(path, sizeof(path), "/proc/self/task/%d/net/tcp", getpid());
	TRY(stat(path, &again));
	say("the same: %d\n", st.st_ino == again.st_ino && st.st_dev == again.st_dev);
	TRY(stat("/proc/net/x", &st));
	TRY(open("/proc/net/dev", O_WRONLY));
	TRY(mkdir("/proc/net/x", 0755));
	in_child("net, as a user", net_as_a_user, NULL);
}

/* The number of interrupts of each kind is the machine's. */
static void softirqs(void)
{
	static char text[4096];
	int fd = open("/proc/softirqs", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	char *rest = text, *line = strsep(&rest, "\n");

	text[n > 0 ? n : 0] = '\0';
	say("[%.28s]\n", line);
	while ((line = strsep(&rest, "\n")) && *line)
		say("[%.13s]\n", line);
	close(fd);
}

static void attributes(void)
{
	static const char *const all[] = { "prev", "exec", "fscreate", "keycreate", "sockcreate" };
	pid_t pid = fork();
	char path[60], text[8];
	struct stat st;
	int fd;

	if (pid == 0)
		in_another_thread(NULL);
	TRY(lstat("/proc/self/attr", &st));
	say("%o\n", st.st_mode);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		snprintf(path, sizeof(path), "/proc/self/attr/%s", all[i]);
		TRY(lstat(path, &st));
		say("%o\n", st.st_mode);
		fd = open(path, O_RDONLY);
		TRY(read(fd, text, sizeof(text)));
		close(fd);
		fd = open(path, O_WRONLY);
		TRY(write(fd, "x", 1));
		close(fd);
		snprintf(path, sizeof(path), "/proc/%d/attr/%s", pid, all[i]);
		fd = open(path, O_WRONLY);
		TRY(write(fd, "x", 1));
		close(fd);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	links();
	requests();
	joins();
	in_child("out of a root", out_of_a_root, NULL);
	in_child("shares its files", shares_its_files, NULL);
	in_child("as a user", as_a_user, NULL);
	in_child("refused", refused, NULL);
	ended_one();
	say_file("a counter", eventfd(0, 0));
	say_file("a set", epoll_create1(0));
	map_files();
	net();
	softirqs();
	attributes();
	return 0;
}
