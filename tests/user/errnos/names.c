/* SPDX-License-Identifier: MIT */
/* Calls that take paths. */
#include "errnos.h"

#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/xattr.h>

/* ---- what a call has made, or taken away ---- */

static void removes_new(word *arg)
{
	(void)arg;
	unlink("new");
	rmdir("new");
}

static void makes_old(word *arg)
{
	int fd = open("old", O_WRONLY | O_CREAT, 0644);

	removes_new(arg);
	close(fd);
}

static void makes_dir(word *arg)
{
	(void)arg;
	mkdir("gone", 0755);
}

static void goes_back(const word *arg, long result)
{
	(void)arg, (void)result;
	fchdir(FD_HERE);
}

/* An exchange is undone by another. */
static void exchanges_again(const word *arg, long result)
{
	(void)result;
	if (arg[4] & RENAME_EXCHANGE)
		renameat2((int)arg[0], (const char *)arg[1], (int)arg[2], (const char *)arg[3],
			  RENAME_EXCHANGE);
}

static void unmounts(word *arg)
{
	(void)arg;
	umount2("dir", MNT_DETACH);
}

static void mounts(word *arg)
{
	unmounts(arg);
	mount("none", "dir", "tmpfs", 0, NULL);
}

static void unmounts_after(const word *arg, long result)
{
	(void)arg, (void)result;
	umount2("dir", MNT_DETACH);
}

static void takes_all_away(void)
{
	unlink("old");
	unlink("new");
	rmdir("new");
	rmdir("gone");
	removexattr("file", "user.one");
	umount2("dir", MNT_DETACH);
}

/* ---- bad values ---- */

static const struct bad open_flags[] = { { "directory", O_DIRECTORY },
					 { "temporary", O_TMPFILE },
					 { "new directory", O_CREAT | O_DIRECTORY },
					 NO_MORE };
static const struct bad make_flags[] = { { "directory", O_CREAT | O_WRONLY | O_DIRECTORY },
					 { "temporary", O_TMPFILE },
					 NO_MORE };
static const struct bad unlink_flags[] = {
	{ "unknown", 1 }, { "directory", AT_REMOVEDIR }, { "all", MINUS(1) }, NO_MORE
};
static const struct bad rmdir_flags[] = { { "unknown", 1 }, { "all", MINUS(1) }, NO_MORE };
/* All but AT_EMPTY_PATH, with which the path may be NULL. */
static const struct bad flags[] = { { "unknown", 1 }, { "all", 0xffffefff }, NO_MORE };
static const struct bad rename_flags[] = { { "unknown", 8 },
					   { "both", RENAME_NOREPLACE | RENAME_EXCHANGE },
					   { "exchange", RENAME_EXCHANGE },
					   { "all", MINUS(1) },
					   NO_MORE };
static const struct bad node_kinds[] = { { "unknown", 0050000 },
					 { "directory", S_IFDIR },
					 NO_MORE };
static const struct bad access_modes[] = {
	{ "8", 8 }, { "negative", MINUS(1) }, { "execute", X_OK }, NO_MORE
};
static const struct bad masks[] = { { "reserved", 1u << 31 }, NO_MORE };
static const struct bad small[] = { { "0", 0 }, { "3", 3 }, NO_MORE };
static const struct bad no_size[] = { { "0", 0 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad fd_enter[] = { { "closed", FD_CLOSED },
				       { "negative", MINUS(1) },
				       { "above", FD_ABOVE },
				       { "path", FD_PATH },
				       { "file", FD_RW },
				       { "pipe", FD_IN },
				       NO_MORE };
static const struct timespec times[2] = { { 1, 1 }, { 2, 2 } },
			     no_times[2] = { { 1, 1 }, { 2, -1 } };
static const struct bad bad_times[] = { { "unmapped", HOLE },	     { "half", HALF },
					{ "noaccess", NOACCESS },    { "kernel", KERNEL },
					{ "part", (word)&no_times }, NO_MORE };
static const struct bad texts[] = { { "unmapped", HOLE },
				    { "noaccess", NOACCESS },
				    { "kernel", KERNEL },
				    { "endless", ENDLESS + PAGE - 8 },
				    NO_MORE };
static const struct bad types[] = { { "null", 0 },
				    { "unmapped", HOLE },
				    { "noaccess", NOACCESS },
				    { "kernel", KERNEL },
				    { "endless", ENDLESS + PAGE - 8 },
				    { "unknown", (word) "nosuchfs" },
				    { "empty", (word) "" },
				    NO_MORE };
static const struct bad data[] = { { "unmapped", HOLE },
				   { "noaccess", NOACCESS },
				   { "kernel", KERNEL },
				   { "unknown", (word) "nosuch=1" },
				   NO_MORE };
static const struct bad unmount_flags[] = { { "unknown", 0x100 },
					    { "force and expire", MNT_FORCE | MNT_EXPIRE },
					    { "all", MINUS(1) },
					    NO_MORE };
static const struct bad swap_flags[] = { { "unknown", 1 << 30 }, { "all", MINUS(1) }, NO_MORE };

static const struct open_how how_right,
	how_flags = { .flags = 1ul << 40 }, how_mode = { .mode = 0644 },
	how_resolve = { .resolve = 0x40 },
	how_beneath = { .resolve = RESOLVE_BENEATH | RESOLVE_IN_ROOT },
	how_path = { .flags = O_PATH | O_RDWR };
static const struct bad hows[] = { { "null", 0 },
				   { "unmapped", HOLE },
				   { "half", HALF },
				   { "noaccess", NOACCESS },
				   { "kernel", KERNEL },
				   { "flags", (word)&how_flags },
				   { "mode", (word)&how_mode },
				   { "resolve", (word)&how_resolve },
				   { "both", (word)&how_beneath },
				   { "path", (word)&how_path },
				   NO_MORE };
static const struct bad how_sizes[] = { { "8", 8 }, { "huge", MINUS(1) }, NO_MORE };

#define ATTRIBUTE (word) "user.one"

static void sets_attribute(word *arg)
{
	(void)arg;
	setxattr("file", "user.one", "first", 5, 0);
}

static const struct bad attributes[] = { { "null", 0 },
					 { "unmapped", HOLE },
					 { "noaccess", NOACCESS },
					 { "kernel", KERNEL },
					 { "long", (word)long_name },
					 { "empty", (word) "" },
					 { "user", (word) "user." },
					 { "other", (word) "other.one" },
					 NO_MORE };
static const struct bad shorter[] = { { "3", 3 }, NO_MORE };
static const struct bad xattr_flags[] = { { "4", 4 }, { "both", 3 }, { "all", MINUS(1) }, NO_MORE };

#define FILE_NAME (word) "file"
#define NEW_NAME  (word) "new"

#define OF_FD "NULL for a path means the descriptor, which is no directory then"
static const struct pair_exception descriptors_times[] = {
	{ "1 path", "2 null", EBADF, OF_FD },
	{ "1 pipe", "2 null", EPERM, OF_FD }, /* on Linux pipes have times that can be set */
	NO_MORE
};

#define EXISTS "RENAME_EXCHANGE is a fault only if there is nothing to exchange with"
static const struct pair_exception exchanges[] = { { "4 there", "5 exchange", 0, EXISTS },
						   { "4 dir", "5 exchange", 0, EXISTS },
						   NO_MORE };

static const struct row rows[] = {
	CALL(openat, RIGHT(FD_HERE, FILE_NAME, O_RDONLY), BAD(at, path, open_flags), .how = OPENS),
	CALL_AS("openat(O_CREAT)", openat,
		RIGHT(FD_HERE, NEW_NAME, O_CREAT | O_EXCL | O_WRONLY, 0644),
		BAD(at, path_to_make, make_flags), .before = removes_new, .how = OPENS),
	CALL_AS("openat(O_TMPFILE)", openat, RIGHT(FD_HERE, (word) ".", O_TMPFILE | O_RDWR, 0600),
		BAD(at, path_of_dir), .how = OPENS),
	CALL(openat2, RIGHT(FD_HERE, FILE_NAME, (word)&how_right, sizeof(how_right)),
	     BAD(at, path, hows, how_sizes), .how = OPENS),
	CALL(unlinkat, RIGHT(FD_HERE, (word) "old"), BAD(at, path, unlink_flags),
	     .before = makes_old),
	CALL_AS("unlinkat(AT_REMOVEDIR)", unlinkat, RIGHT(FD_HERE, (word) "gone", AT_REMOVEDIR),
		BAD(at, path_of_dir, rmdir_flags), .before = makes_dir),
	CALL(linkat, RIGHT(FD_HERE, FILE_NAME, FD_HERE, NEW_NAME),
	     BAD(at, path, at, path_to_make, flags), .before = removes_new),
	CALL(renameat2, RIGHT(FD_HERE, (word) "old", FD_HERE, NEW_NAME, RENAME_NOREPLACE),
	     BAD(at, path, at, path_to_make, rename_flags), .before = makes_old,
	     .after = exchanges_again, .exceptions = exchanges),
	CALL(mkdirat, RIGHT(FD_HERE, NEW_NAME, 0755), BAD(at, path_to_make), .before = removes_new),
	CALL(mknodat, RIGHT(FD_HERE, NEW_NAME, S_IFREG | 0644), BAD(at, path_to_make, node_kinds),
	     .before = removes_new),
	CALL(symlinkat, RIGHT((word) "target", FD_HERE, NEW_NAME), BAD(path, at, path_to_make),
	     .before = removes_new),
	CALL(chdir, RIGHT((word) "dir"), BAD(path_of_dir), .after = goes_back),
	CALL(fchdir, RIGHT(FD_DIR), BAD(fd_enter), .after = goes_back),
	CALL(chroot, RIGHT((word) "dir"), BAD(path_of_dir), .how = FORKS),
	CALL(getcwd, RIGHT(DATA, PAGE), BAD(out, small), .how = HIDES),
	CALL(readlinkat, RIGHT(FD_HERE, (word) "link", DATA, 100), BAD(at, path, out, no_size)),
	CALL(newfstatat, RIGHT(FD_HERE, FILE_NAME, DATA), BAD(at, path, out, flags)),
	CALL(statx, RIGHT(FD_HERE, FILE_NAME, 0, STATX_BASIC_STATS, DATA),
	     BAD(at, path, flags, masks, out)),
	CALL(faccessat, RIGHT(FD_HERE, FILE_NAME, R_OK), BAD(at, path, access_modes)),
	CALL(faccessat2, RIGHT(FD_HERE, FILE_NAME, R_OK), BAD(at, path, access_modes, flags)),
	CALL(fchmodat2, RIGHT(FD_HERE, FILE_NAME, 0644), BAD(at, path, NULL, flags)),
	CALL(fchmodat, RIGHT(FD_HERE, FILE_NAME, 0644), BAD(at, path)),
	CALL(fchownat, RIGHT(FD_HERE, FILE_NAME, 0, 0), BAD(at, path, NULL, NULL, flags)),
	CALL(utimensat, RIGHT(FD_HERE, FILE_NAME, (word)times), BAD(at, path, bad_times, flags),
	     .exceptions = descriptors_times),
	CALL(setxattr, RIGHT(FILE_NAME, ATTRIBUTE, DATA, 100),
	     BAD(path, attributes, in, huge, xattr_flags)),
	CALL(getxattr, RIGHT(FILE_NAME, ATTRIBUTE, DATA, 100),
	     BAD(path, attributes, out_or_null, shorter), .before = sets_attribute),
	CALL(listxattr, RIGHT(FILE_NAME, DATA, 100), BAD(path, out_or_null, shorter),
	     .before = sets_attribute),
	CALL(removexattr, RIGHT(FILE_NAME, ATTRIBUTE), BAD(path, attributes),
	     .before = sets_attribute),
	CALL(lsetxattr, RIGHT(FILE_NAME, ATTRIBUTE, DATA, 100),
	     BAD(path, attributes, in, huge, xattr_flags)),
	CALL(lgetxattr, RIGHT(FILE_NAME, ATTRIBUTE, DATA, 100),
	     BAD(path, attributes, out_or_null, shorter), .before = sets_attribute),
	CALL(llistxattr, RIGHT(FILE_NAME, DATA, 100), BAD(path, out_or_null, shorter),
	     .before = sets_attribute),
	CALL(lremovexattr, RIGHT(FILE_NAME, ATTRIBUTE), BAD(path, attributes),
	     .before = sets_attribute),
	CALL(fsetxattr, RIGHT(FD_RW, ATTRIBUTE, DATA, 100),
	     BAD(fd_any, attributes, in, huge, xattr_flags)),
	CALL(fgetxattr, RIGHT(FD_RW, ATTRIBUTE, DATA, 100),
	     BAD(fd_any, attributes, out_or_null, shorter), .before = sets_attribute),
	CALL(flistxattr, RIGHT(FD_RW, DATA, 100), BAD(fd_any, out_or_null, shorter),
	     .before = sets_attribute),
	CALL(fremovexattr, RIGHT(FD_RW, ATTRIBUTE), BAD(fd_any, attributes),
	     .before = sets_attribute),
	CALL(truncate, RIGHT(FILE_NAME, 8192), BAD(path_of_file, negative)),
	CALL(statfs, RIGHT(FILE_NAME, DATA), BAD(path, out)),
	CALL(mount, RIGHT((word) "none", (word) "dir", (word) "tmpfs"),
	     BAD(texts, path_of_dir, types, NULL, data), .before = unmounts,
	     .after = unmounts_after),
	CALL(pivot_root, RIGHT((word) "dir", (word) "dir"), BAD(path_of_dir, path_of_dir)),
	CALL(umount2, RIGHT((word) "dir"), BAD(path_of_dir, unmount_flags), .before = mounts),
	CALL(swapon, RIGHT(FILE_NAME), BAD(path, swap_flags)),
	CALL(swapoff, RIGHT(FILE_NAME), BAD(path)),
};

const struct group names_group = { .name = "names",
				   .rows = rows,
				   .count = sizeof(rows) / sizeof(rows[0]),
				   .clear = takes_all_away };
