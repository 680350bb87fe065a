#include "device.h"

#if SEDGE_COMMANDS

#define UNUSED 0
#define QUEUED 1
#define FLYING 2
#define DONE 3

static struct sedge_result *known(struct sedge_device *device, uint32_t id)
{
    for (uint8_t i = 0; i < SEDGE_RESULTS; i++) {
        struct sedge_result *result = &device->results[i];
        if (result->state != UNUSED && result->id == id) {
            return result;
        }
    }
    return NULL;
}

static uint8_t do_it(struct sedge_device *device, struct sedge_result *result, struct sedge_reader *args)
{
    const struct sedge_topic *topic = &sedge_config_of(device)->topics[result->command - 1];
    struct sedge_writer out;
    uint8_t status;
    sedge_writer_init(&out, result->value, SEDGE_RESULT_SIZE);
    status = (uint8_t)topic->handler(device, result->command, args, &out);
    result->length = (uint8_t)(out.at - result->value);
    if (result->length) {
        struct sedge_reader check;
        sedge_reader_init(&check, result->value, result->length);
        if (!sedge_skip(&check) || check.at != check.end) {
            out.full = true;
        }
    }
    if (out.full) {
        result->length = 0;
        status = SEDGE_FAILED;
    }
    return status;
}

static bool is_command(const struct sedge_device *device, uint8_t command)
{
    return command && command <= sedge_config_of(device)->topic_count && sedge_config_of(device)->topics[command - 1].handler;
}

static uint8_t judge(struct sedge_device *device, struct sedge_result *result, uint32_t deadline,
                     struct sedge_reader *args)
{
    struct sedge_reader check = *args;
    if (!is_command(device, result->command)) {
        return SEDGE_UNKNOWN_COMMAND;
    }
    if (deadline && (int32_t)(sedge_port_now_ms(sedge_config_of(device)->port) - deadline) > 0) {
        return SEDGE_EXPIRED;
    }
    if (!sedge_skip(&check) || check.at != check.end) {
        return SEDGE_BAD_ARGUMENTS;
    }
    return do_it(device, result, args);
}

enum sedge_taken sedge_command_take(struct sedge_device *device, uint8_t command, struct sedge_reader *value)
{
    uint16_t fields;
    uint32_t id;
    uint32_t deadline;
    struct sedge_result *result;
    if (!sedge_get_array(value, &fields) || fields != 3 || !sedge_get_uint(value, &id)
        || !sedge_get_uint(value, &deadline)) {
        SEDGE_NOTE(&device->link.stats.malformed);
        return SEDGE_TAKEN;
    }
    result = known(device, id);
    if (!result) {
        result = &device->results[device->result_next];
        if (result->state == QUEUED || result->state == FLYING) {
            return SEDGE_NOT_NOW;
        }
        device->result_next = (uint8_t)((device->result_next + 1) % SEDGE_RESULTS);
        result->id = id;
        result->command = command;
        result->length = 0;
        /* Known from here on: whatever the handler does, it is not called for this id again. */
        result->state = QUEUED;
        result->status = judge(device, result, deadline, value);
    }
    if (result->state != FLYING) {
        result->state = QUEUED;
        device->todo |= SEDGE_TODO_RESULT;
    }
    return SEDGE_TAKEN;
}

uint8_t sedge_result_next(struct sedge_device *device)
{
    uint8_t place = device->result_next;
    for (uint8_t i = 0; i < SEDGE_RESULTS; i++) {
        struct sedge_result *result = &device->results[place];
        if (result->state == QUEUED) {
            result->state = FLYING;
            return place;
        }
        place = (uint8_t)((place + 1) % SEDGE_RESULTS);
    }
    device->todo &= (uint8_t)~SEDGE_TODO_RESULT;
    return 0xff;
}

void sedge_result_put(const struct sedge_device *device, uint8_t place, struct sedge_writer *out)
{
    const struct sedge_result *result = &device->results[place];
    sedge_put_array(out, result->length ? 3 : 2);
    sedge_put_uint(out, result->id);
    sedge_put_uint(out, result->status);
    sedge_put_raw(out, result->value, result->length);
}

void sedge_result_done(struct sedge_device *device, uint8_t place)
{
    device->results[place].state = DONE;
    sedge_link_ready(&device->link);
}

void sedge_results_land(struct sedge_device *device)
{
    for (uint8_t i = 0; i < SEDGE_RESULTS; i++) {
        if (device->results[i].state == FLYING) {
            device->results[i].state = QUEUED;
        }
    }
    device->todo |= SEDGE_TODO_RESULT;
}

#endif
