/* SPDX-License-Identifier: MIT */
/* mmap: creates mappings. */
#include "abi/errno.h"
#include "abi/mman.h"
#include "mm/space/commit.h"
#include "mm/fault/thp_mode.h"
#include "mm/host.h"
#include "mm/verbs/mlock.h"
#include "mm/verbs/map.h"
#include "mm/object/object.h"
#include "mm/verbs.h"
#include "mm/verbs/populate.h"
#include "mm/verbs/unmap.h"
#include "mm/space/vma_modify.h"
#include "sync/atomic.h"

/* The flags that MAP_SHARED_VALIDATE accepts. As on Linux, the other types ignore unknown flags. */
#define MAP_KNOWN                                                                                \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE | \
	 MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB |    \
	 MAP_UNINITIALIZED | MAP_HUGE_2MB | MAP_HUGE_1GB)

/* What a request needs. All of it is prepared before anything changes. */
struct map_plan {
	vaddr_t start, end;
	bool replace; /* MAP_FIXED, and something is there: it is unmapped first */
	struct vma *vma;
	struct object *made; /* for shared anonymous memory; the plan has a reference */
	bool locked;
	bool has_writecount; /* vma_get_writecount() has succeeded for the VMA */
};

static bool is_fixed(const struct map_request *request)
{
	return request->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
}

static bool is_shared(const struct map_request *request)
{
	return request->flags & MAP_SHARED;
}

static bool is_file(const struct map_request *request)
{
	return request->object || request->special;
}

static bool map_is_free(struct space *space, vaddr_t start, size_t len)
{
	struct vma *next = vma_find_next(space, start);

	return !next || start + len <= vma_start_gap(next);
}

/* What a leaf table covers. */
#define LEAF_SPAN (MMU_LEAF_ENTRIES * PAGE_SIZE)

/*
 * Finds a free range that lies in its leaf tables as `like` does in its own. Then runs are as long as they can be, and mremap
 * moves whole tables. Returns 0 or -ENOMEM.
 */
static int find_gap_like(struct space *space, size_t len, vaddr_t like, vaddr_t *start_ret)
{
	const size_t more = LEAF_SPAN - PAGE_SIZE;
	vaddr_t start;
	int result;

	if (len > USER_TOP - more)
		return -ENOMEM;
	if (unlikely(space->mmap_up)) {
		result = vma_find_gap_up(space, len + more, space->mmap_top, &start);
		if (!result)
			*start_ret = start + (like - start) % LEAF_SPAN;
	} else {
		result = vma_find_gap(space, len + more, space->mmap_top, &start);
		if (!result)
			*start_ret = start + more - (start + more - like) % LEAF_SPAN;
	}
	return result;
}

/* May a mapping be at the hint, rounded? Then that is in *hint; it is 0 if there is none. */
static inline bool hint_is_free(struct space *space, vaddr_t *hint, size_t len)
{
	*hint = ALIGN_DOWN(*hint, PAGE_SIZE);
	if (*hint && *hint < USER_BASE)
		*hint = USER_BASE;
	return *hint && *hint <= USER_TOP - len && map_is_free(space, *hint, len);
}

static inline int choose_address(struct space *space, vaddr_t hint, size_t len, vaddr_t *start_ret)
{
	if (hint_is_free(space, &hint, len)) {
		*start_ret = hint;
		return 0;
	}
	if (unlikely(space->mmap_up))
		return vma_find_gap_up(space, len, space->mmap_top, start_ret);
	if (vma_find_gap(space, len, space->mmap_top, start_ret) == 0)
		return 0;
	return vma_find_gap(space, len, USER_TOP, start_ret);
}

int map_choose_address(struct space *space, vaddr_t hint, size_t len, vaddr_t like,
		       vaddr_t *start_ret)
{
	if (like != USER_TOP && len >= LEAF_SPAN && atomic_load_relaxed(&thp_mode) &&
	    !hint_is_free(space, &hint, len) && find_gap_like(space, len, like, start_ret) == 0)
		return 0;
	return choose_address(space, hint, len, start_ret);
}

/* As on Linux, anonymous memory is aligned if whole leaf tables are for it alone. */
static int choose_whole_tables(struct space *space, const struct map_request *request, size_t len,
			       vaddr_t *start_ret)
{
	vaddr_t like = !is_file(request) && len % LEAF_SPAN == 0 ? 0 : USER_TOP;

	return map_choose_address(space, request->addr, len, like, start_ret);
}

/* As on Linux, an address that looks like an errno is taken for one. */
#define LAST_ERRNO 4095ul

static int check_address(vaddr_t start, size_t len, vaddr_t *start_ret)
{
	if (start >= -LAST_ERRNO)
		return (int)start;
	if (start > USER_TOP - len)
		return -ENOMEM;
	if (!IS_ALIGNED(start, PAGE_SIZE))
		return -EINVAL;
	if (start < USER_BASE)
		return -EPERM;
	*start_ret = start;
	return 0;
}

/* The caller holds the mmap lock. */
static bool map_is_taken(struct space *space, const struct map_plan *plan)
{
	struct vma *next = vma_find_next(space, plan->start);

	return next && next->start < plan->end;
}

/* Chooses or checks the address, and makes the range busy, so that no stack grows into it. */
static int plan_address(struct space *space, const struct map_request *request, size_t len,
			struct map_plan *plan)
{
	int result = 0;

	if (len > USER_TOP - USER_BASE)
		return -ENOMEM;
	space_lock(space);
	if (is_fixed(request))
		result = check_address(request->addr, len, &plan->start);
	else if (unlikely(atomic_load_relaxed(&thp_mode)))
		result = choose_whole_tables(space, request, len, &plan->start);
	else
		result = choose_address(space, request->addr, len, &plan->start);
	if (!result)
		space_busy_locked(space, plan->start, plan->start + len);
	space_unlock(space);
	plan->end = plan->start + len;
	plan->replace = !result && request->flags & MAP_FIXED && map_is_taken(space, plan);
	return result;
}

/* With an object, the end of the mapping must be a signed offset too; else only its start. */
static bool offset_too_large(const struct map_request *request, size_t len)
{
	if (!request->object)
		return request->offset > INT64_MAX;
	return len > INT64_MAX || request->offset > INT64_MAX - len;
}

/* Checks the mapping of a descriptor. The order of the checks is Linux's. */
static int check_file(const struct map_request *request, size_t len)
{
	if (offset_too_large(request, len))
		return -EOVERFLOW;
	switch (request->flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (request->flags & ~MAP_KNOWN)
			return -EOPNOTSUPP;
		/* fall through */
	case MAP_SHARED:
		if (request->prot & ~request->max_prot & VM_PROT_WRITE)
			return -EACCES;
		/* fall through */
	case MAP_PRIVATE:
		break;
	default:
		return -EINVAL;
	}
	if (!(request->max_prot & VM_PROT_READ))
		return -EACCES;
	if (request->prot & ~request->max_prot & VM_PROT_EXEC)
		return -EPERM;
	if (request->special == MAP_OF_NOTHING)
		return -ENODEV;
	return request->flags & MAP_GROWSDOWN ? -EINVAL : 0;
}

static int check_anonymous(const struct map_request *request)
{
	unsigned type = request->flags & MAP_TYPE;

	if (type != MAP_PRIVATE && type != MAP_SHARED)
		return -EINVAL;
	return type == MAP_SHARED && (request->flags & MAP_GROWSDOWN) ? -EINVAL : 0;
}

/* Of memory that is to be locked. As on Linux, what it replaces does not count. */
static int check_lock(const struct space *space, const struct map_request *request,
		      const struct map_plan *plan)
{
	if (request->flags & MAP_LOCKED && !lock_is_allowed())
		return -EPERM;
	return lock_limit_allows(space->locked_bytes, plan->end - plan->start) ? 0 : -EAGAIN;
}

/* Checks what Linux checks after the address, in its order. The caller holds the mmap lock. */
static int check_kind(struct space *space, const struct map_request *request,
		      const struct map_plan *plan)
{
	if ((request->flags & MAP_FIXED_NOREPLACE) && map_is_taken(space, plan))
		return -EEXIST;
	if (unlikely((request->flags & MAP_LOCKED) | space->future_flags)) {
		int result = check_lock(space, request, plan);

		if (result)
			return result;
	}
	return is_file(request) ? check_file(request, plan->end - plan->start)
				: check_anonymous(request);
}

/*
 * Returns how many bytes of [start, end) are mapped by VMAs that have all these flags. The caller
 * holds the mmap lock.
 */
static size_t mapped_within(struct space *space, vaddr_t start, vaddr_t end, unsigned flags)
{
	size_t bytes = 0;

	for (struct vma *vma = vma_find_next(space, start); vma && vma->start < end;
	     vma = vma_next(vma))
		if ((vma->flags & flags) == flags)
			bytes += MIN(vma->end, end) - MAX(vma->start, start);
	return bytes;
}

static int check_limits(struct space *space, const struct map_plan *plan)
{
	const struct vma *vma = plan->vma;
	size_t len = plan->end - plan->start;

	if (space->nvmas > VMA_COUNT_MAX)
		return -ENOMEM;
	if (space_may_expand(space, vma->prot, vma->flags, len))
		return 0;
	if (!plan->replace)
		return -ENOMEM;
	len -= mapped_within(space, plan->start, plan->end, 0);
	return space_may_expand(space, vma->prot, vma->flags, len) ? 0 : -ENOMEM;
}

static unsigned plan_flags(const struct map_request *request)
{
	unsigned flags = request->vma_flags;

	if (is_shared(request))
		flags |= VMA_SHARED;
	if (request->flags & MAP_GROWSDOWN)
		flags |= VMA_STACK;
	if (request->flags & MAP_LOCKED)
		flags |= VMA_LOCKED;
	return flags;
}

static const struct vma_backend *plan_backend(const struct map_request *request)
{
	if (request->backend)
		return request->backend;
	if (is_shared(request))
		return &vma_object_shared;
	return request->object ? &vma_object_private : &vma_anon;
}

/*
 * Sets the VMA's backend and object: the request's object, a new one for shared anonymous memory,
 * or none.
 */
static int plan_backing(const struct map_request *request, struct map_plan *plan)
{
	struct vma *vma = plan->vma;

	vma->backend = plan_backend(request);
	if (!request->object && !is_shared(request))
		return 0;
	vma->object = request->object;
	vma->offset = request->offset;
	if (!vma->object) {
		plan->made = object_create_anon(plan->end - plan->start);
		if (!plan->made)
			return -ENOMEM;
		vma->object = plan->made;
		vma->offset = 0;
	}
	vma->truncation = atomic_load_relaxed(&vma->object->truncations);
	return 0;
}

/* Fills in the VMA that the request asks for. */
static int plan_vma(struct space *space, const struct map_request *request, struct map_plan *plan)
{
	struct vma *vma = plan->vma;

	vma->start = plan->start;
	vma->end = plan->end;
	vma->prot = prot_complete(request->prot);
	vma->max_prot = VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC;
	if (is_file(request))
		vma->max_prot = request->max_prot;
	if (!is_shared(request) && !request->keeps_max_prot) /* its owner writes to copies */
		vma->max_prot |= VM_PROT_READ | VM_PROT_WRITE;
	vma->flags = plan_flags(request) | space->future_flags;
	if (commit_is_strict())
		vma->flags |= commit_flag(vma->prot, vma->flags);
	if (unlikely(vma->flags & VMA_LOCKED))
		plan->locked = space->ever_locked = true;
	vma->file_end = request->file_end;
	return plan_backing(request, plan);
}

/* Frees what the plan has not used. Call with no spinning lock held. */
static void plan_drop(struct map_plan *plan, const struct map_request *request)
{
	if (plan->vma) {
		plan->vma->object = NULL; /* no reference before vma_insert() */
		vma_free(plan->vma);
	}
	if (plan->has_writecount)
		vma_put_writecount(plan_flags(request), request->object);
	if (plan->made)
		object_put(plan->made);
}

/* Commits what the VMA needs beyond what it replaces. */
static int plan_commit(struct space *space, const struct map_plan *plan)
{
	size_t len = plan->end - plan->start;
	bool may;

	if (plan->replace)
		len -= mapped_within(space, plan->start, plan->end, VMA_ACCOUNT);
	space_lock(space);
	may = space_commit(space, len);
	space_unlock(space);
	return may ? 0 : -ENOMEM;
}

/* What only few mappings need: commits memory, and counts as a writer or denies writers. */
static int plan_claim(struct space *space, const struct map_request *request, struct map_plan *plan)
{
	unsigned flags = plan->vma->flags;
	int result = 0;

	if (flags & VMA_ACCOUNT)
		result = plan_commit(space, plan);
	if (!result && (flags & (VMA_TEXT | VMA_WRITER))) {
		result = vma_get_writecount(flags, request->object);
		plan->has_writecount = !result;
	}
	return result;
}

/* Does everything that can fail, except the splits. */
static int plan_make(struct space *space, const struct map_request *request, struct map_plan *plan)
{
	size_t len = ALIGN_UP(request->len, PAGE_SIZE);
	int result;

	*plan = (struct map_plan){ 0 };
	if (request->len == 0 || !IS_ALIGNED(request->offset, PAGE_SIZE))
		return -EINVAL;
	if (len == 0)
		return -ENOMEM;
	result = plan_address(space, request, len, plan);
	if (!result)
		result = check_kind(space, request, plan);
	if (!result && space_denies_exec(space, request->prot, request->prot))
		result = -EACCES;
	if (result)
		return result;
	plan->vma = vma_alloc();
	result = plan->vma ? plan_vma(space, request, plan) : -ENOMEM;
	if (!result)
		result = check_limits(space, plan);
	if (!result && unlikely(plan->vma->flags & (VMA_TEXT | VMA_WRITER | VMA_ACCOUNT)))
		result = plan_claim(space, request, plan);
	return result;
}

/* Unmaps what the plan replaces, and inserts the VMA or extends a neighbour that is alike. */
static int plan_carry_out(struct space *space, struct map_plan *plan)
{
	struct list dead = LIST_INIT(dead);
	int result = 0;

	if (plan->replace)
		result = unmap_range(space, plan->start, plan->end);
	if (result)
		return result;
	space_lock(space);
	if (vma_place(space, plan->vma, &dead)) {
		plan->vma = NULL;
		plan->has_writecount = false;
	}
	space_unlock(space);
	vma_free_dead(&dead);
	return 0;
}

int vm_map(struct space *space, const struct map_request *request, vaddr_t *addr_ret)
{
	struct map_plan plan;
	int result;

	assert_hardened(mm_host.mmap_locked(space));
	result = plan_make(space, request, &plan);
	if (!result)
		result = plan_carry_out(space, &plan);
	space_idle(space);
	plan_drop(&plan, request);
	if (result)
		return result;
	*addr_ret = plan.start;
	/* As on Linux, MAP_POPULATE does not fill VMA_ONFAULT memory either. */
	if (unlikely(plan.locked))
		(void)lock_populate(space, plan.start, plan.end);
	else if ((request->flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)
		(void)vm_populate(space, plan.start, plan.end, /* best effort, as on Linux */
				  populate_access(prot_complete(request->prot)), NULL);
	return 0;
}
