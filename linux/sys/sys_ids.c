/* SPDX-License-Identifier: MIT */
/* System calls on user and group ids. */
/* As on Linux, each acts on the calling thread alone. */
#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/bits.h"
#include "linux/process/cred.h"
#include "linux/process/task.h"
#include "linux/process/user.h"
#include "linux/sys/calls.h"
#include "mm/fault/user_copy.h"
#include "proc/pid.h"

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

/* The ids of one kind, of users or of groups. */
struct ids {
	uint32_t real, effective, saved;
};

static struct ids uids_of(const struct cred *cred)
{
	return (struct ids){ cred->uid, cred->euid, cred->suid };
}

static struct ids gids_of(const struct cred *cred)
{
	return (struct ids){ cred->gid, cred->egid, cred->sgid };
}

/* Is it one of the three, or to stay? */
static bool is_one_of(uint32_t id, const struct ids *ids)
{
	return id == ID_SAME || id == ids->real || id == ids->effective || id == ids->saved;
}

/* Changes *ids as a call asks. all: the thread may set any. Returns 0, -EINVAL or -EPERM. */
typedef long (*change_ids)(const struct trap_frame *frame, bool all, struct ids *ids);

/* setuid, setgid. */
static long change_effective(const struct trap_frame *frame, bool all, struct ids *ids)
{
	uint32_t id = arg_uint(frame, 0);

	if (id == ID_SAME)
		return -EINVAL;
	if (!all && id != ids->real && id != ids->saved)
		return -EPERM;
	ids->effective = id;
	if (all)
		ids->real = ids->saved = id;
	return 0;
}

/* setreuid, setregid. */
static long change_two(const struct trap_frame *frame, bool all, struct ids *ids)
{
	uint32_t real = arg_uint(frame, 0), effective = arg_uint(frame, 1);
	const struct ids old = *ids;

	if (!all && ((real != ID_SAME && real != old.real && real != old.effective) ||
		     !is_one_of(effective, &old)))
		return -EPERM;
	if (real != ID_SAME)
		ids->real = real;
	if (effective != ID_SAME)
		ids->effective = effective;
	if (real != ID_SAME || (effective != ID_SAME && effective != old.real))
		ids->saved = ids->effective;
	return 0;
}

/* setresuid, setresgid. */
static long change_three(const struct trap_frame *frame, bool all, struct ids *ids)
{
	uint32_t *const to[] = { &ids->real, &ids->effective, &ids->saved };
	const struct ids old = *ids;

	for (unsigned i = 0; i < ARRAY_SIZE(to); i++) {
		uint32_t id = arg_uint(frame, i);

		if (!all && !is_one_of(id, &old))
			return -EPERM;
		if (id != ID_SAME)
			*to[i] = id;
	}
	return 0;
}

/* Prepares credentials with another id for files. Returns NULL if it stays. */
static struct cred *prepare_for_files(uint32_t id, uint32_t was, struct ids own, unsigned cap)
{
	if (id == ID_SAME || id == was || !(is_one_of(id, &own) || capable(cap)))
		return NULL;
	return cred_prepare();
}

/*
 * As on Linux, a process may become a user that has too many processes, since few programs look whether they have. But exec will
 * fail, if there are too many then still.
 */
static void note_too_many(const struct cred *old, const struct cred *new)
{
	if (new->user != old->user)
		current_task()->exceeds_tasks = user_exceeds_tasks(new->user);
}

static long set_ids(const struct trap_frame *frame, bool users, change_ids change)
{
	const struct cred *old = current_cred();
	struct ids ids = users ? uids_of(old) : gids_of(old);
	long err = change(frame, capable(users ? CAP_SETUID : CAP_SETGID), &ids);
	struct cred *new = err ? NULL : cred_prepare();

	if (!new)
		return err ?: -ENOMEM;
	if (!users) {
		new->gid = ids.real;
		new->egid = new->fsgid = ids.effective;
		new->sgid = ids.saved;
		cred_commit(new);
		return 0;
	}
	new->uid = ids.real;
	new->euid = new->fsuid = ids.effective;
	new->suid = ids.saved;
	cred_fix_caps(old, new);
	if (cred_set_user(new)) {
		cred_put(new);
		return -ENOMEM;
	}
	note_too_many(old, new);
	cred_commit(new);
	return 0;
}

long sys_setuid(struct trap_frame *frame)
{
	return set_ids(frame, true, change_effective);
}

long sys_setreuid(struct trap_frame *frame)
{
	return set_ids(frame, true, change_two);
}

long sys_setresuid(struct trap_frame *frame)
{
	return set_ids(frame, true, change_three);
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

/* setfsuid and setfsgid return the old id and no error, whatever they are given. */
long sys_setfsuid(struct trap_frame *frame)
{
	const struct cred *old = current_cred();
	uint32_t uid = arg_uint(frame, 0), was = old->fsuid;
	struct cred *new = prepare_for_files(uid, was, uids_of(old), CAP_SETUID);

	if (new) {
		new->fsuid = uid;
		fix_file_caps(old, new);
		cred_commit(new);
	}
	return was;
}

long sys_setgid(struct trap_frame *frame)
{
	return set_ids(frame, false, change_effective);
}

long sys_setregid(struct trap_frame *frame)
{
	return set_ids(frame, false, change_two);
}

long sys_setresgid(struct trap_frame *frame)
{
	return set_ids(frame, false, change_three);
}

long sys_setfsgid(struct trap_frame *frame)
{
	const struct cred *old = current_cred();
	uint32_t gid = arg_uint(frame, 0), was = old->fsgid;
	struct cred *new = prepare_for_files(gid, was, gids_of(old), CAP_SETGID);

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
		cred = cred_get(task_of(thread)->real_cred);
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
	if (!may_set_caps(current_cred(), new)) {
		cred_put(new);
		return -EPERM;
	}
	cred_commit(new);
	return 0;
}
