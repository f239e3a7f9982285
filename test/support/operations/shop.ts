import { enrolApp } from '../authenticator-app.js';
import { chooseOwnPassword } from '../builders.js';
import { openSession, takeOrder } from '../builders.js';
import type { Shop } from '../builders.js';
import type { Client } from '../client.js';
import type { CleanRoot } from './clean-root.js';

/** A shop that works on a machine: who may sign in, and what was paid. */
export interface OpenedShop {
  readonly admin: Client;
  readonly shop: Shop;
  readonly session: string;
}

/** Founds a company by the operator's command; its administrator signs in, enrols an app and opens a drawer. */
export async function openShop(root: Pick<CleanRoot, 'read'>, url: string): Promise<OpenedShop> {
  const company = ['--rut', '76123456-0', '--name', 'Lavandería Ejemplo SpA', '--admin', 'ana'];
  await root.read('ofitec', ['base', 'create-company', ...company]);
  const said = await root.read('ofitec', ['auth', 'reset-password', '--login', 'ana', '--json']);
  const { password } = JSON.parse(said.slice(said.indexOf('{'))) as { password: string };
  const admin = await chooseOwnPassword(url, 'ana', password);
  await enrolApp(admin, new Date());
  const branchId = await created(admin, 'base/branches', { code: 'CENTRO', name: 'Centro' });
  const register = { branchId, code: 'CENTRO-1', name: 'Caja 1' };
  const registerId = await created(admin, 'base/registers', register);
  const service = { code: 'CAMISA', name: 'Camisa', price: 2_490 };
  const services = { CAMISA: await created(admin, 'sales/services', service) };
  const session = await openSession(admin, registerId);
  return { admin, session, shop: { branchId, registerIds: [registerId], services } };
}

/** Takes an order and its payment. @returns the payment's id */
export async function takePayment({ admin, shop }: OpenedShop): Promise<string> {
  const order = await takeOrder(admin, shop);
  const body = { orderId: order.id, method: 'cash', amount: order.total, tendered: 10_000 };
  const paid = await admin.pay('payments/payments', body);
  if (paid.status !== 201) throw new Error(`not paid: ${paid.status} ${paid.text}`);
  return (paid.body as { id: string }).id;
}

async function created(client: Client, path: string, body: object): Promise<string> {
  const answer = await client.post(path, body);
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return (answer.body as { id: string }).id;
}
