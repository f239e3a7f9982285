import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cspPolicies, House, serveAsset, Site } from '#test';
import type { Client } from '#test';

type Row = Record<string, string>;

const INLINE = 'document.title = "inline ran"';
const ATTRIBUTE = 'window.clicked = true';
const PAGE_URL = 'https://tienda.test/';

/** Every kind of violation that Chromium reports, and one that nobody wants. */
const PAGE = `<!doctype html><html><head><title>before</title>
<script>${INLINE}</script>
<script src="https://js.test/good.js"></script>
<script src="https://evil.test/bad.js"></script>
<link rel="stylesheet" href="https://css.test/style.css">
<style>b { color: red }</style>
</head><body>
<img id="good" src="https://cdn.test/picture.png"><img src="https://csp-canary.invalid/beat">
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><b id="b" onclick="${ATTRIBUTE}">b</b>
<i style="color: red">i</i><iframe src="https://frame.test/in.html"></iframe>
<object data="https://object.test/o.html"></object>
</body></html>`;

const START =
  "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'";

/** From a page that only reports to one that is protected, in a real Chromium over https. */
describe('a policy in a browser', () => {
  let house: House;
  let admin: Client;
  let site: Site;
  let id: string;
  let headers: Record<string, string> = {};
  const delivered: string[] = [];

  beforeAll(async () => {
    house = await House.open();
    admin = await house.as('admin');
    site = await Site.open((request, response) => {
      const { pathname, search } = new URL(request.url ?? '/', 'http://any');
      if (pathname.startsWith('/csp/report')) {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          delivered.push(`${request.headers['content-type']} ${search}`);
          void fetch(`${house.url}${pathname}${search}`, {
            method: 'POST',
            headers: {
              'content-type': request.headers['content-type'] ?? '',
              'user-agent': request.headers['user-agent'] ?? '',
            },
            body: Buffer.concat(chunks),
          }).then(({ status }) => response.writeHead(status).end());
        });
        return;
      }
      if (pathname !== '/' || !(request.headers.host ?? '').startsWith('tienda.test')) {
        if (pathname === '/good.js') return void response.end('window.good = true');
        if (pathname === '/bad.js') return void response.end('window.bad = true');
        return serveAsset(request, response);
      }
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.setHeader('content-type', 'text/html');
      response.end(PAGE);
    });
    await admin.post('security-csp/apps', { slug: 'tienda', hosts: ['tienda.test'] });
  }, 120_000);

  afterAll(() => site?.close());

  async function emitted(): Promise<Record<string, string>> {
    const files = await house.app
      .get(cspPolicies.EmitService)
      .emit({ target: 'header', app: 'tienda', base: '', secure: true });
    const lines = (files.files[0]?.text ?? '').trim().split('\n');
    return Object.fromEntries(
      lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
    );
  }

  async function visit(): Promise<{
    title: string;
    good: boolean;
    bad: boolean;
    clicked: boolean;
  }> {
    const page = await site.page();
    await page.goto(PAGE_URL, { waitUntil: 'load' });
    await page.click('#b');
    // Eval by the page's own timer: what the debugger evaluates is not under the policy.
    await page.evaluate(
      'new Promise((r) => setTimeout(() => { try { (0, eval)("1") } catch {} r() }))',
    );
    const seen = await page.evaluate<{ good: boolean; bad: boolean; clicked: boolean }>(
      '({ good: window.good === true, bad: window.bad === true, clicked: window.clicked === true })',
    );
    const title = await page.title();
    await page.waitForTimeout(1_500);
    await page.context().close();
    return { title, ...seen };
  }

  async function groups(query = ''): Promise<Row[]> {
    return (await admin.get(`security-csp/groups?app=tienda&limit=200${query}`)).body
      .items as Row[];
  }

  async function act(path: string, body?: object): Promise<Row> {
    const answer = await admin.post(`security-csp/${path}`, body);
    expect([path, answer.status, answer.text]).toEqual([
      path,
      answer.status < 300 ? answer.status : 200,
      answer.text,
    ]);
    return answer.body as Row;
  }

  it('reports every kind of violation while everything works', async () => {
    id = (await act('policies', { app: 'tienda', policy: START }))['id'] ?? '';
    await act(`policies/${id}/report-only`);
    headers = await emitted();
    expect(Object.keys(headers).sort()).toEqual([
      'Content-Security-Policy-Report-Only',
      'Reporting-Endpoints',
    ]);
    const seen = await visit();
    expect(seen).toEqual({ title: 'inline ran', good: true, bad: true, clicked: true });
    let found: string[] = [];
    for (let tries = 0; tries < 200 && found.length < 15; tries += 1) {
      found = (await groups()).map(
        (group) => `${group['directive']} ${group['blockedOrigin'] ?? group['blockedKind']}`,
      );
      await sleep(100);
    }
    // An inline attribute makes two groups: at its parsing, and at the click.
    expect([...new Set(found)].sort()).toEqual([
      'frame-src https://frame.test',
      'frame-src https://object.test',
      'img-src data',
      'img-src https://cdn.test',
      'img-src https://csp-canary.invalid',
      'object-src https://object.test',
      'script-src eval',
      'script-src-attr inline',
      'script-src-elem https://evil.test',
      'script-src-elem https://js.test',
      'script-src-elem inline',
      'style-src-attr inline',
      'style-src-elem https://css.test',
      'style-src-elem inline',
    ]);
    expect(delivered.every((line) => line.startsWith('application/reports+json ?v=1'))).toBe(true);
  }, 120_000);

  it('becomes a candidate that is proved', async () => {
    const wanted = [
      'https://cdn.test',
      'https://js.test',
      'https://css.test',
      'https://frame.test',
    ];
    const hashes: Record<string, string[]> = {
      'script-src-elem': [hashOf(INLINE)],
      'style-src-elem': [hashOf('b { color: red }')],
    };
    for (const group of await groups()) {
      const { id: groupId, blockedOrigin, blockedKind, directive = '' } = group;
      if (blockedOrigin === 'https://csp-canary.invalid') continue;
      const isWanted =
        wanted.includes(blockedOrigin ?? '') || (blockedKind === 'inline' && directive in hashes);
      await act(`groups/${groupId}/${isWanted ? 'accept' : 'reject'}`, { reason: 'ensayo' });
      if (isWanted && blockedKind === 'inline') {
        const said = { how: 'hash', hashes: hashes[directive], reason: 'ensayo' };
        await act(`groups/${groupId}/resolve`, said);
      }
    }
    const candidate = await act(`policies/${id}/candidate`);
    expect(candidate['state']).toBe('candidate');
    const proof = (await admin.post(`security-csp/policies/${id}/prove`)).body;
    expect([
      proof.failures,
      proof.findings.filter(({ severity }: Row) => severity === 'high'),
    ]).toEqual([[], []]);
    expect(proof.counts).toMatchObject({ accepted: 6, acceptedAllowed: 6, unexplained: 0 });
    expect(proof.counts.rejected).toBeGreaterThanOrEqual(8);
    expect(proof.counts.rejectedBlocked).toBe(proof.counts.rejected);
    expect(proof.passed).toBe(true);
  });

  it('is enforced: the page works, and what was rejected is blocked', async () => {
    const waive = ['observed', 'month-end', 'quiet', 'canary'];
    await act(`policies/${id}/enforce`, { waive, reason: 'ensayo' });
    headers = await emitted();
    expect(Object.keys(headers).sort()).toEqual(['Content-Security-Policy', 'Reporting-Endpoints']);
    const before = delivered.length;
    const seen = await visit();
    expect(seen).toEqual({ title: 'inline ran', good: true, bad: false, clicked: false });
    let enforced: Row[] = [];
    for (let tries = 0; tries < 200 && enforced.length < 7; tries += 1) {
      enforced = await groups('&disposition=enforce');
      await sleep(100);
    }
    const blocked = enforced.map((group) => group['blockedOrigin'] ?? group['blockedKind']);
    expect([...new Set(blocked)].sort()).toEqual([
      ...['data', 'eval', 'https://csp-canary.invalid', 'https://evil.test'],
      ...['https://object.test', 'inline'],
    ]);
    expect(delivered.length).toBeGreaterThan(before);
  }, 120_000);
});

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
