/* SPDX-License-Identifier: MIT */
/* Timers of a process, which send it signals: the interval timers (setitimer), and those of timer_create. */
#pragma once

#include "base/clock.h"
#include "base/wall_clock.h"
#include "lib/list.h"
#include "linux/time/cpu_clock.h"
#include "proc/thread.h"
#include "sync/spinlock.h"

struct process;
struct queued_signal;
struct signal_info;

#define ITIMER_COUNT 3 /* ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF */

/* What the program asks timer_create for. */
struct ptimer_event {
	int sig;
	int notify; /* SIGEV_* */
	int tid;    /* SIGEV_THREAD_ID: the thread that gets the signal */
	uint64_t value;
	bool value_is_id; /* the value is the timer's id instead */
};

struct ptimer {
	/* const: */
	struct process *process;
	int id;	      /* of timer_create; negative for an interval timer */
	bool of_cpu;  /* `alarm` is used, else `timer` */
	bool of_wall; /* of the wall clock: so is a time that the program names */
	bool silent;  /* SIGEV_NONE: it is never armed */
	int tid;      /* the thread that gets the signal; 0: any */
	uint64_t birth;
	struct queued_signal *signal; /* NULL: of an interval timer */
	/* guarded by the signals' lock of the process, the alarm by process_tree_lock, too: */
	struct tree_node by_id;
	union {
		struct timer timer;
		struct cpu_alarm alarm;
	};
	bool on_wall; /* such a time was named: at_ns is since 1970, and the wall_timer is used */
	bool set;    /* at_ns is when it expires, or when one that is silent or waits has expired */
	bool waits;  /* it has expired, and begins anew when its signal is taken */
	bool parked; /* it has expired, and begins anew when its signal is not ignored any more */
	int64_t at_ns; /* by its own clock; since boot, if that is real time and not on_wall */
	uint64_t interval_ns;
	unsigned armings;     /* says whether a signal is that of its last expiry */
	int64_t overrun;      /* expiries since its last signal was taken, without the next one's */
	int64_t last_overrun; /* what `overrun` was when that signal was taken */
	/* guarded by due_lock: */
	struct list due_link; /* it is due, or parked */
};

/* Of timer_create. */
struct created_ptimer {
	struct ptimer it;	      /* guarded as struct ptimer says */
	struct wall_timer wall_timer; /* guarded by the signals' lock, as `timer` */
};

struct ptimers {
	/* guarded by the signals' lock of the process: */
	bool has_interval;   /* `interval` is set up; atomic */
	struct tree created; /* by timer_create, ordered by id */
	unsigned ncreated;   /* those that are not published yet included */
	int next_id;
	uint64_t parked; /* the signals of those on parked_list, and perhaps others */

	struct spinlock due_lock; /* interrupts off */
	/* guarded by due_lock: */
	struct list due; /* have expired; a thread of the process is to look at them */
	struct list parked_list;
	bool any_due;	       /* atomic: `due` is not empty */
	struct thread *looker; /* looks when one expires; NULL: all threads have begun to end */

	/* Last, as it need not be zeroed: few processes use them, so the first call that names one sets them up. */
	struct ptimer interval[ITIMER_COUNT];
};

/* These must be all zeros, but for `interval`. */
void ptimers_init(struct ptimers *timers);
/*
 * The thread begins to end: another looks at timers that expire, or none if all have begun to end. Call
 * with the signals' lock held.
 */
void ptimers_leave(struct process *process, const struct thread *thread);
/* Disarms all timers, and deletes those of timer_create. Call for the running process, when it ends. */
void ptimers_exit(void);
/* A new image: deletes those of timer_create, and their signals. Call in the only thread. */
void ptimers_exec(void);

/* Returns the interval and the time left, more than 0 if set. Call for the running process. */
void itimer_get(unsigned which, struct timer_spec *ret);
/*
 * Sets the timer and stores its former value in *old_ret. If that is more than 0, the former timer
 * does not expire any more. Call for the running process.
 */
void itimer_set(unsigned which, const struct timer_spec *spec, struct timer_spec *old_ret);

/*
 * Makes a timer of the running process, which cannot be found yet. Returns 0; -EAGAIN if there is no room
 * or memory; -EINVAL if the event is not one. Give it to ptimer_publish() or ptimer_discard().
 */
int ptimer_create(const struct ptimer_event *event, struct ptimer **ret);
/* Its clock is one that ptimers have. Returns 0; -EINVAL if it is a CPU clock that does not exist. */
int ptimer_publish(struct ptimer *it, int clock);
void ptimer_discard(struct ptimer *it);

/* For a timer of the running process. They return 0, or -EINVAL if there is none of that id. */
int ptimer_delete(int id);
int ptimer_get(int id, struct timer_spec *ret);
/* With `absolute`, spec->value is a time of the timer's clock. Returns -ESRCH if that is gone. */
int ptimer_set(int id, bool absolute, const struct timer_spec *spec, struct timer_spec *old_ret);
/* Returns how often the timer expired before its last signal was taken, without the signal itself. */
int ptimer_overrun(int id);

/* Out of line, for the next function: something is due, or a CPU clock is to be looked at. */
void ptimers_look(void);
/* Sends the signals of timers that have expired. Call for the running process, with no spinning lock held. */
static inline void ptimers_take(struct ptimers *timers)
{
	if (unlikely(atomic_load(&timers->any_due) || current_thread()->cpu_alarms_due))
		ptimers_look();
}

/*
 * A signal of SIGNAL_OF_TIMER, or a SIGALRM, has been taken from a queue of the running process: begins
 * its timer anew, and completes the info. Call with no spinning lock held.
 */
void ptimer_signal_taken(struct signal_info *info);
/* Out of line, for the next function. */
void ptimers_unpark_all(struct ptimers *timers);
/*
 * Signals of the set may not be ignored any more: the running thread is to look at timers that are parked
 * because they were. Call with the signals' lock of its process held.
 */
static inline void ptimers_unpark(struct ptimers *timers, uint64_t set)
{
	if (unlikely(timers->parked & set))
		ptimers_unpark_all(timers);
}
