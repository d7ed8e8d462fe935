/* SPDX-License-Identifier: MIT */
/* Collects what programs may learn of other processes, under the locks that guard it. */
#include "proc/inspect.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "proc/pid.h"
#include "proc/sched.h"

_Static_assert(FAULTLINE_KINDS == FAULT_KINDS, "the same table");
_Static_assert(FAULTLINE_DENY_MAPERR == FAULT_DENY_MAPERR &&
		       FAULTLINE_DENY_ACCERR == FAULT_DENY_ACCERR &&
		       FAULTLINE_ACCESSED == FAULT_ACCESSED &&
		       FAULTLINE_SPURIOUS == FAULT_SPURIOUS && FAULTLINE_WP == FAULT_WP,
	       "the same order");
_Static_assert(FAULTLINE_SWAPPED == FAULT_SWAPPED && FAULTLINE_FILL == FAULT_FILL &&
		       FAULTLINE_REUSE == FAULT_REUSE && FAULTLINE_COW == FAULT_COW &&
		       FAULTLINE_REMAP == FAULT_REMAP,
	       "the same order");
_Static_assert(FAULTLINE_ALIVE == PROCESS_ALIVE && FAULTLINE_EXITING == PROCESS_EXITING &&
		       FAULTLINE_ZOMBIE == PROCESS_ZOMBIE,
	       "the same states");
_Static_assert(FAULTLINE_VMA_READ == VM_PROT_READ && FAULTLINE_VMA_WRITE == VM_PROT_WRITE &&
		       FAULTLINE_VMA_EXEC == VM_PROT_EXEC,
	       "the same bits");

static void fill_space(struct space *space, struct faultline_process *ret)
{
	const struct space_stats *stats = &space->stats;

	spin_lock(&space->lock);
	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		ret->faults[kind] = stats->kind[kind];
	for (unsigned reason = 0; reason < RETRY_REASONS; reason++)
		ret->retries += stats->retry[reason];
	ret->vmas = (uint32_t)space->nvmas;
	ret->zero_fills = stats->zero_maps;
	ret->around = stats->around;
	ret->stack_grown = stats->grow;
	ret->waited = stats->major;
	ret->fences = stats->fences;
	ret->resident = space->resident;
	ret->peak_resident = stats->peak_resident;
	ret->tables = space->tables;
	ret->mapped_bytes = space->mapped_bytes;
	ret->heap_start = space->brk_start;
	ret->heap_end = space->brk;
	ret->swapped = space->swapped;
	spin_unlock(&space->lock);
}

/* Call with process_tree_lock held. */
static uint32_t state_of(const struct process *process)
{
	if (process->state == PROCESS_ALIVE && atomic_load(&process->signals.stopped))
		return FAULTLINE_STOPPED;
	if (process->state == PROCESS_ALIVE && sched_is_asleep(process->thread))
		return FAULTLINE_SLEEPING;
	return process->state;
}

/* Call with process_tree_lock held. */
static void fill_process(const struct process *process, struct faultline_process *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->pid = process->pid;
	ret->parent = process->parent ? process->parent->pid : 0;
	ret->state = state_of(process);
	memcpy(ret->name, process->thread->name,
	       MIN(sizeof(ret->name), sizeof(process->thread->name)));
	if (process->uspace)
		fill_space(&process->uspace->space, ret);
}

/* Call with process_tree_lock held. */
static struct process *find(int pid)
{
	return pid == 0 ? current_process() : process_find(pid);
}

int inspect_process(int pid, struct faultline_process *ret)
{
	const struct process *process;

	spin_lock(&process_tree_lock);
	process = find(pid);
	if (process)
		fill_process(process, ret);
	spin_unlock(&process_tree_lock);
	return process ? 0 : -ESRCH;
}

struct search {
	/* found is the lowest pid above after; 0: none */
	int after, found;
};

static void look_at(struct process *process, void *arg)
{
	struct search *search = arg;

	if (process->pid > search->after && (!search->found || process->pid < search->found))
		search->found = process->pid;
}

int inspect_next_process(int after, struct faultline_process *ret)
{
	const struct process *next;
	struct search search;

	spin_lock(&process_tree_lock);
	do { /* the process found may have ended meanwhile */
		search = (struct search){ .after = after };
		process_visit_all(look_at, &search);
		next = search.found ? process_find(search.found) : NULL;
	} while (search.found && !next);
	if (next)
		fill_process(next, ret);
	spin_unlock(&process_tree_lock);
	return next ? 0 : -ESRCH;
}

int inspect_space(int pid, struct uspace **uspace_ret, struct exe **exe_ret)
{
	struct process *process;

	spin_lock(&process_tree_lock);
	process = find(pid);
	if (!process || !process->uspace) {
		spin_unlock(&process_tree_lock);
		return -ESRCH;
	}
	uspace_get(process->uspace);
	*uspace_ret = process->uspace;
	*exe_ret = process->exe;
	if (process->exe)
		exe_get(process->exe);
	spin_unlock(&process_tree_lock);
	return 0;
}

static void fill_vma(const struct vma *vma, const struct exe *exe, struct faultline_vma *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->start = vma->start;
	ret->end = vma->end;
	ret->offset = vma->offset;
	ret->flags = vma->prot | (vma->flags & VMA_SHARED ? FAULTLINE_VMA_SHARED : 0) |
		     (vma->flags & VMA_STACK ? FAULTLINE_VMA_STACK : 0) |
		     (vma->flags & VMA_HEAP ? FAULTLINE_VMA_HEAP : 0);
	if (vma->object && exe && vma->object == exe->object)
		ret->flags |= FAULTLINE_VMA_IMAGE;
	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		ret->faults[kind] = vma->faults.kind[kind];
	str_copy(ret->kind, vma->backend->name, sizeof(ret->kind));
}

unsigned inspect_vmas(struct uspace *uspace, const struct exe *exe, vaddr_t from,
		      struct faultline_vma *ret, unsigned n)
{
	struct space *space = &uspace->space;
	unsigned count = 0;
	struct vma *vma;

	spin_lock(&space->lock);
	vma = vma_find_next(space, from);
	for (; vma && count < n; vma = vma_next(vma))
		fill_vma(vma, exe, &ret[count++]);
	spin_unlock(&space->lock);
	return count;
}
