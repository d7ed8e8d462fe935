/* SPDX-License-Identifier: MIT */
/* Running images: the object, its name, and the refusal of writers. */
#include "proc/exe.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "base/log.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "sync/spinlock.h"

static const char *image_name(const void *exe)
{
	return ((const struct exe *)exe)->name;
}

COUNTED_KIND(exe_kind, "image", struct exe, image_name);

int exe_create(struct object *object, const char *name, struct exe **exe_ret)
{
	size_t size = strlen(name) + 1;
	struct exe *exe = mem_wait_kmalloc(sizeof(*exe) + size);
	int err;

	if (!exe)
		return -ENOMEM;
	err = object_deny_write(object);
	if (err) {
		kfree(exe);
		return err;
	}
	object_use(object);
	refcount_init(&exe->refs, 1);
	exe->object = object;
	exe->bias = 0;
	exe->reported_ns = 0;
	exe->ndeaths = 0;
	memcpy(exe->name, name, size);
	counted_begin(&exe_kind, &exe->counted, &exe->refs.n);
	*exe_ret = exe;
	return 0;
}

void exe_get(struct exe *exe)
{
	refcount_get_fast(&exe->refs);
}

/*
 * A program whose processes die over and over would fill the log, which has room for a thousand lines. Some have a line
 * after the first one's report, because a few may have died of different faults.
 */
#define REPORT_PAUSE_NS	  (10 * NSEC_PER_SEC)
#define REPORT_LINES_MOST 8u

static struct spinlock report_lock = SPINLOCK_INIT(LOCK_PROCESS);

static unsigned unreported(const struct exe *exe)
{
	return exe->ndeaths - MIN(exe->ndeaths, 1 + REPORT_LINES_MOST);
}

static void tell_unreported(const struct exe *exe, unsigned count)
{
	if (count)
		log_warn("trap", "%u more process%s of %s killed for faults", count,
			 count == 1 ? "" : "es", exe->name);
}

enum report_size exe_begin_report(struct exe *exe)
{
	uint64_t now = clock_ns();
	unsigned count = 0, n;

	spin_lock(&report_lock);
	if (exe->ndeaths == 0 || now - exe->reported_ns >= REPORT_PAUSE_NS) {
		count = unreported(exe);
		exe->ndeaths = 0;
		exe->reported_ns = now;
	}
	n = exe->ndeaths++;
	spin_unlock(&report_lock);
	tell_unreported(exe, count);
	if (n == 0)
		return REPORT_WHOLE;
	return n <= REPORT_LINES_MOST ? REPORT_LINE : REPORT_NOTHING;
}

void exe_put(struct exe *exe)
{
	if (!refcount_put_fast(&exe->refs))
		return;
	tell_unreported(exe, unreported(exe));
	counted_end(&exe->counted);
	object_allow_write(exe->object);
	object_unuse(exe->object);
	kfree(exe);
}
