/* SPDX-License-Identifier: MIT */
/* Keeps the tree of names as it was: what the children have made or mounted is removed. */
#include "hostile.h"

#include <dirent.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#define NAMES 160
#define DEPTH 32

static char known[NAMES][64];
static unsigned nknown;
static char mounts[1024]; /* those that there are at first */

/* Called with each name of a directory but "." and "..", and with the directory. */
typedef void (*visit_fn)(int dir, const char *dir_path, const char *name, unsigned depth);

/* (opendir() keeps memory afterwards.) */
static void visit(int dir, const char *dir_path, unsigned depth, visit_fn f)
{
	char buf[1024] __attribute__((aligned(8)));
	ssize_t n;

	while ((n = getdents64(dir, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buf + at);

			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				f(dir, dir_path, entry->d_name, depth);
			at += entry->d_reclen;
		}
	}
	close(dir);
}

static void visit_path(const char *path, visit_fn f)
{
	visit(open(path, O_RDONLY | O_DIRECTORY), path, 0, f);
}

static void full_name(char *to, const char *dir_path, const char *name)
{
	snprintf(to, sizeof(known[0]), "%s/%s", dir_path, name);
}

static void remember_name(int dir, const char *dir_path, const char *name, unsigned depth)
{
	if (nknown < NAMES)
		full_name(known[nknown++], dir_path, name);
}

static void remove_name(int dir, const char *dir_path, const char *name, unsigned depth)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

	if (fd >= 0 && depth < DEPTH)
		visit(fd, name, depth + 1, remove_name);
	if (unlinkat(dir, name, fd >= 0 ? AT_REMOVEDIR : 0) != 0)
		say("# cannot remove %s: %s\n", name, strerrorname_np(errno));
}

static void remove_unknown(int dir, const char *dir_path, const char *name, unsigned depth)
{
	char full[sizeof(known[0])];

	full_name(full, dir_path, name);
	for (unsigned i = 0; i < nknown; i++)
		if (strcmp(known[i], full) == 0)
			return;
	remove_name(dir, dir_path, name, depth);
}

/* A line for each mount. */
static void read_mounts(char *text, size_t size)
{
	int fd = open("/proc/mounts", O_RDONLY);
	ssize_t n = read(fd, text, size - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
}

/* Directories where the children may make names, too. */
static const char *const places[] = { "/", "/dev", "/dev/shm", "/srv", "/etc", "/run", "/tmp" };

void tree_remember(void)
{
	read_mounts(mounts, sizeof(mounts));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		visit_path(places[i], remember_name);
}

/* Unmounts what was not mounted at first. Targets have no blanks. */
static void unmount_unknown(void)
{
	static char text[8192];
	char *rest, *line;

	read_mounts(text, sizeof(text));
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *target = strchr(line, ' ') + 1;

		if (strstr(mounts, line))
			continue;
		target[strcspn(target, " ")] = '\0';
		if (umount2(target, MNT_DETACH) != 0)
			say("# cannot unmount %s: %s\n", target, strerrorname_np(errno));
	}
}

static void remove_attributes(const char *path)
{
	removexattr(path, "user.a");
	removexattr(path, "user.b");
}

/* What was in the directory without its mount goes: a file there may have a name that is known. */
static void mount_again(char *line)
{
	const char *source = strtok(line, " "), *target = strtok(NULL, " "),
		   *type = strtok(NULL, " ");

	visit_path(target, remove_name);
	remove_attributes(target);
	if (mount(source, target, type, 0, NULL) != 0)
		say("# cannot mount %s: %s\n", target, strerrorname_np(errno));
}

/* Mounts those again that were there at first: "/dev" is one of the names that children unmount. */
static void mount_known(void)
{
	static char text[8192], first[sizeof(mounts)];
	char *rest, *line;

	read_mounts(text, sizeof(text));
	memcpy(first, mounts, sizeof(first));
	for (line = strtok_r(first, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!strstr(text, line))
			mount_again(line);
}

void tree_clean(void)
{
	/* What stays, and has a name that the children use, may have got attributes. */
	static const char *const kept[] = { "/", "/dev", "/hostile", "/proc/self/exe",
					    "/proc/1/exe" };

	unmount_unknown();
	mount_known();
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		remove_attributes(kept[i]);
	visit_path("/hostile", remove_unknown);
	for (size_t i = sizeof(places) / sizeof(places[0]); i-- > 0;)
		visit_path(places[i], remove_unknown);
}
