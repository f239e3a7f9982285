import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { releases } from '#test';

const COLOURED = 'job="ofitec", colour="COLOUR"';
/** A colour that answers 10 requests a second, all within 1.2 s and none with 5xx. */
const SERVING = [
  [`up{${COLOURED}}`, 1, 0],
  [`ofitec_http_requests_total{${COLOURED}, route="/a", status="200"}`, 0, 150],
  [`ofitec_http_request_duration_seconds_bucket{${COLOURED}, route="/a", le="1.2"}`, 0, 150],
  [`ofitec_http_request_duration_seconds_bucket{${COLOURED}, route="/a", le="+Inf"}`, 0, 150],
] as const;
const LOOKS = 40;

interface Series {
  readonly series: string;
  readonly values: string;
}

/** What Prometheus itself answers to the questions of `ofitec release`, over the shipped rules. */
describe('the gate of a release, as Prometheus reads it', () => {
  let folder: string;
  const questions = { verdict: '', sees: '' };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-gate-'));
    // The questions as they are asked, not as they are written here again.
    let asked = '';
    const server = createServer((request, response) => {
      asked = new URL(request.url ?? '', 'http://a').searchParams.get('query') ?? '';
      response.writeHead(200, { connection: 'close' });
      response.end('{"status":"success","data":{"result":[]}}');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const gate = new releases.PrometheusGate(`http://127.0.0.1:${port}`);
    await gate.verdict('green');
    questions.verdict = asked;
    await gate.sees('green');
    questions.sees = asked;
    await new Promise((done) => server.close(done));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A colour that is looked at every 15 s, so many times; then no more, as of a process whose target is gone or a Prometheus that hangs. */
  function colour(name: 'blue' | 'green', looks: number = LOOKS): Series[] {
    return SERVING.map(([series, from, step]) => ({
      series: series.replace('COLOUR', name),
      values: [`${from}+${step}x${looks - 1}`, ...(looks < LOOKS ? [`_x${LOOKS - looks}`] : [])].join(' '),
    }));
  } // prettier-ignore

  /** How often a question is answered at that second, and with what; null is no answer. */
  function answers(
    question: string,
    series: readonly Series[],
    second: number,
    rules: readonly string[] = [resolve('infra/prometheus/rules/release.yml')],
  ): string {
    const test = {
      rule_files: rules,
      evaluation_interval: '2s',
      tests: [
        {
          interval: '15s',
          input_series: series,
          promql_expr_test: [
            { expr: question, eval_time: `${second}s`, exp_samples: [{ labels: 'none', value: -1 }] },
          ],
        },
      ],
    };
    const file = join(folder, 'test.yml');
    writeFileSync(file, stringify(test));
    const { stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    const got = /got:\s*(.*)/.exec(`${stdout}${stderr}`)?.[1];
    if (got === undefined) throw new Error(`${stdout}${stderr}`);
    // Of `{…} 1E+00` the value; promtool says nil of nothing.
    return got === 'nil' ? 'nothing' : [...got.matchAll(/\} ([^\s,]+)/g)].map(([, value]) => String(Number(value))).join(' and '); // prettier-ignore
  } // prettier-ignore

  it('is well where both are looked at and green serves', () => {
    const both = [...colour('blue'), ...colour('green')];
    expect(answers(questions.verdict, both, 300)).toBe('1');
    expect(Number(answers(questions.sees, both, 300))).toBeLessThanOrEqual(15);
  });

  it('says nothing of green where only blue is looked at', () => {
    expect(answers(questions.verdict, colour('blue'), 300)).toBe('nothing');
    expect(answers(questions.sees, colour('blue'), 300)).toBe('nothing');
  });

  it('says nothing where nobody is looked at', () => {
    expect(answers(questions.verdict, [], 300)).toBe('nothing');
    expect(answers(questions.sees, [], 300)).toBe('nothing');
  });

  it('believes a look of 45 seconds, and no older one', () => {
    // The last look at 285 s; rules go on without it.
    const stopped = [...colour('blue'), ...colour('green', 20)];
    expect(answers(questions.verdict, stopped, 328)).toBe('1');
    expect(answers(questions.verdict, stopped, 334)).toBe('nothing');
    expect(Number(answers(questions.sees, stopped, 334))).toBeGreaterThan(45);
  });

  it('believes no answer of a Prometheus that stood still, rules and all', () => {
    // Its last words are of 120 s: there, and alike for whoever asks for them alone.
    const last = (series: string, value: number): Series => ({
      series,
      values: `${value}x8 _x30`,
    });
    const frozen = [
      last('gate:healthy{colour="green"}', 1),
      last('release:observed_age_seconds{colour="green"}', 2),
    ];
    expect(answers('gate:healthy', frozen, 180, [])).toBe('1');
    expect(answers(questions.verdict, frozen, 160, [])).toBe('1');
    expect(answers(questions.verdict, frozen, 180, [])).toBe('nothing');
    expect(Number(answers(questions.sees, frozen, 180, []))).toBeGreaterThan(45);
  });

  it('calls a colour bad that answers no look, whatever it served before', () => {
    const series = colour('green').map((each) =>
      each.series.startsWith('up{') ? { ...each, values: '1x10 0x30' } : each,
    );
    expect(answers(questions.verdict, [...colour('blue'), ...series], 300)).toBe('0');
  });
});
