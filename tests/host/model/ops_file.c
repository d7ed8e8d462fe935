/* SPDX-License-Identifier: MIT */
/* Files: read, written, cut, grown and renewed while they are mapped. */
#include <string.h>

#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "disk.h"
#include "expect.h"
#include "ops.h"
#include "peek.h"

struct transfer {
	unsigned f;
	struct model_file *file;
	struct model_space *m;
	vaddr_t va;
	size_t n;
	uint64_t pos;
};

static bool prepare(struct transfer *t, const struct op *op)
{
	const uint64_t end = FILE_PAGES * PAGE_SIZE;
	unsigned page = (unsigned)op->arg[2] % CELLS;

	t->f = (unsigned)op->arg[0] % FILES;
	t->file = &files[t->f];
	t->m = space_at(op->arg[1]);
	if (!t->m || t->file->writing)
		return false;
	t->va = cell_va(page) + (unsigned)op->arg[3] % PAGE_SIZE;
	t->pos = (unsigned)op->arg[5] % end;
	t->n = MIN((unsigned)op->arg[4] % (3 * PAGE_SIZE), end - t->pos);
	return true;
}

/* What is left of a transfer, at most up to the end of the file's page. */
static size_t piece_of(const struct transfer *t, size_t done)
{
	return MIN(t->n - done, PAGE_SIZE - ((t->pos + done) & PAGE_MASK));
}

static ssize_t read_piece(struct transfer *t, size_t done)
{
	uint64_t pos = t->pos + done;
	size_t n = piece_of(t, done);

	if (pos >= t->file->size)
		return 0;
	if (file_is_bad(t->f, pos >> PAGE_SHIFT))
		return -EIO;
	n = model_out(t->m, t->va + done, t->file->byte + pos, MIN(n, t->file->size - pos));
	return n ? (ssize_t)n : -EFAULT;
}

static ssize_t write_piece(struct transfer *t, size_t done)
{
	unsigned char bytes[PAGE_SIZE];
	uint64_t pos = t->pos + done;
	size_t n = piece_of(t, done);

	if (file_is_bad(t->f, pos >> PAGE_SHIFT))
		return -EIO;
	n = model_in(t->m, t->va + done, bytes, n);
	if (!n)
		return -EFAULT;
	memcpy(t->file->byte + pos, bytes, n);
	t->file->size = MAX(t->file->size, pos + n);
	return (ssize_t)n;
}

static ssize_t model_transfer(struct transfer *t, ssize_t (*piece)(struct transfer *, size_t))
{
	size_t done = 0;

	while (done < t->n) {
		ssize_t went = piece(t, done);

		if (went <= 0)
			return done ? (ssize_t)done : went;
		done += (size_t)went;
	}
	return (ssize_t)done;
}

/* Bytes that come from the very file that they go to: what that gives is nobody's promise. */
static bool is_of_itself(const struct transfer *t, bool shared_only)
{
	for (vaddr_t va = ALIGN_DOWN(t->va, PAGE_SIZE); va < t->va + t->n; va += PAGE_SIZE) {
		const struct cell *c = cell_of(t->m, va);

		if (c && c->mapped && c->file == (int)t->f && (c->shared || !shared_only))
			return true;
	}
	return false;
}

void op_read(const struct op *op)
{
	struct transfer t;
	ssize_t got, want;

	if (!prepare(&t, op) || is_of_itself(&t, true))
		return;
	bytes_begin(t.m, (unsigned)op->arg[2] % CELLS, -1);
	space_run(t.m);
	note_file_out(t.f);
	do
		got = object_read(t.file->object, t.pos, t.va, t.n);
	while (run_again(got < (ssize_t)t.n));
	if (is_loose(t.m) || killed) {
		settle_range(t.m, t.va, t.n);
		return;
	}
	want = model_transfer(&t, read_piece);
	expect(got == want, "read ended with %ld, not %ld", (long)got, (long)want);
}

/* Is a cell mapped anywhere that shows the file and is such a one? */
static bool any_cell(unsigned f, bool (*is)(const struct cell *c))
{
	for (unsigned n = 0; n < SPACES; n++) {
		for (unsigned i = 0; i < CELLS && spaces_[n].alive; i++) {
			const struct cell *c = &spaces_[n].cell[i];

			if (c->mapped && c->file == (int)f && is(c))
				return true;
		}
	}
	return false;
}

static bool cell_is_text(const struct cell *c)
{
	return c->text;
}

static bool cell_is_writer(const struct cell *c)
{
	return c->writer;
}

bool file_is_text(unsigned f)
{
	return any_cell(f, cell_is_text);
}

bool file_has_writers(unsigned f)
{
	return files[f].locked || any_cell(f, cell_is_writer);
}

bool file_begin(unsigned f)
{
	struct model_file *file = &files[f];
	int result;

	if (file->locked)
		return false;
	result = object_get_write(file->object);
	expect(depth > 1 || result == (file_is_text(f) ? -ETXTBSY : 0),
	       "open to write ended with %d", result);
	if (result)
		return false;
	file->locked = true;
	return true;
}

void file_end(unsigned f)
{
	object_put_write(files[f].object);
	files[f].locked = files[f].writing = false;
}

static void check_write(struct transfer *t, ssize_t got)
{
	ssize_t want;

	if (is_loose(t->m) || killed) {
		peek_settle_file(t->f, 0, FILE_PAGES * PAGE_SIZE);
		settle_range(t->m, t->va, t->n);
		return;
	}
	want = model_transfer(t, write_piece);
	expect(got == want, "write ended with %ld, not %ld", (long)got, (long)want);
}

void op_write(const struct op *op)
{
	struct transfer t;
	ssize_t got;

	if (!prepare(&t, op) || is_of_itself(&t, false) || !file_begin(t.f))
		return;
	t.file->writing = true;
	bytes_begin(t.m, (unsigned)op->arg[2] % CELLS, (int)t.f);
	space_run(t.m);
	note_file_out(t.f);
	do
		got = object_write(t.file->object, t.pos, t.va, t.n);
	while (run_again(got < (ssize_t)t.n));
	check_write(&t, got);
	file_end(t.f);
}

static void model_cut(unsigned f, uint64_t size)
{
	for (unsigned n = 0; n < SPACES; n++) {
		for (unsigned i = 0; i < CELLS && spaces_[n].alive; i++) {
			struct cell *c = &spaces_[n].cell[i];

			if (c->file == (int)f && c->from_file &&
			    (uint64_t)c->index << PAGE_SHIFT >= ALIGN_UP(size, PAGE_SIZE))
				c->own = false;
		}
	}
}

static void set_size(struct model_file *file, uint64_t size)
{
	uint64_t old = file->size;

	file->size = size;
	if (size >= old)
		return;
	file->backed = MIN(file->backed, size);
	memset(file->byte + size, 0, ALIGN_UP(old, PAGE_SIZE) - size);
}

/* The one that runs by itself. */
static struct {
	struct model_file *file;
	uint64_t size;
} resized;

/* The kernel may have waited for a page of swap before it has set the size. */
static void commit_size(void)
{
	if (object_size(resized.file->object) == resized.size)
		set_size(resized.file, resized.size);
}

/* The size comes first, and with it the bytes behind it; what was copied from there goes last. */
void op_size(const struct op *op)
{
	unsigned f = (unsigned)op->arg[0] % FILES;
	struct model_file *file = &files[f];
	uint64_t size = (unsigned)op->arg[1] % (FILE_PAGES * PAGE_SIZE), old = file->size;
	int result;

	if (!file_begin(f))
		return;
	note_file_out(f);
	if (depth == 1) {
		resized.file = file;
		resized.size = size;
		busy = (struct busy){
			.kind = BUSY_TRUNCATE, .file = (int)f, .size = old, .again = commit_size
		};
	}
	do
		result = object_set_size(file->object, size);
	while (run_again(result == -EIO));
	expect(!result || gave_up || (result == -EIO && disturbed && swap_failed()),
	       "a change of size ended with %d", result);
	if (!result)
		set_size(file, size);
	if (!result && size < old && plant != PLANT_TRUNCATE)
		model_cut(f, size);
	file_end(f);
}

/* Nobody maps it any more, and another takes its place. */
void op_renew(const struct op *op)
{
	unsigned f = (unsigned)op->arg[0] % FILES;
	struct object *old = files[f].object;

	if (depth > 1)
		return;
	memory_back();
	note_file_out(f);
	for (unsigned n = 0; n < SPACES; n++) {
		struct model_space *m = &spaces_[n];

		m->locked++;
		for (unsigned i = 0; i < CELLS && m->alive; i++) {
			if (!m->cell[i].mapped || m->cell[i].file != (int)f)
				continue;
			expect(vm_unmap(&m->space, cell_va(i), PAGE_SIZE) == 0, "no munmap");
			model_unmap(m, i, i + 1);
		}
		m->locked--;
	}
	disk_make(f);
	object_put(old);
}
