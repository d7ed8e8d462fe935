/* SPDX-License-Identifier: MIT */
/* Lays the vDSO out: one page, behind the page of its data. */
#include "abi/vdso.h"

#define PAGE 0x1000

OUTPUT_ARCH(riscv)

SECTIONS
{
	PROVIDE_HIDDEN(vdso_data = . - PAGE);
	. = SIZEOF_HEADERS;
	.hash : { *(.hash) } :text
	.gnu.hash : { *(.gnu.hash) }
	.dynsym : { *(.dynsym) }
	.dynstr : { *(.dynstr) }
	.gnu.version : { *(.gnu.version) }
	.gnu.version_d : { *(.gnu.version_d) }
	.dynamic : { *(.dynamic) } :text :dynamic
	.rodata : { *(.rodata .rodata.* .srodata .srodata.*) *(.got .got.*) } :text /* linkers make an empty .got */
	.eh_frame_hdr : { *(.eh_frame_hdr) } :text :eh_frame_hdr
	.eh_frame : { KEEP(*(.eh_frame)) } :text
	. = VDSO_RT_SIGRETURN - 4; /* a nop is before it */
	.text : { KEEP(*(.text.sigreturn)) *(.text .text.*) } :text
	/DISCARD/ : { *(.comment) *(.note.*) *(.riscv.attributes) }
	.unexpected : { *(.data .data.* .sdata .sdata.* .bss .bss.* .sbss .sbss.* .plt .plt.* .rela.*) }
}

ASSERT(__vdso_rt_sigreturn == VDSO_RT_SIGRETURN, "the kernel has handlers return elsewhere")
ASSERT(. <= PAGE, "more than a page")
ASSERT(SIZEOF(.unexpected) == 0, "the vDSO has no data of its own, and needs no relocation")

PHDRS
{
	text PT_LOAD FILEHDR PHDRS FLAGS(5);
	dynamic PT_DYNAMIC FLAGS(4);
	eh_frame_hdr PT_GNU_EH_FRAME FLAGS(4);
}

VERSION
{
	LINUX_4.15 {
	global:
		__vdso_rt_sigreturn;
		__vdso_gettimeofday;
		__vdso_clock_gettime;
		__vdso_clock_getres;
		__vdso_getcpu;
		__vdso_flush_icache;
		__vdso_riscv_hwprobe;
	local:
		*;
	};
}
