/* SPDX-License-Identifier: MIT */
/* Times and clocks. */
#pragma once

#include <stdint.h>

#define CLOCK_REALTIME	0
#define CLOCK_MONOTONIC 1

struct abi_timespec {
	int64_t sec;
	int64_t nsec;
};

/* Clock ticks per second of times() and AT_CLKTCK. */
#define ABI_CLK_TCK 100

/* The Linux layer's: further clocks, timers, and the times of processes. */

#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID	 3
#define CLOCK_MONOTONIC_RAW	 4
#define CLOCK_REALTIME_COARSE	 5
#define CLOCK_MONOTONIC_COARSE	 6
#define CLOCK_BOOTTIME		 7
#define CLOCK_REALTIME_ALARM	 8
#define CLOCK_BOOTTIME_ALARM	 9
#define CLOCK_TAI		 11
/* Clock numbers are below this. */
#define ABI_MAX_CLOCKS		 16

/* The low bits of a negative clock number; above them is the complement of a pid. */
#define CPUCLOCK_WHICH	   3
#define CPUCLOCK_PROF	   0
#define CPUCLOCK_VIRT	   1
#define CPUCLOCK_SCHED	   2
#define CPUCLOCK_PERTHREAD 4

/* The low bits of a negative clock number that encodes a descriptor instead. */
#define CLOCKFD	     3
#define CLOCKFD_MASK 7

#define TIMER_ABSTIME 0x01

/* The flags of timerfd_create and timerfd_settime. */
#define TFD_CLOEXEC		02000000
#define TFD_NONBLOCK		04000
#define TFD_TIMER_ABSTIME	1
#define TFD_TIMER_CANCEL_ON_SET 2

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

struct abi_timeval {
	int64_t sec;
	int64_t usec;
};

struct abi_itimerspec {
	struct abi_timespec interval;
	struct abi_timespec value;
};

struct abi_itimerval {
	struct abi_timeval interval;
	struct abi_timeval value;
};

/* Of adjtimex: modes, a status, and the answer where the clock is not synchronized. */
#define ADJ_OFFSET	    0x0001
#define ADJ_FREQUENCY	    0x0002
#define ADJ_SETOFFSET	    0x0100
#define ADJ_NANO	    0x2000
#define ADJ_OFFSET_READONLY 0x2000 /* with ADJ_ADJTIME */
#define ADJ_TICK	    0x4000
#define ADJ_ADJTIME	    0x8000		   /* as adjtime(3) does it */
#define ADJ_FREQUENCY_MAX   (INT64_MAX / 65536000) /* of millionths, times 65536 */
#define STA_UNSYNC	    0x0040
#define TIME_ERROR	    5

struct abi_timex {
	uint32_t modes;
	int32_t padding_1;
	int64_t offset, freq, maxerror, esterror;
	int32_t status;
	int32_t padding_2;
	int64_t constant, precision, tolerance;
	struct abi_timeval time;
	int64_t tick, ppsfreq, jitter;
	int32_t shift;
	int32_t padding_3;
	int64_t stabil, jitcnt, calcnt, errcnt, stbcnt;
	int32_t tai;
	int32_t unused[11];
};

_Static_assert(sizeof(struct abi_timex) == 208, "as in the ABI");

struct abi_tms {
	int64_t utime;
	int64_t stime;
	int64_t cutime;
	int64_t cstime;
};
