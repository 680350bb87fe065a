/*
 * A temperature each ten seconds, from a TMP36 on A0 (left pin to 5V, right pin to GND, the middle to A0).
 *
 * Once on the host:    sedge device provision /dev/ttyUSB0 --name greenhouse-1
 * Then:                sedge start --serial /dev/ttyUSB0
 * And on any node:     sedge sub 'greenhouse/#'
 *
 * Pull the cable: the last readings wait in the buffer, and arrive when it is back. What does not fit is reported lost.
 */
#include <SedgeDevice.h>

enum { TEMPERATURE = 1 };
const unsigned long EVERY_MS = 10000;

const sedge_topic topics[] = {
    SEDGE_READING("greenhouse/temp", SEDGE_FLOAT, "Cel"),
};

// A reading of a float takes 15 bytes: 21 of them, three and a half minutes.
uint8_t buffer[320];

SedgeDevice sedge(Serial);

float readCelsius() {
  // 10 mV a degree, 500 mV at 0 degrees; the mean of 16 as one conversion is off by a degree.
  unsigned int sum = 0;
  for (uint8_t i = 0; i < 16; i++) sum += analogRead(A0);
  return (sum * (5000.0f / 1024.0f / 16.0f) - 500.0f) / 10.0f;
}

void setup() {
  Serial.begin(115200);
  sedge.begin(topics, buffer);
}

void loop() {
  static unsigned long last = 0 - EVERY_MS;
  sedge.poll();
  if (millis() - last >= EVERY_MS) {
    last += EVERY_MS;
    sedge.publish(TEMPERATURE, readCelsius());
  }
}
