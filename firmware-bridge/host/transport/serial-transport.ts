import type { LinuxBindingInterface } from '@serialport/bindings-cpp';
import type { SerialPortStream } from '@serialport/stream';
import { type ErrorCode, SedgeError } from '../../../src/errors/index.ts';
import { directBinding } from './direct-binding.ts';
import { type Transport, type TransportListener, WAITING_BYTES_MAX } from './transport.ts';

/** Read at once; the default of 64 KiB is memory that 64 ports never fill. */
const READ_BYTES_MAX = 4_096;

/** A serial port of this machine, 8 data bits, no parity, one stop bit, for this process alone. */
export class SerialTransport implements Transport {
  readonly #path: string;
  readonly #baudRate: number;
  #port: SerialPortStream | null = null;
  #listener: TransportListener | null = null;
  #closed = false;
  #opening: Promise<void> | null = null;

  constructor(options: { readonly path: string; readonly baudRate: number }) {
    this.#path = options.path;
    this.#baudRate = options.baudRate;
  }

  async open(listener: TransportListener): Promise<void> {
    this.#opening ??= this.#open(listener);
    await this.#opening;
  }

  write(bytes: Uint8Array): boolean {
    const port = this.#port;
    if (port === null || this.#closed || port.writableLength + bytes.length > WAITING_BYTES_MAX) return false;
    port.write(bytes);
    return true;
  }

  async close(): Promise<void> {
    this.#listener = null;
    this.#closed = true;
    await this.#opening?.catch(() => {});
    const port = this.#port;
    this.#port = null;
    if (port?.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
  }

  async #open(listener: TransportListener): Promise<void> {
    const port = await this.#makePort();
    const failure = await new Promise<Error | null>((resolve) => port.open(resolve));
    if (failure !== null) throw openFailure(failure, this.#path);
    this.#port = port;
    // Nobody reads what comes after `close`, and an unheard `error` would end the process.
    port.on('error', (error) => this.#end(error));
    port.on('close', (error: Error | null) => this.#end(error));
    if (this.#closed) return;
    this.#listener = listener;
    port.on('data', (bytes: Uint8Array) => this.#listener?.onBytes(bytes));
  }

  /** Loaded when a port is opened: native code that a node without serial ports need not have. */
  async #makePort(): Promise<SerialPortStream> {
    try {
      const [{ SerialPortStream }, { autoDetect }] = await Promise.all([
        import('@serialport/stream'),
        import('@serialport/bindings-cpp'),
      ]);
      const binding = directBinding(autoDetect() as LinuxBindingInterface);
      return new SerialPortStream({
        binding,
        path: this.#path,
        baudRate: this.#baudRate,
        autoOpen: false,
        highWaterMark: READ_BYTES_MAX,
      });
    } catch (cause) {
      throw failed(this.#path, cause);
    }
  }

  #end(error: Error | null): void {
    const listener = this.#listener;
    this.#listener = null;
    this.#closed = true;
    listener?.onClosed(
      error !== null && 'disconnected' in error
        ? new SedgeError('serial.port-missing', { port: this.#path }, { cause: error })
        : failed(this.#path, error),
    );
    // A failed write leaves the port open; let go of it, so that the next opening gets it.
    if (this.#port?.isOpen) this.#port.close(() => {});
  }
}

/** The bindings give texts of the system and no codes. */
const OPEN_FAILURES: readonly (readonly [RegExp, ErrorCode])[] = [
  [/no such (file|device)|not a directory|file not found/i, 'serial.port-missing'],
  [/permission denied|access denied|operation not permitted/i, 'serial.port-denied'],
  [/busy|cannot lock|temporarily unavailable/i, 'serial.port-busy'],
];

function openFailure(error: Error, path: string): SedgeError {
  const [, code = null] = OPEN_FAILURES.find(([text]) => text.test(error.message)) ?? [];
  return code === null ? failed(path, error) : new SedgeError(code, { port: path }, { cause: error });
}

function failed(path: string, cause: unknown): SedgeError {
  const reason = cause instanceof Error ? cause.message : 'closed';
  return new SedgeError('serial.port-failed', { port: path, reason }, { cause });
}
