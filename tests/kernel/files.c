/* SPDX-License-Identifier: MIT */
/* Devices' names, and the root's count; other rules of names and files are tested in tests/host/fs. */
#include "abi/errno.h"
#include "fs/dev.h"
#include "fs/namei.h"
#include "fs/null.h"
#include "fs/open.h"
#include "fs/tmpfs/tmpfs.h"
#include "fs/tty/tty.h"
#include "mm/check/alloc_fail.h"
#include "tests/kernel/ktest.h"

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
