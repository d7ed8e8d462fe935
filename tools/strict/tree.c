/* SPDX-License-Identifier: MIT */
/* What the firmware changes in the device tree: the kernel's memory, its harts, and what a hart can do. */
#include "harts.h"
#include "lib/bits.h"
#include "lib/fdt.h"
#include "lib/string.h"
#include "options.h"
#include "strict.h"

static void put_number(uint8_t *to, uint64_t number)
{
	for (unsigned i = 0; i < 8; i++)
		to[i] = (uint8_t)(number >> 8 * (7 - i));
}

/* The kernel's memory begins behind the firmware's. */
static void hide_firmware(const struct dt *dt)
{
	for (dt_node node = dt_root(dt); node >= 0; node = dt_next(dt, node)) {
		const char *type = dt_string(dt, node, "device_type");
		uint64_t address, size;
		uint32_t length;
		uint8_t *reg;

		if (!type || strcmp(type, "memory") != 0 ||
		    dt_reg(dt, node, 0, &address, &size) != 0 ||
		    address != (uint64_t)firmware_start)
			continue;
		reg = (uint8_t *)dt_prop(dt, node, "reg", &length);
		if (length != 16 || size < 2 * (KERNEL_RAM - address))
			break;
		ram_end = address + size;
		put_number(reg, KERNEL_RAM);
		put_number(reg + 8, ram_end - KERNEL_RAM);
		return;
	}
	firmware_panic("the device tree has no memory like that of QEMU's virt",
		       (uint64_t)dt->blob);
}

/* Removes a text from a property, whose end is then filled with zeros. */
static void remove_text(const struct dt *dt, dt_node node, const char *property, const char *text)
{
	uint32_t length, n = (uint32_t)strlen(text);
	char *data = (char *)dt_prop(dt, node, property, &length);

	for (uint32_t i = 0; data && i + n <= length; i++)
		if (memcmp(data + i, text, n) == 0) {
			memmove(data + i, data + i + n, length - i - n);
			memset(data + length - n, 0, n);
			return;
		}
}

/* stimecmp traps. As the extension is optional, kernels set timers by the SBI where it is missing. */
static void hide_sstc(const struct dt *dt)
{
	for (dt_node node = dt_root(dt); node >= 0; node = dt_next(dt, node)) {
		remove_text(dt, node, "riscv,isa", "_sstc");
		remove_text(dt, node, "riscv,isa-extensions", "sstc");
	}
}

/* ---- harts: QEMU's tree has one ---- */

/* Fields of the header, and tokens (devicetree specification, chapter 5). */
#define FDT_TOTALSIZE	4
#define FDT_OFF_STRINGS 12
#define FDT_SIZE_STRUCT 36

#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE   2u
#define FDT_PROP       3u

#define PROP_LENGTH 8 /* so far in front of a property's value is its length */
#define PROP_NAME   4 /* and so far where its name is among the strings */

#define FIRST_PHANDLE 0x1000u /* QEMU's are smaller */
#define PHANDLES      2u      /* of a hart: its own, and its interrupt controller's */

static uint32_t word_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_word(uint8_t *at, uint32_t word)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(word >> 8 * (3 - i));
}

/* The end of a node, which begins at `at`: behind its FDT_END_NODE. dt_init() has seen that it is well formed. */
static uint8_t *node_end(uint8_t *at)
{
	unsigned depth = 0;

	for (;;) {
		uint32_t token = word_at(at);

		at += 4;
		if (token == FDT_BEGIN_NODE) {
			depth++;
			at += ALIGN_UP(strlen((const char *)at) + 1, 4ul);
		} else if (token == FDT_PROP) {
			at += 8 + ALIGN_UP((uint64_t)word_at(at), 4ul);
		} else if (token == FDT_END_NODE && --depth == 0) {
			return at;
		}
	}
}

/* Gives the copy of a hart's node its own id and phandles. */
static void hart_rename(const struct dt *dt, dt_node node, const struct hart *hart)
{
	static const char digits[] = "0123456789abcdef";
	char *name = (char *)dt_name(dt, node) + strlen("cpu@");
	uint32_t length, phandle = FIRST_PHANDLE + PHANDLES * hart->number;
	dt_node below;
	uint8_t *value = (uint8_t *)dt_prop(dt, node, "reg", &length);

	put_word(value + length - 4, (uint32_t)hart->id);
	/* The name has room for three digits. */
	for (unsigned shift = hart->id > 0xff ? 8 : hart->id > 0xf ? 4 : 0;; shift -= 4) {
		*name++ = digits[hart->id >> shift & 0xf];
		if (shift == 0)
			break;
	}
	*name = 0;
	value = (uint8_t *)dt_prop(dt, node, "phandle", &length);
	if (value)
		put_word(value, phandle);
	dt_for_each_child(below, dt, node)
	{
		value = (uint8_t *)dt_prop(dt, below, "phandle", &length);
		if (value)
			put_word(value, phandle + 1);
	}
}

static dt_node find_hart(const struct dt *dt)
{
	dt_node node = dt_path(dt, "/cpus/cpu@0");
	uint32_t length;

	if (node < 0 || !dt_prop(dt, node, "reg", &length) || length < 4)
		firmware_panic("the device tree has no hart like that of QEMU's virt",
			       (uint64_t)dt->blob);
	return node;
}

/* Reads the tree again after a change. */
static void tree_read(struct dt *dt, const uint8_t *tree)
{
	const char *why;

	if (dt_init(dt, tree, ~0u >> 1, &why) != 0)
		firmware_panic(why, (uint64_t)tree);
}

/* Moves up what is in the tree from `at` on; nobody uses the memory there yet. The caller reads the tree again. */
static void make_room(const struct dt *dt, uint8_t *tree, uint8_t *at, uint32_t more)
{
	if (dt->strings < dt->structs || dt->reserved > dt->structs ||
	    !is_kernel_ram((uint64_t)tree, dt->size + more))
		firmware_panic("no room in the device tree for harts", (uint64_t)tree);
	memmove(at + more, at, (uint64_t)(tree + dt->size - at));
	put_word(tree + FDT_TOTALSIZE, dt->size + more);
	put_word(tree + FDT_OFF_STRINGS, dt->strings + more);
	put_word(tree + FDT_SIZE_STRUCT, dt->structs_size + more);
}

/*
 * Gives the PLIC contexts for all harts. QEMU's has those of one, and takes no notice of stores to
 * others; but Linux uses none of them unless each of its harts has one.
 */
static void add_contexts(struct dt *dt, uint8_t *tree)
{
	uint32_t length, pairs[4];
	dt_node node = dt_root(dt);
	uint8_t *value;

	while (node >= 0 && memcmp(dt_name(dt, node), "plic@", 5) != 0)
		node = dt_next(dt, node);
	value = node < 0 ? NULL : (uint8_t *)dt_prop(dt, node, "interrupts-extended", &length);
	if (!value || length != sizeof(pairs))
		firmware_panic("the device tree has no PLIC like that of QEMU's virt",
			       (uint64_t)tree);
	memcpy(pairs, value, sizeof(pairs));
	make_room(dt, tree, value + length, length * (options.harts - 1));
	put_word(value - PROP_LENGTH, length * options.harts);
	for (unsigned i = 1; i < options.harts; i++) {
		uint8_t *mine = value + i * length;

		memcpy(mine, pairs, sizeof(pairs));
		put_word(mine, FIRST_PHANDLE + PHANDLES * i + 1);
		put_word(mine + length / 2, FIRST_PHANDLE + PHANDLES * i + 1);
	}
	tree_read(dt, tree);
}

/* A property loses the first letter of its name. */
static void hide_property(const struct dt *dt, dt_node node, const char *name)
{
	uint32_t length;
	uint8_t *value = (uint8_t *)dt_prop(dt, node, name, &length);

	if (!value)
		firmware_panic("a hart in the device tree lacks what QEMU's has",
			       (uint64_t)dt->blob);
	put_word(value - PROP_NAME, word_at(value - PROP_NAME) + 1);
}

/* Says odd things of a hart: which, depends on its number. */
static void hart_distort(const struct dt *dt, dt_node node, unsigned number)
{
	uint32_t length;
	uint8_t *value;

	if (number == 2) {
		value = (uint8_t *)dt_prop(dt, node, "reg", &length);
		put_word(value + length - 4, (uint32_t)harts[1].id);
	} else if (number == 3) {
		value = (uint8_t *)dt_prop(dt, node, "status", &length);
		if (value && length == sizeof("okay"))
			memcpy(value, "fail", sizeof("fail"));
	} else if (number == 4) {
		hide_property(dt, node, "mmu-type");
	} else if (number == 5) {
		hide_property(dt, node, "reg");
	}
}

/* Puts copies of the hart's node behind it. */
static void add_harts(struct dt *dt, uint8_t *tree)
{
	uint8_t *node = tree + dt->structs + find_hart(dt), *end = node_end(node);
	uint32_t size = (uint32_t)(end - node);
	dt_node at;

	make_room(dt, tree, end, size * (options.harts - 1));
	for (unsigned i = 1; i < options.harts; i++)
		memcpy(node + i * size, node, size);
	tree_read(dt, tree);
	at = find_hart(dt);
	for (unsigned i = 1; i < options.harts; i++) {
		at = dt_next_sibling(dt, at);
		hart_rename(dt, at, &harts[i]);
		if (options.odd)
			hart_distort(dt, at, i);
	}
}

void tree_change(uint8_t *tree)
{
	struct dt dt;

	tree_read(&dt, tree);
	hide_firmware(&dt);
	hide_sstc(&dt);
	if (options.harts > 1)
		add_harts(&dt, tree);
	if (options.harts > 1 && options.contexts)
		add_contexts(&dt, tree);
}
