/* sedge.h: the device's side of sedge's serial link, in C99.
 *
 * A sensor publishes readings; they are numbered, kept in a ring while nobody listens, sealed with Ascon-AEAD128 and
 * sent until the host says that they are durable in the mesh. The wire format is in firmware-bridge/README.md.
 *
 *     enum { TEMPERATURE = 1 };
 *     static const struct sedge_topic topics[] = { SEDGE_READING("greenhouse/temp", SEDGE_FLOAT, "Cel") };
 *     static uint8_t buffer[160];
 *     static const struct sedge_config config = SEDGE_CONFIG(NULL, topics, 1, buffer, sizeof buffer);
 *     static struct sedge_device device;
 *
 *     void setup(void) { sedge_init(&device, &config, SEDGE_RESET_UNKNOWN); }
 *     void loop(void) {
 *         sedge_poll(&device);
 *         if (it_is_time()) sedge_publish_float(&device, TEMPERATURE, read_celsius());
 *     }
 *
 * Rules that hold for every call:
 * - No memory is allocated. `struct sedge_device`, the config and all it points to belong to the caller and stay where
 *   they are, unchanged but by the library, from sedge_init on.
 * - Nothing blocks, but writes of the port to non-volatile memory (sedge_init, and a PROVISION inside sedge_poll).
 * - Nothing recurses; loops are bounded by SEDGE_MTU, the buffer's size or the number of topics. A reading that is
 *   durable, or lost, is taken out of the buffer by moving what is behind it: O(buffer_size).
 * - One thread: call nothing from an interrupt, nor sedge_poll and sedge_init from within a handler. Handlers may
 *   publish.
 * - Two devices (two UARTs) may live in one program; they share nothing.
 */
#ifndef SEDGE_H
#define SEDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Limits: define any of them for the whole build (-DSEDGE_MTU=128) ------------------------------------------- */

/* The largest body of a frame, control byte and CRC included. The device holds two of them. A value may have
 * SEDGE_VALUE_SIZE bytes of CBOR. */
#ifndef SEDGE_MTU
#ifdef __AVR__
#define SEDGE_MTU 64
#else
#define SEDGE_MTU 250
#endif
#endif
#if SEDGE_MTU < 64 || SEDGE_MTU > 250
#error "SEDGE_MTU is 64 to 250: a HELLO_ACK has to fit, and COBS must cost one byte"
#endif

/* Frames that may be unacknowledged. More hide a longer round trip; two bytes of RAM each. */
#ifndef SEDGE_WINDOW
#define SEDGE_WINDOW 4
#endif
#if SEDGE_WINDOW < 1 || SEDGE_WINDOW > 7
#error "SEDGE_WINDOW is 1 to 7"
#endif
#define SEDGE_SLOTS (SEDGE_WINDOW > 4 ? 8 : 4)

/* 0: the device has no commands, and answers none (1.3 KB of flash and 64 bytes of RAM less on AVR). */
#ifndef SEDGE_COMMANDS
#define SEDGE_COMMANDS 1
#endif
#if SEDGE_COMMANDS != 0 && SEDGE_COMMANDS != 1
#error "SEDGE_COMMANDS is 0 or 1"
#endif

/* 0: no statistics: the device sends no STATS to the host, and of struct sedge_stats only `dropped` is counted. */
#ifndef SEDGE_STATS
#define SEDGE_STATS 1
#endif
#if SEDGE_STATS != 0 && SEDGE_STATS != 1
#error "SEDGE_STATS is 0 or 1"
#endif

/* 1: there is one device, and its config is the constant `sedge_static_config` that the sketch defines. With link-time
 * optimisation what it does not use (no keep, no silence, one topic) is not in the program. */
#ifndef SEDGE_STATIC_CONFIG
#define SEDGE_STATIC_CONFIG 0
#endif
#if SEDGE_STATIC_CONFIG != 0 && SEDGE_STATIC_CONFIG != 1
#error "SEDGE_STATIC_CONFIG is 0 or 1"
#endif

/* Commands whose ids and results are remembered, so that one sent twice is done once. */
#ifndef SEDGE_RESULTS
#define SEDGE_RESULTS 4
#endif
#if SEDGE_RESULTS < 1 || SEDGE_RESULTS > 64
#error "SEDGE_RESULTS is 1 to 64"
#endif

/* Bytes of CBOR that a command may answer with. */
#ifndef SEDGE_RESULT_SIZE
#ifdef __AVR__
#define SEDGE_RESULT_SIZE 8
#else
#define SEDGE_RESULT_SIZE 32
#endif
#endif
#if SEDGE_RESULT_SIZE < 0 || SEDGE_RESULT_SIZE > SEDGE_MTU - 30
#error "SEDGE_RESULT_SIZE is 0 to SEDGE_MTU - 30: the result has to fit a record"
#endif

/* 1: readings can be signed by the device itself (sedge_config.sign). */
#ifndef SEDGE_SIGNING
#if SEDGE_MTU >= 160
#define SEDGE_SIGNING 1
#else
#define SEDGE_SIGNING 0
#endif
#endif
#if SEDGE_SIGNING && SEDGE_MTU < 128
#error "A signature of 64 bytes needs SEDGE_MTU of 128 or more"
#endif

/* Bytes of a topic's registered name that a signed reading can carry (the signed text is built on the stack). */
#ifndef SEDGE_SIGNED_NAME_SIZE
#define SEDGE_SIGNED_NAME_SIZE 96
#endif
#if SEDGE_SIGNED_NAME_SIZE < 1 || SEDGE_SIGNED_NAME_SIZE > 255
#error "SEDGE_SIGNED_NAME_SIZE is 1 to 255"
#endif

/* Fixed by the protocol. */
#define SEDGE_PROTOCOL 1
#define SEDGE_NV_SIZE 156                    /* bytes of non-volatile memory that the port supplies */
#define SEDGE_PAYLOAD_SIZE (SEDGE_MTU - 5)   /* of a frame */
#define SEDGE_VALUE_SIZE (SEDGE_MTU - 23)    /* of a sealed record: CBOR, signature included */
#define SEDGE_ITEM_HEAD 10                   /* bytes that the buffer spends on a reading beside its value */

/* ---- CBOR ------------------------------------------------------------------------------------------------------ */

/* Writes CBOR into memory of the caller. After an overflow it writes nothing more and `full` stays true: check once,
 * at the end. All calls are O(bytes written). */
struct sedge_writer {
    uint8_t *at;
    const uint8_t *end;
    bool full;
};

void sedge_writer_init(struct sedge_writer *out, uint8_t *bytes, size_t size);
void sedge_put_uint(struct sedge_writer *out, uint32_t value);
void sedge_put_int(struct sedge_writer *out, int32_t value);
void sedge_put_float(struct sedge_writer *out, float value); /* always as float32 */
void sedge_put_bool(struct sedge_writer *out, bool value);
void sedge_put_null(struct sedge_writer *out);
void sedge_put_text(struct sedge_writer *out, const char *text); /* zero-terminated UTF-8 */
void sedge_put_bytes(struct sedge_writer *out, const uint8_t *bytes, uint16_t length);
void sedge_put_array(struct sedge_writer *out, uint16_t count); /* then `count` items */
void sedge_put_map(struct sedge_writer *out, uint16_t pairs);   /* then `pairs` times key, value */
void sedge_put_raw(struct sedge_writer *out, const uint8_t *cbor, uint16_t length);

/* Reads CBOR where it lies: texts and bytes are handed out as pointers into it, valid as long as it is. Any item of
 * another kind, too large or cut short makes the call return false, sets `bad` and all later calls return false. */
struct sedge_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

void sedge_reader_init(struct sedge_reader *in, const uint8_t *bytes, size_t length);
bool sedge_get_uint(struct sedge_reader *in, uint32_t *value);
bool sedge_get_int(struct sedge_reader *in, int32_t *value);
bool sedge_get_float(struct sedge_reader *in, float *value); /* of float16, 32, 64 and integers */
bool sedge_get_bool(struct sedge_reader *in, bool *value);
bool sedge_get_text(struct sedge_reader *in, const char **text, uint16_t *length); /* not zero-terminated */
bool sedge_get_bytes(struct sedge_reader *in, const uint8_t **bytes, uint16_t *length);
bool sedge_get_array(struct sedge_reader *in, uint16_t *count);
bool sedge_get_map(struct sedge_reader *in, uint16_t *pairs);
bool sedge_get_null(struct sedge_reader *in);
/* Passes over one item, whatever it holds: O(its bytes), without recursion. */
bool sedge_skip(struct sedge_reader *in);
/* Major type 0..7 of the next item without reading it; 0xff at the end or after an error. */
uint8_t sedge_peek(const struct sedge_reader *in);

/* ---- Topics and commands --------------------------------------------------------------------------------------- */

struct sedge_device;

/* What the readings of a topic, or the arguments of a command, are. Texts, so that a sensor holds those it uses. */
#define SEDGE_ANY "any"
#define SEDGE_FLOAT "float"
#define SEDGE_INT "int"
#define SEDGE_BOOL "bool"
#define SEDGE_TEXT "text"
#define SEDGE_BYTES "bytes"

enum sedge_status {
    SEDGE_DONE = 0,
    SEDGE_FAILED = 1,
    SEDGE_UNKNOWN_COMMAND = 2, /* given by the library */
    SEDGE_EXPIRED = 3,         /* given by the library */
    SEDGE_BUSY = 4,
    SEDGE_BAD_ARGUMENTS = 5
};

/* Does a command and says how it went. `args` is one CBOR item (null where the sender gave none); at most one item may
 * be put into `result`: where it does not fit SEDGE_RESULT_SIZE, or is no item, the status becomes SEDGE_FAILED.
 * Runs inside sedge_poll; keep it short, as the link waits. An id that was seen already never comes here again. */
typedef enum sedge_status (*sedge_handler)(struct sedge_device *device, uint8_t command, struct sedge_reader *args,
                                           struct sedge_writer *result);

/* A topic that readings are published on, or a command. Its id is its place in the table, from 1. Its texts together
 * have to fit a record: SEDGE_VALUE_SIZE - 14 bytes are always well. */
struct sedge_topic {
    const char *name;
    const char *unit;      /* "" for none; UCUM is a good habit: Cel, %, hPa */
    sedge_handler handler; /* NULL: readings */
    const char *type;      /* SEDGE_FLOAT, ... */
};

#define SEDGE_READING(name, type, unit) { (name), (unit), NULL, (type) }
#define SEDGE_COMMAND(name, type, handler) { (name), "", (handler), (type) }

/* ---- Life ------------------------------------------------------------------------------------------------------ */

enum sedge_reset_cause {
    SEDGE_RESET_UNKNOWN = 0,
    SEDGE_RESET_POWER = 1,
    SEDGE_RESET_PIN = 2,
    SEDGE_RESET_BROWN_OUT = 3,
    SEDGE_RESET_WATCHDOG = 4,
    SEDGE_RESET_SOFTWARE = 5
};

/* 16 bytes of RAM that a reset leaves alone (AVR: __attribute__((section(".noinit")))). With them the device can tell
 * after a warm reset how many readings it had numbered, so that the host reports the lost ones at once. */
struct sedge_keep {
    uint32_t epoch;
    uint32_t counter;
    uint32_t check;
};

/* What a device is. Has to outlive the device and may be const. */
struct sedge_config {
    void *port;                       /* handed to every sedge_port_ function */
    const struct sedge_topic *topics;
    uint8_t *buffer;                  /* ring of the readings that are not durable yet */
    uint16_t buffer_size;             /* 16 to 65,535; a float takes 15 bytes */
    uint16_t silence_s;               /* a device that sleeps: longest silence; 0 for one that does not */
    uint32_t firmware;                /* version that the host shows */
    struct sedge_keep *keep;          /* or NULL */
    bool (*allow_provision)(struct sedge_device *device); /* or NULL: may a key be replaced? (jumper, button) */
#if SEDGE_SIGNING
    /* Or NULL. Ed25519 over `message`; false: the reading is refused. Called once a reading, inside the publish. */
    bool (*sign)(struct sedge_device *device, const uint8_t *message, uint16_t length, uint8_t signature[64]);
#endif
    uint8_t topic_count;              /* 0 to 255 */
};

#if SEDGE_STATIC_CONFIG
extern const struct sedge_config sedge_static_config;
#endif

/* The fields most devices need, in the order that C++ before 20 can initialise too. */
#if SEDGE_SIGNING
#define SEDGE_CONFIG(port, topics, topic_count, buffer, buffer_size) \
    { (port), (topics), (buffer), (buffer_size), 0, 0, NULL, NULL, NULL, (topic_count) }
#else
#define SEDGE_CONFIG(port, topics, topic_count, buffer, buffer_size) \
    { (port), (topics), (buffer), (buffer_size), 0, 0, NULL, NULL, (topic_count) }
#endif

#ifdef __AVR__
typedef uint16_t sedge_tally;
#else
typedef uint32_t sedge_tally;
#endif

/* Counted since boot; each stops at its highest value. A byte or frame that was dropped is in exactly one of them. */
struct sedge_stats {
    /* In the order of STATS: */
    sedge_tally frames_in;      /* with a good CRC */
    sedge_tally frames_out;
    sedge_tally bad_crc;        /* chunks that are no frame: COBS or CRC */
    sedge_tally too_long;       /* chunks longer than SEDGE_MTU */
    sedge_tally overruns;       /* reported by the port */
    sedge_tally sent_again;     /* DATA frames */
    sedge_tally naks;           /* sent */
    sedge_tally refused;        /* DATA unsealed, forged or replayed; HELLO or PROVISION that may not be followed */
    sedge_tally dropped;        /* readings that the full buffer lost */
    /* Here alone: */
    sedge_tally duplicates;     /* DATA that was here already */
    sedge_tally bad_acks;       /* acknowledgements outside of what was sent */
    sedge_tally unknown_frames; /* other version, or a type that a device does not take */
    sedge_tally malformed;      /* sealed by the host but not of the protocol's shape, or of an unknown type */
    sedge_tally not_published;  /* publish calls that returned false */
    sedge_tally sessions_lost;
};

/* ---- The device. Its fields are the library's; read what you like, write nothing. -------------------------------- */

enum sedge_timer {
    SEDGE_TIMER_RESEND, /* of DATA; or to ask a host that is not ready */
    SEDGE_TIMER_ACK,    /* what was taken has to be acknowledged */
    SEDGE_TIMER_NAK,    /* may be sent again */
    SEDGE_TIMER_BEAT,   /* heartbeat, or RESET without a session */
    SEDGE_TIMER_HELLO,  /* since the last HELLO: when may a session begin, when is one without WELCOME given up */
    SEDGE_TIMER_STATS,
    SEDGE_TIMERS
};

/* Framing and go-back-N, usable alone (src/sedge_link.h). */
struct sedge_link {
    void *port;
    uint16_t now;          /* ms, at the last poll */
    uint16_t timer[SEDGE_TIMERS]; /* ms left; 0: ran out */
    uint16_t beat_ms;      /* a frame goes out so often at least */
    uint8_t rx_length;
    uint8_t rx_block;      /* bytes left of the COBS block */
    uint8_t rx_flags;
    uint8_t tx_length;     /* bytes of the frame in `tx`, delimiters included */
    uint8_t tx_sent;       /* of them handed to the port */
    uint8_t base;          /* oldest number unacknowledged */
    uint8_t next;          /* number to send next; a NAK or time-out takes it back */
    uint8_t high;          /* highest number ever sent, plus one */
    uint8_t wanted;        /* number wanted from the host */
    uint8_t window;        /* the smaller of both sides */
    uint8_t owed;          /* DATA taken and not acknowledged */
    uint8_t backoff;       /* time-outs since the last progress */
    uint8_t unheard;       /* time-outs and heartbeats since the last valid frame */
    uint8_t refusals;      /* in a row */
    uint8_t above;         /* DATA in a row that left out the wanted one */
    uint8_t seen;          /* number of the last of them */
    uint8_t control;       /* type of a control frame to send, 0 for none */
    uint8_t flags;
    struct sedge_stats stats;
    /* Last: what lies in the first 64 bytes costs an AVR less. */
    uint8_t rx[SEDGE_MTU];
    uint8_t tx[SEDGE_MTU + 3];
};

struct sedge_result {
    uint32_t id;
    uint8_t state;
    uint8_t command;
    uint8_t status;
    uint8_t length;
    uint8_t value[SEDGE_RESULT_SIZE ? SEDGE_RESULT_SIZE : 1];
};

/* What HELLO said, as far as the tag of HELLO_ACK covers it, and HELLO_ACK without its tag: as on the wire, so that
 * either is copied, never built. Behind it that tag, 8 bytes. */
#define SEDGE_GREETING_SIZE (11 + 37)

#define SEDGE_TIME_SIZE 6 /* [n] */

struct sedge_device {
    struct sedge_link link; /* first: the link's hooks find the device by it */
#if !SEDGE_STATIC_CONFIG
    const struct sedge_config *config;
#endif
    uint32_t last;          /* counter given last */
    uint32_t host_counter;  /* last of the host's series */
    uint8_t time[SEDGE_TIME_SIZE]; /* value of the TIME to answer */
    uint8_t time_length;
    uint32_t due;           /* counter below which all is durable, or reported as lost */
    uint16_t sent_counter;  /* last of the session's series */
    uint16_t stats_ms;
    uint16_t used;          /* bytes of the ring */
    uint16_t count;         /* readings in the ring */
    uint8_t flying;         /* readings that have a link number, the oldest */
    uint8_t gap;            /* 1: the reading behind them waits for its GAP to be followed */
    uint8_t cell;           /* of the newest epoch */
    uint8_t state;          /* enum sedge_state */
    uint8_t todo;           /* records of the session to send: bits */
    uint8_t register_next;  /* topic to register next; 0 when done */
    uint8_t slot[SEDGE_SLOTS];          /* what each link number carries: type of record */
    uint8_t slot_argument[SEDGE_SLOTS]; /* and which one */
    uint8_t session_key[16];
    uint8_t greeting[SEDGE_GREETING_SIZE + 8];
#if SEDGE_COMMANDS
    uint8_t result_next;    /* place that the next result takes */
    struct sedge_result results[SEDGE_RESULTS];
#endif
};

enum sedge_state {
    SEDGE_NO_KEY,     /* waits for PROVISION; publishes nothing */
    SEDGE_NV_FAULT,   /* non-volatile memory does not keep a new epoch: nothing may be sealed, nothing is published */
    SEDGE_NO_SESSION, /* readings go to the ring */
    SEDGE_GREETED,    /* HELLO_ACK sent: the host has yet to prove that it has the key */
    SEDGE_ONLINE
};

/* ---- Calls ----------------------------------------------------------------------------------------------------- */

/* Starts the device: reads key and epoch, writes the next epoch (20 ms on AVR) and reads it back. Call it once a boot:
 * each call takes an epoch. False: the config breaks a limit (buffer too small, a topic whose texts do not fit); the
 * device must not be used then. A missing key is no error: see sedge_state. O(texts of the topics). */
bool sedge_init(struct sedge_device *device, const struct sedge_config *config, enum sedge_reset_cause reset_cause);

/* Does what is to be done: reads what came (at most 2 * SEDGE_MTU bytes a call), sends at most one new frame, minds
 * the time-outs. Call it as often as you can, every 5 ms at least, on AVR: before the receive ring is full. Takes at
 * most one sealing and the commands in what came (5 ms on an Uno, without the handlers). */
void sedge_poll(struct sedge_device *device);

/* ms until sedge_poll has something to do, unless bytes come: a device that sleeps may sleep so long. 0: now. */
uint32_t sedge_wait_ms(const struct sedge_device *device);

enum sedge_state sedge_state(const struct sedge_device *device);

/* Each takes a reading into the ring with the present time and the next number: O(bytes). Where
 * there is no room the oldest readings are dropped, and reported by a GAP. False: unknown topic, longer than
 * SEDGE_VALUE_SIZE or the ring, no key, numbers used up, or all that is in the ring is on its way (never so where it holds
 * two readings more than SEDGE_WINDOW); counted in not_published and no number is spent. The value is
 * copied (by way of SEDGE_VALUE_SIZE bytes of stack). */
bool sedge_publish_float(struct sedge_device *device, uint8_t topic, float value);
bool sedge_publish_int(struct sedge_device *device, uint8_t topic, int32_t value);
bool sedge_publish_bool(struct sedge_device *device, uint8_t topic, bool value);
bool sedge_publish_text(struct sedge_device *device, uint8_t topic, const char *text);
bool sedge_publish_bytes(struct sedge_device *device, uint8_t topic, const uint8_t *bytes, uint16_t length);
/* `cbor`: exactly one well-formed item. */
bool sedge_publish_cbor(struct sedge_device *device, uint8_t topic, const uint8_t *cbor, uint16_t length);

/* value / 2^fraction_bits as a float, without any float code: what a sensor of 1/16 degree gives (DS18B20: 4). */
bool sedge_publish_fixed(struct sedge_device *device, uint8_t topic, int32_t value, uint8_t fraction_bits);

/* Readings that are not durable yet. */
uint16_t sedge_pending(const struct sedge_device *device);

/* Number of this boot, 0 without a key; and the number that the last reading got in it. Together they name it. */
uint32_t sedge_epoch(const struct sedge_device *device);
uint32_t sedge_counter(const struct sedge_device *device);

enum sedge_level { SEDGE_ERROR, SEDGE_WARN, SEDGE_INFO, SEDGE_DEBUG };

/* Sends a line for people, unsealed and unacknowledged. Longer texts are cut. False: a frame is just going out; poll
 * and try again. */
bool sedge_log(struct sedge_device *device, enum sedge_level level, const char *text);

/* True between frames: the sketch may print text to the UART itself. */
bool sedge_quiet(const struct sedge_device *device);

const struct sedge_stats *sedge_stats(const struct sedge_device *device);

/* ---- The port: the board (or you) supplies these five ------------------------------------------------------------ */

/* Milliseconds since boot, monotonic, wraps at 2^32; goes on while the board sleeps. */
uint32_t sedge_port_now_ms(void *port);

/* The next byte received; SEDGE_PORT_NONE; or SEDGE_PORT_OVERRUN once for each time that bytes were lost. */
#define SEDGE_PORT_NONE (-1)
#define SEDGE_PORT_OVERRUN (-2)
int16_t sedge_port_read(void *port);

/* Takes a byte to send, in order. False at once, without taking it, where there is no room. */
bool sedge_port_write(void *port, uint8_t byte);

/* `length` bytes of the SEDGE_NV_SIZE, from `at`. A write returns when it is done; bytes beyond `at + length` must
 * never change, not even by a power cut. Erased or new memory may hold anything. */
void sedge_port_nv_read(void *port, uint8_t at, uint8_t *bytes, uint8_t length);
void sedge_port_nv_write(void *port, uint8_t at, const uint8_t *bytes, uint8_t length);

#ifdef __cplusplus
}
#endif

#endif
