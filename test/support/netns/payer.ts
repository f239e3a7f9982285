import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A till that never tires, as a program of its own on the client's host: it charges orders by HTTP
 * and notes what was acknowledged, one JSON line each. What is not answered with 201 is asked again
 * with the same key, until it is. SIGUSR2: no new charges, and `paused` once every one is acknowledged;
 * again: goes on.
 *
 * `PAYER` is JSON: `url`, `password`, `ledger` (a file), `lanes`.
 */
const { url, password, ledger, lanes } = JSON.parse(process.env['PAYER'] ?? '{}') as {
  url: string;
  password: string;
  ledger: string;
  lanes: number;
};
const PATIENCE_MS = 4_000;
const REST_MS = 50;
const agent = new Agent({ keepAlive: true, maxSockets: lanes + 1 });
let token = '';
const till = { paused: false };
let idle = 0;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function main(): Promise<void> {
  process.on('SIGUSR2', () => (till.paused = !till.paused));
  token = String(
    (await send('POST', 'auth/login', { login: 'vendedora', password })).body['token'],
  );
  const branch = await first('base/branches?code=CENTRO');
  const register = await first(`base/registers?branchId=${branch}`);
  const service = await first('sales/services?code=TERNO');
  await must('payments/cash-sessions', { registerId: register, openingAmount: 0 });
  const orders: string[] = [];
  for (let n = 0; n < 10; n += 1) {
    const lines = [{ serviceId: service, quantity: 1_000 }];
    orders.push(String((await must('sales/orders', { branchId: branch, lines })).body['id']));
  }
  process.stdout.write('ready\n');
  await Promise.all(Array.from({ length: lanes }, (_, lane) => charge(orders, lane)));
}

async function charge(orders: readonly string[], lane: number): Promise<void> {
  for (let n = lane; ; n += 1) {
    if (till.paused) await rest();
    const key = randomUUID();
    const body = { orderId: orders[n % orders.length], method: 'cash', amount: 100 };
    for (;;) {
      const { status, body: said } = await send('POST', 'payments/payments', body, key);
      note({ key, status, id: status === 201 ? said['id'] : undefined, code: said['code'] });
      if (status === 201) break;
      // Nobody but a client that asks what it may not gets these; there is none here.
      if (status >= 400 && status < 500 && ![408, 409, 429].includes(status)) break;
      await sleep(200);
    }
    await sleep(REST_MS);
  }
}

/** Every charge that was begun is acknowledged once all lanes are here. */
async function rest(): Promise<void> {
  idle += 1;
  if (idle === lanes) process.stdout.write('paused\n');
  while (till.paused) await sleep(20);
  idle -= 1;
}

function note(line: object): void {
  appendFileSync(ledger, `${JSON.stringify({ at: Date.now(), ...line })}\n`);
}

async function first(path: string): Promise<string> {
  const { body } = await send('GET', path);
  return (body['items'] as { id: string }[])[0]?.id ?? '';
}

async function must(path: string, body: object): Promise<Answer> {
  const answer = await send('POST', path, body, randomUUID());
  if (answer.status !== 201)
    throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer;
}

/** One request, bounded in time. @returns status 0 when there was no whole answer */
async function send(method: string, path: string, body?: object, key?: string): Promise<Answer> {
  return new Promise((resolve) => {
    const text = body && JSON.stringify(body);
    const headers = {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(text ? { 'content-type': 'application/json' } : {}),
      ...(key ? { 'idempotency-key': key } : {}),
    };
    const asked = request(`${url}/api/v1/${path}`, { method, headers, agent }, (response) => {
      let got = '';
      response.on('data', (chunk: Buffer) => (got += chunk.toString()));
      response.once('end', () => {
        clearTimeout(deadline);
        resolve({ status: response.statusCode ?? 0, body: parse(got) });
      });
      response.once('error', () => fail('broken'));
    });
    const fail = (code: string): void => {
      clearTimeout(deadline);
      resolve({ status: 0, body: { code } });
      asked.destroy();
    };
    const deadline = setTimeout(() => fail('timeout'), PATIENCE_MS);
    asked.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'error'));
    asked.end(text);
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

await main();
process.exit(0);
