/* SPDX-License-Identifier: MIT */
/* The dynamic program that execbench starts: all that it does is done by its loader. */
int main(void)
{
	return 0;
}
