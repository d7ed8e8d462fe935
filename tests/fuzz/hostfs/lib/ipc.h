/* SPDX-License-Identifier: MIT */
/* The calls of user/lib/ipc.h that hostfs makes: here, the fuzzer answers them. */
#pragma once

#include "abi/ipc.h"

int ipc_badge(int fd, uint64_t badge, unsigned flags);
long ipc_reply(int fd, long rcvid, const struct ipc_message *message);
long ipc_reply_receive(int fd, long rcvid, struct ipc_message *message, uint64_t deadline);
long ipc_read(int fd, long rcvid, void *to, uint64_t n, uint64_t offset);
long ipc_write(int fd, long rcvid, const void *from, uint64_t n, uint64_t offset);
