/* SPDX-License-Identifier: MIT */
/*
 * The fences between harts that hold no lock in common (docs/memory-order.md), one protocol at a time, by -D and its name.
 *
 * A store of a hart waits in its store buffer, which it leaves at any moment, those to different words in any order; so does
 * the write of a device or of a CSR. FENCE waits until the buffer is empty, and a store with release order comes after such
 * a fence. An AMO is made in memory at once, and with acquire order before all that follows; one that is relaxed is as late
 * as a store. Loads are in order: their fences are not looked at here.
 *
 * Each protocol is wrong without a fence of either side: -DNO_FENCE=0 leaves out that of One, -DNO_FENCE=1 that of Other.
 */
#define WORDS 2

typedef Buffer {
	bool waits[WORDS];
	byte value[WORDS]
};

byte memory[WORDS];
Buffer buffer[2];

#define EMPTY(h) (!buffer[h].waits[0] && !buffer[h].waits[1])

inline store(h, word, x)
{
	d_step {
		buffer[h].waits[word] = true;
		buffer[h].value[word] = x
	}
}

#define load(h, word) (buffer[h].waits[word] -> buffer[h].value[word] : memory[word])

/* Another access to the word comes first. */
inline amo(h, word, x)
{
	atomic { !buffer[h].waits[word] -> memory[word] = x }
}

#ifndef NO_FENCE
#define NO_FENCE 2
#endif
#define FENCE(h)     (h == NO_FENCE || EMPTY(h))

inline relaxed(h, word, x)
{
	if
	:: h == NO_FENCE -> store(h, word, x)
	:: else -> amo(h, word, x)
	fi
}

proctype Drain(byte h)
{
end_drain:
	do
	:: atomic { buffer[h].waits[0] -> memory[0] = buffer[h].value[0]; buffer[h].waits[0] = false }
	:: atomic { buffer[h].waits[1] -> memory[1] = buffer[h].value[1]; buffer[h].waits[1] = false }
	od
}

bool saw[2];
byte first, last, seen;

#ifdef SLEEP /* sched_sleep_prepare() against a kill: the state, and `killed` */
proctype One()
{
	store(0, 0, 1);
	FENCE(0);
	saw[0] = load(0, 1)
}

/* signal_wake(), sched_wake() */
proctype Other()
{
	store(1, 1, 1);
	FENCE(1);
	saw[1] = load(1, 0)
}
#define RIGHT (saw[0] || saw[1])
#endif

/*
 * One who counts himself by an AMO and looks, against a change and a look whether anybody is counted: signalfd_create()
 * and signal_arrived(), arch_mmu_switch() with a walk and arch_mmu_flush().
 */
#ifdef COUNTED
proctype One()
{
	amo(0, 0, 1);
	saw[0] = load(0, 1)
}

proctype Other()
{
	store(1, 1, 1);
	FENCE(1);
	saw[1] = load(1, 0)
}
#define RIGHT (saw[0] || saw[1])
#endif

#ifdef SEQUENCE /* futex_serve() and waitq_wake(): the change, and the count of changes, which a sleeper samples first */
proctype One()
{
	store(0, 0, 1);
	FENCE(0);
	store(0, 1, 1)
}

proctype Other()
{
	saw[0] = load(1, 1);
	saw[1] = load(1, 0)
}
#define RIGHT (!saw[0] || saw[1])
#endif

#ifdef RECORD /* trace_next() against trace_read(): the count, and the record that is written anew */
proctype One()
{
	relaxed(0, 0, 1);
	store(0, 1, 1)
}

proctype Other()
{
	first = load(1, 0);
	seen = load(1, 1);
	last = load(1, 0)
}
#define RIGHT (!seen || first == 1 || last == 1)
#endif

#ifdef KICK /* hart_kick() against IRQ_SOFT: the reasons, and sip.SSIP */
bool taken;

proctype One()
{
	memory[1] == 1; /* an interrupt for an older reason */
	store(0, 1, 0);
	FENCE(0);
	atomic { taken = taken || memory[0]; memory[0] = 0 }
}

proctype Other()
{
	memory[1] = 1; /* the older one, of a third hart */
	store(1, 0, 1); /* an AMO, but what follows is no access to memory, which its acquire bit would order */
	FENCE(1);
	memory[1] = 1
}
#define RIGHT (taken || memory[1] == 1)
#endif

/* When all is done, and no store is late. */
proctype End()
{
	_nr_pr == 4 && EMPTY(0) && EMPTY(1);
	assert(RIGHT)
}

init {
	atomic {
		run Drain(0);
		run Drain(1);
		run End();
		run One();
		run Other()
	}
}
