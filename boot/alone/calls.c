/* SPDX-License-Identifier: MIT */
/* The system calls of the core without a layer: those of every kernel, and of some others the smallest form. */
#include "boot/alone/calls.h"

#include "abi/mman.h"
#include "abi/swap.h"
#include "abi/syscall.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/wall_clock.h"
#include "boot/alone/archive.h"
#include "boot/alone/files.h"
#include "boot/alone/process.h"
#include "desc/fdtable.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/fault/user_copy.h"
#include "mm/swap/swap.h"
#include "proc/exec_args.h"
#include "proc/process.h"
#include "trap/faultline_call.h"
#include "trap/file_calls.h"
#include "trap/file_io.h"
#include "trap/futex_call.h"
#include "trap/mem_calls.h"
#include "trap/poll_set.h"
#include "trap/timespec.h"

/* ---- files ---- */

/* Takes over the file's reference in any case. */
static long give_descriptor(struct file *file, bool cloexec)
{
	int fd = fdtable_install(current_thread()->fdtable, file, 0, cloexec);

	if (fd < 0)
		file_put(file);
	return fd;
}

/* The names of the archive may be longer, and cannot be said then. */
#define PATH_BYTES 256

static int alone_path(const struct trap_frame *frame, unsigned n, char path[PATH_BYTES])
{
	ssize_t length = user_copy_string(path, arg_user(frame, n), PATH_BYTES);

	return length > 0 ? 0 : length ? (int)length : -ENOENT;
}

/* All names begin at the root, which is the working directory, too. */
static long alone_openat(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 2);
	char path[PATH_BYTES];
	struct file *file;
	int err = alone_path(frame, 1, path);

	if (err)
		return err;
	err = path[0] != '/' && arg_int(frame, 0) != AT_FDCWD ? -EBADF
							      : file_memory_charge(FILE_BYTES);
	if (!err) {
		err = file_open(path, flags, &file);
		file_memory_add(-FILE_BYTES);
	}
	return err ? err : give_descriptor(file, (flags & O_CLOEXEC) != 0);
}

static long alone_memfd_create(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 1);
	struct file *file;
	int err;

	if (flags & ~(unsigned)MFD_CLOEXEC)
		return -EINVAL;
	err = file_memory_charge(2 * FILE_BYTES);
	if (err)
		return err;
	file = memory_file_create();
	file_memory_add(-2 * FILE_BYTES);
	return file ? give_descriptor(file, (flags & MFD_CLOEXEC) != 0) : -ENOMEM;
}

static long read_at(struct file *file, vaddr_t to, size_t n, uint64_t *pos)
{
	struct user_iter iter = user_iter_one(to, MIN(n, ABI_RW_MAX));

	return file_check_read(file, to, n) ?: file_transfer(file, &iter, pos, file->ops->read);
}

static long read_next(struct trap_frame *frame, struct file *file)
{
	return read_at(file, arg_user(frame, 1), arg_u64(frame, 2), NULL);
}

static long write_next(struct trap_frame *frame, struct file *file)
{
	vaddr_t from = arg_user(frame, 1);
	size_t n = arg_u64(frame, 2);
	struct user_iter iter = user_iter_one(from, MIN(n, ABI_RW_MAX));
	long err = file_check_write(file, from, n);

	if (err || (n == 0 && !file->ops->empty_writes))
		return err;
	return file_transfer(file, &iter, NULL, file->ops->write);
}

static long alone_read(struct trap_frame *frame)
{
	return with_file(frame, read_next);
}

static long alone_write(struct trap_frame *frame)
{
	return with_file(frame, write_next);
}

static long alone_pread64(struct trap_frame *frame)
{
	return file_io_at(frame, read_at);
}

static long alone_pipe2(struct trap_frame *frame)
{
	return pipe_call(frame, NULL);
}

static long alone_stat(struct trap_frame *frame, struct file *file)
{
	struct abi_stat st = { 0 };
	int err = file->ops->stat ? file->ops->stat(file, &st) : -EINVAL;

	return err ?: user_copy_out(arg_user(frame, 1), &st, sizeof(st));
}

static long alone_fstat(struct trap_frame *frame)
{
	return with_file(frame, alone_stat);
}

static long alone_set_size(struct trap_frame *frame, struct file *file)
{
	int64_t size = arg_i64(frame, 1);

	if (size < 0 || !file_writable(file) || !file->ops->truncate)
		return -EINVAL;
	return file->ops->truncate(file, (uint64_t)size);
}

static long alone_ftruncate(struct trap_frame *frame)
{
	return with_file(frame, alone_set_size);
}

/* No mask is taken, and the time that is left is not stored. */
static long alone_ppoll(struct trap_frame *frame)
{
	vaddr_t time_at = arg_user(frame, 2);
	unsigned n = arg_uint(frame, 1);
	uint64_t ns, deadline = UINT64_MAX;
	int err = time_at ? timespec_read(time_at, &ns) : 0;

	if (err)
		return err;
	if (n > current_process()->nfds_max || n > POLL_MAX || arg_user(frame, 3))
		return -EINVAL;
	if (time_at)
		deadline = ns ? clock_deadline_in(ns) : 0;
	return poll_all(arg_user(frame, 0), n, deadline);
}

/* ---- memory ---- */

static long alone_mmap(struct trap_frame *frame)
{
	return mem_map(frame, 0, NULL);
}

static long alone_mprotect(struct trap_frame *frame)
{
	return mem_protect(frame, 0);
}

/* As with Linux, "/dev/vda" is the first disk. */
static long alone_swapon(struct trap_frame *frame)
{
	static const char folder[] = "/dev/";
	struct block_device *disk;
	char path[PATH_BYTES];
	int err = arg_uint(frame, 1) & ~SWAP_FLAGS_VALID ? -EINVAL : alone_path(frame, 0, path);

	if (err)
		return err;
	disk = strncmp(path, folder, sizeof(folder) - 1) == 0
		       ? block_find(path + sizeof(folder) - 1)
		       : NULL;
	return disk ? swap_on(disk) : -ENOENT;
}

/* ---- processes ---- */

static long alone_clone(struct trap_frame *frame)
{
	return clone_alone(frame);
}

static long alone_execve(struct trap_frame *frame)
{
	struct object *object;
	struct exec_args args;
	char path[PATH_BYTES];
	int err = alone_path(frame, 0, path);

	if (err)
		return err;
	object = archive_find(path);
	exec_args_init(&args, path, current_space()->limit_stack);
	err = object ? exec_args_copy_argv(&args, arg_user(frame, 1)) : -ENOENT;
	if (!err)
		err = exec_args_copy_envp(&args, arg_user(frame, 2));
	if (!err)
		err = process_exec(object, path, &args);
	exec_args_destroy(&args);
	return err;
}

static long alone_exit(struct trap_frame *frame)
{
	process_end(ABI_W_EXITCODE(arg_int(frame, 0)), false);
}

static long alone_exit_group(struct trap_frame *frame)
{
	process_end(ABI_W_EXITCODE(arg_int(frame, 0)), true);
}

/* There are no groups, and what a child has used is not counted. */
static long alone_wait4(struct trap_frame *frame)
{
	int pid = arg_int(frame, 0), status;
	vaddr_t status_at = arg_user(frame, 1);
	unsigned options = arg_uint(frame, 2);
	long found;

	if (options & ~(unsigned)WNOHANG || arg_user(frame, 3))
		return -EINVAL;
	found = pid > 0 || pid == WAIT_ANY ? children_wait(pid, options, &status) : -ECHILD;
	if (found <= 0 || !status_at)
		return found;
	return user_copy_out(status_at, &status, sizeof(status)) ? -EFAULT : found;
}

static long alone_futex(struct trap_frame *frame)
{
	struct futex_timeout timeout = { 0 };

	return futex_make(frame, &timeout);
}

/* ---- time ---- */

static long alone_clock_gettime(struct trap_frame *frame)
{
	int clock = arg_int(frame, 0);
	struct abi_timespec t;

	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return -EINVAL;
	t = ns_to_timespec(clock == CLOCK_REALTIME ? clock_wall_ns() : clock_ns());
	return user_copy_out(arg_user(frame, 1), &t, sizeof(t));
}

/* Nothing but a kill ends it early. */
static long alone_nanosleep(struct trap_frame *frame)
{
	uint64_t ns;
	int err = timespec_read(arg_user(frame, 0), &ns);

	return err ?: sleep_until(false, MIN(clock_ns() + ns, (uint64_t)INT64_MAX));
}

/* ---- the table ---- */

#pragma GCC diagnostic ignored "-Woverride-init"
const syscall_fn alone_calls[SYS_LIMIT] = {
	[0 ... SYS_LIMIT - 1] = alone_call_other, /* all that is not below */
#define CALL(name) [SYS_##name] = sys_##name,
#include "trap/calls.def"
#undef CALL
#define OWN_CALL(name) [SYS_##name] = alone_##name,
#include "boot/alone/calls.def"
#undef OWN_CALL
};

/* What C libraries try at each start, and do without. */
static bool is_tried(unsigned long number)
{
	static const unsigned short tried[] = {
		SYS_set_robust_list, SYS_rseq,		 SYS_prlimit64,
		SYS_readlinkat,	     SYS_newfstatat,	 SYS_getrandom,
		SYS_rt_sigaction,    SYS_rt_sigprocmask, SYS_rt_sigpending,
		SYS_rt_sigqueueinfo, SYS_rt_sigsuspend,	 SYS_rt_sigtimedwait,
		SYS_rt_sigreturn,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(tried); i++)
		if (tried[i] == number)
			return true;
	return false;
}

static long alone_query_process(const struct faultline_query *q)
{
	struct process *self = current_process();
	struct faultline_process process = { .pid = self->pid, .state = FAULTLINE_ALIVE };

	str_copy(process.name, current_thread()->name, sizeof(process.name));
	faultline_space(&self->uspace->space, &process);
	return faultline_answer(q, &process, sizeof(process));
}

/* A process may ask about itself, and walk its own tables. */
static long alone_faultline(struct trap_frame *frame)
{
	struct faultline_query q = faultline_query_of(frame);

	if (q.what != FAULTLINE_WALK && q.what != FAULTLINE_PROCESS)
		return faultline_answer_query(&q);
	if (q.which != 0 && q.which != (uint64_t)current_process()->pid)
		return -EPERM;
	return q.what == FAULTLINE_WALK ? faultline_walk(&q, current_process()->uspace)
					: alone_query_process(&q);
}

/* Each number has one line in the log, and one bit here; those beyond the table share the last one. Atomic. */
static uint64_t told[SYS_LIMIT / 64 + 1];

long alone_call_other(struct trap_frame *frame)
{
	unsigned long number = frame_syscall(frame), n = MIN(number, (unsigned long)SYS_LIMIT);
	uint64_t bit = 1ul << n % 64;

	if (number == SYS_faultline)
		return alone_faultline(frame);
	if (is_tried(number) || __atomic_fetch_or(&told[n / 64], bit, __ATOMIC_RELAXED) & bit)
		return -ENOSYS;
	log_warn("trap",
		 "%s[%d]: system call %lu is one of the Linux layer, which this kernel is without",
		 current_thread()->name, current_process()->pid, number);
	return -ENOSYS;
}
