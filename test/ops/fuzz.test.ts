import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  DEMO_PASSWORD,
  dropDatabase,
  fuzz,
  installSchemathesis,
  kernel,
  makeDatabase,
  openSession,
  operationsOf,
  READY,
  runServer,
  shop,
  signIn,
  takeOrder,
} from '#test';
import type { Client, Operation, Program, Shot } from '#test';

const SEED = Number(process.env['OFITEC_SEED'] ?? 4);
const DATABASE = 'test_fuzz';

/** What leaks the inside: a stack, a file of ours, SQL, PostgreSQL's own words. */
const INSIDE = /\n\s+at |node_modules|\.[jt]s:\d+|SELECT |INSERT INTO|relation "|violates /;

/** Reasons for a 400 that a schema cannot tell: the values have the form and not the meaning. */
const UNSAYABLE = [
  /no es un cursor de esta lista/,
  /no es un RUT con dígito verificador válido/,
  /debe ser un (día|instante) que exista/,
  // Counted after the blanks around it are taken away.
  /debe tener al menos \d+ caracteres/,
  // A field with a pattern of its own says nothing of control characters.
  /contiene caracteres que no se pueden guardar/,
];

/** Every endpoint of the document, by a machine that reads the document and wishes us ill. */
describe(`fuzz of the OpenAPI document (OFITEC_SEED=${SEED})`, () => {
  let program: string;
  let server: Program;
  let url: string;
  let operations: Operation[];
  /** Signed in beforehand: the fuzz of the sign-in makes everybody at this address wait. */
  const tokens = new Map<string, string | null>();

  beforeAll(async () => {
    program = await installSchemathesis();
    const urls = await makeDatabase(DATABASE, 'demo');
    server = runServer({ NODE_ENV: 'test', LOG_LEVEL: 'error', DATABASE_URL: urls.application });
    url = (await server.until(READY))[1]?.replace('localhost', '127.0.0.1') ?? '';
    const document = await (await fetch(`${url}/openapi.json`)).json();
    operations = operationsOf(document as Parameters<typeof operationsOf>[0]);
    for (const login of ['admin', 'encargada', 'vendedora']) {
      const client = await signIn(url, login, DEMO_PASSWORD);
      tokens.set(login, client.token);
      if (login === 'admin') await liveADay(client);
    }
  }, 300_000);

  afterAll(async () => {
    await server?.end('SIGTERM');
    await dropDatabase(DATABASE);
  });

  /** So that ids of every kind are there to be found. */
  async function liveADay(admin: Client): Promise<void> {
    const centro = await shop(admin);
    const cashSessionId = await openSession(admin, centro.registerIds[0] ?? '');
    const { id: orderId } = await takeOrder(admin, centro);
    await admin.pay('payments/payments', { orderId, method: 'cash', amount: 100 });
    await admin.post(`payments/cash-sessions/${cashSessionId}/end`, {});
    const date = kernel.businessDay(new Date());
    await admin.post('payments/daily-cuts', { branchId: centro.branchId, date, force: true });
    await openSession(admin, centro.registerIds[1] ?? '');
  }

  /** What changes the caller's own standing would end the run of everything else. */
  const isOwn = ({ method, path }: Operation): boolean =>
    path.startsWith('/api/v1/auth/') && method !== 'GET' && !/\/(login|check)$/.test(path);

  const all = (): Operation[] => operations.filter((each) => !isOwn(each));
  const own = (): Operation[] => operations.filter(isOwn);

  it.each([
    ['admin', all, 'examples,coverage,fuzzing,stateful', 10, 0.8],
    ['vendedora', all, 'fuzzing', 4, 0.2],
    [null, all, 'fuzzing', 2, 0.01],
    ['encargada', own, 'coverage,fuzzing', 10, 0],
  ] as const)(
    '%s: no fault, no 5xx, nothing undocumented, nothing of the inside',
    async (login, which, phases, examples, least) => {
      const token = login === null ? null : (tokens.get(login) ?? '');
      const wanted = which();
      const shots = await fuzz(program, {
        ...{ url, token, phases, examples, seed: SEED },
        operations: wanted.map(({ operationId }) => operationId),
      });
      expect(faultsOf(shots)).toEqual([]);
      const touched = new Set(shots.map(({ operation }) => operation));
      const missing = wanted.filter(({ method, path }) => !touched.has(`${method} ${path}`));
      expect(missing.map(({ operationId }) => operationId)).toEqual([]);
      const reached = new Set(
        shots.filter(({ status }) => status < 300).map(({ operation }) => operation),
      );
      expect(reached.size).toBeGreaterThanOrEqual(Math.floor(wanted.length * least));
      process.stderr.write(
        `  fuzz as ${login ?? 'nobody'}: ${shots.length} requests, ${reached.size} of ${wanted.length} operations answered 2xx\n`,
      );
    },
    600_000,
  );

  it('wrote no error to its log', () => {
    expect(server.output.match(/^.*"level":"error".*$/gm) ?? []).toEqual([]);
  });

  function faultsOf(shots: readonly Shot[]): string[] {
    const faults = shots.flatMap((shot) => {
      const failed = shot.faults.filter(({ code }) => !isExplained(shot, code));
      const told = failed.map(({ code, message }) => `${code} ${message}`);
      if (INSIDE.test(shot.answer)) told.push('tells of the inside');
      if (shot.status === 0 || shot.status >= 500) told.push('broke');
      const { operation, request, status, answer } = shot;
      return told.map(
        (fault) => `${operation}: ${fault}\n${request}\n${status} ${answer.slice(0, 500)}`,
      );
    });
    return faults.slice(0, 20);
  }

  /** What the document is right about, and the machine cannot know. */
  function isExplained({ operation, status, answer }: Shot, code: string): boolean {
    if (code === 'ST202') {
      const { errors = [] } = JSON.parse(answer) as { errors?: { message: string }[] };
      const isUnsayable = ({ message }: { message: string }): boolean =>
        UNSAYABLE.some((reason) => reason.test(message));
      return status === 400 && errors.length > 0 && errors.every(isUnsayable);
    }
    // GET …/daily-cuts/reading is an address of GET …/daily-cuts/{id}, and absent.
    const [, path = ''] = operation.split(' ');
    const fits = ({ path: other }: Operation): boolean =>
      other !== path && new RegExp(`^${other.replaceAll(/\{\w+\}/g, '[^/{}]+')}$`).test(path);
    return (code === 'ST204' || code === 'ST205') && operations.some(fits);
  }
});
