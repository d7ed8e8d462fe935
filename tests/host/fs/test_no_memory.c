/* R45: every allocation of the file system fails once, and nothing is leaked or left half-made. */
#include <string.h>

#include "abi/errno.h"
#include "fs/memfd.h"
#include "fs/pipe.h"
#include "mm/alloc_fail.h"
#include "mm/object.h"
#include "mm/slab.h"
#include "tree.h"

/* What came of a call: done, or refused for want of memory. */
static bool done(ssize_t result)
{
	assert_true(result >= 0 || result == -ENOMEM || result == -ENOSPC);
	return result >= 0;
}

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
	done(fs_symlink(NULL, "d/l", "f", 1));
	if (fs_open_exec(NULL, "d/f", &object, &path) == 0) {
		kfree(path);
		object_put(object);
	}
	fs_unlink(NULL, "d/f");
	fs_unlink(NULL, "d/g");
	fs_unlink(NULL, "d/l");
	assert_int_equal(fs_rmdir(NULL, "d"), 0);
}

static void use_the_nameless(void)
{
	struct file *reader, *writer, *memfd = memfd_file_create();
	char bytes[8];

	if (memfd) {
		done(tree_write(memfd, "abc", 3));
		file_put(memfd);
	}
	if (!done(pipe_create(0, &reader, &writer)))
		return;
	if (done(tree_write(writer, "abc", 3)))
		assert_int_equal(tree_read(reader, bytes, 8), 3);
	file_put(writer);
	assert_int_equal(tree_read(reader, bytes, 8), 0);
	file_put(reader);
}

static void use_descriptors(void)
{
	struct files *files = files_create();
	struct files *copy = files ? files_copy(files) : NULL;

	if (copy)
		files_destroy(copy);
	if (files)
		files_destroy(files);
}

/* Runs it with the first, the second, ... allocation failing until none does any more. */
static void fail_each(void (*scenario)(void))
{
	bool failed = true;

	tree_start();
	for (unsigned n = 1; failed; n++) {
		assert_true(n < 1000);
		alloc_fail_at = n;
		scenario();
		failed = alloc_fail_at == 0;
		alloc_fail_at = 0;
		tree_end();
	}
}

static void files_without_memory(void)
{
	fail_each(use_files);
}

static void nameless_without_memory(void)
{
	fail_each(use_the_nameless);
}

static void descriptors_without_memory(void)
{
	fail_each(use_descriptors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		isolated_test(files_without_memory),
		isolated_test(nameless_without_memory),
		isolated_test(descriptors_without_memory),
	};

	return test_group("fs without memory", tests);
}
