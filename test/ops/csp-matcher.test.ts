import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cspCases, cspPolicies, serveAsset, Site } from '#test';

/** What a page does for each directive; `element` waits for it to load, fail or be blocked. */
const ATTEMPT = `async ({ directive, url, nonce }) => {
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const element = (name, fields, events = ['load', 'error']) =>
    new Promise((resolve) => {
      const made = Object.assign(document.createElement(name), fields);
      if (nonce) made.setAttribute('nonce', nonce);
      for (const event of events) made.addEventListener(event, resolve);
      document.body.append(made);
      setTimeout(resolve, 700);
    });
  const socket = () => new Promise((resolve) => {
    const made = new WebSocket(url);
    made.onopen = made.onerror = made.onclose = resolve;
    setTimeout(resolve, 700);
  });
  const worker = async () => { const made = new Worker(url); await wait(250); made.terminate(); };
  const form = async () => {
    const frame = Object.assign(document.createElement('iframe'), { name: 'target' });
    const made = Object.assign(document.createElement('form'), { action: url, target: 'target' });
    document.body.append(frame, made);
    made.submit();
    await wait(250);
  };
  const acts = {
    'img-src': () => element('img', { src: url }),
    'script-src-elem': () => element('script', { src: url }),
    'style-src-elem': () => url === 'inline'
      ? element('style', { textContent: 'b{}' }, []) : element('link', { rel: 'stylesheet', href: url }),
    'frame-src': () => element('iframe', { src: url }),
    'object-src': () => element('object', { data: url }),
    'media-src': () => element('video', { src: url }, ['loadeddata', 'error']),
    'font-src': () => new FontFace('f', 'url(' + url + ')').load(),
    'connect-src': () => (/^wss?:/.test(url) ? socket() : fetch(url, { mode: 'no-cors' })),
    'worker-src': worker,
    'form-action': form,
    'base-uri': () => document.head.append(Object.assign(document.createElement('base'), { href: url })),
  };
  try { await acts[directive](); } catch {}
  await wait(30);
  return window.violations;
}`;

const LISTEN = `window.violations = [];
document.addEventListener('securitypolicyviolation', (event) =>
  window.violations.push(event.effectiveDirective));`;

/** The table of the matcher, and every deviation, as the Chromium at hand decides it. */
describe('the matcher against a real Chromium', () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.open((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://any');
      if (pathname !== '/page') return serveAsset(request, response);
      response.setHeader('content-type', 'text/html');
      response.setHeader('content-security-policy', searchParams.get('policy') ?? '');
      return response.end('<!doctype html><html><head></head><body></body></html>');
    });
  });

  afterAll(() => site?.close());

  it('agrees in every row and every deviation', async () => {
    const page = await site.page();
    await page.addInitScript(LISTEN);
    const deviations = cspPolicies.DEVIATIONS.map(({ policy, attempt, allowed }) => ({
      ...{ policy, ...attempt, nonce: '', chromium: allowed ? 'allow' : 'block' },
    }));
    const wrong: string[] = [];
    for (const { policy, directive, url, pageUrl, nonce, chromium } of [
      ...cspCases,
      ...deviations,
    ]) {
      const { origin } = new URL(pageUrl);
      await page.goto(`${origin}/page?policy=${encodeURIComponent(policy)}`);
      const asked = JSON.stringify({ directive, url, nonce });
      const violations = await page.evaluate<string[]>(`(${ATTEMPT})(${asked})`);
      const seen = violations.includes(directive) ? 'block' : 'allow';
      if (seen !== chromium) wrong.push(`${policy} | ${directive} ${url} on ${origin}: ${seen}`);
    }
    expect(wrong).toEqual([]);
    expect(cspCases.length + deviations.length).toBeGreaterThan(150);
  }, 300_000);
});
