/* SPDX-License-Identifier: MIT */
/* Open directories: getdents64 and seeking. */
#include "linux/fs/file/dir_file.h"

#include "abi/dirent.h"
#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/file/text_file.h"
#include "linux/fs/vfs/inode.h"
#include "mm/fault/user_copy.h"
#include "mm/host.h"

#define RECORD_HEAD offsetof(struct linux_dirent64, d_name)

/* A record with room for the longest name, its NUL and the padding. */
union record {
	struct linux_dirent64 head;
	char bytes[ALIGN_UP(RECORD_HEAD + NAME_MAX + 1, 8)];
};

void dir_item_set(struct dir_item *item, uint64_t ino, uint32_t mode, const char *text)
{
	item->ino = ino;
	item->mode = mode;
	item->len = (uint32_t)MIN(strlen(text), sizeof(item->text));
	memcpy(item->text, text, item->len);
}

/* Gets the entry at that position, or the first one after it. Returns what `readdir` does. */
static int item_at(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	struct inode *parent;

	item->next = 0;
	if (pos >= DIR_FIRST_POS)
		return dir->ops->readdir(dir, pos, item);
	item->pos = pos;
	if (pos == 0) {
		dir_item_set(item, dir->ino, S_IFDIR, ".");
		return 0;
	}
	parent = dir->ops->parent(dir);
	dir_item_set(item, parent->ino, S_IFDIR, "..");
	inode_put(parent);
	return 0;
}

static uint64_t next_pos(const struct dir_item *item)
{
	return item->next ? item->next : item->pos + 1;
}

/* Fills in the record and returns its length. */
static size_t record_make(union record *record, const struct dir_item *item)
{
	size_t len = ALIGN_UP(RECORD_HEAD + item->len + 1, 8);

	memset(record, 0, len);
	record->head.d_ino = item->ino;
	record->head.d_off = (int64_t)next_pos(item);
	record->head.d_reclen = (uint16_t)len;
	record->head.d_type = (uint8_t)((item->mode & S_IFMT) >> 12);
	memcpy(record->bytes + RECORD_HEAD, item->text, item->len);
	return len;
}

static ssize_t dir_getdents(struct file *file, vaddr_t to, size_t n)
{
	struct inode *dir = file_inode(file);
	struct dir_item item;
	union record record;
	size_t done = 0;
	int err;

	/* A directory that was removed has not even "." and "..". */
	if (file->pos < DIR_FIRST_POS && dir->ops->readdir(dir, DIR_FIRST_POS, &item) == -ENOENT)
		return -ENOENT;
	while ((err = item_at(dir, file->pos, &item)) == 0) {
		size_t len = record_make(&record, &item);

		if (len > n - done)
			err = -EINVAL;
		else
			err = user_copy_out(to + done, &record, len);
		if (err)
			break;
		file->pos = next_pos(&item);
		done += len;
		err = vm_pause();
		if (err)
			break;
	}
	inode_read_now(dir);
	return done != 0 || err == -ENODATA ? (ssize_t)done : err;
}

static ssize_t dir_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	(void)file, (void)to, (void)pos;
	return -EISDIR;
}

static void dir_release(struct file *file)
{
	struct inode *dir = file_inode(file);

	if (dir->ops->close)
		dir->ops->close(dir);
	inode_file_release(file);
}

const struct file_ops dir_file_ops = {
	.name = "directory",
	.read = dir_read,
	.stat = inode_file_stat,
	.seek = file_seek_from_start,
	.getdents = dir_getdents,
	.release = dir_release,
	.has_inode = true,
};
