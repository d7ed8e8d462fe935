/* SPDX-License-Identifier: MIT */
/* Names and files of the root file system, memfds, and descriptor tables. */
#include "fs/file.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "fs/dev.h"
#include "fs/fdtable.h"
#include "fs/namei.h"
#include "fs/null.h"
#include "fs/open.h"
#include "fs/tmpfs/memfd.h"
#include "fs/tmpfs/regular.h"
#include "fs/tmpfs/tmpfs.h"
#include "fs/tty/tty.h"
#include "lib/bits.h"
#include "mm/check/alloc_fail.h"
#include "mm/object.h"
#include "mm/user_copy.h"
#include "proc/process.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"

#define BUFFER 0x40000ul

static int make_file(const char *path)
{
	return fs_mknod(NULL, path, S_IFREG | 0644);
}

KTEST(files_have_the_names_that_they_were_given)
{
	struct abi_stat st, other;

	EXPECT_EQ(0, fs_mkdir(NULL, "/dir", 0755));
	EXPECT_EQ(0, make_file("/dir/file"));
	EXPECT_EQ(-EEXIST, make_file("/dir/file"));
	EXPECT_EQ(-EEXIST, fs_mkdir(NULL, "/dir", 0755));
	EXPECT_EQ(0, fs_stat(NULL, "/dir/../dir/./file", true, &st));
	EXPECT_EQ(S_IFREG | 0644, st.mode);
	EXPECT_EQ(1, st.nlink);
	EXPECT_EQ(0, fs_link(NULL, "/dir/file", true, NULL, "/link"));
	EXPECT_EQ(0, fs_stat(NULL, "/link", true, &other));
	EXPECT_EQ(st.ino, other.ino);
	EXPECT_EQ(2, other.nlink);
	EXPECT_EQ(0, fs_unlink(NULL, "/dir/file"));
	EXPECT_EQ(-ENOENT, fs_stat(NULL, "/dir/file", true, &st));
	EXPECT_EQ(0, fs_unlink(NULL, "/link"));
	EXPECT_EQ(0, fs_rmdir(NULL, "/dir"));
}

KTEST(files_look_ups_are_refused_as_on_linux)
{
	struct abi_stat st;
	char name[NAME_MAX + 3] = "/";

	memset(name + 1, 'n', NAME_MAX + 1);
	EXPECT_EQ(0, fs_mkdir(NULL, "/dir", 0755));
	EXPECT_EQ(0, make_file("/file"));
	EXPECT_EQ(-ENOENT, fs_stat(NULL, "/none", true, &st));
	EXPECT_EQ(-ENOENT, make_file("/none/file"));
	EXPECT_EQ(-ENOTDIR, fs_stat(NULL, "/file/x", true, &st));
	EXPECT_EQ(-ENOTDIR, fs_stat(NULL, "/file/", true, &st));
	EXPECT_EQ(-ENAMETOOLONG, make_file(name));
	EXPECT_EQ(-EISDIR, fs_unlink(NULL, "/dir"));
	EXPECT_EQ(-ENOTDIR, fs_rmdir(NULL, "/file"));
	EXPECT_EQ(0, make_file("/dir/x"));
	EXPECT_EQ(-ENOTEMPTY, fs_rmdir(NULL, "/dir"));
	EXPECT_EQ(-EPERM, fs_link(NULL, "/dir", true, NULL, "/dir2"));
	EXPECT_EQ(0, fs_unlink(NULL, "/dir/x"));
	EXPECT_EQ(0, fs_rmdir(NULL, "/dir"));
	EXPECT_EQ(0, fs_unlink(NULL, "/file"));
}

KTEST(files_symbolic_links_are_followed_but_not_for_ever)
{
	char target[16] = { 0 };
	struct abi_stat st;

	EXPECT_EQ(0, make_file("/file"));
	EXPECT_EQ(0, fs_symlink(NULL, "/one", "file", 4));
	EXPECT_EQ(0, fs_symlink(NULL, "/two", "/one", 4));
	EXPECT_EQ(0, fs_symlink(NULL, "/loop", "loop", 4));
	EXPECT_EQ(0, fs_stat(NULL, "/two", true, &st));
	EXPECT_EQ(S_IFREG | 0644, st.mode);
	EXPECT_EQ(0, fs_stat(NULL, "/two", false, &st));
	EXPECT_EQ(S_IFLNK, st.mode & S_IFMT);
	EXPECT_EQ(4, fs_readlink(NULL, "/two", target, sizeof(target)));
	EXPECT_STR("/one", target);
	EXPECT_EQ(-ELOOP, fs_stat(NULL, "/loop", true, &st));
	EXPECT_EQ(-EINVAL, fs_readlink(NULL, "/file", target, sizeof(target)));
	EXPECT_EQ(0, fs_unlink(NULL, "/loop"));
	EXPECT_EQ(0, fs_unlink(NULL, "/two"));
	EXPECT_EQ(0, fs_unlink(NULL, "/one"));
	EXPECT_EQ(0, fs_unlink(NULL, "/file"));
}

KTEST(files_open_flags)
{
	struct file *file, *second;

	EXPECT_EQ(-ENOENT, fs_open(NULL, "/file", O_RDWR, 0, &file));
	EXPECT_EQ(0, fs_open(NULL, "/file", O_RDWR | O_CREAT | O_EXCL, 0600, &file));
	EXPECT_EQ(-EEXIST, fs_open(NULL, "/file", O_RDWR | O_CREAT | O_EXCL, 0600, &second));
	EXPECT_EQ(-ENOTDIR, fs_open(NULL, "/file", O_RDONLY | O_DIRECTORY, 0, &second));
	EXPECT_EQ(-EISDIR, fs_open(NULL, "/", O_WRONLY, 0, &second));
	EXPECT_EQ(0, file->ops->truncate(file, 5000));
	EXPECT_EQ(5000, file->ops->seek(file, 0, SEEK_END));
	EXPECT_EQ(-EINVAL, file->ops->seek(file, -1, SEEK_SET));
	EXPECT_EQ(0, fs_open(NULL, "/file", O_WRONLY | O_TRUNC, 0, &second));
	EXPECT_EQ(0, file->ops->seek(file, 0, SEEK_END));
	EXPECT_TRUE(file_readable(file) && file_writable(file));
	EXPECT_TRUE(!file_readable(second) && file_writable(second));
	file_put(second);
	/* Without a name it lives as long as it is open. */
	EXPECT_EQ(0, fs_unlink(NULL, "/file"));
	EXPECT_EQ(0, file->ops->truncate(file, 10));
	file_put(file);
}

static ssize_t transfer(struct file *file, bool write, uint64_t pos, vaddr_t at, size_t n)
{
	struct user_iter iter = user_iter_one(at, n);

	return write ? file->ops->write(file, &iter, &pos) : file->ops->read(file, &iter, &pos);
}

static int use_memfd(void *arg)
{
	struct uspace *us = current_process()->uspace;
	struct file *file = memfd_file_create();
	struct object *object = file->ops->object(file);

	uspace_lock(us);
	EXPECT_EQ(BUFFER, space_map(us, BUFFER, 4 * PAGE_SIZE, READ_WRITE, 0));
	EXPECT_EQ(8 * BUFFER,
		  space_map_object(us, 8 * BUFFER, 2 * PAGE_SIZE, READ_WRITE, object, 0));
	uspace_unlock(us);
	EXPECT_EQ(VM_BUS, space_touch(us, 8 * BUFFER, READ));
	EXPECT_EQ(0, user_copy_out(BUFFER + PAGE_SIZE - 3, "memory", 6));
	EXPECT_EQ(6, transfer(file, true, PAGE_SIZE - 2, BUFFER + PAGE_SIZE - 3, 6));
	EXPECT_EQ(PAGE_SIZE + 4, object_size(object));
	EXPECT_EQ(2 * PAGE_SIZE, transfer(file, false, 0, BUFFER, PAGE_SIZE) + PAGE_SIZE);
	EXPECT_EQ(4, transfer(file, false, PAGE_SIZE, BUFFER, 100));
	EXPECT_EQ(0, transfer(file, false, PAGE_SIZE + 4, BUFFER, 100));
	EXPECT_EQ('m', space_load(us, 8 * BUFFER + PAGE_SIZE) & 0xff);
	/* A private mapping does not write back. */
	EXPECT_EQ(0, space_store(us, 8 * BUFFER + PAGE_SIZE, 0));
	EXPECT_EQ(1, transfer(file, false, PAGE_SIZE, BUFFER, 1));
	EXPECT_EQ('m', space_load(us, BUFFER) & 0xff);
	EXPECT_EQ(-EFBIG, file->ops->truncate(file, 1ul << 63));
	file_put(file);
	EXPECT_EQ(0, space_load(us, 8 * BUFFER + PAGE_SIZE));
	return 0;
}

/* R91, R92, R75: read, write and a private mapping of a memfd, which outlives its descriptor */
KTEST(files_memfd_is_read_written_and_mapped)
{
	EXPECT_EQ(EXITED(0), ktest_run(use_memfd, NULL));
}

/* Descriptors: lowest free first, set aside, copied, closed on exec */
KTEST(files_descriptor_tables)
{
	struct fdtable *files = fdtable_create(), *copy;
	struct file *file = memfd_file_create();
	int fds[3];

	ASSERT_TRUE(files && file);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		file_get(file);
		fds[i] = fdtable_install(files, file, 0, i == 1);
		EXPECT_EQ(i, fds[i]);
	}
	EXPECT_EQ(0, fdtable_close(files, 1));
	EXPECT_EQ(-EBADF, fdtable_close(files, 1));
	EXPECT_TRUE(!fdtable_get(files, 1) && !fdtable_get(files, -1) &&
		    !fdtable_get(files, FDTABLE_SIZE));
	EXPECT_EQ(1, fdtable_reserve(files, 0, true));
	EXPECT_TRUE(!fdtable_get(files, 1));
	EXPECT_EQ(3, fdtable_reserve(files, 1, false));
	fdtable_unreserve(files, 3);
	file_get(file);
	fdtable_fill(files, 1, file);
	copy = fdtable_copy(files);
	ASSERT_TRUE(copy);
	EXPECT_EQ(1 + 3 + 3, file->refs);
	fdtable_close_on_exec(copy);
	EXPECT_EQ(1 + 3 + 2, file->refs);
	EXPECT_EQ(-EMFILE, fdtable_reserve(copy, FDTABLE_SIZE, false));
	fdtable_destroy(copy);
	fdtable_destroy(files);
	EXPECT_EQ(1, file->refs);
	file_put(file);
}

/* A device's name takes the place of another, and goes as any other does. */
KTEST(files_devices_have_names_like_others)
{
	struct abi_stat st;

	EXPECT_EQ(0, dev_register("/odd/device", &null_ops, NULL, 0600, 5));
	EXPECT_EQ(0, dev_register("/odd/device", &null_ops, NULL, 0620, 6));
	EXPECT_EQ(0, fs_stat(NULL, "/odd/device", true, &st));
	EXPECT_EQ(S_IFCHR | 0620, st.mode);
	EXPECT_EQ(6, st.rdev);
	EXPECT_EQ(-ENOTDIR, dev_register("/odd/device/x", &null_ops, NULL, 0600, 7));
	EXPECT_EQ(-ENOTDIR, tty_create("/odd/device/x", NULL, 80, 24, 7));
	EXPECT_EQ(0, fs_unlink(NULL, "/odd/device"));
	EXPECT_EQ(0, fs_rmdir(NULL, "/odd"));
}

#ifdef FAULTLINE_HARDENED

/* R45: the root never goes, so nothing but its count shows who has forgotten to let go of it. */
KTEST(files_root_without_memory_is_let_go)
{
	uint32_t before = refcount_read(&tmpfs_root()->refs);

	alloc_fail_at = 1;
	EXPECT_TRUE(!fs_open_root());
	EXPECT_EQ(0, alloc_fail_at);
	alloc_fail_at = 0;
	EXPECT_EQ(before, refcount_read(&tmpfs_root()->refs));
}

#endif
