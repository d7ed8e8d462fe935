/* SPDX-License-Identifier: MIT */
/* getcwd, uname, the ids, getrusage, sched_yield, clock_getres: what a process can ask of itself. */
#include "t.h"

#include <sys/utsname.h>
#include <sched.h>

static void folder(void)
{
	char buf[200];

	TRY(mkdir("self.d", 0755));
	TRY(mkdir("self.d/inner", 0755));
	TRY(chdir("self.d/inner"));
	say("here: %s\n", getcwd(buf, 200) && strlen(buf) > 13 ? buf + strlen(buf) - 13 : "none");
	say("bytes with the NUL: %d\n", syscall(SYS_getcwd, buf, 200) == (long)strlen(buf) + 1);
	TRY(syscall(SYS_getcwd, buf, 5));
	TRY(syscall(SYS_getcwd, buf, 0));
	TRY(syscall(SYS_getcwd, buf, strlen(buf)));
	TRY(syscall(SYS_getcwd, 8, 200));
	TRY(rmdir("../inner"));
	TRY(syscall(SYS_getcwd, buf, 200));
	TRY(chdir("/"));
	TRY(syscall(SYS_getcwd, buf, 200));
	say("%s\n", buf);
}

static int spends(void *unused)
{
	struct rusage r = { 0 };
	char *p = anon(500 * PAGE);
	long before;

	(void)unused;
	getrusage(RUSAGE_SELF, &r);
	before = r.ru_minflt;
	for (int i = 0; i < 500; i++)
		p[i * (long)PAGE] = 1;
	for (volatile long i = 0; i < 4000000; i++)
		continue;
	getrusage(RUSAGE_SELF, &r);
	say("500 pages, at least as many faults: %d, not many more: %d\n",
	    r.ru_minflt - before >= 500, r.ru_minflt - before < 520);
	say("time was spent: %d\n", r.ru_utime.tv_sec * 1000000 + r.ru_utime.tv_usec > 1000);
	return 0;
}

int main(void)
{
	struct utsname u;
	struct timespec t;
	struct rusage r;
	int status;
	pid_t pid;

	TRY(uname(&u));
	say("%s %s, release of three parts: %d\n", u.sysname, u.machine,
	    sscanf(u.release, "%*d.%*d.%d", &status) == 1);
	TRY(syscall(SYS_uname, 8));
	say("ids: %d %d %d %d\n", getuid(), geteuid(), getgid(), getegid());
	say("thread and process: %d\n", syscall(SYS_gettid) == getpid());
	TRY(sched_yield());
	TRY(clock_getres(CLOCK_MONOTONIC, &t));
	say("resolution: %ld s %ld ns\n", (long)t.tv_sec, t.tv_nsec);
	TRY(clock_getres(CLOCK_MONOTONIC, NULL));
	TRY(clock_getres(99, &t));
	TRY(syscall(SYS_clock_getres, CLOCK_MONOTONIC, 8));
	in_child("usage", spends, NULL);
	TRY(getrusage(RUSAGE_CHILDREN, &r));
	say("the child's 500 faults: %d\n", r.ru_minflt >= 500);
	TRY(getrusage(77, &r));
	TRY(syscall(SYS_getrusage, RUSAGE_SELF, 8));
	pid = fork();
	if (pid == 0)
		_exit(spends(NULL));
	TRY(wait4(pid, &status, 0, &r) == pid);
	say("by wait4: %d\n", r.ru_minflt >= 500);
	folder();
	return 0;
}
