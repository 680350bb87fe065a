import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServedMesh } from '../../control/served-mesh.ts';

/** What was found of one thing that must work. */
export interface CheckResult {
  readonly ok: boolean;
  /** How long it took, or how late it was. */
  readonly ms: number;
  readonly reason?: string;
}

/** Whether the node works. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<'journal' | 'disk' | 'loop', CheckResult>>;
}

/** What a {@link ReadyCheck} works with. */
export interface ReadyCheckDependencies {
  readonly mesh: Pick<ServedMesh, 'whenStored'>;
  /** The node's directory. */
  readonly directory: string;
}

/** The disk is written to at most so often, however often somebody asks: each try wears a card. */
const PROBE_EVERY_MS = 60_000;
/** What takes longer does not work. */
const PATIENCE_MS = 5_000;
const TICK_MS = 1_000;
const PROBE_FILE = 'ready-probe';

/** Finds out whether the node gets on: by what it gets done, not by its sockets. */
export class ReadyCheck {
  readonly #deps: ReadyCheckDependencies;
  readonly #timer: NodeJS.Timeout;
  #tickedAtMs = performance.now();
  #lagMs = 0;
  #probe: { readonly atMs: number; readonly result: Promise<CheckResult> } | null = null;
  #storing: Promise<CheckResult> | null = null;

  constructor(deps: ReadyCheckDependencies) {
    this.#deps = deps;
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** Whether the journal gets to the disk, the disk takes a file, and the process is not held up. */
  async look(): Promise<Readiness> {
    const [journal, disk] = await Promise.all([this.#journal(), this.#disk()]);
    const ms = Math.max(this.#lagMs, performance.now() - this.#tickedAtMs - TICK_MS, 0);
    const loop = ms < PATIENCE_MS ? { ok: true, ms } : { ok: false, ms, reason: 'the process is held up' };
    return { ready: journal.ok && disk.ok && loop.ok, checks: { journal, disk, loop } };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#lagMs = Math.max(0, nowMs - this.#tickedAtMs - TICK_MS);
    this.#tickedAtMs = nowMs;
  }

  /** One question at a time: while it has no answer, it is the same one for all who ask. */
  #journal(): Promise<CheckResult> {
    this.#storing ??= timed(this.#deps.mesh.whenStored()).finally(() => {
      this.#storing = null;
    });
    return within(this.#storing, 'the journal waits for the disk');
  }

  #disk(): Promise<CheckResult> {
    const nowMs = performance.now();
    if (this.#probe === null || nowMs - this.#probe.atMs >= PROBE_EVERY_MS)
      this.#probe = { atMs: nowMs, result: timed(writeProbe(join(this.#deps.directory, PROBE_FILE))) };
    return within(this.#probe.result, 'the disk does not answer');
  }
}

async function writeProbe(path: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.write('sedge\n');
    await file.datasync();
  } finally {
    await file.close();
  }
  await unlink(path);
}

async function timed(work: Promise<unknown>): Promise<CheckResult> {
  const startedAtMs = performance.now();
  try {
    await work;
    return { ok: true, ms: performance.now() - startedAtMs };
  } catch (error) {
    const reason = (error as { code?: unknown }).code ?? 'failed';
    return { ok: false, ms: performance.now() - startedAtMs, reason: String(reason) };
  }
}

async function within(result: Promise<CheckResult>, reason: string): Promise<CheckResult> {
  const patience = Promise.withResolvers<CheckResult>();
  const timer = setTimeout(() => patience.resolve({ ok: false, ms: PATIENCE_MS, reason }), PATIENCE_MS);
  try {
    return await Promise.race([result, patience.promise]);
  } finally {
    clearTimeout(timer);
  }
}
