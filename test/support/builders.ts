import type { Type } from '@nestjs/common';
import { Database, newId, Records, runAsHouse, runInContext } from '#kernel';
import { IdentityService } from '#modules/auth';
import type { Proof } from '#modules/auth';
import { BranchService, CompanyService, RegisterService, UserService } from '#modules/base';
import { LedgerCheckService } from '../../modules/payments/cash-session/ledger-check.service.js';
import { CashSession } from '../../modules/payments/cash-session/cash-session.entity.js';
import { CutSumsService } from '../../modules/payments/daily-cut/cut-sums.service.js';
import { DailyCutService } from '../../modules/payments/daily-cut/daily-cut.service.js';
import type { Drift } from '../../modules/payments/cash-session/ledger-check.service.js';
import { ReportService } from '../../modules/payments/report/report.service.js';
import { SalesReportService } from '../../modules/sales/report/report.service.js';
import { OrderFiguresService } from '#modules/sales';
import { CredentialService } from '../../modules/auth/credential/credential.service.js';
import { signIn } from './client.js';
import type { Client } from './client.js';
import type { House } from './house.js';
import { DEMO_PASSWORD } from './server.js';

/** Ids of a branch of the demo company, by code. */
export interface Shop {
  readonly branchId: string;
  readonly registerIds: readonly string[];
  /** Service ids by code. */
  readonly services: Readonly<Record<string, string>>;
}

/** Looks a demo branch up. */
export async function shop(client: Client, code: 'CENTRO' | 'NORTE' = 'CENTRO'): Promise<Shop> {
  const branchId = (await items(client, `base/branches?code=${code}`))[0]?.id ?? '';
  const registers = await items(client, `base/registers?branchId=${branchId}`);
  const services = await items(client, 'sales/services');
  return {
    branchId,
    registerIds: registers.map(({ id }) => id),
    services: Object.fromEntries(services.map(({ id, code: name }) => [name, id])),
  };
}

/** Opens a cash session and returns its id. */
export async function openSession(
  client: Client,
  registerId: string,
  openingAmount = 20_000,
): Promise<string> {
  const answer = await client.post('payments/cash-sessions', { registerId, openingAmount });
  return idOf(answer);
}

/** Takes an order of one kind of service and returns its id and total in whole pesos. */
export async function takeOrder(
  client: Client,
  { branchId, services }: Shop,
  quantity = 3,
  code = 'CAMISA',
  customerId?: string,
): Promise<{ id: string; total: number }> {
  const lines = [{ serviceId: services[code], quantity }];
  const order = { branchId, lines, ...(customerId ? { customerId } : {}) };
  const answer = await client.post('sales/orders', order);
  return { id: idOf(answer), total: (answer.body as { total: number }).total };
}

/** Ids of what a person left behind on one day, by kind of record. */
export interface Day {
  readonly 'cash-session': string;
  readonly customer: string;
  readonly order: string;
  readonly payment: string;
  readonly entry: string;
  readonly 'prepaid-entry': string;
}

/** Lives a short day at a register: a session that stays open, and one of everything that moves its cash. */
export async function liveADay(client: Client, place: Shop, registerId: string): Promise<Day> {
  const session = await openSession(client, registerId);
  const { id: order } = await takeOrder(client, place);
  const charge = { orderId: order, method: 'cash', amount: 100 };
  const payment = idOf(await client.pay('payments/payments', charge));
  const movement = { type: 'cash_in', amount: 1_000, reason: 'más sencillo' };
  const moved = await client.pay(`payments/cash-sessions/${session}/movements`, movement);
  const customer = idOf(await client.post('sales/customers', { name: 'Clienta de prueba' }));
  const prepayment = { cashSessionId: session, method: 'cash', amount: 1_000 };
  const prepaid = await client.pay(`payments/customers/${customer}/prepay`, prepayment);
  const own = { 'cash-session': session, customer, order, payment };
  return { ...own, entry: idOf(moved), 'prepaid-entry': idOf(prepaid) };
}

/** A second company with one branch, one register and a user of each role, `<role>.dos`. */
export async function foundSecondCompany(
  house: House,
): Promise<{ companyId: string; branchId: string; registerId: string }> {
  const companyId = newId();
  const get = house.app.get.bind(house.app);
  return runAsHouse(companyId, 'test', async () => {
    await get(CompanyService, { strict: false }).found({
      rut: '96543210-8',
      name: 'Otra Lavandería SpA',
      address: null,
    });
    const branch = await get(BranchService, { strict: false }).create({ code: 'DOS', name: 'Dos' });
    const register = await get(RegisterService, { strict: false }).create({
      branchId: branch.id,
      code: 'DOS-1',
      name: 'Caja 1',
    });
    for (const role of ['admin', 'encargada', 'vendedora', 'contador']) {
      const user = await get(UserService, { strict: false }).create({
        login: `${role}.dos`,
        name: role,
        roles: [role],
      });
      await get(CredentialService, { strict: false }).setPassword(user.id, DEMO_PASSWORD, {
        totpExempt: true,
      });
    }
    return { companyId, branchId: branch.id, registerId: register.id };
  });
}

async function items(client: Client, path: string): Promise<{ id: string; code: string }[]> {
  const answer = await client.get(path);
  return (answer.body as { items: { id: string; code: string }[] }).items;
}

function idOf(answer: { status: number; text: string; body: unknown }): string {
  if (answer.status !== 201) throw new Error(`not created: ${answer.status} ${answer.text}`);
  return (answer.body as { id: string }).id;
}

/** The logins of the second persons whom the proofs prove, one after the other in one request. */
export async function provePersons(
  house: House,
  ...proofs: readonly Proof[]
): Promise<(string | null)[]> {
  const identities = house.app.get(IdentityService, { strict: false });
  const context = { requestId: 'test', ip: '127.0.0.1', language: 'es' as const, actor: null };
  return runInContext(context, async () => {
    const logins: (string | null)[] = [];
    for (const proof of proofs) logins.push((await identities.prove(proof))?.login ?? null);
    return logins;
  });
}

/** Sets a user's password, as an administrator's command does. */
export async function setPassword(
  house: House,
  companyId: string,
  userId: string,
  password: string,
): Promise<void> {
  const credentials = house.app.get(CredentialService, { strict: false });
  await runAsHouse(companyId, 'test', () => credentials.setPassword(userId, password));
}

/** What the nightly check of the demo company's ledger would find now. */
export async function ledgerCheckOf(house: House): Promise<Drift[]> {
  const [company] = await house.rows<{ id: string }>(
    'owner',
    'SELECT id FROM base_company ORDER BY id LIMIT 1',
  );
  const check = house.app.get(LedgerCheckService, { strict: false });
  return runAsHouse(company?.id ?? '', 'test', () => check.drifts());
}

/** What a cut over one session of the demo company would be a hash of, now. */
export async function cutHash(house: House, sessionId: string): Promise<string> {
  const [company] = await house.rows<{ id: string }>(
    'owner',
    'SELECT id FROM base_company ORDER BY id LIMIT 1',
  );
  const database = house.app.get(Database);
  const records = house.app.get(Records);
  const sums = house.app.get(CutSumsService, { strict: false });
  return runAsHouse(company?.id ?? '', 'test', () =>
    database.transaction(async () => {
      const sessions = await records.allBeyondRules(CashSession, { id: sessionId });
      return (await sums.sum(sessions)).rowsHash;
    }),
  );
}

/** The demo company's daily cuts that no longer come out. */
export async function differingCuts(house: House): Promise<string[]> {
  const [company] = await house.rows<{ id: string }>(
    'owner',
    'SELECT id FROM base_company ORDER BY id LIMIT 1',
  );
  const cuts = house.app.get(DailyCutService, { strict: false });
  const differing = await runAsHouse(company?.id ?? '', 'test', () => cuts.differing());
  return differing.map(({ id }) => id);
}

/** The reports on one branch's business day, as their services make them. */
export function reportsOf(
  house: House,
  branchId: string,
  date: string,
): Readonly<Record<string, () => Promise<unknown>>> {
  const get = <S>(service: Type<S>): S => house.app.get(service, { strict: false });
  const day = { from: date, to: date };
  return {
    'orders of the day, as a cut has them': () => get(OrderFiguresService).ofDay(branchId, date),
    'differences of the day': () => get(ReportService).differences(day),
    'unpaid orders by age': () => get(ReportService).ageing({}),
    'services sold on the day': () => get(SalesReportService).services({ ...day, limit: 100 }),
  };
}

/** Signs in with an initial password and chooses one, as everybody must who was given one. */
export async function chooseOwnPassword(
  url: string,
  login: string,
  initialPassword: string,
): Promise<Client> {
  const restricted = await signIn(url, login, initialPassword);
  const newPassword = 'Un-Zapato-Verde-88-Lluvia';
  const body = { currentPassword: initialPassword, newPassword };
  const answer = await restricted.post('auth/password', body);
  if (answer.status !== 200) throw new Error(`no password for ${login}: ${answer.text}`);
  return signIn(url, login, newPassword);
}
