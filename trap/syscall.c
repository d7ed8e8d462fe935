/* SPDX-License-Identifier: MIT */
/* Which system calls there are, and the way to them. */
#include "trap/syscall.h"

#include "abi/faultline.h"
#include "abi/syscall.h"
#include "arch/upcall.h"
#include "base/hart.h"
#include "proc/thread.h"
#include "trap/not_implemented.h"

#define CALL(name) [SYS_##name] = sys_##name

/* C libraries ask for these at each start and do without, as on a Linux that is configured so. */
static long sys_absent(struct trap_frame *frame)
{
	(void)frame;
	return -ENOSYS;
}

static const syscall_fn table[SYS_LIMIT] = {
	/* memory */
	CALL(brk),
	CALL(mmap),
	CALL(munmap),
	CALL(mprotect),
	CALL(madvise),
	CALL(mremap),
	CALL(mincore),
	CALL(msync),
	CALL(mlock),
	CALL(mlock2),
	CALL(munlock),
	CALL(mlockall),
	CALL(munlockall),
	CALL(riscv_flush_icache),
	/* processes */
	CALL(clone),
	CALL(execve),
	CALL(exit),
	[SYS_exit_group] = sys_exit,
	CALL(wait4),
	CALL(waitid),
	CALL(getpid),
	CALL(getppid),
	CALL(gettid),
	CALL(setpgid),
	CALL(getpgid),
	CALL(getsid),
	CALL(setsid),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	CALL(set_tid_address),
	CALL(futex),
	CALL(set_robust_list),
	CALL(get_robust_list),
	CALL(prlimit64),
	CALL(getrusage),
	CALL(sched_yield),
	CALL(sched_getaffinity),
	CALL(umask),
	CALL(getrandom),
	CALL(uname),
	CALL(syslog),
	/* signals */
	CALL(kill),
	CALL(tkill),
	CALL(tgkill),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigpending),
	CALL(rt_sigqueueinfo),
	CALL(rt_tgsigqueueinfo),
	CALL(rt_sigreturn),
	CALL(rt_sigsuspend),
	CALL(rt_sigtimedwait),
	CALL(sigaltstack),
	CALL(getitimer),
	CALL(setitimer),
	/* time */
	CALL(nanosleep),
	CALL(restart_syscall),
	CALL(clock_nanosleep),
	CALL(clock_gettime),
	CALL(clock_getres),
	CALL(gettimeofday),
	CALL(times),
	/* files */
	CALL(openat),
	CALL(close),
	CALL(dup),
	CALL(dup3),
	CALL(pipe2),
	CALL(unlinkat),
	CALL(linkat),
	CALL(mkdirat),
	CALL(mknodat),
	CALL(chdir),
	CALL(getcwd),
	CALL(getdents64),
	CALL(lseek),
	CALL(read),
	CALL(write),
	CALL(readv),
	CALL(writev),
	CALL(pread64),
	CALL(pwrite64),
	CALL(fstat),
	CALL(newfstatat),
	CALL(ioctl),
	CALL(fcntl),
	CALL(ftruncate),
	CALL(fallocate),
	CALL(fsync),
	CALL(fdatasync),
	CALL(readlinkat),
	CALL(faccessat),
	CALL(memfd_create),
	CALL(ppoll),
	/* of which the log says nothing */
	[SYS_rseq] = sys_absent,
	[SYS_clone3] = sys_absent,
	[SYS_riscv_hwprobe] = sys_absent,
};

/* Beyond Linux's numbers, and those that are not implemented. */
static long other(struct trap_frame *frame, unsigned long number)
{
	return number == SYS_faultline ? sys_faultline(frame) : not_implemented(number);
}

void trap_syscall(struct trap_frame *frame)
{
	unsigned long number = frame_syscall(frame);
	syscall_fn call = number < SYS_LIMIT ? table[number] : NULL;

	hart_count_event(HART_SYSCALLS);
	frame_set_result(frame, likely(call) ? call(frame) : other(frame, number));
	thread_assert_no_waiting_lock(current_thread());
}
