import { writeFileSync } from 'node:fs';
import { request as requestPlain } from 'node:http';
import { connect as connectTwo } from 'node:http2';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CertificateWatchService, DEMO_PASSWORD, House, ReleaseLab, until } from '#test';
import type { Program } from '#test';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What the shipped nginx site and the shipped files of Traefik promise, over real TLS. */
describe.each(['nginx', 'Traefik'] as const)('%s in front', (name) => {
  let lab: ReleaseLab;
  let proxy: Program;

  beforeAll(async () => {
    lab = await ReleaseLab.open();
    const variables = name === 'nginx' ? lab.nginxVariables : lab.traefikVariables;
    const { code, output } = await lab.release(['apply', '--files-only'], variables);
    expect([code, output]).toEqual([0, output]);
    // Smaller figures, so that a slow machine reaches them, too.
    proxy = await (name === 'nginx'
      ? lab.startNginx((site) =>
          site
            .replace('rate=50r/s', 'rate=5r/s')
            .replace('burst=200', 'burst=40')
            .replace('client_body_timeout 10s', 'client_body_timeout 2s')
            // A name that is found without a name server, for who measures what is served.
            .replaceAll(`server_name ${lab.host}`, `server_name ${lab.host} localhost`),
        )
      : lab.startTraefik(
          (files) => files.replace('average: 50', 'average: 5').replace('burst: 200', 'burst: 40'),
          (fixed) => fixed.replace('readTimeout: 30s', 'readTimeout: 2s'),
        ));
    // Slower than what it lets through, so that nothing of that is used up before the tests.
    await until(
      `${name} serves`,
      async () => {
        await sleep(400);
        return proxy.hasEnded || (await ask('/health/live')).status === 200;
      },
      90_000,
    );
    expect([proxy.hasEnded, proxy.output]).toEqual([false, proxy.output]);
  }, 240_000);

  afterAll(async () => {
    await lab?.close();
  }, 60_000);

  function ask(
    path: string,
    options: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Answer> {
    const { method = 'GET', headers = {}, body } = options;
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          ...{ host: '127.0.0.1', port: lab.ports.https, path, method, agent: false },
          ...{ ca: lab.ca, servername: lab.host, headers: { host: lab.host, ...headers } },
        },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.once('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
          );
        },
      );
      asked.once('error', reject);
      asked.end(body);
    });
  }

  /** Without TLS; `fetch` would send its own host. */
  function askPlain(path: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = requestPlain(
        {
          ...{ host: '127.0.0.1', port: lab.ports.http, path, agent: false },
          headers: { host: lab.host },
        },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.once('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
          );
        },
      );
      asked.once('error', reject);
      asked.end();
    });
  }

  it('speaks HTTP/2 and sends HSTS', async () => {
    const session = connectTwo(`https://127.0.0.1:${lab.ports.https}`, {
      ...{ ca: lab.ca, servername: lab.host },
    });
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      session.once('error', reject);
      const stream = session.request({ ':path': '/health/live', ':authority': lab.host });
      stream.once('response', resolve);
      stream.resume();
    });
    session.close();
    expect([headers[':status'], session.alpnProtocol]).toEqual([200, 'h2']);
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(String(headers['content-security-policy'])).toContain("default-src 'none'");
  });

  it('sends http to https, and shows no certificate to who asks for another name', async () => {
    const plain = await askPlain('/api/v1/x?y=1');
    expect([301, 308]).toContain(plain.status);
    expect(plain.headers['location']).toMatch(
      /^https:\/\/erp\.example\.cl(:\d+)?\/api\/v1\/x\?y=1$/,
    );
    const refused = await new Promise<string>((resolve) => {
      const socket = connect({
        ...{ host: '127.0.0.1', port: lab.ports.https, servername: 'other.example.cl' },
        rejectUnauthorized: false,
      });
      socket.once('error', (error) => resolve(String(error)));
      socket.once('secureConnect', () => resolve('shown'));
    });
    expect(refused).toMatch(/alert|EPROTO|ECONNRESET/);
  });

  it('writes over what a client says of where it comes from', async () => {
    const forged = {
      ...{
        'x-forwarded-for': '203.0.113.9',
        forwarded: 'for=203.0.113.9',
        'x-real-ip': '203.0.113.9',
      },
      ...{ 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.example' },
    };
    const answer = await ask('/api/v1/auth/login', {
      ...{ method: 'POST', headers: { ...forged, 'content-type': 'application/json' } },
      body: JSON.stringify({ login: 'vendedora', password: DEMO_PASSWORD }),
    });
    expect([answer.status, answer.body]).toEqual([200, answer.body]);
    // Believed, http would have taken the flag away.
    expect(String(answer.headers['set-cookie'])).toContain('Secure');
    const rows = await lab.rows<{ ip: string }>(
      'SELECT DISTINCT ip FROM kernel_event WHERE ip IS NOT NULL',
    );
    expect(rows).toEqual([{ ip: '127.0.0.1' }]);
  });

  it.each(['/metrics', '/metrics?a=1', '//metrics', '/%6detrics', '/./metrics'])(
    'keeps %s inside',
    async (path) => {
      expect([path, (await ask(path)).status]).toEqual([path, expect.any(Number)]);
      expect((await ask(path)).body).not.toContain('ofitec_');
      expect([301, 307, 308, 400, 404]).toContain((await ask(path)).status);
    },
  );

  it('refuses a body that is too large, and cuts off who sends slowly', async () => {
    const headers = { 'content-type': 'application/json' };
    const large = await ask('/api/v1/auth/login', {
      ...{ method: 'POST', headers, body: 'x'.repeat(1_200_000) },
    }).catch((error: unknown) => String(error));
    expect(typeof large === 'string' ? large : large.status).toBe(413);
    const began = performance.now();
    await new Promise<void>((resolve) => {
      const socket = connect({
        ...{ host: '127.0.0.1', port: lab.ports.https, ca: lab.ca, servername: lab.host },
      });
      socket.on('error', () => resolve());
      socket.once('close', () => resolve());
      socket.resume();
      socket.write(
        `POST /api/v1/auth/login HTTP/1.1\r\nhost: ${lab.host}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
      );
    });
    expect(performance.now() - began).toBeLessThan(25_000);
  }, 60_000);

  it('answers 429 to who asks too much', async () => {
    const answers = await Promise.all(Array.from({ length: 150 }, () => ask('/health/live')));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(20);
    expect(statuses.every((status) => status === 200 || status === 429)).toBe(true);
  }, 60_000);

  if (name === 'nginx') {
    it('answers the challenge of the certificate’s authority on port 80', async () => {
      const folder = join(lab.folder, 'acme', '.well-known', 'acme-challenge');
      lab.makeFolder(folder);
      writeFileSync(join(folder, 'token'), 'answer');
      const answer = await askPlain('/.well-known/acme-challenge/token');
      expect([answer.status, answer.body]).toEqual([200, 'answer']);
    });
  }

  it('shows a certificate whose end is measured as it is served, and raises the alert before it', async () => {
    const served = `localhost:${lab.ports.https}`;
    const file = lab.makeCertificate('short', 5);
    const house = await House.open({ ALERT_CERTIFICATES: `${file},${served}` });
    const watch = house.app.get(CertificateWatchService, { strict: false });
    const days = async (): Promise<Record<string, number>> => {
      await watch.measure();
      const readings = await watch.secondsLeft();
      return Object.fromEntries(
        readings.map(({ labels, value }) => [labels?.['certificate'], Math.round(value / 86_400)]),
      );
    };
    const alerts = async (): Promise<Record<string, string>> => {
      const rows = await house.rows<{ key: string; state: string }>(
        'superuser',
        `SELECT key, state FROM operational_alerts_alert WHERE type = 'certificate.expiring'`,
      );
      return Object.fromEntries(rows.map(({ key, state }) => [key, state]));
    };
    expect(await days()).toEqual({ [file]: 5, [served]: 90 });
    expect(await alerts()).toEqual({ [file]: 'open' });
    // What was laid down and not loaded does not count.
    lab.makeCertificate('tls', 6);
    lab.makeCertificate('short', 90);
    expect(await days()).toEqual({ [file]: 90, [served]: 90 });
    expect(await alerts()).toEqual({ [file]: 'resolved' });
    lab.reloadCertificates(name);
    await until('the new certificate is served', async () => (await days())[served] === 6);
    expect(await alerts()).toEqual({ [file]: 'resolved', [served]: 'open' });
    lab.makeCertificate('tls', 90);
    lab.reloadCertificates(name);
    await until('the third certificate is served', async () => (await days())[served] === 90);
    expect(await alerts()).toEqual({ [file]: 'resolved', [served]: 'resolved' });
  }, 120_000);
});
