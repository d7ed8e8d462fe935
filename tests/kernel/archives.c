/* SPDX-License-Identifier: MIT */
/* The boot archive: what is in it, and what is refused, with the reason. */
#include "fs/initrd.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "fs/namei.h"
#include "fs/open.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "mm/object.h"
#include "mm/object_io.h"
#include "mm/phys/kmalloc.h"
#include "tests/kernel/ktest.h"

#define ARCHIVE_MAX  4000
#define HEADER_BYTES 110

/* Lies where it is for ever: files' bytes stay in the archive. */
static char archive[ARCHIVE_MAX];
static size_t size;
static unsigned ino;

static void begin(void)
{
	memset(archive, 0, sizeof(archive));
	size = 0;
	ino = 0;
}

static void put(const void *bytes, size_t n)
{
	memcpy(archive + size, bytes, n);
	size = ALIGN_UP(size + n, 4);
}

/* An entry as `cpio -o -H newc` writes it. */
static void entry(const char *name, unsigned mode, const char *data, size_t n)
{
	char header[HEADER_BYTES + 1];
	size_t name_bytes = strlen(name) + 1;

	ksnprintf(header, sizeof(header),
		  "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ++ino, mode, 0, 0,
		  1, 0, (unsigned)n, 0, 0, 0, 0, (unsigned)name_bytes, 0);
	memcpy(archive + size, header, HEADER_BYTES);
	size += HEADER_BYTES;
	put(name, name_bytes);
	put(data, n);
}

static void trailer(void)
{
	entry("TRAILER!!!", 0, "", 0);
}

static uint64_t file_word(const char *path)
{
	struct object *object;
	uint64_t word = 0;
	char *whole;

	if (fs_open_exec(NULL, path, &object, &whole))
		return UINT64_MAX;
	EXPECT_EQ(8, object_read_kernel(object, 0, &word, 8));
	object_put(object);
	kfree(whole);
	return word;
}

/* R70: files, folders on the way, links; pages come only when they are read */
KTEST(archive_becomes_the_tree)
{
	const char *why = "";
	struct abi_stat st;

	begin();
	entry("./bin/prog", S_IFREG | 0755, "abcdefgh", 8);
	entry("etc", S_IFDIR | 0700, "", 0);
	entry("etc/empty", S_IFREG | 0644, "", 0);
	entry("link", S_IFLNK | 0777, "bin/prog", 8);
	trailer();
	EXPECT_EQ(0, initrd_mount(archive, size, &why));
	EXPECT_EQ(0x6867666564636261, file_word("/bin/prog"));
	EXPECT_EQ(0x6867666564636261, file_word("/link"));
	EXPECT_EQ(0, fs_stat(NULL, "/etc", true, &st));
	EXPECT_EQ(S_IFDIR | 0700, st.mode);
	EXPECT_EQ(0, fs_stat(NULL, "/etc/empty", true, &st));
	EXPECT_EQ(0, st.size);
	EXPECT_EQ(0, fs_unlink(NULL, "/link"));
	EXPECT_EQ(0, fs_unlink(NULL, "/bin/prog"));
	EXPECT_EQ(0, fs_unlink(NULL, "/etc/empty"));
	EXPECT_EQ(0, fs_rmdir(NULL, "/bin"));
	EXPECT_EQ(0, fs_rmdir(NULL, "/etc"));
}

static void expect_refused(const char *reason)
{
	const char *why = "nothing was said";

	EXPECT_EQ(-EINVAL, initrd_mount(archive, size, &why));
	EXPECT_STR(reason, why);
}

KTEST(archive_that_is_none_is_refused_with_the_reason)
{
	begin();
	expect_refused("empty");
	memset(archive, 'x', 500);
	size = 500;
	expect_refused("no cpio header (newc) where one should be");
	begin();
	entry("", S_IFREG, "", 0);
	archive[8] = 'g';
	expect_refused("a header field is not hexadecimal");
}

KTEST(archive_that_is_cut_is_refused_wherever_it_is_cut)
{
	const char *why;
	size_t whole;

	begin();
	entry("file", S_IFREG | 0644, "some bytes", 10);
	trailer();
	whole = size;
	for (size = 1; size < whole; size += 3) {
		why = NULL;
		/* The padding behind the trailer's name may be missing. */
		if (initrd_mount(archive, size, &why) == 0) {
			EXPECT_TRUE(whole - size < 4);
			continue;
		}
		EXPECT_TRUE(why && why[0] != '\0');
		if (size > 140)
			EXPECT_EQ(0, fs_unlink(NULL, "/file"));
	}
	(void)fs_unlink(NULL, "/file");
}

KTEST(archive_with_bad_entries_is_refused_with_the_reason)
{
	begin();
	entry("a/../b", S_IFREG | 0644, "", 0);
	trailer();
	expect_refused("a name has .. in it or is empty");
	EXPECT_EQ(0, fs_rmdir(NULL, "/a")); /* what came before stays */
	begin();
	entry("link", S_IFLNK | 0777, "", 0);
	trailer();
	expect_refused("a symbolic link's target is empty, too long, or has a NUL in it");
	begin();
	entry("odd", 0170000 | 0644, "", 0);
	trailer();
	expect_refused("an entry is of no known type");
}
