/* SPDX-License-Identifier: MIT */
/* cpiofs: archives as they should be, and as they should not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "cpiofs.h"

static char archive[1 << 16];
static size_t size;
static struct cpiofs *fs;
static const char *why;
static size_t at;

struct member {
	const char *name;
	unsigned mode;
	const char *data;
	unsigned ino, nlink, mtime;
};

static void align(void)
{
	while (size % 4)
		archive[size++] = '\0';
}

static void put(struct member m)
{
	size_t n = m.data ? strlen(m.data) : 0;

	size += (size_t)sprintf(archive + size,
				"070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
				m.ino, m.mode, 1001u, 1002u, m.nlink ? m.nlink : 1, m.mtime, n, 8u,
				1u, 0u, 0u, strlen(m.name) + 1, 0u);
	strcpy(archive + size, m.name);
	size += strlen(m.name) + 1;
	align();
	if (n > 0)
		memcpy(archive + size, m.data, n);
	size += n;
	align();
}

#define PUT(member_name, member_mode, ...) \
	put((struct member){ .name = (member_name), .mode = (member_mode), __VA_ARGS__ })
#define END() PUT("TRAILER!!!", 0)

static int create(void)
{
	return cpiofs_create(archive, size, 7, &fs, &why, &at);
}

/* Ends the archive and begins a session with it. */
static void serve(void)
{
	END();
	assert_int_equal(0, create());
	client_begin(&cpiofs_ops, fs, CLIENT_MSIZE);
}

static void expect_refused(const char *expected)
{
	END();
	assert_int_equal(-EINVAL, create());
	assert_string_equal(expected, why);
	assert_true(at > 0 && at <= size);
	size = 0;
}

static struct p9_rgetattr attr_of(const char *path)
{
	struct p9_rgetattr attr;

	assert_int_equal(0, client_walk(100, path));
	assert_int_equal(0, client_getattr(100, &attr));
	assert_int_equal(0, client_clunk(100));
	return attr;
}

static void expect_file(const char *path, const char *contents)
{
	char bytes[10000];
	ssize_t n = client_read_file(path, bytes, sizeof(bytes));

	assert_int_equal(strlen(contents), n);
	assert_memory_equal(contents, bytes, (size_t)n);
	assert_int_equal(n, attr_of(path).size);
}

/* Writes the names in a directory to `to`, each behind a blank. */
static void list(const char *path, char *to)
{
	struct p9_dirent entry = { .offset = 0 };
	const void *data;
	ssize_t n;

	*to = '\0';
	assert_int_equal(0, client_walk(100, path));
	assert_int_equal(0, client_open(100, 0));
	while ((n = client_readdir(100, entry.offset, 280, &data)) > 0)
		for (size_t pos = 0; p9_next_dirent(data, (size_t)n, &pos, &entry) == 1;)
			to += sprintf(to, " %.*s", (int)entry.name.len, entry.name.data);
	assert_int_equal(0, n);
	assert_int_equal(0, client_clunk(100));
}

TEST(files_directories_and_links)
{
	char text[100];
	struct p9_rgetattr attr;

	PUT(".", S_IFDIR | 01775, .mtime = 100);
	PUT("dir", S_IFDIR | 0750, .mtime = 0xffffffff);
	PUT("dir/file", S_IFREG | 04755, .data = "contents\n", .mtime = 200);
	PUT("dir/empty", S_IFREG | 0600);
	PUT("link", S_IFLNK | 0777, .data = "dir/file");
	serve();
	expect_file("dir/file", "contents\n");
	expect_file("dir/empty", "");
	attr = attr_of("dir/file");
	assert_int_equal(S_IFREG | 04755, attr.mode);
	assert_int_equal(1001, attr.uid);
	assert_int_equal(1002, attr.gid);
	assert_int_equal(200, attr.mtime_sec);
	assert_int_equal(1, attr.nlink);
	assert_int_equal(7, attr.qid.version);
	assert_int_equal(S_IFDIR | 01775, attr_of("").mode);
	assert_int_equal(3, attr_of("").nlink);
	assert_int_equal(2, attr_of("dir").nlink);
	assert_int_equal(0xffffffff, attr_of("dir").mtime_sec);
	assert_int_equal(attr_of("").qid.path, attr_of("dir/..").qid.path);
	assert_int_equal(attr_of("").qid.path, attr_of("..").qid.path);
	assert_int_equal(0, client_walk(1, "link"));
	assert_int_equal(0, client_readlink(1, text, sizeof(text)));
	assert_string_equal("dir/file", text);
	list("", text);
	assert_string_equal(" . .. dir link", text);
	list("dir", text);
	assert_string_equal(" . .. file empty", text);
	assert_int_equal(-ENOENT, client_walk(2, "dir/missing"));
	cpiofs_destroy(fs);
}

/* The contents come with the last name, as GNU cpio writes it, or with the first. */
TEST(hard_links)
{
	PUT("a", S_IFREG | 0644, .ino = 5, .nlink = 3);
	PUT("b", S_IFREG | 0644, .ino = 5, .nlink = 3);
	PUT("dir/c", S_IFREG | 0640, .data = "shared", .ino = 5, .nlink = 3);
	PUT("d", S_IFREG | 0644, .data = "first", .ino = 6, .nlink = 2);
	PUT("e", S_IFREG | 0644, .ino = 6, .nlink = 2);
	PUT("f", S_IFREG | 0644, .data = "alone", .ino = 7,
	    .nlink = 4); /* the archive has only one of its names */
	PUT("g", S_IFLNK | 0777, .data = "a", .ino = 7, .nlink = 4); /* and this is none of them */
	serve();
	expect_file("a", "shared");
	expect_file("b", "shared");
	expect_file("dir/c", "shared");
	assert_int_equal(attr_of("dir/c").qid.path, attr_of("a").qid.path);
	assert_int_equal(3, attr_of("a").nlink);
	assert_int_equal(S_IFREG | 0640, attr_of("a").mode);
	expect_file("d", "first");
	expect_file("e", "first");
	assert_int_equal(2, attr_of("e").nlink);
	assert_int_equal(1, attr_of("f").nlink);
	assert_int_equal(P9_QTSYMLINK, attr_of("g").qid.type);
	cpiofs_destroy(fs);
}

TEST(names_in_any_form)
{
	char text[100];

	PUT("/absolute/./file", S_IFREG | 0644, .data = "1");
	PUT("./a//b/", S_IFDIR | 0711);
	PUT("a/b/c", S_IFREG | 0644, .data = "2");
	PUT("a", S_IFDIR | 0700);
	serve();
	expect_file("absolute/file", "1");
	expect_file("a/b/c", "2");
	assert_int_equal(S_IFDIR | 0755, attr_of("absolute").mode);
	assert_int_equal(S_IFDIR | 0711, attr_of("a/b").mode);
	assert_int_equal(S_IFDIR | 0700, attr_of("a").mode);
	assert_int_equal(3, attr_of("a").nlink);
	list("", text);
	assert_string_equal(" . .. absolute a", text);
	cpiofs_destroy(fs);
}

TEST(later_members_replace_earlier_ones)
{
	char text[100];

	PUT("a", S_IFREG | 0644, .data = "old", .ino = 5, .nlink = 2);
	PUT("b", S_IFREG | 0644, .data = "old", .ino = 5, .nlink = 2);
	PUT("a", S_IFREG | 0600, .data = "newer");
	PUT("b", S_IFREG | 0644, .data = "old", .ino = 5, .nlink = 2); /* the same once more */
	serve();
	expect_file("a", "newer");
	expect_file("b", "old");
	assert_int_equal(1, attr_of("a").nlink);
	assert_int_equal(1, attr_of("b").nlink);
	list("", text);
	assert_string_equal(" . .. a b", text);
	cpiofs_destroy(fs);
}

TEST(devices_are_left_out)
{
	char text[100];

	PUT("null", S_IFCHR | 0666);
	PUT("disk", S_IFBLK | 0666);
	PUT("pipe", S_IFIFO | 0666);
	PUT("socket", S_IFSOCK | 0666);
	PUT("nothing", 0666);
	PUT("file", S_IFREG | 0666, .data = "x");
	serve();
	assert_int_equal(5, cpiofs_left_out(fs));
	list("", text);
	assert_string_equal(" . .. file", text);
	cpiofs_destroy(fs);
}

TEST(names_that_cannot_be_served)
{
	char name[300];

	PUT("../file", S_IFREG | 0644, .data = "x");
	expect_refused("a name that cannot be served");
	PUT("a/../../file", S_IFREG | 0644, .data = "x");
	expect_refused("a name that cannot be served");
	PUT("a/..", S_IFDIR | 0755);
	expect_refused("a name that cannot be served");
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	PUT(name, S_IFREG | 0644, .data = "x");
	expect_refused("a name that cannot be served");
	name[200] = '/';
	PUT(name, S_IFREG | 0644, .data = "x");
	serve();
	cpiofs_destroy(fs);
}

TEST(files_that_are_directories_too)
{
	PUT("a", S_IFREG | 0644, .data = "x");
	PUT("a/b", S_IFREG | 0644, .data = "x");
	expect_refused("a name goes through what is no directory");
	PUT("a", S_IFLNK | 0777, .data = "/etc");
	PUT("a/b", S_IFREG | 0644, .data = "x");
	expect_refused("a name goes through what is no directory");
	PUT("a", S_IFREG | 0644, .data = "x");
	PUT("a", S_IFDIR | 0755);
	expect_refused("a name goes through what is no directory");
	PUT("a/b", S_IFREG | 0644, .data = "x");
	PUT("a", S_IFREG | 0644, .data = "x");
	expect_refused("a directory has the name of this file");
	PUT(".", S_IFREG | 0644, .data = "x");
	expect_refused("a directory has the name of this file");
}

TEST(links_that_lead_nowhere)
{
	static char target[5000];

	PUT("a", S_IFLNK | 0777, .data = "");
	expect_refused("a symbolic link that leads nowhere");
	memset(target, 't', 4096);
	PUT("a", S_IFLNK | 0777, .data = target);
	expect_refused("a symbolic link that leads nowhere");
	PUT("a", S_IFLNK | 0777, .data = "x?y");
	*(char *)memchr(archive, '?', size) = '\0';
	expect_refused("a symbolic link that leads nowhere");
	target[4095] = '\0';
	PUT("a", S_IFLNK | 0777, .data = target);
	serve();
	client_begin(&cpiofs_ops, fs, 4096);
	assert_int_equal(0, client_walk(1, "a"));
	/* It does not fit into a message. */
	assert_int_equal(-EMSGSIZE, client_readlink(1, target, sizeof(target)));
	cpiofs_destroy(fs);
}

/* Cut anywhere, the archive is refused: its end is missing. */
TEST(truncated_archives)
{
	size_t whole;

	PUT("dir/file", S_IFREG | 0644, .data = "contents");
	END();
	whole = size;
	for (size_t n = 0; n < whole; n++) {
		char *cut = malloc(n + 1);

		memcpy(cut, archive, n);
		size = n;
		/* Only padding is missing. */
		if (n > whole - 4 && create() == 0)
			cpiofs_destroy(fs);
		else
			assert_int_equal(-EINVAL, cpiofs_create(cut, n, 7, &fs, &why, &at));
		free(cut);
	}
}

TEST(cookies_of_other_directories)
{
	const void *data;

	PUT("a/b", S_IFREG | 0644, .data = "x");
	PUT("c", S_IFREG | 0644, .data = "x");
	serve();
	assert_int_equal(0, client_walk(1, "a"));
	assert_int_equal(0, client_open(1, 0));
	assert_true(client_readdir(1, 2, 1000, &data) > 0);
	/* Entries are numbered from 0: a, b, c. A cookie is the number, and 3. */
	assert_int_equal(0, client_readdir(1, 3, 1000, &data));
	assert_true(client_readdir(1, 4, 1000, &data) > 0);
	assert_int_equal(0, client_readdir(1, 5, 1000, &data));
	assert_int_equal(0, client_readdir(1, 6, 1000, &data));
	assert_int_equal(0, client_readdir(1, (1ul << 32) + 2, 1000, &data));
	cpiofs_destroy(fs);
}

TEST(many_names)
{
	static char text[20000];
	char *expected = text + 10000;
	unsigned n = 0;

	expected += sprintf(expected, " . ..");
	for (; n < 400; n++) {
		char name[20];

		sprintf(name, "dir/%u", n);
		PUT(name, S_IFREG | 0644, .data = name);
		expected += sprintf(expected, " %u", n);
	}
	serve();
	list("dir", text);
	assert_string_equal(text + 10000, text);
	expect_file("dir/0", "dir/0");
	expect_file("dir/399", "dir/399");
	cpiofs_destroy(fs);
}

/* ---- the program ---- */

int cpiofs_main(int argc, char **argv);

static void save(const char *path)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(size, fwrite(archive, 1, size, file));
	assert_int_equal(0, fclose(file));
}

TEST(program_maps_its_archive)
{
	char path[] = "/tmp/cpiofs-XXXXXX";
	char *words[] = { "cpiofs", path, "--socket", "0", NULL };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(1, cpiofs_main(4, words)); /* empty */
	PUT("file", S_IFREG | 0644, .data = "contents");
	save(path);
	assert_int_equal(1, cpiofs_main(4, words)); /* without an end */
	PUT("fifo", S_IFIFO | 0644);
	END();
	save(path);
	assert_int_equal(0, cpiofs_main(4, words));
	assert_string_equal("--socket", served.words[0]);
	client_begin(served.ops, served.tree, 8192);
	expect_file("file", "contents");
	assert_true(attr_of("file").qid.version != 0);
	unlink(path);
	assert_int_equal(1, cpiofs_main(4, words));
	assert_int_equal(2, cpiofs_main(1, words));
	cpiofs_destroy(served.tree);
}
