/* SPDX-License-Identifier: MIT */
/* The program sockd. Tests run it in their own. */
#include "sockets/sockd.h"

int main(int argc, char **argv)
{
	return sockd_main(argc, argv, NULL);
}
