/* SPDX-License-Identifier: MIT */
/* The Linux layer's: what socket, socketpair and accept4 look at before they look for a family. */
#pragma once

#include "abi/fcntl.h"

#define SOCK_TYPE_MASK 0xf
#define SOCK_MAX       11 /* types are below it */
#define SOCK_NONBLOCK  O_NONBLOCK
#define SOCK_CLOEXEC   O_CLOEXEC
#define AF_MAX	       46
