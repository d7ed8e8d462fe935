/* SPDX-License-Identifier: MIT */
/* System calls on user and group ids. */
/* As on Linux, each acts on the calling thread alone. */
#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/bits.h"
#include "mm/user_copy.h"
#include "proc/cred.h"
#include "proc/pid.h"
#include "proc/user.h"
#include "trap/syscall.h"

#define ID_SAME (~0u) /* this id is to stay as it is; no user or group has it */

long sys_getuid(struct trap_frame *frame)
{
	return current_cred()->uid;
}

long sys_geteuid(struct trap_frame *frame)
{
	return current_cred()->euid;
}

long sys_getgid(struct trap_frame *frame)
{
	return current_cred()->gid;
}

long sys_getegid(struct trap_frame *frame)
{
	return current_cred()->egid;
}

static long get_three_ids(const struct trap_frame *frame, const uint32_t id[3])
{
	for (unsigned i = 0; i < 3; i++)
		if (user_copy_out(arg_user(frame, i), &id[i], sizeof(id[i])))
			return -EFAULT;
	return 0;
}

long sys_getresuid(struct trap_frame *frame)
{
	const struct cred *cred = current_cred();

	return get_three_ids(frame, (uint32_t[]){ cred->uid, cred->euid, cred->suid });
}

long sys_getresgid(struct trap_frame *frame)
{
	const struct cred *cred = current_cred();

	return get_three_ids(frame, (uint32_t[]){ cred->gid, cred->egid, cred->sgid });
}

/* What was prepared is right, or not. */
static long cred_finish(struct cred *new, bool permitted)
{
	if (permitted)
		cred_commit(new);
	else
		cred_put(new);
	return permitted ? 0 : -EPERM;
}

/* ---- users ---- */

/*
 * As on Linux, a process may become a user that has too many processes, since few programs look whether they have. But exec will
 * fail, if there are too many then still.
 */
static void note_too_many(const struct cred *old, const struct cred *new)
{
	if (new->user != old->user)
		current_thread()->exceeds_tasks = user_exceeds_tasks(new->user);
}

static long finish_uids(const struct cred *old, struct cred *new, bool permitted)
{
	new->fsuid = new->euid;
	cred_fix_caps(old, new);
	if (permitted && cred_set_user(new)) {
		cred_put(new);
		return -ENOMEM;
	}
	note_too_many(old, new);
	return cred_finish(new, permitted);
}

long sys_setuid(struct trap_frame *frame)
{
	const struct cred *old = current_cred();
	uint32_t uid = arg_uint(frame, 0);
	bool all = capable(CAP_SETUID);
	struct cred *new;

	if (uid == ID_SAME)
		return -EINVAL;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	new->euid = uid;
	if (all)
		new->uid = new->suid = uid;
	return finish_uids(old, new, all || uid == old->uid || uid == old->suid);
}

long sys_setreuid(struct trap_frame *frame)
{
	const struct cred *old = current_cred();
	uint32_t uid = arg_uint(frame, 0), euid = arg_uint(frame, 1);
	bool permitted = true;
	struct cred *new = cred_prepare();

	if (!new)
		return -ENOMEM;
	if (uid != ID_SAME) {
		new->uid = uid;
		permitted = uid == old->uid || uid == old->euid;
	}
	if (euid != ID_SAME) {
		new->euid = euid;
		permitted &= euid == old->uid || euid == old->euid || euid == old->suid;
	}
	if (uid != ID_SAME || (euid != ID_SAME && euid != old->uid))
		new->suid = new->euid;
	return finish_uids(old, new, permitted || capable(CAP_SETUID));
}

/* Is it one of the three, or to stay? */
static bool is_one_of(uint32_t id, uint32_t real, uint32_t effective, uint32_t saved)
{
	return id == ID_SAME || id == real || id == effective || id == saved;
}

long sys_setresuid(struct trap_frame *frame)
{
	const struct cred *old = current_cred();
	const uint32_t id[] = { arg_uint(frame, 0), arg_uint(frame, 1), arg_uint(frame, 2) };
	bool permitted = true;
	struct cred *new = cred_prepare();

	if (!new)
		return -ENOMEM;
	for (unsigned i = 0; i < ARRAY_SIZE(id); i++)
		permitted &= is_one_of(id[i], old->uid, old->euid, old->suid);
	new->uid = id[0] == ID_SAME ? old->uid : id[0];
	new->euid = id[1] == ID_SAME ? old->euid : id[1];
	new->suid = id[2] == ID_SAME ? old->suid : id[2];
	return finish_uids(old, new, permitted || capable(CAP_SETUID));
}

/* Capabilities for files follow the id for files. */
static void fix_file_caps(const struct cred *old, struct cred *new)
{
	if (new->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (old->fsuid == 0 && new->fsuid != 0)
		new->cap_effective &= ~CAP_FS;
	if (old->fsuid != 0 && new->fsuid == 0)
		new->cap_effective |= new->cap_permitted &CAP_FS;
}

/* These two return the old id and no error, whatever they are given. */
long sys_setfsuid(struct trap_frame *frame)
{
	const struct cred *old = current_cred();
	uint32_t uid = arg_uint(frame, 0), was = old->fsuid;
	bool permitted = is_one_of(uid, old->uid, old->euid, old->suid) || capable(CAP_SETUID);
	struct cred *new;

	if (uid == ID_SAME || uid == was || !permitted)
		return was;
	new = cred_prepare();
	if (new) {
		new->fsuid = uid;
		fix_file_caps(old, new);
		cred_commit(new);
	}
	return was;
}

/* ---- groups ---- */

static long finish_gids(struct cred *new, bool permitted)
{
	new->fsgid = new->egid;
	return cred_finish(new, permitted);
}

long sys_setgid(struct trap_frame *frame)
{
	const struct cred *old = current_cred();
	uint32_t gid = arg_uint(frame, 0);
	bool all = capable(CAP_SETGID);
	struct cred *new;

	if (gid == ID_SAME)
		return -EINVAL;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	new->egid = gid;
	if (all)
		new->gid = new->sgid = gid;
	return finish_gids(new, all || gid == old->gid || gid == old->sgid);
}

long sys_setregid(struct trap_frame *frame)
{
	const struct cred *old = current_cred();
	uint32_t gid = arg_uint(frame, 0), egid = arg_uint(frame, 1);
	bool permitted = true;
	struct cred *new = cred_prepare();

	if (!new)
		return -ENOMEM;
	if (gid != ID_SAME) {
		new->gid = gid;
		permitted = gid == old->gid || gid == old->egid;
	}
	if (egid != ID_SAME) {
		new->egid = egid;
		permitted &= egid == old->gid || egid == old->egid || egid == old->sgid;
	}
	if (gid != ID_SAME || (egid != ID_SAME && egid != old->gid))
		new->sgid = new->egid;
	return finish_gids(new, permitted || capable(CAP_SETGID));
}

long sys_setresgid(struct trap_frame *frame)
{
	const struct cred *old = current_cred();
	const uint32_t id[] = { arg_uint(frame, 0), arg_uint(frame, 1), arg_uint(frame, 2) };
	bool permitted = true;
	struct cred *new = cred_prepare();

	if (!new)
		return -ENOMEM;
	for (unsigned i = 0; i < ARRAY_SIZE(id); i++)
		permitted &= is_one_of(id[i], old->gid, old->egid, old->sgid);
	new->gid = id[0] == ID_SAME ? old->gid : id[0];
	new->egid = id[1] == ID_SAME ? old->egid : id[1];
	new->sgid = id[2] == ID_SAME ? old->sgid : id[2];
	return finish_gids(new, permitted || capable(CAP_SETGID));
}

long sys_setfsgid(struct trap_frame *frame)
{
	const struct cred *old = current_cred();
	uint32_t gid = arg_uint(frame, 0), was = old->fsgid;
	bool permitted = is_one_of(gid, old->gid, old->egid, old->sgid) || capable(CAP_SETGID);
	struct cred *new;

	if (gid == ID_SAME || gid == was || !permitted)
		return was;
	new = cred_prepare();
	if (new) {
		new->fsgid = gid;
		cred_commit(new);
	}
	return was;
}

/* Copies a list of groups, not empty, into the kernel. */
static long copy_groups(vaddr_t from, struct group_info *groups)
{
	if (user_copy_in(groups->gid, from, groups->ngroups * sizeof(groups->gid[0])))
		return -EFAULT;
	for (unsigned i = 0; i < groups->ngroups; i++)
		if (groups->gid[i] == ID_SAME)
			return -EINVAL;
	groups_sort(groups);
	return 0;
}

long sys_setgroups(struct trap_frame *frame)
{
	unsigned n = arg_uint(frame, 0);
	struct group_info *groups = NULL;
	struct cred *new;
	long err = 0;

	if (!capable(CAP_SETGID))
		return -EPERM;
	if (n > NGROUPS_MAX)
		return -EINVAL;
	if (n)
		err = groups_alloc(n, &groups);
	if (err)
		return err;
	if (n)
		err = copy_groups(arg_user(frame, 1), groups);
	new = err ? NULL : cred_prepare();
	if (!new) {
		groups_put(groups);
		return err ?: -ENOMEM;
	}
	cred_set_groups(new, groups);
	cred_commit(new);
	return 0;
}

/* With a size of 0, only the length is returned. */
long sys_getgroups(struct trap_frame *frame)
{
	const struct group_info *groups = current_cred()->group_info;
	int n = groups ? (int)groups->ngroups : 0, room = arg_int(frame, 0);

	if (room < 0 || (room > 0 && room < n))
		return -EINVAL;
	if (room && n &&
	    user_copy_out(arg_user(frame, 1), groups->gid, (size_t)n * sizeof(groups->gid[0])))
		return -EFAULT;
	return n;
}

/* ---- capabilities ---- */

#define CAP_WORDS 2

/*
 * Reads the header's version, which says how many words each set has. An unknown version is -EINVAL, and the program gets the one
 * that is known.
 */
static long read_header(vaddr_t at, struct abi_cap_header *ret, unsigned *words_ret)
{
	const uint32_t known = CAP_VERSION_3;

	if (user_copy_in(&ret->version, at, sizeof(ret->version)))
		return -EFAULT;
	switch (ret->version) {
	case CAP_VERSION_1:
		*words_ret = 1;
		break;
	case CAP_VERSION_2:
	case CAP_VERSION_3:
		*words_ret = 2;
		break;
	default:
		return user_copy_out(at, &known, sizeof(known)) ? -EFAULT : -EINVAL;
	}
	return 0;
}

static long read_pid(vaddr_t at, struct abi_cap_header *ret)
{
	return user_copy_in(&ret->pid, at + offsetof(struct abi_cap_header, pid), sizeof(ret->pid));
}

static struct abi_cap_data cap_word(const struct cred *cred, unsigned word)
{
	const unsigned shift = word * 32;

	return (struct abi_cap_data){ .effective = (uint32_t)(cred->cap_effective >> shift),
				      .permitted = (uint32_t)(cred->cap_permitted >> shift),
				      .inheritable = (uint32_t)(cred->cap_inheritable >> shift) };
}

/* The credentials of a thread, 0: the running one's, with a reference; or NULL. */
static struct cred *cred_of(int tid)
{
	const struct thread *thread;
	struct cred *cred = NULL;

	spin_lock(&process_tree_lock);
	thread = tid ? thread_find(tid) : current_thread();
	if (thread)
		cred = cred_get(thread->real_cred);
	spin_unlock(&process_tree_lock);
	return cred;
}

/* Without a place for the answer, only the version is looked at: so programs learn which one is known. */
long sys_capget(struct trap_frame *frame)
{
	vaddr_t to = arg_user(frame, 1);
	struct abi_cap_data data[CAP_WORDS];
	struct abi_cap_header header;
	struct cred *cred;
	unsigned words;
	long err = read_header(arg_user(frame, 0), &header, &words);

	if (!to)
		return err == -EINVAL ? 0 : err;
	if (err)
		return err;
	if (read_pid(arg_user(frame, 0), &header))
		return -EFAULT;
	if (header.pid < 0)
		return -EINVAL;
	cred = cred_of(header.pid);
	if (!cred)
		return -ESRCH;
	for (unsigned i = 0; i < CAP_WORDS; i++)
		data[i] = cap_word(cred, i);
	cred_put(cred);
	return user_copy_out(to, data, words * sizeof(data[0]));
}

/* As on Linux, what no capability has is left out. */
static uint64_t cap_set(uint32_t low, uint32_t high)
{
	return (low | (uint64_t)high << 32) & CAP_ALL;
}

static bool may_set_caps(const struct cred *old, const struct cred *new)
{
	uint64_t inherits = old->cap_inheritable;

	if (!capable(CAP_SETPCAP) && (new->cap_inheritable & ~(inherits | old->cap_permitted)))
		return false;
	return !(new->cap_inheritable & ~(inherits | old->cap_bset)) &&
	       !(new->cap_permitted & ~old->cap_permitted) &&
	       !(new->cap_effective & ~new->cap_permitted);
}

long sys_capset(struct trap_frame *frame)
{
	struct abi_cap_data data[CAP_WORDS] = { 0 };
	struct abi_cap_header header;
	struct cred *new;
	unsigned words;
	long err = read_header(arg_user(frame, 0), &header, &words);

	if (err)
		return err;
	if (read_pid(arg_user(frame, 0), &header))
		return -EFAULT;
	if (header.pid && header.pid != current_thread()->tid)
		return -EPERM;
	if (user_copy_in(data, arg_user(frame, 1), words * sizeof(data[0])))
		return -EFAULT;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	new->cap_effective = cap_set(data[0].effective, data[1].effective);
	new->cap_permitted = cap_set(data[0].permitted, data[1].permitted);
	new->cap_inheritable = cap_set(data[0].inheritable, data[1].inheritable);
	new->cap_ambient &= new->cap_permitted &new->cap_inheritable;
	return cred_finish(new, may_set_caps(current_cred(), new));
}
