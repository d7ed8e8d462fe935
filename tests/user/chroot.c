/* SPDX-License-Identifier: MIT */
/* P: chroot: where paths start and end, what has a name, what is inherited, the ways out, each error. */
#include "t.h"

#include <dirent.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#define BAD  ((char *)8)
#define PROC 3 /* the first descriptor that is free, also for what is executed */

static char too_long[PATH_MAX + 10];
static int proc = PROC;	 /* /proc, opened before any chroot() */
static int outside = -1; /* where the test began */
static char here[PATH_MAX];

/* Says a path; the folder of the test has another name elsewhere. */
static void say_path(const char *what, const char *path)
{
	const char *rest = *here ? strstr(path, here) : NULL;

	if (rest)
		say("%s %.*sHERE%s\n", what, (int)(rest - path), path, rest + strlen(here));
	else
		say("%s %s\n", what, path);
}

static void where(void)
{
	char path[PATH_MAX];

	if (syscall(SYS_getcwd, path, sizeof(path)) > 0)
		say_path("in", path);
	else
		result("getcwd", -1);
}

/* Says where a link of /proc leads. */
static void link_of(const char *process, const char *name)
{
	char path[PATH_MAX], text[100];
	ssize_t n;

	snprintf(text, sizeof(text), "%s/%s", process, name);
	n = readlinkat(proc, text, path, sizeof(path) - 1);
	if (n < 0) {
		result(name, -1);
		return;
	}
	path[n] = '\0';
	say_path(name, path);
}

static void contents(const char *path)
{
	char text[100] = "";
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (n < 0)
		say("%s: %s\n", path, strerrorname_np(errno));
	else
		say("%s: %s\n", path, text);
	if (fd >= 0)
		close(fd);
}

static void put(const char *path, const char *text, int mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) != 0)
		result(path, -1);
}

/* Says the name that /proc/self/maps has for the mapping at p. */
static void mapped_as(const char *what, const char *p)
{
	static char text[65536];
	int fd = openat(proc, "self/maps", O_RDONLY);
	size_t n = 0;
	ssize_t got;

	while (fd >= 0 && (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(fd);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strtoul(line, NULL, 16) == (unsigned long)p)
			say_path(what, strchr(line, '/') ?: "has no name");
}

/* Two names of one file would not do: /proc may give either. */
static void copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0755);
	static char buf[65536];
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			result("write", -1);
	if (n != 0 || close(out) != 0 || close(in) != 0)
		result("copy", -1);
}

/* r with what the test looks at, and "out" beside it. */
static void make_tree(void)
{
	put("out", "out", 0644);
	TRY(mkdir("r", 0755));
	TRY(mkdir("r/d", 0755));
	TRY(mkdir("r/d/e", 0755));
	put("r/in", "in", 0644);
	put("r/out", "inner out", 0644);
	TRY(symlink("/in", "r/d/absolute"));
	TRY(symlink("../../../out", "r/d/up"));
	TRY(symlink("/d/e/..", "r/d/around"));
	TRY(symlink("d", "r/to-d"));
	TRY(symlink("r", "to-r"));
}

/* After chroot absolute paths and links start at the new root, whose parent is itself; the working directory stays. */
static int paths_start_there(void *arg)
{
	struct stat root, up;

	(void)arg;
	TRY(chroot("r"));
	say("the working directory stays\n");
	where();
	contents("out");
	contents("r/in");
	contents("/in");
	contents("/out");
	TRY(chdir("/"));
	where();
	contents("out");
	contents("../out");
	contents("d/absolute");
	contents("d/up");
	contents("to-d/around/absolute");
	contents("/../../in");
	contents("/r/in");
	TRY(stat("/", &root));
	TRY(stat("..", &up));
	say("the same: %d\n", root.st_ino == up.st_ino);
	TRY(chdir("d/e"));
	where();
	TRY(chdir("../../../../d"));
	where();
	TRY(mkdir("/made", 0700));
	TRY(rename("/in", "/made/in"));
	TRY(chdir("/made"));
	where();
	TRY(rename("../made/in", "/in"));
	TRY(rmdir("/made"));
	where();
	return 0;
}

/* Links of /proc are told from one's own root, or in full if they are outside of it. */
static int links_of_proc(void *arg)
{
	char *p, name[20];
	int fd = open("out", O_RDONLY), in;

	(void)arg;
	link_of("self", "root");
	TRY(chroot("to-r"));
	link_of("self", "root");
	link_of("self", "cwd");
	TRY(chdir("/d"));
	link_of("self", "cwd");
	in = open("/in", O_RDONLY);
	snprintf(name, sizeof(name), "fd/%d", in);
	link_of("self", name);
	snprintf(name, sizeof(name), "fd/%d", fd);
	link_of("self", name);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, in, 0);
	mapped_as("the file inside", p);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	mapped_as("the file outside", p);
	return 0;
}

/* A process with a root of its own, looked at from outside. */
static void seen_from_outside(void)
{
	int ready[2], go[2], status;
	char name[20], c = 0;
	pid_t pid;

	say("seen from outside\n");
	TRY(pipe(ready));
	TRY(pipe(go));
	pid = fork();
	if (pid == 0) {
		if (chroot("r") != 0 || chdir("/d") != 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		_exit(read(go[0], &c, 1) != 1);
	}
	TRY(read(ready[0], &c, 1));
	snprintf(name, sizeof(name), "%d", pid);
	link_of(name, "root");
	link_of(name, "cwd");
	snprintf(name, sizeof(name), "%d/root/in", pid);
	TRY(faccessat(proc, name, F_OK, 0));
	snprintf(name, sizeof(name), "%d/root/..", pid);
	TRY(faccessat(proc, name, F_OK, 0));
	snprintf(name, sizeof(name), "%d/root/../out", pid);
	TRY(faccessat(proc, name, F_OK, 0));
	TRY(write(go[1], "g", 1));
	waitpid(pid, &status, 0);
	ended("the other", status);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
}

/* A descriptor of a directory outside leads out of a root, and so does a root below the working directory. */
static int ways_out(void *arg)
{
	(void)arg;
	TRY(chroot("r"));
	TRY(chdir("/d"));
	say("by a descriptor\n");
	TRY(faccessat(outside, "out", F_OK, 0));
	TRY(fchdir(outside));
	where();
	TRY(chdir("r/.."));
	contents("out");
	say("and back in\n");
	TRY(chdir("r"));
	where();
	TRY(chdir(".."));
	where();
	say("the root is where one is\n");
	TRY(fchdir(outside));
	TRY(chroot("."));
	where();
	contents("/r/in");
	contents("/out");
	say("a root below the working directory\n");
	TRY(chdir("/r"));
	TRY(chroot("d"));
	where();
	TRY(chdir(".."));
	where();
	TRY(chdir("d/e"));
	return 0;
}

static int look_inside(void *arg)
{
	(void)arg;
	where();
	link_of("self", "exe");
	link_of("self", "root");
	contents("/in");
	contents("/out");
	return 7;
}

/* A child and exec keep the root; the path of a program starts there. */
static int inherited(void *arg)
{
	char *argv[] = { (char *)"prog", (char *)"inside", NULL };

	(void)arg;
	TRY(chroot("r"));
	TRY(chdir("/d"));
	say("a child\n");
	in_child("a child of its own", look_inside, NULL);
	execve("/prog", argv, NULL);
	result("execve", -1);
	return 1;
}

/* The interpreter of a script is looked up from the root, too. */
static int a_script(void *arg)
{
	char *argv[] = { (char *)"script", NULL };

	(void)arg;
	TRY(chroot("r"));
	TRY(chdir("/"));
	execve("/script", argv, NULL);
	result("execve", -1);
	return 1;
}

/* Nothing can be made in a root that was removed, but it can be entered. */
static int removed(void *arg)
{
	(void)arg;
	TRY(mkdir("gone", 0700));
	TRY(chroot("gone"));
	TRY(rmdir("gone"));
	TRY(open("/x", O_RDWR | O_CREAT, 0600));
	TRY(access("/", F_OK));
	TRY(access("/..", F_OK));
	TRY(chdir("/"));
	where();
	contents("../out");
	TRY(chroot("/"));
	TRY(chdir("/"));
	where();
	return 0;
}

/* The root is a directory, not a name: it stays the root when it is renamed. */
static int moved(void *arg)
{
	(void)arg;
	TRY(mkdir("before", 0700));
	TRY(mkdir("before/below", 0700));
	TRY(mkdir("other", 0700));
	TRY(chroot("before"));
	TRY(chdir("/below"));
	where();
	TRY(renameat(outside, "before", outside, "after"));
	where();
	TRY(renameat(outside, "after", outside, "other/after"));
	where();
	TRY(renameat(outside, "other/after/below", outside, "below"));
	where();
	TRY(chdir(".."));
	where();
	TRY(unlinkat(outside, "other/after", AT_REMOVEDIR));
	TRY(unlinkat(outside, "other", AT_REMOVEDIR));
	TRY(unlinkat(outside, "below", AT_REMOVEDIR));
	return 0;
}

/* Prints the lines of a file whose names begin as those of the test's mounts. */
static void list_mounts(void)
{
	static char text[65536];
	int fd = openat(proc, "self/mounts", O_RDONLY);
	size_t n = 0;
	ssize_t got;

	while (fd >= 0 && (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *at = strncmp(line, "of-test", 7) == 0 ? strchr(line, ' ') : NULL;

		if (at) {
			at[1 + strcspn(at + 1, " ")] = '\0';
			say_path("mount", at + 1);
		}
	}
	close(fd);
}

static int tmpfs(const char *where_to)
{
	return mount("of-test", where_to, "tmpfs", 0, NULL);
}

/* mounts lists only what is below the root, with paths from there. */
static int roots_of_mounts(void *arg)
{
	struct stat root, up, st;

	(void)arg;
	TRY(mkdir("m", 0755));
	TRY(tmpfs("m"));
	TRY(mkdir("m/n", 0755));
	TRY(tmpfs("m/n"));
	TRY(tmpfs("r/d/e"));
	list_mounts();
	TRY(chroot("m"));
	list_mounts();
	TRY(umount2("r/d/e", 0));
	TRY(chdir("/"));
	where();
	TRY(chdir(".."));
	where();
	TRY(chdir("n/.."));
	where();
	TRY(stat("/", &root));
	TRY(stat("n/../..", &up));
	say("the same: %d\n", root.st_ino == up.st_ino && root.st_dev == up.st_dev);
	say("what covers the root is entered by ..\n");
	TRY(tmpfs("/"));
	TRY(stat("/", &st));
	say("the same: %d\n", st.st_dev == root.st_dev);
	TRY(stat("/..", &st));
	say("the same: %d\n", st.st_dev == root.st_dev);
	TRY(chdir("/.."));
	where();
	TRY(chdir(".."));
	where();
	TRY(umount2(".", 0));
	TRY(chdir("/"));
	TRY(umount2("/..", 0));
	TRY(umount2("n", 0));
	return 0;
}

/* A root whose mount was detached goes on as a root. */
static int detached(void *arg)
{
	(void)arg;
	TRY(tmpfs("m"));
	TRY(mkdir("m/d", 0755));
	TRY(chroot("m"));
	TRY(umount2("m", MNT_DETACH));
	link_of("self", "root");
	list_mounts();
	TRY(chdir("/d"));
	where();
	TRY(chdir("../.."));
	where();
	TRY(fchdir(outside));
	where();
	return 0;
}

/* chroot needs a directory: ENOTDIR. */
static void errors(void)
{
	memset(too_long, 'a', sizeof(too_long) - 1);
	say("errors\n");
	TRY(chroot(BAD));
	TRY(chroot(""));
	TRY(chroot("missing"));
	TRY(chroot("out"));
	TRY(chroot("out/"));
	TRY(chroot("out/d"));
	TRY(symlink("loop", "loop"));
	TRY(chroot("loop"));
	TRY(chroot(too_long));
	too_long[300] = '\0';
	TRY(chroot(too_long));
	TRY(unlink("loop"));
	link_of("self", "root");
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return look_inside(NULL);
	proc = open("/proc", O_RDONLY | O_DIRECTORY);
	outside = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!getcwd(here, sizeof(here)) || proc != PROC)
		return 1;
	make_tree();
	in_child("paths", paths_start_there, NULL);
	in_child("links of /proc", links_of_proc, NULL);
	seen_from_outside();
	in_child("ways out", ways_out, NULL);
	copy(argv[0], "r/prog");
	put("r/script", "#!/prog inside\n", 0755);
	in_child("inherited", inherited, NULL);
	in_child("a script", a_script, NULL);
	in_child("a root that is removed", removed, NULL);
	in_child("a root that moves", moved, NULL);
	in_child("mounts", roots_of_mounts, NULL);
	TRY(umount2("m", 0));
	in_child("a mount that is detached", detached, NULL);
	errors();
	return 0;
}
