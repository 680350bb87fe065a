/*
 * A relay on pin 7 that the mesh switches, and a button on pin 2 (to GND) that switches it here.
 *
 *     sedge device send pump-1 relay true
 *
 * answers with what the relay does now. A command reaches the sketch once, however often the line repeats it; one that
 * came too late never does. The state goes out as a reading whenever it changes, so that everybody knows it, whoever
 * switched. Without the host for a minute the pump is switched off: choose what is safe where yours stands.
 */
#include <SedgeDevice.h>

enum { STATE = 1, RELAY = 2 };
const uint8_t RELAY_PIN = 7, BUTTON_PIN = 2;
const unsigned long ALONE_MS = 60000, DEBOUNCE_MS = 50;

sedge_status onRelay(sedge_device *device, uint8_t command, sedge_reader *args, sedge_writer *result);

const sedge_topic topics[] = {
    SEDGE_READING("pump/relay", SEDGE_BOOL, ""),
    SEDGE_COMMAND("relay", SEDGE_BOOL, onRelay),
};

uint8_t buffer[160];
SedgeDevice sedge(Serial);
bool isOn = false;

void switchRelay(bool on) {
  if (on == isOn) return;
  isOn = on;
  digitalWrite(RELAY_PIN, on ? HIGH : LOW);
  sedge.publish(STATE, on);
}

sedge_status onRelay(sedge_device *device, uint8_t command, sedge_reader *args, sedge_writer *result) {
  (void)device, (void)command;
  bool wanted;
  if (!sedge_get_bool(args, &wanted)) return SEDGE_BAD_ARGUMENTS;
  switchRelay(wanted);
  sedge_put_bool(result, isOn);
  return SEDGE_DONE;
}

bool buttonPressed() {
  static bool wasDown = false;
  static unsigned long changed = 0;
  bool down = digitalRead(BUTTON_PIN) == LOW;
  if (down == wasDown || millis() - changed < DEBOUNCE_MS) return false;
  changed = millis();
  wasDown = down;
  return down;
}

void setup() {
  pinMode(RELAY_PIN, OUTPUT);
  pinMode(BUTTON_PIN, INPUT_PULLUP);
  Serial.begin(115200);
  sedge.begin(topics, buffer);
  sedge.publish(STATE, isOn);
}

void loop() {
  static unsigned long heard = 0;
  sedge.poll();
  if (sedge.online()) heard = millis();
  if (buttonPressed()) switchRelay(!isOn);
  if (isOn && millis() - heard >= ALONE_MS) switchRelay(false);
}
