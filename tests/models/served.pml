/* SPDX-License-Identifier: MIT */
/*
 * Files that a program serves (ipc/served.c, docs/servers.md): readers sleep on a word of the kernel, and a server that was
 * killed at any step is followed by another one.
 *
 * A file has a word with a generation and a mask. Only a newer generation changes the word; then the file's queue is woken. A
 * reader takes a sample of the queue, and looks at the word. Without POLLIN it sleeps on the sample: it goes on if the queue
 * was woken since. With POLLIN it sends READ. READs of a file are numbered, and one is under way at a time. The answer is bytes
 * or EAGAIN. It has the state that the server saw, and the reader changes the word by it. After EAGAIN the reader sleeps on its
 * sample.
 *
 * A server has two threads. Each takes a READ and answers it, or adds a byte and posts the new state. What a server decides is
 * one step, under a lock of its own; the answer or the post is a later step. So either may overtake the other. A reply or a
 * post that has begun in the kernel ends there, even if the server is killed. At first the word has POLLIN, and there is no
 * byte: so EAGAIN is an answer even for one reader.
 *
 * The endpoint outlives the server: a READ that was taken and not answered is sent again with its number, and one that was not
 * taken waits. The recovery memory outlives it, too. That is a ring of bytes and a note: how many bytes were read, by which
 * READ last, and how many of them it got. The note is one store. A READ of the noted number gets the same bytes again, and one
 * of a lower number gets none. The next server asks for the word's generation, begins far above it, and posts the state. Then
 * it takes READs.
 *
 * READERS, BYTES and KILLS say how many there are, and WANTED how many bytes a READ gets at most. With -DGIVES_UP the first of
 * two readers may be killed while it waits for an answer; what its READ got is lost then. Checked: no byte is read twice; a
 * reader gets its bytes in their order; all bytes are read in the end, and the word says so; no reader asks without end. Left
 * out are other events than POLLIN, writes, poll(), a full ring, and several files.
 *
 * These are right, too: after EAGAIN a reader asks again if the word is newer than the answer (-DCOMPARES); it takes another sample
 * before it compares (-DCOMPARES -DRESAMPLES); the server's reply changes the word, not the reader, and the next server begins just
 * above the word's generation (-DREPLY_RAISES).
 *
 * With -DBROKEN_LOOK a reader looks at the word before it takes its sample. With -DBROKEN_EDGE it takes another sample after
 * EAGAIN, and does not compare. With -DBROKEN_COMPARE it compares, and takes that sample afterwards. With
 * -DBROKEN_RAISE an older generation changes the word, too. With -DBROKEN_WAKE a post wakes the queue before it changes the
 * word. With -DBROKEN_DOUBLE a READ that is sent again has a new number. With -DBROKEN_PARALLEL two READs of the file are under
 * way. With -DBROKEN_OLDER a READ of a number below the noted one gets bytes. With -DBROKEN_NOTE the number is noted after the
 * bytes, and with -DBROKEN_INDEX before them. With -DBROKEN_COUNT it is not noted how many bytes the READ got. With
 * -DBROKEN_ATTACH the next server does not post. With -DBROKEN_GENERATION it begins at 0. With -DBROKEN_NEAR it begins just
 * above the word's generation, while a reader has an answer of the old server that is as new and has not changed the word yet.
 * All are wrong.
 */
#ifndef READERS
#define READERS 1
#endif
#ifndef BYTES
#define BYTES 2
#endif
#ifndef KILLS
#define KILLS 1
#endif

#ifndef WANTED
#define WANTED 2
#endif

#define THREADS 2
#define MOST_READS 100 /* more than a right model sends */

/* How far above the word's generation the next server begins. A server makes fewer generations than 20. */
#if defined(BROKEN_NEAR) || defined(REPLY_RAISES)
#define FAR 1
#else
#define FAR 20
#endif

#ifdef BROKEN_EDGE
#define RESAMPLES
#endif

#ifdef BROKEN_COMPARE
#define COMPARES
#endif

#ifdef BROKEN_WAKE
#define BEGINS_POST WAKES_FIRST
#else
#define BEGINS_POST POSTS
#endif

mtype = { NO_CALL, QUEUED, TAKEN, ANSWERED, EPIPE };		/* calls */
mtype = { DOWN, ATTACHING, UP };				/* the server */
mtype = { IDLE, DECIDES, NOTES, ANSWERS, WAKES_FIRST, POSTS };	/* its threads */

typedef Seen {
	byte generation;
	bool pollin
};

/* The bytes from `first` on. If there are none, it is EAGAIN. */
typedef Answer {
	byte first, count;
	Seen state
};

/* The file in the kernel. */
Seen word;
byte numbers; /* the last READ's */
bool reads;   /* a READ is under way */

typedef Reader {
	bool sampled; /* and the queue was not woken since */
	mtype call;
	byte number;
	Answer answer
};

Reader reader[READERS];

/* The recovery memory. The first byte is 1, the next one 2. */
typedef Note {
	byte index, number, count
};

byte written;
Note note;

/* The server. */
mtype server = UP;
byte made = 1; /* the last generation */

typedef Thread {
	mtype does;
	byte caller;
	Answer answer; /* or what it posts */
	bool attaches; /* it posts what has the server attached */
	bool wakes     /* it is in the kernel, and has the queue to wake */
};

Thread thread[THREADS];

/* What was read. */
bool is_read[BYTES + 1];
byte all_read;
byte given_up; /* the READ of this number: the bytes that it got are lost, and count as read */

/* waitq_wake_all() */
inline wake()
{
	reader[0].sampled = false;
#if READERS > 1
	reader[1].sampled = false
#endif
}

/* Sets `newer`: the word has changed, and the queue has to be woken. */
inline raise(by, newer)
{
#ifdef BROKEN_RAISE
	newer = true;
#else
	newer = by.generation > word.generation;
#endif
	if
	:: newer ->
		word.generation = by.generation;
		word.pollin = by.pollin
	:: else -> skip
	fi
}

inline clear_answer(which)
{
	which.first = 0;
	which.count = 0;
	which.state.generation = 0;
	which.state.pollin = false
}

inline copy_answer(to, from)
{
	to.first = from.first;
	to.count = from.count;
	to.state.generation = from.state.generation;
	to.state.pollin = from.state.pollin
}

proctype Read(byte me)
{
	byte last; /* byte that it has got */
	bool raised, got;
	Seen seen;

again:
	raised = false;
	got = false;
#ifdef BROKEN_LOOK
	if
	:: word.pollin -> skip
	:: else ->
		reader[me].sampled = true;
		goto sleep
	fi;
	reader[me].sampled = true;
#else
	reader[me].sampled = true;
	if
	:: word.pollin -> skip
	:: else -> goto sleep
	fi;
#endif
#ifndef BROKEN_PARALLEL
	atomic {
		!reads -> reads = true
	};
#endif
	atomic {
		numbers++;
		assert(numbers < MOST_READS);
		reader[me].number = numbers;
		reader[me].call = QUEUED
	};
	do
#ifdef GIVES_UP
	:: atomic {
		me == 0 && reader[me].call != ANSWERED ->
		given_up = reader[me].number;
		all_read = (note.number == given_up -> all_read + note.count : all_read);
		reader[me].call = NO_CALL;
		reads = false;
		goto ended
	}
#endif
	:: d_step {
		reader[me].call == EPIPE ->
#ifdef BROKEN_DOUBLE
		numbers++;
		reader[me].number = numbers;
#endif
		reader[me].call = QUEUED
	}
	:: reader[me].call == ANSWERED -> break
	od;
	atomic {
		reader[me].call = NO_CALL;
		reader[me].number = 0;
		seen.generation = reader[me].answer.state.generation;
		seen.pollin = reader[me].answer.state.pollin;
		got = reader[me].answer.count > 0;
		do
		:: reader[me].answer.count > 0 ->
			assert(reader[me].answer.first > last && reader[me].answer.first <= BYTES);
			assert(!is_read[reader[me].answer.first]);
			last = reader[me].answer.first;
			is_read[last] = true;
			all_read++;
			reader[me].answer.first++;
			reader[me].answer.count--
		:: else -> break
		od;
		clear_answer(reader[me].answer)
	};
#ifndef REPLY_RAISES
	d_step {
		raise(seen, raised)
	};
	d_step {
		if
		:: raised -> wake()
		:: else -> skip
		fi;
		raised = false
	};
#endif
	reads = false;
	if
	:: got -> goto forget
	:: else -> skip
	fi;
#ifdef RESAMPLES
	reader[me].sampled = true;
#endif
#ifdef COMPARES
	if
	:: word.generation > seen.generation -> goto forget
	:: else -> skip
	fi;
#endif
#ifdef BROKEN_COMPARE
	reader[me].sampled = true;
#endif
sleep:
	seen.generation = 0;
	seen.pollin = false;
end:
	!reader[me].sampled;
	goto again;
forget:
	atomic {
		seen.generation = 0;
		seen.pollin = false
	};
	goto again;
ended:
	skip
}

/* The state as it is now. */
inline see(ret)
{
	ret.generation = made;
	ret.pollin = written > note.index
}

/* The server's lock is held. */
inline decide()
{
	if
	:: reader[thread[me].caller].number == note.number ->
#ifdef BROKEN_COUNT
		thread[me].answer.count = (note.index < WANTED -> note.index : WANTED);
#else
		thread[me].answer.count = note.count;
#endif
		thread[me].answer.first = note.index + 1 - thread[me].answer.count;
		thread[me].does = ANSWERS
#ifndef BROKEN_OLDER
	:: reader[thread[me].caller].number < note.number -> thread[me].does = ANSWERS
#endif
	:: else ->
		thread[me].answer.count = (written - note.index < WANTED -> written - note.index : WANTED);
		thread[me].answer.first = note.index + 1;
		thread[me].does = (thread[me].answer.count > 0 -> NOTES : ANSWERS)
	fi;
#if !defined(BROKEN_NOTE) && !defined(BROKEN_INDEX)
	if
	:: thread[me].does == NOTES ->
		note_index();
		note_number();
		thread[me].does = ANSWERS
	:: else -> skip
	fi;
#endif
#ifdef BROKEN_NOTE
	if
	:: thread[me].does == NOTES -> note_index()
	:: else -> skip
	fi;
#endif
#ifdef BROKEN_INDEX
	if
	:: thread[me].does == NOTES -> note_number()
	:: else -> skip
	fi;
#endif
	see(thread[me].answer.state)
}

/* The mask changes if all bytes were read. */
inline note_index()
{
	note.index = note.index + thread[me].answer.count;
	made = (note.index == written -> made + 1 : made);
	all_read = (reader[thread[me].caller].number == given_up -> all_read + thread[me].answer.count : all_read)
}

inline note_number()
{
	note.number = reader[thread[me].caller].number;
	note.count = thread[me].answer.count
}

inline is_done()
{
	thread[me].does = IDLE;
	thread[me].caller = 0;
	thread[me].attaches = false;
	clear_answer(thread[me].answer)
}

#define IS_FREE (thread[me].does == IDLE && !thread[me].wakes)

proctype Serve(byte me)
{
#ifdef BROKEN_WAKE
	bool raised;

#endif
end:
	do
	:: d_step {
		server == UP && IS_FREE && reader[0].call == QUEUED ->
		reader[0].call = TAKEN;
		thread[me].caller = 0;
		thread[me].does = DECIDES
	}
#if READERS > 1
	:: d_step {
		server == UP && IS_FREE && reader[1].call == QUEUED ->
		reader[1].call = TAKEN;
		thread[me].caller = 1;
		thread[me].does = DECIDES
	}
#endif
	:: d_step {
		thread[me].does == DECIDES -> decide()
	}
#if defined(BROKEN_NOTE) || defined(BROKEN_INDEX)
	:: d_step {
		thread[me].does == NOTES ->
#ifdef BROKEN_NOTE
		note_number();
#else
		note_index();
#endif
		see(thread[me].answer.state);
		thread[me].does = ANSWERS
	}
#endif
	:: d_step { /* ipc_reply() */
		thread[me].does == ANSWERS ->
		if
		:: reader[thread[me].caller].call == TAKEN ->
#ifdef REPLY_RAISES
			raise(thread[me].answer.state, thread[me].wakes);
#endif
			copy_answer(reader[thread[me].caller].answer, thread[me].answer);
			reader[thread[me].caller].call = ANSWERED
		:: else -> skip
		fi;
		is_done()
	}
	:: d_step { /* a byte comes */
		server != DOWN && IS_FREE && written < BYTES ->
		written++;
		made++;
		see(thread[me].answer.state);
		thread[me].does = BEGINS_POST
	}
#ifdef BROKEN_WAKE
	:: d_step {
		thread[me].does == WAKES_FIRST ->
		wake();
		thread[me].does = POSTS
	}
#endif
	:: d_step { /* ipc_post() */
		thread[me].does == POSTS ->
#ifdef BROKEN_WAKE
		raise(thread[me].answer.state, raised);
		raised = false;
#else
		raise(thread[me].answer.state, thread[me].wakes);
#endif
		server = (thread[me].attaches -> UP : server);
		is_done()
	}
	:: d_step {
		thread[me].wakes ->
		wake();
		thread[me].wakes = false
	}
	:: d_step { /* the next server begins: it asks for its files and their generations */
		server == DOWN && IS_FREE ->
#ifdef BROKEN_GENERATION
		made = 0;
#else
		made = word.generation + FAR;
#endif
#ifdef BROKEN_ATTACH
		server = UP;
#else
		server = ATTACHING;
		see(thread[me].answer.state);
		thread[me].attaches = true;
		thread[me].does = BEGINS_POST
#endif
	}
	od
}

/* The server's threads end wherever they are. */
inline kill()
{
	server = DOWN;
	made = 0;
	me = 0;
	do
	:: me < THREADS ->
		if
		:: thread[me].does != IDLE -> is_done()
		:: else -> skip
		fi;
		me++
	:: else -> break
	od;
	me = 0;
	do
	:: me < READERS ->
		if
		:: reader[me].call == TAKEN -> reader[me].call = EPIPE
		:: else -> skip
		fi;
		me++
	:: else -> break
	od;
	me = 0
}

/* Kills servers at any moment, so often or less often. In the end all bytes are read, and the word says so. */
proctype Kill()
{
	byte n, me;

	do
	:: n < KILLS -> d_step {
		server != DOWN -> kill();
		n++
	}
	:: break
	od;
	n = KILLS;
	all_read == BYTES && !word.pollin
}

init {
	byte i;

	d_step {
		word.pollin = true;
		do
		:: i < READERS ->
			reader[i].call = NO_CALL;
			i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < THREADS ->
			thread[i].does = IDLE;
			i++
		:: else -> break
		od;
		i = 0
	};
	atomic {
		run Read(0);
#if READERS > 1
		run Read(1);
#endif
		run Serve(0);
		run Serve(1);
		run Kill()
	}
}
