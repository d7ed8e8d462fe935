/* SPDX-License-Identifier: MIT */
/*
 * The lock of a space and its readers: mm/space/space_lock.h, mm/space/space_lock.c:space_close(), and the faults of mm/fault/fault.c that
 * are readers.
 *
 * Each hart makes TURNS faults or verbs, in any order. A fault finds out whether there is a mapping, and writes an entry if
 * there is. A verb removes the mapping with its entry, or makes it again. With -DTABLES the entry needs a table, which a
 * fault links with the lock held while the space stays open (mm/fault/fault.c:link_tables()); a verb removes it, too. Stores wait in store buffers as in fences.pml,
 * which says what fences and atomic operations do to these.
 *
 * Checked: no reader is inside while somebody works under the lock; who works under the lock sees each entry that was
 * written before, and a reader what the last one has done under it.
 *
 * Wrong are: a reader that makes no fence before it looks (-DREADER_NO_FENCE); a close without a fence before the wait
 * (-DCLOSE_NO_FENCE); a look before the reader says that it is inside, and no other one (-DLOOK_FIRST); a wait before the
 * space is closed (-DWAIT_FIRST); a wait for one of the readers (-DWAIT_FOR_ONE); a reader that has left before its entry
 * is written (-DLEAVE_FIRST); opening after the lock was released (-DOPEN_LATE); a table that is linked without the lock
 * (-DTABLES -DLINK_UNLOCKED), or without a look whether the space is open and the mapping there (-DTABLES -DLINK_BLINDLY).
 */
#ifndef HARTS
#define HARTS 3
#endif
#ifndef TURNS
#define TURNS 1
#endif

/* The words: `open`, whether there is the mapping, its entry, its table, and `inside` of each hart. */
#define OPEN	  0
#define MAPPED	  1
#define ENTRY	  2
#ifdef TABLES
#define TABLE	  3
#define INSIDE(h) (4 + (h))
#define WORDS	  (4 + HARTS)
#define has_table(h) load(h, TABLE)
#else
#define INSIDE(h) (3 + (h))
#define WORDS	  (3 + HARTS)
#define has_table(h) true
#endif

typedef Buffer {
	bool waits[WORDS];
	bool value[WORDS]
};

bool memory[WORDS];
Buffer buffer[HARTS];

bool taken; /* the spinning lock: each swap of it is in memory at once, with acquire order */

/* What is true of all that was done, whoever sees it. */
bool mapped = true, made, linked;
byte readers, workers;

inline store(h, word, x)
{
	d_step {
		buffer[h].waits[word] = true;
		buffer[h].value[word] = x
	}
}

#define load(h, word) (buffer[h].waits[word] -> buffer[h].value[word] : memory[word])

inline fence(h)
{
	atomic {
		i = 0;
		do
		:: i == WORDS -> break
		:: else ->
			!buffer[h].waits[i]; /* until it has been drained */
			i++
		od;
		i = 0
	}
}

#define DRAIN(h, word)                              \
	atomic {                                    \
		buffer[h].waits[word] ->            \
		memory[word] = buffer[h].value[word]; \
		buffer[h].waits[word] = false       \
	}

proctype Drain(byte h)
{
end_drain:
	do
	:: DRAIN(h, OPEN)
	:: DRAIN(h, MAPPED)
	:: DRAIN(h, ENTRY)
#ifdef TABLES
	:: DRAIN(h, TABLE)
#endif
	:: DRAIN(h, INSIDE(h))
	od
}

inline spin_lock()
{
	atomic { !taken -> taken = true }
}

inline spin_unlock(h)
{
	fence(h);
	taken = false
}

inline await_readers(h)
{
	r = 0;
	do
#ifdef WAIT_FOR_ONE
	:: r == 1 -> break
#else
	:: r == HARTS -> break
#endif
	:: else ->
		!load(h, INSIDE(r));
		r++
	od;
	r = 0
}

inline space_close(h)
{
#ifdef WAIT_FIRST
	await_readers(h);
#endif
	store(h, OPEN, false);
#ifndef CLOSE_NO_FENCE
	fence(h);
#endif
#ifndef WAIT_FIRST
	await_readers(h)
#endif
}

inline space_lock(h)
{
	spin_lock();
	if
	:: load(h, OPEN) -> space_close(h)
	:: else -> skip
	fi;
	/* All that was done is seen: nobody else is at work. */
	d_step {
		assert(readers == 0 && workers == 0);
		assert(load(h, MAPPED) == mapped && load(h, ENTRY) == made);
#ifdef TABLES
		assert(load(h, TABLE) == linked && (mapped || !linked) && (linked || !made));
#endif
		workers++
	}
}

inline verb(h)
{
	space_lock(h);
	d_step { mapped = !mapped; made = false; linked = false };
	store(h, ENTRY, false);
#ifdef TABLES
	store(h, TABLE, false);
#endif
	store(h, MAPPED, mapped);
	workers--;
	spin_unlock(h)
}

inline locked_fault(h)
{
	space_lock(h);
	if
	:: load(h, MAPPED) ->
#ifdef TABLES
		linked = true;
		store(h, TABLE, true);
#endif
		made = true;
		store(h, ENTRY, true)
	:: else -> skip
	fi;
	workers--;
#ifdef OPEN_LATE
	spin_unlock(h);
#endif
	fence(h); /* space_open() */
	store(h, OPEN, true);
#ifndef OPEN_LATE
	spin_unlock(h)
#endif
}

inline space_leave(h)
{
	fence(h);
	store(h, INSIDE(h), false)
}

/* A reader has left because there was no table. Its next round has the lock, and links one. */
inline link_table(h)
{
#ifndef LINK_UNLOCKED
	spin_lock();
#endif
	if
#ifdef LINK_BLINDLY
	:: true ->
#else
	:: load(h, OPEN) && load(h, MAPPED) ->
#endif
		linked = true;
		store(h, TABLE, true);
		made = true;
		store(h, ENTRY, true)
	:: else -> skip
	fi;
#ifndef LINK_UNLOCKED
	spin_unlock(h)
#endif
}

inline fault(h)
{
#ifdef LOOK_FIRST
	saw = load(h, OPEN);
	store(h, INSIDE(h), true);
	fence(h);
#else
	/* space_enter() looks before that, too, which spares the rest in vain. */
	store(h, INSIDE(h), true);
#ifndef READER_NO_FENCE
	fence(h);
#endif
	saw = load(h, OPEN);
#endif
	if
	:: saw ->
		d_step {
			assert(workers == 0);
			assert(load(h, MAPPED) == mapped);
			readers++
		};
#ifdef LEAVE_FIRST
		space_leave(h);
#endif
		lacks = load(h, MAPPED) && !has_table(h);
		if
		:: load(h, MAPPED) && !lacks ->
			atomic { made = true; store(h, ENTRY, true) }
		:: else -> skip
		fi;
		readers--;
#ifndef LEAVE_FIRST
		space_leave(h);
#endif
#ifdef TABLES
		if
		:: lacks -> link_table(h)
		:: else -> skip
		fi;
#endif
		lacks = false
	:: else ->
		space_leave(h);
		locked_fault(h)
	fi;
	saw = false
}

proctype Hart(byte h)
{
	byte i, r, turns;
	bool saw, lacks;

	do
	:: turns == TURNS -> break
	:: turns < TURNS ->
		if
		:: fault(h)
		:: verb(h)
		fi;
		turns++
	od
}

init {
	byte h;

	atomic {
		memory[MAPPED] = true;
		if /* a fault under the lock has opened it before, or not */
		:: memory[OPEN] = true
		:: skip
		fi;
		do
		:: h == HARTS -> break
		:: else ->
			run Drain(h);
			run Hart(h);
			h++
		od
	}
}
