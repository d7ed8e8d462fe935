/* SPDX-License-Identifier: MIT */
/* Makes the name of a core file of the pattern that root has set. */
#include "linux/fs/dump/core_name.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/process/cred.h"
#include "linux/process/limits.h"
#include "linux/process/uts.h"
#include "proc/exe.h"
#include "proc/process.h"
#include "sync/spinlock.h"

static struct spinlock pattern_lock = SPINLOCK_INIT(LOCK_PROCESS);
static char pattern_now[CORE_PATTERN_MAX] = "core"; /* guarded by pattern_lock */
uint64_t core_uses_pid[1];

void core_pattern_read(char *pattern)
{
	spin_lock(&pattern_lock);
	memcpy(pattern, pattern_now, CORE_PATTERN_MAX);
	spin_unlock(&pattern_lock);
}

int core_pattern_set(const char *pattern)
{
	if (*pattern == '|')
		return -EINVAL;
	spin_lock(&pattern_lock);
	str_copy(pattern_now, pattern, CORE_PATTERN_MAX);
	spin_unlock(&pattern_lock);
	return 0;
}

struct core_name {
	char *text;
	size_t size, len;
	bool fits;
	bool has_pid;
};

static void core_name_put_number(struct core_name *name, uint64_t number)
{
	name->fits &= kappendf(name->text, name->size, &name->len, "%lu", (unsigned long)number);
}

/* What others choose is one component of a path, and as on Linux none of those with a meaning. */
static void put_component(struct core_name *name, const char *text)
{
	char *start = name->text + name->len;

	name->fits &= kappendf(name->text, name->size, &name->len, "%s", *text ? text : "!");
	if (strcmp(start, ".") == 0 || strcmp(start, "..") == 0)
		*start = '!';
	for (char *c = start; *c; c++)
		if (*c == '/')
			*c = '!';
}

/* The path of the program, or if `last` is set the last component of it. */
static void put_program(struct core_name *name, bool last)
{
	const struct exe *exe = current_process()->exe;
	const char *path = exe ? exe->name : "", *slash = strrchr(path, '/');

	put_component(name, last && slash ? slash + 1 : path);
}

/* As on Linux, what has no meaning is left out. */
static void put_fact(struct core_name *name, char which, int sig)
{
	const struct thread *thread = current_thread();
	struct abi_utsname uts;

	switch (which) {
	case '%':
		name->fits &= kappendf(name->text, name->size, &name->len, "%%");
		break;
	case 'p':
	case 'P':
		name->has_pid |= which == 'p';
		core_name_put_number(name, (uint64_t)thread->process->pid);
		break;
	case 'i':
	case 'I':
		core_name_put_number(name, (uint64_t)thread->tid);
		break;
	case 'u':
		core_name_put_number(name, current_cred()->uid);
		break;
	case 'g':
		core_name_put_number(name, current_cred()->gid);
		break;
	case 'd':
		core_name_put_number(name,
				     1); /* only processes that may be dumped have core files */
		break;
	case 's':
		core_name_put_number(name, (uint64_t)sig);
		break;
	case 't':
		core_name_put_number(name, clock_wall_ns() / NSEC_PER_SEC);
		break;
	case 'h':
		uts_read(&uts);
		put_component(name, uts.nodename);
		break;
	case 'e':
		put_component(name, thread->name);
		break;
	case 'f':
	case 'E':
		put_program(name, which == 'f');
		break;
	case 'c':
		core_name_put_number(name, process_own_limit(RLIMIT_CORE));
		break;
	case 'C':
		core_name_put_number(name, hart_this()->index);
		break;
	default:
		break;
	}
}

int core_name_make(char *text, size_t size, int sig)
{
	struct core_name name = { .text = text, .size = size, .fits = true };
	char pattern[CORE_PATTERN_MAX];

	text[0] = '\0';
	core_pattern_read(pattern);
	for (const char *c = pattern; *c; c++) {
		if (*c != '%')
			name.fits &= kappendf(text, size, &name.len, "%c", *c);
		else if (*++c)
			put_fact(&name, *c, sig);
		else
			break;
	}
	if (!name.has_pid && atomic_load_relaxed(&core_uses_pid[0]))
		name.fits &= kappendf(text, size, &name.len, ".%d", current_process()->pid);
	return name.fits ? 0 : -ENAMETOOLONG;
}
