import { SedgeError } from '../../src/index.ts';
import { CHECKERS } from '../checkers/checker-list.ts';
import type { TrafficSample } from '../report/fold-run.ts';
import type { ReportedViolation } from '../report/run-report.ts';
import { TrafficLog } from '../report/traffic-log.ts';
import type { Checker } from '../world/checker.ts';
import type { HistoryEvent } from '../world/history.ts';
import { SimulatedMesh } from '../world/simulated-mesh.ts';
import type { Scenario, ScenarioContext, ScenarioOverlay } from './scenario.ts';

/** How a scenario is to be played. */
export interface RunScenarioOptions {
  readonly seed: number;
  readonly overlay: ScenarioOverlay;
  /** @defaultValue the scenario's own number */
  readonly nodes?: number | undefined;
  readonly signal?: AbortSignal;
  /** Told now and then how far virtual time is. */
  readonly onProgress?: (virtualSeconds: number) => void;
}

/** How a scenario went. */
export interface ScenarioRun {
  readonly scenario: string;
  readonly summary: string;
  readonly seed: number;
  readonly overlay: ScenarioOverlay;
  readonly nodes: readonly string[];
  readonly ok: boolean;
  readonly virtualSeconds: number;
  readonly realSeconds: number;
  readonly published: number;
  readonly delivered: number;
  readonly gaps: number;
  readonly violations: readonly ReportedViolation[];
  /** SHA-256 over the history: on the model overlay the same for the same seed. */
  readonly digest: string;
  readonly history: readonly HistoryEvent[];
  readonly traffic: readonly TrafficSample[];
}

/** Before any virtual clock takes its place. */
const realNowMs = performance.now.bind(performance);

/** Plays a scenario, holds its mesh to every checker and stops it. Throws only what {@link RunScenarioOptions.signal} ends. */
export async function runScenario(scenario: Scenario, options: RunScenarioOptions): Promise<ScenarioRun> {
  const startedMs = realNowMs();
  const stage = new Stage(options);
  const violations: ReportedViolation[] = [];
  try {
    try {
      await scenario.run(stage.context);
    } catch (error) {
      options.signal?.throwIfAborted();
      violations.push({ checker: 'scenario', what: messageOf(error), t: stage.seconds });
    }
    violations.push(...(await stage.check()));
    const { mesh } = stage;
    const history = mesh?.history ?? [];
    const count = (kind: HistoryEvent['event']) =>
      history.reduce((sum, { event }) => sum + Number(event === kind), 0);
    return {
      scenario: scenario.name,
      summary: scenario.summary,
      seed: options.seed,
      overlay: options.overlay,
      nodes: mesh?.nodes.map(({ name }) => name) ?? [],
      ok: violations.length === 0,
      virtualSeconds: stage.seconds,
      realSeconds: Math.round(realNowMs() - startedMs) / 1_000,
      published: count('publish'),
      delivered: count('delivery'),
      gaps: count('gap'),
      violations,
      digest: mesh?.digest() ?? '',
      history,
      traffic: stage.traffic(),
    };
  } finally {
    await stage.stop();
  }
}

/** The mesh of a run and what is noted while it lives. */
class Stage {
  readonly #options: RunScenarioOptions;
  readonly #traffic = new TrafficLog();
  mesh: SimulatedMesh | null = null;

  constructor(options: RunScenarioOptions) {
    this.#options = options;
  }

  get context(): ScenarioContext {
    const { seed, overlay, nodes = null } = this.#options;
    return { seed, overlay, nodes, mesh: (options) => this.#make(options) };
  }

  /** Virtual time of the mesh. */
  get seconds(): number {
    return (this.mesh?.sinceReadyMs ?? 0) / 1_000;
  }

  traffic(): readonly TrafficSample[] {
    if (this.mesh !== null) this.#traffic.take(this.seconds, this.mesh.network.traffic());
    return this.#traffic.samples;
  }

  async check(): Promise<ReportedViolation[]> {
    const found: ReportedViolation[] = [];
    if (this.mesh === null) return [{ checker: 'scenario', what: 'it made no mesh' }];
    for (const checker of CHECKERS) found.push(...(await heldTo(checker, this.mesh)));
    return found;
  }

  async stop(): Promise<void> {
    await this.mesh?.stop();
  }

  async #make(options: Parameters<ScenarioContext['mesh']>[0]): Promise<SimulatedMesh> {
    const { seed, overlay, onProgress, signal } = this.#options;
    const onEvent = (event: HistoryEvent) => {
      options.onEvent?.(event);
      const { mesh } = this;
      if (mesh !== null) this.#traffic.sample(event.t, () => mesh.network.traffic());
    };
    if (this.mesh !== null)
      throw new SedgeError('simulation.bad-option', { reason: 'a scenario makes one mesh' });
    this.mesh = await SimulatedMesh.create({
      ...options,
      seed,
      overlay,
      onEvent,
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress: (sinceReadyMs) => onProgress(sinceReadyMs / 1_000) }),
    });
    this.#traffic.take(0, this.mesh.network.traffic());
    return this.mesh;
  }
}

/** What a checker finds; one that fails has found something too. */
async function heldTo(checker: Checker, mesh: SimulatedMesh): Promise<ReportedViolation[]> {
  try {
    const found = await checker.check(mesh);
    return found.map(({ node, sentence }) => ({
      checker: checker.name,
      what: sentence,
      ...(node === undefined ? {} : { node }),
    }));
  } catch (error) {
    return [{ checker: checker.name, what: `it failed: ${messageOf(error)}` }];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
