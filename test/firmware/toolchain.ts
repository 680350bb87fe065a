import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe } from 'vitest';

/** A tool of the tests of firmware, MQTT and metrics: what it is for, the Debian packages that bring it, and how it is tried. */
interface ToolEntry {
  readonly purpose: string;
  readonly packages: readonly string[];
  readonly works: () => boolean;
}

const PROGRAM = '#include <stdint.h>\n#include <string.h>\nint main(void) { return (int)strlen(""); }\n';
const FUZZER =
  '#include <stdint.h>\n#include <stddef.h>\n' +
  'int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);\n' +
  'int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { (void)data; (void)size; return 0; }\n';

/** Where Debian puts the sources of Arduino's AVR core. */
export const ARDUINO_AVR = '/usr/share/arduino/hardware/arduino/avr';

/** Debian's Python, which has Debian's packages. */
export const PAHO_PYTHON = '/usr/bin/python3';

/** Debian keeps it where the path of a user does not lead. */
export const MOSQUITTO = existsSync('/usr/sbin/mosquitto') ? '/usr/sbin/mosquitto' : 'mosquitto';

/** Each tool is tried by using it: a compiler without its C library is found out here, not in the middle of a test. */
const TOOLS = {
  gcc: {
    purpose: 'the C library and the virtual device',
    packages: ['gcc', 'libc6-dev'],
    works: () => compiles('gcc', ['-o', '/dev/null'], PROGRAM),
  },
  openssl: {
    purpose: 'certificates of the samples of the HTTP API',
    packages: ['openssl'],
    works: () => run('openssl', ['version']).status === 0,
  },
  curl: {
    purpose: 'the samples of the HTTP API',
    packages: ['curl'],
    works: () => run('curl', ['--version']).status === 0,
  },
  systemd: {
    purpose: 'the unit of the service',
    packages: ['systemd'],
    works: () => run('systemd-analyze', ['--version']).status === 0,
  },
  make: {
    purpose: 'the makefiles of the ports',
    packages: ['make'],
    works: () => run('make', ['--version']).status === 0,
  },
  'gcc-32': {
    purpose: 'the C library on 32 bit',
    packages: ['gcc-multilib'],
    works: () => compiles('gcc', ['-m32', '-o', '/dev/null'], PROGRAM),
  },
  libcrypto: {
    purpose: 'the virtual device that signs',
    packages: ['libssl-dev'],
    works: () => compiles('gcc', ['-lcrypto', '-o', '/dev/null'], `#include <openssl/evp.h>\n${PROGRAM}`),
  },
  clang: {
    purpose: 'the C library under a second compiler',
    packages: ['clang'],
    works: () => compiles('clang', ['-o', '/dev/null'], PROGRAM),
  },
  libfuzzer: {
    purpose: 'fuzzing the C library',
    packages: ['clang', 'libclang-rt-14-dev'],
    works: () => compiles('clang', ['-fsanitize=fuzzer,address,undefined', '-o', '/dev/null'], FUZZER),
  },
  'avr-gcc': {
    purpose: 'the firmware of the Uno',
    packages: ['gcc-avr', 'avr-libc', 'binutils-avr'],
    works: () =>
      compiles('avr-gcc', ['-mmcu=atmega328p', '-o', '/dev/null'], `#include <avr/io.h>\n${PROGRAM}`),
  },
  'arduino-core': {
    purpose: "the examples' sketches",
    packages: ['arduino-core-avr'],
    works: () => existsSync(`${ARDUINO_AVR}/cores/arduino/Arduino.h`),
  },
  'arm-gcc': {
    purpose: 'the firmware of the Cortex-M boards',
    packages: ['gcc-arm-none-eabi', 'libnewlib-arm-none-eabi'],
    works: () =>
      compiles('arm-none-eabi-gcc', ['-mcpu=cortex-m0', '-mthumb', '-c', '-o', '/dev/null'], PROGRAM),
  },
  'qemu-arm': {
    purpose: 'running the Cortex-M firmware',
    packages: ['qemu-system-arm'],
    works: () => run('qemu-system-arm', ['-M', 'help']).stdout.includes('microbit'),
  },
  simavr: {
    purpose: 'running the firmware of the Uno behind a real pty',
    packages: ['libsimavr-dev', 'libelf-dev'],
    works: () =>
      compiles(
        'gcc',
        ['-o', '/dev/null', '-Wl,--no-as-needed', '-lsimavr', '-lelf'],
        `#include <simavr/sim_avr.h>\n${PROGRAM}`,
      ),
  },
  mosquitto: {
    purpose: 'MQTT with the clients of Mosquitto',
    packages: ['mosquitto-clients'],
    works: () => run('mosquitto_sub', ['--help']).stdout.includes('mosquitto_sub'),
  },
  'mosquitto-broker': {
    purpose: 'bridges to a broker of Mosquitto',
    packages: ['mosquitto'],
    works: () => run(MOSQUITTO, ['-h']).stdout.includes('mosquitto'),
  },
  prometheus: {
    purpose: 'metrics with Prometheus',
    packages: ['prometheus'],
    works: () => run('promtool', ['--version']).status === 0 && run('prometheus', ['--version']).status === 0,
  },
  'paho-c': {
    purpose: 'MQTT with Paho for C',
    packages: ['libpaho-mqtt-dev'],
    works: () => compiles('gcc', ['-lpaho-mqtt3c', '-o', '/dev/null'], `#include <MQTTClient.h>\n${PROGRAM}`),
  },
  'paho-python': {
    purpose: 'MQTT with Paho for Python',
    packages: ['python3-paho-mqtt'],
    works: () => run(PAHO_PYTHON, ['-c', 'import paho.mqtt.client']).status === 0,
  },
  chromium: {
    purpose: 'the dashboard in a browser',
    packages: ['chromium', 'fonts-dejavu-core'],
    works: () => run('/usr/bin/chromium', ['--version']).stdout.includes('Chromium'),
  },
} as const satisfies Record<string, ToolEntry>;

/** A tool that tests may ask for. */
export type Tool = keyof typeof TOOLS;

const found = new Map<Tool, boolean>();

/** Whether a tool is on this machine and works; tried once a process. */
export function hasTool(tool: Tool): boolean {
  const known = found.get(tool);
  if (known !== undefined) return known;
  const works = TOOLS[tool].works();
  found.set(tool, works);
  return works;
}

/** The tools that this machine lacks. */
export function missingTools(): Tool[] {
  return (Object.keys(TOOLS) as Tool[]).filter((tool) => !hasTool(tool));
}

/** What is left out for want of tools, why, and how to change it: one line. `undefined` where nothing is missing. */
export function leftOutLine(missing: readonly Tool[]): string | undefined {
  if (missing.length === 0) return undefined;
  const what = missing.map((tool) => `${TOOLS[tool].purpose} (no ${tool})`).join(', ');
  const packages = [...new Set(missing.flatMap((tool) => TOOLS[tool].packages))].join(' ');
  return `Tests left out: ${what}. To run them: bash .ci/toolchain, or sudo apt-get install ${packages}`;
}

/** Every Debian package that some tool comes with. */
export function toolPackages(): string[] {
  return [...new Set(Object.values(TOOLS).flatMap(({ packages }): readonly string[] => packages))].sort();
}

/** `describe` for tests that need tools: skipped where one is missing, which the setup has said in its one line. */
export function describeWith(tools: readonly Tool[], name: string, body: () => void): void {
  describe.skipIf(!tools.every(hasTool))(name, body);
}

function compiles(compiler: string, flags: readonly string[], source: string): boolean {
  const last = flags.filter((flag) => flag.startsWith('-l') || flag.startsWith('-Wl'));
  const first = flags.filter((flag) => !last.includes(flag));
  return run(compiler, [...first, '-x', 'c', '-', ...last], source).status === 0;
}

function run(command: string, argv: readonly string[], input = '') {
  const { status, stdout } = spawnSync(command, argv, { input, encoding: 'utf8', timeout: 30_000 });
  return { status, stdout: stdout ?? '' };
}
