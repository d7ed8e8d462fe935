/* SPDX-License-Identifier: MIT */
/* Makes the text of a file record by record, and finds the bytes that a read asks for in it. */
#include "linux/fs/proc/seq.h"

#include "abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/host.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

#define SIZE_FIRST PAGE_SIZE
#define SIZE_MOST  ((size_t)SEQ_BYTES_MOST)

struct seq_file {
	const struct seq_ops *ops; /* const */
	void *source;		   /* const */
	struct mutex lock;
	/* guarded by lock: */
	uint64_t mark;	 /* of the kind of file */
	uint64_t cursor; /* the next record to make */
	uint64_t pos;	 /* in the text, of buf[from] */
	char *buf;	 /* NULL: nothing was read yet */
	size_t size;
	size_t from, len; /* bytes [from, len) of buf are made, and not read yet */
};

void seq_put(struct seq *seq, const char *fmt, ...)
{
	size_t room = seq->size - seq->len;
	va_list args;
	int n;

	va_start(args, fmt);
	n = kvsnprintf(seq->buf + seq->len, room, fmt, args);
	va_end(args);
	/* The NUL has to fit, too. */
	if ((size_t)n < room)
		seq->len += (size_t)n;
	else
		seq->full = true;
}

void seq_put_bytes(struct seq *seq, const char *bytes, size_t n)
{
	if (n < seq->size - seq->len) {
		memcpy(seq->buf + seq->len, bytes, n);
		seq->len += n;
	} else {
		seq->full = true;
	}
}

void seq_put_text(struct seq *seq, const char *text)
{
	seq_put_bytes(seq, text, strlen(text));
}

char *text_hex(char *to, uint64_t value, unsigned width)
{
	while (width < 16 && value >> 4 * width != 0)
		width++;
	for (char *at = to + width; at-- > to; value >>= 4)
		*at = "0123456789abcdef"[value & 15];
	return to + width;
}

char *text_dec(char *to, uint64_t value, unsigned width)
{
	char digits[20], *end = digits + sizeof(digits), *first = end;

	do {
		*--first = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	for (; width > (size_t)(end - first); width--)
		*to++ = ' ';
	while (first < end)
		*to++ = *first++;
	return to;
}

void seq_put_hex(struct seq *seq, uint64_t value, unsigned width)
{
	char text[16];

	seq_put_bytes(seq, text, (size_t)(text_hex(text, value, width) - text));
}

void seq_put_dec(struct seq *seq, uint64_t value, unsigned width)
{
	char text[24];

	seq_put_bytes(seq, text, (size_t)(text_dec(text, value, width) - text));
}

void seq_put_escaped(struct seq *seq, const char *text, const char *special)
{
	for (size_t n; *text != '\0'; text += n) {
		for (n = 0; text[n] != '\0' && !strchr(special, text[n]);)
			n++;
		seq_put_bytes(seq, text, n);
		if (text[n] != '\0')
			seq_put(seq, "\\%03o", (unsigned char)text[n++]);
	}
}

int seq_once(uint64_t *cursor)
{
	return (*cursor)++ == 0 ? 0 : -ENODATA;
}

struct seq_file *seq_create(const struct seq_ops *ops, void *source)
{
	struct seq_file *file = mem_wait_kzalloc(sizeof(*file));

	if (!file)
		return NULL;
	file->ops = ops;
	file->source = source;
	mutex_init(&file->lock, LOCK_INODE);
	return file;
}

void *seq_source(struct seq_file *file)
{
	return file->source;
}

uint64_t *seq_mark(struct seq_file *file)
{
	return &file->mark;
}

void seq_destroy(struct seq_file *file)
{
	kfree(file->buf);
	kfree(file);
}

/* Gets the first buffer, or a larger one for a record that does not fit. The buffer is empty. */
static int seq_grow(struct seq_file *file)
{
	size_t size = file->buf ? file->size * 2 : SIZE_FIRST;
	char *buf;

	if (size > SIZE_MOST)
		return -ENOMEM;
	buf = mem_wait_kmalloc(size);
	if (!buf)
		return -ENOMEM;
	kfree(file->buf);
	file->buf = buf;
	file->size = size;
	return 0;
}

/* Makes one record behind those that are there. *full_ret: it does not fit, and was not made. */
static int add_record(struct seq_file *file, void *walk, bool *full_ret)
{
	struct seq seq = { .buf = file->buf, .size = file->size, .len = file->len };
	uint64_t cursor = file->cursor;
	int err = file->ops->record(file->source, walk, &cursor, &seq);

	*full_ret = seq.full;
	if (err || seq.full)
		return err;
	file->cursor = cursor;
	file->len = seq.len;
	return 0;
}

/*
 * Makes records until there are `want` bytes or the next one does not fit: at least one, unless it
 * returns an error. It may return one after some records, too.
 */
static int seq_fill(struct seq_file *file, void *walk, size_t want)
{
	bool full = false;
	int err = 0;

	file->from = file->len = 0;
	if (!file->buf)
		err = seq_grow(file);
	while (err == 0 && file->len < want) {
		err = add_record(file, walk, &full);
		if (err == 0 && full && file->len > 0)
			break;
		if (err == 0)
			err = full ? seq_grow(file) : vm_pause();
	}
	return err;
}

/* Goes to a position: from the start, as only a walk tells where it is. */
static int go_to(struct seq_file *file, void *walk, uint64_t pos)
{
	int err = 0;

	file->cursor = file->pos = 0;
	file->from = file->len = 0;
	while (err == 0 && file->pos < pos) {
		err = seq_fill(file, walk, 1);
		file->from = MIN(pos - file->pos, file->len);
		file->pos += file->from;
	}
	return file->pos < pos ? err : 0;
}

/* Copies out what is there. Returns how much that was, or -EFAULT. */
static ssize_t seq_copy(struct seq_file *file, struct user_iter *to, uint64_t *pos)
{
	size_t n = MIN(file->len - file->from, to->left);
	size_t done = user_iter_copy_out(to, file->buf + file->from, n);

	file->from += done;
	file->pos += done;
	*pos = file->pos;
	return done != 0 ? (ssize_t)done : -EFAULT;
}

static ssize_t read_records(struct seq_file *file, struct user_iter *to, uint64_t *pos)
{
	void *walk = NULL;
	int err = file->ops->begin ? file->ops->begin(file->source, &walk) : 0;

	if (err)
		return err;
	if (*pos != file->pos || *pos == 0)
		err = go_to(file, walk, *pos);
	if (err == 0 && file->from == file->len) {
		err = seq_fill(file, walk, to->left);
		/* What was made is read first; the error comes again. */
		if (file->len > 0)
			err = 0;
	}
	if (file->ops->end)
		file->ops->end(walk);
	return err ? err : seq_copy(file, to, pos);
}

ssize_t seq_read(struct seq_file *file, struct user_iter *to, uint64_t *pos)
{
	ssize_t done;

	if (to->left == 0)
		return 0;
	done = mutex_lock_killable(&file->lock);
	if (done)
		return done;
	if (*pos == file->pos && *pos != 0 && file->from < file->len)
		done = seq_copy(file, to, pos);
	else
		done = read_records(file, to, pos);
	mutex_unlock(&file->lock);
	return done == -ENODATA ? 0 : done;
}
