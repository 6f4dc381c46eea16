/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel only for guests that are built, measured and never run: one page, which halts if it is
 * ever started. Its notes make Xen's builder accept it for PV (64 bit) and for PVH (entered in
 * 32 bit mode).
 */

/* xen/include/public/elfnote.h */
#define XEN_ELFNOTE_ENTRY 1
#define XEN_ELFNOTE_VIRT_BASE 3
#define XEN_ELFNOTE_PADDR_OFFSET 4
#define XEN_ELFNOTE_XEN_VERSION 5
#define XEN_ELFNOTE_GUEST_OS 6
#define XEN_ELFNOTE_LOADER 8
#define XEN_ELFNOTE_PHYS32_ENTRY 18

#define NOTE(type, value) \
    .balign 4; .long 4, 2f - 1f, type; .asciz "Xen"; 1: value; 2:

    .section .text, "ax"
    .globl _start
_start:
    hlt
    jmp _start

    .section .note.xen, "a", @note
    NOTE(XEN_ELFNOTE_GUEST_OS, .asciz "probe")
    NOTE(XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0")
    NOTE(XEN_ELFNOTE_LOADER, .asciz "generic")
    NOTE(XEN_ELFNOTE_VIRT_BASE, .quad 0)
    NOTE(XEN_ELFNOTE_PADDR_OFFSET, .quad 0)
    NOTE(XEN_ELFNOTE_ENTRY, .quad _start)
    NOTE(XEN_ELFNOTE_PHYS32_ENTRY, .long _start)
    .balign 4

    .section .note.GNU-stack, "", @progbits
