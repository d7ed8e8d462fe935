/* SPDX-License-Identifier: MIT */
/* Faults that a program resolves: those in memory that it has registered with a userfault. */
#pragma once

#include "lib/refcount.h"
#include "lib/tree.h"
#include "mm/check/counted.h"
#include "mm/space/space_lock.h"
#include "mm/vm_wait.h"

struct fault;

/*
 * A VMA with VMA_UF_MISSING has a backend of its own, so that faults elsewhere do not ask. In such a VMA a fault at an entry that is
 * EMPTY gets no page: it ends with VM_WAIT, and its thread waits at the VMA's userfault until the program gives the page
 * (userfault_give()), or lets the thread try again (userfault_wake()). So does a write to a page with ENTRY_WP in a VMA with VMA_UF_WP,
 * until the program allows the write (vm_userfault_protect()), or to what is MARKED: of that, a read maps a page with ENTRY_WP.
 * Elsewhere both mean nothing: what is MARKED is as EMPTY there (userfault_entry()). What is POISONED is so wherever it is. Where there is an
 * object that has the page, it is mapped without a wait; or with VMA_UF_MINOR, after one that userfault_continue() ends.
 */
struct userfault {
	struct counted counted; /* const */
	struct refcount refs;	/* of who has created it, of threads that wait, and of events */
	/* const once memory is registered: */
	bool user_only; /* an access of the kernel's own is refused */
	bool refuses;	/* so is each access: nobody waits */
	bool is_async;	/* writes to protected pages are allowed without asking */
	bool has_holes; /* what has no page can be protected, too */
	unsigned tells; /* of which events (mm/fault/userfault_event.h) */
	unsigned
		changing; /* atomic: events from begin to end; no page is given meanwhile. Raised under the space's lock */
	struct spinlock lock;
	/* guarded by lock: */
	bool closed; /* for good: faults are resolved as in other memory; read without lock */
	struct tree waiting; /* all threads that wait, by address */
	struct list
		untold; /* of these, those that userfault_next() has not told of, oldest first */
	unsigned nwaiting, nuntold;
	struct list events;    /* that wait to be told of, oldest first */
	unsigned nevents;      /* of these, those that nobody has taken; read without lock */
	struct waitq readable; /* woken when there is something to tell */
};

extern struct counted_kind userfault_kind;

/* For the ledger: counts the references of those that wait. */
void userfault_find_held(struct userfault *userfault);

/* A thread that waits. In its stack. `woken` and `seq` are for thread_wait(). */
struct userfault_waiter {
	struct userfault *userfault; /* const; referenced */
	/* guarded by its lock: */
	struct tree_node node;
	struct list untold; /* empty: has been told of */
	bool is_waiting;
	/* const: */
	vaddr_t address; /* that was accessed */
	bool writes, is_protected, minor;
	int tid;
	struct waitq woken;
	uint64_t seq;
};

/* What a program is told of a fault. */
struct userfault_message {
	vaddr_t address;
	bool writes;
	bool is_protected; /* the page is there, and write-protected */
	bool minor;	   /* the object has the page */
	int tid;
};

/* Returns NULL without memory. May wait. */
struct userfault *userfault_create(void);

static inline void userfault_get(struct userfault *userfault)
{
	refcount_get(&userfault->refs);
}

void userfault_put(struct userfault *userfault);

/* Nobody waits any more from now on. VMAs hold no reference: if the space is still used, vm_userfault_forget() must follow. Call with no spinning lock held. */
void userfault_close(struct userfault *userfault);

/*
 * Makes the running thread one that waits, as the fault has said that ended with *wait. `address`: what was accessed there. Returns false
 * if it need not wait any more: the fault is to be tried again. Call with no spinning lock held. userfault_leave() must follow.
 */
bool userfault_enter(const struct vm_wait *wait, vaddr_t address, int tid,
		     struct userfault_waiter *waiter);
void userfault_leave(struct userfault_waiter *waiter);

/* Takes the oldest fault that has not been told of. Returns false if there is none. */
bool userfault_next(struct userfault *userfault, struct userfault_message *ret);

/* Lets the threads that wait for pages in [start, end) try again. */
void userfault_wake(struct userfault *userfault, vaddr_t start, vaddr_t end);

/*
 * Maps a page at va, where the entry has none and the VMA is registered, for a program that resolves a fault there. *page is a frame with
 * its reference, which may be taken, or NULL: the zero page. `wp`: it gets ENTRY_WP. In shared memory the page enters the object. Returns 0; -ENOENT: it is not registered; -EEXIST: there is something, if only in the object;
 * -EFAULT: that ends before it; -EAGAIN: an event is under way; -ESRCH: the space ends; -ENOMEM, or -EINTR for a killed thread. Call with no spinning lock held.
 */
int userfault_give(struct space *space, vaddr_t va, struct page **page, bool wp);

/* Maps the page that the object has there. As userfault_give(), but -EFAULT: it has none; -EINVAL: there is no object, or it ends before that. */
int userfault_continue(struct space *space, vaddr_t va, bool wp);

/* Has each access at va fail, where there is nothing yet. Returns as userfault_give(). */
int userfault_poison(struct space *space, vaddr_t va);

/* The entry as it counts in this VMA: EMPTY if it is MARKED and no program can allow writes there (any more). The caller holds the space's lock. */
struct mmu_entry userfault_entry(const struct vma *vma, struct mmu_entry entry);

/* For mm/fault/userfault_object.c: ends the round so that the thread waits; resolves the fault as if the memory were not registered; gets the page of vm_fault_give(). */
enum vm_outcome userfault_ask(struct fault *fault, bool minor);
enum vm_outcome userfault_get_usual(struct fault *fault);
void userfault_take_given(struct fault *fault);

/* The step of userfault_give() that maps *page, private or the object's. */
int userfault_map(struct space *space, vaddr_t va, struct page **page, bool wp);

/* Does [start, end) lie in one VMA that is registered in one of the modes VMA_UF_*? */
bool userfault_covers(struct space *space, vaddr_t start, vaddr_t end, unsigned modes);

/* USER_WP in memory where marks tell which pages were written: the other pages of a large entry keep theirs. The caller holds the space's lock. */
bool userfault_is_of_page(const struct fault *fault);

/* USER_WP. The caller holds the space's lock, and is no reader. Returns an outcome. */
enum vm_outcome userfault_protected(struct fault *fault);
