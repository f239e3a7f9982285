import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client as Connection } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ReleaseLab, ReleaseLoad } from '#test';

/** Two releases behind the shipped nginx site, moved by the shipped command, while shops work. */
describe('a release behind nginx', () => {
  let lab: ReleaseLab;
  let load: ReleaseLoad;

  beforeAll(async () => {
    lab = await ReleaseLab.open();
    await lab.spoilPayments();
    // The first time there is no nginx to reload yet: the file stands before it starts.
    const first = await release('apply', '--files-only');
    expect([first.code, first.output]).toEqual([0, first.output]);
    await lab.startPrometheus();
    await lab.startNginx((site) => site.replace('rate=50r/s', 'rate=5000r/s'));
    const target = { port: lab.ports.https, host: lab.host, ca: lab.ca };
    load = await ReleaseLoad.start(target, `http://127.0.0.1:${lab.ports.blue}`);
  }, 180_000);

  afterAll(async () => {
    await load?.stop();
    await lab?.close();
  }, 60_000);

  async function release(...args: string[]): Promise<{ code: number | null; output: string }> {
    return lab.release(args, { ...lab.nginxVariables, ...lab.prometheusVariables });
  }

  /** What green answers of the next requests, in percent. */
  async function shareOfGreen(requests: number): Promise<number> {
    const [blue, green] = [await lab.served('blue'), await lab.served('green')];
    await load.answers(requests);
    const [more, less] = [(await lab.served('green')) - green, (await lab.served('blue')) - blue];
    return (100 * more) / (more + less);
  }

  async function standing(): Promise<Record<string, unknown>> {
    return JSON.parse((await release('status', '--json')).output) as Record<string, unknown>;
  }

  it('begins with blue, and says of each colour how it is', async () => {
    const applied = await release('apply', '--json');
    expect([applied.code, applied.output]).toEqual([0, applied.output]);
    expect(await shareOfGreen(60)).toBe(0);
    const { colours } = (await standing()) as { colours: { release: string; weight: number }[] };
    expect(colours.map((colour) => [colour.release, colour.weight])).toEqual([
      ['r1', 100],
      ['r2', 0],
    ]);
    const dry = await release('switch', '--dry-run');
    expect([dry.code, dry.output]).toEqual([0, expect.stringContaining('Would be written to')]);
    expect(lab.standing()).toMatchObject({ live: 'blue', share: 0, before: null, verb: null });
  }, 120_000);

  it('gives a canary its share and then everything, and goes back, and nobody notices', async () => {
    const some = await lab.release(['canary', '--until', '20', '--json'], {
      ...{ ...lab.nginxVariables, ...lab.prometheusVariables },
      ...{ RELEASE_STEPS: '20,100', RELEASE_UNKNOWN_SECONDS: '40' },
    });
    expect([some.code, some.output]).toEqual([0, expect.stringContaining('"green": 20')]);
    // Weights are kept exactly, not by chance; what is under way at both ends may differ.
    expect(Math.abs((await shareOfGreen(300)) - 20)).toBeLessThan(3);
    const over = await release('switch', '--json');
    expect([over.code, over.output]).toEqual([0, expect.stringContaining('"live": "green"')]);
    expect(over.output).toContain('"drained": true');
    expect(await shareOfGreen(60)).toBe(100);
    const back = await release('rollback', '--json');
    expect([back.code, back.output]).toEqual([0, expect.stringContaining('"live": "blue"')]);
    expect(await shareOfGreen(60)).toBe(0);
    expect(load.failures).toEqual([]);
  }, 150_000);

  it('goes on from wherever it was killed', async () => {
    const test = lab.nginxVariables['RELEASE_NGINX_TEST'] ?? '';
    const reload = lab.nginxVariables['RELEASE_NGINX_RELOAD'] ?? '';
    const kill = 'kill -9 $PPID';
    const deaths: Record<string, string>[] = [
      { RELEASE_NGINX_TEST: kill },
      { RELEASE_NGINX_TEST: `${test} && ${kill}` },
      { RELEASE_NGINX_RELOAD: kill },
      { RELEASE_NGINX_RELOAD: `${reload} && ${kill}` },
    ];
    for (const [n, death] of deaths.entries()) {
      const env = { ...lab.nginxVariables, ...death };
      const killed = await lab.release(['switch', '--ungated'], env);
      expect([death, killed.code]).toEqual([death, null]);
      if (n === 0) expect(await standing()).toMatchObject({ cutShort: true, busy: false });
      expect(lab.standing()).toMatchObject({ before: 0, share: 100, verb: 'switch' });
      const mended = await release('rollback', '--json');
      expect([death, mended.code, mended.output]).toEqual([death, 0, mended.output]);
      expect(lab.standing()).toMatchObject({ live: 'blue', share: 0, before: null, verb: null });
    }
    expect(await shareOfGreen(40)).toBe(0);
    expect(load.failures).toEqual([]);
  }, 240_000);

  it('keeps the old file when nginx does not take the new one, and lets one operator at a time', async () => {
    const file = join(lab.statePath, 'upstream.conf');
    const before = readFileSync(file, 'utf8').replace(/generation \d+/g, '');
    const refusing = { RELEASE_NGINX_TEST: `! grep -q ':${lab.ports.green} ' ${file}` };
    const refused = await lab.release(['switch', '--ungated'], {
      ...lab.nginxVariables,
      ...refusing,
    });
    expect([refused.code, refused.output]).toEqual([2, expect.stringContaining('nginx')]);
    expect(readFileSync(file, 'utf8').replace(/generation \d+/g, '')).toBe(before);
    const held = join(lab.folder, 'held');
    writeFileSync(held, '');
    const wait = `while [ -e ${held} ]; do sleep 0.1; done; false`;
    const slow = { ...lab.nginxVariables, RELEASE_NGINX_TEST: wait };
    const first = lab.releasing(['switch', '--ungated'], slow);
    for (let busy = false; !busy; busy = (await standing())['busy'] === true);
    const second = await release('rollback');
    expect([second.code, second.output]).toEqual([
      2,
      expect.stringContaining('works on the release'),
    ]);
    rmSync(held);
    expect((await first.end()).code).toBe(2);
    expect(await shareOfGreen(40)).toBe(0);
    expect(load.failures).toEqual([]);
  }, 120_000);

  it('takes a canary back that answers 500, by itself', async () => {
    await lab.replace('green', 'broken');
    const back = await lab.release(['canary', '--json'], {
      ...{ ...lab.nginxVariables, ...lab.prometheusVariables },
      ...{ RELEASE_STEPS: '25,100', RELEASE_STEP_SECONDS: '30', RELEASE_UNKNOWN_SECONDS: '20' },
    });
    expect([back.code, back.output]).toEqual([1, expect.stringContaining('"rolled back"')]);
    expect(load.failures.every((failure) => failure.startsWith('500 '))).toBe(true);
    expect(load.failures.length).toBeGreaterThan(0);
    load.failures.length = 0;
    expect(await shareOfGreen(60)).toBe(0);
    expect(load.failures).toEqual([]);
  }, 90_000);

  it('has paid each payment once', async () => {
    await load.stop();
    const client = new Connection({ connectionString: lab.urls.owner });
    await client.connect();
    const { rows } = await client.query<{ paid: string }>(
      'SELECT count(*) AS paid FROM payments_payment WHERE amount = 10',
    );
    await client.end();
    expect(load.paid).toBeGreaterThan(100);
    expect(Number(rows[0]?.paid)).toBe(load.paid);
  });
});
