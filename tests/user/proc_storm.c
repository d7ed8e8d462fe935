/* SPDX-License-Identifier: MIT */
/* P: reads all of /proc while its processes fork, execute, exit and close what they have open. */
#include "t.h"

#include <dirent.h>

static char text[1 << 15];
static long unexpected;

static void expect(long value)
{
	if (value < 0 && errno != ENOENT && errno != ESRCH && errno != EINVAL && errno != ENXIO &&
	    errno != EACCES && errno != EISDIR)
		unexpected++;
}

static int is_known(const char *name)
{
	static const char *const known[] = { "fd",    "status", "comm", "cmdline", "stat",
					     "statm", "maps",	"cwd",	"exe",	   "mounts" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i]) == 0)
			return 1;
	return 0;
}

/* Reads whatever it is. */
static void look(int dir, const char *name, int depth)
{
	int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
	struct dirent *entry;
	struct stat st;
	DIR *list;

	expect(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW));
	if (fd < 0 && errno == ELOOP) {
		expect(readlinkat(dir, name, text, sizeof(text)));
		expect(fstatat(dir, name, &st, 0));
		return;
	}
	expect(fd);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		expect(read(fd, text, 100));
		expect(read(fd, text, sizeof(text)));
		expect(pread(fd, text, 10, 500));
	}
	if (!S_ISDIR(st.st_mode) || depth == 0) {
		close(fd);
		return;
	}
	list = fdopendir(fd);
	while ((entry = readdir(list)))
		if (depth == 1 ? entry->d_name[0] != '.' : is_known(entry->d_name))
			look(fd, entry->d_name, depth - 1);
	closedir(list);
}

/* Of the processes of this test only: others may be anything. */
static void look_at_all(pid_t from)
{
	DIR *list = opendir("/proc");
	struct dirent *entry;

	while ((entry = readdir(list)))
		if (atoi(entry->d_name) >= from)
			look(dirfd(list), entry->d_name, 2);
	closedir(list);
}

static int busy(void *unused)
{
	char name[] = "/proc/self/exe";

	(void)unused;
	for (int i = 0; i < 40; i++) {
		int fd = open("/proc/self/status", O_RDONLY), status;
		pid_t pid = fork();

		if (pid == 0 && i % 4 == 0) {
			execl(name, name, "leaf", NULL);
			_exit(1);
		}
		if (pid == 0) {
			anon(100 * PAGE)[i] = 1;
			_exit(0);
		}
		close(fd);
		if (waitpid(pid, &status, 0) != pid || status != 0)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	pid_t pids[4];
	int left = 4, status;

	(void)argv;
	if (argc > 1)
		return 0;
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(busy(NULL));
	}
	while (left > 0) {
		look_at_all(pids[0]);
		while (left > 0 && waitpid(-1, &status, WNOHANG) > 0) {
			left--;
			if (status != 0)
				ended("a process", status);
		}
	}
	say("unexpected errors: %ld\n", unexpected);
	return 0;
}
