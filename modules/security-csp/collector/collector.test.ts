import { beforeAll, describe, expect, it } from '@jest/globals';
import { csp, foundSecondCompany, House, until } from '#test';
import type { Client } from '#test';

/** What browsers send, and what becomes of it. */
describe('the collector', () => {
  let house: House;
  let admin: Client;

  beforeAll(async () => {
    house = await House.open({ TRUSTED_PROXIES: '127.0.0.1', SECRET_KEY: 'x'.repeat(60) });
    admin = await house.as('admin');
  });

  const send = (body: csp.SentBody, to: Parameters<typeof csp.report>[2] = {}): Promise<number> =>
    csp.report(house.url, body, to);

  async function appOf(slug: string, hosts: string[]): Promise<string> {
    const made = await admin.post('security-csp/apps', { slug, hosts });
    expect([made.status, made.body]).toEqual([201, expect.objectContaining({ slug, hosts })]);
    expect(made.body.reportPath).toBe(`/csp/report/${slug}`);
    return String(made.body.id);
  }

  it('reads all four shapes, by the body and not by its content type', async () => {
    await appOf('shapes', ['app.example']);
    const path = '/csp/report/shapes?v=12&d=report';
    const { chrome, safari } = csp.USER_AGENTS;
    // In a list each report says who made it.
    const sent: [csp.SentBody, string][] = [
      [csp.legacyReport(), chrome],
      [csp.webkitLegacyReport(), safari],
      [csp.reportBatch({}, { document: 'https://app.example/orders/new' }), chrome],
      [csp.webkitReport(), safari],
    ];
    for (const [{ body }, userAgent] of sent) {
      for (const type of ['application/csp-report', 'application/reports+json', 'text/plain']) {
        expect(await send({ type, body }, { path, userAgent })).toBe(204);
      }
    }
    await csp.reportsCounted(admin, 'shapes', 15);
    const groups = await csp.groupsListed(admin, 1, 'app=shapes');
    expect(groups).toEqual([
      expect.objectContaining({
        ...{
          app: 'shapes',
          policyVersion: 12,
          disposition: 'report',
          directive: 'script-src-elem',
        },
        ...{ blockedKind: 'url', blockedOrigin: 'https://cdn.example', sourceOrigin: null },
        ...{ blockedUrl: 'https://cdn.example/lib.js', documentOrigins: ['https://app.example'] },
        ...{ count: 15, pages: 2, days: 1, noise: false, noiseReason: null, verdict: 'pending' },
        browsers: expect.arrayContaining(['chrome 156', 'firefox 153', 'safari 26']),
        reporters: 3,
        foreignDocument: false,
      }),
    ]);
    const detail = await admin.get(`security-csp/groups/${groups[0]?.id}`);
    expect(detail.body.policy).toBe("default-src 'self'; report-uri /csp/report");
    expect(detail.body.samples.length).toBeGreaterThanOrEqual(1);
    expect(detail.body.samples[0].report).toMatchObject({
      ...{ document: 'https://app.example/orders', directive: 'script-src-elem', sample: null },
    });
  });

  it('lists a group within two seconds, whoever reports, wherever', async () => {
    // In peace: what an answer takes on this machine, now, is none of the two seconds.
    const begun = performance.now();
    await admin.get('security-csp/groups?app=default');
    const answerMs = performance.now() - begun;
    const sentAt = performance.now();
    expect(await send(csp.legacyReport({ directive: 'img-src' }))).toBe(204);
    const groups = await csp.groupsListed(admin, 1, 'app=default');
    expect(groups.map(({ directive }) => directive)).toEqual(['img-src']);
    expect(performance.now() - sentAt).toBeLessThan(2_000 + 10 * answerMs);
    const apps = await admin.get('security-csp/apps?slug=default');
    expect(apps.body.items).toMatchObject([{ hosts: ['*'], reportPath: '/csp/report' }]);
  });

  it('takes what a browser says of what has no address', async () => {
    await appOf('words', ['*']);
    const kinds: Record<string, [string, string | null]> = {
      inline: ['inline', null],
      eval: ['eval', null],
      'wasm-eval': ['wasm-eval', null],
      'trusted-types-sink': ['trusted-types-sink', null],
      'trusted-types-policy': ['trusted-types-policy', null],
      data: ['data', null],
      'data:text/javascript;base64,YWxlcnQoMSk=': ['data', null],
      blob: ['blob', null],
      self: ['self', null],
      '': ['self', null],
      about: ['scheme', 'about:'],
      'https://cdn.test': ['url', 'https://cdn.test'],
      'wss://push.test:8443/x?y=1': ['url', 'wss://push.test:8443'],
      '%%%': ['unknown', null],
    };
    const violated = Object.keys(kinds).map((blocked, index) => ({
      blocked,
      policy: `img-src 'nonce-${index}abc'; report-uri /${index}`,
    }));
    expect(await send(csp.reportBatch(...violated), { path: '/csp/report/words' })).toBe(204);
    const groups = await csp.groupsListed(admin, violated.length, 'app=words&sort=createdAt');
    const found = groups.map(
      ({ blockedKind, blockedOrigin }) => `${String(blockedKind)} ${String(blockedOrigin)}`,
    );
    expect(found.sort()).toEqual(
      Object.values(kinds)
        .map((each) => each.join(' ').replace(/ $/, ' null'))
        .sort(),
    );
  });

  it('takes numbers for texts, nulls, missing fields and old spellings', async () => {
    await appOf('odd', ['*']);
    const path = '/csp/report/odd?v=3';
    const bodies: unknown[] = [
      {
        'csp-report': {
          'document-uri': 'https://a.test/',
          'violated-directive': "script-src 'self' https://x",
        },
      },
      {
        'csp-report': {
          'document-uri': 'https://a.test/',
          'effective-directive': 'font-src',
          'status-code': '200',
          'line-number': 'x',
          'blocked-uri': null,
        },
      },
      { 'document-uri': 'https://a.test/', 'effective-directive': 'media-src', 'blocked-uri': 4 },
      [
        null,
        1,
        'x',
        [],
        {
          type: 'csp-violation',
          url: 'https://a.test/',
          body: { effectiveDirective: 'no-such-src' },
        },
      ],
      {
        type: 'csp-violation',
        body: { documentURI: 'https://a.test/', effectiveDirective: 'IMG-SRC', blockedURI: 'data' },
      },
    ];
    for (const body of bodies) expect(await send({ type: 'x/y', body }, { path })).toBe(204);
    const groups = await csp.groupsListed(admin, 5, 'app=odd');
    expect(groups.map(({ directive }) => directive).sort()).toEqual([
      ...['font-src', 'img-src', 'media-src', 'other', 'script-src'],
    ]);
    const series = await admin.get('security-csp/series?app=odd');
    expect(series.body.items.at(-1)).toMatchObject({
      reports: 5,
      groups: 5,
      newGroups: 5,
      unreadable: 4,
    });
    expect(series.body.items).toHaveLength(31);
  });

  it('keeps hashes of scripts that ran, apart from violations', async () => {
    const app = await appOf('hashes', ['*']);
    const hash = `sha256-${'A'.repeat(43)}=`;
    const body = [
      hashReport(hash, 'https://app.example/a.js?token=secret'),
      hashReport(hash, 'https://app.example/a.js'),
      hashReport('', 'https://cdn.example/b.js'),
      ...(csp.reportBatch({}).body as object[]),
    ];
    expect(
      await send({ type: 'application/reports+json', body }, { path: '/csp/report/hashes' }),
    ).toBe(204);
    expect(await csp.groupsListed(admin, 1, 'app=hashes')).toMatchObject([{ count: 1 }]);
    expect(
      await house.rows(
        'owner',
        'SELECT url, hash, destination, count FROM security_csp_script_hash WHERE app_id = $1',
        { values: [app] },
      ),
    ).toEqual([{ url: 'https://app.example/a.js', hash, destination: 'script', count: 2 }]);
  });

  it('tells a foreign document, and counts it for nobody else', async () => {
    await appOf('strict', ['shop.example', '*.shop.example']);
    const path = '/csp/report/strict';
    const documents = [
      'https://shop.example/',
      'https://www.shop.example/',
      'https://evilshop.example/',
      'about:srcdoc',
    ];
    for (const document of documents) await send(csp.legacyReport({ document }), { path });
    await csp.reportsCounted(admin, 'strict', 4);
    const groups = await csp.groupsListed(admin, 2, 'app=strict');
    const counts = groups.map(({ noise, noiseReason, count }) => ({ noise, noiseReason, count }));
    expect(counts).toEqual(
      expect.arrayContaining([
        { noise: false, noiseReason: null, count: 3 },
        { noise: true, noiseReason: 'foreign_document', count: 1 },
      ]),
    );
    expect(counts).toHaveLength(2);
  });

  it('answers 204 to a slug that no app has, and keeps nothing of it', async () => {
    for (const slug of ['nobody', 'UPPER', '%2e%2e', 'a/b/c', '%zz', 'x'.repeat(300), '\u0000']) {
      expect([
        slug,
        await send(csp.legacyReport(), { path: `/csp/report/${encodeURI(slug)}` }),
      ]).toEqual([slug, 204]);
    }
    await until('what is nobody’s is counted', async () => {
      const [today] = (await admin.get('security-csp/series?app=default')).body.items.slice(-1);
      return today.unclaimed >= 6;
    });
    expect((await admin.get('security-csp/groups?app=nobody')).body.items).toEqual([]);
  });

  it('lets a company see its own apps only, and no slug be claimed twice', async () => {
    await foundSecondCompany(house);
    const stranger = await house.as('admin.dos');
    const taken = await stranger.post('security-csp/apps', { slug: 'shapes', hosts: ['*'] });
    expect([taken.status, taken.body.code]).toEqual([409, 'security-csp.slug-taken']);
    const reserved = await stranger.post('security-csp/apps', { slug: 'default', hosts: ['*'] });
    expect(reserved.status).toBe(409);
    expect((await stranger.get('security-csp/groups')).body.items).toEqual([]);
    const made = await stranger.post('security-csp/apps', { slug: 'dos', hosts: ['*'] });
    expect(made.status).toBe(201);
    await send(csp.legacyReport(), { path: '/csp/report/dos' });
    expect(await csp.groupsListed(stranger, 1)).toHaveLength(1);
    expect((await admin.get('security-csp/groups?app=dos')).body.items).toEqual([]);
    for (const hosts of [[], ['https://a'], ['a b'], ['*.*'], ['a.example/x']]) {
      const refused = await stranger.post('security-csp/apps', { slug: 'tres', hosts });
      expect([hosts, refused.status]).toEqual([hosts, 422]);
    }
  });

  const { hashReport } = csp;
});
