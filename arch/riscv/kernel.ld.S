/* SPDX-License-Identifier: MIT */
/* The kernel's sections: linked high, loaded low, each kind of permission on its own pages. */
#include "arch/riscv/layout.h"

OUTPUT_ARCH(riscv)
ENTRY(_start)

PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
}

SECTIONS
{
	. = IMAGE_BASE;
	image_start = .;

	/*
	 * Functions come first, so that the symbol table, which is in .rodata, moves none of them.
	 */
	.text : AT(ADDR(.text) - IMAGE_BASE + IMAGE_LOAD) {
		*(.text.start)
		*(.text.trap)
		usercopy_start = .;
		*(.text.usercopy)
		usercopy_end = .;
		*(.text .text.*)
		. = ALIGN(4096);
	} :text
	text_end = .;

	image_init_start = .;
	.init.text : AT(ADDR(.init.text) - IMAGE_BASE + IMAGE_LOAD) {
		*(.init.text .init.text.*)
		. = ALIGN(4096);
	} :text
	image_init_end = .;

	.rodata : AT(ADDR(.rodata) - IMAGE_BASE + IMAGE_LOAD) {
		*(.rodata .rodata.* .srodata .srodata.*)
		. = ALIGN(8);
		usercopy_fixups_start = .;
		KEEP(*(.usercopy.fixups))
		usercopy_fixups_end = .;
		. = ALIGN(8);
		os_layers_start = .;
		KEEP(*(.os_layers))
		os_layers_end = .;
		. = ALIGN(8);
		kernel_tests_start = .;
		KEEP(*(SORT(.kernel_tests)))
		kernel_tests_end = .;
		KEEP(*(.ksyms))
		. = ALIGN(4096);
	} :rodata
	rodata_end = .;

	.data : AT(ADDR(.data) - IMAGE_BASE + IMAGE_LOAD) {
		*(.data .data.* .sdata .sdata.*)
		. = ALIGN(8);
	} :data

	.bss (NOLOAD) : AT(ADDR(.bss) - IMAGE_BASE + IMAGE_LOAD) {
		. = ALIGN(LAYOUT_KSTACK_SIZE * 2);
		bss_start = .;
		boot_stack_guard = .;
		. += LAYOUT_KSTACK_SIZE;
		*(.bss.boot_stack)
		*(.bss.page_aligned)
		*(.bss .bss.* .sbss .sbss.* COMMON)
		. = ALIGN(4096);
	} :data

	/* As many tables as map the image with them, and the page of arch_map_early_device(). */
	image_leaf = .;
	. += ((. + 4096 - IMAGE_BASE) / (IMAGE_SPAN - 4096) + 1) * 4096;
	image_end = .;

	/DISCARD/ : {
		*(.note.gnu.build-id) *(.comment) *(.eh_frame) *(.riscv.attributes) *(.note.*)
	}

	ASSERT(_start == IMAGE_BASE, "_start is not the lowest address: QEMU would enter elsewhere")
	ASSERT(LOADADDR(.text) == IMAGE_LOAD, "the image is not loaded where layout.h says")
	ASSERT(image_end - image_start <= IMAGE_MAX - 4096, "the image is larger than IMAGE_MAX of layout.h")
	ASSERT(boot_stack_guard % (LAYOUT_KSTACK_SIZE * 2) == 0, "the boot stack is not aligned")
	ASSERT(trap_entry % 4 == 0, "the trap entry is not aligned")
}
