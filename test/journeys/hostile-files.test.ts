import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { dte, House, rcv, run, runCli } from '#test';
import type { Client } from '#test';

const { purchase, PURCHASE_HEADER, rcvOf, rutOf } = rcv;
type Answer = ReturnType<Client['raw']>;

const RCV = 'kind=rcv-compra&period=202610';

/** Files that are meant to do harm, or that came to it: a clear answer, and nothing is stored. */
describe('a hostile file', () => {
  let house: House;
  let contador: Client;

  beforeAll(async () => {
    house = await House.open();
    contador = await house.as('contador');
  });

  const send = (query: string, file: string | Buffer, type = 'application/octet-stream'): Answer =>
    contador.raw('post', `/api/v1/sii-connector/imports?${query}`, Buffer.from(file), {
      'content-type': type,
      'accept-language': 'en',
    });

  async function stored(): Promise<unknown> {
    const [row] = await house.rows(
      'owner',
      `SELECT (SELECT count(*) FROM sii_connector_document)::integer AS documents,
         (SELECT count(*) FROM sii_connector_fee)::integer AS fees,
         (SELECT count(*) FROM sii_connector_import)::integer AS imports,
         (SELECT count(*) FROM sii_connector_import_file)::integer AS files`,
    );
    const spooled = readdirSync(tmpdir()).filter((name) => name.startsWith('ofitec-import-'));
    return { ...row, spooled };
  }
  const NOTHING = { documents: 0, fees: 0, imports: 0, files: 0, spooled: [] };

  const invoice = dte.dteOf({ type: 33, folio: 1, from: rutOf(76_000_001), to: rutOf(77_000_001) });
  const xml = (head: string, body = invoice): string =>
    `<?xml version="1.0" encoding="ISO-8859-1"?>${head}<EnvioDTE><SetDTE>${body}</SetDTE></EnvioDTE>`;
  const laughs = Array.from(
    { length: 10 },
    (_, i) => `<!ENTITY lol${i + 1} "${`&lol${i};`.repeat(10)}">`,
  ).join('');
  const rows = [purchase(1), purchase(2), purchase(3)];
  const text = rcvOf(PURCHASE_HEADER, rows);

  const FILES: readonly (readonly [string, string, string | Buffer, string])[] = [
    [
      'billion laughs',
      'kind=dte',
      xml(`<!DOCTYPE x [<!ENTITY lol0 "lol">${laughs}]>`, '&lol10;'),
      'xml-doctype',
    ],
    [
      'an outside entity',
      'kind=dte',
      xml('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', '<a>&e;</a>'),
      'xml-doctype',
    ],
    [
      'an outside document type',
      'kind=dte',
      xml('<!doctype x SYSTEM "http://127.0.0.1:1/x.dtd">'),
      'xml-doctype',
    ],
    ['elements without end', 'kind=dte', '<a>'.repeat(100_000), 'xml-limit'],
    ['XML that breaks off', 'kind=dte', xml('').slice(0, -40), 'xml'],
    ['XML over the limit', 'kind=dte', Buffer.alloc(20_000_001, ' '), 'xml-limit'],
    ['XML in UTF-16', 'kind=dte', Buffer.from(`\ufeff${xml('')}`, 'utf16le'), 'nul'],
    [
      'XML in an encoding that is not its own',
      'kind=dte',
      Buffer.from(xml('').replace('ISO-8859-1', 'UTF-8').replace('Insumos', 'Ñandú'), 'latin1'),
      'encoding',
    ],
    [
      'XML in a rare encoding',
      'kind=dte',
      xml('').replace('ISO-8859-1', 'EBCDIC-CP-US'),
      'encoding',
    ],
    ['XML where a CSV is due', RCV, xml(''), 'not-rcv'],
    ['a CSV where XML is due', 'kind=dte', text, 'xml'],
    ['nothing', RCV, '', 'empty'],
    ['line ends alone', RCV, '\n\n\r\n', 'empty'],
    ['a page of HTML', RCV, '<html><body>Sesión expirada</body></html>', 'not-rcv'],
    ['NULs', RCV, text.replace('Insumos', 'Insu\0mos'), 'nul'],
    ['control characters', RCV, text.replace('Insumos', 'Insu\x07mos'), 'text'],
    ['random bytes', RCV, Buffer.from(randomBytes(50_000).map((byte) => byte || 1)), 'not-rcv'],
    ['one row without end', RCV, `${text}${'x'.repeat(1_000_000)}`, 'record-too-long'],
    ['quotes never closed', RCV, text.replaceAll('Insumos Uno', '"Insumos Uno'), 'quote-unclosed'],
    [
      'quotes never closed in a long file',
      RCV,
      text.replace('Insumos', '"Insumos') + text.slice(text.indexOf('\n') + 1).repeat(500),
      'quote-unclosed',
    ],
    ['a file that breaks off', RCV, text.slice(0, -60), 'truncated'],
    ['a column that is missing', RCV, text.replace('Monto Neto;', 'Otra cosa;'), 'column-missing'],
    ['a column that stands twice', RCV, text.replace('Razon Social', 'Folio'), 'column-repeated'],
    ['a RUT that is none', RCV, text.replace(rutOf(76_000_001), '76000001-0'), 'rut'],
    ['tags that never end', 'kind=dte', `<a>${'<b/'.repeat(2_000_000)}/></a>`, 'xml-limit'],
    [
      'columns named as words of JavaScript',
      RCV,
      text.replace('Razon Social', 'constructor').replace('Monto Neto;', '__proto__;'),
      'column-missing',
    ],
    [
      'fees with a bomb of fields',
      'kind=honorarios',
      ';'.repeat(30_000).concat('\n').repeat(40),
      'not-rcv',
    ],
  ];

  it.each(FILES)('of %s is refused', async (_name, query, file, code) => {
    const answer = await send(query, file);
    expect([answer.status, answer.body.code]).toEqual([422, 'sii-connector.file-refused']);
    const codes = (answer.body.errors as { code: string }[]).map((each) => each.code);
    expect(codes).toContain(code);
    expect(answer.body).toMatchObject({ id: null, imported: 0, documents: 0 });
    expect(answer.text.length).toBeLessThan(60_000);
    expect(answer.text).not.toMatch(/root:|node_modules|at \w+ \(/);
    expect(await stored()).toEqual(NOTHING);
  });

  it('that is no file is refused by its media type, and one that is not described, too', async () => {
    expect((await send(RCV, '{}', 'application/json')).status).toBe(415);
    const form = '--x\r\nContent-Disposition: form-data; name="f"\r\n\r\na\r\n--x--\r\n';
    expect((await send(RCV, form, 'multipart/form-data; boundary=x')).status).toBe(415);
    for (const query of [
      'kind=otro',
      '',
      `${RCV}&period=202613`,
      `${RCV}&section=X`,
      `${RCV}&x=1`,
    ]) {
      expect([query, (await send(query, text)).status]).toEqual([query, 400]);
    }
    const vendedora = await house.as('vendedora');
    const denied = await vendedora.raw(
      'post',
      `/api/v1/sii-connector/imports?${RCV}`,
      Buffer.from(text),
      {
        'content-type': 'text/csv',
      },
    );
    expect(denied.status).toBe(403);
    const elsewhere = await contador.raw('post', '/api/v1/sales/customers', Buffer.from(text), {
      'content-type': 'text/csv',
    });
    expect(elsewhere.status).toBe(415);
    expect(await stored()).toEqual(NOTHING);
  });

  /** Sends pieces until an answer comes. @returns the answer, and how much was sent by then */
  function pour(bytes: number): Promise<{ status: number; code: string; sent: number }> {
    return new Promise((resolve, reject) => {
      let sent = 0;
      let answered = false;
      const outgoing = request(`${house.url}/api/v1/sii-connector/imports?${RCV}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${contador.token}`, 'content-type': 'text/csv' },
      });
      outgoing.on('error', (error) => (answered ? undefined : reject(error)));
      outgoing.on('response', (answer) => {
        answered = true;
        let body = '';
        answer.on('data', (piece: Buffer) => (body += piece.toString()));
        answer.on('end', () => {
          const { code } = JSON.parse(body) as { code: string };
          resolve({ status: answer.statusCode ?? 0, code, sent });
          outgoing.destroy();
        });
      });
      const piece = Buffer.alloc(1_000_000, `${'x'.repeat(99)}\n`);
      const more = (): void => {
        if (answered || sent >= bytes) return void outgoing.end();
        sent += piece.length;
        if (outgoing.write(piece)) setImmediate(more);
        else outgoing.once('drain', more);
      };
      outgoing.write(PURCHASE_HEADER.join(';'));
      more();
    });
  }

  it('of a gigabyte is cut off at the limit, told so, and not kept', async () => {
    const admin = await house.as('admin');
    const limit = { value: 20 };
    expect((await admin.put('base/settings/SII_IMPORT_MAX_MEGABYTES', limit, 0)).status).toBe(200);
    const before = process.memoryUsage().rss;
    const { status, code, sent } = await pour(1_000_000_000);
    expect([status, code]).toEqual([413, 'sii-connector.file-too-large']);
    expect(sent).toBeLessThan(500_000_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
    expect(await stored()).toEqual(NOTHING);
    for (const value of [0, 901, 1.5, 'x']) {
      const refused = await admin.put('base/settings/SII_IMPORT_MAX_MEGABYTES', { value }, 1);
      expect(refused.status).toBe(422);
    }
  });

  it('whose sender goes away leaves nothing', async () => {
    await new Promise<void>((resolve) => {
      const outgoing = request(`${house.url}/api/v1/sii-connector/imports?${RCV}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${contador.token}`,
          'content-type': 'text/csv',
          'content-length': 10_000,
        },
      });
      outgoing.on('error', () => resolve());
      outgoing.write(text, () => setTimeout(() => outgoing.destroy(), 200));
      outgoing.on('close', () => resolve());
    });
    expect((await send(RCV, text.slice(0, -60))).status).toBe(422);
    expect(await stored()).toEqual(NOTHING);
  });

  it('whose transaction PostgreSQL ends leaves nothing, and the next is taken', async () => {
    const many = rcvOf(
      PURCHASE_HEADER,
      Array.from({ length: 40_000 }, (_, i) => purchase(i + 1)),
    );
    const state = { isOver: false };
    const sent = send(RCV, many).finally(() => (state.isOver = true));
    let killed = 0;
    while (!state.isOver && killed === 0) {
      const rows = await house.rows(
        'superuser',
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE 'COPY staged_document%'`,
      );
      killed = rows.length;
    }
    const answer = await sent;
    expect([killed, answer.status]).toEqual([1, 503]);
    expect(await stored()).toEqual(NOTHING);
    expect((await send(RCV, text)).body).toMatchObject({ imported: 3 });
    await house.rows(
      'owner',
      'TRUNCATE sii_connector_document, sii_connector_import_file, sii_connector_import',
    );
  });

  it('may come twice at once: each document is stored once', async () => {
    const file = rcvOf(
      PURCHASE_HEADER,
      Array.from({ length: 3_000 }, (_, i) => purchase(i + 1)),
    );
    const answers = await Promise.all([send(RCV, file), send(RCV, file), send(RCV, file)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const counts = answers.map(({ body }) => [body.imported, body.skipped] as [number, number]);
    expect(counts.sort((a, b) => b[0] - a[0])).toEqual([
      [3_000, 0],
      [0, 3_000],
      [0, 3_000],
    ]);
    expect(await stored()).toMatchObject({ documents: 3_000, imports: 3 });
  });

  it('leaves nothing half-written when the program is killed, and is told of by the command', async () => {
    const home = mkdtempSync(join(tmpdir(), 'ofitec-kill-'));
    const file = join(home, 'RCV_COMPRA_REGISTRO_202609.csv');
    const many = Array.from({ length: 60_000 }, (_, i) =>
      purchase(i + 10_000, { 'Fecha Docto': '05/09/2026' }),
    );
    writeFileSync(file, rcvOf(PURCHASE_HEADER, many));
    const env = { DATABASE_URL: house.urls.application, LOG_LEVEL: 'error', NODE_ENV: 'test' };
    const args = ['f29', 'import', '--file', file, '--kind', 'rcv-compra'];
    const before = await stored();
    const killed = run(process.execPath, [join('dist', 'src', 'cli.js'), ...args], { env });
    await killed.until(/ 50 % read/);
    await killed.end('SIGKILL');
    expect(await stored()).toEqual(before);
    const whole = await runCli([...args, '--json'], env);
    expect([whole.code, whole.output]).toEqual([0, expect.stringContaining('"imported": 60000')]);
    expect(whole.output).toContain('100 % read');
    expect(await stored()).toMatchObject({ documents: 63_000 });
    writeFileSync(file, text.replace('05/10/2026', '31/02/2026'));
    const refused = await runCli(args, env);
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('row 2, Fecha Docto');
    rmSync(home, { recursive: true });
  }, 120_000);
});
