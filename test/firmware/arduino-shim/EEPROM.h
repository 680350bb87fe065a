// The flash-backed EEPROM of the cores for ESP32, ESP8266 and RP2040.
#ifndef EEPROM_SHIM_H
#define EEPROM_SHIM_H

#include <stddef.h>
#include <stdint.h>

class EepromShim {
 public:
  void begin(size_t size);
  uint8_t read(int address);
  void write(int address, uint8_t value);
  bool commit();
};

extern EepromShim EEPROM;

#endif
