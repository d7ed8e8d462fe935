/* SPDX-License-Identifier: MIT */
/* Queries of a device tree: paths, properties, numbers, registers. */
#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/fdt.h"
#include "lib/fdt_impl.h"
#include "lib/string.h"

/* Gets the next property from *pos on and moves *pos behind it. Returns false at the end. */
static bool dt_scan_prop(const struct dt *dt, uint32_t *pos, struct dt_prop *ret)
{
	for (;;) {
		const uint8_t *p = dt->blob + dt->structs + *pos;
		uint32_t token = dt_token(dt, *pos, pos);

		if (token == DT_NOP)
			continue;
		if (token != DT_PROP)
			return false;
		ret->len = dt_be32(p + 4);
		ret->name = (const char *)dt->blob + dt->strings + dt_be32(p + 8);
		ret->data = p + 12;
		return true;
	}
}

bool dt_prop_at(const struct dt *dt, dt_node node, unsigned index, struct dt_prop *ret)
{
	uint32_t pos = dt_body(dt, node);
	struct dt_prop prop;

	do {
		if (!dt_scan_prop(dt, &pos, &prop))
			return false;
	} while (index-- > 0);
	*ret = prop;
	return true;
}

const void *dt_prop(const struct dt *dt, dt_node node, const char *name, uint32_t *len)
{
	uint32_t pos;
	struct dt_prop prop;

	if (node < 0)
		return NULL;
	pos = dt_body(dt, node);
	while (dt_scan_prop(dt, &pos, &prop)) {
		if (strcmp(prop.name, name) == 0) {
			if (len != NULL)
				*len = prop.len;
			return prop.data;
		}
	}
	return NULL;
}

/* Returns s, the first of `left` bytes, if a string ends in them; NULL otherwise. */
static const char *dt_ended(const char *s, uint32_t left)
{
	return strnlen(s, left) < left ? s : NULL;
}

const char *dt_strings(const struct dt *dt, dt_node node, const char *name, uint32_t *left_ret)
{
	const char *first = dt_prop(dt, node, name, left_ret);

	return first != NULL ? dt_ended(first, *left_ret) : NULL;
}

const char *dt_strings_next(const char *string, uint32_t *left)
{
	uint32_t bytes = (uint32_t)strlen(string) + 1;

	*left -= bytes;
	return dt_ended(string + bytes, *left);
}

const char *dt_string(const struct dt *dt, dt_node node, const char *name)
{
	uint32_t len;
	const char *s = dt_prop(dt, node, name, &len);

	return s != NULL && len > 0 && strnlen(s, len) == len - 1 ? s : NULL;
}

int dt_number(const struct dt *dt, dt_node node, const char *name, uint64_t *ret)
{
	uint32_t len;
	const void *p = dt_prop(dt, node, name, &len);

	if (p == NULL)
		return -ENOENT;
	if (len != 4 && len != 8)
		return -EINVAL;
	*ret = len == 4 ? dt_be32(p) : dt_be64(p);
	return 0;
}

int dt_cell(const struct dt *dt, dt_node node, const char *name, unsigned index, uint32_t *ret)
{
	uint32_t len;
	const uint8_t *p = dt_prop(dt, node, name, &len);

	if (p == NULL || index >= len / 4)
		return -ENOENT;
	*ret = dt_be32(p + (size_t)index * 4);
	return 0;
}

/* A number of cells that a parent gives, or the specification's default. */
static uint32_t dt_cells(const struct dt *dt, dt_node parent, const char *name, uint32_t fallback)
{
	uint32_t n;

	return dt_cell(dt, parent, name, 0, &n) == 0 ? n : fallback;
}

static uint64_t dt_read_cells(const uint8_t *p, uint32_t cells)
{
	switch (cells) {
	case 0:
		return 0;
	case 1:
		return dt_be32(p);
	default:
		return dt_be64(p);
	}
}

int dt_reg_in(const struct dt *dt, dt_node parent, dt_node node, unsigned index, uint64_t *addr,
	      uint64_t *size)
{
	uint32_t address_cells = dt_cells(dt, parent, "#address-cells", 2);
	uint32_t size_cells = dt_cells(dt, parent, "#size-cells", 1);
	uint32_t len, stride;
	const uint8_t *p = dt_prop(dt, node, "reg", &len);

	if (p == NULL)
		return -ENOENT;
	if (address_cells < 1 || address_cells > 2 || size_cells > 2)
		return -EINVAL;
	stride = (address_cells + size_cells) * 4;
	if (index >= len / stride)
		return -ENOENT;
	p += (size_t)index * stride;
	*addr = dt_read_cells(p, address_cells);
	*size = dt_read_cells(p + (size_t)address_cells * 4, size_cells);
	return 0;
}

int dt_reg(const struct dt *dt, dt_node node, unsigned index, uint64_t *addr, uint64_t *size)
{
	return dt_reg_in(dt, dt_parent(dt, node), node, index, addr, size);
}

int dt_reserved(const struct dt *dt, unsigned index, uint64_t *addr, uint64_t *size)
{
	/* dt_init() has checked that there is an end mark. */
	for (const uint8_t *p = dt->blob + dt->reserved;; p += 16) {
		uint64_t a = dt_be64(p);
		uint64_t s = dt_be64(p + 8);

		if (a == 0 && s == 0)
			return -ENOENT;
		if (index-- == 0) {
			*addr = a;
			*size = s;
			return 0;
		}
	}
}

/* Does a path's component of n bytes name the node with that name? */
static bool dt_name_matches(const char *name, const char *component, size_t n)
{
	if (strncmp(name, component, n) != 0)
		return false;
	return name[n] == '\0' || (name[n] == '@' && memchr(component, '@', n) == NULL);
}

static dt_node dt_child_named(const struct dt *dt, dt_node node, const char *component, size_t n)
{
	dt_node child;

	dt_for_each_child(child, dt, node)
	{
		if (dt_name_matches(dt_name(dt, child), component, n))
			return child;
	}
	return -ENOENT;
}

/* The length of the component at s: up to '/', ':' or the end. */
static size_t dt_component(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0' && s[n] != '/' && s[n] != ':')
		n++;
	return n;
}

/* Follows the components of path down from node. */
static dt_node dt_walk(const struct dt *dt, dt_node node, const char *path)
{
	while (node >= 0) {
		size_t n;

		while (*path == '/')
			path++;
		n = dt_component(path);
		if (n == 0)
			return node;
		node = dt_child_named(dt, node, path, n);
		path += n;
	}
	return node;
}

/* Finds the node that an alias of n bytes stands for. An alias of an alias is not followed. */
static dt_node dt_alias(const struct dt *dt, const char *alias, size_t n)
{
	dt_node aliases = dt_walk(dt, dt_root(dt), "aliases");
	struct dt_prop prop;

	for (unsigned i = 0; aliases >= 0 && dt_prop_at(dt, aliases, i, &prop); i++) {
		const char *path;

		if (strncmp(prop.name, alias, n) != 0 || prop.name[n] != '\0')
			continue;
		path = dt_string(dt, aliases, prop.name);
		return path != NULL && path[0] == '/' ? dt_walk(dt, dt_root(dt), path) : -ENOENT;
	}
	return -ENOENT;
}

dt_node dt_path(const struct dt *dt, const char *path)
{
	size_t n = dt_component(path);
	dt_node node;

	if (path[0] == '/')
		return dt_walk(dt, dt_root(dt), path);
	if (n == 0)
		return -ENOENT;
	node = dt_alias(dt, path, n);
	return node >= 0 ? dt_walk(dt, node, path + n) : node;
}

dt_node dt_phandle(const struct dt *dt, uint32_t phandle)
{
	uint32_t value;

	for (dt_node node = dt_root(dt); node >= 0; node = dt_next(dt, node)) {
		if (dt_cell(dt, node, "phandle", 0, &value) == 0 && value == phandle)
			return node;
	}
	return -ENOENT;
}

bool dt_compatible(const struct dt *dt, dt_node node, const char *what)
{
	uint32_t left;
	const char *one = dt_strings(dt, node, "compatible", &left);

	while (one != NULL && strcmp(one, what) != 0)
		one = dt_strings_next(one, &left);
	return one != NULL;
}

dt_node dt_next_compatible(const struct dt *dt, dt_node from, const char *what)
{
	dt_node node = from < 0 ? dt_root(dt) : dt_next(dt, from);

	while (node >= 0 && !dt_compatible(dt, node, what))
		node = dt_next(dt, node);
	return node;
}

bool dt_available(const struct dt *dt, dt_node node)
{
	const char *status = dt_string(dt, node, "status");

	if (status == NULL)
		return dt_prop(dt, node, "status", NULL) == NULL;
	return strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}
