/*
 * Runs a firmware on an emulated ATmega328P whose USART is a pty, at the pace of the wall clock.
 *
 *     simavr-runner FIRMWARE.elf EEPROM_FILE
 *
 * Prints "pty PATH" once the pty is open and "ready" once the processor runs; a line for each reset. The EEPROM is read
 * from EEPROM_FILE at the start (missing: blank) and written to it at each reset and at the end. SIGUSR1 pulls the reset
 * pin; SIGTERM and SIGINT end. simavr's own command line has neither a pty nor a file for the EEPROM.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <simavr/avr_eeprom.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { CLOCK_HZ = 16000000, EEPROM_BYTES = 1024, SLICE_CYCLES = CLOCK_HZ / 1000, QUEUE_BYTES = 4096 };

struct runner {
    avr_t *avr;
    avr_irq_t *input;
    const char *eeprom_path;
    int pty;
    int slave; /* kept open: without it reading the master fails while nobody else has the pty */
    bool may_send;
    uint8_t queue[QUEUE_BYTES];
    size_t queued, sent;
};

static volatile sig_atomic_t reset_wanted, end_wanted;

static void on_signal(int number)
{
    if (number == SIGUSR1) reset_wanted = 1;
    else end_wanted = 1;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void open_pty(struct runner *runner)
{
    runner->pty = posix_openpt(O_RDWR | O_NOCTTY);
    if (runner->pty < 0 || grantpt(runner->pty) != 0 || unlockpt(runner->pty) != 0) die("pty");
    const char *path = ptsname(runner->pty);
    runner->slave = open(path, O_RDWR | O_NOCTTY);
    struct termios raw;
    if (runner->slave < 0 || tcgetattr(runner->slave, &raw) != 0) die(path);
    cfmakeraw(&raw);
    if (tcsetattr(runner->slave, TCSANOW, &raw) != 0) die(path);
    if (fcntl(runner->pty, F_SETFL, O_NONBLOCK) != 0) die(path);
    printf("pty %s\n", path);
}

static void load_eeprom(struct runner *runner)
{
    uint8_t bytes[EEPROM_BYTES];
    memset(bytes, 0xff, sizeof bytes);
    FILE *file = fopen(runner->eeprom_path, "rb");
    if (file != NULL) {
        if (fread(bytes, 1, sizeof bytes, file) != sizeof bytes) fprintf(stderr, "short EEPROM file\n");
        fclose(file);
    }
    avr_eeprom_desc_t all = {.ee = bytes, .offset = 0, .size = sizeof bytes};
    avr_ioctl(runner->avr, AVR_IOCTL_EEPROM_SET, &all);
}

static void save_eeprom(struct runner *runner)
{
    uint8_t bytes[EEPROM_BYTES];
    avr_eeprom_desc_t all = {.ee = bytes, .offset = 0, .size = sizeof bytes};
    avr_ioctl(runner->avr, AVR_IOCTL_EEPROM_GET, &all);
    FILE *file = fopen(runner->eeprom_path, "wb");
    if (file == NULL || fwrite(bytes, 1, sizeof bytes, file) != sizeof bytes || fclose(file) != 0)
        die(runner->eeprom_path);
}

/* The USART sent a byte. A full pty loses it, as a wire does that nobody listens to. */
static void on_output(avr_irq_t *irq, uint32_t value, void *context)
{
    (void)irq;
    struct runner *runner = context;
    uint8_t byte = (uint8_t)value;
    if (write(runner->pty, &byte, 1) != 1 && errno != EAGAIN) die("write to the pty");
}

static void on_xon(avr_irq_t *irq, uint32_t value, void *context)
{
    (void)irq, (void)value;
    ((struct runner *)context)->may_send = true;
}

static void on_xoff(avr_irq_t *irq, uint32_t value, void *context)
{
    (void)irq, (void)value;
    ((struct runner *)context)->may_send = false;
}

static void connect_uart(struct runner *runner)
{
    avr_t *avr = runner->avr;
    uint32_t flags = 0; /* neither lines on the console nor sleeps of its own */
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    runner->input = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_output, runner);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON), on_xon, runner);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF), on_xoff, runner);
    runner->may_send = true;
}

/* Hands the USART what came from the pty, as far as its queue takes it. */
static void feed(struct runner *runner)
{
    if (runner->sent == runner->queued) {
        ssize_t got = read(runner->pty, runner->queue, sizeof runner->queue);
        if (got < 0 && errno != EAGAIN && errno != EINTR && errno != EIO) die("read from the pty");
        runner->sent = 0;
        runner->queued = got > 0 ? (size_t)got : 0;
    }
    while (runner->may_send && runner->sent < runner->queued)
        avr_raise_irq(runner->input, runner->queue[runner->sent++]);
}

static void no_sleep(avr_t *avr, avr_cycle_count_t cycles)
{
    (void)avr, (void)cycles;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Lets the processor wait for the wall clock, and forgives what a busy machine lost. */
static void keep_pace(avr_cycle_count_t cycles, int64_t *origin)
{
    int64_t due = *origin + (int64_t)(cycles * 125 / 2); /* 62.5 ns a cycle */
    int64_t ahead = due - now_ns();
    if (ahead < -100000000) *origin -= ahead;
    if (ahead <= 0) return;
    struct timespec wait = {.tv_sec = ahead / 1000000000, .tv_nsec = ahead % 1000000000};
    nanosleep(&wait, NULL);
}

static void start(struct runner *runner, const char *elf_path)
{
    elf_firmware_t firmware;
    memset(&firmware, 0, sizeof firmware);
    if (elf_read_firmware(elf_path, &firmware) != 0) die(elf_path);
    runner->avr = avr_make_mcu_by_name("atmega328p");
    if (runner->avr == NULL) die("atmega328p");
    avr_init(runner->avr);
    firmware.frequency = CLOCK_HZ;
    avr_load_firmware(runner->avr, &firmware);
    runner->avr->sleep = no_sleep;
    load_eeprom(runner);
    connect_uart(runner);
}

static int run(struct runner *runner)
{
    int64_t origin = now_ns();
    avr_cycle_count_t next = runner->avr->cycle, base = next;
    while (!end_wanted) {
        int state = avr_run(runner->avr);
        if (state == cpu_Done || state == cpu_Crashed) {
            fprintf(stderr, "the processor %s\n", state == cpu_Done ? "stopped" : "crashed");
            return 1;
        }
        if (runner->avr->cycle < next) continue;
        next = runner->avr->cycle + SLICE_CYCLES;
        if (reset_wanted) {
            reset_wanted = 0;
            save_eeprom(runner);
            avr_reset(runner->avr);
            load_eeprom(runner);
            base = runner->avr->cycle;
            next = base + SLICE_CYCLES;
            origin = now_ns();
            runner->may_send = true;
            printf("reset\n");
        }
        feed(runner);
        keep_pace(runner->avr->cycle - base, &origin);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: simavr-runner FIRMWARE.elf EEPROM_FILE\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGUSR1, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    static struct runner runner;
    runner.eeprom_path = argv[2];
    open_pty(&runner);
    start(&runner, argv[1]);
    printf("ready\n");
    int status = run(&runner);
    save_eeprom(&runner);
    avr_terminate(runner.avr);
    return status;
}
