// As much of Arduino's API as SedgeDevice uses, for cores whose compilers are not here: types alone, nothing to run.
#ifndef ARDUINO_SHIM_H
#define ARDUINO_SHIM_H

#include <stddef.h>
#include <stdint.h>

class Stream {
 public:
  virtual ~Stream() {}
  virtual int read() = 0;
  virtual int availableForWrite() = 0;
  virtual size_t write(uint8_t byte) = 0;
};

unsigned long millis();

#endif
