/* SPDX-License-Identifier: MIT */
/*
 * A waiting lock, proc/mutex.c: a word with the owner and a bit that says that others wait, and a queue with a lock of its own.
 * Without the bit the word changes by compare-and-swap, with it only under the queue's lock. The order of the queue is that of
 * arrival here; priorities change nothing in what follows.
 *
 * Each thread takes the lock TURNS times. With -DKILLS a kill ends the wait of thread 0 at any moment. Checked: no two threads have
 * the lock; no thread sleeps for ever; the bit says what the queue says. With -DFAIR there are two threads, and it is checked that
 * a thread has the lock next if it was woken, found the lock taken again, and sleeps when the lock is released.
 *
 * Wrong are: to look at the bit, and unlock in a second step (-DLOOKS_FIRST); to join the queue without the bit (-DNO_BIT); to take
 * the lock and clear the bit while others are left in the queue (-DCLEARS_BIT); to wake the first one although the only one has been
 * killed and has left (-DKILLS -DNOT_LEFT); to give up after a kill although the lock is free and others wait (-DTHREADS=3 -DKILLS
 * -DLEAVES_FREE); never to hand the lock over (-DFAIR -DNEVER_HAND).
 */
#ifndef THREADS
#define THREADS 2
#endif
#ifndef TURNS
#define TURNS 2
#endif

#define NOBODY 0

byte owner;   /* 1 and more: a thread */
bool waited;  /* the bit of the same word */
bool locked;  /* the queue's lock */
bool passed_over;
bool queued[THREADS], done[THREADS], granted[THREADS];
byte place[THREADS], last_place; /* the order of the queue */
byte nqueued, inside;
bool next[THREADS]; /* the thread was woken in vain, and slept when the lock was released */
bool in_vain[THREADS];

inline lock_queue()
{
	atomic { !locked -> locked = true }
}

inline unlock_queue()
{
	d_step {
		assert(waited == (nqueued != 0));
		locked = false
	}
}

/* For -DFAIR: the thread gets the lock. */
inline got(thread)
{
#ifdef FAIR
	assert(!next[1 - (thread)]);
	in_vain[thread] = false;
	next[thread] = false
#else
	skip
#endif
}

inline try()
{
	atomic {
		taken = owner == NOBODY && !waited;
		if
		:: taken -> owner = me + 1; got(me)
		:: else
		fi
	}
}

/* The word, while the queue's lock is held. */
inline set_owner(thread)
{
	d_step {
		owner = thread;
#ifdef CLEARS_BIT
		waited = false
#else
		waited = nqueued != 0
#endif
	}
}

inline leave(thread)
{
	queued[thread] = false;
	nqueued--
}

inline wait()
{
	lock_queue();
	atomic {
#ifdef NO_BIT
		seen = owner;
#else
		waited = true;
		seen = owner;
#endif
		if
		:: seen != NOBODY ->
			queued[me] = true;
			nqueued++;
			last_place++;
			place[me] = last_place
		:: else -> got(me); set_owner(me + 1)
		fi
	}
#ifdef NO_BIT
	locked = false;
#else
	unlock_queue();
#endif
	taken = seen == NOBODY;
	do
	:: taken || killed -> break
	:: else ->
		if
		:: done[me]
#ifdef KILLS
		:: me == 0 -> killed = true
#endif
		fi
		lock_queue();
		if
		:: granted[me] -> granted[me] = false; taken = true; killed = false
#ifdef LEAVES_FREE
		:: !granted[me] && owner == NOBODY && !killed ->
#else
		:: !granted[me] && owner == NOBODY ->
#endif
			atomic { leave(me); got(me); set_owner(me + 1) }
			taken = true;
			killed = false
#ifdef LEAVES_FREE
		:: !granted[me] && killed ->
#else
		:: !granted[me] && owner != NOBODY && killed ->
#endif
			atomic { leave(me); set_owner(owner) }
		:: !granted[me] && owner != NOBODY && !killed ->
			passed_over = passed_over || done[me];
#ifdef FAIR
			in_vain[me] = in_vain[me] || done[me];
#endif
			done[me] = false
		fi
		unlock_queue()
	od;
	done[me] = false
}

/* The oldest of the queue. */
inline find_first()
{
	d_step {
		first = THREADS;
		other = 0;
		do
		:: other < THREADS ->
			if
			:: queued[other] && (first == THREADS || place[other] < place[first]) -> first = other
			:: else
			fi
			other++
		:: else -> break
		od
		other = 0
	}
}

inline unlock_waited()
{
	lock_queue();
	find_first();
#ifdef FAIR
	next[1 - me] = in_vain[1 - me] && queued[1 - me];
#endif
	if
#ifndef NOT_LEFT
	:: first == THREADS -> owner = NOBODY
#endif
	:: else ->
		if
#ifdef NEVER_HAND
		:: false
#else
		:: passed_over ->
			passed_over = false;
			granted[first] = true;
			atomic { leave(first); got(first); set_owner(first + 1) }
#endif
		:: else -> d_step { owner = NOBODY; waited = true }
		fi
		done[first] = true
	fi
	first = 0;
	unlock_queue()
}

active [THREADS] proctype thread()
{
	byte me = _pid, turn, first, other, seen;
	bool taken, killed, had_waited;

	do
	:: turn < TURNS && !killed ->
		try();
		if
		:: !taken -> wait()
		:: else
		fi
		if
		:: killed
		:: else ->
			inside++;
			assert(inside == 1);
			inside--;
#ifdef LOOKS_FIRST
			had_waited = waited;
			if
			:: !had_waited -> d_step { owner = NOBODY; waited = false }
			:: else -> unlock_waited()
			fi
#else
			atomic {
				had_waited = waited;
				if
				:: !had_waited -> owner = NOBODY
				:: else
				fi
			}
			if
			:: had_waited -> unlock_waited()
			:: else
			fi
#endif
		fi
		turn++
	:: else -> break
	od
}
