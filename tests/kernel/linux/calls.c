/* SPDX-License-Identifier: MIT */
/* System calls, one after the other from one program: none keeps what it took, a lock, a file or memory. */
#include "abi/errno.h"
#include "abi/faultline.h"
#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "abi/ipc.h"
#include "abi/mman.h"
#include "abi/prctl.h"
#include "abi/reboot.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/signal.h"
#include "abi/stat.h"
#include "abi/syscall.h"
#include "abi/syslog.h"
#include "abi/wait.h"
#include "base/log.h"
#include "desc/fdtable.h"
#include "desc/file.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/process/process_ops.h"
#include "mm/fault/user_copy.h"
#include "proc/process.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/user_program.h"

struct call {
	uint64_t number, args[6];
	long expected;
};

#define CALLS_MAX 120
#define A5	  15u

/* if (a != b) skip n instructions; both ways */
#define CODE_B(funct, a, b, n)                                                                 \
	((uint32_t)((n)*4 >> 11 & 1) << 7 | (uint32_t)((n)*4 >> 1 & 0xf) << 8 |                \
	 (uint32_t)((n)*4 >> 5 & 0x3f) << 25 | (uint32_t)((n)*4 >> 12 & 1) << 31 | (b) << 20 | \
	 (a) << 15 | (uint32_t)(funct) << 12 | 0x63u)
#define BEQ(a, b, n) CODE_B(0, a, b, n)
#define BNE(a, b, n) CODE_B(1, a, b, n)

/* Makes the calls of the data page, up to number 0; exits with the place of the first that answers wrong. */
PROGRAM(makes_calls, LUI(T0, DATA_PAGES), LD(A7, 0, T0), BEQ(A7, ZERO, 13), LD(A0, 8, T0),
	LD(A1, 16, T0), LD(A2, 24, T0), LD(A3, 32, T0), LD(A4, 40, T0), LD(A5, 48, T0), ECALL,
	LD(A1, 56, T0), BNE(A0, A1, 7), ADDI(T0, T0, 64), ADDI(T1, T1, 1), BEQ(ZERO, ZERO, -13),
	EXIT(0), ADDI(A0, T1, 1), EXIT_A0);

/* Behind the calls, on pages of their own: strings, zeros, and room for answers. */
#define TEXT_AT	 0x30000ul
#define DIR	 (TEXT_AT + 0)
#define FILE	 (TEXT_AT + 16)
#define OTHER	 (TEXT_AT + 32)
#define PROG	 (TEXT_AT + 48)
#define MISSING	 (TEXT_AT + 64)
#define ROOT	 (TEXT_AT + 80)
#define EMPTY	 (TEXT_AT + 96)
#define UP	 (TEXT_AT + 112)
#define USR1	 (TEXT_AT + 128) /* SIGUSR1 as a set */
#define LONG	 (TEXT_AT + 144)
#define CHILD_AT (TEXT_AT + 400) /* of clone3: in another cgroup */
#define WISH(n)	 (TEXT_AT + 512 + (n) * sizeof(struct abi_sched_attr))
#define NO_LIMIT (TEXT_AT + 1024)
#define ZEROS	 (TEXT_AT + PAGE_SIZE)
#define BUF	 (TEXT_AT + 2 * PAGE_SIZE)
#define MAP_AT	 0x40000ul
#define BAD	 1ul
#define PUNCH	 (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define MOVE	 (MREMAP_MAYMOVE | MREMAP_FIXED)
#define HERE	 (uint64_t) AT_FDCWD
#define MODE_ALL 0755

static const char texts[][16] = { "/calls", "f", "o", "prog", "none", "/", "", "..", "\0\2" };

/* What the scheduler does not do. */
static const struct abi_sched_attr wishes[] = {
	{ .size = 48, .policy = SCHED_DEADLINE, .runtime = 1 << 20, .deadline = 1 << 24 },
	{ .size = 56, .flags = SCHED_FLAG_UTIL_CLAMP_MIN },
};

static const struct abi_clone_args in_cgroup = { .flags = CLONE_INTO_CGROUP };

static const struct abi_rlimit64 no_limit = { RLIM_INFINITY, RLIM_INFINITY };

/* A name of which two make a path that is no short one. */
#define LONG_LEN 200

static bool put_texts(void)
{
	char name[LONG_LEN + 1];

	memset(name, 'n', LONG_LEN);
	name[LONG_LEN] = '\0';
	return user_copy_out(TEXT_AT, texts, sizeof(texts)) == 0 &&
	       user_copy_out(WISH(0), wishes, sizeof(wishes)) == 0 &&
	       user_copy_out(NO_LIMIT, &no_limit, sizeof(no_limit)) == 0 &&
	       user_copy_out(CHILD_AT, &in_cgroup, sizeof(in_cgroup)) == 0 &&
	       user_copy_out(LONG, name, sizeof(name)) == 0;
}

static int calls_main(void *arg)
{
	static const struct program *program = &makes_calls;
	struct uspace *us = current_process()->uspace;
	long at, more;

	if (program_load(program))
		return 99;
	uspace_lock(us);
	at = space_map(us, TEXT_AT, 3 * PAGE_SIZE, READ_WRITE, 0);
	more = space_map(us, DATA_AT + PAGE_SIZE, PAGE_SIZE, READ_WRITE, 0);
	uspace_unlock(us);
	if (at < 0 || more < 0 || !put_texts() ||
	    user_copy_out(DATA_AT, arg, CALLS_MAX * sizeof(struct call)))
		return 99;
	ktest_enter(CODE_AT, 0);
}

/* Makes the calls with all descriptors but the first set aside, as a call that is under way does. */
static struct fdtable *full;

static int calls_main_full(void *arg)
{
	full = current_thread()->fdtable;
	while (fdtable_reserve(full, 1, false) >= 0)
		;
	return calls_main(arg);
}

/* That call ends before its process. */
static const struct process_fs_ops *real_fs;

static void exit_full(struct thread *thread)
{
	for (int fd = 1; full && thread->fdtable == full && fd < KTEST_FILES; fd++)
		fdtable_unreserve(full, fd);
	real_fs->exit(thread);
}

static void expect_calls_of(int (*fn)(void *arg), const struct call *calls, size_t n)
{
	static struct call all[CALLS_MAX];

	ASSERT_TRUE(n < CALLS_MAX);
	memset(all, 0, sizeof(all));
	memcpy(all, calls, n * sizeof(*calls));
	EXPECT_EQ(EXITED(0), ktest_run(fn, all));
}

static void expect_calls(const struct call *calls, size_t n)
{
	expect_calls_of(calls_main, calls, n);
}

KTEST(calls_about_files_give_back_what_they_took)
{
	static const struct call calls[] = {
		{ SYS_mkdirat, { HERE, DIR, MODE_ALL }, 0 },
		{ SYS_openat, { HERE, DIR, O_DIRECTORY }, 0 },
		{ SYS_chdir, { DIR }, 0 },
		{ SYS_chdir, { MISSING }, -ENOENT },
		{ SYS_openat, { 0, FILE, O_CREAT | O_RDWR, 0644 }, 1 },
		{ SYS_openat, { HERE, FILE, O_RDWR }, 2 },
		{ SYS_openat, { 77, FILE, O_RDWR }, -EBADF },
		{ SYS_openat, { HERE, BAD, O_RDWR }, -EFAULT },
		{ SYS_openat, { HERE, EMPTY, O_RDWR }, -ENOENT },
		{ SYS_write, { 1, ZEROS, 100 }, 100 },
		{ SYS_pwrite64, { 1, ZEROS, 10, 5 }, 10 },
		{ SYS_lseek, { 1, 0, SEEK_SET }, 0 },
		{ SYS_read, { 1, BUF, 100 }, 100 },
		{ SYS_pread64, { 1, BUF, 10, 0 }, 10 },
		{ SYS_read, { 0, BUF, 100 }, -EISDIR },
		{ SYS_fstat, { 1, BUF }, 0 },
		{ SYS_newfstatat, { HERE, FILE, BUF, 0 }, 0 },
		{ SYS_newfstatat, { HERE, MISSING, BUF, 0 }, -ENOENT },
		{ SYS_statx, { HERE, FILE, 0, 0, BUF }, 0 },
		{ SYS_statx, { HERE, MISSING, 0, 0, BUF }, -ENOENT },
		{ SYS_ftruncate, { 1, 50 }, 0 },
		{ SYS_getdents64, { 0, BUF, 256 }, 72 },
		{ SYS_getdents64, { 1, BUF, 256 }, -ENOTDIR },
		{ SYS_readv, { 1, ZEROS, 9 }, 0 },
		{ SYS_writev, { 1, ZEROS, 9 }, 0 },
		{ SYS_writev, { 1, BAD, 9 }, -EFAULT },
		{ SYS_getcwd, { BUF, 256 }, 7 },
		{ SYS_mount, { FILE, DIR, BAD, 0, 0 }, -EFAULT },
		{ SYS_mount, { BAD, DIR, FILE, 0, 0 }, -EFAULT },
		{ SYS_mount, { FILE, DIR, FILE, 0, BAD }, -EFAULT },
		{ SYS_mount, { FILE, DIR, FILE, 0, ZEROS }, -ENODEV },
		{ SYS_dup, { 1 }, 3 },
		{ SYS_dup3, { 1, 10, 0 }, 10 },
		{ SYS_dup3, { 2, 10, 0 }, 10 },
		{ SYS_fcntl, { 1, F_DUPFD, 20 }, 20 },
		{ SYS_fcntl, { 1, F_SETFL, 0 }, 0 },
		{ SYS_fcntl, { 1, F_SETFD, FD_CLOEXEC }, 0 },
		{ SYS_fcntl, { 1, F_GETFD }, FD_CLOEXEC },
		{ SYS_ioctl, { 1, FIONCLEX }, 0 },
		{ SYS_ioctl, { 1, TCGETS, BUF }, -ENOTTY },
		{ SYS_ioctl, { 1, FIONBIO, ZEROS }, 0 },
		{ SYS_fcntl, { 2, F_DUPFD, 30 }, 30 },
		{ SYS_close, { 2 }, 0 },
		{ SYS_close, { 10 }, 0 },
		{ SYS_lseek, { 30, 7, SEEK_SET }, 7 }, /* the only one left for that file */
		{ SYS_fallocate, { 30, 0, 0, 10 }, 0 },
		{ SYS_fallocate, { 30, 0, 0, 0 }, -EINVAL },
		{ SYS_fallocate, { 30, PUNCH, 0, 10 }, 0 },
		{ SYS_fsync, { 30 }, 0 },
		{ SYS_pipe2, { BAD, 0 }, -EFAULT },
		{ SYS_pipe2, { BUF, 0 }, 0 }, /* 2 and 4 */
		{ SYS_ioctl, { 2, FIONREAD, BUF }, 0 },
		{ SYS_sendfile, { 30, 30, 0, 0 }, 0 },
		{ SYS_sendfile, { 30, 30, BAD, 5 }, -EFAULT },
		{ SYS_pselect6, { 1, ZEROS, ZEROS, ZEROS, ZEROS }, 0 },
		{ SYS_pselect6, { 1, BAD, 0, 0, ZEROS }, -EFAULT },
		{ SYS_eventfd2, { 1, 1 }, 5 },
		{ SYS_read, { 5, BAD, 8 }, -EFAULT },
		{ SYS_timerfd_create, { 1, 0 }, 6 },
		{ SYS_timerfd_settime, { 6, 0, BAD, 0 }, -EFAULT },
		{ SYS_timerfd_settime, { 6, 0, ZEROS, BAD }, -EFAULT },
		{ SYS_timerfd_gettime, { 6, BUF }, 0 },
		{ SYS_close, { 6 }, 0 },
		{ SYS_signalfd4, { -1, ZEROS, 8, 0 }, 6 },
		{ SYS_signalfd4, { 6, ZEROS, 8, 0 }, 6 },
		{ SYS_close, { 6 }, 0 },
		{ SYS_pidfd_open, { 1, 0 }, 6 },
		{ SYS_pidfd_open, { PID_MAX, 0 }, -ESRCH },
		{ SYS_pidfd_send_signal, { 6, 0, 0, 0 }, 0 },
		{ SYS_pidfd_send_signal, { 6, 0, BAD, 0 }, -EFAULT },
		{ SYS_pidfd_send_signal, { 5, 0, 0, 0 }, -EBADF },
		{ SYS_waitid, { P_PIDFD, 6, 0, WEXITED, 0 }, -ECHILD },
		{ SYS_waitid, { P_PIDFD, 5, 0, WEXITED, 0 }, -EBADF },
		{ SYS_close, { 6 }, 0 },
		{ SYS_inotify_init1, { O_NONBLOCK }, 6 },
		{ SYS_inotify_add_watch, { 6, BAD, 1 }, -EFAULT },
		{ SYS_inotify_add_watch, { 6, MISSING, 1 }, -ENOENT },
		{ SYS_inotify_add_watch, { 6, FILE, 4 }, 1 },
		{ SYS_inotify_add_watch, { 6, FILE, 0xfff }, 1 },
		{ SYS_inotify_add_watch, { 6, UP, 0xfff }, 2 },
		{ SYS_ftruncate, { 30, 20 }, 0 },
		{ SYS_read, { 6, BUF, 100 }, 16 },
		{ SYS_inotify_rm_watch, { 6, 2 }, 0 },
		{ SYS_inotify_rm_watch, { 6, 2 }, -EINVAL },
		{ SYS_inotify_rm_watch, { 5, 1 }, -EINVAL },
		{ SYS_close, { 6 }, 0 },
		{ SYS_epoll_create1, { 0 }, 6 },
		{ SYS_epoll_ctl, { 6, 1, 5, ZEROS }, 0 },
		{ SYS_epoll_ctl, { 6, 1, 2, ZEROS }, 0 },
		{ SYS_epoll_ctl, { 6, 1, 2, ZEROS }, -EEXIST },
		{ SYS_epoll_ctl, { 6, 3, 4, ZEROS }, -ENOENT },
		{ SYS_epoll_ctl, { 6, 2, 2, 0 }, 0 },
		{ SYS_epoll_ctl, { 6, 1, 6, ZEROS }, -EINVAL },
		{ SYS_epoll_pwait, { 6, BUF, 1, 0, 0, 0 }, 0 },
		{ SYS_close, { 5 }, 0 },
		{ SYS_close, { 6 }, 0 },
		{ SYS_ppoll, { ZEROS, 1, ZEROS }, 0 },
		{ SYS_ppoll, { ZEROS, 200, ZEROS }, 0 },
		{ SYS_ppoll, { BAD, 200, ZEROS }, -EFAULT },
		{ SYS_ppoll, { ZEROS, 1025, ZEROS }, -EINVAL },
		{ SYS_ppoll, { ZEROS, 1, ZEROS, USR1, 8 }, 0 },
		{ SYS_faccessat, { HERE, FILE, R_OK }, 0 },
		{ SYS_faccessat, { HERE, MISSING, R_OK }, -ENOENT },
		{ SYS_faccessat, { 77, FILE, R_OK }, -EBADF },
		{ SYS_linkat, { HERE, FILE, HERE, OTHER, 0 }, 0 },
		{ SYS_linkat, { HERE, FILE, HERE, OTHER, 0 }, -EEXIST },
		{ SYS_linkat, { HERE, FILE, HERE, BAD, 0 }, -EFAULT },
		{ SYS_readlinkat, { HERE, FILE, BUF, 10 }, -EINVAL },
		{ SYS_mknodat, { HERE, PROG, S_IFREG | MODE_ALL }, 0 },
		{ SYS_execve, { BAD, 0, 0 }, -EFAULT },
		{ SYS_execve, { MISSING, 0, 0 }, -ENOENT },
		{ SYS_execve, { PROG, BAD, 0 }, -EFAULT },
		{ SYS_execve, { PROG, 0, 0 }, -ENOEXEC },
		{ SYS_unlinkat, { HERE, FILE, 0 }, 0 },
		{ SYS_unlinkat, { HERE, FILE, 0 }, -ENOENT },
		{ SYS_unlinkat, { HERE, OTHER, 0 }, 0 },
		{ SYS_unlinkat, { HERE, PROG, 0 }, 0 },
		{ SYS_chdir, { ROOT }, 0 },
		{ SYS_unlinkat, { HERE, DIR, AT_REMOVEDIR }, 0 },
	};

	expect_calls(calls, ARRAY_SIZE(calls));
}

KTEST(calls_about_queues_give_back_what_they_took)
{
	static const struct call calls[] = {
		{ SYS_setrlimit, { RLIMIT_MSGQUEUE, NO_LIMIT }, 0 },
		{ SYS_mq_open, { FILE, O_RDWR, 0, 0 }, -ENOENT },
		{ SYS_mq_open, { DIR, O_RDWR | O_CREAT, 0600, 0 }, -EACCES },
		{ SYS_mq_open, { BAD, O_RDWR, 0, 0 }, -EFAULT },
		{ SYS_mq_open, { FILE, O_RDWR, 0, BAD }, -EFAULT },
		{ SYS_mq_open, { FILE, O_RDWR | O_CREAT, 0600, ZEROS }, -EINVAL },
		{ SYS_mq_open, { FILE, O_RDWR | O_CREAT | O_NONBLOCK, 0600, 0 }, 0 },
		{ SYS_mq_open, { FILE, O_RDWR | O_CREAT | O_EXCL, 0600, 0 }, -EEXIST },
		{ SYS_mq_open, { FILE, O_RDONLY, 0, 0 }, 1 },
		{ SYS_mq_timedreceive, { 0, BUF, 8192, 0, ZEROS }, -EAGAIN },
		{ SYS_mq_timedreceive, { 1, BUF, 8192, 0, ZEROS }, -ETIMEDOUT },
		{ SYS_mq_timedreceive, { 0, BUF, 8191, 0, 0 }, -EMSGSIZE },
		{ SYS_mq_timedsend, { 0, ZEROS, 8, 3, 0 }, 0 },
		{ SYS_mq_timedsend, { 0, ZEROS, 0, 0, ZEROS }, 0 },
		{ SYS_mq_timedsend, { 0, BAD, 8, 3, 0 }, -EFAULT },
		{ SYS_mq_timedsend, { 0, ZEROS, 8193, 3, 0 }, -EMSGSIZE },
		{ SYS_mq_timedsend, { 0, ZEROS, 8, 32768, 0 }, -EINVAL },
		{ SYS_mq_timedsend, { 1, ZEROS, 8, 3, 0 }, -EBADF },
		{ SYS_mq_timedreceive, { 1, BUF, 8192, BAD, 0 }, -EFAULT },
		{ SYS_mq_timedreceive, { 1, BUF, 8192, BUF, 0 }, 0 },
		{ SYS_mq_getsetattr, { 0, ZEROS, BUF }, 0 },
		{ SYS_mq_getsetattr, { 0, 0, BAD }, -EFAULT },
		{ SYS_mq_notify, { 0, ZEROS }, 0 },
		{ SYS_mq_notify, { 1, ZEROS }, -EBUSY },
		{ SYS_mq_timedsend, { 0, ZEROS, 8, 3, 0 }, 0 },
		{ SYS_mq_notify, { 0, ZEROS }, 0 },
		{ SYS_read, { 1, BUF, 100 }, 60 },
		{ SYS_close, { 1 }, 0 },
		{ SYS_mq_unlink, { FILE }, 0 },
		{ SYS_mq_unlink, { FILE }, -ENOENT },
		{ SYS_mq_unlink, { BAD }, -EFAULT },
		{ SYS_mq_timedsend, { 0, ZEROS, 100, 3, 0 }, 0 }, /* it goes with the process */
	};

	expect_calls(calls, ARRAY_SIZE(calls));
}

KTEST(calls_about_long_paths_give_back_what_they_took)
{
	static const struct call calls[] = {
		{ SYS_mkdirat, { HERE, LONG, MODE_ALL }, 0 },
		{ SYS_chdir, { LONG }, 0 },
		{ SYS_mkdirat, { HERE, LONG, MODE_ALL }, 0 },
		{ SYS_chdir, { LONG }, 0 },
		{ SYS_getcwd, { BUF, PAGE_SIZE }, 2 * (LONG_LEN + 1) + 1 },
		{ SYS_getcwd, { BUF, LONG_LEN }, -ERANGE },
		{ SYS_getcwd, { BAD, PAGE_SIZE }, -EFAULT },
		{ SYS_chdir, { UP }, 0 },
		{ SYS_unlinkat, { HERE, LONG, AT_REMOVEDIR }, 0 },
		{ SYS_chdir, { UP }, 0 },
		{ SYS_chroot, { BAD }, -EFAULT },
		{ SYS_chroot, { MISSING }, -ENOENT },
		{ SYS_chroot, { LONG }, 0 },
		{ SYS_getcwd, { BUF, PAGE_SIZE }, 15 },
		{ SYS_unlinkat, { HERE, LONG, AT_REMOVEDIR }, 0 },
	};

	expect_calls(calls, ARRAY_SIZE(calls));
}

KTEST(calls_without_descriptors_give_back_what_they_took)
{
	static const struct call calls[] = {
		{ SYS_pipe2, { BUF, 0 }, -EMFILE },
		{ SYS_memfd_create, { FILE, 0 }, 0 },
		{ SYS_memfd_create, { FILE, 0 }, -EMFILE },
		{ SYS_eventfd2, { 0, 0 }, -EMFILE },
		{ SYS_epoll_create1, { 0 }, -EMFILE },
		{ SYS_mq_open, { FILE, O_RDWR | O_CREAT, 0600, 0 }, -EMFILE },
		{ SYS_mq_unlink, { FILE }, -ENOENT },
		{ SYS_timerfd_create, { 1, 0 }, -EMFILE },
		{ SYS_signalfd4, { -1, ZEROS, 8, 0 }, -EMFILE },
		{ SYS_inotify_init1, { 0 }, -EMFILE },
		{ SYS_pidfd_open, { 1, 0 }, -EMFILE },
		{ SYS_clone, { CLONE_PIDFD | SIGCHLD, 0, BUF, 0, 0 }, -EMFILE },
		{ SYS_openat, { HERE, ROOT, O_DIRECTORY }, -EMFILE },
		{ SYS_dup, { 0 }, -EMFILE },
		{ SYS_dup3, { 0, 5, 0 }, -EBUSY },
		{ SYS_dup3, { 0, KTEST_FILES, 0 }, -EBADF },
		{ SYS_dup3, { 5, 0, 0 }, -EBADF },
		{ SYS_fcntl, { 0, F_DUPFD, 0 }, -EMFILE },
		{ SYS_fcntl, { 0, F_DUPFD, KTEST_FILES }, -EINVAL },
		{ SYS_pipe2, { BUF, 0 }, -EMFILE },
		{ SYS_close, { 5 }, -EBADF },
	};
	struct process_fs_ops ops = *process_fs;

	full = NULL;
	real_fs = process_fs;
	ops.exit = exit_full;
	process_fs = &ops;
	expect_calls_of(calls_main_full, calls, ARRAY_SIZE(calls));
	process_fs = real_fs;
}

KTEST(calls_about_memory_and_processes_give_back_what_they_took)
{
	static const struct call calls[] = {
		{ SYS_memfd_create, { FILE, 0 }, 0 },
		{ SYS_memfd_create, { BAD, 0 }, -EFAULT },
		{ SYS_ftruncate, { 0, PAGE_SIZE }, 0 },
		{ SYS_pwrite64, { 0, ZEROS, 1, 0 }, 1 },
		{ SYS_mmap, { MAP_AT, PAGE_SIZE, 3, MAP_SHARED | MAP_FIXED, 0, 0 }, MAP_AT },
		{ SYS_mincore, { MAP_AT, PAGE_SIZE, BUF }, 0 },
		{ SYS_mincore, { MAP_AT, 2 * PAGE_SIZE, BUF }, -ENOMEM },
		{ SYS_msync, { MAP_AT, PAGE_SIZE, MS_SYNC }, 0 },
		{ SYS_mremap,
		  { MAP_AT, 0, PAGE_SIZE, MOVE, MAP_AT + PAGE_SIZE },
		  MAP_AT + PAGE_SIZE },
		{ SYS_munmap, { MAP_AT + PAGE_SIZE, PAGE_SIZE }, 0 },
		{ SYS_mlock, { MAP_AT, PAGE_SIZE }, 0 },
		{ SYS_munlock, { MAP_AT, PAGE_SIZE }, 0 },
		{ SYS_mlockall, { MCL_CURRENT }, 0 },
		{ SYS_munlockall, { 0 }, 0 },
		{ SYS_clone3, { CHILD_AT, sizeof(in_cgroup) }, -ENOSYS },
		{ SYS_madvise, { MAP_AT, PAGE_SIZE, MADV_REMOVE }, 0 },
		{ SYS_mmap, { MAP_AT, PAGE_SIZE, 3, MAP_PRIVATE | MAP_FIXED, 0, 0 }, MAP_AT },
		{ SYS_mmap, { MAP_AT, PAGE_SIZE, 3, MAP_SHARED | MAP_FIXED, 77, 0 }, -EBADF },
		{ SYS_mprotect, { MAP_AT, PAGE_SIZE, 1 }, 0 },
		{ SYS_madvise, { MAP_AT, PAGE_SIZE, MADV_DONTNEED }, 0 },
		{ SYS_munmap, { MAP_AT, PAGE_SIZE }, 0 },
		{ SYS_memfd_create, { FILE, MFD_ALLOW_SEALING }, 1 },
		{ SYS_fcntl, { 1, F_ADD_SEALS, F_SEAL_WRITE }, 0 },
		{ SYS_fcntl, { 1, F_GET_SEALS }, F_SEAL_WRITE },
		{ SYS_mmap, { MAP_AT, PAGE_SIZE, 3, MAP_SHARED | MAP_FIXED, 1, 0 }, -EPERM },
		{ SYS_brk, { 0 }, HEAP_AT },
		{ SYS_faultline, { FAULTLINE_VMAS, 0, BUF, PAGE_SIZE, 0 }, 3 },
		{ SYS_faultline, { FAULTLINE_VMAS, 0, BUF, 0, 0 }, -EINVAL },
		{ SYS_faultline, { FAULTLINE_VMAS, 1, BUF, 1000, 0 }, -ESRCH },
		{ SYS_faultline, { FAULTLINE_WALK, 0, BUF, 0, BUF }, -EINVAL },
		{ SYS_faultline, { FAULTLINE_PROCESS, 0, BUF, 0, 0 }, -EINVAL },
		{ SYS_faultline, { FAULTLINE_MARK, FAULTLINE_MARK_OFF, BUF, 32, 0 }, 0 },
		{ SYS_prlimit64, { 1, RLIMIT_AS, 0, BUF }, 0 },
		{ SYS_prlimit64, { 0, RLIMIT_AS, 0, BUF }, 0 },
		{ SYS_prlimit64, { 9999, RLIMIT_AS, 0, BUF }, -ESRCH },
		{ SYS_prlimit64, { 0, RLIMIT_CORE, ZEROS, 0 }, 0 },
		{ SYS_getppid, { 0 }, 1 },
		{ SYS_getsid, { 0 }, 0 },
		{ SYS_setpgid, { 0, 0 }, 0 },
		{ SYS_setsid, { 0 }, -EPERM },
		{ SYS_wait4, { -1ul, 0, 0, 0 }, -ECHILD },
		{ SYS_rt_sigaction, { SIGUSR1, ZEROS, BUF, 8 }, 0 },
		{ SYS_rt_sigprocmask, { SIG_BLOCK, ZEROS, BUF, 8 }, 0 },
		{ SYS_rt_sigpending, { BUF, 8 }, 0 },
		{ SYS_rt_sigtimedwait, { USR1, 0, ZEROS, 8 }, -EAGAIN },
		{ SYS_rt_sigprocmask, { SIG_BLOCK, USR1, 0, 8 }, 0 },
		{ SYS_kill, { 0, SIGUSR1 }, 0 },
		{ SYS_rt_sigtimedwait, { USR1, BUF, ZEROS, 8 }, SIGUSR1 },
		{ SYS_sigaltstack, { 0, BUF }, 0 },
		{ SYS_kill, { 1, 0 }, 0 },
		{ SYS_kill, { 9999, 0 }, -ESRCH },
		{ SYS_tkill, { 1, 0 }, 0 },
		{ SYS_setitimer, { 0, ZEROS, BUF }, 0 },
		{ SYS_getitimer, { 0, BUF }, 0 },
		{ SYS_timer_create, { 1, 0, BUF }, 0 },
		{ SYS_timer_create, { 2, 0, BUF }, 0 },
		{ SYS_timer_create, { 1, 0, BAD }, -EFAULT },
		{ SYS_timer_create, { 99, 0, BUF }, -EINVAL },
		{ SYS_timer_settime, { 0, 0, ZEROS, BUF }, 0 },
		{ SYS_timer_settime, { 1, 0, ZEROS, BUF }, 0 },
		{ SYS_timer_gettime, { 0, BUF }, 0 },
		{ SYS_timer_getoverrun, { 1 }, 0 },
		{ SYS_timer_delete, { 0 }, 0 },
		{ SYS_timer_delete, { 0 }, -EINVAL },
		{ SYS_clock_nanosleep, { 2, 0, ZEROS, 0 }, 0 },
		{ SYS_nanosleep, { ZEROS, 0 }, 0 },
		{ SYS_getrusage, { 0, BUF }, 0 },
		{ SYS_gettimeofday, { BUF, BUF }, 0 },
		{ SYS_umask, { 07022 }, 022 },
		{ SYS_umask, { 0 }, 022 },
		{ SYS_sched_getaffinity, { 0, 8, BUF }, 8 },
		{ SYS_sched_getaffinity, { 9999, 8, BUF }, -ESRCH },
		{ SYS_sched_setaffinity, { 0, 8, BUF }, 0 },
		{ SYS_sched_setscheduler, { 0, SCHED_BATCH, ZEROS }, 0 },
		{ SYS_sched_getscheduler, { 0 }, SCHED_BATCH },
		{ SYS_sched_setparam, { 0, ZEROS }, 0 },
		{ SYS_sched_getparam, { 0, BUF }, 0 },
		{ SYS_sched_get_priority_max, { SCHED_RR }, 99 },
		{ SYS_sched_get_priority_min, { SCHED_RR }, 1 },
		{ SYS_sched_rr_get_interval, { 0, BUF }, 0 },
		{ SYS_sched_setattr, { 0, ZEROS, 0 }, 0 },
		{ SYS_sched_getattr, { 0, BUF, 48, 0 }, 0 },
		{ SYS_setpriority, { PRIO_PROCESS, 0, 5 }, 0 },
		{ SYS_getpriority, { PRIO_PROCESS, 0 }, 15 },
		{ SYS_getpriority, { PRIO_PGRP, 0 }, 15 },
		{ SYS_getpriority, { PRIO_USER, 0 }, 20 },
		{ SYS_getcpu, { BUF, BUF, 0 }, 0 },
		{ SYS_membarrier, { MEMBARRIER_CMD_GLOBAL, 0, 0 }, 0 },
		{ SYS_riscv_flush_icache, { 0, 0, 0 }, 0 },
	};

	expect_calls(calls, ARRAY_SIZE(calls));
}

/* Linux gives root what it asks for. */
KTEST(abi_deadlines_are_eperm)
{
	static const struct call calls[] = {
		{ SYS_sched_setscheduler, { 0, SCHED_EXT, ZEROS }, -EINVAL },
		{ SYS_sched_setattr, { 0, WISH(0), 0 }, -EPERM },
		{ SYS_sched_setattr, { 0, WISH(1), 0 }, -EOPNOTSUPP },
		{ SYS_sched_getscheduler, { 0 }, SCHED_OTHER },
	};

	expect_calls(calls, ARRAY_SIZE(calls));
}

/* Not even root. */
KTEST(abi_reboot_ends_nothing)
{
	static const struct call calls[] = {
		{ SYS_reboot, { REBOOT_MAGIC1, REBOOT_MAGIC2, REBOOT_CMD_POWER_OFF }, -EPERM },
		{ SYS_reboot, { REBOOT_MAGIC1, REBOOT_MAGIC2A, REBOOT_CMD_HALT }, -EPERM },
		{ SYS_reboot, { REBOOT_MAGIC1, REBOOT_MAGIC2B, REBOOT_CMD_RESTART }, -EPERM },
		{ SYS_reboot, { REBOOT_MAGIC1, REBOOT_MAGIC2C, REBOOT_CMD_CAD_ON }, 0 },
		{ SYS_reboot, { REBOOT_MAGIC1, REBOOT_MAGIC1, REBOOT_CMD_POWER_OFF }, -EINVAL },
	};

	expect_calls(calls, ARRAY_SIZE(calls));
}

/* Fills the log, so that its oldest lines are gone. Returns how long it is as text: each line has "<6>" before it. */
static long fill_log(void)
{
	char line[LOG_TEXT_MAX + 40];
	uint64_t cursor;
	long sum = 0;
	size_t n;

	for (unsigned i = 0; i < LOG_RING_BYTES / LONG_LEN; i++)
		log_debug("test", "%-*u", LONG_LEN, i);
	cursor = log_oldest();
	while ((n = log_read(&cursor, line, sizeof(line), NULL)) > 0)
		sum += (long)n + 3;
	return sum;
}

KTEST(calls_read_on_in_a_line_of_a_full_log)
{
	long size = fill_log();
	const struct call calls[] = {
		{ SYS_syslog, { SYSLOG_ACTION_SIZE_UNREAD }, size },
		{ SYS_syslog, { SYSLOG_ACTION_READ, BUF, 5 }, 5 },
		{ SYS_syslog, { SYSLOG_ACTION_SIZE_UNREAD }, size - 5 },
		{ SYS_syslog, { SYSLOG_ACTION_READ, BUF, 1 }, 1 },
		{ SYS_syslog, { SYSLOG_ACTION_SIZE_UNREAD }, size - 6 },
	};

	expect_calls(calls, ARRAY_SIZE(calls));
}

#ifdef FAULTLINE_HARDENED

/* ---- a call that makes a file, and others that make files meanwhile ---- */

#define ROOM_LEFT (8 * FILE_BYTES)

static uint64_t wanted_call;
static ssize_t taken_meanwhile;
static bool is_over;

static uint64_t call_under_way(void)
{
	const struct process *process = current_process();

	return process && process->pid != PID_INIT
		       ? frame_syscall(arch_thread_frame(&process->leader->arch))
		       : UINT64_MAX;
}

/* An open sets a descriptor aside before it looks for room, and copies its path before that. */
static bool has_looked_for_room(void)
{
	const struct fdtable *table = current_thread()->fdtable;

	return (wanted_call != SYS_openat && wanted_call != SYS_mq_open) ||
	       ((table->first.open[0] & 1) && !table->first.file[0]);
}

static void look_whether_over(enum interleave_kind kind, enum lock_class class, void *what)
{
	if (call_under_way() != SYS_getppid)
		return;
	interleave_hook = NULL;
	is_over = file_memory_charge(0) != 0;
}

/* Where the call first allocates, others take all room that is left. */
static void take_room(enum interleave_kind kind, enum lock_class class, void *what)
{
	if (kind != INTERLEAVE_LOCK || class != LOCK_SLAB || call_under_way() != wanted_call ||
	    !has_looked_for_room())
		return;
	interleave_hook = NULL;
	while (file_memory_charge(FILE_BYTES) == 0)
		taken_meanwhile += FILE_BYTES;
	interleave_hook = look_whether_over;
}

static void expect_limit_holds(uint64_t number, const struct call *calls, size_t n)
{
	ssize_t filled = 0;

	while (file_memory_charge(FILE_BYTES) == 0)
		filled += FILE_BYTES;
	file_memory_add(-ROOM_LEFT);
	wanted_call = number;
	taken_meanwhile = 0;
	is_over = true;
	interleave_hook = take_room;
	expect_calls(calls, n);
	EXPECT_TRUE(!interleave_hook);
	interleave_hook = NULL;
	EXPECT_TRUE(taken_meanwhile > 0);
	EXPECT_TRUE(!is_over);
	file_memory_add(ROOM_LEFT - filled - taken_meanwhile);
}

KTEST_ALONE(calls_that_make_files_do_not_exceed_the_limit_together)
{
	static const struct call opens[] = {
		{ SYS_openat, { HERE, ROOT, O_DIRECTORY }, 0 },
		{ SYS_getppid, { 0 }, 1 },
	};
	static const struct call makes_memfd[] = {
		{ SYS_memfd_create, { EMPTY, 0 }, 0 },
		{ SYS_getppid, { 0 }, 1 },
	};
	static const struct call makes_pipe[] = {
		{ SYS_pipe2, { BUF, 0 }, 0 },
		{ SYS_getppid, { 0 }, 1 },
	};
	static const struct call makes_eventfd[] = {
		{ SYS_eventfd2, { 0, 0 }, 0 },
		{ SYS_getppid, { 0 }, 1 },
	};
	static const struct call makes_timer[] = {
		{ SYS_timerfd_create, { 1, 0 }, 0 },
		{ SYS_getppid, { 0 }, 1 },
	};
	static const struct call makes_signalfd[] = {
		{ SYS_signalfd4, { -1, ZEROS, 8, 0 }, 0 },
		{ SYS_getppid, { 0 }, 1 },
	};
	static const struct call makes_inotify[] = {
		{ SYS_inotify_init1, { 0 }, 0 },
		{ SYS_getppid, { 0 }, 1 },
	};
	static const struct call makes_pidfd[] = {
		{ SYS_pidfd_open, { 1, 0 }, 0 },
		{ SYS_getppid, { 0 }, 1 },
	};
	static const struct call makes_queue[] = {
		{ SYS_setrlimit, { RLIMIT_MSGQUEUE, NO_LIMIT }, 0 },
		{ SYS_mq_open, { FILE, O_RDWR | O_CREAT, 0600, 0 }, 0 },
		{ SYS_mq_unlink, { FILE }, 0 },
		{ SYS_getppid, { 0 }, 1 },
	};
	static const struct call makes_set[] = {
		{ SYS_epoll_create1, { 0 }, 0 },
		{ SYS_getppid, { 0 }, 1 },
	};
	static const struct call makes_endpoint[] = {
		{ SYS_ipc_create, { 0 }, 0 },
		{ SYS_getppid, { 0 }, 1 },
	};
	static const struct call makes_send_end[] = {
		{ SYS_ipc_create, { 0 }, 0 },
		{ SYS_ipc_badge, { 0, 1, 0 }, 1 },
		{ SYS_getppid, { 0 }, 1 },
	};

	expect_limit_holds(SYS_openat, opens, ARRAY_SIZE(opens));
	expect_limit_holds(SYS_memfd_create, makes_memfd, ARRAY_SIZE(makes_memfd));
	expect_limit_holds(SYS_pipe2, makes_pipe, ARRAY_SIZE(makes_pipe));
	expect_limit_holds(SYS_eventfd2, makes_eventfd, ARRAY_SIZE(makes_eventfd));
	expect_limit_holds(SYS_timerfd_create, makes_timer, ARRAY_SIZE(makes_timer));
	expect_limit_holds(SYS_signalfd4, makes_signalfd, ARRAY_SIZE(makes_signalfd));
	expect_limit_holds(SYS_inotify_init1, makes_inotify, ARRAY_SIZE(makes_inotify));
	expect_limit_holds(SYS_pidfd_open, makes_pidfd, ARRAY_SIZE(makes_pidfd));
	expect_limit_holds(SYS_mq_open, makes_queue, ARRAY_SIZE(makes_queue));
	expect_limit_holds(SYS_epoll_create1, makes_set, ARRAY_SIZE(makes_set));
	expect_limit_holds(SYS_ipc_create, makes_endpoint, ARRAY_SIZE(makes_endpoint));
	expect_limit_holds(SYS_ipc_badge, makes_send_end, ARRAY_SIZE(makes_send_end));
}

#endif
