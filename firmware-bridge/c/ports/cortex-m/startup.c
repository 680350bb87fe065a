/*
 * What runs before main on a Cortex-M0 or M3, and the few functions of the C library that a compiler may call by itself.
 * There is no vendor's code and no C library below: built with -nostdlib -ffreestanding and linked against libgcc alone.
 */
#include <stddef.h>
#include <stdint.h>

#include "board.h"

extern uint32_t board_data_from[], board_data_start[], board_data_end[];
extern uint32_t board_bss_start[], board_bss_end[], board_stack_top[];

int main(void);
void board_reset_handler(void);
void board_halt(void);
void board_external_interrupt(void);

typedef void (*vector)(void);
enum { CORE_VECTORS = 16, EXTERNAL_VECTORS = 32 };

struct vectors {
    uint32_t *stack_top;
    vector reset, faults[CORE_VECTORS - 3], tick;
    vector external[EXTERNAL_VECTORS];
};

#define FOUR(handler) handler, handler, handler, handler
#define FAULT board_halt
/* All external interrupts share one handler, which reads its number from the processor: a board needs two at most. */
#define EXTERNAL board_external_interrupt

__attribute__((section(".vectors"), used)) const struct vectors board_vectors = {
    .stack_top = board_stack_top,
    .reset = board_reset_handler,
    .faults = {FOUR(FAULT), FOUR(FAULT), FOUR(FAULT), FAULT},
    .tick = board_tick,
    .external = {FOUR(EXTERNAL), FOUR(EXTERNAL), FOUR(EXTERNAL), FOUR(EXTERNAL), FOUR(EXTERNAL), FOUR(EXTERNAL),
                 FOUR(EXTERNAL), FOUR(EXTERNAL)},
};

/* The section .noinit is left as it is: it keeps what must outlive a reset. */
void board_reset_handler(void)
{
    const uint32_t *from = board_data_from;
    for (uint32_t *to = board_data_start; to < board_data_end; to++) *to = *from++;
    for (uint32_t *to = board_bss_start; to < board_bss_end; to++) *to = 0;
    main();
    board_halt();
}

/* A fault: reset, so that the sensor comes back and the host hears of it, rather than hang in silence. */
void board_halt(void)
{
    board_reset();
}

void board_external_interrupt(void)
{
    uint32_t number;
    __asm volatile("mrs %0, ipsr" : "=r"(number));
    board_interrupt(number - CORE_VECTORS);
}

void board_reset(void)
{
    volatile uint32_t *const application_interrupt_and_reset = (volatile uint32_t *)0xe000ed0cU;
    __asm volatile("dsb" ::: "memory");
    *application_interrupt_and_reset = 0x05fa0004U;
    for (;;) {
    }
}

/* The compiler may call these after the linker has thrown out what nobody calls. */
#define KEPT __attribute__((used))

KEPT void *memcpy(void *to, const void *from, size_t length)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    while (length-- > 0) *out++ = *in++;
    return to;
}

KEPT void *memmove(void *to, const void *from, size_t length)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    if ((uintptr_t)out <= (uintptr_t)in) return memcpy(to, from, length);
    while (length-- > 0) out[length] = in[length];
    return to;
}

KEPT void *memset(void *to, int value, size_t length)
{
    uint8_t *out = to;
    while (length-- > 0) *out++ = (uint8_t)value;
    return to;
}

KEPT int memcmp(const void *one, const void *other, size_t length)
{
    const uint8_t *a = one, *b = other;
    for (; length > 0; length--, a++, b++)
        if (*a != *b) return *a < *b ? -1 : 1;
    return 0;
}

KEPT size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0') length++;
    return length;
}
