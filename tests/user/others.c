/* SPDX-License-Identifier: MIT */
/* What a process may do to others of another user, and what only root may: signals, limits, priorities, mounts, and so on. */
#include "t.h"

#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/swap.h>

/* A process that waits, with such ids, and in a session of its own if `leads`. */
static pid_t sleeper(uid_t real, uid_t effective, uid_t saved, int leads)
{
	int ready[2];
	char byte;
	pid_t pid;

	pipe(ready);
	pid = fork();
	if (pid == 0) {
		signal(SIGUSR1, SIG_IGN);
		if (leads)
			setsid();
		setresgid(real, effective, saved);
		setresuid(real, effective, saved);
		write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	read(ready[0], &byte, 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void become(uid_t real, uid_t effective, uid_t saved)
{
	setgroups(0, NULL);
	setresgid(real, effective, saved);
	setresuid(real, effective, saved);
}

static void word(const char *what, long value)
{
	say("%s %s, ", what, value < 0 ? strerrorname_np(errno) : "ok");
}

/* ---- what is done to another process ---- */

static pid_t target;

static void act(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	struct sched_param param = { 0 };
	struct rlimit limit;
	cpu_set_t all;
	int fd = (int)syscall(SYS_pidfd_open, target, 0);

	word("kill", kill(target, 0));
	word("kill", kill(target, SIGUSR1));
	word("kill", kill(target, SIGCONT));
	word("kill", kill(target, 99));
	word("tkill", syscall(SYS_tkill, target, SIGUSR1));
	word("tgkill", syscall(SYS_tgkill, target, target, SIGUSR1));
	word("queue", syscall(SYS_rt_sigqueueinfo, target, SIGUSR1, &info));
	word("tgqueue", syscall(SYS_rt_tgsigqueueinfo, target, target, SIGUSR1, &info));
	word("pidfd_open", fd);
	word("pidfd", syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0));
	word("prlimit", prlimit(target, RLIMIT_CORE, NULL, &limit));
	word("prlimit", prlimit(target, 99, NULL, &limit));
	word("getpriority", getpriority(PRIO_PROCESS, (id_t)target));
	word("setpriority", setpriority(PRIO_PROCESS, (id_t)target, 5));
	word("setpriority", setpriority(PRIO_PROCESS, (id_t)target, 1));
	word("getscheduler", sched_getscheduler(target));
	word("setscheduler", sched_setscheduler(target, SCHED_BATCH, &param));
	word("getaffinity", sched_getaffinity(target, sizeof(all), &all));
	word("sched_setaffinity", sched_setaffinity(target, sizeof(all), &all));
	say("\n");
	close(fd);
}

/* A signal needs one's real or effective id to be the other's real or saved one, prlimit one's real id to be all three. */
static void others(void)
{
	static const uid_t ids[][3] = { { 0, 0, 0 }, { 1, 1, 1 }, { 1, 2, 3 }, { 2, 2, 1 },
					{ 3, 1, 2 }, { 4, 0, 0 }, { 0, 1, 1 } };
	const size_t n = sizeof(ids) / sizeof(ids[0]);
	int status;

	for (size_t t = 0; t < n; t++)
		for (size_t s = 0; s < n; s++) {
			target = sleeper(ids[t][0], ids[t][1], ids[t][2], 1);
			say("%u %u %u to %u %u %u: ", ids[s][0], ids[s][1], ids[s][2], ids[t][0],
			    ids[t][1], ids[t][2]);
			if (fork() == 0) {
				become(ids[s][0], ids[s][1], ids[s][2]);
				act();
				_exit(0);
			}
			wait(&status);
			end(target);
		}
}

/* ---- groups of processes, and all ---- */

/* kill of a group or of all is right if one of them may be signalled; SIGCONT may go to all of one's session. */
static int many(void *unused)
{
	pid_t own, theirs, caller;
	int status;

	(void)unused;
	setsid();
	theirs = sleeper(9, 9, 9, 0);
	if (fork() == 0) {
		become(8, 8, 8);
		word("group", kill(0, 0));	     /* the caller is in it */
		word("cont", kill(theirs, SIGCONT)); /* of the same session */
		word("usr1", kill(theirs, SIGUSR1));
		setpgid(0, 0);
		word("group", kill(-getppid(), 0));
		word("group", kill(-getppid(), SIGCONT));
		word("all", kill(-1, 0));
		say("\n");
		_exit(0);
	}
	wait(&status);
	own = sleeper(8, 8, 8, 0);
	caller = fork();
	if (caller == 0) {
		become(8, 8, 8);
		setpgid(0, 0);
		word("group", kill(-getppid(), SIGUSR1));
		word("all", kill(-1, SIGTERM));
		say("\n");
		_exit(0);
	}
	waitpid(caller, &status, 0);
	waitpid(own, &status, 0);
	ended("own", status);
	word("theirs", kill(theirs, 0));
	end(theirs);
	say("\n");
	return 0;
}

/* ---- who sent it ---- */

static void show_info(const char *what, const siginfo_t *info, pid_t from)
{
	say("%s: signal %d, code %d, %s, user %u\n", what, info->si_signo, info->si_code,
	    info->si_pid == from ? "from there" : "from elsewhere", info->si_uid);
}

/* The user that a signal and an end tell is the real one, whatever the effective one is. */
static int senders(void *unused)
{
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	(void)unused;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 3; i++) {
		pid = fork();
		if (pid == 0) {
			setresuid(7, i == 2 ? 0 : 6, 0);
			if (i == 0)
				setresuid(-1, 0, -1);
			if (i < 2)
				setresuid(-1, 0, -1);
			if (i == 1)
				syscall(SYS_tkill, getppid(), SIGUSR1);
			else
				kill(getppid(), SIGUSR1);
			_exit(0);
		}
		sigdelset(&set, SIGCHLD);
		sigwaitinfo(&set, &info);
		show_info("signal", &info, pid);
		sigaddset(&set, SIGCHLD);
		sigdelset(&set, SIGUSR1);
		sigwaitinfo(&set, &info);
		show_info("child", &info, pid);
		sigaddset(&set, SIGUSR1);
		waitid(P_PID, (id_t)pid, &info, WEXITED);
		show_info("waitid", &info, pid);
	}
	return 0;
}

/* ---- priorities ---- */

/* A user may make its own processes nicer, and others' not (EPERM); to go back is EACCES, or EPERM by nice(). */
static int priorities(void *unused)
{
	struct sched_param param = { 0 };
	struct rlimit limit = { 25, 25 };
	pid_t own = sleeper(30, 30, 30, 0), theirs = sleeper(31, 31, 31, 0);

	(void)unused;
	setpriority(PRIO_PROCESS, (id_t)theirs, 3);
	become(30, 30, 30);
	word("get", getpriority(PRIO_USER, 30));
	word("get", getpriority(PRIO_USER, 31));
	word("get", getpriority(PRIO_USER, 0));
	word("get", getpriority(PRIO_USER, 77));
	word("set", setpriority(PRIO_USER, 31, 9));
	word("set", setpriority(PRIO_USER, 77, 9));
	word("set", setpriority(PRIO_USER, 0, 2));
	say("%d %d %d\n", getpriority(PRIO_PROCESS, 0), getpriority(PRIO_PROCESS, (id_t)own),
	    getpriority(PRIO_PROCESS, (id_t)theirs));
	word("set", setpriority(PRIO_PROCESS, 0, 1));
	word("set", setpriority(PRIO_PGRP, 0, 4));
	word("nice", nice(-1));
	say("%d %d %d\n", getpriority(PRIO_PROCESS, 0), getpriority(PRIO_PROCESS, (id_t)own),
	    getpriority(PRIO_PROCESS, (id_t)theirs));
	word("idle", sched_setscheduler(0, SCHED_IDLE, &param));
	word("other", sched_setscheduler(0, SCHED_OTHER, &param));
	word("reset", sched_setscheduler(own, SCHED_BATCH | SCHED_RESET_ON_FORK, &param));
	word("unset", sched_setscheduler(own, SCHED_BATCH, &param));
	word("rlimit", setrlimit(RLIMIT_NICE, &limit));
	say("\n");
	end(own);
	kill(theirs, SIGKILL);
	return 0;
}

/* RLIMIT_NICE allows nice values from 20 less the limit on; the hard limit may be lowered only (EPERM). */
static int nice_limit(void *unused)
{
	struct rlimit limit = { 17, 17 };

	(void)unused;
	TRY(setrlimit(RLIMIT_NICE, &limit));
	become(30, 30, 30);
	TRY(setpriority(PRIO_PROCESS, 0, 10));
	TRY(setpriority(PRIO_PROCESS, 0, 3));
	TRY(setpriority(PRIO_PROCESS, 0, 2));
	TRY(getpriority(PRIO_PROCESS, 0));
	limit.rlim_max = 18;
	TRY(setrlimit(RLIMIT_NICE, &limit));
	limit.rlim_cur = limit.rlim_max = 3;
	TRY(setrlimit(RLIMIT_NICE, &limit));
	TRY(setpriority(PRIO_PROCESS, 0, 1));
	return 0;
}

/* ---- what only root may ---- */

static int privileged(void *unused)
{
	gid_t group = 1;

	(void)unused;
	become(1000, 1000, 1000);
	TRY(mount("none", ".", "tmpfs", 0, NULL));
	TRY(mount("none", "missing", "tmpfs", 0, NULL));
	TRY(mount("none", "/", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	TRY(umount2("/proc", 0));
	TRY(umount2("missing", 0));
	TRY(umount2("/proc", 0x1000));
	TRY(umount2(".", MNT_DETACH));
	TRY(swapon("/dev/null", 0));
	TRY(swapon("/dev/null", 1 << 30));
	TRY(swapoff("/dev/null"));
	TRY(swapoff("missing"));
	TRY(chroot("."));
	TRY(chroot("missing"));
	TRY(setgroups(1, &group));
	TRY(syscall(SYS_syslog, 10, NULL, 0));
	TRY(syscall(SYS_syslog, 3, NULL, 0));
	TRY(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, 0));
	TRY(syscall(SYS_reboot, 0, 0, 0, 0));
	return 0;
}

int main(void)
{
	others();
	in_child("many", many, NULL);
	in_child("senders", senders, NULL);
	in_child("priorities", priorities, NULL);
	in_child("nice limit", nice_limit, NULL);
	in_child("privileged", privileged, NULL);
	return 0;
}
