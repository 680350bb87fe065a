import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const READY_MS_MAX = 60_000;

/** One series of an answer. */
export interface QueriedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

/** A Prometheus of its own: port, directory and all. */
export class PrometheusProcess {
  #child: ChildProcess | null = null;
  #directory = '';
  #url = '';

  /** Scrapes `targets` each second as the job `sedge`, with the rules of a file. */
  async start(targets: readonly string[], rules: string): Promise<void> {
    this.#directory = await mkdtemp(join(tmpdir(), 'sedge-prometheus-'));
    const config = join(this.#directory, 'prometheus.yml');
    const scrape = { job_name: 'sedge', static_configs: [{ targets }] };
    const global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
    // JSON is YAML.
    await writeFile(config, JSON.stringify({ global, rule_files: [rules], scrape_configs: [scrape] }));
    const child = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(this.#directory, 'data')}`,
        '--web.listen-address=127.0.0.1:0',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#child = child;
    this.#url = `http://${await listening(child)}`;
  }

  /** What a query gives from a moment until now, a value a second, as Grafana asks. Throws what Prometheus has against it. */
  async range(query: string, sinceMs: number): Promise<readonly QueriedSeries[]> {
    const end = Date.now() / 1_000;
    const parameters = new URLSearchParams({
      query,
      start: String(sinceMs / 1_000),
      end: String(end),
      step: '1',
    });
    const { result } = (await this.#get(`/api/v1/query_range?${parameters}`)) as { result: QueriedSeries[] };
    return result;
  }

  /** Rules, and how their last evaluation went. */
  async rules(): Promise<
    readonly { readonly name: string; readonly health: string; readonly lastError?: string }[]
  > {
    const { groups } = (await this.#get('/api/v1/rules')) as { groups: { rules: [] }[] };
    return groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #get(path: string): Promise<unknown> {
    const answer = await fetch(`${this.#url}${path}`);
    const { status, error, data } = (await answer.json()) as {
      status: string;
      error?: string;
      data: unknown;
    };
    if (status !== 'success') throw new Error(error);
    return data;
  }
}

/** The address that it says it listens on. */
async function listening(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stderr! });
  const said: string[] = [];
  const found = Promise.withResolvers<string>();
  lines.on('line', (line) => {
    said.push(line);
    const [, address] = /msg="Listening on" address=(\S+)/.exec(line) ?? [];
    if (address !== undefined) found.resolve(address);
  });
  child.once('exit', () => found.reject(new Error(`Prometheus ended: ${said.slice(-5).join('\n')}`)));
  const timer = setTimeout(() => found.reject(new Error('Prometheus does not listen')), READY_MS_MAX);
  return found.promise.finally(() => clearTimeout(timer));
}
