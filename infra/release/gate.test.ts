import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { find, openRequests, PrometheusGate } from './gate.js';

const sample = (value: string): object => ({ metric: {}, value: [1, value] });
const answer = (...result: object[]): string =>
  JSON.stringify({ status: 'success', data: { result } });

/** What is made of the answers of Prometheus and of the colours themselves; both are played. */
describe('the gate of a release', () => {
  let server: Server;
  let url: string;
  let status: number;
  let body: string | ((request: IncomingMessage) => string);
  let last: IncomingMessage | null;

  beforeAll(async () => {
    server = createServer((request, response) => {
      last = request;
      response.writeHead(status, { connection: 'close' });
      response.end(typeof body === 'string' ? body : body(request));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  beforeEach(() => {
    [status, body, last] = [200, '', null];
  });

  const query = (): string => new URL(last?.url ?? '', url).searchParams.get('query') ?? '';

  it.each([
    ['1', answer(sample('1')), 'healthy'],
    ['0', answer(sample('0')), 'unhealthy'],
    ['NaN', answer(sample('NaN')), 'unknown'],
    ['nothing', answer(), 'unknown'],
    ['two series', answer(sample('1'), sample('1')), 'unknown'],
    ['an error', JSON.stringify({ status: 'error', error: 'too many samples' }), 'unknown'],
    ['what is no JSON', '<html>1</html>', 'unknown'],
  ])('takes %s for what it is', async (_, said, verdict) => {
    body = said;
    expect(await new PrometheusGate(url).verdict('green')).toBe(verdict);
    expect(query()).toContain('gate:healthy{colour="green"}');
    expect(query()).not.toContain('blue');
  });

  it('knows nothing where nobody answers', async () => {
    const gate = new PrometheusGate('http://127.0.0.1:9');
    expect([await gate.verdict('green'), await gate.sees('green')]).toEqual(['unknown', false]);
  });

  it.each([
    ['44.9', answer(sample('44.9')), true],
    ['45.1', answer(sample('45.1')), false],
    ['NaN', answer(sample('NaN')), false],
    ['nothing', answer(), false],
    ['two series', answer(sample('1'), sample('1')), false],
  ])('a look that is %s seconds old', async (_, said, seen) => {
    body = said;
    expect(await new PrometheusGate(url).sees('green')).toBe(seen);
    expect(query()).toContain('{colour="green"}');
  });

  it('counts open requests without the question itself, and believes no answer that says nothing', async () => {
    const place = { url, metricsUrl: `${url}/metrics` };
    const apart = { url: 'http://127.0.0.1:1', metricsUrl: `${url}/metrics` };
    body = 'ofitec_http_requests_in_flight 3\n';
    expect([await openRequests(place, 'a token'), last?.headers.authorization]).toEqual([2, 'Bearer a token']); // prettier-ignore
    expect([await openRequests(apart, null), last?.headers.authorization]).toEqual([3, undefined]);
    body = 'ofitec_http_requests_in_flight{instance="a"} 0\n';
    expect([await openRequests(place, null), await openRequests(apart, null)]).toEqual([0, 0]);
    body = '# a page of something else\n';
    expect(await openRequests(apart, null)).toBeNull();
    [status, body] = [403, 'ofitec_http_requests_in_flight 0\n'];
    expect(await openRequests(apart, null)).toBeNull();
    expect(await openRequests({ url, metricsUrl: 'http://127.0.0.1:9/' }, null)).toBeNull();
  });

  it('takes a colour for ready that answers 200 to this very question', async () => {
    const place = { url, metricsUrl: '' };
    const echo = (request: IncomingMessage): string =>
      JSON.stringify({
        nonce: new URL(request.url ?? '', url).searchParams.get('nonce'),
        release: 'r2',
      });
    body = echo;
    expect(await find(place)).toEqual({ ready: true, release: 'r2' });
    status = 503;
    expect(await find(place)).toEqual({ ready: false, release: 'r2' });
    [status, body] = [200, JSON.stringify({ nonce: 'an answer of before', release: 'r2' })];
    expect(await find(place)).toEqual({ ready: false, release: 'r2' });
    body = 'hello';
    expect(await find(place)).toEqual({ ready: false, release: null });
  });
});
