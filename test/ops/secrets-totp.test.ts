import { spawnSync } from 'node:child_process';
import { createServer, request } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { codeOf, installTraefik, run, SecretsLab, freePort, until } from '#test';
import type { Ended, Program } from '#test';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** The door before dashboards: a real OpenBao judges the codes, a real Traefik asks the door. */
describe('authenticator apps before dashboards', () => {
  let lab: SecretsLab;
  let dashboard: Server;
  const programs: Program[] = [];
  let port = 0;
  let doorAt = '';

  beforeAll(async () => {
    lab = await SecretsLab.open();
    dashboard = createServer((asked, answer) => {
      answer.end(`the dashboard, for ${String(asked.headers['x-door-user'])}`);
    });
    await new Promise<void>((resolve) => dashboard.listen(0, '127.0.0.1', resolve));
    const door = lab.start(['totp', 'serve', '--listen', '127.0.0.1:0'], {
      VAULT_ROLE_ID: lab.read('ofitec-door.role-id'),
      VAULT_SECRET_ID_FILE: lab.file('ofitec-door.secret-id'),
      // Vault is away for a while, once.
      VAULT_CLIENT_TIMEOUT: '10',
    });
    programs.push(door);
    doorAt = (await door.until(/Listening on (\S+):/))[1] ?? '';
    port = await startTraefik(`http://${doorAt}`);
  }, 300_000);

  afterAll(async () => {
    for (const program of programs) await program.end('SIGTERM');
    dashboard?.close();
    await lab?.close();
  });

  async function startTraefik(door: string): Promise<number> {
    const folder = lab.file('traefik');
    mkdirSync(folder);
    const chosen = await freePort();
    const target = `http://127.0.0.1:${(dashboard.address() as AddressInfo).port}`;
    const dynamic = {
      http: {
        middlewares: {
          door: {
            forwardAuth: { address: `${door}/door/check`, authResponseHeaders: ['X-Door-User'] },
          },
        },
        routers: {
          door: { rule: 'PathPrefix(`/door`)', service: 'door', priority: 100 },
          grafana: { rule: 'PathPrefix(`/`)', service: 'dashboard', middlewares: ['door'] },
          traefik: {
            rule: 'PathPrefix(`/dashboard`) || PathPrefix(`/api`)',
            ...{ service: 'api@internal', middlewares: ['door'], priority: 50 },
          },
        },
        services: {
          door: { loadBalancer: { servers: [{ url: door }] } },
          dashboard: { loadBalancer: { servers: [{ url: target }] } },
        },
      },
    };
    writeFileSync(join(folder, 'door.yml'), JSON.stringify(dynamic));
    const traefik = run(await installTraefik(), [
      `--entrypoints.web.address=127.0.0.1:${chosen}`,
      ...[`--providers.file.directory=${folder}`, '--api=true', '--api.dashboard=true'],
      ...['--global.checknewversion=false', '--global.sendanonymoususage=false'],
    ]);
    programs.push(traefik);
    await answers(traefik, '/', chosen, 401);
    return chosen;
  }

  /** Waits until a proxy that was started answers as it will. */
  async function answers(proxy: Program, path: string, at: number, status: number): Promise<void> {
    await until(`the proxy says ${status}`, async () => {
      if (proxy.hasEnded) return true;
      return (await ask('GET', path, {}, undefined, at)).status === status;
    }).catch(() => undefined);
    const last = await ask('GET', path, {}, undefined, at).catch(() => null);
    if (last?.status !== status) throw new Error(`It did not start:\n${proxy.output}`);
  }

  async function ask(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string,
    at = port,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: at, method, path, headers, agent: false };
      const asked = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
      asked.once('error', reject);
      asked.end(body);
    });
  }

  const give = (name: string, code: string): Promise<Answer> => {
    const form = new URLSearchParams({ name, code }).toString();
    return ask('POST', '/door', { 'content-type': 'application/x-www-form-urlencoded' }, form);
  };

  async function enrol(name: string): Promise<string> {
    const file = lab.file(`${name}.url`);
    expect(await lab.as('totp', 'totp', 'add', '--name', name, '--out', file).end()).toMatchObject({
      code: 0,
    });
    expect(spawnSync('stat', ['-c', '%a', file]).stdout.toString().trim()).toBe('600');
    return new URL(lab.read(`${name}.url`).trim()).searchParams.get('secret') ?? '';
  }

  it('lets nobody in without a code: programs get 401, people the page', async () => {
    expect((await ask('GET', '/')).status).toBe(401);
    const person = await ask('GET', '/d/home', { accept: 'text/html' });
    expect([person.status, person.body]).toEqual([401, expect.stringContaining('one-time-code')]);
    const page = await ask('GET', '/door');
    expect(page.body).toContain('one-time-code');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    for (const path of ['/dashboard/', '/api/rawdata', '/api/overview']) {
      expect([path, (await ask('GET', path)).status]).toEqual([path, 401]);
    }
    // A header that a client sends along proves nothing.
    expect((await ask('GET', '/', { 'x-door-user': 'ana' })).status).toBe(401);
    const forged = `__Host-ofitec-door=ana.${Date.now() + 1e9}.${'A'.repeat(43)}`;
    expect((await ask('GET', '/', { cookie: forged })).status).toBe(401);
  });

  it('takes a code once, and is asked for it no more', async () => {
    const secret = await enrol('ana');
    const code = codeOf(secret, new Date());
    const entered = await give('ana', code);
    expect([entered.status, entered.headers['location']]).toEqual([303, '/']);
    const [cookie = ''] = entered.headers['set-cookie'] as string[];
    expect(cookie).toMatch(/; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
    const inside = await ask('GET', '/', { cookie: cookie.split(';')[0] ?? '' });
    expect([inside.status, inside.body]).toEqual([200, 'the dashboard, for ana']);
    // Nor does it make somebody else of who is inside: Grafana's auth.proxy would believe it.
    const known = { cookie: cookie.split(';')[0] ?? '' };
    const posing = await ask('GET', '/', { ...known, 'x-door-user': 'admin' });
    expect(posing.body).toBe('the dashboard, for ana');
    // Traefik's own dashboard, and what it shows.
    const own = await ask('GET', '/dashboard/', known);
    expect([own.status, own.body]).toEqual([200, expect.stringMatching(/<title>.*Traefik/i)]);
    const shown = await ask('GET', '/api/http/routers/traefik@file', known);
    expect(JSON.parse(shown.body)).toMatchObject({ service: 'api@internal', status: 'enabled' });
    expect((await give('ana', code)).status).toBe(403);
    const other = (cookie.split(';')[0] ?? '').replace('ana.', 'eva.');
    expect((await ask('GET', '/', { cookie: other })).status).toBe(401);
  });

  it('gives another key to who lost the phone; the old one is good for nothing', async () => {
    const old = await enrol('eva');
    const secret = await enrol('eva');
    expect((await give('eva', codeOf(old, new Date()))).status).toBe(403);
    expect((await give('eva', codeOf(secret, new Date()))).status).toBe(303);
    expect(JSON.parse((await lab.asRoot('totp', 'list', '--json')).output)).toEqual(['ana', 'eva']);
    expect(await lab.asRoot('totp', 'remove', '--name', 'eva')).toMatchObject({ code: 0 });
    expect((await give('eva', codeOf(secret, new Date()))).status).toBe(403);
  });

  it('takes a code once, whoever gives it at the same moment', async () => {
    const secret = await enrol('eco');
    const code = codeOf(secret, new Date());
    const answers = await Promise.all(Array.from({ length: 12 }, () => give('eco', code)));
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    // Refused as used up, or as one guess too many.
    for (const { status } of answers) expect([303, 403, 429]).toContain(status);
  });

  it('takes a recovery code once, also at the same moment, and keeps hashes only', async () => {
    await enrol('ida');
    const codes = lab.read('ida.url.codes').trim().split('\n');
    expect([codes.length, new Set(codes).size]).toEqual([8, 8]);
    const kept = JSON.stringify(await lab.get('kv/data/ofitec-totp/ida'));
    for (const code of codes) expect(kept).not.toContain(code);
    const [first = '', second = '', third = ''] = codes;
    expect((await give('eva', first)).status).toBe(403);
    const answers = await Promise.all([1, 2, 3, 4].map(() => give('ida', first)));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 403, 403, 403]);
    // Two different ones at once are both good.
    const both = await Promise.all([give('ida', second), give('ida', third)]);
    expect(both.map(({ status }) => status)).toEqual([303, 303]);
    expect((await lab.get('kv/data/ofitec-totp/ida'))['hashes']).toHaveLength(5);
  });

  it('gives another app for a recovery code; the old one and all earlier codes are over', async () => {
    const old = await enrol('uma');
    const [code = '', other = ''] = lab.read('uma.url.codes').trim().split('\n');
    const recover = (text: string): Promise<Ended> => {
      writeFileSync(lab.file('code'), `${text}\n`, { mode: 0o600 });
      const out = ['--out', lab.file('uma-new.url'), '--code-file', lab.file('code')];
      return lab.as('totp', 'totp', 'recover', '--name', 'uma', ...out).end();
    };
    expect(await recover('00000-00000-00000-00000')).toMatchObject({
      code: 1,
      output: expect.stringContaining('wrong, or was used before'),
    });
    expect(existsSync(lab.file('uma-new.url'))).toBe(false);
    const results = await Promise.all([recover(code), recover(code)]);
    expect(results.map(({ code: ended }) => ended).sort()).toEqual([0, 1]);
    for (const { output } of results) expect(output).not.toContain(code);
    expect((await give('uma', codeOf(old, new Date()))).status).toBe(403);
    expect((await give('uma', other)).status).toBe(403);
    const secret = new URL(lab.read('uma-new.url').trim()).searchParams.get('secret') ?? '';
    expect((await give('uma', codeOf(secret, new Date()))).status).toBe(303);
  });

  it('stands before a page of nginx as well: infra/nginx/door.conf', async () => {
    const at = await startNginx();
    expect((await ask('GET', '/', {}, undefined, at)).status).toBe(401);
    const person = await ask('GET', '/d/home', { accept: 'text/html' }, undefined, at);
    expect([person.status, person.body]).toEqual([401, expect.stringContaining('one-time-code')]);
    const forged = await ask('GET', '/', { 'x-door-user': 'ana' }, undefined, at);
    expect(forged.status).toBe(401);
    expect((await ask('GET', '/door/check', {}, undefined, at)).status).toBe(404);
    const secret = await enrol('noe');
    const form = new URLSearchParams({ name: 'noe', code: codeOf(secret, new Date()) }).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const entered = await ask('POST', '/door', type, form, at);
    expect([entered.status, entered.headers['location']]).toEqual([303, '/']);
    const [cookie = ''] = entered.headers['set-cookie'] as string[];
    const own = { cookie: cookie.split(';')[0] ?? '', 'x-door-user': 'ana' };
    const inside = await ask('GET', '/', own, undefined, at);
    expect([inside.status, inside.body]).toEqual([200, 'the dashboard, for noe']);
    // A request with a body reaches what is protected, and the door does not wait for it.
    const written = await ask('POST', '/api/x', own, 'x'.repeat(5_000), at);
    expect([written.status, written.body]).toEqual([200, 'the dashboard, for noe']);
  });

  /** Debian's nginx with the shipped file. */
  async function startNginx(): Promise<number> {
    const free = await freePort();
    const folder = lab.file('nginx');
    mkdirSync(folder);
    const { port: upstream } = dashboard.address() as AddressInfo;
    const shipped = readFileSync('infra/nginx/door.conf', 'utf8')
      .replaceAll('127.0.0.1:9300', doorAt)
      .replaceAll('127.0.0.1:3001', `127.0.0.1:${upstream}`);
    writeFileSync(join(folder, 'door.conf'), shipped);
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${join(folder, name)};`,
    );
    const server = `server { listen 127.0.0.1:${free}; include ${join(folder, 'door.conf')}; }`;
    const config = `daemon off; user root; pid ${join(folder, 'pid')}; error_log stderr;
events {} http { access_log off; ${paths.join(' ')} ${server} }`;
    writeFileSync(join(folder, 'nginx.conf'), config);
    const nginx = run('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')]);
    programs.push(nginx);
    await answers(nginx, '/door', free, 200);
    return free;
  }

  it('slows guessing down, and lets nobody in while Vault is away', async () => {
    const secret = await enrol('leo');
    await lab.faulty.set('down');
    expect((await give('leo', codeOf(secret, new Date()))).status).toBe(503);
    await lab.faulty.set('none');
    for (let tries = 0; tries < 5; tries += 1) {
      expect((await give('leo', '000000')).status).toBe(403);
    }
    expect((await give('leo', codeOf(secret, new Date()))).status).toBe(429);
    expect((await give('nobody', '000000')).status).toBe(403);
    expect((await ask('POST', '/door', {}, 'x'.repeat(5_000))).status).toBe(503);
  });

  it('may only judge: the door can neither read nor make a key', async () => {
    const { body } = await lab.bao.call('POST', 'auth/approle/login', {
      role_id: lab.read('ofitec-door.role-id'),
      secret_id: lab.read('ofitec-door.secret-id'),
    });
    const { client_token: token } = body['auth'] as { client_token: string };
    for (const [method, path] of [
      ['GET', 'totp/keys/ana'],
      ['POST', 'totp/keys/ana'],
      ['GET', 'totp/code/ana'],
      ['GET', 'kv/data/ofitec/prod'],
      ['GET', 'kv/data/ofitec-rotation/db'],
    ] as const) {
      expect(
        (await lab.bao.call(method, path, method === 'POST' ? {} : undefined, token)).status,
      ).toBe(403);
    }
  });
});
