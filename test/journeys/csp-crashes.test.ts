import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  csp,
  DEMO_PASSWORD,
  dropDatabase,
  House,
  makeDatabase,
  READY,
  runServer,
  signIn,
  startOwnServer,
  until,
} from '#test';
import type { Program, TestUrls } from '#test';

/** README of `security-csp`: what was answered longer ago than this is stored. */
const LOST_AT_MOST_MS = 1_500;

/** Reports that were answered, when the process that answered them ends. */
describe('the end of a collector', () => {
  let name: string;
  let urls: TestUrls;

  beforeAll(async () => {
    name = `csp_${randomBytes(6).toString('hex')}`;
    urls = await makeDatabase(name, 'demo');
  });

  afterAll(() => dropDatabase(name));

  async function start(
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ server: Program; url: string }> {
    const server = runServer({
      ...{ DATABASE_URL: urls.application, DATABASE_OWNER_URL: urls.owner, LOG_LEVEL: 'warn' },
      ...{
        DRAIN_SECONDS: '0',
        CSP_IP_REPORT_RATE: '1000000/min',
        CSP_NEW_GROUPS_PER_HOUR: '100000',
        ...env,
      },
    });
    const url = ((await server.until(READY))[1] ?? '').replace('localhost', '127.0.0.1');
    return { server, url };
  }

  /** Sends reports, each under its own version, until one is refused. @returns when each was answered, and the end */
  function reporting(
    url: string,
    version: number,
  ): { answered: Map<number, number>; ended: Promise<unknown> } {
    const answered = new Map<number, number>();
    let next = version;
    const lane = async (): Promise<void> => {
      for (;;) {
        next += 1;
        const mine = next;
        const sent = csp.report(url, csp.legacyReport(), { path: `/csp/report?v=${mine}` });
        if ((await sent.catch(() => 0)) !== 204) return;
        answered.set(mine, Date.now());
        await sleep(20);
      }
    };
    return { answered, ended: Promise.all(Array.from({ length: 4 }, lane)) };
  }

  /** How long nobody was answered at all, at worst: a machine that stands still stores nothing either. */
  function stoodStillMs(answeredAt: readonly number[], until: number): number {
    const times = answeredAt.filter((at) => at <= until).sort((a, b) => a - b);
    return Math.max(0, ...times.map((at, index) => at - (times[index - 1] ?? at)));
  }

  async function looking<T>(look: (house: House) => Promise<T>): Promise<T> {
    const house = await House.over(null, urls);
    const seen = await look(house);
    await house.close();
    return seen;
  }

  /** How many reports are in the database of a house. */
  async function reports(house: House): Promise<number> {
    const sql = 'SELECT coalesce(sum(count), 0)::integer AS n FROM security_csp_group';
    return (await house.rows<{ n: number }>('owner', sql))[0]?.n ?? 0;
  }

  async function stored(from: number): Promise<Set<number>> {
    const sql = 'SELECT policy_version AS v FROM security_csp_group WHERE policy_version > $1';
    const rows = await looking((house) =>
      house.rows<{ v: number }>('owner', sql, { values: [from] }),
    );
    return new Set(rows.map(({ v }) => v));
  }

  it('keeps everything that was answered, when it is asked to end', async () => {
    const { server, url } = await start({ CSP_STORE_MS: '1000' });
    const { answered, ended } = reporting(url, 0);
    // Some are stored by then, and some are not.
    await until('many are answered', () => answered.size > 100);
    expect((await server.end('SIGTERM')).code).toBe(0);
    await ended;
    const kept = await stored(0);
    expect([...answered.keys()].filter((version) => !kept.has(version))).toEqual([]);
  }, 90_000);

  it('loses what was answered in the last moment at most, when it is killed', async () => {
    const { server, url } = await start();
    const { answered, ended } = reporting(url, 100_000);
    await sleep(2 * LOST_AT_MOST_MS);
    await until('many are answered', () => answered.size > 50);
    const killedAt = Date.now();
    await server.end('SIGKILL');
    await ended;
    const kept = await stored(100_000);
    const lost = [...answered].filter(([version]) => !kept.has(version));
    const before = killedAt - LOST_AT_MOST_MS - stoodStillMs([...answered.values()], killedAt);
    expect(lost.filter(([, at]) => at < before)).toEqual([]);
    expect(lost.length).toBeLessThan(answered.size / 2);
  }, 90_000);

  it('counts with another process to the same groups, and loses and doubles nothing', async () => {
    const houses = [await House.over(null, urls), await House.over(null, urls)];
    const admin = await signIn(houses[0]?.url ?? '', 'admin', DEMO_PASSWORD);
    await admin.post('security-csp/apps', { slug: 'twice', hosts: ['*'] });
    const send = async (n: number): Promise<void> => {
      const violated = Array.from({ length: 20 }, (_, k) => ({
        blocked: `https://s${k}.test/`,
        document: `https://a.test/${n}`,
      }));
      const { url = '' } = houses[n % 2] ?? {};
      expect(
        await csp.report(url, csp.reportBatch(...violated), { path: '/csp/report/twice' }),
      ).toBe(204);
      await sleep(20);
    };
    for (let n = 0; n < 120; n += 4) await Promise.all([0, 1, 2, 3].map((k) => send(n + k)));
    for (const house of houses) await house.close();
    const rows = await looking((house) =>
      house.rows<{ groups: number; count: number; days: number; pages: number }>(
        'owner',
        `SELECT count(*)::integer AS groups, sum(g.count)::integer AS count, max(pages) AS pages,
           (SELECT sum(d.count)::integer FROM security_csp_group_day d JOIN security_csp_app a ON a.id = d.app_id
             WHERE a.slug = 'twice') AS days
         FROM security_csp_group g WHERE app = 'twice'`,
      ),
    );
    expect(rows).toMatchObject([{ groups: 20, count: 2_400, days: 2_400 }]);
    expect(rows[0]?.pages).toBeGreaterThan(90);
    expect(rows[0]?.pages).toBeLessThan(160);
  }, 90_000);

  it('keeps reports while the database is away, and stores them when it is back', async () => {
    const own = await startOwnServer();
    const house = await House.over(null, { ...own.urls, readonly: '', superuser: '' });
    try {
      const send = (document: string): Promise<number> =>
        csp.report(house.url, csp.legacyReport({ document }));
      expect(await send('https://a.test/before')).toBe(204);
      await until('the first is stored', async () => (await reports(house)) === 1);
      own.kill();
      await until('the database is away', async () =>
        reports(house).then(
          () => false,
          () => true,
        ),
      );
      for (let n = 0; n < 50; n += 1) expect(await send(`https://a.test/during${n}`)).toBe(204);
      await sleep(1_500);
      await own.restart();
      await until('all are stored', async () => (await reports(house)) >= 51, 60_000);
      let listed: csp.ListedGroup[] = [];
      await until('somebody may look', async () => {
        const admin = await signIn(house.url, 'admin', DEMO_PASSWORD);
        listed = await csp.groupsListed(admin, 1);
        return true;
      });
      const [group, ...others] = listed;
      expect([group, others]).toMatchObject([{ count: 51, pages: 51 }, []]);
    } finally {
      await house.close();
      await own.stop();
    }
  }, 120_000);

  it('stays within its memory in a flood, answers everything, and says what it dropped', async () => {
    const { server, url } = await start({
      CSP_BACKLOG_GROUPS: '500',
      CSP_NEW_GROUPS_PER_HOUR: '50',
      CSP_STORE_MS: '1000',
    });
    const memoryMb = (): number =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) /
      1_024;
    const policy = `default-src 'self' ${Array.from({ length: 60 }, (_, n) => `https://h${n}.example`).join(' ')}`;
    const sent = { bodies: 0, reports: 0 };
    const flood = async (bodies: number): Promise<void> => {
      for (let body = 0; body < bodies; body += 1) {
        const violated = Array.from({ length: 100 }, (_, n) => ({
          ...{ blocked: `https://f${sent.bodies}x${n}.test/${'y'.repeat(200)}`, policy },
          document: `https://app.example/p/${sent.reports + n}`,
        }));
        sent.bodies += 1;
        sent.reports += 100;
        expect(await csp.report(url, csp.reportBatch(...violated))).toBe(204);
      }
    };
    await flood(60);
    const before = memoryMb();
    await Promise.all([flood(100), flood(100), flood(100)]);
    expect(memoryMb() - before).toBeLessThan(80);
    const admin = await signIn(url, 'admin', DEMO_PASSWORD);
    let day: Record<string, number> = {};
    let counted = 0;
    await until('every report is counted', async () => {
      day = (await admin.get('security-csp/series?app=default')).body.items.at(-1);
      const kinds = ['reports', 'noise', 'dropped', 'overflowed', 'limited'];
      counted = kinds.reduce((sum, kind) => sum + Number(day[kind]), 0);
      return counted >= sent.reports;
    });
    expect(day['dropped']).toBeGreaterThan(sent.reports / 2);
    // Those of the two tests before are in it, too.
    expect(counted).toBeLessThan(sent.reports + 2_000);
    expect((await server.end('SIGTERM')).code).toBe(0);
  }, 120_000);
});
