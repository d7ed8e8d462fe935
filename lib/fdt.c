/* SPDX-License-Identifier: MIT */
/* The tokens of a flattened device tree: checks the blob once, and walks its nodes. */
#include "lib/fdt.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/fdt_impl.h"
#include "lib/string.h"

enum dt_header_field {
	DT_MAGIC,
	DT_TOTAL_SIZE,
	DT_OFF_STRUCT,
	DT_OFF_STRINGS,
	DT_OFF_RESERVED,
	DT_VERSION,
	DT_LAST_COMPATIBLE,
	DT_BOOT_CPU,
	DT_SIZE_STRINGS,
	DT_SIZE_STRUCT,
	DT_HEADER_FIELDS
};

/* The layout that is read here: it has all the fields above. */
#define DT_OUR_VERSION 17

static const uint8_t dt_magic[4] = { 0xd0, 0x0d, 0xfe, 0xed };

uint32_t dt_be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

uint64_t dt_be64(const void *p)
{
	return (uint64_t)dt_be32(p) << 32 | dt_be32((const uint8_t *)p + 4);
}

/* Returns the length of the string at `at`, or UINT32_MAX if it does not end before `end`. */
static uint32_t dt_strlen(const struct dt *dt, uint32_t at, uint32_t end)
{
	size_t n = strnlen((const char *)dt->blob + at, end - at);

	return n == end - at ? UINT32_MAX : (uint32_t)n;
}

/* Stores the position behind the token in *next. Returns DT_BAD if the name is not inside. */
static uint32_t dt_begin_token(const struct dt *dt, uint32_t pos, uint32_t *next)
{
	uint32_t len = dt_strlen(dt, dt->structs + pos, dt->structs + dt->structs_size);

	if (len == UINT32_MAX)
		return DT_BAD;
	*next = ALIGN_UP(pos + len + 1, 4);
	return DT_BEGIN_NODE;
}

static uint32_t dt_prop_token(const struct dt *dt, uint32_t pos, uint32_t *next)
{
	const uint8_t *p = dt->blob + dt->structs + pos;
	uint32_t left = dt->structs_size - pos;
	uint32_t len, name;

	if (left < 8)
		return DT_BAD;
	len = dt_be32(p);
	name = dt_be32(p + 4);
	if (len > left - 8 || name >= dt->strings_size)
		return DT_BAD;
	if (dt_strlen(dt, dt->strings + name, dt->strings + dt->strings_size) == UINT32_MAX)
		return DT_BAD;
	*next = ALIGN_UP(pos + 8 + len, 4);
	return DT_PROP;
}

static uint32_t dt_check_token(const struct dt *dt, uint32_t pos, uint32_t *next)
{
	uint32_t token;

	if (pos > dt->structs_size || dt->structs_size - pos < 4)
		return DT_BAD;
	token = dt_be32(dt->blob + dt->structs + pos);
	pos += 4;
	*next = pos;
	switch (token) {
	case DT_BEGIN_NODE:
		return dt_begin_token(dt, pos, next);
	case DT_PROP:
		return dt_prop_token(dt, pos, next);
	case DT_END_NODE:
	case DT_NOP:
	case DT_END:
		return token;
	default:
		return DT_BAD;
	}
}

uint32_t dt_token(const struct dt *dt, uint32_t pos, uint32_t *next)
{
	const uint8_t *p;

	if (pos >= dt->structs_size)
		return DT_BAD; /* a negative dt_node */
	p = dt->blob + dt->structs + pos;
	pos += 4;
	if (p[3] == DT_BEGIN_NODE)
		pos = ALIGN_UP(pos + (uint32_t)strlen((const char *)p + 4) + 1, 4);
	else if (p[3] == DT_PROP)
		pos = ALIGN_UP(pos + 8 + dt_be32(p + 4), 4);
	*next = pos;
	return p[3];
}

/* Does [off, off + size) lie inside the blob? */
static bool dt_inside(const struct dt *dt, uint32_t off, uint32_t size)
{
	return off <= dt->size && size <= dt->size - off;
}

static const char *dt_check_header(struct dt *dt, size_t limit)
{
	const uint8_t *p = dt->blob;

	if (limit < DT_HEADER_FIELDS * 4 || memcmp(p, dt_magic, sizeof(dt_magic)) != 0)
		return "no device tree there";
	if (dt_be32(p + DT_VERSION * 4) < DT_OUR_VERSION ||
	    dt_be32(p + DT_LAST_COMPATIBLE * 4) > DT_OUR_VERSION)
		return "of another version";
	dt->size = dt_be32(p + DT_TOTAL_SIZE * 4);
	dt->structs = dt_be32(p + DT_OFF_STRUCT * 4);
	dt->structs_size = dt_be32(p + DT_SIZE_STRUCT * 4);
	dt->strings = dt_be32(p + DT_OFF_STRINGS * 4);
	dt->strings_size = dt_be32(p + DT_SIZE_STRINGS * 4);
	dt->reserved = dt_be32(p + DT_OFF_RESERVED * 4);
	/* Node offsets are signed. */
	if (dt->size > limit || dt->size > INT32_MAX || dt->size < DT_HEADER_FIELDS * 4)
		return "its size is wrong";
	if (!dt_inside(dt, dt->structs, dt->structs_size) || !IS_ALIGNED(dt->structs, 4))
		return "its structure block is outside";
	if (!dt_inside(dt, dt->strings, dt->strings_size))
		return "its strings are outside";
	return NULL;
}

static const char *dt_check_structs(const struct dt *dt)
{
	unsigned depth = 0;
	uint32_t pos = 0;
	bool had_root = false;

	for (;;) {
		switch (dt_check_token(dt, pos, &pos)) {
		case DT_BEGIN_NODE:
			if (depth == 0 && had_root)
				return "it has two roots";
			if (++depth > DT_DEPTH_MAX)
				return "it is nested too deeply";
			had_root = true;
			break;
		case DT_END_NODE:
			if (depth-- == 0)
				return "a node ends that has not begun";
			break;
		case DT_PROP:
			if (depth == 0)
				return "a property is in no node";
			break;
		case DT_END:
			return depth == 0 && had_root ? NULL : "it ends inside a node";
		case DT_NOP:
			break;
		default:
			return "a token, name or property is broken";
		}
	}
}

static const char *dt_check_reserved(const struct dt *dt)
{
	for (uint32_t at = dt->reserved; dt_inside(dt, at, 16); at += 16) {
		if (dt_be64(dt->blob + at) == 0 && dt_be64(dt->blob + at + 8) == 0)
			return NULL;
	}
	return "its reservations do not end";
}

int dt_init(struct dt *dt, const void *blob, size_t limit, const char **why)
{
	struct dt new = { .blob = blob };
	const char *wrong = dt_check_header(&new, limit);

	if (wrong == NULL)
		wrong = dt_check_structs(&new);
	if (wrong == NULL)
		wrong = dt_check_reserved(&new);
	if (wrong != NULL) {
		if (why != NULL)
			*why = wrong;
		return -EINVAL;
	}
	*dt = new;
	return 0;
}

/* Returns the next node that begins at or after the token at pos; with `sibling` -ENOENT at the end of the parent. */
static dt_node dt_scan(const struct dt *dt, uint32_t pos, bool sibling)
{
	for (;;) {
		uint32_t at = pos;

		switch (dt_token(dt, pos, &pos)) {
		case DT_BEGIN_NODE:
			return (dt_node)at;
		case DT_END_NODE:
			if (sibling)
				return -ENOENT;
			break;
		case DT_PROP:
		case DT_NOP:
			break;
		default:
			return -ENOENT;
		}
	}
}

dt_node dt_root(const struct dt *dt)
{
	return dt_scan(dt, 0, false);
}

uint32_t dt_body(const struct dt *dt, dt_node node)
{
	uint32_t next = (uint32_t)node;

	dt_token(dt, (uint32_t)node, &next);
	return next;
}

dt_node dt_next(const struct dt *dt, dt_node node)
{
	return dt_scan(dt, dt_body(dt, node), false);
}

dt_node dt_first_child(const struct dt *dt, dt_node node)
{
	return dt_scan(dt, dt_body(dt, node), true);
}

/* Returns the position of the token behind the node's end. */
static uint32_t dt_behind(const struct dt *dt, dt_node node)
{
	uint32_t pos = (uint32_t)node;
	unsigned depth = 0;

	do {
		switch (dt_token(dt, pos, &pos)) {
		case DT_BEGIN_NODE:
			depth++;
			break;
		case DT_END_NODE:
			depth--;
			break;
		case DT_BAD:
			return dt->structs_size;
		default:
			break;
		}
	} while (depth > 0);
	return pos;
}

dt_node dt_next_sibling(const struct dt *dt, dt_node node)
{
	return dt_scan(dt, dt_behind(dt, node), true);
}

dt_node dt_parent(const struct dt *dt, dt_node node)
{
	dt_node parent = -ENOENT;
	dt_node at = dt_root(dt);

	/* From the root down, go into the last child that does not begin behind the node. */
	while (at >= 0 && at < node) {
		dt_node child;

		parent = at;
		at = -ENOENT;
		dt_for_each_child(child, dt, parent)
		{
			if (child > node)
				break;
			at = child;
		}
	}
	return at == node ? parent : -ENOENT;
}

const char *dt_name(const struct dt *dt, dt_node node)
{
	return (const char *)dt->blob + dt->structs + node + 4;
}
