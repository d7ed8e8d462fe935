/* SPDX-License-Identifier: MIT */
/* The Linux layer's: the flags of wait4 and waitid, and the format of an exit status. */
#pragma once

#define WNOHANG	    1
#define WUNTRACED   2
#define WSTOPPED    2
#define WEXITED	    4
#define WCONTINUED  8
#define WNOWAIT	    0x01000000
#define __WNOTHREAD 0x20000000
#define __WALL	    0x40000000
#define __WCLONE    0x80000000

#define P_ALL	0
#define P_PID	1
#define P_PGID	2
#define P_PIDFD 3

/* Make a status: of an exit, a death by signal, a stop, a continuation. */
#define ABI_W_EXITCODE(code) (((code)&0xff) << 8)
#define ABI_W_SIGNALLED(sig) ((sig)&0x7f)
#define ABI_W_STOPCODE(sig)  ((((sig)&0xff) << 8) | 0x7f)
#define ABI_W_CONTINUED	     0xffff

/* Or-ed into a death by signal: a core file was written. */
#define WCOREFLAG 0x80

/* Decode a status. */
#define WTERMSIG(status)     ((status)&0x7f)
#define WEXITSTATUS(status)  (((status)&0xff00) >> 8)
#define WSTOPSIG(status)     WEXITSTATUS(status)
#define WIFEXITED(status)    (WTERMSIG(status) == 0)
#define WIFSTOPPED(status)   (((status)&0xff) == 0x7f)
#define WIFSIGNALED(status)  (((signed char)(((status)&0x7f) + 1) >> 1) > 0)
#define WCOREDUMP(status)    (((status)&WCOREFLAG) != 0)
#define WIFCONTINUED(status) ((status) == 0xffff)
