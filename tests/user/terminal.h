/* SPDX-License-Identifier: MIT */
/* A terminal for the user tests, of their own where there are more than the console. */
#pragma once

#include "t.h"

#include <sys/ioctl.h>
#include <sys/mount.h>
#include <termios.h>

/* On Linux a new one each time, for it hangs up what a session leaves. */
static int open_terminal(void)
{
	int new;

	mkdir("/dev/pts", 0755);
	mount("none", "/dev/pts", "devpts", 0, "");
	new = posix_openpt(O_RDWR | O_NOCTTY);
	if (new < 0)
		return open("/dev/console", O_RDWR | O_NOCTTY);
	grantpt(new);
	unlockpt(new);
	return open(ptsname(new), O_RDWR | O_NOCTTY);
}
