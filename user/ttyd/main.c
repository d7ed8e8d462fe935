/* SPDX-License-Identifier: MIT */
/* The program ttyd. Tests run it in their own. */
#include <stddef.h>

#include "ttyd/ttyd.h"

int main(int argc, char **argv)
{
	return ttyd_main(argc, argv, NULL);
}
