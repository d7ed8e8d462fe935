/* SPDX-License-Identifier: MIT */
/* FICLONE and FICLONERANGE of ioctl(2), which would let two files share their bytes. */
#pragma once

struct file;

/*
 * Refuses it, since no file system here can do that: -EBADF if the descriptor is not open, or the files not for reading
 * and writing; -EXDEV for files of two file systems; -EISDIR, -EINVAL for what is no regular file; or else -EOPNOTSUPP.
 */
int file_clone(struct file *out, int in_fd);
