import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const HEALTH = join(process.cwd(), 'infra/failover/health.sh');

/** The check of keepalived against a real server; test/ops plays more ways of failing. */
describe('health.sh', () => {
  let folder: string;
  let url: string;
  let live: (nonce: string, response: ServerResponse) => void;
  let ready: (response: ServerResponse) => void;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    asked.push(pathname);
    if (pathname === '/health/live') live(searchParams.get('nonce') ?? '', response);
    else ready(response);
  });
  const say = (status: number, body: object) => (response: ServerResponse) =>
    void response.writeHead(status).end(JSON.stringify(body));

  beforeEach(async () => {
    asked.length = 0;
    folder = mkdtempSync(join(tmpdir(), 'ofitec-health-'));
    live = (nonce, response) => say(200, { status: 'ok', nonce })(response);
    ready = say(200, { details: { process: { status: 'up' } } });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  /** @returns how it ended, and after how long; null: it did not end by itself */
  async function check(
    change: Record<string, string> = {},
  ): Promise<{ code: unknown; ms: number }> {
    const began = performance.now();
    const env = { PATH: process.env['PATH'] ?? '', OFITEC_URL: url, ...change };
    const code = await new Promise((resolve) => {
      execFile('/bin/bash', [HEALTH], { env, timeout: 10_000 }, (error) =>
        resolve(error ? (error.code ?? null) : 0),
      );
    });
    return { code, ms: performance.now() - began };
  }

  it('ends with 0 when OFITEC serves, also where its database does not', async () => {
    expect((await check()).code).toBe(0);
    expect(asked).toEqual(['/health/live', '/health/ready']);
    const details = { database: { status: 'down' }, process: { status: 'up' } };
    ready = say(503, { details });
    expect((await check()).code).toBe(0);
  });

  it('ends with 1 when nobody listens, or whoever does hangs up', async () => {
    live = (_, response) => void response.destroy();
    expect((await check()).code).toBe(1);
    await new Promise((resolve) => server.close(resolve));
    expect((await check()).code).toBe(1);
  });

  it.each([
    ['an error', (nonce: string) => say(500, { nonce })],
    ['elsewhere', (nonce: string) => say(302, { nonce })],
    ['a nonce of before', () => say(200, { nonce: 'kept' })],
    ['without a nonce', () => say(200, { status: 'ok' })],
  ])('ends with 2 when the answer is %s', async (_, answer) => {
    live = (nonce, response) => answer(nonce)(response);
    expect((await check()).code).toBe(2);
  });

  it('ends with 3 when OFITEC is about to end', async () => {
    ready = say(503, { details: { process: { status: 'down' } } });
    expect((await check()).code).toBe(3);
  });

  it('ends with 4 where it cannot ask', async () => {
    expect((await check({ OFITEC_URL: 'nonsense://127.0.0.1' })).code).toBe(4);
    writeFileSync(join(folder, 'nothing'), '');
    expect((await check({ PATH: folder })).code).toBe(4);
  });

  it('asks with another nonce each time', async () => {
    const nonces = new Set<string>();
    live = (nonce, response) => {
      nonces.add(nonce);
      say(200, { nonce })(response);
    };
    for (let n = 0; n < 3; n += 1) await check();
    expect(nonces.size).toBe(3);
  });

  it('waits for silence and for dripping answers no longer than it may', async () => {
    live = () => undefined;
    const silent = await check();
    live = (_, response) => void response.writeHead(200).write('{');
    const dripping = await check();
    live = (nonce, response) => say(200, { nonce })(response);
    ready = () => undefined;
    const slow = await check();
    expect([silent.code, dripping.code, slow.code]).toEqual([1, 1, 0]);
    // keepalived ends it after 2 s and takes that for a failure.
    for (const { ms } of [silent, dripping, slow]) expect(ms).toBeLessThan(2_000);
  });
});
