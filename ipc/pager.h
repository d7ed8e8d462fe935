/* SPDX-License-Identifier: MIT */
/* User-level pagers: memory objects whose missing pages a server supplies. */
#pragma once

#include "lib/types.h"

struct file;

/*
 * Creates an object of `size` bytes whose pages the server of the send end supplies (IPC_READ_PAGE of abi/ipc.h), and the
 * open file by which it is mapped, for reading only. The object keeps the send end open. Returns 0; -EINVAL if it is no
 * send end, or the size is 0 or above OBJECT_SIZE_MAX; -ENFILE or -ENOMEM. May wait for memory: call with no lock held.
 */
int pager_create(struct file *send, uint64_t size, struct file **file_ret);
