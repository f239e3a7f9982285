import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ReleaseLab, ReleaseLoad } from '#test';
import type { Program } from '#test';

/** Two releases behind the shipped files of Traefik, moved by the shipped command, while shops work. */
describe('a release behind Traefik', () => {
  let lab: ReleaseLab;
  let load: ReleaseLoad;
  let prometheus: Program;

  beforeAll(async () => {
    lab = await ReleaseLab.open();
    await lab.spoilPayments();
    const first = await release('apply', '--files-only');
    expect([first.code, first.output]).toEqual([0, first.output]);
    prometheus = await lab.startPrometheus();
    await lab.startTraefik((files) => files.replace('average: 50', 'average: 5000'));
    const target = { port: lab.ports.https, host: lab.host, ca: lab.ca };
    load = await ReleaseLoad.start(target, `http://127.0.0.1:${lab.ports.blue}`);
  }, 240_000);

  afterAll(async () => {
    await load?.stop();
    await lab?.close();
  }, 60_000);

  async function release(...args: string[]): Promise<{ code: number | null; output: string }> {
    return lab.release(args, { ...lab.traefikVariables, ...lab.prometheusVariables });
  }

  /** What green answers of the next requests, in percent. */
  async function shareOfGreen(requests: number): Promise<number> {
    const [blue, green] = [await lab.served('blue'), await lab.served('green')];
    await load.answers(requests);
    const [more, less] = [(await lab.served('green')) - green, (await lab.served('blue')) - blue];
    return (100 * more) / (more + less);
  }

  it('gives a canary its share and then everything, and goes back, and nobody notices', async () => {
    const applied = await release('apply', '--json');
    expect([applied.code, applied.output]).toEqual([0, applied.output]);
    expect(await shareOfGreen(60)).toBe(0);
    const some = await lab.release(['canary', '--until', '20', '--json'], {
      ...{ ...lab.traefikVariables, ...lab.prometheusVariables },
      ...{ RELEASE_STEPS: '20,100', RELEASE_UNKNOWN_SECONDS: '40' },
    });
    expect([some.code, some.output]).toEqual([0, expect.stringContaining('"green": 20')]);
    expect(Math.abs((await shareOfGreen(300)) - 20)).toBeLessThan(3);
    const over = await release('switch', '--json');
    expect([over.code, over.output]).toEqual([0, expect.stringContaining('"live": "green"')]);
    expect(await shareOfGreen(60)).toBe(100);
    const back = await release('rollback', '--json');
    expect([back.code, back.output]).toEqual([0, expect.stringContaining('"live": "blue"')]);
    expect(await shareOfGreen(60)).toBe(0);
    // Traefik closes no connection for it, either.
    expect([load.failures, load.repeated]).toEqual([[], 0]);
  }, 200_000);

  it('moves nothing while nobody can say how the canary is', async () => {
    await prometheus.freeze();
    const unknown = await release('canary');
    process.kill(prometheus.pid, 'SIGCONT');
    expect([unknown.code, unknown.output]).toEqual([
      2,
      expect.stringContaining('nothing was moved'),
    ]);
    expect(lab.standing()).toMatchObject({ live: 'blue', share: 0, before: null });
    const unseen = await lab.release(['switch'], lab.traefikVariables);
    expect([unseen.code, unseen.output]).toEqual([
      2,
      expect.stringContaining('RELEASE_PROMETHEUS'),
    ]);
    expect(await shareOfGreen(40)).toBe(0);
  }, 60_000);

  it('takes a canary back that is slow, by itself', async () => {
    await lab.replace('green', 'slow');
    const back = await lab.release(['canary', '--json'], {
      ...{ ...lab.traefikVariables, ...lab.prometheusVariables },
      ...{ RELEASE_STEPS: '25,100', RELEASE_STEP_SECONDS: '45', RELEASE_UNKNOWN_SECONDS: '20' },
    });
    expect([back.code, back.output]).toEqual([1, expect.stringContaining('"rolled back"')]);
    expect(await shareOfGreen(60)).toBe(0);
    expect(load.failures).toEqual([]);
  }, 120_000);

  it('goes on from where it was killed, before and after Traefik has read its file', async () => {
    for (const wait of [/never/, /green 100 %/]) {
      const act = lab.releasing(['switch', '--ungated'], lab.traefikVariables);
      const file = lab.traefikVariables['RELEASE_TRAEFIK_FILE'] ?? '';
      if (wait.source === 'never') {
        while (!readFileSync(file, 'utf8').includes('green 100 %') && !act.hasEnded) await sleep(5);
      } else await act.until(wait);
      await act.end('SIGKILL');
      const mended = await release('rollback', '--json');
      expect([wait, mended.code, mended.output]).toEqual([wait, 0, mended.output]);
      expect(lab.standing()).toMatchObject({ live: 'blue', share: 0, before: null, verb: null });
    }
    expect(await shareOfGreen(40)).toBe(0);
    expect(readFileSync(join(lab.statePath, 'journal.jsonl'), 'utf8')).toContain('traefik follows');
    expect(load.failures).toEqual([]);
  }, 90_000);
});
