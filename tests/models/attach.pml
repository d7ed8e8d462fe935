/* SPDX-License-Identifier: MIT */
/*
 * What linux/fs/p9/attach.c does when a server ends: another one is attached, and those who wait go on with it.
 *
 * A hold of session->lock is one atomic step. So is what a server does for a request; it may end before that, or after it
 * and before the answer, ENDS times in all, also while it is being attached. An epoch is the number of its server. There
 * are one file, with a node, and four fids: of the root; of the node; one that a lookup walks to by the file's name,
 * and the node takes; one by which the file is open. Processes:
 *
 * - Opener walks to the last one and opens it, gives it an owner, and reads by it.
 * - Looker looks the file up, and the node takes the new fid (p9_node_adopt() in linux/fs/p9/node_name.c).
 * - Renamer renames the file. If the answer was lost, it gives up, and the file has the one name or the other one.
 * - Other is another client, which makes a new file of the old name as soon as that is free.
 * - Writer writes by the open fid, with a request that nobody waits for: it is parked while the session is lost.
 * - Remover removes another file, as Other_remover does. Another server may not find it: its fid is stale then.
 *
 * OPENS, LOOKS, RENAMES, WRITES and REMOVES say who takes part; WRITES needs OPENS. Checked: a server gets no request by a
 * fid that it does not know; when the session has a server, it knows all fids with an owner, and none of these is refused or
 * taken for lost; a rename is of the right file, and done once at most; what was answered is done; everybody ends, if a
 * server stays in the end. Clunks, flushes and time-outs are left out.
 *
 * With -DBROKEN_SWITCH the session gets the server in a later hold of the lock than the look for fids that are left. With
 * -DBROKEN_OWN a fid gets an owner whatever its epoch is. With -DBROKEN_TWICE a rename whose answer was lost is sent again. With
 * -DBROKEN_PARK a request whose server has ended is parked even if there is another server by then. With
 * -DBROKEN_ALIAS the file is looked for by the name alone that the node has. With -DBROKEN_DROP the alias is there only until
 * Renamer gives up. With -DBROKEN_TAKE a file that was found by its alias keeps its name here. With -DBROKEN_EPOCH a thread takes the server
 * in one hold, and compares the fids' epochs with its in another one. With -DBROKEN_FROM the attempt walks from the node's
 * fid without a look whether it is made yet. With -DBROKEN_NAME the file is lost if neither the name nor an alias leads
 * to it, even if the node has got another name since the attempt asked. With -DBROKEN_ADOPT the node gets the name of a
 * walk, even if it was renamed since. With -DBROKEN_STALE a stale fid gets an owner again. All are wrong.
 */
#ifndef ENDS
#define ENDS 2
#endif

#define FIDS 5
#define ROOT 0
#define NODE 1
#define LOOKED_UP 2
#define OPEN 3
#define REMOVED 4

#define NOBODY 0
#define FILE 1
#define ANOTHER 2

#define OLD 0
#define NEW 1
#define THIRD 2

mtype = { UNKNOWN, WALKED, OPENED }; /* fids, to a server */
mtype = { WALK, WALK_OLD, WALK_NEW, WALK_THIRD, LOOK, LOPEN, READ, WRITE, RENAME, REMOVE };

/* The server that was started last: those before it have ended. The names are there for all servers. */
byte last;
bool up = true;
mtype knows[FIDS];
byte names[3];
bool written;

#define IS_UP(server) (server == last && up)

/* The session. */
byte epoch;
bool is_lost, parked;
bool owned[FIDS];
byte made_at[FIDS]; /* epoch of the fid */
byte node_fid = NODE;
byte node_name = OLD;
bool has_alias; /* the file may have the new name, too */
bool is_open;	/* others use the open fid */
bool is_stale;	/* REMOVED: a server did not find the file */

/*
 * Sets `refused`: does `server` not know the fid? Who has it without an owner makes it anew. The request is to make
 * `makes`, if that is another fid.
 */
inline check(fid, makes)
{
	if
	:: makes != fid -> made_at[makes] = server
	:: else -> skip
	fi;
	refused = made_at[fid] != server;
	assert(!refused || !owned[fid])
}

/* Waits for a server. */
inline begin(fid, makes)
{
#ifdef BROKEN_EPOCH
	atomic {
		!is_lost;
		server = epoch
	};
	atomic {
		check(fid, makes)
	}
#else
	atomic {
		!is_lost;
		server = epoch;
		check(fid, makes)
	}
#endif
}

/* The client has got no answer: `server` has ended. */
inline lost()
{
	if
	:: epoch == server -> is_lost = true
	:: else -> skip
	fi
}

/* What a server does for a request by `by`; `other` is the fid that it makes, or a name. */
inline serve(what, by, other)
{
	assert(knows[by] == (what == READ || what == WRITE -> OPENED : WALKED));
	if
	:: what == WALK -> knows[other] = WALKED
	:: what == WALK_OLD || what == WALK_NEW || what == WALK_THIRD ->
		found = (what == WALK_OLD -> names[OLD] : (what == WALK_NEW -> names[NEW] : names[THIRD]));
		knows[other] = (found == FILE -> WALKED : UNKNOWN)
	:: what == LOOK -> found = names[other]
	:: what == LOPEN -> knows[by] = OPENED
	:: what == READ
	:: what == WRITE -> written = true
	:: what == RENAME ->
		found = names[OLD];
		assert(found != ANOTHER);
		names[OLD] = NOBODY;
		names[NEW] = (found -> found : names[NEW])
	:: what == REMOVE ->
		found = names[THIRD];
		names[THIRD] = NOBODY
	fi
}

/* Sets `answered`: the server may end before it has done what it is asked for, or before it says so. */
inline ask(what, fid, other)
{
	answered = false;
	if
	:: atomic {
		IS_UP(server) -> serve(what, fid, other)
	};
		if
		:: atomic {
			IS_UP(server) -> answered = true
		}
		:: !IS_UP(server)
		fi
	:: !IS_UP(server)
	fi
}

/* A client's request, which is made once more at the next server. */
inline call(what, fid, other)
{
	ask(what, fid, other);
	if
	:: !answered -> atomic {
		lost()
	}
	:: else -> skip
	fi
}

/* A client makes the fid's number anew. */
inline make_anew(fid)
{
	d_step {
		knows[fid] = UNKNOWN;
		owned[fid] = false
	}
}

/* p9_fid_own_locked() */
inline own(fid)
{
#ifdef BROKEN_OWN
	owned[fid] = true
#else
#ifdef BROKEN_STALE
	owned[fid] = owned[fid] || made_at[fid] == epoch
#else
	owned[fid] = owned[fid] || (made_at[fid] == epoch && !(fid == REMOVED && is_stale))
#endif
#endif
}

proctype Opener()
{
	byte server, from, found;
	bool refused, answered;

anew:
	make_anew(OPEN);
	from = node_fid;
again:
	begin(from, OPEN);
	if
	:: refused -> goto anew
	:: else -> call(WALK, from, OPEN)
	fi;
	if
	:: !answered -> goto again
	:: else -> skip
	fi;
	do
	:: begin(OPEN, OPEN);
		if
		:: refused -> goto anew
		:: else -> call(LOPEN, OPEN, OPEN)
		fi;
		if
		:: answered -> break
		:: else -> skip
		fi
	od;
	atomic {
		own(OPEN);
		if
		:: !owned[OPEN] -> goto anew
		:: else -> is_open = true
		fi
	};
	do
	:: begin(OPEN, OPEN);
		call(READ, OPEN, OPEN);
		if
		:: answered -> break
		:: else -> skip
		fi
	od
}

proctype Looker()
{
	byte server, found;
	bool refused, answered;

again:
	begin(ROOT, LOOKED_UP);
	call(WALK_OLD, ROOT, LOOKED_UP);
	if
	:: !answered -> goto again
	:: answered && found != FILE -> goto none
	:: else -> skip
	fi;
	atomic {
#ifdef BROKEN_ADOPT
		own(LOOKED_UP);
		node_name = (owned[LOOKED_UP] -> OLD : node_name);
#else
		if
		:: node_name == OLD -> own(LOOKED_UP)
		:: else -> skip
		fi;
#endif
		if
		:: owned[LOOKED_UP] -> node_fid = LOOKED_UP
		:: else -> goto none
		fi
	};
	atomic {
		owned[NODE] = false
	};
none:
	skip
}

/* Sets `found` to what has the name. */
inline look(name)
{
	do
	:: begin(ROOT, ROOT);
		call(LOOK, ROOT, name);
		if
		:: answered -> break
		:: else -> skip
		fi
	od
}

/* The alias is there as long as the file may have that name, and the node has not. */
proctype Renamer()
{
	byte server, found;
	bool refused, answered;

	atomic {
		has_alias = true
	};
again:
	begin(ROOT, ROOT);
	call(RENAME, ROOT, ROOT);
	if
	:: answered ->
		assert(found == FILE && names[NEW] == FILE);
		atomic {
			node_name = NEW
		};
		atomic {
			has_alias = false
		}
#ifdef BROKEN_TWICE
	:: else -> goto again
#else
	:: else -> skip
#endif
	fi
#ifdef BROKEN_DROP
	;
	atomic {
		has_alias = false
	}
#endif
}

/* The name need not become free. */
proctype Other()
{
end:
	atomic {
		names[OLD] == NOBODY -> names[OLD] = ANOTHER
	}
}

/* A node whose name the server refuses to remove is known again. Somebody still refers to it. */
proctype Remover()
{
	byte server, found;
	bool refused, answered;

	do
	:: begin(ROOT, ROOT);
		call(REMOVE, ROOT, ROOT);
		if
		:: answered && found == FILE -> goto removed
		:: answered && found != FILE -> break
		:: else -> look(THIRD)
		fi;
		if
		:: found == FILE -> skip
		:: else -> goto removed
		fi
	od;
	atomic {
		own(REMOVED);
		goto ended
	};
removed:
	atomic {
		owned[REMOVED] = false
	};
ended:
	skip
}

/* The other client, or another one. */
proctype Other_remover()
{
	atomic {
		names[THIRD] = NOBODY
	}
}

/* It starts, is parked and goes on in the hold of the lock in which it looks whether there is a server. */
proctype Writer()
{
	byte server, found;
	bool refused, answered;

	is_open;
again:
	atomic {
		if
		:: is_lost -> parked = true
		:: else ->
			server = epoch;
			check(OPEN, OPEN)
		fi
	};
parks:
	if
	:: atomic {
		parked -> !parked -> goto again
	}
	:: else -> skip
	fi;
	call(WRITE, OPEN, OPEN);
	if
	:: answered -> assert(written)
#ifdef BROKEN_PARK
	:: else ->
		parked = true;
		goto parks
#else
	:: else -> goto again
#endif
	fi
}

/* The server that is being attached does not know it yet. */
#define IS_LEFT(fid) (owned[fid] && made_at[fid] != last && !(fid == REMOVED && is_stale))

/* The session has the server, with the lock held. */
inline go_on()
{
	assert(!IS_LEFT(NODE) && !IS_LEFT(LOOKED_UP) && !IS_LEFT(OPEN) && !IS_LEFT(REMOVED));
	epoch = last;
	is_lost = false;
	parked = false
}

/* Walks from the root to a fid of the node. The file is always there, by the one name or by the other one. */
inline walk_by_name()
{
	do
	:: name = node_name;
		if
		:: name == OLD -> ask(WALK_OLD, ROOT, one)
		:: else -> ask(WALK_NEW, ROOT, one)
		fi;
		if
		:: !answered || found == FILE -> break
		:: else -> skip
		fi;
#ifndef BROKEN_ALIAS
		answered = false;
		if
		:: has_alias -> ask(WALK_NEW, ROOT, one)
		:: else -> answered = true
		fi;
		if
		:: !answered -> break
		:: answered && found == FILE ->
			atomic { /* p9_alias_take() */
#ifndef BROKEN_TAKE
				node_name = NEW;
#endif
				has_alias = false
			};
			break
		:: else -> skip
		fi;
#endif
#if defined(BROKEN_NAME) || defined(BROKEN_ALIAS)
		assert(false)
#else
		assert(node_name == NEW)
#endif
	od
}

/* Walks from the node's fid to the open one, and opens that. */
inline open_again()
{
	ask(WALK, from, one);
	if
	:: answered -> ask(LOPEN, one, one)
	:: else -> skip
	fi
}

/* An attempt that has failed is followed by the next one. */
proctype Attacher()
{
	byte server, one, from, name, found;
	bool answered;

end:
	do
	:: !IS_UP(epoch) ->
		d_step {
			is_lost = true;
			last++;
			server = last;
			up = true;
			knows[ROOT] = UNKNOWN;
			knows[NODE] = UNKNOWN;
			knows[LOOKED_UP] = UNKNOWN;
			knows[OPEN] = UNKNOWN;
			knows[REMOVED] = UNKNOWN
		};
		/* Tattach needs no fid: it makes the root's. */
		atomic {
			if
			:: up ->
				knows[ROOT] = WALKED;
				made_at[ROOT] = server
			:: else -> goto failed
			fi
		};
next:
		/*
		 * Fids are first in the session's list when they get an owner, and last when they are made. So none
		 * is left if the first one needs nothing.
		 */
		atomic {
			if
			:: owned[REMOVED] && is_stale -> goto none_left
			:: else -> skip
			fi;
			if
			:: IS_LEFT(node_fid) -> one = node_fid
			:: else ->
				if
				:: IS_LEFT(NODE) -> one = NODE
				:: IS_LEFT(LOOKED_UP) -> one = LOOKED_UP
				:: IS_LEFT(OPEN) -> one = OPEN
				:: IS_LEFT(REMOVED) -> one = REMOVED
				:: else -> goto none_left
				fi
			fi;
			goto make;
none_left:
#ifndef BROKEN_SWITCH
			go_on();
#endif
			goto attached
		};
make:
		if
		:: one == REMOVED -> ask(WALK_THIRD, ROOT, one)
		:: one == NODE || one == LOOKED_UP -> walk_by_name()
		:: else ->
			atomic {
				from = node_fid;
#ifndef BROKEN_FROM
				if
				:: IS_LEFT(from) -> goto next
				:: else -> skip
				fi
#endif
			};
			open_again()
		fi;
		atomic {
			if
			:: answered -> made_at[one] = server
			:: else -> goto failed
			fi;
			if
			:: one == REMOVED && found != FILE ->
				is_stale = true;
				owned[one] = false
			:: else -> skip
			fi;
			goto next
		};
attached:
#ifdef BROKEN_SWITCH
		atomic {
			go_on()
		};
#endif
		skip;
failed:
		skip
	od
}

/* Ends servers at any moment, so often or less often. */
proctype Ender()
{
	byte n;

	do
	:: n < ENDS -> atomic {
		up -> up = false;
		n++
	}
	:: break
	od
}

init {
	d_step {
		knows[ROOT] = WALKED;
		knows[NODE] = WALKED;
		knows[LOOKED_UP] = UNKNOWN;
		knows[OPEN] = UNKNOWN;
		knows[REMOVED] = UNKNOWN;
		owned[ROOT] = true;
		owned[NODE] = true;
		names[OLD] = FILE
	};
	atomic {
#ifdef OPENS
		run Opener();
#endif
#ifdef LOOKS
		run Looker();
#endif
#ifdef RENAMES
		run Renamer();
		run Other();
#endif
#ifdef WRITES
		run Writer();
#endif
#ifdef REMOVES
		names[THIRD] = FILE;
		owned[REMOVED] = true;
		knows[REMOVED] = WALKED;
		run Remover();
		run Other_remover();
#endif
		run Attacher();
		run Ender()
	}
}
