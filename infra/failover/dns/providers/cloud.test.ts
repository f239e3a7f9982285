import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Cloudflare } from './cloudflare.js';
import { Route53 } from './route53.js';
import type { Family } from '../wire/message.js';

const RECORD = 'app.example.com';
const MARK = 'ofitec-failover epoch=7 site=a';
const CHANGE = { addresses: ['192.0.2.2'], mark: { epoch: 8, site: 'b' }, ttlSeconds: 30 };
/** The same for a name with both families. */
const BOTH = { ...CHANGE, addresses: [...CHANGE.addresses, '2001:db8::2'] };

/** The answers of the two services as their documentation and clients show them; neither was asked itself. */
type Script = (request: { method: string; path: string; body: string }) => [number, string];
let server: Server;
let endpoint: string;
let script: Script;
let asked: { method: string; path: string; body: string }[];

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const question = { method: request.method ?? '', path: request.url ?? '', body };
      asked.push(question);
      const [status, text] = script(question);
      const type = text.startsWith('<') ? 'application/xml' : 'application/json';
      response.writeHead(status, { 'content-type': type }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function readAll(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

it('is where its API takes connections', () => {
  const name = { record: RECORD, families: ['A'] as const, timeoutMs: 2_000 };
  const cloudflare = { ...name, zone: 'example.com', token: 'test' };
  expect(new Cloudflare(cloudflare).at).toEqual({ host: 'api.cloudflare.com', port: 443 });
  const route53 = { ...name, zoneId: 'Z1' };
  expect(new Route53(route53).at).toEqual({ host: 'route53.amazonaws.com', port: 443 });
  for (const [url, at] of [
    ['http://[::1]:8080/v4', { host: '::1', port: 8080 }],
    ['http://localhost', { host: 'localhost', port: 80 }],
  ] as const) {
    expect(new Cloudflare({ ...cloudflare, endpoint: url }).at).toEqual(at);
    expect(new Route53({ ...route53, endpoint: url }).at).toEqual(at);
  }
});

describe('Cloudflare', () => {
  const ZONE = '0123456789abcdef0123456789abcdef';
  const page = (result: unknown, success = true): string =>
    JSON.stringify({ success, errors: [], messages: [], result, result_info: { page: 1, per_page: 100, count: 1, total_count: 1 } }); // prettier-ignore
  const text = {
    id: 'text-7',
    type: 'TXT',
    name: `_gate.${RECORD}`,
    content: `"${MARK}"`,
    ttl: 30,
  };
  const address = { id: 'addr', type: 'A', name: RECORD, content: '192.0.2.1', ttl: 30, proxied: false }; // prettier-ignore
  const refusal = (code: number): string =>
    JSON.stringify({
      result: null,
      success: false,
      errors: [{ code, message: 'no' }],
      messages: [],
    });
  let batch: [number, string];
  let held: { texts: unknown; addresses: unknown; sixes?: unknown };

  const provider = (families: readonly Family[] = ['A']): Cloudflare =>
    new Cloudflare({ zone: ZONE, record: RECORD, families, token: 't', timeoutMs: 2_000, endpoint }); // prettier-ignore

  beforeEach(() => {
    batch = [200, page({ posts: [{ ...text, id: 'text-8', content: '"ofitec-failover epoch=8 site=b"' }] })]; // prettier-ignore
    held = { texts: [text], addresses: [address] };
    script = ({ method, path }) => {
      if (method === 'POST') return batch;
      if (path.includes('type=TXT')) return [200, page(held.texts)];
      return [200, page(path.includes('type=AAAA') ? held.sixes : held.addresses)];
    };
  });

  it('deletes the mark that it read and makes the next, in one batch that keeps the rest of the address', async () => {
    const cloudflare = provider();
    const from = await cloudflare.read();
    expect(from).toMatchObject({ addresses: ['192.0.2.1'], mark: { epoch: 7 }, hidden: false });
    expect(await cloudflare.replace(from, CHANGE)).toBe('written');
    const { path, body } = asked.at(-1) ?? { path: '', body: '{}' };
    expect([path, JSON.parse(body)]).toEqual([
      `/zones/${ZONE}/dns_records/batch`,
      {
        deletes: [{ id: 'text-7' }],
        patches: [{ id: 'addr', name: RECORD, type: 'A', content: '192.0.2.2', ttl: 30 }],
        posts: [{ name: `_gate.${RECORD}`, type: 'TXT', content: '"ofitec-failover epoch=8 site=b"', ttl: 30 }], // prettier-ignore
      },
    ]);
  });

  it('leaves a proxied record its own time to live, and other names alone', async () => {
    const stranger = { ...address, id: 'other', name: `other.${RECORD}` };
    held = { ...held, addresses: [stranger, { ...address, proxied: true }] };
    const cloudflare = provider();
    const from = await cloudflare.read();
    expect(from).toMatchObject({ addresses: ['192.0.2.1'], hidden: true });
    expect(await cloudflare.replace(from, CHANGE)).toBe('written');
    expect(JSON.parse(asked.at(-1)?.body ?? '{}')).toMatchObject({ patches: [{ id: 'addr', ttl: 1 }], posts: [{ ttl: 30 }] }); // prettier-ignore
  });

  it('moves both families in one batch, also one that was not there yet', async () => {
    const sixth = { ...address, id: 'six', type: 'AAAA', content: '2001:db8::1' };
    held = { ...held, sixes: [sixth] };
    const cloudflare = provider(['A', 'AAAA']);
    const from = await cloudflare.read();
    expect(from.addresses).toEqual(['192.0.2.1', '2001:db8::1']);
    expect(await cloudflare.replace(from, BOTH)).toBe('written');
    expect(JSON.parse(asked.at(-1)?.body ?? '{}')).toMatchObject({
      deletes: [{ id: 'text-7' }],
      patches: [
        { id: 'addr', type: 'A', content: '192.0.2.2' },
        { id: 'six', type: 'AAAA', content: '2001:db8::2' },
      ],
    });
    held = { ...held, sixes: [] };
    const alone = await cloudflare.read();
    expect(await cloudflare.replace(alone, BOTH)).toBe('written');
    const { patches, posts } = JSON.parse(asked.at(-1)?.body ?? '{}') as Record<string, object[]>;
    expect([patches?.length, posts?.[0]]).toMatchObject([
      1,
      { type: 'AAAA', content: '2001:db8::2' },
    ]);
    held = { ...held, sixes: [{ ...sixth, proxied: true }] };
    await expect(cloudflare.read()).rejects.toThrow('proxied for one family');
  });

  it('is refused when the mark is gone, and does not know after anything else', async () => {
    const cloudflare = provider();
    const from = await cloudflare.read();
    // Gone, or made by somebody else already.
    for (const code of [81_044, 81_057, 81_058]) {
      batch = [code === 81_044 ? 404 : 400, refusal(code)];
      expect(await cloudflare.replace(from, CHANGE)).toBe('refused');
    }
    for (const other of [
      [200, refusal(1_000)],
      [429, refusal(10_000)],
      [500, ''],
    ] satisfies [number, string][]) {
      batch = other;
      await expect(cloudflare.replace(from, CHANGE)).rejects.toThrow();
    }
    // Each was sent once: trying again is the actuator's, after it has read.
    expect(asked.filter(({ method }) => method === 'POST')).toHaveLength(6);
  });

  it('does not take a failure for an empty zone, nor overwrite what somebody else wrote', async () => {
    held = { texts: null, addresses: null };
    await expect(provider().read()).rejects.toThrow('did not say');
    const answer = script;
    script = () => [200, refusal(1_000)];
    await expect(provider().read()).rejects.toThrow('answers 200');
    script = answer;
    held = { texts: [{ ...text, content: 'v=spf1' }], addresses: [address] };
    await expect(provider().read()).rejects.toThrow('somebody else');
    held = { texts: [text], addresses: [address, { ...address, id: 'second' }] };
    await expect(provider().read()).rejects.toThrow('several');
  });
});

describe('Route 53', () => {
  const set = (name: string, type: string, value: string): string =>
    `<ResourceRecordSet><Name>${name}.</Name><Type>${type}</Type><TTL>30</TTL><ResourceRecords><ResourceRecord><Value>${value}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>`;
  const listed = (content: string): string =>
    `<?xml version="1.0"?><ListResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ResourceRecordSets>${content}</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>2</MaxItems></ListResourceRecordSetsResponse>`;
  const done = `<?xml version="1.0"?><ChangeResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>`;
  const refused = `<?xml version="1.0"?><ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>InvalidChangeBatch</Code><Message>[Tried to delete resource record set [name='app.example.com.', type='A'] but the values provided do not match the current values]</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
  const throttled = `<?xml version="1.0"?><ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`;
  let change: [number, string];
  let address: string;

  const provider = (families: readonly Family[] = ['A']): Route53 =>
    new Route53({ zoneId: 'Z1', record: RECORD, families, timeoutMs: 2_000, endpoint });

  beforeEach(() => {
    change = [200, done];
    address = set(RECORD, 'A', '192.0.2.1');
    script = ({ method, path }) => {
      if (method === 'POST') return change;
      if (path.includes('type=TXT')) {
        return [200, listed(set(`_gate.${RECORD}`, 'TXT', `&quot;${MARK}&quot;`))];
      }
      return [200, listed(address)];
    };
  });

  it('deletes what it read and creates the new, in one batch', async () => {
    const route53 = provider();
    const from = await route53.read();
    expect(from).toMatchObject({ addresses: ['192.0.2.1'], text: MARK, mark: { epoch: 7 } });
    expect(await route53.replace(from, CHANGE)).toBe('written');
    const { path, body } = asked.at(-1) ?? { path: '', body: '' };
    expect(path).toContain('/2013-04-01/hostedzone/Z1/rrset');
    const actions = [...body.matchAll(/<Action>(\w+)<.*?<Type>(\w+)<.*?<Value>([^<]+)</g)];
    expect(
      actions.map(([, action, type, value]) => [action, type, value?.replaceAll('&quot;', '"')]),
    ).toEqual([
      // prettier-ignore
      ['DELETE', 'A', '192.0.2.1'],
      ['DELETE', 'TXT', `"${MARK}"`],
      ['CREATE', 'A', '192.0.2.2'],
      ['CREATE', 'TXT', '"ofitec-failover epoch=8 site=b"'],
    ]);
  });

  it('moves both families in one batch', async () => {
    const answer = script;
    script = (question) => {
      if (question.method === 'POST' || !question.path.includes('type=AAAA'))
        return answer(question);
      return [200, listed(set(RECORD, 'AAAA', '2001:db8::1'))];
    };
    const route53 = provider(['A', 'AAAA']);
    const from = await route53.read();
    expect(from.addresses).toEqual(['192.0.2.1', '2001:db8::1']);
    expect(await route53.replace(from, BOTH)).toBe('written');
    const body = asked.at(-1)?.body ?? '';
    const actions = [...body.matchAll(/<Action>(\w+)<.*?<Type>(\w+)<.*?<Value>([^<]+)</g)];
    expect(actions.flatMap(([, ...words]) => (words[1] === 'TXT' ? [] : words.join(' ')))).toEqual([
      'DELETE A 192.0.2.1',
      'DELETE AAAA 2001:db8::1',
      'CREATE A 192.0.2.2',
      'CREATE AAAA 2001:db8::2',
    ]);
  });

  it('is refused when what it read is gone, and does not know after anything else', async () => {
    const route53 = provider();
    const from = await route53.read();
    change = [400, refused];
    expect(await route53.replace(from, CHANGE)).toBe('refused');
    change = [400, throttled];
    await expect(route53.replace(from, CHANGE)).rejects.toThrow(/Rate exceeded|Throttling/);
    change = [500, throttled];
    await expect(route53.replace(from, CHANGE)).rejects.toThrow();
    expect(asked.filter(({ method }) => method === 'POST')).toHaveLength(3);
  });

  it('leaves an alias and routing policies alone', async () => {
    address = `<ResourceRecordSet><Name>${RECORD}.</Name><Type>A</Type><SetIdentifier>one</SetIdentifier><Weight>1</Weight></ResourceRecordSet>`;
    await expect(provider().read()).rejects.toThrow('simple record');
  });
});
