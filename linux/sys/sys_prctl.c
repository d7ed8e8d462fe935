/* SPDX-License-Identifier: MIT */
/* prctl: names, flags and signals of a thread or its process. */
#include "abi/prctl.h"

#include "abi/auxv.h"
#include "abi/errno.h"
#include "abi/signal.h"
#include "lib/string.h"
#include "linux/process/cred.h"
#include "linux/process/end.h"
#include "linux/process/exec.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/sys/calls.h"
#include "mm/fault/user_copy.h"
#include "proc/pid.h"
#include "proc/process.h"

/* As on Linux, a longer name is cut. */
static long prctl_set_name(vaddr_t from)
{
	struct thread *thread = current_thread();
	char name[THREAD_NAME_LEN] = { 0 };

	if (user_copy_string(name, from, sizeof(name) - 1) == -EFAULT)
		return -EFAULT;
	spin_lock(&process_tree_lock);
	str_copy(thread->name, name, sizeof(thread->name));
	spin_unlock(&process_tree_lock);
	return 0;
}

static long prctl_get_name(vaddr_t to)
{
	char name[THREAD_NAME_LEN] = { 0 };

	str_copy(name, current_thread()->name, sizeof(name));
	return user_copy_out(to, name, sizeof(name));
}

static long set_death_signal(uint64_t sig)
{
	if (sig > NSIG)
		return -EINVAL;
	spin_lock(&process_tree_lock);
	current_linux_process()->death_signal = (int)sig;
	spin_unlock(&process_tree_lock);
	return 0;
}

static long get_death_signal(vaddr_t to)
{
	int sig = current_linux_process()->death_signal;

	return user_copy_out(to, &sig, sizeof(sig));
}

static long set_dumpable(uint64_t dumpable)
{
	if (dumpable > 1)
		return -EINVAL;
	atomic_store(&current_process()->uspace->undumpable, !dumpable);
	return 0;
}

/* What is not used must be 0. */
static bool unused(const struct trap_frame *frame, unsigned first)
{
	while (first <= 4 && !arg_u64(frame, first))
		first++;
	return first > 4;
}

static long set_no_new_privs(const struct trap_frame *frame)
{
	if (arg_u64(frame, 1) != 1 || !unused(frame, 2))
		return -EINVAL;
	atomic_store_relaxed(&current_linux_process()->no_new_privs, true);
	return 0;
}

static long get_no_new_privs(const struct trap_frame *frame)
{
	return unused(frame, 1) ? atomic_load_relaxed(&current_linux_process()->no_new_privs)
				: -EINVAL;
}

static long set_keepcaps(uint64_t keep)
{
	struct cred *new;

	if (keep > 1)
		return -EINVAL;
	if (current_cred()->securebits & SECBIT_KEEP_CAPS_LOCKED)
		return -EPERM;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	new->securebits = (new->securebits & ~SECBIT_KEEP_CAPS) | (keep ? SECBIT_KEEP_CAPS : 0);
	cred_commit(new);
	return 0;
}

/* What is locked stays, and so do the locks. */
static long set_securebits(uint64_t bits)
{
	uint64_t old = current_cred()->securebits, locked = (old & SECURE_ALL_LOCKS) >> 1;
	struct cred *new;

	if ((locked & (old ^ bits)) || (old & SECURE_ALL_LOCKS & ~bits) ||
	    (bits & ~(uint64_t)(SECURE_ALL_BITS | SECURE_ALL_LOCKS)) || !capable(CAP_SETPCAP))
		return -EPERM;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	new->securebits = (uint32_t)bits;
	cred_commit(new);
	return 0;
}

static long read_bounding_set(uint64_t capability)
{
	if (capability > CAP_LAST_CAP)
		return -EINVAL;
	return (current_cred()->cap_bset & CAP_BIT(capability)) != 0;
}

static long drop_from_bounding_set(uint64_t capability)
{
	struct cred *new;

	if (!capable(CAP_SETPCAP))
		return -EPERM;
	if (capability > CAP_LAST_CAP)
		return -EINVAL;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	new->cap_bset &= ~CAP_BIT(capability);
	cred_commit(new);
	return 0;
}

static long change_ambient(uint64_t what, uint64_t capability)
{
	const struct cred *old = current_cred();
	struct cred *new;

	if (what == PR_CAP_AMBIENT_RAISE &&
	    (!(old->cap_permitted & old->cap_inheritable & CAP_BIT(capability)) ||
	     (old->securebits & SECBIT_NO_CAP_AMBIENT_RAISE)))
		return -EPERM;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	if (what == PR_CAP_AMBIENT_RAISE)
		new->cap_ambient |= CAP_BIT(capability);
	else if (what == PR_CAP_AMBIENT_LOWER)
		new->cap_ambient &= ~CAP_BIT(capability);
	else
		new->cap_ambient = 0;
	cred_commit(new);
	return 0;
}

static long cap_ambient(const struct trap_frame *frame)
{
	uint64_t what = arg_u64(frame, 1), capability = arg_u64(frame, 2);

	if (!unused(frame, what == PR_CAP_AMBIENT_CLEAR_ALL ? 2 : 3) || capability > CAP_LAST_CAP)
		return -EINVAL;
	switch (what) {
	case PR_CAP_AMBIENT_IS_SET:
		return (current_cred()->cap_ambient & CAP_BIT(capability)) != 0;
	case PR_CAP_AMBIENT_RAISE:
	case PR_CAP_AMBIENT_LOWER:
	case PR_CAP_AMBIENT_CLEAR_ALL:
		return change_ambient(what, capability);
	default:
		return -EINVAL;
	}
}

static long set_subreaper(bool subreaper)
{
	spin_lock(&process_tree_lock);
	process_set_subreaper(current_process(), subreaper);
	spin_unlock(&process_tree_lock);
	return 0;
}

static long get_subreaper(vaddr_t to)
{
	int subreaper = atomic_load_relaxed(&current_linux_process()->subreaper);

	return user_copy_out(to, &subreaper, sizeof(subreaper));
}

static long get_tid_address(vaddr_t to)
{
	vaddr_t at = current_thread()->clear_tid;

	return user_copy_out(to, &at, sizeof(at));
}

/* What the process has set once stays. */
static long set_mdwe(const struct trap_frame *frame)
{
	uint64_t bits = arg_u64(frame, 1);
	unsigned *mdwe = &current_space()->mdwe;

	if (!unused(frame, 2) ||
	    (bits != 0 && bits != MDWE_ON && bits != (MDWE_ON | MDWE_NO_INHERIT)))
		return -EINVAL;
	if (atomic_cas(mdwe, 0, (unsigned)bits))
		return 0;
	return atomic_load_relaxed(mdwe) == bits ? 0 : -EPERM;
}

static long get_mdwe(const struct trap_frame *frame)
{
	return unused(frame, 1) ? (long)atomic_load_relaxed(&current_space()->mdwe) : -EINVAL;
}

static long set_thp_disable(const struct trap_frame *frame)
{
	if (!unused(frame, 2))
		return -EINVAL;
	atomic_store_relaxed(&current_space()->thp_disabled, arg_u64(frame, 1) != 0);
	return 0;
}

static long get_thp_disable(const struct trap_frame *frame)
{
	return unused(frame, 1) ? atomic_load_relaxed(&current_space()->thp_disabled) : -EINVAL;
}

/* As /proc/PID/auxv, from where exec has put it. */
static long get_auxv(const struct trap_frame *frame)
{
	const struct image_layout *layout = &current_process()->uspace->layout;
	struct abi_auxv auxv[LINUX_AUXV_COUNT];
	size_t size = MIN(sizeof(auxv), layout->auxv_end - layout->auxv_start);
	size_t n = MIN(size, arg_u64(frame, 2));

	if (!unused(frame, 3))
		return -EINVAL;
	if (n != 0 && (user_copy_in(auxv, layout->auxv_start, size) ||
		       user_copy_out(arg_user(frame, 1), auxv, n)))
		return -EFAULT;
	return (long)size;
}

/*
 * A program that makes a FENCE.I itself after a change of code does so on one hart: the scheduler has to add one where the
 * thread moves to another. What it has changed so far is fenced on all harts where it does so no more.
 */
static long set_icache_flush(uint64_t when, uint64_t whose)
{
	struct mmu *mmu = &current_space()->mmu;
	bool on = when == PR_RISCV_CTX_SW_FENCEI_ON;

	if (when > PR_RISCV_CTX_SW_FENCEI_OFF || whose > PR_RISCV_SCOPE_PER_THREAD)
		return -EINVAL;
	if (whose == PR_RISCV_SCOPE_PER_THREAD)
		atomic_store_relaxed(&current_thread()->text_follows, on);
	else
		atomic_store_relaxed(&mmu->text_follows, on);
	if (!on)
		arch_mmu_sync_text(mmu);
	return 0;
}

/*
 * As on Linux, all bits are kept. Exec heeds ADDR_COMPAT_LAYOUT; addresses are never randomized, and there is no page 0 and no
 * program of 32 bits.
 */
long sys_personality(struct trap_frame *frame)
{
	struct thread *thread = current_thread();
	uint32_t new = arg_uint(frame, 0), old = task_of(thread)->personality;

	if (new == PERSONALITY_QUERY)
		return old;
	task_of(thread)->personality = new;
	return old;
}

long sys_prctl(struct trap_frame *frame)
{
	uint64_t value = arg_u64(frame, 1);

	switch (arg_int(frame, 0)) {
	case PR_SET_PDEATHSIG:
		return set_death_signal(value);
	case PR_GET_PDEATHSIG:
		return get_death_signal(value);
	case PR_GET_DUMPABLE:
		return !atomic_load(&current_process()->uspace->undumpable);
	case PR_SET_DUMPABLE:
		return set_dumpable(value);
	case PR_GET_KEEPCAPS:
		return (current_cred()->securebits & SECBIT_KEEP_CAPS) != 0;
	case PR_SET_KEEPCAPS:
		return set_keepcaps(value);
	case PR_SET_NAME:
		return prctl_set_name(value);
	case PR_GET_NAME:
		return prctl_get_name(value);
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return value == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_CAP_AMBIENT:
		return cap_ambient(frame);
	case PR_CAPBSET_READ:
		return read_bounding_set(value);
	case PR_CAPBSET_DROP:
		return drop_from_bounding_set(value);
	case PR_GET_SECUREBITS:
		return current_cred()->securebits;
	case PR_SET_SECUREBITS:
		return set_securebits(value);
	case PR_SET_CHILD_SUBREAPER:
		return set_subreaper(value != 0);
	case PR_GET_CHILD_SUBREAPER:
		return get_subreaper(value);
	case PR_SET_NO_NEW_PRIVS:
		return set_no_new_privs(frame);
	case PR_GET_NO_NEW_PRIVS:
		return get_no_new_privs(frame);
	case PR_GET_TID_ADDRESS:
		return get_tid_address(value);
	case PR_SET_MDWE:
		return set_mdwe(frame);
	case PR_GET_MDWE:
		return get_mdwe(frame);
	case PR_SET_THP_DISABLE:
		return set_thp_disable(frame);
	case PR_GET_THP_DISABLE:
		return get_thp_disable(frame);
	case PR_RISCV_SET_ICACHE_FLUSH_CTX:
		return set_icache_flush(value, arg_u64(frame, 2));
	case PR_GET_AUXV:
		return get_auxv(frame);
	default:
		return -EINVAL;
	}
}
