/* SPDX-License-Identifier: MIT */
/* For libc.o, in which static programs find the C library: a function that it must not take from there. */
/*
 * In newer glibc, crt1.o has this function for programs that are linked to a fixed address, and libc.a has
 * another one for those that relocate themselves. Without this, libc.o would have that one. Weak: the one of crt1.o is taken.
 */
.weak _dl_relocate_static_pie
.hidden _dl_relocate_static_pie
.type _dl_relocate_static_pie, @function
_dl_relocate_static_pie:
	ret
.size _dl_relocate_static_pie, . - _dl_relocate_static_pie
.section .note.GNU-stack, "", @progbits
