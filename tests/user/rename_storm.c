/* SPDX-License-Identifier: MIT */
/* Processes move directories into one another, exchange and remove them: the tree stays a tree. */
#include "t.h"

#include <dirent.h>

#define PROCESSES 4
#define STEPS	  400
#define DEPTH	  4

static unsigned long seed;

static unsigned chance(unsigned n)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)(seed >> 33) % n;
}

static const char *some_path(char *path)
{
	unsigned parts = 1 + chance(DEPTH), at = 0;

	while (parts--)
		at += (unsigned)sprintf(path + at, "%s%c", at ? "/" : "", 'a' + (char)chance(3));
	return path;
}

/* Each path that is reached is a directory of a parent that is known; no more than there can be. */
static unsigned count(int dir, unsigned depth)
{
	DIR *stream = fdopendir(dup(dir));
	struct dirent *entry;
	unsigned n = 0;

	if (!stream || depth > 200) {
		say("too deep\n");
		_exit(1);
	}
	while ((entry = readdir(stream)) != NULL) {
		int below;

		if (entry->d_name[0] == '.')
			continue;
		n++;
		below = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY);
		if (below >= 0) {
			n += count(below, depth + 1);
			close(below);
		}
	}
	closedir(stream);
	return n;
}

static int storm(void *number)
{
	unsigned long moved = 0;
	char a[32], b[32];

	seed = (unsigned long)number;
	for (unsigned i = 0; i < STEPS; i++) {
		some_path(a);
		some_path(b);
		mkdir(a, 0755);
		moved += syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b,
				 chance(2) ? RENAME_EXCHANGE : 0) == 0;
		if (chance(4) == 0)
			rmdir(a);
		if (chance(16) == 0 && chdir(a) == 0) {
			char path[4096];

			/* Up to the root, whatever moves meanwhile. */
			if (syscall(SYS_getcwd, path, sizeof(path)) < 0 && errno != ENOENT)
				result("getcwd", -1);
			while (access("the_top", F_OK) != 0 && chdir("..") == 0)
				;
		}
	}
	return moved > STEPS / 20 ? 0 : 1;
}

static void remove_all(int dir)
{
	for (char c = 'a'; c < 'd'; c++) {
		const char name[] = { c, 0 };
		int below = openat(dir, name, O_RDONLY | O_DIRECTORY);

		if (below >= 0) {
			remove_all(below);
			close(below);
		}
		unlinkat(dir, name, AT_REMOVEDIR);
	}
}

int main(void)
{
	pid_t pids[PROCESSES];
	int top, status;
	struct stat st;

	mkdir("storm", 0755);
	chdir("storm");
	make_file("the_top", 1);
	for (unsigned long i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(storm((void *)(i + 1)));
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		waitpid(pids[i], &status, 0);
		ended("one", status);
	}
	top = open(".", O_RDONLY | O_DIRECTORY);
	say("names: %d\n", count(top, 0) > 1);
	remove_all(top);
	TRY(unlink("the_top"));
	TRY(fstat(top, &st));
	say("links: %u\n", (unsigned)st.st_nlink);
	TRY(chdir(".."));
	TRY(rmdir("storm"));
	return 0;
}
