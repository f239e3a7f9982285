import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client as Connection } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { signIn } from '../support/client.js';
import { purchase, PURCHASE_HEADER, rcvOf, rutOf } from '../support/rcv.js';
import { inTurns, printMemory } from './figures.js';
import { PASSWORD } from './ground.js';
import type { Ground } from './ground.js';
import { forgetPeak, peakMb, rssMb, startProgram } from './load.js';
import type { Load } from './load.js';

const ROWS = Number(process.env['OFITEC_BENCH_RCV_ROWS'] ?? 200_000);
const TABLE = 'sii_connector_document';

/**
 * Rows a second of an RCV of purchases over HTTP, from the first byte to the answer, beside COPY of
 * the rows that it stores into a table with the same columns and no index.
 */
export async function benchRcv(ground: Ground): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ofitec-bench-rcv-'));
  const [file, copy] = [join(folder, 'rcv.csv'), join(folder, 'rows.copy')];
  await pipeline(Readable.from(linesOf(ROWS)), createWriteStream(file));
  const server = await startProgram('server', { DATABASE_URL: ground.applicationUrl });
  const owner = new Connection({ connectionString: ground.ownerUrl });
  await owner.connect();
  try {
    await owner.query(`CREATE TABLE bench_copy (LIKE ${TABLE})`);
    const { token } = await signIn(`http://127.0.0.1:${server.port}`, 'admin', PASSWORD);
    const truncate = `TRUNCATE ${TABLE}, sii_connector_import_file, sii_connector_import, bench_copy`;
    const rest = rssMb(server.pid);
    forgetPeak(server.pid);
    const ours = async (): Promise<Load> => {
      await owner.query(truncate);
      return timed(() => send(server.port, token ?? '', file));
    };
    await ours();
    await pipeline(owner.query(copyTo(`COPY ${TABLE} TO STDOUT`)), createWriteStream(copy));
    await inTurns('rcv', 1, () => peakMb(server.pid), {
      ours,
      reference: async () => {
        await owner.query(truncate);
        return timed(async () => {
          const rows = owner.query(copyFrom('COPY bench_copy FROM STDIN'));
          await pipeline(createReadStream(copy), rows);
          return rows.rowCount;
        });
      },
    });
    printMemory('rcv-memory', peakMb(server.pid), rest);
  } finally {
    await owner.query('DROP TABLE IF EXISTS bench_copy');
    await owner.end();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<number>): Promise<Load> {
  const started = performance.now();
  const rows = await work();
  const ms = performance.now() - started;
  if (rows !== ROWS) throw new Error(`${rows} rows of ${ROWS} were stored`);
  return { perSecond: (rows * 1000) / ms, p50Ms: ms, p99Ms: ms };
}

function* linesOf(count: number): Generator<string> {
  yield rcvOf(PURCHASE_HEADER, []);
  for (let from = 0; from < count; from += 1_000) {
    const rows = Array.from({ length: Math.min(1_000, count - from) }, (_, index) => {
      const folio = from + index + 1;
      const net = 1_000 + ((folio * 7_919) % 900_000);
      const rut = rutOf(76_000_000 + ((folio * 104_729) % 20_000));
      const day = String(1 + (folio % 30)).padStart(2, '0');
      return purchase(folio, {
        ...{ 'RUT Proveedor': rut, 'Monto Neto': net, 'Fecha Docto': `${day}/10/2026` },
        'Razon Social': `Proveedora de Insumos Número ${folio % 20_000} Limitada`,
      });
    });
    const text = rcvOf(PURCHASE_HEADER, rows);
    yield text.slice(text.indexOf('\n') + 1);
  }
}

/** @returns how many documents were imported */
function send(port: number, token: string, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const path = '/api/v1/sii-connector/imports?kind=rcv-compra&period=202610';
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/csv' };
    const outgoing = request({ port, path, method: 'POST', headers }, (answer) => {
      let body = '';
      answer.on('data', (piece: Buffer) => (body += piece.toString()));
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve((JSON.parse(body) as { imported: number }).imported);
        else reject(new Error(body));
      });
    });
    outgoing.on('error', reject);
    createReadStream(file).pipe(outgoing);
  });
}
