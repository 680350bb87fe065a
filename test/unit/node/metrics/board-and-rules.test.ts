import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { METRIC_TABLE } from '../../../../node/metrics/metric-table.ts';
import { describeWith } from '../../../firmware/toolchain.ts';

const DOCS = fileURLToPath(new URL('../../../../docs/', import.meta.url));
const BOARD = JSON.parse(readFileSync(`${DOCS}grafana/sedge.json`, 'utf8')) as Board;
const RULES = parse(readFileSync(`${DOCS}prometheus/alerts.yml`, 'utf8')) as { groups: { rules: Rule[] }[] };
const RULE_TESTS = parse(readFileSync(`${DOCS}prometheus/alerts.test.yml`, 'utf8')) as { tests: RuleTest[] };
const COLUMNS = 24;

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}
interface Board {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly action: string };
}
interface RuleTest {
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly unknown[];
  }[];
}

const rules = RULES.groups.flatMap((group) => group.rules);

/** Names in a query that are no metric of a page. */
function strangers(expr: string): string[] {
  const names = expr.match(/\b(?:sedge|process|nodejs)_\w+/g) ?? [];
  return names.filter((name) => !(name in METRIC_TABLE));
}

describe('the dashboard for Grafana', () => {
  it('has panels of its own place each, from the Prometheus that is chosen', () => {
    const { panels, templating, schemaVersion } = BOARD;
    expect(schemaVersion).toBeGreaterThan(30);
    expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'job', 'instance']);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { title, type, gridPos, datasource, targets = [] } of panels) {
      expect(title).not.toBe('');
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(COLUMNS);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x} ${y}`), title).toBe(false);
          taken.add(`${x} ${y}`);
        }
      }
      if (type === 'row') continue;
      expect(datasource?.uid, title).toBe(`\${datasource}`);
      expect(targets.length, title).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
    }
  });

  it('asks for metrics that there are', () => {
    const queries = BOARD.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(queries.flatMap(strangers)).toEqual([]);
  });
});

describe('the alert rules for Prometheus', () => {
  it('are about metrics that there are, and say what happened and what to do', () => {
    expect(rules.flatMap(({ expr }) => strangers(expr))).toEqual([]);
    for (const { alert, labels, annotations } of rules) {
      expect(['critical', 'warning', 'info'], alert).toContain(labels.severity);
      expect(annotations.summary, alert).toMatch(/\.$/);
      expect(annotations.action, alert).toMatch(/[.".]$/);
    }
  });

  it('have a test each, of when they fire', () => {
    const fired = RULE_TESTS.tests
      .flatMap(({ alert_rule_test: cases }) => cases)
      .filter(({ exp_alerts: alerts }) => alerts.length > 0);
    expect([...new Set(fired.map(({ alertname }) => alertname))].sort()).toEqual(
      rules.map(({ alert }) => alert).sort(),
    );
  });
});

describeWith(['prometheus'], 'promtool', () => {
  it('finds that every alert rule fires when it is to, and only then', () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'alerts.test.yml'], {
      cwd: `${DOCS}prometheus`,
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});
