/* SPDX-License-Identifier: MIT */
/*
 * Sleep and wake-up on several harts: proc/sched.c, proc/wait.c:sleep_on(), linux/job/stop.c:wait_for_resume(),
 * base/hart.c:hart_kick(), arch/riscv/power.c:arch_hart_wait() and trap/interrupt.c:trap_kick().
 *
 * One thread, which may run on each of two harts, or with -DBOUND on one; each has an idle thread, which takes it from
 * the other hart's queue. It waits for `change` on a queue, or computes in user mode. Interrupts on either hart, in any
 * order, make the change and wake the queue; with -DKILLS they kill the thread; with -DSTOPS they stop it and let it go
 * on. (Then the change comes when nothing else goes on; with -DEARLY also at any time.) With -DREASONS another hart
 * interrupts hart 0 for another reason. With -DMOVES one gives the thread another place in its queue. With -DPREEMPTS the
 * thread may be preempted in the kernel. There is no tick. A hold of a wait queue's lock is one step. Checked: the thread
 * is on one hart or queue; it sees the change, the kill, and the stop, and goes on after that; each reason is seen; a
 * thread that was preempted in the kernel stays on its hart.
 *
 * Wrong are: to enqueue, look for a kill, and mark the thread as sleeping last (-DMARK_LATE), or, which a missing fence
 * allows, to look for it before the mark (-DLOOK_FIRST); to join the queue whatever its sequence is (-DJOIN_BLINDLY); to look
 * whether it was woken without the lock of its run queue (-DLOOK_UNLOCKED); to take the lock of the hart where it was, and
 * not look whether it still is (-DLOOK_ONCE); to queue it when the lock was given up for the order of locks, and not look
 * whether it still sleeps (-DTRUST_OLD); to queue a woken thread that is still on its
 * hart (-DQUEUE_ON_HART), or queued (-DQUEUE_TWICE); not to interrupt an idle hart (-DKICK_NONE), or to look whether it is
 * idle when the thread is queued already (-DKICK_LATE), or not to interrupt it when the thread has another place
 * (-DPLACE_UNTOLD); not to interrupt the hart of a thread in user mode (-DLEAVE_RUNNING); to look for work before
 * interrupts are off (-DIDLE_OPEN); to take another hart's interrupt between that look and the wait (-DTAKE_EARLY); to
 * take a thread that was preempted in the kernel (-DSTEAL_PREEMPTED); to read the reasons and then clear the interrupt
 * (-DCLEAR_LATE), or to interrupt and then give the reason (-DKICK_FIRST); to clear the thread's work when its causes
 * have been looked at (-DWORK_LATE).
 */
#if defined(KILLS) || defined(STOPS)
#define LATE /* The change may come when nothing else goes on. */
#endif
#ifdef BOUND
#define MAY_MOVE false /* sched_set_harts() */
#else
#define MAY_MOVE true
#endif
#define NONE 255

mtype = { READY, SLEEPING };

#define KICK_SCHED 1
#define KICK_OTHER 2

typedef Hart {
	bool idle; /* current == idle */
	bool on;   /* interrupts are */
	bool in_interrupt;
	byte device; /* so many interrupts are pending, of devices; */
	bool ssip;   /* one is of another hart */
	byte kicks;
};

Hart hart[2];

/* struct thread */
mtype state = READY;
bool on_hart = true, queued, preempted;
byte at; /* arch.hart */
bool killed, work, must_stop;
bool back; /* it was interrupted in user mode */
bool in_kernel = true;

/* what it waits for, and its queue */
bool change, enqueued;
byte seq;
/* signals */
bool stopped;
byte resumed; /* sequence of the queue `resumed` */
bool resumed_enqueued;

bool locked[2]; /* the lock of each run queue */
bool told; /* the other reason */
bool ended;

#define THREAD_ON(h) (on_hart && at == h && !hart[h].in_interrupt)
#define IDLE_ON(h)   (hart[h].idle && !hart[h].in_interrupt)

/* Interrupts are off with it. */
inline lock_irqoff(h)
{
	atomic { !locked[h] -> locked[h] = true }
}

inline unlock(h)
{
	locked[h] = false
}

/* Locks the hart of the thread as `from`. */
inline thread_lock()
{
	do
	:: true ->
		from = at;
		lock_irqoff(from);
		if
#ifdef LOOK_ONCE
		:: true -> break
#else
		:: at == from -> break
		:: else -> unlock(from)
#endif
		fi
	od
}

/* hart_kick() */
inline kick(h, reason)
{
#ifdef KICK_FIRST
	hart[h].ssip = true;
	hart[h].kicks = hart[h].kicks | reason
#else
	hart[h].kicks = hart[h].kicks | reason;
	hart[h].ssip = true
#endif
}

/* is_idle(): it runs its idle thread, and none is ready. */
#define IS_IDLE(h) (hart[h].idle && !(queued && at == h))

#ifdef QUEUE_ON_HART
#define OFF !queued
#else
#ifdef QUEUE_TWICE
#define OFF !on_hart
#else
#define OFF (!on_hart && !queued)
#endif
#endif
#ifdef TRUST_OLD
#define STILL_WAITS true
#else
#define STILL_WAITS (state == SLEEPING && OFF)
#endif

/* queue_on(): on the hart `to`, with the locks of both. */
inline queue_on(self)
{
	atomic {
		assert(!on_hart && !queued);
		state = READY;
		at = to;
#ifdef KICK_LATE
		queued = true;
#endif
		if
#ifndef KICK_NONE
		:: at != self && IS_IDLE(at) -> target = at
#endif
		:: else -> skip
		fi;
		queued = true
	}
}

/* sched_wake(), on the hart `self`. */
inline wake(self)
{
	target = NONE;
	do
	:: true ->
		thread_lock();
		to = NONE;
		atomic {
			if
			:: state == SLEEPING && OFF ->
				/* choose_hart(): others may run on either */
				if
				:: MAY_MOVE -> to = 1 - at
				:: to = at
				fi
			:: state == SLEEPING && !(OFF) -> state = READY
			:: else ->
				/* kick_running() */
				if
#ifndef LEAVE_RUNNING
				:: on_hart && at != self && work -> target = at
#endif
				:: else -> skip
				fi
			fi
		};
		/* hart_lock_too() */
		if
		:: to == NONE || to == from -> break
		:: to != NONE && to > from -> lock_irqoff(to); break
		:: to != NONE && to < from ->
			unlock(from);
			lock_irqoff(to);
			lock_irqoff(from);
			if
			:: at == from && STILL_WAITS -> break
			:: else -> unlock(from); unlock(to)
			fi
		fi
	od;
	if
	:: to != NONE -> queue_on(self)
	:: else -> skip
	fi;
	if
	:: to != NONE && to != from -> unlock(to)
	:: else -> skip
	fi;
	if
	:: target != NONE -> kick(target, KICK_SCHED); unlock(from)
	:: target != NONE -> unlock(from); kick(target, KICK_SCHED) /* switch_over_elsewhere() */
	:: else -> unlock(from)
	fi
}

/* ---- interrupts ---- */

/* On the hart `self`: a handler is one thread's work for that hart. */
inline interrupt_begin()
{
	hart[self].device++;
	atomic {
		hart[self].on && !hart[self].in_interrupt ->
		hart[self].device--;
		hart[self].in_interrupt = true
	}
}

/* What is interrupted in user mode looks for work on its way back. */
inline interrupt_end(h)
{
	atomic {
		hart[h].in_interrupt = false;
		if
		:: on_hart && at == h && !in_kernel -> back = true
		:: else -> skip
		fi
	}
}

inline choose_self()
{
	if
	:: self = 0
	:: self = 1
	fi
}

proctype Waker()
{
	byte self, target, from, to;
	bool any;

	if
#if !defined(STOPS) || defined(EARLY)
	:: true -> skip
#endif
#ifdef LATE
	:: true ->
		timeout; /* Nothing else goes on, so all else has been seen. */
		assert(ended || !killed && !must_stop)
#endif
	fi;
	choose_self();
	interrupt_begin();
	change = true;
	/* waitq_wake_all() */
	atomic {
		seq++;
		any = enqueued;
		enqueued = false
	};
	if
	:: any -> wake(self)
	:: else -> skip
	fi;
	interrupt_end(self)
}

#ifdef KILLS
proctype Killer()
{
	byte self, target, from, to;

	choose_self();
	interrupt_begin();
	killed = true;
	work = true;
	wake(self);
	interrupt_end(self)
}
#endif

#ifdef STOPS
/* signals_stop_threads(), and SIGCONT afterwards. */
proctype Stopper()
{
	byte self, target, from, to;
	bool any;

	choose_self();
	interrupt_begin();
	stopped = true;
	must_stop = true;
	work = true;
	wake(self);
	interrupt_end(self);
	/* It stops, or has ended. */
	!must_stop || ended;
	choose_self();
	interrupt_begin();
	stopped = false;
	atomic {
		resumed++;
		any = resumed_enqueued;
		resumed_enqueued = false
	};
	if
	:: any -> wake(self)
	:: else -> skip
	fi;
	interrupt_end(self)
}
#endif

#ifdef REASONS
proctype Other()
{
	kick(0, KICK_OTHER);
	told
}
#endif

#ifdef MOVES
/* enqueue_changed(), of a third hart: it gives the thread another place in its queue. */
proctype Other_place()
{
	byte from;

	thread_lock();
	if
	:: queued ->
		queued = false;
		queued = true;
#ifndef PLACE_UNTOLD
		if
		:: hart[from].idle -> kick(from, KICK_SCHED)
		:: else -> skip
		fi
#endif
	:: else -> skip
	fi;
	unlock(from)
}
#endif

/* trap_take_kick() */
inline take_kick(h)
{
#ifdef CLEAR_LATE
	atomic { reasons = hart[h].kicks; hart[h].kicks = 0 };
	hart[h].ssip = false;
#else
	hart[h].ssip = false;
	atomic { reasons = hart[h].kicks; hart[h].kicks = 0 };
#endif
	if
	:: reasons & KICK_OTHER -> told = true
	:: else -> skip
	fi;
	reasons = 0
}

/* IRQ_SOFT */
proctype Soft(byte h)
{
	byte reasons;

end_soft:
	do
	:: atomic {
		hart[h].ssip && hart[h].on && !hart[h].in_interrupt ->
		hart[h].in_interrupt = true
	   };
	   take_kick(h);
	   interrupt_end(h)
	od
}

/* ---- the idle thread: sched_idle() ---- */

proctype Idle(byte h) provided (IDLE_ON(h))
{
	bool none;
	byte reasons;

end_idle:
	do
	:: true ->
#ifdef IDLE_OPEN
		none = !(queued && at == h);
		hart[h].on = false;
#else
		hart[h].on = false;
		none = !(queued && at == h);
#endif
		if
		:: none && MAY_MOVE && queued && at != h -> /* any_to_steal(); here also of an idle hart */
			/* steal(): the locks of both, in their order */
			lock_irqoff(0);
			lock_irqoff(1);
			atomic {
				if
#ifdef STEAL_PREEMPTED
				:: queued && at != h ->
#else
				:: queued && at != h && !preempted ->
#endif
					assert(!preempted);
					at = h;
					none = false
				:: else -> skip
				fi
			};
			unlock(0);
			unlock(1)
		:: else -> skip
		fi;
		if
		:: none ->
			/* arch_hart_wait() */
#ifdef TAKE_EARLY
			if
			:: hart[h].ssip -> take_kick(h)
			:: else -> skip
			fi;
#endif
end_wfi:		hart[h].ssip || hart[h].device > 0;
			if
			:: hart[h].ssip -> take_kick(h)
			:: else -> skip
			fi
		:: else -> skip
		fi;
		/* idle_leave() */
		if
		:: queued && at == h ->
			lock_irqoff(h);
			d_step {
				if
				:: queued && at == h ->
					assert(!on_hart);
					queued = false;
					on_hart = true;
					hart[h].idle = false
				:: else -> hart[h].on = true
				fi;
				locked[h] = false
			}
		:: else -> hart[h].on = true
		fi;
		/* Those that are pending are taken here. */
		!hart[h].ssip && hart[h].device == 0
	od
}

/* ---- the thread ---- */

/* Off its hart: the idle thread has it, and gives up the lock. In one step, as the thread makes none after this. */
inline switch_away()
{
	on_hart = false;
	hart[at].idle = true;
	hart[at].on = true;
	locked[at] = false
}

/* An interrupt in the kernel: others run first. */
inline preempt_point()
{
#ifdef PREEMPTS
	if
	:: true ->
		d_step {
			!locked[at] ->
			preempted = true;
			queued = true;
			switch_away()
		};
		atomic {
			preempted = false;
			hart[at].on = true
		}
	:: true -> skip
	fi
#else
	skip
#endif
}

/* sched_sleep(); returns when it runs again. */
inline sched_sleep()
{
#ifdef LOOK_UNLOCKED
	sleeps = state == SLEEPING;
	hart[at].on = false;
	lock_irqoff(at);
#else
	hart[at].on = false;
	lock_irqoff(at);
	sleeps = state == SLEEPING;
#endif
	if
	:: sleeps -> d_step { switch_away() }
	:: else -> unlock(at)
	fi;
	hart[at].on = true
}

/*
 * sleep_on(): waits on a queue with this sequence, sampled as `sample`. The thread goes on when it was woken or is to end,
 * or, if it `yields` to them, for signals.
 */
inline sleep_on(queue_seq, on_queue, yields)
{
#ifndef MARK_LATE
#ifdef LOOK_FIRST
	interrupted = killed || (yields && work);
#endif
	state = SLEEPING;
	preempt_point();
#endif
	atomic {
		/* waitq_enqueue() */
		joined = true;
#ifndef JOIN_BLINDLY
		if
		:: queue_seq != sample -> joined = false
		:: else -> skip
		fi;
#endif
		on_queue = joined
	};
	preempt_point();
#ifndef LOOK_FIRST
	interrupted = killed || (yields && work);
#endif
#ifdef MARK_LATE
	state = SLEEPING;
#endif
	if
	:: !joined || interrupted -> state = READY
	:: else -> sched_sleep()
	fi;
	on_queue = false /* waitq_cancel() */
}

proctype Thread() provided (THREAD_ON(at))
{
	byte sample;
	bool joined, interrupted, sleeps;

	/* ---- in the kernel: waits, and may be interrupted by a signal ---- */
call:	in_kernel = true;
	if
	:: true ->
		/* thread_wait_interruptible() */
		sample = seq;
		if
		:: !change -> sleep_on(seq, enqueued, true)
		:: else -> skip
		fi
	:: true -> skip
	fi;

	/* ---- on the way to user mode ---- */
leave:	hart[at].on = false;
	if
	:: work ->
		hart[at].on = true;
		/* signal_user_return() */
#ifndef WORK_LATE
		work = false;
#endif
		if
		:: killed -> goto end
		:: else -> skip
		fi;
		if
		:: must_stop ->
			/* process_stop() */
			do
			:: true ->
				must_stop = false; /* stop_count() */
				sample = resumed;
				if
				:: !stopped || killed -> break
				:: else -> sleep_on(resumed, resumed_enqueued, false)
				fi
			od
		:: else -> skip
		fi;
#ifdef WORK_LATE
		work = false;
#endif
		goto leave
	:: else -> skip
	fi;
	atomic {
		in_kernel = false;
		back = false;
		hart[at].on = true
	};

	/* ---- in user mode: it makes another call, or computes until it sees the change, or is interrupted ---- */
	if
	:: goto call
	:: true ->
		if
		:: atomic { back -> in_kernel = true }; goto leave
		:: change -> goto end
		fi
	fi;

	/* ---- sched_leave() ---- */
end:	in_kernel = true;
	hart[at].on = false;
	lock_irqoff(at);
	d_step {
		ended = true;
		switch_away()
	}
}

/* Somebody waits for its end. */
proctype Parent()
{
	ended
}

init {
	atomic {
		hart[0].on = true;
		hart[1].on = true;
		if
		:: at = 0
		:: MAY_MOVE -> at = 1
		fi;
		hart[1 - at].idle = true;
#ifdef KILLS
		work = true; /* Another signal has come already. */
#endif
		run Idle(0);
		run Idle(1);
		run Soft(0);
		run Soft(1);
		run Thread();
		run Waker();
#ifdef KILLS
		run Killer();
#endif
#ifdef STOPS
		run Stopper();
#endif
#ifdef REASONS
		run Other();
#endif
#ifdef MOVES
		run Other_place();
#endif
		run Parent()
	}
}
