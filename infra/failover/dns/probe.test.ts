import dns from 'node:dns';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { look } from './probe.js';
import type { Evidence } from './rules.js';

const RECORD = 'app.example.test';
/** Nobody listens there. */
const NOBODY = 'http://127.0.0.1:1';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** What one look finds, of servers that are played; what an observer makes of it is `rules.test.ts`'s. */
describe('one look at a site', () => {
  const servers: Server[] = [];

  afterEach(async () => {
    jest.restoreAllMocks();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** @returns the address of a server that answers so */
  async function serve(answer: Answer): Promise<string> {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const says =
    (status: number, body: object | string = ''): Answer =>
    (_, response) =>
      void response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));

  const urlOf = (request: IncomingMessage): URL => new URL(request.url ?? '', NOBODY);
  const nonceOf = (request: IncomingMessage): string => urlOf(request).searchParams.get('nonce') ?? ''; // prettier-ignore
  const ready: Answer = (request, response) =>
    says(200, { status: 'up', nonce: nonceOf(request) })(request, response);
  const silent: Answer = () => undefined;

  interface Asked {
    readonly url?: string;
    readonly patroniUrls?: readonly string[];
    readonly prometheusUrl?: string | null;
    readonly timeoutMs?: number;
  }

  async function seen(asked: Asked): Promise<Evidence> {
    const { url = NOBODY, patroniUrls = [], prometheusUrl = null, timeoutMs = 5_000 } = asked;
    const site = { name: 'a', addresses: ['192.0.2.1'], readyUrl: `${url}/health/ready`, patroniUrls }; // prettier-ignore
    return look(site, { record: RECORD, prometheusUrl, timeoutMs });
  }

  it('is ready only where what comes back is the nonce that was sent, another one each time', async () => {
    const nonces: string[] = [];
    const url = await serve((request, response) => {
      nonces.push(nonceOf(request));
      ready(request, response);
    });
    expect(await seen({ url })).toEqual({ look: 'ready', gate: 'unasked', primary: 'unasked' });
    await seen({ url });
    expect(nonces).toEqual([expect.stringMatching(/^[\da-f]{24}$/), expect.not.stringMatching(nonces[0] ?? '')]); // prettier-ignore
  });

  it('asks for the name of the shop at an address, and leaves a name of the site’s own', async () => {
    const hosts: string[] = [];
    const url = await serve((request, response) => {
      hosts.push(request.headers.host ?? '');
      ready(request, response);
    });
    const { port } = new URL(url);
    await seen({ url });
    expect(await seen({ url: `http://localhost:${port}` })).toMatchObject({ look: 'ready' });
    expect(hosts).toEqual([`${RECORD}:${port}`, `localhost:${port}`]);
  });

  it.each<[string, Answer]>([
    ['another nonce', says(200, { nonce: 'kept' })],
    ['no nonce', says(200, {})],
    ['what is no JSON', says(200, '<html>')],
    ['503, with the nonce', (request, response) => says(503, { nonce: nonceOf(request) })(request, response)],
    ['204', says(204)],
    ['a redirect', (request, response) => void response.writeHead(302, { location: request.url }).end()],
    ['half an answer', (_, response) => (response.writeHead(200, { 'content-length': 90 }).write('{'), void setTimeout(() => response.destroy(), 20))],
    ['an answer without an end', (_, response) => (response.writeHead(200), void response.write('x'.repeat(1_100_000)))],
  ])('takes somebody who answers with %s for somebody who lives', async (_, answer) => {
    expect(await seen({ url: await serve(answer) })).toMatchObject({ look: 'answers' });
  }); // prettier-ignore

  it('calls that slow which takes the connection, and that dead which takes none', async () => {
    const url = await serve(silent);
    expect(await seen({ url, timeoutMs: 300 })).toMatchObject({ look: 'slow' });
    expect(await seen({})).toMatchObject({ look: 'dead' });
  });

  it.each([
    ['does not know', 'ENOTFOUND'],
    ['does not say', null],
  ])('knows nothing where its own resolver %s the name', async (_, code) => {
    type Told = (error: NodeJS.ErrnoException | null) => void;
    const ask = jest.spyOn(dns, 'lookup') as unknown as jest.Mock<(...words: unknown[]) => void>;
    ask.mockImplementation((...words) => {
      const told = words.at(-1) as Told;
      if (code) setImmediate(() => told(Object.assign(new Error(code), { code })));
    });
    expect(await seen({ url: 'http://localhost:1', timeoutMs: 300 })).toMatchObject({ look: 'unknown' }); // prettier-ignore
    expect(ask).toHaveBeenCalled();
  });

  describe('asks Patroni who holds the lock', () => {
    const lock = async (...answers: (Answer | null)[]): Promise<string> => {
      const patroniUrls = await Promise.all(answers.map(async (each) => (each ? serve(each) : NOBODY))); // prettier-ignore
      return (await seen({ patroniUrls, timeoutMs: 500 })).primary;
    };

    it('at the path that only the holder answers with 200', async () => {
      const paths: unknown[] = [];
      const member: Answer = (request, response) => {
        paths.push(request.url);
        says(200)(request, response);
      };
      expect([await lock(member), paths]).toEqual(['yes', ['/primary']]);
    });

    it.each<[string, string, (Answer | null)[]]>([
      ['yes', 'one of them does, whoever is silent', [null, says(503), says(200)]],
      ['no', 'none of them does', [says(503), says(503)]],
      ['unknown', 'who is gone could', [says(503), null]],
      ['unknown', 'who is silent could', [says(503), silent]],
      ['unknown', 'one does not know itself', [says(503), says(500)]],
    ])('%s: %s', async (said, _, answers) => {
      expect(await lock(...answers)).toBe(said);
    });
  });

  describe('asks Prometheus', () => {
    const one = (value: string): object => ({ metric: {}, value: [1, value] });
    const told = (result: unknown, status = 'success'): object => ({ status, data: { result } });
    const gate = async (answer: Answer): Promise<string> =>
      (await seen({ prometheusUrl: await serve(answer), timeoutMs: 500 })).gate;

    it('for what it knows of this site, and of no look that is older than ten seconds', async () => {
      const asked: URL[] = [];
      const prometheusUrl = `${await serve((request, response) => {
        asked.push(urlOf(request));
        says(200, told([one('1')]))(request, response);
      })}/behind`;
      expect((await seen({ prometheusUrl })).gate).toBe('yes');
      expect((await seen({ prometheusUrl: `${prometheusUrl}/` })).gate).toBe('yes');
      const age = 'gate:observed_age_seconds{site="a"}';
      expect(asked.map(({ pathname, searchParams }) => [pathname, searchParams.get('query')])).toEqual(
        [1, 2].map(() => ['/behind/api/v1/query', `gate:healthy{site="a"} and on (site) (${age} + (time() - timestamp(${age})) <= 10)`]),
      );
    }); // prettier-ignore

    it.each<[string, string, Answer]>([
      ['yes', 'healthy', says(200, told([one('1')]))],
      ['no', 'not healthy', says(200, told([one('0')]))],
      ['unknown', 'nothing', says(200, told([]))],
      ['unknown', 'two things', says(200, told([one('0'), one('0')]))],
      ['unknown', 'a value that is none', says(200, told([one('NaN')]))],
      ['unknown', 'an error that looks like an answer', says(200, told([one('0')], 'error'))],
      ['unknown', 'an answer that is an error', says(503, told([one('0')]))],
      ['unknown', 'no JSON', says(200, 'Service Unavailable')],
      ['unknown', 'no answer in time', silent],
    ])('and takes it for %s when it says %s', async (said, _, answer) => {
      expect(await gate(answer)).toBe(said);
    });

    it('and knows nothing where nobody is', async () => {
      expect((await seen({ prometheusUrl: NOBODY })).gate).toBe('unknown');
    });
  });

  it('asks all of them at once', async () => {
    const url = await serve(silent);
    const began = performance.now();
    const found = await seen({
      url,
      patroniUrls: [url, url],
      prometheusUrl: url,
      timeoutMs: 1_500,
    });
    expect(found).toEqual({ look: 'slow', gate: 'unknown', primary: 'unknown' });
    // One after another they would take six seconds.
    expect(performance.now() - began).toBeLessThan(4_000);
  });
});
