/* SPDX-License-Identifier: MIT */
/* Ends what Linux keeps of open files: notes of events, signals of O_ASYNC, locks. */
#include "linux/fs/file/linux_file.h"

#include "linux/fs/file/async.h"
#include "linux/fs/notify/notify.h"

void linux_file_last(struct file *file)
{
	struct lock_owner *locks = &linux_file(file)->locks;

	notify_file(file, file_writable(file) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	file_async_end(file);
	file_locks_close(file, locks);
	assert_hardened(locks->count == 0);
}

/* The process loses its record locks of that file, as POSIX has it, whatever other descriptors of the file it has. */
void linux_file_closed(struct fdtable *table, struct file *file)
{
	struct lock_owner *locks = &linux_fdtable(table)->locks;

	if (!file)
		assert_hardened(locks->count == 0 && !locks->waits);
	else if (!(file->flags & O_PATH))
		file_locks_close(file, locks);
}
