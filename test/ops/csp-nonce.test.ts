import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cspPolicies, House, serveAsset, Site } from '#test';
import type { Client } from '#test';

type Row = Record<string, string>;
type Middleware = (...of: [...Parameters<RequestListener>, () => void]) => void;

const START = "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'";
const PAGE_URL = 'https://tienda.test/';
const WAIVED = { waive: ['observed', 'month-end', 'canary', 'quiet'], reason: 'ensayo' };

/** Inline code by nonces: middleware that is emitted for helmet, in a real Chromium. */
describe('a policy with nonces', () => {
  let house: House;
  let admin: Client;
  let site: Site;
  let folder: string;
  let security: Middleware;
  let id = '';

  beforeAll(async () => {
    // Below node_modules' parent, so that it finds helmet as an application would.
    folder = mkdtempSync(join(resolve('dist'), 'nonce-'));
    house = await House.open();
    admin = await house.as('admin');
    await admin.post('security-csp/apps', { slug: 'tienda', hosts: ['tienda.test'] });
    site = await Site.open((request, response) => {
      if (request.url?.startsWith('/csp/report')) return forward(request, response);
      if (request.headers.host !== 'tienda.test' || request.url !== '/') {
        return serveAsset(request, response);
      }
      return security(request, response, () => {
        const { cspNonce } = (response as unknown as { locals: { cspNonce: string } }).locals;
        response.setHeader('content-type', 'text/html');
        response.end(`<!doctype html><title>before</title>
          <script nonce="${cspNonce}">document.title = 'nonce ran'</script>
          <script>window.without = true</script>
          <script nonce="c3RhbGUgbm9uY2Ugb2YgYQ==">window.stale = true</script>
          <img id="i" src="data:," onerror="window.attribute = true">`);
      });
    });
  }, 120_000);

  afterAll(async () => {
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const forward: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const type = request.headers['content-type'] ?? '';
      const body = Buffer.concat(chunks);
      const headers = { 'content-type': type };
      void fetch(`${house.url}${request.url}`, { method: 'POST', headers, body }).then(
        ({ status }) => response.writeHead(status).end(),
      );
    });
  };

  async function act(path: string, body?: object): Promise<Row> {
    const answer = await admin.post(`security-csp/${path}`, body);
    const isWell = answer.status < 300;
    expect([path, isWell, answer.text]).toEqual([path, true, answer.text]);
    return answer.body as Row;
  }

  /** The application starts anew with what is emitted now. */
  async function install(): Promise<void> {
    const { files } = await house.app
      .get(cspPolicies.EmitService)
      .emit({ target: 'helmet', app: 'tienda', base: '', secure: true });
    const text = files.find(({ path }) => path.endsWith('.mjs'))?.text ?? '';
    const path = join(folder, `security-${Date.now()}.mjs`);
    writeFileSync(path, text);
    security = ((await import(pathToFileURL(path).href)) as { default: Middleware }).default;
  }

  async function visit(): Promise<unknown> {
    const page = await site.page();
    await page.goto(PAGE_URL, { waitUntil: 'load' });
    const seen = await page.evaluate(
      '[document.title, !!window.without, !!window.stale, !!window.attribute].join(" ")',
    );
    await page.waitForTimeout(1_000);
    await page.context().close();
    return seen;
  }

  async function inlineGroup(disposition: string): Promise<Row> {
    for (let tries = 0; tries < 200; tries += 1) {
      const { body } = await admin.get(
        `security-csp/groups?app=tienda&disposition=${disposition}&directive=script-src-elem`,
      );
      const found = (body.items as Row[]).find(({ blockedKind }) => blockedKind === 'inline');
      if (found) return found;
      await sleep(100);
    }
    throw new Error('No report of inline code came.');
  }

  it('goes from reports to being enforced, with another nonce for each answer', async () => {
    id = (await act('policies', { app: 'tienda', policy: START }))['id'] ?? '';
    await act(`policies/${id}/report-only`);
    await install();
    expect(await visit()).toBe('nonce ran true true true');
    const { id: groupId } = await inlineGroup('report');
    await act(`groups/${groupId}/accept`, { reason: 'ensayo' });
    await act(`groups/${groupId}/resolve`, { how: 'nonce', reason: 'ensayo' });
    const candidate = await act(`policies/${id}/candidate`);
    expect([candidate['nonces'], candidate['policy']]).toEqual([['script-src-elem'], START]);
    await act(`policies/${id}/enforce`, WAIVED);
    await install();
    // The same page: what has the nonce runs, what has none, an old one, or is an attribute does not.
    expect(await visit()).toBe('nonce ran false false false');
    expect(await visit()).toBe('nonce ran false false false');
    expect((await inlineGroup('enforce'))['blockedKind']).toBe('inline');
  }, 120_000);
});
