import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cspPolicies, freePort, House, installTraefik, run, until } from '#test';
import type { Client, Program } from '#test';

const FIRST = "default-src 'self'; object-src 'none'; script-src 'self'; base-uri 'none'";
const SECOND = `${FIRST}; img-src 'none'`;
const WAIVED = { waive: ['observed', 'month-end', 'canary', 'quiet'], reason: 'ensayo' };
const VISITORS = 1_000;
const PERCENT = 20;

/** Six standard deviations: by chance it misses once in hundreds of millions of runs. */
const WINDOW = 6 * Math.sqrt(VISITORS * (PERCENT / 100) * (1 - PERCENT / 100));

interface Seen {
  readonly strict: boolean;
  readonly watched: boolean;
  readonly version: string;
  readonly cookie: string | null;
}

/** A policy that a part of the visitors gets, and that goes back by itself, in real servers in front. */
describe('a percentage', () => {
  let house: House;
  let admin: Client;
  let folder: string;
  let backend: Server;
  let backendPort: number;
  let second = '';
  const programs: Program[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-split-'));
    house = await House.open();
    admin = await house.as('admin');
    await admin.post('security-csp/apps', { slug: 'tienda', hosts: ['tienda.test'] });
    backend = createServer((_, response) => response.end('hello'));
    backendPort = await new Promise((resolve) =>
      backend.listen(0, '127.0.0.1', () => resolve((backend.address() as AddressInfo).port)),
    );
    await enforced(FIRST, 100);
    second = await enforced(SECOND, PERCENT);
  }, 120_000);

  afterAll(async () => {
    for (const program of programs) await program.end('SIGTERM');
    await new Promise((resolve) => backend.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  async function act(id: string, verb: string, body?: object): Promise<void> {
    const answer = await admin.post(`security-csp/policies/${id}/${verb}`, body);
    expect([verb, answer.status, answer.text]).toEqual([verb, 200, answer.text]);
  }

  async function enforced(policy: string, percent: number): Promise<string> {
    const { body } = await admin.post('security-csp/policies', { app: 'tienda', policy });
    await act(body.id, 'report-only');
    await act(body.id, 'candidate');
    await act(body.id, 'enforce', { ...WAIVED, percent });
    return body.id as string;
  }

  /** `ofitec csp emit --watch`, as a process of its own. */
  function emitting(...args: string[]): Program {
    const all = ['dist/src/cli.js', 'csp', 'emit', '--app', 'tienda', '--watch', '1', ...args];
    const emitter = run(process.execPath, all, {
      env: { DATABASE_URL: house.urls.application, DATABASE_OWNER_URL: house.urls.owner },
    });
    programs.push(emitter);
    return emitter;
  }

  async function visit(port: number, headers: Record<string, string>): Promise<Seen> {
    // A browser of its own has a connection of its own: one that is kept ends when nginx reloads.
    const own = { ...headers, connection: 'close' };
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: own });
    await answer.arrayBuffer();
    expect(answer.status).toBe(200);
    const policy = answer.headers.get('content-security-policy') ?? '';
    return {
      strict: policy.includes("img-src 'none'"),
      watched: (answer.headers.get('content-security-policy-report-only') ?? '').includes(
        'img-src',
      ),
      version: /v=(\d+)/.exec(policy)?.[1] ?? '',
      cookie: answer.headers.get('set-cookie'),
    };
  }

  /** What many visitors get, each with a browser of its own. */
  async function visits(port: number): Promise<Seen[]> {
    const all: Seen[] = [];
    for (let n = 0; n < VISITORS; n += 1)
      all.push(await visit(port, { 'user-agent': `Browser ${n}` }));
    return all;
  }

  function expectShare(all: readonly Seen[]): void {
    const strict = all.filter((seen) => seen.strict);
    expect(Math.abs(strict.length - (VISITORS * PERCENT) / 100)).toBeLessThan(WINDOW);
    // Whoever does not get the second enforced gets it watched, and the first enforced.
    expect(strict.every((seen) => !seen.watched && seen.version === '2')).toBe(true);
    const others = all.filter((seen) => !seen.strict);
    expect(others.every((seen) => seen.watched && seen.version === '1')).toBe(true);
  }

  const comesAbout = (what: string, holds: () => Promise<boolean>): Promise<number> =>
    until(what, holds, 60_000);

  /** Browsers say that the enforced version breaks pages, and the worker looks. */
  async function breakPages(version: number, origin: string): Promise<void> {
    for (const n of [1, 2, 3]) {
      const body = {
        'csp-report': {
          ...{ 'document-uri': 'https://tienda.test/', 'effective-directive': 'img-src' },
          ...{ 'blocked-uri': `${origin}/a.png`, disposition: 'enforce' },
        },
      };
      const sent = await fetch(`${house.url}/csp/report/tienda?v=${version}&d=enforce`, {
        method: 'POST',
        headers: { 'content-type': 'application/csp-report', 'user-agent': `Browser/${n}.0` },
        body: JSON.stringify(body),
      });
      expect(sent.status).toBe(204);
    }
    await comesAbout('the report is stored', async () => {
      const rows = await house.rows(
        'owner',
        `UPDATE security_csp_group SET reporters = 3 WHERE policy_version = ${version}
           AND disposition = 'enforce' AND blocked_origin = '${origin}' RETURNING id`,
      );
      return rows.length > 0;
    });
    await house.app.get(cspPolicies.WatchService).look();
  }

  it('holds in nginx, and its end comes by itself', async () => {
    const port = await freePort();
    const [place, conf, log] = ['out', 'nginx.conf', 'error.log'].map((name) => join(folder, name));
    mkdirSync(join(place ?? '', 'infra'), { recursive: true });
    cpSync('infra/nginx', join(place ?? '', 'infra', 'nginx'), { recursive: true });
    writeFileSync(conf ?? '', nginxConf(folder, port, backendPort));
    const args = ['-c', conf ?? '', '-e', log ?? ''];
    const start = ['--target', 'nginx', '--out', place ?? ''];
    const emitter = emitting(
      ...start,
      '--reload',
      `nginx -t ${args.join(' ')} && nginx -s reload ${args.join(' ')}`,
    );
    // The server is not there yet: the files stand, and the reload is tried until it works.
    await emitter.until(/failed, and the files stay/);
    programs.push(run('nginx', [...args, '-g', 'daemon off;']));
    await emitter.until(/it goes well again/);
    await comesAbout('the proxy serves', async () => (await visit(port, {})).version !== '');

    const all = await visits(port);
    expectShare(all);
    // The same visitor always falls on the same side.
    expect((await visits(port)).map((seen) => seen.strict)).toEqual(all.map((seen) => seen.strict));

    await breakPages(2, 'https://one.test');
    await comesAbout('the policy is gone', async () => {
      const some = await Promise.all(
        Array.from({ length: 40 }, (_, n) => visit(port, { 'user-agent': `Browser ${n}` })),
      );
      return some.every((seen) => !seen.strict && seen.version === '1');
    });
    const { code, output } = await emitter.end('SIGTERM');
    expect([code, output]).toEqual([0, expect.stringContaining('turns')]);
  }, 180_000);

  it('holds in Traefik, and its end comes by itself', async () => {
    // As a person does after the roll-back: once more, with the number that it has.
    await act(second, 'candidate');
    await act(second, 'enforce', { ...WAIVED, percent: PERCENT });
    const port = await freePort();
    const dynamic = join(folder, 'infra', 'traefik', 'dynamic');
    mkdirSync(dynamic, { recursive: true });
    writeFileSync(join(dynamic, 'own.yml'), traefikConf(backendPort));
    const emitter = emitting('--target', 'traefik', '--service', 'erp', '--out', folder);
    await emitter.until(/changed .*security\.yml/);
    const traefik = run(await installTraefik(), [
      ...[`--entryPoints.web.address=127.0.0.1:${port}`, `--providers.file.directory=${dynamic}`],
      ...['--global.sendAnonymousUsage=false', '--global.checkNewVersion=false'],
    ]);
    programs.push(traefik);
    await comesAbout('the proxy serves', async () => (await visit(port, {})).version !== '');

    const all = await visits(port);
    expectShare(all);
    const cookieOf = (strict: boolean): string =>
      all.find((seen) => seen.strict === strict)?.cookie?.split(';')[0] ?? '';
    expect(cookieOf(true)).toMatch(/^ofitec_csp_2_20=/);
    for (const strict of [true, false]) {
      for (let n = 0; n < 20; n += 1) {
        const seen = await visit(port, { cookie: cookieOf(strict) });
        expect([seen.strict, strict]).toEqual([strict, strict]);
      }
    }
    expect(all.find((seen) => seen.strict)?.cookie).toMatch(/HttpOnly; Secure; SameSite=Lax/);

    await breakPages(2, 'https://other.test');
    // Whoever was on the strict side has the cookie still, and gets what everybody gets.
    await comesAbout('the policy is gone', async () => {
      const some = await Promise.all(
        Array.from({ length: 20 }, () => visit(port, { cookie: cookieOf(true) })),
      );
      return some.every((seen) => !seen.strict && seen.version === '1');
    });
    expect(readFileSync(join(dynamic, 'security_split.yml'), 'utf8')).toMatch(/weight: 100/);
  }, 180_000);
});

function nginxConf(folder: string, port: number, backendPort: number): string {
  const nginx = join(folder, 'out', 'infra', 'nginx');
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${join(folder, kind)};`,
  );
  return [
    ...[`pid ${join(folder, 'nginx.pid')};`, 'events {}', 'http {', '  access_log off;', ...temp],
    `  include ${join(nginx, 'security_split.conf')};`,
    ...['  server {', `    listen 127.0.0.1:${port};`, '    location / {'],
    `      include ${join(nginx, 'security.conf')};`,
    ...[`      proxy_pass http://127.0.0.1:${backendPort};`, '    }', '  }', '}'],
  ].join('\n');
}

function traefikConf(backendPort: number): string {
  return [
    'http:',
    '  routers:',
    '    app: {rule: "PathPrefix(`/`)", service: csp-split}',
    '  services:',
    `    erp: {loadBalancer: {servers: [{url: "http://127.0.0.1:${backendPort}"}]}}`,
  ].join('\n');
}
