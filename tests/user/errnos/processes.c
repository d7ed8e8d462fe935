/* SPDX-License-Identifier: MIT */
/* Processes, futexes, and what is asked of the kernel. */
#include "errnos.h"
#include "../elf_make.h"
#include "../libc_rseq.h"

#include <linux/futex.h>
#include <sched.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif

#define FUTEX	     SHARED
#define SECOND_FUTEX (SHARED + 64)

/* ---- clone, exec, wait ---- */

static const char *const args[] = { "errnos", "exit", NULL };
static const char *const no_string[] = { "errnos", (const char *)HOLE, NULL };
static const char *const endless[] = { "errnos", (const char *)(ENDLESS + PAGE - 8), NULL };
static char longest[33 * PAGE]; /* a string is shorter than 32 pages */
static const char *const too_long[] = { "errnos", longest, NULL };

static void waits_for_ended(word *arg)
{
	arg[0] = (word)ended_child();
}

static void waits_for_ended_by_id(word *arg)
{
	arg[1] = (word)ended_child();
}

#define FD_CHILD 46

static void waits_by_pidfd(word *arg)
{
	int fd = (int)syscall(SYS_pidfd_open, ended_child(), 0);

	dup2(fd, FD_CHILD);
	close(fd);
	arg[1] = FD_CHILD;
}

static const struct bad pidfds[] = { { "closed", FD_CLOSED },
				     { "negative", MINUS(1) },
				     { "above", FD_ABOVE },
				     { "path", FD_PATH },
				     { "file", FD_RW },
				     { "dir", FD_DIR },
				     NO_MORE };
static const struct bad out_number[] = { { "null", 0 },
					 { "half", HOLE - 2 },
					 { "read-only", READONLY },
					 { "kernel", KERNEL },
					 NO_MORE };
static const struct bad clone_flags[] = { { "thread", CLONE_THREAD | SIGCHLD },
					  { "handlers", CLONE_SIGHAND | SIGCHLD },
					  NO_MORE };
static const struct bad pidfd_flags[] = { { "detached", CLONE_PIDFD | CLONE_DETACHED | SIGCHLD },
					  { "an id", CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD },
					  NO_MORE };
static const struct bad programs[] = { { "null", 0 },
				       { "unmapped", HOLE },
				       { "noaccess", NOACCESS },
				       { "kernel", KERNEL },
				       { "endless", ENDLESS + PAGE - 8 },
				       { "empty", (word) "" },
				       { "long", (word)long_path },
				       { "long name", (word)long_name },
				       { "below file", (word) "file/x" },
				       { "loop", (word) "loop/x" },
				       { "missing", (word) "missing" },
				       { "dir", (word) "full" },
				       { "data", (word) "file" },
				       { "script", (word) "script" },
				       { "text", (word) "text" },
				       { "header", (word) "header" },
				       { "no interpreter", (word) "no-interpreter" },
				       { "bad interpreter", (word) "bad-interpreter" },
				       NO_MORE };
static const struct bad strings[] = { { "unmapped", HOLE },
				      { "half", HOLE - 8 },
				      { "noaccess", NOACCESS },
				      { "kernel", KERNEL },
				      { "no string", (word)no_string },
				      { "endless", (word)endless },
				      { "too long", (word)too_long },
				      NO_MORE };
/* Each try takes a fork: with few of these the other arguments are tried, too. */
static const struct bad few_programs[] = {
	{ "unmapped", HOLE }, { "missing", (word) "missing" }, { "data", (word) "file" }, NO_MORE
};
static const struct bad few_strings[] = { { "unmapped", HOLE },
					  { "no string", (word)no_string },
					  NO_MORE };
static const struct bad exec_flags[] = { { "unknown", 1 }, { "all", MINUS(1) }, NO_MORE };
static const struct bad waited[] = {
	{ "nobody", NO_PID }, { "no group", MINUS(NO_PID) }, { "minimum", 1ul << 31 }, NO_MORE
};
static const struct bad wait_options[] = { { "unknown", 0x100 }, { "all", MINUS(1) }, NO_MORE };
static const struct bad id_kinds[] = { { "unknown", 99 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad ids[] = {
	{ "nobody", NO_PID }, { "0", 0 }, { "negative", MINUS(1) }, NO_MORE
};
static const struct bad id_options[] = { { "unknown", 0x100 | WEXITED }, { "none", 0 }, NO_MORE };
static const struct bad groups[] = { { "nobody's", NO_PID }, { "negative", MINUS(1) }, NO_MORE };

/* ---- futex ---- */

static void resets_futexes(word *arg)
{
	(void)arg;
	*(int *)FUTEX = 0;
	*(int *)SECOND_FUTEX = 0;
}

static const struct timespec soon = { 0, 1 };

static const struct bad futexes[] = { { "null", 0 },	    { "unmapped", HOLE },
				      { "odd", FUTEX + 1 }, { "noaccess", NOACCESS },
				      { "kernel", KERNEL }, NO_MORE };
static const struct bad futex_operations[] = { { "unknown", 99 },
					       { "clock", FUTEX_WAKE | FUTEX_CLOCK_REALTIME },
					       NO_MORE };
static const struct bad other_value[] = { { "other value", 5 }, NO_MORE };
static const struct bad wake_operations[] = { { "operation", 15u << 28 },
					      { "comparison", 15u << 24 },
					      NO_MORE };
static const struct bad negative_count[] = { { "negative", 0xffffffff }, NO_MORE };
static const struct bad no_bits[] = { { "0", 0 }, NO_MORE };

/* arg[5] to arg[7] are the members of the second entry. */
static struct futex_waitv waited_words[2];
static long waits_for_words(const word *arg)
{
	waited_words[0] = (struct futex_waitv){ .uaddr = FUTEX, .flags = 2 };
	waited_words[1] = (struct futex_waitv){ .val = arg[5],
						.uaddr = arg[6],
						.flags = (unsigned)arg[7],
						.__reserved = (unsigned)arg[8] };
	return syscall(SYS_futex_waitv, arg[0], arg[1], arg[2], arg[3], arg[4]) < 0 ? -errno : 0;
}
static const struct futex_waitv requeued_words[] = { { .uaddr = FUTEX, .flags = 2 },
						     { .uaddr = SECOND_FUTEX, .flags = 2 } };
static const struct bad wake_masks[] = { { "0", 0 }, { "large", 1ul << 32 }, NO_MORE };
static const struct bad word_lists[] = {
	{ "null", 0 }, { "unmapped", HOLE }, { "noaccess", NOACCESS }, { "kernel", KERNEL }, NO_MORE
};
static const struct bad word_counts[] = {
	{ "0", 0 }, { "129", 129 }, { "all", MINUS(1) }, NO_MORE
};
static const struct bad word_flags[] = {
	{ "no size", 0 }, { "64 bits", 3 }, { "unknown", 2 | 8 }, NO_MORE
};
static const struct bad word_values[] = { { "other value", 5 }, { "large", 1ul << 32 }, NO_MORE };
static const struct bad ones[] = { { "1", 1 }, NO_MORE };

static const struct bad not_namespaces[] = { { "closed", FD_CLOSED },
					     { "negative", MINUS(1) },
					     { "above", FD_ABOVE },
					     { "path", FD_PATH },
					     { "dir", FD_DIR },
					     { "pipe", FD_IN },
					     NO_MORE };
static const struct bad magics[] = { { "0", 0 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad reboot_commands[] = { { "unknown", 5 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad unshare_flags[] = { { "CLONE_PARENT", CLONE_PARENT },
					    { "signal", CLONE_FILES | SIGCHLD },
					    { "above", 1ul << 32 | CLONE_FILES },
					    NO_MORE };

/* ---- what is asked ---- */

static const struct rlimit crossed = { 20, 10 }, plenty = { RLIM_INFINITY, RLIM_INFINITY };
static const struct bad limits[] = { { "unmapped", HOLE },	    { "half", HALF },
				     { "noaccess", NOACCESS },	    { "kernel", KERNEL },
				     { "crossed", (word)&crossed }, NO_MORE };
static const struct bad resources[] = { { "99", 99 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad new_limits[] = { { "null", 0 },
					 { "unmapped", HOLE },
					 { "half", HALF },
					 { "noaccess", NOACCESS },
					 { "kernel", KERNEL },
					 { "crossed", (word)&crossed },
					 NO_MORE };
static const struct bad no_id[] = { { "-1", MINUS(1) }, NO_MORE };
static const unsigned root_groups[2];
static struct __user_cap_header_struct caps_header = { _LINUX_CAPABILITY_VERSION_3, 0 };
static struct __user_cap_header_struct unknown_version = { 1, 0 },
				       nobodys = { _LINUX_CAPABILITY_VERSION_3, NO_PID };
static struct __user_cap_data_struct no_caps[2], more[2] = { { .effective = 1 } };
static const struct bad cap_headers[] = { { "null", 0 },
					  { "unmapped", HOLE },
					  { "half", HOLE - 4 },
					  { "noaccess", NOACCESS },
					  { "kernel", KERNEL },
					  { "unknown", (word)&unknown_version },
					  { "nobody's", (word)&nobodys },
					  NO_MORE };
static const struct bad cap_sets[] = { { "null", 0 },
				       { "unmapped", HOLE },
				       { "half", HALF },
				       { "noaccess", NOACCESS },
				       { "kernel", KERNEL },
				       { "not permitted", (word)more },
				       NO_MORE };
static void knows_no_version(word *arg)
{
	(void)arg;
	unknown_version.version = 1; /* the call has written the one that is known */
}
static const struct bad no_secure_bits[] = { { "unknown", 0x100 }, NO_MORE };
static const struct bad no_cap[] = { { "41", 41 }, { "-1", MINUS(1) }, NO_MORE };
static const struct bad group_counts[] = { { "65537", 65537 }, { "negative", MINUS(1) }, NO_MORE };
static void joins_a_group(word *arg)
{
	(void)arg;
	syscall(SYS_setgroups, 1, root_groups);
}
static const struct bad nobody[] = { { "nobody", NO_PID }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad whose[] = { { "99", 99 }, { "-2", MINUS(2) }, NO_MORE };
static const struct bad mask_size[] = { { "0", 0 }, { "4", 4 }, NO_MORE };
static const struct bad policies[] = {
	{ "77", 77 }, { "4", 4 }, { "negative", MINUS(1) }, NO_MORE
};
static const struct sched_param ordinary = { 0 }, of_priority = { 1 };
static const struct bad params[] = { { "null", 0 },
				     { "unmapped", HOLE },
				     { "half", HOLE - 2 },
				     { "noaccess", NOACCESS },
				     { "kernel", KERNEL },
				     { "priority", (word)&of_priority },
				     NO_MORE };
static const struct bad out_int[] = { { "null", 0 },
				      { "unmapped", HOLE },
				      { "half", HOLE - 2 },
				      { "readonly", READONLY },
				      { "noaccess", NOACCESS },
				      { "kernel", KERNEL },
				      NO_MORE };
static const struct bad out_int_or_null[] = { { "unmapped", HOLE },	{ "half", HOLE - 2 },
					      { "readonly", READONLY }, { "noaccess", NOACCESS },
					      { "kernel", KERNEL },	NO_MORE };
static const unsigned long hart_0 = 1, no_hart, hart_63 = 1ul << 63;
static const struct bad masks[] = { { "null", 0 },
				    { "unmapped", HOLE },
				    { "half", HALF },
				    { "noaccess", NOACCESS },
				    { "kernel", KERNEL },
				    { "none", (word)&no_hart },
				    { "63", (word)&hart_63 },
				    NO_MORE };
static const struct bad no_bytes[] = { { "0", 0 }, NO_MORE };
/* As struct sched_attr: size, policy, flags, nice and priority, and three times. */
static const struct attributes {
	unsigned size, policy;
	word flags;
	int nice;
	unsigned priority;
	word times[3];
} attr = { .size = 48 }, attr_short = { .size = 47 }, attr_long = { .size = 4097 },
  attr_policy = { .size = 48, .policy = 77 }, attr_flags = { .size = 48, .flags = 1ul << 40 },
  attr_priority = { .size = 48, .priority = 1 };
static const struct bad attrs[] = { { "null", 0 },
				    { "unmapped", HOLE },
				    { "noaccess", NOACCESS },
				    { "kernel", KERNEL },
				    { "policy", (word)&attr_policy },
				    { "flags", (word)&attr_flags },
				    { "priority", (word)&attr_priority },
				    NO_MORE };
/* Linux writes the size that would suit there. */
static struct attributes attr_wrong;
static void makes_attr_short(word *arg)
{
	(void)arg;
	attr_wrong = attr_short;
}
static void makes_attr_long(word *arg)
{
	(void)arg;
	attr_wrong = attr_long;
}
static const struct bad attr_sizes[] = { { "wrong", (word)&attr_wrong }, NO_MORE };
static const struct bad room[] = { { "47", 47 }, { "4097", 4097 }, NO_MORE };
static const struct bad no_flags[] = { { "4", 4 }, { "all", MINUS(1) }, NO_MORE };
static const struct bad whose_nice[] = { { "3", 3 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad comparisons[] = { { "8", 8 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad closed[] = { { "closed", 1000 }, { "huge", MINUS(1) }, NO_MORE };
static void compares_itself(word *arg)
{
	arg[0] = arg[1] = (word)getpid();
}
static const struct bad barriers[] = {
	{ "two", 3 }, { "unknown", 1u << 20 }, { "negative", MINUS(1) }, NO_MORE
};
static const struct bad unregistered[] = { { "not registered", 8 }, NO_MORE };
static const struct bad options[] = { { "unknown", 4711 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad names[] = { { "null", 0 },
				    { "unmapped", HOLE },
				    { "noaccess", NOACCESS },
				    { "kernel", KERNEL },
				    { "endless", ENDLESS + PAGE - 8 },
				    NO_MORE };
static const struct bad random_flags[] = {
	{ "unknown", 8 }, { "both", 2 | 4 }, { "all", MINUS(1) }, NO_MORE
};
static const struct bad actions[] = { { "unknown", 99 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad log_levels[] = {
	{ "0", 0 }, { "9", 9 }, { "negative", MINUS(1) }, NO_MORE
};
static const struct bad log_size[] = { { "negative", MINUS(1) }, NO_MORE };
static const struct bad list_size[] = { { "0", 0 }, { "23", 23 }, { "huge", MINUS(1) }, NO_MORE };
static const struct bad switches[] = { { "2", 2 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad random_bytes[] = { { "null", 0 },
					   { "unmapped", HOLE },
					   { "page", LAST },
					   { "readonly", READONLY },
					   { "noaccess", NOACCESS },
					   { "kernel", KERNEL },
					   NO_MORE };
static const struct bad zeros[] = { { "1", 1 }, NO_MORE };
static const struct bad mdwe_bits[] = {
	{ "no inherit", 2 }, { "4", 4 }, { "negative", MINUS(1) }, NO_MORE
};

/* A child that is traced and stopped; the last one is gone. */
static pid_t tracee;

static void kill_tracee(void)
{
	if (tracee > 0) {
		kill(tracee, SIGKILL);
		waitpid(tracee, NULL, __WALL);
	}
	tracee = 0;
}

static void traces(word *arg)
{
	kill_tracee();
	tracee = fork();
	if (tracee == 0) {
		syscall(SYS_ptrace, 0 /* PTRACE_TRACEME */, 0, 0, 0);
		for (;;)
			raise(SIGSTOP);
	}
	waitpid(tracee, NULL, 0);
	arg[1] = (word)tracee;
}

/* One that is not traced. */
static void has_a_child(word *arg)
{
	kill_tracee();
	tracee = fork();
	if (tracee == 0)
		for (;;)
			pause();
	arg[1] = (word)tracee;
}

static void has_a_child_to_copy(word *arg)
{
	word nobody_else[2];

	if (tracee <= 0 || kill(tracee, 0) != 0)
		has_a_child(nobody_else);
	arg[0] = (word)tracee;
}

static const struct iovec copied[2] = { { (void *)DATA, 100 }, { (void *)(DATA + PAGE), 100 } },
			  no_base[2] = { { (void *)HOLE, 100 }, { (void *)DATA, 100 } },
			  kernels[2] = { { (void *)KERNEL, 100 }, { (void *)DATA, 100 } },
			  below_zero[2] = { { (void *)DATA, 100 }, { (void *)DATA, -1ul } };
static const struct bad copied_lists[] = { { "null", 0 },
					   { "half", HOLE - 16 },
					   { "kernel", KERNEL },
					   { "no base", (word)no_base },
					   { "kernel's", (word)kernels },
					   { "too long", (word)below_zero },
					   NO_MORE };
static const struct bad copied_counts[] = { { "1025", 1025 }, { "negative", MINUS(1) }, NO_MORE };
static struct iovec registers = { (void *)DATA, 256 };
static const struct bad requests[] = { { "unknown", 99 }, { "step", 9 }, { "user", 3 }, NO_MORE };
static const struct bad tracees[] = {
	{ "nobody", NO_PID }, { "negative", MINUS(1) }, { "itself", 0 }, NO_MORE
};
static const struct bad places[] = {
	{ "null", 0 }, { "half", HALF }, { "kernel", KERNEL }, NO_MORE
};
static const struct bad resume_signals[] = { { "65", 65 }, { "all", MINUS(1) }, NO_MORE };
static const struct bad trace_options[] = { { "unknown", 0x100 }, { "all", MINUS(1) }, NO_MORE };
static const struct bad seize_addr[] = { { "not 0", 8 }, NO_MORE };
static const struct bad kinds[] = { { "none", 0 }, { "unknown", 99 }, NO_MORE };
static const struct bad trace_mask_size[] = { { "4", 4 }, { "16", 16 }, NO_MORE };
static const struct {
	uint64_t off;
	uint32_t flags;
	int32_t nr;
} none_queued = { 0, 0, 1 };

static void lets_go(void)
{
	kill_tracee();
	unlink("script");
	unlink("text");
	unlink("header");
	unlink("no-interpreter");
	unlink("bad-interpreter");
}

static void make_text(const char *path, const char *bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	(void)!write(fd, bytes, strlen(bytes));
	close(fd);
}

static void make_program(const char *path, const char *interpreter)
{
	const size_t at = CODE + 64, bytes = strlen(interpreter) + 1;

	fresh_image();
	img.eh.e_phnum = 2;
	img.ph[1] = (Elf64_Phdr){ PT_INTERP, PF_R, at, BASE + at, BASE + at, bytes, bytes, 1 };
	memcpy(img.bytes + at, interpreter, bytes);
	img.size = at + bytes;
	img.ph[0].p_filesz = img.ph[0].p_memsz = img.size;
	save_image(path);
}

static void makes_programs(word *arg)
{
	(void)arg;
	*(const char **)(HOLE - 8) = args[0]; /* of the other ones there is nothing */
	if (access("script", F_OK) == 0)
		return;
	memset(longest, 'x', sizeof(longest) - 1);
	make_text("script", "#!missing\n");
	make_text("text", "hello\n");
	make_program("no-interpreter", "missing");
	make_program("bad-interpreter", "text");
	img.size = sizeof(Elf64_Ehdr);
	save_image("header");
}

static const struct pair_exception no_process[] = {
	{ "1 negative", "2 nobody's", ESRCH,
	  "-1 alone is EINVAL as the group that 0 stands for then" },
	NO_MORE
};

#define SELF (word) "/proc/self/exe"

/* The first version of its struct: only the exit signal is given. */
static const uint64_t child_args[8] = { [4] = SIGCHLD };
static const struct bad child_args_size[] = { { "63", 63 }, { "4097", 4097 }, NO_MORE };

static const struct bad names_in[] = {
	{ "null", 0 }, { "unmapped", HOLE }, { "noaccess", NOACCESS }, { "kernel", KERNEL }, NO_MORE
};
static const struct bad name_sizes[] = { { "negative", MINUS(1) }, { "long", 65 }, NO_MORE };
static struct utsname real_names;

/* Before the first call changes them, they are kept. */
__attribute__((constructor)) static void keep_names(void)
{
	uname(&real_names);
}

static void names_again(const word *arg, long result)
{
	(void)arg, (void)result;
	syscall(SYS_sethostname, real_names.nodename, strlen(real_names.nodename));
	syscall(SYS_setdomainname, real_names.domainname, strlen(real_names.domainname));
}

static void ends_rseq(word *arg)
{
	(void)arg;
	libc_rseq_end();
}

static const struct bad probe_flags[] = { { "unknown", 2 }, NO_MORE };
static const struct bad rseq_areas[] = { { "odd", DATA + 8 }, { "kernel", KERNEL }, NO_MORE };
static const struct bad rseq_sizes[] = { { "none", 0 }, { "less", 31 }, NO_MORE };
static const struct bad rseq_flags[] = { { "unregister", 1 }, { "unknown", 2 }, NO_MORE };

static const struct row rows[] = {
	CALL(clone3, RIGHT((word)child_args, sizeof(child_args)), BAD(in, child_args_size),
	     .how = FORKS),
	CALL(clone, RIGHT(SIGCHLD), BAD(clone_flags), .how = FORKS),
	CALL_AS("clone(CLONE_PARENT_SETTID)", clone,
		RIGHT(SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, 0, DATA, 0, DATA),
		BAD(clone_flags, NULL, out, NULL, out), .how = FORKS),
	CALL_AS("clone(CLONE_PIDFD)", clone,
		RIGHT(SIGCHLD | CLONE_PIDFD | CLONE_CHILD_SETTID, 0, DATA, 0, DATA + 64),
		BAD(pidfd_flags, NULL, out_number, NULL, out), .how = FORKS),
	CALL(execve, RIGHT(SELF, (word)args, 0), BAD(programs, strings, few_strings),
	     .before = makes_programs, .how = FORKS),
	CALL(execveat, RIGHT(FD_HERE, SELF, (word)args, 0),
	     BAD(NULL, few_programs, few_strings, few_strings, exec_flags),
	     .before = makes_programs, .how = FORKS),
	CALL_AS("execveat(a name)", execveat, RIGHT(FD_HERE, (word) "file", (word)args, 0),
		BAD(at, NULL, few_strings, NULL, exec_flags), .how = FORKS),
	CALL(wait4, RIGHT(0, DATA, 0, DATA + 64),
	     BAD(waited, out_or_null, wait_options, out_or_null), .before = waits_for_ended,
	     .how = HIDES),
	CALL(waitid, RIGHT(P_PID, 0, DATA, WEXITED, DATA + 256),
	     BAD(id_kinds, ids, out_or_null, id_options, out_or_null),
	     .before = waits_for_ended_by_id, .how = HIDES),
	CALL_AS("waitid(P_PIDFD)", waitid, RIGHT(P_PIDFD, FD_CHILD, DATA, WEXITED, DATA + 256),
		BAD(id_kinds, pidfds, out_or_null, id_options, out_or_null),
		.before = waits_by_pidfd, .how = HIDES),
	CALL(setpgid, RIGHT(0, 0), BAD(nobody, groups), .how = FORKS, .exceptions = no_process),
	CALL(getpgid, RIGHT(0), BAD(nobody), .how = HIDES),
	CALL(getsid, RIGHT(0), BAD(nobody), .how = HIDES),
	CALL_AS("futex(FUTEX_WAIT)", futex, RIGHT(FUTEX, FUTEX_WAIT, 0, (word)&soon),
		BAD(futexes, futex_operations, other_value, timespec_or_null),
		.before = resets_futexes),
	CALL_AS("futex(FUTEX_WAIT_BITSET)", futex,
		RIGHT(FUTEX, FUTEX_WAIT_BITSET, 0, (word)&soon, 0, 1),
		BAD(futexes, futex_operations, other_value, timespec_or_null, NULL, no_bits),
		.before = resets_futexes),
	CALL_AS("futex(FUTEX_WAKE)", futex, RIGHT(FUTEX, FUTEX_WAKE, 1),
		BAD(futexes, futex_operations), .before = resets_futexes),
	CALL_AS("futex(FUTEX_REQUEUE)", futex, RIGHT(FUTEX, FUTEX_REQUEUE, 1, 1, SECOND_FUTEX),
		BAD(futexes, futex_operations, negative_count, negative_count, futexes),
		.before = resets_futexes),
	CALL_AS("futex(FUTEX_CMP_REQUEUE)", futex,
		RIGHT(FUTEX, FUTEX_CMP_REQUEUE, 1, 1, SECOND_FUTEX),
		BAD(futexes, futex_operations, negative_count, negative_count, futexes,
		    other_value),
		.before = resets_futexes),
	CALL_AS("futex(FUTEX_WAKE_OP)", futex, RIGHT(FUTEX, FUTEX_WAKE_OP, 1, 1, SECOND_FUTEX),
		BAD(futexes, futex_operations, NULL, NULL, futexes, wake_operations),
		.before = resets_futexes),
	CALL(futex_waitv,
	     RIGHT((word)waited_words, 2, 0, (word)&soon, CLOCK_MONOTONIC, 0, SECOND_FUTEX, 2, 0),
	     BAD(word_lists, word_counts, ones, timespec_or_null, clock_any, word_values, futexes,
		 word_flags, ones),
	     .before = resets_futexes, .call = waits_for_words),
	CALL(futex_wake, RIGHT(FUTEX, 1, 1, 2), BAD(futexes, wake_masks, NULL, word_flags),
	     .before = resets_futexes),
	CALL(futex_wait, RIGHT(FUTEX, 0, 1, 2, (word)&soon, CLOCK_MONOTONIC),
	     BAD(futexes, word_values, wake_masks, word_flags, timespec_or_null, clock_any),
	     .before = resets_futexes),
	CALL(futex_requeue, RIGHT((word)requeued_words, 0, 1, 1),
	     BAD(word_lists, ones, negative_count, negative_count), .before = resets_futexes),
	CALL(unshare, RIGHT(CLONE_FS | CLONE_FILES), BAD(unshare_flags)),
	CALL(setns, RIGHT(FD_RW, 0), BAD(not_namespaces, ones)),
	/* A program that names a kernel to restart with, or puts Linux to sleep, is not tried. */
	CALL(reboot, RIGHT(0xfee1dead, 672274793, 0), BAD(magics, magics, reboot_commands)),
	CALL(set_robust_list, RIGHT(DATA, 24), BAD(NULL, list_size), .how = FORKS),
	CALL(rseq, RIGHT(DATA, 32, 0, RSEQ_SIGNATURE), BAD(rseq_areas, rseq_sizes, rseq_flags),
	     .before = ends_rseq, .how = FORKS),
	CALL(get_robust_list, RIGHT(0, DATA, DATA + 8), BAD(nobody, out, out)),
	CALL(prlimit64, RIGHT(0, RLIMIT_CORE, (word)&plenty, DATA),
	     BAD(nobody, resources, limits, out_or_null)),
	CALL(getrlimit, RIGHT(RLIMIT_CORE, DATA), BAD(resources, out)),
	CALL(setrlimit, RIGHT(RLIMIT_CORE, (word)&plenty), BAD(resources, new_limits)),
	CALL(setuid, RIGHT(0), BAD(no_id)),
	CALL(setgid, RIGHT(0), BAD(no_id)),
	CALL(setreuid, RIGHT(0, MINUS(1))),
	CALL(setregid, RIGHT(0, MINUS(1))),
	CALL(setresuid, RIGHT(0, MINUS(1), 0)),
	CALL(setresgid, RIGHT(0, MINUS(1), 0)),
	CALL(setfsuid, RIGHT(0)),
	CALL(setfsgid, RIGHT(0)),
	CALL(getresuid, RIGHT(DATA, DATA + 8, DATA + 16), BAD(out_int, out_int, out_int)),
	CALL(getresgid, RIGHT(DATA, DATA + 8, DATA + 16), BAD(out_int, out_int, out_int)),
	CALL(setgroups, RIGHT(2, (word)root_groups), BAD(group_counts, in), .how = FORKS),
	CALL(getgroups, RIGHT(1, DATA), BAD(negative_count, out_int), .before = joins_a_group),
	CALL(capget, RIGHT((word)&caps_header, DATA), BAD(cap_headers, out),
	     .before = knows_no_version),
	CALL(capset, RIGHT((word)&caps_header, (word)no_caps), BAD(cap_headers, cap_sets),
	     .how = FORKS, .before = knows_no_version),
	CALL(getrusage, RIGHT(RUSAGE_SELF, DATA), BAD(whose, out)),
	CALL(sched_getaffinity, RIGHT(0, 8, DATA), BAD(nobody, mask_size, out)),
	CALL(sched_setaffinity, RIGHT(0, 8, (word)&hart_0), BAD(nobody, no_bytes, masks)),
	CALL(riscv_hwprobe, RIGHT(DATA, 1, 8, (word)&hart_0, 0),
	     BAD(out, NULL, NULL, masks, probe_flags)),
	CALL(sched_setscheduler, RIGHT(0, SCHED_OTHER, (word)&ordinary),
	     BAD(nobody, policies, params)),
	CALL(sched_getscheduler, RIGHT(0), BAD(nobody)),
	CALL(sched_setparam, RIGHT(0, (word)&ordinary), BAD(nobody, params)),
	CALL(sched_getparam, RIGHT(0, DATA), BAD(nobody, out_int)),
	CALL(sched_get_priority_max, RIGHT(SCHED_OTHER), BAD(policies)),
	CALL(sched_get_priority_min, RIGHT(SCHED_OTHER), BAD(policies)),
	CALL(sched_rr_get_interval, RIGHT(0, DATA), BAD(nobody, out)),
	CALL(sched_setattr, RIGHT(0, (word)&attr, 0), BAD(nobody, attrs, no_flags)),
	CALL_AS("sched_setattr(short)", sched_setattr, RIGHT(0, (word)&attr, 0),
		BAD(nobody, attr_sizes, no_flags), .before = makes_attr_short),
	CALL_AS("sched_setattr(long)", sched_setattr, RIGHT(0, (word)&attr, 0),
		BAD(nobody, attr_sizes, no_flags), .before = makes_attr_long),
	CALL(sched_getattr, RIGHT(0, DATA, 48, 0), BAD(nobody, out, room, no_flags)),
	CALL(setpriority, RIGHT(PRIO_PROCESS, 0, 0), BAD(whose_nice, nobody)),
	CALL_AS("setpriority(PRIO_PGRP)", setpriority, RIGHT(PRIO_PGRP, 0, 0),
		BAD(whose_nice, nobody)),
	CALL(getpriority, RIGHT(PRIO_PROCESS, 0), BAD(whose_nice, nobody)),
	CALL_AS("getpriority(PRIO_PGRP)", getpriority, RIGHT(PRIO_PGRP, 0),
		BAD(whose_nice, nobody)),
	CALL_AS("getpriority(PRIO_USER)", getpriority, RIGHT(PRIO_USER, 0), BAD(whose_nice, nobody),
		.how = HIDES),
	CALL(getcpu, RIGHT(DATA, DATA + 8), BAD(out_int_or_null, out_int_or_null)),
	CALL(kcmp, RIGHT(0, 0, 0, 1, 1), BAD(nobody, nobody, comparisons, closed, closed),
	     .before = compares_itself),
	CALL(personality, RIGHT(0xffffffff)),
	CALL(membarrier, RIGHT(1, 0, 0), BAD(barriers, zeros)),
	CALL_AS("membarrier(private)", membarrier, RIGHT(1, 0, 0), BAD(unregistered)),
	CALL_AS("prctl(PR_SET_NAME)", prctl, RIGHT(PR_SET_NAME, (word) "errnos"),
		BAD(options, names)),
	CALL_AS("prctl(PR_GET_NAME)", prctl, RIGHT(PR_GET_NAME, DATA), BAD(options, out)),
	CALL_AS("prctl(PR_SET_PDEATHSIG)", prctl, RIGHT(PR_SET_PDEATHSIG, 0),
		BAD(options, signal_any)),
	CALL_AS("prctl(PR_GET_PDEATHSIG)", prctl, RIGHT(PR_GET_PDEATHSIG, DATA), BAD(NULL, out)),
	CALL_AS("prctl(PR_SET_DUMPABLE)", prctl, RIGHT(PR_SET_DUMPABLE, 1), BAD(NULL, switches)),
	CALL_AS("prctl(PR_SET_NO_NEW_PRIVS)", prctl, RIGHT(PR_SET_NO_NEW_PRIVS, 1),
		BAD(NULL, switches, zeros, zeros, zeros), .how = FORKS),
	CALL_AS("prctl(PR_SET_KEEPCAPS)", prctl, RIGHT(PR_SET_KEEPCAPS, 0), BAD(NULL, switches)),
	CALL_AS("prctl(PR_CAPBSET_READ)", prctl, RIGHT(PR_CAPBSET_READ, 0), BAD(NULL, no_id)),
	CALL_AS("prctl(PR_CAPBSET_DROP)", prctl, RIGHT(PR_CAPBSET_DROP, 40), BAD(NULL, no_cap),
		.how = FORKS),
	CALL_AS("prctl(PR_SET_SECUREBITS)", prctl, RIGHT(PR_SET_SECUREBITS, 0),
		BAD(NULL, no_secure_bits), .how = FORKS),
	CALL_AS("prctl(PR_GET_CHILD_SUBREAPER)", prctl, RIGHT(PR_GET_CHILD_SUBREAPER, DATA),
		BAD(NULL, out_int)),
	CALL_AS("prctl(PR_GET_TID_ADDRESS)", prctl, RIGHT(PR_GET_TID_ADDRESS, DATA),
		BAD(NULL, out)),
	CALL_AS("prctl(PR_SET_MDWE)", prctl, RIGHT(65, 1),
		BAD(NULL, mdwe_bits, zeros, zeros, zeros), .how = FORKS),
	CALL_AS("prctl(PR_GET_MDWE)", prctl, RIGHT(66), BAD(NULL, zeros, zeros, zeros, zeros)),
	CALL_AS("prctl(PR_GET_AUXV)", prctl, RIGHT(PR_GET_AUXV, DATA, 32),
		BAD(NULL, out, NULL, zeros, zeros), .how = HIDES),
	CALL_AS("ptrace(PTRACE_TRACEME)", ptrace, RIGHT(0), .how = FORKS),
	CALL_AS("ptrace(PTRACE_ATTACH)", ptrace, RIGHT(16), BAD(NULL, tracees),
		.before = has_a_child),
	CALL_AS("ptrace(PTRACE_SEIZE)", ptrace, RIGHT(0x4206),
		BAD(NULL, tracees, seize_addr, trace_options), .before = has_a_child),
	CALL_AS("ptrace(PTRACE_PEEKDATA)", ptrace, RIGHT(2, 0, DATA, DATA),
		BAD(requests, tracees, places, out), .before = traces),
	CALL_AS("ptrace(PTRACE_POKEDATA)", ptrace, RIGHT(5, 0, DATA, 0),
		BAD(requests, tracees, places), .before = traces),
	CALL_AS("ptrace(PTRACE_CONT)", ptrace, RIGHT(7),
		BAD(requests, tracees, NULL, resume_signals), .before = traces),
	CALL_AS("ptrace(PTRACE_DETACH)", ptrace, RIGHT(17),
		BAD(NULL, tracees, NULL, resume_signals), .before = traces),
	CALL_AS("ptrace(PTRACE_KILL)", ptrace, RIGHT(8), BAD(NULL, tracees), .before = traces),
	CALL_AS("ptrace(PTRACE_SETOPTIONS)", ptrace, RIGHT(0x4200),
		BAD(NULL, tracees, NULL, trace_options), .before = traces),
	CALL_AS("ptrace(PTRACE_GETEVENTMSG)", ptrace, RIGHT(0x4201, 0, 0, DATA),
		BAD(NULL, tracees, NULL, out), .before = traces),
	CALL_AS("ptrace(PTRACE_GETSIGINFO)", ptrace, RIGHT(0x4202, 0, 0, DATA),
		BAD(NULL, tracees, NULL, out), .before = traces),
	CALL_AS("ptrace(PTRACE_SETSIGINFO)", ptrace, RIGHT(0x4203, 0, 0, DATA),
		BAD(NULL, tracees, NULL, in), .before = traces),
	CALL_AS("ptrace(PTRACE_GETREGSET)", ptrace, RIGHT(0x4204, 0, 1, (word)&registers),
		BAD(NULL, tracees, kinds, in), .before = traces),
	CALL_AS("ptrace(PTRACE_INTERRUPT)", ptrace, RIGHT(0x4207), BAD(NULL, tracees),
		.before = traces),
	CALL_AS("ptrace(PTRACE_LISTEN)", ptrace, RIGHT(0x4208), BAD(NULL, tracees),
		.before = traces),
	CALL_AS("ptrace(PTRACE_PEEKSIGINFO)", ptrace, RIGHT(0x4209, 0, (word)&none_queued, DATA),
		BAD(NULL, tracees, in), .before = traces),
	CALL_AS("ptrace(PTRACE_GETSIGMASK)", ptrace, RIGHT(0x420a, 0, 8, DATA),
		BAD(NULL, tracees, trace_mask_size, out), .before = traces),
	CALL_AS("ptrace(PTRACE_SETSIGMASK)", ptrace, RIGHT(0x420b, 0, 8, DATA),
		BAD(NULL, tracees, trace_mask_size, in), .before = traces),
	CALL_AS("ptrace(PTRACE_GET_SYSCALL_INFO)", ptrace, RIGHT(0x420e, 0, 24, DATA),
		BAD(NULL, tracees, NULL, out), .before = traces),
	CALL(process_vm_readv, RIGHT(0, (word)copied, 2, (word)copied, 2),
	     BAD(nobody, copied_lists, copied_counts, copied_lists, copied_counts, zeros),
	     .before = has_a_child_to_copy),
	CALL(process_vm_writev, RIGHT(0, (word)copied, 2, (word)copied, 2),
	     BAD(nobody, copied_lists, copied_counts, copied_lists, copied_counts, zeros),
	     .before = has_a_child_to_copy),
	CALL(getrandom, RIGHT(DATA, 5000, 0), BAD(random_bytes, NULL, random_flags)),
	CALL(uname, RIGHT(DATA), BAD(out)),
	CALL(sethostname, RIGHT((word) "errnos", 6), BAD(names_in, name_sizes),
	     .after = names_again),
	CALL(setdomainname, RIGHT((word) "errnos", 6), BAD(names_in, name_sizes),
	     .after = names_again),
	CALL(sysinfo, RIGHT(DATA), BAD(out)),
	CALL(syslog, RIGHT(3, DATA, 0), BAD(actions, out, log_size), .how = HIDES),
	CALL_AS("syslog(CONSOLE_LEVEL)", syslog, RIGHT(8, DATA, 1), BAD(NULL, NULL, log_levels)),
};

const struct group processes_group = {
	.name = "processes", .rows = rows, .count = sizeof(rows) / sizeof(rows[0]), .clear = lets_go
};
