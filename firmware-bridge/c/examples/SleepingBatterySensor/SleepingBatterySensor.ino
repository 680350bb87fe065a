/*
 * A sensor on a battery that is awake for a fraction of a second a minute: an Arduino Pro Mini (ATmega328P) with a
 * thermistor on A0, wired to the host's serial line all the time. It sleeps with all clocks off, and wakes by the
 * watchdog.
 *
 * setSilence tells the host how long no word is no bad sign. Readings are kept while nobody answers, and it goes back to
 * sleep after three seconds: a host that is off does not empty the battery.
 */
#include <SedgeDevice.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

enum { TEMPERATURE = 1, BATTERY };
const uint8_t NAPS = 7;              // of 8 seconds each
const unsigned long NAP_MS = 8192;   // by the watchdog's own clock, which is up to a tenth off
const unsigned long AWAKE_MS = 3000; // at most, while readings wait
const unsigned long LINGER_MS = 100; // at least, for a command that waits at the host

const sedge_topic topics[] = {
    SEDGE_READING("shed/temp", SEDGE_FLOAT, "Cel"),
    SEDGE_READING("shed/battery", SEDGE_FLOAT, "V"),
};

// 26 readings, two a minute: 13 minutes without a host.
uint8_t buffer[400];
SedgeDevice sedge(Serial);

volatile bool rested;

ISR(WDT_vect) { rested = true; }

void nap() {
  rested = false;
  ADCSRA &= ~_BV(ADEN);
  set_sleep_mode(SLEEP_MODE_PWR_DOWN);
  noInterrupts();
  wdt_reset();
  WDTCSR = _BV(WDCE) | _BV(WDE);
  WDTCSR = _BV(WDIE) | _BV(WDP3) | _BV(WDP0);  // an interrupt, no reset, in 8 seconds
  // Whatever else may wake it, it goes on sleeping until the watchdog says so.
  while (!rested) {
    sleep_enable();
    sleep_bod_disable();
    interrupts();
    sleep_cpu();
    sleep_disable();
    noInterrupts();
  }
  interrupts();
  wdt_disable();
  ADCSRA |= _BV(ADEN);
  sedge.slept(NAP_MS);
}

// The supply against the chip's own reference of 1.1 V.
float batteryVolts() {
  ADMUX = _BV(REFS0) | _BV(MUX3) | _BV(MUX2) | _BV(MUX1);
  delay(2);
  ADCSRA |= _BV(ADSC);
  while (ADCSRA & _BV(ADSC)) {
  }
  return 1.1f * 1024.0f / ADC;
}

// A 10k thermistor (B 3950) between A0 and GND, 10k between A0 and VCC.
float celsius() {
  float ratio = analogRead(A0) / 1024.0f;
  float kelvin = 1.0f / (1.0f / 298.15f + log(ratio / (1.0f - ratio)) / 3950.0f);
  return kelvin - 273.15f;
}

void setup() {
  Serial.begin(115200);
  sedge.setSilence(120);
  sedge.begin(topics, buffer);
}

void loop() {
  sedge.publish(TEMPERATURE, celsius());
  sedge.publish(BATTERY, batteryVolts());
  unsigned long woke = millis();
  // Without a key it stays awake: who sleeps cannot be given one.
  while (!sedge.provisioned() || millis() - woke < (sedge.pending() > 0 ? AWAKE_MS : LINGER_MS)) sedge.poll();
  Serial.flush();
  for (uint8_t i = 0; i < NAPS; i++) nap();
}
