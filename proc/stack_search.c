/* SPDX-License-Identifier: MIT */
/* Searches the kernel stacks of threads that wait for addresses. */
/*
 * A system call that waits keeps references in its local variables. Nothing else knows them, and to
 * list them would cost each call time. So their stacks are searched, from the saved stack pointer
 * on: what is below it is old.
 */
#include "proc/stack_search.h"

#include "mm/check/slab_check.h"
#include "mm/phys/page.h"
#include "mm/phys/slab.h"
#include "proc/process.h"

struct search {
	uintptr_t start, end;
	const struct thread *thread;
	size_t found;
};

/* Is it a page of kmalloc() that belongs to the call, such as the files of a poll? */
static bool is_page_of_call(const struct search *search, uintptr_t word)
{
	const struct page *page;

	if (word & PAGE_MASK || (void *)word == search->thread->fdtable)
		return false;
	page = virt_to_page((void *)word);
	return page && page_kind(page) == PAGE_KERNEL && !page_has(page, PAGE_SLAB | PAGE_TAIL);
}

static void search_words(struct search *search, uintptr_t from, uintptr_t to, bool follow)
{
	for (uintptr_t at = from; at + sizeof(uintptr_t) <= to; at += sizeof(uintptr_t)) {
		uintptr_t word = *(const uintptr_t *)at;

		search->found += word >= search->start && word < search->end;
		if (follow && is_page_of_call(search, word))
			search_words(search, word, word + PAGE_SIZE, false);
	}
}

static void search_thread(void *object, void *arg)
{
	const struct thread *thread = object;
	struct search *search = arg;
	uintptr_t top = (uintptr_t)thread->kstack + KSTACK_SIZE;

	/* A new one holds nothing, and may have no registers yet. */
	if (thread == current_thread() || thread->state == THREAD_DEAD ||
	    thread->state == THREAD_NEW)
		return;
	search->thread = thread;
	search_words(search, arch_thread_sp(&thread->arch), top, true);
	search_words(search, (uintptr_t)&thread->arch, (uintptr_t)(&thread->arch + 1), true);
}

size_t stack_search(uintptr_t start, uintptr_t end)
{
	struct search search = { .start = start, .end = end };

	slab_visit(&thread_cache, search_thread, &search);
	return search.found;
}
