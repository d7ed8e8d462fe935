/* SPDX-License-Identifier: MIT */
/*
 * Which harts a space's translations are fenced on: arch/riscv/tlb.c:arch_mmu_flush() and mmu_sync_text_elsewhere(),
 * arch_mmu_switch() and leave_user_space(), and the end of a space, proc/exit.c and proc/uspace.c:uspace_put().
 *
 * Hart 0 unmaps a page of the space and frees its frame, and changes the text of another one, in either order; it runs
 * the space itself or does not. On each other hart a thread of the space comes to run, goes on to another space or to the
 * idle thread, comes again, and ends. At any moment a hart takes a translation into its TLB by the tables in its satp. What it
 * has of a space stays while it runs another one, since TLBs tell spaces apart by numbers. A request to the firmware is one
 * step for each hart. With -DFORKS, a thread of the space forks meanwhile,
 * mm/verbs/fork_space.c:vm_fork(), and the other harts may run the child in between. Checked: a frame that is freed is in no
 * TLB of a hart that runs the space, then or later; no hart runs text that it fetched before the change was told to all, in the child either; a root that is freed is in
 * no satp, and nobody comes to it later.
 *
 * Wrong are: to set the bit of a hart after its satp (-DSET_LATE); to clear it before satp has other tables (-DCLEAR_FIRST);
 * not to mark harts that do not run the space (-DNO_MARK); not to flush for a mark (-DMARK_UNPAID); to mark harts and not to
 * look again which run the space (-DNO_SECOND_LOOK); to mark them and read the mask before the entry is cleared, which is what
 * a verb does without its fence in between (-DMASK_FIRST); to free a frame before the other harts have answered (-DFREE_FIRST); to look what is
 * owed before the bit is set (-DLOOK_FIRST); to fence the instructions of the harts in the mask, and then to say what the
 * others owe (-DOWE_LATE); to mark them before it is said what for (-DMARK_FIRST); a child that owes nothing (-DOWE_NOTHING), or what the parent owed before the entries were
 * copied (-DINHERIT_FIRST); to drop the last reference before the tables are left (-DPUT_FIRST); to idle on a space's
 * tables without a reference (-DIDLE_STAYS).
 */
#ifndef HARTS
#define HARTS 3
#endif
#ifndef TURNS
#define TURNS 2 /* of a thread on its hart */
#endif
#define BIT(hart) (1 << (hart))

mtype = { KERNEL, SPACE }; /* a root: without a user half, or of another space; and of the one that we look at */

typedef Hart {
	mtype satp, active_; /* hart->active; Promela has the word */
	bool tlb;	/* has a translation of the page, under the space's number */
	bool old_text;	/* may have fetched what the text was */
};

Hart hart[HARTS];

/* struct mmu of the space */
byte harts, text_owed, stale;

bool entry = true; /* of the page */
bool frame_free, root_free;
bool text_told;	   /* to all: programs may run it */
byte refs = HARTS; /* struct uspace */

/* Of the child: its struct mmu, whether it has the changed text, and whether it may run. */
byte child_owed;
bool child_text, child_runs;

inline set_bit(me)
{
	harts = harts | BIT(me)
}

inline clear_bit(me)
{
	harts = harts & ~BIT(me)
}

inline pay(me)
{
	if
	:: stale & BIT(me) ->
		stale = stale & ~BIT(me);
		if
		:: text_owed & BIT(me) ->
			text_owed = text_owed & ~BIT(me);
			hart[me].old_text = false
		:: else -> skip
		fi;
#ifndef MARK_UNPAID
		hart[me].tlb = false
#endif
	:: else -> skip
	fi
}

/* arch_mmu_switch(), mmu_pay() */
inline enter(me)
{
#ifdef LOOK_FIRST
	pay(me);
#endif
#ifndef SET_LATE
	set_bit(me);
#endif
#ifndef LOOK_FIRST
	pay(me);
#endif
	assert(!root_free);
	hart[me].satp = SPACE;
	hart[me].active_ = SPACE;
#ifdef SET_LATE
	set_bit(me);
#endif
}

/* leave_user_space(), or arch_mmu_switch() to another space */
inline leave(me)
{
#ifdef CLEAR_FIRST
	clear_bit(me);
#endif
	hart[me].satp = KERNEL;
	hart[me].active_ = KERNEL;
#ifndef CLEAR_FIRST
	clear_bit(me);
#endif
}

/* uspace_put(): the last one frees what is left. */
inline put(me)
{
	atomic {
		refs--;
		last = refs == 0
	};
	if
	:: last ->
		d_step {
			assert(harts == 0);
			i = 0;
			do
			:: i == HARTS -> break
			:: else ->
				assert(hart[i].satp != SPACE);
				i++
			od;
			i = 0;
			root_free = true
		}
	:: else -> skip
	fi
}

inline end(me)
{
#ifdef PUT_FIRST
	put(me);
#endif
	if
	:: hart[me].active_ == SPACE -> leave(me)
	:: else -> skip
	fi;
#ifndef PUT_FIRST
	put(me)
#endif
}

/* ---- hart 0 ---- */

/* fence_remote(): those of the mask, one after the other */
inline flush_remote()
{
	i = 1;
	do
	:: i == HARTS -> break
	:: else ->
		if
		:: mask & BIT(i) -> hart[i].tlb = false
		:: else -> skip
		fi;
		i++
	od;
	i = 0
}

inline free_frame()
{
	d_step {
		frame_free = true;
		i = 0;
		do
		:: i == HARTS -> break
		:: else ->
			assert(!hart[i].tlb || hart[i].satp != SPACE);
			i++
		od;
		i = 0
	}
}

/* arch_mmu_flush(), mark_and_flush() */
inline find_harts()
{
	mask = harts;
#ifndef NO_MARK
	if
	:: (BIT(HARTS) - 1) & ~(mask | stale) ->
		stale = stale | ((BIT(HARTS) - 1) & ~mask);
#ifndef NO_SECOND_LOOK
		mask = mask | harts
#endif
	:: else -> skip
	fi
#endif
}

inline unmap()
{
#ifdef MASK_FIRST
	find_harts();
	entry = false;
#else
	entry = false;
	find_harts();
#endif
	if
	:: mask & BIT(0) -> hart[0].tlb = false
	:: else -> skip
	fi;
#ifdef FREE_FIRST
	free_frame();
	flush_remote()
#else
	flush_remote();
	free_frame()
#endif
}

/* mmu_sync_text_elsewhere(): who finds the mark finds what it is for. */
inline owe_text()
{
#ifdef MARK_FIRST
	stale = stale | (BIT(HARTS) - 2);
	text_owed = text_owed | (BIT(HARTS) - 2)
#else
	text_owed = text_owed | (BIT(HARTS) - 2);
	stale = stale | (BIT(HARTS) - 2)
#endif
}

/* arch_mmu_sync_text() after a store: all others may have the old text. */
inline change_text()
{
	d_step {
		i = 1;
		do
		:: i == HARTS -> break
		:: else ->
			hart[i].old_text = true;
			i++
		od;
		i = 0
	};
#ifndef OWE_LATE
	owe_text();
#endif
	mask = harts;
	i = 1;
	do
	:: i == HARTS -> break
	:: else ->
		if
		:: mask & BIT(i) -> hart[i].old_text = false
		:: else -> skip
		fi;
		i++
	od;
	i = 0;
#ifdef OWE_LATE
	owe_text();
#endif
	text_told = true
}

proctype Verbs()
{
	byte i, mask;
	bool last;

	if
	:: true -> enter(0)
	:: true -> skip
	fi;
	if
	:: true -> unmap(); change_text()
	:: true -> change_text(); unmap()
	fi;
	end(0)
}

/* ---- fork ---- */

inline copy_entries()
{
	child_text = text_told
}

/* fork_ends() */
inline inherit()
{
#ifdef OWE_NOTHING
	child_owed = 0
#else
	child_owed = text_owed
#endif
}

proctype Fork()
{
#ifdef INHERIT_FIRST
	inherit();
	copy_entries();
#else
	copy_entries();
	inherit();
#endif
	child_runs = true
}

/* The child, on a hart that runs nothing else. */
inline run_child(me)
{
	if
	:: child_owed & BIT(me) ->
		child_owed = child_owed & ~BIT(me);
		hart[me].old_text = false
	:: else -> skip
	fi;
	assert(!child_text || !hart[me].old_text)
}

/* ---- the others ---- */

proctype Thread(byte me)
{
	byte i, turns;
	bool last;

	do
	:: turns == TURNS -> break
#ifdef FORKS
	:: child_runs && hart[me].active_ == KERNEL -> run_child(me); break
#endif
	:: else ->
		if
		:: hart[me].active_ != SPACE -> enter(me)
		:: else -> skip
		fi;
		/* in user mode */
		assert(!text_told || !hart[me].old_text);
		assert(!frame_free || !hart[me].tlb);
		turns++;
		if
		:: turns == TURNS -> skip
		:: else -> /* another thread's turn, or nobody's */
#ifdef IDLE_STAYS
			if
			:: true -> leave(me)
			:: true -> skip
			fi
#else
			leave(me)
#endif
		fi
	od;
	if
#ifdef IDLE_STAYS
	:: true -> put(me) /* the thread ended on another hart */
#endif
	:: true -> end(me)
	fi
}

/* The page-table walker. */
proctype Walker(byte me)
{
end_walker:
	do
	:: atomic {
		hart[me].satp == SPACE && entry && !hart[me].tlb ->
		assert(!root_free && !frame_free);
		hart[me].tlb = true
	   }
	od
}

init {
	byte i;

	atomic {
		if
		:: stale = 0
		:: stale = BIT(HARTS) - 1 /* by an earlier verb */
		fi;
		do
		:: i == HARTS -> break
		:: else ->
			hart[i].satp = KERNEL;
			hart[i].active_ = KERNEL;
			run Walker(i);
			if
			:: i > 0 -> run Thread(i)
			:: else -> skip
			fi;
			i++
		od;
		run Verbs();
#ifdef FORKS
		run Fork()
#endif
	}
}
