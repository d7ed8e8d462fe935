/* SPDX-License-Identifier: MIT */
/* Tests of the page ledger: a sound machine has no errors, and each seeded one is found (R111). */
#include "memory.h"

#include <stdlib.h>

#include "abi/mman.h"
#include "fake.h"
#include "mm/check/ledger.h"
#include "mm/fault/fault.h"
#include "mm/fault/userfault_event.h"
#include "mm/host.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/kmap.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/page_census.h"
#include "mm/phys/table_pages.h"
#include "mm/space/commit.h"
#include "mm/space/space.h"
#include "mm/space/vma_modify.h"
#include "mm/swap/relieve.h"
#include "mm/verbs.h"

#define ANON	  0x100000ul
#define SHARED	  0x900000ul
#define READ_ONLY 0x40000000ul
#define LEN	  (8 * PAGE_SIZE)

static struct space parent, child;
static struct object *object;

static void touch(struct space *space, vaddr_t va, unsigned access)
{
	struct vm_wait wait = { 0 };

	assert_int_equal(0, vm_fault(space, va, access, &wait));
}

static void map_at(vaddr_t addr, unsigned prot, unsigned flags)
{
	struct map_request request = { .addr = addr,
				       .len = LEN,
				       .prot = prot,
				       .max_prot = VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC,
				       .flags = flags | MAP_FIXED | MAP_ANONYMOUS };

	assert_int_equal(0, vm_map(&parent, &request, &addr));
}

/*
 * A parent with private, shared and read-only memory, partly touched, and a child that shares it.
 */
static void scene(void)
{
	memory_start(2048, NULL, 0);
	assert_int_equal(0, space_create(&parent));
	assert_int_equal(0, space_create(&child));
	map_at(ANON, VM_PROT_READ | VM_PROT_WRITE, MAP_PRIVATE);
	map_at(SHARED, VM_PROT_READ | VM_PROT_WRITE, MAP_SHARED);
	map_at(READ_ONLY, VM_PROT_READ, MAP_PRIVATE);
	object = vma_find(&parent, SHARED)->object;
	object_get(object);
	for (unsigned i = 0; i < 4; i++) {
		touch(&parent, ANON + i * PAGE_SIZE, VM_PROT_WRITE);
		touch(&parent, SHARED + i * PAGE_SIZE, VM_PROT_WRITE);
		touch(&parent, READ_ONLY + i * PAGE_SIZE, VM_PROT_READ);
	}
	assert_int_equal(0, vm_fork(&parent, &child));
	touch(&child, ANON, VM_PROT_WRITE);
	assert_int_equal(0, ledger_check(NULL));
}

static void end_scene(void)
{
	assert_int_equal(0, ledger_check(NULL));
	space_destroy(&child);
	space_destroy(&parent);
	object_put(object);
	assert_int_equal(0, ledger_check(NULL));
}

static struct mmu_entry *slot(vaddr_t va)
{
	return arch_mmu_lookup(&parent.mmu, va);
}

static struct page *page_at(vaddr_t va)
{
	return pfn_to_page(entry_pfn(*slot(va)));
}

/* Whether a ledger with this one thing wrong says so, and is content when it is put right. */
#define finds(place, wrong)                              \
	do {                                             \
		__typeof__(place) right_ = (place);      \
		(place) = (wrong);                       \
		assert_true(ledger_check(NULL) > 0);     \
		(place) = right_;                        \
		assert_int_equal(0, ledger_check(NULL)); \
	} while (0)

TEST(sound)
{
	struct ledger ledger;
	size_t sum = 0, before;

	memory_start(2048, NULL, 0);
	mm_trim();
	before = page_alloc_free_count();
	assert_int_equal(0, space_create(&parent));
	space_destroy(&parent);
	mm_trim();
	assert_int_equal(before, page_alloc_free_count());
	assert_int_equal(0, ledger_check(&ledger));
	for (unsigned kind = 0; kind < PAGE_KINDS; kind++)
		sum += ledger.kind[kind];
	assert_int_equal(ledger.total, sum);
	assert_int_equal(before, ledger.kind[PAGE_FREE]);
	assert_int_equal(1, ledger.kind[PAGE_ZERO]);
	assert_int_equal(0, ledger.kind[PAGE_ANON] + ledger.kind[PAGE_OBJECT]);
}

TEST(kinds_of_scene)
{
	struct ledger ledger;

	scene();
	assert_int_equal(0, ledger_check(&ledger));
	assert_int_equal(4 + 1, ledger.kind[PAGE_ANON]); /* the child's own copy */
	assert_int_equal(4, ledger.kind[PAGE_OBJECT]);
	end_scene();
}

/* Who counts frames by kind for a report comes to the same. */
TEST(census)
{
	struct page_census census;
	struct ledger ledger;

	scene();
	assert_int_equal(0, ledger_check(&ledger));
	page_census(&census);
	assert_memory_equal(ledger.kind, census.kind, sizeof(census.kind));
	assert_true(census.slabs > 0 && census.slabs < census.kind[PAGE_KERNEL]);
	end_scene();
}

static unsigned pauses;

static int count_pause(struct vm_wait *wait)
{
	(void)wait;
	pauses++;
	return 0;
}

/* Where there are many frames, the count lets others run at times. */
TEST(census_of_much_memory)
{
	const struct page_segment segment = page_segments[0];
	struct page_census census;
	const size_t many = 1u << 17;
	struct page *pages = calloc(many, sizeof(*pages));

	assert_non_null(pages);
	mm_host.pause = count_pause;
	page_segments[0].pages = pages;
	page_segments[0].count = many;
	page_segment_count = 1;
	page_census(&census);
	page_segments[0] = segment;
	assert_in_range(pauses, many / 16384, many / 512);
	assert_int_equal(many, census.kind[page_kind(pages)]);
	free(pages);
}

TEST(counts)
{
	scene();
	finds(page_at(ANON)->refs, page_at(ANON)->refs + 1);
	finds(page_at(ANON)->refs, page_at(ANON)->refs - 1);
	finds(page_at(ANON)->maps, page_at(ANON)->maps + 1);
	finds(page_at(SHARED)->refs, page_at(SHARED)->refs + 1);
	finds(page_at(SHARED)->maps, page_at(SHARED)->maps - 1);
	finds(zero_page->counts, zero_page->counts + PAGE_ONE_MAP);
	finds(pfn_to_page(paddr_to_pfn(parent.mmu.root))->refs, 2);
	end_scene();
}

/* The page's state as it would be with another kind. */
static uint64_t as_kind(const struct page *page, unsigned kind)
{
	return (page_state(page) & ~PAGE_KIND_MASK) | kind;
}

TEST(kinds)
{
	struct page *leaked, *root, *leaf;
	struct mmu_tables tables = { 0 };

	scene();
	root = pfn_to_page(paddr_to_pfn(parent.mmu.root));
	finds(page_at(ANON)->state, as_kind(page_at(ANON), PAGE_OBJECT));
	finds(page_at(ANON)->state, as_kind(page_at(ANON), PAGE_FREE));
	finds(page_at(SHARED)->state, as_kind(page_at(SHARED), PAGE_ANON));
	finds(page_at(ANON)->state, as_kind(page_at(ANON), PAGE_KINDS));
	finds(root->state, as_kind(root, PAGE_KERNEL));
	leaf = (struct page *)virt_to_page(slot(ANON));
	finds(leaf->state, as_kind(leaf, PAGE_KERNEL));
	finds(page_at(SHARED)->state, page_at(SHARED)->state | PAGE_READING);
	leaked = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
	assert_true(ledger_check(NULL) > 0);
	page_put(leaked);
	assert_int_equal(0, ledger_check(NULL));
	assert_int_equal(0, tables_fill(&tables, 1));
	assert_true(ledger_check(NULL) > 0);
	tables_free(&tables);
	leaked = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	page_put(leaked);
	finds(leaked->state, as_kind(leaked, PAGE_KERNEL));	    /* on a free list */
	finds(leaked->state, state_make(PAGE_FREE, 0, PAGE_BLOCK)); /* on the wrong one */
	end_scene();
}

/* A free block of at least two frames. */
static struct page *free_block(void)
{
	struct page *page = page_segments[0].pages;

	while (page_kind(page) != PAGE_FREE || !page_has(page, PAGE_BLOCK) || page_order(page) == 0)
		page++;
	return page;
}

/* What is on the list of free blocks of a size and is none of them. */
TEST(blocks)
{
	struct page *page;
	uint64_t next;

	scene();
	page = free_block();
	finds(page->state, page_state(page) & ~PAGE_BLOCK);
	finds(page->state, state_make(PAGE_FREE, page_order(page) - 1, PAGE_BLOCK));
	/* One that begins a frame too late. */
	next = page_state(page + 1);
	page[1].state = page_state(page);
	list_add_tail(&page->link, &page[1].link);
	list_del(&page->link);
	assert_true(ledger_check(NULL) > 0);
	list_add_tail(&page[1].link, &page->link);
	list_del(&page[1].link);
	page[1].state = next;
	end_scene();
}

TEST(entries)
{
	pfn_t zero;

	scene();
	zero = page_to_pfn(zero_page);
	finds(*slot(ANON), ENTRY_NONE);
	finds(*slot(ANON), entry_make(zero, VM_PROT_READ | VM_PROT_WRITE, ENTRY_ACCESSED));
	finds(*slot(ANON), entry_make(entry_pfn(*slot(ANON + PAGE_SIZE)), VM_PROT_READ, 0));
	finds(*slot(SHARED), *slot(SHARED + PAGE_SIZE));
	finds(*slot(ANON), entry_with(*slot(ANON), VM_PROT_READ | VM_PROT_EXEC, 0));
	finds(*slot(READ_ONLY), entry_with(*slot(READ_ONLY), VM_PROT_READ | VM_PROT_WRITE, 0));
	/* Shared with the child since the fork: neither may write. */
	finds(*slot(ANON + PAGE_SIZE),
	      entry_with(*slot(ANON + PAGE_SIZE), VM_PROT_READ | VM_PROT_WRITE,
			 ENTRY_ACCESSED | ENTRY_DIRTY));
	finds(*slot(ANON), entry_make(1, VM_PROT_READ, 0)); /* no frame of ours */
	finds(*slot(ANON + LEN), *slot(ANON));		    /* in no VMA */
	finds(parent.resident, parent.resident + 1);
	finds(parent.tables, parent.tables + 1);
	finds(parent.tables, 1);
	end_scene();
}

TEST(vmas)
{
	struct vma *vma, *upper;

	scene();
	vma = vma_find(&parent, SHARED);
	finds(vma->node.weight, vma->node.weight + PAGE_SIZE);
	finds(vma->node.heaviest, vma->node.heaviest - PAGE_SIZE);
	finds(vma->end, vma->start);
	finds(vma->start, ANON + PAGE_SIZE);
	finds(vma->space, &child);
	finds(vma->node.height, 7);
	finds(vma_find(&parent, READ_ONLY)->node.parent, NULL);
	finds(vma->offset, PAGE_SIZE);
	finds(parent.nvmas, parent.nvmas + 1);
	finds(parent.mapped_bytes, parent.mapped_bytes + PAGE_SIZE);
	finds(parent.data_bytes, 0);
	finds(parent.exec_bytes, parent.exec_bytes + PAGE_SIZE);
	finds(parent.stack_bytes, PAGE_SIZE);
	finds(parent.resident_shmem, parent.resident_shmem + 1);
	finds(parent.resident_file, parent.resident_file + 1);
	finds(parent.locked_bytes, PAGE_SIZE);
	finds(parent.committed_bytes, PAGE_SIZE);
	finds(parent.commit_credit, 1);
	finds(vma->flags, vma->flags | VMA_LEAVING); /* its figures are no part of the sums */

	struct list dead = LIST_INIT(dead);

	upper = vma_alloc();
	space_lock(&parent);
	vma = vma_find(&parent, ANON);
	vma_split(vma, ANON + PAGE_SIZE, upper);
	space_unlock(&parent);
	assert_true(ledger_check(NULL) > 0); /* two that should be one */
	space_lock(&parent);
	vma_merge(vma, &dead);
	space_unlock(&parent);
	vma_free_dead(&dead);
	end_scene();
}

/* The last three are of a page that no entry maps: only the index of its object leads to it. */
TEST(objects)
{
	struct vm_wait wait = { 0 };
	struct page *page;

	scene();
	finds(page_at(SHARED)->index, 5);
	finds(page_at(SHARED)->owner, NULL);
	finds(object->npages, 3);
	finds(object->pages.count, object->pages.count + 1);
	finds(object->nwritable, object->nwritable + 1);
	finds(object->nwritable, 0);
	finds(object->npinned, 1);
	finds(object->size, PAGE_SIZE);
	finds(vma_find(&parent, SHARED)->object, NULL);
	assert_int_equal(0, object_page(object, 6, &page, &wait));
	page_put(page);
	finds(page->index, 5);
	finds(page->owner, NULL);
	finds(page->state, as_kind(page, PAGE_ANON));
	end_scene();
}

/* A mapping on a list of an object that it does not map, whether or not a truncation is to come to it. */
TEST(maps_of_objects)
{
	struct object *other;
	struct vma *vma;

	scene();
	other = object_create_anon(LEN);
	assert_non_null(other);
	vma = vma_find(&parent, SHARED);
	for (unsigned stale = 0; stale < 2; stale++) {
		list_del(&vma->object_link);
		list_add_tail(stale ? &other->stale : &other->vmas, &vma->object_link);
		object->nwritable--;
		other->nwritable++;
		assert_true(ledger_check(NULL) > 0);
		object->nwritable++;
		other->nwritable--;
		list_del(&vma->object_link);
		list_add_tail(stale ? &object->stale : &object->vmas, &vma->object_link);
		assert_int_equal(0, ledger_check(NULL));
		finds(object->nwritable, 1); /* the child's alone */
	}
	list_del(&vma->object_link);
	list_add_tail(&object->vmas, &vma->object_link);
	object_put(other);
	end_scene();
}

/* Memory is promised that no space has; or has not been, though it may be written. */
TEST(promises)
{
	scene();
	commit_set_strict(true);
	commit_add_limit(1000);
	assert_true(ledger_check(NULL) > 0); /* what was mapped before has not been charged */
	commit_set_strict(false);
	assert_int_equal(0, ledger_check(NULL));
	assert_true(commit_charge(1));
	assert_true(ledger_check(NULL) > 0);
	commit_uncharge(1);
	end_scene();
}

TEST(zero_page_written)
{
	scene();
	finds(((unsigned char *)page_address(zero_page))[4001], 1); /* R53 */
	end_scene();
}

/* ---- userfaults ---- */

static struct userfault *first, *second;

static void set_registered(size_t page, size_t npages, struct userfault *with)
{
	assert_int_equal(0, vm_userfault_register(&parent, ANON + page * PAGE_SIZE,
						  ANON + (page + npages) * PAGE_SIZE, with,
						  VMA_UF_MISSING));
}

/* Two userfaults whose memory is side by side. */
static void registered_scene(void)
{
	scene();
	first = userfault_create();
	second = userfault_create();
	assert_true(first && second);
	set_registered(0, 6, first);
	set_registered(6, 2, second);
	assert_int_equal(0, ledger_check(NULL));
}

static void end_registered_scene(void)
{
	assert_int_equal(0, vm_userfault_unregister(&parent, ANON, ANON + LEN));
	userfault_put(first);
	userfault_put(second);
	end_scene();
}

static void enter_at(size_t page, struct userfault_waiter *waiter)
{
	const struct vm_wait wait = { .space = &parent,
				      .va = ANON + page * PAGE_SIZE,
				      .why = WAITS_FOR_USERFAULT };

	assert_true(userfault_enter(&wait, wait.va, 1, waiter));
}

TEST(userfaults)
{
	struct userfault_waiter waiters[4];
	struct userfault_message message;
	struct vma *vma;

	registered_scene();
	for (size_t i = 0; i < 4; i++)
		enter_at(4 + i, &waiters[i]);
	assert_int_equal(2, first->nwaiting);
	assert_int_equal(2, second->nwaiting);
	assert_int_equal(0, ledger_check(NULL));
	assert_true(userfault_next(first, &message));
	assert_int_equal(0, ledger_check(NULL));
	finds(first->nwaiting, 1);
	finds(first->nwaiting, 3);
	finds(first->nuntold, 2);
	finds(second->nuntold, 1);
	finds(second->nevents, 1);
	finds(second->closed, true);
	finds(waiters[0].userfault, second);
	finds(waiters[1].is_waiting, false);
	finds(waiters[1].address, ANON);
	vma = vma_find(&parent, ANON);
	finds(vma->backend, &vma_anon);
	finds(vma->flags, vma->flags & ~VMA_USERFAULT);
	finds(vma->userfault, (struct userfault *)vma);
	finds(vma->userfault, second); /* then the two should be one */
	finds(parent.ever_registered, false);
	userfault_close(second);
	assert_int_equal(0, ledger_check(NULL));
	for (size_t i = 0; i < 4; i++)
		userfault_leave(&waiters[i]);
	end_registered_scene();
}

/* The ledger in the place of the wait for an event to be told of. */
static unsigned looked;

static int look_at_event(struct vm_wait *wait)
{
	struct userfault_event *event;
	struct userfault_news news;

	if (!wait)
		return 0;
	event = list_entry(first->events.next, struct userfault_event, link);
	looked++;
	assert_int_equal(0, ledger_check(NULL));
	finds(first->nevents, 0);
	finds(first->nevents, 2);
	finds(first->changing, 0);
	finds(first->closed, true);
	finds(event->userfault, second);
	finds(event->is_waiting, false);
	finds(event->is_taken, true);
	finds(event->is_told, true);
	userfault_find_held(first); /* its own reference, and this one's */
	assert_true(userfault_next_event(first, &news));
	assert_int_equal(0, ledger_check(NULL));
	return 0;
}

TEST(userfaults_with_events)
{
	int (*const usual)(struct vm_wait *) = mm_host.pause;

	registered_scene();
	first->tells = USERFAULT_UNMAPPED;
	assert_int_equal(0, vm_unmap(&parent, ANON + PAGE_SIZE, PAGE_SIZE));
	first->counted.holders = 0;
	userfault_find_events_of(&parent);
	assert_int_equal(1, first->counted.holders);
	mm_host.pause = look_at_event;
	userfault_end_events(userfault_take_events(&parent));
	mm_host.pause = usual;
	assert_int_equal(1, looked);
	assert_int_equal(2, first->counted.holders);
	end_registered_scene();
}

static SLAB_CACHE(own_cache, struct space);

TEST(slabs)
{
	struct page *page;
	void *p;

	scene();
	p = slab_alloc(&own_cache);
	page = virt_to_page(p);
	finds(page->slab_used, 3);
	finds(page->slab_free, NULL);
	finds(page->state, page_state(page) & ~PAGE_SLAB);
	finds(own_cache.used, 9);
	finds(own_cache.slabs, 0);
	slab_free(&own_cache, p);
	end_scene();
}
