import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cspPolicies, Firefox, House, openFront, serveAsset } from '#test';
import type { Client, Front } from '#test';

type Row = Record<string, string>;

const INLINE = 'document.title = "inline ran"';
const PAGE = `<!doctype html><html><head><title>before</title>
<script>${INLINE}</script>
<script src="https://js.test/good.js"></script>
<script src="https://evil.test/bad.js"></script>
<link rel="stylesheet" href="https://css.test/style.css">
</head><body><img src="https://cdn.test/picture.png"><img src="https://csp-canary.invalid/beat">
<b onclick="window.clicked = true">b</b><iframe src="https://frame.test/in.html"></iframe></body></html>`;

/** What the page did, after a click and a compiled string. */
const LOOK = `document.querySelector('b').click(); new Promise((done) => setTimeout(() => {
  let compiled = true;
  try { (0, eval)('1') } catch { compiled = false }
  done([document.title, !!window.good, !!window.bad, !!window.clicked, compiled].join(' '));
}, 1500))`;

const START =
  "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'";
const WANTED = ['https://cdn.test', 'https://js.test', 'https://css.test', 'https://frame.test'];

/** The walk of `csp-life.test.ts` in a real Firefox over https. */
describe('a policy in Firefox', () => {
  let house: House;
  let admin: Client;
  let front: Front;
  let firefox: Firefox;
  let id = '';
  let headers: Record<string, string> = {};
  const types = new Set<string>();

  beforeAll(async () => {
    house = await House.open();
    admin = await house.as('admin');
    await admin.post('security-csp/apps', { slug: 'tienda', hosts: ['tienda.test'] });
    front = await openFront((request, response) => {
      const { host = '' } = request.headers;
      if (!/\.(test|invalid)$/.test(host)) return void response.writeHead(404).end();
      if (request.url?.startsWith('/csp/report')) {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const { 'content-type': type = '', 'user-agent': agent = '' } = request.headers;
          types.add(type);
          void fetch(`${house.url}${request.url}`, {
            ...{ method: 'POST', headers: { 'content-type': type, 'user-agent': agent } },
            body: Buffer.concat(chunks),
          }).then(({ status }) => response.writeHead(status).end());
        });
        return;
      }
      if (request.url === '/good.js') return void response.end('window.good = true');
      if (request.url === '/bad.js') return void response.end('window.bad = true');
      if (host !== 'tienda.test' || request.url !== '/') return serveAsset(request, response);
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.setHeader('content-type', 'text/html');
      response.end(PAGE);
    });
    firefox = await Firefox.open(front.port);
  }, 120_000);

  afterAll(async () => {
    await firefox?.close();
    front?.close();
  });

  async function emitted(): Promise<Record<string, string>> {
    const { files } = await house.app
      .get(cspPolicies.EmitService)
      .emit({ target: 'header', app: 'tienda', base: '', secure: true });
    const lines = (files[0]?.text ?? '').trim().split('\n');
    return Object.fromEntries(
      lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
    );
  }

  async function groups(query = ''): Promise<Row[]> {
    const { body } = await admin.get(`security-csp/groups?app=tienda&limit=200${query}`);
    return body.items as Row[];
  }

  const named = (group: Row): string =>
    `${group['directive']} ${group['blockedOrigin'] ?? group['blockedKind']}`;

  /** Visits until these were reported; a report comes when Firefox finds the time. */
  async function reported(wanted: readonly string[], query: string): Promise<string[]> {
    let found: string[] = [];
    for (let tries = 0; tries < 200; tries += 1) {
      found = [...new Set((await groups(query)).map(named))].sort();
      if (wanted.every((each) => found.includes(each))) break;
      await sleep(100);
    }
    return found;
  }

  async function act(path: string, body?: object): Promise<Row> {
    const answer = await admin.post(`security-csp/${path}`, body);
    const isWell = answer.status < 300;
    expect([path, isWell, answer.text]).toEqual([path, true, answer.text]);
    return answer.body as Row;
  }

  it('reports while everything works', async () => {
    id = (await act('policies', { app: 'tienda', policy: START }))['id'] ?? '';
    await act(`policies/${id}/report-only`);
    headers = await emitted();
    expect(await firefox.visit('https://tienda.test/', LOOK)).toBe(
      'inline ran true true true true',
    );
    const wanted = [
      'frame-src https://frame.test',
      'img-src https://cdn.test',
      'img-src https://csp-canary.invalid',
      'script-src eval',
      'script-src-attr inline',
      'script-src-elem https://evil.test',
      'script-src-elem https://js.test',
      'script-src-elem inline',
      'style-src-elem https://css.test',
    ];
    expect(await reported(wanted, '&disposition=report')).toEqual(wanted);
    expect([...types]).toEqual(['application/reports+json']);
    for (const { browsers } of await groups()) expect(String(browsers)).toMatch(/^firefox \d+$/);
  }, 120_000);

  it('is enforced once proved: the page works, and what was rejected is blocked', async () => {
    const hash = `sha256-${createHash('sha256').update(INLINE).digest('base64')}`;
    for (const group of await groups()) {
      const { id: groupId, blockedOrigin, blockedKind, directive } = group;
      if (blockedOrigin === 'https://csp-canary.invalid') continue;
      const isInline = blockedKind === 'inline' && directive === 'script-src-elem';
      const isWanted = isInline || WANTED.includes(blockedOrigin ?? '');
      await act(`groups/${groupId}/${isWanted ? 'accept' : 'reject'}`, { reason: 'ensayo' });
      if (!isInline) continue;
      await act(`groups/${groupId}/resolve`, { how: 'hash', hashes: [hash], reason: 'ensayo' });
    }
    await act(`policies/${id}/candidate`);
    const { body: proof } = await admin.post(`security-csp/policies/${id}/prove`);
    expect([proof.passed, proof.failures]).toEqual([true, []]);
    const waive = ['observed', 'month-end', 'quiet', 'canary'];
    await act(`policies/${id}/enforce`, { waive, reason: 'ensayo' });
    headers = await emitted();
    expect(Object.keys(headers).sort()).toEqual(['Content-Security-Policy', 'Reporting-Endpoints']);
    expect(await firefox.visit('https://tienda.test/', LOOK)).toBe(
      'inline ran true false false false',
    );
    const blocked = [
      'img-src https://csp-canary.invalid',
      'script-src eval',
      'script-src-attr inline',
      'script-src-elem https://evil.test',
    ];
    expect(await reported(blocked, '&disposition=enforce')).toEqual(blocked);
  }, 120_000);
});
