/* SPDX-License-Identifier: MIT */
/*
 * The one fence that fork makes for all that it takes the right to write from: mm/verbs/fork_space.c, mm/space/space_lock.c, and
 * the wait in mm/fault/fault.c:fault_may_begin().
 *
 * The parent has PAGES pages, each in a leaf table of its own. fork copies one after the other, and drops the lock in
 * between. Each of the other harts writes WRITES times to any page: by a translation that it has, by one that it takes from
 * the tables now, or by a fault. Reclaim takes the lock once, and a page out of the tables. A request to the firmware is one
 * step for each hart, and a hart may forget a translation at any time.
 *
 * Checked: after a write that the child does not have, and after the end of fork, there is none that it has; nobody but fork
 * holds the lock while a translation allows more than its entry.
 *
 * Wrong are: a lock that leaves the fence to fork (-DLOCK_DOES_NOT_PAY); no wait of faults (-DNO_WAIT); no fence at the end
 * (-DNO_FENCE); to fence before the last page is copied (-DFENCE_FIRST).
 */
#ifndef HARTS
#define HARTS 2 /* with threads that write */
#endif
#ifndef PAGES
#define PAGES 2
#endif
#ifndef WRITES
#define WRITES 2
#endif

typedef Tlb {
	bool writable[PAGES]
};

Tlb tlb[HARTS];
bool writable[PAGES] = true; /* the parent's entries */
bool copied[PAGES];
bool own[PAGES]; /* the parent has a copy, after a fault: the child does not see it */
bool taken, owes, forking, forked;
bool missed; /* the child does not have some write */

inline spin_lock()
{
	atomic { !taken -> taken = true }
}

inline make_fence()
{
	h = 0;
	do
	:: h == HARTS -> break
	:: else ->
		d_step {
			p = 0;
			do
			:: p == PAGES -> break
			:: else -> tlb[h].writable[p] = false; p++
			od;
			p = 0;
			h++
		}
	od;
	h = 0;
	owes = false
}

inline pay()
{
	if
	:: owes -> make_fence()
	:: else -> skip
	fi
}

inline space_lock()
{
	spin_lock();
#ifndef LOCK_DOES_NOT_PAY
	pay()
#endif
}

inline check_translations()
{
	d_step {
		h = 0;
		do
		:: h == HARTS -> break
		:: else ->
			p = 0;
			do
			:: p == PAGES -> break
			:: else ->
				assert(writable[p] || !tlb[h].writable[p]);
				p++
			od;
			h++
		od;
		h = 0;
		p = 0
	}
}

/* The write is made. */
inline store(page)
{
	if
	:: copied[page] && own[page] -> missed = true
	:: else -> assert(!missed && !forked)
	fi
}

proctype Fork()
{
	byte page, h, p;

	spin_lock();
	forking = true;
	taken = false;
	do
	:: page == PAGES -> break
	:: else ->
		spin_lock();
#ifdef FENCE_FIRST
		make_fence();
#endif
		copied[page] = true;
		writable[page] = false;
#ifndef FENCE_FIRST
		owes = true;
#endif
		taken = false;
		page++
	od;
	spin_lock();
#ifndef NO_FENCE
	pay();
	check_translations();
#endif
	forking = false;
	forked = true;
	taken = false
}

proctype Reclaim()
{
	byte h, p;

	space_lock();
	check_translations();
	taken = false
}

proctype Writer(byte me)
{
	byte page, h, p, writes;
	bool done;

	do
	:: writes == WRITES -> break
	:: else ->
		select(page : 0 .. PAGES - 1);
		done = false;
		do
		:: done -> break
		:: tlb[me].writable[page] -> tlb[me].writable[page] = false /* forgotten */
		:: atomic { !done && tlb[me].writable[page] -> store(page); done = true }
		:: atomic { !done && writable[page] -> tlb[me].writable[page] = true; store(page); done = true }
		:: !done && !writable[page] && !tlb[me].writable[page] ->
#ifndef NO_WAIT
			!forking;
#endif
			space_lock();
			if
#ifndef NO_WAIT
			:: forking -> skip /* again */
#endif
			:: else ->
				if
				:: !writable[page] ->
					d_step { /* the entry is cleared and fenced first */
						h = 0;
						do
						:: h == HARTS -> break
						:: else -> tlb[h].writable[page] = false; h++
						od;
						h = 0
					};
					own[page] = true;
					writable[page] = true
				:: else -> skip
				fi
			fi;
			taken = false
		od;
		writes++
	od
}

init {
	byte h;

	atomic {
		do
		:: h == HARTS -> break
		:: else ->
			run Writer(h);
			h++
		od;
		run Fork();
		run Reclaim()
	}
}
