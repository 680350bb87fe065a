/*
 * A device without hardware: the library as a program of this machine, on a pseudo terminal or on stdin and stdout.
 *
 *     virtual-device --pty /tmp/uno                          plays a sensor: two readings each second
 *     virtual-device --pty /tmp/uno --feed 0                 takes its readings from stdin (below)
 *     virtual-device --stdio --feed 3 --events 2             the wire is stdin and stdout
 *
 * --nv FILE        non-volatile memory: key and epochs (virtual-device.nv)
 * --topic N:T:U    a topic to register: name, type (float, int, bool, text, any), unit; again for more
 * --command NAME   a command to register; it answers with its arguments; again for more
 * --every MS       without --feed: so often a reading of each topic (1000)
 * --ring BYTES     memory for readings that are not taken yet (4096; a float takes 15)
 * --silence S      announces that it may be silent so long
 * --firmware N     version that it tells
 * --id HEX --key HEX  starts provisioned (16 and 32 digits), unless its memory holds that key
 * --sign-seed HEX  signs each reading with the Ed25519 key of this seed (64 digits); needs a build with SIGN=1
 * --replaceable    takes a new key where it has one: the jumper is set
 * --feed FD        lines to take readings from, instead of playing
 * --events FD      lines that tell what happens go there (2)
 *
 * Feed:    r TOPIC VALUE      takes a reading; TOPIC counts from 1
 *          log TEXT           prints text between the frames, as printf of a sketch
 *          say LEVEL TEXT     sends a LOG: error, warn, info or debug
 *          reset              boots again as by the reset button; `power`: RAM lost; SIGUSR1: as `reset`
 *          quit
 * Events:  public-key HEX (of --sign-seed); booted EPOCH CAUSE; taken EPOCH COUNTER TOPIC VALUE; refused TOPIC VALUE; dropped COUNT;
 *          state no-key|nv-fault|offline|greeted|online; idle; command NAME ARGUMENTS
 *
 * SIGTERM and the end of a wire of stdin end it.
 */
#define _XOPEN_SOURCE 600
#define _DARWIN_C_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../include/sedge.h"
#include "../../src/device.h"
#include "sedge_posix.h"
#include "signer.h"

#define TOPICS_MAX 64
#define LINE_SIZE 512
/* How often a pseudo terminal that nobody has open is looked at: it only says "hang-up" all the time. */
#define CLOSED_WAIT_MS 20
/* Lines of the feed that are taken between two looks at the wire. */
#define LINES_A_ROUND 32

struct options {
    const char *pty;
    bool on_stdio;
    const char *nv;
    int feed; /* -1: plays */
    int events;
    unsigned every_ms;
    unsigned ring;
    unsigned silence_s;
    unsigned firmware;
    bool is_replaceable;
    const char *id;
    const char *key;
    const char *sign_seed;
};

struct feed {
    char bytes[LINE_SIZE];
    size_t length;
    bool is_over;
};

static struct options options = { NULL, false, "virtual-device.nv", -1, 2, 1000, 4096, 0, 1, false, NULL, NULL, NULL };
static struct sedge_topic topics[TOPICS_MAX];
static uint8_t topic_count = 0;
static struct sedge_posix port;
static struct sedge_device device;
static struct sedge_config config;
static struct sedge_keep keep; /* what a reset leaves alone */
static volatile sig_atomic_t ending = 0;
static volatile sig_atomic_t reset_pressed = 0;

static void on_signal(int number) {
    if (number == SIGUSR1) reset_pressed = 1;
    else ending = 1;
}

/* ---- Events ----------------------------------------------------------------------------------------------------- */

/* Written at once: what was told counts, also where the program is killed a moment later. */
static void tell(const char *format, ...) {
    char line[LINE_SIZE + 64];
    va_list values;
    int length;
    va_start(values, format);
    length = vsnprintf(line, sizeof line - 1, format, values);
    va_end(values);
    if (length < 0) return;
    if ((size_t)length > sizeof line - 2) length = (int)sizeof line - 2;
    line[length++] = '\n';
    (void)!write(options.events, line, (size_t)length);
}

static const char *state_name(enum sedge_state state) {
    static const char *const names[] = { "no-key", "nv-fault", "offline", "greeted", "online" };
    return names[state];
}

static void tell_changes(void) {
    static int last_state = -1;
    static uint16_t last_pending = 0;
    static sedge_tally last_dropped = 0;
    int state = (int)sedge_state(&device);
    uint16_t pending = sedge_pending(&device);
    sedge_tally dropped = sedge_stats(&device)->dropped;
    if (state != last_state) tell("state %s", state_name((enum sedge_state)state));
    if (dropped > last_dropped) tell("dropped %u", (unsigned)(dropped - last_dropped));
    if (pending == 0 && last_pending > 0) tell("idle");
    last_state = state;
    last_pending = pending;
    last_dropped = dropped;
}

/* ---- Commands: each answers with its arguments ------------------------------------------------------------------- */

static enum sedge_status on_command(struct sedge_device *self, uint8_t command, struct sedge_reader *args,
                                    struct sedge_writer *result) {
    const uint8_t *from = args->at;
    char hex[2 * SEDGE_MTU + 1] = "";
    size_t length, index;
    (void)self;
    if (!sedge_skip(args)) return SEDGE_BAD_ARGUMENTS;
    length = (size_t)(args->at - from);
    for (index = 0; index < length && index < SEDGE_MTU; index++) sprintf(hex + 2 * index, "%02x", from[index]);
    tell("command %s %s", topics[command - 1].name, hex);
    sedge_put_raw(result, from, (uint16_t)length);
    return SEDGE_DONE;
}

/* ---- Readings --------------------------------------------------------------------------------------------------- */

static bool is(uint8_t topic, const char *type) {
    return strcmp(topics[topic - 1].type, type) == 0;
}

static bool publish(uint8_t topic, const char *value) {
    if (is(topic, SEDGE_INT)) return sedge_publish_int(&device, topic, (int32_t)strtol(value, NULL, 10));
    if (is(topic, SEDGE_BOOL)) return sedge_publish_bool(&device, topic, strcmp(value, "true") == 0);
    if (is(topic, SEDGE_TEXT)) return sedge_publish_text(&device, topic, value);
    return sedge_publish_float(&device, topic, strtof(value, NULL));
}

static void take(uint8_t topic, const char *value) {
    if (topic >= 1 && topic <= topic_count && publish(topic, value)) {
        tell("taken %lu %lu %u %s", (unsigned long)sedge_epoch(&device),
             (unsigned long)sedge_counter(&device), topic, value);
    } else {
        tell("refused %u %s", topic, value);
    }
}

/* A sensor that drifts up and down. */
static void play(void) {
    static unsigned round = 0;
    uint8_t topic;
    char value[24];
    for (topic = 1; topic <= topic_count; topic++) {
        int tenths = 200 + topic * 10 + (int)(round % 40 < 20 ? round % 40 : 40 - round % 40);
        if (topics[topic - 1].handler != NULL) continue;
        if (is(topic, SEDGE_INT)) sprintf(value, "%d", tenths);
        else if (is(topic, SEDGE_BOOL)) sprintf(value, "%s", round % 2 ? "true" : "false");
        else sprintf(value, "%d.%d", tenths / 10, tenths % 10);
        take(topic, value);
    }
    round++;
}

/* ---- Life ------------------------------------------------------------------------------------------------------- */

static bool may_replace(struct sedge_device *self) {
    (void)self;
    return options.is_replaceable;
}

static bool boot(enum sedge_reset_cause cause) {
    char hello[64];
    if (cause == SEDGE_RESET_POWER) memset(&keep, 0, sizeof keep);
    sedge_posix_boot(&port);
    memset(&device, 0, sizeof device);
    if (!sedge_init(&device, &config, cause)) return false;
    tell("booted %lu %d", (unsigned long)sedge_epoch(&device), (int)cause);
    sprintf(hello, "virtual device, epoch %lu\r\n", (unsigned long)sedge_epoch(&device));
    (void)sedge_posix_text(&port, hello);
    return true;
}

/* ---- Keys of the command line ------------------------------------------------------------------------------------ */

static bool from_hex(const char *text, uint8_t *bytes, size_t length) {
    static const char digits[] = "0123456789abcdef";
    size_t index;
    if (text == NULL || strlen(text) != 2 * length) return false;
    for (index = 0; index < length; index++) {
        const char *high = strchr(digits, text[2 * index]);
        const char *low = strchr(digits, text[2 * index + 1]);
        if (high == NULL || low == NULL) return false;
        bytes[index] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    return true;
}

static bool configure(void) {
    memset(&config, 0, sizeof config);
    config.port = &port;
    config.topics = topics;
    config.topic_count = topic_count;
    config.buffer = (uint8_t *)malloc(options.ring);
    config.buffer_size = (uint16_t)options.ring;
    config.silence_s = (uint16_t)options.silence_s;
    config.firmware = options.firmware;
    config.keep = &keep;
    config.allow_provision = may_replace;
    return config.buffer != NULL;
}

/* As PROVISION does, before the first boot. */
static bool provision(void) {
    struct sedge_key_slot wanted, held;
    if (options.id == NULL && options.key == NULL) return true;
    memset(&wanted, 0, sizeof wanted);
    if (!from_hex(options.id, wanted.id, sizeof wanted.id) || !from_hex(options.key, wanted.key, sizeof wanted.key)) {
        return false;
    }
    memset(&device, 0, sizeof device);
    device.config = &config;
    if (!sedge_nv_key(&device, &held) || memcmp(held.id, wanted.id, sizeof held.id + sizeof held.key) != 0) {
        sedge_nv_provision(&device, &wanted);
    }
    return true;
}

static bool prepare_signing(void) {
    uint8_t seed[32], public_key[32];
    char hex[2 * sizeof public_key + 1];
    size_t index;
    if (options.sign_seed == NULL) return true;
    if (!from_hex(options.sign_seed, seed, sizeof seed)) return false;
    config.sign = signer_open(seed, public_key);
    if (config.sign == NULL) return false;
    for (index = 0; index < sizeof public_key; index++) sprintf(hex + 2 * index, "%02x", public_key[index]);
    tell("public-key %s", hex);
    return true;
}

static bool starts_with(const char *line, const char *word) { return strncmp(line, word, strlen(word)) == 0; }

static void say(const char *words) {
    static const char *const levels[] = { "error ", "warn ", "info ", "debug " };
    int level;
    for (level = 0; level < 4; level++) {
        if (starts_with(words, levels[level])) {
            (void)sedge_log(&device, (enum sedge_level)level, words + strlen(levels[level]));
        }
    }
}

/* False: the program ends. */
static bool obey(char *line) {
    if (starts_with(line, "r ")) {
        char *value;
        unsigned long topic = strtoul(line + 2, &value, 10);
        take(topic > 255 ? 0 : (uint8_t)topic, *value == ' ' ? value + 1 : value);
    } else if (starts_with(line, "log ")) {
        (void)sedge_posix_text(&port, line + 4);
        (void)sedge_posix_text(&port, "\r\n");
    } else if (starts_with(line, "say ")) {
        say(line + 4);
    } else if (strcmp(line, "reset") == 0) {
        return boot(SEDGE_RESET_PIN);
    } else if (strcmp(line, "power") == 0) {
        return boot(SEDGE_RESET_POWER);
    } else if (strcmp(line, "quit") == 0) {
        return false;
    }
    return true;
}

/* Takes whole lines; what is behind them waits for the next round. False: the program ends. */
static bool take_lines(struct feed *feed) {
    int lines;
    if (!feed->is_over && feed->length < sizeof feed->bytes) {
        ssize_t count = read(options.feed, feed->bytes + feed->length, sizeof feed->bytes - feed->length);
        if (count > 0) feed->length += (size_t)count;
        else if (count == 0 || (errno != EAGAIN && errno != EINTR)) feed->is_over = true;
    }
    for (lines = 0; lines < LINES_A_ROUND; lines++) {
        char *end = (char *)memchr(feed->bytes, '\n', feed->length);
        size_t taken;
        bool goes_on;
        if (end == NULL) {
            /* A line that never ends. */
            if (feed->length == sizeof feed->bytes) feed->length = 0;
            return true;
        }
        *end = '\0';
        taken = (size_t)(end - feed->bytes) + 1;
        goes_on = obey(feed->bytes);
        feed->length -= taken;
        memmove(feed->bytes, feed->bytes + taken, feed->length);
        if (!goes_on) return false;
    }
    return true;
}

/* ---- The loop --------------------------------------------------------------------------------------------------- */

/* Lets the library do what is to be done now, and says for how long it has nothing to do. */
static uint32_t serve(void) {
    uint32_t wait_ms;
    int round = 0;
    do {
        sedge_poll(&device);
        sedge_posix_flush(&port);
        tell_changes();
        wait_ms = sedge_wait_ms(&device);
    } while (wait_ms == 0 && ++round < 16 && port.tx_length == 0);
    return wait_ms;
}

static uint32_t smaller(uint32_t one, uint32_t other) { return one < other ? one : other; }

static void wait_for(uint32_t wait_ms, const struct feed *feed) {
    struct pollfd ends[3];
    nfds_t count = 0;
    if (!port.closed) {
        ends[count].fd = port.in;
        ends[count++].events = POLLIN;
        if (port.tx_length > 0) {
            ends[count].fd = port.out;
            ends[count++].events = POLLOUT;
            if (wait_ms == 0) wait_ms = CLOSED_WAIT_MS; /* what is to be sent waits for room */
        }
    } else {
        wait_ms = smaller(wait_ms, CLOSED_WAIT_MS);
    }
    if (options.feed >= 0 && !feed->is_over) {
        ends[count].fd = options.feed;
        ends[count++].events = POLLIN;
    }
    (void)poll(ends, count, (int)smaller(wait_ms, 60000));
}

static void run(void) {
    struct feed feed;
    uint32_t due_ms = 0;
    memset(&feed, 0, sizeof feed);
    while (!ending) {
        uint32_t wait_ms = serve();
        if (port.closed && options.on_stdio) return;
        if (options.feed < 0) {
            uint32_t now_ms = sedge_port_now_ms(&port);
            if (now_ms >= due_ms) {
                if (sedge_state(&device) != SEDGE_NO_KEY) play();
                due_ms = now_ms + options.every_ms;
                continue;
            }
            wait_ms = smaller(wait_ms, due_ms - now_ms);
        }
        wait_for(wait_ms, &feed);
        if (reset_pressed) {
            reset_pressed = 0;
            due_ms = 0;
            if (!boot(SEDGE_RESET_PIN)) return;
        }
        if (options.feed >= 0 && !take_lines(&feed)) return;
    }
}

/* ---- Command line ----------------------------------------------------------------------------------------------- */

static const char *type_of(const char *name) {
    static const char *const known[] = { SEDGE_FLOAT, SEDGE_INT, SEDGE_BOOL, SEDGE_TEXT };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i]) == 0) return known[i];
    }
    return SEDGE_ANY;
}

/* Cuts `name:type:unit` into its parts, where it lies. */
static bool add_topic(char *text, sedge_handler handler) {
    struct sedge_topic *topic = &topics[topic_count];
    char *type = strchr(text, ':');
    char *unit = type == NULL ? NULL : strchr(type + 1, ':');
    if (topic_count == TOPICS_MAX) return false;
    if (type != NULL) *type++ = '\0';
    if (unit != NULL) *unit++ = '\0';
    topic->name = text;
    topic->unit = unit == NULL ? "" : unit;
    topic->handler = handler;
    topic->type = type == NULL ? SEDGE_ANY : type_of(type);
    topic_count++;
    return true;
}

static bool number(const char *text, unsigned max, unsigned *value) {
    char *end;
    unsigned long parsed = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || parsed > max) return false;
    *value = (unsigned)parsed;
    return true;
}

static bool read_option(const char *name, char *value) {
    unsigned fd;
    if (strcmp(name, "--pty") == 0) options.pty = value;
    else if (strcmp(name, "--nv") == 0) options.nv = value;
    else if (strcmp(name, "--topic") == 0) return add_topic(value, NULL);
    else if (strcmp(name, "--command") == 0) return add_topic(value, on_command);
    else if (strcmp(name, "--id") == 0) options.id = value;
    else if (strcmp(name, "--key") == 0) options.key = value;
    else if (strcmp(name, "--sign-seed") == 0) options.sign_seed = value;
    else if (strcmp(name, "--every") == 0) return number(value, 86400000, &options.every_ms);
    else if (strcmp(name, "--ring") == 0) return number(value, 65535, &options.ring);
    else if (strcmp(name, "--silence") == 0) return number(value, 65535, &options.silence_s);
    else if (strcmp(name, "--firmware") == 0) return number(value, 0x7fffffff, &options.firmware);
    else if (strcmp(name, "--feed") == 0) {
        if (!number(value, 1023, &fd)) return false;
        options.feed = (int)fd;
    } else if (strcmp(name, "--events") == 0) {
        if (!number(value, 1023, &fd)) return false;
        options.events = (int)fd;
    } else return false;
    return true;
}

static bool read_command_line(int count, char **words) {
    int index;
    for (index = 1; index < count; index++) {
        if (strcmp(words[index], "--stdio") == 0) options.on_stdio = true;
        else if (strcmp(words[index], "--replaceable") == 0) options.is_replaceable = true;
        else if (index + 1 == count || !read_option(words[index], words[index + 1])) return false;
        else index++;
    }
    return options.on_stdio != (options.pty != NULL);
}

static void add_example_topics(void) {
    static char temperature[] = "demo/temperature:float:Cel";
    static char humidity[] = "demo/humidity:float:%";
    static char led[] = "led:bool";
    add_topic(temperature, NULL);
    add_topic(humidity, NULL);
    add_topic(led, on_command);
}

static void watch_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv) {
    int pty = -1;
    if (!read_command_line(argc, argv)) {
        fprintf(stderr, "usage: virtual-device (--pty LINK | --stdio) [--nv FILE] [--topic NAME:TYPE:UNIT]... "
                        "[--command NAME]...\n       [--every MS | --feed FD] [--events FD] [--ring BYTES] "
                        "[--silence S] [--firmware N] [--replaceable]\n       [--id HEX --key HEX] [--sign-seed HEX]\n");
        return 2;
    }
    if (topic_count == 0) add_example_topics();
    watch_signals();
    if (options.pty != NULL && (pty = sedge_posix_pty(options.pty)) < 0) {
        fprintf(stderr, "virtual-device: %s: %s\n", options.pty, strerror(errno));
        return 1;
    }
    if (!sedge_posix_open(&port, pty < 0 ? STDIN_FILENO : pty, pty < 0 ? STDOUT_FILENO : pty, options.nv) ||
        (options.feed >= 0 && fcntl(options.feed, F_SETFL, O_NONBLOCK) < 0)) {
        fprintf(stderr, "virtual-device: %s: %s\n", options.nv, strerror(errno));
        return 1;
    }
    if (!configure() || !provision() || !prepare_signing()) {
        fprintf(stderr, "virtual-device: --id, --key or --sign-seed: not the right number of hex digits, or a build "
                        "without SIGN=1\n");
        return 2;
    }
    if (boot(SEDGE_RESET_POWER)) run();
    else fprintf(stderr, "virtual-device: the library refuses this: a ring that is too small, or too long a name\n");
    if (options.pty != NULL) (void)unlink(options.pty);
    return 0;
}
