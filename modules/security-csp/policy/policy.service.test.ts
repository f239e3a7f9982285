import { beforeAll, describe, expect, it } from '@jest/globals';
import { alerts, cspPolicies, House, until } from '#test';
import type { Client } from '#test';
import { CANARY_ORIGIN } from './evidence.js';

type Row = Record<string, string>;

const START = "default-src 'self'; object-src 'none'; script-src 'self'; base-uri 'none'";

/** A policy from a draft to being enforced and back, over HTTP. */
describe('a policy', () => {
  let house: House;
  let admin: Client;
  let clock: ReturnType<typeof alerts.MovedClock.of>;
  let id: string;
  let number = 0;

  beforeAll(async () => {
    house = await House.open({ CSP_SAMPLES: '3' });
    admin = await house.as('admin');
    clock = alerts.MovedClock.of(house);
    clock.set('2026-03-20T15:00:00Z');
    await admin.post('security-csp/apps', { slug: 'tienda', hosts: ['tienda.example'] });
  });

  async function policy(verb: string, body?: object): Promise<Awaited<ReturnType<Client['post']>>> {
    return admin.post(`security-csp/policies/${id}/${verb}`, body);
  }

  /** A report as browsers send it, and the group that it falls into. */
  async function report(
    effectiveDirective: string,
    blockedURL: string,
    more: { disposition?: string; ip?: string; documentURL?: string } = {},
  ): Promise<Row> {
    const { disposition = 'report', ip = '203.0.113.7', documentURL } = more;
    const body = [
      {
        type: 'csp-violation',
        url: 'https://tienda.example/',
        body: {
          documentURL: documentURL ?? 'https://tienda.example/caja',
          ...{ blockedURL, effectiveDirective, disposition, originalPolicy: START },
        },
      },
    ];
    const sent = await fetch(`${house.url}/csp/report/tienda?v=${number}`, {
      method: 'POST',
      headers: { 'content-type': 'application/reports+json', 'user-agent': `Browser ${ip}` },
      body: JSON.stringify(body),
    });
    expect(sent.status).toBe(204);
    const origin = /^\w+:\/\/[^/]+/.exec(blockedURL)?.[0] ?? null;
    let found: Row | undefined;
    await until(`a group of ${effectiveDirective} ${blockedURL}`, async () => {
      const { items } = (await admin.get('security-csp/groups?app=tienda&limit=200')).body as {
        items: Row[];
      };
      found = items.find(
        (group) =>
          group['directive'] === effectiveDirective &&
          (group['blockedOrigin'] === origin || group['blockedKind'] === blockedURL) &&
          group['policyVersion'] === (number as unknown as string),
      );
      return found !== undefined;
    });
    return found ?? {};
  }

  async function judge(group: Row, verb: string): Promise<void> {
    const path = `security-csp/groups/${group['id']}/${verb}`;
    const { status, text } = await admin.post(path, { reason: 'de prueba' });
    expect([status, text]).toEqual([200, text]);
  }

  it('is refused when browsers would read it otherwise, in both languages', async () => {
    for (const [text, code] of [
      ['scirpt-src a.test', 'unknown-directive'],
      ['script-src self', 'unquoted'],
      ["default-src 'self', img-src *", 'comma'],
    ]) {
      const refused = await admin.post('security-csp/policies', { app: 'tienda', policy: text });
      expect([refused.status, refused.body.code]).toEqual([422, 'security-csp.policy-refused']);
      expect(refused.body.findings[0].code).toBe(code);
    }
    const nowhere = await admin.post('security-csp/policies', { app: 'nadie', policy: START });
    expect([nowhere.status, nowhere.body.code]).toEqual([422, 'security-csp.unknown-app']);
  });

  it('begins as a draft, and is observed', async () => {
    const text = `${START}; report-uri /elsewhere`;
    const created = await admin.post('security-csp/policies', { app: 'tienda', policy: text });
    expect([created.status, created.body.state, created.body.number]).toEqual([201, 'draft', 1]);
    expect(created.body.policy).toBe(START);
    expect(created.body.directives[0]).toEqual({ name: 'default-src', values: ["'self'"] });
    id = created.body.id;
    number = 1;
    const early = await policy('enforce', {});
    expect([early.status, early.body.code]).toEqual([409, 'security-csp.policy-in-state']);
    expect((await policy('report-only')).body.state).toBe('report-only');
    expect((await policy('report-only')).status).toBe(409);
  });

  it('gets the smallest sources of what was accepted, and nothing of the rest', async () => {
    await judge(await report('img-src', 'https://cdn.test/a/b.png?x=1'), 'accept');
    await judge(await report('script-src-elem', 'https://js.test/x.js'), 'accept');
    await judge(await report('script-src-elem', 'https://evil.test/x.js'), 'reject');
    await judge(await report('connect-src', 'wss://live.test/'), 'accept');
    await report('img-src', `${CANARY_ORIGIN}/beat`);
    const inline = await report('script-src-elem', 'inline');
    await judge(inline, 'accept');
    const data = await report('img-src', 'data');
    await judge(data, 'accept');

    const waiting = await policy('candidate');
    expect([waiting.status, waiting.body.code]).toEqual([409, 'security-csp.groups-unresolved']);
    const kinds = waiting.body.groups.map(({ blocked }: Row) => blocked).sort();
    expect(kinds).toEqual(['data', 'inline']);

    const resolve = (group: Row, body: object): ReturnType<Client['post']> =>
      admin.post(`security-csp/groups/${group['id']}/resolve`, { reason: 'visto', ...body });
    const wrong = await resolve(data, { how: 'hash', hashes: ['sha256-AAAA'] });
    expect([wrong.status, wrong.body.code]).toEqual([422, 'security-csp.not-resolvable']);
    const hash = 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
    expect((await resolve(inline, { how: 'hash', hashes: [hash] })).status).toBe(200);
    expect((await resolve(data, { how: 'refuse' })).status).toBe(200);

    const seen = await admin.get(`security-csp/policies/${id}/recommendation`);
    const proposed = await policy('candidate');
    expect(proposed.body.policy).toBe(seen.body.policy);
    expect([proposed.body.state, proposed.body.number]).toEqual(['candidate', 2]);
    expect(proposed.body.versions).toMatchObject([{ number: 1, text: START }]);
    expect(proposed.body.policy).toBe(
      `default-src 'self'; object-src 'none'; script-src 'self' https://js.test '${hash}'; ` +
        "base-uri 'none'; img-src 'self' https://cdn.test; connect-src 'self' wss://live.test",
    );
    number = 2;
  });

  it('is proved in both directions, and the proof is kept', async () => {
    const proof = await policy('prove');
    expect([proof.status, proof.body.passed, proof.body.failures]).toEqual([200, true, []]);
    expect(proof.body.counts).toEqual({
      ...{ accepted: 4, acceptedAllowed: 4, rejected: 3, rejectedBlocked: 3 },
      ...{ unprovable: 0, unexplained: 0, noise: 0 },
    });
    const { hash } = (await admin.get(`security-csp/policies/${id}`)).body as Row;
    expect(proof.body.policyHash).toBe(hash);
    await judge(await report('font-src', 'https://fonts.test/f'), 'accept');
    const broken = await policy('prove');
    expect(broken.body.passed).toBe(false);
    expect(broken.body.failures).toMatchObject([
      { directive: 'font-src', blocked: 'https://fonts.test/f', wanted: 'allowed' },
    ]);
    const refused = await policy('enforce', {});
    expect([refused.status, refused.body.code]).toEqual([409, 'security-csp.proof-failed']);
    const { proof: last } = (await admin.get(`security-csp/policies/${id}/gates`)).body;
    expect([last.id, last.passed]).toEqual([refused.body.proofId, false]);
    number = Number((await policy('candidate')).body.number);
    expect(number).toBe(3);
  });

  it('is not enforced when it allows what was rejected, or is weak', async () => {
    const text = "default-src 'self'; script-src * 'unsafe-inline'; object-src 'none'";
    const { body } = await admin.post('security-csp/policies', { app: 'tienda', policy: text });
    const proof = await admin.post(`security-csp/policies/${body.id}/prove`);
    expect(proof.body.passed).toBe(false);
    expect(proof.body.failures).toContainEqual(
      expect.objectContaining({ blocked: 'https://evil.test/x.js', wanted: 'blocked' }),
    );
    expect(proof.body.findings).toContainEqual(
      expect.objectContaining({ severity: 'high', directive: 'script-src' }),
    );
    // Not weak, and it allows all that was accepted: one rejected source is enough.
    const candidate = (await admin.get(`security-csp/policies/${id}`)).body.policy as string;
    const holed = await admin.post('security-csp/policies', {
      ...{ app: 'tienda', policy: candidate.replace('script-src', 'script-src https://evil.test') },
    });
    const { body: last } = await admin.post(`security-csp/policies/${holed.body.id}/prove`);
    expect(last.findings.filter(({ severity }: Row) => severity === 'high')).toEqual([]);
    expect(last.failures).toMatchObject([{ blocked: 'https://evil.test/x.js', wanted: 'blocked' }]);
    expect([last.counts.acceptedAllowed, last.passed]).toEqual([last.counts.accepted, false]);
    // Weak, and right about every group.
    const weak = await admin.post('security-csp/policies', {
      ...{ app: 'tienda', policy: candidate.replace("object-src 'none'", 'object-src *') },
    });
    const { body: weakest } = await admin.post(`security-csp/policies/${weak.body.id}/prove`);
    expect([weakest.failures, weakest.passed]).toEqual([[], false]);
    expect(weakest.findings[0]).toMatchObject({ severity: 'high', directive: 'object-src' });
  });

  it('waits for days, the end of a month, the canary and quiet', async () => {
    const gates = async (): Promise<unknown[]> => {
      const { body } = await admin.get(`security-csp/policies/${id}/gates`);
      return (body.gates as { gate: string; met: boolean }[])
        .filter(({ met }) => !met)
        .map(({ gate }) => gate);
    };
    expect(await gates()).toEqual(['observed', 'month-end', 'quiet']);
    const early = await policy('enforce', {});
    expect([early.status, early.body.code]).toEqual([409, 'security-csp.gates-unmet']);
    expect(early.body.detail).toContain('0 de 7 días');
    clock.set('2026-04-02T15:00:00Z');
    expect(await gates()).toEqual(['canary']);
    await report('img-src', `${CANARY_ORIGIN}/beat`);
    const stranger = await report('style-src-elem', 'https://css.test/x.css');
    // One reporter is noise; of a second one it is news that nobody explained.
    await admin.post(`security-csp/groups/${stranger['id']}/noise`, { reason: 'no', noise: false });
    expect(await gates()).toEqual(['quiet']);
    await judge(stranger, 'reject');
    expect(await gates()).toEqual([]);
  });

  it('is enforced by percentage, then for everybody', async () => {
    const some = await policy('enforce', { percent: 25 });
    expect([some.status, some.body.state, some.body.percent]).toEqual([200, 'enforcing', 25]);
    expect((await policy('enforce', { percent: 100 })).body.percent).toBe(100);
    const { items } = (await admin.get('security-csp/apps?slug=tienda')).body as { items: Row[] };
    expect(items[0]?.['oldestVersion']).toBe(number);
  });

  it('goes back by itself when a new group has several reporters', async () => {
    const watch = house.app.get(cspPolicies.WatchService);
    await watch.look();
    expect((await admin.get(`security-csp/policies/${id}`)).body.state).toBe('enforcing');
    clock.forward(5);
    for (const ip of ['198.51.100.1', '203.0.113.9', '192.0.2.4']) {
      await report('img-src', 'https://new.test/x.png', { disposition: 'enforce', ip });
    }
    await house.rows(
      'owner',
      `UPDATE security_csp_group SET reporters = 3, noise = false, noise_reason = NULL
       WHERE blocked_origin = 'https://new.test'`,
    );
    await watch.look();
    const { body } = await admin.get(`security-csp/policies/${id}`);
    expect([body.state, body.percent]).toEqual(['rolled-back', 0]);
    expect(body.reason).toContain('img-src https://new.test of 3 reporters');
    const [event] = await house.rows(
      'owner',
      "SELECT payload FROM kernel_event WHERE action = 'csp_policy.rolled_back'",
    );
    expect(event).toMatchObject({ payload: { byItself: true, policyId: id } });
  });

  it('goes back by itself on a spike, and the one before it stands again', async () => {
    const waive = ['observed', 'month-end', 'canary', 'quiet'];
    const bare = await policy('candidate');
    expect(bare.body.state).toBe('candidate');
    const unreasoned = await policy('enforce', { waive });
    expect([unreasoned.status, unreasoned.body.code]).toEqual([
      422,
      'security-csp.waiver-without-reason',
    ]);
    expect((await policy('enforce', { waive, reason: 'ensayo' })).status).toBe(200);
    const first = id;
    const text = (await admin.get(`security-csp/policies/${id}`)).body.policy as string;
    const next = await admin.post('security-csp/policies', { app: 'tienda', policy: text });
    id = next.body.id;
    await policy('report-only');
    number = Number((await policy('candidate')).body.number);
    expect((await policy('enforce', { waive, reason: 'ensayo' })).body.percent).toBe(100);
    const replaced = (await admin.get(`security-csp/policies/${first}`)).body;
    expect([replaced.state, replaced.supersededBy]).toEqual(['superseded', id]);
    clock.forward(1);
    const watch = house.app.get(cspPolicies.WatchService);
    await watch.look();
    const { id: spike } = await report('media-src', 'https://media.test/x', {
      disposition: 'enforce',
    });
    await house.rows(
      'owner',
      `UPDATE security_csp_group SET count = 99, noise = false, noise_reason = NULL
       WHERE id = '${spike}'`,
    );
    clock.forward(1);
    await watch.look();
    expect((await admin.get(`security-csp/policies/${id}`)).body.state).toBe('enforcing');
    await house.rows('owner', `UPDATE security_csp_group SET count = 100 WHERE id = '${spike}'`);
    clock.forward(1);
    await watch.look();
    const { body } = await admin.get(`security-csp/policies/${id}`);
    expect([body.state, body.reason]).toEqual([
      'rolled-back',
      '100 reports in 10 minutes, 0 are usual',
    ]);
    const restored = (await admin.get(`security-csp/policies/${first}`)).body;
    expect([restored.state, restored.percent, restored.supersededBy]).toEqual([
      'enforcing',
      100,
      null,
    ]);
  });

  it('says what a policy would allow', async () => {
    const ask = (more: object): ReturnType<Client['post']> =>
      admin.post('security-csp/match', {
        ...{ policy: 'img-src 10.0.0.5', pageUrl: 'https://tienda.example/' },
        ...{ directive: 'img-src', url: 'https://10.0.0.5/x', ...more },
      });
    const { body } = await ask({});
    expect([body.allowed, body.specAllowed, body.source]).toEqual([true, false, '10.0.0.5']);
    expect(body.reason).toContain('CSP3: no source of img-src matches');
    const none = await ask({ url: 'https://b.test/' });
    expect([none.body.allowed, 'source' in none.body]).toEqual([false, false]);
    const wrong = await ask({ pageUrl: 'nowhere' });
    expect([wrong.status, wrong.body.code]).toEqual([422, 'security-csp.no-such-url']);
  });
});
