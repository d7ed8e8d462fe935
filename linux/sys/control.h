/* SPDX-License-Identifier: MIT */
/* Control messages: what goes with a message of a socket besides its bytes (cmsg(3)). */
#pragma once

#include "desc/in_flight.h"

struct abi_msghdr;

/*
 * Reads the control messages of sendmsg, n bytes at `from` in user memory. Those of a socket of AF_UNIX (`of_unix`) are SCM_RIGHTS and
 * SCM_CREDENTIALS; *attached gets the files, with a reference, and whom the sender says it is. For others these mean nothing. What is
 * of another level than SOL_SOCKET is the server's to read.
 * Returns 0, and then no writer is known if there is no SCM_CREDENTIALS; or -EINVAL, -EFAULT, -EBADF, -EPERM (a file that may not travel, or
 * credentials of somebody else), -ESRCH, -ETOOMANYREFS or -ENOBUFS.
 */
int control_get(vaddr_t from, uint64_t n, bool of_unix, struct attached *attached);

/*
 * Writes those of recvmsg to where *message says, behind n bytes of the server's that are there, and how long all are and MSG_CTRUNC to
 * *message. The files come to the running program's table, as many as there is room for.
 */
void control_put(const struct attached *attached, bool is_signed, bool cloexec, uint32_t n,
		 struct abi_msghdr *message);
