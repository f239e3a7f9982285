import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ReleaseLab, ReleaseLoad } from '#test';

/** Two releases behind the shipped nginx site, moved by the shipped command, while shops work. */
describe('a release behind nginx', () => {
  let lab: ReleaseLab;
  let load: ReleaseLoad;

  beforeAll(async () => {
    lab = await ReleaseLab.open();
    // The first time there is no nginx to reload yet: the file stands before it starts.
    const first = await release('apply', '--files-only');
    expect([first.code, first.output]).toEqual([0, first.output]);
    await lab.startNginx((site) => site.replace('rate=50r/s', 'rate=5000r/s'));
    const target = { port: lab.ports.https, host: lab.host, ca: lab.ca };
    load = await ReleaseLoad.start(target, `http://127.0.0.1:${lab.ports.blue}`);
  }, 180_000);

  afterAll(async () => {
    await load?.stop();
    await lab?.close();
  }, 60_000);

  async function release(...args: string[]): Promise<{ code: number | null; output: string }> {
    return lab.release(args, lab.nginxVariables);
  }

  /** What each colour answers while the next so many requests are. */
  async function shareOfGreen(requests: number): Promise<number> {
    const [blue, green, from] = [
      await lab.served('blue'),
      await lab.served('green'),
      load.answered,
    ];
    while (load.answered < from + requests) await new Promise((done) => setTimeout(done, 20));
    const [more, less] = [(await lab.served('green')) - green, (await lab.served('blue')) - blue];
    return (100 * more) / (more + less);
  }

  it('begins with blue, by a command that mends what was not done', async () => {
    const applied = await release('apply', '--json');
    expect([applied.code, applied.output]).toEqual([0, applied.output]);
    expect(await shareOfGreen(60)).toBe(0);
    const { code, output } = await release('status', '--json');
    const status = JSON.parse(output) as { colours: { release: string; weight: number }[] };
    expect([code, status.colours.map((colour) => [colour.release, colour.weight])]).toEqual([
      0,
      [
        ['r1', 100],
        ['r2', 0],
      ],
    ]);
  });

  it('switches over and back while everybody pays, and nobody notices', async () => {
    const over = await release('switch', '--ungated', '--json');
    expect([over.code, over.output]).toEqual([0, expect.stringContaining('"live": "green"')]);
    expect(over.output).toContain('"drained": true');
    expect(await shareOfGreen(60)).toBe(100);
    const back = await release('rollback', '--json');
    expect([back.code, back.output]).toEqual([0, expect.stringContaining('"live": "blue"')]);
    expect(await shareOfGreen(60)).toBe(0);
    expect(load.failures).toEqual([]);
  }, 120_000);

  it('keeps the old file when nginx does not take the new one', async () => {
    const file = join(lab.statePath, 'upstream.conf');
    const before = readFileSync(file, 'utf8').replace(/generation \d+/g, '');
    const { code } = await lab.release(['switch', '--ungated'], {
      ...lab.nginxVariables,
      RELEASE_NGINX_TEST: `grep -q 'weight=100' ${file} && ! grep -q ':${lab.ports.green} ' ${file}`,
    });
    expect(code).toBe(2);
    expect(readFileSync(file, 'utf8').replace(/generation \d+/g, '')).toBe(before);
    expect(await shareOfGreen(40)).toBe(0);
    expect(load.failures).toEqual([]);
  }, 60_000);
});
