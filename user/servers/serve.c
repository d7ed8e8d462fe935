/* SPDX-License-Identifier: MIT */
/* The way from a program's name to a mount: endpoint, process, mount(2). */
#define _GNU_SOURCE
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc.h"

#define WORDS_MAX 60
#define BADGE	  1
#define SERVER_FD 3 /* the receive end in the server */

/* What is made before the server runs. All are closed by exec. */
struct start {
	int receive, send;
	int report[2]; /* a pipe: the error of execve(), or its end if that succeeds */
};

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void start_close(struct start *start)
{
	close_fd(start->receive);
	close_fd(start->send);
	close_fd(start->report[0]);
	close_fd(start->report[1]);
}

static int start_open(struct start *ret)
{
	*ret = (struct start){ -1, -1, { -1, -1 } };
	ret->receive = ipc_create(IPC_CLOEXEC);
	if (ret->receive < 0)
		return ret->receive;
	ret->send = ipc_badge(ret->receive, BADGE, IPC_TELL_CLOSE | IPC_CLOEXEC);
	if (ret->send < 0)
		return ret->send;
	return pipe2(ret->report, O_CLOEXEC) != 0 ? -errno : 0;
}

/* Puts a descriptor at a place where exec does not close it. */
static bool place(int fd, int at)
{
	return fd == at ? fcntl(fd, F_SETFD, 0) == 0 : dup2(fd, at) == at;
}

/*
 * In the new process: nothing but the receive end and standard error remains. Standard input and output
 * lead nowhere, for who reads the output of `serve ... | cat` waits for its end.
 */
static _Noreturn void serve_run(const struct start *start, char *const words[])
{
	int report = fcntl(start->report[1], F_DUPFD_CLOEXEC, SERVER_FD + 1);
	int receive = fcntl(start->receive, F_DUPFD_CLOEXEC, SERVER_FD + 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), err = 0;
	long most = sysconf(_SC_OPEN_MAX);

	if (report < 0 || receive < 0 || null < 0 || !place(null, 0) || !place(null, 1) ||
	    !place(receive, SERVER_FD))
		err = errno;
	for (int fd = SERVER_FD + 1; fd < most; fd++)
		if (fd != report)
			close(fd);
	setsid();
	if (!err) {
		execv(words[0], words);
		err = errno;
	}
	_exit(write(report, &err, sizeof(err)) == sizeof(err) ? 127 : 126);
}

/* Waits until the server runs. Returns 0 or the error of its start. */
static int await_exec(struct start *start)
{
	int err = 0;
	ssize_t n;

	close(start->report[1]);
	start->report[1] = -1;
	do
		n = read(start->report[0], &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	return n == sizeof(err) ? -err : 0;
}

int server_start(char *const argv[], pid_t *pid_ret)
{
	char *words[WORDS_MAX + 3] = { 0 };
	struct start start;
	pid_t pid = -1;
	int err, n = 0;

	for (; argv[n]; n++) {
		if (n == WORDS_MAX)
			return -E2BIG;
		words[n] = argv[n];
	}
	words[n] = (char[]){ "--endpoint" };
	words[n + 1] = (char[]){ '0' + SERVER_FD, '\0' };
	err = start_open(&start);
	if (!err) {
		pid = fork();
		err = pid < 0 ? -errno : 0;
	}
	if (pid == 0)
		serve_run(&start, words);
	if (!err)
		err = await_exec(&start);
	if (err && pid > 0)
		waitpid(pid, NULL, 0);
	if (!err) {
		*pid_ret = pid;
		n = start.send;
		start.send = -1;
	}
	start_close(&start);
	return err ? err : n;
}

int serve_and_mount(char *const argv[], const char *target, unsigned long flags,
		    const char *options, pid_t *pid_ret)
{
	char words[4096];
	pid_t pid;
	int send = server_start(argv, &pid), err = 0;

	if (send < 0)
		return send;
	if (snprintf(words, sizeof(words), "fd=%d%s%s", send, options ? "," : "",
		     options ? options : "") >= (int)sizeof(words))
		err = -EINVAL;
	else if (mount(argv[0], target, "9p", flags, words) != 0)
		err = -errno;
	close(send); /* the mount has its own */
	if (err) {
		kill(pid, SIGKILL); /* it may be no file server at all */
		waitpid(pid, NULL, 0);
		return err;
	}
	*pid_ret = pid;
	return 0;
}
