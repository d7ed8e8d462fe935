/* SPDX-License-Identifier: MIT */
/* Address spaces for tests that call mm/ directly. */
#include "tests/kernel/ktest_space.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "lib/assert.h"
#include "mm/fault/get_user_page.h"
#include "mm/space/large_entry.h"
#include "proc/process.h"

struct uspace *uspace_create_for_test(void)
{
	struct uspace *us = uspace_create();

	if (us)
		counted_end(&us->counted);
	return us;
}

void uspace_put_by_test(struct uspace *us)
{
	counted_begin(&uspace_kind, &us->counted, &us->refs.n);
	uspace_put(us);
}

#define SPACES_MAX 12

/* Those whose mmap locks the running test holds. */
static struct uspace *spaces_held[SPACES_MAX];
static unsigned nspaces;

/* The first is locked as such, the others as what only their test can see. */
static void lock_all(void)
{
	for (unsigned i = 0; i < nspaces; i++) {
		if (i == 0)
			mutex_lock(&spaces_held[i]->mmap_lock);
		else
			mutex_lock_nested(&spaces_held[i]->mmap_lock);
	}
}

static struct uspace *hold(struct uspace *us)
{
	if (!us)
		return NULL;
	assert(nspaces < SPACES_MAX);
	spaces_held[nspaces++] = us;
	if (nspaces == 1)
		mutex_lock(&us->mmap_lock);
	else
		mutex_lock_nested(&us->mmap_lock);
	return us;
}

struct uspace *space_new(void)
{
	struct uspace *us = hold(uspace_create_for_test());

	if (us)
		us->space.brk_start = us->space.brk = us->space.brk_high = HEAP_AT;
	return us;
}

/*
 * uspace_put() takes the lock by itself, which the order of locks allows only where no other is
 * held.
 */
void space_end(struct uspace *us)
{
	unsigned left = 0;

	for (unsigned i = 0; i < nspaces; i++) {
		uspace_unlock(spaces_held[i]);
		if (spaces_held[i] != us)
			spaces_held[left++] = spaces_held[i];
	}
	assert(left + 1 == nspaces);
	nspaces = left;
	uspace_put_by_test(us);
	lock_all();
}

struct uspace *space_fork(struct uspace *us)
{
	struct uspace *child = hold(uspace_create_for_test());

	if (!child)
		return NULL;
	if (vm_fork(&us->space, &child->space) == 0)
		return child;
	space_end(child);
	return NULL;
}

static long map(struct uspace *us, struct map_request *request)
{
	vaddr_t at = 0;
	int err;

	request->max_prot = READ | WRITE | EXEC;
	if (request->addr)
		request->flags |= MAP_FIXED;
	err = vm_map(&us->space, request, &at);
	return err ? err : (long)at;
}

long space_map(struct uspace *us, vaddr_t addr, size_t len, unsigned prot, unsigned flags)
{
	struct map_request request = {
		.addr = addr, .len = len, .prot = prot, .flags = flags | MAP_ANONYMOUS
	};

	if (!(flags & MAP_TYPE))
		request.flags |= MAP_PRIVATE;
	return map(us, &request);
}

bool current_map(vaddr_t addr, size_t len)
{
	struct uspace *us = current_process()->uspace;
	long at;

	uspace_lock(us);
	at = space_map(us, addr, len, READ_WRITE, 0);
	uspace_unlock(us);
	return at == (long)addr;
}

long space_map_object(struct uspace *us, vaddr_t addr, size_t len, unsigned prot,
		      struct object *object, uint64_t offset)
{
	struct map_request request = { .addr = addr,
				       .len = len,
				       .prot = prot,
				       .flags = MAP_PRIVATE,
				       .object = object,
				       .offset = offset };

	return map(us, &request);
}

int space_touch(struct uspace *us, vaddr_t va, unsigned access)
{
	struct vm_wait wait = { 0 };

	return vm_fault(&us->space, va, access, &wait);
}

int space_store(struct uspace *us, vaddr_t va, uint64_t value)
{
	return vm_copy_to(&us->space, va, &value, sizeof(value));
}

uint64_t space_load(struct uspace *us, vaddr_t va)
{
	uint64_t value = 0;

	return vm_copy_from(&us->space, &value, va, sizeof(value)) ? UINT64_MAX : value;
}

struct mmu_entry space_entry(struct uspace *us, vaddr_t va)
{
	struct mmu_entry entry;

	space_lock(&us->space);
	entry = entry_at(&us->space, va);
	space_unlock(&us->space);
	return entry;
}

struct page *space_page(struct uspace *us, vaddr_t va)
{
	struct mmu_entry entry = space_entry(us, va);

	return entry_empty(entry) ? NULL : pfn_to_page(entry_pfn(entry));
}

void spaces_abandon(void)
{
	while (nspaces)
		space_end(spaces_held[nspaces - 1]);
}
