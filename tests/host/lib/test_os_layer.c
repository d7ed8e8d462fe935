/* SPDX-License-Identifier: MIT */
/* The table of hooks: which layers the kernel starts with (base/os_layer.c). */
#include "base/os_layer.h"

#include "lib/string.h"
#include "test.h"

static void hook(void)
{
}

/* A layer that fills every hook. What it fills them with is never called. */
static struct os_layer whole(void)
{
	static const syscall_fn calls[1];
	struct os_layer layer = { .thread_size = 1,
				  .process_size = 1,
				  .file_size = 1,
				  .fdtable_size = 1,
				  .pipe_size = 1,
				  .calls = calls };

#define HOOK(type, name, args) layer.name = (type(*) args)hook;
#include "base/os_layer.def"
#undef HOOK
	return layer;
}

TEST(a_whole_layer_is_taken)
{
	struct os_layer layer = whole();

	assert_null(os_layer_init(&layer, &layer + 1));
	assert_memory_equal(&layer, &os_layer, sizeof(layer));
}

TEST(none_and_several_are_refused)
{
	struct os_layer layers[] = { whole(), whole() };

	assert_string_equal("no layer is on the core", os_layer_init(layers, layers));
	assert_string_equal("several layers are on the core, and each fills its hooks",
			    os_layer_init(layers, layers + 2));
}

TEST(each_hook_that_is_left_out_is_named)
{
	struct os_layer layer;
	const char *wrong;

#define HOOK(type, name_, args)                    \
	layer = whole();                           \
	layer.name_ = NULL;                        \
	wrong = os_layer_init(&layer, &layer + 1); \
	assert_string_equal("the layer on the core does not fill '" #name_ "'", wrong);
#include "base/os_layer.def"
#undef HOOK
	layer = whole();
	layer.thread_size = 0;
	assert_string_equal("the layer on the core does not say how large its structs are",
			    os_layer_init(&layer, &layer + 1));
	layer = whole();
	layer.process_size = 0;
	assert_string_equal("the layer on the core does not say how large its structs are",
			    os_layer_init(&layer, &layer + 1));
	layer = whole();
	layer.file_size = 0;
	assert_string_equal("the layer on the core does not say how large its structs are",
			    os_layer_init(&layer, &layer + 1));
	layer = whole();
	layer.fdtable_size = 0;
	assert_string_equal("the layer on the core does not say how large its structs are",
			    os_layer_init(&layer, &layer + 1));
	layer = whole();
	layer.pipe_size = 0;
	assert_string_equal("the layer on the core does not say how large its structs are",
			    os_layer_init(&layer, &layer + 1));
	layer = whole();
	layer.calls = NULL;
	assert_string_equal("the layer on the core has no system calls",
			    os_layer_init(&layer, &layer + 1));
}
