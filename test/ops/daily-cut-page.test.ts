import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEMO_PASSWORD, House, kernel, openBrowser, openSession, shop, takeOrder } from '#test';
import type { Client, Shop } from '#test';

type Browser = Awaited<ReturnType<typeof openBrowser>>;
type Page = Awaited<ReturnType<Browser['newPage']>>;

interface Word {
  readonly page: number;
  readonly xMin: number;
  readonly xMax: number;
  readonly yMin: number;
  readonly yMax: number;
  readonly text: string;
}

const SCRIPT = `<script>document.title='malo'</script>=cmd|' /C calc'!A0`;
const IMAGE = `<img src=/malo onerror=alert(1)>${'ñ'.repeat(68)}`;
const MILLION_MILLION = 1_000_000_000_000;
const POINTS_PER_MM = 72 / 25.4;

/** The printed corte in a real Chromium, and its PDF read by another program. */
describe('the page of a daily cut', () => {
  let folder: string;
  let house: House;
  let browser: Browser;
  let admin: Client;
  let centro: Shop;
  let address: string;
  /** Every amount that the JSON of the same cut says, written by other code than the page's. */
  let amounts: string[];
  const seen: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-page-'));
    house = await House.open();
    admin = await house.as('admin');
    centro = await shop(admin);
    const me = (await admin.get('auth/me')).body.user as { id: string };
    await rename('base/branches', centro.branchId, SCRIPT);
    await rename('base/users', me.id, IMAGE);
    const cut = await liveTheDay();
    address = `${house.url}/api/v1/payments/daily-cuts/${cut.id}.html`;
    house.app.getHttpServer().on('request', (request: { url: string }) => seen.push(request.url));
    browser = await openBrowser();
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function rename(path: string, id: string, name: string): Promise<void> {
    const { version } = (await admin.get(`${path}/${id}`)).body as { version: number };
    expect((await admin.patch(`${path}/${id}`, { name }, version)).status).toBe(200);
  }

  /** Two pages of sessions, the first with the largest amounts that there are. */
  async function liveTheDay(): Promise<{ id: string }> {
    await admin.post('sales/services', { code: 'CARO', name: 'Caro', price: 100_000_000 });
    centro = await shop(admin);
    for (let count = 0; count < 40; count += 1) {
      const float = count === 0 ? 100_000_000 : 1_000 * count;
      const id = await openSession(admin, centro.registerIds[0] ?? '', float);
      const method = count % 2 === 0 ? 'cash' : 'transfer';
      await charge(await takeOrder(admin, centro, 1), method);
      if (count === 0) {
        await charge(await takeOrder(admin, centro, 10_000, 'CARO'), 'transfer');
        const amount = MILLION_MILLION - float - 2_490;
        const movement = { type: 'cash_in', amount, reason: 'de prueba' };
        await admin.pay(`payments/cash-sessions/${id}/movements`, movement);
      }
      const countedAmount = count === 0 ? MILLION_MILLION : float;
      const closed = await admin.post(`payments/cash-sessions/${id}/close`, { countedAmount });
      expect([closed.status, closed.text]).toEqual([200, closed.text]);
    }
    const day = { branchId: centro.branchId, date: kernel.businessDay(new Date()) };
    const { body } = await admin.post('payments/daily-cuts', day);
    const grouped = new Intl.NumberFormat('de-DE');
    const figures = JSON.stringify(body).matchAll(/"(?:\w*[aA]mount|total|difference)":(-?\d+)/g);
    amounts = [...figures].map(([, figure]) => {
      const amount = Number(figure);
      return `${amount < 0 ? '-' : ''}$${grouped.format(Math.abs(amount))}`;
    });
    expect(amounts.length).toBeGreaterThan(200);
    return body as { id: string };
  }

  async function charge(order: { id: string; total: number }, method: string): Promise<void> {
    const body = { orderId: order.id, method, amount: order.total };
    expect((await admin.pay('payments/payments', body)).status).toBe(201);
  }

  /** The page as an encargada sees it, signed in by cookie; and all that the browser had to say. */
  async function open(): Promise<{ page: Page; said: string[] }> {
    const context = await browser.newContext();
    const data = { login: 'encargada', password: DEMO_PASSWORD };
    const signedIn = await context.request.post(`${house.url}/api/v1/auth/login`, { data });
    expect(signedIn.status()).toBe(200);
    const page = await context.newPage();
    const said: string[] = [];
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', ({ message }) => said.push(message));
    page.on('dialog', (dialog) => {
      said.push(dialog.message());
      void dialog.dismiss();
    });
    page.on('request', (request) => said.push(`GET ${request.url()}`));
    seen.length = 0;
    const answer = await page.goto(address, { waitUntil: 'networkidle' });
    expect(answer?.status()).toBe(200);
    return { page, said };
  }

  /** How much wider than its window or paper the page is, in CSS pixels. */
  async function overflowOf(page: Page): Promise<number> {
    return page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
  }

  function wordsOf(pdf: Buffer): { words: Word[]; pages: number; width: number } {
    const file = join(folder, 'cut.pdf');
    writeFileSync(file, pdf);
    const { status, stdout, error } = spawnSync('pdftotext', ['-bbox', file, '-'], {
      encoding: 'utf8',
      maxBuffer: 50_000_000,
    });
    expect([status, error]).toEqual([0, undefined]);
    const pages = stdout.split('<page ').slice(1);
    const number = '([\\d.]+)';
    const word = new RegExp(
      `<word xMin="${number}" yMin="${number}" xMax="${number}" yMax="${number}">([^<]*)</word>`,
      'g',
    );
    const words = pages.flatMap((text, page) =>
      [...text.matchAll(word)].map(([, xMin, yMin, xMax, yMax, said = '']) => ({
        ...{ page, text: plain(said) },
        ...{ xMin: Number(xMin), xMax: Number(xMax), yMin: Number(yMin), yMax: Number(yMax) },
      })),
    );
    const width = Number(/width="([\d.]+)"/.exec(stdout)?.[1]);
    return { words, pages: pages.length, width };
  }

  function plain(text: string): string {
    const entities = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'", '&#39;': "'" };
    const known = Object.entries(entities).reduce(
      (all, [from, to]) => all.replaceAll(from, to),
      text,
    );
    return known.replaceAll('&amp;', '&');
  }

  it('is one request, and neither says nor loads nor runs anything', async () => {
    const { page, said } = await open();
    expect(said).toEqual([`GET ${address}`]);
    expect(seen).toEqual([new URL(address).pathname]);
    expect(await page.title()).toMatch(/^Corte diario CENTRO \d\d-\d\d-\d{4}, n\.º 1$/);
    expect(await page.evaluate('document.querySelectorAll("script, img, link, a").length')).toBe(0);
    expect(await page.locator('body').innerText()).toContain(SCRIPT);
    expect(await page.locator('body').innerText()).toContain(IMAGE);
    await page.context().close();
  });

  it('would not run or load what somebody got into it', async () => {
    const { page } = await open();
    seen.length = 0;
    await page.evaluate(`
      const add = (name, of) => document.body.append(Object.assign(document.createElement(name), of));
      add('script', { textContent: "document.title = 'malo'" });
      add('script', { src: '/health/live' });
      add('img', { src: '/malo' });
      add('iframe', { src: '/health/live' });
      add('style', { textContent: 'h1 { display: none }' });
      document.body.insertAdjacentHTML('beforeend', '<b onclick="document.title = 1">b</b>');
      document.querySelector('b').click();
    `);
    await page.waitForTimeout(500);
    expect(await page.title()).toMatch(/^Corte diario/);
    expect(await page.locator('h1').isVisible()).toBe(true);
    // Nothing but what it tells of itself.
    expect(seen.filter((url) => !url.startsWith('/csp/report'))).toEqual([]);
    expect(seen.length).toBeGreaterThan(3);
    await page.context().close();
  });

  it.each([1_280, 800, 320])(
    'fits a window of %i pixels, on the screen and printed',
    async (width) => {
      const { page } = await open();
      await page.setViewportSize({ width, height: 800 });
      for (const media of ['screen', 'print'] as const) {
        await page.emulateMedia({ media });
        expect([media, await overflowOf(page)]).toEqual([media, 0]);
      }
      const picture = await page.screenshot({ fullPage: true });
      expect(picture.subarray(1, 4).toString()).toBe('PNG');
      expect(picture.readUInt32BE(16)).toBe(width);
      await page.context().close();
    },
  );

  it.each([
    ['A4', { format: 'A4' }, 210, 10, 10],
    ['letter', { format: 'Letter' }, 215.9, 10, 10],
    ['a roll of 80 mm', { width: '80mm', height: '297mm' }, 80, 3, 9],
    ['a roll of 58 mm', { width: '58mm', height: '297mm' }, 58, 3, 8],
  ] as const)('prints on %s, whole and within its margins', async (_, paper, mm, margin, size) => {
    const { page } = await open();
    const { words, pages, width } = wordsOf(await page.pdf(paper));
    await page.context().close();
    expect(Math.abs(width - mm * POINTS_PER_MM)).toBeLessThan(2);
    expect(pages).toBeGreaterThan(1);
    const edge = margin * POINTS_PER_MM - 0.5;
    const outside = words.filter(({ xMin, xMax }) => xMin < edge || xMax > width - edge);
    expect(outside).toEqual([]);
    // A browser shrinks a page that is too wide: the letters are as large as the style says.
    const [letters] = words.filter(({ text }) => text === 'Sucursal');
    const height = (letters?.yMax ?? 0) - (letters?.yMin ?? 0);
    expect(height / size).toBeGreaterThan(1.1);
    expect(height / size).toBeLessThan(1.25);
    // A column of numbers is never broken; a name may be, wherever it must.
    const printed = new Map<string, number>();
    for (const { text } of words) printed.set(text, (printed.get(text) ?? 0) + 1);
    const wanted = new Map<string, number>();
    for (const amount of amounts) wanted.set(amount, (wanted.get(amount) ?? 0) + 1);
    for (const [amount, times] of wanted) {
      expect([amount, (printed.get(amount) ?? 0) >= times]).toEqual([amount, true]);
    }
    const text = words.map((word) => word.text).join('');
    for (const name of [SCRIPT, IMAGE]) expect(text).toContain(name.replaceAll(/\s/g, ''));
  });
});
