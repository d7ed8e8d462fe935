/* SPDX-License-Identifier: MIT */
/* The calls and what their arguments are; what is held back so that the machine and the judge live. */
#include "hostile.h"

#include <sys/ptrace.h>
#include <termios.h>

#include "abi/ipc.h"
#include "ecall.h"

#define PIDS	 32
#define TTY_MOST 48 /* bytes a write that end up on the console */

/* Those that both fill in are counted here; the last is for all numbers beyond. */
#define SLOT_OWN   (NUMBERS - 2)
#define SLOT_OTHER (NUMBERS - 1)
#define SLOT_IPC   (SLOT_OWN - (SYS_IPC_LIMIT - SYS_ipc_create)) /* above all numbers of Linux */

static const struct {
	short nr;
	short weight;
	const char *args; /* kinds, as argument() knows them */
} table[] = {
	/* memory */
	{ SYS_brk, 3, "a" },
	{ SYS_mmap, 8, "gLomfO" },
	{ SYS_munmap, 2, "gL" },
	{ SYS_mremap, 4, "gLLog" },
	{ SYS_mprotect, 4, "gLo" },
	{ SYS_madvise, 4, "gLs" },
	{ SYS_msync, 2, "gLo" },
	{ SYS_mlock, 2, "gL" },
	{ SYS_munlock, 2, "gL" },
	{ SYS_mlockall, 1, "o" },
	{ SYS_munlockall, 1, "" },
	{ SYS_mincore, 2, "gLa" },
	{ SYS_mlock2, 2, "gLo" },
	{ 462 /* mseal */, 2, "gLo" },
	{ 234 /* remap_file_pages */, 2, "gLooo" },
	{ 259 /* riscv_flush_icache */, 1, "aao" },
	{ SYS_mq_open, 8, "uwjA" },
	{ SYS_mq_unlink, 1, "u" },
	{ SYS_mq_timedsend, 6, "falot" },
	{ SYS_mq_timedreceive, 3, "falat" },
	{ SYS_mq_notify, 2, "fA" },
	{ SYS_mq_getsetattr, 2, "fAa" },
	{ SYS_msgget, 2, "oo" },
	{ SYS_msgctl, 3, "ioa" },
	{ SYS_msgsnd, 2, "ialo" },
	{ SYS_msgrcv, 2, "ialoo" },
	{ SYS_semget, 2, "oio" },
	{ SYS_semctl, 3, "iioa" },
	{ SYS_semop, 2, "iai" },
	{ SYS_semtimedop, 2, "iait" },
	{ SYS_shmget, 2, "olo" },
	{ SYS_shmctl, 3, "ioa" },
	{ SYS_shmat, 3, "igo" },
	{ SYS_shmdt, 2, "g" },
	/* processes */
	{ SYS_clone, 6, "caaaa" },
	{ SYS_unshare, 2, "c" },
	{ SYS_setns, 2, "fo" },
	{ 58 /* vhangup */, 1, "" },
	{ SYS_reboot, 1, "llo" },
	{ SYS_execve, 3, "pPP" },
	{ SYS_execveat, 2, "fpPPo" },
	{ SYS_exit, 1, "n" },
	{ SYS_exit_group, 1, "n" },
	{ SYS_wait4, 3, "khha" },
	{ SYS_waitid, 3, "okaha" },
	{ SYS_getpid, 1, "" },
	{ SYS_getppid, 1, "" },
	{ SYS_gettid, 1, "" },
	{ SYS_setpgid, 2, "kk" },
	{ SYS_getpgid, 2, "k" },
	{ SYS_getsid, 2, "k" },
	{ SYS_setsid, 2, "" },
	{ SYS_getuid, 1, "" },
	{ SYS_geteuid, 1, "" },
	{ SYS_getgid, 1, "" },
	{ SYS_getegid, 1, "" },
	{ SYS_setuid, 1, "o" },
	{ SYS_setgid, 1, "o" },
	{ SYS_setreuid, 1, "oo" },
	{ SYS_setregid, 1, "oo" },
	{ SYS_setresuid, 1, "ooo" },
	{ SYS_setresgid, 1, "ooo" },
	{ SYS_getresuid, 1, "aaa" },
	{ SYS_getresgid, 1, "aaa" },
	{ SYS_setfsuid, 1, "o" },
	{ SYS_setfsgid, 1, "o" },
	{ SYS_setgroups, 2, "oa" },
	{ SYS_getgroups, 2, "oa" },
	{ SYS_capget, 2, "aa" },
	{ SYS_capset, 2, "aa" },
	{ SYS_set_tid_address, 2, "a" },
	{ SYS_set_robust_list, 2, "ar" },
	{ SYS_get_robust_list, 1, "kaa" },
	{ SYS_futex, 3, "aootao" },
	{ SYS_futex_waitv, 2, "aooto" },
	{ 454 /* futex_wake */, 2, "alio" },
	{ 455 /* futex_wait */, 2, "alloto" },
	{ 456 /* futex_requeue */, 2, "aoii" },
	{ SYS_prlimit64, 2, "0sVa" },
	{ SYS_getrlimit, 1, "sa" },
	{ SYS_setrlimit, 1, "sV" },
	{ SYS_getrusage, 2, "oa" },
	{ SYS_sched_yield, 2, "" },
	{ SYS_sched_getaffinity, 2, "kza" },
	{ SYS_sched_setaffinity, 2, "kza" },
	{ SYS_sched_setscheduler, 2, "koa" },
	{ SYS_sched_getscheduler, 1, "k" },
	{ SYS_sched_setparam, 1, "ka" },
	{ SYS_sched_getparam, 1, "ka" },
	{ SYS_sched_get_priority_max, 1, "o" },
	{ SYS_sched_get_priority_min, 1, "o" },
	{ SYS_sched_rr_get_interval, 1, "ka" },
	{ SYS_sched_setattr, 2, "kao" },
	{ SYS_sched_getattr, 2, "kalo" },
	{ SYS_setpriority, 3, "okn" },
	{ SYS_getpriority, 3, "ok" },
	{ SYS_getcpu, 1, "aaa" },
	{ SYS_personality, 1, "o" },
	{ SYS_kcmp, 2, "kkooo" },
	{ SYS_ptrace, 3, "Qkal" },
	{ SYS_process_vm_readv, 2, "kVoVo0" },
	{ SYS_process_vm_writev, 2, "kVoVo0" },
	{ SYS_membarrier, 3, "oon" },
	{ SYS_umask, 1, "j" },
	{ SYS_prctl, 2, "oa" },
	{ SYS_getrandom, 2, "alo" },
	{ SYS_uname, 2, "a" },
	{ SYS_sethostname, 1, "al" },
	{ SYS_setdomainname, 1, "al" },
	{ SYS_sysinfo, 2, "a" },
	{ SYS_swapon, 1, "po" },
	{ SYS_swapoff, 1, "p" },
	{ SYS_syslog, 2, "oal" },
	{ SYS_rseq, 1, "alnn" },
	{ 258 /* riscv_hwprobe */, 1, "alnn" },
	{ 435 /* clone3 */, 1, "al" },
	/* signals and time */
	{ SYS_kill, 3, "ks" },
	{ SYS_tkill, 2, "ks" },
	{ SYS_tgkill, 2, "kks" },
	{ SYS_rt_sigaction, 4, "sAaz" },
	{ SYS_rt_sigprocmask, 3, "oWaz" },
	{ SYS_rt_sigpending, 2, "az" },
	{ SYS_rt_sigsuspend, 1, "Wz" },
	{ SYS_rt_sigtimedwait, 2, "Watz" },
	{ SYS_rt_sigqueueinfo, 3, "ksG" },
	{ SYS_rt_tgsigqueueinfo, 2, "kksG" },
	{ SYS_sigaltstack, 3, "Ka" },
	{ SYS_setitimer, 2, "oTa" },
	{ SYS_getitimer, 2, "oa" },
	{ SYS_timer_create, 3, "UEa" },
	{ SYS_timer_gettime, 2, "ia" },
	{ SYS_timer_getoverrun, 1, "i" },
	{ SYS_timer_settime, 5, "ioMa" },
	{ SYS_timer_delete, 1, "i" },
	{ SYS_nanosleep, 2, "ta" },
	{ SYS_restart_syscall, 1, "" },
	{ SYS_clock_nanosleep, 2, "Uota" },
	{ SYS_clock_gettime, 2, "Ua" },
	{ SYS_clock_getres, 2, "oa" },
	{ SYS_clock_settime, 1, "Ut" },
	{ SYS_clock_adjtime, 1, "Ua" },
	{ SYS_gettimeofday, 2, "aa" },
	{ SYS_settimeofday, 1, "aa" },
	{ SYS_adjtimex, 1, "a" },
	{ SYS_times, 2, "a" },
	/* names */
	{ SYS_openat, 8, "dpwn" },
	{ SYS_openat2, 2, "dpHr" },
	{ SYS_unlinkat, 4, "dux" },
	{ SYS_linkat, 4, "dpdNx" },
	{ SYS_mkdirat, 3, "dNn" },
	{ SYS_mknodat, 2, "dNj0" },
	{ SYS_chdir, 2, "p" },
	{ SYS_getcwd, 2, "al" },
	{ SYS_readlinkat, 2, "deal" },
	{ SYS_newfstatat, 2, "dpax" },
	{ SYS_statx, 1, "Dpxoa" },
	{ SYS_faccessat, 2, "dpo" },
	{ SYS_faccessat2, 2, "dpox" },
	{ SYS_fchmodat2, 1, "dpnx" },
	/* open files */
	{ SYS_close, 4, "f" },
	{ SYS_dup, 2, "f" },
	{ SYS_dup3, 2, "ffx" },
	{ SYS_fcntl, 3, "fCn" },
	{ SYS_fcntl, 4, "fBF" },
	{ SYS_flock, 2, "fo" },
	{ SYS_ioctl, 4, "fqY" },
	{ SYS_pipe2, 3, "ax" },
	{ SYS_memfd_create, 2, "po" },
	{ SYS_getdents64, 2, "Dal" },
	{ SYS_lseek, 2, "fOo" },
	{ SYS_read, 4, "fal" },
	{ SYS_write, 5, "fal" },
	{ SYS_readv, 2, "fVo" },
	{ SYS_writev, 3, "fVo" },
	{ SYS_pread64, 2, "falO" },
	{ SYS_pwrite64, 2, "falO" },
	{ SYS_preadv, 2, "fVoO" },
	{ SYS_pwritev, 2, "fVoO" },
	{ SYS_preadv2, 2, "fVoO0o" },
	{ SYS_pwritev2, 2, "fVoO0o" },
	{ SYS_sendfile, 2, "ffal" },
	{ SYS_vmsplice, 1, "fVo2" },
	{ SYS_splice, 3, "fafal2" },
	{ SYS_tee, 1, "ffl2" },
	{ SYS_copy_file_range, 3, "fafal0" },
	{ SYS_syncfs, 1, "f" },
	{ SYS_sync_file_range, 1, "fOlo" },
	{ SYS_fadvise64, 1, "fOlo" },
	{ SYS_readahead, 1, "fOl" },
	{ 451 /* cachestat */, 1, "fppo" },
	{ SYS_close_range, 1, "RRo" },
	{ SYS_prctl, 1, "oa" },
	{ SYS_fstat, 2, "fa" },
	{ SYS_ftruncate, 3, "fO" },
	{ SYS_fallocate, 3, "foOl" },
	{ SYS_fsync, 1, "f" },
	{ SYS_fdatasync, 1, "f" },
	{ SYS_eventfd2, 2, "nx" },
	{ SYS_userfaultfd, 1, "x" },
	{ SYS_timerfd_create, 2, "ox" },
	{ SYS_timerfd_settime, 3, "foaa" },
	{ SYS_timerfd_gettime, 2, "fa" },
	{ SYS_signalfd4, 2, "fazx" },
	{ SYS_inotify_init1, 3, "x" },
	{ SYS_inotify_add_watch, 6, "fpo" },
	{ SYS_inotify_rm_watch, 5, "fi" },
	{ SYS_pidfd_open, 3, "kx" },
	{ SYS_pidfd_send_signal, 3, "fsGx" },
	{ 438 /* pidfd_getfd */, 3, "ff0" },
	{ 440 /* process_madvise */, 3, "fVos0" },
	{ 448 /* process_mrelease */, 2, "f0" },
	{ SYS_epoll_create1, 2, "x" },
	{ SYS_epoll_ctl, 6, "fofa" },
	{ SYS_epoll_pwait, 3, "fanozW" },
	{ SYS_epoll_pwait2, 2, "fantzW" },
	{ SYS_ppoll, 2, "aotWz" },
	{ SYS_pselect6, 2, "oaaata" },
	/* sockets */
	{ SYS_socket, 1, "noo" },
	{ SYS_socketpair, 1, "nooa" },
	{ SYS_bind, 1, "fal" },
	{ SYS_listen, 1, "fn" },
	{ SYS_accept, 1, "faa" },
	{ SYS_connect, 1, "fal" },
	{ SYS_getsockname, 1, "faa" },
	{ SYS_getpeername, 1, "faa" },
	{ SYS_sendto, 1, "faloal" },
	{ SYS_recvfrom, 1, "faloaa" },
	{ SYS_setsockopt, 1, "fooal" },
	{ SYS_getsockopt, 1, "fooaa" },
	{ SYS_shutdown, 1, "fo" },
	{ SYS_sendmsg, 1, "fao" },
	{ SYS_recvmsg, 1, "fao" },
	{ SYS_accept4, 1, "faao" },
	{ SYS_recvmmsg, 1, "falot" },
	{ SYS_sendmmsg, 1, "falo" },
	/* names, attributes and file systems */
	{ SYS_renameat2, 2, "DpDpo" },
	{ SYS_renameat2, 2, "DuDNo" },
	{ SYS_symlinkat, 2, "pDp" },
	{ SYS_fchmod, 1, "fj" },
	{ SYS_fchmodat, 1, "Dpj" },
	{ SYS_fchown, 1, "fnn" },
	{ SYS_fchownat, 1, "Dpnno" },
	{ SYS_utimensat, 1, "Dpao" },
	{ SYS_utimensat, 2, "dp00" },
	{ SYS_fchdir, 2, "D" },
	{ SYS_chroot, 1, "p" },
	{ SYS_truncate, 1, "pO" },
	{ SYS_setxattr, 2, "pXalo" },
	{ SYS_lsetxattr, 1, "pXalo" },
	{ SYS_fsetxattr, 2, "fXalo" },
	{ SYS_getxattr, 1, "pXal" },
	{ SYS_lgetxattr, 1, "pXal" },
	{ SYS_fgetxattr, 1, "fXal" },
	{ SYS_listxattr, 1, "pal" },
	{ SYS_llistxattr, 1, "pal" },
	{ SYS_flistxattr, 1, "fal" },
	{ SYS_removexattr, 1, "pX" },
	{ SYS_lremovexattr, 1, "pX" },
	{ SYS_fremovexattr, 2, "fX" },
	{ SYS_statfs, 1, "pa" },
	{ SYS_fstatfs, 1, "fa" },
	{ SYS_sync, 1, "" },
	{ SYS_mount, 1, "apaoa" },
	/* MNT_DETACH would take /dev from all: for what is a mount point, no flags */
	{ SYS_umount2, 1, "p0" },
	{ 41 /* pivot_root */, 1, "pp" },
	{ SYS_umount2, 1, "uo" },
	/* our own: not the walk of all frames, which takes long */
	{ SYS_faultline, 4, "okaln" },
};

#define CALLS (sizeof(table) / sizeof(table[0]))

unsigned called;

static pid_t pids[PIDS];
static unsigned npids;

void remember(long pid)
{
	if (pid > 1)
		pids[npids++ % PIDS] = (pid_t)pid;
}

uint64_t some_pid(void)
{
	switch (below(8)) {
	case 0:
		return 1;
	case 1:
		return some_number();
	case 2:
		return 0;
	case 3:
		return (uint64_t)-getpid();
	case 4:
	case 5:
		return (uint64_t)(npids ? pids[below(npids < PIDS ? npids : PIDS)] : getpid());
	default:
		return (uint64_t)getpid();
	}
}

/* The child may have no stack of its own, or no good one: it ends at once. */
static uint64_t clone_that_ends(const uint64_t arg[6])
{
	register uint64_t a0 asm("a0") = arg[0];
	register uint64_t a1 asm("a1") = arg[1];
	register uint64_t a2 asm("a2") = arg[2];
	register uint64_t a3 asm("a3") = arg[3];
	register uint64_t a4 asm("a4") = arg[4];
	register long a7 asm("a7") = SYS_clone;

	asm volatile("ecall\n\t"
		     "bnez a0, 1f\n\t"
		     "li a7, 93\n\t"
		     "ecall\n"
		     "1:"
		     : "+r"(a0), "+r"(a7)
		     : "r"(a1), "r"(a2), "r"(a3), "r"(a4)
		     : "memory");
	return a0;
}

static unsigned slot(long nr)
{
	if (nr == SYS_faultline)
		return SLOT_OWN;
	if (nr >= SYS_ipc_create && nr < SYS_IPC_LIMIT)
		return SLOT_IPC + (unsigned)(nr - SYS_ipc_create);
	return nr >= 0 && nr < SLOT_IPC ? (unsigned)nr : SLOT_OTHER;
}

static bool is_terminal(uint64_t fd)
{
	struct termios termios;

	return ecall(SYS_ioctl, (uint64_t[6]){ fd, TCGETS, (uint64_t)&termios }) == 0;
}

static bool is_directory(uint64_t fd)
{
	struct stat st;

	return ecall(SYS_fstat, (uint64_t[6]){ fd, (uint64_t)&st }) == 0 && S_ISDIR(st.st_mode);
}

/* Nobody signals the one that judges, all, or the group that it is in. */
static bool is_for_supervisor(uint64_t pid)
{
	return (int)pid == supervisor || (int)pid == -supervisor || (int)pid == -1;
}

static void hold_back(long nr, uint64_t arg[6])
{
	bool to_thread = nr == SYS_tgkill || nr == SYS_rt_tgsigqueueinfo;
	bool signals = to_thread || nr == SYS_kill || nr == SYS_tkill || nr == SYS_rt_sigqueueinfo;

	if (signals && is_for_supervisor(arg[0]))
		arg[0] = (uint64_t)getpid();
	/* The supervisor is nobody's tracee, and nobody's tracer: it waits for ends only. */
	if (nr == SYS_ptrace && arg[0] == PTRACE_TRACEME)
		arg[0] = PTRACE_SEIZE;
	if (nr == SYS_ptrace && is_for_supervisor(arg[1]))
		arg[1] = (uint64_t)getpid();
	/* Nobody writes to it, or to init. */
	if (nr == SYS_process_vm_writev && (is_for_supervisor(arg[0]) || (int)arg[0] == 1))
		arg[0] = (uint64_t)getpid();
	if (nr == SYS_pidfd_open && is_for_supervisor(arg[0]))
		arg[0] = (uint64_t)getpid();
	if (nr == SYS_pidfd_send_signal &&
	    is_directory(arg[0])) /* of /proc: it names any process */
		arg[1] = 0;
	if (to_thread && is_for_supervisor(arg[1]))
		arg[1] = (uint64_t)getpid();
	if ((nr == SYS_write || nr == SYS_pwrite64) && arg[2] > TTY_MOST && is_terminal(arg[0]))
		arg[2] = TTY_MOST;
	if (nr == SYS_writev && is_terminal(arg[0]))
		arg[2] = 0;
	if (nr == SYS_faultline && (arg[0] == FAULTLINE_LEDGER || arg[0] == FAULTLINE_FRAMES))
		arg[0] = FAULTLINE_MACHINE;
}

void count_call(long nr, long result)
{
	count(((uint64_t)result > -4096ul ? CALLS_FAILED : CALLS_DONE) + slot(nr));
}

long call(long nr, const uint64_t given[6])
{
	uint64_t arg[6], done;

	if (++called > CALLS_MAX)
		_exit(0);
	memcpy(arg, given, sizeof(arg));
	hold_back(nr, arg);
	if (nr == SYS_exit || nr == SYS_exit_group)
		count_call(nr, 0);
	if (nr == SYS_clone && (arg[0] & (CLONE_VM | CLONE_SETTLS) || arg[1]))
		done = clone_that_ends(arg);
	else
		done = ecall(nr, arg);
	count_call(nr, (long)done);
	if (nr == SYS_clone)
		done ? remember((long)done) : forked();
	return (long)done;
}

static void call_with(long nr, const char *kinds)
{
	uint64_t arg[6] = { 0 };

	for (unsigned i = 0; i < 6 && kinds[i]; i++)
		arg[i] = argument(kinds[i]);
	if (nr == SYS_clone && ONE_IN(2))
		arg[1] = 0;
	call(nr, arg);
}

/* Any number, with arguments that need not be for it. */
static void call_any(void)
{
	static const char *const kinds[] = { "aaaaaa", "nnnnnn", "flalnn", "paonan", "foanll" };

	call_with(ONE_IN(4) ? (long)chance() : (long)below(NUMBERS), ONE_OF(kinds));
}

void random_call(void)
{
	static unsigned total;
	unsigned at, i;

	if (total == 0)
		for (i = 0; i < CALLS; i++)
			total += (unsigned)table[i].weight;
	if (ONE_IN(30)) {
		call_any();
		return;
	}
	if (ONE_IN(15)) {
		random_ipc();
		return;
	}
	at = (unsigned)below(total);
	for (i = 0; at >= (unsigned)table[i].weight; i++)
		at -= (unsigned)table[i].weight;
	call_with(table[i].nr, table[i].args);
}

void random_calls(unsigned n)
{
	while (n--)
		random_call();
}

void tell_calls(void)
{
	for (unsigned at = 0; at < NUMBERS; at++) {
		uint64_t done = counted(CALLS_DONE + at), failed = counted(CALLS_FAILED + at);
		unsigned nr = at < SLOT_IPC || at >= SLOT_OWN ? at : SYS_ipc_create + at - SLOT_IPC;

		if (done + failed)
			say("call %u: ok %lu, failed %lu\n", nr, (unsigned long)done,
			    (unsigned long)failed);
	}
}
