/* SPDX-License-Identifier: MIT */
/* System calls on paths and files: open, links, directories, stat, access, ftruncate. */
#include "abi/limits.h"
#include "abi/openat2.h"
#include "abi/stat.h"
#include "abi/swap.h"
#include "desc/fdtable.h"
#include "desc/pipe.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/dev/dev.h"
#include "linux/fs/dev/served.h"
#include "linux/fs/file/fifo.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/tmpfs/memfd.h"
#include "linux/fs/vfs/attr.h"
#include "linux/fs/vfs/namei.h"
#include "linux/fs/vfs/open.h"
#include "linux/fs/vfs/process_fs.h"
#include "linux/process/cred.h"
#include "linux/sys/at_path.h"
#include "linux/sys/calls.h"
#include "linux/sys/versioned.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "mm/swap/swap.h"
#include "proc/exe.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/swapoff.h"
#include "trap/arg_file.h"

/* As on Linux, openat ignores other flags. */
#define OPEN_FLAGS                                                                             \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |  \
	 O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | \
	 O_PATH | O_TMPFILE)

/* The descriptor is reserved first, so that a full table leaves no file created or truncated. */
static long open_at(const struct at_path *at, unsigned flags, unsigned mode, unsigned resolve)
{
	struct fdtable *table = current_thread()->fdtable;
	int fd = fdtable_reserve(table, 0, (flags & O_CLOEXEC) != 0);
	struct file *file;
	int err;

	if (fd < 0)
		return fd;
	err = file_memory_charge(FILE_BYTES);
	if (err == 0) {
		err = fs_open_resolve(at->dir, at->path, flags, mode & ~process_umask(), resolve,
				      &file);
		file_memory_add(-FILE_BYTES);
	}
	if (err) {
		fdtable_unreserve(table, fd);
		return err;
	}
	fdtable_fill(table, fd, file);
	return fd;
}

long sys_openat(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 2) & OPEN_FLAGS;
	struct at_path at;
	long fd = fs_open_check_flags(flags);

	if (fd == 0)
		fd = at_path_get(frame, 0, PATH_NAMES, &at);
	if (fd)
		return fd;
	fd = open_at(&at, flags, arg_uint(frame, 3), 0);
	at_path_put(&at);
	return fd;
}

/* What openat2 refuses, and openat takes to mean something else; in Linux's order. */
static long check_how(const struct abi_open_how *how)
{
	const unsigned makes = O_CREAT | (O_TMPFILE & ~O_DIRECTORY);
	const uint64_t resolve = how->resolve;
	long err;

	if ((how->flags & ~(uint64_t)OPEN_FLAGS) || (resolve & ~(uint64_t)RESOLVE_VALID) ||
	    (resolve & RESOLVE_SCOPED) == RESOLVE_SCOPED)
		return -EINVAL;
	if (how->mode & ~(uint64_t)(how->flags & makes ? S_IALLUGO : 0))
		return -EINVAL;
	err = fs_open_check_flags((unsigned)how->flags & ~(unsigned)O_PATH);
	if (err)
		return err;
	if ((how->flags & O_PATH) &&
	    (how->flags & ~(uint64_t)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
		return -EINVAL;
	return (resolve & RESOLVE_CACHED) && (how->flags & (O_TRUNC | makes)) ? -EAGAIN : 0;
}

long sys_openat2(struct trap_frame *frame)
{
	uint64_t size = arg_u64(frame, 3);
	struct abi_open_how how;
	struct at_path at;
	long fd;

	if (size < sizeof(how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	fd = arg_versioned(&how, sizeof(how), arg_user(frame, 2), size);
	if (fd == 0)
		fd = check_how(&how);
	if (fd == 0)
		fd = at_path_get(frame, 0, PATH_NAMES, &at);
	if (fd)
		return fd;
	if (how.resolve & RESOLVE_IN_ROOT)
		fd = at_path_need_dir(arg_int(frame, 0), &at);
	if (fd == 0)
		fd = open_at(&at, (unsigned)how.flags, (unsigned)how.mode, (unsigned)how.resolve);
	at_path_put(&at);
	return fd;
}

#define SHORT_PATH 256u /* length that getcwd tries on the stack first */

long sys_unlinkat(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 2);
	struct at_path at;
	long err;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	err = at_path_get(frame, 0, PATH_NAMES, &at);
	if (err)
		return err;
	err = flags & AT_REMOVEDIR ? fs_rmdir(at.dir, at.path) : fs_unlink(at.dir, at.path);
	at_path_put(&at);
	return err;
}

/* The new name causes the error `err`, but an error of the old name comes first. */
static long link_refusal(const struct at_path *from, unsigned flags, long err)
{
	struct abi_stat st;
	int first = 0;

	if (from->path[0] != '\0')
		first = fs_stat(from->dir, from->path, (flags & AT_SYMLINK_FOLLOW) != 0, &st);
	return first ? first : err;
}

long sys_linkat(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 4);
	struct at_path from, to;
	long err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = at_path_get(frame, 0, flags & AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : PATH_NAMES, &from);
	if (err)
		return err;
	err = at_path_get(frame, 2, PATH_NAMES, &to);
	if (err) {
		err = link_refusal(&from, flags, err);
		goto put_from;
	}
	if (from.path[0] == '\0')
		err = fs_link_file(from.dir, to.dir, to.path);
	else
		err = fs_link(from.dir, from.path, (flags & AT_SYMLINK_FOLLOW) != 0, to.dir,
			      to.path);
	at_path_put(&to);
put_from:
	at_path_put(&from);
	return err;
}

/* RENAME_WHITEOUT makes what only overlay file systems understand: it is refused. */
long sys_renameat2(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 4);
	struct at_path from, to;
	long err;

	if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	err = at_path_get(frame, 0, PATH_NAMES, &from);
	if (err)
		return err;
	err = at_path_get(frame, 2, PATH_NAMES, &to);
	if (err == 0) {
		err = fs_rename(from.dir, from.path, to.dir, to.path, flags);
		at_path_put(&to);
	} else {
		/* An error on the way to the old name comes first. */
		/* cppcheck-suppress selfAssignment ; it keeps its value only if the first is 0 */
		err = fs_check_parent(from.dir, from.path) ?: err;
	}
	at_path_put(&from);
	return err;
}

long sys_mkdirat(struct trap_frame *frame)
{
	struct at_path at;
	long err = at_path_get(frame, 0, PATH_NAMES, &at);

	if (err)
		return err;
	err = fs_mkdir(at.dir, at.path, arg_uint(frame, 2) & ~process_umask());
	at_path_put(&at);
	return err;
}

long sys_mknodat(struct trap_frame *frame)
{
	struct at_path at;
	long err = fs_may_mknod(arg_uint(frame, 2));

	err = err ?: at_path_get(frame, 0, PATH_NAMES, &at);
	if (err)
		return err;
	err = fs_mknod(at.dir, at.path, arg_uint(frame, 2) & ~process_umask(), arg_uint(frame, 3));
	at_path_put(&at);
	return err;
}

long sys_ipc_name(struct trap_frame *frame)
{
	struct file *send = arg_file(frame, 3);
	struct at_path at;
	long err;

	if (!send)
		return -EBADF;
	err = at_path_get(frame, 0, PATH_NAMES, &at);
	if (err == 0) {
		err = served_name(at.dir, at.path, arg_uint(frame, 2) & ~process_umask(), send);
		at_path_put(&at);
	}
	file_put(send);
	return err;
}

long sys_symlinkat(struct trap_frame *frame)
{
	char *target;
	struct at_path at;
	long err = arg_path(frame, 0, &target);

	if (err)
		return err;
	err = at_path_get(frame, 1, PATH_NAMES, &at);
	if (err == 0) {
		err = fs_symlink(target, at.dir, at.path);
		at_path_put(&at);
	}
	kfree(target);
	return err;
}

/* Stores the target in at->path, which is not needed after the lookup. Returns its length. */
static ssize_t read_link(struct at_path *at)
{
	if (at->path[0] == '\0')
		return fs_readlink_file(at->dir, at->path);
	return fs_readlink(at->dir, at->path, at->path);
}

long sys_readlinkat(struct trap_frame *frame)
{
	int size = arg_int(frame, 3);
	struct at_path at;
	long len;

	if (size <= 0)
		return -EINVAL;
	len = at_path_get(frame, 0, PATH_MAY_BE_EMPTY, &at);
	if (len)
		return len;
	len = read_link(&at);
	if (len >= 0) {
		len = MIN(len, (long)size);
		if (user_copy_out(arg_user(frame, 2), at.path, (size_t)len) != 0)
			len = -EFAULT;
	}
	at_path_put(&at);
	return len;
}

long sys_chdir(struct trap_frame *frame)
{
	struct file *dir;
	struct at_path at;
	long err = cwd_path_get(frame, 0, &at);

	if (err)
		return err;
	err = fs_open_cwd(at.dir, at.path, &dir);
	at_path_put(&at);
	if (err)
		return err;
	process_set_cwd(dir);
	return 0;
}

/*
 * The working directory is an open file of its own, so that reading the descriptor moves nothing.
 */
long sys_fchdir(struct trap_frame *frame)
{
	struct file *file = arg_file_any(frame, 0);
	struct file *dir;
	long err;

	if (!file)
		return -EBADF;
	err = fs_open_cwd(file, ".", &dir);
	file_put(file);
	if (err)
		return err;
	process_set_cwd(dir);
	return 0;
}

long sys_chroot(struct trap_frame *frame)
{
	struct at_path at;
	long err = cwd_path_get(frame, 0, &at);

	if (err)
		return err;
	err = process_chroot(at.dir, at.path);
	at_path_put(&at);
	return err;
}

static long getcwd_to(vaddr_t user, size_t size, char *buf, size_t buf_size)
{
	struct file *cwd = process_cwd();
	ssize_t len = fs_getcwd(cwd, buf, buf_size);

	file_put(cwd);
	if (len < 0)
		return len;
	/* -EOVERFLOW: the program's buffer is too small. -ERANGE: buf is too small. */
	if ((size_t)len > size)
		return -EOVERFLOW;
	return user_copy_out(user, buf, (size_t)len) != 0 ? -EFAULT : len;
}

long sys_getcwd(struct trap_frame *frame)
{
	vaddr_t user = arg_user(frame, 0);
	uint64_t size = arg_u64(frame, 1);
	char few[SHORT_PATH];
	long len = getcwd_to(user, size, few, sizeof(few));
	char *path;

	if (len == -ERANGE) {
		path = mem_wait_kmalloc(PATH_MAX);
		if (!path)
			return -ENOMEM;
		len = getcwd_to(user, size, path, PATH_MAX);
		kfree(path);
		if (len == -ERANGE)
			return -ENAMETOOLONG;
	}
	return len == -EOVERFLOW ? -ERANGE : len;
}

#define STAT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)

static long stat_file(struct file *file, struct abi_stat *st)
{
	if (unlikely(file_is_nameless_pipe(file)))
		return pipe_file_stat(file, st);
	return file->ops->stat ? file->ops->stat(file, st) : -EINVAL;
}

static long put_stat(vaddr_t user, long err, const struct abi_stat *st)
{
	return err ? err : user_copy_out(user, st, sizeof(*st));
}

long sys_fstat(struct trap_frame *frame)
{
	struct file *file = arg_file_any(frame, 0);
	struct abi_stat st;
	long err;

	if (!file)
		return -EBADF;
	err = stat_file(file, &st);
	file_put(file);
	return put_stat(arg_user(frame, 1), err, &st);
}

/* Examines what the path in arguments 0 and 1 names, or with AT_EMPTY_PATH the descriptor. */
static long stat_at(const struct trap_frame *frame, unsigned flags, struct abi_stat *st)
{
	struct at_path at;
	long err;

	if (flags & ~STAT_FLAGS)
		return -EINVAL;
	err = at_path_get(frame, 0, flags & AT_EMPTY_PATH ? PATH_MAY_BE_NULL : PATH_NAMES, &at);
	if (err)
		return err;
	if (at.path[0] == '\0')
		err = stat_file(at.dir, st);
	else
		err = fs_stat(at.dir, at.path, !(flags & AT_SYMLINK_NOFOLLOW), st);
	at_path_put(&at);
	return err;
}

long sys_newfstatat(struct trap_frame *frame)
{
	struct abi_stat st;
	long err = stat_at(frame, arg_uint(frame, 3), &st);

	return put_stat(arg_user(frame, 2), err, &st);
}

static struct abi_statx_time statx_time(int64_t sec, uint64_t nsec)
{
	return (struct abi_statx_time){ .sec = sec, .nsec = (uint32_t)nsec };
}

/* All that is known, whatever was asked for: as on Linux the mask of the result tells. */
static struct abi_statx to_statx(const struct abi_stat *st)
{
	return (struct abi_statx){
		.mask = STATX_BASIC_STATS,
		.blksize = (uint32_t)st->blksize,
		.nlink = st->nlink,
		.uid = st->uid,
		.gid = st->gid,
		.mode = (uint16_t)st->mode,
		.ino = st->ino,
		.size = (uint64_t)st->size,
		.blocks = (uint64_t)st->blocks,
		.atime = statx_time(st->atime, st->atime_nsec),
		.ctime = statx_time(st->ctime, st->ctime_nsec),
		.mtime = statx_time(st->mtime, st->mtime_nsec),
		.rdev_major = ABI_MAJOR(st->rdev),
		.rdev_minor = ABI_MINOR(st->rdev),
		.dev_major = ABI_MAJOR(st->dev),
		.dev_minor = ABI_MINOR(st->dev),
	};
}

long sys_statx(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 2);
	struct abi_statx stx;
	struct abi_stat st;
	long err;

	if ((arg_uint(frame, 3) & STATX_RESERVED) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	err = stat_at(frame, flags, &st);
	if (err)
		return err;
	stx = to_statx(&st);
	return user_copy_out(arg_user(frame, 4), &stx, sizeof(stx));
}

static long access_at(const struct trap_frame *frame, unsigned flags)
{
	unsigned mode = arg_uint(frame, 2);
	struct at_path at;
	long err;

	if ((mode & ~(unsigned)(R_OK | W_OK | X_OK)) ||
	    (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	err = at_path_get(frame, 0, flags & AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : PATH_NAMES, &at);
	if (err)
		return err;
	err = fs_access(at.dir, at.path, flags, mode);
	at_path_put(&at);
	return err;
}

long sys_faccessat(struct trap_frame *frame)
{
	return access_at(frame, 0);
}

long sys_faccessat2(struct trap_frame *frame)
{
	return access_at(frame, arg_uint(frame, 3));
}

static long getdents(struct trap_frame *frame, struct file *file)
{
	int n = arg_int(frame, 2);
	long done;

	if (!file->ops->getdents)
		return -ENOTDIR;
	done = mutex_lock_killable(&file->lock);
	if (done)
		return done;
	done = file->ops->getdents(file, arg_user(frame, 1), n > 0 ? (size_t)n : 0);
	mutex_unlock(&file->lock);
	if (done != -ENOENT) /* as on Linux, too small a buffer counts */
		notify_file(file, IN_ACCESS);
	return done;
}

long sys_getdents64(struct trap_frame *frame)
{
	return with_file(frame, getdents);
}

long sys_ftruncate(struct trap_frame *frame)
{
	int64_t size = arg_i64(frame, 1);
	struct file *file;
	long err = -EINVAL;

	if (size < 0)
		return -EINVAL;
	file = arg_file(frame, 0);
	if (!file)
		return -EBADF;
	if (file_writable(file) && file->ops->truncate)
		err = file->ops->truncate(file, (uint64_t)size);
	if (err == 0)
		notify_file(file, IN_MODIFY);
	file_put(file);
	return err;
}

/* Finds the disk that the path in argument 0 names, for a thread that may change the swap area. */
static long arg_disk(const struct trap_frame *frame, struct block_device **disk_ret)
{
	struct at_path at;
	long err = capable(CAP_SYS_ADMIN) ? cwd_path_get(frame, 0, &at) : -EPERM;

	if (err)
		return err;
	err = dev_find_disk(at.dir, at.path, disk_ret);
	at_path_put(&at);
	return err;
}

/* As on Linux, flags are checked before the path. There is one area, so they choose nothing. */
long sys_swapon(struct trap_frame *frame)
{
	struct block_device *disk;

	if (arg_uint(frame, 1) & ~SWAP_FLAGS_VALID)
		return -EINVAL;
	return arg_disk(frame, &disk) ?: swap_on(disk);
}

long sys_swapoff(struct trap_frame *frame)
{
	struct block_device *disk;

	return arg_disk(frame, &disk) ?: process_swap_off(disk);
}
