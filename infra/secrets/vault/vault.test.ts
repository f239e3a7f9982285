import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Vault } from './vault.js';
import type { VaultFault } from './vault-fault.js';
import { sayings, withoutTexts } from './verdict.js';

interface Heard {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
type Play = (answer: ServerResponse, n: number, path: string) => void;

/** Nobody listens there, ever. */
const DEAD = 'http://127.0.0.1:1';
const GOOD: Play = (answer) => answer.end(JSON.stringify({ data: { here: 'yes' } }));
const says =
  (status: number, errors: readonly string[], headers: Record<string, string> = {}): Play =>
  (answer) =>
    answer.writeHead(status, headers).end(JSON.stringify({ errors }));
const silent =
  (status: number): Play =>
  (answer) =>
    answer.writeHead(status).end();
const NO_LEADER = says(503, ['node not active but active cluster node not found']);
const SEALED: Play = (answer, _, path) =>
  path === '/v1/sys/health' ? answer.writeHead(503).end('{}') : SAYS_SEALED(answer, _, path);
const SAYS_SEALED = says(503, ['Vault is sealed']);

/** What the client makes of answers that a real server gives on bad days only; the real one is in test/ops. */
describe('the client of several servers of Vault', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function play(how: Play): Promise<{ url: string; heard: Heard[] }> {
    const heard: Heard[] = [];
    const server = createServer((request, answer) => {
      void text(request).then((body) => {
        const { method = '', url: path = '', headers } = request;
        heard.push({ method, path, headers, body });
        how(answer, heard.length, path);
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
  }

  /** Long enough for a busy machine; `patienceMs` is what is asked again within. */
  const clientOf = (urls: readonly string[], patienceMs = 0): Vault =>
    new Vault({ urls, timeoutMs: 20_000, patienceMs }).withToken('hvs.the-token');
  const troubleOf = (work: Promise<unknown>): Promise<VaultFault> =>
    work.then(
      () => Promise.reject(new Error('It was fulfilled.')),
      (error: unknown) => error as VaultFault,
    );
  const POST = { body: { value: 'the-value' } };

  it.each<[string, Play, string]>([
    ['429 without a word', silent(429), 'standby'],
    ['472', silent(472), 'standby'],
    ['473', silent(473), 'standby'],
    ['412', says(412, ['required index state not present']), 'standby'],
    ['503 of one without a leader', NO_LEADER, 'standby'],
    [
      '500 of one that has just lost its leader',
      says(500, ['local node not active but active cluster node not found']),
      'standby',
    ],
    ['503 of a sealed one', SEALED, 'sealed'],
    ['503 without a word', silent(503), 'broken'],
  ])('%s: another server is asked, also to write; alone it is said', async (_, how, trouble) => {
    const [bad, good] = [await play(how), await play(GOOD)];
    for (const request of [{}, POST]) {
      const { data } = await clientOf([bad.url, good.url]).call('kv/data/x', request);
      expect(data).toEqual({ here: 'yes' });
      expect(await troubleOf(clientOf([bad.url]).call('kv/data/x', request))).toMatchObject({
        ...{ trouble, outcomeUnknown: false },
      });
    }
    expect(good.heard.map(({ method, body }) => [method, body])).toEqual([
      ['GET', ''],
      ['POST', '{"value":"the-value"}'],
    ]);
  });

  it('one that is not initialised is told from a sealed one', async () => {
    const how: Play = (answer, n, path) =>
      path === '/v1/sys/health' ? answer.writeHead(501).end('{}') : SAYS_SEALED(answer, n, path);
    const { url } = await play(how);
    expect(await troubleOf(clientOf([url]).call('x'))).toMatchObject({
      trouble: 'uninitialised',
    });
  });

  it('a limit has words, is the same everywhere, and is waited for as long as Vault says', async () => {
    const [limits, other] = [
      await play((answer, n, path) => {
        const limit = says(429, ['rate limit quota exceeded'], { 'retry-after': '1' });
        (n === 1 ? limit : GOOD)(answer, n, path);
      }),
      await play(GOOD),
    ];
    const began = performance.now();
    await clientOf([limits.url, other.url], 30_000).call('x', POST);
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
    expect([limits.heard.length, other.heard.length]).toEqual([2, 0]);
    const always = await play(says(429, ['rate limit quota exceeded'], { 'retry-after': '60' }));
    expect(await troubleOf(clientOf([always.url], 5_000).call('x'))).toMatchObject({
      trouble: 'limited',
    });
    expect(always.heard).toHaveLength(1);
  });

  it.each<[string, Play]>([
    ['500', says(500, ['internal error'])],
    ['a cut wire', (answer) => answer.destroy()],
    ['no JSON', (answer) => answer.end('<html>')],
  ])('%s: what may have been done is not done again, what only reads is', async (_, how) => {
    const [bad, good] = [await play(how), await play(GOOD)];
    const refused = await troubleOf(clientOf([bad.url, good.url], 5_000).call('x', POST));
    expect(refused).toMatchObject({ outcomeUnknown: true });
    expect([bad.heard.length, good.heard.length]).toEqual([1, 0]);
    await clientOf([bad.url, good.url]).call('x');
    await clientOf([bad.url, good.url]).call('x', { ...POST, repeatable: true });
    expect(good.heard).toHaveLength(2);
  });

  it('a standby that lags is asked again until it has caught up, and told how far we know it', async () => {
    const behind = says(412, ['required index state not present']);
    const standby = await play((answer, n, path) => {
      answer.setHeader('x-vault-index', `index-${n}`);
      (n === 2 || n === 3 ? behind : GOOD)(answer, n, path);
    });
    const vault = clientOf([standby.url], 30_000);
    await vault.call('auth/approle/login', POST);
    await vault.withToken('hvs.other').call('kv/data/x');
    const told = standby.heard.map(({ headers }) => headers['x-vault-index']);
    expect(told).toEqual([undefined, 'index-1', 'index-2', 'index-3']);
    const [, read] = standby.heard;
    expect(read?.headers['x-vault-inconsistent']).toBe('forward-active-node');
  });

  it('follows a standby to a named address, whole, and asks first who answered last', async () => {
    const leader = await play(GOOD);
    const standby = await play((answer, _, path) =>
      answer.writeHead(307, { location: `${leader.url}${path}` }).end(),
    );
    const vault = clientOf([DEAD, standby.url, leader.url]);
    await vault.call('kv/data/x', POST);
    expect(leader.heard).toMatchObject([
      {
        ...{ method: 'POST', path: '/v1/kv/data/x', body: '{"value":"the-value"}' },
        headers: { 'x-vault-token': 'hvs.the-token' },
      },
    ]);
    await vault.call('kv/data/x');
    expect([standby.heard.length, leader.heard.length]).toEqual([2, 2]);
    // Whoever did it is asked first, so that a bad one is met once and not each time.
    const bad = await play(NO_LEADER);
    const two = clientOf([bad.url, leader.url]);
    for (const _ of [1, 2, 3]) await two.call('kv/data/x');
    expect([bad.heard.length, leader.heard.length]).toEqual([1, 5]);
  });

  it('a stranger hears nothing, whatever the redirect', async () => {
    const stranger = await play(GOOD);
    for (const status of [301, 302, 303, 307, 308]) {
      const standby = await play((answer, _, path) =>
        answer.writeHead(status, { location: `${stranger.url}${path}` }).end(),
      );
      const fault = await troubleOf(clientOf([standby.url]).call('x', POST));
      expect(fault).toMatchObject({ trouble: 'redirected' });
      expect(fault.message).toContain(new URL(stranger.url).host);
    }
    expect(stranger.heard).toEqual([]);
  });

  it('only what keeps method and body is followed, and no circle', async () => {
    const leader = await play(GOOD);
    for (const [status, path] of [
      [301, '/v1/x'],
      [302, '/v1/x'],
      [303, '/v1/x'],
      [307, '/v1/sent'],
      [308, '/v1/sent'],
    ] as const) {
      const standby = await play((answer) =>
        answer.writeHead(status, { location: `${leader.url}/v1/sent` }).end(),
      );
      // Where it is not followed, the leader is asked by itself, since it is named.
      await clientOf([standby.url, leader.url]).call('x', POST);
      expect([status, leader.heard.map((each) => each.path)]).toEqual([status, [path]]);
      leader.heard.splice(0);
    }
    const circle = await play((answer, _, path) => answer.writeHead(307, { location: path }).end());
    expect(await troubleOf(clientOf([circle.url]).call('x'))).toMatchObject({
      ...{ trouble: 'redirected', message: expect.stringContaining('in a circle') },
    });
    expect(circle.heard).toHaveLength(2);
  });

  it('one that sends us to a dead leader is passed over, or names the leader', async () => {
    const standby = await play((answer, _, path) =>
      answer.writeHead(307, { location: `${DEAD}${path}` }).end(),
    );
    const next = await play(GOOD);
    await clientOf([standby.url, DEAD, next.url]).call('x', POST);
    expect(next.heard).toHaveLength(1);
    const alone = await troubleOf(clientOf([standby.url, DEAD]).call('x', POST));
    expect(alone).toMatchObject({ trouble: 'unreachable', outcomeUnknown: false });
    expect(alone.message).toContain('127.0.0.1:1');
    // A leader that took the request and died may have done it.
    const dying = await play((answer) => answer.destroy());
    const sends = await play((answer, _, path) =>
      answer.writeHead(307, { location: `${dying.url}${path}` }).end(),
    );
    const died = await troubleOf(clientOf([sends.url, dying.url, next.url], 5_000).call('x', POST));
    expect(died).toMatchObject({ trouble: 'silent', outcomeUnknown: true });
    expect(died.message).toContain(new URL(dying.url).host);
    expect([dying.heard.length, next.heard.length]).toEqual([1, 1]);
  });

  it('what is told of an error never repeats what was sent', async () => {
    const pem = '-----BEGIN KEY-----\nfirst-line\n  second-line\n-----END KEY-----\n';
    const sent = { short: 'abcd', long: 'abcdefgh', pem, quoted: 'say "hello"' };
    const echo = await play((answer) => {
      const errors = [`hvs.the-token ${JSON.stringify(sent)}`, pem, 'first-line', 'kept'];
      answer.writeHead(400).end(JSON.stringify({ errors }));
    });
    const { message } = await troubleOf(clientOf([echo.url]).call('x', { body: sent }));
    for (const secret of ['the-token', 'abcd', 'efgh', 'first-line', 'second-line', 'hello']) {
      expect(message).not.toContain(secret);
    }
    expect(message).toContain('kept');
    expect(sayings({ errors: ['plain'] }, undefined, null)).toBe('plain');
    // Lines too short to be hidden each.
    expect(withoutTexts('it says ab cd', ['ab\ncd'])).toBe('it says …');
    expect(withoutTexts('a file says pass\\nword', ['pass\nword'])).toBe('a file says …');
  });
});
