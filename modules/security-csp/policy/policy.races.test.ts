import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cspPolicies, House, meetAt } from '#test';
import type { Client } from '#test';

const TEXT = "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'";
const WAIVED = { waive: ['observed', 'month-end', 'canary', 'quiet'], reason: 'ensayo' };

type Answer = Awaited<ReturnType<Client['post']>>;

/** What happens to an app's policies when several want something at once. */
describe('policies at once', () => {
  let house: House;
  let admin: Client;
  let app = '';
  let apps = 0;

  beforeAll(async () => {
    house = await House.open();
    admin = await house.as('admin');
  });

  beforeEach(async () => {
    app = `tienda${(apps += 1)}`;
    await admin.post('security-csp/apps', { slug: app, hosts: ['tienda.example'] });
  });

  const act = (id: string, verb: string, body?: object): Promise<Answer> =>
    admin.post(`security-csp/policies/${id}/${verb}`, body);
  const enforce = (id: string, percent = 100): Promise<Answer> =>
    act(id, 'enforce', { ...WAIVED, percent });
  const rollBack = (id: string): Promise<Answer> => act(id, 'roll-back', { reason: 'ensayo' });

  async function candidate(text = TEXT): Promise<string> {
    const { body } = await admin.post('security-csp/policies', { app, policy: text });
    await act(body.id, 'report-only');
    expect((await act(body.id, 'candidate')).body.state).toBe('candidate');
    return body.id as string;
  }

  /** So many requests that all wait for the app's policies, or for the app, then go on at once. */
  async function together(asks: readonly (() => Promise<Answer>)[]): Promise<Answer[]> {
    return meetAt(house, `SELECT FROM security_csp_policy WHERE app = '${app}' FOR UPDATE`, {
      waiters: asks.length,
      work: () => Promise.all(asks.map((ask) => ask())),
    });
  }

  const statuses = (answers: readonly Answer[]): number[] =>
    answers.map(({ status }) => status).sort();

  async function enforced(): Promise<{ id: string; percent: number }[]> {
    return house.rows(
      'owner',
      `SELECT id, percent FROM security_csp_policy WHERE app = '${app}' AND state = 'enforcing'
       ORDER BY percent`,
    );
  }

  async function oldestVersion(): Promise<number | null> {
    const { body } = await admin.get(`security-csp/apps?slug=${app}`);
    return body.items[0].oldestVersion as number | null;
  }

  it('are enforced once, whoever asks at the same time', async () => {
    const id = await candidate();
    const answers = await together(Array.from({ length: 6 }, () => () => enforce(id)));
    expect(statuses(answers)).toEqual([200, 409, 409, 409, 409, 409]);
    const refused = answers.find(({ status }) => status === 409);
    expect([refused?.body.code, refused?.body.percent]).toEqual([
      'security-csp.percent-not-raised',
      100,
    ]);
    expect(await enforced()).toEqual([{ id, percent: 100 }]);
    const events = await house.rows(
      'owner',
      `SELECT id FROM kernel_event WHERE action = 'csp_policy.enforced' AND payload->>'policyId' = '${id}'`,
    );
    expect(events).toHaveLength(1);
  });

  it('are rolled back once, by a person or by the worker', async () => {
    const id = await candidate();
    await enforce(id);
    await house.rows(
      'owner',
      `INSERT INTO security_csp_rate (company_id, policy_id, at, total)
       SELECT company_id, id, now() - interval '5 minutes', -1000 FROM security_csp_policy
       WHERE id = '${id}'`,
    );
    const watch = house.app.get(cspPolicies.WatchService);
    const byWorker = async (): Promise<void> => watch.look();
    const answers = await meetAt(
      house,
      `SELECT FROM security_csp_policy WHERE id = '${id}' FOR UPDATE`,
      {
        waiters: 4,
        work: async () => {
          const persons = Promise.all(Array.from({ length: 3 }, () => rollBack(id)));
          // Whoever comes second finds it done: the worker goes on to the next policy.
          await byWorker();
          return persons;
        },
      },
    );
    expect(statuses(answers).filter((status) => status === 200).length).toBeLessThanOrEqual(1);
    expect(statuses(answers).every((status) => status === 200 || status === 409)).toBe(true);
    expect(await enforced()).toEqual([]);
    const events = await house.rows(
      'owner',
      `SELECT id FROM kernel_event WHERE action = 'csp_policy.rolled_back' AND payload->>'policyId' = '${id}'`,
    );
    expect(events).toHaveLength(1);
  });

  it('let one begin its way to everybody, and no other beside it', async () => {
    const whole = await candidate();
    expect((await enforce(whole)).status).toBe(200);
    const ids = [await candidate(), await candidate(), await candidate()];
    // Whoever comes first holds the app while its own row is held; the others wait for the app.
    const answers = await together(ids.map((id) => () => enforce(id, 10)));
    expect(statuses(answers)).toEqual([200, 409, 409]);
    const codes = answers.map(({ body }) => body.code as string | undefined).filter(Boolean);
    expect(new Set(codes)).toEqual(new Set(['security-csp.rollout-under-way']));
    expect((await enforced()).map(({ percent }) => percent)).toEqual([10, 100]);

    const [part] = await enforced();
    expect((await enforce(part?.id ?? '', 5)).body.code).toBe('security-csp.percent-not-raised');
    expect((await enforce(part?.id ?? '', 60)).body.percent).toBe(60);
    const before = await oldestVersion();
    expect((await rollBack(part?.id ?? '')).status).toBe(200);
    expect([await enforced(), await oldestVersion()]).toEqual([
      [{ id: whole, percent: 100 }],
      before,
    ]);
  });

  it('are not enforced under a number whose reports are noise', async () => {
    const older = await candidate();
    const newer = await candidate();
    await enforce(newer);
    const refused = await enforce(older);
    expect([refused.status, refused.body.code]).toEqual([409, 'security-csp.number-too-old']);
    const { body } = await act(older, 'candidate');
    expect(body.number).toBe(3);
    expect((await enforce(older)).status).toBe(200);
    expect(await enforced()).toEqual([{ id: older, percent: 100 }]);
    expect(await oldestVersion()).toBe(3);
  });

  it('stay sound whatever comes at once', async () => {
    const ids = [await candidate(), await candidate()];
    const verbs = ['enforce', 'part', 'roll-back', 'prove', 'candidate', 'create'] as const;
    const ask = (verb: (typeof verbs)[number], id: string): Promise<Answer> => {
      if (verb === 'create') return admin.post('security-csp/policies', { app, policy: TEXT });
      if (verb === 'enforce') return enforce(id);
      if (verb === 'part') return enforce(id, 30);
      return verb === 'roll-back' ? rollBack(id) : act(id, verb);
    };
    for (let round = 0; round < 12; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => {
          const verb = verbs[(n * 5 + round) % verbs.length] ?? 'prove';
          return ask(verb, ids[(n + round) % 2] ?? '');
        }),
      );
      expect(answers.filter(({ status }) => ![200, 201, 409].includes(status))).toEqual([]);
      const kinds = (await enforced()).map(({ percent }) => percent === 100);
      expect(kinds).toEqual([...new Set(kinds)]);
    }
    const [found] = await house.rows<{ rows: number; numbers: number }>(
      'owner',
      `SELECT count(*)::int AS rows, count(DISTINCT number)::int AS numbers
       FROM security_csp_policy WHERE app = '${app}'`,
    );
    expect(found?.rows).toBeGreaterThan(2);
    expect(found?.numbers).toBe(found?.rows);
  });

  it('are kept apart by the database itself', async () => {
    await enforce(await candidate());
    const other = await candidate();
    await expect(
      house.rows(
        'owner',
        `UPDATE security_csp_policy SET state = 'enforcing', percent = 100 WHERE id = '${other}'`,
      ),
    ).rejects.toThrow('security_csp_policy_whole');
  });
});
