/* SPDX-License-Identifier: MIT */
/* R150. What processes share by CLONE_FILES, CLONE_FS and CLONE_SIGHAND, and how unshare and exec end that. */
#include "thread.h"

#include <sys/mount.h>

/* Waits for a child of that clone, which runs f on a stack of its own. */
static void with(const char *what, int flags, int (*f)(void *), void *arg)
{
	char *stack = anon(16 * PAGE);
	int status = -1;
	pid_t pid = clone(f, stack + 16 * PAGE, flags | SIGCHLD, arg);

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		result(what, -1);
	else
		ended(what, status);
	munmap(stack, 16 * PAGE);
}

static int is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* ---- descriptors ---- */

static int changes_files(void *arg)
{
	(void)arg;
	return open("made", O_RDWR | O_CREAT, 0600) != 20 && dup2(0, 20) == 20 && close(21) == 0
		       ? 0
		       : 1;
}

static void files_now(const char *what)
{
	say("%s: 20 is %s, 21 is %s\n", what, is_open(20) ? "open" : "closed",
	    is_open(21) ? "open" : "closed");
	close(3);
	close(20);
	dup2(0, 21);
}

static int unshares_files(void *arg)
{
	(void)arg;
	TRY(unshare(CLONE_FILES));
	return changes_files(NULL);
}

static int executes(void *arg)
{
	char name[] = "clone_shares", what[] = "files";
	char *argv[] = { name, what, NULL };

	(void)arg;
	execv("/proc/self/exe", argv);
	return 9;
}

/* What exec closes is closed in the program alone. */
static int after_exec(void)
{
	say("in the program: 21 is %s\n", is_open(21) ? "open" : "closed");
	return changes_files(NULL) ? 0 : 1;
}

static long lock_at(int fd, int command, long at)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };

	return fcntl(fd, command, &lock);
}

static int locks(void *arg)
{
	int fd = *(int *)arg;

	result("the parent's lock", lock_at(fd, F_SETLK, 0));
	return (int)lock_at(fd, F_SETLK, 1);
}

/* Record locks are those of a table of descriptors: processes that share one have the same. */
static void record_locks(void)
{
	int fd = open("locked", O_RDWR | O_CREAT, 0600);

	MUST(lock_at(fd, F_SETLK, 0));
	with("a copy of the descriptors", 0, locks, &fd);
	with("the same descriptors", CLONE_FILES, locks, &fd);
	with("after the child", 0, locks, &fd);
	close(fd);
}

/* CLONE_FILES shares one table of descriptors, until unshare or exec gives a table of its own. */
static void files(void)
{
	dup2(0, 21);
	with("a copy", 0, changes_files, NULL);
	files_now("after a copy");
	with("shared", CLONE_FILES, changes_files, NULL);
	files_now("after CLONE_FILES");
	with("unshared", CLONE_FILES, unshares_files, NULL);
	files_now("after unshare");
	fcntl(21, F_SETFD, FD_CLOEXEC);
	with("exec", CLONE_FILES, executes, NULL);
	files_now("after exec");
	close(21);
	record_locks();
}

/* ---- the working directory, the root, the umask ---- */

static int changes_fs(void *arg)
{
	(void)arg;
	if (chdir("/tmp/a/b") != 0)
		return 1;
	umask(0123);
	return 0;
}

static void fs_now(const char *what)
{
	char dir[100] = "?";
	mode_t mask = umask(022);

	if (!getcwd(dir, sizeof(dir)))
		say("getcwd: %s\n", strerrorname_np(errno));
	say("%s: %s, %#o\n", what, dir, (unsigned)mask);
	MUST(chdir("/tmp/a"));
}

static int unshares_fs(void *arg)
{
	TRY(unshare(CLONE_FS));
	return changes_fs(arg);
}

static int execs_fs(void *arg)
{
	char name[] = "clone_shares", what[] = "fs";
	char *argv[] = { name, what, NULL };

	(void)arg;
	execv("/proc/self/exe", argv);
	return 9;
}

static int changes_root(void *arg)
{
	(void)arg;
	return chroot("/tmp/a");
}

/* The parent's root is another one afterwards, so this is done by a child. */
static int sees_root(void *arg)
{
	const int *flags = arg;

	with("chroot", *flags, changes_root, NULL);
	say("/b is %s\n", access("/b", F_OK) == 0 ? "there" : "not there");
	return 0;
}

/* CLONE_FS shares the working directory, the root and the umask, over exec as well, until unshare. */
static void fs(void)
{
	int shared = CLONE_FS, none = 0;

	mkdir("/tmp/a", 0700);
	mkdir("/tmp/a/b", 0700);
	MUST(chdir("/tmp/a"));
	umask(022);
	with("a copy", 0, changes_fs, NULL);
	fs_now("after a copy");
	with("shared", CLONE_FS, changes_fs, NULL);
	fs_now("after CLONE_FS");
	with("unshared", CLONE_FS, unshares_fs, NULL);
	fs_now("after unshare");
	with("exec", CLONE_FS, execs_fs, NULL);
	fs_now("after exec");
	in_child("a root of its own", sees_root, &none);
	in_child("the same root", sees_root, &shared);
}

/* ---- actions of signals ---- */

static void handler(int sig)
{
	(void)sig;
}

static const char *action_of(int sig)
{
	struct sigaction action;

	sigaction(sig, NULL, &action);
	if (action.sa_handler == SIG_DFL)
		return "default";
	return action.sa_handler == SIG_IGN ? "ignored" : "handled";
}

static void set_action(int sig, void (*f)(int), int flags)
{
	struct sigaction action = { .sa_handler = f, .sa_flags = flags };

	MUST(sigaction(sig, &action, NULL));
}

static void actions_now(const char *what)
{
	say("%s: USR1 is %s, USR2 is %s\n", what, action_of(SIGUSR1), action_of(SIGUSR2));
}

static int changes_actions(void *arg)
{
	(void)arg;
	set_action(SIGUSR1, handler, SA_RESETHAND);
	set_action(SIGUSR2, SIG_IGN, 0);
	return 0;
}

static int uses_handler_up(void *arg)
{
	(void)arg;
	return raise(SIGUSR1);
}

static int dies(void *arg)
{
	(void)arg;
	return raise(SIGUSR1);
}

static int executes_quietly(void *arg)
{
	char name[] = "clone_shares", what[] = "actions";
	char *argv[] = { name, what, NULL };

	(void)arg;
	execv("/proc/self/exe", argv);
	return 9;
}

/* What is pending for the parent stays, although the child ignores it for both. */
static void pending_of_others(void)
{
	sigset_t set, pending;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	set_action(SIGUSR2, SIG_DFL, 0);
	raise(SIGUSR2);
	with("ignores", CLONE_SIGHAND | CLONE_VM, changes_actions, NULL);
	sigpending(&pending);
	say("USR2 is %s\n", sigismember(&pending, SIGUSR2) ? "pending" : "not pending");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	set_action(SIGUSR1, SIG_DFL, 0);
	set_action(SIGUSR2, SIG_DFL, 0);
}

static int tells_actions(void *arg)
{
	(void)arg;
	actions_now("in a child of fork");
	return 0;
}

/* CLONE_SIGHAND shares the actions of signals, and what SA_RESETHAND takes back; exec has its own. */
static void actions(void)
{
	actions_now("at first");
	with("a copy", 0, changes_actions, NULL);
	actions_now("after a copy");
	with("shared", CLONE_SIGHAND | CLONE_VM, changes_actions, NULL);
	actions_now("after CLONE_SIGHAND");
	with("used up", CLONE_SIGHAND | CLONE_VM, uses_handler_up, NULL);
	actions_now("after SA_RESETHAND");
	with("by default", CLONE_SIGHAND | CLONE_VM, dies, NULL);
	changes_actions(NULL);
	with("exec", CLONE_SIGHAND | CLONE_VM | CLONE_VFORK, executes_quietly, NULL);
	actions_now("after exec");
	in_child("a copy of the shared", tells_actions, NULL);
	pending_of_others();
}

/* ---- threads ---- */

static int until, started;

static void *with_own(void *arg)
{
	(void)arg;
	TRY(unshare(CLONE_FS | CLONE_FILES));
	MUST(chdir("/tmp/a/b"));
	umask(0777);
	dup2(0, 30);
	raise_flag(&started);
	until_flag(&until, 1);
	say("in the thread: 30 is %s, 31 is %s\n", is_open(30) ? "open" : "closed",
	    is_open(31) ? "open" : "closed");
	say("of the thread: %s\n", access("/proc/thread-self/fd/30", F_OK) ? "no 30" : "30");
	TRY(unshare(CLONE_THREAD));
	TRY(unshare(CLONE_SIGHAND));
	TRY(unshare(CLONE_VM));
	TRY(unshare(CLONE_FS | CLONE_FILES));
	return NULL;
}

/* A thread may leave the directory and the descriptors of its process, but not its actions and its memory: EINVAL. */
static void threads(void)
{
	pthread_t thread;

	MUST(chdir("/tmp/a"));
	umask(022);
	thread = start(with_own, NULL);
	until_flag(&started, 1);
	fs_now("the process");
	say("in the process: 30 is %s\n", is_open(30) ? "open" : "closed");
	dup2(0, 31);
	raise_flag(&until);
	join(thread);
	say("of the process: %s\n", access("/proc/self/fd/30", F_OK) ? "no 30" : "30");
	close(31);
}

/* A thread of clone that shares neither: it changes its own, and says so by its end. */
static int lone_tid;

static int lone(void *arg)
{
	(void)arg;
	if (chdir("/tmp/a/b") == 0 && dup2(0, 33) == 33)
		raise_flag(&started);
	return 0;
}

/* A thread without CLONE_FS and CLONE_FILES has copies: what it changes is its own. */
static void lone_thread(void)
{
	char *stack = anon(16 * PAGE);
	int tid;

	started = 0;
	tid = clone(lone, stack + 16 * PAGE,
		    CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_CHILD_CLEARTID |
			    CLONE_PARENT_SETTID,
		    NULL, &lone_tid, NULL, &lone_tid);
	if (tid < 0)
		say("clone: %s\n", strerrorname_np(errno));
	/* It still counts as a thread when its id is cleared, and unshare comes next. */
	while (__atomic_load_n(&lone_tid, __ATOMIC_SEQ_CST) ||
	       (tid > 0 && syscall(SYS_tgkill, getpid(), tid, 0) == 0))
		sched_yield();
	say("it ran: %d\n", flag_now(&started));
	fs_now("after it");
	say("33 is %s\n", is_open(33) ? "open" : "closed");
	munmap(stack, 16 * PAGE);
}

/* ---- what unshare refuses ---- */

static int unshares_all(void *arg)
{
	(void)arg;
	TRY(unshare(CLONE_THREAD));
	TRY(unshare(CLONE_SIGHAND));
	TRY(unshare(CLONE_VM));
	return 0;
}

/* unshare of memory, actions or threads succeeds only if there is nobody to share them. */
static void refusals(void)
{
	TRY(unshare(0));
	TRY(unshare(CLONE_SYSVSEM));
	TRY(unshare(CLONE_FS | CLONE_FILES));
	TRY(unshare(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM));
	TRY(unshare(CLONE_PARENT));
	TRY(unshare(CLONE_FILES | SIGCHLD));
	TRY(unshare(CLONE_VFORK));
	TRY(syscall(SYS_unshare, 0x100000400ul));
	with("a process with the same actions", CLONE_SIGHAND | CLONE_VM, unshares_all, NULL);
	with("with the same memory", CLONE_VM, unshares_all, NULL);
	with("with nothing in common", 0, unshares_all, NULL);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1 && strcmp(argv[1], "files") == 0)
		return after_exec();
	if (argc > 1 && strcmp(argv[1], "fs") == 0)
		return changes_fs(NULL);
	if (argc > 1) {
		actions_now("in the program");
		return 0;
	}
	chdir("/tmp");
	files();
	fs();
	actions();
	threads();
	lone_thread();
	refusals();
	unlink("/tmp/made");
	unlink("/tmp/locked");
	rmdir("/tmp/a/b");
	rmdir("/tmp/a");
	return 0;
}
