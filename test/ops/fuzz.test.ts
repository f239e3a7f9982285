import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  DEMO_PASSWORD,
  dropDatabase,
  fuzz,
  installSchemathesis,
  kernel,
  liveADay,
  makeDatabase,
  operationsOf,
  READY,
  runServer,
  shop,
  signIn,
} from '#test';
import type { Client, Operation, Program, Shot } from '#test';

const SEED = Number(process.env['OFITEC_SEED'] ?? 4);
const DATABASE = 'test_fuzz';

/** Past guard and input: what a route does is done, or refused by a rule of the domain. */
const isReached = (status: number): boolean => status < 300 || [409, 412, 422].includes(status);

/** What leaks the inside: a stack, a file of ours, SQL, PostgreSQL's own words. */
const INSIDE = /\n\s+at |node_modules|\.[jt]s:\d+|SELECT |INSERT INTO|relation "|violates /;

/** Reasons for a 400 that a schema cannot tell: the values have the form and not the meaning. */
const UNSAYABLE = [
  /no es un cursor de esta lista/,
  /no es un RUT con dígito verificador válido/,
  /debe ser un (día|instante) que exista/,
  // Free words, and codes of a form that grows.
  /no es un código del formulario/,
  /lleva palabras a /,
  // Counted after the blanks around it are taken away.
  /debe tener al menos \d+ caracteres/,
  // A field with a pattern of its own says nothing of control characters.
  /contiene caracteres que no se pueden guardar/,
];

/** What ends the caller's session, and with it the run of everything else. */
const LEAVING = [
  ...['Credential.reset', 'Session.end', 'Session.endAllOf', 'Session.endOthers'],
  ...['Session.lock', 'Session.logout'],
];

/** Every endpoint of the document, by a machine that reads the document and wishes us ill. */
describe(`fuzz of the OpenAPI document (OFITEC_SEED=${SEED})`, () => {
  let program: string;
  let server: Program;
  let url: string;
  let operations: Operation[];
  let records: Record<string, string>;
  /** Signed in beforehand: the fuzz of the sign-in makes everybody at this address wait. */
  const tokens = new Map<string, string | null>();

  beforeAll(async () => {
    program = await installSchemathesis();
    const urls = await makeDatabase(DATABASE, 'demo');
    server = runServer({
      ...{ NODE_ENV: 'test', LOG_LEVEL: 'error', DATABASE_URL: urls.application },
      SECRET_KEY: randomBytes(48).toString('base64url'),
      METRICS_TOKEN: randomBytes(48).toString('base64url'),
    });
    url = (await server.until(READY))[1]?.replace('localhost', '127.0.0.1') ?? '';
    const document = await (await fetch(`${url}/openapi.json`)).json();
    operations = operationsOf(document as Parameters<typeof operationsOf>[0]);
    for (const [session, login] of [
      ['admin', 'admin'],
      ['leaver', 'admin'],
      ['vendedora', 'vendedora'],
    ] as const) {
      tokens.set(session, (await signIn(url, login, DEMO_PASSWORD)).token);
    }
    records = await leaveRecords(await signIn(url, 'admin', DEMO_PASSWORD));
  }, 300_000);

  afterAll(async () => {
    await server?.end('SIGTERM');
    await dropDatabase(DATABASE);
  });

  /** One of every kind, so that not every id is one that nobody has. */
  async function leaveRecords(admin: Client): Promise<Record<string, string>> {
    const centro = await shop(admin);
    const earlier = await liveADay(admin, centro, centro.registerIds[0] ?? '');
    await admin.post(`payments/cash-sessions/${earlier['cash-session']}/end`, {});
    const date = kernel.businessDay(new Date());
    const day = { branchId: centro.branchId, date, force: true };
    const cut = await admin.post('payments/daily-cuts', day);
    const idOf = async (path: string): Promise<string> =>
      String((await admin.get(path)).body.items[0].id);
    return {
      ...(await liveADay(admin, centro, centro.registerIds[1] ?? '')),
      branch: centro.branchId,
      register: centro.registerIds[2] ?? '',
      service: centro.services['CAMISA'] ?? '',
      'daily-cut': String(cut.body.id),
      event: await idOf('audit/events'),
      user: await idOf('base/users?login=contador'),
    };
  }

  it.each([
    ['admin', 'admin', false, 'examples,coverage,fuzzing,stateful', 10, 0.8],
    ['vendedora', 'vendedora', false, 'fuzzing', 4, 0.2],
    ['nobody', null, false, 'fuzzing', 2, 0.01],
    // The first that succeeds ends the session, and the rest is refused.
    ['admin, who signs out', 'leaver', true, 'coverage,fuzzing', 5, 0.1],
  ] as const)(
    '%s: no fault, no 5xx, nothing undocumented, nothing of the inside',
    async (name, session, isLeaving, phases, examples, least) => {
      const token = session === null ? null : (tokens.get(session) ?? '');
      const wanted = operations.filter(
        ({ operationId }) => LEAVING.includes(operationId) === isLeaving,
      );
      const shots = await fuzz(program, {
        ...{ url, token, phases, examples, seed: SEED },
        operations: wanted,
        records,
      });
      expect(faultsOf(shots)).toEqual([]);
      const touched = new Set(shots.map(({ operation }) => operation));
      const missing = wanted.filter(({ method, path }) => !touched.has(`${method} ${path}`));
      expect(missing.map(({ operationId }) => operationId)).toEqual([]);
      const reached = new Set(
        shots.filter(({ status }) => isReached(status)).map(({ operation }) => operation),
      );
      expect(reached.size).toBeGreaterThanOrEqual(Math.floor(wanted.length * least));
      process.stderr.write(
        `  fuzz as ${name}: ${shots.length} requests, ${reached.size} of ${wanted.length} operations reached\n`,
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
