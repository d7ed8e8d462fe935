/* SPDX-License-Identifier: MIT */
/* System calls for programs without a C library: thin stubs that return 0 or more, or -ERRNO. */
#ifndef USER_LIB_SYS_H
#define USER_LIB_SYS_H

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "abi/poll.h"
#include "abi/signal.h"
#include "abi/syscall.h"
#include "abi/time.h"

static inline long sys_call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long a7 __asm__("a7") = nr;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;
	register long a5 __asm__("a5") = f;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
			 : "memory");
	return a0;
}

#define NS_PER_SEC 1000000000ul
#define NS_PER_MS  1000000ul

#define SIGCHLD_FLAG 17L /* the flags of clone() for a plain fork: SIGCHLD when the child exits */

static inline long sys_openat(int dir, const char *path, int flags)
{
	return sys_call(SYS_openat, dir, (long)path, flags, 0, 0, 0);
}

static inline long sys_open(const char *path, int flags)
{
	return sys_openat(AT_FDCWD, path, flags);
}

/* Opens a file that is created if it is not there. */
static inline long sys_create(const char *path, int flags, int mode)
{
	return sys_call(SYS_openat, AT_FDCWD, (long)path, flags | O_CREAT, mode, 0, 0);
}

static inline long sys_unlink(const char *path)
{
	return sys_call(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0, 0);
}

static inline long sys_chown(const char *path, unsigned uid, unsigned gid)
{
	return sys_call(SYS_fchownat, AT_FDCWD, (long)path, uid, gid, 0, 0);
}

static inline long sys_rmdir(const char *path)
{
	return sys_call(SYS_unlinkat, AT_FDCWD, (long)path, AT_REMOVEDIR, 0, 0, 0);
}

static inline long sys_close(int fd)
{
	return sys_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline long sys_read(int fd, void *buf, unsigned long len)
{
	return sys_call(SYS_read, fd, (long)buf, (long)len, 0, 0, 0);
}

static inline long sys_write(int fd, const void *buf, unsigned long len)
{
	return sys_call(SYS_write, fd, (long)buf, (long)len, 0, 0, 0);
}

static inline long sys_getdents64(int fd, void *buf, unsigned long len)
{
	return sys_call(SYS_getdents64, fd, (long)buf, (long)len, 0, 0, 0);
}

static inline long sys_readlink(const char *path, char *buf, unsigned long len)
{
	return sys_call(SYS_readlinkat, AT_FDCWD, (long)path, (long)buf, (long)len, 0, 0);
}

static inline long sys_fchdir(int fd)
{
	return sys_call(SYS_fchdir, fd, 0, 0, 0, 0, 0);
}

static inline long sys_chroot(const char *path)
{
	return sys_call(SYS_chroot, (long)path, 0, 0, 0, 0, 0);
}

static inline long sys_chdir(const char *path)
{
	return sys_call(SYS_chdir, (long)path, 0, 0, 0, 0, 0);
}

static inline long sys_dup3(int fd, int to, int flags)
{
	return sys_call(SYS_dup3, fd, to, flags, 0, 0, 0);
}

static inline long sys_fcntl(int fd, int command, long arg)
{
	return sys_call(SYS_fcntl, fd, command, arg, 0, 0, 0);
}

static inline long sys_mkdir(const char *path, int mode)
{
	return sys_call(SYS_mkdirat, AT_FDCWD, (long)path, mode, 0, 0, 0);
}

static inline long sys_umount2(const char *path, int flags)
{
	return sys_call(SYS_umount2, (long)path, flags, 0, 0, 0, 0);
}

static inline long sys_mount(const char *source, const char *target, const char *type,
			     unsigned long flags, const char *options)
{
	return sys_call(SYS_mount, (long)source, (long)target, (long)type, (long)flags,
			(long)options, 0);
}

/* Returns an address, or -ERRNO. */
static inline long sys_mmap(long at, unsigned long len, int prot, int flags, int fd, long offset)
{
	return sys_call(SYS_mmap, at, (long)len, prot, flags, fd, offset);
}

static inline long sys_munmap(long at, unsigned long len)
{
	return sys_call(SYS_munmap, at, (long)len, 0, 0, 0, 0);
}

static inline long sys_swapon(const char *path, int flags)
{
	return sys_call(SYS_swapon, (long)path, flags, 0, 0, 0, 0);
}

static inline long sys_fork(void)
{
	return sys_call(SYS_clone, SIGCHLD_FLAG, 0, 0, 0, 0, 0);
}

static inline long sys_execve(const char *path, char **argv, char **envp)
{
	return sys_call(SYS_execve, (long)path, (long)argv, (long)envp, 0, 0, 0);
}

static inline long sys_wait4(long pid, int *status, int options)
{
	return sys_call(SYS_wait4, pid, (long)status, options, 0, 0, 0);
}

/* Waits for so long at most (0: without an end), with this signal mask meanwhile. */
static inline long sys_ppoll(struct abi_pollfd *fds, unsigned long n, uint64_t ns,
			     const uint64_t *mask)
{
	struct abi_timespec time = { (int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC) };

	return sys_call(SYS_ppoll, (long)fds, (long)n, ns ? (long)&time : 0, (long)mask,
			ABI_SIGSET_BYTES, 0);
}

static inline long sys_sigaction(int sig, const struct abi_sigaction *action)
{
	return sys_call(SYS_rt_sigaction, sig, (long)action, 0, ABI_SIGSET_BYTES, 0, 0);
}

static inline long sys_sigprocmask(int how, const uint64_t *mask)
{
	return sys_call(SYS_rt_sigprocmask, how, (long)mask, 0, ABI_SIGSET_BYTES, 0, 0);
}

static inline long sys_setsid(void)
{
	return sys_call(SYS_setsid, 0, 0, 0, 0, 0, 0);
}

static inline long sys_ioctl(int fd, unsigned long request, long arg)
{
	return sys_call(SYS_ioctl, fd, (long)request, arg, 0, 0, 0);
}

static inline void sys_sleep(uint64_t ns)
{
	const struct abi_timespec time = { (int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC) };

	sys_call(SYS_nanosleep, (long)&time, 0, 0, 0, 0, 0);
}

/* Nanoseconds since boot. */
static inline uint64_t sys_now(void)
{
	struct abi_timespec now = { 0 };

	sys_call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0, 0, 0);
	return (uint64_t)now.sec * NS_PER_SEC + (uint64_t)now.nsec;
}

_Noreturn static inline void sys_exit(int status)
{
	for (;;)
		sys_call(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

#endif
