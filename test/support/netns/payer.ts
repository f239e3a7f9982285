import { randomUUID } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { appendFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A till that never tires, as a program of its own on the client's host: it charges orders by HTTP
 * and notes what was acknowledged, one JSON line each. What is not answered with 201 is asked again
 * with the same key, until it is. It finds the shop by its name, asks for that whenever its time to live
 * is over, and keeps no address for longer. SIGUSR2: no new charges, and `paused` once every one is
 * acknowledged; again: goes on.
 *
 * `PAYER` is JSON: `name`, `port`, `servers` (of names), `password`, `ledger` (a file), `lanes`.
 */
const { name, port, servers, password, ledger, lanes } = JSON.parse(
  process.env['PAYER'] ?? '{}',
) as {
  name: string;
  port: number;
  servers: string[];
  password: string;
  ledger: string;
  lanes: number;
};
const PATIENCE_MS = 4_000;
const REST_MS = 50;
const agent = new Agent({ keepAlive: true, maxSockets: lanes + 1 });
const resolver = new Resolver({ timeout: 700, tries: 2 });
resolver.setServers(servers);
let known: { address: Promise<string>; until: number } | null = null;
let token = '';
const till = { paused: false };
let idle = 0;

interface Answer {
  readonly status: number;
  /** The address that the name led to. */
  readonly via?: string;
  readonly body: Record<string, unknown>;
}

async function main(): Promise<void> {
  process.on('SIGUSR2', () => (till.paused = !till.paused));
  const signedIn = await must('POST', 'auth/login', { login: 'vendedora', password });
  token = String(signedIn.body['token']);
  const branch = await first('base/branches?code=CENTRO');
  const register = await first(`base/registers?branchId=${branch}`);
  const service = await first('sales/services?code=TERNO');
  await must('POST', 'payments/cash-sessions', { registerId: register, openingAmount: 0 });
  const orders: string[] = [];
  for (let n = 0; n < 10; n += 1) {
    const lines = [{ serviceId: service, quantity: 1_000 }];
    orders.push(
      String((await must('POST', 'sales/orders', { branchId: branch, lines })).body['id']),
    );
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
      const { status, via, body: said } = await send('POST', 'payments/payments', body, key);
      note({ key, status, via, id: status === 201 ? said['id'] : undefined, code: said['code'] });
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
  const { body } = await must('GET', path);
  return (body['items'] as { id: string }[])[0]?.id ?? '';
}

/** What is needed before the first charge; asked again for a while where there is no whole answer. */
async function must(method: string, path: string, body?: object): Promise<Answer> {
  const key = body && randomUUID();
  for (let tries = 1; ; tries += 1) {
    const answer = await send(method, path, body, key);
    if ([200, 201].includes(answer.status)) return answer;
    if (tries === 20 || (answer.status > 0 && answer.status < 500))
      throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    await sleep(500);
  }
}

/** Where the name leads, as long as its answer may be kept. @throws Error when no name server answers */
async function where(): Promise<string> {
  if (known && performance.now() < known.until) return known.address;
  const asked = resolver.resolve4(name, { ttl: true });
  const mine = { address: asked.then(([first]) => first?.address ?? ''), until: Infinity };
  known = mine;
  try {
    const [first] = await asked;
    mine.until = performance.now() + (first?.ttl ?? 0) * 1_000;
  } catch (error) {
    known = null;
    throw error;
  }
  return mine.address;
}

/** One request, bounded in time. @returns status 0 when there was no whole answer */
async function send(method: string, path: string, body?: object, key?: string): Promise<Answer> {
  let via: string;
  try {
    via = await where();
  } catch (error) {
    return { status: 0, body: { code: `name: ${(error as NodeJS.ErrnoException).code}` } };
  }
  return new Promise((resolve) => {
    const text = body && JSON.stringify(body);
    const headers = {
      host: `${name}:${port}`,
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(text ? { 'content-type': 'application/json' } : {}),
      ...(key ? { 'idempotency-key': key } : {}),
    };
    const target = { host: via, port, path: `/api/v1/${path}`, method, headers, agent };
    const asked = request(target, (response) => {
      let got = '';
      response.on('data', (chunk: Buffer) => (got += chunk.toString()));
      response.once('end', () => {
        clearTimeout(deadline);
        resolve({ status: response.statusCode ?? 0, via, body: parse(got) });
      });
      response.once('error', () => fail('broken'));
    });
    const fail = (code: string): void => {
      clearTimeout(deadline);
      resolve({ status: 0, via, body: { code } });
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
