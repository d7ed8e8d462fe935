/* SPDX-License-Identifier: MIT */
/* P, R153: the options of tmpfs: how they are read, what the limits refuse, what they count, and how they change. */
#include "t.h"

#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/xattr.h>

#define M "/tmp/mount_limits/m"

static char pages[32 * PAGE];

/* What is after the last blank but `after` of the line of M; the number of inodes' bits is Linux's only. */
static void show(const char *list, const char *before)
{
	FILE *file = fopen(list, "r");
	char line[600], *end, *at;

	while (fgets(line, sizeof(line), file)) {
		at = strstr(line, before);
		if (!strstr(line, M) || !at)
			continue;
		at += strlen(before);
		end = strstr(at, ",inode64");
		if (end)
			memmove(end, end + 8, strlen(end + 8) + 1);
		say("%s: %s", list + 11, at);
	}
	fclose(file);
}

static void room(const char *when)
{
	struct statfs st;

	if (statfs(M, &st) != 0) {
		result("statfs", -1);
		return;
	}
	say("%s: %ld of %ld pages, %ld of %ld inodes\n", when, (long)st.f_bfree, (long)st.f_blocks,
	    (long)st.f_ffree, (long)st.f_files);
}

static void limited(const char *options)
{
	result(options, mount("none", M, "tmpfs", 0, options));
}

static void again(const char *options, unsigned long flags)
{
	result(options, mount("none", M, "tmpfs", MS_REMOUNT | flags, options));
}

/* ---- how options are read ---- */

static void option(const char *options)
{
	struct statfs st;
	struct stat root;

	if (mount("none", M, "tmpfs", MS_NOSUID, options) != 0) {
		result(options, -1);
		return;
	}
	statfs(M, &st);
	stat(M, &root);
	say("%s: mode %o of %d and %d", options, root.st_mode, (int)root.st_uid, (int)root.st_gid);
	if (strstr(options, "size") || strstr(options, "blocks"))
		say(", %ld pages", (long)st.f_blocks);
	if (strstr(options, "inodes"))
		say(", %ld inodes", (long)st.f_files);
	say("\n");
	/* What Linux chooses by itself is not shown. */
	show("/proc/self/mounts", " tmpfs ");
	show("/proc/self/mountinfo", " - ");
	umount2(M, 0);
}

/* Of two limits of pages the last counts; a size is rounded up to pages, and may end in k, m or g. */
static void options_are_read(void)
{
	static const char *const options[] = {
		"size=64k",
		"size=64K,nr_inodes=10",
		"size=1m",
		"size=65537",
		"size=1",
		"size=0x10000",
		"size=010000",
		"nr_blocks=20",
		"nr_blocks=1k",
		"size=64k,nr_blocks=3",
		"nr_blocks=3,size=64k",
		"nr_inodes=1k,mode=700,uid=5,gid=6,size=8k",
		"nr_inodes=0",
		"size=0",
		"nr_inodes=0x20",
		"mode=0",
		"mode=17755",
		"uid=0x10,gid=010",
		"size=k",
		"size=1g",
		"nr_blocks=0",
		"gid=7,mode=1770",
		"mode=1777,uid=0",
		",,size=8k,,",
		"size=2g,nr_inodes=1m",
		"size=08",
		"size=",
		"size",
		"size=x",
		"size=64kk",
		"size=-1",
		"size= 1",
		"size=1 ",
		"size=%5",
		"nr_blocks=",
		"nr_blocks=5%",
		"nr_blocks=1x",
		"nr_inodes=",
		"nr_inodes=5%",
		"nr_inodes=-1",
		"nr_inodes=18014398509481984",
		"nr_blocks=9223372036854775808",
		"mode=8",
		"mode=",
		"mode=1k",
		"mode=40000000000",
		"uid=",
		"uid=x",
		"uid=4294967295",
		"gid=-1",
		"gid=5k",
		"uid=0x",
		"sizes=5",
		"siz=5",
		"size=0x",
		"Size=5",
		"size=1m,other",
	};

	say("how options are read\n");
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		option(options[i]);
}

/* A size in percent is a part of the memory that there is, and may be more than all. */
static void part_of_memory(void)
{
	struct sysinfo info;
	struct statfs st;

	say("a part of memory\n");
	sysinfo(&info);
	limited("size=10%");
	statfs(M, &st);
	say("as many: %d\n", st.f_blocks == (info.totalram / 10 + PAGE - 1) / PAGE);
	TRY(umount2(M, 0));
	limited("size=200%");
	statfs(M, &st);
	say("as many: %d\n", st.f_blocks == 2 * info.totalram / PAGE);
	TRY(umount2(M, 0));
}

/* ---- pages ---- */

/* Pages count until they are truncated, or until the file has neither a name nor a user. */
static void pages_are_limited(void)
{
	char target[200] = "";
	char *map;
	int fd, other;

	say("pages\n");
	limited("size=64k,nr_inodes=100");
	room("empty");
	fd = open("m/file", O_CREAT | O_RDWR, 0600);
	TRY(write(fd, pages, sizeof(pages)));
	room("full");
	TRY(write(fd, pages, 1));
	TRY(pwrite(fd, pages, 100, 100));
	TRY(ftruncate(fd, 20 * PAGE));
	TRY(pwrite(fd, pages, 1, 17 * PAGE));
	TRY(pread(fd, pages, PAGE, 17 * PAGE));
	map = mmap(NULL, 20 * PAGE, RW, MAP_SHARED, fd, 0);
	in_child("a store into a hole", stores_to, map + 18 * PAGE);
	in_child("a load from a hole", loads_from, map + 18 * PAGE);
	in_child("a store elsewhere", stores_to, map + 3 * PAGE);
	TRY(munmap(map, 20 * PAGE));
	TRY(fallocate(fd, 0, 16 * PAGE, PAGE));
	TRY(fallocate(fd, 0, 0, PAGE));
	other = open("m/other", O_CREAT | O_RDWR, 0600);
	TRY(write(other, "x", 1));
	TRY(mkdir("m/dir", 0700));
	TRY(symlink("short", "m/short"));
	memset(target, 'a', 127);
	TRY(symlink(target, "m/less"));
	target[127] = 'a';
	TRY(symlink(target, "m/long"));
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, 5 * PAGE));
	room("a hole");
	TRY(symlink(target, "m/long"));
	room("a long target");
	TRY(fallocate(other, 0, 0, 10 * PAGE));
	room("not allocated");
	TRY(fallocate(other, 0, 0, 20 * PAGE));
	TRY(fallocate(other, FALLOC_FL_KEEP_SIZE, PAGE, 2 * PAGE));
	room("allocated");
	TRY(write(other, pages, 5 * PAGE));
	room("full");
	TRY(unlink("m/other"));
	room("removed but open");
	TRY(close(other));
	room("closed");
	TRY(unlink("m/long"));
	TRY(ftruncate(fd, 3 * PAGE));
	room("cut");
	TRY(rename("m/short", "m/file"));
	room("replaced but open");
	TRY(close(fd));
	room("closed");
	TRY(umount2(M, 0));
}

/* ---- inodes ---- */

/* Each name of a file counts like an inode; to move one needs no other. */
static void inodes_are_limited(void)
{
	int fd;

	say("inodes\n");
	limited("nr_inodes=1,size=1m");
	room("none");
	TRY(mkdir("m/d", 0700));
	TRY(umount2(M, 0));
	limited("nr_inodes=4,size=1m");
	room("empty");
	TRY(close(open("m/a", O_CREAT | O_RDWR, 0600)));
	TRY(mkdir("m/d", 0700));
	TRY(link("m/a", "m/b"));
	room("full");
	TRY(link("m/a", "m/c"));
	TRY(link("m/a", "m/b"));
	TRY(open("m/c", O_CREAT | O_RDWR, 0600));
	TRY(mkdir("m/e", 0700));
	TRY(symlink("a", "m/c"));
	TRY(mknod("m/c", S_IFIFO | 0600, 0));
	TRY(open("m", O_TMPFILE | O_RDWR, 0600));
	TRY(setxattr("m/a", "user.x", "1", 1, 0));
	TRY(rename("m/b", "m/d/b"));
	room("moved");
	TRY(unlink("m/a"));
	room("one name less");
	TRY(unlink("m/d/b"));
	room("the last one");
	fd = open("m", O_TMPFILE | O_RDWR, 0600);
	room("no name");
	TRY(linkat(fd, "", AT_FDCWD, "m/t", AT_EMPTY_PATH));
	room("a name");
	TRY(link("m/t", "m/u"));
	TRY(rename("m/t", "m/d/t"));
	TRY(unlink("m/u"));
	TRY(unlink("m/d/t"));
	room("removed but open");
	TRY(close(fd));
	room("closed");
	TRY(close(open("m/a", O_CREAT | O_RDWR, 0600)));
	TRY(setxattr("m/a", "user.x", pages, 500, 0));
	room("an attribute");
	TRY(setxattr("m/a", "user.y", pages, 1000, 0));
	TRY(setxattr("m/a", "user.x", pages, 900, 0));
	TRY(removexattr("m/a", "user.x"));
	room("none");
	TRY(setxattr("m/a", "user.x", pages, 1024 - 40 - 6, 0));
	room("as much as an inode");
	TRY(unlink("m/a"));
	TRY(rmdir("m/d"));
	room("empty");
	TRY(umount2(M, 0));
}

/* ---- other limits ---- */

/* A remount that would set a limit below what is in use, or a limit where there was none, changes nothing: EINVAL. */
static void limits_change(void)
{
	struct stat st;
	int fd;

	say("other limits\n");
	limited("size=64k,nr_inodes=8,mode=711");
	fd = open("m/file", O_CREAT | O_RDWR, 0600);
	TRY(write(fd, pages, 4 * PAGE));
	again("size=12k", 0);
	again("size=16k", 0);
	room("full");
	TRY(write(fd, pages, 1));
	again("nr_blocks=6", 0);
	TRY(write(fd, pages, 4 * PAGE));
	again("nr_inodes=1", 0);
	again("nr_inodes=1,size=1m", 0);
	again("size=1m,nr_inodes=1", 0);
	again("nr_inodes=2", 0);
	room("full");
	TRY(link("m/file", "m/name"));
	again("nosuchoption", 0);
	again("size=", 0);
	again("mode=700,uid=5,gid=5", 0);
	stat(M, &st);
	say("mode %o of %d\n", st.st_mode, (int)st.st_uid);
	show("/proc/self/mounts", " tmpfs ");
	again("size=1m", MS_RDONLY);
	room("with a writer");
	TRY(close(fd));
	again("size=1m,nr_inodes=10", MS_RDONLY | MS_NOSUID);
	show("/proc/self/mounts", " tmpfs ");
	show("/proc/self/mountinfo", " - ");
	again("size=4k", 0);
	show("/proc/self/mounts", " tmpfs ");
	again("nr_inodes=20", 0);
	show("/proc/self/mounts", " tmpfs ");
	again("size=0", 0);
	room("no limit of pages");
	again("size=1m", 0);
	again("size=0,nr_inodes=0", 0);
	room("no limit");
	again("nr_inodes=100", 0);
	show("/proc/self/mounts", " tmpfs ");
	TRY(link("m/file", "m/name"));
	TRY(umount2(M, 0));
}

/* A remount changes the limits that a mount has without options, if what is there fits (EINVAL). */
static void limits_come_later(void)
{
	say("limits that come later\n");
	TRY(mount("none", M, "tmpfs", 0, NULL));
	make_file("m/file", 5 * PAGE);
	TRY(mount("none", M, "tmpfs", MS_REMOUNT, "size=16k"));
	again("nr_inodes=1", 0);
	again("size=24k,nr_inodes=3", 0);
	room("limited");
	show("/proc/self/mounts", " tmpfs ");
	TRY(umount2(M, MNT_DETACH));
}

/* A file that is used for longer than its mount is in the tree. */
static void used_for_longer(void)
{
	int fd;

	say("used for longer\n");
	limited("size=16k");
	fd = open("m/file", O_CREAT | O_RDWR, 0600);
	TRY(umount2(M, MNT_DETACH));
	TRY(write(fd, pages, sizeof(pages)));
	TRY(close(fd));
}

int main(void)
{
	mkdir("/tmp", 0777);
	mkdir("/tmp/mount_limits", 0755);
	chdir("/tmp/mount_limits");
	mkdir("m", 0755);
	options_are_read();
	part_of_memory();
	pages_are_limited();
	inodes_are_limited();
	limits_change();
	limits_come_later();
	used_for_longer();
	chdir("/");
	rmdir(M);
	rmdir("/tmp/mount_limits");
	return 0;
}
