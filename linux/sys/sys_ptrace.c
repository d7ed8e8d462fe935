/* SPDX-License-Identifier: MIT */
/* ptrace: the requests, and what they copy from and to the tracer's memory. */
#include "linux/ptrace/ptrace.h"

#include "abi/errno.h"
#include "abi/uio.h"
#include "linux/arch/regs.h"
#include "lib/bits.h"
#include "linux/mem/peek.h"
#include "linux/sys/calls.h"
#include "mm/fault/user_copy.h"
#include "proc/process.h"

/* ---- memory ---- */

static int peek(int tid, vaddr_t at, uint64_t *word)
{
	struct uspace *uspace;
	int err = ptrace_get_space(tid, &uspace);

	if (err)
		return err;
	err = vm_peek(&uspace->space, word, at, sizeof(*word));
	uspace_put(uspace);
	return err ? -EIO : 0;
}

static int poke(int tid, vaddr_t at, uint64_t word)
{
	struct uspace *uspace;
	int err = ptrace_get_space(tid, &uspace);

	if (err)
		return err;
	err = vm_poke(&uspace->space, at, &word, sizeof(word));
	uspace_put(uspace);
	return err ? -EIO : 0;
}

/* ---- registers ---- */

/* Returns how many bytes there are of that kind of registers, or 0. */
static size_t regset_size(uint64_t kind)
{
	if (kind == NT_PRSTATUS)
		return sizeof(struct arch_regs);
	return kind == NT_PRFPREG ? sizeof(struct arch_fpregs) : 0;
}

static int get_regset(int tid, uint64_t kind, vaddr_t to, size_t n)
{
	union {
		struct arch_regs regs;
		struct arch_fpregs fpregs;
	} set;
	int err = kind == NT_PRSTATUS ? ptrace_get_regs(tid, &set.regs)
				      : ptrace_get_fpregs(tid, &set.fpregs);

	return err ?: user_copy_out(to, &set, n);
}

static int set_regset(int tid, uint64_t kind, vaddr_t from, size_t n)
{
	union {
		struct arch_regs regs;
		struct arch_fpregs fpregs;
	} set;

	if (user_copy_in(&set, from, n))
		return -EFAULT;
	return kind == NT_PRSTATUS ? ptrace_set_regs(tid, &set.regs, n)
				   : ptrace_set_fpregs(tid, &set.fpregs, n);
}

static int regset(int tid, uint64_t kind, vaddr_t at, bool set)
{
	size_t size = regset_size(kind);
	struct abi_iovec iov;
	int err;

	if (user_copy_in(&iov, at, sizeof(iov)))
		return -EFAULT;
	if (!size || iov.len % sizeof(uint64_t))
		return -EINVAL;
	iov.len = MIN(iov.len, size);
	err = set ? set_regset(tid, kind, iov.base, iov.len)
		  : get_regset(tid, kind, iov.base, iov.len);
	return err ?: user_copy_out(at, &iov, sizeof(iov));
}

/* ---- signals ---- */

static int get_siginfo(int tid, vaddr_t to)
{
	struct abi_siginfo info;
	int err = ptrace_get_info(tid, &info);

	return err ?: user_copy_out(to, &info, sizeof(info));
}

static int set_siginfo(int tid, vaddr_t from)
{
	struct abi_siginfo info;

	return user_copy_in(&info, from, sizeof(info)) ? -EFAULT : ptrace_set_info(tid, &info);
}

static int get_mask(int tid, uint64_t size, vaddr_t to)
{
	uint64_t mask;
	int err = size == ABI_SIGSET_BYTES ? ptrace_get_mask(tid, &mask) : -EINVAL;

	return err ?: user_copy_out(to, &mask, sizeof(mask));
}

static int set_mask(int tid, uint64_t size, vaddr_t from)
{
	uint64_t mask;

	if (size != ABI_SIGSET_BYTES)
		return -EINVAL;
	return user_copy_in(&mask, from, sizeof(mask)) ? -EFAULT : ptrace_set_mask(tid, mask);
}

/* Returns how many infos there were. */
static long peek_infos(int tid, vaddr_t args_at, vaddr_t to)
{
	struct abi_peeksiginfo_args args;
	struct abi_siginfo info;
	int32_t n = 0;
	int err = 0;

	if (user_copy_in(&args, args_at, sizeof(args)))
		return -EFAULT;
	if (args.flags & ~PTRACE_PEEKSIGINFO_SHARED || args.nr < 0)
		return -EINVAL;
	while (n < args.nr && !current_killed()) {
		err = ptrace_peek_info(tid, args.flags & PTRACE_PEEKSIGINFO_SHARED,
				       args.off + (uint64_t)n, &info);
		if (!err)
			err = user_copy_out(to, &info, sizeof(info));
		if (err)
			break;
		to += sizeof(info);
		n++;
	}
	return n > 0 || err > 0 ? n : err;
}

/* ---- what else there is to know ---- */

static int get_message(int tid, vaddr_t to)
{
	uint64_t message;
	int err = ptrace_get_message(tid, &message);

	return err ?: user_copy_out(to, &message, sizeof(message));
}

/* Returns how many bytes there are, of which those are copied that there is room for. */
static long get_call(int tid, uint64_t room, vaddr_t to)
{
	struct abi_syscall_info info;
	size_t size;
	int err = ptrace_get_call(tid, &info, &size);

	if (err)
		return err;
	return user_copy_out(to, &info, MIN(size, room)) ? -EFAULT : (long)size;
}

static long of_stopped(const struct trap_frame *frame, int64_t request, int tid)
{
	uint64_t addr = arg_u64(frame, 2), data = arg_u64(frame, 3), word;
	int err;

	switch (request) {
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
		err = peek(tid, addr, &word);
		return err ?: user_copy_out(data, &word, sizeof(word));
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
		return poke(tid, addr, data);
	case PTRACE_CONT:
	case PTRACE_SYSCALL:
		return ptrace_resume(tid, data, request == PTRACE_SYSCALL);
	case PTRACE_DETACH:
		return ptrace_detach(tid, data);
	case PTRACE_SETOPTIONS:
		return ptrace_set_options(tid, data);
	case PTRACE_GETEVENTMSG:
		return get_message(tid, data);
	case PTRACE_GETSIGINFO:
		return get_siginfo(tid, data);
	case PTRACE_SETSIGINFO:
		return set_siginfo(tid, data);
	case PTRACE_PEEKSIGINFO:
		return peek_infos(tid, addr, data);
	case PTRACE_GETSIGMASK:
		return get_mask(tid, addr, data);
	case PTRACE_SETSIGMASK:
		return set_mask(tid, addr, data);
	case PTRACE_GETREGSET:
	case PTRACE_SETREGSET:
		return regset(tid, addr, data, request == PTRACE_SETREGSET);
	case PTRACE_GET_SYSCALL_INFO:
		return get_call(tid, addr, data);
	case PTRACE_LISTEN:
		return ptrace_listen(tid);
	default: /* PTRACE_SINGLESTEP too: debuggers step with breakpoints */
		return -EIO;
	}
}

static int seize(int tid, uint64_t addr, uint64_t options)
{
	int err;

	if (addr || options & ~(uint64_t)PTRACE_O_MASK)
		return -EIO;
	err = ptrace_check_options(options);
	return err ?: ptrace_attach(tid, true, (uint32_t)options);
}

/* As on Linux: is there such a thread? */
static int attach_or_seize(const struct trap_frame *frame, int64_t request, int tid)
{
	if (request == PTRACE_ATTACH)
		return ptrace_attach(tid, false, 0);
	return ptrace_exists(tid) ? seize(tid, arg_u64(frame, 2), arg_u64(frame, 3)) : -ESRCH;
}

long sys_ptrace(struct trap_frame *frame)
{
	int64_t request = arg_i64(frame, 0);
	int tid = arg_int(frame, 1), err;

	if (request == PTRACE_TRACEME)
		return ptrace_traceme();
	if (request == PTRACE_ATTACH || request == PTRACE_SEIZE)
		return attach_or_seize(frame, request, tid);
	if (request == PTRACE_KILL)
		return ptrace_kill(tid);
	if (request == PTRACE_INTERRUPT)
		return ptrace_interrupt(tid);
	err = ptrace_check(tid);
	return err ?: of_stopped(frame, request, tid);
}
