/* SPDX-License-Identifier: MIT */
/* Attributes: what the user test `file_attrs` cannot compare with Linux. */
#include "abi/errno.h"
#include "fs/attr.h"
#include "fs/pipe.h"
#include "tree.h"

/* A pipe has no inode here, so it keeps its attributes; on Linux they can be changed. */
TEST(pipes)
{
	const struct inode_attr attr = { .valid = ATTR_MODE, .mode = 0600 };
	struct file *reader, *writer;

	tree_start();
	assert_int_equal(pipe_create(0, &reader, &writer), 0);
	assert_int_equal(fs_set_attr_file(reader, &attr), -EPERM);
	file_put(reader);
	file_put(writer);
	tree_end();
}

/* The type of a file is not its mode's to change. */
TEST(the_type_stays)
{
	const struct inode_attr attr = { .valid = ATTR_MODE, .mode = S_IFDIR | 0600 };

	tree_start();
	tree_touch("f");
	assert_int_equal(fs_set_attr(NULL, "f", true, &attr), 0);
	assert_int_equal(tree_mode("f"), S_IFREG | 0600);
	fs_unlink(NULL, "f");
	tree_end();
}

/* What is not named stays as it is. */
TEST(the_others_stay)
{
	const struct inode_attr times = { .valid = ATTR_ATIME | ATTR_MTIME,
					  .atime = 5,
					  .mtime = 6 };
	const struct inode_attr owner = { .valid = ATTR_UID, .uid = 7 };
	struct abi_stat st;

	tree_start();
	tree_touch("f");
	assert_int_equal(fs_set_attr(NULL, "f", true, &times), 0);
	assert_int_equal(fs_set_attr(NULL, "f", true, &owner), 0);
	assert_int_equal(fs_stat(NULL, "f", true, &st), 0);
	assert_int_equal(st.atime_nsec, 5);
	assert_int_equal(st.mtime_nsec, 6);
	assert_int_equal(st.uid, 7);
	assert_int_equal(st.gid, 0);
	fs_unlink(NULL, "f");
	tree_end();
}
