/* SPDX-License-Identifier: MIT */
/* Attributes: what the user test `file_attrs` cannot compare with Linux. */
#include "abi/errno.h"
#include "abi/xattr.h"
#include "linux/fs/vfs/attr.h"
#include "fake_proc.h"
#include "linux/fs/vfs/permission.h"
#include "desc/pipe.h"
#include "linux/fs/file/fifo.h"
#include "linux/mem/quota.h"
#include "linux/fs/vfs/xattr.h"
#include "tree.h"

#include <stdio.h>

/* A pipe has an inode for a change only; its attributes are those of both ends. */
TEST(pipes)
{
	const struct inode_attr attr = { .valid = ATTR_MODE, .mode = 0640 };
	struct file *reader, *writer;
	struct abi_stat st;

	tree_start();
	assert_int_equal(0, pipe_create(0, &reader, &writer));
	assert_int_equal(0, fs_set_attr_file(reader, &attr));
	assert_int_equal(0, pipe_file_stat(writer, &st));
	assert_int_equal(S_IFIFO | 0640, st.mode);
	file_put(reader);
	file_put(writer);
	tree_end();
}

/* No file has the number 0, by which directories' entries say that there is none. */
TEST(numbers_begin_with_1)
{
	char name[16];

	tree_start();
	for (unsigned i = 0; i < 4; i++) {
		struct file *file;

		sprintf(name, "f%u", i);
		file = tree_open(name, O_CREAT | O_RDWR);
		assert_non_null(file);
		assert_in_range(file_inode(file)->ino, 1, 1000);
		file_put(file);
		fs_unlink(NULL, name);
	}
	tree_end();
}

/* On Linux all these files share one inode, which root could change. */
TEST(what_has_no_inode)
{
	const struct inode_attr attr = { .valid = ATTR_MODE, .mode = 0640 };
	const struct file_ops ops = { .name = "counter" };
	struct file counter = { .ops = &ops };

	assert_int_equal(-EPERM, fs_set_attr_file(&counter, &attr));
}

/* A change of owner takes away the set-ID bits that are there then, and no other change of the mode. */
TEST(an_owner_takes_set_ids_away)
{
	const struct inode_attr owner = { .valid = ATTR_UID | ATTR_DROP_SET_ID, .uid = 7 };
	struct inode_attr mode = { .valid = ATTR_MODE, .mode = 06755 };

	tree_start();
	tree_touch("f");
	assert_int_equal(0, fs_set_attr(NULL, "f", true, &mode));
	assert_int_equal(0, fs_set_attr(NULL, "f", true, &owner));
	assert_int_equal(S_IFREG | 0755, tree_mode("f"));
	mode.mode = 06744;
	assert_int_equal(0, fs_set_attr(NULL, "f", true, &mode));
	assert_int_equal(0, fs_set_attr(NULL, "f", true, &owner));
	assert_int_equal(S_IFREG | 02744, tree_mode("f"));
	fs_unlink(NULL, "f");
	tree_end();
}

/* Another thread's chmod, while a chown waits for the file's lock, stays. */
static struct inode_ops late_ops;

static int after_chmod(struct inode *inode, const struct inode_attr *attr)
{
	const struct inode_attr mode = { .valid = ATTR_MODE, .mode = 0600 };

	inode_set_attr(inode, &mode);
	inode_set_attr(inode, attr);
	return 0;
}

TEST(a_chmod_during_chown_stays)
{
	const struct inode_attr owner = { .valid = ATTR_UID | ATTR_DROP_SET_ID, .uid = 7 };
	const struct inode_ops *ops;
	struct file *file;

	tree_start();
	file = tree_open("f", O_CREAT | O_RDWR);
	ops = file_inode(file)->ops;
	late_ops = *ops;
	late_ops.setattr = after_chmod;
	file_inode(file)->ops = &late_ops;
	assert_int_equal(0, fs_set_attr_file(file, &owner));
	assert_int_equal(S_IFREG | 0600, tree_mode("f"));
	file_inode(file)->ops = ops;
	file_put(file);
	fs_unlink(NULL, "f");
	tree_end();
}

/* What a thread has asked for is asked again under the file's lock: root has taken the file meanwhile. */
static const struct inode_ops *real_ops;

static int after_chown(struct inode *inode, const struct inode_attr *attr)
{
	const struct inode_attr owner = { .valid = ATTR_UID | ATTR_GID | ATTR_DROP_SET_ID };
	const struct cred asking = fake_cred;

	fake_cred = (struct cred){ .cap_effective = CAP_ALL };
	assert_int_equal(0, real_ops->setattr(inode, &owner));
	fake_cred = asking;
	return real_ops->setattr(inode, attr);
}

TEST(a_former_owner_changes_nothing)
{
	const struct inode_attr users = { .valid = ATTR_UID | ATTR_GID, .uid = 7, .gid = 7 };
	const struct inode_attr changes[] = { { .valid = ATTR_MODE, .mode = 04755 },
					      { .valid = ATTR_GID | ATTR_DROP_SET_ID, .gid = 7 },
					      { .valid = ATTR_MTIME, .mtime = 1 } };
	const char *const names[] = { "f", "d" };
	const struct inode_ops no_lock = { .setattr = simple_setattr };
	const struct cred root = fake_cred;

	tree_start();
	tree_touch("f");
	assert_int_equal(0, fs_mkdir(NULL, "d", 0755));
	for (unsigned i = 0; i < 4 * 3; i++) {
		const char *name = names[i % 2];
		uint32_t mode = tree_mode(name);
		struct file *file = tree_open(name, O_RDONLY);
		struct inode *inode = file_inode(file);
		const struct inode_ops *ops;

		assert_int_equal(0, fs_set_attr(NULL, name, true, &users));
		ops = inode->ops;
		real_ops = i % 4 < 2 ? ops : &no_lock;
		late_ops = *ops;
		late_ops.setattr = after_chown;
		inode->ops = &late_ops;
		fake_cred = (struct cred){ .fsuid = 7, .fsgid = 7, .euid = 7 };
		assert_int_equal(-EPERM, fs_set_attr_file(file, &changes[i / 4]));
		fake_cred = root;
		inode->ops = ops;
		assert_int_equal(mode, tree_mode(name));
		assert_int_equal(0, inode->uid);
		assert_int_equal(0, inode->gid);
		assert_true(inode->mtime != 1);
		file_put(file);
	}
	fs_unlink(NULL, "f");
	fs_rmdir(NULL, "d");
	tree_end();
}

/* Times that are none change nothing, not even the time of the last change. */
TEST(wrong_times)
{
	const struct inode_attr wrong = { .valid = ATTR_ATIME | ATTR_WRONG_TIME };
	struct file *file, *reader, *writer;

	tree_start();
	file = tree_open("f", O_CREAT | O_RDONLY);
	file_inode(file)->ctime = 5;
	assert_int_equal(-EINVAL, fs_set_attr_file(file, &wrong));
	assert_int_equal(5, file_inode(file)->ctime);
	assert_int_equal(0, fs_remount(NULL, "/", MS_RDONLY, ""));
	assert_int_equal(-EINVAL, fs_set_attr(NULL, "f", true, &wrong));
	assert_int_equal(-ENOENT, fs_set_attr(NULL, "none", true, &wrong));
	assert_int_equal(0, fs_remount(NULL, "/", 0, ""));
	assert_int_equal(0, pipe_create(0, &reader, &writer));
	assert_int_equal(-EINVAL, fs_set_attr_file(reader, &wrong));
	file_put(reader);
	file_put(writer);
	file_put(file);
	fs_unlink(NULL, "f");
	tree_end();
}

/* The type of a file is not its mode's to change. */
TEST(the_type_stays)
{
	const struct inode_attr attr = { .valid = ATTR_MODE, .mode = S_IFDIR | 0600 };

	tree_start();
	tree_touch("f");
	assert_int_equal(0, fs_set_attr(NULL, "f", true, &attr));
	assert_int_equal(S_IFREG | 0600, tree_mode("f"));
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
	assert_int_equal(0, fs_set_attr(NULL, "f", true, &times));
	assert_int_equal(0, fs_set_attr(NULL, "f", true, &owner));
	assert_int_equal(0, fs_stat(NULL, "f", true, &st));
	assert_int_equal(5, st.atime_nsec);
	assert_int_equal(6, st.mtime_nsec);
	assert_int_equal(7, st.uid);
	assert_int_equal(0, st.gid);
	fs_unlink(NULL, "f");
	tree_end();
}

TEST(xattrs_are_replaced)
{
	struct file *file;
	struct inode *inode;

	tree_start();
	file = tree_open("f", O_CREAT | O_RDWR);
	inode = file_inode(file);
	assert_int_equal(-ENODATA, xattr_set(inode, "user.a", "x", 1, XATTR_REPLACE));
	assert_int_equal(-ENODATA, xattr_remove(inode, "user.a"));
	assert_int_equal(0, xattr_set(inode, "user.a", "x", 1, XATTR_CREATE));
	assert_int_equal(-EEXIST, xattr_set(inode, "user.a", "y", 1, XATTR_CREATE));
	assert_int_equal(0, xattr_set(inode, "user.a", "yyy", 3, XATTR_REPLACE));
	assert_int_equal(3, xattr_get(inode, "user.a", 0, 0));
	assert_int_equal(7, xattr_list(inode, 0, 0));
	assert_int_equal(-EPERM, xattr_set(NULL, "user.a", "x", 1, 0));
	assert_int_equal(-EPERM, xattr_remove(NULL, "user.a"));
	assert_int_equal(-EOPNOTSUPP, xattr_remove(NULL, "other.a"));
	assert_int_equal(0, xattr_list(NULL, 0, 0));
	fs_unlink(NULL, "f");
	file_put(file);
	tree_end();
}

/* What an inode has goes with it, and gives its room back. */
TEST(xattrs_take_room)
{
	static const char value[XATTR_SIZE_MAX];
	uint64_t left;
	struct file *file;
	char name[40];
	int err, n = 0;

	tree_start();
	file = tree_open("f", O_CREAT | O_RDWR);
	left = quota_left();
	do {
		snprintf(name, sizeof(name), "user.%d", n++);
		err = xattr_set(file_inode(file), name, value, sizeof(value), 0);
	} while (err == 0 && n < 10000);
	assert_int_equal(-ENOSPC, err);
	for (int i = 0; i < n - 1; i++) {
		snprintf(name, sizeof(name), "user.%d", i);
		assert_int_equal(0, xattr_remove(file_inode(file), name));
	}
	assert_int_equal(left, quota_left());
	for (n = 0; n < 10000; n++) {
		snprintf(name, sizeof(name), "user.%020d", n);
		err = xattr_set(file_inode(file), name, "", 0, 0);
		if (err)
			break;
	}
	assert_int_equal(-ENOSPC, err);
	assert_true(n <= (int)(XATTR_LIST_MAX / 26));
	fs_unlink(NULL, "f");
	file_put(file);
	tree_end();
}
