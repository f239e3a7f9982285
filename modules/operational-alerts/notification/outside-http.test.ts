import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { isSpecial, postOutside, refusalOf } from './outside-http.js';

describe('calls to the outside', () => {
  it.each([
    ...['127.0.0.1', '127.1.2.3', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255'],
    ...['192.168.1.1', '169.254.169.254', '100.64.0.1', '192.0.2.1', '198.18.0.1', '224.0.0.1'],
    ...['255.255.255.255', '::1', '::', 'fe80::1', 'fc00::1', 'fd12::1', 'ff02::1'],
    ...['::ffff:10.0.0.1', '64:ff9b::a00:1', '2001:db8::1', '2002:a00:1::1', '2001::1'],
  ])('%s is not on the public internet', (address) => expect(isSpecial(address)).toBe(true));

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '200.1.2.3', '2600::1', '2a00:1450::1'])(
    '%s is',
    (address) => expect(isSpecial(address)).toBe(false),
  );

  it.each([
    ['https://example.cl/', [], null],
    ['http://example.cl/', [], /only https/],
    ['http://hooks.internal/', ['hooks.internal'], null],
    ['https://10.0.0.1/', [], /no public address/],
    ['https://10.0.0.1/', ['10.0.0.1'], null],
    ['https://[::1]/', [], /no public address/],
    ['https://[::1]/', ['::1'], null],
    ['https://a:b@example.cl/', ['example.cl'], /user or password/],
    ['ftp://example.cl/', ['example.cl'], /only https/],
  ] as const)('%s with %j', (url, hosts, expected) => {
    const refusal = refusalOf(new URL(url), hosts);
    if (expected === null) expect(refusal).toBeNull();
    else expect(refusal).toMatch(expected);
  });

  it('reads no more of an answer than its head, and gives up on one that does not end', async () => {
    let sent = 0;
    let hungUp = (): void => {};
    const given = new Promise<void>((done) => (hungUp = done));
    const server = createServer((_, response) => {
      response.writeHead(200);
      const more = setInterval(() => {
        sent += 1;
        response.write('x'.repeat(65_536));
      }, 5);
      response.on('close', () => {
        clearInterval(more);
        hungUp();
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/`;
    const outgoing = { url, body: '{}', headers: {}, privateHosts: ['127.0.0.1'] };
    await expect(postOutside(outgoing)).resolves.toBeUndefined();
    await given;
    expect(sent).toBeLessThan(100);
    await expect(postOutside({ ...outgoing, privateHosts: [] })).rejects.toThrow('only https');
    await new Promise((done) => server.close(done));
    await expect(postOutside(outgoing)).rejects.toThrow('ECONNREFUSED');
  });
});
