/* SPDX-License-Identifier: MIT */
/* The shape of a system call, and the names of all. */
#pragma once

#include "abi/errno.h"
#include "arch/frame.h"
#include "trap/args.h"

/*
 * A system call takes its arguments out of the frame (frame_arg(), or arg_*() of trap/args.h) and
 * answers the result, negative errno for errors: the dispatcher puts it into the frame. It checks
 * every value that the program gave.
 */
typedef long (*syscall_fn)(struct trap_frame *frame);

/* trap/sys_faultline.c */
long sys_faultline(struct trap_frame *frame);

/* trap/sys_mem.c */
long sys_brk(struct trap_frame *frame);
long sys_mmap(struct trap_frame *frame);
long sys_munmap(struct trap_frame *frame);
long sys_mprotect(struct trap_frame *frame);
long sys_madvise(struct trap_frame *frame);
long sys_riscv_flush_icache(struct trap_frame *frame);

/* trap/sys_mem_range.c */
long sys_mremap(struct trap_frame *frame);
long sys_mincore(struct trap_frame *frame);
long sys_msync(struct trap_frame *frame);
long sys_mlock(struct trap_frame *frame);
long sys_mlock2(struct trap_frame *frame);
long sys_munlock(struct trap_frame *frame);
long sys_mlockall(struct trap_frame *frame);
long sys_munlockall(struct trap_frame *frame);

/* trap/sys_proc.c */
long sys_clone(struct trap_frame *frame);
long sys_execve(struct trap_frame *frame);
long sys_exit(struct trap_frame *frame);
long sys_wait4(struct trap_frame *frame);
long sys_waitid(struct trap_frame *frame);
long sys_getpid(struct trap_frame *frame);
long sys_getppid(struct trap_frame *frame);
long sys_gettid(struct trap_frame *frame);
long sys_setpgid(struct trap_frame *frame);
long sys_getpgid(struct trap_frame *frame);
long sys_getsid(struct trap_frame *frame);
long sys_setsid(struct trap_frame *frame);
long sys_getuid(struct trap_frame *frame);
long sys_geteuid(struct trap_frame *frame);
long sys_getgid(struct trap_frame *frame);
long sys_getegid(struct trap_frame *frame);
long sys_getrusage(struct trap_frame *frame);
long sys_set_tid_address(struct trap_frame *frame);
long sys_prlimit64(struct trap_frame *frame);
long sys_getrandom(struct trap_frame *frame);
long sys_sched_yield(struct trap_frame *frame);
long sys_sched_getaffinity(struct trap_frame *frame);
long sys_umask(struct trap_frame *frame);
long sys_uname(struct trap_frame *frame);

/* trap/sys_futex.c */
long sys_futex(struct trap_frame *frame);
long sys_set_robust_list(struct trap_frame *frame);
long sys_get_robust_list(struct trap_frame *frame);

/* trap/sys_poll.c */
long sys_ppoll(struct trap_frame *frame);

/* trap/sys_log.c */
long sys_syslog(struct trap_frame *frame);

/* trap/sys_signal.c */
long sys_kill(struct trap_frame *frame);
long sys_tkill(struct trap_frame *frame);
long sys_tgkill(struct trap_frame *frame);
long sys_rt_sigaction(struct trap_frame *frame);
long sys_rt_sigprocmask(struct trap_frame *frame);
long sys_rt_sigpending(struct trap_frame *frame);
long sys_rt_sigqueueinfo(struct trap_frame *frame);
long sys_rt_tgsigqueueinfo(struct trap_frame *frame);
long sys_rt_sigreturn(struct trap_frame *frame);
long sys_rt_sigsuspend(struct trap_frame *frame);
long sys_rt_sigtimedwait(struct trap_frame *frame);
long sys_sigaltstack(struct trap_frame *frame);

/* trap/sys_itimer.c */
long sys_getitimer(struct trap_frame *frame);
long sys_setitimer(struct trap_frame *frame);

/* trap/sys_time.c */
long sys_nanosleep(struct trap_frame *frame);
long sys_restart_syscall(struct trap_frame *frame);
long sys_clock_nanosleep(struct trap_frame *frame);
long sys_clock_gettime(struct trap_frame *frame);
long sys_clock_getres(struct trap_frame *frame);
long sys_gettimeofday(struct trap_frame *frame);
long sys_times(struct trap_frame *frame);

/* trap/sys_file*.c */
long sys_openat(struct trap_frame *frame);
long sys_close(struct trap_frame *frame);
long sys_dup(struct trap_frame *frame);
long sys_dup3(struct trap_frame *frame);
long sys_pipe2(struct trap_frame *frame);
long sys_unlinkat(struct trap_frame *frame);
long sys_linkat(struct trap_frame *frame);
long sys_mkdirat(struct trap_frame *frame);
long sys_mknodat(struct trap_frame *frame);
long sys_chdir(struct trap_frame *frame);
long sys_getcwd(struct trap_frame *frame);
long sys_getdents64(struct trap_frame *frame);
long sys_lseek(struct trap_frame *frame);
long sys_read(struct trap_frame *frame);
long sys_write(struct trap_frame *frame);
long sys_readv(struct trap_frame *frame);
long sys_writev(struct trap_frame *frame);
long sys_pread64(struct trap_frame *frame);
long sys_pwrite64(struct trap_frame *frame);
long sys_fstat(struct trap_frame *frame);
long sys_newfstatat(struct trap_frame *frame);
long sys_ioctl(struct trap_frame *frame);
long sys_fcntl(struct trap_frame *frame);
long sys_ftruncate(struct trap_frame *frame);
long sys_fallocate(struct trap_frame *frame);
long sys_fsync(struct trap_frame *frame);
long sys_fdatasync(struct trap_frame *frame);
long sys_readlinkat(struct trap_frame *frame);
long sys_faccessat(struct trap_frame *frame);
long sys_memfd_create(struct trap_frame *frame);
