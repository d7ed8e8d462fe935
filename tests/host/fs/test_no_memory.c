/* SPDX-License-Identifier: MIT */
/* R45: every allocation of the file system fails once, and nothing is leaked or left half-made. */
#include <stdio.h>
#include <string.h>

#include "abi/errno.h"
#include "abi/limits.h"
#include "desc/fdtable.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/tmpfs/initrd.h"
#include "desc/pipe.h"
#include "linux/fs/tmpfs/memfd.h"
#include "linux/mem/quota.h"
#include "lib/bits.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "tests/host/lib/fail_nth.h"
#include "tree.h"

/* What came of a call: done, or refused for want of memory. */
static bool done(ssize_t result)
{
	if (result < 0 && result != -ENOMEM && result != -ENOSPC)
		fail_msg("it answers %zd", result);
	return result >= 0;
}

static bool done_or_full(ssize_t result)
{
	return result == -EAGAIN || done(result);
}

static struct file *open_file;

static void use_files(void)
{
	struct object *object;
	struct file *file;
	char *path;

	if (!done(fs_mkdir(NULL, "d", 0755)))
		return;
	if (done(fs_open(NULL, "d/f", O_CREAT | O_RDWR, 0755, &file))) {
		done(tree_write(file, "some bytes", 10));
		done(file->ops->truncate(file, 5));
		done(fs_link(NULL, "d/f", false, NULL, "d/g"));
		file_put(file);
	}
	done(fs_symlink("f", NULL, "d/l"));
	if (fs_open_exec(NULL, "d/f", true, &object, &path) == 0) {
		kfree(path);
		object_unuse(object);
	}
	fs_unlink(NULL, "d/f");
	fs_unlink(NULL, "d/g");
	fs_unlink(NULL, "d/l");
	assert_int_equal(0, fs_rmdir(NULL, "d"));
}

static void use_the_nameless(void)
{
	struct file *reader, *writer, *memfd = memfd_file_create();
	struct async_queue *queue, *again;
	char bytes[8];

	if (memfd) {
		done(tree_write(memfd, "abc", 3));
		file_put(memfd);
	}
	if (!done(pipe_create(0, &reader, &writer)))
		return;
	if (done(tree_write(writer, "abc", 3)))
		assert_int_equal(3, tree_read(reader, bytes, 8));
	queue = file_more(reader)->async(reader);
	again = file_more(writer)->async(writer); /* the pipe has one for both of its ends */
	assert_true(!queue || !again || again == queue);
	file_put(writer);
	assert_int_equal(0, tree_read(reader, bytes, 8));
	file_put(reader);
}

static void use_descriptors(void)
{
	struct fdtable *files = fdtable_create();
	struct fdtable *copy = files ? fdtable_copy(files) : NULL;

	if (copy)
		fdtable_put(copy);
	if (files)
		fdtable_put(files);
}

static void use_links(void)
{
	struct abi_stat st;
	char to[PATH_MAX];

	if (!done(fs_open(NULL, "f", O_CREAT | O_RDWR, 0644, &open_file)))
		return;
	file_put(open_file);
	if (done(fs_symlink("f", NULL, "s"))) {
		done(fs_readlink(NULL, "s", to));
		done(fs_stat(NULL, "s", true, &st));
		done(fs_link(NULL, "s", true, NULL, "h"));
	}
	fs_unlink(NULL, "h");
	fs_unlink(NULL, "s");
	fs_unlink(NULL, "f");
}

/* Grows by pages, far from them, and cut off again. */
static void grow_a_file(void)
{
	static char bytes[4096];

	if (!done(fs_open(NULL, "f", O_CREAT | O_RDWR, 0644, &open_file)))
		return;
	for (unsigned i = 0; i < 4; i++)
		done(tree_write(open_file, bytes, sizeof(bytes)));
	open_file->pos = 1ul << 30;
	done(tree_write(open_file, bytes, sizeof(bytes)));
	done(open_file->ops->truncate(open_file, 5000));
	open_file->pos = 0;
	done(tree_read(open_file, bytes, sizeof(bytes)));
	file_put(open_file);
	fs_unlink(NULL, "f");
}

/* More than a page, round the ring's end. */
static void fill_a_pipe(void)
{
	static char bytes[3000];
	struct file *reader, *writer;

	if (!done(pipe_create(O_NONBLOCK, &reader, &writer)))
		return;
	for (unsigned i = 0; i < 30; i++)
		if (!done_or_full(tree_write(writer, bytes, sizeof(bytes))))
			break;
	for (unsigned i = 0; i < 10; i++)
		done_or_full(tree_read(reader, bytes, sizeof(bytes)));
	for (unsigned i = 0; i < 10; i++)
		done_or_full(tree_write(writer, bytes, sizeof(bytes)));
	file_put(reader);
	file_put(writer);
}

static size_t put_entry(char *at, const char *name, unsigned mode, unsigned nlink, const char *data)
{
	char *start = at;

	at += sprintf(at, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 7, mode, 0,
		      0, nlink, 0, (unsigned)strlen(data), 0, 0, 0, 0, (unsigned)strlen(name) + 1,
		      0);
	at += sprintf(at, "%s", name) + 1;
	at = start + ALIGN_UP((size_t)(at - start), 4);
	memcpy(at, data, strlen(data));
	return (size_t)(at - start) + ALIGN_UP(strlen(data), 4);
}

/* A file of two names, its bytes with the second; a folder, a link, and a name that replaces one. */
static void mount_an_archive(void)
{
	static char archive[2048];
	size_t n = 0;
	const char *why;

	memset(archive, 0, sizeof(archive));
	n += put_entry(archive + n, "a", S_IFREG | 0644, 2, "");
	n += put_entry(archive + n, "b", S_IFREG | 0644, 2, "bytes");
	n += put_entry(archive + n, "d/e", S_IFDIR | 0755, 2, "");
	n += put_entry(archive + n, "d/l", S_IFLNK | 0777, 1, "../a");
	n += put_entry(archive + n, "d/l", S_IFREG | 0644, 1, "more");
	n += put_entry(archive + n, "TRAILER!!!", 0, 1, "");
	done(initrd_unpack(mount_tree_root()->mount, archive, n, &why));
	fs_unlink(NULL, "a");
	fs_unlink(NULL, "b");
	fs_unlink(NULL, "d/l");
	fs_rmdir(NULL, "d/e");
	fs_rmdir(NULL, "d");
}

static const struct scenario {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{ "files", use_files },		 { "links", use_links },
	{ "growing", grow_a_file },	 { "nameless", use_the_nameless },
	{ "pipe", fill_a_pipe },	 { "descriptors", use_descriptors },
	{ "archive", mount_an_archive },
};

/* Each allocation in turn, until none is reached any more: the last that was. */
static unsigned fail_each(const struct scenario *scenario, enum fail_mode mode)
{
	unsigned n = 0;

	do {
		assert_in_range(++n, 1, 1000);
		fail_arm(n, mode);
		scenario->run();
		tree_end();
	} while (fail_disarm());
	return n - 1;
}

static const struct scenario *current;

/* How many pages files may have: fewer, where names are counted that are gone. */
static unsigned room(void)
{
	unsigned pages = 0;

	while (quota_page_made())
		pages++;
	for (unsigned i = 0; i < pages; i++)
		quota_page_gone();
	return pages;
}

static void run_scenario(void)
{
	unsigned before;

	tree_start();
	before = room();
	for (enum fail_mode mode = FAIL_ONE; mode < FAIL_MODES; mode++)
		if (mode != FAIL_RELIEVED) /* mem_wait_*() of fake_proc.c asks nobody */
			fail_report(current->name, mode, fail_each(current, mode), true);
	assert_int_equal(before, room());
}

static void run_alone(void **state)
{
	current = *state;
	isolated_run(run_scenario);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(scenarios)];

	fail_out = dup(1);
	for (unsigned i = 0; i < ARRAY_SIZE(scenarios); i++)
		tests[i] = (struct CMUnitTest){ scenarios[i].name, run_alone, NULL, NULL,
						(void *)(uintptr_t)&scenarios[i] };
	return test_group("fs without memory", tests);
}
