import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dropDatabase, freePort, installTraefik, makeDatabase, run, runCli, until } from '#test';
import type { Program } from '#test';

const TRAEFIK_FILES = ['security_report_only.yml', 'security.yml'];
const NGINX_FILES = ['security_report_only.conf', 'security.conf', 'security_split.conf'];
const ENDPOINT = 'csp-endpoint="/csp/report?v=1&d=enforce"';

/** What `ofitec csp emit` writes, read by the servers that it is for, their headers read back. */
describe('emitted files', () => {
  let folder: string;
  let name: string;
  let env: Record<string, string>;
  let backend: Server;
  let backendPort: number;
  const programs: Program[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-csp-'));
    name = `csp_${randomBytes(6).toString('hex')}`;
    const urls = await makeDatabase(name, 'demo');
    env = { DATABASE_URL: urls.application, DATABASE_OWNER_URL: urls.owner };
    backend = createServer((_, response) => response.end('hello'));
    backendPort = await new Promise((resolve) =>
      backend.listen(0, '127.0.0.1', () => resolve((backend.address() as { port: number }).port)),
    );
  }, 120_000);

  afterAll(async () => {
    // Not SIGKILL: nginx's workers would outlive their master, hold our pipes and keep this process.
    for (const program of programs) await program.end('SIGTERM');
    await new Promise((resolve) => backend.close(resolve));
    await dropDatabase(name);
    rmSync(folder, { recursive: true, force: true });
  });

  async function emit(...args: string[]): Promise<Record<string, unknown>> {
    const { code, output } = await runCli(['csp', 'emit', '--json', ...args], env);
    expect([code, output]).toEqual([0, output]);
    return JSON.parse(output.slice(output.indexOf('{'))) as Record<string, unknown>;
  }

  /** The headers of an address, as soon as it answers 200. */
  async function headersOf(url: string): Promise<Headers> {
    let headers = new Headers();
    const looks = async (): Promise<boolean> => {
      const answer = await fetch(url, { headers: { connection: 'close' } });
      await answer.arrayBuffer();
      headers = answer.headers;
      return answer.status === 200;
    };
    await until(`${url} answers 200`, looks, 60_000);
    return headers;
  }

  it('are those that the repository holds', async () => {
    await emit('--target', 'traefik', '--out', folder);
    await emit('--target', 'nginx', '--out', folder);
    for (const path of [
      ...TRAEFIK_FILES.map((file) => `infra/traefik/dynamic/${file}`),
      ...NGINX_FILES.map((file) => `infra/nginx/${file}`),
    ]) {
      expect([path, readFileSync(join(folder, path), 'utf8')]).toEqual([
        path,
        readFileSync(path, 'utf8'),
      ]);
    }
  });

  it('are taken by Traefik, which reads no folder with a key that it does not know', async () => {
    const port = await freePort();
    const dynamic = join(folder, 'infra', 'traefik', 'dynamic');
    mkdirSync(dynamic, { recursive: true });
    writeFileSync(join(dynamic, 'routers.yml'), routers(backendPort));
    const traefik = run(await installTraefik(), [
      ...[`--entryPoints.web.address=127.0.0.1:${port}`, `--providers.file.directory=${dynamic}`],
      ...[
        '--global.sendAnonymousUsage=false',
        '--global.checkNewVersion=false',
        '--log.level=INFO',
      ],
    ]);
    programs.push(traefik);
    const watched = await headersOf(`http://127.0.0.1:${port}/watched`);
    expect(watched.get('content-security-policy-report-only')).toContain("default-src 'none';");
    expect(watched.get('content-security-policy-report-only')).toContain('report-to csp-endpoint');
    expect(watched.get('reporting-endpoints')).toBe('csp-endpoint="/csp/report?v=1&d=report"');
    expect(watched.get('content-security-policy')).toBeNull();
    const strict = await headersOf(`http://127.0.0.1:${port}/strict`);
    expect(strict.get('content-security-policy')).toContain('report-uri /csp/report?v=1&d=enforce');
    expect(strict.get('reporting-endpoints')).toBe(ENDPOINT);
    expect(strict.get('x-content-type-options')).toBe('nosniff');
    expect(strict.get('content-security-policy-report-only')).toBeNull();
    // A change of a file is taken without a restart: this is how a policy is rolled back.
    const turn = async (from: string, to: string): Promise<void> => {
      const file = join(dynamic, 'security.yml');
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll(from, to));
    };
    const endpointNow = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${port}/strict`)).headers.get('reporting-endpoints') ?? '';
    await turn('v=1', 'v=2');
    await until('v=2 is served', async () => (await endpointNow()).includes('v=2'), 60_000);
    // A key that Traefik does not know stops it from reading the whole folder, with one line in its log.
    const unknown = [
      'http:',
      '  middlewares:',
      '    wrong:',
      '      headers:',
      '        contentSecurityPolicyReportOnly: "default-src \'self\'; report-to csp-endpoint"',
      '        reportTo: csp-endpoint',
    ];
    writeFileSync(join(dynamic, 'wrong.yml'), unknown.join('\n'));
    await traefik.until(/field not found, node: reportTo/);
    await turn('v=2', 'v=3');
    await sleep(3_000);
    expect(await endpointNow()).toContain('v=2');
    const linted = await runCli(['csp', 'lint', '--file', join(dynamic, 'wrong.yml')], env);
    expect(linted.code).toBe(1);
    expect(linted.output).toContain('knows no “reportTo”');
    expect(linted.output).toContain('report-to-without-endpoint');
    const good = await runCli(['csp', 'lint', '--file', join(dynamic, 'security.yml')], env);
    expect([good.code, good.output.trim()]).toEqual([0, 'nothing is wrong']);
    rmSync(join(dynamic, 'wrong.yml'));
    await until('v=3 is served', async () => (await endpointNow()).includes('v=3'), 60_000);
  }, 240_000);

  it('are taken by nginx, and go with every answer', async () => {
    const port = await freePort();
    const conf = join(folder, 'nginx.conf');
    cpSync('infra/nginx', join(folder, 'nginx'), { recursive: true });
    writeFileSync(conf, nginxConf(folder, port, backendPort));
    const test = await run('nginx', ['-t', '-c', conf, '-e', join(folder, 'error.log')]).end();
    expect([test.code, test.output]).toEqual([0, test.output]);
    const args = ['-c', conf, '-e', join(folder, 'error.log'), '-g', 'daemon off;'];
    programs.push(run('nginx', args));
    const watched = await headersOf(`http://127.0.0.1:${port}/watched`);
    expect(watched.get('content-security-policy-report-only')).toContain('report-to csp-endpoint');
    expect(watched.get('reporting-endpoints')).toBe('csp-endpoint="/csp/report?v=1&d=report"');
    const strict = await headersOf(`http://127.0.0.1:${port}/strict`);
    expect(strict.get('content-security-policy')).toContain("default-src 'none';");
    expect(strict.get('reporting-endpoints')).toBe(ENDPOINT);
    const missing = await fetch(`http://127.0.0.1:${port}/strict/missing`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get('content-security-policy')).toContain("default-src 'none';");
  }, 120_000);

  it('are options of helmet, or headers', async () => {
    const { default: helmet } = await import('helmet');
    await emit('--target', 'helmet', '--out', folder);
    const text = readFileSync(join(folder, 'infra', 'helmet', 'security.json'), 'utf8');
    const options = JSON.parse(text) as { helmet: object; headers: Record<string, string> };
    const sent: Record<string, string> = {};
    helmet(options.helmet)(
      {} as never,
      {
        setHeader: (header: string, value: string) => void (sent[header] = value),
        removeHeader: () => undefined,
      } as never,
      () => undefined,
    );
    const { text: headers } = (await emit('--target', 'header')) as { text: string };
    const policy = /^Content-Security-Policy: (.*)$/m.exec(headers)?.[1] ?? '';
    expect(sent['Content-Security-Policy']?.split(';')).toEqual(policy.split('; '));
    expect(options.headers['Reporting-Endpoints']).toBe(ENDPOINT);
    expect(headers).toContain(`Reporting-Endpoints: ${ENDPOINT}`);
  });

  it('say so when there is nothing to write, and on plain http leave out what does not work', async () => {
    const unknown = await runCli(['csp', 'emit', '--target', 'header', '--app', 'nadie'], env);
    expect([unknown.code, unknown.output]).toEqual([1, expect.stringContaining('no app nadie')]);
    const target = await runCli(['csp', 'emit', '--target', 'iis'], env);
    expect([target.code, target.output]).toEqual([1, expect.stringContaining('traefik, nginx')]);
    const plain = await emit('--target', 'header', '--plain-http', 'yes');
    expect(plain['text']).toContain('report-uri /csp/report');
    expect(plain['text']).not.toMatch(/report-to|Reporting-Endpoints/);
    const base = ['--base', 'http://erp.example'];
    const refused = await runCli(['csp', 'emit', '--target', 'header', ...base], env);
    expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('plain http')]);
  });
});

function routers(backendPort: number): string {
  const router = (path: string, middleware: string): string =>
    `    ${path}: {rule: "Path(\`/${path}\`)", service: backend, middlewares: ["${middleware}"]}`;
  return [
    'http:',
    '  routers:',
    router('watched', 'csp-report-only'),
    router('strict', 'strict-security'),
    '  services:',
    `    backend: {loadBalancer: {servers: [{url: "http://127.0.0.1:${backendPort}"}]}}`,
  ].join('\n');
}

function nginxConf(folder: string, port: number, backendPort: number): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${join(folder, kind)};`,
  );
  return [
    `pid ${join(folder, 'nginx.pid')};`,
    'events {}',
    'http {',
    `  access_log off;`,
    ...temp,
    '  server {',
    `    listen 127.0.0.1:${port};`,
    '    location /watched {',
    `      include ${join(folder, 'nginx', 'security_report_only.conf')};`,
    `      proxy_pass http://127.0.0.1:${backendPort};`,
    '    }',
    '    location = /strict/missing {',
    `      include ${join(folder, 'nginx', 'security.conf')};`,
    '      return 404;',
    '    }',
    '    location /strict {',
    `      include ${join(folder, 'nginx', 'security.conf')};`,
    `      proxy_pass http://127.0.0.1:${backendPort};`,
    '    }',
    '  }',
    '}',
  ].join('\n');
}
