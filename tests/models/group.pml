/* SPDX-License-Identifier: MIT */
/*
 * The end of a process with several threads, and exec by one of them: proc/exit.c:exit_thread(),
 * linux/process/exec.c:become_only_thread(), proc/fork.c:publish_thread(), linux/signal/send.c:signals_end().
 * A kill marks all threads and wakes one; each that begins to end wakes the next one.
 *
 * Each thread sleeps until it is killed, ends, ends all, calls exec, or (-DCLONES) creates another
 * thread first. With -DKILLS a fatal signal comes at any moment. A hold of a lock is one atomic step.
 * Checked: the process has one status, which does not change; the last thread out, and no other, does
 * the process's work, when no other uses what they share; exec goes on only when it is alone, and no
 * thread of the old image runs after that; exec, and the parent, do not wait for ever; no thread is
 * left.
 *
 * Wrong are: a second exec that waits beside the first (-DTWO_EXECS); to create a thread without a
 * look whether the creator was killed (-DCLONE_BLINDLY); to count and to look who is the last in two
 * steps (-DCOUNT_THEN_LOOK); to wake exec before the thread is not counted any more (-DWAKE_FIRST); exec
 * that looks, and then samples the queue (-DSAMPLE_LATE); to do the process's work when all have begun
 * to end (-DLAST_BEGUN); an end that comes when the process is ending already, and changes its status
 * (-DEND_TWICE); to go to sleep without a look for a kill (-DSLEEP_BLINDLY); a thread that begins to end
 * and wakes no other (-DWAKE_NO_NEXT); to wake a thread that has begun to end, which wakes no other
 * (-DWAKE_ENDING); to mark a thread only when it is woken (-DMARK_LATE).
 */
#ifndef THREADS
#define THREADS 3 /* at the beginning */
#endif
#ifdef CLONES
#define MOST (THREADS + 1)
#else
#define MOST THREADS
#endif
#define NOBODY 255
#define KILLED 100 /* a status; else it is 1 and the number of a thread */

typedef Thread {
	bool there;	/* has been created */
	bool killed, asleep, enqueued;
	bool exiting;	/* has begun to end */
	bool to_wake;	/* for a kill */
	bool out;	/* uses nothing of the process any more */
};

Thread thread[MOST];
byte nthreads = THREADS; /* have not begun to end */
byte nlive = THREADS;	 /* use what they share */
byte ending;		 /* the status; 0: it need not end */
byte execing = NOBODY;	 /* waits in exec */
byte image = NOBODY;	 /* has called exec with success; NOBODY: the old image runs */
byte ends_seq;		 /* of the queue thread_ends */
byte works;		 /* how often the process's work was done */
bool zombie;

inline wake(i)
{
	thread[i].asleep = false
}

/* Wakes the first that is to be woken, wake_marked(). */
inline wake_one()
{
	j = 0;
	do
	:: j == MOST -> break
	:: else ->
		if
		:: thread[j].to_wake ->
			thread[j].to_wake = false;
			thread[j].killed = true;
			wake(j);
			break
		:: else -> j++
		fi
	od;
	j = 0
}

/* Kills all threads that there are, but for one. */
inline kill_all(except)
{
	j = 0;
	do
	:: j == MOST -> break
	:: else ->
		if
#ifdef WAKE_ENDING
		:: thread[j].there && !thread[j].killed && j != except ->
#else
		:: thread[j].there && !thread[j].killed && !thread[j].exiting && j != except ->
#endif
#ifndef MARK_LATE
			thread[j].killed = true;
#endif
			thread[j].to_wake = true
		:: else -> skip
		fi;
		j++
	od;
	wake_one()
}

/* signals_end(), with the signals' lock held. */
inline end_all(status)
{
	if
#ifdef END_TWICE
	:: true ->
#else
	:: ending == 0 ->
#endif
		assert(ending == 0); /* one outcome */
		ending = status;
		kill_all(NOBODY)
	:: else -> skip
	fi
}

inline wake_exec()
{
	ends_seq++;
	j = 0;
	do
	:: j == MOST -> break
	:: else ->
		if
		:: thread[j].enqueued ->
			thread[j].enqueued = false;
			wake(j)
		:: else -> skip
		fi;
		j++
	od;
	j = 0
}

proctype Run(byte me)
{
	byte j, seq;
	bool first, all, last, err;

	/* ---- in user mode ---- */
again:	assert(image == NOBODY || image == me); /* nothing of the old image runs */
	if
	:: thread[me].killed -> goto exit
	:: !thread[me].killed -> goto sleep
	:: !thread[me].killed -> goto exit
	:: !thread[me].killed -> all = true; goto exit
	:: !thread[me].killed && image == NOBODY -> goto exec
#ifdef CLONES
	:: !thread[me].killed && image == NOBODY && !thread[MOST - 1].there -> goto clone
#endif
	fi;

	/* ---- a call that only a kill ends ---- */
sleep:	thread[me].asleep = true;
#ifndef SLEEP_BLINDLY
	if
	:: thread[me].killed -> thread[me].asleep = false
	:: else -> skip
	fi;
#endif
	/* Without a kill the process may be as it is for ever. */
end_asleep:
	!thread[me].asleep;
	goto again;

#ifdef CLONES
clone:	atomic {
		/* publish_thread() */
		if
#ifndef CLONE_BLINDLY
		:: thread[me].killed -> skip
#endif
		:: else ->
			if
			:: !thread[MOST - 1].there ->
				thread[MOST - 1].there = true;
				nthreads++;
				nlive++;
				run Run(MOST - 1)
			:: else -> skip
			fi
		fi
	};
	goto again;
#endif

	/* ---- exec ---- */
exec:	atomic {
		/* signals_exec_begin() */
#ifdef TWO_EXECS
		first = ending == 0;
#else
		first = ending == 0 && execing == NOBODY;
#endif
		if
		:: first && nthreads > 1 ->
			execing = me;
			kill_all(me)
		:: else -> skip
		fi
	};
	if
	:: !first ->
		assert(thread[me].killed);
		goto again
	:: else -> skip
	fi;
	do
	:: nlive == 1 || err -> break
	:: else ->
#ifdef SAMPLE_LATE
		if
		:: nlive > 1 -> seq = ends_seq
		:: else -> break
		fi;
#else
		seq = ends_seq;
		if
		:: nlive > 1 -> skip
		:: else -> break
		fi;
#endif
		/* thread_wait() */
		thread[me].asleep = true;
		atomic {
			if
			:: ends_seq != seq -> thread[me].asleep = false
			:: else -> thread[me].enqueued = true
			fi
		};
#ifdef TWO_EXECS
		if
		:: thread[me].enqueued && ending != 0 -> thread[me].asleep = false
#else
		if
		:: thread[me].enqueued && thread[me].killed -> thread[me].asleep = false
#endif
		:: else -> !thread[me].asleep
		fi;
		atomic {
			if
			:: thread[me].enqueued ->
				thread[me].enqueued = false;
				err = true
			:: else -> skip
			fi
		}
	od;
	atomic {
		if
		:: execing == me -> execing = NOBODY
		:: else -> skip
		fi
	};
	if
	:: err ->
		assert(thread[me].killed);
		err = false;
		goto again
	:: else -> skip
	fi;
	d_step {
		assert(nlive == 1 && works == 0);
		image = me
	};
	goto again;

	/* ---- the end ---- */
exit:	atomic {
		/* signals_thread_ends() */
		thread[me].exiting = true;
#ifndef WAKE_NO_NEXT
		thread[me].to_wake = false;
		wake_one();
#endif
		nthreads--;
		last = nthreads == 0;
		if
		:: last && ending == 0 -> ending = me + 1
		:: !last && all && execing == NOBODY -> end_all(me + 1)
		:: else -> skip
		fi
	};
	assert(!zombie); /* what it tells in memory: robust locks, the word of its id */
#ifdef LAST_BEGUN
	if
	:: last -> nlive--; goto finish
	:: else -> nlive--; atomic { thread[me].out = true; wake_exec() }; goto done
	fi;
#endif
	if
	:: nlive > 1 -> skip
	:: else -> goto finish
	fi;
#ifdef WAKE_FIRST
	atomic { wake_exec() };
#endif
#ifdef COUNT_THEN_LOOK
	nlive--;
	last = nlive == 0;
	if
	:: last -> goto finish
	:: else -> atomic { thread[me].out = true; wake_exec() }; goto done
	fi;
#endif
	atomic {
		/* leave_process() */
		last = nlive == 1;
		nlive--;
		if
		:: last -> goto finish
		:: else ->
			thread[me].out = true;
#ifndef WAKE_FIRST
			wake_exec();
#endif
			goto done
		fi
	};

finish:	atomic {
		works++;
		assert(works == 1);
		j = 0;
		do
		:: j == MOST -> break
		:: else ->
			assert(!thread[j].there || thread[j].out || j == me);
			j++
		od;
		thread[me].out = true;
		zombie = true
	};
done:	skip
}

#ifdef KILLS
proctype Killer()
{
	byte j;

	atomic {
		if
		:: !zombie -> end_all(KILLED)
		:: else -> skip
		fi
	}
}
#endif

/* The parent: the status is one of those that a thread gave, and all threads are out. */
proctype Parent()
{
	byte i;

	/* A process that neither ends nor is killed may be as it is for ever. */
end_alive:
	ending != 0;
	zombie;
	d_step {
		do
		:: i == MOST -> break
		:: else ->
			assert(!thread[i].there || thread[i].out);
			i++
		od
	}
}

init {
	byte i;

	atomic {
		do
		:: i == THREADS -> break
		:: else ->
			thread[i].there = true;
			run Run(i);
			i++
		od;
#ifdef KILLS
		run Killer();
#endif
		run Parent()
	}
}
