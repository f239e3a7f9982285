import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { House, openBrowser, until } from '#test';
import type { Client } from '#test';

type Browser = Awaited<ReturnType<typeof openBrowser>>;

/** The documents of the API in a real Chromium, under the policy that they bring. */
describe('the own pages', () => {
  let house: House;
  let admin: Client;
  let browser: Browser;

  beforeAll(async () => {
    house = await House.open();
    admin = await house.as('admin');
    browser = await openBrowser();
  }, 120_000);

  afterAll(() => browser?.close());

  it('work under their policy without a word, and report what it blocks', async () => {
    const page = await browser.newPage();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', ({ message }) => said.push(message));
    const answer = await page.goto(`${house.url}/docs`, { waitUntil: 'networkidle' });
    const policy = answer?.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).toContain('report-uri /csp/report?v=1&d=enforce');
    expect(policy).not.toContain('report-to');
    await page.waitForSelector('.opblock-tag');
    expect(said).toEqual([]);
    await page.evaluate(
      "document.body.append(Object.assign(document.createElement('img'), { src: 'https://evil.test/x.png' }))",
    );
    let found: { blockedOrigin: string; disposition: string }[] = [];
    await until('the report is stored', async () => {
      found = (await admin.get('security-csp/groups?app=default')).body.items;
      return found.length > 0;
    });
    expect(found).toMatchObject([
      { blockedOrigin: 'https://evil.test', disposition: 'enforce', directive: 'img-src' },
    ]);
  }, 120_000);
});
