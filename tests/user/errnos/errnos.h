/* SPDX-License-Identifier: MIT */
/* The table of system calls, and the bad arguments that errnos makes each of them with. */
#ifndef ERRNOS_H
#define ERRNOS_H

#include "../t.h"

#include <stdbool.h>

#ifndef SYS_futex_wake
#define SYS_futex_wake	  454
#define SYS_futex_wait	  455
#define SYS_futex_requeue 456
#endif
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef SYS_riscv_hwprobe
#define SYS_riscv_hwprobe 258
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

#define REGISTERS 7  /* of arguments; the seventh is for calls of endpoints */
#define ARGS	  10 /* more where members of a struct are arguments */

typedef uint64_t word;

/* A bad value of an argument. */
struct bad {
	const char *name;
	word value;
};

/* How a call is made, and what is told of its result. */
#define OPENS	1u  /* the result is a descriptor: it is closed */
#define HIDES	2u  /* a good result is an address, a time or a pid: it is not told */
#define FORKS	4u  /* made by a child, as it may change or end its process */
#define BLOCKS	8u  /* the right call would wait for ever: it is not made */
#define CROWDED 16u /* with one free descriptor in the table, FD_CLOSED */
#define USER	32u /* with FORKS: that child is user 1000, without groups */

/* A pair of bad arguments whose errno is neither one's, and why. Arguments count from 1. */
struct pair_exception {
	const char *first, *second; /* "1 closed" */
	int error;
	const char *why;
};

struct row {
	const char *name;
	long number;
	word right[ARGS];
	const struct bad *bad[ARGS]; /* NULL: none is tried */
	/* Called before each call: makes anew what the last one may have used up, and arguments. */
	void (*before)(word *arg);
	/* Called after each call that has not failed: undoes what it has done. */
	void (*after)(const word *arg, long result);
	/* Makes the call, if its arguments are more than registers; else NULL. */
	long (*call)(const word *arg);
	const char *answer; /* of the right call, where it is judged here */
	unsigned how;
	const struct pair_exception *exceptions; /* ends with one without `first` */
};

#define RIGHT(...) .right = { __VA_ARGS__ }
#define BAD(...)   .bad = { __VA_ARGS__ }
#define CALL_AS(title, nr, ...)                                \
	{                                                      \
		.name = title, .number = SYS_##nr, __VA_ARGS__ \
	}
#define CALL(nr, ...) CALL_AS(#nr, nr, __VA_ARGS__)

struct group {
	const char *name;
	const struct row *rows;
	size_t count;
	/* The name of a bad value ends with what the call has to answer, as in "closed: EBADF". */
	bool judges;
	void (*set_up)(void);	 /* may be NULL */
	void (*tear_down)(void); /* may be NULL */
	void (*clear)(void);	 /* takes away what the rows have made; may be NULL */
};

extern const struct group files_group, names_group, memory_group, processes_group, signals_group,
	terminal_group, events_group, ipc_group, uio_group, sysv_group, mqueue_group, refused_group,
	absent_group;

/* ---- what the right and the bad arguments refer to ---- */

/* Memory at fixed addresses. Behind each of these is a hole. */
#define DATA	 0x1000000000ul /* four pages that can be read and written */
#define READONLY 0x1000100000ul
#define NOACCESS 0x1000200000ul
#define LAST	 0x1000300000ul /* one page */
#define HOLE	 (LAST + PAGE)
#define ENDLESS	 0x1000400000ul /* one page of 'x': no string in it ends */
#define SHARED	 0x1000500000ul /* one page, MAP_SHARED */
#define KERNEL	 0xffffffc000000000ul
#define HALF	 (HOLE - 4) /* the first four bytes of something are there */

/* Descriptors. */
enum {
	FD_RW = 20,	/* "file" */
	FD_RDONLY = 21, /* the same */
	FD_WRONLY = 22, /* the same */
	FD_DIR = 23,	/* "full" */
	FD_PATH = 24,	/* "file", O_PATH */
	FD_IN = 25,	/* an empty pipe, O_NONBLOCK */
	FD_OUT = 26,	/* its other end */
	FD_BROKEN = 27, /* a pipe that nobody reads */
	FD_MEMFD = 28,
	FD_SEALED = 29,	  /* a memfd with F_SEAL_SEAL and F_SEAL_WRITE */
	FD_ENDPOINT = 30, /* a receive end */
	FD_SEND = 31,	  /* of it */
	FD_HERE = 32,	  /* the working directory */
	FD_SERVER = 33,	  /* a send end: each call of it is answered */
	FD_UNSERVED = 34, /* a send end without a receive end */
	FD_TTY = 35,	  /* the controlling terminal, O_NONBLOCK */
	FD_DEVICE = 36,	  /* that programs drive */
	FD_SESSION = 37,  /* of it, O_NONBLOCK */
	FD_ENDED = 38,	  /* a session before that one */
	FD_KEEPER = 39,	  /* a send end with IPC_KEEPS, without a receive end */
	FD_CLOSED = 60,
};

#define MANY	 5000	     /* bytes: more than a page */
#define FD_ABOVE (1ul << 20) /* no table is so large */
#define NO_PID	 99999999ul
#define MINUS(n) ((word) - (long)(n))

extern char long_path[], long_name[];

/* ---- lists of bad values ---- */

extern const struct bad out[], out_or_null[], in[], in_or_null[], out_bytes[], in_bytes[];
extern const struct bad fd_any[], fd_read[], fd_write[], fd_place[], fd_dir[], at[];
extern const struct bad path[], path_of_file[], path_of_dir[], path_to_make[];
extern const struct bad set_size[], pid_any[], signal_any[], clock_any[], huge[], negative[],
	timespec[], timespec_or_null[];

/* The end of a list. */
#define NO_MORE   \
	{         \
		0 \
	}

/* A child of ours that has ended; it is reaped at the end of each row, and until then has one pid. */
pid_t ended_child(void);

#endif
