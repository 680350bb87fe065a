/*
 * A whole sensor for the boards of this folder: a made-up temperature each second, a light that a command switches,
 * and a command that restarts the board. Without a key it says so to the host and waits for `sedge device provision`.
 */
#include "board.h"

enum { TEMPERATURE = 1, LIGHT, RESTART };
enum { EVERY_MS = 1000, RESTART_AFTER_MS = 300, FIRMWARE = 0x00000100 };

static bool light;
static uint32_t restart_at; /* ms; 0: not wanted */

static enum sedge_status on_light(struct sedge_device *device, uint8_t command, struct sedge_reader *args,
                                  struct sedge_writer *result)
{
    (void)device, (void)command;
    if (!sedge_get_bool(args, &light)) return SEDGE_BAD_ARGUMENTS;
    sedge_put_bool(result, light);
    return SEDGE_DONE;
}

static enum sedge_status on_restart(struct sedge_device *device, uint8_t command, struct sedge_reader *args,
                                    struct sedge_writer *result)
{
    (void)device, (void)command, (void)args, (void)result;
    /* Once the result has gone out: a host that hears none does not know what became of the command. */
    restart_at = sedge_port_now_ms(NULL) + RESTART_AFTER_MS;
    return SEDGE_DONE;
}

static const struct sedge_topic topics[] = {
    SEDGE_READING("bench/temp", SEDGE_FLOAT, "Cel"),
    SEDGE_COMMAND("light", SEDGE_BOOL, on_light),
    SEDGE_COMMAND("restart", SEDGE_ANY, on_restart),
};

static uint8_t buffer[1024];
static struct sedge_keep keep __attribute__((section(".noinit")));

static const struct sedge_config config = {
    .topics = topics,
    .topic_count = sizeof topics / sizeof topics[0],
    .buffer = buffer,
    .buffer_size = sizeof buffer,
    .firmware = FIRMWARE,
    .keep = &keep,
};

/* Goes up and down between 18 and 25.5 degrees. */
static float made_up_celsius(uint32_t n)
{
    uint32_t step = n % 32;
    return 18.0f + 0.5f * (float)(step < 16 ? step : 31 - step);
}

int main(void)
{
    static struct sedge_device device;
    uint32_t next = 0, taken = 0;
    board_start();
    if (!sedge_init(&device, &config, board_reset_cause())) board_reset();
    for (;;) {
        sedge_poll(&device);
        uint32_t now = sedge_port_now_ms(NULL);
        if ((int32_t)(now - next) >= 0) {
            next = now + EVERY_MS;
            (void)sedge_publish_float(&device, TEMPERATURE, made_up_celsius(taken++));
        }
        if (restart_at != 0 && (int32_t)(now - restart_at) >= 0) board_reset();
        if (sedge_wait_ms(&device) > 0) board_idle();
    }
}
