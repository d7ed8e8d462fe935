/* SPDX-License-Identifier: MIT */
/*
 * Sleeping on a word in proc/futex.c: sample the bucket's count of changes, read the word, join the
 * bucket only if the count is the same.
 *
 * Sleepers wait as long as the word is 0. One process changes the word and wakes all. With -DMOVES
 * another one moves the sleepers to a second word, in another bucket; the first wakes all of that one
 * when it has seen the move done. With -DSIGNALS a signal interrupts sleeper 0 at any moment. With
 * -DONE as many sleepers are woken as there are, one by one. A sleeper is on its thread's stack: when
 * the call returns, it is gone. Checked: nobody sleeps for ever; nobody touches a sleeper that is gone;
 * a sleeper leaves the list that it is in; a call answers 0 just if a wake counted it.
 *
 * Wrong are: to read the word before the sample (-DREAD_FIRST); to join whatever the count is
 * (-DJOIN_BLINDLY); a wake that finds nobody and does not count (-DWAKE_UNCOUNTED); to return when
 * `woken` is seen, without the lock (-DLEAVE_UNLOCKED); to lock the bucket that a sleeper was in, and
 * not to look whether it was moved meanwhile (-DLEAVE_OLD); to answer a signal that came with the wake
 * (-DSIGNAL_FIRST).
 */
#ifndef SLEEPERS
#define SLEEPERS 2
#endif

mtype = { NOTHING, ZERO, EAGAIN, EINTR };

typedef Bucket {
	bool locked;
	byte changes
};

typedef Sleeper {
	byte bucket; /* changed under the locks of the old and the new one */
	bool alive, linked, woken;
	/* its wait queue and its thread */
	byte seq;
	bool enqueued, asleep, signalled
};

Bucket bucket[2];
Sleeper sleeper[SLEEPERS];
mtype answer[SLEEPERS];
bool word;	     /* that the sleepers wait for; true: changed */
bool moved_all;	     /* whoever moves has finished */
byte counted;	     /* sleepers that wakes counted */
byte ends;	     /* calls that have returned */

inline lock(b)
{
	atomic { !bucket[b].locked -> bucket[b].locked = true }
}

inline unlock(b)
{
	bucket[b].locked = false
}

/* A thread that is asleep, or is about to be, goes on. */
inline thread_wake(i)
{
	sleeper[i].asleep = false
}

/* futex_sleeper_wake(): with the bucket's lock held. */
inline sleeper_wake(i)
{
	assert(sleeper[i].alive);
	sleeper[i].linked = false;
	sleeper[i].woken = true;
	counted++;
	/* waitq_wake_all() */
	atomic {
		assert(sleeper[i].alive);
		sleeper[i].seq++;
		if
		:: sleeper[i].enqueued ->
			sleeper[i].enqueued = false;
			thread_wake(i)
		:: else -> skip
		fi
	}
}

/* Wakes up to `most` sleepers of a bucket; found: how many. */
inline wake(b, most)
{
	lock(b);
#ifndef WAKE_UNCOUNTED
	bucket[b].changes++;
#endif
	found = 0;
	i = 0;
	do
	:: i == SLEEPERS || found == most -> break
	:: else ->
		if
		:: sleeper[i].linked && sleeper[i].bucket == b ->
#ifdef WAKE_UNCOUNTED
			bucket[b].changes++;
#endif
			sleeper_wake(i);
			found++
		:: else -> skip
		fi;
		i++
	od;
	unlock(b)
}

proctype Wait(byte me)
{
	byte sample, b, seq;
	bool now, same;
	mtype err = NOTHING;

	d_step {
		sleeper[me].alive = true;
		sleeper[me].bucket = 0
	};
	do
	:: true ->
#ifdef READ_FIRST
		now = word;
		sample = bucket[0].changes;
#else
		sample = bucket[0].changes;
		now = word;
#endif
		if
		:: now -> err = EAGAIN; goto done
		:: else -> skip
		fi;
		lock(0);
#ifdef JOIN_BLINDLY
		same = true;
#else
		same = bucket[0].changes == sample;
#endif
		if
		:: same ->
			bucket[0].changes++;
			sleeper[me].linked = true
		:: else -> skip
		fi;
		unlock(0);
		if
		:: same -> break
		:: else -> skip
		fi
	od;

	/* sleep() */
	do
	:: true ->
		seq = sleeper[me].seq;
		if
		:: sleeper[me].woken -> break
		:: else -> skip
		fi;
		sleeper[me].asleep = true;
		atomic {
			/* waitq_enqueue() fails if the queue was woken after the sample */
			if
			:: sleeper[me].seq != seq -> sleeper[me].asleep = false
			:: else -> sleeper[me].enqueued = true
			fi
		};
		if
		:: sleeper[me].enqueued && sleeper[me].signalled -> sleeper[me].asleep = false
		:: else -> !sleeper[me].asleep
		fi;
		atomic {
			/* waitq_cancel(): still in the queue, so no wake came */
			if
			:: sleeper[me].enqueued ->
				sleeper[me].enqueued = false;
				assert(sleeper[me].signalled);
				err = EINTR
			:: else -> skip
			fi
		};
		if
		:: err == EINTR -> break
		:: else -> skip
		fi
	od;

	/* futex_sleeper_leave() */
#ifdef LEAVE_UNLOCKED
	if
	:: sleeper[me].woken -> err = ZERO; goto done
	:: else -> skip
	fi;
#endif
	do
	:: true ->
		b = sleeper[me].bucket;
		lock(b);
#ifdef LEAVE_OLD
		break;
#else
		if
		:: b == sleeper[me].bucket -> break
		:: else -> unlock(b)
		fi
#endif
	od;
	if
	:: !sleeper[me].woken ->
		assert(sleeper[me].linked && sleeper[me].bucket == b);
		sleeper[me].linked = false
	:: else -> skip
	fi;
#ifdef SIGNAL_FIRST
	if
	:: err == NOTHING -> err = ZERO
	:: else -> skip
	fi;
#else
	if
	:: sleeper[me].woken -> err = ZERO
	:: else -> skip
	fi;
#endif
	unlock(b);
done:	skip;
	d_step {
		assert(err == ZERO || err == EAGAIN || sleeper[me].signalled);
		sleeper[me].alive = false;
		answer[me] = err;
		ends++
	}
}

proctype Waker()
{
	byte i, found;

	word = true;
#ifdef ONE
	found = 1;
	do
	:: found == 0 -> break
	:: else -> wake(0, 1)
	od;
#else
	wake(0, SLEEPERS);
#endif
#ifdef MOVES
	moved_all;
	wake(1, SLEEPERS)
#endif
}

#ifdef MOVES
/* futex_requeue() with both locks, in their order. Whoever comes later finds the word changed. */
proctype Mover()
{
	byte i;

	lock(0);
	lock(1);
	bucket[0].changes++;
	do
	:: i == SLEEPERS -> break
	:: else ->
		if
		:: sleeper[i].linked && sleeper[i].bucket == 0 ->
			assert(sleeper[i].alive);
			bucket[1].changes++;
			sleeper[i].bucket = 1
		:: else -> skip
		fi;
		i++
	od;
	unlock(1);
	unlock(0);
	moved_all = true
}
#endif

#ifdef SIGNALS
proctype Signal()
{
	atomic {
		sleeper[0].signalled = true;
		thread_wake(0)
	}
}
#endif

/* A wake that counted somebody has ended a call. */
proctype Count()
{
	byte i, zeros;

	atomic {
		ends == SLEEPERS;
		do
		:: i == SLEEPERS -> break
		:: else ->
			if
			:: answer[i] == ZERO -> zeros++
			:: else -> skip
			fi;
			i++
		od;
		assert(zeros == counted)
	}
}

init {
	byte i;

	atomic {
		do
		:: i == SLEEPERS -> break
		:: else -> run Wait(i); i++
		od;
		run Waker();
#ifdef MOVES
		run Mover();
#endif
#ifdef SIGNALS
		run Signal();
#endif
		run Count()
	}
}
