/* The port to Arduino: any core's Stream and millis(), and the EEPROM of the cores named below. */
#ifdef ARDUINO

#include "SedgeDevice.h"

#if defined(__AVR__)
#include <avr/eeprom.h>
#include <avr/io.h>
#elif defined(ARDUINO_ARCH_ESP32) || defined(ARDUINO_ARCH_ESP8266) || defined(ARDUINO_ARCH_RP2040)
#include <EEPROM.h>
#endif

namespace {

#if defined(__AVR__) && defined(MCUSR)
/* 12 bytes that a reset leaves alone. Random after power on, which their check tells. */
sedge_keep keep __attribute__((section(".noinit")));

/* MCUSR as the program found it; optiboot clears it and hands it on in register 2. Not cleared at boot. */
uint8_t reset_flags __attribute__((section(".noinit")));

sedge_reset_cause resetCause() {
  if (reset_flags & 0xf0) return SEDGE_RESET_UNKNOWN;  // register 2 of a bootloader that knows nothing of this
  if (reset_flags & _BV(WDRF)) return SEDGE_RESET_WATCHDOG;
  if (reset_flags & _BV(PORF)) return SEDGE_RESET_POWER;
  if (reset_flags & _BV(BORF)) return SEDGE_RESET_BROWN_OUT;
  return reset_flags & _BV(EXTRF) ? SEDGE_RESET_PIN : SEDGE_RESET_UNKNOWN;
}

sedge_keep *kept() { return &keep; }
#else
sedge_reset_cause resetCause() { return SEDGE_RESET_UNKNOWN; }

sedge_keep *kept() { return nullptr; }
#endif

bool publishUnsigned(sedge_device *device, uint8_t topic, uint32_t value) {
  uint8_t cbor[5];
  sedge_writer out;
  sedge_writer_init(&out, cbor, sizeof cbor);
  sedge_put_uint(&out, value);
  return sedge_publish_cbor(device, topic, cbor, static_cast<uint16_t>(out.at - cbor));
}

}  // namespace

#if defined(__AVR__) && defined(MCUSR)
/* Before main and before variables are set, while register 2 is as the bootloader left it and register 1 is not zero
 * yet. Cleared, so that the next reset's flag stands alone. */
extern "C" void sedge_save_reset_flags() __attribute__((naked, used, section(".init0")));
extern "C" void sedge_save_reset_flags() {
  __asm__ __volatile__(
      "in r24, %[mcusr]\n\t"
      "tst r24\n\t"
      "breq 1f\n\t"
      "mov r2, r24\n\t"
      "1: sts %[flags], r2\n\t"
      "ldi r24, 0\n\t"
      "out %[mcusr], r24\n\t"
      :
      : [mcusr] "I"(_SFR_IO_ADDR(MCUSR)), [flags] "i"(&reset_flags));
}
#endif

bool SedgeDevice::begin(const sedge_topic *topics, uint8_t topic_count, uint8_t *buffer, uint16_t buffer_size) {
  config_.port = this;
  config_.topics = topics;
  config_.topic_count = topic_count;
  config_.buffer = buffer;
  config_.buffer_size = buffer_size;
  config_.keep = kept();
#if defined(ARDUINO_ARCH_ESP32) || defined(ARDUINO_ARCH_ESP8266) || defined(ARDUINO_ARCH_RP2040)
  EEPROM.begin(SEDGE_NV_SIZE);
#endif
  return sedge_init(&device_, &config_, resetCause());
}

bool SedgeDevice::publish(uint8_t topic, unsigned int value) { return publishUnsigned(&device_, topic, value); }

bool SedgeDevice::publish(uint8_t topic, unsigned long value) {
  return publishUnsigned(&device_, topic, static_cast<uint32_t>(value));
}

uint32_t sedge_port_now_ms(void *port) {
  return static_cast<uint32_t>(millis()) + static_cast<SedgeDevice *>(port)->slept_ms_;
}

int16_t sedge_port_read(void *port) {
  return static_cast<int16_t>(static_cast<SedgeDevice *>(port)->line_.read());
}

bool sedge_port_write(void *port, uint8_t byte) {
  Stream &line = static_cast<SedgeDevice *>(port)->line_;
  if (line.availableForWrite() < 1) return false;
  return line.write(byte) == 1;
}

#if defined(__AVR__)

/* At the end of the EEPROM, away from what sketches keep from 0 on. */
#ifndef SEDGE_EEPROM_AT
#define SEDGE_EEPROM_AT (E2END + 1 - SEDGE_NV_SIZE)
#endif

void sedge_port_nv_read(void *port, uint8_t at, uint8_t *bytes, uint8_t length) {
  (void)port;
  eeprom_read_block(bytes, reinterpret_cast<const void *>(SEDGE_EEPROM_AT + at), length);
}

void sedge_port_nv_write(void *port, uint8_t at, const uint8_t *bytes, uint8_t length) {
  (void)port;
  eeprom_update_block(bytes, reinterpret_cast<void *>(SEDGE_EEPROM_AT + at), length);
}

#elif defined(ARDUINO_ARCH_ESP32) || defined(ARDUINO_ARCH_ESP8266) || defined(ARDUINO_ARCH_RP2040)

/* These cores keep a copy in RAM and write all of it to flash with commit(). On an ESP8266 and an RP2040 that erases
 * the only sector first: a power cut just then loses the key, and the device has to be provisioned again. */
void sedge_port_nv_read(void *port, uint8_t at, uint8_t *bytes, uint8_t length) {
  (void)port;
  for (uint8_t i = 0; i < length; i++) bytes[i] = EEPROM.read(at + i);
}

void sedge_port_nv_write(void *port, uint8_t at, const uint8_t *bytes, uint8_t length) {
  (void)port;
  for (uint8_t i = 0; i < length; i++) EEPROM.write(at + i, bytes[i]);
  EEPROM.commit();
}

#endif

#endif
