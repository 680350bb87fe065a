/*
 * SedgeDevice: sedge for Arduino sketches. A thin class over the C library (sedge.h), whose calls it does not hide: pass
 * a SedgeDevice where they want a `sedge_device *`.
 *
 *     #include <SedgeDevice.h>
 *
 *     enum { TEMPERATURE = 1 };
 *     const sedge_topic topics[] = {SEDGE_READING("greenhouse/temp", SEDGE_FLOAT, "Cel")};
 *     uint8_t buffer[160];
 *     SedgeDevice sedge(Serial);
 *
 *     void setup() {
 *       Serial.begin(115200);
 *       sedge.begin(topics, buffer);
 *     }
 *
 *     void loop() {
 *       sedge.poll();
 *       if (...) sedge.publish(TEMPERATURE, celsius);
 *     }
 *
 * Any Stream will do for the line: Serial, Serial1, a SoftwareSerial of 9,600 baud. Text that the sketch prints to the
 * same Serial shows up as the device's log; print it only while sedge.quiet(), or a frame is torn (and sent again).
 *
 * Key and epochs live in the EEPROM. Where a core has none that this class knows (see SedgeDevice.cpp), the sketch
 * supplies sedge_port_nv_read and sedge_port_nv_write itself, as sedge.h says; the linker names them then.
 */
#ifndef SEDGE_DEVICE_H
#define SEDGE_DEVICE_H

#include <Arduino.h>

#include "sedge.h"

class SedgeDevice {
 public:
  explicit SedgeDevice(Stream &line) : line_(line), config_(), device_(), slept_ms_(0) {}

  /** What the host shows as the firmware's version. Before begin(). */
  void setFirmware(uint32_t version) { config_.firmware = version; }

  /** For a device that sleeps: the longest silence, in seconds, that the host takes for sleep. Before begin(). */
  void setSilence(uint16_t seconds) { config_.silence_s = seconds; }

  /** Whether a key that is there may be replaced: read a jumper or a button. Before begin(). */
  void setAllowProvision(bool (*allow)(sedge_device *)) { config_.allow_provision = allow; }

  /**
   * Starts it; takes a new epoch, so call it once a boot. Both arrays have to stay. False: the buffer is too small or a
   * topic's texts are too long.
   */
  template <size_t TOPICS, size_t BYTES>
  bool begin(const sedge_topic (&topics)[TOPICS], uint8_t (&buffer)[BYTES]) {
    static_assert(TOPICS <= 255, "a device has at most 255 topics and commands");
    static_assert(BYTES >= 16 && BYTES <= 65535, "the buffer has 16 to 65,535 bytes");
    return begin(topics, TOPICS, buffer, BYTES);
  }
  bool begin(const sedge_topic *topics, uint8_t topic_count, uint8_t *buffer, uint16_t buffer_size);

  /** Reads, sends, minds the time-outs: every 5 ms at least. */
  void poll() { sedge_poll(&device_); }

  /** Takes a reading; see sedge.h for when it is refused. */
  bool publish(uint8_t topic, float value) { return sedge_publish_float(&device_, topic, value); }
  bool publish(uint8_t topic, double value) { return publish(topic, static_cast<float>(value)); }
  bool publish(uint8_t topic, bool value) { return sedge_publish_bool(&device_, topic, value); }
  bool publish(uint8_t topic, int value) { return sedge_publish_int(&device_, topic, value); }
  bool publish(uint8_t topic, long value) { return sedge_publish_int(&device_, topic, static_cast<int32_t>(value)); }
  bool publish(uint8_t topic, unsigned int value);
  bool publish(uint8_t topic, unsigned long value);
  bool publish(uint8_t topic, const char *text) { return sedge_publish_text(&device_, topic, text); }
  bool publish(uint8_t topic, const uint8_t *bytes, uint16_t length) {
    return sedge_publish_bytes(&device_, topic, bytes, length);
  }

  /** The host has proved that it has the key, and takes readings. */
  bool online() const { return sedge_state(&device_) == SEDGE_ONLINE; }

  /** A key is there: `sedge device provision PORT` on the host writes one. */
  bool provisioned() const { return sedge_state(&device_) != SEDGE_NO_KEY; }

  /** Readings that are not durable in the mesh yet: 0 before a long sleep. */
  uint16_t pending() const { return sedge_pending(&device_); }

  /** Milliseconds until poll() has something to do, unless bytes come. */
  uint32_t waitMs() const { return sedge_wait_ms(&device_); }

  /** True between frames. */
  bool quiet() const { return sedge_quiet(&device_); }

  /** A line for people, at most as long as a frame. */
  bool log(const char *text, sedge_level level = SEDGE_INFO) { return sedge_log(&device_, level, text); }

  const struct sedge_stats &stats() const { return *::sedge_stats(&device_); }

  /** millis() stood still for so long: the processor slept with its clock off. */
  void slept(uint32_t ms) { slept_ms_ += ms; }

  operator sedge_device *() { return &device_; }

 private:
  friend uint32_t sedge_port_now_ms(void *port);
  friend int16_t sedge_port_read(void *port);
  friend bool sedge_port_write(void *port, uint8_t byte);

  SedgeDevice(const SedgeDevice &);
  SedgeDevice &operator=(const SedgeDevice &);

  Stream &line_;
  sedge_config config_;
  sedge_device device_;
  uint32_t slept_ms_;
};

#endif
