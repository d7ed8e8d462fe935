/* SPDX-License-Identifier: MIT */
/*
 * A waiting lock, proc/mutex.c: an owner that is set by compare-and-swap, a count of those that wait, and a wait queue that
 * is sampled before each try.
 *
 * Each thread takes the lock TURNS times. With -DKILLS a kill ends the wait of thread 0 at any moment, unless an unlock has
 * woken it. Checked: no two threads have the lock; no thread sleeps for ever. With -DFAIR there are two threads, and it is
 * checked that a thread has the lock next if it was woken, found the lock taken again, and sleeps when the lock is released.
 *
 * Wrong are: to try before the sample (-DTRY_FIRST); to hand the lock over while nobody sleeps, and not to give it back
 * (-DKEEP_HANDED), or to give it back without another wake-up (-DGIVE_BACK_SILENTLY); never to hand the lock over
 * (-DFAIR -DNEVER_HAND); to let a thread that has not waited take a lock that is handed over (-DFAIR -DTAKEN_BY_ALL).
 */
#ifndef THREADS
#define THREADS 2
#endif
#ifndef TURNS
#define TURNS 2
#endif

#define NOBODY 0
#define HANDED 255

byte owner;	/* 1 and more: a thread */
byte waiting, seq, inside;
bool passed_over;
bool enqueued[THREADS];
byte place[THREADS], last_place; /* the order of the queue */
bool in_vain[THREADS]; /* the thread was woken, and found the lock taken */
bool next[THREADS];    /* and it slept when the lock was released */

/* Wakes the thread that has waited longest. */
inline wake_one(woke)
{
	d_step {
		seq++;
		woke = false;
		first = THREADS;
		other = 0;
		do
		:: other < THREADS ->
			if
			:: enqueued[other] && (first == THREADS || place[other] < place[first]) -> first = other
			:: else
			fi
			other++
		:: else -> break
		od
		if
		:: first < THREADS -> enqueued[first] = false; woke = true
		:: else
		fi
		first = 0;
		other = 0
	}
}

inline take_from(free, taken)
{
	atomic {
		taken = owner == free;
		if
		:: taken ->
#ifdef FAIR
			assert(!next[1 - me]);
			in_vain[me] = false;
			next[me] = false;
#endif
			owner = me + 1
		:: else
		fi
	}
}

inline mutex_wait()
{
	waiting++;
	has_waited = false;
	do
	::
#ifdef TRY_FIRST
		take_from(NOBODY, taken);
		sample = seq;
#else
		sample = seq;
		take_from(NOBODY, taken);
#endif
		if
#ifdef TAKEN_BY_ALL
		:: !taken -> take_from(HANDED, taken)
#else
		:: !taken && has_waited -> take_from(HANDED, taken)
#endif
		:: else
		fi
		if
		:: taken -> break
		:: !taken && has_waited -> passed_over = true; in_vain[me] = true
		:: else
		fi
		has_waited = true;
		d_step {
			enqueued[me] = seq == sample;
			if
			:: enqueued[me] -> last_place++; place[me] = last_place
			:: else
			fi
		}
		if
		:: !enqueued[me]
#ifdef KILLS
		:: atomic { me == 0 && enqueued[me] -> enqueued[me] = false }
			killed = true;
			break
#endif
		fi
	od
	waiting--
}

inline mutex_wake()
{
	handed = false;
#ifndef NEVER_HAND
	if
	:: passed_over ->
		passed_over = false;
		atomic {
			if
			:: owner == NOBODY -> owner = HANDED; handed = true
			:: else
			fi
		}
		if
		:: !handed -> passed_over = true
		:: else
		fi
	:: else
	fi
#endif
	wake_one(woke);
	if
	:: !woke && handed ->
#ifndef KEEP_HANDED
		atomic {
			if
			:: owner == HANDED -> owner = NOBODY
			:: else
			fi
		}
#ifndef GIVE_BACK_SILENTLY
		wake_one(woke)
#endif
#endif
	:: else
	fi
}

active [THREADS] proctype thread()
{
	byte me = _pid, turn, sample, first, other;
	bool taken, has_waited, woke, handed, killed;

	do
	:: turn < TURNS && !killed ->
		take_from(NOBODY, taken);
		if
		:: !taken -> mutex_wait()
		:: else
		fi
		if
		:: killed
		:: else ->
			inside++;
			assert(inside == 1);
			inside--;
			d_step {
#ifdef FAIR
				next[1 - me] = in_vain[1 - me] && enqueued[1 - me];
#endif
				owner = NOBODY
			}
			if
			:: waiting != 0 -> mutex_wake()
			:: else
			fi
		fi
		turn++
	:: else -> break
	od
}
