/* SPDX-License-Identifier: MIT */
/* mkdirat, linkat, unlinkat, mknodat, chdir and getdents64: names, links, folders, and files that
 * outlive their names. */
#include "t.h"

#include <dirent.h>
#include <sys/sysmacros.h>

struct entry {
	uint64_t ino;
	int64_t off;
	unsigned short len;
	unsigned char type;
	char name[];
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Reads with a buffer of the given size and tells the names, sorted, with their types. */
static void list(const char *path, size_t size)
{
	char buf[4096], *names[64], line[900] = "";
	int fd = open(path, O_RDONLY | O_DIRECTORY), count = 0;
	long n;

	while ((n = syscall(SYS_getdents64, fd, buf, size)) > 0) {
		for (long at = 0; at < n; at += ((struct entry *)(buf + at))->len) {
			struct entry *e = (struct entry *)(buf + at);

			if (count < 64 && asprintf(&names[count], "%s%s", e->name,
						   e->type == DT_DIR   ? "/"
						   : e->type == DT_REG ? ""
								       : "?") > 0)
				count++;
		}
	}
	qsort(names, (size_t)count, sizeof(names[0]), by_name);
	for (int i = 0; i < count; i++)
		sprintf(line + strlen(line), " %s", names[i]);
	say("%s (%zu):%s, then %ld\n", path, size, line, n < 0 ? -(long)errno : n);
	close(fd);
}

static void links(void)
{
	struct stat st;
	char buf[8] = { 0 };
	int fd;

	TRY(link("d/file", "d/second"));
	TRY(link("d/file", "d/second"));
	TRY(link("d", "e"));
	TRY(link("d/none", "x"));
	TRY(link("d/file", "none/x"));
	TRY(link("d/file/x", "x"));
	TRY(stat("d/second", &st));
	say("links: %u, size %ld\n", (unsigned)st.st_nlink, (long)st.st_size);
	fd = open("d/second", O_RDWR);
	TRY(unlink("d/file"));
	TRY(open("d/file", O_RDONLY));
	TRY(fstat(fd, &st));
	say("links: %u\n", (unsigned)st.st_nlink);
	TRY(unlink("d/second"));
	TRY(fstat(fd, &st));
	say("links: %u, size %ld\n", (unsigned)st.st_nlink, (long)st.st_size);
	TRY(read(fd, buf, 8));
	TRY(write(fd, " more", 5));
	TRY(lseek(fd, 0, SEEK_END));
	say("it lives on: %.8s\n", buf);
	TRY(close(fd));
}

static void folders(void)
{
	struct stat st;

	TRY(mkdir("d", 0755));
	TRY(mkdir("d/", 0755));
	TRY(mkdir("none/d", 0755));
	TRY(mkdir("d/file/x", 0755));
	TRY(mkdir("/", 0755));
	TRY(mkdir("d/sub/", 0700));
	TRY(mkdir("d/sub/deep", 0700));
	TRY(stat("d", &st));
	say("links of a folder with one folder in it: %u\n", (unsigned)st.st_nlink);
	list("d", 4096);
	TRY(rmdir("d/sub"));
	TRY(rmdir("d/file"));
	TRY(rmdir("d/none"));
	TRY(rmdir("d/sub/deep/."));
	TRY(rmdir("d/sub/deep/.."));
	TRY(unlink("d/sub"));
	TRY(unlink("d/file/"));
	TRY(unlinkat(AT_FDCWD, "d/sub", 0x1000));
	TRY(rmdir("/"));
}

static void moving(void)
{
	TRY(chdir("d/sub/deep"));
	TRY(close(open("../../file", O_RDONLY)));
	TRY(chdir("/none"));
	TRY(chdir("../../file"));
	TRY(chdir("../.."));
	TRY(rmdir("sub/deep"));
	TRY(chdir("sub"));
	TRY(rmdir("../sub"));
	TRY(open("x", O_CREAT | O_WRONLY, 0600));
	TRY(mkdir("x", 0700));
	TRY(close(open(".", O_RDONLY)));
	list(".", 4096);
	TRY(chdir("..") == 0 && open("file", O_RDONLY) >= 0);
	TRY(chdir(".."));
}

int main(void)
{
	int fd;

	TRY(mkdir("fs_tree.d", 0755));
	TRY(chdir("fs_tree.d"));
	TRY(mkdir("d", 0755));
	fd = open("d/file", O_CREAT | O_WRONLY, 0644);
	TRY(write(fd, "contents", 8));
	folders();
	list("d", 24);
	list("d", 10);
	moving();
	links();
	TRY(mknod("fifo", S_IFREG | 0600, 0));
	TRY(mknod("fifo", S_IFREG | 0600, 0));
	TRY(mknod("d/x", S_IFDIR | 0600, 0));
	for (int i = 0; i < 30; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d/file-%02d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	list("d", 100);
	TRY(syscall(SYS_getdents64, fd, &fd, 100));
	TRY(syscall(SYS_getdents64, -1, &fd, 100));
	return 0;
}
