/* SPDX-License-Identifier: MIT */
/*
 * The rendezvous of ipc/endpoint.c and proc/wait.c:thread_park(): call, receive, reply, kill, close.
 *
 * A hold of the endpoint's lock is one atomic step. A call is on its caller's stack: when the caller
 * returns, it is gone, and nobody may touch it. Checked: nobody does; each call has one end; nobody
 * sleeps for ever whose call has ended, or who was killed; a reply finds only the call it is for; who
 * was answered gets the answer. A signal ends a call that nobody has received; of one that was received
 * it makes a pulse, whose slot is in the call. With -DHOLDS a server holds the call for a copy before it
 * replies, and the caller waits for those who hold it. With -DSWITCH_OVER a thread may go to sleep in the
 * same hold of the lock in which it begins to wait, as sched_switch_over() does it. Any of the receivers that wait
 * may get a call: which one it is depends on the harts. With -DLOOKS a caller whose call is queued looks for a ring when a
 * tick has passed, without the lock, and may find one, whatever has come of its call meanwhile (refuse_ring()).
 *
 * With -DWAKE_OUTSIDE the replier sets `done` under the lock, and wakes the caller after it. With
 * -DLOOK_THEN_SLEEP a thread looks at `done` before it is marked as asleep. With -DLOOK_UNLOCKED a
 * caller that a signal woke looks once more, without the lock, whether its call has ended. With
 * -DKEEP_PULSE a call that ends leaves its pulse where it is. With -DIGNORE_HOLDERS a caller returns
 * while its call is held. With -DSLEEP_BLINDLY it goes to sleep in that hold without a look whether it
 * was killed. With -DLOOKS and -DREFUSE_BLINDLY a caller that has found a ring does not look again whether its call is
 * still queued. All are wrong.
 */
#ifndef CALLS
#define CALLS 1 /* each caller makes */
#endif
#ifndef SERVERS
#define SERVERS 2
#endif
#define CALLERS 2

mtype = { NONE, QUEUED, RECEIVED, ENDED };
mtype = { OK, EPIPE, EINTR, EDEADLK };

typedef Thread {
	bool asleep, killed, signalled
};

typedef Call {
	mtype state, result;
	byte rcvid, holds;
	bool alive, done, pulse /* alive: its memory is a call */
};

typedef Receiver {
	bool waits, done;
	byte rcvid, caller
};

Thread caller_thread[CALLERS], server_thread[SERVERS];
Call call[CALLERS];
Receiver receiver[SERVERS];
bool open = true;
byte last_rcvid;
byte servers = SERVERS;

/* Wakes a thread that is asleep or on its way there. */
#define WAKE(thread) thread.asleep = false

inline look_at(i)
{
	assert(call[i].alive)
}

/* One end of a call, with the lock held. */
inline end_call(i, why)
{
	look_at(i);
	assert(call[i].state == QUEUED || call[i].state == RECEIVED);
	call[i].state = ENDED;
	call[i].result = why;
#ifndef KEEP_PULSE
	call[i].pulse = false;
#endif
	call[i].done = true
}

/* pop_receiver_locked(): r becomes the number of one that waits, or SERVERS. */
inline pop_receiver()
{
	if
	:: receiver[0].waits -> r = 0
#if SERVERS > 1
	:: receiver[1].waits -> r = 1
#endif
	:: else -> r = SERVERS
	fi
}

/* The pulse of a call: to a receiver that waits, or it stays in the call. */
inline post(i)
{
	pop_receiver();
	if
	:: r < SERVERS ->
		receiver[r].waits = false;
		receiver[r].rcvid = 0;
		receiver[r].done = true;
		WAKE(server_thread[r])
	:: else -> call[i].pulse = true
	fi;
	r = 0
}

inline deliver(i, r)
{
	look_at(i);
	last_rcvid++;
	call[i].state = RECEIVED;
	call[i].rcvid = last_rcvid;
	receiver[r].rcvid = last_rcvid;
	receiver[r].caller = i;
	receiver[r].waits = false;
	receiver[r].done = true
}

/* sched_switch_over(), if it sleeps: the thread is asleep when the lock is released. */
inline switch_over(thread)
{
#ifdef SWITCH_OVER
	if
#ifndef SLEEP_BLINDLY
	:: !thread.killed && !thread.signalled -> thread.asleep = true
#else
	:: thread.asleep = true
#endif
	:: skip
	fi;
#endif
	skip
}

/* Its return. */
inline switched_back(thread)
{
#ifdef SWITCH_OVER
	!thread.asleep;
#endif
	skip
}

/* thread_park(): returns when `ready`, or when the thread is killed or, if `signals`, signalled. */
#ifdef LOOK_THEN_SLEEP
inline park(thread, ready, signals)
{
	do
	:: ready -> break
	:: else ->
		if
		:: thread.killed || (signals && thread.signalled) -> break
		:: else ->
			thread.asleep = true;
			!thread.asleep
		fi
	od
}
#else
inline park(thread, ready, signals)
{
	do
	:: ready -> break
	:: else ->
		thread.asleep = true;
		if
		:: thread.killed || (signals && thread.signalled) || ready ->
			thread.asleep = false;
			break
		:: else -> !thread.asleep
		fi
	od
}
#endif

/* refuse_ring(): the call of a server is queued, and a tick passes before anything else ends the wait. */
inline refuse(i)
{
	if
	:: call[i].state == QUEUED ->
		atomic {
			if
#ifndef REFUSE_BLINDLY
			:: call[i].state == QUEUED ->
#else
			:: true ->
#endif
				assert(call[i].state == QUEUED || call[i].state == RECEIVED);
				call[i].state = ENDED;
				call[i].result = EDEADLK;
				result = EDEADLK
			:: else -> skip
			fi
		};
		if
		:: result == EDEADLK -> goto refused
		:: else -> skip
		fi
	:: skip
	fi
}

proctype Caller(byte me)
{
	byte n, r;
	mtype result;
	bool signals, ended;

	do
	:: n == CALLS || caller_thread[me].killed -> break
	:: else ->
		n++;
		atomic {
			call[me].alive = true;
			call[me].done = false;
			call[me].state = NONE;
			result = OK;
			if
			:: !open -> result = EPIPE
			:: else ->
				pop_receiver();
				if
				:: r < SERVERS ->
					deliver(me, r);
					WAKE(server_thread[r]);
					switch_over(caller_thread[me])
				:: else -> call[me].state = QUEUED
				fi;
				r = 0
			fi
		};
		if
		:: result == EPIPE -> skip
		:: else ->
			switched_back(caller_thread[me]);
			signals = true;
#ifdef LOOKS
			refuse(me);
#endif
again:			park(caller_thread[me], call[me].done, signals);
			atomic {
				ended = true;
				if
				:: call[me].state == ENDED -> result = call[me].result
				:: else ->
					assert(caller_thread[me].killed || caller_thread[me].signalled);
					result = EINTR;
					if
					:: call[me].state == QUEUED || caller_thread[me].killed ->
#ifndef KEEP_PULSE
						call[me].pulse = false;
#endif
						call[me].state = ENDED
					:: else ->
						ended = false;
						post(me)
					fi
				fi;
				signals = false
			};
#ifdef LOOK_UNLOCKED
			ended = call[me].state == ENDED;
#endif
			if
			:: !ended -> goto again
			:: else -> ended = false
			fi;
refused:		skip
		fi;
#ifndef IGNORE_HOLDERS
		call[me].holds == 0;
#endif
		d_step {
			assert(result != EINTR || caller_thread[me].killed || caller_thread[me].signalled);
			assert(result == OK || call[me].result != OK || !call[me].done);
			assert(result != EPIPE || !open);
			call[me].alive = false;
			call[me].done = false;
			call[me].state = NONE;
			call[me].rcvid = 0;
			call[me].result = OK;
			result = OK
		}
	od
}

proctype Server(byte me)
{
	byte i;
	bool found;

	do
	:: server_thread[me].killed -> break
	:: else ->
		atomic {
			receiver[me].done = false;
			i = 0;
			do
			:: i == CALLERS -> break
			:: i < CALLERS && call[i].pulse -> break
			:: else -> i++
			od;
			if
			:: i < CALLERS ->
				look_at(i);
				call[i].pulse = false;
				receiver[me].rcvid = 0;
				receiver[me].done = true
			:: else ->
				i = 0;
				do
				:: i == CALLERS -> break
				:: i < CALLERS && call[i].state == QUEUED -> break
				:: else -> i++
				od;
				if
				:: i < CALLERS -> deliver(i, me)
				:: else ->
					receiver[me].waits = true;
					switch_over(server_thread[me])
				fi
			fi;
			i = 0
		};
		switched_back(server_thread[me]);
		park(server_thread[me], receiver[me].done, false);
		atomic {
			found = receiver[me].done;
			receiver[me].waits = false
		};
		if
		:: !found -> break
		:: found && receiver[me].rcvid == 0 -> goto next
		:: else -> skip
		fi;
#ifdef HOLDS
		atomic {
			i = receiver[me].caller;
			if
			:: call[i].state == RECEIVED && call[i].rcvid == receiver[me].rcvid ->
				call[i].holds++
			:: else -> goto held
			fi
		};
		look_at(i);
		call[i].holds--;
held:
#endif
		atomic {
			i = receiver[me].caller;
			found = call[i].state == RECEIVED && call[i].rcvid == receiver[me].rcvid;
			if
			:: found ->
				end_call(i, OK);
#ifndef WAKE_OUTSIDE
				WAKE(caller_thread[i])
#endif
			:: else -> skip
			fi;
#ifndef WAKE_OUTSIDE
			i = 0;
			found = false
#endif
		};
#ifdef WAKE_OUTSIDE
		if
		:: found ->
			look_at(i);
			WAKE(caller_thread[i])
		:: else -> skip
		fi;
#endif
next:		skip
	od;
	atomic {
		servers--;
		if
		:: servers == 0 -> open = false
		:: else -> goto ended
		fi
	};
	/* The last holder of the receive end has gone: that closes it, one call at a time. */
	i = 0;
	do
	:: i == CALLERS -> break
	:: else ->
		atomic {
			if
			:: call[i].state == QUEUED || call[i].state == RECEIVED ->
				end_call(i, EPIPE);
				WAKE(caller_thread[i])
			:: else -> skip
			fi;
			i++
		}
	od;
ended:	skip
}

/* Kills or signals caller 0 at any moment or never, and kills each server at any moment. */
proctype Killer()
{
	byte i;

	if
	:: atomic {
		caller_thread[0].killed = true;
		WAKE(caller_thread[0])
	}
	:: atomic {
		caller_thread[0].signalled = true;
		WAKE(caller_thread[0])
	}
	:: skip
	fi;
	do
	:: i == SERVERS -> break
	:: else ->
		atomic {
			server_thread[i].killed = true;
			WAKE(server_thread[i]);
			i++
		}
	od
}

init {
	atomic {
		run Caller(0);
		run Caller(1);
		run Server(0);
#if SERVERS > 1
		run Server(1);
#endif
		run Killer()
	}
}
