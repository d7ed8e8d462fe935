/* SPDX-License-Identifier: MIT */
/* What the files of /proc/PID answer that were opened before the process executed a program, above all one with more rights. */
#define _GNU_SOURCE
#include <grp.h>
#include <pthread.h>
#include <sys/prctl.h>

#include "set_id.h"

#define GAINS "./opened/gains" /* root's set-user-ID copy */
#define PLAIN "./opened/plain"

/* One after the other, up to an empty one. */
static const char texts[] =
	"environ\0status\0personality\0limits\0comm\0syscall\0cmdline\0stat\0statm\0maps\0mem\0"
	"mounts\0mountinfo\0smaps\0smaps_rollup\0pagemap\0wchan\0schedstat\0cgroup\0oom_score\0io\0"
	"oom_score_adj\0coredump_filter\0loginuid\0sessionid\0uid_map\0gid_map\0projid_map\0"
	"setgroups\0";
#define TEXTS_MOST 40
static const char *const directories[] = { "task", "fd", "fdinfo", "map_files", "ns", "attr" };
static const char *const links[] = { "exe", "cwd", "root", "fd/0", "ns/pid" };
static const char *const written[][2] = {
	{ "oom_score_adj", "500" }, { "oom_score_adj", "-500" }, { "coredump_filter", "0x33" },
	{ "clear_refs", "1" },	    { "comm", "other" },	 { "mem", "x" },
	{ "attr/current", "x" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int text_fd[TEXTS_MOST], directory_fd[COUNT(directories)], link_fd[COUNT(links)];
static int written_fd[COUNT(written)], stat_fd;
static uint64_t at; /* an address that is readable memory of the old image */

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[60];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, flags);
}

static void tell(const char *name, const char *what, long n)
{
	say("%s, %s: %s\n", name, what,
	    n < 0    ? strerrorname_np(errno)
	    : n == 0 ? "nothing"
		     : "something");
}

/* What was opened of the memory (maps, mem, pagemap, environ) stays with the old image, and is empty after the exec. */
static void read_text(const char *name, const char *what, int fd)
{
	static char text[8192];

	if (fd < 0)
		tell(name, what, -1);
	else if (strcmp(name, "mem") == 0)
		tell(name, what, pread(fd, text, 8, (off_t)at));
	else if (strcmp(name, "pagemap") == 0)
		tell(name, what, pread(fd, text, 8, (off_t)(at / PAGE * 8)));
	else
		tell(name, what, read(fd, text, sizeof(text)));
}

/* The fields that are not for everybody, each as 0, 1 or x. */
static void read_stat(const char *what, int fd)
{
	static const int fields[] = { 26, 27, 28, 29, 30, 35, 45, 46, 47, 48, 49, 50, 51, 52 };
	char text[1024], shown[COUNT(fields) + 1] = "", *field;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	int number = 2;

	text[n > 0 ? n : 0] = '\0';
	field = strrchr(text, ')');
	for (size_t i = 0; field && i < COUNT(fields); i++) {
		for (; number < fields[i]; number++)
			field = strchr(field + 1, ' ');
		shown[i] = field[2] >= '0' && field[2] <= '9' ? 'x'
			   : field[1] > '1'		      ? 'x'
							      : field[1];
	}
	say("stat, %s: %s\n", what, shown);
}

static void read_directory(const char *name, const char *what, int fd)
{
	char text[4096];

	tell(name, what, fd < 0 ? -1 : syscall(SYS_getdents64, fd, text, sizeof(text)));
}

static void open_all(pid_t pid)
{
	int *fd = text_fd;

	for (const char *name = texts; *name; name += strlen(name) + 1)
		*fd++ = open_of(pid, name, O_RDONLY);
	stat_fd = open_of(pid, "stat", O_RDONLY);
	for (size_t i = 0; i < COUNT(directories); i++)
		directory_fd[i] = open_of(pid, directories[i], O_RDONLY);
	for (size_t i = 0; i < COUNT(links); i++)
		link_fd[i] = open_of(pid, links[i], O_PATH | O_NOFOLLOW);
	for (size_t i = 0; i < COUNT(written); i++)
		written_fd[i] = open_of(pid, written[i][0], O_WRONLY);
}

/* syscall, personality and io check the reader at each read: they refuse it after an exec with more rights. */
static void use_all(pid_t pid)
{
	int *fd = text_fd;
	char target[100];
	struct stat st;

	for (const char *name = texts; *name; name += strlen(name) + 1) {
		read_text(name, "before", *fd++);
		read_text(name, "after", open_of(pid, name, O_RDONLY));
	}
	read_stat("before", stat_fd);
	read_stat("after", open_of(pid, "stat", O_RDONLY));
	for (size_t i = 0; i < COUNT(directories); i++) {
		read_directory(directories[i], "before", directory_fd[i]);
		read_directory(directories[i], "after", open_of(pid, directories[i], O_RDONLY));
	}
	for (size_t i = 0; i < COUNT(links); i++)
		tell(links[i], "before", readlinkat(link_fd[i], "", target, sizeof(target)));
	/* A directory stays readable, but its links are checked anew. */
	tell("fd/0", "by its directory", readlinkat(directory_fd[1], "0", target, sizeof(target)));
	tell("fdinfo/0", "by its directory", openat(directory_fd[2], "0", O_RDONLY));
	tell("fdinfo/0", "found by its directory", fstatat(directory_fd[2], "0", &st, 0));
	tell("map_files", "looked for by its directory", fstatat(directory_fd[3], "1-2", &st, 0));
	for (size_t i = 0; i < COUNT(written); i++) {
		if (strcmp(written[i][0], "mem") == 0)
			lseek(written_fd[i], (off_t)at, SEEK_SET);
		tell(written[i][0], "written",
		     write(written_fd[i], written[i][1], strlen(written[i][1])));
	}
}

/* The program that was executed: waits until the pipe is at its end. */
static int runs(int ready, int end)
{
	if (geteuid() == 0) {
		setgid(0);
		setuid(0);
	}
	close(ready);
	read(end, &(char){ 0 }, 1);
	return 0;
}

static int watch(void *path)
{
	int start[2], ready[2], end[2];
	char numbers[2][12];
	pid_t pid;

	pipe(start);
	pipe(ready);
	pipe(end);
	setgroups(0, NULL);
	setgid(1000);
	setuid(1000);
	prctl(PR_SET_DUMPABLE, 1); /* the change of ids took that */
	at = (uint64_t)(uintptr_t)texts;
	pid = fork();
	if (pid == 0) {
		close(end[1]);
		close(start[1]);
		read(start[0], &(char){ 0 }, 1);
		close(ready[0]);
		snprintf(numbers[0], sizeof(numbers[0]), "%d", ready[1]);
		snprintf(numbers[1], sizeof(numbers[1]), "%d", end[0]);
		execl(path, "proc_exec", numbers[0], numbers[1], NULL);
		_exit(9);
	}
	close(ready[1]);
	close(end[0]);
	until_it_sleeps(pid);
	open_all(pid);
	close(start[1]);
	close(start[0]);
	read(ready[0], &(char){ 0 }, 1);
	until_it_sleeps(pid);
	use_all(pid);
	close(end[1]);
	waitpid(pid, NULL, 0);
	return 0;
}

static void *waits(void *fd)
{
	read(*(int *)fd, &(char){ 0 }, 1);
	return NULL;
}

/* Field 35 is about the only thread of a process, or about the thread of a file below `task`. */
static int several_threads(void *unused)
{
	char name[40];
	pthread_t thread;
	int ends[2];
	pid_t pid;

	(void)unused;
	pipe(ends);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		pthread_create(&thread, NULL, waits, ends);
		waits(ends);
		_exit(0);
	}
	close(ends[0]);
	while (number_in_status(pid, "Threads") < 2)
		nap(1);
	until_it_sleeps(pid);
	read_stat("of two threads", open_of(pid, "stat", O_RDONLY));
	snprintf(name, sizeof(name), "task/%d/stat", (int)pid);
	read_stat("of one of them", open_of(pid, name, O_RDONLY));
	close(ends[1]);
	waitpid(pid, NULL, 0);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2)
		return runs(atoi(argv[1]), atoi(argv[2]));
	mkdir("opened", 0755);
	chmod("opened", 0755);
	copy_program(PLAIN, 0, 0, 0755);
	copy_program(GAINS, 0, 0, 04755);
	in_child("no more rights", watch, PLAIN);
	in_child("more rights", watch, GAINS);
	in_child("several threads", several_threads, NULL);
	unlink(PLAIN);
	unlink(GAINS);
	rmdir("opened");
	return 0;
}
