/* SPDX-License-Identifier: MIT */
/* What the program of --user has and may do: its ids, folders and streams, a folder of the host's, Faultline's own call. */
#define _GNU_SOURCE
#include "abi/faultline.h"
#include "abi/syscall.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void told(const char *what, long value)
{
	printf("%s: %s\n", what, value < 0 ? strerrorname_np(errno) : "ok");
}

static void look(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		told(path, -1);
	else
		printf("%s: %u %u %o\n", path, st.st_uid, st.st_gid, st.st_mode & 07777);
}

/* ---- Faultline's own call, about process 1 and the machine ---- */

static long ask(unsigned what, unsigned long which)
{
	static char answer[65536];

	return syscall(SYS_faultline, what, which, answer, sizeof(answer), 0);
}

static void ask_all(void)
{
	told("process", ask(FAULTLINE_PROCESS, 1));
	told("own mappings", ask(FAULTLINE_VMAS, 0));
	told("mappings", ask(FAULTLINE_VMAS, 1));
	told("walk", ask(FAULTLINE_WALK, 1));
	told("frame", ask(FAULTLINE_FRAME, 0));
	told("trace", ask(FAULTLINE_TRACE, 0));
	told("sums",
	     ask(FAULTLINE_FRAMES, 0) + ask(FAULTLINE_RECLAIM, 0) + ask(FAULTLINE_MACHINE, 0) == 3
		     ? 0
		     : -1);
	told("mark", syscall(SYS_faultline, FAULTLINE_MARK, FAULTLINE_MARK_HERE, "user", 4, 0));
	told("ledger", ask(FAULTLINE_LEDGER, 0));
}

/* ---- the session ---- */

static void session(void)
{
	printf("%u %u %u %u, %d groups, in %s\n", getuid(), geteuid(), getgid(), getegid(),
	       getgroups(0, NULL), getenv("HOME"));
	told("change", chdir(getenv("HOME")));
	told("own file", open("own", O_CREAT | O_RDWR | O_EXCL, 0644));
	look("own");
	look(getenv("HOME"));
	told("home", access(getenv("HOME"), W_OK));
	told("etc", open("/etc/new", O_CREAT | O_RDWR, 0644));
	told("tmp", open("/tmp/new", O_CREAT | O_RDWR, 0644));
	told("output", open("/proc/self/fd/1", O_WRONLY));
	told("passwd", access("/etc/passwd", R_OK));
	told("root", setuid(0));
	told("init", kill(1, 0));
}

static void root(void)
{
	printf("%u in %s\n", getuid(), getenv("HOME"));
	told("output", open("/proc/self/fd/1", O_WRONLY));
	told("make", open("/new", O_CREAT | O_RDWR | O_EXCL, 0644));
	look("/new");
}

static void shared(void)
{
	told("make", open("/mnt/new", O_CREAT | O_RDWR | O_EXCL, 0640));
	look("/mnt/new");
	told("chown", chown("/mnt/new", 4000, -1));
	told("remove", unlink("/mnt/new"));
	look("/mnt/theirs");
	told("read", open("/mnt/theirs", O_RDONLY));
	told("write", open("/mnt/theirs", O_WRONLY));
	told("chmod", chmod("/mnt/theirs", 0777));
	told("remove", unlink("/mnt/sticky/theirs"));
	told("rename", rename("/mnt/sticky/theirs", "/mnt/sticky/new"));
	told("make", open("/mnt/sticky/mine", O_CREAT | O_RDWR, 0644));
	told("rename over", rename("/mnt/sticky/mine", "/mnt/sticky/theirs"));
	told("remove", unlink("/mnt/sticky/mine"));
	told("make", open("/mnt/closed/new", O_CREAT | O_RDWR, 0644));
}

/* ---- lists of groups, by root ---- */

static gid_t list[65536];

/* Each child has a list of its own, until there is no room for another. */
static void lists(void)
{
	int made = 0, status;
	pid_t pids[64];

	for (int i = 0; i < 64; i++) {
		int told_of[2];
		char byte = 0;

		if (pipe(told_of))
			break;
		pids[i] = fork();
		if (pids[i] == 0) {
			byte = setgroups(65536, list) == 0 ? 'y' : errno == ENOMEM ? 'm' : '?';
			if (write(told_of[1], &byte, 1) == 1)
				pause();
			_exit(1);
		}
		if (pids[i] < 0 || read(told_of[0], &byte, 1) != 1)
			byte = '-';
		close(told_of[0]);
		close(told_of[1]);
		if (byte != 'y') {
			printf("refused with %c after %s\n", byte, made ? "some" : "none");
			kill(pids[i], SIGKILL);
			break;
		}
		made++;
	}
	for (int i = 0; i < made; i++)
		kill(pids[i], SIGKILL);
	while (wait(&status) > 0)
		continue;
	told("afterwards", setgroups(65536, list));
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "session") == 0)
			session();
		else if (strcmp(argv[i], "root") == 0)
			root();
		else if (strcmp(argv[i], "shared") == 0)
			shared();
		else if (strcmp(argv[i], "lists") == 0)
			lists();
		else
			ask_all();
	}
	return 0;
}
