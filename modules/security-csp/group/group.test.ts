import { beforeAll, describe, expect, it } from '@jest/globals';
import { alerts, csp, DigestService, House, kernel } from '#test';
import type { Client } from '#test';

interface StoredDigest {
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What groups say, what people say of them, and what becomes of both with time. */
describe('groups of reports', () => {
  let house: House;
  let admin: Client;

  beforeAll(async () => {
    house = await House.open({
      TRUSTED_PROXIES: '127.0.0.1',
      CSP_INJECTED_HOSTS: 'wifi.test',
      ...{ CSP_RETENTION_DAYS: '20', CSP_SAMPLE_DAYS: '10' },
    });
    admin = await house.as('admin');
  });

  async function appOf(
    slug: string,
    hosts = ['app.example'],
  ): Promise<{ id: string; path: string; version: number }> {
    const { status, body } = await admin.post('security-csp/apps', { slug, hosts });
    expect(status).toBe(201);
    return { id: String(body.id), path: `/csp/report/${slug}`, version: Number(body.version) };
  }

  const send = async (
    path: string,
    violated: Parameters<typeof csp.legacyReport>[0],
    ip = '192.0.2.1',
  ): Promise<void> => {
    expect(await csp.report(house.url, csp.legacyReport(violated), { path, ip })).toBe(204);
  };

  const groupsOf = (slug: string, count: number, query = ''): Promise<csp.ListedGroup[]> =>
    csp.groupsListed(admin, count, `app=${slug}&${query}`);

  async function eventsOf(
    action: string,
  ): Promise<{ reason: string | null; payload: Record<string, unknown>; subject: string }[]> {
    return house.rows(
      'owner',
      'SELECT reason, payload, subject_id AS subject FROM kernel_event WHERE action = $1 ORDER BY id',
      { values: [action] },
    );
  }

  it.each<[string, Parameters<typeof csp.legacyReport>[0], string | null]>([
    ['a script of the web', {}, null],
    ['inline code', { blocked: 'inline' }, null],
    ['data', { blocked: 'data' }, null],
    ['an extension that is blocked', { blocked: 'chrome-extension://abc/x.js' }, 'extension'],
    ['an extension by its bare scheme', { blocked: 'moz-extension' }, 'extension'],
    ['a script that an extension loads', { source: 'safari-web-extension://1/x.js' }, 'extension'],
    [
      'a source that is a bare scheme',
      { blocked: 'eval', source: 'chrome-extension' },
      'extension',
    ],
    ['a page of an extension', { document: 'moz-extension://1/a.html' }, 'extension'],
    ['a scheme of a machine', { blocked: 'ms-appx-web' }, 'bare_scheme'],
    [
      'a virus scanner',
      { blocked: 'https://gc.kis.v2.scr.kaspersky-labs.com/x.js' },
      'injected_host',
    ],
    ['a translator', { source: 'https://translate.googleapis.com/x.js' }, 'injected_host'],
    ['a host that the operator names', { blocked: 'https://a.wifi.test/x.js' }, 'injected_host'],
    ['a host that only looks like one', { blocked: 'https://notwifi.test/x.js' }, null],
    ['a copy of the page', { document: 'https://app.example.translate.test/' }, 'foreign_document'],
  ])('says of %s whether it is noise, and why', async (what, violated, noiseReason) => {
    const slug = `noise-${kernel.newId()}`;
    const { path } = await appOf(slug);
    await send(path, violated);
    const [group] = await groupsOf(slug, 1);
    expect([what, group?.noise, group?.noiseReason]).toEqual([
      what,
      noiseReason !== null,
      noiseReason,
    ]);
    const wanted = noiseReason === null ? 'noise=false' : `noiseReason=${noiseReason}`;
    expect(await groupsOf(slug, 1, wanted)).toHaveLength(1);
    expect(
      (await admin.get(`security-csp/groups?app=${slug}&noise=${noiseReason === null}`)).body.items,
    ).toEqual([]);
  });

  it('takes versions for old once it is told so, and for present when told otherwise', async () => {
    const { id, path, version } = await appOf('versioned');
    for (const v of [3, 4, 5]) await send(`${path}?v=${v}`, {});
    await send(path, {});
    expect(await groupsOf('versioned', 4, 'noise=false')).toHaveLength(4);
    const edited = await admin.patch(`security-csp/apps/${id}`, { oldestVersion: 5 }, version);
    expect([edited.status, edited.body.oldestVersion]).toEqual([200, 5]);
    const old = (await groupsOf('versioned', 2, 'noiseReason=old_policy')).map(
      ({ policyVersion }) => policyVersion,
    );
    expect(old.sort()).toEqual([3, 4]);
    await send(`${path}?v=2`, {});
    expect(await groupsOf('versioned', 3, 'noiseReason=old_policy')).toHaveLength(3);
    const stale = await admin.patch(`security-csp/apps/${id}`, { oldestVersion: null }, version);
    expect(stale.status).toBe(412);
    await admin.patch(`security-csp/apps/${id}`, { oldestVersion: null }, version + 1);
    expect(await groupsOf('versioned', 5, 'noise=false')).toHaveLength(5);
    expect((await eventsOf('csp_app.changed')).length).toBe(2);
  });

  it('keeps what a person says, with the reason, against every rule', async () => {
    const { path } = await appOf('judged');
    await send(path, { blocked: 'https://cdn.test/a.js' });
    await send(path, { blocked: 'chrome-extension' });
    const [own, noisy] = (await groupsOf('judged', 2)).sort(
      (a, b) => Number(a.noise) - Number(b.noise),
    );
    const verb = (id: string | undefined, name: string, body: object) =>
      admin.post(`security-csp/groups/${id}/${name}`, body);

    const accepted = await verb(own?.id, 'accept', { reason: 'the charts' });
    expect(accepted.body).toMatchObject({
      verdict: 'accepted',
      verdictReason: 'the charts',
      noise: false,
    });
    const me = (await admin.get('auth/me')).body.user.id;
    expect(accepted.body.verdictBy).toBe(me);
    const rejected = await verb(own?.id, 'reject', { reason: 'not any more' });
    expect(rejected.body).toMatchObject({ verdict: 'rejected', noiseOverridden: false });
    const marked = await verb(own?.id, 'noise', { reason: 'a test' });
    expect(marked.body).toMatchObject({
      noise: true,
      noiseReason: 'marked',
      noiseNote: 'a test',
      noiseOverridden: true,
      verdict: 'pending',
      verdictAt: null,
    });
    const freed = await verb(own?.id, 'noise', { reason: 'it was none', noise: false });
    expect(freed.body).toMatchObject({ noise: false, noiseReason: null, noiseOverridden: true });
    const wanted = await verb(noisy?.id, 'accept', { reason: 'our own extension' });
    expect(wanted.body).toMatchObject({ noise: false, noiseOverridden: true, verdict: 'accepted' });

    await send(path, { blocked: 'chrome-extension' });
    await send(path, { blocked: 'https://cdn.test/a.js' });
    await csp.reportsCounted(admin, 'judged', 4);
    const after = await groupsOf('judged', 2);
    expect(after.map(({ count, noise }) => [count, noise])).toEqual([
      [2, false],
      [2, false],
    ]);

    for (const body of [
      {},
      { reason: '' },
      { reason: 'x'.repeat(501) },
      { reason: 'x', more: 1 },
    ]) {
      expect((await verb(own?.id, 'accept', body)).status).toBe(400);
    }
    const told = [
      ...(await eventsOf('csp_group.accepted')),
      ...(await eventsOf('csp_group.rejected')),
      ...(await eventsOf('csp_group.marked')),
    ];
    expect(told.map(({ reason }) => reason)).toEqual([
      'the charts',
      'our own extension',
      'not any more',
      'a test',
      'it was none',
    ]);
    expect(told[0]).toMatchObject({
      subject: own?.id,
      payload: { groupId: own?.id, app: 'judged' },
    });
    for (const login of ['encargada', 'contador', 'vendedora']) {
      const client = await house.as(login);
      expect((await client.get('security-csp/groups')).status).toBe(403);
      expect(
        (await client.post(`security-csp/groups/${own?.id}/accept`, { reason: 'x' })).status,
      ).toBe(403);
    }
  });

  it('downloads what is asked for, and no spreadsheet runs it', async () => {
    const { path } = await appOf('listed', ['*']);
    await send(path, { blocked: 'https://one.test/=cmd', directive: 'img-src' });
    await send(path, { blocked: 'https://two.test/' });
    await groupsOf('listed', 2);
    const [first] = await groupsOf('listed', 1, 'blockedOrigin=https://one.test');
    await admin.post(`security-csp/groups/${first?.id}/accept`, { reason: '=HYPERLINK("x")' });
    const csv = await admin.get('security-csp/export?format=csv&app=listed&sort=createdAt');
    expect(csv.status).toBe(400);
    const { status, text, headers } = await admin.get('security-csp/export?format=csv&app=listed');
    expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
    const lines = text.trim().split('\r\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^id,app,policyVersion,policyHash,disposition,directive/);
    expect(text).toContain(`"'=HYPERLINK(""x"")"`);
    expect(text).not.toContain(',=HYPERLINK');
    expect(await eventsOf('csp_groups.exported')).toMatchObject([
      { payload: { filters: { app: 'listed' } } },
    ]);
  });

  it('tells distinct pages and reporters, few of them to the number', async () => {
    const { path } = await appOf('reach', ['*']);
    const send40 = Array.from({ length: 40 }, (_, n) =>
      send(path, { document: `https://a.test/p${n % 25}` }, `198.18.${n % 12}.${n}`),
    );
    await Promise.all(send40);
    await csp.reportsCounted(admin, 'reach', 40);
    const [few] = await groupsOf('reach', 1);
    expect(few).toMatchObject({ pages: 25, reporters: 12, count: 40, days: 1 });
    const many = Array.from({ length: 10 }, (_, batch) =>
      csp.report(
        house.url,
        csp.reportBatch(
          ...Array.from({ length: 150 }, (_, n) => ({ document: `https://a.test/q${batch}-${n}` })),
        ),
        { path, ip: '198.18.0.1' },
      ),
    );
    await Promise.all(many);
    await csp.reportsCounted(admin, 'reach', 1_540);
    const [wide] = await groupsOf('reach', 1);
    expect(Number(wide?.['pages'])).toBeGreaterThan(1_000);
    expect(Number(wide?.['pages'])).toBeLessThan(2_300);
    expect(wide?.count).toBe(1_540);
  });

  it('finds with time who was alone, tells of it in the morning, and forgets in the end', async () => {
    const clock = alerts.MovedClock.of(house);
    // Tomorrow's noon in Santiago, or nearly: no day ends here but those that are told to.
    clock.set(`${kernel.businessDay(new Date(Date.now() + 86_400_000))}T15:00:00Z`);
    admin = await house.as('admin');
    const { id, path } = await appOf('aging', ['*']);
    const schedules = house.app.get(kernel.Schedules);
    const turn = (name: string): Promise<boolean> =>
      schedules.runOnce(`security-csp.${name}`, clock.now);
    const counted = (reports: number): Promise<void> => csp.reportsCounted(admin, 'aging', reports);
    for (let n = 0; n < 12; n += 1)
      await send(path, { blocked: 'https://wide.test/' }, `198.18.${n}.1`);
    await send(path, { blocked: 'https://alone.test/' });
    await counted(13);
    await turn('classify');
    expect(await groupsOf('aging', 2, 'noise=false')).toHaveLength(2);

    const later = async (hours: number): Promise<void> => {
      clock.forward(hours * 60);
      // A session does not live so long.
      admin = await house.as('admin');
    };
    await later(26);
    await turn('classify');
    const noisy = await groupsOf('aging', 1, 'noiseReason=single_reporter');
    expect(noisy.map(({ blockedOrigin }) => blockedOrigin)).toEqual(['https://alone.test']);
    await send(path, { blocked: 'https://alone.test/' }, '198.18.200.1');
    await counted(14);
    await turn('classify');
    expect(await groupsOf('aging', 2, 'noise=false')).toMatchObject([{}, {}]);
    const [twice] = await groupsOf('aging', 1, 'blockedOrigin=https://alone.test');
    expect(twice).toMatchObject({ days: 2, reporters: 2 });

    for (let n = 0; n < 120; n += 1) await send(path, { blocked: 'https://wide.test/' });
    await counted(134);
    await later(24);
    await turn('make-digest');
    // The worker catches up, and a timer of the operating system comes beside it, twice at once: one digest of a day.
    clock.forward(1);
    const beside = house.app.get(DigestService);
    const again = [beside.makeEverywhere(), beside.makeEverywhere(), turn('make-digest')];
    expect(await Promise.all(again)).toEqual([{ companies: 1, made: 0 }, { companies: 1, made: 0 }, true]); // prettier-ignore
    const [digest, ...others] = (await eventsOf('csp_digest.made')) as unknown as StoredDigest[];
    expect(others).toEqual([]);
    expect(digest?.payload).toMatchObject({
      spikes: [{ appId: id, app: 'aging', reports: 121 }],
      widelySeen: expect.arrayContaining([
        expect.objectContaining({ app: 'aging', reporters: 13 }),
      ]),
      calm: expect.not.arrayContaining([id]),
    });

    const [wide] = await groupsOf('aging', 1, 'blockedOrigin=https://wide.test');
    await admin.post(`security-csp/groups/${wide?.id}/reject`, { reason: 'no' });
    await later(25 * 24);
    await turn('forget');
    const left = await groupsOf('aging', 1);
    expect(left.map(({ blockedOrigin }) => blockedOrigin)).toEqual(['https://wide.test']);
    expect((await admin.get(`security-csp/groups/${wide?.id}`)).body.samples).toEqual([]);
    const texts = await house.rows('owner', 'SELECT 1 FROM security_csp_policy_text');
    expect(texts).toHaveLength(1);
  });
});
