/* SPDX-License-Identifier: MIT */
/* Rights that a program had when it opened, attached or named something, and has lost when it uses it: which are asked for again. */
#define _GNU_SOURCE
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/xattr.h>

#include "set_id.h"
#include "traced.h"

#define GAINS	   "./lost/gains" /* root's set-user-ID copy */
#define PLAIN	   "./lost/plain"
#define UNREADABLE "./lost/unreadable"
#define OWN	   "./lost/own" /* a file that is the user's at first */
#define DIR	   "./lost/dir"

static void become(uid_t uid)
{
	setgroups(0, NULL);
	setresgid(uid, uid, uid);
	setresuid(uid, uid, uid);
	prctl(PR_SET_DUMPABLE, 1); /* the change of ids took that */
}

static const char *word(long value)
{
	return value == -1 ? strerrorname_np(errno) : "yes";
}

/* ---- files of /proc that root has opened ---- */

static char text[4096];

static const char *const sysctls[] = { "kernel/core_uses_pid", "fs/protected_hardlinks",
				       "kernel/core_pattern",  "kernel/hostname",
				       "fs/mqueue/msg_max",    "kernel/dmesg_restrict" };
#define SYSCTLS (sizeof(sysctls) / sizeof(sysctls[0]))

static const struct loser {
	const char *name;
	uid_t euid;
	gid_t egid, group;
	bool capable;
} losers[] = {
	{ "root", 0, 0, 0, true },
	{ "root without capabilities", 0, 0, 0, false },
	{ "a user", 1000, 1000, 1000, false },
	{ "a user with capabilities", 1000, 1000, 1000, true },
	{ "a user in root's group", 1000, 0, 1000, false },
	{ "a user with root's group", 1000, 1000, 0, false },
};

static void lose(const struct loser *loser)
{
	struct {
		uint32_t version;
		int pid;
	} header = { 0x20080522, 0 };
	struct {
		uint32_t effective, permitted, inheritable;
	} caps[2] = { 0 };

	setgroups(1, &loser->group);
	prctl(PR_SET_KEEPCAPS, 1);
	setresgid(loser->egid, loser->egid, loser->egid);
	setresuid(loser->euid, loser->euid, loser->euid);
	if (loser->capable) {
		syscall(SYS_capget, &header, caps);
		caps[0].effective = caps[0].permitted;
		caps[1].effective = caps[1].permitted;
	}
	if (syscall(SYS_capset, &header, caps))
		result("capset", -1);
}

/* A write to /proc/sys asks for the mode again (EPERM), by the effective ids, and capabilities do not help. */
static int uses_sysctls(void *arg)
{
	int fd[SYSCTLS], drop = open("/proc/sys/vm/drop_caches", O_WRONLY);
	const char *read_by, *written, *opened;
	char path[80];
	ssize_t n;

	for (size_t i = 0; i < SYSCTLS; i++) {
		snprintf(path, sizeof(path), "/proc/sys/%s", sysctls[i]);
		fd[i] = open(path, O_RDWR);
	}
	lose(arg);
	for (size_t i = 0; i < SYSCTLS; i++) {
		snprintf(path, sizeof(path), "/proc/sys/%s", sysctls[i]);
		n = pread(fd[i], text, sizeof(text), 0);
		read_by = word(n > 0 ? 0 : -1);
		written = word(pwrite(fd[i], text, n > 0 ? (size_t)n : 1, 0));
		opened = word(open(path, O_WRONLY));
		say("%s: read %s, written %s, opened for writing %s, access %s\n", sysctls[i],
		    read_by, written, opened, word(access(path, W_OK)));
	}
	result("drop_caches", write(drop, "1", 1));
	return 0;
}

/* Does it tell frames? */
static void tell_frames(const char *what, int fd)
{
	uint64_t word = 0;

	if (pread(fd, &word, 8, (off_t)((uintptr_t)text / PAGE * 8)) != 8)
		result(what, -1);
	else
		say("%s: %s, %s\n", what, word >> 63 ? "there" : "not there",
		    word << 9 ? "with its frame" : "without its frame");
}

/* Frames and stacks are shown by the rights of the opener, oom_score_adj and setns ask for those of the user. */
static int opens_as_root(void *unused)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY),
	    stack = open("/proc/self/stack", O_RDONLY);
	int adj = open("/proc/self/oom_score_adj", O_WRONLY),
	    ns = open("/proc/self/ns/uts", O_RDONLY);

	(void)unused;
	memset(text, 1, sizeof(text));
	tell_frames("root", pagemap);
	TRY(write(adj, "-10", 3));
	become(1000);
	tell_frames("of root", pagemap);
	tell_frames("of the user", open("/proc/self/pagemap", O_RDONLY));
	say("stack of root: %s\n", word(read(stack, text, sizeof(text))));
	TRY(write(adj, "-20", 3));
	TRY(write(adj, "20", 2));
	TRY(write(adj, "-10", 3));
	TRY(write(adj, "-11", 3));
	TRY(setns(ns, 0));
	return 0;
}

/* What a user has opened shows root no more than its opener. */
static int opens_as_user(void *unused)
{
	int fd, stack;

	(void)unused;
	memset(text, 1, sizeof(text));
	setresuid(1000, 1000, 0);
	prctl(PR_SET_DUMPABLE, 1);
	fd = open("/proc/self/pagemap", O_RDONLY);
	stack = open("/proc/self/stack", O_RDONLY);
	result("stack", stack < 0 ? -1 : 0);
	tell_frames("user", fd);
	setresuid(0, 0, 0);
	tell_frames("of the user", fd);
	tell_frames("of root", open("/proc/self/pagemap", O_RDONLY));
	say("stack of the user: %s\n", word(read(stack, text, sizeof(text))));
	return 0;
}

/* ---- other descriptors ---- */

/* A pipe above its limit may shrink, but not grow, and an alarm timer not be set, once the capability is gone: EPERM. */
static int uses_others(void *unused)
{
	struct itimerspec later = { .it_value.tv_sec = 1000 };
	int ends[2], timer = timerfd_create(CLOCK_BOOTTIME_ALARM, 0);

	(void)unused;
	pipe(ends);
	TRY(fcntl(ends[0], F_SETPIPE_SZ, 2 * MIB));
	TRY(timerfd_settime(timer, 0, &later, NULL));
	become(1000);
	TRY(fcntl(ends[0], F_SETPIPE_SZ, 4 * MIB));
	TRY(fcntl(ends[0], F_SETPIPE_SZ, 2 * MIB));
	TRY(fcntl(ends[0], F_SETPIPE_SZ, MIB));
	TRY(fcntl(ends[0], F_SETPIPE_SZ, 2 * MIB));
	TRY(timerfd_settime(timer, 0, &later, NULL));
	return 0;
}

/* As the user: with the descriptors of a file and a directory that were opened before their modes changed. */
static void uses_files(int fd, int dir)
{
	static const struct timespec some[2] = { { 1, 1 }, { 1, 1 } };
	char byte;

	TRY(pread(fd, &byte, 1, 0));
	TRY(pwrite(fd, "x", 1, 0));
	TRY(ftruncate(fd, 1));
	TRY(futimens(fd, some));
	TRY(futimens(fd, NULL));
	TRY(fsetxattr(fd, "user.a", "b", 1, 0));
	TRY(fgetxattr(fd, "user.a", &byte, 1));
	TRY(fremovexattr(fd, "user.a"));
	TRY(fcntl(fd, F_SETFL, O_NOATIME));
	TRY(fcntl(fd, F_SETFL, 0));
	mapped("to be written", mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0));
	mapped("to be executed", mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0));
	snprintf(text, sizeof(text), "/proc/self/fd/%d", fd);
	result("again for reading", open(text, O_RDONLY) < 0 ? -1 : 0);
	result("again for writing", open(text, O_WRONLY) < 0 ? -1 : 0);
	TRY(linkat(AT_FDCWD, text, AT_FDCWD, "./lost/another", AT_SYMLINK_FOLLOW));
	TRY(unlink("./lost/another"));
	TRY(syscall(SYS_execveat, fd, "", NULL, NULL, AT_EMPTY_PATH));
	result("getdents", syscall(SYS_getdents64, dir, text, sizeof(text)) < 0 ? -1 : 0);
	TRY(lseek(dir, 0, SEEK_SET));
	result("openat", openat(dir, "in", O_RDONLY) < 0 ? -1 : 0);
	TRY(mkdirat(dir, "new", 0700));
	TRY(unlinkat(dir, "new", AT_REMOVEDIR));
	TRY(faccessat(dir, "in", R_OK, 0));
	TRY(fchdir(dir));
	TRY(fchmod(fd, 0777));
	TRY(fchown(fd, -1, 1000));
}

/* A descriptor reads, writes and maps in spite of new modes; attributes, times and opening anew ask for rights at the use. */
static int opens_files(void *unused)
{
	static const struct {
		const char *name;
		uid_t uid;
		mode_t mode;
	} changes[] = {
		{ "its own", 1000, 0600 },	 { "its own, mode 0", 1000, 0 },
		{ "its own, read", 1000, 0500 }, { "another's, mode 0666", 0, 0666 },
		{ "another's, mode 0", 0, 0 },	 { "another's, mode 0755", 0, 0755 },
	};
	int fd = open(OWN, O_CREAT | O_RDWR, 0600), dir, status;

	(void)unused;
	write(fd, "#!/none\n", 8);
	chown("lost", 1000, 1000);
	chown(OWN, 1000, 1000);
	close(fd);
	mkdir(DIR, 0700);
	chown(DIR, 1000, 1000);
	close(open(DIR "/in", O_CREAT | O_RDWR, 0644));
	setresuid(-1, 1000, 0);
	fd = open(OWN, O_RDWR);
	dir = open(DIR, O_RDONLY | O_DIRECTORY);
	setresuid(-1, 0, 0);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		say("%s\n", changes[i].name);
		chown(OWN, changes[i].uid, 0);
		chmod(OWN, changes[i].mode);
		chown(DIR, changes[i].uid, 0);
		chmod(DIR, changes[i].mode & 0100 || changes[i].mode == 0 ? changes[i].mode
									  : changes[i].mode | 0111);
		if (fork() == 0) {
			become(1000);
			uses_files(fd, dir);
			_exit(0);
		}
		wait(&status);
	}
	return 0;
}

/* ---- another process ---- */

static char data[8] = "data"; /* at the same address in all copies of this program */

static long copies(pid_t pid, bool write)
{
	char bytes[8] = "written";
	struct iovec here = { bytes, 8 }, there = { data, 8 };

	return write ? process_vm_writev(pid, &here, 1, &there, 1, 0)
		     : process_vm_readv(pid, &here, 1, &there, 1, 0);
}

/* What asks for rights at each use, whatever it was that was asked for before. */
static void use_process(pid_t pid, int pidfd)
{
	struct sched_param param = { 0 };
	struct rlimit limit;
	siginfo_t info = { .si_signo = SIGWINCH, .si_code = SI_QUEUE };
	cpu_set_t all;
	void *head;
	size_t len;

	memset(&all, 0xff, sizeof(all));
	result("kill", kill(pid, 0));
	result("tgkill", syscall(SYS_tgkill, pid, pid, 0));
	result("rt_sigqueueinfo", syscall(SYS_rt_sigqueueinfo, pid, SIGWINCH, &info));
	result("pidfd_send_signal", syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
	say("pidfd_getfd: %s\n", word(syscall(SYS_pidfd_getfd, pidfd, 1, 0)));
	result("process_vm_readv", copies(pid, false));
	result("process_vm_writev", copies(pid, true));
	result("kcmp", syscall(SYS_kcmp, pid, pid, 1, 0, 0));
	result("get_robust_list", syscall(SYS_get_robust_list, pid, &head, &len));
	result("prlimit, read", prlimit(pid, RLIMIT_NOFILE, NULL, &limit));
	result("prlimit, set", prlimit(pid, RLIMIT_NOFILE, &limit, NULL));
	result("sched_setaffinity", sched_setaffinity(pid, sizeof(all), &all));
	result("sched_setscheduler", sched_setscheduler(pid, SCHED_OTHER, &param));
	result("setpriority", setpriority(PRIO_PROCESS, (id_t)pid, 0));
	result("setpgid", setpgid(pid, getpgid(0)));
	result("seize", ptrace(SEIZE, pid, 0, 0));
}

/* As role: has executed a program since its watcher has its handles; rises if that gives rights. */
static int is_used(int ready, int end)
{
	if (geteuid() == 0) {
		setgid(0);
		setuid(0);
	}
	close(ready);
	read(end, text, 1);
	return 0;
}

static void execute(const char *path, int ready, int end)
{
	char numbers[2][12];

	snprintf(numbers[0], sizeof(numbers[0]), "%d", ready);
	snprintf(numbers[1], sizeof(numbers[1]), "%d", end);
	execl(path, "rights_lost", numbers[0], numbers[1], NULL);
	_exit(9);
}

/* After an exec that gains rights each of these calls is EPERM; setpgid is EACCES after any exec of the child. */
static int uses_process(void *path)
{
	int start[2], ready[2], end[2], pidfd;
	pid_t pid;

	pipe(start);
	pipe(ready);
	pipe(end);
	become(1000);
	pid = fork();
	if (pid == 0) {
		close(end[1]);
		close(start[1]);
		read(start[0], text, 1);
		close(ready[0]);
		execute(path, ready[1], end[0]);
	}
	close(ready[1]);
	close(end[0]);
	until_it_sleeps(pid);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	say("before\n");
	use_process(pid, pidfd);
	ptrace(INTERRUPT, pid, 0, 0);
	waitpid(pid, NULL, __WALL);
	result("detach", ptrace(DETACH, pid, 0, 0));
	close(start[1]);
	read(ready[0], text, 1);
	until_it_sleeps(pid);
	say("after\n");
	use_process(pid, pidfd);
	close(end[1]);
	if (waitpid(pid, NULL, 0) != pid)
		result("waitpid", -1);
	return 0;
}

/* ---- a tracee ---- */

/* Says at once what a tracer may do with its stopped tracee, and with a descriptor of its memory from before. */
static void use_tracee(const char *what, pid_t pid, int mem)
{
	struct regs regs = { 0 };
	struct iovec iov = { &regs, sizeof(regs) };
	siginfo_t info;
	uint64_t value;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	say("%s\n", what);
	say("peek: %s\n", word(ptrace(PEEKDATA, pid, (uintptr_t)data, (uintptr_t)&value)));
	result("poke", ptrace(POKEDATA, pid, (uintptr_t)data, 0));
	result("registers", ptrace(GETREGSET, pid, NT_PRSTATUS, (uintptr_t)&iov));
	result("set registers", ptrace(SETREGSET, pid, NT_PRSTATUS, (uintptr_t)&iov));
	result("mask", ptrace(GETSIGMASK, pid, 8, (uintptr_t)&value));
	say("info: %s\n", word(ptrace(GETSIGINFO, pid, 0, (uintptr_t)&info)));
	result("options", ptrace(SETOPTIONS, pid, 0, O_OF(EV_EXEC)));
	result("memory from before", pread(mem, &value, 8, (off_t)(uintptr_t)data));
	result("written", pwrite(mem, "x", 1, (off_t)(uintptr_t)data));
	say("memory now: %s\n", word(open(path, O_RDWR)));
	result("process_vm_readv", copies(pid, false));
	say("pidfd_getfd: %s\n",
	    word(syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), 1, 0)));
}

enum change { BECOMES_USER, IS_HIDDEN, HIDES, EXECS_PLAIN, EXECS_UNREADABLE, EXECS_GAINS };

struct relation {
	const char *name;
	bool of_user; /* the tracee */
	bool capable; /* the tracer is root when it attaches */
	bool drops;   /* the tracer becomes a user before the use */
	enum change change;
};

static void changes(const struct relation *relation)
{
	static const char *const paths[] = {
		[EXECS_PLAIN] = PLAIN, [EXECS_UNREADABLE] = UNREADABLE, [EXECS_GAINS] = GAINS
	};

	if (relation->change == BECOMES_USER)
		setresuid(1000, 1000, 1000);
	else if (relation->change == HIDES)
		prctl(PR_SET_DUMPABLE, 0);
	else if (paths[relation->change])
		execl(paths[relation->change], "rights_lost", "stops", NULL);
	raise(SIGSTOP);
	_exit(0);
}

/* A tracer has the registers until it detaches; memory that may not be dumped needs CAP_SYS_PTRACE of then. */
static int traces(void *arg)
{
	const struct relation *relation = arg;
	char path[40];
	int start[2], mem;
	pid_t pid;

	pipe(start);
	pid = fork();
	if (pid == 0) {
		if (relation->of_user)
			become(1000);
		close(start[1]);
		read(start[0], text, 1);
		changes(relation);
	}
	if (!relation->capable)
		become(1000);
	while (relation->of_user && number_in_status(pid, "Uid") != 1000)
		nap(1);
	until_it_sleeps(pid);
	result("seize", ptrace(SEIZE, pid, 0, 0));
	ptrace(INTERRUPT, pid, 0, 0);
	waitpid(pid, NULL, __WALL);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDWR);
	use_tracee("first", pid, mem);
	go_on(pid, 0);
	close(start[1]);
	if (relation->drops)
		become(1000);
	news("it", pid);
	if (relation->change >= EXECS_PLAIN) {
		go_on(pid, 0);
		news("it", pid);
	}
	use_tracee("then", pid, mem);
	say("uid %ld\n", number_in_status(pid, "Uid"));
	result("detach", ptrace(DETACH, pid, 0, SIGKILL));
	return 0;
}

static const struct relation relations[] = {
	{ "user, execs", true, false, false, EXECS_PLAIN },
	{ "user, hides", true, false, false, HIDES },
	{ "user, execs what it may not read", true, false, false, EXECS_UNREADABLE },
	{ "user, execs a set-user-ID program", true, false, false, EXECS_GAINS },
	{ "root, its tracee becomes a user", false, true, false, BECOMES_USER },
	{ "root, hides", false, true, false, HIDES },
	{ "root becomes a user", false, true, true, IS_HIDDEN },
	{ "root becomes a user, its tracee hides", true, true, true, HIDES },
	{ "root becomes a user, its tracee execs a set-user-ID program", true, true, true,
	  EXECS_GAINS },
};

int main(int argc, char **argv)
{
	if (argc == 2)
		return raise(SIGSTOP);
	if (argc > 2)
		return is_used(atoi(argv[1]), atoi(argv[2]));
	mkdir("lost", 0755);
	chmod("lost", 0755);
	copy_program(PLAIN, 0, 0, 0755);
	copy_program(GAINS, 0, 0, 04755);
	copy_program(UNREADABLE, 0, 0, 0711);
	for (size_t i = 0; i < sizeof(losers) / sizeof(losers[0]); i++)
		in_child(losers[i].name, uses_sysctls, (void *)&losers[i]);
	in_child("root's files", opens_as_root, NULL);
	in_child("a user's files", opens_as_user, NULL);
	in_child("other descriptors", uses_others, NULL);
	in_child("files", opens_files, NULL);
	in_child("no more rights", uses_process, PLAIN);
	in_child("more rights", uses_process, GAINS);
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
		in_child(relations[i].name, traces, (void *)&relations[i]);
	unlink(DIR "/in");
	rmdir(DIR);
	unlink(OWN);
	unlink(PLAIN);
	unlink(GAINS);
	unlink(UNREADABLE);
	rmdir("lost");
	return 0;
}
