import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FailoverLab, freePort, PlayedSite, run, until } from '#test';
import type { Program } from '#test';

/**
 * Observers that ask a real Prometheus with the shipped rules and a real blackbox exporter: whatever is wrong
 * with these, the name stays, although the site is dead; and it moves as soon as they know again.
 */
describe('the DNS failover and Prometheus', () => {
  let lab: FailoverLab;
  let sites: { a: PlayedSite; b: PlayedSite };
  let folder: string;
  let ports: { prometheus: number; blackbox: number };
  let prometheus: Program;
  let blackbox: Program;
  let record: string;
  let config: object;
  const running: Program[] = [];

  beforeAll(async () => {
    lab = await FailoverLab.open();
    sites = {
      a: await PlayedSite.open('a', '127.0.0.11'),
      b: await PlayedSite.open('b', '127.0.0.12'),
    };
    ports = { prometheus: await freePort(), blackbox: await freePort() };
    folder = join(lab.folder, 'prometheus');
    cpSync('infra/prometheus', folder, { recursive: true });
    const file = join(folder, 'prometheus.yml');
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('127.0.0.1:9115');
    writeFileSync(file, text.replace('127.0.0.1:9115', `127.0.0.1:${ports.blackbox}`));
    writeFileSync(join(folder, 'metrics-token'), 'none\n');
    const targets = [sites.a, sites.b].map(({ name, readyUrl }) => {
      return { targets: [`${readyUrl}?nonce=gate`], labels: { site: name } };
    });
    writeFileSync(join(folder, 'targets/gate.yml'), JSON.stringify(targets));
    startBlackbox();
    startPrometheus();
    record = lab.newRecord();
    config = lab.config(record, [sites.a, sites.b], lab.primaryPort);
    const first = await lab.verb(config, ['act', '--to', 'a', '--reason', 'set up']);
    expect([first.code, first.output]).toEqual([0, expect.stringContaining('written')]);
    await lab.forget(config, 'hold-down');
    const PROM_URL = `http://127.0.0.1:${ports.prometheus}`;
    for (const name of ['north', 'centre', 'south']) {
      running.push(lab.start(config, name, ['observe'], { PROM_URL }));
    }
    const decider = lab.start(config, 'one', ['decide']);
    running.push(decider);
    await decider.until(/"message":"all is well"/);
  }, 120_000);

  afterAll(async () => {
    for (const program of [...running, prometheus, blackbox]) {
      if (program && !program.hasEnded) await program.end('SIGKILL');
    }
    for (const site of Object.values(sites ?? {})) await site.close();
    await lab?.close();
  });

  function startBlackbox(): void {
    blackbox = run('prometheus-blackbox-exporter', [
      `--config.file=${join(folder, 'blackbox.yml')}`,
      `--web.listen-address=127.0.0.1:${ports.blackbox}`,
      '--log.level=error',
    ]);
  }

  function startPrometheus(): void {
    prometheus = run('prometheus', [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${ports.prometheus}`,
      '--log.level=warn',
    ]);
  }

  const pointsTo = async (site: PlayedSite): Promise<boolean> =>
    (await lab.answers(record)).every((answer) => answer === site.address);

  /** What the observers say of site a, once they all say the same. */
  async function allSay(reason: RegExp): Promise<void> {
    await until(`all observers say ${String(reason)}`, async () => {
      const said = await Promise.all(
        ['north', 'centre', 'south'].map(async (name) => lab.etcdValue(config, `observations/${name}/a`)),
      );
      return said.every((each) => reason.test(each)) || Promise.reject(new Error(said.join('\n')));
    }, 60_000); // prettier-ignore
  }

  it('stays while Prometheus is silent, frozen, empty or stale, and moves when it knows', async () => {
    // No answer at all: the site dies while nobody is there who would confirm it.
    await prometheus.end('SIGKILL');
    await allSay(/Prometheus does not know/);
    await sites.a.set('dead');
    sites.a.primary = false;
    await sleep(4_000);
    expect(await pointsTo(sites.a)).toBe(true);

    // It comes back, and its prober is gone: up, and empty.
    await blackbox.end('SIGKILL');
    startPrometheus();
    await until('Prometheus is ready', async () => (await fetch(`http://127.0.0.1:${ports.prometheus}/-/ready`)).ok); // prettier-ignore
    await allSay(/dead, Prometheus does not know/);
    await sleep(4_000);
    expect(await pointsTo(sites.a)).toBe(true);

    // Frozen: the connection is taken, and no answer comes.
    startBlackbox();
    process.kill(prometheus.pid, 'SIGSTOP');
    await allSay(/dead, Prometheus does not know/);
    await sleep(4_000);
    expect(await pointsTo(sites.a)).toBe(true);
    const flips = lab.audit(config).filter(({ action }) => action === 'flip');
    expect(flips).toEqual([]);

    // It knows again, and that was all that stood in the way.
    process.kill(prometheus.pid, 'SIGCONT');
    await until('the name moves', async () => pointsTo(sites.b), 60_000);
  }, 180_000);

  it('does not leave a site that only Prometheus calls dead, nor one that it still calls healthy', async () => {
    // Broken is not dead: Prometheus says 0, and the observers see that somebody answers.
    await sites.b.set('broken');
    await allSayOfB(/answers, but is not ready/);
    await sites.a.set('ready');
    sites.a.primary = true;
    await sleep(4_000);
    expect(await pointsTo(sites.b)).toBe(true);
  }, 90_000);

  async function allSayOfB(reason: RegExp): Promise<void> {
    await until('the observers see it', async () => {
      const said = await lab.etcdValue(config, 'observations/north/b');
      return reason.test(said) || Promise.reject(new Error(said));
    }); // prettier-ignore
  }
});
