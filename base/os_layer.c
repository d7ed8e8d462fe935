/* SPDX-License-Identifier: MIT */
/* Takes the layer that the kernel is linked with. */
#include "base/os_layer.h"

#include "lib/bits.h"
#include "lib/format.h"

struct os_layer os_layer; /* const after boot */

static const struct {
	const char *name;
	size_t offset;
} hooks[] = {
#define HOOK(type, name, args) { #name, offsetof(struct os_layer, name) },
#include "base/os_layer.def"
#undef HOOK
};

static bool is_filled(const struct os_layer *layer, unsigned hook)
{
	return *(void *const *)((const char *)layer + hooks[hook].offset) != NULL;
}

const char *os_layer_init(const struct os_layer *begin, const struct os_layer *end)
{
	static char wrong[80]; /* private to the boot */

	if (begin == end)
		return "no layer is on the core";
	if (end - begin > 1)
		return "several layers are on the core, and each fills its hooks";
	for (unsigned i = 0; i < ARRAY_SIZE(hooks); i++)
		if (!is_filled(begin, i)) {
			ksnprintf(wrong, sizeof(wrong), "the layer on the core does not fill '%s'",
				  hooks[i].name);
			return wrong;
		}
	if (!begin->thread_size || !begin->process_size || !begin->file_size ||
	    !begin->fdtable_size || !begin->pipe_size)
		return "the layer on the core does not say how large its structs are";
	if (!begin->calls)
		return "the layer on the core has no system calls";
	os_layer = *begin;
	return NULL;
}
