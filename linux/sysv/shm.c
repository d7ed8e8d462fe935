/* SPDX-License-Identifier: MIT */
/* System V shared memory. */
#include "linux/sysv/shm.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "abi/resource.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/mem/quota.h"
#include "linux/process/cred.h"
#include "linux/process/limits.h"
#include "linux/sysv/util.h"
#include "mm/object/object.h"
#include "mm/object/object_charge.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"
#include "mm/verbs.h"
#include "proc/mem_wait.h"
#include "proc/process.h"

/*
 * A segment is in the table of identifiers until it is removed and no process is attached. The table has a
 * reference to its object, and each VMA that maps it has one; the last one frees both.
 */
struct shmid_kernel {
	struct kern_ipc_perm perm; /* first; guarded by the mutex */
	struct object object;	   /* has its own lock */
	size_t nodes;		   /* of the object's index that count; guarded by object.lock */
	/* const: */
	uint64_t segsz;
	int32_t name; /* the key that it was made with, which /proc/PID/maps shows for ever */
	int cprid;
	/* atomic: */
	uint32_t nattch; /* VMAs, and attachments under way */
	int lprid;
	int64_t atim, dtim;
	/* guarded by the mutex: */
	int64_t ctim;
};

static struct ipc_ids shm_ids; /* has its own lock */
static uint64_t shm_tot;       /* pages of all segments; guarded by the mutex */

/* atomic */
uint64_t sysv_shm_limits[] = { SHMMAX, SHMALL, SHMMNI };

static struct shmid_kernel *to_shm(struct kern_ipc_perm *perm)
{
	return container_of(perm, struct shmid_kernel, perm);
}

static struct shmid_kernel *of_object(struct object *object)
{
	return container_of(object, struct shmid_kernel, object);
}

void sysv_shm_init(void)
{
	sysv_init_ids(&shm_ids);
}

/* Records the process that attaches or detaches. A kernel thread that ends a space is not recorded. */
static void note(struct shmid_kernel *shp, int64_t *time)
{
	atomic_store_relaxed(time, sysv_now());
	if (current_process())
		atomic_store_relaxed(&shp->lprid, current_process()->pid);
}

/* ---- the object ---- */

static bool shm_charge(struct object *object)
{
	quota_count_index(object, &of_object(object)->nodes);
	return quota_page_made();
}

static void shm_uncharge(struct object *object)
{
	quota_count_index(object, &of_object(object)->nodes);
	quota_page_gone();
}

/* There is another VMA of the object already, or an attachment is under way: so it is not removed now. */
static void shm_open(struct object *object)
{
	struct shmid_kernel *shp = of_object(object);

	(void)atomic_add(&shp->nattch, 1);
	note(shp, &shp->atim);
}

/* Takes it out of the table. The caller then drops the table's reference. */
static void shm_leave_table(struct shmid_kernel *shp)
{
	sysv_rmid(&shm_ids, &shp->perm);
	shm_tot -= object_pages(shp->segsz);
}

/* One attachment less. Call with a reference to the object and without the mutex. */
static void put_attachment(struct shmid_kernel *shp)
{
	bool last;

	mutex_lock(&shm_ids.mutex);
	last = atomic_add(&shp->nattch, -1) == 1 && (shp->perm.mode & SHM_DEST);
	if (last)
		shm_leave_table(shp);
	mutex_unlock(&shm_ids.mutex);
	if (last)
		object_put(&shp->object);
}

static void shm_close(struct object *object)
{
	struct shmid_kernel *shp = of_object(object);

	note(shp, &shp->dtim);
	put_attachment(shp);
}

static void shm_destroy(struct object *object)
{
	struct shmid_kernel *shp = of_object(object);

	quota_nodes_changed(shp->nodes, 0);
	kfree(shp);
}

static const struct object_ops shm_object_ops = {
	.name = "segment",
	.swap_backed = true,
	.counts_maps = true,
	.charge = shm_charge,
	.uncharge = shm_uncharge,
	.used = shm_open,
	.unused = shm_close,
	.destroy = shm_destroy,
};

bool sysv_shm_name(const struct object *object, char *buf, size_t size, uint64_t *ino_ret)
{
	const struct shmid_kernel *shp = container_of(object, const struct shmid_kernel, object);

	if (object->ops != &shm_object_ops)
		return false;
	ksnprintf(buf, size, "/SYSV%08x (deleted)", (unsigned)shp->name);
	*ino_ret = (uint64_t)shp->perm.id;
	return true;
}

void sysv_shm_find_held(void)
{
	struct tree_node *node;

	tree_for_each(node, &shm_ids.by_index)
		object_found(&to_shm(tree_entry(node, struct kern_ipc_perm, by_index))->object);
}

/* ---- shmget ---- */

static struct kern_ipc_perm *shm_getnew(const struct ipc_params *params, int *err_ret)
{
	struct shmid_kernel *shp;

	*err_ret = -EINVAL;
	if (params->size < SHMMIN ||
	    params->size >
		    MIN(atomic_load_relaxed(&sysv_shm_limits[SHM_LIMIT_MAX]), OBJECT_SIZE_MAX))
		return NULL;
	if ((unsigned)params->flg & SHM_HUGETLB) { /* there are no huge pages */
		*err_ret = -ENOMEM;
		return NULL;
	}
	shp = mem_wait_kzalloc(sizeof(*shp));
	if (!shp) {
		*err_ret = -ENOMEM;
		return NULL;
	}
	shp->segsz = params->size;
	shp->name = params->key;
	shp->cprid = current_process()->pid;
	shp->ctim = sysv_now();
	object_init(&shp->object, &shm_object_ops, params->size);
	return &shp->perm;
}

static void shm_discard(struct kern_ipc_perm *perm)
{
	object_put(&to_shm(perm)->object);
}

static int shm_admit(struct kern_ipc_perm *perm)
{
	uint64_t pages = object_pages(to_shm(perm)->segsz);

	uint64_t all = atomic_load_relaxed(&sysv_shm_limits[SHM_LIMIT_ALL]);

	if (pages > all || shm_tot > all - pages)
		return -ENOSPC;
	shm_tot += pages;
	return 0;
}

static int shm_more_checks(const struct kern_ipc_perm *perm, const struct ipc_params *params)
{
	const struct shmid_kernel *shp = container_of(perm, const struct shmid_kernel, perm);

	return shp->segsz < params->size ? -EINVAL : 0;
}

static const struct ipc_ops shm_get_ops = {
	.getnew = shm_getnew,
	.discard = shm_discard,
	.admit = shm_admit,
	.more_checks = shm_more_checks,
};

int sysv_shm_get(int32_t key, uint64_t size, int flg)
{
	const struct ipc_params params = { .key = key, .flg = flg, .size = size };

	return sysv_get(&shm_ids, &shm_get_ops, &params,
			(int)atomic_load_relaxed(&sysv_shm_limits[SHM_LIMIT_MNI]));
}

/* ---- shmat and shmdt ---- */

/* Checks the address and what it is to mean. Returns 0 or -EINVAL. */
static int plan_attachment(struct map_request *request, vaddr_t addr, unsigned flg)
{
	request->addr = flg & SHM_RND ? ALIGN_DOWN(addr, PAGE_SIZE) : addr;
	if (!IS_ALIGNED(request->addr, PAGE_SIZE) || (!request->addr && (flg & SHM_REMAP)))
		return -EINVAL;
	if (addr)
		request->flags |= flg & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	request->prot = flg & SHM_RDONLY ? VM_PROT_READ : VM_PROT_READ | VM_PROT_WRITE;
	request->max_prot = request->prot | VM_PROT_EXEC;
	if (flg & SHM_EXEC)
		request->prot |= VM_PROT_EXEC;
	return 0;
}

static int wanted_mode(unsigned flg)
{
	return (flg & SHM_RDONLY ? 0444 : 0666) | (flg & SHM_EXEC ? 0111 : 0);
}

/* Finds a segment to attach to, and counts the attachment. Returns NULL with *err_ret set. */
static struct shmid_kernel *get_attachment(int id, unsigned flg, int *err_ret)
{
	struct kern_ipc_perm *perm;

	mutex_lock(&shm_ids.mutex);
	perm = sysv_obtain(&shm_ids, id);
	*err_ret = perm ? sysv_check_perm(perm, wanted_mode(flg)) : -EINVAL;
	if (*err_ret)
		perm = NULL;
	if (perm) {
		object_get(&to_shm(perm)->object);
		(void)atomic_add(&to_shm(perm)->nattch, 1);
	}
	mutex_unlock(&shm_ids.mutex);
	return perm ? to_shm(perm) : NULL;
}

/* Linux answers EINVAL where anything is in the way, before it looks at the address itself. */
static int map_segment(struct space *space, const struct map_request *request, vaddr_t *addr_ret)
{
	vaddr_t end = request->addr + request->len;
	int err;

	if (request->flags & MAP_FIXED_NOREPLACE) {
		struct vma *next = vma_find_next(space, request->addr);

		if (end < request->addr || (next && next->start < end))
			return -EINVAL;
	}
	err = vm_map(space, request, addr_ret);
	return err == -EEXIST ? -EINVAL : err;
}

int sysv_shm_attach(int id, vaddr_t addr, int flg, vaddr_t *addr_ret)
{
	struct map_request request = { .flags = MAP_SHARED };
	struct uspace *uspace = current_process()->uspace;
	struct shmid_kernel *shp;
	int err = id < 0 ? -EINVAL : plan_attachment(&request, addr, (unsigned)flg);

	if (err)
		return err;
	shp = get_attachment(id, (unsigned)flg, &err);
	if (!shp)
		return err;
	request.object = &shp->object;
	request.len = shp->segsz;
	err = uspace_lock_killable(uspace);
	if (!err) {
		err = map_segment(&uspace->space, &request, addr_ret);
		uspace_end_verb(uspace);
	}
	put_attachment(shp);
	object_put(&shp->object);
	return err;
}

static bool is_piece(const struct vma *vma, vaddr_t addr)
{
	return vma->object && vma->object->ops == &shm_object_ops &&
	       vma->offset == vma->start - addr;
}

/*
 * Unmaps the VMAs, from the first one on, that map a segment as an attachment of all of it at addr would. Returns 0, or -EINVAL
 * if there is none. Call with the mmap lock held.
 */
static int detach(struct space *space, vaddr_t addr)
{
	struct vma *vma = vma_find_next(space, addr);
	struct object *object;
	size_t size;
	vaddr_t end;

	while (vma && !is_piece(vma, addr))
		vma = vma_next(vma);
	if (!vma)
		return -EINVAL;
	object = vma->object;
	object_get(object); /* the last piece may be its last user */
	size = ALIGN_UP(object_size(object), PAGE_SIZE);
	do {
		end = vma->end;
		if (vma->object == object && is_piece(vma, addr))
			(void)vm_unmap(space, vma->start,
				       end - vma->start); /* a whole VMA: no split */
		vma = vma_find_next(space, end);
	} while (vma && vma->end - addr <= size);
	object_put(object);
	return 0;
}

int sysv_shm_detach(vaddr_t addr)
{
	struct uspace *uspace = current_process()->uspace;
	int err;

	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	err = uspace_lock_killable(uspace);
	if (err)
		return err;
	err = detach(&uspace->space, addr);
	uspace_end_verb(uspace);
	return err;
}

/* ---- shmctl ---- */

static void fill_ds(const struct shmid_kernel *shp, struct abi_shmid_ds *ds)
{
	*ds = (struct abi_shmid_ds){
		.segsz = shp->segsz,
		.atime = atomic_load_relaxed(&shp->atim),
		.dtime = atomic_load_relaxed(&shp->dtim),
		.ctime = shp->ctim,
		.cpid = shp->cprid,
		.lpid = atomic_load_relaxed(&shp->lprid),
		.nattch = atomic_load_relaxed(&shp->nattch),
	};
	sysv_perm_out(&shp->perm, &ds->perm);
}

int sysv_shm_stat(int id, int cmd, struct abi_shmid_ds *ret)
{
	struct kern_ipc_perm *perm;
	int result;

	mutex_lock(&shm_ids.mutex);
	perm = sysv_obtain_stat(&shm_ids, id, cmd != IPC_STAT, cmd == SHM_STAT_ANY, &result);
	if (perm)
		fill_ds(to_shm(perm), ret);
	mutex_unlock(&shm_ids.mutex);
	return result;
}

int sysv_shm_set(int id, const struct abi_shmid_ds *from)
{
	struct kern_ipc_perm *perm;
	int err;

	mutex_lock(&shm_ids.mutex);
	perm = sysv_obtain_own(&shm_ids, id, &err);
	if (perm)
		err = sysv_update_perm(perm, &from->perm);
	if (!err)
		to_shm(perm)->ctim = sysv_now();
	mutex_unlock(&shm_ids.mutex);
	return err;
}

/* As on Linux, a segment that is still attached loses its key, and goes with the last of them. */
int sysv_shm_remove(int id)
{
	struct shmid_kernel *shp;
	struct kern_ipc_perm *perm;
	bool gone = false;
	int err;

	mutex_lock(&shm_ids.mutex);
	perm = sysv_obtain_own(&shm_ids, id, &err);
	shp = perm ? to_shm(perm) : NULL;
	if (shp && atomic_load_relaxed(&shp->nattch) == 0) {
		shm_leave_table(shp);
		gone = true;
	} else if (shp && !(shp->perm.mode & SHM_DEST)) {
		shp->perm.mode |= SHM_DEST;
		sysv_forget_key(&shm_ids, &shp->perm);
		spin_lock(&shp->object.lock);
		object_charge_begin(&shp->object);
		spin_unlock(&shp->object.lock);
	}
	mutex_unlock(&shm_ids.mutex);
	if (gone)
		object_put(&shp->object);
	return err;
}

static int check_may_lock(const struct kern_ipc_perm *perm, bool lock)
{
	uint32_t euid = current_cred()->euid;

	if (capable(CAP_IPC_LOCK))
		return 0;
	if (euid != perm->uid && euid != perm->cuid)
		return -EPERM;
	return lock && process_own_limit(RLIMIT_MEMLOCK) == 0 ? -EPERM : 0;
}

int sysv_shm_lock(int id, bool lock)
{
	struct kern_ipc_perm *perm;
	int err;

	mutex_lock(&shm_ids.mutex);
	perm = sysv_obtain(&shm_ids, id);
	err = perm ? check_may_lock(perm, lock) : -EINVAL;
	if (!err) {
		perm->mode = lock ? perm->mode | SHM_LOCKED : perm->mode & ~(unsigned)SHM_LOCKED;
		atomic_store_relaxed(&to_shm(perm)->object.locked, lock);
	}
	mutex_unlock(&shm_ids.mutex);
	return err;
}

int sysv_shm_info(struct abi_shminfo *ret)
{
	int max;

	*ret = (struct abi_shminfo){
		.shmmax = atomic_load_relaxed(&sysv_shm_limits[SHM_LIMIT_MAX]),
		.shmmin = SHMMIN,
		.shmmni = atomic_load_relaxed(&sysv_shm_limits[SHM_LIMIT_MNI]),
		.shmseg = atomic_load_relaxed(&sysv_shm_limits[SHM_LIMIT_MNI]),
		.shmall = atomic_load_relaxed(&sysv_shm_limits[SHM_LIMIT_ALL]),
	};
	mutex_lock(&shm_ids.mutex);
	max = sysv_max_index(&shm_ids);
	mutex_unlock(&shm_ids.mutex);
	return max;
}

/* The pages of one segment, in memory and in swap. */
static void count_pages(struct shmid_kernel *shp, uint64_t *rss, uint64_t *swap)
{
	spin_lock(&shp->object.lock);
	*rss += shp->object.npages;
	*swap += shp->object.nswapped;
	spin_unlock(&shp->object.lock);
}

int sysv_shm_usage(struct abi_shm_info *ret)
{
	struct tree_node *node;
	int max;

	*ret = (struct abi_shm_info){ 0 };
	mutex_lock(&shm_ids.mutex);
	ret->used_ids = shm_ids.in_use;
	ret->shm_tot = shm_tot;
	tree_for_each(node, &shm_ids.by_index)
		count_pages(to_shm(tree_entry(node, struct kern_ipc_perm, by_index)), &ret->shm_rss,
			    &ret->shm_swp);
	max = sysv_max_index(&shm_ids);
	mutex_unlock(&shm_ids.mutex);
	return max;
}

int sysv_shm_inspect(int index, struct shm_facts *ret)
{
	struct kern_ipc_perm *perm;
	int next = -ENODATA;

	*ret = (struct shm_facts){ 0 };
	mutex_lock(&shm_ids.mutex);
	perm = sysv_next(&shm_ids, index);
	if (perm) {
		fill_ds(to_shm(perm), &ret->ds);
		count_pages(to_shm(perm), &ret->rss, &ret->swap);
		ret->id = perm->id;
		next = sysv_index(perm->id) + 1;
	}
	mutex_unlock(&shm_ids.mutex);
	return next;
}
