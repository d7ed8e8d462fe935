/* SPDX-License-Identifier: MIT */
/* Running images: the object, its path, and the refusal of writers. */
#include "proc/exe.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/object.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

static const char *exe_path(const void *exe)
{
	return ((const struct exe *)exe)->path;
}

COUNTED_KIND(exe_kind, "image", struct exe, exe_path);

int exe_create(struct object *object, const char *path, struct exe **exe_ret)
{
	size_t size = strlen(path) + 1;
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
	memcpy(exe->path, path, size);
	counted_begin(&exe_kind, &exe->counted, &exe->refs.n);
	*exe_ret = exe;
	return 0;
}

void exe_get(struct exe *exe)
{
	refcount_get_fast(&exe->refs);
}

void exe_put(struct exe *exe)
{
	if (!refcount_put_fast(&exe->refs))
		return;
	counted_end(&exe->counted);
	object_allow_write(exe->object);
	object_unuse(exe->object);
	kfree(exe);
}
