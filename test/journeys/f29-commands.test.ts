import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { House, rcv, run, runCli } from '#test';
import type { Client, Program } from '#test';

/** What the operator types about Forms 29; what a return becomes by it is told with treasury. */
describe('ofitec f29', () => {
  let house: House;
  let admin: Client;
  let env: Record<string, string>;

  beforeAll(async () => {
    house = await House.open();
    admin = await house.as('admin');
    env = { DATABASE_URL: house.urls.application, DATABASE_OWNER_URL: house.urls.owner };
    await admin.post('sii-connector/figures', {
      ...{ kind: 'ppm', period: '202001', value: 0.125, source: 'Ley 21.755' },
    });
    const dates = { 'Fecha Docto': '05/08/2026', 'Fecha Recepcion': '05/08/2026' };
    const file = rcv.rcvOf(rcv.SALE_HEADER, [rcv.sale(2, dates)]);
    const path = '/api/v1/sii-connector/imports?kind=rcv-venta&period=202608';
    await admin.raw('post', path, Buffer.from(file), { 'content-type': 'text/csv' });
  });

  const f29 = (...args: string[]): ReturnType<typeof runCli> => runCli(['f29', ...args], env);

  it('tells of every verb what it takes', async () => {
    const all = await f29('--help');
    expect(all.code).toBe(0);
    const verbs = ['compute', 'validate', 'export', 'import', 'simulator'];
    const told = await Promise.all(
      verbs.map(async (verb) => [verb, await f29(verb, '--help')] as const),
    );
    for (const [verb, { code, output }] of told) {
      expect(all.output).toMatch(new RegExp(`^ +${verb} `, 'm'));
      expect([verb, code]).toEqual([verb, 0]);
      expect(output).toContain('--json');
      if (!['import', 'simulator'].includes(verb)) expect(output).toContain('--period <period>');
    }
  });

  it('demands the month', async () => {
    const { code, output } = await f29('export');
    expect([code, output]).toEqual([1, expect.stringContaining('--period')]);
  });

  it('computes, validates and exports for a script', async () => {
    const period = ['--period', '202608', '--json'];
    const none = await f29('export', ...period);
    expect([none.code, none.output]).toEqual([1, expect.stringContaining('f29 compute')]);
    const computed = await f29('compute', ...period);
    const read = JSON.parse(computed.output) as {
      codes: { code: string; value: number; origin: string }[];
      findings: { rule: string; answered: string }[];
    };
    expect(read).toMatchObject({ period: '202608', revision: 1, state: 'computed' });
    expect(read.codes).toContainEqual(
      expect.objectContaining({ code: '538', value: 1_900, origin: 'computed' }),
    );
    expect(read.findings.length).toBeGreaterThan(0);
    const validated = await f29('validate', ...period, '--reason', 'revisado');
    expect(JSON.parse(validated.output)).toMatchObject({ state: 'validated' });
    const folder = mkdtempSync(join(tmpdir(), 'ofitec-f29-json-'));
    const exported = await f29('export', ...period, '--to', folder);
    const { state, files } = JSON.parse(exported.output) as { state: string; files: string[] };
    expect([state, files.length]).toEqual(['exported', 3]);
    const again = await f29('validate', ...period);
    expect([again.code, again.output]).toEqual([1, expect.stringMatching(/state|step/i)]);
  });

  describe('simulator', () => {
    const started: Program[] = [];

    afterAll(async () => {
      for (const each of started) await each.end('SIGKILL');
    });

    function simulate(...args: string[]): Program {
      const program = run(
        process.execPath,
        [join('dist', 'src', 'cli.js'), 'f29', 'simulator', ...args],
        { env },
      );
      started.push(program);
      return program;
    }

    it('plays a partner until it is interrupted', async () => {
      const program = simulate('--port', '0', '--faults', 'busy,refusal', '--json');
      const [, host = ''] = await program.until(/a partner at (http:\S+):/);
      const post = (key: string): Promise<Response> =>
        fetch(`${host}/f29`, { method: 'POST', headers: { 'idempotency-key': key }, body: '{}' });
      expect((await fetch(`${host}/health`)).status).toBe(200);
      expect([(await post('a')).status, (await post('a')).status]).toEqual([429, 422]);
      expect(await (await post('a')).json()).toEqual({ externalId: 'P-1', status: 'recibida' });
      expect(await (await post('a')).json()).toMatchObject({ externalId: 'P-1' });
      expect((await fetch(`${host}/f29?key=a`)).status).toBe(200);
      expect((await fetch(`${host}/f29?key=b`)).status).toBe(404);
      const { code, output } = await program.end('SIGINT');
      expect(code).toBe(0);
      expect(output).toContain('fault: busy');
      expect(JSON.parse(output.slice(output.indexOf('{\n')))).toEqual({
        asked: 4,
        taken: [{ key: 'a', externalId: 'P-1', filed: 'no', folio: '' }],
      });
    });

    it('names its faults where one is unknown', async () => {
      const odd = await runCli(['f29', 'simulator', '--faults', 'fire'], env);
      expect([odd.code, odd.output]).toEqual([1, expect.stringContaining('duplicate-webhooks')]);
      const half = await runCli(['f29', 'simulator', '--webhook-url', 'http://x'], env);
      expect([half.code, half.output]).toEqual([1, expect.stringContaining('together')]);
      const port = await runCli(['f29', 'simulator', '--port', '99999'], env);
      expect([port.code, port.output]).toEqual([1, expect.stringContaining('--port')]);
    });
  });
});
