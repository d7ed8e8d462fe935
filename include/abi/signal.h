/* SPDX-License-Identifier: MIT */
/* The Linux layer's: signals: numbers, codes, actions, and the data that a handler receives. */
#pragma once

#include <stdint.h>

#define SIGHUP	  1
#define SIGINT	  2
#define SIGQUIT	  3
#define SIGILL	  4
#define SIGTRAP	  5
#define SIGABRT	  6
#define SIGBUS	  7
#define SIGFPE	  8
#define SIGKILL	  9
#define SIGUSR1	  10
#define SIGSEGV	  11
#define SIGUSR2	  12
#define SIGPIPE	  13
#define SIGALRM	  14
#define SIGTERM	  15
#define SIGSTKFLT 16
#define SIGCHLD	  17
#define SIGCONT	  18
#define SIGSTOP	  19
#define SIGTSTP	  20
#define SIGTTIN	  21
#define SIGTTOU	  22
#define SIGURG	  23
#define SIGXCPU	  24
#define SIGXFSZ	  25
#define SIGVTALRM 26
#define SIGPROF	  27
#define SIGWINCH  28
#define SIGIO	  29
#define SIGPWR	  30
#define SIGSYS	  31

/* Signals are 1 to NSIG; bit (signal - 1) of a mask stands for a signal. */
#define NSIG		 64
#define SIGRTMIN	 32 /* from here on, each signal sent is queued */
/* The only size of a signal mask that the system calls accept. */
#define ABI_SIGSET_BYTES 8

/* Values of abi_sigaction.handler. */
#define SIG_DFL 0UL
#define SIG_IGN 1UL

#define SA_NOCLDSTOP	  0x00000001
#define SA_NOCLDWAIT	  0x00000002
#define SA_SIGINFO	  0x00000004
#define SA_UNSUPPORTED	  0x00000400
#define SA_EXPOSE_TAGBITS 0x00000800
#define SA_ONSTACK	  0x08000000
#define SA_RESTART	  0x10000000
#define SA_NODEFER	  0x40000000
#define SA_RESETHAND	  0x80000000

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SS_ONSTACK	1
#define SS_DISABLE	2
#define SS_AUTODISARM	(1u << 31)
#define ABI_MINSIGSTKSZ 2048

/* How a timer tells that it has expired, or a queue that a message has come. */
#define SIGEV_SIGNAL	0
#define SIGEV_NONE	1
#define SIGEV_THREAD	2
#define SIGEV_THREAD_ID 4

#define SI_USER	      0
#define SI_KERNEL     0x80
#define SI_QUEUE      (-1)
#define SI_TIMER      (-2)
#define SI_MESGQ      (-3)
#define SI_SIGIO      (-5)
#define SI_TKILL      (-6)
#define ILL_ILLOPC    1
#define FPE_INTDIV    1
#define SEGV_MAPERR   1
#define SEGV_ACCERR   2
#define BUS_ADRALN    1
#define BUS_ADRERR    2
#define BUS_OBJERR    3
#define TRAP_BRKPT    1
#define TRAP_TRACE    2
#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_TRAPPED   4
#define CLD_STOPPED   5
#define CLD_CONTINUED 6
#define POLL_IN	      1
#define POLL_OUT      2
#define POLL_ERR      4
#define POLL_HUP      6

/* riscv64 has no restorer. */
struct abi_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t mask;
};

struct abi_stack {
	uint64_t ss_sp;
	int32_t ss_flags;
	uint32_t pad;
	uint64_t ss_size;
};

/* ucontext_t up to the machine's registers, which are at its end. */
struct abi_ucontext {
	uint64_t uc_flags;
	uint64_t uc_link;
	struct abi_stack uc_stack;
	uint64_t uc_sigmask;
	uint64_t unused[15];
	uint64_t pad;
};

/* siginfo_t; signo and code say which member of the union is used. */
struct abi_siginfo {
	int32_t si_signo;
	int32_t si_errno;
	int32_t si_code;
	int32_t pad;
	union {
		uint64_t words[14];
		/* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP from the processor */
		struct {
			uint64_t addr;
		} fault;
		/* kill, tkill, sigqueue */
		struct {
			int32_t pid;
			uint32_t uid;
			uint64_t value;
		} rt;
		/* SIGCHLD */
		struct {
			int32_t pid;
			uint32_t uid;
			int32_t status;
			uint32_t pad;
			int64_t utime;
			int64_t stime;
		} child;
		/* SIGIO, and what F_SETSIG names instead */
		struct {
			int64_t band;
			int32_t fd;
			uint32_t pad;
		} io;
		/* POSIX timers */
		struct {
			int32_t timer;
			int32_t overrun;
			uint64_t value;
		} timer;
	} u;
};

struct abi_sigevent {
	uint64_t value;
	int32_t signo;
	int32_t notify;
	int32_t tid; /* SIGEV_THREAD_ID */
	uint32_t pad[11];
};

_Static_assert(sizeof(struct abi_sigevent) == 64, "as in the ABI");
_Static_assert(sizeof(struct abi_sigaction) == 24, "as in the ABI");
_Static_assert(sizeof(struct abi_stack) == 24, "as in the ABI");
_Static_assert(sizeof(struct abi_ucontext) == 176, "as in the ABI");
_Static_assert(sizeof(struct abi_siginfo) == 128, "as in the ABI");
