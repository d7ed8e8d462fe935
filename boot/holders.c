/* SPDX-License-Identifier: MIT */
/* Looks for the holder of each reference, pin and reserved descriptor: a part of the ledger. */
/*
 * The walks begin at what is there in any case: processes, spaces, mounts, futexes, endpoints,
 * devices, sessions with servers. Each adds to `holders` of what it finds; no walk looks at a
 * count. At the end, what has other references than holders is reported. References that a system
 * call holds while it waits are looked for on the stack of its thread, and only if some are left
 * without a holder.
 */
#include "boot/holders.h"

#include "abi/syscall.h"
#include "base/os_layer.h"
#include "desc/fdtable.h"
#include "desc/in_flight.h"
#include "desc/pipe_impl.h"
#include "desc/watch.h"
#include "ipc/call.h"
#include "ipc/transfer.h"
#include "ipc/uio_session.h"
#include "lib/bits.h"
#include "mm/check/ledger_walk.h"
#include "mm/check/slab_check.h"
#include "mm/fault/userfault_event.h"
#include "mm/phys/slab.h"
#include "mm/swap/swap_cache.h"
#include "proc/exe.h"
#include "proc/futex.h"
#include "proc/pid.h"
#include "proc/stack_search.h"

/* The core's. */
static struct counted_kind *const kinds[] = {
	&object_kind,	   &exe_kind,	  &file_kind,	   &pipe_kind,
	&uspace_kind,	   &fdtable_kind, &endpoint_kind,  &sender_kind,
	&uio_session_kind, &watch_kind,	  &userfault_kind,
};

/* ---- memory ---- */

static void find_in_spaces(void)
{
	struct tree_node *node;
	struct space *space;

	list_for_each_entry(space, &spaces, link) {
		tree_for_each(node, &space->vmas) {
			const struct vma *vma = tree_entry(node, struct vma, node);

			if (vma->object)
				object_use_found(vma->object);
		}
		userfault_find_events_of(space);
	}
}

/* ---- processes ---- */

/* Threads that are being created are in no list yet. */
static void find_in_thread(void *it, void *arg)
{
	const struct thread *thread = it;

	(void)arg;
	if (thread->fdtable)
		counted_found(&thread->fdtable->counted);
	os_layer.find_in_thread(thread);
}

static void find_in_process(const struct process *process)
{
	if (process->uspace)
		counted_found(&process->uspace->counted);
	if (process->exe)
		counted_found(&process->exe->counted);
}

/* A child that fork() is making is in no list yet, and has no number. */
static void find_in_unborn(void *it, void *arg)
{
	const struct process *process = it;

	(void)arg;
	if (process->birth == 0)
		find_in_process(process);
}

static void find_in_processes(void)
{
	const struct process *process;

	slab_visit(&process_cache, find_in_unborn, NULL);
	slab_visit(&thread_cache, find_in_thread, NULL);
	list_for_each_entry(process, &process_list, all)
		find_in_process(process);
}

/* ---- calls: pages and descriptors ---- */

static void for_each_call(void (*visit)(const struct call *call, void *arg), void *arg)
{
	struct counted *counted;

	counted_for_each(counted, &endpoint_kind)
		endpoint_visit_calls(counted_thing(&endpoint_kind, counted), visit, arg);
}

static void found_page(struct page *page, bool pinned, void *arg)
{
	(void)pinned;
	ledger_found(arg, page, PAGE_ONE_REF);
}

static void found_call(const struct call *call, void *arg)
{
	if (call->thread && call->transfer)
		transfer_visit_pages(call->transfer, found_page, arg);
}

/* How many calls have pinned this page. */
struct pins {
	const struct page *page;
	uint32_t holders;
};

static void count_pin(struct page *page, bool pinned, void *arg)
{
	struct pins *pins = arg;

	pins->holders += pinned && page == pins->page;
}

static void count_pins(const struct call *call, void *arg)
{
	if (call->thread && call->transfer)
		transfer_visit_pages(call->transfer, count_pin, arg);
}

static void check_pins(struct ledger_walk *walk, const struct page *page)
{
	struct pins pins = { .page = page };

	for_each_call(count_pins, &pins);
	if (pins.holders != page_pins(page))
		ledger_error(walk, "page of frame %#lx: %u pins, but %u holders were found",
			     (unsigned long)page_to_pfn(page), page_pins(page), pins.holders);
}

/* A read has a reference to its object, and so has the first pin of a page. */
static void look_at_page(struct ledger_walk *walk, const struct page *page)
{
	if (page_has(page, PAGE_READING))
		object_found(page->owner);
	if (!page_pins(page))
		return;
	if (page_kind(page) == PAGE_OBJECT)
		object_found(page->pinned_in);
	check_pins(walk, page);
}

/* There are many frames, most of them free. */
static UNCHECKED void look_at_frames(struct ledger_walk *walk)
{
	for (unsigned i = 0; i < page_segment_count; i++) {
		const struct page *end = page_segments[i].pages + page_segments[i].count;

		for (const struct page *page = page_segments[i].pages; page < end;
		     page = page_next_unchecked(page)) {
			enum page_kind kind = page_kind_unchecked(page);

			if (kind == PAGE_OBJECT || kind == PAGE_ANON)
				look_at_page(walk, page);
		}
	}
}

/* How many descriptors calls have set aside in a table, and the last thread found that has the table. */
struct room {
	const struct fdtable *table;
	unsigned reserved, holders;
	const struct thread *thread;
};

static void count_room(const struct call *call, void *arg)
{
	const struct transfer_fds *fds = call->thread && call->transfer ? call->transfer->fds
									: NULL;
	struct room *room = arg;

	if (fds && fds->table == room->table)
		room->holders += fds->nroom - fds->ngiven;
}

static unsigned reserved_in(const struct fdtable *table)
{
	unsigned fd, n = 0;

	for_each_fd(fd, table)
		n += !fdtable_file(table, fd);
	return n;
}

/* Most descriptors that the call in which the thread waits may have set aside, besides ipc_call's. */
static unsigned room_of_call(struct thread *thread)
{
	if (thread == current_thread() || thread->state == THREAD_DEAD ||
	    thread->state == THREAD_NEW)
		return 0;
	switch (frame_syscall(arch_thread_frame(&thread->arch))) {
	case SYS_pipe2:
		return 2;
	case SYS_openat:
	case SYS_ioctl:
	case SYS_clone:
	case SYS_clone3:
		return 1;
	default:
		return 0;
	}
}

static void count_room_of_thread(void *it, void *arg)
{
	struct thread *thread = it;
	struct room *room = arg;

	if (thread->fdtable != room->table)
		return;
	room->thread = thread;
	if (room->reserved > room->holders)
		room->holders += MIN(room->reserved - room->holders, room_of_call(thread));
}

static void check_reserved(struct ledger_walk *walk)
{
	struct counted *counted;

	counted_for_each(counted, &fdtable_kind)
	{
		const struct fdtable *table = counted_thing(&fdtable_kind, counted);
		struct room room = { .table = table, .reserved = reserved_in(table) };

		if (room.reserved == 0)
			continue;
		for_each_call(count_room, &room);
		slab_visit(&thread_cache, count_room_of_thread, &room);
		if (room.reserved != room.holders)
			ledger_error(
				walk,
				"process %d (%s): %u reserved descriptors, but %u holders were found",
				room.thread ? room.thread->process->pid : 0,
				room.thread ? room.thread->name : "none", room.reserved,
				room.holders);
	}
}

/* ---- what holds others ---- */

static void image_holds(void *it)
{
	object_use_found(((struct exe *)it)->object);
}

static void fdtable_holds(void *it)
{
	const struct fdtable *table = it;
	unsigned fd;

	for_each_fd(fd, table)
		if (fdtable_file(table, fd))
			counted_found(&fdtable_file(table, fd)->counted);
}

static void object_holds(void *it)
{
	struct object *object = it;

	if (object->ops->holds)
		object->ops->holds(object);
}

static void file_holds(void *it)
{
	struct file *file = it;

	if (!file->ops)
		return;
	os_layer.find_in_file(file);
	if (file->ops->holds)
		file->ops->holds(file);
}

static void endpoint_holds(void *it)
{
	endpoint_find_held(it);
}

static void sender_holds(void *it)
{
	sender_find_held(it);
}

static void userfault_holds(void *it)
{
	userfault_find_held(it);
}

static void find_all(struct ledger_walk *walk)
{
	find_in_spaces();
	look_at_frames(walk);
	if (swap_is_on())
		object_found(&swap_cache);
	find_in_processes();
	futex_find_held();
	in_flight_find_held();
	os_layer.find_held();
	counted_visit(&exe_kind, image_holds);
	counted_visit(&fdtable_kind, fdtable_holds);
	counted_visit(&object_kind, object_holds);
	counted_visit(&file_kind, file_holds);
	counted_visit(&endpoint_kind, endpoint_holds);
	counted_visit(&sender_kind, sender_holds);
	counted_visit(&userfault_kind, userfault_holds);
}

/* ---- references ---- */

static void check_counted(struct ledger_walk *walk, const struct counted_kind *kind,
			  struct counted *counted)
{
	void *it = counted_thing(kind, counted);
	uint32_t refs = atomic_load_relaxed(counted->refs);
	struct slab_range range;

	if (refs == counted->holders)
		return;
	if (refs > counted->holders) {
		range = slab_range_of(it);
		if (stack_search(range.start, range.end) >= refs - counted->holders)
			return;
	}
	ledger_error(walk, "%s %p (%s): %u references, but %u holders were found", kind->name, it,
		     kind->what(it), refs, counted->holders);
}

static void forget_holders(struct counted_kind *kind, void *arg)
{
	struct counted *counted;

	(void)arg;
	counted_for_each(counted, kind) counted->holders = 0;
}

static void check_counted_kind(struct counted_kind *kind, void *arg)
{
	struct counted *counted;

	counted_for_each(counted, kind) check_counted(arg, kind, counted);
}

static void visit_kinds(void (*visit)(struct counted_kind *kind, void *arg), void *arg)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		visit(kinds[i], arg);
	os_layer.visit_kinds(visit, arg);
}

static void check_references(struct ledger_walk *walk)
{
	visit_kinds(forget_holders, NULL);
	find_all(walk);
	visit_kinds(check_counted_kind, walk);
}

/* The pages of files that pipes refer to. */
static void found_lent(struct ledger_walk *walk)
{
	struct counted *counted;

	counted_for_each(counted, &pipe_kind)
	{
		struct pipe_ring *ring = &((struct pipe *)counted_thing(&pipe_kind, counted))->ring;

		for (size_t at = ring->tail; at != ring->head; at++)
			if (pipe_ring_slot(ring, at)->lent)
				ledger_found(walk, virt_to_page(pipe_ring_slot(ring, at)->page),
					     PAGE_ONE_REF);
	}
}

static void walk_others(struct ledger_walk *walk)
{
	for_each_call(found_call, walk);
	found_lent(walk);
	if (walk->delta)
		return;
	check_references(walk);
	check_reserved(walk);
}

void holders_init(void)
{
	ledger_walk_others = walk_others;
}
