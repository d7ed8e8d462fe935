/* SPDX-License-Identifier: MIT */
/* P: /dev: root makes, renames and removes names in it, devices of the kernel too; others may not. Each mount shows the same. */
#include "t.h"

#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define TMPFS_MAGIC 0x01021994

static char buf[32 * PAGE];

static void look(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		result(path, -1);
	else
		say("%s: %o %u:%u, %d:%d, %d links\n", path, st.st_mode, major(st.st_rdev),
		    minor(st.st_rdev), (int)st.st_uid, (int)st.st_gid,
		    S_ISDIR(st.st_mode) ? 0 : (int)st.st_nlink);
}

/* ---- names ---- */

static void names_are_made(void)
{
	struct statfs st;
	int fd;

	say("names\n");
	look("/dev");
	look("/dev/null");
	look("/dev/zero");
	look("/dev/full");
	look("/dev/random");
	look("/dev/urandom");
	look("/dev/console");
	look("/dev/tty");
	TRY(statfs("/dev", &st));
	say("a tmpfs: %d, with room: %d\n", st.f_type == TMPFS_MAGIC,
	    st.f_blocks > 0 && st.f_files > 0);
	TRY(mkdir("/dev/dir", 0750));
	TRY(mkdir("/dev/dir", 0750));
	TRY(symlink("../null", "/dev/dir/link"));
	make_file("/dev/dir/file", 5000);
	TRY(mkfifo("/dev/dir/fifo", 0640));
	TRY(mknod("/dev/mynull", S_IFCHR | 0600, makedev(1, 3)));
	TRY(mknod("/dev/mynull", S_IFCHR | 0600, makedev(1, 3)));
	TRY(mknod("/dev/myconsole", S_IFCHR | 0620, makedev(5, 1)));
	TRY(link("/dev/mynull", "/dev/dir/null"));
	TRY(link("/dev/zero", "/dev/dir/zero"));
	TRY(rename("/dev/mynull", "/dev/dir/mynull"));
	TRY(chown("/dev/dir/file", 1000, 100));
	look("/dev/dir");
	look("/dev/dir/link");
	look("/dev/dir/file");
	look("/dev/dir/fifo");
	look("/dev/dir/mynull");
	look("/dev/dir/zero");
	look("/dev/myconsole");
	TRY(setxattr("/dev/dir", "user.x", "1", 1, 0));
	TRY(setxattr("/dev/null", "user.x", "1", 1, 0));
	fd = open("/dev/dir/link", O_WRONLY | O_CREAT | O_TRUNC, 0666);
	TRY(write(fd, buf, 100));
	TRY(close(fd));
	fd = open("/dev/dir/mynull", O_RDWR);
	TRY(write(fd, buf, 100));
	TRY(read(fd, buf, 100));
	TRY(close(fd));
	TRY(close(open("/dev/myconsole", O_RDWR | O_NOCTTY)));
	fd = open("/dev", O_TMPFILE | O_RDWR, 0600);
	TRY(write(fd, buf, 100));
	TRY(linkat(fd, "", AT_FDCWD, "/dev/made", AT_EMPTY_PATH));
	TRY(close(fd));
	look("/dev/made");
	TRY(unlink("/dev/made"));
	TRY(unlink("/dev/myconsole"));
	TRY(rmdir("/dev/dir"));
	TRY(unlink("/dev/dir"));
}

/* What is mounted on a name keeps it (EBUSY). */
static void mounted_on(void)
{
	say("mounted on\n");
	TRY(rmdir("/dev/shm"));
	TRY(unlink("/dev/shm"));
	TRY(rename("/dev/shm", "/dev/dir/shm"));
	TRY(rename("/dev/dir", "/dev/shm"));
	TRY(rename("/dev/dir/file", "/dev/shm"));
	TRY(rename("/dev/dir/file", "/dev/shm/file"));
	TRY(mount("none", "/dev/null", "tmpfs", 0, NULL));
	TRY(mkdir("/dev/dir/m", 0700));
	TRY(mount("none", "/dev/dir/m", "tmpfs", 0, NULL));
	TRY(rmdir("/dev/dir/m"));
	TRY(umount2("/dev/dir/m", 0));
	TRY(rmdir("/dev/dir/m"));
}

/* ---- others ---- */

static int as_another(void *arg)
{
	const struct open_how how = { .flags = O_RDONLY | O_NOATIME };

	(void)arg;
	if (setgid(100) != 0 || setuid(1000) != 0)
		return 1;
	TRY(mkdir("/dev/other", 0755));
	TRY(symlink("null", "/dev/other"));
	TRY(open("/dev/other", O_CREAT | O_RDWR, 0644));
	TRY(open("/dev", O_TMPFILE | O_RDWR, 0644));
	TRY(mkfifo("/dev/other", 0600));
	TRY(mknod("/dev/other", S_IFCHR | 0600, makedev(1, 3)));
	TRY(unlink("/dev/null"));
	TRY(rename("/dev/null", "/dev/other"));
	TRY(rmdir("/dev/shm"));
	TRY(chmod("/dev/null", 0600));
	TRY(open("/dev/dir/file", O_RDONLY));
	TRY(open("/dev/null", O_RDONLY | O_NOATIME));
	TRY(syscall(SYS_openat2, AT_FDCWD, "/dev/null", &how, sizeof(how)));
	TRY(close(open("/dev/null", O_RDWR)));
	return 0;
}

/* In a directory of its own it may make names, but no devices (EPERM). */
static int in_its_own(void *arg)
{
	(void)arg;
	if (setgid(100) != 0 || setuid(1000) != 0)
		return 1;
	TRY(mkdir("/dev/own/d", 0755));
	TRY(mkfifo("/dev/own/fifo", 0600));
	TRY(mknod("/dev/own/null", S_IFCHR | 0600, makedev(1, 3)));
	TRY(rename("/dev/own/d", "/dev/d"));
	TRY(rename("/dev/own/fifo", "/dev/own/d/fifo"));
	TRY(unlink("/dev/own/d/fifo"));
	TRY(rmdir("/dev/own/d"));
	return 0;
}

static void others(void)
{
	in_child("another user", as_another, NULL);
	TRY(mkdir("/dev/own", 0700));
	TRY(chown("/dev/own", 1000, 100));
	in_child("the owner of a directory", in_its_own, NULL);
	TRY(rmdir("/dev/own"));
}

/* ---- devices that are removed, and made again ---- */

static void removed(void)
{
	struct stat st;
	char *map;
	int fd, zero;

	say("removed\n");
	fd = open("/dev/null", O_RDWR);
	zero = open("/dev/zero", O_RDWR);
	TRY(unlink("/dev/null"));
	TRY(rename("/dev/zero", "/dev/was-zero"));
	TRY(unlink("/dev/was-zero"));
	TRY(unlink("/dev/dir/zero"));
	TRY(open("/dev/null", O_RDWR));
	TRY(open("/dev/zero", O_RDWR));
	TRY(write(fd, buf, 100));
	TRY(fstat(fd, &st));
	say("%d links\n", (int)st.st_nlink);
	TRY(readlink("/proc/self/fd/3", buf, sizeof(buf)) > 0);
	map = mapped("zero", mmap(NULL, PAGE, RW, MAP_PRIVATE, zero, 0));
	map[0]++;
	say("%d\n", map[0]);
	TRY(close(zero));
	TRY(munmap(map, PAGE));
	TRY(close(fd));
	make_file("/dev/null", 10);
	TRY(stat("/dev/null", &st));
	say("%o of %d bytes\n", st.st_mode, (int)st.st_size);
	TRY(unlink("/dev/null"));
	TRY(mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)));
	TRY(mknod("/dev/zero", S_IFCHR | 0666, makedev(1, 5)));
	look("/dev/null");
	look("/dev/zero");
	fd = open("/dev/null", O_RDWR);
	TRY(write(fd, buf, 100));
	TRY(read(fd, buf, 100));
	TRY(close(fd));
	fd = open("/dev/zero", O_RDWR);
	buf[5] = 1;
	TRY(read(fd, buf, 100));
	say("%d\n", buf[5]);
	TRY(close(fd));
	TRY(unlink("/dev/console"));
	TRY(open("/dev/console", O_RDWR | O_NOCTTY));
	TRY(mknod("/dev/console", S_IFCHR | 0600, makedev(5, 1)));
	TRY(close(open("/dev/console", O_RDWR | O_NOCTTY)));
}

/* ---- mounts ---- */

/* The options of the mount on that directory are said to have that text in them. */
static int shows(const char *path, const char *option)
{
	FILE *file = fopen("/proc/self/mounts", "r");
	char line[600], start[100];
	int n = 0;

	snprintf(start, sizeof(start), " %s devtmpfs ", path);
	while (file && fgets(line, sizeof(line), file))
		n += strstr(line, start) && strstr(line, option);
	if (file)
		fclose(file);
	return n;
}

static void mounted_elsewhere(void)
{
	say("mounted elsewhere\n");
	say("the mode: %d\n", shows("/dev", ",mode=755"));
	TRY(mkdir("/tmp/elsewhere", 0700));
	TRY(umount2("/dev", MNT_DETACH));
	TRY(access("/dev/null", F_OK));
	TRY(mount("none", "/tmp/elsewhere", "devtmpfs", 0, NULL));
	say("types %d %d %d\n", listed("/tmp/elsewhere", "null"), listed("/tmp/elsewhere", "dir"),
	    listed("/tmp/elsewhere/dir", "fifo"));
	TRY(access("/tmp/elsewhere/dir/file", F_OK));
	TRY(mknod("/tmp/elsewhere/second", S_IFCHR | 0666, makedev(1, 7)));
	TRY(unlink("/tmp/elsewhere/dir/null"));
	TRY(umount2("/tmp/elsewhere", MNT_DETACH));
	TRY(rmdir("/tmp/elsewhere"));
	TRY(mount("none", "/dev", "devtmpfs", 0, NULL));
	look("/dev/second");
	look("/dev/dir/null");
	TRY(unlink("/dev/second"));
}

/* ---- the limit ---- */

static void limit(void)
{
	struct statfs st;
	int fd;

	say("the limit\n");
	TRY(unlink("/dev/dir/file"));
	TRY(mount(NULL, "/dev", NULL, MS_REMOUNT, "size=64k"));
	TRY(mount(NULL, "/dev", NULL, MS_REMOUNT, "nosuchoption"));
	say("the size: %d\n", shows("/dev", ",size=64k"));
	TRY(statfs("/dev", &st));
	say("%ld pages\n", (long)st.f_blocks);
	fd = open("/dev/dir/file", O_CREAT | O_RDWR, 0600);
	TRY(write(fd, buf, sizeof(buf)));
	TRY(write(fd, buf, 1));
	TRY(mount(NULL, "/dev", NULL, MS_REMOUNT, "size=16k"));
	TRY(unlink("/dev/dir/file"));
	TRY(close(fd));
	TRY(mount(NULL, "/dev", NULL, MS_REMOUNT, "size=16k"));
	make_file("/dev/dir/file", 3 * PAGE);
	TRY(unlink("/dev/dir/file"));
	TRY(mount(NULL, "/dev", NULL, MS_REMOUNT, "size=50%"));
}

static void cleared(void)
{
	static const char *const names[] = { "link", "fifo", "mynull" };
	char path[40];

	say("cleared\n");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/dev/dir/%s", names[i]);
		TRY(unlink(path));
	}
	TRY(rmdir("/dev/dir"));
}

int main(void)
{
	umask(0);
	mkdir("/tmp", 0777);
	names_are_made();
	mounted_on();
	others();
	removed();
	mounted_elsewhere();
	limit();
	cleared();
	return 0;
}
