import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alerts as alerting, Exposition, House, kernel, scrape, shippedAddons } from '#test';

const RULES = 'infra/prometheus/rules';
const TESTS = 'infra/prometheus/tests';
const DASHBOARDS = 'infra/grafana';
const PLAYBOOKS = 'runbooks/playbooks';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string }[];
  };
  readonly panels: readonly Panel[];
}

function textsOf(folder: string): string {
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}

/** The names of metrics and of recorded series in PromQL, whatever surrounds it. */
function namesIn(text: string): string[] {
  const expressions = text.replaceAll(/^\s*(#|runbook_url:|labels:|- alert:|- name:).*$/gm, '');
  const found = expressions.matchAll(/\b(?:(?:ofitec|gate):[\w:]+|(?:ofitec|nodejs|process)_\w+)/g);
  return [...new Set([...found].map(([name]) => name))].sort();
}

/** Rules, alerts and dashboards name what the house measures, and nothing that it does not. */
describe('what watches the house', () => {
  const token = randomBytes(24).toString('base64url');
  const rules = textsOf(RULES);
  const recorded = [...rules.matchAll(/- record: (\S+)/g)].map(([, name = '']) => name);
  const alerts = rules
    .split(/^ +- alert: /m)
    .slice(1)
    .map((text) => ({ name: text.split('\n')[0] ?? '', text }));
  const dashboards = readdirSync(DASHBOARDS)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(DASHBOARDS, name), 'utf8')) as Dashboard);
  let house: House;
  let known: Set<string>;

  beforeAll(async () => {
    house = await House.open({ METRICS_TOKEN: token });
    await house.app.get(kernel.Worker).start(house.urls.application);
    await house.nobody.get('sales/orders');
    // What is not read in half a second is absent, as on a machine with much other work.
    const gauges = shippedAddons.flatMap((addon) => addon.gauges.map(({ name }) => name));
    await alerting.eventually(
      async () => {
        known = namesOf(await scrape(house, token));
        return gauges.every((name) => known.has(name));
      },
      `${gauges.join(', ')} are not all measured`,
    );
  });

  afterAll(() => house.app.get(kernel.Worker).stop());

  function namesOf({ text }: Exposition): Set<string> {
    const names = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name],
    );
    return new Set([...names, ...recorded]);
  }

  it('measures what rules and dashboards name', () => {
    const expressions = dashboards.flatMap(({ panels }) =>
      panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    );
    const named = [...namesIn(rules), ...namesIn(expressions.join('\n'))];
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    expect(namesIn('rate(ofitec_nothing_total[5m])')).toEqual(['ofitec_nothing_total']);
  });

  it('measures under names with a unit or a noun, each with a help of its own', async () => {
    const { text } = await scrape(house, token);
    const helps = [...text.matchAll(/^# HELP (ofitec_\w+) (.+)$/gm)];
    expect(helps.length).toBeGreaterThan(20);
    expect(new Set(helps.map(([, , help]) => help)).size).toBe(helps.length);
    const counters = [...text.matchAll(/^# TYPE (ofitec_\w+) counter$/gm)].map(([, name]) => name);
    expect(counters.filter((name) => !name?.endsWith('_total'))).toEqual([]);
  });

  it('has for every alert a playbook that is named as its type, and a test that sees it and not', () => {
    const tests = textsOf(TESTS);
    expect(alerts.length).toBeGreaterThan(12);
    for (const { name, text } of alerts) {
      const type = /type: ([a-z_]+\.[a-z_]+)/.exec(text)?.[1] ?? '';
      const playbook = `${PLAYBOOKS}/${type.replace('.', '_')}.md`;
      expect([name, text.includes(`runbook_url: ${playbook}\n`)]).toEqual([name, true]);
      expect([name, playbook, existsSync(playbook)]).toEqual([name, playbook, true]);
      expect([name, /severity: (info|warning|critical)\b/.test(text)]).toEqual([name, true]);
      const cases = tests
        .split(`alertname: ${name}`)
        .slice(1)
        .map((rest) => rest.split('alertname:')[0] ?? '');
      const raised = cases.filter((rest) => rest.includes('exp_labels:')).length;
      expect([name, raised > 0, cases.length > raised]).toEqual([name, true, true]);
    }
  });

  it('has a playbook for every type that an addon declares, and none that nothing leads to', () => {
    const declared = [kernel.kernelAddon, ...shippedAddons].flatMap((addon) => addon.alerts);
    const runbooks = declared.map(({ runbook }) => runbook);
    expect(declared.length).toBeGreaterThan(12);
    expect(declared.map(({ type }) => `${PLAYBOOKS}/${type.replace('.', '_')}.md`)).toEqual(
      runbooks,
    );
    const linked = alerts.map(({ text }) => /runbook_url: (\S+)/.exec(text)?.[1] ?? '');
    const there = readdirSync(PLAYBOOKS).map((name) => `${PLAYBOOKS}/${name}`);
    expect([...new Set([...runbooks, ...linked])].sort()).toEqual(there.sort());
  });

  it('has playbooks that say what it means, what to look at and what to do, and lead on', () => {
    for (const name of readdirSync(PLAYBOOKS)) {
      const text = readFileSync(join(PLAYBOOKS, name), 'utf8');
      const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
      expect([name, headings]).toEqual([name, ['Qué significa', 'Qué mirar', 'Qué hacer']]);
      expect([name, text.match(/^_English: .{20,}_$/gm)?.length]).toEqual([name, 1]);
      for (const [, target = ''] of text.matchAll(/\]\(([\w.]+)\)/g)) {
        expect([name, target, existsSync(join(PLAYBOOKS, target))]).toEqual([name, target, true]);
      }
    }
  });

  it('has dashboards that Grafana can lay out, each panel on the chosen Prometheus', () => {
    expect(dashboards.map(({ uid }) => uid)).toEqual(['ofitec']);
    for (const { panels, schemaVersion, templating, title } of dashboards) {
      expect([title.length > 0, schemaVersion >= 36]).toEqual([true, true]);
      const variables = templating.list.map(({ name }) => name);
      expect(variables).toEqual(['datasource', 'instance']);
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const cells = new Set<string>();
      for (const { title, type, datasource, targets = [], gridPos } of panels) {
        expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            expect([title, cells.has(`${x} ${y}`)]).toEqual([title, false]);
            cells.add(`${x} ${y}`);
          }
        }
        if (type === 'row') continue;
        expect([title, datasource]).toEqual([title, { type: 'prometheus', uid: '${datasource}' }]);
        expect([title, targets.length > 0]).toEqual([title, true]);
        const refs = targets.map(({ refId }) => refId);
        expect([title, new Set(refs).size]).toEqual([title, refs.length]);
        const used = targets.flatMap(({ expr }) =>
          [...expr.matchAll(/\$(\w+)/g)].map(([, name]) => name),
        );
        const builtIn = ['__rate_interval', ...variables];
        expect([title, used.filter((name) => !builtIn.includes(name ?? ''))]).toEqual([title, []]);
      }
    }
  });
});
