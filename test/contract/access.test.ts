import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  chooseOwnPassword,
  csp,
  fieldOfKind,
  foundSecondCompany,
  House,
  kernel,
  kindOfPath,
  liveADay,
  operationsOf,
  rcv,
  sampleOf,
  shippedAddons,
  shop,
} from '#test';
import type { Client, Operation } from '#test';

const MATRIX = 'runbooks/security/access.md';
const ROLES = ['admin', 'encargada', 'vendedora', 'contador'] as const;
type Role = (typeof ROLES)[number];

/** What a cell of the matrix may say. */
const CELLS = ['open', 'yes', 'all', 'own', '–'];
type Whose = 'own' | 'colleague' | 'foreign';
type Records = Readonly<Record<string, string>>;

/** Without a record behind the id: nothing known of it is an empty list (isolation.test.ts). */
const HISTORY = 'Event.history';

/** Ends the caller's session, and with it the test of everything after it. */
const ENDS_CALLER = ['Session.logout', 'Session.lock'];
/** The same when it is done to oneself. */
const ENDS_SELF = ['Credential.reset', 'Session.endAllOf'];

/**
 * Every route of the document × nobody and every role × one's own, a colleague's and another
 * company's record, as the table in the runbook says: the table is the contract, so that a route
 * cannot be opened, nor a rule lost, without a line of it changing.
 */
describe('access matrix', () => {
  let house: House;
  let operations: Operation[];
  let matrix: Map<string, { permission: string; cells: Record<Role, string> }>;
  const clients = new Map<Role, { client: Client; permissions: string[]; records: Records }>();
  let colleague: Records;
  let foreign: Records;

  beforeAll(async () => {
    house = await House.open();
    operations = operationsOf(house.openApi());
    matrix = readMatrix();
    const admin = await house.as('admin');
    const shared = await sharedRecords(admin);
    const places = [await shop(admin), await shop(admin, 'NORTE')];
    const registers = places.flatMap(({ registerIds }) => registerIds);
    const centro = places[0] ?? (await shop(admin));
    colleague = {
      ...shared,
      ...(await liveADay(await house.as('vendedora.norte'), centro, registers[0] ?? '')),
      user: await idOf(admin, 'base/users', { login: 'otra', name: 'Otra', roles: ['vendedora'] }),
    };
    for (const [index, role] of ROLES.entries()) {
      const client = await house.as(role);
      const me = await client.get('auth/me');
      const user = String(me.body.user.id);
      // Who opens no session of their own has none to reach.
      const canSell = (me.body.permissions as string[]).includes('payments.cash-session.open');
      const day = canSell ? await liveADay(client, centro, registers[index + 1] ?? '') : {};
      const records = { ...shared, user, ...day };
      clients.set(role, { client, permissions: me.body.permissions as string[], records });
    }
    foreign = await foreignRecords();
  }, 120_000);

  /** What belongs to the company as a whole. */
  async function sharedRecords(admin: Client): Promise<Records> {
    const first = async (path: string): Promise<string> =>
      String((await admin.get(path)).body.items[0].id);
    const branchId = await first('base/branches');
    const date = kernel.businessDay(new Date());
    const cut = await admin.post('payments/daily-cuts', { branchId, date, force: true });
    return {
      branch: branchId,
      register: await first('base/registers'),
      service: await first('sales/services'),
      event: await first('audit/events'),
      'daily-cut': String(cut.body.id),
      erasure: await erasureOf(admin),
      ...(await watchingRecords(admin)),
      ...(await reportedRecords(admin)),
      ...(await ledgerRecords(admin)),
      ...(await returnRecords(admin)),
    };
  }

  async function erasureOf(admin: Client): Promise<string> {
    const customerId = await idOf(admin, 'sales/customers', { name: 'Clienta que se va' });
    const asked = { customerId, requestNumber: 'S-1', reason: 'lo pide' };
    return idOf(admin, 'sales/erasures', asked);
  }

  async function returnRecords(admin: Client): Promise<Records> {
    const figure = { kind: 'ppm', period: '202501', value: 0.125, source: 'prueba' };
    const flow = { direction: 'in', day: '2026-01-05', amount: 1, label: 'prueba' };
    const connector = await idOf(admin, 'sii-connector/connectors', { name: 'M', kind: 'manual' });
    const f29 = await idOf(admin, 'sii-connector/f29', { period: '202601' });
    return {
      f29,
      figure: await idOf(admin, 'sii-connector/figures', figure),
      flow: await idOf(admin, 'treasury/flows', flow),
      connector,
      submission: await submissionOf(connector),
    };
  }

  /** What was given to a connector: only partners take anything, and there is none here. */
  async function submissionOf(connectorId: string): Promise<string> {
    const id = kernel.newId();
    await house.rows(
      'owner',
      `INSERT INTO sii_connector_submission (id, company_id, created_at, updated_at, version,
         connector_id, return_id, key, state, attempts)
       SELECT $1::uuid, r.company_id, now(), now(), 1, c.id, r.id, $1::uuid::text, 'rejected', 1
       FROM sii_connector_connector c JOIN sii_connector_return r USING (company_id)
       WHERE c.id = $2 LIMIT 1`,
      { values: [id, connectorId] },
    );
    return id;
  }

  async function ledgerRecords(admin: Client): Promise<Records> {
    // Another company has the same file.
    const path = '/api/v1/sii-connector/imports?kind=rcv-compra&period=202610&mine=true';
    const file = Buffer.from(rcv.rcvOf(rcv.PURCHASE_HEADER, [rcv.purchase(1)]));
    const made = await admin.raw('post', path, file, { 'content-type': 'text/csv' });
    const documents = await admin.get('sii-connector/documents');
    return {
      'tax-import': String(made.body.id),
      'tax-document': String(documents.body.items[0].id),
    };
  }

  async function reportedRecords(admin: Client): Promise<Records> {
    const slug = kernel.newId();
    const app = await idOf(admin, 'security-csp/apps', { slug, hosts: ['*'] });
    await csp.report(house.url, csp.legacyReport(), { path: `/csp/report/${slug}` });
    const [group] = await csp.groupsListed(admin, 1, `app=${slug}`);
    const written = { app: slug, policy: "default-src 'self'" };
    const policy = await idOf(admin, 'security-csp/policies', written);
    return { 'csp-app': app, 'csp-group': group?.id ?? '', 'csp-policy': policy };
  }

  async function watchingRecords(admin: Client): Promise<Records> {
    const name = kernel.newId();
    const to = { name, channel: 'webhook', address: 'https://alertas.example/ofitec' };
    return {
      alert: await idOf(admin, 'operational-alerts/alerts/test-fire', {
        severity: 'info',
      }),
      heartbeat: await idOf(admin, 'operational-alerts/heartbeats', { name, everySeconds: 600 }),
      source: await idOf(admin, 'operational-alerts/sources', {
        name,
        types: ['alert.test_fired'],
      }),
      subscription: await idOf(admin, 'operational-alerts/subscriptions', to),
    };
  }

  async function foreignRecords(): Promise<Records> {
    const { branchId, registerId } = await foundSecondCompany(house);
    const stranger = await house.as('admin.dos');
    const price = { code: 'CAMISA', name: 'Camisa', price: 2_490 };
    const service = await idOf(stranger, 'sales/services', price);
    const place = { branchId, registerIds: [registerId], services: { CAMISA: service } };
    const day = await liveADay(stranger, place, registerId);
    return {
      ...(await sharedRecords(stranger)),
      ...day,
      user: String((await stranger.get('auth/me')).body.user.id),
      session: await sessionOf('admin.dos'),
      'api-key': await apiKeyOf(stranger),
      terminal: await idOf(stranger, 'auth/terminals', { name: 'Tableta' }),
    };
  }

  /** A fresh API key, and a bot for it. */
  async function apiKeyOf(admin: Client): Promise<string> {
    const bot = { login: `bot-${kernel.newId()}`, name: 'Bot', roles: ['contador'], bot: true };
    const userId = await idOf(admin, 'base/users', bot);
    return idOf(admin, 'auth/api-keys', { userId, name: 'Prueba', scopes: ['sales.order.read'] });
  }

  async function idOf(client: Client, path: string, body: object): Promise<string> {
    const made = await client.post(path, body);
    expect([path, made.status]).toEqual([path, 201]);
    return String(made.body.id);
  }

  /** A fresh session of a user: a look at the matrix may end it. */
  async function sessionOf(login: string): Promise<string> {
    const client = await house.as(login);
    const { items } = (await client.get('auth/sessions')).body as {
      items: { id: string; current: boolean }[];
    };
    return items.find(({ current }) => current)?.id ?? '';
  }

  function kindOf({ path, operationId }: Pick<Operation, 'path' | 'operationId'>): string | null {
    if (operationId === HISTORY) return null;
    return kindOfPath(path);
  }

  function call(
    client: Client,
    { method, path, body }: Operation,
    id = '00000000-0000-7000-8000-000000000000',
    named: Records = {},
  ): Promise<{ status: number; text: string; body: { items?: { id: string }[] } }> {
    const url = path.replaceAll(/\{id\}/g, id).replaceAll(/\{\w+\}/g, 'none');
    const sample = body ? (sampleOf(house.openApi(), body, byField(named)) as object) : undefined;
    const headers = { 'if-match': '"1"', 'idempotency-key': kernel.newId() };
    return client.raw(method.toLowerCase() as 'get', url, sample, headers);
  }

  const cellOf = ({ method, path }: Operation, role: Role): string =>
    matrix.get(`${method} ${path}`)?.cells[role] ?? 'missing';

  it('has a line for every route, with its permission, and none for another', () => {
    const lines = operations.map(({ method, path, permission }) => ({
      line: `${method} ${path}`,
      permission: permission ?? 'none',
    }));
    const missing = lines.filter(({ line }) => !matrix.has(line));
    // Ready to be judged and taken over into the table.
    const proposals = missing.map(({ line, permission }) => {
      const has = ({ permissions }: { permissions: string[] }): boolean =>
        permission === '*' || permissions.includes(permission);
      const cells = [...clients.values()].map((each) => (has(each) ? 'yes' : '–'));
      return `| \`${line}\` | ${permission} | ${cells.join(' | ')} |`;
    });
    expect(proposals).toEqual([]);
    expect([...matrix.keys()].filter((key) => !lines.some(({ line }) => line === key))).toEqual([]);
    for (const { line, permission } of lines) {
      expect([line, matrix.get(line)?.permission]).toEqual([line, permission]);
    }
    for (const operation of operations.filter(({ path }) => path.includes('{id}'))) {
      const { operationId } = operation;
      const isKnown = operationId === HISTORY || kindOf(operation) !== null;
      expect([operationId, isKnown]).toEqual([operationId, true]);
    }
  });

  it('turns nobody away from open routes and everybody unknown from the others', async () => {
    const records = clients.get('admin')?.records ?? {};
    for (const operation of operations) {
      const { operationId, permission } = operation;
      for (const role of ROLES) {
        const isOpen = cellOf(operation, role) === 'open';
        expect([operationId, role, isOpen]).toEqual([operationId, role, permission === null]);
      }
      if (permission === null) continue;
      const { status } = await call(house.nobody, operation, records[kindOf(operation) ?? '']);
      expect([operationId, status]).toEqual([operationId, 401]);
    }
  });

  it.each(ROLES)('%s passes where the table says so, and nowhere else', async (role) => {
    const { client } = clientOf(role);
    for (const operation of operations) {
      const { operationId, permission } = operation;
      if (permission === null || ENDS_CALLER.includes(operationId)) continue;
      const { status, text, body } = await call(client, operation);
      const may = cellOf(operation, role) !== '–';
      expect([operationId, status === 403]).toEqual([operationId, !may]);
      expect([operationId, status]).not.toEqual([operationId, 401]);
      const strangers = Object.values(foreign).filter((id) => text.includes(id));
      expect([operationId, strangers]).toEqual([operationId, []]);
      if (may && body.items && operation.method === 'GET') await expectReach(operation, role);
    }
  });

  /** A list holds one's own records, and a colleague's only where the table says `all`. */
  async function expectReach(operation: Operation, role: Role): Promise<void> {
    const kind = kindOf(operation);
    if (kind === null || kind === 'event' || operation.path.includes('{')) return;
    const { client, records } = clientOf(role);
    const theirs = await targetOf(kind, role, 'colleague');
    const page = await client.raw('get', `${operation.path}?limit=200`);
    const ids = (page.body.items as { id: string }[]).map(({ id }) => id);
    const own = records[kind];
    if (own)
      expect([operation.operationId, ids]).toEqual([
        operation.operationId,
        expect.arrayContaining([own]),
      ]);
    const sees = ids.includes(theirs ?? '');
    const isShared = cellOf(operation, role) === 'all';
    expect([operation.operationId, role, sees]).toEqual([operation.operationId, role, isShared]);
  }

  it.each(ROLES)(
    '%s reaches the records that the table says, by their ids',
    async (role) => {
      let calls = 0;
      for (const operation of inOrder(operations)) {
        const kind = kindOf(operation);
        if (kind === null || !operation.path.includes('{id}')) continue;
        for (const whose of ['own', 'colleague', 'foreign'] as const) {
          if (whose === 'own' && ENDS_SELF.includes(operation.operationId)) continue;
          const id = await targetOf(kind, role, whose);
          if (id === undefined) continue;
          const { client, records } = clientOf(role);
          const { status } = await call(client, operation, id, records);
          const outcome = status === 403 ? 'refused' : status === 404 ? 'absent' : 'reached';
          const told = [operation.operationId, role, whose];
          expect([...told, outcome, status]).toEqual([
            ...told,
            expectedOf(cellOf(operation, role), whose),
            status,
          ]);
          expect(status).toBeLessThan(500);
          expect(status).not.toBe(401);
          calls += 1;
        }
      }
      expect(calls).toBeGreaterThan(75);
    },
    120_000,
  );

  it('takes no colleague’s or other company’s record in a body for one’s own', async () => {
    const { client, records } = clientOf('vendedora');
    let calls = 0;
    for (const operation of operations) {
      const { operationId, body } = operation;
      if (!body || cellOf(operation, 'vendedora') === '–') continue;
      for (const strange of [colleague, foreign]) {
        const named = { ...records, 'cash-session': strange['cash-session'] ?? '' };
        const sample = sampleOf(house.openApi(), body, byField(named));
        if (!JSON.stringify(sample).includes(named['cash-session'])) continue;
        const { status } = await call(client, operation, records[kindOf(operation) ?? ''], named);
        expect([operationId, status]).toEqual([operationId, 404]);
        calls += 1;
      }
    }
    expect(calls).toBeGreaterThan(0);
  });

  /** What ends a session comes last: a charge of an ended one is taken back by another permission. */
  function inOrder(all: readonly Operation[]): Operation[] {
    const rank = ({ method, path, operationId }: Operation): number =>
      (path.includes('cash-sessions') ? 2 : method === 'GET' ? 0 : 1) +
      (ENDS_SELF.includes(operationId) ? 3 : 0);
    return [...all].sort((a, b) => rank(a) - rank(b));
  }

  async function targetOf(kind: string, role: Role, whose: Whose): Promise<string | undefined> {
    if (whose === 'foreign') return foreign[kind];
    // What a look at the matrix ends is made anew for each.
    if (kind === 'session') return sessionOf(whose === 'own' ? role : 'vendedora.norte');
    const admin = clientOf('admin').client;
    if (kind === 'api-key') return apiKeyOf(admin);
    if (kind === 'terminal') return idOf(admin, 'auth/terminals', { name: 'Tableta' });
    return whose === 'own' ? clientOf(role).records[kind] : colleague[kind];
  }

  function expectedOf(cell: string, whose: Whose): 'refused' | 'absent' | 'reached' {
    if (cell === '–') return 'refused';
    if (whose === 'foreign') return 'absent';
    return whose === 'own' || cell === 'all' ? 'reached' : 'absent';
  }

  function clientOf(role: Role): { client: Client; permissions: string[]; records: Records } {
    const found = clients.get(role);
    if (!found) throw new Error(`no client for ${role}`);
    return found;
  }

  it('a user without a role reaches what any signed-in user may, and no record of cash', async () => {
    const admin = clientOf('admin').client;
    const user = await idOf(admin, 'base/users', { login: 'sin.rol', name: 'Sin rol', roles: [] });
    const reset = await admin.post(`auth/users/${user}/reset`);
    const initial = String(reset.body.initialPassword);
    const client = await chooseOwnPassword(house.url, 'sin.rol', initial);
    for (const operation of operations) {
      const { operationId, permission } = operation;
      if (permission === null || ENDS_CALLER.includes(operationId)) continue;
      const { status } = await call(client, operation);
      expect([operationId, status === 403]).toEqual([operationId, permission !== '*']);
    }
  });

  it('gives the admin every permission, the contador only reading and what a return is made of', () => {
    const declared = shippedAddons.flatMap((addon) => Object.keys(addon.permissions));
    expect(clientOf('admin').permissions).toEqual(declared.sort());
    const changing = clientOf('contador').permissions.filter(
      (p) => !/\.(read|export)$/.test(p) && !p.startsWith('sii-connector.'),
    );
    expect(changing).toEqual([]);
  });
});

/** Records by the names of the fields that refer to them: `cashSessionId`. */
function byField(records: Records): Records {
  return Object.fromEntries(Object.entries(records).map(([kind, id]) => [fieldOfKind(kind), id]));
}

/** The table of the runbook: `| METHOD /path | permission | admin | encargada | vendedora | contador |`. */
function readMatrix(): Map<string, { permission: string; cells: Record<Role, string> }> {
  const lines = readFileSync(MATRIX, 'utf8').matchAll(/^\| `([A-Z]+ \/\S*)` *\|(.+)\|$/gm);
  return new Map(
    [...lines].map(([, route = '', rest = '']) => {
      const [permission = '', ...cells] = rest.split('|').map((cell) => cell.trim());
      if (cells.length !== ROLES.length || !cells.every((cell) => CELLS.includes(cell))) {
        throw new Error(`${MATRIX}: ${route} says ${cells.join(' ')}`);
      }
      const byRole = ROLES.map((role, index) => [role, cells[index] ?? ''] as const);
      return [route, { permission, cells: Object.fromEntries(byRole) as Record<Role, string> }];
    }),
  );
}
