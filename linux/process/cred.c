/* SPDX-License-Identifier: MIT */
/* Credentials: by which ids, groups and capabilities a thread acts. */
#include "linux/process/cred.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "linux/process/linux_process.h"
#include "linux/process/process_ops.h"
#include "linux/process/task.h"
#include "linux/process/user.h"
#include "linux/ptrace/ptrace.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "proc/mem_wait.h"
#include "proc/pid.h"
#include "proc/process.h"

/* The part of memory that the lists of groups may take in all: one in so many frames. */
#define GROUPS_SHARE 64

static uint64_t groups_bytes; /* atomic: that they take */

static const char *cred_what(const void *cred)
{
	return ((const struct cred *)cred)->euid == 0 ? "root's" : "another user's";
}

static const char *groups_what(const void *groups)
{
	return ((const struct group_info *)groups)->ngroups == 1 ? "one group" : "several groups";
}

COUNTED_KIND(cred_kind, "credentials", struct cred, cred_what);
COUNTED_KIND(group_info_kind, "groups", struct group_info, groups_what);

/* const but for its count, as all credentials. */
struct cred init_cred = {
	.refs = REFCOUNT_INIT(1),
	.cap_permitted = CAP_ALL,
	.cap_effective = CAP_ALL,
	.cap_bset = CAP_ALL,
	.user = &root_user,
};

void cred_init(void)
{
	counted_begin(&cred_kind, &init_cred.counted, &init_cred.refs.n);
	counted_begin(&user_kind, &root_user.counted, &root_user.refs.n);
}

struct cred *cred_get(struct cred *cred)
{
	refcount_get_fast(&cred->refs);
	return cred;
}

void cred_put(struct cred *cred)
{
	if (!refcount_put_fast(&cred->refs))
		return;
	counted_end(&cred->counted);
	groups_put(cred->group_info);
	user_put(cred->user);
	kfree(cred);
}

void cred_find_held(struct cred *cred)
{
	if (cred->group_info)
		counted_found(&cred->group_info->counted);
	counted_found(&cred->user->counted);
}

const struct cred *current_cred(void)
{
	return current_task()->cred;
}

bool capable(unsigned cap)
{
	return current_cred()->cap_effective & CAP_BIT(cap);
}

struct cred *cred_prepare(void)
{
	struct cred *cred = mem_wait_kmalloc(sizeof(*cred));

	if (!cred)
		return NULL;
	*cred = *current_cred();
	refcount_init(&cred->refs, 1);
	if (cred->group_info)
		refcount_get(&cred->group_info->refs);
	user_get(cred->user);
	counted_begin(&cred_kind, &cred->counted, &cred->refs.n);
	return cred;
}

/* As commit_creds() of Linux: with other ids or more capabilities, the thread may not be traced by its old user any more. */
bool cred_acts_for_others(const struct cred *new)
{
	const struct cred *old = current_task()->real_cred;

	if (new == old)
		return false;
	return old->euid != new->euid || old->egid != new->egid || old->fsuid != new->fsuid ||
	       old->fsgid != new->fsgid || (new->cap_permitted & ~old->cap_permitted);
}

void cred_commit(struct cred *cred)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;
	struct cred *old = task_of(thread)->real_cred;
	bool acts;

	if (cred == old) { /* exec has changed nothing */
		cred_put(cred);
		return;
	}
	acts = cred_acts_for_others(cred);
	if (acts)
		atomic_store(&process->uspace->undumpable, true);
	if (cred->user != old->user) {
		(void)atomic_add(&cred->user->ntasks, 1);
		user_drop_task(old->user);
	}
	spin_lock(&process_tree_lock);
	if (acts)
		linux_process(process)->death_signal = 0;
	spin_lock(
		&linux_process(process)->signals.lock); /* who queues a signal looks for the user */
	task_of(thread)->cred = task_of(thread)->real_cred = cred;
	spin_unlock(&linux_process(process)->signals.lock);
	spin_unlock(&process_tree_lock);
	cred_put(old);
}

int cred_set_user(struct cred *cred)
{
	struct user *user;

	if (cred->user->uid == cred->uid)
		return 0;
	user = user_find(cred->uid);
	if (!user)
		return -ENOMEM;
	user_put(cred->user);
	cred->user = user;
	return 0;
}

void cred_override(struct cred *cred)
{
	current_task()->cred = cred;
}

void cred_revert(void)
{
	current_task()->cred = current_task()->real_cred;
}

/* ---- groups ---- */

static size_t groups_size(unsigned ngroups)
{
	return sizeof(struct group_info) + ngroups * sizeof(uint32_t);
}

int groups_alloc(unsigned ngroups, struct group_info **groups_ret)
{
	size_t bytes = kmalloc_size(groups_size(ngroups));
	struct group_info *groups;

	if (atomic_add(&groups_bytes, bytes) + bytes >
	    page_alloc_total_count() / GROUPS_SHARE * PAGE_SIZE)
		groups = NULL;
	else
		groups = mem_wait_kmalloc(groups_size(ngroups));
	if (!groups) {
		(void)atomic_add(&groups_bytes, -(uint64_t)bytes);
		return -ENOMEM;
	}
	refcount_init(&groups->refs, 1);
	groups->ngroups = ngroups;
	counted_begin(&group_info_kind, &groups->counted, &groups->refs.n);
	*groups_ret = groups;
	return 0;
}

void groups_put(struct group_info *groups)
{
	if (!groups || !refcount_put(&groups->refs))
		return;
	counted_end(&groups->counted);
	(void)atomic_add(&groups_bytes, -(uint64_t)kmalloc_size(groups_size(groups->ngroups)));
	kfree(groups);
}

void cred_set_groups(struct cred *cred, struct group_info *groups)
{
	groups_put(cred->group_info);
	cred->group_info = groups;
}

static void sift_down(uint32_t *gid, unsigned at, unsigned n)
{
	for (;;) {
		unsigned child = 2 * at + 1;
		uint32_t moved = gid[at];

		if (child >= n)
			return;
		if (child + 1 < n && gid[child + 1] > gid[child])
			child++;
		if (gid[child] <= moved)
			return;
		gid[at] = gid[child];
		gid[child] = moved;
		at = child;
	}
}

/* A heap: 65,536 groups take no stack, and no order of them takes longer than another. */
void groups_sort(struct group_info *groups)
{
	unsigned n = groups->ngroups;

	for (unsigned i = n / 2; i > 0; i--)
		sift_down(groups->gid, i - 1, n);
	while (n > 1) {
		uint32_t largest = groups->gid[0];

		groups->gid[0] = groups->gid[--n];
		groups->gid[n] = largest;
		sift_down(groups->gid, 0, n);
	}
}

static bool is_among(const struct group_info *groups, uint32_t gid)
{
	unsigned first = 0, end = groups ? groups->ngroups : 0;

	while (first < end) {
		unsigned middle = first + (end - first) / 2;

		if (groups->gid[middle] == gid)
			return true;
		if (groups->gid[middle] < gid)
			first = middle + 1;
		else
			end = middle;
	}
	return false;
}

bool in_group_p(uint32_t gid)
{
	return current_cred()->fsgid == gid || is_among(current_cred()->group_info, gid);
}

bool in_egroup_p(uint32_t gid)
{
	return current_cred()->egid == gid || is_among(current_cred()->group_info, gid);
}

/* ---- capabilities ---- */

static bool has_root(const struct cred *cred)
{
	return cred->uid == 0 || cred->euid == 0 || cred->suid == 0;
}

void cred_fix_caps(const struct cred *old, struct cred *new)
{
	if (new->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (has_root(old) && !has_root(new)) {
		if (!(new->securebits &SECBIT_KEEP_CAPS))
			new->cap_permitted = new->cap_effective = 0;
		new->cap_ambient = 0;
	}
	if (old->euid == 0 && new->euid != 0)
		new->cap_effective = 0;
	if (old->euid != 0 && new->euid == 0)
		new->cap_effective = new->cap_permitted;
}

/* ---- exec ---- */

/* Are all ids of it these? */
static bool cred_is_all(const struct cred *of, uint32_t uid, uint32_t gid)
{
	return uid == of->uid && uid == of->euid && uid == of->suid && gid == of->gid &&
	       gid == of->egid && gid == of->sgid;
}

/*
 * Returns whether the file gives its own ids. With no_new_privs no file does. A working directory that other
 * processes share would let these lead the program elsewhere: as on Linux, it gets no more than it had.
 */
static bool take_file_ids(struct cred *new, const struct image_ids *ids)
{
	/* Without the group's right to execute, the bit once marked files with mandatory locks. */
	const bool of_user = ids->mode & 04000, of_group = (ids->mode & 02010) == 02010;

	if (ids->nosuid || atomic_load_relaxed(&current_linux_process()->no_new_privs))
		return false;
	if (of_user)
		new->euid = ids->uid;
	if (of_group)
		new->egid = ids->gid;
	return of_user || of_group;
}

/*
 * Is the thread traced by one that might not look into what it becomes? No such tracer comes until the exec
 * has ended (ptrace_attach()).
 */
static bool is_watched(struct thread *thread)
{
	bool watched;

	spin_lock(&process_tree_lock);
	linux_process(thread->process)->gains_by_exec++;
	watched = thread->traced && !task_of(thread)->ptrace->capable;
	spin_unlock(&process_tree_lock);
	return watched;
}

/* Would exec of such a file make for the thread just what it has, as it nearly always does? */
static bool exec_keeps(const struct cred *cred, const struct image_ids *ids)
{
	uint64_t caps = cred->cap_ambient;

	if (ids->mode & 06000 || cred->securebits & SECBIT_KEEP_CAPS)
		return false;
	if (cred->uid == 0 && !(cred->securebits & SECBIT_NOROOT))
		caps |= cred->cap_bset | cred->cap_inheritable;
	return cred_is_all(cred, cred->uid, cred->gid) && cred->fsuid == cred->uid &&
	       cred->fsgid == cred->gid && cred->cap_permitted == caps &&
	       cred->cap_effective == caps;
}

static __attribute__((noinline)) struct cred *make_for_exec(const struct image_ids *ids,
							    struct exec_rights *ret)
{
	const struct cred *old = current_cred();
	struct cred *new = cred_prepare();
	bool is_setid, is_root;

	if (!new)
		return NULL;
	ret->distrusts = take_file_ids(new, ids);
	is_root = !(new->securebits &SECBIT_NOROOT);
	new->cap_permitted = 0;
	if (is_root && (new->euid == 0 || new->uid == 0))
		new->cap_permitted = new->cap_bset | new->cap_inheritable;
	is_setid = new->euid != old->uid || new->egid != old->gid;
	ret->gains = is_setid || (new->cap_permitted & ~old->cap_permitted);
	if (new->cap_permitted & ~old->cap_permitted)
		ret->distrusts = true;
	if (ret->gains &&
	    (is_watched(current_thread()) || process_fs->is_shared(current_thread()))) {
		if (!capable(CAP_SETUID)) {
			new->euid = new->uid;
			new->egid = new->gid;
		}
		new->cap_permitted &= old->cap_permitted;
	}
	new->suid = new->fsuid = new->euid;
	new->sgid = new->fsgid = new->egid;
	is_root = is_root && new->euid == 0;
	if (is_setid)
		new->cap_ambient = 0;
	new->cap_permitted |= new->cap_ambient;
	new->cap_effective = is_root ? new->cap_permitted : new->cap_ambient;
	new->securebits &= ~SECBIT_KEEP_CAPS;
	ret->secure = is_setid || (new->uid != 0 && is_root);
	return new;
}

struct cred *cred_for_exec(const struct image_ids *ids, struct exec_rights *ret)
{
	struct cred *cred = current_task()->cred;

	if (!exec_keeps(cred, ids))
		return make_for_exec(ids, ret);
	*ret = (struct exec_rights){ 0 };
	return cred_get(cred);
}

/* ---- what may be done to others ---- */

bool cred_may_signal(const struct cred *of)
{
	const struct cred *self = current_cred();

	return self->euid == of->suid || self->euid == of->uid || self->uid == of->suid ||
	       self->uid == of->uid || capable(CAP_KILL);
}

bool cred_may_limit(const struct cred *of)
{
	return cred_is_all(of, current_cred()->uid, current_cred()->gid) ||
	       capable(CAP_SYS_RESOURCE);
}

bool cred_may_nice(const struct cred *of)
{
	uint32_t euid = current_cred()->euid;

	return euid == of->euid || euid == of->uid || capable(CAP_SYS_NICE);
}

bool cred_may_sched(const struct cred *of)
{
	if (!cred_may_nice(of))
		return false;
	return !(of->cap_permitted & ~current_cred()->cap_permitted) || capable(CAP_SYS_NICE);
}

/* With these ids and capabilities of the running thread. */
static bool cred_may_access(const struct thread *thread, uint32_t uid, uint32_t gid, uint64_t caps)
{
	const struct process *process = thread->process;
	const struct cred *of = task_of(thread)->real_cred;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (process == current_process() || capable(CAP_SYS_PTRACE))
		return true;
	if (!cred_is_all(of, uid, gid) || (of->cap_permitted & ~caps))
		return false;
	return !process->uspace || !atomic_load(&process->uspace->undumpable);
}

bool ptrace_may_access(const struct thread *thread)
{
	const struct cred *self = current_cred();

	return cred_may_access(thread, self->fsuid, self->fsgid, self->cap_effective);
}

bool ptrace_may_reach(const struct thread *thread)
{
	const struct process *process = thread->process;

	return process == current_process() || !process_has_device(process);
}

bool ptrace_may_attach(const struct thread *thread)
{
	const struct cred *self = current_cred();

	return ptrace_may_reach(thread) &&
	       cred_may_access(thread, self->uid, self->gid, self->cap_permitted);
}
