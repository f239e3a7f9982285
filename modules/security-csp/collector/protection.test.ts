import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { csp, dice, House, until } from '#test';
import type { Client } from '#test';

const RATE = 400;

/** The collector is open to everybody: what it answers, what it keeps, what it costs. */
describe('the collector defends itself', () => {
  let house: House;
  let admin: Client;

  beforeAll(async () => {
    house = await House.open({
      ...{ TRUSTED_PROXIES: '127.0.0.1', CSP_IP_REPORT_RATE: `${RATE}/min` },
      ...{ CSP_NEW_GROUPS_PER_HOUR: '40', CSP_BACKLOG_GROUPS: '60', LOG_LEVEL: 'error' },
    });
    admin = await house.as('admin');
  });

  async function appOf(slug: string): Promise<string> {
    const made = await admin.post('security-csp/apps', { slug, hosts: ['*'] });
    expect(made.status).toBe(201);
    return `/csp/report/${slug}`;
  }

  const today = async (slug: string): Promise<Record<string, number>> =>
    (await admin.get(`security-csp/series?app=${slug}`)).body.items.at(-1);

  /** What a socket is answered that says whatever it likes. */
  function say(text: string | Buffer, waitMs = 3_000): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
      let answer = '';
      const end = (): void => {
        socket.destroy();
        resolve(answer);
      };
      socket.on('data', (chunk) => {
        answer += chunk.toString();
        if (answer.includes('\r\n\r\n')) end();
      });
      socket.on('error', end).on('close', end);
      setTimeout(end, waitMs).unref();
      socket.write(text);
    });
  }

  it('answers 204 to whatever a fuzzer sends, and says nothing', async () => {
    const path = await appOf('fuzzed');
    const random = dice(20_261_122);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const bodies = [
      csp.legacyReport(),
      csp.webkitLegacyReport(),
      csp.reportBatch({}, {}),
      csp.webkitReport(),
    ];
    const types = [
      'application/csp-report',
      'application/reports+json',
      'text/html',
      'multipart/form-data',
      'x',
      '',
    ];
    const values = [
      null,
      0,
      -1,
      1e308,
      '',
      '\u0000',
      '\ud800',
      [],
      {},
      true,
      'x'.repeat(30_000),
      '=1+1',
      '__proto__',
      [[[[]]]],
    ];
    const changed = (value: unknown): unknown => {
      if (random() < 0.12) return pick(values);
      if (Array.isArray(value)) return value.map(changed);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, child]) => [
          random() < 0.05 ? pick(['__proto__', 'constructor', '', 'body']) : name,
          changed(child),
        ]),
      );
    };
    const statuses = new Map<number, number>();
    for (let round = 0; round < 300; round += 1) {
      let body = JSON.stringify(changed(pick(bodies).body)) ?? '';
      if (random() < 0.3) body = body.slice(0, Math.floor(random() * body.length));
      if (random() < 0.2) {
        const bytes = Buffer.from(body);
        for (let n = 0; n < 5; n += 1)
          bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
        body = bytes.toString('latin1');
      }
      const ip = `203.0.${Math.floor(random() * 256)}.1`;
      const status = await csp.report(
        house.url,
        { type: pick(types), body },
        {
          path:
            random() < 0.5
              ? path
              : `${path}?v=${pick(['', 'x', '1e9', '999999999999', '7&d=enforce'])}`,
          ip,
        },
      );
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses]).toEqual([[204, 300]]);
    const deep = [
      '['.repeat(400_000),
      '{"a":'.repeat(100_000),
      `{"csp-report":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
    ];
    for (const body of deep)
      expect(await csp.report(house.url, { type: 'x', body }, { path, ip: '198.51.100.9' })).toBe(
        204,
      );
    expect(await csp.report(house.url, { type: 'x', body: 'x'.repeat(3_000_000) }, { path })).toBe(
      204,
    );
    // What comes after all of it is stored after it, or with it.
    await csp.report(house.url, csp.legacyReport({ directive: 'frame-src' }), { path });
    await csp.groupsListed(admin, 1, 'app=fuzzed&directive=frame-src');
    // Whatever was readable of it could be stored, too.
    expect((await today('fuzzed'))['dropped']).toBe(0);
    expect((await admin.get('security-csp/groups?app=fuzzed')).status).toBe(200);
  });

  it('answers 204 to what is no HTTP, names no host, expects something else or never ends', async () => {
    const post = 'POST /csp/report HTTP/1.1\r\nHost: localhost\r\n';
    const told: Record<string, string | Buffer> = {
      'no host': 'POST /csp/report HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}',
      'another host':
        'POST /csp/report HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\n\r\n{}',
      'a length that is none': `${post}Content-Length: abc\r\n\r\n{}`,
      'two lengths': `${post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
      'length and chunks': `${post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      'broken chunks': `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      'a broken header': `${post}Bad Header\x00: x\r\n\r\n`,
      'large headers': `${post}X-Long: ${'x'.repeat(40_000)}\r\n\r\n`,
      'an expectation': `${post}Expect: the-impossible\r\nContent-Length: 2\r\n\r\n{}`,
      'an address in full':
        'POST http://localhost/csp/report HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}',
      'a compressed body': Buffer.concat([
        Buffer.from(`${post}Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n`),
        Buffer.from([31, 139, 8, 0]),
      ]),
      'an upgrade': `${post}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n`,
      'HTTP/1.0': 'POST /csp/report HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}',
      'an encoded address':
        'POST /csp/%72eport HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}',
      'a broken address':
        'POST /csp/report/%zz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}',
      'a long parameter': `POST /csp/report/${'x'.repeat(500)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}`,
      'a slash more':
        'POST /csp/report/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}',
    };
    for (const [what, text] of Object.entries(told)) {
      expect([what, (await say(text)).split('\r\n')[0]]).toEqual([what, 'HTTP/1.1 204 No Content']);
    }
    // Elsewhere what cannot be read is a problem still, also where no host is named.
    for (const text of [
      'POST /csp/reports HTTP/1.1\r\nContent-Length: 0\r\n\r\n',
      'GET /api/v1/auth/me HTTP/1.1\r\nContent-Length: abc\r\nHost: localhost\r\n\r\n',
    ]) {
      expect((await say(text)).split('\r\n')[0]).toBe('HTTP/1.1 400 Bad Request');
    }
  });

  it('lets a page of another origin report, and asks nobody for credentials', async () => {
    const ask = await fetch(`${house.url}/csp/report/fuzzed`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect(ask.status).toBe(204);
    expect(ask.headers.get('access-control-allow-origin')).toBe('*');
    expect(ask.headers.get('access-control-allow-headers')).toBe('content-type');
    expect(ask.headers.get('access-control-allow-credentials')).toBeNull();
    const headers = {
      'x-request-id': 'reflected-12345',
      cookie: 'session=x',
      authorization: 'Bearer wrong',
    };
    const sent = await fetch(`${house.url}/csp/report/fuzzed`, {
      method: 'POST',
      headers,
      body: '{}',
    });
    expect([sent.status, sent.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    expect(JSON.stringify([...sent.headers])).not.toContain('reflected');
    expect(
      await fetch(`${house.url}/csp/report`).then(({ status, headers: of }) => [
        status,
        of.get('allow'),
      ]),
    ).toEqual([405, 'POST']);
  });

  it('reads so many reports of an address in a minute, counted one by one, and answers 204 to all', async () => {
    const path = await appOf('limited');
    const ip = '192.0.2.77';
    const batch = csp.reportBatch(...Array.from({ length: 150 }, () => ({})));
    for (let sent = 0; sent < 4; sent += 1)
      expect(await csp.report(house.url, batch, { path, ip })).toBe(204);
    expect(await csp.report(house.url, csp.legacyReport(), { path, ip: '192.0.2.78' })).toBe(204);
    const [group] = await csp.groupsListed(admin, 1, 'app=limited');
    await csp.reportsCounted(admin, 'limited', RATE + 1);
    expect((await admin.get(`security-csp/groups/${group?.id}`)).body.count).toBe(RATE + 1);
    // Of a request that is not read nobody knows how many it held.
    const { limited = 0 } = await today('limited');
    expect(limited).toBeGreaterThanOrEqual(50);
    expect((await admin.get('security-csp/groups?app=limited')).status).toBe(200);
  });

  it('begins so many groups in an hour, and counts the reports of others', async () => {
    const path = await appOf('crowded');
    const invented = Array.from({ length: 50 }, (_, n) => ({ blocked: `https://h${n}.test/` }));
    await csp.report(house.url, csp.reportBatch(...invented.slice(0, 25)), {
      path,
      ip: '192.0.2.1',
    });
    await csp.groupsListed(admin, 25, 'app=crowded');
    await csp.report(house.url, csp.reportBatch(...invented.slice(25)), { path, ip: '192.0.2.1' });
    await until('ten have overflowed', async () => (await today('crowded'))['overflowed'] === 10);
    expect(await csp.groupsListed(admin, 40, 'app=crowded')).toHaveLength(40);
    expect(await today('crowded')).toMatchObject({ overflowed: 10, newGroups: 40, dropped: 0 });
    // What has a group is counted on.
    await csp.report(house.url, csp.reportBatch(invented[0] ?? {}), { path, ip: '192.0.2.1' });
    await csp.reportsCounted(admin, 'crowded', 41);
    const [first] = (
      await admin.get('security-csp/groups?app=crowded&blockedOrigin=https://h0.test')
    ).body.items;
    expect(first.count).toBe(2);
  });

  it('holds so many groups in memory, those that it knows first, and counts what it drops', async () => {
    const path = await appOf('flooded');
    const known = { blocked: 'https://known.test/' };
    await csp.report(house.url, csp.reportBatch(known), { path, ip: '192.0.2.2' });
    await csp.groupsListed(admin, 1, 'app=flooded');
    const invented = Array.from({ length: 199 }, (_, n) => ({ blocked: `https://f${n}.test/` }));
    await csp.report(house.url, csp.reportBatch(...invented, known), { path, ip: '192.0.2.2' });
    await until('some are dropped', async () => Number((await today('flooded'))['dropped']) > 0);
    await csp.reportsCounted(admin, 'flooded', 2 + 30);
    const day = await today('flooded');
    expect(day).toMatchObject({ dropped: 169, overflowed: 0 });
    const [group] = (
      await admin.get('security-csp/groups?app=flooded&blockedOrigin=https://known.test')
    ).body.items;
    expect(group.count).toBe(2);
  });

  it('keeps no query, fragment, password, long id, address or code in any table', async () => {
    const path = await appOf('private');
    const secrets = [
      'q-secret',
      'f-secret',
      'pw-secret',
      '0b54a3f2-0000-4000-8000-1234567890ab',
      '77654321',
      'ana@example.cl',
      'eyJhbGciOiJIUzI1NiJ9x',
      'code-secret',
      '198.51.100.201',
      'abcdefghijklmnopabcdefghijklmnop',
    ];
    const url = (host: string): string =>
      `https://user:${secrets[2]}@${host}/a/${secrets[3]}/${secrets[4]}-5/${secrets[5]}/${secrets[6]}1?x=${secrets[0]}&t=1#${secrets[1]}`;
    const violated = {
      ...{ document: url('app.example'), blocked: url('cdn.example'), source: url('src.example') },
      ...{ referrer: url('ref.example'), sample: `var x="${secrets[7]}"\r\n\u0007` },
      policy: "default-src 'self' 'nonce-q-secret'; report-uri /csp/report",
    };
    for (const body of [
      csp.legacyReport(violated),
      csp.reportBatch(violated),
      csp.webkitReport(violated),
    ]) {
      await csp.report(house.url, body, { path, ip: secrets[8] });
    }
    await csp.report(
      house.url,
      csp.legacyReport({ ...violated, blocked: `chrome-extension://${secrets[9]}/x.js` }),
      { path, ip: secrets[8] },
    );
    const groups = await csp.groupsListed(admin, 2, 'app=private');
    expect(groups.find(({ noise }) => !noise)).toMatchObject({
      ...{
        blockedUrl: 'https://cdn.example/a/:id/:id/:id/:id',
        sourceOrigin: 'https://src.example',
      },
      ...{ documentOrigins: ['https://app.example'], reporters: 2 },
    });
    expect(groups.find(({ noise }) => noise)).toMatchObject({
      blockedOrigin: 'chrome-extension:',
      noiseReason: 'extension',
    });
    const tables = await house.rows<{ name: string }>(
      'owner',
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    for (const { name } of tables) {
      const rows = await house.rows<{ row: string }>(
        'owner',
        `SELECT t::text AS row FROM ${name} t`,
      );
      const text = rows.map(({ row }) => row).join('\n');
      expect([name, secrets.filter((secret) => text.includes(secret))]).toEqual([name, []]);
    }
    const samples = await house.rows<{ report: string }>(
      'owner',
      'SELECT report::text AS report FROM security_csp_sample',
    );
    expect(samples.length).toBeGreaterThan(0);
  });
});
